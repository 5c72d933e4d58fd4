/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_loaded: what a newly loaded policy changes without anybody being asked is
 * told: rules that count because their pack says so, and rules that counted and are not
 * there any more.  What follows from it is done: open violations of a rule that its
 * pack has taken down are withdrawn, and a rule falls that its gates would not hold at
 * the next label.
 */
#include <string.h>

#include "base/log.h"
#include "engine/engine_life.h"

/* Lines about single rules at a time; what is more is counted. */
#define LINES_MAX 20
#define FEW 8

static void
tell_begun(const struct engine_rule *r)
{
	bool list = strncmp(r->rule, "list/", 5) == 0;

	log_notice("policy",
	    "rule %s rev %u begins in enforce, as its %s says: what it finds counts "
	    "from now on%s",
	    r->rule, r->rev, list ? "list" : "pack",
	    list ? ", until the list expires" : "");
}

static void
tell_held(const struct engine_rule *r, enum finding_mode mode)
{
	log_warn("policy",
	    "rule %s rev %u was put in %s and is in shadow: its plugin `%s' does not "
	    "give the same answer twice any more, so that its findings cannot count",
	    r->rule, r->rev, finding_mode_name(mode),
	    r->plugin != NULL ? r->plugin : "");
}

static void
tell_gone(struct engine *g, const struct engine_rule *r, const char *mode)
{
	const struct engine_rule *next = engine_life_find(g, r->rule, 0);
	struct life_state s;

	if (next == NULL || !next->loaded) {
		log_warn("policy",
		    "rule %s rev %u was in %s and is not loaded any more: its pack is "
		    "gone or refused, or has it no longer, or as retired; what it "
		    "found still counts",
		    r->rule, r->rev, mode);
		return;
	}
	engine_life_state(g, next, &s);
	log_warn("policy",
	    "rule %s rev %u was in %s and is not loaded any more: rev %u is, in %s",
	    r->rule, r->rev, mode, next->rev, finding_mode_name(s.mode));
}

/* Rules that were put where their plugins do not let them be any more, and those that
 * are let again. */
static void
tell_limits(struct engine *g)
{
	size_t held = 0;

	for (size_t i = 0; i < g->life->n; i++) {
		struct engine_rule *r = g->life->v[i];
		struct life_state s;
		bool is = engine_life_put(g, r, &s);

		if (!r->loaded || is == r->held)
			continue;
		r->held = is;
		if (is && held++ < LINES_MAX)
			tell_held(r, s.mode);
		else if (!is)
			log_notice("policy",
			    "rule %s rev %u: its plugin does not hold it back any "
			    "more, it is in %s",
			    r->rule, r->rev, finding_mode_name(s.mode));
	}
	if (held > LINES_MAX)
		log_warn("policy",
		    "%zu more rules are in shadow as their plugins hold them back: "
		    "tosctl policy rules lists all",
		    held - LINES_MAX);
}

static bool
same_pack(const char *a, const char *b)
{
	const char *end = strchr(a, '/');

	return end != NULL && strncmp(a, b, (size_t)(end - a) + 1) == 0;
}

/* Whether its plugin says that the rule is retired, or (pack) one of the same pack,
 * which so is there, though nothing of it may be loaded. */
static bool
is_retired(const struct msg_rules *m, const struct engine_rule *r, bool pack)
{
	for (uint32_t i = 0; i < m->nretired; i++) {
		const struct msg_retired *x = &m->retired[i];

		if (r->plugin != NULL && strcmp(r->plugin, x->plugin) != 0)
			continue; /* nothing that another one could say */
		if (pack ? same_pack(r->rule, x->rule) : strcmp(r->rule, x->rule) == 0)
			return true;
	}
	return false;
}

/* Its pack is there and was not refused, and has it no more, or as retired.  Where the
 * whole pack is gone nobody knows what was meant: it may be back with the next reload.
 * A list is no pack, and a newer revision takes the place of the one before. */
static bool
is_taken_out(struct engine *g, const struct msg_rules *m, size_t at)
{
	const struct engine_life *l = g->life;
	const char *rule = l->v[at]->rule;
	const struct engine_rule *next = engine_life_find(g, rule, 0);
	bool there;

	if (strncmp(rule, "list/", 5) == 0 || (next != NULL && next->loaded))
		return false;
	if (is_retired(m, l->v[at], false))
		return true; /* whatever else is missing */
	if (m->nmissing > 0)
		return false;
	there = is_retired(m, l->v[at], true);
	for (size_t i = at; !there && i-- > 0 && same_pack(rule, l->v[i]->rule);)
		there = l->v[i]->loaded;
	for (size_t i = at; !there && ++i < l->n && same_pack(rule, l->v[i]->rule);)
		there = l->v[i]->loaded;
	return there;
}

