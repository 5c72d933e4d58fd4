/* SPDX-License-Identifier: Apache-2.0 */
/* verdict: what counts; see verdict.h. */
#include "policy/verdict.h"

#include <string.h>

bool
policy_is_safety(const struct finding *f)
{
	return strcmp(f->category, "safety") == 0;
}

/* Of the same rule: does b speak louder than a? */
static bool
outranked(const struct finding *f, size_t a, size_t b)
{
	if (a == b || f[b].mode != MODE_ENFORCE || strcmp(f[a].rule, f[b].rule) != 0)
		return false;
	return f[b].score > f[a].score || (f[b].score == f[a].score && b < a);
}

size_t
policy_verdict(
    const struct finding *f, size_t n, double threshold, enum policy_lane *lanes)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		bool counts = f[i].mode == MODE_ENFORCE && f[i].score >= threshold;

		for (size_t k = 0; counts && k < n; k++)
			counts = !outranked(f, i, k);
		lanes[i] = POLICY_LANE_NONE;
		if (counts) {
			lanes[i] = policy_is_safety(&f[i]) ? POLICY_LANE_SAFETY
							   : POLICY_LANE_CASE;
			count++;
		}
	}
	return count;
}
