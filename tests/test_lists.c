/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lists: addresses in one form, their mentions in texts, both indexes against slow
 * ones, list files good and hostile; then the plugin through the host.
 */
#include <sys/stat.h>
#include <time.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "evidence/note.h"
#include "lists/canon.h"
#include "lists/host.h"
#include "lists/mention.h"
#include "lists/names.h"
#include "lists/near.h"
#include "policy/face.h"
#include "policy/host.h"
#include "log_caught.h"
#include "suite.h"

#define PLUGIN TOSD_BUILDDIR "/plugins/lists/.libs/lists.so"

static uint64_t seed = 88172645463325252u;

static uint64_t
random_word(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* --- addresses --- */

static const char *
canon(const char *url)
{
	static struct canon c;
	static char text[CANON_MAX + 1];

	if (!canon_url(url, strlen(url), &c))
		return "(none)";
	if (!c.whole)
		return "(long)";
	memcpy(text, c.key, c.len);
	text[c.len] = '\0';
	return text;
}

static void
test_canon(void)
{
	static const char *const v[][2] = {
	    {"http://example.org", "example.org/"},
	    {"HTTPS://EXAMPLE.ORG:443/", "example.org/"},
	    {"https://example.org:80/", "example.org/"},
	    {"http://example.org:8080", "example.org:8080/"},
	    {"http://example.org:08080", "example.org:8080/"},
	    {"http://example.org:/x", "example.org/x"},
	    {"hxxp://example.org/x", "example.org/x"},
	    {"hxxp://evil[.]example/x", "evil.example/x"},
	    {"evil(dot)sub[DOT]example", "evil.sub.example/"},
	    {"http://\u24d4\u24e5\u24d8\u24db.example/", "evil.example/"},
	    {"http://\U0001d41e\U0001d42f\U0001d422\U0001d425.example/",
		"evil.example/"},
	    {"http://\u1d49vil.example/", "evil.example/"},
	    {"http://\u216c\ufb01\u2082.example/", "lfi2.example/"},
	    {"http://\u0435vil.example/", "xn--vil-qdd.example/"}, /* another one */
	    {"http://[::ffff:1.2.3.4]/", "1.2.3.4/"},
	    {"http://[::ffff:102:304]/", "1.2.3.4/"},
	    {"http://[::1]/", "[::1]/"},
	    {"ftp://example.org/x", "example.org/x"},
	    {"Web+X-1://user@example.org:80/x", "example.org/x"},
	    {"mailto:somebody@example.org", "example.org/"},
	    {"http://ev\xef\xb8\x8fil.\xe2\x80\xae"
	     "example/",
		"evil.example/"},
	    {"example.org/x", "example.org/x"},
	    {"  http://example.org/x \n", "example.org/x"},
	    {"http:\\\\example.org\\x\\y", "example.org/x/y"},
	    {"http:///example.org/x", "example.org/x"},
	    {"http://user:pw@example.org/x", "example.org/x"},
	    {"http://bank.example@evil.example/x", "evil.example/x"},
	    {"http://a@b@evil.example/x", "evil.example/x"},
	    {"http://example.org./x", "example.org/x"},
	    {"http://example.org../x", "example.org/x"},
	    {"http://example.org/x#part", "example.org/x"},
	    {"http://example.org#x", "example.org/"},
	    {"http://example.org?", "example.org/"},
	    {"http://example.org?a=b", "example.org/?a=b"},
	    {"http://example.org/x?#", "example.org/x"},
	    {"http://example.org/a/./b/../c", "example.org/a/c"},
	    {"http://example.org/a/b/..", "example.org/a/"},
	    {"http://example.org/a/b/.", "example.org/a/b/"},
	    {"http://example.org/../../a", "example.org/a"},
	    {"http://example.org/a/%2e%2E/b", "example.org/b"},
	    {"http://example.org/a/.%2e/b", "example.org/b"},
	    {"http://example.org/a//b", "example.org/a//b"},
	    {"http://example.org/%7euser/%61", "example.org/~user/a"},
	    {"http://example.org/a%2fb", "example.org/a%2Fb"},
	    {"http://example.org/a b", "example.org/a%20b"},
	    {"http://example.org/\xc3\xa9", "example.org/%C3%A9"},
	    {"http://example.org/%c3%a9", "example.org/%C3%A9"},
	    {"http://example.org/100%", "example.org/100%25"},
	    {"http://example.org/%%341", "example.org/%2541"},
	    {"http://exa\tmple.org/a\nb", "example.org/ab"},
	    {"http://ex%61mple.org/", "example.org/"},
	    {"http://B\xc3\x9c"
	     "CHER.example/",
		"xn--bcher-kva.example/"},
	    {"http://b\xc3\xbc"
	     "cher.example/",
		"xn--bcher-kva.example/"},
	    {"http://b%C3%BCcher.example/", "xn--bcher-kva.example/"},
	    {"http://XN--BCHER-KVA.example/", "xn--bcher-kva.example/"},
	    {"http://\xef\xbd\x85vil\xe3\x80\x82"
	     "example/",
		"evil.example/"},
	    {"http://ev\xc2\xadil.example/", "evil.example/"},
	    {"http://\xd0\x9f\xd0\xa0\xd0\x98\xd0\x9c\xd0\x95\xd0\xa0.example",
		"xn--e1afmkfd.example/"},
	    {"http://127.0.0.1/", "127.0.0.1/"},
	    {"http://0x7f.1/", "127.0.0.1/"},
	    {"http://2130706433/", "127.0.0.1/"},
	    {"http://0177.0.0.01/", "127.0.0.1/"},
	    {"http://127.0.0.1./", "127.0.0.1/"},
	    {"http://[2001:DB8:0:0::1]:80/x", "[2001:db8::1]/x"},
	    {"http://[::ffff:127.0.0.1]/", "127.0.0.1/"},
	    {"http://example.org/a?x=<y>&z='", "example.org/a?x=%3Cy%3E&z=%27"},
	    {"http://example.org/a?x=%41", "example.org/a?x=A"},
	    {"http://ex_ample.org/", "ex_ample.org/"},
	    /* no addresses */
	    {"http://", "(none)"},
	    {"http:///", "(none)"},
	    {"ftp:example.org", "(none)"},
	    {"ftp:/example.org/", "(none)"},
	    {"file:///example.org/", "(none)"},
	    {"://example.org/", "(none)"},
	    {"http://exa mple.org/", "(none)"},
	    {"http://example..org/", "(none)"},
	    {"http://.example.org/", "(none)"},
	    {"http://example.org:99999/", "(none)"},
	    {"http://256.1.1.1/", "(none)"},
	    {"http://1.2.3.4.5/", "(none)"},
	    {"http://[::1/", "(none)"},
	    {"http://a%00b.example/", "(none)"},
	    {"http://\xff.example/", "(none)"},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		const char *got = canon(v[i][0]);

		if (strcmp(got, v[i][1]) != 0)
			printf("\n    %s ", v[i][0]);
		SAME(got, v[i][1]);
		if (strcmp(got, "(none)") != 0) { /* its own form is itself */
			char *again = xstrdup(got);

			SAME(canon(again), again);
			free(again);
		}
	}
}

static const char *
canon_of(const char *before, size_t n, const char *piece, const char *behind)
{
	struct buf b = {0};
	const char *got;

	buf_puts(&b, before);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, piece);
	buf_puts(&b, behind);
	got = canon(b.data);
	buf_free(&b);
	return got;
}

/* Who writes an address does not choose that it is none. */
static void
test_canon_long(void)
{
	static const char soft[] = "\xc2\xad"; /* U+00AD */

	/* As browsers: they count for nothing. */
	SAME(canon("ht\ttp:\n//\revil.example:8\t0\t80/%\t2e./\tx%\n41?\t"),
	    "evil.example:8080/xA");
	SAME(canon("http://[2001:db8\t::1]/"), "[2001:db8::1]/");
	SAME(canon("\t \n http://evil.example/ \r"), "evil.example/");
	SAME(canon("\t\n"), "(none)");
	SAME(canon_of("https://evil", 600, soft, ".example/"), "evil.example/");
	SAME(canon_of("https://evil", 6000, "%C2%AD", ".example/x"), "evil.example/x");
	SAME(canon_of("https://evil.example", 3000, soft, "/x"), "evil.example/x");
	SAME(canon_of("https://evil.example.", 9, ".", "/"), "evil.example/");
	SAME(canon_of("https://", 9000, "u", "@evil.example/"), "evil.example/");
	SAME(canon_of("https://evil.example/#", 9000, "u", ""), "evil.example/");
	SAME(canon_of("https://evil.example/x?q=", 8200, "a", ""), "(long)");
	/* All that is kept is full: neither more nor less. */
	CU_ASSERT_EQUAL(
	    strlen(canon_of("https://e.example/", CANON_MAX - 10, "a", "")), CANON_MAX);
	SAME(canon_of("https://e.example/", CANON_MAX - 9, "a", ""), "(long)");
	/* What was too long is left again. */
	SAME(canon_of("http://e.example/x/", 9000, "a", "/../y"), "e.example/x/y");
	SAME(canon_of("http://e.example/x/", 9000, "a/", "../y"), "(long)");
	SAME(canon_of("http://e.example/", 9000, "a", "/b/c/d/../../../../z"),
	    "e.example/z");
	SAME(canon_of("http://e.example/b/", 4096 + 3000, "a/../", "y"),
	    "e.example/b/y");
	SAME(canon_of("http://e.example/", CANON_MAX - 10, "a", "/b/../../y"),
	    "e.example/y");
	/* No name can be so long, and none has such bytes. */
	SAME(canon_of("https://", 64, "a", ".example/"), "(none)");
	SAME(canon_of("https://", 150, "a.", "example/"), "(none)");
	SAME(canon_of("https://evil", 3, "\xc2", ".example/"), "(none)");
	SAME(canon_of("https://evil..", 1, "x", ".example/"), "(none)");
}

