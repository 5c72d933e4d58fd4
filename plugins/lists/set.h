/* SPDX-License-Identifier: Apache-2.0 */
/* set: all lists together, and what of an item is on one of them. */
#ifndef LISTS_SET_H
#define LISTS_SET_H

#include "canon.h"
#include "list.h"
#include "near.h"

struct set {
	struct list **v;
	size_t n;
	struct list_option *options; /* [0] is that of entries without any */
	size_t noptions;
	struct names *names[LIST_PDQ];
	struct near *near;
	unsigned threshold; /* the widest of all lists */
	bool slow;	    /* compare all hashes: the measure of the fast way, for tests */
};

struct set *set_new(void);
void set_free(struct set **p);

/* What a list must show to be added. */
struct set_terms {
	struct list_limits limits;
	const char *signers; /* as of sign.h; empty: nobody is asked for */
	const char *name;    /* the one it must have; NULL: any */
	const char *digest;  /* what its SHA-256 must begin with; NULL: anything */
};
/* Reads a list and adds it.  0, or -1 and why: nothing of it was added. */
int set_add(struct set *s, const char *path, const struct set_terms *terms,
    list_bad_fn *bad, void *ctx, struct why *w);
/* No more are added; from now on the set can be asked. */
void set_seal(struct set *s);

struct set_hit {
	const struct list *list;
	uint32_t number; /* of the list */
	const struct list_option *option;
	const char *key; /* the entry as it is looked up; the same bytes for the same one */
	size_t len;
	unsigned distance; /* of pictures */
};
typedef void set_fn(void *ctx, const struct set_hit *hit);

/* The host of an address and all that it lies below. */
void set_host(const struct set *s, const struct canon *c, set_fn *fn, void *ctx);
/* The address, and what ends in a star above it. */
void set_url(const struct set *s, struct canon *c, set_fn *fn, void *ctx);
/* LIST_SHA256 or LIST_MD5, in lower-case hexadecimal. */
void set_digest(
    const struct set *s, enum list_kind kind, const char *hex, size_t n, set_fn *fn,
    void *ctx);
/* PDQ in hexadecimal; hit->key is valid within fn. */
void set_picture(const struct set *s, const char *hex, size_t n, set_fn *fn, void *ctx);

#endif
