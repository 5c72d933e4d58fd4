/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles: the main function of each role, and what all of them do with the
 * configuration.  tosd.c has the table.
 */
#ifndef TOSD_ROLES_H
#define TOSD_ROLES_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "ipc/msg.h"
#include "ipc/sandbox.h"

/* Each fills in a struct role_ops and calls role_main(); returns the exit code. */
int role_engine_main(void);
int role_fetch_main(void);
int role_policy_main(void);
int role_courier_main(void);
int role_console_main(void);

/* Parses the bytes that role_ops.start and .reconf get.  0, or an error after every
 * mistake was logged. */
int conf_of_role(const struct buf *sources, struct conf **out, struct err *e);

/* What this role may do under this configuration: DESIGN's table of processes, as
 * paths and permissions.  The profile points into c. */
void profile_of_role(enum role role, const struct conf *c, struct sandbox_profile *p);

struct spawn_child;
/* What the program of a plugin is started with, but for its user. */
void spawn_of_plugin(
    const struct conf_plugin *p, const struct conf *c, struct spawn_child *s);

#endif
