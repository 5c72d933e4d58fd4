/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens: a text as its words, each a run of letters and digits.  One pass, sixteen bytes
 * at a time while the text is ASCII, gives their hashes; which of them are in the lexicon
 * is only looked up when a phrase has to be matched.
 */
#ifndef RULES_TOKENS_H
#define RULES_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "letters.h"
#include "lexicon.h"

struct token {
	uint64_t hash;	     /* lexicon_hash() of it, folded */
	uint32_t start, end; /* bytes */
	/* once resolved: */
	uint32_t id;	 /* in the lexicon, 0: none of ours */
	uint32_t begins; /* where its beginnings stand in tokens.begins */
	uint16_t nbegins;
	bool mixed; /* it is not ASCII alone */
	uint8_t apart; /* tokens_apart(), once asked: 1 or 2, which is no */
};

/* All zero before the first use; what it holds lives until the next. */
struct tokens {
	const char *text;
	size_t len;
	bool ascii; /* all of it */
	bool odd;   /* U+017F or U+212A are in it */
	struct token *v;
	size_t n;
	/* Hashes of ASCII runs within words that have other letters too: not words for a
	 * phrase, but words for \b of an expression. */
	uint64_t *loose;
	size_t nloose;
	bool begun, resolved;
	struct token_known { /* a number that a word has, or a beginning of its */
		uint32_t id;
		uint32_t word; /* place in v, ascending */
	} *known;
	size_t nknown;
	uint32_t *begins;
	/* own */
	size_t cap, known_cap, nbegins, begins_cap, loose_cap;
	const struct letters *letters;
	struct sb folded;
};

void tokens_take(
    struct tokens *t, const struct letters *l, const char *s, size_t n);
/* Fills in the beginnings, and the numbers too, both compared letter by letter; does nothing
 * the second time. */
void tokens_begin(struct tokens *t, const struct lexicon *x);
void tokens_resolve(struct tokens *t, const struct lexicon *x);
void tokens_free(struct tokens *t);

/* Word i, folded but for the case of ASCII; borrowed until the next call. */
const char *tokens_word(struct tokens *t, size_t i, size_t *n);
/* Whether word i really is the n folded bytes that its hash says. */
bool tokens_is(struct tokens *t, size_t i, const char *word, size_t n);
/* Whether what stands before word i (from 1) may separate words of a phrase: at most
 * 8 characters between blanks, or blanks, and no end of a sentence. */
bool tokens_apart(const struct tokens *t, size_t i);
/* Whether exactly the n bytes of s stand before word i (from 1). */
bool tokens_joined(const struct tokens *t, size_t i, const char *s, size_t n);
/* The last word of those that apostrophes join to word i: "don't" is one. */
size_t tokens_chain(const struct tokens *t, size_t i);
/* How many words begin before byte `at'. */
size_t tokens_before(const struct tokens *t, size_t at);

#endif
