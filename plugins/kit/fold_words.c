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

/* How many bytes of "k-i-l-l" begin here: single letters with one and the same sign
 * between, at least four of them; 0: none.  Four, because "I a m" is no disguise. */
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
	return count >= 4 ? k + 1 - i : 0;
}

/* How many of a row of one letter stay. */
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

void
fold_words(struct fold *f)
{
	size_t n = f->len, o = 0;
	char *s = f->own;

	fold_leet(s, n);
	for (size_t i = 0; i < n;) {
		size_t apart = letters_apart(s, n, i), run = 1, keep;

		for (size_t k = 0; k < apart; k += 2) {
			s[o] = s[i + k];
			f->space[o++] = f->space[i + k];
		}
		if (apart > 0) {
			i += apart;
			continue;
		}
		while (fold_is_letter(s[i]) && i + run < n &&
		       (s[i + run] | 32) == (s[i] | 32))
			run++;
		keep = kept(s, n, i, run);
		for (size_t k = 0; k < keep; k++) {
			s[o] = s[i + k];
			f->space[o++] = f->space[i + k];
		}
		i += run;
	}
	f->len = o;
}
