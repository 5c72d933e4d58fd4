/* SPDX-License-Identifier: Apache-2.0 */
/* http: evhttp behind our own names, and what evhttp is too kind to; see http.h. */
#include "ipc/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipc/http_limit.h"
#include "ipc/loop_in.h"

const struct http_limits http_limits_default = {
    .connections = 256, .per_address = 32, .header = 16384, .time = 15 * CLOCK_SEC};

struct http_server {
	struct evhttp *http;
	http_fn *fn;
	http_post_fn *post; /* instead of fn */
	void *ctx;
	struct http_limit *limit;
	char *unix_path;
	unsigned port;
};

/* --- requests --- */

static unsigned
count_header(struct evkeyvalq *headers, const char *name)
{
	struct evkeyval *h;
	unsigned n = 0;

	for (h = headers->tqh_first; h != NULL; h = h->next.tqe_next)
		n += strcasecmp(h->key, name) == 0;
	return n;
}

/* evhttp takes a doubled Content-Length and a missing Host: both are refused, since
 * a proxy before us may read them differently. */
static bool
well_formed(struct evhttp_request *req, bool body)
{
	struct evkeyvalq *h = evhttp_request_get_input_headers(req);

	return count_header(h, "Host") == 1 && count_header(h, "Content-Length") <= 1 &&
	       (body || evbuffer_get_length(evhttp_request_get_input_buffer(req)) == 0);
}

static void
send_reply(struct http_server *s, struct evhttp_request *req, struct http_reply *r)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(req);
	struct evkeyvalq *h = evhttp_request_get_output_headers(req);
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(h, "Content-Type", r->type != NULL ? r->type : "text/plain");
	evhttp_add_header(h, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(h, "Cache-Control", "no-store");
	evhttp_add_header(h, "Content-Security-Policy", "default-src 'none'");
	if (body != NULL && r->body.len > 0)
		evbuffer_add(body, r->body.data, r->body.len);
	http_limit_answered(s->limit, conn);
	evhttp_send_reply(req, r->status, NULL, body);
	if (body != NULL)
		evbuffer_free(body);
}

/* --- requests that may have a body --- */

struct http_later {
	struct http_server *server;
	struct evhttp_request *req; /* NULL: its client has gone */
};

struct http_request_in {
	struct http_server *server;
	struct evhttp_request *req;
	struct http_later *later;
};

static void
on_client_gone(struct evhttp_connection *conn, void *ctx)
{
	struct http_later *l = ctx;

	(void)conn;
	l->req = NULL;
}

struct http_later *
http_request_later(const struct http_request *req)
{
	struct http_request_in *in = (struct http_request_in *)req->in;
	struct http_later *l = xcalloc(1, sizeof(*l));

	l->server = in->server;
	l->req = in->req;
	in->later = l;
	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(in->req), on_client_gone, l);
	return l;
}

void
http_later_reply(struct http_later **lp, int status)
{
	struct http_later *l = *lp;
	struct http_reply r = {.status = status};

	if (l == NULL)
		return;
	if (l->req != NULL) {
		evhttp_connection_set_closecb(
		    evhttp_request_get_connection(l->req), NULL, NULL);
		send_reply(l->server, l->req, &r);
	}
	free(l);
	*lp = NULL;
}

const char *
http_request_header(const struct http_request *req, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(req->in->req), name);
}

void
http_request_head(const struct http_request *req, const char *path, struct buf *out)
{
	struct evhttp_request *r = req->in->req;
	struct evkeyvalq *headers = evhttp_request_get_input_headers(r);
	struct evkeyval *h;

	buf_printf(out, "%s %s HTTP/%d.%d\r\n", req->post ? "POST" : "GET", path,
	    r->major, r->minor);
	for (h = headers->tqh_first; h != NULL; h = h->next.tqe_next)
		buf_printf(out, "%s: %s\r\n", h->key, h->value);
	buf_puts(out, "\r\n");
}

/* False: it is answered later. */
static bool
answer_full(struct http_server *s, struct evhttp_request *req, const char *path,
    struct http_reply *reply)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	struct http_request_in in = {s, req, NULL};
	struct http_request q = {.in = &in,
	    .post = evhttp_request_get_command(req) == EVHTTP_REQ_POST,
	    .path = path,
	    .query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)),
	    .n = evbuffer_get_length(body)};
	char *peer = NULL;
	ev_uint16_t port;

	q.body = q.n > 0 ? evbuffer_pullup(body, -1) : NULL;
	evhttp_connection_get_peer(evhttp_request_get_connection(req), &peer, &port);
	q.peer = peer;
	s->post(s->ctx, &q, reply);
	return in.later == NULL;
}

