/* SPDX-License-Identifier: Apache-2.0 */
/* card: what a model was made of and what it is worth, as a text for people. */
#ifndef CLASSIFIER_CARD_H
#define CLASSIFIER_CARD_H

#include "train.h"

struct card_file { /* that was read */
	const char *name; /* without its folder */
	char digest[MEM_HEX];
	size_t rows, positive;
};

struct card_source {
	const char *name;
	size_t rows, positive;
	bool left_out; /* a model was trained without it; `measures' are that one's */
	struct measures measures;
	double above; /* share of its rows, held out, above the threshold */
};

struct card {
	const struct model *model;
	const struct fit_options *options;
	uint64_t seed;
	size_t made; /* rows by augmentation */
	const struct card_file *files;
	size_t nfiles;
	const struct card_source *sources;
	size_t nsources;
	struct scored *held; /* of all rows that were not made; sorted by us */
	size_t nheld;
	const char *independent; /* name of a file that was only measured; NULL: none */
	struct measures independent_measures;
};

void card_put(struct card *c, struct sb *out);

#endif
