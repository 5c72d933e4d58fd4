/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_role_fetch: the fetch role as a sandboxed process, talked to over its real
 * channels, against sample tenants on loopback (tests/http_server.py --timeline).
 * This program plays the supervisor and the engine.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "fetch/same.h"
#include "http_child.h"
#include "ipc/channel.h"
#include "ipc/trace.h"
#include "ipc/loop.h"
#include "ipc/role.h"
#include "roles.h"
#include "suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PATIENCE (15 * CLOCK_SEC)

static const char timeline[] =
    "{\"tenants\": {\"alpha\": {\"format\": \"rss\"}, \"beta\": {\"format\": \"atom\"},"
    " \"gamma\": {\"format\": \"json\"}}, \"events\": ["
    "{\"at\": 0, \"tenant\": \"alpha\", \"op\": \"post\", \"id\": \"1\","
    "  \"title\": \"First\", \"text\": \"Fish & <chips>\", \"author\": \"Ann\"},"
    "{\"at\": 0, \"tenant\": \"alpha\", \"op\": \"post\", \"id\": \"2\","
    "  \"title\": \"Second\", \"text\": \"two\"},"
    "{\"at\": 0, \"tenant\": \"alpha\", \"op\": \"remove\", \"id\": \"2\"},"
    "{\"at\": 0, \"tenant\": \"beta\", \"op\": \"post\", \"id\": \"urn:b:1\","
    "  \"title\": \"Atom\", \"text\": \"before\"},"
    "{\"at\": 0, \"tenant\": \"beta\", \"op\": \"edit\", \"id\": \"urn:b:1\","
    "  \"text\": \"after\"},"
    "{\"at\": 0, \"tenant\": \"gamma\", \"op\": \"post\", \"id\": \"g\","
    "  \"title\": \"Json\", \"text\": \"third kind\"},"
    "{\"at\": 9999, \"tenant\": \"gamma\", \"op\": \"post\", \"id\": \"later\","
    "  \"title\": \"x\", \"text\": \"not yet\"}]}";

static const char script[] =
    "{\"/page.html\": {\"body\": \"<title>T</title><p>long page</p>\", \"repeat\": "
    "9000},"
    " \"/cut.xml\": {\"cut\": 80, \"body\": \"<rss><channel><item><guid>c1</guid>"
    "<title>kept</title></item><item><guid>c2</guid><title>lost</title></item>"
    "</channel></rss>\"},"
    " \"/many.json\": {\"etag\": \"\\\"m\\\"\", \"body\": \"{\\\"version\\\":"
    "\\\"https://jsonfeed.org/version/1.1\\\",\\\"items\\\":[{\\\"id\\\":1},"
    "{\\\"id\\\":2},{\\\"id\\\":3},{\\\"id\\\":4},{\\\"id\\\":5},{\\\"id\\\":6}]}\"},"
    " \"/text\": {\"etag\": \"\\\"t\\\"\", \"body\": \"plain words\"},"
    " \"/same.xml\": {\"body\": \"<rss><channel><item><guid>s</guid></item></channel>"
    "</rss>\"},"
    " \"/links\": {\"raw\": \"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n"
    "Link: </\\u00ff>; rel=next, </\\u00fe>; rel=hub, </s>; rel=self\\r\\n\\r\\n"
    "<rss><channel><item><guid>1</guid></item></channel></rss>\"},"
    " \"/own.json\": {\"body\": "
    "\"{\\\"d\\\":[{\\\"n\\\":1,\\\"b\\\":\\\"<i>own</i>\\\"},"
    "{\\\"n\\\":2,\\\"x\\\":true}],"
    "\\\"more\\\":\\\"/own.json?2\\\"}\"},"
    " \"/moved.xml\": {\"status\": 301, \"redirect\": \"/ttl.xml\"},"
    " \"/pic.xml\": {\"body\": \"<rss><channel><item><guid>p</guid><description>"
    "&lt;img src='b.png'&gt;</description></item></channel></rss>\"},"
    " \"/pic.html\": {\"body\": \"<p>x<img src='b.png'>\"},"
    " \"/slow\": {\"delay\": 8, \"body\": \"x\"},"
    " \"/ttl.xml\": {\"headers\": {\"Cache-Control\": \"max-age=60\"}, \"body\":"
    " \"<rss><channel><ttl>120</ttl><item><guid>s</guid></item></channel></rss>\"}}";

static struct http_child web, tls, dns;
static char dir[] = "/tmp/tosd-test-XXXXXX";
static pid_t child;
static struct loop *loop;
static struct channel *control, *engine;
static struct buf sources;
static struct conf *conf;
static unsigned ready, answers;
static int traced = -1; /* where the role says whose answer it reads */
static bool closed;
static struct msg last; /* POLLED */
static uint64_t next_id = 1;

