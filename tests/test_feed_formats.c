/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_formats: what feeds say beside their items (hints, hubs, older pages,
 * tombstones), media, sitemaps, addresses in XHTML, and tricks that hide text.
 */
#include <string.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "feed/html.h"
#include "suite.h"

static const struct feed_source here = {.url = "http://example.org/dir/feed.xml"};

static void
parse(const char *s, struct feed_doc *d)
{
	CU_ASSERT_EQUAL(feed_parse(s, strlen(s), &here, NULL, d, NULL), 0);
}

#define NS_ATOM "xmlns:a='http://www.w3.org/2005/Atom' "
#define NS_MEDIA "xmlns:m='http://search.yahoo.com/mrss/' "

static void
test_hints(void)
{
	struct feed_doc d;

	parse("<rss version='2.0' " NS_ATOM
	      "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>"
	      "<skipHours><hour>0</hour><hour>24</hour><hour> 13 </hour>"
	      "<hour>25</hour><hour>x</hour></skipHours><day>Friday</day>"
	      "<skipDays><day>Sunday</day><day>sat</day><day>Nonday</day></skipDays>"
	      "<sy:updatePeriod>daily</sy:updatePeriod>"
	      "<sy:updateFrequency>4</sy:updateFrequency>"
	      "<a:link rel='self hub' href='/feed'/>"
	      "<a:link rel='next' href='?page=2'/></channel></rss>",
	    &d);
	CU_ASSERT_EQUAL(d.skip_hours, 1u | 1u << 13);
	CU_ASSERT_EQUAL(d.skip_days, 1u | 1u << 6);
	CU_ASSERT_EQUAL(d.ttl_ms, 6 * CLOCK_HOUR);
	SAME(d.self_url, "http://example.org/feed");
	SAME(d.hub, "http://example.org/feed");
	SAME(d.next_url, "http://example.org/dir/feed.xml?page=2");
	CU_ASSERT(d.well_formed);
	feed_doc_clear(&d);
}

static void
test_archive(void)
{
	struct feed_doc d;

	parse("<feed xmlns='http://www.w3.org/2005/Atom'>"
	      "<link rel='next' href='/p2'/><link rel='prev-archive' href='/2020'/>"
	      "<link rel='next' href='/p3'/><link rel='hub' href='http://hub/'/>"
	      "<link rel='hub' href='http://other/'/></feed>",
	    &d);
	SAME(d.next_url, "http://example.org/2020");
	SAME(d.hub, "http://hub/");
	feed_doc_clear(&d);
}

static void
test_gone(void)
{
	struct feed_limits lim = feed_limits_default;
	struct buf b = {0};
	struct feed_doc d;

	buf_puts(&b, "<feed xmlns='http://www.w3.org/2005/Atom' "
		     "xmlns:at='http://purl.org/atompub/tombstones/1.0'><title>T"
		     "</title><at:deleted-entry ref='tag:e,1' when='2020-01-01'>"
		     "<at:comment>c</at:comment><title>not ours</title>"
		     "<link rel='hub' href='http://bad/'/></at:deleted-entry>");
	for (int i = 0; i < 20; i++)
		buf_printf(&b, "<at:deleted-entry ref=' tag:e,x%d '/>", i);
	buf_puts(&b, "<entry><id>1</id><title>E</title></entry></feed>");
	parse(b.data, &d);
	CU_ASSERT_EQUAL_FATAL(d.ngone, 21);
	SAME(d.gone[0], "tag:e,1");
	SAME(d.gone[20], "tag:e,x19");
	SAME(d.title, "T");
	CU_ASSERT_EQUAL(d.nitems, 1);
	CU_ASSERT_FALSE(d.truncated);
	feed_doc_clear(&d);
	lim.max_items = 5;
	feed_parse(b.data, b.len, &here, &lim, &d, NULL);
	CU_ASSERT_EQUAL(d.ngone, 5);
	CU_ASSERT(d.truncated);
	feed_doc_clear(&d);
	buf_free(&b);
}

