/* SPDX-License-Identifier: Apache-2.0 */
/* feed_json_put: values of a JSON element into the item in hand; see feed_json.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/feed_json.h"

#define LANG_MAX 64

/* --- what a value says --- */

/* Members that hold the text of an object which stands for a text: WordPress, MongoDB,
 * Misskey and several converters from XML. */
static const char *const text_members[] = {"rendered", "text", "value", "html",
    "content", "$t", "#text", "#value", "_", "$oid"};

static const struct json_value *
text_value(const struct json_value *v, struct json_value *inner)
{
	if (v == NULL || v->kind == JSON_KIND_ARRAY || v->kind == JSON_KIND_NONE)
		return NULL;
	if (v->kind != JSON_KIND_OBJECT)
		return json_is_word(v, "null") ? NULL : v;
	for (size_t i = 0; i < sizeof(text_members) / sizeof(text_members[0]); i++)
		if (json_find(v, text_members[i], inner) &&
		    (inner->kind == JSON_KIND_STRING ||
			inner->kind == JSON_KIND_NUMBER))
			return inner;
	return NULL;
}

const char *
feed_json_text(struct feed_json *j, const struct json_value *v, size_t max, size_t *n)
{
	struct json_value inner;
	const struct json_value *t;

	if (v != NULL && v->kind == JSON_KIND_STRING)
		return json_text(v, &j->scratch, max, n);
	t = text_value(v, &inner);
	if (t == NULL || t->kind == JSON_KIND_WORD)
		return NULL;
	return json_text(t, &j->scratch, max, n);
}

/* The same of what is judged: a cut, which leaves at most three bytes of room, is told.
 */
static const char *
judged(struct feed_json *j, const struct json_value *v, size_t max, size_t *n)
{
	const char *s = feed_json_text(j, v, max, n);

	if (s != NULL && *n + 4 > max)
		j->d.it.flags |= ITEM_TRUNCATED;
	return s;
}

char *
feed_json_str(struct feed_json *j, const struct json_value *v)
{
	size_t n;
	const char *s = feed_json_text(j, v, FEED_JSON_SHORT, &n);

	return s != NULL && n > 0
		   ? draft_plain(NULL, s, n, DRAFT_PLAIN, NULL, FEED_JSON_SHORT)
		   : NULL;
}

bool
feed_json_yes(const struct json_value *v)
{
	if (v == NULL || v->kind == JSON_KIND_NONE)
		return false;
	if (v->kind == JSON_KIND_WORD)
		return json_is_word(v, "true");
	if (v->kind == JSON_KIND_NUMBER) {
		for (size_t i = 0; i < v->n; i++)
			if (v->p[i] > '0' && v->p[i] <= '9')
				return true;
		return false;
	}
	if (v->kind != JSON_KIND_STRING) {
		for (size_t i = 1; i + 1 < v->n; i++)
			if ((uint8_t)v->p[i] > ' ')
				return true;
		return false;
	}
	return v->n > 0 && !(v->n == 1 && v->p[0] == '0') &&
	       !(v->n == 5 && memcmp(v->p, "false", 5) == 0);
}

/* --- one pass over a list --- */

void
feed_json_each(struct feed_json *j, const struct json_value *v,
    void (*read)(struct feed_json *j, const struct json_value *v))
{
	struct json_reader r;
	struct json_value e;

	if (v == NULL)
		return;
	if (v->kind != JSON_KIND_ARRAY) {
		read(j, v);
		return;
	}
	json_reader_init(&r, v->p, v->n);
	json_enter(&r);
	while (json_element(&r)) {
		json_read(&r, &e);
		read(j, &e);
	}
}

/* --- addresses --- */

/* The text of an address in a list or an object of them (ActivityStreams: "url" is a
 * string, a Link, or many, of which one is the page). */
static bool
address(const struct json_value *v, struct json_value *out)
{
	struct json_reader r;
	struct json_value e, type, some = {0};
	bool found = false;

	if (v == NULL)
		return false;
	if (v->kind == JSON_KIND_OBJECT)
		return (json_find(v, "href", out) || json_find(v, "url", out) ||
			   json_find(v, "id", out) || json_find(v, "rendered", out)) &&
		       out->kind == JSON_KIND_STRING;
	*out = *v;
	if (v->kind != JSON_KIND_ARRAY)
		return v->kind == JSON_KIND_STRING;
	json_reader_init(&r, v->p, v->n);
	json_enter(&r);
	while (json_element(&r)) {
		json_read(&r, &e);
		if (e.kind == JSON_KIND_OBJECT && json_find(&e, "mediaType", &type) &&
		    type.n == 9 && memcmp(type.p, "text/html", 9) == 0 &&
		    json_find(&e, "href", out))
			return out->kind == JSON_KIND_STRING;
		if (!found && e.kind != JSON_KIND_ARRAY)
			found = address(&e, &some);
	}
	*out = some;
	return found;
}

