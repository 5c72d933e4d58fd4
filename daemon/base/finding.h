/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding: what one rule says of one revision.  Plugins make findings; only the
 * engine decides what follows from them.
 */
#ifndef TOSD_BASE_FINDING_H
#define TOSD_BASE_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* How grave.  Spaced, so that a grade can come between. */
enum finding_severity {
	SEVERITY_LOW = 10,
	SEVERITY_MEDIUM = 20,
	SEVERITY_HIGH = 30,
	SEVERITY_CRITICAL = 40, /* named threat to life: alerts people at once */
};
const char *finding_severity_name(int severity);
int finding_severity_parse(const char *name); /* -1 if unknown */

/* The life of a rule (section 8 of the design).  Only enforce can count.  Review is no
 * step of that life: it is what a plugin that asks models may reach at most. */
enum finding_mode {
	MODE_DRAFT,
	MODE_SHADOW,
	MODE_CANARY,
	MODE_ENFORCE,
	MODE_RETIRED,
	MODE_REVIEW, /* shown to people (tosctl reviews), and nothing else */
};
#define FINDING_MODES (MODE_REVIEW + 1)
const char *finding_mode_name(enum finding_mode mode);
int finding_mode_parse(const char *name); /* -1 if unknown */

struct finding_span {
	uint32_t start, end; /* bytes of item_body(): [start, end) */
};

struct finding {
	char *rule;	/* "violence/threat-direct" */
	uint32_t rev;	/* the rule's integer revision */
	char *pack;	/* hex SHA-256 of the pack or plugin object it came from */
	char *clause;	/* of the acceptable-use policy: "3.2 violence" */
	char *category; /* "violence"; "safety" goes to the safety desk */
	char *reason;	/* for people, in words */
	int severity;	/* enum finding_severity */
	double score;	/* 0..1 */
	enum finding_mode mode;
	struct finding_span *spans;
	size_t nspans;
};

void finding_clear(struct finding *f);
void finding_copy(struct finding *to, const struct finding *from);
void finding_put(struct buf *b, const struct finding *f);
size_t finding_wire_size(const struct finding *f); /* bytes that finding_put() adds */
void finding_get(struct rd *r, struct finding *f); /* f all zero before */
#define FINDING_WIRE_MIN 48

#endif
