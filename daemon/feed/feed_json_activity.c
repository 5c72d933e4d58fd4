/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_activity: ActivityStreams 2.0 as ActivityPub servers write it in outboxes
 * (www.w3.org/TR/activitystreams-vocabulary, www.w3.org/TR/activitypub): activities
 * and bare objects.  An item is the object that somebody wrote, under the object's
 * own id, so that Update and Delete find it; an Announce is an item of its own.
 */
#include <string.h>

#include "feed/feed_json.h"

enum act {
	ACT_UNKNOWN,
	ACT_WRITE,    /* brings an object */
	ACT_ANNOUNCE, /* shows somebody else's */
	ACT_REMOVE,
	ACT_TOMBSTONE,
	ACT_SILENT, /* says nothing that is read */
	ACT_OBJECT,
	ACT_NOTE, /* an object whose summary is a warning that stands above it */
};

static const struct {
	const char *type;
	enum act act;
} types[] = {
    {"Create", ACT_WRITE},
    {"Update", ACT_WRITE},
    {"Announce", ACT_ANNOUNCE},
    {"Delete", ACT_REMOVE},
    {"Undo", ACT_REMOVE},
    {"Remove", ACT_SILENT}, /* from a collection, such as pinned posts */
    {"Tombstone", ACT_TOMBSTONE},
    {"Note", ACT_NOTE},
    {"Question", ACT_NOTE},
    {"ChatMessage", ACT_NOTE},
    {"Article", ACT_OBJECT},
    {"Page", ACT_OBJECT},
    {"Video", ACT_OBJECT},
    {"Audio", ACT_OBJECT},
    {"Image", ACT_OBJECT},
    {"Event", ACT_OBJECT},
    {"Document", ACT_OBJECT},
    {"Add", ACT_SILENT},
    {"Like", ACT_SILENT},
    {"Dislike", ACT_SILENT},
    {"EmojiReact", ACT_SILENT},
    {"View", ACT_SILENT},
    {"Follow", ACT_SILENT},
    {"Accept", ACT_SILENT},
    {"Reject", ACT_SILENT},
    {"Block", ACT_SILENT},
    {"Flag", ACT_SILENT},
    {"Move", ACT_SILENT},
    {"Join", ACT_SILENT},
    {"Leave", ACT_SILENT},
    {"Person", ACT_SILENT}, /* a profile, no post */
    {"Group", ACT_SILENT},
    {"Organization", ACT_SILENT},
    {"Service", ACT_SILENT},
    {"Application", ACT_SILENT},
};

/* The name of a type without the prefix of JSON-LD that was not compacted. */
static enum act
act_of_name(const struct json_value *v)
{
	static const char *const prefixes[] = {
	    "as:", "https://www.w3.org/ns/activitystreams#"};
	const char *s = v->p;
	size_t n = v->n;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (n > len && memcmp(s, prefixes[i], len) == 0) {
			s += len;
			n -= len;
		}
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].type) == n && memcmp(types[i].type, s, n) == 0)
			return types[i].act;
	return ACT_UNKNOWN;
}

/* A type may be a list: what is known of it counts. */
static enum act
act_of(const struct json_fields *f)
{
	const struct json_value *v = JSON_FIRST(f, JSON_TYPE, JSON_LD_TYPE);
	struct json_reader r;
	struct json_value e;
	enum act act = ACT_UNKNOWN;

	if (v == NULL)
		return ACT_UNKNOWN;
	if (v->kind == JSON_KIND_STRING)
		return act_of_name(v);
	if (v->kind != JSON_KIND_ARRAY)
		return ACT_UNKNOWN;
	json_reader_init(&r, v->p, v->n);
	json_enter(&r);
	while (json_element(&r))
		if (json_read(&r, &e) == JSON_KIND_STRING && act == ACT_UNKNOWN)
			act = act_of_name(&e);
	return act;
}

static bool
is_activity(const struct json_fields *f)
{
	enum act act;

	if (!json_has(f, JSON_TYPE) && !json_has(f, JSON_LD_TYPE))
		return false;
	act = act_of(f);
	if (act == ACT_UNKNOWN)
		return json_has(f, JSON_LD_CONTEXT) &&
		       (json_has(f, JSON_OBJECT) || json_has(f, JSON_CONTENT));
	return act == ACT_TOMBSTONE || json_has(f, JSON_OBJECT) ||
	       json_has(f, JSON_ACTOR) || json_has(f, JSON_ATTRIBUTED_TO) ||
	       json_has(f, JSON_LD_CONTEXT);
}

