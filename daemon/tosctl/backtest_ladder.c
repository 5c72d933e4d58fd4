/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_ladder: what would have followed from what candidate rules find: violations,
 * cases, notices and moves on the ladder.  Steps are those of case_step(), facts are
 * counted as the engine counts them.  Simpler than the engine in what the past cannot
 * tell, and said so in the report: every notice is delivered at once, nobody appeals or
 * decides, none of our own gaps stops a clock, rules are as proven as they are now, and
 * what a tenant does is assumed (enum bt_tenant_does).  See backtest.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "tosctl/backtest.h"

#define MAIL_TAKES (2 * CLOCK_SEC)
#define NONE UINT32_MAX

struct violation {
	int64_t item;
	uint32_t rule, tenant;
	uint32_t before; /* the item's one before this, NONE */
	int64_t reported, ended;
	bool cited; /* in a notice that is under way */
};

struct tenant {
	bool used, open;
	struct case_state s;
	int64_t compose, deliver; /* CLOCK_NONE: nothing is under way */
	uint32_t *v;		  /* violations of the open case */
	size_t n;
	struct bt_projected sum;
};

struct bt_ladder {
	const struct ladder *l;
	const bool *proven; /* by rule */
	enum bt_tenant_does does;
	struct tenant *tenants;
	size_t ntenants;
	struct violation *v;
	size_t n, cap;
	uint32_t *last; /* by place: the newest violation of an item */
	size_t nlast;
	struct bt_map *items; /* place in `last' by item */
};

struct bt_ladder *
bt_ladder_new(const struct ladder *l, const bool *proven, enum bt_tenant_does does)
{
	struct bt_ladder *x = xcalloc(1, sizeof(*x));

	x->l = l;
	x->proven = proven;
	x->does = does;
	x->items = bt_map_new();
	return x;
}

void
bt_ladder_free(struct bt_ladder **l)
{
	struct bt_ladder *x = *l;

	if (x == NULL)
		return;
	for (size_t i = 0; i < x->ntenants; i++)
		free(x->tenants[i].v);
	free(x->tenants);
	free(x->v);
	free(x->last);
	bt_map_free(&x->items);
	free(x);
	*l = NULL;
}

static bool
ended(const struct violation *v, int64_t now)
{
	return v->ended != CLOCK_NONE && v->ended <= now;
}

/* --- a step --- */

/* As engine_case_facts() counts: what was looked at is either gone or there. */
static void
count_facts(const struct bt_ladder *x, const struct tenant *t, int64_t now,
    struct case_facts *f)
{
	struct measure_takedown *m = xcalloc(t->n + 1, sizeof(*m));
	struct measure_process p;
	size_t n = 0;

	*f = (struct case_facts){0};
	for (size_t i = 0; i < t->n; i++) {
		const struct violation *v = &x->v[t->v[i]];
		bool gone = ended(v, now);

		if (v->reported == CLOCK_NONE) {
			f->unreported += !gone;
			continue;
		}
		f->reported++;
		f->unproven += x->proven != NULL && !x->proven[v->rule];
		f->removed += gone;
		f->online += !gone;
		m[n].reported = v->reported;
		m[n].ended = gone ? v->ended : CLOCK_NONE;
		if (gone && v->ended < v->reported)
			m[n].ended = v->reported;
		m[n++].last_online = gone ? v->ended : now;
	}
	measure_process(m, n, now, &p);
	f->median_takedown = p.median_takedown;
	free(m);
}

static void
step(struct bt_ladder *x, struct tenant *t, enum case_event_type type, int severity,
    int64_t now)
{
	struct case_event ev = {.type = type, .time = now, .severity = severity};
	int32_t stage = t->s.stage;
	struct case_step st;

	ev.facts.median_takedown = CLOCK_NONE;
	if (type == CASE_EV_DEADLINE)
		count_facts(x, t, now, &ev.facts);
	case_step(x->l, &t->s, &ev, &st);
	t->s = st.next;
	t->sum.held += strcmp(st.row, CASE_ROW_UNPROVEN) == 0;
	t->sum.ups += stage > 0 && t->s.stage > stage;
	t->sum.downs += t->s.stage < stage;
	if (t->s.stage > t->sum.highest)
		t->sum.highest = t->s.stage;
	if (st.actions & CASE_ACT_NOTICE)
		t->compose = now + engine_gather(x->l->stages[t->s.stage - 1].deadline);
	if (st.actions & CASE_ACT_RECOMMEND) {
		if (t->sum.recommendations++ == 0)
			t->sum.first_recommendation = now;
	}
	if (st.actions & CASE_ACT_CLOSE) {
		t->sum.closed++;
		t->open = false;
		t->n = 0;
	}
}

