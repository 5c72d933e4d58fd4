/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: a JSON object written straight into a buffer, for what is written for each item:
 * a tree of values that is built, sorted and dumped costs more than all else that is done
 * for it.  The bytes are those that jansson gives with JSON_COMPACT, JSON_SORT_KEYS and,
 * if ascii, JSON_ENSURE_ASCII; so the keys must come in order, and whoever forgets that
 * ends here.  A text that is no UTF-8 is left out with its key, as there.
 */
#ifndef TOSD_BASE_LINE_H
#define TOSD_BASE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct line {
	struct buf *b;
	const char *key; /* the last one */
	bool ascii;
};

/* Begins an object at the end of b, which is the caller's. */
void line_begin(struct line *l, struct buf *b, bool ascii);
void line_end(struct line *l);

/* The key alone: its value is for the caller to write. */
void line_key(struct line *l, const char *key);
void line_int(struct line *l, const char *key, int64_t value);
/* NULL: left out. */
void line_str(struct line *l, const char *key, const char *value);
void line_true(struct line *l, const char *key);

/* A value without a key, for arrays. */
void line_put_int(struct buf *b, int64_t value);
/* False if s is no UTF-8, and nothing was written. */
bool line_put_str(struct buf *b, const char *s, bool ascii);

/* --- lines of a stream that is read piece by piece */

/* The bytes of the first line of s, its end not counted; false: it is no whole one.  The last
 * one may have no end: over says that nothing comes behind s. */
bool line_whole(const char *s, size_t n, bool over, size_t *len);
/* Whether there are only blanks, and perhaps the CR of its end. */
bool line_blank(const char *s, size_t n);

/* So many bytes at the beginning of a file of lines are a byte-order mark, which some editors
 * write and nobody sees: 0 or 3. */
size_t line_mark(const char *s, size_t n);

/* What jansson says of a line that is no JSON, in words for those who wrote it. */
const char *line_why(const char *said);

#endif
