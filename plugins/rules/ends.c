/* SPDX-License-Identifier: Apache-2.0 */
/* ends: see ends.h.  Texts without a digit behind a letter are told sixteen bytes at a
 * time. */
#include "ends.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "kit/fold.h"
#include "lexicon.h"

#define LETTERS_LEAST 2
#define LETTERS_MAX 40
#define DIGITS_MAX 3

struct ends {
	struct lexicon *words;
	struct fold fold;
	struct sb own;
};

struct ends *
ends_new(void)
{
	struct ends *x = mem_new(1, sizeof(*x));

	x->words = lexicon_new();
	return x;
}

void
ends_free(struct ends **xp)
{
	struct ends *x = *xp;

	if (x == NULL)
		return;
	*xp = NULL;
	lexicon_free(&x->words);
	fold_free(&x->fold);
	sb_free(&x->own);
	free(x);
}

static inline bool
is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26;
}

static inline bool
is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

void
ends_learn(struct ends *x, const char *text)
{
	char word[LETTERS_MAX + DIGITS_MAX];
	const char *s;

	fold_signs(&x->fold, text, strlen(text));
	for (s = x->fold.text; *s != '\0';) {
		size_t n = 0;

		/* The name of a list, a gap. */
		if (*s == '@' || *s == '<')
			s += 1 + strcspn(s + 1, *s == '<' ? ">" : " |?*");
		for (; is_letter(*s) || is_digit(*s); s++, n++)
			if (n < sizeof(word))
				word[n] = (char)(*s >= 'A' && *s <= 'Z' ? *s | 32 : *s);
		if (n > 1 && n <= sizeof(word))
			lexicon_add(x->words, word, n, false);
		s += n == 0 && *s != '\0';
	}
}

static bool
is_word(const struct ends *x, const char *s, size_t n)
{
	uint8_t marks;
	uint32_t id = lexicon_find(x->words, lexicon_hash(s, n, n), &marks);

	return id != 0 && lexicon_is(x->words, id, s, n);
}

bool
ends_known(const void *x, const char *s, size_t n)
{
	return is_word(x, s, n);
}

/* --- where a digit stands behind a letter */

#ifdef __SSE2__
#define STEP 16

/* A bit for each of the sixteen bytes at s that is one; s[-1] can be read.  Most have
 * no digit at all: moved up to the end of what a byte can be, those alone are above. */
static inline unsigned
digits_in(const char *s)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s), b, letter;
	__m128i digit = _mm_cmpgt_epi8(
	    _mm_add_epi8(v, _mm_set1_epi8(127 - '9')), _mm_set1_epi8(127 - 10));
	unsigned found = (unsigned)_mm_movemask_epi8(digit);

	if (found == 0)
		return 0;
	b = _mm_or_si128(
	    _mm_loadu_si128((const __m128i *)(const void *)(s - 1)), _mm_set1_epi8(32));
	letter = _mm_and_si128(_mm_cmpgt_epi8(b, _mm_set1_epi8('a' - 1)),
	    _mm_cmpgt_epi8(_mm_set1_epi8('z' + 1), b));
	return found & (unsigned)_mm_movemask_epi8(letter);
}

/* The first one from i (at least 1) on; n: there is none. */
static size_t
next_digit(const char *s, size_t i, size_t n)
{
	for (; i + STEP <= n; i += STEP) {
		unsigned found = digits_in(s + i);

		if (found != 0)
			return i + (size_t)__builtin_ctz(found);
	}
	if (i < n && n > STEP) { /* the last ones once more */
		size_t base = n - STEP;
		unsigned found = digits_in(s + base) >> (i - base);

		return found != 0 ? i + (size_t)__builtin_ctz(found) : n;
	}
	while (i < n && !(is_digit(s[i]) && is_letter(s[i - 1])))
		i++;
	return i;
}
#else
static size_t
next_digit(const char *s, size_t i, size_t n)
{
	while (i < n && !(is_digit(s[i]) && is_letter(s[i - 1])))
		i++;
	return i;
}
#endif

/* --- one word */

static bool
stands_before(const char *s, size_t i)
{
	return i == 0 || strchr(" \t\n\r\"'(", s[i - 1]) != NULL;
}

static bool
stands_behind(const char *s, size_t i, size_t n)
{
	return i == n || strchr(" \t\n\r\"').,:;!?", s[i]) != NULL;
}

/* As letters inside of a word; 1 is l at its end, and then i. */
static char
letter_of(char c, char one)
{
	static const char as[10] = {'o', 0, 0, 'e', 'a', 's', 0, 't', 0, 0};

	return c == '1' ? one : as[c - '0'];
}

/* Writes the word of so many letters and digits that is meant; false: none is. */
static bool
mean(const struct ends *x, const char *s, size_t letters, size_t digits, char *out)
{
	memcpy(out, s, letters);
	for (int one = 0; one < 2; one++) {
		bool whole = true;

		for (size_t i = letters; i < letters + digits; i++) {
			out[i] = letter_of(s[i], "li"[one]);
			whole = whole && out[i] != 0;
		}
		if (whole && is_word(x, out, letters + digits))
			return true;
	}
	return false;
}

/* Undoes the word whose first digit is at i, in own. */
static void
undo_word(struct ends *x, const char *s, size_t n, size_t i)
{
	char meant[LETTERS_MAX + DIGITS_MAX];
	size_t from = i, end = i, len;

	while (from > 0 && i - from <= LETTERS_MAX && is_letter(s[from - 1]))
		from--;
	while (end < n && end - i <= DIGITS_MAX && is_digit(s[end]))
		end++;
	len = end - from;
	if (i - from < LETTERS_LEAST || i - from > LETTERS_MAX ||
	    end - i > DIGITS_MAX || !stands_before(s, from) ||
	    !stands_behind(s, end, n) || is_word(x, s + from, len) ||
	    !mean(x, s + from, i - from, end - i, meant))
		return;
	if (x->own.len == 0)
		sb_put(&x->own, s, n);
	memcpy(x->own.data + from, meant, len);
}

const char *
ends_undo(struct ends *x, const char *s, size_t n)
{
	x->own.len = 0;
	for (size_t i = 1; i < n && (i = next_digit(s, i, n)) < n; i++)
		undo_word(x, s, n, i);
	return x->own.len > 0 ? x->own.data : s;
}
