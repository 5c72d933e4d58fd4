/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mend: makes a word that is in no vocabulary into the one that is meant: letters
 * repeated, digits and signs for letters, vowels starred out, signs in between, typing
 * errors, reversed letters, words run together.  Nothing is done to words that are known.
 */
#ifndef KIT_MEND_H
#define KIT_MEND_H

#include <stdbool.h>
#include <stddef.h>

#include "vocab.h"

#define MEND_MAX 48   /* bytes of a word that is looked at */
#define MEND_PARTS 16 /* words that were run together */

struct mended {
	char text[MEND_MAX + 8];
	size_t len;
};

/* All of these take lower-case words and return false when nothing better is found. */

/* "killll", "beeeat": each row of letters as one or two. */
bool mend_repeats(const struct vocab *v, const char *s, size_t n, struct mended *out);
/* "k1ll", "$h00t", "834+", "k*ll", "mur-der", "|<ill": signs as letters. */
bool mend_signs(const struct vocab *v, const char *s, size_t n, struct mended *out);
/* One letter too many, too few, wrong, or two swapped; only towards tagged words. */
bool mend_typo(const struct vocab *v, const char *s, size_t n, struct mended *out);
/* "kiIl", "rnurder", "vvill", in small letters: what looks like other letters; only towards
 * tagged words. */
bool mend_alike(const struct vocab *v, const char *s, size_t n, struct mended *out);
/* "llik". */
bool mend_reversed(const struct vocab *v, const char *s, size_t n, struct mended *out);
/* "killthemall": ends[i] is where part i ends.  The number of parts, or 0. */
size_t mend_parts(const struct vocab *v, const char *s, size_t n, size_t ends[MEND_PARTS]);

#endif
