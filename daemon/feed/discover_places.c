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

/* The text of a member that is a string, at most max bytes; NULL: there is none. */
static char *
member_text(const struct json_value *object, const char *name, size_t max)
{
	struct json_value v;
	struct buf b = {0};
	char *text = NULL;
	const char *p;
	size_t n;

	if (json_find(object, name, &v) && v.kind == JSON_KIND_STRING) {
		p = json_text(&v, &b, max, &n);
		text = xstrndup(p, n);
	}
	buf_free(&b);
	return text;
}

/* The member of the outermost object, if it is of that kind. */
static bool
find_top(const struct feed_text *text, const char *name, enum json_kind kind,
    struct json_value *v)
{
	struct json_value top;
	struct json_reader r;

	json_reader_init(&r, text->p, text->n);
	return json_read(&r, &top) == JSON_KIND_OBJECT && json_find(&top, name, v) &&
	       v->kind == kind;
}

/* The version at the end of a schema's address, "2.1"; NULL if it is none. */
static const char *
schema_version(const char *rel)
{
	static const char schema[] = "nodeinfo.diaspora.software/ns/schema/";
	const char *at = strstr(rel, schema);

	return at != NULL ? at + sizeof(schema) - 1 : NULL;
}

/* Takes the address of one element of "links" if its version is the highest yet. */
static void
read_link(const struct json_value *link, const char *url, char **best, char version[8])
{
	char *rel = member_text(link, "rel", URL_BYTES), *joined = NULL;
	char *href = member_text(link, "href", URL_BYTES);
	const char *v = rel != NULL ? schema_version(rel) : NULL;

	if (v == NULL || href == NULL || strlen(v) >= 8 || strcmp(v, version) <= 0)
		goto out;
	joined = feed_url_join(url, href, strlen(href));
	if (!feed_url_is_web(joined))
		goto out;
	free(*best);
	*best = joined;
	joined = NULL;
	memcpy(version, v, strlen(v) + 1);
out:
	free(joined);
	free(rel);
	free(href);
}

char *
discover_nodeinfo(const void *body, size_t n, const char *url)
{
	struct json_value links, link;
	struct json_reader r;
	struct feed_text text;
	char *best = NULL, version[8] = "";

	feed_text_read(&text, body, n, NULL);
	if (find_top(&text, "links", JSON_KIND_ARRAY, &links)) {
		json_reader_init(&r, links.p, links.n);
		json_enter(&r);
		while (json_element(&r))
			if (json_read(&r, &link) == JSON_KIND_OBJECT)
				read_link(&link, url, &best, version);
	}
	feed_text_free(&text);
	return best;
}

bool
discover_nodeinfo_read(const void *body, size_t n, char **name, char **version)
{
	struct json_value software;
	struct feed_text text;

	*name = *version = NULL;
	feed_text_read(&text, body, n, NULL);
	if (find_top(&text, "software", JSON_KIND_OBJECT, &software)) {
		*name = member_text(&software, "name", NAME_MAX_BYTES);
		*version = member_text(&software, "version", NAME_MAX_BYTES);
	}
	feed_text_free(&text);
	return *name != NULL;
}
