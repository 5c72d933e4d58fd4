/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_life: the life of rules in the engine, in virtual time: modes in force,
 * gates, people, canaries, falls, rollbacks, overrides, what is counted.
 */
#include "engine/engine_life.h"

#include <math.h>

#include "engine/engine_trend.h"
#include "policy/fusion.h"
#include "engine_bench.h"

/* Gates that a test of a few posts can pass. */
#define GATES "gates = { labels = 3; precision = 0.4; days = 0; tenant_share = 1.0; };"

static struct bench *
open_with(const char *policy)
{
	struct bench *b = bench_open();
	/* No second looks, which would take a test's posts for themselves. */
	char *both = xasprintf(
	    "coverage = { second_min = 0; second_max = 0; };\npolicy = { %s", policy);

	bench_reconf(b, "policy = {", both);
	free(both);
	return b;
}

/* What a worker says that it has: v/kill as declared, of the plugin `rules'. */
static void
rules(struct bench *b, const char *digest, enum finding_mode mode, uint32_t rev,
    enum finding_mode limit)
{
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup(digest);
	m.rules.n = 1;
	m.rules.v = xcalloc(1, sizeof(*m.rules.v));
	m.rules.v[0] = (struct msg_rule){.rule = xstrdup("v/kill"),
	    .pack = xstrdup("p"),
	    .clause = xstrdup("4.1 Threats"),
	    .category = xstrdup("violence"),
	    .rev = rev,
	    .mode = (uint8_t)mode,
	    .severity = SEVERITY_HIGH,
	    .plugin = xstrdup("rules"),
	    .limit = (uint8_t)limit};
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

/* n posts with ids from `first' on, the words in all of them; judged, and timed. */
static void
post_many(struct bench *b, int first, int n, const char *words)
{
	struct post *v = xcalloc((size_t)n, sizeof(*v));
	struct msg m;

	for (int i = 0; i < n; i++) {
		v[i].id = xasprintf("p%d", first + i);
		v[i].text = xasprintf("%s, number %d", words, first + i);
	}
	bench_feed(b, v, (size_t)n);
	while (bench_inspect(b) > 0)
		;
	for (int i = 0; i < n; i++) {
		free((char *)(uintptr_t)v[i].id);
		free((char *)(uintptr_t)v[i].text);
	}
	free(v);
	/* bench_inspect() measures nothing: an answer that says what it cost. */
	msg_init(&m, MSG_INSPECTED);
	m.inspected.ncosts = 1;
	m.inspected.costs = xcalloc(1, sizeof(*m.inspected.costs));
	m.inspected.costs[0].plugin = xstrdup("rules");
	for (int i = 0; i < n; i++)
		cost_add(&m.inspected.costs[0].cost, 30000);
	engine_begin(b->engine);
	engine_cost_add(b->engine, &m.inspected, b->now);
	engine_flush(b->engine, b->now);
	msg_clear(&m);
}

/* --- questions --- */

static json_t *
ask(struct bench *b, const char *cmd, const char *key, const char *value)
{
	json_t *o = json_pack("{s:s}", "cmd", cmd);

	if (key != NULL)
		json_object_set_new(o, key, json_string(value));
	return bench_ask(b, o);
}

static size_t
count_rows(json_t *reply)
{
	size_t n = json_array_size(json_object_get(reply, "rows"));

	json_decref(reply);
	return n;
}

/* The mode in force, "-" if the rule is not known. */
static const char *
mode_of(struct bench *b, const char *rule)
{
	static char text[16];
	json_t *r = ask(b, "rules", "rule", rule);

	snprintf(text, sizeof(text), "%s",
	    bench_str(json_array_get(json_object_get(r, "rows"), 0), "mode"));
	json_decref(r);
	return text;
}

#define MODE(b, want) CU_ASSERT_STRING_EQUAL(mode_of(b, "v/kill"), want)

static json_t *
move_json(const char *move, const char *person)
{
	return json_pack("{s:s, s:s, s:[s], s:s, s:s}", "cmd", "rule-move", "move",
	    move, "rules", "v/kill", "person", person, "reason", "because of tests");
}

/* "done", "waits", "refused", or the error; the first reason in why[]. */
static char why[200];
static const char *
moved(struct bench *b, json_t *request)
{
	static char text[200];
	json_t *r = bench_ask(b, request);
	const json_t *row = json_array_get(json_object_get(r, "rows"), 0);

	snprintf(text, sizeof(text), "%s",
	    json_is_true(json_object_get(r, "ok")) ? bench_str(row, "verdict")
						   : bench_str(r, "error"));
	snprintf(why, sizeof(why), "%s",
	    json_string_value(json_array_get(json_object_get(row, "why"), 0)) != NULL
		? json_string_value(json_array_get(json_object_get(row, "why"), 0))
		: "");
	json_decref(r);
	return text;
}

#define MOVE(b, move, person, want) \
	CU_ASSERT_STRING_EQUAL(moved(b, move_json(move, person)), want)

/* Labels the first findings that have none. */
static int
label(struct bench *b, int n, const char *verdict)
{
	json_t *r = bench_ask(b, json_pack("{s:s, s:s, s:b, s:i}", "cmd", "findings",
				     "rule", "v/kill", "unlabelled", 1, "limit", n));
	json_t *row;
	size_t i;
	int done = 0;

	json_array_foreach(json_object_get(r, "rows"), i, row)
	{
		char id[24];
		json_t *reply;

		snprintf(id, sizeof(id), "%lld", (long long)bench_int(row, "id"));
		reply = bench_ask(b,
		    json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "label", "finding",
			id, "verdict", verdict, "person", "p1", "reason", "I read it"));
		done += json_is_true(json_object_get(reply, "ok"));
		json_decref(reply);
	}
	json_decref(r);
	return done;
}

