/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_plan: what a poll means for its feed: validators, hints, its rate, its state,
 * gaps, and when it is asked again.  The plan is made from the feed's row and the
 * configuration alone, so that a restart and a reload make the same one.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "engine/engine_json.h"
#include "fetch/schedule.h"

/* An item counts in full when it is seen and fades away: what is left of all of them is
 * what comes in a week. */
#define RATE_FADE (7 * CLOCK_DAY)
/* For so long a feed is not asked more seldom than fetch.interval says, whatever dates
 * its first document shows: they are the tenant's word. */
#define RATE_PROBATION CLOCK_DAY

static bool
readable(uint8_t outcome)
{
	return outcome == POLLED_OK || outcome == POLLED_UNCHANGED;
}

static void
set_words(char **to, const char *words)
{
	free(*to);
	*to = xstrdup(words);
}

/* --- the feed's own rate --- */

static double
faded(double items, int64_t span)
{
	return span > 0 ? items * exp(-(double)span / RATE_FADE) : items;
}

/* Items whose dates can be believed tell of the week before; without any, the feed is
 * taken for as busy as the configuration asks. */
static double
first_rate(const struct msg_polled *p, int64_t interval)
{
	double rate = 0;
	unsigned dated = 0;

	for (uint32_t i = 0; i < p->nitems; i++) {
		int64_t t = engine_event_time(p->items[i].published, p->time);

		if (t >= p->time)
			continue;
		dated++;
		rate += faded(1, p->time - t);
	}
	return dated > 0 ? rate
			 : (double)RATE_FADE / (double)(interval > 0 ? interval : 1);
}

static void
note_rate(
    struct store_feed *f, const struct msg_polled *p, uint64_t fresh, int64_t interval)
{
	bool first = f->rate_at == CLOCK_NONE;

	f->flood =
	    p->outcome == POLLED_OK && !first && fresh > 0 && fresh * 2 > p->nitems;
	if (first) {
		f->rate = first_rate(p, interval);
		f->rate_from = p->time;
	} else {
		f->rate = faded(f->rate, p->time - f->rate_at) + (double)fresh;
	}
	f->rate_at = p->time;
}

/* --- what the answer says of itself --- */

/* A 304 may come from another place than the body that we know (a redirect that now
 * leads elsewhere): then it vouches for nothing, and the next poll asks for all. */
static bool
from_elsewhere(const struct store_feed *f, const struct msg_polled *p)
{
	const char *known = f->answered != NULL ? f->answered : f->url;

	return p->status == 304 && p->url != NULL && strcmp(known, p->url) != 0;
}

static void
note_validators(struct store_feed *f, struct msg_polled *p)
{
	if (from_elsewhere(f, p)) {
		engine_plan_forget(f);
		return;
	}
	/* Every 200 replaces them, also by nothing; a 304 where it brings new ones. */
	if (p->status != 304 || p->etag != NULL)
		xmove(&f->etag, &p->etag);
	if (p->status != 304 || p->last_modified != NULL)
		xmove(&f->last_modified, &p->last_modified);
	if (p->body_hash != NULL)
		xmove(&f->body_hash, &p->body_hash);
	if (p->status == 304)
		return;
	/* Once more without them: if the body is the same then, they are good. */
	if (p->young && p->outcome == POLLED_OK)
		engine_plan_bare(f);
	free(f->answered);
	f->answered =
	    p->url != NULL && strcmp(p->url, f->url) != 0 ? xstrdup(p->url) : NULL;
}

void
engine_plan_bare(struct store_feed *f)
{
	char *none = NULL;

	xmove(&f->etag, &none);
	xmove(&f->last_modified, &none);
}

void
engine_plan_forget(struct store_feed *f)
{
	char *none = NULL;

	engine_plan_bare(f);
	xmove(&f->body_hash, &none);
}

/* What the header does not say again with a 304 still holds, and so does what stood in
 * a document that has not changed. */
