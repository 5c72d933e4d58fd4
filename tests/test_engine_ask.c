/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_ask: questions of plugins to model endpoints, as stories in virtual time:
 * a worker that asks about every post with the word `ask', and an endpoint in our hand.
 */
#include "engine_asker.h"

/* --- stories --- */

/* Two posts with one text are one question; what is found for review is no violation.
 */
static void
test_once(void)
{
	static const struct post posts[] = {{"a", "ask me"}, {"b", "ask me"},
	    {"c", "kill them, or ask"}, {"d", "hello"}};
	struct bench *b = open_with("");
	uint64_t one, two;

	bench_feed(b, posts, 4);
	CU_ASSERT_EQUAL(inspect(b), 4);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1); /* the rule's, at once */
	one = asked(b);
	two = asked(b);
	CU_ASSERT(one != 0 && two != 0);
	CU_ASSERT_EQUAL(asked(b), 0);
	answer(b, one, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 2);
	answer(b, one, 200, 0); /* a second time: nobody asked */
	CU_ASSERT_EQUAL(bench_count(b, "answer"), 1);
	answer(b, two, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "answer"), 2);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 3);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "answer"), "tokens"), 40);
	/* Nothing is left to be done. */
	go(b, CLOCK_HOUR / 2);
	CU_ASSERT_EQUAL(asked(b), 0);
	bench_close(b);
}

/* Who says when to come again is left alone so long, and it is no attempt. */
static void
test_busy(void)
{
	static const struct post posts[] = {{"a", "ask me"}, {"b", "ask her"}};
	struct bench *b = open_with("");
	uint64_t id;

	bench_feed(b, posts, 1);
	inspect(b);
	for (int i = 0; i < 10; i++) {
		id = asked(b);
		CU_ASSERT(id != 0);
		answer(b, id, i % 2 ? 429 : 503, 40 * CLOCK_SEC);
		go(b, 39 * CLOCK_SEC);
		CU_ASSERT_EQUAL(asked(b), 0);
		go(b, 2 * CLOCK_SEC);
	}
	id = asked(b);
	answer(b, id, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	/* Longer than retry_max is not waited for. */
	bench_feed(b, posts, 2);
	inspect(b);
	answer(b, asked(b), 429, CLOCK_DAY);
	go(b, CLOCK_MIN + CLOCK_SEC);
	CU_ASSERT(asked(b) != 0);
	bench_close(b);
}

/* What the endpoint fails over ends as degraded, and rests for a day. */
static void
test_fails(void)
{
	static const struct post posts[] = {
	    {"a", "ask me"}, {"b", "ask me"}, {"c", "ask me"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	for (int i = 0; i < 3; i++) {
		uint64_t id = asked(b);

		CU_ASSERT(id != 0);
		answer(b, id, 500, 0);
		go(b, 9 * CLOCK_SEC);
		CU_ASSERT_EQUAL(asked(b), 0);
		go(b, CLOCK_MIN);
	}
	CU_ASSERT_EQUAL(asked(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "after 3 tries: HTTP status 500"));
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 0);
	bench_feed(b, posts, 2); /* another post with the text: not asked again today */
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 2);
	CU_ASSERT_EQUAL(asked(b), 0);
	go(b, CLOCK_DAY);
	bench_feed(b, posts, 3);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 2);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	bench_close(b);
}

/* What is no answer of the protocol is asked for again, whatever its status, and is not
 * kept; what the model says in one is the plugin's to judge. */
static void
test_no_form(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	static const char *const bodies[] = {
	    "<html>welcome</html>", "{\"error\":{\"message\":\"upstream\"}}"};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		uint64_t id = asked(b);

		CU_ASSERT(id != 0);
		answer_with(b, id, 200, 0, bodies[i]);
		CU_ASSERT_EQUAL(bench_count(b, "answer"), 0);
		go(b, CLOCK_MIN);
	}
	answer(b, asked(b), 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "answer"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	bench_close(b);
}

/* A text that an endpoint fails over holds up nobody else; one after the other does. */
static void
test_poison(void)
{
	static const struct post posts[] = {{"a", "ask me"}, {"b", "ask her"},
	    {"c", "ask him"}, {"d", "ask them"}, {"e", "ask us"}, {"f", "ask on"}};
	struct bench *b = open_with("parallel = 1;");
	uint64_t id;

	bench_feed(b, posts, 6);
	inspect(b);
	answer(b, asked(b), 500, 0);
	id = asked(b);
	CU_ASSERT(id != 0); /* the next one, at once */
	answer(b, id, 200, 0);
	for (int i = 0; i < 4; i++) {
		id = asked(b);
		CU_ASSERT(id != 0);
		answer(b, id, 500, 0);
	}
	CU_ASSERT_EQUAL(asked(b), 0);
	go(b, 11 * CLOCK_SEC);
	CU_ASSERT(asked(b) != 0);
	bench_close(b);
}

/* A refused key is no attempt, but not waited for without end. */
static void
test_refused(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("");
	unsigned n = 0;

	bench_feed(b, posts, 1);
	inspect(b);
	for (int i = 0; i < 8000 && bench_count(b, "degraded") == 0; i++) {
		uint64_t id = asked(b);

		if (id != 0)
			answer(b, id, 401, 0);
		n += id != 0;
		go(b, CLOCK_MIN);
	}
	CU_ASSERT(n > 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "gave no answer for 3 h"));
	bench_close(b);
}

static void
test_budget(void)
{
	static const struct post posts[] = {
	    {"a", "ask me"}, {"b", "ask her"}, {"c", "ask him"}, {"d", "ask them"}};
	struct bench *b = open_with("day_requests = 2;");

	bench_feed(b, posts, 3);
	inspect(b);
	answer(b, asked(b), 200, 0);
	answer(b, asked(b), 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(asked(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 2);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(why(b), "the day's budget of endpoint local is spent: 2 requests"));
	go(b, CLOCK_DAY);
	bench_feed(b, posts, 4);
	inspect(b);
	CU_ASSERT(asked(b) != 0);
	bench_close(b);
	/* Tokens, as the endpoint counts them. */
	b = open_with("day_tokens = 60;");
	bench_feed(b, posts, 4);
	inspect(b);
	for (int i = 0; i < 3; i++) /* the third left when 40 were known of */
		answer(b, asked(b), 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(asked(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "is spent: 60 tokens"));
	bench_close(b);
}

/* No more at a time than is allowed. */
static void
test_parallel(void)
{
	static const struct post posts[] = {
	    {"a", "ask me"}, {"b", "ask her"}, {"c", "ask him"}};
	struct bench *b = open_with("");
	uint64_t one;

	bench_feed(b, posts, 3);
	inspect(b);
	one = asked(b);
	CU_ASSERT(one != 0 && asked(b) != 0);
	CU_ASSERT_EQUAL(asked(b), 0);
	answer(b, one, 200, 0);
	CU_ASSERT(asked(b) != 0);
	bench_close(b);
}

/* Two plugins ask about one post: each answer brings it back at once, the last one too.
 */
static void
test_two(void)
{
	static const struct post posts[] = {{"a", "ask both"}};
	struct bench *b = open_with("");
	uint64_t one, two;

	bench_feed(b, posts, 1);
	CU_ASSERT_EQUAL(inspect(b), 1);
	one = asked(b);
	two = asked(b);
	CU_ASSERT(one != 0 && two != 0);
	answer(b, one, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	answer(b, two, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	bench_close(b);
}

/* A fetcher that dies with a question: again, and not for ever. */
static void
test_fetch_dies(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT(asked(b) != 0);
		engine_peer_down(b->engine, ROLE_FETCH, 0, b->now);
		go(b, 2 * CLOCK_MIN);
		CU_ASSERT_EQUAL(asked(b), 0); /* nobody is there to ask */
		engine_peer_up(b->engine, ROLE_FETCH, 0, b->now);
		go(b, CLOCK_SEC);
	}
	CU_ASSERT_EQUAL(asked(b), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "the fetcher died over it"));
	bench_close(b);
}

/* A restart with a question out asks once more; with the answer kept, never. */
static void
test_restart(void)
{
	static const struct post posts[] = {{"a", "ask me"}, {"b", "ask me"}};
	struct bench *b = open_with("");
	uint64_t id;

	bench_feed(b, posts, 1);
	inspect(b);
	CU_ASSERT(asked(b) != 0);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
	inspect(b);
	id = asked(b);
	CU_ASSERT(id != 0);
	CU_ASSERT_EQUAL(asked(b), 0);
	answer(b, id, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_feed(b, posts, 2);
	inspect(b);
	inspect(b);
	CU_ASSERT_EQUAL(asked(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 2);
	bench_close(b);
}

/* What a 4xx says about the question itself is an answer, and goes to the plugin. */
static void
test_bad_request(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	answer(b, asked(b), 413, 0);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "answer"), "status"), 413);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(asked(b), 0);
	bench_close(b);
}

/* --- a person's word --- */

static json_t *
say(struct bench *b, const char *finding, const char *what)
{
	return bench_ask(
	    b, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "review", "finding",
		   finding, "what", what, "person", "p1", "reason", "read it twice"));
}

static size_t
reviews(struct bench *b, bool all)
{
	json_t *o = bench_ask(b, json_pack("{s:s, s:b}", "cmd", "reviews", "all", all));
	size_t n = json_array_size(json_object_get(o, "rows"));

	json_decref(o);
	return n;
}

/* What a person says closes it, once, and is a label; it never becomes a violation. */
static void
test_word(void)
{
	static const struct post posts[] = {{"a", "ask me"}, {"b", "ask her"}};
	struct bench *b = open_with("");
	const json_t *row, *label;
	json_t *o;

	bench_feed(b, posts, 2);
	inspect(b);
	answer(b, asked(b), 200, 0);
	answer(b, asked(b), 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(reviews(b, false), 2);
	o = say(b, "1", "confirm");
	CU_ASSERT(json_is_true(json_object_get(o, "ok")));
	row = json_array_get(json_object_get(o, "rows"), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(row, "counts"), "never counts"));
	CU_ASSERT_EQUAL(bench_int(row, "rule_right"), 1);
	json_decref(o);
	label = bench_last(b, "label");
	CU_ASSERT_STRING_EQUAL(bench_str(label, "rule"), "moderation/threat");
	CU_ASSERT_STRING_EQUAL(bench_str(label, "by"), "review");
	CU_ASSERT_STRING_EQUAL(bench_str(label, "person"), "p1");
	CU_ASSERT(json_is_true(json_object_get(label, "right")));
	o = say(b, "1", "dismiss");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(bench_str(o, "error"), "does not wait for a person"));
	json_decref(o);
	CU_ASSERT_EQUAL(reviews(b, false), 1);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	o = say(b, "1", "dismiss");
	CU_ASSERT_FALSE(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	o = say(b, "2", "dismiss");
	row = json_array_get(json_object_get(o, "rows"), 0);
	CU_ASSERT_EQUAL(bench_int(row, "rule_right"), 1);
	CU_ASSERT_EQUAL(bench_int(row, "rule_wrong"), 1);
	json_decref(o);
	CU_ASSERT_EQUAL(reviews(b, false), 0);
	CU_ASSERT_EQUAL(reviews(b, true), 2);
	CU_ASSERT_EQUAL(bench_count(b, "label"), 2);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	bench_close(b);
}

/* Whose post it is is told to those who asked for it by name. */
static void
test_blind(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("");
	const json_t *row;
	json_t *o;

	bench_feed(b, posts, 1);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	o = bench_ask(b, json_pack("{s:s}", "cmd", "reviews"));
	row = json_array_get(json_object_get(o, "rows"), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(row, "of"), "model");
	CU_ASSERT_STRING_EQUAL(bench_str(row, "state"), "waits");
	CU_ASSERT_STRING_EQUAL(bench_str(row, "quote"), "ask");
	CU_ASSERT_PTR_NULL(json_object_get(row, "tenant"));
	CU_ASSERT_PTR_NULL(json_object_get(row, "url"));
	json_decref(o);
	o = bench_ask(b, json_pack("{s:s, s:s}", "cmd", "reviews", "tenant", "forum"));
	row = json_array_get(json_object_get(o, "rows"), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(row, "tenant"), "forum");
	json_decref(o);
	bench_close(b);
}

/* What is erased is not asked, unless somebody else has the same text; and who asks
 * about it later asks anew. */
static void
test_erased(void)
{
	static const struct post first[] = {{"a", "ask me"}, {"b", "ask her"}};
	static const struct post then[] = {{"c", "ask me"}, {"d", "ask her"}};
	struct bench *b = open_with("parallel = 1;");
	uint64_t id;

	bench_feed(b, first, 2);
	inspect(b);
	id = asked(b); /* `ask me' is under way, `ask her' waits */
	CU_ASSERT(id != 0);
	bench_erase(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "erased"));
	answer(b, id, 200, 0);
	CU_ASSERT_EQUAL(bench_count(b, "answer"), 0);
	CU_ASSERT_EQUAL(inspect(b), 0);
	go(b, CLOCK_MIN);
	CU_ASSERT_EQUAL(asked(b), 0);
	bench_feed(b, then, 1);
	inspect(b);
	CU_ASSERT(asked(b) != 0);
	bench_feed(b, then, 2); /* the other one has a capture of its own */
	inspect(b);
	bench_erase(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 3);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 0);
	bench_close(b);
}

