/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quick: see quick.h.
 *
 * Words: all sums are of whole numbers, so they may be added in any order.  What a word
 * says on its own, and the letters within it, is kept in a table by its hash; rows of
 * letters that go on in the next word in another, by these letters; pairs of words are
 * looked up each time.  All of it lies all over the memory, so it is asked for first
 * and added up then.
 *
 * Trees: for each count that is not 0, the leaves that it rules out, in every tree that
 * asks for it; the first leaf that is left is the one (QuickScorer: Lucchese et al.,
 * SIGIR 2015).  What each count of a place rules out is laid out beforehand, cuts of
 * one tree as one; where all counts are 0 every tree gives its first leaf.
 */
#include "quick.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "feature_in.h"

#define COUNTS 16 /* a dense count is at most 15 */

/* What a count rules out in a tree. */
struct cut {
	uint16_t tree;
	uint16_t keep; /* leaves that are left */
};

struct cuts {
	uint32_t at, n;
};

struct quick {
	const struct model *m;
	uint64_t stamp; /* no other has it */
	struct cut *cut;
	struct cuts cuts[DENSE_MAX][COUNTS]; /* of a place by its count */
	size_t often; /* the place that most nodes ask for; it has no cuts, but ... */
	uint16_t *begin; /* ... by its count and tree the leaves that are left */
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

/* The leaves of a tree that are left where a place has this count. */
static uint16_t
left_by(const struct tree *t, size_t place, unsigned count)
{
	unsigned left = 0xffff;

	for (int i = 0; i < TREE_NODES; i++)
		if (t->place[i] == place && count > t->cut[i])
			left &= ~left_of(i);
	return (uint16_t)left;
}

/* The place that most nodes ask for. */
static size_t
most_asked(const struct model *m)
{
	size_t asked[DENSE_MAX] = {0}, most = 0;

	for (size_t t = 0; t < m->ntrees; t++)
		for (int i = 0; i < TREE_NODES; i++)
			asked[m->tree[t].place[i]]++;
	for (size_t i = 1; i < DENSE_MAX; i++)
		most = asked[i] > asked[most] ? i : most;
	return most;
}

/* Counts that no node tells apart share their cuts. */
static void
lay_cuts(struct quick *q, size_t place, uint32_t *used)
{
	const struct model *m = q->m;

	for (unsigned count = 1; count < COUNTS; count++) {
		const struct cuts *before = &q->cuts[place][count - 1];
		struct cuts *c = &q->cuts[place][count];

		*c = (struct cuts){*used, 0};
		for (size_t t = 0; t < m->ntrees; t++) {
			uint16_t left = left_by(&m->tree[t], place, count);

			if (left != 0xffff)
				q->cut[c->at + c->n++] =
				    (struct cut){(uint16_t)t, left};
		}
		if (c->n == before->n && memcmp(q->cut + c->at, q->cut + before->at,
					     c->n * sizeof(*q->cut)) == 0)
			*c = *before;
		else
			*used += c->n;
	}
}

static void
lay_trees(struct quick *q)
{
	const struct model *m = q->m;
	uint32_t used = 0;

	/* A node gives a cut to each count above its own, and needs room for one more
	 * while they are compared. */
	q->cut = mem_new(m->ntrees * (TREE_NODES * COUNTS + 1), sizeof(*q->cut));
	q->leaf = mem_new(m->ntrees, sizeof(*q->leaf));
	q->begin = mem_new(m->ntrees * COUNTS, sizeof(*q->begin));
	q->often = most_asked(m);
	for (size_t place = 0; place < DENSE_MAX; place++)
		if (place != q->often)
			lay_cuts(q, place, &used);
	for (unsigned count = 0; count < COUNTS; count++)
		for (size_t t = 0; t < m->ntrees; t++)
			q->begin[count * m->ntrees + t] =
			    left_by(&m->tree[t], q->often, count);
	for (size_t t = 0; t < m->ntrees; t++)
		memcpy(q->leaf[t], m->tree[t].leaf, sizeof(q->leaf[t]));
}

static inline void
rule_out(const struct quick *q, size_t place, unsigned count, uint16_t *left)
{
	struct cuts c = q->cuts[place][count & (COUNTS - 1)];
	const struct cut *v = q->cut + c.at, *end = v + c.n;

	for (; v < end; v++)
		left[v->tree] &= v->keep;
}

double
quick_trees(const struct quick *q, const uint8_t dense[DENSE_MAX])
{
	uint16_t left[TREES_MAX];
	size_t n = q->m->ntrees;
	const int16_t(*leaf)[TREE_LEAVES] = q->leaf;
	int sum = 0; /* of TREES_MAX leaves at most */

	memcpy(left, q->begin + dense[q->often] * n, n * sizeof(*left));
	for (size_t i = 0; i < DENSE_MAX; i += 8) {
		uint64_t x = feature_load((const char *)dense + i);

		while (x != 0) {
			size_t k = (size_t)__builtin_ctzll(x) / 8;

			rule_out(q, i + k, (unsigned)(x >> 8 * k), left);
			x &= ~((uint64_t)0xff << 8 * k);
		}
	}
#pragma GCC unroll 8
	for (size_t t = 0; t < n; t++)
		sum += leaf[t][__builtin_ctz(left[t])];
	return (double)sum / TREE_UNIT;
}

/* --- words */

#define BITS_WORDS_KEPT \
	16 /* places, as a power of two: a miss costs hundreds of looks */
#define BITS_CROSSINGS 12 /* those that are often there; a miss costs six looks */
#define KEPT_MAX 31	  /* bytes of a word that is kept: its sums fit 32 bits */

/* By the hash of the word, and with its letters: to find two words of one hash takes a
 * minute, and what a text is must not depend on those that were there before. */
struct kept {
	int32_t letters_dot;
	uint32_t letters_square;
	int16_t dot; /* of the word itself; a product of two bytes */
	uint16_t square;
	char len; /* 0: the place is free */
	char text[KEPT_MAX];
};

/* Rows of letters that go on in the next word. */
struct crossing {
	uint64_t key; /* 0: the place is free */
	int32_t dot;
	uint32_t square;
};

struct quick_kept {
	uint64_t stamp; /* the quick that all is of */
	struct kept word[1 << BITS_WORDS_KEPT];
	struct crossing crossing[1 << BITS_CROSSINGS];
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

static inline struct kept *
word_place(struct quick_kept *kept, uint64_t hash)
{
	return &kept->word[hash * FEATURE_K1 >> (64 - BITS_WORDS_KEPT)];
}

static void
keep_word(const struct model *m, struct kept *k, const char *text, const struct word *v)
{
	struct sum letters = {0, 0}, word = {0, 0};

	add(&word, m, feature_word(v->hash));
	add_within(&letters, m, text - 1, v->len + 2);
	*k = (struct kept){.letters_dot = (int32_t)letters.dot,
	    .letters_square = (uint32_t)letters.square,
	    .dot = (int16_t)word.dot,
	    .square = (uint16_t)word.square,
	    .len = (char)v->len};
	memcpy(k->text, text, v->len);
}

/* What the word and the letters in it say. */
static inline void
add_word(struct quick_kept *kept, const struct model *m, const char *text,
    const struct word *v, struct sum *words, struct sum *letters)
{
	struct kept *k = word_place(kept, v->hash);

	if (v->len > KEPT_MAX) {
		add(words, m, feature_word(v->hash));
		add_within(letters, m, text - 1, v->len + 2);
		return;
	}
	if (k->len != (char)v->len || memcmp(k->text, text, v->len) != 0)
		keep_word(m, k, text, v);
	words->dot += k->dot;
	words->square += k->square;
	letters->dot += k->letters_dot;
	letters->square += k->letters_square;
}

/* The letters that decide about rows which go on behind the word at text, of n letters:
 * up to three of its last ones, the blank, three of the next word; and whether it is
 * the last word of a unit, which has no rows that begin with its last letter. */
static inline uint64_t
crossing_key(const char *text, size_t n, bool last)
{
	uint64_t x = n >= 2 ? feature_load(text + n - 3) : feature_load(text - 1) << 8;

	return (x & (((uint64_t)1 << 56) - 1)) | (uint64_t)last << 56;
}

static inline struct crossing *
crossing_place(struct quick_kept *kept, uint64_t key)
{
	return &kept->crossing[key * FEATURE_K1 >> (64 - BITS_CROSSINGS)];
}

static void
keep_crossing(const struct model *m, struct crossing *c, uint64_t key)
{
	struct sum s = {0, 0};

	if (key & 0xff)
		add(&s, m, feature_letters(key, 5));
	add(&s, m, feature_letters(key >> 8, 4));
	add(&s, m, feature_letters(key >> 8, 5));
	for (int n = 3; n <= 5 && key >> 56 == 0; n++)
		add(&s, m, feature_letters(key >> 16, n));
	*c = (struct crossing){key, (int32_t)s.dot, (uint32_t)s.square};
}

static inline void
add_crossing(
    struct quick_kept *kept, const struct model *m, uint64_t key, struct sum *s)
{
	struct crossing *c = crossing_place(kept, key);

