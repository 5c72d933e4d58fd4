/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_card: what the card of a new model tells: each source by models,
 * calibrations and thresholds that never saw it, and texts that were only measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tosctl/classifier_run.h"

/* Rows of the groups but one, or of that one, into v; their number. */
static size_t
pick_rows(const struct run *r, uint32_t group, bool that, struct calibration_row *v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nrows; i++)
		if ((r->apart.group[r->rows[i].source] == group) == that)
			v[n++] = r->rows[i];
	return n;
}

static const char *
name_group(const struct run *r, uint32_t group, char *own, size_t size)
{
	for (size_t i = 0; group < r->apart.nalone && i < r->train.nsources; i++)
		if (r->apart.group[i] == group)
			return r->train.sources[i];
	snprintf(own, size, "others, part %zu", group - r->apart.nalone + 1);
	return own;
}

static bool
was_apart(const struct run *r, uint32_t group)
{
	for (size_t i = 0; i < r->train.n; i++)
		if (r->apart.group[r->train.samples.v[i].source] == group &&
		    r->apart.known[i])
			return true;
	return false;
}

/* Rows of both labels, and those of them from a threshold on; what is only learned from
 * does not count. */
struct tally {
	double all[2], above[2];
};

static void
tally_rows(struct tally *t, const struct calibration *c,
    const struct calibration_row *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].learn_only)
			continue;
		t->all[v[i].label] += v[i].weight;
		if (calibration_fused(c, &v[i]) >= c->fused)
			t->above[v[i].label] += v[i].weight;
	}
}

static struct measured_at
tally_measure(const struct tally *t, double prevalence)
{
	double right = t->all[1] > 0 ? t->above[1] / t->all[1] : 0;
	double wrong = t->all[0] > 0 ? t->above[0] / t->all[0] : 0;
	double said = prevalence * right + (1 - prevalence) * wrong;

	return (struct measured_at){
	    said > 0 ? prevalence * right / said : 0, right, wrong};
}

static size_t
measure_apart(const struct run *r, struct card_part *out, struct tally *all)
{
	struct calibration_row *v = xcalloc(r->nrows + 1, sizeof(*v));
	struct scored *y = xcalloc(r->nrows + 1, sizeof(*y));
	char own[40];
	size_t parts = 0, n;

	for (uint32_t g = 0; g < r->apart.ngroups; g++) {
		struct calibration c;

		if (!was_apart(r, g))
			continue;
		n = pick_rows(r, g, false, v);
		calibration_fit(&c, v, n, &r->calibrate);
		n = pick_rows(r, g, true, v);
		tally_rows(all, &c, v, n);
		n = calibration_scores(&c, v, n, &r->calibrate, y);
		card_measure(
		    &out[parts++], name_group(r, g, own, sizeof(own)), y, n, c.fused);
	}
	free(v);
	free(y);
	return parts;
}

static void
measure_folds(const struct run *r, struct card_part *out)
{
	struct calibration_row *v = xcalloc(r->nrows + 1, sizeof(*v));
	struct scored *y = xcalloc(r->nrows + 1, sizeof(*y));
	size_t n;

	for (size_t i = 0; i < r->nrows; i++) {
		v[i] = r->rows[i];
		v[i].value = v[i].held;
	}
	n = calibration_scores(&r->calibration, v, r->nrows, &r->calibrate, y);
	card_measure(out, "held-out folds", y, n, r->calibration.fused);
	free(v);
	free(y);
}

/* Texts that nothing was learned from, by the model as it is written. */
static int
measure_file(struct run *r, struct card_part *out, struct err *e)
{
	struct rows_file file;
	struct run other = {.o = r->o,
	    .model = r->model,
	    .files = &file,
	    .nfiles = 1,
	    .progress = r->progress};
	struct train *t = &other.train;
	struct model_work k = {0};
	struct scored *y = NULL;
	double *value = NULL;
	int rc = rows_read(t, r->o.measure, &file, e);

	if (rc == 0) {
		value = xcalloc(t->n + 1, sizeof(*value));
		y = xcalloc(t->n + 1, sizeof(*y));
		for (size_t i = 0; i < t->n; i++)
			value[i] = run_value(r->model,
			    model_score(r->model, &k, t->v[i].text, t->v[i].len));
		rc = run_make_rows(&other, value, value, e);
	}
	if (rc == 0) {
		size_t n = calibration_scores(
		    &r->calibration, other.rows, other.nrows, &r->calibrate, y);

		card_measure(out, "independent", y, n, r->calibration.fused);
		run_doubt_rules(r, &other);
	}
	model_work_free(&k);
	rows_clear(&file);
	free(other.found);
	free(other.rows);
	train_free(t);
	free(value);
	free(y);
	return rc;
}

static void
count_sources(const struct run *r, struct card_source *out)
{
	const struct train *t = &r->train;

	for (size_t i = 0; i < t->nsources; i++) {
		out[i].name = t->sources[i];
		out[i].learn_only = true;
	}
	for (size_t i = 0; i < r->nrows; i++) {
		const struct calibration_row *v = &r->rows[i];
		struct card_source *s = &out[v->source];

		s->rows++;
		s->positive += (size_t)v->label;
		s->learn_only = s->learn_only && v->learn_only;
		s->above +=
		    calibration_fused(&r->calibration, v) >= r->calibration.fused;
	}
	for (size_t i = 0; i < t->nsources; i++)
		out[i].above /= out[i].rows > 0 ? (double)out[i].rows : 1;
}

int
run_make_card(struct run *r, struct err *e)
{
	size_t nsources = r->train.nsources;
	struct card_file *files = xcalloc(r->nfiles + 1, sizeof(*files));
	struct card_source *sources = xcalloc(nsources + 1, sizeof(*sources));
	struct card_part *apart = xcalloc(r->apart.ngroups + 1, sizeof(*apart));
	struct card_part independent = {.name = ""};
	struct card card = {.model = r->model,
	    .options = &r->calibrate,
	    .calibration = &r->calibration,
	    .rows = r->rows,
	    .nrows = r->nrows,
	    .seed = r->o.seed,
	    .files = files,
	    .nfiles = r->nfiles,
	    .sources = sources,
	    .nsources = nsources,
	    .apart = apart};
	struct tally held = {{0, 0}, {0, 0}};
	int rc = 0;

	for (size_t i = 0; i < r->nfiles; i++)
		files[i] = r->files[i].card;
	for (size_t i = 0; i < r->train.n; i++)
		card.made += r->train.v[i].made;
	count_sources(r, sources);
	card.napart = measure_apart(r, apart, &held);
	measure_folds(r, &card.folds);
	card.reached = card.napart > 0 ? tally_measure(&held, r->calibrate.prevalence)
				       : card.folds.at;
	run_doubt_threshold(r, &card.reached, &card.folds.order);
	run_doubt_rules(r, r);
	card.limits = r->limits.data;
	card.known = r->known.name != NULL ? &r->known : NULL;
	if (r->o.measure != NULL) {
		rc = measure_file(r, &independent, e);
		card.independent = &independent;
	}
	if (rc == 0)
		rc = run_make_bytes(r, e);
	if (rc == 0) {
		mem_sha256(r->bytes.data, r->bytes.len, card.digest);
		card.doubts = r->doubts.data;
		card_put(&card, &r->card);
	}
	free(files);
	free(sources);
	free(apart);
	return rc;
}
