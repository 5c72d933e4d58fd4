/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed: the feed room: tokenizer, HTML to text, dates, charsets, addresses,
 * a document of each format, and damaged ones.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "feed/charset.h"
#include "feed/entities.h"
#include "feed/feed.h"
#include "feed/html.h"
#include "feed/markup.h"
#include "suite.h"

static const struct feed_source here = {.url = "http://example.org/dir/feed.xml"};

static int
parse(const char *s, struct feed_doc *d)
{
	return feed_parse(s, strlen(s), &here, NULL, d, NULL);
}

/* --- tokenizer --- */

/* All tokens as one line, so that a whole document is one comparison. */
static void
tokens(enum markup_mode mode, const char *s, char out[512])
{
	static const char kinds[] = "TKOCMPD";
	struct markup m;
	struct markup_token t;
	size_t n = 0, eaten = 0;

	out[0] = '\0';
	markup_init(&m, mode, s, strlen(s));
	while (markup_next(&m, &t) && n < 400) {
		struct markup_str *v =
		    t.kind == MARKUP_OPEN || t.kind == MARKUP_CLOSE ? &t.name : &t.text;

		eaten += t.source.n;
		n += snprintf(
		    out + n, 512 - n, "%c(%.*s)", kinds[t.kind], (int)v->n, v->p);
		for (size_t i = 0; i < t.nattrs; i++)
			n += snprintf(out + n, 512 - n, "[%.*s=%.*s]",
			    (int)m.attrs[i].name.n, m.attrs[i].name.p,
			    (int)m.attrs[i].value.n,
			    m.attrs[i].value.p ? m.attrs[i].value.p : "");
		if (t.empty)
			n += snprintf(out + n, 512 - n, "/");
	}
	CU_ASSERT_EQUAL(eaten, strlen(s));
}

static void
test_tokens_xml(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"<a b='1' c=\"2\"/>x</a>", "O(a)[b=1][c=2]/T(x)C(a)"},
	    {"<?xml version='1.0'?><!-- c --><a>", "P(xml version='1.0')M( c )O(a)"},
	    {"<![CDATA[a<b]]>c", "K(a<b)T(c)"},
	    {"1 < 2 <3 & 4", "T(1 )T(< 2 )T(<3 & 4)"},
	    {"<a b=1 c>", "O(a)[b=1][c=]"},
	    {"<a b=\"x><c d=\"y\">", "O(a)[b=x]O(c)[d=y]"},
	    {"</a <b>", "C(a)O(b)"},
	    {"<a b='x'<b>", "O(a)[b=x]O(b)"},
	    {"if a <b then</a>", "T(if a )T(<b then)C(a)"},
	    {"<!-- open <b>", "T(<!-- open )O(b)"},
	    {"<!-- one <!-- two -->x", "T(<!-- one )M( two )T(x)"},
	    {"<!DOCTYPE r [<!ENTITY a \">\">]>x",
		"D(DOCTYPE r [<!ENTITY a \">\">])T(x)"},
	    {"<a", "T(<a)"},
	    {"<", "T(<)"},
	    {"</a", "C(a)"},
	    {"<a rel=\"alternate href=\"/x\"/>", "O(a)[rel=alternate][href=/x]/"},
	};
	char got[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tokens(MARKUP_XML, cases[i].in, got);
		SAME(got, cases[i].out);
	}
}

static void
test_tokens_html(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"<P CLASS=x>a<BR>b</P>", "O(p)[CLASS=x]T(a)O(br)T(b)C(p)"},
	    {"<script>if (a<b) '</p>'</script>x",
		"O(script)K(if (a<b) '</p>')C(script)T(x)"},
	    {"<script>never closed <b>", "O(script)T(never closed )O(b)"},
	    {"<!-->x", "M()T(x)"},
	    {"<!' <a href=x>", "T(<!' )O(a)[href=x]"},
	    {"<a title='x > y'>z", "O(a)[title=x > y]T(z)"},
	    {"a < b", "T(a )T(< b)"},
	};
	char got[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tokens(MARKUP_HTML, cases[i].in, got);
		SAME(got, cases[i].out);
	}
}

