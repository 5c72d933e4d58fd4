/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_rule: what is known of rules in the engine, in virtual time: scores,
 * labels and decided cases, what they cost, and trends when they are moved.
 */
#include <math.h>

#include "engine/engine_trend.h"
#include "policy/fusion.h"
#include "life_bench.h"

/* A plugin thinks p of each text, by its last digit; its weights are w.  It finds
 * nothing itself: what is found is another one's. */
static void
inspect_opinion(struct bench *b, struct msg_opinion w)
{
	struct caught c;
	struct msg m;

	while (bench_take(b, MSG_INSPECT, &c)) {
		bench_judged(&c, "d1", c.m.inspect.n, &m);
		for (uint32_t i = 0; i < m.inspected.n; i++) {
			struct msg_inspected_item *v = &m.inspected.v[i];
			const char *text = c.m.inspect.v[i].item.text;

			v->revision = c.m.inspect.v[i].revision;
			bench_find(v, "violence", "v/kill", text, "kill");
			v->nopinions = 2;
			v->opinions = xcalloc(2, sizeof(*v->opinions));
			v->opinions[0] =
			    (struct msg_opinion){.category = xstrdup("a b=c")};
			v->opinions[1] = w;
			v->opinions[1].category = xstrdup("violence");
			v->opinions[1].value = (text[strlen(text) - 1] - '0') / 10.0;
		}
		engine_handle(b->engine, &m, b->now);
		msg_clear(&m);
		msg_clear(&c.m);
		bench_tick(b);
	}
}

/* Scores are kept with the revision, rank what people see, and are forgotten. */
static void
test_ranked(void)
{
	static const struct post posts[] = {{"a", "i will kill you 3"},
	    {"b", "i will kill you 9"}, {"c", "i will kill you 5"}};
	struct bench *b = open_with("scores_for = \"1d\";");
	json_t *r, *rows;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	bench_feed(b, posts, 3);
	inspect_opinion(b, (struct msg_opinion){0});
	r = ask(b, "findings", NULL, NULL);
	rows = json_object_get(r, "rows");
	CU_ASSERT_EQUAL_FATAL(json_array_size(rows), 3);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT_DOUBLE_EQUAL(json_number_value(json_object_get(
					   json_array_get(rows, i), "fused")),
		    i == 0   ? 0.9
		    : i == 1 ? 0.5
			     : 0.3,
		    1e-9);
	json_decref(r);
	bench_go(b, 3 * CLOCK_DAY);
	r = ask(b, "findings", NULL, NULL);
	rows = json_object_get(r, "rows");
	CU_ASSERT_EQUAL(json_array_size(rows), 3);
	CU_ASSERT_PTR_NULL(json_object_get(json_array_get(rows, 0), "fused"));
	json_decref(r);
	bench_close(b);
}

static void
test_scores(void)
{
	char text[] = "violence=0.25 hate=0.5", want[40], *got;
	static const double special[] = {0, 1, 0.5, 0.1, 0.01, 0.09999999, 0.99999,
	    0.00012346, 1e-4, 9.99999e-5, 1e-9, 0.12340001};
	struct msg_opinion x = {.category = (char *)"x"};
	struct msg_inspected_item j = {.nopinions = 1, .opinions = &x};

	for (int i = 0; i < 20000; i++) {
		x.value =
		    i < 12 ? special[i] : fmod(i * 0.6180339887 / (i % 900 + 1), 1);
		got = engine_scores_text(&j);
		snprintf(want, sizeof(want), "x=%.4g",
		    policy_fusion_score(NULL, 0, "x", &x, 1));
		if (strcmp(got, want) != 0)
			SAME(got, want);
		free(got);
	}
	CU_ASSERT_EQUAL(engine_scores_get(text, "violence"), 0.25);
	CU_ASSERT_EQUAL(engine_scores_get(text, "hate"), 0.5);
	CU_ASSERT_EQUAL(engine_scores_get(text, "hat"), -1);
	CU_ASSERT_EQUAL(engine_scores_get(NULL, "hate"), -1);
}

/* The fused score of the newest finding. */
static double
newest_fused(struct bench *b)
{
	json_t *r = ask(b, "findings", NULL, NULL), *row;
	double fused = -1;
	json_int_t id = 0;
	size_t i;

	json_array_foreach(json_object_get(r, "rows"), i, row)
	{
		if (bench_int(row, "id") <= id)
			continue;
		id = bench_int(row, "id");
		fused = json_number_value(json_object_get(row, "fused"));
	}
	json_decref(r);
	return fused;
}