static void
compose(struct bt_ladder *x, struct tenant *t, int64_t now)
{
	t->compose = CLOCK_NONE;
	t->deliver = now + MAIL_TAKES;
	if (t->sum.notices++ == 0)
		t->sum.first_notice = now;
	for (size_t i = 0; i < t->n; i++) {
		struct violation *v = &x->v[t->v[i]];

		if (v->reported == CLOCK_NONE && !ended(v, now))
			v->cited = true;
	}
}

static void
deliver(struct bt_ladder *x, struct tenant *t, int64_t now)
{
	int64_t takes = x->l->time_to_takedown, deadline;

	t->deliver = CLOCK_NONE;
	step(x, t, CASE_EV_DELIVERED, 0, now);
	deadline = t->s.deadline != CLOCK_NONE ? t->s.deadline - now : takes;
	/* In time, and before the deadline. */
	if (takes > deadline / 2)
		takes = deadline / 2;
	for (size_t i = 0; i < t->n; i++) {
		struct violation *v = &x->v[t->v[i]];

		if (!v->cited)
			continue;
		v->cited = false;
		v->reported = now;
		if (x->does == BT_REMOVES &&
		    (v->ended == CLOCK_NONE || v->ended > now + takes))
			v->ended = now + takes;
	}
}

static int64_t
due(const struct tenant *t)
{
	bool runs = t->s.phase == CASE_RUNNING || t->s.phase == CASE_WATCH;

	if (!t->open)
		return CLOCK_NONE;
	if (t->compose != CLOCK_NONE)
		return t->compose;
	if (t->deliver != CLOCK_NONE)
		return t->deliver;
	return runs ? t->s.deadline : CLOCK_NONE;
}

static void
run_to(struct bt_ladder *x, struct tenant *t, int64_t end)
{
	for (int64_t at; (at = due(t)) != CLOCK_NONE && at <= end;) {
		if (at == t->compose)
			compose(x, t, at);
		else if (at == t->deliver)
			deliver(x, t, at);
		else
			step(x, t, CASE_EV_DEADLINE, 0, at);
	}
}

/* --- what is found --- */

static struct tenant *
tenant_of(struct bt_ladder *x, uint32_t tenant)
{
	if (tenant >= x->ntenants) {
		x->tenants =
		    xrealloc(x->tenants, ((size_t)tenant + 1) * sizeof(*x->tenants));
		memset(x->tenants + x->ntenants, 0,
		    (tenant + 1 - x->ntenants) * sizeof(*x->tenants));
		x->ntenants = (size_t)tenant + 1;
	}
	return &x->tenants[tenant];
}

static uint32_t *
last_of(struct bt_ladder *x, int64_t item)
{
	bool fresh;
	uint32_t at = bt_map_add(x->items, (uint64_t)item, (uint32_t)x->nlast, &fresh);

	if (fresh) {
		if ((x->nlast & (x->nlast - 1)) == 0)
			x->last = xrealloc(x->last,
			    (x->nlast > 0 ? 2 * x->nlast : 1) * sizeof(*x->last));
		x->last[x->nlast++] = NONE;
	}
	return &x->last[at];
}

static void
begin_case(struct tenant *t)
{
	if (!t->used) {
		t->used = true;
		t->sum.first_notice = t->sum.first_recommendation = CLOCK_NONE;
	}
	t->open = true;
	t->sum.cases++;
	t->s = (struct case_state){.phase = CASE_CLEAR,
	    .stage_since = CLOCK_NONE,
	    .deadline = CLOCK_NONE,
	    .last_violation = CLOCK_NONE,
	    .clock_since = CLOCK_NONE};
	t->compose = t->deliver = CLOCK_NONE;
}

