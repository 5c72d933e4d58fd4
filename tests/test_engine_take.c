/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_take: what a stream brings becomes rows, a capture and its entry, and
 * goes to workers: repeated posts within a batch, what waits for a worker, across a
 * restart and an erasure; in virtual time, the store on disk.
 */
#include <inttypes.h>

#include "engine/engine_in.h"
#include "engine_bench.h"
#include "store/store.h"

struct event {
	const char *id, *text;
	int64_t stamp;
};

static struct bench *
open_stream(void)
{
	static const char feed[] = "{ url = \"http://forum.example/feed\"; ";
	const char *at = strstr(bench_conf, feed) + sizeof(feed) - 1;
	char *text = xasprintf("%.*s stream = \"ndjson\"; "
			       "stream_url = \"http://forum.example/stream\"; %s",
	    (int)(at - bench_conf), bench_conf, at);
	struct bench *b = bench_open_with(text, false);

	free(text);
	return b;
}

/* The number of the feed whose stream is to be opened. */
static uint64_t
opened(struct bench *b)
{
	struct caught c;
	uint64_t feed = 0;

	bench_tick(b);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_STREAM, &c));
	feed = c.m.stream.feed;
	msg_clear(&c.m);
	return feed;
}

static void
begin_push(const struct bench *b, uint64_t feed, struct msg *m)
{
	msg_init(m, MSG_PUSHED);
	m->from = ROLE_FETCH;
	m->pushed.feed = feed;
	m->pushed.state = PUSHED_DATA;
	m->pushed.time = b->now;
}

