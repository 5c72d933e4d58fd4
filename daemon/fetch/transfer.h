/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: one hop of a request: a libcurl easy handle that is used again and again,
 * the bytes that went over the wire, and every limit that can be enforced while they
 * do.  Redirects are not followed here.
 */
#ifndef TOSD_FETCH_TRANSFER_H
#define TOSD_FETCH_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "fetch/resolve.h"

/* Where the body of a 200 goes instead of being kept: as fetch_data_cb (client.h),
 * returning an enum fetch_flow.  data NULL: the head is complete. */
struct transfer;
typedef int transfer_sink(struct transfer *t, const char *data, size_t n);

/* What to ask for; borrowed until the transfer has ended. */
struct transfer_ask {
	const char *url;
	CURLU *parts;		   /* of the same: what libcurl goes by */
	const char *accept;	   /* Accept header */
	const char *etag;	   /* sent back as If-None-Match, NULL: not */
	const char *last_modified; /* sent back as If-Modified-Since, NULL: not */
	const char *known;	   /* same_mark() of a body, NULL: none is */
	int64_t whole_time;	   /* ms for all hops */
	int64_t timeout;	   /* ms for this hop; at least 1 */
	size_t max_body;	   /* bytes, codings taken off */
	int64_t connect_timeout;   /* ms of these for a connection */
	/* The one address to be connected to; libcurl resolves nothing. */
	const struct resolve_addr *addr;
	uint16_t port;
	bool fresh; /* not on a kept connection */
	bool lone;  /* nor is its own kept */
	transfer_sink *sink;	   /* NULL: the body is kept */
	const char *bearer;	   /* token, NULL: none */
	const char *last_event_id; /* NULL: none */
	const char *form;	   /* POST; NULL: GET */
	const char *json;	   /* POST in its place; NULL: not */
	const struct conf_range *allow;
	size_t nallow;
};

/* Why we ended it ourselves. */
enum transfer_stop {
	TRANSFER_RAN,	 /* we did not */
	TRANSFER_HEADER, /* header longer than max_header */
	TRANSFER_BODY,	 /* body longer than allowed */
	TRANSFER_BOMB,	 /* unpacks to more than 100 times of what came */
	TRANSFER_ENOUGH, /* the sink wants no more */
};

#define TRANSFER_HEADERS 6 /* that we write ourselves */

struct transfer {
	CURL *easy;
	const struct conf_fetch *conf; /* borrowed from the client */
	void *owner;		       /* whose hop it is; NULL: free */
	struct transfer *next;	       /* in the client's list of free ones */
	unsigned generation;	       /* of the configuration it was made for */
	bool second;		       /* asks as somebody else */
	struct curl_slist headers[TRANSFER_HEADERS], connect; /* not on the heap */
	struct buf lines;				      /* of headers */
	char connect_to[64];				      /* "::192.0.2.1:443" */
	struct transfer_ask ask;
	/* what happened */
	struct buf request, head, body; /* body with the codings taken off */
	size_t head_bytes;		/* of all heads and trailers */
	int status;
	struct same *same; /* digests the body; NULL until there is need of it */
	bool digesting;
	bool head_begun; /* and its last line has not come */
	bool head_done; /* the final answer's head is complete */
	enum transfer_stop stop;
	char refused[160]; /* an address that the guard did not let through, in words;
			    * another address of the host may have worked */
	char error[CURL_ERROR_SIZE];
};

/* share: TLS sessions; NULL: none.  conf must outlive the transfer.  second: with the
 * second user agent and interface. */
struct transfer *transfer_new(
    const struct conf_fetch *conf, CURLSH *share, bool second);
void transfer_free(struct transfer **t);

/* Options that follow the configuration, after it has changed. */
void transfer_configure(struct transfer *t);

/* Makes it ready for multi_add(). */
void transfer_begin(struct transfer *t, const struct transfer_ask *ask, void *owner);
/* Empties it for the next use; buffers that the owner took stay his. */
void transfer_end(struct transfer *t);

/* Is the body, once it is complete, the one that is known? */
bool transfer_known(struct transfer *t);

/* "192.0.2.1:443": whom it asks. */
const char *transfer_peer(const struct transfer *t);

/* The transfer of an easy handle. */
struct transfer *transfer_of(CURL *easy);

#endif
