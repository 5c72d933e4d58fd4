/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ends: digits for letters at the end of a word, as in `ki11' and `th3', which kit/fold.h
 * leaves alone since nobody can tell them from `mp3' and `win11' by the letters.  Here the
 * words that rules look for are known: a word of a text becomes one of those if it is none
 * itself.  Two letters have to stand before the digits, blanks or signs of a sentence
 * around it.
 */
#ifndef RULES_ENDS_H
#define RULES_ENDS_H

#include <stdbool.h>
#include <stddef.h>

struct ends;

struct ends *ends_new(void);
void ends_free(struct ends **x);
/* The words of a phrase, or of an entry of a list. */
void ends_learn(struct ends *x, const char *text);
/* The folded text with such words undone, as long as it; s itself where there are none,
 * else what lives until the next call. */
const char *ends_undo(struct ends *x, const char *s, size_t n);
/* Whether n lower-case letters are one of those words; for struct fold, as its context. */
bool ends_known(const void *x, const char *s, size_t n);

#endif
