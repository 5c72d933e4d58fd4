/* SPDX-License-Identifier: Apache-2.0 */
/* test_fetch: the pure half of the fetch room: addresses and schedules. */
#include <arpa/inet.h>
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/clock.h"
#include "fetch/answer.h"
#include "fetch/guard.h"
#include "fetch/hosts.h"
#include "fetch/network.h"
#include "fetch/same.h"
#include "fetch/schedule.h"
#include "fetch/target.h"
#include "ipc/msg.h"
#include "suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Resolves a numeric spelling the way a resolver does it, inet_aton() forms included.
 */
static bool
resolve(const char *host, struct sockaddr_storage *ss)
{
	struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *ai = NULL;

	if (getaddrinfo(host, "80", &hints, &ai) != 0)
		return false;
	memcpy(ss, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	return true;
}

static bool
allowed(const char *host, const struct conf_range *v, size_t n, const char **why)
{
	struct sockaddr_storage ss = {0};

	if (!resolve(host, &ss)) {
		CU_FAIL("not a numeric address");
		fprintf(stderr, "cannot read %s\n", host);
		return false;
	}
	return guard_allows((struct sockaddr *)&ss, v, n, why);
}

static const char *const refused[] = {
    /* spellings of loopback */
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0x7f.0.0.1", "0x7f000001",
    "0X7F.1", "0177.0.0.1", "017700000001", "2130706433", "127.0.0.0x1", "::1",
    "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::7f00:1",
    "64:ff9b::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::1",
    /* this network */
    "0.0.0.0", "0", "0.1.2.3", "::", "::ffff:0.0.0.0",
    /* metadata services and link-local */
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.0.1",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "fe80::1", "febf:ffff::1", "fd00:ec2::254",
    /* private */
    "10.0.0.0", "10.255.255.255", "012.0.0.1", "10.1", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "192.168.257", "3232235521", "::ffff:10.0.0.1", "::ffff:c0a8:1",
    "2002:c0a8:1::1", "fc00::1", "fdff:ffff::1", "100.64.0.1", "100.127.255.255",
    /* protocol, documentation, benchmark */
    "192.0.0.1", "192.0.0.170", "192.0.2.1", "198.51.100.7", "203.0.113.9",
    "198.18.0.1", "198.19.255.255", "192.88.99.1", "2001:db8::1", "3fff::1",
    "2001:2::1", "2001:10::1", "2001:1ff::1", "100::1", "64:ff9b:1::1",
    /* multicast, reserved, the rest */
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "ff02::1",
    "ff0e::1", "fec0::1", "5f00::1", "4000::1", "e000::1", "::ffff:0:1.1.1.1",
    "64:ff9b::1.1.1.1"};

static const char *const granted[] = {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
    "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
    "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
    "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "198.51.99.255", "203.0.112.255", "223.255.255.255", "::ffff:1.1.1.1",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::1", "2001:db7:ffff::1",
    "2001:db9::1", "2003::1", "3ffe:ffff::1"};

static void
test_guard_refuses(void)
{
	CU_ASSERT(COUNT(refused) >= 60);
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *why = NULL;
		bool ok = allowed(refused[i], NULL, 0, &why);

		CU_ASSERT_FALSE(ok);
		CU_ASSERT_PTR_NOT_NULL(why);
		if (ok)
			fprintf(stderr, "was let through: %s\n", refused[i]);
	}
}

static void
test_guard_grants(void)
{
	for (size_t i = 0; i < COUNT(granted); i++) {
		const char *why = "";
		bool ok = allowed(granted[i], NULL, 0, &why);

		CU_ASSERT_TRUE(ok);
		if (!ok)
			fprintf(stderr, "was refused: %s: %s\n", granted[i], why);
	}
}

static struct conf_range
range(const char *v6, unsigned bits)
{
	struct conf_range r = {.bits = bits};

	CU_ASSERT_EQUAL(inet_pton(AF_INET6, v6, r.addr), 1);
	return r;
}

static void
test_guard_allow_list(void)
{
	struct conf_range v[] = {range("::ffff:10.20.0.0", 112), range("fd12::", 16),
	    range("64:ff9b::", 96)};
	struct conf_range wild = {.bits = 4000}, host = range("::ffff:127.0.0.1", 128);

	CU_ASSERT_TRUE(allowed("10.20.3.4", v, COUNT(v), NULL));
	CU_ASSERT_TRUE(allowed("::ffff:10.20.3.4", v, COUNT(v), NULL));
	CU_ASSERT_FALSE(allowed("10.21.0.1", v, COUNT(v), NULL));
	CU_ASSERT_TRUE(allowed("fd12:3::4", v, COUNT(v), NULL));
	CU_ASSERT_FALSE(allowed("fd13::4", v, COUNT(v), NULL));
	/* A translator that is allowed does not open what is behind it. */
	CU_ASSERT_TRUE(allowed("64:ff9b::1.1.1.1", v, COUNT(v), NULL));
	CU_ASSERT_TRUE(allowed("64:ff9b::10.20.0.1", v, COUNT(v), NULL));
	CU_ASSERT_FALSE(allowed("64:ff9b::169.254.169.254", v, COUNT(v), NULL));
	CU_ASSERT_FALSE(allowed("127.0.0.1", &wild, 1, NULL));
	CU_ASSERT_TRUE(allowed("127.0.0.1", &host, 1, NULL));
	CU_ASSERT_FALSE(allowed("127.0.0.2", &host, 1, NULL));
}

