/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_doc: a JSON document as a whole: where its elements are, and what it says
 * of itself.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "feed/charset.h"
#include "feed/feed_json.h"

#define WRAPS_MAX 4	/* containers within containers */
#define PREAMBLE 4096	/* bytes that may stand in front of JSON */
#define LINES_LOOKED 16 /* to tell one object a line from one object */

static void read_wrap(struct feed_json *j, enum json_key k, unsigned depth);

/* --- what a document says of itself --- */

static void
plain(struct feed_json *j, char **to, const struct json_value *v)
{
	if (v != NULL && v->kind == JSON_KIND_STRING && *to == NULL)
		*to = feed_json_str(j, v);
}

static void
hub(struct feed_json *j, const struct json_value *v)
{
	struct json_fields f;
	const struct json_value *type;

	if (v->kind != JSON_KIND_OBJECT)
		return;
	json_fields_of(v, &f);
	type = json_get(&f, JSON_TYPE);
	if (type != NULL && type->n == 6 && strncasecmp(type->p, "websub", 6) == 0)
		feed_json_address(j, &j->build->doc->hub, json_get(&f, JSON_URL));
}

/* "https://jsonfeed.org/version/1.1" */
static void
version(struct feed_json *j, const struct json_value *v)
{
	static const char known[] = "jsonfeed.org/version/";
	char *s, *at;
	size_t n;

	if (v == NULL || v->kind != JSON_KIND_STRING)
		return;
	s = feed_json_str(j, v);
	at = s != NULL ? strstr(s, known) : NULL;
	if (at != NULL) {
		at += strlen(known);
		n = strnlen(at, 8);
		while (n > 0 && ((uint8_t)at[n] & 0xc0) == 0x80)
			n--;
		free(j->build->doc->format);
		j->build->doc->format = xasprintf("jsonfeed%.*s", (int)n, at);
		j->container = true;
		j->known++;
	}
	free(s);
}

/* JSON Feed 1.1: authors of the feed are those of its items that name none. */
static void
authors(struct feed_json *j, const struct json_fields *f)
{
	feed_json_begin(j);
	feed_json_author(j, json_get(f, JSON_AUTHORS));
	feed_json_author(j, json_get(f, JSON_AUTHOR));
	j->author = j->d.it.author;
	j->d.it.author = NULL;
	draft_clear(&j->d);
}

/* "/latest?page=1" is the page for people: the same as JSON. */
static void
more_topics(struct feed_json *j, const struct json_value *v)
{
	char *s = feed_json_str(j, v), *json, *query;

	if (s == NULL || j->build->doc->next_url != NULL) {
		free(s);
		return;
	}
	query = strchr(s, '?');
	if (query != NULL && (query - s < 5 || strncmp(query - 5, ".json", 5) != 0)) {
		json = xasprintf("%.*s.json%s", (int)(query - s), s, query);
		free(s);
		s = json;
	}
	j->build->doc->next_url = feed_url_join(j->base, s, strlen(s));
	free(s);
	if (!feed_url_is_web(j->build->doc->next_url)) {
		free(j->build->doc->next_url);
		j->build->doc->next_url = NULL;
	}
}

/* What else is called so is a number or a cursor. */
static void
next_page(struct feed_json *j, const struct json_value *v)
{
	if (v == NULL || (v->kind == JSON_KIND_STRING && v->n > 0 && v->p[0] != '/' &&
			     v->p[0] != '?' && !feed_url_has_scheme(v->p, v->n)))
		return;
	feed_json_address(j, &j->build->doc->next_url, v);
}

