/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of finding feeds (discover) and of lists of feeds (roster). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/text.h"
#include "feed/discover.h"
#include "feed/roster.h"
#include "suite.h"

#define BASE "https://site.example/blog/"

/* "how url [title]" of each candidate, one a line. */
static char *
shown(const struct discover *d)
{
	static const char *const hows[] = {
	    "given", "header", "link", "software", "path", "anchor", "robots"};
	struct buf b = {0};

	for (size_t i = 0; i < d->n; i++)
		buf_printf(&b, "%s %s%s%s\n", hows[d->v[i].how], d->v[i].url,
		    d->v[i].title != NULL ? " " : "",
		    d->v[i].title != NULL ? d->v[i].title : "");
	return buf_take(&b);
}

static void
check_page(const char *html, const char *want)
{
	struct discover d = {0};
	char *got;

	discover_page(&d, html, strlen(html), NULL, BASE);
	got = shown(&d);
	CU_ASSERT_STRING_EQUAL(got, want);
	if (strcmp(got, want) != 0)
		printf("\nof: %s\ngot: %s\n", html, got);
	free(got);
	discover_clear(&d);
}

static void
test_page(void)
{
	static const struct {
		const char *html, *want;
	} cases[] = {
	    {"<link rel=alternate type=application/rss+xml href=feed title='A &amp; "
	     "B'>",
		"link https://site.example/blog/feed A & B\n"},
	    {"<LINK REL='Alternate Home' TYPE='Application/Atom+XML; charset=utf-8' "
	     "HREF='//other.example/a.atom#top'>",
		"link https://other.example/a.atom\n"},
	    {"<base href='/x/'><link rel=feed href=all>",
		"link https://site.example/x/all\n"},
	    {"<link rel=alternate type=application/feed+json href=/feed.json>",
		"link https://site.example/feed.json\n"},
	    /* an API is no feed, an old JSON Feed is */
	    {"<link rel=alternate type=application/json href=/wp-json/wp/v2/pages/2>"
	     "<link rel=alternate type=application/json href=/feed.json>",
		"link https://site.example/feed.json\n"},
	    {"<link rel=alternate hreflang=de href=/de/><link rel=stylesheet "
	     "type=application/rss+xml href=/s>",
		""},
	    {"<link rel=alternate type=application/rss+xml href='javascript:x()'>"
	     "<link rel=alternate type=application/rss+xml href='file:///etc/passwd'>",
		""},
	    {"<link rel=alternate type=application/rss+xml href=a>"
	     "<link rel=alternate type=application/rss+xml href=a>",
		"link https://site.example/blog/a\n"},
	    /* links: by path, by words, and not by chance */
	    {"<a href=/all.atom>x</a><a href=/y><b>RSS</b> feed</a><a "
	     "href=/feedback>f</a>"
	     "<a href=/about/>RSS is a format</a><a href='/?feed=rss'>z</a>",
		"anchor https://site.example/all.atom x\n"
		"anchor https://site.example/y RSS feed\n"},
	    {"<!-- <link rel=alternate type=application/rss+xml href=hidden> -->"
	     "<script>'<a href=/rss>RSS</a>'</script>",
		""},
	    {"<a href=/rss>unclosed<a href=/atom.xml>",
		"anchor "
		"https://site.example/rss unclosed\nanchor "
		"https://site.example/atom.xml\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_page(cases[i].html, cases[i].want);
}

static void
test_page_words(void)
{
	static const char html[] =
	    "<html lang=de><title> Gr\xc3\xbc\xc3\x9f\x65 &amp; mehr\n</title>"
	    "<meta name=Generator content='WordPress 6.1.9'><title>second</title>";
	struct discover d = {0};

	discover_page(&d, html, sizeof(html) - 1, "text/html", BASE);
	CU_ASSERT_STRING_EQUAL(d.title, "Gr\xc3\xbc\xc3\x9f\x65 & mehr");
	CU_ASSERT_STRING_EQUAL(d.lang, "de");
	CU_ASSERT_STRING_EQUAL(d.generator, "WordPress 6.1.9");
	CU_ASSERT_STRING_EQUAL(discover_software(d.generator)->name, "wordpress");
	CU_ASSERT_PTR_NULL(discover_software("wordpresser"));
	CU_ASSERT_PTR_NULL(discover_software(""));
	CU_ASSERT_PTR_NULL(discover_software(NULL));
	CU_ASSERT_STRING_EQUAL(discover_software("mastodon")->paths[0],
	    "/api/v1/timelines/public?local=1&limit=40");
	CU_ASSERT_PTR_NULL(discover_software("misskey")->paths[0]);
	discover_clear(&d);
}

/* Long texts are cut between characters. */
static void
test_page_cut(void)
{
	for (size_t pad = 0; pad < 4; pad++) {
		struct buf html = {0};
		struct discover d = {0};

		buf_puts(&html, "<title>");
		for (size_t i = 0; i < 300 + pad; i++)
			buf_puts(&html, i < pad ? "x" : "\xe2\x82\xac");
		buf_puts(&html, "</title><a href=/rss>");
		for (size_t i = 0; i < 40 + pad; i++)
			buf_puts(&html, i < pad ? "x" : "\xe2\x82\xac");
		buf_puts(&html, "</a>");
		discover_page(&d, html.data, html.len, NULL, BASE);
		CU_ASSERT(
		    strlen(d.title) > 150 && text_valid(d.title, strlen(d.title)));
		CU_ASSERT_FATAL(d.n == 1 && d.v[0].title != NULL);
		CU_ASSERT(text_valid(d.v[0].title, strlen(d.v[0].title)));
		discover_clear(&d);
		buf_free(&html);
	}
}

static void
test_header(void)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
	    {"</f>; rel=\"alternate\"; type=\"application/rss+xml\"; title=\"All, "
	     "\\\"x\\\"\"",
		"header https://site.example/f All, \"x\"\n"},
	    {"<a>;rel=next, <b>; type=application/atom+xml ; rel = \"home alternate\"",
		"header https://site.example/blog/b\n"},
	    {"<a>; rel=alternate; type=text/html", ""},
	    {"<a; rel=alternate; type=application/rss+xml", ""},
	    {"<a>; rel=alternate; type=\"application/rss+xml",
		"header "
		"https://site.example/blog/a\n"},
	    {"", ""},
	    {"<><><", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct discover d = {0};
		char *got;

		discover_header(&d, cases[i].value, BASE);
		got = shown(&d);
		CU_ASSERT_STRING_EQUAL(got, cases[i].want);
		free(got);
		discover_clear(&d);
	}
}

static void
test_robots(void)
{
	static const char text[] = "User-agent: *\r\nDisallow: /x\r\n"
				   " SiteMap: https://site.example/s.xml\r\n"
				   "sitemap:/news.xml\nSitemap:\nsitemapx: /no";
	struct discover d = {0};
	char *got;

	discover_robots(&d, text, sizeof(text) - 1, "https://site.example/robots.txt");
	got = shown(&d);
	CU_ASSERT_STRING_EQUAL(got, "robots https://site.example/s.xml\n"
				    "robots https://site.example/news.xml\n");
	free(got);
	discover_clear(&d);
}

static void
test_nodeinfo(void)
{
	static const char list[] =
	    "{\"x\":[{}],\"links\":[{\"rel\":\"http://nodeinfo.diaspora.software/ns/"
	    "schema/"
	    "2.0\",\"href\":\"https://site.example/nodeinfo/2.0\"},7,{\"href\":\"/"
	    "later\","
	    "\"rel\":\"http://nodeinfo.diaspora.software/ns/schema/2.1\"},"
	    "{\"rel\":\"http://nodeinfo.diaspora.software/ns/schema/9.9\","
	    "\"href\":\"gopher://x\"}]}";
	static const char doc[] =
	    "{\"version\":\"2.1\",\"software\":{\"homepage\":[1,2],"
	    "\"name\":\"mastodon\",\"version\":\"4.2.1\"},"
	    "\"usage\":{}}";
	static const char *const wrong[] = {"", "[]", "{", "{\"links\":{}}",
	    "{\"links\":[", "{\"software\":7}", "{\"software\":{\"name\":7}}", "null"};
	char *url, *name, *version;

	url = discover_nodeinfo(list, sizeof(list) - 1, BASE);
	CU_ASSERT_STRING_EQUAL(url, "https://site.example/later");
	free(url);
	CU_ASSERT(discover_nodeinfo_read(doc, sizeof(doc) - 1, &name, &version));
	CU_ASSERT_STRING_EQUAL(name, "mastodon");
	CU_ASSERT_STRING_EQUAL(version, "4.2.1");
	free(name);
	free(version);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CU_ASSERT_PTR_NULL(discover_nodeinfo(wrong[i], strlen(wrong[i]), BASE));
		CU_ASSERT(!discover_nodeinfo_read(
		    wrong[i], strlen(wrong[i]), &name, &version));
		free(name);
		free(version);
	}
}

