/* SPDX-License-Identifier: Apache-2.0 */
/* phrase_in: what the files of phrase share. */
#ifndef RULES_PHRASE_IN_H
#define RULES_PHRASE_IN_H

#include "phrase.h"

enum phrase_op { PHRASE_SET, PHRASE_APART, PHRASE_GAP, PHRASE_MAYBE, PHRASE_END };

struct phrase_step {
	enum phrase_op op;
	uint32_t arg; /* set; words of a gap; steps that may be missing */
};

struct phrase_item { /* one word of an alternative */
	uint32_t id;
	bool begins;	  /* `word*' */
	uint16_t join;	  /* bytes that stand before it exactly; 0: as between words */
	uint32_t join_at; /* in phrases.joins */
};

struct phrase_entry {		/* an alternative */
	uint32_t at, n; /* items */
};

struct phrase_first { /* the index of a set: its alternatives by their first word */
	uint32_t id, entry;
	uint32_t second; /* the word that has to follow; 0: none, or one of several */
};

/* A small set of numbers of words, which may have others too: most words of a text are in
 * none, and that is told at once. */
struct phrase_bits {
	uint64_t *v;
	uint32_t mask;
};

static inline bool
phrase_bits_have(struct phrase_bits b, uint32_t id)
{
	return b.v[(id & b.mask) >> 6] >> (id & 63) & 1;
}

/* For n of them; v is the caller's to free. */
struct phrase_bits phrase_bits_new(size_t n);
void phrase_bits_add(struct phrase_bits b, uint32_t id);

struct phrase_set {
	struct phrase_item *items;
	size_t nitems;
	struct phrase_entry *v;
	size_t n;
	struct phrase_first *first; /* ascending, and one of number 0 at the end */
	struct phrase_bits bits; /* what they begin with */
	size_t shortest;     /* how rare it is thought to be: pattern_rarity() */
};

struct phrases {
	struct lexicon *x;
	struct letters *l;
	struct phrase_set *sets;
	size_t nsets, room;
	uint32_t *slots; /* set + 1 by the hash of its name */
	char **names;	 /* of sets */
	size_t mask;
	struct sb joins;
};

struct phrase_word {
	uint64_t hash;	  /* lexicon_hash_of() */
	uint32_t id;
	uint32_t at, len; /* in the row's text */
	uint32_t join_at;
	uint16_t join; /* as those of an item */
};

/* A phrase that is a row of words and nothing else, as most are: all that matching needs,
 * in one place. */
struct phrase_row {
	size_t n;
	const char *text; /* behind v */
	struct phrase_word v[];
};

struct phrase {
	struct phrase_row *row; /* NULL: it is more than that */
	size_t n;
	struct phrase_step v[];
};

/* What of an alternative is looked for: the two words side by side that are thought to be
 * the rarest, else the rarest word; how rare that is.  *out is all zero before. */
size_t phrase_rarest(const struct phrases *b, const struct phrase_set *s,
    const struct phrase_entry *e, struct phrase_shown *out);

#endif
