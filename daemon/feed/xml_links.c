/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_links: elements of RSS, Atom and sitemaps that lead elsewhere: links and their
 * relations, enclosures and other media, answers, and tombstones of removed items.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/xml_state.h"

#define LIST_BYTES \
	((size_t)256 << 10)	   /* of the ids gone, of the addresses of an index */
#define NOTE_MAX ((size_t)4 << 10) /* of a description of a picture */

const struct buf *
xml_attr(struct xml_state *s, struct buf *b, const char *name)
{
	const struct markup_str *v = markup_attr(&s->m, &s->t, name);

	buf_reset(b);
	if (v == NULL || v->p == NULL)
		return NULL;
	buf_reserve(b, 0);
	markup_decode(&s->m, b, v->p, v->n);
	return b;
}

bool
xml_attr_is(struct xml_state *s, const char *name, const char *value)
{
	const struct markup_str *v = markup_attr(&s->m, &s->t, name);

	return v != NULL && v->p != NULL && v->n == strlen(value) &&
	       strncasecmp(v->p, value, v->n) == 0;
}

void
xml_take_url(const char *base, const char *href, size_t n, char **to)
{
	char *url;

	if (*to != NULL || n == 0)
		return;
	url = feed_url_join(base, href, n);
	if (feed_url_is_web(url))
		*to = url;
	else
		free(url);
}

char *
xml_id(const char *base, const char *s)
{
	char *id = NULL;

	/* Relative ids are resolved as readers do; "abc" is an id as it stands. */
	if (base != NULL && strchr(s, '/') != NULL &&
	    !feed_url_has_scheme(s, strlen(s)) && strpbrk(s, " \n") == NULL)
		id = feed_url_join(base, s, strlen(s));
	return id != NULL ? id : xstrdup(s);
}

/* --- lists of the document --- */

/* Appends v, which is taken, as long as there is room. */
static void
add(struct xml_state *s, char ***list, size_t *n, size_t *bytes, char *v)
{
	size_t len = strlen(v) + 1;

	if (*n >= s->build->lim->max_items || *bytes + len > LIST_BYTES) {
		s->build->doc->truncated = s->build->doc->cut = true;
		free(v);
		return;
	}
	if ((*n & (*n - 1)) == 0) /* at 0 and at powers of two */
		*list = xrealloc(*list, (*n > 0 ? *n * 2 : 1) * sizeof(**list));
	(*list)[(*n)++] = v;
	*bytes += len;
}

void
xml_more(struct xml_state *s, const char *base)
{
	struct feed_doc *doc = s->build->doc;
	char *url = NULL;

	xml_take_url(base, s->buf.data, s->buf.len, &url);
	if (url != NULL)
		add(s, &doc->more, &doc->nmore, &s->more_bytes, url);
}

/* <at:deleted-entry ref="id" when="..."> of RFC 6721. */
static void
deleted_element(struct xml_state *s)
{
	struct feed_doc *doc = s->build->doc;
	struct buf b = {0}, clean = {0};
	const struct buf *v = xml_attr(s, &b, "ref");

	if (v != NULL && s->item == 0 && v->len < FEED_URL_MAX) {
		feed_plain_put(&clean, v->data, v->len, 0);
		buf_reserve(&clean, 0);
		text_trim(clean.data);
		if (clean.data[0] != '\0')
			add(s, &doc->gone, &doc->ngone, &s->gone_bytes,
			    xml_id(xml_base(s), clean.data));
	}
	buf_free(&clean);
	buf_free(&b);
}

/* --- links --- */

/* Is it one of the relations?  They may be several, and be written as addresses. */
static bool
has_rel(const struct buf *rel, const char *name)
{
	size_t n = strlen(name);

	if (rel->len == 0)
		return strcmp(name, "alternate") == 0;
	for (const char *p = rel->data, *e; *p != '\0'; p = e) {
		while (*p != '\0' && (uint8_t)*p <= ' ')
			p++;
		for (e = p; (uint8_t)*e > ' '; e++)
			;
		if ((size_t)(e - p) < n || strncasecmp(e - n, name, n) != 0)
			continue;
		if (e - n == p || e[-(ptrdiff_t)n - 1] == '/')
			return true;
	}
	return false;
}

/* Without href its text is the address, whatever name space RSS is put in. */
bool
xml_link_is_text(struct xml_state *s)
{
	struct buf rel = {0};
	bool page;

	if (markup_attr(&s->m, &s->t, "href") != NULL)
		return false;
	xml_attr(s, &rel, "rel");
	page = has_rel(&rel, "alternate");
	buf_free(&rel);
	return page;
}

