/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_cage: code of others within tosctl, in a process of its own: a plugin that crashes,
 * ends it or does not answer is named, and where the daemon closes the sandbox, this can too.
 */
#ifndef TOSD_TOSCTL_PLUGIN_CAGE_H
#define TOSD_TOSCTL_PLUGIN_CAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/trace.h"

struct plugin_cage {
	int64_t deadline; /* ms for each call into the plugin; 0: those of the daemon */
	uint64_t memory;  /* address space in bytes; 0: that of a worker */
};

/* Runs it in a child; its exit code, or 1 after a line that says how the child died and in
 * which plugin.  Cannot: 3. */
int plugin_cage(const struct plugin_cage *c, int (*run)(void *ctx, struct trace *trace),
    void *ctx);

/* Within run(): the walls of a policy worker, as far as this kernel has them; open: none. */
int plugin_cage_enter(bool open, struct err *e);

#endif
