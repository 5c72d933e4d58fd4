/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_hidden: tricks that keep text in a document and away from its readers, as far
 * as the document itself shows them: an attribute, an inline style or a style
 * element, characters without width inside words.  What a site's own style sheets do
 * is not looked at.
 *
 * What is made for those who listen instead of looking is no trick: aria-hidden is seen
 * by everybody who looks, and the labels that style sheets hide from them ("opens in a
 * new window", "continue reading ...") are short.  Only a long text of that kind is
 * hidden from most readers.
 */
#ifndef TOSD_FEED_HTML_HIDDEN_H
#define TOSD_FEED_HTML_HIDDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an element is kept from readers. */
#define HTML_COVER_GONE 1u   /* it takes no room */
#define HTML_COVER_SPOKEN 2u /* neither: a label for those who listen */
#define HTML_COVER_SIZE 4u   /* neither: its letters have no size */
#define HTML_COVER_SIGHT 8u  /* not visible, in the room that it takes */
#define HTML_COVER_COLOUR 16u
#define HTML_COVER_FAINT 32u
/* What is in it may be shown again. */
#define HTML_COVER_UNDONE (HTML_COVER_SIZE | HTML_COVER_SIGHT | HTML_COVER_COLOUR)
#define HTML_COVER_ROOM (HTML_COVER_SIGHT | HTML_COVER_COLOUR | HTML_COVER_FAINT)

/* What a tag says; all zero: nothing. */
struct html_style {
	uint8_t covers; /* as browsers do it */
	uint8_t shows;	/* what would undo a cover around it */
	bool tried;	/* a trick is there, whether it works or not */
};

/* The value of a style attribute, references decoded: not displayed, not visible, of
 * no size, moved off the screen, or in the colour of its background.  block: so is the
 * element by itself.  Adds to out. */
void html_style_read(const char *s, size_t n, bool block, struct html_style *out);

/* The value of a class attribute: has it a name that the usual style sheets hide? */
enum html_class {
	HTML_CLASS_SHOWN,
	HTML_CLASS_SPOKEN, /* for those who listen: hidden if it is long */
	HTML_CLASS_HIDDEN,
};
enum html_class html_class_of(const char *s, size_t n);
#define HTML_SPOKEN_MAX ((size_t)200) /* bytes of a label */
/* Does the text hold characters without width between two letters or digits? */
bool html_text_broken(const char *s, size_t n);

#endif
