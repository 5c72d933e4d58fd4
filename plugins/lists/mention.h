/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mention: addresses that a text names without a link: http://..., www..., or a bare
 * name with a dot, also that of a mail address.  What could be an address is told; whether
 * it is one, a list decides, so that "end.Next" does no harm.
 *
 * What touches a name may belong to it or not: of an address with anything but ASCII all
 * readings are told.  As it stands; up to the first sign that is in no name, and up to the
 * first character beyond ASCII; and its host in pieces: parted by such signs, and by scripts
 * that meet within a label, with ideographic dots as dots, then as ends, and last by signs
 * alone.  Letters of one script, and their marks, are never parted: of bücher.example
 * cher.example is no part.
 */
#ifndef LISTS_MENTION_H
#define LISTS_MENTION_H

#include <stdbool.h>
#include <stddef.h>

struct mention {
	size_t start, end; /* bytes of the text */
	bool scheme;	   /* it says http:// or the like */
};

/* An address that is told in other readings. */
#define MENTION_WAYS 5
struct mention_again {
	struct mention m; /* as it stands */
	unsigned ways;	  /* that are left */
	size_t host, host_end, at;
	size_t ascii, sign; /* where it would end before either */
};

/* Where the search is; all zero at first. */
struct mention_at {
	size_t at, end; /* of the word: no character in it ends an address */
	size_t mark;	/* its next "://", or its end */
	size_t begin;	/* where the scheme of that begins; mark: it is none of ours */
	bool cut;	/* a sign ends addresses now */
	struct mention_again again;
};

/* The next one.  False: there is none.  The whole text takes time in proportion to its
 * length, whatever it is. */
bool mention_next(
    const char *text, size_t n, struct mention_at *at, struct mention *out);

#endif
