/* SPDX-License-Identifier: Apache-2.0 */
/* fusion: two weights, each by Newton's method on its own rows; see fusion.h. */
#include "fusion.h"

#include <stdbool.h>

#include "num.h"

#define RIDGE 5.0 /* as if so many rows said 0 */
#define MOST 4.0

static double
fit_one(const struct scored *y, const double *found, size_t n, bool hits)
{
	double w = 0;

	for (int round = 0; round < 30; round++) {
		double g = -RIDGE * w * 0.25, h = RIDGE * 0.25;

		for (size_t i = 0; i < n; i++) {
			double x = found[i] < 0 ? 1 : found[i], q;

			if ((found[i] >= 0) != hits)
				continue;
			q = num_logistic(num_logit(y[i].score) + w * x);
			g += y[i].weight * (y[i].label - q) * x;
			h += y[i].weight * q * (1 - q) * x * x;
		}
		g /= h;
		w += g > 1 ? 1 : g < -1 ? -1 : g;
		w = w > MOST ? MOST : w < -MOST ? -MOST : w;
	}
	return w;
}

void
fusion_fit(
    const struct scored *y, const double *found, size_t n, double *hit, double *none)
{
	*hit = fit_one(y, found, n, true);
	*none = fit_one(y, found, n, false);
}
