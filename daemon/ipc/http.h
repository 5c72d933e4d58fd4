/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: a small HTTP/1.1 server on the loop (libevent's evhttp), for reading only:
 * GET and HEAD, no bodies.  Meant to stand behind a proxy or on loopback.
 */
#ifndef TOSD_IPC_HTTP_H
#define TOSD_IPC_HTTP_H

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
void http_server_free(struct http_server **s);

/* The port it listens on, 0 for a unix socket. */
unsigned http_server_port(const struct http_server *s);

#endif
