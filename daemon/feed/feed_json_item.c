/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_item: items of JSON Feed 1.0 and 1.1 (jsonfeed.org), and of whatever else
 * uses the usual names: lines of NDJSON, exports, WordPress's REST API.
 */
#include "feed/feed_json.h"

static const struct {
	enum json_key key;
	enum draft_form form;
} bodies[] = {
    {JSON_CONTENT_HTML, DRAFT_HTML},
    {JSON_CONTENT_TEXT, DRAFT_PLAIN},
    {JSON_CONTENT, DRAFT_GUESS},
    {JSON_BODY, DRAFT_GUESS},
    {JSON_TEXT, DRAFT_GUESS},
    {JSON_MESSAGE, DRAFT_GUESS},
    {JSON_HTML, DRAFT_HTML},
    {JSON_SELFTEXT, DRAFT_GUESS},
    {JSON_COMMENT, DRAFT_GUESS},
    {JSON_CAPTION, DRAFT_GUESS},
};

static const enum json_key media[] = {JSON_ATTACHMENTS, JSON_ATTACHMENT, JSON_MEDIA,
    JSON_MEDIA_ATTACHMENTS, JSON_IMAGES, JSON_IMAGE, JSON_BANNER_IMAGE, JSON_IMAGE_URL};

static bool
is_deleted(const struct json_fields *f)
{
	static const enum json_key keys[] = {JSON_DELETED, JSON_IS_DELETED,
	    JSON_IS_DELETED_, JSON_DELETED_AT, JSON_DELETED_AT_, JSON_REMOVED,
	    JSON_TOMBSTONE, JSON_USER_DELETED};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (feed_json_yes(json_get(f, keys[i])))
			return true;
	return false;
}

static const struct json_value *
id_of(const struct json_fields *f)
{
	return JSON_FIRST(
	    f, JSON_ID, JSON_GUID, JSON_UUID, JSON_ID_, JSON_LD_ID, JSON_URI);
}

static bool
is_item(const struct json_fields *f)
{
	return id_of(f) != NULL ||
	       JSON_FIRST(f, JSON_URL, JSON_LINK, JSON_TITLE, JSON_CONTENT_HTML,
		   JSON_CONTENT_TEXT, JSON_CONTENT, JSON_BODY, JSON_TEXT, JSON_MESSAGE,
		   JSON_HTML, JSON_SUMMARY, JSON_DESCRIPTION, JSON_EXCERPT) != NULL;
}

static void
read_bodies(struct feed_json *j, const struct json_fields *f)
{
	bool stated = json_get(f, JSON_CONTENT_HTML) != NULL ||
		      json_get(f, JSON_CONTENT_TEXT) != NULL;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (json_has(f, bodies[i].key))
			feed_json_body(j, DRAFT_CONTENT, json_get(f, bodies[i].key),
			    bodies[i].form);
	feed_json_body(j, DRAFT_SUMMARY, json_get(f, JSON_DESCRIPTION), DRAFT_GUESS);
	feed_json_body(j, DRAFT_FALLBACK, json_get(f, JSON_SUMMARY),
	    stated ? DRAFT_PLAIN : DRAFT_GUESS);
	feed_json_body(j, DRAFT_FALLBACK, json_get(f, JSON_EXCERPT), DRAFT_GUESS);
}

/* external_url: what a link blog writes about, and where its readers are led. */
static void
read_addresses(struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *about = json_get(f, JSON_EXTERNAL_URL);

	feed_json_url(j,
	    JSON_FIRST(f, JSON_URL, JSON_LINK, JSON_PERMALINK, JSON_HTML_URL,
		JSON_WEB_URL, JSON_POST_URL, JSON_HREF),
	    3);
	feed_json_url(j, about, 2);
	feed_json_url(j, JSON_FIRST(f, JSON_URI, JSON_GUID), 1);
	feed_json_link(j, about);
}

static void
read_item(struct feed_json *j, const struct json_fields *f)
{
	if (is_deleted(f)) {
		feed_json_gone_value(j, id_of(f));
		return;
	}
	feed_json_begin(j);
	feed_json_id(j, id_of(f));
	read_addresses(j, f);
	feed_json_title(j,
	    JSON_FIRST(f, JSON_TITLE, JSON_HEADLINE, JSON_SUBJECT, JSON_NAME),
	    DRAFT_PLAIN);
	read_bodies(j, f);
	feed_json_author(
	    j, JSON_FIRST(f, JSON_AUTHORS, JSON_AUTHOR_NAME, JSON_AUTHOR,
		   JSON_DISPLAY_NAME, JSON_USERNAME, JSON_USER, JSON_CREATOR,
		   JSON_ACCOUNT, JSON_ATTRIBUTED_TO, JSON_BY, JSON_NICK, JSON_LOGIN));
	feed_json_author(j, json_get(f, JSON_AUTHOR));
	feed_json_published(
	    j, JSON_FIRST(f, JSON_DATE_PUBLISHED, JSON_PUBLISHED, JSON_PUBLISHED_AT,
		   JSON_PUBLISHED_AT_, JSON_PUB_DATE, JSON_CREATED_AT, JSON_CREATED_AT_,
		   JSON_CREATED_UTC, JSON_CREATED, JSON_DATE_GMT, JSON_DATE,
		   JSON_TIMESTAMP, JSON_TIME));
	feed_json_updated(
	    j, JSON_FIRST(f, JSON_DATE_MODIFIED, JSON_UPDATED, JSON_UPDATED_AT,
		   JSON_UPDATED_AT_, JSON_EDITED_AT, JSON_EDITED_AT_, JSON_MODIFIED_GMT,
		   JSON_MODIFIED));
	feed_json_lang(j, JSON_FIRST(f, JSON_LANGUAGE, JSON_LANG, JSON_LANGS));
	feed_json_reply(j, JSON_FIRST(f, JSON_IN_REPLY_TO, JSON_IN_REPLY_TO_ID,
			       JSON_IN_REPLY_TO_, JSON_REPLY_TO, JSON_PARENT_ID));
	for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
		if (json_has(f, media[i]))
			feed_json_attachments(j, json_get(f, media[i]));
	feed_json_end(j);
}

const struct feed_json_kind feed_json_item = {NULL, is_item, read_item};
