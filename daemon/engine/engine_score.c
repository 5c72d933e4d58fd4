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

struct span {
	int64_t feed; /* of an absence of ours: 0 */
	int64_t from, to;
	int why; /* index of a reason, OURS */
};
#define OURS (-1)

/* What is read once, however many feeds ask. */
struct engine_score {
	struct engine *g;
	int64_t from, to;
	struct span *gaps; /* by feed */
	struct span *aways;
	size_t ngaps, gaps_cap, naways;
	char **why;
	int nwhy;
	/* Of the feed that is looked at, cut to its time; and what is lost so far. */
	struct span *v;
	size_t n, cap;
	int64_t *lost; /* by reason */
	int64_t all, ours, theirs;
};

static int
reason(struct engine_score *s, const char *why)
{
	int i = 0;

	while (i < s->nwhy && strcmp(s->why[i], why) != 0)
		i++;
	if (i < s->nwhy)
		return i;
	s->why = xrealloc(s->why, (size_t)(i + 1) * sizeof(*s->why));
	s->why[s->nwhy++] = xstrdup(why);
	return i;
}

static int
read_gap(void *ctx, const struct store_gap *gap)
{
	struct engine_score *s = ctx;

	if (s->ngaps == s->gaps_cap) {
		s->gaps_cap = s->gaps_cap > 0 ? 2 * s->gaps_cap : 64;
		s->gaps = xrealloc(s->gaps, s->gaps_cap * sizeof(*s->gaps));
	}
	s->gaps[s->ngaps++] = (struct span){gap->feed, gap->from, gap->to,
	    gap->ours ? OURS : reason(s, gap->why != NULL ? gap->why : "?")};
	return 0;
}

static int
read_away(void *ctx, int64_t from, int64_t to)
{
	struct engine_score *s = ctx;

	s->aways = xrealloc(s->aways, (s->naways + 1) * sizeof(*s->aways));
	s->aways[s->naways++] = (struct span){0, from, to, OURS};
	return 0;
}

static int
by_feed(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->feed > y->feed) - (x->feed < y->feed);
}

struct engine_score *
engine_score_new(struct engine *g, const char *tenant, int64_t now)
{
	struct engine_score *s = xcalloc(1, sizeof(*s));

	s->g = g;
	s->from = now - SPAN;
	s->to = now;
	engine_walk(store_gap_each(g->store, tenant, s->from, s->to, read_gap, s));
	engine_walk(store_away_each(g->store, s->from, s->to, read_away, s));
	if (s->ngaps > 0)
		qsort(s->gaps, s->ngaps, sizeof(*s->gaps), by_feed);
	s->lost = xcalloc((size_t)s->nwhy + 1, sizeof(*s->lost));
	return s;
}

void
engine_score_free(struct engine_score **sp)
{
	struct engine_score *s = *sp;

	for (int i = 0; s != NULL && i < s->nwhy; i++)
		free(s->why[i]);
	if (s != NULL) {
		free(s->why);
		free(s->gaps);
		free(s->aways);
		free(s->v);
		free(s->lost);
	}
	free(s);
	*sp = NULL;
}

/* --- one feed --- */

/* The part of it since `from'. */
static void
add(struct engine_score *s, const struct span *x, int64_t from)
{
	struct span p = *x;

	if (p.from < from)
		p.from = from;
	if (p.to == CLOCK_NONE || p.to > s->to)
		p.to = s->to;
	if (p.from >= p.to)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 64;
		s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = p;
}

/* The place of its first gap. */
static size_t
place_of(const struct engine_score *s, int64_t feed)
{
	size_t lo = 0, hi = s->ngaps;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->gaps[mid].feed < feed)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
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

static void
look(struct engine_score *s, int64_t feed)
{
	struct store_coverage c;
	struct err e = ERR_INIT;
	int64_t from;

	if (engine_must(store_coverage_get(s->g->store, feed, &c, &e), TOSD_ENOENT,
		"cannot read what a feed last showed", &e) != 0)
		return;
	from = c.since;
	store_coverage_clear(&c);
	if (from == CLOCK_NONE)
		return;
	if (from < s->from)
		from = s->from;
	s->n = 0;
	for (size_t i = place_of(s, feed); i < s->ngaps && s->gaps[i].feed == feed; i++)
		add(s, &s->gaps[i], from);
	for (size_t i = 0; i < s->naways; i++)
		add(s, &s->aways[i], from);
	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), span_cmp);
	s->all += s->to - from;
	for (size_t i = 0; i < s->n; i++) {
		int64_t part = uncovered(s->v, i, s->v[i].from, s->v[i].to);

		if (s->v[i].why == OURS) {
			s->ours += part;
		} else {
			s->theirs += part;
			s->lost[s->v[i].why] += part;
		}
	}
}

static int
look_at(void *ctx, const struct store_feed *f)
{
	if (f->active)
		look(ctx, f->id);
	return 0;
}

static double
hours(int64_t ms)
{
	return (double)(ms / CLOCK_SEC) / 3600.0;
}

/* What was added up, which begins anew. */
static json_t *
result(struct engine_score *s)
{
	json_t *o, *theirs = json_object();
	int64_t seen = s->all - s->ours;

	for (int i = 0; i < s->nwhy; i++)
		if (s->lost[i] > 0)
			json_object_set_new(
			    theirs, s->why[i], json_real(hours(s->lost[i])));
	o = json_pack("{s:f, s:f, s:o}", "hours", hours(s->all), "ours", hours(s->ours),
	    "theirs", theirs);
	if (seen > 0)
		json_object_set_new(
		    o, "share", json_real((double)(seen - s->theirs) / (double)seen));
	s->all = s->ours = s->theirs = 0;
	memset(s->lost, 0, ((size_t)s->nwhy + 1) * sizeof(*s->lost));
	return o;
}

json_t *
engine_score_feed(struct engine_score *s, int64_t feed)
{
	look(s, feed);
	return result(s);
}

json_t *
engine_score(struct engine *g, const char *tenant, int64_t now)
{
	struct engine_score *s = engine_score_new(g, tenant, now);
	json_t *o;

	engine_walk(store_feed_each(g->store, tenant, look_at, s));
	o = result(s);
	engine_score_free(&s);
	return o;
}