static void
test_media(void)
{
	struct feed_doc d;
	const struct item *it;

	parse("<rss version='2.0' " NS_MEDIA NS_ATOM
	      "xmlns:i='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><item>"
	      "<title>T</title><enclosure url='a.mp3' type='audio/mpeg' length='3'/>"
	      "<i:image href='cover.jpg'/>"
	      "<m:content url='v.mp4' type='video/mp4'><m:title>short</m:title>"
	      "<m:description>what it shows</m:description>"
	      "<m:thumbnail url='t.jpg'/></m:content>"
	      "<m:group><m:content url='w.mp4' medium='video'/>"
	      "<m:description>of the post</m:description></m:group>"
	      "<a:link rel='enclosure' href='a.mp3' title='said'/>"
	      "<m:content url='javascript:x'/></item></channel></rss>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	it = &d.items[0];
	CU_ASSERT_EQUAL_FATAL(it->nmedia, 5);
	SAME(it->media[0].url, "http://example.org/dir/a.mp3");
	SAME(it->media[0].type, "audio/mpeg");
	SAME(it->media[0].text, "said");
	SAME(it->media[1].type, "image");
	SAME(it->media[2].url, "http://example.org/dir/t.jpg");
	SAME(it->media[3].url, "http://example.org/dir/v.mp4");
	SAME(it->media[3].text, "what it shows");
	SAME(it->media[4].type, "video");
	SAME(it->text, "of the post");
	SAME(it->url, "http://example.org/dir/a.mp3");
	SAME(it->title, "T");
	feed_doc_clear(&d);
}

static void
test_sitemap(void)
{
	struct feed_doc d;
	const struct item *it;

	parse("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
	      "xmlns:news='http://www.google.com/schemas/sitemap-news/0.9' "
	      "xmlns:image='http://www.google.com/schemas/sitemap-image/1.1' "
	      "xmlns:h='http://www.w3.org/1999/xhtml'>"
	      "<url><loc> http://e.org/1 </loc><lastmod>2024-05-01</lastmod>"
	      "<h:link rel='alternate' hreflang='de' href='http://e.org/de/1'/>"
	      "<news:news><news:publication><news:name>E</news:name>"
	      "<news:language>en</news:language></news:publication>"
	      "<news:publication_date>2024-04-30T10:00:00+02:00"
	      "</news:publication_date><news:title>Head</news:title></news:news>"
	      "<image:image><image:loc>http://e.org/1.jpg</image:loc>"
	      "<image:caption>seen</image:caption></image:image></url>"
	      "<url><loc>http://e.org/2</loc></url></urlset>",
	    &d);
	SAME(d.format, "sitemap");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	it = &d.items[0];
	CU_ASSERT(it->flags & ITEM_POINTER);
	SAME(it->url, "http://e.org/1");
	SAME(it->title, "Head");
	SAME(it->lang, "en");
	SAME(it->updated_raw, "2024-05-01");
	CU_ASSERT_EQUAL(
	    it->published, clock_days(2024, 4, 30) * CLOCK_DAY + 8 * CLOCK_HOUR);
	CU_ASSERT_EQUAL_FATAL(it->nmedia, 1);
	SAME(it->media[0].text, "seen");
	SAME(it->links[0], "http://e.org/de/1");
	SAME(d.items[1].id, "http://e.org/2");
	feed_doc_clear(&d);
	/* In RSS the same names mean nothing. */
	parse("<rss><channel><item><title>T</title><url>http://e.org/x</url>"
	      "<loc>http://e.org/y</loc></item></channel></rss>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].url, NULL);
	feed_doc_clear(&d);
}

static void
test_sitemap_index(void)
{
	struct feed_limits lim = feed_limits_default;
	const char s[] = "<sitemapindex><sitemap><loc>/s1.xml</loc><lastmod>2024-05-01"
			 "</lastmod></sitemap><sitemap><loc>http://e.org/s2.xml.gz"
			 "</loc></sitemap><sitemap><loc>ftp://e.org/</loc></sitemap>"
			 "</sitemapindex>";
	struct feed_doc d;

	parse(s, &d);
	SAME(d.format, "sitemapindex");
	CU_ASSERT_EQUAL(d.nitems, 0);
	CU_ASSERT_EQUAL_FATAL(d.nmore, 2);
	SAME(d.more[0], "http://example.org/s1.xml");
	SAME(d.more[1], "http://e.org/s2.xml.gz");
	feed_doc_clear(&d);
	lim.max_items = 1;
	feed_parse(s, strlen(s), &here, &lim, &d, NULL);
	CU_ASSERT_EQUAL(d.nmore, 1);
	CU_ASSERT(d.truncated);
	feed_doc_clear(&d);
}

static void
test_xhtml_base(void)
{
	struct feed_doc d;
	const struct item *it;

	parse("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='http://b.org/a/'>"
	      "<author><name>All</name></author>"
	      "<entry><id>1</id><content type='xhtml' xml:lang='de'>"
	      "<div xmlns='http://www.w3.org/1999/xhtml' xml:base='b/'>"
	      "<a href='c'>C</a><p xml:base='http://o.org/'>x"
	      "<img src='i.png' alt='an &quot;i&quot;'/></p><a href='d?x&amp;y'>D</a>"
	      "</div><a href='e'>E</a></content></entry></feed>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	it = &d.items[0];
	CU_ASSERT_EQUAL_FATAL(it->nlinks, 4);
	SAME(it->links[0], "http://b.org/a/b/c");
	SAME(it->links[1], "http://o.org/i.png");
	SAME(it->links[2], "http://b.org/a/b/d?x&y");
	SAME(it->links[3], "http://b.org/a/e");
	SAME(it->summary, "an \"i\"");
	SAME(it->lang, "de");
	SAME(it->author, "All");
	feed_doc_clear(&d);
}

/* Roots in a wrong name space, and <link/> with its address behind it. */
static void
test_odd_roots(void)
{
	struct feed_doc d;

	parse("<rss xmlns='http://www.w3.org/2005/Atom'><channel><item><link>http://e/1"
	      "</link><guid>g</guid></item></channel></rss>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].url, "http://e/1");
	feed_doc_clear(&d);
	parse("<rss xmlns='http://purl.org/dc/elements/1.1/' "
	      "xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><item><link/>"
	      "http://e/1?a&amp;b<title>T</title><dc:creator>N</dc:creator></item>"
	      "</channel></rss>",
	    &d);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].url, "http://e/1?a&b");
	SAME(d.items[0].title, "T");
	SAME(d.items[0].author, "N");
	feed_doc_clear(&d);
}

static bool
hides(const char *html)
{
	struct feed_html_opt opt = {.base = NULL};
	struct feed_html h;
	bool hidden;

	feed_html_text(html, strlen(html), &opt, &h);
	hidden = h.hidden;
	feed_html_clear(&h);
	return hidden;
}

#define TEN "is text. a "
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG HUNDRED HUNDRED

static const char *const tricks[] = {
    "<p style='display:none'>x</p>",
    "<p style='DISPLAY : NONE !important'>x</p>",
    "<p style='dis/* */play:none'>x</p>",
    "<p style='display&#58;none'>x</p>",
    "<p style='color:red;visibility: hidden'>x</p>",
    "<span style='font-size:0'>x</span>",
    "<span style='font-size:0.01em'>x</span>",
    "<span style='font-size:1px'>x</span>",
    "<span style='font:0/0 a'>x</span>",
    "<div style='opacity:0'>x</div>",
    "<div style='opacity: 0.01'>x</div>",
    "<div style='width:0;overflow:hidden'>x</div>",
    "<div style='height:0px;overflow:hidden'>x</div>",
    "<div style='max-height:0'>x</div>",
    "<div style='position:absolute;left:-9999px'>x</div>",
    "<div style='position:fixed;top:-100em'>x</div>",
    "<div style='text-indent:-9999px'>x</div>",
    "<div style='margin-left:-5000px'>x</div>",
    "<div style='clip:rect(0,0,0,0)'>x</div>",
    "<div style='clip-path:inset(50%)'>x</div>",
    "<div style='transform:scale(0)'>x</div>",
    "<b style='color:#fff;background:white'>x</b>",
    "<b style='background-color:rgb(1,2,3);color:#010203'>x</b>",
    "<b style='color:#fefefe;background:#fff url(x)'>x</b>",
    "<b style='color:transparent'>x</b>",
    "<p hidden>x</p>",
    "<p hidden=''>x</p>",
    "<p class='a sr-only b'>" LONG "</p>",
    "<div class=visually-hidden><div>a</div>" LONG "</div>",
    "<span class=screen-reader-text>" LONG,
    "<p class='d-none'>x</p>",
    "<p class='d-none d-lg-none'>x</p>",
    "<style>p{color:red} @media all{.x { display : none }}</style><p class=x>x</p>",
    "wo\xe2\x80\x8brd",
    "wo&#8203;rd",
    "wo&#xfeff;rd",
};
static const char *const honest[] = {
    "<p style='display:block'>x</p>",
    "<p style='font-size:0.9em'>x</p>",
    "<p style='font-size:10px;line-height:0'>x</p>",
    "<p style='font:10px serif'>x</p>",
    "<p style='opacity:0.8'>x</p>",
    "<p style='border-width:0;margin:0;padding:0'>x</p>",
    "<p style='height:0;padding-bottom:56.25%'>x</p>",
    "<p style='width:100%;height:auto'>x</p>",
    "<p style='left:-5px;text-indent:-1em'>x</p>",
    "<p style='color:#fff;background:#000'>x</p>",
    "<p style='color:#fff'>x</p>",
    "<p style='transform:scale(1)'>x</p>",
    "<p aria-hidden='false'>x</p>",
    "<p aria-hidden='true'>x</p>",
    "<i class=icon aria-hidden=true></i>",
    "<a href=/>on <span class='screen-reader-text'>with the post</span></a>" LONG,
    "<div class=sr-only>a<div>b</div></div>" LONG "<div>c</div>",
    "<br class=sr-only><img class=sr-only src=x>" LONG,
    "<svg><path class=sr-only />" LONG "</svg>",
    "<p class='d-none d-md-block'>x</p>",
    "<p class='hidden-gem'>x</p>",
    "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae",
    "<p style=''>x</p>",
    "<style>p{color:red;display:block}</style>x",
    "<script>if(a){display:none}</script>x",
    "<p style=';:;'>x</p>",
};

static void
test_hidden(void)
{
	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		if (!hides(tricks[i]))
			printf("\n    not seen: %s ", tricks[i]);
		CU_ASSERT(hides(tricks[i]));
	}
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++) {
		if (hides(honest[i]))
			printf("\n    suspected: %s ", honest[i]);
		CU_ASSERT_FALSE(hides(honest[i]));
	}
}

