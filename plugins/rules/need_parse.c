/* SPDX-License-Identifier: Apache-2.0 */
/* need_parse: an expression of PCRE2, as far as it is understood, as items. */
#include <stdlib.h>
#include <string.h>

#include "need_in.h"
#include "pattern.h"
#include "regex.h"

#define DEPTH_MAX 12
#define MANY 1000000 /* as often as one likes */

struct parse {
	const char *s, *end;
	int depth;
	bool bad;
	bool wide; /* \w and its like know more than ASCII */
};

static void
row_clear(struct need_row *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->v[i].nalt; k++)
			row_clear(&r->v[i].alt[k]);
		free(r->v[i].alt);
	}
	free(r->v);
	*r = (struct need_row){0};
}

static void
set_add(struct need_item *it, int from, int to)
{
	for (int c = from; c <= to && c < 128; c++)
		it->in[c >> 6] |= (uint64_t)1 << (c & 63);
}

static void
set_all(struct need_item *it)
{
	it->kind = NEED_SET;
	it->in[0] = it->in[1] = UINT64_MAX;
	it->more = true;
}

/* \d, \w and their like; false: not one of them. */
static bool
set_escape(const struct parse *p, struct need_item *it, char c)
{
	struct need_item t = {.kind = NEED_SET, .more = p->wide};

	switch (c | 32) {
	case 'd':
		set_add(&t, '0', '9');
		break;
	case 'w':
		set_add(&t, '0', '9');
		set_add(&t, 'A', 'Z');
		set_add(&t, 'a', 'z');
		set_add(&t, '_', '_');
		break;
	case 's':
		set_add(&t, '\t', '\r');
		set_add(&t, ' ', ' ');
		break;
	case 'h':
		set_add(&t, '\t', '\t');
		set_add(&t, ' ', ' ');
		t.more = true;
		break;
	case 'v':
		set_add(&t, '\n', '\r');
		t.more = true;
		break;
	default:
		return false;
	}
	if (c >= 'A' && c <= 'Z') {
		t.in[0] = ~t.in[0];
		t.in[1] = ~t.in[1];
		t.more = true;
	}
	it->in[0] |= t.in[0];
	it->in[1] |= t.in[1];
	it->more = it->more || t.more;
	return true;
}

static char
plain_escape(char c)
{
	const char *from = "tnrfae", *to = "\t\n\r\f\a\x1b";
	const char *at = c != '\0' ? strchr(from, c) : NULL;

	if (at != NULL)
		return to[at - from];
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (uint8_t)c >= 0x80)
		return 0;
	return c;
}

/* Over {...} behind \p and \x, or one character. */
static void
skip_argument(struct parse *p)
{
	if (p->s < p->end && *p->s == '{') {
		while (p->s < p->end && *p->s != '}')
			p->s++;
		p->bad = p->bad || p->s == p->end;
	}
	if (p->s < p->end)
		p->s++;
}

/* One member of a class; -1: it was more than a character. */
static int
class_char(struct parse *p, struct need_item *it)
{
	char c = *p->s++;

	if (c == '[' && p->s < p->end &&
	    (*p->s == ':' || *p->s == '.' || *p->s == '=')) {
		p->bad = true;
		return -1;
	}
	if ((uint8_t)c >= 0x80) {
		while (p->s < p->end && ((uint8_t)*p->s & 0xc0) == 0x80)
			p->s++;
		it->more = true;
		return 128;
	}
	if (c != '\\')
		return c;
	if (p->s == p->end) {
		p->bad = true;
		return -1;
	}
	c = *p->s++;
	if (set_escape(p, it, c))
		return -1;
	if (c == 'p' || c == 'P') {
		skip_argument(p);
		set_all(it);
		return -1;
	}
	if (c == 'b')
		return '\b';
	if (c == '0' && (p->s == p->end || *p->s < '0' || *p->s > '9'))
		return 0;
	if (plain_escape(c) == 0)
		p->bad = true;
	return (uint8_t)plain_escape(c);
}

