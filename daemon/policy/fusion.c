/* SPDX-License-Identifier: Apache-2.0 */
/* fusion: see fusion.h. */
#include "policy/fusion.h"

#include <math.h>
#include <string.h>

#define SURE 1e-6 /* how near to 0 and 1 a chance may come */

double
policy_fusion(double p, double hit, double none, double found)
{
	double z;

	p = p < SURE ? SURE : p > 1 - SURE ? 1 - SURE : p;
	z = log(p / (1 - p)) + (found < 0 ? none : hit * found);
	return 1 / (1 + exp(-z));
}

double
policy_fusion_enforced(const struct finding *v, uint32_t n, const char *category,
    uint32_t from, uint32_t to)
{
	double best = -1;

	for (uint32_t i = 0; i < n; i++)
		if ((i < from || i >= to) && v[i].mode == MODE_ENFORCE &&
		    v[i].score > best && strcmp(v[i].category, category) == 0)
			best = v[i].score;
	return best;
}

static double
highest(const struct finding *v, uint32_t n, const char *category)
{
	double best = 0;

	for (uint32_t i = 0; i < n; i++)
		if (v[i].score > best && strcmp(v[i].category, category) == 0)
			best = v[i].score;
	return best;
}

double
policy_fusion_score(const struct finding *v, uint32_t n, const char *category,
    const struct msg_opinion *o, uint32_t nopinions)
{
	bool opinion = false;
	double best = 0, s;

	for (uint32_t k = 0; k < nopinions; k++) {
		if (strcmp(o[k].category, category) != 0)
			continue;
		s = policy_fusion(o[k].value, o[k].hit, o[k].none,
		    policy_fusion_enforced(
			v, n, category, o[k].first, o[k].first + o[k].n));
		best = !opinion || s > best ? s : best;
		opinion = true;
	}
	return opinion ? best : highest(v, n, category);
}
