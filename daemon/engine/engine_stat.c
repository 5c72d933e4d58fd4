/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_stat: what rules hit, always counted (what they cost: engine_cost.c).  A turn
 * counts in memory; its sums are written once, in the transaction of what was found, so
 * the price is a row for each rule and tenant that had hits, not for each finding.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/engine_json.h"
#include "engine/engine_life.h"
#include "policy/fusion.h"

/* Rules with a label of their own in the metrics; the others share one. */
#define METRIC_RULES 100
/* Revisions looked at in a turn for scores that are too old. */
#define SCORES_AT_ONCE 1000
#define SCORES_KEY "scores-after"
#define SCORES_BYTES 2000
struct engine_hit {
	const struct engine_rule *rule;
	char tenant[STORE_KEY];
	int64_t day;
	enum finding_mode mode;
	uint64_t hits, would, counted;
};

static int
load_sum(void *ctx, const struct store_rule_day *d)
{
	enum finding_mode mode = (enum finding_mode)d->mode;
	struct engine_rule *r = engine_life_rule(ctx, d->rule, d->rev, mode);

	if ((unsigned)mode < FINDING_MODES)
		r->hits[mode] += d->hits;
	r->would += d->would;
	r->counted += d->counted;
	return 0;
}

void
engine_stat_free(struct engine_life *l)
{
	free(l->hits);
	free(l->hit_at);
}

/* --- counting --- */

/* Where it stands in the table of places, or is to stand. */
static uint32_t *
place_of(const struct engine_life *l, const struct engine_hit *h)
{
	uint64_t n = hash_text(h->tenant) ^ (uint64_t)(uintptr_t)h->rule * 0x9e3779b1u ^
		     (uint64_t)h->day << 8 ^ (uint64_t)h->mode;
	size_t mask = l->hit_places - 1, i = (size_t)(n ^ n >> 29) & mask;

	for (; l->hit_at[i] != 0; i = (i + 1) & mask) {
		const struct engine_hit *o = &l->hits[l->hit_at[i] - 1];

		if (o->rule == h->rule && o->mode == h->mode && o->day == h->day &&
		    strcmp(o->tenant, h->tenant) == 0)
			break;
	}
	return &l->hit_at[i];
}

/* Room for one more; at most half of the places are taken. */
static void
hit_room(struct engine_life *l)
{
	if (l->nhits < l->hits_cap)
		return;
	l->hits_cap = l->hits_cap > 0 ? l->hits_cap * 2 : 64;
	l->hits = xrealloc(l->hits, l->hits_cap * sizeof(*l->hits));
	free(l->hit_at);
	l->hit_places = l->hits_cap * 2;
	l->hit_at = xcalloc(l->hit_places, sizeof(*l->hit_at));
	for (size_t i = 0; i < l->nhits; i++)
		*place_of(l, &l->hits[i]) = (uint32_t)i + 1;
}

static struct engine_hit *
hit_of(struct engine_life *l, const struct engine_rule *r, const char *tenant,
    enum finding_mode mode, int64_t day)
{
	struct engine_hit h = {.rule = r, .day = day, .mode = mode};
	uint32_t *at;

	snprintf(h.tenant, sizeof(h.tenant), "%s", tenant);
	hit_room(l);
	at = place_of(l, &h);
	if (*at == 0) {
		l->hits[l->nhits] = h;
		*at = (uint32_t)++l->nhits;
	}
	return &l->hits[*at - 1];
}

void
engine_stat_hit(struct engine *g, struct engine_rule *r, const char *tenant,
    enum finding_mode mode, enum policy_lane lane, enum policy_lane would, int64_t now)
{
	struct engine_hit *h = hit_of(g->life, r, tenant, mode, now / CLOCK_DAY);
	bool counted = lane == POLICY_LANE_CASE || lane == POLICY_LANE_SAFETY;

	h->hits++;
	h->would += would != POLICY_LANE_NONE;
	h->counted += counted;
	r->hits[mode]++;
	r->would += would != POLICY_LANE_NONE;
	r->counted += counted;
}

void
engine_stat_load(struct engine *g)
{
	engine_walk(store_rule_day_sums(g->store, load_sum, g));
}

/* --- writing --- */

void
engine_stat_flush(struct engine *g)
{
	struct engine_life *l = g->life;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < l->nhits; i++) {
		const struct engine_hit *h = &l->hits[i];
		struct store_at at = engine_at(g, h->tenant);
		struct store_rule_day d = {.rule = h->rule->rule,
		    .rev = h->rule->rev,
		    .day = h->day,
		    .mode = (int32_t)h->mode,
		    .hits = h->hits,
		    .would = h->would,
		    .counted = h->counted};

		memcpy(d.tenant, h->tenant, sizeof(d.tenant));
		engine_must(store_rule_day_count(g->store, &at, &d, &e), 0,
		    "cannot count hits", &e);
		l->flushes++;
	}
	if (l->nhits > 0)
		memset(l->hit_at, 0, l->hit_places * sizeof(*l->hit_at));
	l->nhits = 0;
	engine_cost_turn(g);
}

