/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_feeds: how feeds are asked, through the engine's own calls and in virtual
 * time: schedule, validators, states, redirects, outages of ours, many feeds for hours.
 */
#include <time.h>

#include "engine/engine_in.h"
#include "engine_bench.h"
#include "store/store_cover.h"
#include "store/store.h"

/* Configurations of so many feeds, each at a host of its own. */
static char *
conf_of(unsigned feeds, const char *fetch, const char *each)
{
	struct buf b = {0};

	buf_printf(&b,
	    "provider = { name = \"Host\"; mailbox = \"abuse@host.example\"; };\n"
	    "fetch = { %s };\n"
	    "tenants = (\n",
	    fetch);
	for (unsigned i = 0; i < feeds; i++)
		buf_printf(&b,
		    "%s{ id = \"t%u\"; name = \"T\"; contact = \"o@forum.example\";\n"
		    "  manager = \"am@host.example\"; feeds = ( { %s\n"
		    "  url = \"http://h%u.example/feed\"; } ); }\n",
		    i > 0 ? "," : "", i, each, i);
	buf_puts(&b, ");\n");
	return buf_take(&b);
}

static struct bench *
open_feeds(unsigned feeds, const char *fetch, const char *each, bool memory)
{
	char *text = conf_of(feeds, fetch, each);
	struct bench *b = bench_open_with(text, memory);

	free(text);
	return b;
}

/* The one feed of bench_conf.  Days pass in these tests: not with a real disk. */
static struct bench *
open_one(void)
{
	return bench_open_with(bench_conf, true);
}

/* What fetch says; more is set before it is sent. */
static struct msg
said(struct bench *b, uint64_t id, enum poll_outcome outcome, int status)
{
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = id;
	m.polled.outcome = outcome;
	m.polled.status = status;
	m.polled.time = b->now;
	return m;
}

/* Is this a poll that a feed's schedule asked for, and no errand in between? */
static bool
is_due(struct bench *b, const struct msg_poll *p)
{
	json_t *reply = bench_ask(b, json_pack("{s:s}", "cmd", "feeds")), *row;
	bool due = false;
	size_t i;

	json_array_foreach(json_object_get(reply, "rows"), i,
	    row) if (strcmp(p->url, bench_str(row, "url")) == 0 ||
		     strcmp(p->url, bench_str(row, "moved_to")) == 0) due |=
	    clock_parse(bench_str(row, "next_poll")) <= b->now;
	json_decref(reply);
	return due;
}

/* The next poll of a feed, whenever it comes; b->now is then.  Whatever else is asked,
 * a look as somebody else for one, gets no answer here.  The caller clears c. */
static bool
next_poll(struct bench *b, struct caught *c)
{
	for (int64_t end = b->now + 3 * CLOCK_DAY; b->now < end;) {
		int64_t next = bench_tick(b);

		while (bench_take(b, MSG_POLL, c)) {
			if (c->m.poll.kind == POLL_FEED && !c->m.poll.second &&
			    is_due(b, &c->m.poll))
				return true;
			msg_clear(&c->m);
		}
		b->now = next;
	}
	return false;
}

/* The row of tosctl feeds; the caller decrefs. */
static json_t *
row_of(struct bench *b, size_t i)
{
	json_t *reply = bench_ask(b, json_pack("{s:s}", "cmd", "feeds"));
	json_t *row = json_incref(json_array_get(json_object_get(reply, "rows"), i));

	json_decref(reply);
	return row;
}

static bool
row_has(struct bench *b, const char *key, const char *want)
{
	json_t *row = row_of(b, 0);
	const char *has = json_string_value(json_object_get(row, key));
	bool same = want == NULL ? has == NULL : has != NULL && strcmp(has, want) == 0;

	if (!same)
		printf("\n%s is %s\n", key, has != NULL ? has : "(none)");
	json_decref(row);
	return same;
}

/* --- schedule --- */

/* One poll; returns how long after the one before it was sent. */
static int64_t
poll_once(struct bench *b, enum poll_outcome outcome, int status, unsigned items)
{
	static unsigned serial;
	struct caught c;
	struct msg m;
	int64_t from = b->now;

	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	m = said(b, c.m.poll.id, outcome, status);
	if (outcome == POLLED_OK) {
		m.polled.items = xcalloc(items + 1, sizeof(*m.polled.items));
		m.polled.nitems = items;
		for (unsigned i = 0; i < items; i++) {
			char *id = xasprintf("i%u", serial++);
			struct post p = {id, "good morning"};

			bench_item(&m.polled.items[i], &p);
			m.polled.items[i].published = CLOCK_NONE;
			free(id);
		}
	}
	bench_say(b, &m);
	msg_clear(&c.m);
	return b->now - from;
}

/* A feed without dates that brings an item every six hours is asked about as often,
 * after it has been watched for some weeks. */
