/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: expressions as their authors write them, and texts as they are searched.  A text
 * has lost its marks and look-alikes before an expression sees it (kit/fold.h), so that an
 * expression which asks for them would never match: its literal characters are brought
 * into the same form.  What is ASCII stays as it is.
 */
#ifndef RULES_REGEX_H
#define RULES_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "kit/mem.h"

/* Appends the expression s with its characters in the form of texts; @{lists} stay.
 * -1 and w: it asks for what no text has then. */
int regex_fold(const char *s, struct sb *out, struct why *w);
/* Where in s the byte `at' of what regex_fold() makes of it comes from. */
size_t regex_place(const char *s, size_t at);

/* Whether it has letters beyond ASCII: \w, \b and their like then know all letters, and
 * else those of ASCII. */
bool regex_wide(const char *s, size_t n);

/* Appends n bytes of a wide expression, or of a part of one, as one that matches at least
 * where it does although \w, \b and their like know ASCII only; false: there is none. */
bool regex_loosen(const char *s, size_t n, struct sb *out);

#endif
