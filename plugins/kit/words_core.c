/* SPDX-License-Identifier: Apache-2.0 */
/* words_core: a chunk without the punctuation around it as words; see words_in.h. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "mend.h"
#include "words_in.h"

/* --- letters and an apostrophe */

/* "don't", "i'll": letters with an apostrophe. */
static bool
take_contraction(
    struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	static const struct {
		const char *end, *as;
	} ends[] = {{"n't", "not"}, {"'ll", "will"}, {"'m", "am"}, {"'re", "are"},
	    {"'ve", "have"}, {"'d", "would"}, {"'s", "s"}, {"'em", "them"}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t k = strlen(ends[i].end);

		if (n <= k || memcmp(s + n - k, ends[i].end, k) != 0 ||
		    memchr(s, '\'', n - k) != NULL)
			continue;
		if (n - k == 2 && i == 0 && memcmp(s, "ca", 2) == 0)
			words_emit(w, "can", 3, a, b, flags);
		else if (n - k == 2 && i == 0 && memcmp(s, "wo", 2) == 0)
			words_emit(w, "will", 4, a, b, flags);
		else if (n - k == 2 && i == 0 && memcmp(s, "ai", 2) == 0)
			words_emit(w, "is", 2, a, b, flags);
		else
			words_letters(w, s, n - k, a, b - k > a ? b - k : b, flags);
		if (n - k == 3 && i == 6 && memcmp(s, "let", 3) == 0)
			words_emit(w, "us", 2, a, b, flags);
		else
			words_emit(w, ends[i].as, strlen(ends[i].as), a, b, flags);
		return true;
	}
	return false;
}

/* --- letters and signs */

/* "k.i.l.l": single letters with single signs between.  Joined in out, or 0. */
static size_t
join_single(const char *s, size_t n, char *out)
{
	size_t o = 0;

	if (n < 5 || n % 2 == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (i % 2 == 0 ? !words_is_letter(s[i])
			       : words_is_letter(s[i]) || words_is_digit(s[i]))
			return 0;
		if (i % 2 == 0)
			out[o++] = s[i];
	}
	return o;
}

/* "and/or", "self-defence": true when all parts are words. */
static bool
parts_known(const struct words *w, const char *s, size_t n)
{
	for (size_t i = 0, k; i < n; i = k + 1) {
		for (k = i; k < n && words_is_letter(s[k]); k++)
			;
		if (k - i < 2 || !words_known(w, s + i, k - i))
			return false;
		if (k < n && strchr("-/.,:;&+=~'\"()!?", s[k]) == NULL)
			return false;
	}
	return true;
}

/* Piece by piece: letters, numbers, and what is neither. */
static void
take_pieces(struct words *w, const char *s, size_t n, size_t a, unsigned flags)
{
	struct mended m;

	for (size_t i = 0, k; i < n; i = k) {
		bool letters = true, digits = true;

		if (!words_is_letter(s[i]) && !words_is_digit(s[i])) {
			if (s[i] == '"')
				w->quoted = !w->quoted;
			if (strchr(".!?;", s[i]) != NULL && i + 1 < n)
				words_end(w, s[i]);
			k = i + 1;
			continue;
		}
		for (k = i; k < n && (words_is_letter(s[k]) || words_is_digit(s[k]));
		     k++) {
			letters = letters && words_is_letter(s[k]);
			digits = digits && words_is_digit(s[k]);
		}
		if (digits)
			words_emit(w, "0", 1, a + i, a + k, flags);
		else if (letters)
			words_letters(w, s + i, k - i, a + i, a + k, flags);
		else if (!words_known(w, s + i, k - i) &&
			 words_signs(w, s + i, k - i, &m))
			words_emit(w, m.text, m.len, a + i, a + k, flags | WORD_MENDED);
		else
			words_emit(w, s + i, k - i, a + i, a + k, flags);
	}
}

/* A lower-case core that is more than letters. */
static void
take_signs(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	char joined[MEND_MAX * 2];
	struct mended m;
	size_t len;

	if (words_known(w, s, n)) {
		words_emit(w, s, n, a, b, flags);
		return;
	}
	if (s[0] == '#' && n > 1 && words_ascii(s, n)) {
		bool word = true;

		for (size_t i = 1; i < n; i++)
			word = word && words_is_letter(s[i]);
		if (word && !words_known(w, s + 1, n - 1) && words_signs(w, s, n, &m)) {
			words_emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
			return;
		}
		take_pieces(w, s + 1, n - 1, a + 1, flags | WORD_HASHTAG);
		return;
	}
	if (n <= sizeof(joined) && (len = join_single(s, n, joined)) > 0)
		words_letters(w, joined, len, a, b, flags | WORD_MENDED);
	else if (!parts_known(w, s, n) && words_signs(w, s, n, &m))
		words_emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
	else
		take_pieces(w, s, n, a, flags);
}

/* "y'all", "o'clock": in place; what is left. */
static size_t
drop_ticks(char *s, size_t n)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++)
		if (s[i] != '\'')
			s[o++] = s[i];
	return o;
}

/* What is left of a chunk without the punctuation around it. */
void
words_core(struct words *w, size_t a, size_t b, unsigned flags)
{
	const char *s = w->fold.text + a;
	size_t n = b - a, letters = 0, upper = 0, ticks = 0;
	char small[128], *t = n <= sizeof(small) ? small : mem_new(n, 1);

	for (size_t i = 0; i < n; i++) {
		upper += s[i] >= 'A' && s[i] <= 'Z';
		letters += words_is_letter(s[i]);
		ticks += s[i] == '\'';
		t[i] = words_lower(s[i]);
	}
	if (upper == n && n > 1)
		flags |= WORD_CAPITALS;
	if (letters == n)
		words_letters(w, t, n, a, b, flags);
	else if (letters + ticks < n)
		take_signs(w, t, n, a, b, flags);
	else if (!take_contraction(w, t, n, a, b, flags))
		words_letters(w, t, drop_ticks(t, n), a, b, flags);
	if (t != small)
		free(t);
}