static void
test_own_rate(void)
{
	/* No looks as somebody else: one that gets no answer is thought of each second.
	 */
	struct bench *b = open_feeds(1,
	    "interval = \"1h\"; }; coverage = { second_min = 0; second_max = 0;", "",
	    true);
	int64_t seen = 0, gap = 0, sum = 0, n = 0;

	poll_once(b, POLLED_OK, 200, 1);
	while (b->now < T0 + 60 * CLOCK_DAY) {
		unsigned news = (unsigned)((b->now - T0) / (6 * CLOCK_HOUR) - seen);

		gap = poll_once(b, news ? POLLED_OK : POLLED_UNCHANGED, 200, news);
		seen += news;
		if (b->now < T0 + CLOCK_DAY && !news) /* on probation */
			CU_ASSERT(gap <= CLOCK_HOUR + CLOCK_HOUR / 10);
		if (b->now > T0 + 40 * CLOCK_DAY && gap > 10 * CLOCK_MIN) {
			sum += gap;
			n++;
		}
	}
	CU_ASSERT_FATAL(n > 10);
	CU_ASSERT(sum / n > 4 * CLOCK_HOUR && sum / n < 9 * CLOCK_HOUR);
	/* Silent for ever: once a day, never less. */
	while (b->now < T0 + 95 * CLOCK_DAY)
		gap = poll_once(b, POLLED_UNCHANGED, 304, 0);
	CU_ASSERT(gap >= CLOCK_DAY * 9 / 10 && gap <= CLOCK_DAY);
	bench_close(b);
}

/* A restart and a reload plan what was planned before. */
static void
test_same_plan(void)
{
	struct bench *b = open_feeds(1, "interval = \"2h\";", "", false);
	struct caught c;
	struct msg m;
	json_t *before, *after;

	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	m = said(b, c.m.poll.id, POLLED_RATE_LIMIT, 429);
	m.polled.retry_after = 11 * CLOCK_HOUR;
	bench_say(b, &m);
	msg_clear(&c.m);
	before = row_of(b, 0);
	b->now += CLOCK_HOUR;
	engine_free(&b->engine, b->now);
	b->now += CLOCK_HOUR;
	bench_start(b);
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	after = row_of(b, 0);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(before, "next_poll"), bench_str(after, "next_poll"));
	CU_ASSERT_EQUAL(clock_parse(bench_str(before, "next_poll")), b->now);
	msg_clear(&c.m);
	json_decref(before);
	json_decref(after);
	bench_close(b);
}

/* --- validators --- */

static int64_t
count_items(struct bench *b, char **etag)
{
	char *url = xasprintf("sqlite:%s/store.db", b->dir);
	struct store *s;
	struct store_feed f;
	struct store_counts n = {0};
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(store_open_readonly(url, &s, &e), 0);
	CU_ASSERT_EQUAL_FATAL(store_feed_get(s, 1, &f, &e), 0);
	CU_ASSERT_EQUAL(store_count(s, &n, &e), 0);
	*etag = xstrdup(f.etag);
	store_feed_clear(&f);
	store_free(&s);
	free(url);
	return (int64_t)n.items;
}

/* Somebody else who looks at the store sees both or neither. */
static void
test_one_transaction(void)
{
	static const struct post p = {"a", "good morning"};
	struct bench *b = bench_open();
	struct caught c;
	struct msg m;
	char *etag;

	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	m = said(b, c.m.poll.id, POLLED_OK, 200);
	m.fd = bench_capture(b);
	m.polled.etag = xstrdup("W/\"a,b\"");
	m.polled.items = xcalloc(1, sizeof(*m.polled.items));
	m.polled.nitems = 1;
	bench_item(&m.polled.items[0], &p);
	engine_handle(b->engine, &m, b->now);
	CU_ASSERT_EQUAL(count_items(b, &etag), 0);
	CU_ASSERT_PTR_NULL(etag);
	engine_flush(b->engine, b->now);
	CU_ASSERT_EQUAL(count_items(b, &etag), 1);
	CU_ASSERT_STRING_EQUAL_FATAL(etag != NULL ? etag : "", "W/\"a,b\"");
	free(etag);
	msg_clear(&m);
	msg_clear(&c.m);
	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	CU_ASSERT_STRING_EQUAL(c.m.poll.etag, "W/\"a,b\"");
	CU_ASSERT_PTR_NULL(c.m.poll.last_modified);
	msg_clear(&c.m);
	bench_close(b);
}

/* WordPress makes both validators of the second of its last change: what is posted
 * within the same second would hide behind a 304 until something else changes. */
static void
test_young_validators(void)
{
	struct bench *b = bench_open();

	for (int i = 0; i < 3; i++) {
		struct caught c;
		struct msg m;

		CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
		CU_ASSERT_EQUAL(c.m.poll.etag != NULL, i == 2);
		CU_ASSERT_EQUAL(c.m.poll.last_modified != NULL, i == 2);
		m = said(b, c.m.poll.id, i == 0 ? POLLED_OK : POLLED_UNCHANGED, 200);
		m.polled.young = i == 0;
		m.polled.etag = xstrdup("\"1\"");
		m.polled.last_modified = xstrdup("Sun, 06 Nov 1994 08:49:37 GMT");
		bench_say(b, &m);
		msg_clear(&c.m);
	}
	bench_close(b);
}

/* --- states and silence --- */

