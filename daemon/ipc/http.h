/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: a small HTTP/1.1 server on the loop (libevent's evhttp): GET and HEAD without
 * bodies, or also POST with bounded ones.  Meant to stand behind a proxy or on loopback.
 */
#ifndef TOSD_IPC_HTTP_H
#define TOSD_IPC_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "ipc/loop.h"

struct http_server;

struct http_reply {
	int status;
	const char *type; /* static string, e.g. "text/plain; charset=utf-8" */
	struct buf body;
};

/* path: of the request, without query.  Fills in reply (all zero before: 404). */
typedef void http_fn(void *ctx, const char *path, struct http_reply *reply);

/* listen: "127.0.0.1:8790", "[::1]:8790" (port 0: any) or "unix:/path".  Opens the
 * socket at once: before a sandbox closes. */
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

/* The same with POST, of at most max_body bytes (413 beyond). */
int http_server_new_post(struct loop *loop, const char *listen, size_t max_body,
    http_post_fn *fn, void *ctx, struct http_server **out, struct err *e);
void http_server_free(struct http_server **s);

/* The port it listens on, 0 for a unix socket. */
unsigned http_server_port(const struct http_server *s);

#endif
