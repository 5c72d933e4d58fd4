/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: names that are known or asked for; see resolve.h.
 *
 * A name is ASKING (two questions are out, one a family), DOUBTFUL (nobody answered;
 * the root is asked for), READY (whoever waits is told when the loop gets to it) or
 * IDLE (its set may be used until it expires).  An answer that comes late still counts.
 */
#include "fetch/resolve.h"

#include <arpa/inet.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fetch/network.h"
#include "fetch/resolve_dns.h"

#define NAMES_MAX 1024	   /* kept; more are asked for again */
#define TTL_MAX CLOCK_HOUR /* whatever a zone says */
#define SECOND_FAMILY 100  /* ms that the first one waits for it (RFC 8305, 3) */
#define ROUTES_KEPT CLOCK_MIN
/* c-ares does not tell a server that fails from one that is silent. */
#define FAILED_WORDS "the name servers of this name fail or do not answer"

enum phase { IDLE, ASKING, DOUBTFUL, READY };

struct resolve_name {
	const char *name; /* first: compared by it; points behind us */
	struct resolver *r;
	TAILQ_ENTRY(resolve_name) all, ready;
	TAILQ_HEAD(, resolve_wait) waits;
	struct resolve_set set;
	enum phase phase;
	unsigned out; /* questions without an answer yet */
	bool none, failed, silent, own;
	int64_t asked, ttl, expires; /* steady ms */
	struct loop_timer *timer;    /* while ASKING */
};
TAILQ_HEAD(names, resolve_name);

struct resolver {
	struct loop *loop;
	struct dns *dns;
	int64_t timeout;
	void *tree;
	struct names names; /* those whose answer is oldest first */
	struct names ready;
	size_t count;
	uint64_t asked, seed;
	int64_t spoke; /* when a name server of ours last said a word */
	bool probing, ending;
	struct loop_timer *probe, *deliver;
	bool ipv6;	/* has a route */
	int64_t routes; /* when that was looked at */
};

/* --- addresses --- */

bool
resolve_literal(const char *text, struct resolve_addr *out)
{
	char inner[INET6_ADDRSTRLEN];
	size_t n = strlen(text);

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &out->in4.sin_addr) == 1) {
		out->in4.sin_family = AF_INET;
		return true;
	}
	if (n < 3 || n - 2 >= sizeof(inner) || text[0] != '[' || text[n - 1] != ']')
		return false;
	memcpy(inner, text + 1, n - 2);
	inner[n - 2] = '\0';
	out->in6.sin6_family = AF_INET6;
	return inet_pton(AF_INET6, inner, &out->in6.sin6_addr) == 1;
}

bool
resolve_same(const struct sockaddr *a, const struct sockaddr *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a->sa_family == AF_INET6 &&
	       memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;
}

/* A place in the order that stays for an address but differs between machines: servers
 * turn their answers round, and another address means another connection. */
