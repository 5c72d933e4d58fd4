/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_ask: a request to the daemon, its answer as a table for people or as JSON
 * lines.  What tenants wrote reaches the terminal only escaped.
 */
#include "tosctl/tosctl_ask.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/finding.h"
#include "base/option.h"
#include "base/text.h"
#include "console/control.h"
#include "engine/engine_json.h"
#include "tosctl/print_rows.h"

#define DEFAULT_SOCKET "/run/tosd/control"
#define FINDINGS_MAX 200 /* shown at a time: ENGINE_FINDINGS_MAX */

enum { DONE = 0, NEGATIVE = 1, USAGE = 2, CANNOT = 3 };

/* What the words after a command mean. */
struct shape {
	const char *command;
	const char *request;  /* name on the wire */
	const char *words[2]; /* keys of the words, in order; NULL: none */
	unsigned need;	      /* words that must be there */
	const char
	    *columns[PRINT_COLUMNS_MAX]; /* of the table; none: key and value lines */
	const char *key, *value;	 /* said with every request of this shape */
	/* Which word is a list, and may come again. */
	enum { MANY_NONE, MANY_LAST, MANY_FIRST } many;
	const char *help; /* what stands behind the words, in the line of help */
	/* Options beside those of all, by their letters: one that would be ignored
	 * would be believed. */
	const char *takes;
	bool answers; /* 1 is an answer of it: what the daemon refuses is 3 */
};

#define SIGNED " --person PERSON --reason TEXT"
#define SIGN "pr"
#define UPWARDS SIGNED " [--rev N] [--note TEXT]\n       [--emergency --until TIME]"
#define UP SIGN "Rneu"
#define OF_REV " [--rev N]"

#define MOVED                                                             \
	{                                                                 \
		"rule", "rev", "verdict", "mode", "share", "until", "why" \
	}
#define FOUND                                                                       \
	{                                                                           \
		"id", "rule", "rev", "mode", "severity", "score", "fused", "label", \
		    "quote"                                                         \
	}

