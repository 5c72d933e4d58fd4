/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ladder: the table of steps.  Rows are tried in order; the first whose phase and
 * event fit and whose guard holds is taken.  An event that no row names changes
 * nothing, and says so.
 */
#include "cases/ladder.h"

#include <string.h>

#include "base/clock.h"

static const char *const phase_names[CASE_PHASES] = {
    [CASE_CLEAR] = "clear",
    [CASE_SENDING] = "sending",
    [CASE_RUNNING] = "running",
    [CASE_STOPPED] = "stopped",
    [CASE_WATCH] = "watch",
    [CASE_FROZEN] = "frozen",
    [CASE_RECOMMENDED] = "recommended",
    [CASE_DECIDED] = "decided",
    [CASE_CLOSED] = "closed",
};

static const char *const event_names[CASE_EVENTS] = {
    [CASE_EV_VIOLATION] = "violation",
    [CASE_EV_DELIVERED] = "delivered",
    [CASE_EV_BOUNCED] = "bounced",
    [CASE_EV_DEADLINE] = "deadline",
    [CASE_EV_APPEAL] = "appeal",
    [CASE_EV_APPEAL_REJECTED] = "appeal-rejected",
    [CASE_EV_APPEAL_UPHELD] = "appeal-upheld",
    [CASE_EV_ACCEPT] = "accept",
    [CASE_EV_REJECT] = "reject",
    [CASE_EV_WITHDRAWN] = "withdrawn",
};

const char *
case_phase_name(enum case_phase phase)
{
	return (unsigned)phase < CASE_PHASES ? phase_names[phase] : "unknown";
}

const char *
case_event_name(enum case_event_type type)
{
	return (unsigned)type < CASE_EVENTS ? event_names[type] : "unknown";
}

