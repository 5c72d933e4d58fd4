/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roster_opml: OPML 1.0 and 2.0 (opml.org/spec2.opml), read with the tolerant
 * tokenizer.  Attributes in any case; an outline without an address that has others
 * within is a folder.  See roster.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "feed/charset.h"
#include "feed/html.h"
#include "feed/markup.h"
#include "feed/roster.h"

struct opml {
	struct markup m;
	struct markup_token t;
	struct roster *r;
	char *folders[ROSTER_DEPTH]; /* NULL: an outline that is no folder */
	size_t depth;		     /* open outlines, those beyond the cap too */
	size_t line;
	const char *counted; /* lines before this are counted */
	struct buf title;
	bool in_title, seen;
};

/* The value of an attribute, whatever the case of its name.  Decoded twice: many
 * programs escape what is escaped already.  To be freed; NULL: none or empty. */
static char *
attr(struct opml *o, const char *name)
{
	struct buf once = {0}, twice = {0};
	const struct markup_str *v = NULL;
	char *text;

	for (size_t i = 0; i < o->t.nattrs && v == NULL; i++) {
		const struct markup_attr *a = &o->m.attrs[i];

		if (a->name.n == strlen(name) &&
		    strncasecmp(a->name.p, name, a->name.n) == 0)
			v = &a->value;
	}
	if (v == NULL || v->p == NULL)
		return NULL;
	buf_reserve(&once, 0);
	buf_reserve(&twice, 0);
	markup_decode(&o->m, &once, v->p, v->n);
	markup_decode(&o->m, &twice, once.data, once.len);
	text = feed_plain_line(twice.data, twice.len, 0);
	buf_free(&once);
	buf_free(&twice);
	return text;
}

static char *
first_of(struct opml *o, const char *a, const char *b)
{
	char *v = attr(o, a);

	return v != NULL ? v : attr(o, b);
}

/* The innermost folder that has a name. */
static const char *
folder(const struct opml *o)
{
	size_t i = o->depth < ROSTER_DEPTH ? o->depth : ROSTER_DEPTH;

	while (i-- > 0)
		if (o->folders[i] != NULL)
			return o->folders[i];
	return NULL;
}

static void
count_lines(struct opml *o)
{
	const char *to = o->t.source.p;

	while (o->counted < to) {
		const char *nl = memchr(o->counted, '\n', (size_t)(to - o->counted));

		if (nl == NULL)
			break;
		o->line++;
		o->counted = nl + 1;
	}
	o->counted = to;
}

static void
on_outline(struct opml *o)
{
	char *url = first_of(o, "xmlUrl", "feedUrl"), *type = attr(o, "type");
	char *name = first_of(o, "title", "text");
	struct roster_row row = {.line = o->line, .url = url};
	bool include = type != NULL && strcasecmp(type, "include") == 0;

	if (url == NULL && type != NULL && strcasecmp(type, "rss") == 0)
		row.url = url = attr(o, "url");
	if (include) {
		roster_say(
		    o->r, o->line, "includes another file; import that one by itself");
	} else if (url != NULL || o->t.empty) {
		row.tenant = xstrdup(folder(o));
		row.name = name;
		row.site = first_of(o, "htmlUrl", "link");
		name = NULL;
		url = NULL;
		roster_put_take(o->r, &row);
	}
	if (!o->t.empty) {
		if (o->depth < ROSTER_DEPTH) {
			o->folders[o->depth] = name;
			name = NULL;
		}
		o->depth++;
	}
	free(name);
	free(type);
	if (include)
		free(url);
}

static void
end_outline(struct opml *o)
{
	if (o->depth == 0)
		return;
	o->depth--;
	if (o->depth < ROSTER_DEPTH) {
		free(o->folders[o->depth]);
		o->folders[o->depth] = NULL;
	}
}

static bool
named(const struct opml *o, const char *name)
{
	return o->t.name.n == strlen(name) &&
	       strncasecmp(o->t.name.p, name, o->t.name.n) == 0;
}

static void
on_token(struct opml *o)
{
	bool open = o->t.kind == MARKUP_OPEN;

	count_lines(o);
	if (o->t.kind == MARKUP_TEXT && o->in_title && o->title.len < ROSTER_FIELD) {
		markup_decode(&o->m, &o->title, o->t.text.p, o->t.text.n);
	} else if (!open && o->t.kind != MARKUP_CLOSE) {
		return;
	} else if (named(o, "outline")) {
		o->seen = true;
		if (open)
			on_outline(o);
		else
			end_outline(o);
	} else if (named(o, "opml")) {
		o->seen = true;
	} else if (named(o, "title")) {
		o->in_title = open && o->r->title == NULL;
	}
}

/* The bytes of a file that was escaped as a whole, else text as it is. */
static void
unescape(struct feed_text *text, struct buf *own, struct markup *m)
{
	size_t i = 0;

	while (i < text->n && (unsigned char)text->p[i] <= ' ')
		i++;
	if (text->n - i < 4 || memcmp(text->p + i, "&lt;", 4) != 0)
		return;
	markup_init(m, MARKUP_XML, text->p, text->n);
	markup_decode(m, own, text->p, text->n);
	text->p = own->data;
	text->n = own->len;
}

bool
roster_opml(struct roster *r, const void *body, size_t n, const char **why)
{
	struct opml *o = xcalloc(1, sizeof(*o));
	struct feed_text text;
	struct buf own = {0};
	bool seen;

	memset(r, 0, sizeof(*r));
	feed_text_read(&text, body, n, NULL);
	unescape(&text, &own, &o->m);
	o->r = r;
	o->line = 1;
	o->counted = text.p;
	markup_init(&o->m, MARKUP_XML, text.p, text.n);
	while (markup_next(&o->m, &o->t))
		on_token(o);
	while (o->depth > 0)
		end_outline(o);
	buf_reserve(&o->title, 0);
	text_trim(o->title.data);
	if (o->title.data[0] != '\0')
		r->title = xstrdup(o->title.data);
	roster_fold(r);
	seen = o->seen;
	if (!seen)
		*why = "it has no <opml> and no <outline>";
	buf_free(&o->title);
	buf_free(&own);
	free(o);
	feed_text_free(&text);
	return seen;
}
