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

/* Whether it has characters that are taken for others in some texts only. */
bool form_has_alike(const char *s, size_t n);
/* Whether they were in this one. */
bool form_took_alike(const struct fold *f, const char *s, size_t n);

#endif
