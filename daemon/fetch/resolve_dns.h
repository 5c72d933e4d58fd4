/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_dns: single questions to name servers and /etc/hosts, through c-ares on the
 * loop.  Internal to resolve.c, which says what the answers mean.
 */
#ifndef TOSD_FETCH_RESOLVE_DNS_H
#define TOSD_FETCH_RESOLVE_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/resolve.h"

struct dns;

enum dns_status {
	DNS_OK,
	DNS_NONE,   /* no such name */
	DNS_EMPTY,  /* a name, but no address of this family */
	DNS_FAILED, /* an answer that says that there is none */
	DNS_SILENT, /* no answer */
	DNS_OWN,    /* our name servers turn us down, or c-ares failed */
};

struct dns_answer {
	enum dns_status status;
	int64_t ttl; /* ms */
	size_t n;
	struct resolve_addr v[RESOLVE_ADDRS];
};

/* May come before the call that asks has returned.  a is the callee's to read only. */
typedef void dns_cb(void *ctx, const struct dns_answer *a);

/* timeout: ms in which c-ares gives up. */
struct dns *dns_new(struct loop *l, const char *servers, int64_t timeout);
/* Whoever still waits is told DNS_OWN before it returns. */
void dns_free(struct dns **d);
void dns_reconf(struct dns *d, const char *servers, int64_t timeout);

void dns_ask(struct dns *d, const char *name, int family, dns_cb *cb, void *ctx);
/* Asks for the root's name servers; DNS_SILENT only if nobody says a word. */
void dns_probe(struct dns *d, dns_cb *cb, void *ctx);

#endif
