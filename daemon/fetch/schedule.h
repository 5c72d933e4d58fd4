/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: when to ask again.  Pure functions: what comes out depends on nothing
 * but the arguments, jitter included, so that a recorded poll can be replayed.
 *
 * Every wish of a server is honoured up to a cap.  Past the cap we ask all the
 * same, and say so: a tenant must not be able to hide behind politeness.
 */
#ifndef TOSD_FETCH_SCHEDULE_H
#define TOSD_FETCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* What is known after a poll.  Times and spans in ms. */
struct fetch_plan_in {
	int64_t now;	       /* when the answer was complete */
	int64_t base_interval; /* configured for this feed */
	int64_t min, max;      /* bounds of the interval.  A base below a minute
				* is obeyed whatever min is: tests and demos */
	uint8_t outcome;       /* enum poll_outcome */
	unsigned failures;     /* in a row, before this one */
	int64_t hint;	       /* interval that the answer asks for, 0: none */
	int64_t retry_after;   /* wait that the answer asks for, 0: none */
	uint64_t jitter_seed;  /* made of content, e.g. feed and number of the poll */
};

struct fetch_plan {
	int64_t next;	   /* absolute ms, later than now */
	unsigned failures; /* in a row, with this one */
	bool unobservable; /* the server wants more silence than the cap allows */
	const char *why;   /* static words: what decided */
};

/*
 * After success: the larger of base_interval and hint, at most max.
 * After a failure: back-off from one minute (from base_interval where that is
 * less), doubling up to 24 h or max, for ever; never sooner than Retry-After, up
 * to max.  After 410: max.  A fault of our own is tried again soon and not
 * counted.  All with jitter of up to 10 % to both sides, never below what the
 * server asked for.
 */
void fetch_plan(const struct fetch_plan_in *in, struct fetch_plan *out);

/* The first poll after a start: spread evenly over one interval (ms), so that a
 * restart does not ask everybody at once.  Absolute ms in [now, now+interval). */
int64_t fetch_first(int64_t now, int64_t interval, uint64_t seed);

#endif