static void
test_guard_families(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_storage ss = {0};
	char name[GUARD_TEXT];

	CU_ASSERT_FALSE(guard_allows((struct sockaddr *)&un, NULL, 0, NULL));
	CU_ASSERT_TRUE(resolve("2001:db8::5", &ss));
	CU_ASSERT_STRING_EQUAL(
	    guard_name((struct sockaddr *)&ss, name), "[2001:db8::5]:80");
	CU_ASSERT_TRUE(resolve("192.0.2.7", &ss));
	CU_ASSERT_STRING_EQUAL(
	    guard_name((struct sockaddr *)&ss, name), "192.0.2.7:80");
	((struct sockaddr_in *)&ss)->sin_port = 0;
	CU_ASSERT_STRING_EQUAL(guard_name((struct sockaddr *)&ss, name), "192.0.2.7");
}

static void
test_guard_url(void)
{
	static const char *const good[] = {"http://example.net/",
	    "https://example.net/f?x", "HTTPS://EXAMPLE.NET/",
	    "http://example.net:8080/a", "http://[2606::1]/f.xml",
	    "https://example.net", "http://example.net:65535/"};
	static const char *const bad[] = {"", "example.net/f", "//example.net/f",
	    "ftp://example.net/", "file:///etc/passwd", "gopher://example.net/",
	    "javascript:alert(1)", "http://", "http://user@example.net/",
	    "http://user:pw@example.net/", "http://example.net:25/",
	    "http://example.net:6667/", "http://example.net:0/",
	    "http://example.net:65536/", "http://example.net/a b",
	    "http://exa\nmple.net/", "http://example.net/\r\nX: y", "http://[::1/",
	    "dict://example.net:80/x", "unix:///run/x", "http://example.net:22/",
	    "http://127.0.0.1./", "http://1.2.3.4.5/", "http://a.0x1/", "http://a..b/",
	    "http://[fe80::1%25eth0]/", "http://%61.example/", "http://a b/",
	    "http://.example/", "http://a\\b.example/"};

	setlocale(LC_CTYPE, "C.UTF-8"); /* as fetch_client_new() does it */
	static const struct {
		const char *url, *host;
		unsigned port;
		bool literal;
	} parts[] = {
	    {"https://EXAMPLE.net./", "example.net", 443, false},
	    {"http://0x7f.1:8080/", "127.0.0.1", 8080, true},
	    {"http://2130706433/", "127.0.0.1", 80, true},
	    {"http://[::FFFF:1.2.3.4]/", NULL, 80, true},
	    {"http://b\xc3\xbc"
	     "cher.example/",
		"xn--bcher-kva.example", 80, false},
	    {"http://under_score.example/", "under_score.example", 80, false},
	};

	for (size_t i = 0; i < COUNT(good); i++)
		CU_ASSERT_TRUE(target_of(good[i], NULL, NULL));
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *why = NULL;

		CU_ASSERT_FALSE(target_of(bad[i], NULL, &why));
		CU_ASSERT_PTR_NOT_NULL(why);
	}
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct target t;

		CU_ASSERT_TRUE(target_of(parts[i].url, &t, NULL));
		CU_ASSERT_TRUE(t.host != NULL && (parts[i].host == NULL ||
						     !strcmp(t.host, parts[i].host)));
		CU_ASSERT_EQUAL(t.port, parts[i].port);
		CU_ASSERT_EQUAL(t.literal, parts[i].literal);
		target_clear(&t);
	}
}

/* --- schedule --- */

static const struct fetch_plan_in usual = {.now = 1000000,
    .base_interval = CLOCK_HOUR,
    .min = 5 * CLOCK_MIN,
    .max = CLOCK_DAY,
    .weekly = -1,
    .hint_max = CLOCK_DAY,
    .retry_max = CLOCK_DAY,
    .outcome = POLLED_OK,
    .jitter_seed = 7};

static bool
within_tenth(int64_t d, int64_t about)
{
	return d >= about - about / 10 && d <= about + about / 10;
}

static void
test_plan_success(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	in.failures = 9;
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, CLOCK_HOUR));
	CU_ASSERT_EQUAL(p.failures, 0);
	CU_ASSERT_PTR_NULL(p.silence);
	in.base_interval = CLOCK_MIN; /* below min: min */
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, in.min));
	in.base_interval = 2 * CLOCK_SEC; /* a demonstration means what it says */
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, 2 * CLOCK_SEC));
	in.base_interval = 0;
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(p.next > in.now);
}

static void
test_plan_hint(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	for (uint64_t seed = 0; seed < 200; seed++) {
		in.jitter_seed = seed;
		in.outcome = seed % 2 ? POLLED_OK : POLLED_UNCHANGED;
		in.hint = 3 * CLOCK_HOUR;
		fetch_plan(&in, &p);
		CU_ASSERT(p.next - in.now >= in.hint);
		CU_ASSERT(p.next - in.now <= in.hint + in.hint / 10);
		in.hint = CLOCK_MIN; /* a shorter wish does not make us faster */
		fetch_plan(&in, &p);
		CU_ASSERT_TRUE(within_tenth(p.next - in.now, CLOCK_HOUR));
		in.hint = 525600 * CLOCK_MIN;
		fetch_plan(&in, &p);
		CU_ASSERT_EQUAL(p.next - in.now, CLOCK_DAY);
		CU_ASSERT_PTR_NOT_NULL(p.silence); /* we ask all the same, and say so */
		CU_ASSERT_EQUAL(p.asked, in.hint);
		CU_ASSERT_EQUAL(p.cap, CLOCK_DAY);
		in.ttl = in.hint; /* the document's own wish is one like it */
		in.hint = 0;
		fetch_plan(&in, &p);
		CU_ASSERT_EQUAL(p.next - in.now, CLOCK_DAY);
		CU_ASSERT_PTR_NOT_NULL(p.silence);
		in.hint = CLOCK_DAY; /* exactly the cap is obeyed to the full */
		in.ttl = 0;
		fetch_plan(&in, &p);
		CU_ASSERT_PTR_NULL(p.silence);
	}
	in.hint = INT64_MAX;
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.next - in.now, CLOCK_DAY);
	in.hint = -5;
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, CLOCK_HOUR));
}

