/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calibration: Platt's logistic curve, held by a few rows that nobody has, over the
 * model's value and what rules add to it; see calibration.h.
 */
#include "calibration.h"

#include <stdlib.h>

#include "fusion.h"
#include "num.h"

/* As if so many rows at either of two values said that a value is a logit already. */
#define PRIOR_ROWS 2.0
#define PRIOR_VALUE 3.0
#define PRIORS 4
#define SLOPE_LEAST 0.01 /* below it a value says nothing */

typedef double (*chance_of)(
    const struct calibration *c, const struct calibration_row *r);

double
calibration_own(const struct calibration *c, const struct calibration_row *r)
{
	return num_logistic(c->slope * r->value + c->offset);
}

double
calibration_fused(const struct calibration *c, const struct calibration_row *r)
{
	return num_logistic(c->slope * r->value + c->offset +
			    (r->found < 0 ? c->none : c->hit * r->found));
}

enum mixture { ROWS, SOURCES };

static double
weight_of(const struct calibration_row *r)
{
	return r->learn_only ? 0 : r->weight;
}

/* Makes positives their share of all; together rows weigh what they are in number. */
static void
weigh_labels(struct scored *v, size_t n, double prevalence)
{
	double share[2] = {0, 0};

	for (size_t i = 0; i < n; i++)
		share[v[i].label] += v[i].weight;
	for (size_t i = 0; i < n; i++)
		if (share[v[i].label] > 0)
			v[i].weight *= (v[i].label ? prevalence : 1 - prevalence) *
				       (double)n / share[v[i].label];
}

/* ROWS: each row the same; SOURCES: a source by the root of its rows. */
static void
weigh(const struct calibration_row *v, size_t n, const struct calibration_options *o,
    enum mixture mixture, struct scored *out)
{
	double(*source)[2];
	uint32_t sources = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].source >= sources)
			sources = v[i].source + 1;
	source = mem_new(sources + 1, sizeof(*source));
	for (size_t i = 0; i < n; i++)
		source[v[i].source][v[i].label] += weight_of(&v[i]);
	for (size_t i = 0; i < n; i++) {
		double all = source[v[i].source][v[i].label];

		out[i].label = v[i].label;
		out[i].weight = weight_of(&v[i]);
		if (mixture == SOURCES && all > 0)
			out[i].weight /= num_sqrt(all);
	}
	weigh_labels(out, n, o->prevalence);
	free(source);
}

/* Labels by values x[0..n), which has room for PRIORS more. */
static void
fit_curve(
    double (*x)[FIT_MAX], struct scored *y, size_t n, double *slope, double *offset)
{
	double out[FIT_MAX + 1];

	for (size_t i = 0; i < PRIORS; i++) {
		double at = i % 2 ? PRIOR_VALUE : -PRIOR_VALUE;

		x[n + i][0] = at;
		y[n + i].label = i >= PRIORS / 2;
		y[n + i].weight = PRIOR_ROWS * num_logistic(y[n + i].label ? at : -at);
	}
	measure_fit((const double(*)[FIT_MAX])x, y, n + PRIORS, 1, out);
	*slope = out[0];
	*offset = out[1];
}

/* What findings of rules add to a value, and their absence. */
static void
fit_rules(const struct calibration_row *v, size_t n,
    const struct calibration_options *o, double *hit, double *none)
{
	double(*x)[FIT_MAX] = mem_new(n + PRIORS, sizeof(*x)), slope, offset;
	struct scored *y = mem_new(n + PRIORS, sizeof(*y));
	double *found = mem_new(n + 1, sizeof(*found));

	for (size_t i = 0; i < n; i++) {
		x[i][0] = v[i].held;
		found[i] = v[i].found;
		y[i].label = v[i].label;
		y[i].weight = v[i].weight;
	}
	weigh_labels(y, n, o->prevalence);
	fit_curve(x, y, n, &slope, &offset);
	for (size_t i = 0; i < n; i++)
		y[i].score = num_logistic(slope * x[i][0] + offset);
	fusion_fit(y, found, n, hit, none);
	*hit = slope > SLOPE_LEAST ? *hit / slope : 0;
	*none = slope > SLOPE_LEAST ? *none / slope : 0;
	free(found);
	free(x);
	free(y);
}

/* Rows that count, weighed; their number. */
static size_t
score_rows(const struct calibration *c, const struct calibration_row *v, size_t n,
    const struct calibration_options *o, enum mixture mixture, chance_of chance,
    struct scored *out)
{
	size_t used = 0;

	weigh(v, n, o, mixture, out);
	for (size_t i = 0; i < n; i++) {
		if (!(out[i].weight > 0))
			continue;
		out[used] = out[i];
		out[used++].score = chance(c, &v[i]);
	}
	return used;
}

static double
find_threshold(const struct calibration *c, const struct calibration_row *v, size_t n,
    const struct calibration_options *o, chance_of chance, double *recall)
{
	struct scored *y = mem_new(n + 1, sizeof(*y));
	double t = 0, rows;
	size_t used;

	if (o->sources) {
		used = score_rows(c, v, n, o, SOURCES, chance, y);
		t = measure_threshold(y, used, o->wanted - CALIBRATION_SHORT, recall);
	}
	used = score_rows(c, v, n, o, ROWS, chance, y);
	rows = measure_threshold(y, used, o->wanted, recall);
	if (t < rows)
		t = rows;
	*recall = measure_at(y, used, t).recall;
	free(y);
	return t;
}

void
calibration_fit(struct calibration *c, const struct calibration_row *v, size_t n,
    const struct calibration_options *o)
{
	double(*x)[FIT_MAX] = mem_new(n + PRIORS, sizeof(*x));
	struct scored *y = mem_new(n + PRIORS, sizeof(*y));
	double recall;

	fit_rules(v, n, o, &c->hit, &c->none);
	for (size_t i = 0; i < n; i++)
		x[i][0] = v[i].held + (v[i].found < 0 ? c->none : c->hit * v[i].found);
	weigh(v, n, o, o->sources ? SOURCES : ROWS, y);
	fit_curve(x, y, n, &c->slope, &c->offset);
	c->hit *= c->slope;
	c->none *= c->slope;
	c->own = find_threshold(c, v, n, o, calibration_own, &recall);
	c->fused = find_threshold(c, v, n, o, calibration_fused, &recall);
	free(x);
	free(y);
}

double
calibration_threshold(const struct calibration *c, const struct calibration_row *v,
    size_t n, const struct calibration_options *o, double *recall)
{
	return find_threshold(c, v, n, o, calibration_fused, recall);
}

void
calibration_put(
    const struct calibration *c, const struct calibration_options *o, struct model *m)
{
	m->f.slope = c->slope;
	m->f.offset = c->offset;
	m->f.fused_hit = c->hit;
	m->f.fused_none = c->none;
	m->f.wanted = o->wanted;
	/* One number for both, so that it may be held against either. */
	m->f.threshold = c->own > c->fused ? c->own : c->fused;
}

size_t
calibration_scores(const struct calibration *c, const struct calibration_row *v,
    size_t n, const struct calibration_options *o, struct scored *out)
{
	return score_rows(c, v, n, o, ROWS, calibration_fused, out);
}
