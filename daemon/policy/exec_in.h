/* SPDX-License-Identifier: Apache-2.0 */
/* exec_in: what exec.c (life and losses) and exec_batch.c (asking) share. */
#ifndef TOSD_POLICY_EXEC_IN_H
#define TOSD_POLICY_EXEC_IN_H

#include "base/clock.h"
#include "policy/exec.h"

#define EXEC_LOSSES 5	    /* within a minute open the breaker */
#define EXEC_SLOTS 4096	    /* more than any window */
#define EXEC_DELAY CLOCK_SEC /* the shortest pause after a loss */

enum exec_state { EXEC_IS_DOWN, EXEC_IS_GREETING, EXEC_IS_UP };

struct policy_exec {
	const struct conf_plugin *conf;
	struct policy_children kids;
	struct policy_face *face;
	struct exec_child *child;
	struct exec_hello hello;
	char digest[DIGEST_HEX];
	bool opened; /* the rules are declared: they stay as they are */
	enum exec_state state;
	char *why;	    /* of the last loss, in one line */
	int64_t since;	    /* of the state */
	int64_t delay, begin; /* of the next start */
	int64_t lost[EXEC_LOSSES];
	size_t nlost;
	int64_t heard, ticked;
	uint64_t seq, first; /* next number; first one of this program */
	struct exec_job *jobs;
	size_t njobs, next, flying, waiting, due;
	int64_t soonest; /* no deadline of what is in hand is earlier */
	int64_t again; /* when it is worth asking one again that it was too busy for */
	int64_t busy_for; /* ms, asked and nothing else in hand, since its last answer */
	struct exec_job *slot[EXEC_SLOTS]; /* in hand, by seq */
	uint64_t answered[EXEC_SLOTS];	   /* the last number answered, likewise */
	struct exec_stats stats;
};

/* A line about it, to whoever listens; ctx is the struct policy_exec. */
void exec_say(void *ctx, const char *line);
/* Lets it begin if it was started, hears it, and loses it if it says no hello. */
void exec_live(struct policy_exec *x, int64_t now);
/* Takes all that it has said. */
void exec_hear(struct policy_exec *x, int64_t now);
/* The job is done for, one way or the other. */
void exec_settle(struct policy_exec *x, struct exec_job *j, enum exec_job_state state,
    const char *why, int64_t wait);
/* The program is of no use any more, nor is what it has in hand, that is what of it was
 * due first (NULL: nothing was). */
void exec_lose(
    struct policy_exec *x, const struct exec_job *over, const char *why, int64_t now);
/* One loss, of items alone: the program stays, unless this is one too many. */
void exec_lose_late(struct policy_exec *x, int64_t now);
/* "revision 12 and 3 more"; the caller frees. */
char *exec_words(const struct policy_exec *x, const struct exec_job *first, size_t n);

#endif