static void
push(struct bench *b, uint64_t feed, const struct event *v, uint32_t n)
{
	struct msg m;

	begin_push(b, feed, &m);
	m.pushed.nitems = n;
	m.pushed.items = xcalloc(n, sizeof(*m.pushed.items));
	for (uint32_t i = 0; i < n; i++) {
		struct post p = {v[i].id, v[i].text};

		bench_item(&m.pushed.items[i], &p);
		m.pushed.items[i].updated = v[i].stamp;
	}
	m.fd = bench_capture(b);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

/* The stream says so many times that this post is deleted. */
static void
push_gone(struct bench *b, uint64_t feed, const char *id, uint32_t n)
{
	struct msg m;

	begin_push(b, feed, &m);
	m.pushed.ngone = n;
	m.pushed.gone = xcalloc(n, sizeof(*m.pushed.gone));
	for (uint32_t i = 0; i < n; i++)
		m.pushed.gone[i] = xstrdup(id);
	m.fd = bench_capture(b);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

static const struct event events[] = {
    {"a", "first words", T0 + 1},
    {"b", "other \"words\"\n\xc3\xa9", T0 + 1},
    {"a", "second words", T0 + 3},
    {"c", "more words", T0 + 1},
    {"a", "stale words", T0 + 2},
    {"b", "other \"words\"\n\xc3\xa9", T0 + 1},
    {"d", "last words", T0 + 1},
};
static const struct {
	int64_t item;
	uint32_t n;
	const char *text;
} rows[] = {
    {1, 1, "first words"},
    {2, 1, "other \"words\"\n\xc3\xa9"},
    {1, 2, "second words"},
    {3, 1, "more words"},
    {4, 1, "last words"},
};
#define EVENTS (sizeof(events) / sizeof(events[0]))
#define ROWS ((int64_t)(sizeof(rows) / sizeof(rows[0])))

static char *
canonical(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(j);
	return text;
}

/* The capture's metadata is what jansson would write, and says what the rows say. */
static void
check_metadata(struct bench *b, const struct store_revision *r)
{
	struct buf meta = {0};
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	json_t *j, *it;
	char *again;

	CU_ASSERT_EQUAL_FATAL(vault_open(b->dir, FILE_NOSYNC, &v, &e), 0);
	CU_ASSERT_EQUAL(vault_check(v, r->file, r->commit, &e), 0);
	CU_ASSERT_EQUAL_FATAL(vault_metadata(v, r->file, &meta, &e), 0);
	j = json_loadb(meta.data, meta.len, 0, NULL);
	it = json_array_get(json_object_get(j, "items"), (size_t)r->id - 1);
	CU_ASSERT_EQUAL(bench_int(it, "revision"), r->id);
	CU_ASSERT_EQUAL(bench_int(it, "item"), r->item);
	CU_ASSERT_EQUAL(bench_int(it, "n"), r->n);
	SAME(bench_str(it, "text"), r->body.text);
	SAME(bench_str(it, "sha256"), r->digest);
	again = canonical(j);
	SAME(again, meta.data);
	free(again);
	buf_free(&meta);
	vault_free(&v);
}

static void
test_repeated(void)
{
	struct bench *b = open_stream();
	uint64_t feed = opened(b);
	const json_t *entry;
	struct caught c;
	struct store_revision r;
	struct err e = ERR_INIT;
	char *named;

	push(b, feed, events, EVENTS);
	entry = bench_last(b, "capture");
	CU_ASSERT_EQUAL(bench_int(entry, "items"), (int64_t)EVENTS - 1);
	CU_ASSERT_EQUAL(bench_int(entry, "new"), 4);
	CU_ASSERT_EQUAL(bench_int(entry, "changed"), 1);
	named = json_dumps(json_object_get(entry, "revisions"), JSON_COMPACT);
	SAME(named, "[[1,1,1],[2,2,1],[3,1,2],[4,3,1],[5,4,1]]");
	free(named);
	for (int64_t i = 1; i <= ROWS; i++) {
		CU_ASSERT_EQUAL_FATAL(
		    store_revision_get(b->engine->store, i, &r, &e), 0);
		CU_ASSERT_EQUAL(r.item, rows[i - 1].item);
		CU_ASSERT_EQUAL(r.n, rows[i - 1].n);
		SAME(r.body.text, rows[i - 1].text);
		SAME(r.file, bench_str(entry, "file"));
		SAME(r.commit, bench_str(entry, "commit"));
		CU_ASSERT_EQUAL(r.entry, bench_int(entry, "seq"));
		check_metadata(b, &r);
		store_revision_clear(&r);
	}
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_EQUAL_FATAL(c.m.inspect.n, ROWS);
	for (int64_t i = 0; i < ROWS; i++) {
		CU_ASSERT_EQUAL(c.m.inspect.v[i].revision, (uint64_t)i + 1);
		SAME(c.m.inspect.v[i].item.text, rows[i].text);
	}
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_EQUAL(bench_inspect(b), ROWS);
	/* The same again: all is known. */
	push(b, feed, events + 5, 2);
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
	bench_close(b);
}

static int
add_hour(void *ctx, const struct store_exposure *x)
{
	struct store_exposure *sum = ctx;

	sum->items += x->items;
	sum->violations += x->violations;
	return 0;
}

/* Posts of two hours and one that is edited; one of them is a threat. */
static void
test_counted(void)
{
	static const struct event first[] = {{"a", "words", T0}, {"b", "kill", T0},
	    {"c", "more", T0}},
				  second[] = {
				      {"a", "other words", T0 + 1}, {"d", "more", T0}};
	struct bench *b = open_stream();
	uint64_t feed = opened(b);
	struct store_exposure sum = {0};
	struct store_revision r;
	struct err e = ERR_INIT;

	push(b, feed, first, 3);
	b->now += CLOCK_HOUR;
	push(b, feed, second, 2);
	CU_ASSERT_EQUAL(bench_inspect(b) + bench_inspect(b), 5);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 2);
	for (int64_t i = 1; i <= 5; i++) {
		CU_ASSERT_EQUAL_FATAL(
		    store_revision_get(b->engine->store, i, &r, &e), 0);
		CU_ASSERT_EQUAL(r.state, INSPECT_DONE);
		SAME(r.policy, "d1");
		store_revision_clear(&r);
	}
	CU_ASSERT_EQUAL(store_exposure_each(b->engine->store, b->conf->tenants[0].key,
			    0, INT64_MAX, add_hour, &sum),
	    0);
	CU_ASSERT_EQUAL(sum.items, 4);
	CU_ASSERT_EQUAL(sum.violations, 1);
	CU_ASSERT_EQUAL(b->engine->items_judged, 5);
	bench_close(b);
}

/* Both workers have something in hand; what comes then waits. */
static uint64_t
make_wait(struct bench *b)
{
	static const struct event v[] = {{"a", "words", T0}, {"b", "words", T0},
	    {"c", "what waits", T0}, {"d", "what waits too", T0}};
	uint64_t feed = opened(b);

	push(b, feed, v, 1);
	push(b, feed, v + 1, 1);
	b->now += CLOCK_SEC; /* another capture */
	push(b, feed, v + 2, 2);
	CU_ASSERT_EQUAL(b->engine->pending.n, 2);
	return feed;
}

static void
test_waiting(void)
{
	struct bench *b = open_stream();
	struct caught c;

	make_wait(b);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	/* The others, and then those that waited, with their texts. */
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_EQUAL_FATAL(c.m.inspect.n, 2);
	SAME(c.m.inspect.v[0].item.text, "what waits");
	SAME(c.m.inspect.v[1].item.text, "what waits too");
	CU_ASSERT_PTR_NOT_NULL(c.m.inspect.v[0].tenant);
	msg_clear(&c.m);
	bench_close(b);
}

static void
test_restart(void)
{
	struct bench *b = open_stream();
	uint32_t n = 0, k;

	make_wait(b);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
	while ((k = bench_inspect(b)) > 0)
		n += k;
	CU_ASSERT_EQUAL(n, 4);
	CU_ASSERT_EQUAL(b->engine->items_judged, 4);
	bench_close(b);
}

/* What a person erases while it waits is not shown to a plugin any more, as if there
 * were nothing in it, but degraded. */
static void
test_erased(void)
{
	struct bench *b = open_stream();
	struct caught c;
	const char *file;

	make_wait(b);
	file = bench_str(bench_last(b, "capture"), "file");
	json_decref(
	    bench_ask(b, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "erase", "file", file,
			     "person", "p1", "reason", "asked for")));
	CU_ASSERT_EQUAL(bench_count(b, "erasure"), 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT(bench_count(b, "degraded") > 0);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "degraded"), "why"),
	    "its text was erased before it was judged");
	bench_close(b);
}

