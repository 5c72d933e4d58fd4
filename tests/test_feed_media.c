/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_media: the pictures, films and sounds that stand in the HTML of a body, in
 * each kind of feed, and that they change neither what a post is nor its id.
 */
#include "base/text.h"
#include "feed/feed.h"
#include "feed/url.h"
#include "suite.h"

static const struct feed_source here = {.url = "http://e.org/d/f"};

static void
read_doc(const char *s, bool media, struct feed_doc *d)
{
	struct feed_limits lim = feed_limits_default;
	struct err e = ERR_INIT;

	lim.media = media;
	CU_ASSERT_EQUAL_FATAL(feed_parse(s, strlen(s), &here, &lim, d, &e), 0);
	CU_ASSERT_EQUAL_FATAL(d->nitems, 1);
}

/* "address type, address type": the media of an item. */
static char *
words(const struct item *it)
{
	struct buf b = {0};

	buf_reserve(&b, 0);
	for (size_t i = 0; i < it->nmedia; i++) {
		const struct item_media *m = &it->media[i];

		CU_ASSERT_PTR_NULL(m->text);
		buf_puts(&b, i > 0 ? ", " : "");
		buf_puts(&b,
		    strncmp(m->url, "http://e.org/d/", 15) == 0 ? m->url + 15 : m->url);
		buf_puts(&b, " ");
		buf_puts(&b, m->type != NULL ? m->type : "-");
	}
	return buf_take(&b);
}

static char *
json_feed(const char *html, const char *more)
{
	struct buf b = {0};

	buf_puts(&b,
	    "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{\"id\":"
	    "\"1\",\"content_html\":\"");
	for (; *html != '\0'; html++) {
		if (*html == '"')
			buf_putc(&b, '\\');
		buf_putc(&b, *html);
	}
	buf_puts(&b, "\"");
	buf_puts(&b, more);
	buf_puts(&b, "}]}");
	return buf_take(&b);
}

