/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_queue: who waits for a worker, and for how long: the queue beside a plain
 * one, and tenants who flood us while others have one post.
 */
#include "engine/engine_in.h"

#include <stdlib.h>

#include "engine_bench.h"

/* --- the queue alone --- */

#define LANES 5
#define MOST 4000

static uint32_t seed = 1;

static uint32_t
dice(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Whatever is added, taken and given back: each comes once, and in its order within its
 * lane. */
static void
test_order(void)
{
	struct engine_queue *q = xcalloc(1, sizeof(*q));
	int64_t added[LANES] = {0}, came[LANES] = {0};
	size_t n = 0;

	q->run = 3;
	for (int i = 0; i < MOST; i++) {
		uint32_t lane = dice(LANES), from;
		int64_t id;

		if (i < MOST / 2 && dice(3) > 0) {
			engine_queue_add(q, lane == 0 ? ENGINE_LANE_AGAIN : lane,
			    added[lane]++ * LANES + lane);
			n++;
		} else if (n > 0) {
			id = engine_queue_take(q, &from);
			lane = from == ENGINE_LANE_AGAIN ? 0 : from;
			CU_ASSERT_EQUAL(id, came[lane] * LANES + lane);
			if (dice(4) == 0) {
				engine_queue_back(q, from, id);
			} else {
				came[lane]++;
				n--;
			}
		}
		CU_ASSERT_EQUAL_FATAL(q->n, n);
	}
	for (uint32_t from; q->n > 0; n--) {
		engine_queue_take(q, &from);
		came[from == ENGINE_LANE_AGAIN ? 0 : from]++;
	}
	CU_ASSERT_EQUAL(n, 0);
	for (int i = 0; i < LANES; i++)
		CU_ASSERT_EQUAL(came[i], added[i]);
	engine_queue_free(q);
	free(q);
}

/* Runs of one lane, then of the next. */
static void
test_runs(void)
{
	static const uint32_t want[] = {7, 7, 8, 8, 7, 7, 8, 7};
	struct engine_queue *q = xcalloc(1, sizeof(*q));
	uint32_t lane;

	q->run = 2;
	for (int i = 0; i < 5; i++)
		engine_queue_add(q, 7, i);
	for (int i = 0; i < 3; i++)
		engine_queue_add(q, 8, i);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		engine_queue_take(q, &lane);
		CU_ASSERT_EQUAL(lane, want[i]);
	}
	CU_ASSERT_EQUAL(q->n, 0);
	engine_queue_free(q);
	free(q);
}

/* --- tenants --- */

#define FLOOD 3000
/* What two workers have in hand, and a turn of whoever floods. */
#define SOON (4 * ENGINE_RUN)

static struct bench *
open_two(void)
{
	static const char calm[] =
	    "tenants = ( { id = \"calm\"; name = \"Calm\"; contact = "
	    "\"owner@calm.example\"; manager = \"am@host.example\";\n"
	    "  feeds = ( { url = \"http://calm.example/feed\"; } ); },\n  {";
	const char *at = strstr(bench_conf, "tenants = ( {");
	char *text = xasprintf("%.*s%s%s", (int)(at - bench_conf), bench_conf, calm,
	    at + strlen("tenants = ( {"));
	struct bench *b = bench_open_with(text, false);

	free(text);
	return b;
}

/* The next poll of this host's feed shows n posts. */
static void
show(struct bench *b, const char *host, size_t n)
{
	struct post *posts = xcalloc(n, sizeof(*posts));
	char(*ids)[16] = xcalloc(n, sizeof(*ids));
	struct caught c = {.to = ROLE_FETCH};
	size_t left;

	for (size_t i = 0; i < n; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%c%zu", host[0], i);
		posts[i] = (struct post){ids[i], "words"};
	}
	for (int i = 0; i < 10; i++) {
		for (left = b->n; left > 0 && bench_take(b, MSG_POLL, &c); left--) {
			if (strstr(c.m.poll.url, host) != NULL)
				break;
			bench_send(b, c.to, c.index, &c.m);
		}
		if (left > 0)
			break;
		bench_go(b, CLOCK_HOUR / 4);
	}
	CU_ASSERT_TRUE_FATAL(left > 0);
	bench_answer(b, c.m.poll.id, POLLED_OK, posts, n);
	msg_clear(&c.m);
	free(posts);
	free(ids);
}

