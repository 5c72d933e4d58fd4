/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_cage: see plugin_cage.h. */
#include "tosctl/plugin_cage.h"

#include <stdio.h>

#include "base/clock.h"
#include "ipc/cage.h"
#include "ipc/sandbox.h"

#define CAGE_MEMORY (8ull << 30) /* as policy.worker_memory, when it is not set */
#define CAGE_FILES 64
/* As in the daemon: the start of a worker, and policy.deadline when it is not set. */
#define CAGE_OPENING (2 * CLOCK_MIN)
#define CAGE_CHECK (5 * CLOCK_SEC)

int
plugin_cage_enter(bool open, struct err *e)
{
	struct sandbox_profile p = {
	    .mode = open ? SANDBOX_OFF : SANDBOX_BEST_EFFORT,
	    .max_memory = CAGE_MEMORY,
	    .max_files = CAGE_FILES,
	};

	return sandbox_enter(&p, e);
}

int
plugin_cage(
    const struct plugin_cage *c, int (*run)(void *ctx, struct trace *trace), void *ctx)
{
	struct cage_limits limits = {
	    .opening = c->deadline > 0 ? c->deadline : CAGE_OPENING,
	    .check = c->deadline > 0 ? c->deadline : CAGE_CHECK,
	    .memory = c->memory > 0 ? c->memory : CAGE_MEMORY,
	    .unit = "line"};
	struct cage_end end;
	struct err e = ERR_INIT;

	if (cage_run(&limits, run, ctx, &end, &e) != 0) {
		fprintf(stderr, "tosctl: %s\n", e.text);
		return 3;
	}
	if (!end.broken)
		return end.code;
	fprintf(stderr, "tosctl: %s\n", end.words);
	return 1;
}
