/* SPDX-License-Identifier: Apache-2.0 */
/* measure: the numbers behind a notice; see measure.h. */
#include "cases/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cases/chance.h"

/* Garwood, Biometrika 28 (1936): the limits for a count k are chi-square quantiles
 * of 2k and 2k + 2 degrees of freedom, halved. */
void
measure_rate(
    uint64_t items, uint64_t violations, uint64_t min_items, struct measure_rate *out)
{
	double scale, k = (double)violations;

	*out = (struct measure_rate){.items = items, .violations = violations};
	if (items == 0)
		return;
	scale = 1000.0 / (double)items;
	out->per_1000 = k * scale;
	out->low = violations > 0 ? chance_gamma_quantile(0.025, k) * scale : 0;
	out->high = chance_gamma_quantile(0.975, k + 1) * scale;
	out->enough = items >= min_items;
}

void
measure_weighted_rate(uint64_t items, double sum, double squares, double most,
    struct measure_weighted *out)
{
	double scale = items > 0 ? 1000.0 / (double)items : 0;
	double y = sum + most, v = squares + most * most;

	*out = (struct measure_weighted){.count = sum};
	if (sum > 0)
		out->count_low =
		    squares / sum * chance_gamma_quantile(0.025, sum * sum / squares);
	out->count_high = v / y * chance_gamma_quantile(0.975, y * y / v);
	out->per_1000 = sum * scale;
	out->low = out->count_low * scale;
	out->high = out->count_high * scale;
}

/* Wilson, JASA 22 (1927). */
static void
wilson(double p, double n, struct measure_share *out)
{
	double z2 = CHANCE_Z95 * CHANCE_Z95;
	double mid = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half =
	    CHANCE_Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);

	out->share = p;
	/* The ends are exact at none and all; rounding must not put them beside it. */
	out->low = p <= 0 ? 0 : mid - half;
	out->high = p >= 1 ? 1 : mid + half;
}

void
measure_share(uint64_t part, uint64_t whole, struct measure_share *out)
{
	*out = (struct measure_share){.part = part, .whole = whole, .high = 1};
	if (whole > 0)
		wilson((double)part / (double)whole, (double)whole, out);
}

/* Kish, Survey Sampling (1965): unequal weights are worth fewer equal ones. */
void
measure_weighted_share(
    double part, double whole, double squares, struct measure_share *out)
{
	*out = (struct measure_share){.high = 1};
	if (whole > 0)
		wilson(part < whole ? part / whole : 1, whole * whole / squares, out);
}

/* --- takedown -----------------------------------------------------------------------
 */

enum fate { FATE_OUT, FATE_REMOVED, FATE_ONLINE, FATE_UNKNOWN };

/* What is known of one at `now`; *span: ms until removal, or watched so far. */
static enum fate
fate_of(const struct measure_takedown *t, int64_t now, int64_t *span)
{
	int64_t seen = t->last_online < now ? t->last_online : now;

	*span = 0;
	if (t->reported == CLOCK_NONE || t->reported > now)
		return FATE_OUT;
	if (t->ended != CLOCK_NONE && t->ended <= now) {
		*span = t->ended > t->reported ? t->ended - t->reported : 0;
		return FATE_REMOVED;
	}
	if (t->last_online == CLOCK_NONE || seen < t->reported)
		return FATE_UNKNOWN;
	*span = seen - t->reported;
	return FATE_ONLINE;
}

struct watch {
	int64_t span;
	bool gone;
};

/* Removals before losses of sight at the same time: what was last seen online then
 * was still at risk. */
static int
by_span(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	if (x->span != y->span)
		return x->span < y->span ? -1 : 1;
	return (int)y->gone - (int)x->gone;
}

static size_t
watches(const struct measure_takedown *v, size_t n, int64_t now, struct watch **out)
{
	struct watch *w = xcalloc(n > 0 ? n : 1, sizeof(*w));
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		enum fate f = fate_of(&v[i], now, &w[k].span);

		w[k].gone = f == FATE_REMOVED;
		k += f == FATE_REMOVED || f == FATE_ONLINE;
	}
	qsort(w, k, sizeof(*w), by_span);
	*out = w;
	return k;
}

size_t
measure_survival(
    const struct measure_takedown *v, size_t n, int64_t now, struct measure_step **out)
{
	struct watch *w;
	size_t k = watches(v, n, now, &w), steps = 0;
	double online = 1;

	*out = xcalloc(k > 0 ? k : 1, sizeof(**out));
	for (size_t i = 0; i < k;) {
		size_t watched = k - i, gone = 0;
		int64_t span = w[i].span;

		for (; i < k && w[i].span == span; i++)
			gone += w[i].gone;
		if (gone == 0)
			continue;
		online *= (double)(watched - gone) / (double)watched;
		(*out)[steps++] = (struct measure_step){span, online, gone, watched};
	}
	free(w);
	return steps;
}

double
measure_gone(const struct measure_takedown *v, size_t n, int64_t now, int64_t after)
{
	struct measure_step *s;
	size_t k = measure_survival(v, n, now, &s);
	double gone = 0;

	for (size_t i = 0; i < k && s[i].after <= after; i++)
		gone = 1 - s[i].online;
	free(s);
	return gone;
}

void
measure_process(const struct measure_takedown *v, size_t n, int64_t now,
    struct measure_process *out)
{
	struct measure_share share;
	struct measure_step *s;
	int64_t span;
	size_t k;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		enum fate f = fate_of(&v[i], now, &span);

		out->reported += f != FATE_OUT;
		out->removed += f == FATE_REMOVED;
		out->online += f == FATE_ONLINE;
		out->unknown += f == FATE_UNKNOWN;
	}
	measure_share(out->removed, (uint64_t)out->removed + out->online, &share);
	out->removal_rate = share.share;
	out->removal_low = share.low;
	out->removal_high = share.high;
	out->median_takedown = CLOCK_NONE;
	k = measure_survival(v, n, now, &s);
	/* The product of fractions can end a few bits above one half. */
	for (size_t i = 0; i < k && out->median_takedown == CLOCK_NONE; i++)
		if (s[i].online <= 0.5 + 1e-12)
			out->median_takedown = s[i].after;
	free(s);
}

/* --- recurrence and backlog --- */

void
measure_recurrence(const struct measure_return *v, size_t n, int64_t window,
    int64_t now, struct measure_share *out)
{
	uint64_t whole = 0, back = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t ended = v[i].ended, again = v[i].again;

		if (ended == CLOCK_NONE || ended > now || now - ended < window)
			continue;
		whole++;
		back += again != CLOCK_NONE && again > ended && again - ended <= window;
	}
	measure_share(back, whole, out);
}

bool
measure_slope(const struct measure_point *v, size_t n, double *per_day)
{
	double x0 = 0, y0 = 0, xx = 0, xy = 0;

	*per_day = 0;
	for (size_t i = 0; i < n; i++) {
		/* Around the first time: ms since 1970 would eat the precision. */
		x0 += (double)(v[i].time - v[0].time) / (double)CLOCK_DAY / (double)n;
		y0 += v[i].value / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		double x = (double)(v[i].time - v[0].time) / (double)CLOCK_DAY - x0;

		xx += x * x;
		xy += x * (v[i].value - y0);
	}
	if (n < 2 || !(xx > 0))
		return false;
	*per_day = xy / xx;
	return true;
}

size_t
measure_backlog(const struct measure_takedown *v, size_t n, int64_t time)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += v[i].reported != CLOCK_NONE && v[i].reported <= time &&
		     (v[i].ended == CLOCK_NONE || v[i].ended > time);
	return k;
}
