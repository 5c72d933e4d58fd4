/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_score: what share of the last 30 days a feed could be read, and why not, from
 * the gaps that are on record.  Time that we ourselves were blind is set apart: it is
 * taken off both sides.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_cover.h"

#define SPAN (30 * CLOCK_DAY)
#define REASONS 24

struct span {
	int64_t from, to;
	int why; /* index of a reason, OURS */
};
#define OURS (-1)

struct spans {
	struct engine *g;
	int64_t feed, from, to;
	struct span *v;
	size_t n;
	const char *why[REASONS]; /* owned */
	int64_t lost[REASONS];
	int nwhy;
};

static int
reason(struct spans *s, const char *why)
{
	int i = 0;

	while (i < s->nwhy && strcmp(s->why[i], why) != 0)
		i++;
	if (i == s->nwhy && i < REASONS)
		s->why[s->nwhy++] = xstrdup(why);
	return i < REASONS ? i : REASONS - 1;
}

static void
add(struct spans *s, int64_t from, int64_t to, int why)
{
	if (from < s->from)
		from = s->from;
	if (to == CLOCK_NONE || to > s->to)
		to = s->to;
	if (from >= to)
		return;
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = (struct span){from, to, why};
}

static int
add_gap(void *ctx, const struct store_gap *gap)
{
	struct spans *s = ctx;

	if (gap->feed == s->feed)
		add(s, gap->from, gap->to,
		    gap->ours ? OURS : reason(s, gap->why != NULL ? gap->why : "?"));
	return 0;
}

static int
add_away(void *ctx, int64_t from, int64_t to)
{
	add(ctx, from, to, OURS);
	return 0;
}

/* Ours first where two overlap: what we could not see is no fault of theirs. */
static int
span_cmp(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if ((x->why == OURS) != (y->why == OURS))
		return x->why == OURS ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* The part of [from, to) that none of the first n spans covers: they are few, and each
 * one cuts what is left. */
static int64_t
uncovered(const struct span *v, size_t n, int64_t from, int64_t to)
{
	for (size_t i = 0; i < n && from < to; i++) {
		int64_t left;

		if (v[i].to <= from || v[i].from >= to)
			continue;
		left = v[i].from > from
			   ? uncovered(v + i + 1, n - i - 1, from, v[i].from)
			   : 0;
		return left + (v[i].to < to
				      ? uncovered(v + i + 1, n - i - 1, v[i].to, to)
				      : 0);
	}
	return from < to ? to - from : 0;
}

struct score {
	int64_t all, ours, theirs;
};

static void
score_feed(struct spans *s, struct score *out)
{
	struct store_coverage c;
	struct err e = ERR_INIT;

	if (engine_must(store_coverage_get(s->g->store, s->feed, &c, &e), TOSD_ENOENT,
		"cannot read what a feed last showed", &e) != 0 ||
	    c.since == CLOCK_NONE)
		return;
	s->from = c.since > s->to - SPAN ? c.since : s->to - SPAN;
	engine_walk(store_gap_each(s->g->store, c.tenant, s->from, s->to, add_gap, s));
	engine_walk(store_away_each(s->g->store, s->from, s->to, add_away, s));
	store_coverage_clear(&c);
	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), span_cmp);
	out->all += s->to - s->from;
	for (size_t i = 0; i < s->n; i++) {
		int64_t part = uncovered(s->v, i, s->v[i].from, s->v[i].to);

		if (s->v[i].why == OURS) {
			out->ours += part;
		} else {
			out->theirs += part;
			s->lost[s->v[i].why] += part;
		}
	}
	s->n = 0;
}

struct each {
	struct spans *s;
	struct score *score;
};

static int
score_one(void *ctx, const struct store_feed *f)
{
	struct each *x = ctx;

	if (!f->active)
		return 0;
	x->s->feed = f->id;
	score_feed(x->s, x->score);
	return 0;
}

static double
hours(int64_t ms)
{
	return (double)(ms / CLOCK_SEC) / 3600.0;
}

json_t *
engine_score(struct engine *g, const char *tenant, int64_t feed, int64_t now)
{
	struct spans s = {.g = g, .feed = feed, .to = now};
	struct score score = {0};
	struct each x = {&s, &score};
	json_t *o, *theirs = json_object();
	int64_t seen;

	if (feed != 0)
		score_feed(&s, &score);
	else
		engine_walk(store_feed_each(g->store, tenant, score_one, &x));
	seen = score.all - score.ours;
	for (int i = 0; i < s.nwhy; i++) {
		json_object_set_new(theirs, s.why[i], json_real(hours(s.lost[i])));
		free((char *)s.why[i]);
	}
	free(s.v);
	o = json_pack("{s:f, s:f, s:o}", "hours", hours(score.all), "ours",
	    hours(score.ours), "theirs", theirs);
	if (seen > 0)
		json_object_set_new(o, "share",
		    json_real((double)(seen - score.theirs) / (double)seen));
	return o;
}
