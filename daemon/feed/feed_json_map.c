/* SPDX-License-Identifier: Apache-2.0 */
/* feed_json_map: JSON of any other kind, by the paths of a mapping; see feed_mapping.
 */
#include <string.h>

#include "conf/conf.h"
#include "feed/feed_json.h"

#define STEPS_MAX 16

struct step {
	enum { STEP_NAME, STEP_INDEX, STEP_ALL } kind;
	const char *name;
	size_t n; /* of the name, or the index */
};

struct path {
	struct step steps[STEPS_MAX];
	size_t n;
};

/* "[3]", "[*]" or "[\"name\"]" at s; behind it, or NULL if it is none. */
static const char *
bracket(const char *s, struct step *out)
{
	const char *end;

	s++;
	if (*s == '"') {
		end = strchr(s + 1, '"');
		if (end == NULL || end[1] != ']')
			return NULL;
		*out = (struct step){STEP_NAME, s + 1, end - s - 1};
		return end + 2;
	}
	end = strchr(s, ']');
	if (end == NULL || end == s)
		return NULL;
	*out = (struct step){.kind = STEP_INDEX};
	if (end == s + 1 && *s == '*') {
		out->kind = STEP_ALL;
		return end + 1;
	}
	for (; s < end; s++) {
		if (*s < '0' || *s > '9' || out->n > 100000000)
			return NULL;
		out->n = out->n * 10 + (*s - '0');
	}
	return end + 1;
}

/* The configuration has refused what cannot be read; here it leads nowhere. */
static bool
compile(const char *s, struct path *p)
{
	p->n = 0;
	while (s != NULL && *s != '\0') {
		struct step *to = &p->steps[p->n];

		if (p->n == STEPS_MAX)
			return false;
		if (*s == '[') {
			s = bracket(s, to);
		} else {
			s += *s == '.' && p->n > 0;
			*to = (struct step){STEP_NAME, s, strcspn(s, ".[")};
			if (to->n == 0)
				return false;
			s += to->n;
		}
		p->n++;
	}
	return s != NULL;
}

typedef void leaf_fn(struct feed_json *j, struct json_reader *r, void *ctx);

static bool
wanted(const struct step *s, const struct json_value *name, size_t index)
{
	if (s->kind == STEP_ALL)
		return true;
	if (s->kind == STEP_INDEX)
		return name == NULL && index == s->n;
	return name != NULL && name->n == s->n && memcmp(name->p, s->name, s->n) == 0;
}

/* leaf() for each value that the path leads to, with r in front of it; it must read
 * it.  Everything else is passed over. */
static void
walk(struct feed_json *j, struct json_reader *r, const struct path *p, size_t i,
    leaf_fn *leaf, void *ctx)
{
	enum json_kind kind = json_peek(r);
	struct json_value name;

	if (i == p->n) {
		leaf(j, r, ctx);
		return;
	}
	if (kind != JSON_KIND_OBJECT && kind != JSON_KIND_ARRAY) {
		json_skip(r);
		return;
	}
	json_enter(r);
	for (size_t k = 0;
	     kind == JSON_KIND_OBJECT ? json_member(r, &name) : json_element(r); k++)
		if (wanted(&p->steps[i], kind == JSON_KIND_OBJECT ? &name : NULL, k))
			walk(j, r, p, i + 1, leaf, ctx);
		else
			json_skip(r);
}

/* --- one item --- */

static void
put_url(struct feed_json *j, const struct json_value *v)
{
	feed_json_url(j, v, 1);
}

static void
put_title(struct feed_json *j, const struct json_value *v)
{
	feed_json_title(j, v, DRAFT_GUESS);
}

static void
put_text(struct feed_json *j, const struct json_value *v)
{
	feed_json_body(j, DRAFT_CONTENT, v, DRAFT_GUESS);
}

static void
put_summary(struct feed_json *j, const struct json_value *v)
{
	feed_json_body(j, DRAFT_SUMMARY, v, DRAFT_GUESS);
}

static const struct {
	size_t path;
	void (*put)(struct feed_json *j, const struct json_value *v);
} fields[] = {
    {offsetof(struct feed_mapping, id), feed_json_id},
    {offsetof(struct feed_mapping, url), put_url},
    {offsetof(struct feed_mapping, title), put_title},
    {offsetof(struct feed_mapping, author), feed_json_author},
    {offsetof(struct feed_mapping, text), put_text},
    {offsetof(struct feed_mapping, summary), put_summary},
    {offsetof(struct feed_mapping, published), feed_json_published},
    {offsetof(struct feed_mapping, updated), feed_json_updated},
    {offsetof(struct feed_mapping, language), feed_json_lang},
    {offsetof(struct feed_mapping, in_reply_to), feed_json_reply},
    {offsetof(struct feed_mapping, media), feed_json_attachments},
};

/* Puts what the path leads to; a list where one value was meant is put one by one. */
struct put {
	void (*put)(struct feed_json *j, const struct json_value *v);
};

static void
put_leaf(struct feed_json *j, struct json_reader *r, void *ctx)
{
	const struct put *to = ctx;
	struct json_value v;

	json_read(r, &v);
	if (v.kind != JSON_KIND_NONE && !json_is_word(&v, "null"))
		feed_json_each(j, &v, to->put);
}

