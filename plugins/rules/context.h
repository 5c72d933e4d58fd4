/* SPDX-License-Identifier: Apache-2.0 */
/* context: the surroundings of a match, in which a rule may not apply. */
#ifndef RULES_CONTEXT_H
#define RULES_CONTEXT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "pack.h"
#include "phrase.h"

struct context {
	const struct pack_context *src;
	struct phrase_group *words; /* phrases that words are enough for; NULL: none */
	pcre2_code *phrases;	    /* the others as one; NULL: there are none */
	pcre2_code *regexes;	    /* all of them as one; NULL: there are none */
	pcre2_code *wide;	    /* those with letters beyond ASCII, the same */
};

/* A text, and what it is searched with. */
struct context_text {
	const char *text; /* n bytes */
	const char *s;	  /* the same with ends of sentences marked, sentence.h */
	size_t n;
	const struct phrases *book;
	struct tokens *tokens; /* of s, where a context has words */
	struct tokens *part;   /* for a part of it */
	pcre2_match_data *md;
	pcre2_match_context *mc;
	unsigned steps; /* of one phrase from one place */
};

/* Whether the match [start, end) stands in the context: 1, 0, or a negative PCRE2 error.
 * Looks at most CONTEXT_REACH bytes around.  `where = "text"' is the part of the text in
 * which the match begins, the one before and the one after: a word on the first page says
 * nothing of the tenth.  All matches that begin in a part have the same answer. */
#define CONTEXT_REACH 600
#define CONTEXT_PART 2000
static inline uint32_t
context_part(size_t start)
{
	return (uint32_t)(start / CONTEXT_PART);
}
int context_holds(
    const struct context *c, const struct context_text *t, size_t start, size_t end);

#endif
