/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: bytes of a feed document to items.  What kind of document it is follows
 * from its content, never from its media type.  RSS 0.9x, 1.0 and 2.0, Atom 0.3
 * and 1.0, CDF, sitemaps and JSON Feed are read; whatever is broken in them is mended
 * as far as it goes, and said.
 *
 * Nothing here opens a file or a connection, and all of it is linear in the
 * document's size.
 */
#ifndef TOSD_FEED_FEED_H
#define TOSD_FEED_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/item.h"
#include "feed/date.h"

/* Where the bytes came from; any may be NULL.  url is the base of relative
 * addresses, the rest are values of HTTP headers. */
struct feed_source {
	const char *url;
	const char *content_type;
	const char *content_location;
	const char *content_language;
};

struct feed_limits {
	size_t max_items; /* further items are left out */
	size_t max_text;  /* bytes of text and of summary of one item */
	size_t max_depth; /* deeper elements lose their place, not their text */
};
extern const struct feed_limits feed_limits_default; /* 2000, 1 MiB, 512 */

struct feed_doc {
	char *format;	/* "rss2.0", "atom1.0", "jsonfeed1.1", ... */
	char *encoding; /* what the bytes were read as */
	char *title;
	char *link; /* absolute address of the site, or NULL */
	char *lang;
	bool well_formed; /* nothing had to be mended */
	bool truncated;	  /* a limit was reached; what came before is here */
	char *problem;	  /* what was mended first, with its line; NULL if nothing */
	int64_t ttl_ms;	  /* how often to come (ttl, sy:updatePeriod), 0 if not said */
	char *next_url;	  /* absolute address of older items, or NULL */
	char *self_url;	  /* absolute address that the document gives itself, or NULL */
	char *hub;	  /* absolute address of its WebSub hub, or NULL */
	uint32_t skip_hours; /* bit h: not to be asked in hour h (0 to 23, GMT) */
	uint8_t skip_days;   /* bit d: not to be asked on day d, Sunday is 0 */
	char **gone;	     /* ids of items that it says were removed */
	size_t ngone;
	char **more; /* absolute addresses of documents to be read too (a sitemap
		      * index), in order */
	size_t nmore;
	struct item *items;
	size_t nitems;
};

/* 0, or TOSD_EINVAL when the bytes are no feed at all (e says what they look
 * like).  out is zeroed first; free it with feed_doc_clear() in either case.
 * src and lim may be NULL. */
int feed_parse(const void *body, size_t n, const struct feed_source *src,
    const struct feed_limits *lim, struct feed_doc *out, struct err *e);
void feed_doc_clear(struct feed_doc *d);

/* An HTML page (any charset) to one item: title, text, links, for rechecks.  out
 * need not be initialised; its id is the page's address (ITEM_MADE_ID). */
void feed_page(const void *body, size_t n, const struct feed_source *src,
    size_t max_text, struct item *out);

#endif
