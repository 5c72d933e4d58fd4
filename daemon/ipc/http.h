/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: a small HTTP/1.1 server on the loop (libevent's evhttp): GET and HEAD without
 * bodies, or also POST with bounded ones.  Meant to stand behind a proxy or on loopback.
 */
#ifndef TOSD_IPC_HTTP_H
#define TOSD_IPC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ipc/loop.h"

struct http_server;

/* What one server holds.  A connection that is more than one too many waits to be
 * accepted; one that is too many from its address (IPv6: its /64 network) or too slow is
 * closed. */
struct http_limits {
	unsigned connections, per_address;
	bool count_loopback; /* else a proxy on this machine may have them all */
	size_t header, body; /* bytes; body 0: no POST */
	int64_t time;	     /* ms for one request with its answer */
};
extern const struct http_limits http_limits_default; /* 256, 32, 16 KiB, none, 15 s */

struct http_reply {
	int status;
	const char *type; /* static string, e.g. "text/plain; charset=utf-8" */
	struct buf body;
};

/* path: of the request, without query.  Fills in reply (all zero before: 404). */
typedef void http_fn(void *ctx, const char *path, struct http_reply *reply);

/* listen: "127.0.0.1:8790", "[::1]:8790" (port 0: any) or "unix:/path".  Opens the
 * socket at once: before a sandbox closes.  The limits are those of http_limits_default. */
int http_server_new(struct loop *loop, const char *listen, http_fn *fn, void *ctx,
    struct http_server **out, struct err *e);

/* A request with all of it, for http_server_new_post(); borrowed. */
struct http_request {
	bool post;
	const char *path, *query; /* query NULL: none */
	const void *body;
	size_t n;
	const char *peer; /* address */
	const struct http_request_in *in;
};
typedef void http_post_fn(
    void *ctx, const struct http_request *req, struct http_reply *reply);

/* The first header of that name, any case; NULL: none. */
const char *http_request_header(const struct http_request *req, const char *name);
/* Appends the head as it came, line by line, under another path: the real one may be a
 * secret. */
void http_request_head(
    const struct http_request *req, const char *path, struct buf *out);

/* Called in fn: this request is answered later, whatever reply says.  Its bytes are gone
 * when fn returns. */
struct http_later;
struct http_later *http_request_later(const struct http_request *req);
/* Frees it.  If its client has gone, nothing is sent. */
void http_later_reply(struct http_later **later, int status);

/* The same with POST (413 beyond limits->body).  What is to be answered later must have
 * been before the server is freed. */
int http_server_new_post(struct loop *loop, const char *listen,
    const struct http_limits *limits, http_post_fn *fn, void *ctx,
    struct http_server **out, struct err *e);
void http_server_free(struct http_server **s);

/* The port it listens on, 0 for a unix socket. */
unsigned http_server_port(const struct http_server *s);

#endif
