/* SPDX-License-Identifier: Apache-2.0 */
/* names: the name spaces and element names that feeds use. */
#ifndef TOSD_FEED_NAMES_H
#define TOSD_FEED_NAMES_H

#include <stddef.h>

enum feed_ns {
	NS_OTHER,
	NS_MAIN, /* no name space, or one that RSS is written in */
	NS_ATOM,
	NS_ATOM03,
	NS_RDF,
	NS_CONTENT,
	NS_DC,
	NS_DCTERMS,
	NS_MEDIA,
	NS_ITUNES,
	NS_SY,
	NS_THR,
	NS_XHTML,
	NS_TOMBSTONE, /* RFC 6721 */
	NS_FEEDBURNER,
	NS_NEWS, /* of sitemaps, as the two below */
	NS_IMAGE,
	NS_VIDEO,
	NS_XML,
};

/* Element names by what they mean to us. */
enum feed_el {
	EL_NONE,
	EL_RSS,
	EL_RDF,
	EL_FEED,
	EL_CHANNEL,
	EL_ITEM,
	EL_TITLE,
	EL_MEDIA_TITLE,
	EL_LINK,
	EL_DESCRIPTION, /* the shorter kind of body */
	EL_CONTENT,	/* the longer kind */
	EL_FALLBACK,	/* a body for want of another */
	EL_HINT,	/* the same for want of that */
	EL_GUID,
	EL_ID,
	EL_IDENTIFIER,
	EL_PUBLISHED,
	EL_ISSUED,
	EL_CREATED,
	EL_UPDATED,
	EL_MODIFIED,
	EL_DATE,
	EL_AUTHOR,
	EL_CREATOR,
	EL_ITUNES_AUTHOR,
	EL_NAME,
	EL_EMAIL,
	EL_LANGUAGE,
	EL_TTL,
	EL_PERIOD,
	EL_FREQUENCY,
	EL_BOX, /* its children are not the item's: image, source, textInput */
	EL_ENCLOSURE,
	EL_MEDIUM,    /* a picture or film whose parts are its children */
	EL_THUMBNAIL, /* a picture, by its attribute */
	EL_PLAYER,
	EL_MEDIUM_LOC, /* a picture or film, by its text */
	EL_THUMBNAIL_LOC,
	EL_MEDIUM_NOTE, /* what it shows */
	EL_REPLY,
	EL_DELETED,
	EL_ORIGINAL, /* the address behind one that counts clicks */
	EL_SKIP,     /* skipHours, skipDays */
	EL_HOUR,
	EL_DAY,
	EL_URLSET,
	EL_SITEMAPINDEX,
	EL_URL, /* an item of a sitemap */
	EL_LOC,
	EL_ANCHOR,
	EL_LABEL, /* readers see it beside title and body */
	EL_CATEGORY, /* the same, one of a set */
	EL_COMMENTS, /* the address of answers */
	EL_SIDE, /* known child of an item that we do not read */
	EL_COUNT
};

/* The name space of an address, spelled as specified or as commonly mistaken. */
enum feed_ns feed_ns_of(const char *uri, size_t n);
/* What a prefix usually means, for documents that forgot to declare it. */
enum feed_ns feed_ns_usual(const char *prefix, size_t n);

/* local without prefix, any case. */
enum feed_el feed_el_of(enum feed_ns ns, const char *local, size_t n);

#endif
