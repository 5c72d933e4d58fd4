/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_poll: an answer on its way: what it shows is taken (engine_cover.c,
 * engine_take.c), what it says of its feed planned (engine_plan.c); all in one
 * transaction, so that a crash can neither lose nor double an item.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"

void
engine_polled(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	uint64_t before = g->items_new;
	struct store_feed row;
	struct engine_feed *ef;
	struct engine_poll poll;
	struct err e = ERR_INIT;
	struct store_at at;
	bool liar;

	if (!engine_poll_take(g, p->id, &poll)) {
		log_debug("poll", "an answer to no question: %llu",
		    (unsigned long long)p->id);
		return;
	}
	if (p->outcome < POLLED_COUNT)
		g->polls_by[p->outcome]++;
	if (poll.violation != 0) {
		engine_rechecked(g, poll.violation, m, now);
		return;
	}
	if (poll.errand != 0) {
		engine_errand_answered(g, poll.errand, m, now);
		return;
	}
	if (poll.list != 0) {
		engine_list_polled(g, &poll, m, now);
		return;
	}
	engine_must(
	    store_feed_get(g->store, poll.feed, &row, &e), 0, "cannot read a feed", &e);
	ef = engine_feed_find(g, poll.feed);
	at = engine_at(g, row.tenant);
	liar = engine_cover_polled(g, &row, m, now);
	engine_plan_polled(g, &row, ef, &poll, p, g->items_new - before, now);
	if (liar)
		engine_plan_bare(&row);
	engine_push_polled(g, &row, &poll, p, now);
	engine_must(
	    store_feed_update(g->store, &at, &row, &e), 0, "cannot keep a feed", &e);
	if (ef != NULL) {
		ef->in_flight = false;
		ef->lost = 0;
		engine_feed_schedule(g, ef, row.next_poll);
		engine_stream_polled(g, &poll, ef, p, now);
	}
	store_feed_clear(&row);
}
