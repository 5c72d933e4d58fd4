/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_outage: our own network's fault, or the tenants'?  When the last OUTAGE_POLLS
 * polls, of feeds that could be read until then or were never read, at OUTAGE_HOSTS
 * hosts or more, all ended without a word from any server (name not resolved, no
 * connection, time-out) and nobody answered in between, it is ours: nothing of it
 * counts against the feeds, and the time is a gap of our own.  (A fetcher knows the
 * errno and may see it sooner; it sees its own hosts only.)  Whoever saw it: what was
 * silent shortly before and shortly after is not held against its feed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"

static bool
is_silence(const struct msg_polled *p)
{
	return p->status == 0 &&
	       (p->outcome == POLLED_DNS || p->outcome == POLLED_CONNECT ||
		   p->outcome == POLLED_TIMEOUT);
}

/* Did a server say anything? */
static bool
is_word(const struct msg_polled *p)
{
	return p->status != 0 || p->outcome == POLLED_OK ||
	       p->outcome == POLLED_UNCHANGED || p->outcome == POLLED_TLS;
}

static void
end(struct engine *g, int64_t now)
{
	struct engine_outage *o = &g->outage;

	if (o->on) {
		log_notice("engine", "hosts can be reached again");
		engine_absence(g, o->since, now, "no host could be reached", now);
		*o = (struct engine_outage){.ended = now};
	} else {
		*o = (struct engine_outage){.ended = o->ended};
	}
}

/* A poll that was already held against its feed. */
static void
take_back(struct engine *g, int64_t id, int64_t now)
{
	struct store_feed f;
	struct store_at at;
	struct err e = ERR_INIT;

	engine_must(store_feed_get(g->store, id, &f, &e), 0, "cannot read a feed", &e);
	at = engine_at(g, f.tenant);
	if (f.down_since != CLOCK_NONE && !f.down_ours) {
		int64_t from = f.down_since;

		engine_gap_close(g, &f, "our own fault after all", from, now);
		engine_gap_open(g, &f, true, polled_name(POLLED_OWN_FAULT), from, now);
	}
	f.failures = 0;
	f.outcome = POLLED_OWN_FAULT;
	if (f.last_ok != CLOCK_NONE)
		engine_plan_state(g, &f, POLLED_OK, f.last_ok, NULL, now);
	engine_must(
	    store_feed_update(g->store, &at, &f, &e), 0, "cannot keep a feed", &e);
	store_feed_clear(&f);
}

/* A fetcher says that it is ours. */
static void
told(struct engine *g, int64_t now)
{
	struct engine_outage *o = &g->outage;

	for (size_t i = 0; i < o->n; i++)
		if (now - o->v[i].time <= OUTAGE_LEAD)
			take_back(g, o->v[i].feed, now);
	*o = (struct engine_outage){.ended = now};
}

static void
begin(struct engine *g, int64_t now)
{
	struct engine_outage *o = &g->outage;

	o->on = true;
	o->since = o->v[0].time;
	log_err("engine",
	    "the last %d polls heard no host at all: taken for a fault of "
	    "our own network, not the tenants'",
	    OUTAGE_POLLS);
	for (size_t i = 0; i + 1 < o->n; i++)
		take_back(g, o->v[i].feed, now);
}

static unsigned
count_hosts(const struct engine_outage *o)
{
	unsigned n = 0;

	for (size_t i = 0; i < o->n; i++) {
		size_t k = 0;

		while (k < i && o->v[k].host != o->v[i].host)
			k++;
		n += k == i;
	}
	return n;
}

static bool
counted(const struct engine_outage *o, int64_t feed)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].feed == feed)
			return true;
	return false;
}

static void
count(struct engine *g, const struct store_feed *f, int64_t time)
{
	struct engine_outage *o = &g->outage;
	bool news = f->last_ok == CLOCK_NONE || f->down_since == CLOCK_NONE ||
		    engine_plan_cut(f);

	/* What has been silent for long proves nothing. */
	if (!news || counted(o, f->id))
		return;
	if (o->n == OUTAGE_POLLS)
		memmove(o->v, o->v + 1, --o->n * sizeof(o->v[0]));
	o->v[o->n].feed = f->id;
	o->v[o->n].host = engine_host_hash(f->url);
	o->v[o->n++].time = time;
}

bool
engine_outage_explains(const struct engine *g, int64_t since, int64_t now)
{
	return since >= (g->outage.on ? g->outage.since : now) - OUTAGE_LEAD;
}

void
engine_outage_judge(
    struct engine *g, const struct store_feed *f, struct msg_polled *p, int64_t now)
{
	struct engine_outage *o = &g->outage;
	bool tail;
	char *why;

	if (is_word(p)) {
		end(g, now);
		return;
	}
	if (p->outcome == POLLED_OWN_FAULT && !o->on)
		told(g, now);
	if (!is_silence(p))
		return;
	/* While some are heard again others still wait for answers that never come. */
	tail = !o->on && o->ended != 0 && now - o->ended <= OUTAGE_TAIL;
	if (!o->on && !tail) {
		count(g, f, p->time);
		if (o->n == OUTAGE_POLLS && count_hosts(o) >= OUTAGE_HOSTS)
			begin(g, now);
	}
	if (!o->on && !tail)
		return;
	why = xasprintf("no host can be reached (%s)",
	    p->why != NULL ? p->why : polled_name(p->outcome));
	free(p->why);
	p->why = why;
	p->outcome = POLLED_OWN_FAULT;
}
