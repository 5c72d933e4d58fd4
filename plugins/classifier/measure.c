/* SPDX-License-Identifier: Apache-2.0 */
/* measure: see measure.h. */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "num.h"

#define BINS 10

static int
by_score(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	if (x->label != y->label)
		return y->label - x->label;
	return x->weight < y->weight ? -1 : x->weight > y->weight;
}

static double
find_calibration(const struct scored *v, size_t n)
{
	double sum = 0;

	for (size_t b = 0; b < BINS; b++) {
		size_t from = n * b / BINS, to = n * (b + 1) / BINS;
		double said = 0, found = 0;

		for (size_t i = from; i < to; i++) {
			said += v[i].score;
			found += v[i].label;
		}
		sum += said > found ? said - found : found - said;
	}
	return n > 0 ? sum / (double)n : 0;
}

void
measure_all(struct scored *v, size_t n, struct measures *out)
{
	double tp = 0, fp = 0, p, q, last_recall = 0, last_fpr = 0;

	memset(out, 0, sizeof(*out));
	out->n = n;
	for (size_t i = 0; i < n; i++)
		out->positive += (size_t)v[i].label;
	qsort(v, n, sizeof(*v), by_score);
	out->calibration = find_calibration(v, n);
	p = (double)out->positive;
	q = (double)n - p;
	if (p < 1 || q < 1)
		return;
	for (size_t i = 0, k; i < n; i = k) {
		double recall, precision, fpr;

		for (k = i; k < n && v[k].score == v[i].score; k++) {
			tp += v[k].label;
			fp += 1 - v[k].label;
		}
		recall = tp / p;
		precision = tp / (tp + fp);
		fpr = fp / q;
		out->auprc += (recall - last_recall) * precision;
		out->roc_auc += (fpr - last_fpr) * (recall + last_recall) / 2;
		if (recall >= 0.5 && precision > out->precision_half)
			out->precision_half = precision;
		if (fpr <= 0.02 && recall > out->recall_fpr2)
			out->recall_fpr2 = recall;
		last_recall = recall;
		last_fpr = fpr;
	}
}

double
measure_calibration(const struct scored *v, size_t n)
{
	double said[BINS] = {0}, found[BINS] = {0}, all = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		int b = v[i].score >= 1	 ? BINS - 1
			: v[i].score > 0 ? (int)(v[i].score * BINS)
					 : 0;

		said[b] += v[i].weight * v[i].score;
		found[b] += v[i].weight * v[i].label;
		all += v[i].weight;
	}
	for (int b = 0; b < BINS; b++)
		sum += said[b] > found[b] ? said[b] - found[b] : found[b] - said[b];
	return all > 0 ? sum / all : 0;
}

struct measured_at
measure_at(const struct scored *v, size_t n, double score)
{
	double all[2] = {0, 0}, taken[2] = {0, 0};

	for (size_t i = 0; i < n; i++) {
		all[v[i].label] += v[i].weight;
		taken[v[i].label] += v[i].score >= score ? v[i].weight : 0;
	}
	return (struct measured_at){
	    taken[0] + taken[1] > 0 ? taken[1] / (taken[0] + taken[1]) : 0,
	    all[1] > 0 ? taken[1] / all[1] : 0, all[0] > 0 ? taken[0] / all[0] : 0};
}

double
measure_threshold(struct scored *v, size_t n, double wanted, double *recall)
{
	double tp = 0, fp = 0, all = 0, best = 1;

	for (size_t i = 0; i < n; i++)
		all += v[i].label ? v[i].weight : 0;
	*recall = 0;
	qsort(v, n, sizeof(*v), by_score);
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && v[k].score == v[i].score; k++)
			*(v[k].label ? &tp : &fp) += v[k].weight;
		if (tp / (tp + fp) >= wanted) {
			best = v[i].score;
			*recall = all > 0 ? tp / all : 0;
		}
	}
	return best;
}

/* Solves a * x = b for symmetric a of size k <= FIT_MAX + 1; x replaces b. */
static void
solve(double a[FIT_MAX + 1][FIT_MAX + 1], double *b, size_t k)
{
	for (size_t i = 0; i < k; i++)
		for (size_t r = i + 1; r < k; r++) {
			double f = a[r][i] / a[i][i];

			for (size_t c = i; c < k; c++)
				a[r][c] -= f * a[i][c];
			b[r] -= f * b[i];
		}
	for (size_t i = k; i-- > 0;) {
		for (size_t c = i + 1; c < k; c++)
			b[i] -= a[i][c] * b[c];
		b[i] /= a[i][i];
	}
}

void
measure_fit(const double (*x)[FIT_MAX], const struct scored *y, size_t n, size_t k,
    double out[FIT_MAX + 1])
{
	memset(out, 0, (FIT_MAX + 1) * sizeof(*out));
	for (int round = 0; round < 30; round++) {
		double a[FIT_MAX + 1][FIT_MAX + 1] = {{0}}, g[FIT_MAX + 1] = {0};

		for (size_t i = 0; i < n; i++) {
			double v[FIT_MAX + 1], z = out[k], q, h;

			for (size_t j = 0; j < k; j++) {
				v[j] = x[i][j];
				z += out[j] * v[j];
			}
			v[k] = 1;
			q = num_logistic(z);
			h = y[i].weight * q * (1 - q);
			for (size_t r = 0; r <= k; r++) {
				g[r] += y[i].weight * (y[i].label - q) * v[r];
				for (size_t c = 0; c <= k; c++)
					a[r][c] += h * v[r] * v[c];
			}
		}
		for (size_t r = 0; r <= k; r++)
			a[r][r] += 1e-6;
		solve(a, g, k + 1);
		for (size_t r = 0; r <= k; r++)
			out[r] += g[r] > 4 ? 4 : g[r] < -4 ? -4 : g[r];
	}
}
