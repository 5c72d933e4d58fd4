/* SPDX-License-Identifier: Apache-2.0 */
/* print_rows: see print_rows.h. */
#include "tosctl/print_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "tosctl/print_json.h"

#define CELL_MAX 60 /* characters shown of one cell */

static void
cell(const json_t *v, struct buf *b)
{
	const json_t *one;
	char *text;
	size_t i;

	if (v == NULL)
		return;
	if (json_is_string(v)) {
		text_escape_buf(b, json_string_value(v), json_string_length(v));
		return;
	}
	/* Reasons: a sentence each. */
	if (json_is_array(v) &&
	    (json_array_size(v) == 0 || json_is_string(json_array_get(v, 0)))) {
		json_array_foreach(v, i, one)
		{
			buf_puts(b, i > 0 ? "; " : "");
			cell(one, b);
		}
		return;
	}
	text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
	if (text == NULL)
		text = xstrdup("?");
	text_escape_json(b, text, strlen(text));
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

void
print_rows_table(const json_t *rows, const char *const *columns)
{
	size_t widths[PRINT_COLUMNS_MAX] = {0}, ncols = 0,
	       nrows = json_array_size(rows);
	char **cells;

	while (ncols < PRINT_COLUMNS_MAX && columns[ncols] != NULL)
		ncols++;
	cells = xcalloc((nrows + 1) * ncols, sizeof(*cells));
	for (size_t r = 0; r <= nrows; r++)
		for (size_t c = 0; c < ncols; c++) {
			struct buf b = {0};
			char **at = &cells[r * ncols + c];

			if (r == 0)
				buf_puts(&b, columns[c]);
			else
				cell(json_object_get(
					 json_array_get(rows, r - 1), columns[c]),
				    &b);
			*at = buf_take(&b);
			/* The last one is what people read: all of it. */
			if (c + 1 < ncols && width(*at) > CELL_MAX)
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

/* A list of objects: one a line. */
static void
print_list(const char *key, const json_t *list)
{
	const json_t *sub;
	size_t i;

	printf("%s:\n", key);
	json_array_foreach(list, i, sub)
	{
		char *t = json_dumps(
		    sub, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));

		printf("  %s\n", t);
		free(t);
	}
}

static void
print_pair(const char *key, const json_t *v)
{
	struct buf name = {0}, b = {0};

	text_escape_buf(&name, key, strlen(key));
	buf_putc(&name, '\0');
	if (json_is_array(v) && json_is_object(json_array_get(v, 0))) {
		print_list(name.data, v);
	} else {
		cell(v, &b);
		printf("%-18s %s\n", name.data, b.data != NULL ? b.data : "");
	}
	buf_free(&name);
	buf_free(&b);
}

void
print_rows_pairs(const json_t *rows)
{
	const char *key;
	json_t *row, *v;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_object_foreach(row, key, v) print_pair(key, v);
	}
}

void
print_rows_lines(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		/* 0.8, and not 0.80000000000000004. */
		print_json(stdout, row, JSON_REAL_PRECISION(15));
	}
}
