/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_query: what tosctl shows.  Each answer is one array of flat objects, so
 * that the tool can print it as a table or as JSON lines.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_cover.h"
#include "engine/engine_json.h"
#include "engine/engine_life.h"

static const char *
tenant_id(const struct engine *g, const char *key)
{
	const struct conf_tenant *t = conf_tenant_by_key(g->conf, key);

	return t != NULL ? t->id : key;
}

/* The rows of an answer; `only` is a tenant's key, or NULL for all. */
struct rows {
	struct engine *g;
	json_t *list;
	const char *only;
	int64_t now;
	struct engine_score *score; /* of feeds */
};

static struct rows
rows_begin(struct engine_call *k)
{
	const char *id = json_string_value(json_object_get(k->request, "tenant"));
	const struct conf_tenant *t =
	    id != NULL ? conf_tenant_by_id(k->g->conf, id) : NULL;
	struct rows r = {k->g, json_array(), t != NULL ? t->key : id, k->now, NULL};

	json_object_set_new(k->reply, "rows", r.list);
	return r;
}

static bool
wanted(const struct rows *r, const char *key)
{
	return r->only == NULL || strcmp(r->only, key) == 0;
}

static int
is_one(void *ctx, const struct store_feed *f)
{
	(void)f;
	*(bool *)ctx = true;
	return 0;
}

/* Who left the configuration is known by key, as long as the store has feeds of it. */
int
engine_query_known(struct engine_call *k, int rc, struct err *e)
{
	const char *id = json_get_text(k->request, "tenant");
	bool known = id == NULL || conf_tenant_by_id(k->g->conf, id) != NULL ||
		     conf_tenant_by_key(k->g->conf, id) != NULL ||
		     json_array_size(json_object_get(k->reply, "rows")) > 0;

	if (rc != 0 || known)
		return rc;
	engine_walk(store_feed_each(k->g->store, id, is_one, &known));
	return known ? 0 : err_set(e, TOSD_ENOENT, "there is no tenant `%s'", id);
}

int
engine_query_status(struct engine_call *k, struct err *e)
{
	json_t *row = engine_stats(k->g, k->now);

	(void)e;
	/* `policy stats' has these. */
	json_object_del(row, "rules");
	json_object_del(row, "plugins");
	json_object_del(row, "serving"); /* `plugin status' */
	json_object_del(row, "lists");	 /* `lists status' */
	json_set_time(row, "started", k->g->started);
	json_set_text(row, "configuration", k->g->conf->digest);
	if (k->g->refused_why != NULL) {
		json_set_time(row, "refused_since", k->g->refused);
		json_set_text(row, "refused_why", k->g->refused_why);
	}
	if (k->g->changed != 0)
		json_set_time(row, "changed_since", k->g->changed);
	json_object_set_new(
	    row, "tenants", json_integer((json_int_t)k->g->conf->ntenants));
	json_object_set_new(
	    row, "polls_in_hand", json_integer((json_int_t)k->g->npolls));
	json_object_set_new(row, "courier_up", json_boolean(k->g->courier_up));
	json_object_set_new(k->reply, "rows", json_pack("[o]", row));
	return 0;
}

/* --- tenants and feeds --- */

/* The share alone for a table, and all of it under `observed'. */
static void
set_score(json_t *o, json_t *score)
{
	json_t *share = json_object_get(score, "share");

	if (share != NULL)
		json_object_set(o, "readable", share);
	json_object_set_new(o, "observed", score);
}

struct seen {
	uint64_t items, violations, degraded;
};

static int
sum_exposure(void *ctx, const struct store_exposure *x)
{
	struct seen *s = ctx;

	s->items += x->items;
	s->violations += x->violations;
	s->degraded += x->degraded;
	return 0;
}