static void
test_states(void)
{
	struct bench *b = open_one();

	poll_once(b, POLLED_OK, 200, 1);
	CU_ASSERT_EQUAL(bench_count(b, "state"), 0);
	for (int i = 0; i < 5; i++)
		poll_once(b, POLLED_NOT_FOUND, 404, 0);
	CU_ASSERT_EQUAL(bench_count(b, "state"), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "state"), "from"), "ok");
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "state"), "to"), "not-found");
	CU_ASSERT_TRUE(row_has(b, "state", "not-found"));
	poll_once(b, POLLED_OWN_FAULT, 0, 0); /* says nothing of the feed */
	CU_ASSERT_EQUAL(bench_count(b, "state"), 1);
	CU_ASSERT_TRUE(row_has(b, "state", "not-found"));
	poll_once(b, POLLED_TLS, 0, 0);
	CU_ASSERT_TRUE(row_has(b, "state", "tls"));
	CU_ASSERT_EQUAL(bench_count(b, "state"), 2);
	poll_once(b, POLLED_UNCHANGED, 304, 0);
	CU_ASSERT_EQUAL(bench_count(b, "state"), 3);
	CU_ASSERT_TRUE(row_has(b, "state", "ok"));
	/* Gone is looked at once a day. */
	poll_once(b, POLLED_GONE, 410, 0);
	for (int i = 0; i < 4; i++) {
		int64_t gap = poll_once(b, POLLED_GONE, 410, 0);

		CU_ASSERT(gap >= CLOCK_DAY * 9 / 10 && gap <= CLOCK_DAY);
	}
	CU_ASSERT_EQUAL(bench_count(b, "state"), 4);
	bench_close(b);
}

/* Back-off: a minute, doubled each time, a day at most, for ever. */
static void
test_never_gives_up(void)
{
	struct bench *b = open_one();
	int64_t want = CLOCK_MIN;

	poll_once(b, POLLED_TIMEOUT, 0, 0);
	for (int i = 0; i < 40; i++) {
		int64_t gap = poll_once(b, POLLED_TIMEOUT, 0, 0);

		CU_ASSERT(gap >= want * 9 / 10 - 1 && gap <= want * 11 / 10 + 1);
		want = want * 2 > CLOCK_DAY ? CLOCK_DAY : want * 2;
	}
	CU_ASSERT_EQUAL(bench_count(b, "state"), 1);
	bench_close(b);
}

static void
test_silence(void)
{
	struct bench *b = open_one();
	struct caught c;
	struct msg m;

	for (int i = 0; i < 4; i++) {
		CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
		m = said(b, c.m.poll.id, POLLED_RATE_LIMIT, 429);
		m.polled.retry_after = 365 * CLOCK_DAY;
		bench_say(b, &m);
		msg_clear(&c.m);
	}
	CU_ASSERT_EQUAL(bench_count(b, "unobservable"), 1);
	CU_ASSERT_EQUAL(
	    bench_int(bench_last(b, "unobservable"), "asked_ms"), 365 * CLOCK_DAY);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "unobservable"), "cap_ms"), CLOCK_DAY);
	CU_ASSERT_TRUE(row_has(b, "unobservable", "Retry-After is beyond the cap"));
	poll_once(b, POLLED_TIMEOUT, 0, 0); /* nobody has said that it is over */
	CU_ASSERT_EQUAL(bench_count(b, "unobservable"), 1);
	poll_once(b, POLLED_UNCHANGED, 304, 0);
	CU_ASSERT_EQUAL(bench_count(b, "unobservable"), 2);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "unobservable"), "state"), "closed");
	CU_ASSERT_TRUE(row_has(b, "unobservable", NULL));
	bench_close(b);
}

/* --- looks at cited pages --- */

/* A tenant has more that is cited than requests may be in hand, and a host that answers
 * no page: the feeds of others are read all the same. */
static void
test_looks_leave_room(void)
{
	struct bench *b = open_feeds(2,
	    "interval = \"1h\"; max_connections = 2; max_host_connections = 1;", "",
	    true);
	struct post bad[12];
	char ids[12][8];
	unsigned asked = 0, looks = 0;

	for (int i = 0; i < 12; i++) {
		snprintf(ids[i], sizeof(ids[i]), "k%d", i);
		bad[i] = (struct post){ids[i], "i will kill you"};
	}
	for (int64_t end = b->now + 12 * CLOCK_HOUR, next; b->now < end;
	     b->now = next) {
		struct caught c;

		next = bench_tick(b);
		while (bench_take(b, MSG_POLL, &c)) {
			bool other = strstr(c.m.poll.url, "h1.example") != NULL;

			looks += c.m.poll.kind == POLL_PAGE;
			asked += other && c.m.poll.kind == POLL_FEED;
			if (c.m.poll.kind == POLL_FEED)
				bench_answer(
				    b, c.m.poll.id, POLLED_OK, bad, other ? 0 : 12);
			msg_clear(&c.m);
		}
		while (bench_inspect(b) > 0)
			;
	}
	CU_ASSERT(looks > 0);
	CU_ASSERT(asked >= 10);
	bench_close(b);
}

