/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: a text as the plain lower-case words that are meant, with all disguises undone
 * (fold.h, mend.h), contractions spelled out and pictographs named, and for each word the
 * bytes of the text as written that it comes from.
 */
#ifndef KIT_WORDS_H
#define KIT_WORDS_H

#include "fold.h"
#include "vocab.h"

enum word_flag {
	WORD_ENDS = 1 << 0,    /* the last one of a sentence */
	WORD_QUOTED = 1 << 1,  /* within quotation marks, or in a quoted line */
	WORD_MENDED = 1 << 2,  /* was written in another way */
	WORD_CAPITALS = 1 << 3,
	WORD_PICTURE = 1 << 4, /* the name of a pictograph */
	WORD_HASHTAG = 1 << 5,
	WORD_ASKS = 1 << 6,    /* its sentence ends in a question mark */
	WORD_BACKWARDS = 1 << 7,
};

struct word {
	uint64_t hash;
	uint32_t at, len;  /* in text */
	uint32_t from, to; /* bytes of the text as written */
	uint16_t tag;	   /* of the vocabulary */
	uint8_t level;	   /* as well; 0: not known */
	uint8_t flags;
};

struct words_memo;

/* All zero before the first use; what it holds lives until the next one. */
struct words {
	char *text; /* words with a blank before and after each, then 16 bytes of 0 */
	size_t len;
	struct word *v;
	size_t n;
	bool plain; /* keeps nothing from text to text: the measure of the fast way, for
		     * tests */
	/* own */
	struct words_memo *memo; /* what became of words, of this or other texts */
	struct fold fold;
	const struct vocab *vocab;
	size_t cap, room;
	bool quoted, asks;
};

/* Adds what words know by themselves (gonna, dont), to be found among words that were run
 * together. */
void words_teach(struct vocab *v);
/* s is valid UTF-8.  Linear; the text is at most 4 times as long, plus 16 bytes. */
void words_take(struct words *w, const struct vocab *v, const char *s, size_t n);
void words_free(struct words *w);

#endif
