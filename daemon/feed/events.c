/* SPDX-License-Identifier: Apache-2.0 */
/* events: line after line into fields, an empty line ends an event; see events.h. */
#include "feed/events.h"

#include <string.h>

#define NAME_MAX_ 64
#define ID_MAX 1024
#define RETRY_DIGITS 9

void
feed_events_clear(struct feed_events *s)
{
	buf_free(&s->name);
	buf_free(&s->data);
	buf_free(&s->id);
}

static void
set(struct buf *b, const char *p, size_t n, size_t max)
{
	buf_reset(b);
	if (n <= max && memchr(p, 0, n) == NULL)
		buf_put(b, p, n);
}

static void
set_retry(struct feed_events *s, const char *p, size_t n)
{
	int64_t ms = 0;

	if (n == 0 || n > RETRY_DIGITS)
		return;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return;
		ms = ms * 10 + (p[i] - '0');
	}
	s->retry = ms;
}

static void
field(struct feed_events *s, const char *name, size_t n, const char *v, size_t nv)
{
	if (n == 4 && memcmp(name, "data", 4) == 0) {
		if (s->data.len + nv >= s->max)
			s->broken = true;
		if (s->broken)
			return;
		buf_put(&s->data, v, nv);
		buf_putc(&s->data, '\n');
	} else if (n == 5 && memcmp(name, "event", 5) == 0) {
		set(&s->name, v, nv, NAME_MAX_);
	} else if (n == 2 && memcmp(name, "id", 2) == 0) {
		if (nv > ID_MAX || memchr(v, 0, nv) != NULL)
			return;
		set(&s->id, v, nv, ID_MAX);
		s->has_id = nv > 0;
	} else if (n == 5 && memcmp(name, "retry", 5) == 0) {
		set_retry(s, v, nv);
	}
}

/* An empty line.  An event without data only sets the id. */
static void
dispatch(struct feed_events *s, feed_event_cb *fn, void *ctx)
{
	struct feed_event e = {.name = s->name.len > 0 ? s->name.data : "message",
	    .data = "",
	    .id = s->has_id ? s->id.data : NULL,
	    .broken = s->broken};

	if (s->data.len > 0 && !s->broken) {
		e.data = s->data.data;
		e.n = s->data.len - 1; /* without the last line's end */
	}
	if (s->data.len > 0 || s->broken)
		fn(ctx, &e);
	buf_reset(&s->name);
	buf_reset(&s->data);
	s->broken = false;
}

/* True if an event, or something that is none, is complete with this line. */
static bool
sse_line(struct feed_events *s, const char *p, size_t n, feed_event_cb *fn, void *ctx)
{
	const char *colon, *v;
	size_t nv = 0;

	if (n == 0) {
		dispatch(s, fn, ctx);
		return true;
	}
	colon = memchr(p, ':', n);
	if (colon == p) /* a comment: a heartbeat */
		return s->data.len == 0 && s->name.len == 0 && !s->broken;
	v = colon != NULL ? colon + 1 : p + n;
	nv = (size_t)(p + n - v);
	if (nv > 0 && *v == ' ') {
		v++;
		nv--;
	}
	field(s, p, colon != NULL ? (size_t)(colon - p) : n, v, nv);
	return false;
}

static bool
json_line(struct feed_events *s, const char *p, size_t n, feed_event_cb *fn, void *ctx)
{
	struct feed_event e = {.name = "", .data = p, .n = n, .broken = s->broken};

	if (s->broken)
		e.n = 0;
	if (e.broken || (n > 0 && strspn(p, " \t") < n))
		fn(ctx, &e);
	s->broken = false;
	return true;
}

/* A line that goes on without end is not kept. */
static void
give_up_line(struct feed_events *s)
{
	s->skip = s->broken = true;
	s->line = s->scan;
}

size_t
feed_events_scan(
    struct feed_events *s, const struct buf *raw, feed_event_cb *fn, void *ctx)
{
	size_t done = 0, n;
	bool whole;

	for (; s->scan < raw->len; s->scan++) {
		char c = raw->data[s->scan];

		if (s->cr && c == '\n') { /* the rest of \r\n */
			s->cr = false;
			if (done == s->scan)
				done++;
			s->line = s->scan + 1;
			continue;
		}
		s->cr = c == '\r' && s->sse;
		if (c != '\n' && !s->cr) {
			if (s->scan - s->line > s->max)
				give_up_line(s);
			continue;
		}
		n = s->skip ? 0 : s->scan - s->line;
		if (!s->begun && n >= 3 && memcmp(raw->data + s->line, "\xef\xbb\xbf", 3) == 0) {
			s->line += 3;
			n -= 3;
		}
		s->begun = true;
		if (s->sse && s->skip)
			whole = false;
		else
			whole = s->sse ? sse_line(s, raw->data + s->line, n, fn, ctx)
				       : json_line(s, raw->data + s->line, n, fn, ctx);
		s->skip = false;
		s->line = s->scan + 1;
		if (whole)
			done = s->line;
	}
	/* Bytes of an event that is too large anyway are not waited for. */
	return raw->len - done > 2 * s->max + 4096 ? s->line : done;
}

void
feed_events_shift(struct feed_events *s, size_t n)
{
	s->line -= n;
	s->scan -= n;
}

void
feed_event_line(struct buf *b, const struct feed_event *e)
{
	static const char hex[] = "0123456789abcdef";
	const char *parts[2] = {e->name, e->data};
	size_t sizes[2] = {strlen(e->name), e->n};

	for (int k = 0; k < 2; k++) {
		buf_puts(b, k == 0 ? "{\"event\":\"" : "\",\"payload\":\"");
		for (size_t i = 0; i < sizes[k]; i++) {
			uint8_t c = (uint8_t)parts[k][i];

			if (c == '"' || c == '\\') {
				buf_putc(b, '\\');
				buf_putc(b, (char)c);
			} else if (c < 0x20) {
				buf_puts(b, "\\u00");
				buf_putc(b, hex[c >> 4]);
				buf_putc(b, hex[c & 15]);
			} else {
				buf_putc(b, (char)c);
			}
		}
	}
	buf_puts(b, "\"}\n");
}
