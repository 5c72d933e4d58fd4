/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: a plugin that is a program: its life, its window of items in hand, and what
 * becomes of items when it fails.
 *
 * A program that dies, hangs or breaks the protocol is lost: its process group is killed
 * and started anew after 1, 2, 4 .. 60 seconds; five losses within a minute open the
 * breaker, which is the longest of these pauses at once.  What it had in hand comes back
 * as lost, what it could not be asked as down: both are for the retry queue of whoever
 * asked, and neither is an answer.
 *
 * Processes belong to somebody else (struct policy_children): in the daemon to the
 * supervisor, in tosctl to the command itself.
 */
#ifndef TOSD_POLICY_EXEC_H
#define TOSD_POLICY_EXEC_H

#include "base/histogram.h"
#include "policy/exec_child.h"
#include "policy/face.h"

#define EXEC_CALLED 96

/* Who starts and ends programs. */
struct policy_children {
	/* Descriptors of a program that was started for this plugin since the last call;
	 * false: there is none (yet). */
	bool (*take)(void *ctx, const char *plugin, struct exec_fds *out);
	/* The last one is of no use any more: its whole group is to be killed, and the
	 * next one started so many ms later; -1: none. */
	void (*lost)(void *ctx, const char *plugin, int64_t delay, const char *why);
	/* A line that it wrote to standard error, or one about it; NULL: to the log. */
	void (*say)(void *ctx, const char *plugin, const char *line);
	void *ctx;
	/* How lines call the item of this number; NULL: "revision 12". */
	void (*called)(void *ctx, uint64_t name, char out[EXEC_CALLED]);
};

struct policy_exec;

/* One item for one plugin. */
enum exec_job_state {
	EXEC_WAITING,
	EXEC_FLYING,
	EXEC_JUDGED,
	EXEC_LOST, /* it was in hand when the program was lost, or past its deadline */
	EXEC_DOWN  /* there was no program to ask */
};
struct exec_job {
	/* from the caller */
	struct tosd_item *item;
	uint64_t name; /* number of the revision, for log lines */
	/* to the caller */
	struct tosd_report report;
	enum exec_job_state state;
	char *why;    /* JUDGED: no full answer; LOST, DOWN: what happened */
	int64_t wait; /* LOST, DOWN: ms until it is worth asking again */
	/* between */
	uint64_t seq;
	int64_t sent, deadline, not_before;
	bool alone; /* nothing else was in hand with it */
	bool due;   /* past its deadline, and not settled yet */
};

/* Takes the program that children holds ready, hears its hello and declares its rules
 * through f (as in a plugin's open()).  An error: not usable, in words. */
int policy_exec_new(const struct conf_plugin *c, const struct policy_children *children,
    struct policy_face *f, struct policy_exec **out, struct err *e);
/* Tells the program to finish, waits a little, and gives it up. */
void policy_exec_free(struct policy_exec **x);

/* Asks about n jobs, which must stay until policy_exec_end(). */
void policy_exec_begin(struct policy_exec *x, struct exec_job *v, size_t n);
/* Does what can be done now; false once nothing is open any more.  no_more: what is
 * not in hand yet will not be asked. */
bool policy_exec_step(struct policy_exec *x, bool no_more);
/* True while it has so much in hand that a moment's pause gathers answers. */
bool policy_exec_full(const struct policy_exec *x);
/* What to wait for, at most 3, and until when at most (clock_steady()). */
size_t policy_exec_poll(const struct policy_exec *x, struct pollfd *v, int64_t *until);
/* Puts the reports in order; the program may be asked again. */
void policy_exec_end(struct policy_exec *x);

/* Between batches: hears what it says, lets it begin anew, ticks.  Ms until it wants to
 * be called again. */
int64_t policy_exec_idle(struct policy_exec *x);

/* For the summary of `tosctl plugin'. */
struct exec_stats {
	uint64_t lines, ignored, late, twice, busy, losses, complaints;
	struct histogram took; /* from item to answer */
};
bool policy_exec_up(const struct policy_exec *x);
/* Why it is not there now, in one line; NULL: it is. */
const char *policy_exec_lost(const struct policy_exec *x);
void policy_exec_stats(const struct policy_exec *x, struct exec_stats *out);
const struct exec_hello *policy_exec_hello(const struct policy_exec *x);
/* Appends its settings, for the digest of the policy. */
void policy_exec_settings(const struct policy_exec *x, struct buf *b);

#endif
