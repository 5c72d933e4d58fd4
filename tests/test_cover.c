/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cover: whether all is read that a feed shows, and what is not there any more:
 * the engine through its own calls, each test one story.
 */
#include "engine/engine_cover.h"

#include <time.h>

#include "engine/engine_older.h"
#include "engine_bench.h"
#include "store/store_cover.h"

/* --- documents
 * -------------------------------------------------------------------------- */

struct doc {
	enum poll_outcome outcome;
	int32_t status; /* 0: 200 */
	const char *next, *gone, *more, *etag, *format, *url, *site;
	int64_t took; /* from the answer until the engine has it */
	bool cut;     /* it goes on beyond a limit */
	struct item *v;
	uint32_t n;
};

static struct item *
add(struct doc *d, const char *id, const char *text)
{
	struct item *it;

	if ((d->n & (d->n - 1)) == 0)
		d->v = xrealloc(d->v, (d->n ? 2 * d->n : 1) * sizeof(*d->v));
	it = &d->v[d->n++];
	item_init(it);
	it->id = xstrdup(id);
	it->url = xasprintf("http://forum.example/p/%s", id);
	it->text = xstrdup(text);
	return it;
}

/* Posts n, n-1, ... m of a blog: newest first, one an hour. */
static struct doc
posts(int n, int m)
{
	struct doc d = {0};

	for (; n >= m; n--) {
		char id[16], text[80];

		snprintf(id, sizeof(id), "n%d", n);
		snprintf(text, sizeof(text),
		    "This is the text of post %d, which has some length.", n);
		add(&d, id, text)->published = T0 - (int64_t)(1000 - n) * CLOCK_HOUR;
	}
	return d;
}

static void
leave_out(struct doc *d, const char *id)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (strcmp(d->v[i].id, id) == 0) {
			item_clear(&d->v[i]);
			d->n--;
			memmove(&d->v[i], &d->v[i + 1], (d->n - i) * sizeof(d->v[0]));
			return;
		}
}

static char *
copy_of(const char *s)
{
	return xstrdup(s);
}

static char **
list_of(const char *s, uint32_t *n)
{
	char **v;

	if (s == NULL)
		return NULL;
	v = xcalloc(1, sizeof(*v));
	v[0] = xstrdup(s);
	*n = 1;
	return v;
}

/* Answers this request with the document (taken). */
static void
answer(struct bench *b, struct caught *c, struct doc d)
{
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = c->m.poll.id;
	m.polled.outcome = d.outcome;
	m.polled.status = d.status != 0 ? d.status : 200;
	m.polled.time = b->now - d.took;
	m.polled.url = copy_of(d.url != NULL ? d.url : c->m.poll.url);
	m.polled.next_url = copy_of(d.next);
	m.polled.etag = copy_of(d.etag);
	m.polled.format = copy_of(d.format);
	m.polled.site = copy_of(d.site);
	m.polled.gone = list_of(d.gone, &m.polled.ngone);
	m.polled.more = list_of(d.more, &m.polled.nmore);
	m.polled.cut = d.cut;
	m.polled.why = d.cut ? xstrdup("more than fetch.max_items") : NULL;
	m.polled.items = d.v;
	m.polled.nitems = d.n;
	m.fd = bench_capture(b);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	msg_clear(&c->m);
	bench_tick(b);
}

/* Waits for the next request of this kind (other ones stay); false after two days. */
static bool
asked(struct bench *b, enum poll_kind kind, struct caught *out)
{
	for (int quarters = 0; quarters < 200; quarters++) {
		for (size_t n = b->n; n > 0 && bench_take(b, MSG_POLL, out); n--) {
			if (out->m.poll.kind == kind)
				return true;
			bench_send(b, out->to, out->index, &out->m);
		}
		bench_go(b, CLOCK_HOUR / 4);
	}
	return false;
}

static void
reply(struct bench *b, enum poll_kind kind, struct doc d)
{
	struct caught c;

	CU_ASSERT_TRUE_FATAL(asked(b, kind, &c));
	answer(b, &c, d);
}

static void
read_feed(struct bench *b, struct doc d)
{
	reply(b, POLL_FEED, d);
}

static bool
waits(struct bench *b, enum poll_kind kind)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].m.type == MSG_POLL && b->v[i].m.poll.kind == kind)
			return true;
	return false;
}

static struct bench *
open_with(const char *coverage)
{
	struct bench *b = bench_open();
	char *both = xasprintf("coverage = { %s };\npolicy = {", coverage);

	bench_reconf(b, "policy = {", both);
	free(both);
	return b;
}

static void
inspect_all(struct bench *b)
{
	while (bench_inspect(b) > 0)
		;
}

static const char *
sight(struct bench *b)
{
	return bench_str(bench_last(b, "sighting"), "state");
}

/* The one row of a query, or of those the first. */
static json_t *
row(struct bench *b, const char *cmd)
{
	json_t *r = bench_ask(b, json_pack("{s:s}", "cmd", cmd));
	json_t *one = json_incref(json_array_get(json_object_get(r, "rows"), 0));

	json_decref(r);
	return one;
}

/* --- identity
 * ----------------------------------------------------------------------------- */

/* Posts from..to with one id: each with its own text, and by request its own address.
 */
static struct doc
same_id(int from, int to, bool places, const char *more)
{
	struct doc d = {0};

	for (int i = from; i >= to; i--) {
		char text[80];
		struct item *it;

		snprintf(text, sizeof(text), "Text number %d%s", i, more);
		it = add(&d, "one", text);
		free(it->url);
		it->url = places ? xasprintf("http://forum.example/p/%d", i) : NULL;
	}
	return d;
}

static void
test_shared_id(void)
{
	for (int places = 0; places < 2; places++) {
		struct bench *b = bench_open();
		json_t *r;

		read_feed(b, same_id(500, 1, places, ""));
		CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 500);
		CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "shared"), 500);
		inspect_all(b);
		read_feed(b, same_id(500, 1, places, ""));
		/* The window shrinks, shifts, and at last holds one of them alone. */
		read_feed(b, same_id(499, 300, places, ""));
		read_feed(b, same_id(7, 7, places, ""));
		CU_ASSERT_EQUAL(bench_count(b, "capture"), 1);
		read_feed(b, same_id(502, 401, places, ""));
		CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 2);
		inspect_all(b);
		r = row(b, "status");
		CU_ASSERT_EQUAL(bench_int(r, "items"), 502);
		json_decref(r);
		r = row(b, "feeds");
		CU_ASSERT_EQUAL(bench_int(r, "shared_ids"), 102);
		json_decref(r);
		bench_close(b);
	}
}