/* --- lists --- */

/* "line tenant|name|url|site|contact|manager|contract", then "!line why". */
static char *
rows(const struct roster *r)
{
	struct buf b = {0};

	for (size_t i = 0; i < r->n; i++) {
		const struct roster_row *w = &r->v[i];
		const char *const f[] = {w->tenant, w->name, w->url, w->site,
		    w->contact, w->manager, w->contract};

		buf_printf(&b, "%zu ", w->line);
		for (size_t j = 0; j < sizeof(f) / sizeof(f[0]); j++)
			buf_printf(
			    &b, "%s%s", j > 0 ? "|" : "", f[j] != NULL ? f[j] : "");
		buf_puts(&b, "\n");
	}
	for (size_t i = 0; i < r->nrefused; i++)
		buf_printf(&b, "!%zu %s\n", r->refused[i].line, r->refused[i].why);
	return buf_take(&b);
}

static void
check_roster(bool opml, const char *in, const char *want)
{
	struct roster r;
	const char *why = "";
	bool ok = opml ? roster_opml(&r, in, strlen(in), &why)
		       : roster_csv(&r, in, strlen(in), &why);
	char *got = rows(&r);

	CU_ASSERT_STRING_EQUAL(ok ? got : why, want);
	if (strcmp(ok ? got : why, want) != 0)
		printf("\nof: %s\ngot: %s\n", in, ok ? got : why);
	CU_ASSERT_EQUAL(roster_kind(in, strlen(in)), opml ? ROSTER_OPML : ROSTER_CSV);
	free(got);
	roster_clear(&r);
}

