/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quick: the same sums and trees as score.c has them, to the bit, in a fraction of the
 * time; test_classifier holds one against the other.
 */
#ifndef CLASSIFIER_QUICK_H
#define CLASSIFIER_QUICK_H

#include "model.h"

/* What is laid out once for a model; it keeps m, which must not change from then on. */
struct quick *quick_new(const struct model *m);
void quick_free(struct quick **q);

/* As model_trees(). */
double quick_trees(const struct quick *q, const uint8_t dense[DENSE_MAX]);

/* Lists the features of a unit but for those of each word alone and of letters within it,
 * whose sums are kept in *kept: NULL before the first, to be freed with free(). */
void quick_list(const struct quick *q, struct quick_kept **kept, struct features *f,
    const struct words *w, struct unit *u);
/* Adds the sums of a unit so listed, as model_sum() does with all its features. */
void quick_sum(const struct quick *q, struct quick_kept *kept, const struct features *f,
    const struct words *w, const struct unit *u, struct model_sums *out);

#endif
