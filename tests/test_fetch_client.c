/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fetch_client: the real client against a real server on loopback that does
 * everything a wicked one would (tests/http_server.py with tests/http_script.json).
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "fetch/client.h"
#include "ipc/loop.h"
#include "fetch_ask.h"
#include "http_child.h"
#include "suite.h"

#define HANG 4 /* seconds */

static struct http_child tls;
static char tls_dir[] = "/tmp/tosd-test-XXXXXX";
static char ca_file[64];
static struct conf_fetch conf;

static void
fresh_client(void)
{
	fetch_client_free(&client);
	client = fetch_client_new(loop, &conf);
}

static void
defaults(void)
{
	conf = (struct conf_fetch){.user_agent = "tosd-test/1 (+https://example.net/)",
	    .ca_file = ca_file,
	    .connect_timeout = 1000,
	    .timeout = 1300,
	    .max_body = 4000000,
	    .max_header = 16384,
	    .max_redirects = 5,
	    .max_connections = 8,
	    .max_host_connections = 8};
	fresh_client();
}

/* --- answers --- */

static void
test_plain(void)
{
	const struct fetch_result *r = expect("/plain", POLLED_OK);
	char peer[64];

	snprintf(peer, sizeof(peer), "127.0.0.1:%d", web.port);
	CU_ASSERT_EQUAL(r->status, 200);
	CU_ASSERT_STRING_EQUAL(r->body.data, "<rss>hello</rss>");
	CU_ASSERT_STRING_EQUAL(r->etag, "\"v1\"");
	CU_ASSERT_STRING_EQUAL(r->last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
	CU_ASSERT_STRING_EQUAL(r->content_type, "text/xml");
	CU_ASSERT_STRING_EQUAL(r->peer, peer);
	CU_ASSERT_PTR_NULL(r->moved);
	CU_ASSERT_PTR_NULL(r->why);
	CU_ASSERT_FALSE(r->truncated);
	CU_ASSERT_EQUAL(r->hint, 540 * CLOCK_SEC);
	CU_ASSERT_EQUAL(r->nhops, 1);
	CU_ASSERT_TRUE(holds(&r->request, "GET /plain HTTP/1.1\r\n"));
	CU_ASSERT_TRUE(holds(&r->request, "User-Agent: tosd-test/1 (+https://"));
	CU_ASSERT_TRUE(holds(&r->request, "Accept: application/atom+xml"));
	CU_ASSERT_TRUE(holds(&r->request, "\r\n\r\n"));
	CU_ASSERT_FALSE(holds(&r->request, "If-"));
	CU_ASSERT_EQUAL(memcmp(r->head.data, "HTTP/1.1 200 Reason\r\n", 21), 0);
	CU_ASSERT_EQUAL(memcmp(r->head.data + r->head.len - 4, "\r\n\r\n", 4), 0);
	CU_ASSERT_EQUAL(get("/expires")->hint, CLOCK_HOUR);
}

static void
test_conditional_etag(void)
{
	/* White space, quotes, a comma and a byte beyond ASCII inside. */
	static const char etag[] = "W/\"  a,b\\ %22 \xc3\xa9\"";
	struct fetch_request req = {.url = url_of("/etag"),
	    .allow = &local,
	    .nallow = 1,
	    .etag = etag,
	    .last_modified = "whenever it was"};
	char line[128];
	const struct fetch_result *r = expect("/etag", POLLED_OK);

	CU_ASSERT_STRING_EQUAL(r->etag, etag);
	req.url = url_of("/etag");
	r = get_with(&req);
	CU_ASSERT_EQUAL(r->outcome, POLLED_UNCHANGED);
	CU_ASSERT_EQUAL(r->status, 304);
	CU_ASSERT_EQUAL(r->body.len, 0);
	CU_ASSERT_STRING_EQUAL(r->etag, etag); /* refreshed by the 304 */
	snprintf(line, sizeof(line), "\r\nIf-None-Match: %s\r\n", etag);
	CU_ASSERT_TRUE(holds(&r->request, line));
	CU_ASSERT_TRUE(
	    holds(&r->request, "\r\nIf-Modified-Since: whenever it was\r\n"));
	req.etag = "\"other\"";
	CU_ASSERT_EQUAL(get_with(&req)->outcome, POLLED_OK);
}

static void
test_conditional_date(void)
{
	static const char date[] = "Monday, 7-November-94 08:49:37 Martian time";
	struct fetch_request req = {.url = url_of("/modified"),
	    .allow = &local,
	    .nallow = 1,
	    .last_modified = date};
	const struct fetch_result *r = get_with(&req);

	CU_ASSERT_EQUAL(r->outcome, POLLED_UNCHANGED);
	CU_ASSERT_FALSE(holds(&r->request, "If-None-Match"));
	CU_ASSERT_STRING_EQUAL(r->last_modified, date);
	CU_ASSERT_PTR_NULL(r->etag);
	req.last_modified =
	    "Mon, 07 Nov 1994 08:49:37 GMT"; /* "the same" is not the same */
	CU_ASSERT_EQUAL(get_with(&req)->outcome, POLLED_OK);
}

static void
test_conditional_hostile(void)
{
	struct fetch_request req = {.url = url_of("/plain"),
	    .allow = &local,
	    .nallow = 1,
	    .etag = "\"a\"\r\nX-Smuggled: 1",
	    .last_modified = ""};
	const struct fetch_result *r = get_with(&req);

	CU_ASSERT_EQUAL(r->outcome, POLLED_OK);
	CU_ASSERT_FALSE(holds(&r->request, "Smuggled"));
	CU_ASSERT_FALSE(holds(&r->request, "If-"));
	expect("/unasked", POLLED_HTTP_ERROR);
}

static void
test_interim(void)
{
	const struct fetch_result *r = expect("/interim", POLLED_OK);

	CU_ASSERT_STRING_EQUAL(r->etag, "\"late\"");
	CU_ASSERT_EQUAL(memcmp(r->head.data, "HTTP/1.1 200 OK\r\n", 17), 0);
	CU_ASSERT_STRING_EQUAL(r->body.data, "body");
}

/* Answers that never come to be one, and one that wants to be taken for two. */
static void
test_no_answer(void)
{
	const struct fetch_result *r = expect("/s101", POLLED_HTTP_ERROR);

	CU_ASSERT_STRING_EQUAL(r->why, "an interim answer, and no other behind it");
	expect("/s150", POLLED_CONNECT);
	r = expect("/twice", POLLED_OK);
	CU_ASSERT_EQUAL(r->status, 200);
	CU_ASSERT(holds(&r->head, "HTTP/1.1 200 OK\r\nHTTP/1.1 404 x: y\r\n"));
	CU_ASSERT_STRING_EQUAL(r->body.data, "body");
}

static void
test_statuses(void)
{
	static const struct {
		const char *path;
		enum poll_outcome outcome;
	} rows[] = {
	    {"/s204", POLLED_HTTP_ERROR},
	    {"/s401", POLLED_FORBIDDEN},
	    {"/s403", POLLED_FORBIDDEN},
	    {"/s404", POLLED_NOT_FOUND},
	    {"/s410", POLLED_GONE},
	    {"/s418", POLLED_HTTP_ERROR},
	    {"/s451", POLLED_LEGAL},
	    {"/s500", POLLED_HTTP_ERROR},
	    {"/no such thing", POLLED_REFUSED},
	    {"/missing", POLLED_NOT_FOUND},
	    {"/nowhere", POLLED_HTTP_ERROR},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		expect(rows[i].path, rows[i].outcome);
	CU_ASSERT_EQUAL(expect("/s404cut", POLLED_NOT_FOUND)->status, 404);
}

static void
test_retry_after(void)
{
	CU_ASSERT_EQUAL(
	    expect("/s429", POLLED_RATE_LIMIT)->retry_after, 120 * CLOCK_SEC);
	CU_ASSERT_EQUAL(
	    expect("/s503", POLLED_RATE_LIMIT)->retry_after, 600 * CLOCK_SEC);
	CU_ASSERT(
	    expect("/s503year", POLLED_RATE_LIMIT)->retry_after > 366 * CLOCK_DAY);
	CU_ASSERT_EQUAL(expect("/s503junk", POLLED_RATE_LIMIT)->retry_after, 0);
}

/* --- redirects --- */

static void
test_redirect_permanent(void)
{
	const struct fetch_result *r = expect("/p1", POLLED_OK);

	CU_ASSERT_EQUAL(r->nhops, 3);
	CU_ASSERT_EQUAL(r->hops[0].status, 301);
	CU_ASSERT_EQUAL(r->hops[1].status, 308);
	CU_ASSERT_EQUAL(r->hops[2].status, 200);
	CU_ASSERT_PTR_NOT_NULL(strstr(r->hops[1].url, "/p2"));
	CU_ASSERT_PTR_NOT_NULL(r->hops[0].peer);
	CU_ASSERT_PTR_NOT_NULL(r->moved);
	CU_ASSERT_STRING_EQUAL(r->moved, r->url);
	CU_ASSERT_TRUE(holds(&r->request, "GET /plain HTTP/1.1\r\n"));
	CU_ASSERT_STRING_EQUAL(r->body.data, "<rss>hello</rss>");
}

static void
test_redirect_mixed(void)
{
	const struct fetch_result *r = expect("/pt", POLLED_OK);

	/* 301, 302, 308, 200: only the first is for good. */
	CU_ASSERT_EQUAL(r->nhops, 4);
	CU_ASSERT_PTR_NOT_NULL(r->moved);
	CU_ASSERT_PTR_NOT_NULL(strstr(r->moved, "/t1"));
	CU_ASSERT_PTR_NULL(expect("/t1", POLLED_OK)->moved);
	CU_ASSERT_PTR_NULL(expect("/p404", POLLED_NOT_FOUND)->moved);
}

static void
test_redirect_limits(void)
{
	const struct fetch_result *r = expect("/loop1", POLLED_REFUSED);

	CU_ASSERT_TRUE(says(r, "circle"));
	CU_ASSERT_EQUAL(r->nhops, 2);
	r = expect("/h1", POLLED_REFUSED);
	CU_ASSERT_TRUE(says(r, "too many"));
	CU_ASSERT_EQUAL(r->nhops, 6);
	CU_ASSERT_EQUAL(expect("/h2", POLLED_OK)->nhops, 6); /* five are allowed */
	expect("/slow1", POLLED_TIMEOUT); /* the hops share one time limit */
}

static void
test_redirect_guarded(void)
{
	CU_ASSERT_TRUE(says(expect("/metadata", POLLED_REFUSED), "link-local"));
	CU_ASSERT_TRUE(says(expect("/mapped", POLLED_REFUSED), "link-local"));
	CU_ASSERT_TRUE(says(expect("/decimal", POLLED_REFUSED), "link-local"));
	CU_ASSERT_TRUE(says(expect("/six", POLLED_REFUSED), "loopback"));
	CU_ASSERT_TRUE(says(expect("/file", POLLED_REFUSED), "scheme"));
	CU_ASSERT_TRUE(says(expect("/mail", POLLED_REFUSED), "port"));
	CU_ASSERT_TRUE(says(expect("/user", POLLED_REFUSED), "user name"));
}

/* --- the guard on first hops --- */

static void
test_guard_at_connect(void)
{
	struct fetch_request req = {.url = url_of("/plain")};
	const struct fetch_result *r = get_with(&req);

	CU_ASSERT_EQUAL(r->outcome, POLLED_REFUSED);
	CU_ASSERT_TRUE(says(r, "loopback"));
	CU_ASSERT_EQUAL(r->request.len, 0);
	CU_ASSERT_PTR_NULL(r->peer);
	conf.allow = &local; /* allowed to all tenants */
	conf.nallow = 1;
	fetch_client_reconf(client, &conf);
	req.url = url_of("/plain");
	CU_ASSERT_EQUAL(get_with(&req)->outcome, POLLED_OK);
}

static void
test_guard_on_kept_connection(void)
{
	struct fetch_request req = {.url = url_of("/plain")};
	const struct fetch_result *r;

	/* One tenant may; his connection is kept; another may not. */
	expect("/plain", POLLED_OK);
	req.url = url_of("/plain");
	r = get_with(&req);
	CU_ASSERT_EQUAL(r->outcome, POLLED_REFUSED);
	CU_ASSERT_EQUAL(r->request.len, 0);
	CU_ASSERT_TRUE(says(r, "loopback"));
}

static void
test_guard_names(void)
{
	char url[64];

	/* Through the resolver: what counts is where the name leads. */
	snprintf(url, sizeof(url), "http://localhost:%d/plain", web.port);
	expect(url, POLLED_OK);
	struct fetch_request req = {.url = url};
	CU_ASSERT_EQUAL(get_with(&req)->outcome, POLLED_REFUSED);
	expect("ftp://127.0.0.1/", POLLED_REFUSED);
	expect("nonsense://", POLLED_REFUSED);
}

static void
test_no_proxy(void)
{
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	fresh_client();
	expect("/plain", POLLED_OK);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

/* --- limits --- */

static void
test_compression(void)
{
	const struct fetch_result *r = expect("/gzip", POLLED_OK);

	CU_ASSERT_EQUAL(r->body.len, 11000);
	CU_ASSERT_FALSE(r->truncated);
	CU_ASSERT_TRUE(holds(&r->request, "Accept-Encoding: deflate, gzip"));
	CU_ASSERT_TRUE(holds(&r->head, "Content-Encoding: gzip\r\n")); /* as received */
	CU_ASSERT_EQUAL(expect("/gzipchunked", POLLED_OK)->body.len, 11000);
	/* More than 100:1, but not much of it. */
	CU_ASSERT_EQUAL(expect("/dense", POLLED_OK)->body.len, 148000);
	expect("/badgzip", POLLED_HTTP_ERROR);
	expect("/oddcoding", POLLED_HTTP_ERROR);
}

static void
test_bomb(void)
{
	static const char *const paths[] = {"/bomb", "/bombchunked"};

	conf.max_body = 40000000;
	fetch_client_reconf(client, &conf);
	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct fetch_result *r = expect(paths[i], POLLED_OK);

		CU_ASSERT_TRUE(r->truncated);
		CU_ASSERT_TRUE(says(r, "hundred"));
		CU_ASSERT(r->body.len >= 1000000 && r->body.len < 8000000);
	}
}

static void
test_body_limit(void)
{
	const struct fetch_result *r = expect("/exact", POLLED_OK);

	CU_ASSERT_EQUAL(r->body.len, conf.max_body);
	CU_ASSERT_FALSE(r->truncated);
	r = expect("/big", POLLED_OK);
	CU_ASSERT_EQUAL(r->body.len, conf.max_body);
	CU_ASSERT_TRUE(r->truncated);
	CU_ASSERT_PTR_NULL(r->etag); /* a 304 must not vouch for what we lack */
	r = expect("/endless", POLLED_OK);
	CU_ASSERT_EQUAL(r->body.len, conf.max_body);
	CU_ASSERT_TRUE(r->truncated);
}

static void
test_time_limits(void)
{
	int64_t t0 = clock_steady();
	const struct fetch_result *r = expect("/drip", POLLED_TIMEOUT);

	CU_ASSERT(clock_steady() - t0 < 2 * conf.timeout);
	CU_ASSERT_EQUAL(r->status, 200);
	CU_ASSERT_TRUE(r->truncated);
	CU_ASSERT(r->body.len > 0 && r->body.len < 1000); /* what came is kept */
	r = expect("/delay", POLLED_TIMEOUT);
	CU_ASSERT_EQUAL(r->status, 0);
	CU_ASSERT_TRUE(r->request.len > 0);
}

static void
test_header_limits(void)
{
	CU_ASSERT_TRUE(says(expect("/flood", POLLED_HTTP_ERROR), "header"));
	CU_ASSERT_TRUE(says(expect("/endlessheader", POLLED_HTTP_ERROR), "header"));
	CU_ASSERT_TRUE(says(expect("/trailers", POLLED_HTTP_ERROR), "header"));
}

static void
test_broken_transfers(void)
{
	const struct fetch_result *r = expect("/badchunk", POLLED_CONNECT);

	CU_ASSERT_EQUAL(r->status, 200);
	CU_ASSERT_TRUE(r->truncated);
	CU_ASSERT_STRING_EQUAL(r->body.data, "<rss>part</rss>");
	r = expect("/cut", POLLED_CONNECT);
	CU_ASSERT_EQUAL(r->body.len, 9);
	CU_ASSERT_TRUE(r->truncated);
	for (int i = 0; i < 5; i++) {
		/* What it sent beyond its length is no answer to the next request. */
		CU_ASSERT_EQUAL(expect("/liar", POLLED_OK)->body.len, 5);
		CU_ASSERT_STRING_EQUAL(expect("/plain", POLLED_OK)->etag, "\"v1\"");
	}
	expect("/close", POLLED_CONNECT);
	CU_ASSERT_EQUAL(expect("/garbage", POLLED_HTTP_ERROR)->status, 0);
	CU_ASSERT_EQUAL(get("/badstatus")->status, 0);
	CU_ASSERT_EQUAL(get("/halfhead")->status, 0);
	CU_ASSERT_PTR_NULL(get("/halfhead")->etag);
}

static void
test_unreachable(void)
{
	const struct fetch_result *r = expect("http://127.0.0.1:2/", POLLED_CONNECT);

	CU_ASSERT_EQUAL(r->status, 0);
	CU_ASSERT_PTR_NULL(r->peer);
	r = get("http://no-such-host.invalid/");
	/* Without any route it is our own fault. */
	CU_ASSERT(r->outcome == POLLED_DNS || r->outcome == POLLED_OWN_FAULT);
	CU_ASSERT_PTR_NOT_NULL(r->why);
}

static void
test_names_that_hang(void)
{
	struct answer v[3] = {0};
	int64_t t0 = clock_steady();
	unsigned served = 0;

	for (size_t i = 0; i < COUNT(v); i++) {
		char url[64];

		snprintf(url, sizeof(url), "http://hang.%zu.invalid/", i);
		ask(&v[i], url);
	}
	while (clock_steady() - t0 < 2 * conf.connect_timeout) {
		expect("/plain", POLLED_OK); /* the others go on meanwhile */
		served++;
		usleep(10000);
	}
	wait_for(v, COUNT(v));
	CU_ASSERT(served > 20);
	CU_ASSERT(clock_steady() - t0 < (HANG - 1) * CLOCK_SEC);
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT(v[i].r.outcome == POLLED_DNS ||
			  v[i].r.outcome == POLLED_OWN_FAULT); /* no network here */
		CU_ASSERT_PTR_NOT_NULL(v[i].r.why);
		answer_clear(&v[i]);
	}
}

/* --- TLS --- */

static const char *
tls_url(const char *host)
{
	static char url[64];

	snprintf(url, sizeof(url), "https://%s:%d/secure", host, tls.port);
	return url;
}

static void
test_tls(void)
{
	const struct fetch_result *r = expect(tls_url("127.0.0.1"), POLLED_OK);

	CU_ASSERT_STRING_EQUAL(r->body.data, "sealed");
	/* The certificate does not name this address. */
	expect(tls_url("127.0.0.2"), POLLED_TLS);
	conf.ca_file = "/etc/ssl/certs/ca-certificates.crt";
	if (access(conf.ca_file, R_OK) == 0) {
		fresh_client();
		expect(tls_url("127.0.0.1"), POLLED_TLS);
	}
	conf.ca_file = "/nonexistent/ca.pem";
	fresh_client();
	expect(tls_url("127.0.0.1"), POLLED_OWN_FAULT);
}

static void
test_tls_downgrade(void)
{
	char url[64];
	const struct fetch_result *r;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/down", tls.port);
	r = expect(url, POLLED_OK);
	CU_ASSERT_EQUAL(r->nhops, 2);
	CU_ASSERT_EQUAL(r->hops[0].status, 301);
	CU_ASSERT_PTR_NULL(r->moved);
}

/* How often a file was opened since the watch began. */
static unsigned
opens(int watch)
{
	char events[16384] __attribute__((aligned(8)));
	struct inotify_event *e;
	unsigned n = 0;
	ssize_t len;

	while ((len = read(watch, events, sizeof(events))) > 0)
		for (ssize_t i = 0; i < len; i += (ssize_t)sizeof(*e) + e->len) {
			e = (struct inotify_event *)(void *)(events + i);
			n += (e->mask & IN_OPEN) != 0;
		}
	return n;
}

static void
test_tls_store_is_read_once(void)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct answer v[12] = {0};
	struct fetch_stats s;

	CU_ASSERT(inotify_add_watch(watch, ca_file, IN_OPEN) >= 0);
	conf.max_connections = 12;
	conf.max_host_connections = 12;
	fresh_client();
	expect(tls_url("127.0.0.1"), POLLED_OK);
	CU_ASSERT_EQUAL(opens(watch), 1);
	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], tls_url("127.0.0.1"));
	wait_for(v, COUNT(v));
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT_EQUAL(v[i].r.outcome, POLLED_OK);
		answer_clear(&v[i]);
	}
	fetch_client_stats(client, &s);
	CU_ASSERT(s.connections >= 6); /* or this would prove nothing */
	CU_ASSERT_EQUAL(opens(watch), 0);
	close(watch);
}

