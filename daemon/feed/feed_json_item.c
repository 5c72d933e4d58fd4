/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_item: items of JSON Feed 1.0 and 1.1 (jsonfeed.org), and of whatever else
 * uses the usual names: RSS in JSON, lines of NDJSON, exports, WordPress's REST API.
 *
 * This is where most elements of a stream go, so only the members that are there are
 * looked at: each has a place, and of several for one place the lowest rank counts.
 */
#include <string.h>

#include "feed/feed_json.h"

enum place {
	NO_PLACE,
	ID,
	URL,
	ABOUT, /* what a link blog writes about, and where its readers are led */
	FALLBACK_URL,
	TITLE,
	AUTHOR,
	PUBLISHED,
	UPDATED,
	LANG,
	REPLY,
	SINGLES,
	BODY = SINGLES, /* all of them count, in order of their rank */
	MEDIA,
	DELETED,
};
#define RANKS 24

static const struct {
	uint8_t place, rank;
} places[JSON_NKEYS] = {
    [JSON_ID] = {ID, 1},
    [JSON_GUID] = {ID, 2},
    [JSON_UUID] = {ID, 3},
    [JSON_ID_] = {ID, 4},
    [JSON_LD_ID] = {ID, 5},
    [JSON_URI] = {FALLBACK_URL, 1},
    [JSON_URL] = {URL, 1},
    [JSON_LINK] = {URL, 2},
    [JSON_PERMALINK] = {URL, 3},
    [JSON_HTML_URL] = {URL, 4},
    [JSON_WEB_URL] = {URL, 5},
    [JSON_POST_URL] = {URL, 6},
    [JSON_HREF] = {URL, 7},
    [JSON_EXTERNAL_URL] = {ABOUT, 1},
    [JSON_TITLE] = {TITLE, 1},
    [JSON_HEADLINE] = {TITLE, 2},
    [JSON_SUBJECT] = {TITLE, 3},
    [JSON_NAME] = {TITLE, 4},
    [JSON_AUTHORS] = {AUTHOR, 1},
    [JSON_AUTHOR_NAME] = {AUTHOR, 2},
    [JSON_AUTHOR] = {AUTHOR, 3},
    [JSON_DISPLAY_NAME] = {AUTHOR, 4},
    [JSON_USERNAME] = {AUTHOR, 5},
    [JSON_USER] = {AUTHOR, 6},
    [JSON_CREATOR] = {AUTHOR, 7},
    [JSON_ACCOUNT] = {AUTHOR, 8},
    [JSON_ATTRIBUTED_TO] = {AUTHOR, 9},
    [JSON_BY] = {AUTHOR, 10},
    [JSON_NICK] = {AUTHOR, 11},
    [JSON_LOGIN] = {AUTHOR, 12},
    [JSON_DC_CREATOR] = {AUTHOR, 13},
    [JSON_DATE_PUBLISHED] = {PUBLISHED, 1},
    [JSON_PUBLISHED] = {PUBLISHED, 2},
    [JSON_PUBLISHED_AT] = {PUBLISHED, 3},
    [JSON_PUBLISHED_AT_] = {PUBLISHED, 4},
    [JSON_PUB_DATE] = {PUBLISHED, 5},
    [JSON_CREATED_AT] = {PUBLISHED, 6},
    [JSON_CREATED_AT_] = {PUBLISHED, 7},
    [JSON_CREATED_UTC] = {PUBLISHED, 8},
    [JSON_CREATED] = {PUBLISHED, 9},
    [JSON_DATE_GMT] = {PUBLISHED, 10},
    [JSON_DATE] = {PUBLISHED, 11},
    [JSON_TIMESTAMP] = {PUBLISHED, 12},
    [JSON_TIME] = {PUBLISHED, 13},
    [JSON_DC_DATE] = {PUBLISHED, 14},
    [JSON_DATE_MODIFIED] = {UPDATED, 1},
    [JSON_UPDATED] = {UPDATED, 2},
    [JSON_UPDATED_AT] = {UPDATED, 3},
    [JSON_UPDATED_AT_] = {UPDATED, 4},
    [JSON_EDITED_AT] = {UPDATED, 5},
    [JSON_EDITED_AT_] = {UPDATED, 6},
    [JSON_MODIFIED_GMT] = {UPDATED, 7},
    [JSON_MODIFIED] = {UPDATED, 8},
    [JSON_LANGUAGE] = {LANG, 1},
    [JSON_LANG] = {LANG, 2},
    [JSON_LANGS] = {LANG, 3},
    [JSON_IN_REPLY_TO] = {REPLY, 1},
    [JSON_IN_REPLY_TO_ID] = {REPLY, 2},
    [JSON_IN_REPLY_TO_] = {REPLY, 3},
    [JSON_REPLY_TO] = {REPLY, 4},
    [JSON_PARENT_ID] = {REPLY, 5},
    [JSON_CONTENT_HTML] = {BODY, 1},
    [JSON_CONTENT_TEXT] = {BODY, 2},
    [JSON_CONTENT] = {BODY, 3},
    [JSON_BODY] = {BODY, 4},
    [JSON_TEXT] = {BODY, 5},
    [JSON_MESSAGE] = {BODY, 6},
    [JSON_HTML] = {BODY, 7},
    [JSON_ENCODED] = {BODY, 7},
    [JSON_SELFTEXT] = {BODY, 8},
    [JSON_COMMENT] = {BODY, 9},
    [JSON_CAPTION] = {BODY, 10},
    [JSON_DESCRIPTION] = {BODY, 11},
    [JSON_SUMMARY] = {BODY, 12},
    [JSON_EXCERPT] = {BODY, 13},
    [JSON_ATTACHMENTS] = {MEDIA, 14},
    [JSON_ATTACHMENT] = {MEDIA, 15},
    [JSON_MEDIA] = {MEDIA, 16},
    [JSON_MEDIA_ATTACHMENTS] = {MEDIA, 17},
    [JSON_IMAGES] = {MEDIA, 18},
    [JSON_IMAGE] = {MEDIA, 19},
    [JSON_BANNER_IMAGE] = {MEDIA, 20},
    [JSON_IMAGE_URL] = {MEDIA, 21},
    [JSON_ENCLOSURE] = {MEDIA, 22},
    [JSON_DELETED] = {DELETED, 0},
    [JSON_IS_DELETED] = {DELETED, 0},
    [JSON_IS_DELETED_] = {DELETED, 0},
    [JSON_DELETED_AT] = {DELETED, 0},
    [JSON_DELETED_AT_] = {DELETED, 0},
    [JSON_REMOVED] = {DELETED, 0},
    [JSON_TOMBSTONE] = {DELETED, 0},
    [JSON_USER_DELETED] = {DELETED, 0},
};

