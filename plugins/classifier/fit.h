/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fit: the whole of a model learned from samples.  The linear part and the trees are
 * first learned five times without one fold each; what they say of the fold left out is
 * what the mixture, the calibration and the threshold are fitted to.
 */
#ifndef CLASSIFIER_FIT_H
#define CLASSIFIER_FIT_H

#include "measure.h"
#include "sample.h"

#define FOLDS 5

struct fit_options {
	struct linear_options linear;
	struct trees_options trees;
	double prevalence; /* share of positives that scores are calibrated to */
	double wanted;	   /* precision of the threshold */
	void (*progress)(void *ctx, const char *what);
	void *ctx;
};

struct fit {
	struct linear linear;
	struct tree tree[TREES_MAX];
	size_t ntrees;
	double mix_linear, mix_trees; /* in logits */
	double slope, offset;
	double threshold, recall;
	double *held; /* of each used row: calibrated score by what has not seen it */
};

void fit_make(struct fit *f, struct samples *s, const uint8_t *use,
    const struct fit_options *o);
/* The calibrated score of a row that was not learned from. */
double fit_score(const struct fit *f, const struct linear_options *o, const struct sample *s);
void fit_put(const struct fit *f, const struct fit_options *o, struct model *m);
void fit_free(struct fit *f);

#endif
