/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fusion: one score for a category from what plugins found and what they think.  Pure.
 *
 * A plugin that thinks (a classifier) gives a calibrated chance p and two weights, learned
 * where its model was trained (tosctl classifier calibrate).  The others' best enforced
 * finding in the category has the score s.  In logits:
 *
 *	fused = logit(p) + hit * s	with such a finding
 *	fused = logit(p) + none		without
 *
 * which is what a logistic regression over both gives, so that the sum is calibrated as
 * well.  Without any opinion the score is that of the highest finding of any mode.
 */
#ifndef TOSD_POLICY_FUSION_H
#define TOSD_POLICY_FUSION_H

#include <stdint.h>

#include "base/finding.h"
#include "ipc/msg.h"

/* The chance p held against a finding of score found; found < 0: there is none. */
double policy_fusion(double p, double hit, double none, double found);

/* The highest score of the enforced findings in the category but [from, to); -1: none. */
double policy_fusion_enforced(const struct finding *v, uint32_t n, const char *category,
    uint32_t from, uint32_t to);
/* The score of a category: opinions held against the findings of all other plugins, by the
 * modes that these findings have here, or else the highest finding (0: none). */
double policy_fusion_score(const struct finding *v, uint32_t n, const char *category,
    const struct msg_opinion *o, uint32_t nopinions);

#endif
