/* SPDX-License-Identifier: Apache-2.0 */
/*
 * need: see need.h.  The expression is parsed into items; rows of items that can only
 * be a few strings are spelled out, and each such row is something that must be there.
 */
#include "need.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kit/mem.h"
#include "pattern.h"

#define STRINGS_MAX 64	/* spellings of a row */
#define TEXTS_MAX 20000 /* of a need */
#define DEPTH_MAX 12
#define MANY 1000000 /* as often as one likes */
#define LITERAL_MIN 3

enum kind { ONE, SET, EDGE, GROUP };

struct item {
	enum kind kind;
	char c;		 /* ONE; 0: some other character, not ASCII */
	uint64_t in[2];	 /* SET: ASCII characters of it */
	bool more;	 /* SET: others too */
	struct row *alt; /* GROUP */
	size_t nalt;
	int min, max;
};

struct row {
	struct item *v;
	size_t n;
};

struct parse {
	const char *s, *end;
	int depth;
	bool bad;
};

static void
row_clear(struct row *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->v[i].nalt; k++)
			row_clear(&r->v[i].alt[k]);
		free(r->v[i].alt);
	}
	free(r->v);
	*r = (struct row){0};
}

/* --- parsing */

static void
set_add(struct item *it, int from, int to)
{
	for (int c = from; c <= to && c < 128; c++)
		it->in[c >> 6] |= (uint64_t)1 << (c & 63);
}

static bool
set_has(const struct item *it, int c)
{
	return it->in[c >> 6] >> (c & 63) & 1;
}

static void
set_all(struct item *it)
{
	it->kind = SET;
	it->in[0] = it->in[1] = UINT64_MAX;
	it->more = true;
}

/* \d, \w and their like; false: not one of them. */
static bool
set_escape(struct item *it, char c)
{
	struct item t = {.kind = SET};

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
class_char(struct parse *p, struct item *it)
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
	if (set_escape(it, c))
		return -1;
	if (c == 'p' || c == 'P') {
		skip_argument(p);
		set_all(it);
		return -1;
	}
	if (c == 'b')
		return '\b';
	if (plain_escape(c) == 0)
		p->bad = true;
	return (uint8_t)plain_escape(c);
}

static void
parse_class(struct parse *p, struct item *it)
{
	bool not = p->s < p->end && *p->s == '^', first = true;

	it->kind = SET;
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
		if (set_has(it, c) || set_has(it, c - 32)) {
			set_add(it, c, c);
			set_add(it, c - 32, c - 32);
		}
	if (not ) {
		it->in[0] = ~it->in[0];
		it->in[1] = ~it->in[1];
		it->more = true;
	}
}

static void parse_alternatives(struct parse *p, struct row **alt, size_t *n);

/* Behind a parenthesis. */
static void
parse_group(struct parse *p, struct row *r, struct item it)
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
	it.kind = GROUP;
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
static struct item
parse_escape(struct parse *p)
{
	struct item it = {.kind = ONE, .min = 1, .max = 1};
	char c = p->s < p->end ? *p->s++ : 0;

	if (set_escape(&it, c)) {
		it.kind = SET;
	} else if (c == 'b' || c == 'A' || c == 'z' || c == 'Z') {
		it.kind = EDGE;
	} else if (c == 'R') {
		it.kind = SET;
		set_add(&it, '\n', '\r');
		it.more = true;
	} else if (c == 'p' || c == 'P' || c == 'x' || c == 'N') {
		if (c != 'N')
			skip_argument(p);
		if (c == 'x') /* \xhh would need more than one */
			p->bad = p->bad || p->s[-1] != '}';
		set_all(&it);
	} else {
		it.c = plain_escape(c);
		p->bad = p->bad || it.c == 0;
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
parse_quantifier(struct parse *p, struct item *it)
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

static void
parse_item(struct parse *p, struct row *r)
{
	struct item it = {.kind = ONE, .min = 1, .max = 1};
	size_t before = r->n;
	char c = *p->s++;

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
			it.kind = EDGE;
		else if ((uint8_t)c >= 0x80)
			while (p->s < p->end && ((uint8_t)*p->s & 0xc0) == 0x80)
				p->s++;
		else
			it.c = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
		if (it.c >= 'A' && it.c <= 'Z')
			it.c |= 32;
		r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
		r->v[r->n++] = it;
	}
	if (r->n > before)
		parse_quantifier(p, &r->v[r->n - 1]);
	if (p->s < p->end && *p->s != '\0' && strchr("?*+{", *p->s) != NULL)
		p->bad = true; /* repeated twice, or a brace that is a brace */
}

static void
parse_alternatives(struct parse *p, struct row **alt, size_t *n)
{
	struct row r = {0};

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
		r = (struct row){0};
		if (p->bad || p->s >= p->end || *p->s != '|')
			break;
		p->s++;
	}
	p->depth--;
}

