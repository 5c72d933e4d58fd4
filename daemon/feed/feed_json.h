/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json: what the readers of JSON documents share; private to this room.
 *
 * A document is a row of elements: those of an array, those of a member that is known
 * to hold them ("items", "orderedItems", "latest_posts", ...), or one a line.  Each
 * element is first looked through once (struct json_fields: where the value of every
 * known member stands), then the first kind that recognises it by its members makes
 * items or tombstones of it.  So members may have any order, kinds may be mixed, and
 * nothing depends on what the document calls itself.
 */
#ifndef TOSD_FEED_FEED_JSON_H
#define TOSD_FEED_FEED_JSON_H

#include "feed/draft.h"
#include "feed/json.h"

/* Every member name that some reader knows. */
/* clang-format off */
#define JSON_KEYS(X)                                                                   \
	X(ID, "id") X(GUID, "guid") X(UUID, "uuid") X(ID_, "_id") X(URI, "uri")        \
	X(LD_ID, "@id") X(LD_TYPE, "@type") X(LD_CONTEXT, "@context")                  \
	X(URL, "url") X(LINK, "link") X(PERMALINK, "permalink") X(HREF, "href")        \
	X(HTML_URL, "html_url") X(WEB_URL, "web_url") X(EXTERNAL_URL, "external_url")  \
	X(TITLE, "title") X(HEADLINE, "headline") X(SUBJECT, "subject")                \
	X(NAME, "name") X(NAME_MAP, "nameMap")                                         \
	X(AUTHORS, "authors") X(AUTHOR, "author") X(AUTHOR_NAME, "author_name")        \
	X(CREATOR, "creator") X(USER, "user") X(USERNAME, "username") X(BY, "by")      \
	X(ACCOUNT, "account") X(DISPLAY_NAME, "display_name") X(ACCT, "acct")          \
	X(PREFERRED_NAME, "preferredUsername") X(NICK, "nick") X(LOGIN, "login")       \
	X(CONTENT_HTML, "content_html") X(CONTENT_TEXT, "content_text")                \
	X(CONTENT, "content") X(CONTENT_MAP, "contentMap") X(BODY, "body")             \
	X(TEXT, "text") X(MESSAGE, "message") X(HTML, "html")                          \
	X(SELFTEXT, "selftext") X(COMMENT, "comment") X(CAPTION, "caption")            \
	X(DESCRIPTION, "description") X(SUMMARY, "summary")                            \
	X(SUMMARY_MAP, "summaryMap") X(EXCERPT, "excerpt")                             \
	X(DATE_PUBLISHED, "date_published") X(PUBLISHED, "published")                  \
	X(PUBLISHED_AT, "published_at") X(PUBLISHED_AT_, "publishedAt")                \
	X(PUB_DATE, "pubDate") X(CREATED_AT, "created_at") X(CREATED_AT_, "createdAt") \
	X(CREATED, "created") X(CREATED_UTC, "created_utc") X(DATE_GMT, "date_gmt")    \
	X(DATE, "date") X(TIMESTAMP, "timestamp") X(TIME, "time")                      \
	X(DATE_MODIFIED, "date_modified") X(UPDATED, "updated")                        \
	X(UPDATED_AT, "updated_at") X(UPDATED_AT_, "updatedAt")                        \
	X(MODIFIED_GMT, "modified_gmt") X(MODIFIED, "modified")                        \
	X(EDITED_AT, "edited_at") X(EDITED_AT_, "editedAt")                            \
	X(DELETED, "deleted") X(IS_DELETED, "is_deleted") X(IS_DELETED_, "isDeleted")  \
	X(DELETED_AT, "deleted_at") X(DELETED_AT_, "deletedAt") X(REMOVED, "removed")  \
	X(TOMBSTONE, "tombstone") X(USER_DELETED, "user_deleted")                      \
	X(LANGUAGE, "language") X(LANG, "lang") X(LANGS, "langs")                      \
	X(IN_REPLY_TO, "in_reply_to") X(IN_REPLY_TO_ID, "in_reply_to_id")              \
	X(IN_REPLY_TO_, "inReplyTo") X(REPLY_TO, "reply_to") X(PARENT_ID, "parent_id") \
	X(IMAGE, "image") X(BANNER_IMAGE, "banner_image") X(IMAGES, "images")          \
	X(ATTACHMENTS, "attachments") X(ATTACHMENT, "attachment") X(MEDIA, "media")    \
	X(MIME_TYPE, "mime_type") X(MEDIA_TYPE, "mediaType") X(ALT, "alt")             \
	X(REMOTE_URL, "remote_url") X(PREVIEW_URL, "preview_url")                      \
	X(TYPE, "type") X(OBJECT, "object") X(ACTOR, "actor")                          \
	X(ATTRIBUTED_TO, "attributedTo") X(ONE_OF, "oneOf") X(ANY_OF, "anyOf")         \
	X(LOCATION, "location") X(FIRST, "first") X(NEXT, "next")                      \
	X(ITEMS, "items") X(ORDERED_ITEMS, "orderedItems")                             \
	X(SPOILER_TEXT, "spoiler_text") X(MEDIA_ATTACHMENTS, "media_attachments")      \
	X(CARD, "card") X(POLL, "poll") X(REBLOG, "reblog")                            \
	X(QUOTE, "quote")                                                              \
	X(COOKED, "cooked") X(RAW, "raw") X(POST_NUMBER, "post_number")                \
	X(REPLY_TO_POST, "reply_to_post_number") X(TOPIC_ID, "topic_id")               \
	X(TOPIC_SLUG, "topic_slug") X(TOPIC_TITLE, "topic_title")                      \
	X(POST_URL, "post_url") X(FANCY_TITLE, "fancy_title") X(SLUG, "slug")          \
	X(POSTS_COUNT, "posts_count") X(LAST_POSTED_AT, "last_posted_at")              \
	X(IMAGE_URL, "image_url") X(LATEST_POSTS, "latest_posts")                      \
	X(POST_STREAM, "post_stream") X(POSTS, "posts") X(TOPIC_LIST, "topic_list")    \
	X(TOPICS, "topics") X(MORE_TOPICS, "more_topics_url")                          \
	X(ENTRIES, "entries") X(STATUSES, "statuses") X(MESSAGES, "messages")          \
	X(ARTICLES, "articles") X(COMMENTS, "comments") X(RESULTS, "results")          \
	X(DATA, "data") X(KIND, "kind") X(DID, "did") X(TIME_US, "time_us")            \
	X(COMMIT, "commit") X(OPERATION, "operation") X(COLLECTION, "collection")      \
	X(RKEY, "rkey") X(RECORD, "record") X(REPLY, "reply")                          \
	X(EMBED, "embed") X(FACETS, "facets") X(EVENT, "event") X(PAYLOAD, "payload")  \
	X(VERSION, "version") X(HOME_PAGE_URL, "home_page_url")                        \
	X(FEED_URL, "feed_url") X(NEXT_URL, "next_url") X(HUBS, "hubs")                \
	X(RSS, "rss") X(CHANNEL, "channel") X(ITEM, "item") X(ENCLOSURE, "enclosure")  \
	X(ENCODED, "content:encoded") X(DC_CREATOR, "dc:creator") X(DC_DATE, "dc:date")    \
	X(TAGS, "tags") X(KEYWORDS, "keywords") X(CATEGORIES, "categories")            \
	X(CATEGORY, "category")
