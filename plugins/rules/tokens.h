/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens: a text as its words, each a run of letters and digits, with its number in the
 * lexicon.  One pass, sixteen bytes at a time while the text is ASCII.
 */
#ifndef RULES_TOKENS_H
#define RULES_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "letters.h"
#include "lexicon.h"

struct token {
	uint32_t start, end; /* bytes */
	uint32_t id;	     /* in the lexicon, 0: none of ours */
	uint32_t begins;     /* where its beginnings stand in tokens.begins */
	uint16_t nbegins;
	uint8_t marks; /* of the lexicon */
};

/* All zero before the first use; what it holds lives until the next. */
struct tokens {
	const char *text;
	size_t len;
	bool ascii; /* all of it */
	struct token *v;
	size_t n;
	uint32_t *known; /* places in v of words that have a number or beginnings */
	size_t nknown;
	uint32_t *begins;
	size_t nbegins;
	/* Numbers of ASCII runs within words that have other letters too: not words for
	 * a phrase, but words for \b of an expression. */
	uint32_t *loose;
	size_t nloose;
	/* own */
	size_t cap, begins_cap, loose_cap;
	struct sb folded;
};

void tokens_take(struct tokens *t, const struct lexicon *x, const struct letters *l,
    const char *s, size_t n);
void tokens_free(struct tokens *t);

/* Whether what stands before word i (from 1) may separate words of a phrase: 1 to 8
 * characters, no end of a sentence. */
bool tokens_apart(const struct tokens *t, size_t i);
/* Whether exactly the n bytes of s stand before word i (from 1). */
bool tokens_joined(const struct tokens *t, size_t i, const char *s, size_t n);
/* The last word of those that apostrophes join to word i: "don't" is one. */
size_t tokens_chain(const struct tokens *t, size_t i);

#endif
