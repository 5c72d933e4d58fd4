/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_atproto: lines of an AT Protocol Jetstream (github.com/bluesky-social/
 * jetstream), as a relay or a log gives them: commits of records, with
 * app.bsky.feed.post as the lexicon of posts (atproto.com/specs/lexicon).
 *
 * An item's id is its at:// address.  It has no web address: what shows such posts in
 * a browser belongs to others and answers 200 for posts that are gone.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/feed_json.h"

static bool
is(const struct json_value *v, const char *word)
{
	return v != NULL && v->kind == JSON_KIND_STRING && v->n == strlen(word) &&
	       memcmp(v->p, word, v->n) == 0;
}

static bool
is_jetstream(const struct json_fields *f)
{
	return json_has(f, JSON_DID) && json_has(f, JSON_KIND) &&
	       (json_has(f, JSON_TIME_US) || json_has(f, JSON_COMMIT));
}

/* Collections of the network's own application that hold no posts. */
static bool
holds_posts(const struct json_value *collection)
{
	return is(collection, "app.bsky.feed.post") ||
	       !((collection->n > 9 && memcmp(collection->p, "app.bsky.", 9) == 0) ||
		   (collection->n > 10 &&
		       memcmp(collection->p, "chat.bsky.", 10) == 0));
}

static void
image(struct feed_json *j, const struct json_value *v)
{
	struct json_value alt;

	if (v->kind == JSON_KIND_OBJECT && json_find(v, "alt", &alt))
		feed_json_note(j, &alt);
}

/* Pictures are named by hash only; a link has a title and a description. */
static void
read_embed(struct feed_json *j, const struct json_value *embed)
{
	struct json_value v, part;

	if (embed == NULL || embed->kind != JSON_KIND_OBJECT)
		return;
	if (json_find(embed, "images", &v))
		feed_json_each(j, &v, image);
	if (json_find(embed, "alt", &part))
		feed_json_note(j, &part);
	if (json_find(embed, "external", &v)) {
		if (json_find(&v, "uri", &part))
			feed_json_link(j, &part);
		if (json_find(&v, "title", &part))
			feed_json_note(j, &part);
		if (json_find(&v, "description", &part))
			feed_json_note(j, &part);
	}
}

static void
feature(struct feed_json *j, const struct json_value *v)
{
	struct json_value uri;

	if (v->kind == JSON_KIND_OBJECT && json_find(v, "uri", &uri))
		feed_json_link(j, &uri);
}

static void
facet(struct feed_json *j, const struct json_value *v)
{
	struct json_value features;

	if (v->kind == JSON_KIND_OBJECT && json_find(v, "features", &features))
		feed_json_each(j, &features, feature);
}

static void
read_record(struct feed_json *j, const struct json_value *record)
{
	const struct json_value *embed;
	struct json_fields f;
	struct json_value v, uri, media;

	feed_json_fields(j, record, &f);
	feed_json_title(j, JSON_FIRST(&f, JSON_TITLE, JSON_NAME), DRAFT_PLAIN);
	feed_json_body(
	    j, DRAFT_CONTENT, JSON_FIRST(&f, JSON_TEXT, JSON_CONTENT), DRAFT_PLAIN);
	feed_json_published(j, json_get(&f, JSON_CREATED_AT_));
	feed_json_lang(j, json_get(&f, JSON_LANGS));
	if (json_get(&f, JSON_REPLY) != NULL &&
	    json_find(json_get(&f, JSON_REPLY), "parent", &v) &&
	    json_find(&v, "uri", &uri))
		feed_json_reply(j, &uri);
	feed_json_each(j, json_get(&f, JSON_FACETS), facet);
	embed = json_get(&f, JSON_EMBED);
	read_embed(j, embed);
	if (embed != NULL && json_find(embed, "media", &media))
		read_embed(j, &media);
}

/* The relay's time in microseconds, as milliseconds; of an edit it is the time. */
static void
read_commit(struct feed_json *j, const struct json_fields *f, const char *id,
    const struct json_fields *commit)
{
	const struct json_value *record = json_get(commit, JSON_RECORD);

	if (record == NULL || record->kind != JSON_KIND_OBJECT)
		return;
	feed_json_begin(j);
	draft_id(&j->d, id, strlen(id), 1);
	feed_json_author(j, json_get(f, JSON_DID));
	read_record(j, record);
	if (is(json_get(commit, JSON_OPERATION), "update"))
		feed_json_updated(j, json_get(f, JSON_TIME_US));
	feed_json_end(j);
}

static void
read_jetstream(struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *v = json_get(f, JSON_COMMIT), *collection;
	struct json_fields commit;
	char *did, *key, *name, *id;

	if (v == NULL || v->kind != JSON_KIND_OBJECT)
		return; /* of accounts, not of posts */
	json_fields_of(v, &commit);
	collection = json_get(&commit, JSON_COLLECTION);
	if (collection == NULL || !holds_posts(collection))
		return;
	did = feed_json_str(j, json_get(f, JSON_DID));
	name = feed_json_str(j, collection);
	key = feed_json_str(j, json_get(&commit, JSON_RKEY));
	if (did != NULL && name != NULL && key != NULL) {
		id = xasprintf("at://%s/%s/%s", did, name, key);
		if (is(json_get(&commit, JSON_OPERATION), "delete"))
			feed_json_gone(j, id, strlen(id));
		else
			read_commit(j, f, id, &commit);
		free(id);
	}
	free(did);
	free(name);
	free(key);
}

const struct feed_json_kind feed_json_jetstream = {
    "jetstream", is_jetstream, read_jetstream};