/* clang-format on */

enum json_key {
	JSON_NO_KEY,
#define SYMBOL(symbol, name) JSON_##symbol,
	JSON_KEYS(SYMBOL)
#undef SYMBOL
	    JSON_NKEYS
};

enum json_key json_key_of(const char *s, size_t n);

/* The known members of one object, where they stand.  Of a name that is given twice
 * the first value that is not null counts. */
struct json_fields {
	uint64_t have[(JSON_NKEYS + 63) / 64];
	bool doubled;		 /* a known name is given twice, with other values */
	struct json_value first; /* name of the first member, known or not */
	struct json_value v[JSON_NKEYS]; /* set where `have' says so */
};

static inline bool
json_has(const struct json_fields *f, enum json_key k)
{
	return f->have[k / 64] >> k % 64 & 1;
}

/* The members as the last object had them, byte for byte from the comma to the colon:
 * the next one mostly has the same, so they need not be read again. */
#define JSON_SHAPE_MEMBERS 32
#define JSON_SHAPE_BYTES 32
struct json_shape {
	struct {
		char text[JSON_SHAPE_BYTES];
		uint32_t mask; /* of the bytes that count */
		uint8_t n;     /* of text; 0: not known */
		uint8_t key;
	} m[JSON_SHAPE_MEMBERS];
};

