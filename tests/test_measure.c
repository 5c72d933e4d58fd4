/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_measure: the measures against published figures, and the trend test against
 * simulated tenants (a fixed seed: the same series every time).
 */
#include "cases/measure.h"

#include <math.h>
#include <string.h>

#include "cases/chance.h"
#include "cases/trend.h"
#include "suite.h"

#define NEAR(a, b, eps) CU_ASSERT_DOUBLE_EQUAL(a, b, eps)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- distributions ------------------------------------------------------------------
 */

static void
test_chance(void)
{
	/* Chi-square quantiles: NIST/SEMATECH e-Handbook, table 1.3.6.7.4, printed
	 * with three decimals. */
	static const struct {
		double p, df, value;
	} chi[] = {{0.95, 1, 3.841}, {0.95, 10, 18.307}, {0.975, 2, 7.378},
	    {0.975, 20, 34.170}, {0.99, 100, 135.807}, {0.05, 10, 3.940},
	    {0.025, 20, 9.591}, {0.01, 1, 0.000157}};
	/* Closed forms: P(1, x) = 1 - exp(-x); I_x(a, 1) = x^a. */
	static const double xs[] = {1e-9, 0.1, 1, 3, 20};

	for (size_t i = 0; i < COUNT(chi); i++)
		NEAR(2 * chance_gamma_quantile(chi[i].p, chi[i].df / 2), chi[i].value,
		    6e-4);
	for (size_t i = 0; i < COUNT(xs); i++) {
		NEAR(chance_gamma(1, xs[i]), -expm1(-xs[i]), 1e-14);
		NEAR(chance_gamma(0.5, xs[i]), erf(sqrt(xs[i])), 1e-13);
		NEAR(chance_beta(xs[i] / 21, 3, 1), pow(xs[i] / 21, 3), 1e-14);
	}
	/* P(a, x) + Q(a, x) over the border of series and fraction, large a. */
	NEAR(chance_gamma(1e5, 1e5), 0.5 + 1 / (3 * sqrt(2 * M_PI * 1e5)), 1e-7);
	NEAR(chance_gamma(1e5, chance_gamma_quantile(0.3, 1e5)), 0.3, 1e-9);
	/* Where another formula takes over, both answers meet. */
	NEAR(chance_gamma(0.999e6, 1e6), chance_gamma(1.001e6, 1.002e6), 5e-4);
	NEAR(chance_beta(0.10003, 0.999e7, 8.991e7),
	    chance_beta(0.10003, 1.001e7, 9.009e7), 5e-4);
	NEAR(chance_beta(1e-7, 7, 9.99e7), chance_beta(1e-7, 7, 1.0001e8), 0.01);
	NEAR(chance_gamma_quantile(0.975, 1e6 + 1) / chance_gamma_quantile(0.975, 1e6),
	    1.000001, 1e-7);
	NEAR(chance_normal_above(CHANCE_Z95), 0.025, 1e-15);
	NEAR(chance_beta(chance_beta_quantile(0.2, 7, 3), 7, 3), 0.2, 1e-12);
	/* Ten throws of a coin: 1 + 10 + 45 of 1,024 have eight heads or more. */
	NEAR(chance_binomial_above(8, 10, 0.5), 56.0 / 1024, 1e-15);
	CU_ASSERT_EQUAL(chance_binomial_above(0, 10, 0.5), 1);
	CU_ASSERT_EQUAL(chance_binomial_above(11, 10, 0.5), 0);
}

/* --- measures ------------------------------------------------------------------------
 */

/* P(X <= k) of a Poisson count, term by term. */
static double
poisson_upto(uint64_t k, double mean)
{
	double p = 0;

	for (uint64_t i = 0; i <= k; i++)
		p += exp((double)i * log(mean) - mean - lgamma((double)i + 1));
	return p;
}

