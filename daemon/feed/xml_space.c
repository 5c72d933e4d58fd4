/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_space: what a name and an address mean where they stand: prefixes and their name
 * spaces, and the bases that tags give to what is in them.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/xml_state.h"

/* The name behind the prefix. */
struct markup_str
xml_local(struct markup_str name, struct markup_str *prefix)
{
	const char *colon = memchr(name.p, ':', name.n);

	*prefix = (struct markup_str){name.p, 0};
	if (colon == NULL || colon + 1 == name.p + name.n)
		return name;
	prefix->n = colon - name.p;
	return (struct markup_str){colon + 1, name.p + name.n - colon - 1};
}

enum feed_ns
xml_space(struct xml_state *s, struct markup_str prefix)
{
	enum feed_ns ns;

	for (size_t i = s->nbindings; i-- > 0;)
		if (xml_same(s->bindings[i].prefix, prefix))
			return s->bindings[i].ns;
	if (prefix.n == 0)
		return NS_MAIN;
	ns = feed_ns_usual(prefix.p, prefix.n);
	if (ns != NS_XML)
		markup_note(&s->m, MARKUP_BAD_PREFIX, prefix.p);
	return ns;
}

static void
bind(struct xml_state *s, struct markup_str prefix, struct markup_str uri)
{
	struct xml_binding *b = &s->bindings[s->nbindings];

	if (s->nbindings == XML_BINDINGS)
		return;
	b->prefix = prefix;
	b->uri = uri;
	b->ns = feed_ns_of(uri.p, uri.n);
	if (b->ns == NS_OTHER && s->main_uri.n > 0 && xml_same(uri, s->main_uri))
		b->ns = NS_MAIN;
	else if (b->ns == NS_OTHER)
		/* Misspelt, or a version of its own: then its prefix tells. */
		b->ns = feed_ns_usual(prefix.p, prefix.n);
	s->nbindings++;
}

/* An address below xml:base.  Each may be longer than what was received, so that all
 * of them have a budget. */
char *
xml_join(struct xml_state *s, const struct markup_str *ref)
{
	char *url;

	if (s->base_bytes > XML_BASE_BYTES) {
		s->build->doc->truncated = true;
		return NULL;
	}
	url = feed_url_join(xml_base(s), ref->p, ref->n);
	if (url != NULL)
		s->base_bytes += strlen(url);
	return url;
}

/* Declarations, xml:base and xml:lang of the tag; an attribute whose prefix is not
 * declared is noted. */
void
xml_read_attrs(struct xml_state *s, struct xml_frame *f)
{
	bool prefixed = false;

	for (size_t i = 0; i < s->t.nattrs; i++) {
		struct markup_attr *a = &s->m.attrs[i];

		if (a->value.p == NULL)
			continue;
		markup_check(&s->m, a->value.p, a->value.n);
		if (a->name.n >= 5 && memcmp(a->name.p, "xmlns", 5) == 0) {
			struct markup_str prefix = {a->name.p + 5, 0};

			if (a->name.n > 6 && a->name.p[5] == ':')
				prefix =
				    (struct markup_str){a->name.p + 6, a->name.n - 6};
			bind(s, prefix, a->value);
		} else if (a->name.n == 8 && memcmp(a->name.p, "xml:base", 8) == 0) {
			free(f->base); /* it may be given twice */
			f->base = xml_join(s, &a->value);
		} else if (a->name.n == 8 && memcmp(a->name.p, "xml:lang", 8) == 0) {
			f->lang = a->value;
		} else if (memchr(a->name.p, ':', a->name.n) != NULL) {
			prefixed = true;
		}
	}
	for (size_t i = 0; prefixed && i < s->t.nattrs; i++) {
		struct markup_str prefix;

		xml_local(s->m.attrs[i].name, &prefix);
		if (prefix.n > 0 && (prefix.n < 3 || memcmp(prefix.p, "xml", 3) != 0))
			xml_space(s, prefix);
	}
}

const char *
xml_base(const struct xml_state *s)
{
	const struct feed_doc *doc = s->build->doc;

	for (size_t i = s->depth; i-- > 0;)
		if (s->frames[i].base != NULL)
			return s->frames[i].base;
	if (s->item > 0 && s->elsewhere)
		return doc->link;
	if (s->base != NULL)
		return s->base;
	/* Nobody said where the document is from: what it says itself is better
	 * than nothing. */
	return doc->self_url != NULL ? doc->self_url : doc->link;
}

/* A feed that is served by somebody else than its site (feed services, planets) was
 * written for the site. */
bool
xml_is_elsewhere(const struct xml_state *s)
{
	const struct feed_doc *doc = s->build->doc;
	const char *base = s->base != NULL ? s->base : doc->self_url;

	return base != NULL && doc->link != NULL &&
	       !feed_url_same_host(base, doc->link);
}

/* The root may be in a name space of its author's making: then that is ours.  One of
 * a module, given by mistake, only means ours without its prefix. */
void
xml_adopt_root(struct xml_state *s, struct xml_frame *f, struct markup_str prefix)
{
	for (size_t i = s->nbindings; i-- > 0;) {
		if (!xml_same(s->bindings[i].prefix, prefix))
			continue;
		if (s->bindings[i].ns == NS_OTHER)
			s->main_uri = s->bindings[i].uri;
		s->bindings[i].ns = NS_MAIN;
		break;
	}
	for (size_t i = 0; i < s->nbindings; i++)
		if (s->main_uri.n > 0 && xml_same(s->bindings[i].uri, s->main_uri))
			s->bindings[i].ns = NS_MAIN;
	f->ns = NS_MAIN;
}
