/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_social: the JSON of Mastodon, ActivityPub, Discourse and Jetstream, written
 * after the descriptions of their APIs, with unusual members there and missing.
 */
#include "json_feed.h"

/* --- Mastodon --- */

#define ACCOUNT                                                                      \
	"'account':{'id':'1','username':'ann','acct':'ann','display_name':'Ann A.'," \
	"'url':'https://social.example/@ann','note':'<p>bio</p>','fields':[]}"

static const char statuses[] =

    "[{'id':'112','created_at':'2024-05-01T10:00:00.000Z',"
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
    "{'acct':'bob@o.example'},'media_attachments':[]}}]";

static void
test_mastodon(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(parse_as(statuses,
				  "https://social.example/api/v1/timelines/"
				  "public?local=1&max_id=200&limit="
				  "2",
				  NULL, &d),
	    0);
	SAME(d.format, "mastodon");
	CU_ASSERT(d.well_formed);
	SAME(d.next_url,
	    "https://social.example/api/v1/timelines/public?local=1&limit=2&"
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
	SAME(it->summary, "yes\nno\nCard\nof it\n\na cat");
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
}

/* The fewest members; nothing at all; and what is no feed. */
static void
test_mastodon_few(void)
{
	struct feed_doc d;

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
	    parse(
		"{'@context':'https://www.w3.org/ns/activitystreams','id':"
		"'https://social.example/users/a/outbox','type':'OrderedCollection',"
		"'totalItems':3,'first':'https://social.example/users/a/outbox?page=1',"
		"'last':'https://social.example/users/a/outbox?min_id=0'}",
		&d),
	    0);
	SAME(d.format, "activitypub");
	SAME(d.next_url, "https://social.example/users/a/outbox?page=1");
	CU_ASSERT_EQUAL(d.nitems, 0);
	feed_doc_clear(&d);
	/* Groups announce what their members do; a profile is no post. */
	CU_ASSERT_EQUAL_FATAL(
	    parse(
		"{'type':'OrderedCollection','orderedItems':[{'type':'Announce',"
		"'id':'/a/1','actor':'/c/g','object':{'type':'Create','actor':'/u/m',"
		"'id':'/a/2','object':{'type':'Page','id':'https://s.example/p/1',"
		"'name':'N','attributedTo':'/u/m','content':'c'}}},"
		"{'type':'Announce','actor':'/c/g','object':{'type':'Delete','object':"
		"'https://s.example/p/2'}},{'type':'Update','actor':'/u/m','object':"
		"{'type':'Person','id':'/u/m','name':'M'}}]}",
		&d),
	    0);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].id, "https://s.example/p/1");
	SAME(d.items[0].author, "/u/m");
	CU_ASSERT_EQUAL_FATAL(d.ngone, 1);
	SAME(d.gone[0], "https://s.example/p/2");
	feed_doc_clear(&d);
	/* JSON-LD writes a list of one as the one. */
	CU_ASSERT_EQUAL_FATAL(
	    parse("{'type':'OrderedCollectionPage','orderedItems':{'type':'Create',"
		  "'actor':'u','object':{'type':'Note','id':'/n/1','content':'x'}}}",
		&d),
	    0);
	CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
	SAME(d.items[0].text, "x");
	feed_doc_clear(&d);
	CU_ASSERT_NOT_EQUAL(parse("{'type':'error','first':'a','id':4}", &d), 0);
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
    "{'id':'https://s.example/1/activity','type':'Create','actor':'https://s.example/"
    "u',"
    "'published':'2024-01-01T00:00:00Z','to':['as:Public'],'object':{'id':"
    "'https://s.example/1','type':'Note','summary':'cw','content':'<p>eins</p>',"
    "'contentMap':{'de':'<p>eins</p>'},'attributedTo':['https://s.example/u'],"
    "'inReplyTo':{'id':'https://o.example/0'},'url':'https://s.example/@u/"
    "1','published':"
    "'2024-01-01T00:00:00Z','updated':'2024-01-02T00:00:00Z','attachment':[{'type':"
    "'Document','mediaType':'image/png','url':'https://m.example/"
    "1','name':'alt'}],'tag':"
    "{'type':'Hashtag','name':'#x'}}},"
    "{'id':'https://s.example/2/a','type':'Announce','actor':{'id':'https://s.example/"
    "u',"
    "'name':'U','preferredUsername':'u'},'published':'2024-01-03T00:00:00Z','object':"
    "'https://o.example/9'},"
    "{'id':'https://s.example/3/a','type':['Update'],'actor':'https://s.example/u',"
    "'object':{'id':'https://s.example/3','type':'as:Article','name':'Title','summary':"
    "'<b>in short</b>','content':'*long text here*','mediaType':'text/markdown'}},"
    "{'id':'https://s.example/4/a','type':'Delete','object':{'id':'https://s.example/"
    "4',"
    "'type':'Tombstone','formerType':'Note'}},"
    "{'type':'Delete','actor':'x','object':'https://s.example/5'},"
    "{'type':'Undo','object':{'id':'https://s.example/6/a','type':'Announce'}},"
    "{'type':'Like','actor':'u','object':'https://o.example/7'},"
    "{'id':'https://s.example/8/a','type':'Create','actor':'https://s.example/u',"
    "'object':{'id':'https://s.example/8','type':'Question','content':'<p>which?</p>',"
    "'oneOf':[{'type':'Note','name':'red'},{'name':'blue'}],'attributedTo':{'name':'U'}"
    "}},"
    "{'id':'https://s.example/9/a','type':'Create','actor':'https://s.example/"
    "u','object':"
    "{'id':'https://s.example/v/"
    "9','type':'Video','name':'Film','contentMap':{'fr':'un',"
    "'en':'one'},'url':[{'type':'Link','mediaType':'video/mp4','href':"
    "'https://s.example/9.mp4'},{'type':'Link','mediaType':'text/html','href':"
    "'https://s.example/w/9'}],'attributedTo':[{'type':'Person','id':'https://"
    "s.example/"
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
	SAME(it->summary, "alt");
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
	    parse_as(
		"{'latest_posts':[{'id':31,'name':'Cy','username':'cy','created_at':"
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
}

