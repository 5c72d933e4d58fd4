/* SPDX-License-Identifier: Apache-2.0 */
/*
 * need: what a text must have before a regular expression can match it, read from the
 * expression: words that stand alone, or strings.  Expressions that use more of PCRE2
 * than is understood here need nothing, which is always true.
 */
#ifndef RULES_NEED_H
#define RULES_NEED_H

#include <stdbool.h>
#include <stddef.h>

#define NEED_MAX 4

/* One of these must be there. */
struct need {
	struct need_text {
		char *text; /* ASCII, lower-case, and pictographs */
		size_t n;
		bool word;  /* letters and digits with none beside them */
		/* Of a string: the rarest such word in it; inner_n 0: there is none. */
		size_t inner_at, inner_n;
	} *v;
	size_t n;
	size_t worth; /* how rare it is thought to be */
	bool words;   /* all of them are */
	bool cheap;   /* words alone could stand for all of them, hardly any a common one */
	bool guarded; /* each has such a word in it, or is not ASCII */
	size_t common;
};

/* The needs of an expression, all of which must be met, best first; 0: none is known.
 * need_clear() frees each. */
size_t need_find(const char *regex, size_t n, struct need out[NEED_MAX]);
void need_clear(struct need *d);

#endif