static const char *
address_text(struct feed_json *j, const struct json_value *v, size_t *n)
{
	struct json_value at;

	if (!address(v, &at) || at.n == 0)
		return NULL;
	return json_text(&at, &j->scratch, FEED_URL_MAX, n);
}

void
feed_json_url(struct feed_json *j, const struct json_value *v, int rank)
{
	size_t n;
	const char *s = address_text(j, v, &n);

	if (s != NULL)
		draft_url(&j->d, j->base, s, n, rank);
}

void
feed_json_link(struct feed_json *j, const struct json_value *v)
{
	size_t n;
	const char *s = address_text(j, v, &n);

	if (s != NULL)
		draft_link(&j->d, j->base, s, n);
}

void
feed_json_address(struct feed_json *j, char **to, const struct json_value *v)
{
	size_t n;
	const char *s = *to == NULL ? address_text(j, v, &n) : NULL;
	char *url;

	if (s == NULL)
		return;
	url = feed_url_join(j->base, s, n);
	if (feed_url_is_web(url))
		*to = url;
	else
		free(url);
}

/* --- texts --- */

void
feed_json_id(struct feed_json *j, const struct json_value *v)
{
	size_t n;
	const char *s = feed_json_text(j, v, FEED_JSON_SHORT, &n);

	if (s != NULL)
		draft_id(&j->d, s, n, 1);
}

void
feed_json_title(struct feed_json *j, const struct json_value *v, enum draft_form form)
{
	size_t n;
	const char *s = judged(j, v, FEED_JSON_SHORT * 8, &n);

	if (s != NULL)
		draft_title(&j->d, s, n, form, j->base, 1);
}

void
feed_json_body(struct feed_json *j, enum draft_body which, const struct json_value *v,
    enum draft_form form)
{
	size_t n;
	const char *s = judged(j, v, j->build->lim->max_text * 4, &n);

	if (s != NULL)
		draft_body(&j->d, which, s, n, form, j->base);
}

static bool
is_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* Microseconds, as some write numbers, are cut to what a date can be. */
static void
date(struct feed_json *j, const struct json_value *v,
    void (*put)(struct draft *d, const char *s, size_t n, int rank))
{
	size_t n;
	const char *s = feed_json_text(j, v, FEED_JSON_SHORT, &n);

	if (s == NULL || n == 0)
		return;
	if (n == 16 && is_digits(s, n))
		n = 13;
	put(&j->d, s, n, 1);
}

void
feed_json_published(struct feed_json *j, const struct json_value *v)
{
	date(j, v, draft_published);
}

void
feed_json_updated(struct feed_json *j, const struct json_value *v)
{
	date(j, v, draft_updated);
}

/* "Jane Doe (@jane)": what readers see, and what tells her from others. */
static void
person(struct feed_json *j, const struct json_value *v)
{
	struct json_fields f;
	char *name, *handle, *both;
	int rank = 2;

	json_fields_of(v, &f);
	name = feed_json_str(j, JSON_FIRST(&f, JSON_DISPLAY_NAME, JSON_NAME));
	handle = feed_json_str(j, JSON_FIRST(&f, JSON_ACCT, JSON_PREFERRED_NAME,
				      JSON_USERNAME, JSON_LOGIN, JSON_NICK));
	if (name == NULL && handle == NULL) {
		/* Somebody with a name who comes later goes before. */
		name = feed_json_str(
		    j, JSON_FIRST(&f, JSON_TITLE, JSON_ID, JSON_LD_ID, JSON_URL));
		rank = 1;
		if (name != NULL && strncasecmp(name, "mailto:", 7) == 0)
			memmove(name, name + 7, strlen(name + 7) + 1);
	}
	if (name != NULL && handle != NULL && strcmp(name, handle) != 0)
		both = xasprintf("%s (@%s)", name, handle);
	else
		both = xstrdup(name != NULL ? name : handle);
	if (both != NULL)
		draft_author(&j->d, both, strlen(both), rank);
	free(name);
	free(handle);
	free(both);
}