static void
about(struct feed_json *j, const struct json_fields *f)
{
	struct feed_doc *doc = j->build->doc;
	const struct json_value *title = JSON_FIRST(f, JSON_TITLE, JSON_NAME);

	version(j, json_get(f, JSON_VERSION));
	if (doc->format != NULL && j->author == NULL)
		authors(j, f);
	if (j->topic == NULL && json_has(f, JSON_POST_STREAM))
		plain(j, &j->topic, json_get(f, JSON_TITLE));
	plain(j, &doc->title, title);
	plain(j, &doc->lang, json_get(f, JSON_LANGUAGE));
	feed_json_address(j, &doc->link, json_get(f, JSON_HOME_PAGE_URL));
	feed_json_address(j, &doc->self_url, json_get(f, JSON_FEED_URL));
	feed_json_address(j, &doc->next_url, json_get(f, JSON_NEXT_URL));
	next_page(j, json_get(f, JSON_NEXT));
	/* The first page of a collection that shows no items itself. */
	if (!j->container && !json_has(f, JSON_ORDERED_ITEMS))
		feed_json_address(j, &doc->next_url, json_get(f, JSON_FIRST));
	if (json_has(f, JSON_MORE_TOPICS))
		more_topics(j, json_get(f, JSON_MORE_TOPICS));
	if (json_has(f, JSON_HUBS))
		feed_json_each(j, json_get(f, JSON_HUBS), hub);
}

/* --- containers --- */

static const struct {
	enum json_key key;
	bool array; /* holds elements as an array */
	bool wrap;  /* is an object with members that hold them */
} containers[] = {
    {JSON_ITEMS, true, false},
    {JSON_ORDERED_ITEMS, true, false},
    {JSON_LATEST_POSTS, true, false},
    {JSON_POSTS, true, false},
    {JSON_TOPICS, true, false},
    {JSON_ENTRIES, true, false},
    {JSON_STATUSES, true, false},
    {JSON_MESSAGES, true, false},
    {JSON_ARTICLES, true, false},
    {JSON_COMMENTS, true, false},
    {JSON_ITEM, true, false},
    {JSON_RESULTS, true, true},
    {JSON_DATA, true, true},
    {JSON_POST_STREAM, false, true},
    {JSON_TOPIC_LIST, false, true},
    {JSON_FIRST, false, true},
    {JSON_RSS, false, true},
    {JSON_CHANNEL, false, true},
};

/* Is one element as good as a list of it?  JSON-LD writes it so, and what makes JSON
 * of RSS. */
static bool
may_be_one(enum json_key k, unsigned depth)
{
	return k == JSON_ITEMS || k == JSON_ORDERED_ITEMS ||
	       (k == JSON_ITEM && depth > 0);
}

/* Reads the value that comes next if member k holds elements. */
static bool
read_container(struct feed_json *j, enum json_key k, unsigned depth)
{
	enum json_kind kind = json_peek(&j->r);

	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
		if (containers[i].key != k)
			continue;
		if (kind == JSON_KIND_ARRAY && containers[i].array) {
			j->container = true;
			j->pointers = k == JSON_ITEMS || k == JSON_ORDERED_ITEMS;
			if (k == JSON_LATEST_POSTS)
				j->page = "before";
			feed_json_elements(j);
			return true;
		}
		if (!j->r.lost && may_be_one(k, depth) &&
		    (kind == JSON_KIND_OBJECT || kind == JSON_KIND_STRING)) {
			j->container = j->pointers = true;
			feed_json_next(j);
			return true;
		}
		if (kind == JSON_KIND_OBJECT && containers[i].wrap &&
		    depth < WRAPS_MAX) {
			read_wrap(j, k, depth + 1);
			return true;
		}
	}
	return false;
}

/* Members of an object that may hold elements; the others go into f. */
static void
read_members(struct feed_json *j, struct json_fields *f, unsigned depth)
{
	struct json_value name, v;

	memset(f->have, 0, sizeof(f->have));
	f->doubled = false;
	json_enter(&j->r);
	while (json_member(&j->r, &name)) {
		enum json_key k = json_key_of(name.p, name.n);

		v = (struct json_value){.p = j->r.p, .kind = JSON_KIND_NONE};
		if (k == JSON_NO_KEY || !read_container(j, k, depth))
			json_read(&j->r, &v);
		if (k == JSON_NO_KEY || json_has(f, k))
			continue;
		f->have[k / 64] |= (uint64_t)1 << k % 64;
		f->v[k] = v;
	}
}