/* Answers the next poll of this tenant's feed with so many posts, at this host. */
static void
show_at(
    struct bench *b, unsigned tenant, unsigned posts, const char *host, bool pointers)
{
	char *feed = xasprintf("http://h%u.example/feed", tenant);
	struct caught c;
	struct msg m;

	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	while (strcmp(c.m.poll.url, feed) != 0) {
		msg_clear(&c.m);
		CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	}
	m = said(b, c.m.poll.id, POLLED_OK, 200);
	m.polled.items = xcalloc(posts, sizeof(*m.polled.items));
	m.polled.nitems = posts;
	for (unsigned i = 0; i < posts; i++) {
		struct post p = {"-", "i will kill you"};
		struct item *it = &m.polled.items[i];

		bench_item(it, &p);
		free(it->id);
		it->id = xasprintf("k%u", i);
		it->url = xasprintf("http://%s/%u/k%u", host, tenant, i);
		it->flags |= pointers ? ITEM_POINTER : 0;
	}
	m.fd = bench_capture(b);
	bench_say(b, &m);
	msg_clear(&c.m);
	free(feed);
	while (bench_inspect(b) > 0)
		;
}

/* Whether a page that begins like this is asked for; no page is answered. */
static bool
page_asked(struct bench *b, const char *like)
{
	bool found = false;

	for (int64_t end = b->now + 9 * CLOCK_HOUR, next; b->now < end; b->now = next) {
		struct caught c;
		struct msg m;

		next = bench_tick(b);
		while (bench_take(b, MSG_POLL, &c)) {
			if (c.m.poll.kind == POLL_PAGE)
				found |= strncmp(c.m.poll.url, like, strlen(like)) == 0;
			else {
				m = said(b, c.m.poll.id, POLLED_UNCHANGED, 304);
				bench_say(b, &m);
			}
			msg_clear(&c.m);
		}
	}
	return found;
}

/* A fetcher is away: pages that others ask for are looked at, however many of its own
 * are due before them. */
static void
test_looks_fetcher_away(void)
{
	char *conf = conf_of(2, "interval = \"1h\";", ""),
	     *text = xasprintf("fetchers = 2;\n%s", conf), host[2][32];
	struct bench *b = bench_open_with(text, true);

	free(conf);
	free(text);
	for (int i = 0, found = 0; found != 3; i++) {
		char *url = xasprintf("http://p%d.example/", i);
		uint32_t of = engine_poll_fetcher(b->engine, url);

		snprintf(host[of], sizeof(host[of]), "p%d.example", i);
		found |= 1 << of;
		free(url);
	}
	show_at(b, 0, 40, host[0], false);
	show_at(b, 1, 1, host[1], false);
	engine_peer_down(b->engine, ROLE_FETCH, 0, b->now);
	CU_ASSERT_TRUE(page_asked(b, "http://p"));
	engine_peer_up(b->engine, ROLE_FETCH, 0, b->now);
	CU_ASSERT_TRUE(page_asked(b, "http://p"));
	bench_close(b);
}

/* A tenant has more to be asked for than may be, at a host that answers nothing: those
 * of another one are asked for all the same. */
static void
test_one_tenant(void)
{
	for (int pointers = 0; pointers < 2; pointers++) {
		struct bench *b = open_feeds(2,
		    "interval = \"1h\"; max_connections = 4; max_host_connections = 1;",
		    "", true);

		show_at(b, 0, 40, "h0.example", pointers);
		show_at(b, 1, 1, "h1.example", pointers);
		CU_ASSERT_TRUE(page_asked(b, "http://h1.example/1/k0"));
		bench_close(b);
	}
}

/* --- redirects --- */

/* One poll; where it was asked must be `want'. */
static void
poll_moved(
    struct bench *b, const char *want, enum poll_outcome outcome, const char *moved)
{
	struct caught c;
	struct msg m;

	CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
	CU_ASSERT_STRING_EQUAL(c.m.poll.url, want);
	m = said(b, c.m.poll.id, outcome, outcome == POLLED_OK ? 200 : 404);
	m.polled.moved = xstrdup(moved);
	bench_say(b, &m);
	msg_clear(&c.m);
}

static const char *
moved_state(struct bench *b)
{
	const json_t *o = bench_last(b, "moved");

	return o != NULL ? bench_str(o, "state") : "";
}

#define OLD "http://forum.example/feed"
#define NEW "https://forum.example/atom"