/* A finding weighs in the fused score by the mode that is in force for its rule,
 * whatever its pack declares. */
static void
test_fused(void)
{
	static const struct post posts[] = {
	    {"a", "i will kill you 5"}, {"b", "i will kill them 5"}};
	struct bench *b = open_with(GATES);
	const struct msg_opinion w = {.hit = 2, .none = -1};

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	bench_feed(b, posts, 1);
	inspect_opinion(b, w);
	CU_ASSERT_DOUBLE_EQUAL(newest_fused(b), 0.858149, 1e-4); /* 2 * 0.9 */
	MOVE(b, "shadow", "p1", "done");
	bench_feed(b, posts, 2);
	inspect_opinion(b, w);
	CU_ASSERT_DOUBLE_EQUAL(newest_fused(b), 0.268941, 1e-4); /* -1 */
	bench_close(b);
}

/* Several findings with one reason; one that is not there, and none is labelled. */
static void
test_label_many(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	r = bench_ask(b,
	    json_pack("{s:s, s:[s,s], s:s, s:s, s:s}", "cmd", "label", "findings", "1",
		"77", "verdict", "right", "person", "p1", "reason", "read them"));
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(r, "error"), "no finding 77"));
	json_decref(r);
	CU_ASSERT_EQUAL(bench_count(b, "label"), 0);
	r = bench_ask(b, json_pack("{s:s, s:[s,s,s], s:s, s:s, s:s}", "cmd", "label",
			     "findings", "1", "2", "3", "verdict", "right", "person",
			     "p1", "reason", "read them"));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "rows")), 3);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "rule_right"), 3);
	json_decref(r);
	CU_ASSERT_EQUAL(bench_count(b, "label"), 3);
	MOVE(b, "enforce", "p1", "waits");
	bench_close(b);
}

/* --- a case to its end --- */

static bool
decided(struct bench *b, const char *cmd, const char *key, const char *what,
    const char *person, int exhibit)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", cmd, "case",
		   "2026-000001", key, what, "person", person, "reason",
		   "because of tests"),
	       *r;
	bool ok;

	if (exhibit > 0)
		json_object_set_new(o, "exhibits", json_pack("[i]", exhibit));
	r = bench_ask(b, o);
	ok = json_is_true(json_object_get(r, "ok"));
	json_decref(r);
	return ok;
}

/* Labels of v/kill, right and wrong. */
static void
labels(struct bench *b, int right, int wrong)
{
	json_t *r = ask(b, "rule-stats", "rule", "v/kill");
	const json_t *row = json_array_get(json_object_get(r, "rows"), 0);

	CU_ASSERT_EQUAL(bench_int(row, "right"), right);
	CU_ASSERT_EQUAL(bench_int(row, "wrong"), wrong);
	json_decref(r);
}

/* The present stage is told, and its deadline passes. */
static void
stage(struct bench *b)
{
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	bench_go(b, 6 * CLOCK_HOUR + 2 * CLOCK_MIN);
}

/* Who decides about a case says something of the findings it rests on. */
static void
test_decisions(void)
{
	struct bench *b = open_with(GATES);
	const json_t *by;
	json_t *r;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 4, "i will kill you");
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	/* An appeal that is rejected: the exhibits named are right. */
	CU_ASSERT_TRUE(decided(b, "appeal", "what", "open", "p1", 0));
	labels(b, 0, 0);
	CU_ASSERT_TRUE(decided(b, "appeal", "what", "reject", "p1", 2));
	labels(b, 1, 0);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "label"), "by"), "appeal");
	CU_ASSERT_EQUAL(label(b, 1, "wrong"), 1);
	labels(b, 1, 1);
	bench_go(b, 6 * CLOCK_HOUR + 2 * CLOCK_MIN);
	stage(b);
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "recommendation"), 1);
	/* One who rejects it says nothing of a finding but of those named. */
	CU_ASSERT_TRUE(decided(b, "decide", "verdict", "reject", "p1", 0));
	labels(b, 1, 1);
	post_many(b, 10, 1, "i will kill you");
	stage(b);
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "recommendation"), 2);
	CU_ASSERT_TRUE(decided(b, "decide", "verdict", "accept", "p1", 0));
	labels(b, 1, 1); /* a second person is needed */
	CU_ASSERT_TRUE(decided(b, "decide", "verdict", "accept", "p2", 0));
	labels(b, 4, 1); /* what somebody labelled stays as it is */
	r = ask(b, "rule-stats", "rule", "v/kill");
	by = json_object_get(json_array_get(json_object_get(r, "rows"), 0), "labels");
	CU_ASSERT_EQUAL(bench_int(json_object_get(by, "decision"), "right"), 3);
	CU_ASSERT_EQUAL(bench_int(json_object_get(by, "appeal"), "right"), 1);
	CU_ASSERT_EQUAL(bench_int(json_object_get(by, "label"), "wrong"), 1);
	json_decref(r);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "label"), "by"), "decision");
	bench_close(b);
}

