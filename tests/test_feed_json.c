/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_json: JSON Feed, one object a line, JSON with the usual names, and what a
 * mapping says; with unusual members there and missing.
 */
#include "json_feed.h"

/* --- JSON Feed --- */

static const char jsonfeed[] =

    "{'version':'https://jsonfeed.org/version/1.1','title':'F','language':"
    "'de-AT','home_page_url':'/','feed_url':'feed.json','next_url':"
    "'?page=2','hubs':[{'type':'rssCloud','url':'http://h/0'},{'type':"
    "'WebSub','url':'http://h/1'}],'authors':[{'name':'Feed'}],"
    "'_x':{'items':[1]},'items':["
    "{'id':7,'url':'/7','external_url':'http://else.example/','title':"
    "'T','content_html':'<p>a <a href=\\\"l\\\">b</a></p>','content_text':"
    "'plain','summary':'short','image':'/i.png','banner_image':'/b.png',"
    "'date_published':'2024-02-03T04:05:06+01:00','date_modified':"
    "'2024-02-03T05:05:06Z','authors':[{'url':'http://"
    "u'},{'name':'Zoe'},{'name':'Max'}],"
    "'tags':['x'],'language':'fr','attachments':[{'url':'/p.mp3',"
    "'mime_type':'audio/mpeg','title':'Ep','size_in_bytes':1},{'mime_type':"
    "'x/y'}]},"
    "{'id':'8','author':{'name':'Old'},'content_text':'1 < 2'},"
    "{'id':'9','external_url':'http://else.example/9','title':null}]}";

static void
test_jsonfeed(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(parse(jsonfeed, &d), 0);
	SAME(d.format, "jsonfeed1.1");
	CU_ASSERT(d.well_formed);
	SAME(d.title, "F");
	SAME(d.link, "https://social.example/");
	SAME(d.self_url, "https://social.example/dir/feed.json");
	SAME(d.next_url, "https://social.example/dir/doc.json?page=2");
	SAME(d.hub, "http://h/1");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 3);
	it = &d.items[0];
	SAME(it->id, "7");
	SAME(it->url, "https://social.example/7");
	SAME(it->text, "a b");
	SAME(it->summary, "short\n\nplain\n\nEp\n\nx");
	SAME(it->author, "Zoe, Max");
	SAME(it->lang, "fr");
	SAME(when(it->published), "2024-02-03T03:05:06Z");
	SAME(when(it->updated), "2024-02-03T05:05:06Z");
	CU_ASSERT_EQUAL_FATAL(it->nmedia, 3);
	SAME(it->media[0].url, "https://social.example/p.mp3");
	SAME(it->media[0].type, "audio/mpeg");
	SAME(it->media[0].text, "Ep");
	SAME(it->media[1].url, "https://social.example/i.png");
	SAME(d.items[1].author, "Old");
	SAME(d.items[1].text, "1 < 2");
	SAME(d.items[1].lang, "de-AT");
	SAME(d.items[2].author, "Feed"); /* whoever else is none, writes it */
	SAME(d.items[2].url, "http://else.example/9");
	CU_ASSERT_PTR_NULL(d.items[2].title);
	feed_doc_clear(&d);
}

/* An item that is nothing but an address, and a name that is one. */
static void
test_jsonfeed_bare(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse("{'version':'https://jsonfeed.org/version/1','author':{'url':"
		  "'mailto:ann@e.example'},'items':[{'external_url':'http://e/1'}]}",
		&d),
	    0);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].id, "http://e/1");
	SAME(d.items[0].url, "http://e/1");
	SAME(d.items[0].author, "ann@e.example");
	feed_doc_clear(&d);
	/* RSS written as JSON. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'rss':{'version':'2.0','channel':{'title':'F','item':[{'title':"
		  "'T','link':'/1','guid':{'isPermaLink':'false','#value':'g'},"
		  "'pubDate':'Mon, 06 Jan 2020 10:00:00 GMT','description':"
		  "'<b>x</b>'}]}}}",
		&d),
	    0);
	SAME(d.title, "F");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].id, "g");
	SAME(d.items[0].url, "https://social.example/1");
	SAME(d.items[0].text, "x");
	SAME(when(d.items[0].published), "2020-01-06T10:00:00Z");
	feed_doc_clear(&d);
	/* Whose the items of other documents are, they say themselves. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'author':'Ann','posts':[{'id':'1','text':'x'}]}", &d), 0);
	CU_ASSERT_PTR_NULL(d.items[0].author);
	feed_doc_clear(&d);
}

/* An item that only points elsewhere is an item. */
static void
test_pointing(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse("{'version':'https://jsonfeed.org/version/1','items':["
		  "{'external_url':'http://else.example/1'}]}",
		&d),
	    0);
	CU_ASSERT(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].url, "http://else.example/1");
	feed_doc_clear(&d);
}

