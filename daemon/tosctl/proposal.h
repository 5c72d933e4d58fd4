/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal: tenants that could be watched, as text for a file of tenants.d: every feed
 * with a line that says what it is, those that were not chosen as comments.  Whatever
 * came from a site or a list is escaped.
 */
#ifndef TOSD_TOSCTL_PROPOSAL_H
#define TOSD_TOSCTL_PROPOSAL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "tosctl/onboard.h"

struct proposal_feed {
	char *url;
	bool chosen;
	char *about; /* what it is and why it is chosen or not; NULL: nothing to say */
	json_t *facts; /* for --json, NULL: none */
};

struct proposal {
	char *id;
	/* NULL: not known.  Those that the configuration requires are left empty in the
	 * text, so that nobody starts the daemon before they are filled in. */
	char *name, *contact, *manager, *contract, *language, *site;
	struct proposal_feed *feeds;
	size_t nfeeds, cap;
};

struct proposals {
	struct proposal *v;
	size_t n, cap;
};

/* A new one at the end.  Pointers to the others end to be valid. */
struct proposal *proposals_add(struct proposals *p);
void proposals_clear(struct proposals *p);

/* about is taken over. */
struct proposal_feed *proposal_add_take(
    struct proposal *p, const char *url, bool chosen, char *about);
size_t proposal_chosen(const struct proposal *p);

/* An id out of any words: "A Forum, Inc." is "a-forum-inc"; "" if nothing is left of
 * them.  To be freed. */
char *proposal_id(const char *words);
/* The host of an address without "www.", or the whole if it is no address.  To be
 * freed. */
char *proposal_host(const char *url);

/* The whole file: "tenants = (...);" under a comment.  about may have several lines.
 * Ranges given with --allow go to every tenant. */
void proposals_text(const struct proposals *p, const struct onboard *o,
    const char *about, struct buf *out);

/* Would the configuration take this text as tenants.d/NAME.conf?  Complains of what is
 * wrong.  The count of mistakes. */
size_t proposals_check(
    const struct onboard *o, const char *name, const char *text, bool quiet);

/* Writes tenants.d/NAME.conf beside the configuration, whole or not at all; a file of
 * that name is never replaced (TOSD_EEXIST).  *path, to be freed, is where. */
int proposals_write(const struct onboard *o, const char *name, const struct buf *text,
    char **path, struct err *e);

/* One object a tenant, one line each. */
void proposals_json(const struct proposals *p);

#endif
