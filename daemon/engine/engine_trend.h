/* SPDX-License-Identifier: Apache-2.0 */
/* engine_trend: is there a steady rise of a tenant's violations that is not one of our
 * rules; see engine_trend.c. */
#ifndef TOSD_ENGINE_ENGINE_TREND_H
#define TOSD_ENGINE_ENGINE_TREND_H

#include "cases/trend.h"
#include "engine/engine_in.h"

struct engine_trend {
	uint64_t items, violations; /* all that was seen, by all rules */
	struct trend_result trend;  /* of rules that were the same all the time */
	unsigned left_out;	    /* rules with violations that were not */
};
/* What was seen of a tenant from `from' to `to'. */
void engine_trend(struct engine *g, const char *tenant, int64_t from, int64_t to,
    struct engine_trend *out);

/* What a start finds. */
void engine_trend_load(struct engine *g);
/* The rules that are loaded, or where they begin, may have changed. */
void engine_trend_rules(struct engine *g, int64_t now);

#endif
