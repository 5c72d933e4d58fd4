/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: which patterns are worth a look in a text.  A pattern stands under what must be
 * there: a pair of words, or atoms, each of which is seen when one of its words, pairs or
 * strings is.  Words are found by the lexicon; strings and expressions by Hyperscan,
 * which is not asked when no pattern needs it.
 */
#ifndef RULES_INDEX_H
#define RULES_INDEX_H

#include <stdint.h>

#include "lexicon.h"
#include "tokens.h"

#define INDEX_ATOMS 8 /* of a pattern */

struct index;

struct index *index_new(struct lexicon *x);
void index_free(struct index **ix);

uint32_t index_atom(struct index *ix);
void index_word(struct index *ix, uint32_t atom, uint32_t id);
/* Two words side by side. */
void index_pair(struct index *ix, uint32_t atom, uint32_t first, uint32_t second);
/* Without regard to the case of ASCII, which is lower here; other bytes as they are.  id: a
 * word that every text with this string has, so that the others are not searched; 0: none
 * is known. */
void index_string(
    struct index *ix, uint32_t atom, const char *s, size_t n, uint32_t id);
/* Whether a string was put in that any text may have. */
bool index_always(const struct index *ix);
void index_expression(struct index *ix, uint32_t atom, const char *regex);

/* Patterns are numbered from 0 in any order.  The first atom should be the rarest. */
void index_put(struct index *ix, uint32_t pattern, const uint32_t *atoms, size_t n);
/* Two words side by side, and a third one behind them unless it is 0. */
void index_put_pair(struct index *ix, uint32_t pattern, uint32_t first, uint32_t second,
    uint32_t third);

/* To be called once, after all of these, and seals the lexicon.  cache_dir, *note: see
 * engine.h.  -1 and w; *bad is then a pattern at fault, or -1. */
int index_seal(struct index *ix, uint32_t npatterns, const char *cache_dir,
    int64_t *bad, const char **note, struct why *w);

/* What fits the text that t was taken from; *found is borrowed, ascending and without
 * repetition.  s, n: the same text.  -1: Hyperscan failed. */
int index_look(struct index *ix, struct tokens *t, const char *s, size_t n,
    const uint32_t **found, size_t *nfound);

/* How many strings and expressions were left to Hyperscan, for `tosctl policy lint'. */
size_t index_strings(const struct index *ix);
size_t index_expressions(const struct index *ix);

#endif
