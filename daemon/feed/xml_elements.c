/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_elements: what the elements of RSS, Atom and CDF mean: which ones begin an
 * item, whose text is captured and how that text is written.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/xml_state.h"

static const struct xml_element elements[EL_COUNT] = {
    [EL_TITLE] = {EL_TITLE, IN_ITEM | IN_FEED, 1, 3},
    [EL_MEDIA_TITLE] = {EL_MEDIA_TITLE, IN_ITEM, 1, 2},
    [EL_LINK] = {EL_LINK, IN_ITEM | IN_FEED, 0, 5},
    [EL_DESCRIPTION] = {EL_DESCRIPTION, IN_ITEM, 1, 0},
    [EL_CONTENT] = {EL_CONTENT, IN_ITEM, 1, 0},
    [EL_FALLBACK] = {EL_FALLBACK, IN_ITEM, 1, 0},
    [EL_HINT] = {EL_HINT, IN_ITEM, 1, 0},
    [EL_GUID] = {EL_GUID, IN_ITEM, 0, 4},
    [EL_ID] = {EL_ID, IN_ITEM, 0, 3},
    [EL_IDENTIFIER] = {EL_IDENTIFIER, IN_ITEM, 0, 1},
    [EL_PUBLISHED] = {EL_PUBLISHED, IN_ITEM, 0, 3},
    [EL_ISSUED] = {EL_ISSUED, IN_ITEM, 0, 2},
    [EL_CREATED] = {EL_CREATED, IN_ITEM, 0, 1},
    [EL_UPDATED] = {EL_UPDATED, IN_ITEM, 0, 3},
    [EL_MODIFIED] = {EL_MODIFIED, IN_ITEM, 0, 2},
    [EL_DATE] = {EL_DATE, IN_ITEM, 0, 1},
    [EL_AUTHOR] = {EL_AUTHOR, IN_ITEM | IN_FEED, 0, 4},
    [EL_CREATOR] = {EL_CREATOR, IN_ITEM, 0, 3},
    [EL_ITUNES_AUTHOR] = {EL_ITUNES_AUTHOR, IN_ITEM, 0, 2},
    [EL_NAME] = {EL_NAME, IN_PERSON, 0, 0},
    [EL_EMAIL] = {EL_EMAIL, IN_PERSON, 0, 0},
    [EL_LANGUAGE] = {EL_LANGUAGE, IN_ITEM | IN_FEED, 0, 0},
    [EL_TTL] = {EL_TTL, IN_FEED, 0, 0},
    [EL_PERIOD] = {EL_PERIOD, IN_FEED, 0, 0},
    [EL_FREQUENCY] = {EL_FREQUENCY, IN_FEED, 0, 0},
    [EL_LOC] = {EL_LOC, IN_ITEM | IN_FEED, 0, 6},
    [EL_MEDIUM_LOC] = {EL_MEDIUM_LOC, IN_ITEM, 0, 0},
    [EL_THUMBNAIL_LOC] = {EL_THUMBNAIL_LOC, IN_ITEM, 0, 0},
    [EL_MEDIUM_NOTE] = {EL_MEDIUM_NOTE, IN_ITEM, 1, 0},
    [EL_ORIGINAL] = {EL_ORIGINAL, IN_ITEM, 0, 0},
    [EL_LABEL] = {EL_LABEL, IN_ITEM, 1, 0},
    [EL_CATEGORY] = {EL_CATEGORY, IN_ITEM, 0, 0},
    [EL_COMMENTS] = {EL_COMMENTS, IN_ITEM, 0, 0},
    [EL_HOUR] = {EL_HOUR, IN_FEED, 0, 0},
    [EL_DAY] = {EL_DAY, IN_FEED, 0, 0},
};

const struct xml_element *
xml_element_find(enum feed_el el)
{
	return elements[el].el != EL_NONE ? &elements[el] : NULL;
}

static bool
starts(const struct markup_str *v, const char *what)
{
	size_t n = strlen(what);

	return v->n >= n && strncasecmp(v->p, what, n) == 0;
}

static bool
ends(const struct markup_str *v, const char *what)
{
	size_t n = strlen(what);

	return v->n >= n && strncasecmp(v->p + v->n - n, what, n) == 0;
}

/* --- text constructs --- */

