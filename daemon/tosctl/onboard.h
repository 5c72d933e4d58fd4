/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard: what the commands share that look at a tenant's site before it is watched:
 * the configuration, and one address after the other asked through the daemon's own
 * client, with its guard, limits and gaps, and read by the daemon's own readers.
 */
#ifndef TOSD_TOSCTL_ONBOARD_H
#define TOSD_TOSCTL_ONBOARD_H

#include <stdbool.h>

#include "conf/conf.h"
#include "feed/feed.h"
#include "fetch/client.h"

struct onboard;

/* path: the configuration; NULL: the installed one where it can be read, else the
 * defaults.  0, or what was wrong in e. */
int onboard_new(struct onboard **out, const char *path, struct err *e);
void onboard_free(struct onboard **o);

/* An address range that may be asked in this run, "10.0.0.0/8"; false: it is none. */
bool onboard_allow(struct onboard *o, const char *range);
/* What tenants may have whose feed this is, as the daemon asks for it. */
void onboard_allow_as(struct onboard *o, const char *feed_url);
/* The ranges of onboard_allow() as they were given. */
const char *onboard_allowed(const struct onboard *o, size_t i);

const struct conf *onboard_conf(const struct onboard *o);
const struct conf_sources *onboard_sources(const struct onboard *o);
/* The main file; NULL where only defaults are known. */
const char *onboard_conf_path(const struct onboard *o);

/* One answer. */
struct visit {
	struct fetch_result r; /* taken over */
	bool is_feed;
	struct feed_doc doc; /* if it is one */
	char *not_feed;	     /* words, if it is none */
};

/* What to ask for, beside the address; all may be NULL. */
struct visit_ask {
	const char *accept, *etag, *last_modified;
	const struct feed_mapping *mapping; /* to read it by */
};
extern const struct visit_ask visit_page; /* pages first, feeds welcome */

/* Asks and waits.  The body is read as a feed where there is one. */
void onboard_visit(
    struct onboard *o, const char *url, const struct visit_ask *ask, struct visit *out);
void visit_clear(struct visit *v);

/* "404 not found", "the name cannot be resolved: ...": how it went, for people.  To be
 * freed. */
char *visit_words(const struct visit *v);

/* Is it our own network or process that failed? */
bool visit_own_fault(const struct visit *v);

/* A line for people: what tenants wrote in it is escaped. */
void onboard_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same on standard error, after "tosctl: ". */
void onboard_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
