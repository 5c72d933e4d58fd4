/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold: see fold.h.  Two passes, each linear: characters (non-ASCII to what it looks
 * like), then words (leet, letters apart, long letters).  Plain texts pass through
 * untouched after one look.
 */
#include "fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Letters of other scripts that look like Latin ones; only mapped in words that have
 * Latin letters too, so that real Cyrillic and Greek words stay what they are. */
static const struct {
	uint32_t cp;
	char as;
} lookalikes[] = {
    {0x391, 'A'},
    {0x392, 'B'},
    {0x395, 'E'},
    {0x396, 'Z'},
    {0x397, 'H'},
    {0x399, 'I'},
    {0x39a, 'K'},
    {0x39c, 'M'},
    {0x39d, 'N'},
    {0x39f, 'O'},
    {0x3a1, 'P'},
    {0x3a4, 'T'},
    {0x3a5, 'Y'},
    {0x3a7, 'X'},
    {0x3b1, 'a'},
    {0x3b9, 'i'},
    {0x3ba, 'k'},
    {0x3bd, 'v'},
    {0x3bf, 'o'},
    {0x3c1, 'p'},
    {0x3c4, 't'},
    {0x3c5, 'u'},
    {0x405, 'S'},
    {0x406, 'I'},
    {0x408, 'J'},
    {0x410, 'A'},
    {0x412, 'B'},
    {0x415, 'E'},
    {0x41a, 'K'},
    {0x41c, 'M'},
    {0x41d, 'H'},
    {0x41e, 'O'},
    {0x420, 'P'},
    {0x421, 'C'},
    {0x422, 'T'},
    {0x423, 'Y'},
    {0x425, 'X'},
    {0x430, 'a'},
    {0x432, 'b'},
    {0x433, 'r'},
    {0x435, 'e'},
    {0x438, 'u'},
    {0x43a, 'k'},
    {0x43c, 'm'},
    {0x43d, 'h'},
    {0x43e, 'o'},
    {0x43f, 'n'},
    {0x440, 'p'},
    {0x441, 'c'},
    {0x442, 't'},
    {0x443, 'y'},
    {0x445, 'x'},
    {0x455, 's'},
    {0x456, 'i'},
    {0x458, 'j'},
    {0x4bb, 'h'},
    {0x501, 'd'},
    {0x51b, 'q'},
    {0x51d, 'w'},
};
#define NLOOKALIKES (sizeof(lookalikes) / sizeof(lookalikes[0]))

/* Latin-1 and Latin Extended-A without their marks; 0 stays. */
static const char latin1[] =
    "AAAAAA\0CEEEEIIII\0NOOOOO\0OUUUUY\0\0aaaaaa\0ceeeeiiii\0nooooo"
    "\0ouuuuy\0y";
static const char latin_a[] =
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi\0\0JjKk\0Ll"
    "LlLlLlLlNnNnNn\0\0\0OoOoOo\0\0RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUu"
    "WwYyYZzZzZzs";

/* Small capitals of the phonetic block, a to z; 0: there is none. */
static const uint16_t small_capitals[26] = {0x1d00, 0x299, 0x1d04, 0x1d05, 0x1d07,
    0xa730, 0x262, 0x29c, 0x26a, 0x1d0a, 0x1d0b, 0x29f, 0x1d0d, 0x274, 0x1d0f, 0x1d18,
    0, 0x280, 0xa731, 0x1d1b, 0x1d1c, 0x1d20, 0x1d21, 0, 0x28f, 0x1d22};

#define DROP 0x7f /* leave the character out */

static char
fold_punct(uint32_t c)
{
	if ((c >= 0x2018 && c <= 0x201b) || c == 0x2bc || c == 0x2032 || c == 0xb4)
		return '\'';
	if ((c >= 0x201c && c <= 0x201f) || c == 0xab || c == 0xbb)
		return '"';
	if (c >= 0x2010 && c <= 0x2015)
		return '-';
	if (c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x3000)
		return ' ';
	if (c == 0xb7 || c == 0x2022 || c == 0x2219 || c == 0x30fb)
		return '-';
	return 0;
}