static void
test_moved(void)
{
	struct bench *b = open_one();
	int64_t start, polls = 0;

	poll_moved(b, OLD, POLLED_OK, NULL);
	start = b->now;
	poll_moved(b, OLD, POLLED_OK, "http://elsewhere.example/sorry");
	poll_moved(b, OLD, POLLED_OK, NULL); /* proves nothing */
	CU_ASSERT_EQUAL(bench_count(b, "moved"), 0);
	while (bench_count(b, "moved") == 0 && polls++ < 100)
		poll_moved(b, OLD, POLLED_OK, NEW);
	CU_ASSERT(b->now - start >= CLOCK_DAY);
	CU_ASSERT(polls >= 3);
	CU_ASSERT_STRING_EQUAL(moved_state(b), "kept");
	CU_ASSERT_TRUE(row_has(b, "url", OLD)); /* still the feed's name */
	CU_ASSERT_TRUE(row_has(b, "moved_to", NEW));
	/* A day later the old address is looked at again; that it fails is no fault of
	 * the feed. */
	start = b->now;
	for (polls = 0; b->now - start < 40 * CLOCK_HOUR;) {
		struct caught c;
		struct msg m;
		bool old;

		CU_ASSERT_TRUE_FATAL(next_poll(b, &c));
		old = strcmp(c.m.poll.url, OLD) == 0;
		CU_ASSERT(old || strcmp(c.m.poll.url, NEW) == 0);
		CU_ASSERT(!old || b->now - start >= CLOCK_DAY);
		polls += old;
		m = said(b, c.m.poll.id, old ? POLLED_NOT_FOUND : POLLED_UNCHANGED,
		    old ? 404 : 304);
		bench_say(b, &m);
		msg_clear(&c.m);
	}
	CU_ASSERT_EQUAL(polls, 1);
	CU_ASSERT_EQUAL(bench_count(b, "state"), 0);
	CU_ASSERT_STRING_EQUAL(moved_state(b), "kept");
	bench_close(b);
}

/* Bytes of a Location that are no text: nothing that could go on record. */
static void
test_moved_bytes(void)
{
	struct bench *b = open_one();

	for (int i = 0; i < 60; i++)
		poll_moved(b, OLD, POLLED_OK, "http://forum.example/\xff");
	CU_ASSERT_EQUAL(bench_count(b, "moved"), 0);
	bench_close(b);
}

static void
test_moved_fails(void)
{
	struct bench *b = open_one();

	for (int i = 0; i < 100 && bench_count(b, "moved") == 0; i++)
		poll_moved(b, OLD, POLLED_OK, NEW);
	poll_moved(b, NEW, POLLED_TIMEOUT, NULL);
	CU_ASSERT_STRING_EQUAL(moved_state(b), "failed");
	/* Both in turn, the configured one first, until one answers. */
	poll_moved(b, OLD, POLLED_NOT_FOUND, NULL);
	poll_moved(b, NEW, POLLED_TIMEOUT, NULL);
	poll_moved(b, OLD, POLLED_NOT_FOUND, NULL);
	poll_moved(b, NEW, POLLED_OK, NULL);
	CU_ASSERT_STRING_EQUAL(moved_state(b), "kept");
	poll_moved(b, NEW, POLLED_NOT_FOUND, NULL);
	poll_moved(b, OLD, POLLED_OK, NULL);
	CU_ASSERT_STRING_EQUAL(moved_state(b), "dropped");
	CU_ASSERT_TRUE(row_has(b, "moved_to", NULL));
	poll_moved(b, OLD, POLLED_OK, NULL);
	CU_ASSERT_EQUAL(bench_count(b, "moved"), 5);
	bench_close(b);
}

/* --- outages of ours --- */

static void
test_outage(void)
{
	struct bench *b =
	    open_feeds(12, "interval = \"10m\";", "interval = \"10m\";", true);
	json_t *reply, *row;
	size_t i;

	for (int k = 0; k < 24; k++)
		poll_once(b, POLLED_UNCHANGED, 304, 0);
	for (int k = 0; k < 60; k++)
		poll_once(b, k % 2 ? POLLED_TIMEOUT : POLLED_DNS, 0, 0);
	reply = bench_ask(b, json_pack("{s:s}", "cmd", "feeds"));
	json_array_foreach(json_object_get(reply, "rows"), i, row)
	{
		CU_ASSERT_STRING_EQUAL(bench_str(row, "state"), "ok");
		CU_ASSERT_EQUAL(bench_int(row, "failures"), 0);
		CU_ASSERT_STRING_EQUAL(bench_str(row, "outcome"), "own-fault");
	}
	json_decref(reply);
	CU_ASSERT_TRUE(json_is_true(json_object_get(bench_last(b, "gap"), "ours")));
	/* All that was held against four feeds before it was clear is taken back. */
	CU_ASSERT_EQUAL(bench_count(b, "state"), 8);
	poll_once(b, POLLED_UNCHANGED, 304, 0);
	i = bench_count(b, "gap");
	poll_once(b, POLLED_NOT_FOUND, 404, 0); /* this one is the feed's */
	CU_ASSERT(bench_count(b, "gap") > i);
	CU_ASSERT_EQUAL(bench_count(b, "state"), 9);
	bench_close(b);
}

/* A fetcher sees it first: what was held against two feeds is taken back, and what is
 * silent once more when the others are heard again is not held against its own. */
