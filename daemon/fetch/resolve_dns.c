/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_dns: c-ares says which sockets to watch; see resolve_dns.h.
 *
 * A channel of c-ares knows one version of resolv.conf.  When that file changes, or the
 * configuration does, a new channel takes the next questions, and the old one goes once
 * its last question is answered.
 */
#include "fetch/resolve_dns.h"

#include <ares.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define LOOK_AGAIN (5 * CLOCK_SEC) /* at resolv.conf, at most so often */
#define TRIES 3			   /* c-ares doubles its patience: 1 + 2 + 4 parts */
#define PARTS 8			   /* of the whole time limit */
#define TYPE_NS 2		   /* RFC 1035 */

struct watch {
	struct watch *next;
	int fd;
	struct loop_fd *w;
};

struct line { /* a channel, but that is the word for those between roles */
	struct dns *d;
	struct line *next; /* retired ones */
	ares_channel ares;
	struct watch *watches;
	struct loop_timer *timer;
	unsigned pending;
};

struct dns {
	struct loop *loop;
	char *servers;
	int64_t timeout;
	struct line *line, *retired;
	int64_t looked; /* at resolv.conf, steady ms */
	struct stat seen;
	struct loop_timer *bury;
};

struct question {
	struct line *line;
	dns_cb *cb;
	void *ctx;
};

/* --- c-ares on the loop --- */

static void
line_wake(struct line *l)
{
	struct timeval tv, *t = ares_timeout(l->ares, NULL, &tv);

	if (t == NULL)
		loop_timer_clear(l->timer);
	else
		loop_timer_set(l->timer, t->tv_sec * 1000 + t->tv_usec / 1000 + 1);
}

static void
on_line_timer(void *ctx)
{
	struct line *l = ctx;

	ares_process_fd(l->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	line_wake(l);
}

static void
on_line_fd(void *ctx, int fd, unsigned what)
{
	struct line *l = ctx;

	ares_process_fd(l->ares, what & LOOP_READ ? fd : ARES_SOCKET_BAD,
	    what & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
	line_wake(l);
}

static void
on_line_socket(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct line *l = ctx;
	struct watch **p = &l->watches, *w;
	unsigned bits = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);

	while (*p != NULL && (*p)->fd != fd)
		p = &(*p)->next;
	w = *p;
	if (bits == 0) {
		if (w == NULL)
			return;
		*p = w->next;
		loop_fd_free(&w->w);
		free(w);
	} else if (w != NULL) {
		loop_fd_change(w->w, bits);
	} else {
		w = xcalloc(1, sizeof(*w));
		w->fd = fd;
		w->w = loop_fd_new(l->d->loop, fd, bits, on_line_fd, l);
		*p = w;
	}
}

static struct line *
line_new(struct dns *d)
{
	struct line *l = xcalloc(1, sizeof(*l));
	struct ares_options o = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
	    .timeout = (int)(d->timeout / PARTS > 20 ? d->timeout / PARTS : 20),
	    .tries = TRIES,
	    .sock_state_cb = on_line_socket,
	    .sock_state_cb_data = l};
	int rc = ares_init_options(&l->ares, &o,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_SOCK_STATE_CB);

	if (rc == ARES_SUCCESS && d->servers != NULL)
		rc = ares_set_servers_ports_csv(l->ares, d->servers);
	if (rc != ARES_SUCCESS)
		log_die("fetch", "c-ares could not start: %s", ares_strerror(rc));
	l->d = d;
	l->timer = loop_timer_new(d->loop, on_line_timer, l);
	return l;
}

static void
line_free(struct line *l)
{
	ares_destroy(l->ares); /* tells whoever waits, and closes the sockets */
	loop_timer_free(&l->timer);
	free(l);
}

/* Not from inside a callback of c-ares. */
static void
on_bury(void *ctx)
{
	struct dns *d = ctx;
	struct line **p = &d->retired, *l;

	while ((l = *p) != NULL) {
		if (l->pending > 0) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		line_free(l);
	}
}

static void
retire(struct dns *d)
{
	if (d->line == NULL)
		return;
	d->line->next = d->retired;
	d->retired = d->line;
	d->line = NULL;
	loop_timer_set(d->bury, 0);
}

/* The channel for a new question. */
static struct line *
line_of(struct dns *d)
{
	int64_t now = clock_steady();
	struct stat st = {0};

	if (d->line == NULL || now - d->looked >= LOOK_AGAIN) {
		d->looked = now;
		if (stat(RESOLV_CONF, &st) != 0)
			memset(&st, 0, sizeof(st));
		if (st.st_ino != d->seen.st_ino || st.st_size != d->seen.st_size ||
		    st.st_mtim.tv_sec != d->seen.st_mtim.tv_sec ||
		    st.st_mtim.tv_nsec != d->seen.st_mtim.tv_nsec)
			retire(d);
		d->seen = st;
	}
	if (d->line == NULL)
		d->line = line_new(d);
	return d->line;
}

