/* SPDX-License-Identifier: Apache-2.0 */
/* need_in: an expression as items, and what the files of need share. */
#ifndef RULES_NEED_IN_H
#define RULES_NEED_IN_H

#include <stdint.h>

#include "kit/mem.h"
#include "need.h"

#define NEED_STRINGS 64 /* spellings of a row */

enum need_kind { NEED_ONE, NEED_SET, NEED_EDGE, NEED_GROUP };

struct need_item {
	enum need_kind kind;
	uint8_t len;	/* ONE: bytes of its character; 0: one whose case is not known here */
	char c[4];
	uint64_t in[2]; /* SET: ASCII characters of it */
	bool more;	/* SET: others too */
	struct need_row *alt; /* GROUP */
	size_t nalt;
	int min, max;
};

struct need_row {
	struct need_item *v;
	size_t n;
};

static inline bool
need_set_has(const struct need_item *it, int c)
{
	return it->in[c >> 6] >> (c & 63) & 1;
}

/* The alternatives of an expression; false: it uses more than is understood.  What is in
 * *alt has to be cleared either way. */
bool need_parse(const char *regex, size_t n, struct need_row **alt, size_t *nalt);
void need_rows_clear(struct need_row *alt, size_t n);

/* need_spell.c: rows of items that can only be a few strings, spelled out. */
struct need_strings {
	struct sb v[NEED_STRINGS];
	size_t n;
};

void need_strings_clear(struct need_strings *s);
/* The item with its quantifier, behind each of a; false: too many, and a is as it was. */
bool need_spell(const struct need_item *it, struct need_strings *a);

#endif
