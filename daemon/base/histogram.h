/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram: how long something took, counted in fixed classes, so that a page of
 * metrics tells median and tail without any sample being kept.  Spans in ms.
 */
#ifndef TOSD_BASE_HISTOGRAM_H
#define TOSD_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_CLASSES 12

/* Upper bounds of all classes but the last, which has none. */
extern const int64_t histogram_bounds[HISTOGRAM_CLASSES - 1];

struct histogram { /* all zero: empty */
	uint64_t n[HISTOGRAM_CLASSES]; /* each for itself, not added up */
	uint64_t count;
	int64_t sum;
};

/* A negative span (a clock set back) counts as 0. */
void histogram_add(struct histogram *h, int64_t span);

/* The upper bound of the class that the share q (0 to 1) of all spans reaches into;
 * -1 for the class without one, 0 if there is no span. */
int64_t histogram_quantile(const struct histogram *h, double q);

#endif
