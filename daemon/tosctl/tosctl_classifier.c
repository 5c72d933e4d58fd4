/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_classifier: models of the plugin `classifier' trained, measured and
 * calibrated. The learning itself is plugins/classifier; here is what people see of it.
 */
#include "tosctl/tosctl_classifier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/option.h"
#include "tosctl/classifier_run.h"
#include "tosctl/output_file.h"
#include "tosctl/places.h"

enum { EXIT_DONE, EXIT_USAGE = 2, EXIT_CANNOT };

static const char usage_text[] =
    "usage: tosctl classifier train --out FILE [--lexicon FILE] [--category NAME]\n"
    "           [--about TEXT] [--rev N] [--seed N] [--precision P] [--prevalence P]\n"
    "           [--policies DIR] [--measure FILE] [--weight SOURCE=W]...\n"
    "           [--learn-only SOURCE]... [--words FILE] [--limits FILE] [--quick]\n"
    "           FILE...\n"
    "       tosctl classifier evaluate [--model FILE] [--json] FILE...\n"
    "       tosctl classifier calibrate [--model FILE] [--out FILE] [--precision P]\n"
    "           [--prevalence P] [--policies DIR] [--weight SOURCE=W]...\n"
    "           [--learn-only SOURCE]... FILE...\n"
    "Without --out, calibrate writes over the model that --model names.\n"
    "FILE has labelled texts as JSON, one a line: {\"text\", \"label\"}; also source,\n"
    "category, fold (0 to 4), weight.\n";
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

/* What the plugin could not declare, or a model's head not hold: a line break in it
 * would be a line of the head. */
static int
check_named(const struct options *o)
{
	size_t n = strlen(o->category), about = strlen(o->about);
	bool plain = about > 0 && about < MODEL_ABOUT;

	if (n == 0 || n > MODEL_CATEGORY ||
	    strspn(o->category, "abcdefghijklmnopqrstuvwxyz0123456789-./") != n) {
		complain("tosctl: a category is 1 to %d of a-z, 0-9, '-', '.' and '/', "
			 "not `%s'",
		    MODEL_CATEGORY, o->category);
		return -1;
	}
	for (size_t i = 0; i < about; i++)
		plain = plain && o->about[i] >= 0x20 && o->about[i] <= 0x7e;
	if (!plain)
		complain("tosctl: --about is one line of 1 to %d ASCII characters",
		    MODEL_ABOUT - 1);
	return plain ? 0 : -1;
}

static int
take_number(const char *option, double low, double high, double *out)
{
	int rc = parse_number(optarg, low, high, out);

	if (rc != 0)
		complain("tosctl: %s is a number from %.15g to %.15g, not `%s'", option,
		    low, high, optarg);
	return rc;
}

/* The same, and one that would be cut is none. */
static int
take_whole(const char *option, double low, double high, double *out)
{
	int rc = take_number(option, low, high, out);

	if (rc != 0 || *out - (double)(uint64_t)*out <= 0)
		return rc;
	complain("tosctl: %s is a whole number, not `%s'", option, optarg);
	return -1;
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
	case 'i':
		o->limits = optarg;
		break;
	case 'W':
		o->words = optarg;
		break;
	case 'm':
		o->model = optarg;
		break;
	case 's':
		rc = take_whole("--seed", 0, 1e15, &d);
		o->seed = (uint64_t)d;
		break;
	case 'r':
		rc = take_whole("--rev", 1, 1e9, &d);
		o->rev = (uint32_t)d;
		break;
	case 'P':
		rc = take_number("--precision", 0.05, 0.999, &o->precision);
		break;
	case 'v':
		rc = take_number("--prevalence", 0.0001, 0.9, &o->prevalence);
		break;
	case 'w':
		rc = o->nweights < WEIGHTS && strchr(optarg, '=') != NULL &&
			     parse_number(strchr(optarg, '=') + 1, 0, 100, &d) == 0
			 ? 0
			 : -1;
		if (rc == 0)
			o->weights[o->nweights++] = optarg;
		else
			complain("tosctl: --weight is SOURCE=WEIGHT, from 0 to 100 and "
				 "at most %d times, not `%s'",
			    WEIGHTS, optarg);
		break;
	case 'L':
		rc = o->nlearn_only < WEIGHTS ? 0 : -1;
		if (rc == 0)
			o->learn_only[o->nlearn_only++] = optarg;
		else
			complain("tosctl: --learn-only may be there %d times", WEIGHTS);
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
	return rc;
}