static void
test_rate(void)
{
	/* Factors of the count: NCHS, Vital Statistics, technical notes, "Lower and
	 * upper 95% confidence limit factors" (five decimals). */
	static const struct {
		uint64_t k;
		double low, high;
	} known[] = {{1, 0.02532, 5.57164}, {2, 0.12110, 3.61234},
	    {3, 0.20622, 2.92242}, {10, 0.47954, 1.83904}};
	static const uint64_t counts[] = {1, 2, 7, 30, 100, 137, 1000};
	struct measure_rate r;

	for (size_t i = 0; i < COUNT(known); i++) {
		measure_rate(1000 * known[i].k, known[i].k, 100, &r);
		NEAR(r.low, known[i].low, 5.1e-6);
		NEAR(r.high, known[i].high, 5.1e-6);
		NEAR(r.per_1000, 1, 1e-12);
		CU_ASSERT_TRUE(r.enough);
	}
	/* What "exact" means: 2.5 % in each tail, by another way of summing. */
	for (size_t i = 0; i < COUNT(counts); i++) {
		measure_rate(1000, counts[i], 100, &r);
		NEAR(1 - poisson_upto(counts[i] - 1, r.low), 0.025, 1e-9);
		NEAR(poisson_upto(counts[i], r.high), 0.025, 1e-9);
	}
	measure_rate(1000, 0, 100, &r);
	CU_ASSERT_EQUAL(r.low, 0);
	NEAR(r.high, -log(0.025), 1e-9);
	measure_rate(99, 5, 100, &r);
	CU_ASSERT_FALSE(r.enough);
	measure_rate(0, 0, 0, &r);
	CU_ASSERT_TRUE(!r.enough && r.high == 0);
	measure_rate(UINT64_C(4000000000), 20000000, 1, &r);
	CU_ASSERT_TRUE(r.low < r.per_1000 && r.per_1000 < r.high);
	NEAR(r.high - r.low, 2 * CHANCE_Z95 * sqrt(2e7) / 4e6, 3e-7);
}