/* Who has an address of its own can be edited; it stays the same post. */
static void
test_shared_id_edit(void)
{
	struct bench *b = bench_open();

	read_feed(b, same_id(3, 1, true, ""));
	read_feed(b, same_id(3, 1, true, ", mended"));
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "changed"), 3);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 0);
	read_feed(b, same_id(2, 2, true, ", again"));
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "changed"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 0);
	inspect_all(b);
	bench_close(b);
}

/* Two with one id and one address: the one that is known is still the same. */
static void
test_shared_place(void)
{
	struct bench *b = bench_open();
	struct doc d = same_id(2, 1, true, "");

	read_feed(b, d);
	d = same_id(3, 1, true, "");
	free(d.v[0].url);
	d.v[0].url = xstrdup(d.v[2].url);
	read_feed(b, d);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "changed"), 0);
	inspect_all(b);
	bench_close(b);
}

/* First alone, then beside another with its id, then that one alone. */
static void
test_id_becomes_shared(void)
{
	struct bench *b = bench_open();
	json_t *r;

	read_feed(b, same_id(1, 1, false, ""));
	read_feed(b, same_id(2, 1, false, ""));
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 1);
	read_feed(b, same_id(2, 2, false, ""));
	read_feed(b, same_id(1, 1, false, ""));
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 2);
	inspect_all(b);
	r = row(b, "status");
	CU_ASSERT_EQUAL(bench_int(r, "items"), 2);
	json_decref(r);
	bench_close(b);
}

/* An id that is the beginning of others is not shared with them. */
static void
test_id_prefix(void)
{
	struct bench *b = bench_open();
	struct doc d = {0};

	add(&d, "http://x/1", "The post");
	add(&d, "http://x/1#comment-1", "The comment");
	read_feed(b, d);
	d = (struct doc){0};
	add(&d, "http://x/1", "The post, mended");
	add(&d, "http://x/1#comment-1", "The comment");
	read_feed(b, d);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "changed"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 0);
	inspect_all(b);
	bench_close(b);
}

/* --- removal
 * ------------------------------------------------------------------------------ */

static struct doc
without(int n, int m, const char *id)
{
	struct doc d = posts(n, m);

	leave_out(&d, id);
	return d;
}

/* A feed in which n5 is missing in two readings. */
static void
lose_n5(struct bench *b)
{
	read_feed(b, posts(9, 1));
	read_feed(b, without(9, 1, "n5"));
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0); /* once is nothing */
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	read_feed(b, without(9, 1, "n5"));
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	CU_ASSERT_TRUE(waits(b, POLL_PAGE));
	inspect_all(b);
}

static void
test_removed(void)
{
	static const enum poll_outcome tells[] = {
	    POLLED_NOT_FOUND, POLLED_GONE, POLLED_LEGAL};

	for (int i = 0; i < 3; i++) {
		struct bench *b = bench_open();
		struct doc gone = {.outcome = tells[i], .status = 404};
		json_t *r;

		lose_n5(b);
		reply(b, POLL_PAGE, gone);
		CU_ASSERT_STRING_EQUAL(sight(b), "removed");
		CU_ASSERT_STRING_EQUAL(
		    bench_str(bench_last(b, "sighting"), "before"), "missing");
		CU_ASSERT_PTR_NOT_NULL(
		    json_object_get(bench_last(b, "sighting"), "file"));
		r = row(b, "sightings");
		CU_ASSERT_STRING_EQUAL(bench_str(r, "state"), "removed");
		CU_ASSERT_STRING_EQUAL(bench_str(r, "guid"), "n5");
		json_decref(r);
		/* That it stays away is no news; that it comes back is. */
		read_feed(b, without(9, 1, "n5"));
		read_feed(b, without(9, 1, "n5"));
		CU_ASSERT_EQUAL(bench_count(b, "sighting"), 2);
		read_feed(b, posts(9, 1));
		CU_ASSERT_STRING_EQUAL(sight(b), "returned");
		inspect_all(b);
		bench_close(b);
	}
}

/* A quiet feed that answers 304 is read again all the same, ten minutes later. */
static void
test_removed_in_silence(void)
{
	struct bench *b = bench_open();
	struct caught c;
	struct doc d = without(9, 1, "n5");
	int64_t before;

	read_feed(b, posts(9, 1));
	d.etag = "\"e\"";
	read_feed(b, d);
	before = b->now;
	CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
	CU_ASSERT(b->now - before <= 15 * CLOCK_MIN);
	CU_ASSERT_PTR_NULL(c.m.poll.etag);
	answer(b, &c, without(9, 1, "n5"));
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	inspect_all(b);
	bench_close(b);
}

/* What was pushed out is not missing, nor is what shows again in the second reading. */
static void
test_not_missing(void)
{
	struct bench *b = bench_open();

	read_feed(b, posts(9, 1));
	read_feed(b, posts(12, 4));
	read_feed(b, posts(20, 12));
	read_feed(b, without(20, 12, "n15"));
	read_feed(b, posts(20, 12));
	read_feed(b, posts(21, 13));
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0);
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	inspect_all(b);
	bench_close(b);
}

/* --- posts that left */

/* Posts n to m without dates. */
static struct doc
undated(int n, int m)
{
	struct doc d = posts(n, m);

	for (uint32_t i = 0; i < d.n; i++)
		d.v[i].published = CLOCK_NONE;
	return d;
}

/* The last post of a feed without dates is gone, in two readings. */
static struct bench *
lose_last(void)
{
	struct bench *b = bench_open();

	read_feed(b, undated(8, 1));
	read_feed(b, undated(9, 1)); /* it grows: the newest come first */
	read_feed(b, undated(9, 2));
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	bench_go(b, CLOCK_HOUR);
	read_feed(b, undated(9, 2));
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0); /* nothing is said before */
	return b;
}

static void
is_asked_for(struct bench *b, const char *page, struct doc d)
{
	struct caught c;

	CU_ASSERT_TRUE_FATAL(asked(b, POLL_PAGE, &c));
	CU_ASSERT_STRING_EQUAL(c.m.poll.url, page);
	answer(b, &c, d);
}

/* Removed or cut off for its age?  Its page tells, if pages of the site do at all. */
static void
test_left(void)
{
	struct doc gone = {.outcome = POLLED_NOT_FOUND, .status = 404};
	struct bench *b = lose_last();

	is_asked_for(b, "http://forum.example/p/n2", posts(2, 2));
	is_asked_for(b, "http://forum.example/p/n1", gone);
	CU_ASSERT_STRING_EQUAL(sight(b), "removed");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "sighting"), "before"), "visible");
	CU_ASSERT_PTR_NOT_NULL(bench_str(bench_last(b, "sighting"), "gone"));
	CU_ASSERT_PTR_NOT_NULL(json_object_get(bench_last(b, "sighting"), "file"));
	read_feed(b, undated(9, 1));
	CU_ASSERT_STRING_EQUAL(sight(b), "returned");
	inspect_all(b);
	bench_close(b);
}

