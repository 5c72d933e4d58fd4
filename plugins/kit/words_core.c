/* SPDX-License-Identifier: Apache-2.0 */
/* words_core: a chunk without the punctuation around it as words; see words_in.h. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "mend.h"
#include "words_in.h"

/* --- letters and an apostrophe */

static const struct {
	const char *end, *as;
} endings[] = {{"n't", "not"}, {"'ll", "will"}, {"'m", "am"}, {"'re", "are"},
    {"'ve", "have"}, {"'d", "would"}, {"'s", "s"}, {"'em", "them"}};
#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

/* "don't", "i'll": letters with an apostrophe. */
static bool
take_contraction(
    struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	for (size_t i = 0; i < ENDINGS; i++) {
		size_t k = strlen(endings[i].end);

		if (n <= k || memcmp(s + n - k, endings[i].end, k) != 0 ||
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
			words_emit(
			    w, endings[i].as, strlen(endings[i].as), a, b, flags);
		return true;
	}
	return false;
}

static bool
is_word_or_more(const struct words *w, const char *s, size_t n)
{
	size_t parts[MEND_PARTS];

	return (n == 1 && *s == 'i') || words_known(w, s, n) ||
	       mend_parts(w->vocab, s, n, parts) > 0;
}

/* "i'llkillyou": a contraction, and words behind it. */
static bool
take_run_on(
    struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	const char *tick = memchr(s, '\'', n);

	if (n > MEND_MAX || b - a != n ||
	    memchr(tick + 1, '\'', n - (size_t)(tick + 1 - s)))
		return false;
	for (size_t i = 0; i < ENDINGS; i++) {
		size_t k = strlen(endings[i].end), at = (size_t)(tick - s) - (i == 0),
		       end = at + k;

		if (at == 0 || at > n || end >= n ||
		    memcmp(s + at, endings[i].end, k) != 0 ||
		    !is_word_or_more(w, s, at) || !is_word_or_more(w, s + end, n - end))
			continue;
		take_contraction(w, s, end, a, a + end, flags | WORD_MENDED);
		words_letters(w, s + end, n - end, a + end, b, flags | WORD_MENDED);
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

/* The letters of a word with signs in it; of "ki[ll](https://...)" without the address,
 * and with `whole' without what stands in brackets, as in "k[b]il[/b]l".  0: there are
 * digits. */
static size_t
squeeze(const char *s, size_t n, bool whole, char *out)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		char end = 0;

		if (words_is_digit(s[i]))
			return 0;
		if (words_is_letter(s[i]))
			out[o++] = s[i];
		else if (s[i] == ']' && i + 1 < n && s[i + 1] == '(')
			end = ')';
		else if (whole && (s[i] == '[' || s[i] == '<'))
			end = s[i] == '[' ? ']' : '>';
		while (end != 0 && i < n && s[i] != end)
			i++;
	}
	return o;
}

/* "k**il**l", "(k)ill", "ki|ll": without its signs it is a word. */
static bool
take_cut(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	char t[MEND_MAX * 2];

	for (int whole = 0; whole < 2 && n <= sizeof(t); whole++) {
		size_t len = squeeze(s, n, whole != 0, t);

		if (len < 3 || len == n || !words_known(w, t, len))
			continue;
		words_letters(w, t, len, a, b, flags | WORD_MENDED);
		return true;
	}
	return false;
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
	else if (parts_known(w, s, n))
		take_pieces(w, s, n, a, flags);
	else if (words_signs(w, s, n, &m))
		words_emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
	else if (!take_cut(w, s, n, a, b, flags))
		take_pieces(w, s, n, a, flags);
}

/* --- capitals within a word */

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* "kiII": the capitals that stand for another letter; false: there are others, or it is
 * no word. */
static bool
take_alike(
    struct words *w, const char *s, const char *t, size_t n, size_t a, unsigned flags)
{
	char alike[MEND_MAX];

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && is_upper(s[i]) && s[i] != 'I')
			return false;
		alike[i] = i > 0 && s[i] == 'I' ? 'l' : t[i];
	}
	if (!words_known(w, alike, n))
		return false;
	words_emit(w, alike, n, a, a + n, flags | WORD_MENDED);
	return true;
}

/* "KillThemAll": where the words end that begin with its capitals.  0: some are none.
 */
static size_t
find_capitals(const struct words *w, const char *s, const char *t, size_t n,
    size_t ends[MEND_PARTS])
{
	size_t parts = 0, from = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && (!is_upper(s[i]) || is_upper(s[i - 1])))
			continue;
		if (parts == MEND_PARTS || !words_known(w, t + from, i - from))
			return 0;
		ends[parts++] = from = i;
	}
	return parts > 1 ? parts : 0;
}

/* s: as written, t: in small letters. */
static bool
take_capitals(
    struct words *w, const char *s, const char *t, size_t n, size_t a, unsigned flags)
{
	size_t ends[MEND_PARTS], parts;

	if (n < 3 || n > MEND_MAX || words_known(w, t, n))
		return false;
	if (take_alike(w, s, t, n, a, flags))
		return true;
	parts = find_capitals(w, s, t, n, ends);
	words_parts(w, t, ends, parts, a, a + n, flags);
	return parts > 0;
}

static bool
has_capitals(const char *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (is_upper(s[i]) && s[i - 1] >= 'a' && s[i - 1] <= 'z')
			return true;
	return false;
}

/* --- the core */

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

/* "ki'll": no contraction, since what it would be of is no word; "doesn't" is one. */
static bool
take_ticked(
    struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	size_t k = n;

	while (k > 0 && s[k - 1] != '\'')
		k--;
	return k > 1 && n > 4 && !words_known(w, s, k - 1) &&
	       memcmp(s + n - 3, "n't", 3) != 0 && take_cut(w, s, n, a, b, flags);
}

/* What is left of a chunk without the punctuation around it. */
void
words_core(struct words *w, size_t a, size_t b, unsigned flags)
{
	const char *s = w->fold.text + a;
	size_t n = b - a, letters = 0, upper = 0, ticks = 0;
	bool hash;
	char small[128], *t = n <= sizeof(small) ? small : mem_new(n, 1);

	for (size_t i = 0; i < n; i++) {
		upper += s[i] >= 'A' && s[i] <= 'Z';
		letters += words_is_letter(s[i]);
		ticks += s[i] == '\'';
		t[i] = words_lower(s[i]);
	}
	if (upper == n && n > 1)
		flags |= WORD_CAPITALS;
	hash = n > 1 && s[0] == '#' && letters == n - 1;
	if ((letters == n || hash) && has_capitals(s + hash, n - hash) &&
	    take_capitals(w, s + hash, t + hash, n - hash, a + hash,
		flags | (hash ? WORD_HASHTAG : 0)))
		; /* word by word */
	else if (letters == n)
		words_letters(w, t, n, a, b, flags);
	else if (letters + ticks < n)
		take_signs(w, t, n, a, b, flags);
	else if (!take_ticked(w, t, n, a, b, flags) &&
		 !take_contraction(w, t, n, a, b, flags) &&
		 !take_run_on(w, t, n, a, b, flags))
		words_letters(w, t, drop_ticks(t, n), a, b, flags);
	if (t != small)
		free(t);
}
