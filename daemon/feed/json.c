/* SPDX-License-Identifier: Apache-2.0 */
/* json: the pull reader; see json.h. */
#include "feed/json.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

void
json_reader_init(struct json_reader *r, const char *s, size_t n)
{
	r->p = s;
	r->end = s + n;
	r->broken = false;
	r->broken_at = NULL;
}

static void
broken(struct json_reader *r)
{
	if (!r->broken)
		r->broken_at = r->p;
	r->broken = true;
}

static void
skip_ws(struct json_reader *r)
{
	while (r->p < r->end && (uint8_t)*r->p <= ' ') {
		if (strchr(" \t\r\n", *r->p) == NULL || *r->p == '\0')
			broken(r);
		r->p++;
	}
}

static enum json_kind
kind_of(char c)
{
	if (c == '{')
		return JSON_KIND_OBJECT;
	if (c == '[')
		return JSON_KIND_ARRAY;
	if (c == '"')
		return JSON_KIND_STRING;
	if (c == '-' || (c >= '0' && c <= '9'))
		return JSON_KIND_NUMBER;
	return c >= 'a' && c <= 'z' ? JSON_KIND_WORD : JSON_KIND_NONE;
}

enum json_kind
json_peek(struct json_reader *r)
{
	skip_ws(r);
	return r->p < r->end ? kind_of(*r->p) : JSON_KIND_NONE;
}

/* Four hexadecimal digits at p; -1 if they are not there. */
static long
hex4(const struct json_reader *r, const char *p)
{
	long v = 0;

	if (r->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v * 16 + ((c | 32) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static void
put(struct buf *b, uint32_t cp, size_t max)
{
	if (b != NULL && b->len + 4 <= max)
		text_encode(b, cp);
}

/* \uXXXX with r->p on the u. */
static void
unicode(struct json_reader *r, struct buf *b, size_t max)
{
	long v = hex4(r, r->p + 1), low;

	if (v < 0) {
		broken(r);
		put(b, 0xfffd, max);
		r->p++;
		return;
	}
	r->p += 5;
	if (v >= 0xd800 && v < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' &&
	    r->p[1] == 'u' && (low = hex4(r, r->p + 2)) >= 0xdc00 && low < 0xe000) {
		r->p += 6;
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	} else if ((v >= 0xd800 && v < 0xe000) || v == 0) {
		v = 0xfffd; /* half a character, or NUL: legal JSON, but no text */
	}
	put(b, (uint32_t)v, max);
}

static void
escape(struct json_reader *r, struct buf *b, size_t max)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	r->p++;
	if (r->p >= r->end)
		return;
	if (*r->p == 'u') {
		unicode(r, b, max);
		return;
	}
	at = *r->p != '\0' ? strchr(from, *r->p) : NULL;
	if (at == NULL) {
		broken(r);
		return; /* the backslash is dropped, the character stays */
	}
	put(b, (uint8_t)to[at - from], max);
	r->p++;
}

/* The string at r->p; b may be NULL. */
static void
string(struct json_reader *r, struct buf *b, size_t max)
{
	r->p++;
	while (r->p < r->end && *r->p != '"') {
		const char *run = r->p;
		size_t n;

		while (r->p < r->end && *r->p != '"' && *r->p != '\\') {
			if ((uint8_t)*r->p < ' ')
				broken(r);
			r->p++;
		}
		n = r->p - run;
		if (b != NULL && b->len < max) {
			if (n > max - b->len)
				for (n = max - b->len;
				     n > 0 && ((uint8_t)run[n] & 0xc0) == 0x80;)
					n--;
			buf_put(b, run, n);
		}
		if (r->p < r->end && *r->p == '\\')
			escape(r, b, max);
	}
	if (r->p < r->end)
		r->p++;
	else
		broken(r);
}

static const char *
digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* -?int frac? exp?, by the letter of RFC 8259 section 6. */
static bool
good_number(const char *p, const char *end)
{
	const char *q;

	if (p < end && *p == '-')
		p++;
	q = digits(p, end);
	if (q == p || (*p == '0' && q > p + 1))
		return false;
	if (q < end && *q == '.') {
		p = q + 1;
		q = digits(p, end);
		if (q == p)
			return false;
	}
	if (q < end && (*q | 32) == 'e') {
		p = q + 1;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, end);
		if (q == p)
			return false;
	}
	return q == end;
}

/* A number or word: all up to what ends a value. */
static void
bare(struct json_reader *r, struct buf *b, size_t max, enum json_kind kind)
{
	const char *s = r->p;
	size_t n;

	while (
	    r->p < r->end && (uint8_t)*r->p > ' ' && strchr(",:{}[]\"", *r->p) == NULL)
		r->p++;
	n = r->p - s;
	if (kind == JSON_KIND_NUMBER ? !good_number(s, r->p)
				     : !((n == 4 && memcmp(s, "true", 4) == 0) ||
					   (n == 4 && memcmp(s, "null", 4) == 0) ||
					   (n == 5 && memcmp(s, "false", 5) == 0)))
		broken(r);
	if (b != NULL && n <= max)
		buf_put(b, s, n);
	if (n == 0)
		r->p++;
}

/* Skips an object or array without recursion: a count of open brackets is enough
 * where nothing inside is wanted. */
static void
skip_nested(struct json_reader *r)
{
	size_t open = 0;

	do {
		char c = *r->p;

		if (c == '"') {
			string(r, NULL, 0);
			continue;
		}
		if (c == '{' || c == '[')
			open++;
		else if (c == '}' || c == ']')
			open--;
		r->p++;
	} while (open > 0 && r->p < r->end);
	if (open > 0)
		broken(r);
}

void
json_skip(struct json_reader *r)
{
	json_text(r, NULL, 0);
}

enum json_kind
json_text(struct json_reader *r, struct buf *b, size_t max)
{
	enum json_kind kind = json_peek(r);

	if (b != NULL) {
		buf_reset(b);
		buf_reserve(b, 0);
	}
	if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY)
		skip_nested(r);
	else if (kind == JSON_KIND_STRING)
		string(r, b, max);
	else if (r->p < r->end && *r->p != '}' && *r->p != ']' && *r->p != ',')
		bare(r, b, max, kind);
	else
		broken(r);
	return kind;
}

void
json_enter(struct json_reader *r)
{
	r->p++;
}

/* To the next member or element: true if there is one, false behind the bracket
 * that ends them. */
static bool
next(struct json_reader *r, char close)
{
	bool comma = false;
	char before = r->p[-1];

	for (;;) {
		skip_ws(r);
		if (r->p >= r->end) {
			broken(r);
			return false;
		}
		if (*r->p == ',') {
			if (comma || before == '{' || before == '[')
				broken(r);
			comma = true;
			r->p++;
		} else if (*r->p == '}' || *r->p == ']') {
			if (comma || *r->p != close)
				broken(r);
			r->p++;
			return false;
		} else if (*r->p == ':') {
			broken(r);
			r->p++;
		} else {
			if (!comma && before != '{' && before != '[')
				broken(r);
			return true;
		}
	}
}

bool
json_member(struct json_reader *r, struct buf *name)
{
	if (!next(r, '}'))
		return false;
	if (json_text(r, name, 64) != JSON_KIND_STRING)
		broken(r);
	skip_ws(r);
	if (r->p < r->end && *r->p == ':')
		r->p++;
	else
		broken(r);
	return true;
}

bool
json_element(struct json_reader *r)
{
	return next(r, ']');
}