/* RFC 3492, section 7.1. */
static void
test_punycode(void)
{
	static const uint32_t chinese[] = {
	    0x4ed6, 0x4eec, 0x4e3a, 0x4ec0, 0x4e48, 0x4e0d, 0x8bf4, 0x4e2d, 0x6587};
	static const uint32_t czech[] = {'p', 'r', 'o', 0x10d, 'p', 'r', 'o', 's', 't',
	    0x11b, 'n', 'e', 'm', 'l', 'u', 'v', 0xed, 0x10d, 'e', 's', 'k', 'y'};
	char out[64];
	size_t n = host_punycode(chinese, 9, out, sizeof(out));

	CU_ASSERT(n == 24 && memcmp(out, "ihqwcrb4cv8a8dqg056pqjye", n) == 0);
	n = host_punycode(czech, 22, out, sizeof(out));
	CU_ASSERT(n == 30 && memcmp(out, "proprostnemluvesky-uyb24dma41a", n) == 0);
	CU_ASSERT_EQUAL(host_punycode(czech, 22, out, 29), 0);
}

/* Arbitrary bytes: an answer always, and a canonical form is canonical. */
static void
test_canon_random(void)
{
	static const char letters[] = "ahttp:/.@%?#\\[]0x2eE\xc3\xbc \t=&:8";
	static struct canon a, b;
	unsigned good = 0;

	for (int k = 0; k < 200000; k++) {
		char s[40];
		size_t n = random_word() % sizeof(s);

		for (size_t i = 0; i < n; i++)
			s[i] = letters[random_word() % (sizeof(letters) - 1)];
		if (!canon_url(s, n, &a))
			continue;
		good++;
		if (!canon_url(a.key, a.len, &b) || b.len != a.len)
			printf("\n    \"%.*s\" ", (int)n, s);
		CU_ASSERT(canon_url(a.key, a.len, &b) && a.len == b.len &&
			  memcmp(a.key, b.key, a.len) == 0);
	}
	CU_ASSERT(good > 1000);
}

/* --- mentions --- */

static void
mentions(const char *text, const char *want)
{
	struct mention_at at = {0};
	struct mention m;
	struct buf b = {0};

	while (mention_next(text, strlen(text), &at, &m))
		buf_printf(&b, "%s%.*s", b.len > 0 ? " | " : "", (int)(m.end - m.start),
		    text + m.start);
	if (b.len == 0)
		buf_puts(&b, "");
	if (strcmp(b.len > 0 ? b.data : "", want) != 0)
		printf("\n    %s ", text);
	SAME(b.len > 0 ? b.data : "", want);
	buf_free(&b);
}

static void
test_mentions(void)
{
	mentions("see http://evil.example/x.", "http://evil.example/x");
	mentions("see HTTPS://evil.example/x, and (www.evil.example).",
	    "HTTPS://evil.example/x | www.evil.example");
	mentions("(http://evil.example/a_(b))", "http://evil.example/a_(b)");
	mentions("xhttp://evil.example/y", "http://evil.example/y");
	mentions("go to evil.example/path?x=1#y now", "evil.example/path?x=1#y");
	mentions("evil.example:8080/x", "evil.example:8080/x");
	mentions("evil.example: it is bad", "evil.example");
	mentions("\xe2\x80\x9c"
		 "evil.example\xe2\x80\x9d",
	    "evil.example");
	mentions("mail bob@evil.example or bob.b@evil.example",
	    "evil.example | evil.example");
	mentions(
	    "@bob@evil.example, evil.example@b.example", "evil.example | b.example");
	mentions("The end.Next one", "end.Next");
	mentions("v1.2 and 3.5 and 1.2.3.4 and 1.2.3", "1.2.3.4");
	mentions("b\xc3\xbc"
		 "cher.example",
	    "b\xc3\xbc"
	    "cher.example");
	mentions("a.example,b.example;c.example", "a.example | b.example | c.example");
	mentions("ftp://evil.example/x", "evil.example/x");
	mentions("<a href=\"http://a.example\">b.example</a>",
	    "http://a.example | b.example");
	mentions("hxxp://evil[.]example/x and evil[.]example, bad(dot)example.",
	    "hxxp://evil[.]example/x | evil[.]example | bad(dot)example");
	mentions("1[.]2[.]3[.]4 [evil.example] a[1].b [.] [dot]",
	    "1[.]2[.]3[.]4 | evil.example");
	mentions("no address ... here :// at all", "");
	mentions("http:// nothing", "");
}

/* Whether this is among what is told. */
static bool
names(const char *text, const char *want)
{
	struct mention_at at = {0};
	struct mention m;
	bool is = false;

	while (mention_next(text, strlen(text), &at, &m))
		is = is || (m.end - m.start == strlen(want) &&
			       memcmp(text + m.start, want, m.end - m.start) == 0);
	return is;
}

/* What touches a name without being part of it; also behind http://. */
static void
test_mentions_touched(void)
{
	static const char *const touches[] = {"\xf0\x9f\x91\x89", /* a finger */
	    "\xe2\x80\x94", "\xe2\x80\x93", "\xe2\x80\xae", "\xe2\x80\x8e",
	    "\xef\xb8\x8f", "\xe2\x80\x8b", "\xe2\x81\xa6", "\xe7\x9c\x8b",
	    "\xe3\x81\xaf", "\xec\x9d\x84", "\xd0\xb6", "\xd9\x85", "\xe0\xb8\x81",
	    "\xc2\xb7", "\xc2\xae", "\xe2\x86\x92", "\xe3\x80\x82", "\xef\xbd\xa1",
	    "\xe2\x80\xa2", "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"};
	static const char *const hosts[] = {"evil.example",
	    "b\xc3\xbc"
	    "cher.example",
	    "1.2.3.4", "ev-il.example"};

	for (size_t i = 0; i < sizeof(touches) / sizeof(touches[0]); i++)
		for (size_t k = 0; k < sizeof(hosts) / sizeof(hosts[0]); k++) {
			const char *t = touches[i], *h = hosts[k];
			char *v[] = {xasprintf("see %s%s", h, t),
			    xasprintf("see %s%s", t, h), xasprintf("%s%s%s", t, h, t),
			    xasprintf("%s%s%sother.example%s", t, h, t, t),
			    xasprintf("http://%s%s now", h, t),
			    xasprintf("http://%s%s", t, h)};
			/* Numbers go with letters, but for those without blanks. */
			bool split = strcmp(t, "\xd0\xb6") != 0 &&
				     strcmp(t, "\xd9\x85") != 0 &&
				     strcmp(t, "\xe0\xb8\x81") != 0;

			for (size_t j = 0; j < sizeof(v) / sizeof(v[0]); j++) {
				bool is = names(v[j], h);

				is = is || (k == 2 && !split);
				if (!is)
					printf("\n    %s: not %s ", v[j], h);
				CU_ASSERT_TRUE(is);
				free(v[j]);
			}
		}
	CU_ASSERT_TRUE(names("\xe7\x9c\x8b"
			     "163.example\xe7\x9c\x8b",
	    "163.example"));
	/* Addresses with a path. */
	CU_ASSERT_TRUE(names("http://a.example/\xe2\x80\x94"
			     "evil.example",
	    "evil.example"));
	CU_ASSERT_TRUE(
	    names("http://evil.example/x\xf0\x9f\x91\x88", "http://evil.example/x"));
	CU_ASSERT_TRUE(names("evil.example/x\xe7\x9c\x8b", "evil.example/x"));
	CU_ASSERT_TRUE(names("\xe7\x9c\x8b"
			     "evil.example:8080/x",
	    "evil.example:8080/x"));
	CU_ASSERT_TRUE(names("http://a.example/x\xe2\x80\x94http://evil.example/y",
	    "http://evil.example/y"));
	CU_ASSERT_TRUE(names(
	    "a.example/x\xe2\x80\x94https://evil.example/y", "https://evil.example/y"));
	/* A mark on the last letter is none of an ASCII name. */
	CU_ASSERT_TRUE(names("evil.example\xcc\x81 x", "evil.example"));
	CU_ASSERT_TRUE(names("http://evil.example\xcc\x81", "evil.example"));
	/* Ideographic full stops are dots, and end sentences. */
	CU_ASSERT_TRUE(names("http://evil\xe3\x80\x82"
			     "example/",
	    "http://evil\xe3\x80\x82"
	    "example/"));
	CU_ASSERT_TRUE(names("x evil\xef\xbd\xa1"
			     "example y",
	    "evil\xef\xbd\xa1"
	    "example"));
	CU_ASSERT_TRUE(names("evil.example\xe3\x80\x82Next", "evil.example"));
	/* Names in other letters are read whole, and no part of them for itself. */
	mentions("b\xc3\xbc"
		 "cher.example",
	    "b\xc3\xbc"
	    "cher.example");
	mentions("bu\xcc\x88"
		 "cher.example",
	    "bu\xcc\x88"
	    "cher.example");
	mentions("ev\xc2\xadil.example", "ev\xc2\xadil.example");
	mentions("http://\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.example/x",
	    "http://\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.example/x");
	CU_ASSERT_TRUE(names("\xe7\x9c\x8b\xd0\xbf\xd0\xbe.example\xe7\x9c\x8b",
	    "\xd0\xbf\xd0\xbe.example"));
	/* One that is mixed on purpose is found where that is listed. */
	CU_ASSERT_TRUE(names("\xe6\x97\xa5go.example", "\xe6\x97\xa5go.example"));
	CU_ASSERT_TRUE(names("\xf0\x9f\x91\x89\xe6\x97\xa5go.example\xf0\x9f\x91\x88",
	    "\xe6\x97\xa5go.example"));
}