static const struct shape shapes[] = {
    {"status", "status", {NULL}, 0, {NULL}},
    {"tenants", "tenants", {"tenant"}, 0,
	{"id", "feeds", "readable", "items", "violations", "degraded", "case", "stage",
	    "phase", "deadline"}},
    {"feeds", "feeds", {"tenant"}, 0,
	{"tenant", "state", "since", "status", "polls", "readable", "gaps_lost",
	    "cloaked", "last_ok", "next_poll", "push", "unobservable", "url", "why"}},
    {"sightings", "sightings", {"tenant"}, 0,
	{"item", "tenant", "state", "since", "gone", "revisions", "url", "how"}},
    {"violations", "violations", {"tenant"}, 0,
	{"id", "tenant", "case", "exhibit", "rule", "severity", "presence", "found",
	    "notice", "withdrawn", "quote"}},
    {"reviews", "reviews", {"tenant"}, 0,
	{"id", "of", "state", "item", "rule", "severity", "score", "found", "model",
	    "prompt", "quote", "reason"},
	.help = " [--all]", .takes = "a"},
    {"review", "review", {"finding", "what"}, 2, {NULL}, .help = SIGNED, .takes = SIGN},
    {"endpoints", "endpoints", {NULL}, 0,
	{"endpoint", "tenant", "requests", "of_requests", "bytes", "of_bytes", "tokens",
	    "of_tokens", "refused", "down"}},
    {"report", "report", {"item"}, 1, {NULL},
	.help = SIGNED " [--from WHO]\n       [--tenant TENANT]", .takes = SIGN "ft"},
    {"reports", "reports", {"tenant"}, 0,
	{"id", "tenant", "item", "state", "found", "made", "person", "from", "reason",
	    "why", "url"}},
    {"cases", "cases", {"tenant"}, 0,
	{"case", "tenant", "stage", "stage_name", "phase", "severity", "exhibits",
	    "withdrawn", "notices", "opened", "deadline", "closed"}},
    {"case", "case", {"case"}, 1, {NULL}},
    {"notices", "notices", {"tenant"}, 0,
	{"id", "tenant", "case", "n", "kind", "audience", "made", "delivered", "file"}},
    {"outbox", "outbox", {"tenant"}, 0,
	{"id", "notice", "tenant", "recipient", "state", "attempts", "code", "time",
	    "reply"}},
    {"settle", "settle", {"id", "what"}, 2, {NULL},
	.help = " --person PERSON [--reason TEXT]\n"
		"       WHAT is delivered, resend or failed",
	.takes = SIGN},
    {"decide", "decide", {"case", "verdict"}, 2, {NULL},
	.help = SIGNED " [--exhibit N]...\n       VERDICT is accept or reject",
	.takes = SIGN "x"},
    {"appeal", "appeal", {"case", "what"}, 2, {NULL},
	.help = SIGNED " [--exhibit N]...\n       WHAT is open, reject or uphold",
	.takes = SIGN "x"},
    {"reply", "reply", {"case"}, 1, {NULL}, .help = SIGNED, .takes = SIGN},
    {"hold", "hold", {"case", "what"}, 2, {NULL},
	.help = SIGNED "\n       WHAT is set or clear", .takes = SIGN},
    {"erase", "erase", {"file"}, 1, {NULL}, .help = SIGNED, .takes = SIGN},
    {"poll", "poll", {"tenant"}, 0, {NULL}},
    {"lists status", "lists", {"list"}, 0,
	{"name", "state", "what", "since", "good", "next", "failures", "url", "why"}},
    {"lists update", "list-update", {"list"}, 0, {NULL}},
    {"plugin status", "plugins", {NULL}, 0,
	{"name", "state", "since", "waiting", "deaths", "died", "over", "why"}},
    {"findings", "findings", {"rule"}, 0, FOUND,
	.help = " [--unlabelled] [--mode MODE] [--limit N]", .takes = "Uml"},
    {"policy rules", "rules", {"rule"}, 0,
	{"rule", "rev", "mode", "held", "loaded", "share", "since", "until", "by",
	    "hits", "right", "wrong", "wish", "wish_by", "wish_as"}},
    {"policy stats", "rule-stats", {"rule"}, 0,
	{"rule", "rev", "mode", "hits", "would", "counted", "tenants", "right", "wrong",
	    "precision", "tried", "mean_us", "tried_p99_us", "p99_us"},
	.help = OF_REV, .takes = "R"},
    {"policy gate", "rule-gate", {"rule"}, 1, {"rev", "gate", "holds", "why"},
	.help = OF_REV, .takes = "R", .answers = true},
    {"policy relied", "rule-relied", {"rule"}, 1,
	{"rev", "case", "notice", "tenant", "delivered", "exhibits", "wrong", "list"},
	.help = OF_REV, .takes = "R"},
    {"policy reviews", "findings", {"rule"}, 0, FOUND, "waiting", "true",
	.help = " [--unlabelled] [--limit N]", .takes = "Ul"},
    {"policy label", "label", {"findings", "verdict"}, 2,
	{"finding", "rule", "rev", "right", "mode", "rule_right", "rule_wrong"},
	.many = MANY_FIRST, .help = SIGNED "\n       VERDICT is right or wrong",
	.takes = SIGN},
    {"policy confirm", "review", {"finding"}, 1, {NULL}, "what", "confirm",
	.help = SIGNED, .takes = SIGN},
    {"policy dismiss", "review", {"finding"}, 1, {NULL}, "what", "dismiss",
	.help = SIGNED, .takes = SIGN},
    {"policy shadow", "rule-move", {"rules"}, 1, MOVED, "move", "shadow", MANY_LAST,
	SIGNED OF_REV, SIGN "R"},
    {"policy canary", "rule-move", {"share", "rules"}, 2, MOVED, "move", "canary",
	MANY_LAST, UPWARDS, UP},
    {"policy enforce", "rule-move", {"rules"}, 1, MOVED, "move", "enforce", MANY_LAST,
	UPWARDS, UP},
    {"policy retire", "rule-move", {"rules"}, 1, MOVED, "move", "retire", MANY_LAST,
	SIGNED OF_REV, SIGN "R"},
    {"policy rollback", "rule-move", {"rules"}, 1, MOVED, "move", "rollback", MANY_LAST,
	UPWARDS, UP},
};

