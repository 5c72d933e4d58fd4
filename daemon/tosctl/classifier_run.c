/* SPDX-License-Identifier: Apache-2.0 */
/* classifier_run: see classifier_run.h. */
#include "tosctl/classifier_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "classifier/num.h"

/* --- progress */

void
run_say_part(void *ctx, size_t done, size_t of)
{
	struct run *r = ctx;

	if (r->progress)
		fprintf(stderr, "\r\033[K%s: %zu of %zu", r->what, done, of);
}

void
run_say_step(void *ctx, const char *step)
{
	struct run *r = ctx;

	if (r->progress)
		fprintf(stderr, "\r\033[K%s: %s", r->what, step);
}

void
run_say_done(struct run *r)
{
	if (r->progress)
		fprintf(stderr, "\r\033[K");
}

/* --- rows and models */

int
run_check_rows(const struct train *t, struct err *e)
{
	size_t positive = 0;

	for (size_t i = 0; i < t->n; i++)
		positive += (size_t)t->v[i].label;
	if (positive < FOLDS || t->n - positive < FOLDS)
		return err_set(e, TOSD_EINVAL,
		    "%zu rows of label 1 and %zu of label 0; at least %d of each are "
		    "needed",
		    positive, t->n - positive, FOLDS);
	return 0;
}

double
run_value(const struct model *m, double chance)
{
	double slope = m->f.slope;

	return slope > 0 || slope < 0 ? (num_logit(chance) - m->f.offset) / slope : 0;
}

static bool
is_learned_only(const struct run *r, const char *source)
{
	for (size_t k = 0; k < r->o.nlearn_only; k++)
		if (strncmp(source, r->o.learn_only[k], strlen(r->o.learn_only[k])) ==
		    0)
			return true;
	return false;
}

int
run_make_rows(struct run *r, const double *value, const double *held, struct err *e)
{
	const struct train *t = &r->train;
	int rc;

	r->what = "rules";
	r->found = xcalloc(t->n + 1, sizeof(*r->found));
	r->rows = xcalloc(t->n + 1, sizeof(*r->rows));
	rc = rows_find(t, r->o.policies, r->model->category, r->found, &r->lack,
	    run_say_part, r, e);
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		if (t->v[i].made)
			continue;
		r->rows[r->nrows++] = (struct calibration_row){.value = value[i],
		    .held = held[i],
		    .found = r->found[i],
		    .weight = t->v[i].weight,
		    .source = t->v[i].source_at,
		    .label = t->v[i].label,
		    .learn_only = is_learned_only(r, t->v[i].source)};
	}
	return rc;
}

int
run_make_bytes(struct run *r, struct err *e)
{
	model_put(r->model, &r->bytes);
	if (r->bytes.len > MODEL_MAX)
		return err_set(e, TOSD_ELIMIT,
		    "the model would be %zu bytes, more than %u", r->bytes.len,
		    MODEL_MAX);
	return 0;
}
