/* SPDX-License-Identifier: Apache-2.0 */
/* fit: see fit.h. */
#include "fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"

/* Trees are learned as if so much of what the linear part says were true, and count so
 * much beside it.  Both were found on sources that were left out: rows of the sources
 * that are learned from would have the trees believed less. */
#define LINEAR_BELIEVED 0.6
#define TREES_SHARE 0.9

/* Values of all units of all rows, the whole of a row behind its units. */
struct held {
	double *linear, *trees;
	size_t *at; /* where a row's begin */
};

static void
held_new(struct held *h, const struct samples *s)
{
	size_t n = 0;

	h->at = mem_new(s->n + 1, sizeof(*h->at));
	for (size_t i = 0; i < s->n; i++) {
		h->at[i] = n;
		n += s->v[i].units + 1;
	}
	h->at[s->n] = n;
	h->linear = mem_new(n, sizeof(*h->linear));
	h->trees = mem_new(n, sizeof(*h->trees));
}

static void
held_free(struct held *h)
{
	free(h->at);
	free(h->linear);
	free(h->trees);
}

static void
say(const struct fit_options *o, const char *what, int k)
{
	char text[80];

	snprintf(text, sizeof(text), "%s, %d of %d", what, k, FOLDS);
	if (o->progress != NULL)
		o->progress(o->ctx, text);
}

static void
hold_linear(
    struct held *h, struct samples *s, const uint8_t *use, const struct fit_options *o)
{
	uint8_t *some = mem_new(s->n, 1);

	for (int k = 0; k < FOLDS; k++) {
		struct linear l = {0};

		say(o, "weights without one fold", k + 1);
		for (size_t i = 0; i < s->n; i++)
			some[i] = use[i] && s->v[i].fold != k;
		linear_fit(&l, s, some, &o->linear);
		for (size_t i = 0; i < s->n; i++)
			for (size_t u = 0;
			     use[i] && s->v[i].fold == k && u <= s->v[i].units; u++)
				h->linear[h->at[i] + u] =
				    linear_value(&l, &o->linear, &s->v[i], u);
		linear_free(&l);
	}
	free(some);
}

static double
whole(const struct held *h, const double *v, size_t i)
{
	return v[h->at[i + 1] - 1];
}

/* Rows that are measured: those that were not made. */
static size_t
collect(const struct samples *s, const uint8_t *use, const struct held *h,
    double (*x)[FIT_MAX], struct scored *y)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!use[i] || s->v[i].made || s->v[i].weight <= 0)
			continue;
		x[n][0] = whole(h, h->linear, i);
		y[n].label = s->v[i].label > 0;
		y[n++].weight = s->v[i].weight;
	}
	return n;
}

static void
hold_trees(struct held *h, struct samples *s, const uint8_t *use, const double *base,
    const struct fit_options *o)
{
	struct tree *t = mem_new(TREES_MAX, sizeof(*t));
	uint8_t *some = mem_new(s->n, 1);

	for (int k = 0; k < FOLDS; k++) {
		size_t n;

		say(o, "trees without one fold", k + 1);
		for (size_t i = 0; i < s->n; i++)
			some[i] = use[i] && s->v[i].fold != k;
		n = trees_fit(t, s, some, base, &o->trees);
		for (size_t i = 0; i < s->n; i++)
			for (size_t u = 0;
			     use[i] && s->v[i].fold == k && u <= s->v[i].units; u++)
				h->trees[h->at[i] + u] =
				    trees_value(t, n, s->v[i].dense[u]);
	}
	free(some);
	free(t);
}

/* What a text's units and its whole, the last, come to. */
static double
mix_units(const struct fit *f, const double *linear, const double *trees, size_t units)
{
	double best = -1e9, last = 0;

	for (size_t u = 0; u <= units; u++) {
		double v = f->mix_linear * linear[u] + f->mix_trees * trees[u];

		if (v > best && (u == units || units > 1))
			best = v;
		last = v;
	}
	return best + WHOLE_SHARE * (last - best);
}

/* What each row comes to by those that have not seen its fold. */
static void
keep_held(
    struct fit *f, const struct samples *s, const uint8_t *use, const struct held *h)
{
	f->held = mem_new(s->n, sizeof(*f->held));
	for (size_t i = 0; i < s->n; i++)
		if (use[i])
			f->held[i] = mix_units(f, h->linear + h->at[i],
			    h->trees + h->at[i], s->v[i].units);
}

void
fit_make(struct fit *f, struct samples *s, const uint8_t *use,
    const struct fit_options *o, bool folds)
{
	double(*x)[FIT_MAX] = mem_new(s->n, sizeof(*x));
	struct scored *y = mem_new(s->n, sizeof(*y));
	double *base = mem_new(s->n, sizeof(*base)), out[FIT_MAX + 1];
	struct held h;
	size_t n;

	memset(f, 0, sizeof(*f));
	held_new(&h, s);
	hold_linear(&h, s, use, o);
	n = collect(s, use, &h, x, y);
	measure_fit((const double(*)[FIT_MAX])x, y, n, 1, out);
	for (size_t i = 0; i < s->n; i++)
		base[i] = use[i] ? LINEAR_BELIEVED *
				       (out[0] * whole(&h, h.linear, i) + out[1])
				 : 0;
	f->mix_linear = 1;
	if (o->trees.trees > 0) {
		f->mix_trees = TREES_SHARE;
		if (folds)
			hold_trees(&h, s, use, base, o);
		say(o, "trees of all rows", FOLDS);
		f->ntrees = trees_fit(f->tree, s, use, base, &o->trees);
	}
	if (folds)
		keep_held(f, s, use, &h);
	say(o, "weights of all rows", FOLDS);
	linear_fit(&f->linear, s, use, &o->linear);
	held_free(&h);
	free(base);
	free(x);
	free(y);
}

double
fit_value(const struct fit *f, const struct linear_options *o, const struct sample *s)
{
	double best = -1e9, last = 0;

	for (size_t u = 0; u <= s->units; u++) {
		double v = f->mix_linear * linear_value(&f->linear, o, s, u) +
			   f->mix_trees * trees_value(f->tree, f->ntrees, s->dense[u]);

		if (v > best && (u == s->units || s->units > 1))
			best = v;
		last = v;
	}
	return best + WHOLE_SHARE * (last - best);
}

void
fit_put(const struct fit *f, const struct fit_options *o, struct model *m)
{
	linear_put(&f->linear, &o->linear, m);
	m->f.linear = f->mix_linear;
	m->f.trees = f->mix_trees;
	m->ntrees = f->ntrees;
	m->tree = mem_grow(m->tree, f->ntrees, sizeof(*m->tree));
	memcpy(m->tree, f->tree, f->ntrees * sizeof(*m->tree));
}

void
fit_free(struct fit *f)
{
	linear_free(&f->linear);
	free(f->held);
	memset(f, 0, sizeof(*f));
}