/* --- what the rest of the daemon does --- */

static void
report(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
}

static int
parse(const struct buf *bytes, struct conf **out)
{
	struct rd r = rd_of(bytes->data, bytes->len);
	struct conf_sources s = {0};
	int rc;

	conf_sources_get(&r, &s);
	rc = conf_parse(&s, report, NULL, out);
	conf_sources_clear(&s);
	return rc;
}

/* The two functions of the daemon that role_fetch.c needs, for this one role: the
 * whole daemon would bring every other room along. */
int
conf_of_role(const struct buf *bytes, struct conf **out, struct err *e)
{
	return parse(bytes, out) == 0 ? 0
				      : err_set(e, TOSD_EINVAL, "bad configuration");
}

void
profile_of_role(enum role role, const struct conf *c, struct sandbox_profile *p)
{
	(void)role;
	p->mode = (enum sandbox_mode)c->sandbox;
	p->may = SANDBOX_MAY_READ | SANDBOX_MAY_INET;
	sandbox_read(p, c->fetch.ca_file);
	sandbox_read(p, "/etc");
}

static char *
write_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	struct err e = ERR_INIT;

	if (file_write(path, text, strlen(text), 0600, FILE_NOSYNC, &e) != 0)
		log_die("test", "%s", e.text);
	return path;
}

/* --- the other end of the channels --- */

static void
on_control(void *ctx, struct msg *m)
{
	(void)ctx;
	ready += m->type == MSG_READY;
	loop_stop(loop);
}

static void
on_engine(void *ctx, struct msg *m)
{
	(void)ctx;
	if (m->type == MSG_TRACE) {
		traced = m->fd;
		m->fd = -1;
		return;
	}
	CU_ASSERT_EQUAL(m->type, MSG_POLLED);
	msg_clear(&last);
	last = *m;
	msg_init(m, MSG_POLLED);
	answers++;
	loop_stop(loop);
}

static void
on_close(void *ctx, const char *why)
{
	(void)ctx;
	(void)why;
	closed = true;
	loop_stop(loop);
}

static void
on_impatience(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

/* Runs the loop until *count has reached want. */
static void
wait_until(const unsigned *count, unsigned want)
{
	struct loop_timer *t = loop_timer_new(loop, on_impatience, NULL);
	int64_t end = clock_steady() + PATIENCE;

	loop_timer_set(t, PATIENCE);
	while (*count < want && !closed && clock_steady() < end)
		loop_run(loop);
	loop_timer_free(&t);
	CU_ASSERT_FATAL(*count >= want);
}

static void
send_conf(void)
{
	struct err e = ERR_INIT;
	struct msg m;

	msg_init(&m, MSG_CONF);
	m.fd = file_memfd("conf", sources.data, sources.len, &e);
	channel_send(control, &m);
}

static void
connect_engine(void)
{
	struct channel_ends ends = {ROLE_ENGINE, ROLE_FETCH, 0};
	struct err e = ERR_INIT;
	struct msg m;
	int fds[2];

	if (channel_pair(fds, &e) != 0)
		abort();
	msg_init(&m, MSG_PEER);
	m.peer.role = ROLE_ENGINE;
	m.fd = fds[1];
	channel_send(control, &m);
	engine = channel_new_take(loop, fds[0], &ends, on_engine, on_close, NULL);
}

static char *
url_of(const char *path)
{
	if (strstr(path, "://") != NULL)
		return xstrdup(path);
	return xasprintf("http://127.0.0.1:%d%s", web.port, path);
}

/* Asks as somebody else, and waits. */
static const struct msg_polled *
poll_second(const char *path, const char *etag)
{
	struct msg m;

	msg_init(&m, MSG_POLL);
	m.poll.id = next_id++;
	m.poll.kind = POLL_FEED;
	m.poll.url = url_of(path);
	m.poll.tenant = xstrdup(conf_tenant_by_id(conf, "good")->key);
	m.poll.etag = xstrdup(etag);
	m.poll.second = true;
	CU_ASSERT_EQUAL_FATAL(channel_send(engine, &m), 0);
	wait_until(&answers, answers + 1);
	return &last.polled;
}

/* Sends a POLL; fields may be NULL. */
static void
ask(enum poll_kind kind, const char *tenant, const char *path, const char *etag,
    const char *hash)
{
	struct msg m;

	msg_init(&m, MSG_POLL);
	m.poll.id = next_id++;
	m.poll.kind = kind;
	m.poll.url = url_of(path);
	m.poll.tenant = xstrdup(conf_tenant_by_id(conf, tenant)->key);
	m.poll.etag = xstrdup(etag);
	m.poll.body_hash = xstrdup(hash);
	CU_ASSERT_EQUAL_FATAL(channel_send(engine, &m), 0);
}

/* Sends a POLL and waits for its answer. */
static const struct msg_polled *
poll_as(enum poll_kind kind, const char *tenant, const char *path, const char *etag,
    const char *hash)
{
	ask(kind, tenant, path, etag, hash);
	wait_until(&answers, answers + 1);
	CU_ASSERT_EQUAL(last.polled.id, next_id - 1);
	return &last.polled;
}

static const struct msg_polled *
poll_feed(const char *path)
{
	return poll_as(POLL_FEED, "good", path, NULL, NULL);
}

static const struct msg_polled *
poll_page(const char *path)
{
	return poll_as(POLL_PAGE, "good", path, NULL, NULL);
}

/* --- cases --- */

static void
test_feeds(void)
{
	static const struct {
		const char *path, *id, *title, *text;
	} rows[] = {{"/alpha/feed.xml", "1", "First", "Fish & <chips>"},
	    {"/beta/feed.xml", "urn:b:1", "Atom", "after"},
	    {"/gamma/feed.xml", "g", "Json", "third kind"}};
	struct trace_seen seen;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct msg_polled *p = poll_feed(rows[i].path);

		CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
		CU_ASSERT_EQUAL(p->status, 200);
		CU_ASSERT_TRUE(p->well_formed);
		CU_ASSERT_FALSE(p->truncated);
		CU_ASSERT_FALSE(p->cut);
		CU_ASSERT_PTR_NOT_NULL(p->etag);
		CU_ASSERT_PTR_NOT_NULL(p->last_modified);
		CU_ASSERT_PTR_NOT_NULL(p->body_hash);
		CU_ASSERT_PTR_NOT_NULL(p->format);
		CU_ASSERT_EQUAL_FATAL(p->nitems, 1);
		CU_ASSERT_STRING_EQUAL(p->items[0].id, rows[i].id);
		CU_ASSERT_STRING_EQUAL(p->items[0].title, rows[i].title);
		CU_ASSERT_STRING_EQUAL(p->items[0].text, rows[i].text);
		CU_ASSERT(p->items[0].published != CLOCK_NONE);
	}
	/* It is done with the last one. */
	CU_ASSERT_FALSE(trace_peek(traced, &seen));
	CU_ASSERT_EQUAL(seen.revision, next_id - 1);
	CU_ASSERT_STRING_EQUAL(seen.plugin, "feed");
}

