/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_judge: answers of workers in the engine, in virtual time: in another
 * order than the posts', in parts, and such as nobody asked for.
 */
#include <sys/wait.h>

#include "engine/engine_in.h"
#include "engine_bench.h"
#include "store/store.h"

static struct bench *
open_bench(void)
{
	struct bench *b = bench_open();

	/* No second looks, which would take a test's posts for themselves. */
	bench_reconf(b, "policy = {",
	    "coverage = { second_min = 0; second_max = 0; };\npolicy = {");
	return b;
}

/* Shows one post; the batch that it comes in. */
static void
show(struct bench *b, const char *id, const char *text, struct caught *c)
{
	const struct post p = {id, text};

	bench_feed(b, &p, 1);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, c));
	CU_ASSERT_EQUAL(c->m.inspect.n, 1);
}

/* The answer to a batch, with room for so many items; `kill' is violence. */
static void
begin_answer(const struct caught *c, uint32_t room, struct msg *m)
{
	bench_judged(c, "d1", room, m);
	m->inspected.n = c->m.inspect.n;
	for (uint32_t i = 0; i < c->m.inspect.n; i++) {
		m->inspected.v[i].revision = c->m.inspect.v[i].revision;
		bench_find(&m->inspected.v[i], "violence", "v/kill",
		    c->m.inspect.v[i].item.text, "kill");
	}
}

static void
answer(struct bench *b, struct caught *c)
{
	struct msg m;

	begin_answer(c, c->m.inspect.n, &m);
	bench_say(b, &m);
	msg_clear(&c->m);
	/* Whoever was taken for stuck meanwhile is there again. */
	engine_peer_up(b->engine, ROLE_POLICY, c->index, b->now);
}

/* A worker that was taken over answers more than it was asked, and for what it has
 * answered. */
static void
test_answers_of_nothing(void)
{
	struct bench *b = open_bench();
	struct caught c;
	struct msg m;

	show(b, "a", "good morning", &c);
	begin_answer(&c, 1000, &m);
	m.inspected.n = 1000; /* of revision 0 */
	bench_say(b, &m);
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 1);
	bench_go(b, 2 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "exposure"), "items"), 1);
	bench_close(b);
}

/* What an older text of a post does not show says nothing of the newest. */
static void
test_older_one_later(void)
{
	struct bench *b = open_bench();
	struct caught older, newer;

	show(b, "a", "i will kill you", &newer);
	answer(b, &newer);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	show(b, "a", "good morning", &older);
	show(b, "a", "i will kill you all", &newer);
	answer(b, &newer);
	answer(b, &older);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 0); /* it is not mended */
	show(b, "a", "good evening", &newer);
	answer(b, &newer);
	SAME(bench_str(bench_last(b, "recheck"), "presence"), "edited");
	bench_close(b);
}

/* And the other way round: what it shows was mended before it was judged. */
static void
test_mended_before(void)
{
	struct bench *b = open_bench();
	struct caught older, newer;

	show(b, "-a", "i will kill you", &older); /* it has no page to look at */
	show(b, "-a", "good morning", &newer);
	answer(b, &newer);
	answer(b, &older);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	SAME(bench_str(bench_last(b, "recheck"), "presence"), "edited");
	/* Where the newest is not judged yet nobody knows. */
	show(b, "-b", "i will kill you", &older);
	show(b, "-b", "good evening", &newer);
	answer(b, &older);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 1);
	answer(b, &newer);
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 2);
	bench_close(b);
}

/* A plugin that is waited for finds more: the post is one violating post all the same.
 */
static void
test_in_parts(void)
{
	const char *text = "i will kill you with a bomb";
	struct bench *b = open_bench();
	struct caught c;
	struct msg m;

	show(b, "a", text, &c);
	begin_answer(&c, 1, &m);
	bench_retry(&m.inspected.v[0], "slow", CLOCK_SEC, "not there");
	bench_say(b, &m);
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	begin_answer(&c, 1, &m);
	bench_find(&m.inspected.v[0], "violence", "v/bomb", text, "bomb");
	bench_say(b, &m);
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	bench_go(b, 2 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "exposure"), "items"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "exposure"), "violations"), 1);
	bench_close(b);
}