/* Two posts with one text: one of them is erased. */
static void
test_erased_half(void)
{
	static const struct post one[] = {{"a", "ask me"}};
	static const struct post both[] = {{"a", "ask me"}, {"b", "ask me"}};
	struct bench *b = open_with("");
	uint64_t id;

	bench_feed(b, one, 1);
	inspect(b);
	id = asked(b);
	CU_ASSERT(id != 0);
	b->now += CLOCK_SEC;
	bench_feed(b, both, 2);
	inspect(b);
	bench_erase(b);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "degraded"), "revision"), 2);
	answer(b, id, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "answer"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	bench_close(b);
}

/* The last look is under way when the answer comes: there is one more. */
static void
test_last_moment(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("");
	struct caught c;
	int64_t start;
	uint64_t id;

	bench_feed(b, posts, 1);
	start = b->now;
	inspect(b);
	id = asked(b);
	CU_ASSERT(id != 0);
	go(b, 3 * CLOCK_HOUR - CLOCK_MIN);
	/* Those before the last one bring nothing. */
	for (int i = 0; i < 120 && b->now - start <= 3 * CLOCK_HOUR; i++) {
		inspect(b);
		bench_go(b, CLOCK_SEC);
	}
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	answer(b, id, 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	go(b, CLOCK_SEC);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	bench_close(b);
}

/* A plugin that asks what it was answered, again and again, ends all the same. */
static void
test_asks_again(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	answer(b, asked(b), 200, 0);
	for (int i = 0; i < 8000 && bench_count(b, "degraded") == 0; i++) {
		struct caught c;
		struct msg m;
		uint64_t id;

		bench_go(b, 2 * CLOCK_SEC);
		if ((id = asked(b)) != 0)
			answer(b, id, 200, 0);
		if (!bench_take(b, MSG_INSPECT, &c))
			continue;
		bench_judged(&c, "d1", 1, &m);
		m.inspected.v[0].revision = c.m.inspect.v[0].revision;
		put_question(&m.inspected.v[0], "moderation", "ask me");
		engine_handle(b->engine, &m, b->now);
		msg_clear(&m);
		msg_clear(&c.m);
		bench_tick(b);
	}
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "gave no answer for 3"));
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"an answer in the last moment", test_last_moment},
    {"the same again and again", test_asks_again},
    {"an erased text", test_erased},
    {"one of two is erased", test_erased_half},
    {"one text, one question", test_once},
    {"come again later", test_busy},
    {"what the endpoint fails over", test_fails},
    {"an answer that is none", test_no_form},
    {"a text that it fails over", test_poison},
    {"a refused key", test_refused},
    {"budgets of a day", test_budget},
    {"so many at a time", test_parallel},
    {"two plugins ask", test_two},
    {"a fetcher that dies with it", test_fetch_dies},
    {"restarts", test_restart},
    {"a bad question", test_bad_request},
    {"a person's word", test_word},
    {"people judge blind", test_blind},
};

SUITE_MAIN("engine_ask", tests)