static void
test_references(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"&lt/a&gt &quot. &amp B", "</a> \". & B"},
	    {"x?a=1&lt=2&gt_x&ampere", "x?a=1&lt=2&gt_x&ampere"},
	    {"&lt;&amp;&#65;&#x42;&#X43;", "<&ABC"},
	    {"&eacute;&nbsp;&hellip;", "é\u00a0…"},
	    {"&#146;&#x80;", "’€"},
	    {"&#0;&#xd800;&#x110000;&#99999999999;", "���\uFFFD"},
	    {"&nosuch; &; & &#; &#x;", "&nosuch; &; & &#; &#x;"},
	    {"&own;&nested;", "<mine>&own;"},
	};
	const char *dtd =
	    "<!DOCTYPE r [<!ENTITY own '&#60;mine>'><!ENTITY nested '&own;'>"
	    "<!ENTITY ext SYSTEM 'file:///etc/passwd'>]>";
	struct markup m;
	struct markup_token t;
	struct buf b = {0};

	markup_init(&m, MARKUP_XML, dtd, strlen(dtd));
	CU_ASSERT(markup_next(&m, &t) && t.kind == MARKUP_DOCTYPE);
	CU_ASSERT_EQUAL(m.nentities, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		markup_decode(&m, &b, cases[i].in, strlen(cases[i].in));
		SAME(b.data, cases[i].out);
	}
	buf_free(&b);
}

static void
test_entities(void)
{
	uint32_t cp[2];

	CU_ASSERT(feed_entity_find("AElig", 5, cp) && cp[0] == 0xc6 && cp[1] == 0);
	CU_ASSERT(feed_entity_find("zwnj", 4, cp) && cp[0] == 0x200c);
	CU_ASSERT(feed_entity_find("NotEqualTilde", 13, cp) && cp[0] == 0x2242 &&
		  cp[1] == 0x338);
	CU_ASSERT_FALSE(feed_entity_find("aelig2", 6, cp));
	CU_ASSERT_FALSE(feed_entity_find("", 0, cp));
	CU_ASSERT_EQUAL(feed_entity_prefix("copy2004", 8, cp), 4);
	CU_ASSERT_EQUAL(feed_entity_prefix("hellip", 6, cp), 0);
}

/* --- HTML --- */

static void
test_html_text(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"plain", "plain"},
	    {"  a \n\t b  ", "a b"},
	    {"<p>one</p><p>two</p>", "one\n\ntwo"},
	    {"a<br>b<br/>c", "a\nb\nc"},
	    {"<ul><li>a</li><li>b</li></ul>", "a\nb"},
	    {"<b><i>x</b></i>y", "xy"},
	    {"a<script>b</script>c<style>d</style>e<template>f</template>", "ace"},
	    {"<script>lost", "lost"},
	    {"&lt;b&gt; &copy &nbsp;x", "<b> © \u00a0x"},
	    {"<pre>a\nb</pre>", "a\nb"},
	    {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
		"a b\nc"},
	    {"x<!-- hidden -->y", "xy"},
	    {"a < b and c > d", "a < b and c > d"},
	    {"\001a\002b\033[0m", "ab[0m"},
	    {"<unknown>x</unknown>", "x"},
	    {"", ""},
	};
	struct feed_html_opt opt = {.base = NULL};
	struct feed_html h;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		feed_html_text(cases[i].in, strlen(cases[i].in), &opt, &h);
		SAME(h.text, cases[i].out);
		feed_html_clear(&h);
	}
}

static void
test_html_fields(void)
{
	const char *s =
	    "<a href='/a?x=1&amp;y=2'>A</a><img src=b.png alt='a picture'>"
	    "<a href='/a?x=1&y=2'>again</a><a href='javascript:x()'>no</a>"
	    "<a href=' https://other.example/ '>o</a><a href='mailto:x@y'>m</a>";
	struct feed_html_opt opt = {.base = "http://example.org/d/f"};
	struct feed_html h;

	feed_html_text(s, strlen(s), &opt, &h);
	CU_ASSERT_EQUAL_FATAL(h.links.n, 3);
	SAME(h.links.v[0], "http://example.org/a?x=1&y=2");
	SAME(h.links.v[1], "http://example.org/d/b.png");
	SAME(h.links.v[2], "https://other.example/");
	SAME(h.alt, "a picture");
	CU_ASSERT_FALSE(h.hidden);
	feed_html_clear(&h);
	/* A mail in Latin-1, and with a NUL: nothing of it is lost. */
	s = "<a href='mailto:x@y?body=caf%e9%00%20and%20more'>m</a>";
	feed_html_text(s, strlen(s), &opt, &h);
	SAME(h.alt, "caf\xef\xbf\xbd\xef\xbf\xbd and more");
	feed_html_clear(&h);
}

