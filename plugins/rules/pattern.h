/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: a pattern as written becomes two regular expressions.  `confirm` is exact
 * and for PCRE2; `filter` is for Hyperscan, matches whenever `confirm` does (and perhaps
 * more), and is cheap to run over everything.
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

/* Appends to both.  0; -1 and a sentence in w (without file and line); 1 when the
 * pattern can match nothing because it wants @protected and that is empty. */
int pattern_make(const struct pattern_env *env, const struct pack_pattern *p,
    struct sb *confirm, struct sb *filter, struct why *w);

#endif