static void
test_plan_backoff(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan p = {0};
	int64_t want = CLOCK_MIN;

	for (unsigned o = 0; o < POLLED_COUNT; o++) {
		if (o == POLLED_OK || o == POLLED_UNCHANGED || o == POLLED_OWN_FAULT ||
		    o == POLLED_GONE || o == POLLED_RATE_LIMIT)
			continue;
		in.outcome = o;
		want = CLOCK_MIN;
		for (in.failures = 0; in.failures < 40; in.failures = p.failures) {
			fetch_plan(&in, &p);
			CU_ASSERT_TRUE(within_tenth(p.next - in.now, want));
			CU_ASSERT_EQUAL(p.failures, in.failures + 1);
			want = want * 2 > CLOCK_DAY ? CLOCK_DAY : want * 2;
		}
	}
	in.failures = UINT32_MAX;
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.failures, UINT32_MAX);
	CU_ASSERT(p.next - in.now <= CLOCK_DAY);
	in.base_interval = 3 * CLOCK_SEC; /* back-off of a demonstration */
	in.max = 20 * CLOCK_SEC;
	in.failures = 0;
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, 3 * CLOCK_SEC));
	in.failures = 30;
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, 20 * CLOCK_SEC));
}

static void
test_plan_own_fault(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	in.outcome = POLLED_OWN_FAULT;
	in.failures = 5;
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.failures, 5);
	/* a quarter of an hour, and up to a sixth of the interval */
	CU_ASSERT(
	    p.next - in.now >= 13 * CLOCK_MIN && p.next - in.now <= 28 * CLOCK_MIN);
	CU_ASSERT_PTR_NULL(p.silence);
	CU_ASSERT_FALSE(fetch_plan_counts(POLLED_OWN_FAULT));
	CU_ASSERT_FALSE(fetch_plan_counts(POLLED_UNCHANGED));
	CU_ASSERT_TRUE(fetch_plan_counts(POLLED_TLS));
	in.base_interval =
	    6 * CLOCK_MIN; /* in step with the others: no wave after it */
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, 6 * CLOCK_MIN));
}

static void
test_plan_limits(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	in.outcome = POLLED_RATE_LIMIT;
	fetch_plan(&in, &p); /* it did not say how long: not sooner than usual */
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, CLOCK_HOUR));
	in.retry_after = 2 * CLOCK_HOUR;
	for (in.jitter_seed = 0; in.jitter_seed < 100; in.jitter_seed++) {
		fetch_plan(&in, &p);
		CU_ASSERT(p.next - in.now >= in.retry_after);
		CU_ASSERT(p.next - in.now <= in.retry_after + in.retry_after / 10);
		CU_ASSERT_PTR_NULL(p.silence);
	}
	in.retry_after = CLOCK_DAY; /* exactly the cap is obeyed to the full */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.next - in.now, CLOCK_DAY);
	CU_ASSERT_PTR_NULL(p.silence);
	in.retry_after = 31536000 * CLOCK_SEC;
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.next - in.now, CLOCK_DAY);
	CU_ASSERT_PTR_NOT_NULL(p.silence);
	in.hint_max = INT64_MAX; /* the other cap is not its */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.next - in.now, CLOCK_DAY);
	in.retry_after = 0;
	in.outcome = POLLED_GONE;
	fetch_plan(&in, &p);
	CU_ASSERT(p.next - in.now >= CLOCK_DAY - CLOCK_DAY / 10);
	CU_ASSERT(p.next - in.now <= CLOCK_DAY);
	in.outcome = 200; /* no such outcome: must not read beyond the table */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.failures, 1);
}

static void
test_plan_jitter(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan a, b;
	int64_t low = INT64_MAX, high = 0;

	for (in.jitter_seed = 0; in.jitter_seed < 1000; in.jitter_seed++) {
		fetch_plan(&in, &a);
		fetch_plan(&in, &b);
		CU_ASSERT_EQUAL(a.next, b.next);
		low = a.next - in.now < low ? a.next - in.now : low;
		high = a.next - in.now > high ? a.next - in.now : high;
	}
	CU_ASSERT(low < CLOCK_HOUR * 91 / 100 && low >= CLOCK_HOUR * 90 / 100);
	CU_ASSERT(high > CLOCK_HOUR * 109 / 100 && high <= CLOCK_HOUR * 110 / 100);
}

static void
test_plan_rate(void)
{
	static const struct {
		double weekly;
		int64_t want;
	} rows[] = {{0, CLOCK_DAY}, {1, CLOCK_DAY}, {7, CLOCK_DAY},
	    {14, 12 * CLOCK_HOUR}, {168, CLOCK_HOUR}, {2016, 5 * CLOCK_MIN},
	    {1e9, 5 * CLOCK_MIN}, {-1, CLOCK_HOUR}};
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	for (size_t i = 0; i < COUNT(rows); i++) {
		in.weekly = rows[i].weekly;
		in.outcome = i % 2 ? POLLED_OK : POLLED_UNCHANGED;
		fetch_plan(&in, &p);
		CU_ASSERT_EQUAL(p.interval, rows[i].want);
		CU_ASSERT_TRUE(within_tenth(p.next - in.now, rows[i].want));
	}
	in.weekly = 7;
	in.flood = true; /* what was pushed out unseen must not be more */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.interval, 5 * CLOCK_MIN);
	in.fixed = true; /* the operator's word */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.interval, CLOCK_HOUR);
	in.fixed = false;
	in.base_interval = 2 * CLOCK_SEC; /* a demonstration means what it says */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.interval, 2 * CLOCK_SEC);
}

static bool
is_skipped(const struct fetch_plan_in *in, int64_t t)
{
	return in->skip_hours >> (t / CLOCK_HOUR % 24) & 1 ||
	       in->skip_days >> ((t / CLOCK_DAY + 4) % 7) & 1;
}

