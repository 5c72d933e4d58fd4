/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script: which characters of a text may stand side by side in one label of a name.  By
 * blocks of Unicode and not character by character: where a name ends is only guessed by
 * it, and read the other way as well (mention.h).
 */
#ifndef LISTS_SCRIPT_H
#define LISTS_SCRIPT_H

#include <stdint.h>

enum script {
	SCRIPT_NONE,   /* no part of a name: pictographs, dashes, signs, what is invisible */
	SCRIPT_COMMON, /* digits, hyphens, joiners: with any of the others */
	SCRIPT_MARK,   /* with the letter before it */
	SCRIPT_LATIN,
	SCRIPT_CJK,
	SCRIPT_OTHERS /* and more: a number for each */
};

/* Of a letter, digit or sign beyond a dot; the same number: of one script. */
uint32_t script_of(uint32_t cp);

#endif
