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

#include "glyph.h"
#include "mem.h"

#define REGIONAL 0x1f1e6 /* A of the letters that make flags */

static bool
is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26;
}

/* What is known of the text while its characters are looked at. */
struct pass {
	struct fold *f;
	const char *s;
	size_t n;
	size_t word_end; /* of the word that `alike' was found for */
	bool alike;	 /* letters that look Latin are meant to be */
	bool latin;	 /* the text is Latin for the most part */
	bool turned;	 /* it stands upside down */
};

/* The character at s, which is valid UTF-8 as the host promises; where it is not, one
 * byte that stands for nothing. */
static inline int
next_char(const char *s, size_t n, uint32_t *cp)
{
	const uint8_t *p = (const uint8_t *)s;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] < 0xe0 && n >= 2) {
		*cp = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		return 2;
	}
	if (p[0] >= 0xe0 && p[0] < 0xf0 && n >= 3) {
		*cp = (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		return 3;
	}
	if (p[0] >= 0xf0 && p[0] < 0xf5 && n >= 4) {
		*cp = (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
		      (p[3] & 0x3fu);
		return 4;
	}
	*cp = 0xfffd;
	return 1;
}

/* Are the look-alikes of the word that begins here Latin?  Yes if it has Latin letters
 * too, or if in a Latin text it is made of look-alikes alone. */
static void
look_at_word(struct pass *p, size_t i)
{
	bool latin = i > 0 && is_letter(p->s[i - 1]), only = p->latin;
	char as[40];
	size_t k = i;

	/* In a text of another script only Latin letters in the word tell. */
	for (;
	     !p->latin && k < p->n && (is_letter(p->s[k]) || (uint8_t)p->s[k] >= 0x80);
	     k++)
		latin = latin || is_letter(p->s[k]);
	while (k < p->n && (is_letter(p->s[k]) || (uint8_t)p->s[k] >= 0x80)) {
		uint32_t cp;
		int len = next_char(p->s + k, p->n - k, &cp);

		if (len > 1) {
			enum glyph_kind kind = glyph_of(cp, as);

			latin = latin || (kind == GLYPH_TEXT && is_letter(as[0]));
			only = only && (kind == GLYPH_ALIKE || kind == GLYPH_NONE);
		} else {
			latin = true;
		}
		k += (size_t)len;
	}
	p->alike = latin || only;
	p->word_end = k;
}

static inline void
put(struct fold *f, const char *s, size_t n, size_t origin, bool each)
{
	for (size_t k = 0; k < n; k++) {
		f->own[f->len] = s[k];
		f->space[f->len++] = (uint32_t)(origin + (each ? k : 0));
	}
}

/* Letters of flags that spell a word: three or more that are no row of countries, or
 * single ones.  The number of bytes that were taken. */
static size_t
take_regional(struct pass *p, size_t i)
{
	size_t k = i, count = 0;
	bool flags = true;
	int last = 0;

	for (uint32_t cp; k < p->n && next_char(p->s + k, p->n - k, &cp) == 4; k += 4) {
		int letter = (int)cp - REGIONAL;

		if (letter < 0 || letter > 25)
			break;
		if (++count % 2 == 0)
			flags = flags && glyph_is_country(last, letter);
		last = letter;
	}
	if (flags && count % 2 == 0) {
		put(p->f, p->s + i, k - i, i, true);
		return k - i;
	}
	for (size_t at = i; at < k; at += 4) {
		char c = (char)('a' + (uint8_t)p->s[at + 3] - 0xa6);

		put(p->f, &c, 1, at, false);
	}
	return k - i;
}

/* "&#107;" or "&#x6b;": the bytes it takes and its character; 0: no such reference. */
static size_t
entity_at(const char *s, size_t n, uint32_t *cp)
{
	bool hex = n > 3 && (s[2] == 'x' || s[2] == 'X');
	size_t i = hex ? 3 : 2, digits = i;
	uint32_t c = 0;

	if (n < 4 || s[0] != '&' || s[1] != '#')
		return 0;
	for (; i < n && i < digits + 7; i++) {
		uint8_t d = (uint8_t)s[i], low = d | 32;

		if (d >= '0' && d <= '9')
			c = c * (hex ? 16 : 10) + (d - '0');
		else if (hex && low >= 'a' && low <= 'f')
			c = c * 16 + (low - 'a' + 10u);
		else
			break;
	}
	if (i == digits || c < 0x20 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*cp = c;
	return i < n && s[i] == ';' ? i + 1 : i;
}

static int
encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Signs of ASCII that hide something: references of HTML, and a hyphen at the end of a
 * line within a word.  The bytes that were taken; 0: none. */
static size_t
take_hidden(struct pass *p, size_t i)
{
	const char *s = p->s + i;
	size_t n = p->n - i, len;
	enum glyph_kind kind;
	char as[40];
	uint32_t cp;

	if (s[0] == '-' && n > 2 && s[1] == '\n' && i > 0 && is_letter(s[-1]) &&
	    is_letter(s[2]))
		return 2;
	len = entity_at(s, n, &cp);
	if (len == 0)
		return 0;
	kind = cp < 0x80 ? GLYPH_SELF : glyph_of(cp, as);
	if (kind == GLYPH_SELF) {
		char bytes[4];

		put(p->f, bytes, (size_t)encode(cp, bytes), i, false);
	} else if (kind != GLYPH_NONE) {
		put(p->f, as, strlen(as), i, false);
	}
	return len;
}

/* A word with upside-down letters in it is read from its end.  Its length, or 0. */
static size_t
take_turned(struct pass *p, size_t i)
{
	size_t start = i, end = i, letters = 0, turned = 0;
	char c;
	uint32_t cp;

	while (start > 0 && is_letter(p->s[start - 1]))
		start--;
	for (size_t k = start; k < p->n; k = end) {
		end = k + (size_t)next_char(p->s + k, p->n - k, &cp);
		if (!glyph_is_turned(cp) && (cp >= 0x80 || !is_letter((char)cp))) {
			end = k;
			break;
		}
		letters++;
		turned += glyph_is_turned(cp);
	}
	if (letters < 2 || turned * 6 < letters)
		return 0;
	p->f->len -= i - start;
	p->f->turned = true;
	for (size_t k = end, last = end; k > start; last = k) {
		do
			k--;
		while (k > start && ((uint8_t)p->s[k] & 0xc0) == 0x80);
		next_char(p->s + k, last - k, &cp);
		c = glyph_turned(cp);
		put(p->f, c != 0 ? &c : p->s + k, 1, k, false);
	}
	return end - i;
}

/* One character that is not ASCII. */
static size_t
take_char(struct pass *p, size_t i)
{
	uint32_t cp;
	size_t len = (size_t)next_char(p->s + i, p->n - i, &cp), taken;
	enum glyph_kind kind;
	char as[40];

	if (cp >= REGIONAL && cp < REGIONAL + 26)
		return take_regional(p, i);
	if (glyph_is_turned(cp) && (taken = take_turned(p, i)) > 0)
		return taken;
	if (i >= p->word_end)
		look_at_word(p, i);
	kind = glyph_of(cp, as);
	if (kind == GLYPH_TEXT)
		put(p->f, as, strlen(as), i, false);
	else if (kind == GLYPH_ALIKE && p->alike)
		put(p->f, as, 1, i, false);
	else if (kind != GLYPH_NONE)
		put(p->f, p->s + i, len, i, true);
	return len;
}

/* First pass: characters. */
static void
fold_chars(struct pass *p)
{
	struct fold *f = p->f;

	f->len = 0;
	for (size_t i = 0; i < p->n;) {
		size_t hidden = 0;

		if ((uint8_t)p->s[i] >= 0x80) {
			i += take_char(p, i);
			continue;
		}
		if (p->s[i] == '&' || p->s[i] == '-')
			hidden = take_hidden(p, i);
		if (hidden == 0) {
			f->own[f->len] = p->s[i];
			f->space[f->len++] = (uint32_t)i;
			hidden = 1;
		}
		i += hidden;
	}
}

/* The same of a text that stands upside down: it is read from its end. */
static void
fold_turned(struct pass *p)
{
	struct fold *f = p->f;
	size_t i = p->n;
	char as[40];

	f->len = 0;
	f->turned = true;
	f->backwards = true;
	while (i > 0) {
		uint32_t cp;
		size_t end = i;
		char c;

		do
			i--;
		while (i > 0 && ((uint8_t)p->s[i] & 0xc0) == 0x80);
		next_char(p->s + i, end - i, &cp);
		c = glyph_turned(cp);
		if (c != 0)
			put(f, &c, 1, i, false);
		else if (cp < 0x80 || glyph_of(cp, as) == GLYPH_SELF)
			put(f, p->s + i, end - i, i, true);
		else if (glyph_of(cp, as) != GLYPH_NONE)
			put(f, as, strlen(as), i, false);
	}
}

/* Does it stand on its head?  Then most of its letters are other characters. */
static bool
upside_down(const struct pass *p, size_t latin, size_t turned)
{
	size_t upright = 0;

	if (turned < 3 || turned * 4 < latin + turned)
		return false;
	for (size_t i = 0; i < p->n; i++)
		upright += is_letter(p->s[i]) && glyph_turned((uint8_t)p->s[i]) == 0;
	return upright * 10 < latin;
}

/* Counts letters to see what kind of text it is. */
static void
look_at_text(struct pass *p)
{
	size_t latin = 0, other = 0, turned = 0;

	for (size_t i = 0; i < p->n; i++) {
		uint8_t c = (uint8_t)p->s[i];
		uint32_t cp;

		latin += is_letter((char)c);
		other += c >= 0xcd && c < 0xe2;
		/* Where turned letters are: U+0180 on, U+1Dxx and U+21xx. */
		if ((c >= 0xc6 && c <= 0xca) || c == 0xe1 || c == 0xe2) {
			next_char(p->s + i, p->n - i, &cp);
			turned += glyph_is_turned(cp);
		}
	}
	p->latin = latin > 2 * other;
	p->turned = upside_down(p, latin, turned);
}

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
		if (!is_letter(s[i]) || is_letter(s[i - 1]))
			continue;
		if (leet(s[i - 1]))
			return false;
		/* a third letter alone, with one and the same sign between */
		if (i >= 4 && is_letter(s[i - 2]) && s[i - 3] == s[i - 1] &&
		    is_letter(s[i - 4]) && (i == 4 || !is_word(s[i - 5])))
			return false;
	}
	return true;
}