static size_t
violations(struct bench *b)
{
	return count_rows(ask(b, "violations", NULL, NULL));
}

/* --- stories --- */

/* Shadow finds and does not count; gates refuse, then hold; two people; then it counts.
 */
static void
test_way_up(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; " GATES);
	const json_t *e;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	MODE(b, "shadow"); /* whatever the pack says */
	post_many(b, 0, 4, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "too few of its findings"));
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 0);
	CU_ASSERT_EQUAL(label(b, 3, "right"), 3);
	CU_ASSERT_EQUAL(bench_count(b, "label"), 3);
	MOVE(b, "enforce", "p1", "waits");
	MODE(b, "shadow");
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "verdict"), "waits");
	MOVE(b, "enforce", "p1", "refused"); /* the same person */
	MOVE(b, "enforce", "p2", "done");
	MODE(b, "enforce");
	e = bench_last(b, "mode");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(e, "persons")), 2);
	CU_ASSERT_EQUAL(bench_int(json_object_get(e, "facts"), "people"), 2);
	/* What was found in shadow stays what it was. */
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	post_many(b, 10, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	/* A new revision of the rule has to show it again. */
	rules(b, "d2", MODE_ENFORCE, 2, MODE_ENFORCE);
	MODE(b, "enforce"); /* of rev 1, the first row */
	CU_ASSERT_EQUAL(count_rows(ask(b, "rules", "rule", "v/kill")), 2);
	MOVE(b, "enforce", "p1", "refused"); /* rev 2 is the one that is loaded */
	bench_close(b);
}

static void
test_packs(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	MODE(b, "enforce");
	post_many(b, 0, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 0);
	MOVE(b, "shadow", "p2", "done"); /* one person */
	post_many(b, 10, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	rules(b, "d2", MODE_ENFORCE, 2, MODE_ENFORCE); /* as its pack says */
	rules(b, "d3", MODE_SHADOW, 1, MODE_ENFORCE);
	MODE(b, "shadow");
	bench_close(b);
}

/* Drafts are counted and not kept; retired rules too. */
static void
test_draft(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	rules(b, "d1", MODE_DRAFT, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	CU_ASSERT_EQUAL(count_rows(ask(b, "findings", "rule", "v/kill")), 0);
	r = ask(b, "rule-stats", "rule", "v/kill");
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "hits"), 3);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "would"), 3);
	json_decref(r);
	MOVE(b, "enforce", "p1", "refused");
	MOVE(b, "shadow", "p1", "done");
	post_many(b, 10, 2, "i will kill you");
	CU_ASSERT_EQUAL(count_rows(ask(b, "findings", "rule", "v/kill")), 2);
	MOVE(b, "retire", "p1", "done");
	post_many(b, 20, 2, "i will kill you");
	CU_ASSERT_EQUAL(count_rows(ask(b, "findings", "rule", "v/kill")), 2);
	r = ask(b, "rule-stats", NULL, NULL);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "hits"), 7);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "tenants"), 1);
	json_decref(r);
	bench_close(b);
}

static json_t *
review(const char *what, const char *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "review", "what", what,
	    "finding", finding, "person", "p1", "reason", "looked at");
}

