/* SPDX-License-Identifier: Apache-2.0 */
/* card: see card.h. */
#include "card.h"

#include <stdio.h>
#include <string.h>

#define PAGE 84 /* columns */

static void
put_head(const struct card *c, struct sb *b)
{
	const struct model *m = c->model;

	sb_printf(b,
	    CARD_BEGINS
	    "classifier of `%s', revision %u\n"
	    "\n"
	    "%s\n"
	    "\n"
	    "What it is: hashed words, letters, classes of words and frames (who "
	    "does\n"
	    "what to whom, in which mood), weighed by logistic regression; %zu small "
	    "trees over\n"
	    "counts of classes; the mean of the text and of the highest of its "
	    "sentences "
	    "counts.\n"
	    "Scores are calibrated chances at %.0f %% "
	    "positives.\n"
	    "It holds hashes, weights and the lexicon, and no text that it was made "
	    "of.\n"
	    "Seed %llu; %zu rows were made from others by augmentation.\n"
	    "\n"
	    "Meant for: ranking posts for people to look at, and agreeing with or "
	    "doubting a\n"
	    "rule.  Not meant for: deciding alone.\n",
	    m->category, m->rev, m->about, m->ntrees, c->options->prevalence * 100,
	    (unsigned long long)c->seed, c->made);
	sb_printf(b, "%s%s\n", CARD_OF, c->digest);
}

static void
put_files(const struct card *c, struct sb *b)
{
	sb_puts(b, "\nData (SHA-256, rows, positive)\n\n");
	for (size_t i = 0; i < c->nfiles; i++)
		sb_printf(b, "%s  %6zu %6zu  %s\n", c->files[i].digest,
		    c->files[i].rows, c->files[i].positive, c->files[i].name);
	if (c->known != NULL)
		sb_printf(b,
		    "\nWords that exist, so are not mended (SHA-256, kept)\n\n%s  %6zu"
		    "         %s\n",
		    c->known->digest, c->known->words, c->known->name);
}

void
card_measure(
    struct card_part *p, const char *name, struct scored *v, size_t n, double threshold)
{
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->threshold = threshold;
	p->error = measure_calibration(v, n);
	p->at = measure_at(v, n, threshold);
	measure_all(v, n, &p->order);
}

static void
put_part(struct sb *b, const struct card_part *p)
{
	sb_printf(b, "%-15.15s %5zu %4zu  ", p->name, p->order.n, p->order.positive);
	if (p->order.positive == 0)
		sb_puts(b, "    -     -     -     -      -");
	else
		sb_printf(b, "%.3f %.3f %.3f %.3f  %.3f", p->order.auprc,
		    p->order.roc_auc, p->order.precision_half, p->order.recall_fpr2,
		    p->error);
	sb_printf(b, " %.3f  %.2f %.2f\n", p->threshold, p->at.precision, p->at.recall);
}

static void
put_parts(const struct card *c, struct sb *b)
{
	sb_printf(b,
	    "\nMeasures of the score that `tosctl scan' prints, which rules are part "
	    "of: area\n"
	    "under precision and recall, area under ROC, precision at half the recall, "
	    "recall\nat 2 %% false positives; then, as if %.0f %% were positive: mean "
	    "error of calibration\n(10 bins of equal width), the threshold chosen for "
	    "a precision of %.2f, and the\n"
	    "precision and recall that it comes to.\n\n"
	    "                 rows  pos  AUPRC   ROC P@R.5  R@2%%  error thresh prec  "
	    "rec\n",
	    c->options->prevalence * 100, c->options->wanted);
	if (c->napart > 0)
		sb_puts(b,
		    "Each by a model, a calibration and a threshold that never saw "
		    "it:\n");
	for (size_t i = 0; i < c->napart; i++)
		put_part(b, &c->apart[i]);
	sb_puts(b, "All of them, by models that were trained without a fifth:\n");
	put_part(b, &c->folds);
	if (c->independent != NULL) {
		sb_puts(b, "Texts by other hands that nothing was learned from:\n");
		put_part(b, c->independent);
	}
}

static void
put_sources(const struct card *c, struct sb *b)
{
	sb_puts(b,
	    "\nRows by source (rows, positive, share above the threshold, by what has "
	    "not seen\nthem)\n\n");
	for (size_t i = 0; i < c->nsources; i++)
		sb_printf(b, "%-22.22s %6zu %6zu  %.3f%s\n", c->sources[i].name,
		    c->sources[i].rows, c->sources[i].positive, c->sources[i].above,
		    c->sources[i].learn_only ? "  only learned from" : "");
}

