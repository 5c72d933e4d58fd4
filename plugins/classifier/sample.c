/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample: see sample.h.  The linear part is logistic regression with small weights
 * (L2), solved by coordinate descent in its dual; Yu, Huang and Lin, "Dual coordinate
 * descent methods for logistic regression and maximum entropy models", 2011.
 */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "num.h"

#define RARITY_UNIT 20.0

void
sample_take(struct sample *s, struct model_work *k, const struct lexicon *l,
    const char *text, size_t n)
{
	struct features *f = &k->features;
	size_t last;

	words_take(&k->words, l->words, text, n);
	features_take(f, &k->words, l, 0);
	last = f->units > 0 ? f->unit[f->units - 1].last : 0;
	s->units = (uint32_t)f->units;
	s->v = mem_new(f->n, sizeof(*s->v));
	s->unit = mem_new(f->units, sizeof(*s->unit));
	s->dense = mem_new(f->units + 1, sizeof(*s->dense));
	if (f->n > 0)
		memcpy(s->v, f->v, f->n * sizeof(*s->v));
	if (f->units > 0)
		memcpy(s->unit, f->unit, f->units * sizeof(*s->unit));
	for (size_t i = 0; i < f->units; i++)
		features_dense(
		    f, &k->words, f->unit[i].first, f->unit[i].last, s->dense[i]);
	features_dense(f, &k->words, 0, last, s->dense[f->units]);
}

void
samples_free(struct samples *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].v);
		free(s->v[i].unit);
		free(s->v[i].dense);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}

/* How rare each feature is among the rows that are used. */
static void
find_rarity(struct linear *l, struct samples *s, const uint8_t *use, unsigned least)
{
	uint32_t *texts = mem_new(BUCKETS, sizeof(*texts));
	uint32_t *seen = mem_new(BUCKETS, sizeof(*seen));
	uint32_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *p = &s->v[i];
		size_t end = p->units > 0 ? p->unit[p->units - 1].start[BLOCKS] : 0;

		if (!use[i] || p->made)
			continue;
		n++;
		for (size_t k = 0; k < end; k++) {
			if (seen[p->v[k]] != n)
				texts[p->v[k]]++;
			seen[p->v[k]] = n;
		}
	}
	for (size_t b = 0; b < BUCKETS; b++) {
		double r = num_log((n + 1.0) / (texts[b] + 1.0)) + 1;

		/* As rare as a byte can say, from some 400,000 rows on. */
		r = r * RARITY_UNIT + 0.5 < 255 ? r * RARITY_UNIT + 0.5 : 255;
		l->rarity[b] = texts[b] < least ? 0 : (uint8_t)r;
	}
	free(texts);
	free(seen);
}

static void
find_squares(const struct linear *l, struct sample *p)
{
	for (int b = 0; b < BLOCKS; b++) {
		double sum = 0;

		for (size_t u = 0; u < p->units; u++)
			for (size_t i = p->unit[u].start[b];
			     i < p->unit[u].start[b + 1]; i++)
				sum += (double)l->rarity[p->v[i]] * l->rarity[p->v[i]];
		p->square[b] = sum;
	}
}

static double
dot(const struct linear *l, const struct linear_options *o, const struct sample *p,
    size_t first, size_t last, const double *square)
{
	double sum = 0;

	for (int b = 0; b < BLOCKS; b++) {
		double part = 0;

		for (size_t u = first; u < last; u++)
			for (size_t i = p->unit[u].start[b];
			     i < p->unit[u].start[b + 1]; i++)
				part +=
				    (double)(l->w[p->v[i]] * (float)l->rarity[p->v[i]]);
		if (square[b] > 0)
			sum += o->block[b] * part / num_sqrt(square[b]);
	}
	return sum;
}

static void
move(
    struct linear *l, const struct linear_options *o, const struct sample *p, double by)
{
	for (int b = 0; b < BLOCKS; b++) {
		float step = p->square[b] > 0
				 ? (float)(by * o->block[b] / num_sqrt(p->square[b]))
				 : 0;

		for (size_t u = 0; u < p->units; u++)
			for (size_t i = p->unit[u].start[b];
			     i < p->unit[u].start[b + 1]; i++)
				l->w[p->v[i]] += step * (float)l->rarity[p->v[i]];
	}
	l->bias += by;
}

