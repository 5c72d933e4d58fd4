/* SPDX-License-Identifier: Apache-2.0 */
/* loop: libevent behind our own names; see loop.h.  Linked by every role. */
#include "ipc/loop.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

struct loop {
	struct event_base *base;
};

struct loop_timer {
	struct event *ev;
	loop_cb *cb;
	void *ctx;
};

struct loop_fd {
	struct loop *loop;
	struct event *ev; /* NULL while nothing is watched */
	int fd;
	unsigned what;
	loop_fd_cb *cb;
	void *ctx;
};

struct loop_signal {
	struct event *ev;
	loop_signal_cb *cb;
	void *ctx;
};

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct event_config *cfg = event_config_new();

	/* Environment variables of libevent must not choose another backend. */
	if (cfg != NULL)
		event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV);
	l->base = cfg != NULL ? event_base_new_with_config(cfg) : NULL;
	if (l->base == NULL)
		log_die("loop", "the kernel gives no event queue (epoll)");
	event_config_free(cfg);
	return l;
}

void
loop_free(struct loop **l)
{
	if (*l == NULL)
		return;
	event_base_free((*l)->base);
	free(*l);
	*l = NULL;
}

int
loop_run(struct loop *l)
{
	/* Without a watcher libevent returns at once; a role always has some. */
	return event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? TOSD_EIO : 0;
}

void
loop_turn(struct loop *l)
{
	event_base_loop(l->base, EVLOOP_NONBLOCK);
}

void
loop_stop(struct loop *l)
{
	event_base_loopbreak(l->base);
}

static struct event *
make_event(struct event_base *base, int fd, short what, event_callback_fn fn, void *arg)
{
	struct event *ev = event_new(base, fd, what, fn, arg);

	if (ev == NULL)
		log_die("loop", "cannot watch descriptor or signal %d", fd);
	return ev;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->cb(t->ctx);
}

struct loop_timer *
loop_timer_new(struct loop *l, loop_cb *cb, void *ctx)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	t->cb = cb;
	t->ctx = ctx;
	t->ev = make_event(l->base, -1, 0, on_timer, t);
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t ms)
{
	struct timeval tv;

	if (ms < 0)
		ms = 0;
	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	if (event_add(t->ev, &tv) != 0)
		log_die("loop", "cannot set a timer");
}

void
loop_timer_clear(struct loop_timer *t)
{
	event_del(t->ev);
}

void
loop_timer_free(struct loop_timer **t)
{
	if (*t == NULL)
		return;
	event_free((*t)->ev);
	free(*t);
	*t = NULL;
}

static void
on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *w = arg;
	unsigned got = 0;

	if (what & EV_READ)
		got |= LOOP_READ;
	if (what & EV_WRITE)
		got |= LOOP_WRITE;
	w->cb(w->ctx, fd, got);
}

void
loop_fd_change(struct loop_fd *w, unsigned what)
{
	short ev = EV_PERSIST;

	if (what == w->what)
		return;
	if (w->ev != NULL)
		event_free(w->ev);
	w->ev = NULL;
	w->what = what;
	if (what == 0)
		return;
	if (what & LOOP_READ)
		ev |= EV_READ;
	if (what & LOOP_WRITE)
		ev |= EV_WRITE;
	w->ev = make_event(w->loop->base, w->fd, ev, on_fd, w);
	if (event_add(w->ev, NULL) != 0)
		log_die("loop", "cannot watch descriptor %d", w->fd);
}

struct loop_fd *
loop_fd_new(struct loop *l, int fd, unsigned what, loop_fd_cb *cb, void *ctx)
{
	struct loop_fd *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->fd = fd;
	w->cb = cb;
	w->ctx = ctx;
	loop_fd_change(w, what);
	return w;
}

void
loop_fd_free(struct loop_fd **w)
{
	if (*w == NULL)
		return;
	if ((*w)->ev != NULL)
		event_free((*w)->ev);
	free(*w);
	*w = NULL;
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)what;
	s->cb(s->ctx, signo);
}

struct loop_signal *
loop_signal(struct loop *l, int signo, loop_signal_cb *cb, void *ctx)
{
	struct loop_signal *s = xcalloc(1, sizeof(*s));

	s->cb = cb;
	s->ctx = ctx;
	s->ev = make_event(l->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, s);
	if (event_add(s->ev, NULL) != 0)
		log_die("loop", "cannot watch signal %d", signo);
	return s;
}

void
loop_signal_free(struct loop_signal **s)
{
	if (*s == NULL)
		return;
	event_free((*s)->ev);
	free(*s);
	*s = NULL;
}