static void
test_html_hidden(void)
{
	static const char *const hides[] = {"<p style='display: none'>x</p>",
	    "<p style=\"Visibility:Hidden\">x</p>", "<p style=font-size:0px>x</p>",
	    "<p hidden>x</p>"};
	static const char *const shows[] = {"<p style='font-size:0.9em'>x</p>",
	    "<p style='display:block'>x</p>", "<p class=hidden>x</p>"};
	struct feed_html_opt opt = {.base = NULL};
	struct feed_html h;

	for (size_t i = 0; i < 4; i++) {
		feed_html_text(hides[i], strlen(hides[i]), &opt, &h);
		CU_ASSERT(h.hidden);
		SAME(h.text, "x");
		feed_html_clear(&h);
	}
	for (size_t i = 0; i < 3; i++) {
		feed_html_text(shows[i], strlen(shows[i]), &opt, &h);
		CU_ASSERT_FALSE(h.hidden);
		feed_html_clear(&h);
	}
}

static void
test_html_limit(void)
{
	struct feed_html_opt opt = {.max_text = 5};
	struct feed_html h;

	feed_html_text("aaaa\u00e9\u00e9", 8, &opt, &h);
	SAME(h.text, "aaaa");
	CU_ASSERT(h.truncated);
	feed_html_clear(&h);
	CU_ASSERT(feed_html_likely("a <b>c</b>", 10));
	CU_ASSERT(feed_html_likely("AT&amp;T", 8));
	CU_ASSERT_FALSE(feed_html_likely("a <blink> tag", 13));
	CU_ASSERT_FALSE(feed_html_likely("x</nosuch>", 10));
	CU_ASSERT_FALSE(feed_html_likely("a & b < c", 9));
}

static void
test_page(void)
{
	const char *s =
	    "<!DOCTYPE html><html lang=de><head><title>The &amp; title</title>"
	    "<meta charset=utf-8><meta name=author content='Ann'>"
	    "<meta property='article:published_time' content='2020-01-02T03:04:05Z'>"
	    "<base href='/b/'></head><body><p>Body <a href=x>link</a></body></html>";
	struct item it;

	feed_page(s, strlen(s), &here, &feed_limits_default, &it);
	SAME(it.title, "The & title");
	SAME(it.text, "Body link");
	SAME(it.author, "Ann");
	SAME(it.lang, "de");
	SAME(it.id, here.url);
	CU_ASSERT_EQUAL(it.published, clock_parse("2020-01-02T03:04:05Z"));
	CU_ASSERT_EQUAL_FATAL(it.nlinks, 2);
	SAME(it.links[1], "http://example.org/b/x");
	item_clear(&it);
}

/* --- addresses --- */

