/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_ask: a request to the daemon, its answer as a table for people or as JSON
 * lines.  What tenants wrote reaches the terminal only escaped.
 */
#include "tosctl/tosctl_ask.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "console/control.h"

#define DEFAULT_SOCKET "/run/tosd/control"
#define COLUMNS_MAX 16
#define CELL_MAX 60 /* characters shown of one cell */

enum { DONE = 0, NEGATIVE = 1, USAGE = 2, CANNOT = 3 };

/* What the words after a command mean. */
struct shape {
	const char *command;
	const char *request;		  /* name on the wire */
	const char *words[2];		  /* keys of the words, in order; NULL: none */
	unsigned need;			  /* words that must be there */
	const char *columns[COLUMNS_MAX]; /* of the table; none: key and value lines */
};

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
	    "notice", "quote"}},
    {"reviews", "reviews", {"tenant"}, 0,
	{"item", "tenant", "rule", "severity", "score", "found", "model", "prompt",
	    "quote", "reason"}},
    {"cases", "cases", {"tenant"}, 0,
	{"case", "tenant", "stage", "stage_name", "phase", "severity", "exhibits",
	    "notices", "opened", "deadline", "closed"}},
    {"case", "case", {"case"}, 1, {NULL}},
    {"notices", "notices", {"tenant"}, 0,
	{"id", "tenant", "case", "n", "kind", "audience", "made", "delivered", "file"}},
    {"outbox", "outbox", {"tenant"}, 0,
	{"id", "notice", "tenant", "recipient", "state", "attempts", "code", "time",
	    "reply"}},
    {"settle", "settle", {"id", "what"}, 2, {NULL}},
    {"decide", "decide", {"case", "verdict"}, 2, {NULL}},
    {"appeal", "appeal", {"case", "what"}, 2, {NULL}},
    {"reply", "reply", {"case"}, 1, {NULL}},
    {"hold", "hold", {"case", "what"}, 2, {NULL}},
    {"erase", "erase", {"file"}, 1, {NULL}},
    {"poll", "poll", {"tenant"}, 0, {NULL}},
};

