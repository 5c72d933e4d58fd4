/* SPDX-License-Identifier: Apache-2.0 */
/* spawn: starting the process of a role. */
#ifndef TOSD_IPC_SPAWN_H
#define TOSD_IPC_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "ipc/msg.h"

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

#endif
