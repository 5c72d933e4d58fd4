/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_trend: CSV in, verdict out; see tosctl_trend.h. */
#include "tosctl/tosctl_trend.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "cases/trend.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_CANNOT = 3 };

#define FILE_MAX ((size_t)64 << 20)
#define ROWS_MAX 100000		/* 11 years of hours */
#define WALK_MAX 20000		/* each step looks at all rows before */
#define COUNT_MAX 1000000000000 /* the sum of a full file fits */

struct rows {
	struct trend_row *v;
	size_t n, cap;
};

/* --- CSV -----------------------------------------------------------------------------
 */

/* A field without spaces around it and without the quotes that some programs add. */
static char *
field(char *s)
{
	size_t n;

	s = text_trim(s);
	n = strlen(s);
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s[n - 1] = '\0';
		s = text_trim(s + 1);
	}
	return s;
}

/* RFC 3339, the same with a space for the T, or a date alone (its midnight, UTC). */
static int64_t
parse_time(const char *s)
{
	char full[CLOCK_TEXT + 16];
	size_t n = strlen(s);

	if (n == 10)
		snprintf(full, sizeof(full), "%.10sT00:00:00Z", s);
	else
		snprintf(full, sizeof(full), "%.40s", s);
	if (n > 10 && full[10] == ' ')
		full[10] = 'T';
	return clock_parse(full);
}

static bool
parse_count(const char *s, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return s[0] >= '0' && s[0] <= '9' && *end == '\0' && errno == 0 &&
	       *out <= COUNT_MAX;
}

/* Splits in place; false unless there are exactly three. */
static bool
split(char *line, char *out[3])
{
	char *comma;

	for (int i = 0; i < 2; i++) {
		comma = strchr(line, ',');
		if (comma == NULL)
			return false;
		*comma = '\0';
		out[i] = field(line);
		line = comma + 1;
	}
	if (strchr(line, ',') != NULL)
		return false;
	out[2] = field(line);
	return true;
}

/* A first line of names, whatever they are. */
static bool
is_header(char *const f[3])
{
	for (int i = 0; i < 3; i++)
		if (!((f[i][0] | 0x20) >= 'a' && (f[i][0] | 0x20) <= 'z'))
			return false;
	return true;
}

/* Puts a cell into a message: it may hold anything. */
static int
bad(struct err *e, const char *what, const char *cell)
{
	char shown[80];

	text_escape(shown, sizeof(shown), cell, strlen(cell));
	return err_set(e, TOSD_EINVAL, "%s, not \"%s\"", what, shown);
}

static int
read_line(char *line, bool first, struct rows *rows, struct err *e)
{
	struct trend_row r;
	char *f[3];

	if (*text_trim(line) == '\0')
		return 0;
	if (!split(line, f))
		return err_set(
		    e, TOSD_EINVAL, "three fields wanted: time,items,violations");
	if (first && is_header(f))
		return 0;
	r.time = parse_time(f[0]);
	if (r.time == CLOCK_NONE)
		return bad(e, "time must be RFC 3339 or YYYY-MM-DD", f[0]);
	if (!parse_count(f[1], &r.items))
		return bad(e, "items must be a whole number up to 10^12", f[1]);
	if (!parse_count(f[2], &r.violations))
		return bad(e, "violations must be a whole number up to 10^12", f[2]);
	if (rows->n > 0 && r.time < rows->v[rows->n - 1].time)
		return bad(e, "time must not be before that of the row above", f[0]);
	if (rows->n == ROWS_MAX)
		return err_set(e, TOSD_ELIMIT, "more than %d rows", ROWS_MAX);
	if (rows->n == rows->cap) {
		rows->cap = rows->cap > 0 ? rows->cap * 2 : 256;
		rows->v = xrealloc(rows->v, rows->cap * sizeof(*rows->v));
	}
	rows->v[rows->n++] = r;
	return 0;
}

