/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: a plugin may speak to the log, and no more than anybody would read: a burst, then
 * some lines a second.  What is more is counted.  policy_lines makes such lines of what a
 * plugin writes to standard error.
 */
#ifndef TOSD_POLICY_QUIET_H
#define TOSD_POLICY_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define QUIET_BURST 20 /* lines at once */
#define QUIET_RATE 10  /* and then in a second */

struct policy_quiet {	/* all zero at first */
	int64_t tokens, filled; /* thousandths of lines; when they were counted */
	uint64_t dropped;
	bool begun;
};

/* True: this line may be said, and *left_out lines before it were not. */
static inline bool
policy_quiet_pass(struct policy_quiet *q, int64_t now, uint64_t *left_out)
{
	if (!q->begun)
		*q = (struct policy_quiet){QUIET_BURST * 1000, now, 0, true};
	q->tokens += (now - q->filled) * QUIET_RATE;
	q->filled = now;
	if (q->tokens > QUIET_BURST * 1000)
		q->tokens = QUIET_BURST * 1000;
	if (q->tokens < 1000) {
		q->dropped++;
		return false;
	}
	q->tokens -= 1000;
	*left_out = q->dropped;
	q->dropped = 0;
	return true;
}

/* All zero but for the first three, which the owner sets. */
struct policy_lines {
	/* Gets each line that may be said, without its end, a NUL as `?'; to escape it is for
	 * whoever prints it.  Also "(N lines left out)". */
	void (*say)(void *ctx, const char *line);
	void *ctx;
	size_t max;	  /* bytes of a line; what is longer is cut there */
	struct buf part;  /* a line that has not ended */
	struct policy_quiet quiet;
	uint64_t all;	  /* lines so far, also those left out; empty ones are none */
};

/* Bytes as they come; now is steady time. */
void policy_lines_take(struct policy_lines *l, const char *data, size_t len, int64_t now);
/* Nothing comes any more: says what had no end yet, and how many were left out, and frees
 * what is held.  The object can be used again. */
void policy_lines_end(struct policy_lines *l, int64_t now);

#endif