static void
test_left_for_age(void)
{
	struct doc gone = {.outcome = POLLED_NOT_FOUND, .status = 404};
	struct bench *b = lose_last();

	is_asked_for(b, "http://forum.example/p/n2", posts(2, 2));
	is_asked_for(b, "http://forum.example/p/n1", posts(1, 1));
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0);
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	inspect_all(b);
	bench_close(b);
	/* A site that has no pages for us. */
	b = lose_last();
	is_asked_for(b, "http://forum.example/p/n2", gone);
	bench_go(b, CLOCK_DAY);
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0);
	inspect_all(b);
	bench_close(b);
	/* Listed again before its page was asked for. */
	b = lose_last();
	read_feed(b, undated(9, 1));
	is_asked_for(b, "http://forum.example/p/n2", posts(2, 2));
	bench_go(b, CLOCK_DAY);
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0);
	inspect_all(b);
	bench_close(b);
}

/* --- pages elsewhere */

/* Nine posts that link to another site, of a feed that says that it is of `site'. */
static struct doc
links(const char *site, const char *without)
{
	struct doc d = posts(9, 1);

	d.site = site;
	for (uint32_t i = 0; i < d.n; i++) {
		free(d.v[i].url);
		d.v[i].url = xasprintf("https://blog.elsewhere.example/%s", d.v[i].id);
	}
	leave_out(&d, without);
	return d;
}

static const char *
how(struct bench *b)
{
	return bench_str(bench_last(b, "sighting"), "how");
}

/* What a feed links to is not its post, unless it says that the site is its own. */
static void
test_elsewhere(void)
{
	struct doc gone = {.outcome = POLLED_NOT_FOUND, .status = 404}, d;
	struct bench *b = bench_open();

	read_feed(b, links(NULL, ""));
	read_feed(b, links(NULL, "n5"));
	read_feed(b, links(NULL, "n5"));
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	CU_ASSERT_PTR_NOT_NULL(strstr(how(b), "on another site"));
	CU_ASSERT_FALSE(waits(b, POLL_PAGE));
	inspect_all(b);
	bench_close(b);
	b = bench_open();
	read_feed(b, links("https://www.elsewhere.example/", ""));
	read_feed(b, links("https://www.elsewhere.example/", "n5"));
	read_feed(b, links("https://www.elsewhere.example/", "n5"));
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	is_asked_for(b, "https://blog.elsewhere.example/n5", gone);
	CU_ASSERT_STRING_EQUAL(sight(b), "removed");
	inspect_all(b);
	bench_close(b);
	b = bench_open();
	for (int i = 0; i < 3; i++) {
		d = posts(9, 1);
		for (uint32_t k = 0; k < d.n; k++) {
			free(d.v[k].url);
			d.v[k].url = NULL;
		}
		leave_out(&d, i > 0 ? "n5" : "");
		read_feed(b, d);
	}
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	CU_ASSERT_PTR_NOT_NULL(strstr(how(b), "no page"));
	inspect_all(b);
	bench_close(b);
}

/* An article that a cited post links to is gone: the post is not. */
static void
test_cited_elsewhere(void)
{
	struct doc d = links(NULL, ""), gone = {.outcome = POLLED_GONE, .status = 410};
	struct bench *b = bench_open();
	struct caught c;

	free(d.v[4].text);
	d.v[4].text = xstrdup("i will kill you, says this post");
	read_feed(b, d);
	inspect_all(b);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_PAGE, &c));
		CU_ASSERT_STRING_EQUAL(
		    c.m.poll.url, "https://blog.elsewhere.example/n5");
		if (i == 1)
			answer(b, &c, posts(3, 3)); /* another text */
		else
			answer(b, &c, gone);
	}
	CU_ASSERT_EQUAL(bench_count(b, "recheck"), 1);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "unknown");
	bench_close(b);
}

static void
test_unlisted(void)
{
	struct bench *b = bench_open();

	lose_n5(b);
	reply(b, POLL_PAGE, posts(5, 5));
	CU_ASSERT_STRING_EQUAL(sight(b), "unlisted");
	read_feed(b, posts(9, 1));
	CU_ASSERT_STRING_EQUAL(sight(b), "visible");
	inspect_all(b);
	bench_close(b);
}

/* A front page, a page without the post, a refusal: nothing is known. */
static void
test_soft(void)
{
	struct bench *b = bench_open();
	struct doc front = posts(5, 5), other = {0},
		   refused = {.outcome = POLLED_FORBIDDEN, .status = 403},
		   gone = {.outcome = POLLED_GONE, .status = 410};

	lose_n5(b);
	front.url = "http://forum.example/";
	reply(b, POLL_PAGE, front);
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	add(&other, "x", "This post is not available in your country.");
	reply(b, POLL_PAGE, other);
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	reply(b, POLL_PAGE, refused);
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 1);
	reply(b, POLL_PAGE, gone);
	CU_ASSERT_STRING_EQUAL(sight(b), "removed");
	bench_close(b);
}

/* What a post hides stands behind it, and on its page behind the whole page. */
static void
test_apart(void)
{
	struct item page;

	item_init(&page);
	page.text = xstrdup("Menu\n\nI will kill you\n\nComments\n\nxyz");
	CU_ASSERT(engine_page_shows(&page, "I will kill you\n\nxyz"));
	CU_ASSERT(engine_page_shows(&page, "I will kill you\n\nsomething that is "
					   "hidden\n\nand so is that"));
	CU_ASSERT_FALSE(engine_page_shows(&page, "I will help you\n\nxyz"));
	item_clear(&page);
}

/* What is cited follows: removed, then there again. */
static void
test_cited(void)
{
	struct bench *b = bench_open();
	struct doc d = posts(9, 1), gone = {.outcome = POLLED_GONE, .status = 410};
	struct caught c;

	free(d.v[4].text);
	d.v[4].text = xstrdup("i will kill you, says this post");
	read_feed(b, d);
	inspect_all(b);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	read_feed(b, without(9, 1, "n5"));
	read_feed(b, without(9, 1, "n5"));
	/* The looks at cited items and this one are requests of their own. */
	for (int i = 0; i < 2 && bench_count(b, "sighting") < 2; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_PAGE, &c));
		answer(b, &c, gone);
	}
	CU_ASSERT_STRING_EQUAL(sight(b), "removed");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "removed");
	d = posts(9, 1);
	free(d.v[4].text);
	d.v[4].text = xstrdup("i will kill you, says this post");
	read_feed(b, d);
	CU_ASSERT_STRING_EQUAL(sight(b), "returned");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "recheck"), "presence"), "online");
	bench_close(b);
}

