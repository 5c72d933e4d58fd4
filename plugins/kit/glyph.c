/* SPDX-License-Identifier: Apache-2.0 */
/* glyph: see glyph.h.  Everything is table; the large one is made by glyph_table.py. */
#include "glyph.h"

#include <stdlib.h>
#include <string.h>

#include "glyph_table.h"

enum glyph_kind
glyph_of(uint32_t cp, char as[40])
{
	unsigned v = glyph_value(cp);

	if (v == 0)
		return GLYPH_SELF;
	if (v == GLYPH_IS_NONE)
		return GLYPH_NONE;
	if (v & GLYPH_IS_ALIKE || v < GLYPH_IS_NONE) {
		as[0] = (char)(v & 0x7f);
		as[1] = '\0';
		return v & GLYPH_IS_ALIKE ? GLYPH_ALIKE : GLYPH_TEXT;
	}
	/* No entry is longer than its character. */
	for (const uint8_t *from = &glyph_pool[v - 0x80];
	     (*as = (char)*from) != '\0';) {
		as++;
		from++;
	}
	return GLYPH_TEXT;
}

/* --- upside down */

static const struct {
	uint16_t cp;
	char as;
	bool only; /* it is nothing else */
} turned[] = {
    {0x183, 'g', true},
    {0x18d, 'g', true},
    {0x1dd, 'e', true},
    {0x250, 'a', true},
    {0x254, 'c', true},
    {0x25f, 'f', true},
    {0x261, 'b', false},
    {0x265, 'h', true},
    {0x26f, 'm', true},
    {0x270, 'm', true},
    {0x279, 'r', true},
    {0x27e, 'j', true},
    {0x283, 'l', true},
    {0x287, 't', true},
    {0x28c, 'v', true},
    {0x28d, 'w', true},
    {0x28e, 'y', true},
    {0x29e, 'k', true},
    {0x1d09, 'i', true},
    {0x1d1a, 'r', true},
    {0x131, 'i', false},
    {0x2c9, '_', false},
    {0x2d9, '.', false},
    {0x5df, 'l', false},
    {0x2132, 'F', true},
    {0x2141, 'G', true},
    {0x2142, 'L', true},
    {0x2144, 'Y', true},
    {0x1d7, 'x', false},
    {0xbf, '?', false},
    {0xa1, '!', false},
};

bool
glyph_is_turned(uint32_t cp)
{
	if (cp > 0x29e && cp != 0x1d09 && cp != 0x1d1a && (cp < 0x2132 || cp > 0x2144))
		return false; /* most others, before the walk */
	for (size_t i = 0;
	     cp >= 0x183 && cp <= 0x2144 && i < sizeof(turned) / sizeof(turned[0]); i++)
		if (turned[i].cp == cp)
			return turned[i].only;
	return false;
}

char
glyph_turned(uint32_t cp)
{
	static const char from[] = "nubqdpmwNSHIOXZoslxz",
			  to[] = "unqbpdwmNSHIOXZoslxz";
	const char *at = cp > 0 && cp < 0x80 ? strchr(from, (int)cp) : NULL;

	if (at != NULL)
		return to[at - from];
	for (size_t i = 0; i < sizeof(turned) / sizeof(turned[0]); i++)
		if (turned[i].cp == cp)
			return turned[i].as;
	return 0;
}

/* --- pictures */