/* By the configuration of the feed, and of no other. */
static void
test_mapping(void)
{
	const struct msg_polled *p = poll_feed("/own.json");

	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_EQUAL_FATAL(p->nitems, 1);
	CU_ASSERT_STRING_EQUAL(p->items[0].id, "1");
	CU_ASSERT_STRING_EQUAL(p->items[0].text, "own");
	CU_ASSERT_EQUAL_FATAL(p->ngone, 1);
	CU_ASSERT_STRING_EQUAL(p->gone[0], "2");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->next_url);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->next_url, "/own.json?2"));
}

/* Addresses that are no text could stand in no row and in no entry. */
static void
test_links(void)
{
	const struct msg_polled *p = poll_feed("/links");

	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_EQUAL(p->nitems, 1);
	CU_ASSERT_PTR_NULL(p->next_url);
	CU_ASSERT_PTR_NULL(p->hub);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->self_url);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->self_url, "/s"));
}

static void
test_capture(void)
{
	const struct msg_polled *p = poll_feed("/alpha/feed.xml");
	struct buf b = {0};
	struct err e = ERR_INIT;
	struct msg_capture c = {0};
	struct rd r;
	const char *body;
	size_t len;

	CU_ASSERT_FATAL(last.fd >= 0);
	CU_ASSERT_EQUAL_FATAL(file_read_memfd(last.fd, 1 << 20, &b, &e), 0);
	r = rd_of(b.data, b.len);
	msg_capture_get(&r, &c);
	CU_ASSERT_TRUE(rd_done(&r));
	CU_ASSERT_STRING_EQUAL(c.url, p->url);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c.peer);
	CU_ASSERT_STRING_EQUAL(c.peer, "127.0.0.1");
	CU_ASSERT_EQUAL(c.time, p->time);
	CU_ASSERT_EQUAL(
	    strncmp(c.request.data, "GET /alpha/feed.xml HTTP/1.1\r\n", 30), 0);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(c.request.data, "(+mailto:abuse@example.net)\r\n"));
	CU_ASSERT_EQUAL(strncmp(c.response.data, "HTTP/1.1 200 ", 13), 0);
	body = strstr(c.response.data, "\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	body += 4;
	len = c.response.len - (size_t)(body - c.response.data);
	CU_ASSERT_TRUE(same_check(p->body_hash, body, len));
	CU_ASSERT_FALSE(same_check(p->body_hash, body, len - 1));
	msg_capture_clear(&c);
	buf_free(&b);
}

