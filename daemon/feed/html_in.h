/* SPDX-License-Identifier: Apache-2.0 */
/* html_in: a text in the making, for html.c and html_cover.c. */
#ifndef TOSD_FEED_HTML_IN_H
#define TOSD_FEED_HTML_IN_H

#include "feed/html.h"
#include "feed/html_hidden.h"
#include "feed/html_names.h"
#include "feed/html_sheet.h"
#include "feed/html_shown.h"
#include "feed/markup.h"

enum html_gap { HTML_GAP_NONE, HTML_GAP_SPACE, HTML_GAP_LINE, HTML_GAP_PARA };

struct html_state {
	struct markup m;
	struct markup_token t;
	const struct feed_html_opt *opt;
	struct feed_html *out;
	struct feed_links *links;
	struct buf text, alt, decoded, title;
	char *base; /* of <base href>, else NULL */
	enum html_gap gap;
	struct { /* what the text in hand is not: what is seen, or what is hidden */
		struct buf text;
		enum html_gap gap;
	} other;
	bool hiding;   /* the text in hand is hidden */
	size_t spoken; /* bytes of hidden text before a label, plus 1; 0: none */
	unsigned pre, depth;
	bool in_title, seen_title, drop;
	struct html_style said; /* of the tag in hand */
	const char
	    *at[HTML_MEDIA_ATTRS]; /* of the tag in hand, where it shows something */
	struct html_sheet sheet;
	struct html_shown shown; /* the last one here */
};

static inline void
html_gap(struct html_state *s, enum html_gap gap)
{
	if (s->gap < gap)
		s->gap = gap;
}

/* The value of an attribute, decoded, in s->decoded; false if it has none. */
bool html_value(struct html_state *s, const struct markup_str *v);

/* --- html_cover.c --- */

/* The sheets of a fragment, wherever they stand. */
void html_cover_sheets(struct html_state *s, const char *html, size_t n);
/* All that is said of the tag in hand. */
void html_cover_take(struct html_state *s, enum html_tag tag);
/* After a tag: is what follows seen?  What takes room parts what is around it. */
void html_cover_look(struct html_state *s);
/* The text in hand and the other one change places. */
void html_cover_turn(struct html_state *s);
/* A label for those who listen ends: was it more than that? */
void html_cover_end_label(struct html_state *s);

#endif