static uint64_t
weight(const struct resolver *r, const struct resolve_addr *a)
{
	const uint8_t *p = a->sa.sa_family == AF_INET
			       ? (const uint8_t *)&a->in4.sin_addr
			       : (const uint8_t *)&a->in6.sin6_addr;
	uint64_t h = r->seed;

	for (size_t i = 0; i < (a->sa.sa_family == AF_INET ? 4 : 16); i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

/* Families by turns, beginning with IPv6 where that leads anywhere. */
static void
put_in_order(struct resolver *r, struct resolve_set *set)
{
	struct resolve_addr by[2][RESOLVE_ADDRS], swap;
	size_t n[2] = {0, 0}, at[2] = {0, 0}, f, i;
	int64_t now = clock_steady();

	if (r->routes == CLOCK_NONE || now - r->routes > ROUTES_KEPT) {
		r->ipv6 = network_routes(AF_INET6);
		r->routes = now;
	}
	for (i = 0; i < set->n; i++) {
		f = (set->v[i].sa.sa_family == AF_INET6) != r->ipv6;
		by[f][n[f]++] = set->v[i];
		for (size_t k = n[f] - 1;
		     k > 0 && weight(r, &by[f][k]) < weight(r, &by[f][k - 1]); k--) {
			swap = by[f][k];
			by[f][k] = by[f][k - 1];
			by[f][k - 1] = swap;
		}
	}
	for (i = 0, f = 0; i < set->n; f = !f)
		if (at[f] < n[f])
			set->v[i++] = by[f][at[f]++];
}

static bool
has(const struct resolve_set *set, const struct resolve_addr *a)
{
	for (size_t i = 0; i < set->n; i++)
		if (resolve_same(&set->v[i].sa, &a->sa))
			return true;
	return false;
}

/* --- the table of names --- */

static int
by_name(const void *a, const void *b)
{
	const struct resolve_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct resolve_name *
name_find(struct resolver *r, const char *name)
{
	struct resolve_name key = {.name = name};
	void *found = tfind(&key, &r->tree, by_name);

	return found != NULL ? *(struct resolve_name **)found : NULL;
}

static struct resolve_name *
name_new(struct resolver *r, const char *name)
{
	struct resolve_name *n = xcalloc(1, sizeof(*n) + strlen(name) + 1);

	n->name = strcpy((char *)(n + 1), name);
	n->r = r;
	TAILQ_INIT(&n->waits);
	if (tsearch(n, &r->tree, by_name) == NULL)
		abort();
	TAILQ_INSERT_TAIL(&r->names, n, all);
	r->count++;
	return n;
}

static void
name_free(struct resolve_name *n)
{
	struct resolver *r = n->r;

	loop_timer_free(&n->timer);
	tdelete(n, &r->tree, by_name);
	TAILQ_REMOVE(&r->names, n, all);
	r->count--;
	free(n);
}

static bool
useful(const struct resolve_name *n)
{
	return n->phase == IDLE && n->set.state == RESOLVE_OK && n->set.n > 0 &&
	       n->expires > clock_steady();
}

/* Drops the oldest as far as they are of no use, or too many. */
static void
sweep(struct resolver *r)
{
	struct resolve_name *n, *next;

	for (n = TAILQ_FIRST(&r->names); n != NULL; n = next) {
		next = TAILQ_NEXT(n, all);
		if (n->phase != IDLE || n->out > 0)
			continue;
		if (useful(n) && r->count <= NAMES_MAX)
			break;
		name_free(n);
	}
}

/* --- what the answers come to --- */

static void
finish(struct resolve_name *n, enum resolve_state state, const char *why)
{
	struct resolver *r = n->r;

	loop_timer_free(&n->timer);
	n->phase = READY;
	n->set.state = state;
	n->set.why = why;
	n->expires = clock_steady();
	if (state == RESOLVE_OK) {
		put_in_order(r, &n->set);
		n->expires += n->ttl < TTL_MAX ? n->ttl : TTL_MAX;
	}
	TAILQ_REMOVE(&r->names, n, all);
	TAILQ_INSERT_TAIL(&r->names, n, all);
	TAILQ_INSERT_TAIL(&r->ready, n, ready);
	loop_timer_set(r->deliver, 0);
}

static void
probe_end(struct resolver *r, bool spoke)
{
	struct resolve_name *n, *next;

	r->probing = false;
	loop_timer_clear(r->probe);
	for (n = TAILQ_FIRST(&r->names); n != NULL; n = next) {
		next = TAILQ_NEXT(n, all); /* finish() moves n */
		if (n->phase != DOUBTFUL)
			continue;
		if (spoke)
			finish(n, RESOLVE_FAILED, FAILED_WORDS);
		else
			finish(n, RESOLVE_OWN, "our own name servers do not answer");
	}
}

static void
on_probe(void *ctx, const struct dns_answer *a)
{
	struct resolver *r = ctx;
	bool spoke = a->status != DNS_SILENT && a->status != DNS_OWN;

	if (r->ending)
		return;
	if (spoke)
		r->spoke = clock_steady();
	if (r->probing)
		probe_end(r, spoke);
}

static void
on_probe_late(void *ctx)
{
	probe_end(ctx, false);
}

static void
conclude(struct resolve_name *n)
{
	struct resolver *r = n->r;

	if (n->set.n > 0) {
		finish(n, RESOLVE_OK, NULL);
	} else if (n->failed || (n->silent && n->none)) {
		finish(n, RESOLVE_FAILED, FAILED_WORDS);
	} else if (n->none) {
		finish(n, RESOLVE_NONE, "there is no such name, or no address for it");
	} else if (n->own) {
		finish(n, RESOLVE_OWN, "our own name servers turn us down");
	} else if (r->spoke != CLOCK_NONE && r->spoke >= n->asked) {
		finish(
		    n, RESOLVE_FAILED, "the name servers of this name do not answer");
	} else {
		loop_timer_free(&n->timer);
		n->phase = DOUBTFUL;
		if (r->probing)
			return;
		r->probing = true;
		loop_timer_set(r->probe, r->timeout / 4 + 1);
		dns_probe(r->dns, on_probe, r);
	}
}

static void
note(struct resolve_name *n, const struct dns_answer *a)
{
	n->none |= a->status == DNS_NONE || a->status == DNS_EMPTY;
	n->failed |= a->status == DNS_FAILED;
	n->silent |= a->status == DNS_SILENT;
	n->own |= a->status == DNS_OWN;
	/* /etc/hosts has no TTL, and says nothing of the servers. */
	if (a->status == DNS_NONE || a->status == DNS_FAILED ||
	    (a->status == DNS_OK && a->ttl > 0))
		n->r->spoke = clock_steady();
	for (size_t i = 0; i < a->n && n->set.n < RESOLVE_ADDRS; i++)
		if (!has(&n->set, &a->v[i]))
			n->set.v[n->set.n++] = a->v[i];
	if (a->n > 0 && a->ttl < n->ttl)
		n->ttl = a->ttl;
}

static void
on_answer(void *ctx, const struct dns_answer *a)
{
	struct resolve_name *n = ctx;

	n->out--;
	if (n->r->ending)
		return;
	note(n, a);
	if (n->phase == ASKING) {
		if (n->out == 0)
			conclude(n);
		else if (n->set.n > 0)
			loop_timer_set(n->timer, SECOND_FAMILY);
	} else if (a->n > 0 && n->set.state == RESOLVE_OK) {
		put_in_order(n->r, &n->set);
	}
}

static void
on_late(void *ctx)
{
	struct resolve_name *n = ctx;

	n->silent = true;
	conclude(n);
}

/* --- those who wait --- */

static void
on_deliver(void *ctx)
{
	struct resolver *r = ctx;
	struct resolve_name *n;
	struct resolve_wait *w;
	struct resolve_set set;

	while ((n = TAILQ_FIRST(&r->ready)) != NULL) {
		set =
		    n->set; /* they may ask for more; for this one they get the same */
		while ((w = TAILQ_FIRST(&n->waits)) != NULL) {
			resolver_forget(w);
			w->done(w, &set);
		}
		TAILQ_REMOVE(&r->ready, n, ready);
		n->phase = IDLE;
	}
	sweep(r);
}

/* "localhost" and what is below it is this machine (RFC 6761), whatever servers say;
 * and c-ares 1.18 loses memory over that name. */
static bool
is_localhost(const char *name)
{
	static const char local[] = ".localhost";
	size_t n = strlen(name), len = sizeof(local) - 1;

	return strcmp(name, local + 1) == 0 ||
	       (n > len && strcmp(name + n - len, local) == 0);
}

static void
name_local(struct resolve_name *n)
{
	n->set.n = resolve_literal("[::1]", &n->set.v[0]);
	n->set.n += resolve_literal("127.0.0.1", &n->set.v[1]);
	finish(n, RESOLVE_OK, NULL);
}

static void
name_ask(struct resolve_name *n)
{
	struct resolver *r = n->r;

	n->phase = ASKING;
	n->none = n->failed = n->silent = n->own = false;
	memset(&n->set, 0, sizeof(n->set));
	n->ttl = INT64_MAX;
	n->asked = clock_steady();
	if (is_localhost(n->name)) {
		name_local(n);
		return;
	}
	n->timer = loop_timer_new(r->loop, on_late, n);
	loop_timer_set(n->timer, r->timeout);
	r->asked++;
	n->out += 2; /* an answer may come before the call returns */
	dns_ask(r->dns, n->name, AF_INET6, on_answer, n);
	dns_ask(r->dns, n->name, AF_INET, on_answer, n);
}

const struct resolve_set *
resolver_known(struct resolver *r, const char *name)
{
	struct resolve_name *n = name_find(r, name);

	return n != NULL && useful(n) ? &n->set : NULL;
}

void
resolver_demote(struct resolver *r, const char *name, const struct sockaddr *sa)
{
	struct resolve_name *n = name_find(r, name);
	struct resolve_addr bad;
	size_t i = 0;

	if (n == NULL || n->phase != IDLE)
		return;
	while (i < n->set.n && !resolve_same(&n->set.v[i].sa, sa))
		i++;
	if (i == n->set.n)
		return;
	bad = n->set.v[i];
	for (; i + 1 < n->set.n; i++)
		n->set.v[i] = n->set.v[i + 1];
	n->set.v[i] = bad;
}

void
resolver_ask(struct resolver *r, const char *name, struct resolve_wait *w)
{
	struct resolve_name *n = name_find(r, name);

	if (n == NULL)
		n = name_new(r, name);
	w->name = n;
	TAILQ_INSERT_TAIL(&n->waits, w, place);
	if (n->phase != IDLE)
		return;
	if (useful(n))
		finish(n, RESOLVE_OK, NULL);
	else
		name_ask(n);
}

void
resolver_forget(struct resolve_wait *w)
{
	if (w->name == NULL)
		return;
	TAILQ_REMOVE(&w->name->waits, w, place);
	w->name = NULL;
}

/* --- life --- */

struct resolver *
resolver_new(struct loop *l, const char *servers, int64_t timeout)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->timeout = timeout;
	r->spoke = r->routes = CLOCK_NONE;
	TAILQ_INIT(&r->names);
	TAILQ_INIT(&r->ready);
	if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
		abort();
	r->probe = loop_timer_new(l, on_probe_late, r);
	r->deliver = loop_timer_new(l, on_deliver, r);
	r->dns = dns_new(l, servers, timeout);
	return r;
}

void
resolver_reconf(struct resolver *r, const char *servers, int64_t timeout)
{
	r->timeout = timeout;
	dns_reconf(r->dns, servers, timeout);
}

void
resolver_free(struct resolver **rp)
{
	struct resolver *r = *rp;
	struct resolve_name *n;

	if (r == NULL)
		return;
	r->ending = true;
	dns_free(&r->dns);
	while ((n = TAILQ_FIRST(&r->names)) != NULL)
		name_free(n);
	loop_timer_free(&r->probe);
	loop_timer_free(&r->deliver);
	free(r);
	*rp = NULL;
}

size_t
resolver_count(const struct resolver *r)
{
	return r->count;
}

uint64_t
resolver_asked(const struct resolver *r)
{
	return r->asked;
}
