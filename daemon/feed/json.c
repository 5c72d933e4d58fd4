/* SPDX-License-Identifier: Apache-2.0 */
/* json: the pull reader; see json.h. */
#include "feed/json.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"

void
json_reader_init(struct json_reader *r, const char *s, size_t n)
{
	r->p = s;
	r->end = s + n;
	r->broken_at = NULL;
	r->broken = r->lost = false;
}

static void
broken(struct json_reader *r, const char *at)
{
	if (!r->broken)
		r->broken_at = at;
	r->broken = true;
}

static void
lost(struct json_reader *r)
{
	broken(r, r->p);
	r->lost = true;
}

/* What a byte may begin or end outside of strings. */
enum { ODD_SPACE = 1, ENDS_WORD = 2 };
static const uint8_t class[256] = {
    [0 ... '\t' - 1] = ODD_SPACE | ENDS_WORD,
    ['\t'] = ENDS_WORD,
    ['\n'] = ENDS_WORD,
    ['\n' + 1 ... '\r' - 1] = ODD_SPACE | ENDS_WORD,
    ['\r'] = ENDS_WORD,
    ['\r' + 1 ... ' ' - 1] = ODD_SPACE | ENDS_WORD,
    [' '] = ENDS_WORD,
    [','] = ENDS_WORD,
    [':'] = ENDS_WORD,
    ['{'] = ENDS_WORD,
    ['}'] = ENDS_WORD,
    ['['] = ENDS_WORD,
    [']'] = ENDS_WORD,
    ['"'] = ENDS_WORD,
};

static inline void
skip_ws(struct json_reader *r)
{
	while (r->p < r->end && (uint8_t)*r->p <= ' ') {
		if (class[(uint8_t)*r->p] & ODD_SPACE)
			broken(r, r->p);
		r->p++;
	}
}

static enum json_kind
kind_of(char c)
{
	switch (c) {
	case '{':
		return JSON_KIND_OBJECT;
	case '[':
		return JSON_KIND_ARRAY;
	case '"':
		return JSON_KIND_STRING;
	case '-':
		return JSON_KIND_NUMBER;
	default:
		if (c >= '0' && c <= '9')
			return JSON_KIND_NUMBER;
		return c >= 'a' && c <= 'z' ? JSON_KIND_WORD : JSON_KIND_NONE;
	}
}

enum json_kind
json_peek(struct json_reader *r)
{
	skip_ws(r);
	return r->p < r->end ? kind_of(*r->p) : JSON_KIND_NONE;
}

/* --- strings --- */

/* The first byte of [p, end) that is a quote, a backslash or a control. */
static inline const char *
plain_run(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i low = _mm_set1_epi8(' ' - 1);

	while (end - p >= 16) {
		__m128i c = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i hit = _mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(c, quote), _mm_cmpeq_epi8(c, slash)),
		    _mm_cmpeq_epi8(_mm_min_epu8(c, low), c));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask != 0)
			return p + __builtin_ctz(mask);
		p += 16;
	}
#else
	const uint64_t ones = 0x0101010101010101u, high = ones << 7;

	while (end - p >= 8) {
		uint64_t w, quote, slash;

		memcpy(&w, p, 8);
		quote = w ^ ones * '"';
		slash = w ^ ones * '\\';
		/* May say yes too often after the first hit, never no too often. */
		if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
			((w - ones * ' ') & ~w)) &
		    high)
			break;
		p += 8;
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= ' ')
		p++;
	return p;
}

