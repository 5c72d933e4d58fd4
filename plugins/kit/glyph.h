/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glyph: what a single character beyond ASCII stands for when texts are searched.
 * Compatibility forms, letters with marks, full width, mathematical, circled, squared and
 * small capitals become plain letters; invisible characters and marks become nothing;
 * letters of other scripts that look like Latin ones are told apart from those.
 */
#ifndef KIT_GLYPH_H
#define KIT_GLYPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum glyph_kind {
	GLYPH_SELF,  /* nothing else than itself */
	GLYPH_NONE,  /* leave it out */
	GLYPH_TEXT,  /* the bytes of *as, never more than the character's own */
	GLYPH_ALIKE, /* looks like the one byte of *as */
};

/* --- the table, in the open for the compiler (glyph_table.h) */

extern const uint8_t glyph_index[1024];
extern const uint16_t glyph_values[];
extern const uint8_t glyph_pool[];
#define GLYPH_IS_ALIKE 0x8000u
#define GLYPH_IS_NONE 0x7fu

/* 0: itself.  GLYPH_IS_NONE: nothing.  Below that: one byte; with GLYPH_IS_ALIKE: a byte
 * that it looks like.  Else glyph_pool from the value - 0x80 on, up to a NUL. */
static inline unsigned
glyph_value(uint32_t cp)
{
	if (cp < 0x20000)
		return glyph_values[glyph_index[cp >> 7] * 128u + (cp & 127)];
	return cp >= 0xe0000 && cp <= 0xe01ef ? GLYPH_IS_NONE : 0;
}

/* --- the same, and more, in words */

/* cp is not ASCII.  *as is NUL-terminated UTF-8. */
enum glyph_kind glyph_of(uint32_t cp, char as[40]);

/* What an upside-down letter is when turned back; 0: cp is no such letter.  ASCII letters
 * that are others upside down (n, u, b, q, d, p, m, w) count as well. */
char glyph_turned(uint32_t cp);
/* True for those that are nothing but upside-down letters. */
bool glyph_is_turned(uint32_t cp);

/* A word for a pictograph ("knife"); NULL: none of those that mean something here. */
const char *glyph_word(uint32_t cp);
/* True for pictographs of any kind, named or not. */
bool glyph_is_picture(uint32_t cp);
/* True if the two letters A to Z (0 to 25) are a country's code: a flag. */
bool glyph_is_country(int a, int b);

#endif