/* How bodies are to be read, by rank. */
static const struct {
	enum draft_body which;
	enum draft_form form;
} bodies[] = {
    [1] = {DRAFT_CONTENT, DRAFT_HTML},
    [2] = {DRAFT_CONTENT, DRAFT_PLAIN},
    [3] = {DRAFT_CONTENT, DRAFT_GUESS},
    [4] = {DRAFT_CONTENT, DRAFT_GUESS},
    [5] = {DRAFT_CONTENT, DRAFT_GUESS},
    [6] = {DRAFT_CONTENT, DRAFT_GUESS},
    [7] = {DRAFT_CONTENT, DRAFT_HTML},
    [8] = {DRAFT_CONTENT, DRAFT_GUESS},
    [9] = {DRAFT_CONTENT, DRAFT_GUESS},
    [10] = {DRAFT_CONTENT, DRAFT_GUESS},
    [11] = {DRAFT_SUMMARY, DRAFT_GUESS},
    [12] = {DRAFT_FALLBACK, DRAFT_GUESS},
    [13] = {DRAFT_FALLBACK, DRAFT_GUESS},
};
#define STATED 2 /* JSON Feed says of ranks up to here what they are */

/* An element's members in their places. */
struct found {
	const struct json_value *one[SINGLES];
	const struct json_value *many[RANKS];
	uint32_t has; /* bit r: many[r] is set */
	uint8_t ranks[SINGLES];
	bool deleted;
};