static const struct picture {
	uint32_t cp;
	const char *word;
} pictures[] = {
    /* ascending */
    {0x2620, "skull"},
    {0x2622, "nuke"},
    {0x2626, "christian"},
    {0x262a, "muslim"},
    {0x262d, "communist"},
    {0x262e, "peace"},
    {0x2639, "sadface"},
    {0x263a, "smileface"},
    {0x2640, "female"},
    {0x2642, "male"},
    {0x2660, "spade"},
    {0x2665, "heart"},
    {0x267f, "disabled"},
    {0x2693, "anchor"},
    {0x2694, "swords"},
    {0x2695, "doctor"},
    {0x2696, "law"},
    {0x26a0, "warning"},
    {0x26a7, "trans"},
    {0x26b0, "coffin"},
    {0x26b1, "coffin"},
    {0x26bd, "football"},
    {0x26be, "baseball"},
    {0x26d3, "chains"},
    {0x26ea, "church"},
    {0x2702, "scissors"},
    {0x270a, "fist"},
    {0x270b, "hand"},
    {0x270c, "peace"},
    {0x271d, "christian"},
    {0x2721, "jew"},
    {0x274c, "cross"},
    {0x2764, "heart"},
    {0x2b1b, "black"},
    {0x2b1c, "white"},
    {0x1f1e6, "flag"},
    {0x1f308, "rainbow"},
    {0x1f32e, "taco"},
    {0x1f346, "eggplant"},
    {0x1f34c, "banana"},
    {0x1f36b, "chocolate"},
    {0x1f373, "cooking"},
    {0x1f37a, "beer"},
    {0x1f382, "cake"},
    {0x1f3a4, "microphone"},
    {0x1f3a5, "movie"},
    {0x1f3ac, "movie"},
    {0x1f3ae, "game"},
    {0x1f3b5, "song"},
    {0x1f3b6, "song"},
    {0x1f3bb, "violin"},
    {0x1f3c0, "basketball"},
    {0x1f3c6, "trophy"},
    {0x1f3c8, "football"},
    {0x1f3e5, "hospital"},
    {0x1f3eb, "school"},
    {0x1f3f3, "flag"},
    {0x1f3f4, "flag"},
    {0x1f3f9, "bow"},
    {0x1f400, "rat"},
    {0x1f404, "cow"},
    {0x1f40d, "snake"},
    {0x1f411, "sheep"},
    {0x1f412, "monkey"},
    {0x1f413, "rooster"},
    {0x1f414, "chicken"},
    {0x1f415, "dog"},
    {0x1f416, "pig"},
    {0x1f417, "boar"},
    {0x1f41b, "bug"},
    {0x1f42d, "mouse"},
    {0x1f435, "monkey"},
    {0x1f436, "dog"},
    {0x1f437, "pig"},
    {0x1f440, "eyes"},
    {0x1f44a, "punch"},
    {0x1f44b, "hand"},
    {0x1f44d, "thumbsup"},
    {0x1f44f, "clap"},
    {0x1f466, "boy"},
    {0x1f467, "girl"},
    {0x1f468, "man"},
    {0x1f469, "woman"},
    {0x1f46a, "family"},
    {0x1f46b, "couple"},
    {0x1f46c, "gays"},
    {0x1f46d, "lesbians"},
    {0x1f46e, "cop"},
    {0x1f470, "bride"},
    {0x1f472, "chinese"},
    {0x1f473, "turban"},
    {0x1f474, "man"},
    {0x1f475, "woman"},
    {0x1f476, "baby"},
    {0x1f477, "worker"},
    {0x1f478, "princess"},
    {0x1f47b, "ghost"},
    {0x1f47d, "alien"},
    {0x1f47e, "game"},
    {0x1f47f, "devil"},
    {0x1f480, "skull"},
    {0x1f489, "needle"},
    {0x1f48a, "pill"},
    {0x1f494, "heartbreak"},
    {0x1f495, "heart"},
    {0x1f496, "heart"},
    {0x1f497, "heart"},
    {0x1f498, "heart"},
    {0x1f499, "heart"},
    {0x1f49a, "heart"},
    {0x1f49b, "heart"},
    {0x1f49c, "heart"},
    {0x1f4a3, "bomb"},
    {0x1f4a5, "explosion"},
    {0x1f4a9, "shit"},
    {0x1f4aa, "muscle"},
    {0x1f4b0, "money"},
    {0x1f4bb, "computer"},
    {0x1f4f0, "news"},
    {0x1f52a, "knife"},
    {0x1f525, "burn"},
    {0x1f528, "hammer"},
    {0x1f52b, "gun"},
    {0x1f54b, "mecca"},
    {0x1f54c, "mosque"},
    {0x1f54d, "synagogue"},
    {0x1f54e, "jewish"},
    {0x1f56f, "candle"},
    {0x1f595, "middlefinger"},
    {0x1f5a4, "heart"},
    {0x1f5e1, "dagger"},
    {0x1f600, "smileface"},
    {0x1f601, "smileface"},
    {0x1f602, "laughface"},
    {0x1f603, "smileface"},
    {0x1f604, "smileface"},
    {0x1f605, "laughface"},
    {0x1f606, "laughface"},
    {0x1f608, "devil"},
    {0x1f609, "winkface"},
    {0x1f60d, "loveface"},
    {0x1f618, "loveface"},
    {0x1f621, "angryface"},
    {0x1f620, "angryface"},
    {0x1f622, "cryface"},
    {0x1f624, "angryface"},
    {0x1f62d, "cryface"},
    {0x1f630, "fearface"},
    {0x1f631, "fearface"},
    {0x1f64f, "pray"},
    {0x1f682, "train"},
    {0x1f697, "car"},
    {0x1f698, "car"},
    {0x1f699, "car"},
    {0x1f69a, "truck"},
    {0x1f6ab, "forbidden"},
    {0x1f923, "laughface"},
    {0x1f92c, "angryface"},
    {0x1f92e, "sickface"},
    {0x1f94a, "punch"},
    {0x1f970, "loveface"},
    {0x1f98d, "gorilla"},
    {0x1f9ce, "kneel"},
    {0x1f9d1, "person"},
    {0x1f9d2, "child"},
    {0x1f9d3, "person"},
    {0x1f9d4, "beard"},
    {0x1f9d5, "headscarf"},
    {0x1f9e8, "dynamite"},
    {0x1fa78, "blood"},
    {0x1fa93, "axe"},
    {0x1faa6, "grave"},
    {0x1faa2, "rope"},
    {0x1fa9a, "saw"},
    {0x1fa9d, "hook"},
};

