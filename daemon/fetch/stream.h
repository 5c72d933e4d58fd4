/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: requests whose answer has no end, kept open: opened again when they end, with
 * back-off (pace.h), from where they were; ended when they fall silent.  Knows nothing
 * of what comes over them.
 */
#ifndef TOSD_FETCH_STREAM_H
#define TOSD_FETCH_STREAM_H

#include "fetch/client.h"

struct fetch_streams; /* all of a process */
struct fetch_stream;

/* What to open.  Everything is copied. */
struct fetch_stream_ask {
	const char *url;
	const char *accept;
	const char *type;	  /* what the media type must begin with; NULL: any */
	const char *cursor_param; /* NULL: header Last-Event-ID */
	const char *last_id;	  /* NULL: from now on */
	const char *bearer;
	const struct conf_range *allow;
	size_t nallow;
	uint64_t seed; /* of the jitter */
};

/* Called from the loop, never from fetch_stream_open(); not after a close. */
struct fetch_stream_ops {
	/* The answer has begun: head in p. */
	void (*up)(void *ctx, const struct fetch_piece *p);
	/* FETCH_WAIT: it comes again after fetch_stream_resume(). */
	enum fetch_flow (*data)(void *ctx, const char *data, size_t n);
	/* It ended, or could not be opened; it is tried again after wait ms. */
	void (*down)(void *ctx, const char *why, int64_t wait);
};

/* The client must live as long. */
struct fetch_streams *fetch_streams_new(
    struct loop *l, struct fetch_client *c, const struct conf_fetch *conf);
void fetch_streams_reconf(struct fetch_streams *s, const struct conf_fetch *conf);
/* After fetch_client_abort(): nothing is called back. */
void fetch_streams_free(struct fetch_streams **s);

/* One that finds conf_fetch.max_streams open is down, and tried again until there is room. */
struct fetch_stream *fetch_stream_open(struct fetch_streams *set,
    const struct fetch_stream_ask *ask, const struct fetch_stream_ops *ops, void *ctx);
/* Safe inside callbacks but data. */
void fetch_stream_close(struct fetch_stream **s);

/* Where to go on after the next end. */
void fetch_stream_at(struct fetch_stream *s, const char *last_id);
/* Another token from the next request on. */
void fetch_stream_token(struct fetch_stream *s, const char *bearer);
/* The server's wish: wait so long before opening it again. */
void fetch_stream_retry(struct fetch_stream *s, int64_t ms);
void fetch_stream_resume(struct fetch_stream *s);

#endif