/* Within the share: waits for a person; outside it is shadow. */
static void
test_canary(void)
{
	struct bench *b = open_with(GATES);
	json_t *r, *o;
	char id[24];
	size_t n;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	o = move_json("canary", "p1");
	json_object_set_new(o, "share", json_integer(50));
	CU_ASSERT_STRING_EQUAL(moved(b, o), "done");
	post_many(b, 10, 40, "i will kill you");
	n = bench_count(b, "review");
	CU_ASSERT(n > 8 && n < 32);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	r = bench_ask(b, json_pack("{s:s, s:b}", "cmd", "findings", "waiting", 1));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "rows")), n);
	o = json_array_get(json_object_get(r, "rows"), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(o, "mode"), "canary");
	CU_ASSERT_PTR_NULL(json_object_get(o, "tenant")); /* people judge blind */
	snprintf(id, sizeof(id), "%lld", (long long)bench_int(o, "id"));
	json_decref(r);
	bench_go(b, CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0);
	/* A named person lets it count. */
	r = bench_ask(b, review("confirm", id));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(json_object_get(r, "rows"), 0), "counts"),
	    "a violation now");
	json_decref(r);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "violation"), "mode"), "canary");
	r = bench_ask(b, review("confirm", id)); /* once */
	CU_ASSERT_FALSE(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	/* Another one is dismissed: a label, and no violation. */
	r = bench_ask(b, json_pack("{s:s, s:b}", "cmd", "findings", "waiting", 1));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "rows")), n - 1);
	snprintf(id, sizeof(id), "%lld",
	    (long long)bench_int(json_array_get(json_object_get(r, "rows"), 0), "id"));
	json_decref(r);
	json_decref(bench_ask(b, review("dismiss", id)));
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_FALSE(json_is_true(json_object_get(bench_last(b, "label"), "right")));
	bench_close(b);
}

/* A confirmed finding of a post that was edited meanwhile is a label only. */
static void
test_canary_late(void)
{
	static const struct post mended[] = {{"p1", "good morning"}};
	struct bench *b = open_with(GATES);
	json_t *o, *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 100, 3, "i will kill you");
	label(b, 3, "right");
	o = move_json("canary", "p1");
	json_object_set_new(o, "share", json_integer(99));
	CU_ASSERT_STRING_EQUAL(moved(b, o), "done");
	post_many(b, 1, 1, "i will kill you");
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "review"), 1);
	bench_feed(b, mended, 1);
	bench_inspect(b);
	r = bench_ask(b, review("confirm", "4"));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(json_object_get(r, "rows"), 0), "counts"),
	    "the post was edited since");
	json_decref(r);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	bench_close(b);
}

/* Enforced, cited, appealed; the appeal takes the rule down. */
static void
test_fall(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	MOVE(b, "enforce", "p2", "done");
	post_many(b, 10, 2, "i will kill you");
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	post_many(b, 20, 1, "i will kill you"); /* no notice cites it yet */
	json_decref(bench_ask(b, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "appeal",
				     "case", "2026-000001", "what", "open", "person",
				     "p1", "reason", "they object")));
	r = bench_ask(b, json_pack("{s:s, s:s, s:s, s:s, s:s, s:[i]}", "cmd", "appeal",
			     "case", "2026-000001", "what", "uphold", "person", "p1",
			     "reason", "a song", "exhibits", 2));
	CU_ASSERT_TRUE(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	MODE(b, "shadow");
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "move"), "demote");
	CU_ASSERT_EQUAL(
	    json_array_size(json_object_get(bench_last(b, "mode"), "persons")), 0);
	/* Which notices relied on it, and what is withdrawn. */
	r = ask(b, "rule-relied", "rule", "v/kill");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "rows")), 1);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "exhibits"), 2);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "wrong"), 1);
	json_decref(r);
	r = ask(b, "violations", NULL, NULL);
	CU_ASSERT_PTR_NULL(json_object_get(
	    json_array_get(json_object_get(r, "rows"), 0), "withdrawn"));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(json_object_get(r, "rows"), 2), "withdrawn"),
	    "its rule");
	json_decref(r);
	/* The gates took it down: nobody can put it back while they do not hold. */
	MOVE(b, "rollback", "p2", "refused");
	label(b, 1, "right");
	label(b, 1, "right");
	MOVE(b, "rollback", "p1", "waits");
	MOVE(b, "rollback", "p2", "done");
	MODE(b, "enforce");
	r = ask(b, "violations", NULL, NULL);
	CU_ASSERT_PTR_NULL(json_object_get(
	    json_array_get(json_object_get(r, "rows"), 2), "withdrawn"));
	json_decref(r);
	bench_close(b);
}

