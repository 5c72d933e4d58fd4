/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_limit: see http_limit.h.  evhttp says when it makes a connection, without its
 * descriptor, and never when it ends.  So the descriptor is looked at in the next turn
 * of the loop, and whether it still is the same socket (by its inode) now and then:
 * every second, and ten times as often while nobody is let in.
 */
#include "ipc/http_limit.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/loop_in.h"

#define SWEEP CLOCK_SEC
#define SWEEP_FULL (CLOCK_SEC / 10)
#define TELL_EVERY CLOCK_HOUR

struct conn {
	struct conn *next;
	struct bufferevent *bev; /* held until it is settled, then NULL */
	int fd;
	ino_t inode;
	int64_t since; /* steady ms: came, or its last request was answered */
	uint8_t peer[16];
	bool counts; /* for its address: it is no proxy on this machine */
};

struct http_limit {
	struct http_limits max;
	struct evconnlistener *listener;
	struct conn *conns;
	unsigned open;
	bool full; /* not listening */
	int64_t told;
	struct loop_timer *settle, *sweep;
};

/* --- one connection --- */

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

static void
cut(const struct conn *c)
{
	shutdown(c->fd, SHUT_RDWR); /* evhttp sees its end */
}

/* Once an hour: whoever floods us must not fill our log. */
static void
tell(struct http_limit *l, const char *what)
{
	int64_t now = clock_steady();

	if (l->told != 0 && now - l->told < TELL_EVERY)
		return;
	l->told = now;
	log_warn("http", "%s", what);
}

/* False: a unix socket or loopback, a proxy that stands for many. */
static bool
peer_of(int fd, uint8_t out[16])
{
	static const uint8_t loop6[16] = {[15] = 1};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(out, 0, 16);
	if (fd < 0 || getpeername(fd, (struct sockaddr *)&ss, &len) != 0)
		return false;
	if (ss.ss_family == AF_INET) {
		memcpy(out, &((struct sockaddr_in *)&ss)->sin_addr, 4);
		return out[0] != 127;
	}
	if (ss.ss_family != AF_INET6)
		return false;
	memcpy(out, &((struct sockaddr_in6 *)&ss)->sin6_addr, 16);
	if (memcmp(out, loop6, 16) == 0)
		return false;
	memset(out + 8, 0, 8); /* one network has as many addresses as it likes */
	return true;
}

static unsigned
from_there(const struct http_limit *l, const struct conn *me)
{
	unsigned n = 0;

	for (const struct conn *c = l->conns; c != NULL; c = c->next)
		n += c->bev == NULL && c->counts && memcmp(c->peer, me->peer, 16) == 0;
	return n;
}

/* Drops what has ended, and lets others in again. */
static void
sweep(struct http_limit *l)
{
	struct conn **at = &l->conns, *c;

	while ((c = *at) != NULL) {
		if (c->bev != NULL || (c->inode != 0 && inode_of(c->fd) == c->inode)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		l->open--;
		free(c);
	}
	if (l->full && l->open < l->max.connections) {
		l->full = false;
		evconnlistener_enable(l->listener);
	}
}

/* Has evhttp ended it already?  Then its descriptor may be somebody else's. */
static bool
has_ended(struct bufferevent *bev)
{
	bufferevent_data_cb read, write;
	bufferevent_event_cb event;
	void *ctx;

	bufferevent_getcb(bev, &read, &write, &event, &ctx);
	return event == NULL;
}

static void
settle(struct http_limit *l, struct conn *c)
{
	c->fd = has_ended(c->bev) ? -1 : bufferevent_getfd(c->bev);
	bufferevent_decref(c->bev);
	c->bev = NULL;
	c->inode = inode_of(c->fd);
	c->counts = peer_of(c->fd, c->peer) || l->max.count_loopback;
	if (!c->counts || c->inode == 0 || from_there(l, c) <= l->max.per_address)
		return;
	c->counts = false;
	tell(l, "as many connections from one address as are allowed: further ones are "
		"closed");
	cut(c);
}

static void
on_settle(void *ctx)
{
	struct http_limit *l = ctx;

	sweep(l);
	for (struct conn *c = l->conns; c != NULL; c = c->next)
		if (c->bev != NULL)
			settle(l, c);
}

static void
on_sweep(void *ctx)
{
	struct http_limit *l = ctx;
	int64_t now = clock_steady();

	sweep(l);
	for (struct conn *c = l->conns; c != NULL; c = c->next)
		if (c->bev == NULL && now - c->since > l->max.time)
			cut(c);
	loop_timer_set(l->sweep, l->full ? SWEEP_FULL : SWEEP);
}

static struct bufferevent *
on_new(struct event_base *base, void *ctx)
{
	struct http_limit *l = ctx;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
	struct conn *c;

	if (bev == NULL)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	bufferevent_incref(bev);
	c->bev = bev;
	c->since = clock_steady();
	c->next = l->conns;
	l->conns = c;
	loop_timer_set(l->settle, 0);
	if (++l->open >= l->max.connections && l->listener != NULL && !l->full) {
		l->full = true;
		evconnlistener_disable(l->listener);
		loop_timer_set(l->sweep, SWEEP_FULL);
		tell(l, "as many connections as are allowed: others wait");
	}
	return bev;
}

struct http_limit *
http_limit_new(struct loop *loop, struct evhttp *http, const struct http_limits *limits)
{
	struct http_limit *l = xcalloc(1, sizeof(*l));

	l->max = *limits;
	l->settle = loop_timer_new(loop, on_settle, l);
	l->sweep = loop_timer_new(loop, on_sweep, l);
	loop_timer_set(l->sweep, SWEEP);
	evhttp_set_bevcb(http, on_new, l);
	return l;
}

void
http_limit_socket(struct http_limit *l, struct evhttp_bound_socket *socket)
{
	l->listener = evhttp_bound_socket_get_listener(socket);
}

void
http_limit_answered(struct http_limit *l, struct evhttp_connection *conn)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
	int fd = bufferevent_getfd(bev);

	for (struct conn *c = l->conns; c != NULL; c = c->next)
		if (c->bev == bev || (c->bev == NULL && c->fd == fd))
			c->since = clock_steady();
}

void
http_limit_free(struct http_limit **lp)
{
	struct http_limit *l = *lp;
	struct conn *c;

	if (l == NULL)
		return;
	while ((c = l->conns) != NULL) {
		l->conns = c->next;
		if (c->bev != NULL)
			bufferevent_decref(c->bev);
		free(c);
	}
	loop_timer_free(&l->settle);
	loop_timer_free(&l->sweep);
	free(l);
	*lp = NULL;
}
