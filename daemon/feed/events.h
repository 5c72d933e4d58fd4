/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: cuts a stream into events while it comes: server-sent events (WHATWG HTML,
 * section 9.2) or a JSON text a line.  Each byte is looked at once, however small the
 * pieces; an event that is too large is left out, and said, and the next one is read.
 */
#ifndef TOSD_FEED_EVENTS_H
#define TOSD_FEED_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct feed_event {
	const char *name; /* "" for a line of JSON; "message" where none is given */
	const char *data;
	size_t n;
	const char *id;  /* the stream's last event id; NULL: none yet, or lines */
	bool broken;	 /* it was too large: data is empty */
};
typedef void feed_event_cb(void *ctx, const struct feed_event *e);

/* All zero but sse and max: at the beginning of a stream. */
struct feed_events {
	bool sse;      /* else a JSON text a line */
	size_t max;    /* bytes of one event */
	int64_t retry; /* ms: what `retry:' said last, 0: nothing */
	/* private */
	struct buf name, data, id;
	bool has_id, broken, skip, cr, begun;
	size_t line, scan; /* where the present line begins; looked at so far */
};
void feed_events_clear(struct feed_events *s);

/* Reads what was appended to raw since the last call.  Returns how many bytes at its
 * beginning belong to whole events: the caller may take them away, and then says so
 * with feed_events_shift(). */
size_t feed_events_scan(
    struct feed_events *s, const struct buf *raw, feed_event_cb *fn, void *ctx);
void feed_events_shift(struct feed_events *s, size_t n);

/* Appends the event as a line of JSON, {"event": name, "payload": data as a string},
 * which feed_parse() reads. */
void feed_event_line(struct buf *b, const struct feed_event *e);

#endif
