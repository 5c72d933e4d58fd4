/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenant_find: the way from an address to the feeds of a site: the address itself, what
 * its page names, what its software publishes, usual places, links, sitemaps; each
 * candidate read as the daemon would, and the best ones chosen.
 */
#ifndef TOSD_TOSCTL_TENANT_FIND_H
#define TOSD_TOSCTL_TENANT_FIND_H

#include "tosctl/proposal.h"

struct tenant_finding {
	char *words;	/* several lines: what was looked at, and what not */
	bool own_fault; /* our own network failed: nothing is known */
	bool no_answer; /* nobody answered at the address */
};

/* Fills p: id, name, language, site and feeds.  all: usual places are tried although
 * feeds are known already. */
void tenant_find(struct onboard *o, const char *url, bool all, struct proposal *p,
    struct tenant_finding *out);

/* A line about a feed that was read: format, title, items, dates. To be freed. */
char *tenant_feed_words(const struct visit *v);

/* The same in JSON. */
json_t *tenant_feed_facts(const struct visit *v);

#endif