/* What is made to cost: in proportion to the length, so all of these are at once. */
static void
test_mentions_hostile(void)
{
	static const char *const pieces[] = {"a.bc,", "a://", "((((", "a.bc:", "a.bc/(",
	    "))))", "....", "@a.bc", "http://", "a.bc://", ":::", "\xc3\xbc.", "a.bc)(",
	    "a.bc/\xe2\x80\x94", "http://a.bc\xe2\x80\x94", "\xe7\x9c\x8b\xd0\xb6",
	    "a\xcc\x81.", "\xcc\x81", "\xe3\x80\x82",
	    "a.\xe3\x80\x82"
	    "b/\xd0\xb6",
	    "a.bc:\xe7\x9c\x8b://"};
	size_t n = 1 << 20;
	char *s = xmalloc(n + 1);
	clock_t from = clock();
	size_t bad = 0;

	for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
		size_t len = strlen(pieces[k]);
		struct mention_at at = {0};
		struct mention m;

		for (size_t i = 0; i < n; i++)
			s[i] = pieces[k][i % len];
		while (mention_next(s, n, &at, &m)) {
			bad += !(m.start < m.end && m.end <= n);
		}
	}
	CU_ASSERT_EQUAL(bad, 0);
	/* A quadratic one would take hours. */
	CU_ASSERT((clock() - from) / CLOCKS_PER_SEC < 30);
	free(s);
}

/* --- indexes --- */

struct named {
	struct names_entry v[8];
	size_t n;
};

static void
on_name(void *ctx, const struct names_entry *e)
{
	struct named *f = ctx;

	if (f->n < 8)
		f->v[f->n] = *e;
	f->n++;
}

static size_t
find_name(const struct names *v, const char *key, size_t n, struct names_entry *out)
{
	struct named f = {.n = 0};

	names_find(v, key, n, on_name, &f);
	memcpy(out, f.v, 8 * sizeof(*out));
	return f.n;
}

static void
test_names(void)
{
	struct names *v = names_new();
	struct names_entry out[8];
	static char large[65536];
	char key[40];
	size_t n;

	for (int i = 0; i < 30000; i++) {
		n = (size_t)snprintf(key, sizeof(key), "name-%d.example", i % 20000);
		names_add(v, key, n, (uint32_t)(i / 15000), (uint32_t)i);
	}
	CU_ASSERT_EQUAL(names_count(v), 30000);
	CU_ASSERT_EQUAL(names_seal(v), 0);
	for (int i = 0; i < 25000; i++) {
		n = (size_t)snprintf(key, sizeof(key), "name-%d.example", i);
		n = find_name(v, key, n, out);
		CU_ASSERT_EQUAL(n, i < 10000 ? 2u : i < 20000 ? 1u : 0u);
		if (n > 0) {
			CU_ASSERT(strlen(key) == out[0].len &&
				  memcmp(out[0].key, key, out[0].len) == 0);
			CU_ASSERT_EQUAL(out[0].option, (uint32_t)i);
			CU_ASSERT_EQUAL(out[0].list, i < 15000 ? 0u : 1u);
		}
	}
	names_free(&v);
	v = names_new();
	CU_ASSERT_TRUE(names_add(v, "a", 1, 0, 1));
	CU_ASSERT_FALSE(names_add(v, large, sizeof(large), 0, 1));
	names_add(v, "b", 1, 0, 2);
	names_add(v, "a", 1, 0, 3);
	names_add(v, "c", 1, 0, 4);
	names_back(v, 3);
	CU_ASSERT_EQUAL(names_seal(v), 1);
	CU_ASSERT_EQUAL(find_name(v, "a", 1, out), 1);
	CU_ASSERT_EQUAL(out[0].option, 1);
	CU_ASSERT_EQUAL(find_name(v, "c", 1, out), 0);
	CU_ASSERT_EQUAL(find_name(v, "", 0, out), 0);
	names_free(&v);
}

struct heard {
	uint64_t sum;
	unsigned n;
};

static void
hear(void *ctx, const struct near_entry *e)
{
	struct heard *h = ctx;

	h->sum = h->sum * 1099511628211u ^ (e->option * 300u + e->distance);
	h->n++;
}

static struct near_hash
random_hash(void)
{
	return (struct near_hash){
	    {random_word(), random_word(), random_word(), random_word()}};
}

static void
flip(struct near_hash *h, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		unsigned at = (unsigned)(random_word() % 256);

		h->w[at / 64] ^= (uint64_t)1 << at % 64;
	}
}

/* The slow way is the measure of the fast one: the same entries in the same order. */
static void
test_near(void)
{
	static const unsigned thresholds[] = {0, 15, 31, 32, 47, 63};
	unsigned found = 0;

	for (size_t t = 0; t < 6; t++) {
		struct near *v = near_new();
		struct near_hash base[50], h;

		for (int i = 0; i < 50; i++)
			base[i] = random_hash();
		for (uint32_t i = 0; i < 3000; i++) {
			/* Some crowd around a few, as pictures do. */
			h = i % 3 == 0 ? base[i % 50] : random_hash();
			if (i % 3 == 0)
				flip(&h, (unsigned)(random_word() % 50));
			near_add(v, &h, 0, i);
		}
		near_seal(v, thresholds[t]);
		for (int i = 0; i < 150; i++) {
			struct heard fast = {0, 0}, slow = {0, 0};

			h = base[i % 50];
			flip(&h, (unsigned)(random_word() % 40));
			near_find(v, &h, hear, &fast);
			near_scan(v, &h, hear, &slow);
			CU_ASSERT(fast.sum == slow.sum && fast.n == slow.n);
			found += slow.n;
		}
		near_free(&v);
	}
	CU_ASSERT(found > 1000);
}

/* --- the plugin --- */

static char dir[64];
static char problems[20000], notes[20000];

static void
keep(char *to, size_t size, const char *text)
{
	if (strlen(to) + strlen(text) + 2 < size)
		strcat(strcat(to, text), "\n");
}

static void
on_problem(void *ctx, const char *text)
{
	(void)ctx;
	keep(problems, sizeof(problems), text);
}

static void
on_note(void *ctx, const char *text)
{
	(void)ctx;
	keep(notes, sizeof(notes), text);
}

static char *
path_of(const char *name)
{
	static char path[4][160];
	static unsigned at;
	char *p = path[at++ % 4];

	snprintf(p, 160, "%s/%s", dir, name);
	return p;
}

static void
put(const char *name, const char *text, size_t n)
{
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(
	    file_write(path_of(name), text, n, 0600, FILE_NOSYNC, &e), 0);
}

/* A list with the usual head, of that kind and mode. */
static void
put_list(const char *name, const char *head, const char *entries)
{
	char *file = xasprintf("%s.list", name);
	char *text = xasprintf("name = %s\nsource = Example Feed\nlicence = CC0-1.0\n"
			       "expires = 2027-01-31\nclause = 5.2 Malware\n"
			       "category = malware\nseverity = high\n%s\n---\n%s",
	    name, head, entries);

	put(file, text, strlen(text));
	free(file);
	free(text);
}

static void
clear_dir(void)
{
	char *cmd = xasprintf("rm -rf '%s'/*", dir);

	if (system(cmd) != 0)
		fprintf(stderr, "test_lists: %s is left over\n", dir);
	free(cmd);
}