/* --- politeness --- */

static int
by_time(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void
test_host_gap(void)
{
	struct answer v[5] = {0};
	char other[64];
	int64_t t0;

	conf.host_gap = 150;
	fresh_client();
	snprintf(other, sizeof(other), "http://127.0.0.2:%d/plain", web.port);
	t0 = clock_steady();
	for (size_t i = 0; i < 4; i++)
		ask(&v[i], "/plain");
	ask(&v[4], other);
	wait_for(v, 5);
	CU_ASSERT(v[4].at - t0 < 140); /* another host does not wait in that line */
	qsort(v, 4, sizeof(v[0]), by_time);
	CU_ASSERT(v[3].at - t0 >= 3 * conf.host_gap);
	CU_ASSERT(v[3].at - t0 < 3 * conf.host_gap + 1000);
	for (size_t i = 0; i < COUNT(v); i++)
		answer_clear(&v[i]);
	t0 = clock_steady(); /* hops are requests as well */
	expect("/p1", POLLED_OK);
	CU_ASSERT(clock_steady() - t0 >= 2 * conf.host_gap);
}

static void
test_connection_limits(void)
{
	struct answer v[6] = {0};
	struct fetch_stats s;
	int64_t t0 = clock_steady();

	conf.max_host_connections = 2;
	fresh_client();
	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], "/nap");
	wait_for(v, COUNT(v)); /* 6 naps of 0.3 s, two at a time */
	CU_ASSERT(clock_steady() - t0 >= 880);
	fetch_client_stats(client, &s);
	CU_ASSERT_EQUAL(s.connections, 2);
	CU_ASSERT_EQUAL(s.outcomes[POLLED_OK], 6);
	CU_ASSERT_EQUAL(s.active + s.waiting, 0);
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT(v[i].r.took < 900); /* waiting is not counted */
		answer_clear(&v[i]);
	}
	conf.max_connections = 1;
	fresh_client();
	t0 = clock_steady();
	for (size_t i = 0; i < 3; i++)
		ask(&v[i], "/nap");
	wait_for(v, 3);
	CU_ASSERT(clock_steady() - t0 >= 880);
	for (size_t i = 0; i < 3; i++)
		answer_clear(&v[i]);
}