static const struct option table[] = {
    {"out", required_argument, NULL, 'o'},
    {"lexicon", required_argument, NULL, 'l'},
    {"category", required_argument, NULL, 'c'},
    {"about", required_argument, NULL, 'a'},
    {"policies", required_argument, NULL, 'p'},
    {"measure", required_argument, NULL, 'M'},
    {"limits", required_argument, NULL, 'i'},
    {"words", required_argument, NULL, 'W'},
    {"model", required_argument, NULL, 'm'},
    {"seed", required_argument, NULL, 's'},
    {"rev", required_argument, NULL, 'r'},
    {"precision", required_argument, NULL, 'P'},
    {"prevalence", required_argument, NULL, 'v'},
    {"weight", required_argument, NULL, 'w'},
    {"learn-only", required_argument, NULL, 'L'},
    {"quick", no_argument, NULL, 'q'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int
parse_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){.category = "violence",
	    .lexicon = places_lexicon(),
	    .policies = places_policies(),
	    .seed = 1,
	    .rev = 1,
	    .precision = 0.8,
	    .prevalence = 0.05};
	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "h", table)) != -1) {
		if (parse_option(o, c) != 0)
			return -1;
		if (strchr(o->given, c) == NULL)
			o->given[strlen(o->given)] = (char)c;
	}
	if (o->about == NULL)
		o->about =
		    strcmp(o->category, "violence") == 0
			? "English texts that threaten, call for or wish for "
			  "violence"
			: "texts of its category, labelled by those who trained it";
	return check_named(o);
}
/* --- files */

/* A model may be written over, a card, and what is empty; not what somebody has named
 * by mistake. */
static int
check_kind(const char *path, const char *begins, const char *what, struct err *e)
{
	char found[32] = {0};
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return 0; /* there is none, or nobody can tell */
	n = fread(found, 1, strlen(begins), f);
	fclose(f);
	if (n == 0 || strcmp(found, begins) == 0)
		return 0;
	return err_set(e, TOSD_EINVAL,
	    "%s is there and no %s: it is not written over; name another, or remove it",
	    path, what);
}

/* Before the first text is read: a training takes minutes. */
static int
check_outputs(const struct options *o, char **paths, size_t n, bool card, struct err *e)
{
	const char **inputs = xcalloc(n + 4, sizeof(*inputs));
	char *beside = card ? run_card_path(o->out) : NULL;
	int rc;

	memcpy(inputs, paths, n * sizeof(*inputs));
	inputs[n] = card ? o->lexicon : NULL;
	inputs[n + 1] = card ? o->measure : NULL;
	inputs[n + 2] = card ? o->limits : NULL;
	inputs[n + 3] = card ? o->words : NULL;
	rc = output_file_check(o->out, false, inputs, n + 4, e);
	if (rc == 0 && card && strcmp(beside, o->out) == 0)
		rc = err_set(e, TOSD_EINVAL,
		    "%s is what its card would be called: name the model otherwise",
		    o->out);
	if (rc == 0 && card)
		rc = output_file_check(beside, false, inputs, n + 4, e);
	if (rc == 0)
		rc = check_kind(o->out, MODEL_BEGINS, "model", e);
	if (rc == 0 && card)
		rc = check_kind(beside, CARD_BEGINS, "card of one", e);
	free(beside);
	free(inputs);
	return rc;
}

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

/* Rows of sources that begin with `name', n bytes, weigh so much more. */
static int
weigh_source(struct run *r, const char *name, size_t n, double weight, struct err *e)
{
	bool found = false;

	for (size_t i = 0; i < r->train.n; i++)
		if (strncmp(r->train.v[i].source, name, n) == 0) {
			r->train.v[i].weight *= weight;
			found = true;
		}
	return found ? 0
		     : err_set(e, TOSD_EINVAL,
			   "no row has a source that begins with `%.*s'", (int)n, name);
}

