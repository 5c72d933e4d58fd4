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

double
policy_fusion_found(const struct finding *v, uint32_t n, const char *category)
{
	double best = 0;

	for (uint32_t i = 0; i < n; i++)
		if (v[i].score > best && strcmp(v[i].category, category) == 0)
			best = v[i].score;
	return best;
}