static void
follow(struct feed_json *j, const struct json_value *from, const char *path,
    void (*put)(struct feed_json *j, const struct json_value *v))
{
	struct put to = {put};
	struct json_reader r;
	struct path p;

	if (path == NULL || !compile(path, &p))
		return;
	json_reader_init(&r, from->p, from->n);
	walk(j, &r, &p, 0, put_leaf, &to);
}

static void
is_deleted(struct feed_json *j, const struct json_value *v)
{
	if (feed_json_yes(v))
		j->deleted = true;
}

/* One item. */
static void
read_item(struct feed_json *j, const struct json_value *object)
{
	j->deleted = false;
	j->doubled = (struct json_value){0};
	follow(j, object, j->map->deleted, is_deleted);
	if (j->deleted) {
		follow(j, object, j->map->id, feed_json_gone_value);
		j->known++;
		return;
	}
	feed_json_begin(j);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		follow(j, object,
		    *(const char *const *)((const char *)j->map + fields[i].path),
		    fields[i].put);
	j->known += j->d.it.id != NULL || j->d.it.url != NULL || j->d.nbodies > 0 ||
		    j->d.it.title != NULL;
	feed_json_end(j);
}

/* What a path from a line or event leads to. */
static void
read_inner(struct feed_json *j, const struct json_value *v)
{
	if (v->kind == JSON_KIND_OBJECT && !j->build->full)
		read_item(j, v);
}

struct inside {
	void (*put)(struct feed_json *j, const struct json_value *v);
	bool found;
};

static void
inner_leaf(struct feed_json *j, struct json_reader *r, void *ctx)
{
	struct inside *in = ctx;
	struct json_value v;

	json_read(r, &v);
	if (v.kind != JSON_KIND_OBJECT && v.kind != JSON_KIND_ARRAY)
		return;
	in->found = true;
	feed_json_each(j, &v, in->put);
}

/* put() for each item within a line or event. */
static void
each_inside(struct feed_json *j, const struct json_value *object,
    void (*put)(struct feed_json *j, const struct json_value *v))
{
	struct inside in = {put, false};
	bool events = j->apart == FEED_JSON_EVENTS;
	const char *path =
	    events && j->map->event != NULL ? j->map->event : j->map->items;
	struct json_reader r;
	struct path p;

	if (path != NULL && compile(path, &p)) {
		json_reader_init(&r, object->p, object->n);
		walk(j, &r, &p, 0, inner_leaf, &in);
	}
	/* A stream may send bare what the document has in an envelope. */
	if (path == NULL || (!in.found && events && j->map->event == NULL))
		put(j, object);
}

void
feed_json_map_element(struct feed_json *j, const struct json_value *object)
{
	if (j->apart == FEED_JSON_WHOLE)
		read_item(j, object);
	else
		each_inside(j, object, read_inner);
}

static void
read_gone(struct feed_json *j, const struct json_value *v)
{
	follow(j, v, j->map->id, feed_json_gone_value);
	j->known++;
}

void
feed_json_map_gone(struct feed_json *j, const struct json_value *object)
{
	each_inside(j, object, read_gone);
}

/* --- from the configuration --- */

const struct feed_mapping *
feed_mapping_of(const struct conf_mapping *from, struct feed_mapping *to)
{
	if (from == NULL)
		return NULL;
	*to = (struct feed_mapping){.items = from->items,
	    .event = from->event,
	    .id = from->id,
	    .url = from->url,
	    .title = from->title,
	    .author = from->author,
	    .text = from->text,
	    .summary = from->summary,
	    .published = from->published,
	    .updated = from->updated,
	    .language = from->language,
	    .in_reply_to = from->in_reply_to,
	    .media = from->media,
	    .deleted = from->deleted,
	    .next = from->next};
	return to;
}

/* --- the document --- */

static void
next_page(struct feed_json *j, const struct json_value *v)
{
	feed_json_address(j, &j->build->doc->next_url, v);
}

void
feed_json_map_doc(struct feed_json *j)
{
	struct json_value all = {.p = j->r.p, .n = j->r.end - j->r.p};

	follow(j, &all, j->map->next, next_page);
}

/* Elements are read where they stand, so that damage stays with its element.  The
 * path's last [*] is left to this: it may mean the members of an object. */
static void
items_leaf(struct feed_json *j, struct json_reader *r, void *ctx)
{
	const bool *members = ctx;
	struct json_value name;

	j->container = true;
	if (!*members || json_peek(r) != JSON_KIND_OBJECT) {
		feed_json_elements(j);
		return;
	}
	json_enter(r);
	while (json_member(r, &name))
		feed_json_next(j);
}

void
feed_json_map_values(struct feed_json *j)
{
	struct path p;
	bool members;

	if (!compile(j->map->items != NULL ? j->map->items : "", &p))
		return;
	members = p.n > 0 && p.steps[p.n - 1].kind == STEP_ALL;
	p.n -= members;
	walk(j, &j->r, &p, 0, items_leaf, &members);
	if (json_peek(&j->r) == JSON_KIND_NONE && j->r.p == j->r.end)
		return;
	if (!j->r.broken)
		j->r.broken_at = j->r.p;
	j->r.broken = true;
	while (!j->build->full && feed_json_resume(j))
		;
}
