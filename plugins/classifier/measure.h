/* SPDX-License-Identifier: Apache-2.0 */
/* measure: how good scores are, ties taken together; and fitting them to chances. */
#ifndef CLASSIFIER_MEASURE_H
#define CLASSIFIER_MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct scored {
	double score, weight;
	int label; /* 1 or 0 */
};

struct measures {
	size_t n, positive;
	double auprc, roc_auc;
	double precision_half;	/* at a recall of at least 0.5 */
	double recall_fpr2;	/* at 2 % false positives */
	double calibration;	/* mean |chance said - chance found|, 10 bins of equal size */
};

/* Sorts v.  Without a positive or a negative all but the counts is 0. */
void measure_all(struct scored *v, size_t n, struct measures *out);
/* How far chances are from what is found, weighed: mean over 10 bins of equal width. */
double measure_calibration(const struct scored *v, size_t n);
/* Of what is at or above a score, weighed: share of positives among it, and of all
 * positives and all negatives that are. */
struct measured_at {
	double precision, recall, fpr;
};
struct measured_at measure_at(const struct scored *v, size_t n, double score);
/* The lowest score from which precision is at least `wanted` and stays so on the way
 * down from the top as far as it reaches; 1 if none.  Sorts v. */
double measure_threshold(struct scored *v, size_t n, double wanted, double *recall);

#define FIT_MAX 3
/* Weighted logistic regression of label on k values and a constant: out[k] is that. */
void measure_fit(const double (*x)[FIT_MAX], const struct scored *y, size_t n, size_t k,
    double out[FIT_MAX + 1]);

#endif