/* All that a notice was to be about is withdrawn: the tenant never hears of it. */
static void
test_unsaid(void)
{
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	MOVE(b, "shadow", "p1", "done");
	bench_go(b, CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "step"), "event"), "withdrawn");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_object_get(bench_last(b, "step"), "to"), "phase"), "closed");
	/* A rollback counts it again, but that case is over; the next post opens one.
	 */
	MOVE(b, "rollback", "p1", "waits");
	MOVE(b, "rollback", "p2", "done");
	post_many(b, 10, 1, "i will kill you");
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	bench_close(b);
}

/* A label before the notice takes a single violation out. */
static void
test_label_withdraws(void)
{
	struct bench *b = open_with("gates = { labels = 40; };");
	char *mail;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 2, "i will kill you");
	CU_ASSERT_EQUAL(violations(b), 2);
	CU_ASSERT_EQUAL(label(b, 1, "wrong"), 1); /* the newest: number 1 */
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	mail = bench_notice(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, "number 0"));
	CU_ASSERT_PTR_NULL(strstr(mail, "number 1"));
	free(mail);
	bench_close(b);
}

static void
test_override(void)
{
	struct bench *b = open_with("gates = { labels = 40; days = 0; };");
	json_t *o;
	int64_t until = b->now + 3 * CLOCK_DAY;
	char t[CLOCK_TEXT];

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	for (int i = 0; i < 2; i++) {
		o = move_json("enforce", i == 0 ? "p1" : "p2");
		json_object_set_new(o, "emergency", json_true());
		if (i == 0) { /* no end; the second person means that of the first */
			CU_ASSERT_STRING_EQUAL(moved(b, o), "refused");
			o = move_json("enforce", "p1");
			json_object_set_new(o, "emergency", json_true());
		}
		json_object_set_new(
		    o, "until", json_string(clock_format(b->now + 8 * CLOCK_DAY, t)));
		CU_ASSERT_STRING_EQUAL(moved(b, o), "refused"); /* too late an end */
		o = move_json("enforce", i == 0 ? "p1" : "p2");
		json_object_set_new(o, "emergency", json_true());
		json_object_set_new(o, "until", json_string(clock_format(until, t)));
		CU_ASSERT_STRING_EQUAL(moved(b, o), i == 0 ? "waits" : "done");
	}
	MODE(b, "enforce");
	bench_go(b, 3 * CLOCK_DAY - CLOCK_MIN);
	MODE(b, "enforce");
	bench_go(b, 2 * CLOCK_MIN);
	MODE(b, "shadow");
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "move"), "lapse");
	bench_close(b);
}

/* Who is not in the list, or has not the role, or gives no reason. */
static void
test_people(void)
{
	struct bench *b = open_with(GATES);
	json_t *o;

	bench_reconf(
	    b, "name = \"p2\"; approver = true", "name = \"p2\"; reviewer = true");
	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(moved(b, move_json("shadow", "px")), "staff list"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(moved(b, move_json("enforce", "p2")), "has not the role"));
	o = move_json("shadow", "p2");
	json_object_set_new(o, "reason", json_string(" \n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o), "reason is needed"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(moved(b, move_json("demote", "p1")), "say shadow"));
	MOVE(b, "shadow", "p2", "done");
	o = move_json("shadow", "p1");
	json_object_set_new(o, "rules", json_pack("[s]", "nobody"));
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o), "no rule or pack `nobody'"));
	o = move_json("rollback", "p1");
	json_object_set_new(o, "rules", json_pack("[s]", "v")); /* a pack */
	CU_ASSERT_STRING_EQUAL(moved(b, o), "waits");
	bench_close(b);
}

/* A plugin that answers otherwise the next time. */
static void
test_limit(void)
{
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_SHADOW, 1, MODE_SHADOW);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "same answer twice"));
	bench_close(b);
}

/* Killed after a wish and a move: both are there, and so is what was counted. */
static void
test_restart(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	MOVE(b, "enforce", "p2", "done");
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	MODE(b, "enforce");
	r = ask(b, "rule-stats", "rule", "v/kill");
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "hits"), 3);
	CU_ASSERT_EQUAL(
	    bench_int(json_array_get(json_object_get(r, "rows"), 0), "right"), 3);
	json_decref(r);
	bench_close(b);
}