/* A recommendation that is rejected because of its exhibits takes the rule down. */
static void
test_rejected(void)
{
	struct bench *b = open_with(
	    "gates = { labels = 1; precision = 0.4; days = 0; tenant_share = 1.0; };");

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 2, "i will kill you");
	stage(b);
	stage(b);
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "recommendation"), 1);
	CU_ASSERT_TRUE(decided(b, "decide", "verdict", "reject", "p1", 1));
	labels(b, 0, 1);
	MODE(b, "shadow");
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "move"), "demote");
	bench_close(b);
}

/* The last stage waits for rules that were shown to be right. */
static void
test_unproven(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; gates = { labels = 3; "
				    "precision = 0.4; precision_final = 0.6; days = 0; "
				    "tenant_share = 1.0; };");
	const json_t *e;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	CU_ASSERT_EQUAL(label(b, 3, "right"), 3); /* lower bound .44 */
	MOVE(b, "enforce", "p1", "waits");
	MOVE(b, "enforce", "p2", "done");
	post_many(b, 10, 4, "i will kill you");
	stage(b);
	e = bench_last(b, "step");
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(e, "row"), "unproven"));
	CU_ASSERT_EQUAL(bench_int(json_object_get(e, "facts"), "unproven"), 4);
	CU_ASSERT_EQUAL(bench_int(json_object_get(e, "to"), "stage"), 1);
	CU_ASSERT_EQUAL(label(b, 4, "right"), 4); /* .65 */
	stage(b);
	e = bench_last(b, "step");
	CU_ASSERT_EQUAL(bench_int(json_object_get(e, "to"), "stage"), 2);
	CU_ASSERT_PTR_NULL(json_object_get(json_object_get(e, "facts"), "unproven"));
	bench_close(b);
}

/* --- cost of a rule --- */

/* A worker says that v/kill took so many ns, of each of 32 items. */
static void
spend(struct bench *b, const char *rule, uint32_t rev, uint64_t ns)
{
	struct msg m;

	msg_init(&m, MSG_INSPECTED);
	m.inspected.nspent = 1;
	m.inspected.spent = xcalloc(1, sizeof(*m.inspected.spent));
	m.inspected.spent[0].rule = xstrdup(rule);
	m.inspected.spent[0].rev = rev;
	cost_add_many(&m.inspected.spent[0].cost, ns, 32);
	engine_begin(b->engine);
	engine_cost_add(b->engine, &m.inspected, b->now);
	engine_flush(b->engine, b->now);
	msg_clear(&m);
}