	if (c->key != key)
		keep_crossing(m, c, key);
	s->dot += c->dot;
	s->square += c->square;
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

void
quick_list(const struct quick *q, struct quick_kept **kept, struct features *f,
    const struct words *w, struct unit *u)
{
	struct quick_kept *all = kept_of(q, kept);
	struct feature_list l = feature_begin_bare(f, u->last - u->first + 1);
	uint64_t before = FEATURE_K3;

	u->start[BLOCK_WORDS] = f->n;
	for (size_t i = u->first; i < u->last; i++) {
		const struct word *v = &w->v[i];

		__builtin_prefetch(word_place(all, v->hash));
		__builtin_prefetch(crossing_place(
		    all, crossing_key(w->text + v->at, v->len, i + 1 == u->last)));
		feature_add(&l, feature_pair(before, v->hash), 0, 0);
		before = feature_next(v->hash);
	}
	feature_add(&l, feature_end(before), 0, 0);
	feature_finish(f, &l);
	u->start[BLOCK_LETTERS] = f->n;
	feature_rest(f, w, u);
}

void
quick_sum(const struct quick *q, struct quick_kept *kept, const struct features *f,
    const struct words *w, const struct unit *u, struct model_sums *out)
{
	struct sum words = {0, 0}, letters = {0, 0};

	model_sum(q->m, f, u, out);
	for (size_t i = u->first; i < u->last; i++) {
		const struct word *v = &w->v[i];
		const char *text = w->text + v->at;

		add_word(kept, q->m, text, v, &words, &letters);
		add_crossing(
		    kept, q->m, crossing_key(text, v->len, i + 1 == u->last), &letters);
	}
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
	free(q->begin);
	free(q->leaf);
	free(q);
}
