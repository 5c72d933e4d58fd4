/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain: see plain.h.  Not plain are: what is not ASCII; "&#"; a hyphen at the end of a
 * line; digits and signs that leet uses with a letter before and behind them; a letter
 * three times in a row, but for "www."; four letters that stand alone with one sign
 * between each.
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
	uint64_t chars; /* not ASCII, or the second of two that hide something */
	uint64_t letter;
	uint64_t leet;
	uint64_t same; /* the same letter as the byte before */
	uint64_t w, dot;
};

#ifdef __SSE2__
#define STEP 16

static inline uint64_t
bits(__m128i v, int shift)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(v) << shift;
}

static inline __m128i
is(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

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
	/* '0' to '7', then ! $ @; '2' and '6' ride along: too many is safe. */
	__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1)),
	    _mm_cmpgt_epi8(_mm_set1_epi8('8'), v));
	__m128i sign = _mm_or_si128(is(v, '!'), _mm_or_si128(is(v, '$'), is(v, '@')));
	__m128i hidden = _mm_or_si128(_mm_and_si128(is(b, '&'), is(v, '#')),
	    _mm_and_si128(is(b, '-'), is(v, '\n')));

	m->chars |= bits(_mm_or_si128(v, hidden), shift);
	m->letter |= bits(letter, shift);
	m->same |= bits(same, shift);
	m->leet |= bits(_mm_or_si128(digit, sign), shift);
	m->w |= bits(is(lo, 'w'), shift);
	m->dot |= bits(is(v, '.'), shift);
}
#else
#define STEP 1

static void
look_at(const char *s, int shift, struct masks *m)
{
	uint8_t c = (uint8_t)*s, lo = c | 32;
	uint64_t bit = (uint64_t)1 << shift;
	int letter = lo >= 'a' && lo <= 'z';

	if (c >= 0x80 || (c == '#' && s[-1] == '&') || (c == '\n' && s[-1] == '-'))
		m->chars |= bit;
	m->letter |= letter ? bit : 0;
	m->same |= letter && ((uint8_t)s[-1] | 32) == lo ? bit : 0;
	m->w |= lo == 'w' ? bit : 0;
	m->dot |= c == '.' ? bit : 0;
	m->leet |= (c >= '0' && c <= '7') || c == '!' || c == '$' || c == '@' ? bit : 0;
}
#endif

/* more: the text goes on behind the block. */
static inline bool
words_plain(const struct masks *m, bool more)
{
	uint64_t alone = m->letter & ~(m->letter << 1) & ~(m->letter >> 1);
	/* Adding its first bit to a run of them leaves the bit behind it. */
	uint64_t behind = (m->leet + (m->leet & m->letter << 1)) & ~m->leet;
	uint64_t run = m->leet & m->leet << 1 & m->leet << 2 & m->leet << 3;
	uint64_t triple = m->same & m->same << 1 & ~(m->w & m->dot >> 1);

	if (more) /* what ends behind is in the next block */
		triple &= UINT64_MAX >> BACK / 2;
	return triple == 0 && (alone & alone >> 2 & alone >> 4 & alone >> 6) == 0 &&
	       (behind & m->letter) == 0 && (run & run << 4) == 0;
}

/* Has the byte at i, with what stands before it, something that hides? */
static inline bool
hides(const char *s, size_t i)
{
	return (uint8_t)s[i] >= 0x80 || (i > 0 && s[i] == '#' && s[i - 1] == '&') ||
	       (i > 0 && s[i] == '\n' && s[i - 1] == '-');
}

static bool
chars_plain(const char *s, size_t n)
{
	size_t i = 0;

	for (; i < n && (i == 0 || n - i < STEP); i++)
		if (hides(s, i))
			return false;
	for (; i + STEP <= n; i += STEP) {
		struct masks m = {0, 0, 0, 0, 0, 0};

		look_at(s + i, 0, &m);
		if (m.chars != 0)
			return false;
	}
	for (; i < n; i++)
		if (hides(s, i))
			return false;
	return true;
}

static bool
all_plain(const char *s, size_t n, unsigned what)
{
	/* Blocks overlap, so that what lies across a border is whole in one of them. */
	for (size_t base = 0; base < n; base += BLOCK - BACK) {
		char own[BLOCK + 2] = {' '};
		const char *at = own + 1;
		struct masks m = {0, 0, 0, 0, 0, 0};

		if (base > 0 && n - base >= BLOCK)
			at = s + base;
		else
			memcpy(own + 1, s + base, n - base < BLOCK ? n - base : BLOCK);
		if (base > 0 && at == own + 1)
			own[0] = s[base - 1];
		for (int k = 0; k < BLOCK; k += STEP)
			look_at(at + k, k, &m);
		if (((what & PLAIN_CHARS) && m.chars != 0) ||
		    ((what & PLAIN_WORDS) && !words_plain(&m, n - base > BLOCK)))
			return false;
		if (n - base <= BLOCK)
			break;
	}
	return true;
}

bool
plain_text(const char *s, size_t n, unsigned what)
{
	return what == PLAIN_CHARS ? chars_plain(s, n) : all_plain(s, n, what);
}