static json_t *
tenant_row(struct engine_call *k, const struct conf_tenant *t)
{
	struct seen s = {0};
	struct measure_rate rate;
	struct store_case c;
	struct err e = ERR_INIT;
	json_t *o = json_object();

	engine_walk(
	    store_exposure_each(k->g->store, t->key, 0, INT64_MAX, sum_exposure, &s));
	measure_rate(s.items, s.violations, k->g->conf->ladder.min_exposure, &rate);
	json_set_text(o, "id", t->id);
	json_set_text(o, "name", t->name);
	json_set_text(o, "key", t->key);
	json_object_set_new(o, "feeds", json_integer((json_int_t)t->nfeeds));
	json_object_set_new(o, "items", json_integer((json_int_t)s.items));
	json_object_set_new(o, "violations", json_integer((json_int_t)s.violations));
	json_object_set_new(o, "degraded", json_integer((json_int_t)s.degraded));
	set_score(o, engine_score(k->g, t->key, k->now));
	if (rate.enough)
		json_object_set_new(o, "per_1000",
		    json_pack("[f, f, f]", rate.low, rate.per_1000, rate.high));
	if (store_case_active(k->g->store, t->key, &c, &e) == 0) {
		json_set_text(o, "case", c.number);
		json_object_set_new(
		    o, "stage", json_integer(engine_case_stage(k->g, &c)));
		json_set_text(o, "phase", case_phase_name(c.phase));
		json_set_time(o, "deadline", c.deadline);
	}
	return o;
}

int
engine_query_tenants(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);

	for (size_t i = 0; i < k->g->conf->ntenants; i++)
		if (wanted(&r, k->g->conf->tenants[i].key))
			json_array_append_new(
			    r.list, tenant_row(k, &k->g->conf->tenants[i]));
	return engine_query_known(k, 0, e);
}

/* One word each, so that a script can tell them apart. */
static const char *
feed_state(const struct store_feed *f)
{
	if (f->state_since == CLOCK_NONE) /* only faults of ours so far */
		return polled_name(f->outcome);
	return polled_name(f->state);
}

/* What the schedule is made from; nothing where there is nothing. */
static void
feed_numbers(json_t *o, const struct store_feed *f)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
	    {"failures", f->failures},
	    {"hint_ms", f->hint},
	    {"ttl_ms", f->ttl},
	    {"retry_after_ms", f->retry_after},
	    {"skip_hours", f->skip_hours},
	    {"skip_days", f->skip_days},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].value != 0)
			json_object_set_new(o, numbers[i].name,
			    json_integer((json_int_t)numbers[i].value));
	if (f->rate_at != CLOCK_NONE)
		json_object_set_new(o, "weekly", json_real(f->rate));
}

static void
feed_moved(json_t *o, const struct store_feed *f)
{
	static const char *const names[] = {
	    [MOVED_SEEN] = "seen",
	    [MOVED_KEPT] = "kept",
	    [MOVED_FAILED] = "failed",
	};

	if (f->moved == NULL)
		return;
	json_set_text(o, "moved_to", f->moved);
	json_set_text(
	    o, "moved", f->moved_state <= MOVED_FAILED ? names[f->moved_state] : "?");
	json_set_time(o, "moved_since", f->moved_since);
	json_object_set_new(o, "moved_polls", json_integer(f->moved_polls));
}

static const char *const errand_names[ERRAND_COUNT] = {
    [ERRAND_OLDER] = "walks",
    [ERRAND_FILL] = "history_to_read",
    [ERRAND_MORE] = "documents",
    [ERRAND_PAGE] = "pages_to_read",
    [ERRAND_CONFIRM] = "pages_to_ask",
    [ERRAND_AGAIN] = "seeming_missing",
    [ERRAND_SECOND] = "looks",
};

