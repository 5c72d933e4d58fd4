/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: asks web servers on behalf of the daemon: politely (per-host gaps and
 * limits, validators), within limits (time, size, redirects), only where the guard
 * lets it, and with every byte kept.  Runs on the loop, in one thread.
 */
#ifndef TOSD_FETCH_CLIENT_H
#define TOSD_FETCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "ipc/loop.h"
#include "ipc/msg.h"

struct fetch_client;

/* A body on its way, for answers that have no end.  Everything is borrowed. */
struct fetch_piece {
	const char *url, *peer;	   /* of this hop; peer may be NULL */
	const struct buf *request; /* as sent, without what is secret */
	const struct buf *head;	   /* NULL: the request is only going out */
	const char *data;	   /* n 0: the head has come */
	size_t n;
};
enum fetch_flow {
	FETCH_GO,
	FETCH_WAIT, /* this piece comes again after fetch_client_resume() */
	FETCH_END,  /* give the transfer up */
};
typedef enum fetch_flow fetch_data_cb(void *ctx, const struct fetch_piece *p);

/* What to get.  Everything is copied. */
struct fetch_request {
	const char *url;
	const char *accept; /* Accept header; NULL: feeds first, then anything */
	const char *etag,
	    *last_modified; /* validators as they were sent to us, or NULL */
	const char *known;  /* same_mark() of the body of last time, or NULL */
	const struct conf_range *allow; /* of this tenant, beside conf_fetch.allow */
	size_t nallow;
	bool second; /* as somebody else: user agent, way out, connections */
	/* In place of the configuration's; 0: those. */
	size_t max_body;
	int64_t timeout;
	/* A stream: the body of a 200 goes there and is not kept, there is no limit to
	 * time and size, and it takes no other request's place. */
	fetch_data_cb *on_data;
	const char *bearer;	   /* a token; does not follow to another origin */
	const char *last_event_id; /* NULL: none */
	const char *form;	   /* sent by POST, form-urlencoded; NULL: GET */
	/* Sent by POST in its place.  Such a request follows no redirect, has a connection
	 * of its own, so that it is sent once, and may take its whole time in silence. */
	const char *json;
};

/* One answer on the way, the last one included. */
struct fetch_hop {
	char *url;
	char *peer;	/* "192.0.2.1:443", NULL if no connection came about */
	int32_t status; /* 0: no answer */
	/* As sent and received; empty in the last one, whose bytes are the result's. */
	struct buf request, head;
};

/*
 * What came of it.  All of it belongs to the client and is freed after the callback,
 * which may take a string or a buffer by setting it to NULL or zero.
 *
 * The outcome is POLLED_OK for every 200 that was read: whether it is a feed is not
 * known here.  A transfer that broke off later than the head has the outcome of the
 * failure, status 200, truncated set and the body that did come.
 */
struct fetch_result {
	uint8_t outcome; /* enum poll_outcome */
	int32_t status;	 /* of the last hop, 0 if none */
	int64_t time;	 /* clock_now() when it was complete */
	int64_t took;	 /* ms on the wire, waiting for our turn left out */
	char *url;	 /* of the last hop */
	char *moved; /* where permanent redirects alone lead; only when it went well */
	char *peer;
	char *etag, *last_modified; /* to keep; NULL: none, or the body is not whole */
	char *content_type;
	int64_t hint;	     /* ms the answer is fresh, 0: not said */
	int64_t retry_after; /* ms, 0: not said; redirects on the way may say it, too */
	bool known;	     /* body is whole and that of the mark: it is left out */
	bool truncated;	     /* body is cut at a limit or by a failure */
	char *why;	     /* words for whatever is not plain success, UTF-8 */
	struct buf request;  /* as sent on the last hop */
	struct buf head;     /* as received on the last hop */
	struct buf body;     /* codings taken off */
	struct fetch_hop *hops;
	size_t nhops;
};
/* Frees what is in it; all zero after. */
void fetch_result_clear(struct fetch_result *r);

/* Called once for each request, from the loop, never from inside fetch_client_get(). */
typedef void fetch_done_cb(void *ctx, struct fetch_result *r);

/* Never NULL.  conf is copied. */
struct fetch_client *fetch_client_new(struct loop *l, const struct conf_fetch *conf);

/* Queues it; it starts when its host's turn comes.  A host that asked for a pause
 * longer than one request may take is not asked: the outcome is POLLED_RATE_LIMIT then,
 * status 0, with what is left of the pause. */
void fetch_client_get(struct fetch_client *c, const struct fetch_request *req,
    fetch_done_cb *done, void *ctx);

/* Gives up the requests with this ctx: each ends with POLLED_OWN_FAULT, now or when
 * its turn comes. */
void fetch_client_cancel(struct fetch_client *c, const void *ctx, const char *why);
/* After FETCH_WAIT. */
void fetch_client_resume(struct fetch_client *c, const void *ctx);

/* Other limits from now on; what runs goes on under the old time limits. */
void fetch_client_reconf(struct fetch_client *c, const struct conf_fetch *conf);

/* Ends all that waits or runs with POLLED_OWN_FAULT, before it returns. */
void fetch_client_abort(struct fetch_client *c, const char *why);

/* Without calling anybody back.  Not from inside a callback. */
void fetch_client_free(struct fetch_client **c);

struct fetch_stats {
	uint64_t requests;		      /* taken */
	uint64_t hops;			      /* sent out */
	uint64_t connections;		      /* newly made */
	uint64_t bytes;			      /* of heads and bodies, unpacked */
	uint64_t outcomes[POLLED_COUNT];      /* of the requests that ended */
	uint64_t lookups;		      /* names asked for */
	size_t active, waiting, hosts, names; /* now */
};
void fetch_client_stats(const struct fetch_client *c, struct fetch_stats *out);

#endif
