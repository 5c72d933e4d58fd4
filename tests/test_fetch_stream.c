/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fetch_stream: streams over real connections, to a small server in a child
 * process that does what each path says and writes down what it was asked; and the pure
 * parts: back-off, signatures of hubs, the life of a subscription.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fetch/link.h"
#include "fetch/pace.h"
#include "fetch/signature.h"
#include "fetch/stream.h"
#include "fetch/subscription.h"
#include "ipc/loop.h"
#include "suite.h"

#define PATIENCE (15 * CLOCK_SEC)

/* --- the server --- */

static int port, other; /* two origins of one server */
static int asked;	/* requests as they came, from the child */
static pid_t child;

static int
listen_on(int *out)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) != 0 ||
	    listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		exit(2);
	*out = ntohs(sa.sin_port);
	return fd;
}

static void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		_exit(0);
}

#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"

static void
serve(int fd, int log)
{
	char req[4096], path[64] = "", head[256];
	size_t n = 0, body = 0;
	const char *end = NULL, *length;
	ssize_t got;

	while (end == NULL && n < sizeof(req) - 1 &&
	       (got = read(fd, req + n, sizeof(req) - 1 - n)) > 0) {
		n += (size_t)got;
		req[n] = '\0';
		end = strstr(req, "\r\n\r\n");
	}
	length = strstr(req, "Content-Length: ");
	body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
	while (end != NULL && n < (size_t)(end - req) + 4 + body &&
	       (got = read(fd, req + n, sizeof(req) - 1 - n)) > 0)
		req[n += (size_t)got] = '\0';
	dprintf(log, "%s\x1e", req);
	sscanf(req, "%*s %63s", path);
	if (strcmp(path, "/two") == 0) {
		put(fd, SSE "data: one\n\n");
		usleep(100000);
		put(fd, "data: two\n\n");
	} else if (strcmp(path, "/silent") == 0) {
		put(fd, SSE);
		sleep(20);
	} else if (strcmp(path, "/dumb") == 0) {
		sleep(20); /* not even a head */
	} else if (strcmp(path, "/beat") == 0) {
		put(fd, SSE);
		for (int i = 0; i < 40; i++, usleep(100000))
			put(fd, "\n");
	} else if (strcmp(path, "/page") == 0) {
		put(fd,
		    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>no stream");
	} else if (strcmp(path, "/moved") == 0) {
		snprintf(head, sizeof(head),
		    "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/two\r\n"
		    "Content-Length: 0\r\n\r\n",
		    other);
		put(fd, head);
	} else if (strcmp(path, "/closed") == 0) {
		put(fd, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/form") == 0) {
		put(fd, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	} else {
		put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	}
	close(fd);
}

static void
server(int a, int b, int log)
{
	struct pollfd fds[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
	int fd;

	signal(SIGCHLD, SIG_IGN);
	while (getppid() != 1 && poll(fds, 2, 500) >= 0)
		for (int i = 0; i < 2; i++) {
			if (!(fds[i].revents & POLLIN))
				continue;
			fd = accept(fds[i].fd, NULL, NULL);
			if (fork() == 0) {
				serve(fd, log);
				_exit(0);
			}
			close(fd);
		}
	_exit(0);
}

static void
set_up(void)
{
	int a = listen_on(&port), b = listen_on(&other), p[2];

	if (pipe(p) != 0 || (child = fork()) < 0)
		exit(2);
	if (child == 0) {
		close(p[0]);
		setpgid(0, 0);
		server(a, b, p[1]);
	}
	setpgid(child, child);
	close(a);
	close(b);
	close(p[1]);
	asked = p[0];
}

/* The next request that the server got; "" if none comes. */
static const char *
request(void)
{
	static char text[8192];
	struct pollfd fd = {asked, POLLIN, 0};
	size_t n = 0;

	while (n < sizeof(text) - 1 && poll(&fd, 1, 5000) == 1 &&
	       read(asked, text + n, 1) == 1 && text[n] != '\x1e')
		n++;
	text[n] = '\0';
	return text;
}

/* --- the client --- */

static struct loop *loop;
static struct fetch_client *client;
static struct fetch_streams *set;
static struct conf_fetch conf;
static struct conf_range local;

static const char *
url_of(const char *path)
{
	static char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
	return url;
}

static void
begin(void)
{
	conf = (struct conf_fetch){.user_agent = "tosd-test/1",
	    .ca_file = "/etc/ssl/certs/ca-certificates.crt",
	    .connect_timeout = 5000,
	    .timeout = 5000,
	    .max_body = 1 << 20,
	    .max_header = 1 << 16,
	    .max_redirects = 5,
	    .max_connections = 4,
	    .max_host_connections = 1,
	    .max_streams = 2,
	    .stream_idle = 1000,
	    .stream_retry_min = 50,
	    .stream_retry_max = 400};
	CU_ASSERT_FATAL(conf_range_parse("127.0.0.0/8", &local));
	loop = loop_new();
	client = fetch_client_new(loop, &conf);
	set = fetch_streams_new(loop, client, &conf);
}

static void
finish(void)
{
	struct pollfd fd = {asked, POLLIN, 0};

	fetch_client_abort(client, "the end");
	fetch_streams_free(&set);
	fetch_client_free(&client);
	loop_free(&loop);
	while (poll(&fd, 1, 100) == 1) /* late requests */
		request();
}

/* What a stream told. */
struct told {
	struct fetch_stream *stream;
	unsigned ups, downs, pieces;
	unsigned stop_downs, stop_pieces; /* enough: the loop stops */
	bool wait;			  /* hold the next piece back */
	char data[256], why[256], request[1024];
	int64_t pause;
};

static void
on_up(void *ctx, const struct fetch_piece *p)
{
	struct told *t = ctx;

	t->ups++;
	snprintf(t->request, sizeof(t->request), "%s", p->request->data);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->head->data, "200 OK"));
}

static enum fetch_flow
on_data(void *ctx, const char *data, size_t n)
{
	struct told *t = ctx;

	if (t->wait) {
		t->wait = false;
		loop_stop(loop);
		return FETCH_WAIT;
	}
	t->pieces++;
	strncat(t->data, data, n < 64 ? n : 64);
	if (t->pieces == t->stop_pieces)
		loop_stop(loop);
	return FETCH_GO;
}

static void
on_down(void *ctx, const char *why, int64_t wait)
{
	struct told *t = ctx;

	t->downs++;
	t->pause = wait;
	snprintf(t->why, sizeof(t->why), "%s", why);
	if (t->downs == t->stop_downs)
		loop_stop(loop);
}

static void
on_impatience(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

static void
run(int64_t ms)
{
	struct loop_timer *t = loop_timer_new(loop, on_impatience, NULL);

	loop_timer_set(t, ms);
	loop_run(loop);
	loop_timer_free(&t);
}

static struct fetch_stream *
open_stream(struct told *t, const char *path, const char *bearer)
{
	static const struct fetch_stream_ops ops = {on_up, on_data, on_down};
	struct fetch_stream_ask ask = {.url = url_of(path),
	    .accept = "text/event-stream",
	    .type = "text/event-stream",
	    .bearer = bearer,
	    .allow = &local,
	    .nallow = 1};

	t->stream = fetch_stream_open(set, &ask, &ops, t);
	return t->stream;
}

/* --- streams --- */

static void
test_reopened(void)
{
	struct told t = {.stop_downs = 2};
	const char *r;

	begin();
	open_stream(&t, "/two", NULL);
	fetch_stream_at(t.stream, "a 7");
	run(PATIENCE);
	CU_ASSERT_EQUAL(t.ups, 2);
	CU_ASSERT_STRING_EQUAL(
	    t.data, "data: one\n\ndata: two\n\ndata: one\n\ndata: two\n\n");
	CU_ASSERT_STRING_EQUAL(t.why, "the server ended it");
	r = request();
	CU_ASSERT_PTR_NOT_NULL(strstr(r, "Last-Event-ID: a 7\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(r, "Accept: text/event-stream\r\n"));
	CU_ASSERT_PTR_NULL(strstr(r, "Accept-Encoding"));
	finish();
}

static void
test_silence(void)
{
	static const char *const paths[] = {"/silent", "/dumb"};

	for (int i = 0; i < 2; i++) {
		struct told t = {.stop_downs = 1};
		int64_t t0 = clock_steady();

		begin();
		open_stream(&t, paths[i], NULL);
		run(PATIENCE);
		CU_ASSERT_EQUAL(t.downs, 1);
		CU_ASSERT_EQUAL(t.ups, i == 0);
		CU_ASSERT_STRING_EQUAL(t.why, "nothing came for too long");
		CU_ASSERT(clock_steady() - t0 >= 900 && clock_steady() - t0 < 4000);
		finish();
	}
}

/* One byte now and then is enough. */
static void
test_heartbeat(void)
{
	struct told t = {0};

	begin();
	open_stream(&t, "/beat", NULL);
	run(2500);
	CU_ASSERT_EQUAL(t.ups, 1);
	CU_ASSERT_EQUAL(t.downs, 0);
	CU_ASSERT(t.pieces > 10);
	finish();
}

static void
test_no_stream(void)
{
	struct told t = {.stop_downs = 1}, u = {.stop_downs = 1};

	begin();
	open_stream(&t, "/page", NULL);
	run(PATIENCE);
	CU_ASSERT_EQUAL(t.ups, 0);
	CU_ASSERT_EQUAL(t.pieces, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.why, "type"));
	CU_ASSERT(t.pause >= 320); /* a no: not before the longest wait, less jitter */
	fetch_stream_close(&t.stream);
	open_stream(&u, "/closed", NULL);
	run(PATIENCE);
	CU_ASSERT_PTR_NOT_NULL(strstr(u.why, "refuses"));
	CU_ASSERT(u.pause >= 320);
	finish();
}

static void
test_token(void)
{
	struct told t = {.stop_pieces = 1};

	begin();
	open_stream(&t, "/moved", "sesame-7");
	run(PATIENCE);
	CU_ASSERT_PTR_NOT_NULL(strstr(request(), "Authorization: Bearer sesame-7\r\n"));
	/* Another origin does not get it. */
	CU_ASSERT_PTR_NULL(strstr(request(), "sesame"));
	finish();
	memset(&t, 0, sizeof(t));
	t.stop_pieces = 1;
	begin();
	open_stream(&t, "/two", "sesame-7");
	run(PATIENCE);
	CU_ASSERT_PTR_NOT_NULL(strstr(request(), "Authorization: Bearer sesame-7\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.request, "Authorization: ***"));
	CU_ASSERT_PTR_NULL(strstr(t.request, "sesame"));
	finish();
}

static void
test_held_back(void)
{
	struct told t = {.wait = true, .stop_pieces = 2};

	begin();
	open_stream(&t, "/two", NULL);
	run(PATIENCE);
	CU_ASSERT_EQUAL(t.pieces, 0);
	run(1500); /* longer than the silence allowed: it is ours */
	CU_ASSERT_EQUAL(t.downs, 0);
	fetch_stream_resume(t.stream);
	run(300);
	CU_ASSERT_EQUAL(strncmp(t.data, "data: one\n\ndata: two\n\n", 22), 0);
	finish();
}

static void
on_plain(void *ctx, struct fetch_result *r)
{
	*(int32_t *)ctx = r->status;
	loop_stop(loop);
}

/* An open stream does not take the only place of its host; and it can be closed. */
static void
test_beside(void)
{
	struct told t = {0}, u = {0};
	struct fetch_request req = {.allow = &local, .nallow = 1};
	int32_t status = 0;

	begin();
	open_stream(&t, "/beat", NULL);
	run(300);
	CU_ASSERT_EQUAL(t.ups, 1);
	req.url = url_of("/plain");
	fetch_client_get(client, &req, on_plain, &status);
	run(PATIENCE);
	CU_ASSERT_EQUAL(status, 200);
	open_stream(&u, "/silent", NULL);
	fetch_stream_close(&t.stream);
	CU_ASSERT_PTR_NULL(t.stream);
	run(300);
	CU_ASSERT_EQUAL(t.downs, 0);
	CU_ASSERT_EQUAL(u.ups, 1);
	finish();
}

/* What finds max_streams open is opened when there is room: others were closed, or the
 * limit was raised. */
static void
test_no_room(void)
{
	struct told t = {0}, u = {0}, v = {0}, w = {.stop_downs = 1};

	begin();
	conf.max_host_connections = 4;
	fetch_client_reconf(client, &conf);
	open_stream(&t, "/beat", NULL);
	open_stream(&u, "/beat", NULL);
	run(300);
	CU_ASSERT_EQUAL(t.ups + u.ups, 2);
	v.stop_downs = 1;
	CU_ASSERT_PTR_NOT_NULL_FATAL(open_stream(&v, "/beat", NULL));
	run(PATIENCE);
	CU_ASSERT_EQUAL(v.ups, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(v.why, "max_streams"));
	fetch_stream_close(&t.stream);
	run(800);
	CU_ASSERT_EQUAL(v.ups, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(open_stream(&w, "/beat", NULL));
	run(PATIENCE);
	CU_ASSERT_EQUAL(w.ups, 0);
	conf.max_streams = 3;
	fetch_streams_reconf(set, &conf);
	run(800);
	CU_ASSERT_EQUAL(w.ups, 1);
	CU_ASSERT_EQUAL(u.downs, 0);
	finish();
}

static void
test_form(void)
{
	struct fetch_request req = {.allow = &local, .nallow = 1};
	int32_t status = 0;
	const char *r;

	begin();
	req.url = url_of("/form");
	req.form = "hub.mode=subscribe&hub.topic=x";
	fetch_client_get(client, &req, on_plain, &status);
	run(PATIENCE);
	CU_ASSERT_EQUAL(status, 202);
	r = request();
	CU_ASSERT_EQUAL(strncmp(r, "POST /form HTTP/1.1\r\n", 21), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(r, "\r\n\r\nhub.mode=subscribe&hub.topic=x"));
	/* The same handle asks by GET again. */
	req.url = url_of("/plain");
	req.form = NULL;
	fetch_client_get(client, &req, on_plain, &status);
	run(PATIENCE);
	CU_ASSERT_EQUAL(strncmp(request(), "GET /plain", 10), 0);
	finish();
}

/* --- the pure parts --- */

static void
test_pace(void)
{
	static const struct {
		const char *what;
		struct pace_in in;
		int64_t low, high;
		unsigned failures;
	} rows[] = {
	    {"first", {POLLED_OK, true, 5000, 0, 0, 0, 1000, 300000, 1}, 1000, 1200, 1},
	    {"third", {POLLED_OK, true, 0, 2, 0, 0, 1000, 300000, 2}, 3200, 4800, 3},
	    {"capped", {POLLED_CONNECT, false, 0, 40, 0, 0, 1000, 300000, 3}, 240000,
		360000, 41},
	    {"sound", {POLLED_OK, true, PACE_SOUND, 9, 0, 0, 1000, 300000, 4}, 1000,
		1200, 1},
	    {"not opened",
		{POLLED_TIMEOUT, false, PACE_SOUND, 9, 0, 0, 1000, 300000, 5}, 240000,
		360000, 10},
	    {"retry:", {POLLED_OK, true, 0, 0, 7000, 0, 1000, 300000, 6}, 7000, 8400,
		1},
	    {"retry: too long",
		{POLLED_OK, true, 0, 0, INT64_MAX / 4, 0, 1000, 300000, 7}, 300000,
		360000, 1},
	    {"no", {POLLED_FORBIDDEN, false, 0, 0, 0, 0, 1000, 300000, 8}, 240000,
		360000, 1},
	    {"busy", {POLLED_RATE_LIMIT, false, 0, 0, 0, 900000, 1000, 300000, 9},
		900000, 960000, 1},
	    {"busy for years",
		{POLLED_RATE_LIMIT, false, 0, 0, 0, INT64_MAX, 1000, 300000, 10},
		PACE_CAP, PACE_CAP + 60000, 1},
	    {"ours", {POLLED_OWN_FAULT, false, 0, 1, 0, 0, 1000, 300000, 11}, 1600,
		2400, 1},
	};
	struct pace out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint64_t seed = 0; seed < 200; seed++) {
			struct pace_in in = rows[i].in;

			in.seed = seed;
			fetch_pace(&in, &out);
			if (out.wait < rows[i].low || out.wait > rows[i].high ||
			    out.failures != rows[i].failures) {
				CU_FAIL("pace");
				printf("\n%s: %lld ms, %u", rows[i].what,
				    (long long)out.wait, out.failures);
				break;
			}
		}
	/* Jitter there is. */
	struct pace_in in = rows[1].in;
	int64_t first = 0, differ = 0;

	for (in.seed = 0; in.seed < 50; in.seed++) {
		fetch_pace(&in, &out);
		differ += first != 0 && out.wait != first;
		first = out.wait;
	}
	CU_ASSERT(differ > 40);
}

/* HMACs of RFC 4231, test case 2, and of RFC 2202, test case 2. */
static void
test_signature(void)
{
	static const char data[] = "what do ya want for nothing?";
	static const char sha256[] =
	    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
	static const struct {
		const char *header;
		bool sha1, ok;
	} rows[] = {
	    {sha256, false, true},
	    {"SHA256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
		false, true},
	    {"sha384="
	     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e22"
	     "40ca5e69e2c78b3239ecfab21649",
		false, true},
	    {"sha512="
	     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758"
	     "bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		false, true},
	    {"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", true, true},
	    {"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", false, false},
	    {"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3842",
		true, false},
	    {"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384",
		true, false},
	    {"sha512=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		true, false},
	    {"md5=750c783e6ab0b503eaa86e310a5db738", true, false},
	    {"sha256", true, false},
	    {"=", true, false},
	    {"", true, false},
	    {NULL, true, false},
	};
	const char *why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(fetch_signature_ok(rows[i].header, "Jefe", data,
				    sizeof(data) - 1, rows[i].sha1, &why),
		    rows[i].ok);
	CU_ASSERT_FALSE(fetch_signature_ok(sha256, "Jefe", data, 5, false, NULL));
	CU_ASSERT_FALSE(
	    fetch_signature_ok(sha256, "other", data, sizeof(data) - 1, false, NULL));
	CU_ASSERT_FALSE(fetch_signature_ok(sha256, "Jefe", NULL, 0, false, NULL));
}

static void
test_link(void)
{
	static const struct {
		const char *head, *rel, *target;
	} rows[] = {
	    {"Link: <https://h/>; rel=\"hub\"\r\n", "hub", "https://h/"},
	    {"link:<a>;rel=self, <b>;rel=hub\r\n", "hub", "b"},
	    {"Link: <a>; rel=\"self hub\"\r\n", "hub", "a"},
	    {"Link: <a>; title=\"x, <y>; rel=hub\"; rel=next\r\n", "hub", NULL},
	    {"Link: <a>; title=\"x, <y>; rel=hub\"; rel=next\r\n", "next", "a"},
	    {"Link: <a>; rel=prev\r\nX: y\r\nLINK: <b>; REL=Next\r\n", "next", "b"},
	    {"Link: <a>; rel=next; rel=hub\r\n", "hub", NULL},
	    {"Link: <a>; rel=hubs, <b>; rel=nohub\r\n", "hub", NULL},
	    {"Link: <https://m/api?max_id=7>; rel=\"next\", <https://m/api?min_id=9>; "
	     "rel=\"prev\"\r\n",
		"prev", "https://m/api?min_id=9"},
	    {"Linkage: <a>; rel=hub\r\n", "hub", NULL},
	    {"Link: <a; rel=hub\r\n", "hub", NULL},
	    {"Link: <a>; rel=\"hub", "hub", "a"},
	    {"Link: <a>;;; rel = hub", "hub", "a"},
	    {"Link:", "hub", NULL},
	    {"", "hub", NULL},
	};
	struct buf head = {0};
	char *got;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&head);
		buf_puts(&head, rows[i].head);
		got = fetch_link(&head, rows[i].rel);
		if (rows[i].target == NULL)
			CU_ASSERT_PTR_NULL(got);
		if (rows[i].target != NULL && got != NULL)
			CU_ASSERT_STRING_EQUAL(got, rows[i].target);
		if (rows[i].target != NULL)
			CU_ASSERT_PTR_NOT_NULL(got);
		free(got);
	}
	buf_free(&head);
	CU_ASSERT_PTR_NULL(fetch_link(&head, "hub"));
}

static enum subscription_act
step(struct subscription *s, enum subscription_event ev, int64_t now)
{
	return subscription_step(s, ev, 1000000, now);
}

static void
test_subscription(void)
{
	struct subscription s = {.due = CLOCK_NONE};

	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_WANTED, 0), SUBSCRIPTION_ASK);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_ASKED);
	CU_ASSERT_EQUAL(s.due, 10 * CLOCK_MIN);
	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_WANTED, 1), SUBSCRIPTION_REST);
	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_DUE, s.due), SUBSCRIPTION_ASK);
	CU_ASSERT_EQUAL(s.due, 30 * CLOCK_MIN); /* twice as long */
	CU_ASSERT_FALSE(subscription_trusted(&s, 2000000));

	step(&s, SUBSCRIPTION_VERIFIED, 2000000);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_ACTIVE);
	CU_ASSERT_EQUAL(s.until, 3000000);
	CU_ASSERT_EQUAL(s.due, 2800000); /* 80 % */
	CU_ASSERT_TRUE(subscription_trusted(&s, 2999999));
	CU_ASSERT_FALSE(subscription_trusted(&s, 3000000));

	/* Renewal: asked while it still holds; without an answer it does not. */
	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_DUE, s.due), SUBSCRIPTION_ASK);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_ACTIVE);
	CU_ASSERT_EQUAL(s.due, s.until);
	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_DUE, s.due), SUBSCRIPTION_ASK);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_ASKED);
	step(&s, SUBSCRIPTION_VERIFIED, 4000000);
	CU_ASSERT_EQUAL(s.failures, 0);

	/* Faulty until a new lease. */
	step(&s, SUBSCRIPTION_MISSED, 4100000);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_FAULTY);
	CU_ASSERT_EQUAL(s.due, 4800000);
	CU_ASSERT_FALSE(subscription_trusted(&s, 4100000));
	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_DUE, s.due), SUBSCRIPTION_ASK);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_FAULTY);
	step(&s, SUBSCRIPTION_VERIFIED, 4800001);
	CU_ASSERT_TRUE(subscription_trusted(&s, 4800002));

	step(&s, SUBSCRIPTION_REFUSED, 4900000);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_DENIED);
	CU_ASSERT_EQUAL(s.due, 4900000 + CLOCK_DAY);
	step(&s, SUBSCRIPTION_VERIFIED, 5000000);

	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_UNWANTED, 5000001), SUBSCRIPTION_END);
	CU_ASSERT_EQUAL(step(&s, SUBSCRIPTION_VERIFIED, 5000002), SUBSCRIPTION_REST);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_ENDING);
	step(&s, SUBSCRIPTION_UNDONE, 5000003);
	CU_ASSERT_EQUAL(s.state, SUBSCRIPTION_ENDED);
	CU_ASSERT_EQUAL(s.due, CLOCK_NONE);
}

