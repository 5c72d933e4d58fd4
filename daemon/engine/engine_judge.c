/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_judge: what plugins said of one revision becomes findings, violations, scores
 * and its state; or why nobody can say: `degraded', which is never clean.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "engine/engine_life.h"
#include "policy/verdict.h"

/* Characters of a quote shown to people. */
#define QUOTE_CHARS 240

void
engine_judge_degraded(struct engine *g, int64_t id, const char *why, int64_t now)
{
	struct store_revision r;
	struct store_at at;
	struct err e = ERR_INIT;

	engine_must(
	    store_revision_get(g->store, id, &r, &e), 0, "cannot read a revision", &e);
	at = engine_at(g, r.tenant);
	engine_retry_done(g, &at, id);
	if (r.state != INSPECT_PENDING) { /* what died was a look at a report */
		engine_report_settle(g, &r, 0, why, g->policy, now);
		store_revision_clear(&r);
		return;
	}
	engine_must(store_revision_judged(g->store, &at, id, INSPECT_DEGRADED,
			r.attempts + 1, g->policy, why, &e),
	    0, "cannot keep a judgement", &e);
	engine_must(
	    store_exposure_count(g->store, &at, r.tenant, r.seen, r.n == 1, 0, 1, &e),
	    0, "cannot count", &e);
	engine_record(g, "degraded",
	    json_pack("{s:s, s:I, s:I, s:s, s:s, s:i}", "tenant", r.tenant, "item",
		(json_int_t)r.item, "revision", (json_int_t)id, "why", why, "policy",
		g->policy, "attempts", (int)r.attempts + 1),
	    NULL, now);
	log_warn("inspect",
	    "revision %lld of item %lld (%s) of tenant %s is degraded, not "
	    "fully judged: %s",
	    (long long)id, (long long)r.item,
	    r.body.url != NULL ? r.body.url : "no address", r.tenant, why);
	g->items_degraded++;
	engine_report_settle(g, &r, 0, why, g->policy, now);
	store_revision_clear(&r);
}

bool
engine_judge_gone(
    struct engine *g, const struct store_revision *r, const char *why, int64_t now)
{
	if (r->state != INSPECT_PENDING && !engine_report_is_open(g, r->id))
		return false;
	engine_report_tell(g, r); /* nobody else will look for them */
	engine_judge_degraded(g, r->id, why, now);
	engine_ask_forget(g, r->id, now);
	return true;
}

char *
engine_quote(const struct item *it, const struct finding *f)
{
	char *body = item_body(it);
	struct buf quote = {0};
	size_t from = 0, to = strlen(body);

	if (f->nspans > 0) {
		from = f->spans[0].start;
		to = f->spans[0].end;
	}
	notice_quote(&quote, body, from, to, QUOTE_CHARS);
	free(body);
	return buf_take(&quote);
}

void
engine_judge_violation(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now, struct store_violation *v)
{
	memset(v, 0, sizeof(*v));
	memcpy(v->tenant, r->tenant, sizeof(v->tenant));
	v->item = r->item;
	v->revision = r->id;
	finding_copy(&v->finding, f);
	v->url = xstrdup(r->body.url);
	v->quote = engine_quote(&r->body, f);
	v->found = now;
	v->posted = r->body.published;
	v->entry = -1;
	v->reported = v->ended = v->last_check = CLOCK_NONE;
	v->presence = PRESENT_ONLINE;
	v->since = v->last_online = r->seen;
	v->next_check = now + g->conf->ladder.recheck;
}

bool
engine_judge_counted(struct engine *g, const struct store_revision *r)
{
	bool counted;

	engine_walk(store_violation_is_by(g->store, r->item, r->id, &counted));
	return counted;
}

/* The newest revision of its post: judgements come in any order. */
static int64_t
newest_of(struct engine *g, const struct store_revision *r)
{
	struct store_item item;
	struct err e = ERR_INIT;
	int64_t id;

	engine_must(
	    store_item_get(g->store, r->item, &item, &e), 0, "cannot read an item", &e);
	id = item.revision;
	store_item_clear(&item);
	return id;
}

/* Keeps a finding with the mode that is in force for it.  False: it is known, or the
 * rule is one of which only the hits are counted. */
static bool
keep_finding(struct engine *g, const struct store_revision *r, const struct finding *f,
    enum policy_lane lane, int64_t now)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	if (f->mode == MODE_DRAFT || f->mode == MODE_RETIRED)
		return false;
	if (engine_must(store_finding_add(
			    g->store, &at, r->id, f, lane == POLICY_LANE_CASE, now, &e),
		TOSD_EEXIST, "cannot keep a finding", &e) != 0)
		return false;
	g->findings++;
	if (f->mode == MODE_REVIEW)
		engine_review_record(g, r, f, now);
	return true;
}

/* A violation by a text that is not the newest any more: where that one was judged, and
 * the rule found nothing in it, the post was mended before anybody knew. */
static void
mended_before(struct engine *g, const struct store_revision *r,
    struct store_violation *v, int64_t now)
{
	int64_t id = newest_of(g, r);
	struct store_revision newest;
	struct store_found found;
	struct err e = ERR_INIT;

	if (id == r->id)
		return;
	engine_must(store_revision_get(g->store, id, &newest, &e), 0,
	    "cannot read a revision", &e);
	if (newest.state == INSPECT_DONE) {
		if (engine_must(store_found_of(g->store, id, v->finding.rule,
				    v->finding.rev, &found, &e),
			TOSD_ENOENT, "cannot look for a finding", &e) == 0)
			store_found_clear(&found);
		else
			engine_presence_set(
			    g, v, PRESENT_EDITED, newest.seen, NULL, now);
	}
	store_revision_clear(&newest);
}

/* What is open was found by another revision of the rule, and withdrawn with that one,
 * in an earlier text: it is over, and does not stand for what is found now. */
static bool
is_over(struct engine *g, const struct store_revision *r, const struct finding *f,
    struct store_violation *open, int64_t now)
{
	if (open->withdrawn != WITHDRAWN_RULE || open->finding.rev == f->rev ||
	    open->revision >= r->id)
		return false;
	engine_presence_set(g, open, PRESENT_EDITED, r->seen, NULL, now);
	return true;
}

/* Whether a violation by this rule is open that says the same, in another revision. */
static bool
is_known(struct engine *g, const struct store_revision *r, const struct finding *f,
    int64_t now)
{
	struct store_violation open;
	struct err e = ERR_INIT;
	bool over;

	if (engine_must(store_violation_open(g->store, r->item, f->rule, &open, &e),
		TOSD_ENOENT, "cannot look for a violation", &e) != 0)
		return false;
	over = is_over(g, r, f, &open, now);
	store_violation_clear(&open);
	return !over;
}

/* One finding of a revision.  True if it is a new violation. */
static bool
judge_finding(struct engine *g, const struct store_revision *r, const struct finding *f,
    enum policy_lane lane, int64_t now)
{
	struct store_violation v;
	bool added = false;

	if (lane == POLICY_LANE_NONE)
		return false;
	if (lane == POLICY_LANE_REVIEW) {
		engine_label_review(g, r, f, now);
		return false;
	}
	engine_judge_violation(g, r, f, now, &v);
	if (lane == POLICY_LANE_SAFETY) {
		engine_notice_safety(g, &v, now);
	} else if (!is_known(g, r, f, now)) {
		engine_case_violation(g, &v, r->entry, now);
		mended_before(g, r, &v, now);
		g->violations++;
		added = true;
	}
	store_violation_clear(&v);
	return added;
}

struct edited {
	struct engine *g;
	const struct store_revision *r;
	const struct msg_inspected_item *judged;
	const enum policy_lane *would;
	int64_t now;
};

/* An open violation of this item that the newest revision no longer shows: whether its
 * rule still counts is another matter. */
static int
mend_one(void *ctx, const struct store_violation *row)
{
	struct edited *x = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->presence == PRESENT_REMOVED || row->presence == PRESENT_EDITED ||
	    row->revision == x->r->id)
		return 0;
	for (uint32_t i = 0; i < x->judged->n; i++)
		if (x->would[i] == POLICY_LANE_CASE &&
		    strcmp(x->judged->findings[i].rule, row->finding.rule) == 0)
			return 0;
	engine_must(store_violation_get(x->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	engine_presence_set(x->g, &v, PRESENT_EDITED, x->r->seen, NULL, x->now);
	store_violation_clear(&v);
	return 0;
}

/* What the answer itself says and what never came, as one; given_up is taken. */
static char *
both(const char *degraded, char *given_up)
{
	char *all;

	if (degraded == NULL || given_up == NULL)
		return degraded != NULL ? xstrdup(degraded) : given_up;
	all = xasprintf("%s; %s", degraded, given_up);
	free(given_up);
	return all;
}

/* What rules say of a revision.  Those that count come first: of two findings of one
 * rule only the first is kept.  would: the lanes if all rules were enforced.  True if
 * there is a new violation. */
static bool
judge_findings(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, enum policy_lane *would, int64_t now)
{
	enum policy_lane *lanes = xcalloc(j->n + 1, sizeof(*lanes));
	bool violated = false;

	engine_life_verdict(g, r, j->findings, j->n, lanes, would);
	for (int counting = 1; counting >= 0; counting--)
		for (uint32_t i = 0; i < j->n; i++) {
			struct finding *f = &j->findings[i];
			bool kept;

			if ((lanes[i] != POLICY_LANE_NONE) != counting)
				continue;
			kept = keep_finding(g, r, f, lanes[i], now);
			/* What is not kept is counted once all plugins have spoken:
			 * they repeat themselves when one of them is asked again. */
			if (kept ||
			    ((f->mode == MODE_DRAFT || f->mode == MODE_RETIRED) &&
				j->nretry == 0))
				engine_stat_hit(g, engine_life_of(g, f, f->mode),
				    r->tenant, f->mode, lanes[i], would[i], now);
			if (kept)
				violated |= judge_finding(g, r, f, lanes[i], now);
		}
	free(lanes);
	return violated;
}

static uint32_t
count_reviews(const struct msg_inspected_item *j)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < j->n; i++)
		n += j->findings[i].mode == MODE_REVIEW;
	return n;
}

/* A revision that is judged was looked at because of a report (engine_report.c): what
 * models found counts as always, for people, and all else stays as it is. */
static void
second_look(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, const char *policy, int64_t now)
{
	struct store_at at = engine_at(g, r->tenant);
	struct msg_inspected_item only = *j;
	enum policy_lane *would = xcalloc(j->n + 1, sizeof(*would));
	char *given_up = NULL, *why;

	only.findings = xcalloc(j->n + 1, sizeof(*only.findings));
	only.n = 0;
	for (uint32_t i = 0; i < j->n; i++)
		if (j->findings[i].mode == MODE_REVIEW)
			only.findings[only.n++] = j->findings[i];
	judge_findings(g, r, &only, would, now);
	if (!engine_retry_take(g, r, j, &given_up, now)) {
		why = both(j->degraded, given_up);
		if (why == NULL && (r->body.flags & ITEM_LET_GO) != 0)
			why = xstrdup("its text was let go before anybody looked");
		engine_retry_done(g, &at, r->id);
		engine_report_settle(g, r, count_reviews(&only), why, policy, now);
		free(why);
	}
	free(only.findings);
	free(would);
}

static void
keep_scores(
    struct engine *g, const struct store_at *at, const struct msg_inspected_item *j)
{
	char *text = engine_scores_text(j);
	struct err e = ERR_INIT;

	if (text != NULL)
		engine_must(
		    store_revision_scored(g->store, at, (int64_t)j->revision, text, &e),
		    0, "cannot keep scores", &e);
	free(text);
}

void
engine_tally_write(struct engine *g, struct engine_tally *t)
{
	struct store_at at = engine_at(g, t->tenant);
	struct err e = ERR_INIT;

	if (t->rows > 0)
		engine_must(store_exposure_count(
				g->store, &at, t->tenant, t->seen, t->items, 0, 0, &e),
		    0, "cannot count", &e);
	t->rows = t->items = 0;
}

static void
tally(struct engine *g, struct engine_tally *t, const struct engine_brief *r)
{
	if (t->rows > 0 && (t->seen / CLOCK_HOUR != r->seen / CLOCK_HOUR ||
			       strcmp(t->tenant, r->tenant) != 0))
		engine_tally_write(g, t);
	memcpy(t->tenant, r->tenant, sizeof(t->tenant));
	t->seen = r->seen;
	t->items += r->n == 1;
	t->rows++;
}

bool
engine_judge_clean(struct engine *g, const struct engine_brief *r,
    const struct msg_inspected_item *j, const char *policy, struct engine_tally *t)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;
	int rc;

	/* An edited post may no longer show what it was held for. */
	if (r->n != 1 || j->n > 0 || j->nretry > 0 || j->nquestions > 0 ||
	    j->degraded != NULL || r->seen < 0 || r->skips)
		return false;
	/* Nor is one settled by halves that somebody has pointed at. */
	if (r->reported || engine_report_is_open(g, r->revision))
		return false;
	if (policy != NULL && strcmp(r->policy, policy) == 0)
		rc = store_revision_clean(g->store, &at, r->revision, &e);
	else
		rc = store_revision_judged(g->store, &at, r->revision, INSPECT_DONE,
		    r->attempts, policy, NULL, &e);
	engine_must(rc, 0, "cannot keep a judgement", &e);
	engine_retry_done(g, &at, r->revision);
	tally(g, t, r);
	g->items_judged++;
	return true;
}

/* All have answered. */
static void
keep_judged(struct engine *g, const struct store_revision *r, const char *policy)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	engine_must(store_revision_judged(g->store, &at, r->id, INSPECT_DONE,
			r->attempts, policy, NULL, &e),
	    0, "cannot keep a judgement", &e);
	engine_must(store_exposure_count(
			g->store, &at, r->tenant, r->seen, r->n == 1, 0, 0, &e),
	    0, "cannot count", &e);
	engine_retry_done(g, &at, r->id);
	g->items_judged++;
}

bool
engine_judge_item(struct engine *g, const struct msg_inspected_item *j,
    const char *policy, int64_t now)
{
	struct store_revision r;
	struct store_at at;
	struct err e = ERR_INIT;
	enum policy_lane *would;
	bool counted, violated, waits, judged;
	char *given_up, *degraded;

	if (engine_must(store_revision_get(g->store, (int64_t)j->revision, &r, &e),
		TOSD_ENOENT, "cannot read a revision", &e) != 0)
		return false;
	/* What a finding says would bring back what was erased. */
	if (item_is_nothing(&r.body)) {
		engine_judge_gone(g, &r, ENGINE_GONE, now);
		store_revision_clear(&r);
		return false;
	}
	if (r.state != INSPECT_PENDING) {
		if (engine_report_is_open(g, r.id))
			second_look(g, &r, j, policy, now);
		store_revision_clear(&r);
		return false;
	}
	at = engine_at(g, r.tenant);
	would = xcalloc(j->n + 1, sizeof(*would));
	/* In parts, where a plugin was waited for: a post counts once. */
	counted = g->retries > 0 && engine_judge_counted(g, &r);
	violated = judge_findings(g, &r, j, would, now) && !counted;
	keep_scores(g, &at, j);
	waits = engine_retry_take(g, &r, j, &given_up, now);
	degraded = both(j->degraded, given_up);
	if (r.n > 1 && degraded == NULL && !waits && newest_of(g, &r) == r.id) {
		struct edited x = {g, &r, j, would, now};

		engine_walk(store_violation_each(
		    g->store, VIOLATION_OF_ITEM, r.item, 0, mend_one, &x));
	}
	if (degraded != NULL && !waits) {
		engine_judge_degraded(g, r.id, degraded, now);
	} else if (!waits) {
		keep_judged(g, &r, policy);
		engine_report_settle(g, &r, count_reviews(j), NULL, policy, now);
	}
	if (violated)
		engine_must(
		    store_exposure_count(g->store, &at, r.tenant, r.seen, 0, 1, 0, &e),
		    0, "cannot count", &e);
	judged = degraded == NULL && !waits;
	free(degraded);
	free(would);
	store_revision_clear(&r);
	return judged;
}
