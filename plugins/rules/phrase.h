/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phrase: phrases matched word by word, without an expression: what pattern.c says of a
 * phrase to PCRE2 is said here of words and of what stands between them, with the same
 * matches, first alternatives first.
 */
#ifndef RULES_PHRASE_H
#define RULES_PHRASE_H

#include "lexicon.h"
#include "pattern.h"
#include "tokens.h"

struct phrases; /* shared parts: the alternatives of words and lists */
struct phrase;

struct phrases *phrases_new(struct lexicon *x, struct letters *l);
void phrases_free(struct phrases **b);

/* 0: *out; 1: words are not enough for this phrase (signs, too many alternatives); 2: it
 * can match nothing, because a list is empty; -1: it is no phrase, see w. */
int phrase_make(struct phrases *b, const struct pattern_env *env, const char *text,
    struct phrase **out, struct why *w);
void phrase_free(struct phrase **p);

/* The sets of alternatives that must each be seen in a text, rarest first; at most max.
 * Numbers are those of the book. */
size_t phrase_sets(const struct phrase *p, const struct phrases *b, uint32_t *out,
    size_t max);
size_t phrases_sets(const struct phrases *b); /* how many there are */
/* Calls each() for every alternative of the set with what must be there: two words side by
 * side, or (second is 0) a word or beginning. */
struct phrase_shown {
	uint32_t id, second;
};
void phrases_shown(const struct phrases *b, uint32_t set,
    void (*each)(void *ctx, struct phrase_shown what), void *ctx);
/* Two words that stand side by side in every match, if there are such, and the one behind
 * them, or 0. */
bool phrase_pair(const struct phrase *p, const struct phrases *b, uint32_t row[3]);

/* The first match in t that begins at byte `at' or later: 1 and its bytes, 0, or -1 when
 * it takes more than `steps'. */
int phrase_match(const struct phrase *p, const struct phrases *b, struct tokens *t,
    size_t at, unsigned steps, size_t *start, size_t *end);

/* Several, of which only is asked whether any stands there.  Takes p; *g NULL: makes one. */
struct phrase_group;
void phrase_group_add(struct phrase_group **g, struct phrase *p);
void phrase_group_seal(struct phrase_group *g, const struct phrases *b);
void phrase_group_free(struct phrase_group **g);
/* Whether one stands within bytes [from, to) of t as if the text ended at `to', which is not
 * within a word.  1, 0, or -1 when one takes more than `steps'. */
int phrase_group_holds(const struct phrase_group *g, const struct phrases *b,
    struct tokens *t, size_t from, size_t to, unsigned steps);

#endif
