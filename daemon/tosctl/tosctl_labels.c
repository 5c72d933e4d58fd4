/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_labels: reads the samples of a backtest back once people have labelled them,
 * and says how often each rule was right.  The labellers' files know texts and clauses;
 * what a label says of which revision of which rule stands in the key alone
 * (backtest_sample.c).
 */
#include "tosctl/tosctl_labels.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/line.h"
#include "base/option.h"
#include "cases/measure.h"
#include "tosctl/pack_say.h"
#include "tosctl/print_json.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

#define FILE_MAX (64u << 20)
#define TEXT_OF(o, key) json_string_value(json_object_get(o, key))

static const char usage[] =
    "usage: tosctl policy label-samples --key FILE.key [--json] LABELS...\n"
    "Says how often each rule was right, from samples of `tosctl policy backtest' to "
    "which\n"
    "people have added \"label\": \"yes\", \"no\" or \"unsure\": is the text against "
    "the "
    "clause?\n";

struct sample {
	char *id;
	double weight;
	json_t *findings;
	enum label label;
	unsigned people; /* who labelled it: files */
	unsigned file;	 /* the last one of these */
};

struct rule {
	const char *id;
	int64_t rev;
	unsigned yes, no, unsure, disputed, open;
	double right, all, squares; /* weights */
	double first;		    /* weight: all the same? */
	bool uneven;
};

struct labels {
	struct sample *v;
	size_t n;
	struct rule *rules;
	size_t nrules;
	unsigned labels, strange; /* all, and of no text of the key */
	unsigned file;		  /* the one that is read, from 1 on */
};

enum label
label_parse(const char *word)
{
	static const char *const names[] = {NULL, "yes", "no", "unsure"};

	for (int i = LABEL_YES; word != NULL && i <= LABEL_UNSURE; i++)
		if (strcmp(word, names[i]) == 0)
			return (enum label)i;
	return LABEL_NONE;
}

enum label
label_join(enum label a, enum label b)
{
	if (a == LABEL_NONE || a == b)
		return b;
	return b == LABEL_NONE ? a : LABEL_DISPUTED;
}

/* --- files of lines --- */

typedef int line_fn(struct labels *l, json_t *o, bool first, struct err *e);

static int
each_line(struct labels *l, const char *path, line_fn *fn, struct err *e)
{
	struct buf b = {0};
	int rc = file_read(path, FILE_MAX, &b, e);
	unsigned number = 0;
	bool first = true;
	char *begin = b.data != NULL ? b.data + line_mark(b.data, b.len) : NULL;

	/* What stands behind one would not be read. */
	if (rc == 0 && b.len > 0 && memchr(b.data, '\0', b.len) != NULL)
		rc = err_set(e, TOSD_EINVAL, "%s: holds NUL bytes: not a text", path);
	for (char *s = begin; rc == 0 && s != NULL && *s != '\0'; number++) {
		size_t n = strcspn(s, "\n");
		json_error_t je;
		json_t *o;

		if (strspn(s, " \t\r") < n) {
			o = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
			rc = json_is_object(o) ? fn(l, o, first, e)
					       : err_set(e, TOSD_EINVAL, "%s",
						     o == NULL ? line_why(je.text)
							       : "not a JSON object");
			if (rc != 0)
				err_wrap(e, "%s:%u", path, number + 1);
			json_decref(o);
			first = false;
		}
		s += n + (s[n] == '\n');
	}
	if (rc == 0 && first)
		rc = err_set(e, TOSD_EINVAL, "%s: is empty", path);
	buf_free(&b);
	return rc;
}

static int
key_line(struct labels *l, json_t *o, bool first, struct err *e)
{
	const char *id = TEXT_OF(o, "id");
	json_t *found = json_object_get(o, "findings");
	double weight = json_number_value(json_object_get(o, "weight"));

	if (first) {
		const char *key = TEXT_OF(o, "key");

		return key != NULL && strcmp(key, "tosd samples 1") == 0
			   ? 0
			   : err_set(e, TOSD_EINVAL, "is no key of samples");
	}
	if (id == NULL || !json_is_array(found) || !(weight > 0))
		return err_set(e, TOSD_EINVAL, "needs id, weight and findings");
	if ((l->n & (l->n - 1)) == 0)
		l->v = xrealloc(l->v, (l->n > 0 ? 2 * l->n : 1) * sizeof(*l->v));
	l->v[l->n++] = (struct sample){
	    .id = xstrdup(id), .weight = weight, .findings = json_incref(found)};
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct sample *)a)->id, ((const struct sample *)b)->id);
}