static struct policy_host *
open_lists(const char *key, const char *value, const char *day)
{
	struct conf_setting settings[3] = {
	    {"lists_dir", dir}, {"day", day}, {key, value}};
	struct conf_plugin plugin = {.name = "lists",
	    .path = PLUGIN,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_LINKS | TOSD_NEED_MEDIA,
	    .settings = settings,
	    .nsettings = key != NULL ? 3 : 2};
	struct conf_policy policy = {.plugins = &plugin, .nplugins = 1};
	struct policy_options o = {
	    .conf = &policy, .report = on_problem, .note = on_note};
	struct policy_host *h = NULL;

	problems[0] = notes[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

struct answer {
	struct finding *v;
	uint32_t n;
	char *degraded;
};

static void
answer_clear(struct answer *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		finding_clear(&a->v[i]);
	free(a->v);
	free(a->degraded);
	memset(a, 0, sizeof(*a));
}

static struct answer
ask_item(struct policy_host *h, struct item *it, int64_t time)
{
	struct answer a = {NULL, 0, NULL};

	policy_host_check(h, "k", it, time, &a.v, &a.n, &a.degraded);
	item_clear(it);
	return a;
}

static struct answer
ask(struct policy_host *h, const char *text, const char *link, int64_t time)
{
	struct item it;

	item_init(&it);
	it.text = xstrdup(text);
	if (link != NULL)
		item_add_link(&it, link);
	return ask_item(h, &it, time);
}

/* "rule, rule": what finds something; checks that all was judged. */
static const char *
rules(struct policy_host *h, const char *text, const char *link, int64_t time)
{
	static char out[1000];
	struct answer a = ask(h, text, link, time);

	out[0] = '\0';
	CU_ASSERT_PTR_NULL(a.degraded);
	for (uint32_t i = 0; i < a.n; i++) {
		if (i > 0)
			strcat(out, ", ");
		strcat(out, a.v[i].rule);
	}
	answer_clear(&a);
	return out;
}

/* What a harmless item waits for, in words; "": it is judged. */
static const char *
waits_for(struct policy_host *h)
{
	static char out[1500];
	struct policy_ask a = {.tenant = "k"};
	struct item it;
	struct msg m;

	item_init(&it);
	it.text = xstrdup("nothing.example");
	a.it = &it;
	out[0] = '\0';
	policy_host_judge(h, &a, 1, CLOCK_SEC);
	if (a.nretry > 0) {
		CU_ASSERT_STRING_EQUAL(a.retry[0].plugin, "lists");
		snprintf(out, sizeof(out), "%s", a.retry[0].why);
	}
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_EQUAL(m.rules.nmissing, a.nretry);
	/* A successor would have no more. */
	for (uint32_t i = 0; i < m.rules.nmissing; i++)
		CU_ASSERT_EQUAL(m.rules.missing[i].how, MISSING_PART);
	msg_clear(&m);
	policy_ask_clear(&a);
	item_clear(&it);
	return out;
}

#define BEGINS(got, want) CU_ASSERT_PTR_NOT_NULL(strstr(got, want))
#define NOW clock_parse("2026-06-01T00:00:00Z")

static void
test_domains(void)
{
	struct policy_host *h;
	struct answer a;

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce",
	    "evil.example\n*.wild.example  # a comment\n=only.example\n192.0.2.7\n"
	    "github.io whole\nb\xc3\xbc"
	    "cher.example\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "x", "http://evil.example/", NOW), "list/bad");
	SAME(rules(h, "x", "https://a.b.EVIL.example.:8080/x", NOW), "list/bad");
	SAME(rules(h, "x", "http://user@evil.example/", NOW), "list/bad");
	SAME(rules(h, "x", "http://evil.example@other.example/", NOW), "");
	SAME(rules(h, "x", "http://notevil.example/", NOW), "");
	SAME(rules(h, "x", "http://other.example/evil.example", NOW), "");
	SAME(rules(h, "x", "http://x.wild.example/", NOW), "list/bad");
	SAME(rules(h, "x", "http://only.example/", NOW), "list/bad");
	SAME(rules(h, "x", "http://a.only.example/", NOW), "");
	SAME(rules(h, "x", "http://0xc0.0.2.7/", NOW), "list/bad");
	SAME(rules(h, "x", "http://someone.github.io/", NOW), "list/bad");
	SAME(rules(h, "x", "http://xn--bcher-kva.example/", NOW), "list/bad");
	SAME(rules(h,
		 "go to B\xc3\x9c"
		 "CHER.example now",
		 NULL, NOW),
	    "list/bad");
	SAME(rules(h, "Nothing here. Is there?", NULL, NOW), "");
	SAME(rules(h, "x", "ftp://evil.example/", NOW), "list/bad");
	SAME(rules(h, "x", "mailto:x@evil.example", NOW), "list/bad");
	SAME(rules(h, "write to x@evil.example", NULL, NOW), "list/bad");
	SAME(rules(h, "write to evil.example@other.example", NULL, NOW), "");
	/* Found in several ways of reading, told in order; and what is part of a name.
	 */
	a = ask(h,
	    "\xe7\x9c\x8b"
	    "evil.example\xe2\x80\x94"
	    "evil.example\xe7\x9c\x8bhttp://evil.example\xcc\x81",
	    NULL, NOW);
	CU_ASSERT_PTR_NULL(a.degraded);
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	CU_ASSERT_EQUAL(a.v[0].nspans, 3);
	CU_ASSERT(a.v[0].spans[0].start == 3 && a.v[0].spans[0].end == 15);
	answer_clear(&a);
	SAME(rules(h,
		 "x \xc3\xbc"
		 "evil.example",
		 NULL, NOW),
	    "");
	a = ask(h, "see (evil.example/x), and www.evil.example!",
	    "http://evil.example/y", NOW);
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	SAME(a.v[0].reason, "domain evil.example is on the list bad (Example Feed) in "
			    "a link, its text: "
			    "evil.example/x");
	CU_ASSERT_EQUAL_FATAL(a.v[0].nspans, 2);
	CU_ASSERT(a.v[0].spans[0].start == 5 && a.v[0].spans[0].end == 19);
	CU_ASSERT(a.v[0].spans[1].start == 26 && a.v[0].spans[1].end == 42);
	CU_ASSERT_EQUAL(a.v[0].score, 1);
	answer_clear(&a);
	policy_host_free(&h);
}

static void
test_urls(void)
{
	struct policy_host *h;

	clear_dir();
	put_list("bad", "kind = url\nmode = enforce\nscore = 0.8",
	    "http://host.example/a/%7Eb?x=1#frag\nhost.example/dir/*\n"
	    "http://root.example\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "x", "https://HOST.example:443/./a/~b?x=1", NOW), "list/bad");
	SAME(rules(h, "x", "http://host.example/a/~b", NOW), "");
	SAME(rules(h, "x", "http://host.example/a/~b?x=2", NOW), "");
	SAME(rules(h, "x", "http://host.example/dir/", NOW), "list/bad");
	SAME(rules(h, "x", "http://host.example/dir/deep/er?q", NOW), "list/bad");
	SAME(rules(h, "x", "http://host.example/dir/../other", NOW), "");
	SAME(rules(h, "x", "http://host.example/dir", NOW), "");
	SAME(rules(h, "see root.example!", NULL, NOW), "list/bad");
	policy_host_free(&h);
}

/* Addresses that an address has in it, as redirections have them. */
static void
test_nested(void)
{
	static const char *const found[] = {
	    "https://x.example/?u=https://evil.example/page",
	    "https://x.example/go?a=1&u=http://evil.example&b=2",
	    "https://x.example/"
	    "?u=https%3A%2F%2Fevil.example%2Fpage%3Fa%3D1%26b%3D2&x=1",
	    "https://x.example/?u=https%3a%2f%2fevil.example",
	    "https://x.example/?u=https%253A%252F%252Fevil.example%252Fpage",
	    "https://x.example/?u=https:%2F%2Fevil.example",
	    "https://x.example/?u=%68%74%74%70://evil.example",
	    "https://x.example/?u=http:/evil.example",
	    "https://x.example/?u=https:%5C%5Cevil.example",
	    "https://x.example/?u=//evil.example/x",
	    "https://x.example/?u=%2F%2Fevil.example",
	    "https://x.example/?u=www.evil.example/x%20y",
	    "https://x.example/?evil.example",
	    "https://x.example/?https://evil.example/?a=b",
	    "https://x.example/#https://evil.example/",
	    "https://x.example/#/out?u=evil.example",
	    "https://x.example/web/2026/https://evil.example/page",
	    "https://x.example/out/https%3A%2F%2Fevil.example",
	    "https://x.example/%75/https%3A%2F%2Fevil.example/https://other.example",
	    "x.example/?u=https://other.example/?u=https://evil.example",
	    "https://x.example/?u=https%3A%2F%2Fy.example%2F%3Fu%3Dhttps%253A%252F%252F"
	    "evil.example",
	    "https://x.example/"
	    "?j=%7B%22url%22%3A%22https%3A%2F%2Fevil.example%2F%22%7D",
	    "https://x.example/?u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvcGFnZQ==",
	    "https://x.example/?u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvcGFnZQ%3D%3D&b=1",
	};
	static const char *const none[] = {
	    "https://x.example/evil.example",
	    "https://x.example/?u=notevil.example",
	    "https://x.example/?u=https%3A%2F%2Fother.example%2Fevil.example",
	    "https://x.example/?u=evil.example.other",
	    "https://x.example/?version=1.2&at=4.5,6.7&x=%&y=%2&z=%zz&",
	    "https://x.example/?u=aHR0cHM6Ly9",
	    "https://x.example/?",
	    "https://x.example/?=",
	    "https://x.example/?u=:///",
	    "https://x.example/?u=%00%00",
	};
	struct policy_host *h;

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		char *text = xasprintf("look: %s", found[i]);

		SAME(rules(h, "x", found[i], NOW), "list/bad");
		SAME(rules(h, text, NULL, NOW), "list/bad");
		free(text);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		SAME(rules(h, "x", none[i], NOW), "");
	policy_host_free(&h);
}

/* Which address of several is meant, and where it is told. */
static void
test_nested_urls(void)
{
	struct policy_host *h;
	struct answer a;

	clear_dir();
	put_list("bad", "kind = url\nmode = enforce",
	    "host.example/p?a=1&b=2\nhost.example/q\n192.0.2.7/x\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "x", "http://x.example/?u=http://host.example/p?a=1&b=2", NOW),
	    "list/bad");
	SAME(
	    rules(h, "x",
		"http://x.example/?u=http%3A%2F%2Fhost.example%2Fp%3Fa%3D1%26b%3D2&c=3",
		NOW),
	    "list/bad");
	SAME(rules(h, "x", "http://x.example/?u=http://host.example/q&c=3", NOW),
	    "list/bad");
	SAME(rules(h, "x", "http://x.example/web/http://host.example/p?a=1&b=2", NOW),
	    "list/bad");
	SAME(rules(h, "x", "http://x.example/?u=http://192.0.2.7/x", NOW), "list/bad");
	a = ask(h, "see x.example/?u=http%3A%2F%2Fhost.example%2Fq", NULL, NOW);
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	SAME(a.v[0].reason,
	    "address host.example/q is on the list bad (Example Feed) in "
	    "its text: x.example/?u=http%3A%2F%2Fhost.example%2Fq");
	CU_ASSERT_EQUAL_FATAL(a.v[0].nspans, 1);
	CU_ASSERT(a.v[0].spans[0].start == 4 && a.v[0].spans[0].end == 46);
	answer_clear(&a);
	policy_host_free(&h);
}

static char *
repeated(const char *before, size_t n, const char *piece, const char *behind)
{
	struct buf b = {0};

	buf_puts(&b, before);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, piece);
	buf_puts(&b, behind);
	return buf_take(&b);
}

/* However many there are, and however deep: found, or the item is not clean. */
static void
test_nested_many(void)
{
	struct policy_host *h;
	char *v[] = {repeated("http://x.example/?", 60, "u=http://a.example&", ""),
	    repeated("http://x.example/?", 60, "u=http://a.example&",
		"u=https%3A//evil.example"),
	    repeated("http://x.example/?", 70, "u=http://a.example&",
		"u=https%3A//evil.example"),
	    repeated("http://x.example/?u=http%", 20, "25", "3A//evil.example")};

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "x", v[0], NOW), "");
	SAME(rules(h, "x", v[1], NOW), "list/bad");
	for (size_t i = 2; i < 4; i++) {
		struct answer a = ask(h, "x", v[i], NOW);

		CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
		BEGINS(a.degraded, "more than 64 addresses in it");
		answer_clear(&a);
	}
	policy_host_free(&h);
	for (size_t i = 0; i < 4; i++)
		free(v[i]);
}

