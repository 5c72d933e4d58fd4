/* SPDX-License-Identifier: Apache-2.0 */
/* host_in: what host.c (all plugins, loaded), host_batch.c (asked) and their like share. */
#ifndef TOSD_POLICY_HOST_IN_H
#define TOSD_POLICY_HOST_IN_H

#include "base/cost.h"
#include "base/digest.h"
#include "policy/exec.h"
#include "policy/face.h"
#include "policy/host.h"
#include "policy/lent.h"
#include "policy/plugin.h"

struct policy_slot {
	struct policy_plugin *plugin; /* one of the two; the other is NULL */
	struct policy_exec *exec;
	struct policy_face *face; /* on its own, because the plugin keeps its address */
	void *state;
	struct cost cost; /* since policy_host_costs() */
	char *lacks; /* what it has to do without, in words; NULL: nothing */
	char *told;  /* policy_host_stands(): why its program is lost; NULL: it is there */
};

/* A plugin of the configuration that could not be loaded: it judges nothing; or one that
 * lacks part of what it looks for: it judges less. */
struct policy_missing {
	const char *plugin; /* the configuration's */
	char *why;
	enum missing how;
};

struct policy_host {
	struct policy_options o;
	struct policy_slot *v;
	size_t n;
	struct policy_missing *missing;
	size_t nmissing;
	struct policy_set sets[1];
	char **problems;
	size_t nproblems;
	char digest[DIGEST_HEX];
	char rest[DIGEST_HEX];	 /* but for fetched lists */
	char copied[DIGEST_HEX]; /* and but for programs */
	uint64_t vandals;	 /* times that a plugin changed what it was lent */
	struct policy_lent lent; /* of the item that is being judged */
	struct policy_score *scores; /* one for each category */
	size_t nscores;
	size_t costs_from, spent_from; /* slots whose turn it is to tell theirs first */
};

/* The three of them. */
void policy_host_make_digests(struct policy_host *h);
/* Adds why somebody gave no full answer; what goes on record is short and valid. */
void policy_say_degraded(struct buf *b, const char *who, const char *why);
/* Asks one plugin that is an object.  True: it waits for the questions in r. */
bool policy_slot_check(struct policy_slot *s, struct tosd_item *item,
    struct tosd_report *r, struct buf *bad);
/* Whether the plugin is asked after the others, because it sees what they found. */
bool policy_slot_late(const struct policy_slot *s);

#endif
