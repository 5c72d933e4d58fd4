/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: the numbers behind a notice and a recommendation: rate, time to
 * takedown, removal, recurrence, backlog.  Pure functions of recorded facts: no
 * clock, no store.  Every interval is of 95 %.
 */
#ifndef TOSD_CASES_MEASURE_H
#define TOSD_CASES_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* --- rate --- */

struct measure_rate {
	uint64_t items, violations;
	double per_1000, low, high; /* exact Poisson interval (Garwood 1936) */
	bool enough;		    /* false: say "insufficient data", not the rate */
};
/* Violations per 1,000 items seen.  Nothing seen: all 0 and not enough. */
void measure_rate(
    uint64_t items, uint64_t violations, uint64_t min_items, struct measure_rate *out);

/* The same of a count in which some were drawn with a chance of 1 / weight and stand for
 * so many: `sum' of the weights of what was found, `squares' of their squares, `most' the
 * greatest weight that something could have had.  The interval is that of Fay and Feuer
 * (Statistics in Medicine 16, 1997): at least 95 %, and Garwood's where all weights are
 * 1. */
struct measure_weighted {
	double count, count_low, count_high;
	double per_1000, low, high;
};
void measure_weighted_rate(uint64_t items, double sum, double squares, double most,
    struct measure_weighted *out);

/* --- shares --- */

struct measure_share {
	uint64_t part, whole;
	double share, low, high; /* Wilson's score interval (1927) */
};
/* part of whole, part <= whole.  Of nothing: share 0, interval 0..1. */
void measure_share(uint64_t part, uint64_t whole, struct measure_share *out);
/* The same from parts that stand for `weight' each: sums of weights and of their squares.
 * Wilson's interval over Kish's effective number of parts. */
void measure_weighted_share(double part, double whole, double squares,
    struct measure_share *out);

/* --- takedown --- */

/* One piece of content that was reported to the tenant. */
struct measure_takedown {
	int64_t reported;    /* delivery of the notice; CLOCK_NONE: left out */
	int64_t ended;	     /* first reading without it; CLOCK_NONE: still online at
			      * the last look */
	int64_t last_online; /* last reading with it; CLOCK_NONE: none */
};

struct measure_process {
	unsigned reported; /* removed + online + unknown */
	unsigned removed;
	unsigned online;
	unsigned unknown; /* never read since it was reported: tells nothing */
	double removal_rate, removal_low,
	    removal_high;	 /* removed / (removed + online) */
	int64_t median_takedown; /* ms; CLOCK_NONE: not reached */
};
/* As known at `now`: what is later is not looked at, so that a replay gives the same.
 * Content still online is censored at the last reading that showed it, not dropped:
 * leaving it out would make a tenant who removes little look quick.  A removal
 * counts at the first reading without it, late by up to one interval of looking. */
void measure_process(const struct measure_takedown *v, size_t n, int64_t now,
    struct measure_process *out);

/* The Kaplan-Meier estimate (1958) of the same: one step per time of removal. */
struct measure_step {
	int64_t after;	      /* ms since the report */
	double online;	      /* estimated share still online after this step */
	size_t gone, watched; /* removed at this time, of how many still watched */
};
/* xmalloc'd by the callee, the caller frees; returns the number of steps. */
size_t measure_survival(
    const struct measure_takedown *v, size_t n, int64_t now, struct measure_step **out);
/* Estimated share that is gone within `after` ms of the report, 0..1. */
double measure_gone(
    const struct measure_takedown *v, size_t n, int64_t now, int64_t after);

/* --- recurrence --- */

struct measure_return {
	int64_t ended; /* when it was removed */
	int64_t again; /* when the like was seen again; CLOCK_NONE: not */
};
/* Of what was removed and then watched for a whole window: the share that came back
 * within the window.  What was removed too recently is left out: it could not yet. */
void measure_recurrence(const struct measure_return *v, size_t n, int64_t window,
    int64_t now, struct measure_share *out);

/* --- backlog --- */

struct measure_point {
	int64_t time;
	double value;
};
/* Least squares; units per day.  False (and 0) with fewer than two different times. */
bool measure_slope(const struct measure_point *v, size_t n, double *per_day);
/* Reported and not removed at this time. */
size_t measure_backlog(const struct measure_takedown *v, size_t n, int64_t time);

#endif