static void
test_tombstone(void)
{
	struct bench *b = bench_open();
	struct doc d = posts(9, 1), gone = {.outcome = POLLED_GONE, .status = 410};

	free(d.v[8].url);
	d.v[8].url = NULL; /* n1 has no page */
	read_feed(b, d);
	d = posts(9, 6);
	d.gone = "n5";
	read_feed(b, d);
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	reply(b, POLL_PAGE, gone);
	CU_ASSERT_STRING_EQUAL(sight(b), "removed");
	d = posts(9, 6);
	d.gone = "n1";
	read_feed(b, d);
	CU_ASSERT_STRING_EQUAL(sight(b), "removed"); /* believed */
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 3);
	d = posts(9, 6);
	d.gone = "n5"; /* it stands there for weeks */
	read_feed(b, d);
	d = posts(9, 6);
	d.gone = "n7"; /* listed in the same document */
	read_feed(b, d);
	d = posts(9, 6);
	d.gone = "never seen";
	read_feed(b, d);
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 3);
	inspect_all(b);
	bench_close(b);
}

/* Said to be removed, and listed again at once: it is there, and what is said of it
 * later counts. */
static void
test_tombstone_undone(void)
{
	struct bench *b = bench_open();
	struct doc d = posts(9, 1), gone = {.outcome = POLLED_GONE, .status = 410};

	read_feed(b, d);
	d = posts(9, 1);
	leave_out(&d, "n5");
	d.gone = "n5";
	read_feed(b, d);
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	CU_ASSERT_TRUE(waits(b, POLL_PAGE));
	read_feed(b, posts(9, 1));
	CU_ASSERT_STRING_EQUAL(sight(b), "returned");
	reply(b, POLL_PAGE, gone); /* too late */
	CU_ASSERT_STRING_EQUAL(sight(b), "returned");
	d = posts(9, 1);
	leave_out(&d, "n5");
	d.gone = "n5";
	read_feed(b, d);
	reply(b, POLL_PAGE, gone);
	CU_ASSERT_STRING_EQUAL(sight(b), "removed");
	inspect_all(b);
	bench_close(b);
}

/* A host in trouble is not asked for more. */
static void
test_trouble(void)
{
	struct bench *b = bench_open();
	struct doc busy = {.outcome = POLLED_RATE_LIMIT, .status = 429};
	int64_t from;

	read_feed(b, posts(9, 1));
	read_feed(b, without(9, 1, "n5"));
	from = b->now;
	reply(b, POLL_FEED, busy); /* the look at what seems missing */
	bench_go(b, 30 * CLOCK_SEC);
	CU_ASSERT_FALSE(waits(b, POLL_FEED));
	read_feed(b, without(9, 1, "n5"));
	CU_ASSERT_STRING_EQUAL(sight(b), "missing");
	CU_ASSERT(b->now > from);
	inspect_all(b);
	bench_close(b);
}

/* --- coverage
 * ------------------------------------------------------------------------------ */

static struct doc
page_of(int n, int m, const char *next)
{
	struct doc d = posts(n, m);

	d.next = next;
	return d;
}

static void
test_walk(void)
{
	struct bench *b = bench_open();
	json_t *r;

	read_feed(b, posts(9, 1));
	read_feed(b, page_of(40, 31, "http://forum.example/feed?page=2"));
	/* What has just been read for the first time is no meeting. */
	reply(b, POLL_OLDER, page_of(36, 27, "http://forum.example/feed?page=3"));
	reply(b, POLL_OLDER, page_of(26, 17, "http://forum.example/feed?page=4"));
	reply(b, POLL_OLDER, page_of(16, 10, "http://forum.example/feed?page=4b"));
	reply(b, POLL_OLDER, page_of(10, 1, "http://forum.example/feed?page=5"));
	CU_ASSERT_FALSE(waits(b, POLL_OLDER)); /* they meet */
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	r = row(b, "status");
	CU_ASSERT_EQUAL(bench_int(r, "items"), 40);
	json_decref(r);
	inspect_all(b);
	bench_close(b);
}

