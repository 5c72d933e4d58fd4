/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: when to ask again.  Pure functions: what comes out depends on nothing
 * but the arguments, jitter included, so that a recorded poll can be replayed.
 *
 * Every wish of a server is honoured up to a cap.  Past the cap we ask all the
 * same, and say so: a tenant must not be able to hide behind politeness.  The same
 * arguments give the same plan, so that a restart finds every feed where it was.
 */
#ifndef TOSD_FETCH_SCHEDULE_H
#define TOSD_FETCH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known after a poll.  Times and spans in ms, 0: not said. */
struct fetch_plan_in {
	int64_t now;	       /* when the answer was complete */
	int64_t base_interval; /* configured; below a minute it is obeyed whatever min
				* and the feed's own rate are: tests and demos */
	bool fixed;	       /* configured for this feed: not adapted to its rate */
	int64_t min, max;      /* bounds of the adapted interval and of back-off */
	double weekly;	       /* new items a week, < 0: not known yet */
	bool flood;	       /* most of what the document shows was new */
	uint8_t outcome;       /* enum poll_outcome */
	unsigned failures;     /* in a row, before this one */
	int64_t dark;	       /* since it could be read, 0: it never could */
	int64_t hint;	       /* interval that the answer's header asks for */
	int64_t ttl;	       /* interval that the document asks for */
	uint32_t skip_hours;   /* bits 0 to 23, GMT: hours not to ask in */
	uint8_t skip_days;     /* bits 0 (Sunday) to 6 */
	int64_t retry_after;   /* wait that the answer asks for */
	int64_t hint_max;      /* longest silence that the hints above get */
	int64_t retry_max;     /* and Retry-After */
	uint64_t jitter_seed;  /* made of content, e.g. feed and number of the poll */
};

struct fetch_plan {
	int64_t next;	     /* absolute ms, later than now */
	int64_t interval;    /* what was planned, without jitter */
	unsigned failures;   /* in a row, with this one */
	const char *why;     /* static words: what decided */
	const char *silence; /* static words: the wish that is beyond its cap, so that
			      * we ask sooner than we were told to; NULL: none is */
	int64_t asked;	     /* how much silence that wish is, 0: without end */
	int64_t cap;	     /* and how much it got */
};

/*
 * After success: the interval of the configuration for this feed, else a week
 * divided by its weekly items, between min and max (base_interval while its rate is
 * not known, min after a flood); never sooner than hint and ttl say.
 * After a failure: back-off from one minute (from base_interval where that is
 * less), doubling up to 24 h or max, for ever.  After 410: a day, or max.  A fault of
 * our own is not counted: the feed is asked again some time between 15 minutes and a
 * sixth of its interval later, or what it is late by if that is more, so that those who
 * wait for our network do not come back at once.
 * Always: not sooner than Retry-After, not in an hour or on a day to be skipped, with
 * jitter of up to 10 % to both sides, to the later one where the server has asked.
 */
void fetch_plan(const struct fetch_plan_in *in, struct fetch_plan *out);

/* Whether this outcome counts as a failure of the other side. */
bool fetch_plan_counts(uint8_t outcome);

/* A feed that should have been asked by now. */
struct fetch_late {
	int64_t feed;	  /* whose it is: the caller's; decides among equals */
	int64_t due;	  /* when it should have been; CLOCK_NONE: it never was asked */
	int64_t interval; /* its own, ms */
	int64_t next;	  /* out: when it is asked */
};
/* Spreads those that are late, from now on over as much time as it takes at the pace of all
 * feeds together (rate: polls a second), and none over more than the interval of its like
 * (within a factor of two): what comes is twice that pace at most, with those that are not
 * late.  Who never was asked comes first, then who waits longest; so nobody is put off
 * for ever by one start after the other.  Sorts v. */
void fetch_spread(struct fetch_late *v, size_t n, double rate, int64_t now);

/* The first poll after a start: spread evenly over one interval (ms), so that a
 * restart does not ask everybody at once.  Absolute ms in [now, now+interval). */
int64_t fetch_first(int64_t now, int64_t interval, uint64_t seed);

#endif
