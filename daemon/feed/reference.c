/* SPDX-License-Identifier: Apache-2.0 */
/* reference: character and entity references, the second half of markup.h. */
#include <string.h>

#include "base/text.h"
#include "feed/entities.h"
#include "feed/markup.h"

#define EXPAND_MAX ((size_t)1 << 20) /* bytes one document may make of its entities */

#define NAME_LOOK 64 /* longer names are no names: keeps & floods linear */

static int
digit_value(char c, int base)
{
	int v;

	if (c >= '0' && c <= '9')
		v = c - '0';
	else if ((c | 32) >= 'a' && (c | 32) <= 'f')
		v = (c | 32) - 'a' + 10;
	else
		return -1;
	return v < base ? v : -1;
}

/* As buf_put(), but inline and without a NUL behind: runs are short. */
static inline void
put(struct buf *out, const char *s, size_t n)
{
	if (out->cap - out->len <= n)
		buf_reserve(out, n);
	memcpy(out->data + out->len, s, n);
	out->len += n;
}

static void
encode(struct buf *out, uint32_t cp)
{
	char c = (char)cp;

	if (out == NULL)
		return;
	if (cp < 0x80)
		put(out, &c, 1);
	else
		text_encode(out, cp);
}

/* A numeric reference at s ("&#..."); returns its length, 0 if it is none. */
static size_t
numeric(struct markup *m, struct buf *out, const char *s, size_t n)
{
	int base = 10, v;
	size_t i = 2, first;
	uint32_t cp = 0;

	if (i < n && (s[i] == 'x' || s[i] == 'X')) {
		if (s[i] == 'X')
			markup_note(m, MARKUP_BAD_REF, s);
		base = 16;
		i++;
	}
	for (first = i; i < n && (v = digit_value(s[i], base)) >= 0; i++)
		if (cp <= 0x10ffff)
			cp = cp * base + v;
	if (i == first)
		return 0;
	if (cp >= 0x80 && cp < 0xa0) {
		/* What authors mean by &#128; to &#159; (WHATWG HTML, "numeric
		 * character reference end state"). */
		cp = feed_cp1252[cp - 0x80];
	}
	if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ||
	    (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r')) {
		markup_note(m, MARKUP_BAD_REF, s);
		cp = 0xfffd;
	}
	encode(out, cp);
	if (i < n && s[i] == ';')
		return i + 1;
	markup_note(m, MARKUP_BAD_REF, s);
	return i;
}

/* The value of a declared entity: its own character references and the five of
 * XML are decoded, entities that it names in turn are not.  False: it is left out. */
static bool
expand(struct markup *m, struct buf *out, const struct markup_str *value)
{
	if (m->expanding || m->expanded + value->n > EXPAND_MAX) {
		m->left_out++;
		return false;
	}
	m->expanded += value->n;
	m->expanding = true;
	markup_decode(m, out, value->p, value->n);
	m->expanding = false;
	return true;
}

static bool
declared(struct markup *m, struct buf *out, const char *name, size_t n)
{
	for (size_t i = 0; i < m->nentities; i++) {
		const struct markup_str *d = &m->entities[i].name;

		if (d->n != n || memcmp(d->p, name, n) != 0)
			continue;
		return out == NULL || expand(m, out, &m->entities[i].value);
	}
	return false;
}

/* The five names that XML itself knows. */
static char
predefined(const char *s, size_t n)
{
	if (n == 2 && s[1] == 't')
		return s[0] == 'l' ? '<' : s[0] == 'g' ? '>' : 0;
	if (n == 3 && memcmp(s, "amp", 3) == 0)
		return '&';
	if (n == 4 && memcmp(s, "quot", 4) == 0)
		return '"';
	if (n == 4 && memcmp(s, "apos", 4) == 0)
		return '\'';
	return 0;
}

static bool
name_char(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') ||
	       (uint8_t)c >= 0x80 || c == '.' || c == '-' || c == '_' || c == ':';
}

