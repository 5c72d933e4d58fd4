/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_gate: the numbers that the machine gates of a rule are taken from.  Which gate
 * holds is decided by policy/life.c; here is counted, and Wilson's bounds come from
 * cases/measure.c.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_life.h"

void
engine_gate_limits(const struct engine *g, struct life_limits *out)
{
	const struct conf_gates *c = &g->conf->policy.gates;

	*out = (struct life_limits){.labels = c->labels,
	    .precision = c->precision,
	    .days = c->days,
	    .tenant_share = c->tenant_share,
	    .cost = c->cost * 1000000,
	    .rule_cost = c->rule_cost * 1000000};
}

/* --- hits: by day and by tenant --- */

struct day {
	int64_t day;
	uint64_t right, wrong;
};

struct tenant {
	char key[STORE_KEY];
	uint64_t hits;
};

struct hits {
	const struct engine_rule *r;
	struct day *days;
	size_t ndays;
	struct tenant *tenants; /* one may be there more than once */
	size_t ntenants, cap;
	uint64_t all;
};

static int
by_key(const void *a, const void *b)
{
	const struct tenant *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Each tenant is there once. */
static void
add_up(struct hits *h)
{
	size_t n = 0;

	if (h->ntenants > 1)
		qsort(h->tenants, h->ntenants, sizeof(*h->tenants), by_key);
	for (size_t i = 0; i < h->ntenants; i++) {
		if (n > 0 && by_key(&h->tenants[n - 1], &h->tenants[i]) == 0)
			h->tenants[n - 1].hits += h->tenants[i].hits;
		else
			h->tenants[n++] = h->tenants[i];
	}
	h->ntenants = n;
}

/* A row of each tenant and day: they are added up whenever there is no more room, so
 * that neither the time nor the memory is theirs times the days. */
static void
add_tenant(struct hits *h, const char *key, uint64_t n)
{
	struct tenant *t;

	if (h->ntenants == h->cap) {
		add_up(h);
		if (h->ntenants * 2 >= h->cap) {
			h->cap = h->cap > 0 ? h->cap * 2 : 64;
			h->tenants = xrealloc(h->tenants, h->cap * sizeof(*h->tenants));
		}
	}
	t = &h->tenants[h->ntenants++];
	*t = (struct tenant){.hits = n};
	snprintf(t->key, sizeof(t->key), "%s", key);
}

/* Nobody can see, and so judge, what a draft hits; and a day on which it meant
 * something else says nothing. */
static int
add_hits(void *ctx, const struct store_rule_day *d)
{
	struct hits *h = ctx;

	if (d->mode == MODE_DRAFT || d->mode == MODE_RETIRED ||
	    !engine_meaning_held(
		h->r, d->day * CLOCK_DAY, (d->day + 1) * CLOCK_DAY - 1))
		return 0;
	h->all += d->hits;
	add_tenant(h, d->tenant, d->hits);
	if (h->ndays > 0 && h->days[h->ndays - 1].day == d->day)
		return 0;
	h->days = xrealloc(h->days, (h->ndays + 1) * sizeof(*h->days));
	h->days[h->ndays++] = (struct day){.day = d->day};
	return 0;
}

static int
by_day(const void *a, const void *b)
{
	const struct day *x = a, *y = b;

	return (x->day > y->day) - (x->day < y->day);
}

/* The days were added in their order. */
static int
add_label(void *ctx, const struct store_label *l)
{
	struct hits *h = ctx;
	struct day key = {.day = l->found / CLOCK_DAY}, *d;

	if (h->ndays == 0 || !engine_meaning_held(h->r, l->found, l->found))
		return 0;
	d = bsearch(&key, h->days, h->ndays, sizeof(*h->days), by_day);
	if (d != NULL) {
		d->right += l->right;
		d->wrong += !l->right;
	}
	return 0;
}

/* A day holds if some of its findings were judged and they do not contradict the floor:
 * of one day there are too few for a lower bound. */
static bool
day_holds(const struct day *d, double floor)
{
	struct measure_share s;

	measure_share(d->right, d->right + d->wrong, &s);
	return s.whole > 0 && s.high >= floor;
}

static void
count_hits(struct engine *g, const struct engine_rule *r, const struct life_limits *l,
    struct life_numbers *out)
{
	struct hits h = {.r = r};

	engine_walk(store_rule_day_each(g->store, r->rule, r->rev, 0, add_hits, &h));
	engine_walk(store_label_each(g->store, r->rule, r->rev, add_label, &h));
	out->hits = h.all;
	add_up(&h);
	for (size_t i = 0; i < h.ntenants; i++)
		if (h.tenants[i].hits > out->most)
			out->most = h.tenants[i].hits;
	for (size_t i = h.ndays > l->days ? h.ndays - l->days : 0; i < h.ndays; i++)
		out->days += day_holds(&h.days[i], l->precision);
	free(h.days);
	free(h.tenants);
}

/* --- cost --- */

struct plugin {
	const char *name;
	struct cost cost;
};

/* Rows without a name are items that cost a whole worker: it could have been any. */
static int
add_cost(void *ctx, const struct store_plugin_day *d)
{
	struct plugin *p = ctx;

	if (strcmp(d->plugin, p->name) == 0)
		cost_merge(&p->cost, &d->cost);
	else if (d->plugin[0] == '\0')
		p->cost.failed += d->cost.failed;
	return 0;
}

void
engine_gate_numbers(struct engine *g, const struct engine_rule *r, bool noted,
    int64_t now, struct life_numbers *out)
{
	struct plugin p = {.name = r->plugin != NULL ? r->plugin : ""};
	int64_t from;
	struct life_limits l;
	struct measure_share share;
	struct cost own;

	engine_stat_flush(g);
	engine_cost_flush(g);
	engine_gate_limits(g, &l);
	*out = (struct life_numbers){
	    .loaded = r->loaded, .right = r->right, .wrong = r->wrong, .noted = noted};
	measure_share(r->right, r->right + r->wrong, &share);
	out->low = share.low;
	count_hits(g, r, &l, out);
	from = now / CLOCK_DAY - (l.days > 0 ? l.days : 1);
	engine_walk(store_plugin_day_each(g->store, from, add_cost, &p));
	engine_walk(store_rule_cost_sum(g->store, r->rule, r->rev, from, &own));
	out->tried = own.items;
	out->rule_cost = cost_quantile(&own, 0.99);
	out->timed = p.cost.items;
	out->cost = cost_quantile(&p.cost, 0.99);
	out->degraded = p.cost.failed;
}

bool
engine_proven(const struct conf_policy *c, uint64_t right, uint64_t wrong)
{
	struct measure_share s;

	if (c->life_cycle != CONF_LIFE_GATED || c->gates.precision_final == 0)
		return true;
	measure_share(right, right + wrong, &s);
	return s.low >= c->gates.precision_final;
}

bool
engine_gate_proven(struct engine *g, const char *rule, uint32_t rev)
{
	const struct engine_rule *r = engine_life_find(g, rule, rev);

	return engine_proven(
	    &g->conf->policy, r != NULL ? r->right : 0, r != NULL ? r->wrong : 0);
}

/* --- as JSON --- */

json_t *
engine_gate_json(const struct life_limits *l, const struct life_numbers *n)
{
	json_t *numbers = json_pack(
	    "{s:b, s:I, s:I, s:I, s:I, s:I, s:f, s:i, s:I, s:I, s:b, s:I, s:I}",
	    "loaded", n->loaded, "timed", (json_int_t)n->timed, "cost",
	    (json_int_t)n->cost, "degraded", (json_int_t)n->degraded, "right",
	    (json_int_t)n->right, "wrong", (json_int_t)n->wrong, "low", n->low, "days",
	    (int)n->days, "hits", (json_int_t)n->hits, "most", (json_int_t)n->most,
	    "noted", n->noted, "tried", (json_int_t)n->tried, "rule_cost",
	    (json_int_t)n->rule_cost);
	json_t *limits = json_pack("{s:i, s:f, s:i, s:f, s:I, s:I}", "labels",
	    (int)l->labels, "precision", l->precision, "days", (int)l->days,
	    "tenant_share", l->tenant_share, "cost", (json_int_t)l->cost, "rule_cost",
	    (json_int_t)l->rule_cost);

	return json_pack("{s:o, s:o}", "numbers", numbers, "limits", limits);
}

/* What a gate was taken from, in words. */
static char *
in_words(enum life_gate gate, const struct life_limits *l, const struct life_numbers *n)
{
	uint64_t labels = n->right + n->wrong;

	switch (gate) {
	case LIFE_GATE_LOADED:
		return xstrdup(n->loaded ? "its tests passed" : "not loaded");
	case LIFE_GATE_COST:
		if (n->timed == 0)
			return xstrdup("not measured yet");
		return xasprintf("99 %% of %llu items within %.3g ms, %.3g ms allowed",
		    (unsigned long long)n->timed, (double)n->cost / 1e6,
		    (double)l->cost / 1e6);
	case LIFE_GATE_DEGRADED:
		return xasprintf("%llu items without a full answer",
		    (unsigned long long)n->degraded);
	case LIFE_GATE_LABELS:
		return xasprintf(
		    "%llu judged, %u wanted", (unsigned long long)labels, l->labels);
	case LIFE_GATE_PRECISION:
		return xasprintf("%llu of %llu right, lower bound %.3f, %.3f wanted",
		    (unsigned long long)n->right, (unsigned long long)labels, n->low,
		    l->precision);
	case LIFE_GATE_DAYS:
		return xasprintf(
		    "on %u of its last %u days with hits people judged some and found "
		    "it right, %u wanted",
		    n->days, l->days, l->days);
	case LIFE_GATE_TENANTS:
		if (n->hits == 0)
			return xstrdup("no hits yet");
		return xasprintf("%llu of %llu hits are one tenant's, %.0f %% allowed",
		    (unsigned long long)n->most, (unsigned long long)n->hits,
		    l->tenant_share * 100);
	case LIFE_GATE_RULE:
		if (n->tried == 0)
			return xstrdup(
			    "tried on no item yet, or its plugin does not tell");
		return xasprintf(
		    "99 %% of %llu items that it was tried on within %.3g ms, %.3g ms "
		    "allowed",
		    (unsigned long long)n->tried, (double)n->rule_cost / 1e6,
		    (double)l->rule_cost / 1e6);
	case LIFE_GATES:
		break;
	}
	return xstrdup("");
}

char *
engine_gate_words(
    enum life_gate gate, const struct life_limits *l, const struct life_numbers *n)
{
	bool explained =
	    gate == LIFE_GATE_DEGRADED || (gate == LIFE_GATE_TENANTS && n->hits > 0);
	char *is = in_words(gate, l, n);
	char *words = xasprintf("%s: %s%s", life_gate_name(gate), is,
	    explained ? ", and no --note explains it" : "");

	free(is);
	return words;
}

/* The same as one figure, and what it is held against. */
static double
figure(enum life_gate gate, const struct life_numbers *n)
{
	const double v[LIFE_GATES] = {
	    [LIFE_GATE_LOADED] = n->loaded,
	    [LIFE_GATE_COST] = (double)n->cost / 1e6,
	    [LIFE_GATE_DEGRADED] = (double)n->degraded,
	    [LIFE_GATE_LABELS] = (double)(n->right + n->wrong),
	    [LIFE_GATE_PRECISION] = n->low,
	    [LIFE_GATE_DAYS] = n->days,
	    [LIFE_GATE_TENANTS] = n->hits > 0 ? (double)n->most / (double)n->hits : 0,
	    [LIFE_GATE_RULE] = (double)n->rule_cost / 1e6,
	};

	return v[gate];
}

static double
limit(enum life_gate gate, const struct life_limits *l)
{
	const double v[LIFE_GATES] = {
	    [LIFE_GATE_LOADED] = 1,
	    [LIFE_GATE_COST] = (double)l->cost / 1e6,
	    [LIFE_GATE_LABELS] = l->labels,
	    [LIFE_GATE_PRECISION] = l->precision,
	    [LIFE_GATE_DAYS] = l->days,
	    [LIFE_GATE_TENANTS] = l->tenant_share,
	    [LIFE_GATE_RULE] = (double)l->rule_cost / 1e6,
	};

	return v[gate];
}

int
engine_gate_ask(struct engine_call *k, struct err *e)
{
	const char *name = json_string_value(json_object_get(k->request, "rule"));
	uint32_t rev = (uint32_t)json_integer_value(json_object_get(k->request, "rev"));
	struct engine_rule *r = engine_rule_one(k->g, name != NULL ? name : "", rev, e);
	json_t *rows = json_array();
	struct life_limits l;
	struct life_numbers n;
	unsigned failing;

	json_object_set_new(k->reply, "rows", rows);
	if (r == NULL)
		return e->code;
	engine_gate_limits(k->g, &l);
	engine_gate_numbers(k->g, r, false, k->now, &n);
	failing = life_gates(&l, &n);
	for (int i = 0; i < LIFE_GATES; i++) {
		char *words = in_words((enum life_gate)i, &l, &n);

		json_array_append_new(
		    rows, json_pack("{s:s, s:I, s:s, s:b, s:s, s:o, s:o}", "rule",
			      r->rule, "rev", (json_int_t)r->rev, "gate",
			      life_gate_name((enum life_gate)i), "holds",
			      (failing & 1u << i) == 0, "why", words, "is",
			      json_real(figure((enum life_gate)i, &n)), "limit",
			      json_real(limit((enum life_gate)i, &l))));
		free(words);
	}
	json_object_set_new(k->reply, "negative", json_boolean(failing != 0));
	return 0;
}
