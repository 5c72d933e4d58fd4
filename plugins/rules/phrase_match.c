/* SPDX-License-Identifier: Apache-2.0 */
/* phrase_match: whether a phrase stands in the words of a text, tried from each word
 * that may begin it. */
#include <stdlib.h>

#include "phrase_in.h"

struct run {
	const struct phrase *p;
	const struct phrases *b;
	const struct tokens *t;
	size_t n, len; /* words and bytes of the text as far as it is searched */
	unsigned steps;
	bool spent;
	size_t end;
};

static bool go(struct run *r, size_t step, size_t at);

static bool
is_word(const struct run *r, size_t at, const struct phrase_item *it)
{
	const struct token *k = &r->t->v[at];

	if (!it->begins)
		return k->id == it->id;
	for (unsigned i = 0; i < k->nbegins; i++)
		if (r->t->begins[k->begins + i] == it->id)
			return true;
	return false;
}

/* Whether the alternative, whose first word stands at word `at', stands there as a
 * whole; *next is the word behind it. */
static bool
entry_holds(struct run *r, const struct phrase_set *s, const struct phrase_entry *e,
    size_t at, size_t *next)
{
	for (uint32_t i = 0; i < e->n; i++) {
		const struct phrase_item *it = &s->items[e->at + i];

		if (i > 0 && (at >= r->n || !is_word(r, at, it)))
			return false;
		if (i > 0 && it->join == 0 && !tokens_apart(r->t, at))
			return false;
		if (i > 0 && it->join > 0 &&
		    !tokens_joined(r->t, at, r->b->joins.data + it->join_at, it->join))
			return false;
		at = (it->begins ? tokens_chain(r->t, at) : at) + 1;
	}
	*next = at;
	return true;
}

/* Where the alternatives that begin with a number stand in s->first, or their end. */
static const struct phrase_first *
find_first(const struct phrase_set *s, uint32_t id)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->first[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return s->first + lo;
}

/* The alternatives that one word may begin, by its number and by its beginnings. */
struct choice {
	struct {
		const struct phrase_first *next;
		uint32_t id;
	} v[1 + LEXICON_BEGIN_MAX];
	size_t n;
};

static inline void
choice_add(struct choice *c, const struct phrase_set *s, uint32_t id)
{
	if (!phrase_bits_have(s->bits, id))
		return;
	c->v[c->n].next = find_first(s, id);
	c->v[c->n++].id = id;
}

static void
choice_take(
    struct choice *c, const struct run *r, const struct phrase_set *s, size_t at)
{
	const struct token *k = &r->t->v[at];

	c->n = 0;
	if (k->id != 0)
		choice_add(c, s, k->id);
	for (unsigned i = 0; i < k->nbegins; i++)
		choice_add(c, s, r->t->begins[k->begins + i]);
}

/* In the order of the set, whichever of them began it, and without those that another
 * word would have to follow than does (0: none does); NULL at the end. */
static const struct phrase_entry *
choice_next(struct choice *c, const struct phrase_set *s, uint32_t follows)
{
	size_t best = c->n;

	for (size_t i = 0; i < c->n; i++) {
		const struct phrase_first *f = c->v[i].next;

		while (f->id == c->v[i].id && f->second != 0 && f->second != follows)
			f++;
		c->v[i].next = f;
		if (f->id == c->v[i].id &&
		    (best == c->n || f->entry < c->v[best].next->entry))
			best = i;
	}
	return best < c->n ? &s->v[c->v[best].next++->entry] : NULL;
}

static bool
go_set(struct run *r, size_t step, size_t at)
{
	const struct phrase_set *s = &r->b->sets[r->p->v[step].arg];
	const struct phrase_entry *e;
	struct choice c;
	uint32_t follows;
	size_t next;

	if (at >= r->n)
		return false;
	choice_take(&c, r, s, at);
	follows = at + 1 < r->n ? r->t->v[at + 1].id : 0;
	while (!r->spent && (e = choice_next(&c, s, follows)) != NULL)
		if (entry_holds(r, s, e, at, &next) && go(r, step + 1, next))
			return true;
	return false;
}

