/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: judging and explaining; see model.h.
 *
 * The text as a whole and each of its sentences get a value: the dot product of weights
 * and hashed features, each block divided by its length, and what the trees say of the
 * dense counts.  The mean of the highest value and that of the whole decides.  A
 * block's sums over the text are the sums over its sentences, so every feature is
 * looked at once.  A long text is looked at window by window, and the highest counts.
 */
#include <stdlib.h>
#include <string.h>

#include "feature_in.h"
#include "model.h"
#include "num.h"
#include "quick.h"

#define AT_ONCE \
	16384 /* features whose sums fit 32 bits: 128 x 255 and 255 x 255 each */

void
model_sum(const struct model *m, const struct features *f, const struct unit *u,
    struct model_sums *out)
{
	for (int b = 0; b < BLOCKS; b++) {
		size_t i = u->start[b], end = u->start[b + 1];

		while (i < end) {
			size_t to = end - i > AT_ONCE ? i + AT_ONCE : end;
			int32_t dot = 0;
			uint32_t square = 0;

			for (; i < to; i++) {
				struct bucket c = m->bucket[f->v[i]];

				dot += c.weight * c.rarity;
				square += (uint32_t)c.rarity * c.rarity;
			}
			out->dot[b] += dot;
			out->square[b] += square;
		}
	}
}

double
model_linear(const struct model *m, const struct model_sums *s)
{
	double sum = m->f.bias;

	for (int b = 0; b < BLOCKS; b++)
		if (s->square[b] > 0)
			sum += m->f.scale[b] * (double)s->dot[b] /
			       num_sqrt((double)s->square[b]);
	return sum;
}

double
tree_value(const struct tree *t, const uint8_t dense[DENSE_MAX])
{
	unsigned i = 0;

	for (int d = 0; d < TREE_DEPTH; d++)
		i = 2 * i + 1 + (dense[t->place[i]] > t->cut[i]);
	return t->leaf[i - TREE_NODES];
}

double
model_trees(const struct model *m, const uint8_t dense[DENSE_MAX])
{
	double sum = 0;

	for (size_t i = 0; i < m->ntrees; i++)
		sum += tree_value(&m->tree[i], dense);
	return sum / TREE_UNIT;
}

/* What the trees say of words [first, last). */
static double
ask_trees(const struct model *m, const struct model_work *k, size_t first, size_t last)
{
	uint8_t dense[DENSE_MAX];

	features_dense(&k->features, &k->words, first, last, dense);
	return m->quick != NULL && !k->words.plain ? quick_trees(m->quick, dense)
						   : model_trees(m, dense);
}

/* The sums of each unit. */
static void
sum_units(
    const struct model *m, struct model_work *k, size_t from, struct model_sums *sums)
{
	struct features *f = &k->features;
	bool quick = m->quick != NULL && !k->words.plain;

	f->warm = (const char *)m->bucket;
	if (!quick)
		features_take(f, &k->words, m->lexicon, from);
	else
		feature_split(f, &k->words, m->lexicon, from);
	for (size_t i = 0; quick && i < f->units; i++)
		quick_list(m->quick, &k->kept, f, &k->words, &f->unit[i]);
	for (size_t i = 0; i < f->units; i++) {
		sums[i] = (struct model_sums){{0}, {0}};
		if (quick)
			quick_sum(
			    m->quick, k->kept, f, &k->words, &f->unit[i], &sums[i]);
		else
			model_sum(m, f, &f->unit[i], &sums[i]);
	}
}

/* The highest value of a sentence alone, if one is above that of the whole. */
static double
best_unit(const struct model *m, struct model_work *k, const struct model_sums *sums,
    double best, size_t *unit)
{
	const struct features *f = &k->features;

	for (size_t i = 0; f->units > 1 && i < f->units; i++) {
		double v =
		    m->f.linear * model_linear(m, &sums[i]) +
		    m->f.trees * ask_trees(m, k, f->unit[i].first, f->unit[i].last);

		if (v > best) {
			best = v;
			*unit = i;
		}
	}
	return best;
}

/* The value of the window that begins at a word; *unit: which of its sentences decided,
 * as model_work.best. */