static void
test_plan_skips(void)
{
	/* 2026-01-05, a Monday, 08:30 GMT. */
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	in.now = 1767600000000 + 30 * CLOCK_MIN;
	in.skip_hours = 1u << 9 | 1u << 10;
	for (in.jitter_seed = 0; in.jitter_seed < 200; in.jitter_seed++) {
		fetch_plan(&in, &p); /* due about 9:30: not before 11 */
		CU_ASSERT(p.next >= in.now + 150 * CLOCK_MIN);
		CU_ASSERT(p.next <= in.now + 160 * CLOCK_MIN);
		CU_ASSERT_PTR_NULL(p.silence);
		CU_ASSERT_FALSE(is_skipped(&in, p.next));
	}
	in.outcome = POLLED_TIMEOUT; /* nor after a failure */
	in.now += CLOCK_HOUR;
	fetch_plan(&in, &p);
	CU_ASSERT_FALSE(is_skipped(&in, p.next));
	in = usual;
	in.now = 1767600000000;
	in.skip_days = 1 << 1; /* Mondays: until Tuesday, 16 hours ahead */
	fetch_plan(&in, &p);
	CU_ASSERT(p.next >= in.now + 16 * CLOCK_HOUR);
	CU_ASSERT(p.next <= in.now + 16 * CLOCK_HOUR + 10 * CLOCK_MIN);
	in.skip_days = 1 << 1 | 1 << 2; /* 40 hours: beyond the cap */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.next, in.now + CLOCK_DAY);
	CU_ASSERT_PTR_NOT_NULL(p.silence);
	CU_ASSERT_EQUAL(p.asked, 40 * CLOCK_HOUR);
	in.skip_days = 0;
	in.skip_hours = 0xffffff; /* never */
	fetch_plan(&in, &p);
	CU_ASSERT_EQUAL(p.next, in.now + CLOCK_DAY);
	CU_ASSERT_PTR_NOT_NULL(p.silence);
	CU_ASSERT_EQUAL(p.asked, 0);
	in.skip_hours = 1u << 20; /* not now: of no effect */
	fetch_plan(&in, &p);
	CU_ASSERT_TRUE(within_tenth(p.next - in.now, CLOCK_HOUR));
}

/* Retry-After also counts after a success: a redirect on the way may have said it. */
static void
test_plan_retry_on_redirect(void)
{
	struct fetch_plan_in in = usual;
	struct fetch_plan p;

	in.retry_after = 3 * CLOCK_HOUR;
	fetch_plan(&in, &p);
	CU_ASSERT(p.next - in.now >= 3 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(p.failures, 0);
	CU_ASSERT_STRING_EQUAL(p.why, "Retry-After");
}

static void
test_first_is_spread(void)
{
	unsigned bins[10] = {0};

	for (uint64_t seed = 0; seed < 10000; seed++) {
		int64_t t = fetch_first(5000, CLOCK_HOUR, seed);

		CU_ASSERT_FATAL(t >= 5000 && t < 5000 + CLOCK_HOUR);
		bins[(t - 5000) * 10 / CLOCK_HOUR]++;
	}
	for (size_t i = 0; i < COUNT(bins); i++)
		CU_ASSERT(bins[i] > 850 && bins[i] < 1150);
	CU_ASSERT_EQUAL(fetch_first(5000, 0, 1), 5000);
}

/* How many in the busiest second of v, and the last one's time; on average over it. */
static unsigned
late_second(const struct fetch_late *v, size_t n, int64_t from, double *mean)
{
	unsigned *bins = xcalloc(100000, sizeof(*bins)), top = 0;
	int64_t last = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t s = (v[i].next - from) / CLOCK_SEC;

		CU_ASSERT_FATAL(s >= 0 && s < 100000);
		top = ++bins[s] > top ? bins[s] : top;
		last = s > last ? s : last;
	}
	free(bins);
	*mean = (double)n / (double)(last + 1);
	return top;
}

/* All of 10,000 are late; then a few; then two kinds, of which the short ones are the
 * last whose time was up. */
static void
test_late_are_spread(void)
{
	enum { N = 10000 };
	static struct fetch_late v[N];
	const int64_t now = 7 * CLOCK_DAY, every = 5 * CLOCK_MIN;
	const double rate = N * 1000.0 / (double)every;
	double mean;

	for (size_t i = 0; i < N; i++)
		v[i] = (struct fetch_late){.feed = (int64_t)i,
		    .interval = every,
		    .due = i % 10 == 3 ? CLOCK_NONE
				       : now - CLOCK_DAY - (int64_t)(i * 7919 % N)};
	fetch_spread(v, N, rate, now);
	CU_ASSERT(late_second(v, N, now, &mean) <= 3 * mean);
	CU_ASSERT_DOUBLE_EQUAL(mean, rate, 1);
	for (size_t i = 0; i < N; i++) {
		CU_ASSERT((v[i].due == CLOCK_NONE) == (i < N / 10));
		CU_ASSERT(v[i].next >= now && v[i].next < now + every);
		CU_ASSERT(
		    i == 0 || (v[i].due >= v[i - 1].due && v[i].next >= v[i - 1].next));
	}
	/* What fell due in ten seconds takes ten seconds. */
	fetch_spread(v, 333, rate, now);
	CU_ASSERT(
	    v[332].next > now + 9 * CLOCK_SEC && v[332].next < now + 11 * CLOCK_SEC);
	/* Of few feeds there is no burst. */
	for (size_t i = 0; i < 20; i++)
		v[i].interval = CLOCK_DAY;
	fetch_spread(v, 20, 20 / 86400.0, now);
	CU_ASSERT(v[0].next == now && v[19].next <= now + 4 * CLOCK_SEC);
	for (size_t i = 0; i < N; i++)
		v[i] = (struct fetch_late){.feed = (int64_t)i,
		    .interval = i % 10 ? CLOCK_HOUR : CLOCK_MIN,
		    .due = i % 10 ? now - CLOCK_HOUR - (int64_t)i : now - 5};
	fetch_spread(v, N, 9000 / 3600.0 + 1000 / 60.0, now);
	for (size_t i = 0; i < N; i++)
		CU_ASSERT(v[i].next < now + v[i].interval);
	CU_ASSERT(late_second(v, N, now, &mean) <= 2 * (2.5 + 17) + 2);
	fetch_spread(v, 0, rate, now);
	v[0] = (struct fetch_late){.interval = 0};
	fetch_spread(v, 1, 0, now);
	CU_ASSERT_EQUAL(v[0].next, now);
}

