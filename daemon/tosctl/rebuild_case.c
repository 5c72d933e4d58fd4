/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_case: violations, looks at them, and cases.  The state of a case is what
 * its newest step says it became; nothing is decided again (that is `tosctl replay').
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cases/ladder.h"
#include "engine/engine.h"
#include "store/store_rule.h"
#include "tosctl/rebuild.h"

/* --- violations --- */

/* The tenant's open case, or the one that this violation opened. */
static int
open_case(struct rebuild *r, const json_t *o, struct store_case *c, struct err *e)
{
	const char *number = rebuild_str(o, "case"), *tenant = rebuild_str(o, "tenant");
	struct store_at at = rebuild_at(r, tenant);
	int rc = store_case_active(r->store, tenant, c, e);

	if (rc == TOSD_ENOENT) {
		memset(c, 0, sizeof(*c));
		snprintf(c->tenant, sizeof(c->tenant), "%s", tenant);
		c->opened = r->t;
		c->closed = c->deadline = c->stage_since = c->last_violation =
		    c->watch_since = CLOCK_NONE;
		c->phase = CASE_CLEAR;
		rc = store_case_add(r->store, &at, c, e);
	}
	if (rc == 0 && strcmp(c->number, number) != 0)
		rc = rebuild_wrong(
		    r, e, "case %s on record would become %s", number, c->number);
	return rc;
}

void
rebuild_finding(const json_t *o, struct finding *f)
{
	const json_t *spans = json_object_get(o, "spans"), *s;
	int mode = finding_mode_parse(rebuild_str(o, "mode"));
	size_t i;

	f->rule = xstrdup(rebuild_str(o, "rule"));
	f->rev = (uint32_t)rebuild_int(o, "rev");
	f->pack = xstrdup(rebuild_str(o, "pack"));
	f->clause = xstrdup(rebuild_str(o, "clause"));
	f->category = xstrdup(rebuild_str(o, "category"));
	f->severity = finding_severity_parse(rebuild_str(o, "severity"));
	f->score = json_number_value(json_object_get(o, "score"));
	/* Nothing else counts by itself; what is said otherwise, a person confirmed. */
	f->mode = mode < 0 ? MODE_ENFORCE : (enum finding_mode)mode;
	f->spans = xcalloc(json_array_size(spans) + 1, sizeof(*f->spans));
	json_array_foreach(spans, i, s)
	{
		f->spans[i].start = (uint32_t)json_integer_value(json_array_get(s, 0));
		f->spans[i].end = (uint32_t)json_integer_value(json_array_get(s, 1));
		f->nspans++;
	}
}

/* The row as the engine makes it when it finds the violation. */
static int
read_violation(
    struct rebuild *r, const json_t *o, struct store_violation *v, struct err *e)
{
	struct store_revision rev;
	int rc;

	memset(v, 0, sizeof(*v));
	v->item = rebuild_int(o, "item");
	v->revision = rebuild_int(o, "revision");
	rc = store_revision_get(r->store, v->revision, &rev, e);
	if (rc != 0)
		return rebuild_wrong(r, e, "no capture before it holds revision %lld",
		    (long long)v->revision);
	snprintf(v->tenant, sizeof(v->tenant), "%s", rebuild_str(o, "tenant"));
	rebuild_finding(o, &v->finding);
	v->url = xstrdup(rev.body.url);
	if (rev.digest[0] != '\0') /* else it was erased */
		v->quote = engine_quote(&rev.body, &v->finding);
	v->found = r->t;
	v->posted = rev.body.published;
	v->entry = (int64_t)r->seq;
	v->reported = v->ended = v->last_check = v->next_check = CLOCK_NONE;
	v->presence = PRESENT_ONLINE;
	v->since = v->last_online = rev.seen;
	if (rev.item != v->item)
		rc = rebuild_wrong(r, e, "revision %lld is of item %lld",
		    (long long)rev.id, (long long)rev.item);
	store_revision_clear(&rev);
	return rc;
}

/* A finding of a canary that a person confirmed: it was there before, and is counted
 * when it became a violation, long after its revision was judged. */
static int
confirmed(struct rebuild *r, const struct store_violation *v, struct err *e)
{
	struct store_at at = rebuild_at(r, v->tenant);
	struct store_revision rev;
	struct store_found f;
	bool counted;
	int rc = store_found_of(
	    r->store, v->revision, v->finding.rule, v->finding.rev, &f, e);

	if (rc != 0)
		return rebuild_wrong(r, e, "no review before it has the finding");
	rc = store_review_decide(r->store, &at, f.id, REVIEW_CONFIRMED, true, e);
	store_found_clear(&f);
	if (rc == 0)
		rc = store_revision_get(r->store, v->revision, &rev, e);
	if (rc != 0)
		return rc;
	store_violation_is_by(r->store, v->item, v->revision, &counted);
	if (!counted)
		rc = store_exposure_count(
		    r->store, &at, rev.tenant, rev.seen, 0, 1, 0, e);
	store_revision_clear(&rev);
	return rc;
}

int
rebuild_violation(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_violation v;
	struct store_case c;
	struct store_at at;
	int rc = read_violation(r, o, &v, e);

	at = rebuild_at(r, v.tenant);
	if (rc == 0 && (rc = open_case(r, o, &c, e)) == 0) {
		v.case_id = c.id;
		v.exhibit = ++c.exhibits;
		rc =
		    rebuild_same(r, "exhibit", v.exhibit, rebuild_int(o, "exhibit"), e);
	}
	if (rc == 0)
		rc = v.finding.mode == MODE_ENFORCE
			 ? store_finding_add(
			       r->store, &at, v.revision, &v.finding, true, r->t, e)
			 : confirmed(r, &v, e);
	if (rc == 0)
		rc = store_violation_add(r->store, &at, &v, e);
	if (rc == 0) {
		/* Joining a case is no step of its own. */
		c.last_violation = r->t;
		if (v.finding.severity > c.severity)
			c.severity = v.finding.severity;
		rc = store_case_update(r->store, &at, &c, e);
	}
	store_violation_clear(&v);
	return rc;
}

/* --- looks --- */

static int
presence_of(const char *name)
{
	static const char *const names[] = {
	    [PRESENT_ONLINE] = "online",
	    [PRESENT_REMOVED] = "removed",
	    [PRESENT_EDITED] = "edited",
	    [PRESENT_UNKNOWN] = "unknown",
	};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static void
apply_look(
    struct store_violation *v, enum store_presence p, const char *how, int64_t when)
{
	if (p != v->presence) {
		v->since = when;
		if (p == PRESENT_ONLINE)
			v->ended = CLOCK_NONE;
		else if (p != PRESENT_UNKNOWN && v->ended == CLOCK_NONE)
			v->ended = when;
		v->presence = p;
	}
	if (p == PRESENT_ONLINE)
		v->last_online = when;
	if (strcmp(how, "feed") == 0)
		return;
	v->last_check = when;
	if (strcmp(how, "page") == 0)
		v->checks++;
	else
		v->misses++;
}

int
rebuild_recheck(struct rebuild *r, const json_t *o, struct err *e)
{
	int64_t id = rebuild_int(o, "violation"), when = rebuild_ms(o, "time");
	int presence = presence_of(rebuild_str(o, "presence"));
	struct store_violation v;
	struct store_at at;
	int rc = store_violation_get(r->store, id, &v, e);

	if (rc != 0)
		return rebuild_wrong(
		    r, e, "no entry before it found violation %lld", (long long)id);
	at = rebuild_at(r, v.tenant);
	if (presence < 0 || when == CLOCK_NONE)
		rc = rebuild_wrong(r, e, "it does not say what was seen, and when");
	if (rc == 0 && (rc = rebuild_same(r, "the violation's item", v.item,
			    rebuild_int(o, "item"), e)) == 0)
		rc = rebuild_same(r, "the violation's exhibit", v.exhibit,
		    rebuild_int(o, "exhibit"), e);
	if (rc == 0) {
		apply_look(
		    &v, (enum store_presence)presence, rebuild_str(o, "how"), when);
		rc = store_violation_update(r->store, &at, &v, e);
	}
	store_violation_clear(&v);
	return rc;
}

/* --- steps --- */

static int
apply_state(
    const struct rebuild *r, const json_t *to, struct store_case *c, struct err *e)
{
	int phase = case_phase_parse(rebuild_str(to, "phase"));

	if (phase < 0)
		return rebuild_wrong(
		    r, e, "there is no phase `%s'", rebuild_str(to, "phase"));
	c->stage = (int32_t)rebuild_int(to, "stage");
	c->phase = (uint8_t)phase;
	c->severity = (int32_t)rebuild_int(to, "severity");
	c->stage_since = rebuild_ms(to, "stage_since");
	c->deadline = rebuild_ms(to, "deadline");
	c->remaining = rebuild_ms(to, "remaining");
	c->last_violation = rebuild_ms(to, "last_violation");
	c->watch_since = rebuild_ms(to, "clock_since");
	return 0;
}