/* Are there signs for take_hidden()? */
static bool
hides(const char *s, size_t n)
{
	const char *at = s, *end = s + n;

	while ((at = memchr(at, '&', (size_t)(end - at))) != NULL) {
		if (at + 2 < end && at[1] == '#')
			return true;
		at++;
	}
	for (at = s; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		if (at > s && at[-1] == '-')
			return true;
	return false;
}

static void
make_room(struct fold *f, size_t n)
{
	if (f->cap >= n + 1)
		return;
	f->cap = n + n / 2 + 64;
	free(f->own);
	free(f->space);
	f->own = mem_new(f->cap, 1);
	f->space = mem_new(f->cap, sizeof(*f->space));
}

static void
fold_into_own(struct fold *f, const char *s, size_t n, bool words)
{
	struct pass p = {.f = f, .s = s, .n = n};

	make_room(f, n);
	look_at_text(&p);
	if (p.turned)
		fold_turned(&p);
	else
		fold_chars(&p);
	if (words)
		fold_words(f);
	f->space[f->len] = (uint32_t)n;
	f->own[f->len] = '\0';
	f->text = f->own;
	f->map = f->space;
}

void
fold_text(struct fold *f, const char *s, size_t n)
{
	*f = (struct fold){.text = s,
	    .len = n,
	    .source = s,
	    .source_len = n,
	    .own = f->own,
	    .cap = f->cap,
	    .space = f->space};
	if (!plain(s, n) || hides(s, n))
		fold_into_own(f, s, n, true);
}

void
fold_signs(struct fold *f, const char *s, size_t n)
{
	size_t i = 0;

	*f = (struct fold){.text = s,
	    .len = n,
	    .source = s,
	    .source_len = n,
	    .own = f->own,
	    .cap = f->cap,
	    .space = f->space};
	if (hides(s, n)) {
		fold_into_own(f, s, n, false);
		return;
	}
	for (; i + 8 <= n; i += 8) {
		uint64_t x;

		memcpy(&x, s + i, 8);
		if (x & 0x8080808080808080u)
			break;
	}
	while (i < n && (uint8_t)s[i] < 0x80)
		i++;
	if (i < n)
		fold_into_own(f, s, n, false);
}

void
fold_reverse(struct fold *f)
{
	size_t n = f->len;
	char *t = mem_new(n + 1, 1);
	uint32_t *map = mem_new(n + 1, sizeof(*map));
	size_t o = 0;

	for (size_t i = n; i > 0;) {
		size_t end = i;

		do
			i--;
		while (i > 0 && ((uint8_t)f->text[i] & 0xc0) == 0x80);
		for (size_t k = i; k < end; k++, o++) {
			t[o] = f->text[k];
			map[o] = f->map != NULL ? f->map[k] : (uint32_t)k;
		}
	}
	free(f->own);
	free(f->space);
	map[n] = (uint32_t)f->source_len;
	f->text = f->own = t;
	f->map = f->space = map;
	f->cap = n + 1;
	f->turned = true;
	f->backwards = true;
}

/* Where the character ends that begins at byte i of the text as written. */
static uint32_t
char_end(const struct fold *f, uint32_t i)
{
	do
		i++;
	while (i < f->source_len && ((uint8_t)f->source[i] & 0xc0) == 0x80);
	return i;
}

void
fold_span(const struct fold *f, size_t start, size_t end, uint32_t *from, uint32_t *to)
{
	uint32_t lo, hi;

	if (f->map == NULL || !f->turned || end <= start) {
		*from = f->map != NULL ? f->map[start] : (uint32_t)start;
		*to = f->map != NULL ? f->map[end] : (uint32_t)end;
		if (end > start && *to <= *from) /* a part of one character */
			*to = char_end(f, *from);
		return;
	}
	lo = hi = f->map[start];
	for (size_t i = start; i < end; i++) {
		lo = f->map[i] < lo ? f->map[i] : lo;
		hi = f->map[i] > hi ? f->map[i] : hi;
	}
	hi = char_end(f, hi);
	*from = lo;
	*to = hi;
}

void
fold_free(struct fold *f)
{
	free(f->own);
	free(f->space);
	*f = (struct fold){0};
}