static void
note_hints(struct store_feed *f, const struct msg_polled *p)
{
	if (p->status != 304 || p->hint > 0)
		f->hint = p->hint;
	if (p->outcome != POLLED_OK)
		return;
	f->ttl = p->ttl;
	f->skip_hours = p->skip_hours;
	f->skip_days = p->skip_days;
}

static void
note_answer(
    struct store_feed *f, struct msg_polled *p, uint64_t fresh, int64_t interval)
{
	f->polls++;
	f->last_poll = p->time;
	f->outcome = p->outcome;
	f->status = p->status;
	f->retry_after = p->retry_after;
	xmove(&f->why, &p->why);
	if (!readable(p->outcome))
		return;
	f->last_ok = p->time;
	note_rate(f, p, fresh, interval);
	note_hints(f, p);
	note_validators(f, p);
	if (p->outcome == POLLED_OK) {
		xmove(&f->format, &p->format);
		xmove(&f->title, &p->title);
	}
}

/* --- plans --- */

/* Twice what the longest plan waits: jitter, and hours that are to be skipped. */
bool
engine_plan_believed(const struct engine *g, const struct fetch_plan *plan, int64_t now)
{
	const struct conf_fetch *c = &g->conf->fetch;
	const int64_t waits[] = {
	    c->interval_max, c->hint_max, c->retry_after_max, CLOCK_DAY};
	int64_t most = plan->interval;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		most = waits[i] > most ? waits[i] : most;
	return plan->next <= now + 2 * most;
}

/* --- state --- */

void
engine_plan_state(struct engine *g, struct store_feed *f, uint8_t to, int64_t since,
    const char *why, int64_t now)
{
	const char *from = f->state_since == CLOCK_NONE ? "new" : polled_name(f->state);
	bool first = f->state_since == CLOCK_NONE && to == POLLED_OK;
	char span[CLOCK_TEXT];
	json_t *o;

	if (f->state_since != CLOCK_NONE && f->state == to)
		return;
	if (!first) {
		o = json_pack("{s:s, s:I, s:s, s:s, s:i}", "tenant", f->tenant, "feed",
		    (json_int_t)f->id, "from", from, "to", polled_name(to), "status",
		    f->status);
		json_set_time(o, "since", since);
		engine_record(g, "state", o, NULL, now);
	}
	if (to == POLLED_OK && !first)
		log_notice("poll", "%s: readable again, after %s of: %s", f->url,
		    clock_span(since - f->state_since, span), from);
	else if (to != POLLED_OK)
		log_notice("poll", "%s: not readable: %s%s%s", f->url, polled_name(to),
		    why != NULL ? ": " : "", why != NULL ? why : "");
	f->state = to;
	f->state_since = since;
}

static void
note_state(
    struct engine *g, struct store_feed *f, const struct msg_polled *p, int64_t now)
{
	if (p->outcome != POLLED_OWN_FAULT) /* says nothing of the feed */
		engine_plan_state(g, f, readable(p->outcome) ? POLLED_OK : p->outcome,
		    p->time, f->why, now);
}

/* --- gaps: when we could not see --- */

static void
record_gap(struct engine *g, const struct store_feed *f, const char *state, bool ours,
    const char *why, const char *reason, int64_t from, int64_t to, int64_t now)
{
	json_t *o = json_pack("{s:s, s:I, s:s, s:b, s:s}", "tenant", f->tenant, "feed",
	    (json_int_t)f->id, "state", state, "ours", ours, "why", why);

	json_set_text(o, "reason", reason);
	json_set_time(o, "from", from);
	json_set_time(o, "to", to);
	engine_record(g, "gap", o, NULL, now);
}

static void
gap_open(struct engine *g, struct store_feed *f, bool ours, const char *why,
    const char *reason, int64_t from, int64_t now)
{
	struct store_at at = engine_at(g, f->tenant);
	struct store_gap gap = {.feed = f->id,
	    .from = from,
	    .to = CLOCK_NONE,
	    .ours = ours,
	    .why = (char *)why};
	struct err e = ERR_INIT;

	memcpy(gap.tenant, f->tenant, sizeof(gap.tenant));
	engine_must(
	    store_gap_open(g->store, &at, &gap, &e), 0, "cannot open a gap", &e);
	record_gap(g, f, "open", ours, why, reason, from, CLOCK_NONE, now);
	f->down_since = from;
	f->down_ours = ours;
}

