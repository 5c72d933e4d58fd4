/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: bytes of a feed document to items.  What kind of document it is follows
 * from its content, never from its media type.  RSS 0.9x, 1.0 and 2.0, Atom 0.3
 * and 1.0, CDF, sitemaps, JSON Feed, and the JSON of Mastodon, ActivityPub, Discourse and
 * Jetstream are read, also as one object a line; whatever is broken in them is
 * mended as far as it goes, and said.
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

/* How to read JSON of a kind of its own: paths such as "data.posts", "author.name",
 * "images[0].url", "tags[*]" or "x[\"a.b\"]".  items leads from the document (or from
 * each line of NDJSON) to an array, or with [*] to its elements; NULL: the document
 * itself.  event leads from an event of a stream to its item or items; NULL: what items
 * leads to or, if that is nothing, the event itself.  next leads from the document, all
 * others from one item.  NULL: not there. */
struct feed_mapping {
	const char *items, *event;
	const char *id, *url, *title, *author, *text, *summary;
	const char *published, *updated, *language, *in_reply_to, *media;
	const char *deleted; /* not false, 0, "" or null: the item is gone */
	const char *next;    /* address of older items */
};

struct conf_mapping;
/* Fills *to with the paths of a configuration, which must outlive it; returns to.
 * from NULL: NULL. */
const struct feed_mapping *feed_mapping_of(
    const struct conf_mapping *from, struct feed_mapping *to);

/* Where the bytes came from; any may be NULL.  url is the base of relative
 * addresses, the rest are values of HTTP headers. */
struct feed_source {
	const char *url;
	const char *content_type;
	const char *content_location;
	const char *content_language;
	const struct feed_mapping *mapping; /* for JSON; NULL: by its content */
};

struct feed_limits {
	size_t max_items; /* further items are left out */
	size_t max_text;  /* bytes of text and of summary of one item */
	size_t max_depth; /* deeper elements lose their place, not their text */
	bool media;	  /* media in bodies are wanted as well */
};
extern const struct feed_limits feed_limits_default; /* 2000, 1 MiB, 512, yes */

struct feed_doc {
	char *format;	/* "rss2.0", "atom1.0", "jsonfeed1.1", ... */
	char *encoding; /* what the bytes were read as */
	char *title;
	char *link; /* absolute address of the site, or NULL */
	char *lang;
	bool well_formed; /* nothing had to be mended */
	bool truncated;	  /* a limit was reached; what came before is here */
	bool cut;	  /* max_items was: items, or documents, that follow are missing */
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

/* An HTML page (any charset) to one item: title, text, links, media, for rechecks and
 * for posts that are pointers.  Of lim max_text and media count.  out need not be
 * initialised; its id is the page's address (ITEM_MADE_ID). */
void feed_page(const void *body, size_t n, const struct feed_source *src,
    const struct feed_limits *lim, struct item *out);

#endif
