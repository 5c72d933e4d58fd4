/* SPDX-License-Identifier: Apache-2.0 */
/* item: one item held against the set: its addresses, those its text names, its media. */
#ifndef LISTS_ITEM_H
#define LISTS_ITEM_H

#include <tosd/policy.h>

#include "set.h"

#define ITEM_MATCHES 64 /* of one item that are told; there are findings for no more */
#define ITEM_SPANS 16	/* of one match */

/* Where it was found. */
enum item_place {
	ITEM_OWN = 1 << 0,   /* the address of the item itself */
	ITEM_LINK = 1 << 1,
	ITEM_TEXT = 1 << 2,
	ITEM_MEDIA = 1 << 3, /* the address of a picture, sound or film */
	ITEM_BYTES = 1 << 4, /* ... or what it consists of */
};

struct item_match {
	struct set_hit hit; /* key: a copy below */
	char *key;
	unsigned places;
	struct tosd_span spans[ITEM_SPANS];
	size_t nspans;
	char *example;	 /* as it stands in the item */
	int32_t quality; /* of a picture that was found by its looks, else -1 */
};

/* What is needed for one item after the other. */
struct item_work;
struct item_work *item_work_new(void);
void item_work_free(struct item_work **p);

/* Looks everything up.  0; or -1 and why not all of it could be. */
int item_look(struct item_work *w, const struct set *s, const struct tosd_host *h,
    const struct tosd_item *item, struct tosd_report *r, struct why *why);

/* Whether there were media that nobody has hashed, though some list wanted it. */
bool item_unasked(const struct item_work *w);

/* What was found, in order of its finding; valid until the next item_look(). */
size_t item_matches(const struct item_work *w);
const struct item_match *item_match(const struct item_work *w, size_t i);

/* Whether it counts, and the reason in words. */
bool item_counts(
    struct item_work *w, const struct item_match *m, int64_t time, struct sb *reason);

#endif
