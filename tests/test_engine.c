/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine: the engine through its own calls, each test one story. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/engine_in.h"
#include "engine_bench.h"
#include "fetch/subscription.h"

static const struct post two[] = {{"a", "i will kill you"}, {"b", "good morning"}};

/* A feed with two posts, one of which breaks a rule; then the notice, delivered. */
static void
begin_case(struct bench *b)
{
	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "am@host.example", SENT_OK));
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
}

static void
test_notice(void)
{
	struct bench *b = bench_open();
	int64_t delivered;

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "step"), "row"), "first notice");
	bench_go(b, 50 * CLOCK_SEC);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0); /* more may be found */
	bench_go(b, 20 * CLOCK_SEC);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	bench_signed(b);
	CU_ASSERT_TRUE(bench_mail(b, "am@host.example", SENT_OK));
	CU_ASSERT_EQUAL(bench_count(b, "step"), 1); /* the tenant has not got it */
	bench_go(b, CLOCK_MIN);
	delivered = b->now;
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	CU_ASSERT_EQUAL(
	    bench_int(json_object_get(bench_last(b, "step"), "to"), "deadline"),
	    delivered + 6 * CLOCK_HOUR);
	CU_ASSERT_FALSE(bench_mail(b, "owner@forum.example", SENT_OK)); /* once */
	bench_close(b);
}

/* Fetch could not send the bytes: the items are on record all the same. */
static void
test_bare(void)
{
	struct bench *b = bench_open();
	char *file;

	b->bare = true;
	bench_feed(b, two, 2);
	CU_ASSERT_TRUE(json_is_true(json_object_get(bench_last(b, "capture"), "bare")));
	file = xasprintf("%s/%s", b->dir, bench_str(bench_last(b, "capture"), "file"));
	CU_ASSERT_EQUAL(access(file, F_OK), 0);
	free(file);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_close(b);
}

static void
test_again(void)
{
	struct bench *b = bench_open();

	begin_case(b);
	for (int i = 0; i < 3; i++)
		bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 1);
	bench_close(b);
}

static void
test_edit(void)
{
	static const struct post mended[] = {{"a", "i will call you"}};
	static const struct post worse[] = {{"a", "i will kill you, really"}};
	struct bench *b = bench_open();

	begin_case(b);
	bench_feed(b, worse, 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1); /* the same, still there */
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 0);
	bench_feed(b, mended, 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "edited");
	bench_feed(b, worse, 1); /* back again: a violation of its own */
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	bench_close(b);
}

static void
test_came_again(void)
{
	static const struct post mended[] = {{"a", "i will call you"}};
	struct bench *b = bench_open();
	char *mail;

	begin_case(b);
	bench_feed(b, mended, 1);
	bench_inspect(b);
	bench_feed(b, two, 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	bench_go(b, 7 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 4);
	mail = bench_notice(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, "came again after removal: 1"));
	free(mail);
	bench_close(b);
}

/* A tenant that is gone from the configuration and comes back: its case goes on. */
static void
test_not_composed(void)
{
	struct bench *b = bench_open();

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_reconf(b, "id = \"forum\"", "id = \"other\"");
	bench_go(b, 2 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0);
	bench_reconf(b, "id = \"forum\"", "id = \"forum\"");
	bench_go(b, CLOCK_HOUR + CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "notice"), "notice"), 1);
	CU_ASSERT_TRUE(bench_mail(b, "am@host.example", SENT_OK));
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	CU_ASSERT_EQUAL(bench_count(b, "step"), 2);
	bench_close(b);
}

static void
test_removed(void)
{
	struct bench *b = bench_open();

	begin_case(b);
	bench_page(b, POLLED_OK, &two[0]);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "online");
	bench_page(b, POLLED_TIMEOUT, NULL); /* tells nothing: no removal */
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "unknown");
	bench_page(b, POLLED_GONE, NULL);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "removed");
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 3);
	bench_page(b, POLLED_GONE, NULL);
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 3); /* nothing new */
	bench_close(b);
}

/* A post without a page: its feed shows it, that is a look; silence tells nothing. */
static void
test_no_page(void)
{
	static const struct post bare[] = {{"-a", "i will kill you"}};
	struct bench *b = bench_open();

	bench_feed(b, bare, 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	for (int i = 0; i < 6; i++) {
		bench_go(b, CLOCK_HOUR / 2);
		bench_feed(b, bare, 1);
	}
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 0);
	bench_go(b, 6 * CLOCK_HOUR); /* nobody reads the feed */
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "unknown");
	bench_close(b);
}

/* Takes the batch of a worker that dies with it; its size. */
static uint32_t
die_with_batch(struct bench *b)
{
	struct caught c;
	uint32_t n;

	if (!bench_take(b, MSG_INSPECT, &c))
		return 0;
	n = c.m.inspect.n;
	msg_clear(&c.m);
	engine_peer_down(b->engine, ROLE_POLICY, c.index, b->now);
	engine_peer_up(b->engine, ROLE_POLICY, c.index, b->now);
	bench_tick(b);
	return n;
}

static void
test_worker_death(void)
{
	struct bench *b = bench_open();

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(die_with_batch(b), 2);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	/* Alone from now on; attempts = 2 deaths alone are enough. */
	CU_ASSERT_EQUAL(die_with_batch(b), 1); /* revision 1 */
	CU_ASSERT_EQUAL(bench_inspect(b), 1);  /* revision 2 is well */
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	CU_ASSERT_EQUAL(die_with_batch(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "degraded"), "revision"), 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 0); /* never again */
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	bench_close(b);
}

static void
test_worker_hangs(void)
{
	struct bench *b = bench_open();
	struct caught c;

	bench_feed(b, two, 2);
	bench_go(b, 10 * CLOCK_SEC);
	CU_ASSERT_TRUE(bench_take(b, MSG_STUCK, &c));
	CU_ASSERT_FALSE(bench_take(b, MSG_STUCK, &c)); /* said once */
	msg_clear(&c.m);
	bench_close(b);
}