/* What a redirect said is evidence, too. */
static void
test_capture_of_redirects(void)
{
	struct buf b = {0};
	struct err e = ERR_INIT;
	struct msg_capture c = {0};
	struct rd r;

	CU_ASSERT_EQUAL(poll_feed("/moved.xml")->outcome, POLLED_OK);
	CU_ASSERT_FATAL(last.fd >= 0);
	CU_ASSERT_EQUAL_FATAL(file_read_memfd(last.fd, 1 << 20, &b, &e), 0);
	r = rd_of(b.data, b.len);
	msg_capture_get(&r, &c);
	CU_ASSERT_TRUE(rd_done(&r));
	CU_ASSERT_PTR_NOT_NULL(strstr(c.url, "/ttl.xml"));
	CU_ASSERT_EQUAL_FATAL(c.nhops, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.hops[0].url, "/moved.xml"));
	CU_ASSERT_STRING_EQUAL(c.hops[0].peer, "127.0.0.1");
	CU_ASSERT_EQUAL(strncmp(c.hops[0].request.data, "GET /moved.xml ", 15), 0);
	CU_ASSERT_EQUAL(strncmp(c.hops[0].response.data, "HTTP/1.1 301 ", 13), 0);
	msg_capture_clear(&c);
	buf_free(&b);
}

static void
test_unchanged(void)
{
	const struct msg_polled *p = poll_feed("/beta/feed.xml");
	char *etag = xstrdup(p->etag), *hash = xstrdup(p->body_hash);

	p = poll_as(POLL_FEED, "good", "/beta/feed.xml", etag, hash);
	CU_ASSERT_EQUAL(p->outcome, POLLED_UNCHANGED);
	CU_ASSERT_EQUAL(p->status, 304);
	CU_ASSERT_STRING_EQUAL(p->etag, etag);
	CU_ASSERT_STRING_EQUAL(p->body_hash, hash);
	CU_ASSERT_EQUAL(p->nitems, 0);
	CU_ASSERT_EQUAL(last.fd, -1); /* nothing new to keep */
	free(etag);
	free(hash);
	/* An older page is a feed like the first one. */
	p = poll_as(POLL_OLDER, "good", "/beta/feed.xml", NULL, NULL);
	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT(p->nitems > 0 && p->format != NULL);
	/* A server without validators: the body tells. */
	p = poll_feed("/same.xml");
	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	hash = xstrdup(p->body_hash);
	p = poll_as(POLL_FEED, "good", "/same.xml", NULL, hash);
	CU_ASSERT_EQUAL(p->outcome, POLLED_UNCHANGED);
	CU_ASSERT_EQUAL(p->status, 200);
	CU_ASSERT_EQUAL(p->nitems, 0);
	free(hash);
}

static void
test_not_feed(void)
{
	const struct msg_polled *p = poll_feed("/text");

	CU_ASSERT_EQUAL(p->outcome, POLLED_NOT_FEED);
	CU_ASSERT_PTR_NOT_NULL(p->why);
	CU_ASSERT_PTR_NULL(p->etag); /* or the next 304 would be "unchanged" */
	CU_ASSERT_PTR_NULL(p->body_hash);
	CU_ASSERT(last.fd >= 0);
}

static void
test_broken_off(void)
{
	const struct msg_polled *p = poll_feed("/cut.xml");

	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_TRUE(p->truncated);
	CU_ASSERT_FALSE(p->well_formed);
	CU_ASSERT_PTR_NOT_NULL(p->why);
	CU_ASSERT_PTR_NULL(p->body_hash);
	CU_ASSERT_TRUE(p->cut);
	CU_ASSERT_FATAL(p->nitems >= 1);
	CU_ASSERT_STRING_EQUAL(p->items[0].id, "c1");
	CU_ASSERT_STRING_EQUAL(p->items[0].title, "kept");
}

/* What is beyond a limit is said to be missing, and no 304 may vouch for it. */
static void
test_too_many(void)
{
	const struct msg_polled *p = poll_feed("/many.json");

	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_EQUAL(p->nitems, 5);
	CU_ASSERT_TRUE(p->truncated);
	CU_ASSERT_TRUE(p->cut);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->why);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->why, "fetch.max_items (5)"));
	CU_ASSERT_PTR_NULL(p->etag);
	CU_ASSERT_PTR_NULL(p->body_hash);
}

