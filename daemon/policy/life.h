/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life: the life of a rule as a pure function over a table: draft, shadow, canary N %,
 * enforce, retired.
 *
 * life_step(state, move, facts) says whether a move is allowed, what the rule is
 * afterwards, and why; life_gates(numbers, limits) says which machine gates hold.  They
 * read no clock, no store and no name: the same input gives the same answer for ever, so
 * that a move can be replayed from the ledger.
 *
 * Upwards (canary, enforce) the gates must hold, or two people override them for a few
 * days; enforce always needs two people.  Downwards one person is enough, or none: what
 * people said of its findings takes a rule back to shadow.
 */
#ifndef TOSD_POLICY_LIFE_H
#define TOSD_POLICY_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/finding.h"

/* --- where a rule is --- */

struct life_state {
	enum finding_mode mode;
	uint32_t share; /* canary: percent of all items, 1 to 99; else 0 */
	int64_t until;	/* end of an override of the gates; CLOCK_NONE: there is none */
};

enum life_move {
	LIFE_SHADOW,
	LIFE_CANARY,
	LIFE_ENFORCE,
	LIFE_RETIRE,
	LIFE_ROLLBACK, /* to the state before this one */
	LIFE_LAPSE,    /* an override is over */
	LIFE_DEMOTE,   /* what people said of its findings is below the floor */
	LIFE_REWRITE,  /* it means something else, and its rev is the same */
	LIFE_PACK,     /* its pack says something else, and nobody moved it */
	LIFE_MOVES,
};
const char *life_move_name(enum life_move move);
int life_move_parse(const char *name); /* -1 if unknown */
/* True for those that nobody asks for. */
bool life_move_machine(enum life_move move);

/* --- gates --- */

enum life_gate {
	LIFE_GATE_LOADED,    /* a worker has it, so its tests passed */
	LIFE_GATE_COST,	     /* the dearest hundredth of its plugin's items */
	LIFE_GATE_DEGRADED,  /* items that its plugin gave no full answer for */
	LIFE_GATE_LABELS,    /* enough of its findings were judged by people */
	LIFE_GATE_PRECISION, /* lower bound of the share that was right */
	LIFE_GATE_DAYS,	     /* no recent day with hits speaks against it */
	LIFE_GATE_TENANTS,   /* not most of its hits are one tenant's */
	LIFE_GATE_RULE,	     /* the dearest hundredth of the items that it was tried on;
			      * last: which bit a gate has is on record */
	LIFE_GATES,
};
const char *life_gate_name(enum life_gate gate);
/* Which gate a reason of life_step() is about, which whoever has the numbers can say better;
 * -1: none. */
int life_gate_of(const char *reason);

struct life_limits {
	uint32_t labels;
	double precision;
	uint32_t days;
	double tenant_share;
	int64_t cost;	   /* ns, of its plugin */
	int64_t rule_cost; /* ns, its own */
};

struct life_numbers {
	bool loaded;
	uint64_t timed;	 /* items whose cost is known */
	int64_t cost;	 /* ns, 99th percentile */
	uint64_t tried;	 /* items that it was tried on, where its plugin tells */
	int64_t rule_cost; /* ns, 99th percentile of these */
	uint64_t degraded;
	uint64_t right, wrong;
	double low;	/* of right / (right + wrong): Wilson's lower bound, 95 % */
	uint32_t days;	/* of the last limits.days days with hits, those that hold */
	uint64_t hits, most; /* all, and of the tenant with most */
	bool noted;	/* a person explains what is degraded, and one-sided hits */
};

/* Bits (1 << enum life_gate) of those that do not hold. */
unsigned life_gates(const struct life_limits *l, const struct life_numbers *n);
/* True if people's words take a rule down: enough of them, and below the floor. */
bool life_falls(const struct life_limits *l, const struct life_numbers *n);

/* --- a move --- */

struct life_facts {
	int64_t now;
	uint32_t share;		 /* LIFE_CANARY: percent */
	unsigned failing;	 /* what life_gates() gave */
	unsigned people;	 /* different ones who want this very move, with this one */
	bool emergency;		 /* they override the gates ... */
	int64_t until;		 /* ... until then ... */
	int64_t longest;	 /* ... at most for so many ms */
	enum finding_mode limit; /* the highest mode that its plugin allows */
	struct life_state back;	 /* LIFE_ROLLBACK, LIFE_PACK: where to */
	bool machine;		 /* LIFE_ROLLBACK: its present state was made by no person */
	bool falls;		 /* ... and what life_falls() gave */
};

enum life_verdict {
	LIFE_REFUSED,
	LIFE_WAITS, /* for a second person */
	LIFE_DONE,
	LIFE_SAME, /* it is there already: nothing to do, and nothing wrong */
};
const char *life_verdict_name(enum life_verdict verdict);

#define LIFE_REASONS_MAX (LIFE_GATES + 2)
struct life_step {
	enum life_verdict verdict;
	struct life_state next; /* the present one unless LIFE_DONE */
	const char *reasons[LIFE_REASONS_MAX]; /* why not, or why it had to be */
	unsigned nreasons;
};
void life_step(const struct life_state *s, enum life_move move,
    const struct life_facts *f, struct life_step *out);

/* Where a rule begins: as its pack declares, or gated (at most in shadow). */
enum finding_mode life_begin(enum finding_mode declared, bool gated);

/* Canary: whether this item is within the rule's share.  Of its name in the feed alone, so
 * the same post gets the same answer everywhere, also once it was edited, and a larger
 * share has all posts of a smaller one; each rule has others. */
bool life_within(const char *rule, const char *guid, uint32_t share);

#endif