/* Answers batches until one has a post of this tenant; how many others came before. */
static uint32_t
inspected_before(struct bench *b, const char *tenant)
{
	const char *key = conf_tenant_by_id(b->conf, tenant)->key;
	uint32_t n = 0;

	for (;;) {
		bool it = false;

		for (size_t i = 0; i < b->n && !it; i++) {
			const struct msg_inspect *in = &b->v[i].m.inspect;

			if (b->v[i].m.type != MSG_INSPECT)
				continue;
			for (uint32_t k = 0; k < in->n; k++)
				it = it || strcmp(in->v[k].tenant, key) == 0;
			break; /* the next one that is answered */
		}
		if (it)
			return n;
		it = bench_inspect(b) > 0;
		CU_ASSERT_TRUE_FATAL(it);
		n += ENGINE_RUN;
	}
}

static void
test_flood(void)
{
	struct bench *b = open_two();

	show(b, "forum", FLOOD);
	show(b, "calm", 1);
	CU_ASSERT(inspected_before(b, "calm") <= SOON);
	bench_close(b);
}

/* The store knows it as well: a start finds both. */
static void
test_flood_restart(void)
{
	struct bench *b = open_two();

	show(b, "forum", FLOOD);
	show(b, "calm", 1);
	bench_forget(b);
	engine_free(&b->engine, b->now);
	bench_start(b);
	bench_tick(b);
	CU_ASSERT(inspected_before(b, "calm") <= SOON);
	bench_close(b);
}

/* What a plugin is asked about again does not wait until nobody else does. */
static void
test_flood_again(void)
{
	struct bench *b = open_two();
	struct caught c;
	struct msg m;

	show(b, "calm", 1);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	bench_judged(&c, "d1", 1, &m);
	m.inspected.v[0].revision = c.m.inspect.v[0].revision;
	bench_retry(&m.inspected.v[0], "slow", CLOCK_SEC, "not there");
	bench_say(b, &m);
	msg_clear(&c.m);
	show(b, "forum", FLOOD);
	b->now += 2 * CLOCK_SEC;
	bench_tick(b);
	CU_ASSERT(inspected_before(b, "calm") <= SOON);
	bench_close(b);
}

/* A plugin was not there for all of a flood; so it is asked again about that as well,
 * and those of others, whose time comes last, take turns with it. */
static void
test_again_flood(void)
{
	struct bench *b = open_two();
	const char *calm = conf_tenant_by_id(b->conf, "calm")->key;
	struct caught c;
	struct msg m;

	show(b, "forum", FLOOD);
	show(b, "calm", 1);
	for (int left = FLOOD + 1; left > 0; bench_tick(b)) {
		CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
		bench_judged(&c, "d1", c.m.inspect.n, &m);
		for (uint32_t i = 0; i < c.m.inspect.n; i++) {
			const struct msg_inspect_item *it = &c.m.inspect.v[i];
			bool last = strcmp(it->tenant, calm) == 0;

			m.inspected.v[i].revision = it->revision;
			bench_retry(&m.inspected.v[i], "slow",
			    last ? 2 * CLOCK_SEC : CLOCK_SEC, "not there");
		}
		left -= (int)c.m.inspect.n;
		bench_say(b, &m);
		msg_clear(&c.m);
	}
	b->now += 3 * CLOCK_SEC;
	for (int i = 0; i < FLOOD / 200; i++) {
		b->now++;
		bench_tick(b);
	}
	CU_ASSERT(inspected_before(b, "calm") <= SOON);
	bench_close(b);
}

/* Texts that kill workers are sent alone; those of a tenant who has many, in turn. */
static void
test_flood_suspects(void)
{
	struct bench *b = open_two();
	struct caught c;
	uint64_t calm = 0;
	int kills = 0;

	show(b, "forum", 40);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	show(b, "calm", 1);
	engine_peer_down(b->engine, ROLE_POLICY, c.index, b->now);
	engine_peer_up(b->engine, ROLE_POLICY, c.index, b->now);
	msg_clear(&c.m);
	while (bench_take(b, MSG_INSPECT, &c)) {
		bool it = strcmp(c.m.inspect.v[0].tenant,
			      conf_tenant_by_id(b->conf, "calm")->key) == 0;

		/* Whoever has the calm one dies over it for the first time. */
		kills++;
		if (it && calm++ > 0)
			break;
		engine_peer_down(b->engine, ROLE_POLICY, c.index, b->now);
		engine_peer_up(b->engine, ROLE_POLICY, c.index, b->now);
		bench_tick(b);
		msg_clear(&c.m);
	}
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(calm, 2);
	CU_ASSERT(kills < 10);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"each once and in order", test_order},
    {"lanes take turns", test_runs},
    {"a flood makes nobody else wait", test_flood},
    {"nor after a restart", test_flood_restart},
    {"nor those that are asked about again", test_flood_again},
    {"nor does a flood of these", test_again_flood},
    {"nor suspects", test_flood_suspects},
};

SUITE_MAIN("engine queue", tests)