static int
label_line(struct labels *l, json_t *o, bool first, struct err *e)
{
	const char *id = TEXT_OF(o, "id");
	const json_t *said = json_object_get(o, "label");
	struct sample want = {.id = (char *)(uintptr_t)id}, *s;
	enum label label = label_parse(json_string_value(said));

	(void)first;
	if (id == NULL)
		return err_set(e, TOSD_EINVAL, "needs an id");
	/* What nobody has labelled yet stays as it was written. */
	if (said == NULL || json_is_null(said) ||
	    (json_is_string(said) && json_string_length(said) == 0))
		return 0;
	if (label == LABEL_NONE)
		return err_set(e, TOSD_EINVAL, "`label' must be yes, no or unsure");
	l->labels++;
	s = l->n > 0 ? bsearch(&want, l->v, l->n, sizeof(*l->v), by_id) : NULL;
	if (s == NULL) {
		l->strange++;
		return 0;
	}
	/* A file is a person: who says it twice does not agree with anybody. */
	s->people += s->file != l->file;
	s->file = l->file;
	s->label = label_join(s->label, label);
	return 0;
}

/* --- by rule --- */

static void
count_label(struct rule *r, const struct sample *s)
{
	double w = s->weight;

	r->open += s->label == LABEL_NONE;
	r->unsure += s->label == LABEL_UNSURE;
	r->disputed += s->label == LABEL_DISPUTED;
	if (s->label != LABEL_YES && s->label != LABEL_NO)
		return;
	r->yes += s->label == LABEL_YES;
	r->no += s->label == LABEL_NO;
	r->uneven |= r->all > 0 && w != r->first;
	if (r->all <= 0)
		r->first = w;
	r->all += w;
	r->squares += w * w;
	r->right += s->label == LABEL_YES ? w : 0;
}

/* A finding of a sample. */
struct found {
	const char *rule;
	int64_t rev;
	const struct sample *of;
};

/* Those of a rule in the order of the samples, in which they are added up. */
static int
by_rule(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int c = strcmp(x->rule, y->rule);

	if (c == 0)
		c = (x->rev > y->rev) - (x->rev < y->rev);
	return c != 0 ? c : (x->of > y->of) - (x->of < y->of);
}

static size_t
list_found(const struct labels *l, struct found *v)
{
	size_t n = 0, k;
	json_t *f;

	for (size_t i = 0; i < l->n; i++)
		json_array_foreach(l->v[i].findings, k, f)
		{
			const char *id = TEXT_OF(f, "rule");

			if (id == NULL)
				continue;
			if (v != NULL)
				v[n] = (struct found){id,
				    json_integer_value(json_object_get(f, "rev")),
				    &l->v[i]};
			n++;
		}
	return n;
}

static void
count_rules(struct labels *l)
{
	size_t n = list_found(l, NULL);
	struct found *v = xcalloc(n + 1, sizeof(*v));

	list_found(l, v);
	if (n > 1)
		qsort(v, n, sizeof(*v), by_rule);
	l->rules = xcalloc(n + 1, sizeof(*l->rules));
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || v[i].rev != v[i - 1].rev ||
		    strcmp(v[i].rule, v[i - 1].rule) != 0)
			l->rules[l->nrules++] =
			    (struct rule){.id = v[i].rule, .rev = v[i].rev};
		count_label(&l->rules[l->nrules - 1], v[i].of);
	}
	free(v);
}

/* --- the report --- */

static void
rule_json(const struct rule *r, const struct measure_share *p)
{
	json_t *o =
	    json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:i}", "rule", r->id, "rev",
		(json_int_t)r->rev, "right", (int)r->yes, "wrong", (int)r->no, "unsure",
		(int)r->unsure, "disputed", (int)r->disputed, "open", (int)r->open);

	/* Nothing labelled, nothing said. */
	if (r->yes + r->no > 0)
		json_object_set_new(o, "precision",
		    json_pack("{s:f, s:f, s:f, s:b}", "share", p->share, "low", p->low,
			"high", p->high, "weighted", (int)r->uneven));
	print_json_take(o, JSON_REAL_PRECISION(6));
}

