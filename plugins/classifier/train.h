/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train: from labelled texts to a model.  Rows come in any order; the same rows in the
 * same order, with the same options, give the same bytes on every machine.
 */
#ifndef CLASSIFIER_TRAIN_H
#define CLASSIFIER_TRAIN_H

#include "fit.h"

struct train_row {
	char *text; /* owned */
	size_t len;
	int label;
	double weight;
	char *source; /* owned */
	uint32_t source_at; /* its number among the train's */
	int fold;     /* 0 to FOLDS - 1 */
	bool made;    /* by train_augment() */
	uint32_t row; /* that it was made from; its own number otherwise */
};

struct train {
	struct train_row *v;
	size_t n;
	char **sources; /* names, in order of appearance */
	size_t nsources;
	uint32_t *slots; /* by the hash of the name: its number + 1 */
	size_t nslots;	 /* a power of two */
	struct samples samples;
};

/* Takes a copy of text and source; fold < 0: by the text's hash. */
void train_add(struct train *t, const char *text, size_t n, int label, double weight,
    const char *source, int fold);
void train_free(struct train *t);

/* Adds rows made from those that are there (augment.c): wrapped in reports and quotation,
 * with other targets, with things instead of people. */
void train_augment(struct train *t, const struct lexicon *l, uint64_t seed);

/* Finds the words of the texts that are common enough, into m->keys and levels, and
 * makes m->lexicon; m->lexicon_text is set. */
int train_words(const struct train *t, struct model *m, struct why *w);
/* Adds those of `list' (lines, n bytes) that would be taken for others misspelt: words that
 * exist are left alone.  How many, or -1 and w. */
int train_known(const char *list, size_t n, struct model *m, struct why *w);
/* Makes samples of all rows. */
void train_samples(struct train *t, const struct model *m,
    void (*progress)(void *ctx, size_t done, size_t of), void *ctx);

#endif
