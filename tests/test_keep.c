/* SPDX-License-Identifier: Apache-2.0 */
/* test_keep: texts are let go when their time is over, and only then; what is still
 * needed stays; what was seen is counted right for ever. */
#include "engine/engine_in.h"
#include "engine/engine_window.h"
#include "engine_bench.h"
#include "store/store_cover.h"
#include "store/store_history.h"

#define POSTS 60
#define READING 20

static char *ids[POSTS], *texts[POSTS];

static const char keep_conf[] =
    "keep = { texts = \"10d\"; sample = 0.3; sampled = \"20d\"; found = \"40d\"; };\n";

static struct bench *
open_bench(bool memory)
{
	char *conf = xasprintf("%s%s", bench_conf, keep_conf);
	struct bench *b = bench_open_with(conf, memory);

	free(conf);
	return b;
}

/* Time passes at once; the engine ticks until it has nothing left to do now. */
static unsigned
leap(struct bench *b, int64_t ms)
{
	int64_t next;
	unsigned ticks = 0;

	b->now += ms;
	do {
		next = bench_tick(b);
		b->now = next < b->now + CLOCK_SEC ? next : b->now;
		bench_forget(b);
	} while (next <= b->now && ++ticks < 5000);
	CU_ASSERT(ticks < 5000);
	return ticks;
}

/* The fetcher says that it read this then, and so do the bytes that it sends along. */
static void
answer_at(struct bench *b, uint64_t id, const struct post *p, int64_t time)
{
	int64_t now = b->now;
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = id;
	m.polled.outcome = POLLED_OK;
	m.polled.status = 200;
	m.polled.time = time;
	b->now = time;
	m.fd = bench_capture(b);
	b->now = now;
	m.polled.items = xcalloc(1, sizeof(*m.polled.items));
	m.polled.nitems = 1;
	bench_item(&m.polled.items[0], p);
	bench_say(b, &m);
}

/* Three readings of twenty posts each; every fifteenth is found. */
static void
read_all(struct bench *b)
{
	struct post p[POSTS];

	for (int i = 0; i < POSTS; i++) {
		ids[i] = xasprintf("p%d", i);
		texts[i] =
		    xasprintf("%s number %d", i % 15 == 7 ? "we kill" : "good", i);
		p[i] = (struct post){ids[i], texts[i]};
	}
	for (int i = 0; i < POSTS; i += READING) {
		bench_feed(b, p + i, READING);
		while (bench_inspect(b) > 0)
			;
	}
}

static void
free_texts(void)
{
	for (int i = 0; i < POSTS; i++) {
		free(ids[i]);
		free(texts[i]);
	}
}

struct seen {
	unsigned rows, texts, found, listed, sampled, husks, bad;
	struct window window;
};

static int
look(void *ctx, const struct store_past *p)
{
	struct seen *s = ctx;
	bool listed = false;

	for (size_t i = 0; i < s->window.n; i++)
		listed |= s->window.v[i].item == p->item;
	s->rows++;
	s->texts += p->text == TEXT_KEPT;
	s->husks += p->text == TEXT_LET_GO;
	s->found += p->text == TEXT_KEPT && p->nfound > 0;
	s->listed += p->text == TEXT_KEPT && p->nfound == 0 && listed;
	s->sampled += p->text == TEXT_KEPT && p->nfound == 0 && !listed &&
		      store_sampled(p->digest, 300000);
	/* What is left knows the post, and says nothing of it. */
	if (p->text == TEXT_LET_GO &&
	    (p->body.text != NULL || p->body.title != NULL || p->body.id == NULL ||
		p->body.url == NULL || p->body.published != T0))
		s->bad++;
	return 0;
}

static struct seen
look_at_all(struct bench *b)
{
	struct store_coverage c;
	struct seen s = {0};
	struct err e = ERR_INIT;

	store_coverage_init(&c);
	if (store_coverage_get(b->engine->store, 1, &c, &e) == 0)
		window_unpack(&c.window, &s.window);
	store_coverage_clear(&c);
	CU_ASSERT_EQUAL(
	    store_past_each(b->engine->store, 0, INT64_MAX, NULL, look, &s, &e), 0);
	window_free(&s.window);
	return s;
}

static int
add_up(void *ctx, const struct store_exposure *x)
{
	*(uint64_t *)ctx += x->items;
	return 0;
}

