/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: see words.h.  A chunk is what stands between blanks.  Most chunks are one
 * known word and leave take_core() at its first look; everything after that is for the
 * others.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "glyph.h"
#include "mem.h"
#include "mend.h"

#define APART 64 /* letters that stand apart in a row */

static bool
is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)c >= 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static bool
known(const struct words *w, const char *s, size_t n)
{
	return vocab_find(w->vocab, vocab_hash(s, n)) != NULL;
}

/* Appends the word s; a and b are where it stands in the folded text. */
static void
emit(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	const struct vocab_entry *e;
	struct word *to;

	if (n == 0 || w->len + n + 12 > w->cap || w->n >= w->room || b <= a)
		return;
	to = &w->v[w->n++];
	to->at = (uint32_t)w->len;
	to->len = (uint32_t)n;
	memcpy(w->text + w->len, s, n);
	w->len += n;
	w->text[w->len++] = ' ';
	to->hash = vocab_hash(s, n);
	e = vocab_find(w->vocab, to->hash);
	to->tag = e != NULL ? e->tag : 0;
	to->level = e != NULL ? (uint8_t)(e->level + 1) : 0;
	to->flags = (uint8_t)(flags | (w->quoted ? WORD_QUOTED : 0));
	fold_span(&w->fold, a, b, &to->from, &to->to);
}

/* --- letters */

static const struct {
	const char *from, *first, *second;
} short_forms[] = {
    {"im", "i", "am"},
    {"ive", "i", "have"},
    {"dont", "do", "not"},
    {"doesnt", "does", "not"},
    {"didnt", "did", "not"},
    {"cant", "can", "not"},
    {"cannot", "can", "not"},
    {"wont", "will", "not"},
    {"wouldnt", "would", "not"},
    {"shouldnt", "should", "not"},
    {"couldnt", "could", "not"},
    {"isnt", "is", "not"},
    {"arent", "are", "not"},
    {"wasnt", "was", "not"},
    {"werent", "were", "not"},
    {"havent", "have", "not"},
    {"hasnt", "has", "not"},
    {"aint", "is", "not"},
    {"youre", "you", "are"},
    {"theyre", "they", "are"},
    {"youll", "you", "will"},
    {"theyll", "they", "will"},
    {"thats", "that", "is"},
    {"lets", "let", "us"},
    {"shoulda", "should", "have"},
    {"woulda", "would", "have"},
    {"coulda", "could", "have"},
    {"gotta", "got", "to"},
    {"wanna", "want", "to"},
    {"gonna", "going", "to"},
    {"gunna", "going", "to"},
};

static bool
take_short(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	for (size_t i = 0;
	     n >= 2 && n <= 8 && i < sizeof(short_forms) / sizeof(short_forms[0]);
	     i++) {
		const char *f = short_forms[i].from;

		if (f[0] != s[0] || strlen(f) != n || memcmp(f, s, n) != 0)
			continue;
		emit(
		    w, short_forms[i].first, strlen(short_forms[i].first), a, b, flags);
		emit(w, short_forms[i].second, strlen(short_forms[i].second), a, b,
		    flags);
		return true;
	}
	return false;
}

static bool
all_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return false;
	return true;
}

static void
take_parts(struct words *w, const char *s, const size_t *ends, size_t parts, size_t a,
    size_t b, unsigned flags)
{
	size_t n = ends[parts - 1];

	for (size_t i = 0, at = 0; i < parts; at = ends[i++]) {
		/* Where every letter is a byte of its own, its place is known. */
		size_t from = b - a == n ? a + at : a,
		       to = b - a == n ? a + ends[i] : b;

		if (!take_short(w, s + at, ends[i] - at, from, to, flags))
			emit(w, s + at, ends[i] - at, from, to, flags);
	}
}