/* What is known of the coverage of a feed. */
static void
set_coverage(struct engine *g, json_t *o, const struct store_feed *f)
{
	struct store_coverage c;

	engine_cover_get(g, f, &c);
	json_object_set_new(o, "readings", json_integer((json_int_t)c.readings));
	json_object_set_new(o, "gaps_lost", json_integer((json_int_t)c.lost));
	json_object_set_new(o, "shared_ids", json_integer((json_int_t)c.shared));
	json_object_set_new(o, "compared", json_integer((json_int_t)c.seconds));
	json_set_time(o, "cloaked", c.cloaked);
	json_set_time(o, "stale_validators", c.stale);
	json_set_text(o, "refused", engine_compare_refused(g, f->id));
	store_coverage_clear(&c);
	for (int i = 0; i < ERRAND_COUNT; i++) {
		int64_t n =
		    store_errand_count(g->store, f->id, (enum store_errand_kind)i);

		if (n > 0 && i != ERRAND_SECOND && i != ERRAND_MORE)
			json_object_set_new(
			    o, errand_names[i], json_integer((json_int_t)n));
	}
	json_object_set_new(o, "missing",
	    json_integer(
		(json_int_t)store_sighting_count(g->store, f->id, SIGHT_MISSING)));
	json_object_set_new(o, "removed",
	    json_integer(
		(json_int_t)store_sighting_count(g->store, f->id, SIGHT_REMOVED)));
}

static int
feed_row(void *ctx, const struct store_feed *f)
{
	struct rows *r = ctx;
	char *push;
	json_t *o;

	if (!wanted(r, f->tenant))
		return 0;
	o = json_pack("{s:I, s:s, s:s, s:b, s:s, s:i, s:I}", "id", (json_int_t)f->id,
	    "tenant", tenant_id(r->g, f->tenant), "url", f->url, "active", f->active,
	    "outcome", f->polls > 0 ? polled_name(f->outcome) : "not polled yet",
	    "status", f->status, "polls", (json_int_t)f->polls);
	json_set_text(o, "format", f->format);
	json_set_text(o, "title", f->title);
	json_set_text(o, "why", f->why);
	json_set_text(o, "state", f->polls > 0 ? feed_state(f) : "new");
	json_set_time(o, "since", f->state_since);
	json_set_text(o, "unobservable", f->silence);
	json_set_time(o, "unobservable_since", f->silence_since);
	json_set_text(o, "planned", f->planned);
	feed_numbers(o, f);
	feed_moved(o, f);
	push = engine_stream_text(r->g, f->id);
	json_set_text(o, "push", push);
	free(push);
	json_set_time(o, "last_poll", f->last_poll);
	json_set_time(o, "last_ok", f->last_ok);
	json_set_time(o, "next_poll", f->next_poll);
	json_set_time(o, "down_since", f->down_since);
	set_coverage(r->g, o, f);
	set_score(o, engine_score_feed(r->score, f->id));
	json_array_append_new(r->list, o);
	return 0;
}

int
engine_query_feeds(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);
	int rc;

	r.score = engine_score_new(k->g, r.only, k->now);
	rc = store_feed_each(k->g->store, NULL, feed_row, &r);
	engine_score_free(&r.score);
	return engine_query_known(k, rc, e);
}

/* --- posts that are not simply visible --- */

static int
sighting_row(void *ctx, const struct store_sighting *x)
{
	struct rows *r = ctx;
	struct store_item item;
	struct err e = ERR_INIT;
	json_t *o;

	if (!wanted(r, x->tenant))
		return 0;
	engine_must(store_item_get(r->g->store, x->id, &item, &e), 0,
	    "cannot read an item", &e);
	o = json_pack("{s:I, s:s, s:I, s:s, s:s, s:i, s:I}", "item", (json_int_t)x->id,
	    "tenant", tenant_id(r->g, x->tenant), "feed", (json_int_t)x->feed, "guid",
	    item.guid, "state", engine_sight_name(x->state), "revisions",
	    (int)item.revisions, "entry", (json_int_t)x->entry);
	json_set_text(o, "url", item.url);
	json_set_text(o, "how", x->how);
	json_set_time(o, "first_seen", item.first_seen);
	json_set_time(o, "since", x->since);
	json_set_time(o, "gone", x->gone);
	json_array_append_new(r->list, o);
	store_item_clear(&item);
	return 0;
}

int
engine_query_sightings(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);
	int rc = store_sighting_each(k->g->store, r.only, sighting_row, &r);

	return engine_query_known(k, rc, e);
}

/* --- violations, cases, notices --- */

static const char *const presences[] = {
    [PRESENT_ONLINE] = "online",
    [PRESENT_REMOVED] = "removed",
    [PRESENT_EDITED] = "edited",
    [PRESENT_UNKNOWN] = "unknown",
};

