/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_classifier: models of the plugin `classifier' trained, measured and
 * calibrated. The learning itself is plugins/classifier; here is what people see of it.
 */
#include "tosctl/tosctl_classifier.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "classifier/fusion.h"
#include "classifier/num.h"
#include "tosctl/classifier_rows.h"
#include "tosctl/places.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

#define LEXICON_MAX (256u << 10)
#define WEIGHTS 16
#define LEAVE_OUT 20 /* positives of a source that is worth leaving out */

static const char usage_text[] =
    "usage: tosctl classifier train --out FILE [--lexicon FILE] [--category NAME]\n"
    "           [--about TEXT] [--rev N] [--seed N] [--precision P] [--prevalence P]\n"
    "           [--policies DIR] [--measure FILE] [--weight SOURCE=W]... [--quick] "
    "FILE...\n"
    "       tosctl classifier evaluate [--model FILE] [--json] FILE...\n"
    "       tosctl classifier calibrate [--model FILE] [--out FILE] [--precision P]\n"
    "           [--prevalence P] [--policies DIR] FILE...\n"
    "FILE has labelled texts as JSON, one a line: {\"text\", \"label\"}; also source,\n"
    "category, fold (0 to 4), weight.\n";

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

/* --- progress */

static void
say_part(void *ctx, size_t done, size_t of)
{
	struct run *r = ctx;

	if (r->progress)
		fprintf(stderr, "\r\033[K%s: %zu of %zu", r->what, done, of);
}

static void
say_step(void *ctx, const char *step)
{
	struct run *r = ctx;

	if (r->progress)
		fprintf(stderr, "\r\033[K%s: %s", r->what, step);
}

static void
say_done(struct run *r)
{
	if (r->progress)
		fprintf(stderr, "\r\033[K");
}

/* --- options */

static int
parse_number(const char *s, double low, double high, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(s, &end);
	return *s != '\0' && *end == '\0' && errno == 0 && *out >= low && *out <= high
		   ? 0
		   : -1;
}

static int
parse_option(struct options *o, int c)
{
	double d = 0;
	int rc = 0;

	switch (c) {
	case 'o':
		o->out = optarg;
		break;
	case 'l':
		o->lexicon = optarg;
		break;
	case 'c':
		o->category = optarg;
		break;
	case 'a':
		o->about = optarg;
		break;
	case 'p':
		o->policies = optarg;
		break;
	case 'M':
		o->measure = optarg;
		break;
	case 'm':
		o->model = optarg;
		break;
	case 's':
		rc = parse_number(optarg, 0, 1e15, &d);
		o->seed = (uint64_t)d;
		break;
	case 'r':
		rc = parse_number(optarg, 1, 1e9, &d);
		o->rev = (uint32_t)d;
		break;
	case 'P':
		rc = parse_number(optarg, 0.05, 0.999, &o->precision);
		break;
	case 'v':
		rc = parse_number(optarg, 0.0001, 0.9, &o->prevalence);
		break;
	case 'w':
		rc = o->nweights < WEIGHTS && strchr(optarg, '=') != NULL &&
			     parse_number(strchr(optarg, '=') + 1, 0, 100, &d) == 0
			 ? 0
			 : -1;
		if (rc == 0)
			o->weights[o->nweights++] = optarg;
		break;
	case 'q':
		o->quick = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'h':
		o->help = true;
		break;
	default:
		return -1;
	}
	if (rc != 0)
		fprintf(stderr, "tosctl: `%s' is no number that can be meant here\n",
		    optarg);
	return rc;
}

static int
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
	    {"out", required_argument, NULL, 'o'},
	    {"lexicon", required_argument, NULL, 'l'},
	    {"category", required_argument, NULL, 'c'},
	    {"about", required_argument, NULL, 'a'},
	    {"policies", required_argument, NULL, 'p'},
	    {"measure", required_argument, NULL, 'M'},
	    {"model", required_argument, NULL, 'm'},
	    {"seed", required_argument, NULL, 's'},
	    {"rev", required_argument, NULL, 'r'},
	    {"precision", required_argument, NULL, 'P'},
	    {"prevalence", required_argument, NULL, 'v'},
	    {"weight", required_argument, NULL, 'w'},
	    {"quick", no_argument, NULL, 'q'},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	*o = (struct options){.category = "violence",
	    .about = "English texts that threaten, call for or wish for violence",
	    .lexicon = places_lexicon(),
	    .policies = places_policies(),
	    .model = places_model(),
	    .seed = 1,
	    .rev = 1,
	    .precision = 0.8,
	    .prevalence = 0.05};
	optind = 0;
	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1)
		if (parse_option(o, c) != 0)
			return -1;
	return 0;
}

/* --- files */