/* --- objects --- */

/* A text by language: each is a body, since each has readers.  If there is one only,
 * its language is the item's. */
static void
by_language(struct feed_json *j, const struct json_value *map)
{
	struct json_reader r;
	struct json_value name, v, only = {0};
	size_t n = 0;

	if (map == NULL || map->kind != JSON_KIND_OBJECT)
		return;
	json_reader_init(&r, map->p, map->n);
	json_enter(&r);
	while (json_member(&r, &name)) {
		json_read(&r, &v);
		feed_json_body(j, DRAFT_CONTENT, &v, DRAFT_HTML);
		only = name;
		n++;
	}
	only.kind = JSON_KIND_STRING;
	if (n == 1)
		feed_json_lang(j, &only);
}

static const struct json_value *
first_of_map(const struct json_value *map, struct json_value *v)
{
	struct json_reader r;
	struct json_value name;

	if (map == NULL || map->kind != JSON_KIND_OBJECT)
		return NULL;
	json_reader_init(&r, map->p, map->n);
	json_enter(&r);
	if (!json_member(&r, &name))
		return NULL;
	json_read(&r, v);
	return v;
}

static void
read_texts(struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *name = json_get(f, JSON_NAME), *summary, *type;
	struct json_value n, s;
	bool html;

	type = json_get(f, JSON_MEDIA_TYPE);
	html = type == NULL || type->n < 4 || memcmp(type->p, "text", 4) != 0 ||
	       (type->n >= 9 && memcmp(type->p, "text/html", 9) == 0);
	if (name == NULL)
		name = first_of_map(json_get(f, JSON_NAME_MAP), &n);
	summary = json_get(f, JSON_SUMMARY);
	if (summary == NULL)
		summary = first_of_map(json_get(f, JSON_SUMMARY_MAP), &s);
	feed_json_title(j, name, DRAFT_GUESS);
	feed_json_body(j, DRAFT_CONTENT, json_get(f, JSON_CONTENT),
	    html ? DRAFT_HTML : DRAFT_PLAIN);
	by_language(j, json_get(f, JSON_CONTENT_MAP));
	if (name == NULL && act_of(f) == ACT_NOTE)
		feed_json_title(j, summary, DRAFT_GUESS);
	else
		feed_json_body(j, DRAFT_SUMMARY, summary, DRAFT_HTML);
}

static void
named(struct feed_json *j, const struct json_value *v)
{
	struct json_value name;

	if (v->kind == JSON_KIND_OBJECT && json_find(v, "name", &name))
		feed_json_note(j, &name);
}

/* A film's files stand among its addresses. */
static void
file(struct feed_json *j, const struct json_value *v)
{
	struct json_value type, href;

	if (v->kind == JSON_KIND_OBJECT && json_find(v, "mediaType", &type) &&
	    type.n > 6 &&
	    (memcmp(type.p, "video/", 6) == 0 || memcmp(type.p, "audio/", 6) == 0 ||
		memcmp(type.p, "image/", 6) == 0) &&
	    json_find(v, "href", &href))
		feed_json_media(j, &href, &type, NULL);
}

static void
read_parts(struct feed_json *j, const struct json_fields *f)
{
	feed_json_url(j, json_get(f, JSON_URL), 2);
	feed_json_url(j, JSON_FIRST(f, JSON_ID, JSON_LD_ID), 1);
	read_texts(j, f);
	feed_json_published(j, json_get(f, JSON_PUBLISHED));
	feed_json_updated(j, json_get(f, JSON_UPDATED));
	feed_json_reply(j, json_get(f, JSON_IN_REPLY_TO_));
	feed_json_attachments(j, json_get(f, JSON_ATTACHMENT));
	feed_json_attachments(j, json_get(f, JSON_IMAGE));
	feed_json_each(j, json_get(f, JSON_URL), file);
	feed_json_each(j, JSON_FIRST(f, JSON_ONE_OF, JSON_ANY_OF), named);
	feed_json_each(j, json_get(f, JSON_LOCATION), named);
	feed_json_lang(j, json_get(f, JSON_LANGUAGE));
}

