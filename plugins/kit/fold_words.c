/* SPDX-License-Identifier: Apache-2.0 */
/* fold_words: leet, letters apart and long letters; see fold.h.  What is undone here
 * has to be seen in plain.c. */
#include <string.h>

#include "fold_in.h"

static char
leet(char c)
{
	static const char as[128] = {['0'] = 'o',
	    ['1'] = 'i',
	    ['3'] = 'e',
	    ['4'] = 'a',
	    ['5'] = 's',
	    ['7'] = 't',
	    ['@'] = 'a',
	    ['$'] = 's',
	    ['!'] = 'i'};

	return (uint8_t)c < 128 ? as[(uint8_t)c] : 0;
}

/* Digits and signs inside a word: letters on both sides, however far.  What stands at
 * an end may be meant, as in mp3: plugins/rules/ends.c. */
static void
fold_leet(char *s, size_t n)
{
	size_t last = n; /* where the last letter of this word was */

	for (size_t i = 0; i < n; i++) {
		if (fold_is_letter(s[i])) {
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
	return fold_is_letter(c) || (c >= '0' && c <= '9') || (uint8_t)c >= 0x80;
}

/* --- letters apart */

/* Letters that are a word, known or not: "I a m" is no disguise. */
#define APART_SURE 4
#define APART_MAX 32 /* letters that are taken apart into words */
/* Rows of letters that are taken apart in a text, each of which costs some hundred
 * looks; what is beyond is read as one word each, and `limited' says so. */
#define SPLITS 1000
#define WORD_LONG 14 /* letters of a word that is found among others */

/* How many bytes of "k-i-l-l" begin here: single letters with one and the same sign
 * between, at least three of them; 0: none. */
static size_t
letters_apart(const char *s, size_t n, size_t i)
{
	char sep = i + 1 < n ? s[i + 1] : 0;
	size_t k = i, count = 1;

	if (!fold_is_letter(s[i]) || (i > 0 && is_word(s[i - 1])) || sep == 0 ||
	    is_word(sep) || sep == '\n' || sep == '\'')
		return 0;
	while (k + 2 < n && s[k + 1] == sep && fold_is_letter(s[k + 2])) {
		k += 2;
		count++;
	}
	if (k + 1 < n && is_word(s[k + 1])) /* the last letter begins a longer word */
		k -= count > 1 ? 2 : 0, count--;
	return count >= APART_SURE - 1 ? k + 1 - i : 0;
}

static bool
is_known(const struct fold *f, const char *s, size_t n)
{
	/* Words of one letter are these, whoever asks. */
	return n == 1 ? strchr("iaur", s[0]) != NULL : f->known(f->known_ctx, s, n);
}

/* Whether t is known words without blanks, the fewest of them; last[k]: how long the
 * one is that ends at k. */
static bool
split(const struct fold *f, const char *t, size_t n, uint8_t last[APART_MAX + 1])
{
	uint8_t words[APART_MAX + 1] = {0}; /* to each place, and 1; 0: none */

	words[0] = 1;
	for (size_t k = 1; k <= n; k++)
		for (size_t len = k < WORD_LONG ? k : WORD_LONG; len > 0; len--) {
			size_t at = words[k - len];

			if (at == 0 || (words[k] != 0 && words[k] <= at + 1) ||
			    !is_known(f, t + k - len, len))
				continue;
			words[k] = (uint8_t)(at + 1);
			last[k] = (uint8_t)len;
		}
	return words[n] != 0;
}

/* Whether a word begins before letter k of n that last[] takes apart. */
static bool
begins_at(const uint8_t *last, size_t n, size_t k)
{
	while (n > k)
		n -= last[n];
	return n == k && k > 0;
}

/* Puts letters that stand apart from i on together; where o goes on, or o itself if
 * they are meant as they stand. */
static size_t
put_apart(struct fold *f, size_t i, size_t apart, size_t o, size_t *splits)
{
	uint8_t last[APART_MAX + 1] = {0};
	char *s = f->own, t[APART_MAX];
	size_t count = (apart + 1) / 2;
	bool whole = true;

	if (f->known != NULL && count <= APART_MAX) {
		for (size_t k = 0; k < count; k++)
			t[k] = (char)(s[i + 2 * k] | 32);
		whole = is_known(f, t, count);
		if (!whole && count < APART_SURE)
			return o;
		if (!whole && ++*splits > SPLITS)
			whole = f->limited = true;
		if (!whole)
			whole = !split(f, t, count, last);
	} else if (count < APART_SURE) {
		return o;
	}
	for (size_t k = 0; k < count; k++) {
		if (!whole && begins_at(last, count, k)) {
			s[o] = ' ';
			f->space[o++] = f->space[i + 2 * k - 1];
		}
		s[o] = s[i + 2 * k];
		f->space[o++] = f->space[i + 2 * k];
	}
	return o;
}

/* --- rows of a letter, and 1 for l */

#define ROWS_MAX 3 /* of a word, each of which could be one letter or two */
#define LETTERS_MAX 60

/* A word with what is not sure in it. */
struct unsure {
	char t[LETTERS_MAX];
	uint32_t from[LETTERS_MAX];
	size_t n;
};

static size_t
row_at(const char *s, size_t n, size_t i)
{
	size_t run = 1;

	while (fold_is_letter(s[i]) && i + run < n && (s[i + run] | 32) == (s[i] | 32))
		run++;
	return run;
}

/* How many of a row of one letter stay, where nobody knows better. */
static size_t
kept(const char *s, size_t n, size_t i, size_t run)
{
	if (run < 3)
		return run;
	if (run == 3 && (s[i] | 32) == 'w' && i + 3 < n && s[i + 3] == '.')
		return run; /* of an address */
	/* English doubles l, o and s most, and "killl" is meant to be "kill". */
	return strchr("losLOS", s[i]) != NULL ? 2 : 1;
}

static bool
was_one(const struct fold *f, size_t i)
{
	return f->own[i] == 'i' && f->source[f->space[i]] == '1';
}

/* The letters from i to end, where rows are two letters for each bit of `two', else
 * one, and 1 is l or i. */
static void
read_as(
    const struct fold *f, size_t i, size_t end, unsigned two, bool l, struct unsure *u)
{
	unsigned row = 0;

	u->n = 0;
	while (i < end && u->n < LETTERS_MAX) {
		size_t run = row_at(f->own, end, i);
		size_t keep = run < 3 ? run : 1 + (two >> row++ & 1);

		for (size_t k = 0; k < keep && u->n < LETTERS_MAX; k++) {
			u->t[u->n] =
			    l && was_one(f, i + k) ? 'l' : (char)(f->own[i + k] | 32);
			u->from[u->n++] = f->space[i + k];
		}
		i += run;
	}
}

/* The known word that the letters from i to end are meant to be, if what is not sure in
 * them can be read so. */
static bool
find_meant(const struct fold *f, size_t i, size_t end, struct unsure *u)
{
	unsigned rows = 0, ones = 0;

	for (size_t k = i; k < end; k += row_at(f->own, end, k))
		rows += row_at(f->own, end, k) > 2;
	for (size_t k = i; k < end; k++)
		ones += was_one(f, k);
	if (rows + ones == 0 || rows > ROWS_MAX || end - i > LETTERS_MAX)
		return false;
	for (unsigned two = 1u << rows; two-- > 0;)
		for (int l = 0; l <= (ones > 0); l++) {
			read_as(f, i, end, two, l, u);
			if (u->n > 2 && is_known(f, u->t, u->n))
				return true;
		}
	return false;
}

/* Puts the word of letters from i to end; where o goes on. */
static size_t
put_word(struct fold *f, size_t i, size_t end, size_t o)
{
	char *s = f->own;
	struct unsure u;

	if (f->known != NULL && find_meant(f, i, end, &u)) {
		memcpy(s + o, u.t, u.n);
		memcpy(f->space + o, u.from, u.n * sizeof(*u.from));
		return o + u.n;
	}
	while (i < end) {
		size_t run = row_at(s, end, i), keep = kept(s, f->len, i, run);

		for (size_t k = 0; k < keep; k++) {
			s[o] = s[i + k];
			f->space[o++] = f->space[i + k];
		}
		i += run;
	}
	return o;
}

void
fold_words(struct fold *f)
{
	size_t n = f->len, o = 0, splits = 0;
	char *s = f->own;

	fold_leet(s, n);
	for (size_t i = 0; i < n;) {
		size_t apart = letters_apart(s, n, i), end = i, put;

		if (apart > 0 && (put = put_apart(f, i, apart, o, &splits)) > o) {
			o = put;
			i += apart;
			continue;
		}
		while (end < n && fold_is_letter(s[end]))
			end++;
		if (end > i) {
			o = put_word(f, i, end, o);
			i = end;
			continue;
		}
		s[o] = s[i];
		f->space[o++] = f->space[i++];
	}
	f->len = o;
}
