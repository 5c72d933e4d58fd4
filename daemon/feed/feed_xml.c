/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_xml: the reader of RSS, Atom, CDF and sitemaps: open elements, and
 * text on its way into the element that is captured.  Elements that lost their end tag
 * are closed when one that encloses them ends, or when a new item begins.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/charset.h"
#include "feed/html_names.h"
#include "feed/html_shown.h"
#include "feed/xml_state.h"

static bool
known(const char *name, size_t n)
{
	struct markup_str prefix,
	    local = xml_local((struct markup_str){name, n}, &prefix);
	enum feed_ns ns = NS_MAIN;

	if (prefix.n > 0)
		ns = feed_ns_usual(prefix.p, prefix.n);
	return n > 1 && feed_el_of(ns, local.p, local.n) != EL_NONE;
}

/* Names hash without case, so that </Title> finds <title>. */
static uint32_t
hash(struct markup_str s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)(s.p[i] | 32)) * 16777619u;
	return h;
}

static bool
is_root(enum feed_el el)
{
	return el == EL_RSS || el == EL_RDF || el == EL_FEED || el == EL_CHANNEL ||
	       el == EL_ITEM || el == EL_URLSET || el == EL_SITEMAPINDEX;
}

/* Names that mean something in a sitemap only. */
static enum feed_el
in_context(const struct xml_state *s, enum feed_el el)
{
	if (el == EL_URL)
		return s->map == MAP_URLS ? EL_ITEM : EL_SIDE;
	return el == EL_LOC && s->map == MAP_NONE ? EL_NONE : el;
}

static void
pop(struct xml_state *s)
{
	struct xml_frame *f = xml_top(s);

	if (f->base != NULL && s->capture > 0 && s->depth > s->capture)
		s->rebased--;
	xml_element_close(s);
	s->nbindings = f->nbindings;
	free(f->base);
	s->depth--;
	if (s->hashed > s->depth)
		s->hashed = s->depth;
	s->m.enclosing.n = 0;
	if (s->depth > 0)
		s->m.enclosing = xml_top(s)->name;
}

/* Closes frames until depth are left. */
static void
pop_to(struct xml_state *s, size_t depth)
{
	if (s->depth > depth + 1)
		markup_note(&s->m, MARKUP_MISNESTED, s->t.source.p);
	while (s->depth > depth)
		pop(s);
}

/* The same with its addresses made absolute: HTML knows no xml:base. */
static void
keep_rebased(struct xml_state *s, struct markup_str local)
{
	struct buf url = {0};

	buf_putc(&s->buf, '<');
	buf_put(&s->buf, local.p, local.n);
	for (size_t i = 0; i < s->t.nattrs; i++) {
		const struct markup_attr *a = &s->m.attrs[i];
		char *whole = NULL;

		if (a->value.p == NULL)
			continue;
		buf_putc(&s->buf, ' ');
		buf_put(&s->buf, a->name.p, a->name.n);
		buf_puts(&s->buf, "=\"");
		/* References need no decoding: base and value are both escaped. */
		if (html_attr_is_address(html_attr(a->name.p, a->name.n)))
			whole = xml_join(s, &a->value);
		buf_reset(&url);
		if (whole != NULL)
			buf_puts(&url, whole);
		else
			buf_put(&url, a->value.p, a->value.n);
		for (size_t k = 0; k < url.len; k++)
			if (url.data[k] == '"')
				buf_puts(&s->buf, "&quot;");
			else
				buf_putc(&s->buf, url.data[k]);
		buf_putc(&s->buf, '"');
		free(whole);
	}
	buf_puts(&s->buf, s->t.empty ? "/>" : ">");
	buf_free(&url);
}

/* In HTML <b/> ends nothing. */
static void
keep_end(struct xml_state *s, struct markup_str local)
{
	if (!s->t.empty || s->form != XML_INLINE || html_shown_void(&local))
		return;
	buf_puts(&s->buf, "</");
	buf_put(&s->buf, local.p, local.n);
	buf_putc(&s->buf, '>');
}

