/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trend: is there a steady rise of violations per item seen?
 *
 * The rows are cut again into windows of equal exposure (items seen), so that a
 * tenant who grows, or whom we read more often, does not look worse by it.  A
 * steady rise must show in both of two tests, one-sided, each at `alpha`:
 *   - the rate of the later half of the exposure against the earlier half, by the
 *     exact conditional (binomial) test: enough more, and
 *   - Mann-Kendall over the windows: more and more, not once.
 * A burst must not pass for it: without its worst week (`burst`) the later half must
 * still be above the earlier one (one-sided 5 %).  A row is never cut in two, so what
 * one row holds is always in one window.
 *
 * The question is asked again after every poll.  That is many chances to be wrong, so
 * alpha is far below 5 %, and while there is little data only a part of it is spent
 * (alpha * span / full_span), because a young series changes most from look to look.
 * TREND_DEFAULTS were found by simulation, 2,000 series each, independent Poisson
 * counts, asked after every day:
 *   flat for 60 days, ever called rising:  0.5 a day 0.5 %, 3 a day 1.6 %, 20 a day
 *   3.5 %; tripling from 20 to 60 a week in 8 weeks: rising at the end 94 %, ever 97 %;
 *   tripling from 10 to 30 a week: 60 % and 76 %; ten times the usual for one of 60
 *   days: ever 3 %, at the end under 1 %; for a whole week: 9 % and 1 %.
 * A single question has the same alpha, so that one set of numbers has one answer.
 * Counts that come in heaps (a daily rate spread like an exponential) say rising a
 * little more often: ever, 3 to 6 %.  Ask about the last two months or so: a series
 * asked about for ever from its first day would spend more.
 *
 * Pure functions: no clock, no chance.
 */
#ifndef TOSD_CASES_TREND_H
#define TOSD_CASES_TREND_H

#include <stddef.h>
#include <stdint.h>

struct trend_row {
	int64_t time; /* ms; rows must rise by time */
	uint64_t items, violations;
};

struct trend_options {
	double alpha;	      /* of each test, one-sided */
	unsigned windows;     /* at most; 4..64 */
	unsigned min_windows; /* below any of these: insufficient */
	uint64_t min_items;
	uint64_t min_violations;
	int64_t min_span;  /* ms from the first row to the last */
	int64_t burst;	   /* ms: what lasts no longer is no steady rise */
	int64_t full_span; /* ms from which on alpha is used in full */
};
extern const struct trend_options TREND_DEFAULTS;

enum trend_verdict { TREND_INSUFFICIENT, TREND_STEADY, TREND_RISING, TREND_FALLING };
const char *trend_verdict_name(enum trend_verdict v);

struct trend_result {
	enum trend_verdict verdict;
	/* Rate of the later half to the earlier half, with its exact 95 % interval.
	 * INFINITY if the earlier half has no violation; NAN if there is nothing. */
	double rate_ratio, low, high;
	double p; /* the larger of both tests' p, in the direction of the ratio */
	uint64_t items, violations;
	unsigned windows;
};

/* options NULL: TREND_DEFAULTS. */
void trend_test(const struct trend_row *rows, size_t n,
    const struct trend_options *options, struct trend_result *out);

/* One-sided p of Mann-Kendall for a rise of v: exact by counting permutations
 * (Kendall 1938) without ties and n <= 40, else normal with the variance corrected
 * for ties and for continuity.  1 for n < 2.  sign: 1 for a rise, -1 for a fall. */
double trend_rank_p(const double *v, size_t n, int sign);

#endif