static void
test_walk_again(void)
{
	struct bench *b = bench_open();
	struct caught c;

	read_feed(b, posts(9, 1));
	read_feed(b, page_of(40, 31, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, page_of(30, 21, "http://forum.example/feed?page=3"));
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
	CU_ASSERT_TRUE_FATAL(asked(b, POLL_OLDER, &c));
	CU_ASSERT_STRING_EQUAL(c.m.poll.url, "http://forum.example/feed?page=3");
	answer(b, &c, posts(20, 5));
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	CU_ASSERT_FALSE(waits(b, POLL_OLDER));
	inspect_all(b);
	bench_close(b);
}

static void
check_lost(struct bench *b, const char *reason, int pages)
{
	const json_t *gap = bench_last(b, "gap");
	json_t *r = row(b, "feeds");

	CU_ASSERT_STRING_EQUAL(bench_str(gap, "state"), "lost");
	CU_ASSERT_STRING_EQUAL(bench_str(gap, "reason"), reason);
	CU_ASSERT_EQUAL(bench_int(gap, "pages"), pages);
	CU_ASSERT_EQUAL(bench_int(gap, "last_known"), 1); /* n9: stored first */
	CU_ASSERT(bench_int(gap, "first_new") > 9);
	CU_ASSERT(
	    clock_parse(bench_str(gap, "from")) < clock_parse(bench_str(gap, "to")));
	CU_ASSERT_EQUAL(bench_int(r, "gaps_lost"), 1);
	json_decref(r);
}

static void
test_lost(void)
{
	struct bench *b = bench_open();
	struct doc gone = {.outcome = POLLED_NOT_FOUND, .status = 404};

	read_feed(b, posts(9, 1));
	read_feed(b, posts(40, 31));
	check_lost(b, "the feed names no older page", 0);
	inspect_all(b);
	bench_close(b);

	b = bench_open();
	read_feed(b, posts(9, 1));
	read_feed(b, page_of(40, 31, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, gone);
	check_lost(b, "the older page cannot be read", 0);
	inspect_all(b);
	bench_close(b);

	/* Not to another's site, on whom we would be set. */
	b = bench_open();
	read_feed(b, posts(9, 1));
	read_feed(b, page_of(40, 31, "http://victim.example/feed?page=2"));
	check_lost(b, "the feed names no older page", 0);
	inspect_all(b);
	bench_close(b);

	b = open_with("walk_pages = 2;");
	read_feed(b, posts(9, 1));
	read_feed(b, page_of(90, 81, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, page_of(80, 71, "http://forum.example/feed?page=3"));
	reply(b, POLL_OLDER, page_of(70, 61, "http://forum.example/feed?page=4"));
	check_lost(b, "no more pages may be read for one gap", 2);
	CU_ASSERT_FALSE(waits(b, POLL_OLDER));
	inspect_all(b);
	bench_close(b);
}

/* What a limit keeps out of an older page may be a post that nobody has seen. */
static void
test_walk_cut(void)
{
	struct bench *b = bench_open();
	struct doc page = page_of(36, 20, "http://forum.example/feed?page=3");

	page.cut = true;
	read_feed(b, posts(9, 1));
	read_feed(b, page_of(40, 31, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, page);
	check_lost(b, "an older page was not read to its end", 1);
	CU_ASSERT_FALSE(waits(b, POLL_OLDER));
	inspect_all(b);
	bench_close(b);

	/* Met before its end: what is missing is older than what was known. */
	b = bench_open();
	page = page_of(36, 5, NULL);
	page.cut = true;
	read_feed(b, posts(9, 1));
	read_feed(b, page_of(40, 31, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, page);
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	inspect_all(b);
	bench_close(b);
}

/* We are stopped, shorter than stops a deadline, and the feed rolls over: what may be
 * lost from the last poll before to the first one after is ours. */
static void
test_short_stop(void)
{
	for (int ours = 0; ours < 2; ours++) {
		struct bench *b = bench_open();
		double share, want = ours ? 1.0 : 0.0;
		json_t *r, *o;

		read_feed(b, posts(9, 1));
		bench_go(b, CLOCK_MIN / 2);
		engine_free(&b->engine, b->now);
		bench_forget(b);
		b->now += ours ? 45 * CLOCK_SEC : 0; /* at once: nobody was away */
		bench_start(b);
		bench_tick(b);
		read_feed(b, posts(40, 31));
		CU_ASSERT_EQUAL(bench_count(b, "gap"), 1);
		CU_ASSERT_STRING_EQUAL(
		    bench_str(bench_last(b, "gap"), "state"), "lost");
		CU_ASSERT_EQUAL(
		    json_is_true(json_object_get(bench_last(b, "gap"), "ours")), ours);
		bench_go(b, CLOCK_SEC);
		r = row(b, "feeds");
		o = json_object_get(r, "observed");
		CU_ASSERT_EQUAL(
		    json_object_size(json_object_get(o, "theirs")), ours ? 0 : 1);
		CU_ASSERT_EQUAL(
		    json_real_value(json_object_get(o, "ours")) > 45.0 / 3600, ours);
		share = json_real_value(json_object_get(r, "readable"));
		CU_ASSERT_DOUBLE_EQUAL(share, want, 0.01);
		json_decref(r);
		inspect_all(b);
		bench_close(b);
	}
}

/* A reading that is not one to the end: a gap of the feed's until there is one. */
static void
test_cut(void)
{
	struct bench *b = bench_open();
	struct doc d, down = {.outcome = POLLED_TIMEOUT};
	struct caught c;
	int64_t from, hours = 0;
	json_t *r, *theirs;

	read_feed(b, posts(9, 1));
	from = b->now;
	for (int i = 0; i < 3; i++) {
		d = posts(9 + i, 1);
		d.cut = true;
		read_feed(b, d);
	}
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 1); /* once, not for each poll */
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "gap"), "state"), "open");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "gap"), "reason"), "more than fetch.max_items");
	CU_ASSERT_FALSE(json_is_true(json_object_get(bench_last(b, "gap"), "ours")));
	r = row(b, "feeds");
	CU_ASSERT_STRING_EQUAL(bench_str(r, "outcome"), "ok");
	CU_ASSERT_STRING_EQUAL(bench_str(r, "why"), "more than fetch.max_items");
	CU_ASSERT_EQUAL(clock_parse(bench_str(r, "down_since")), from);
	CU_ASSERT(json_real_value(json_object_get(r, "readable")) < 0.01);
	json_decref(r);
	/* Not readable at all is another gap; then cut once more; then all is there. */
	reply(b, POLL_FEED, down);
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 3);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "gap"), "why"), "timeout");
	d = posts(12, 1);
	d.cut = true;
	read_feed(b, d);
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 5);
	CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
	hours = b->now - from;
	answer(b, &c, posts(12, 1));
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 6);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "gap"), "state"), "closed");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "gap"), "why"), "read to its end");
	r = row(b, "feeds");
	CU_ASSERT_PTR_NULL(json_object_get(r, "down_since"));
	theirs = json_object_get(json_object_get(r, "observed"), "theirs");
	CU_ASSERT_DOUBLE_EQUAL(
	    json_real_value(json_object_get(theirs, "not read to its end")) +
		json_real_value(json_object_get(theirs, "timeout")),
	    (double)hours / CLOCK_HOUR, 0.01);
	json_decref(r);
	inspect_all(b);
	bench_close(b);
}

/* A feed that is blank for one poll does not begin anew. */
static void
test_blank(void)
{
	struct bench *b = bench_open();

	read_feed(b, posts(9, 1));
	read_feed(b, (struct doc){0});
	read_feed(b, posts(40, 31));
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 1);
	inspect_all(b);
	bench_close(b);
}

/* A store that was made again does not know the last reading, but that there was one.
 */
static void
test_forgotten(void)
{
	for (int meets = 0; meets < 2; meets++) {
		struct bench *b = bench_open();
		struct store_coverage c;
		struct store_at at = {0, 0};
		uint64_t fences[STORE_SHARDS];
		char *url = xasprintf("sqlite:%s/store.db", b->dir);
		struct store *s;
		struct err e = ERR_INIT;

		read_feed(b, posts(9, 1));
		inspect_all(b);
		engine_free(&b->engine, b->now);
		CU_ASSERT_EQUAL_FATAL(store_open(url, &s, &e), 0);
		CU_ASSERT_EQUAL(store_claim(s, "engine", CLOCK_MIN, fences, &e), 0);
		CU_ASSERT_EQUAL(store_coverage_get(s, 1, &c, &e), 0);
		at.shard = store_shard(c.tenant);
		at.fence = fences[at.shard];
		buf_reset(&c.window);
		CU_ASSERT_EQUAL(store_coverage_put(s, &at, &c, &e), 0);
		store_coverage_clear(&c);
		store_free(&s);
		free(url);
		bench_forget(b);
		bench_start(b);
		read_feed(b, meets ? posts(12, 4) : posts(40, 31));
		CU_ASSERT_EQUAL(bench_count(b, "gap"), !meets);
		inspect_all(b);
		bench_close(b);
	}
}