static void
test_share(void)
{
	/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3. */
	static const struct {
		uint64_t k, n;
		double low, high;
	} known[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605},
	    {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
	struct measure_share s;

	for (size_t i = 0; i < COUNT(known); i++) {
		measure_share(known[i].k, known[i].n, &s);
		NEAR(s.low, known[i].low, 5.1e-5);
		NEAR(s.high, known[i].high, 5.1e-5);
	}
	measure_share(20, 20, &s);
	CU_ASSERT_TRUE(s.high == 1 && s.share == 1);
	measure_share(0, 0, &s);
	CU_ASSERT_TRUE(s.low == 0 && s.high == 1);
}

/* Weeks in remission under 6-MP, + still in remission: Freireich and others, Blood
 * 21 (1963), the textbook example of Kaplan and Meier's estimate. */
static size_t
remission(struct measure_takedown *v)
{
	static const struct {
		int weeks;
		bool lost;
	} data[] = {{6, false}, {6, false}, {6, false}, {7, false}, {10, false},
	    {13, false}, {16, false}, {22, false}, {23, false}, {6, true}, {9, true},
	    {10, true}, {11, true}, {17, true}, {19, true}, {20, true}, {25, true},
	    {32, true}, {32, true}, {34, true}, {35, true}};

	for (size_t i = 0; i < COUNT(data); i++)
		v[i] = data[i].lost ? (struct measure_takedown){1000, CLOCK_NONE,
					  1000 + data[i].weeks}
				    : (struct measure_takedown){
					  1000, 1000 + data[i].weeks, 1000};
	return COUNT(data);
}

static void
test_survival(void)
{
	/* Kleinbaum and Klein, Survival Analysis, section 2.I. */
	static const double online[] = {
	    0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448};
	static const int after[] = {6, 7, 10, 13, 16, 22, 23};
	struct measure_takedown v[32];
	struct measure_process p;
	struct measure_step *s;
	size_t n = remission(v);

	CU_ASSERT_EQUAL_FATAL(measure_survival(v, n, 5000, &s), COUNT(online));
	for (size_t i = 0; i < COUNT(online); i++) {
		NEAR(s[i].online, online[i], 5.1e-4);
		CU_ASSERT_EQUAL(s[i].after, after[i]);
	}
	CU_ASSERT_TRUE(s[0].watched == 21 && s[0].gone == 3);
	free(s);
	NEAR(measure_gone(v, n, 5000, 5), 0, 1e-12);
	NEAR(measure_gone(v, n, 5000, 6), 1 - 0.857, 5.1e-4);
	NEAR(measure_gone(v, n, 5000, 9), 1 - 0.807, 5.1e-4);
	measure_process(v, n, 5000, &p);
	CU_ASSERT_TRUE(p.reported == 21 && p.removed == 9 && p.online == 12);
	CU_ASSERT_EQUAL(p.median_takedown, 23);
	NEAR(p.removal_rate, 9.0 / 21, 1e-12);
	/* As known earlier: the removal at 23 had not been seen at 22. */
	measure_process(v, n, 1022, &p);
	CU_ASSERT_EQUAL(p.median_takedown, CLOCK_NONE);
	CU_ASSERT_EQUAL(p.removed, 8);
}

static void
test_process_edges(void)
{
	struct measure_takedown v[] = {
	    {100, CLOCK_NONE, 50},	   /* not looked at since the report */
	    {100, CLOCK_NONE, CLOCK_NONE}, /* never */
	    {CLOCK_NONE, 150, 120},	   /* not reported */
	    {900, CLOCK_NONE, 950},	   /* reported later than now */
	    {100, 90, 80},		   /* gone before the report arrived */
	    {100, 160, 150},
	};
	struct measure_process p;

	measure_process(NULL, 0, 0, &p);
	CU_ASSERT_TRUE(p.reported == 0 && p.median_takedown == CLOCK_NONE);
	CU_ASSERT_TRUE(p.removal_low == 0 && p.removal_high == 1);
	measure_process(v, COUNT(v), 500, &p);
	CU_ASSERT_EQUAL(p.reported, 4);
	CU_ASSERT_EQUAL(p.unknown, 2);
	CU_ASSERT_EQUAL(p.removed, 2);
	CU_ASSERT_EQUAL(p.online, 0);
	NEAR(p.removal_rate, 1, 0);
	CU_ASSERT_EQUAL(p.median_takedown, 0);
	measure_process(v, COUNT(v), 155, &p); /* the last one is still there */
	CU_ASSERT_TRUE(p.online == 1 && p.removed == 1);
	CU_ASSERT_EQUAL(measure_backlog(v, COUNT(v), 155), 3);
	CU_ASSERT_EQUAL(measure_backlog(v, COUNT(v), 160), 2);
	CU_ASSERT_EQUAL(measure_backlog(v, COUNT(v), 950), 3);
}

static void
test_recurrence_and_slope(void)
{
	struct measure_return v[] = {
	    {100, 150},	       /* came back */
	    {100, 250},	       /* later than the window */
	    {100, CLOCK_NONE}, /* stayed away */
	    {460, 470},	       /* removed too recently to tell */
	    {CLOCK_NONE, 10},
	};
	struct measure_point line[] = {{0, 10}, {CLOCK_DAY, 12}, {2 * CLOCK_DAY, 14}};
	/* Anscombe, American Statistician 27 (1973), set I: slope 0.500. */
	static const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
	static const double y[] = {
	    8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
	struct measure_point q[COUNT(x)];
	struct measure_share s;
	double slope;

	measure_recurrence(v, COUNT(v), 100, 500, &s);
	CU_ASSERT_TRUE(s.part == 1 && s.whole == 3);
	CU_ASSERT_TRUE(measure_slope(line, 3, &slope));
	NEAR(slope, 2, 1e-12);
	for (size_t i = 0; i < COUNT(x); i++)
		q[i] = (struct measure_point){
		    1760000000000 + (int64_t)x[i] * CLOCK_DAY, y[i]};
	CU_ASSERT_TRUE(measure_slope(q, COUNT(x), &slope));
	NEAR(slope, 0.5001, 5e-5);
	CU_ASSERT_FALSE(measure_slope(line, 1, &slope));
	CU_ASSERT_FALSE(measure_slope(NULL, 0, &slope));
	line[1].time = line[2].time = 0;
	CU_ASSERT_FALSE(measure_slope(line, 3, &slope));
}

/* --- trend
 * ---------------------------------------------------------------------------- */

static void
test_rank(void)
{
	/* Kendall, Rank Correlation Methods, appendix table 1: P(S >= s). */
	static const double up6[] = {1, 2, 3, 4, 5, 6},
			    mixed8[] = {1, 2, 4, 3, 5, 6, 8, 7};
	static const double tied[] = {1, 1, 1, 1}, tied2[] = {0, 0, 0, 1, 1, 2, 2, 3};

	NEAR(trend_rank_p(up6, 6, 1), 1.0 / 720, 1e-12);
	NEAR(trend_rank_p(up6, 6, -1), 1, 1e-12);
	NEAR(trend_rank_p(mixed8, 8, 1), 0.000868, 5e-6); /* S = 24 */
	CU_ASSERT_EQUAL(trend_rank_p(tied, 4, 1), 1);
	CU_ASSERT_EQUAL(trend_rank_p(up6, 1, 1), 1);
	/* S = 23, variance (8*7*21 - 3*2*11 - 2*(2*1*9)) / 18 = 59.667. */
	NEAR(trend_rank_p(tied2, 8, 1), chance_normal_above(22 / sqrt(1074.0 / 18)),
	    1e-12);
}

static void
test_ratio(void)
{
	struct trend_options o = TREND_DEFAULTS;
	struct trend_row rows[] = {{0, 1000, 10}, {CLOCK_DAY, 1000, 20}};
	struct trend_result r;

	trend_test(rows, 2, NULL, &r);
	CU_ASSERT_EQUAL(r.verdict, TREND_INSUFFICIENT);
	NEAR(r.rate_ratio, 2, 1e-12);
	/* Clopper-Pearson for 20 of 30 is 0.4719 to 0.8271 (R's binom.test). */
	NEAR(r.low, 0.4718800 / (1 - 0.4718800), 1e-5);
	NEAR(r.high, 0.8271258 / (1 - 0.8271258), 1e-4);
	NEAR(r.p, 0.5, 1e-12); /* of two windows no order says anything */
	CU_ASSERT_TRUE(r.items == 2000 && r.violations == 30 && r.windows == 2);
	rows[0].violations = 0;
	trend_test(rows, 2, &o, &r);
	CU_ASSERT_TRUE(isinf(r.rate_ratio) && isinf(r.high) && r.low > 4);
	rows[1].violations = 0;
	trend_test(rows, 2, &o, &r);
	CU_ASSERT_TRUE(isnan(r.rate_ratio) && r.low == 0);
	trend_test(rows, 0, NULL, &r);
	CU_ASSERT_TRUE(r.windows == 0 && r.verdict == TREND_INSUFFICIENT);
	rows[0].items = rows[1].items = 0;
	trend_test(rows, 2, NULL, &r);
	CU_ASSERT_TRUE(r.windows == 0 && r.p == 1);
}

static uint64_t seed;

static double
uniform(void)
{
	seed ^= seed << 13; /* Marsaglia's xorshift */
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (double)(seed >> 11) * 0x1p-53;
}

static uint64_t
poisson(double mean)
{
	double p = 1, stop = exp(-mean);
	uint64_t k = 0;

	while ((p *= uniform()) > stop)
		k++;
	return k;
}

/* Days of a tenant whose rate goes from `from` to `to` violations a day per 400
 * items; the items seen differ from day to day. */
static void
simulate(struct trend_row *rows, int days, double from, double to)
{
	for (int d = 0; d < days; d++) {
		double rate = from + (to - from) * (d + 0.5) / days;
		uint64_t items = 200 + (uint64_t)(uniform() * 400);

		rows[d] = (struct trend_row){
		    d * CLOCK_DAY, items, poisson(rate * (double)items / 400)};
	}
}

static bool
ever_rising(const struct trend_row *rows, int days)
{
	struct trend_result r;

	for (int d = 1; d <= days; d++) {
		trend_test(rows, (size_t)d, NULL, &r);
		if (r.verdict == TREND_RISING)
			return true;
	}
	return false;
}

static void
test_trend_flat(void)
{
	static const double rates[] = {1, 3, 20};
	struct trend_row rows[60];

	for (size_t k = 0; k < COUNT(rates); k++) {
		int wrong = 0;

		seed = 42 + k;
		for (int i = 0; i < 200; i++) {
			simulate(rows, 60, rates[k], rates[k]);
			wrong += ever_rising(rows, 60);
		}
		printf("(%g a day: %d of 200) ", rates[k], wrong);
		CU_ASSERT_TRUE(wrong <= 10);
	}
}

static void
test_trend_rise(void)
{
	struct trend_row rows[56];
	struct trend_result r;
	int found = 0, ratio = 0;

	seed = 7;
	for (int i = 0; i < 200; i++) {
		simulate(rows, 56, 20.0 / 7, 60.0 / 7);
		trend_test(rows, 56, NULL, &r);
		found += r.verdict == TREND_RISING;
		ratio += r.low < 1.667 && r.high > 1.667; /* 50 to 30 a week */
	}
	printf("(found %d, interval covers %d of 200) ", found, ratio);
	CU_ASSERT_TRUE(found >= 180);
	CU_ASSERT_TRUE(ratio >= 182); /* 95 %, less three standard errors */
	/* Backwards it is a fall. */
	found = 0;
	for (int i = 0; i < 50; i++) {
		simulate(rows, 56, 60.0 / 7, 20.0 / 7);
		trend_test(rows, 56, NULL, &r);
		found += r.verdict == TREND_FALLING;
		CU_ASSERT_NOT_EQUAL(r.verdict, TREND_RISING);
	}
	CU_ASSERT_TRUE(found >= 40);
}

static void
test_trend_burst(void)
{
	struct trend_row rows[60];
	struct trend_result r;
	int wrong = 0;

	seed = 99;
	for (int i = 0; i < 200; i++) {
		simulate(rows, 60, 1, 1);
		/* One raid: a hundred posts on one day of the later half. */
		rows[31 + i % 29].violations += 100;
		trend_test(rows, 60, NULL, &r);
		wrong += r.verdict == TREND_RISING;
		CU_ASSERT_TRUE(r.low > 1); /* that is what the ratio alone would say */
	}
	printf("(%d of 200) ", wrong);
	CU_ASSERT_TRUE(wrong <= 4);
}

static void
test_trend_exposure(void)
{
	struct trend_row rows[60];
	struct trend_result r;

	/* We read ten times as much of the tenant every day: more violations, at the
	 * same rate. */
	for (int d = 0; d < 60; d++) {
		uint64_t items = (uint64_t)(100 * pow(10, d / 59.0));

		rows[d] = (struct trend_row){d * CLOCK_DAY, items, (items + 25) / 50};
	}
	trend_test(rows, 60, NULL, &r);
	CU_ASSERT_EQUAL(r.verdict, TREND_STEADY);
	NEAR(r.rate_ratio, 1, 0.05);
	CU_ASSERT_TRUE(r.windows >= 12);
	/* Eight weekly rows are enough. */
	for (int w = 0; w < 8; w++)
		rows[w] =
		    (struct trend_row){7 * w * CLOCK_DAY, 5000, 20 + 6 * (uint64_t)w};
	trend_test(rows, 8, NULL, &r);
	CU_ASSERT_EQUAL(r.verdict, TREND_RISING);
	/* A day with most of everything leaves room for windows besides it. */
	rows[3].items = 1000000;
	rows[3].violations = 8000;
	trend_test(rows, 8, NULL, &r);
	CU_ASSERT_EQUAL(r.windows, 6); /* the three small days before share one */
}

/* Where all weights are the same, the intervals are those without weights. */
static void
test_weighted(void)
{
	struct measure_weighted w;
	struct measure_rate r;
	struct measure_share a, b;

	for (uint64_t k = 0; k < 40; k += 3) {
		double n = (double)k;

		measure_rate(5000, k, 0, &r);
		measure_weighted_rate(5000, n, n, 1, &w);
		NEAR(w.per_1000, r.per_1000, 1e-12);
		NEAR(w.low, r.low, 1e-9);
		NEAR(w.high, r.high, 1e-9);
		/* Each stands for twenty. */
		measure_weighted_rate(5000, 20 * n, 400 * n, 20, &w);
		NEAR(w.low, 20 * r.low, 1e-8);
		NEAR(w.high, 20 * r.high, 1e-8);
		measure_share(k, 40, &a);
		measure_weighted_share(7 * n, 280, 49 * 40, &b);
		NEAR(a.share, b.share, 1e-12);
		NEAR(a.low, b.low, 1e-12);
		NEAR(a.high, b.high, 1e-12);
	}
	/* A few that stand for many tell less than many that stand for themselves. */
	measure_weighted_rate(1000, 100, 100, 20, &w);
	NEAR(w.count, 100, 0);
	measure_rate(1000, 100, 0, &r);
	CU_ASSERT(w.high > r.high && w.low <= r.low + 1e-9);
	/* Nothing found among what stands for twenty each. */
	measure_weighted_rate(1000, 0, 0, 20, &w);
	NEAR(w.low, 0, 0);
	NEAR(w.high, 20 * 3.688879, 1e-4);
	measure_weighted_rate(0, 0, 0, 1, &w);
	NEAR(w.high, 0, 0);
	measure_weighted_share(0, 0, 0, &b);
	NEAR(b.high, 1, 0);
}

static const struct suite_test tests[] = {
    {"counts with weights", test_weighted},
    {"distributions", test_chance},
    {"rate per 1,000", test_rate},
    {"shares", test_share},
    {"time to takedown", test_survival},
    {"process, edges", test_process_edges},
    {"recurrence and backlog", test_recurrence_and_slope},
    {"rank test", test_rank},
    {"rate ratio", test_ratio},
    {"trend: flat, asked daily", test_trend_flat},
    {"trend: tripling in 8 weeks", test_trend_rise},
    {"trend: one burst", test_trend_burst},
    {"trend: exposure", test_trend_exposure},
};
SUITE_MAIN("measure", tests)
