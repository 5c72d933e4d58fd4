/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_exposure: hours that are over get their ledger entry: how much was seen,
 * the denominator of every rate.  Also our own absence: the daemon leaves a mark
 * every minute and when it stops, and what is missing after a start is a gap of ours,
 * through which no deadline runs; so is what is missing between two of its turns.  A
 * short one stops no deadline and is in no ledger, but is kept: what feeds lost
 * meanwhile is not their fault.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "store/store_cover.h"

/* Entries for an hour wait this long for what is still being inspected. */
#define SETTLE (5 * CLOCK_MIN)
#define ROWS_AT_ONCE 256

struct rows {
	struct store_exposure v[ROWS_AT_ONCE];
	size_t n;
};

static int
collect(void *ctx, const struct store_exposure *x)
{
	struct rows *r = ctx;

	r->v[r->n++] = *x;
	return r->n == ROWS_AT_ONCE;
}

static void
seal_hour(struct engine *g, const struct store_exposure *x, int64_t now)
{
	struct store_at at = engine_at(g, x->tenant);
	char hour[CLOCK_TEXT];
	struct err e = ERR_INIT;

	engine_record(g, "exposure",
	    json_pack("{s:s, s:s, s:I, s:I, s:I}", "tenant", x->tenant, "hour",
		clock_format(x->hour, hour), "items", (json_int_t)x->items,
		"violations", (json_int_t)x->violations, "degraded",
		(json_int_t)x->degraded),
	    NULL, now);
	engine_must(store_exposure_seal(g->store, &at, x->tenant, x->hour, &e), 0,
	    "cannot keep an hour", &e);
}

int64_t
engine_exposure_due(struct engine *g, int64_t now)
{
	int64_t hour = now - now % CLOCK_HOUR;
	struct rows *r;

	if (now < g->next_exposure)
		return g->next_exposure;
	r = xcalloc(1, sizeof(*r));
	/* An hour with late rows is recorded again, with the sum: the last entry of an
	 * hour counts. */
	engine_walk(store_exposure_unsealed(
	    g->store, now - SETTLE < hour ? hour - CLOCK_HOUR : hour, collect, r));
	for (size_t i = 0; i < r->n; i++)
		seal_hour(g, &r->v[i], now);
	g->next_exposure = r->n == ROWS_AT_ONCE ? now : now + SETTLE;
	free(r);
	return g->next_exposure;
}

/* --- our own absence --- */

#define ALIVE_EVERY CLOCK_MIN
#define ABSENCE_MIN (3 * CLOCK_MIN)

void
engine_alive_now(struct engine *g, int64_t now)
{
	struct err e = ERR_INIT;
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)now);
	engine_must(
	    store_meta_set(g->store, "alive", text, &e), 0, "cannot mark the time", &e);
}

int64_t
engine_alive_mark(struct engine *g, int64_t now)
{
	struct err e = ERR_INIT;

	if (now < g->next_alive)
		return g->next_alive;
	engine_alive_now(g, now);
	/* The shards as well: whoever does not renew loses them. */
	if (now >= g->next_renewal) {
		engine_must(
		    store_claim(g->store, "engine", ENGINE_LEASE, g->fences, &e), 0,
		    "cannot renew the shards", &e);
		g->next_renewal = now + ENGINE_LEASE / 3;
	}
	g->next_alive = now + ALIVE_EVERY;
	return g->next_alive;
}

struct absence {
	struct engine *g;
	int64_t from, now;
	const char *why;
};

static int
absent_feed(void *ctx, const struct store_feed *f)
{
	struct absence *a = ctx;
	struct store_at at = engine_at(a->g, f->tenant);
	struct store_gap gap = {.feed = f->id,
	    .from = a->from,
	    .to = a->now,
	    .ours = true,
	    .why = (char *)a->why};
	struct err e = ERR_INIT;

	if (!f->active)
		return 0;
	memcpy(gap.tenant, f->tenant, sizeof(gap.tenant));
	engine_must(
	    store_gap_open(a->g->store, &at, &gap, &e), 0, "cannot open a gap", &e);
	return 0;
}

static void
keep_away(struct engine *g, int64_t from, int64_t to)
{
	struct err e = ERR_INIT;

	engine_must(store_away_add(g->store, from, to, &e), 0,
	    "cannot keep when we were away", &e);
}

static int
absent_case(void *ctx, const struct store_case *c)
{
	struct absence *a = ctx;

	engine_walk(store_feed_each(a->g->store, c->tenant, absent_feed, a));
	return 0;
}

void
engine_absence(struct engine *g, int64_t from, int64_t to, const char *why, int64_t now)
{
	struct absence a = {.g = g, .from = from, .now = to, .why = why};
	char begin[CLOCK_TEXT], end[CLOCK_TEXT];

	clock_format(from, begin);
	clock_format(to, end);
	log_notice("engine", "blind from %s to %s: %s: no deadline runs through that",
	    begin, end, why);
	engine_record(g, "gap",
	    json_pack("{s:s, s:s, s:b, s:s, s:s}", "state", "closed", "why", why,
		"ours", 1, "from", begin, "to", end),
	    NULL, now);
	engine_walk(store_case_each(g->store, CASE_BY_OPEN, 0, absent_case, &a));
	keep_away(g, from, to);
}

int64_t
engine_alive_away(struct engine *g, int64_t now)
{
	char *text = store_meta_get(g->store, "alive");
	int64_t from = text != NULL ? atoll(text) : CLOCK_NONE;

	free(text);
	if (from == CLOCK_NONE)
		return INT64_MAX;
	return now > from ? now - from : 0;
}

/* Ticks come once a minute at least. */
void
engine_alive_stood(struct engine *g, int64_t from, int64_t now)
{
	if (now - from >= ABSENCE_MIN)
		engine_absence(g, from, now,
		    "the machine stood still, or its clock was set ahead", now);
}

void
engine_alive_absence(struct engine *g, int64_t now)
{
	int64_t away = engine_alive_away(g, now);

	if (away == INT64_MAX || away == 0)
		return; /* the first start, or at once */
	if (away >= ABSENCE_MIN)
		engine_absence(g, now - away, now, "the daemon was not running", now);
	else
		keep_away(g, now - away, now);
}
