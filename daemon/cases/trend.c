/* SPDX-License-Identifier: Apache-2.0 */
/* trend: steady rise or not; see trend.h. */
#include "cases/trend.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "cases/chance.h"

#define WINDOWS_MAX 64
#define EXACT_MAX 40 /* ranks counted exactly up to here */
#define BURST_ALPHA 0.05

const struct trend_options TREND_DEFAULTS = {
    .alpha = 0.01,
    .windows = 16,
    .min_windows = 6,
    .min_items = 200,
    .min_violations = 20,
    .min_span = 7 * CLOCK_DAY,
    .burst = 7 * CLOCK_DAY,
    .full_span = 56 * CLOCK_DAY,
};

const char *
trend_verdict_name(enum trend_verdict v)
{
	static const char *const names[] = {
	    "insufficient", "steady", "rising", "falling"};

	return names[v];
}

struct window {
	uint64_t items, violations;
	size_t first; /* its first row */
};

/* --- Mann-Kendall --------------------------------------------------------------------
 */

/* P(S >= s) over all orders of n different values.  ways[k]: the share of orders with
 * k pairs out of order, built up one value at a time. */
static double
rank_exact(long s, size_t n)
{
	double ways[EXACT_MAX * (EXACT_MAX - 1) / 2 + 1] = {1}, p = 0;
	long pairs = (long)(n * (n - 1) / 2), last = 0;

	for (long m = 2; m <= (long)n; m++) {
		double next[EXACT_MAX * (EXACT_MAX - 1) / 2 + 1] = {0};

		for (long k = 0; k <= last; k++)
			for (long j = 0; j < m; j++)
				next[k + j] += ways[k] / (double)m;
		last += m - 1;
		memcpy(ways, next, sizeof(ways));
	}
	/* S = pairs - 2 * (pairs out of order) */
	for (long k = 0; k <= (pairs - s) / 2; k++)
		p += ways[k];
	return p < 1 ? p : 1;
}

/* Kendall, Rank Correlation Methods: variance with groups of t equal values. */
static double
rank_normal(const double *v, size_t n, long s)
{
	double var = (double)n * (double)(n - 1) * (2.0 * (double)n + 5);

	for (size_t i = 0; i < n; i++) {
		size_t equal = 0;

		/* Each of a group of t adds (t-1)(2t+5), so the group t(t-1)(2t+5). */
		for (size_t j = 0; j < n; j++)
			equal += v[j] == v[i];
		var -= (double)(equal - 1) * (2.0 * (double)equal + 5);
	}
	if (!(var > 0))
		return 1;
	return chance_normal_above((double)(s - 1) / sqrt(var / 18));
}

double
trend_rank_p(const double *v, size_t n, int sign)
{
	bool ties = false;
	long s = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			s += (v[j] > v[i]) - (v[j] < v[i]);
			ties |= v[j] == v[i];
		}
	s *= sign;
	if (n < 2)
		return 1;
	return ties || n > EXACT_MAX ? rank_normal(v, n, s) : rank_exact(s, n);
}

/* --- windows
 * -------------------------------------------------------------------------- */

/* Each window takes rows until it is nearest to its equal share of what is left; a
 * row larger than that makes one large window and the others share the rest. */
static unsigned
cut(const struct trend_row *rows, size_t n, uint64_t items, unsigned want,
    struct window *w)
{
	double left = (double)items;
	unsigned k = 0;

	memset(w, 0, WINDOWS_MAX * sizeof(*w));
	for (size_t i = 0; i < n; i++) {
		double with = (double)w[k].items + (double)rows[i].items / 2;

		if (k + 1 < want && w[k].items > 0 && with > left / (want - k)) {
			left -= (double)w[k].items;
			w[++k].first = i;
		}
		w[k].items += rows[i].items;
		w[k].violations += rows[i].violations;
	}
	return w[k].items > 0 ? k + 1 : k;
}

static struct window
sum(const struct trend_row *rows, size_t from, size_t to)
{
	struct window s = {0, 0, from};

	for (size_t i = from; i < to; i++) {
		s.items += rows[i].items;
		s.violations += rows[i].violations;
	}
	return s;
}

static double
rate(const struct window *w)
{
	return w->items > 0 ? (double)w->violations / (double)w->items : 0;
}

/* --- the two halves
 * --------------------------------------------------------------------- */

