/* SPDX-License-Identifier: Apache-2.0 */
/*
 * need: see need.h.  The expression is parsed into items (need_parse.c); rows of items
 * that can only be a few strings are spelled out (need_spell.c), and each such row is
 * something that must be there.
 */
#include "need.h"

#include <stdlib.h>
#include <string.h>

#include "need_in.h"
#include "pattern.h"

#define TEXTS_MAX 20000 /* of a need */
#define LITERAL_MIN 3
#define SIGN_WORTH 12 /* of a string with a pictograph in it */

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
has_sign(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return true;
	return false;
}

#define RARE 3		/* words from here on are not common */
#define COMMON_SHARE 32 /* one in so many may be common */

/* t.text is copied; worth: how rare it is; word_worth: how rare the word is that can
 * stand for it, 0: there is none. */
static void
add_text(struct need *d, struct need_text t, size_t worth, size_t word_worth)
{
	if ((d->n & (d->n - 1)) == 0)
		d->v = mem_grow(d->v, d->n * 2 + 1, sizeof(*d->v));
	t.text = mem_dup(t.text, t.n);
	d->v[d->n++] = t;
	d->words = d->words && t.word;
	d->cheap = d->cheap && word_worth > 0;
	d->guarded = d->guarded && (word_worth > 0 || has_sign(t.text, t.n));
	d->common += word_worth < RARE;
	d->worth = worth < d->worth ? worth : d->worth;
}

static size_t
word_worth(const struct need_text *t)
{
	if (t->word)
		return pattern_rarity(t->text, t->n);
	return t->inner_n > 0 ? pattern_rarity(t->text + t->inner_at, t->inner_n) : 0;
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
	if ((best < RARE || n >= best + 5) && n >= LITERAL_MIN &&
	    memchr(b->data, '\n', n) == NULL)
		add_text(d, (struct need_text){b->data, n, false, at, len},
		    has_sign(b->data, n) ? SIGN_WORTH : n, best);
	else if (best > 0)
		add_text(
		    d, (struct need_text){b->data + at, len, true, 0, 0}, best, best);
	else
		return false;
	return true;
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

static const struct need nothing = {
    .worth = SIZE_MAX, .words = true, .cheap = true, .guarded = true};

/* A spelled-out row becomes a need, if each spelling has something to look for. */
static void
close_strings(struct needs *out, struct need_strings *a, bool left, bool right)
{
	struct need d = nothing;
	bool ok = true;

	for (size_t i = 0; ok && i < a->n; i++)
		ok = add_spelling(&d, &a->v[i], left, right);
	if (ok)
		keep_need(out, &d);
	else
		need_clear(&d);
	need_strings_clear(a);
	a->n = 1; /* the empty string */
	a->v[0] = (struct sb){0};
}

/* Whatever the item matches ends (and begins) with no part of a word, and is there. */
static bool
is_edge(const struct need_item *it)
{
	static const uint64_t low = 0x03ff000000000000U, high = 0x07fffffe87fffffeU;

	if (it->kind == NEED_EDGE)
		return it->max > 0 && it->min > 0;
	if (it->kind == NEED_ONE)
		return it->len == 1 && it->min > 0 && !is_word(it->c[0]) &&
		       it->c[0] != '_';
	return it->kind == NEED_SET && it->min > 0 && (it->in[0] & low) == 0 &&
	       (it->in[1] & high) == 0;
}

/* A part that may be missing but, if it is there, ends so. */
static bool
ends_so(const struct need_item *it)
{
	struct need_item there = *it;

	there.min = 1;
	if (it->kind != NEED_GROUP)
		return is_edge(&there);
	for (size_t i = 0; i < it->nalt; i++)
		if (it->alt[i].n == 0 || !is_edge(&it->alt[i].v[it->alt[i].n - 1]))
			return false;
	return true;
}

static void row_needs(
    const struct need_row *r, bool left, bool right, struct needs *out);

/* What every alternative needs, one or the other. */
static void
group_needs(const struct need_item *it, bool left, bool right, struct needs *out)
{
	struct need d = nothing;
	bool ok = it->kind == NEED_GROUP && it->min > 0;

	for (size_t i = 0; ok && i < it->nalt; i++) {
		struct needs one = {.n = 0};

		row_needs(&it->alt[i], left, right, &one);
		ok = one.n > 0 && d.n + one.v[0].n <= TEXTS_MAX;
		for (size_t k = 0; ok && k < one.v[0].n; k++)
			add_text(&d, one.v[0].v[k], one.v[0].worth,
			    word_worth(&one.v[0].v[k]));
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
row_needs(const struct need_row *r, bool left, bool right, struct needs *out)
{
	struct need_strings a = {.n = 1};
	bool edge = left;   /* where the present spelling begins */
	bool before = left; /* where the present item begins */

	for (size_t i = 0; i < r->n; i++) {
		const struct need_item *it = &r->v[i];
		bool after = i + 1 < r->n ? is_edge(&r->v[i + 1]) : right;

		if (it->kind != NEED_EDGE && need_spell(it, &a)) {
			before = is_edge(it);
			continue;
		}
		close_strings(out, &a, edge, is_edge(it));
		group_needs(it, before && it->max == 1, after && it->max == 1, out);
		before = is_edge(it) || (it->min == 0 && it->max > 0 && before &&
					    ends_so(it) && it->kind != NEED_EDGE);
		edge = before;
	}
	close_strings(out, &a, edge, right);
	need_strings_clear(&a);
}

size_t
need_find(const char *regex, size_t n, struct need out[NEED_MAX])
{
	struct need_item all = {.kind = NEED_GROUP, .min = 1, .max = 1};
	struct needs found = {.n = 0};

	if (need_parse(regex, n, &all.alt, &all.nalt)) {
		if (all.nalt == 1)
			row_needs(&all.alt[0], false, false, &found);
		else
			group_needs(&all, false, false, &found);
	}
	need_rows_clear(all.alt, all.nalt);
	for (size_t i = 0; i < found.n; i++)
		found.v[i].cheap = found.v[i].cheap &&
				   found.v[i].common * COMMON_SHARE <= found.v[i].n;
	memcpy(out, found.v, sizeof(found.v));
	return found.n;
}
