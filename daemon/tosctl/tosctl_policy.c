/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_policy: rule packs written, checked and signed; see tosctl_policy.h.  Packs
 * are loaded by the very plugin of the daemon, which says what is wrong with them.
 */
#include "tosctl/tosctl_policy.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/option.h"
#include "base/text.h"
#include "engine/engine_json.h"
#include "evidence/note.h"
#include "tosctl/places.h"
#include "tosctl/policy_explain.h"
#include "tosctl/policy_sign.h"
#include "tosctl/print_json.h"
#include "tosctl/tosctl_scan.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

static const char usage[] =
    "usage: tosctl policy COMMAND ...\n"
    "Packs, as files; no daemon is needed:\n"
    "  tosctl policy new NAME [DIR]            write a pack to start from\n"
    "  tosctl policy test DIR                  load packs, run their tests\n"
    "  tosctl policy lint DIR                  test, and say what is not wise\n"
    "     [--day YYYY-MM-DD] [--strict]\n"
    "  tosctl policy explain DIR|PACK.conf TEXT [RULE]...\n"
    "                                          why rules find it, or do not; - reads "
    "it\n"
    "  tosctl policy diff A B                  what two packs or folders do "
    "differently\n"
    "     [--on FILE.ndjson | --store URL]\n"
    "  tosctl policy backtest DIR|PACK.conf    what they would have found in the past\n"
    "     [-c FILE] [--since TIME] [--samples FILE] [--as-written] ...\n"
    "  tosctl policy label-samples LABELS...   how many of its samples were right\n"
    "     --key FILE.key\n"
    "  tosctl policy keygen NAME FILE          make a key that signs\n"
    "  tosctl policy sign DIR [PACK]...        sign packs that pass their tests\n"
    "     --key FILE\n"
    "Rules of the running daemon; RULE is pack/rule; but for gate and relied a pack's "
    "name\n"
    "stands for all of its rules:\n"
    "  tosctl policy rules [RULE]              where each rule is, and who moved it\n"
    "  tosctl policy stats [RULE]              hits, costs, labels\n"
    "  tosctl policy gate RULE                 what it still lacks to count\n"
    "  tosctl policy label FINDING... VERDICT  say that findings are right or wrong\n"
    "  tosctl policy shadow RULE...            findings are kept and do not count\n"
    "  tosctl policy canary SHARE RULE...      so many % of them wait for a person\n"
    "  tosctl policy reviews [RULE]            those that wait\n"
    "  tosctl policy confirm FINDING           it is a violation\n"
    "  tosctl policy dismiss FINDING           it is none\n"
    "  tosctl policy enforce RULE...           findings count; two people\n"
    "  tosctl policy rollback RULE...          one step back\n"
    "  tosctl policy retire RULE...            the end of it\n"
    "  tosctl policy relied RULE               notices that rest on it\n"
    "What changes something needs --person NAME --reason TEXT.  The findings to label "
    "are\n"
    "those of `tosctl findings RULE --unlabelled'.  Each knows --help, and but for "
    "new,\n"
    "keygen and sign --json.\n"
    "tosd-policies(7) goes the whole way once, tosctl(1) has the rest.\n";

static int
fail(const struct err *e)
{
	complain("tosctl: %s", e->text);
	return EXIT_CANNOT;
}

/* --- lint and test */

/* "DIR/p.conf:12: rule `p/a': ..." has file, line and perhaps the rule; so much of it
 * as is there. */
static void
put_place(json_t *o, const char *text)
{
	const char *colon = strstr(text, ".conf:"), *rule;
	char *end;
	long line;

	if (colon == NULL)
		colon = strstr(text, ".inc:");
	if (colon == NULL)
		return;
	colon = strchr(colon, ':');
	line = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end != ':')
		return;
	json_object_set_new(o, "file", json_stringn(text, (size_t)(colon - text)));
	if (line > 0)
		json_object_set_new(o, "line", json_integer(line));
	rule = strncmp(end, ": rule `", 8) == 0 ? end + 8 : NULL;
	if (rule != NULL && strchr(rule, '\'') != NULL)
		json_object_set_new(o, "rule", json_stringn(rule, strcspn(rule, "'")));
}

void
policy_tell(bool json, const char *kind, const char *text)
{
	struct buf shown = {0};
	json_t *o;

	if (!json) {
		text_escape_buf(&shown, text, strlen(text));
		printf("%s\n", shown.data != NULL ? shown.data : "");
		buf_free(&shown);
		return;
	}
	o = json_pack("{so}", kind, json_repaired(text));
	put_place(o, text);
	print_json_take(o, 0);
}

/* Without "rules: " or "plugin `rules' did not open: " before it. */
static const char *
without_plugin(const char *text, const char *plugin)
{
	char *known[] = {
	    xasprintf("%s: ", plugin), xasprintf("plugin `%s' did not open: ", plugin)};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(text, known[i], strlen(known[i])) == 0)
			text += strlen(known[i]);
		free(known[i]);
	}
	return text;
}

