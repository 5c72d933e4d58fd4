/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_lack: workers that have to do without a plugin of the configuration, because
 * it could not be loaded when they started: a program that was too slow to say hello,
 * say. Code is loaded before the walls close, so only a successor can have it.  Such a
 * worker is ended once it has nothing in hand, after a wait that doubles as long as
 * that is no help.  A plugin that workers end over (supervisor_blame.c) is not tried
 * so.  What people are told of that: engine_plugin.c.
 */
#include "engine/engine_in.h"

#define WAIT_MAX 16 /* times conf.restart_max */

static bool
any_again(const struct msg_rules *r)
{
	for (uint32_t i = 0; i < r->nmissing; i++)
		if (r->missing[i].how == MISSING_LOAD)
			return true;
	return false;
}

void
engine_lack_rules(
    struct engine *g, uint32_t index, const struct msg_rules *r, int64_t now)
{
	struct engine_worker *w;
	int64_t most = WAIT_MAX * g->conf->restart_max;

	if (index >= g->nworkers)
		return;
	w = &g->workers[index];
	if (r->nmissing < w->missing)
		engine_retry_hasten(g, now);
	w->missing = r->nmissing;
	w->renew = CLOCK_NONE;
	if (!any_again(r)) {
		w->waited = 0;
		return;
	}
	w->waited = w->waited > 0 ? w->waited * 2 : g->conf->restart_max;
	if (w->waited > most)
		w->waited = most;
	w->renew = now + w->waited;
}

bool
engine_lack_is_due(const struct engine_worker *w, int64_t now)
{
	return w->renew != CLOCK_NONE && now >= w->renew;
}

uint64_t
engine_lack_count(const struct engine *g)
{
	uint64_t most = 0;

	for (size_t i = 0; i < g->nworkers; i++)
		if (g->workers[i].up && g->workers[i].missing > most)
			most = g->workers[i].missing;
	return most;
}