/* One that hangs answers after all: it is about to be killed and gets nothing more. */
static void
test_late_answer(void)
{
	static const struct post more[] = {{"c", "good evening"}};
	struct bench *b = bench_open();
	struct caught c;
	uint32_t stuck;

	bench_feed(b, two, 2);
	bench_go(b, 10 * CLOCK_SEC);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_STUCK, &c));
	stuck = c.m.stuck.index;
	msg_clear(&c.m);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_feed(b, more, 1);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_NOT_EQUAL(c.index, stuck);
	msg_clear(&c.m);
	bench_close(b);
}

/* Many posts that kill workers do not hold up the others. */
static void
test_suspects_turn(void)
{
	static const struct post many[] = {{"s1", "x"}, {"s2", "x"}, {"s3", "x"},
	    {"s4", "x"}, {"s5", "x"}, {"s6", "x"}, {"s7", "x"}, {"s8", "x"}};
	static const struct post calm[] = {{"c1", "y"}, {"c2", "y"}, {"c3", "y"}};
	struct bench *b = bench_open();
	int kills = 0;

	bench_feed(b, many, 8);
	CU_ASSERT_EQUAL(die_with_batch(b), 8);
	bench_feed(b, calm, 3);
	while (kills < 16 && die_with_batch(b) != 3)
		kills++;
	CU_ASSERT(kills <= 3); /* what two workers had in hand, and one turn */
	bench_close(b);
}

/* One post that kills does not take the last worker while the other one is away. */
static void
test_one_serves(void)
{
	static const struct post bad[] = {{"k1", "x"}, {"k2", "x"}};
	struct bench *b = bench_open();
	struct caught c;
	uint32_t lost;

	bench_feed(b, bad, 2);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	lost = c.index;
	msg_clear(&c.m);
	engine_peer_down(b->engine, ROLE_POLICY, lost, b->now);
	bench_tick(b);
	bench_go(b, b->conf->restart_max / 2);
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &c));
	/* It is back: both are risked, over one post each. */
	engine_peer_up(b->engine, ROLE_POLICY, lost, b->now);
	bench_tick(b);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_EQUAL(c.m.inspect.n, 1);
	lost = c.index;
	msg_clear(&c.m);
	engine_peer_down(b->engine, ROLE_POLICY, lost, b->now);
	CU_ASSERT_EQUAL(bench_inspect(b), 1); /* the other one is well, and the last */
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &c));
	/* It does not come back: suspects do not wait for ever. */
	bench_go(b, b->conf->restart_max + CLOCK_SEC);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_NOT_EQUAL(c.index, lost);
	msg_clear(&c.m);
	bench_close(b);
}

/* Nothing was found in any of it; us: what each item cost. */
static void
answer(struct bench *b, const struct caught *c, uint64_t us)
{
	struct msg m;

	bench_judged(c, "d1", c->m.inspect.n, &m);
	for (uint32_t i = 0; i < m.inspected.n; i++)
		m.inspected.v[i].revision = c->m.inspect.v[i].revision;
	m.inspected.ncosts = 1;
	m.inspected.costs = xcalloc(1, sizeof(*m.inspected.costs));
	m.inspected.costs[0].plugin = xstrdup("rules");
	cost_add_many(
	    &m.inspected.costs[0].cost, us * 1000 * m.inspected.n, m.inspected.n);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

/* Takes what two workers are sent, up to `max' batches in all, in order for each;
 * counts[worker] of them. */
static size_t
take_sent(struct bench *b, struct caught sent[2][3], size_t counts[2], size_t max)
{
	struct caught c;
	size_t n = 0;

	counts[0] = counts[1] = 0;
	for (; n < max && bench_take(b, MSG_INSPECT, &c); n++)
		sent[c.index][counts[c.index]++] = c;
	return n;
}

/* 60 posts, two a batch, and each worker has answered one: what it is sent then. */
static size_t
open_with_many(
    struct bench **b, struct caught sent[2][3], size_t counts[2], uint64_t us)
{
	struct post posts[60];
	char ids[60][8];

	*b = bench_open();
	(*b)->conf->policy.batch = 2;
	for (size_t i = 0; i < 60; i++) {
		snprintf(ids[i], sizeof(ids[i]), "m%zu", i);
		posts[i] = (struct post){ids[i], "y"};
	}
	bench_feed(*b, posts, 60);
	/* One each, as nobody knows how fast they are. */
	CU_ASSERT_EQUAL_FATAL(take_sent(*b, sent, counts, 6), 2);
	CU_ASSERT_EQUAL_FATAL(counts[0], 1);
	for (size_t i = 0; i < 2; i++) {
		struct caught first = sent[i][0];

		CU_ASSERT_EQUAL(first.m.inspect.n, 2);
		answer(*b, &first, us);
		msg_clear(&first.m);
	}
	CU_ASSERT_EQUAL(bench_count(*b, "judged"), 2);
	return take_sent(*b, sent, counts, 6);
}

/* Where many wait, workers have three batches each, of which they answer the first one;
 * when one dies, only what it was at is suspect, and the rest is sent next. */
static void
test_batches_ahead(void)
{
	struct bench *b;
	struct caught sent[2][3], next;
	size_t counts[2];

	CU_ASSERT_EQUAL_FATAL(open_with_many(&b, sent, counts, 7000), 6);
	CU_ASSERT_EQUAL_FATAL(counts[0], 3);
	answer(b, &sent[0][1], 7000); /* that is not its turn */
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 2);
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &next));

	/* The deadline of the second one begins with the answer to the first. */
	b->now += b->conf->policy.deadline - 1;
	answer(b, &sent[1][0], 7000);
	answer(b, &sent[0][0], 7000);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 4);
	while (bench_take(b, MSG_INSPECT, &next))
		msg_clear(&next.m);
	b->now += b->conf->policy.deadline - 1;
	bench_tick(b);
	CU_ASSERT_FALSE(bench_take(b, MSG_STUCK, &next));

	/* It dies over its second batch. */
	engine_peer_down(b->engine, ROLE_POLICY, 0, b->now);
	engine_peer_up(b->engine, ROLE_POLICY, 0, b->now);
	bench_tick(b);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &next));
	CU_ASSERT_EQUAL(next.index, 0);
	CU_ASSERT_EQUAL(next.m.inspect.n, 1);
	CU_ASSERT_EQUAL(
	    next.m.inspect.v[0].revision, sent[0][1].m.inspect.v[0].revision);
	msg_clear(&next.m);
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &next)); /* none behind a suspect */
	answer(b, &sent[1][1], 7000);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &next));
	CU_ASSERT_EQUAL(next.index, 1);
	CU_ASSERT_EQUAL(
	    next.m.inspect.v[0].revision, sent[0][2].m.inspect.v[0].revision);
	msg_clear(&next.m);
	for (size_t i = 0; i < 6; i++)
		msg_clear(&sent[i / 3][i % 3].m);
	bench_close(b);
}