/* Whatever happens in whatever order: no state without a way on but the end, and no
 * time that has passed already. */
static void
test_any_order(void)
{
	uint64_t x = 88172645463325252u;

	for (int round = 0; round < 2000; round++) {
		struct subscription s = {.due = CLOCK_NONE};
		int64_t now = 1;

		for (int i = 0; i < 40; i++) {
			enum subscription_event ev;
			bool due = s.due != CLOCK_NONE && i % 2 == 0;

			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			ev = due ? SUBSCRIPTION_DUE : x % SUBSCRIPTION_EVENTS;
			now = due ? s.due : now + (int64_t)(x >> 40) % 100000;
			if (ev == SUBSCRIPTION_DUE && !due)
				continue;
			subscription_step(&s, ev, (int64_t)(x >> 20) % 10000000, now);
			if (s.state != SUBSCRIPTION_NONE &&
			    s.state != SUBSCRIPTION_ENDED)
				CU_ASSERT(s.due != CLOCK_NONE);
			if (due)
				CU_ASSERT(s.due == CLOCK_NONE || s.due > now);
		}
	}
}

static const struct suite_test tests[] = {
    {"the back-off of streams", test_pace},
    {"signatures of hubs", test_signature},
    {"links of a head", test_link},
    {"the life of a subscription", test_subscription},
    {"events in any order", test_any_order},
    {"opened again, from where it was", test_reopened},
    {"silence ends a stream", test_silence},
    {"heartbeats do not let it end", test_heartbeat},
    {"what is no stream", test_no_stream},
    {"a token stays with its origin, and out of the record", test_token},
    {"held back", test_held_back},
    {"beside other requests", test_beside},
    {"no room", test_no_room},
    {"a form", test_form},
};

int
main(void)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	set_up();
	rc = suite_main("fetch stream", tests, sizeof(tests) / sizeof(tests[0]));
	kill(-child, SIGKILL);
	waitpid(child, NULL, 0);
	return rc;
}
