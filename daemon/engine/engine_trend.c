/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_trend: since when each rule counts as it does, and the trend of a tenant's
 * violations by those rules alone that did so all the time.  A rule that is new, means
 * something else, or was moved would look like a rise, or a fall, of what it finds.
 */
#include "engine/engine_trend.h"

#include <stdlib.h>
#include <string.h>

#include "engine/engine_life.h"

/* --- since when --- */

static int
load_row(void *ctx, const struct store_loaded *l)
{
	struct engine_rule *r =
	    engine_life_rule(ctx, l->rule, l->rev, (enum finding_mode)l->declared);

	r->known = true;
	r->declared = (enum finding_mode)l->declared;
	r->began = (enum finding_mode)l->mode;
	r->since = l->since;
	return 0;
}

void
engine_trend_load(struct engine *g)
{
	engine_walk(store_loaded_each(g->store, load_row, g));
}

/* Where people have moved it, where it would begin makes no difference. */
void
engine_trend_rules(struct engine *g, int64_t now)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < g->life->n; i++) {
		struct engine_rule *r = g->life->v[i];
		enum finding_mode mode = engine_life_began(g, r).mode;
		struct store_loaded row = {
		    .rule = r->rule, .rev = r->rev, .declared = (int32_t)r->declared};

		/* What its pack has retired it may bring back: engine_loaded.c. */
		if (!r->loaded && r->known && mode != MODE_RETIRED) {
			engine_must(store_loaded_drop(g->store, r->rule, r->rev, &e), 0,
			    "cannot keep which rules are loaded", &e);
			r->known = false;
		}
		if (r->known ? r->began == mode : !r->loaded)
			continue;
		if (!r->known || r->row.move == 0)
			r->since = now;
		r->known = true;
		r->began = mode;
		row.mode = (int32_t)mode;
		row.since = r->since;
		engine_must(store_loaded_put(g->store, &row, &e), 0,
		    "cannot keep which rules are loaded", &e);
	}
}

/* --- the series --- */

struct series {
	struct engine *g;
	struct trend_row *v;
	size_t n;
	struct engine_trend *out;
	int64_t revision; /* the one counted last */
	const struct engine_rule **left_out;
};

static int
add_hour(void *ctx, const struct store_exposure *x)
{
	struct series *s = ctx;

	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = (struct trend_row){.time = x->hour, .items = x->items};
	s->out->items += x->items;
	s->out->violations += x->violations;
	return 0;
}

/* It has counted as it does now since the series begins. */
static bool
is_steady(const struct series *s, const struct engine_rule *r)
{
	int64_t first = s->v[0].time + CLOCK_HOUR;
	struct life_state now;

	engine_life_state(s->g, r, &now);
	return r->known && (now.mode == MODE_ENFORCE || now.mode == MODE_CANARY) &&
	       r->since < first && engine_meaning_steady(r, first) &&
	       (r->row.since == CLOCK_NONE || r->row.since < first);
}

static void
leave_out(struct series *s, const struct engine_rule *r)
{
	struct engine_trend *o = s->out;

	for (unsigned i = 0; i < o->left_out; i++)
		if (s->left_out[i] == r)
			return;
	s->left_out =
	    xrealloc(s->left_out, (o->left_out + 1) * sizeof(struct engine_rule *));
	s->left_out[o->left_out++] = r;
}

/* The row of the hour in which it was found, or the last one before. */
static struct trend_row *
row_of(struct series *s, int64_t found)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->v[mid].time <= found)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 ? &s->v[lo - 1] : NULL;
}

/* A revision counts once, as it does in the exposure. */
static int
add_violation(void *ctx, const struct store_violation *v)
{
	struct series *s = ctx;
	const struct engine_rule *r =
	    engine_life_rule(s->g, v->finding.rule, v->finding.rev, MODE_DRAFT);
	struct trend_row *row = row_of(s, v->found);

	if (row == NULL || v->withdrawn != WITHDRAWN_NO)
		return 0;
	if (!is_steady(s, r)) {
		leave_out(s, r);
	} else if (v->revision != s->revision) {
		s->revision = v->revision;
		row->violations++;
	}
	return 0;
}

void
engine_trend(struct engine *g, const char *tenant, int64_t from, int64_t to,
    struct engine_trend *out)
{
	struct series s = {.g = g, .out = out};

	memset(out, 0, sizeof(*out));
	engine_walk(store_exposure_each(g->store, tenant, from, to, add_hour, &s));
	if (s.n > 0)
		engine_walk(store_violation_since(
		    g->store, tenant, s.v[0].time, add_violation, &s));
	trend_test(s.v, s.n, NULL, &out->trend);
	free(s.v);
	free(s.left_out);
}