static void
author(struct feed_json *j, const struct json_value *v)
{
	size_t n;
	const char *s;

	if (v->kind == JSON_KIND_OBJECT) {
		person(j, v);
		return;
	}
	s = feed_json_text(j, v, FEED_JSON_SHORT, &n);
	/* An address beside a name is the same person's. */
	if (s != NULL && (j->d.author_rank < 2 || memmem(s, n, "://", 3) == NULL))
		draft_author(&j->d, s, n, 2);
}

void
feed_json_author(struct feed_json *j, const struct json_value *v)
{
	feed_json_each(j, v, author);
}

static void
lang(struct feed_json *j, const struct json_value *v)
{
	size_t n;
	const char *s;

	if (j->d.it.lang != NULL || v->kind != JSON_KIND_STRING || v->n == 0)
		return;
	s = json_text(v, &j->scratch, LANG_MAX, &n);
	j->d.it.lang = draft_plain(NULL, s, n, DRAFT_PLAIN, NULL, LANG_MAX);
}

void
feed_json_lang(struct feed_json *j, const struct json_value *v)
{
	feed_json_each(j, v, lang);
}

void
feed_json_reply(struct feed_json *j, const struct json_value *v)
{
	struct json_value id;

	if (v == NULL || j->d.it.in_reply_to != NULL)
		return;
	if (v->kind != JSON_KIND_STRING && v->kind != JSON_KIND_NUMBER) {
		if (!address(v, &id))
			return;
		v = &id;
	}
	j->d.it.in_reply_to = feed_json_str(j, v);
}

static void
tag(struct feed_json *j, const struct json_value *v)
{
	struct json_fields f;
	const struct json_value *name = v;
	size_t n;
	const char *s;

	if (v->kind == JSON_KIND_OBJECT) {
		json_fields_of(v, &f);
		name = JSON_FIRST(&f, JSON_NAME, JSON_TITLE, JSON_TEXT);
	}
	/* Numbers are keys of something else. */
	if (name == NULL || name->kind != JSON_KIND_STRING)
		return;
	s = judged(j, name, FEED_JSON_SHORT, &n);
	if (s != NULL)
		draft_label(&j->d, s, n, DRAFT_PLAIN, NULL, true);
}

void
feed_json_tags(struct feed_json *j, const struct json_value *v)
{
	feed_json_each(j, v, tag);
}

void
feed_json_note(struct feed_json *j, const struct json_value *v)
{
	struct buf *to = &j->d.alt;
	size_t n;
	const char *s = judged(j, v, FEED_JSON_SHORT * 8, &n);
	char *t;

	if (s == NULL || n == 0)
		return;
	if (to->len > FEED_JSON_SHORT * 8) {
		j->d.it.flags |= ITEM_TRUNCATED;
		return;
	}
	t = draft_plain(&j->d, s, n, DRAFT_GUESS, j->base, FEED_JSON_SHORT * 8);
	if (t[0] != '\0' && to->len > 0)
		buf_putc(to, '\n');
	buf_puts(to, t);
	free(t);
}

/* --- media --- */

/* What a medium shows, or NULL. */
static char *
words_of(struct feed_json *j, const struct json_value *v)
{
	size_t n;
	const char *s = judged(j, v, FEED_JSON_SHORT, &n);

	return s != NULL && n > 0 ? draft_plain(NULL, s, n, DRAFT_PLAIN, NULL, n)
				  : NULL;
}

void
feed_json_media(struct feed_json *j, const struct json_value *url,
    const struct json_value *type, const struct json_value *text)
{
	struct item *it = &j->d.it;
	char *to = NULL, *kind, *words;

	feed_json_address(j, &to, url);
	if (to == NULL)
		return;
	draft_link(&j->d, NULL, to, strlen(to));
	if (it->nmedia < FEED_MEDIA_MAX) {
		kind = feed_json_str(j, type);
		words = words_of(j, text);
		item_add_media(it, to, kind, words);
		free(kind);
		free(words);
	} else {
		it->flags |= ITEM_TRUNCATED;
	}
	free(to);
}