static int
name_find(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

int
case_event_parse(const char *name)
{
	return name_find(event_names, CASE_EVENTS, name);
}

int
case_phase_parse(const char *name)
{
	return name_find(phase_names, CASE_PHASES, name);
}

int
case_process_met(const struct ladder *l, const struct case_facts *f)
{
	if (f->reported == 0)
		return 0;
	/* What we could not read counts as not removed: silence is no compliance. */
	if (f->removed < l->removal_rate * f->reported)
		return 0;
	return f->median_takedown != CLOCK_NONE &&
	       f->median_takedown <= l->time_to_takedown;
}

/* --- guards --- */

struct look {
	const struct ladder *l;
	const struct case_state *s;
	const struct case_event *ev;
};
typedef int guard_fn(const struct look *k);

static int
we_were_blind(const struct look *k)
{
	return k->ev->facts.our_gap > k->l->max_gap;
}

static int
met_but_more_found(const struct look *k)
{
	return case_process_met(k->l, &k->ev->facts) && k->ev->facts.unreported > 0;
}

static int
met(const struct look *k)
{
	return case_process_met(k->l, &k->ev->facts);
}

static int
stage_left(const struct look *k)
{
	return k->s->stage < k->l->nstages;
}

/* The last stage and a recommendation need an exhibit at least whose rule was shown to
 * be right that often. */
static int
rests_on_unproven(const struct look *k)
{
	const struct case_facts *f = &k->ev->facts;

	return f->unproven > 0 && f->unproven >= f->reported &&
	       k->s->stage + 1 >= k->l->nstages;
}

static int
reported_online(const struct look *k)
{
	return k->ev->facts.online + k->ev->facts.unknown > 0;
}

static int
above_first(const struct look *k)
{
	return k->s->stage > 1;
}

static int
two_people(const struct look *k)
{
	return k->ev->facts.approvals >= 2;
}

static int
nothing_reported(const struct look *k)
{
	return k->ev->facts.reported == 0;
}

/* --- the table --- */

/* How the stage changes and what the deadline becomes. */
enum stage_move { STAGE_STAY, STAGE_UP, STAGE_DOWN, STAGE_FIRST };
enum deadline_rule {
	DEADLINE_KEEP,
	DEADLINE_NONE,
	DEADLINE_STAGE,	 /* now + the stage's deadline */
	DEADLINE_CURE,	 /* now + the cure time */
	DEADLINE_EXTEND, /* now + our own gap */
	DEADLINE_FREEZE,
	DEADLINE_RESUME,
};

struct row {
	enum case_phase phase;
	enum case_event_type event;
	guard_fn *guard; /* NULL: always */
	enum case_phase next;
	enum stage_move move;
	enum deadline_rule deadline;
	unsigned actions;
	const char *name;
};

static const struct row rows[] = {
    {CASE_CLEAR, CASE_EV_VIOLATION, NULL, CASE_SENDING, STAGE_FIRST, DEADLINE_NONE,
	CASE_ACT_NOTICE, "first notice"},

    {CASE_SENDING, CASE_EV_DELIVERED, NULL, CASE_RUNNING, STAGE_STAY, DEADLINE_STAGE, 0,
	"delivered, deadline runs"},
    {CASE_SENDING, CASE_EV_BOUNCED, NULL, CASE_STOPPED, STAGE_STAY, DEADLINE_NONE,
	CASE_ACT_ALERT, "undelivered, no deadline runs"},
    {CASE_SENDING, CASE_EV_VIOLATION, NULL, CASE_SENDING, STAGE_STAY, DEADLINE_KEEP, 0,
	"joins the case"},
    {CASE_SENDING, CASE_EV_WITHDRAWN, nothing_reported, CASE_CLOSED, STAGE_STAY,
	DEADLINE_NONE, CASE_ACT_DROP, "nothing left that counts, closed unsaid"},
    {CASE_SENDING, CASE_EV_WITHDRAWN, NULL, CASE_WATCH, STAGE_STAY, DEADLINE_CURE, 0,
	"nothing left to report, cure time runs"},

    {CASE_STOPPED, CASE_EV_DELIVERED, NULL, CASE_RUNNING, STAGE_STAY, DEADLINE_STAGE, 0,
	"delivered after all, deadline runs"},
    {CASE_STOPPED, CASE_EV_VIOLATION, NULL, CASE_STOPPED, STAGE_STAY, DEADLINE_KEEP, 0,
	"joins the case"},

    {CASE_RUNNING, CASE_EV_VIOLATION, NULL, CASE_RUNNING, STAGE_STAY, DEADLINE_KEEP, 0,
	"joins the case"},
    {CASE_RUNNING, CASE_EV_BOUNCED, NULL, CASE_STOPPED, STAGE_STAY, DEADLINE_NONE,
	CASE_ACT_ALERT, "bounced, deadline set back"},
    {CASE_RUNNING, CASE_EV_APPEAL, NULL, CASE_FROZEN, STAGE_STAY, DEADLINE_FREEZE, 0,
	"appeal, deadline frozen"},
    {CASE_RUNNING, CASE_EV_DEADLINE, we_were_blind, CASE_RUNNING, STAGE_STAY,
	DEADLINE_EXTEND, 0, "extended by our own gap"},
    {CASE_RUNNING, CASE_EV_DEADLINE, met_but_more_found, CASE_SENDING, STAGE_STAY,
	DEADLINE_NONE, CASE_ACT_NOTICE, "process met, more found: same stage again"},
    {CASE_RUNNING, CASE_EV_DEADLINE, met, CASE_WATCH, STAGE_STAY, DEADLINE_CURE, 0,
	"process met, cure time runs"},
    {CASE_RUNNING, CASE_EV_DEADLINE, rests_on_unproven, CASE_SENDING, STAGE_STAY,
	DEADLINE_NONE, CASE_ACT_NOTICE, CASE_ROW_UNPROVEN},
    {CASE_RUNNING, CASE_EV_DEADLINE, stage_left, CASE_SENDING, STAGE_UP, DEADLINE_NONE,
	CASE_ACT_NOTICE, "process not met: next stage"},
    {CASE_RUNNING, CASE_EV_DEADLINE, NULL, CASE_RECOMMENDED, STAGE_STAY, DEADLINE_NONE,
	CASE_ACT_RECOMMEND, "process not met at the last stage: recommended"},

    {CASE_FROZEN, CASE_EV_APPEAL_REJECTED, NULL, CASE_RUNNING, STAGE_STAY,
	DEADLINE_RESUME, 0, "appeal rejected, deadline goes on"},
    {CASE_FROZEN, CASE_EV_APPEAL_UPHELD, NULL, CASE_WATCH, STAGE_STAY, DEADLINE_CURE, 0,
	"appeal upheld, cure time runs"},
    {CASE_FROZEN, CASE_EV_VIOLATION, NULL, CASE_FROZEN, STAGE_STAY, DEADLINE_KEEP, 0,
	"joins the case"},

    {CASE_WATCH, CASE_EV_VIOLATION, NULL, CASE_SENDING, STAGE_STAY, DEADLINE_NONE,
	CASE_ACT_NOTICE, "again in the cure time: same stage"},
    {CASE_WATCH, CASE_EV_DEADLINE, we_were_blind, CASE_WATCH, STAGE_STAY,
	DEADLINE_EXTEND, 0, "cure time extended by our own gap"},
    {CASE_WATCH, CASE_EV_DEADLINE, reported_online, CASE_WATCH, STAGE_STAY,
	DEADLINE_CURE, 0, "reported items still there: cure time again"},
    {CASE_WATCH, CASE_EV_DEADLINE, above_first, CASE_WATCH, STAGE_DOWN, DEADLINE_CURE,
	0, "cured, one stage down"},
    {CASE_WATCH, CASE_EV_DEADLINE, NULL, CASE_CLOSED, STAGE_STAY, DEADLINE_NONE,
	CASE_ACT_CLOSE, "cured, closed"},

    {CASE_RECOMMENDED, CASE_EV_VIOLATION, NULL, CASE_RECOMMENDED, STAGE_STAY,
	DEADLINE_KEEP, 0, "joins the case"},
    {CASE_RECOMMENDED, CASE_EV_ACCEPT, two_people, CASE_DECIDED, STAGE_STAY,
	DEADLINE_NONE, 0, "accepted by two people"},
    {CASE_RECOMMENDED, CASE_EV_ACCEPT, NULL, CASE_RECOMMENDED, STAGE_STAY,
	DEADLINE_KEEP, 0, "accepted by one person, a second is needed"},
    {CASE_RECOMMENDED, CASE_EV_REJECT, NULL, CASE_WATCH, STAGE_STAY, DEADLINE_CURE, 0,
	"rejected by a person, cure time runs"},

    {CASE_DECIDED, CASE_EV_VIOLATION, NULL, CASE_DECIDED, STAGE_STAY, DEADLINE_KEEP, 0,
	"joins the case"},
};

static const struct row *
find_row(const struct look *k)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if (r->phase == k->s->phase && r->event == k->ev->type &&
		    (r->guard == NULL || r->guard(k)))
			return r;
	}
	return NULL;
}

