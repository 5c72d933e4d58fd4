/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: when a stream that ended is opened again.  A pure function, as schedule.h: what
 * comes out depends on the arguments alone, jitter included.
 */
#ifndef TOSD_FETCH_PACE_H
#define TOSD_FETCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* A stream that was open for so long was a good one: the back-off begins anew. */
#define PACE_SOUND ((int64_t)60 * 1000)
/* No server makes us wait longer than this, whatever it says. */
#define PACE_CAP ((int64_t)24 * 3600 * 1000)

struct pace_in {
	uint8_t outcome;     /* enum poll_outcome of the request that ended */
	bool opened;	     /* the answer was a 200 */
	int64_t lived;	     /* ms that it was open */
	unsigned failures;   /* in a row, before this one */
	int64_t retry;	     /* ms, the stream's own wish (`retry:'), 0: none */
	int64_t retry_after; /* ms, the answer's wish, 0: none */
	int64_t min, max;    /* of the configuration */
	uint64_t seed;	     /* of the jitter */
};

struct pace {
	int64_t wait;	   /* ms from now, more than 0 */
	unsigned failures; /* in a row, with this one */
};

/* Doubling from the larger of min and retry up to max, with a fifth of jitter to both
 * sides, never below what was asked for.  A server that says no is asked again after
 * max at the earliest; our own fault is not counted. */
void fetch_pace(const struct pace_in *in, struct pace *out);

#endif
