/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_findings: what rules found, for people to look at, the surest first.  People
 * judge blind: a finding is shown without its tenant.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_json.h"
#include "engine/engine_life.h"

/* Of so many of the newest the best are shown. */
#define FINDINGS_LOOKED_AT 2000

struct list {
	struct engine *g;
	json_t *rows;
	const char *mode;
	bool unlabelled;
};

static void
set_label(json_t *o, const struct store_label *l)
{
	json_object_set_new(o, "label", json_string(l->right ? "right" : "wrong"));
	json_object_set_new(o, "label_by", json_string(l->who != NULL ? l->who : "-"));
}

static int
list_finding(void *ctx, const struct store_found *f)
{
	struct list *x = ctx;
	struct store_label l = {0};
	struct store_revision r;
	struct err e = ERR_INIT;
	bool labelled;
	double fused;
	char t[CLOCK_TEXT], *quote;
	json_t *o;

	if (x->mode != NULL && strcmp(finding_mode_name(f->f.mode), x->mode) != 0)
		return 0;
	labelled =
	    store_label_get(x->g->store, f->revision, f->f.rule, f->f.rev, &l, &e) == 0;
	if ((labelled && x->unlabelled) ||
	    store_revision_get(x->g->store, f->revision, &r, &e) != 0) {
		store_label_clear(&l);
		return 0;
	}
	quote = engine_quote(&r.body, &f->f);
	o = json_pack("{s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:f, s:b, s:s, s:s}", "id",
	    (json_int_t)f->id, "rule", f->f.rule, "rev", (json_int_t)f->f.rev, "mode",
	    finding_mode_name(f->f.mode), "clause", f->f.clause, "category",
	    f->f.category, "severity", finding_severity_name(f->f.severity), "score",
	    f->f.score, "counts", f->counts, "found", clock_format(f->time, t), "quote",
	    quote);
	free(quote);
	fused = engine_scores_get(f->scores, f->f.category);
	if (fused >= 0)
		json_object_set_new(o, "fused", json_real(fused));
	if (f->f.reason != NULL)
		json_object_set_new(o, "reason", json_string(f->f.reason));
	if (labelled)
		set_label(o, &l);
	json_array_append_new(x->rows, o);
	store_label_clear(&l);
	store_revision_clear(&r);
	return 0;
}

static double
rank(const json_t *row)
{
	const json_t *fused = json_object_get(row, "fused");

	return json_number_value(fused != NULL ? fused : json_object_get(row, "score"));
}

static int
by_rank(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	double p = rank(x), q = rank(y);
	json_int_t i = json_integer_value(json_object_get(x, "id"));
	json_int_t j = json_integer_value(json_object_get(y, "id"));

	if (p != q)
		return (p < q) - (p > q);
	return (i < j) - (i > j);
}

/* The surest first: by the fused score where there is one, else by that of the rule. */
static json_t *
ranked(json_t *rows, size_t max)
{
	size_t n = json_array_size(rows);
	json_t **v = xcalloc(n + 1, sizeof(json_t *)), *out = json_array();

	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(rows, i);
	qsort(v, n, sizeof(json_t *), by_rank);
	for (size_t i = 0; i < n && i < max; i++)
		json_array_append(out, v[i]);
	free(v);
	return out;
}

int
engine_findings_list(struct engine_call *k, struct err *e)
{
	json_int_t limit = json_integer_value(json_object_get(k->request, "limit"));
	const char *rule = json_get_text(k->request, "rule");
	bool waiting = json_is_true(json_object_get(k->request, "waiting"));
	struct list x = {.g = k->g,
	    .mode = json_get_text(k->request, "mode"),
	    .unlabelled = json_is_true(json_object_get(k->request, "unlabelled"))};

	if (rule != NULL && !engine_rule_known(k->g, rule))
		return engine_rule_none(rule, e);
	if (x.mode != NULL && finding_mode_parse(x.mode) < 0)
		return err_set(e, TOSD_EINVAL, "there is no mode `%s'", x.mode);
	x.rows = json_array();
	if (limit <= 0 || limit > ENGINE_FINDINGS_MAX)
		limit = ENGINE_FINDINGS_MAX;
	engine_walk(store_found_each(
	    k->g->store, rule, waiting, FINDINGS_LOOKED_AT, list_finding, &x));
	json_object_set_new(k->reply, "rows", ranked(x.rows, (size_t)limit));
	json_decref(x.rows);
	return 0;
}