/* --- questions --- */

static enum dns_status
status_of(int rc)
{
	switch (rc) {
	case ARES_SUCCESS:
		return DNS_OK;
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		return DNS_NONE;
	case ARES_ENODATA:
		return DNS_EMPTY;
	case ARES_ETIMEOUT:
	case ARES_ECONNREFUSED:
		return DNS_SILENT;
	case ARES_ESERVFAIL:
	case ARES_ENOTIMP:
	case ARES_EFORMERR:
	case ARES_EBADRESP:
	case ARES_EBADFAMILY:
		return DNS_FAILED;
	default: /* refused to us, cancelled, no file, no memory */
		return DNS_OWN;
	}
}

static struct question *
question_new(struct line *l, dns_cb *cb, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->line = l;
	q->cb = cb;
	q->ctx = ctx;
	l->pending++;
	return q;
}

static void
question_end(struct question *q, const struct dns_answer *a)
{
	struct line *l = q->line;

	q->cb(q->ctx, a);
	free(q);
	if (--l->pending == 0 && l != l->d->line)
		loop_timer_set(l->d->bury, 0);
}

static void
on_addresses(void *ctx, int rc, int timeouts, struct ares_addrinfo *ai)
{
	struct dns_answer a = {.status = status_of(rc), .ttl = INT64_MAX};
	const struct ares_addrinfo_node *n = ai != NULL ? ai->nodes : NULL;

	(void)timeouts;
	for (; n != NULL && a.n < RESOLVE_ADDRS; n = n->ai_next) {
		if (n->ai_addrlen > sizeof(a.v[0]))
			continue;
		memcpy(&a.v[a.n++], n->ai_addr, n->ai_addrlen);
		if (n->ai_ttl * CLOCK_SEC < a.ttl)
			a.ttl = n->ai_ttl > 0 ? n->ai_ttl * CLOCK_SEC : 0;
	}
	if (a.status == DNS_OK && a.n == 0)
		a.status = DNS_EMPTY;
	if (ai != NULL)
		ares_freeaddrinfo(ai);
	question_end(ctx, &a);
}

static void
on_root(void *ctx, int rc, int timeouts, unsigned char *bytes, int len)
{
	struct dns_answer a = {.status = status_of(rc)};

	(void)timeouts;
	(void)bytes;
	(void)len;
	if (rc == ARES_EREFUSED) /* that is a word, too */
		a.status = DNS_FAILED;
	question_end(ctx, &a);
}

void
dns_ask(struct dns *d, const char *name, int family, dns_cb *cb, void *ctx)
{
	struct line *l = line_of(d);
	struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
	    .ai_family = family,
	    .ai_socktype = SOCK_STREAM};

	ares_getaddrinfo(
	    l->ares, name, NULL, &hints, on_addresses, question_new(l, cb, ctx));
	line_wake(l);
}

void
dns_probe(struct dns *d, dns_cb *cb, void *ctx)
{
	struct line *l = line_of(d);

	ares_query(l->ares, ".", 1, TYPE_NS, on_root, question_new(l, cb, ctx));
	line_wake(l);
}

/* --- life --- */

struct dns *
dns_new(struct loop *loop, const char *servers, int64_t timeout)
{
	struct dns *d = xcalloc(1, sizeof(*d));

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		log_die("fetch", "c-ares could not start");
	d->loop = loop;
	d->servers = xstrdup(servers);
	d->timeout = timeout;
	d->bury = loop_timer_new(loop, on_bury, d);
	line_of(d); /* reads its files before the sandbox closes */
	return d;
}

void
dns_reconf(struct dns *d, const char *servers, int64_t timeout)
{
	bool same = servers == NULL
			? d->servers == NULL
			: d->servers != NULL && strcmp(servers, d->servers) == 0;

	if (same && timeout == d->timeout)
		return;
	free(d->servers);
	d->servers = xstrdup(servers);
	d->timeout = timeout;
	retire(d);
}

void
dns_free(struct dns **dp)
{
	struct dns *d = *dp;
	struct line *l;

	if (d == NULL)
		return;
	retire(d);
	while ((l = d->retired) != NULL) {
		d->retired = l->next;
		line_free(l);
	}
	loop_timer_free(&d->bury);
	free(d->servers);
	free(d);
	ares_library_cleanup();
	*dp = NULL;
}
