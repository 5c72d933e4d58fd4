/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_media: a post's media are asked for before it is inspected, one after the
 * other, for so long and no longer; through the engine's own calls, in virtual time.
 */
#include "engine/engine_in.h"
#include "engine_bench.h"
#include "ipc/trace.h"
#include "store/store.h"
#include "store/store_cover.h"

#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct bench *
open_media(const char *policy, bool memory)
{
	const char *at = strstr(bench_conf, "deadline = \"5s\";");
	char *text =
	    xasprintf("%.*s %s %s", (int)(at - bench_conf), bench_conf, policy, at);
	struct bench *b = bench_open_with(text, memory);

	free(text);
	return b;
}

/* The feed shows a post with so many pictures, at that host. */
static void
show_at(struct bench *b, const char *id, unsigned pictures, const char *host)
{
	const struct post p = {id, "look"};
	uint64_t poll = 0;
	struct msg m;

	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &poll));
	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = poll;
	m.polled.time = b->now;
	m.polled.status = 200;
	m.polled.items = xcalloc(1, sizeof(struct item));
	m.polled.nitems = 1;
	bench_item(&m.polled.items[0], &p);
	for (unsigned i = 0; i < pictures; i++) {
		char *url = xasprintf("http://%s/%s-%u.jpg", host, id, i);

		item_add_media(&m.polled.items[0], url, "image/jpeg", NULL);
		free(url);
	}
	m.fd = bench_capture(b);
	bench_say(b, &m);
}

static void
show(struct bench *b, const char *id, unsigned pictures)
{
	show_at(b, id, pictures, "cdn.example");
}

/* The address of the medium that is asked for now; to be freed.  NULL: none is. */
static char *
asked(struct bench *b, uint64_t *id)
{
	struct caught c;

	while (bench_take(b, MSG_POLL, &c)) {
		char *url = c.m.poll.kind == POLL_MEDIA ? xstrdup(c.m.poll.url) : NULL;

		*id = c.m.poll.id;
		msg_clear(&c.m);
		if (url != NULL)
			return url;
	}
	return NULL;
}

static void
expect(struct bench *b, const char *url, uint64_t *id)
{
	char *got = asked(b, id);

	SAME(got, url);
	free(got);
}

static void
answer(struct bench *b, uint64_t id, enum poll_outcome outcome, const char *why)
{
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = id;
	m.polled.time = b->now;
	m.polled.outcome = (uint8_t)outcome;
	m.polled.why = xstrdup(why);
	if (outcome == POLLED_OK) {
		m.polled.items = xcalloc(1, sizeof(struct item));
		m.polled.nitems = 1;
		item_init(&m.polled.items[0]);
		m.polled.items[0].id = xstrdup("x");
		item_add_media(&m.polled.items[0], "x", NULL, NULL);
		item_media_hash(&m.polled.items[0].media[0], SHA, NULL, SHA, 70, NULL);
	}
	bench_say(b, &m);
}

/* The item that is sent to a worker now; false: none is. */
static bool
inspected(struct bench *b, struct item *out)
{
	struct caught c;

	item_init(out);
	if (!bench_take(b, MSG_INSPECT, &c))
		return false;
	CU_ASSERT_EQUAL(c.m.inspect.n, 1);
	item_copy(out, &c.m.inspect.v[0].item);
	msg_clear(&c.m);
	return true;
}

static void
test_one_after_the_other(void)
{
	struct bench *b = open_media("media = true; media_items = 2;", true);
	struct item it;
	uint64_t id;

	show(b, "a", 3);
	CU_ASSERT_FALSE(inspected(b, &it));
	expect(b, "http://cdn.example/a-0.jpg", &id);
	answer(b, id, POLLED_OK, NULL);
	CU_ASSERT_FALSE(inspected(b, &it));
	expect(b, "http://cdn.example/a-1.jpg", &id);
	answer(b, id, POLLED_GONE, "gone for good");
	CU_ASSERT_TRUE_FATAL(inspected(b, &it));
	SAME(it.media[0].sha256, SHA);
	SAME(it.media[0].pdq, SHA);
	CU_ASSERT_EQUAL(it.media[0].quality, 70);
	CU_ASSERT_PTR_NULL(it.media[1].sha256);
	SAME(it.media[1].why, "gone: gone for good");
	SAME(it.media[2].why,
	    "not asked for: so many of one item are not (policy.media_items)");
	item_clear(&it);
	CU_ASSERT_PTR_NULL(asked(b, &id));
	/* Without any there is nothing to wait for. */
	show(b, "b", 0);
	CU_ASSERT_TRUE(inspected(b, &it));
	item_clear(&it);
	bench_close(b);
}