static void
test_outage_told(void)
{
	struct bench *b =
	    open_feeds(12, "interval = \"10m\";", "interval = \"10m\";", true);
	static const enum poll_outcome outcomes[5] = {
	    POLLED_DNS, POLLED_DNS, POLLED_OWN_FAULT, POLLED_UNCHANGED, POLLED_TIMEOUT};
	struct caught c[5];
	struct msg m;
	json_t *reply, *row;
	size_t i, bad = 0;

	for (int k = 0; k < 24; k++)
		poll_once(b, POLLED_UNCHANGED, 304, 0);
	for (i = 0; i < 5; i++)
		CU_ASSERT_TRUE_FATAL(next_poll(b, &c[i]));
	for (i = 0; i < 5; i++) {
		m = said(b, c[i].m.poll.id, outcomes[i],
		    outcomes[i] == POLLED_UNCHANGED ? 304 : 0);
		bench_say(b, &m);
		msg_clear(&c[i].m);
		if (i == 1)
			CU_ASSERT_EQUAL(bench_count(b, "gap"), 2);
	}
	reply = bench_ask(b, json_pack("{s:s}", "cmd", "feeds"));
	json_array_foreach(json_object_get(reply, "rows"), i, row)
	{
		CU_ASSERT_STRING_EQUAL(bench_str(row, "state"), "ok");
		bad += strcmp(bench_str(row, "outcome"), "own-fault") == 0;
	}
	json_decref(reply);
	CU_ASSERT_EQUAL(bad, 4);
	bench_close(b);
}

/* Two hosts, or a word of anybody in between: no outage. */
static void
test_no_outage(void)
{
	struct bench *b =
	    open_feeds(6, "interval = \"10m\";", "interval = \"10m\";", true);

	for (int k = 0; k < 12; k++)
		poll_once(b, POLLED_UNCHANGED, 304, 0);
	for (int k = 0; k < 30; k++)
		poll_once(b, k % 4 == 3 ? POLLED_NOT_FOUND : POLLED_TIMEOUT,
		    k % 4 == 3 ? 404 : 0, 0);
	CU_ASSERT(bench_count(b, "state") >= 6);
	for (size_t i = 0; i < json_array_size(b->entries); i++) {
		const json_t *o = json_array_get(b->entries, i);

		if (strcmp(bench_str(o, "kind"), "gap") == 0)
			CU_ASSERT_FALSE(json_is_true(json_object_get(o, "ours")));
	}
	bench_close(b);
}

/* A feed that kills its fetcher is asked ever more seldom; one that happened to be in
 * hand as well is not kept waiting. */
static void
test_deadly(void)
{
	struct bench *b =
	    open_feeds(2, "interval = \"10m\";", "interval = \"10m\";", true);
	unsigned deaths = 0, good = 0;
	struct caught c;
	struct msg m;

	while (b->now < T0 + 6 * CLOCK_HOUR && next_poll(b, &c)) {
		if (strstr(c.m.poll.url, "h0.") != NULL) {
			deaths++;
			engine_peer_down(b->engine, ROLE_FETCH, c.index, b->now);
			engine_flush(b->engine, b->now);
			b->now += CLOCK_SEC;
			engine_peer_up(b->engine, ROLE_FETCH, c.index, b->now);
		} else {
			good++;
			m = said(b, c.m.poll.id, POLLED_UNCHANGED, 304);
			bench_say(b, &m);
		}
		msg_clear(&c.m);
	}
	CU_ASSERT(deaths >= 5 && deaths < 20);
	CU_ASSERT(good > 30);
	bench_close(b);
}

/* --- many feeds --- */

#ifdef TOSD_SANITIZED
#define MANY 3000
#else
#define MANY 10000
#endif
#define SECONDS 3600

struct run {
	unsigned per_second[2 * SECONDS];
	unsigned polls;
};

/* Lets time pass and answers at once whatever is asked. */
static void
run_for(struct bench *b, struct run *r, int64_t from, int64_t ms)
{
	/* Commits are gathered; with a real disk more of them. */
	const int64_t step = b->memory ? 100 : CLOCK_SEC / 2;

	struct caught c;
	struct msg m;

	for (int64_t end = b->now + ms; b->now < end;) {
		int64_t next = bench_tick(b);

		while (bench_take(b, MSG_POLL, &c)) {
			size_t s = (size_t)((b->now - from) / CLOCK_SEC);

			r->polls++;
			if (s < sizeof(r->per_second) / sizeof(r->per_second[0]))
				r->per_second[s]++;
			m = said(b, c.m.poll.id, POLLED_UNCHANGED, 304);
			engine_handle(b->engine, &m, b->now);
			msg_clear(&m);
			msg_clear(&c.m);
		}
		b->now = next > b->now + step ? next : b->now + step;
	}
}

static unsigned
largest(const struct run *r, size_t from, size_t to)
{
	unsigned n = 0;

	for (size_t i = from; i < to; i++)
		n = r->per_second[i] > n ? r->per_second[i] : n;
	return n;
}

#ifndef TOSD_SANITIZED
/* An hour of 10,000 feeds at 5 minutes: every one is asked as often as it should be,
 * and no second sees more than three times the mean, the first ones least of all. */
static void
test_hour(void)
{
	struct bench *b =
	    open_feeds(MANY, "interval = \"5m\"; interval_max = \"5m\";", "", true);
	struct run *r = xcalloc(1, sizeof(*r));
	const unsigned mean = MANY / 300;

	run_for(b, r, T0, CLOCK_HOUR);
	CU_ASSERT(r->polls > MANY * 115 / 10 && r->polls < MANY * 125 / 10);
	CU_ASSERT(largest(r, 0, SECONDS) <= 3 * mean);
	printf("\n%u polls, %u in the largest second, mean %u ", r->polls,
	    largest(r, 0, SECONDS), mean);
	for (size_t s = 0; s + 10 < SECONDS; s += 10) { /* nor silence */
		unsigned n = 0;

		for (size_t i = s; i < s + 10; i++)
			n += r->per_second[i];
		CU_ASSERT(n > mean * 10 / 2);
	}
	free(r);
	bench_close(b);
}

