/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: a pattern as written becomes a regular expression for PCRE2, which is exact,
 * and a few `atoms` for Hyperscan: expressions that are cheap to look for all at once and
 * each of which must be seen somewhere in a text before the pattern can match it.
 *
 * A phrase is words with blanks between:
 *   kill        the word, without regard to case     kill*    any ending
 *   a|b|c       one of them                          @list    an entry of a list
 *   word?       may be missing (also @list?)         <4>      up to four other words
 * Between two words of a phrase stand blanks or signs, but no end of a sentence.
 */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include "pack.h"

#define PATTERN_FILTER_MAX 15000  /* Hyperscan takes 16,000 bytes */
#define PATTERN_CONFIRM_MAX 60000 /* PCRE2 compiles to at most 64 KiB */

struct pattern_env {
	const struct pack *pack;
	const struct pack_list *protect; /* what @protected means now */
	const char *target;		 /* what @target means; NULL: nothing */
};

#define PATTERN_ATOMS 8
struct pattern_out {
	struct sb confirm;
	char *atom[PATTERN_ATOMS];
	size_t natoms; /* at least one */
};

/* Fills out, all zero before; pattern_clear() frees it in any case.  0; -1 and a sentence in w (without file and line); 1 when the
 * pattern can match nothing because it wants @protected and that is empty. */
int pattern_make(const struct pattern_env *env, const struct pack_pattern *p,
    struct pattern_out *out, struct why *w);
void pattern_clear(struct pattern_out *out);

#endif
