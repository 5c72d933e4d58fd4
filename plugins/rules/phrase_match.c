/* SPDX-License-Identifier: Apache-2.0 */
/* phrase_match: whether a phrase stands in the words of a text, tried from each word
 * that may begin it. */
#include "phrase_in.h"

struct run {
	const struct phrase *p;
	const struct phrases *b;
	const struct tokens *t;
	unsigned steps;
	bool spent;
	size_t end;
};

static bool go(struct run *r, size_t step, size_t at);

static bool
is_word(const struct run *r, size_t at, const struct phrase_item *it)
{
	const struct tokens *t = r->t;
	const struct token *k = &t->v[at];
	bool named = !it->begins && k->id == it->id;
	const char *text;
	size_t n;

	for (unsigned i = 0; it->begins && !named && i < k->nbegins; i++)
		named = t->begins[k->begins + i] == it->id;
	if (!named)
		return false;
	/* The number came from a hash alone. */
	text = lexicon_text(r->b->x, it->id, &n);
	return tokens_is(t, at, text, n, it->begins);
}

/* Whether the alternative stands at word `at'; *next is the word behind it. */
static bool
entry_holds(struct run *r, const struct phrase_set *s, const struct phrase_entry *e,
    size_t at, size_t *next)
{
	for (uint32_t i = 0; i < e->n; i++) {
		const struct phrase_item *it = &s->items[e->at + i];

		if (at >= r->t->n || !is_word(r, at, it))
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

/* The least place in s->first of a number, or where it would be. */
static size_t
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
	return lo;
}

static inline bool
may_begin(const struct phrase_set *s, uint32_t id)
{
	return s->bits[(id & s->bits_mask) >> 6] >> (id & 63) & 1;
}

/* The next alternative after `last' (-1 at first) that begins with the word at `at'. */
static int64_t
next_entry(const struct run *r, const struct phrase_set *s, size_t at, int64_t last)
{
	const struct token *k = &r->t->v[at];
	int64_t best = -1;

	for (unsigned i = 0; i <= k->nbegins; i++) {
		uint32_t id = i == 0 ? k->id : r->t->begins[k->begins + i - 1];
		size_t f;

		if (id == 0 || !may_begin(s, id))
			continue;
		f = find_first(s, id);
		while (f < s->n && s->first[f].id == id &&
		       (int64_t)s->first[f].entry <= last)
			f++;
		if (f < s->n && s->first[f].id == id &&
		    (best < 0 || s->first[f].entry < best))
			best = s->first[f].entry;
	}
	return best;
}

static bool
go_set(struct run *r, size_t step, size_t at)
{
	const struct phrase_set *s = &r->b->sets[r->p->v[step].arg];
	size_t next;

	if (at >= r->t->n)
		return false;
	for (int64_t e = -1; (e = next_entry(r, s, at, e)) >= 0 && !r->spent;)
		if (entry_holds(r, s, &s->v[e], at, &next) && go(r, step + 1, next))
			return true;
	return false;
}

/* As many words as there may be, then fewer. */
static bool
go_gap(struct run *r, size_t step, size_t at)
{
	size_t places[PACK_WITHIN + 1], n = 0;

	while (at < r->t->n && tokens_apart(r->t, at)) {
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
		return at < t->n && tokens_apart(t, at) && go(r, step + 1, at);
	case PHRASE_GAP:
		return go_gap(r, step, at);
	case PHRASE_MAYBE:
		return go(r, step + 1, at) ||
		       (!r->spent && go(r, step + 1 + s->arg, at));
	case PHRASE_END:
		r->end = t->v[at - 1].end;
		return r->end >= t->len || t->text[r->end] != '_';
	}
	return false;
}

/* Does the row stand at word i? */
static bool
row_holds(const struct phrase_row *row, const struct phrases *b, const struct tokens *t,
    size_t i)
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
		if (!tokens_is(t, i + k, row->text + w->at, w->len, false))
			return false;
	}
	return true;
}

static int
match_row(const struct phrase_row *row, const struct phrases *b, const struct tokens *t,
    size_t at, size_t *start, size_t *end)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct token *k = &t->v[i];

		if (k->hash != row->v[0].hash || k->start < at ||
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

int
phrase_match(const struct phrase *p, const struct phrases *b, struct tokens *t,
    size_t at, unsigned steps, size_t *start, size_t *end)
{
	struct run r = {.p = p, .b = b, .t = t, .steps = steps};

	if (p->row != NULL)
		return match_row(p->row, b, t, at, start, end);
	tokens_resolve(t, b->x);
	for (size_t i = 0; i < t->nknown; i++) {
		const struct token *k = &t->v[t->known[i]];

		if (k->start < at || (k->start > 0 && t->text[k->start - 1] == '_'))
			continue;
		if (go(&r, 0, t->known[i])) {
			*start = k->start;
			*end = r.end;
			return 1;
		}
		if (r.spent)
			return -1;
	}
	return 0;
}