static double
window_value(const struct model *m, struct model_work *k, size_t from, size_t *unit)
{
	struct model_sums sums[UNITS_MAX], all = {{0}, {0}};
	struct features *f = &k->features;
	double best, v;
	size_t last;

	sum_units(m, k, from, sums);
	for (size_t i = 0; i < f->units; i++)
		for (int b = 0; b < BLOCKS; b++) {
			all.dot[b] += sums[i].dot[b];
			all.square[b] += sums[i].square[b];
		}
	last = f->units > 0 ? f->unit[f->units - 1].last : from;
	v = m->f.linear * model_linear(m, &all) +
	    m->f.trees * ask_trees(m, k, from, last);
	*unit = f->units;
	best = best_unit(m, k, sums, v, unit);
	return best + WHOLE_SHARE * (v - best);
}

double
model_score(const struct model *m, struct model_work *k, const char *s, size_t n)
{
	double best = 0;
	size_t from = 0;

	words_take(&k->words, m->lexicon->words, s, n);
	k->features.window = WINDOW_WORDS;
	do {
		size_t unit;
		double v = window_value(m, k, from, &unit);

		if (from == 0 || v > best) {
			best = v;
			k->window = from;
			k->best = unit;
		}
		from = k->features.next;
	} while (from < k->words.n);
	return num_logistic(m->f.slope * best + m->f.offset);
}

double
model_score_plain(const struct model *m, struct model_work *k, const char *s, size_t n)
{
	double p;

	k->words.plain = true;
	p = model_score(m, k, s, n);
	k->words.plain = false;
	return p;
}

void
model_work_free(struct model_work *k)
{
	words_free(&k->words);
	features_free(&k->features);
	free(k->kept);
	k->kept = NULL;
}

/* --- what weighed most */

static void
weigh_unit(const struct model *m, const struct features *f, const struct unit *u,
    double *weight)
{
	struct model_sums sums = {{0}, {0}};

	model_sum(m, f, u, &sums);
	for (int b = 0; b < BLOCKS; b++) {
		double unit = sums.square[b] > 0
				  ? m->f.scale[b] / num_sqrt((double)sums.square[b])
				  : 0;

		for (size_t i = u->start[b]; i < u->start[b + 1]; i++) {
			struct bucket c = m->bucket[f->v[i]];
			size_t first = f->owner[i] >> 8, count = f->owner[i] & 0xff;

			for (size_t j = 0; j < count; j++)
				weight[first + j] +=
				    unit * c.weight * c.rarity / (double)count;
		}
	}
}

/* Adds word i to the spans, joined to the last one if nothing but a blank is between.
 */
static size_t
add_span(const struct words *w, size_t i, size_t last, struct model_span *out, size_t n)
{
	if (n > 0 && i == last + 1 && w->v[i].from >= out[n - 1].start) {
		if (w->v[i].to > out[n - 1].end)
			out[n - 1].end = w->v[i].to;
		return n;
	}
	if (n > 0 && (w->v[i].from < out[n - 1].start || w->v[i].to <= out[n - 1].end))
		return n;
	out[n] = (struct model_span){w->v[i].from, w->v[i].to};
	return n + 1;
}

size_t
model_explain(
    const struct model *m, struct model_work *k, struct model_span *out, size_t max)
{
	struct features *f = &k->features;
	const struct words *w = &k->words;
	double *weight = mem_new(w->n + 1, sizeof(*weight)), most = 0;
	size_t n = 0, last = 0;
	bool back = w->fold.backwards;

	f->owners = true;
	f->owner = mem_grow(f->owner, f->cap, sizeof(*f->owner));
	features_take(f, w, m->lexicon, k->window);
	f->owners = false;
	for (size_t i = 0; i < f->units; i++)
		if (k->best == f->units || k->best == i)
			weigh_unit(m, f, &f->unit[i], weight);
	for (size_t i = 0; i < w->n; i++)
		most = weight[i] > most ? weight[i] : most;
	for (size_t j = 0; j < w->n && n < max && most > 0; j++) {
		size_t i = back ? w->n - 1 - j : j;

		if (weight[i] < most * 0.4)
			continue;
		n = add_span(w, i, n > 0 ? last : i, out, n);
		last = i;
	}
	free(weight);
	return n;
}
