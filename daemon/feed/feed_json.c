/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json: JSON Feed 1.0 and 1.1 (jsonfeed.org): the members that we know, by
 * table; all others are skipped.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/charset.h"
#include "feed/draft.h"
#include "feed/json.h"

#define VALUE_MAX ((size_t)2048)

struct state {
	struct json_reader r;
	const struct feed_text *text;
	struct feed_build *build;
	const char *base;
	struct draft d;
	struct buf name, value;
	bool version; /* the document says that it is a JSON Feed */
	bool items;
};

struct member {
	const char *name;
	void (*read)(struct state *s);
};

static void
read_members(struct state *s, const struct member *members, size_t n)
{
	if (json_peek(&s->r) != JSON_KIND_OBJECT) {
		json_skip(&s->r);
		return;
	}
	json_enter(&s->r);
	while (!s->build->full && json_member(&s->r, &s->name)) {
		size_t i = 0;

		while (i < n && strcmp(members[i].name, s->name.data) != 0)
			i++;
		if (i < n)
			members[i].read(s);
		else
			json_skip(&s->r);
	}
}

static void
each(struct state *s, void (*read)(struct state *s))
{
	if (json_peek(&s->r) != JSON_KIND_ARRAY) {
		read(s);
		return;
	}
	json_enter(&s->r);
	while (!s->build->full && json_element(&s->r))
		read(s);
}

/* A string (or a number as it is written) in s->value; false for the rest. */
static bool
value(struct state *s, size_t max)
{
	enum json_kind kind = json_text(&s->r, &s->value, max);

	return (kind == JSON_KIND_STRING || kind == JSON_KIND_NUMBER) &&
	       s->value.len > 0;
}

/* --- items --- */

static void
item_id(struct state *s)
{
	if (value(s, VALUE_MAX))
		draft_id(&s->d, s->value.data, s->value.len, 1);
}

static void
item_url(struct state *s)
{
	if (value(s, FEED_URL_MAX))
		draft_url(&s->d, s->base, s->value.data, s->value.len, 2);
}

/* The address that a link blog writes about: what readers are led to. */
static void
item_external(struct state *s)
{
	if (!value(s, FEED_URL_MAX))
		return;
	draft_url(&s->d, s->base, s->value.data, s->value.len, 1);
	draft_link(&s->d, s->base, s->value.data, s->value.len);
}

static void
item_link(struct state *s)
{
	if (value(s, FEED_URL_MAX))
		draft_link(&s->d, s->base, s->value.data, s->value.len);
}

static void
item_title(struct state *s)
{
	if (value(s, VALUE_MAX * 8))
		draft_title(&s->d, s->value.data, s->value.len, DRAFT_PLAIN, NULL, 1);
}

static void
item_html(struct state *s)
{
	if (json_text(&s->r, &s->value, s->build->lim->max_text * 4) ==
	    JSON_KIND_STRING)
		draft_body(&s->d, DRAFT_CONTENT, s->value.data, s->value.len,
		    DRAFT_HTML, s->base);
}

static void
item_plain(struct state *s)
{
	if (json_text(&s->r, &s->value, s->build->lim->max_text * 4) ==
	    JSON_KIND_STRING)
		draft_body(&s->d, DRAFT_CONTENT, s->value.data, s->value.len,
		    DRAFT_PLAIN, NULL);
}

static void
item_summary(struct state *s)
{
	if (json_text(&s->r, &s->value, s->build->lim->max_text) == JSON_KIND_STRING)
		draft_body(&s->d, DRAFT_FALLBACK, s->value.data, s->value.len,
		    DRAFT_PLAIN, NULL);
}

static void
item_published(struct state *s)
{
	if (value(s, VALUE_MAX))
		draft_published(&s->d, s->value.data, s->value.len, 1);
}

static void
item_modified(struct state *s)
{
	if (value(s, VALUE_MAX))
		draft_updated(&s->d, s->value.data, s->value.len, 1);
}

static void
item_lang(struct state *s)
{
	if (value(s, 64) && s->d.it.lang == NULL)
		s->d.it.lang = draft_plain(
		    NULL, s->value.data, s->value.len, DRAFT_PLAIN, NULL, 64);
}

