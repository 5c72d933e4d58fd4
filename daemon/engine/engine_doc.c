/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_doc: the one document that a notice is made of.  Facts only, taken from
 * the store; the words are the templates'.  The tenant's name is looked up here,
 * after everything is decided: what decides knows an opaque key only.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_in.h"
#include "engine/engine_trend.h"
#include "store/store_rule.h"

/* The numbers of a notice look back so far. */
#define WINDOW_DAYS 56

static void
set_time(json_t *o, const char *key, int64_t ms)
{
	char t[CLOCK_TEXT];

	if (ms != CLOCK_NONE)
		json_object_set_new(
		    o, key, json_string(clock_format(ms - ms % 1000, t)));
}

static void
set_text(json_t *o, const char *key, const char *s)
{
	if (s != NULL && s[0] != '\0')
		json_object_set_new(o, key, json_string(s));
}

static json_t *
provider_json(const struct conf_provider *p)
{
	json_t *o = json_object();

	set_text(o, "name", p->name);
	set_text(o, "mailbox", p->mailbox);
	set_text(o, "phone", p->phone);
	set_text(o, "aup_url", p->aup_url != NULL ? p->aup_url : "(not published)");
	set_text(o, "aup_version", p->aup_version);
	return o;
}

static json_t *
tenant_json(const struct conf_tenant *t, const char *key)
{
	json_t *o = json_object();

	set_text(o, "id", t != NULL ? t->id : key);
	set_text(o, "name", t != NULL ? t->name : key);
	set_text(o, "contact", t != NULL ? t->contact : "(no longer configured)");
	set_text(o, "contract", t != NULL ? t->contract : NULL);
	set_text(o, "key", key);
	return o;
}

/* --- items and rules --- */

static const char *const presence_words[] = {
    [PRESENT_ONLINE] = "online",
    [PRESENT_REMOVED] = "removed",
    [PRESENT_EDITED] = "edited",
    [PRESENT_UNKNOWN] = "unknown",
};

struct listing {
	struct engine *g;
	uint32_t
	    notice; /* exhibits cited first by this notice, and what is still there */
	json_t *items, *rules;
	unsigned more, repeats;
	int64_t now;
};

static void
add_rule(struct listing *l, const struct finding *f)
{
	json_t *r;
	size_t i;

	json_array_foreach(l->rules, i,
	    r) if (strcmp(json_string_value(json_object_get(r, "rule")), f->rule) ==
		       0 &&
		   json_integer_value(json_object_get(r, "rev")) == f->rev) return;
	json_array_append_new(
	    l->rules, json_pack("{s:s, s:s, s:I, s:s, s:s}", "clause", f->clause,
			  "rule", f->rule, "rev", (json_int_t)f->rev, "pack", f->pack,
			  "reason", f->reason != NULL ? f->reason : f->category));
}

static const char *
address_of(const struct store_violation *v)
{
	return v->url != NULL && v->url[0] != '\0' ? v->url : "(no address of its own)";
}