/* What is seen is one text, what is hidden comes behind it, a paragraph for each. */
static void
test_hidden_apart(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"I k<span style='display:none'>xyz</span>ill", "I kill\n\nxyz"},
	    {"I k<span style='font-size:0'>xyz</span>ill", "I kill\n\nxyz"},
	    {"I k<div hidden>xyz</div>ill", "I kill\n\nxyz"},
	    {"I k<p class=d-none>xyz</p>ill", "I kill\n\nxyz"},
	    {"on<a>k<i class=sr-only>(new)</i>ill</a>", "onkill\n\n(new)"},
	    {"<style>p,.q{display:none}</style>k<b class='a q'>x</b>ill", "kill\n\nx"},
	    {"k<b id=q>x</b>ill<style>/**/ b#q {visibility:hidden}</style>",
		"k ill\n\nx"},
	    {"<b style='display:none'>a<br>b</b>c<b hidden>d</b>", "c\n\na\nb\n\nd"},
	    {"<p>a<p hidden>b</p><p>c", "a\n\nc\n\nb"},
	    /* what takes room parts */
	    {"I<b style='opacity:0'>x</b>will", "I will\n\nx"},
	    {"a<div style='visibility:hidden'>x</div>b", "a\nb\n\nx"},
	    /* where it ends, as browsers end it */
	    {"<div>k<span hidden>x</div>ill", "k\nill\n\nx"},
	    {"<div>k<span hidden>x</b>y</span>ill</div>", "kill\n\nxy"},
	    {"<p>a<p>b<div>k<span hidden>x</p>y</span>ill", "a\n\nb\nkill\n\nx\n\ny"},
	    {"<p hidden>x<p>kill", "kill\n\nx"},
	    {"<ul><li hidden>x<li>kill</ul>", "kill\n\nx"},
	    {"<ul><li hidden>x<ul><li>y</ul></ul>kill", "kill\n\nx\ny"},
	    {"<table><tr hidden><td>x<tr><td>kill</table>", "kill\n\nx"},
	    {"<SPAN hidden>x</span>kill", "kill\n\nx"},
	    /* undone within */
	    {"<td style='font-size:0'>x<div style='font-size:13px'>kill</div></td>",
		"kill\n\nx"},
	    {"<b style='visibility:hidden'>x<i style='visibility:visible'>kill</i>",
		"kill\n\nx"},
	    {"<b hidden>x<i style='display:inline'>y</i></b>kill", "kill\n\nxy"},
	    /* seen, whatever it looks like */
	    {"k<b hidden style='display:inline'>il</b>l", "kill"},
	    {"k<b style='display:none;display:inline'>il</b>l", "kill"},
	    {"k<b style='display:none;display:odd'>xx</b>ill", "kill\n\nxx"},
	    {"k<b style='display:none!important;display:inline'>xx</b>ill",
		"kill\n\nxx"},
	    {"k<b style='width:0;overflow:hidden'>il</b>l", "kill"},
	    {"k<b style='left:-9999px'>il</b>l", "kill"},
	    {"k<b style='left:-9999px;position:absolute'>x</b>ill", "kill\n\nx"},
	    {"<style>.a .q{display:none}@media print{.q{display:none}}</style>"
	     "k<b class=q>il</b>l",
		"kill"},
	    {"<style>.q{display:none}.q{display:inline}</style>k<b class=q>il</b>l",
		"kill"},
	    {"<style>.a.q{display:none}</style>k<b class=q>il</b>l", "kill"},
	    {"k<br hidden>ill", "kill"},
	    {"k<b hidden/>x</b>ill", "kill\n\nx"}, /* in HTML this ends nothing */
	    {"<svg><path hidden/><text>kill</text></svg>", "kill"},
	};
	struct feed_html_opt opt = {.max_text = 0};
	struct feed_html h;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		feed_html_text(cases[i].in, strlen(cases[i].in), &opt, &h);
		SAME(h.text, cases[i].out);
		feed_html_clear(&h);
	}
	/* A page is read alike: what was found in a post is found on it. */
	opt.page = true;
	feed_html_text(
	    "<style>.q{display:none}</style>k<b class=q>x</b>ill", 51, &opt, &h);
	SAME(h.text, "kill\n\nx");
	CU_ASSERT_FALSE(h.hidden); /* menus are hidden in many */
	feed_html_clear(&h);
	opt.page = false;
	/* What is seen comes first where room is short. */
	opt.max_text = 6;
	feed_html_text("<b hidden>xxxxxxxxxx</b>kill", 28, &opt, &h);
	SAME(h.text, "kill");
	CU_ASSERT(h.truncated);
	feed_html_clear(&h);
}