/* A lower-case word of letters. */
static void
take_letters(
    struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	size_t ends[MEND_PARTS], parts;
	struct mended m;

	if (take_short(w, s, n, a, b, flags))
		return;
	if (known(w, s, n) || n < 3 || !all_ascii(s, n)) {
		emit(w, s, n, a, b, flags);
	} else if (mend_repeats(w->vocab, s, n, &m)) {
		if (!take_short(w, m.text, m.len, a, b, flags | WORD_MENDED))
			emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
	} else if (mend_typo(w->vocab, s, n, &m)) {
		emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
	} else if (mend_reversed(w->vocab, s, n, &m)) {
		const struct vocab_entry *e =
		    vocab_find(w->vocab, vocab_hash(m.text, m.len));

		flags |= WORD_BACKWARDS;
		if (n >= 4 && e != NULL && e->tag > 0)
			emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
		else
			emit(w, s, n, a, b, flags);
	} else if ((parts = mend_parts(w->vocab, s, n, ends)) > 0) {
		take_parts(w, s, ends, parts, a, b, flags | WORD_MENDED);
	} else {
		emit(w, s, n, a, b, flags);
	}
}

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
			emit(w, "can", 3, a, b, flags);
		else if (n - k == 2 && i == 0 && memcmp(s, "wo", 2) == 0)
			emit(w, "will", 4, a, b, flags);
		else if (n - k == 2 && i == 0 && memcmp(s, "ai", 2) == 0)
			emit(w, "is", 2, a, b, flags);
		else
			take_letters(w, s, n - k, a, b - k > a ? b - k : b, flags);
		if (n - k == 3 && i == 6 && memcmp(s, "let", 3) == 0)
			emit(w, "us", 2, a, b, flags);
		else
			emit(w, ends[i].as, strlen(ends[i].as), a, b, flags);
		return true;
	}
	return false;
}

/* --- letters and signs */

static void
ends_here(struct words *w, char sign)
{
	if (w->n == 0)
		return;
	w->v[w->n - 1].flags |= WORD_ENDS;
	if (sign == '?')
		w->v[w->n - 1].flags |= WORD_ASKS;
}

/* "k.i.l.l": single letters with single signs between.  Joined in out, or 0. */
static size_t
join_single(const char *s, size_t n, char *out)
{
	size_t o = 0;

	if (n < 5 || n % 2 == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (i % 2 == 0 ? !is_letter(s[i]) : is_letter(s[i]) || is_digit(s[i]))
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
		for (k = i; k < n && is_letter(s[k]); k++)
			;
		if (k - i < 2 || !known(w, s + i, k - i))
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

		if (!is_letter(s[i]) && !is_digit(s[i])) {
			if (s[i] == '"')
				w->quoted = !w->quoted;
			if (strchr(".!?;", s[i]) != NULL && i + 1 < n)
				ends_here(w, s[i]);
			k = i + 1;
			continue;
		}
		for (k = i; k < n && (is_letter(s[k]) || is_digit(s[k])); k++) {
			letters = letters && is_letter(s[k]);
			digits = digits && is_digit(s[k]);
		}
		if (digits)
			emit(w, "0", 1, a + i, a + k, flags);
		else if (letters)
			take_letters(w, s + i, k - i, a + i, a + k, flags);
		else if (!known(w, s + i, k - i) &&
			 mend_signs(w->vocab, s + i, k - i, &m))
			emit(w, m.text, m.len, a + i, a + k, flags | WORD_MENDED);
		else
			emit(w, s + i, k - i, a + i, a + k, flags);
	}
}