static void
test_rule_cost(void)
{
	struct bench *b = open_with(
	    "gates = { labels = 3; precision = 0.4; days = 0; tenant_share = 1.0; "
	    "rule_cost = \"2ms\"; };");
	const json_t *n;
	uint64_t flushes;
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	CU_ASSERT_EQUAL(label(b, 3, "right"), 3);
	flushes = b->engine->life->flushes;
	for (int i = 0; i < 10; i++)
		spend(b, "v/kill", 1, 10000);
	spend(b, "v/kill", 2, 10000); /* nobody declared that */
	spend(b, "made/up", 1, 10000);
	CU_ASSERT_EQUAL(b->engine->life->flushes, flushes); /* not with each turn */
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(b->engine->life->flushes, flushes + 1);
	r = ask(b, "rule-stats", "rule", "v/kill");
	n = json_array_get(json_object_get(r, "rows"), 0);
	CU_ASSERT_EQUAL(bench_int(n, "tried"), 320);
	/* 320 items of 10 us, over the three items that the plugin took. */
	CU_ASSERT_DOUBLE_EQUAL(
	    json_number_value(json_object_get(n, "mean_us")), 3200.0 / 3, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(
	    json_number_value(json_object_get(n, "tried_p99_us")), 16.384, 1e-6);
	json_decref(r);
	/* Dear on more than one of a hundred. */
	spend(b, "v/kill", 1, 3000000);
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "rule-cost: 99 % of "));
	r = ask(b, "rule-gate", "rule", "v/kill");
	n = json_array_get(json_object_get(r, "rows"), LIFE_GATE_RULE);
	CU_ASSERT_STRING_EQUAL(bench_str(n, "gate"), "rule-cost");
	CU_ASSERT_FALSE(json_is_true(json_object_get(n, "holds")));
	CU_ASSERT_DOUBLE_EQUAL(json_number_value(json_object_get(n, "limit")), 2, 0);
	json_decref(r);
	bench_close(b);
}

/* Gone before anybody was told of it: there is nothing to tell. */
static void
test_removed_unasked(void)
{
	struct bench *b = bench_open();
	struct store_violation v;
	struct store_at at;
	struct err e = ERR_INIT;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	/* Pages and feeds are looked at later than that. */
	CU_ASSERT_EQUAL_FATAL(store_violation_get(b->engine->store, 1, &v, &e), 0);
	v.presence = PRESENT_REMOVED;
	at = engine_at(b->engine, v.tenant);
	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_violation_update(b->engine->store, &at, &v, &e), 0);
	engine_flush(b->engine, b->now);
	store_violation_clear(&v);
	bench_go(b, 2 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "step"), "row"),
	    "nothing left that counts, closed unsaid");
	bench_close(b);
}

/* --- a rise that is one of ours --- */

/* A revision of one post in which v/kill found something. */
static void
make_violation(struct bench *b, struct store_item *item, int64_t t)
{
	const char *key = b->conf->tenants[0].key;
	struct store_at at = engine_at(b->engine, key);
	struct store_revision r = {
	    .seen = t, .time = t, .entry = -1, .state = INSPECT_DONE};
	struct store_violation v = {.found = t, .presence = PRESENT_ONLINE};
	struct err e = ERR_INIT;

	item_init(&r.body);
	r.body.text = xasprintf("i will kill you, %lld", (long long)item->revisions);
	if (store_revision_add(b->engine->store, &at, item, &r, &e) != 0)
		CU_FAIL_FATAL("revision");
	snprintf(v.tenant, sizeof(v.tenant), "%s", key);
	v.item = item->id;
	v.revision = r.id;
	v.posted = v.reported = v.ended = v.last_check = v.since = v.last_online =
	    v.next_check = CLOCK_NONE;
	v.finding.rule = (char *)(uintptr_t) "v/kill";
	v.finding.rev = 1;
	v.finding.pack = v.finding.clause = v.finding.category =
	    (char *)(uintptr_t) "x";
	if (store_violation_add(b->engine->store, &at, &v, &e) != 0)
		CU_FAIL_FATAL("violation");
	item_clear(&r.body);
}

/* A tenant with 200 items a day for 40 days, more and more of them violations. */
static void
make_rise(struct bench *b, int64_t from)
{
	const char *key = b->conf->tenants[0].key;
	struct store_at at = engine_at(b->engine, key);
	struct store_item item = {.feed = 1, .first_seen = from};
	struct err e = ERR_INIT;

	snprintf(item.tenant, sizeof(item.tenant), "%s", key);
	item.guid = xstrdup("rise");
	engine_begin(b->engine);
	for (int day = 0; day < 40; day++) {
		int64_t t = from + day * CLOCK_DAY;

		store_exposure_count(
		    b->engine->store, &at, key, t, 200, (uint64_t)day / 2, 0, &e);
		for (int i = 0; i < day / 2; i++)
			make_violation(b, &item, t);
	}
	engine_flush(b->engine, b->now);
	store_item_clear(&item);
}

static struct engine_trend
trend_of(struct bench *b, int64_t from)
{
	struct engine_trend t;

	engine_trend(
	    b->engine, b->conf->tenants[0].key, from, from + 60 * CLOCK_DAY, &t);
	return t;
}

