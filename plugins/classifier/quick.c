/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quick: see quick.h.
 *
 * Words: all sums are of whole numbers, so they may be added in any order.  What a word
 * says on its own, and the letters within it, is kept in a table, a place for each
 * hash, with all its letters; each time only the pairs of words and the rows of letters
 * that go on in the next word are looked up.  What is looked up lies all over the
 * memory, so all of it is asked for first and added up then.
 *
 * Trees: for each count that is not 0, the leaves that it rules out, in every tree that
 * asks for it; the first leaf that is left is the one (QuickScorer: Lucchese et al.,
 * SIGIR 2015).  Where all counts are 0 every tree gives its first leaf.
 */
#include "quick.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "feature_in.h"

struct cut {
	uint16_t tree;
	uint16_t keep; /* leaves that are left where the count is above cut */
	uint8_t cut;
};

struct quick {
	const struct model *m;
	uint64_t stamp; /* no other has it */
	double most;
	struct cut *cut;	       /* by place, and there by cut */
	uint32_t first[DENSE_MAX + 1]; /* where those of a place begin */
	int16_t (*leaf)[TREE_LEAVES];
};

static _Atomic uint64_t stamps;

/* --- trees */

/* The leaves on the left of node i of a tree. */
static unsigned
left_of(int i)
{
	int depth = 31 - __builtin_clz((unsigned)i + 1), width = TREE_LEAVES >> depth;
	int at = (i + 1 - (1 << depth)) * width;

	return ((1u << width / 2) - 1) << at;
}

static int
compare_cuts(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;

	return x->cut != y->cut ? x->cut - y->cut : x->tree - y->tree;
}

static void
lay_trees(struct quick *q)
{
	const struct model *m = q->m;
	int64_t most = 0;
	uint32_t n = 0;

	q->cut = mem_new(m->ntrees * TREE_NODES, sizeof(*q->cut));
	q->leaf = mem_new(m->ntrees, sizeof(*q->leaf));
	for (int place = 0; place < DENSE_MAX; place++) {
		q->first[place] = n;
		for (size_t t = 0; t < m->ntrees; t++)
			for (int i = 0; i < TREE_NODES; i++)
				if (m->tree[t].place[i] == place)
					q->cut[n++] = (struct cut){(uint16_t)t,
					    (uint16_t)~left_of(i), m->tree[t].cut[i]};
		qsort(q->cut + q->first[place], n - q->first[place], sizeof(*q->cut),
		    compare_cuts);
	}
	q->first[DENSE_MAX] = n;
	for (size_t t = 0; t < m->ntrees; t++) {
		int16_t best = m->tree[t].leaf[0];

		memcpy(q->leaf[t], m->tree[t].leaf, sizeof(q->leaf[t]));
		for (int k = 1; k < TREE_LEAVES; k++)
			best = m->tree[t].leaf[k] > best ? m->tree[t].leaf[k] : best;
		most += best;
	}
	q->most = (double)most / TREE_UNIT;
}

static inline void
rule_out(const struct quick *q, size_t place, uint8_t count, uint16_t *left)
{
	const struct cut *c = q->cut + q->first[place],
			 *end = q->cut + q->first[place + 1];

	for (; c < end && c->cut < count; c++)
		left[c->tree] &= c->keep;
}

double
quick_trees(const struct quick *q, const uint8_t dense[DENSE_MAX])
{
	uint16_t left[TREES_MAX];
	size_t n = q->m->ntrees;
	int sum = 0; /* of TREES_MAX leaves at most */

	memset(left, 0xff, n * sizeof(*left));
	for (size_t i = 0; i < DENSE_MAX; i += 8) {
		uint64_t x = feature_load((const char *)dense + i);

		while (x != 0) {
			size_t k = (size_t)__builtin_ctzll(x) / 8;

			rule_out(q, i + k, (uint8_t)(x >> 8 * k), left);
			x &= ~((uint64_t)0xff << 8 * k);
		}
	}
	for (size_t t = 0; t < n; t++)
		sum += q->leaf[t][__builtin_ctz(left[t])];
	return (double)sum / TREE_UNIT;
}

double
quick_trees_most(const struct quick *q)
{
	return q->most;
}

/* --- words */

#define PLACES 16384
#define KEY 16 /* bytes of a word that is kept */

struct kept {
	uint64_t key[2]; /* the word, then 0 */
	uint32_t len;	 /* 0: the place is free */
	int32_t letters_dot;
	uint32_t letters_square;
	int16_t dot; /* of the word itself; a product of two bytes */
	uint16_t square;
};

struct quick_kept {
	uint64_t stamp; /* the quick that all is of */
	struct kept v[PLACES];
};

struct sum {
	int64_t dot, square;
};

static inline void
add(struct sum *s, const struct model *m, uint32_t bucket)
{
	struct bucket c = m->bucket[bucket];

	s->dot += c.weight * c.rarity;
	s->square += c.rarity * c.rarity;
}