struct options {
	bool json;
	const char *socket, *person, *reason;
};

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"socket", required_argument, NULL, 's'},
    {"person", required_argument, NULL, 'p'},
    {"reason", required_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

static bool
read_options(int argc, char **argv, struct options *o)
{
	int c;

	o->socket = getenv("TOSD_CONTROL");
	if (o->socket == NULL)
		o->socket = DEFAULT_SOCKET;
	while ((c = getopt_long(argc, argv, "js:p:r:", long_options, NULL)) != -1)
		switch (c) {
		case 'j':
			o->json = true;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'p':
			o->person = optarg;
			break;
		case 'r':
			o->reason = optarg;
			break;
		default:
			return false;
		}
	return true;
}

/* `cases NUMBER' shows one whole; `outbox ID WORD' settles a message. */
static const char *
command_of(const char *name, int nwords, char **words)
{
	if (strcmp(name, "cases") == 0 && nwords == 1 && words[0][0] >= '0' &&
	    words[0][0] <= '9' && strchr(words[0], '-') != NULL)
		return "case";
	if (strcmp(name, "outbox") == 0 && nwords == 2)
		return "settle";
	return name;
}

static json_t *
request_of(const struct shape *sh, const struct options *o, int nwords, char **words)
{
	json_t *r = json_pack("{s:s}", "cmd", sh->request);

	for (int i = 0; i < nwords; i++) {
		bool number = strcmp(sh->words[i], "id") == 0;

		json_object_set_new(r, sh->words[i],
		    number ? json_integer(atoll(words[i])) : json_string(words[i]));
	}
	if (o->person != NULL)
		json_object_set_new(r, "person", json_string(o->person));
	if (o->reason != NULL)
		json_object_set_new(r, "reason", json_string(o->reason));
	return r;
}

/* --- answers --- */

static void
cell(const json_t *v, struct buf *b)
{
	char *text;

	if (v == NULL)
		return;
	if (json_is_string(v)) {
		text_escape_buf(b, json_string_value(v), json_string_length(v));
		return;
	}
	text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
	buf_puts(b, text != NULL ? text : "?");
	free(text);
}

static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
print_table(const struct shape *sh, const json_t *rows)
{
	size_t widths[COLUMNS_MAX] = {0}, ncols = 0, nrows = json_array_size(rows);
	char **cells;

	while (ncols < COLUMNS_MAX && sh->columns[ncols] != NULL)
		ncols++;
	cells = xcalloc((nrows + 1) * ncols, sizeof(*cells));
	for (size_t r = 0; r <= nrows; r++)
		for (size_t c = 0; c < ncols; c++) {
			struct buf b = {0};
			char **at = &cells[r * ncols + c];

			if (r == 0)
				buf_puts(&b, sh->columns[c]);
			else
				cell(json_object_get(
					 json_array_get(rows, r - 1), sh->columns[c]),
				    &b);
			*at = buf_take(&b);
			if (width(*at) > CELL_MAX)
				(*at)[text_prefix(*at, CELL_MAX)] = '\0';
			if (width(*at) > widths[c])
				widths[c] = width(*at);
		}
	for (size_t r = 0; r <= nrows; r++) {
		for (size_t c = 0; c < ncols; c++) {
			const char *s = cells[r * ncols + c];
			int pad = c + 1 < ncols ? (int)(widths[c] - width(s)) + 2 : 0;

			printf("%s%*s", s, pad, "");
		}
		putchar('\n');
	}
	for (size_t i = 0; i < (nrows + 1) * ncols; i++)
		free(cells[i]);
	free(cells);
}

static void
print_pairs(const json_t *rows)
{
	const char *key;
	json_t *row, *v, *sub;
	size_t i, k;

	json_array_foreach(rows, i, row)
	{
		json_object_foreach(row, key, v)
		{
			struct buf b = {0};

			if (json_is_array(v) && json_is_object(json_array_get(v, 0))) {
				printf("%s:\n", key);
				json_array_foreach(v, k, sub)
				{
					char *t = json_dumps(
					    sub, JSON_COMPACT | JSON_ENSURE_ASCII);

					printf("  %s\n", t);
					free(t);
				}
				continue;
			}
			cell(v, &b);
			printf("%-18s %s\n", key, b.data != NULL ? b.data : "");
			buf_free(&b);
		}
	}
}

static void
print_lines(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		char *t = json_dumps(row, JSON_COMPACT);

		puts(t);
		free(t);
	}
}

static int
show(const struct shape *sh, const struct options *o, const json_t *reply)
{
	const json_t *rows = json_object_get(reply, "rows");

	if (!json_is_true(json_object_get(reply, "ok"))) {
		const char *what = json_string_value(json_object_get(reply, "error"));
		struct buf b = {0};

		what = what != NULL ? what : "no reason given";
		text_escape_buf(&b, what, strlen(what));
		fprintf(stderr, "tosctl: %s\n", b.data != NULL ? b.data : "");
		buf_free(&b);
		return NEGATIVE;
	}
	if (o->json)
		print_lines(rows);
	else if (sh->columns[0] != NULL)
		print_table(sh, rows);
	else
		print_pairs(rows);
	return DONE;
}

int
tosctl_ask(int argc, char **argv)
{
	const struct shape *sh = NULL;
	struct options o = {0};
	struct err e = ERR_INIT;
	json_t *request, *reply;
	const char *name;
	int nwords, rc, max = 0;

	if (!read_options(argc, argv, &o))
		return USAGE;
	nwords = argc - optind;
	name = command_of(argv[0], nwords, argv + optind);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].command, name) == 0)
			sh = &shapes[i];
	while (sh != NULL && max < 2 && sh->words[max] != NULL)
		max++;
	if (sh == NULL || nwords < (int)sh->need || nwords > max) {
		fprintf(
		    stderr, "tosctl %s: wrong number of words; see tosctl(1)\n", name);
		return USAGE;
	}
	request = request_of(sh, &o, nwords, argv + optind);
	rc = control_ask(o.socket, request, &reply, &e);
	json_decref(request);
	if (rc != 0) {
		fprintf(stderr, "tosctl: %s%s\n", e.text,
		    e.code == TOSD_EDENIED
			? ""
			: " (is tosd running? -s names another socket)");
		return CANNOT;
	}
	rc = show(sh, &o, reply);
	json_decref(reply);
	return rc;
}