struct options {
	bool json, help;
	const char *socket;
	json_t *said;	/* what goes into the request */
	char given[32]; /* the options that say it, by their letters */
};

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"socket", required_argument, NULL, 's'},
    {"person", required_argument, NULL, 'p'},
    {"reason", required_argument, NULL, 'r'},
    {"note", required_argument, NULL, 'n'},
    {"from", required_argument, NULL, 'f'},
    {"tenant", required_argument, NULL, 't'},
    {"until", required_argument, NULL, 'u'},
    {"mode", required_argument, NULL, 'm'},
    {"rev", required_argument, NULL, 'R'},
    {"limit", required_argument, NULL, 'l'},
    {"exhibit", required_argument, NULL, 'x'},
    {"emergency", no_argument, NULL, 'e'},
    {"unlabelled", no_argument, NULL, 'U'},
    {"help", no_argument, NULL, 'h'},
    {"all", no_argument, NULL, 'a'},
    {NULL, 0, NULL, 0},
};

/* How the options that are part of the request are said. */
static const struct {
	int c;
	const char *key;
	enum { SAY_TEXT, SAY_NUMBER, SAY_NUMBERS, SAY_YES, SAY_MODE } how;
	long long high; /* of a number: from 1 to this */
} sayings[] = {
    {'p', "person", SAY_TEXT},
    {'r', "reason", SAY_TEXT},
    {'n', "note", SAY_TEXT},
    {'f', "from", SAY_TEXT},
    {'t', "tenant", SAY_TEXT},
    {'u', "until", SAY_TEXT},
    {'m', "mode", SAY_MODE},
    {'R', "rev", SAY_NUMBER, UINT32_MAX},
    {'l', "limit", SAY_NUMBER, FINDINGS_MAX},
    {'x', "exhibits", SAY_NUMBERS, UINT32_MAX},
    {'e', "emergency", SAY_YES},
    {'U', "unlabelled", SAY_YES},
    {'a', "all", SAY_YES},
};

static void
append(json_t *o, const char *key, json_t *value)
{
	if (json_object_get(o, key) == NULL)
		json_object_set_new(o, key, json_array());
	json_array_append_new(json_object_get(o, key), value);
}

/* A whole number from 1 on, at most `high'; -1: it is none. */
static long long
number_of(const char *text, const char *end, long long high)
{
	char *stop;
	long long n = strtoll(text, &stop, 10);

	if (text[0] < '0' || text[0] > '9' || n < 1 || n > high ||
	    (*stop != '\0' && strcmp(stop, end) != 0))
		return -1;
	return n;
}

static const char *
name_of(int c)
{
	for (size_t i = 0; long_options[i].name != NULL; i++)
		if (long_options[i].val == c)
			return long_options[i].name;
	return "?";
}

static bool
say_number(json_t *said, const char *key, int c, bool many, long long high)
{
	long long n = number_of(optarg, "", high);

	if (n < 0) {
		complain("tosctl: --%s is a number from 1 to %lld, not `%s'",
		    name_of(c), high, optarg);
		return false;
	}
	if (many)
		append(said, key, json_integer((json_int_t)n));
	else
		json_object_set_new(said, key, json_integer((json_int_t)n));
	return true;
}