static uint64_t
exposure(struct bench *b)
{
	uint64_t n = 0;

	store_exposure_each(
	    b->engine->store, b->conf->tenants[0].key, 0, INT64_MAX, add_up, &n);
	return n;
}

static int64_t
mark(struct bench *b, enum store_mark m)
{
	struct store_mark_at at;
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL(store_mark_get(b->engine->store, m, &at, &e), 0);
	return at.revision;
}

static int
close_case(void *ctx, const struct store_case *row)
{
	struct bench *b = ctx;
	struct store_at at = engine_at(b->engine, row->tenant);
	struct store_case c = *row;
	struct err e = ERR_INIT;

	engine_begin(b->engine);
	c.closed = b->now;
	c.deadline = CLOCK_NONE;
	CU_ASSERT_EQUAL(store_case_update(b->engine->store, &at, &c, &e), 0);
	return 0;
}

static int
stop_looking(void *ctx, const struct store_violation *row)
{
	struct bench *b = ctx;
	struct store_at at = engine_at(b->engine, row->tenant);
	struct store_violation v;
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL(store_violation_get(b->engine->store, row->id, &v, &e), 0);
	v.next_check = CLOCK_NONE;
	CU_ASSERT_EQUAL(store_violation_update(b->engine->store, &at, &v, &e), 0);
	store_violation_clear(&v);
	return 0;
}

static void
test_periods(void)
{
	struct bench *b = open_bench(true);
	struct seen s;
	uint64_t items;
	unsigned sampled;

	read_all(b);
	leap(b, 9 * CLOCK_DAY);
	s = look_at_all(b);
	CU_ASSERT_EQUAL(s.texts, POSTS);
	CU_ASSERT_EQUAL(mark(b, MARK_WHOLE), 0);
	items = exposure(b);
	CU_ASSERT_EQUAL(items, POSTS);
	CU_ASSERT_EQUAL(bench_count(b, "let-go"), 0);

	leap(b, 3 * CLOCK_DAY);
	s = look_at_all(b);
	CU_ASSERT_EQUAL(s.rows, POSTS);
	CU_ASSERT_EQUAL(s.found, 4);
	CU_ASSERT(s.listed >= READING - 2 && s.sampled > 2);
	CU_ASSERT_EQUAL(s.texts, s.found + s.listed + s.sampled);
	CU_ASSERT_EQUAL(s.husks, POSTS - s.texts);
	CU_ASSERT(s.husks > 10);
	CU_ASSERT_EQUAL(s.bad, 0);
	CU_ASSERT_EQUAL(exposure(b), items);
	CU_ASSERT_EQUAL(mark(b, MARK_WHOLE), POSTS);
	CU_ASSERT_EQUAL(mark(b, MARK_SAMPLE), 0);
	CU_ASSERT_EQUAL(store_thinned_share(b->engine->store, 5), 300000);
	CU_ASSERT_EQUAL(
	    store_thinned_share(b->engine->store, POSTS + 1), STORE_SHARE_ALL);
	CU_ASSERT_EQUAL(bench_count(b, "let-go"), 1);
	CU_ASSERT_EQUAL(
	    bench_int(json_object_get(bench_last(b, "let-go"), "whole"), "upto"),
	    POSTS);
	sampled = s.sampled;

	/* The sample's time is over; what is listed and what is cited stays. */
	leap(b, 10 * CLOCK_DAY);
	s = look_at_all(b);
	CU_ASSERT(sampled > 0 && s.sampled == 0);
	CU_ASSERT(s.listed >= READING - 2);
	CU_ASSERT_EQUAL(s.found, 4);
	CU_ASSERT_EQUAL(mark(b, MARK_SAMPLE), POSTS);

	/* An open case holds what it cites, however old. */
	leap(b, 60 * CLOCK_DAY);
	s = look_at_all(b);
	CU_ASSERT_EQUAL(mark(b, MARK_FOUND), POSTS);
	CU_ASSERT_EQUAL(s.found, 4);
	store_case_each(b->engine->store, CASE_BY_OPEN, 0, close_case, b);
	store_violation_each(b->engine->store, VIOLATION_ALL, 0, 0, stop_looking, b);
	leap(b, 2 * CLOCK_DAY);
	s = look_at_all(b);
	/* But for the one of the last reading, which the feed still lists. */
	CU_ASSERT_EQUAL(s.found, 1);
	CU_ASSERT_EQUAL(s.rows, POSTS);
	CU_ASSERT_EQUAL(exposure(b), items);
	free_texts();
	bench_close(b);
}

