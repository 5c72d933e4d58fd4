/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines: bytes of a stream, in pieces of any size, to lines.  Linear, and never more
 * than one line is kept: one that is longer than the limit is dropped, and said.
 */
#ifndef TOSD_FEED_LINES_H
#define TOSD_FEED_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* A line without its end, good until the call returns; NULL: one was dropped because
 * of its length.  The splitter must not be fed or freed from here. */
typedef void feed_lines_fn(void *ctx, const char *line, size_t n);

enum feed_lines_ends {
	FEED_LINES_LF,	/* a line ends with \n; a \r before it belongs to the end */
	FEED_LINES_ALL, /* \n, \r or \r\n */
};

struct feed_lines;
struct feed_lines *feed_lines_new(
    enum feed_lines_ends ends, size_t max, feed_lines_fn *fn, void *ctx);
void feed_lines_free(struct feed_lines **l);
void feed_lines_feed(struct feed_lines *l, const char *p, size_t n);
/* The stream is over: hands out what has no line end. */
void feed_lines_end(struct feed_lines *l);

#endif