/* What each element shows. */
static void
test_elements(void)
{
	static const struct {
		const char *html, *media;
	} cases[] = {
	    {"<img src='b.png' alt='two'>", "b.png image"},
	    {"<p><IMG SRC=/b.png />", "http://e.org/b.png image"},
	    {"<image src=b.png>", "b.png image"},
	    {"<svg><image xlink:href=b.png /></svg>", "b.png image"},
	    {"<img src=' b.png?x=1&amp;y=2 '>", "b.png?x=1&y=2 image"},
	    {"<img src=a.png><img src='./a.png'>", "a.png image"},
	    /* Of a srcset the first; the plain one before it. */
	    {"<img srcset='l.png 2x, s.png 1x'>", "l.png image"},
	    {"<img src=s.png srcset=' ,w_1,h_2/l.png, s.png 1x'><img src=t.png>",
		"s.png image, t.png image, w_1,h_2/l.png image"},
	    /* Pages that load late. */
	    {"<img data-src=b.png>", "b.png image"},
	    {"<img src='data:image/gif;base64,AA' data-src=b.png>", "b.png image"},
	    {"<img src=a.png data-src=b.png>", "a.png image"},
	    {"<noscript><img src=b.png></noscript>", "b.png image"},
	    /* Those that count visitors; and what only says so. */
	    {"<img width=1 height='1' src=t.gif><img height=0px width=0 src=u.gif>",
		""},
	    {"<img width=1 src=a.png><img width=1 height=10 src=b.png>"
	     "<img width=1 height=1 style='Width:90%' src=c.png>",
		"a.png image, b.png image, c.png image"},
	    {"<img class=emoji width=20 height=20 src=e.png>", "e.png image"},
	    {"<video src=v.mp4 poster=p.jpg></video>", "v.mp4 video, p.jpg image"},
	    {"<audio src=a.ogg></audio>", "a.ogg audio"},
	    {"<video><source src=v.webm><source src=v.mp4 type='video/mp4; x=1'>"
	     "</video><source src=z>",
		"v.webm video, v.mp4 video/mp4, z -"},
	    {"<audio><source src=a.opus type='a b'></audio>", "a.opus audio"},
	    /* Other forms of a picture come last. */
	    {"<picture><source srcset='a.avif 1x' type='image/avif'><img src=a.jpg>"
	     "</picture><img src=b.jpg>",
		"a.jpg image, b.jpg image, a.avif image"},
	    /* Not shown, not there, or no picture. */
	    {"<template><img src=b.png></template><!-- <img src=c.png> -->x", ""},
	    {"<img src=''><img src=' '><img><video></video><img src='javascript:x'>",
		""},
	    {"<a href=b.png>b</a><input src=b.png><iframe src=v></iframe>", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *s = json_feed(cases[i].html, ""), *got;
		struct feed_doc d;

		read_doc(s, true, &d);
		got = words(&d.items[0]);
		SAME(got, cases[i].media);
		free(got);
		free(s);
		feed_doc_clear(&d);
	}
}

#define RSS(x)                                                                         \
	"<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'>" \
	"<channel><item><title>t</title>" x "</item></channel></rss>"
#define ATOM(x)                                                                   \
	"<feed "                                                                  \
	"xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>t</title>" x \
	"</entry></feed>"

/* Wherever a body may stand. */
static void
test_bodies(void)
{
	static const char *const docs[] = {
	    RSS("<description>&lt;p&gt;x&lt;img src='b.png'&gt;</description>"),
	    RSS("<description>x</description>"
		"<content:encoded><![CDATA[<p>y<img src='b.png'>]]></content:encoded>"),
	    RSS("<description><![CDATA[<img src='b.png'>]]></description>"
		"<content:encoded><![CDATA[<p>nothing here]]></content:encoded>"),
	    ATOM("<content type='html'>&lt;img src='b.png'></content>"),
	    ATOM("<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x"
		 "<img src='b.png'/></div></content>"),
	    ATOM("<summary type='html'>x&lt;img src='b.png'></summary>"),
	    ATOM("<content type='html' xml:base='/d/'>&lt;img src='b.png'></content>"),
	    "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":\"1\","
	    "\"content_html\":\"<p>x<img src='b.png'>\"}]}",
	    "[{\"id\":\"1\",\"uri\":\"http://e.org/1\",\"created_at\":"
	    "\"2020-01-02T03:04:05Z\",\"content\":\"<p>x<img src='b.png'></p>\","
	    "\"account\":{\"acct\":\"ann\"},\"media_attachments\":[]}]",
	};

	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		struct feed_doc d;

		read_doc(docs[i], true, &d);
		CU_ASSERT_EQUAL_FATAL(d.items[0].nmedia, 1);
		SAME(d.items[0].media[0].url, "http://e.org/d/b.png");
		CU_ASSERT_TRUE(d.items[0].media[0].in_body);
		CU_ASSERT_EQUAL(d.items[0].nlinks, 1);
		feed_doc_clear(&d);
	}
}

/* A page that a sitemap points at. */
static void
test_page(void)
{
	const char *s = "<html><head><base href='/d/'></head><body><img src=b.png>"
			"<video src=//e.org/d/v.mp4></video></body></html>";
	struct feed_limits lim = feed_limits_default;
	struct item it;
	char *got;

	feed_page(s, strlen(s), &here, &lim, &it);
	got = words(&it);
	SAME(got, "b.png image, v.mp4 video");
	free(got);
	item_clear(&it);
	lim.media = false;
	feed_page(s, strlen(s), &here, &lim, &it);
	CU_ASSERT_EQUAL(it.nmedia, 0);
	CU_ASSERT_EQUAL(it.nlinks, 3);
	item_clear(&it);
}

/* What the feed names itself goes before, and each address is there once. */
static void
test_attached(void)
{
	char *s = json_feed("<img src=b.png><img src=c.png>",
	    ",\"attachments\":[{\"url\":\"http://e.org/d/c.png\",\"mime_type\":"
	    "\"image/png\"},{\"url\":\"http://e.org/d/a.mp3\",\"mime_type\":"
	    "\"audio/mpeg\"}]");
	struct feed_doc d;
	char *got;

	read_doc(s, true, &d);
	got = words(&d.items[0]);
	SAME(got, "c.png image/png, a.mp3 audio/mpeg, b.png image");
	free(got);
	CU_ASSERT_FALSE(d.items[0].media[0].in_body);
	CU_ASSERT_TRUE(d.items[0].media[2].in_body);
	feed_doc_clear(&d);
	free(s);
}