static void
parse_class(struct parse *p, struct need_item *it)
{
	bool not = p->s < p->end && *p->s == '^', first = true;

	it->kind = NEED_SET;
	p->s += not ;
	for (; p->s < p->end && !p->bad && (first || *p->s != ']'); first = false) {
		int from = class_char(p, it), to = from;

		if (p->s + 1 < p->end && *p->s == '-' && p->s[1] != ']') {
			p->s++;
			if (from < 0) { /* [\w-.]: no range */
				set_add(it, '-', '-');
				continue;
			}
			to = class_char(p, it);
			p->bad = p->bad || to < 0;
		}
		if (from >= 0 && from < 128)
			set_add(it, from, to);
		it->more = it->more || to >= 128;
	}
	p->bad = p->bad || p->s >= p->end;
	p->s += !p->bad;
	for (int c = 'a'; c <= 'z'; c++) /* without regard to case */
		if (need_set_has(it, c) || need_set_has(it, c - 32)) {
			set_add(it, c, c);
			set_add(it, c - 32, c - 32);
		}
	if (not ) {
		it->in[0] = ~it->in[0];
		it->in[1] = ~it->in[1];
		it->more = true;
	}
}

static void parse_alternatives(struct parse *p, struct need_row **alt, size_t *n);

/* Behind a parenthesis. */
static void
parse_group(struct parse *p, struct need_row *r, struct need_item it)
{
	bool around = false;

	if (p->s < p->end && *p->s == '*')
		p->bad = true;
	if (p->s + 1 < p->end && *p->s == '?') {
		char c = p->s[1], d = p->s + 2 < p->end ? p->s[2] : 0;

		p->s += 2;
		if (c == '<' && (d == '=' || d == '!'))
			p->s++;
		around = c == '=' || c == '!' || (c == '<' && (d == '=' || d == '!'));
		if (!around && c != ':' && c != '>')
			p->bad = true; /* names, flags, conditions, recursion */
	}
	it.kind = NEED_GROUP;
	if (!p->bad)
		parse_alternatives(p, &it.alt, &it.nalt);
	p->bad = p->bad || p->s >= p->end || *p->s != ')';
	p->s += !p->bad;
	if (!around && !p->bad) {
		r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
		r->v[r->n++] = it;
		return;
	}
	for (size_t i = 0; i < it.nalt; i++)
		row_clear(&it.alt[i]);
	free(it.alt);
}

/* Behind a backslash. */
static struct need_item
parse_escape(struct parse *p)
{
	struct need_item it = {.kind = NEED_ONE, .min = 1, .max = 1};
	char c = p->s < p->end ? *p->s++ : 0;

	if (set_escape(p, &it, c)) {
		it.kind = NEED_SET;
	} else if (c == 'b' || c == 'A' || c == 'z' || c == 'Z') {
		it.kind = NEED_EDGE;
	} else if (c == 'R') {
		it.kind = NEED_SET;
		set_add(&it, '\n', '\r');
		it.more = true;
	} else if (c == 'p' || c == 'P' || c == 'x' || c == 'N') {
		if (c != 'N')
			skip_argument(p);
		if (c == 'x') /* \xhh would need more than one */
			p->bad = p->bad || p->s[-1] != '}';
		set_all(&it);
	} else {
		it.c[0] = plain_escape(c);
		it.len = 1;
		p->bad = p->bad || it.c[0] == 0;
	}
	return it;
}

static int
parse_number(struct parse *p)
{
	int n = -1;

	for (; p->s < p->end && *p->s >= '0' && *p->s <= '9'; p->s++)
		n = n > MANY ? MANY : (n < 0 ? 0 : n) * 10 + (*p->s - '0');
	return n;
}

static void
parse_quantifier(struct parse *p, struct need_item *it)
{
	const char *s = p->s;
	char c = p->s < p->end ? *p->s : 0;

	if (c == '?' || c == '*' || c == '+') {
		it->min = c == '+';
		it->max = c == '?' ? 1 : MANY;
		p->s++;
	} else if (c == '{') {
		p->s++;
		it->min = it->max = parse_number(p);
		if (it->min >= 0 && p->s < p->end && *p->s == ',') {
			p->s++;
			it->max = parse_number(p);
			it->max = it->max < 0 ? MANY : it->max;
		}
		if (it->min < 0 || p->s >= p->end || *p->s != '}') {
			p->s = s; /* a brace and no quantifier */
			it->min = it->max = 1;
			return;
		}
		p->s++;
	} else {
		return;
	}
	if (p->s < p->end && (*p->s == '?' || *p->s == '+'))
		p->s++;
}

