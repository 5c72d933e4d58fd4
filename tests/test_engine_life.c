/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_life: the life of rules in the engine, in virtual time: modes in force,
 * gates, people, canaries, falls, rollbacks, overrides, what is counted.
 */
#include "life_bench.h"

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
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "labels: 0 judged, 3 wanted"));
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

/* Somebody confirms it; what the answer says came of that. */
static void
confirm(struct bench *b, const char *finding, const char *counts)
{
	json_t *r = bench_ask(b, review("confirm", finding));

	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(json_object_get(r, "rows"), 0), "counts"), counts);
	json_decref(r);
}

/* An edit does not take a post out of the canary, or into it. */
static void
test_canary_edited(void)
{
	struct bench *b = open_with(GATES);
	json_t *o;
	size_t n;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	o = move_json("canary", "p1");
	json_object_set_new(o, "share", json_integer(50));
	CU_ASSERT_STRING_EQUAL(moved(b, o), "done");
	post_many(b, 10, 20, "i will kill you");
	n = bench_count(b, "review");
	CU_ASSERT(n > 3 && n < 17);
	post_many(b, 10, 20, "tomorrow i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "review"), 2 * n);
	bench_close(b);
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
	confirm(b, id, "a violation now");
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

/* The rule is a canary, and what it finds in a post, finding 4, waits for a person. */
static void
canary_finds(struct bench *b)
{
	json_t *o = move_json("canary", "p1");

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 100, 3, "i will kill you");
	label(b, 3, "right");
	json_object_set_new(o, "share", json_integer(99));
	CU_ASSERT_STRING_EQUAL(moved(b, o), "done");
	post_many(b, 1, 1, "i will kill you");
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "review"), 1);
}

/* A confirmed finding of a post that was edited meanwhile is a label only. */
static void
test_canary_late(void)
{
	static const struct post mended[] = {{"p1", "good morning"}};
	struct bench *b = open_with(GATES);

	canary_finds(b);
	bench_feed(b, mended, 1);
	bench_inspect(b);
	confirm(b, "4", "the post was edited since");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	bench_close(b);
}

/* Of a text that is erased nothing is left that a notice could show. */
static void
test_canary_erased(void)
{
	struct bench *b = open_with(GATES);

	canary_finds(b);
	bench_erase(b);
	confirm(b, "4", "its text is not kept any more");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "label"), 4);
	bench_close(b);
}

/* Between a start and the first word of a worker nobody knows what plugins allow: a
 * rule that its plugin holds back makes no violation meanwhile. */
static void
test_canary_early(void)
{
	struct bench *b = open_with(GATES);
	json_t *r;

	canary_finds(b);
	rules(b, "d2", MODE_SHADOW, 1, MODE_SHADOW);
	MODE(b, "shadow");
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	r = bench_ask(b, review("confirm", "4"));
	CU_ASSERT_FALSE(json_is_true(json_object_get(r, "ok")));
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(r, "error"), "try again"));
	json_decref(r);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "label"), 3); /* and nothing was said */
	rules(b, "d2", MODE_SHADOW, 1, MODE_SHADOW);
	confirm(b, "4", "the rule counts no more");
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
	/* An exhibit that is not there: nothing is decided. */
	r = bench_ask(b, json_pack("{s:s, s:s, s:s, s:s, s:s, s:[i, i]}", "cmd",
			     "appeal", "case", "2026-000001", "what", "uphold",
			     "person", "p1", "reason", "a song", "exhibits", 2, 4));
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(r, "error"), "no exhibit 4"));
	json_decref(r);
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
	/* Of a newer revision there are none, which is not all there is to say. */
	rules(b, "d2", MODE_SHADOW, 2, MODE_ENFORCE);
	r = ask(b, "rule-relied", "rule", "v/kill");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "rows")), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(r, "note"),
	    "no notice relied on v/kill rev 2, but on rev 1: tosctl policy relied "
	    "v/kill --rev 1");
	json_decref(r);
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
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

/* A word about what a post said before is none about what it says now. */
static void
test_label_of_older(void)
{
	struct bench *b =
	    open_with("life_cycle = \"packs\"; gates = { labels = 40; };");
	json_t *r;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "time to kill some weeds");
	rules(b, "d2", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	r = bench_ask(
	    b, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "label", "finding", "1",
		   "verdict", "wrong", "person", "p1", "reason", "a garden"));
	CU_ASSERT_TRUE(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	r = ask(b, "violations", NULL, NULL);
	CU_ASSERT_PTR_NULL(json_object_get(
	    json_array_get(json_object_get(r, "rows"), 0), "withdrawn"));
	json_decref(r);
	bench_close(b);
}