static int
read_files(struct run *r, char **paths, size_t n, struct err *e)
{
	int rc = 0;

	r->files = xcalloc(n + 1, sizeof(*r->files));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = rows_read(&r->train, paths[i], &r->files[i], e);
		r->nfiles++;
	}
	return rc;
}

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

static int
write_model(const struct model *m, const char *path, struct err *e)
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

/* FILE.model has FILE.card beside it. */
static char *
card_path(const char *out)
{
	const char *dot = strrchr(out, '.'), *slash = strrchr(out, '/');

	if (dot != NULL && (slash == NULL || dot > slash + 1))
		return xasprintf("%.*s.card", (int)(dot - out), out);
	return xasprintf("%s.card", out);
}

/* Rows of sources that begin so weigh so much more. */
static void
weigh_rows(struct run *r)
{
	for (size_t i = 0; i < r->train.n; i++)
		for (size_t k = 0; k < r->o.nweights; k++) {
			const char *w = r->o.weights[k], *eq = strchr(w, '=');

			if (strncmp(r->train.v[i].source, w, (size_t)(eq - w)) == 0)
				r->train.v[i].weight *= strtod(eq + 1, NULL);
		}
}

/* --- training */

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

/* Makes the positives weigh as much as their share among all texts. */
static void
weigh_to(struct scored *v, size_t n, double prevalence)
{
	double share[2] = {0, 0};

	for (size_t i = 0; i < n; i++)
		share[v[i].label] += v[i].weight;
	for (size_t i = 0; i < n; i++)
		v[i].weight *= (v[i].label ? prevalence : 1 - prevalence) * (double)n /
			       share[v[i].label];
}

/* The others' findings against the chances held out. */
static int
fit_fusion(struct run *r, const double *chance, double prevalence, struct err *e)
{
	const struct train *t = &r->train;
	struct scored *y = xcalloc(t->n + 1, sizeof(*y));
	double *found = xcalloc(t->n + 1, sizeof(*found));
	size_t n = 0;
	int rc;

	r->what = "rules";
	r->found = xcalloc(t->n + 1, sizeof(*r->found));
	rc = rows_find(t, r->o.policies, r->model->category, r->found, say_part, r, e);
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		if (t->v[i].made || t->v[i].weight <= 0)
			continue;
		y[n] = (struct scored){chance[i], t->v[i].weight, t->v[i].label};
		found[n++] = r->found[i];
	}
	weigh_to(y, n, prevalence);
	if (rc == 0)
		fusion_fit(
		    y, found, n, &r->model->f.fused_hit, &r->model->f.fused_none);
	free(found);
	free(y);
	return rc;
}

static int
check_rows(const struct train *t, struct err *e)
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
	weigh_to(v, card.nheld, r->o.prevalence);
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
	int rc = check_rows(t, e);

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
	train_samples(t, r->model, say_part, r);
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
	rc = fit_fusion(r, f->held, r->o.prevalence, e);
	if (rc == 0)
		rc = make_card(r, f->held, e);
	fit_free(f);
	free(f);
	free(use);
	return rc;
}

static int
run_train(struct run *r, struct err *e)
{
	char *card = card_path(r->o.out);
	int rc = train_all(r, e);

	say_done(r);
	if (rc == 0)
		rc = write_model(r->model, r->o.out, e);
	if (rc == 0)
		rc = file_write(card, r->card.data, r->card.len, 0644, FILE_NOSYNC, e);
	if (rc == 0)
		printf("%s: %zu rows, threshold %.4f; what it is worth: %s\n", r->o.out,
		    r->train.n, r->model->f.threshold, card);
	free(card);
	return rc;
}

/* --- measuring */

static int
load_model(struct run *r, struct err *e)
{
	struct why why = {""};

	if (model_load(r->o.model, &r->model, &why) != 0)
		return err_set(e, TOSD_EINVAL, "%s", why.text);
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
			say_part(r, i, r->train.n);
	}
	model_work_free(&k);
	say_done(r);
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

		json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
		putchar('\n');
		json_decref(o);
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

/* Rows whose name of a kind is the same as that of row i, measured together once. */
static void
print_groups(
    const struct run *r, const char *kind, char *const *names, const double *score)
{
	struct scored *v = xcalloc(r->train.n + 1, sizeof(*v));
	uint8_t *done = xcalloc(r->train.n + 1, 1);

	for (size_t i = 0; i < r->train.n; i++) {
		size_t n = 0;

		if (done[i] || names[i][0] == '\0')
			continue;
		for (size_t k = i; k < r->train.n; k++) {
			if (done[k] || strcmp(names[k], names[i]) != 0)
				continue;
			done[k] = 1;
			v[n++] = (struct scored){score[k], 1, r->train.v[k].label};
		}
		print_measures(r, kind, names[i], v, n);
	}
	free(done);
	free(v);
}