void
engine_gap_open(struct engine *g, struct store_feed *f, bool ours, const char *why,
    int64_t from, int64_t now)
{
	gap_open(g, f, ours, why, NULL, from, now);
}

void
engine_gap_close(
    struct engine *g, struct store_feed *f, const char *why, int64_t to, int64_t now)
{
	struct store_at at = engine_at(g, f->tenant);
	struct err e = ERR_INIT;

	engine_must(
	    store_gap_close(g->store, &at, f->id, to, &e), 0, "cannot close a gap", &e);
	record_gap(g, f, "closed", f->down_ours, why, NULL, f->down_since, to, now);
	f->down_since = CLOCK_NONE;
	f->down_ours = false;
}

bool
engine_plan_cut(const struct store_feed *f)
{
	return f->down_since != CLOCK_NONE && !f->down_ours && f->state == POLLED_OK;
}

/* It answers, but what is beyond a limit was not read, and may be anything.  That is a
 * gap of the feed's, not of ours: who may hide posts by length could stop deadlines by
 * it as well. */
static void
note_cut(struct engine *g, struct store_feed *f, const struct msg_polled *p,
    int64_t from, int64_t now)
{
	if (engine_plan_cut(f))
		return;
	if (f->down_since != CLOCK_NONE) {
		engine_gap_close(g, f, "readable again", p->time, now);
		from = p->time;
	}
	gap_open(g, f, false, "not read to its end", p->why, from, now);
	log_notice("poll", "%s: not read to its end, a gap until it is: %s", f->url,
	    p->why != NULL ? p->why : "?");
}

/* last_ok is that of the polls before. */
static void
note_gap(
    struct engine *g, struct store_feed *f, const struct msg_polled *p, int64_t now)
{
	bool ours = p->outcome == POLLED_OWN_FAULT, cut = engine_plan_cut(f);
	int64_t from = f->last_ok != CLOCK_NONE ? f->last_ok : p->time;

	if (readable(p->outcome) && p->cut) {
		note_cut(g, f, p, from, now);
		return;
	}
	if (readable(p->outcome)) {
		if (f->down_since != CLOCK_NONE)
			engine_gap_close(g, f,
			    cut ? "read to its end" : "readable again", p->time, now);
		if (cut)
			log_notice("poll", "%s: read to its end again", f->url);
		return;
	}
	if (cut) { /* another reason from here on */
		engine_gap_close(g, f, "not readable at all", p->time, now);
		from = p->time;
	}
	if (f->down_since != CLOCK_NONE) {
		if (f->down_ours == ours)
			return;
		if (ours && engine_outage_explains(g, f->down_since, now)) {
			from = f->down_since;
			engine_gap_close(g, f, "our own fault after all", from, now);
			engine_gap_open(g, f, ours, polled_name(p->outcome), from, now);
			return;
		}
		engine_gap_close(g, f,
		    ours ? "our own fault from here on" : "no longer our own fault",
		    p->time, now);
		from = p->time;
	}
	/* Blind since the last good look, not since the first bad one. */
	engine_gap_open(g, f, ours, polled_name(p->outcome), from, now);
}

/* --- silence beyond what we grant --- */

static void
record_silence(struct engine *g, const struct store_feed *f, const char *state,
    const struct fetch_plan *plan, int64_t to, int64_t now)
{
	json_t *o = json_pack("{s:s, s:I, s:s, s:s}", "tenant", f->tenant, "feed",
	    (json_int_t)f->id, "state", state, "why", f->silence);

	if (plan->silence != NULL) {
		json_object_set_new(o, "asked_ms", json_integer(plan->asked));
		json_object_set_new(o, "cap_ms", json_integer(plan->cap));
	}
	json_set_time(o, "from", f->silence_since);
	json_set_time(o, "to", to);
	engine_record(g, "unobservable", o, NULL, now);
}

