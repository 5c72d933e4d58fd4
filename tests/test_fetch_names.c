/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fetch_names: where the client goes, and where it does not: names, through a name
 * server that lies as tenants would (tests/dns_server.py with tests/dns_zone.json), and
 * addresses in every spelling, on the first hop and behind a redirect.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fetch_ask.h"

static struct http_child dns, deaf;
static struct conf_fetch conf;
static char dns_address[32], deaf_address[32];
static const char *servers[1];
static bool ipv6; /* this machine has ::1 */

static void
fresh_client(void)
{
	fetch_client_free(&client);
	client = fetch_client_new(loop, &conf);
}

static void
defaults(void)
{
	servers[0] = dns_address;
	conf = (struct conf_fetch){.user_agent = "tosd-test/1",
	    .ca_file = "/nonexistent",
	    .connect_timeout = 1000,
	    .timeout = 3000,
	    .interval_max = 1000,
	    .max_body = 100000,
	    .max_header = 16384,
	    .max_redirects = 5,
	    .max_connections = 8,
	    .max_host_connections = 8,
	    .resolvers = servers,
	    .nresolvers = 1};
	fresh_client();
}

static const char *
at(const char *name)
{
	static char url[256];

	snprintf(url, sizeof(url), "http://%s:%d/plain", name, web.port);
	return url;
}

static uint64_t
lookups(void)
{
	struct fetch_stats s;

	fetch_client_stats(client, &s);
	return s.lookups;
}

/* --- names that lead somewhere --- */

static void
test_kinds(void)
{
	static const char *const names[] = {"one.test", "ONE.test", "one.test.",
	    "alias.test", "large.test", "localhost", "sub.localhost"};
	char peer[64];

	snprintf(peer, sizeof(peer), "127.0.0.1:%d", web.port);
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct fetch_result *r = expect(at(names[i]), POLLED_OK);

		CU_ASSERT_TRUE(r->peer != NULL && strcmp(r->peer, peer) == 0);
	}
}

static void
test_six(void)
{
	struct conf_range loop6 = {.addr = {[15] = 1}, .bits = 128};
	struct fetch_request req = {.allow = &loop6, .nallow = 1};
	const struct fetch_result *r;

	if (!ipv6) {
		printf("(no IPv6: skipped) ");
		return;
	}
	req.url = at("six.test");
	r = get_with(&req);
	CU_ASSERT_EQUAL(r->outcome, POLLED_OK);
	CU_ASSERT_TRUE(r->peer != NULL && strncmp(r->peer, "[::1]:", 6) == 0);
	req.url = at("both.test"); /* 127.0.0.1 is not allowed here */
	r = get_with(&req);
	CU_ASSERT_EQUAL(r->outcome, POLLED_OK);
	CU_ASSERT_TRUE(r->peer != NULL && strncmp(r->peer, "[::1]:", 6) == 0);
	expect(at("both.test"), POLLED_OK); /* and here ::1 is not */
}

static void
test_kept(void)
{
	expect(at("one.test"), POLLED_OK);
	expect(at("one.test"), POLLED_OK);
	expect(at("ONE.test."), POLLED_OK);
	CU_ASSERT_EQUAL(lookups(), 1);
	expect(at("never.test"), POLLED_OK);
	expect(at("never.test"), POLLED_OK);
	CU_ASSERT_EQUAL(lookups(), 3);
	expect(at("brief.test"), POLLED_OK);
	expect(at("brief.test"), POLLED_OK);
	CU_ASSERT_EQUAL(lookups(), 4);
	usleep(1100000);
	expect(at("brief.test"), POLLED_OK);
	CU_ASSERT_EQUAL(lookups(), 5);
}

static void
test_asked_once(void)
{
	struct answer v[5];

	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], at("late.test"));
	wait_for(v, COUNT(v));
	CU_ASSERT_EQUAL(lookups(), 1);
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT_EQUAL(v[i].r.outcome, POLLED_OK);
		answer_clear(&v[i]);
	}
}

static void
test_one_family_is_silent(void)
{
	int64_t t0 = clock_steady();

	expect(at("halfdeaf.test"), POLLED_OK);
	CU_ASSERT(clock_steady() - t0 < 500);
}