static void
test_discourse_topics(void)
{
	struct feed_doc d;

	/* A topic: its posts, with the title of the whole. */
	CU_ASSERT_EQUAL_FATAL(
	    parse(
		"{'post_stream':{'posts':[{'id':5,'cooked':'<p>x</p>','post_number':1,"
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
	    parse(
		"{'users':[{'id':1,'username':'u'}],'topic_list':{'can_create_topic':"
		"false,'more_topics_url':'/latest?no_definitions=true&page=1','topics':"
		"[{'id':9,'title':'T','fancy_title':'T','slug':'t','posts_count':1,"
		"'created_at':'2024-03-01T00:00:00.000Z','excerpt':'ex&hellip;',"
		"'last_posted_at':'2024-03-02T00:00:00.000Z'},{'id':8,'title':'U',"
		"'slug':'u','posts_count':1,'deleted_at':'2024-03-02T00:00:00.000Z'}]}"
		"}",
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

#define COMMIT(op, key, rest)                                                      \
	"{'did':'did:plc:a','time_us':1725911162329308,'kind':'commit','commit':{" \
	"'rev':'r','operation':'" op                                               \
	"','collection':'app.bsky.feed.post','rkey':'" key "'" rest "}}\n"

static void
test_jetstream(void)
{
	struct feed_doc d;
	const struct item *it;

	CU_ASSERT_EQUAL_FATAL(
	    parse(COMMIT("create", "1",
		      ",'cid':'c','record':{'$type':'app.bsky.feed.post','createdAt':"
		      "'2024-09-09T19:46:02.102Z','langs':['en','fr'],'text':'see "
		      "<here>',"
		      "'reply':{'root':{'uri':'at://r'},'parent':{'cid':'x','uri':"
		      "'at://p'}},'facets':[{'features':[{'$type':'l','uri':"
		      "'https://l.example/'}]}],'embed':{'images':[{'alt':'a dog',"
		      "'image':{}}],'external':{'uri':'https://x.example/','title':'X',"
		      "'description':'D'}}}") COMMIT("update", "1",
		      ",'record':{'text':'edited'}") COMMIT("delete", "2",
		      "") "{'did':'did:plc:a','time_us':1,'kind':'identity','identity':"
			  "{}}\n"
			  "{'did':'did:plc:a','time_us':1,'kind':'commit','commit':{"
			  "'operation':'create','collection':'app.bsky.feed.like','"
			  "rkey':'3',"
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

static const struct suite_test tests[] = {
    {"Mastodon", test_mastodon},
    {"Mastodon, little", test_mastodon_few},
    {"ActivityPub collections", test_collection},
    {"ActivityPub activities", test_outbox},
    {"Discourse, posts", test_discourse},
    {"Discourse, topics", test_discourse_topics},
    {"Jetstream", test_jetstream},
};

SUITE_MAIN("social feeds", tests)
