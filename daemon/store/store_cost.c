/* SPDX-License-Identifier: Apache-2.0 */
/* store_cost: what plugins and rules cost, by day; see store_rule.h.  The classes of a
 * cost are a row of bytes, so a row is read, added to and written. */
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/store_rule.h"

static void
pack_classes(const struct cost *c, struct buf *b)
{
	for (int i = 0; i < COST_CLASSES; i++)
		buf_put_u64(b, c->n[i]);
}

static void
unpack_classes(const struct buf *b, struct cost *c)
{
	struct rd r = rd_of(b->len > 0 ? b->data : "", b->len);

	for (int i = 0; i < COST_CLASSES && b->len == COST_CLASSES * 8; i++)
		c->n[i] = rd_u64(&r);
}

/* Adds what was counted to a row that db_get() has read, with rc: 0, or TOSD_ENOENT for
 * one that is new. */
static int
put_sum(struct store *s, const struct db_table *t, void *row, struct cost *sum,
    struct buf *classes, const struct cost *more, int rc, struct err *e)
{
	bool fresh = rc == TOSD_ENOENT;

	if (rc != 0 && !fresh)
		return rc;
	if (!fresh)
		unpack_classes(classes, sum);
	buf_free(classes);
	cost_merge(sum, more);
	pack_classes(sum, classes);
	rc = fresh ? db_insert(s, t, row, e) : db_update(s, t, row, e);
	t->clear(row);
	return rc;
}

/* --- of plugins --- */

struct plugin_row {
	struct store_plugin_day d;
	struct buf classes;
};

#define P(name, type) DB_COL(plugin_row, #name, d.name, type, 0)
#define PC(name) DB_COL(plugin_row, #name, d.cost.name, DB_I64, 0)
static const struct db_col plugin_day_cols[] = {
    P(id, DB_I64),
    P(plugin, DB_STR),
    P(day, DB_I64),
    PC(items),
    PC(failed),
    PC(ns),
    DB_COL(plugin_row, "classes", classes, DB_BYTES, 0),
};
#undef P
#undef PC

static void
plugin_row_clear(void *row)
{
	struct plugin_row *r = row;

	free(r->d.plugin);
	buf_free(&r->classes);
	memset(r, 0, sizeof(*r));
}

static const struct db_table plugin_days = {"plugin_day", sizeof(struct plugin_row),
    NULL, plugin_row_clear, plugin_day_cols,
    sizeof(plugin_day_cols) / sizeof(plugin_day_cols[0])};

int
store_plugin_day_count(struct store *s, const struct store_plugin_day *d, struct err *e)
{
	struct plugin_row row;
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_get(s, &plugin_days, &row, e, "plugin = ?1 AND day = ?2", "ti",
	    d->plugin, d->day);
	if (rc == TOSD_ENOENT)
		row.d = (struct store_plugin_day){
		    .plugin = xstrdup(d->plugin), .day = d->day};
	rc = put_sum(s, &plugin_days, &row, &row.d.cost, &row.classes, &d->cost, rc, e);
	return db_done(s, own, rc, e);
}

struct plugin_walk {
	store_plugin_day_fn *fn;
	void *ctx;
};

static int
plugin_visit(void *ctx, const void *row)
{
	const struct plugin_walk *w = ctx;
	const struct plugin_row *r = row;
	struct store_plugin_day d = r->d;

	unpack_classes(&r->classes, &d.cost);
	return w->fn(w->ctx, &d);
}

int
store_plugin_day_each(struct store *s, int64_t from, store_plugin_day_fn *fn, void *ctx)
{
	struct plugin_walk w = {fn, ctx};

	return db_each(s, &plugin_days, plugin_visit, &w,
	    "day >= ?1 ORDER BY plugin, day", "i", from);
}

/* --- of rules --- */

struct rule_row {
	struct store_rule_cost d;
	struct buf classes;
};

#define R(name, type) DB_COL(rule_row, #name, d.name, type, 0)
static const struct db_col rule_cost_cols[] = {
    R(id, DB_I64),
    R(rule, DB_STR),
    R(rev, DB_U32),
    R(day, DB_I64),
    DB_COL(rule_row, "items", d.cost.items, DB_I64, 0),
    DB_COL(rule_row, "ns", d.cost.ns, DB_I64, 0),
    DB_COL(rule_row, "classes", classes, DB_BYTES, 0),
};
#undef R

static void
rule_row_clear(void *row)
{
	struct rule_row *r = row;

	free(r->d.rule);
	buf_free(&r->classes);
	memset(r, 0, sizeof(*r));
}

static const struct db_table rule_costs = {"rule_cost", sizeof(struct rule_row), NULL,
    rule_row_clear, rule_cost_cols, sizeof(rule_cost_cols) / sizeof(rule_cost_cols[0])};

int
store_rule_cost_count(struct store *s, const struct store_rule_cost *d, struct err *e)
{
	struct rule_row row;
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_get(s, &rule_costs, &row, e, "rule = ?1 AND rev = ?2 AND day = ?3",
	    "tii", d->rule, (int64_t)d->rev, d->day);
	if (rc == TOSD_ENOENT)
		row.d = (struct store_rule_cost){
		    .rule = xstrdup(d->rule), .rev = d->rev, .day = d->day};
	rc = put_sum(s, &rule_costs, &row, &row.d.cost, &row.classes, &d->cost, rc, e);
	return db_done(s, own, rc, e);
}

static int
add_cost(void *ctx, const void *row)
{
	const struct rule_row *r = row;
	struct cost c = r->d.cost;

	unpack_classes(&r->classes, &c);
	cost_merge(ctx, &c);
	return 0;
}

int
store_rule_cost_sum(
    struct store *s, const char *rule, uint32_t rev, int64_t from, struct cost *out)
{
	*out = (struct cost){0};
	return db_each(s, &rule_costs, add_cost, out,
	    "rule = ?1 AND rev = ?2 AND day >= ?3", "tii", rule, (int64_t)rev, from);
}
