/* SPDX-License-Identifier: Apache-2.0 */
/* sse: lines to events; see sse.h. */
#include "feed/sse.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "feed/lines.h"

#define ID_MAX ((size_t)1024) /* it goes into a header of the next request */
#define TYPE_MAX ((size_t)256)
#define RETRY_DIGITS 9
#define KEEP ((size_t)64 << 10) /* memory that is not given back after an event */

struct feed_sse {
	struct feed_lines *lines;
	size_t max;
	feed_sse_fn *fn;
	void *ctx;
	char type[TYPE_MAX];
	size_t ntype;
	struct buf data, id;
	/* Data of one line is not copied while the piece that it is in is at hand. */
	const char *piece, *piece_end;
	const char *one;
	size_t none; /* its length */
	int64_t retry;
	unsigned mark; /* bytes of the byte order mark seen; 3: behind it */
	bool over;     /* this event has a line or data beyond the limit */
};

/* --- fields --- */

static void
set_type(struct feed_sse *s, const char *v, size_t n)
{
	s->ntype = n < TYPE_MAX ? n : TYPE_MAX;
	memcpy(s->type, v, s->ntype);
}

static void
keep_one(struct feed_sse *s)
{
	if (s->one == NULL)
		return;
	buf_put(&s->data, s->one, s->none);
	buf_putc(&s->data, '\n');
	s->one = NULL;
}

static void
drop(struct feed_sse *s)
{
	s->over = true;
	s->one = NULL;
	buf_reset(&s->data);
}

static void
add_data(struct feed_sse *s, const char *v, size_t n)
{
	if (s->over)
		return;
	if (n <= s->max && s->one == NULL && s->data.len == 0 && v >= s->piece &&
	    v < s->piece_end) {
		s->one = v;
		s->none = n;
		return;
	}
	keep_one(s);
	if (s->data.len + n > s->max) {
		drop(s);
		return;
	}
	buf_put(&s->data, v, n);
	buf_putc(&s->data, '\n');
}

static void
set_id(struct feed_sse *s, const char *v, size_t n)
{
	if (n > ID_MAX || memchr(v, '\0', n) != NULL)
		return;
	buf_reset(&s->id);
	buf_put(&s->id, v, n);
}

static void
set_retry(struct feed_sse *s, const char *v, size_t n)
{
	int64_t ms = 0;

	if (n == 0 || n > RETRY_DIGITS)
		return;
	for (size_t i = 0; i < n; i++) {
		if (v[i] < '0' || v[i] > '9')
			return;
		ms = ms * 10 + (v[i] - '0');
	}
	s->retry = ms;
}

static const struct {
	const char *name;
	size_t n;
	void (*set)(struct feed_sse *s, const char *v, size_t n);
} fields[] = {
    {"data", 4, add_data},
    {"event", 5, set_type},
    {"id", 2, set_id},
    {"retry", 5, set_retry},
};

static void
dispatch(struct feed_sse *s)
{
	struct feed_sse_event e = {.event = "message", .nevent = 7, .id = s->id.data};

	if (s->ntype > 0) {
		e.event = s->type;
		e.nevent = s->ntype;
	}
	if (s->one != NULL) {
		e.data = s->one;
		e.n = s->none;
	} else if (s->data.len > 0) {
		e.data = s->data.data;
		e.n = s->data.len - 1; /* without the last line's end */
	}
	if (s->over || e.data != NULL)
		s->fn(s->ctx, &e);
	s->over = false;
	s->one = NULL;
	s->ntype = 0;
	if (s->data.cap > KEEP)
		buf_free(&s->data);
	else
		buf_reset(&s->data);
}

static void
on_line(void *ctx, const char *line, size_t n)
{
	struct feed_sse *s = ctx;
	const char *colon, *v;
	size_t name;

	if (line == NULL) {
		drop(s);
		return;
	}
	if (n == 0) {
		dispatch(s);
		return;
	}
	/* As most lines are. */
	if (n >= 6 && memcmp(line, "data: ", 6) == 0) {
		add_data(s, line + 6, n - 6);
		return;
	}
	if (n >= 7 && memcmp(line, "event: ", 7) == 0) {
		set_type(s, line + 7, n - 7);
		return;
	}
	colon = memchr(line, ':', n);
	name = colon != NULL ? (size_t)(colon - line) : n;
	v = colon != NULL ? colon + 1 : line + n;
	if (v < line + n && *v == ' ')
		v++;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].n == name && memcmp(fields[i].name, line, name) == 0)
			fields[i].set(s, v, line + n - v);
}

/* --- the stream --- */

struct feed_sse *
feed_sse_new(size_t max, feed_sse_fn *fn, void *ctx)
{
	struct feed_sse *s = xcalloc(1, sizeof(*s));

	/* A line has its field's name before the data. */
	s->lines = feed_lines_new(FEED_LINES_ALL, max + 16, on_line, s);
	s->max = max;
	s->fn = fn;
	s->ctx = ctx;
	s->retry = -1;
	buf_reserve(&s->id, 0);
	return s;
}

void
feed_sse_free(struct feed_sse **s)
{
	if (*s != NULL) {
		feed_lines_free(&(*s)->lines);
		buf_free(&(*s)->data);
		buf_free(&(*s)->id);
	}
	free(*s);
	*s = NULL;
}

void
feed_sse_feed(struct feed_sse *s, const char *p, size_t n)
{
	static const char mark[] = "\xef\xbb\xbf";

	while (n > 0 && s->mark < 3) {
		if (*p != mark[s->mark]) {
			/* What looked like a mark was the start of a line. */
			feed_lines_feed(s->lines, mark, s->mark);
			s->mark = 3;
			break;
		}
		s->mark++;
		p++;
		n--;
	}
	s->piece = p;
	s->piece_end = p + n;
	feed_lines_feed(s->lines, p, n);
	keep_one(s);
	s->piece = s->piece_end = NULL;
}

const char *
feed_sse_last_id(const struct feed_sse *s)
{
	return s->id.data;
}

int64_t
feed_sse_retry(const struct feed_sse *s)
{
	return s->retry;
}
