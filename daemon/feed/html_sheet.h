/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_sheet: the style elements of a fragment, as far as they hide: rules for tags, classes
 * and ids and their combinations in one element.  Rules with conditions, of the place in
 * the document or of the screen, are told of and not followed: whoever could make us
 * believe that a part of a word is hidden would have parted it.
 */
#ifndef TOSD_FEED_HTML_SHEET_H
#define TOSD_FEED_HTML_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "feed/html_hidden.h"
#include "feed/markup.h"

#define HTML_SHEET_RULES 32
#define HTML_SHEET_NAME 48

/* All zero is an empty one. */
struct html_sheet {
	size_t n;
	struct html_sheet_rule {
		char what[HTML_SHEET_NAME]; /* "p.a#b" */
		struct html_style inner, block; /* of an element in a line, and of others */
	} v[HTML_SHEET_RULES];
	bool tried; /* some rule hides something */
};

/* The content of a style element. */
void html_sheet_read(struct html_sheet *sheet, const char *s, size_t n);
/* What its rules say of a tag; class and id may be NULL. */
void html_sheet_apply(const struct html_sheet *sheet, const struct markup_str *name,
    const struct markup_str *class, const struct markup_str *id, bool block,
    struct html_style *out);

#endif