static void
attachment(struct feed_json *j, const struct json_value *v)
{
	struct json_fields f;

	if (v->kind != JSON_KIND_OBJECT) {
		if (v->kind == JSON_KIND_STRING)
			feed_json_media(j, v, NULL, NULL);
		return;
	}
	json_fields_of(v, &f);
	feed_json_media(j,
	    JSON_FIRST(&f, JSON_URL, JSON_HREF, JSON_REMOTE_URL, JSON_LINK,
		JSON_PREVIEW_URL, JSON_IMAGE),
	    JSON_FIRST(&f, JSON_MIME_TYPE, JSON_MEDIA_TYPE, JSON_TYPE),
	    JSON_FIRST(&f, JSON_DESCRIPTION, JSON_ALT, JSON_NAME, JSON_TITLE,
		JSON_SUMMARY, JSON_CAPTION));
}

void
feed_json_attachments(struct feed_json *j, const struct json_value *v)
{
	feed_json_each(j, v, attachment);
}

/* --- the item as a whole --- */

void
feed_json_begin(struct feed_json *j)
{
	draft_init(&j->d, j->build);
}

/* Of members given twice the other texts count as well: which one is shown depends on
 * who reads. */
static void
put_doubles(struct feed_json *j, const struct json_value *object)
{
	static const enum json_key texts[] = {JSON_TITLE, JSON_NAME, JSON_HEADLINE,
	    JSON_SUBJECT, JSON_CONTENT_HTML, JSON_CONTENT_TEXT, JSON_CONTENT, JSON_BODY,
	    JSON_TEXT, JSON_MESSAGE, JSON_HTML, JSON_SELFTEXT, JSON_COMMENT,
	    JSON_CAPTION, JSON_DESCRIPTION, JSON_SUMMARY, JSON_EXCERPT, JSON_ENCODED,
	    JSON_COOKED, JSON_RAW, JSON_SPOILER_TEXT};
	struct json_fields f = {.have = {0}};
	struct json_reader r;
	struct json_value name, v;

	json_reader_init(&r, object->p, object->n);
	json_enter(&r);
	while (json_member(&r, &name)) {
		enum json_key k = json_key_of(name.p, name.n);

		json_read(&r, &v);
		if (json_has(&f, k) && v.kind == JSON_KIND_STRING)
			for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
				if (texts[i] == k)
					feed_json_body(
					    j, DRAFT_CONTENT, &v, DRAFT_GUESS);
		f.have[k / 64] |= (uint64_t)1 << k % 64;
	}
}

void
feed_json_end(struct feed_json *j)
{
	struct draft *d = &j->d;

	if (j->doubled.p != NULL)
		put_doubles(j, &j->doubled);
	if (d->it.id == NULL && d->it.url == NULL && d->nbodies == 0 &&
	    d->it.nmedia == 0 && (d->it.title == NULL || d->it.title[0] == '\0')) {
		draft_clear(d);
		return;
	}
	/* Members have no order in JSON: of alike bodies the content comes first. */
	d->order[DRAFT_CONTENT] = d->nbodies + 1;
	d->it.flags |= j->flags;
	draft_finish(d);
}

/* --- what is gone --- */

void
feed_json_gone(struct feed_json *j, const char *id, size_t n)
{
	struct feed_doc *doc = j->build->doc;
	char *s = draft_plain(NULL, id, n, DRAFT_PLAIN, NULL, FEED_JSON_SHORT);

	if (s[0] == '\0' || doc->ngone >= FEED_GONE_MAX ||
	    j->gone_bytes + n > FEED_GONE_BYTES) {
		doc->truncated = doc->truncated || s[0] != '\0';
		free(s);
		return;
	}
	if ((doc->ngone & (doc->ngone - 1)) == 0) { /* full at each power of two */
		size_t room = doc->ngone > 0 ? doc->ngone * 2 : 1;

		doc->gone = xrealloc(doc->gone, room * sizeof(*doc->gone));
		j->gone_at = xrealloc(j->gone_at, room * sizeof(*j->gone_at));
	}
	j->gone_at[doc->ngone] = doc->nitems;
	j->gone_bytes += n;
	doc->gone[doc->ngone++] = s;
}

void
feed_json_gone_value(struct feed_json *j, const struct json_value *v)
{
	struct json_value id;
	size_t n;
	const char *s;

	if (v == NULL)
		return;
	if (v->kind == JSON_KIND_OBJECT) {
		if (!json_find(v, "id", &id) && !json_find(v, "@id", &id))
			return;
		v = &id;
	}
	s = feed_json_text(j, v, FEED_JSON_SHORT, &n);
	if (s != NULL)
		feed_json_gone(j, s, n);
}
