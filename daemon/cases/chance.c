/* SPDX-License-Identifier: Apache-2.0 */
/* chance: distributions; see chance.h. */
#include "cases/chance.h"

#include <float.h>
#include <math.h>

#define GAMMA_HUGE 1e6 /* from here on a normal shape is as good, and quick */
#define BETA_HUGE 1e8

/* Series and fractions need about six times the root of their larger parameter. */
static int
steps_for(double a)
{
	return 200 + (int)(8 * sqrt(a < BETA_HUGE ? a : BETA_HUGE));
}

/* --- gamma --- */

/* A&S 6.5.29; good for x < a + 1. */
static double
gamma_series(double a, double x, double front)
{
	double term = 1 / a, sum = term;

	for (int i = 1, n = steps_for(a); i < n && term > sum * DBL_EPSILON / 4; i++) {
		term *= x / (a + i);
		sum += term;
	}
	return sum * front;
}

/* A&S 6.5.31 by Lentz's method: the upper tail; good for x > a + 1. */
static double
gamma_fraction(double a, double x, double front)
{
	double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, h = d;

	for (int i = 1, n = steps_for(x); i < n; i++) {
		double an = -i * (i - a), step;

		b += 2;
		d = an * d + b;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		c = b + an / c;
		c = fabs(c) < DBL_MIN ? DBL_MIN : c;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < DBL_EPSILON)
			break;
	}
	return h * front;
}

double
chance_gamma(double a, double x)
{
	double front;

	if (!(x > 0))
		return 0;
	if (a > GAMMA_HUGE) /* Wilson and Hilferty: the cube root is nearly normal */
		return 1 - chance_normal_above(
			       (cbrt(x / a) - 1 + 1 / (9 * a)) * 3 * sqrt(a));
	front = exp(a * log(x) - x - lgamma(a));
	return x < a + 1 ? gamma_series(a, x, front) : 1 - gamma_fraction(a, x, front);
}

/* The Wilson-Hilferty cube: where to look, and for huge counts the answer itself
 * (its relative error falls below 1e-7 there). */
static double
wilson_hilferty(double p, double a)
{
	double lo = -40, hi = 40, t;

	for (int i = 0; i < 80; i++) {
		double mid = (lo + hi) / 2;

		if (1 - chance_normal_above(mid) < p)
			lo = mid;
		else
			hi = mid;
	}
	t = 1 - 1 / (9 * a) + lo / (3 * sqrt(a));
	return t > 0 ? a * t * t * t : 0;
}

double
chance_gamma_quantile(double p, double a)
{
	double guess = wilson_hilferty(p, a), lo = 0, hi;

	if (a > GAMMA_HUGE)
		return guess;
	for (hi = guess + 1; chance_gamma(a, hi) < p; hi *= 2)
		lo = hi;
	/* Halving is slow but cannot miss: 100 steps reach the last bit. */
	for (int i = 0; i < 100 && hi - lo > hi * DBL_EPSILON; i++) {
		double mid = (lo + hi) / 2;

		if (chance_gamma(a, mid) < p)
			lo = mid;
		else
			hi = mid;
	}
	return (lo + hi) / 2;
}

/* --- beta --- */

/* A&S 26.5.8 by Lentz's method; good for x < (a + 1) / (a + b + 2). */
static double
beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;

	d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
	h = d;
	for (int m = 1, n = steps_for(a > b ? a : b); m < n; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd =
		    -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step = 1;

		for (int k = 0; k < 2; k++) {
			double t = k == 0 ? even : odd;

			d = 1 + t * d;
			d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
			c = 1 + t / c;
			c = fabs(c) < DBL_MIN ? DBL_MIN : c;
			step = d * c;
			h *= step;
		}
		if (fabs(step - 1) < DBL_EPSILON)
			break;
	}
	return h;
}

/* For counts that no tenant reaches, so that nobody can keep us busy with them. */
static double
beta_huge(double x, double a, double b)
{
	double n = a + b, sd = sqrt(a / n * b / n / n);

	if (a < GAMMA_HUGE) /* a few of very many: as good as Poisson */
		return chance_gamma(a, -b * log1p(-x));
	if (b < GAMMA_HUGE)
		return 1 - chance_gamma(b, -a * log(x));
	return 1 - chance_normal_above((x - a / n) / sd);
}

double
chance_beta(double x, double a, double b)
{
	double front;

	if (!(x > 0))
		return 0;
	if (x >= 1)
		return 1;
	if (a + b > BETA_HUGE)
		return beta_huge(x, a, b);
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
					 : 1 - front * beta_fraction(1 - x, b, a) / b;
}

double
chance_beta_quantile(double p, double a, double b)
{
	double lo = 0, hi = 1;

	for (int i = 0; i < 100 && hi - lo > hi * DBL_EPSILON; i++) {
		double mid = (lo + hi) / 2;

		if (chance_beta(mid, a, b) < p)
			lo = mid;
		else
			hi = mid;
	}
	return (lo + hi) / 2;
}

/* --- others --- */

double
chance_normal_above(double z)
{
	return erfc(z * M_SQRT1_2) / 2;
}

double
chance_binomial_above(uint64_t k, uint64_t n, double p)
{
	if (k == 0)
		return 1;
	if (k > n)
		return 0;
	return chance_beta(p, (double)k, (double)(n - k) + 1);
}
