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

/* The value of a style attribute, references decoded: not displayed, not visible, of
 * no size, moved off the screen, or in the colour of its background. */
bool html_style_hides(const char *s, size_t n);
/* The content of a style element: does any of its rules? */
bool html_sheet_hides(const char *s, size_t n);
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
