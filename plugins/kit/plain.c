/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain: see plain.h.  Not plain are: what is not ASCII; "&#"; a hyphen at the end of a
 * line; digits and signs that leet uses with a letter before and behind them; a letter
 * three times in a row, but for "www."; three letters that stand alone with one sign
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
	uint64_t letter;
	uint64_t leet;
	uint64_t same; /* the same letter as the byte before */
	bool chars;    /* not ASCII, or the second of two that hide something */
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

/* What is not ASCII, or hides something with the byte before it. */
static inline __m128i
odd_chars(__m128i v, __m128i before)
{
	return _mm_or_si128(v, _mm_or_si128(_mm_and_si128(is(before, '&'), is(v, '#')),
				   _mm_and_si128(is(before, '-'), is(v, '\n'))));
}

/* A block; s[-1] can be read, unless it is the first one. */
static inline struct masks
look_at(const char *s, bool first)
{
	struct masks m = {0, 0, 0, false};
	__m128i odd = _mm_setzero_si128();

#pragma GCC unroll 4
	for (int k = 0; k < BLOCK; k += STEP) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + k));
		__m128i b =
		    first && k == 0
			? _mm_slli_si128(v, 1)
			: _mm_loadu_si128((const __m128i *)(const void *)(s + k - 1));
		__m128i low = _mm_set1_epi8(0x20), lo = _mm_or_si128(v, low);
		__m128i letter =
		    _mm_and_si128(_mm_cmpgt_epi8(lo, _mm_set1_epi8('a' - 1)),
			_mm_cmpgt_epi8(_mm_set1_epi8('z' + 1), lo));
		__m128i same = _mm_cmpeq_epi8(lo, _mm_or_si128(b, low));
		/* '0' to '7', then ! $ @; '2' and '6' ride along: too many is safe. */
		__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1)),
		    _mm_cmpgt_epi8(_mm_set1_epi8('8'), v));
		__m128i sign =
		    _mm_or_si128(is(v, '!'), _mm_or_si128(is(v, '$'), is(v, '@')));

		odd = _mm_or_si128(odd, odd_chars(v, b));
		m.letter |= bits(letter, k);
		m.same |= bits(same, k);
		m.leet |= bits(_mm_or_si128(digit, sign), k);
	}
	m.same &= m.letter;
	m.chars = _mm_movemask_epi8(odd) != 0;
	return m;
}
#else
#define STEP 1

static struct masks
look_at(const char *s, bool first)
{
	struct masks m = {0, 0, 0, false};

	for (int k = 0; k < BLOCK; k++) {
		uint8_t c = (uint8_t)s[k], lo = c | 32;
		char b = first && k == 0 ? '\0' : s[k - 1];
		uint64_t bit = (uint64_t)1 << k;
		bool letter = lo >= 'a' && lo <= 'z';

		m.chars = m.chars || c >= 0x80 || (c == '#' && b == '&') ||
			  (c == '\n' && b == '-');
		m.letter |= letter ? bit : 0;
		m.same |= letter && ((uint8_t)b | 32) == lo ? bit : 0;
		m.leet |= (c >= '0' && c <= '7') || c == '!' || c == '$' || c == '@'
			      ? bit
			      : 0;
	}
	return m;
}
#endif

/* The ends of threes that are no "www." of an address. */
static uint64_t
no_addresses(const char *s, uint64_t triple)
{
	uint64_t left = triple;

	for (; triple != 0; triple &= triple - 1) {
		int k = __builtin_ctzll(triple);

		if ((s[k] | 32) == 'w' && k + 1 < BLOCK && s[k + 1] == '.')
			left &= ~((uint64_t)1 << k);
	}
	return left;
}

/* s: the block; more: the text goes on behind it. */
static inline bool
words_plain(const struct masks *m, const char *s, bool more)
{
	uint64_t alone = m->letter & ~(m->letter << 1) & ~(m->letter >> 1);
	/* Adding its first bit to a run of them leaves the bit behind it. */
	uint64_t behind = (m->leet + (m->leet & m->letter << 1)) & ~m->leet;
	uint64_t run = m->leet & m->leet << 1 & m->leet << 2 & m->leet << 3;
	uint64_t triple = m->same & m->same << 1;

	if (triple != 0)
		triple = no_addresses(s, triple);
	if (more) /* what ends behind is in the next block */
		triple &= UINT64_MAX >> BACK / 2;
	return triple == 0 && (alone & alone >> 2 & alone >> 4) == 0 &&
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
#ifdef __SSE2__
	for (; i + STEP <= n; i += STEP) {
		const __m128i *at = (const __m128i *)(const void *)(s + i);
		__m128i before =
		    _mm_loadu_si128((const __m128i *)(const void *)(s + i - 1));

		if (_mm_movemask_epi8(odd_chars(_mm_loadu_si128(at), before)) != 0)
			return false;
	}
#endif
	for (; i < n; i++)
		if (hides(s, i))
			return false;
	return true;
}

static inline bool
block_plain(const char *s, bool first, bool more, unsigned what)
{
	struct masks m = look_at(s, first);

	return !((what & PLAIN_CHARS) && m.chars) &&
	       !((what & PLAIN_WORDS) && !words_plain(&m, s, more));
}

static bool
all_plain(const char *s, size_t n, unsigned what)
{
	if (n < BLOCK) {
		char copy[BLOCK] = {0};

		memcpy(copy, s, n);
		return block_plain(copy, true, false, what);
	}
	/* Blocks overlap, so that what lies across a border is whole in one of them. */
	for (size_t base = 0; base + BLOCK < n; base += BLOCK - BACK)
		if (!block_plain(s + base, base == 0, true, what))
			return false;
	return block_plain(s + n - BLOCK, n == BLOCK, false, what);
}

bool
plain_text(const char *s, size_t n, unsigned what)
{
	return what == PLAIN_CHARS ? chars_plain(s, n) : all_plain(s, n, what);
}