/* One that takes long has one batch at a time. */
static void
test_none_ahead(void)
{
	struct bench *b;
	struct caught sent[2][3];
	size_t counts[2];

	CU_ASSERT_EQUAL_FATAL(open_with_many(&b, sent, counts, 40000), 2);
	CU_ASSERT_EQUAL_FATAL(counts[0], 1);
	CU_ASSERT_EQUAL(sent[0][0].m.inspect.n, 2);
	msg_clear(&sent[0][0].m);
	msg_clear(&sent[1][0].m);
	bench_close(b);
}

/* A worker that leaves out what it was asked is not asked for ever. */
static void
test_left_out(void)
{
	struct bench *b = bench_open();
	struct caught c;
	struct msg m;
	int asked = 0;

	bench_feed(b, two, 2);
	while (asked < 20 && bench_take(b, MSG_INSPECT, &c)) {
		msg_init(&m, MSG_INSPECTED);
		m.from = ROLE_POLICY;
		m.from_index = c.index;
		m.inspected.batch = c.m.inspect.batch;
		m.inspected.digest = xstrdup("d1");
		engine_handle(b->engine, &m, b->now);
		msg_clear(&m);
		msg_clear(&c.m);
		bench_tick(b);
		asked++;
	}
	CU_ASSERT_EQUAL(asked, 5); /* together, then each twice alone */
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 2);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 0);
	bench_close(b);
}

/* A text of so many MiB. */
static char *
long_text(size_t mib)
{
	char *text = xmalloc((mib << 20) + 1);

	memset(text, 'x', mib << 20);
	text[mib << 20] = '\0';
	return text;
}

/* The next batch: its size in bytes and items, its first revision, of which a worker
 * says that it found nothing. */
static size_t
batch_bytes(struct bench *b, uint32_t *n, uint64_t *first)
{
	struct caught c;
	struct buf body = {0};
	size_t bytes, sum = 12;

	*n = 0;
	if (!bench_take(b, MSG_INSPECT, &c))
		return 0;
	msg_encode(&body, &c.m);
	bytes = body.len;
	buf_free(&body);
	for (uint32_t i = 0; i < c.m.inspect.n; i++)
		sum += msg_inspect_size(&c.m.inspect.v[i]);
	CU_ASSERT_EQUAL(sum, bytes);
	*n = c.m.inspect.n;
	*first = c.m.inspect.v[0].revision;
	answer(b, &c, 10);
	msg_clear(&c.m);
	return bytes;
}

/* Long posts: a batch ends before a frame is too small for it, and none is left out or
 * asked out of turn. */
static void
test_long_texts(void)
{
	char *text = long_text(9);
	const struct post many[] = {{"l1", text}, {"l2", text}, {"l3", text},
	    {"l4", text}, {"l5", text}, {"l6", "short"}};
	struct bench *b = bench_open();
	uint64_t first = 0;
	uint32_t n;

	bench_feed(b, many, 6);
	CU_ASSERT(batch_bytes(b, &n, &first) <= MSG_MAX / 2);
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_EQUAL(first, 1);
	CU_ASSERT(batch_bytes(b, &n, &first) <= MSG_MAX / 2);
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_EQUAL(first, 4);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	bench_close(b);
	free(text);
}

/* One that no message holds was not judged, and others do not pay for it. */
static void
test_too_long(void)
{
	char *text = long_text(65), *fits = long_text(40);
	const struct post many[] = {
	    {"t1", "short"}, {"t2", text}, {"t3", fits}, {"t4", "short"}};
	struct bench *b = bench_open();
	uint64_t first = 0;
	uint32_t n;

	bench_feed(b, many, 4);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "degraded"), "revision"), 2);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(bench_str(bench_last(b, "degraded"), "why"), "too large"));
	CU_ASSERT(batch_bytes(b, &n, &first) > 0);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(first, 1);
	CU_ASSERT(batch_bytes(b, &n, &first) <= MSG_MAX);
	CU_ASSERT_EQUAL(n, 1); /* alone */
	CU_ASSERT_EQUAL(first, 3);
	CU_ASSERT(batch_bytes(b, &n, &first) > 0);
	CU_ASSERT_EQUAL(first, 4);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	bench_close(b);
	free(text);
	free(fits);
}

/* A plugin was left out, and the engine ends before the others have judged: they do. */
static void
test_left_out_restart(void)
{
	struct store_retry row = {.plugin = (char *)"bad",
	    .revision = 1,
	    .tries = 2,
	    .due = CLOCK_NONE,
	    .given_up = true,
	    .why = (char *)"it died over it"};
	struct bench *b = bench_open();
	struct store_at at;
	struct caught c;
	struct err e = ERR_INIT;

	bench_feed(b, two, 2);
	row.since = b->now;
	memcpy(row.tenant, b->conf->tenants[0].key, sizeof(row.tenant));
	at = engine_at(b->engine, row.tenant);
	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_retry_put(b->engine->store, &at, &row, &e), 0);
	engine_flush(b->engine, b->now);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_EQUAL(c.m.inspect.n, 2);
	CU_ASSERT_EQUAL(c.m.inspect.v[0].nskip, 1);
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "degraded"), "revision"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	bench_close(b);
}

