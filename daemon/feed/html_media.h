/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_media: the pictures, films and sounds that a body shows: img (and image, which
 * browsers take for it), video, audio and source.
 *
 * Of img and image: src, or data-src where src is no address of the web (pages that load
 * late write a data: address there), and the first address of srcset.  A picture that is
 * said to be one pixel wide and high counts visitors and shows nothing: none.
 */
#ifndef TOSD_FEED_HTML_MEDIA_H
#define TOSD_FEED_HTML_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/item.h"
#include "feed/html_names.h"
#include "feed/markup.h"
#include "feed/url.h"

/* One more than policy.media_items may be, so that who has more is told of it. */
#define HTML_MEDIA_MAX 101

/* All zero is an empty set; free with html_media_free(). */
struct html_media {
	struct html_medium {
		const char *url; /* absolute, http or https; none twice */
		const char *type;
		char *own, *stated; /* url, type where they are ours */
		bool other; /* another form of what is there: to be looked at last */
	} *v;
	size_t n;
	bool full;	  /* one was left out */
	enum html_tag in; /* the video or audio that is open, else HTML_TAG_UNKNOWN */
};

/* The addresses of a tag: its attributes from HTML_ATTR_SRC on. */
#define HTML_MEDIA_ATTRS (HTML_NATTRS - HTML_ATTR_SRC)

/* A tag, and where it stands. */
struct html_media_found {
	struct html_media *to;
	struct markup *m;
	const struct markup_token *t;
	const char *base;
	const struct feed_links *links; /* must outlive the set */
	const char *const *at; /* HTML_MEDIA_ATTRS addresses that are links already, or NULL */
};

void html_media_open(const struct html_media_found *f, enum html_tag tag);
void html_media_close(struct html_media *to, enum html_tag tag);
/* To the item, behind the media that its feed names; other forms of a picture behind all,
 * since media are asked for from the first on, and only so many of an item.  What is beyond
 * HTML_MEDIA_MAX is left out; the last one that is there is never asked for, and said not to
 * be known.  room is of bytes, and lowered; false if it did not do.  Leaves an empty set. */
bool html_media_give(struct html_media *from, struct item *to, size_t *room);
void html_media_free(struct html_media *to);

#define HTML_BLANKS " \t\r\n\f"

/* The first address of a srcset, which may have commas inside; *n is its length. */
const char *html_srcset_first(const char *s, size_t *n);

#endif