static int
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

/* Fits slope, offset and threshold of the model anew to what it says of the rows. */
static void
fit_scores(struct run *r, double *score)
{
	struct train *t = &r->train;
	double(*x)[FIT_MAX] = xcalloc(t->n + 1, sizeof(*x)), out[FIT_MAX + 1];
	struct scored *y = xcalloc(t->n + 1, sizeof(*y));
	struct model_figures *f = &r->model->f;
	double recall;

	for (size_t i = 0; i < t->n; i++) {
		x[i][0] = (num_logit(score[i]) - f->offset) / f->slope;
		y[i] = (struct scored){0, t->v[i].weight, t->v[i].label};
	}
	weigh_to(y, t->n, r->o.prevalence);
	measure_fit((const double(*)[FIT_MAX])x, y, t->n, 1, out);
	f->slope = out[0];
	f->offset = out[1];
	for (size_t i = 0; i < t->n; i++)
		y[i].score = score[i] = num_logistic(f->slope * x[i][0] + f->offset);
	f->wanted = r->o.precision;
	f->threshold = measure_threshold(y, t->n, f->wanted, &recall);
	printf("slope %.3f, offset %+.3f; threshold %.4f for a precision of %.2f finds "
	       "%.3f of the positives\n",
	    f->slope, f->offset, f->threshold, f->wanted, recall);
	free(x);
	free(y);
}

static int
run_calibrate(struct run *r, struct err *e)
{
	const char *out = r->o.out != NULL ? r->o.out : r->o.model;
	double *score = NULL;
	int rc = check_rows(&r->train, e);

	if (rc == 0)
		rc = load_model(r, e);
	if (rc == 0 && !(r->model->f.slope > 0))
		rc =
		    err_set(e, TOSD_EINVAL, "%s: its slope is not above 0", r->o.model);
	if (rc == 0) {
		score = score_rows(r);
		fit_scores(r, score);
		rc = fit_fusion(r, score, r->o.prevalence, e);
		say_done(r);
	}
	if (rc == 0) {
		printf("a finding of others adds %+.2f, none %+.2f\n",
		    r->model->f.fused_hit, r->model->f.fused_none);
		rc = write_model(r->model, out, e);
	}
	free(score);
	return rc;
}

/* --- the command */

static const struct {
	const char *name;
	int (*run)(struct run *r, struct err *e);
} commands[] = {
    {"train", run_train}, {"evaluate", run_evaluate}, {"calibrate", run_calibrate}};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
run_clear(struct run *r)
{
	for (size_t i = 0; i < r->nfiles; i++)
		rows_clear(&r->files[i]);
	free(r->files);
	free(r->sources);
	free(r->found);
	sb_free(&r->card);
	model_free(&r->model);
	train_free(&r->train);
}

static int
run_command(struct run *r, size_t which, char **paths, size_t n)
{
	struct err e = ERR_INIT;
	int rc;

	r->progress = isatty(STDERR_FILENO);
	r->fit = (struct fit_options){.linear = {.cost = 3,
					  .positive = 2,
					  .block = {1, 1, 1},
					  .rounds = 6,
					  .least = 2,
					  .seed = r->o.seed},
	    .trees = {.trees = 80, .rate = 0.1, .ridge = 3, .least = 2, .positive = 1},
	    .prevalence = r->o.prevalence,
	    .wanted = r->o.precision,
	    .progress = say_step,
	    .ctx = r};
	rc = read_files(r, paths, n, &e);
	weigh_rows(r);
	if (rc == 0)
		rc = commands[which].run(r, &e);
	run_clear(r);
	if (rc == 0)
		return EXIT_DONE;
	fprintf(stderr, "tosctl: %s\n", e.text);
	return rc == TOSD_EINVAL ? EXIT_NEGATIVE : EXIT_CANNOT;
}

int
tosctl_classifier(int argc, char **argv)
{
	struct run *r = xcalloc(1, sizeof(*r));
	int rc = parse_options(argc, argv, &r->o), code = EXIT_USAGE;
	size_t which = 0;

	if (rc == 0 && r->o.help) {
		fputs(usage_text, stdout);
		free(r);
		return EXIT_DONE;
	}
	while (rc == 0 && optind < argc && which < NCOMMANDS &&
	       strcmp(commands[which].name, argv[optind]) != 0)
		which++;
	if (rc != 0 || argc - optind < 2 || which == NCOMMANDS ||
	    (which == 0 && r->o.out == NULL))
		fputs(usage_text, stderr);
	else
		code = run_command(
		    r, which, argv + optind + 1, (size_t)(argc - optind - 1));
	free(r);
	return code;
}
