/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_items: what of several links, authors and texts counts as the item's, below
 * which address relative ones are, and that a lost end tag changes none of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "suite.h"

static void
parse(const char *s, struct feed_doc *d)
{
	static const struct feed_source here = {
	    .url = "http://example.org/dir/feed.xml"};

	CU_ASSERT_EQUAL(feed_parse(s, strlen(s), &here, NULL, d, NULL), 0);
}

#define NS_ATOM "xmlns:a='http://www.w3.org/2005/Atom' "
#define NS_MEDIA "xmlns:m='http://search.yahoo.com/mrss/' "

/* An address nobody gave: the document's own serves.  One that was given serves, but
 * not where the feed is served by somebody else than its site; and pages of the feed
 * are always where it is. */
static void
test_own_base(void)
{
	static const char feed[] =
	    "<rss " NS_ATOM "><channel><link>http://c.org/b/</link><a:link rel='next' "
	    "href='?p=2'/><item><title>T</title><link>p/1</link></item></channel></"
	    "rss>";
	static const struct {
		const char *url, *item, *next;
	} cases[] = {
	    {NULL, "http://c.org/b/p/1", "http://c.org/b/?p=2"},
	    {"https://C.org/dir/feed.xml", "https://C.org/dir/p/1",
		"https://C.org/dir/feed.xml?p=2"},
	    {"http://service.example/c", "http://c.org/b/p/1",
		"http://service.example/c?p=2"},
	    {"http://c.org:81/c", "http://c.org/b/p/1", "http://c.org:81/c?p=2"},
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed_source src = {.url = cases[i].url};

		feed_parse(feed, strlen(feed), &src, NULL, &d, NULL);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].url, cases[i].item);
		SAME(d.next_url, cases[i].next);
		feed_doc_clear(&d);
	}
}

/* A header need be no text; what is made of it has to be. */
static void
test_base_of_bytes(void)
{
	static const char feed[] =
	    "<rss><channel><item><link>p</link></item></channel></rss>";
	const struct feed_source src = {
	    .url = "http://e/d/f", .content_location = "http://e/\xff/"};
	struct feed_doc d;

	feed_parse(feed, strlen(feed), &src, NULL, &d, NULL);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].url, "http://e/d/p");
	feed_doc_clear(&d);
}

/* Versions are as long as people like, and no cut leaves half a character. */
static void
test_odd_version(void)
{
	struct feed_doc d;

	parse("{\"version\":\"https://jsonfeed.org/version/"
	      "1234567\xc3\xa9\",\"items\":[]}",
	    &d);
	SAME(d.format, "jsonfeed1234567");
	feed_doc_clear(&d);
}

/* Which of several links is the item's. */
static void
test_item_links(void)
{
	static const struct {
		const char *links, *url;
	} cases[] = {
	    {"<link>http://e/1</link><link>http://e/2</link><link> </link>",
		"http://e/2"},
	    {"<link>http://e/1</link><link href='http://e/2'/>", "http://e/2"},
	    {"<link>http://e/1</link><a:link href='http://e/2'/>", "http://e/1"},
	    {"<link>http://e/1</link><link rel='self' href='http://e/2'/>",
		"http://e/1"},
	    {"<a:link href='http://e/1'/><a:link href='http://e/2'/>", "http://e/1"},
	    {"<a:link href='http://e/1'/><a:link rel='alternate' type='text/html' "
	     "href='http://e/2'/>",
		"http://e/2"},
	    {"<a:link rel='alternate' type='audio/mpeg' href='http://e/1'/><a:link "
	     "href='http://e/2'/>",
		"http://e/2"},
	    {"<a:link rel='enclosure'>http://e/1</a:link><a:link>http://e/2</a:link>"
	     "<a:link rel='via'>http://e/3</a:link>",
		"http://e/2"},
	    {"<enclosure url=' '/><enclosure url='http://e/2'/>", "http://e/2"},
	    {"<m:content><m:player url='http://e/2'/></m:content>", "http://e/2"},
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		buf_printf(&b,
		    "<rss " NS_ATOM NS_MEDIA
		    "><channel><item>%s</item></channel></rss>",
		    cases[i].links);
		parse(b.data, &d);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].url, cases[i].url);
		feed_doc_clear(&d);
		buf_free(&b);
	}
}

