/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calibration: what a value is worth as a chance, alone and with the findings of rules,
 * and from where on it is a finding.  Chances, and how much rules say beside the model,
 * are learned from models without a fifth: those without a whole source know less than
 * the one that is shipped, so they would call it less sure than it is, and lean on rules
 * more than it should.  Thresholds are a promise about texts of sources that nobody has
 * learned from: they are found on values by models that have seen neither the row nor,
 * as far as can be, its source (apart.h).
 */
#ifndef CLASSIFIER_CALIBRATION_H
#define CLASSIFIER_CALIBRATION_H

#include "measure.h"
#include "model.h"

/* How far precision may fall short of what is wanted where sources are mixed otherwise, by
 * models that know less than the one that is shipped. */
#define CALIBRATION_SHORT 0.05

struct calibration_row {
	double value; /* logits of no scale, see fit_value(), by what has not seen its source */
	double held;  /* the same by what has not seen the row, but the rest of its source */
	double found; /* highest score of the others' enforced findings; below 0: none */
	double weight; /* 0: left out */
	uint32_t source;
	int label;	 /* 1 or 0 */
	bool learn_only; /* tells what rules are worth beside the model, and no more */
};

struct calibration_options {
	double prevalence; /* share of positives that scores are calibrated to */
	double wanted;	   /* precision of the thresholds */
	/* The rows are of several sources, and no sample of what will be judged: chances
	 * are fitted to a mixture in which a source counts by the root of its rows.
	 * Thresholds must do for the rows as they are, and, but for CALIBRATION_SHORT,
	 * for that mixture. */
	bool sources;
};

struct calibration {
	double slope, offset; /* from values to logits */
	double hit, none;     /* see fusion.h */
	double own, fused;    /* thresholds of the model's chance, and of the fused score */
};

void calibration_fit(struct calibration *c, const struct calibration_row *v, size_t n,
    const struct calibration_options *o);
double calibration_own(const struct calibration *c, const struct calibration_row *r);
double calibration_fused(const struct calibration *c, const struct calibration_row *r);
/* The threshold of the fused score for another precision; 1: it is not reached. */
double calibration_threshold(const struct calibration *c,
    const struct calibration_row *v, size_t n, const struct calibration_options *o,
    double *recall);
void calibration_put(
    const struct calibration *c, const struct calibration_options *o, struct model *m);

/* Fused scores of the rows that count, each weighing the same but for the share of
 * positives; their number. */
size_t calibration_scores(const struct calibration *c, const struct calibration_row *v,
    size_t n, const struct calibration_options *o, struct scored *out);

#endif