static void
on_request(struct evhttp_request *req, void *ctx)
{
	struct http_server *s = ctx;
	struct http_reply r = {0};
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	bool now = true;

	if (!well_formed(req,
		s->post != NULL && evhttp_request_get_command(req) == EVHTTP_REQ_POST))
		r.status = 400;
	else if (s->post != NULL)
		now = answer_full(s, req, path != NULL ? path : "/", &r);
	else
		s->fn(s->ctx, path != NULL ? path : "/", &r);
	if (r.status == 0)
		r.status = 404;
	if (now)
		send_reply(s, req, &r);
	buf_free(&r.body);
}

/* --- listening --- */

static int
listen_unix(const char *path, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		err_set(e, TOSD_EINVAL, "the socket's path is too long: %s", path);
		return -1;
	}
	strcpy(sa.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    chmod(path, 0660) != 0 || listen(fd, 64) != 0) {
		err_sys(e, "cannot listen on %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int
parse_address(const char *s, struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	const char *colon = strrchr(s, ':');
	char host[64];
	char *end;
	long port;
	size_t n;

	memset(ss, 0, sizeof(*ss));
	if (colon == NULL)
		return -1;
	port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port < 0 || port > 65535)
		return -1;
	n = colon - s;
	if (n > 1 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return -1;
	memcpy(host, s, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		*len = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*in6);
		return 0;
	}
	return -1;
}

static int
listen_inet(const char *where, unsigned *port, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;

	if (parse_address(where, &ss, &len) != 0) {
		err_set(e, TOSD_EINVAL,
		    "`%s' is no address; say 127.0.0.1:8790, "
		    "[::1]:8790 or unix:/path",
		    where);
		return -1;
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, 64) != 0) {
		err_sys(e, "cannot listen on %s", where);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* Inherited by what is accepted: without it each answer waits 40 ms for a
	 * delayed acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	getsockname(fd, (struct sockaddr *)&ss, &len);
	*port =
	    ntohs(ss.ss_family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port
					  : ((struct sockaddr_in6 *)&ss)->sin6_port);
	return fd;
}

static int
server_new(struct loop *loop, const char *where, const struct http_limits *limits,
    struct http_server **out, struct err *e)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	struct evhttp_bound_socket *socket = NULL;
	int fd;

	*out = NULL;
	if (strncmp(where, "unix:", 5) == 0) {
		s->unix_path = xstrdup(where + 5);
		fd = listen_unix(s->unix_path, e);
	} else {
		fd = listen_inet(where, &s->port, e);
	}
	s->http = fd >= 0 ? evhttp_new(loop_base(loop)) : NULL;
	if (s->http != NULL) {
		s->limit = http_limit_new(loop, s->http, limits);
		socket = evhttp_accept_socket_with_handle(s->http, fd);
	}
	if (socket == NULL) {
		if (fd >= 0) {
			err_set(e, TOSD_EIO, "libevent refused the socket");
			close(fd);
		}
		http_server_free(&s);
		return e != NULL && e->code != 0 ? e->code : TOSD_EIO;
	}
	http_limit_socket(s->limit, socket);
	evhttp_set_allowed_methods(
	    s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
			 (limits->body > 0 ? EVHTTP_REQ_POST : 0));
	evhttp_set_max_headers_size(s->http, (ev_ssize_t)limits->header);
	evhttp_set_max_body_size(s->http, (ev_ssize_t)limits->body);
	evhttp_set_timeout(s->http, (int)((limits->time + CLOCK_SEC - 1) / CLOCK_SEC));
	evhttp_set_gencb(s->http, on_request, s);
	*out = s;
	return 0;
}

int
http_server_new(struct loop *loop, const char *where, http_fn *fn, void *ctx,
    struct http_server **out, struct err *e)
{
	int rc = server_new(loop, where, &http_limits_default, out, e);

	if (rc == 0) {
		(*out)->fn = fn;
		(*out)->ctx = ctx;
	}
	return rc;
}

int
http_server_new_post(struct loop *loop, const char *where,
    const struct http_limits *limits, http_post_fn *fn, void *ctx,
    struct http_server **out, struct err *e)
{
	int rc = server_new(loop, where, limits, out, e);

	if (rc == 0) {
		(*out)->post = fn;
		(*out)->ctx = ctx;
	}
	return rc;
}

void
http_server_free(struct http_server **sp)
{
	struct http_server *s = *sp;

	if (s == NULL)
		return;
	if (s->http != NULL)
		evhttp_free(s->http);
	http_limit_free(&s->limit);
	if (s->unix_path != NULL)
		unlink(s->unix_path);
	free(s->unix_path);
	free(s);
	*sp = NULL;
}

unsigned
http_server_port(const struct http_server *s)
{
	return s->port;
}
