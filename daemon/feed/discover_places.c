/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discover_places: where feeds usually are, where server software publishes, and the
 * NodeInfo documents that name the software (nodeinfo.diaspora.software, versions 1.0
 * to 2.1).  The paths are those of the projects' API documentation.  See discover.h.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/charset.h"
#include "feed/discover.h"
#include "feed/url.h"

#define NAME_MAX_CHARS 64

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

/* The document as a tree: it is small, comes once, and is no item.  NULL if it is no
 * JSON; json_decref() it. */
static json_t *
read_json(const void *body, size_t n)
{
	struct feed_text text;
	json_t *doc;

	feed_text_read(&text, body, n, NULL);
	doc = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
	feed_text_free(&text);
	return doc;
}

/* The version at the end of a schema's address, "2.1"; NULL if it is none. */
static const char *
schema_version(const char *rel)
{
	static const char schema[] = "nodeinfo.diaspora.software/ns/schema/";
	const char *at = rel != NULL ? strstr(rel, schema) : NULL;

	return at != NULL ? at + sizeof(schema) - 1 : NULL;
}

char *
discover_nodeinfo(const void *body, size_t n, const char *url)
{
	json_t *doc = read_json(body, n), *links = json_object_get(doc, "links"), *link;
	char *best = NULL, version[8] = "";
	size_t i;

	json_array_foreach(links, i, link)
	{
		const char *rel = json_string_value(json_object_get(link, "rel"));
		const char *href = json_string_value(json_object_get(link, "href"));
		const char *v = schema_version(rel);
		char *joined;

		if (v == NULL || href == NULL || strlen(v) >= sizeof(version) ||
		    strcmp(v, version) <= 0)
			continue;
		joined = feed_url_join(url, href, strlen(href));
		if (!feed_url_is_web(joined)) {
			free(joined);
			continue;
		}
		free(best);
		best = joined;
		memcpy(version, v, strlen(v) + 1);
	}
	json_decref(doc);
	return best;
}

/* A copy that is not longer than names are; NULL if it is no string. */
static char *
name_of(const json_t *value)
{
	const char *s = json_string_value(value);

	return s != NULL ? xstrndup(s, text_prefix(s, NAME_MAX_CHARS)) : NULL;
}

bool
discover_nodeinfo_read(const void *body, size_t n, char **name, char **version)
{
	json_t *doc = read_json(body, n), *software = json_object_get(doc, "software");

	*name = name_of(json_object_get(software, "name"));
	*version = name_of(json_object_get(software, "version"));
	json_decref(doc);
	return *name != NULL;
}
