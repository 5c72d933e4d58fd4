/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_life: where each rule is: the table of rules, what a start finds in the store,
 * and the mode in force, which is laid over findings.  What a pack declares is where a
 * rule begins; how it is moved stands in engine_move.c.
 */
#include "engine/engine_life.h"

#include <stdlib.h>
#include <string.h>

#include "engine/engine_trend.h"

/* Rules that findings may name although no worker declared them: a worker that was
 * taken over must not fill memory with names.  Those beyond are one, in shadow. */
#define UNKNOWN_MAX 1000
#define UNKNOWN "undeclared"

/* --- the table of rules --- */

static int
compare(const struct engine_rule *r, const char *rule, uint32_t rev)
{
	int c = strcmp(r->rule, rule);

	return c != 0 ? c : (r->rev > rev) - (r->rev < rev);
}

/* The place of the first one that is not before (rule, rev). */
static size_t
place_of(const struct engine_life *l, const char *rule, uint32_t rev)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare(l->v[mid], rule, rev) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct engine_rule *
make_rule(const char *rule, uint32_t rev)
{
	struct engine_rule *r = xcalloc(1, sizeof(*r));

	r->rule = xstrdup(rule);
	r->rev = rev;
	r->limit = MODE_ENFORCE;
	r->moved.until = CLOCK_NONE;
	r->row.wish_until = r->row.wish_time = r->row.since = CLOCK_NONE;
	return r;
}

struct engine_rule *
engine_life_rule(
    struct engine *g, const char *rule, uint32_t rev, enum finding_mode declared)
{
	struct engine_life *l = g->life;
	size_t at = place_of(l, rule, rev);
	struct engine_rule *r;

	if (at < l->n && compare(l->v[at], rule, rev) == 0)
		return l->v[at];
	r = make_rule(rule, rev);
	r->declared = declared;
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(struct engine_rule *));
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(struct engine_rule *));
	l->v[at] = r;
	l->n++;
	return r;
}

struct engine_rule *
engine_life_find(struct engine *g, const char *rule, uint32_t rev)
{
	struct engine_life *l = g->life;
	struct engine_rule *best = NULL;

	for (size_t i = place_of(l, rule, rev); i < l->n; i++) {
		struct engine_rule *r = l->v[i];

		if (strcmp(r->rule, rule) != 0 || (rev != 0 && r->rev != rev))
			break;
		if (best == NULL || r->loaded || !best->loaded)
			best = r;
	}
	return best;
}

static void
set_text(char **to, const char *from)
{
	if (*to != NULL && strcmp(*to, from) == 0)
		return;
	free(*to);
	*to = xstrdup(from);
}

static int
by_name(const void *a, const void *b)
{
	const struct engine_rule *x = *(struct engine_rule *const *)a;
	const struct engine_rule *y = *(struct engine_rule *const *)b;

	return compare(x, y->rule, y->rev);
}

static void
take_rule(struct engine_rule *r, const struct msg_rule *v)
{
	r->loaded = true;
	r->declared = (enum finding_mode)v->mode;
	r->limit = (enum finding_mode)v->limit;
	set_text(&r->plugin, v->plugin);
	set_text(&r->pack, v->pack);
	set_text(&r->clause, v->clause);
	set_text(&r->category, v->category);
}

static int
by_rule(const void *a, const void *b)
{
	const struct msg_rule *x = *(const struct msg_rule *const *)a;
	const struct msg_rule *y = *(const struct msg_rule *const *)b;
	int c = strcmp(x->rule, y->rule);

	if (c == 0)
		c = (x->rev > y->rev) - (x->rev < y->rev);
	return c != 0 ? c : (x > y) - (x < y);
}

/* There may be thousands that are new: they are sorted in once.  One that a worker
 * names twice is one, as it was named last. */
static void
take_rules(struct engine_life *l, const struct msg_rules *m)
{
	const struct msg_rule **v = xcalloc(m->n + 1, sizeof(*v));
	size_t n = l->n;

	for (uint32_t i = 0; i < m->n; i++)
		v[i] = &m->v[i];
	qsort(v, m->n, sizeof(*v), by_rule);
	l->v = xrealloc(l->v, (l->n + m->n + 1) * sizeof(struct engine_rule *));
	for (uint32_t i = 0; i < m->n; i++) {
		size_t at = place_of(l, v[i]->rule, v[i]->rev);
		bool known = at < l->n && compare(l->v[at], v[i]->rule, v[i]->rev) == 0;

		if (!known && n > l->n &&
		    compare(l->v[n - 1], v[i]->rule, v[i]->rev) == 0)
			at = n - 1;
		else if (!known)
			l->v[at = n++] = make_rule(v[i]->rule, v[i]->rev);
		take_rule(l->v[at], v[i]);
	}
	free(v);
	if (n > l->n)
		qsort(l->v, n, sizeof(struct engine_rule *), by_name);
	l->n = n;
}

void
engine_life_rules(struct engine *g, const struct msg_rules *m, int64_t now)
{
	struct engine_life *l = g->life;

	for (size_t i = 0; i < l->n; i++)
		l->v[i]->loaded = false;
	take_rules(l, m);
	engine_loaded_tell(g, m);
	engine_trend_rules(g, now);
}

/* --- what a start finds --- */

void
engine_life_take(struct engine *g, struct engine_rule *r)
{
	struct store_move m;
	struct err e = ERR_INIT;

	free(r->who);
	r->who = NULL;
	r->moved = (struct life_state){MODE_DRAFT, 0, CLOCK_NONE};
	r->what = LIFE_SHADOW;
	r->before = 0;
	if (r->row.move == 0)
		return;
	engine_must(store_move_get(g->store, r->row.move, &m, &e), 0,
	    "cannot read where a rule is", &e);
	r->moved = (struct life_state){(enum finding_mode)m.mode, m.share, m.until};
	r->what = (enum life_move)m.what;
	r->before = m.before;
	r->who = m.who;
	m.who = NULL;
	store_move_clear(&m);
}

