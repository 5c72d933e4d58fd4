/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_hostile: documents made to cost time or memory.  Each is read in a process
 * of its own, which must stay under a second of CPU and 64 MiB in all, and must keep
 * the item that stands before the damage.  And a document cut at every byte.
 */
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feed/feed.h"
#include "suite.h"

static const struct feed_source here = {.url = "http://example.org/dir/feed.xml"};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#define HOSTILE ((size_t)10 << 20) /* what a fetch may bring at most */
/* What is quadratic takes minutes; a core that is shared is twice as slow. */
#define CPU_MAX 2.5
#define KIB_MAX (64 << 10)

/* head, then unit again and again, then tail: HOSTILE bytes in all, or count units. */
struct flood {
	const char *name, *head, *unit, *tail;
	size_t count;
	bool bare; /* nothing stands before the damage */
};

#define GOOD "<item><title>kept</title><guid>good</guid></item>"
#define RSS "<rss version='2.0'><channel>" GOOD
#define CDATA RSS "<item><description><![CDATA["
#define ATOM "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>good</id></entry>"
#define XHTML \
	ATOM "<entry><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
#define JSON "{\"items\":[{\"id\":\"good\"},"
#define K16 "xxxxxxxxxxxxxxxx"

static const struct flood floods[] = {
    {"nested tags", RSS, "<a>", "", 0, false},
    {"100,000 nested tags", RSS, "<a>", "", 100000, false},
    {"nested items", RSS, "<item>", "", 0, false},
    {"a million items", RSS, "<item/>", "", 1000000, false},
    {"items in items in items", RSS, "<item><title>x</title><item>", "", 0, false},
    {"nested div", CDATA, "<div>", "]]>", 0, false},
    {"100,000 nested div", CDATA, "<div>", "text]]>", 100000, false},
    {"misnested b and i", CDATA, "<b><i></b>x</i>", "]]>", 0, false},
    {"nested XHTML", XHTML, "<div>", "", 0, false},
    {"XHTML bases", XHTML, "<p xml:base='x/y/'><a href='z'>", "", 0, false},
    {"XHTML bases side by side", XHTML "<p xml:base='http://e/'>",
	"<p xml:base='x/'/><a href='z'/>", "", 0, false},
    {"root attributes", "<rss ", "a='1' ", ">", 0, true},
    {"50,000 attributes", RSS "<item ", "a='1' ", "/>", 50000, false},
    {"50,000 attributes of names", RSS "<item x:", "a='1' x:", "b=''/>", 50000, false},
    {"50,000 attributes of HTML", CDATA "<p ", "style='a:b;color:red' ", ">]]>", 50000,
	false},
    {"html attributes", CDATA, "<p a=1 b='2' c>", "]]>", 0, false},
    {"one tag's attributes", CDATA "<p ", "a=1 ", ">]]>", 0, false},
    {"styles", CDATA, "<p style='left:1px;color:#fff;background:#000;font:1px x'>",
	"]]>", 0, false},
    {"one long style", CDATA "<p style='", "left:1px;", "'>]]>", 0, false},
    {"one huge attribute", RSS "<item a='", K16, "'/>", 0, false},
    {"comments", RSS, "<!--", "", 0, false},
    {"comments with one end", RSS, "<!--", "-->", 0, false},
    {"cdata", RSS "<item><title>", "<![CDATA[", "", 0, false},
    {"cdata with one end", RSS "<item><title>", "<![CDATA[</titl", "]]>", 0, false},
    {"instructions", RSS, "<?x ", "", 0, false},
    {"instructions without end", RSS, "<?", "", 0, false},
    {"doctypes", "", "<!DOCTYPE r [", "", 0, true},
    {"doctypes with one end", "", "<!DOCTYPE r [", "]" RSS, 0, true},
    {"doctypes later", RSS, "<!DOCTYPE r [<!ENTITY a 'b'>", "", 0, false},
    {"doctype quotes", "<!DOCTYPE r [", "\"a'", "", 0, true},
    {"declared entities", "<!DOCTYPE r [", "<!ENTITY a 'b'>", "]>" RSS, 0, false},
    {"less-than", RSS, "<", "", 0, false},
    {"a million <", RSS "<item><title>", "< ", "", 1000000, false},
    {"empty tags", CDATA, "<>", "]]>", 0, false},
    {"half tags", RSS, "<a ", "", 0, false},
    {"half values", RSS, "<a b=\"<c d='", "", 0, false},
    {"half html tags", CDATA, "<a \"", "]]>", 0, false},
    {"scripts", CDATA, "<script>", "]]>", 0, false},
    {"raw text kinds", CDATA, "<script><style><xmp><iframe>", "]]>", 0, false},
    {"ampersands", RSS "<item><title>", "&", "", 0, false},
    {"ampersands in HTML", CDATA, "&", "]]>", 0, false},
    {"references", CDATA, "&amp;lt;&#0;&#x110000;&copy", "]]>", 0, false},
    {"long names of references", RSS "<item><title>", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"", 0, false},
    {"stray ends", RSS "<a><b><c><d><e>", "</x>", "", 0, false},
    {"ends in disorder", RSS, "<a><b></a></b>", "", 0, false},
    {"name spaces", RSS, "<b xmlns:c='http://www.w3.org/2005/Atom' xml:base='x/'>", "",
	0, false},
    {"name spaces of one tag", RSS "<b ", "xmlns:c='http://www.w3.org/2005/Atom' ",
	"/>", 0, false},
    {"undeclared prefixes", RSS, "<q:b/>", "", 0, false},
    {"links", CDATA, "<a href=x/y/z>", "]]>", 0, false},
    {"different long links", CDATA, "<a href=http://" K16 K16 K16 "/><img src=y>",
	"]]>", 0, false},
    {"10,000 pictures", CDATA, "<img src=a.png>", "]]>", 10000, false},
    {"different long pictures", CDATA,
	"<picture><source srcset='" K16 K16 ", x 2x'><img width=9 height=1 src=//" K16
	"><video poster=" K16 "></video>",
	"]]>", 0, false},
    {"a srcset", CDATA "<img srcset='", ", , a,b 1x", "'>]]>", 0, false},
    {"links of many items", RSS,
	"<item><description><![CDATA[<a href=1><a href=2>"
	"<a href=3><a href=4><a href=5>]]></description></item>",
	"", 0, false},
    {"media", RSS "<item>", "<enclosure url='http://e/x'/>", "", 0, false},
    {"tombstones", ATOM, "<at:deleted-entry ref='" K16 K16 "'/>", "", 0, false},
    {"sitemaps", "<sitemapindex>", "<sitemap><loc>http://e/" K16 K16 "</loc></sitemap>",
	"", 0, true},
    {"titles", RSS "<item>", "<title>x</title>", "", 0, false},
    {"bodies", RSS "<item>", "<description>x</description>", "", 0, false},
    {"authors", ATOM "<entry>", "<author><name>x", "", 0, false},
    {"dates", RSS "<item>", "<pubDate>Tue, 05 Mai 2020 10:00:00 +0200</pubDate>", "", 0,
	false},
    {"one long date", RSS "<item><pubDate>", "5 May ", "</pubDate>", 0, false},
    {"white space", CDATA, " ", "]]>", 0, false},
    {"lines", RSS "<item><description>", " \n\t\r", "", 0, false},
    {"one long name", RSS "<item><", K16, ">", 0, false},
    {"one 2 MiB token", RSS "<item><", K16, ">", 131072, false},
    {"one long text", RSS "<item><title>", K16, "", 0, false},
    {"one long address", RSS "<item><link>http://", K16, "</link>", 0, false},
    {"bad bytes", RSS "<item><title>", "\xc3\xa9\xff", "", 0, false},
    {"invalid UTF-8", RSS "<item><title>", "\xf8\xe2\x82\xed\xa0\x80\xc0\xaf", "", 0,
	false},
    {"latin", RSS "<item><title>", "\xe9\xe8", "", 0, false},
    {"zero width", CDATA, "a\xe2\x80\x8b ", "]]>", 0, false},
    {"wide characters", CDATA, "\xf0\x9f\x98\x80", "]]>", 0, false},
    {"base64", ATOM "<entry><content type='image/png'>", "QUJD", "", 0, false},
    {"mixed", RSS, "<item a=<![CDATA[<!--&#<?x ]]>\"'><a:b></c>&amp", "", 0, false},
    {"json arrays", "{\"items\":", "[", "", 0, true},
    {"json items", JSON, "{},", "{}]}", 0, false},
    {"json objects", JSON "{\"id\":", "{\"a\":", "", 0, false},
    {"json escapes", JSON "{\"title\":\"", "\\ud800", "\"}]}", 0, false},
    {"json quotes", JSON "{\"title\":", "\"", "", 0, false},
};
#define NFLOODS (sizeof(floods) / sizeof(floods[0]))