static void
test_opml(void)
{
	check_roster(true,
	    "<?xml version='1.0'?>\n<opml version='2.0'><head><title>T</title></head>\n"
	    "<body>\n<outline text='Forums'>\n"
	    " <outline text='A' type='rss' xmlUrl='http://a/f' htmlUrl='http://a/'/>\n"
	    " <outline text='Deep'><outline text='B' xmlUrl='http://b/f'/></outline>\n"
	    "</outline>\n<outline text='C' xmlUrl='http://c/f'></outline>\n"
	    "</body></opml>",
	    "5 Forums|A|http://a/f|http://a/|||\n6 Deep|B|http://b/f||||\n"
	    "8 |C|http://c/f||||\n");
	/* wrong case, escaped twice, old schemes, what is no feed */
	check_roster(true,
	    "<OPML><BODY><OUTLINE TEXT='x &amp;amp; y' "
	    "XMLURL='http://a/?a=1&amp;amp;b=2'/>"
	    "<outline title='t' text='u' xmlurl='feed://b/f'/>\n<outline "
	    "text='leaf'/>\n"
	    "<outline type='include' url='http://c/o.opml'/>\n"
	    "<outline type='rss' url='https://d/f'/><outline xmlUrl='ftp://e/f'/>",
	    "1 |x & y|http://a/?a=1&b=2||||\n1 |t|http://b/f||||\n4 ||https://d/f||||\n"
	    "!2 names no feed address\n"
	    "!3 includes another file; import that one by itself\n"
	    "!4 its address is neither http:// nor https://\n");
	/* escaped as a whole; twice the same; one feed for two */
	check_roster(true,
	    "&lt;opml&gt;&lt;outline text='F'&gt;\n&lt;outline "
	    "xmlUrl='http://a/'/&gt;\n"
	    "&lt;outline xmlUrl='http://a/'/&gt;&lt;/outline&gt;\n"
	    "&lt;outline text='G'&gt;&lt;outline xmlUrl='http://a/'/&gt;",
	    "2 F||http://a/||||\n!4 the same feed is at line 2 under another tenant\n");
	check_roster(
	    true, "<html><p>no list</html>", "it has no <opml> and no <outline>");
}

