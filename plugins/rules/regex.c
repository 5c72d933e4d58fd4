/* SPDX-License-Identifier: Apache-2.0 */
/* regex: see regex.h.  Expressions are walked through item by item: characters,
 * escapes, classes (regex_class.c), what stands behind a parenthesis; all else is
 * copied. */
#include <stdlib.h>
#include <string.h>

#include "kit/glyph.h"
#include "regex_in.h"

#define REGIONAL 0x1f1e6 /* A of the letters that make flags, which come in pairs */

static size_t
span_to(const char *s, char end)
{
	const char *at = strchr(s, end);

	return at != NULL ? (size_t)(at + 1 - s) : strlen(s);
}

/* The argument of an escape: {...}, <...> or '...'; 0: it has none. */
static size_t
argument(const char *s)
{
	return *s == '{'    ? span_to(s, '}')
	       : *s == '<'  ? span_to(s, '>')
	       : *s == '\'' ? 1 + span_to(s + 1, '\'')
			    : 0;
}

static uint32_t
hex(const char *s, size_t n)
{
	uint32_t cp = 0;

	for (size_t i = 0; i < n; i++) {
		int c = s[i] | 32;

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) ||
		    cp > 0x10ffff)
			return 0;
		cp = cp * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return n > 0 && cp <= 0x10ffff ? cp : 0;
}

size_t
regex_escape(const char *s, uint32_t *cp)
{
	size_t n = s[1] != '\0' ? argument(s + 2) : 0;
	int len;

	*cp = 0;
	if (s[1] == '\0')
		return 1;
	if ((len = mem_utf8(s + 1, strlen(s + 1), cp)) > 1)
		return 1 + (size_t)len;
	*cp = 0;
	switch (s[1]) {
	case 'x':
		if (n > 2 && s[1 + n] == '}') {
			*cp = hex(s + 3, n - 2);
			return 2 + n;
		}
		n = strspn(s + 2, "0123456789abcdefABCDEF");
		n = n < 2 ? n : 2;
		*cp = hex(s + 2, n);
		return 2 + n;
	case 'N':
		if (strncmp(s + 2, "{U+", 3) == 0 && s[1 + n] == '}')
			*cp = hex(s + 5, n - 4);
		return 2 + n;
	case 'p':
	case 'P':
		return 2 + (n > 0 ? n : s[2] != '\0');
	case 'g':
	case 'k':
	case 'o':
		return 2 + n;
	case 'c':
		return 2 + (s[2] != '\0');
	default:
		return 2;
	}
}

size_t
regex_opening(const char *s)
{
	size_t n = 2;

	if (strncmp(s, "(?#", 3) == 0)
		return span_to(s, ')');
	if (strncmp(s, "(*", 2) == 0)
		return 2 + strcspn(s + 2, ":)");
	if (strncmp(s, "(?", 2) != 0)
		return 1;
	s += 2;
	if (*s == 'P' && strchr("<=>", s[1]) != NULL && s[1] != '\0')
		return 2 + (s[1] == '<' ? span_to(s, '>') : strcspn(s, ")"));
	if ((*s == '<' && s[1] != '=' && s[1] != '!') || *s == '\'')
		return 3 + span_to(s + 1, *s == '<' ? '>' : '\'');
	if (*s == '&')
		return 2 + strcspn(s, ")");
	if (*s == '(' && s[1] != '?' && s[1] != '*')
		return 2 + span_to(s, ')');
	n += strspn(s, "imnsxJU^-");
	s += n - 2;
	return n + (*s == '<' ? 2 : *s != '\0' && strchr(":=!>|", *s) != NULL);
}

bool
regex_wide(const char *s, size_t n)
{
	uint32_t cp;

	/* Letters are there; signs and pictographs between. */
	for (size_t i = 0; i < n;) {
		int len = mem_utf8(s + i, n - i, &cp);

		if ((cp >= 0xc0 && cp < 0x2000 && cp != 0xd7 && cp != 0xf7) ||
		    (cp >= 0x2c00 && cp < 0x2e00) || (cp >= 0x3040 && cp < 0xfe00) ||
		    (cp >= 0xfe70 && cp < 0x1f000) || cp >= 0x20000)
			return true;
		i += len > 0 ? (size_t)len : 1;
	}
	return false;
}

/* --- into the form of texts */

struct folding {
	struct sb *out;
	struct why *w;
	size_t begun; /* of out: where an alternative begins */
};

