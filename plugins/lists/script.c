/* SPDX-License-Identifier: Apache-2.0 */
/* script: see script.h. */
#include "script.h"

#include <stddef.h>

/* In order; what is not there is of the script of its 128 characters, since the blocks
 * of most scripts are so.  Figures: the blocks of the Unicode Character Database. */
static const struct {
	uint32_t from, to, script;
} blocks[] = {
    {0x00, 0x2c, SCRIPT_NONE},
    {'-', '-', SCRIPT_COMMON},
    {'.', '/', SCRIPT_NONE},
    {'0', '9', SCRIPT_COMMON},
    {0x3a, 0x40, SCRIPT_NONE},
    {'A', 'Z', SCRIPT_LATIN},
    {0x5b, 0x5e, SCRIPT_NONE},
    {'_', '_', SCRIPT_COMMON},
    {0x60, 0x60, SCRIPT_NONE},
    {'a', 'z', SCRIPT_LATIN},
    {0x7b, 0xa9, SCRIPT_NONE},
    {0xaa, 0xaa, SCRIPT_LATIN},
    {0xab, 0xac, SCRIPT_NONE},
    {0xad, 0xad, SCRIPT_COMMON}, /* soft hyphen */
    {0xae, 0xb9, SCRIPT_NONE},
    {0xba, 0xba, SCRIPT_LATIN},
    {0xbb, 0xbf, SCRIPT_NONE},
    {0xc0, 0xd6, SCRIPT_LATIN},
    {0xd7, 0xd7, SCRIPT_NONE},
    {0xd8, 0xf6, SCRIPT_LATIN},
    {0xf7, 0xf7, SCRIPT_NONE},
    {0xf8, 0x2af, SCRIPT_LATIN},
    {0x2b0, 0x2ff, SCRIPT_NONE},
    {0x300, 0x36f, SCRIPT_MARK},
    {0x370, 0x3ff, SCRIPT_OTHERS},     /* Greek */
    {0x400, 0x52f, SCRIPT_OTHERS + 1}, /* Cyrillic */
    {0x530, 0x58f, SCRIPT_OTHERS + 2}, /* Armenian */
    {0x590, 0x5ff, SCRIPT_OTHERS + 3}, /* Hebrew */
    {0x600, 0x61b, SCRIPT_OTHERS + 4}, /* Arabic */
    {0x61c, 0x61c, SCRIPT_NONE},
    {0x61d, 0x6ff, SCRIPT_OTHERS + 4},
    {0x750, 0x77f, SCRIPT_OTHERS + 4},
    {0x870, 0x8ff, SCRIPT_OTHERS + 4},
    {0x1100, 0x11ff, SCRIPT_CJK},	 /* Hangul */
    {0x1200, 0x139f, SCRIPT_OTHERS + 5}, /* Ethiopic */
    {0x180b, 0x180f, SCRIPT_NONE},
    {0x1ab0, 0x1aff, SCRIPT_MARK},
    {0x1c80, 0x1c8f, SCRIPT_OTHERS + 1},
    {0x1d00, 0x1dbf, SCRIPT_LATIN},
    {0x1dc0, 0x1dff, SCRIPT_MARK},
    {0x1e00, 0x1eff, SCRIPT_LATIN},
    {0x1f00, 0x1fff, SCRIPT_OTHERS},
    {0x2000, 0x200b, SCRIPT_NONE},
    {0x200c, 0x200d, SCRIPT_COMMON}, /* joiners */
    {0x200e, 0x205f, SCRIPT_NONE},
    {0x2060, 0x2060, SCRIPT_COMMON},
    {0x2061, 0x20cf, SCRIPT_NONE},
    {0x20d0, 0x20ff, SCRIPT_MARK},
    {0x2100, 0x2bff, SCRIPT_NONE},
    {0x2c60, 0x2c7f, SCRIPT_LATIN},
    {0x2de0, 0x2dff, SCRIPT_OTHERS + 1},
    {0x2e00, 0x2e7f, SCRIPT_NONE},
    {0x2e80, 0x2fff, SCRIPT_CJK},
    {0x3000, 0x3004, SCRIPT_NONE},
    {0x3005, 0x3007, SCRIPT_CJK},
    {0x3008, 0x3020, SCRIPT_NONE},
    {0x3021, 0x302f, SCRIPT_CJK},
    {0x3030, 0x3030, SCRIPT_NONE},
    {0x3031, 0x4dbf, SCRIPT_CJK},
    {0x4dc0, 0x4dff, SCRIPT_NONE},
    {0x4e00, 0xa4cf, SCRIPT_CJK},
    {0xa640, 0xa69f, SCRIPT_OTHERS + 1},
    {0xa720, 0xa7ff, SCRIPT_LATIN},
    {0xa960, 0xa97f, SCRIPT_CJK},
    {0xab30, 0xab6f, SCRIPT_LATIN},
    {0xac00, 0xd7ff, SCRIPT_CJK},
    {0xd800, 0xf8ff, SCRIPT_NONE},
    {0xf900, 0xfaff, SCRIPT_CJK},
    {0xfb00, 0xfb06, SCRIPT_LATIN},
    {0xfb1d, 0xfb4f, SCRIPT_OTHERS + 3},
    {0xfb50, 0xfdff, SCRIPT_OTHERS + 4},
    {0xfe00, 0xfe1f, SCRIPT_NONE},
    {0xfe20, 0xfe2f, SCRIPT_MARK},
    {0xfe30, 0xfe6f, SCRIPT_NONE},
    {0xfe70, 0xfefe, SCRIPT_OTHERS + 4},
    {0xfeff, 0xfeff, SCRIPT_COMMON},
    {0xff00, 0xff0c, SCRIPT_NONE},
    {0xff0d, 0xff0d, SCRIPT_COMMON}, /* full width */
    {0xff0e, 0xff0f, SCRIPT_NONE},
    {0xff10, 0xff19, SCRIPT_COMMON},
    {0xff1a, 0xff20, SCRIPT_NONE},
    {0xff21, 0xff3a, SCRIPT_LATIN},
    {0xff3b, 0xff3e, SCRIPT_NONE},
    {0xff3f, 0xff3f, SCRIPT_COMMON},
    {0xff40, 0xff40, SCRIPT_NONE},
    {0xff41, 0xff5a, SCRIPT_LATIN},
    {0xff5b, 0xff65, SCRIPT_NONE},
    {0xff66, 0xffdf, SCRIPT_CJK},
    {0xffe0, 0xffff, SCRIPT_NONE},
    {0x1d400, 0x1d7ff, SCRIPT_LATIN}, /* as formulas have it */
    {0x1f000, 0x1faff, SCRIPT_NONE},
    {0x20000, 0x3ffff, SCRIPT_CJK},
    {0xe0000, 0x10ffff, SCRIPT_NONE},
};

uint32_t
script_of(uint32_t cp)
{
	size_t low = 0, high = sizeof(blocks) / sizeof(blocks[0]);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (cp > blocks[mid].to)
			low = mid + 1;
		else if (cp < blocks[mid].from)
			high = mid;
		else
			return blocks[mid].script;
	}
	return 0x100 + (cp >> 7);
}