/* RFC 3986 section 5.4, with its base. */
static void
test_url_join(void)
{
	static const struct {
		const char *ref, *want;
	} cases[] = {
	    {"g:h", "g:h"},
	    {"g", "http://a/b/c/g"},
	    {"./g", "http://a/b/c/g"},
	    {"g/", "http://a/b/c/g/"},
	    {"/g", "http://a/g"},
	    {"//g", "http://g"},
	    {"?y", "http://a/b/c/d;p?y"},
	    {"g?y", "http://a/b/c/g?y"},
	    {"#s", "http://a/b/c/d;p?q#s"},
	    {"g#s", "http://a/b/c/g#s"},
	    {";x", "http://a/b/c/;x"},
	    {"", "http://a/b/c/d;p?q"},
	    {".", "http://a/b/c/"},
	    {"..", "http://a/b/"},
	    {"../g", "http://a/b/g"},
	    {"../..", "http://a/"},
	    {"../../../../g", "http://a/g"},
	    {"/./g", "http://a/g"},
	    {"g/../h", "http://a/b/c/h"},
	    {" g\n ", "http://a/b/c/g"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = feed_url_join(
		    "http://a/b/c/d;p?q", cases[i].ref, strlen(cases[i].ref));

		SAME(got, cases[i].want);
		free(got);
	}
	CU_ASSERT_PTR_NULL(feed_url_join(NULL, "x", 1));
}

/* --- dates --- */

static void
test_dates(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"2003-12-31T10:14:55.5+01:00", "2003-12-31T09:14:55.500Z"},
	    {"2003-W01-1", "2002-12-30T00:00:00Z"},
	    {"2004W536", "2005-01-01T00:00:00Z"},
	    {"2004-366", "2004-12-31T00:00:00Z"},
	    {"2003-366", "-"},
	    {"20031231T101455Z", "2003-12-31T10:14:55Z"},
	    {"Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
	    {"Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"},
	    {"Tue, 10 Jun 2003 04:00:00 EDT", "2003-06-10T08:00:00Z"},
	    {"mar, 05 ene 2004 10:00:00 +0100", "2004-01-05T09:00:00Z"},
	    {"5. März 2004 14:30 Uhr", "2004-03-05T14:30:00Z"},
	    {"5 août 2004", "2004-08-05T00:00:00Z"},
	    {"26 de enero de 2004", "2004-01-26T00:00:00Z"},
	    {"5 stycznia 2004", "2004-01-05T00:00:00Z"},
	    {"2 Января 2004 10:11", "2004-01-02T10:11:00Z"},
	    {"3 maart 2004", "2004-03-03T00:00:00Z"},
	    {"7 ottobre 2004", "2004-10-07T00:00:00Z"},
	    {"5 de março de 2004 às 12:00", "2004-03-05T12:00:00Z"},
	    {"January 5, 2004, 3:15 PM EST", "2004-01-05T20:15:00Z"},
	    {"1089330000", "2004-07-08T23:40:00Z"},
	    {"1089330000123", "2004-07-08T23:40:00.123Z"},
	    {"2004년 05월 28일  01:31:15", "2004-05-27T16:31:15Z"},
	    {"2023-02-29T00:00:00Z", "-"},
	    {"31 Jun 2004", "-"},
	    {"tomorrow", "-"},
	    {"now", "-"},
	    {"", "-"},
	    {"12:00", "-"},
	    {"99999999999999999999", "-"},
	};
	char got[CLOCK_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		SAME(clock_format(feed_date(cases[i].in), got), cases[i].out);
	CU_ASSERT_EQUAL(feed_date(NULL), CLOCK_NONE);
}

/* --- charsets --- */

static void
test_charsets(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *type, *text, *encoding;
		bool wrong;
	} cases[] = {
	    {"\xef\xbb\xbfx", 4, "text/xml; charset=koi8-r", "x", "utf-8", false},
	    {"\xef\xbb\xbf<?xml version='1.0' encoding='koi8-r'?>\xc1", 43, NULL,
		"<?xml version='1.0' encoding='koi8-r'?>а", "koi8-r", false},
	    {"\xef\xbb\xbf\xe9t\xe9", 6, NULL, "\uFFFDt\uFFFD", "utf-8", true},
	    {"\xff\xfe<\0r\0", 6, NULL, "<r", "utf-16le", false},
	    {"\0<\0r\0>", 6, NULL, "<r>", "utf-16be", false},
	    {"caf\xe9", 4, "text/xml; charset=iso-8859-1", "café", "iso-8859-1", false},
	    {"caf\xc3\xa9", 5, "text/xml; charset=iso-8859-1", "café", "utf-8", false},
	    {"\x80\x93", 2, "text/html;charset=\"windows-1252\"", "€“", "windows-1252",
		false},
	    {"<?xml version='1.0' encoding='koi8-r'?>\xc1", 40, NULL,
		"<?xml version='1.0' encoding='koi8-r'?>а", "koi8-r", false},
	    {"\xc3\xa9\xc3\xa9\xff", 5, NULL, "éé\uFFFD", "utf-8", true},
	    {"a\0b", 3, NULL, "a\uFFFDb", "utf-8", true},
	    {"\xc2\x92", 2, NULL, "’", "utf-8", false},
	    {"\x1b$B$\"\x1b(B", 8, "text/xml; charset=iso-2022-jp", "あ", "iso-2022-jp",
		false},
	    {"x", 1, "text/xml; charset=nosuch", "x", "utf-8", true},
	};
	struct feed_text t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		feed_text_read(&t, cases[i].bytes, cases[i].n, cases[i].type);
		CU_ASSERT_EQUAL(t.n, strlen(cases[i].text));
		CU_ASSERT(t.n == strlen(cases[i].text) &&
			  memcmp(t.p, cases[i].text, t.n) == 0);
		SAME(t.encoding, cases[i].encoding);
		CU_ASSERT_EQUAL(t.wrong, cases[i].wrong);
		feed_text_free(&t);
	}
}