static json_t *
item_json(struct listing *l, const struct store_violation *v)
{
	const struct finding *f = &v->finding;
	struct store_revision r;
	struct buf url = {0};
	char span[CLOCK_TEXT];
	struct err e = ERR_INIT;
	json_t *o;

	engine_must(store_revision_get(l->g->store, v->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	notice_defang(&url, address_of(v));
	o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "n", (int)v->exhibit,
	    "url", url.data, "clause", f->clause, "category", f->category, "rule",
	    f->rule, "rev", (json_int_t)f->rev, "severity",
	    finding_severity_name(f->severity), "state", presence_words[v->presence]);
	set_text(o, "quote", v->quote);
	set_time(o, "posted", v->posted);
	set_time(o, "captured", r.seen);
	set_time(o, "checked", v->last_check);
	json_object_set_new(
	    o, "commit", json_string(r.commit != NULL ? r.commit : "none"));
	json_object_set_new(o, "entry", json_integer(r.entry));
	set_text(o, "file", r.file);
	if (v->reported != CLOCK_NONE && v->presence == PRESENT_ONLINE)
		set_text(o, "online_for", clock_span(l->now - v->reported, span));
	buf_free(&url);
	store_revision_clear(&r);
	return o;
}

static int
list_item(void *ctx, const struct store_violation *v)
{
	struct listing *l = ctx;
	bool there = v->presence == PRESENT_ONLINE || v->presence == PRESENT_UNKNOWN;

	if (v->finding.rev == 0 || (!there && v->notice != l->notice) ||
	    v->withdrawn != WITHDRAWN_NO)
		return 0;
	add_rule(l, &v->finding);
	if (json_array_size(l->items) >= l->g->conf->ladder.max_exhibits)
		l->more++;
	else
		json_array_append_new(l->items, item_json(l, v));
	return 0;
}

/* --- numbers --- */

/* Violations of one case, to see which posts came again. */
struct again {
	struct seen_post {
		int64_t item, id;
		bool ended;
	} * v;
	size_t n;
};

static int
add_post(void *ctx, const struct store_violation *v)
{
	struct again *a = ctx;

	a->v = xrealloc(a->v, (a->n + 1) * sizeof(*a->v));
	a->v[a->n++] = (struct seen_post){v->item, v->id, v->ended != CLOCK_NONE};
	return 0;
}

static int
post_cmp(const void *a, const void *b)
{
	const struct seen_post *x = a, *y = b;

	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* How often a post broke a rule again after it had been removed or mended.  A plain
 * count: measure_recurrence() is a share of what was watched for a whole window, which
 * is too late for a notice that goes out days after the first find. */
static int
count_again(struct engine *g, const struct store_case *c)
{
	struct again a = {0};
	int n = 0;

	engine_walk(
	    store_violation_each(g->store, VIOLATION_OF_CASE, c->id, 0, add_post, &a));
	if (a.n > 0)
		qsort(a.v, a.n, sizeof(*a.v), post_cmp);
	for (size_t i = 1; i < a.n; i++)
		n += a.v[i].item == a.v[i - 1].item && a.v[i - 1].ended;
	free(a.v);
	return n;
}

static json_t *
decimal(double v, int digits)
{
	char text[32];

	snprintf(text, sizeof(text), "%.*f", digits, v);
	return json_string(text);
}

/* In what share of the time its feeds could be read, our own outages left out. */
static void
put_readable(struct engine *g, const struct store_case *c, int64_t now, json_t *numbers)
{
	json_t *score = engine_score(g, c->tenant, now);
	const json_t *share = json_object_get(score, "share");

	if (share != NULL)
		json_object_set_new(
		    numbers, "readable", decimal(100 * json_real_value(share), 1));
	json_decref(score);
}

static json_t *
numbers_json(struct engine *g, const struct store_case *c, const struct case_facts *f,
    int64_t now)
{
	struct engine_trend s;
	struct measure_rate rate;
	char span[CLOCK_TEXT];
	json_t *o;

	engine_trend(g, c->tenant, now - WINDOW_DAYS * CLOCK_DAY, now + CLOCK_HOUR, &s);
	measure_rate(s.items, s.violations, g->conf->ladder.min_exposure, &rate);
	o = json_pack("{s:i, s:I, s:I, s:i, s:i, s:i, s:i, s:s}", "window_days",
	    WINDOW_DAYS, "seen", (json_int_t)s.items, "violations",
	    (json_int_t)s.violations, "reported", (int)f->reported, "removed",
	    (int)f->removed, "online", (int)(f->online + f->unknown), "repeats",
	    count_again(g, c), "verdict", trend_verdict_name(s.trend.verdict));
	if (s.left_out > 0)
		json_object_set_new(o, "left_out", json_integer(s.left_out));
	if (rate.enough) {
		json_object_set_new(o, "rate", decimal(rate.per_1000, 1));
		json_object_set_new(o, "rate_low", decimal(rate.low, 1));
		json_object_set_new(o, "rate_high", decimal(rate.high, 1));
	}
	/* Of all that was reported, as the ladder counts: measure_process() leaves out
	 * what could not be looked at, which would flatter who hides. */
	if (f->reported > 0)
		json_object_set_new(
		    o, "removal_rate", decimal(100.0 * f->removed / f->reported, 0));
	if (f->median_takedown != CLOCK_NONE)
		set_text(o, "median_takedown", clock_span(f->median_takedown, span));
	put_readable(g, c, now, o);
	return o;
}

static json_t *
process_json(const struct engine *g, const struct case_facts *f)
{
	const struct ladder *l = &g->ladder;
	char agreed[CLOCK_TEXT];
	json_t *o = json_object();
	bool met = case_process_met(l, f);

	if (f->reported == 0)
		return o;
	json_object_set_new(o, "met", json_boolean(met));
	json_object_set_new(o, "threshold", decimal(100 * l->removal_rate, 0));
	json_object_set_new(o, "text",
	    json_sprintf(
		"%u of %u reported posts were removed; "
		"laid down in advance are %.0f %% and a median of at most %s: %s.",
		f->removed, f->reported, 100 * l->removal_rate,
		clock_span(l->time_to_takedown, agreed), met ? "met" : "not met"));
	return o;
}

/* --- the rest --- */

static int
list_earlier(void *ctx, const struct store_notice *n)
{
	struct {
		struct engine *g;
		json_t *list;
		uint32_t below;
	} *x = ctx;
	json_t *o;

	if (n->n >= x->below || strcmp(n->audience, "tenant") != 0)
		return 0;
	o = json_pack("{s:i, s:s}", "notice", (int)n->n, "stage",
	    n->stage >= 1 && n->stage <= (int)x->g->conf->ladder.nstages
		? x->g->conf->ladder.stages[n->stage - 1].name
		: n->kind);
	set_time(o, "date", n->made);
	set_time(o, "delivered", n->delivered);
	json_array_append_new(x->list, o);
	return 0;
}

static json_t *
words(const char *const *v, int n)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, json_string(v[i]));
	return a;
}