/* As many words as there may be, then fewer. */
static bool
go_gap(struct run *r, size_t step, size_t at)
{
	size_t places[PACK_WITHIN + 1], n = 0;

	while (at < r->n && tokens_apart(r->t, at)) {
		places[n++] = at;
		if (n > r->p->v[step].arg)
			break;
		at = tokens_chain(r->t, at) + 1;
	}
	while (n-- > 0 && !r->spent)
		if (go(r, step + 1, places[n]))
			return true;
	return false;
}

/* at: the word that comes next; before it stands what the last step left. */
static bool
go(struct run *r, size_t step, size_t at)
{
	const struct phrase_step *s = &r->p->v[step];
	const struct tokens *t = r->t;

	if (r->steps-- == 0) {
		r->steps = 1;
		r->spent = true;
		return false;
	}
	switch (s->op) {
	case PHRASE_SET:
		return go_set(r, step, at);
	case PHRASE_APART:
		return at < r->n && tokens_apart(t, at) && go(r, step + 1, at);
	case PHRASE_GAP:
		return go_gap(r, step, at);
	case PHRASE_MAYBE:
		return go(r, step + 1, at) ||
		       (!r->spent && go(r, step + 1 + s->arg, at));
	case PHRASE_END:
		r->end = t->v[at - 1].end;
		return r->end >= r->len || t->text[r->end] != '_';
	}
	return false;
}

/* Does the row stand at word i? */
static bool
row_holds(
    const struct phrase_row *row, const struct phrases *b, struct tokens *t, size_t i)
{
	for (size_t k = 0; k < row->n; k++) {
		const struct phrase_word *w = &row->v[k];

		if (i + k >= t->n || t->v[i + k].hash != w->hash)
			return false;
		if (k > 0 && w->join == 0 && !tokens_apart(t, i + k))
			return false;
		if (w->join > 0 &&
		    !tokens_joined(t, i + k, b->joins.data + w->join_at, w->join))
			return false;
		/* Words are told by a hash alone so far. */
		if (!tokens_is(t, i + k, row->text + w->at, w->len))
			return false;
	}
	return true;
}

static int
match_row(const struct phrase_row *row, const struct phrases *b, struct tokens *t,
    size_t at, size_t *start, size_t *end)
{
	for (size_t i = tokens_before(t, at); i < t->n; i++) {
		const struct token *k = &t->v[i];

		if (k->hash != row->v[0].hash ||
		    (k->start > 0 && t->text[k->start - 1] == '_') ||
		    !row_holds(row, b, t, i))
			continue;
		*end = t->v[i + row->n - 1].end;
		if (*end < t->len && t->text[*end] == '_')
			continue;
		*start = k->start;
		return 1;
	}
	return 0;
}

/* The sets that a phrase may begin with, one after the other: those that may be
 * missing, and the first one that must be there.  *s is the phrase's first step at
 * first, and NULL behind the last one. */
static const struct phrase_set *
opening_next(const struct phrases *b, const struct phrase_step **s)
{
	const struct phrase_step *at = *s;
	bool may_miss = at->op == PHRASE_MAYBE;

	*s = may_miss ? at + 1 + at->arg : NULL;
	return &b->sets[at[may_miss].arg];
}

struct opening {
	struct phrase_bits v[PATTERN_TOKENS];
	size_t n;
};

static void
opening_take(struct opening *o, const struct phrase *p, const struct phrases *b)
{
	o->n = 0;
	for (const struct phrase_step *s = p->v; s != NULL;)
		o->v[o->n++] = opening_next(b, &s)->bits;
}

/* The first of the numbers from i on that may begin the phrase: most words do not,
 * which is told without a step. */
static inline size_t
opening_find(const struct opening *o, const struct token_known *v, size_t i, size_t n)
{
	for (; i < n; i++)
		for (size_t k = 0; k < o->n; k++)
			if (phrase_bits_have(o->v[k], v[i].id))
				return i;
	return n;
}

/* Tries the phrase from each of the known numbers [i, n) whose word begins at `at' or
 * later; 1 and where, 0, or -1. */
