/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_blame: plugins in whose hands policy workers end before they are ready (a
 * crash in open(), a constructor that hangs).  A worker that ends so is started again
 * as any other; after the third time with the same plugin the next ones do without it,
 * so that the others judge.  What that plugin has not judged waits, and is never clean.
 * A new configuration begins anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ipc/trace.h"
#include "supervisor.h"

#define BLAME_MAX 3

/* A reload may have mended it. */
static void
forget_old(struct slot *s)
{
	struct blame *b = &s->blame;

	if (b->generation == s->sup->generation)
		return;
	free(b->left_out);
	*b = (struct blame){.generation = s->sup->generation};
}

void
blame_end(struct slot *s, int trace)
{
	struct blame *b = &s->blame;
	struct trace_seen seen;
	char *before;

	if (!trace_peek(trace, &seen) || seen.what == TRACE_CHECK ||
	    seen.what == TRACE_CLOSE || seen.what == TRACE_READ)
		return;
	forget_old(s);
	if (strcmp(b->plugin, seen.plugin) != 0)
		b->times = 0;
	memcpy(b->plugin, seen.plugin, sizeof(b->plugin));
	if (++b->times < BLAME_MAX)
		return;
	before = b->left_out;
	b->left_out = before != NULL ? xasprintf("%s\n%s", before, b->plugin)
				     : xstrdup(b->plugin);
	free(before);
	log_err("supervisor",
	    "plugin `%s' has ended policy %u %d times before it was ready: the next "
	    "one does without it, and what it does not judge waits; mend or remove it "
	    "and reload",
	    b->plugin, s->index, BLAME_MAX);
	b->times = 0;
}

const char *
blame_left_out(struct slot *s)
{
	forget_old(s);
	return s->blame.left_out;
}

void
blame_clear(struct slot *s)
{
	free(s->blame.left_out);
	s->blame = (struct blame){0};
}