/* Once for each change, not for each poll. */
static void
note_silence(struct engine *g, struct store_feed *f, const struct fetch_plan *plan,
    const struct msg_polled *p, int64_t now)
{
	char asked[CLOCK_TEXT], cap[CLOCK_TEXT];

	if (plan->silence != NULL && f->silence == NULL) {
		set_words(&f->silence, plan->silence);
		f->silence_since = p->time;
		record_silence(g, f, "open", plan, CLOCK_NONE, now);
		log_warn("poll", "%s: unobservable: %s: asks for %s, gets %s", f->url,
		    plan->silence,
		    plan->asked > 0 ? clock_span(plan->asked, asked) : "everything",
		    clock_span(plan->cap, cap));
	} else if (plan->silence != NULL) {
		set_words(&f->silence, plan->silence);
	} else if (f->silence != NULL &&
		   p->status != 0) { /* else: nobody has said so */
		record_silence(g, f, "closed", plan, p->time, now);
		log_notice(
		    "poll", "%s: observable again: no longer: %s", f->url, f->silence);
		set_words(&f->silence, NULL);
		f->silence_since = CLOCK_NONE;
	}
}

/* --- the next poll --- */

static double
weekly(const struct store_feed *f, int64_t interval)
{
	double least = (double)RATE_FADE / (double)(interval > 0 ? interval : 1);

	if (f->rate_at == CLOCK_NONE)
		return -1;
	if (f->rate_at - f->rate_from < RATE_PROBATION && f->rate < least)
		return least;
	return f->rate;
}

void
engine_plan(const struct engine *g, const struct store_feed *f,
    const struct engine_feed *ef, struct fetch_plan *out)
{
	const struct conf_fetch *c = &g->conf->fetch;
	bool counts = fetch_plan_counts(f->outcome) && f->failures > 0;
	struct fetch_plan_in in = {.now = f->last_poll,
	    .base_interval = ef != NULL ? ef->interval : c->interval,
	    .fixed = ef != NULL && ef->fixed,
	    .min = c->interval_min,
	    .max = c->interval_max,
	    .weekly = weekly(f, c->interval),
	    .flood = f->flood,
	    .outcome = f->outcome,
	    .failures = counts ? f->failures - 1 : f->failures,
	    .dark = f->last_ok != CLOCK_NONE ? f->last_poll - f->last_ok : 0,
	    .hint = f->hint,
	    .ttl = f->ttl,
	    .skip_hours = f->skip_hours,
	    .skip_days = f->skip_days,
	    .retry_after = f->retry_after,
	    .hint_max = c->hint_max,
	    .retry_max = c->retry_after_max,
	    .jitter_seed = (uint64_t)f->id * 1000003u + f->polls};

	fetch_plan(&in, out);
}

void
engine_plan_polled(struct engine *g, struct store_feed *f, struct engine_feed *ef,
    const struct engine_poll *poll, struct msg_polled *p, uint64_t fresh, int64_t now)
{
	struct fetch_plan plan;

	engine_outage_judge(g, f, p, now);
	if (engine_moved_check_failed(f, poll, p)) {
		/* Only a look at whether the old address still leads to where the
		 * feed is: that one is asked now. */
		f->next_poll = p->time + CLOCK_SEC;
		return;
	}
	engine_moved_note(g, f, poll, p, now);
	note_gap(g, f, p, now);
	if (readable(p->outcome))
		f->failures = 0;
	else
		f->failures +=
		    fetch_plan_counts(p->outcome) && f->failures < UINT32_MAX;
	note_answer(f, p, fresh, g->conf->fetch.interval);
	note_state(g, f, p, now);
	engine_plan(g, f, ef, &plan);
	note_silence(g, f, &plan, p, now);
	f->next_poll = plan.next;
	set_words(&f->planned, plan.why);
}