static void
test_next_address(void)
{
	struct fetch_stats before, after;
	const struct fetch_result *r;

	for (int i = 0; i < 4; i++) { /* two of five answer; the order is by chance */
		fresh_client();
		r = expect(at("many.test"), POLLED_OK);
		CU_ASSERT_TRUE(
		    r->peer != NULL && (strncmp(r->peer, "127.0.0.1:", 10) == 0 ||
					   strncmp(r->peer, "127.0.0.2:", 10) == 0));
		CU_ASSERT_EQUAL(r->nhops, 1);
		fetch_client_stats(client, &before);
		expect(at("many.test"), POLLED_OK); /* the one that answered is first */
		fetch_client_stats(client, &after);
		CU_ASSERT_EQUAL(after.connections, before.connections);
	}
	r = expect(at("dead.test"), POLLED_CONNECT);
	CU_ASSERT_TRUE(says(r, "refused"));
}

/* --- names that do not --- */

static void
test_failures(void)
{
	static const struct {
		const char *name;
		enum poll_outcome outcome;
		const char *why;
	} rows[] = {
	    {"nowhere.test", POLLED_DNS, "no such name"},
	    {"empty.test", POLLED_DNS, "no address"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fetch_result *r =
		    expect(at(rows[i].name), rows[i].outcome);

		CU_ASSERT_TRUE(says(r, rows[i].why));
		CU_ASSERT_EQUAL(r->nhops, 0);
	}
}

/* Without any route, or if nobody has been heard yet, these are our own fault. */
static bool
dns_or_no_route(const struct fetch_result *r)
{
	return r->outcome == POLLED_DNS ||
	       (r->outcome == POLLED_OWN_FAULT && says(r, "network"));
}

static void
test_broken_servers(void)
{
	const struct fetch_result *r = get(at("broken.test"));

	CU_ASSERT_TRUE(dns_or_no_route(r));
	/* "fail or do not answer", or the latter alone: whichever was heard of first. */
	CU_ASSERT_TRUE(says(r, "the name servers of this name"));
	CU_ASSERT_TRUE(dns_or_no_route(get(at("turned.test"))));
	r = get(at("hang.test"));
	CU_ASSERT_TRUE(dns_or_no_route(r));
	CU_ASSERT_TRUE(says(r, "the name servers of this name"));
}

static void
test_own_servers(void)
{
	int64_t t0 = clock_steady();
	const struct fetch_result *r;

	servers[0] = deaf_address;
	fresh_client();
	r = expect(at("one.test"), POLLED_OWN_FAULT);
	CU_ASSERT_TRUE(says(r, "our own name servers do not answer"));
	CU_ASSERT(clock_steady() - t0 < 2 * conf.connect_timeout);
	servers[0] = "127.0.0.1:1"; /* nobody is there */
	fetch_client_reconf(client, &conf);
	r = expect(at("one.test"), POLLED_OWN_FAULT);
	CU_ASSERT_TRUE(says(r, "our own name servers do not answer"));
	expect(at("127.0.0.1"), POLLED_OK); /* no name, no need of them */
	servers[0] = dns_address;
	fetch_client_reconf(client, &conf);
	expect(at("one.test"), POLLED_OK);
}

static unsigned
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
test_hanging(void)
{
	struct answer v[6] = {0};
	int64_t t0 = clock_steady();
	unsigned served = 0;

	for (size_t i = 0; i < COUNT(v); i++) {
		char name[64];

		snprintf(name, sizeof(name), "n%zu.hang.test", i);
		ask(&v[i], at(name));
	}
	while (clock_steady() - t0 < conf.connect_timeout) {
		expect(at("one.test"), POLLED_OK); /* the others go on meanwhile */
		served++;
		CU_ASSERT_EQUAL(threads(), 1);
		usleep(10000);
	}
	wait_for(v, COUNT(v));
	CU_ASSERT(served > 10);
	CU_ASSERT(clock_steady() - t0 < 2 * conf.connect_timeout);
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT_TRUE(dns_or_no_route(&v[i].r));
		answer_clear(&v[i]);
	}
}

static void
test_given_up(void)
{
	struct answer v[3] = {0};

	for (size_t i = 0; i < COUNT(v); i++)
		ask(&v[i], at("hang.test"));
	for (int i = 0; i < 10; i++) {
		loop_turn(loop);
		usleep(5000);
	}
	fetch_client_abort(client, "stopped");
	for (size_t i = 0; i < COUNT(v); i++) {
		CU_ASSERT_TRUE(v[i].done);
		answer_clear(&v[i]);
	}
	ask(&v[0], at("hang.test"));
	loop_turn(loop);
	fetch_client_free(&client); /* while c-ares waits */
	CU_ASSERT_FALSE(v[0].done);
	client = fetch_client_new(loop, &conf);
	expect(at("one.test"), POLLED_OK);
}

