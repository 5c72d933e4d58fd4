/* SPDX-License-Identifier: Apache-2.0 */
/* engine_turn: a transaction, and what leaves after it; see engine_turn.c.  Not for
 * other rooms. */
#ifndef TOSD_ENGINE_TURN_H
#define TOSD_ENGINE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/msg.h"

struct engine;

/* Messages that wait for their time. */
struct engine_outs {
	struct engine_out {
		enum role to;
		uint32_t index;
		struct msg m;
	} * v;
	size_t n, cap;
};

/* Opens the transaction if none is open. */
void engine_begin(struct engine *g);
/* Queues m (taken) until the commit is on disk. */
void engine_emit(struct engine *g, enum role to, uint32_t index, struct msg *m);
/* The same for a question of which only the answer matters: where a tick does not wait
 * for the disk it leaves at once, before all that is queued. */
void engine_emit_early(struct engine *g, enum role to, uint32_t index, struct msg *m);
/* Commits.  wait: and until that is on disk and all that comes after it is done; else
 * that is so only where somebody waits for it. */
void engine_turn_end(struct engine *g, int64_t now, bool wait);
void engine_turn_free(struct engine *g);

#endif
