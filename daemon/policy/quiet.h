/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: a plugin may speak to the log, and no more than anybody would read: a burst, then
 * some lines a second.  What is more is counted.
 */
#ifndef TOSD_POLICY_QUIET_H
#define TOSD_POLICY_QUIET_H

#include <stdbool.h>
#include <stdint.h>

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

#endif
