/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_clock: a clock that was set back, as by a machine that started with a wrong
 * one.  What is waited for, in memory (here) and in the store (store_due.c: looks,
 * errands, questions, mails to be tried again, leases of hubs), comes as before, or
 * nothing would be read for as long as the clock was wrong by.  Deadlines of cases and
 * the ends of overrides stay: people were told them.
 *
 * Nor is the time believed that a fetcher gives to what it read just before or after:
 * texts would be let go at once, or never, and files be taken for what a crash left.
 */
#include <stdlib.h>

#include "base/log.h"
#include "engine/engine_life.h"
#include "engine/engine_list.h"

/* An answer is told at once; it may wait for a disk that is slow. */
#define HEARD_MAX CLOCK_HOUR

int64_t
engine_clock_heard(int64_t time, int64_t now)
{
	return time > now || time < now - HEARD_MAX ? now : time;
}

void
engine_clock_hear(struct msg *m, int64_t now)
{
	if (m->type == MSG_POLLED)
		m->polled.time = engine_clock_heard(m->polled.time, now);
	else if (m->type == MSG_PUSHED)
		m->pushed.time = engine_clock_heard(m->pushed.time, now);
}

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

/* Of an outage what is compared with now: it must not seem to be ahead. */
static void
outage_back(struct engine_outage *o, int64_t by)
{
	o->since -= by;
	if (o->ended != 0)
		o->ended -= by;
	for (size_t i = 0; i < o->n; i++)
		o->v[i].time -= by;
}

static void
set_back(struct engine *g, int64_t by)
{
	int64_t *const rounds[] = {&g->next_exposure, &g->next_alive, &g->next_renewal,
	    &g->next_keep, &g->next_keep_back, &g->next_sweep, &g->life->next_day,
	    &g->life->next_told};
	int64_t *const at_times[] = {&g->unsealed_since, &g->synced};

	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++)
		*rounds[i] -= by;
	for (size_t i = 0; i < sizeof(at_times) / sizeof(at_times[0]); i++)
		if (*at_times[i] != CLOCK_NONE)
			*at_times[i] -= by;
	if (g->life->next_spent != 0)
		g->life->next_spent -= by;
	for (size_t i = 0; i < g->nstreams; i++)
		if (g->streams[i].repair != CLOCK_NONE)
			g->streams[i].repair -= by;
	outage_back(&g->outage, by);
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

/* Not for each second that a clock is corrected by. */
static void
rows_back(struct engine *g, int64_t by, int64_t now)
{
	char span[CLOCK_TEXT];
	struct err e = ERR_INIT;

	if (by < CLOCK_MIN)
		return;
	log_warn("engine", "the clock was set back by %s", clock_span(by, span));
	engine_must(store_due_back(g->store, by, now, &e), 0,
	    "cannot set back what is due", &e);
}

void
engine_clock_start(struct engine *g, int64_t now)
{
	char *mark = store_meta_get(g->store, "alive");

	/* How long we were away besides is not known. */
	if (mark != NULL)
		rows_back(g, atoll(mark) - now, now);
	free(mark);
}

void
engine_clock_tick(struct engine *g, int64_t now)
{
	if (now < g->ticked) {
		rows_back(g, g->ticked - now, now);
		set_back(g, g->ticked - now);
	} else if (g->ticked != 0) {
		engine_alive_stood(g, g->ticked, now);
	}
	g->ticked = now;
}
