/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter: to which rules of a plugin its time goes.  The plugin says when it is done with a
 * rule (spent() of <tosd/policy.h>), the clock is ours, and only some items are measured,
 * so that it costs next to nothing: each of the first, then one of METER_EVERY, which
 * stands for all of them.  What a rule took of an item is one entry of its cost, so its
 * tail is that of the items it was tried on.
 */
#ifndef TOSD_POLICY_METER_H
#define TOSD_POLICY_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cost.h"

#define METER_FIRST 256
#define METER_EVERY 32

struct policy_meter { /* all zero: nothing yet */
	struct policy_spent {
		uint32_t rule;
		bool tried; /* on the item in hand, of which it took so many ns */
		uint64_t took;
		struct cost cost; /* since policy_meter_drop() */
	} *v;
	size_t n, cap;
	uint32_t *place; /* of each rule in v, + 1; 0: nowhere */
	size_t nrules;
	uint64_t items;
	uint32_t weight; /* of the item in hand; 0: it is not measured */
	int64_t mark;	 /* ns: what came before is told of */
};

/* What measuring an item begins and ends with. */
void policy_meter_open(struct policy_meter *m, size_t nrules);
void policy_meter_close(struct policy_meter *m);

/* Around a check() of a plugin with so many rules.  Most items are not measured. */
static inline void
policy_meter_begin(struct policy_meter *m, size_t nrules)
{
	m->weight = 0;
	if (++m->items <= METER_FIRST || m->items % METER_EVERY == 0)
		policy_meter_open(m, nrules);
}

static inline void
policy_meter_end(struct policy_meter *m)
{
	if (m->weight > 0)
		policy_meter_close(m);
}

/* The time since the mark went to this rule, or to none (-1).  False: not measured. */
bool policy_meter_spent(struct policy_meter *m, int64_t rule);
/* Forgets what was counted of the first n of v; the others move up. */
void policy_meter_drop(struct policy_meter *m, size_t n);
void policy_meter_free(struct policy_meter *m);

#endif
