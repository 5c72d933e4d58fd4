/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fetch_wire: what goes over the wire and how: hops, codings, HTTP/2, sessions,
 * slow and endless heads, pauses that hosts ask for, and asking as somebody else.
 */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch_ask.h"

static struct http_child tls, nginx;
static char dir[] = "/tmp/tosd-test-XXXXXX";
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
	conf = (struct conf_fetch){.user_agent = "tosd-test/1",
	    .second_user_agent = "somebody else",
	    .ca_file = ca_file,
	    .connect_timeout = 1000,
	    .timeout = 1300,
	    .interval_max = CLOCK_HOUR,
	    .max_body = 4000000,
	    .max_header = 16384,
	    .max_redirects = 5,
	    .max_connections = 8,
	    .max_host_connections = 8,
	    .http2 = true};
	fresh_client();
	get("/_clear");
	fresh_client();
}

/* How often the server's log of requests says this. */
static unsigned
logged(const char *text)
{
	const struct fetch_result *r = get("/_log");
	unsigned n = 0;

	for (const char *p = r->body.data; p != NULL && (p = strstr(p, text)); p++)
		n++;
	return n;
}

/* --- hops and codings --- */

static void
test_hops(void)
{
	const struct fetch_result *r = expect("/p1", POLLED_OK);

	CU_ASSERT_EQUAL_FATAL(r->nhops, 3);
	CU_ASSERT_TRUE(holds(&r->hops[0].request, "GET /p1 HTTP/1.1\r\n"));
	CU_ASSERT_TRUE(holds(&r->hops[0].head, "HTTP/1.1 301 "));
	CU_ASSERT_TRUE(holds(&r->hops[0].head, "Location: /p2\r\n"));
	CU_ASSERT_TRUE(holds(&r->hops[1].request, "GET /p2 HTTP/1.1\r\n"));
	CU_ASSERT_TRUE(holds(&r->hops[1].head, "HTTP/1.1 308 "));
	CU_ASSERT_EQUAL(r->hops[2].request.len + r->hops[2].head.len, 0);
	CU_ASSERT_TRUE(holds(&r->request, "GET /plain HTTP/1.1\r\n"));
	CU_ASSERT_TRUE(holds(&r->head, "HTTP/1.1 200 "));
	CU_ASSERT_FALSE(holds(&r->request, "/p2"));
}

/* A Location of bytes that are no text. */
static void
test_raw_location(void)
{
	char *from = xasprintf("http://127.0.0.1:%d/_to?http://127.0.0.1:%d/"
			       "plain%%ff?a=%%c3%%a4",
		 web.port, web.port),
	     *want = xasprintf("http://127.0.0.1:%d/plain%%FF?a=%%C3%%A4", web.port);
	const struct fetch_result *r = expect(from, POLLED_NOT_FOUND);

	CU_ASSERT_STRING_EQUAL(r->url, want);
	CU_ASSERT_TRUE(holds(&r->request, "GET /plain%FF?a=%C3%A4 HTTP/1.1\r\n"));
	free(from);
	free(want);
}

static void
test_codings(void)
{
	static const char *const paths[] = {"/deflate", "/brotli", "/zstd"};
	const struct fetch_result *r;

	for (size_t i = 0; i < COUNT(paths); i++) {
		r = expect(paths[i], POLLED_OK);
		if (i == 2 && !holds(&r->request, "zstd"))
			continue; /* this libcurl does not have it, and does not ask */
		CU_ASSERT_STRING_EQUAL(r->body.data, "squeezed squeezed squeezed\n");
	}
}

/* --- heads --- */

static void
test_heads(void)
{
	int64_t t0;

	CU_ASSERT_STRING_EQUAL(expect("/continues", POLLED_OK)->body.data, "after");
	CU_ASSERT_TRUE(says(expect("/continueflood", POLLED_HTTP_ERROR), "header"));
	t0 = clock_steady();
	CU_ASSERT_EQUAL(expect("/headdrip", POLLED_TIMEOUT)->status, 0);
	CU_ASSERT(clock_steady() - t0 < 2 * conf.timeout);
	CU_ASSERT_TRUE(expect("/silentbody", POLLED_TIMEOUT)->truncated);
	CU_ASSERT_STRING_EQUAL(last.r.body.data, "<rss>part</rss>");
}

