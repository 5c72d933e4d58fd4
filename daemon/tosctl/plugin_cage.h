/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_cage: code of others within tosctl, in a process of its own: a plugin that crashes,
 * ends it or does not answer is named, and where the daemon closes the sandbox, this can too.
 * What the plugin writes to standard output or error is told line by line, escaped, no more
 * of it than in the daemon.
 */
#ifndef TOSD_TOSCTL_PLUGIN_CAGE_H
#define TOSD_TOSCTL_PLUGIN_CAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ipc/cage.h"

struct plugin_cage {
	const char *name; /* of the plugin */
	int64_t deadline; /* ms for each call into the plugin; 0: those of the daemon */
	uint64_t memory;  /* address space in bytes; 0: that of a worker */
};

/* Runs it in a child and says how it ended.  0, or TOSD_* after a line: there is no child. */
int plugin_cage(const struct plugin_cage *c, int (*run)(void *ctx, struct trace *trace),
    void *ctx, struct cage_end *end);

/* A command that loads plugins beside other work, run in a child that has our input and
 * output: its exit code; 3 after a line that names plugin and call where it did not end by
 * itself, for a missing answer is no clean one.  open() and check() get limits that only a
 * call that hangs will reach. */
int plugin_cage_host(int (*run)(void *ctx, struct trace *trace), void *ctx);

/* What run() returns when its own descriptors are gone, and it cannot say so: the cage does. */
#define PLUGIN_CAGE_CLOSED 4

/* Within run(): the walls of a policy worker, as far as this kernel has them; open: none. */
int plugin_cage_enter(bool open, struct err *e);

/* The same while a plugin is loaded and opened: no process, no thread, no program. */
int plugin_cage_begin(bool open, struct err *e);

/* "tosctl: TEXT" there, escaped: TEXT may be a plugin's. */
void plugin_cage_say(const char *text);

/* Where our own lines for people go, in a cage or out of it. */
FILE *plugin_cage_says(void);

#endif