/* Whether media are wanted changes neither id nor address nor digest; the address of
 * another picture changes the digest. */
static void
test_same_post(void)
{
	const char *docs[] = {
	    RSS("<description><![CDATA[<p>x<video src=v.mp4></video>"
		"<img srcset='a,b.png 1x'>]]></description>"),
	    RSS("<description><![CDATA[<p>x<video src=v.mp4></video>"
		"<img srcset='a,c.png 1x'>]]></description>"),
	};
	uint8_t sum[2][2][DIGEST_LEN];

	for (size_t i = 0; i < 2; i++) {
		struct feed_doc with, without;

		read_doc(docs[i], true, &with);
		read_doc(docs[i], false, &without);
		CU_ASSERT_EQUAL(with.items[0].nmedia, 2);
		CU_ASSERT_EQUAL(without.items[0].nmedia, 0);
		CU_ASSERT_EQUAL(with.items[0].nlinks, without.items[0].nlinks);
		SAME(with.items[0].id, without.items[0].id);
		CU_ASSERT_PTR_NULL(with.items[0].url);
		item_digest(&with.items[0], sum[i][0]);
		item_digest(&without.items[0], sum[i][1]);
		CU_ASSERT_EQUAL(memcmp(sum[i][0], sum[i][1], DIGEST_LEN), 0);
		feed_doc_clear(&with);
		feed_doc_clear(&without);
	}
	CU_ASSERT_NOT_EQUAL(memcmp(sum[0][0], sum[1][0], DIGEST_LEN), 0);
}

/* More than anybody asks for: as many as are told of, and the post is whole. */
static void
test_many(void)
{
	struct buf b = {0};
	struct feed_doc d;

	for (int i = 0; i < 10000; i++) {
		char img[64];

		snprintf(img, sizeof(img), "<img src=%d.png srcset=%d.webp>", i % 5000,
		    i % 5000);
		buf_puts(&b, img);
	}
	{
		char *s = json_feed(b.data, "");

		read_doc(s, true, &d);
		free(s);
	}
	CU_ASSERT_EQUAL_FATAL(d.items[0].nmedia, 101);
	SAME(d.items[0].media[0].url, "http://e.org/d/0.png");
	SAME(d.items[0].media[50].url, "http://e.org/d/50.png");
	SAME(d.items[0].media[51].url, "http://e.org/d/0.webp");
	feed_doc_clear(&d);
	buf_free(&b);
}

/* Where so many links are left out, the digest holds the media itself. */
static void
test_beyond_links(void)
{
	struct buf b = {0};
	uint8_t sum[2][DIGEST_LEN];

	for (int i = 0; i < FEED_LINKS_MAX; i++) {
		char a[64];

		snprintf(a, sizeof(a), "<a href=%d>", i);
		buf_puts(&b, a);
	}
	for (int i = 0; i < 2; i++) {
		char *html = xasprintf("%s<img src=%d.png>", b.data, i);
		char *s = json_feed(html, "");
		struct feed_doc d;

		read_doc(s, true, &d);
		CU_ASSERT_EQUAL_FATAL(d.items[0].nmedia, 1);
		CU_ASSERT_FALSE(d.items[0].media[0].in_body);
		item_digest(&d.items[0], sum[i]);
		feed_doc_clear(&d);
		free(html);
		free(s);
	}
	CU_ASSERT_NOT_EQUAL(memcmp(sum[0], sum[1], DIGEST_LEN), 0);
	buf_free(&b);
}

static const struct suite_test tests[] = {
    {"elements", test_elements},
    {"bodies of each kind", test_bodies},
    {"pages", test_page},
    {"beside attachments", test_attached},
    {"the same post", test_same_post},
    {"ten thousand", test_many},
    {"beyond the links", test_beyond_links},
};
SUITE_MAIN("feed media", tests)