static void
author_name(struct state *s)
{
	if (value(s, VALUE_MAX))
		draft_author(&s->d, s->value.data, s->value.len, 1);
}

static void
item_author(struct state *s)
{
	static const struct member members[] = {{"name", author_name}};

	/* Some write a bare name. */
	if (json_peek(&s->r) == JSON_KIND_STRING)
		author_name(s);
	else
		read_members(s, members, 1);
}

static void
item_authors(struct state *s)
{
	each(s, item_author);
}

static void
attachment(struct state *s)
{
	static const struct member members[] = {{"url", item_link}};

	read_members(s, members, 1);
}

static void
item_attachments(struct state *s)
{
	each(s, attachment);
}

static void
read_item(struct state *s)
{
	static const struct member members[] = {
	    {"id", item_id},
	    {"url", item_url},
	    {"external_url", item_external},
	    {"title", item_title},
	    {"content_html", item_html},
	    {"content_text", item_plain},
	    {"summary", item_summary},
	    {"date_published", item_published},
	    {"date_modified", item_modified},
	    {"author", item_author},
	    {"authors", item_authors},
	    {"language", item_lang},
	    {"image", item_link},
	    {"banner_image", item_link},
	    {"attachments", item_attachments},
	};

	if (json_peek(&s->r) != JSON_KIND_OBJECT) {
		json_skip(&s->r);
		return;
	}
	draft_init(&s->d, s->build);
	read_members(s, members, sizeof(members) / sizeof(members[0]));
	/* Members have no order in JSON: of alike bodies the content comes first. */
	s->d.order[DRAFT_CONTENT] = s->d.nbodies + 1;
	draft_finish(&s->d);
}

/* --- the document --- */

static void
doc_items(struct state *s)
{
	s->items = true;
	each(s, read_item);
}

static void
doc_version(struct state *s)
{
	const char *at;

	if (!value(s, VALUE_MAX))
		return;
	at = strstr(s->value.data, "jsonfeed.org/version/");
	if (at == NULL)
		return;
	s->version = true;
	free(s->build->doc->format);
	s->build->doc->format =
	    xasprintf("jsonfeed%.8s", at + strlen("jsonfeed.org/version/"));
}

static void
doc_title(struct state *s)
{
	if (value(s, VALUE_MAX) && s->build->doc->title == NULL)
		s->build->doc->title = draft_plain(
		    NULL, s->value.data, s->value.len, DRAFT_PLAIN, NULL, VALUE_MAX);
}

static void
doc_url(struct state *s, char **to)
{
	char *url;

	if (!value(s, FEED_URL_MAX) || *to != NULL)
		return;
	url = feed_url_join(s->base, s->value.data, s->value.len);
	if (feed_url_is_web(url))
		*to = url;
	else
		free(url);
}

static void
doc_link(struct state *s)
{
	doc_url(s, &s->build->doc->link);
}

static void
doc_next(struct state *s)
{
	doc_url(s, &s->build->doc->next_url);
}

static void
doc_lang(struct state *s)
{
	if (value(s, 64) && s->build->doc->lang == NULL)
		s->build->doc->lang = draft_plain(
		    NULL, s->value.data, s->value.len, DRAFT_PLAIN, NULL, 64);
}

int
feed_json_parse(const struct feed_text *text, const struct feed_source *src,
    struct feed_build *build, struct err *e)
{
	static const struct member members[] = {
	    {"version", doc_version},
	    {"title", doc_title},
	    {"home_page_url", doc_link},
	    {"next_url", doc_next},
	    {"language", doc_lang},
	    {"items", doc_items},
	};
	struct state s = {.text = text, .build = build, .base = src->url};

	json_reader_init(&s.r, text->p, text->n);
	read_members(&s, members, sizeof(members) / sizeof(members[0]));
	if (!build->full && (json_peek(&s.r) != JSON_KIND_NONE || s.r.p < s.r.end))
		s.r.broken = true;
	if (s.r.broken)
		feed_problem(build->doc, text, s.r.broken_at, "text that is no JSON");
	buf_free(&s.name);
	buf_free(&s.value);
	if (!s.version && !s.items)
		return err_set(
		    e, TOSD_EINVAL, "no feed: JSON without version and items");
	if (build->doc->format == NULL)
		build->doc->format = xstrdup("jsonfeed");
	return 0;
}
