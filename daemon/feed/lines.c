/* SPDX-License-Identifier: Apache-2.0 */
/* lines: the splitter; see lines.h. */
#include "feed/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct feed_lines {
	enum feed_lines_ends ends;
	size_t max;
	feed_lines_fn *fn;
	void *ctx;
	struct buf part; /* of a line that has not ended yet */
	bool over;	 /* it is too long: the rest of it is dropped too */
	bool after_cr;	 /* a \n that comes next belongs to the line before */
};

struct feed_lines *
feed_lines_new(enum feed_lines_ends ends, size_t max, feed_lines_fn *fn, void *ctx)
{
	struct feed_lines *l = xcalloc(1, sizeof(*l));

	l->ends = ends;
	l->max = max;
	l->fn = fn;
	l->ctx = ctx;
	return l;
}

void
feed_lines_free(struct feed_lines **l)
{
	if (*l != NULL)
		buf_free(&(*l)->part);
	free(*l);
	*l = NULL;
}

/* The memory of a long line is not kept for the short ones that follow. */
#define KEEP ((size_t)64 << 10)

static void
keep(struct feed_lines *l, const char *p, size_t n)
{
	/* A \r at its end does not count, but that is not known yet. */
	size_t max = l->max + (l->ends == FEED_LINES_LF);

	if (l->over || n == 0)
		return;
	if (n > max - l->part.len) {
		l->over = true;
		buf_free(&l->part);
		return;
	}
	buf_put(&l->part, p, n);
}

static void
give(struct feed_lines *l, const char *p, size_t n)
{
	if (l->ends == FEED_LINES_LF && n > 0 && p[n - 1] == '\r')
		n--;
	if (n > l->max)
		l->fn(l->ctx, NULL, 0);
	else
		l->fn(l->ctx, p, n);
}

/* The line ends behind these bytes. */
static void
finish(struct feed_lines *l, const char *p, size_t n)
{
	if (!l->over && l->part.len == 0) {
		give(l, p, n); /* all of it is here: no copy */
		return;
	}
	keep(l, p, n);
	if (l->over)
		l->fn(l->ctx, NULL, 0);
	else
		give(l, l->part.data, l->part.len);
	l->over = false;
	if (l->part.cap > KEEP)
		buf_free(&l->part);
	else
		buf_reset(&l->part);
}

void
feed_lines_feed(struct feed_lines *l, const char *p, size_t n)
{
	const char *end = p + n, *lf = NULL, *cr = NULL;

	if (n > 0 && l->after_cr) {
		l->after_cr = false;
		p += *p == '\n';
	}
	while (p < end) {
		const char *eol;

		/* Each is looked for again only when it was passed: linear. */
		if (lf < p && (lf = memchr(p, '\n', end - p)) == NULL)
			lf = end;
		if (l->ends == FEED_LINES_LF)
			cr = end;
		else if (cr < p && (cr = memchr(p, '\r', end - p)) == NULL)
			cr = end;
		eol = cr < lf ? cr : lf;
		if (eol == end)
			break;
		finish(l, p, eol - p);
		p = eol + 1;
		if (eol == cr && p == end)
			l->after_cr = true;
		else if (eol == cr && *p == '\n')
			p++;
	}
	keep(l, p, end - p);
}

void
feed_lines_end(struct feed_lines *l)
{
	if (l->over || l->part.len > 0)
		finish(l, "", 0);
}
