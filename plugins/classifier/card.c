/* SPDX-License-Identifier: Apache-2.0 */
/* card: see card.h. */
#include "card.h"

#include <string.h>

static void
put_head(const struct card *c, struct sb *b)
{
	const struct model *m = c->model;

	sb_printf(b,
	    "Model card: classifier of `%s', revision %u\n"
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
	    "It holds hashes, weights and our own lexicon, and no text that it was "
	    "made of.\n"
	    "Seed %llu; %zu rows were made from others by augmentation.\n"
	    "\n"
	    "Meant for: ranking posts for people to look at, and agreeing with or "
	    "doubting a\n"
	    "rule.  Not meant for: deciding alone.\n",
	    m->category, m->rev, m->about, m->ntrees, c->options->prevalence * 100,
	    (unsigned long long)c->seed, c->made);
}

static void
put_files(const struct card *c, struct sb *b)
{
	sb_puts(b, "\nData (SHA-256, rows, positive)\n\n");
	for (size_t i = 0; i < c->nfiles; i++)
		sb_printf(b, "%s  %6zu %6zu  %s\n", c->files[i].digest,
		    c->files[i].rows, c->files[i].positive, c->files[i].name);
}

static void
put_measures(struct sb *b, const char *name, const struct measures *m)
{
	sb_printf(b, "%-22.22s %6zu %6zu  %.3f  %.3f  %.3f  %.3f  %.3f\n", name, m->n,
	    m->positive, m->auprc, m->roc_auc, m->precision_half, m->recall_fpr2,
	    m->calibration);
}

static void
put_sources(const struct card *c, struct sb *b)
{
	struct measures held;

	sb_puts(b,
	    "\nMeasures: area under precision and recall, area under ROC, precision "
	    "at half\nthe recall, recall at 2 % false positives, mean error of "
	    "calibration\n\n"
	    "source                   rows    pos  AUPRC    ROC   P@R.5 R@2%    "
	    "error\n"
	    "Each source by a model that was trained without it:\n");
	for (size_t i = 0; i < c->nsources; i++)
		if (c->sources[i].left_out)
			put_measures(b, c->sources[i].name, &c->sources[i].measures);
	measure_all(c->held, c->nheld, &held);
	sb_puts(b, "All of them, by models that were trained without a fifth:\n");
	put_measures(b, "held-out folds", &held);
	if (c->independent != NULL) {
		sb_puts(b, "Texts by other hands that were never trained on:\n");
		put_measures(b, c->independent, &c->independent_measures);
	}
	sb_puts(b,
	    "\nRows by source (rows, positive, share above the threshold when held "
	    "out)\n\n");
	for (size_t i = 0; i < c->nsources; i++)
		sb_printf(b, "%-22.22s %6zu %6zu  %.3f\n", c->sources[i].name,
		    c->sources[i].rows, c->sources[i].positive, c->sources[i].above);
}

static void
put_thresholds(const struct card *c, struct sb *b)
{
	static const double wanted[] = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
	const struct model_figures *f = &c->model->f;

	sb_printf(b,
	    "\nThreshold in the model: %.4f, chosen for a precision of %.2f\n"
	    "Weight of others' enforced findings in the category, in logits: %+.2f; of "
	    "their\n"
	    "absence: %+.2f\n"
	    "\nThresholds by precision wanted, on the held-out folds at %.0f %% "
	    "positives\n\n"
	    "wanted  threshold  recall\n",
	    f->threshold, f->wanted, f->fused_hit, f->fused_none,
	    c->options->prevalence * 100);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		double recall,
		    t = measure_threshold(c->held, c->nheld, wanted[i], &recall);

		if (recall > 0)
			sb_printf(b, "%.2f    %.4f     %.3f\n", wanted[i], t, recall);
		else
			sb_printf(b, "%.2f    not reached\n", wanted[i]);
	}
}

static void
put_limits(struct sb *b)
{
	sb_puts(b,
	    "\nLimits\n\n"
	    "English only.  Sources differ in what they call a threat; expect a tenth "
	    "of the\n"
	    "positives of comment collections to be none.  Weak: threats without any "
	    "word of\n"
	    "violence, irony, and reports or condemnations without quotation marks.  A "
	    "model\n"
	    "learned from hate-speech collections sees groups often beside violence; "
	    "texts of\n"
	    "and about such groups deserve a second look before anything follows.  At "
	    "one\n"
	    "positive in a hundred, half of what is above a threshold chosen for a "
	    "precision\n"
	    "of 0.8 may be wrong: the figures above hold for the share they name.\n");
}

void
card_put(struct card *c, struct sb *out)
{
	put_head(c, out);
	put_files(c, out);
	put_sources(c, out);
	put_thresholds(c, out);
	put_limits(out);
}