/* They take no more time than their length lets one think. */
static void
test_nested_hostile(void)
{
	static const char *const pieces[] = {"http://a/", "a.b?c.d&", "a=b%25%25&",
	    "a.b?", "#a", "&", "?", "%25", "http:", "/a://"};
	struct policy_host *h;
	clock_t start;

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char *link = repeated("http://x.example/?u=", 60000, pieces[i], "");
		struct answer a;

		start = clock();
		a = ask(h, "x", link, NOW);
		CU_ASSERT(clock() - start < CLOCKS_PER_SEC);
		answer_clear(&a);
		free(link);
	}
	policy_host_free(&h);
}

/* What is too long to be on a list itself lies below something that is. */
static void
test_long(void)
{
	struct policy_host *h;
	char *v[] = {repeated("https://evil.example/dir/x?q=", 8200, "a", ""),
	    repeated("https://evil.example/dir/", 8200, "a", ""),
	    repeated("https://evil", 600, "\xc2\xad", ".example/dir/"),
	    repeated("https://evil.example/", 8200, "a", "/../dir/x")};

	clear_dir();
	put_list("domain", "kind = domain\nmode = enforce", "evil.example\n");
	put_list("url", "kind = url\nmode = enforce", "evil.example/dir/*\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < 4; i++) {
		SAME(rules(h, "x", v[i], NOW), "list/domain, list/url");
		SAME(rules(h, v[i], NULL, NOW), "list/domain, list/url");
		free(v[i]);
	}
	policy_host_free(&h);
}

/* An entry that could never be found is none. */
static void
test_below(void)
{
	struct policy_host *h;
	char *deep = repeated("deep.example", 32, "/a", "/*\n");
	char *last = repeated("last.example", 31, "/a", "/*\n");
	char *on_it = repeated("http://last.example", 40, "/a", "");
	char *large = repeated("large.example/", CANON_MAX, "a", "\n");
	char *full = repeated("full.example/", CANON_MAX - 14, "a", "/*\n");
	char *all = xasprintf("%s%s%s%squery.example/x?y/*\nfragment.example/x#y/*\n"
			      "a.example/x\nb.example/x\nc.example/x\nd.example/x\n"
			      "e.example/x\nf.example/x\n",
	    deep, last, large, full);

	clear_dir();
	put_list("bad", "kind = url\nmode = enforce", all);
	h = open_lists(NULL, NULL, "2026-06-01");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	BEGINS(problems, "bad.list:11: `deep.example");
	BEGINS(problems, "' ends in /* too deep to be looked up");
	CU_ASSERT_PTR_NULL(strstr(problems, "bad.list:12:"));
	BEGINS(problems, "bad.list:13: `large.example");
	BEGINS(problems, "' is an address that is too long: 8192 bytes at most");
	BEGINS(problems, "bad.list:14: `full.example");
	BEGINS(
	    problems, "bad.list:15: `query.example/x?y/*' ends in /* behind a quest");
	BEGINS(
	    problems, "bad.list:16: `fragment.example/x#y/*' ends in /* behind a fr");
	SAME(rules(h, "x", on_it, NOW), "list/bad");
	policy_host_free(&h);
	free(deep);
	free(last);
	free(on_it);
	free(large);
	free(full);
	free(all);
}

#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MD5 "900150983cd24fb0d6963f7d28e17f72"
#define PDQ "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
#define PDQ_8 "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9bdd"

static struct answer
ask_media(struct policy_host *h, const char *sha, const char *md5, const char *pdq,
    int quality, const char *why)
{
	struct item it;

	item_init(&it);
	it.text = xstrdup("look");
	item_add_media(&it, "http://cdn.example/p.jpg", "image/jpeg", NULL);
	item_media_hash(&it.media[0], sha, md5, pdq, quality, why);
	return ask_item(h, &it, NOW);
}

static void
test_media_hashes(void)
{
	struct policy_host *h;
	struct answer a;

	clear_dir();
	put_list("sha", "kind = sha256\nmode = enforce", SHA "\n");
	put_list(
	    "md5", "kind = md5\nmode = enforce", "900150983CD24FB0D6963F7D28E17F72\n");
	put_list("pdq", "kind = pdq\nmode = enforce\nthreshold = 8", PDQ "\n");
	put_list("wide", "kind = pdq\nmode = enforce\nquality = 10", PDQ "\n");
	put_list("hosts", "kind = domain\nmode = shadow", "cdn.example\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask_media(h, SHA, MD5, PDQ, 80, NULL);
	CU_ASSERT_EQUAL_FATAL(a.n, 5);
	SAME(a.v[0].rule, "list/hosts");
	SAME(a.v[1].rule, "list/md5");
	SAME(a.v[2].rule, "list/pdq");
	SAME(a.v[2].reason,
	    "a picture that differs in 0 of 256 bits from " PDQ
	    " is on the list pdq (Example Feed) in a medium: http://cdn.example/p.jpg");
	SAME(a.v[3].rule, "list/sha");
	SAME(a.v[3].reason,
	    "sha256 " SHA
	    " is on the list sha (Example Feed) in a medium: http://cdn.example/p.jpg");
	answer_clear(&a);
	/* eight bits further: still near; below the quality: recorded only */
	a = ask_media(h, PDQ, MD5, PDQ_8, 40, NULL);
	CU_ASSERT_EQUAL_FATAL(a.n, 4);
	SAME(a.v[2].rule, "list/pdq/shadow");
	CU_ASSERT_DOUBLE_EQUAL(a.v[2].score, 1 - 8.0 / 256, 1e-9);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.v[2].reason, "quality 40 is below 50"));
	SAME(a.v[3].rule, "list/wide");
	answer_clear(&a);
	a = ask_media(h, NULL, NULL, NULL, 0, "the server says 404");
	CU_ASSERT_EQUAL(a.n, 1);
	SAME(a.degraded,
	    "lists: not compared with lists: http://cdn.example/p.jpg: the "
	    "server says 404");
	answer_clear(&a);
	a = ask_media(h, NULL, NULL, NULL, 0, NULL); /* nobody has asked */
	CU_ASSERT_EQUAL(a.n, 1);
	CU_ASSERT_PTR_NULL(a.degraded);
	answer_clear(&a);
	policy_host_free(&h);
}