/* No deadline runs from a time that has not come. */
static void
test_sent_in_future(void)
{
	struct bench *b = bench_open();
	struct caught c;
	struct msg m;
	const json_t *d;

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_SEND, &c));
	msg_init(&m, MSG_SENT);
	m.from = ROLE_COURIER;
	m.sent.id = c.m.send.id;
	m.sent.outcome = SENT_OK;
	m.sent.time = INT64_MAX;
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	msg_clear(&c.m);
	bench_tick(b);
	d = bench_last(b, "delivery");
	CU_ASSERT(d != NULL && bench_int(d, "time") <= b->now);
	bench_close(b);
}

/* A refusal quotes what was asked, and says so whatever that was. */
static void
test_refusal(void)
{
	struct bench *b = bench_open();

	for (int odd = 0; odd < 2; odd++) {
		struct buf name = {0};
		json_t *reply;

		buf_puts(&name, odd ? "x" : "");
		for (int i = 0; i < 1000; i++)
			buf_puts(&name, "\xc3\xa9");
		reply = bench_ask(b, json_pack("{s:s}", "cmd", name.data));
		CU_ASSERT_PTR_NOT_NULL(bench_str(reply, "error"));
		json_decref(reply);
		buf_free(&name);
	}
	bench_close(b);
}

static void
test_fetch_death(void)
{
	struct bench *b = bench_open();
	uint64_t first = 0, second = 0;

	CU_ASSERT_TRUE(bench_asked(b, POLL_FEED, &first));
	for (unsigned i = 0; i < b->conf->fetchers; i++)
		engine_peer_down(b->engine, ROLE_FETCH, i, b->now);
	bench_go(b, 5 * CLOCK_SEC);
	for (unsigned i = 0; i < b->conf->fetchers; i++)
		engine_peer_up(b->engine, ROLE_FETCH, i, b->now);
	bench_go(b, 5 * CLOCK_SEC);
	CU_ASSERT_TRUE(bench_asked(b, POLL_FEED, &second));
	CU_ASSERT_NOT_EQUAL(first, second);
	/* The answer of the dead one is to no question; the new one counts. */
	bench_answer(b, first, POLLED_OK, two, 2);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 0);
	bench_answer(b, second, POLLED_OK, two, 2);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	bench_close(b);
}

/* A courier that says it has nothing in hand. */
static void
empty_handed(struct bench *b, const char *name)
{
	struct msg m;

	engine_peer_up(b->engine, ROLE_COURIER, 0, b->now);
	msg_init(&m, MSG_SENDING);
	m.from = ROLE_COURIER;
	m.sending.courier = xstrdup(name);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
}

static void
new_courier(struct bench *b)
{
	empty_handed(b, "second");
	bench_tick(b);
}

/* The same courier may be asked again, since it knows what it has sent; if it dies
 * before it hears of that, nobody knows, and no other one is asked. */
static void
test_courier_forgets(void)
{
	struct bench *b = bench_open();
	struct caught c, again;

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "am@host.example", SENT_OK));
	CU_ASSERT_TRUE(bench_take(b, MSG_SEND, &c));
	/* The last engine died before it had kept the answer: it is told again. */
	empty_handed(b, "first");
	bench_tick(b);
	CU_ASSERT_TRUE(bench_take(b, MSG_SEND, &again));
	CU_ASSERT_EQUAL(again.m.send.id, c.m.send.id);
	CU_ASSERT_STRING_EQUAL(again.m.send.recipient, c.m.send.recipient);
	msg_clear(&again.m);
	/* Now the courier dies in between as well. */
	empty_handed(b, "first");
	engine_peer_down(b->engine, ROLE_COURIER, 0, b->now);
	empty_handed(b, "second");
	while (bench_take(b, MSG_SEND, &again))
		msg_clear(&again.m); /* to the dead one */
	bench_tick(b);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "delivery"), "state"), "unknown");
	bench_go(b, 5 * CLOCK_HOUR);
	CU_ASSERT_FALSE(bench_take(b, MSG_SEND, &again));
	msg_clear(&c.m);
	bench_close(b);
}

static void
test_courier_death(void)
{
	struct bench *b = bench_open();
	struct caught c;
	json_t *r;

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "am@host.example", SENT_OK));
	CU_ASSERT_TRUE(bench_take(b, MSG_SEND, &c)); /* the tenant's, in its hand */
	engine_peer_down(b->engine, ROLE_COURIER, 0, b->now);
	bench_go(b, CLOCK_MIN);
	new_courier(b);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "delivery"), "state"), "unknown");
	bench_go(b, 5 * CLOCK_HOUR);
	CU_ASSERT_FALSE(bench_take(b, MSG_SEND, &c)); /* never by itself */
	CU_ASSERT_EQUAL(bench_count(b, "step"), 1);   /* no deadline runs */
	r = bench_ask(
	    b, json_pack("{s:s, s:I, s:s, s:s}", "cmd", "settle", "id",
		   (json_int_t)c.m.send.id, "what", "resend", "person", "p1"));
	CU_ASSERT_TRUE(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	CU_ASSERT_EQUAL(bench_count(b, "step"), 2);
	msg_clear(&c.m);
	bench_close(b);
}

static json_t *
settle_json(const char *what, int64_t id, const char *reason)
{
	json_t *o = json_pack("{s:s, s:I, s:s, s:s}", "cmd", "settle", "id",
	    (json_int_t)id, "what", what, "person", "p1");

	if (reason != NULL)
		json_object_set_new(o, "reason", json_string(reason));
	return o;
}

