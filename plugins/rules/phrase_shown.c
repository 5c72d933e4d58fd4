/* SPDX-License-Identifier: Apache-2.0 */
/* phrase_shown: what a text must have before a phrase can stand in it; see phrase.h. */
#include <string.h>

#include "phrase_in.h"

/* What of an alternative is looked for: the two words side by side that are thought to
 * be the rarest, else the rarest word; how rare that is. */
size_t
phrase_rarest(const struct phrases *b, const struct phrase_set *s,
    const struct phrase_entry *e, struct phrase_shown *out)
{
	const struct phrase_item *it = &s->items[e->at];
	size_t best = 0, before = 0;

	for (size_t i = 0; i < e->n; i++) {
		size_t n, rare;
		const char *text = lexicon_text(b->x, it[i].id, &n);

		rare = pattern_rarity(text, n);
		if (out->second == 0 && (i == 0 || rare > best)) {
			best = rare;
			out->id = it[i].id;
		}
		if (i > 0 && !it[i - 1].begins && !it[i].begins &&
		    (out->second == 0 || before + rare > best)) {
			best = before + rare;
			*out = (struct phrase_shown){it[i - 1].id, it[i].id};
		}
		before = rare;
	}
	return best;
}

size_t
phrase_sets(const struct phrase *p, const struct phrases *b, uint32_t *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		uint32_t set = p->v[i].arg;
		size_t k = 0;

		if (p->v[i].op == PHRASE_MAYBE) {
			i += p->v[i].arg; /* over what may be missing */
			continue;
		}
		if (p->v[i].op != PHRASE_SET)
			continue;
		while (k < n && b->sets[out[k]].shortest >= b->sets[set].shortest)
			k++;
		if (k == max)
			continue;
		n -= n == max;
		memmove(out + k + 1, out + k, (n - k) * sizeof(*out));
		out[k] = set;
		n++;
	}
	return n;
}

size_t
phrases_sets(const struct phrases *b)
{
	return b->nsets;
}

void
phrases_shown(const struct phrases *b, uint32_t set,
    void (*each)(void *ctx, struct phrase_shown what), void *ctx)
{
	const struct phrase_set *s = &b->sets[set];

	for (size_t i = 0; i < s->n; i++) {
		struct phrase_shown shown = {0};

		phrase_rarest(b, s, &s->v[i], &shown);
		each(ctx, shown);
	}
}

/* The only alternative of the set at this step, if it is one. */
static const struct phrase_entry *
only(const struct phrase *p, const struct phrases *b, size_t i)
{
	const struct phrase_set *s;

	if (i >= p->n || p->v[i].op != PHRASE_SET)
		return NULL;
	s = &b->sets[p->v[i].arg];
	return s->n == 1 ? &s->v[0] : NULL;
}

bool
phrase_pair(const struct phrase *p, const struct phrases *b, uint32_t row[3])
{
	const struct phrase_entry *a = only(p, b, 0), *c = only(p, b, 2);
	const struct phrase_item *ai, *ci;

	row[2] = p->row != NULL && p->row->n > 2 ? p->row->v[2].id : 0;
	if (a == NULL)
		return false;
	ai = &b->sets[p->v[0].arg].items[a->at];
	if (a->n > 1 && !ai[0].begins && !ai[1].begins) {
		row[0] = ai[0].id;
		row[1] = ai[1].id;
		return true;
	}
	if (a->n > 1 || ai->begins || p->v[1].op != PHRASE_APART || c == NULL)
		return false;
	ci = &b->sets[p->v[2].arg].items[c->at];
	row[0] = ai->id;
	row[1] = ci->id;
	return !ci->begins;
}
