/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_poll: what a poll says of its feed: readable or not, validators, gaps and the
 * time of the next poll; all in one transaction with the items (engine_take.c), so that
 * a crash can neither lose nor double one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "fetch/schedule.h"

static void
set_time(json_t *o, const char *key, int64_t ms)
{
	char t[CLOCK_TEXT];

	if (ms != CLOCK_NONE)
		json_object_set_new(o, key, json_string(clock_format(ms, t)));
}

/* --- readable or not --- */

static bool
readable(uint8_t outcome)
{
	return outcome == POLLED_OK || outcome == POLLED_UNCHANGED;
}

static void
record_gap(struct engine *g, const struct store_feed *f, const char *state, bool ours,
    const char *why, int64_t from, int64_t to, int64_t now)
{
	json_t *o = json_pack("{s:s, s:I, s:s, s:b, s:s}", "tenant", f->tenant, "feed",
	    (json_int_t)f->id, "state", state, "ours", ours, "why", why);

	set_time(o, "from", from);
	set_time(o, "to", to);
	engine_record(g, "gap", o, NULL, now);
}

static void
note_gap(
    struct engine *g, struct store_feed *f, const struct msg_polled *p, int64_t now)
{
	struct store_at at = engine_at(g, f->tenant);
	struct err e = ERR_INIT;

	if (readable(p->outcome)) {
		if (f->down_since == CLOCK_NONE)
			return;
		engine_must(store_gap_close(g->store, &at, f->id, p->time, &e), 0,
		    "cannot close a gap", &e);
		record_gap(g, f, "closed", false, "readable again", f->down_since,
		    p->time, now);
		log_notice("poll", "%s: readable again", f->url);
		f->down_since = CLOCK_NONE;
	} else if (f->down_since == CLOCK_NONE) {
		bool ours = p->outcome == POLLED_OWN_FAULT;
		struct store_gap gap = {.feed = f->id, .to = CLOCK_NONE, .ours = ours};

		/* Blind since the last good look, not since the first bad one. */
		gap.from = f->last_ok != CLOCK_NONE ? f->last_ok : p->time;
		gap.why = (char *)polled_name(p->outcome);
		memcpy(gap.tenant, f->tenant, sizeof(gap.tenant));
		engine_must(store_gap_open(g->store, &at, &gap, &e), 0,
		    "cannot open a gap", &e);
		record_gap(g, f, "open", ours, gap.why, gap.from, CLOCK_NONE, now);
		log_notice("poll", "%s: not readable: %s", f->url,
		    p->why != NULL ? p->why : gap.why);
		f->down_since = gap.from;
	}
}

static void
replace(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

static void
update_feed(struct store_feed *f, struct msg_polled *p)
{
	f->polls++;
	f->last_poll = p->time;
	f->outcome = p->outcome;
	f->status = p->status;
	replace(&f->why, &p->why);
	if (!readable(p->outcome))
		return;
	f->last_ok = p->time;
	/* Validators are replaced by every 200, and by a 304 that brings new ones. */
	if (p->outcome == POLLED_OK || p->etag != NULL)
		replace(&f->etag, &p->etag);
	if (p->outcome == POLLED_OK || p->last_modified != NULL)
		replace(&f->last_modified, &p->last_modified);
	if (p->body_hash != NULL)
		replace(&f->body_hash, &p->body_hash);
	if (p->outcome == POLLED_OK) {
		replace(&f->format, &p->format);
		replace(&f->title, &p->title);
	}
}

static void
plan_next(struct engine *g, struct store_feed *f, struct engine_feed *ef,
    const struct msg_polled *p)
{
	struct fetch_plan_in in = {.now = p->time,
	    .outcome = p->outcome,
	    .failures = f->failures,
	    .hint = p->hint,
	    .retry_after = p->retry_after,
	    .min = g->conf->fetch.interval_min,
	    .max = g->conf->fetch.interval_max};
	struct fetch_plan plan;

	in.base_interval = ef != NULL ? ef->interval : g->conf->fetch.interval;
	in.jitter_seed = (uint64_t)f->id * 1000003u + f->polls;
	fetch_plan(&in, &plan);
	f->failures = plan.failures;
	f->next_poll = plan.next;
	if (plan.unobservable)
		log_warn("poll", "%s: asks for more silence than we allow: %s", f->url,
		    plan.why);
}

void
engine_polled(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct store_feed row;
	struct engine_feed *ef;
	struct engine_poll poll;
	struct err e = ERR_INIT;
	struct store_at at;

	if (!engine_poll_take(g, p->id, &poll)) {
		log_debug("poll", "an answer to no question: %llu",
		    (unsigned long long)p->id);
		return;
	}
	if (p->outcome < POLLED_COUNT)
		g->polls_by[p->outcome]++;
	if (poll.violation != 0) {
		engine_rechecked(g, poll.violation, m, now);
		return;
	}
	if (poll.errand != 0) {
		engine_errand_answered(g, poll.errand, m, now);
		return;
	}
	engine_must(
	    store_feed_get(g->store, poll.feed, &row, &e), 0, "cannot read a feed", &e);
	ef = engine_feed_find(g, poll.feed);
	at = engine_at(g, row.tenant);
	engine_cover_polled(g, &row, m, now);
	note_gap(g, &row, p, now);
	update_feed(&row, p);
	engine_cover_distrust(g, &row);
	plan_next(g, &row, ef, p);
	engine_must(
	    store_feed_update(g->store, &at, &row, &e), 0, "cannot keep a feed", &e);
	if (ef != NULL) {
		ef->in_flight = false;
		engine_feed_schedule(g, ef, row.next_poll);
	}
	store_feed_clear(&row);
}