void
regex_put_char(struct sb *out, uint32_t cp)
{
	char s[4];

	if (cp < 0x80) {
		s[0] = (char)cp;
		sb_put(out, s, 1);
	} else if (cp < 0x800) {
		s[0] = (char)(0xc0 | cp >> 6);
		s[1] = (char)(0x80 | (cp & 0x3f));
		sb_put(out, s, 2);
	} else if (cp < 0x10000) {
		s[0] = (char)(0xe0 | cp >> 12);
		s[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		s[2] = (char)(0x80 | (cp & 0x3f));
		sb_put(out, s, 3);
	} else {
		s[0] = (char)(0xf0 | cp >> 18);
		s[1] = (char)(0x80 | (cp >> 12 & 0x3f));
		s[2] = (char)(0x80 | (cp >> 6 & 0x3f));
		s[3] = (char)(0x80 | (cp & 0x3f));
		sb_put(out, s, 4);
	}
}

void
regex_put_plain(struct sb *out, const char *s)
{
	for (; *s != '\0'; s++) {
		bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			      (*s >= '0' && *s <= '9');

		if (!letter && (uint8_t)*s < 0x80)
			sb_puts(out, "\\");
		sb_put(out, s, 1);
	}
}

static size_t
quantifier(const char *s)
{
	size_t n = strchr("?*+", *s) != NULL && *s != '\0';

	if (*s == '{' && s[1] >= '0' && s[1] <= '9')
		n = span_to(s, '}');
	return n > 0 ? n + ((s[n] == '?' || s[n] == '+') && s[n] != '\0') : 0;
}

int
regex_never(struct why *w, uint32_t cp)
{
	return why_set(w,
	    "it asks for U+%04X, which is left out of texts before they are searched, "
	    "as "
	    "marks and invisible characters are: it would never match",
	    cp);
}

/* One that texts do not keep; of an expression in which something stands before it, it
 * is left out too.  How much of s, behind it, goes with it. */
static int
drop_char(struct folding *f, uint32_t cp, const char *s, size_t *taken)
{
	size_t n = quantifier(s);

	if (f->out->len == f->begun)
		return regex_never(f->w, cp);
	/* "e" and an accent, repeated, is a letter repeated. */
	if (n > 0 && !(cp >= 0x300 && cp < 0x370 && (*s == '+' || *s == '{')))
		*taken += n;
	return 0;
}

/* Letters of flags: pairs are flags in texts too, others are letters. */
static size_t
take_regional(struct folding *f, const char *s)
{
	size_t n = 0;
	uint32_t cp;

	while (mem_utf8(s + n, strlen(s + n), &cp) == 4 && cp >= REGIONAL &&
	       cp < REGIONAL + 26)
		n += 4;
	if (n % 8 == 0) {
		sb_put(f->out, s, n);
		return n;
	}
	for (size_t i = 0; i < n; i += 4) {
		mem_utf8(s + i, 4, &cp);
		regex_put_char(f->out, 'a' + (cp - REGIONAL));
	}
	return n;
}

/* The character cp, written as n bytes. */
static int
take_char(struct folding *f, uint32_t cp, const char *s, size_t n, size_t *taken)
{
	char as[40];
	bool group;

	*taken = n;
	if (cp >= REGIONAL && cp < REGIONAL + 26 && n == 4) {
		*taken = take_regional(f, s);
		return 0;
	}
	switch (glyph_of(cp, as)) {
	case GLYPH_NONE:
		return drop_char(f, cp, s + n, taken);
	case GLYPH_TEXT:
		group = regex_chars(as) > 1 && quantifier(s + n) > 0;
		sb_puts(f->out, group ? "(?:" : "");
		regex_put_plain(f->out, as);
		sb_puts(f->out, group ? ")" : "");
		return 0;
	default:
		regex_put_char(f->out, cp);
		return 0;
	}
}

/* \Q...\E: what is not ASCII in it needs no quotes. */
static int
take_quoted(struct folding *f, const char *s, size_t *taken)
{
	const char *end = strstr(s, "\\E");
	size_t n = end != NULL ? (size_t)(end - s) : strlen(s);
	int rc = 0;

	*taken = n + (end != NULL ? 2 : 0);
	for (size_t i = 2, len; rc == 0 && i < n; i += len) {
		uint32_t cp = 0;
		char c[2] = {s[i], '\0'};

		len = (size_t)mem_utf8(s + i, n - i, &cp);
		if (cp >= 0x80) {
			rc = take_char(f, cp, s + i, len, &len);
		} else {
			len = 1;
			regex_put_plain(f->out, c);
		}
	}
	return rc;
}

/* The item at s; *taken: its bytes. */
static int
take_item(struct folding *f, const char *s, size_t *taken)
{
	uint32_t cp = 0;
	size_t n = 1;

	if (*s == '[')
		return regex_class(s, f->out, taken, f->w);
	if (*s == '\\' && s[1] == 'Q')
		return take_quoted(f, s, taken);
	if (*s == '\\')
		n = regex_escape(s, &cp);
	else if (*s == '(')
		n = regex_opening(s);
	else if (strncmp(s, "@{", 2) == 0)
		n = span_to(s, '}');
	else if ((uint8_t)*s >= 0x80)
		n = (size_t)mem_utf8(s, strlen(s), &cp);
	if (cp >= 0x80)
		return take_char(f, cp, s, n, taken);
	*taken = n > 0 ? n : 1;
	sb_put(f->out, s, *taken);
	if (*s == '(' || *s == '|')
		f->begun = f->out->len;
	return 0;
}

/* Up to the item that the byte `at' of out is in; *place: where it is in s. */
static int
fold_to(const char *s, struct sb *out, size_t at, size_t *place, struct why *w)
{
	struct folding f = {out, w, out->len};
	const char *from = s;
	int rc = 0;

	*place = 0;
	for (size_t n; rc == 0 && *s != '\0'; s += n) {
		size_t before = out->len;

		rc = take_item(&f, s, &n);
		if (out->len > at) {
			bool same = out->len - before == n &&
				    memcmp(out->data + before, s, n) == 0;

			*place = (size_t)(s - from) + (same ? at - before : 0);
			return rc;
		}
	}
	*place = (size_t)(s - from);
	return rc;
}

int
regex_fold(const char *s, struct sb *out, struct why *w)
{
	size_t place;

	sb_puts(out, "");
	return fold_to(s, out, SIZE_MAX, &place, w);
}

size_t
regex_place(const char *s, size_t at)
{
	struct sb out = {0};
	struct why w;
	size_t place;

	fold_to(s, &out, at, &place, &w);
	sb_free(&out);
	return place;
}