/* --- pauses --- */

static char *
other_host(const char *path)
{
	static char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.2:%d%s", web.port, path);
	return url;
}

static void
test_pause(void)
{
	const struct fetch_result *r = expect("/s429", POLLED_RATE_LIMIT);
	struct fetch_stats s;

	CU_ASSERT_EQUAL(r->retry_after, 120 * CLOCK_SEC);
	r = expect("/plain", POLLED_RATE_LIMIT); /* another feed of that host */
	CU_ASSERT_EQUAL(r->status, 0);
	CU_ASSERT_EQUAL(r->nhops, 0);
	CU_ASSERT(r->retry_after > 110 * CLOCK_SEC);
	CU_ASSERT(r->retry_after <= 120 * CLOCK_SEC);
	CU_ASSERT_TRUE(says(r, "pause"));
	expect(other_host("/plain"), POLLED_OK);
	expect(other_host("/_to?/s404"), POLLED_NOT_FOUND);
	fetch_client_stats(client, &s);
	CU_ASSERT_EQUAL(s.hops, 4);
}

static void
test_pause_of_those_who_wait(void)
{
	struct answer v[5] = {0};

	conf.max_host_connections = 1;
	fresh_client();
	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], i == 0 ? "/s503year" : "/plain");
	wait_for(v, COUNT(v));
	CU_ASSERT_EQUAL(v[0].r.status, 503);
	CU_ASSERT(v[0].r.retry_after > 366 * CLOCK_DAY); /* as it was said */
	for (size_t i = 1; i < COUNT(v); i++) {
		CU_ASSERT_EQUAL(v[i].r.outcome, POLLED_RATE_LIMIT);
		CU_ASSERT_EQUAL(v[i].r.status, 0);
		CU_ASSERT(v[i].r.retry_after <= conf.interval_max); /* the cap */
	}
	for (size_t i = 0; i < COUNT(v); i++)
		answer_clear(&v[i]);
}

static void
test_short_pause(void)
{
	int64_t t0 = clock_steady();

	expect("/s429short", POLLED_RATE_LIMIT);
	expect("/plain", POLLED_OK); /* worth waiting for */
	CU_ASSERT(clock_steady() - t0 >= CLOCK_SEC);
}

static void
test_pause_of_redirects(void)
{
	const struct fetch_result *r = expect("/later", POLLED_OK);

	CU_ASSERT_EQUAL(r->nhops, 2); /* followed at once */
	CU_ASSERT_EQUAL(r->retry_after, 90 * CLOCK_SEC);
	CU_ASSERT(expect("/plain", POLLED_RATE_LIMIT)->retry_after > 80 * CLOCK_SEC);
	/* Of other answers it is only told. */
	CU_ASSERT_EQUAL(
	    expect(other_host("/s500later"), POLLED_HTTP_ERROR)->retry_after,
	    90 * CLOCK_SEC);
	expect(other_host("/plain"), POLLED_OK);
}

/* --- somebody else --- */

static const struct fetch_result *
get_second(const char *path)
{
	struct fetch_request req = {
	    .url = url_of(path), .allow = &local, .nallow = 1, .second = true};

	return get_with(&req);
}

static void
test_second(void)
{
	const struct fetch_result *r;
	struct fetch_stats s;

	for (int i = 0; i < 3; i++) {
		expect("/plain", POLLED_OK);
		r = get_second("/plain");
		CU_ASSERT_EQUAL(r->outcome, POLLED_OK);
		CU_ASSERT_TRUE(holds(&r->request, "User-Agent: somebody else\r\n"));
		CU_ASSERT_FALSE(holds(&r->request, "tosd"));
	}
	fetch_client_stats(client, &s);
	CU_ASSERT_EQUAL(s.connections, 2); /* one each, never shared */
	CU_ASSERT_EQUAL(logged("\"connection\""), 6);
}