static void
test_hint(void)
{
	const struct msg_polled *p = poll_feed("/ttl.xml");

	/* Each by itself: the document's wish holds as long as the document. */
	CU_ASSERT_EQUAL(p->ttl, 120 * CLOCK_MIN);
	CU_ASSERT_EQUAL(p->hint, CLOCK_MIN);
}

static void
test_pages(void)
{
	const struct msg_polled *p = poll_page("/alpha/posts/1");

	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_EQUAL_FATAL(p->nitems, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->items[0].text);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->items[0].text, "Fish & <chips>"));
	CU_ASSERT_EQUAL(poll_page("/alpha/posts/2")->outcome, POLLED_GONE);
	CU_ASSERT(last.fd >= 0);
	CU_ASSERT_EQUAL(poll_page("/alpha/posts/3")->outcome, POLLED_NOT_FOUND);
	CU_ASSERT_EQUAL(poll_page("/beta/posts/urn%3Ab%3A1")->outcome, POLLED_OK);
	/* Cut at the limit: no proof of anything. */
	p = poll_page("/page.html");
	CU_ASSERT_EQUAL(p->outcome, POLLED_HTTP_ERROR);
	CU_ASSERT_TRUE(p->truncated);
	CU_ASSERT_EQUAL(p->nitems, 0);
}

/* A static site: files come with validators, and go. */
static void
test_directory(void)
{
	const struct msg_polled *p = poll_page("/post.html");
	char *path = xasprintf("%s/post.html", dir), *gone = xasprintf("%s.gone", path);
	char *etag;

	CU_ASSERT_EQUAL(p->outcome, POLLED_NOT_FOUND);
	free(write_file("post.html", "<title>T</title><p>words</p>"));
	p = poll_page("/post.html");
	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->etag);
	etag = xstrdup(p->etag);
	p = poll_as(POLL_PAGE, "good", "/post.html", etag, NULL);
	CU_ASSERT_EQUAL(p->outcome, POLLED_UNCHANGED);
	free(write_file("post.html", "<title>T</title><p>other words</p>"));
	p = poll_as(POLL_PAGE, "good", "/post.html", etag, NULL);
	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	free(write_file("post.html.gone", ""));
	CU_ASSERT_EQUAL(poll_page("/post.html")->outcome, POLLED_GONE);
	CU_ASSERT_EQUAL(poll_page("/../../etc/hostname")->outcome, POLLED_NOT_FOUND);
	unlink(gone);
	unlink(path);
	free(gone);
	free(path);
	free(etag);
}

static void
test_tenants_ranges(void)
{
	const struct msg_polled *p;

	p = poll_as(POLL_FEED, "other", "/alpha/feed.xml", NULL, NULL);
	CU_ASSERT_EQUAL(p->outcome, POLLED_REFUSED);
	CU_ASSERT_PTR_NOT_NULL(p->why);
	CU_ASSERT_EQUAL(last.fd, -1); /* nobody said anything */
}

/* What the sandbox could break: reading the certificates, and the resolver's threads
 * and files. */
static void
test_inside_the_sandbox(void)
{
	char *url = xasprintf("https://127.0.0.1:%d/alpha/feed.xml", tls.port);

	CU_ASSERT_EQUAL(poll_feed(url)->outcome, POLLED_OK);
	free(url);
	url = xasprintf("http://localhost:%d/alpha/feed.xml", web.port);
	CU_ASSERT_EQUAL(poll_feed(url)->outcome, POLLED_OK);
	free(url);
	poll_feed("http://no-such-host.invalid/");
	CU_ASSERT(last.polled.outcome == POLLED_DNS ||
		  last.polled.outcome == POLLED_OWN_FAULT); /* no network here */
}

static const struct msg_polled *
poll_list(const char *list, const char *url, const char *etag)
{
	struct msg m;

	msg_init(&m, MSG_POLL);
	m.poll.id = next_id++;
	m.poll.kind = POLL_LIST;
	m.poll.url = xstrdup(url);
	m.poll.tenant = xstrdup("");
	m.poll.list = xstrdup(list);
	m.poll.etag = xstrdup(etag);
	CU_ASSERT_EQUAL_FATAL(channel_send(engine, &m), 0);
	wait_until(&answers, answers + 1);
	CU_ASSERT_EQUAL(last.polled.id, next_id - 1);
	return &last.polled;
}

