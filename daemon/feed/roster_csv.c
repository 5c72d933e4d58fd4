/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roster_csv: CSV as RFC 4180 and spreadsheets write it: a header row, quotes, CRLF or
 * LF, a byte order mark, and commas, semicolons or tabs between.  See roster.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "feed/charset.h"
#include "feed/html.h"
#include "feed/roster.h"

/* After so many quotes without an end a quote is a byte like any other, so that such a
 * file costs no more than its size. */
#define UNCLOSED_MAX 1000

enum column {
	COL_TENANT,
	COL_NAME,
	COL_URL,
	COL_SITE,
	COL_CONTACT,
	COL_MANAGER,
	COL_CONTRACT,
	COL_COUNT,
	COL_UNKNOWN = COL_COUNT
};

/* Names that a header row may have, in any case. */
static const struct {
	const char *name;
	enum column column;
} names[] = {
    {"tenant", COL_TENANT},
    {"tenant_id", COL_TENANT},
    {"id", COL_TENANT},
    {"name", COL_NAME},
    {"title", COL_NAME},
    {"url", COL_URL},
    {"feed", COL_URL},
    {"feed_url", COL_URL},
    {"xmlurl", COL_URL},
    {"site", COL_SITE},
    {"domain", COL_SITE},
    {"htmlurl", COL_SITE},
    {"contact", COL_CONTACT},
    {"email", COL_CONTACT},
    {"mail", COL_CONTACT},
    {"manager", COL_MANAGER},
    {"contract", COL_CONTRACT},
    {"plan", COL_CONTRACT},
};

struct csv {
	const char *p, *end;
	char separator;
	size_t line;	/* of p */
	size_t columns; /* of the header */
	enum column map[ROSTER_COLUMNS];
	/* The record in hand. */
	struct buf bytes; /* of its fields, each with a NUL */
	size_t at[ROSTER_COLUMNS];
	size_t n;	   /* fields, those beyond the limit too */
	size_t first_line; /* where it began */
	const char *fault;
	size_t unclosed; /* quotes so far that were looked for in vain */
};

static void
put(struct csv *c, char ch)
{
	if (c->n <= ROSTER_COLUMNS)
		buf_putc(&c->bytes, ch);
}

/* "..." with "" for a quote; a line break within is part of the value.  A quote that
 * is not closed where a value would be too long costs its own line, not the rest of
 * the file. */
static void
quoted(struct csv *c)
{
	const char *start = c->p;
	size_t line = c->line, len = c->bytes.len;

	for (c->p++; c->p < c->end && c->p - start <= ROSTER_FIELD; c->p++) {
		if (*c->p == '"') {
			if (c->p + 1 >= c->end || c->p[1] != '"') {
				c->p++;
				return;
			}
			c->p++;
		} else if (*c->p == '\n') {
			c->line++;
		}
		put(c, *c->p);
	}
	c->fault = "a quote is not closed, or what it holds is longer than 4096 bytes";
	c->p = start + 1;
	c->line = line;
	c->unclosed++;
	c->bytes.len = len;
}

static bool
at_end_of_record(const struct csv *c)
{
	return c->p >= c->end || *c->p == '\n' || *c->p == '\r';
}

static void
field(struct csv *c)
{
	if (c->n < ROSTER_COLUMNS)
		c->at[c->n] = c->bytes.len;
	c->n++;
	while (c->p < c->end && *c->p == ' ')
		c->p++;
	if (c->p < c->end && *c->p == '"' && c->unclosed < UNCLOSED_MAX) {
		quoted(c);
		while (c->p < c->end && *c->p == ' ')
			c->p++;
		if (!at_end_of_record(c) && *c->p != c->separator && c->fault == NULL)
			c->fault = "text follows a closing quote";
	}
	while (!at_end_of_record(c) && *c->p != c->separator)
		put(c, *c->p++);
	put(c, '\0');
}

/* The next record that is not an empty line; false at the end. */
static bool
record(struct csv *c)
{
	while (c->p < c->end && (*c->p == '\n' || *c->p == '\r'))
		c->line += *c->p++ == '\n';
	if (c->p >= c->end)
		return false;
	buf_reset(&c->bytes);
	c->n = 0;
	c->fault = NULL;
	c->first_line = c->line;
	field(c);
	while (!at_end_of_record(c)) {
		c->p++; /* the separator */
		field(c);
	}
	return true;
}

/* The separator that stands most often in the first line, outside of quotes. */
static char
separator_of(const char *p, const char *end)
{
	static const char candidates[] = ",;\t";
	size_t count[3] = {0};
	bool quote = false;
	int best = 0;

	for (; p < end && (quote || *p != '\n'); p++) {
		const char *at = quote ? NULL : memchr(candidates, *p, 3);

		if (*p == '"')
			quote = !quote;
		if (at != NULL)
			count[at - candidates]++;
	}
	for (int i = 1; i < 3; i++)
		if (count[i] > count[best])
			best = i;
	return candidates[best];
}

/* Reads the header row into the map.  Static words if there is none. */
static const char *
read_header(struct csv *c)
{
	bool has_url = false;

	if (!record(c))
		return "it is empty";
	c->columns = c->n < ROSTER_COLUMNS ? c->n : ROSTER_COLUMNS;
	for (size_t i = 0; i < c->columns; i++) {
		const char *name = text_trim(c->bytes.data + c->at[i]);

		c->map[i] = COL_UNKNOWN;
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (strcasecmp(name, names[j].name) == 0)
				c->map[i] = names[j].column;
		has_url = has_url || c->map[i] == COL_URL;
	}
	return has_url ? NULL : "its first row names no column `url' (or `feed')";
}

static void
put_row(struct csv *c, struct roster *r)
{
	struct roster_row row = {.line = c->first_line};
	char **const fields[COL_COUNT] = {&row.tenant, &row.name, &row.url, &row.site,
	    &row.contact, &row.manager, &row.contract};

	if (c->fault == NULL && c->n > c->columns && c->n <= ROSTER_COLUMNS)
		c->fault = "has more fields than the header row";
	if (c->fault != NULL) {
		roster_say(r, c->first_line, c->fault);
		return;
	}
	for (size_t i = 0; i < c->n && i < c->columns; i++) {
		const char *text = c->bytes.data + c->at[i];
		enum column col = c->map[i];

		if (col != COL_UNKNOWN && *fields[col] == NULL)
			*fields[col] = feed_plain_line(text, strlen(text), 0);
	}
	roster_put_take(r, &row);
}

bool
roster_csv(struct roster *r, const void *body, size_t n, const char **why)
{
	struct feed_text text;
	struct csv *c = xcalloc(1, sizeof(*c));

	memset(r, 0, sizeof(*r));
	feed_text_read(&text, body, n, NULL);
	c->p = text.p;
	c->end = text.p + text.n;
	c->line = 1;
	c->separator = separator_of(c->p, c->end);
	*why = read_header(c);
	if (*why == NULL) {
		while (record(c))
			put_row(c, r);
		roster_fold(r);
	}
	buf_free(&c->bytes);
	free(c);
	feed_text_free(&text);
	return *why == NULL;
}
