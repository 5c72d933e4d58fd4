/* SPDX-License-Identifier: Apache-2.0 */
/* regex_in: what the files of regex share. */
#ifndef RULES_REGEX_IN_H
#define RULES_REGEX_IN_H

#include "regex.h"

/* The bytes of the escape at s; *cp: the character that it is; 0: it is none, or one of
 * ASCII. */
size_t regex_escape(const char *s, uint32_t *cp);
/* Of the parenthesis at s: with what makes it a kind of group, names and comments. */
size_t regex_opening(const char *s);

void regex_put_char(struct sb *out, uint32_t cp);
/* Signs in it are no more than signs. */
void regex_put_plain(struct sb *out, const char *s);

static inline size_t
regex_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

/* Says that texts do not have the character; returns -1. */
int regex_never(struct why *w, uint32_t cp);

/* The bytes of the class at s; 0: it has no end. */
size_t regex_class_end(const char *s);
/* Appends the class at s in the form of texts; *taken: its bytes. */
int regex_class(const char *s, struct sb *out, size_t *taken, struct why *w);

#endif
