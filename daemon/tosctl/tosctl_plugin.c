/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_plugin: words and options of `tosctl plugin'; see tosctl_plugin.h. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/option.h"
#include "base/text.h"
#include "conf/conf_value.h"
#include "policy/plugin.h"
#include "tosctl/plugin_run.h"
#include "tosctl/tosctl_plugin.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

static const char usage[] =
    "usage: tosctl plugin status [--json] [--socket PATH]\n"
    "       tosctl plugin new [--autotools|--python|--shell] NAME [DIR]\n"
    "       tosctl plugin check [OPTIONS] FILE.so\n"
    "       tosctl plugin try [OPTIONS] [--expect] FILE.so < ITEMS\n"
    "       tosctl plugin try [OPTIONS] [--expect] COMMAND [ARGUMENT]... < ITEMS\n"
    "       tosctl plugin conform [OPTIONS] [--case NAME]... COMMAND [ARGUMENT]...\n"
    "       tosctl plugin conform --list [--case NAME]...\n"
    "status: asks the daemon which plugins serve, and why others do not.\n"
    "new: writes a plugin to start from, in C or for tosd-exec(7), with tests.\n"
    "check: loads a shared object as the daemon does and says what it is.\n"
    "try: judges items (as for tosctl scan) by a shared object, or by a program that\n"
    "     speaks tosd-exec(7).  --expect: what an item lists as `expect' must be "
    "found.\n"
    "conform: holds such a program against that protocol.\n"
    "OPTIONS: --name NAME, --window N, --deadline TIME, --memory MIB, --grant A,B,\n"
    "         --set KEY=VALUE, --protect NAME, --no-sandbox, --json\n";

enum verb { TRY, CONFORM, CHECK, NEW };
static const char *const verbs[] = {
    [TRY] = "try", [CONFORM] = "conform", [CHECK] = "check", [NEW] = "new"};

enum {
	O_NAME = 256,
	O_WINDOW,
	O_DEADLINE,
	O_MEMORY,
	O_GRANT,
	O_SET,
	O_PROTECT,
	O_NOSANDBOX,
	O_JSON,
	O_CASE,
	O_LIST,
	O_EXPECT,
	O_KIND /* and the next ones: enum plugin_kind */
};

static const struct option table[] = {
    {"name", required_argument, NULL, O_NAME},
    {"window", required_argument, NULL, O_WINDOW},
    {"deadline", required_argument, NULL, O_DEADLINE},
    {"memory", required_argument, NULL, O_MEMORY},
    {"grant", required_argument, NULL, O_GRANT},
    {"set", required_argument, NULL, O_SET},
    {"protect", required_argument, NULL, O_PROTECT},
    {"no-sandbox", no_argument, NULL, O_NOSANDBOX},
    {"json", no_argument, NULL, O_JSON},
    {"case", required_argument, NULL, O_CASE},
    {"list", no_argument, NULL, O_LIST},
    {"expect", no_argument, NULL, O_EXPECT},
    {"autotools", no_argument, NULL, O_KIND + PLUGIN_AUTOTOOLS},
    {"python", no_argument, NULL, O_KIND + PLUGIN_PYTHON},
    {"shell", no_argument, NULL, O_KIND + PLUGIN_SHELL},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Which verbs heed an option; those that are not here: all but `new'. */
#define FOR(verb) (1u << (verb))
static const struct {
	int option;
	unsigned verbs;
} heeded[] = {
    {O_PROTECT, FOR(TRY) | FOR(CHECK)},
    {O_CASE, FOR(CONFORM)},
    {O_LIST, FOR(CONFORM)},
    {O_EXPECT, FOR(TRY)},
    {O_KIND + PLUGIN_AUTOTOOLS, FOR(NEW)},
    {O_KIND + PLUGIN_PYTHON, FOR(NEW)},
    {O_KIND + PLUGIN_SHELL, FOR(NEW)},
    {'h', FOR(TRY) | FOR(CONFORM) | FOR(CHECK) | FOR(NEW)},
};

/* --- options */

static bool
count_of(const char *s, unsigned long lo, unsigned long hi, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(s, &end, 10);
	return errno == 0 && *s >= '0' && *s <= '9' && *end == '\0' && *out >= lo &&
	       *out <= hi;
}

/* One line: the value of an option, and what it may be. */
static bool
refuse(const char *option, const char *value, const char *must)
{
	complain("tosctl: %s: \"%s\" must be %s", option, value, must);
	return false;
}

static bool
heeds(enum verb verb, int c)
{
	const char *name = NULL;
	unsigned by = FOR(TRY) | FOR(CONFORM) | FOR(CHECK);

	for (size_t i = 0; i < sizeof(heeded) / sizeof(heeded[0]); i++)
		if (heeded[i].option == c)
			by = heeded[i].verbs;
	for (const struct option *o = table; o->name != NULL && name == NULL; o++)
		name = o->val == c ? o->name : NULL;
	if (by & FOR(verb))
		return true;
	complain("tosctl: --%s is not for `plugin %s'", name, verbs[verb]);
	return false;
}

