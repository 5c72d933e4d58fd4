/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_review: findings of models, which are for people alone (MODE_REVIEW): on
 * record when they are made, with the answers that they rest on; and `tosctl reviews',
 * which shows them beside those of canaries until a person has spoken (engine_label.c).
 * Who does not name a tenant is not told whose post it is: people judge blind.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/engine_json.h"
#include "engine/engine_life.h"
#include "store/store_ask.h"

#define QUOTE_CHARS 240
#define SHOWN_MAX 1000

static int
add_entry(void *ctx, const struct store_ask *a)
{
	if (a->state == ASK_ANSWERED && a->entry >= 0)
		json_array_append_new(ctx, json_integer((json_int_t)a->entry));
	return 0;
}

void
engine_review_record(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now)
{
	json_t *spans = json_array(), *answers = json_array();
	int64_t seq;

	for (size_t i = 0; i < f->nspans; i++)
		json_array_append_new(spans,
		    json_pack("[i, i]", (int)f->spans[i].start, (int)f->spans[i].end));
	engine_walk(store_ask_of(g->store, r->id, add_entry, answers));
	seq = engine_record(g, "advice",
	    json_pack(
		"{s:s, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:f, s:o, s:s, s:o}",
		"tenant", r->tenant, "item", (json_int_t)r->item, "revision",
		(json_int_t)r->id, "rule", f->rule, "rev", (json_int_t)f->rev, "pack",
		f->pack, "clause", f->clause, "category", f->category, "severity",
		finding_severity_name(f->severity), "score", f->score, "spans", spans,
		"policy", g->policy, "answers", answers),
	    NULL, now);
	engine_label_wait(g, r, f, seq, now);
	g->reviews++;
}

/* --- tosctl reviews --- */

struct listing {
	struct engine *g;
	json_t *rows;
	const char *tenant; /* as it was named; NULL: all of them, blind */
};

/* A finding, and its row. */
struct models {
	json_t *o;
	int64_t time;
};

/* What was answered later, after an answer grew too old, is not what it rests on. */
static int
add_model(void *ctx, const struct store_ask *a)
{
	const struct models *x = ctx;
	json_t *o = x->o, *m;

	if ((a->state != ASK_ANSWERED && a->state != ASK_EXPIRED) || a->time > x->time)
		return 0;
	m = json_pack("{s:s, s:s, s:s, s:I}", "model", a->model, "endpoint",
	    a->endpoint, "key", a->key, "entry", (json_int_t)a->entry);
	if (a->state == ASK_EXPIRED)
		json_object_del(m, "key");
	json_set_text(m, "prompt", a->prompt);
	json_set_text(m, "file", a->file);
	json_array_append_new(json_object_get(o, "models"), m);
	json_set_text(o, "model", a->model);
	json_set_text(o, "prompt", a->prompt);
	return 0;
}

/* Exactly the bytes that the finding stands on. */
static void
set_quote(struct engine *g, json_t *o, const struct store_advice *v)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	size_t from = 0, n;
	char *body;

	if (store_revision_get(g->store, v->revision, &r, &e) != 0)
		return;
	body = item_body(&r.body);
	n = strlen(body);
	if (v->finding.nspans > 0 && v->finding.spans[0].end <= n) {
		from = v->finding.spans[0].start;
		n = v->finding.spans[0].end - from;
		body[from + n] = '\0';
	}
	body[from + text_prefix(body + from, QUOTE_CHARS)] = '\0';
	json_set_text(o, "quote", body + from);
	free(body);
	store_revision_clear(&r);
}

static const char *
state_name(int state)
{
	static const char *const names[] = {[REVIEW_WAITS] = "waits",
	    [REVIEW_CONFIRMED] = "confirmed",
	    [REVIEW_DISMISSED] = "dismissed"};

	return state >= 0 && state <= REVIEW_DISMISSED ? names[state] : "waits";
}

static int
review_row(void *ctx, const struct store_advice *v)
{
	struct listing *l = ctx;
	const struct finding *f = &v->finding;
	bool model = f->mode == MODE_REVIEW;
	char when[CLOCK_TEXT];
	json_t *o =
	    json_pack("{s:I, s:s, s:s, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:f, s:s}",
		"id", (json_int_t)v->id, "of", model ? "model" : "canary", "state",
		state_name(v->state), "item", (json_int_t)v->item, "revision",
		(json_int_t)v->revision, "rule", f->rule, "rev", (json_int_t)f->rev,
		"clause", f->clause, "category", f->category, "severity",
		finding_severity_name(f->severity), "score", f->score, "found",
		clock_format(v->time, when));

	if (l->tenant != NULL) {
		json_set_text(o, "tenant", l->tenant);
		json_set_text(o, "url", v->url);
	}
	json_set_text(o, "reason", f->reason);
	if (model) {
		struct models x = {o, v->time};

		json_object_set_new(o, "models", json_array());
		engine_walk(store_ask_of(l->g->store, v->revision, add_model, &x));
	}
	set_quote(l->g, o, v);
	json_array_append_new(l->rows, o);
	return 0;
}

int
engine_review_query(struct engine_call *k, struct err *e)
{
	const char *id = json_get_text(k->request, "tenant");
	const struct conf_tenant *t =
	    id != NULL ? conf_tenant_by_id(k->g->conf, id) : NULL;
	bool all = json_is_true(json_object_get(k->request, "all"));
	struct listing l = {k->g, json_array(), id};
	int rc;

	json_object_set_new(k->reply, "rows", l.rows);
	rc = store_advice_each(
	    k->g->store, t != NULL ? t->key : id, all, SHOWN_MAX, review_row, &l);
	return engine_query_known(k, rc, e);
}