static void
read_wrap(struct feed_json *j, enum json_key k, unsigned depth)
{
	struct feed_doc *doc = j->build->doc;
	struct json_fields f;

	if (k == JSON_RSS && doc->format == NULL)
		doc->format = xstrdup("rss-json");
	read_members(j, &f, depth);
	about(j, &f);
	if (k == JSON_CHANNEL)
		feed_json_address(j, &doc->link, json_get(&f, JSON_LINK));
}

/* An object that says so much that it is an item, and no answer like {"error": "..."}.
 */
static bool
is_one(const struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *text = JSON_FIRST(f, JSON_CONTENT_HTML,
	    JSON_CONTENT_TEXT, JSON_CONTENT, JSON_BODY, JSON_TEXT, JSON_MESSAGE);

	if (text == NULL && !j->container)
		text = JSON_FIRST(f, JSON_TITLE, JSON_DELETED, JSON_TOMBSTONE);
	return feed_json_jetstream.is(f) || feed_json_envelope.is(f) ||
	       feed_json_activity.is(f) || feed_json_status.is(f) ||
	       feed_json_post.is(f) || feed_json_topic.is(f) ||
	       (text != NULL && JSON_FIRST(f, JSON_ID, JSON_GUID, JSON_UUID, JSON_ID_,
				    JSON_URL) != NULL);
}

/* Damage in front of the elements has hidden them: look for their name. */
static void
find_elements(struct feed_json *j, const char *from)
{
	static const char *const names[] = {"\"items\"", "\"orderedItems\"",
	    "\"latest_posts\"", "\"posts\"", "\"item\""};
	const char *best = NULL, *end = j->r.end;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *p = memmem(from, end - from, names[i], strlen(names[i]));

		if (p == NULL)
			continue;
		p += strlen(names[i]);
		while (p < end && ((uint8_t)*p <= ' ' || *p == ':'))
			p++;
		if (p < end && *p == '[' && (best == NULL || p < best))
			best = p;
	}
	if (best == NULL)
		return;
	j->r.p = best;
	j->container = true;
	feed_json_elements(j);
}

/* "OrderedCollection", "CollectionPage", ... */
static bool
is_collection(const struct json_value *type)
{
	return type != NULL && type->kind == JSON_KIND_STRING &&
	       memmem(type->p, type->n, "Collection", 10) != NULL;
}

static void
read_object(struct feed_json *j)
{
	struct json_value v = {.p = j->r.p, .kind = JSON_KIND_OBJECT};
	struct json_fields f;
	bool collection;

	read_members(j, &f, 0);
	v.n = j->r.p - v.p;
	collection = is_collection(json_get(&f, JSON_TYPE)) &&
		     (json_has(&f, JSON_FIRST) || json_has(&f, JSON_ORDERED_ITEMS) ||
			 json_has(&f, JSON_ITEMS));
	about(j, &f);
	j->flags = 0;
	if (j->r.lost && !j->container)
		find_elements(j, v.p);
	if (j->r.lost && j->container)
		return;
	if (collection) {
		j->container = true;
		if (j->format == NULL)
			j->format = feed_json_activity.format;
	} else if (is_one(j, &f)) {
		feed_json_element(j, &f, &v);
	}
}

/* --- one object a line --- */

static const char *
line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', end - p);

	return nl != NULL ? nl : end;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (uint8_t)*p <= ' ')
		p++;
	return p;
}

/* Is this line a whole object? */
static bool
whole_object(const char *p, const char *end)
{
	struct json_reader r;

	json_reader_init(&r, p, end - p);
	if (json_peek(&r) != JSON_KIND_OBJECT)
		return false;
	json_skip(&r);
	return !r.lost && json_peek(&r) == JSON_KIND_NONE && r.p == r.end;
}

/* The first line is an object and something follows that might be more; or it is
 * damaged, and two of the lines behind it are objects. */