static bool
set_name(struct plugin_run *r, const char *name)
{
	const char *bad = conf_value_plugin(name);

	/* Its words begin with "must be". */
	if (bad != NULL)
		return refuse("--name", name, bad + strlen("must be "));
	r->conf.name = name;
	return true;
}

static bool
set_kind(struct plugin_options *o, enum plugin_kind kind)
{
	if (o->kind != PLUGIN_C && o->kind != kind) {
		fputs("tosctl: --autotools, --python and --shell exclude each other\n",
		    stderr);
		return false;
	}
	o->kind = kind;
	return true;
}

static bool
set_grant(struct plugin_run *r, char *words)
{
	char names[96], must[160], *save = NULL;

	r->conf.grant = 0;
	for (char *w = strtok_r(words, ", ", &save); w != NULL;
	     w = strtok_r(NULL, ", ", &save)) {
		uint32_t bit = policy_need_parse(w);

		if (bit == 0) {
			snprintf(must, sizeof(must), "among %s",
			    policy_need_names(policy_need_all(), names));
			return refuse("--grant", w, must);
		}
		r->conf.grant |= bit;
	}
	return true;
}

static bool
set_setting(struct plugin_run *r, char *pair)
{
	char *eq = strchr(pair, '=');

	if (eq == NULL || eq == pair)
		return refuse("--set", pair, "KEY=VALUE");
	if (!text_valid(pair, strlen(pair)))
		return refuse("--set", pair, "UTF-8");
	if (r->conf.nsettings == sizeof(r->settings) / sizeof(r->settings[0]))
		return refuse("--set", pair, "one of 32 at most");
	*eq = '\0';
	for (size_t i = 0; i < r->conf.nsettings; i++)
		if (strcmp(r->settings[i].key, pair) == 0)
			return refuse("--set", pair, "given once");
	r->settings[r->conf.nsettings++] = (struct conf_setting){pair, eq + 1};
	return true;
}

static bool
set_limit(struct plugin_run *r, struct plugin_options *o, int c, const char *value)
{
	unsigned long n;

	if (c == O_WINDOW) {
		if (!count_of(value, 1, 1024, &n))
			return refuse("--window", value, "from 1 to 1024");
		r->conf.window = (unsigned)n;
	} else if (c == O_DEADLINE) {
		o->deadline = conf_duration(value);
		if (o->deadline <= 0 || o->deadline > CLOCK_MIN)
			return refuse("--deadline", value,
			    "a time of up to 1m, such as 500ms or 5s");
		r->conf.deadline = o->deadline;
	} else {
		if (!count_of(value, 16, 65536, &n))
			return refuse("--memory", value, "MiB, from 16 to 65536");
		o->memory = r->conf.memory = n << 20;
	}
	return true;
}

static bool
take_option(struct plugin_run *r, struct plugin_options *o, int c)
{
	switch (c) {
	case O_NAME:
		return set_name(r, optarg);
	case O_WINDOW:
	case O_DEADLINE:
	case O_MEMORY:
		return set_limit(r, o, c, optarg);
	case O_GRANT:
		o->granted = true;
		return set_grant(r, optarg);
	case O_SET:
		return set_setting(r, optarg);
	case O_PROTECT:
		o->protect =
		    xrealloc(o->protect, (o->nprotect + 1) * sizeof(*o->protect));
		o->protect[o->nprotect++] = optarg;
		return true;
	case O_CASE:
		o->only = xrealloc(o->only, (o->nonly + 1) * sizeof(*o->only));
		o->only[o->nonly++] = optarg;
		return true;
	case O_KIND + PLUGIN_AUTOTOOLS:
	case O_KIND + PLUGIN_PYTHON:
	case O_KIND + PLUGIN_SHELL:
		return set_kind(o, (enum plugin_kind)(c - O_KIND));
	default:
		o->json |= c == O_JSON;
		o->list |= c == O_LIST;
		o->expect |= c == O_EXPECT;
		o->open |= c == O_NOSANDBOX;
		o->help |= c == 'h';
		return true;
	}
}

static bool
parse_options(int argc, char **argv, enum verb verb, struct plugin_run *r,
    struct plugin_options *o)
{
	int c;

