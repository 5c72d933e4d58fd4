/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_elements: what the elements of RSS, Atom and CDF mean: which ones begin an
 * item, whose text is captured, and where it goes when they end.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "feed/charset.h"
#include "feed/xml_state.h"

/* Where an element counts. */
enum { IN_ITEM = 1, IN_FEED = 2, IN_PERSON = 4 };

/* rank: of several sources of one value the higher one wins. */
static const struct element {
	uint8_t el, where, construct, rank;
} elements[] = {
    {EL_TITLE, IN_ITEM | IN_FEED, 1, 2},
    {EL_MEDIA_TITLE, IN_ITEM, 1, 1},
    {EL_LINK, IN_ITEM | IN_FEED, 0, 5},
    {EL_DESCRIPTION, IN_ITEM, 1, 0},
    {EL_CONTENT, IN_ITEM, 1, 0},
    {EL_FALLBACK, IN_ITEM, 1, 0},
    {EL_GUID, IN_ITEM, 0, 4},
    {EL_ID, IN_ITEM, 0, 3},
    {EL_IDENTIFIER, IN_ITEM, 0, 1},
    {EL_PUBLISHED, IN_ITEM, 0, 3},
    {EL_ISSUED, IN_ITEM, 0, 2},
    {EL_CREATED, IN_ITEM, 0, 1},
    {EL_UPDATED, IN_ITEM, 0, 3},
    {EL_MODIFIED, IN_ITEM, 0, 2},
    {EL_DATE, IN_ITEM, 0, 1},
    {EL_AUTHOR, IN_ITEM, 0, 4},
    {EL_CREATOR, IN_ITEM, 0, 3},
    {EL_ITUNES_AUTHOR, IN_ITEM, 0, 2},
    {EL_NAME, IN_PERSON, 0, 0},
    {EL_EMAIL, IN_PERSON, 0, 0},
    {EL_LANGUAGE, IN_ITEM | IN_FEED, 0, 0},
    {EL_TTL, IN_FEED, 0, 0},
    {EL_PERIOD, IN_FEED, 0, 0},
    {EL_FREQUENCY, IN_FEED, 0, 0},
};

static const struct element *
find(enum feed_el el)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (elements[i].el == el)
			return &elements[i];
	return NULL;
}

static bool
is_atom(enum feed_ns ns)
{
	return ns == NS_ATOM || ns == NS_ATOM03;
}

bool
xml_is_sibling(const struct xml_state *s, enum feed_ns ns, enum feed_el el)
{
	size_t at = s->person > 0 ? s->person : s->capture;
	const struct xml_frame *f = &s->frames[at - 1];

	if (s->form == XML_INLINE || s->depth != at)
		return false;
	switch (el) {
	case EL_TITLE:
	case EL_LINK:
	case EL_DESCRIPTION:
	case EL_AUTHOR:
		/* HTML has elements of these names; a name space tells. */
		return ns == f->ns && el != (enum feed_el)f->el &&
		    (is_atom(ns) || (el != EL_AUTHOR && el != EL_DESCRIPTION) ||
			s->form == XML_PLAIN || f->el == EL_TITLE);
	case EL_GUID:
	case EL_ID:
	case EL_PUBLISHED:
	case EL_UPDATED:
	case EL_CREATOR:
	case EL_DATE:
		return el != (enum feed_el)f->el;
	case EL_CONTENT:
		return ns == NS_CONTENT || (is_atom(ns) && el != (enum feed_el)f->el);
	default:
		return false;
	}
}

/* An attribute with references decoded, in a buffer that lives until the next
 * call; NULL if there is none. */
static const struct buf *
attr(struct xml_state *s, struct buf *b, const char *name)
{
	const struct markup_str *v = markup_attr(&s->m, &s->t, name);

	buf_reset(b);
	if (v == NULL || v->p == NULL)
		return NULL;
	buf_reserve(b, 0);
	markup_decode(&s->m, b, v->p, v->n);
	return b;
}

