/* SPDX-License-Identifier: Apache-2.0 */
/* histogram: spans in classes; see histogram.h. */
#include "base/histogram.h"

const int64_t histogram_bounds[HISTOGRAM_CLASSES - 1] = {
    1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30000};

void
histogram_add(struct histogram *h, int64_t span)
{
	int i = 0;

	if (span < 0)
		span = 0;
	while (i < HISTOGRAM_CLASSES - 1 && span > histogram_bounds[i])
		i++;
	h->n[i]++;
	h->count++;
	h->sum += span;
}

int64_t
histogram_quantile(const struct histogram *h, double q)
{
	uint64_t below = 0;

	if (h->count == 0)
		return 0;
	for (int i = 0; i < HISTOGRAM_CLASSES - 1; i++) {
		below += h->n[i];
		if ((double)below >= q * (double)h->count)
			return histogram_bounds[i];
	}
	return -1;
}