	optind = 0;
	/* "+": the options of the program are its own. */
	while ((c = option_next("tosctl", argc, argv,
		    verb == NEW || verb == CHECK ? "h" : "+h", table)) != -1)
		if (c == '?' || !heeds(verb, c) || !take_option(r, o, c))
			return false; /* which getopt_long() or we have told */
	return true;
}

/* --- what is asked for */

/* A shared object by its name; what else is a command. */
static bool
is_object(const char *word)
{
	size_t n = strlen(word);

	return n > 3 && strcmp(word + n - 3, ".so") == 0;
}

/* words: what the plugin is, after all options. */
static int
run_plugin(struct plugin_run *r, struct plugin_options *o, enum verb verb, char **words,
    size_t n)
{
	bool object = is_object(words[0]);
	struct err e = ERR_INIT;

	if (object && verb == TRY && n > 1) {
		complain(
		    "tosctl: %s is a shared object, which takes no arguments (%s); "
		    "--set KEY=VALUE is for its settings",
		    words[0], words[1]);
		return EXIT_USAGE;
	}
	if (object && verb != CONFORM) {
		plugin_run_object(r, words[0]);
		if (verb == CHECK && !o->granted)
			r->conf.grant = policy_need_all();
		return verb == CHECK ? plugin_check(r, o) : plugin_try(r, o);
	}
	if (object) {
		complain(
		    "tosctl: %s is a shared object; `plugin conform' is for programs, "
		    "and `plugin check' for objects",
		    words[0]);
		return EXIT_USAGE;
	}
	if (verb == CHECK) {
		complain("tosctl: %s is no shared object (.so); a program is "
			 "held against its protocol by `plugin conform'",
		    words[0]);
		return EXIT_USAGE;
	}
	if (plugin_run_command(r, words, n, &e) != 0) {
		complain("tosctl: %s", e.text);
		return EXIT_CANNOT;
	}
	if (o->open)
		r->spawn.sandbox = SANDBOX_OFF;
	if (verb == TRY)
		return plugin_try(r, o);
	return plugin_conform(r, o);
}

static bool
good_count(enum verb verb, char **words, int n)
{
	static const char *const what[] = {[TRY] = "a shared object or a program",
	    [CONFORM] = "a program",
	    [CHECK] = "a shared object",
	    [NEW] = "a name"};
	int most = verb == CHECK ? 1 : verb == NEW ? 2 : INT_MAX;

	if (n < 1)
		complain("tosctl: `plugin %s' wants %s", verbs[verb], what[verb]);
	else if (n > most)
		complain("tosctl: `plugin %s' takes %s: what is \"%s\"?", verbs[verb],
		    verb == NEW ? "a name and a folder" : "one shared object",
		    words[most]);
	return n >= 1 && n <= most;
}

/* argv[0] is the verb. */
static int
run_verb(enum verb verb, int argc, char **argv)
{
	struct plugin_options o = {0};
	struct plugin_run run;
	int rc = EXIT_USAGE, n;
	bool good;

	plugin_run_init(&run);
	good = parse_options(argc, argv, verb, &run, &o);
	n = argc - optind;
	if (!good) {
		fputs("tosctl: `tosctl plugin --help' says more\n", stderr);
	} else if (o.help) {
		fputs(usage, stdout);
		rc = EXIT_DONE;
	} else if (verb == CONFORM && o.list) {
		rc = plugin_conform_list(&o);
	} else if (!good_count(verb, argv + optind, n)) {
		fputs("tosctl: `tosctl plugin --help' says more\n", stderr);
	} else if (verb == NEW) {
		rc = plugin_new(o.kind, argv[optind], n == 2 ? argv[optind + 1] : NULL);
	} else {
		rc = run_plugin(&run, &o, verb, argv + optind, (size_t)n);
	}
	plugin_run_clear(&run);
	free(o.protect);
	free(o.only);
	return rc;
}

static int
say_no_verb(const char *word)
{
	const size_t n = sizeof(verbs) / sizeof(verbs[0]);
	const char *near = option_meant(word, verbs, n);

	if (near != NULL)
		complain(
		    "tosctl: there is no `plugin %s'; did you mean `%s'?", word, near);
	else
		complain(
		    "tosctl: there is no `plugin %s'; `tosctl plugin --help' names "
		    "what there is",
		    word);
	return EXIT_USAGE;
}

int
tosctl_plugin(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i]) == 0)
			return run_verb((enum verb)i, argc - 1, argv + 1);
	if (argc > 1)
		return say_no_verb(argv[1]);
	fputs(usage, stderr);
	return EXIT_USAGE;
}