/* Whose an entry of Atom is. */
static void
test_item_authors(void)
{
	static const struct {
		const char *entry, *author;
	} cases[] = {
	    {"<author><name>A</name></author><author><name>B</name></author>", "A, B"},
	    {"<author><name/><uri>http://e/</uri></author>", "Feed"},
	    {"<author>A <b>B</b></author>", "A B"},
	    {"<source><title>S</title><author><name>S</name></author></source>", "S"},
	    {"<source><author><name>S</name></author></source>"
	     "<author><name>A</name></author>",
		"A"},
	    {"<contributor><name>C</name></contributor>", "Feed"},
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		buf_printf(&b,
		    "<feed xmlns='http://www.w3.org/2005/Atom'><author><name>Feed"
		    "</name></author><entry>%s<title>T</title></entry></feed>",
		    cases[i].entry);
		parse(b.data, &d);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].author, cases[i].author);
		SAME(d.items[0].title, "T");
		feed_doc_clear(&d);
		buf_free(&b);
	}
}

/* What readers show beside title and body: behind them, tags by name, nothing twice. */
static void
test_item_labels(void)
{
	static const struct {
		const char *item, *title, *text, *summary;
	} cases[] = {
	    {"<title>T</title><description>D</description><category>b</category>"
	     "<category domain='x'>a &amp;amp; c</category><category>b</category>",
		"T", "D", "a & c\n\nb"},
	    {"<category>b <image><url>u</url> <title>i</title></image>"
	     "</category><title>T</title>",
		"T", NULL, "b u i"},
	    {"<title>T</title><title>U</title><media:title>V</media:title>"
	     "<itunes:title>T</itunes:title>",
		"T", NULL, "U\n\nV"},
	    {"<media:title>V</media:title><title>T</title>", "T", NULL, "V"},
	    {"<description>D</description><media:text>M</media:text>"
	     "<itunes:keywords>k, l</itunes:keywords><dc:subject>s</dc:subject>"
	     "<itunes:subtitle>S</itunes:subtitle>",
		NULL, "D", "S\n\nM\n\nk, l\n\ns"},
	    {"<description>D</description><media:group><media:content "
	     "url='http://e/x'><media:keywords>k</media:keywords>"
	     "<media:description>what is seen</media:description></media:content>"
	     "</media:group>",
		NULL, "D", "k\n\nwhat is seen"},
	    {"<description>D</description><source url='http://e/f'>S &amp; T</source>",
		NULL, "D", "S & T"},
	    {"<atom:source><atom:title>S</atom:title></atom:source><atom:category "
	     "term='t' label='L'/><atom:category term='u'/><atom:rights>R</atom:rights>"
	     "<atom:link rel='related' href='http://e/' title='N'/>"
	     "<description>D</description>",
		NULL, "D", "S\n\nR\n\nN\n\nL\n\nu"},
	    {"<description>all of tag and title</description><category>tag</category>"
	     "<media:title>title</media:title>",
		"title", "all of tag and title", NULL},
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		buf_printf(&b,
		    "<rss " NS_ATOM NS_MEDIA
		    " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:itunes="
		    "'http://www.itunes.com/dtds/podcast-1.0.dtd'>"
		    "<channel><item>%s</item></channel></rss>",
		    cases[i].item);
		parse(b.data, &d);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].title, cases[i].title);
		SAME(d.items[0].text, cases[i].text);
		SAME(d.items[0].summary, cases[i].summary);
		feed_doc_clear(&d);
		buf_free(&b);
	}
	parse("<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'>"
	      "<div xmlns='http://www.w3.org/1999/xhtml'>I k<b hidden=''/>ill</div>"
	      "</content></entry></feed>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].text, "I kill");
	feed_doc_clear(&d);
	parse("<rss><channel><item><comments>http://e/c#respond</comments><description>"
	      "&lt;iframe srcdoc='&amp;lt;a href=http://e/d&amp;gt;in "
	      "it&amp;lt;/a&amp;gt;'"
	      "&gt;&lt;/iframe&gt;&lt;input value=v placeholder=p&gt;&lt;input "
	      "type=hidden value=no&gt;&lt;a href='mailto:a@e.example?cc=b&amp;amp;"
	      "subject=I%20will&amp;amp;body=x%zz'&gt;&lt;/a&gt;</description></item></"
	      "channel></rss>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.items[0].nlinks, 2);
	SAME(d.items[0].links[0], "http://e/c");
	SAME(d.items[0].links[1], "http://e/d");
	SAME(d.items[0].text, "in it");
	SAME(d.items[0].summary, "v\np\nI will\nx%zz");
	feed_doc_clear(&d);
}

/* Name spaces written with https, without their slash, or made up. */
static void
test_name_spaces(void)
{
	static const char *const uris[] = {"https://purl.org/rss/1.0/modules/content/",
	    "http://purl.org/rss/1.0/modules/content",
	    "http://feeds.example/content-of-ours"};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct buf b = {0};

		buf_printf(&b,
		    "<rss xmlns:content='%s'><channel><item><description>short"
		    "</description><content:encoded>the long text</content:encoded>"
		    "</item></channel></rss>",
		    uris[i]);
		parse(b.data, &d);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].text, "the long text");
		feed_doc_clear(&d);
		buf_free(&b);
	}
}