/* --- formats --- */

static void
test_rss2(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse(
		"<?xml version='1.0'?><rss version='2.0' "
		"xmlns:c='http://purl.org/rss/1.0/modules/content/'>"
		"<channel><title>F</title><link>http://example.org/</link><ttl>60</ttl>"
		"<language>en</language>"
		"<item><title>A &amp;amp; B</title><link>/1</link><guid "
		"isPermaLink='false'>g1</guid>"
		"<author>ann@example.org (Ann)</author><pubDate>Mon, 06 Jan 2020 "
		"10:00:00 GMT</pubDate>"
		"<description>short</description>"
		"<c:encoded><![CDATA[<p>The <a href='x'>long</a> "
		"body</p>]]></c:encoded>"
		"<enclosure url='http://example.org/a.mp3'/></item></channel></rss>",
		&d),
	    0);
	SAME(d.format, "rss2.0");
	SAME(d.title, "F");
	SAME(d.link, "http://example.org/");
	CU_ASSERT_EQUAL(d.ttl_ms, CLOCK_HOUR);
	CU_ASSERT(d.well_formed && d.problem == NULL);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	it = &d.items[0];
	SAME(it->id, "g1");
	SAME(it->url, "http://example.org/1");
	SAME(it->title, "A & B");
	SAME(it->author, "Ann");
	SAME(it->text, "The long body");
	SAME(it->summary, "short");
	CU_ASSERT_EQUAL(it->published, clock_parse("2020-01-06T10:00:00Z"));
	CU_ASSERT_EQUAL(it->updated, CLOCK_NONE);
	CU_ASSERT_EQUAL_FATAL(it->nlinks, 2);
	SAME(it->links[0], "http://example.org/dir/x");
	feed_doc_clear(&d);
}

static void
test_atom(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse("<feed xmlns='http://www.w3.org/2005/Atom' "
		  "xml:base='http://b.example/' xml:lang='en'>"
		  "<title>F</title><link href='/'/><link rel='next' href='?p=2'/>"
		  "<entry><id>urn:1</id><title type='html'>&lt;b&gt;T&lt;/b&gt;</title>"
		  "<link rel='self' href='self'/><link href='post'/>"
		  "<author><name>Ann</name><email>a@b</email></author>"
		  "<published>2020-01-01T00:00:00Z</"
		  "published><updated>2020-01-02T00:00:00Z</updated>"
		  "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x "
		  "&lt; <i>y</i></div>"
		  "</content></entry>"
		  "<entry><title type='text'>a &lt;b> c</title><content>literal "
		  "&amp;amp;</content>"
		  "</entry></feed>",
		&d),
	    0);
	SAME(d.format, "atom1.0");
	SAME(d.next_url, "http://b.example/?p=2");
	CU_ASSERT(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	it = &d.items[0];
	SAME(it->id, "urn:1");
	SAME(it->title, "T");
	SAME(it->url, "http://b.example/post");
	SAME(it->author, "Ann (a@b)");
	SAME(it->text, "x < y");
	SAME(it->lang, "en");
	it = &d.items[1];
	SAME(it->title, "a <b> c");
	SAME(it->text, "literal &amp;");
	CU_ASSERT(it->flags & ITEM_MADE_ID);
	CU_ASSERT_EQUAL(strncmp(it->id, "sha256:", 7), 0);
	feed_doc_clear(&d);
}

