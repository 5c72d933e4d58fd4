/* SPDX-License-Identifier: Apache-2.0 */
/* spawn: starting the process of a role, or the program of a plugin. */
#ifndef TOSD_IPC_SPAWN_H
#define TOSD_IPC_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "ipc/msg.h"
#include "ipc/sandbox.h"

struct spawn {
	const char *exe; /* "/proc/self/exe" in the daemon */
	enum role role;
	uint32_t index;
	bool become; /* uid and gid are to be taken on */
	uid_t uid;
	gid_t gid;
	/* The kernel kills it when we die.  For roles that have nothing to finish; the
	 * others end by themselves when their channel closes. */
	bool die_with_us;
};

/*
 * Runs `exe --role NAME --index N` with `control` as descriptor ROLE_CONTROL_FD and
 * nothing else open but 0 (/dev/null), 1 and 2; in a session of its own, so that a
 * Ctrl-C reaches the supervisor only; with default signal handling.  The caller keeps
 * `control`.  Returns the pid once the program has been started, or TOSD_EIO or
 * TOSD_EDENIED with what the child could not do.
 */
pid_t spawn_role(const struct spawn *s, int control, struct err *e);

/* A program that judges items (tosd-exec(7)). */
struct spawn_child {
	const char *name; /* of the plugin, for its environment */
	const char *const *command;
	size_t ncommand;
	const char *folder; /* where it runs; with /usr all that it may read */
	bool become;	    /* as in struct spawn; false: it stays who we are */
	uid_t uid;
	gid_t gid;
	enum sandbox_mode sandbox;
	uint64_t memory, files, processes, cpu; /* bytes, counts, seconds */
};

/*
 * Runs the command as leader of a session of its own (its group is killed by the pid that
 * is returned), with pipes as 0, 1 and 2 and nothing else open, a clean environment,
 * limits, and the walls of SANDBOX_MAY_PLUGIN; it dies with us.  fds are our ends.
 */
pid_t spawn_child(
    const struct spawn_child *s, int fds[MSG_CHILD_PIPES], struct err *e);

/* SHA-256 over the command: the contents of what it names as files, other words as they
 * are.  TOSD_EIO or TOSD_ELIMIT. */
int spawn_child_digest(
    const char *const *command, size_t n, char hex[DIGEST_HEX], struct err *e);

/* Differs once one of these files was changed or replaced. */
void spawn_child_stamp(const char *const *command, size_t n, char hex[DIGEST_HEX]);

#endif