const char *
glyph_word(uint32_t cp)
{
	/* A handful of rows stand out of order above; a walk finds them all the same,
	 * and pictures are rare. */
	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		if (pictures[i].cp == cp)
			return pictures[i].word;
	return NULL;
}

bool
glyph_is_picture(uint32_t cp)
{
	return (cp >= 0x1f000 && cp < 0x1fb00) || (cp >= 0x2600 && cp < 0x27c0) ||
	       (cp >= 0x2b00 && cp < 0x2c00) || (cp >= 0x2300 && cp < 0x2400);
}

/* ISO 3166-1 alpha-2 (and EU, UN): by first letter, the second ones. */
bool
glyph_is_country(int a, int b)
{
	static const char *const second[26] = {"CDEFGILMOQRSTUWXZ",
	    "ABDEFGHIJLMNOQRSTVWYZ", "ACDFGHIKLMNORUVWXYZ", "EGJKMOZ", "CEGHRSTU",
	    "IJKMOR", "ABDEFGHILMNPQRSTUWY", "KMNRTU", "DELMNOQRST", "EMOP",
	    "EGHIMNPRWYZ", "ABCIKRSTUVY", "ACDEFGHKLMNOPQRSTUVWXYZ", "ACEFGILOPRUZ",
	    "M", "AEFGHKLMNRSTWY", "A", "EOSUW", "ABCDEGHIJKLMNORSTVXYZ",
	    "CDFGHJKLMNORTVWZ", "AGMNSYZ", "ACEGINU", "FS", "K", "ET", "AMW"};

	return a >= 0 && a < 26 && b >= 0 && b < 26 &&
	       strchr(second[a], 'A' + b) != NULL;
}