/* What is an item's text and title where the usual elements say nothing. */
static void
test_item_texts(void)
{
	static const struct {
		const char *body, *title, *text;
	} cases[] = {
	    {"<description/><m:description>D</m:description>", NULL, "D"},
	    {"<c:encoded></c:encoded><description>D</description>", NULL, "D"},
	    {"<i:subtitle>S</i:subtitle><i:summary>D</i:summary>", NULL, "D"},
	    {"<i:subtitle>S</i:subtitle>", NULL, "S"},
	    {"<c:encoded>D</c:encoded><i:summary>much longer</i:summary>", NULL, "D"},
	    {"<m:group><m:content url='http://e/1'><m:title>T</m:title>"
	     "<m:description>D</m:description></m:content></m:group>",
		"T", "D"},
	    {"<m:content><m:title>T</m:title><m:description>D</m:description>"
	     "</m:content>",
		"T", "D"},
	    {"<title>A</title><m:content url='http://e/1'><m:title>T</m:title>"
	     "</m:content><m:title>B</m:title>",
		"A", "T"},
	    {"<a:content type='application/x-own'>two words</a:content>", NULL,
		"two words"},
	    {"<a:content type='application/x-own'>word</a:content>", NULL, "word"},
	    {"<a:content type='application/x-own'>d29y\nZHM=</a:content>", NULL,
		"words"},
	    {"<a:content type='image/png'>iVBORw0KGgo=</a:content>", NULL, ""},
	    {"<description>D</description><a:rights type='xhtml'>"
	     "<div xmlns='http://www.w3.org/1999/xhtml'>ours alone, all of it</div>"
	     "</a:rights>",
		NULL, "D"},
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		buf_printf(&b,
		    "<rss " NS_ATOM NS_MEDIA
		    "xmlns:c='http://purl.org/rss/1.0/modules/content/' "
		    "xmlns:i='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel>"
		    "<item>%s</item></channel></rss>",
		    cases[i].body);
		parse(b.data, &d);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].title, cases[i].title);
		SAME(d.items[0].text, cases[i].text);
		feed_doc_clear(&d);
		buf_free(&b);
	}
}