/* The score of all plugins together, to rank by. */
static void
set_fused(struct engine *g, json_t *o, const struct store_violation *v)
{
	char *scores = store_revision_scores(g->store, v->revision);
	double fused = engine_scores_get(scores, v->finding.category);

	if (fused >= 0)
		json_object_set_new(o, "fused", json_real(fused));
	free(scores);
}

static int
violation_row(void *ctx, const struct store_violation *v)
{
	struct rows *r = ctx;
	struct store_case c = {0};
	struct err e = ERR_INIT;
	json_t *o;

	if (!wanted(r, v->tenant))
		return 0;
	store_case_get(r->g->store, v->case_id, &c, &e);
	o = json_pack("{s:I, s:s, s:s, s:i, s:s, s:I, s:s, s:s, s:f, s:s}", "id",
	    (json_int_t)v->id, "tenant", tenant_id(r->g, v->tenant), "case", c.number,
	    "exhibit", (int)v->exhibit, "rule", v->finding.rule, "rev",
	    (json_int_t)v->finding.rev, "clause", v->finding.clause, "severity",
	    finding_severity_name(v->finding.severity), "score", v->finding.score,
	    "presence", presences[v->presence]);
	json_set_text(o, "url", v->url);
	json_set_text(o, "quote", v->quote);
	json_set_time(o, "posted", v->posted);
	json_set_time(o, "found", v->found);
	json_set_time(o, "reported", v->reported);
	json_set_time(o, "ended", v->ended);
	json_set_time(o, "last_check", v->last_check);
	json_object_set_new(o, "notice", json_integer(v->notice));
	set_fused(r->g, o, v);
	if (v->withdrawn != WITHDRAWN_NO)
		json_set_text(o, "withdrawn",
		    v->withdrawn == WITHDRAWN_RULE ? "its rule" : "a person");
	json_object_set_new(o, "item", json_integer((json_int_t)v->item));
	json_object_set_new(o, "entry", json_integer((json_int_t)v->entry));
	json_array_append_new(r->list, o);
	return 0;
}

int
engine_query_violations(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);
	int rc =
	    store_violation_each(k->g->store, VIOLATION_ALL, 0, 0, violation_row, &r);

	return engine_query_known(k, rc, e);
}

static int
case_row(void *ctx, const struct store_case *c)
{
	struct rows *r = ctx;
	const struct conf_ladder *l = &r->g->conf->ladder;
	int64_t withdrawn, severity;
	int stage = engine_case_stage(r->g, c);
	json_t *o;

	if (!wanted(r, c->tenant))
		return 0;
	withdrawn = store_violation_withdrawn(r->g->store, c->id);
	severity = store_violation_gravest(r->g->store, c->id);
	o = json_pack("{s:s, s:s, s:i, s:s, s:s, s:i, s:I, s:I}", "case", c->number,
	    "tenant", tenant_id(r->g, c->tenant), "stage", stage, "stage_name",
	    stage >= 1 ? l->stages[stage - 1].name : "-", "phase",
	    case_phase_name(c->phase), "notices", (int)c->notices, "exhibits",
	    (json_int_t)c->exhibits - withdrawn, "withdrawn", (json_int_t)withdrawn);
	json_set_text(o, "severity",
	    finding_severity_name(severity > 0 ? (int)severity : c->severity));
	json_set_time(o, "opened", c->opened);
	json_set_time(o, "closed", c->closed);
	json_set_time(o, "deadline", c->deadline);
	json_array_append_new(r->list, o);
	return 0;
}

int
engine_query_cases(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);
	int rc = store_case_each(k->g->store, CASE_BY_ALL, 0, case_row, &r);

	return engine_query_known(k, rc, e);
}