static void
put_calibration(const struct card *c, struct sb *b)
{
	const struct model_figures *f = &c->model->f;

	sb_puts(b,
	    "\nHow chances and thresholds were found\n\n"
	    "Each fifth of the rows was judged by a model that was trained without it, "
	    "and a\nlogistic curve fitted to these values, rules included, in a "
	    "mixture "
	    "in which a\nsource counts by the root of its rows, so that none rules.\n"
	    "A new text comes from a source that nobody has learned from, and models "
	    "find more\nin sources that they know.  ");
	sb_puts(
	    b, c->napart > 0
		   ? "So for thresholds each source was judged by a\nmodel that was "
		     "trained without it; own and small ones in parts, each left\nout "
		     "as a whole.  "
		   : "There was one only, or no time to leave\nthem out: thresholds "
		     "are of the same values.  ");
	sb_printf(b,
	    "A threshold is the lowest score from which precision\nis what is wanted, "
	    "counting all rows alike, and at most %.2f less in that\nmixture, which "
	    "is the harder one.\n",
	    CALIBRATION_SHORT);
	sb_printf(b,
	    "\nThreshold in the model: %.4f, chosen for a precision of %.2f: the "
	    "higher one of\n%.4f for its own chance and %.4f for the score with "
	    "rules\n"
	    "Slope %.3f and offset %+.3f, from values to logits\n"
	    "Weight of others' enforced findings in the category, in logits: %+.2f; of "
	    "their\nabsence: %+.2f\n",
	    f->threshold, f->wanted, c->calibration->own, c->calibration->fused,
	    f->slope, f->offset, f->fused_hit, f->fused_none);
}

static void
put_thresholds(const struct card *c, struct sb *b)
{
	static const double wanted[] = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
	struct calibration_options o = *c->options;

	sb_printf(b,
	    "\nThresholds of the score with rules by precision wanted, at %.0f %% "
	    "positives\n\n"
	    "wanted  threshold  recall\n",
	    o.prevalence * 100);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		double recall, t;

		o.wanted = wanted[i];
		t = calibration_threshold(
		    c->calibration, c->rows, c->nrows, &o, &recall);
		if (t < 1)
			sb_printf(b, "%.2f    %.4f     %.3f\n", wanted[i], t, recall);
		else
			sb_printf(b, "%.2f    not reached\n", wanted[i]);
	}
}

/* Of what is at or above the threshold, the share that would be wrong. */
static double
wrong_at(const struct measured_at *at, double prevalence)
{
	double right = prevalence * at->recall, wrong = (1 - prevalence) * at->fpr;

	return right + wrong > 0 ? wrong / (right + wrong) : 0;
}

/* What follows from the numbers, where nobody has written down more. */
static void
put_own_limits(const struct card *c, struct sb *b)
{
	double rare = c->options->prevalence / 5;

	sb_puts(b,
	    "Nobody has written down what it gets wrong.  The figures hold for texts "
	    "like those\nof the sources above, in their language, and for the share of "
	    "positives that they\nname");
	if (c->reached.recall > 0)
		sb_printf(b,
		    ": were it %.1f %%, %.0f %% of what is above the threshold would "
		    "be "
		    "wrong instead\nof %.0f %%",
		    rare * 100, wrong_at(&c->reached, rare) * 100,
		    wrong_at(&c->reached, c->options->prevalence) * 100);
	sb_puts(b, ".\n");
}

static void
put_limits(const struct card *c, struct sb *b)
{
	sb_puts(b, "\nLimits\n\n");
	if (c->limits != NULL)
		sb_puts(b, c->limits);
	else
		put_own_limits(c, b);
}

/* Words of a line, with breaks so that it fits a page. */
static void
put_wrapped(struct sb *b, const char *s, size_t n)
{
	size_t column = 0;

	for (size_t i = 0, len; i < n; i += len + 1) {
		for (len = 0; i + len < n && s[i + len] != ' '; len++)
			;
		if (column > 0 && column + 1 + len > PAGE) {
			sb_puts(b, "\n");
			column = 0;
		}
		sb_printf(b, "%s%.*s", column > 0 ? " " : "", (int)len, s + i);
		column += len + (column > 0);
	}
	sb_puts(b, "\n");
}

static void
put_doubts(const struct card *c, struct sb *b)
{
	const char *nl;

	if (c->doubts == NULL || c->doubts[0] == '\0')
		return;
	sb_puts(b, "\nDoubts\n\n");
	for (const char *s = c->doubts; (nl = strchr(s, '\n')) != NULL; s = nl + 1)
		put_wrapped(b, s, (size_t)(nl - s));
}

void
card_put(const struct card *c, struct sb *out)
{
	put_head(c, out);
	put_files(c, out);
	put_doubts(c, out);
	put_parts(c, out);
	put_calibration(c, out);
	put_thresholds(c, out);
	put_sources(c, out);
	put_limits(c, out);
}
