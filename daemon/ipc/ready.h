/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready: telling the service manager how we are: the sd_notify(3) protocol, by hand,
 * which is one datagram.  Without a manager every call does nothing.
 */
#ifndef TOSD_IPC_READY_H
#define TOSD_IPC_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ready;

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that
 * no child can speak for us.  0, or TOSD_EINVAL for an address that cannot be. */
int ready_new(struct ready **out, struct err *e);
void ready_free(struct ready **r);

/* How often the manager wants to hear ready_alive(), in ms; 0: it does not ask. */
int64_t ready_watchdog(const struct ready *r);

/* Each sends one datagram and returns whether the manager got it; status is a line
 * for `systemctl status`. */
bool ready_up(struct ready *r, const char *status);
bool ready_reloading(struct ready *r, const char *status);
bool ready_stopping(struct ready *r, const char *status);
bool ready_status(struct ready *r, const char *status);
bool ready_alive(struct ready *r);

#endif
