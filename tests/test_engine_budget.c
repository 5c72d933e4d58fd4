/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_budget: what one tenant's posts may cost of an endpoint's day, and how
 * long an answer is handed out again, as stories in virtual time.
 */
#include "engine_asker.h"

static const char garden[] =
    "tenants = ( { id = \"garden\"; name = \"Garden\"; contact = "
    "\"g@garden.example\";\n"
    "  manager = \"am@host.example\";\n"
    "  feeds = ( { url = \"http://garden.example/feed\"; } ); }, ";

/* Two tenants; settings of the endpoint. */
static struct bench *
open_two(const char *limits, bool memory)
{
	static char conf[8192];
	const char *at = strstr(bench_conf, "deadline = \"5s\";"),
		   *tenants = strstr(bench_conf, "tenants = ( ");

	snprintf(conf, sizeof(conf),
	    "%.*sretry_for = \"3h\"; endpoints = ( { name = \"local\"; "
	    "url = \"http://127.0.0.1:9/v1\"; parallel = 1; attempts = 3; "
	    "retry_min = \"1s\"; retry_max = \"1s\"; %s } ); %.*s%s%s",
	    (int)(at - bench_conf), bench_conf, limits, (int)(tenants - at), at, garden,
	    tenants + strlen("tenants = ( "));
	return bench_open_with(conf, memory);
}

/* The next poll of that tenant's feed shows these posts; a worker looks at them. */
static void
shows(struct bench *b, const char *host, const struct post *posts, size_t n)
{
	struct caught c;
	uint64_t id = 0;

	for (int hours = 0; hours < 40 && id == 0; hours++) {
		for (size_t k = b->n; k > 0 && bench_take(b, MSG_POLL, &c); k--)
			if (id == 0 && strstr(c.m.poll.url, host) != NULL) {
				id = c.m.poll.id;
				msg_clear(&c.m);
			} else {
				bench_send(b, c.to, c.index, &c.m);
			}
		if (id == 0)
			bench_go(b, CLOCK_HOUR / 4);
	}
	CU_ASSERT_FATAL(id != 0);
	bench_answer(b, id, POLLED_OK, posts, n);
	inspect(b);
}

/* The text that is asked about next, and the question's number; "" if there is none. */
static const char *
next_text(struct bench *b, uint64_t *id)
{
	static char text[64];
	struct caught c;

	text[0] = '\0';
	if (bench_take(b, MSG_ASK, &c)) {
		snprintf(text, sizeof(text), "%.*s", (int)c.m.ask.body.len,
		    c.m.ask.body.data);
		*id = c.m.ask.id;
		msg_clear(&c.m);
	}
	return text;
}

#define NEXT(b, id, want) CU_ASSERT_STRING_EQUAL(next_text(b, &(id)), want)

static int64_t
refused(struct bench *b)
{
	json_t *o = engine_stats(b->engine, b->now);
	int64_t n = bench_int(o, "asks_refused");

	json_decref(o);
	return n;
}

static const struct post flood[] = {{"1", "ask 1"}, {"2", "ask 2"}, {"3", "ask 3"},
    {"4", "ask 4"}, {"5", "ask 5"}, {"6", "ask 6"}, {"7", "ask 7"}, {"8", "ask 8"}};

/* A flood of one tenant takes its half; the other one is asked about in its turn. */
static void
test_flood(void)
{
	static const struct post posts[] = {
	    {"a", "ask me"}, {"b", "ask 8"}, {"c", "ask 1"}};
	struct bench *b = open_two("day_requests = 8;", true);
	const json_t *row;
	uint64_t id = 0;
	json_t *o;

	shows(b, "forum", flood, 8);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 4);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "the tenant's share of the day's budget "
					      "of endpoint local is spent: 4 of 8"));
	CU_ASSERT_EQUAL(refused(b), 4);
	NEXT(b, id, "{\"text\":\"ask 1\"}");
	shows(b, "garden", posts, 3);
	answer(b, id, 200, 0);
	inspect(b);
	/* What nobody pays for twice is there for both; what the first one could not
	 * pay is asked for the second. */
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 2);
	NEXT(b, id, "{\"text\":\"ask me\"}"); /* before what the flood has left */
	answer(b, id, 200, 0);
	NEXT(b, id, "{\"text\":\"ask 2\"}");
	answer(b, id, 200, 0);
	NEXT(b, id, "{\"text\":\"ask 8\"}");
	answer(b, id, 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 4);
	o = bench_ask(b, json_pack("{s:s}", "cmd", "endpoints"));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(o, "rows")), 3);
	row = json_array_get(json_object_get(o, "rows"), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(row, "tenant"), "forum");
	CU_ASSERT_EQUAL(bench_int(row, "requests"), 4);
	CU_ASSERT_EQUAL(bench_int(row, "of_requests"), 4);
	CU_ASSERT_EQUAL(bench_int(row, "refused"), 4);
	row = json_array_get(json_object_get(o, "rows"), 2);
	CU_ASSERT_STRING_EQUAL(bench_str(row, "tenant"), "garden");
	CU_ASSERT_EQUAL(bench_int(row, "requests"), 2);
	json_decref(o);
	bench_close(b);
}