/* --- RSS in JSON --- */

static void
test_rss(void)
{
	static const char doc[] =
	    "{'rss':{'version':'2.0','channel':{'title':'T','link':'http://e.example/',"
	    "'description':'D','language':'en','pubDate':'Mon, 05 Jan 2004 10:14:55 "
	    "GMT',"
	    "'cloud':{'domain':'c.example','port':1},'item':["
	    "{'title':'One','link':'http://e.example/1','description':'a <b>b</b>',"
	    "'guid':{'#value':'tag:1','isPermaLink':false},'author':'a@b.example "
	    "(Ann)',"
	    "'pubDate':'Mon, 05 Jan 2004 10:14:55 GMT',"
	    "'category':[{'#value':'x'}],'enclosure':{'url':'/a.mp3','type':'audio/"
	    "mpeg',"
	    "'length':12},'source:outline':{'text':'no'}},"
	    "{'guid':'http://e.example/2','description':'short','content:encoded':"
	    "'<p>long</p>','dc:creator':'Bea','dc:date':'2004-01-05T10:14:55Z'}]}}}";
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(parse(doc, &d), 0);
	SAME(d.format, "rss-json");
	SAME(d.title, "T");
	SAME(d.link, "http://e.example/");
	SAME(d.lang, "en");
	CU_ASSERT(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].id, "tag:1");
	SAME(d.items[0].url, "http://e.example/1");
	SAME(d.items[0].title, "One");
	SAME(d.items[0].text, "a b");
	SAME(when(d.items[0].published), "2004-01-05T10:14:55Z");
	CU_ASSERT_EQUAL_FATAL(d.items[0].nmedia, 1);
	SAME(d.items[0].media[0].url, "https://social.example/a.mp3");
	SAME(d.items[0].media[0].type, "audio/mpeg");
	SAME(d.items[1].url, "http://e.example/2");
	SAME(d.items[1].text, "long");
	SAME(d.items[1].summary, "short");
	SAME(d.items[1].author, "Bea");
	SAME(when(d.items[1].published), "2004-01-05T10:14:55Z");
	feed_doc_clear(&d);
}

/* As converters from XML and careless hands write it: one item without a list, the
 * list outside, none at all, and damage before it. */
