/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_run: what the commands of `tosctl classifier' share: options, rows, the
 * model at work, what is said of progress.
 */
#ifndef TOSD_TOSCTL_CLASSIFIER_RUN_H
#define TOSD_TOSCTL_CLASSIFIER_RUN_H

#include "base/buf.h"
#include "classifier/apart.h"
#include "classifier/calibration.h"
#include "classifier/card.h"
#include "tosctl/classifier_rows.h"

#define WEIGHTS 64

struct options {
	const char *out, *lexicon, *category, *about, *policies, *measure, *model;
	const char *limits, *words;
	const char *weights[WEIGHTS]; /* "SOURCE=W" */
	size_t nweights;
	const char *learn_only[WEIGHTS]; /* SOURCE */
	size_t nlearn_only;
	uint64_t seed;
	uint32_t rev;
	double precision, prevalence;
	bool quick, json, help;
	char given[32]; /* the options that were there, by their letters */
};

struct run {
	struct options o;
	struct fit_options fit;
	struct calibration_options calibrate;
	struct train train;
	struct rows_file *files;
	size_t nfiles;
	struct model *model;
	struct apart apart;
	double *found;			/* rows_find() of each row */
	struct calibration_row *rows;	/* all that were not made */
	size_t nrows;
	struct calibration calibration; /* by these */
	struct rows_lack lack;
	struct sb bytes; /* the model, as a file */
	struct sb card;
	struct sb doubts; /* lines: what makes the figures mean less than they say */
	struct buf limits; /* o.limits, as it is written */
	struct card_words known; /* of o.words */
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
/* The value that a model's chance was made of. */
double run_value(const struct model *m, double chance);
/* Makes r->rows of what each row comes to, by what has not seen its source and by what
 * has not seen its fold, and of what the rule packs find in it. */
int run_make_rows(
    struct run *r, const double *value, const double *held, struct err *e);
/* What to doubt, as warnings on standard error and lines of r->doubts: texts that are there
 * more than once; what was held out, judged by the thresholds, and its order. */
void run_doubt_texts(struct run *r);
void run_doubt_rules(struct run *r, const struct run *of); /* of: whose rows these are */
void run_doubt_threshold(
    struct run *r, const struct measured_at *reached, const struct measures *order);
/* Makes r->bytes, and r->card, which names them. */
int run_make_card(struct run *r, struct err *e);
/* FILE.model has FILE.card beside it; xmalloc'd. */
char *run_card_path(const char *out);
/* What is written as its file. */
int run_make_bytes(struct run *r, struct err *e);

/* The commands. */
int run_train(struct run *r, struct err *e);
int run_evaluate(struct run *r, struct err *e);
int run_calibrate(struct run *r, struct err *e);

#endif