static int
load_row(void *ctx, const struct store_life *row)
{
	struct engine *g = ctx;
	struct engine_rule *r = engine_life_rule(g, row->rule, row->rev, MODE_DRAFT);

	store_life_clear(&r->row);
	r->row = *row;
	r->row.rule = xstrdup(row->rule);
	r->row.who = xstrdup(row->who);
	r->row.wish_who = xstrdup(row->wish_who);
	engine_life_take(g, r);
	return 0;
}

static int
load_label(void *ctx, const struct store_label *l)
{
	struct engine_rule *r = engine_life_rule(ctx, l->rule, l->rev, MODE_DRAFT);

	if (!engine_meaning_held(r, l->found, l->found))
		return 0;
	r->right += l->right;
	r->wrong += !l->right;
	return 0;
}

void
engine_life_plan(struct engine *g)
{
	struct engine_life *l = g->life;

	l->next_lapse = CLOCK_NONE;
	for (size_t i = 0; i < l->n; i++) {
		int64_t t = l->v[i]->row.move != 0 ? l->v[i]->moved.until : CLOCK_NONE;

		if (t != CLOCK_NONE &&
		    (l->next_lapse == CLOCK_NONE || t < l->next_lapse))
			l->next_lapse = t;
	}
}

void
engine_life_load(struct engine *g)
{
	g->life = xcalloc(1, sizeof(*g->life));
	engine_walk(store_life_each(g->store, load_row, g));
	engine_meaning_load(g);
	engine_walk(store_label_each(g->store, NULL, 0, load_label, g));
	engine_trend_load(g);
	engine_stat_load(g);
	engine_cost_load(g);
	engine_life_plan(g);
}

void
engine_life_free(struct engine *g)
{
	struct engine_life *l = g->life;

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++) {
		struct engine_rule *r = l->v[i];

		free(r->rule);
		free(r->plugin);
		free(r->pack);
		free(r->clause);
		free(r->category);
		free(r->who);
		free(r->meant);
		store_life_clear(&r->row);
		free(r);
	}
	free(l->v);
	engine_stat_free(l);
	engine_cost_free(l);
	free(l);
	g->life = NULL;
}

/* --- the mode in force --- */

struct engine_rule *
engine_life_of(struct engine *g, const struct finding *f, enum finding_mode declared)
{
	struct engine_life *l = g->life;
	size_t n = l->n;
	struct engine_rule *r = engine_life_find(g, f->rule, f->rev);

	if (r != NULL && r->rev == f->rev)
		return r;
	if (l->unknown >= UNKNOWN_MAX)
		return engine_life_rule(g, UNKNOWN, 0, MODE_SHADOW);
	r = engine_life_rule(g, f->rule, f->rev, declared);
	l->unknown += l->n - n;
	return r;
}

struct life_state
engine_life_began(const struct engine *g, const struct engine_rule *r)
{
	bool gated = g->conf->policy.life_cycle == CONF_LIFE_GATED;

	return (struct life_state){life_begin(r->declared, gated), 0, CLOCK_NONE};
}

bool
engine_life_put(
    const struct engine *g, const struct engine_rule *r, struct life_state *out)
{
	*out = r->row.move != 0 ? r->moved : engine_life_began(g, r);
	return (out->mode == MODE_CANARY || out->mode == MODE_ENFORCE) &&
	       out->mode > r->limit;
}

/* A move was checked against the limit of its day; a new version of the plugin may
 * have a lower one. */
void
engine_life_state(
    const struct engine *g, const struct engine_rule *r, struct life_state *out)
{
	if (engine_life_put(g, r, out))
		*out = (struct life_state){MODE_SHADOW, 0, CLOCK_NONE};
}

/* By the post, not its text: who edits one does not leave the canary. */
static bool
is_within(struct engine *g, const struct store_revision *rev, const char *rule,
    uint32_t share)
{
	struct store_item item;
	struct err e = ERR_INIT;
	bool within;

	engine_must(store_item_get(g->store, rev->item, &item, &e), 0,
	    "cannot read an item", &e);
	within = life_within(rule, item.guid, share);
	store_item_clear(&item);
	return within;
}

void
engine_life_verdict(struct engine *g, const struct store_revision *rev,
    struct finding *f, uint32_t n, enum policy_lane *lanes, enum policy_lane *would)
{
	enum finding_mode *modes = xcalloc(n + 1, sizeof(*modes));
	struct life_state s;
	bool review;

	for (uint32_t i = 0; i < n; i++) {
		engine_life_state(g, engine_life_of(g, &f[i], f[i].mode), &s);
		/* What rests on a model's word is for people, wherever its rule is. */
		review = f[i].mode == MODE_REVIEW && s.mode != MODE_DRAFT &&
			 s.mode != MODE_RETIRED;
		if (s.mode == MODE_CANARY && !is_within(g, rev, f[i].rule, s.share))
			s.mode = MODE_SHADOW;
		modes[i] = review ? MODE_REVIEW : s.mode;
		f[i].mode = review ? MODE_REVIEW : MODE_ENFORCE;
	}
	policy_verdict(f, n, g->conf->policy.threshold, would);
	for (uint32_t i = 0; i < n; i++)
		f[i].mode = modes[i];
	policy_verdict(f, n, g->conf->policy.threshold, lanes);
	free(modes);
}