static void
test_other_formats(void)
{
	static const struct {
		const char *doc, *format, *title, *text, *url;
	} cases[] = {
	    {"<feed version='0.3' "
	     "xmlns='http://purl.org/atom/ns#'><entry><title>t</title>"
	     "<link rel='alternate' href='http://e/1'/><content type='text/html' "
	     "mode='base64'>"
	     "PGI+eDwvYj4=</content></entry></feed>",
		"atom0.3", "t", "x", "http://e/1"},
	    {"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
	     "xmlns='http://purl.org/rss/1.0/'><item "
	     "rdf:about='http://e/1'><title>t</title>"
	     "<description>x</description></item></rdf:RDF>",
		"rss1.0", "t", "x", "http://e/1"},
	    {"<rss "
	     "version='0.91'><channel><item><title>t</title><link>http://e/1</link>"
	     "<description>x</description></item></channel></rss>",
		"rss0.91", "t", "x", "http://e/1"},
	    {"<CHANNEL><ITEM "
	     "HREF='http://e/1'><TITLE>t</TITLE><ABSTRACT>x</ABSTRACT></ITEM>"
	     "</CHANNEL>",
		"cdf", "t", "x", "http://e/1"},
	    {"{\"version\":\"https://jsonfeed.org/version/"
	     "1.1\",\"title\":\"F\",\"items\":["
	     "{\"id\":1,\"title\":\"t\",\"url\":\"http://e/"
	     "1\",\"content_html\":\"<p>x</p>\"}]}",
		"jsonfeed1.1", "t", "x", "http://e/1"},
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL_FATAL(parse(cases[i].doc, &d), 0);
		SAME(d.format, cases[i].format);
		CU_ASSERT(d.well_formed);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].title, cases[i].title);
		SAME(d.items[0].text, cases[i].text);
		SAME(d.items[0].url, cases[i].url);
		feed_doc_clear(&d);
	}
}

