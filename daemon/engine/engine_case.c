/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_case: violations and time become events of the ladder; what the ladder
 * says is recorded with its inputs and done.
 *
 * While a case is `sending', its deadline column holds when the notice is to be
 * composed: a short while after the first violation, so that one notice cites all
 * that was found together.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "engine/engine_life.h"
#include "store/store_rule.h"

#define GATHER_MAX CLOCK_MIN
/* A notice that could not be composed is tried again: a person may have mended it. */
#define COMPOSE_AGAIN CLOCK_HOUR

_Static_assert((int)CASE_RECOMMENDED == STORE_PHASE_RECOMMENDED &&
		   (int)CASE_SENDING == STORE_PHASE_SENDING,
    "the store knows these by the ladder's numbers");

void
engine_ladder_of(const struct conf_ladder *c, struct ladder *l)
{
	memset(l, 0, sizeof(*l));
	l->nstages = (int)c->nstages;
	for (size_t i = 0; i < c->nstages && i < LADDER_STAGES_MAX; i++) {
		l->stages[i].deadline = c->stages[i].deadline;
		l->stages[i].deadline_critical = c->stages[i].deadline_critical;
	}
	l->cure = c->cure;
	l->removal_rate = c->removal_rate;
	l->time_to_takedown = c->time_to_takedown;
	l->max_gap = c->max_gap;
	l->critical = SEVERITY_CRITICAL;
}

void
engine_ladder_load(struct engine *g)
{
	engine_ladder_of(&g->conf->ladder, &g->ladder);
}

json_t *
engine_ladder_json(const struct ladder *l)
{
	json_t *stages = json_array();

	for (int i = 0; i < l->nstages; i++)
		json_array_append_new(
		    stages, json_pack("[I, I]", (json_int_t)l->stages[i].deadline,
				(json_int_t)l->stages[i].deadline_critical));
	return json_pack("{s:o, s:I, s:f, s:I, s:I, s:i}", "stages", stages, "cure",
	    (json_int_t)l->cure, "removal_rate", l->removal_rate, "time_to_takedown",
	    (json_int_t)l->time_to_takedown, "max_gap", (json_int_t)l->max_gap,
	    "critical", l->critical);
}

void
engine_case_state(const struct store_case *c, struct case_state *s)
{
	s->stage = c->stage;
	s->phase = c->phase;
	s->severity = c->severity;
	s->stage_since = c->stage_since;
	s->deadline = c->deadline;
	s->remaining = c->remaining;
	s->last_violation = c->last_violation;
	s->clock_since = c->watch_since;
}

int
engine_case_stage(const struct engine *g, const struct store_case *c)
{
	return c->stage < g->ladder.nstages ? c->stage : g->ladder.nstages;
}

int64_t
engine_case_told(const struct engine *g, const struct store_case *c)
{
	int64_t severity = store_violation_gravest_told(g->store, c->id, c->notices);

	return case_stage_deadline(&g->ladder, engine_case_stage(g, c),
	    severity > 0 ? (int)severity : c->severity);
}

static void
apply_state(struct store_case *c, const struct case_state *s)
{
	c->stage = s->stage;
	c->phase = (uint8_t)s->phase;
	c->severity = s->severity;
	c->stage_since = s->stage_since;
	c->deadline = s->deadline;
	c->remaining = s->remaining;
	c->last_violation = s->last_violation;
	c->watch_since = s->clock_since;
}

/* --- what is counted --- */

struct count {
	struct engine *g;
	struct case_facts *f;
	struct measure_takedown *v;
	size_t n;
	size_t withdrawn, gone; /* gone: before anybody was told */
};

static int
count_violation(void *ctx, const struct store_violation *v)
{
	struct count *c = ctx;

	if (v->withdrawn != WITHDRAWN_NO) {
		c->withdrawn++;
		return 0;
	}
	if (v->reported == CLOCK_NONE) {
		if (v->presence == PRESENT_ONLINE || v->presence == PRESENT_UNKNOWN)
			c->f->unreported++;
		else
			c->gone++;
		return 0;
	}
	c->f->reported++;
	c->f->unproven += !engine_gate_proven(c->g, v->finding.rule, v->finding.rev);
	if (v->presence == PRESENT_REMOVED || v->presence == PRESENT_EDITED)
		c->f->removed++;
	else if (v->presence == PRESENT_UNKNOWN)
		c->f->unknown++;
	else
		c->f->online++;
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n].reported = v->reported;
	c->v[c->n].ended = v->ended;
	c->v[c->n].last_online = v->last_online;
	/* Removed before the notice arrived: at once, not before. */
	if (v->ended != CLOCK_NONE && v->ended < v->reported)
		c->v[c->n].ended = v->reported;
	c->n++;
	return 0;
}

/* Our own gaps, cut to the time that is asked for. */
struct blind {
	int64_t from, now;
	struct span {
		int64_t from, to;
	} * v;
	size_t n;
};

static int
add_gap(void *ctx, const struct store_gap *gap)
{
	struct blind *b = ctx;
	int64_t from = gap->from > b->from ? gap->from : b->from;
	int64_t to = gap->to != CLOCK_NONE && gap->to < b->now ? gap->to : b->now;

	if (!gap->ours || to <= from)
		return 0;
	b->v = xrealloc(b->v, (b->n + 1) * sizeof(*b->v));
	b->v[b->n++] = (struct span){from, to};
	return 0;
}

static int
span_cmp(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* The time that any of them covers: feeds are blind together, absences add up. */
static int64_t
blind_time(struct blind *b)
{
	int64_t total = 0, end = INT64_MIN;

	if (b->n > 0)
		qsort(b->v, b->n, sizeof(*b->v), span_cmp);
	for (size_t i = 0; i < b->n; i++) {
		int64_t from = b->v[i].from > end ? b->v[i].from : end;

		if (b->v[i].to > from) {
			total += b->v[i].to - from;
			end = b->v[i].to;
		}
	}
	free(b->v);
	return total;
}

void
engine_case_facts(
    struct engine *g, const struct store_case *c, int64_t now, struct case_facts *out)
{
	struct count n = {.g = g, .f = out};
	struct blind b = {.from = c->watch_since, .now = now};
	struct measure_process p;

	memset(out, 0, sizeof(*out));
	engine_walk(store_violation_each(
	    g->store, VIOLATION_OF_CASE, c->id, 0, count_violation, &n));
	measure_process(n.v, n.n, now, &p);
	out->median_takedown = p.median_takedown;
	free(n.v);
	if (c->watch_since != CLOCK_NONE && c->watch_since > 0)
		engine_walk(store_gap_each(
		    g->store, c->tenant, c->watch_since, now, add_gap, &b));
	out->our_gap = blind_time(&b);
}

/* --- an event --- */

static void
set_ms(json_t *o, const char *key, int64_t ms)
{
	if (ms != CLOCK_NONE)
		json_object_set_new(o, key, json_integer((json_int_t)ms));
}

static json_t *
state_json(const struct case_state *s)
{
	json_t *o = json_pack("{s:i, s:s, s:i}", "stage", s->stage, "phase",
	    case_phase_name(s->phase), "severity", s->severity);

	set_ms(o, "stage_since", s->stage_since);
	set_ms(o, "deadline", s->deadline);
	set_ms(o, "remaining", s->remaining);
	set_ms(o, "last_violation", s->last_violation);
	set_ms(o, "clock_since", s->clock_since);
	return o;
}

static json_t *
facts_json(const struct case_facts *f)
{
	json_t *o = json_pack("{s:i, s:i, s:i, s:i, s:i, s:I, s:i}", "reported",
	    (int)f->reported, "removed", (int)f->removed, "online", (int)f->online,
	    "unknown", (int)f->unknown, "unreported", (int)f->unreported, "our_gap",
	    (json_int_t)f->our_gap, "approvals", (int)f->approvals);

	set_ms(o, "median_takedown", f->median_takedown);
	if (f->unproven > 0)
		json_object_set_new(o, "unproven", json_integer(f->unproven));
	return o;
}

static json_t *
words_json(const char *const *v, int n)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, json_string(v[i]));
	return a;
}

/* The whole input and output of a step: enough for `tosctl replay'. */
static void
record_step(struct engine *g, struct store_case *c, const struct case_state *from,
    const struct case_event *ev, const struct case_step *st, int64_t now)
{
	json_t *o = json_pack("{s:s, s:I, s:i, s:o, s:o, s:o, s:o, s:s, s:i, s:o, s:o}",
	    "event", case_event_name(ev->type), "time", (json_int_t)ev->time,
	    "event_severity", ev->severity, "facts", facts_json(&ev->facts), "from",
	    state_json(from), "to", state_json(&st->next), "ladder",
	    engine_ladder_json(&g->ladder), "row", st->row, "actions", (int)st->actions,
	    "reasons", words_json(st->reasons, st->nreasons), "against",
	    words_json(st->against, st->nagainst));

	if (ev->told > 0)
		json_object_set_new(o, "told", json_integer((json_int_t)ev->told));
	engine_record(g,
	    st->next.phase == CASE_RECOMMENDED && from->phase != CASE_RECOMMENDED
		? "recommendation"
		: "step",
	    o, c, now);
}