static bool
invisible(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	       c == 0xfeff || (c >= 0x300 && c <= 0x36f) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

/* What a non-ASCII character stands for: ASCII, DROP, or 0 for itself. */
static char
fold_char(uint32_t c, bool mixed)
{
	if (invisible(c))
		return DROP;
	if (c >= 0xff01 && c <= 0xff5e)
		return (char)(c - 0xfee0);
	if (c >= 0xc0 && c < 0xc0 + sizeof(latin1) - 1)
		return latin1[c - 0xc0];
	if (c >= 0x100 && c < 0x100 + sizeof(latin_a) - 1)
		return latin_a[c - 0x100];
	if (c >= 0x1d400 && c <= 0x1d6a3) /* mathematical alphabets, 13 of them */
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    [(c - 0x1d400) % 52];
	if (c >= 0x1d7ce && c <= 0x1d7ff)
		return (char)('0' + (c - 0x1d7ce) % 10);
	if (c >= 0x24b6 && c <= 0x24e9)
		return (char)('a' + (c - 0x24b6) % 26);
	if (c >= 0x1f130 && c <= 0x1f189)
		return (c - 0x1f130) % 32 < 26 ? (char)('a' + (c - 0x1f130) % 32) : 0;
	for (int i = 0; c >= 0x262 && c <= 0xa731 && i < 26; i++)
		if (small_capitals[i] == c)
			return (char)('a' + i);
	for (size_t i = 0; mixed && c >= 0x391 && c <= 0x51d && i < NLOOKALIKES; i++)
		if (lookalikes[i].cp == c)
			return lookalikes[i].as;
	return fold_punct(c);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Does the word that begins here (up to ASCII that is no letter) have a Latin letter?
 */
static bool
has_latin(const char *s, size_t n, size_t *end)
{
	bool latin = false;
	size_t i;

	for (i = 0; i < n && (is_letter(s[i]) || (uint8_t)s[i] >= 0x80); i++)
		latin = latin || is_letter(s[i]);
	*end = i;
	return latin;
}

/* First pass: characters. */
static void
fold_chars(struct fold *f, const char *s, size_t n)
{
	size_t o = 0, word_end = 0;
	bool mixed = false;

	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		int len = (uint8_t)s[i] < 0x80 ? 1 : mem_utf8(s + i, n - i, &cp);
		char as = 0;

		if (len == 0)
			len = 1; /* cannot be: the host promises valid UTF-8 */
		if (len > 1) {
			if (i >= word_end) {
				mixed = (i > 0 && is_letter(s[i - 1])) |
					has_latin(s + i, n - i, &word_end);
				word_end += i;
			}
			as = fold_char(cp, mixed);
		}
		if (as != 0 && as != DROP) {
			f->own[o] = as;
			f->space[o++] = (uint32_t)i;
		} else if (as == 0) {
			for (int k = 0; k < len; k++, o++) {
				f->own[o] = s[i + k];
				f->space[o] = (uint32_t)(i + k);
			}
		}
		i += (size_t)len;
	}
	f->len = o;
}

static char
leet(char c)
{
	const char *from = "013457@$!", *to = "oieastasi";
	const char *at = c != '\0' ? strchr(from, c) : NULL;

	return at != NULL ? to[at - from] : 0;
}

/* Digits and signs inside a word: letters on both sides, however far. */
static void
fold_leet(char *s, size_t n)
{
	size_t last = n; /* where the last letter of this word was */

	for (size_t i = 0; i < n; i++) {
		if (is_letter(s[i])) {
			for (size_t k = last + 1; last < n && k < i; k++)
				s[k] = leet(s[k]);
			last = i;
		} else if (!leet(s[i])) {
			last = n;
		}
	}
}

static bool
is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || (uint8_t)c >= 0x80;
}

/* How many bytes of "k-i-l-l" begin here: single letters with one and the same sign
 * between, at least four of them; 0: none.  Four, because "I a m" is no disguise. */
static size_t
letters_apart(const char *s, size_t n, size_t i)
{
	char sep = i + 1 < n ? s[i + 1] : 0;
	size_t k = i, count = 1;

	if (!is_letter(s[i]) || (i > 0 && is_word(s[i - 1])) || sep == 0 ||
	    is_word(sep) || sep == '\n' || sep == '\'')
		return 0;
	while (k + 2 < n && s[k + 1] == sep && is_letter(s[k + 2])) {
		k += 2;
		count++;
	}
	if (k + 1 < n && is_word(s[k + 1])) /* the last letter begins a longer word */
		k -= count > 1 ? 2 : 0, count--;
	return count >= 4 ? k + 1 - i : 0;
}

/* Second pass: words, in place. */
static void
fold_words(struct fold *f)
{
	size_t n = f->len, o = 0;
	char *s = f->own;

	fold_leet(s, n);
	for (size_t i = 0; i < n;) {
		size_t apart = letters_apart(s, n, i), run = 1;

		for (size_t k = 0; k < apart; k += 2) {
			s[o] = s[i + k];
			f->space[o++] = f->space[i + k];
		}
		if (apart > 0) {
			i += apart;
			continue;
		}
		while (
		    is_letter(s[i]) && i + run < n && (s[i + run] | 32) == (s[i] | 32))
			run++;
		/* English doubles l, o and s most, and "killl" is meant to be "kill".
		 */
		for (size_t k = 0; k < run; k++) {
			if (run > 2 && k >= (strchr("losLOS", s[i]) ? 2u : 1u))
				break;
			s[o] = s[i + k];
			f->space[o++] = f->space[i + k];
		}
		i += run;
	}
	f->len = o;
}

/* Is there anything to undo?  Mostly not. */
static bool
plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c >= 0x80)
			return false;
		if (i < 2)
			continue;
		if (is_letter(s[i]) && s[i - 1] == s[i] && s[i - 2] == s[i])
			return false;
		if (is_letter(s[i]) && !is_letter(s[i - 1]) &&
		    (leet(s[i - 1]) ||
			(is_letter(s[i - 2]) && (i < 3 || !is_word(s[i - 3])))))
			return false;
	}
	return true;
}

void
fold_text(struct fold *f, const char *s, size_t n)
{
	f->map = NULL;
	f->text = s;
	f->len = n;
	if (plain(s, n))
		return;
	if (f->cap < n + 1) {
		f->cap = n + n / 2 + 64;
		free(f->own);
		free(f->space);
		f->own = mem_new(f->cap, 1);
		f->space = mem_new(f->cap, sizeof(*f->space));
	}
	fold_chars(f, s, n);
	fold_words(f);
	f->space[f->len] = (uint32_t)n;
	f->own[f->len] = '\0';
	f->text = f->own;
	f->map = f->space;
}

uint32_t
fold_origin(const struct fold *f, size_t i)
{
	return f->map != NULL ? f->map[i] : (uint32_t)i;
}

void
fold_free(struct fold *f)
{
	free(f->own);
	free(f->space);
	*f = (struct fold){0};
}