static void
test_older_urls(void)
{
	static const struct {
		const char *url, *format, *last, *next;
	} rules[] = {
	    {"http://forum.example/feed/", "rss20", "x",
		"http://forum.example/feed/?paged=2"},
	    {"http://forum.example/feed/?paged=2", "rss20", "x",
		"http://forum.example/feed/?paged=3"},
	    {"http://forum.example/api?local=1", "mastodon", "tag:x,2026:statuses/1234",
		"http://forum.example/api?local=1&max_id=1234"},
	    {"http://forum.example/api?max_id=9&local=1", "mastodon", "7",
		"http://forum.example/api?local=1&max_id=7"},
	    {"http://forum.example/posts.json", "discourse", "88",
		"http://forum.example/posts.json?before=88"},
	    {"http://forum.example/feed", "rss20", "x",
		"http://forum.example/feed?paged=2"},
	    {"http://forum.example/feed/atom/", "atom10", "x",
		"http://forum.example/feed/atom/?paged=2"},
	    /* no rule */
	    {"http://forum.example/feed.xml", "rss20", "7", NULL},
	    {"http://forum.example/latest.json", "discourse", "7", NULL},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct msg_polled p = {.format = (char *)rules[i].format, .nitems = 1};
		struct item it;
		char *got;

		item_init(&it);
		it.id = (char *)rules[i].last;
		p.items = &it;
		got = engine_older_url(rules[i].url, &p);
		CU_ASSERT_EQUAL_FATAL(got != NULL, rules[i].next != NULL);
		if (got != NULL)
			CU_ASSERT_STRING_EQUAL(got, rules[i].next);
		free(got);
	}
}

/* Two pages a day, to the end, over a restart. */
static void
test_history(void)
{
	struct bench *b = open_with("backfill_pages = 2;");
	char next[64];
	int64_t begun = b->now;
	json_t *r;

	read_feed(b, page_of(60, 51, "http://forum.example/feed?page=2"));
	for (int page = 2; page <= 6; page++) {
		int n = 70 - 10 * page;

		snprintf(
		    next, sizeof(next), "http://forum.example/feed?page=%d", page + 1);
		reply(b, POLL_OLDER, page_of(n, n - 9, page < 6 ? next : NULL));
		inspect_all(b);
		if (page == 3) {
			CU_ASSERT_FALSE(waits(b, POLL_OLDER));
			bench_forget(b);
			engine_free(&b->engine, b->now);
			bench_start(b);
		}
	}
	CU_ASSERT(b->now - begun > CLOCK_DAY);
	CU_ASSERT(b->now - begun < 4 * CLOCK_DAY);
	r = row(b, "status");
	CU_ASSERT_EQUAL(bench_int(r, "items"), 60);
	json_decref(r);
	bench_forget(b);
	bench_go(b, 2 * CLOCK_DAY);
	CU_ASSERT_FALSE(waits(b, POLL_OLDER));
	bench_close(b);
}

/* --- pointers
 * -------------------------------------------------------------------------------- */

static struct doc
map(int64_t changed)
{
	struct doc d = {0};

	for (int i = 0; i < 2; i++) {
		struct item *it = add(&d, i == 0 ? "first" : "second", "");

		free(it->text);
		it->text = NULL;
		it->updated = i == 0 ? changed : T0;
		it->flags |= ITEM_POINTER;
	}
	return d;
}

static struct doc
text_page(const char *text)
{
	struct doc d = {0};

	add(&d, "page", text);
	return d;
}

static void
test_pointers(void)
{
	struct bench *b = bench_open();
	struct doc gone = {.outcome = POLLED_NOT_FOUND, .status = 404};
	json_t *r;

	read_feed(b, map(T0));
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 0); /* there is no text yet */
	reply(b, POLL_PAGE, text_page("i will kill you"));
	CU_ASSERT_EQUAL(bench_inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	reply(b, POLL_PAGE, gone); /* then what the feed says is all there is */
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 2);
	inspect_all(b);
	read_feed(b, map(T0));
	r = row(b, "feeds");
	CU_ASSERT_EQUAL(bench_int(r, "pages_to_read"), 0);
	json_decref(r);
	read_feed(b, map(T0 + CLOCK_HOUR)); /* it says that it has changed */
	r = row(b, "feeds");
	CU_ASSERT_EQUAL(bench_int(r, "pages_to_read"), 1);
	json_decref(r);
	bench_close(b);
}

/* CPU seconds that the second reading of so many takes: pointers, or posts that share
 * one id. */
static double
second_reading(bool share, int n)
{
	struct bench *b = bench_open();
	double took = 0;

	for (int reading = 0; reading < 2; reading++) {
		struct doc d = same_id(n, 1, true, "");
		struct caught c;
		clock_t from;

		for (uint32_t i = 0; !share && i < d.n; i++) {
			free(d.v[i].id);
			free(d.v[i].text);
			d.v[i].id = xstrdup(d.v[i].url);
			d.v[i].text = NULL;
			d.v[i].flags |= ITEM_POINTER;
		}
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
		from = clock();
		answer(b, &c, d);
		took = (double)(clock() - from) / CLOCKS_PER_SEC;
	}
	bench_close(b);
	return took;
}

/* A document may be long, but no post is held against all before it. */
static void
test_many(void)
{
	for (int share = 0; share < 2; share++) {
		double few = second_reading(share != 0, 8000),
		       many = second_reading(share != 0, 64000);

		printf("\n    8,000 %s: %.2f s, 64,000: %.2f s",
		    share ? "of one id" : "pointers", few, many);
		CU_ASSERT(many < 20 * few);
	}
}

/* Pointers to posts n, n-1, ... m. */
static struct doc
pointers(int n, int m, const char *next)
{
	struct doc d = {.next = next, .took = 100};

	for (; n >= m; n--) {
		char id[16];

		snprintf(id, sizeof(id), "n%d", n);
		add(&d, id, "")->flags |= ITEM_POINTER;
	}
	return d;
}

/* What the last reading pointed at is known, although its pages were read after it, or
 * were not read yet: a walk that did not see that would go on to the end. */
static void
test_pointers_walk(void)
{
	struct bench *b = bench_open();

	read_feed(b, pointers(9, 1, NULL));
	bench_go(b, CLOCK_MIN);
	for (int i = 0; i < 4; i++) /* of 9, in the order in which they are asked for */
		reply(b, POLL_PAGE, text_page("a text, read a minute later"));
	CU_ASSERT_EQUAL(bench_count(b, "capture"), 4);
	read_feed(b, pointers(40, 31, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, pointers(30, 21, "http://forum.example/feed?page=3"));
	reply(b, POLL_OLDER, pointers(20, 8, NULL));
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "walk"), "state"), "met");
	CU_ASSERT_FALSE(waits(b, POLL_OLDER));

	/* Read ones alone. */
	while (waits(b, POLL_PAGE))
		reply(b, POLL_PAGE, text_page("and another"));
	read_feed(b, pointers(60, 51, "http://forum.example/feed?page=2"));
	reply(b, POLL_OLDER, pointers(50, 31, NULL));
	CU_ASSERT_EQUAL(bench_count(b, "gap"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "walk"), 4);
	inspect_all(b);
	bench_close(b);
}