/* Joining changes nothing that a later step would not show. */
static bool
worth_recording(const struct case_state *from, const struct case_step *st)
{
	return st->actions != 0 || from->phase != st->next.phase ||
	       from->stage != st->next.stage || from->deadline != st->next.deadline;
}

int64_t
engine_gather(int64_t deadline)
{
	int64_t t = deadline / 20;

	return t < GATHER_MAX ? t : GATHER_MAX;
}

struct park {
	struct engine *g;
	struct store_at at;
};

/* A closed case is looked at no more. */
static int
park_violation(void *ctx, const struct store_violation *row)
{
	struct park *p = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->next_check == CLOCK_NONE)
		return 0;
	engine_must(store_violation_get(p->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	v.next_check = CLOCK_NONE;
	engine_must(store_violation_update(p->g->store, &p->at, &v, &e), 0,
	    "cannot keep a violation", &e);
	store_violation_clear(&v);
	return 0;
}

static void
act(struct engine *g, struct store_case *c, const struct case_step *st, int64_t now)
{
	struct park p = {g, engine_at(g, c->tenant)};

	if (st->actions & CASE_ACT_NOTICE)
		c->deadline =
		    now +
		    engine_gather(g->ladder.stages[c->stage - 1].deadline); /* then */
	if (st->actions & CASE_ACT_RECOMMEND)
		engine_notice_recommend(g, c, st, now);
	if (st->actions & CASE_ACT_ALERT)
		log_warn("case",
		    "%s: a notice cannot be delivered; see `tosctl cases %s'",
		    c->number, c->number);
	if (st->actions & CASE_ACT_ALERT_GRAVE)
		log_warn("case", "%s: critical content", c->number);
	if (st->actions & CASE_ACT_CLOSE)
		engine_notice_closed(g, c, st, now);
	if (st->actions & (CASE_ACT_CLOSE | CASE_ACT_DROP)) {
		c->closed = now;
		c->outcome = st->actions & CASE_ACT_DROP ? ENGINE_UNSAID : ENGINE_CURED;
		engine_walk(store_violation_each(
		    g->store, VIOLATION_OF_CASE, c->id, 0, park_violation, &p));
	}
	if (c->phase == CASE_DECIDED)
		c->outcome = ENGINE_ACCEPTED;
}

void
engine_case_event(struct engine *g, struct store_case *c, enum case_event_type type,
    const struct case_facts *facts, int severity, int64_t now)
{
	struct store_at at = engine_at(g, c->tenant);
	struct case_event ev = {.type = type, .time = now, .severity = severity};
	struct case_state from;
	struct case_step st;
	struct err e = ERR_INIT;

	if (facts != NULL)
		ev.facts = *facts;
	else
		ev.facts.median_takedown = CLOCK_NONE;
	/* A reload may have come between the notice and its delivery. */
	if (type == CASE_EV_DELIVERED && c->remaining > 0)
		ev.told = c->remaining;
	engine_case_state(c, &from);
	case_step(&g->ladder, &from, &ev, &st);
	apply_state(c, &st.next);
	if (worth_recording(&from, &st)) {
		record_step(g, c, &from, &ev, &st, now);
		log_notice("case", "%s: %s (stage %d, %s)", c->number, st.row, c->stage,
		    case_phase_name(c->phase));
	}
	act(g, c, &st, now);
	engine_must(
	    store_case_update(g->store, &at, c, &e), 0, "cannot keep a case", &e);
}

/* --- a violation --- */

static void
open_case(struct engine *g, const char *tenant, int64_t now, struct store_case *c)
{
	struct store_at at = engine_at(g, tenant);
	struct err e = ERR_INIT;

	if (engine_must(store_case_active(g->store, tenant, c, &e), TOSD_ENOENT,
		"cannot look for a case", &e) == 0)
		return;
	memset(c, 0, sizeof(*c));
	snprintf(c->tenant, sizeof(c->tenant), "%s", tenant);
	c->opened = now;
	c->closed = c->deadline = c->stage_since = c->last_violation = c->watch_since =
	    CLOCK_NONE;
	c->phase = CASE_CLEAR;
	engine_must(store_case_add(g->store, &at, c, &e), 0, "cannot open a case", &e);
}

static json_t *
violation_json(
    const struct store_violation *v, int64_t capture_entry, const char *policy)
{
	const struct finding *f = &v->finding;
	json_t *spans = json_array();
	json_t *o;

	for (size_t i = 0; i < f->nspans && i < 64; i++)
		json_array_append_new(
		    spans, json_pack("[I, I]", (json_int_t)f->spans[i].start,
			       (json_int_t)f->spans[i].end));
	o = json_pack(
	    "{s:s, s:I, s:I, s:i, s:s, s:I, s:s, s:s, s:s, s:s, s:f, s:o, s:s}",
	    "tenant", v->tenant, "item", (json_int_t)v->item, "revision",
	    (json_int_t)v->revision, "exhibit", (int)v->exhibit, "rule", f->rule, "rev",
	    (json_int_t)f->rev, "pack", f->pack, "clause", f->clause, "category",
	    f->category, "severity", finding_severity_name(f->severity), "score",
	    f->score, "spans", spans, "policy", policy);
	if (capture_entry >= 0)
		json_object_set_new(o, "capture", json_integer(capture_entry));
	/* A person confirmed it; everything else was enforced. */
	if (f->mode != MODE_ENFORCE)
		json_object_set_new(o, "mode", json_string(finding_mode_name(f->mode)));
	return o;
}

void
engine_case_violation(
    struct engine *g, struct store_violation *v, int64_t capture_entry, int64_t now)
{
	struct store_at at = engine_at(g, v->tenant);
	struct store_case c;
	struct err e = ERR_INIT;

	open_case(g, v->tenant, now, &c);
	v->case_id = c.id;
	v->exhibit = ++c.exhibits;
	v->entry = engine_record(
	    g, "violation", violation_json(v, capture_entry, g->policy), &c, now);
	engine_must(store_violation_add(g->store, &at, v, &e), 0,
	    "cannot keep a violation", &e);
	engine_case_event(g, &c, CASE_EV_VIOLATION, NULL, v->finding.severity, now);
}

/* --- time --- */

struct due {
	int64_t *ids;
	size_t n;
};

static int
collect_due(void *ctx, const struct store_case *c)
{
	struct due *d = ctx;

	d->ids = xrealloc(d->ids, (d->n + 1) * sizeof(*d->ids));
	d->ids[d->n++] = c->id;
	return 0;
}

/* Whether all that the notice of a stage would be about was withdrawn meanwhile, or
 * taken down unasked: what it found new, where it was not a deadline that led to it. */
static bool
nothing_left(struct engine *g, const struct store_case *c, struct case_facts *f)
{
	struct count n = {.g = g, .f = f};

	memset(f, 0, sizeof(*f));
	f->median_takedown = CLOCK_NONE;
	engine_walk(store_violation_each(
	    g->store, VIOLATION_OF_CASE, c->id, 0, count_violation, &n));
	free(n.v);
	return n.withdrawn + n.gone > 0 && f->unreported == 0 &&
	       (f->online + f->unknown == 0 || c->stage_since <= c->watch_since);
}

static void
case_due(struct engine *g, int64_t id, int64_t now)
{
	struct case_step none = {.row = "notice"};
	struct case_facts facts;
	struct store_case c;
	struct store_at at;
	struct err e = ERR_INIT;

	engine_must(store_case_get(g->store, id, &c, &e), 0, "cannot read a case", &e);
	at = engine_at(g, c.tenant);
	if (c.phase == CASE_SENDING && nothing_left(g, &c, &facts)) {
		engine_case_event(g, &c, CASE_EV_WITHDRAWN, &facts, 0, now);
		return;
	}
	if (c.phase == CASE_SENDING) {
		c.deadline = engine_notice_stage(g, &c, &none, now)
				 ? CLOCK_NONE
				 : now + COMPOSE_AGAIN;
		engine_must(store_case_update(g->store, &at, &c, &e), 0,
		    "cannot keep a case", &e);
		return;
	}
	engine_case_facts(g, &c, now, &facts);
	engine_case_event(g, &c, CASE_EV_DEADLINE, &facts, 0, now);
}

int64_t
engine_case_due(struct engine *g, int64_t now)
{
	int64_t next = store_case_next_deadline(g->store);
	struct due d = {0};

	if (next == CLOCK_NONE || next > now)
		return next;
	engine_walk(store_case_each(g->store, CASE_BY_DUE, now, collect_due, &d));
	for (size_t i = 0; i < d.n; i++)
		case_due(g, d.ids[i], now);
	free(d.ids);
	return store_case_next_deadline(g->store);
}