static void
test_keep_alive(void)
{
	struct fetch_stats s;

	for (int i = 0; i < 20; i++)
		expect("/plain", POLLED_OK);
	fetch_client_stats(client, &s);
	CU_ASSERT_EQUAL(s.connections, 1);
	CU_ASSERT_EQUAL(s.requests, 20);
	CU_ASSERT_EQUAL(s.hops, 20);
	CU_ASSERT(s.hosts <= 1);
}

/* --- life --- */

static void
test_abort(void)
{
	struct answer v[6] = {0};

	conf.max_host_connections = 2;
	fresh_client();
	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], i == 5 ? "ftp://x/" : "/delay");
	for (int i = 0; i < 20; i++) {
		loop_turn(loop);
		usleep(5000);
	}
	fetch_client_abort(client, "stopped");
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT_TRUE(v[i].done);
		CU_ASSERT_EQUAL(
		    v[i].r.outcome, i == 5 ? POLLED_REFUSED : POLLED_OWN_FAULT);
		if (i < 5)
			CU_ASSERT_STRING_EQUAL(v[i].r.why, "stopped");
		answer_clear(&v[i]);
	}
	expect("/plain", POLLED_OK); /* and it goes on */
}

static void
test_free_while_running(void)
{
	struct answer v[4] = {0};

	conf.max_host_connections = 2;
	fresh_client();
	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], "/delay");
	for (int i = 0; i < 10; i++) {
		loop_turn(loop);
		usleep(5000);
	}
	fetch_client_free(&client);
	for (size_t i = 0; i < COUNT(v); i++)
		CU_ASSERT_FALSE(v[i].done);
	client = fetch_client_new(loop, &conf);
}