static void
test_more(void)
{
	struct bench *b = bench_open();
	struct doc index = {.more = "http://forum.example/map-1.xml"};
	struct caught c;

	read_feed(b, index);
	do {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
	} while (strstr(c.m.poll.url, "map-1") == NULL);
	answer(b, &c, posts(3, 1));
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 3);
	inspect_all(b);
	bench_close(b);
}

/* --- a second look
 * ---------------------------------------------------------------------------- */

#define SOON "second_min = \"30m\"; second_max = \"40m\";"

/* Answers polls until somebody else asks; then that one has this. */
static bool
other_asks(struct bench *b, struct doc (*ours)(int), struct doc theirs, int round)
{
	struct caught c;

	for (int i = 0; i < 20; i++) {
		if (!asked(b, POLL_FEED, &c))
			return false;
		if (c.m.poll.second) {
			CU_ASSERT_PTR_NULL(c.m.poll.etag);
			answer(b, &c, theirs);
			return true;
		}
		answer(b, &c, ours(round));
	}
	return false;
}

static struct doc
nine(int round)
{
	(void)round;
	return posts(9, 1);
}

static void
test_same_for_all(void)
{
	struct bench *b = open_with(SOON);
	json_t *r;

	read_feed(b, posts(9, 1));
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(other_asks(b, nine, posts(9, 1), 1));
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 0);
	r = row(b, "feeds");
	CU_ASSERT_EQUAL(bench_int(r, "compared"), 3);
	CU_ASSERT_PTR_NULL(json_object_get(r, "cloaked"));
	json_decref(r);
	inspect_all(b);
	bench_close(b);
}

static struct doc
with_secret(void)
{
	struct doc d = without(9, 1, "n5");

	add(&d, "secret", "i will kill you")->published = T0 - 994 * CLOCK_HOUR;
	/* In its place, not at the end. */
	struct item it = d.v[d.n - 1];
	memmove(&d.v[4], &d.v[3], (d.n - 4) * sizeof(it));
	d.v[3] = it;
	return d;
}

static void
test_cloaked(void)
{
	struct bench *b = open_with(SOON);
	const json_t *o;
	struct caught c;
	json_t *r;

	read_feed(b, posts(9, 1));
	inspect_all(b);
	CU_ASSERT_TRUE(other_asks(b, nine, with_secret(), 1));
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 0); /* not on one look */
	CU_ASSERT_TRUE(other_asks(b, nine, with_secret(), 2));
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 2);
	o = bench_last(b, "cloaking");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "state"), "confirmed");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "what"), "content");
	CU_ASSERT_EQUAL(bench_int(o, "only_us"), 1);	 /* n5 */
	CU_ASSERT_EQUAL(bench_int(o, "only_others"), 1); /* the secret */
	CU_ASSERT_PTR_NOT_NULL(json_object_get(o, "file"));
	/* What is kept from us is judged like everything else. */
	inspect_all(b);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "sighting"), 0);
	/* And looked at as one of those who see it. */
	CU_ASSERT_TRUE_FATAL(asked(b, POLL_PAGE, &c));
	CU_ASSERT_TRUE(c.m.poll.second);
	msg_clear(&c.m);
	r = row(b, "feeds");
	CU_ASSERT_PTR_NOT_NULL(json_object_get(r, "cloaked"));
	json_decref(r);
	bench_close(b);
}

static struct doc
other_words(const char *word)
{
	struct doc d = posts(9, 1);

	for (uint32_t i = 0; i < d.n; i++) {
		free(d.v[i].text);
		d.v[i].text = xasprintf("Post %u: %s", i, word);
	}
	return d;
}

/* Another text for others is found; a feed that is never twice the same is not taken
 * for it, nor is an update between the two. */
static void
test_other_words(void)
{
	struct bench *b = open_with(SOON);

	read_feed(b, posts(9, 1));
	CU_ASSERT_TRUE(other_asks(b, nine, other_words("clean"), 1));
	CU_ASSERT_TRUE(other_asks(b, nine, other_words("clean"), 2));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "cloaking"), "state"), "confirmed");
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "cloaking"), "otherwise"), 9);
	bench_forget(b);
	bench_close(b);

	b = open_with(SOON);
	read_feed(b, posts(9, 1));
	CU_ASSERT_TRUE(other_asks(b, nine, other_words("10:31"), 1));
	CU_ASSERT_TRUE(other_asks(b, nine, other_words("10:32"), 2));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "cloaking"), "state"), "cleared");
	bench_forget(b);
	bench_close(b);

	b = open_with(SOON);
	read_feed(b, posts(9, 1));
	CU_ASSERT_TRUE(other_asks(b, nine, posts(10, 2), 1)); /* n10 has just come */
	CU_ASSERT_TRUE(other_asks(b, nine, posts(9, 1), 2));
	CU_ASSERT_NOT_EQUAL(bench_count(b, "cloaking"), 1);
	CU_ASSERT(
	    bench_count(b, "cloaking") == 0 ||
	    strcmp(bench_str(bench_last(b, "cloaking"), "state"), "cleared") == 0);
	bench_forget(b);
	bench_close(b);
}

/* Nothing in common, however the order is. */
static void
test_nothing_shared(void)
{
	struct bench *b = open_with(SOON);

	read_feed(b, posts(9, 1));
	CU_ASSERT_TRUE(other_asks(b, nine, posts(909, 901), 1));
	CU_ASSERT_TRUE(other_asks(b, nine, posts(909, 901), 2));
	CU_ASSERT_TRUE(
	    json_is_true(json_object_get(bench_last(b, "cloaking"), "nothing_shared")));
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "cloaking"), "state"), "confirmed");
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "capture"), "new"), 9);
	bench_forget(b);
	bench_close(b);
}

/* 304 for ever although there are new posts. */
/* The next question that is asked as this one of us, answered. */
static void
tell(struct bench *b, bool second, struct doc d)
{
	struct caught c;

	for (int i = 0; i < 400; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
		if (c.m.poll.second == second && c.m.poll.etag == NULL)
			break;
		answer(b, &c, posts(9, 1));
	}
	CU_ASSERT_EQUAL_FATAL(c.m.poll.second, second);
	answer(b, &c, d);
}

/* Somebody else is turned away: twice, with an answer for us in between. */
static void
test_others_refused(void)
{
	struct doc refused = {.outcome = POLLED_FORBIDDEN, .status = 403};
	struct bench *b = open_with(SOON);
	const json_t *o;
	json_t *r;

	read_feed(b, posts(9, 1));
	tell(b, true, refused);
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 0);
	tell(b, true, refused);
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 1);
	o = bench_last(b, "cloaking");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "what"), "refusal");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "state"), "confirmed");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "refused"), "others");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "answer"), "forbidden");
	CU_ASSERT_PTR_NOT_NULL(json_object_get(o, "file"));
	r = row(b, "feeds");
	CU_ASSERT_STRING_EQUAL(bench_str(r, "refused"), "others");
	CU_ASSERT_PTR_NULL(json_object_get(r, "cloaked")); /* nothing is kept from us */
	json_decref(r);
	/* Told once, and when it is over. */
	tell(b, true, refused);
	tell(b, true, refused);
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 1);
	tell(b, true, posts(9, 1));
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 2);
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "cloaking"), "state"), "cleared");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "cloaking"), "refused"), "others");
	inspect_all(b);
	bench_close(b);
}