/* --- answers --- */

static struct buf
head_of(const char *lines)
{
	struct buf b = {0};

	buf_printf(&b, "HTTP/1.1 200 OK\r\n%s\r\n", lines);
	return b;
}

static void
test_answer_header(void)
{
	static const struct {
		const char *lines, *want;
	} rows[] = {
	    {"ETag: \"a\"\r\n", "\"a\""},
	    {"eTAG:\"a\"\r\n", "\"a\""},
	    {"ETag:  \t \"a b\" \t \r\n", "\"a b\""},
	    {"ETag:\r\n", ""},
	    {"ETag: \r\nX: y\r\n", ""},
	    {"ETag: one\r\nETag: two\r\n", "one"},
	    {"ETag: bare\n", "bare"},
	    {"X-ETag: no\r\nETagger: no\r\nETag : no\r\n", NULL},
	    {"X: y\r\n ETag: folded\r\n", NULL},
	    {"", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = head_of(rows[i].lines);
		char *v = answer_header(&b, "ETag");

		if (rows[i].want == NULL)
			CU_ASSERT_PTR_NULL(v)
		else
			CU_ASSERT_STRING_EQUAL(v, rows[i].want);
		free(v);
		buf_free(&b);
	}
	struct buf none = {0}, cut = {0};
	CU_ASSERT_PTR_NULL(answer_header(&none, "ETag"));
	buf_puts(&cut, "HTTP/1.1 200 OK\r\nETag: cu");
	CU_ASSERT_PTR_NULL(answer_header(&cut, "ETag"));
	buf_free(&cut);
}

static void
test_answer_status(void)
{
	static const struct {
		const char *line;
		int want;
	} rows[] = {{"HTTP/1.1 200 OK\r\n", 200}, {"HTTP/2 304 \r\n", 304},
	    {"HTTP/1.0 404", 404}, {"HTTP/1.1 20", 0}, {"HTTP/1.1", 0},
	    {"HTTP/1.1 ", 0}, {"HTTP/1.1 2x0 OK", 0}, {"XTTP/1.1 200 OK", 0}, {"", 0}};

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(
		    answer_status(rows[i].line, strlen(rows[i].line)), rows[i].want);
}

#define NOON 784111777000 /* Sun, 06 Nov 1994 08:49:37 GMT, of RFC 9110 */

static void
test_answer_fresh(void)
{
	static const struct {
		const char *lines;
		int64_t want;
	} rows[] = {
	    {"", 0},
	    {"Cache-Control: max-age=300\r\n", 300},
	    {"Cache-Control: public,MAX-AGE=300 , x\r\n", 300},
	    {"Cache-Control: max-age=\"300\"\r\n", 300},
	    {"Cache-Control: max-age=300\r\nAge: 100\r\n", 200},
	    {"Cache-Control: max-age=300\r\nAge: 900\r\n", 0},
	    {"Cache-Control: s-maxage=300\r\n", 0},
	    {"Cache-Control: x-max-age=300\r\n", 0},
	    {"Cache-Control: max-age=300, no-cache\r\n", 0},
	    {"Cache-Control: no-store, max-age=300\r\n", 0},
	    {"Cache-Control: max-age=-5\r\n", 0},
	    {"Cache-Control: max-age=\r\n", 0},
	    {"Cache-Control: max-age\r\n", 0},
	    {"Expires: Sun, 06 Nov 1994 08:59:37 GMT\r\n", 600},
	    {"Expires: Sunday, 06-Nov-94 08:59:37 GMT\r\n", 600},
	    {"Expires: Sun Nov  6 08:59:37 1994\r\n", 600},
	    {"Expires: Sun, 06 Nov 1994 08:59:37 GMT\r\n"
	     "Date: Sun, 06 Nov 1994 08:58:37 GMT\r\n",
		60},
	    {"Expires: Sun, 06 Nov 1994 07:59:37 GMT\r\n", 0},
	    {"Expires: 0\r\n", 0},
	    {"Cache-Control: max-age=60\r\nExpires: Sun, 06 Nov 1999 08:59:37 GMT\r\n",
		60},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = head_of(rows[i].lines);

		CU_ASSERT_EQUAL(answer_fresh(&b, NOON), rows[i].want * CLOCK_SEC);
		if (answer_fresh(&b, NOON) != rows[i].want * CLOCK_SEC)
			fprintf(stderr, "%s gives %lld\n", rows[i].lines,
			    (long long)answer_fresh(&b, NOON));
		buf_free(&b);
	}
}

static void
test_answer_retry_after(void)
{
	static const struct {
		const char *lines;
		int64_t want;
	} rows[] = {
	    {"", 0},
	    {"Retry-After: 120\r\n", 120},
	    {"Retry-After: 0\r\n", 0},
	    {"Retry-After: -1\r\n", 0},
	    {"Retry-After: soon\r\n", 0},
	    {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", 60},
	    {"Retry-After: Sun, 06 Nov 1994 08:00:00 GMT\r\n", 0},
	    /* their clock is a day ahead of ours */
	    {"Date: Mon, 07 Nov 1994 08:49:37 GMT\r\n"
	     "Retry-After: Mon, 07 Nov 1994 08:50:37 GMT\r\n",
		60},
	};
	struct buf b;

	for (size_t i = 0; i < COUNT(rows); i++) {
		b = head_of(rows[i].lines);
		CU_ASSERT_EQUAL(answer_retry_after(&b, NOON), rows[i].want * CLOCK_SEC);
		buf_free(&b);
	}
	b = head_of("Retry-After: 99999999999999999999999999\r\n");
	CU_ASSERT(answer_retry_after(&b, NOON) > 1000 * 365 * CLOCK_DAY);
	buf_free(&b);
}

static void
test_answer_young(void)
{
	static const struct {
		const char *lines;
		bool want;
	} rows[] = {
	    {"", false},
	    {"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", false},
	    {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	     "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		true},
	    {"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
	     "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		true},
	    {"Date: Sun, 06 Nov 1994 08:49:39 GMT\r\n"
	     "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		false},
	    /* it will change, or its clock is wrong */
	    {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	     "Last-Modified: Sun, 06 Nov 1995 08:49:37 GMT\r\n",
		true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = head_of(rows[i].lines);

		CU_ASSERT_EQUAL(answer_young(&b), rows[i].want);
		buf_free(&b);
	}
}

/* --- hosts --- */

/* Connections are kept while all have room, and where somebody waits for one. */
static void
test_hosts_keep(void)
{
	struct host_wait w[200], more;
	struct hosts *h = hosts_new(2, 0);
	int64_t now = 1000;

	for (size_t i = 0; i < COUNT(w); i++) {
		char name[20];

		snprintf(name, sizeof(name), "h%zu.test", i);
		hosts_put(h, name, &w[i], false);
		now += 10;
		CU_ASSERT_PTR_EQUAL(hosts_take(h, now), &w[i]);
		CU_ASSERT_EQUAL(hosts_worth_keeping(h, &w[i], now), i < 128);
	}
	hosts_put(h, "h199.test", &more, false);
	CU_ASSERT_TRUE(hosts_worth_keeping(h, &w[199], now));
	CU_ASSERT_PTR_EQUAL(hosts_take(h, now), &more);
	CU_ASSERT_FALSE(hosts_worth_keeping(h, &more, now));
	/* The same few hosts again and again crowd nobody out. */
	CU_ASSERT_FALSE(hosts_worth_keeping(h, &more, now + CLOCK_MIN));
	CU_ASSERT_TRUE(hosts_worth_keeping(h, &more, now + 3 * CLOCK_MIN));
	hosts_end(h, &more);
	for (size_t i = 0; i < COUNT(w); i++)
		hosts_end(h, &w[i]);
	hosts_free(&h);
}

static void
test_hosts_gap(void)
{
	struct host_wait w[4] = {0};
	struct hosts *h = hosts_new(2, 100);

	CU_ASSERT_EQUAL(hosts_due(h), INT64_MAX);
	hosts_put(h, "a", &w[0], false);
	hosts_put(h, "a", &w[1], false);
	hosts_put(h, "a", &w[2], true); /* a redirect goes before the others */
	hosts_put(h, "b", &w[3], false);
	CU_ASSERT_EQUAL(hosts_waiting(h), 4);
	struct host_wait *x = hosts_take(h, 1000), *y = hosts_take(h, 1000);
	CU_ASSERT((x == &w[2] && y == &w[3]) || (x == &w[3] && y == &w[2]));
	CU_ASSERT_PTR_NULL(hosts_take(h, 1099));
	CU_ASSERT_EQUAL(hosts_due(h), 1100);
	CU_ASSERT_PTR_EQUAL(hosts_take(h, 1100), &w[0]);
	CU_ASSERT_PTR_NULL(hosts_take(h, 5000)); /* two of a are running */
	CU_ASSERT_EQUAL(hosts_due(h), INT64_MAX);
	hosts_end(h, &w[2]);
	CU_ASSERT_PTR_EQUAL(hosts_take(h, 5000), &w[1]);
	for (size_t i = 0; i < 4; i++)
		if (w[i].host != NULL)
			hosts_end(h, &w[i]);
	CU_ASSERT_PTR_NULL(hosts_take(h, 5099));
	CU_ASSERT_EQUAL(hosts_count(h), 1); /* b's gap is over, a's is not */
	CU_ASSERT_PTR_NULL(hosts_take(h, 5100));
	CU_ASSERT_EQUAL(hosts_count(h), 0);
	hosts_free(&h);
	CU_ASSERT_PTR_NULL(h);
}

/* A thousand hosts in disorder, against what must always hold. */
static void
test_hosts_many(void)
{
	enum { HOSTS = 1000, EACH = 5, N = HOSTS * EACH };
	static struct host_wait w[N];
	static int64_t started[HOSTS];
	static unsigned running[HOSTS];
	struct hosts *h = hosts_new(2, 50);
	struct host_wait *x, *live[N];
	unsigned taken = 0, nlive = 0, rnd = 1;
	char name[16];

	memset(w, 0, sizeof(w));
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "h%u", i * 7919 % HOSTS);
		hosts_put(h, name, &w[i], i % 3 == 0);
	}
	for (unsigned i = 0; i < HOSTS; i++)
		started[i] = -50;
	for (int64_t now = 0; now < 100000 && (taken < N || nlive > 0); now++) {
		while ((x = hosts_take(h, now)) != NULL) {
			unsigned k = (unsigned)(x - w) * 7919 % HOSTS;

			CU_ASSERT_FATAL(now - started[k] >= 50);
			CU_ASSERT_FATAL(++running[k] <= 2);
			started[k] = now;
			live[nlive++] = x;
			taken++;
		}
		for (unsigned n = nlive / 20 + 1; n > 0 && nlive > 0; n--) {
			unsigned i = (rnd = rnd * 1103515245u + 12345u) / 65536 % nlive;

			running[(unsigned)(live[i] - w) * 7919 % HOSTS]--;
			hosts_end(h, live[i]);
			live[i] = live[--nlive];
		}
	}
	CU_ASSERT_EQUAL(taken, N);
	CU_ASSERT_EQUAL(hosts_waiting(h), 0);
	CU_ASSERT_PTR_NULL(hosts_take(h, INT64_MAX));
	CU_ASSERT_EQUAL(hosts_count(h), 0);
	hosts_free(&h);
}

static void
test_hosts_pause(void)
{
	struct host_wait w[4] = {0}, *x;
	struct hosts *h = hosts_new(2, 100);

	CU_ASSERT_EQUAL(hosts_paused(h, "a", 0), INT64_MIN);
	hosts_put(h, "a", &w[0], false);
	CU_ASSERT_PTR_EQUAL(hosts_take(h, 1000), &w[0]);
	hosts_put(h, "a", &w[1], false);
	hosts_put(h, "a", &w[2], false);
	hosts_pause(h, "a", 9000);
	hosts_pause(h, "a", 5000); /* shorter: does not count */
	CU_ASSERT_EQUAL(hosts_paused(h, "a", 1000), 9000);
	CU_ASSERT_EQUAL(hosts_paused(h, "b", 1000), INT64_MIN);
	hosts_end(h, &w[0]);
	CU_ASSERT_PTR_NULL(hosts_take(h, 8999));
	CU_ASSERT_EQUAL(hosts_due(h), 9000);
	x = hosts_drop(h, "a");
	CU_ASSERT_PTR_EQUAL(x, &w[1]);
	CU_ASSERT_PTR_EQUAL(hosts_take(h, 9000), &w[2]);
	CU_ASSERT_EQUAL(hosts_paused(h, "a", 9000), INT64_MIN);
	CU_ASSERT_PTR_NULL(hosts_drop(h, "a"));
	hosts_end(h, &w[2]);
	/* One that nobody waits for is forgotten when its pause is over. */
	hosts_pause(h, "c", 20000);
	CU_ASSERT_EQUAL(hosts_count(h), 2);
	CU_ASSERT_PTR_NULL(hosts_take(h, 19999));
	CU_ASSERT_EQUAL(hosts_paused(h, "c", 19999), 20000);
	CU_ASSERT_PTR_NULL(hosts_take(h, 20000));
	CU_ASSERT_EQUAL(hosts_count(h), 0);
	hosts_free(&h);
}

#define CROWD 100000

/* Whatever tenants make up, what is left of it in the end is nothing. */
static void
test_hosts_crowd(void)
{
	struct host_wait *w = xcalloc(CROWD, sizeof(*w)), *x;
	struct hosts *h = hosts_new(2, 1000);
	size_t heap = mallinfo2().uordblks, taken = 0;
	char name[32];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CROWD; i++) {
			snprintf(name, sizeof(name), "h%d.example", i);
			hosts_put(h, name, &w[i], false);
			if ((x = hosts_take(h, i)) == NULL)
				continue;
			taken++;
			if (i % 2)
				hosts_pause(h, name, i + 500000);
			hosts_end(h, x);
			hosts_take(h, i); /* forgets those that are due */
		}
		/* Those that pause, and those within their gap. */
		CU_ASSERT(hosts_count(h) <= 16384 + 1001);
		while (hosts_take(h, INT64_MAX) != NULL)
			;
	}
	CU_ASSERT_EQUAL(taken, 3 * CROWD);
	CU_ASSERT_EQUAL(hosts_count(h), 0);
	CU_ASSERT(mallinfo2().uordblks < heap + 20000);
	hosts_free(&h);
	free(w);
}

/* --- known bodies --- */

static void
test_same(void)
{
	static char body[100000];
	char mark[SAME_HEX], other[SAME_HEX];
	size_t lengths[] = {0, 1, 15, 16, 17, 4096, 99999};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t n = lengths[i];

		same_mark(body, n, mark);
		same_mark(body, n, other);
		CU_ASSERT_EQUAL(strlen(mark), SAME_HEX - 1);
		CU_ASSERT_STRING_NOT_EQUAL(mark, other); /* each has a key of its own */
		CU_ASSERT_TRUE(same_check(mark, body, n));
		CU_ASSERT_FALSE(same_check(mark, body, n + 1)); /* zeros count, too */
		if (n == 0)
			continue;
		CU_ASSERT_FALSE(same_check(mark, body, n - 1));
		body[n / 2] ^= 1;
		CU_ASSERT_FALSE(same_check(mark, body, n));
		CU_ASSERT_FALSE(same_check(other, body, n));
		body[n / 2] ^= 1;
	}
	CU_ASSERT_FALSE(same_check(NULL, body, 5));
	CU_ASSERT_FALSE(same_check("", body, 5));
	CU_ASSERT_FALSE(same_check("no mark at all", body, 5));
}

/* --- whose fault --- */

static bool
blamed_on_us(struct network *n, const char *host, int error)
{
	return network_failed(n, host, error) != NULL;
}

static void
test_network_start(void)
{
	static struct network n;

	/* The other side's machine has spoken: theirs, however often. */
	for (int i = 0; i < 10; i++)
		CU_ASSERT_FALSE(blamed_on_us(&n, i % 2 ? "a" : "b", ECONNREFUSED));
	CU_ASSERT_TRUE(blamed_on_us(&n, "a", EMFILE)); /* plainly ours */
	/* Nobody was heard yet: one host proves nothing, three do. */
	memset(&n, 0, sizeof(n));
	for (int i = 0; i < 10; i++)
		CU_ASSERT_FALSE(blamed_on_us(&n, "a", ETIMEDOUT));
	CU_ASSERT_FALSE(blamed_on_us(&n, "b", ETIMEDOUT));
	CU_ASSERT_TRUE(blamed_on_us(&n, "c", ETIMEDOUT));
	CU_ASSERT_TRUE(blamed_on_us(&n, "a", ETIMEDOUT));
	network_heard(&n, "d");
	CU_ASSERT_FALSE(blamed_on_us(&n, "a", ETIMEDOUT));
}

static void
test_network_later(void)
{
	static struct network n;
	char host[8];

	for (int i = 0; i < 20; i++) {
		snprintf(host, sizeof(host), "good%d", i);
		network_heard(&n, host);
	}
	/* Hosts that were never heard may fail as many as they are. */
	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "dead%d", i % 10);
		CU_ASSERT_FALSE(blamed_on_us(&n, host, ETIMEDOUT));
	}
	/* Living ones that fall silent count, each once. */
	for (int i = 0; i < 10; i++)
		CU_ASSERT_FALSE(blamed_on_us(&n, i % 2 ? "good1" : "good2", ETIMEDOUT));
	CU_ASSERT_TRUE(blamed_on_us(&n, "good3", ETIMEDOUT));
	CU_ASSERT_TRUE(blamed_on_us(&n, "dead1", ETIMEDOUT)); /* then so for all */
	network_heard(&n, "good4");
	CU_ASSERT_FALSE(blamed_on_us(&n, "good1", ETIMEDOUT)); /* its silence is old */
	CU_ASSERT_FALSE(blamed_on_us(&n, "good5", ETIMEDOUT));
	CU_ASSERT_FALSE(blamed_on_us(&n, "good6", ETIMEDOUT));
	CU_ASSERT_TRUE(blamed_on_us(&n, "good7", ETIMEDOUT));
}