/* Rows of letters that lie within the n bytes at s, a word and the blanks around it. */
static void
add_within(struct sum *s, const struct model *m, const char *text, size_t n)
{
	for (size_t i = 0; i + 3 <= n; i++) {
		uint64_t x = feature_load(text + i);

		for (int k = 3; k <= 5 && i + (size_t)k <= n; k++)
			add(s, m, feature_letters(x, k));
	}
}

static void
keep(const struct model *m, struct kept *k, const char *text, const struct word *v)
{
	struct sum letters = {0, 0}, word = {0, 0};

	add(&word, m, feature_word(v->hash));
	add_within(&letters, m, text - 1, v->len + 2);
	k->len = v->len;
	k->letters_dot = (int32_t)letters.dot;
	k->letters_square = (uint32_t)letters.square;
	k->dot = (int16_t)word.dot;
	k->square = (uint16_t)word.square;
}

static inline struct kept *
place_of(struct quick_kept *kept, uint64_t hash)
{
	return &kept->v[(hash * FEATURE_K1 >> 40) & (PLACES - 1)];
}

/* What the word and the letters in it say. */
static inline void
add_word(struct quick_kept *kept, const struct model *m, const char *text,
    const struct word *v, struct sum *words, struct sum *letters)
{
	uint64_t x = feature_load(text), y = feature_load(text + 8);
	struct kept *k = place_of(kept, v->hash), own;

	if (v->len < 8) {
		x &= ((uint64_t)1 << 8 * v->len) - 1;
		y = 0;
	} else if (v->len < KEY) {
		y &= ((uint64_t)1 << 8 * (v->len - 8)) - 1;
	} else if (v->len > KEY) {
		k = &own;
		k->len = 0;
	}
	if (k->key[0] != x || k->key[1] != y || k->len != v->len) {
		k->key[0] = x;
		k->key[1] = y;
		keep(m, k, text, v);
	}
	words->dot += k->dot;
	words->square += k->square;
	letters->dot += k->letters_dot;
	letters->square += k->letters_square;
}

static struct quick_kept *
kept_of(const struct quick *q, struct quick_kept **kept)
{
	if (*kept == NULL)
		*kept = mem_new(1, sizeof(**kept));
	else if ((*kept)->stamp != q->stamp)
		memset(*kept, 0, sizeof(**kept));
	(*kept)->stamp = q->stamp;
	return *kept;
}

/* Rows of letters that begin in the word at text, which has n letters, and end behind
 * the blank that follows it; the last word of a unit has none that begin with its last
 * letter. */
static inline void
list_across(struct feature_list *l, const char *text, size_t n, bool last)
{
	uint64_t x = feature_load(text + n - 2); /* from the last letter but one on */

	feature_add(l, feature_letters(x, 4), 0, 0);
	feature_add(l, feature_letters(x, 5), 0, 0);
	if (!last) {
		x = feature_load(text + n - 1);
		feature_add(l, feature_letters(x, 3), 0, 0);
		feature_add(l, feature_letters(x, 4), 0, 0);
		feature_add(l, feature_letters(x, 5), 0, 0);
	}
	if (n >= 2)
		feature_add(l, feature_letters(feature_load(text + n - 3), 5), 0, 0);
}

void
quick_list(const struct quick *q, struct quick_kept **kept, struct features *f,
    const struct words *w, struct unit *u)
{
	struct quick_kept *all = kept_of(q, kept);
	struct feature_list l = feature_begin(f, 7 * (u->last - u->first) + 1);
	uint64_t before = FEATURE_K3;

	u->start[BLOCK_WORDS] = f->n;
	for (size_t i = u->first; i < u->last; i++) {
		uint64_t h = w->v[i].hash;

		__builtin_prefetch(place_of(all, h));
		feature_add(&l, feature_pair(before, h), 0, 0);
		before = feature_next(h);
	}
	feature_add(&l, feature_end(before), 0, 0);
	feature_finish(f, &l);
	u->start[BLOCK_LETTERS] = f->n;
	for (size_t i = u->first; i < u->last; i++)
		list_across(&l, w->text + w->v[i].at, w->v[i].len, i + 1 == u->last);
	feature_finish(f, &l);
	feature_rest(f, w, u);
}

void
quick_sum(const struct quick *q, struct quick_kept *kept, const struct features *f,
    const struct words *w, const struct unit *u, struct model_sums *out)
{
	struct sum words = {0, 0}, letters = {0, 0};

	model_sum(q->m, f, u, out);
	for (size_t i = u->first; i < u->last; i++)
		add_word(kept, q->m, w->text + w->v[i].at, &w->v[i], &words, &letters);
	out->dot[BLOCK_WORDS] += words.dot;
	out->square[BLOCK_WORDS] += words.square;
	out->dot[BLOCK_LETTERS] += letters.dot;
	out->square[BLOCK_LETTERS] += letters.square;
}

/* --- all */

struct quick *
quick_new(const struct model *m)
{
	struct quick *q = mem_new(1, sizeof(*q));

	q->m = m;
	q->stamp = ++stamps;
	lay_trees(q);
	return q;
}

void
quick_free(struct quick **qp)
{
	struct quick *q = *qp;

	if (q == NULL)
		return;
	*qp = NULL;
	free(q->cut);
	free(q->leaf);
	free(q);
}
