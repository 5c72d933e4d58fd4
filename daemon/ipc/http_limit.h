/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_limit: how many connections an evhttp holds, in all and from one address, and how
 * long one of them may take for a request.  evhttp itself knows none of these: it takes
 * what comes, and its time-outs begin anew with each byte.  Part of http.c, for it alone.
 */
#ifndef TOSD_IPC_HTTP_LIMIT_H
#define TOSD_IPC_HTTP_LIMIT_H

#include "ipc/http.h"

struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct http_limit;

/* Before the socket is given to evhttp; to be freed after it. */
struct http_limit *http_limit_new(
    struct loop *loop, struct evhttp *http, const struct http_limits *limits);
/* Then this one: it is not listened to while all connections are taken. */
void http_limit_socket(struct http_limit *l, struct evhttp_bound_socket *socket);
/* A request was answered: its connection has its time again. */
void http_limit_answered(struct http_limit *l, struct evhttp_connection *c);
void http_limit_free(struct http_limit **l);

#endif