static void
test_off(void)
{
	struct bench *b = open_media("", true);
	struct item it;
	uint64_t id;

	show(b, "a", 2);
	CU_ASSERT_PTR_NULL(asked(b, &id));
	CU_ASSERT_TRUE_FATAL(inspected(b, &it));
	CU_ASSERT_PTR_NULL(it.media[0].why);
	item_clear(&it);
	bench_close(b);
}

/* What may pass is tried once more; past the wait nothing is. */
static void
test_bounded(void)
{
	struct bench *b = open_media("media = true; media_wait = \"5m\";", true);
	struct item it;
	uint64_t id;
	int64_t from;

	show(b, "a", 1);
	expect(b, "http://cdn.example/a-0.jpg", &id);
	answer(b, id, POLLED_TIMEOUT, "no answer");
	CU_ASSERT_FALSE(inspected(b, &it));
	bench_go(b, 2 * CLOCK_MIN);
	expect(b, "http://cdn.example/a-0.jpg", &id);
	answer(b, id, POLLED_TIMEOUT, "no answer");
	CU_ASSERT_TRUE_FATAL(inspected(b, &it));
	SAME(it.media[0].why, "timeout: no answer");
	item_clear(&it);
	/* Told to come back in an hour: as late as it can be, and then no more. */
	show(b, "b", 2);
	from = b->now;
	expect(b, "http://cdn.example/b-0.jpg", &id);
	{
		struct msg m;

		msg_init(&m, MSG_POLLED);
		m.from = ROLE_FETCH;
		m.polled.id = id;
		m.polled.time = b->now;
		m.polled.outcome = POLLED_RATE_LIMIT;
		m.polled.retry_after = CLOCK_HOUR;
		bench_say(b, &m);
	}
	for (int i = 0; i < 40 && !inspected(b, &it); i++)
		bench_go(b, 10 * CLOCK_SEC);
	CU_ASSERT(b->now - from >= 5 * CLOCK_MIN - 10 * CLOCK_SEC);
	CU_ASSERT(b->now - from <= 6 * CLOCK_MIN);
	CU_ASSERT_EQUAL_FATAL(it.nmedia, 2);
	SAME(it.media[0].why, "not there in time (policy.media_wait)");
	SAME(it.media[1].why, "not there in time (policy.media_wait)");
	item_clear(&it);
	bench_close(b);
}

/* So many of a feed and day; on the next day as many again. */
static void
test_budget(void)
{
	struct bench *b = open_media("media = true; media_day = 2;", true);
	struct item it;
	uint64_t id;

	show(b, "a", 3);
	for (int i = 0; i < 2; i++) {
		free(asked(b, &id));
		answer(b, id, POLLED_OK, NULL);
	}
	CU_ASSERT_PTR_NULL(asked(b, &id));
	bench_tick(b);
	CU_ASSERT_TRUE_FATAL(inspected(b, &it));
	SAME(it.media[1].sha256, SHA);
	SAME(it.media[2].why,
	    "not asked for: so many of a feed and day are not (policy.media_day)");
	item_clear(&it);
	bench_forget(b);
	b->now += CLOCK_DAY;
	show(b, "b", 1);
	expect(b, "http://cdn.example/b-0.jpg", &id);
	bench_close(b);
}

/* An answer from a fetcher that was taken over, and an engine that starts anew while a
 * post waits. */
static void
test_hostile_and_restart(void)
{
	struct bench *b = open_media("media = true;", false);
	struct item it;
	struct msg m;
	uint64_t id;

	show(b, "a", 1);
	expect(b, "http://cdn.example/a-0.jpg", &id);
	engine_free(&b->engine, b->now);
	bench_forget(b);
	b->now += CLOCK_MIN;
	bench_start(b);
	bench_tick(b);
	CU_ASSERT_FALSE(inspected(b, &it));
	expect(b, "http://cdn.example/a-0.jpg", &id);
	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = id;
	m.polled.time = b->now; /* OK, and nothing in it */
	bench_say(b, &m);
	CU_ASSERT_TRUE_FATAL(inspected(b, &it));
	SAME(it.media[0].why, "ok");
	item_clear(&it);
	bench_close(b);
}