static void
test_bounded(void)
{
	struct fetch_stats s;
	char name[64];

	conf.max_connections = conf.max_host_connections = 64;
	fresh_client();
	for (int i = 0; i < 30; i++) {
		struct answer v[100] = {0};

		for (size_t k = 0; k < COUNT(v); k++) {
			snprintf(name, sizeof(name), "h%d-%zu.nowhere.test", i, k);
			ask(&v[k], at(name));
		}
		wait_for(v, COUNT(v));
		for (size_t k = 0; k < COUNT(v); k++)
			answer_clear(&v[k]);
	}
	loop_turn(loop);
	fetch_client_stats(client, &s);
	CU_ASSERT_EQUAL(s.lookups, 3000);
	CU_ASSERT(s.names <= 100);
}

/* --- where names may not lead --- */

static void
test_forbidden_names(void)
{
	CU_ASSERT_TRUE(says(expect(at("private.test"), POLLED_REFUSED), "private"));
	CU_ASSERT_TRUE(says(expect(at("metadata.test"), POLLED_REFUSED), "address"));
	expect(at("inner.test"), POLLED_REFUSED);
	CU_ASSERT_EQUAL(last.r.request.len, 0);
	CU_ASSERT_STRING_EQUAL(
	    expect(at("mixed.test"), POLLED_OK)->hops[0].url, at("mixed.test"));
}

static void
test_rebinding(void)
{
	const struct fetch_result *r = expect(at("rebind.test"), POLLED_OK);

	/* The second answer is judged anew, though a connection is kept. */
	CU_ASSERT_EQUAL(r->nhops, 1);
	r = expect(at("rebind.test"), POLLED_REFUSED);
	CU_ASSERT_EQUAL(r->request.len, 0);
	expect(at("flip.test"), POLLED_REFUSED);
	r = expect(at("flip.test"), POLLED_OK);
	CU_ASSERT_TRUE(r->peer != NULL && strncmp(r->peer, "127.0.0.1:", 10) == 0);
}

/* --- addresses in every spelling --- */

/* The server stands at 127.0.0.1 and ::1, so that a mistake gets an answer. */
static const char *const forbidden[] = {"127.0.0.1", "2130706433", "0x7f000001",
    "017700000001", "0x7f.0.0.1", "0177.0.0.1", "0x7F.0x0.0x0.0x1", "00000177.0.0.1",
    "127.1", "127.0.1", "0x7f.1", "127.0.0.0x1", "127.0.0.1.", "2130706433.",
    "0x7f000001.", "localhost", "localhost.", "LOCALHOST", "a.localhost", "[::1]",
    "[0:0:0:0:0:0:0:1]", "[0000:0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]",
    "[2001:0:7f00:1::1]", "[2001:0:53aa:64c:0:0:80ff:fffe]", "[2606:4700::5efe:7f00:1]",
    "[2606:4700::200:5efe:7f00:1]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]",
    "[::1%25lo]", "[febf::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
    "[ff0e::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[2001:10::1]", "[5f00::1]",
    "[::]", "0.0.0.0", "0", "0x0", "0.0.0.1", "10.0.0.1", "10.1", "012.0.0.1",
    "100.64.0.1", "100.127.255.255", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "0251.0376.0251.0376", "169.254.43518", "169.254.169.254.", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.257", "3232235521", "192.0.0.1",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "4294967295", "037777777777", "256.0.0.1", "127.0.0.1.5", "4294967296", "name.0x7f",
    "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1" /* 1 2 7 in circles */,
    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1" /* full width */,
    "127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1" /* ideographic full stops */,
    "%31%32%37.0.0.1", "127.0.0.1%2e", "127%2e0.0.1", "%6cocalhost",
    "one.test@127.0.0.1", "one.test:80@127.0.0.1", "127.0.0.1%23@one.test",
    "127.0.0.1\\@one.test", "[::ffff:127.0.0.1%25lo]", "metadata.test", "private.test"};

/* Of the requests that the server got, those for /secret. */
static bool
secret_was_told(void)
{
	const struct fetch_result *r = get("/_log");

	CU_ASSERT_TRUE(holds(&r->body, "\"requests\""));
	return holds(&r->body, "/secret");
}

static void
test_forbidden_first_hop(void)
{
	struct fetch_request req = {.allow = NULL};
	char url[256];

	CU_ASSERT(COUNT(forbidden) >= 60);
	for (size_t i = 0; i < COUNT(forbidden); i++) {
		const struct fetch_result *r;

		snprintf(
		    url, sizeof(url), "http://%s:%d/secret", forbidden[i], web.port);
		req.url = url;
		r = get_with(&req);
		CU_ASSERT_EQUAL(r->outcome, POLLED_REFUSED);
		if (r->outcome != POLLED_REFUSED)
			fprintf(stderr, "%s: %d %s\n", url, r->outcome,
			    r->why != NULL ? r->why : "");
		CU_ASSERT_EQUAL(r->request.len, 0);
		CU_ASSERT_PTR_NULL(r->peer);
		CU_ASSERT_PTR_NOT_NULL(r->why);
	}
	CU_ASSERT_FALSE(secret_was_told());
}

