/* SPDX-License-Identifier: Apache-2.0 */
/*
 * said: what plugins in this process write to standard output and error.  The first goes
 * nowhere; the second becomes lines of the log, escaped, with a beginning that says whose they
 * are, and no more of them than anybody would read (quiet.h).  One in a process.
 */
#ifndef TOSD_POLICY_SAID_H
#define TOSD_POLICY_SAID_H

#include "base/err.h"
#include "ipc/loop.h"

struct policy_said;

/* Takes both descriptors; the log keeps what standard error was.  Before the first plugin is
 * loaded. */
int policy_said_new(struct loop *l, struct policy_said **out, struct err *e);
/* Logs what has been written; after each batch, and by itself from the loop. */
void policy_said_drain(struct policy_said *s);
void policy_said_free(struct policy_said **s);

#endif