/* However long a worker says that a program will be away: nobody waits for ever. */
static void
test_long_wait(void)
{
	struct bench *b = open_bench();
	struct caught c;
	struct msg m;

	show(b, "a", "good morning", &c);
	for (int i = 0; i < 3; i++) {
		begin_answer(&c, 1, &m);
		bench_retry(&m.inspected.v[0], "slow", INT64_MAX, "not there")->lost =
		    true;
		bench_say(b, &m);
		msg_clear(&c.m);
		CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &c)); /* nor at once */
		if (bench_count(b, "degraded") > 0)
			break;
		bench_go(b, b->conf->policy.retry_for + CLOCK_MIN);
		CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	}
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	bench_close(b);
}

/* One post that threatens our own people, judged in parts, with a restart or with
 * another alert in between: it has one alert, and the mail that is on record stays as
 * it is. */
static void
alert_in_parts(bool restart)
{
	const char *text = "burn the depot with a bomb";
	struct bench *b = open_bench();
	char *mail, *again, *path;
	struct buf bytes = {0};
	struct caught c;
	struct msg m;

	show(b, "a", text, &c);
	bench_judged(&c, "d1", 1, &m);
	m.inspected.v[0].revision = c.m.inspect.v[0].revision;
	bench_find(&m.inspected.v[0], "safety", "v/depot", text, "depot");
	bench_retry(&m.inspected.v[0], "slow", CLOCK_MIN, "not there");
	bench_say(b, &m);
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(bench_count(b, "safety"), 1);
	path = xasprintf("%s/%s", b->dir, bench_str(bench_last(b, "notice"), "file"));
	mail = bench_notice(b);
	if (restart) {
		engine_free(&b->engine, b->now);
		bench_forget(b);
		b->now += CLOCK_MIN;
		bench_start(b);
	} else {
		bench_feed(b, &(struct post){"b", "burn the depot"}, 1);
		CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
		if (strcmp(c.m.inspect.v[0].item.id, "a") == 0) {
			struct caught other;

			CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &other));
			bench_send(b, c.to, c.index, &c.m);
			c = other;
		}
		bench_judged(&c, "d1", 1, &m);
		m.inspected.v[0].revision = c.m.inspect.v[0].revision;
		bench_find(&m.inspected.v[0], "safety", "v/depot", "depot", "depot");
		bench_say(b, &m);
		msg_clear(&c.m);
		CU_ASSERT_EQUAL(bench_count(b, "safety"), 2);
	}
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_STRING_EQUAL_FATAL(c.m.inspect.v[0].item.id, "a");
	bench_judged(&c, "d1", 1, &m);
	m.inspected.v[0].revision = c.m.inspect.v[0].revision;
	bench_find(&m.inspected.v[0], "safety", "v/depot", text, "depot");
	bench_find(&m.inspected.v[0], "safety", "v/bomb", text, "bomb");
	bench_say(b, &m);
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(bench_count(b, "safety"), restart ? 1 : 2);
	CU_ASSERT_EQUAL(file_read(path, 1 << 20, &bytes, NULL), 0);
	buf_putc(&bytes, '\0');
	again = buf_take(&bytes);
	CU_ASSERT_STRING_EQUAL(mail, again);
	free(again);
	free(mail);
	free(path);
	bench_close(b);
}

static void
test_alert_in_parts(void)
{
	alert_in_parts(false);
	alert_in_parts(true);
}

/* Whoever asks for it: what an entry refers to is not replaced; what none does is. */
static void
test_on_record(void)
{
	struct bench *b = open_bench();
	const json_t *entry;
	struct vault_ref ref;
	int status = 0;
	pid_t child;

	bench_feed(b, &(struct post){"a", "burn the depot"}, 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	entry = bench_last(b, "notice");
	engine_begin(b->engine);
	engine_record_keep(b->engine, "notices/safety/left.eml", "a", 1, &ref);
	engine_record_keep(b->engine, "notices/safety/left.eml", "b", 1, &ref);
	fflush(NULL);
	child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		engine_record_keep(b->engine, bench_str(entry, "file"), "b", 1, &ref);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_NOT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(vault_check(b->engine->vault, bench_str(entry, "file"),
			    bench_str(entry, "commit"), NULL),
	    0);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"answers that nobody asked for", test_answers_of_nothing},
    {"an older text judged after a newer one", test_older_one_later},
    {"a text that was mended before it was judged", test_mended_before},
    {"a post judged in parts", test_in_parts},
    {"a plugin that is away for ever", test_long_wait},
    {"a safety alert judged in parts", test_alert_in_parts},
    {"what is on record is not replaced", test_on_record},
};

SUITE_MAIN("engine_judge", tests)