/* Pictographs have no case, so their bytes are what stands in texts. */
static bool
has_no_case(uint32_t cp)
{
	return (cp >= 0x2600 && cp < 0x2800) || cp >= 0x1f000;
}

/* A character that stands for itself; behind its first byte. */
static void
parse_char(struct parse *p, struct need_item *it)
{
	const char *s = p->s - 1;
	uint32_t cp = (uint8_t)*s;
	int len = cp < 0x80 ? 1 : mem_utf8(s, (size_t)(p->end - s), &cp);

	while (p->s < p->end && ((uint8_t)*p->s & 0xc0) == 0x80)
		p->s++;
	if (p->s - s != len || (cp >= 0x80 && !has_no_case(cp)))
		return;
	it->len = (uint8_t)len;
	memcpy(it->c, s, (size_t)len);
}

/* What lists have between their words: for all that is asked here, a class. */
static bool
parse_sep(struct parse *p, struct need_row *r)
{
	static const size_t n = sizeof(PATTERN_SEP) - 1;

	if ((size_t)(p->end - p->s) < n || memcmp(p->s, PATTERN_SEP, n) != 0)
		return false;
	p->s += n;
	r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] =
	    (struct need_item){.kind = NEED_SET, .more = true, .min = 1, .max = MANY};
	return true;
}

/* The edges that phrases are given; other lookarounds are passed over. */
static bool
parse_edge(struct parse *p)
{
	static const char *const edges[] = {PATTERN_BEGIN, PATTERN_END};

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(edges[i]);

		if ((size_t)(p->end - p->s) >= n && memcmp(p->s, edges[i], n) == 0) {
			p->s += n;
			return true;
		}
	}
	return false;
}

static void
parse_item(struct parse *p, struct need_row *r)
{
	struct need_item it = {.kind = NEED_ONE, .min = 1, .max = 1};
	size_t before = r->n;
	char c;

	if (parse_edge(p)) {
		it.kind = NEED_EDGE;
		r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
		r->v[r->n++] = it;
		return;
	}
	if (parse_sep(p, r))
		return;
	c = *p->s++;
	if (c == '(') {
		parse_group(p, r, it);
	} else {
		if (c == '[')
			parse_class(p, &it);
		else if (c == '\\')
			it = parse_escape(p);
		else if (c == '.')
			set_all(&it);
		else if (c == '^' || c == '$')
			it.kind = NEED_EDGE;
		else
			parse_char(p, &it);
		if (it.c[0] >= 'A' && it.c[0] <= 'Z')
			it.c[0] |= 32;
		r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
		r->v[r->n++] = it;
	}
	if (r->n > before)
		parse_quantifier(p, &r->v[r->n - 1]);
	if (p->s < p->end && *p->s != '\0' && strchr("?*+{", *p->s) != NULL)
		p->bad = true; /* repeated twice, or a brace that is a brace */
}

static void
parse_alternatives(struct parse *p, struct need_row **alt, size_t *n)
{
	struct need_row r = {0};

	if (++p->depth > DEPTH_MAX)
		p->bad = true;
	for (;;) {
		if (!p->bad && p->s < p->end && *p->s != '|' && *p->s != ')') {
			parse_item(p, &r);
			continue;
		}
		if ((*n & (*n - 1)) == 0)
			*alt = mem_grow(*alt, *n * 2 + 1, sizeof(**alt));
		(*alt)[(*n)++] = r;
		r = (struct need_row){0};
		if (p->bad || p->s >= p->end || *p->s != '|')
			break;
		p->s++;
	}
	p->depth--;
}

bool
need_parse(const char *regex, size_t n, struct need_row **alt, size_t *nalt)
{
	struct parse p = {regex, regex + n, 0, false, regex_wide(regex, n)};

	*alt = NULL;
	*nalt = 0;
	parse_alternatives(&p, alt, nalt);
	return !p.bad && p.s == p.end;
}

void
need_rows_clear(struct need_row *alt, size_t n)
{
	for (size_t i = 0; i < n; i++)
		row_clear(&alt[i]);
	free(alt);
}
