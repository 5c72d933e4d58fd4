/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fusion: what the findings of other plugins add to the model's chance, in logits.  The
 * host adds it up (struct tosd_score); here the two weights are learned.
 */
#ifndef CLASSIFIER_FUSION_H
#define CLASSIFIER_FUSION_H

#include "measure.h"

/* y[i].score is the model's chance for row i, found[i] the highest score of the others'
 * enforced findings; below 0: none.  hit and none are shrunk towards 0 as far as there
 * are few rows to learn them from, and stay within +-4. */
void fusion_fit(const struct scored *y, const double *found, size_t n, double *hit,
    double *none);

#endif