/* Forgets days that are too old, and the scores of old revisions a piece at a time. */
int64_t
engine_stat_due(struct engine *g, int64_t now)
{
	const struct conf_policy *c = &g->conf->policy;
	struct engine_life *l = g->life;
	struct err e = ERR_INIT;
	char text[24], *kept;
	size_t n = 0;

	if (now < l->next_day)
		return l->next_day;
	if (l->next_day == 0 && (kept = store_meta_get(g->store, SCORES_KEY)) != NULL) {
		l->scores_after = strtoll(kept, NULL, 10);
		free(kept);
	}
	engine_must(store_days_drop(g->store, (now - c->stats_for) / CLOCK_DAY, &e), 0,
	    "cannot forget old days", &e);
	engine_must(store_scores_drop(g->store, now - c->scores_for, &l->scores_after,
			SCORES_AT_ONCE, &n, &e),
	    0, "cannot forget old scores", &e);
	if (n > 0) {
		snprintf(text, sizeof(text), "%lld", (long long)l->scores_after);
		engine_must(store_meta_set(g->store, SCORES_KEY, text, &e), 0,
		    "cannot mark what is forgotten", &e);
	}
	l->next_day =
	    n == SCORES_AT_ONCE ? now + CLOCK_SEC : now - now % CLOCK_DAY + CLOCK_DAY;
	return l->next_day;
}

/* --- scores --- */

/* A value from 0 to 1 as "%.4g" has it, but for the last digit of one that lies in the
 * middle between two; printf costs more than all else that is kept of a post. */
static void
put_score(struct buf *b, double v)
{
	char text[16] = "0.";
	uint64_t scale = 10000, n;
	size_t len = 6;

	if (!(v >= 1e-4 && v < 1)) {
		buf_printf(b, "%.4g", v);
		return;
	}
	for (double x = v; x < 0.1; x *= 10, len++)
		scale *= 10;
	n = (uint64_t)(v * (double)scale + 0.5);
	if (n >= scale) {
		buf_putc(b, '1');
		return;
	}
	for (size_t i = len; i > 2; n /= 10)
		text[--i] = (char)('0' + n % 10);
	while (text[len - 1] == '0')
		len--;
	buf_put(b, text, len);
}

char *
engine_scores_text(const struct msg_inspected_item *j)
{
	struct buf b = {0};
	uint32_t before;

	for (uint32_t i = 0; i < j->nopinions && b.len < SCORES_BYTES; i++) {
		const char *category = j->opinions[i].category;

		for (before = 0; before < i; before++)
			if (strcmp(j->opinions[before].category, category) == 0)
				break;
		if (before < i || strpbrk(category, " =") != NULL)
			continue;
		if (b.len > 0)
			buf_putc(&b, ' ');
		buf_puts(&b, category);
		buf_putc(&b, '=');
		put_score(&b, policy_fusion_score(j->findings, j->n, category,
				  j->opinions, j->nopinions));
	}
	return b.len > 0 ? buf_take(&b) : NULL;
}

double
engine_scores_get(const char *text, const char *category)
{
	size_t n = strlen(category);

	for (const char *p = text; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, category, n) == 0 && p[n] == '=')
			return strtod(p + n + 1, NULL);
	}
	return -1;
}

/* --- metrics --- */

static json_t *
rule_metric(const struct engine_rule *r)
{
	json_t *modes = json_object();

	for (int i = 0; i < FINDING_MODES; i++)
		if (r->hits[i] > 0)
			json_object_set_new(modes,
			    finding_mode_name((enum finding_mode)i),
			    json_integer((json_int_t)r->hits[i]));
	return json_pack("{s:o, s:I, s:I, s:I}", "hits", modes, "counted",
	    (json_int_t)r->counted, "right", (json_int_t)r->right, "wrong",
	    (json_int_t)r->wrong);
}

static bool
has_numbers(const struct engine_rule *r)
{
	uint64_t n = r->right + r->wrong;

	for (int i = 0; i < FINDING_MODES; i++)
		n += r->hits[i];
	return n > 0;
}

/* All revisions of a rule are one line: the newest has to speak for itself in `policy
 * stats'.  Past the limit rules are added up as "other", so that a large policy cannot
 * flood whoever collects the metrics. */
static void
add_rule(json_t *rules, const struct engine_rule *r)
{
	const char *key = engine_cost_plain(r->rule) ? r->rule : "other";
	json_t *one, *old;
	struct engine_rule sum = *r;
	const char *mode;
	json_t *n;

	old = json_object_get(rules, key);
	if (old == NULL && json_object_size(rules) >= METRIC_RULES)
		old = json_object_get(rules, key = "other");
	json_object_foreach(json_object_get(old, "hits"), mode, n)
	    sum.hits[finding_mode_parse(mode)] += (uint64_t)json_integer_value(n);
	sum.counted += (uint64_t)json_integer_value(json_object_get(old, "counted"));
	sum.right += (uint64_t)json_integer_value(json_object_get(old, "right"));
	sum.wrong += (uint64_t)json_integer_value(json_object_get(old, "wrong"));
	one = rule_metric(&sum);
	json_object_set_new(rules, key, one);
}

