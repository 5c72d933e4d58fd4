/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_measure: `tosctl classifier evaluate' and `calibrate': what a model says
 * of labelled texts.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/file.h"
#include "tosctl/classifier_run.h"
#include "tosctl/print_json.h"

#define CARD_MAX (1u << 20)

/* --- measuring */

/* A card beside the model that is of another one: somebody has calibrated it, has put
 * one of the two files in place, or was ended while they were written. */
static void
check_card(const struct run *r)
{
	char *path = run_card_path(r->o.model), digest[MEM_HEX];
	struct buf card = {0}, model = {0};
	const char *of = NULL;

	if (access(path, F_OK) == 0 && file_read(path, CARD_MAX, &card, NULL) == 0 &&
	    file_read(r->o.model, MODEL_MAX, &model, NULL) == 0) {
		buf_putc(&card, '\0');
		of = strstr(card.data, CARD_OF);
	}
	if (of != NULL) {
		mem_sha256(model.data, model.len, digest);
		if (strncmp(of + strlen(CARD_OF), digest, strlen(digest)) != 0)
			complain("tosctl: warning: %s is of another model than %s: "
				 "what it says is not of this one",
			    path, r->o.model);
	}
	buf_free(&card);
	buf_free(&model);
	free(path);
}

static int
load_model(struct run *r, struct err *e)
{
	struct why why = {""};

	if (model_load(r->o.model, &r->model, &why) != 0)
		return err_set(e,
		    access(r->o.model, R_OK) == 0 ? TOSD_EINVAL : TOSD_ENOENT, "%s",
		    why.text);
	check_card(r);
	return 0;
}

static double *
score_rows(struct run *r)
{
	double *v = xcalloc(r->train.n + 1, sizeof(*v));
	struct model_work k = {0};

	r->what = "texts";
	for (size_t i = 0; i < r->train.n; i++) {
		v[i] = model_score(r->model, &k, r->train.v[i].text, r->train.v[i].len);
		if (i % 1024 == 0)
			run_say_part(r, i, r->train.n);
	}
	model_work_free(&k);
	run_say_done(r);
	return v;
}

static void
print_measures(
    const struct run *r, const char *kind, const char *name, struct scored *v, size_t n)
{
	struct measures m;
	size_t above = 0, right = 0;

	for (size_t i = 0; i < n; i++) {
		above += v[i].score >= r->model->f.threshold;
		right += v[i].score >= r->model->f.threshold && v[i].label;
	}
	measure_all(v, n, &m);
	if (r->o.json) {
		json_t *o = json_pack("{ss ss sI sI sf sf sf sf sf sI sI}", "kind",
		    kind, "name", name, "rows", (json_int_t)n, "positive",
		    (json_int_t)m.positive, "auprc", m.auprc, "roc_auc", m.roc_auc,
		    "precision_half", m.precision_half, "recall_fpr2", m.recall_fpr2,
		    "calibration", m.calibration, "above", (json_int_t)above, "right",
		    (json_int_t)right);

		print_json_take(o, JSON_REAL_PRECISION(4));
		return;
	}
	printf("%-9s %-24.24s %6zu %6zu", kind, name, n, m.positive);
	if (m.positive > 0 && m.positive < n)
		printf("  %.3f  %.3f  %.3f  %.3f  %.3f", m.auprc, m.roc_auc,
		    m.precision_half, m.recall_fpr2, m.calibration);
	else
		printf("      -      -      -      -      -");
	printf("  %5zu %5zu\n", above, right);
}

/* A row and its name of a kind. */
struct named {
	const char *name;
	size_t row, first; /* first: the first row of that name */
};

static int
by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

static int
by_first(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Rows that have a name, those of one name together, in the order of appearance. */
static size_t
group(const struct run *r, char *const *names, struct named *v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->train.n; i++)
		if (names[i][0] != '\0')
			v[n++] = (struct named){names[i], i, i};
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(v[i].name, v[i - 1].name) == 0)
			v[i].first = v[i - 1].first;
	qsort(v, n, sizeof(*v), by_first);
	return n;
}

