/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_stream: lines and server-sent events from pieces of every size, and what
 * the events of a stream become.
 */
#include <string.h>
#include <time.h>

#include "feed/lines.h"
#include "feed/sse.h"
#include "feed/stream.h"
#include "suite.h"

#ifdef TOSD_SANITIZED
#define COST_MAX 20.0 /* seconds; sanitizers slow things down */
#else
#define COST_MAX 1.0
#endif

static double
cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- lines --- */

static void
note_line(void *ctx, const char *line, size_t n)
{
	struct buf *b = ctx;

	if (line == NULL)
		buf_puts(b, "<dropped>");
	else
		buf_printf(b, "<%.*s>", (int)n, line);
}

/* What comes out of s in pieces of `piece' bytes. */
static void
split(
    enum feed_lines_ends ends, size_t max, const char *s, size_t piece, struct buf *out)
{
	struct feed_lines *l = feed_lines_new(ends, max, note_line, out);
	size_t n = strlen(s);

	buf_reset(out);
	buf_reserve(out, 0);
	for (size_t i = 0; i < n; i += piece)
		feed_lines_feed(l, s + i, n - i < piece ? n - i : piece);
	feed_lines_end(l);
	feed_lines_free(&l);
}

static void
test_lines(void)
{
	static const struct {
		enum feed_lines_ends ends;
		const char *in, *out;
	} cases[] = {
	    {FEED_LINES_LF, "a\nbb\r\n\nc", "<a><bb><><c>"},
	    {FEED_LINES_LF, "a\rb\n", "<a\rb>"},
	    {FEED_LINES_LF, "12345678\n123456789\nx\n", "<12345678><dropped><x>"},
	    {FEED_LINES_LF, "x\n123456789012345678901234567890", "<x><dropped>"},
	    {FEED_LINES_LF, "12345678\r\n12345678\r\r\nx", "<12345678><dropped><x>"},
	    {FEED_LINES_LF, "", ""},
	    {FEED_LINES_ALL, "a\nb\rc\r\nd\r\re\n\nf", "<a><b><c><d><><e><><f>"},
	    {FEED_LINES_ALL, "\r\n\n\r", "<><><>"},
	    {FEED_LINES_ALL, "123456789\r\n1\r\n", "<dropped><1>"},
	};
	struct buf out = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t piece = 1; piece <= 32; piece++) {
			split(cases[i].ends, 8, cases[i].in, piece, &out);
			SAME(out.data, cases[i].out);
		}
	buf_free(&out);
}

/* --- server-sent events --- */

static void
note_event(void *ctx, const struct feed_sse_event *e)
{
	struct buf *b = ctx;

	buf_printf(b, "[%.*s|%s|", (int)e->nevent, e->event, e->id);
	if (e->data == NULL)
		buf_puts(b, "dropped]");
	else
		buf_printf(b, "%.*s]", (int)e->n, e->data);
}

/* After the examples of the standard, and its odd corners. */
static const struct {
	const char *in, *out;
} events[] = {
    {"data: a\ndata: b\n\n", "[message||a\nb]"},
    {": hello\n\ndata: x\nid: 1\n\ndata:y\nid\n\ndata:  z\n\n",
	"[message|1|x][message||y][message|| z]"},
    {"data\n\ndata\ndata\n\ndata:", "[message||][message||\n]"},
    {"data:test\n\ndata: test\n\n", "[message||test][message||test]"},
    {"event: update\r\ndata: 1\r\n\r\nevent: x\rdata: 2\r\rdata: 3\n\n",
	"[update||1][x||2][message||3]"},
    {"\xef\xbb\xbf"
     "data: bom\n\n",
	"[message||bom]"},
    {"\xef\xbb"
     "data: none\n\ndata: y\n\n",
	"[message||y]"},
    {"event: lost\n\ndata: a\n\n", "[message||a]"},
    {"id: 7\n\ndata: a\n\n", "[message|7|a]"},
    {"data: unfinished\n", ""},
    {"Data: no\ndata : no\nfoo: no\ndata: yes\n\n", "[message||yes]"},
    {"data: 12345678901234567890123456789012\n\ndata: ok\n\n",
	"[message||12345678901234567890123456789012][message||ok]"},
    {"data: 123456789012345678901234567890123\n\ndata: ok\n\n",
	"[message||dropped][message||ok]"},
    {"data: 1234567890123456\ndata: 1234567890123456\nid: 3\n\ndata: ok\n\n",
	"[message|3|dropped][message|3|ok]"},
    {"event: e\ndata: 1234567890123456789012345678901234567890123456789012345678901\n"
     "data: x\n\ndata: ok\n\n",
	"[e||dropped][message||ok]"},
};