/* Lists: their bytes and no more, from where they may come. */
static void
test_lists(void)
{
	char *url = xasprintf("https://127.0.0.1:%d/alpha/feed.xml", tls.port);
	char *down = xasprintf(
	    "https://127.0.0.1:%d/_to?http://127.0.0.1:%d/ttl.xml", tls.port, web.port);
	char *aside = xasprintf("https://127.0.0.1:%d/_to?%s", tls.port, url), *etag;
	const struct msg_polled *p = poll_list("bare", url, NULL);
	struct buf b = {0};
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_EQUAL(p->nitems, 0);
	CU_ASSERT_FATAL(last.fd >= 0);
	CU_ASSERT_EQUAL_FATAL(file_read_memfd(last.fd, 1 << 20, &b, &e), 0);
	CU_ASSERT(b.len > 5 && b.data[0] == '<'); /* no head, no capture */
	CU_ASSERT_TRUE(same_check(p->body_hash, b.data, b.len));
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->etag);
	etag = xstrdup(p->etag);
	p = poll_list("bare", url, etag);
	CU_ASSERT_EQUAL(p->outcome, POLLED_UNCHANGED);
	CU_ASSERT_STRING_EQUAL(p->etag, etag);
	CU_ASSERT_EQUAL(last.fd, -1);
	CU_ASSERT_EQUAL(poll_list("bare", aside, NULL)->outcome, POLLED_OK);
	/* Plain http on the way: only for what somebody signs. */
	p = poll_list("bare", down, NULL);
	CU_ASSERT_EQUAL(p->outcome, POLLED_REFUSED);
	CU_ASSERT_EQUAL(last.fd, -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->why, "plain http"));
	CU_ASSERT_EQUAL(poll_list("sure", down, NULL)->outcome, POLLED_OK);
	/* Private addresses are each list's own. */
	CU_ASSERT_EQUAL(poll_list("far", url, NULL)->outcome, POLLED_REFUSED);
	CU_ASSERT_EQUAL(poll_list("none", url, NULL)->outcome, POLLED_OWN_FAULT);
	buf_free(&b);
	free(etag);
	free(aside);
	free(down);
	free(url);
}

/* Media of bodies are there if they are wanted; links they are always. */
static void
check_media(size_t n)
{
	for (int i = 0; i < 2; i++) {
		const struct msg_polled *p =
		    i == 0 ? poll_feed("/pic.xml") : poll_page("/pic.html");

		CU_ASSERT_EQUAL_FATAL(p->nitems, 1);
		CU_ASSERT_EQUAL_FATAL(p->items[0].nmedia, n);
		CU_ASSERT_EQUAL_FATAL(p->items[0].nlinks, 1);
		if (n == 0)
			continue;
		SAME(p->items[0].media[0].url, p->items[0].links[0]);
		CU_ASSERT_TRUE(p->items[0].media[0].in_body);
	}
}

/* Limits on what is fetched, of the configuration. */
static const char *limits = "max_body = 100000; max_items = 5;";

static void make_conf(const char *policy);

static void
new_conf(const char *policy)
{
	unsigned before = ready;

	conf_free(&conf);
	buf_reset(&sources);
	make_conf(policy);
	send_conf();
	wait_until(&ready, before + 1);
}

static void
test_reconf(void)
{
	check_media(0);
	new_conf("media = true;");
	CU_ASSERT_EQUAL(poll_feed("/alpha/feed.xml")->outcome, POLLED_OK);
	check_media(1);
}

/* So many items of a MiB of text each.  In this encoding the euro sign is one byte, and
 * three in a message. */
static void
put_items(struct buf *b, int n)
{
	char *text = xmalloc((1 << 20) / 3);

	memset(text, 0x80, (1 << 20) / 3);
	for (int i = 0; i < n; i++) {
		buf_printf(b, "<item><guid>%d</guid><description>", i);
		buf_put(b, text, (1 << 20) / 3);
		buf_puts(b, "</description></item>");
	}
	free(text);
}

static void
write_large(const char *name, struct buf *b)
{
	char *path = xasprintf("%s/%s", dir, name);
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(
	    file_write(path, b->data, b->len, 0600, FILE_NOSYNC, &e), 0);
	buf_free(b);
	free(path);
}

#define PAGE_TEXT ((size_t)23 << 20)

static void
remove_large(const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	CU_ASSERT_EQUAL(unlink(path), 0);
	free(path);
}

/* A feed with more text than a message takes: what fits is here, it is said that the
 * rest is not, and nothing vouches for the whole later. */
