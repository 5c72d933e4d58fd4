/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold: undoes the disguises that leave a text readable (zero-width characters, look-alike
 * letters, full width, leet, l e t t e r s  a p a r t, loooong letters) and remembers
 * where each byte came from, so that spans always point into the text as written.
 */
#ifndef KIT_FOLD_H
#define KIT_FOLD_H

#include <stddef.h>
#include <stdint.h>

struct fold {
	const char *text; /* what to search: the text itself, or own */
	size_t len;
	uint32_t *map;	  /* byte i of text began at byte map[i]; NULL: the same */
	char *own;
	size_t cap;	  /* of own and map */
	uint32_t *space;
};

/* Folds s (valid UTF-8); the result lives in f until the next call.  f is all zero
 * before the first.  Never longer than s. */
void fold_text(struct fold *f, const char *s, size_t n);
/* Where byte i of the folded text (or its end) is in the text as written. */
uint32_t fold_origin(const struct fold *f, size_t i);
void fold_free(struct fold *f);

#endif
