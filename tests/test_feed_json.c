/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_json: every kind of JSON document, with unusual members there and missing.
 * The documents are written after the descriptions of the APIs, with single quotes
 * that become double ones.
 */
#include <string.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "suite.h"

#define BASE "https://social.example/dir/doc.json"

#define SAME(a, b)                                                        \
	do {                                                              \
		const char *a_ = (a), *b_ = (b);                          \
		bool same_ = a_ && b_ ? strcmp(a_, b_) == 0 : a_ == b_;   \
		if (!same_)                                               \
			printf("\n    line %d: '%s' is not '%s' ", __LINE__, \
			    a_ ? a_ : "NULL", b_ ? b_ : "NULL");          \
		CU_ASSERT(same_);                                         \
	} while (0)

static int
parse_as(const char *s, const char *url, const struct feed_mapping *map, struct feed_doc *d)
{
	struct feed_source src = {.url = url, .mapping = map};
	char *text = xstrdup(s);
	int rc;

	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	rc = feed_parse(text, strlen(text), &src, NULL, d, NULL);
	free(text);
	return rc;
}

static int
parse(const char *s, struct feed_doc *d)
{
	return parse_as(s, BASE, NULL, d);
}

static const char *
when(int64_t t)
{
	static char text[CLOCK_TEXT];

	return t == CLOCK_NONE ? "-" : clock_format(t - t % 1000, text);
}

/* --- JSON Feed --- */

