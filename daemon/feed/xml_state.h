/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_state: what the parts of the XML reader share: feed_xml.c keeps the open
 * elements, xml_space.c their names and bases, xml_elements.c knows what they mean where
 * they begin, xml_values.c what becomes of their text where they end.
 */
#ifndef TOSD_FEED_XML_STATE_H
#define TOSD_FEED_XML_STATE_H

#include <string.h>

#include "feed/draft.h"
#include "feed/markup.h"
#include "feed/names.h"

#define XML_DEPTH 512			 /* feed_limits.max_depth cannot be more */
#define XML_BASE_BYTES ((size_t)1 << 20) /* of all addresses made by xml:base */
#define XML_BINDINGS 64 /* name space declarations in force at a time */

struct xml_binding {
	struct markup_str prefix, uri;
	enum feed_ns ns;
};

struct xml_frame {
	struct markup_str name; /* with prefix */
	uint8_t el, ns;
	uint8_t nbindings;	/* in force before this element */
	char *base;		/* own xml:base made absolute, else NULL */
	struct markup_str lang; /* own xml:lang, p NULL if none */
};

/* How the text of the element being captured is written. */
enum xml_form {
	XML_PLAIN, /* a value */
	XML_TEXT,  /* a text construct: literal unless it has child elements */
	XML_GUESS,
	XML_HTML,   /* escaped markup */
	XML_INLINE, /* child elements are markup, text is not escaped twice */
	XML_BASE64,
	XML_BASE64_TEXT,
};

/* The picture, sound or film whose element is open. */
struct xml_medium {
	size_t depth; /* 0: none is */
	char *url, *type, *text;
};

struct xml_state {
	struct markup m;
	struct markup_token t;
	const struct feed_text *text;
	const struct feed_source *src;
	struct feed_build *build;
	char *base; /* of the document, NULL if unknown */

	struct xml_frame frames[XML_DEPTH];
	uint32_t hashes[XML_DEPTH]; /* of the frames' names, apart for speed */
	size_t depth, max_depth;
	size_t hashed; /* frames whose name has been hashed: an odd end tag came */
	size_t beyond; /* open elements deeper than that */
	size_t strays; /* end tags that closed nothing */
	struct xml_binding bindings[XML_BINDINGS];
	size_t nbindings;
	struct markup_str main_uri; /* an unknown one that the root is in */
	bool root_seen, root_closed;
	size_t faults_before, left_before; /* the item being read */

	/* Depth of the frame, 0 where none is open. */
	size_t item, box, person, capture;
	enum feed_el capture_el;
	enum xml_form form;
	bool children;	/* the captured element has child elements */
	bool opaque;	/* it holds a picture or the like in base64, no text */
	bool permalink; /* of the guid being captured */
	bool permalink_stated;
	struct buf buf;
	struct draft draft;
	char *name, *email; /* of the person */
	char *author;	    /* of an Atom feed, for entries that have none */
	struct xml_medium medium;
	int64_t period;
	int frequency;
	enum { MAP_NONE, MAP_URLS, MAP_INDEX } map; /* is it a sitemap? */
	bool elsewhere;	   /* the item's feed is served by another host than its site's */
	bool void_link;	   /* <link/> has just been, its address may follow */
	bool archive;	   /* doc->next_url is a prev-archive */
	size_t base_bytes; /* made of xml:base and of addresses below it so far */
	size_t rebased;	   /* open elements in the captured one with an xml:base */
	size_t gone_bytes, more_bytes;
};

/* The frame on top; its base and language include what encloses it. */
static inline struct xml_frame *
xml_top(struct xml_state *s)
{
	return &s->frames[s->depth - 1];
}
static inline bool
xml_same(struct markup_str a, struct markup_str b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* --- xml_space.c --- */

/* The name behind the prefix. */
struct markup_str xml_local(struct markup_str name, struct markup_str *prefix);
/* What a prefix stands for here. */
enum feed_ns xml_space(struct xml_state *s, struct markup_str prefix);
/* Declarations, xml:base and xml:lang of the tag; an attribute whose prefix is not
 * declared is noted. */
void xml_read_attrs(struct xml_state *s, struct xml_frame *f);
/* The root may be in a name space of its author's making: then that is ours.  One of
 * a module, given by mistake, only means ours without its prefix. */
void xml_adopt_root(struct xml_state *s, struct xml_frame *f, struct markup_str prefix);
/* An address below xml:base; NULL: it is none, or the budget for them is spent. */
char *xml_join(struct xml_state *s, const struct markup_str *ref);
const char *xml_base(const struct xml_state *s);
/* A feed that is served by somebody else than its site (feed services, planets) was
 * written for the site. */
bool xml_is_elsewhere(const struct xml_state *s);

/* How an element counts; rank: of several sources of one value the higher wins. */
enum { IN_ITEM = 1, IN_FEED = 2, IN_PERSON = 4 };
struct xml_element {
	uint8_t el, where, construct, rank;
};
/* NULL for elements whose text is not captured. */
const struct xml_element *xml_element_find(enum feed_el el);

static inline bool
xml_is_atom(enum feed_ns ns)
{
	return ns == NS_ATOM || ns == NS_ATOM03;
}

/* An attribute of s->t with references decoded, in b; NULL if there is none. */
const struct buf *xml_attr(struct xml_state *s, struct buf *b, const char *name);
bool xml_attr_is(struct xml_state *s, const char *name, const char *value);

/* Is the text of the <link> at hand the address of a page? */
bool xml_link_is_text(struct xml_state *s);
/* Elements that say in attributes what they say: links, enclosures, tombstones. */
void xml_link_element(struct xml_state *s, const struct xml_frame *f);
/* The web address href at base into *to, if that is still NULL. */
void xml_take_url(const char *base, const char *href, size_t n, char **to);
/* What a text inside an open medium says of it. */
void xml_medium_text(struct xml_state *s, enum feed_el el, const char *base);
/* The element of the medium ends. */
void xml_medium_close(struct xml_state *s);
/* An id, made absolute where readers do. */
char *xml_id(const char *base, const char *s);
/* Another address of an index, or id of a removed item; both lists are bounded. */
void xml_more(struct xml_state *s, const char *base);

/* The open element s->t has just become the top frame. */
void xml_element_open(struct xml_state *s);
/* The top frame is about to be closed. */
void xml_element_close(struct xml_state *s);
/* The depth of the open element that must have lost its end tag, since this one can only
 * stand beside it; 0 if none has. */
size_t xml_lost_end(const struct xml_state *s, enum feed_ns ns, enum feed_el el);

#endif