static void
feed_link(struct xml_state *s, const struct buf *href, const struct buf *rel)
{
	struct feed_doc *doc = s->build->doc;
	const char *base = xml_base(s);

	if (has_rel(rel, "alternate"))
		xml_take_url(base, href->data, href->len, &doc->link);
	if (has_rel(rel, "self"))
		xml_take_url(base, href->data, href->len, &doc->self_url);
	if (has_rel(rel, "hub"))
		xml_take_url(base, href->data, href->len, &doc->hub);
	/* RFC 5005: both lead to older items; archives do not move meanwhile. */
	if (has_rel(rel, "prev-archive") && !s->archive) {
		char *url = NULL;

		xml_take_url(base, href->data, href->len, &url);
		if (url != NULL) {
			free(doc->next_url);
			doc->next_url = url;
			s->archive = true;
		}
	} else if (has_rel(rel, "next")) {
		xml_take_url(base, href->data, href->len, &doc->next_url);
	}
}

/* Of several pages that a link leads to the one that says to be HTML goes before one
 * that does not say, and that before one of another type. */
static int
page_rank(struct xml_state *s, const struct buf *rel)
{
	const struct markup_str *type = markup_attr(&s->m, &s->t, "type");

	if (type == NULL || type->p == NULL || type->n == 0)
		return 1;
	if (memmem(type->p, type->n, "html", 4) == NULL)
		return 0;
	return rel->len > 0 ? 2 : 1;
}

/* An attribute as clean text, NULL if there is none. */
static char *
note(struct xml_state *s, const char *name)
{
	struct buf b = {0}, clean = {0};
	const struct buf *v = xml_attr(s, &b, name);

	if (v != NULL && v->len > 0) {
		if (!feed_plain_put(&clean, v->data, v->len, NOTE_MAX) && s->item > 0)
			s->draft.it.flags |= ITEM_TRUNCATED;
		buf_reserve(&clean, 0);
		text_trim(clean.data);
	}
	buf_free(&b);
	if (clean.data == NULL || clean.data[0] == '\0') {
		buf_free(&clean);
		return NULL;
	}
	return buf_take(&clean);
}

/* An address that is both a link and a medium. */
static void
medium(struct xml_state *s, const char *base, const struct buf *url, const char *type,
    const char *text)
{
	draft_link(&s->draft, base, url->data, url->len);
	draft_media(&s->draft, base, url->data, url->len, type, text);
}

static void
item_link(struct xml_state *s, const struct xml_frame *f, const struct buf *href,
    const struct buf *rel)
{
	const char *base = xml_base(s);
	bool enclosure = has_rel(rel, "enclosure");
	char *type, *text;

	/* In RSS, where no href belongs, the last <link> counts, as in xml_values.c. */
	if (rel->len == 0 && f->ns == NS_MAIN &&
	    markup_attr(&s->m, &s->t, "type") == NULL) {
		draft_url_last(&s->draft, base, href->data, href->len,
		    xml_element_find(EL_LINK)->rank * 2 + 1);
		return;
	}
	if (has_rel(rel, "alternate") && f->ns != NS_XHTML) {
		draft_url(&s->draft, base, href->data, href->len,
		    (xml_is_atom(f->ns) ? 3 : 2) + page_rank(s, rel));
		return;
	}
	if (has_rel(rel, "self") || has_rel(rel, "edit") || has_rel(rel, "replies"))
		return;
	text = note(s, "title");
	if (!enclosure) {
		draft_link(&s->draft, base, href->data, href->len);
		if (text != NULL)
			draft_label(
			    &s->draft, text, strlen(text), DRAFT_PLAIN, NULL, false);
		free(text);
		return;
	}
	type = note(s, "type");
	medium(s, base, href, type, text);
	free(type);
	free(text);
}

/* <link rel href>, of Atom and wherever else it is written. */
static void
link_element(struct xml_state *s, const struct xml_frame *f)
{
	struct buf href = {0}, rel = {0};

	if (xml_attr(s, &href, "href") != NULL) {
		xml_attr(s, &rel, "rel");
		if (s->item > 0)
			item_link(s, f, &href, &rel);
		else if (f->ns != NS_XHTML)
			feed_link(s, &href, &rel);
	}
	/* Programs that take RSS for HTML write <link/>http://... */
	s->void_link = s->t.empty && href.len == 0 && s->item > 0;
	buf_free(&href);
	buf_free(&rel);
}

static void
reply_element(struct xml_state *s)
{
	char *v = note(s, "ref");

	if (v == NULL)
		v = note(s, "href");
	if (v != NULL && s->draft.it.in_reply_to == NULL && strlen(v) < 2048)
		s->draft.it.in_reply_to = v;
	else
		free(v);
}

/* <category term label> of Atom: readers show the label. */
static void
category_element(struct xml_state *s)
{
	char *v = note(s, "label");

	if (v == NULL)
		v = note(s, "term");
	if (v != NULL)
		draft_label(&s->draft, v, strlen(v), DRAFT_PLAIN, NULL, true);
	free(v);
}