static bool
say_mode(json_t *said, const char *key)
{
	if (finding_mode_parse(optarg) < 0) {
		struct buf known = {0};

		for (int i = 0; i < FINDING_MODES; i++)
			buf_printf(&known, "%s%s", i > 0 ? ", " : "",
			    finding_mode_name((enum finding_mode)i));
		complain("tosctl: there is no mode `%s': %s", optarg, known.data);
		buf_free(&known);
		return false;
	}
	json_object_set_new(said, key, json_string(optarg));
	return true;
}

static bool
say(struct options *o, int c)
{
	size_t n = strlen(o->given);

	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		const char *key = sayings[i].key;

		if (sayings[i].c != c)
			continue;
		if (strchr(o->given, c) == NULL)
			o->given[n] = (char)c;
		switch (sayings[i].how) {
		case SAY_TEXT:
			json_object_set_new(o->said, key, json_repaired(optarg));
			return true;
		case SAY_NUMBER:
		case SAY_NUMBERS:
			return say_number(o->said, key, c,
			    sayings[i].how == SAY_NUMBERS, sayings[i].high);
		case SAY_MODE:
			return say_mode(o->said, key);
		case SAY_YES:
			json_object_set_new(o->said, key, json_true());
			return true;
		}
	}
	return false;
}

static bool
read_options(int argc, char **argv, struct options *o)
{
	int c;

	o->socket = getenv("TOSD_CONTROL");
	if (o->socket != NULL && *o->socket == '\0')
		o->socket = NULL;
	if (o->socket == NULL)
		o->socket = DEFAULT_SOCKET;
	o->said = json_object();
	while (
	    (c = option_next("tosctl", argc, argv, "hjs:p:r:", long_options)) != -1) {
		if (c == 'j')
			o->json = true;
		else if (c == 'h')
			o->help = true;
		else if (c == 's')
			o->socket = optarg;
		else if (!say(o, c))
			return false;
	}
	return true;
}

/* `cases NUMBER' shows one whole; `outbox ID WORD' settles a message, `reviews ID WORD'
 * what waits for a person. */
static const char *
command_of(const char *name, int nwords, char **words)
{
	if (strcmp(name, "cases") == 0 && nwords == 1 && words[0][0] >= '0' &&
	    words[0][0] <= '9' && strchr(words[0], '-') != NULL)
		return "case";
	if (strcmp(name, "outbox") == 0 && nwords == 2)
		return "settle";
	if (strcmp(name, "reviews") == 0 && nwords == 2)
		return "review";
	return name;
}

/* The highest of a word that is a number; 0: it is text. */
static long long
number_max(const char *key)
{
	if (strcmp(key, "share") == 0)
		return 99;
	return strcmp(key, "id") == 0 ? INT64_MAX : 0;
}

static json_t *
request_of(const struct shape *sh, const struct options *o, int nwords, char **words)
{
	json_t *r = json_pack("{s:s}", "cmd", sh->request);
	int last = sh->words[1] != NULL ? 1 : 0;

	for (int i = 0; i < nwords; i++) {
		int at = sh->many == MANY_FIRST ? i == nwords - 1 : i < last ? i : last;
		const char *key = sh->words[at];
		bool number = number_max(key) > 0;

		if (sh->many == (at == last ? MANY_LAST : MANY_FIRST))
			append(r, key, json_repaired(words[i]));
		else
			json_object_set_new(r, key,
			    number ? json_integer(atoll(words[i]))
				   : json_repaired(words[i]));
	}
	if (sh->key != NULL)
		json_object_set_new(r, sh->key,
		    strcmp(sh->value, "true") == 0 ? json_true()
						   : json_string(sh->value));
	json_object_update(r, o->said);
	return r;
}

/* --- answers --- */