static struct buf
make(const struct flood *f)
{
	struct buf b = {0};
	size_t n = strlen(f->unit), count = f->count;

	if (count == 0)
		count = HOSTILE / n;
	buf_reserve(&b, strlen(f->head) + n * count + strlen(f->tail));
	buf_puts(&b, f->head);
	while (count-- > 0)
		buf_put(&b, f->unit, n);
	buf_puts(&b, f->tail);
	return b;
}

/* What the child saw. */
struct seen {
	double cpu;
	long kib;
	bool kept;
};

static double
cpu(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

/* Everything that can be done with the bytes; in the child. */
static void
read_all(const struct buf *b, struct seen *out)
{
	struct rusage before, after;
	struct feed_doc d;
	struct item page;

	getrusage(RUSAGE_SELF, &before);
	feed_parse(b->data, b->len, &here, NULL, &d, NULL);
	out->kept = d.nitems > 0 && strcmp(d.items[0].id, "good") == 0;
	feed_doc_clear(&d);
	feed_page(b->data, b->len, &here, &feed_limits_default, &page);
	item_clear(&page);
	getrusage(RUSAGE_SELF, &after);
	out->cpu = cpu(&after) - cpu(&before);
	out->kib = after.ru_maxrss;
}

/* The bytes are made in the child, so that they do not count for others.  False if
 * the child did not live to tell. */
static bool
in_child(const struct flood *f, struct buf (*other)(void), struct seen *out)
{
	struct rlimit limit = {20, 20};
	struct buf b;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		setrlimit(RLIMIT_CPU, &limit);
		b = f != NULL ? make(f) : other();
		read_all(&b, out);
		n = write(fds[1], out, sizeof(*out));
		_exit(n == (ssize_t)sizeof(*out) ? 0 : 1);
	}
	close(fds[1]);
	n = read(fds[0], out, sizeof(*out));
	close(fds[0]);
	waitpid(pid, &status, 0);
	return n == (ssize_t)sizeof(*out) && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static struct seen worst;

static void
survive(const char *name, const struct flood *f, struct buf (*other)(void))
{
	struct seen seen;
	bool lived = in_child(f, other, &seen);

	CU_ASSERT(lived);
	if (!lived) {
		printf("\n    %s: the reader died ", name);
		return;
	}
	if (seen.cpu > worst.cpu)
		worst.cpu = seen.cpu;
	if (seen.kib > worst.kib)
		worst.kib = seen.kib;
		/* Sanitizers slow it down tenfold and keep what was freed. */
#ifdef SANITIZED
	if (seen.cpu >= CPU_MAX * 10)
#else
	if (seen.cpu >= CPU_MAX || seen.kib >= KIB_MAX)
#endif
	{
		printf("\n    %s took %.2f s and %ld KiB ", name, seen.cpu, seen.kib);
		CU_FAIL("too dear");
	}
	if (!seen.kept && (f == NULL || !f->bare)) {
		printf("\n    %s: the item before it is lost ", name);
		CU_FAIL("an item is lost");
	}
}

static void
test_floods(void)
{
	for (size_t k = 0; k < NFLOODS; k++)
		survive(floods[k].name, &floods[k], NULL);
}

static struct buf
nuls(void)
{
	struct buf b = {0};

	buf_reserve(&b, HOSTILE + 200);
	buf_puts(&b, RSS "<item><title>");
	memset(b.data + b.len, 0, HOSTILE);
	b.len += HOSTILE;
	return b;
}

/* An entity of 60,000 bytes, one of nine of these, and 100,000 uses of both. */
static struct buf
entity_bomb(void)
{
	struct buf b = {0};

	buf_puts(&b, "<!DOCTYPE r [<!ENTITY a \"");
	for (int i = 0; i < 60000; i++)
		buf_putc(&b, 'x');
	buf_puts(
	    &b, "\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>" RSS "<item><title>");
	for (int i = 0; i < 100000; i++)
		buf_puts(&b, "&a;&b;");
	return b;
}

/* A billion laughs. */
static struct buf
laughs(void)
{
	struct buf b = {0};

	buf_puts(&b, "<!DOCTYPE r [<!ENTITY l0 'ha'>");
	for (int i = 1; i < 30; i++) {
		buf_printf(&b, "<!ENTITY l%d '", i);
		for (int k = 0; k < 10; k++)
			buf_printf(&b, "&l%d;", i - 1);
		buf_puts(&b, "'>");
	}
	buf_puts(&b, "]>" RSS "<item><title>&l29;</title></item></channel></rss>");
	return b;
}

/* An ASCII document in two bytes each, with half a pair at each third place. */
static struct buf
bad_utf16(void)
{
	static const char head[] = "<?xml version='1.0'?>" RSS "<item><title>";
	struct buf b = {0};

	buf_put(&b, "\xff\xfe", 2);
	for (const char *p = head; *p != '\0'; p++) {
		buf_putc(&b, *p);
		buf_putc(&b, '\0');
	}
	while (b.len < HOSTILE)
		buf_put(&b, "\x00\xd8x\0&\0", 6);
	return b;
}

/* Attributes that all have names of their own: no look-up may be quadratic. */
static struct buf
many_names(void)
{
	struct buf b = {0};

	buf_puts(&b, RSS "<item ");
	for (int i = 0; b.len < HOSTILE / 2; i++)
		buf_printf(&b, "a%d='%d' xmlns:p%d='u%d' ", i, i, i, i);
	buf_puts(&b, "/>");
	return b;
}

static uint32_t
fnv(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

/* Links that whoever knows the hash has made up to meet in one place of its table; then
 * the last one again and again. */
static struct buf
meeting_links(void)
{
	struct buf b = {0};
	char url[64];
	unsigned found = 0, i;

	buf_puts(&b, RSS "<item><description>");
	for (i = 0; found < 999; i++) {
		snprintf(url, sizeof(url), "http://example.org/dir/%x", i);
		if ((fnv(url) & 2047) < 2) {
			buf_printf(&b, "<a href='%x'/>", i);
			found++;
		}
	}
	while (b.len < HOSTILE)
		buf_printf(&b, "<a href='%x'/>", i - 1);
	return b;
}

static void
put_twos(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_putc(b, n % 2 ? 'b' : 'a');
}

/* Bodies, and labels that almost stand in them at each second byte. */
static struct buf
almost_there(void)
{
	struct buf b = {0};

	buf_puts(&b, ATOM);
	for (int k = 0; k < 9; k++) {
		buf_puts(&b, "<entry><content type='text'>");
		put_twos(&b, 1 << 20);
		buf_puts(&b, "</content>");
		for (int i = 0; i < 64; i++) {
			buf_puts(&b, "<category label='");
			put_twos(&b, 240);
			buf_printf(
			    &b, "c%d'/><link rel='enclosure' href='/%d' title='", i, i);
			put_twos(&b, 240);
			buf_printf(&b, "d%d'/>", i);
		}
		buf_puts(&b, "</entry>");
	}
	return b;
}

/* The same of short bodies, and of authors. */
static struct buf
almost_there_often(void)
{
	struct buf b = {0};

	buf_puts(&b, ATOM);
	while (b.len < HOSTILE) {
		buf_puts(&b, "<entry><content type='text'>");
		put_twos(&b, 6000);
		buf_puts(&b, "</content>");
		for (int i = 0; i < 64; i++)
			buf_printf(&b,
			    "<category label='babababababababababababababababac%d'/>",
			    i);
		buf_puts(&b, "</entry>");
	}
	return b;
}

static struct buf
almost_authors(void)
{
	struct buf b = {0};

	buf_puts(&b, ATOM "<entry><author><name>");
	put_twos(&b, 2000);
	buf_puts(&b, "</name></author>");
	while (b.len < HOSTILE) {
		buf_puts(&b, "<author><name>");
		put_twos(&b, 240);
		buf_puts(&b, "c</name></author>");
	}
	return b;
}

/* All kinds of broken bytes; from a fixed seed. */
static struct buf
noise(void)
{
	static const char some[] = "<>&;/!?[]-\"'= \n:#x01item\xc3\xa9\xff";
	struct buf b = {0};
	uint32_t x = 12345;

	buf_puts(&b, RSS);
	buf_reserve(&b, HOSTILE);
	while (b.len < HOSTILE) {
		x = x * 1664525u + 1013904223u;
		buf_putc(&b, some[(x >> 16) % (sizeof(some) - 1)]);
	}
	return b;
}

static void
test_made(void)
{
	survive("NUL", NULL, nuls);
	survive("entity bomb", NULL, entity_bomb);
	survive("a billion laughs", NULL, laughs);
	survive("bad UTF-16", NULL, bad_utf16);
	survive("many names", NULL, many_names);
	survive("meeting links", NULL, meeting_links);
	survive("labels almost there", NULL, almost_there);
	survive("labels of short bodies", NULL, almost_there_often);
	survive("authors almost there", NULL, almost_authors);
	survive("noise", NULL, noise);
	printf("at most %.2f s and %ld KiB ", worst.cpu, worst.kib);
}

static void
test_entity_title(void)
{
	struct buf b = entity_bomb();
	struct feed_doc d;

	feed_parse(b.data, b.len, NULL, NULL, &d, NULL);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	CU_ASSERT(strlen(d.items[1].title) <= 16384);
	feed_doc_clear(&d);
	buf_free(&b);
}

/* A document cut at every byte never crashes, and its items only ever grow. */
static void
test_cut_anywhere(void)
{
	static const char s[] =
	    "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY e 'x'>]><rss>"
	    "<channel><!-- c --><item a='b'><title><![CDATA[T]]></title>"
	    "<link>http://e/1</link><description>a&lt;b&e;&#65;</description>"
	    "</item><item><title>T</title></item></channel></rss>";
	size_t before = 0;

	for (size_t n = 0; n < sizeof(s); n++) {
		struct buf exact = {0};
		struct feed_doc d;

		/* A block of exactly n bytes, so that sanitizers see a read too far. */
		exact.data = xmalloc(n);
		memcpy(exact.data, s, n);
		feed_parse(exact.data, n, &here, NULL, &d, NULL);
		CU_ASSERT(d.nitems >= before);
		before = d.nitems;
		feed_doc_clear(&d);
		buf_free(&exact);
	}
	CU_ASSERT_EQUAL(before, 2);
}

static const struct suite_test tests[] = {
    {"floods", test_floods},
    {"made to measure", test_made},
    {"entity title", test_entity_title},
    {"cut anywhere", test_cut_anywhere},
};

SUITE_MAIN("hostile feeds", tests)