static enum xml_form
atom_form(struct xml_state *s)
{
	static const char *const opaque[] = {"image/", "audio/", "video/", "font/",
	    "application/octet-stream", "application/pdf", "application/zip",
	    "application/gzip", "application/ogg"};
	const struct markup_str *type = markup_attr(&s->m, &s->t, "type");
	bool html;

	if (type != NULL && type->p == NULL)
		type = NULL;
	s->opaque = false;
	html = type != NULL && (starts(type, "html") || starts(type, "text/html"));
	if (xml_attr_is(s, "mode", "base64"))
		return type != NULL && starts(type, "text/plain") ? XML_BASE64_TEXT
								  : XML_BASE64;
	if (type != NULL &&
	    (starts(type, "xhtml") || starts(type, "application/xhtml")))
		return xml_attr_is(s, "mode", "escaped") ? XML_HTML : XML_INLINE;
	if (html)
		return xml_attr_is(s, "mode", "xml") ? XML_INLINE : XML_HTML;
	if (type == NULL || type->n == 0 || starts(type, "text") ||
	    starts(type, "plain"))
		return XML_TEXT;
	if (ends(type, "+xml") || ends(type, "/xml"))
		return XML_INLINE;
	for (size_t i = 0; i < sizeof(opaque) / sizeof(opaque[0]); i++)
		s->opaque = s->opaque || starts(type, opaque[i]);
	return memchr(type->p, '/', type->n) != NULL ? XML_BASE64 : XML_TEXT;
}

static enum xml_form
form_of(struct xml_state *s, const struct xml_frame *f)
{
	/* Some write Atom without its name space, or its attribute in RSS. */
	if (xml_is_atom(f->ns) ||
	    (f->ns == NS_MAIN && markup_attr(&s->m, &s->t, "type") != NULL))
		return atom_form(s);
	if (f->ns == NS_XHTML)
		return XML_INLINE;
	if (f->ns == NS_MEDIA && !xml_attr_is(s, "type", "html"))
		return XML_GUESS;
	if (f->el == EL_TITLE || f->el == EL_LABEL || f->ns == NS_ITUNES ||
	    f->ns == NS_DC)
		return XML_GUESS;
	return XML_HTML;
}

static void
capture(struct xml_state *s, enum feed_el el, enum xml_form form)
{
	s->capture = s->depth;
	s->capture_el = el;
	s->form = form;
	s->children = false;
	buf_reset(&s->buf);
	buf_reserve(&s->buf, 0);
}

/* --- beginnings --- */

static void
set_format(struct xml_state *s, const struct xml_frame *f)
{
	const struct markup_str *v = markup_attr(&s->m, &s->t, "version");
	const char *format = NULL;
	char *made = NULL;

	if (f->el == EL_FEED || f->el == EL_ITEM) {
		format = f->ns == NS_ATOM03 ? "atom0.3" : "atom1.0";
		if (v != NULL && v->p != NULL && starts(v, "0.3"))
			format = "atom0.3";
		if (f->ns == NS_MAIN && v == NULL)
			format = f->el == EL_FEED ? "atom" : "rss";
	} else if (f->el == EL_RDF) {
		format = "rss1.0";
		for (size_t i = 0; i < s->nbindings; i++)
			if (memmem(s->bindings[i].uri.p, s->bindings[i].uri.n,
				"simple/0.9", 10))
				format = "rss0.90";
	} else if (f->el == EL_CHANNEL) {
		format = "cdf";
	} else if (f->el == EL_URLSET || f->el == EL_SITEMAPINDEX) {
		s->map = f->el == EL_URLSET ? MAP_URLS : MAP_INDEX;
		format = s->map == MAP_URLS ? "sitemap" : "sitemapindex";
	} else if (v != NULL && v->p != NULL && v->n > 0 && v->n <= 8) {
		made = xasprintf("rss%.*s", (int)v->n, v->p);
	}
	if (made == NULL)
		made = xstrdup(format != NULL ? format : "rss");
	s->build->doc->format = made;
	s->root_seen = true;
}

static void
begin_item(struct xml_state *s)
{
	struct buf b = {0};
	const struct buf *v;

	s->item = s->depth;
	s->elsewhere = xml_is_elsewhere(s);
	s->faults_before = s->m.faults;
	s->left_before = s->m.left_out;
	draft_init(&s->draft, s->build);
	s->draft.later_wins = xml_is_atom(xml_top(s)->ns);
	if (s->map == MAP_URLS)
		s->draft.it.flags |= ITEM_POINTER;
	for (size_t i = s->depth; i-- > 0;) {
		struct markup_str lang = s->frames[i].lang;

		if (lang.p == NULL)
			continue;
		s->draft.it.lang = draft_lang(lang.p, lang.n);
		break;
	}
	for (size_t i = 0; i < s->t.nattrs; i++) {
		struct markup_str name = s->m.attrs[i].name;

		if (ends(&name, "about") && name.n <= 10) {
			markup_decode(&s->m, &b, s->m.attrs[i].value.p,
			    s->m.attrs[i].value.p ? s->m.attrs[i].value.n : 0);
			if (b.len > 0) {
				draft_id(&s->draft, b.data, b.len, 2);
				draft_url(&s->draft, xml_base(s), b.data, b.len, 1);
			}
			buf_reset(&b);
		}
	}
	/* CDF: <ITEM HREF="..." LASTMOD="..."> */
	if ((v = xml_attr(s, &b, "HREF")) != NULL ||
	    (v = xml_attr(s, &b, "href")) != NULL)
		draft_url(&s->draft, xml_base(s), v->data, v->len, 5);
	if ((v = xml_attr(s, &b, "LASTMOD")) != NULL ||
	    (v = xml_attr(s, &b, "lastmod")) != NULL)
		draft_updated(&s->draft, v->data, v->len, 3);
	buf_free(&b);
}

