/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain: see plain.h.  Not plain is what is not ASCII; a digit or sign that leet uses
 * with a letter before it, if such a one with a letter behind it is there too; a letter
 * three times in a row; four letters that stand alone with one sign between each.
 */
#include "plain.h"

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BLOCK 64
#define BACK 8 /* bytes of the block before that are looked at again */

struct masks {
	uint64_t high; /* not ASCII */
	uint64_t letter;
	uint64_t leet;
	uint64_t same; /* the same letter as the byte before */
};

#ifdef __SSE2__
/* s[-1] can be read. */
static inline void
look_at(const char *s, int shift, struct masks *m)
{
	const __m128i low = _mm_set1_epi8(0x20);
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s - 1));
	__m128i lo = _mm_or_si128(v, low);
	__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lo, _mm_set1_epi8('a' - 1)),
	    _mm_cmpgt_epi8(_mm_set1_epi8('z' + 1), lo));
	__m128i same = _mm_and_si128(letter, _mm_cmpeq_epi8(lo, _mm_or_si128(b, low)));
	/* '0' '1' '3' '4' '5' '7', then ! $ @; '2' and '6' ride along: too many is safe
	 */
	__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1)),
	    _mm_cmpgt_epi8(_mm_set1_epi8('8'), v));
	__m128i sign = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('!')),
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('$')),
		_mm_cmpeq_epi8(v, _mm_set1_epi8('@'))));

	m->high |= (uint64_t)(uint32_t)_mm_movemask_epi8(v) << shift;
	m->letter |= (uint64_t)(uint32_t)_mm_movemask_epi8(letter) << shift;
	m->same |= (uint64_t)(uint32_t)_mm_movemask_epi8(same) << shift;
	m->leet |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(digit, sign))
		   << shift;
}
#define STEP 16
#else
static void
look_at(const char *s, int shift, struct masks *m)
{
	uint8_t c = (uint8_t)*s, lo = c | 32;
	uint64_t bit = (uint64_t)1 << shift;
	int letter = lo >= 'a' && lo <= 'z';

	m->high |= c >= 0x80 ? bit : 0;
	m->letter |= letter ? bit : 0;
	m->same |= letter && ((uint8_t)s[-1] | 32) == lo ? bit : 0;
	m->leet |= (c >= '0' && c <= '7') || c == '!' || c == '$' || c == '@' ? bit : 0;
}
#define STEP 1
#endif

bool
plain_text(const char *s, size_t n)
{
	bool before = false, behind = false; /* a leet sign with a letter there */

	/* Blocks overlap, so that what lies across a border is whole in one of them. */
	for (size_t base = 0; base < n; base += BLOCK - BACK) {
		char own[BLOCK + 2] = {' '};
		const char *at = own + 1;
		struct masks m = {0, 0, 0, 0};
		uint64_t alone;

		if (base > 0 && n - base >= BLOCK)
			at = s + base;
		else
			memcpy(own + 1, s + base, n - base < BLOCK ? n - base : BLOCK);
		if (base > 0 && at == own + 1)
			own[0] = s[base - 1];
		for (int k = 0; k < BLOCK; k += STEP)
			look_at(at + k, k, &m);
		alone = m.letter & ~(m.letter << 1) & ~(m.letter >> 1);
		before = before || (m.leet & m.letter << 1) != 0;
		behind = behind || (m.leet & m.letter >> 1) != 0;
		if (m.high != 0 || (m.same & m.same << 1) != 0 ||
		    (alone & alone >> 2 & alone >> 4 & alone >> 6) != 0 ||
		    (before && behind))
			return false;
	}
	return true;
}
