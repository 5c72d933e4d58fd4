/* SPDX-License-Identifier: Apache-2.0 */
/* verdict: what counts; see verdict.h. */
#include "policy/verdict.h"

#include <string.h>

bool
policy_is_safety(const struct finding *f)
{
	return strcmp(f->category, "safety") == 0;
}

/* The mode in force for the item: MODE_CANARY is within the canary's share. */
static bool
may_count(const struct finding *f)
{
	return f->mode == MODE_ENFORCE || f->mode == MODE_CANARY;
}

/* The safety desk are people of ours: they hear of a canary's finding at once. */
static enum policy_lane
lane_of(const struct finding *f)
{
	if (policy_is_safety(f))
		return POLICY_LANE_SAFETY;
	return f->mode == MODE_CANARY ? POLICY_LANE_REVIEW : POLICY_LANE_CASE;
}

/* Of the same rule: does b speak louder than a? */
static bool
outranked(const struct finding *f, size_t a, size_t b)
{
	if (a == b || !may_count(&f[b]) || strcmp(f[a].rule, f[b].rule) != 0)
		return false;
	return f[b].score > f[a].score || (f[b].score == f[a].score && b < a);
}

size_t
policy_verdict(
    const struct finding *f, size_t n, double threshold, enum policy_lane *lanes)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		bool counts = may_count(&f[i]) && f[i].score >= threshold;

		for (size_t k = 0; counts && k < n; k++)
			counts = !outranked(f, i, k);
		lanes[i] = POLICY_LANE_NONE;
		if (counts) {
			lanes[i] = lane_of(&f[i]);
			count++;
		}
	}
	return count;
}