static bool
attr_is(struct xml_state *s, const char *name, const char *value)
{
	const struct markup_str *v = markup_attr(&s->m, &s->t, name);

	return v != NULL && v->p != NULL && v->n == strlen(value) &&
	    strncasecmp(v->p, value, v->n) == 0;
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

/* --- text constructs --------------------------------------------------------- */

static enum xml_form
atom_form(struct xml_state *s)
{
	const struct markup_str *type = markup_attr(&s->m, &s->t, "type");
	bool html;

	if (type != NULL && type->p == NULL)
		type = NULL;
	html = type != NULL && (starts(type, "html") || starts(type, "text/html"));
	if (attr_is(s, "mode", "base64"))
		return type != NULL && starts(type, "text/plain") ? XML_BASE64_TEXT
								  : XML_BASE64;
	if (type != NULL && (starts(type, "xhtml") || starts(type, "application/xhtml")))
		return attr_is(s, "mode", "escaped") ? XML_HTML : XML_INLINE;
	if (html)
		return attr_is(s, "mode", "xml") ? XML_INLINE : XML_HTML;
	if (type == NULL || type->n == 0 || starts(type, "text") || starts(type, "plain"))
		return XML_TEXT;
	if (ends(type, "+xml") || ends(type, "/xml"))
		return XML_INLINE;
	return memchr(type->p, '/', type->n) != NULL ? XML_BASE64 : XML_TEXT;
}

static enum xml_form
form_of(struct xml_state *s, const struct xml_frame *f)
{
	if (is_atom(f->ns))
		return atom_form(s);
	if (f->ns == NS_XHTML)
		return XML_INLINE;
	if (f->ns == NS_MEDIA && !attr_is(s, "type", "html"))
		return XML_GUESS;
	if (f->el == EL_TITLE || f->ns == NS_ITUNES || f->ns == NS_DC)
		return XML_GUESS;
	/* RSS has no attribute for it; some write Atom's. */
	if (attr_is(s, "type", "xhtml"))
		return XML_INLINE;
	return XML_HTML;
}

static void
unbase64(struct xml_state *s)
{
	struct buf out = {0};
	size_t n = 0;

	for (size_t i = 0; i < s->buf.len; i++)
		if ((uint8_t)s->buf.data[i] > ' ')
			s->buf.data[n++] = s->buf.data[i];
	s->buf.len = n;
	buf_reserve(&out, 0);
	if (!digest_unbase64(&out, s->buf.data, n)) {
		buf_free(&out);
		return;
	}
	buf_reset(&s->buf);
	/* A picture is no text. */
	if (text_valid(out.data, out.len))
		buf_put(&s->buf, out.data, out.len);
	buf_free(&out);
}

/* What was captured, ready for HTML or as it is. */
static enum draft_form
construct(struct xml_state *s)
{
	struct buf plain = {0};

	switch (s->form) {
	case XML_BASE64:
	case XML_BASE64_TEXT:
		unbase64(s);
		return s->form == XML_BASE64 ? DRAFT_HTML : DRAFT_PLAIN;
	case XML_HTML:
		return DRAFT_HTML;
	case XML_INLINE:
		if (s->children || s->buf.len == 0)
			return DRAFT_HTML;
		/* No element inside: either plain, or escaped against the rules. */
		markup_decode(&s->m, &plain, s->buf.data, s->buf.len);
		buf_free(&s->buf);
		s->buf = plain;
		return DRAFT_GUESS;
	case XML_GUESS:
		return s->children ? DRAFT_HTML : DRAFT_GUESS;
	default:
		return s->children ? DRAFT_HTML : DRAFT_PLAIN;
	}
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

/* --- beginnings -------------------------------------------------------------- */

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
			if (memmem(s->bindings[i].uri.p, s->bindings[i].uri.n, "simple/0.9", 10))
				format = "rss0.90";
	} else if (f->el == EL_CHANNEL) {
		format = "cdf";
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
	s->has_items = true;
	draft_init(&s->draft, s->build);
	for (size_t i = s->depth; i-- > 0;) {
		struct markup_str lang = s->frames[i].lang;

		if (lang.p == NULL)
			continue;
		if (lang.n > 0 && lang.n < 64)
			s->draft.it.lang = xstrndup(lang.p, lang.n);
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
	if ((v = attr(s, &b, "HREF")) != NULL || (v = attr(s, &b, "href")) != NULL)
		draft_url(&s->draft, xml_base(s), v->data, v->len, 5);
	if ((v = attr(s, &b, "LASTMOD")) != NULL || (v = attr(s, &b, "lastmod")) != NULL)
		draft_updated(&s->draft, v->data, v->len, 3);
	buf_free(&b);
}

static bool
html_type(const struct markup_str *type)
{
	return type == NULL || type->p == NULL || type->n == 0 ||
	    memmem(type->p, type->n, "html", 4) != NULL;
}

static void
feed_link(struct xml_state *s, const struct buf *href, const char *rel)
{
	struct feed_doc *doc = s->build->doc;

	if (strcmp(rel, "alternate") == 0 && doc->link == NULL)
		doc->link = feed_url_join(xml_base(s), href->data, href->len);
	/* RFC 5005: next (paged) and prev-archive lead to older items. */
	if ((strcmp(rel, "next") == 0 || strcmp(rel, "prev-archive") == 0) &&
	    doc->next_url == NULL)
		doc->next_url = feed_url_join(xml_base(s), href->data, href->len);
}

/* <link rel href>, of Atom and wherever else it is written. */
static void
link_element(struct xml_state *s, bool atom)
{
	struct buf href = {0}, b = {0};
	char rel[24] = "alternate";
	const struct buf *r;
	const char *slash;

	if (attr(s, &href, "href") == NULL)
		goto out;
	r = attr(s, &b, "rel");
	if (r != NULL && r->len > 0) {
		/* Registered relations may be written as addresses. */
		slash = strrchr(r->data, '/');
		strncpy(rel, slash != NULL ? slash + 1 : r->data, sizeof(rel) - 1);
		for (char *p = rel; *p != '\0'; p++)
			*p = *p >= 'A' && *p <= 'Z' ? *p + 32 : *p;
	}
	if (s->item == 0) {
		feed_link(s, &href, rel);
		goto out;
	}
	if (strcmp(rel, "alternate") == 0)
		draft_url(&s->draft, xml_base(s), href.data, href.len,
		    (atom ? 3 : 2) + html_type(markup_attr(&s->m, &s->t, "type")));
	else if (strcmp(rel, "self") != 0 && strcmp(rel, "edit") != 0 &&
	    strcmp(rel, "replies") != 0)
		draft_link(&s->draft, xml_base(s), href.data, href.len);
out:
	buf_free(&href);
	buf_free(&b);
}

static void
reply_element(struct xml_state *s)
{
	struct buf b = {0};
	const struct buf *v = attr(s, &b, "ref");

	if (v == NULL)
		v = attr(s, &b, "href");
	if (v != NULL && s->draft.it.in_reply_to == NULL && v->len < 2048) {
		struct buf clean = {0};

		feed_plain_put(&clean, v->data, v->len, 2048);
		s->draft.it.in_reply_to = text_trim(buf_take(&clean));
	}
	buf_free(&b);
}

static void
address_element(struct xml_state *s, const char *name)
{
	struct buf b = {0};
	const struct buf *v = attr(s, &b, name);

	if (v != NULL)
		draft_link(&s->draft, xml_base(s), v->data, v->len);
	buf_free(&b);
}

/* Elements that say what they say in attributes. */
static void
by_attributes(struct xml_state *s, const struct xml_frame *f)
{
	struct buf b = {0};
	const struct buf *v;

	if (f->el == EL_LINK)
		link_element(s, is_atom(f->ns));
	if (s->item == 0)
		return;
	if (f->el == EL_ENCLOSURE)
		address_element(s, "url");
	if (f->el == EL_CONTENT && is_atom(f->ns))
		address_element(s, "src");
	if (f->el == EL_REPLY)
		reply_element(s);
	if (f->el == EL_ANCHOR && (v = attr(s, &b, "HREF")) != NULL)
		draft_url(&s->draft, xml_base(s), v->data, v->len, 4);
	buf_free(&b);
}

static bool
counts_here(const struct xml_state *s, const struct element *how)
{
	if (s->person > 0)
		return (how->where & IN_PERSON) != 0;
	if (s->item > 0)
		return (how->where & IN_ITEM) != 0;
	return (how->where & IN_FEED) != 0;
}

static void
begin_capture(struct xml_state *s, const struct xml_frame *f, const struct element *how)
{
	if (f->el == EL_LINK && (is_atom(f->ns) || markup_attr(&s->m, &s->t, "href")))
		return;
	if (f->el == EL_GUID) {
		s->permalink = !attr_is(s, "isPermaLink", "false");
		s->permalink_stated = attr_is(s, "isPermaLink", "true");
	}
	if (f->el == EL_AUTHOR)
		s->person = s->depth;
	capture(s, f->el, how->construct ? form_of(s, f) : XML_PLAIN);
}

void
xml_element_open(struct xml_state *s)
{
	const struct xml_frame *f = xml_top(s);
	const struct element *how;
	bool ours = f->ns == NS_MAIN || f->ns == NS_ATOM || f->ns == NS_ATOM03;

	if (!s->root_seen && (f->el == EL_RDF || (ours &&
	    (f->el == EL_RSS || f->el == EL_FEED || f->el == EL_CHANNEL || f->el == EL_ITEM))))
		set_format(s, f);
	if (!s->root_seen || s->box > 0)
		return;
	/* Inside a captured element only a person's parts are elements of ours. */
	if (s->capture > 0 && !(s->person > 0 && (f->el == EL_NAME || f->el == EL_EMAIL)))
		return;
	if (f->el == EL_ITEM && ours && s->item == 0) {
		begin_item(s);
		return;
	}
	if (f->el == EL_BOX && ours) {
		s->box = s->depth;
		if (f->ns == NS_MAIN && s->item > 0)
			address_element(s, "url");
		return;
	}
	by_attributes(s, f);
	how = find(f->el);
	if (how != NULL && counts_here(s, how))
		begin_capture(s, f, how);
}

/* --- ends -------------------------------------------------------------------- */

static int64_t
period_ms(const char *s)
{
	static const struct {
		const char *name;
		int64_t ms;
	} periods[] = {
	    {"hourly", CLOCK_HOUR},
	    {"daily", CLOCK_DAY},
	    {"weekly", 7 * CLOCK_DAY},
	    {"monthly", 30 * CLOCK_DAY},
	    {"yearly", 365 * CLOCK_DAY},
	};

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
		if (strcasecmp(s, periods[i].name) == 0)
			return periods[i].ms;
	return 0;
}

static void
feed_value(struct xml_state *s, enum feed_el el, const char *base)
{
	struct feed_doc *doc = s->build->doc;
	struct buf *b = &s->buf;
	enum draft_form form;
	long n;

	switch (el) {
	case EL_TITLE:
		form = construct(s);
		if (doc->title == NULL)
			doc->title = draft_plain(NULL, b->data, b->len, form, base, 4096);
		break;
	case EL_LINK:
		if (doc->link == NULL && b->len > 0)
			doc->link = feed_url_join(base, b->data, b->len);
		break;
	case EL_LANGUAGE:
		if (doc->lang == NULL && b->len > 0 && b->len < 64)
			doc->lang = draft_plain(NULL, b->data, b->len, DRAFT_PLAIN, NULL, 64);
		break;
	case EL_TTL:
		n = strtol(text_trim(b->data), NULL, 10);
		/* Years are no answer: the schedule caps, we only avoid overflow. */
		if (n > 0 && n < 10000000)
			doc->ttl_ms = n * CLOCK_MIN;
		break;
	case EL_PERIOD:
		s->period = period_ms(text_trim(b->data));
		break;
	case EL_FREQUENCY:
		n = strtol(text_trim(b->data), NULL, 10);
		s->frequency = n > 0 && n < 100000 ? (int)n : 1;
		break;
	default:
		break;
	}
}

/* "me@example.com (Name)", "Name (me@example.com)" and "Name <me@example.com>" of
 * RSS: the name.  An address alone stays. */
static void
rss_author(struct draft *d, char *s, int rank)
{
	char *open, *close, *at;

	text_trim(s);
	at = strchr(s, '@');
	open = strchr(s, '(');
	close = open != NULL ? strrchr(open, ')') : NULL;
	if (at != NULL && close != NULL && close > open + 1 && open > s) {
		if (at < open) {
			draft_author(d, open + 1, close - open - 1, rank);
			return;
		}
		if (at < close)
			*open = '\0';
	}
	open = strchr(s, '<');
	if (open != NULL && open > s && strchr(open, '@') != NULL)
		*open = '\0';
	draft_author(d, s, strlen(s), rank);
}

static void
end_person(struct xml_state *s, int rank)
{
	struct buf b = {0};

	if (s->name != NULL || s->email != NULL) {
		if (s->name != NULL && s->name[0] != '\0')
			buf_puts(&b, s->name);
		if (s->email != NULL && s->email[0] != '\0')
			buf_printf(&b, b.len > 0 ? " (%s)" : "%s", s->email);
		if (b.len > 0)
			draft_author(&s->draft, b.data, b.len, rank);
		buf_free(&b);
	} else if (s->capture_el == EL_AUTHOR && s->buf.len > 0) {
		rss_author(&s->draft, s->buf.data, rank);
	}
	free(s->name);
	free(s->email);
	s->name = s->email = NULL;
}

static void
person_value(struct xml_state *s, enum feed_el el)
{
	char **to = el == EL_NAME ? &s->name : &s->email;

	if (*to == NULL)
		*to = draft_plain(NULL, s->buf.data, s->buf.len, DRAFT_PLAIN, NULL, 1024);
	buf_reset(&s->buf);
}

/* Relative ids are resolved as readers do; "abc" is an id as it stands. */
static void
item_id(struct xml_state *s, const struct buf *b, const char *base, int rank, bool whole)
{
	char *id;

	text_trim(b->data);
	if (!whole && strchr(b->data, '/') != NULL && base != NULL &&
	    !feed_url_has_scheme(b->data, strlen(b->data)) && strpbrk(b->data, " \n") == NULL) {
		id = feed_url_join(base, b->data, strlen(b->data));
		if (id != NULL)
			draft_id(&s->draft, id, strlen(id), rank);
		free(id);
		return;
	}
	draft_id(&s->draft, b->data, strlen(b->data), rank);
}

static void
guid(struct xml_state *s, struct buf *b, const char *base, int rank)
{
	item_id(s, b, base, rank, !s->permalink);
	if (s->permalink && (s->permalink_stated || feed_url_is_web(b->data)))
		draft_url(&s->draft, base, b->data, strlen(b->data), 2);
}

static void
item_text(struct xml_state *s, enum feed_el el, const char *base, int rank)
{
	struct draft *d = &s->draft;
	enum draft_form form = construct(s);
	const char *p = s->buf.data != NULL ? s->buf.data : "";
	size_t n = s->buf.len;

	if (el == EL_TITLE || el == EL_MEDIA_TITLE)
		draft_title(d, p, n, form, base, rank);
	else
		draft_body(d, el == EL_CONTENT ? DRAFT_CONTENT :
		    el == EL_DESCRIPTION ? DRAFT_SUMMARY : DRAFT_FALLBACK,
		    p, n, form, base);
}

static void
item_value(struct xml_state *s, const struct xml_frame *f, const struct element *how,
    const char *base)
{
	struct draft *d = &s->draft;
	struct buf *b = &s->buf;
	/* Elements of Atom in an item of RSS are second to its own. */
	int rank = how->rank * 2 + (f->ns == s->frames[s->item - 1].ns);

	switch (f->el) {
	case EL_LINK:
		draft_url(d, base, b->data, b->len, rank);
		break;
	case EL_GUID:
		guid(s, b, base, rank);
		break;
	case EL_ID:
		item_id(s, b, base, rank, false);
		break;
	case EL_IDENTIFIER:
		draft_id(d, b->data, b->len, rank);
		break;
	case EL_PUBLISHED:
	case EL_ISSUED:
	case EL_CREATED:
		draft_published(d, b->data, b->len, rank);
		break;
	case EL_UPDATED:
	case EL_MODIFIED:
	case EL_DATE:
		draft_updated(d, b->data, b->len, rank);
		break;
	case EL_CREATOR:
	case EL_ITUNES_AUTHOR:
		rss_author(d, b->data, rank);
		break;
	case EL_LANGUAGE:
		free(d->it.lang);
		d->it.lang = draft_plain(NULL, b->data, b->len, DRAFT_PLAIN, NULL, 64);
		break;
	default:
		item_text(s, f->el, base, how->rank);
		break;
	}
}

static void
end_capture(struct xml_state *s)
{
	const struct xml_frame *f = xml_top(s);
	const struct element *how = find(f->el);

	if (s->person > 0 && (f->el == EL_NAME || f->el == EL_EMAIL))
		person_value(s, f->el);
	else if (f->el != EL_AUTHOR && how != NULL) {
		if (s->item > 0)
			item_value(s, f, how, xml_base(s));
		else
			feed_value(s, f->el, xml_base(s));
	}
	s->capture = 0;
	s->form = XML_PLAIN;
}

void
xml_element_close(struct xml_state *s)
{
	const struct xml_frame *f = xml_top(s);

	if (s->depth == s->person) {
		if (s->item > 0)
			end_person(s, find(EL_AUTHOR)->rank * 2 +
			    (f->ns == s->frames[s->item - 1].ns));
		s->person = 0;
	}
	if (s->depth == s->capture)
		end_capture(s);
	if (s->depth == s->box)
		s->box = 0;
	if (s->depth == s->item) {
		draft_finish(&s->draft);
		s->item = 0;
	}
}
