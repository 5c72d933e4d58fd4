/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_told: what people are told of rules when they ask for them and move them:
 * names that are none, packs, wishes of others, what is so already, what was withdrawn,
 * and the lines of the log; in the engine, in virtual time.
 */
#include "life_bench.h"
#include "log_caught.h"

static const char *
error_of(json_t *reply)
{
	static char text[300];

	snprintf(text, sizeof(text), "%s",
	    json_is_true(json_object_get(reply, "ok")) ? ""
						       : bench_str(reply, "error"));
	json_decref(reply);
	return text;
}

/* A name that is none is an error, and a pack's name is one where that can be. */
static void
test_names(void)
{
	static const char *const cmds[] = {
	    "findings", "rules", "rule-stats", "rule-gate", "rule-relied"};
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	for (size_t i = 0; i < 5; i++) {
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(error_of(ask(b, cmds[i], "rule", "v/kil")),
			"there is no rule or pack `v/kil'"));
		CU_ASSERT_PTR_NOT_NULL(strstr(error_of(ask(b, cmds[i], "rule", "w")),
		    "there is no rule or pack"));
		SAME(error_of(ask(b, cmds[i], "rule", "v/kill")), "");
		SAME(error_of(ask(b, cmds[i], "rule", "v")),
		    i < 3 ? ""
			  : "`v' is a pack: name one of its rules (tosctl policy "
			    "rules v)");
	}
	CU_ASSERT_EQUAL(count_rows(ask(b, "findings", "rule", "v")), 3);
	CU_ASSERT_EQUAL(count_rows(ask(b, "findings", "rule", "v/kill")), 3);
	CU_ASSERT_EQUAL(count_rows(ask(b, "rule-stats", "rule", "v")), 1);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(error_of(bench_ask(b, json_pack("{s:s, s:s, s:b}", "cmd", "findings",
					     "rule", "nosuch/rule", "waiting", 1))),
		"there is no rule"));
	bench_close(b);
}

static json_t *
order(const char *move, const char *person, int share, const char *until)
{
	json_t *o = move_json(move, person);

	if (share > 0)
		json_object_set_new(o, "share", json_integer(share));
	if (until != NULL) {
		json_object_set_new(o, "emergency", json_true());
		if (until[0] != '\0')
			json_object_set_new(o, "until", json_string(until));
	}
	return o;
}

static json_t *
row_of(struct bench *b, const char *cmd)
{
	json_t *r = ask(b, cmd, NULL, NULL);
	json_t *row = json_incref(json_array_get(json_object_get(r, "rows"), 0));

	json_decref(r);
	return row;
}

/* Whose wish is replaced is said, and who leaves out --until joins it. */
static void
test_wishes(void)
{
	struct bench *b = open_with("gates = { labels = 40; days = 0; };");
	char t[2][CLOCK_TEXT];
	json_t *row;

	clock_format(b->now + 2 * CLOCK_DAY, t[0]);
	clock_format(b->now + 3 * CLOCK_DAY, t[1]);
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 10, t[0])), "waits");
	SAME(why, "a second person is needed");
	row = row_of(b, "rules");
	CU_ASSERT_EQUAL(bench_int(row, "wish_share"), 10);
	CU_ASSERT_TRUE(json_is_true(json_object_get(row, "wish_urgent")));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(bench_str(row, "wish_as"), "10 %, over the gates"));
	json_decref(row);
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p2", 20, t[1])), "waits");
	CU_ASSERT_PTR_NOT_NULL(strstr(why_last,
	    "takes the place of the wish of p1: canary, 10 %, over the gates until"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why_last, "and may leave out --until"));
	/* The same person may think again. */
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p2", 30, t[1])), "waits");
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    why_last, "takes the place of what was wished before by p2: canary, 20 %"));
	log_begin();
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 30, "")), "done");
	log_end();
	CU_ASSERT_EQUAL(log_count("rule v/kill rev 1: shadow to canary until"), 1);
	CU_ASSERT_EQUAL(log_count("by p2 and p1, over its gates\n"), 1);
	CU_ASSERT_EQUAL(log_count("open violations"), 0);
	/* The end of it is nobody's doing. */
	log_begin();
	bench_go(b, 4 * CLOCK_DAY);
	log_end();
	CU_ASSERT_EQUAL(
	    log_count("rule v/kill rev 1: canary to shadow as its override is over\n"),
	    1);
	bench_close(b);
}

/* What a rollback would lead to is said as long as it is wished, and no longer. */
static void
test_wish_back(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);
	json_t *row;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	MOVE(b, "shadow", "p1", "done");
	MOVE(b, "rollback", "p1", "waits");
	row = row_of(b, "rules");
	SAME(bench_str(row, "wish"), "rollback");
	SAME(bench_str(row, "wish_as"), "to enforce");
	json_decref(row);
	MOVE(b, "rollback", "p1", "refused");
	bench_go(b, 7 * CLOCK_DAY + CLOCK_HOUR);
	row = row_of(b, "rules");
	CU_ASSERT_PTR_NULL(json_object_get(row, "wish"));
	CU_ASSERT_PTR_NULL(json_object_get(row, "wish_as"));
	json_decref(row);
	MOVE(b, "rollback", "p2", "waits");
	MOVE(b, "rollback", "p1", "done");
	bench_close(b);
}