/* --- what follows from a row --- */

int64_t
case_stage_deadline(const struct ladder *l, int stage, int severity)
{
	int last = stage < l->nstages ? stage : l->nstages;
	const struct ladder_stage *st = &l->stages[last > 0 ? last - 1 : 0];

	if (severity >= l->critical && st->deadline_critical > 0)
		return st->deadline_critical;
	return st->deadline;
}

/* What was told, not what joined since or counts no more: the tenant goes by its
 * notice. */
static int64_t
told_deadline(const struct look *k, const struct case_state *n)
{
	bool told = k->ev->type == CASE_EV_DELIVERED && k->ev->severity > 0;

	if (k->ev->type == CASE_EV_DELIVERED && k->ev->told > 0)
		return k->ev->told;
	return case_stage_deadline(
	    k->l, n->stage, told ? k->ev->severity : n->severity);
}

static void
move_deadline(const struct look *k, enum deadline_rule rule, struct case_state *n)
{
	int64_t now = k->ev->time;

	switch (rule) {
	case DEADLINE_KEEP:
		break;
	case DEADLINE_NONE:
		n->deadline = CLOCK_NONE;
		break;
	case DEADLINE_STAGE:
		n->deadline = now + told_deadline(k, n);
		n->clock_since = now;
		break;
	case DEADLINE_CURE:
		n->deadline = now + k->l->cure;
		n->clock_since = now;
		break;
	case DEADLINE_EXTEND:
		n->deadline = now + k->ev->facts.our_gap;
		n->clock_since = now; /* this gap is made good: it counts once */
		break;
	case DEADLINE_FREEZE:
		n->remaining = n->deadline > now ? n->deadline - now : 0;
		n->deadline = CLOCK_NONE;
		break;
	case DEADLINE_RESUME:
		n->deadline = now + n->remaining;
		n->remaining = 0;
		n->clock_since = now;
		break;
	}
}