void
policy_tell_problem(void *ctx, const char *text)
{
	struct policy_told *t = ctx;

	t->problems++;
	text = without_plugin(text, t->plugin);
	if (t->quiet)
		complain("tosctl: %s", text);
	else
		policy_tell(t->json, "problem", text);
}

static void
on_note(void *ctx, const char *text)
{
	struct policy_told *t = ctx;
	bool warning = strncmp(text, "warning: ", 9) == 0;

	t->warnings += warning;
	if (t->quiet)
		return;
	if (warning)
		policy_tell(t->json, "warning", t->json ? text + 9 : text);
	else
		policy_tell(
		    t->json, strncmp(text, "pack ", 5) == 0 ? "pack" : "summary", text);
}

/* lint, today: the day for either; NULL: not asked. */
static int
open_packs(const struct policy_args *o, const char *dir, const char *lint,
    const char *today, struct policy_told *t, struct policy_host **host)
{
	struct scan_packs p = {.folder = dir,
	    .plugin = o->plugin,
	    .lint = lint,
	    .today = today,
	    .probe = true,
	    .idle = true,
	    .report = policy_tell_problem,
	    .note = on_note,
	    .ctx = t};

	return scan_open(&p, host);
}

bool
policy_args_plugin(const struct policy_args *o)
{
	if (access(o->plugin, R_OK) == 0)
		return true;
	complain(
	    "tosctl: plugin %s: %s: nothing was looked at; --plugin FILE names another",
	    o->plugin, strerror(errno));
	return false;
}

static int
check_folder(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) != 0 ||
	    (S_ISDIR(st.st_mode) && access(dir, R_OK | X_OK) != 0)) {
		complain("tosctl: %s: %s", dir, strerror(errno));
		return EXIT_CANNOT;
	}
	if (S_ISDIR(st.st_mode))
		return EXIT_DONE;
	complain("tosctl: %s is a file: name the folder that it is in", dir);
	return EXIT_USAGE;
}

static int
check(const struct policy_args *o, const char *dir, bool lint)
{
	char today[CLOCK_TEXT];
	struct policy_host *host = NULL;
	struct policy_told t = {.plugin = "rules", .json = o->json};
	const char *day = o->day;
	int rc = check_folder(dir);

	if (rc != EXIT_DONE)
		return rc;
	if (!policy_args_plugin(o))
		return EXIT_CANNOT;
	if (day == NULL) {
		clock_format(clock_now(), today);
		today[10] = '\0'; /* the day of it */
		day = today;
	}
	rc = open_packs(o, dir, lint ? day : NULL, day, &t, &host);
	policy_host_free(&host);
	if (rc != 0 && t.problems == 0)
		return EXIT_CANNOT;
	return t.problems > 0 || (o->strict && t.warnings > 0) ? EXIT_NEGATIVE
							       : EXIT_DONE;
}

/* --- new */

static const char skeleton[] =
    "# %s: WRITE HERE in a line what this pack is about, and what it does not reach.\n"
    "#\n"
    "# The form of a pack is explained in tosctl(1), RULE PACKS.  After each change:\n"
    "#	tosctl policy lint .\n"
    "# This file loads as it is; replace every word of the example by your own, and "
    "keep\n"
    "# at least three texts that are fine, three that are not, and a pair of twins.\n"
    "\n"
    "pack = {\n"
    "	name = \"%s\";\n"
    "	version = 1;			# raise it with each change\n"
    "	owner = \"WHO ANSWERS FOR IT\";\n"
    "	about = \"what it finds\";\n"
    "};\n"
    "\n"
    "# Contexts and lists that several packs share:\n"
    "# include = [ \"lib/english.inc\" ];\n"
    "\n"
    "# What rules point to: clauses of your acceptable-use policy.\n"
    "clauses = ( { id = \"1.1\"; text = \"Example clause\"; } );\n"
    "\n"
    "lists = {\n"
    "	act = [ \"smash\", \"wreck\", \"set fire to\" ];\n"
    "	thing = { kind = \"place\"; words = [ \"greenhouse\", \"boathouse\" ]; };\n"
    "};\n"
    "\n"
    "# Surroundings in which a rule does not apply (except), or alone does (require).\n"
    "contexts = {\n"
    "	quotation = { quotes = true; };\n"
    "	# In front of the match: \"never think that we will smash it\"\n"
    "	denied = { where = \"before\"; within = 4; phrases = [ \"never|not|don't\" ]; "
    "};\n"
    "	# and in it: \"we will never smash it\"\n"
    "	denied-within = { where = \"inside\"; phrases = [ \"never|not\" ]; };\n"
    "};\n"
    "\n"
    "rules = (\n"
    "	{\n"
    "		id = \"announced\";\n"
    "		rev = 1;		# raise it whenever the meaning changes\n"
    "		mode = \"draft\";		# draft, shadow, enforce, retired\n"
    "		category = \"example\";\n"
    "		clause = \"1.1\";\n"
    "		severity = \"low\";	# low, medium, high, critical\n"
    "		score = 0.8;		# how sure a match makes: 0 to 1\n"
    "		target = \"@thing\";\n"
    "		phrases = [ \"i|we will <2> @act <2> @target\",\n"
    "			\"i'll|we'll <2> @act <2> @target\" ];\n"
    "		except = [ \"quotation\", \"denied\", \"denied-within\" ];\n"
    "		reason = \"announces damage to a {kind}: \\\"{match}\\\"\";\n"
    "	}\n"
    ");\n"
    "\n"
    "tests = {\n"
    "	fail = [\n"
    "		\"We will smash the greenhouse\",\n"
    "		\"tonight i'll set fire to that old boathouse\",\n"
    "		\"I will really wreck your greenhouse!\"\n"
    "	];\n"
    "	ok = [\n"
    "		\"We will paint the greenhouse\",\n"
    "		\"Never think we will smash the greenhouse\",\n"
    "		\"We will never smash the greenhouse\",\n"
    "		\"He said \\\"we will smash the greenhouse\\\" and was arrested\"\n"
    "	];\n"
    "	# The same sentence aimed at somebody else must give the same finding.\n"
    "	twins = ( [ \"we will smash the greenhouse\", \"we will smash the boathouse\" "
    "] );\n"
    "};\n";

