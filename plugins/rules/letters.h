/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letters: which characters make words, and which are the same but for case.  Both are
 * asked of PCRE2 itself, so that rules which are found by words and rules which are
 * found by expressions never disagree about a character.
 */
#ifndef RULES_LETTERS_H
#define RULES_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit/mem.h"

struct letters;

/* ASCII is known from the start; other characters are looked up once they are met. */
struct letters *letters_new(void);
void letters_free(struct letters **l);

/* Whether the character is \pL or \pN. */
bool letters_word(const struct letters *l, uint32_t cp);

/* Teaches l the case of the non-ASCII characters in n bytes of a pattern. */
void letters_learn(struct letters *l, const char *s, size_t n);

/* Appends n bytes of text with each character in the one case that stands for all.
 * Characters that were never learnt stay as they are: no pattern has them. */
void letters_fold(const struct letters *l, const char *s, size_t n, struct sb *out);

#endif
