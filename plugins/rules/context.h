/* SPDX-License-Identifier: Apache-2.0 */
/* context: the surroundings of a match, in which a rule may not apply. */
#ifndef RULES_CONTEXT_H
#define RULES_CONTEXT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "pack.h"

struct context {
	const struct pack_context *src;
	pcre2_code *phrases, *regexes; /* all of each as one; NULL: it has none */
};

/* Whether the match [start, end) of text, or of s, which is the same with ends of
 * sentences marked (sentence.h), stands in the context: 1, 0, or a negative PCRE2 error.
 * Looks at most CONTEXT_REACH bytes around, but for `where = "text"`. */
#define CONTEXT_REACH 600
int context_holds(const struct context *c, const char *text, const char *s, size_t n,
    size_t start, size_t end, pcre2_match_data *md, pcre2_match_context *mc);

#endif