static void
move_stage(enum stage_move move, int64_t now, struct case_state *n)
{
	switch (move) {
	case STAGE_STAY:
		return;
	case STAGE_UP:
		n->stage++;
		break;
	case STAGE_DOWN:
		n->stage--;
		break;
	case STAGE_FIRST:
		n->stage = 1;
		break;
	}
	n->stage_since = now;
}

static void
give(const char **list, int *n, const char *text)
{
	if (*n < CASE_REASONS_MAX)
		list[(*n)++] = text;
}

/* What speaks for a harder step, and what against it. */
static void
explain_harder(const struct look *k, struct case_step *o)
{
	const struct case_facts *f = &k->ev->facts;

	if (f->removed < k->l->removal_rate * f->reported)
		give(o->reasons, &o->nreasons,
		    "the share of reported items removed is below the threshold");
	if (f->online > 0)
		give(o->reasons, &o->nreasons, "reported items are still online");
	if (f->median_takedown == CLOCK_NONE ||
	    f->median_takedown > k->l->time_to_takedown)
		give(o->reasons, &o->nreasons,
		    "the median time to takedown is longer than agreed");
	if (f->unreported > 0)
		give(o->reasons, &o->nreasons,
		    "further violations were found since the last notice");
	if (f->removed > 0)
		give(o->against, &o->nagainst, "some reported items were removed");
	if (f->unproven > 0)
		give(o->against, &o->nagainst,
		    "some reported items rest on rules whose precision is not shown to "
		    "reach the floor for the last stages");
	if (f->unknown > 0)
		give(o->against, &o->nagainst,
		    "some reported items could not be looked at");
	if (f->our_gap > 0)
		give(o->against, &o->nagainst,
		    "for part of the time we could not observe the tenant");
	if (f->reported < 5)
		give(o->against, &o->nagainst, "few items were reported");
}

/* Why, in words: only for steps that are decided by what was counted. */
static void
explain(const struct look *k, const struct row *r, struct case_step *o)
{
	const struct case_facts *f = &k->ev->facts;

	if (k->ev->type != CASE_EV_DEADLINE)
		return;
	if (r->move == STAGE_UP || (r->actions & CASE_ACT_RECOMMEND)) {
		explain_harder(k, o);
		return;
	}
	if (k->s->phase == CASE_RUNNING && f->our_gap <= k->l->max_gap &&
	    !case_process_met(k->l, f))
		give(o->reasons, &o->nreasons,
		    "all reported items rest on rules whose precision is not shown to "
		    "reach the floor for the last stages");
	if (k->s->phase == CASE_RUNNING && case_process_met(k->l, f))
		give(o->reasons, &o->nreasons,
		    "reported items were removed as fast and as fully as agreed");
	if (f->unreported > 0)
		give(o->reasons, &o->nreasons,
		    "further violations were found since the last notice");
	if (f->our_gap > k->l->max_gap)
		give(o->reasons, &o->nreasons,
		    "for part of the time we could not observe the tenant");
}

void
case_step(const struct ladder *l, const struct case_state *s,
    const struct case_event *ev, struct case_step *out)
{
	struct case_state at = *s;
	struct look k = {l, &at, ev};
	const struct row *r;

	/* A reload can have taken stages away under it. */
	if (at.stage > l->nstages)
		at.stage = l->nstages;
	memset(out, 0, sizeof(*out));
	out->next = *s;
	r = find_row(&k);
	if (r == NULL) {
		out->row = "no step";
		return;
	}
	out->next.stage = at.stage;
	out->row = r->name;
	out->actions = r->actions;
	if (ev->type == CASE_EV_VIOLATION) {
		out->next.last_violation = ev->time;
		if (ev->severity >= l->critical && s->severity < l->critical)
			out->actions |= CASE_ACT_ALERT_GRAVE;
		if (ev->severity > s->severity)
			out->next.severity = ev->severity;
	}
	out->next.phase = r->next;
	move_stage(r->move, ev->time, &out->next);
	move_deadline(&k, r->deadline, &out->next);
	explain(&k, r, out);
}