/* A tag inside the captured element goes into its text as it is, but without a
 * prefix, so that HTML reads it. */
static void
keep_tag(struct xml_state *s)
{
	struct markup_str prefix, local = xml_local(s->t.name, &prefix);

	if (s->form == XML_PLAIN)
		return;
	s->children = true;
	if (s->rebased > 0 && s->t.kind == MARKUP_OPEN) {
		keep_rebased(s, local);
		keep_end(s, local);
		return;
	}
	if (prefix.n == 0) {
		buf_put(&s->buf, s->t.source.p, s->t.source.n);
		if (s->t.source.n > 0 && s->t.source.p[s->t.source.n - 1] != '>')
			buf_putc(&s->buf, '>');
	} else {
		buf_puts(&s->buf, s->t.kind == MARKUP_CLOSE ? "</" : "<");
		buf_put(&s->buf, local.p, s->t.source.p + s->t.source.n - local.p);
	}
	keep_end(s, local);
}

/* What must be closed before the element begins. */
static void
close_before(struct xml_state *s, enum feed_ns ns, enum feed_el el)
{
	bool ours = ns == NS_MAIN || ns == NS_ATOM || ns == NS_ATOM03;
	size_t lost;

	if (s->item > 0 && el == EL_ITEM && ours && s->form != XML_INLINE) {
		markup_note(&s->m, MARKUP_MISNESTED, s->t.source.p);
		pop_to(s, s->item - 1);
	}
	while ((s->capture > 0 || s->person > 0 || s->box > 0) &&
	       (lost = xml_lost_end(s, ns, el)) > 0) {
		markup_note(&s->m, MARKUP_MISNESTED, s->t.source.p);
		pop_to(s, lost - 1);
	}
}

/* What element the tag is, and of which name space. */
static enum feed_el
meaning(struct xml_state *s, struct xml_frame *f, enum feed_ns *ns)
{
	struct markup_str prefix, local = xml_local(s->t.name, &prefix);
	enum feed_el el;

	*ns = xml_space(s, prefix);
	el = in_context(s, feed_el_of(*ns, local.p, local.n));
	if (s->root_seen || *ns == NS_MAIN || el != EL_NONE)
		return el;
	el = feed_el_of(NS_MAIN, local.p, local.n);
	if (!is_root(el))
		return EL_NONE;
	xml_adopt_root(s, f, prefix);
	*ns = NS_MAIN;
	return el;
}

static void
open_element(struct xml_state *s)
{
	struct xml_frame *f;
	enum feed_ns ns;
	enum feed_el el;
	size_t marks;

	if (s->root_closed)
		markup_note(&s->m, MARKUP_OUTSIDE, s->t.source.p);
	if (s->depth >= s->max_depth) {
		markup_note(&s->m, MARKUP_TOO_DEEP, s->t.source.p);
		if (s->capture > 0)
			keep_tag(s);
		s->beyond += !s->t.empty;
		return;
	}
	marks = s->nbindings;
	f = &s->frames[s->depth];
	memset(f, 0, sizeof(*f));
	if (s->t.nattrs > 0)
		xml_read_attrs(s, f);
	el = meaning(s, f, &ns);
	close_before(s, ns, el);
	/* Frames may have been closed, and their declarations with them. */
	if (f != &s->frames[s->depth]) {
		s->frames[s->depth] = *f;
		f->base = NULL;
		f = &s->frames[s->depth];
	}
	f->nbindings = (uint8_t)(marks < s->nbindings ? marks : s->nbindings);
	f->name = s->t.name;
	f->ns = ns;
	f->el = el;
	s->depth++;
	s->m.enclosing = f->name;
	if (s->capture > 0) {
		s->rebased += f->base != NULL;
		keep_tag(s);
	}
	xml_element_open(s);
	if (s->t.skipped && s->item > 0)
		s->draft.it.flags |= ITEM_TRUNCATED;
	if (s->t.empty)
		pop(s);
}