/* Four hexadecimal digits at p; -1 if they are not there. */
static long
hex4(const char *p, const char *end)
{
	long v = 0;

	if (end - p < 4)
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

/* What stands behind a backslash, and what it means. */
static const char escapes[256] = {
    ['"'] = '"',
    ['\\'] = '\\',
    ['/'] = '/',
    ['b'] = '\b',
    ['f'] = '\f',
    ['n'] = '\n',
    ['r'] = '\r',
    ['t'] = '\t',
};

/* Behind the escape whose backslash is at p. */
static const char *
escape_end(struct json_reader *r, const char *p)
{
	if (r->end - p < 2)
		return r->end;
	if (p[1] == 'u') {
		if (hex4(p + 2, r->end) >= 0)
			return p + 6;
		broken(r, p);
	} else if (escapes[(uint8_t)p[1]] == 0) {
		broken(r, p);
	}
	return p + 2;
}

/* The string at r->p. */
static void
string(struct json_reader *r, struct json_value *v)
{
	const char *p = r->p + 1;

	v->p = p;
	v->kind = JSON_KIND_STRING;
	v->escaped = false;
	while ((p = plain_run(p, r->end)) < r->end && *p != '"') {
		if (*p == '\\') {
			v->escaped = true;
			p = escape_end(r, p);
		} else {
			broken(r, p++);
		}
	}
	v->n = p - v->p;
	r->p = p;
	if (p < r->end)
		r->p++;
	else
		lost(r);
}

/* --- numbers and words --- */

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

static bool
same(const struct json_value *v, const char *word)
{
	return v->n == strlen(word) && memcmp(v->p, word, v->n) == 0;
}

bool
json_is_word(const struct json_value *v, const char *word)
{
	return v->kind == JSON_KIND_WORD && same(v, word);
}

/* A number or word: all up to what ends a value.  Takes one byte at least. */
static void
bare(struct json_reader *r, struct json_value *v, enum json_kind kind)
{
	v->p = r->p;
	v->kind = kind;
	v->escaped = false;
	while (r->p < r->end && !(class[(uint8_t)*r->p] & ENDS_WORD))
		r->p++;
	v->n = r->p - v->p;
	if (kind == JSON_KIND_NUMBER
		? !good_number(v->p, r->p)
		: !(same(v, "true") || same(v, "null") || same(v, "false")))
		broken(r, v->p);
	if (v->n == 0)
		r->p++;
}

/* --- objects and arrays --- */

void
json_enter(struct json_reader *r)
{
	r->p++;
}

/* To the next member or element: true if there is one, false behind the bracket
 * that ends them.  close 0: either bracket will do. */
static bool
next(struct json_reader *r, char close)
{
	char before = r->p[-1];
	bool first = before == '{' || before == '[', comma = false;

	for (;;) {
		skip_ws(r);
		if (r->p >= r->end) {
			lost(r);
			return false;
		}
		switch (*r->p) {
		case ',':
			if (comma || first)
				broken(r, r->p);
			comma = true;
			r->p++;
			break;
		case '}':
		case ']':
			if (comma)
				broken(r, r->p);
			if (close != 0 && *r->p != close)
				lost(r);
			r->p++;
			return false;
		case ':':
			broken(r, r->p);
			r->p++;
			break;
		default:
			if (!comma && !first && close != 0)
				lost(r);
			return true;
		}
	}
}

static void
name_and_colon(struct json_reader *r, struct json_value *name)
{
	if (*r->p == '"') {
		string(r, name);
	} else {
		lost(r);
		if (*r->p == '{' || *r->p == '[')
			json_read(r, name);
		else
			bare(r, name, JSON_KIND_NONE);
	}
	skip_ws(r);
	if (r->p < r->end && *r->p == ':')
		r->p++;
	else
		lost(r);
}

bool
json_member(struct json_reader *r, struct json_value *name)
{
	if (!next(r, '}'))
		return false;
	name_and_colon(r, name);
	return true;
}

bool
json_element(struct json_reader *r)
{
	return next(r, ']');
}

/* A scalar, or nothing where a value should be. */
static void
scalar(struct json_reader *r, struct json_value *v)
{
	enum json_kind kind = json_peek(r);

	if (kind == JSON_KIND_STRING) {
		string(r, v);
	} else if (r->p < r->end && *r->p != '}' && *r->p != ']' && *r->p != ',') {
		bare(r, v, kind);
	} else {
		broken(r, r->p);
		v->p = r->p;
		v->n = 0;
		v->kind = JSON_KIND_NONE;
		v->escaped = false;
	}
}

/* The brackets that are open: a bit each, 1 for an object. */
struct stack {
	uint64_t objects[JSON_DEPTH / 64];
	size_t depth;
};

static void
push(struct json_reader *r, struct stack *s, bool object)
{
	size_t word = s->depth / 64, bit = s->depth % 64;

	if (s->depth++ >= JSON_DEPTH) {
		broken(r, r->p);
		return;
	}
	s->objects[word] &= ~((uint64_t)1 << bit);
	s->objects[word] |= (uint64_t)object << bit;
}

/* The bracket that ends the innermost; 0 if that is too deep to be known. */
static char
closer(const struct stack *s)
{
	size_t i = s->depth - 1;

	if (i >= JSON_DEPTH)
		return 0;
	return s->objects[i / 64] >> i % 64 & 1 ? '}' : ']';
}

/* Passes over an object or array with all that it holds. */
static void
nested(struct json_reader *r)
{
	struct stack s;
	struct json_value v;

	s.depth = 0;
	do {
		enum json_kind kind = json_peek(r);

		if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY) {
			push(r, &s, kind == JSON_KIND_OBJECT);
			r->p++;
		} else {
			scalar(r, &v);
		}
		while (s.depth > 0) {
			char close = closer(&s);

			if (!next(r, close)) {
				s.depth--;
				if (r->p >= r->end && r->lost)
					return; /* the end came first: said once */
				continue;
			}
			if (close == '}' && *r->p == '"')
				name_and_colon(r, &v);
			else if (close == '}')
				lost(r);
			break;
		}
	} while (s.depth > 0);
}