/* A restart after minutes away, and a reload, do not bring them together. */
static void
test_no_burst(void)
{
	const unsigned feeds = 3000, mean = 3000 / 300;
	struct bench *b =
	    open_feeds(feeds, "interval = \"5m\"; interval_max = \"5m\";", "", false);
	struct run *r = xcalloc(1, sizeof(*r)), *again = xcalloc(1, sizeof(*again));
	int64_t from;

	run_for(b, r, T0, 10 * CLOCK_MIN);
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	run_for(b, r, T0, 5 * CLOCK_MIN);
	CU_ASSERT(largest(r, 0, 900) <= 3 * mean);
	engine_free(&b->engine, b->now);
	b->now += 2 * CLOCK_MIN;
	from = b->now;
	bench_start(b);
	run_for(b, again, from, 10 * CLOCK_MIN);
	/* Twice the pace for as long as we were away, and of ten a second chance makes
	 * as many more. */
	CU_ASSERT(largest(again, 0, 600) <= 4 * mean);
	/* Nobody was left out. */
	CU_ASSERT(again->polls > feeds * 19 / 10);
	printf("\nlargest second %u, after the restart %u, mean %u ",
	    largest(r, 0, 900), largest(again, 0, 600), mean);
	free(r);
	free(again);
	bench_close(b);
}

/* Polls are a twelfth as far apart from one moment to the next, so that nearly all
 * feeds are late, for much longer than we were away: each is asked within its interval,
 * evenly. */
static void
test_shortened(void)
{
	const unsigned mean = MANY / 300;
	struct bench *b =
	    open_feeds(MANY, "interval = \"1h\"; interval_max = \"1h\";", "", true);
	struct run *r = xcalloc(1, sizeof(*r));
	char *text = conf_of(MANY, "interval = \"5m\"; interval_max = \"5m\";", "");
	struct conf_source one = {(char *)"tosd.conf", text};
	struct conf_sources src = {&one, 1};
	struct conf *old = b->conf;
	int64_t from;

	run_for(b, r, T0, CLOCK_HOUR);
	CU_ASSERT(r->polls > MANY * 9 / 10);
	memset(r, 0, sizeof(*r));
	CU_ASSERT_EQUAL_FATAL(conf_parse(&src, bench_mistake, NULL, &b->conf), 0);
	b->conf->state_dir = b->dir;
	from = b->now;
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	conf_free(&old);
	run_for(b, r, from, 10 * CLOCK_MIN);
	CU_ASSERT(largest(r, 0, 600) <= 3 * mean);
	CU_ASSERT(r->polls > MANY * 19 / 10);
	printf("\n%u in the largest second, mean %u ", largest(r, 0, 600), mean);
	free(text);
	free(r);
	bench_close(b);
}

/* Who was never asked, since we went away too soon, is asked first; and so is who
 * waits, once a fetcher is there again. */
static void
test_never_asked(void)
{
	const unsigned feeds = 3000, mean = 3000 / 300;
	struct bench *b =
	    open_feeds(feeds, "interval = \"5m\"; interval_max = \"5m\";", "", false);
	struct run *r = xcalloc(1, sizeof(*r)), *again = xcalloc(1, sizeof(*again));
	int64_t from;
	json_t *reply, *row;
	size_t i;
	unsigned never = 0;

	run_for(b, r, T0, CLOCK_MIN);
	engine_free(&b->engine, b->now);
	b->now += CLOCK_HOUR;
	from = b->now;
	bench_start(b);
	/* All are late: the four fifths that were never asked have it behind them
	 * first. */
	run_for(b, again, from, 5 * CLOCK_MIN * 5 / 6);
	reply = bench_ask(b, json_pack("{s:s}", "cmd", "feeds"));
	json_array_foreach(json_object_get(reply, "rows"), i, row) never +=
	    bench_int(row, "polls") == 0;
	CU_ASSERT(i == feeds && r->polls < feeds / 4);
	CU_ASSERT_EQUAL(never, 0);
	CU_ASSERT(largest(again, 0, 250) <= 3 * mean);
	json_decref(reply);
	/* A minute without a fetcher. */
	for (unsigned k = 0; k < b->conf->fetchers; k++)
		engine_peer_down(b->engine, ROLE_FETCH, k, b->now);
	bench_go(b, CLOCK_MIN);
	from = b->now;
	for (unsigned k = 0; k < b->conf->fetchers; k++)
		engine_peer_up(b->engine, ROLE_FETCH, k, b->now);
	memset(again, 0, sizeof(*again));
	run_for(b, again, from, 2 * CLOCK_MIN);
	CU_ASSERT(largest(again, 0, 120) <= 3 * mean);
	CU_ASSERT(again->polls > 150 * mean); /* those of the minute, too */
	printf("\n%u in the largest second, mean %u ", largest(again, 0, 120), mean);
	free(r);
	free(again);
	bench_close(b);
}