/* The innermost open element of that name; 0 if there is none. */
static size_t
find_open(struct xml_state *s, struct markup_str name)
{
	/* Thousands of end tags that close nothing: look less far, stay linear. */
	size_t last = s->strays > 10000 && s->depth > 32 ? s->depth - 32 : 0;
	uint32_t h;

	if (s->depth > 0 && xml_same(xml_top(s)->name, name))
		return s->depth;
	h = hash(name);
	for (; s->hashed < s->depth; s->hashed++)
		s->hashes[s->hashed] = hash(s->frames[s->hashed].name);
	for (size_t i = s->depth; i > last; i--) {
		const struct xml_frame *f = &s->frames[i - 1];

		if (s->hashes[i - 1] == h && f->name.n == name.n &&
		    (memcmp(f->name.p, name.p, name.n) == 0 ||
			strncasecmp(f->name.p, name.p, name.n) == 0))
			return i;
	}
	return 0;
}

static void
close_element(struct xml_state *s)
{
	size_t at;

	if (s->beyond > 0) {
		s->beyond--;
		if (s->capture > 0)
			keep_tag(s);
		return;
	}
	at = find_open(s, s->t.name);
	if (at == 0 || !xml_same(s->frames[at - 1].name, s->t.name))
		markup_note(&s->m, MARKUP_MISNESTED, s->t.source.p);
	if (at == 0) {
		s->strays++;
		if (s->capture > 0)
			keep_tag(s);
		return;
	}
	if (at > s->capture && s->capture > 0)
		keep_tag(s);
	pop_to(s, at - 1);
	if (s->depth == 0)
		s->root_closed = true;
}

static bool
blank(const char *p, size_t n)
{
	while (n > 0 && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) {
		p++;
		n--;
	}
	return n == 0;
}

/* Bytes of one capture are bounded: markup may be longer than its text, and what is cut
 * may be text all the same.  Values are shorter, and cut where they are put. */
static size_t
room(struct xml_state *s, size_t n)
{
	size_t max = s->build->lim->max_text * 4 + 4096;

	if (s->buf.len + n <= max)
		return n;
	s->build->doc->truncated = true;
	if (s->item > 0 && s->form != XML_PLAIN)
		s->draft.it.flags |= ITEM_TRUNCATED;
	n = s->buf.len < max ? max - s->buf.len : 0;
	return n;
}

static void
on_text(struct xml_state *s)
{
	const char *p = s->t.text.p;
	size_t n = s->t.text.n;

	if (s->depth == 0 && !blank(p, n))
		markup_note(&s->m, MARKUP_OUTSIDE, p);
	if (s->capture == 0 && s->item > 0 && s->void_link && !blank(p, n)) {
		buf_reset(&s->buf);
		markup_decode(&s->m, &s->buf, p, n);
		draft_url(&s->draft, NULL, s->buf.data, s->buf.len, 4);
		s->void_link = false;
		return;
	}
	if (s->capture == 0) {
		if (s->t.kind == MARKUP_TEXT)
			markup_check(&s->m, p, n);
		return;
	}
	n = room(s, n);
	while (n > 0 && n < s->t.text.n && ((uint8_t)p[n] & 0xc0) == 0x80)
		n--;
	if (s->t.kind == MARKUP_CDATA && s->form == XML_INLINE) {
		/* Literal text among markup: what would be markup is escaped. */
		buf_puts(&s->buf, "<![CDATA[");
		buf_put(&s->buf, p, n);
		buf_puts(&s->buf, "]]>");
	} else if (s->t.kind == MARKUP_CDATA) {
		buf_put(&s->buf, p, n);
	} else if (s->form == XML_INLINE && s->m.nentities > 0) {
		markup_expand(&s->m, &s->buf, p, n);
	} else if (s->form == XML_INLINE) {
		markup_check(&s->m, p, n);
		buf_put(&s->buf, p, n);
	} else {
		markup_decode(&s->m, &s->buf, p, n);
	}
}