/* Without a way to send mail people carry notices themselves, and say so. */
static void
test_by_hand(void)
{
	struct bench *b = bench_open();
	json_t *r;
	int64_t id = 0;
	struct caught c;

	bench_reconf(b, "transport = \"smtp\"", "transport = \"none\"");
	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_FALSE(bench_take(b, MSG_SEND, &c));
	for (int i = 1; i <= 2 && id == 0; i++) {
		r = bench_ask(b, settle_json("failed", i, "no"));
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(bench_str(r, "error"), "waits to be sent"));
		json_decref(r);
		r = bench_ask(b, settle_json("delivered", i, NULL));
		CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(r, "error"), "--reason"));
		json_decref(r);
		r = bench_ask(b, settle_json("delivered", i, "by letter"));
		CU_ASSERT_TRUE(json_is_true(json_object_get(r, "ok")));
		json_decref(r);
		CU_ASSERT_STRING_EQUAL(
		    bench_str(bench_last(b, "delivery"), "by"), "p1");
		CU_ASSERT_PTR_NOT_NULL(
		    json_object_get(bench_last(b, "delivery"), "commit"));
		if (strcmp(bench_str(bench_last(b, "delivery"), "audience"),
			"tenant") == 0)
			id = i;
	}
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "step"), "event"), "delivered");
	r = bench_ask(b, settle_json("delivered", id, "by letter"));
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(r, "error"), "nothing to settle"));
	json_decref(r);
	bench_close(b);
}

/* What waits is for the courier with the new configuration, not for the one that is
 * about to end. */
static void
test_courier_replaced(void)
{
	struct bench *b = bench_open();
	struct caught c;

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_FALSE(bench_take(b, MSG_SEND, &c));
	engine_peer_down(b->engine, ROLE_COURIER, 0, b->now);
	new_courier(b);
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	bench_close(b);
}

static void
test_bounce(void)
{
	struct bench *b = bench_open();

	bench_feed(b, two, 2);
	bench_inspect(b);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_HARD));
	CU_ASSERT_EQUAL(bench_count(b, "step"), 1);
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "second@forum.example", SENT_HARD));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "undelivered, no deadline runs");
	bench_go(b, 10 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "step"), 2);
	CU_ASSERT_FALSE(bench_mail(b, "owner@forum.example", SENT_OK));
	bench_close(b);
}

static void
settle_it(struct bench *b, const char *what, int64_t id)
{
	json_t *r = bench_ask(b, settle_json(what, id, "they have said so"));

	CU_ASSERT_TRUE(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
}

/* A notice with two messages, of which the first one fails: its number in the outbox.
 */
static int64_t
two_messages(struct bench *b, enum sent_outcome second)
{
	int64_t first;

	bench_feed(b, two, 2);
	bench_inspect(b);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_HARD));
	first = bench_int(bench_last(b, "delivery"), "outbox");
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "second@forum.example", second));
	return first;
}

/* Of the two the first one failed.  The deadline that runs from one
 * of them is over, and the next notice is not composed yet: whatever becomes of the
 * other one says nothing of the notice to come. */
static void
test_notice_before(enum sent_outcome second, const char *before, const char *after)
{
	struct bench *b = bench_open();
	int64_t first, other;

	first = two_messages(b, second);
	other = before != NULL ? bench_int(bench_last(b, "delivery"), "outbox") : first;
	if (before != NULL)
		settle_it(b, before, first);
	bench_go(
	    b, bench_int(json_object_get(bench_last(b, "step"), "to"), "deadline") -
		   b->now);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "process not met: next stage");
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	settle_it(b, after, other);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "process not met: next stage");
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 4);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "delivered, deadline runs");
	CU_ASSERT_EQUAL(
	    bench_int(json_object_get(bench_last(b, "step"), "to"), "deadline"),
	    b->now + 4 * CLOCK_HOUR);
	bench_close(b);
}

static void
test_proof_before(void)
{
	test_notice_before(SENT_OK, NULL, "delivered");
}

static void
test_bounce_before(void)
{
	test_notice_before(SENT_UNKNOWN, "delivered", "failed");
}

/* One of its messages has arrived; that another one did not, and that somebody says so,
 * sets no deadline back. */
static void
test_arrived(void)
{
	struct bench *b = bench_open();
	int64_t first, deadline;

	first = two_messages(b, SENT_UNKNOWN);
	settle_it(b, "delivered", first);
	deadline = bench_int(json_object_get(bench_last(b, "step"), "to"), "deadline");
	CU_ASSERT_EQUAL(deadline, b->now + 6 * CLOCK_HOUR);
	settle_it(b, "failed", first + 1);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "delivered, deadline runs");
	bench_go(b, deadline - b->now);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "process not met: next stage");
	bench_close(b);
}

static bool
decide(struct bench *b, const char *who, const char *verdict)
{
	json_t *r = bench_ask(b,
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "decide", "case",
		"2026-000001", "verdict", verdict, "person", who, "reason", "words"));
	bool ok = json_is_true(json_object_get(r, "ok"));

	json_decref(r);
	return ok;
}

static void
test_two_people(void)
{
	struct bench *b = bench_open();

	begin_case(b);
	CU_ASSERT_FALSE(decide(b, "p1", "accept")); /* there is nothing to decide */
	bench_go(b, 6 * CLOCK_HOUR + 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	bench_go(b, 4 * CLOCK_HOUR + 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "recommendation"), 1);
	CU_ASSERT_TRUE(decide(b, "p1", "accept"));
	CU_ASSERT_FALSE(decide(b, "p1", "accept"));
	CU_ASSERT_FALSE(decide(b, "nobody", "accept"));
	CU_ASSERT_EQUAL(bench_count(b, "decision"), 1);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_object_get(bench_last(b, "recommendation"), "to"), "phase"),
	    "recommended");
	CU_ASSERT_TRUE(decide(b, "p2", "accept"));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "accepted by two people");
	bench_close(b);
}

/* What was signed before a rejection does not count for the next recommendation. */
static void
test_old_signature(void)
{
	static const struct post more[] = {
	    {"a", "i will kill you"}, {"c", "kill them"}};
	struct bench *b = bench_open();

	begin_case(b);
	bench_go(b, 6 * CLOCK_HOUR + 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	bench_go(b, 4 * CLOCK_HOUR + 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(decide(b, "p1", "accept"));
	CU_ASSERT_TRUE(decide(b, "p2", "reject"));
	bench_feed(b, more, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "step"), "row"),
	    "again in the cure time: same stage");
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	bench_go(b, 4 * CLOCK_HOUR + 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "recommendation"), 2);
	CU_ASSERT_TRUE(decide(b, "p2", "accept"));
	CU_ASSERT_STRING_NOT_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "accepted by two people");
	CU_ASSERT_TRUE(decide(b, "p1", "accept"));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "accepted by two people");
	bench_close(b);
}