static int
read_rows(struct buf *text, const char *name, struct rows *rows, struct err *e)
{
	char *line = text->data, *end = text->data + text->len, *next;

	if (text->len > 0 && memchr(text->data, '\0', text->len) != NULL)
		return err_set(e, TOSD_EINVAL, "%s: holds NUL bytes: not a text", name);
	if (text->len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3; /* what spreadsheets put before */
	for (unsigned no = 1; line != NULL && line < end; line = next, no++) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (read_line(line, no == 1, rows, e) < 0)
			return err_wrap(e, "%s:%u", name, no);
	}
	return 0;
}

/* --- JSON
 * ------------------------------------------------------------------------------ */

/* JSON has no infinity: null says that there is no such number. */
static void
put_number(const char *key, double v)
{
	if (isfinite(v))
		printf(",\"%s\":%.6g", key, v);
	else
		printf(",\"%s\":null", key);
}

static void
put_result(const struct trend_result *r, int64_t time)
{
	char text[CLOCK_TEXT];

	printf("{");
	if (time != CLOCK_NONE)
		printf("\"time\":\"%s\",", clock_format(time, text));
	printf("\"verdict\":\"%s\"", trend_verdict_name(r->verdict));
	put_number("rate_ratio", r->rate_ratio);
	put_number("low", r->low);
	put_number("high", r->high);
	put_number("p", r->p);
	printf(",\"items\":%llu,\"violations\":%llu,\"windows\":%u}\n",
	    (unsigned long long)r->items, (unsigned long long)r->violations,
	    r->windows);
}

static void
walk(const struct rows *rows)
{
	struct trend_result r;
	int last = -1;

	for (size_t i = 1; i <= rows->n; i++) {
		trend_test(rows->v, i, NULL, &r);
		if ((int)r.verdict != last)
			put_result(&r, rows->v[i - 1].time);
		last = (int)r.verdict;
	}
}

static const char usage_text[] = "usage: tosctl trend [--walk] FILE|-\n";

/* What was asked for; false: say how to ask. */
struct request {
	const char *file;
	bool walk, help;
};

static bool
read_arguments(int argc, char **argv, struct request *q)
{
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		bool option = !ended && argv[i][0] == '-' && argv[i][1] != '\0';

		if (option && strcmp(argv[i], "--") == 0)
			ended = true;
		else if (option && strcmp(argv[i], "--walk") == 0)
			q->walk = true;
		else if (option && strcmp(argv[i], "--json") == 0)
			continue; /* it is JSON in any case */
		else if (option &&
			 (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
			q->help = true;
		else if (option || q->file != NULL)
			return false;
		else
			q->file = argv[i];
	}
	return q->help || q->file != NULL;
}

static int
answer(const struct request *q, const struct rows *rows, struct err *e)
{
	struct trend_result r;

	if (q->walk && rows->n > WALK_MAX)
		return err_set(e, TOSD_ELIMIT,
		    "--walk takes at most %d rows: join rows, or cut off old ones",
		    WALK_MAX);
	if (q->walk) {
		walk(rows);
	} else {
		trend_test(rows->v, rows->n, NULL, &r);
		put_result(&r, CLOCK_NONE);
	}
	return 0;
}

int
tosctl_trend(int argc, char **argv)
{
	struct request q = {0};
	struct err e = ERR_INIT;
	struct buf text = {0};
	struct rows rows = {0};
	const char *name;
	int rc;

	if (!read_arguments(argc, argv, &q)) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (q.help) {
		fputs(usage_text, stdout);
		return EXIT_DONE;
	}
	name = strcmp(q.file, "-") == 0 ? "standard input" : q.file;
	rc = name != q.file ? file_read_fd(STDIN_FILENO, name, FILE_MAX, &text, &e)
			    : file_read(q.file, FILE_MAX, &text, &e);
	if (rc == 0)
		rc = read_rows(&text, name, &rows, &e);
	if (rc == 0)
		rc = answer(&q, &rows, &e);
	if (rc < 0)
		complain("tosctl trend: %s", e.text);
	free(rows.v);
	buf_free(&text);
	return rc < 0 ? EXIT_CANNOT : EXIT_DONE;
}
