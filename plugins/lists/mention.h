/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mention: addresses that a text names without a link: http://..., www..., or a bare
 * name with a dot.  What could be an address is told; whether it is one, a list decides,
 * so that "end.Next" does no harm.  Mail addresses are none.
 */
#ifndef LISTS_MENTION_H
#define LISTS_MENTION_H

#include <stdbool.h>
#include <stddef.h>

struct mention {
	size_t start, end; /* bytes of the text */
	bool scheme;	   /* it says http:// or the like */
};

/* Where the search is; all zero at first. */
struct mention_at {
	size_t at, end; /* of the word: no character in it ends an address */
	size_t mark;	/* its next "://", or its end */
	size_t begin;	/* where the scheme of that begins; mark: it is none of ours */
};

/* The next one.  False: there is none.  The whole text takes time in proportion to its
 * length, whatever it is. */
bool mention_next(
    const char *text, size_t n, struct mention_at *at, struct mention *out);

#endif