static bool
good_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 40 && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Names that the plugin refuses: plugins/rules/pack.c. */
static bool
is_taken(const char *s)
{
	static const char *const taken[] = {"host", "list", "classifier", "moderation"};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(taken[i], s) == 0)
			return true;
	return false;
}

static int
new_pack(const char *name, const char *dir)
{
	struct err e = ERR_INIT;
	struct buf text = {0};
	char *path = xasprintf("%s/%s.conf", dir, name);
	struct stat st;
	int rc = EXIT_DONE;

	if (dir[0] == '\0') {
		complain("tosctl: `' is no folder; `.' is this one");
		rc = EXIT_USAGE;
	} else if (!good_name(name)) {
		complain("tosctl: a pack's name is 1 to 40 lower-case letters, "
			 "digits and '-', and begins with a letter");
		rc = EXIT_USAGE;
	} else if (is_taken(name)) {
		complain("tosctl: `%s' is no name for a pack: there are other rules of "
			 "that name",
		    name);
		rc = EXIT_USAGE;
	} else if (lstat(path, &st) == 0) {
		complain("tosctl: %s is there already", path);
		rc = EXIT_CANNOT;
	} else {
		buf_printf(&text, skeleton, name, name);
		if (file_write(path, text.data, text.len, 0644, FILE_NOSYNC, &e) != 0)
			rc = fail(&e);
		else
			printf("%s\n", path);
	}
	buf_free(&text);
	free(path);
	return rc;
}

/* --- sign */

/* Only packs that pass their tests are signed; and of a folder all, or none. */
static int
refuse_half(const struct policy_told *t, const char *dir, char **wanted)
{
	if (t->problems == 0 || *wanted != NULL)
		return EXIT_DONE;
	complain(
	    "tosctl: nothing is signed, as not all packs of %s pass: name those that "
	    "are to be signed",
	    dir);
	return EXIT_NEGATIVE;
}

static int
sign(const struct policy_args *o, const char *dir, char **wanted)
{
	struct policy_host *host = NULL;
	struct policy_told t = {.plugin = "rules", .quiet = true};
	struct note_key *k = NULL;
	struct msg m;
	int rc = policy_sign_key(o->key, &k);

	if (rc == EXIT_DONE)
		rc = check_folder(dir);
	if (rc == EXIT_DONE && !policy_args_plugin(o))
		rc = EXIT_CANNOT;
	if (rc == EXIT_DONE && open_packs(o, dir, NULL, NULL, &t, &host) != 0)
		rc = EXIT_NEGATIVE;
	if (rc == EXIT_DONE)
		rc = refuse_half(&t, dir, wanted);
	if (rc == EXIT_DONE) {
		msg_init(&m, MSG_RULES);
		policy_host_rules(host, &m.rules);
		rc = policy_sign_packs(k, &m.rules, dir, wanted);
		msg_clear(&m);
	}
	policy_host_free(&host);
	note_key_free(&k);
	return rc == EXIT_DONE && t.problems > 0 ? EXIT_NEGATIVE : rc;
}

/* --- the command */

