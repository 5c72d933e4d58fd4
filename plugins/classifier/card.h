/* SPDX-License-Identifier: Apache-2.0 */
/* card: what a model was made of and what it is worth, as a text for people. */
#ifndef CLASSIFIER_CARD_H
#define CLASSIFIER_CARD_H

#include "calibration.h"
#include "train.h"

struct card_file { /* that was read */
	const char *name; /* without its folder */
	char digest[MEM_HEX];
	size_t rows, positive;
};

struct card_words { /* a list of words that exist */
	const char *name; /* without its folder */
	char digest[MEM_HEX];
	size_t words; /* that were kept */
};

struct card_source {
	const char *name;
	size_t rows, positive;
	bool learn_only;
	double above; /* share of its rows above the threshold, by what has not seen them */
};

/* Texts by something that has not seen them; the scores are fused. */
struct card_part {
	char name[64];
	struct measures order;
	/* As if the share of positives were the one that is calibrated to: */
	double error; /* of calibration */
	double threshold;
	struct measured_at at; /* from the threshold on */
};

/* How every card begins. */
#define CARD_BEGINS "Model card: "
/* Before the digest of the model's file in a card, which is the line after the next. */
#define CARD_OF "\nThe model (SHA-256 of its file)\n\n"

struct card {
	const struct model *model;
	char digest[MEM_HEX]; /* of the file that it is */
	const struct calibration_options *options;
	const struct calibration *calibration;
	const struct calibration_row *rows; /* that the calibration is by */
	size_t nrows;
	uint64_t seed;
	size_t made; /* rows by augmentation */
	const struct card_file *files;
	size_t nfiles;
	const struct card_words *known; /* NULL: none */
	const struct card_source *sources;
	size_t nsources;
	const struct card_part *apart; /* by models, calibrations and thresholds without */
	size_t napart;
	struct card_part folds;		    /* by models without the row's fold */
	const struct card_part *independent; /* that were only measured; NULL: none */
	struct measured_at reached; /* all that was held out, each by its own threshold */
	const char *doubts;	    /* lines; NULL: none */
	const char *limits;	    /* what people know of them; NULL: nothing */
};

/* Fills in what is measured of n scores, that weigh as they count. */
void card_measure(struct card_part *p, const char *name, struct scored *v, size_t n,
    double threshold);
void card_put(const struct card *c, struct sb *out);

#endif