/* Stops for some time and comes back. */
static void
be_away(struct bench *b, int64_t ms)
{
	engine_free(&b->engine, b->now);
	bench_forget(b);
	b->now += ms;
	bench_start(b);
}

/* Several absences: each is made good, not the longest alone. */
static void
test_absences(void)
{
	struct bench *b = bench_open();
	const json_t *step;

	begin_case(b);
	for (int i = 0; i < 3; i++) {
		bench_go(b, CLOCK_HOUR);
		be_away(b, 20 * CLOCK_MIN); /* below max_gap each */
	}
	bench_go(b, 2 * CLOCK_HOUR + CLOCK_MIN);
	step = bench_last(b, "step");
	CU_ASSERT_STRING_EQUAL(bench_str(step, "row"), "extended by our own gap");
	CU_ASSERT_EQUAL(
	    bench_int(json_object_get(step, "facts"), "our_gap") / CLOCK_MIN, 60);
	bench_close(b);
}

/* A slip of the pen in an erasure must not look like tampering for ever. */
static void
test_erase_nothing(void)
{
	struct bench *b = bench_open();
	json_t *r =
	    bench_ask(b, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "erase", "file",
			     "evidence/2026/01/01KE9KNQ8K39V3JWJ96PRNN9AH.warc",
			     "person", "p1", "reason", "asked for"));

	CU_ASSERT_FALSE(json_is_true(json_object_get(r, "ok")));
	CU_ASSERT_EQUAL(bench_count(b, "erasure"), 0);
	json_decref(r);
	bench_close(b);
}

/* What is erased while a worker has it is not judged, and nothing of it stays; nor is
 * it shown to anybody afterwards. */
static void
test_erase_in_hand(void)
{
	static const struct post more[] = {{"c", "kill them all"}, {"d", "hello"}};
	struct bench *b = bench_open();
	struct caught c;
	json_t *r;

	bench_feed(b, two, 2);
	bench_erase(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 2);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "degraded"), "why"),
	    "its text was erased before it was judged");
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 2);
	r = bench_ask(b, json_pack("{s:s, s:s}", "cmd", "findings", "rule", "v/kill"));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "rows")), 0);
	json_decref(r);
	/* A worker dies with it: nobody is suspected. */
	bench_feed(b, more, 2);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	msg_clear(&c.m);
	bench_erase(b);
	engine_peer_down(b->engine, ROLE_POLICY, c.index, b->now);
	engine_peer_up(b->engine, ROLE_POLICY, c.index, b->now);
	bench_tick(b);
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 4);
	bench_go(b, 2 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "exposure"), "degraded"), 2);
	bench_close(b);
}

/* In place of that of the C library. */
static bool keeps_captures;

int
unlink(const char *path)
{
	if (keeps_captures && strstr(path, ".warc") != NULL) {
		errno = EIO;
		return -1;
	}
	return unlinkat(AT_FDCWD, path, 0);
}

/* An erasure is on record before the bytes are gone: should that be all that was done
 * of it, the next start does the rest. */
static void
test_erase_again(void)
{
	struct bench *b = bench_open();
	char *path;
	json_t *r;

	bench_feed(b, two, 2);
	path = xasprintf("%s/%s", b->dir, bench_str(bench_last(b, "capture"), "file"));
	keeps_captures = true;
	r = bench_ask(b, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "erase", "file",
			     bench_str(bench_last(b, "capture"), "file"), "person",
			     "p1", "reason", "they asked"));
	CU_ASSERT_FALSE(json_is_true(json_object_get(r, "ok")));
	CU_ASSERT_EQUAL(bench_count(b, "erasure"), 1);
	json_decref(r);
	bench_restart_async(b);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	keeps_captures = false;
	bench_restart_async(b);
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
	bench_restart_async(b);
	CU_ASSERT_EQUAL(bench_count(b, "erasure"), 1);
	free(path);
	bench_close(b);
}

static void
test_absence(void)
{
	struct bench *b = bench_open();
	const json_t *step;
	int64_t deadline;

	begin_case(b);
	deadline = bench_int(json_object_get(bench_last(b, "step"), "to"), "deadline");
	bench_go(b, CLOCK_HOUR);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	b->now += 3 * CLOCK_HOUR; /* we are away */
	bench_start(b);
	bench_go(b, deadline - b->now + CLOCK_SEC);
	step = bench_last(b, "step");
	CU_ASSERT_STRING_EQUAL(bench_str(step, "row"), "extended by our own gap");
	CU_ASSERT(
	    bench_int(json_object_get(step, "facts"), "our_gap") >= 3 * CLOCK_HOUR);
	CU_ASSERT(bench_int(json_object_get(step, "to"), "deadline") >=
		  deadline + 3 * CLOCK_HOUR);
	bench_go(b, 4 * CLOCK_HOUR);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "process not met: next stage");
	bench_close(b);
}

/* The machine was suspended, and nothing was started anew: as good as away. */
static void
test_stood_still(void)
{
	struct bench *b = bench_open();
	const json_t *step;

	begin_case(b);
	bench_go(b, CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	b->now += 8 * CLOCK_HOUR; /* beyond the deadline */
	bench_tick(b);
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 1);
	step = bench_last(b, "step");
	CU_ASSERT_STRING_EQUAL(bench_str(step, "row"), "extended by our own gap");
	CU_ASSERT(
	    bench_int(json_object_get(step, "facts"), "our_gap") >= 8 * CLOCK_HOUR);
	bench_close(b);
}

/* The clock was wrong by a month: feeds are read as before it was set right, by the
 * same engine and by its successor. */
