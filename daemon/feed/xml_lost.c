/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_lost: which elements show, where they begin, that one that is open has lost its
 * end tag: they can only stand beside it.  HTML that was not escaped is the other thing
 * that can stand inside a text, so that names which HTML has too tell less.
 */
#include <string.h>

#include "feed/html_names.h"
#include "feed/xml_state.h"

enum { TELLS_NOTHING, TELLS_LITTLE, TELLS };

static const uint8_t tells[EL_COUNT] = {
    [EL_TITLE] = TELLS_LITTLE, /* of HTML and SVG */
    [EL_LINK] = TELLS_LITTLE,
    [EL_DESCRIPTION] = TELLS_LITTLE, /* <summary> of HTML */
    [EL_CONTENT] = TELLS_LITTLE,     /* <body> */
    [EL_BOX] = TELLS_LITTLE,	     /* <source> */
    [EL_GUID] = TELLS,
    [EL_ID] = TELLS,
    [EL_IDENTIFIER] = TELLS,
    [EL_PUBLISHED] = TELLS,
    [EL_ISSUED] = TELLS,
    [EL_CREATED] = TELLS,
    [EL_UPDATED] = TELLS,
    [EL_MODIFIED] = TELLS,
    [EL_DATE] = TELLS,
    [EL_AUTHOR] = TELLS,
    [EL_CREATOR] = TELLS,
    [EL_ITUNES_AUTHOR] = TELLS,
    [EL_FALLBACK] = TELLS,
    [EL_HINT] = TELLS,
    [EL_MEDIA_TITLE] = TELLS,
    [EL_MEDIUM] = TELLS,
    [EL_THUMBNAIL] = TELLS,
    [EL_PLAYER] = TELLS,
    [EL_ENCLOSURE] = TELLS,
    [EL_REPLY] = TELLS,
    [EL_ORIGINAL] = TELLS,
    [EL_LANGUAGE] = TELLS,
    [EL_TTL] = TELLS,
    [EL_SKIP] = TELLS,
    [EL_PERIOD] = TELLS,
    [EL_FREQUENCY] = TELLS,
    [EL_LABEL] = TELLS,
    [EL_CATEGORY] = TELLS,
    [EL_COMMENTS] = TELLS,
    [EL_SIDE] = TELLS,
};

/* Has the captured element any text so far?  Asked at every tag, so that a flood of
 * white space is not looked through. */
static bool
has_text(const struct xml_state *s)
{
	for (size_t i = 0; i < s->buf.len && i < 256; i++)
		if ((uint8_t)s->buf.data[i] > ' ')
			return true;
	return s->buf.len > 256;
}

/* A tag of a module that the document declares: <slash:comments>. */
static bool
is_module(const struct xml_state *s, enum feed_ns ns)
{
	const char *colon = memchr(s->t.name.p, ':', s->t.name.n);
	size_t n;

	if (colon == NULL || ns == NS_XHTML || ns == NS_MAIN)
		return false;
	n = colon - s->t.name.p;
	for (size_t i = s->nbindings; ns == NS_OTHER && i-- > 0;)
		if (s->bindings[i].prefix.n == n &&
		    memcmp(s->bindings[i].prefix.p, s->t.name.p, n) == 0)
			return true;
	return ns != NS_OTHER;
}

/* A name that neither feeds nor HTML know, behind text: somebody's own. */
static bool
is_own_name(const struct xml_state *s, enum feed_ns ns, enum feed_el el)
{
	struct markup_str name = s->t.name;

	return el == EL_NONE && ns != NS_XHTML &&
	       (s->form == XML_PLAIN || ns == NS_OTHER) &&
	       memchr(name.p, ':', name.n) == NULL &&
	       html_tag(name.p, name.n) == HTML_TAG_UNKNOWN && has_text(s);
}

/* Does the name tell that it stands beside f, which holds plain text or HTML? */
static bool
beside_text(const struct xml_state *s, const struct xml_frame *f, enum feed_ns ns,
    enum feed_el el)
{
	bool same = el == (enum feed_el)f->el && ns == (enum feed_ns)f->ns;
	bool direct = s->depth == s->capture, plain = s->form == XML_PLAIN;