static void
test_second_way(void)
{
	static const char *const ways[] = {"127.0.0.5", "lo"};

	for (size_t i = 0; i < COUNT(ways); i++) {
		conf.second_interface = ways[i];
		fetch_client_reconf(client, &conf);
		expect("/plain", POLLED_OK);
		CU_ASSERT_EQUAL(get_second("/plain")->outcome, POLLED_OK);
		CU_ASSERT_EQUAL(logged("\"client\": \"127.0.0.5\""), 1);
	}
	conf.second_interface = "no-such-if0";
	fetch_client_reconf(client, &conf);
	CU_ASSERT_EQUAL(get_second("/plain")->outcome, POLLED_OWN_FAULT);
	expect("/plain", POLLED_OK);
}

/* --- TLS and HTTP/2 --- */

static char *
secure(int port, const char *path)
{
	static char url[2][128];
	static unsigned turn;
	char *out = url[turn++ % 2];

	snprintf(out, sizeof(url[0]), "https://127.0.0.1:%d%s", port, path);
	return out;
}

static void
test_sessions(void)
{
	struct fetch_stats s;

	conf.http2 = false;
	conf.max_connections = conf.max_host_connections = 1;
	fresh_client();
	for (int i = 0; i < 4; i++) {
		expect(secure(tls.port, "/secure"), POLLED_OK);
		expect(secure(tls.port, "/close"), POLLED_CONNECT);
	}
	fetch_client_stats(client, &s);
	CU_ASSERT(s.connections >= 4);
	const struct fetch_result *r = get(secure(tls.port, "/_log"));
	unsigned resumed = 0;

	for (const char *p = r->body.data; p && (p = strstr(p, "\"resumed\": true"));
	     p++)
		resumed++;
	CU_ASSERT(resumed >= 3);
}

static bool
no_nginx(void)
{
	if (nginx.port == 0)
		printf("(no nginx: skipped) ");
	return nginx.port == 0;
}

static void
test_http2(void)
{
	struct fetch_request req = {.allow = &local, .nallow = 1};
	const struct fetch_result *r;

	if (no_nginx())
		return;
	r = expect(secure(nginx.port, "/feed.xml"), POLLED_OK);
	CU_ASSERT_TRUE(holds(&r->head, "HTTP/2 200"));
	CU_ASSERT_TRUE(holds(&r->request, "GET /feed.xml HTTP/2\r\n"));
	CU_ASSERT_STRING_EQUAL(r->body.data, "<rss></rss>");
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->etag);
	char *etag = xstrdup(r->etag);

	req.url = secure(nginx.port, "/feed.xml");
	req.etag = etag;
	CU_ASSERT_EQUAL(get_with(&req)->outcome, POLLED_UNCHANGED);
	free(etag);
	expect(secure(nginx.port, "/none"), POLLED_NOT_FOUND);
	conf.http2 = false;
	fetch_client_reconf(client, &conf);
	fresh_client();
	r = expect(secure(nginx.port, "/feed.xml"), POLLED_OK);
	CU_ASSERT_TRUE(holds(&r->head, "HTTP/1.1 200"));
}

static void
test_http2_bomb(void)
{
	const struct fetch_result *r;

	if (no_nginx())
		return;
	conf.max_body = 40000000;
	fresh_client();
	r = expect(secure(nginx.port, "/bomb"), POLLED_OK);
	CU_ASSERT_TRUE(holds(&r->head, "HTTP/2 200"));
	CU_ASSERT_TRUE(r->truncated);
	CU_ASSERT_TRUE(says(r, "hundred"));
	CU_ASSERT(r->body.len < 8000000);
}

static void
test_http2_shares(void)
{
	struct answer v[6] = {0};
	struct fetch_stats s;

	if (no_nginx())
		return;
	conf.max_host_connections = 2;
	fresh_client();
	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], secure(nginx.port, "/feed.xml"));
	wait_for(v, COUNT(v));
	fetch_client_stats(client, &s);
	CU_ASSERT(s.connections <= 2);
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT_EQUAL(v[i].r.outcome, POLLED_OK);
		answer_clear(&v[i]);
	}
}