/* "&lt/a&gt;": what is meant is plain, unless it is a parameter of an address. */
static size_t
unclosed(struct markup *m, struct buf *out, const char *s, size_t n)
{
	static const size_t lengths[] = {2, 3, 4};
	char c, after;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = lengths[i];

		if (n <= len || (c = predefined(s + 1, len)) == 0)
			continue;
		after = n > len + 1 ? s[len + 1] : ' ';
		if (after == '=' || after == '_' || (after >= '0' && after <= '9') ||
		    ((after | 32) >= 'a' && (after | 32) <= 'z'))
			return 0;
		markup_note(m, MARKUP_BAD_REF, s);
		encode(out, (uint8_t)c);
		return len + 1;
	}
	return 0;
}

/* A named reference at s; returns its length, 0 if it is none. */
static size_t
named(struct markup *m, struct buf *out, const char *s, size_t n)
{
	size_t i = 1;
	uint32_t cp[2];
	char c;

	while (i < n && i <= NAME_LOOK && name_char(s[i]))
		i++;
	if (i == 1)
		return 0;
	if (i < n && s[i] == ';') {
		if ((c = predefined(s + 1, i - 1)) != 0) {
			encode(out, (uint8_t)c);
			return i + 1;
		}
		if (declared(m, out, s + 1, i - 1))
			return i + 1;
		markup_note(m, MARKUP_BAD_REF, s);
		if (feed_entity_find(s + 1, i - 1, cp)) {
			encode(out, cp[0]);
			if (cp[1] != 0)
				encode(out, cp[1]);
			return i + 1;
		}
		m->left_out += m->undeclared; /* others may read words there */
	}
	if (m->mode != MARKUP_HTML)
		return unclosed(m, out, s, n);
	i = feed_entity_prefix(s + 1, i - 1, cp);
	if (i > 0)
		encode(out, cp[0]);
	return i > 0 ? i + 1 : 0;
}

/* The references that escaped markup is made of; the length, 0 if it is none. */
static inline size_t
common(const char *s, size_t n, char *c)
{
	if (n >= 4 && s[2] == 't' && s[3] == ';' && (s[1] == 'l' || s[1] == 'g')) {
		*c = s[1] == 'l' ? '<' : '>';
		return 4;
	}
	if (n >= 5 && memcmp(s, "&amp;", 5) == 0)
		return *c = '&', 5;
	if (n >= 6 && memcmp(s, "&quot;", 6) == 0)
		return *c = '"', 6;
	return 0;
}

static void
decode(struct markup *m, struct buf *out, const char *s, size_t n)
{
	const char *end, *amp;
	size_t len;
	char c;

	if (n == 0)
		return;
	end = s + n;
	if (out != NULL) /* what is decoded is shorter, as a rule */
		buf_reserve(out, n);
	while (s < end && (amp = memchr(s, '&', end - s)) != NULL) {
		if (out != NULL)
			put(out, s, amp - s);
		s = amp;
		if ((len = common(s, end - s, &c)) > 0)
			encode(out, (uint8_t)c);
		else if (s + 1 < end && s[1] == '#')
			len = numeric(m, out, s, end - s);
		else
			len = named(m, out, s, end - s);
		if (len == 0) {
			markup_note(m, MARKUP_BARE_AMP, s);
			encode(out, '&');
			len = 1;
		}
		s += len;
	}
	if (out != NULL) {
		put(out, s, end - s);
		buf_reserve(out, 0);
	}
}

void
markup_decode(struct markup *m, struct buf *out, const char *s, size_t n)
{
	decode(m, out, s, n);
}

void
markup_expand(struct markup *m, struct buf *out, const char *s, size_t n)
{
	struct buf text = {0};

	decode(m, &text, s, n);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '<')
			buf_puts(out, "&lt;");
		else if (text.data[i] == '&')
			buf_puts(out, "&amp;");
		else
			buf_putc(out, text.data[i]);
	buf_free(&text);
}

void
markup_check(struct markup *m, const char *s, size_t n)
{
	if (n > 0 && memchr(s, '&', n) != NULL)
		decode(m, NULL, s, n);
}