/* A medium that came with another hash than a list wants was not compared. */
static void
test_media_without(void)
{
	static const struct {
		const char *kind, *sha, *md5, *pdq, *why;
	} v[] = {{"pdq", SHA, NULL, NULL, "not compared with lists of pictures: "},
	    {"pdq", NULL, MD5, NULL, "it came without such a hash"},
	    {"sha256", NULL, MD5, NULL, "not compared with lists of SHA-256: "},
	    {"md5", SHA, NULL, NULL, "not compared with lists of MD5: "},
	    {"sha256", SHA, NULL, NULL, NULL}, {"md5", SHA, MD5, NULL, NULL},
	    {"pdq", NULL, NULL, PDQ, NULL}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char *head = xasprintf("kind = %s\nmode = enforce", v[i].kind);
		struct policy_host *h;
		struct answer a;

		clear_dir();
		put_list("bad", head,
		    strcmp(v[i].kind, "md5") == 0
			? "900150983cd24fb0d6963f7d28e17f73\n"
			: "ba7816bf8f01cfea414140de5dae2223"
			  "b00361a396177a9cb410ff61f20015ae\n");
		h = open_lists(NULL, NULL, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		a = ask_media(h, v[i].sha, v[i].md5, v[i].pdq, 100, NULL);
		if (v[i].why == NULL)
			CU_ASSERT_PTR_NULL(a.degraded);
		if (v[i].why != NULL) {
			CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
			CU_ASSERT_PTR_NOT_NULL(strstr(a.degraded, v[i].why));
		}
		answer_clear(&a);
		policy_host_free(&h);
		free(head);
	}
}

/* The slot itself: what was not granted is not there, and a plugin that was made when
 * the struct was smaller gets no more than it has room for. */
static void
test_media_slot(void)
{
	struct policy_face f = {.granted = TOSD_NEED_MEDIA};
	struct item it;
	struct tosd_item item = {.it = &it, .text = "", .tenant = ""};
	struct tosd_media m = {.size = sizeof(m)};

	item_init(&it);
	item_add_media(&it, "http://cdn.example/1", "image/png", NULL);
	item_add_media(&it, "http://cdn.example/2", NULL, NULL);
	item_media_hash(&it.media[0], SHA, MD5, PDQ, 70, NULL);
	policy_face_init(&f);
	CU_ASSERT_EQUAL(f.table->media(f.table, &item, 0, &m), 0);
	CU_ASSERT(m.state == TOSD_MEDIA_HASHED && m.quality == 70);
	CU_ASSERT(m.sha256.len == 64 && m.md5.len == 32 && m.why.len == 0);
	CU_ASSERT(m.type.len == 9 && memcmp(m.type.ptr, "image/png", 9) == 0);
	CU_ASSERT_EQUAL(f.table->media(f.table, &item, 1, &m), 0);
	CU_ASSERT(m.state == TOSD_MEDIA_UNASKED && m.quality == -1);
	CU_ASSERT(m.type.ptr != NULL && m.type.len == 0 && m.pdq.len == 0);
	item_media_hash(&it.media[1], NULL, NULL, NULL, 0, "gone");
	CU_ASSERT_EQUAL(f.table->media(f.table, &item, 1, &m), 0);
	CU_ASSERT(m.state == TOSD_MEDIA_MISSING && m.why.len == 4);
	CU_ASSERT_EQUAL(f.table->media(f.table, &item, 2, &m), -1);
	memset(&m, 0x5a, sizeof(m));
	m.size = offsetof(struct tosd_media, url);
	CU_ASSERT_EQUAL(f.table->media(f.table, &item, 0, &m), 0);
	CU_ASSERT(m.size == offsetof(struct tosd_media, url) && m.quality == 70);
	CU_ASSERT_EQUAL(m.url.len, (size_t)0x5a5a5a5a5a5a5a5a);
	f.granted = TOSD_NEED_LINKS;
	m.size = sizeof(m);
	CU_ASSERT_EQUAL(f.table->media(f.table, &item, 0, &m), -1);
	item_clear(&it);
	policy_face_clear(&f);
}

/* Pictures alone are content too: a share takes some of them. */
static void
test_share_of_pictures(void)
{
	struct policy_host *h;
	unsigned counted = 0;

	clear_dir();
	put_list("pdq", "kind = pdq\nmode = enforce", PDQ " share=50%\n");
	h = open_lists(NULL, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (int i = 0; i < 200; i++) {
		struct item it;
		struct answer a;
		char sha[65];

		snprintf(sha, sizeof(sha), "%064x", i);
		item_init(&it);
		item_add_media(&it, "http://cdn.example/p.jpg", NULL, NULL);
		item_media_hash(&it.media[0], sha, NULL, PDQ, 80, NULL);
		a = ask_item(h, &it, NOW);
		CU_ASSERT_EQUAL_FATAL(a.n, 1);
		counted += strcmp(a.v[0].rule, "list/pdq") == 0;
		answer_clear(&a);
	}
	CU_ASSERT(counted > 60 && counted < 140);
	policy_host_free(&h);
}

static void
test_states(void)
{
	struct policy_host *h;
	struct answer a;
	unsigned counted = 0, shadow = 0;

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce",
	    "off.example off-until=2026-07-01\n"
	    "disputed.example party=alpha positive party=beta negative\n"
	    "agreed.example party=alpha positive party=beta seed\n"
	    "seed.example party=alpha seed\n"
	    "denied.example party=alpha negative\n"
	    "none.example share=0%\nall.example share=100%\n"
	    "some.example share=25%\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	/* A post is as old as it says: what is off is told as well. */
	SAME(rules(h, "off.example", NULL, NOW), "list/bad/shadow");
	SAME(rules(h, "off.example", NULL, clock_parse("2001-01-01T00:00:00Z")),
	    "list/bad/shadow");
	a = ask(h, "off.example", NULL, NOW);
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	BEGINS(a.v[0].reason, "; does not count: the entry is off until 2026-07-01");
	answer_clear(&a);
	SAME(rules(h, "off.example", NULL, clock_parse("2026-07-01T00:00:00Z")),
	    "list/bad");
	SAME(rules(h, "agreed.example", NULL, NOW), "list/bad");
	SAME(rules(h, "seed.example", NULL, NOW), "list/bad/shadow");
	SAME(rules(h, "denied.example", NULL, NOW), "");
	SAME(rules(h, "none.example", NULL, NOW), "list/bad/shadow");
	SAME(rules(h, "all.example", NULL, NOW), "list/bad");
	a = ask(h, "disputed.example", NULL, NOW);
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	SAME(a.v[0].rule, "list/bad/shadow");
	CU_ASSERT_EQUAL(a.v[0].mode, MODE_SHADOW);
	SAME(a.v[0].reason,
	    "domain disputed.example is on the list bad (Example Feed) in its text: "
	    "disputed.example; alpha positive, beta negative; does not count: the "
	    "parties "
	    "disagree");
	answer_clear(&a);
	for (int i = 0; i < 2000; i++) {
		char *text = xasprintf("text %d about some.example", i);
		char *first = xstrdup(rules(h, text, NULL, NOW));

		counted += strcmp(first, "list/bad") == 0;
		shadow += strcmp(first, "list/bad/shadow") == 0;
		if (i % 100 == 0) /* always on the same side */
			SAME(rules(h, text, NULL, NOW + CLOCK_DAY), first);
		free(first);
		free(text);
	}
	CU_ASSERT_EQUAL(counted + shadow, 2000);
	CU_ASSERT(counted > 430 && counted < 570);
	/* The day on which the list expires, and the last moment before. */
	SAME(rules(h, "all.example", NULL, clock_parse("2027-01-30T23:59:59Z")),
	    "list/bad");
	a = ask(h, "all.example", NULL, clock_parse("2027-01-31T00:00:00Z"));
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	SAME(a.v[0].rule, "list/bad/shadow");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(a.v[0].reason, "does not count: the list expired on 2027-01-31"));
	answer_clear(&a);
	policy_host_free(&h);
	/* ... which is said at the load when the day is given. */
	h = open_lists(NULL, NULL, "2027-02-01");
	CU_ASSERT_PTR_NOT_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "bad.list: the list `bad' expired on 2027-01-31: what it "
			     "finds is recorded and "
			     "does not count; get a new one, or take it away\n"));
	policy_host_free(&h);
}

static void
refused(const char *text, const char *why)
{
	struct policy_host *h;

	clear_dir();
	put("x.list", text, strlen(text));
	h = open_lists(NULL, NULL, NULL);
	CU_ASSERT_PTR_NULL(h);
	if (strstr(problems, why) == NULL)
		printf("\n    %s\n    %s ", problems, why);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, why));
	policy_host_free(&h);
}

#define HEAD                                                                    \
	"name = x\nsource = s\nlicence = l\nexpires = 2027-01-31\nclause = c\n" \
	"category = malware\nseverity = low\nmode = shadow\n"

static void
test_hostile(void)
{
	struct policy_host *h;
	struct buf b = {0};

	refused("", "x.list: has no line --- between its head and its entries");
	refused("evil.example\n", "x.list:1: `evil.example' is no line of a head");
	refused(
	    "---\nevil.example\n", "x.list: `name' is missing in its head: a name of");
	refused(HEAD "---\nevil.example\n", "x.list: `kind' is missing in its head");
	refused(HEAD "kind = domains\n---\n", "x.list:9: `kind' must be domain, url,");
	refused(HEAD "kind = domain\n---\n", "x.list: has no entries");
	refused(HEAD "kind = domain\nkind = url\n---\n",
	    "x.list:10: `kind' is given twice");
	refused(HEAD "colour = red\n---\n", "x.list:9: `colour' is no key of a list");
	refused(HEAD "kind = domain\nthreshold = 3\n---\na.example\n",
	    "threshold and quality are for kind = pdq only");
	refused(
	    HEAD "kind = pdq\nthreshold = 64\n---\n", "`threshold' must be a whole");
	refused("name = X\n---\n", "x.list:1: `name' must be a name of lower-case");
	refused("expires = 2027-02-30\n---\n", "x.list:1: `expires' must be a day");
	refused("expires = 2027-02-29\n---\n", "x.list:1: `expires' must be a day");
	refused("expires = 2100-02-29\n---\n", "x.list:1: `expires' must be a day");
	refused("expires = 2028-02-29\n---\n", "x.list: `name' is missing");
	refused("expires = 2027-+1-05\n---\n", "x.list:1: `expires' must be a day");
	refused("expires = 2027- 1-05\n---\n", "x.list:1: `expires' must be a day");
	refused("expires = 2027-1-005\n---\n", "x.list:1: `expires' must be a day");
	refused(
	    "clause = 5.2\tMalware\n---\n", "x.list:1: `clause' holds a control char");
	refused("a\xff = 2\n---\n", "x.list: not valid UTF-8 text");
	buf_puts(&b, HEAD "kind = md5\n---\n");
	for (int i = 0; i < 30; i++)
		buf_puts(&b, "evil.example\n");
	refused(
	    b.data, "x.list: 30 of its 30 lines are no md5 (the first is line 11): is");
	buf_free(&b);
	/* More bad ones than good ones: it is something else, however short. */
	refused(HEAD "kind = domain\n---\nco.uk\n", "1 of its 1 lines are no domain");
	refused(HEAD "kind = domain\n---\na.example\nco.uk\ncom\n",
	    "2 of its 3 lines are no domain (the first is line 12)");
	/* Bad lines cost themselves and nothing else. */
	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce",
	    "co.uk\ncom\nhttp://evil.example/\nevil..example\nevil.example share=200%\n"
	    "evil.example share=x\nevil.example off-until=tomorrow\n"
	    "evil.example party=a\nevil.example colour=red\n\x01\nevil.example\n"
	    "evil.example share=10% share=20%\n"
	    "evil.example party=a positive party=a negative\n"
	    "evil.example off-until=2026-01-01 off-until=2027-01-01\n"
	    "a.example\nb.example\nc.example\nd.example\ne.example\nf.example\n"
	    "g.example\nh.example\ni.example\nj.example\nk.example\nl.example\n"
	    "m.example party=a positive party=b negative\n");
	h = open_lists(NULL, NULL, "2026-06-01");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "evil.example co.uk x.com", NULL, NOW), "list/bad");
	CU_ASSERT_PTR_NOT_NULL(strstr(problems,
	    "bad.list:11: `co.uk' is a suffix below which anybody can have a name: "
	    "write "
	    "`whole' behind it if all of it is meant; the line is left out\n"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "bad.list:13: `http://evil.example/' is an "
			     "address and no domain"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "bad.list:15: `evil.example share=200%' "
			     "has a share that is none"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "has share= twice: keep one"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "has off-until= twice: keep one"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "has two opinions of one party"));
	policy_host_free(&h);
	/* In the daemon they refuse no configuration. */
	h = open_lists(NULL, NULL, NULL);
	SAME(problems, "");
	policy_host_free(&h);
	h = open_lists("entries_max", "0", NULL);
	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "`entries_max' must be from 1"));
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	put_list("two", "kind = domain\nmode = enforce", "a.example\nb.example\n");
	h = open_lists("entries_max", "1", NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "two.list:12: more than 1 entries"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(waits_for(h), "two.list:12: more than 1 entries"));
	SAME(rules(h, "a.example evil.example", NULL, NOW), "list/bad");
	policy_host_free(&h);
	/* The same name twice; and a link to a file elsewhere. */
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	CU_ASSERT_EQUAL(rename(path_of("bad.list"), path_of("a.list")), 0);
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	CU_ASSERT_EQUAL(symlink("/etc/passwd", path_of("z.list")), 0);
	h = open_lists(NULL, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "the list name `bad' is taken by "));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "z.list: a symbolic link"));
	policy_host_free(&h);
}