static void
test_too_large(void)
{
	static const char head[] = "<?xml version=\"1.0\" encoding=\"windows-1252\"?>";
	const struct msg_polled *p;
	struct buf b = {0};

	limits = "max_body = \"40M\"; max_items = 20000; max_text = \"64M\";";
	new_conf("");
	buf_printf(&b, "%s<rss><channel>", head);
	put_items(&b, 70);
	write_large("large.xml", &b);
	p = poll_feed("/large.xml");
	remove_large("large.xml");
	CU_ASSERT_EQUAL(p->outcome, POLLED_OK);
	CU_ASSERT_EQUAL(p->nitems, 62);
	CU_ASSERT_TRUE(p->cut && p->truncated);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(p->why != NULL ? p->why : "", "more text than one message takes"));
	CU_ASSERT_PTR_NULL(p->etag);
	CU_ASSERT_PTR_NULL(p->body_hash);
	/* A page cannot be had in part: it is no answer, and no removal. */
	buf_puts(&b, "<meta charset=windows-1252><title>T</title><p>");
	memset(buf_reserve(&b, PAGE_TEXT), 0x80, PAGE_TEXT);
	b.len += PAGE_TEXT;
	write_large("large.html", &b);
	p = poll_page("/large.html");
	remove_large("large.html");
	CU_ASSERT_EQUAL(p->outcome, POLLED_HTTP_ERROR);
	CU_ASSERT_EQUAL(p->status, 200);
	CU_ASSERT_EQUAL(p->nitems, 0);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(p->why != NULL ? p->why : "", "more in one answer than a message"));
	CU_ASSERT_PTR_NOT_NULL(strstr(p->url, "/large.html"));
	CU_ASSERT(last.fd < 0);
}

static void
test_engine_restart(void)
{
	unsigned before;

	ask(POLL_FEED, "good", "/slow", NULL, NULL);
	for (int i = 0; i < 20; i++) {
		loop_turn(loop);
		usleep(5000);
	}
	channel_free(&engine);
	connect_engine();
	before = answers;
	/* The old engine's poll is not answered to the new one. */
	CU_ASSERT_EQUAL(poll_feed("/alpha/feed.xml")->outcome, POLLED_OK);
	CU_ASSERT_EQUAL(answers, before + 1);
}

static void
test_stop(void)
{
	unsigned before = answers;
	int status = -1;
	struct msg m;

	for (int i = 0; i < 5; i++)
		ask(POLL_FEED, "good", "/slow", NULL, NULL);
	for (int i = 0; i < 20; i++) {
		loop_turn(loop);
		usleep(5000);
	}
	msg_init(&m, MSG_STOP);
	channel_send(control, &m);
	wait_until(&answers, before + 5);
	CU_ASSERT_EQUAL(last.polled.outcome, POLLED_OWN_FAULT);
	CU_ASSERT_PTR_NOT_NULL(last.polled.why);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	child = 0;
}

/* Name servers, and another way out, through the walls of the sandbox. */
static void
test_names_and_ways(void)
{
	char url[64];
	const struct msg_polled *p;

	snprintf(url, sizeof(url), "http://one.test:%d/ttl.xml", web.port);
	CU_ASSERT_EQUAL(poll_feed(url)->outcome, POLLED_OK);
	snprintf(url, sizeof(url), "http://large.test:%d/ttl.xml", web.port); /* TCP */
	CU_ASSERT_EQUAL(poll_feed(url)->outcome, POLLED_OK);
	snprintf(url, sizeof(url), "http://private.test:%d/ttl.xml", web.port);
	CU_ASSERT_EQUAL(poll_feed(url)->outcome, POLLED_REFUSED);
	CU_ASSERT_EQUAL(poll_feed("http://nowhere.test/")->outcome, POLLED_DNS);
	p = poll_second("/beta/feed.xml", poll_feed("/beta/feed.xml")->etag);
	CU_ASSERT_EQUAL(p->outcome, POLLED_OK); /* whatever is known already */
	CU_ASSERT_EQUAL(p->nitems, 1);
}

static const struct suite_test tests[] = {
    {"feeds of three kinds", test_feeds},
    {"a feed with a mapping", test_mapping},
    {"addresses in the head", test_links},
    {"capture", test_capture},
    {"capture of redirects", test_capture_of_redirects},
    {"unchanged by 304 and by body", test_unchanged},
    {"not a feed", test_not_feed},
    {"a feed that breaks off", test_broken_off},
    {"more items than are taken", test_too_many},
    {"hint of feed and header", test_hint},
    {"pages", test_pages},
    {"static files", test_directory},
    {"ranges of the tenant", test_tenants_ranges},
    {"TLS and names inside the sandbox", test_inside_the_sandbox},
    {"name servers and ways out", test_names_and_ways},
    {"lists", test_lists},
    {"new configuration", test_reconf},
    {"too large for a message", test_too_large},
    {"another engine", test_engine_restart},
    {"stop", test_stop},
};

/* --- frame --- */

#ifdef TOSD_SANITIZED
#define SANDBOX "off"
#else
#define SANDBOX "best-effort"
#endif