/* A row that cannot be read any more is not taken for a post without words. */
static void
test_damaged(void)
{
	static const struct post one[] = {{"a", "i will kill you"}};
	struct item nothing;
	struct store_at at;
	struct caught c;
	struct err e = ERR_INIT;
	struct bench *b = bench_open();

	bench_feed(b, one, 1);
	item_init(&nothing);
	at = engine_at(b->engine, b->conf->tenants[0].key);
	engine_begin(b->engine);
	CU_ASSERT_EQUAL(store_revision_body(b->engine->store, &at, 1, &nothing, &e), 0);
	engine_flush(b->engine, b->now);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
	CU_ASSERT_FALSE(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 0);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "degraded"), "why"), ENGINE_GONE);
	bench_close(b);
}

/* More deletions at once than an entry has room for. */
static void
test_many_gone(void)
{
	static const struct event one[] = {{"a", "words", T0 + 1}};
	struct bench *b = open_stream();
	uint64_t feed = opened(b);

	push(b, feed, one, 1);
	push_gone(b, feed, "a", 40000);
	CU_ASSERT_EQUAL(bench_count(b, "gone"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "gone"), "told"), 40000);
	bench_forget(b);
	bench_close(b);
}

/* A stream says that a post is deleted which the feed goes on showing. */
static void
test_not_gone(void)
{
	static const struct post two[] = {{"b", "other words"}, {"a", "words"}};
	struct bench *b = open_stream();
	uint64_t feed = opened(b);

	bench_feed(b, two, 2);
	push_gone(b, feed, "a", 1);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "sighting"), "state"), "missing");
	bench_feed(b, two, 2);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "sighting"), "state"), "returned");
	while (bench_inspect(b) > 0)
		;
	bench_close(b);
}

/* A page that was asked for a post which is listed again says nothing of another post,
 * should what is asked for now have the number of what was asked before. */
static void
test_asked_before(void)
{
	static const struct post two[] = {{"b", "other words"}, {"a", "words"}};
	struct bench *b = open_stream();
	uint64_t feed = opened(b), page = 0;

	bench_feed(b, two, 2);
	push_gone(b, feed, "a", 1);
	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_PAGE, &page));
	bench_feed(b, two, 2);
	push_gone(b, feed, "b", 1);
	bench_answer(b, page, POLLED_GONE, NULL, 0);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "sighting"), "state"), "missing");
	bench_page(b, POLLED_GONE, NULL);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "sighting"), "state"), "removed");
	while (bench_inspect(b) > 0)
		;
	bench_close(b);
}

static void
say_state(struct bench *b, uint64_t feed, enum pushed_state state)
{
	struct msg m;

	begin_push(b, feed, &m);
	m.pushed.state = (uint8_t)state;
	bench_say(b, &m);
}

/* The clock is set back while a poll is to close the gap of a stream: it does, and is
 * not made again at once for as long as the clock was wrong by. */
static void
test_set_back(void)
{
	struct bench *b = open_stream();
	uint64_t feed = opened(b), id;
	struct caught c;
	int polls = 0;

	say_state(b, feed, PUSHED_UP);
	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &id));
	bench_answer(b, id, POLLED_UNCHANGED, NULL, 0);
	say_state(b, feed, PUSHED_DOWN);
	b->now += CLOCK_MIN;
	say_state(b, feed, PUSHED_UP);
	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &id));
	b->now -= 30 * CLOCK_DAY;
	bench_tick(b);
	bench_answer(b, id, POLLED_UNCHANGED, NULL, 0);
	for (int i = 0; i < 60; i++) {
		bench_go(b, CLOCK_SEC);
		while (polls < 20 && bench_take(b, MSG_POLL, &c)) {
			polls++;
			bench_answer(b, c.m.poll.id, POLLED_UNCHANGED, NULL, 0);
			msg_clear(&c.m);
		}
	}
	CU_ASSERT(polls <= 1);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "stream"), "state"), "repaired");
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"what waits and cannot be read", test_damaged},
    {"a post twice and three times in one batch", test_repeated},
    {"what was seen and judged is counted once", test_counted},
    {"what waits for a worker has its text", test_waiting},
    {"what waits is there after a restart", test_restart},
    {"what waits and is erased", test_erased},
    {"more deletions than an entry holds", test_many_gone},
    {"a deletion that is none", test_not_gone},
    {"an answer to what was asked before", test_asked_before},
    {"a clock that is set back beside a stream", test_set_back},
};
SUITE_MAIN("engine: taking and handing on", tests)
