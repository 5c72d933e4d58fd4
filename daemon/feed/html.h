/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html: an HTML fragment or page to what a person reads: plain text, and the
 * addresses that it leads to.  One pass over tokens, no tree, so that nesting
 * can neither hide text nor cost time.
 *
 * script, style and template are dropped; block elements and <br> become line
 * breaks; white space is collapsed except in <pre>.  Text that markup hides from
 * readers (html_hidden.h) is flagged and kept, since a tenant may hide from us what
 * scripts show later: behind all that is seen, each part as a paragraph.
 *
 * What a line break comes of (an entry of a list, a wrapped line, two <br>) is not told,
 * so rules take it for a blank.  Another text would say it, and change the digest of
 * each post with a list: all of them would be taken for edited.
 */
#ifndef TOSD_FEED_HTML_H
#define TOSD_FEED_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "feed/html_media.h"
#include "feed/url.h"

struct feed_html_opt {
	const char *base;	  /* for relative addresses; NULL: those are left out */
	size_t max_text;	  /* bytes of text, 0: no limit */
	struct feed_links *links; /* where links go; NULL: into the result */
	struct html_media *media; /* where media go; NULL: they are not wanted */
	bool page;		  /* a whole page: its <title> is no part of the text */
};

/* All owned; free with feed_html_clear(). */
struct feed_html {
	char *text;   /* never NULL */
	char *title;  /* of <title>, pages only; NULL if none */
	char *alt;    /* texts of alt, title and the like, and fields, one a line; or NULL */
	char *lang;   /* of <html lang>, NULL if none */
	char *date;   /* pages: article:published_time as written, NULL if none */
	char *author; /* pages: <meta name=author>, NULL if none */
	char *description; /* pages: <meta name=description>, NULL if none */
	char *canonical;   /* pages: absolute rel=canonical, NULL if none */
	struct feed_links links;
	bool hidden;	/* some text is hidden by markup */
	bool truncated; /* a limit was reached */
};

/* html is valid UTF-8.  out is filled anew.  Text comes out without C0 controls
 * other than \n, trimmed. */
void feed_html_text(
    const char *html, size_t n, const struct feed_html_opt *opt, struct feed_html *out);
void feed_html_clear(struct feed_html *h);

/* Does plain text look as if HTML was meant: an end tag or a reference, and no tag
 * that HTML does not know?  For constructs whose type is not stated (RSS). */
bool feed_html_likely(const char *s, size_t n);

/* Appends s without C0 controls other than \n and \t, at most max bytes (0: no
 * limit), cut between characters; \r\n becomes \n.  False if it was cut. */
bool feed_plain_put(struct buf *b, const char *s, size_t n, size_t max);
/* The same as one line, trimmed; to be freed.  NULL: nothing is left. */
char *feed_plain_line(const char *s, size_t n, size_t max);

#endif