static void
make_conf(const char *policy)
{
	static const char format[] =
	    "sandbox = \"" SANDBOX "\";\n"
	    "provider = { name = \"Example\"; mailbox = \"abuse@example.net\"; };\n"
	    "fetch = { host_gap = 0; timeout = \"5s\"; connect_timeout = \"2s\";"
	    " %s max_host_connections = 8; ca_file = \"%s/cert.pem\"; "
	    "resolvers = [ \"127.0.0.1:%d\" ]; second_interface = \"127.0.0.5\"; "
	    "};\n"
	    "policy = { %s plugins = ( \"lists\" ); lists = (\n"
	    "{ name = \"bare\"; url = \"https://l.example/\"; allow = [ \"127.0.0.1\" "
	    "]; },"
	    "{ name = \"far\"; url = \"https://l.example/\"; },"
	    "{ name = \"sure\"; url = \"https://l.example/\"; allow = [ \"127.0.0.1\" "
	    "];"
	    " signers = [ \"l+01234567+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh\" "
	    "]; }"
	    " ); };\n";
	static const char tenants_format[] =
	    "tenants = (\n"
	    "{ id = \"good\"; name = \"Good\"; contact = \"a@example.net\"; manager = "
	    "\"m@example.net\"; feeds = ( \"http://good.example/f\", { url = "
	    "\"http://127.0.0.1:%d/own.json\"; mapping = { items = \"d\"; id = \"n\"; "
	    "text = \"b\"; deleted = \"x\"; next = \"more\"; }; } ); allow = "
	    "[ \"127.0.0.0/8\" ]; },\n"
	    "{ id = \"other\"; name = \"Other\"; contact = \"a@example.net\"; manager "
	    "= "
	    "\"m@example.net\"; feeds = ( \"http://other.example/f\" ); } );\n";
	char *main_text = xasprintf(format, limits, dir, dns.port, policy);
	char *tenants_text = xasprintf(tenants_format, web.port);
	struct conf_source v[] = {{(char *)"tosd.conf", main_text},
	    {(char *)"tenants.d/t.conf", tenants_text}};
	struct conf_sources s = {v, COUNT(v)};

	conf_sources_put(&sources, &s);
	if (parse(&sources, &conf) != 0)
		log_die("test", "the test's own configuration is wrong");
	free(main_text);
	free(tenants_text);
}

static void
start_role(void)
{
	struct channel_ends ends = {ROLE_SUPERVISOR, ROLE_FETCH, 0};
	struct err e = ERR_INIT;
	int fds[2];

	if (channel_pair(fds, &e) != 0)
		abort();
	child = fork();
	if (child == 0) {
		if (fds[1] != ROLE_CONTROL_FD)
			dup2(fds[1], ROLE_CONTROL_FD);
		for (int fd = ROLE_CONTROL_FD + 1; fd < 64; fd++)
			close(fd);
		exit(role_fetch_main());
	}
	close(fds[1]);
	loop = loop_new();
	control = channel_new_take(loop, fds[0], &ends, on_control, on_close, NULL);
	send_conf();
}

static void
wait_ready(void)
{
	wait_until(&ready, 1);
	connect_engine();
}

int
main(void)
{
	char *t, *s, *zone, *cert, *key;
	unsigned failed;
	CU_pSuite suite;

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return 2;
	t = write_file("timeline.json", timeline);
	s = write_file("script.json", script);
	zone = xasprintf("%s/tests/dns_zone.json",
	    getenv("srcdir") != NULL ? getenv("srcdir") : TOSD_SRCDIR);
	web = http_child_start(
	    (const char *const[]){"--timeline", t, "--script", s, "--dir", dir, NULL});
	tls = http_child_start(
	    (const char *const[]){"--timeline", t, "--tls", dir, NULL});
	dns = http_child_run(
	    "dns_server.py", (const char *const[]){"--zone", zone, NULL});
	if (web.port == 0 || tls.port == 0 || dns.port == 0) {
		fprintf(stderr, "needs python3 and openssl: skipped\n");
		return 77;
	}
	msg_init(&last, MSG_POLLED);
	make_conf("");
	start_role();
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite("fetch role", NULL, NULL);
	CU_add_test(suite, "start", wait_ready);
	for (size_t i = 0; i < COUNT(tests); i++)
		CU_add_test(suite, tests[i].name, tests[i].run);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	if (child > 0) {
		kill(child, SIGTERM);
		waitpid(child, NULL, 0);
	}
	msg_clear(&last);
	channel_free(&engine);
	channel_free(&control);
	loop_free(&loop);
	conf_free(&conf);
	buf_free(&sources);
	http_child_stop(&web);
	http_child_stop(&tls);
	http_child_stop(&dns);
	free(zone);
	cert = xasprintf("%s/cert.pem", dir);
	key = xasprintf("%s/key.pem", dir);
	unlink(cert);
	unlink(key);
	unlink(t);
	unlink(s);
	rmdir(dir);
	free(cert);
	free(key);
	free(t);
	free(s);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
