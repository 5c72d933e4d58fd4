/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier_doubts: what whoever trains or calibrates a model should hear before they
 * use it: that its data contradict themselves, and that it does not do what was asked
 * for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/complain.h"
#include "tosctl/classifier_run.h"

#define ROC_LEAST 0.6	  /* below it an order is hardly better than none */
#define RECALL_LEAST 0.01 /* below it next to nothing is found */

static void __attribute__((format(printf, 2, 3)))
doubt(struct run *r, const char *fmt, ...)
{
	char line[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	run_say_done(r);
	complain("tosctl: warning: %s", line);
	sb_printf(&r->doubts, "%s\n", line);
}

static int
by_text(const void *a, const void *b)
{
	const struct train_row *x = *(const struct train_row *const *)a;
	const struct train_row *y = *(const struct train_row *const *)b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->text, y->text, x->len);
}

void
run_doubt_texts(struct run *r)
{
	size_t n = r->train.n, again = 0, both = 0;
	const struct train_row **v = xcalloc(n + 1, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = &r->train.v[i];
	if (n > 0)
		qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0, k; i < n; i = k) {
		bool other = false;

		for (k = i + 1; k < n && by_text(&v[i], &v[k]) == 0; k++)
			other = other || v[k]->label != v[i]->label;
		again += k - i - 1;
		both += other;
	}
	free(v);
	if (again > 0)
		doubt(r,
		    "%zu of %zu rows have the text of another one; %zu texts are "
		    "labelled both 1 and 0",
		    again, n, both);
}

/* A text that the rules gave up on is no text in which they find nothing, though it
 * counts so. */
void
run_doubt_rules(struct run *r, const struct run *of)
{
	const struct rows_lack *lack = &of->lack;
	size_t f = 0;

	if (lack->n == 0)
		return;
	while (f + 1 < of->nfiles && of->files[f + 1].first <= lack->first)
		f++;
	doubt(r,
	    "rules did not wholly judge %zu text%s: what they did not come to counts "
	    "as not found (%s, row %zu: %s)",
	    lack->n, lack->n == 1 ? "" : "s", of->files[f].card.name,
	    lack->first - of->files[f].first + 1, lack->why);
}

void
run_doubt_threshold(
    struct run *r, const struct measured_at *reached, const struct measures *order)
{
	double t = r->model->f.threshold, wanted = r->calibrate.wanted;

	if (order->n == 0)
		doubt(r, "every source is only learned from: chances and thresholds "
			 "were fitted to nothing");
	if (t >= 1)
		doubt(r,
		    "a precision of %.2f was wanted and is reached at no score of what "
		    "was held out: the threshold is 1, and nothing is ever found",
		    wanted);
	else if (reached->precision < wanted || reached->recall < RECALL_LEAST)
		doubt(r,
		    "a precision of %.2f was wanted; what was held out comes to %.2f, "
		    "with a recall of %.3f",
		    wanted, reached->precision, reached->recall);
	if (order->positive > 0 && order->positive < order->n &&
	    order->roc_auc < ROC_LEAST)
		doubt(r,
		    "what was held out is hardly told apart: area under ROC %.3f, "
		    "where "
		    "chance has 0.5",
		    order->roc_auc);
}