/* A lower-case core that is more than letters. */
static void
take_signs(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	char joined[MEND_MAX * 2];
	struct mended m;
	size_t len;

	if (known(w, s, n)) {
		emit(w, s, n, a, b, flags);
		return;
	}
	if (s[0] == '#' && n > 1 && all_ascii(s, n)) {
		bool word = true;

		for (size_t i = 1; i < n; i++)
			word = word && is_letter(s[i]);
		if (word && !known(w, s + 1, n - 1) && mend_signs(w->vocab, s, n, &m)) {
			emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
			return;
		}
		take_pieces(w, s + 1, n - 1, a + 1, flags | WORD_HASHTAG);
		return;
	}
	if (n <= sizeof(joined) && (len = join_single(s, n, joined)) > 0)
		take_letters(w, joined, len, a, b, flags | WORD_MENDED);
	else if (!parts_known(w, s, n) && mend_signs(w->vocab, s, n, &m))
		emit(w, m.text, m.len, a, b, flags | WORD_MENDED);
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
static void
take_core(struct words *w, size_t a, size_t b, unsigned flags)
{
	const char *s = w->fold.text + a;
	size_t n = b - a, letters = 0, upper = 0, ticks = 0;
	char small[128], *t = n <= sizeof(small) ? small : mem_new(n, 1);

	for (size_t i = 0; i < n; i++) {
		upper += s[i] >= 'A' && s[i] <= 'Z';
		letters += is_letter(s[i]);
		ticks += s[i] == '\'';
		t[i] = lower(s[i]);
	}
	if (upper == n && n > 1)
		flags |= WORD_CAPITALS;
	if (letters == n)
		take_letters(w, t, n, a, b, flags);
	else if (letters + ticks < n)
		take_signs(w, t, n, a, b, flags);
	else if (!take_contraction(w, t, n, a, b, flags))
		take_letters(w, t, drop_ticks(t, n), a, b, flags);
	if (t != small)
		free(t);
}

/* --- pictures */

static size_t
picture_at(const char *s, size_t n, uint32_t *cp)
{
	int len;

	if ((uint8_t)s[0] < 0xe2 || (len = mem_utf8(s, n, cp)) == 0)
		return 0;
	return glyph_is_picture(*cp) ? (size_t)len : 0;
}

static bool
is_regional(uint32_t cp)
{
	return cp >= 0x1f1e6 && cp <= 0x1f1ff;
}

static void
take_picture(struct words *w, size_t a, size_t len, uint32_t cp)
{
	const char *name = glyph_word(cp);

	if (cp >= 0x1f3fb && cp <= 0x1f3ff) /* the colour of a skin */
		return;
	if (is_regional(cp))
		name = "flag";
	if (name != NULL)
		emit(w, name, strlen(name), a, a + len, WORD_PICTURE);
	else
		emit(w, w->fold.text + a, len, a, a + len, WORD_PICTURE);
}

/* A picture inside of a word: the word without it, if that is one and its parts are
 * none. */
static bool
join_around(struct words *w, const char *s, size_t n, size_t a)
{
	char t[MEND_MAX];
	size_t o = 0, part = 0;
	size_t pieces = 1, parts = 0;
	uint32_t cp;

	while (n > 0 && strchr(".,!?;:\"')", s[n - 1]) != NULL)
		n--;
	if (n > sizeof(t))
		return false;
	for (size_t i = 0, len; i < n; i += len) {
		len = picture_at(s + i, n - i, &cp);
		if (len > 0 && (i == 0 || i + len == n))
			return false;
		if (len > 0) {
			parts += o - part > 1 && known(w, t + part, o - part);
			pieces++;
			part = o;
			continue;
		}
		if (!is_letter(s[i]))
			return false;
		t[o++] = lower(s[i]);
		len = 1;
	}
	parts += o - part > 1 && known(w, t + part, o - part);
	if (parts == pieces || o < 2)
		return false;
	take_letters(w, t, o, a, a + n, WORD_MENDED);
	return true;
}

/* --- chunks */

static bool
starts(const char *s, size_t n, const char *with)
{
	size_t k = strlen(with);

	if (n < k)
		return false;
	for (size_t i = 0; i < k; i++)
		if (lower(s[i]) != with[i])
			return false;
	return true;
}

/* An address or a name of somebody: one word for all of them. */
static const char *
placeholder(const struct words *w, const char *s, size_t n)
{
	if (starts(s, n, "http://") || starts(s, n, "https://") ||
	    starts(s, n, "www.") || starts(s, n, "[url]"))
		return "url";
	if (starts(s, n, "[user]") || starts(s, n, "<user>"))
		return "user";
	if (n > 2 && s[0] == '@' && is_letter(s[1])) {
		struct mended m;
		char t[16];

		for (size_t i = 0; i < n && n <= sizeof(t); i++)
			t[i] = lower(s[i]);
		return n <= 5 && mend_signs(w->vocab, t, n, &m) ? NULL : "user";
	}
	return NULL;
}

static void
take_text(struct words *w, size_t a, size_t b)
{
	const char *s = w->fold.text;
	size_t end;

	for (; a < b && strchr("\"'([{<>*_~-.,:;!?=", s[a]) != NULL; a++) {
		if (s[a] == '"')
			w->quoted = !w->quoted;
		if (s[a] == '*' && b - a > 2 && s[b - 1] != '*')
			break; /* may be a letter that was starred out */
		if (s[a] == '<' || s[a] == '-' || s[a] == '(')
			if (b - a > 2 && !is_letter(s[a + 1]))
				continue;
	}
	for (end = b; end > a && strchr("\"')]}>*_~-.,:;!?=/", s[end - 1]) != NULL;
	     end--)
		if (s[end - 1] == '*' && is_letter(s[a]) && end - a > 2 &&
		    strchr("\"'([{<*_~-", s[a > 0 ? a - 1 : 0]) == NULL)
			break;
	if (end > a)
		take_core(w, a, end, 0);
	for (; end < b; end++) {
		if (s[end] == '"')
			w->quoted = !w->quoted;
		if (strchr(".!?;", s[end]) != NULL)
			ends_here(w, s[end]);
	}
}

static void
take_chunk(struct words *w, size_t a, size_t b)
{
	const char *s = w->fold.text, *as = placeholder(w, s + a, b - a);
	size_t from = a;
	bool pictures = false;
	uint32_t cp, next;

	if (as != NULL) {
		emit(w, as, strlen(as), a, b, 0);
		return;
	}
	for (size_t i = a; i < b && !pictures; i++)
		pictures = (uint8_t)s[i] >= 0xe2 && picture_at(s + i, b - i, &cp) > 0;
	if (!pictures) {
		take_text(w, a, b);
		return;
	}
	if (join_around(w, s + a, b - a, a)) {
		for (size_t i = b; i > a && strchr(".!?\",;:')", s[i - 1]) != NULL; i--)
			if (strchr(".!?", s[i - 1]) != NULL)
				ends_here(w, s[i - 1]);
		return;
	}
	for (size_t i = a, len; i < b; i += len) {
		len = picture_at(s + i, b - i, &cp);
		if (len == 0) {
			len = 1;
			continue;
		}
		if (i > from)
			take_text(w, from, i);
		/* Two letters make a flag. */
		if (is_regional(cp) && i + 8 <= b &&
		    picture_at(s + i + 4, 4, &next) == 4 && is_regional(next))
			len = 8;
		take_picture(w, i, len, cp);
		from = i + len;
	}
	if (from < b)
		take_text(w, from, b);
}

/* How far single letters with one blank between reach from a; 0: fewer than three. */
static size_t
letters_apart(const struct words *w, size_t a, char *out, size_t *count)
{
	const char *s = w->fold.text;
	size_t i = a, n = w->fold.len, o = 0;

	if (!is_letter(s[a]) || (uint8_t)s[a] >= 0x80)
		return 0;
	while (i < n && o < APART && (uint8_t)s[i] < 0x80 &&
	       (is_letter(s[i]) ||
		   (o > 0 && (is_digit(s[i]) || strchr("$@!+", s[i]) != NULL))) &&
	       (i + 1 == n || !(is_letter(s[i + 1]) || is_digit(s[i + 1])))) {
		out[o++] = lower(s[i++]);
		if (i + 1 >= n || !is_blank(s[i]) || is_blank(s[i + 1]))
			break;
		i++;
	}
	*count = o;
	while (i > a && is_blank(s[i - 1]))
		i--;
	return o >= 3 ? i : 0;
}

static size_t
take_apart(struct words *w, size_t a)
{
	char t[APART];
	size_t ends[MEND_PARTS], parts, count, end = letters_apart(w, a, t, &count);
	struct mended m;

	if (end == 0)
		return 0;
	if (known(w, t, count)) {
		emit(w, t, count, a, end, WORD_MENDED);
	} else if ((parts = mend_parts(w->vocab, t, count, ends)) > 0) {
		for (size_t i = 0, at = 0; i < parts; at = ends[i++])
			emit(w, t + at, ends[i] - at, a + 2 * at, a + 2 * ends[i] - 1,
			    WORD_MENDED);
	} else if (mend_signs(w->vocab, t, count, &m)) {
		emit(w, m.text, m.len, a, end, WORD_MENDED);
	} else if (count >= 4) {
		take_letters(w, t, count, a, end, WORD_MENDED);
	} else {
		return 0;
	}
	return end;
}

static void
take_all(struct words *w)
{
	const char *s = w->fold.text;
	size_t n = w->fold.len, k;

	w->text[0] = ' ';
	w->len = 1;
	w->n = 0;
	w->quoted = false;
	for (size_t i = 0; i < n; i = k) {
		if (is_blank(s[i])) {
			if (s[i] == '\n') {
				ends_here(w, '\n');
				w->quoted = i + 1 < n && s[i + 1] == '>';
			}
			k = i + 1;
			continue;
		}
		if ((i + 1 == n || is_blank(s[i + 1])) && (k = take_apart(w, i)) > 0)
			continue;
		for (k = i; k < n && !is_blank(s[k]); k++)
			;
		take_chunk(w, i, k);
	}
	ends_here(w, '\n');
	memset(w->text + w->len, 0, 8);
}

/* Was the whole text written backwards? */
static bool
backwards(const struct words *w)
{
	size_t back = 0, plain = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].len < 3)
			continue;
		if (w->v[i].flags & WORD_BACKWARDS)
			back++;
		else
			plain++;
	}
	return back >= 2 && back > plain;
}

void
words_take(struct words *w, const struct vocab *v, const char *s, size_t n)
{
	w->vocab = v;
	if (w->cap < 4 * n + 32) {
		w->cap = 4 * n + 1024;
		w->room = w->cap / 2;
		free(w->text);
		free(w->v);
		w->text = mem_new(w->cap, 1);
		w->v = mem_new(w->room, sizeof(*w->v));
	}
	fold_signs(&w->fold, s, n);
	take_all(w);
	if (backwards(w)) {
		fold_reverse(&w->fold);
		take_all(w);
	}
}

void
words_free(struct words *w)
{
	fold_free(&w->fold);
	free(w->text);
	free(w->v);
	memset(w, 0, sizeof(*w));
}