static void
test_rss_variants(void)
{
	static const struct {
		const char *doc;
		size_t items;
	} cases[] = {
	    {"{'rss':{'channel':{'title':'T','item':{'title':{'#text':'One'}}}}}", 1},
	    {"{'rss':{'channel':{'title':'T','items':[{'title':'One'}]}}}", 1},
	    {"{'rss':{'channel':{'title':'T'}},'item':[{'title':'One'},{'title':'b'}]}",
		2},
	    {"{'rss':{'channel':{'title':'T'},'item':[{'title':'One'}]}}", 1},
	    {"{'rss':{'channel':{'title':'T','item':[]}}}", 0},
	    {"{'rss':{'channel':{'title':'T,'item':[{'title':'One','link':'/1'},"
	     "{'title':'b','link':'/2'}]}}}",
		2},
	    {"{'channel':{'title':'T','item':[{'title':'One'}]}}", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed_doc d;

		CU_ASSERT_EQUAL(parse(cases[i].doc, &d), 0);
		CU_ASSERT_EQUAL(d.nitems, cases[i].items);
		if (d.nitems != cases[i].items)
			printf("\n    %zu items of %s ", d.nitems, cases[i].doc);
		if (d.nitems > 0)
			SAME(d.items[0].title, "One");
		feed_doc_clear(&d);
	}
}

/* --- one object a line --- */

static void
test_lines(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse("{'id':'a','text':'one','created_at':1700000000,'username':'u'}\r\n"
		  "\n"
		  "{'id':'b','text':'tw\n"
		  "{'id':'c','body':'<p>three</p>','timestamp':'1700000000000'}\n"
		  "no json at all\n"
		  "{'id':'d','deleted':true}\n"
		  "{'id':'a','text':'one, edited','updated_at':1700000100.5}\n"
		  "{'id':'e','deleted_at':null,'deleted':[],'message':{'text':'five'}}"
		  "{'id':'f','text':'six'}\n"
		  "{'id':'g','tombstone':1}\n"
		  "{'id':'g','text':'back'}",
		&d),
	    0);
	SAME(d.format, "ndjson");
	CU_ASSERT_FALSE(d.well_formed);
	SAME(d.problem, "line 3: a line that is no JSON");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 7);
	SAME(d.items[0].id, "a");
	SAME(d.items[0].author, "u");
	SAME(when(d.items[0].published), "2023-11-14T22:13:20Z");
	SAME(d.items[1].id, "b");
	CU_ASSERT(d.items[1].flags & ITEM_REPAIRED);
	SAME(d.items[2].text, "three");
	SAME(when(d.items[2].published), "2023-11-14T22:13:20Z");
	SAME(d.items[3].text, "one, edited");
	SAME(when(d.items[3].updated), "2023-11-14T22:15:00Z");
	SAME(d.items[4].text, "five");
	SAME(d.items[5].text, "six");
	SAME(d.items[6].text, "back");
	/* g came back after its tombstone. */
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "d");
	feed_doc_clear(&d);
}

/* The first line may be the broken one, and objects may take several lines. */
static void
test_few_lines(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(parse("{'id':'a','te\n{'id':'b','text':'x'}\n{'id':'c',"
				    "'text':'y'}\n",
				  &d),
	    0);
	SAME(d.format, "ndjson");
	CU_ASSERT_EQUAL(d.nitems, 3);
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(
	    parse("{\n 'id':'b',\n 'text':'x'\n}\n{\n 'id':'c',\n 'text':'y'\n}\n", &d),
	    0);
	CU_ASSERT_EQUAL(d.nitems, 2);
	feed_doc_clear(&d);
	/* One object over several lines is not many. */
	CU_ASSERT_EQUAL_FATAL(
	    parse(
		"{'items':[\n{'id':'b','text':'x'},\n{'id':'c','text':'y'}\n]}\n", &d),
	    0);
	CU_ASSERT_EQUAL(d.nitems, 2);
	CU_ASSERT(d.well_formed);
	feed_doc_clear(&d);
}