/* Ten thousand feeds at a day each; then our network is away for some hours.  The
 * busiest five minutes afterwards hold a few times what is usual, not all that have
 * waited (25 times as much after six hours, were they asked each quarter of an hour).
 */
static unsigned
busiest(int64_t away)
{
	enum { FEEDS = 10000, BIN = 5 * CLOCK_MIN, BINS = 4 * CLOCK_DAY / BIN };
	static unsigned bins[BINS];
	const int64_t gone = 2 * CLOCK_DAY, back = gone + away;
	unsigned most = 0;

	memset(bins, 0, sizeof(bins));
	for (unsigned i = 0; i < FEEDS; i++) {
		struct fetch_plan_in in = usual;
		struct fetch_plan p;
		int64_t ok = 0;

		in.base_interval = in.max = CLOCK_DAY;
		in.weekly = 0;
		p.next = fetch_first(CLOCK_SEC, CLOCK_DAY, i);
		for (unsigned n = 0; p.next < 4 * CLOCK_DAY; n++) {
			bool down = p.next >= gone && p.next < back;

			if (p.next >= back)
				bins[p.next / BIN]++;
			in.now = p.next;
			in.outcome = down ? POLLED_OWN_FAULT : POLLED_OK;
			in.dark = ok > 0 ? in.now - ok : 0;
			in.jitter_seed = i * 1000003u + n;
			ok = down ? ok : in.now;
			fetch_plan(&in, &p);
		}
	}
	for (size_t i = 0; i < BINS; i++)
		most = bins[i] > most ? bins[i] : most;
	return most * (CLOCK_DAY / BIN) * 100 / FEEDS;
}

