/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chance: the few distributions that the measures need, exact to about 1e-12.
 * Pure functions; nothing is owned.  Formulas: Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 6.5 (gamma), 26.5 (beta), 26.2 (normal).
 */
#ifndef TOSD_CASES_CHANCE_H
#define TOSD_CASES_CHANCE_H

#include <stdint.h>

#define CHANCE_Z95 1.959963984540054 /* the normal's 0.975 quantile */

/* Regularised lower incomplete gamma function P(a, x); a > 0, x >= 0. */
double chance_gamma(double a, double x);
/* The x with P(a, x) = p; 0 < p < 1.  Half the chi-square quantile of 2a degrees. */
double chance_gamma_quantile(double p, double a);

/* Regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1. */
double chance_beta(double x, double a, double b);
double chance_beta_quantile(double p, double a, double b);

/* P(Z >= z) of the standard normal. */
double chance_normal_above(double z);

/* P(X >= k) of a binomial with n trials of chance p. */
double chance_binomial_above(uint64_t k, uint64_t n, double p);

#endif
