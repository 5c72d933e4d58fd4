/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample: the trees; see sample.h.  Boosting by second-order steps of the logistic loss
 * (Friedman 2001; Chen and Guestrin 2016), each tree complete to TREE_DEPTH, splits
 * found in histograms of counts 0 to 15.
 */
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "sample.h"

#define BINS 16

struct bin {
	double g, h;
};

struct boost {
	const struct samples *s;
	const struct trees_options *o;
	const uint8_t *use;
	double *f, *g, *h; /* value, gradient, curvature of each row */
	uint8_t *node;	   /* that it has come to */
	uint8_t *counts;   /* those above 0: place and count, one after the other */
	size_t *at;	   /* where a row's begin */
	struct bin (*hist)[DENSE_MAX][BINS]; /* of the nodes of one depth */
};

static const uint8_t *
dense_of(const struct sample *s)
{
	return s->dense[s->units];
}

static void
find_gradients(struct boost *b)
{
	for (size_t i = 0; i < b->s->n; i++) {
		const struct sample *p = &b->s->v[i];
		double w, q;

		if (!b->use[i])
			continue;
		w = p->weight * (p->label > 0 ? b->o->positive : 1);
		q = num_logistic(b->f[i]);
		b->g[i] = w * (q - (p->label > 0));
		b->h[i] = w * q * (1 - q);
	}
}

/* Most counts are 0, so only the others are added up; what is left of a node's sum is
 * that of its zeros. */
static void
fill_histograms(struct boost *b, unsigned first, unsigned count)
{
	struct bin sum[1 << TREE_DEPTH] = {{0, 0}};

	memset(b->hist, 0, count * sizeof(*b->hist));
	for (size_t i = 0; i < b->s->n; i++) {
		struct bin(*h)[BINS];
		unsigned k;

		if (!b->use[i])
			continue;
		k = b->node[i] - first;
		sum[k].g += b->g[i];
		sum[k].h += b->h[i];
		h = b->hist[k];
		for (const uint8_t *p = b->counts + b->at[i];
		     p < b->counts + b->at[i + 1]; p += 2) {
			h[p[0]][p[1]].g += b->g[i];
			h[p[0]][p[1]].h += b->h[i];
		}
	}
	for (unsigned k = 0; k < count; k++)
		for (size_t p = 0; p < DENSE_MAX; p++) {
			struct bin *h = b->hist[k][p];

			h[0] = sum[k];
			for (int i = 1; i < BINS; i++) {
				h[0].g -= h[i].g;
				h[0].h -= h[i].h;
			}
		}
}

static void
find_counts(struct boost *b)
{
	size_t n = 0;

	b->at = mem_new(b->s->n + 1, sizeof(*b->at));
	for (int pass = 0; pass < 2; pass++) {
		n = 0;
		for (size_t i = 0; i < b->s->n; i++) {
			const uint8_t *d = dense_of(&b->s->v[i]);

			b->at[i] = n;
			for (size_t k = 0; b->use[i] && k < DENSE_MAX; k++) {
				if (d[k] == 0)
					continue;
				if (pass == 1) {
					b->counts[n] = (uint8_t)k;
					b->counts[n + 1] = d[k];
				}
				n += 2;
			}
		}
		b->at[b->s->n] = n;
		if (pass == 0)
			b->counts = mem_new(n, 1);
	}
}

static void
split_node(const struct boost *b, struct bin (*h)[BINS], uint8_t *place, uint8_t *cut)
{
	double best = 1e-9, g = 0, w = 0;

	*place = 0;
	*cut = 255; /* everything goes left */
	for (int k = 0; k < BINS; k++) {
		g += h[0][k].g;
		w += h[0][k].h;
	}
	for (size_t p = 0; p < DENSE_MAX; p++) {
		double lg = 0, lh = 0;

		for (int k = 0; k + 1 < BINS; k++) {
			double rg, rh, gain;

			lg += h[p][k].g;
			lh += h[p][k].h;
			rg = g - lg;
			rh = w - lh;
			if (lh < b->o->least || rh < b->o->least)
				continue;
			gain = lg * lg / (lh + b->o->ridge) +
			       rg * rg / (rh + b->o->ridge) - g * g / (w + b->o->ridge);
			if (gain > best) {
				best = gain;
				*place = (uint8_t)p;
				*cut = (uint8_t)k;
			}
		}
	}
}

static void
fill_leaves(struct boost *b, struct tree *t)
{
	struct bin sum[TREE_LEAVES] = {{0, 0}};

	for (size_t i = 0; i < b->s->n; i++) {
		if (!b->use[i])
			continue;
		sum[b->node[i] - TREE_NODES].g += b->g[i];
		sum[b->node[i] - TREE_NODES].h += b->h[i];
	}
	for (int k = 0; k < TREE_LEAVES; k++) {
		double v =
		    -sum[k].g / (sum[k].h + b->o->ridge) * b->o->rate * TREE_UNIT;

		v = v > 30000 ? 30000 : v < -30000 ? -30000 : v;
		t->leaf[k] = (int16_t)(v < 0 ? -(int)(0.5 - v) : (int)(v + 0.5));
	}
}

static void
grow_tree(struct boost *b, struct tree *t)
{
	memset(b->node, 0, b->s->n);
	for (unsigned d = 0; d < TREE_DEPTH; d++) {
		unsigned first = (1u << d) - 1, count = 1u << d;

		fill_histograms(b, first, count);
		for (unsigned k = 0; k < count; k++)
			split_node(
			    b, b->hist[k], &t->place[first + k], &t->cut[first + k]);
		for (size_t i = 0; i < b->s->n; i++) {
			unsigned at = b->node[i];

			if (b->use[i])
				b->node[i] =
				    (uint8_t)(2 * at + 1 +
					      (dense_of(&b->s->v[i])[t->place[at]] >
						  t->cut[at]));
		}
	}
	fill_leaves(b, t);
	for (size_t i = 0; i < b->s->n; i++)
		if (b->use[i])
			b->f[i] += t->leaf[b->node[i] - TREE_NODES] / TREE_UNIT;
}

size_t
trees_fit(struct tree *out, const struct samples *s, const uint8_t *use,
    const double *base, const struct trees_options *o)
{
	struct boost b = {.s = s, .o = o, .use = use};

	b.f = mem_new(s->n, sizeof(*b.f));
	b.g = mem_new(s->n, sizeof(*b.g));
	b.h = mem_new(s->n, sizeof(*b.h));
	b.node = mem_new(s->n, 1);
	b.hist = mem_new(1u << (TREE_DEPTH - 1), sizeof(*b.hist));
	memcpy(b.f, base, s->n * sizeof(*b.f));
	find_counts(&b);
	for (int i = 0; i < o->trees; i++) {
		find_gradients(&b);
		grow_tree(&b, &out[i]);
	}
	free(b.f);
	free(b.g);
	free(b.h);
	free(b.node);
	free(b.hist);
	free(b.counts);
	free(b.at);
	return (size_t)o->trees;
}

double
trees_value(const struct tree *t, size_t n, const uint8_t dense[DENSE_MAX])
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += tree_value(&t[i], dense);
	return sum / TREE_UNIT;
}