static void
test_trend(void)
{
	struct bench *b = bench_open();
	struct engine_trend t;
	int64_t from;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	from = b->now;
	make_rise(b, from);
	t = trend_of(b, from);
	CU_ASSERT_EQUAL(t.trend.verdict, TREND_RISING);
	CU_ASSERT_EQUAL(t.left_out, 0);
	CU_ASSERT_EQUAL(t.trend.violations, t.violations);
	/* The same with a start in between. */
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	CU_ASSERT_EQUAL(trend_of(b, from).trend.verdict, TREND_RISING);
	/* The rule was away for a while, and back: nothing is known of a rise any more.
	 */
	bench_go(b, 2 * CLOCK_HOUR);
	MOVE(b, "shadow", "p1", "done");
	MOVE(b, "rollback", "p1", "waits");
	MOVE(b, "rollback", "p2", "done");
	MODE(b, "enforce");
	t = trend_of(b, from);
	CU_ASSERT_EQUAL(t.trend.verdict, TREND_INSUFFICIENT);
	CU_ASSERT_EQUAL(t.left_out, 1);
	CU_ASSERT_EQUAL(t.trend.violations, 0);
	CU_ASSERT_EQUAL(t.violations, 380); /* they are still counted */
	bench_close(b);
}

/* So does a rule whose pack begins to enforce it, or a new revision of it. */
static void
test_trend_pack(void)
{
	struct bench *b = bench_open();
	struct engine_trend t;
	int64_t from = b->now;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	bench_go(b, 2 * CLOCK_HOUR);
	rules(b, "d2", MODE_ENFORCE, 1, MODE_ENFORCE);
	make_rise(b, from);
	t = trend_of(b, from);
	CU_ASSERT_EQUAL(t.left_out, 1);
	CU_ASSERT_NOT_EQUAL(t.trend.verdict, TREND_RISING);
	rules(b, "d3", MODE_ENFORCE, 2, MODE_ENFORCE);
	CU_ASSERT_EQUAL(trend_of(b, b->now).left_out, 1); /* rev 1 is gone */
	bench_close(b);
}

/* Counted of so many tenants that each is met anew again and again: what a turn hit is
 * a row each, and of whom the most hits are is known. */
static void
test_many_tenants(void)
{
	struct bench *b = open_with(GATES);
	struct engine_rule *r;
	struct life_numbers n;
	uint64_t flushes;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	r = engine_life_find(b->engine, "v/kill", 1);
	engine_begin(b->engine);
	flushes = b->engine->life->flushes;
	for (int day = 0; day < 3; day++)
		for (int i = 0; i < 1400; i++) {
			char key[STORE_KEY];

			snprintf(key, sizeof(key), "%016x", i % 700 * 7919);
			engine_stat_hit(b->engine, r, key, MODE_SHADOW,
			    POLICY_LANE_NONE, POLICY_LANE_NONE,
			    b->now + day * CLOCK_DAY);
			if (i % 700 == 13) /* two more each time */
				for (int k = 0; k < 2; k++)
					engine_stat_hit(b->engine, r, key, MODE_SHADOW,
					    POLICY_LANE_NONE, POLICY_LANE_CASE,
					    b->now + day * CLOCK_DAY);
		}
	engine_gate_numbers(b->engine, r, false, b->now + 3 * CLOCK_DAY, &n);
	CU_ASSERT_EQUAL(b->engine->life->flushes - flushes, 3 * 700);
	CU_ASSERT_EQUAL(n.hits, 3 * 1400 + 12);
	CU_ASSERT_EQUAL(n.most, 3 * 2 + 12);
	CU_ASSERT_EQUAL(store_rule_day_tenants(b->engine->store, r->rule, r->rev), 700);
	bench_tick(b);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"many tenants", test_many_tenants},
    {"gone before anybody was told", test_removed_unasked},
    {"scores", test_scores},
    {"the surest first", test_ranked},
    {"many labels at once", test_label_many},
    {"decisions about a case are labels", test_decisions},
    {"a recommendation rejected by its exhibits", test_rejected},
    {"the last stage asks for more", test_unproven},
    {"what a rule costs", test_rule_cost},
    {"a rise that is none: moved by people", test_trend},
    {"a rise that is none: moved by its pack", test_trend_pack},
    {"the fused score knows the modes in force", test_fused},
};

SUITE_MAIN("engine_rule", tests)