/* It was told by a clock that was far ahead: what is let go is told all the same. */
static void
test_set_back(void)
{
	struct bench *b = open_bench(true);
	struct err e = ERR_INIT;
	char *ahead;

	read_all(b);
	leap(b, 12 * CLOCK_DAY);
	CU_ASSERT_EQUAL(bench_count(b, "let-go"), 1);
	ahead = xasprintf("%lld %d 0 0", (long long)(b->now + 400 * CLOCK_DAY), POSTS);
	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_meta_set(b->engine->store, "keep.told", ahead, &e), 0);
	leap(b, 10 * CLOCK_DAY);
	CU_ASSERT_EQUAL(mark(b, MARK_SAMPLE), POSTS);
	CU_ASSERT_EQUAL(bench_count(b, "let-go"), 2);
	free(ahead);
	free_texts();
	bench_close(b);
}

/* Nobody has judged it: it stays, and goes once somebody has. */
static void
test_pending(void)
{
	static const struct post posts[] = {{"a", "good a"}, {"b", "good b"}},
				 later[] = {{"c", "good c"}};
	struct bench *b = open_bench(true);
	struct seen s;

	bench_feed(b, posts, 2);
	leap(b, 40 * CLOCK_DAY);
	s = look_at_all(b);
	CU_ASSERT_EQUAL(s.texts, 2);
	CU_ASSERT_EQUAL(mark(b, MARK_WHOLE), 2);
	for (unsigned i = 0; i < b->conf->fetchers; i++)
		engine_peer_down(b->engine, ROLE_FETCH, i, b->now);
	engine_peer_down(b->engine, ROLE_POLICY, 0, b->now);
	engine_peer_down(b->engine, ROLE_POLICY, 1, b->now);
	bench_forget(b);
	bench_peers(b);
	bench_tick(b);
	while (bench_inspect(b) > 0)
		;
	bench_feed(b, later, 1); /* neither is listed now */
	while (bench_inspect(b) > 0)
		;
	leap(b, 2 * CLOCK_DAY);
	s = look_at_all(b);
	CU_ASSERT_EQUAL(s.rows, 3);
	CU_ASSERT(s.husks + s.listed >= 2);
	bench_close(b);
}

/* However much is due, a turn does little, and in the end all is done. */
static void
test_little(void)
{
	struct bench *b = open_bench(true);
	struct engine *g = b->engine;
	const char *tenant = b->conf->tenants[0].key;
	struct store_at at = engine_at(g, tenant);
	struct err e = ERR_INIT;
	int64_t before;
	unsigned turns;

	engine_begin(g);
	for (int i = 0; i < 1000; i++) {
		struct store_item item = {.feed = 1, .first_seen = T0 + i};
		struct store_revision r = {.seen = T0 + i, .time = T0, .entry = -1};

		snprintf(item.tenant, sizeof(item.tenant), "%s", tenant);
		item.guid = xasprintf("x%d", i);
		item_init(&r.body);
		r.body.id = xasprintf("x%d", i);
		r.body.text = xasprintf("text %d", i);
		digest_hex_of(r.body.text, strlen(r.body.text), r.digest);
		CU_ASSERT_EQUAL(store_revision_add(g->store, &at, &item, &r, &e), 0);
		CU_ASSERT_EQUAL(store_revision_judged(g->store, &at, r.id, INSPECT_DONE,
				    1, "p", NULL, &e),
		    0);
		item_clear(&r.body);
		store_item_clear(&item);
	}
	b->now = T0 + 30 * CLOCK_DAY;
	before = 0;
	bench_tick(b);
	for (turns = 1; mark(b, MARK_SAMPLE) < 1000 && turns < 200; turns++) {
		CU_ASSERT(mark(b, MARK_WHOLE) - before <= 48);
		CU_ASSERT(mark(b, MARK_SAMPLE) <= mark(b, MARK_WHOLE));
		before = mark(b, MARK_WHOLE);
		b->now += 100;
		bench_tick(b);
		bench_forget(b);
	}
	CU_ASSERT(turns > 1000 / 48 && turns < 60);
	leap(b, CLOCK_SEC);
	CU_ASSERT_EQUAL(look_at_all(b).husks, 1000);
	CU_ASSERT_EQUAL(bench_count(b, "let-go"), 1);
	bench_close(b);
}

