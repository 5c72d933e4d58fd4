/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ladder: the state machine of a case, as a pure function over a table.
 *
 * case_step(state, event) gives the next state, what has to be done, and why;
 * it reads no clock, no store and no name.  The same inputs give the same step
 * for ever, so that a decision can be replayed from the ledger.
 *
 * A tenant has at most one open case.  Stages count from 1 (the configured
 * stages, first to last); a step up needs a deadline that ran on a delivered
 * notice and a process that missed its threshold.  The last step only
 * recommends: two people accept it, or one rejects it.
 */
#ifndef TOSD_CASES_LADDER_H
#define TOSD_CASES_LADDER_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

#define LADDER_STAGES_MAX CONF_STAGES_MAX

struct ladder_stage {
	int64_t deadline;	   /* ms from delivery */
	int64_t deadline_critical; /* the same for a critical case */
};

struct ladder {
	struct ladder_stage stages[LADDER_STAGES_MAX];
	int nstages;
	int64_t cure;		  /* quiet time for one step down */
	double removal_rate;	  /* a process at or above it is met ... */
	int64_t time_to_takedown; /* ... if its median is at most this as well */
	int64_t max_gap;	  /* our own blind time that a step up tolerates */
	int critical;		  /* severity from which deadline_critical holds */
};

enum case_phase {
	CASE_CLEAR,	  /* no case yet */
	CASE_SENDING,	  /* a notice is made, its delivery not proven */
	CASE_RUNNING,	  /* delivered: the tenant's deadline runs */
	CASE_STOPPED,	  /* could not be delivered: a person is needed */
	CASE_WATCH,	  /* process met: the cure time runs */
	CASE_FROZEN,	  /* an appeal is open: the deadline stands still */
	CASE_RECOMMENDED, /* waits for two people */
	CASE_DECIDED,	  /* the recommendation was accepted */
	CASE_CLOSED,
	CASE_PHASES,
};
const char *case_phase_name(enum case_phase phase);

enum case_event_type {
	CASE_EV_VIOLATION,
	CASE_EV_DELIVERED, /* the stage's notice to the tenant */
	CASE_EV_BOUNCED,   /* it cannot be delivered, at once or after all */
	CASE_EV_DEADLINE,  /* state.deadline is over */
	CASE_EV_APPEAL,
	CASE_EV_APPEAL_REJECTED,
	CASE_EV_APPEAL_UPHELD,
	CASE_EV_ACCEPT, /* a person accepts the recommendation */
	CASE_EV_REJECT,
	CASE_EV_WITHDRAWN, /* what the stage's notice was to be about counts no more */
	CASE_EVENTS,
};
const char *case_event_name(enum case_event_type type);
int case_event_parse(const char *name); /* -1 if unknown */
int case_phase_parse(const char *name);

struct case_state {
	int32_t stage; /* 0 clear, 1..nstages */
	enum case_phase phase;
	int32_t severity; /* the gravest so far */
	int64_t stage_since;
	int64_t deadline;  /* RUNNING: the tenant's; WATCH: end of the cure time */
	int64_t remaining; /* FROZEN: what was left of the deadline; SENDING and STOPPED,
			    * for the engine: what the notice gives */
	int64_t last_violation;
	int64_t clock_since; /* start of the clock that `deadline' ends: our own gaps
			      * count from here */
};

/* What was counted, as recorded with the step. */
struct case_facts {
	uint32_t reported;	 /* items cited in delivered notices of this case */
	uint32_t removed;	 /* of these gone or edited */
	uint32_t online;	 /* of these seen online at the last look */
	uint32_t unknown;	 /* of these not readable: never counted as removed */
	uint32_t unreported;	 /* open violations that no delivered notice cites */
	int64_t median_takedown; /* Kaplan-Meier; CLOCK_NONE: not reached */
	int64_t our_gap;	 /* ms of the stage in which we could not look */
	uint32_t approvals;	 /* different people, with this one */
	uint32_t unproven;	 /* of those reported, by rules whose precision nobody has
				  * shown to reach what the last stages ask for */
};

struct case_event {
	enum case_event_type type;
	int64_t time;
	int32_t severity; /* of a violation; delivered: the gravest that the tenant was told
			   * of (0: that of the case) */
	struct case_facts facts;
	int64_t told; /* delivered: ms that the notice gives, whatever the ladder says by
		       * now; 0: what the ladder says */
};

enum {
	CASE_ACT_NOTICE = 1 << 0,      /* send the stage's notice */
	CASE_ACT_RECOMMEND = 1 << 1,   /* tell people that suspension is recommended */
	CASE_ACT_CLOSE = 1 << 2,       /* tell the tenant that the case is closed */
	CASE_ACT_ALERT = 1 << 3,       /* a person must help: undelivered */
	CASE_ACT_ALERT_GRAVE = 1 << 4, /* critical content: people hear at once */
	CASE_ACT_DROP = 1 << 5,	       /* close it; the tenant never heard of it */
};

/* The row of a step up that was held back since all exhibits are of unproven rules. */
#define CASE_ROW_UNPROVEN \
	"process not met, rules unproven for the last stages: same stage again"
#define CASE_REASONS_MAX 8
struct case_step {
	struct case_state next;
	unsigned actions;
	const char *row;		       /* name of the table's row, never NULL */
	const char *reasons[CASE_REASONS_MAX]; /* for the step, in words */
	int nreasons;
	const char *against[CASE_REASONS_MAX]; /* what speaks against it */
	int nagainst;
};

void case_step(const struct ladder *l, const struct case_state *s,
    const struct case_event *ev, struct case_step *out);

/* How long a stage's deadline is for a case of that severity; stage from 1, beyond the
 * last one: that of the last. */
int64_t case_stage_deadline(const struct ladder *l, int stage, int severity);

/* Whether the tenant's process meets its threshold, given what was counted. */
int case_process_met(const struct ladder *l, const struct case_facts *f);

#endif