static void
test_set_back(void)
{
	static const struct post more[] = {{"c", "kill them"}};

	for (int restart = 0; restart < 2; restart++) {
		struct bench *b = bench_open();
		uint64_t id;

		bench_feed(b, two, 2);
		CU_ASSERT_EQUAL(bench_inspect(b), 2);
		if (restart) {
			engine_free(&b->engine, b->now);
			bench_forget(b);
		}
		b->now -= 30 * CLOCK_DAY;
		if (restart)
			bench_start(b);
		bench_tick(b);
		CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &id));
		bench_answer(b, id, POLLED_OK, more, 1);
		CU_ASSERT_EQUAL(bench_inspect(b), 1);
		CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
		for (int i = 0; i < 2; i++) /* of the one found before, too */
			CU_ASSERT_TRUE(bench_asked(b, POLL_PAGE, &id));
		bench_go(b, 2 * CLOCK_HOUR);
		CU_ASSERT(bench_count(b, "exposure") > 0);
		bench_close(b);
	}
}

/* What else waits goes back as well: a hub's lease, the notice of a case that is open,
 * a signature that nobody asks for. */
static void
test_set_back_all(void)
{
	struct bench *b = bench_open();
	struct store_subscription r = {.feed = 1,
	    .hub = (char *)"http://hub.example/",
	    .topic = (char *)"http://forum.example/feed",
	    .path = (char *)"p",
	    .secret = (char *)"s",
	    .state = SUBSCRIPTION_ACTIVE,
	    .baseline = CLOCK_NONE,
	    .missed_since = CLOCK_NONE,
	    .last_push = CLOCK_NONE};
	struct store_feed f;
	struct store_at at;
	struct err e = ERR_INIT;
	uint64_t size;

	CU_ASSERT_EQUAL(store_feed_get(b->engine->store, 1, &f, &e), 0);
	memcpy(r.tenant, f.tenant, sizeof(r.tenant));
	store_feed_clear(&f);
	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	at = engine_at(b->engine, r.tenant);
	r.since = b->now;
	r.due = b->now + 8 * CLOCK_DAY;
	r.until = b->now + 10 * CLOCK_DAY;
	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_subscription_put(b->engine->store, &at, &r, &e), 0);
	bench_tick(b);
	size = ledger_size(b->engine->ledger);
	CU_ASSERT(ledger_signed(b->engine->ledger) < size);
	b->now -= 30 * CLOCK_DAY;
	bench_tick(b);
	CU_ASSERT_EQUAL(store_subscription_get(b->engine->store, 1, &r, &e), 0);
	CU_ASSERT_EQUAL(r.since, b->now);
	CU_ASSERT_EQUAL(r.due, b->now + 8 * CLOCK_DAY);
	CU_ASSERT_EQUAL(r.until, b->now + 10 * CLOCK_DAY);
	store_subscription_clear(&r);
	bench_go(b, 30 * CLOCK_SEC);
	CU_ASSERT(ledger_signed(b->engine->ledger) >= size);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0);
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	bench_close(b);
}

/* A reload takes the stage away under a case whose notice is to be composed: what goes
 * out is that of the last stage that there is, with its deadline, which is the one that
 * runs. */
static void
test_shorter_ladder(void)
{
	struct bench *b = bench_open();
	const json_t *step;
	json_t *r, *row;
	char t[CLOCK_TEXT], *mail;
	int64_t composed;

	begin_case(b);
	step = bench_last(b, "step");
	bench_go(b, bench_int(json_object_get(step, "to"), "deadline") - b->now);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "step"), "row"), "process not met: next stage");
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	bench_reconf(b, "},\n  { name = \"warning\"; deadline = \"4h\"; }", "}");
	composed = b->now + CLOCK_MIN;
	bench_go(b, CLOCK_MIN);
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "notice"), 4);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "notice"), "stage"), 1);
	mail = bench_notice(b);
	clock_format(composed + 6 * CLOCK_HOUR, t);
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, t));
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, "You have 6 h 0 min"));
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, "step 1 of 1"));
	CU_ASSERT_PTR_NOT_NULL(strstr(mail, "the next step is: a review"));
	free(mail);
	r = bench_ask(b, json_pack("{s:s}", "cmd", "cases"));
	row = json_array_get(json_object_get(r, "rows"), 0);
	CU_ASSERT_EQUAL(bench_int(row, "stage"), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(row, "stage_name"), "notice");
	json_decref(r);
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	step = bench_last(b, "step");
	CU_ASSERT_STRING_EQUAL(bench_str(step, "row"), "delivered, deadline runs");
	CU_ASSERT_EQUAL(bench_int(json_object_get(step, "to"), "stage"), 1);
	CU_ASSERT_EQUAL(bench_int(json_object_get(step, "to"), "deadline"),
	    b->now + 6 * CLOCK_HOUR);
	bench_go(b, 6 * CLOCK_HOUR);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "recommendation"), "row"),
	    "process not met at the last stage: recommended");
	bench_close(b);
}

/* Between a notice and its delivery a reload makes deadlines shorter: the tenant has
 * what it was told. */
static void
test_told_before(void)
{
	struct bench *b = bench_open();
	const json_t *step;

	bench_feed(b, two, 2);
	CU_ASSERT_EQUAL(bench_inspect(b), 2);
	bench_go(b, 2 * CLOCK_MIN);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 2);
	CU_ASSERT_EQUAL(
	    bench_int(bench_last(b, "notice"), "deadline_ms"), 6 * CLOCK_HOUR);
	bench_reconf(b, "deadline = \"6h\"", "deadline = \"1h\"");
	CU_ASSERT_TRUE(bench_mail(b, "owner@forum.example", SENT_OK));
	step = bench_last(b, "step");
	CU_ASSERT_EQUAL(bench_int(step, "told"), 6 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_int(json_object_get(step, "to"), "deadline"),
	    b->now + 6 * CLOCK_HOUR);
	bench_close(b);
}

static void
test_safety(void)
{
	static const struct post threat[] = {{"s", "burn the depot down"}};
	struct bench *b = bench_open();
	int64_t found;

	bench_feed(b, threat, 1);
	found = b->now;
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(b->now, found); /* the same turn: no time has passed */
	CU_ASSERT_TRUE(bench_mail(b, "desk@host.example", SENT_OK));
	CU_ASSERT_EQUAL(bench_count(b, "safety"), 1);
	/* Apart from the tenant's score and from the tenant. */
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "step"), 0);
	CU_ASSERT_FALSE(bench_mail(b, "owner@forum.example", SENT_OK));
	CU_ASSERT_FALSE(bench_mail(b, "am@host.example", SENT_OK));
	bench_close(b);
}