static void
test_csv(void)
{
	check_roster(false,
	    "\xef\xbb\xbftenant,name,url,contact,manager,plan\r\n"
	    "a,\"Forum, the \"\"A\"\"\",https://a/f,x@a,m@h,EX-1\r\n\r\n"
	    "b,\"two\r\nlines\", https://b/f ,,,\r\n",
	    "2 a|Forum, the \"A\"|https://a/f||x@a|m@h|EX-1\n"
	    "4 b|two lines|https://b/f||||\n");
	check_roster(false,
	    "Tenant;Feed;Other\na;http://a/,b;x\nb;;\nc\nd;http://d/;x;y\n",
	    "2 a||http://a/,b||||\n!3 names no feed address\n!4 names no feed address\n"
	    "!5 has more fields than the header row\n");
	check_roster(
	    false, "url\tdomain\nhttp://a/\ta.example", "2 ||http://a/|a.example|||\n");
	check_roster(false,
	    "url,name\n\"http://a/\"x,b\nhttp://c/,\"never closed\nhttp://d/,e",
	    "4 |e|http://d/||||\n!2 text follows a closing quote\n!3 a quote is not "
	    "closed, or "
	    "what it holds is longer than 4096 bytes\n");
	check_roster(
	    false, "url\nhttp://a/\nhttp://a/\nhttp://a/\n", "2 ||http://a/||||\n");
	check_roster(false, "name,contact\nx,y\n",
	    "its first row names no column `url' (or `feed')");
	check_roster(false, "", "it is empty");
}

static void
test_folded(void)
{
	static const char in[] = "tenant,url\na,http://a/\na,http://a/\na,http://b/\n"
				 "a,http://a/\n";
	struct roster r;
	const char *why;

	CU_ASSERT(roster_csv(&r, in, sizeof(in) - 1, &why));
	CU_ASSERT_EQUAL(r.n, 2);
	CU_ASSERT_EQUAL(r.folded, 2);
	CU_ASSERT_EQUAL(r.nrefused, 0);
	CU_ASSERT_EQUAL(r.v[0].line, 2);
	roster_refuse(&r, 0, "for a reason");
	CU_ASSERT_PTR_NULL(r.v[0].url);
	CU_ASSERT_EQUAL(r.refused[0].line, 2);
	roster_clear(&r);
}

/* --- what is made to cost time --- */

static double
seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static char *
repeat(const char *s, size_t times)
{
	struct buf b = {0};

	while (times-- > 0)
		buf_puts(&b, s);
	return buf_take(&b);
}

static void
test_hostile(void)
{
	static const struct {
		const char *unit;
		size_t times;
	} cases[] = {
	    {"<outline text='a'>", 100000},
	    {"<outline xmlUrl='http://a/' ", 100000},
	    {"<outline text='", 200000},
	    {"<link rel=alternate type=application/rss+xml href=f>", 50000},
	    {"<a href=/rss>", 300000},
	    {"<base href='x/'>", 100000},
	    {"</f>; rel=alternate; type=application/rss+xml,", 60000},
	    {"<;;;\"\"", 300000},
	    {"url,url\n\"", 300000},
	    {"\"a\nb\",", 300000},
	    {"url,,,,,,,,,,", 200000},
	    {"url\nhttp://a/\n", 200000},
	    {"{\"links\":[{\"rel\":\"", 100000},
	    {"{\"links\":[", 300000},
	    {"sitemap:", 300000},
	    {"sitemap:/x\n", 200000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *s = repeat(cases[i].unit, cases[i].times), *name, *version;
		size_t n = strlen(s);
		struct discover d = {0};
		struct roster r;
		const char *why;
		double begin = seconds(), took;

		discover_page(&d, s, n, NULL, BASE);
		discover_header(&d, s, BASE);
		discover_robots(&d, s, n, BASE);
		CU_ASSERT(d.n <= DISCOVER_MAX);
		discover_clear(&d);
		free(discover_nodeinfo(s, n, BASE));
		discover_nodeinfo_read(s, n, &name, &version);
		free(name);
		free(version);
		roster_opml(&r, s, n, &why);
		CU_ASSERT(r.n <= ROSTER_ROWS);
		roster_clear(&r);
		roster_csv(&r, s, n, &why);
		CU_ASSERT(r.n <= ROSTER_ROWS && r.nrefused <= ROSTER_ROWS);
		roster_clear(&r);
		took = seconds() - begin;
		if (took > 2)
			printf("\ncase %zu (%zu bytes): %.1f s\n", i, n, took);
		CU_ASSERT(took < 6); /* six readers, a second each */
		free(s);
	}
}

static const struct suite_test tests[] = {
    {"links of a page", test_page},
    {"what a page says of itself", test_page_words},
    {"long texts", test_page_cut},
    {"Link headers", test_header},
    {"robots.txt", test_robots},
    {"NodeInfo", test_nodeinfo},
    {"OPML", test_opml},
    {"CSV", test_csv},
    {"folded rows", test_folded},
    {"hostile files", test_hostile},
};

SUITE_MAIN("discover", tests)