static void
test_after_outage(void)
{
	static const struct {
		int64_t away;
		unsigned percent; /* of the mean, at most */
	} cases[] = {{CLOCK_MIN, 200}, {CLOCK_HOUR, 350}, {6 * CLOCK_HOUR, 500},
	    {20 * CLOCK_HOUR, 900}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned percent = busiest(cases[i].away);

		if (percent > cases[i].percent)
			printf("\n    after %lld s: %u %% of the mean",
			    (long long)cases[i].away / 1000, percent);
		CU_ASSERT(percent <= cases[i].percent);
	}
}

static const struct suite_test tests[] = {
    {"guard: every refused spelling", test_guard_refuses},
    {"guard: neighbours of refused ranges", test_guard_grants},
    {"guard: allowed ranges", test_guard_allow_list},
    {"guard: families and names", test_guard_families},
    {"guard: addresses of the web only", test_guard_url},
    {"schedule: success", test_plan_success},
    {"schedule: hints", test_plan_hint},
    {"schedule: back-off", test_plan_backoff},
    {"schedule: own faults do not count", test_plan_own_fault},
    {"schedule: Retry-After and gone", test_plan_limits},
    {"schedule: jitter", test_plan_jitter},
    {"schedule: the feed's own rate", test_plan_rate},
    {"schedule: skipHours and skipDays", test_plan_skips},
    {"schedule: Retry-After of a redirect", test_plan_retry_on_redirect},
    {"schedule: start is spread", test_first_is_spread},
    {"schedule: those that are late", test_late_are_spread},
    {"answer: header values", test_answer_header},
    {"answer: status lines", test_answer_status},
    {"answer: freshness", test_answer_fresh},
    {"answer: Retry-After", test_answer_retry_after},
    {"answer: validators of this second", test_answer_young},
    {"hosts: gap and limit", test_hosts_gap},
    {"connections are kept while there is room", test_hosts_keep},
    {"hosts: a thousand", test_hosts_many},
    {"hosts: pauses", test_hosts_pause},
    {"hosts: a hundred thousand that come and go", test_hosts_crowd},
    {"same: marks of bodies", test_same},
    {"network: whose fault at the start", test_network_start},
    {"network: whose fault later", test_network_later},
    {"nobody comes at once after an outage", test_after_outage},
};

SUITE_MAIN("fetch", tests)