static void
test_reconf(void)
{
	const struct fetch_result *r;
	struct answer running;

	expect("/plain", POLLED_OK); /* a handle is in the pool */
	ask(&running, "/nap");
	for (int i = 0; i < 10; i++) {
		loop_turn(loop);
		usleep(5000);
	}
	conf.user_agent = "changed/2";
	conf.max_body = 5;
	fetch_client_reconf(client, &conf);
	wait_for(&running, 1);
	CU_ASSERT_EQUAL(running.r.outcome, POLLED_OK);
	answer_clear(&running);
	for (int i = 0; i < 2; i++) {
		r = expect("/plain", POLLED_OK);
		CU_ASSERT_TRUE(holds(&r->request, "\r\nUser-Agent: changed/2\r\n"));
		CU_ASSERT_EQUAL(r->body.len, 5);
		CU_ASSERT_TRUE(r->truncated);
	}
}

/* --- frame --- */

static const struct suite_test cases[] = {
    {"plain 200, bytes kept", test_plain},
    {"ETag byte for byte", test_conditional_etag},
    {"Last-Modified byte for byte", test_conditional_date},
    {"hostile validators, 304 unasked", test_conditional_hostile},
    {"interim answers", test_interim},
    {"no answer", test_no_answer},
    {"status codes", test_statuses},
    {"Retry-After", test_retry_after},
    {"permanent redirects", test_redirect_permanent},
    {"mixed redirects", test_redirect_mixed},
    {"circles, too many, too slow", test_redirect_limits},
    {"redirects to where we may not go", test_redirect_guarded},
    {"guard at connect", test_guard_at_connect},
    {"guard on a kept connection", test_guard_on_kept_connection},
    {"guard behind names", test_guard_names},
    {"no proxy from the environment", test_no_proxy},
    {"compression", test_compression},
    {"compression bombs", test_bomb},
    {"body limit", test_body_limit},
    {"time limits", test_time_limits},
    {"header limits", test_header_limits},
    {"broken transfers", test_broken_transfers},
    {"unreachable", test_unreachable},
    {"names that hang", test_names_that_hang},
    {"TLS, good and bad", test_tls},
    {"TLS downgrade is not for good", test_tls_downgrade},
    {"certificate store is read once", test_tls_store_is_read_once},
    {"gap between requests to a host", test_host_gap},
    {"connection limits", test_connection_limits},
    {"connections are kept", test_keep_alive},
    {"abort", test_abort},
    {"free while running", test_free_while_running},
    {"new configuration", test_reconf},
};

