/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost: what a plugin took for its items, counted in classes of twice the time each, so
 * that a tail can be told without any sample being kept.  Measured for people and for the
 * gates of policy/life.h; no finding depends on it.
 */
#ifndef TOSD_BASE_COST_H
#define TOSD_BASE_COST_H

#include <stdint.h>

#define COST_CLASSES 24 /* up to 1 us, 2 us, 4 us ... 4 s, and above */

struct cost { /* all zero: nothing yet */
	uint64_t items, failed; /* failed: without a full answer */
	uint64_t ns;		/* of all items */
	uint64_t n[COST_CLASSES];
};

void cost_add(struct cost *c, uint64_t ns);
/* The same of an item that was measured for so many. */
void cost_add_many(struct cost *c, uint64_t ns, uint64_t items);
void cost_merge(struct cost *to, const struct cost *from);
/* Upper bound in ns of the class that the share q (0 to 1) of all items reaches into;
 * INT64_MAX for the class without one, 0 if there is no item. */
int64_t cost_quantile(const struct cost *c, double q);

#endif