/* What the root and the channel say in attributes: xml:lang, and CDF's HREF. */
static void
feed_attributes(struct xml_state *s, const struct xml_frame *f)
{
	struct feed_doc *doc = s->build->doc;
	struct buf b = {0};

	if (doc->lang == NULL && f->lang.p != NULL)
		doc->lang = draft_lang(f->lang.p, f->lang.n);
	if (f->el == EL_CHANNEL && xml_attr(s, &b, "HREF") != NULL)
		xml_take_url(xml_base(s), b.data, b.len, &doc->link);
	buf_free(&b);
}

static bool
counts_here(const struct xml_state *s, const struct xml_element *how)
{
	if (s->person > 0)
		return (how->where & IN_PERSON) != 0;
	if (s->item > 0)
		return (how->where & IN_ITEM) != 0;
	return (how->where & IN_FEED) != 0;
}

static void
begin_capture(
    struct xml_state *s, const struct xml_frame *f, const struct xml_element *how)
{
	if (f->el == EL_LINK && !xml_link_is_text(s))
		return;
	if (f->el == EL_AUTHOR && s->item == 0 && !xml_is_atom(f->ns))
		return;
	if (f->el == EL_GUID) {
		s->permalink = !xml_attr_is(s, "isPermaLink", "false");
		s->permalink_stated = xml_attr_is(s, "isPermaLink", "true");
	}
	if (f->el == EL_AUTHOR)
		s->person = s->depth;
	/* The body's own language is the item's. */
	if (s->item > 0 && f->lang.p != NULL &&
	    (f->el == EL_CONTENT || f->el == EL_DESCRIPTION)) {
		free(s->draft.it.lang);
		s->draft.it.lang = draft_lang(f->lang.p, f->lang.n);
	}
	capture(s, f->el, how->construct ? form_of(s, f) : XML_PLAIN);
}

static bool
is_root(const struct xml_frame *f, bool ours)
{
	switch (f->el) {
	case EL_RDF:
		return true;
	case EL_RSS:
	case EL_FEED:
	case EL_CHANNEL:
	case EL_ITEM:
	case EL_URLSET:
	case EL_SITEMAPINDEX:
		return ours;
	default:
		return false;
	}
}

/* RFC 4287 section 4.2.1: an entry without author has those of its source, whose title
 * is shown as well. */
static bool
is_of_source(const struct xml_state *s, const struct xml_frame *f)
{
	return s->person > 0 ||
	       ((f->el == EL_AUTHOR || f->el == EL_TITLE) && xml_is_atom(f->ns) &&
		   s->item > 0 && s->depth == s->box + 1);
}

/* <source url="...">Title</source> of RSS. */
static bool
is_named_source(const struct xml_state *s, const struct xml_frame *f)
{
	return s->item > 0 && f->ns == NS_MAIN && f->name.n == sizeof("source") - 1;
}

void
xml_element_open(struct xml_state *s)
{
	const struct xml_frame *f = xml_top(s);
	const struct xml_element *how;
	bool ours = f->ns == NS_MAIN || f->ns == NS_ATOM || f->ns == NS_ATOM03;

	if (!s->root_seen && is_root(f, ours))
		set_format(s, f);
	if (!s->root_seen || (s->box > 0 && !is_of_source(s, f)))
		return;
	if (s->item == 0 &&
	    (f->el == EL_FEED || f->el == EL_CHANNEL || f->el == EL_RSS))
		feed_attributes(s, f);
	/* Inside a captured element only a person's parts are elements of ours. */
	if (s->capture > 0 &&
	    !(s->person > 0 && (f->el == EL_NAME || f->el == EL_EMAIL)))
		return;
	if (f->el == EL_ITEM && ours && s->item == 0) {
		begin_item(s);
		return;
	}
	if ((f->el == EL_BOX && ours) || f->el == EL_DELETED) {
		s->box = s->depth;
		if (is_named_source(s, f))
			capture(s, f->el, XML_PLAIN);
	}
	xml_link_element(s, f);
	how = xml_element_find(f->el);
	/* XHTML may be a body, but not that of a notice of rights. */
	if (f->ns == NS_XHTML && s->depth > 1 &&
	    (s->frames[s->depth - 2].el == EL_SIDE ||
		s->frames[s->depth - 2].el == EL_LABEL))
		return;
	if (how != NULL && s->box != s->depth && counts_here(s, how))
		begin_capture(s, f, how);
}