static void
place(struct found *to, const struct json_fields *f, enum json_key k)
{
	const struct json_value *v = json_get(f, k);
	enum place p = places[k].place;
	uint8_t rank = places[k].rank;

	if (v == NULL || p == NO_PLACE)
		return;
	if (p == DELETED) {
		to->deleted = to->deleted || feed_json_yes(v);
	} else if (p >= SINGLES) {
		to->many[rank] = v;
		to->has |= (uint32_t)1 << rank;
	} else if (to->one[p] == NULL || rank < to->ranks[p]) {
		to->one[p] = v;
		to->ranks[p] = rank;
	}
}

static void
find(const struct json_fields *f, struct found *to)
{
	for (size_t w = 0; w < sizeof(f->have) / sizeof(f->have[0]); w++)
		for (uint64_t bits = f->have[w]; bits != 0; bits &= bits - 1)
			place(to, f,
			    (enum json_key)(w * 64 + (unsigned)__builtin_ctzll(bits)));
}

static bool
is_item(const struct json_fields *f)
{
	for (size_t w = 0; w < sizeof(f->have) / sizeof(f->have[0]); w++)
		for (uint64_t bits = f->have[w]; bits != 0; bits &= bits - 1) {
			size_t k = w * 64 + (unsigned)__builtin_ctzll(bits);

			if (places[k].place == ID || places[k].place == URL ||
			    places[k].place == TITLE || places[k].place == BODY ||
			    places[k].place == ABOUT || places[k].place == FALLBACK_URL)
				return true;
		}
	return false;
}

static bool
is_stated(const struct found *in)
{
	return (in->has & (((uint32_t)1 << (STATED + 1)) - 1)) != 0;
}

static void
read_lists(struct feed_json *j, const struct found *in)
{
	bool stated = is_stated(in);

	for (uint32_t bits = in->has; bits != 0; bits &= bits - 1) {
		unsigned rank = (unsigned)__builtin_ctz(bits);

		if (rank >= sizeof(bodies) / sizeof(bodies[0]))
			feed_json_attachments(j, in->many[rank]);
		else
			feed_json_body(j, bodies[rank].which, in->many[rank],
			    stated && bodies[rank].which != DRAFT_CONTENT
				? DRAFT_PLAIN
				: bodies[rank].form);
	}
}

static void
read_tags(struct feed_json *j, const struct json_fields *f)
{
	static const enum json_key keys[] = {
	    JSON_TAGS, JSON_KEYWORDS, JSON_CATEGORIES, JSON_CATEGORY};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_has(f, keys[i]))
			feed_json_tags(j, json_get(f, keys[i]));
}

static void
read_addresses(struct feed_json *j, const struct found *in)
{
	feed_json_url(j, in->one[URL], 3);
	feed_json_url(j, in->one[ABOUT], 2);
	feed_json_url(j, in->one[FALLBACK_URL], 1);
	feed_json_link(j, in->one[ABOUT]);
}

static void
read_item(struct feed_json *j, const struct json_fields *f)
{
	struct found in;
	const struct json_value *id;

	memset(in.one, 0, sizeof(in.one));
	in.has = 0;
	in.deleted = false;
	find(f, &in);
	id = in.one[ID] != NULL ? in.one[ID] : in.one[FALLBACK_URL];
	if (in.deleted) {
		feed_json_gone_value(j, id);
		return;
	}
	feed_json_begin(j);
	feed_json_id(j, id);
	if (in.one[URL] != NULL || in.one[ABOUT] != NULL ||
	    in.one[FALLBACK_URL] != NULL)
		read_addresses(j, &in);
	if (json_has(f, JSON_GUID))
		feed_json_url(j, json_get(f, JSON_GUID), 1);
	if (in.one[TITLE] != NULL)
		feed_json_title(
		    j, in.one[TITLE], is_stated(&in) ? DRAFT_PLAIN : DRAFT_GUESS);
	feed_json_author(j, in.one[AUTHOR]);
	if (json_has(f, JSON_AUTHORS))
		feed_json_author(j, json_get(f, JSON_AUTHOR));
	feed_json_published(j, in.one[PUBLISHED]);
	if (in.one[UPDATED] != NULL)
		feed_json_updated(j, in.one[UPDATED]);
	feed_json_lang(j, in.one[LANG]);
	feed_json_reply(j, in.one[REPLY]);
	read_lists(j, &in);
	read_tags(j, f);
	feed_json_end(j);
}

const struct feed_json_kind feed_json_item = {NULL, is_item, read_item};