/* Files that others could change. */
static void
test_writers(void)
{
	static const struct {
		const char *file;
		unsigned mode;
		const char *why;
	} v[] = {{"bad.list", 0644, ""},
	    {"bad.list", 0666,
		"bad.list: may be written by others; make it chmod go-w"},
	    {"bad.list", 0777, "bad.list: may be written by others"},
	    {"bad.list", 0602, "bad.list: may be written by others"},
	    {"bad.list", 0664, ""}, /* whose group cannot come to it */
	    {".", 0707, "may be written by everybody; make it chmod o-w"}};
	struct policy_host *h;

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		CU_ASSERT_EQUAL(chmod(path_of(v[i].file), v[i].mode), 0);
		h = open_lists(NULL, NULL, NULL);
		CU_ASSERT_EQUAL(h == NULL, v[i].why[0] != '\0');
		CU_ASSERT_PTR_NOT_NULL(strstr(problems, v[i].why));
		policy_host_free(&h);
		CU_ASSERT_EQUAL(chmod(path_of("."), 0700), 0);
	}
	CU_ASSERT_EQUAL(chmod(path_of("bad.list"), 0600), 0);
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(chown(path_of("bad.list"), 12345, 0), 0);
		h = open_lists(NULL, NULL, NULL);
		CU_ASSERT_PTR_NULL(h);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(problems, "bad.list: belongs to user 12345"));
		policy_host_free(&h);
		/* The owner of the folder may. */
		CU_ASSERT_EQUAL(chown(dir, 12345, 0), 0);
		h = open_lists(NULL, NULL, NULL);
		CU_ASSERT_PTR_NOT_NULL(h);
		policy_host_free(&h);
		CU_ASSERT_EQUAL(chown(dir, 0, 0), 0);
	}
	/* More lists, by their paths. */
	clear_dir();
	put("one", "x", 1);
	CU_ASSERT_EQUAL(chmod(path_of("one"), 0646), 0);
	h = open_lists("list_files", path_of("one"), NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "one: may be written by others"));
	policy_host_free(&h);
}

/* The day of the load decides what is told, and nothing else. */
static void
test_expired(void)
{
	struct policy_host *h;
	char digest[DIGEST_HEX];

	clear_dir();
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	log_begin();
	h = open_lists("load_day", "2027-01-30", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	snprintf(digest, sizeof(digest), "%s", policy_host_digest(h));
	policy_host_free(&h);
	log_end();
	CU_ASSERT_EQUAL(log_count("the list `bad' expired on 2027-01-31"), 0);
	log_begin();
	h = open_lists("load_day", "2027-01-31", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	log_end();
	SAME(problems, "");
	CU_ASSERT_EQUAL(log_count("the list `bad' expired on 2027-01-31"), 1);
	SAME(policy_host_digest(h), digest);
	SAME(rules(h, "evil.example", NULL, NOW), "list/bad");
	SAME(rules(h, "evil.example", NULL, NOW + 365 * CLOCK_DAY), "list/bad/shadow");
	policy_host_free(&h);
}

static void
test_signed(void)
{
	struct policy_host *h;
	struct note_key *k = NULL;
	struct err e = ERR_INIT;
	struct buf text = {0}, note = {0};
	char hex[DIGEST_HEX], *vkey, *body;

	clear_dir();
	CU_ASSERT_EQUAL_FATAL(note_key_new("lists.example", &k, &e), 0);
	vkey = note_key_vkey(k);
	put_list("bad", "kind = domain\nmode = enforce", "evil.example\n");
	h = open_lists("signers", vkey, NULL);
	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "bad.list: the list is not signed"));
	CU_ASSERT_EQUAL(file_read(path_of("bad.list"), 10000, &text, &e), 0);
	digest_hex_of(text.data, text.len, hex);
	body = xasprintf("tosd list\nbad\n%s\n", hex);
	CU_ASSERT_EQUAL(note_sign(k, body, strlen(body), &note, &e), 0);
	put("bad.list.sig", note.data, note.len);
	h = open_lists("signers", vkey, NULL);
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL(h);
	policy_host_free(&h);
	put_list(
	    "bad", "kind = domain\nmode = enforce", "evil.example\nmore.example\n");
	h = open_lists("signers", vkey, NULL);
	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "signs another content"));
	free(body);
	free(vkey);
	buf_free(&text);
	buf_free(&note);
	note_key_free(&k);
}

/* --- lists that are fetched --- */

/* As put_list(), under the name of a file. */
static void
put_version(const char *file, const char *head, unsigned entries)
{
	struct buf b = {0};

	buf_printf(&b,
	    "name = feed\nsource = s\nlicence = l\nexpires = 2027-01-31\n%s"
	    "\n---\n",
	    head);
	for (unsigned i = 0; i < entries; i++)
		buf_printf(&b, "evil%u.example\n", i);
	put(file, b.data, b.len);
	buf_free(&b);
}

#define FETCHED                                                                       \
	"clause = 5.2 Malware\ncategory = malware\nseverity = high\nmode = enforce\n" \
	"kind = domain\n"

static struct policy_host *
open_fetched(const char *signer, const struct msg_try *trial)
{
	struct conf_plugin plugin = {.name = "lists",
	    .path = PLUGIN,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_LINKS | TOSD_NEED_MEDIA};
	struct conf_blocklist list = {.name = "feed",
	    .url = "https://lists.example/feed",
	    .signers = &signer,
	    .nsigners = signer != NULL,
	    .shrink = 0.5};
	struct conf_policy policy = {
	    .plugins = &plugin, .nplugins = 1, .lists = &list, .nlists = 1};
	struct policy_options o = {.conf = &policy,
	    .report = on_problem,
	    .note = on_note,
	    .fetched_dir = dir,
	    .trial = trial};
	struct policy_host *h = NULL;

	problems[0] = notes[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

/* What is said of this file as the next version of the one in force. */
static const char *
tried(const char *file, const char *day, bool anew)
{
	char list[] = "feed";
	struct msg_try t = {1, list, (char *)file, (char *)day, anew};
	struct policy_host *h = open_fetched(NULL, &t);
	const char *good = strstr(notes, "trial: ");

	policy_host_free(&h);
	if (problems[0] == '\0')
		return good != NULL ? good : "nothing was said";
	CU_ASSERT_PTR_NULL(good);
	return problems;
}

#define TRIED(file, want) BEGINS(tried(file, "2026-11-29", false), want)

static void
test_fetched(void)
{
	struct policy_host *h;

	clear_dir();
	/* Nothing is here yet: a plugin without a rule, and no fault. */
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "evil1.example", NULL, NOW), "");
	policy_host_free(&h);
	put_version("a.list", FETCHED "version = 7", 10);
	TRIED("a.list", "trial: version 7, 10 entries, expires 2027-01-31");
	CU_ASSERT_EQUAL(symlink("a.list", path_of("feed.list")), 0);
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "evil1.example", NULL, NOW), "list/feed");
	policy_host_free(&h);
	/* The next one. */
	put_version("b.list", FETCHED "version = 8", 5);
	TRIED("b.list", "trial: version 8, 5 entries");
	put_version("b.list", FETCHED "version = 8", 4);
	TRIED("b.list",
	    "has 4 entries, and 10 are in force: it would lose 60 % of them "
	    "at once, and `shrink' allows 50 %");
	put_version("b.list", FETCHED "version = 6", 10);
	TRIED("b.list", "is version 6, and 7 is in force");
	put_version("b.list", FETCHED "version = 7", 11);
	TRIED("b.list", "is version 7 like the one in force, and another content");
	put_version("b.list", FETCHED, 11);
	TRIED("b.list", "`version' is missing in its head");
	put_version("b.list", FETCHED "version = 0", 11);
	TRIED("b.list", "`version' must be a whole number from 1");
	put_version("b.list", FETCHED "version = 8", 11);
	BEGINS(tried("b.list", "2027-01-31", false), "expired on 2027-01-31");
	BEGINS(tried("b.list", "2027-01-30", false), "trial: version 8");
	/* From another source nothing is compared, but it must not have expired. */
	put_version("b.list", FETCHED "version = 1", 1);
	BEGINS(tried("b.list", "2026-11-29", true), "trial: version 1, 1 entries");
	BEGINS(tried("b.list", "2027-02-01", true), "expired on 2027-01-31");
	put("b.list", "<!DOCTYPE html>\n<p>Sorry\n", 25);
	TRIED("b.list", "b.list:1: `<!DOCTYPE html>' is no line of a head");
	put("b.list", "", 0);
	TRIED("b.list", "has no line ---");
	TRIED("c.list", "c.list: cannot open");
	/* With one in force that cannot be read there is nothing to compare with, which
	 * is said wherever it is said what was taken. */
	put_version("b.list", FETCHED "version = 1", 1);
	put("a.list", "spoiled", 7);
	TRIED("b.list",
	    "trial: version 1, 1 entries, expires 2027-01-31, not compared with the "
	    "one in force, which cannot be read");
	unlink(path_of("a.list"));
	TRIED("b.list",
	    "trial: version 1, 1 entries, expires 2027-01-31, not compared with the "
	    "one in force, which cannot be read");
	unlink(path_of("feed.list"));
	TRIED("b.list", "trial: version 1, 1 entries, expires 2027-01-31");
	CU_ASSERT_PTR_NULL(strstr(notes, "not compared"));
}