/* Reads the object that comes next; anything else is skipped and has no members.
 * shape may be NULL. */
void json_fields_read(
    struct json_reader *r, struct json_fields *f, struct json_shape *shape);
void json_fields_of(const struct json_value *v, struct json_fields *f);
/* NULL if the member is missing or null; the first one that is neither. */
static inline const struct json_value *
json_get(const struct json_fields *f, enum json_key k)
{
	if (!json_has(f, k) || f->v[k].kind == JSON_KIND_NONE ||
	    (f->v[k].kind == JSON_KIND_WORD && json_is_word(&f->v[k], "null")))
		return NULL;
	return &f->v[k];
}
const struct json_value *json_first(
    const struct json_fields *f, const enum json_key *keys, size_t n);
#define JSON_FIRST(f, ...)                                  \
	json_first(f, (const enum json_key[]){__VA_ARGS__}, \
	    sizeof((const enum json_key[]){__VA_ARGS__}) / sizeof(enum json_key))

/* A document, or a stream of them, while it is read. */
struct feed_json {
	struct feed_build *build;
	const struct feed_text *text;	/* NULL: a stream, without lines */
	const char *base;		/* of relative addresses; may be NULL */
	const struct feed_mapping *map; /* NULL: kinds are recognised */
	struct json_reader r;
	struct draft d; /* the item in hand */
	struct buf scratch;
	struct json_shape shape; /* of elements */
	const char *format; /* what the elements are, by the first that was known */
	char *topic;	    /* title that items without one get */
	char *author;	    /* likewise, of a JSON Feed */
	uint32_t flags;	    /* ITEM_* of everything the element in hand makes */
	size_t seen, known; /* elements, and those that some kind recognised */
	size_t *gone_at;    /* items before each of doc->gone */
	size_t gone_bytes;
	const char *unknown; /* where the first is that none recognised */
	const char *page;    /* the parameter that older elements are asked with */
	char lowest[24];     /* and its value */
	struct json_value landmark; /* first member's name of a sound element */
	const char *no_landmark;    /* from here on there is none */
	size_t rereads;		    /* bytes that may be read again to mend damage */
	struct json_value doubled;  /* an object with a member given twice */
	bool container;		    /* a member that holds elements was found */
	bool deleted;		    /* says the mapping of the element in hand */
	enum {
		FEED_JSON_WHOLE, /* elements stand in one document, */
		FEED_JSON_LINES, /* one a line, */
		FEED_JSON_EVENTS /* or are events of a stream */
	} apart;
	bool resumed;	/* behind damage to brackets: not sure to be an element */
	bool enveloped; /* within an event within an element */
	bool pointers;	/* elements that are strings are addresses of items */
};

#define FEED_REREADS 8 /* times the document's size */
#define FEED_GONE_MAX 10000
#define FEED_GONE_BYTES ((size_t)512 << 10)
#define FEED_MEDIA_MAX 64
#define FEED_JSON_SHORT ((size_t)2048) /* ids, names, dates */

/* Elements and how they are made into items: the kinds, in the order asked. */
struct feed_json_kind {
	const char *format;
	bool (*is)(const struct json_fields *f);
	void (*read)(struct feed_json *j, const struct json_fields *f);
};
extern const struct feed_json_kind feed_json_jetstream, feed_json_activity,
    feed_json_envelope, feed_json_status, feed_json_post, feed_json_topic,
    feed_json_item;