/* --- memory --- */

static void
test_idle_costs_nothing(void)
{
	struct fetch_stats s;
	struct mallinfo2 before, after;
	bool grows = true;
	char url[64];
	int round;

	conf.host_gap = 5;
	fresh_client();
	/* The first round fills caches, and on a busy machine another one may; what leaks
	 * grows with each. */
	for (round = 0; grows && round < 5; round++) {
		before = mallinfo2();
		/* Hosts that are refused, and others that nobody listens at. */
		for (int i = 0; i < 2000; i++) {
			struct answer v[8] = {0};

			for (int k = 0; k < 8; k++) {
				snprintf(url, sizeof(url), "http://127.%d.%d.%d:3/",
				    1 + k, i / 200, 1 + i % 200);
				ask(&v[k], url);
			}
			wait_for(v, 8);
			for (int k = 0; k < 8; k++)
				answer_clear(&v[k]);
		}
		usleep(10000);
		for (int i = 0; i < 20; i++)
			loop_turn(loop);
		after = mallinfo2();
		grows = round == 0 || after.uordblks >= before.uordblks + 20000;
	}
	fetch_client_stats(client, &s);
	CU_ASSERT_EQUAL(s.requests, 16000 * (uint64_t)round);
	CU_ASSERT_EQUAL(s.hosts, 0);
	CU_ASSERT_EQUAL(s.active + s.waiting, 0);
	CU_ASSERT(!grows);
}

static const struct suite_test cases[] = {
    {"each hop keeps its bytes", test_hops},
    {"a Location that is no text", test_raw_location},
    {"codings", test_codings},
    {"slow and endless heads", test_heads},
    {"a host asks for a pause", test_pause},
    {"those who wait are told", test_pause_of_those_who_wait},
    {"a short pause is waited for", test_short_pause},
    {"a redirect asks for a pause", test_pause_of_redirects},
    {"as somebody else", test_second},
    {"by another way", test_second_way},
    {"sessions are resumed", test_sessions},
    {"HTTP/2", test_http2},
    {"HTTP/2: a bomb", test_http2_bomb},
    {"HTTP/2: connections are shared", test_http2_shares},
    {"idle hosts cost nothing", test_idle_costs_nothing},
};

static void
set_up(void)
{
	const char *src = getenv("srcdir");
	char script[4096], path[128];
	FILE *f;

	snprintf(script, sizeof(script), "%s/tests/http_script.json",
	    src != NULL ? src : TOSD_SRCDIR);
	const char *plain[] = {
	    "--script", script, "--bind", "127.0.0.1,127.0.0.2", NULL};
	const char *safe[] = {"--script", script, "--tls", dir, NULL};
	const char *root[] = {dir, NULL};

	if (mkdtemp(dir) == NULL)
		return;
	snprintf(ca_file, sizeof(ca_file), "%s/cert.pem", dir);
	snprintf(path, sizeof(path), "%s/feed.xml", dir);
	f = fopen(path, "w");
	if (f == NULL || fputs("<rss></rss>", f) == EOF || fclose(f) != 0)
		return;
	web = http_child_start(plain);
	tls = http_child_start(safe);
	nginx = http_child_run("nginx_server.py", root);
	local.bits = 96 + 8;
	local.addr[10] = local.addr[11] = 0xff;
	local.addr[12] = 127;
	loop = loop_new();
}

static void
tear_down(void)
{
	static const char *const files[] = {"cert.pem", "key.pem", "feed.xml", "bomb"};
	char path[128];

	answer_clear(&last);
	fetch_client_free(&client);
	loop_free(&loop);
	http_child_stop(&web);
	http_child_stop(&tls);
	http_child_stop(&nginx);
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
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
	rc = suite_main_with("fetch wire", cases, COUNT(cases), defaults);
	tear_down();
	return rc;
}