/* Every end tag of an item may be lost: what comes behind shows it. */
static void
test_lost_ends(void)
{
	static const char rss[] =
	    "<rss " NS_ATOM NS_MEDIA "xmlns:dc='http://purl.org/dc/elements/1.1/' "
	    "xmlns:c='http://purl.org/rss/1.0/modules/content/' "
	    "xmlns:own='http://e/own'><channel><title>F</title>"
	    "<image><url>http://e/i</url><title>I</title></image>"
	    "<description>All of it</description>"
	    "<item><title>T</title><link>http://e/1</link>"
	    "<own:id>7</own:id><dc:creator>Ann</dc:creator><clicks>3</clicks>"
	    "<pubDate>Mon, 06 Jan 2020 10:00:00 GMT</pubDate><valid>1</valid>"
	    "<description>a &lt;i&gt;b&lt;/i&gt;</description>"
	    "<category>C</category><guid>g</guid><kind>k</kind>"
	    "<m:title>M</m:title><source url='http://e/'>S</source>"
	    "<c:encoded>a b c, as long as it is</c:encoded>"
	    "<post xmlns='http://e/'>5</post><comments>http://e/c</comments>"
	    "</item><item><title>U</title><guid>h</guid></item></channel></rss>";
	static const char atom[] =
	    "<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>"
	    "<subtitle type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>s"
	    "</div></subtitle><author><name>Feed</name></author>"
	    "<entry><title>T</title><author><name>Ann</name><uri>http://e/a</uri>"
	    "<email>a@e</email></author><id>g</id>"
	    "<published>2020-01-06T10:00:00Z</published>"
	    "<summary type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a b"
	    "</div></summary><content type='xhtml'><div "
	    "xmlns='http://www.w3.org/1999/xhtml'>a b c, as long as it is</div>"
	    "</content><thr:total xmlns:thr='http://purl.org/syndication/thread/1.0'>7"
	    "</thr:total><link href='http://e/1'/><rights>R</rights></entry>"
	    "<entry><title>U</title><id>h</id></entry></feed>";
	static const char *const docs[] = {rss, atom};
	struct feed_doc d;

	for (size_t i = 0; i < 2; i++)
		for (const char *end = docs[i]; (end = strstr(end, "</")) != NULL;
		     end++) {
			const char *after = strchr(end, '>') + 1;
			struct buf b = {0};

			if (strncmp(end, "</div>", 6) == 0)
				continue;
			buf_put(&b, docs[i], end - docs[i]);
			buf_puts(&b, after);
			parse(b.data, &d);
			CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
			SAME(d.items[0].id, "g");
			SAME(d.items[0].title, "T");
			SAME(d.items[0].url, "http://e/1");
			SAME(d.items[0].author, i == 0 ? "Ann" : "Ann (a@e)");
			SAME(d.items[0].text, "a b c, as long as it is");
			CU_ASSERT_EQUAL(
			    d.items[0].published, clock_parse("2020-01-06T10:00:00Z"));
			SAME(d.items[1].title, "U");
			SAME(d.items[1].id, "h");
			feed_doc_clear(&d);
			buf_free(&b);
		}
}

/* A document that is long in one place, with "the end" behind it. */
struct long_one {
	const char *name, *head, *unit;
	size_t bytes;
	const char *tail;
};

#define ATOM_ENTRY "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>i</id>"
#define JSON_ITEM "{\"items\":[{\"id\":1,"
#define KIB ((size_t)1 << 10)
#define K16 "xxxxxxxxxxxxxxxx"
#define MIB ((size_t)1 << 20)

/* Whatever is judged and is not all there is said to be cut: else the rest would pass
 * for clean. */