/* --- media --- */

static void
address_element(struct xml_state *s, const char *name)
{
	struct buf b = {0};
	const struct buf *v = xml_attr(s, &b, name);

	if (v != NULL)
		draft_link(&s->draft, xml_base(s), v->data, v->len);
	buf_free(&b);
}

/* <enclosure>, <media:thumbnail>, <itunes:image>: kind is what it is if it does
 * not say. */
static void
enclosure(struct xml_state *s, const char *kind)
{
	struct buf b = {0};
	const struct buf *v = xml_attr(s, &b, "url");
	char *type = note(s, "type");

	if (v == NULL)
		v = xml_attr(s, &b, "href");
	if (v != NULL)
		medium(s, xml_base(s), v, type != NULL ? type : kind, NULL);
	free(type);
	buf_free(&b);
}

/* <media:content>, <image:image>: it ends when its element does. */
static void
medium_open(struct xml_state *s, const struct xml_frame *f)
{
	struct buf b = {0};
	const struct buf *v;

	xml_medium_close(s);
	s->medium.depth = s->depth;
	v = xml_attr(s, &b, "url");
	if (v != NULL)
		xml_take_url(xml_base(s), v->data, v->len, &s->medium.url);
	s->medium.type = note(s, "type");
	if (s->medium.type == NULL)
		s->medium.type = note(s, "medium");
	if (s->medium.type == NULL && f->ns != NS_MEDIA)
		s->medium.type = xstrdup(f->ns == NS_IMAGE ? "image" : "video");
	buf_free(&b);
}

void
xml_medium_text(struct xml_state *s, enum feed_el el, const char *base)
{
	struct xml_medium *m = &s->medium;
	const char *p = s->buf.data != NULL ? s->buf.data : "";
	char *text;

	if (el == EL_MEDIUM_LOC) {
		xml_take_url(base, p, s->buf.len, &m->url);
		return;
	}
	if (el == EL_THUMBNAIL_LOC) {
		medium(s, base, &s->buf, "image", NULL);
		return;
	}
	text = draft_plain(&s->draft, p, s->buf.len, DRAFT_GUESS, base, NOTE_MAX);
	if (el == EL_MEDIA_TITLE)
		draft_title(&s->draft, text, strlen(text), DRAFT_PLAIN, NULL, 1);
	/* A description says more than a title. */
	if (text[0] == '\0' || (m->text != NULL && el == EL_MEDIA_TITLE)) {
		free(text);
		return;
	}
	free(m->text);
	m->text = text;
}

void
xml_medium_close(struct xml_state *s)
{
	struct xml_medium *m = &s->medium;

	if (m->depth > 0 && m->url != NULL && s->item > 0) {
		draft_link(&s->draft, NULL, m->url, strlen(m->url));
		draft_media(&s->draft, NULL, m->url, strlen(m->url), m->type, m->text);
	} else if (m->depth > 0 && m->text != NULL && s->item > 0) {
		draft_body(&s->draft, DRAFT_FALLBACK, m->text, strlen(m->text),
		    DRAFT_PLAIN, NULL);
	}
	free(m->url);
	free(m->type);
	free(m->text);
	memset(m, 0, sizeof(*m));
}

void
xml_link_element(struct xml_state *s, const struct xml_frame *f)
{
	struct buf b = {0};
	const struct buf *v;

	if (f->el == EL_LINK)
		link_element(s, f);
	else if (f->el == EL_DELETED)
		deleted_element(s);
	if (s->item == 0)
		return;
	switch (f->el) {
	case EL_BOX: /* <source url> of RSS */
		if (f->ns == NS_MAIN)
			address_element(s, "url");
		break;
	case EL_ENCLOSURE:
		enclosure(s, NULL);
		break;
	case EL_THUMBNAIL:
		enclosure(s, "image");
		break;
	case EL_PLAYER: /* a page that shows it */
		address_element(s, "url");
		if ((v = xml_attr(s, &b, "url")) == NULL)
			break;
		if (s->medium.depth > 0)
			xml_take_url(xml_base(s), v->data, v->len, &s->medium.url);
		else
			draft_url(&s->draft, xml_base(s), v->data, v->len, 1);
		break;
	case EL_MEDIUM:
		medium_open(s, f);
		break;
	case EL_CONTENT:
		if (xml_is_atom(f->ns))
			address_element(s, "src");
		break;
	case EL_REPLY:
		reply_element(s);
		break;
	case EL_CATEGORY:
		category_element(s);
		break;
	case EL_ANCHOR: /* of CDF */
		if ((v = xml_attr(s, &b, "HREF")) != NULL)
			draft_url(&s->draft, xml_base(s), v->data, v->len, 4);
		break;
	default:
		break;
	}
	buf_free(&b);
}