/* One row's two multipliers, by Newton's method on a single number. */
static void
solve_row(struct linear *l, const struct linear_options *o, const struct sample *p,
    double *alpha, double cost)
{
	double a = 1, y = p->label, b, z, old, gp, sign = 1;
	int from = 0;

	/* Rows of repeated features are a little longer than 1; the step is safe with
	 * the larger length only. */
	for (int k = 0; k < BLOCKS; k++)
		a += o->block[k] * o->block[k];
	b = y * (dot(l, o, p, 0, p->units, p->square) + l->bias);
	if (0.5 * a * (alpha[1] - alpha[0]) + b < 0) {
		from = 1;
		sign = -1;
	}
	old = z = alpha[from];
	if (cost - z < 0.5 * cost)
		z = 0.1 * z;
	gp = a * (z - old) + sign * b + num_log(z / (cost - z));
	for (int i = 0; i < 100; i++) {
		double gpp, t;

		if (gp < 1e-3 && gp > -1e-3)
			break;
		gpp = a + cost / (cost - z) / z;
		t = z - gp / gpp;
		if (t <= 0)
			z *= 0.1;
		else
			z = t >= cost ? cost - (cost - z) * 0.1 : t;
		gp = a * (z - old) + sign * b + num_log(z / (cost - z));
	}
	if (z != old) {
		alpha[from] = z;
		alpha[1 - from] = cost - z;
		move(l, o, p, sign * (z - old) * y);
	}
}

void
linear_fit(struct linear *l, struct samples *s, const uint8_t *use,
    const struct linear_options *o)
{
	double(*alpha)[2] = mem_new(s->n, sizeof(*alpha));
	uint32_t *order = mem_new(s->n, sizeof(*order));
	uint64_t seed = o->seed;
	size_t n = 0;

	l->w = mem_new(BUCKETS, sizeof(*l->w));
	l->rarity = mem_new(BUCKETS, 1);
	l->bias = 0;
	find_rarity(l, s, use, o->least);
	for (size_t i = 0; i < s->n; i++) {
		struct sample *p = &s->v[i];
		double cost = o->cost * p->weight * (p->label > 0 ? o->positive : 1);

		find_squares(l, p);
		if (!use[i] || cost <= 0 || p->units == 0)
			continue;
		alpha[i][0] = cost * 1e-3 < 1e-8 ? cost * 1e-3 : 1e-8;
		alpha[i][1] = cost - alpha[i][0];
		move(l, o, p, p->label * alpha[i][0]);
		order[n++] = (uint32_t)i;
	}
	for (int r = 0; r < o->rounds; r++) {
		for (size_t i = n; i > 1; i--) {
			size_t k = (size_t)(num_random(&seed) % i);
			uint32_t t = order[i - 1];

			order[i - 1] = order[k];
			order[k] = t;
		}
		for (size_t i = 0; i < n; i++) {
			struct sample *p = &s->v[order[i]];

			solve_row(l, o, p, alpha[order[i]],
			    o->cost * p->weight * (p->label > 0 ? o->positive : 1));
		}
	}
	free(alpha);
	free(order);
}

double
linear_value(const struct linear *l, const struct linear_options *o,
    const struct sample *s, size_t i)
{
	double square[BLOCKS] = {0};
	size_t first = i == s->units ? 0 : i, last = i == s->units ? s->units : i + 1;

	for (size_t u = first; u < last; u++)
		for (int b = 0; b < BLOCKS; b++)
			for (size_t k = s->unit[u].start[b];
			     k < s->unit[u].start[b + 1]; k++)
				square[b] +=
				    (double)l->rarity[s->v[k]] * l->rarity[s->v[k]];
	return dot(l, o, s, first, last, square) + l->bias;
}

void
linear_free(struct linear *l)
{
	free(l->w);
	free(l->rarity);
	memset(l, 0, sizeof(*l));
}

void
linear_put(const struct linear *l, const struct linear_options *o, struct model *m)
{
	m->bucket = mem_grow(m->bucket, BUCKETS, sizeof(*m->bucket));
	m->f.bias = l->bias;
	for (int b = 0; b < BLOCKS; b++) {
		double most = 1e-12;

		for (size_t i = feature_base[b]; i < feature_base[b + 1]; i++) {
			double w = l->w[i] < 0 ? -(double)l->w[i] : (double)l->w[i];

			if (l->rarity[i] > 0 && w > most)
				most = w;
		}
		m->f.scale[b] = most / 127 * o->block[b];
		for (size_t i = feature_base[b]; i < feature_base[b + 1]; i++) {
			double w = (double)l->w[i] / most * 127;

			m->bucket[i].rarity = l->rarity[i];
			m->bucket[i].weight =
			    l->rarity[i] == 0
				? 0
				: (int8_t)(w < 0 ? -(int)(0.5 - w) : (int)(w + 0.5));
		}
	}
}