/* Whatever is asked as ourselves is refused; somebody else gets this. */
static void
only_others(struct bench *b, struct doc d)
{
	struct doc refused = {.outcome = POLLED_FORBIDDEN, .status = 403};
	struct caught c;

	for (int i = 0; i < 400; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
		if (c.m.poll.second) {
			answer(b, &c, d);
			return;
		}
		answer(b, &c, refused);
	}
	CU_FAIL("never asked as somebody else");
}

/* We are turned away: what others are shown is read and judged. */
static void
test_us_refused(void)
{
	struct doc shown = posts(9, 1),
		   nobody = {.outcome = POLLED_GONE, .status = 410};
	struct bench *b = open_with(SOON);
	const json_t *o;

	free(shown.v[4].text);
	shown.v[4].text = xstrdup("i will kill you, says this post");
	read_feed(b, posts(9, 8));
	inspect_all(b);
	only_others(b, nobody);
	CU_ASSERT_EQUAL(bench_count(b, "cloaking"), 0);
	only_others(b, shown);
	CU_ASSERT_EQUAL_FATAL(bench_count(b, "cloaking"), 1);
	o = bench_last(b, "cloaking");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "what"), "refusal");
	CU_ASSERT_STRING_EQUAL(bench_str(o, "refused"), "us");
	CU_ASSERT_TRUE(bench_int(bench_last(b, "capture"), "new") >= 7);
	inspect_all(b);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	bench_close(b);
}

static void
test_stale(void)
{
	struct bench *b = open_with(SOON);
	struct doc d = posts(9, 1),
		   same = {
		       .outcome = POLLED_UNCHANGED, .status = 304, .etag = "\"old\""};
	struct caught c;
	int conditional = 0;
	json_t *r;

	d.etag = "\"old\"";
	read_feed(b, d);
	for (int i = 0; i < 20 && bench_count(b, "cloaking") == 0; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
		if (c.m.poll.etag != NULL) {
			conditional++;
			answer(b, &c, same);
		} else {
			answer(b, &c, conditional > 0 ? posts(12, 4) : posts(9, 1));
		}
	}
	CU_ASSERT_STRING_EQUAL(
	    bench_str(bench_last(b, "cloaking"), "what"), "stale-validators");
	/* Never asked with validators again. */
	for (int i = 0; i < 5; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, POLL_FEED, &c));
		CU_ASSERT_PTR_NULL(c.m.poll.etag);
		d = posts(12, 4);
		d.etag = "\"new\"";
		answer(b, &c, d);
	}
	r = row(b, "feeds");
	CU_ASSERT_PTR_NOT_NULL(json_object_get(r, "stale_validators"));
	json_decref(r);
	inspect_all(b);
	bench_close(b);
}

/* --- how readable
 * ------------------------------------------------------------------------------ */

static void
test_score(void)
{
	struct bench *b = open_with("second_max = 0; second_min = 0;");
	struct doc down = {.outcome = POLLED_TIMEOUT, .status = 0};
	int64_t begun, from, to;
	double share;
	json_t *r, *theirs;

	read_feed(b, posts(9, 1));
	begun = b->now;
	for (int i = 0; i < 10; i++)
		read_feed(b, posts(9, 1));
	from = b->now;
	for (int i = 0; i < 5; i++)
		reply(b, POLL_FEED, down);
	read_feed(b, posts(9, 1));
	to = b->now;
	r = row(b, "feeds");
	share = json_real_value(json_object_get(r, "readable"));
	CU_ASSERT_DOUBLE_EQUAL(
	    share, 1.0 - (double)(to - from) / (double)(to - begun), 0.001);
	theirs = json_object_get(json_object_get(r, "observed"), "theirs");
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_object_get(theirs, "timeout")),
	    (double)(to - from) / CLOCK_HOUR, 0.01);
	json_decref(r);
	/* We are away: neither theirs nor seen. */
	engine_free(&b->engine, b->now);
	bench_forget(b);
	b->now += 10 * CLOCK_HOUR;
	bench_start(b);
	r = row(b, "tenants");
	CU_ASSERT_DOUBLE_EQUAL(
	    json_real_value(json_object_get(r, "readable")), share, 0.01);
	CU_ASSERT(json_real_value(
		      json_object_get(json_object_get(r, "observed"), "ours")) > 9.9);
	json_decref(r);
	inspect_all(b);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"500 posts with one id", test_shared_id},
    {"posts with one id are edited", test_shared_id_edit},
    {"one id and one address", test_shared_place},
    {"an id that becomes shared", test_id_becomes_shared},
    {"an id that begins others", test_id_prefix},
    {"missing twice, and its page is gone", test_removed},
    {"missing while the feed is quiet", test_removed_in_silence},
    {"pushed out is not missing", test_not_missing},
    {"merely unlisted", test_unlisted},
    {"posts that left", test_left},
    {"posts that left for their age", test_left_for_age},
    {"pages elsewhere", test_elsewhere},
    {"cited, with a page elsewhere", test_cited_elsewhere},
    {"pages that do not tell", test_soft},
    {"what is hidden, apart", test_apart},
    {"what is cited follows", test_cited},
    {"the feed says what is removed", test_tombstone},
    {"what is said to be removed is listed again", test_tombstone_undone},
    {"a host in trouble", test_trouble},
    {"a flood is walked back", test_walk},
    {"a walk goes on after a restart", test_walk_again},
    {"an older page that is cut", test_walk_cut},
    {"gaps that stay", test_lost},
    {"lost while we were stopped", test_short_stop},
    {"read, but not to its end", test_cut},
    {"a feed that is blank once", test_blank},
    {"a last reading that is not on record", test_forgotten},
    {"addresses of older pages", test_older_urls},
    {"the whole history, some pages a day", test_history},
    {"pointers are read before they are inspected", test_pointers},
    {"a long document costs by its length alone", test_many},
    {"a flood of pointers is walked back", test_pointers_walk},
    {"further documents", test_more},
    {"the same for everybody", test_same_for_all},
    {"posts that only others see", test_cloaked},
    {"other words for others", test_other_words},
    {"nothing in common", test_nothing_shared},
    {"somebody else is turned away", test_others_refused},
    {"we are turned away", test_us_refused},
    {"304 for ever", test_stale},
    {"how readable a feed was", test_score},
};

SUITE_MAIN("cover", tests)
