/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_hostile: documents made to cost time or memory, with bounds on both,
 * and a document cut at every byte.
 */
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "feed/feed.h"
#include "suite.h"

static const struct feed_source here = {.url = "http://example.org/dir/feed.xml"};

#define HOSTILE ((size_t)4 << 20)

/* head, then unit again and again, then tail: HOSTILE bytes in all. */
static struct buf
flood(const char *head, const char *unit, size_t n, const char *tail)
{
	struct buf b = {0};

	buf_puts(&b, head);
	while (b.len < HOSTILE)
		buf_put(&b, unit, n);
	buf_puts(&b, tail);
	return b;
}

static double
cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Everything that can be done with the bytes takes less than a second (sanitizers
 * slow it down tenfold) and keeps no more than a few times their size. */
static void
survive(const char *name, const struct buf *b)
{
	struct feed_doc d;
	struct item page;
	double start = cpu(), took;
	size_t kept;

	feed_parse(b->data, b->len, &here, NULL, &d, NULL);
	kept = mallinfo2().uordblks;
	feed_doc_clear(&d);
	feed_page(b->data, b->len, &here, (size_t)1 << 20, &page);
	item_clear(&page);
	took = cpu() - start;
#ifndef __SANITIZE_ADDRESS__
	CU_ASSERT(took < 1.0);
	CU_ASSERT(kept < ((size_t)48 << 20));
#endif
	if (took >= 1.0)
		printf("\n    %s took %.2f s, keeps %zu KiB ", name, took, kept >> 10);
}

#define RSS "<rss version='2.0'><channel>"
#define CDATA RSS "<item><description><![CDATA["

static const struct {
	const char *name, *head, *unit, *tail;
} floods[] = {
    {"nested tags", RSS, "<a>", ""},
    {"nested items", RSS, "<item>", ""},
    {"nested div", CDATA, "<div>", "]]>"},
    {"attributes", "<rss ", "a='1' ", ">"},
    {"html attributes", CDATA, "<p a=1 b='2' c>", "]]>"},
    {"one tag's attributes", "<rss><channel><item><description><![CDATA[<p ", "a=1 ",
	">]]>"},
    {"comments", RSS, "<!--", ""},
    {"comments with one end", RSS, "<!--", "-->"},
    {"cdata", "<rss><item><title>", "<![CDATA[", ""},
    {"cdata with one end", "<rss><item><title>", "<![CDATA[</titl", "]]>"},
    {"instructions", RSS, "<?x ", ""},
    {"doctypes", "", "<!DOCTYPE r [", ""},
    {"doctype quotes", "<!DOCTYPE r [", "\"a'", ""},
    {"less-than", RSS, "<", ""},
    {"half tags", RSS, "<a ", ""},
    {"half values", RSS, "<a b=\"<c d='", ""},
    {"half html tags", CDATA, "<a \"", "]]>"},
    {"scripts", CDATA, "<script>", "]]>"},
    {"raw text kinds", CDATA, "<script><style><xmp><iframe>", "]]>"},
    {"ampersands", "<rss><item><title>", "&", ""},
    {"long names of references", "<rss><item><title>", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	""},
    {"stray ends", "<a><b><c><d><e><rss>", "</x>", ""},
    {"name spaces", RSS, "<b xmlns:c='http://www.w3.org/2005/Atom' xml:base='x/'>", ""},
    {"undeclared prefixes", RSS, "<q:b/>", ""},
    {"links", CDATA, "<a href=x/y/z>", "]]>"},
    {"links of many items", RSS,
	"<item><description><![CDATA[<a href=1><a href=2>"
	"<a href=3><a href=4><a href=5>]]></description></item>",
	""},
    {"white space", CDATA, " ", "]]>"},
    {"one long token", "<rss><item><", "aaaaaaaa", ">"},
    {"one long text", "<rss><item><title>", "aaaaaaaa", ""},
    {"bad bytes", "<rss><item><title>", "\xc3\xa9\xff", ""},
    {"latin", "<rss><item><title>", "\xe9\xe8", ""},
    {"json arrays", "{\"items\":", "[", ""},
    {"json items", "{\"items\":[", "{},", "{}]}"},
    {"json objects", "{\"items\":[{\"id\":", "{\"a\":", ""},
    {"json escapes", "{\"items\":[{\"title\":\"", "\\ud800", "\"}]}"},
    {"json quotes", "{\"items\":[{\"title\":", "\"", ""},
};

static void
test_hostile(void)
{
	struct buf b;

	for (size_t k = 0; k < sizeof(floods) / sizeof(floods[0]); k++) {
		b = flood(floods[k].head, floods[k].unit, strlen(floods[k].unit),
		    floods[k].tail);
		survive(floods[k].name, &b);
		buf_free(&b);
	}
	b = flood(RSS, "\0\0\0", 3, "");
	survive("NUL", &b);
	buf_free(&b);
}

static void
test_entity_bomb(void)
{
	struct feed_doc d;
	struct buf b = {0};

	buf_puts(&b, "<!DOCTYPE r [<!ENTITY a \"");
	for (int i = 0; i < 60000; i++)
		buf_putc(&b, 'x');
	buf_puts(
	    &b, "\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><rss><item><title>");
	for (int i = 0; i < 100000; i++)
		buf_puts(&b, "&a;&b;");
	survive("entity bomb", &b);
	feed_parse(b.data, b.len, NULL, NULL, &d, NULL);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	CU_ASSERT(strlen(d.items[0].title) <= 16384);
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
    {"hostile", test_hostile},
    {"entity bomb", test_entity_bomb},
    {"cut anywhere", test_cut_anywhere},
};

SUITE_MAIN("hostile feeds", tests)
