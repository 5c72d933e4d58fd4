/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what a role gives up before it reads its first message.  Three walls, one
 * behind the other: the user id (dropped by spawn before the role's program starts),
 * landlock (which files, which TCP ports) and seccomp (which system calls).
 *
 * A profile is filled in by the role from its configuration; the strings stay the
 * caller's and are only read during sandbox_enter().
 */
#ifndef TOSD_IPC_SANDBOX_H
#define TOSD_IPC_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* What a role may still do, as bits; the system calls for it are in seccomp.c. */
enum sandbox_may {
	SANDBOX_MAY_READ = 1 << 0,    /* open files for reading, where landlock lets it */
	SANDBOX_MAY_WRITE = 1 << 1,   /* create and write files, where landlock lets it */
	SANDBOX_MAY_INET = 1 << 2,    /* make IPv4 and IPv6 sockets and connect them */
	SANDBOX_MAY_UNIX = 1 << 3,    /* make unix sockets, listen on and connect them */
	SANDBOX_MAY_ACCEPT = 1 << 4,  /* accept from a socket that listens already */
	SANDBOX_MAY_THREAD = 1 << 5,  /* start threads: for names (libcurl), for the disk */
	SANDBOX_MAY_EXEC = 1 << 6,    /* run a program; see sandbox_enter() */
	SANDBOX_MAY_DLOPEN = 1 << 7,  /* map code into memory */
	/* with EXEC: a program whose files are known, so landlock applies (what may be read
	 * may be run); no sockets, no signals to others, no way out of its group */
	SANDBOX_MAY_PLUGIN = 1 << 8,
};

enum sandbox_mode {
	SANDBOX_REQUIRED,    /* a wall that cannot be built ends the role */
	SANDBOX_BEST_EFFORT, /* it is logged and the role goes on */
	SANDBOX_OFF,	     /* nothing is done (debuggers, valgrind) */
};

#define SANDBOX_PATHS 24

struct sandbox_profile {
	enum sandbox_mode mode;
	unsigned may;			 /* SANDBOX_MAY_* */
	const char *read[SANDBOX_PATHS];  /* files and folders to read; NULL ends */
	const char *write[SANDBOX_PATHS]; /* folders to read and write; NULL ends */
	uint64_t max_memory;		 /* RLIMIT_AS in bytes; 0: as it is */
	uint64_t max_files;		 /* RLIMIT_NOFILE; 0: as it is */
};

/* Append to a profile; a NULL path is ignored, one too many ends the process. */
void sandbox_read(struct sandbox_profile *p, const char *path);
void sandbox_write(struct sandbox_profile *p, const char *path);

/* Becomes this user and group for good, without supplementary groups, and drops all
 * capabilities.  Only for root; others may only keep the ids they have. */
int sandbox_become(uid_t uid, gid_t gid, struct err *e);

/* Enters the profile: one thread alone (but for SANDBOX_MAY_THREAD: landlock does not hold
 * those that there are), no_new_privs, no capabilities, limits, landlock, seccomp.  For
 * good.  Paths that do not exist are left out.  With SANDBOX_MAY_EXEC landlock is
 * left out (but for SANDBOX_MAY_PLUGIN) and seccomp forbids only what no mail program needs, since a program from
 * elsewhere inherits both and nobody here knows its files.
 * 0, or the error of the first wall that failed while mode is SANDBOX_REQUIRED. */
int sandbox_enter(const struct sandbox_profile *p, struct err *e);

/* Before code of others is loaded for which the walls close later: from now on no process
 * and no thread can be started here, and no program run.  A try fails with EPERM.  Of p the mode counts,
 * as above. */
int sandbox_alone(const struct sandbox_profile *p, struct err *e);

/* The kernel's landlock version, 0 if it has none. */
int sandbox_landlock_abi(void);

#endif