/* The traps of social JSON: numbers as ids, half characters, doubles, U+0000. */
static void
test_json(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(parse("{\"version\":\"https://jsonfeed.org/version/"
				    "1\",\"x\":[[{\"a\":1e5}],null],\"items\":["
				    "{\"id\":123456789012345678901234567890,\"content_"
				    "text\":\"a \\ud800 <b> \\u0000\","
				    "\"authors\":[{\"name\":\"Ann\"}],\"date_"
				    "published\":\"2020-01-01T00:00:00Z\"},"
				    "{\"id\":\"2\",\"id\":\"again\",\"content_text\":"
				    "\"\\ud83d\\ude00\",\"tags\":{\"a\":[]}},"
				    "7,{\"id\":\"3\",\"summary\":\"s\",\"attachments\":"
				    "[{\"url\":\"/f\"}]}]}",
				  &d),
	    0);
	CU_ASSERT(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 3);
	SAME(d.items[0].id, "123456789012345678901234567890");
	SAME(d.items[0].text, "a � <b> �");
	SAME(d.items[0].author, "Ann");
	SAME(d.items[1].id, "2");
	SAME(d.items[1].text, "😀");
	SAME(d.items[2].text, "s");
	SAME(d.items[2].links[0], "http://example.org/f");
	feed_doc_clear(&d);
	/* Cut in the middle: what came before is here. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{\"items\":[{\"id\":\"1\",\"title\":\"a\"},{\"id\":\"2\",\"ti", &d),
	    0);
	CU_ASSERT_FALSE(d.well_formed);
	CU_ASSERT_EQUAL(d.nitems, 2);
	feed_doc_clear(&d);
}

static void
test_no_feed(void)
{
	static const struct {
		const char *doc, *says;
	} cases[] = {
	    {"", "empty"},
	    {"<!DOCTYPE html><html><body>x</body></html>", "HTML page"},
	    {"{\"a\":1}", "JSON"},
	    {"hello", "plain text"},
	    {"<svg xmlns='http://www.w3.org/2000/svg'/>", "XML of another kind"},
	};
	struct feed_doc d;
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(
		    feed_parse(cases[i].doc, strlen(cases[i].doc), NULL, NULL, &d, &e),
		    TOSD_EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, cases[i].says));
		CU_ASSERT_EQUAL(d.nitems, 0);
		feed_doc_clear(&d);
	}
}

/* --- damage: the same items, but said --- */

#define ITEM(n)                                                                  \
	"<item><title>T" n "</title><link>http://e/" n "</link><description>D" n \
	"</description></item>"

static void
test_damaged(void)
{
	static const char *const cases[] = {
	    "junk & more <br> <rss><channel>" ITEM("1") ITEM("2") "</channel></rss>",
	    "<rss><channel>" ITEM("1") ITEM("2") "</channel></rss><p>after",
	    "<rss><channel>" ITEM("1") ITEM("2"),
	    "<rss><channel></b>" ITEM("1") "</c></d>" ITEM("2") "</channel></rss>",
	    "<rss><channel><item><title>T1<link>http://e/1</link><description>D1</"
	    "description>"
	    "</item>" ITEM("2") "</channel></rss>",
	    "<rss><channel><item><title>T1</title><link>http://e/1</"
	    "link><description>D1" ITEM("2") "</channel></rss>",
	    "<rss><channel><item><title>T1</Title><link>http://e/1</"
	    "LINK><description>D1"
	    "</description></ITEM>" ITEM("2") "</channel></rss>",
	    "<rss><channel><item><title>T1</title "
	    "<link>http://e/1</link><description>D1"
	    "</description></item>" ITEM("2") "</channel></rss>",
	    "<rss><channel><!-- " ITEM("1") ITEM("2") "</channel></rss>",
	    "<rss><channel><item><title><![CDATA[T1</title><link>http://e/1</"
	    "link><description>"
	    "<![CDATA[D1]]></description></item>" ITEM("2") "</channel></rss>",
	    "<rss a=1 b><channel c=\"x>" ITEM("1") ITEM("2") "</channel></rss>",
	    "<rss><channel>&nosuch;\x01" ITEM("1") ITEM("2") "</channel></rss>",
	    "<rss><channel><item><foo><title>T1</title><p><link>http://e/1</link>"
	    "<description>D1</description></item>" ITEM("2") "</channel></rss>",
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL_FATAL(parse(cases[i], &d), 0);
		CU_ASSERT_FALSE(d.well_formed);
		CU_ASSERT_PTR_NOT_NULL(d.problem);
		CU_ASSERT_EQUAL(d.nitems, 2);
		for (size_t k = 0; k < d.nitems && k < 2; k++) {
			SAME(d.items[k].title, k == 0 ? "T1" : "T2");
			SAME(d.items[k].url, k == 0 ? "http://e/1" : "http://e/2");
			SAME(d.items[k].text, k == 0 ? "D1" : "D2");
		}
		feed_doc_clear(&d);
	}
}

static void
test_limits(void)
{
	const struct feed_limits lim = {3, 10, 64, true};
	struct feed_doc d;
	const char *s =
	    "<rss><channel>" ITEM("1") ITEM("2") ITEM("3") ITEM("4") ITEM("5");
	const char *t =
	    "<rss><channel><item><description>aaaaaaaaaaaaaaaaaaaa</description>";

	feed_parse(s, strlen(s), NULL, &lim, &d, NULL);
	CU_ASSERT_EQUAL(d.nitems, 3);
	CU_ASSERT(d.truncated);
	CU_ASSERT(d.cut);
	feed_doc_clear(&d);
	feed_parse(t, strlen(t), NULL, &lim, &d, NULL);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].text, "aaaaaaaaaa");
	CU_ASSERT(d.items[0].flags & ITEM_TRUNCATED);
	CU_ASSERT(d.truncated);
	CU_ASSERT_FALSE(d.cut); /* all items are there */
	feed_doc_clear(&d);
}

static const struct suite_test tests[] = {
    {"XML tokens", test_tokens_xml},
    {"HTML tokens", test_tokens_html},
    {"references", test_references},
    {"entity table", test_entities},
    {"HTML to text", test_html_text},
    {"links and notes", test_html_fields},
    {"hidden text", test_html_hidden},
    {"text limit", test_html_limit},
    {"page", test_page},
    {"addresses", test_url_join},
    {"dates", test_dates},
    {"charsets", test_charsets},
    {"RSS 2.0", test_rss2},
    {"Atom 1.0", test_atom},
    {"other formats", test_other_formats},
    {"JSON Feed", test_json},
    {"no feed", test_no_feed},
    {"damaged", test_damaged},
    {"limits", test_limits},
};

SUITE_MAIN("feed", tests)
