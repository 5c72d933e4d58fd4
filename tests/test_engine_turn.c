/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_turn: an engine whose ticks do not wait for the disk: what it tells and
 * when, on real files that are synced.
 */
#include "engine_bench.h"

static const struct post posts[] = {{"1", "kill them"}, {"2", "fine"}, {"3", "-"}};

static struct bench *
open_async(void)
{
	struct bench *b = bench_open();

	bench_restart_async(b);
	return b;
}

static size_t
caught(const struct bench *b, enum msg_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->v[i].m.type == type;
	return n;
}

static void
settle(struct bench *b)
{
	for (int i = 0; i < 3 && engine_unsettled(b->engine); i++)
		engine_settle(b->engine, b->now);
	CU_ASSERT_FALSE(engine_unsettled(b->engine));
}

/* The feed shows two posts, and nothing was owed before. */
static void
show_two(struct bench *b)
{
	uint64_t id = 0, turn;

	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &id));
	settle(b);
	turn = engine_turn(b->engine);
	CU_ASSERT_EQUAL(engine_told(b->engine), turn - 1);
	bench_answer(b, id, POLLED_OK, posts, 2);
	CU_ASSERT_TRUE(engine_told(b->engine) < turn);
}

/* No entry of the ledger before the disk has the commit, while workers have something
 * to do at once. */
static void
test_told_later(void)
{
	struct bench *b = open_async();

	show_two(b);
	CU_ASSERT_TRUE(engine_unsettled(b->engine));
	CU_ASSERT_EQUAL(caught(b, MSG_INSPECT), 1);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 0);
	settle(b);
	CU_ASSERT_EQUAL(caught(b, MSG_INSPECT), 1);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	bench_close(b);
}

/* Whatever somebody is shown is on disk, numbers of this process too: who reads the
 * store or the ledger next finds what they were told. */
static void
test_asked(void)
{
	struct bench *b = open_async();

	show_two(b);
	json_decref(bench_ask(b, json_pack("{s:s}", "cmd", "status")));
	CU_ASSERT_FALSE(engine_unsettled(b->engine));
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	bench_close(b);
}

/* A batch may leave before its posts are on disk, and another start gives their numbers
 * to other posts: an answer that comes so late is nobody's. */
static void
test_two_starts(void)
{
	struct bench *b = open_async();
	struct caught c;
	uint64_t first;

	show_two(b);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	first = c.m.inspect.batch;
	msg_clear(&c.m);
	b->now += 1;
	bench_restart_async(b);
	bench_tick(b);
	settle(b);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_TRUE(c.m.inspect.batch > first + 1000);
	msg_clear(&c.m);
	bench_close(b);
}

/* The next ticks tell it as well, and whoever flushes waits for all. */
static void
test_told_by_next(void)
{
	struct bench *b = open_async();

	show_two(b);
	for (int i = 0; i < 10 && bench_count(b, "capture") == 0; i++) {
		b->now += 20;
		bench_tick(b);
	}
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	engine_flush(b->engine, b->now);
	CU_ASSERT_FALSE(engine_unsettled(b->engine));
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 1);
	bench_close(b);
}

/* The way to a delivered notice is the same as with a disk that is waited for. */
static void
test_notice(void)
{
	struct bench *b = open_async();

	bench_feed(b, posts, 3);
	settle(b);
	CU_ASSERT_EQUAL(bench_inspect(b), 3);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	bench_signed(b);
	CU_ASSERT_TRUE(bench_mail(b, "am@host.example", SENT_OK));
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	CU_ASSERT_FALSE(bench_mail(b, "owner@forum.example", SENT_OK)); /* once */
	settle(b);
	bench_close(b);
}

/* Stopped with something still owed: it is on record, and a restart goes on. */
static void
test_stop(void)
{
	struct bench *b = open_async();

	show_two(b);
	CU_ASSERT_TRUE(engine_unsettled(b->engine));
	bench_restart_async(b);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	bench_tick(b);
	settle(b);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"told once the disk has it", test_told_later},
    {"told by the next ticks", test_told_by_next},
    {"asked meanwhile", test_asked},
    {"batches of two starts", test_two_starts},
    {"notices", test_notice},
    {"stopped in between", test_stop},
};
SUITE_MAIN("turns that do not wait", tests)