/* Texts of pictures beyond what is kept are told of. */
static void
test_alt_limit(void)
{
	struct feed_html_opt opt = {.max_text = 0};
	struct feed_html h;
	struct buf b = {0};

	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 400; k++)
			buf_puts(&b, "<img alt='" HUNDRED "'>");
		feed_html_text(b.data, b.len, &opt, &h);
		CU_ASSERT_EQUAL(h.truncated, i == 1);
		feed_html_clear(&h);
	}
	buf_free(&b);
}

static void
test_charset_share(void)
{
	static const struct {
		const char *title, *want, *encoding;
	} cases[] = {
	    /* one bad byte in what is UTF-8 otherwise */
	    {"\xc3\xa9\xc3\xa8\xc3\xa0\xe9", "éèà\ufffd", "utf-8"},
	    /* never a character of anything */
	    {"\xc3\xa9\xff", "é\ufffd", "utf-8"},
	    /* a character cut short */
	    {"\xc3\xa9\xe2\x80", "é\ufffd\ufffd", "utf-8"},
	    /* more than a third of it is something else */
	    {"\xe9t\xe9", "été", "windows-1252"},
	    /* windows-1252 has no 0x9d */
	    {"\x9d\xa9", "\xc2\x9dŠ", "iso-8859-2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};
		struct feed_doc d;

		buf_printf(&b, "<rss><channel><title>%s</title></channel></rss>",
		    cases[i].title);
		parse(b.data, &d);
		SAME(d.title, cases[i].want);
		SAME(d.encoding, cases[i].encoding);
		CU_ASSERT_FALSE(d.well_formed);
		feed_doc_clear(&d);
		buf_free(&b);
	}
}

static const struct suite_test tests[] = {
    {"hints", test_hints},
    {"older pages", test_archive},
    {"tombstones", test_gone},
    {"media", test_media},
    {"sitemap", test_sitemap},
    {"sitemap index", test_sitemap_index},
    {"addresses in XHTML", test_xhtml_base},
    {"odd roots", test_odd_roots},
    {"hidden text", test_hidden},
    {"hidden text apart", test_hidden_apart},
    {"texts of pictures", test_alt_limit},
    {"share of bad bytes", test_charset_share},
};

SUITE_MAIN("feed formats", tests)