static void
test_fetched_meaning(void)
{
	static const char *const heads[][2] = {
	    {"clause = 5.3\ncategory = malware\nseverity = high\nmode = enforce\n"
	     "kind = domain\n",
		"`clause'"},
	    {"clause = 5.2\ncategory = safety\nseverity = high\nmode = enforce\n"
	     "kind = domain\n",
		"`category'"},
	    {"clause = 5.2\ncategory = malware\nseverity = critical\nmode = enforce\n"
	     "kind = domain\n",
		"`severity'"},
	    {"clause = 5.2\ncategory = malware\nseverity = high\nmode = shadow\n"
	     "kind = domain\n",
		"`mode'"},
	    {"clause = 5.2\ncategory = malware\nseverity = high\nmode = enforce\n"
	     "kind = url\n",
		"`kind'"},
	};

	clear_dir();
	put_version("a.list",
	    "clause = 5.2\ncategory = malware\nseverity = high\nmode = enforce\n"
	    "kind = domain\nversion = 1",
	    3);
	CU_ASSERT_EQUAL(symlink("a.list", path_of("feed.list")), 0);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char *same = xasprintf("%sversion = 2", heads[i][0]);
		char *raised = xasprintf("%sversion = 2\nrev = 2", heads[i][0]);

		put_version("b.list", same, 3);
		TRIED("b.list", heads[i][1]);
		BEGINS(problems, "`rev' is still 1");
		put_version("b.list", raised, 3);
		TRIED("b.list", "trial: version 2");
		free(same);
		free(raised);
	}
}

/* The name must be the one that was asked for, and the keys are those of the list. */
static void
test_fetched_by_whom(void)
{
	struct policy_host *h;
	struct note_key *k = NULL;
	struct err e = ERR_INIT;
	char *vkey;

	clear_dir();
	put("a.list",
	    "name = other\nsource = s\nlicence = l\nexpires = 2027-01-31\n" FETCHED
	    "version = 1\n---\nevil.example\n",
	    strlen(
		"name = other\nsource = s\nlicence = l\nexpires = 2027-01-31\n" FETCHED
		"version = 1\n---\nevil.example\n"));
	TRIED("a.list", "a.list: its name is `other', and it should be `feed'");
	put_version("a.list", FETCHED "version = 7", 10);
	CU_ASSERT_EQUAL(symlink("a.list", path_of("feed.list")), 0);
	CU_ASSERT_EQUAL_FATAL(note_key_new("lists.example", &k, &e), 0);
	vkey = note_key_vkey(k);
	h = open_fetched(vkey, NULL);
	SAME(problems, "");
	BEGINS(waits_for(h), "a.list: the list is not signed");
	policy_host_free(&h);
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	SAME(waits_for(h), "");
	policy_host_free(&h);
	/* A link out of the folder is none. */
	CU_ASSERT_EQUAL(unlink(path_of("feed.list")), 0);
	CU_ASSERT_EQUAL(symlink("../etc/passwd", path_of("feed.list")), 0);
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules(h, "evil1.example", NULL, NOW), "");
	SAME(waits_for(h), "not complete: feed: no version of it is there yet");
	policy_host_free(&h);
	free(vkey);
	note_key_free(&k);
}

/* A version in force that is damaged: nothing is refused over it, and nobody is clean.
 */
static void
test_fetched_damaged(void)
{
	struct policy_host *h;
	struct buf text = {0};
	char hex[DIGEST_HEX], *file;

	clear_dir();
	put_version("new", FETCHED "version = 7", 10);
	CU_ASSERT_EQUAL(file_read(path_of("new"), 10000, &text, NULL), 0);
	digest_hex_of(text.data, text.len, hex);
	/* As an older tosd has named it. */
	file = xasprintf("feed-%.16s.list", hex);
	put(file, text.data, text.len);
	CU_ASSERT_EQUAL(symlink(file, path_of("feed.list")), 0);
	h = open_fetched(NULL, NULL);
	SAME(waits_for(h), "");
	SAME(rules(h, "evil9.example", NULL, NOW), "list/feed");
	policy_host_free(&h);
	/* A list, and another one. */
	put(file, text.data, text.len - strlen("evil9.example\n"));
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	BEGINS(waits_for(h), "is not the version that its name says");
	SAME(rules(h, "evil1.example", NULL, NOW), "");
	policy_host_free(&h);
	put(file, "rubbish", 7);
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	BEGINS(waits_for(h), "`rubbish' is no line of a head");
	policy_host_free(&h);
	CU_ASSERT_EQUAL(unlink(path_of(file)), 0);
	h = open_fetched(NULL, NULL);
	SAME(problems, "");
	BEGINS(waits_for(h), "cannot open");
	policy_host_free(&h);
	free(file);
	/* Under its whole digest; what is tried is what was written as well. */
	file = xasprintf("feed-%s.list", hex);
	put(file, text.data, text.len);
	TRIED(file, "trial: version 7, 10 entries");
	put(file, text.data, text.len - strlen("evil9.example\n"));
	TRIED(file, "is not the version that its name says");
	CU_ASSERT_EQUAL(unlink(path_of("feed.list")), 0);
	CU_ASSERT_EQUAL(symlink(file, path_of("feed.list")), 0);
	h = open_fetched(NULL, NULL);
	BEGINS(waits_for(h), "is not the version that its name says");
	policy_host_free(&h);
	free(file);
	buf_free(&text);
}

/* What else is loaded can be told from the lists that are fetched. */
static void
test_fetched_rest(void)
{
	struct policy_host *h;
	char digest[DIGEST_HEX], rest[DIGEST_HEX];

	clear_dir();
	put_version("a.list", FETCHED "version = 7", 10);
	put_version("b.list", FETCHED "version = 8", 10);
	CU_ASSERT_EQUAL(symlink("a.list", path_of("feed.list")), 0);
	h = open_fetched(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	snprintf(digest, sizeof(digest), "%s", policy_host_digest(h));
	snprintf(rest, sizeof(rest), "%s", policy_host_rest(h));
	CU_ASSERT_STRING_NOT_EQUAL(digest, rest);
	policy_host_free(&h);
	CU_ASSERT_EQUAL(unlink(path_of("feed.list")), 0);
	CU_ASSERT_EQUAL(symlink("b.list", path_of("feed.list")), 0);
	h = open_fetched(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_STRING_NOT_EQUAL(digest, policy_host_digest(h));
	SAME(rest, policy_host_rest(h));
	policy_host_free(&h);
}

/* An item on more entries than are told is not judged wholly, and says so. */
static void
test_many(void)
{
	struct policy_host *h;
	struct buf list = {0}, text = {0};
	struct answer a;

	clear_dir();
	for (int i = 0; i < 100; i++) {
		buf_printf(&list, "evil%d.example\n", i);
		buf_printf(&text, "evil%d.example\n", i);
	}
	put_list("bad", "kind = domain\nmode = enforce", list.data);
	h = open_lists(NULL, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask(h, text.data, NULL, NOW);
	CU_ASSERT_EQUAL(a.n, 64);
	SAME(a.degraded,
	    "lists: is on lists with more than 64 entries: 36 are not told");
	answer_clear(&a);
	policy_host_free(&h);
	buf_free(&list);
	buf_free(&text);
}

/* However many lists have the same entry: what counts is told. */
static void
test_many_lists(void)
{
	struct policy_host *h;
	struct answer a;
	unsigned counting = 0;

	clear_dir();
	for (int i = 0; i < 300; i++) {
		char *name = xasprintf("a%03d", i);

		put_list(name, "kind = domain\nmode = shadow", "evil.example\n");
		free(name);
	}
	put_list("z", "kind = domain\nmode = enforce", "evil.example\n");
	h = open_lists("lists_max", "400", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask(h, "evil.example", NULL, NOW);
	CU_ASSERT_EQUAL(a.n, 64);
	for (uint32_t i = 0; i < a.n; i++)
		counting += strcmp(a.v[i].rule, "list/z") == 0;
	CU_ASSERT_EQUAL(counting, 1);
	SAME(a.degraded,
	    "lists: is on lists with more than 64 entries: 237 are not told");
	answer_clear(&a);
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"addresses in one form", test_canon},
    {"addresses that are long", test_canon_long},
    {"punycode", test_punycode},
    {"addresses at random", test_canon_random},
    {"mentions", test_mentions},
    {"mentions: what touches them", test_mentions_touched},
    {"mentions made to cost", test_mentions_hostile},
    {"names", test_names},
    {"near: fast as slow", test_near},
    {"domains", test_domains},
    {"urls", test_urls},
    {"urls that are long", test_long},
    {"urls: all below", test_below},
    {"addresses within addresses", test_nested},
    {"addresses within addresses: which", test_nested_urls},
    {"addresses within addresses: many", test_nested_many},
    {"addresses within addresses: made to cost", test_nested_hostile},
    {"media", test_media_hashes},
    {"the slot for media", test_media_slot},
    {"states of entries", test_states},
    {"a share of pictures", test_share_of_pictures},
    {"media without a hash", test_media_without},
    {"hostile lists", test_hostile},
    {"expired", test_expired},
    {"writers", test_writers},
    {"signed", test_signed},
    {"many", test_many},
    {"many lists", test_many_lists},
    {"fetched: the next version", test_fetched},
    {"fetched: what it means", test_fetched_meaning},
    {"fetched: by whom", test_fetched_by_whom},
    {"fetched: damaged", test_fetched_damaged},
    {"fetched: the rest", test_fetched_rest},
};

int
main(void)
{
	int rc;

	snprintf(dir, sizeof(dir), "/tmp/tosd-lists-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 2;
	rc = suite_main("lists", tests, sizeof(tests) / sizeof(tests[0]));
	clear_dir();
	rmdir(dir);
	return rc;
}