/* Another share begins another range; a mark survives a restart. */
static void
test_ranges(void)
{
	struct bench *b = open_bench(false);
	struct store *s = b->engine->store;
	struct store_mark_at at = {7, T0}, got;
	struct err e = ERR_INIT;

	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_thinned_grow(s, NULL, 5, 50000, &e), 0);
	CU_ASSERT_EQUAL(store_thinned_grow(s, NULL, 9, 50000, &e), 0);
	CU_ASSERT_EQUAL(store_thinned_grow(s, NULL, 12, 100000, &e), 0);
	CU_ASSERT_EQUAL(store_thinned_share(s, 1), 50000);
	CU_ASSERT_EQUAL(store_thinned_share(s, 9), 50000);
	CU_ASSERT_EQUAL(store_thinned_share(s, 10), 100000);
	CU_ASSERT_EQUAL(store_thinned_share(s, 13), STORE_SHARE_ALL);
	CU_ASSERT_EQUAL(store_mark_set(s, NULL, MARK_FOUND, &at, &e), 0);
	engine_flush(b->engine, b->now);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	CU_ASSERT_EQUAL(store_mark_get(b->engine->store, MARK_FOUND, &got, &e), 0);
	CU_ASSERT(got.revision == 7 && got.seen == T0);
	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_meta_set(b->engine->store, "keep.found", "x", &e), 0);
	CU_ASSERT_EQUAL(
	    store_mark_get(b->engine->store, MARK_FOUND, &got, &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(store_meta_set(b->engine->store, "keep.found", "0 0", &e), 0);
	bench_close(b);
}

/* By time into the past, by halves. */
static void
test_past(void)
{
	struct bench *b = open_bench(true);
	struct store *s;
	int64_t last;

	read_all(b);
	s = b->engine->store;
	last = store_past_last(s);
	CU_ASSERT_EQUAL(last, POSTS);
	CU_ASSERT_EQUAL(store_past_after(s, 0), 0);
	CU_ASSERT_EQUAL(store_past_after(s, INT64_MAX), POSTS);
	for (int64_t i = 0; i < POSTS; i++) {
		int64_t seen = store_past_seen(s, i + 1),
			after = store_past_after(s, seen);

		CU_ASSERT(after <= i && store_past_seen(s, after + 1) == seen);
		CU_ASSERT(after == 0 || store_past_seen(s, after) < seen);
	}
	CU_ASSERT_EQUAL(store_past_gone(s, 1), CLOCK_NONE);
	free_texts();
	bench_close(b);
}

/* What a fetcher reads while its clock is wrong is kept as long as anything else, and
 * its capture is of today. */
static void
test_wrong_fetcher(void)
{
	const int64_t wrong[] = {
	    0, T0 - 300 * CLOCK_DAY, T0 + 300 * CLOCK_DAY, INT64_MIN};
	struct bench *b = open_bench(true);
	struct store_revision r;
	struct err e = ERR_INIT;
	char day[CLOCK_TEXT], month[32], id[8];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct post p = {id, "good morning"};
		uint64_t poll;
		int64_t now;

		snprintf(id, sizeof(id), "w%zu", i);
		CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &poll));
		now = b->now;
		answer_at(b, poll, &p, wrong[i]);
		snprintf(month, sizeof(month), "evidence/%.4s/%.2s/",
		    clock_day(now, day), day + 5);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(bench_str(bench_last(b, "capture"), "file"), month));
		CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "seen"), now);
		CU_ASSERT_EQUAL_FATAL(
		    store_revision_get(b->engine->store, (int64_t)i + 1, &r, &e), 0);
		CU_ASSERT_EQUAL(r.seen, now);
		store_revision_clear(&r);
		while (bench_inspect(b) > 0)
			;
	}
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"periods", test_periods},
    {"a clock that was ahead", test_set_back},
    {"not yet judged", test_pending},
    {"little at a time", test_little},
    {"ranges and marks", test_ranges},
    {"the past by time", test_past},
    {"a fetcher whose clock is wrong", test_wrong_fetcher},
};

SUITE_MAIN("keep", tests)
