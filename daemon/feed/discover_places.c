/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discover_places: where feeds usually are, where server software publishes, and the
 * NodeInfo documents that name the software (nodeinfo.diaspora.software, versions 1.0
 * to 2.1).  The paths are those of the projects' API documentation.  See discover.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feed/charset.h"
#include "feed/discover.h"
#include "feed/json.h"
#include "feed/url.h"

#define NAME_MAX_BYTES 64
#define URL_BYTES FEED_URL_MAX

const char *
discover_path(size_t i)
{
	static const char *const paths[] = {"/feed", "/feed/", "/rss", "/rss.xml",
	    "/atom.xml", "/feed.xml", "/index.xml", "/feed.json",
	    "/feeds/posts/default", "/posts.rss"};

	return i < sizeof(paths) / sizeof(paths[0]) ? paths[i] : NULL;
}

#define MASTODON_API "/api/v1/timelines/public?local=1&limit=40"
#define MASTODON_WHY "newest public posts written on this server (Mastodon's API)"
#define LOGIN " may be closed to readers who are not logged in"

static const struct discover_software rows[] = {
    {"mastodon", "Mastodon", {MASTODON_API}, MASTODON_WHY},
    {"glitchcafe", "Mastodon", {MASTODON_API}, MASTODON_WHY},
    {"hometown", "Hometown", {MASTODON_API}, MASTODON_WHY},
    {"pleroma", "Pleroma", {MASTODON_API}, MASTODON_WHY},
    {"akkoma", "Akkoma", {MASTODON_API}, MASTODON_WHY},
    {"pixelfed", "Pixelfed", {MASTODON_API}, MASTODON_WHY ";" LOGIN},
    {"friendica", "Friendica", {MASTODON_API}, MASTODON_WHY ";" LOGIN},
    {"gotosocial", "GoToSocial", {MASTODON_API}, MASTODON_WHY ";" LOGIN},
    {"discourse", "Discourse", {"/posts.json", "/posts.rss"},
	"newest posts of the forum"},
    {"lemmy", "Lemmy", {"/feeds/local.xml?sort=New"},
	"newest posts of this server; comments are not in it"},
    {"peertube", "PeerTube",
	{"/feeds/videos.xml?isLocal=true", "/feeds/video-comments.xml"},
	"newest videos and their comments"},
    {"writefreely", "WriteFreely", {"/read/feed/"},
	"newest public posts; each blog has a feed of its own beside it"},
    {"wordpress", "WordPress", {"/feed/", "/comments/feed/"}, "posts and comments"},
    {"ghost", "Ghost", {"/rss/"}, "newest posts"},
    {"misskey", "Misskey", {NULL},
	"its timelines answer POST requests only, which are not made here"},
    {"sharkey", "Sharkey", {NULL},
	"its timelines answer POST requests only, which are not made here"},
};

const struct discover_software *
discover_software(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].name);

		/* "WordPress 6.1.1", and nothing that only begins alike. */
		if (strncasecmp(name, rows[i].name, n) == 0 &&
		    !((name[n] | 32) >= 'a' && (name[n] | 32) <= 'z'))
			return &rows[i];
	}
	return NULL;
}

/* One element of "links": rel and href. */
static void
read_link(struct json_reader *r, struct buf *rel, struct buf *href)
{
	struct buf name = {0};

	buf_reset(rel);
	buf_reset(href);
	json_enter(r);
	while (json_member(r, &name)) {
		buf_reserve(&name, 0);
		if (strcmp(name.data, "rel") == 0)
			json_text(r, rel, URL_BYTES);
		else if (strcmp(name.data, "href") == 0)
			json_text(r, href, URL_BYTES);
		else
			json_skip(r);
	}
	buf_reserve(rel, 0);
	buf_reserve(href, 0);
	buf_free(&name);
}

/* The version at the end of a schema's address, "2.1"; NULL if it is none. */
static const char *
schema_version(const char *rel)
{
	static const char schema[] = "nodeinfo.diaspora.software/ns/schema/";
	const char *at = strstr(rel, schema);

	return at != NULL ? at + sizeof(schema) - 1 : NULL;
}

static void
read_links(struct json_reader *r, const char *url, char **best, char version[8])
{
	struct buf rel = {0}, href = {0};

	json_enter(r);
	while (json_element(r)) {
		const char *v;
		char *joined;

		if (json_peek(r) != JSON_KIND_OBJECT) {
			json_skip(r);
			continue;
		}
		read_link(r, &rel, &href);
		v = schema_version(rel.data);
		if (v == NULL || strlen(v) >= 8 || strcmp(v, version) <= 0)
			continue;
		joined = feed_url_join(url, href.data, href.len);
		if (!feed_url_is_web(joined)) {
			free(joined);
			continue;
		}
		free(*best);
		*best = joined;
		memcpy(version, v, strlen(v) + 1);
	}
	buf_free(&rel);
	buf_free(&href);
}

/* Reads the members of the outermost object: links of the first document, software
 * of the second. */
char *
discover_nodeinfo(const void *body, size_t n, const char *url)
{
	struct feed_text text;
	struct json_reader r;
	struct buf name = {0};
	char *best = NULL, version[8] = "";

	feed_text_read(&text, body, n, NULL);
	json_reader_init(&r, text.p, text.n);
	if (json_peek(&r) == JSON_KIND_OBJECT) {
		json_enter(&r);
		while (json_member(&r, &name)) {
			buf_reserve(&name, 0);
			if (strcmp(name.data, "links") == 0 &&
			    json_peek(&r) == JSON_KIND_ARRAY)
				read_links(&r, url, &best, version);
			else
				json_skip(&r);
		}
	}
	buf_free(&name);
	feed_text_free(&text);
	return best;
}

static void
read_software(struct json_reader *r, char **name, char **version)
{
	struct buf key = {0}, value = {0};

	json_enter(r);
	while (json_member(r, &key)) {
		char **to = NULL;

		buf_reserve(&key, 0);
		if (strcmp(key.data, "name") == 0)
			to = name;
		else if (strcmp(key.data, "version") == 0)
			to = version;
		buf_reset(&value);
		if (to == NULL || *to != NULL) {
			json_skip(r);
		} else if (json_text(r, &value, NAME_MAX_BYTES) == JSON_KIND_STRING) {
			buf_reserve(&value, 0);
			*to = xstrdup(value.data);
		}
	}
	buf_free(&key);
	buf_free(&value);
}

bool
discover_nodeinfo_read(const void *body, size_t n, char **name, char **version)
{
	struct feed_text text;
	struct json_reader r;
	struct buf key = {0};

	*name = *version = NULL;
	feed_text_read(&text, body, n, NULL);
	json_reader_init(&r, text.p, text.n);
	if (json_peek(&r) == JSON_KIND_OBJECT) {
		json_enter(&r);
		while (json_member(&r, &key)) {
			buf_reserve(&key, 0);
			if (strcmp(key.data, "software") == 0 &&
			    json_peek(&r) == JSON_KIND_OBJECT)
				read_software(&r, name, version);
			else
				json_skip(&r);
		}
	}
	buf_free(&key);
	feed_text_free(&text);
	return *name != NULL;
}
