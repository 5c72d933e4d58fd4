/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_rows: labelled texts from NDJSON files, and what the rule packs find in them.
 * A line is {"text", "label"}, with "source", "category", "fold" and "weight" if they are
 * known: label 0 or 1; fold -1 (by the text's hash) or 0 to 4; weight 0 to 100.
 */
#ifndef TOSD_TOSCTL_CLASSIFIER_ROWS_H
#define TOSD_TOSCTL_CLASSIFIER_ROWS_H

#include "base/err.h"
#include "classifier/card.h"

struct rows_file {
	struct card_file card; /* name owned */
	char **categories;     /* of each row, owned; "" where none was said */
	size_t first;	       /* row of the train that is its first */
};

/* Appends the rows of a file.  Any line that is no row is an error, with its number. */
int rows_read(struct train *t, const char *path, struct rows_file *out, struct err *e);
void rows_clear(struct rows_file *f);

/* Rows that rules did not wholly judge. */
struct rows_lack {
	size_t n, first; /* how many, and the first of them */
	char why[200];	 /* of that one */
};

/* The highest score of enforced findings in the category for each row; -1: none. */
int rows_find(const struct train *t, const char *policies, const char *category,
    double *found, struct rows_lack *lack,
    void (*progress)(void *ctx, size_t done, size_t of), void *ctx, struct err *e);

#endif