static bool
is_lines(const char *p, const char *end)
{
	const char *eol, *last;
	unsigned objects = 0, need;
	bool whole;

	if (p == end)
		return false;
	last = eol = line_end(p, end);
	if (skip_space(eol, end) == end)
		return false;
	while (last > p && (uint8_t)last[-1] <= ' ')
		last--;
	if (*p != '{' || last == p || strchr("[{,:", last[-1]) != NULL)
		return false;
	whole = whole_object(p, eol);
	need = whole ? 1 : 2;
	for (int i = 0; i < LINES_LOOKED && objects < need; i++) {
		p = skip_space(eol, end);
		if (p == end)
			break;
		eol = line_end(p, end);
		objects += whole_object(p, eol) || (whole && *p == '{');
	}
	return objects >= need;
}

/* The date of the post in the line at p; CLOCK_NONE if it has none. */
static int64_t
date_of_line(const struct feed_json *j, const char *p)
{
	struct feed_doc doc = {.well_formed = true};
	struct feed_build build = {.doc = &doc, .lim = j->build->lim};
	struct feed_json line = {
	    .build = &build, .base = j->base, .map = j->map, .apart = FEED_JSON_LINES};
	int64_t date = CLOCK_NONE;

	json_reader_init(&line.r, p, line_end(p, j->r.end) - p);
	feed_json_next(&line);
	if (doc.nitems > 0)
		date = doc.items[0].published;
	feed_json_clear(&line);
	feed_doc_clear(&doc);
	return date;
}

/* Where to begin: of a log that is longer than the limit the newest posts count, which
 * mostly are at its end. */
static const char *
first_line(struct feed_json *j, const char *p)
{
	const char *end = j->r.end, *last = end, *cut;
	size_t max = j->build->lim->max_items, lines = 0;
	int64_t oldest, newest;

	while (end > p && (uint8_t)end[-1] <= ' ')
		end--;
	cut = last = end;
	while (last > p && lines < max) {
		const char *nl = memrchr(p, '\n', last - p);
		const char *line = skip_space(nl != NULL ? nl + 1 : p, last);

		/* Empty lines and such do not push posts out. */
		if (line < last && *line == '{') {
			cut = line;
			lines++;
		}
		last = nl != NULL ? nl : p;
	}
	if (lines < max || last == p)
		return p;
	last = memrchr(p, '\n', end - p);
	oldest = date_of_line(j, p);
	newest = date_of_line(j, last + 1);
	if (oldest != CLOCK_NONE && newest != CLOCK_NONE && oldest > newest)
		return p;
	j->build->doc->truncated = true;
	return cut;
}

static void
read_lines(struct feed_json *j)
{
	const char *p = first_line(j, j->r.p), *end = j->r.end, *eol;

	j->apart = FEED_JSON_LINES;
	for (; p < end && !j->build->full; p = eol < end ? eol + 1 : end) {
		eol = line_end(p, end);
		json_reader_init(&j->r, p, eol - p);
		while (json_peek(&j->r) == JSON_KIND_OBJECT && !j->build->full)
			feed_json_next(j);
		if (j->build->full)
			return;
		if (json_peek(&j->r) != JSON_KIND_NONE || j->r.p < j->r.end)
			j->r.broken = true;
		if (j->r.broken)
			feed_problem(
			    j->build->doc, j->text, p, "a line that is no JSON");
	}
}

/* --- the document --- */

/* Values one behind the other, of which there should be one. */
static void
read_values(struct feed_json *j)
{
	enum json_kind kind = json_peek(&j->r);

	if (kind == JSON_KIND_ARRAY) {
		j->container = true;
		feed_json_elements(j);
	} else if (kind == JSON_KIND_OBJECT) {
		read_object(j);
	}
	if (json_peek(&j->r) == JSON_KIND_NONE && j->r.p == j->r.end)
		return;
	if (!j->r.broken)
		j->r.broken_at = j->r.p;
	j->r.broken = true;
	while (!j->build->full && json_peek(&j->r) == JSON_KIND_OBJECT)
		feed_json_next(j);
	while (!j->build->full && feed_json_resume(j))
		;
}