static void
test_cut_is_told(void)
{
	static const struct long_one docs[] = {
	    {"a plain body", ATOM_ENTRY "<content type='text'>", "x", MIB,
		"the end</content></entry></feed>"},
	    {"a plain title", ATOM_ENTRY "<title type='text'>", "x", 17 * KIB,
		"the end</title></entry></feed>"},
	    {"a plain body of JSON", JSON_ITEM "\"content_text\":\"", "x", MIB,
		"the end\"}]}"},
	    {"the third of three bodies",
		"<rss><channel><item><description>a</description><description>", "x",
		MIB - 1, "</description><description>the end</description></item>"},
	    {"the rest of a second body",
		"<rss><channel><item><description>a</description><description>b"
		"</description><description>",
		"x", MIB - 7, "the end</description></item>"},
	    {"markup of a body", "<rss><channel><item><description>", "&lt;b>&lt;/b>",
		4 * MIB + 8 * KIB, "the end</description></item>"},
	    {"markup of XHTML", ATOM_ENTRY "<content type='xhtml'><div>", "<b></b>",
		4 * MIB + 8 * KIB, "the end</div></content></entry></feed>"},
	    {"a body in CDATA", "<rss><channel><item><description><![CDATA[",
		"<!-- x -->", 5 * MIB, "the end]]></description></item>"},
	    {"a category's label", ATOM_ENTRY "<category label='", "x", 4 * KIB,
		"the end'/></entry></feed>"},
	    {"a link's title", ATOM_ENTRY "<link href='/1' rel='related' title='", "x",
		4 * KIB, "the end'/></entry></feed>"},
	    {"what an enclosure shows",
		ATOM_ENTRY "<link href='/1' rel='enclosure' title='", "x", 4 * KIB,
		"the end'/></entry></feed>"},
	    {"attributes of a picture",
		"<rss><channel><item><description><![CDATA[<img ", "a=1 ", 600,
		"alt='the end'>]]></description></item>"},
	    {"attributes of an enclosure",
		ATOM_ENTRY "<link rel='enclosure' href='/1' ", "a='1' ", 900,
		"title='the end'/></entry></feed>"},
	    {"entities",
		"<!DOCTYPE r [<!ENTITY e 'the end'><!ENTITY x '" K16 K16 K16 K16 "'>]>"
		"<rss><channel><item><description>",
		"&x;", 3 * 17 * KIB, "&e;</description></item>"},
	    {"more entities than are kept", "<!DOCTYPE r [", "<!ENTITY x 'x'>", 64 * 15,
		"<!ENTITY e 'the end'>]><rss><channel><item><description>&e;"
		"</description></item>"},
	    {"an entity in an entity",
		"<!DOCTYPE r [<!ENTITY e 'the end'><!ENTITY x '&e;'>]>"
		"<rss><channel><item><description>",
		"&x;", 1, "</description></item>"},
	    {"a title of JSON", JSON_ITEM "\"title\":\"", "x", 16 * KIB,
		"the end\"}]}"},
	    {"escapes of JSON", JSON_ITEM "\"title\":\"", "\\u00e9", 64 * KIB,
		"the end\"}]}"},
	    {"markup of JSON", JSON_ITEM "\"content_html\":\"", "<b></b>",
		4 * MIB + 8 * KIB, "the end\"}]}"},
	    {"a tag of JSON", JSON_ITEM "\"tags\":[\"", "x", 3 * KIB, "the end\"]}]}"},
	    {"what a picture of JSON shows",
		JSON_ITEM "\"attachments\":[{\"url\":\"http://e/1\",\"title\":\"", "x",
		3 * KIB, "the end\"}]}]}"},
	    {"a choice of JSON",
		"{\"items\":[{\"@context\":\"x\",\"type\":\"Question\",\"id\":\"http://"
		"e/"
		"1\",\"content\":\"c\",\"oneOf\":[{\"name\":\"",
		"x", 17 * KIB, "the end\"}]}]}"},
	};

	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		struct buf b = {0};
		struct feed_doc d;
		char *body;

		buf_puts(&b, docs[i].head);
		for (size_t n = 0; n < docs[i].bytes; n += strlen(docs[i].unit))
			buf_puts(&b, docs[i].unit);
		buf_puts(&b, docs[i].tail);
		parse(b.data, &d);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		body = item_body(&d.items[0]);
		if (strstr(body, "the end") == NULL &&
		    (d.items[0].flags & ITEM_TRUNCATED) == 0) {
			printf("\n    %s is cut, and nobody says so ", docs[i].name);
			CU_FAIL("a cut that is not told");
		}
		free(body);
		feed_doc_clear(&d);
		buf_free(&b);
	}
}

/* Where it is no body of its own, an entity stands for its text all the same. */
static void
test_entity_in_xhtml(void)
{
	struct feed_doc d;

	parse(
	    "<!DOCTYPE r [<!ENTITY e 'b &#60; c'>]>" ATOM_ENTRY
	    "<content type='xhtml'><div>a &amp;amp; <i>&e;</i></div></content></entry>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].text, "a &amp; b < c");
	CU_ASSERT_EQUAL(d.items[0].flags & ITEM_TRUNCATED, 0);
	feed_doc_clear(&d);
}

/* The same of a page, which is a post where its feed only points to it. */
static void
test_page_cut_is_told(void)
{
	static const char *const pages[] = {
	    "<title>%s</title>", "<meta name=description content='%s'><p>x"};
	const struct feed_source here = {.url = "http://example.org/1"};

	for (int i = 0; i < 2; i++) {
		struct buf b = {0}, words = {0};
		struct item it;

		while (words.len < 16 * KIB)
			buf_puts(&words, "word ");
		buf_printf(&b, pages[i], words.data);
		feed_page(b.data, b.len, &here, &feed_limits_default, &it);
		CU_ASSERT(it.flags & ITEM_TRUNCATED);
		item_clear(&it);
		buf_free(&b);
		buf_free(&words);
	}
}

static const struct suite_test tests[] = {
    {"own base", test_own_base},
    {"base of bytes", test_base_of_bytes},
    {"odd version", test_odd_version},
    {"links", test_item_links},
    {"authors", test_item_authors},
    {"labels", test_item_labels},
    {"name spaces", test_name_spaces},
    {"texts", test_item_texts},
    {"lost end tags", test_lost_ends},
    {"cut is told", test_cut_is_told},
    {"entities in XHTML", test_entity_in_xhtml},
    {"cut pages", test_page_cut_is_told},
};

SUITE_MAIN("feed items", tests)