static void
read_object(
    struct feed_json *j, const struct json_fields *f, const struct json_fields *act)
{
	feed_json_begin(j);
	feed_json_id(j, JSON_FIRST(f, JSON_ID, JSON_LD_ID));
	read_parts(j, f);
	feed_json_author(j, JSON_FIRST(f, JSON_ATTRIBUTED_TO, JSON_ACTOR));
	if (act != NULL) {
		feed_json_author(j, JSON_FIRST(act, JSON_ACTOR, JSON_ATTRIBUTED_TO));
		feed_json_id(j, json_get(act, JSON_ID));
		if (j->d.it.published_raw == NULL)
			feed_json_published(j, json_get(act, JSON_PUBLISHED));
	}
	feed_json_end(j);
}

/* Only the address of an object is given: it has to be read there. */
static void
read_pointer(struct feed_json *j, const struct json_value *id,
    const struct json_value *to, const struct json_fields *act)
{
	feed_json_begin(j);
	feed_json_id(j, id);
	feed_json_url(j, to, 1);
	j->d.it.flags |= ITEM_POINTER;
	feed_json_author(j, JSON_FIRST(act, JSON_ACTOR, JSON_ATTRIBUTED_TO));
	feed_json_published(j, json_get(act, JSON_PUBLISHED));
	feed_json_end(j);
}

/* --- activities --- */

static void
read_write(struct feed_json *j, const struct json_fields *act)
{
	const struct json_value *object = json_get(act, JSON_OBJECT);
	struct json_fields f;

	if (object == NULL)
		return;
	if (object->kind != JSON_KIND_OBJECT) {
		read_pointer(j, object, object, act);
		return;
	}
	feed_json_fields(j, object, &f);
	if (act_of(&f) == ACT_TOMBSTONE)
		feed_json_gone_value(j, JSON_FIRST(&f, JSON_ID, JSON_LD_ID));
	else if (act_of(&f) != ACT_SILENT)
		read_object(j, &f, act);
}

static void
read_announce(struct feed_json *j, const struct json_fields *act)
{
	const struct json_value *object = json_get(act, JSON_OBJECT);
	const struct json_value *id = JSON_FIRST(act, JSON_ID, JSON_LD_ID);
	struct json_fields f;

	if (object == NULL || object->kind != JSON_KIND_OBJECT) {
		read_pointer(j, id != NULL ? id : object, object, act);
		return;
	}
	feed_json_fields(j, object, &f);
	/* Groups announce what their members do. */
	if (act_of(&f) == ACT_WRITE) {
		read_write(j, &f);
		return;
	}
	if (act_of(&f) == ACT_REMOVE) {
		feed_json_each(j, json_get(&f, JSON_OBJECT), feed_json_gone_value);
		return;
	}
	feed_json_begin(j);
	feed_json_id(j, id);
	feed_json_published(j, json_get(act, JSON_PUBLISHED));
	read_parts(j, &f);
	feed_json_author(j, JSON_FIRST(act, JSON_ACTOR, JSON_ATTRIBUTED_TO));
	feed_json_link(j, JSON_FIRST(&f, JSON_ID, JSON_LD_ID));
	feed_json_end(j);
}

static void
read_activity(struct feed_json *j, const struct json_fields *f)
{
	switch (act_of(f)) {
	case ACT_WRITE:
		read_write(j, f);
		break;
	case ACT_ANNOUNCE:
		read_announce(j, f);
		break;
	case ACT_REMOVE:
		feed_json_each(j, json_get(f, JSON_OBJECT), feed_json_gone_value);
		break;
	case ACT_TOMBSTONE:
		feed_json_gone_value(j, JSON_FIRST(f, JSON_ID, JSON_LD_ID));
		break;
	case ACT_SILENT:
		break;
	case ACT_UNKNOWN:
		if (json_has(f, JSON_OBJECT))
			break;
		/* fall through */
	case ACT_OBJECT:
	case ACT_NOTE:
		read_object(j, f, NULL);
		break;
	}
}

const struct feed_json_kind feed_json_activity = {
    "activitypub", is_activity, read_activity};