	if (same && plain)
		return direct && has_text(s);
	if (f->el == EL_CATEGORY && (el == EL_BOX || !direct))
		return false; /* some put its picture there */
	if (tells[el] == TELLS)
		return !same;
	if (direct && ((is_module(s, ns) && has_text(s)) || is_own_name(s, ns, el)))
		return true;
	if (tells[el] == TELLS_NOTHING || !direct)
		return false;
	if (plain && has_text(s))
		return true;
	switch (el) {
	case EL_CONTENT:
		return ns == NS_CONTENT || xml_is_atom(ns);
	case EL_BOX:
		return false;
	case EL_DESCRIPTION:
		if (s->t.name.n == sizeof("description") - 1)
			return ns == (enum feed_ns)f->ns;
		/* fall through */
	default:
		return !same && ns == (enum feed_ns)f->ns &&
		       (el != EL_DESCRIPTION || xml_is_atom(ns) || plain ||
			   f->el == EL_TITLE);
	}
}

/* The same where f holds XHTML: its elements are in another name space. */
static bool
beside_inline(const struct xml_state *s, const struct xml_frame *f, enum feed_ns ns,
    enum feed_el el)
{
	if (s->depth != s->capture || !s->children)
		return false;
	if (ns != NS_OTHER && is_module(s, ns))
		return true;
	return xml_is_atom(ns) && ns == (enum feed_ns)f->ns &&
	       tells[el] != TELLS_NOTHING && el != EL_BOX && el != EL_LABEL &&
	       el != EL_CATEGORY && el != EL_COMMENTS && el != EL_SIDE;
}

/* Of the elements that we do not read these are <uri> and <url>. */
static bool
is_part_of_person(const struct xml_state *s, enum feed_el el)
{
	const char *colon = memchr(s->t.name.p, ':', s->t.name.n);
	size_t prefix = colon != NULL ? (size_t)(colon + 1 - s->t.name.p) : 0;

	return el == EL_NAME || el == EL_EMAIL ||
	       (el == EL_SIDE && s->t.name.n - prefix == sizeof("uri") - 1);
}

static size_t
lost_in_person(const struct xml_state *s, enum feed_ns ns, enum feed_el el)
{
	const struct xml_frame *f = &s->frames[s->person - 1];

	if (is_part_of_person(s, el))
		return s->capture > s->person && s->depth == s->capture ? s->capture
									: 0;
	if (tells[el] == TELLS ||
	    (tells[el] == TELLS_LITTLE && ns == (enum feed_ns)f->ns))
		return s->person;
	return s->depth == s->capture && s->capture == s->person &&
		       is_own_name(s, ns, el)
		   ? s->person
		   : 0;
}

/* In boxes of an item: <source> of RSS has no children, and the others have none that
 * say when and where the item is. */
static size_t
lost_in_box(const struct xml_state *s, enum feed_ns ns, enum feed_el el)
{
	const struct xml_frame *f = &s->frames[s->box - 1];

	if (s->item == 0 || s->depth != s->box || f->el != EL_BOX)
		return 0;
	if (f->ns == NS_MAIN && f->name.n == sizeof("source") - 1)
		return tells[el] != TELLS_NOTHING || is_module(s, ns) ? s->box : 0;
	switch (el) {
	case EL_GUID:
	case EL_PUBLISHED:
	case EL_ENCLOSURE:
	case EL_CREATOR:
	case EL_DATE:
	case EL_MEDIUM:
		return s->box;
	case EL_CONTENT:
		return ns == NS_CONTENT || xml_is_atom(ns) ? s->box : 0;
	default:
		return 0;
	}
}

static size_t
outermost(const struct xml_state *s)
{
	size_t at = s->capture;

	if (s->person > 0 && (at == 0 || s->person < at))
		at = s->person;
	if (s->box > 0 && (at == 0 || s->box < at))
		at = s->box;
	return at;
}

size_t
xml_lost_end(const struct xml_state *s, enum feed_ns ns, enum feed_el el)
{
	const struct xml_frame *f;

	/* Whatever is open where the first item begins: it is no part of that. */
	if (el == EL_ITEM && s->item == 0 &&
	    (ns == NS_MAIN || ns == NS_ATOM || ns == NS_ATOM03))
		return outermost(s);
	if (s->person > 0)
		return lost_in_person(s, ns, el);
	if (s->box > 0)
		return lost_in_box(s, ns, el);
	if (s->capture == 0)
		return 0;
	f = &s->frames[s->capture - 1];
	if (s->form == XML_INLINE)
		return beside_inline(s, f, ns, el) ? s->capture : 0;
	return beside_text(s, f, ns, el) ? s->capture : 0;
}