void
engine_stat_metrics(struct engine *g, json_t *stats)
{
	json_t *rules = json_object();
	const struct engine_life *l = g->life;

	for (size_t i = 0; i < l->n; i++)
		if (has_numbers(l->v[i]))
			add_rule(rules, l->v[i]);
	json_object_set_new(stats, "rules", rules);
	json_object_set_new(stats, "plugins", engine_cost_metrics(g));
	json_object_set_new(
	    stats, "reviews", json_integer((json_int_t)store_review_count(g->store)));
}

/* --- what tosctl asks --- */

/* A rule's sums, and what it and its plugin cost. */
static json_t *
rule_row(struct engine *g, const struct engine_rule *r)
{
	struct measure_share s;
	struct life_state state;
	json_t *o = json_object(), *modes = json_object();
	uint64_t hits = 0;

	engine_life_state(g, r, &state);
	for (int i = 0; i < FINDING_MODES; i++) {
		hits += r->hits[i];
		if (r->hits[i] > 0)
			json_set_int(
			    modes, finding_mode_name((enum finding_mode)i), r->hits[i]);
	}
	json_object_set_new(o, "rule", json_string(r->rule));
	json_set_int(o, "rev", r->rev);
	json_object_set_new(o, "mode", json_string(finding_mode_name(state.mode)));
	json_set_int(o, "hits", hits);
	json_set_int(o, "would", r->would);
	json_set_int(o, "counted", r->counted);
	json_set_int(
	    o, "tenants", (uint64_t)store_rule_day_tenants(g->store, r->rule, r->rev));
	json_object_set_new(o, "modes", modes);
	json_set_int(o, "right", r->right);
	json_set_int(o, "wrong", r->wrong);
	measure_share(r->right, r->right + r->wrong, &s);
	if (s.whole > 0)
		json_object_set_new(
		    o, "precision", json_pack("[f, f, f]", s.low, s.share, s.high));
	if (r->plugin != NULL)
		json_object_set_new(o, "plugin", json_string(r->plugin));
	engine_cost_show(g, r, o);
	return o;
}

struct said {
	uint64_t right, wrong;
};

static int
add_said(void *ctx, const struct store_label *l)
{
	struct said *v = ctx;

	if (l->source <= LABEL_DECISION) {
		v[l->source].right += l->right;
		v[l->source].wrong += !l->right;
	}
	return 0;
}

/* From where its labels come: those of cases that were decided are about the tenants
 * who came that far. */
static json_t *
labels_json(struct engine *g, const struct engine_rule *r)
{
	struct said v[LABEL_DECISION + 1] = {{0, 0}};
	json_t *o = json_object();

	engine_walk(store_label_each(g->store, r->rule, r->rev, add_said, v));
	for (int i = 0; i <= LABEL_DECISION; i++)
		if (v[i].right + v[i].wrong > 0)
			json_object_set_new(o, engine_label_source((uint8_t)i),
			    json_pack("{s:I, s:I}", "right", (json_int_t)v[i].right,
				"wrong", (json_int_t)v[i].wrong));
	return o;
}

static int
add_day(void *ctx, const struct store_rule_day *d)
{
	char day[CLOCK_TEXT];

	clock_format(d->day * CLOCK_DAY, day);
	day[10] = '\0';
	json_array_append_new(
	    ctx, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "day", day, "mode",
		     finding_mode_name((enum finding_mode)d->mode), "hits",
		     (json_int_t)d->hits, "would", (json_int_t)d->would, "counted",
		     (json_int_t)d->counted, "tenant", d->tenant));
	return 0;
}

/* Without a rule: all that have numbers, of a pack its own; with one: that one, and its
 * days. */
int
engine_stat_ask(struct engine_call *k, struct err *e)
{
	const char *name = json_string_value(json_object_get(k->request, "rule"));
	uint32_t rev = (uint32_t)json_integer_value(json_object_get(k->request, "rev"));
	const struct engine_life *l = k->g->life;
	json_t *rows = json_array(), *row, *days;
	struct engine_rule *r;
	bool pack = name != NULL && strchr(name, '/') == NULL &&
		    engine_life_find(k->g, name, 0) == NULL &&
		    engine_rule_known(k->g, name);

	json_object_set_new(k->reply, "rows", rows);
	engine_stat_flush(k->g);
	engine_cost_flush(k->g);
	for (size_t i = 0; (name == NULL || pack) && i < l->n; i++)
		if (has_numbers(l->v[i]) && (!pack || engine_rule_named(name, l->v[i])))
			json_array_append_new(rows, rule_row(k->g, l->v[i]));
	if (name == NULL || pack)
		return 0;
	r = engine_rule_one(k->g, name, rev, e);
	if (r == NULL)
		return e->code;
	row = rule_row(k->g, r);
	days = json_array();
	engine_walk(
	    store_rule_day_each(k->g->store, r->rule, r->rev, 0, add_day, days));
	json_object_set_new(row, "labels", labels_json(k->g, r));
	json_object_set_new(row, "days", days);
	json_array_append_new(rows, row);
	return 0;
}
