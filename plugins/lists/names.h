/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: byte strings of all lists of one kind, to be found as a whole: domains, canonical
 * addresses, digests.  One look whatever the number of lists.  About 30 bytes an entry
 * beside its own.
 */
#ifndef LISTS_NAMES_H
#define LISTS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct names_entry {
	const char *key; /* borrowed */
	size_t len;
	uint32_t list, option; /* as added */
};

struct names;
struct names *names_new(void);
void names_free(struct names **p);

/* Adds one; only before names_seal().  False: it has more than 65,535 bytes, or all together
 * more than there is room for, 4 GiB. */
bool names_add(
    struct names *v, const char *key, size_t n, uint32_t list, uint32_t option);
/* How many there are; names_back() forgets all but the first so many. */
size_t names_count(const struct names *v);
void names_back(struct names *v, size_t count);
/* From now on they can be found.  Of equal ones of one list the first stays; returns how
 * many went. */
size_t names_seal(struct names *v);

/* Tells all entries with that key, however many lists have it, in the order of their
 * adding. */
typedef void names_fn(void *ctx, const struct names_entry *e);
void names_find(
    const struct names *v, const char *key, size_t n, names_fn *fn, void *ctx);

#endif