static void
set_up(void)
{
	const char *src = getenv("srcdir");
	char script[4096];

	snprintf(script, sizeof(script), "%s/tests/http_script.json",
	    src != NULL ? src : TOSD_SRCDIR);
	const char *plain[] = {
	    "--script", script, "--bind", "127.0.0.1,127.0.0.2", NULL};
	char other[16];
	const char *secure[] = {"--script", script, "--bind", "127.0.0.1,127.0.0.2",
	    "--tls", tls_dir, "--other", other, NULL};

	if (mkdtemp(tls_dir) == NULL)
		return;
	snprintf(ca_file, sizeof(ca_file), "%s/cert.pem", tls_dir);
	web = http_child_start(plain);
	snprintf(other, sizeof(other), "%d", web.port);
	tls = http_child_start(secure);
	local.bits = 96 + 8;
	local.addr[10] = local.addr[11] = 0xff;
	local.addr[12] = 127;
	loop = loop_new();
}

static void
tear_down(void)
{
	char path[128];

	answer_clear(&last);
	fetch_client_free(&client);
	loop_free(&loop);
	http_child_stop(&web);
	http_child_stop(&tls);
	unlink(ca_file);
	snprintf(path, sizeof(path), "%s/key.pem", tls_dir);
	unlink(path);
	rmdir(tls_dir);
}

int
main(void)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	set_up();
	if (web.port == 0 || tls.port == 0) {
		fprintf(stderr, "needs python3 and openssl: skipped\n");
		return 77;
	}
	rc = suite_main_with("fetch client", cases, COUNT(cases), defaults);
	tear_down();
	return rc;
}