static void
test_sse(void)
{
	struct buf out = {0};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		for (size_t piece = 1; piece <= 64; piece++) {
			struct feed_sse *s = feed_sse_new(32, note_event, &out);
			size_t n = strlen(events[i].in);

			buf_reset(&out);
			buf_reserve(&out, 0);
			for (size_t k = 0; k < n; k += piece)
				feed_sse_feed(
				    s, events[i].in + k, n - k < piece ? n - k : piece);
			SAME(out.data, events[i].out);
			feed_sse_free(&s);
		}
	buf_free(&out);
}

static void
test_sse_state(void)
{
	static const char in[] =
	    "id: a\0b\nretry: 1500\ndata: x\n\nid: k\nretry: 1e3\n\n"
	    "retry: 99999999999\nid: m\n";
	struct buf out = {0};
	struct feed_sse *s = feed_sse_new(100, note_event, &out);

	SAME(feed_sse_last_id(s), "");
	CU_ASSERT_EQUAL(feed_sse_retry(s), -1);
	feed_sse_feed(s, in, sizeof(in) - 1);
	SAME(out.data, "[message||x]"); /* an id with NUL is no id */
	SAME(feed_sse_last_id(s), "m");
	CU_ASSERT_EQUAL(feed_sse_retry(s), 1500);
	feed_sse_free(&s);
	buf_free(&out);
}

static size_t dropped, given;

static void
count_event(void *ctx, const struct feed_sse_event *e)
{
	(void)ctx;
	dropped += e->data == NULL;
	given += e->data != NULL;
}

/* 16 MiB of whatever costs most, in small pieces. */
static void
test_sse_cost(void)
{
	static const char *const units[] = {"data: x\n", "\n", "\r", "\r\n", ":",
	    "data:", "data\n\n", "id: aaaaaaaaaaaaaaaa\n", "event: b\n\n",
	    "\xef\xbb\xbf", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a\r",
	    "data: y\r\rdata: z\r\n\r\n"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct feed_sse *s = feed_sse_new(1 << 20, count_event, NULL);
		size_t len = strlen(units[i]), n = 0;
		struct buf piece = {0};
		double start = cpu();

		while (piece.len < 5000)
			buf_put(&piece, units[i], len);
		for (; n < (size_t)16 << 20; n += piece.len)
			feed_sse_feed(s, piece.data, piece.len);
		feed_sse_feed(s, "\n\n", 2);
		CU_ASSERT(cpu() - start < COST_MAX);
		feed_sse_free(&s);
		buf_free(&piece);
	}
	CU_ASSERT(dropped > 0 && given > 0);
}

/* --- what they say --- */

static int
event(struct feed_stream *s, const char *name, const char *data)
{
	return feed_stream_event(s, name, strlen(name), data, strlen(data));
}

#define STATUS(id, text)                                                               \
	"{\"id\":\"" id "\",\"content\":\"<p>" text "</p>\",\"created_at\":\"2024-01-" \
	"01T00:00:00.000Z\",\"url\":\"https://s.example/@a/" id                        \
	"\",\"account\":{\"acct\":\"a\"}}"

static void
test_mastodon(void)
{
	struct feed_stream *s = feed_stream_new(NULL, NULL);
	struct feed_doc d;

	CU_ASSERT_EQUAL(event(s, "update", STATUS("1", "one")), 0);
	CU_ASSERT_EQUAL(event(s, "status.update", STATUS("1", "one!")), 0);
	CU_ASSERT_EQUAL(event(s, "delete", "109"), 0);
	CU_ASSERT_EQUAL(event(s, "delete", "\"110\""), 0);
	CU_ASSERT_EQUAL(event(s, "delete", "1"), 0);
	CU_ASSERT_EQUAL(event(s, "update", STATUS("1", "again")), 0);
	CU_ASSERT_EQUAL(event(s, "filters_changed", ""), 0);
	CU_ASSERT_EQUAL(event(s, "notification", "{\"id\":\"4\",\"status\":{}}"), 0);
	feed_stream_take(s, &d);
	CU_ASSERT(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 3);
	SAME(d.items[1].text, "one!");
	SAME(d.items[2].text, "again");
	SAME(d.items[2].url, "https://s.example/@a/1");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 2); /* 1 came back */
	SAME(d.gone[0], "109");
	SAME(d.gone[1], "110");
	feed_doc_clear(&d);
	/* The same over a WebSocket, and a server that nests them. */
	CU_ASSERT_EQUAL(event(s, "",
			    "{\"stream\":[\"public\"],\"event\":\"update\",\"payload\":"
			    "\"{\\\"id\\\":\\\"5\\\",\\\"content\\\":\\\"five\\\","
			    "\\\"account\\\":{\\\"acct\\\":\\\"b\\\"}}\"}"),
	    0);
	CU_ASSERT_EQUAL(
	    event(s, "", "{\"event\":\"delete\",\"payload\":\"6\",\"stream\":[]}"), 0);
	CU_ASSERT_EQUAL(event(s, "",
			    "{\"event\":\"update\",\"payload\":{\"event\":"
			    "\"update\",\"payload\":" STATUS("7", "x") "}}"),
	    0);
	feed_stream_take(s, &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].text, "five");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "6");
	feed_doc_clear(&d);
	feed_stream_free(&s);
}