enum json_kind
json_read(struct json_reader *r, struct json_value *v)
{
	enum json_kind kind = json_peek(r);

	if (kind != JSON_KIND_OBJECT && kind != JSON_KIND_ARRAY) {
		scalar(r, v);
		return v->kind;
	}
	v->p = r->p;
	v->kind = kind;
	v->escaped = false;
	nested(r);
	v->n = r->p - v->p;
	return kind;
}

void
json_skip(struct json_reader *r)
{
	struct json_value v;

	json_read(r, &v);
}

/* --- text --- */

/* The character of the escape at p; *p goes behind it. */
static uint32_t
unescape(const char **p, const char *end)
{
	const char *s = *p + 1;
	long v, low;

	if (s >= end || *s != 'u') {
		/* An escape that JSON does not know: only the backslash goes. */
		char c = s < end ? escapes[(uint8_t)*s] : 0;

		*p = c != 0 ? s + 1 : s;
		return (uint8_t)c;
	}
	v = hex4(s + 1, end);
	if (v < 0) {
		*p = s + 1;
		return 0xfffd;
	}
	s += 5;
	if (v >= 0xd800 && v < 0xdc00 && end - s >= 6 && s[0] == '\\' && s[1] == 'u' &&
	    (low = hex4(s + 2, end)) >= 0xdc00 && low < 0xe000) {
		s += 6;
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	} else if ((v >= 0xd800 && v < 0xe000) || v == 0) {
		v = 0xfffd; /* half a character, or NUL: legal JSON, but no text */
	}
	*p = s;
	return (uint32_t)v;
}

/* How much of s there may be, cut between characters. */
static size_t
cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max > 0 && ((uint8_t)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void
decode(const struct json_value *v, struct buf *b, size_t max)
{
	const char *p = v->p, *end = p + v->n;

	buf_reset(b);
	buf_reserve(b, v->n < max ? v->n : max);
	while (p < end && b->len < max) {
		const char *slash = memchr(p, '\\', end - p);
		size_t run = (slash != NULL ? slash : end) - p;
		uint32_t cp;

		if (run > 0)
			buf_put(b, p, cut(p, run, max - b->len));
		if (slash == NULL)
			return;
		p = slash;
		cp = unescape(&p, end);
		if (cp != 0 && b->len + 4 <= max)
			text_encode(b, cp);
	}
}

const char *
json_text(const struct json_value *v, struct buf *b, size_t max, size_t *n)
{
	if (v->kind == JSON_KIND_OBJECT || v->kind == JSON_KIND_ARRAY) {
		*n = 0;
		return "";
	}
	if (!v->escaped) {
		*n = cut(v->p, v->n, max);
		return v->p;
	}
	decode(v, b, max);
	*n = b->len;
	return b->data;
}

bool
json_find(const struct json_value *object, const char *name, struct json_value *v)
{
	struct json_reader r;
	struct json_value key;
	size_t n = strlen(name);

	if (object->kind != JSON_KIND_OBJECT)
		return false;
	json_reader_init(&r, object->p, object->n);
	json_enter(&r);
	while (json_member(&r, &key)) {
		json_read(&r, v);
		if (key.n == n && memcmp(key.p, name, n) == 0)
			return true;
	}
	return false;
}

bool
json_valid(const char *s, size_t n)
{
	struct json_reader r;

	json_reader_init(&r, s, n);
	json_skip(&r);
	json_peek(&r);
	return !r.broken && r.p == r.end && text_valid(s, n);
}