static void
test_jsonfeed(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse("{'version':'https://jsonfeed.org/version/1.1','title':'F','language':"
		  "'de-AT','home_page_url':'/','feed_url':'feed.json','next_url':"
		  "'?page=2','hubs':[{'type':'rssCloud','url':'http://h/0'},{'type':"
		  "'WebSub','url':'http://h/1'}],'authors':[{'name':'Feed'}],"
		  "'_x':{'items':[1]},'items':["
		  "{'id':7,'url':'/7','external_url':'http://else.example/','title':"
		  "'T','content_html':'<p>a <a href=\\\"l\\\">b</a></p>','content_text':"
		  "'plain','summary':'short','image':'/i.png','banner_image':'/b.png',"
		  "'date_published':'2024-02-03T04:05:06+01:00','date_modified':"
		  "'2024-02-03T05:05:06Z','authors':[{'url':'http://u'},{'name':'Zoe'}],"
		  "'tags':['x'],'language':'fr','attachments':[{'url':'/p.mp3',"
		  "'mime_type':'audio/mpeg','title':'Ep','size_in_bytes':1},{'mime_type':"
		  "'x/y'}]},"
		  "{'id':'8','author':{'name':'Old'},'content_text':'1 < 2'},"
		  "{'id':'9','external_url':'http://else.example/9','title':null}]}",
		&d),
	    0);
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
	SAME(it->summary, "short\n\nplain");
	SAME(it->author, "Zoe");
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
	SAME(d.items[2].url, "http://else.example/9");
	CU_ASSERT_PTR_NULL(d.items[2].title);
	feed_doc_clear(&d);
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
		  "{'id':'e','deleted_at':null,'deleted':false,'message':{'text':'five'}}"
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
	/* The first line may be the broken one, and objects may take several lines. */
	CU_ASSERT_EQUAL_FATAL(parse("{'id':'a','te\n{'id':'b','text':'x'}\n{'id':'c',"
				    "'text':'y'}\n",
				  &d),
	    0);
	SAME(d.format, "ndjson");
	CU_ASSERT_EQUAL(d.nitems, 3);
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(
	    parse("{\n 'id':'b',\n 'text':'x'\n}\n{\n 'id':'c',\n 'text':'y'\n}\n", &d), 0);
	CU_ASSERT_EQUAL(d.nitems, 2);
	feed_doc_clear(&d);
	/* One object over several lines is not many. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'items':[\n{'id':'b','text':'x'},\n{'id':'c','text':'y'}\n]}\n", &d), 0);
	CU_ASSERT_EQUAL(d.nitems, 2);
	CU_ASSERT(d.well_formed);
	feed_doc_clear(&d);
}

/* Of more lines than are wanted the newest ones are read, wherever they are. */
static void
test_many_lines(void)
{
	const struct feed_limits lim = {3, 1000, 64};
	struct buf up = {0}, down = {0};
	struct feed_doc d;

	for (int i = 0; i < 9; i++) {
		buf_printf(&up, "{\"id\":%d,\"text\":\"t\",\"time\":170000000%d}\n", i, i);
		buf_printf(&down, "{\"id\":%d,\"text\":\"t\",\"time\":170000000%d}\n", 9 - i,
		    9 - i);
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

/* What servers and frameworks put in front of JSON. */
static void
test_preamble(void)
{
	static const char *const read[] = {
	    "callback([{'id':1,'text':'x'}]);",
	    ")]}',\n{'items':[{'id':1,'text':'x'}]}",
	    "while(1);[{'id':1,'text':'x'}]",
	    "<br />\n<b>Warning</b>: x[0] in y on line <b>2</b>\n"
	    "{'items':[{'id':1,'text':'x'}]}",
	};
	static const char *const not_read[] = {
	    "<!DOCTYPE html><html><script>{'@context':'https://schema.org','@type':"
	    "'Article','id':'1','text':'x'}</script></html>",
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

/* --- Mastodon --- */

#define ACCOUNT                                                                      \
	"'account':{'id':'1','username':'ann','acct':'ann','display_name':'Ann A.',"   \
	"'url':'https://social.example/@ann','note':'<p>bio</p>','fields':[]}"

static void
test_mastodon(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse_as("[{'id':'112','created_at':'2024-05-01T10:00:00.000Z',"
		     "'in_reply_to_id':'111','sensitive':true,'spoiler_text':'warning',"
		     "'visibility':'public','language':'en','uri':'https://social.example/"
		     "users/ann/statuses/112','url':'https://social.example/@ann/112',"
		     "'edited_at':'2024-05-01T11:00:00.000Z','content':'<p>Hi <a href="
		     "\\\"https://l.example/\\\">l</a></p>','reblog':null," ACCOUNT
		     ",'media_attachments':[{'id':'5','type':'image','url':"
		     "'https://m.example/1.png','preview_url':'https://m.example/s.png',"
		     "'description':'a cat'},{'id':'6','type':'video','url':null,"
		     "'remote_url':'https://m.example/2.mp4','description':null}],"
		     "'mentions':[],'tags':[{'name':'x','url':'u'}],'emojis':[],"
		     "'card':{'url':'https://c.example/','title':'Card','description':"
		     "'of it'},'poll':{'id':'9','options':[{'title':'yes','votes_count':1},"
		     "{'title':'no'}]}},"
		     "{'id':'110','created_at':'2024-04-30T10:00:00.000Z','uri':"
		     "'https://social.example/users/ann/statuses/110/activity','url':null,"
		     "'content':'','spoiler_text':'','media_attachments':[]," ACCOUNT
		     ",'reblog':{'id':'99','uri':'https://o.example/99','url':"
		     "'https://o.example/@bob/99','content':'<p>boosted</p>','account':"
		     "{'acct':'bob@o.example'},'media_attachments':[]}}]",
		"https://social.example/api/v1/timelines/public?local=1&max_id=200&limit="
		"2",
		NULL, &d),
	    0);
	SAME(d.format, "mastodon");
	CU_ASSERT(d.well_formed);
	SAME(d.next_url, "https://social.example/api/v1/timelines/public?local=1&limit=2&"
			 "max_id=110");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	it = &d.items[0];
	SAME(it->id, "112");
	SAME(it->url, "https://social.example/@ann/112");
	SAME(it->title, "warning");
	SAME(it->text, "Hi l");
	SAME(it->author, "Ann A. (@ann)");
	SAME(it->lang, "en");
	SAME(it->in_reply_to, "111");
	SAME(when(it->published), "2024-05-01T10:00:00Z");
	SAME(when(it->updated), "2024-05-01T11:00:00Z");
	SAME(it->summary, "yes\nno\nCard\nof it");
	CU_ASSERT_EQUAL_FATAL(it->nmedia, 2);
	SAME(it->media[0].text, "a cat");
	SAME(it->media[1].url, "https://m.example/2.mp4");
	SAME(it->media[1].type, "video");
	SAME(it->links[0], "https://l.example/");
	it = &d.items[1];
	SAME(it->text, "boosted");
	SAME(it->url, "https://social.example/users/ann/statuses/110/activity");
	SAME(it->author, "Ann A. (@ann)");
	CU_ASSERT_EQUAL(it->updated, CLOCK_NONE);
	SAME(it->links[0], "https://o.example/@bob/99");
	feed_doc_clear(&d);
	/* One status, the fewest members; nothing at all; and what is no feed. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'account':{'acct':'x'},'content':'y','id':'1'}", &d), 0);
	SAME(d.format, "mastodon");
	SAME(d.items[0].author, "x");
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL(parse("[]", &d), 0);
	CU_ASSERT_EQUAL(d.nitems, 0);
	feed_doc_clear(&d);
	CU_ASSERT_NOT_EQUAL(parse("{'error':'This method requires a user'}", &d), 0);
	feed_doc_clear(&d);
	CU_ASSERT_NOT_EQUAL(parse("[1,'a',null]", &d), 0);
	feed_doc_clear(&d);
}

/* --- ActivityPub --- */

static void
test_collection(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse("{'@context':'https://www.w3.org/ns/activitystreams','id':"
		  "'https://social.example/users/a/outbox','type':'OrderedCollection',"
		  "'totalItems':3,'first':'https://social.example/users/a/outbox?page=1',"
		  "'last':'https://social.example/users/a/outbox?min_id=0'}",
		&d),
	    0);
	SAME(d.format, "activitypub");
	SAME(d.next_url, "https://social.example/users/a/outbox?page=1");
	CU_ASSERT_EQUAL(d.nitems, 0);
	feed_doc_clear(&d);
	/* The first page may be in it, and items may be addresses. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'type':'Collection','first':{'type':'CollectionPage','next':"
		  "{'id':'/p2'},'items':['https://social.example/n/1',"
		  "{'type':'Note','id':'/n/2','content':'x','attributedTo':'/u'}]}}",
		&d),
	    0);
	SAME(d.next_url, "https://social.example/p2");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].id, "https://social.example/n/1");
	CU_ASSERT(d.items[0].flags & ITEM_POINTER);
	SAME(d.items[1].url, "https://social.example/n/2");
	CU_ASSERT_FALSE(d.items[1].flags & ITEM_POINTER);
	feed_doc_clear(&d);
}

static const char outbox[] =
    "{'@context':['https://www.w3.org/ns/activitystreams',{'x':'y'}],'type':"
    "'OrderedCollectionPage','next':'https://s.example/o?max_id=1','orderedItems':["
    "{'id':'https://s.example/1/activity','type':'Create','actor':'https://s.example/u',"
    "'published':'2024-01-01T00:00:00Z','to':['as:Public'],'object':{'id':"
    "'https://s.example/1','type':'Note','summary':'cw','content':'<p>eins</p>',"
    "'contentMap':{'de':'<p>eins</p>'},'attributedTo':['https://s.example/u'],"
    "'inReplyTo':{'id':'https://o.example/0'},'url':'https://s.example/@u/1','published':"
    "'2024-01-01T00:00:00Z','updated':'2024-01-02T00:00:00Z','attachment':[{'type':"
    "'Document','mediaType':'image/png','url':'https://m.example/1','name':'alt'}],'tag':"
    "{'type':'Hashtag','name':'#x'}}},"
    "{'id':'https://s.example/2/a','type':'Announce','actor':{'id':'https://s.example/u',"
    "'name':'U','preferredUsername':'u'},'published':'2024-01-03T00:00:00Z','object':"
    "'https://o.example/9'},"
    "{'id':'https://s.example/3/a','type':['Update'],'actor':'https://s.example/u',"
    "'object':{'id':'https://s.example/3','type':'as:Article','name':'Title','summary':"
    "'<b>in short</b>','content':'*long text here*','mediaType':'text/markdown'}},"
    "{'id':'https://s.example/4/a','type':'Delete','object':{'id':'https://s.example/4',"
    "'type':'Tombstone','formerType':'Note'}},"
    "{'type':'Delete','actor':'x','object':'https://s.example/5'},"
    "{'type':'Undo','object':{'id':'https://s.example/6/a','type':'Announce'}},"
    "{'type':'Like','actor':'u','object':'https://o.example/7'},"
    "{'id':'https://s.example/8/a','type':'Create','actor':'https://s.example/u',"
    "'object':{'id':'https://s.example/8','type':'Question','content':'<p>which?</p>',"
    "'oneOf':[{'type':'Note','name':'red'},{'name':'blue'}],'attributedTo':{'name':'U'}}},"
    "{'id':'https://s.example/9/a','type':'Create','actor':'https://s.example/u','object':"
    "{'id':'https://s.example/v/9','type':'Video','name':'Film','contentMap':{'fr':'un',"
    "'en':'one'},'url':[{'type':'Link','mediaType':'video/mp4','href':"
    "'https://s.example/9.mp4'},{'type':'Link','mediaType':'text/html','href':"
    "'https://s.example/w/9'}],'attributedTo':[{'type':'Person','id':'https://s.example/"
    "c'}]}},"
    "{'type':'Create','object':'https://s.example/10'},"
    "{'@type':'Note','@id':'https://s.example/11','as:content':'eleven','actor':'u'},"
    "{'type':'Tombstone','id':'https://s.example/12'}]}";

static void
test_outbox(void)
{
	static const char *const gone[] = {"https://s.example/4", "https://s.example/5",
	    "https://s.example/6/a", "https://s.example/12"};
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(parse(outbox, &d), 0);
	SAME(d.format, "activitypub");
	CU_ASSERT(d.well_formed);
	SAME(d.next_url, "https://s.example/o?max_id=1");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 4);
	for (size_t i = 0; i < 4; i++)
		SAME(d.gone[i], gone[i]);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 7);
	it = &d.items[0];
	SAME(it->id, "https://s.example/1");
	SAME(it->url, "https://s.example/@u/1");
	SAME(it->title, "cw");
	SAME(it->text, "eins");
	CU_ASSERT_PTR_NULL(it->summary);
	SAME(it->lang, "de");
	SAME(it->author, "https://s.example/u");
	SAME(it->in_reply_to, "https://o.example/0");
	SAME(when(it->updated), "2024-01-02T00:00:00Z");
	SAME(it->media[0].text, "alt");
	it = &d.items[1];
	SAME(it->id, "https://s.example/2/a");
	SAME(it->url, "https://o.example/9");
	SAME(it->author, "U (@u)");
	CU_ASSERT(it->flags & ITEM_POINTER);
	it = &d.items[2];
	SAME(it->title, "Title");
	SAME(it->text, "*long text here*");
	SAME(it->summary, "in short");
	it = &d.items[3];
	SAME(it->summary, "red\nblue");
	SAME(it->author, "U");
	it = &d.items[4];
	SAME(it->url, "https://s.example/w/9");
	SAME(it->media[0].url, "https://s.example/9.mp4");
	SAME(it->text, "un");
	SAME(it->summary, "one");
	CU_ASSERT_PTR_NULL(it->lang);
	SAME(d.items[5].id, "https://s.example/10");
	CU_ASSERT(d.items[5].flags & ITEM_POINTER);
	SAME(d.items[6].text, "eleven");
	feed_doc_clear(&d);
}

/* --- Discourse --- */

static void
test_discourse(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'latest_posts':[{'id':31,'name':'Cy','username':'cy','created_at':"
		     "'2024-03-01T00:00:00.000Z','updated_at':'2024-03-01T00:01:00.000Z',"
		     "'cooked':'<p>hello</p>','raw':'hello','post_number':3,"
		     "'reply_to_post_number':1,'topic_id':12,'topic_slug':'a-b',"
		     "'topic_title':'A & B','post_url':'/t/a-b/12/3','version':2,"
		     "'user_deleted':false,'deleted_at':null},"
		     "{'id':30,'username':'di','name':'','cooked':'<p>(post deleted by "
		     "author)</p>','post_number':2,'topic_id':12,'user_deleted':true},"
		     "{'id':29,'username':'ed','raw':'only *raw*','post_number':1,"
		     "'topic_id':12}]}",
		"https://f.example/posts.json?before=40", NULL, &d),
	    0);
	SAME(d.format, "discourse");
	SAME(d.next_url, "https://f.example/posts.json?before=29");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "30");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	it = &d.items[0];
	SAME(it->id, "31");
	SAME(it->url, "https://f.example/t/a-b/12/3");
	SAME(it->title, "A & B");
	SAME(it->text, "hello");
	CU_ASSERT_PTR_NULL(it->summary);
	SAME(it->author, "Cy (@cy)");
	SAME(it->in_reply_to, "https://f.example/t/a-b/12/1");
	SAME(d.items[1].text, "only *raw*");
	SAME(d.items[1].url, "https://f.example/t/-/12/1");
	SAME(d.items[1].author, "ed");
	feed_doc_clear(&d);
	/* A topic: its posts, with the title of the whole. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'post_stream':{'posts':[{'id':5,'cooked':'<p>x</p>','post_number':1,"
		  "'topic_id':2,'username':'u'}],'stream':[5,6]},'timeline_lookup':[[1,"
		  "2]],'title':'Topic','id':2,'posts_count':2,'slug':'topic','details':"
		  "{'links':[{'url':'u','title':'t'}]}}",
		&d),
	    0);
	SAME(d.format, "discourse");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].title, "Topic");
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'users':[{'id':1,'username':'u'}],'topic_list':{'can_create_topic':"
		  "false,'more_topics_url':'/latest?no_definitions=true&page=1','topics':"
		  "[{'id':9,'title':'T','fancy_title':'T','slug':'t','posts_count':1,"
		  "'created_at':'2024-03-01T00:00:00.000Z','excerpt':'ex&hellip;',"
		  "'last_posted_at':'2024-03-02T00:00:00.000Z'},{'id':8,'title':'U',"
		  "'slug':'u','posts_count':1,'deleted_at':'2024-03-02T00:00:00.000Z'}]}}",
		&d),
	    0);
	SAME(d.next_url,
	    "https://social.example/latest.json?no_definitions=true&page=1");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].url, "https://social.example/t/t/9");
	SAME(d.items[0].text, "ex…");
	CU_ASSERT(d.items[0].flags & ITEM_POINTER);
	SAME(d.gone[0], "8");
	feed_doc_clear(&d);
}

/* --- Jetstream --- */

#define COMMIT(op, key, rest)                                                          \
	"{'did':'did:plc:a','time_us':1725911162329308,'kind':'commit','commit':{"     \
	"'rev':'r','operation':'" op "','collection':'app.bsky.feed.post','rkey':'" key \
	"'" rest "}}\n"

static void
test_jetstream(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse(COMMIT("create", "1",
		      ",'cid':'c','record':{'$type':'app.bsky.feed.post','createdAt':"
		      "'2024-09-09T19:46:02.102Z','langs':['en','fr'],'text':'see <here>',"
		      "'reply':{'root':{'uri':'at://r'},'parent':{'cid':'x','uri':"
		      "'at://p'}},'facets':[{'features':[{'$type':'l','uri':"
		      "'https://l.example/'}]}],'embed':{'images':[{'alt':'a dog',"
		      "'image':{}}],'external':{'uri':'https://x.example/','title':'X',"
		      "'description':'D'}}}") COMMIT("update", "1",
		      ",'record':{'text':'edited'}") COMMIT("delete", "2", "")
		      "{'did':'did:plc:a','time_us':1,'kind':'identity','identity':{}}\n"
		      "{'did':'did:plc:a','time_us':1,'kind':'commit','commit':{"
		      "'operation':'create','collection':'app.bsky.feed.like','rkey':'3',"
		      "'record':{'subject':{}}}}\n",
		&d),
	    0);
	SAME(d.format, "jetstream");
	CU_ASSERT(d.well_formed);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	it = &d.items[0];
	SAME(it->id, "at://did:plc:a/app.bsky.feed.post/1");
	CU_ASSERT_PTR_NULL(it->url);
	SAME(it->text, "see <here>");
	SAME(it->author, "did:plc:a");
	SAME(it->lang, "en");
	SAME(it->in_reply_to, "at://p");
	SAME(when(it->published), "2024-09-09T19:46:02Z");
	SAME(it->summary, "a dog\nX\nD");
	CU_ASSERT_EQUAL_FATAL(it->nlinks, 2);
	SAME(d.items[1].text, "edited");
	SAME(when(d.items[1].updated), "2024-09-09T19:46:02Z");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "at://did:plc:a/app.bsky.feed.post/2");
	feed_doc_clear(&d);
}

/* --- others, by name and by mapping --- */

static void
test_usual_names(void)
{
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse("[{'id':4,'date':'2024-01-01T10:00:00','date_gmt':'2024-01-01T09:00:00',"
		  "'link':'https://w.example/p','title':{'rendered':'T'},'content':"
		  "{'rendered':'<p>c</p>','protected':false},'excerpt':{'rendered':"
		  "'<p>e</p>'},'author':3,'guid':{'rendered':'https://w.example/?p=4'}},"
		  "{'id':5,'author_name':'Q','author':0,'content':{'rendered':'<p>r</p>'}}"
		  ",{},{'unknown':1},null]",
		&d),
	    0);
	SAME(d.format, "json");
	CU_ASSERT_EQUAL_FATAL(d.nitems, 2);
	SAME(d.items[0].title, "T");
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
	static const struct feed_mapping keyed = {
	    .items = "posts[*]", .id = "k", .text = "v"};
	static const struct feed_mapping line = {.id = "k", .text = "v"};
	struct feed_doc d;

	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'data':{'list':[{'meta':{'n':1,'at':1700000000,'del':0},'links':"
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
	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'posts':{'p1':{'k':'1','v':'a'},'p2':{'k':'2','v':'b'}}}", BASE,
		&keyed, &d),
	    0);
	CU_ASSERT_EQUAL(d.nitems, 2);
	feed_doc_clear(&d);
	CU_ASSERT_NOT_EQUAL(parse_as("{'other':[{'k':'1'}]}", BASE, &keyed, &d), 0);
	feed_doc_clear(&d);
	CU_ASSERT_EQUAL_FATAL(
	    parse_as("{'k':1,'v':'a'}\n{'k':2,'v'\n{'k':3,'v':'c'}", BASE, &line, &d), 0);
	CU_ASSERT(d.nitems >= 2);
	SAME(d.items[d.nitems - 1].text, "c");
	feed_doc_clear(&d);
}

static const struct suite_test tests[] = {
    {"JSON Feed", test_jsonfeed},
    {"one object a line", test_lines},
    {"more lines than are wanted", test_many_lines},
    {"text in front of JSON", test_preamble},
    {"Mastodon", test_mastodon},
    {"ActivityPub collections", test_collection},
    {"ActivityPub activities", test_outbox},
    {"Discourse", test_discourse},
    {"Jetstream", test_jetstream},
    {"the usual names", test_usual_names},
    {"mappings", test_mapping},
};

SUITE_MAIN("JSON feeds", tests)