static json_t *
evidence_json(struct engine *g)
{
	uint8_t root[DIGEST_LEN];
	char hex[DIGEST_HEX];
	char *vkey = ledger_key_vkey(g->key);
	json_t *o;

	ledger_root(g->ledger, root);
	o = json_pack("{s:s, s:I, s:s, s:s}", "origin", g->conf->ledger.origin, "size",
	    (json_int_t)ledger_size(g->ledger), "root",
	    digest_hex(root, sizeof(root), hex), "vkey", vkey);
	free(vkey);
	return o;
}

static void
stage_names(const struct engine *g, const struct store_case *c, json_t *doc)
{
	const struct conf_ladder *l = &g->conf->ladder;
	int stage = engine_case_stage(g, c);

	if (stage >= 1)
		set_text(doc, "stage", l->stages[stage - 1].name);
	if (stage < (int)l->nstages)
		set_text(doc, "next_stage", l->stages[stage].name);
	else
		set_text(doc, "next_stage",
		    "a review by our staff, which may recommend to suspend the "
		    "service");
	json_object_set_new(doc, "step", json_integer(stage));
	json_object_set_new(doc, "of", json_integer((json_int_t)l->nstages));
}

static void
put_deadline(
    const struct engine *g, const struct store_case *c, int64_t now, json_t *doc)
{
	char span[CLOCK_TEXT];
	int64_t t;
	json_t *o;

	if (c->stage < 1)
		return;
	o = json_object();
	t = engine_case_told(g, c);
	set_time(o, "utc", now + t);
	set_text(o, "span", clock_span(t, span));
	json_object_set_new(doc, "deadline", o);
}