/* The address of older posts where APIs are paged by number: url with name=id. */
static void
page_by_id(struct feed_json *j)
{
	const char *query;
	struct buf b = {0};

	if (j->build->doc->next_url != NULL || j->page == NULL ||
	    j->lowest[0] == '\0' || !feed_url_is_web(j->base))
		return;
	query = strchrnul(j->base, '?');
	buf_put(&b, j->base, query - j->base);
	buf_putc(&b, '?');
	for (const char *p = query + (*query == '?'); *p != '\0';) {
		size_t n = strcspn(p, "&"), len = strlen(j->page);

		if (strncmp(p, j->page, len) != 0 || p[len] != '=') {
			buf_put(&b, p, n);
			buf_putc(&b, '&');
		}
		p += n + (p[n] == '&');
	}
	buf_printf(&b, "%s=%s", j->page, j->lowest);
	j->build->doc->next_url = buf_take(&b);
}

static const char *
format_of(const struct feed_json *j, bool lines)
{
	if (lines && j->format != feed_json_jetstream.format)
		return "ndjson";
	return j->format != NULL ? j->format : "json";
}

static void
finish(struct feed_json *j, bool lines)
{
	struct feed_doc *doc = j->build->doc;

	for (size_t i = 0; i < doc->nitems; i++) {
		struct item *it = &doc->items[i];

		if (j->topic != NULL && it->title == NULL)
			it->title = xstrdup(j->topic);
		if (j->author != NULL && it->author == NULL)
			it->author = xstrdup(j->author);
	}
	feed_json_settle(j);
	page_by_id(j);
	if (doc->format == NULL)
		doc->format = xstrdup(format_of(j, lines));
}

int
feed_json_parse(const struct feed_text *text, const struct feed_source *src,
    struct feed_build *build, struct err *e)
{
	struct feed_json j = {.build = build,
	    .text = text,
	    .base = src->url,
	    .rereads = text->n * FEED_REREADS,
	    .map = src->mapping};
	bool lines, read;

	json_reader_init(&j.r, text->p, text->n);
	json_peek(&j.r);
	lines = is_lines(j.r.p, j.r.end);
	if (j.map != NULL)
		feed_json_map_doc(&j);
	if (lines)
		read_lines(&j);
	else if (j.map != NULL)
		feed_json_map_values(&j);
	else
		read_values(&j);
	if (j.r.broken)
		feed_problem(build->doc, text, j.r.broken_at, "text that is no JSON");
	if (j.unknown != NULL && j.known > 0)
		feed_problem(
		    build->doc, text, j.unknown, "an element of no known kind");
	finish(&j, lines);
	/* An empty list is a feed without items; a list of other things is none. */
	read = j.known > 0 || (j.container && j.seen == 0);
	feed_json_clear(&j);
	if (!read)
		return err_set(e, TOSD_EINVAL, "no feed: JSON of no known kind");
	return 0;
}

int
feed_json_inside(const struct feed_text *t, const struct feed_source *src,
    struct feed_build *build, struct err *e)
{
	struct feed_text part = *t;
	size_t look = t->n < PREAMBLE ? t->n : PREAMBLE;

	if (memmem(t->p, look, "<html", 5) != NULL ||
	    memmem(t->p, look, "<!DOCTYPE", 9) != NULL)
		return TOSD_EINVAL;
	for (size_t i = 0; i + 1 < look; i++) {
		if ((t->p[i] != '{' && t->p[i] != '[') ||
		    memchr("\"{[ \t\r\n", t->p[i + 1], 7) == NULL)
			continue;
		part.p += i;
		part.n -= i;
		if (feed_json_parse(&part, src, build, e) != 0)
			return TOSD_EINVAL;
		feed_problem(build->doc, t, t->p, "text in front of the JSON");
		return 0;
	}
	return TOSD_EINVAL;
}