/* As it stands in a query: all but letters and digits as %XX. */
static void
quote(char *out, size_t room, const char *s)
{
	size_t n = 0;

	for (; *s != '\0' && n + 4 < room; s++)
		n += (size_t)snprintf(
		    out + n, room - n, "%%%02X", (unsigned)(unsigned char)*s);
}

static void
test_forbidden_redirects(void)
{
	struct conf_range door = {
	    .bits = 128, .addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 3}};
	struct fetch_request req = {.allow = &door, .nallow = 1};
	char to[256], quoted[1024], url[2048];
	unsigned unusable = 0;

	for (size_t i = 0; i < COUNT(forbidden); i++) {
		const struct fetch_result *r;

		snprintf(to, sizeof(to), "http://%s:%d/secret", forbidden[i], web.port);
		quote(quoted, sizeof(quoted), to);
		snprintf(
		    url, sizeof(url), "http://127.0.0.3:%d/_to?%s", web.port, quoted);
		req.url = url;
		r = get_with(&req);
		CU_ASSERT_EQUAL(r->nhops, 1);
		CU_ASSERT_EQUAL(r->hops[0].status, 302);
		/* What libcurl cannot make an address of is no redirect at all. */
		unusable += r->outcome == POLLED_HTTP_ERROR;
		CU_ASSERT(
		    r->outcome == POLLED_REFUSED || r->outcome == POLLED_HTTP_ERROR);
		if (r->outcome != POLLED_REFUSED && r->outcome != POLLED_HTTP_ERROR)
			fprintf(stderr, "%s: %d %s\n", to, r->outcome,
			    r->why != NULL ? r->why : "");
	}
	CU_ASSERT(unusable < COUNT(forbidden) / 4);
	CU_ASSERT_FALSE(secret_was_told());
}

static const struct suite_test cases[] = {
    {"names of all kinds", test_kinds},
    {"IPv6", test_six},
    {"kept as long as the TTL says", test_kept},
    {"asked for once at a time", test_asked_once},
    {"one family is silent", test_one_family_is_silent},
    {"the next address", test_next_address},
    {"no such name, turned down", test_failures},
    {"name servers of the tenant", test_broken_servers},
    {"name servers of our own", test_own_servers},
    {"names that hang, no threads", test_hanging},
    {"given up", test_given_up},
    {"bounded memory", test_bounded},
    {"names that lead to forbidden places", test_forbidden_names},
    {"rebinding", test_rebinding},
    {"forbidden addresses", test_forbidden_first_hop},
    {"forbidden addresses behind redirects", test_forbidden_redirects},
};

static bool
has_ipv6(void)
{
	struct sockaddr_in6 at = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static void
set_up(void)
{
	const char *src = getenv("srcdir");
	char script[4096], zone[4096];

	snprintf(script, sizeof(script), "%s/tests/http_script.json",
	    src != NULL ? src : TOSD_SRCDIR);
	snprintf(zone, sizeof(zone), "%s/tests/dns_zone.json",
	    src != NULL ? src : TOSD_SRCDIR);
	ipv6 = has_ipv6();
	const char *plain[] = {"--script", script, "--bind",
	    ipv6 ? "127.0.0.1,127.0.0.2,127.0.0.3,::1"
		 : "127.0.0.1,127.0.0.2,127.0.0.3",
	    NULL};
	const char *names[] = {"--zone", zone, NULL};
	const char *none[] = {"--dead", NULL};

	web = http_child_start(plain);
	dns = http_child_run("dns_server.py", names);
	deaf = http_child_run("dns_server.py", none);
	snprintf(dns_address, sizeof(dns_address), "127.0.0.1:%d", dns.port);
	snprintf(deaf_address, sizeof(deaf_address), "127.0.0.1:%d", deaf.port);
	local.bits = 96 + 8;
	local.addr[10] = local.addr[11] = 0xff;
	local.addr[12] = 127;
	loop = loop_new();
}

int
main(void)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	set_up();
	if (web.port == 0 || dns.port == 0 || deaf.port == 0) {
		fprintf(stderr, "needs python3: skipped\n");
		return 77;
	}
	rc = suite_main_with("fetch names", cases, COUNT(cases), defaults);
	answer_clear(&last);
	fetch_client_free(&client);
	loop_free(&loop);
	http_child_stop(&web);
	http_child_stop(&dns);
	http_child_stop(&deaf);
	return rc;
}