static void
add_violation(struct bt_ladder *x, struct tenant *t, uint32_t tenant,
    const struct bt_revision *r, uint32_t rule, int severity)
{
	uint32_t *last = last_of(x, r->item);

	for (uint32_t i = *last; i != NONE; i = x->v[i].before)
		if (x->v[i].rule == rule && !ended(&x->v[i], r->seen))
			return; /* the same, in a new revision */
	if (!t->open)
		begin_case(t);
	if (x->n == x->cap) {
		x->cap = x->cap > 0 ? 2 * x->cap : 64;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	x->v[x->n] = (struct violation){.item = r->item,
	    .rule = rule,
	    .tenant = tenant,
	    .before = *last,
	    .reported = CLOCK_NONE,
	    .ended = r->gone != CLOCK_NONE && r->gone > r->seen ? r->gone : CLOCK_NONE};
	*last = (uint32_t)x->n;
	if ((t->n & (t->n - 1)) == 0)
		t->v = xrealloc(t->v, (t->n > 0 ? 2 * t->n : 1) * sizeof(*t->v));
	t->v[t->n++] = (uint32_t)x->n++;
	t->sum.violations++;
	step(x, t, CASE_EV_VIOLATION, severity, r->seen);
}

/* A later revision that does not say it any more. */
static void
mend(struct bt_ladder *x, const struct bt_revision *r)
{
	if (!bt_map_has(x->items, (uint64_t)r->item))
		return;
	for (uint32_t i = *last_of(x, r->item); i != NONE; i = x->v[i].before) {
		bool still = false;

		for (uint32_t k = 0; k < r->nhits; k++)
			still |= r->hits[k].rule == x->v[i].rule &&
				 r->hits[k].lane == BT_LANE_CASE;
		if (!still && !ended(&x->v[i], r->seen))
			x->v[i].ended = r->seen;
	}
}

void
bt_ladder_add(struct bt_ladder *x, const struct msg_rules *rules, uint32_t tenant,
    const struct bt_revision *r)
{
	struct tenant *t;

	if (!bt_looked(r->reach) || (r->nhits == 0 && r->n == 1))
		return;
	t = tenant_of(x, tenant);
	run_to(x, t, r->seen);
	if (r->n > 1 && !r->degraded && t->used)
		mend(x, r);
	for (uint32_t i = 0; i < r->nhits; i++) {
		uint32_t rule = r->hits[i].rule;

		if (r->hits[i].lane == BT_LANE_CASE && rule < rules->n)
			add_violation(x, t, tenant, r, rule, rules->v[rule].severity);
		t->sum.safety += r->hits[i].lane == BT_LANE_SAFETY;
	}
}

void
bt_ladder_end(struct bt_ladder *x, int64_t end)
{
	for (size_t i = 0; i < x->ntenants && end != CLOCK_NONE; i++)
		run_to(x, &x->tenants[i], end);
}

const struct bt_projected *
bt_ladder_tenant(const struct bt_ladder *x, uint32_t tenant)
{
	return tenant < x->ntenants && x->tenants[tenant].used ? &x->tenants[tenant].sum
							       : NULL;
}

void
bt_ladder_sum(const struct bt_ladder *x, struct bt_projected *out)
{
	*out = (struct bt_projected){
	    .first_notice = CLOCK_NONE, .first_recommendation = CLOCK_NONE};
	for (size_t i = 0; i < x->ntenants; i++) {
		const struct bt_projected *p = &x->tenants[i].sum;

		out->safety += p->safety;
		if (!x->tenants[i].used)
			continue;
		out->violations += p->violations;
		out->cases += p->cases;
		out->notices += p->notices;
		out->recommendations += p->recommendations;
		out->closed += p->closed;
		out->ups += p->ups;
		out->downs += p->downs;
		out->held += p->held;
		if (p->highest > out->highest)
			out->highest = p->highest;
		if (p->first_notice != CLOCK_NONE &&
		    (out->first_notice == CLOCK_NONE ||
			p->first_notice < out->first_notice))
			out->first_notice = p->first_notice;
		if (p->first_recommendation != CLOCK_NONE &&
		    (out->first_recommendation == CLOCK_NONE ||
			p->first_recommendation < out->first_recommendation))
			out->first_recommendation = p->first_recommendation;
	}
}
