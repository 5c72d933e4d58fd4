/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_discourse: what a Discourse forum gives under /posts.json, /t/ID.json
 * (posts) and /latest.json (topics, which only name the page to be read);
 * docs.discourse.org.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/feed_json.h"

/* The number as it is written; "" if it is none. */
static void
number(const struct json_fields *f, enum json_key k, char out[24])
{
	const struct json_value *v = json_get(f, k);

	out[0] = '\0';
	if (v == NULL || v->n >= 24)
		return;
	for (size_t i = 0; i < v->n; i++)
		if (v->p[i] < '0' || v->p[i] > '9')
			return;
	memcpy(out, v->p, v->n);
	out[v->n] = '\0';
}

static void
keep_lowest(struct feed_json *j, const char *id)
{
	size_t n = strlen(id), have = strlen(j->lowest);

	if (n > 0 &&
	    (have == 0 || n < have || (n == have && strcmp(id, j->lowest) < 0)))
		strcpy(j->lowest, id);
}

/* --- posts --- */

static bool
is_post(const struct json_fields *f)
{
	return (json_has(f, JSON_COOKED) || json_has(f, JSON_RAW)) &&
	       (json_has(f, JSON_POST_NUMBER) || json_has(f, JSON_TOPIC_ID));
}

/* "/t/SLUG/TOPIC/NUMBER", as the forum's own links have it. */
static char *
post_path(struct feed_json *j, const struct json_fields *f, enum json_key post)
{
	char topic[24], num[24], *slug, *path = NULL;

	number(f, JSON_TOPIC_ID, topic);
	number(f, post, num);
	slug = feed_json_str(j, json_get(f, JSON_TOPIC_SLUG));
	if (topic[0] != '\0' && num[0] != '\0')
		path = xasprintf("/t/%s/%s/%s", slug != NULL ? slug : "-", topic, num);
	free(slug);
	return path;
}

static void
put_author(struct feed_json *j, const struct json_fields *f)
{
	char *name = feed_json_str(j, json_get(f, JSON_NAME));
	char *handle = feed_json_str(j, json_get(f, JSON_USERNAME));
	char *both;

	if (name != NULL && name[0] != '\0' && handle != NULL &&
	    strcmp(name, handle) != 0) {
		both = xasprintf("%s (@%s)", name, handle);
		draft_author(&j->d, both, strlen(both), 2);
		free(both);
	}
	feed_json_author(j, JSON_FIRST(f, JSON_USERNAME, JSON_NAME));
	free(name);
	free(handle);
}

static void
read_post(struct feed_json *j, const struct json_fields *f)
{
	char id[24], *path;

	number(f, JSON_ID, id);
	keep_lowest(j, id);
	if (feed_json_yes(json_get(f, JSON_USER_DELETED)) ||
	    feed_json_yes(json_get(f, JSON_DELETED_AT))) {
		feed_json_gone_value(j, json_get(f, JSON_ID));
		return;
	}
	feed_json_begin(j);
	feed_json_id(j, json_get(f, JSON_ID));
	feed_json_url(j, json_get(f, JSON_POST_URL), 2);
	path = post_path(j, f, JSON_POST_NUMBER);
	if (path != NULL)
		draft_url(&j->d, j->base, path, strlen(path), 1);
	free(path);
	feed_json_title(j, json_get(f, JSON_TOPIC_TITLE), DRAFT_PLAIN);
	feed_json_body(j, DRAFT_CONTENT, json_get(f, JSON_COOKED), DRAFT_HTML);
	if (json_get(f, JSON_COOKED) == NULL)
		feed_json_body(j, DRAFT_CONTENT, json_get(f, JSON_RAW), DRAFT_PLAIN);
	put_author(j, f);
	feed_json_published(j, json_get(f, JSON_CREATED_AT));
	feed_json_updated(j, json_get(f, JSON_UPDATED_AT));
	path = post_path(j, f, JSON_REPLY_TO_POST);
	if (path != NULL) {
		j->d.it.in_reply_to = feed_url_join(j->base, path, strlen(path));
		if (j->d.it.in_reply_to == NULL)
			j->d.it.in_reply_to = xstrdup(path);
	}
	free(path);
	feed_json_end(j);
}

const struct feed_json_kind feed_json_post = {"discourse", is_post, read_post};

/* --- topics --- */

static bool
is_topic(const struct json_fields *f)
{
	return json_has(f, JSON_POSTS_COUNT) && json_has(f, JSON_SLUG) &&
	       (json_has(f, JSON_TITLE) || json_has(f, JSON_FANCY_TITLE)) &&
	       !json_has(f, JSON_POST_STREAM);
}

static void
read_topic(struct feed_json *j, const struct json_fields *f)
{
	char id[24], *slug = feed_json_str(j, json_get(f, JSON_SLUG)), *path;

	number(f, JSON_ID, id);
	if (feed_json_yes(json_get(f, JSON_DELETED_AT))) {
		feed_json_gone_value(j, json_get(f, JSON_ID));
		free(slug);
		return;
	}
	feed_json_begin(j);
	feed_json_id(j, json_get(f, JSON_ID));
	if (id[0] != '\0') {
		path = xasprintf("/t/%s/%s", slug != NULL ? slug : "-", id);
		draft_url(&j->d, j->base, path, strlen(path), 1);
		free(path);
	}
	free(slug);
	feed_json_title(j, JSON_FIRST(f, JSON_TITLE, JSON_FANCY_TITLE), DRAFT_PLAIN);
	feed_json_body(j, DRAFT_FALLBACK, json_get(f, JSON_EXCERPT), DRAFT_HTML);
	feed_json_published(j, json_get(f, JSON_CREATED_AT));
	feed_json_updated(j, json_get(f, JSON_LAST_POSTED_AT));
	feed_json_media(j, json_get(f, JSON_IMAGE_URL), NULL, NULL);
	j->d.it.flags |= ITEM_POINTER;
	feed_json_end(j);
}

const struct feed_json_kind feed_json_topic = {"discourse", is_topic, read_topic};