/* --- spelling */

struct strings {
	struct sb v[STRINGS_MAX];
	size_t n;
};

static void
strings_clear(struct strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		sb_free(&s->v[i]);
	s->n = 0;
}

static bool spell_row(const struct row *r, struct strings *out);

/* What the item can be once; false: too many things, or not known. */
static bool
spell_once(const struct item *it, struct strings *out)
{
	char c;

	if (it->kind == ONE && it->c != 0) {
		sb_put(&out->v[out->n++], &it->c, 1);
		return true;
	}
	if (it->kind == SET && !it->more) {
		for (int k = 0; k < 128; k++) {
			if (!set_has(it, k) || (k >= 'A' && k <= 'Z'))
				continue;
			if (out->n == 8)
				return false;
			c = (char)k;
			sb_put(&out->v[out->n++], &c, 1);
		}
		return true;
	}
	if (it->kind != GROUP)
		return false;
	for (size_t i = 0; i < it->nalt; i++)
		if (!spell_row(&it->alt[i], out))
			return false;
	return true;
}

/* a := each of a followed by each of b; false: too many, and a is as it was. */
static bool
append_each(struct strings *a, const struct strings *b)
{
	struct strings out = {.n = 0};

	if (a->n * b->n > STRINGS_MAX)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		for (size_t k = 0; k < b->n; k++) {
			struct sb *t = &out.v[out.n++];

			sb_put(t, a->v[i].len > 0 ? a->v[i].data : "", a->v[i].len);
			sb_put(t, b->v[k].len > 0 ? b->v[k].data : "", b->v[k].len);
		}
	}
	strings_clear(a);
	*a = out;
	return true;
}

/* The item with its quantifier, behind each of a. */
static bool
spell_item(const struct item *it, struct strings *a)
{
	struct strings once = {.n = 0}, all = {.n = 0}, power = {.n = 1};
	bool ok = it->max <= 3 && spell_once(it, &once);

	for (int k = 0; ok && k <= it->max; k++) {
		if (k > 0)
			ok = append_each(&power, &once);
		for (size_t i = 0; ok && k >= it->min && i < power.n; i++) {
			ok = all.n < STRINGS_MAX;
			if (ok)
				sb_put(&all.v[all.n++],
				    power.v[i].len > 0 ? power.v[i].data : "",
				    power.v[i].len);
		}
	}
	ok = ok && append_each(a, &all);
	strings_clear(&once);
	strings_clear(&all);
	strings_clear(&power);
	return ok;
}

/* All that the row can be, added to out. */
static bool
spell_row(const struct row *r, struct strings *out)
{
	struct strings a = {.n = 1};
	bool ok = true;

	for (size_t i = 0; ok && i < r->n; i++)
		ok = r->v[i].kind != EDGE && spell_item(&r->v[i], &a);
	ok = ok && out->n + a.n <= STRINGS_MAX;
	for (size_t i = 0; ok && i < a.n; i++) {
		out->v[out->n++] = a.v[i];
		a.v[i] = (struct sb){0};
	}
	strings_clear(&a);
	return ok;
}

/* --- needs */

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void
add_text(struct need *d, const char *s, size_t n, bool word, size_t worth)
{
	if ((d->n & (d->n - 1)) == 0)
		d->v = mem_grow(d->v, d->n * 2 + 1, sizeof(*d->v));
	d->v[d->n++] = (struct need_text){mem_dup(s, n), n, word};
	d->words = d->words && word;
	d->worth = worth < d->worth ? worth : d->worth;
}

/* What of one spelling to look for.  left and right: nothing that belongs to a word
 * stands beside it. */
static bool
add_spelling(struct need *d, const struct sb *b, bool left, bool right)
{
	size_t n = b->len, best = 0, at = 0, len = 0;

	for (size_t i = 0, k; i < n; i = k + 1) {
		size_t worth;

		for (k = i; k < n && is_word(b->data[k]); k++)
			;
		worth = k > i ? pattern_rarity(b->data + i, k - i) : 0;
		if (worth > best && (i > 0 || left) && (k < n || right)) {
			best = worth;
			at = i;
			len = k - i;
		}
	}
	if (best >= 3 && n < best + 5) {
		add_text(d, b->data + at, len, true, best);
		return true;
	}
	if (n >= LITERAL_MIN && memchr(b->data, '\n', n) == NULL) {
		add_text(d, b->data, n, false, n);
		return true;
	}
	if (best > 0)
		add_text(d, b->data + at, len, true, best);
	return best > 0;
}

void
need_clear(struct need *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].text);
	free(d->v);
	*d = (struct need){0};
}

struct needs {
	struct need v[NEED_MAX];
	size_t n;
};

