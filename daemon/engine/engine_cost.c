/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_cost: what plugins and rules cost, always measured (policy/meter.h).  Plugins
 * are few: their sums are written with each turn.  Rules that were tried on some item
 * may be many: theirs are written once a minute and when somebody asks, so a crash
 * loses a minute of them at most.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_json.h"
#include "engine/engine_life.h"

/* Plugins with a label of their own in the metrics. */
#define METRIC_PLUGINS 32
#define PLUGINS_MAX 256
/* What names of rules and plugins may consist of. */
#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789-_./"

struct engine_cost {
	char *plugin;
	int64_t day;
	struct cost turn,
	    all; /* of this turn; of all days that were kept at the start */
};

/* Of a rule, since it was last written. */
struct engine_spent {
	struct engine_rule *rule;
	int64_t day;
	struct cost cost;
};

bool
engine_cost_plain(const char *name)
{
	return name[0] != '\0' && name[strspn(name, PLAIN)] == '\0';
}

static struct engine_cost *
cost_of(struct engine_life *l, const char *plugin)
{
	for (size_t i = 0; i < l->ncosts; i++)
		if (strcmp(l->costs[i].plugin, plugin) == 0)
			return &l->costs[i];
	/* More plugins than anybody runs: a worker makes up names. */
	if (l->ncosts >= PLUGINS_MAX && plugin[0] != '\0')
		return cost_of(l, "");
	l->costs = xrealloc(l->costs, (l->ncosts + 1) * sizeof(*l->costs));
	l->costs[l->ncosts] = (struct engine_cost){.plugin = xstrdup(plugin)};
	return &l->costs[l->ncosts++];
}

static int
load_cost(void *ctx, const struct store_plugin_day *d)
{
	cost_merge(&cost_of(ctx, d->plugin)->all, &d->cost);
	return 0;
}

void
engine_cost_load(struct engine *g)
{
	engine_walk(store_plugin_day_each(g->store, 0, load_cost, g->life));
}

void
engine_cost_free(struct engine_life *l)
{
	for (size_t i = 0; i < l->ncosts; i++)
		free(l->costs[i].plugin);
	free(l->costs);
	free(l->spent);
}

/* --- counting --- */

static void
add_cost(struct engine *g, const char *plugin, const struct cost *c, int64_t now)
{
	struct engine_cost *to = cost_of(g->life, plugin);

	cost_merge(&to->turn, c);
	cost_merge(&to->all, c);
	to->day = now / CLOCK_DAY;
}

/* A name that no worker has declared is nobody's. */
static void
add_spent(struct engine *g, const struct msg_spent *s, int64_t now)
{
	struct engine_life *l = g->life;
	struct engine_rule *r = engine_life_find(g, s->rule, s->rev);
	int64_t day = now / CLOCK_DAY;

	if (r == NULL || !r->loaded || r->rev != s->rev)
		return;
	if (r->spent == 0) {
		if (l->nspent == l->spent_cap) {
			l->spent_cap = l->spent_cap > 0 ? l->spent_cap * 2 : 64;
			l->spent = xrealloc(l->spent, l->spent_cap * sizeof(*l->spent));
		}
		l->spent[l->nspent++] = (struct engine_spent){.rule = r};
		r->spent = l->nspent;
	}
	l->spent[r->spent - 1].day = day;
	cost_merge(&l->spent[r->spent - 1].cost, &s->cost);
	if (l->next_spent == 0)
		l->next_spent = now + CLOCK_MIN;
}

void
engine_cost_add(struct engine *g, const struct msg_inspected *m, int64_t now)
{
	for (uint32_t i = 0; i < m->ncosts; i++)
		add_cost(g, m->costs[i].plugin, &m->costs[i].cost, now);
	for (uint32_t i = 0; i < m->nspent; i++)
		add_spent(g, &m->spent[i], now);
}

void
engine_cost_failed(struct engine *g, const char *plugin, int64_t now)
{
	const struct cost one = {.failed = 1};

	add_cost(g, plugin, &one, now);
}

/* --- writing --- */

void
engine_cost_turn(struct engine *g)
{
	struct engine_life *l = g->life;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < l->ncosts; i++) {
		struct engine_cost *c = &l->costs[i];
		struct store_plugin_day d = {
		    .plugin = c->plugin, .day = c->day, .cost = c->turn};

		if (c->turn.items == 0 && c->turn.failed == 0)
			continue;
		engine_must(store_plugin_day_count(g->store, &d, &e), 0,
		    "cannot count costs", &e);
		c->turn = (struct cost){0};
		l->flushes++;
	}
}

void
engine_cost_flush(struct engine *g)
{
	struct engine_life *l = g->life;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < l->nspent; i++) {
		const struct engine_spent *s = &l->spent[i];
		struct store_rule_cost d = {.rule = s->rule->rule,
		    .rev = s->rule->rev,
		    .day = s->day,
		    .cost = s->cost};

		engine_must(store_rule_cost_count(g->store, &d, &e), 0,
		    "cannot count costs", &e);
		s->rule->spent = 0;
		l->flushes++;
	}
	l->nspent = 0;
	l->next_spent = 0;
}

int64_t
engine_cost_due(struct engine *g, int64_t now)
{
	if (g->life->next_spent != 0 && g->life->next_spent <= now)
		engine_cost_flush(g);
	return g->life->next_spent != 0 ? g->life->next_spent : now + CLOCK_DAY;
}

/* --- showing --- */

static const struct cost *
plugin_cost(const struct engine *g, const char *plugin)
{
	for (size_t i = 0; plugin != NULL && i < g->life->ncosts; i++)
		if (strcmp(g->life->costs[i].plugin, plugin) == 0)
			return &g->life->costs[i].all;
	return NULL;
}

static void
set_us(json_t *row, const char *key, double ns)
{
	json_object_set_new(row, key, json_real(ns / 1000));
}

/* mean_us is the rule's part of what an item costs on the average, tried on it or not.
 */
void
engine_cost_show(struct engine *g, const struct engine_rule *r, json_t *row)
{
	const struct cost *c = plugin_cost(g, r->plugin);
	uint64_t hits = 0;
	struct cost own;

	if (c == NULL || c->items == 0)
		return;
	engine_walk(store_rule_cost_sum(g->store, r->rule, r->rev, 0, &own));
	for (int i = 0; i < FINDING_MODES; i++)
		hits += r->hits[i];
	if (own.items > 0) {
		/* Items that were measured stand for others; hits are counted, and each
		 * was a try. */
		json_set_int(row, "tried", own.items > hits ? own.items : hits);
		set_us(row, "mean_us", (double)own.ns / (double)c->items);
		set_us(row, "tried_p99_us", (double)cost_quantile(&own, 0.99));
	}
	set_us(row, "p50_us", (double)cost_quantile(c, 0.5));
	set_us(row, "p99_us", (double)cost_quantile(c, 0.99));
}

json_t *
engine_cost_metrics(const struct engine *g)
{
	const struct engine_life *l = g->life;
	json_t *plugins = json_object();

	for (size_t i = 0; i < l->ncosts && i < METRIC_PLUGINS; i++) {
		const struct cost *c = &l->costs[i].all;
		const char *name = l->costs[i].plugin;

		json_object_set_new(plugins, engine_cost_plain(name) ? name : "unknown",
		    json_pack("{s:I, s:I, s:I, s:I, s:I}", "items",
			(json_int_t)c->items, "failed", (json_int_t)c->failed, "ns",
			(json_int_t)c->ns, "p50", (json_int_t)cost_quantile(c, 0.5),
			"p99", (json_int_t)cost_quantile(c, 0.99)));
	}
	return plugins;
}
