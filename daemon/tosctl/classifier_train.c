/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_train: `tosctl classifier train': a model from rows, measured by leaving
 * out whole sources, and its card.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "tosctl/classifier_run.h"

#define LEXICON_MAX (256u << 10)
#define LEAVE_OUT 20 /* positives of a source that is worth leaving out */

static int
read_lexicon(struct model *m, const char *path, struct err *e)
{
	struct buf b = {0};
	struct sb packed = {0};
	struct lexicon *l = NULL;
	struct why why = {""};
	int rc = file_read(path, LEXICON_MAX, &b, e);

	/* Read as it is first, so that a mistake is told with its own line. */
	if (rc == 0 && (!mem_utf8_valid(b.len > 0 ? b.data : "", b.len) ||
			   lexicon_read(b.data, b.len, &l, &why) != 0))
		rc = err_set(e, TOSD_EINVAL, "%s: %s", path,
		    why.text[0] != '\0' ? why.text : "not valid UTF-8");
	if (rc == 0) {
		lexicon_pack(b.data, b.len, &packed);
		m->lexicon_len = packed.len;
		m->lexicon_text = sb_take(&packed);
	}
	lexicon_free(&l);
	buf_free(&b);
	return rc;
}

/* FILE.model has FILE.card beside it. */
static char *
card_path(const char *out)
{
	const char *dot = strrchr(out, '.'), *slash = strrchr(out, '/');

	if (dot != NULL && (slash == NULL || dot > slash + 1))
		return xasprintf("%.*s.card", (int)(dot - out), out);
	return xasprintf("%s.card", out);
}

static void
count_sources(struct run *r)
{
	const struct train *t = &r->train;

	r->sources = xcalloc(t->nsources + 1, sizeof(*r->sources));
	for (size_t i = 0; i < t->nsources; i++)
		r->sources[i].name = t->sources[i];
	for (size_t i = 0; i < t->n; i++) {
		struct card_source *s = &r->sources[t->samples.v[i].source];

		s->rows += !t->v[i].made;
		s->positive += !t->v[i].made && t->v[i].label;
	}
}

/* A model without the source, measured on it. */
static void
leave_out(struct run *r, uint32_t source)
{
	struct samples *s = &r->train.samples;
	uint8_t *use = xcalloc(s->n + 1, 1);
	struct scored *v = xcalloc(s->n + 1, sizeof(*v));
	struct fit *f = xcalloc(1, sizeof(*f));
	size_t n = 0;

	snprintf(r->step, sizeof(r->step), "without %.40s", r->sources[source].name);
	r->what = r->step;
	for (size_t i = 0; i < s->n; i++)
		use[i] = s->v[i].source != source;
	fit_make(f, s, use, &r->fit);
	for (size_t i = 0; i < s->n; i++)
		if (!use[i] && !s->v[i].made)
			v[n++] = (struct scored){fit_score(f, &r->fit.linear, &s->v[i]),
			    1, s->v[i].label > 0};
	measure_all(v, n, &r->sources[source].measures);
	r->sources[source].left_out = true;
	fit_free(f);
	free(f);
	free(v);
	free(use);
}

static int
measure_file(struct run *r, struct card *card, struct err *e)
{
	struct train t = {0};
	struct rows_file file;
	struct model_work k = {0};
	struct scored *v;
	int rc = rows_read(&t, r->o.measure, &file, e);

	v = xcalloc(t.n + 1, sizeof(*v));
	for (size_t i = 0; rc == 0 && i < t.n; i++)
		v[i] =
		    (struct scored){model_score(r->model, &k, t.v[i].text, t.v[i].len),
			1, t.v[i].label};
	if (rc == 0) {
		measure_all(v, t.n, &card->independent_measures);
		card->independent = "independent";
	}
	model_work_free(&k);
	rows_clear(&file);
	train_free(&t);
	free(v);
	return rc;
}

static int
make_card(struct run *r, const double *held, struct err *e)
{
	const struct train *t = &r->train;
	struct card_file *files = xcalloc(r->nfiles + 1, sizeof(*files));
	struct scored *v = xcalloc(t->n + 1, sizeof(*v));
	struct card card = {.model = r->model,
	    .options = &r->fit,
	    .seed = r->o.seed,
	    .files = files,
	    .nfiles = r->nfiles,
	    .sources = r->sources,
	    .nsources = t->nsources,
	    .held = v};
	int rc = 0;

	for (size_t i = 0; i < r->nfiles; i++)
		files[i] = r->files[i].card;
	for (size_t i = 0; i < t->n; i++) {
		struct card_source *s = &r->sources[t->samples.v[i].source];

		card.made += t->v[i].made;
		if (t->v[i].made)
			continue;
		v[card.nheld++] =
		    (struct scored){held[i], t->v[i].weight, t->v[i].label};
		s->above += (held[i] >= r->model->f.threshold) / (double)s->rows;
	}
	run_weigh_to(v, card.nheld, r->o.prevalence);
	if (r->o.measure != NULL)
		rc = measure_file(r, &card, e);
	if (rc == 0)
		card_put(&card, &r->card);
	free(files);
	free(v);
	return rc;
}

static int
train_all(struct run *r, struct err *e)
{
	struct train *t = &r->train;
	struct fit *f = xcalloc(1, sizeof(*f));
	struct why why = {""};
	uint8_t *use;
	int rc = run_check_rows(t, e);

	r->model = mem_new(1, sizeof(*r->model));
	snprintf(r->model->category, sizeof(r->model->category), "%s", r->o.category);
	snprintf(r->model->about, sizeof(r->model->about), "%s", r->o.about);
	r->model->rev = r->o.rev;
	if (rc == 0)
		rc = read_lexicon(r->model, r->o.lexicon, e);
	if (rc == 0 && train_words(t, r->model, &why) != 0)
		rc = err_set(e, TOSD_EINVAL, "%s", why.text);
	if (rc != 0) {
		free(f);
		return rc;
	}
	train_augment(t, r->model->lexicon, r->o.seed);
	r->what = "texts";
	train_samples(t, r->model, run_say_part, r);
	count_sources(r);
	for (uint32_t i = 0; !r->o.quick && i < t->nsources; i++)
		if (r->sources[i].positive >= LEAVE_OUT &&
		    strncmp(r->sources[i].name, "own-", 4) != 0)
			leave_out(r, i);
	use = xcalloc(t->n, 1);
	memset(use, 1, t->n);
	r->what = "model";
	fit_make(f, &t->samples, use, &r->fit);
	fit_put(f, &r->fit, r->model);
	rc = run_fit_fusion(r, f->held, e);
	if (rc == 0)
		rc = make_card(r, f->held, e);
	fit_free(f);
	free(f);
	free(use);
	return rc;
}

int
run_train(struct run *r, struct err *e)
{
	char *card = card_path(r->o.out);
	int rc = train_all(r, e);

	run_say_done(r);
	if (rc == 0)
		rc = run_write_model(r->model, r->o.out, e);
	if (rc == 0)
		rc = file_write(card, r->card.data, r->card.len, 0644, FILE_NOSYNC, e);
	if (rc == 0)
		printf("%s: %zu rows, threshold %.4f; what it is worth: %s\n", r->o.out,
		    r->train.n, r->model->f.threshold, card);
	free(card);
	return rc;
}
