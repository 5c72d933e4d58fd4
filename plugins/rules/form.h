/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: a text as its author wrote it, word by word, but in the characters that patterns
 * have: marks and invisible characters gone, compatibility forms plain, and nothing taken
 * for another character that it only looks like.  Searched beside the form of kit/fold.h,
 * where that saw disguises, which may have been none.
 */
#ifndef RULES_FORM_H
#define RULES_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit/fold.h"
#include "kit/mem.h"

struct form {
	const char *text; /* n bytes: the text itself, or own */
	size_t n;
	uint32_t *map; /* where each byte of own came from, and its end; NULL: the same */
	struct sb own;
	uint32_t *space;
	size_t room;
};

/* All zero before the first; lives until the next call. */
void form_make(struct form *f, const char *s, size_t n);
void form_free(struct form *f);
/* Where bytes [start, end) of it are in the text. */
void form_span(
    const struct form *f, size_t start, size_t end, uint32_t *from, uint32_t *to);

/* Characters that are taken for others in some texts only; all zero: none. */
struct form_alike {
	uint64_t bits[16]; /* by the character's number, of which some share one */
	uint64_t lead;	   /* by the low bits of their first bytes; 0: there are none */
};
/* Adds those of a pattern. */
void form_learn(struct form_alike *a, const char *s, size_t n);
/* Whether some of them were taken so in the text s that f was made of. */
bool form_took(
    const struct form_alike *a, const struct fold *f, const char *s, size_t n);

#endif