int
rebuild_step(struct rebuild *r, const json_t *o, struct err *e)
{
	const json_t *stages = json_object_get(json_object_get(o, "ladder"), "stages");
	int64_t actions = rebuild_int(o, "actions"), time = rebuild_ms(o, "time");
	struct store_case c;
	struct store_at at;
	int rc = rebuild_case_of(r, o, &c, e);

	if (rc != 0 || (rc = apply_state(r, json_object_get(o, "to"), &c, e)) != 0)
		return rc;
	if (actions & CASE_ACT_NOTICE)
		c.deadline =
		    time + engine_gather(json_integer_value(json_array_get(
			       json_array_get(stages, (size_t)c.stage - 1), 0)));
	if (actions & (CASE_ACT_CLOSE | CASE_ACT_DROP)) {
		c.closed = time;
		c.outcome = actions & CASE_ACT_DROP ? ENGINE_UNSAID : ENGINE_CURED;
	}
	if (c.phase == CASE_DECIDED)
		c.outcome = ENGINE_ACCEPTED;
	at = rebuild_at(r, c.tenant);
	return store_case_update(r->store, &at, &c, e);
}

/* --- people --- */

int
rebuild_decision(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_decision d = {.time = r->t,
	    .entry = (int64_t)r->seq,
	    .person = (char *)rebuild_str(o, "person"),
	    .verdict = (char *)rebuild_str(o, "verdict")};
	struct store_case c;
	struct store_at at;
	struct buf words = {0};
	int rc = rebuild_case_of(r, o, &c, e);

	if (rc == 0 && (rc = rebuild_bytes(r, o, &words, e)) == TOSD_ENOENT)
		rc = 0; /* the words are gone, the decision stands */
	if (rc == 0) {
		buf_putc(&words, '\0');
		d.case_id = c.id;
		d.reason = words.data;
		at = rebuild_at(r, c.tenant);
		rc = store_decision_add(r->store, &at, &d, e);
	}
	buf_free(&words);
	return rc;
}

