/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discover: where the feeds of a site may be, out of what the site says: its home
 * page, the Link headers of that, NodeInfo documents, robots.txt; and what is worth a
 * try where it says nothing.  Pure: who asks for the addresses is somebody else.
 *
 * All of it is the tenant's word.  What comes out are candidates, to be read before
 * anybody believes them.
 */
#ifndef TOSD_FEED_DISCOVER_H
#define TOSD_FEED_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>

/* How a candidate was come by. */
enum discover_how {
	DISCOVER_GIVEN,	   /* the address that was asked for */
	DISCOVER_HEADER,   /* Link header of the page (RFC 8288) */
	DISCOVER_LINK,	   /* <link rel=alternate> of a feed's type */
	DISCOVER_SOFTWARE, /* where that server software publishes */
	DISCOVER_PATH,	   /* a path that many sites use */
	DISCOVER_ANCHOR,   /* an <a> that looks like one */
	DISCOVER_ROBOTS,   /* a sitemap that robots.txt names */
	DISCOVER_NHOW
};
/* Words for people: "the page names it", ... */
const char *discover_how_text(enum discover_how how);

#define DISCOVER_MAX 64 /* further candidates are left out */

struct discover_found {
	char *url;   /* absolute, http or https */
	char *type;  /* media type as written, or NULL */
	char *title; /* plain text, or NULL */
	enum discover_how how;
};

/* All zero is an empty one; free with discover_clear(). */
struct discover {
	struct discover_found *v; /* in order of coming, no address twice */
	size_t n;
	bool full; /* one was left out */
	/* What the page says of itself; NULL where it does not. */
	char *title;
	char *lang;
	char *generator; /* "WordPress 6.1.1" */
};

/* Adds ref, made absolute.  False if that is no web address, is there already or there
 * is no room.  type and title may be NULL. */
bool discover_add(struct discover *d, const char *base, const char *ref, size_t n,
    enum discover_how how, const char *type, const char *title);

/* An HTML page of any encoding; url is where it was found. */
void discover_page(struct discover *d, const void *body, size_t n,
    const char *content_type, const char *url);

/* The value of a Link header. */
void discover_header(struct discover *d, const char *value, const char *url);

/* Sitemaps that a robots.txt names. */
void discover_robots(struct discover *d, const char *s, size_t n, const char *url);

void discover_clear(struct discover *d);

/* --- what is worth a try --- */

/* The i-th well-known path, NULL past the last. */
const char *discover_path(size_t i);

/* Where a server software publishes.  A row without a path says why it has none. */
struct discover_software {
	const char *name;  /* as NodeInfo has it */
	const char *title; /* for people */
	const char *paths[2];
	const char *why; /* what is read there, or why nothing can be */
};
/* By the name of NodeInfo, or by what <meta name=generator> begins with; NULL: not
 * known. */
const struct discover_software *discover_software(const char *name);

#define DISCOVER_NODEINFO "/.well-known/nodeinfo"

/* The address of the newest NodeInfo document that the well-known one at url lists;
 * NULL: none.  To be freed. */
char *discover_nodeinfo(const void *body, size_t n, const char *url);

/* Software and version of a NodeInfo document, "mastodon" and "4.2.1"; both to be
 * freed, NULL where not said.  False if it names no software. */
bool discover_nodeinfo_read(const void *body, size_t n, char **name, char **version);

#endif
