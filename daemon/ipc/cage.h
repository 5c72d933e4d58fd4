/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cage: code of others run once in a process of its own, for `tosd -t' and tosctl: a plugin
 * that crashes, ends the process or does not come back is named, and costs its caller
 * nothing but a line.
 */
#ifndef TOSD_IPC_CAGE_H
#define TOSD_IPC_CAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/trace.h"

struct cage_limits {
	int64_t opening; /* ms for a call that loads, opens, tests or closes a plugin */
	int64_t check;	 /* ms for one check() */
	uint64_t memory; /* address space of the child; 0: as it is */
	const char *unit; /* what the trace counts: "revision", "line" */
};

struct cage_end {
	int code;	 /* what run() returned; broken: nothing */
	bool broken;	 /* it did not return */
	int signal;	 /* that ended it, outside of any plugin's calls; 0: none */
	char plugin[64]; /* broken: who was at work; empty: nobody */
	char words[320]; /* broken: "killed by SIGSEGV in open() of plugin `bad'" */
};

/* Runs it in a child, which dies with us.  0, or an error when there is no child. */
int cage_run(const struct cage_limits *limits,
    int (*run)(void *ctx, struct trace *trace), void *ctx, struct cage_end *end,
    struct err *e);

#endif