static int
try_known(struct run *r, size_t i, size_t n, size_t at, size_t *start)
{
	const struct tokens *t = r->t;
	struct opening o;

	opening_take(&o, r->p, r->b);
	while ((i = opening_find(&o, t->known, i, n)) < n) {
		uint32_t word = t->known[i].word;
		size_t from = t->v[word].start;

		while (i < n && t->known[i].word == word)
			i++; /* whichever of its numbers it was, it is tried once */
		if (from < at || (from > 0 && t->text[from - 1] == '_'))
			continue;
		if (go(r, 0, word)) {
			*start = from;
			return 1;
		}
		if (r->spent)
			return -1;
	}
	return 0;
}

/* The first of the known numbers whose word begins at byte `at' or later. */
static size_t
first_known(const struct tokens *t, size_t at)
{
	size_t lo = 0, hi = t->nknown;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->v[t->known[mid].word].start < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A text that is nothing but the phrase is searched from each match on: no search may
 * begin at the first word again. */
int
phrase_match(const struct phrase *p, const struct phrases *b, struct tokens *t,
    size_t at, unsigned steps, size_t *start, size_t *end)
{
	struct run r = {
	    .p = p, .b = b, .t = t, .n = t->n, .len = t->len, .steps = steps};
	int rc;

	if (p->row != NULL)
		return match_row(p->row, b, t, at, start, end);
	tokens_resolve(t, b->x);
	rc = try_known(&r, first_known(t, at), t->nknown, at, start);
	*end = r.end;
	return rc;
}

/* --- groups */

struct phrase_group {
	struct phrase **v;
	size_t n;
	struct phrase_bits bits; /* what any of them may begin with */
	unsigned *left;		 /* steps of each during a search */
};

void
phrase_group_add(struct phrase_group **gp, struct phrase *p)
{
	struct phrase_group *g = *gp;

	if (g == NULL)
		g = *gp = mem_new(1, sizeof(*g));
	g->v = mem_grow(g->v, g->n + 1, sizeof(*g->v));
	g->v[g->n++] = p;
}

void
phrase_group_seal(struct phrase_group *g, const struct phrases *b)
{
	size_t words = 0;

	for (size_t i = 0; i < g->n; i++)
		for (const struct phrase_step *s = g->v[i]->v; s != NULL;)
			words += opening_next(b, &s)->n;
	g->bits = phrase_bits_new(words);
	for (size_t i = 0; i < g->n; i++)
		for (const struct phrase_step *s = g->v[i]->v; s != NULL;) {
			const struct phrase_set *set = opening_next(b, &s);

			for (size_t k = 0; k < set->n; k++)
				phrase_bits_add(g->bits, set->first[k].id);
		}
	g->left = mem_new(g->n, sizeof(*g->left));
}

void
phrase_group_free(struct phrase_group **gp)
{
	struct phrase_group *g = *gp;

	if (g == NULL)
		return;
	*gp = NULL;
	for (size_t i = 0; i < g->n; i++)
		phrase_free(&g->v[i]);
	free(g->v);
	free(g->bits.v);
	free(g->left);
	free(g);
}

/* Tries all of them from one known number; g->left is what each may still take. */
static int
try_all(const struct phrase_group *g, struct run *r, size_t i, size_t from)
{
	size_t start;
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < g->n; k++) {
		r->p = g->v[k];
		r->steps = g->left[k];
		rc = try_known(r, i, i + 1, from, &start);
		g->left[k] = r->steps;
	}
	return rc;
}

int
phrase_group_holds(const struct phrase_group *g, const struct phrases *b,
    struct tokens *t, size_t from, size_t to, unsigned steps)
{
	struct run r = {.b = b, .t = t, .n = tokens_before(t, to), .len = to};
	bool begun = false;
	size_t end;
	int rc = 0;

	tokens_resolve(t, b->x);
	end = first_known(t, to);
	for (size_t i = first_known(t, from); rc == 0 && i < end; i++) {
		if (!phrase_bits_have(g->bits, t->known[i].id))
			continue;
		for (size_t k = 0; !begun && k < g->n; k++)
			g->left[k] = steps;
		begun = true;
		rc = try_all(g, &r, i, from);
	}
	return rc;
}