/* The share is counted over a restart, and is there again the next day. */
static void
test_next_day(void)
{
	static const struct post more[] = {{"9", "ask 9"}}, last[] = {{"10", "ask 10"}};
	struct bench *b = open_two("day_requests = 4;", false);
	uint64_t id = 0;

	shows(b, "forum", flood, 2);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
	inspect(b);
	shows(b, "forum", more, 1);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT(next_text(b, &id)[0] != '\0');
		answer(b, id, 200, 0);
	}
	go(b, 17 * CLOCK_HOUR);
	shows(b, "forum", last, 1);
	NEXT(b, id, "{\"text\":\"ask 10\"}");
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	bench_close(b);
}

/* Tries and tokens are charged as well. */
static void
test_cost(void)
{
	struct bench *b = open_two("day_requests = 10;", true);
	uint64_t id = 0;

	shows(b, "forum", flood, 1);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT(next_text(b, &id)[0] != '\0');
		answer(b, id, 500, 0);
		go(b, 2 * CLOCK_SEC);
	}
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	shows(b, "forum", flood, 4); /* three more, of which two may */
	CU_ASSERT_EQUAL(refused(b), 1);
	bench_close(b);
	b = open_two("day_tokens = 100;", true); /* an answer takes 40 */
	for (size_t i = 1; i <= 2; i++) {
		shows(b, "forum", flood, i);
		CU_ASSERT(next_text(b, &id)[0] != '\0');
		answer(b, id, 200, 0);
		inspect(b);
	}
	shows(b, "forum", flood, 3);
	CU_ASSERT_EQUAL(refused(b), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why(b), "is spent: 50 of 100 tokens"));
	bench_close(b);
}

/* One tenant's share of all is all. */
static void
test_alone(void)
{
	struct bench *b = open_two("day_requests = 8; tenant_share = 1.0;", true);

	shows(b, "forum", flood, 8);
	CU_ASSERT_EQUAL(refused(b), 0);
	bench_close(b);
}

/* --- answers that grow too old --- */

/* After a long time there are requests that nobody waits for any more. */
static void
feed_again(struct bench *b, const struct post *posts, size_t n)
{
	size_t before = bench_count(b, "capture");

	for (int i = 0; i < 8 && bench_count(b, "capture") == before; i++)
		bench_feed(b, posts, n);
	CU_ASSERT(bench_count(b, "capture") > before);
}

static void
test_too_old(void)
{
	static const struct post posts[] = {
	    {"a", "ask me"}, {"b", "ask me"}, {"c", "ask me"}};
	struct bench *b = open_with("answers_for = \"6h\";");
	const json_t *models, *row;
	json_t *o;

	bench_feed(b, posts, 1);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	go(b, CLOCK_HOUR);
	feed_again(b, posts, 2);
	inspect(b);
	inspect(b);
	CU_ASSERT_EQUAL(asked(b), 0); /* not so old: it serves */
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 2);
	go(b, 5 * CLOCK_HOUR);
	feed_again(b, posts, 3);
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 2);
	answer(b, asked(b), 200, 0);
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 3);
	CU_ASSERT_EQUAL(bench_count(b, "answer"), 2);
	/* Each finding still names the answer that it rests on. */
	o = bench_ask(b, json_pack("{s:s}", "cmd", "reviews"));
	row = json_array_get(json_object_get(o, "rows"), 0);
	models = json_object_get(row, "models");
	CU_ASSERT_EQUAL(json_array_size(models), 1);
	row = json_array_get(json_object_get(o, "rows"), 2);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(row, "models")), 1);
	CU_ASSERT(
	    bench_int(json_array_get(models, 0), "entry") <
	    bench_int(json_array_get(json_object_get(row, "models"), 0), "entry"));
	json_decref(o);
	bench_close(b);
}

/* The same, for a post that is looked at again because of a report. */
static void
test_report_after(void)
{
	static const struct post posts[] = {{"a", "ask me"}};
	struct bench *b = open_with("answers_for = \"6h\";");
	json_t *o;

	bench_feed(b, posts, 1);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	go(b, 6 * CLOCK_HOUR);
	o = bench_ask(b, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "report", "item", "1",
			     "person", "p1", "reason", "again"));
	CU_ASSERT(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	bench_tick(b);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT(asked(b) != 0);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"a flood", test_flood},
    {"the next day", test_next_day},
    {"tries and tokens", test_cost},
    {"a share of all", test_alone},
    {"an answer that is too old", test_too_old},
    {"a report after that", test_report_after},
};

SUITE_MAIN("engine_budget", tests)