/* Who has lost the right to wish it is no second person. */
static void
test_wish_void(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	bench_reconf(b, "{ name = \"p1\"; approver = true; reviewer = true; }",
	    "{ name = \"p1\"; reviewer = true; }, { name = \"p3\"; approver = true; }");
	r = ask(b, "rules", "rule", "v/kill");
	CU_ASSERT_PTR_NULL(
	    json_object_get(json_array_get(json_object_get(r, "rows"), 0), "wish_by"));
	json_decref(r);
	/* The gates are others by now, too. */
	MOVE(b, "enforce", "p2", "refused");
	for (int i = 0; i < 2; i++) {
		json_t *o = move_json("enforce", i == 0 ? "p2" : "p3");
		char t[CLOCK_TEXT];

		json_object_set_new(o, "emergency", json_true());
		json_object_set_new(
		    o, "until", json_string(clock_format(b->now + CLOCK_DAY, t)));
		CU_ASSERT_STRING_EQUAL(moved(b, o), i == 0 ? "waits" : "done");
		if (i == 0)
			CU_ASSERT_PTR_NOT_NULL(
			    strstr(why_last, "the wish of p1 counts no more"));
	}
	bench_close(b);
}

/* Whose end it is that has passed. */
static void
test_end_past(void)
{
	struct bench *b = open_with("gates = { labels = 40; days = 0; };");
	char t[CLOCK_TEXT];

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	clock_format(b->now + CLOCK_HOUR, t);
	CU_ASSERT_STRING_EQUAL(moved(b, order("enforce", "p1", 0, t)), "waits");
	bench_go(b, CLOCK_DAY);
	CU_ASSERT_STRING_EQUAL(moved(b, order("enforce", "p2", 0, "")), "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why_last, "the end that p1 has named, 2026-"));
	bench_close(b);
}

/* An end that is asked for is had, or the move is refused. */
static void
test_ends(void)
{
	struct bench *b = open_with("gates = { labels = 40; days = 0; };");
	char t[3][CLOCK_TEXT];
	json_t *o, *row;

	for (int i = 0; i < 3; i++)
		clock_format(b->now + (i - 1) * CLOCK_DAY + CLOCK_HOUR, t[i]);
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	/* By two people without an override it would be enforced for good. */
	o = order("enforce", "p1", 0, t[2]);
	json_object_del(o, "emergency");
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o), "--until needs --emergency"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(moved(b, order("enforce", "p1", 0, t[0])), "' is past"));
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 0);
	moved(b, order("enforce", "p1", 0, t[2]));
	CU_ASSERT_STRING_EQUAL(moved(b, order("enforce", "p2", 0, t[2])), "done");
	/* A step down keeps the end. */
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 10, t[1])), "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "a step down keeps the end"));
	MODE(b, "enforce");
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 10, t[2])), "done");
	row = row_of(b, "rules");
	SAME(bench_str(row, "until"), t[2]);
	json_decref(row);
	/* What needs no override has none. */
	CU_ASSERT_STRING_EQUAL(moved(b, order("shadow", "p1", 0, t[1])), "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "this needs no override"));
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 5, NULL)), "done");
	MOVE(b, "shadow", "p1", "done");
	bench_close(b);
}

/* Gates are told by figures, and what explains them by name. */
static void
test_gates(void)
{
	struct bench *b = open_with(
	    "gates = { labels = 3; precision = 0.4; days = 0; tenant_share = 0.6; };");
	json_t *o;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 10, NULL)), "refused");
	SAME(why_last, "tosctl policy gate v/kill has all");
	post_many(b, 0, 3, "i will kill you");
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 10, NULL)), "refused");
	SAME(why, "labels: 0 judged, 3 wanted");
	label(b, 3, "right");
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 10, NULL)), "refused");
	SAME(why, "tenants: 3 of 3 hits are one tenant's, 60 % allowed, and no --note "
		  "explains it");
	o = order("canary", "p1", 10, NULL);
	json_object_set_new(o, "note", json_string("there is only one tenant"));
	CU_ASSERT_STRING_EQUAL(moved(b, o), "done");
	bench_close(b);
}

/* What is not there is no empty table. */
static void
test_nobody(void)
{
	static const char *const cmds[] = {"tenants", "feeds", "sightings",
	    "violations", "reviews", "reports", "cases", "notices", "outbox"};
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "i will kill you");
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		const struct conf_tenant *t = &b->conf->tenants[0];

		SAME(error_of(ask(b, cmds[i], "tenant", "nosuch")),
		    "there is no tenant `nosuch'");
		SAME(error_of(ask(b, cmds[i], "tenant", t->id)), "");
		SAME(error_of(ask(b, cmds[i], "tenant", t->key)), "");
		SAME(error_of(ask(b, cmds[i], NULL, NULL)), "");
	}
	SAME(error_of(ask(b, "case", "case", "2026-999999")),
	    "there is no case 2026-999999");
	SAME(error_of(ask(b, "findings", "mode", "foo")), "there is no mode `foo'");
	SAME(error_of(ask(b, "findings", "mode", "canary")), "");
	bench_close(b);
}

