/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp: the wall of system calls.  Only for sandbox.c. */
#ifndef TOSD_IPC_SECCOMP_H
#define TOSD_IPC_SECCOMP_H

#include "base/err.h"

/* Restricts this process, all of its threads, to what `may` (SANDBOX_MAY_*) needs. */
int seccomp_enter(unsigned may, struct err *e);
/* The same before that, while everything else is open: no process, no
 * thread and no program. */
int seccomp_alone(struct err *e);

#endif
