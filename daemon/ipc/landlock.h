/* SPDX-License-Identifier: Apache-2.0 */
/* landlock: the wall around files and ports.  Only for sandbox.c. */
#ifndef TOSD_IPC_LANDLOCK_H
#define TOSD_IPC_LANDLOCK_H

#include "base/err.h"
#include "ipc/sandbox.h"

/* The kernel's version of landlock, 0 for none. */
int landlock_abi(void);

/* Restricts this process to the profile's paths (and to no TCP port but what it may
 * connect to).  no_new_privs must be set.  0, or an error that names the step. */
int landlock_enter(const struct sandbox_profile *p, struct err *e);

#endif
