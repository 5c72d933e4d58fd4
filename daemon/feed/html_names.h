/* SPDX-License-Identifier: Apache-2.0 */
/* html_names: what the elements and attributes of HTML mean for readers. */
#ifndef TOSD_FEED_HTML_NAMES_H
#define TOSD_FEED_HTML_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum html_tag {
	HTML_TAG_UNKNOWN,
	HTML_TAG_INLINE,
	HTML_TAG_BLOCK, /* starts and ends a line */
	HTML_TAG_PARA,	/* with a blank line around */
	HTML_TAG_CELL,	/* a space between */
	HTML_TAG_PRE,
	HTML_TAG_DROP,
	HTML_TAG_TITLE,
	HTML_TAG_META,
	HTML_TAG_HTML,
	HTML_TAG_BASE,
	HTML_TAG_LINK,
	/* What they show is elsewhere; inline, and the last ones here. */
	HTML_TAG_IMG,
	HTML_TAG_FILM,
	HTML_TAG_SOUND,
	HTML_TAG_SOURCE,
};

enum html_attr {
	HTML_ATTR_OTHER,
	HTML_ATTR_LINK, /* an address */
	HTML_ATTR_NOTE, /* text for readers */
	HTML_ATTR_VALUE, /* the same, of a field */
	HTML_ATTR_SRCDOC, /* a document */
	/* Addresses, too; the last ones here. */
	HTML_ATTR_SRC,
	HTML_ATTR_DATA_SRC,
	HTML_ATTR_HREF,
	HTML_ATTR_POSTER,
	HTML_ATTR_SRCSET, /* a list of them */
	HTML_NATTRS
};

/* One address, and not a list of them. */
static inline bool
html_attr_is_address(enum html_attr a)
{
	return a == HTML_ATTR_LINK || (a >= HTML_ATTR_SRC && a < HTML_ATTR_SRCSET);
}

/* The name in lower case. */
enum html_tag html_tag(const char *name, size_t n);
/* The name in any case. */
enum html_attr html_attr(const char *name, size_t n);

#endif
