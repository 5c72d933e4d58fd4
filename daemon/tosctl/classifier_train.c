/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_train: `tosctl classifier train': a model from rows, calibrated by leaving
 * out whole sources, and its card.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "tosctl/classifier_run.h"
#include "tosctl/output_file.h"

#define LEXICON_MAX (256u << 10)
#define LIMITS_MAX (16u << 10)
#define KNOWN_MAX (8u << 20)

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

/* What people know of a model is put into its card as they wrote it. */
static int
read_limits(struct run *r, struct err *e)
{
	struct buf *b = &r->limits;
	int rc = file_read(r->o.limits, LIMITS_MAX, b, e);

	if (rc != 0)
		return rc;
	buf_reserve(b, 1)[0] = '\0';
	for (size_t i = 0; i < b->len; i++)
		if ((uint8_t)b->data[i] < 0x20 && b->data[i] != '\n')
			return err_set(e, TOSD_EINVAL,
			    "%s: has control characters other than line breaks",
			    r->o.limits);
	if (b->len == 0 || b->data[b->len - 1] != '\n' ||
	    !mem_utf8_valid(b->data, b->len))
		return err_set(
		    e, TOSD_EINVAL, "%s: is not lines of UTF-8", r->o.limits);
	return 0;
}

/* Words that exist: no misspelt ones. */
static int
read_known(struct run *r, struct err *e)
{
	const char *slash = strrchr(r->o.words, '/');
	struct why why = {""};
	struct buf b = {0};
	int rc = file_read(r->o.words, KNOWN_MAX, &b, e), n;

	if (rc != 0)
		return rc;
	if (memchr(b.len > 0 ? b.data : "", '\0', b.len) != NULL ||
	    !mem_utf8_valid(b.len > 0 ? b.data : "", b.len)) {
		buf_free(&b);
		return err_set(e, TOSD_EINVAL, "%s: is not lines of UTF-8", r->o.words);
	}
	r->known.name = slash != NULL ? slash + 1 : r->o.words;
	mem_sha256(b.data, b.len, r->known.digest);
	n = train_known(b.data, b.len, r->model, &why);
	if (n < 0)
		rc = err_set(e, TOSD_EINVAL, "%s: %s", r->o.words, why.text);
	else
		r->known.words = (size_t)n;
	buf_free(&b);
	return rc;
}

char *
run_card_path(const char *out)
{
	const char *dot = strrchr(out, '.'), *slash = strrchr(out, '/');

	if (dot != NULL && (slash == NULL || dot > slash + 1))
		return xasprintf("%.*s.card", (int)(dot - out), out);
	return xasprintf("%s.card", out);
}

/* What each row comes to by a model without its source; where there is none, or no time
 * for it, by one without its fold.  Into held. */
static void
leave_out(struct run *r, double *held)
{
	struct train *t = &r->train;

	for (uint32_t g = 0; !r->o.quick && g < r->apart.ngroups; g++) {
		snprintf(r->step, sizeof(r->step), "without sources, %u of %zu", g + 1,
		    r->apart.ngroups);
		r->what = r->step;
		apart_learn(&r->apart, g, t, &r->fit);
	}
	for (size_t i = 0; i < t->n; i++)
		if (!r->apart.known[i])
			r->apart.value[i] = held[i];
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
	if (rc == 0 && r->o.limits != NULL)
		rc = read_limits(r, e);
	if (rc == 0)
		rc = read_lexicon(r->model, r->o.lexicon, e);
	if (rc == 0 && train_words(t, r->model, &why) != 0)
		rc = err_set(e, TOSD_EINVAL, "%s", why.text);
	if (rc == 0 && r->o.words != NULL)
		rc = read_known(r, e);
	if (rc != 0) {
		free(f);
		return rc;
	}
	run_doubt_texts(r);
	train_augment(t, r->model->lexicon, r->o.seed);
	r->what = "texts";
	train_samples(t, r->model, run_say_part, r);
	use = xcalloc(t->n, 1);
	memset(use, 1, t->n);
	r->what = "model";
	fit_make(f, &t->samples, use, &r->fit, true);
	fit_put(f, &r->fit, r->model);
	apart_new(&r->apart, t);
	leave_out(r, f->held);
	rc = run_make_rows(r, r->apart.value, f->held, e);
	if (rc == 0) {
		calibration_fit(&r->calibration, r->rows, r->nrows, &r->calibrate);
		calibration_put(&r->calibration, &r->calibrate, r->model);
		rc = run_make_card(r, e);
	}
	fit_free(f);
	free(f);
	free(use);
	return rc;
}

/* Rows that augmentation made of others. */
static size_t
count_made(const struct train *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->v[i].made;
	return n;
}

/* A card that is of another model says so by its digest, but none should be. */
static int
write_both(const struct run *r, char *card, struct err *e)
{
	const struct output_file v[] = {
	    {(char *)(uintptr_t)r->o.out, r->bytes.data, r->bytes.len},
	    {card, r->card.data, r->card.len}};

	return output_file_write_all(v, 2, e);
}

int
run_train(struct run *r, struct err *e)
{
	char *card = run_card_path(r->o.out);
	int rc = train_all(r, e);

	run_say_done(r);
	if (rc == 0)
		rc = write_both(r, card, e);
	if (rc == 0)
		printf(
		    "%s: %zu rows and %zu made from them, threshold %.4f; what it is "
		    "worth: %s\n",
		    r->o.out, r->train.n - count_made(&r->train), count_made(&r->train),
		    r->model->f.threshold, card);
	free(card);
	return rc;
}