/* The first finding of a rule is judged to be wrong. */
static void
judge_wrong(struct bench *b, const char *rule)
{
	json_t *r = ask(b, "findings", NULL, NULL);
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(r, "rows"), i, row)
	{
		char id[24];

		if (strcmp(bench_str(row, "rule"), rule) != 0)
			continue;
		snprintf(id, sizeof(id), "%lld", (long long)bench_int(row, "id"));
		json_decref(bench_ask(
		    b, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "label", "finding",
			   id, "verdict", "wrong", "person", "p1", "reason", "read")));
		break;
	}
	json_decref(r);
}

/* The deadline is that of what the tenant is told of: not of a critical post that a
 * person judged wrong before, nor of one that joins after the notice was made. */
static void
test_deadline_as_told(void)
{
	static const struct post two[] = {
	    {.id = "a", .text = "a bomb"}, {.id = "b", .text = "i will kill you"}};
	struct bench *b = bench_open();
	json_t *to;
	char *mail, day[CLOCK_TEXT];

	bench_reconf(
	    b, "deadline = \"6h\";", "deadline = \"48h\"; deadline_critical = \"1h\";");
	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	bench_feed(b, two, 2);
	bench_inspect(b);
	CU_ASSERT_EQUAL(violations(b), 2);
	judge_wrong(b, "v/bomb");
	bench_go(b, 5 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	mail = bench_notice(b);
	CU_ASSERT_PTR_NULL(strstr(mail, "bomb"));
	clock_format(b->now + 48 * CLOCK_HOUR, day);
	day[10] = '\0';
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, day));
	free(mail);
	post_many(b, 2, 1, "another bomb");
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	to = json_object_get(bench_last(b, "step"), "to");
	CU_ASSERT_STRING_EQUAL(bench_str(to, "phase"), "running");
	CU_ASSERT_EQUAL(
	    bench_int(to, "deadline") - bench_int(to, "clock_since"), 48 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "step"), "event_severity"), 30);
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
		CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o),
		    "an override lasts 7 d 0 h at most (policy.gates.override)"));
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

static void
override(struct bench *b, int64_t until)
{
	char t[CLOCK_TEXT];

	for (int i = 0; i < 2; i++) {
		json_t *o = move_json("enforce", i == 0 ? "p1" : "p2");

		json_object_set_new(o, "emergency", json_true());
		json_object_set_new(o, "until", json_string(clock_format(until, t)));
		CU_ASSERT_STRING_EQUAL(moved(b, o), i == 0 ? "waits" : "done");
	}
}

/* The end comes while the daemon is down: whether the gates hold is seen once workers
 * have told what they have, not before. */
static void
test_override_ends_away(void)
{
	for (int holds = 0; holds < 2; holds++) {
		struct bench *b = open_with(GATES);

		rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
		override(b, b->now + CLOCK_DAY);
		post_many(b, 0, 3, "i will kill you");
		CU_ASSERT_EQUAL(label(b, holds ? 3 : 1, "right"), holds ? 3 : 1);
		engine_free(&b->engine, b->now);
		bench_forget(b);
		b->now += 25 * CLOCK_HOUR;
		bench_start(b);
		bench_tick(b);
		CU_ASSERT_EQUAL(engine_life_due(b->engine, b->now), CLOCK_NONE);
		CU_ASSERT_EQUAL(bench_count(b, "mode"), 2);
		rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
		MODE(b, holds ? "enforce" : "shadow");
		CU_ASSERT_EQUAL(bench_count(b, "mode"), 3);
		CU_ASSERT_STRING_EQUAL(
		    bench_str(bench_last(b, "mode"), "move"), "lapse");
		bench_close(b);
	}
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
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, move_json("enforce", "p2")),
	    "p2 is no approver (staff in tosd.conf)"));
	o = move_json("shadow", "p2");
	json_object_set_new(o, "reason", json_string(" \n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o), "reason is needed"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(moved(b, move_json("demote", "p1")), "say shadow"));
	MOVE(b, "shadow", "p2", "done");
	o = move_json("shadow", "p1");
	json_object_set_new(o, "rules", json_pack("[s]", "nobody"));
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o), "no rule or pack `nobody'"));
	/* All names or none; and each rule once. */
	o = move_json("retire", "p1");
	json_object_set_new(o, "rules", json_pack("[s, s]", "v/kill", "v/nope"));
	CU_ASSERT_PTR_NOT_NULL(strstr(moved(b, o), "no rule or pack `v/nope'"));
	MODE(b, "shadow");
	o = move_json("shadow", "p1");
	json_object_set_new(o, "rules", json_pack("[s, s]", "v/kill", "v"));
	CU_ASSERT_EQUAL(count_rows(bench_ask(b, o)), 1);
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
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "days with hits people judged"));
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

