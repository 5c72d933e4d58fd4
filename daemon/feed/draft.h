/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft: one item while its document is being read.  The readers of XML and of
 * JSON hand in what they find; the draft decides which title, address, date and
 * body of several counts, and makes a finished item.
 */
#ifndef TOSD_FEED_DRAFT_H
#define TOSD_FEED_DRAFT_H

#include "feed/feed.h"
#include "feed/html.h"

/* What the two readers share. */
struct feed_build {
	struct feed_doc *doc;
	const struct feed_limits *lim;
	size_t cap;	   /* items allocated */
	bool full;	   /* all items that are wanted: reading may stop */
	size_t link_bytes; /* of all items so far */
};

/* How the text of a construct is to be read. */
enum draft_form {
	DRAFT_PLAIN, /* literal */
	DRAFT_HTML,
	DRAFT_GUESS, /* HTML if it looks so */
};

enum draft_body {
	DRAFT_CONTENT,
	DRAFT_SUMMARY,
	DRAFT_FALLBACK,
	DRAFT_HINT, /* the line below a title */
	DRAFT_NBODIES
};

struct draft {
	struct feed_build *build;
	struct item it;
	struct feed_links links;
	struct html_media media; /* of bodies */
	struct buf alt, more;
	struct draft_labels {
		char **v;
		size_t n, bytes;
	} labels, tags;
	char *bodies[DRAFT_NBODIES];
	int order[DRAFT_NBODIES]; /* which came after which */
	int nbodies;
	bool later_wins; /* of two bodies alike in length the later one is shown */
	/* How good the present value is; a better one replaces it. */
	int title_rank, url_rank, id_rank, author_rank, published_rank, updated_rank;
};

void draft_init(struct draft *d, struct feed_build *build);

/* All strings are borrowed; rank decides between several, an equal rank keeps the
 * first (dates: takes the last; authors: takes both).  Other titles become labels. */
void draft_title(struct draft *d, const char *s, size_t n, enum draft_form form,
    const char *base, int rank);
void draft_body(struct draft *d, enum draft_body which, const char *s, size_t n,
    enum draft_form form, const char *base);
/* What readers see beside title and body: another title, a note of rights; it comes behind
 * them unless they hold it.  tag: one of a set without an order. */
void draft_label(struct draft *d, const char *s, size_t n, enum draft_form form,
    const char *base, bool tag);
void draft_url(struct draft *d, const char *base, const char *ref, size_t n, int rank);
/* The same, but an equal rank replaces. */
void draft_url_last(
    struct draft *d, const char *base, const char *ref, size_t n, int rank);
void draft_id(struct draft *d, const char *s, size_t n, int rank);
void draft_author(struct draft *d, const char *s, size_t n, int rank);
void draft_published(struct draft *d, const char *s, size_t n, int rank);
void draft_updated(struct draft *d, const char *s, size_t n, int rank);
void draft_link(struct draft *d, const char *base, const char *ref, size_t n);
/* type and text may be NULL. */
void draft_media(struct draft *d, const char *base, const char *ref, size_t n,
    const char *type, const char *text);

/* A post that says nothing but what its pictures show: that is its body. */
void draft_body_of_media(struct draft *d);

/* Forgets the item in hand. */
void draft_clear(struct draft *d);

/* Moves the item into build->doc, or drops it where the limit is reached; then
 * build->full is set. */
void draft_finish(struct draft *d);

/* A construct as plain text, trimmed; never NULL.  Links, hidden and alt go to
 * the draft where d is not NULL. */
char *draft_plain(struct draft *d, const char *s, size_t n, enum draft_form form,
    const char *base, size_t max);

/* A language tag, its parts with - between; NULL if there is none. */
char *draft_lang(const char *s, size_t n);

/* --- draft_labels.c --- */

/* Takes t. */
void draft_labels_add(struct draft *d, struct draft_labels *to, char *t);
/* Titles and notes as they came, and what media show; tags by name, since some who
 * publish give them in another order each time.  Both sets are empty then. */
void draft_labels_put(struct draft *d, struct buf *rest);
void draft_labels_free(struct draft_labels *l);
/* Behind what is there; s may be NULL. */
void draft_paragraph(struct buf *b, const char *s);

/* The readers.  text is valid UTF-8. */
struct feed_text;
int feed_xml_parse(const struct feed_text *text, const struct feed_source *src,
    struct feed_build *build, struct err *e);
int feed_json_parse(const struct feed_text *text, const struct feed_source *src,
    struct feed_build *build, struct err *e);
/* JSON behind something else: a call that wraps it, a guard against scripts, a warning
 * of the server's.  Not in pages, which may hold JSON that is no feed. */
int feed_json_inside(const struct feed_text *text, const struct feed_source *src,
    struct feed_build *build, struct err *e);

/* Notes what was mended (only the first is kept) and that the document is not
 * well formed.  at points into the text, or is NULL. */
void feed_problem(struct feed_doc *doc, const struct feed_text *text, const char *at,
    const char *what);

#endif
