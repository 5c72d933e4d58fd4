/* SPDX-License-Identifier: Apache-2.0 */
/* num: see num.h.  Series by Taylor and by atanh; good to about 1e-15. */
#include "num.h"

#include <math.h>
#include <string.h>

#define LN2_HIGH 6.93147180369123816490e-01 /* the first 33 bits of ln 2 */
#define LN2_LOW 1.90821492927058770002e-10

static double
power_of_two(int n)
{
	uint64_t bits = (uint64_t)(n + 1023) << 52;
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

double
num_exp(double x)
{
	double k, r, sum = 1, term = 1;

	if (x < -700)
		return 0;
	if (x > 700)
		x = 700;
	k = (double)(int)(x / (LN2_HIGH + LN2_LOW) + (x < 0 ? -0.5 : 0.5));
	r = x - k * LN2_HIGH;
	r = r - k * LN2_LOW;
	for (int i = 1; i <= 14; i++) {
		term = term * r / i;
		sum = sum + term;
	}
	return sum * power_of_two((int)k);
}

double
num_log(double x)
{
	uint64_t bits;
	double m, s, s2, sum = 0;
	int e;

	memcpy(&bits, &x, sizeof(bits));
	e = (int)(bits >> 52 & 0x7ff) - 1023;
	bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
	memcpy(&m, &bits, sizeof(m));
	if (m > 1.4142135623730951) {
		m = m / 2;
		e++;
	}
	s = (m - 1) / (m + 1);
	s2 = s * s;
	for (int i = 27; i >= 1; i -= 2)
		sum = sum * s2 + 1.0 / i;
	return e * LN2_HIGH + (2 * s * sum + e * LN2_LOW);
}

/* IEEE 754 asks for the right bits of a root, unlike of the two above. */
double
num_sqrt(double x)
{
	return sqrt(x);
}

double
num_logistic(double x)
{
	return 1 / (1 + num_exp(-x));
}

double
num_logit(double p)
{
	if (p < 1e-9)
		p = 1e-9;
	if (p > 1 - 1e-9)
		p = 1 - 1e-9;
	return num_log(p / (1 - p));
}