/* Each of the last days with hits must hold: labels of one day are not enough. */
static void
test_days(void)
{
	struct bench *b = open_with(
	    "gates = { labels = 3; precision = 0.4; days = 3; tenant_share = 1.0; };");

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	for (int day = 0; day < 3; day++) {
		post_many(b, 100 * day, 2, "i will kill you");
		if (day < 2)
			label(b, 2, "right");
		bench_go(b, CLOCK_DAY);
	}
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "last days with hits"));
	label(b, 1, "right");
	/* Nothing was inspected within the last hours, but within the last days. */
	MOVE(b, "enforce", "p1", "waits");
	bench_close(b);
}

/* One tenant alone: a note is needed, and stands beside the reason. */
static void
test_note(void)
{
	struct bench *b =
	    open_with("gates = { labels = 3; precision = 0.4; days = 0; };");
	struct buf words = {0};
	struct err e = ERR_INIT;
	json_t *o;
	char *path;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "one tenant's"));
	o = move_json("enforce", "p1");
	json_object_set_new(o, "note", json_string("there is one tenant only"));
	CU_ASSERT_STRING_EQUAL(moved(b, o), "waits");
	path = xasprintf("%s/%s", b->dir, bench_str(bench_last(b, "mode"), "file"));
	CU_ASSERT_EQUAL(file_read(path, 4096, &words, &e), 0);
	buf_putc(&words, '\0');
	CU_ASSERT_PTR_NOT_NULL(strstr(words.data, "because of tests"));
	CU_ASSERT_PTR_NOT_NULL(strstr(words.data, "there is one tenant only"));
	buf_free(&words);
	free(path);
	bench_close(b);
}

/* Many hits of a turn are few rows. */
static void
test_cheap(void)
{
	struct bench *b = open_with("batch = 200;");
	uint64_t before;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	before = b->engine->life->flushes;
	post_many(b, 0, 200, "i will kill you");
	CU_ASSERT_EQUAL(b->engine->findings, 200);
	/* One rule, one tenant, one mode, one day; and the plugin's. */
	CU_ASSERT(b->engine->life->flushes - before <= 4);
	bench_close(b);
}

/* A rule that no longer counts has not been obeyed: its post is not `edited'. */
static void
test_not_mended(void)
{
	static const struct post more[] = {{"p0", "i will kill you, number 0, really"}};
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "i will kill you");
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	MOVE(b, "shadow", "p1", "done");
	bench_feed(b, more, 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 0);
	bench_close(b);
}

/* Answers a batch: each post breaks the rule, and its fused score is its last digit. */
/* A plugin thinks p of each text, by its last digit; its weights are w.  It finds
 * nothing itself: what is found is another one's. */
static void
inspect_opinion(struct bench *b, struct msg_opinion w)
{
	struct caught c;
	struct msg m;

	while (bench_take(b, MSG_INSPECT, &c)) {
		msg_init(&m, MSG_INSPECTED);
		m.from = ROLE_POLICY;
		m.from_index = c.index;
		m.inspected.batch = c.m.inspect.batch;
		m.inspected.digest = xstrdup("d1");
		m.inspected.n = c.m.inspect.n;
		m.inspected.v = xcalloc(m.inspected.n, sizeof(*m.inspected.v));
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
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "the rule itself costs more"));
	r = ask(b, "rule-gate", "rule", "v/kill");
	n = json_array_get(json_object_get(r, "rows"), LIFE_GATE_RULE);
	CU_ASSERT_STRING_EQUAL(bench_str(n, "gate"), "rule-cost");
	CU_ASSERT_FALSE(json_is_true(json_object_get(n, "holds")));
	CU_ASSERT_DOUBLE_EQUAL(json_number_value(json_object_get(n, "limit")), 2, 0);
	json_decref(r);
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

static const struct suite_test tests[] = {
    {"from shadow to enforce", test_way_up},
    {"as packs declare", test_packs},
    {"drafts and retired rules are counted only", test_draft},
    {"a canary waits for a person", test_canary},
    {"a canary confirmed too late", test_canary_late},
    {"an appeal takes a rule down", test_fall},
    {"nothing left to say", test_unsaid},
    {"a label before the notice", test_label_withdraws},
    {"an override ends", test_override},
    {"who may", test_people},
    {"what a plugin allows", test_limit},
    {"a restart", test_restart},
    {"on each of the last days", test_days},
    {"a note", test_note},
    {"counting is cheap", test_cheap},
    {"a rule that counts no more", test_not_mended},
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

SUITE_MAIN("engine_life", tests)