static void
test_events(void)
{
	const struct feed_limits lim = {2, 100, 64, true};
	const struct feed_source src = {.url = "https://s.example/stream"};
	struct feed_stream *s = feed_stream_new(&src, &lim);
	struct feed_doc d;

	CU_ASSERT_EQUAL(event(s, "", "{\"id\":1,\"text\":\"a\",\"url\":\"/1\"}"), 0);
	CU_ASSERT_EQUAL(
	    event(s, "message", "{\"id\":2,\"text\":\"b\xff\"}"), TOSD_EINVAL);
	CU_ASSERT_EQUAL(event(s, "", "{\"id\":3,\"text\":\"c\"}"), TOSD_EBUSY);
	feed_stream_take(s, &d);
	CU_ASSERT_FALSE(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].url, "https://s.example/1");
	SAME(d.items[1].text, "b\xef\xbf\xbd");
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL(event(s, "", "{\"id\":3,\"te"), TOSD_EINVAL);
	CU_ASSERT_EQUAL(event(s, "", "no json"), TOSD_EINVAL);
	CU_ASSERT_EQUAL(event(s, "", ""), 0);
	CU_ASSERT_EQUAL(event(s, "post", "{\"id\":4,\"title\":\"t\"}"), 0);
	feed_stream_take(s, &d);
	SAME(d.items[d.nitems - 1].title, "t");
	feed_doc_clear(&d);
	/* Members in another order than in the event before, and twice. */
	CU_ASSERT_EQUAL(event(s, "", "{\"title\":\"u\",\"id\":5}"), 0);
	CU_ASSERT_EQUAL(
	    event(s, "", "{\"title\":\"v\" ,\"id\":6,\"id\":6.}"), TOSD_EINVAL);
	feed_stream_take(s, &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].id, "5");
	SAME(d.items[1].title, "v");
	CU_ASSERT(d.items[1].flags & ITEM_DOUBLE_KEY);
	feed_doc_clear(&d);
	feed_stream_free(&s);
	feed_stream_free(&s);
}

/* A mapping of the configuration: bare events, events with an envelope of their own,
 * and those that are wrapped as the document is. */
static void
test_mapped(void)
{
	static const struct feed_mapping bare = {
	    .items = "data.posts", .id = "no", .text = "body.html", .deleted = "off"};
	static const struct feed_mapping wrapped = {
	    .items = "data.posts", .event = "record", .id = "no", .text = "body.html"};
	struct feed_source src = {.url = "https://s.example/", .mapping = &bare};
	struct feed_stream *s = feed_stream_new(&src, NULL);
	struct feed_doc d;

	CU_ASSERT_EQUAL(event(s, "", "{\"no\":1,\"body\":{\"html\":\"one\"}}"), 0);
	CU_ASSERT_EQUAL(event(s, "post", "{\"no\":2,\"off\":1}"), 0);
	CU_ASSERT_EQUAL(event(s, "delete", "3"), 0);
	CU_ASSERT_EQUAL(event(s, "delete", "{\"no\":4}"), 0);
	CU_ASSERT_EQUAL(event(s, "", "{}"), 0);
	CU_ASSERT_EQUAL(event(s, "", "{\"hello\":\"you\"}"), 0);
	CU_ASSERT_EQUAL(
	    event(s, "update",
		"{\"data\":{\"posts\":[{\"no\":5,\"body\":{\"html\":\"five\"}}]}}"),
	    0);
	feed_stream_take(s, &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].text, "one");
	SAME(d.items[1].id, "5");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 3);
	SAME(d.gone[0], "2");
	SAME(d.gone[1], "3");
	SAME(d.gone[2], "4");
	feed_doc_clear(&d);
	feed_stream_free(&s);
	src.mapping = &wrapped;
	s = feed_stream_new(&src, NULL);
	CU_ASSERT_EQUAL(
	    event(s, "",
		"{\"no\":6,\"record\":{\"no\":7,\"body\":{\"html\":\"seven\"}}}"),
	    0);
	CU_ASSERT_EQUAL(event(s, "", "{\"no\":8,\"body\":{\"html\":\"x\"}}"), 0);
	CU_ASSERT_EQUAL(event(s, "delete", "{\"record\":{\"no\":9}}"), 0);
	feed_stream_take(s, &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].id, "7");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "9");
	feed_doc_clear(&d);
	feed_stream_free(&s);
}

static const struct suite_test tests[] = {
    {"lines", test_lines},
    {"server-sent events", test_sse},
    {"id and retry", test_sse_state},
    {"events that cost", test_sse_cost},
    {"events of Mastodon", test_mastodon},
    {"other events", test_events},
    {"events by a mapping", test_mapped},
};

SUITE_MAIN("streams", tests)