int
rebuild_hold(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_case c;
	struct store_at at;
	int rc = rebuild_case_of(r, o, &c, e);

	if (rc != 0)
		return rc;
	at = rebuild_at(r, c.tenant);
	return store_hold_set(
	    r->store, &at, c.id, json_is_true(json_object_get(o, "held")), e);
}

/* --- the end --- */

static int
gather_violation(void *ctx, const struct store_violation *v)
{
	rebuild_ids_add(ctx, v->id);
	return 0;
}

struct open_cases {
	struct rebuild *r;
	struct rebuild_ids ids;
};

static int
gather_case(void *ctx, const struct store_case *c)
{
	struct open_cases *x = ctx;

	return store_violation_each(
	    x->r->store, VIOLATION_OF_CASE, c->id, 0, gather_violation, &x->ids);
}

/* Looks that changed nothing are not on record, so what an open case cites is looked
 * at as soon as the daemon runs. */
int
rebuild_case_end(struct rebuild *r, struct err *e)
{
	struct open_cases x = {.r = r};
	int rc = store_case_each(r->store, CASE_BY_OPEN, 0, gather_case, &x);

	for (size_t i = 0; rc == 0 && i < x.ids.n; i++) {
		struct store_violation v;
		struct store_at at;

		rc = store_violation_get(r->store, x.ids.v[i], &v, e);
		if (rc == 0) {
			v.next_check = r->t;
			at = rebuild_at(r, v.tenant);
			rc = store_violation_update(r->store, &at, &v, e);
			store_violation_clear(&v);
		}
	}
	free(x.ids.v);
	return rc;
}
