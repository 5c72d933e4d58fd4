/* SPDX-License-Identifier: Apache-2.0 */
/* fold_in: what the files of fold share. */
#ifndef KIT_FOLD_IN_H
#define KIT_FOLD_IN_H

#include "fold.h"

static inline bool
fold_is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26;
}

/* First pass: the characters of s, into f->own and f->space, which have room for n
 * bytes and FOLD_SLACK more. */
#define FOLD_SLACK 16
void fold_chars(struct fold *f, const char *s, size_t n);
/* Second pass: words, in place. */
void fold_words(struct fold *f);
/* fold_text() that does not believe plain.h: tests hold one against the other. */
void fold_unasked(struct fold *f, const char *s, size_t n);

#endif