static void
rule_text(const struct rule *r, const struct measure_share *p)
{
	pack_say(r->id);
	printf(" rev %lld: ", (long long)r->rev);
	if (r->yes + r->no == 0)
		printf("no labels yet");
	else
		printf("precision %.3f (%.3f to %.3f), %u of %u right%s", p->share,
		    p->low, p->high, r->yes, r->yes + r->no,
		    r->uneven ? ", weighted" : "");
	if (r->unsure + r->disputed + r->open > 0)
		printf("; %u unsure, %u disputed, %u open", r->unsure, r->disputed,
		    r->open);
	putchar('\n');
}

static unsigned
report(const struct labels *l, bool json)
{
	unsigned labelled = 0, twice = 0, alike = 0; /* by two people or more */

	for (size_t i = 0; i < l->nrules; i++) {
		const struct rule *r = &l->rules[i];
		struct measure_share p;

		measure_weighted_share(r->right, r->all, r->squares, &p);
		labelled += r->yes + r->no;
		(json ? rule_json : rule_text)(r, &p);
	}
	for (size_t i = 0; i < l->n; i++) {
		twice += l->v[i].people > 1;
		alike += l->v[i].people > 1 && l->v[i].label != LABEL_DISPUTED;
	}
	if (twice > 0 && !json)
		printf("%u texts were labelled by two people, %u of them alike\n",
		    twice, alike);
	return labelled;
}

/* With the key of other samples a few texts may be the same. */
static bool
warn_strange(const struct labels *l, const char *key)
{
	bool most = 2 * l->strange > l->labels;

	if (l->strange > 0)
		complain("tosctl: %u of %u labels are of no text of %s%s", l->strange,
		    l->labels, key,
		    most ? ": it is the key of other samples, or the figures are of "
			   "few"
			 : "");
	return most;
}

/* The same file again is nobody else. */
static bool
read_already(char **files, int n)
{
	struct stat a, b;

	if (stat(files[n], &a) != 0)
		return false;
	for (int i = 0; i < n; i++)
		if (stat(files[i], &b) == 0 && a.st_dev == b.st_dev &&
		    a.st_ino == b.st_ino)
			return true;
	return false;
}

static int
read_labels(struct labels *l, char **files, int n, struct err *e)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		l->file = (unsigned)i + 1;
		if (read_already(files, i))
			complain("tosctl: %s is named twice, and read once", files[i]);
		else
			rc = each_line(l, files[i], label_line, e);
	}
	return rc;
}

static void
clear(struct labels *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].id);
		json_decref(l->v[i].findings);
	}
	free(l->v);
	free(l->rules);
}

int
tosctl_labels(int argc, char **argv)
{
	static const struct option longs[] = {{"key", required_argument, NULL, 'k'},
	    {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct labels l = {0};
	struct err e = ERR_INIT;
	const char *key = NULL;
	bool json = false;
	int c, rc;

	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "k:h", longs)) != -1) {
		if (c == 'k')
			key = optarg;
		else if (c == 'j')
			json = true;
		else {
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (key == NULL || optind == argc) {
		complain("tosctl policy label-samples: %s",
		    key == NULL ? "of which samples?  --key FILE.key"
				: "which files of labels?");
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	rc = each_line(&l, key, key_line, &e);
	if (rc == 0 && l.n > 1)
		qsort(l.v, l.n, sizeof(*l.v), by_id);
	if (rc == 0)
		rc = read_labels(&l, argv + optind, argc - optind, &e);
	if (rc != 0) {
		complain("tosctl: %s", e.text);
		clear(&l);
		return EXIT_CANNOT;
	}
	count_rules(&l);
	rc = report(&l, json) > 0 ? EXIT_DONE : EXIT_NEGATIVE;
	if (warn_strange(&l, key))
		rc = EXIT_NEGATIVE;
	clear(&l);
	return rc;
}