#endif

/* What falls due while the daemon is still starting does not come at once. */
static void
test_slow_start(void)
{
	const unsigned mean = MANY / 300;
	struct bench *b =
	    open_feeds(MANY, "interval = \"5m\"; interval_max = \"5m\";", "", true);
	struct run *r = xcalloc(1, sizeof(*r));

	b->now += 20 * CLOCK_SEC; /* not one tick until now */
	run_for(b, r, b->now, 5 * CLOCK_MIN);
	CU_ASSERT(largest(r, 0, 300) <= 3 * mean);
	CU_ASSERT(r->polls > MANY * 9 / 10);
	printf("\nlargest second %u, mean %u ", largest(r, 0, 300), mean);
	free(r);
	bench_close(b);
}

/* One tenant with so many feeds, each of which was down twenty times: what it takes to
 * say how readable they were, in ms. */
static double
score_time(unsigned feeds)
{
	struct buf conf = {0};
	struct store_coverage c;
	struct store_feed f;
	struct err e = ERR_INIT;
	struct bench *b;
	clock_t begun;
	json_t *score;
	double ms, down;

	buf_puts(&conf,
	    "provider = { name = \"Host\"; mailbox = \"abuse@host.example\"; };\n"
	    "tenants = ( { id = \"t\"; name = \"T\"; contact = \"o@forum.example\";\n"
	    "  manager = \"am@host.example\"; feeds = (\n");
	for (unsigned i = 0; i < feeds; i++)
		buf_printf(&conf, "%s{ url = \"http://h%u.example/feed\"; }",
		    i > 0 ? "," : "", i);
	buf_puts(&conf, "); } );\n");
	buf_putc(&conf, '\0');
	b = bench_open_with(conf.data, true);
	buf_free(&conf);
	CU_ASSERT_EQUAL_FATAL(store_feed_get(b->engine->store, 1, &f, &e), 0);
	engine_begin(b->engine);
	for (unsigned i = 1; i <= feeds; i++) {
		struct store_at at = engine_at(b->engine, f.tenant);
		struct store_gap gap = {.feed = i, .why = (char *)"timeout"};

		memcpy(gap.tenant, f.tenant, sizeof(gap.tenant));
		store_coverage_init(&c);
		c.id = i;
		memcpy(c.tenant, f.tenant, sizeof(c.tenant));
		c.since = b->now - 10 * CLOCK_DAY;
		CU_ASSERT_EQUAL(store_coverage_put(b->engine->store, &at, &c, &e), 0);
		store_coverage_clear(&c);
		for (int k = 0; k < 20; k++) {
			gap.id = 0;
			gap.from = b->now - (k + 1) * 10 * CLOCK_HOUR;
			gap.to = gap.from + CLOCK_HOUR;
			CU_ASSERT_EQUAL(
			    store_gap_open(b->engine->store, &at, &gap, &e), 0);
		}
	}
	begun = clock();
	score = engine_score(b->engine, f.tenant, b->now);
	ms = (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC;
	down = json_real_value(
	    json_object_get(json_object_get(score, "theirs"), "timeout"));
	CU_ASSERT_DOUBLE_EQUAL(down, 20.0 * feeds, 0.001);
	CU_ASSERT_DOUBLE_EQUAL(
	    json_real_value(json_object_get(score, "share")), 1.0 - 20.0 / 240, 0.001);
	json_decref(score);
	store_feed_clear(&f);
	bench_close(b);
	return ms;
}

/* Ten times the feeds take about ten times as long, and not a hundred. */
static void
test_score_many(void)
{
	double few = score_time(100), many = score_time(1000);

	printf("\n%.1f ms, %.1f ms for ten times the feeds ", few, many);
	CU_ASSERT(many < 30 * few + 20);
}

static const struct suite_test tests[] = {
    {"a feed is asked as often as it brings something", test_own_rate},
    {"restart and reload plan the same", test_same_plan},
    {"validators and items in one transaction", test_one_transaction},
    {"validators of this second", test_young_validators},
    {"states", test_states},
    {"back-off never gives up", test_never_gives_up},
    {"silence beyond the cap", test_silence},
    {"a redirect proves itself", test_moved},
    {"a kept redirect fails", test_moved_fails},
    {"a redirect to bytes", test_moved_bytes},
    {"looks at pages leave room for polls", test_looks_leave_room},
    {"looks while a fetcher is away", test_looks_fetcher_away},
    {"one tenant's pages, and another's", test_one_tenant},
    {"an outage of ours", test_outage},
    {"an outage of ours that a fetcher saw", test_outage_told},
    {"no outage of ours", test_no_outage},
    {"a feed that kills its fetcher", test_deadly},
    {"a slow start", test_slow_start},
#ifndef TOSD_SANITIZED /* minutes, otherwise */
    {"an hour of 10,000 feeds", test_hour},
    {"no burst after restart and reload", test_no_burst},
    {"no burst with shorter intervals", test_shortened},
    {"never asked", test_never_asked},
#endif
    {"how readable many feeds of one tenant were", test_score_many},
};

SUITE_MAIN("engine, feeds", tests)