/* What was withdrawn with one revision of a rule does not stand for what the next one
 * finds in a later text of the post; nor does it count again beside it. */
static void
test_next_rev(void)
{
	struct bench *b = open_with(GATES);
	json_t *r, *rows;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	MOVE(b, "shadow", "p1", "done");
	rules(b, "d2", MODE_ENFORCE, 2, MODE_ENFORCE);
	b->rev = 2;
	post_many(b, 0, 1, "tomorrow i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "violation"), "rev"), 2);
	post_many(b, 0, 1, "today i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	rules(b, "d3", MODE_ENFORCE, 1, MODE_ENFORCE);
	MOVE(b, "rollback", "p1", "waits");
	MOVE(b, "rollback", "p2", "done");
	CU_ASSERT_EQUAL(violations(b), 2);
	r = ask(b, "violations", NULL, NULL);
	rows = json_object_get(r, "rows");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(rows, 0), "presence"), "edited");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(rows, 1), "presence"), "online");
	json_decref(r);
	bench_close(b);
}

/* The pack is gone: what is said of its rules must not sound as if they found anything.
 */
static void
test_unloaded(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);
	struct msg m;
	json_t *o;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	MOVE(b, "enforce", "p1", "same");
	MOVE(b, "shadow", "p1", "done");
	MOVE(b, "shadow", "p1", "same");
	MOVE(b, "rollback", "p1", "waits");
	SAME(why_last, "it leads back to enforce");
	MOVE(b, "rollback", "p2", "done");
	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup("d2");
	m.rules.v = xcalloc(1, sizeof(*m.rules.v));
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
	MODE(b, "enforce");
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "no such rule is loaded"));
	MOVE(b, "shadow", "p1", "done"); /* should its pack come back */
	MOVE(b, "shadow", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "no such rule is loaded"));
	o = move_json("retire", "p1");
	json_object_set_new(o, "rules", json_pack("[s]", "v"));
	o = bench_ask(b, o);
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(o, "error"),
	    "of the pack `v' no rule is loaded: name those that are meant one by one"));
	json_decref(o);
	MOVE(b, "retire", "p1", "done");
	MOVE(b, "retire", "p1", "same");
	bench_close(b);
}

static bool
is_by(struct bench *b, const char *who)
{
	json_t *r = ask(b, "rules", "rule", "v/kill");
	bool same = strcmp(who, bench_str(json_array_get(json_object_get(r, "rows"), 0),
				    "by")) == 0;

	json_decref(r);
	return same;
}

/* A rollback leads back to a move of others, and is nobody's but who made it. */
static void
test_by(void)
{
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	CU_ASSERT_TRUE(is_by(b, "pack"));
	MOVE(b, "shadow", "p1", "same");
	CU_ASSERT_TRUE(is_by(b, "pack"));
	MOVE(b, "retire", "p1", "done");
	CU_ASSERT_TRUE(is_by(b, "p1"));
	MOVE(b, "shadow", "p2", "done");
	MOVE(b, "rollback", "p2", "done");
	MODE(b, "retired");
	CU_ASSERT_TRUE(is_by(b, "p2"));
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	CU_ASSERT_TRUE(is_by(b, "p2"));
	MOVE(b, "shadow", "p1", "done");
	CU_ASSERT_TRUE(is_by(b, "p1"));
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"a rule that is loaded no more", test_unloaded},
    {"who moved it last", test_by},
    {"from shadow to enforce", test_way_up},
    {"as packs declare", test_packs},
    {"drafts and retired rules are counted only", test_draft},
    {"a canary waits for a person", test_canary},
    {"a canary and an edit", test_canary_edited},
    {"a canary confirmed too late", test_canary_late},
    {"a canary confirmed when it is erased", test_canary_erased},
    {"a canary confirmed before workers have spoken", test_canary_early},
    {"an appeal takes a rule down", test_fall},
    {"nothing left to say", test_unsaid},
    {"a label before the notice", test_label_withdraws},
    {"a label of an older text", test_label_of_older},
    {"the deadline of what was told", test_deadline_as_told},
    {"an override ends", test_override},
    {"an override ends while nobody is there", test_override_ends_away},
    {"who may", test_people},
    {"what a plugin allows", test_limit},
    {"a restart", test_restart},
    {"on each of the last days", test_days},
    {"a note", test_note},
    {"counting is cheap", test_cheap},
    {"a rule that counts no more", test_not_mended},
    {"what the next revision of a rule finds", test_next_rev},
};

SUITE_MAIN("engine_life", tests)