/* Of more lines than are wanted the newest ones are read, wherever they are. */
static void
test_many_lines(void)
{
	const struct feed_limits lim = {3, 1000, 64, true};
	struct buf up = {0}, down = {0};
	struct feed_doc d;

	for (int i = 0; i < 9; i++) {
		buf_printf(
		    &up, "{\"id\":%d,\"text\":\"t\",\"time\":170000000%d}\n", i, i);
		buf_printf(&down, "{\"id\":%d,\"text\":\"t\",\"time\":170000000%d}\n",
		    9 - i, 9 - i);
	}
	CU_ASSERT_EQUAL_FATAL(feed_parse(up.data, up.len, NULL, &lim, &d, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 3);
	SAME(d.items[0].id, "6");
	SAME(d.items[2].id, "8");
	CU_ASSERT(d.truncated);
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(feed_parse(down.data, down.len, NULL, &lim, &d, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 3);
	SAME(d.items[0].id, "9");
	CU_ASSERT(d.truncated);
	feed_doc_clear(&d);
	buf_free(&up);
	buf_free(&down);
}

/* Dates as numbers, and what only begins as one. */
static void
test_numbers(void)
{
	static const struct {
		const char *in, *raw, *out;
	} cases[] = {
	    {"1700000000", "1700000000", "2023-11-14T22:13:20Z"},
	    {"1700000000123", "1700000000123", "2023-11-14T22:13:20Z"},
	    {"1700000000123456", "1700000000123", "2023-11-14T22:13:20Z"},
	    {"'1700000000123456'", "1700000000123", "2023-11-14T22:13:20Z"},
	    {"1700000000\u00ac\u00ac\u00ac", "1700000000\u00ac\u00ac\u00ac", "-"},
	    {"17e8", "17e8", "-"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *doc = xasprintf("[{'id':1,'time':%s}]", cases[i].in);
		struct feed_doc d;

		CU_ASSERT_EQUAL_FATAL(parse(doc, &d), 0);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].published_raw, cases[i].raw);
		SAME(when(d.items[0].published), cases[i].out);
		feed_doc_clear(&d);
		free(doc);
	}
}

/* What servers and frameworks put in front of JSON. */
static void
test_preamble(void)
{
	static const char *const read[] = {
	    "callback([{'id':1,'text':'x'}]);",
	    ")]}',\n{'items':[{'id':1,'text':'x'}]}",
	    "while(1);[{'id':1,'text':'x'}]",
	    "<br />\n<b>Warning</b>: x[0] on line 2\n[{'id':1,'text':'x'}]",
	};
	static const char *const not_read[] = {
	    "<!DOCTYPE html><script>{'@type':'Article','id':'1','text':'x'}</script>",
	    "hello {'id':'1'}",
	    "a { color: red }",
	};
	struct feed_doc d;

	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
		CU_ASSERT_EQUAL(parse(read[i], &d), 0);
		CU_ASSERT_EQUAL(d.nitems, 1);
		CU_ASSERT_FALSE(d.well_formed);
		feed_doc_clear(&d);
	}
	for (size_t i = 0; i < sizeof(not_read) / sizeof(not_read[0]); i++) {
		CU_ASSERT_NOT_EQUAL(parse(not_read[i], &d), 0);
		CU_ASSERT_EQUAL(d.nitems, 0);
		feed_doc_clear(&d);
	}
}

/* --- others, by name and by mapping --- */

static void
test_usual_names(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse(
		"[{'id':4,'date':'2024-01-01T10:00:00','date_gmt':'2024-01-01T09:00:00'"
		","
		"'link':'https://w.example/p','title':{'rendered':'T&amp;U'},'content':"
		"{'rendered':'<p>c</p>','protected':false},'excerpt':{'rendered':"
		"'<p>e</p>'},'author':3,'guid':{'rendered':'https://w.example/?p=4'}},"
		"{'id':5,'author_name':'Q','author':0,'content':{'rendered':'<p>r</"
		"p>'}}"
		",{},{'unknown':1},null]",
		&d),
	    0);
	SAME(d.format, "json");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.problem, "line 1: an element of no known kind");
	SAME(d.items[0].title, "T&U");
	SAME(d.items[0].text, "c");
	SAME(d.items[0].summary, "e");
	SAME(d.items[0].url, "https://w.example/p");
	SAME(when(d.items[0].published), "2024-01-01T09:00:00Z");
	SAME(d.items[1].author, "Q");
	feed_doc_clear(&d);
}

