/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_run: what the commands of `tosctl classifier' share: options, rows, the
 * model at work, what is said of progress.
 */
#ifndef TOSD_TOSCTL_CLASSIFIER_RUN_H
#define TOSD_TOSCTL_CLASSIFIER_RUN_H

#include "tosctl/classifier_rows.h"

#define WEIGHTS 16

struct options {
	const char *out, *lexicon, *category, *about, *policies, *measure, *model;
	const char *weights[WEIGHTS]; /* "SOURCE=W" */
	size_t nweights;
	uint64_t seed;
	uint32_t rev;
	double precision, prevalence;
	bool quick, json, help;
};

struct run {
	struct options o;
	struct fit_options fit;
	struct train train;
	struct rows_file *files;
	size_t nfiles;
	struct model *model;
	struct card_source *sources;
	double *found; /* rows_find() of each row */
	struct sb card;
	bool progress;
	const char *what; /* is being done */
	char step[80];
};
/* On a terminal: what is being done, and how far it is. */
void run_say_part(void *ctx, size_t done, size_t of);
void run_say_step(void *ctx, const char *step);
void run_say_done(struct run *r);

/* The rows must have enough of both labels. */
int run_check_rows(const struct train *t, struct err *e);
/* Makes the positives weigh as much as their share among all texts. */
void run_weigh_to(struct scored *v, size_t n, double prevalence);
/* Fits what the findings of rules add to the chances of all rows. */
int run_fit_fusion(struct run *r, const double *chance, struct err *e);
int run_write_model(const struct model *m, const char *path, struct err *e);

/* The commands. */
int run_train(struct run *r, struct err *e);
int run_evaluate(struct run *r, struct err *e);
int run_calibrate(struct run *r, struct err *e);

#endif