static int
show(const struct shape *sh, const struct options *o, const json_t *reply)
{
	const json_t *rows = json_object_get(reply, "rows");
	const char *note = json_string_value(json_object_get(reply, "note"));

	if (!json_is_true(json_object_get(reply, "ok"))) {
		const char *what = json_string_value(json_object_get(reply, "error"));

		complain("tosctl: %s", what != NULL ? what : "no reason given");
		return sh->answers ? CANNOT : NEGATIVE;
	}
	if (o->json)
		print_rows_lines(rows);
	else if (sh->columns[0] != NULL)
		print_rows_table(rows, sh->columns);
	else
		print_rows_pairs(rows);
	if (note != NULL)
		complain("tosctl: %s", note);
	return json_is_true(json_object_get(reply, "negative")) ? NEGATIVE : DONE;
}

static const struct shape *
shape_of(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].command, name) == 0)
			return &shapes[i];
	return NULL;
}

static int
ask(const struct shape *sh, struct options *o, int nwords, char **words)
{
	struct err e = ERR_INIT;
	json_t *request = request_of(sh, o, nwords, words), *reply;
	int rc = control_ask(o->socket, request, &reply, &e);

	json_decref(request);
	if (rc != 0) {
		complain("tosctl: %s%s", e.text,
		    e.code == TOSD_EDENIED
			? ""
			: " (is tosd running? -s names another socket)");
		return CANNOT;
	}
	rc = show(sh, o, reply);
	json_decref(reply);
	return rc;
}

/* A day alone means its beginning, as the daemon reads it. */
static bool
is_time(const char *text)
{
	char *day = xasprintf("%sT00:00:00Z", text);
	bool good = clock_parse(text) != CLOCK_NONE || clock_parse(day) != CLOCK_NONE;

	free(day);
	return good;
}

/* "17" is a finding and, where it may be one, "v17" a violation. */
static bool
is_finding(const char *word, bool violation)
{
	const char *digits = violation && word[0] == 'v' ? word + 1 : word;
	size_t n = strlen(digits);

	return n > 0 && n <= 18 && strspn(digits, "0123456789") == n;
}

static bool
is_signed(const struct shape *sh, const char *command, const struct options *o)
{
	static const struct {
		char c;
		const char *in_help, *says;
	} signs[] = {{'p', " --person PERSON", "who says so?  --person NAME"},
	    {'r', SIGNED, "why?  --reason TEXT"}};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (sh->help != NULL && strstr(sh->help, signs[i].in_help) != NULL &&
		    strchr(o->given, signs[i].c) == NULL) {
			complain("tosctl %s: %s", command, signs[i].says);
			return false;
		}
	return true;
}

static bool
are_findings(const struct shape *sh, const char *command, int nwords, char **words)
{
	bool many = strcmp(sh->words[0] != NULL ? sh->words[0] : "", "findings") == 0;
	int n = many ? nwords - 1 : 1;

	if (!many && (sh->words[0] == NULL || strcmp(sh->words[0], "finding") != 0))
		return true;
	for (int i = 0; i < n; i++)
		if (!is_finding(words[i], many)) {
			complain("tosctl %s: a finding is a number%s, not `%s'",
			    command, many ? ", a violation v and a number" : "",
			    words[i]);
			return false;
		}
	return true;
}

static bool
are_numbers(const struct shape *sh, const char *command, int nwords, char **words)
{
	for (int i = 0; i < 2 && i < nwords && sh->words[i] != NULL; i++) {
		long long max = number_max(sh->words[i]);

		if (max == 0 || number_of(words[i], max == 99 ? "%" : "", max) > 0)
			continue;
		complain("tosctl %s: the %s is a number%s, not `%s'", command,
		    sh->words[i], max == 99 ? " from 1 to 99" : "", words[i]);
		return false;
	}
	return true;
}