static void
test_mapping(void)
{
	static const struct feed_mapping map = {.items = "data.list[*]",
	    .id = "meta.n",
	    .url = "links[1].href",
	    .title = "h[\"x.y\"]",
	    .author = "by.who",
	    .text = "parts[*].t",
	    .published = "meta.at",
	    .updated = "meta.mod",
	    .language = "l",
	    .in_reply_to = "up",
	    .media = "pics",
	    .deleted = "meta.del",
	    .next = "data.more"};
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse_as(
		"{'data':{'list':[{'meta':{'n':1,'at':1700000000,'del':0},'links':"
		"[{'href':'/no'},{'href':'/yes'}],'h':{'x.y':'T'},'by':{'who':'W'},"
		"'parts':[{'t':'a'},{'t':'b'}],'l':'it','up':0,'pics':["
		"'/1.png'],'id':'not me'},{'meta':{'n':2,'del':true}},"
		"{'meta':{'n':3},'parts':[{'t':'<b>c</b>'}]}],'more':'/2'}}",
		BASE, &map, &d),
	    0);
	CU_ASSERT(d.well_formed);
	SAME(d.next_url, "https://social.example/2");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].id, "1");
	SAME(d.items[0].url, "https://social.example/yes");
	SAME(d.items[0].title, "T");
	SAME(d.items[0].author, "W");
	SAME(d.items[0].text, "a");
	SAME(d.items[0].summary, "b");
	SAME(d.items[0].lang, "it");
	SAME(d.items[0].in_reply_to, "0");
	SAME(d.items[0].media[0].url, "https://social.example/1.png");
	SAME(when(d.items[0].published), "2023-11-14T22:13:20Z");
	SAME(d.items[1].text, "c");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "2");
	feed_doc_clear(&d);
}

/* Members of an object as items, and one item a line. */
static void
test_mapping_forms(void)
{
	static const struct feed_mapping keyed = {
	    .items = "posts[*]", .id = "k", .text = "v"};
	static const struct feed_mapping line = {.id = "k", .text = "v"};
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'posts':{'p1':{'k':'1','v':'a'},'p2':{'k':'2','v':'b'}}}", BASE,
		&keyed, &d),
	    0);
	CU_ASSERT_EQUAL(d.nitems, 2);
	feed_doc_clear(&d);
	CU_ASSERT_NOT_EQUAL(parse_as("{'other':[{'k':'1'}]}", BASE, &keyed, &d), 0);
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'k':1,'v':'a'}\n{'k':2,'v'\n{'k':3,'v':'c'}", BASE, &line, &d),
	    0);
	CU_ASSERT(d.nitems >= 2);
	SAME(d.items[d.nitems - 1].text, "c");
	feed_doc_clear(&d);
}

/* Lines that wrap their posts, and one that wraps something else. */
static void
test_mapping_lines(void)
{
	static const struct feed_mapping map = {
	    .items = "post", .id = "k", .text = "v", .deleted = "off"};
	static const struct feed_mapping many = {
	    .items = "posts[*]", .id = "k", .text = "v"};
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'kind':'new','post':{'k':1,'v':'a'}}\n{'like':{'k':8,'v':'x'}}\n"
		     "{'post':{'k':2,'off':true}}\n{'post':'none'}\n"
		     "{'post':[{'k':3,'v':'c'},4,{'k':5,'v':'e'}]}\n",
		BASE, &map, &d),
	    0);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 3);
	SAME(d.items[0].text, "a");
	SAME(d.items[1].id, "3");
	SAME(d.items[2].text, "e");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "2");
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'posts':[{'k':1,'v':'a'},{'k':2,'v':'b'}]}\n{'posts':[]}\n"
		     "{'posts':{'x':{'k':3,'v':'c'}}}\n",
		BASE, &many, &d),
	    0);
	CU_ASSERT_EQUAL(d.nitems, 3);
	feed_doc_clear(&d);
}

static const struct suite_test tests[] = {
    {"JSON Feed", test_jsonfeed},
    {"bare JSON Feed", test_jsonfeed_bare},
    {"an item that points", test_pointing},
    {"RSS in JSON", test_rss},
    {"RSS in JSON, otherwise", test_rss_variants},
    {"one object a line", test_lines},
    {"lines or not", test_few_lines},
    {"more lines than are wanted", test_many_lines},
    {"dates as numbers", test_numbers},
    {"text in front of JSON", test_preamble},
    {"the usual names", test_usual_names},
    {"mappings", test_mapping},
    {"mappings of other forms", test_mapping_forms},
    {"mappings of lines", test_mapping_lines},
};

SUITE_MAIN("JSON feeds", tests)