static int
weigh_rows(struct run *r, struct err *e)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < r->o.nweights; k++) {
		const char *w = r->o.weights[k], *eq = strchr(w, '=');

		rc = weigh_source(r, w, (size_t)(eq - w), strtod(eq + 1, NULL), e);
	}
	for (size_t k = 0; rc == 0 && k < r->o.nlearn_only; k++)
		rc = weigh_source(
		    r, r->o.learn_only[k], strlen(r->o.learn_only[k]), 1, e);
	return rc;
}
/* --- the command */

static const struct {
	const char *name;
	int (*run)(struct run *r, struct err *e);
	const char
	    *takes; /* letters of options: one that is ignored would be believed */
} commands[] = {{"train", run_train, "olcapMiWsrPvwLq"},
    {"evaluate", run_evaluate, "mj"}, {"calibrate", run_calibrate, "mopPvwL"}};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
run_clear(struct run *r)
{
	for (size_t i = 0; i < r->nfiles; i++)
		rows_clear(&r->files[i]);
	free(r->files);
	apart_free(&r->apart);
	free(r->found);
	free(r->rows);
	sb_free(&r->bytes);
	sb_free(&r->card);
	sb_free(&r->doubts);
	buf_free(&r->limits);
	model_free(&r->model);
	train_free(&r->train);
}

static int
run_command(struct run *r, size_t which, char **paths, size_t n)
{
	struct err e = ERR_INIT;
	int rc = 0;

	r->progress = isatty(STDERR_FILENO);
	r->fit = (struct fit_options){.linear = {.cost = 3,
					  .positive = 2,
					  .block = {1, 1, 1, 0.5},
					  .rounds = 6,
					  .least = 2,
					  .seed = r->o.seed},
	    .trees = {.trees = 80, .rate = 0.1, .ridge = 3, .least = 2, .positive = 1},
	    .progress = run_say_step,
	    .ctx = r};
	r->calibrate =
	    (struct calibration_options){r->o.prevalence, r->o.precision, true};
	if (r->o.out != NULL)
		rc = check_outputs(
		    &r->o, paths, n, commands[which].run == run_train, &e);
	if (rc == 0)
		rc = read_files(r, paths, n, &e);
	if (rc == 0)
		rc = weigh_rows(r, &e);
	if (rc == 0)
		rc = commands[which].run(r, &e);
	run_clear(r);
	if (rc == 0)
		return EXIT_DONE;
	complain("tosctl: %s", e.text);
	return EXIT_CANNOT;
}

static bool
fits(const struct options *o, size_t which)
{
	const char *c = o->given + strspn(o->given, commands[which].takes);

	for (size_t i = 0; *c != '\0' && table[i].name != NULL; i++)
		if (table[i].val == *c)
			complain("tosctl classifier %s: there is no option --%s here",
			    commands[which].name, table[i].name);
	return *c == '\0';
}

/* The model that is installed is everybody's: only who names it writes over it. */
static int
take_model(struct options *o, int (*run)(struct run *r, struct err *e))
{
	if (run == run_calibrate && o->model == NULL && o->out == NULL) {
		fputs("tosctl: classifier calibrate: say where to write with --out, or "
		      "with --model which\n"
		      "model is written over; the installed one is not by itself\n",
		    stderr);
		return -1;
	}
	if (o->model == NULL)
		o->model = places_model();
	if (run == run_calibrate && o->out == NULL)
		o->out = o->model;
	return 0;
}

/* The words after the options: said what is wrong with them. */
static bool
is_wrong(const struct options *o, int n, char **words, size_t which)
{
	bool wrong = true;

	if (n == 0)
		complain("tosctl classifier: train, evaluate or calibrate?");
	else if (which == NCOMMANDS)
		complain("tosctl classifier: there is no command `%s'", words[0]);
	else if (commands[which].run == run_train && o->out == NULL)
		complain("tosctl classifier train: where to?  --out FILE");
	else if (n < 2)
		complain(
		    "tosctl classifier %s: which files of labelled texts?", words[0]);
	else
		wrong = false;
	return wrong;
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
	if (rc != 0 || is_wrong(&r->o, argc - optind, argv + optind, which))
		fputs(usage_text, stderr);
	else if (fits(&r->o, which) && take_model(&r->o, commands[which].run) == 0)
		code = run_command(
		    r, which, argv + optind + 1, (size_t)(argc - optind - 1));
	free(r);
	return code;
}