/* What would be ignored, or cannot be: said, and not asked. */
static bool
is_wrong(const struct shape *sh, const char *command, const struct options *o,
    int nwords, char **words)
{
	for (const char *c = o->given; *c != '\0'; c++)
		if (sh->takes == NULL || strchr(sh->takes, *c) == NULL) {
			complain("tosctl %s: there is no option --%s here", command,
			    name_of(*c));
			return true;
		}
	if (strchr(o->given, 'u') != NULL && strchr(o->given, 'e') == NULL) {
		complain("tosctl %s: only an override of the gates has an end: --until "
			 "needs --emergency",
		    command);
		return true;
	}
	if (strchr(o->given, 'u') != NULL &&
	    !is_time(json_string_value(json_object_get(o->said, "until")))) {
		complain("tosctl %s: --until is 2026-12-24 or 2026-12-24T18:00:00Z, "
			 "not `%s'",
		    command, json_string_value(json_object_get(o->said, "until")));
		return true;
	}
	if (!is_signed(sh, command, o) || !are_findings(sh, command, nwords, words))
		return true;
	return !are_numbers(sh, command, nwords, words);
}

/* Too few words, or too many: which one. */
static void
say_words(const struct shape *sh, const char *command, int nwords, char **words)
{
	int wanted = sh->many == MANY_FIRST ? 0 : nwords;

	if (nwords > 0 && nwords >= (int)sh->need)
		complain(
		    "tosctl %s: `%s' is a word too many", command, words[nwords - 1]);
	else if (are_numbers(sh, command, nwords, words))
		complain("tosctl %s: which %s?", command, sh->words[wanted]);
}

/* "usage: tosctl policy canary SHARE RULE... --person ..." */
static void
print_usage(const struct shape *sh, const char *command, FILE *to)
{
	fprintf(to, "usage: tosctl %s", command);
	for (unsigned i = 0; i < 2 && sh->words[i] != NULL; i++) {
		bool list =
		    sh->many != MANY_NONE &&
		    (i == 0) == (sh->many == MANY_FIRST || sh->words[1] == NULL);
		size_t n = strlen(sh->words[i]) - list; /* a list's key is a plural */

		fputs(i < sh->need ? " " : " [", to);
		for (size_t k = 0; k < n; k++)
			fputc(toupper((unsigned char)sh->words[i][k]), to);
		fputs(list ? "..." : "", to);
		fputs(i < sh->need ? "" : "]", to);
	}
	fprintf(to, " [--json] [--socket PATH]%s\nMore in tosctl(1).\n",
	    sh->help != NULL ? sh->help : "");
}

static int
ask_by_name(const char *command, int argc, char **argv)
{
	const struct shape *sh;
	struct options o = {0};
	const char *name;
	int nwords, max = 0, rc = USAGE;

	if (read_options(argc, argv, &o)) {
		nwords = argc - optind;
		name = command_of(command, nwords, argv + optind);
		sh = shape_of(name);
		while (sh != NULL && max < 2 && sh->words[max] != NULL)
			max++;
		if (sh != NULL && o.help) {
			print_usage(sh, command, stdout);
			rc = DONE;
		} else if (sh == NULL || nwords < (int)sh->need ||
			   (nwords > max && sh->many == MANY_NONE)) {
			if (sh == NULL)
				sh = shape_of(command);
			say_words(sh, command, nwords, argv + optind);
			print_usage(sh, command, stderr);
		} else if (is_wrong(sh, command, &o, nwords, argv + optind))
			print_usage(sh, command, stderr);
		else
			rc = ask(sh, &o, nwords, argv + optind);
	}
	json_decref(o.said);
	return rc;
}

int
tosctl_ask(int argc, char **argv)
{
	return ask_by_name(argv[0], argc, argv);
}

int
tosctl_ask_pair(int argc, char **argv)
{
	char *name = argc > 1 ? xasprintf("%s %s", argv[0], argv[1]) : NULL;
	int rc = -1;

	if (name != NULL && shape_of(name) != NULL)
		rc = ask_by_name(name, argc - 1, argv + 1);
	free(name);
	return rc;
}