static int
notice_row(void *ctx, const struct store_notice *n)
{
	struct rows *r = ctx;
	struct store_case c = {0};
	struct err e = ERR_INIT;
	json_t *o;

	if (!wanted(r, n->tenant))
		return 0;
	if (n->case_id != 0)
		store_case_get(r->g->store, n->case_id, &c, &e);
	o = json_pack("{s:I, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:I}", "id",
	    (json_int_t)n->id, "tenant", tenant_id(r->g, n->tenant), "case",
	    c.number[0] ? c.number : "-", "n", (int)n->n, "kind", n->kind, "audience",
	    n->audience, "subject", n->subject, "file", n->file, "sha256", n->sha256,
	    "entry", (json_int_t)n->entry);
	json_set_time(o, "made", n->made);
	json_set_time(o, "delivered", n->delivered);
	json_array_append_new(r->list, o);
	return 0;
}

int
engine_query_notices(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);
	int rc = store_notice_each(k->g->store, -1, notice_row, &r);

	return engine_query_known(k, rc, e);
}

static int
decision_row(void *ctx, const struct store_decision *d)
{
	json_t *list = ctx;
	json_t *o = json_pack("{s:s, s:s, s:s, s:I}", "person", d->person, "verdict",
	    d->verdict, "reason", d->reason, "entry", (json_int_t)d->entry);

	json_set_time(o, "time", d->time);
	json_array_append_new(list, o);
	return 0;
}

struct of_case {
	struct rows rows;
	int64_t id;
};

static int
violation_of_case(void *ctx, const struct store_violation *v)
{
	struct of_case *x = ctx;

	return violation_row(&x->rows, v);
}

int
engine_query_case(struct engine_call *k, struct err *e)
{
	struct rows r = {k->g, json_array(), NULL, k->now};
	struct of_case x = {{k->g, json_array(), NULL, k->now}, 0};
	struct rows n = {k->g, json_array(), NULL, k->now};
	json_t *decisions = json_array(), *row;
	struct case_facts f;
	struct store_case c;
	int rc = engine_case_named(k, &c, e);

	if (rc == 0) {
		case_row(&r, &c);
		row = json_array_get(r.list, 0);
		engine_walk(store_violation_each(
		    k->g->store, VIOLATION_OF_CASE, c.id, 0, violation_of_case, &x));
		engine_walk(store_notice_each(k->g->store, c.id, notice_row, &n));
		engine_walk(
		    store_decision_each(k->g->store, c.id, decision_row, decisions));
		engine_case_facts(k->g, &c, k->now, &f);
		json_object_set(row, "exhibits_list", x.rows.list);
		json_object_set(row, "notices_list", n.list);
		json_object_set(row, "decisions", decisions);
		json_object_set_new(row, "facts",
		    json_pack("{s:i, s:i, s:i, s:i, s:i, s:b}", "reported",
			(int)f.reported, "removed", (int)f.removed, "online",
			(int)f.online, "unknown", (int)f.unknown, "unreported",
			(int)f.unreported, "process_met",
			case_process_met(&k->g->ladder, &f)));
		json_object_set(k->reply, "rows", r.list);
	}
	json_decref(r.list);
	json_decref(x.rows.list);
	json_decref(n.list);
	json_decref(decisions);
	return rc;
}

static int
outbox_row(void *ctx, const struct store_outbox *x)
{
	static const char *const states[] = {
	    "new", "sending", "sent", "failed", "unknown"};
	struct rows *r = ctx;
	json_t *o;

	if (!wanted(r, x->tenant))
		return 0;
	o = json_pack("{s:I, s:I, s:s, s:s, s:s, s:i, s:i}", "id", (json_int_t)x->id,
	    "notice", (json_int_t)x->notice, "tenant", tenant_id(r->g, x->tenant),
	    "recipient", x->recipient, "state", states[x->state], "attempts",
	    (int)x->attempts, "code", x->code);
	json_set_text(o, "reply", x->reply);
	json_set_time(o, "time", x->time);
	json_array_append_new(r->list, o);
	return 0;
}

static int
outbox_of(void *ctx, const struct store_notice *n)
{
	struct rows *r = ctx;

	return store_outbox_of_notice(r->g->store, n->id, outbox_row, r);
}

int
engine_query_outbox(struct engine_call *k, struct err *e)
{
	struct rows r = rows_begin(k);
	int rc = store_notice_each(k->g->store, -1, outbox_of, &r);

	return engine_query_known(k, rc, e);
}
