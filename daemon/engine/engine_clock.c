/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_clock: a clock that was set back, as by a machine that started with a wrong
 * one.  What is waited for in memory comes as before, or feeds would not be read for
 * as long as the clock was wrong by.  Rows of the store that have a time of their own
 * (looks, errands, questions, mails to be tried again) come when the clock has caught
 * up: they do not tell from when they count.
 */
#include "base/log.h"
#include "engine/engine_life.h"
#include "engine/engine_list.h"

static void
lists_back(struct engine *g, int64_t by)
{
	for (size_t i = 0; i < g->nlists; i++) {
		struct engine_list *l = g->lists[i];

		l->row.next -= by;
		l->since -= by;
		if (l->relink != CLOCK_NONE)
			l->relink -= by;
	}
}

static void
workers_back(struct engine *g, int64_t by)
{
	for (size_t i = 0; i < g->nworkers; i++) {
		struct engine_worker *w = &g->workers[i];

		w->since -= by;
		if (w->died != 0)
			w->died -= by;
		if (w->renew != CLOCK_NONE)
			w->renew -= by;
	}
}

static void
set_back(struct engine *g, int64_t by)
{
	int64_t *const rounds[] = {&g->next_exposure, &g->next_alive, &g->next_renewal,
	    &g->next_keep, &g->next_keep_back, &g->next_sweep, &g->life->next_day,
	    &g->life->next_told};

	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++)
		*rounds[i] -= by;
	for (size_t i = 0; i < g->nfeeds; i++) /* all: the heap stays as it is */
		g->feeds[i].next -= by;
	for (size_t i = 0; i < g->npolls; i++)
		g->polls[i].since -= by;
	for (size_t i = 0; i < g->nendpoints; i++)
		if (g->endpoints[i].until != CLOCK_NONE)
			g->endpoints[i].until -= by;
	lists_back(g, by);
	workers_back(g, by);
}

void
engine_clock_tick(struct engine *g, int64_t now)
{
	char span[CLOCK_TEXT];

	if (now < g->ticked) {
		if (g->ticked - now >= CLOCK_MIN)
			log_warn("engine", "the clock was set back by %s",
			    clock_span(g->ticked - now, span));
		set_back(g, g->ticked - now);
	} else if (g->ticked != 0) {
		engine_alive_stood(g, g->ticked, now);
	}
	g->ticked = now;
}
