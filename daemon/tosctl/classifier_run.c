/* SPDX-License-Identifier: Apache-2.0 */
/* classifier_run: see classifier_run.h. */
#include "tosctl/classifier_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "classifier/fusion.h"

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

void
run_weigh_to(struct scored *v, size_t n, double prevalence)
{
	double share[2] = {0, 0};

	for (size_t i = 0; i < n; i++)
		share[v[i].label] += v[i].weight;
	for (size_t i = 0; i < n; i++)
		v[i].weight *= (v[i].label ? prevalence : 1 - prevalence) * (double)n /
			       share[v[i].label];
}

int
run_fit_fusion(struct run *r, const double *chance, struct err *e)
{
	const struct train *t = &r->train;
	struct scored *y = xcalloc(t->n + 1, sizeof(*y));
	double *found = xcalloc(t->n + 1, sizeof(*found));
	size_t n = 0;
	int rc;

	r->what = "rules";
	r->found = xcalloc(t->n + 1, sizeof(*r->found));
	rc = rows_find(
	    t, r->o.policies, r->model->category, r->found, run_say_part, r, e);
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		if (t->v[i].made || t->v[i].weight <= 0)
			continue;
		y[n] = (struct scored){chance[i], t->v[i].weight, t->v[i].label};
		found[n++] = r->found[i];
	}
	run_weigh_to(y, n, r->o.prevalence);
	if (rc == 0)
		fusion_fit(
		    y, found, n, &r->model->f.fused_hit, &r->model->f.fused_none);
	free(found);
	free(y);
	return rc;
}

int
run_write_model(const struct model *m, const char *path, struct err *e)
{
	struct sb b = {0};
	int rc;

	model_put(m, &b);
	if (b.len > MODEL_MAX)
		rc = err_set(e, TOSD_ELIMIT,
		    "the model would be %zu bytes, more than %u", b.len, MODEL_MAX);
	else
		rc = file_write(path, b.data, b.len, 0644, FILE_NOSYNC, e);
	sb_free(&b);
	return rc;
}