/* The lines of the usage that are about the command; NULL: it is none. */
static const char *
lines_of(const char *what, size_t *n)
{
	char *begin = xasprintf("  tosctl policy %s ", what);
	const char *at = strstr(usage, begin), *end;

	free(begin);
	if (at == NULL)
		return NULL;
	end = strchr(at, '\n') + 1;
	while (strncmp(end, "     ", 5) == 0) /* its options */
		end = strchr(end, '\n') + 1;
	*n = (size_t)(end - at);
	return at;
}

static int
help(const char *what)
{
	const char *lines = NULL;
	size_t n;

	if (what != NULL)
		lines = lines_of(what, &n);
	if (lines != NULL)
		printf("usage:\n%.*s", (int)n, lines);
	else
		fputs(usage, stdout);
	return EXIT_DONE;
}

/* What was wrong, and no more. */
static int
usage_of(const char *what)
{
	const char *lines;
	size_t n;

	if ((lines = lines_of(what, &n)) != NULL) {
		complain("tosctl policy %s wants other words:", what);
		fprintf(stderr, "%.*s", (int)n, lines);
	} else
		complain(
		    "tosctl policy: there is no command `%s'; tosctl policy --help "
		    "lists them",
		    what);
	return EXIT_USAGE;
}

/* The plugins read days too, and name the setting that they come in. */
static bool
good_day(const char *day)
{
	char *begin = xasprintf("%sT00:00:00Z", day);
	bool good = clock_parse(begin) != CLOCK_NONE;

	free(begin);
	if (!good)
		complain("tosctl: --day is a day such as 2026-12-24, not `%s'", day);
	return good;
}

static const struct option args[] = {
    {"plugin", required_argument, NULL, 'P'},
    {"day", required_argument, NULL, 'd'},
    {"key", required_argument, NULL, 'k'},
    {"strict", no_argument, NULL, 's'},
    {"as-is", no_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int
policy_args_read(int argc, char **argv, struct policy_args *o)
{
	int c;

	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "h", args)) != -1) {
		if (strchr("Pdksaj", c) != NULL && strchr(o->given, c) == NULL)
			o->given[strlen(o->given)] = (char)c;
		if (c == 'P')
			o->plugin = optarg;
		else if (c == 'd')
			o->day = optarg;
		else if (c == 'k')
			o->key = optarg;
		else if (c == 's')
			o->strict = true;
		else if (c == 'a')
			o->as_is = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h')
			o->help = true;
		else
			return -1;
	}
	return o->day == NULL || good_day(o->day) ? 0 : -1;
}

bool
policy_args_fit(const struct policy_args *o, const char *command, const char *takes)
{
	const char *c = o->given + strspn(o->given, takes);

	for (size_t i = 0; *c != '\0' && args[i].name != NULL; i++)
		if (args[i].val == *c)
			complain("tosctl %s: there is no option --%s here", command,
			    args[i].name);
	return *c == '\0';
}

static bool
fits(const struct policy_args *o, const char *what)
{
	static const struct {
		const char *name, *command, *takes;
	} commands[] = {{"lint", "policy lint", "dsPj"}, {"test", "policy test", "Pj"},
	    {"explain", "policy explain", "Pj"}, {"new", "policy new", ""},
	    {"keygen", "policy keygen", ""}, {"sign", "policy sign", "kP"}};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, what) == 0)
			return policy_args_fit(
			    o, commands[i].command, commands[i].takes);
	return true;
}

int
tosctl_policy(int argc, char **argv)
{
	struct policy_args o = {.plugin = places_rules()};
	const char *what;
	char **arg;
	int n;

	if (policy_args_read(argc, argv, &o) != 0)
		return EXIT_USAGE; /* which has been said */
	if (!o.help && optind == argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (o.help)
		return help(optind < argc ? argv[optind] : NULL);
	what = argv[optind];
	arg = argv + optind + 1;
	n = argc - optind - 1;
	if (!fits(&o, what))
		return EXIT_USAGE;
	if (strcmp(what, "lint") == 0 && n == 1)
		return check(&o, arg[0], true);
	if (strcmp(what, "test") == 0 && n == 1)
		return check(&o, arg[0], false);
	if (strcmp(what, "explain") == 0 && n >= 2)
		return policy_explain(&o, arg[0], arg[1], arg + 2);
	if (strcmp(what, "new") == 0 && (n == 1 || n == 2))
		return new_pack(arg[0], n > 1 ? arg[1] : ".");
	if (strcmp(what, "keygen") == 0 && n == 2)
		return policy_keygen(arg[0], arg[1]);
	if (strcmp(what, "sign") == 0 && o.key != NULL && n > 0)
		return sign(&o, arg[0], arg + 1);
	if (strcmp(what, "sign") == 0 && o.key == NULL) {
		complain("tosctl policy sign: with which key?  --key FILE");
		return EXIT_USAGE;
	}
	return usage_of(what);
}