static void
note_restated(struct engine *g, const struct msg_rules *m, size_t at)
{
	struct engine_rule *r = g->life->v[at];

	if (!r->known || r->row.move != 0)
		return;
	/* Of one that did not count there is nothing to withdraw. */
	if (!r->loaded && (r->began == MODE_ENFORCE || r->began == MODE_CANARY) &&
	    is_taken_out(g, m, at))
		r->declared = MODE_RETIRED;
	if (!r->loaded && r->declared != MODE_RETIRED)
		return;
	r->was = r->began;
	r->restated = engine_life_began(g, r).mode != r->was;
}

/* r->known and r->began are still as with the policy before. */
void
engine_loaded_tell(struct engine *g, const struct msg_rules *m)
{
	size_t begun = 0, gone = 0;

	tell_limits(g);
	for (size_t i = 0; i < g->life->n; i++) {
		const struct engine_rule *r = g->life->v[i];
		struct life_state s;

		note_restated(g, m, i);
		engine_life_state(g, r, &s);
		if (r->loaded && r->row.move == 0 && s.mode == MODE_ENFORCE &&
		    !(r->known && r->began == MODE_ENFORCE) && begun++ < LINES_MAX)
			tell_begun(r);
		if (!r->loaded && r->known &&
		    (s.mode == MODE_ENFORCE || s.mode == MODE_CANARY) &&
		    gone++ < LINES_MAX)
			tell_gone(g, r, finding_mode_name(s.mode));
	}
	if (begun > LINES_MAX)
		log_notice("policy",
		    "%zu more rules begin in enforce, as their packs say: tosctl "
		    "policy "
		    "rules lists all",
		    begun - LINES_MAX);
	if (gone > LINES_MAX)
		log_warn("policy",
		    "%zu more rules counted and are not loaded any more: tosctl policy "
		    "stats lists them",
		    gone - LINES_MAX);
}

/* What engine_life_judged() would do at the next label; asked of all rules that are
 * loaded, so only of those that fall by their labels alone. */
static bool
would_fall(
    struct engine *g, const struct engine_rule *r, const struct life_limits *limits)
{
	struct life_numbers n = {.right = r->right, .wrong = r->wrong};
	struct measure_share share;
	struct life_state s;

	if (!r->loaded || n.right + n.wrong == 0)
		return false;
	engine_life_state(g, r, &s);
	if (s.until != CLOCK_NONE)
		return false; /* judged once that is over */
	measure_share(n.right, n.right + n.wrong, &share);
	n.low = share.low;
	return life_falls(limits, &n);
}

static int
note_open(void *ctx, const struct store_violation *v)
{
	struct engine_rule *r = engine_life_find(ctx, v->finding.rule, v->finding.rev);

	if (r != NULL && v->notice == 0)
		r->open = true;
	return 0;
}

/* To look for the violations of one rule all are read: of many rules at a time, as with
 * another life_cycle, once for all of them. */
static void
find_open(struct engine *g)
{
	struct engine_life *l = g->life;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->v[i]->restated;
	for (size_t i = 0; n > 0 && i < l->n; i++)
		l->v[i]->open = n < FEW;
	if (n >= FEW)
		engine_walk(
		    store_violation_each(g->store, VIOLATION_ALL, 0, 0, note_open, g));
}

void
engine_loaded_moves(struct engine *g, int64_t now)
{
	struct life_limits limits;
	size_t n = 0;

	find_open(g);
	for (size_t i = 0; i < g->life->n; i++) {
		struct engine_rule *r = g->life->v[i];

		if (r->restated)
			n += (size_t)engine_life_restated(g, r, now, n < LINES_MAX);
		r->restated = false;
	}
	if (n > LINES_MAX)
		log_notice("policy",
		    "of %zu more rules their packs have changed whether they count: "
		    "tosctl policy rules lists all",
		    n - LINES_MAX);
	engine_gate_limits(g, &limits);
	for (size_t i = 0; i < g->life->n; i++)
		if (would_fall(g, g->life->v[i], &limits))
			engine_life_judged(g, g->life->v[i], now);
}
