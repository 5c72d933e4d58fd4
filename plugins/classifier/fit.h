/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fit: what a model weighs, learned from samples.  The linear part is first learned five
 * times without one fold each: what it says of the fold left out is what the trees start
 * from.  What the sum is worth as a chance is learned elsewhere (calibration.h).
 */
#ifndef CLASSIFIER_FIT_H
#define CLASSIFIER_FIT_H

#include "measure.h"
#include "sample.h"

#define FOLDS 5

struct fit_options {
	struct linear_options linear;
	struct trees_options trees;
	void (*progress)(void *ctx, const char *what);
	void *ctx;
};

struct fit {
	struct linear linear;
	struct tree tree[TREES_MAX];
	size_t ntrees;
	double mix_linear, mix_trees; /* in logits */
	double *held; /* with folds: of each used row, its value by what has not seen it */
};

void fit_make(struct fit *f, struct samples *s, const uint8_t *use,
    const struct fit_options *o, bool folds);
/* The value, in logits of no scale, of a row that was not learned from. */
double fit_value(const struct fit *f, const struct linear_options *o, const struct sample *s);
void fit_put(const struct fit *f, const struct fit_options *o, struct model *m);
void fit_free(struct fit *f);

#endif
