/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: events of a long-lived answer, one by one, to items: lines of NDJSON, or
 * server-sent events as Mastodon and others send them.  What was read waits until it
 * is taken, at most feed_limits.max_items of it.
 */
#ifndef TOSD_FEED_STREAM_H
#define TOSD_FEED_STREAM_H

#include "feed/feed.h"

/* No event of the kinds that are read is longer: posts of a few hundred KiB. */
#define FEED_EVENT_MAX ((size_t)2 << 20)

struct feed_stream;
/* src->url is the base of relative addresses, src->mapping applies to every event.
 * A mapping must outlive the stream; src and lim may be NULL. */
struct feed_stream *feed_stream_new(
    const struct feed_source *src, const struct feed_limits *lim);
void feed_stream_free(struct feed_stream **s);

/* One line of NDJSON (event "" or "message"), or the data of one event ("update",
 * "status.update", "delete", ...; unknown ones are read as what they hold).  0 also if
 * it says nothing of posts.  TOSD_EINVAL: it is not JSON as a whole; what could be read
 * of it was.  TOSD_EBUSY: nothing was read, take first. */
int feed_stream_event(struct feed_stream *s, const char *event, size_t nevent,
    const char *data, size_t n);

/* Moves what there is to *out (see feed_parse), to be freed with feed_doc_clear(). */
void feed_stream_take(struct feed_stream *s, struct feed_doc *out);

#endif
