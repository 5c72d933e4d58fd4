/* SPDX-License-Identifier: Apache-2.0 */
/* cost: classes of time; see cost.h. */
#include "base/cost.h"

#define FIRST_BIT 10 /* the first class ends at 2^10 ns */

void
cost_add_many(struct cost *c, uint64_t ns, uint64_t items)
{
	int i = 0;

	while (i < COST_CLASSES - 1 && ns > (uint64_t)1 << (FIRST_BIT + i))
		i++;
	c->n[i] += items;
	c->items += items;
	c->ns += ns * items;
}

void
cost_add(struct cost *c, uint64_t ns)
{
	cost_add_many(c, ns, 1);
}

void
cost_merge(struct cost *to, const struct cost *from)
{
	to->items += from->items;
	to->failed += from->failed;
	to->ns += from->ns;
	for (int i = 0; i < COST_CLASSES; i++)
		to->n[i] += from->n[i];
}

int64_t
cost_quantile(const struct cost *c, double q)
{
	uint64_t below = 0;

	if (c->items == 0)
		return 0;
	for (int i = 0; i < COST_CLASSES - 1; i++) {
		below += c->n[i];
		if ((double)below >= q * (double)c->items)
			return (int64_t)1 << (FIRST_BIT + i);
	}
	return INT64_MAX;
}
