/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain: whether a text has any of the disguises that fold.h undoes.  Most have none, and
 * this is told sixteen bytes at a time.  It is the only answer to that question: what
 * fold.c changes has to be seen here.
 */
#ifndef KIT_PLAIN_H
#define KIT_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

enum plain_what {
	PLAIN_CHARS = 1 << 0, /* characters that are not ASCII, references, hyphens */
	PLAIN_WORDS = 1 << 1, /* signs for letters, letters apart, rows of a letter */
};

/* true, which is certain: there is none of the kinds in `what'.  false, which is a guess:
 * there may be. */
bool plain_text(const char *s, size_t n, unsigned what);

#endif
