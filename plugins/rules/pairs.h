/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairs: which patterns and atoms hang on two words side by side.  Pairs are known by the
 * hashes of their words, which need no look into the lexicon; one that is not meant is
 * sorted out when the phrase is matched.
 */
#ifndef RULES_PAIRS_H
#define RULES_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lexicon.h"

struct pair_link {
	uint64_t key; /* pairs_key() */
	bool atom;    /* it shows one; else a pattern */
	uint32_t what;
	uint32_t third; /* of the hash of the word behind; 0: any */
};

struct pairs { /* all zero at first */
	struct pair_link *v;
	size_t n;
	struct pair *slots; /* once sealed */
	size_t mask;
	uint64_t *bits, bits_mask; /* of the keys: lexicon_bits_has() */
};

static inline uint64_t
pairs_key(uint64_t first, uint64_t second)
{
	return first * 0x9e3779b97f4a7c15U + second;
}

/* Fills in the key of l and keeps it. */
void pairs_add(struct pairs *p, uint64_t first, uint64_t second, struct pair_link l);
/* To be called once after the last addition. */
void pairs_seal(struct pairs *p);
/* Those of a key, *n of them. */
const struct pair_link *pairs_find(const struct pairs *p, uint64_t key, size_t *n);
void pairs_free(struct pairs *p);

#endif
