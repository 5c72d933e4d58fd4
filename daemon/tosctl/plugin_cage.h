/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_cage: code of others within tosctl, in a process of its own: a plugin that crashes
 * or ends it is named, and where the daemon closes the sandbox, this can too.
 */
#ifndef TOSD_TOSCTL_PLUGIN_CAGE_H
#define TOSD_TOSCTL_PLUGIN_CAGE_H

#include <stdbool.h>

#include "ipc/trace.h"

/* Runs it in a child; its exit code, or 1 after a line that says how the child died and in
 * which plugin.  Cannot: 3. */
int plugin_cage(int (*run)(void *ctx, struct trace *trace), void *ctx);

/* Within run(): the walls of a policy worker, as far as this kernel has them; open: none. */
int plugin_cage_enter(bool open, struct err *e);

#endif