static void
put_case(struct engine *g, const struct engine_doc_in *in, int64_t now, json_t *doc)
{
	struct {
		struct engine *g;
		json_t *list;
		uint32_t below;
	} earlier = {g, json_array(), in->n};
	struct listing l = {.g = g, .notice = in->n, .now = now};
	struct case_facts f;

	l.items = json_array();
	l.rules = json_array();
	engine_case_facts(g, in->c, now, &f);
	engine_walk(store_violation_each(
	    g->store, VIOLATION_OF_CASE, in->c->id, 0, list_item, &l));
	engine_walk(store_notice_each(g->store, in->c->id, list_earlier, &earlier));
	set_text(doc, "case", in->c->number);
	/* A recommendation and a closing are no notices of the ladder: they say how
	 * many went before. */
	json_object_set_new(doc, "notice",
	    json_integer(strcmp(in->kind, "stage") == 0 ? in->n : in->n - 1));
	stage_names(g, in->c, doc);
	if (strcmp(in->kind, "stage") == 0)
		put_deadline(g, in->c, now, doc);
	json_object_set_new(doc, "items", l.items);
	json_object_set_new(doc, "rules", l.rules);
	json_object_set_new(doc, "more_items", json_integer(l.more));
	json_object_set_new(doc, "numbers", numbers_json(g, in->c, &f, now));
	json_object_set_new(doc, "process", process_json(g, &f));
	json_object_set_new(doc, "earlier", earlier.list);
	if (in->step != NULL) {
		json_object_set_new(
		    doc, "reasons", words(in->step->reasons, in->step->nreasons));
		json_object_set_new(
		    doc, "against", words(in->step->against, in->step->nagainst));
	}
}

static void
put_safety(struct engine *g, const struct engine_doc_in *in, json_t *doc)
{
	const struct store_violation *v = in->safety;
	struct store_case c;
	struct err e = ERR_INIT;
	struct buf url = {0};
	json_t *o = json_object();

	notice_defang(&url, address_of(v));
	set_text(o, "url", url.data);
	buf_free(&url);
	set_text(o, "quote", v->quote);
	set_time(o, "posted", v->posted);
	set_time(o, "captured", v->since);
	json_object_set_new(o, "author_known", json_false());
	if (store_case_active(g->store, v->tenant, &c, &e) == 0 && c.stage >= 1)
		set_text(o, "tenant_stage",
		    g->conf->ladder.stages[engine_case_stage(g, &c) - 1].name);
	json_object_set_new(doc, "safety", o);
	json_object_set_new(doc, "rules",
	    json_pack("[{s:s, s:s, s:I, s:s, s:s}]", "clause", v->finding.clause,
		"rule", v->finding.rule, "rev", (json_int_t)v->finding.rev, "pack",
		v->finding.pack, "reason",
		v->finding.reason != NULL ? v->finding.reason : v->finding.category));
}

json_t *
engine_doc(struct engine *g, const struct engine_doc_in *in, int64_t now)
{
	const char *key = in->c != NULL ? in->c->tenant : in->safety->tenant;
	json_t *doc = json_object();

	set_text(doc, "audience", notice_audience_name(in->audience));
	set_text(doc, "kind", in->kind);
	set_time(doc, "date", now);
	set_text(doc, "language",
	    in->tenant != NULL && in->tenant->language != NULL ? in->tenant->language
							       : "en");
	json_object_set_new(doc, "provider", provider_json(&g->conf->provider));
	json_object_set_new(doc, "tenant", tenant_json(in->tenant, key));
	json_object_set_new(doc, "evidence", evidence_json(g));
	set_text(doc, "policy_version", g->policy[0] ? g->policy : "none");
	json_object_set_new(doc, "automated_detection", json_true());
	if (in->c != NULL)
		put_case(g, in, now, doc);
	if (in->safety != NULL)
		put_safety(g, in, doc);
	return doc;
}