/* P(so many or more in `more`), were both rates equal: given the sum, the count is
 * binomial (Przyborowski and Wilenski, Biometrika 31, 1940). */
static double
excess_p(const struct window *more, const struct window *less)
{
	double p0 = (double)more->items / (double)(more->items + less->items);

	return chance_binomial_above(
	    more->violations, more->violations + less->violations, p0);
}

/* Rate ratio b / a; its interval is Clopper and Pearson's (1934) for b's share of the
 * violations, carried over to the ratio. */
static void
set_ratio(const struct window *a, const struct window *b, struct trend_result *out)
{
	double x = (double)b->violations, y = (double)a->violations;
	double scale = (double)a->items / (double)b->items, q;

	out->rate_ratio = y > 0 ? x / y * scale : x > 0 ? INFINITY : NAN;
	out->low = 0;
	out->high = INFINITY;
	if (x > 0) {
		q = chance_beta_quantile(0.025, x, y + 1);
		out->low = q / (1 - q) * scale;
	}
	if (y > 0) {
		q = chance_beta_quantile(0.975, x + 1, y);
		out->high = q / (1 - q) * scale;
	}
}

/* The rows of a half without the stretch of `burst` ms with most violations. */
static struct window
without_burst(const struct trend_row *rows, size_t from, size_t to, int64_t burst)
{
	struct window all = sum(rows, from, to), in = {0, 0, 0}, worst = {0, 0, 0};

	for (size_t i = from, tail = from; i < to; i++) {
		in.items += rows[i].items;
		in.violations += rows[i].violations;
		for (; rows[i].time - rows[tail].time >= burst && tail < i; tail++) {
			in.items -= rows[tail].items;
			in.violations -= rows[tail].violations;
		}
		if (in.violations > worst.violations)
			worst = in;
	}
	all.items -= worst.items;
	all.violations -= worst.violations;
	return all;
}

/* The first row of the window whose edge is nearest to half of the exposure. */
static size_t
middle(const struct window *w, size_t n, uint64_t items)
{
	uint64_t before = 0;
	size_t i = 0;

	while (i + 1 < n && (i == 0 || before + w[i].items / 2 < items / 2))
		before += w[i++].items;
	return w[i].first;
}

/* Alpha for data of this length: see trend.h. */
static double
spend(const struct trend_options *o, int64_t span)
{
	return span >= o->full_span ? o->alpha
				    : o->alpha * (double)span / (double)o->full_span;
}

void
trend_test(const struct trend_row *rows, size_t n, const struct trend_options *options,
    struct trend_result *out)
{
	const struct trend_options *o = options != NULL ? options : &TREND_DEFAULTS;
	unsigned want = o->windows < WINDOWS_MAX ? o->windows : WINDOWS_MAX;
	struct window w[WINDOWS_MAX], a, b, rest;
	double rates[WINDOWS_MAX] = {0}, rank;
	int64_t span;
	size_t mid;
	bool up;

	b = sum(rows, 0, n);
	*out = (struct trend_result){.rate_ratio = NAN,
	    .high = INFINITY,
	    .p = 1,
	    .items = b.items,
	    .violations = b.violations};
	out->windows = cut(rows, n, out->items, want > 1 ? want : 2, w);
	if (out->windows < 2)
		return;
	mid = middle(w, out->windows, out->items);
	a = sum(rows, 0, mid);
	b = sum(rows, mid, n);
	set_ratio(&a, &b, out);
	up = rate(&b) >= rate(&a);
	for (size_t i = 0; i < out->windows; i++)
		rates[i] = rate(&w[i]);
	rank = trend_rank_p(rates, out->windows, up ? 1 : -1);
	out->p = fmax(up ? excess_p(&b, &a) : excess_p(&a, &b), rank);
	span = rows[n - 1].time - rows[0].time;
	if (out->windows < o->min_windows || out->items < o->min_items ||
	    out->violations < o->min_violations || span < o->min_span)
		return;
	out->verdict = TREND_STEADY;
	if (out->p > spend(o, span))
		return;
	rest = up ? without_burst(rows, mid, n, o->burst)
		  : without_burst(rows, 0, mid, o->burst);
	if (rest.items > 0 && excess_p(&rest, up ? &a : &b) <= BURST_ALPHA)
		out->verdict = up ? TREND_RISING : TREND_FALLING;
}
