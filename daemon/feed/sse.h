/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sse: server-sent events (WHATWG HTML, 9.2.6 "Interpreting an event stream"), from
 * pieces of any size.  Bytes are not checked for UTF-8 here.
 */
#ifndef TOSD_FEED_SSE_H
#define TOSD_FEED_SSE_H

#include <stddef.h>
#include <stdint.h>

struct feed_sse_event {
	const char *event; /* its type, "message" if none was given */
	size_t nevent;
	const char *data; /* NULL: it was longer than the limit and was dropped */
	size_t n;
	const char *id; /* the last id that the stream gave, "" before */
};

/* All is good until the call returns.  The parser must not be fed or freed from here.
 */
typedef void feed_sse_fn(void *ctx, const struct feed_sse_event *e);

struct feed_sse;
struct feed_sse *feed_sse_new(size_t max, feed_sse_fn *fn, void *ctx);
void feed_sse_free(struct feed_sse **s);
void feed_sse_feed(struct feed_sse *s, const char *p, size_t n);

/* For the next connection: the value of Last-Event-ID ("" if none), and how long to
 * wait in ms (-1: the stream did not say). */
const char *feed_sse_last_id(const struct feed_sse *s);
int64_t feed_sse_retry(const struct feed_sse *s);

#endif