static void
on_token(struct xml_state *s)
{
	switch (s->t.kind) {
	case MARKUP_OPEN:
		open_element(s);
		break;
	case MARKUP_CLOSE:
		close_element(s);
		break;
	case MARKUP_TEXT:
	case MARKUP_CDATA:
		on_text(s);
		break;
	case MARKUP_PI:
		if (s->t.text.n >= 3 && memcmp(s->t.text.p, "xml", 3) == 0 &&
		    (s->t.text.n == 3 || (uint8_t)s->t.text.p[3] <= ' ') &&
		    s->t.source.p != s->m.start)
			markup_note(&s->m, MARKUP_LATE_DECL, s->t.source.p);
		break;
	default:
		break;
	}
}

/* The base of everything: the document's address, or what it says is its own. */
static char *
document_base(const struct feed_source *src)
{
	const char *loc = src->content_location;

	/* Items are text, and a base of other bytes would be in their addresses. */
	if (loc != NULL && loc[0] != '\0' && text_valid(loc, strlen(loc))) {
		char *base = feed_url_join(src->url, loc, strlen(loc));

		if (feed_url_is_web(base))
			return base;
		free(base);
	}
	return xstrdup(src->url);
}

static void
finish(struct xml_state *s)
{
	struct feed_doc *doc = s->build->doc;

	if (s->depth > 0 && !s->build->full)
		markup_note(&s->m, MARKUP_MISNESTED, s->m.end);
	s->t.source.p = s->m.end;
	while (s->depth > 0)
		pop(s);
	if (s->m.fault != MARKUP_FINE)
		feed_problem(
		    doc, s->text, s->m.fault_at, markup_fault_text(s->m.fault));
	if (doc->ttl_ms == 0 && s->period > 0)
		doc->ttl_ms = s->period / (s->frequency > 0 ? s->frequency : 1);
	/* RFC 4287 section 4.2.1. */
	for (size_t i = 0; s->author != NULL && i < doc->nitems; i++)
		if (doc->items[i].author == NULL)
			doc->items[i].author = xstrdup(s->author);
	buf_free(&s->buf);
	free(s->author);
	free(s->base);
	free(s->name);
	free(s->email);
	xml_medium_close(s);
}

int
feed_xml_parse(const struct feed_text *text, const struct feed_source *src,
    struct feed_build *build, struct err *e)
{
	struct xml_state *s = xmalloc(sizeof(*s));
	bool found;

	/* The large arrays are written before they are read. */
	memset((char *)s + sizeof(s->m), 0,
	    offsetof(struct xml_state, frames) - sizeof(s->m));
	memset((char *)s + offsetof(struct xml_state, depth), 0,
	    offsetof(struct xml_state, bindings) - offsetof(struct xml_state, depth));
	memset((char *)s + offsetof(struct xml_state, nbindings), 0,
	    sizeof(*s) - offsetof(struct xml_state, nbindings));
	s->text = text;
	s->src = src;
	s->build = build;
	s->base = document_base(src);
	s->max_depth =
	    build->lim->max_depth < XML_DEPTH ? build->lim->max_depth : XML_DEPTH;
	if (s->max_depth < 8)
		s->max_depth = 8;
	markup_init(&s->m, MARKUP_XML, text->p, text->n);
	s->m.known = known;
	while (!build->full && markup_next(&s->m, &s->t))
		on_token(s);
	finish(s);
	found = s->root_seen;
	free(s);
	return found ? 0
		     : err_set(e, TOSD_EINVAL,
			   "no feed: no rss, feed, channel or urlset element");
}