static void
test_twins(void)
{
	static const struct post twins[] = {
	    {"x", "first"}, {"x", "second"}, {"y", "third"}};
	static const struct post turned[] = {
	    {"y", "third"}, {"x", "second"}, {"x", "first"}};
	struct bench *b = bench_open();

	bench_feed(b, twins, 3);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 3);
	CU_ASSERT_EQUAL(bench_inspect(b), 3);
	bench_feed(b, turned, 3);
	bench_feed(b, twins, 3);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 0);
	bench_close(b);
}

/* Files that came from a copy all look new; a start must not take them for what a
 * crash left behind. */
static void
test_sweep(void)
{
	struct bench *b = bench_open();
	char *stray, *kept;
	FILE *f;

	begin_case(b);
	bench_go(b, 3 * CLOCK_HOUR);
	kept = xasprintf("%s/%s", b->dir, bench_str(bench_last(b, "capture"), "file"));
	stray = xasprintf("%s/notices/2026-000001/left.eml", b->dir);
	f = fopen(stray, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fclose(f);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	/* The files' own times are today's, which is long after T0. */
	bench_start(b);
	CU_ASSERT_EQUAL(access(kept, F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(stray, F_OK), 0);
	free(kept);
	free(stray);
	bench_close(b);
}

/* Says that the worker has n rules; the same as a tree of JSON. */
static json_t *
say_rules(struct bench *b, uint32_t n, char digest)
{
	json_t *tree = json_array();
	char hex[DIGEST_HEX] = "";
	struct msg m;

	memset(hex, digest, sizeof(hex) - 1);
	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup(hex);
	m.rules.n = n;
	m.rules.v = xcalloc(n, sizeof(*m.rules.v));
	for (uint32_t i = 0; i < n; i++) {
		struct msg_rule *r = &m.rules.v[i];

		*r = (struct msg_rule){.rule = xasprintf("pack/r%u", i),
		    .pack = xstrdup(hex),
		    .clause = xstrdup("4.1 \"Gewalt\" für \\ alle /"),
		    .category = xstrdup("violence"),
		    .rev = i + 1,
		    .mode = MODE_SHADOW};
		json_array_append_new(
		    tree, json_pack("[s, I, s, s, s]", r->rule, (json_int_t)r->rev,
			      "shadow", r->pack, r->clause));
	}
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_go(b, CLOCK_MIN);
	return tree;
}

/* What is on record of the rules: themselves, or the hash of so many. */
static void
test_rules(void)
{
	struct bench *b = bench_open();
	json_t *tree = say_rules(b, 2, 'a');
	const json_t *rules;
	char *text, hex[DIGEST_HEX];

	CU_ASSERT(json_equal(tree, json_object_get(bench_last(b, "policy"), "rules")));
	json_decref(tree);
	tree = say_rules(b, 0, 'b');
	CU_ASSERT(json_equal(tree, json_object_get(bench_last(b, "policy"), "rules")));
	json_decref(tree);
	tree = say_rules(b, 3000, 'c');
	rules = json_object_get(bench_last(b, "policy"), "rules");
	CU_ASSERT_EQUAL(bench_int(rules, "count"), 3000);
	text = json_dumps(tree, JSON_COMPACT);
	digest_hex_of(text, strlen(text), hex);
	CU_ASSERT_STRING_EQUAL(bench_str(rules, "sha256"), hex);
	free(text);
	json_decref(tree);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"the rules on record", test_rules},
    {"a notice goes out and its deadline runs", test_notice},
    {"a poll without its bytes", test_bare},
    {"the same poll again records nothing", test_again},
    {"an edit mends", test_edit},
    {"a post that comes again", test_came_again},
    {"a notice that cannot be composed", test_not_composed},
    {"a removed page", test_removed},
    {"a post without a page", test_no_page},
    {"a worker dies with a batch", test_worker_death},
    {"a worker hangs", test_worker_hangs},
    {"a worker answers too late", test_late_answer},
    {"suspects take turns", test_suspects_turn},
    {"one worker is left to serve", test_one_serves},
    {"batches ahead", test_batches_ahead},
    {"none ahead of a slow worker", test_none_ahead},
    {"a worker leaves out what it was asked", test_left_out},
    {"a plugin left out, and a restart", test_left_out_restart},
    {"long texts", test_long_texts},
    {"a text that no message holds", test_too_long},
    {"a mail sent in the future", test_sent_in_future},
    {"a refusal of anything", test_refusal},
    {"fetch dies", test_fetch_death},
    {"the courier dies with a message", test_courier_death},
    {"notices by hand", test_by_hand},
    {"a courier that is replaced", test_courier_replaced},
    {"an engine dies with an answer, and then the courier", test_courier_forgets},
    {"a bounce, and the second contact's", test_bounce},
    {"a second proof of the notice before", test_proof_before},
    {"a bounce of the notice before", test_bounce_before},
    {"a bounce beside a message that has arrived", test_arrived},
    {"two people accept", test_two_people},
    {"a signature before a rejection", test_old_signature},
    {"absences add up", test_absences},
    {"an erasure of nothing", test_erase_nothing},
    {"an erasure of what is in hand", test_erase_in_hand},
    {"an erasure that was not done to its end", test_erase_again},
    {"our own absence", test_absence},
    {"a machine that stood still", test_stood_still},
    {"a clock that is set back", test_set_back},
    {"a clock that is set back, and what else waits", test_set_back_all},
    {"a ladder that a reload made shorter", test_shorter_ladder},
    {"deadlines that a reload made shorter", test_told_before},
    {"the safety lane", test_safety},
    {"one guid, two contents", test_twins},
    {"the sweep keeps what is on record", test_sweep},
};

SUITE_MAIN("engine", tests)
