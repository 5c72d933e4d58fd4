/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_hidden: tricks that keep text in a document and away from its readers, as far
 * as the document itself shows them: an attribute, an inline style or a style
 * element, characters without width inside words.  What a site's own style sheets do
 * is not looked at.
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
/* The value of a class attribute: a name that the usual style sheets hide. */
bool html_class_hides(const char *s, size_t n);
/* Does the text hold characters without width between two letters or digits? */
bool html_text_broken(const char *s, size_t n);

#endif