/* One element with its fields to items. */
void feed_json_element(
    struct feed_json *j, const struct json_fields *f, const struct json_value *object);
/* Reads the element that comes next, mends what it can, and steps over the rest. */
void feed_json_next(struct feed_json *j);
/* All elements of the array (or the object as one) that comes next. */
void feed_json_elements(struct feed_json *j);
/* Behind the end of an array: reads on at the next thing that looks like one of its
 * elements.  False if there is none. */
bool feed_json_resume(struct feed_json *j);
/* One event of a Mastodon stream: its name and its data. */
void feed_json_event(
    struct feed_json *j, const char *event, size_t nevent, const char *data, size_t n);
/* Frees what j owns.  Its document is the caller's. */
void feed_json_clear(struct feed_json *j);
/* Tombstones that a later item of the same id contradicts go. */
void feed_json_settle(struct feed_json *j);

/* By a mapping: what the document says of itself, its elements, and one of them (or
 * what a line or event holds). */
void feed_json_map_doc(struct feed_json *j);
void feed_json_map_values(struct feed_json *j);
void feed_json_map_element(struct feed_json *j, const struct json_value *object);
/* An event that says so by its name: the item that it is about is gone. */
void feed_json_map_gone(struct feed_json *j, const struct json_value *object);

/* The known members of a value that belongs to the item in hand. */
void feed_json_fields(
    struct feed_json *j, const struct json_value *v, struct json_fields *f);

/* --- what the kinds put into the item in hand ---
 * v may be NULL (nothing happens).  An object stands for the text in it. */

void feed_json_begin(struct feed_json *j);
void feed_json_end(struct feed_json *j);

/* A scalar's text, not NUL-terminated, good until the next call; NULL if there is
 * none.  Objects and arrays: that of the member which usually holds it. */
const char *feed_json_text(
    struct feed_json *j, const struct json_value *v, size_t max, size_t *n);
char *feed_json_str(struct feed_json *j, const struct json_value *v); /* or NULL */

void feed_json_id(struct feed_json *j, const struct json_value *v);
void feed_json_url(struct feed_json *j, const struct json_value *v, int rank);
void feed_json_title(
    struct feed_json *j, const struct json_value *v, enum draft_form form);
void feed_json_body(struct feed_json *j, enum draft_body which,
    const struct json_value *v, enum draft_form form);
void feed_json_published(struct feed_json *j, const struct json_value *v);
void feed_json_updated(struct feed_json *j, const struct json_value *v);
void feed_json_author(struct feed_json *j, const struct json_value *v);
void feed_json_lang(struct feed_json *j, const struct json_value *v);
void feed_json_reply(struct feed_json *j, const struct json_value *v);
void feed_json_link(struct feed_json *j, const struct json_value *v);
/* A tag, or a list of them. */
void feed_json_tags(struct feed_json *j, const struct json_value *v);
/* Something that readers see beside the body. */
void feed_json_note(struct feed_json *j, const struct json_value *v);
void feed_json_media(struct feed_json *j, const struct json_value *url,
    const struct json_value *type, const struct json_value *text);
/* An attachment or a list of them, whatever its members are called. */
void feed_json_attachments(struct feed_json *j, const struct json_value *v);

/* read() for each element of an array, or for the value itself. */
void feed_json_each(struct feed_json *j, const struct json_value *v,
    void (*read)(struct feed_json *j, const struct json_value *v));

/* An id that is said to be gone. */
void feed_json_gone(struct feed_json *j, const char *id, size_t n);
void feed_json_gone_value(struct feed_json *j, const struct json_value *v);
/* true, a number but 0, a text but "" and "false" and "0", a list that is not empty. */
bool feed_json_yes(const struct json_value *v);

/* Sets *to to the absolute web address that v is, unless it is set. */
void feed_json_address(struct feed_json *j, char **to, const struct json_value *v);

#endif