/* Rows of one name of a kind are measured together. */
static void
print_groups(
    const struct run *r, const char *kind, char *const *names, const double *score)
{
	struct named *rows = xcalloc(r->train.n + 1, sizeof(*rows));
	struct scored *v = xcalloc(r->train.n + 1, sizeof(*v));
	size_t all = group(r, names, rows);

	for (size_t i = 0, n; i < all; i += n) {
		for (n = 0; i + n < all && rows[i + n].first == rows[i].first; n++) {
			size_t row = rows[i + n].row;

			v[n] = (struct scored){score[row], 1, r->train.v[row].label};
		}
		print_measures(r, kind, rows[i].name, v, n);
	}
	free(rows);
	free(v);
}

int
run_evaluate(struct run *r, struct err *e)
{
	size_t n = r->train.n;
	char **names = xcalloc(n + 1, sizeof(*names));
	struct scored *v = xcalloc(n + 1, sizeof(*v));
	double *score = NULL;
	int rc = load_model(r, e);

	if (rc == 0) {
		score = score_rows(r);
		if (!r->o.json)
			printf(
			    "          %-24s %6s %6s  AUPRC    ROC  P@R.5  R@2%%  error"
			    "  above right\n",
			    "", "rows", "pos");
		for (size_t i = 0; i < n; i++)
			v[i] = (struct scored){score[i], 1, r->train.v[i].label};
		print_measures(r, "all", "", v, n);
		for (size_t i = 0; i < n; i++)
			names[i] = r->train.v[i].source;
		print_groups(r, "source", names, score);
		for (size_t f = 0; f < r->nfiles; f++)
			for (size_t i = 0; i < r->files[f].card.rows; i++)
				names[r->files[f].first + i] =
				    r->files[f].categories[i];
		print_groups(r, "category", names, score);
	}
	free(score);
	free(names);
	free(v);
	return rc;
}
/* --- calibrating */

/* Nothing was learned from these rows: all of them are held out. */
static void
doubt_calibration(struct run *r)
{
	struct scored *v = xcalloc(r->nrows + 1, sizeof(*v));
	size_t n =
	    calibration_scores(&r->calibration, r->rows, r->nrows, &r->calibrate, v);
	struct measured_at reached = measure_at(v, n, r->calibration.fused);
	struct measures order;

	measure_all(v, n, &order);
	run_doubt_threshold(r, &reached, &order);
	free(v);
}

int
run_calibrate(struct run *r, struct err *e)
{
	struct calibration *c = &r->calibration;
	double *score = NULL, recall = 0;
	int rc = run_check_rows(&r->train, e);

	if (rc == 0) {
		run_doubt_texts(r);
		rc = load_model(r, e);
	}
	if (rc == 0 && !(r->model->f.slope > 0))
		rc =
		    err_set(e, TOSD_EINVAL, "%s: its slope is not above 0", r->o.model);
	if (rc == 0) {
		score = score_rows(r);
		for (size_t i = 0; i < r->train.n; i++)
			score[i] = run_value(r->model, score[i]);
		/* Whoever calibrates has rows of the kind that will be judged. */
		r->calibrate.sources = false;
		rc = run_make_rows(r, score, score, e);
		run_say_done(r);
	}
	if (rc == 0) {
		calibration_fit(c, r->rows, r->nrows, &r->calibrate);
		calibration_put(c, &r->calibrate, r->model);
		calibration_threshold(c, r->rows, r->nrows, &r->calibrate, &recall);
		doubt_calibration(r);
		run_doubt_rules(r, r);
		printf("slope %.3f, offset %+.3f; a finding of others adds %+.2f, none "
		       "%+.2f\n"
		       "for a precision of %.2f: threshold %.4f alone, %.4f with what "
		       "others find, which gets %.3f of the positives\n",
		    c->slope, c->offset, c->hit, c->none, r->calibrate.wanted, c->own,
		    c->fused, recall);
		rc = run_make_bytes(r, e);
		if (rc == 0)
			rc = file_write(r->o.out, r->bytes.data, r->bytes.len, 0644,
			    FILE_NOSYNC, e);
		if (rc == 0)
			printf("%s: written; a card beside it tells nothing of these "
			       "figures, `tosctl classifier evaluate' does\n",
			    r->o.out);
	}
	free(score);
	return rc;
}
