/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_review: findings that only people may act on (MODE_REVIEW): on record when
 * they are made, with the answers that they rest on, and shown by `tosctl reviews'.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/engine_in.h"
#include "engine/engine_json.h"
#include "store/store_ask.h"

#define QUOTE_CHARS 240

static int
add_entry(void *ctx, const struct store_ask *a)
{
	if (a->entry >= 0)
		json_array_append_new(ctx, json_integer((json_int_t)a->entry));
	return 0;
}

void
engine_review_record(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now)
{
	json_t *spans = json_array(), *answers = json_array();

	for (size_t i = 0; i < f->nspans; i++)
		json_array_append_new(spans,
		    json_pack("[i, i]", (int)f->spans[i].start, (int)f->spans[i].end));
	engine_walk(store_ask_of(g->store, r->id, add_entry, answers));
	engine_record(g, "advice",
	    json_pack(
		"{s:s, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:f, s:o, s:s, s:o}",
		"tenant", r->tenant, "item", (json_int_t)r->item, "revision",
		(json_int_t)r->id, "rule", f->rule, "rev", (json_int_t)f->rev, "pack",
		f->pack, "clause", f->clause, "category", f->category, "severity",
		finding_severity_name(f->severity), "score", f->score, "spans", spans,
		"policy", g->policy, "answers", answers),
	    NULL, now);
	g->reviews++;
}

/* --- tosctl reviews --- */

struct listing {
	struct engine *g;
	json_t *rows;
};

static int
add_model(void *ctx, const struct store_ask *a)
{
	json_t *o = ctx, *m;

	if (a->state != ASK_ANSWERED)
		return 0;
	m = json_pack("{s:s, s:s, s:s, s:I}", "model", a->model, "endpoint",
	    a->endpoint, "key", a->key, "entry", (json_int_t)a->entry);
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

static int
review_row(void *ctx, const struct store_advice *v)
{
	struct listing *l = ctx;
	const struct conf_tenant *t = conf_tenant_by_key(l->g->conf, v->tenant);
	const struct finding *f = &v->finding;
	char when[CLOCK_TEXT];
	json_t *o = json_pack(
	    "{s:I, s:I, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:f, s:s, s:o}", "id",
	    (json_int_t)v->id, "item", (json_int_t)v->item, "revision",
	    (json_int_t)v->revision, "tenant", t != NULL ? t->id : v->tenant, "rule",
	    f->rule, "rev", (json_int_t)f->rev, "clause", f->clause, "category",
	    f->category, "severity", finding_severity_name(f->severity), "score",
	    f->score, "found", clock_format(v->time, when), "models", json_array());

	json_set_text(o, "url", v->url);
	json_set_text(o, "reason", f->reason);
	engine_walk(store_ask_of(l->g->store, v->revision, add_model, o));
	set_quote(l->g, o, v);
	json_array_append_new(l->rows, o);
	return 0;
}

int
engine_review_query(struct engine_call *k, struct err *e)
{
	const char *id = json_string_value(json_object_get(k->request, "tenant"));
	const struct conf_tenant *t =
	    id != NULL ? conf_tenant_by_id(k->g->conf, id) : NULL;
	struct listing l = {k->g, json_array()};

	(void)e;
	json_object_set_new(k->reply, "rows", l.rows);
	return store_advice_each(k->g->store, t != NULL ? t->key : id, review_row, &l);
}
