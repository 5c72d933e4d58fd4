/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: which items are worth a question: those of which a cheap rule has found something,
 * and those that a person has reported.
 * The setting `when' is a list with commas between: a category ("violence"), a rule
 * ("violence/threat-direct"), the beginning of rules ("violence/threat-*"), each with the
 * score from which it counts ("violence:0.4"); or "*" alone: every item.
 */
#ifndef MODERATION_GATE_H
#define MODERATION_GATE_H

#include <tosd/policy.h>

#include "kit/mem.h"

#define GATE_MAX 64

struct gate {
	struct gate_row {
		char *name;
		size_t len;
		bool prefix;
		double score;
	} v[GATE_MAX];
	size_t n;
	bool all;
	bool reports; /* a report opens it as well */
};

/* The rule of the host by which it says that a person has reported the item. */
#define GATE_REPORT "host/report"

int gate_parse(const char *text, struct gate *out, struct why *w);
void gate_free(struct gate *g);
/* Whether this finding opens it. */
bool gate_matches(const struct gate *g, const struct tosd_found *f);
/* Whether any finding of others does, or a report. */
bool gate_open(const struct gate *g, const struct tosd_host *h,
    const struct tosd_report *report);

#endif