/* Who wants what is so already has done nothing wrong, and nothing. */
static void
test_same(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	r = bench_ask(b, move_json("shadow", "p1"));
	CU_ASSERT_FALSE(json_is_true(json_object_get(r, "negative")));
	json_decref(r);
	MOVE(b, "shadow", "p1", "same");
	SAME(why, "it is in shadow already");
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 0);
	MOVE(b, "retire", "p1", "done");
	MOVE(b, "retire", "p1", "same");
	r = bench_ask(b, order("canary", "p1", 10, NULL));
	CU_ASSERT_TRUE(json_is_true(json_object_get(r, "negative")));
	json_decref(r);
	bench_close(b);
}

/* Two people have overridden the gates: labels do not end that, and the log says so. */
static void
test_floor(void)
{
	struct bench *b =
	    open_with("gates = { labels = 3; precision = 0.9; days = 0; };");
	char t[CLOCK_TEXT];

	clock_format(b->now + 2 * CLOCK_DAY, t);
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	moved(b, order("enforce", "p1", 0, t));
	CU_ASSERT_STRING_EQUAL(moved(b, order("enforce", "p2", 0, t)), "done");
	post_many(b, 0, 3, "i will kill you");
	log_begin();
	label(b, 3, "wrong");
	log_end();
	CU_ASSERT_EQUAL(log_count("rule v/kill rev 1 counts over its gates until"), 1);
	CU_ASSERT_EQUAL(log_count("people found 3 of 3 wrong"), 1);
	MODE(b, "enforce");
	bench_close(b);
}

/* What was withdrawn does not stand as an exhibit. */
static void
test_withdrawn(void)
{
	struct bench *b = open_with(GATES);
	json_t *row;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 1, "wrong");
	row = row_of(b, "cases");
	CU_ASSERT_EQUAL(bench_int(row, "exhibits"), 2);
	CU_ASSERT_EQUAL(bench_int(row, "withdrawn"), 1);
	json_decref(row);
	log_begin();
	MOVE(b, "shadow", "p1", "done");
	log_end();
	CU_ASSERT_EQUAL(
	    log_count("enforce to shadow by p1 (2 open violations withdrawn)"), 1);
	row = row_of(b, "cases");
	CU_ASSERT_EQUAL(bench_int(row, "exhibits"), 0);
	CU_ASSERT_EQUAL(bench_int(row, "withdrawn"), 3);
	json_decref(row);
	bench_close(b);
}

/* No hits yet: nobody has most of them. */
static void
test_no_hits(void)
{
	struct bench *b = open_with(GATES);
	json_t *r, *row;
	size_t i;
	int seen = 0;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	r = ask(b, "rule-gate", "rule", "v/kill");
	json_array_foreach(json_object_get(r, "rows"), i, row)
	{
		if (strcmp(bench_str(row, "gate"), "tenants") != 0)
			continue;
		SAME(bench_str(row, "why"), "no hits yet");
		CU_ASSERT_FALSE(json_is_true(json_object_get(row, "holds")));
		seen++;
	}
	CU_ASSERT_EQUAL(seen, 1);
	json_decref(r);
	bench_close(b);
}

/* Found wrong while it waits: nobody has to look at it again; found right it waits on.
 */
static void
test_waiting(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;
	size_t n;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	CU_ASSERT_STRING_EQUAL(moved(b, order("canary", "p1", 99, NULL)), "done");
	post_many(b, 10, 4, "i will kill you");
	for (int i = 0; i < 2; i++) {
		r = bench_ask(
		    b, json_pack("{s:s, s:b}", "cmd", "findings", "waiting", 1));
		n = json_array_size(json_object_get(r, "rows"));
		json_decref(r);
		CU_ASSERT(n >= 2);
		CU_ASSERT_EQUAL(label(b, 1, i == 0 ? "right" : "wrong"), 1);
		r = bench_ask(
		    b, json_pack("{s:s, s:b}", "cmd", "findings", "waiting", 1));
		CU_ASSERT_EQUAL(
		    json_array_size(json_object_get(r, "rows")), n - (size_t)i);
		json_decref(r);
	}
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"names that are none, and packs", test_names},
    {"wishes of others", test_wishes},
    {"what is wished after a rollback, and for how long", test_wish_back},
    {"a wish of one who may no more", test_wish_void},
    {"an end that has passed", test_end_past},
    {"ends that are asked for", test_ends},
    {"gates by their figures", test_gates},
    {"tenants, cases and modes that are none", test_nobody},
    {"what is so already", test_same},
    {"below the floor under an override", test_floor},
    {"what was withdrawn", test_withdrawn},
    {"no hits yet", test_no_hits},
    {"found wrong while it waits", test_waiting},
};

SUITE_MAIN("engine_told", tests)