/* The fetcher ends while it reads the answer to this request. */
static void
die_over(struct bench *b, uint64_t id)
{
	struct trace *t;
	struct err e = ERR_INIT;
	struct msg m;

	CU_ASSERT_EQUAL_FATAL(trace_new(&t, &e), 0);
	trace_at(t, TRACE_READ, "medium", id);
	msg_init(&m, MSG_TRACE);
	m.from = ROLE_FETCH;
	m.fd = trace_fd(t);
	bench_say(b, &m);
	engine_peer_down(b->engine, ROLE_FETCH, 0, b->now);
	engine_peer_up(b->engine, ROLE_FETCH, 0, b->now);
	trace_free(&t);
	bench_tick(b);
}

static void
take_polls(struct bench *b, uint64_t *id, int *media, int *feeds)
{
	struct caught c;

	for (*media = *feeds = 0; bench_take(b, MSG_POLL, &c); msg_clear(&c.m)) {
		if (c.m.poll.kind == POLL_MEDIA)
			*id = c.m.poll.id;
		*(c.m.poll.kind == POLL_MEDIA ? media : feeds) += 1;
	}
}

/* A picture that ends the fetch role is given up after the second time; a poll that was
 * in its hands as well is asked again at once, however often. */
static void
test_deadly(void)
{
	struct bench *b = open_media("media = true; media_wait = \"1d\";", true);
	struct item it;
	uint64_t id, poll = 0;

	show(b, "a", 4);
	expect(b, "http://cdn.example/a-0.jpg", &id);
	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &poll));
	for (int i = 0; i < 8; i++) {
		int media, feeds;

		die_over(b, id);
		bench_go(b, 5 * CLOCK_SEC);
		take_polls(b, &id, &media, &feeds);
		CU_ASSERT_EQUAL(feeds, 1);
		CU_ASSERT_EQUAL(media, i % 2 == 1 && i < 7);
		if (i % 2 == 1)
			continue;
		bench_go(b, 2 * CLOCK_MIN);
		take_polls(b, &id, &media, &feeds);
		CU_ASSERT_EQUAL(media, 1);
	}
	CU_ASSERT_TRUE_FATAL(inspected(b, &it));
	for (int i = 0; i < 4; i++)
		SAME(
		    it.media[i].why, "http-error: the fetch role ended over what came");
	item_clear(&it);
	bench_close(b);
}

/* The name of a host that this fetcher asks. */
static void
host_of(struct bench *b, uint32_t fetcher, char out[32])
{
	char url[64];
	int i = 0;

	do {
		snprintf(out, 32, "cdn%d.example", i++);
		snprintf(url, sizeof(url), "http://%s/", out);
	} while (engine_poll_fetcher(b->engine, url) != fetcher);
}

/* One fetcher is away: what is the others' to ask is asked, and its own is neither, nor
 * counted as asked. */
static void
test_fetcher_away(void)
{
	const char *at = strstr(bench_conf, "deadline = \"5s\";");
	char *text = xasprintf("fetchers = 2;\n%.*s media = true; media_day = 3; "
			       "media_wait = \"5h\"; %s",
		 (int)(at - bench_conf), bench_conf, at),
	     here[32], away[32], *url;
	struct bench *b = bench_open_with(text, true);
	uint32_t up = engine_poll_fetcher(b->engine, "http://forum.example/");
	uint64_t id;

	free(text);
	host_of(b, up, here);
	host_of(b, !up, away);
	engine_peer_down(b->engine, ROLE_FETCH, !up, b->now);
	show_at(b, "a", 1, away);
	for (int i = 0; i < 10; i++)
		bench_go(b, CLOCK_SEC);
	show_at(b, "b", 1, here);
	url = xasprintf("http://%s/b-0.jpg", here);
	expect(b, url, &id);
	free(url);
	engine_peer_up(b->engine, ROLE_FETCH, !up, b->now);
	bench_go(b, 2 * CLOCK_SEC);
	url = xasprintf("http://%s/a-0.jpg", away);
	expect(b, url, &id);
	free(url);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"one medium after the other", test_one_after_the_other},
    {"off", test_off},
    {"bounded in time", test_bounded},
    {"bounded by day", test_budget},
    {"odd answers, and a restart", test_hostile_and_restart},
    {"one that ends the fetch role", test_deadly},
    {"one fetcher is away", test_fetcher_away},
};
SUITE_MAIN("engine media", tests)
