/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature: what is counted in a text.  Four blocks of hashed features (words and pairs,
 * letters in rows of 3 to 5, rows of classes, frames), unit by unit; a unit is a sentence.
 * And a row of small dense counts for the whole text or one unit.
 */
#ifndef CLASSIFIER_FEATURE_H
#define CLASSIFIER_FEATURE_H

#include "lexicon.h"

enum { BLOCK_WORDS, BLOCK_LETTERS, BLOCK_CLASSES, BLOCK_FRAMES, BLOCKS };
/* Buckets of a block, as a power of two. */
#define BITS_WORDS 17
#define BITS_LETTERS 17
#define BITS_CLASSES 16
#define BITS_FRAMES 13
#define BUCKETS                                                                          \
	((1u << BITS_WORDS) + (1u << BITS_LETTERS) + (1u << BITS_CLASSES) + (1u << BITS_FRAMES))
extern const uint32_t feature_base[BLOCKS + 1]; /* where each block's buckets begin */

#define UNITS_MAX 64   /* sentences of a window; what follows is the next one's */
#define WORDS_MAX 4000 /* words of it */
/* A text is judged in windows of whole sentences, of so many words or half as many more,
 * each as if it were a text: what is learned from is hardly longer, and one sentence
 * among many would be lost in them.  They overlap by half of themselves, and by the last
 * part where one is cut within a sentence. */
#define WINDOW_WORDS 40

struct unit {
	size_t first, last;	 /* words [first, last) */
	size_t start[BLOCKS + 1]; /* features [start[b], start[b + 1]) of block b */
};

struct features {
	uint32_t *v; /* buckets */
	uint32_t *owner; /* of each: first word << 8 | number of words; NULL unless asked */
	size_t n, cap;
	struct unit unit[UNITS_MAX];
	size_t units;
	size_t window; /* words of a window; 0: as many as there may be, for learning */
	size_t next; /* the word where the next window begins; that of the end: none */
	uint16_t *tags; /* of each word, with phrases */
	size_t tags_cap;
	bool owners;
	/* What will be looked up by bucket, two bytes each; NULL: nothing.  It is fetched
	 * while features are made. */
	const char *warm;
};

/* Counts what is in the window of w, which was made with l->words, that begins at the
 * word `from'. */
void features_take(struct features *f, const struct words *w, const struct lexicon *l,
    size_t from);
void features_free(struct features *f);

#define DENSE_MAX 160
/* Dense counts of words [first, last), each 0 to 15; returns how many there are. */
size_t features_dense(const struct features *f, const struct words *w, size_t first,
    size_t last, uint8_t out[DENSE_MAX]);

#endif
