/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: names to addresses, on the loop, without a thread: c-ares asks the name
 * servers and /etc/hosts, never a search domain.  Answers are kept as long as their TTL
 * allows; several who ask for one name at a time cause one look-up.
 *
 * Whose fault a failure is matters: a tenant's name that does not exist is his, a name
 * server of ours that does not answer is ours.  So when a look-up gets no answer, ours
 * are asked for something that no tenant has a hand in: the root's name servers.
 */
#ifndef TOSD_FETCH_RESOLVE_H
#define TOSD_FETCH_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "ipc/loop.h"

#define RESOLVE_ADDRS 6 /* kept of one name */

struct resolve_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
};

enum resolve_state {
	RESOLVE_OK,
	RESOLVE_NONE,	/* there is no such name, or no address for it */
	RESOLVE_FAILED, /* its own name servers failed or were silent */
	RESOLVE_OWN,	/* ours do not answer */
};

/* In the order in which they should be tried; ports are 0. */
struct resolve_set {
	enum resolve_state state;
	const char *why; /* static words where it is not RESOLVE_OK */
	size_t n;
	struct resolve_addr v[RESOLVE_ADDRS];
};

struct resolver;
struct resolve_name;

/* Whoever waits for a name; the caller's, zeroed before the first use. */
struct resolve_wait {
	TAILQ_ENTRY(resolve_wait) place;
	struct resolve_name *name; /* NULL: waits for none */
	void (*done)(struct resolve_wait *w, const struct resolve_set *set);
};

/* servers: "192.0.2.53,[2001:db8::53]:5353", NULL: those of /etc/resolv.conf, which is
 * read anew when it changes.  timeout: ms for one name.  Never NULL. */
struct resolver *resolver_new(struct loop *l, const char *servers, int64_t timeout);
void resolver_free(struct resolver **r); /* nobody is told */
/* Other servers and another limit for what is asked from now on. */
void resolver_reconf(struct resolver *r, const char *servers, int64_t timeout);

/* What is known of this name (lower case, no dot at its end), NULL if that must be
 * asked for.  Valid until the loop goes on. */
const struct resolve_set *resolver_known(struct resolver *r, const char *name);

/* This address of the name could not be connected to: to be tried after the others, as
 * long as they are kept. */
void resolver_demote(struct resolver *r, const char *name, const struct sockaddr *sa);

/* Asks; w->done is called once, from the loop, unless it is forgotten before. */
void resolver_ask(struct resolver *r, const char *name, struct resolve_wait *w);
void resolver_forget(struct resolve_wait *w);

/* An address of numbers alone; false if it is none. */
bool resolve_literal(const char *text, struct resolve_addr *out);
/* The same address?  Ports do not count. */
bool resolve_same(const struct sockaddr *a, const struct sockaddr *b);

/* Names kept or asked for, and look-ups that went out. */
size_t resolver_count(const struct resolver *r);
uint64_t resolver_asked(const struct resolver *r);

#endif
