/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: which findings of one revision count, and on which side.  Pure: nothing but
 * the findings and the threshold decides.
 */
#ifndef TOSD_POLICY_VERDICT_H
#define TOSD_POLICY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"

enum policy_lane {
	POLICY_LANE_NONE,   /* does not count: neither enforced nor in a canary's share,
			     * under the threshold, or said already by a stronger
			     * finding of the same rule */
	POLICY_LANE_CASE,   /* a violation: counts for the tenant's case */
	POLICY_LANE_SAFETY, /* goes to the safety desk, apart from the tenant's score */
	POLICY_LANE_REVIEW, /* a canary's: a violation once a person confirms it */
};

/* Fills lanes[0..n) for the n findings of one revision.  Of each rule at most one
 * counts: the one with the highest score, the first among equals.  Returns how many
 * are not POLICY_LANE_NONE. */
size_t policy_verdict(const struct finding *f, size_t n, double threshold,
    enum policy_lane *lanes);

/* True for category "safety". */
bool policy_is_safety(const struct finding *f);

#endif