/* Keeps the best; d is taken. */
static void
keep_need(struct needs *s, struct need *d)
{
	size_t k = 0;

	while (k < s->n && s->v[k].worth >= d->worth)
		k++;
	if (d->n == 0 || k == NEED_MAX) {
		need_clear(d);
		return;
	}
	if (s->n == NEED_MAX)
		need_clear(&s->v[--s->n]);
	memmove(&s->v[k + 1], &s->v[k], (s->n - k) * sizeof(*d));
	s->v[k] = *d;
	s->n++;
	*d = (struct need){0};
}

static const struct need nothing = {.worth = SIZE_MAX, .words = true};

/* A spelled-out row becomes a need, if each spelling has something to look for. */
static void
close_strings(struct needs *out, struct strings *a, bool left, bool right)
{
	struct need d = nothing;
	bool ok = true;

	for (size_t i = 0; ok && i < a->n; i++)
		ok = add_spelling(&d, &a->v[i], left, right);
	if (ok)
		keep_need(out, &d);
	else
		need_clear(&d);
	strings_clear(a);
	a->n = 1; /* the empty string */
	a->v[0] = (struct sb){0};
}

/* Whatever the item matches ends (and begins) with no part of a word, and is there. */
static bool
is_edge(const struct item *it)
{
	static const uint64_t low = 0x03ff000000000000U, high = 0x07fffffe87fffffeU;

	if (it->kind == EDGE)
		return it->max > 0 && it->min > 0;
	if (it->kind == ONE)
		return it->c != 0 && it->min > 0 && !is_word(it->c) && it->c != '_';
	return it->kind == SET && it->min > 0 && (it->in[0] & low) == 0 &&
	       (it->in[1] & high) == 0;
}

/* A part that may be missing but, if it is there, ends so. */
static bool
ends_so(const struct item *it)
{
	if (it->kind != GROUP)
		return is_edge(&(struct item){it->kind, it->c, {it->in[0], it->in[1]},
		    it->more, NULL, 0, 1, it->max});
	for (size_t i = 0; i < it->nalt; i++)
		if (it->alt[i].n == 0 || !is_edge(&it->alt[i].v[it->alt[i].n - 1]))
			return false;
	return true;
}

static void row_needs(const struct row *r, bool left, bool right, struct needs *out);

/* What every alternative needs, one or the other. */
static void
group_needs(const struct item *it, bool left, bool right, struct needs *out)
{
	struct need d = nothing;
	bool ok = it->kind == GROUP && it->min > 0;

	for (size_t i = 0; ok && i < it->nalt; i++) {
		struct needs one = {.n = 0};

		row_needs(&it->alt[i], left, right, &one);
		ok = one.n > 0 && d.n + one.v[0].n <= TEXTS_MAX;
		for (size_t k = 0; ok && k < one.v[0].n; k++)
			add_text(&d, one.v[0].v[k].text, one.v[0].v[k].n,
			    one.v[0].v[k].word, one.v[0].worth);
		for (size_t k = 0; k < one.n; k++)
			need_clear(&one.v[k]);
	}
	if (ok)
		keep_need(out, &d);
	else
		need_clear(&d);
}

/* left and right: whether nothing that belongs to a word stands at the ends of the row.
 */
static void
row_needs(const struct row *r, bool left, bool right, struct needs *out)
{
	struct strings a = {.n = 1};
	bool edge = left;   /* where the present spelling begins */
	bool before = left; /* where the present item begins */

	for (size_t i = 0; i < r->n; i++) {
		const struct item *it = &r->v[i];
		bool after = i + 1 < r->n ? is_edge(&r->v[i + 1]) : right;

		if (it->kind != EDGE && spell_item(it, &a)) {
			before = is_edge(it);
			continue;
		}
		close_strings(out, &a, edge, is_edge(it));
		group_needs(it, before && it->max == 1, after && it->max == 1, out);
		before = is_edge(it) || (it->min == 0 && it->max > 0 && before &&
					    ends_so(it) && it->kind != EDGE);
		edge = before;
	}
	close_strings(out, &a, edge, right);
	strings_clear(&a);
}

size_t
need_find(const char *regex, size_t n, struct need out[NEED_MAX])
{
	struct parse p = {regex, regex + n, 0, false};
	struct item all = {.kind = GROUP, .min = 1, .max = 1};
	struct needs found = {.n = 0};

	parse_alternatives(&p, &all.alt, &all.nalt);
	if (!p.bad && p.s == p.end) {
		if (all.nalt == 1)
			row_needs(&all.alt[0], false, false, &found);
		else
			group_needs(&all, false, false, &found);
	}
	for (size_t i = 0; i < all.nalt; i++)
		row_clear(&all.alt[i]);
	free(all.alt);
	memcpy(out, found.v, sizeof(found.v));
	return found.n;
}
