/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item: one post as a feed shows it: the record that the feed room makes, the
 * policy room judges and the store keeps.
 *
 * Every string is NULL or NUL-terminated valid UTF-8 without NUL, C0 controls
 * other than \n and \t removed; the struct owns them (xmalloc).
 */
#ifndef TOSD_BASE_ITEM_H
#define TOSD_BASE_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"

/* What was odd about it. */
enum {
	ITEM_MADE_ID = 1 << 0,	 /* the feed gave no id: ours is from url or content */
	ITEM_TRUNCATED = 1 << 1, /* what is judged was cut at a limit: texts, links, media */
	ITEM_REPAIRED = 1 << 2,	 /* broken bytes or markup were mended */
	ITEM_HIDDEN_TEXT = 1 << 3, /* markup hides part of the text from readers */
	ITEM_DATE_UNREAD = 1 << 4, /* a date was given that could not be read */
	ITEM_POINTER = 1 << 5,	   /* names a page; the text has to be read there */
	ITEM_DOUBLE_KEY = 1 << 6,  /* a key is given twice, with different values */
	ITEM_SHORTENED = 1 << 7,   /* an id, a name or a date was cut at a limit */
	ITEM_SHARED_ID = 1 << 16,  /* other posts of the document have the same id */
	ITEM_CLOAKED = 1 << 17,	   /* shown to others, not to us */
	ITEM_ELSEWHERE = 1 << 18,  /* its page is on a site that is not its feed's */
	ITEM_LET_GO = 1 << 19,	   /* in the store: the text is not kept any more */
	/* In the wire form alone: */
	ITEM_IN_BODY = 1 << 29, /* which media were seen in a body follows */
	ITEM_HASHES = 1 << 30,	/* digests of media follow */
};

/* A picture, sound or film that belongs to the post.  url is never NULL. */
struct item_media {
	char *url;  /* absolute, http or https */
	char *type; /* as given: "image/jpeg", "video", ...; may be NULL */
	char *text; /* description for those who cannot see it; may be NULL */
	/* What its bytes are, where they were asked for (lower-case hexadecimal). */
	char *sha256, *md5;
	char *pdq;	 /* perceptual hash of a picture; NULL: there is none */
	int32_t quality; /* of pdq, 0 to 100 */
	char *why;	 /* why there are no digests, or no pdq; NULL: none was wanted */
	/* Seen in a body, and among links therefore: the digest of the item leaves it out, so
	 * that a post is the same whether its media are wanted or not. */
	bool in_body;
};

struct item {
	char *id;	      /* as the feed gives it, or made; never NULL once parsed */
	char *url;	      /* absolute, http or https */
	char *title;	      /* plain text */
	char *author;
	char *text;	      /* plain text of the longest body given */
	char *summary;	      /* plain text of the shorter one, and what else readers see:
			       * other titles, what pictures show, fields, labels, tags */
	char *lang;
	char *in_reply_to;
	char *published_raw;  /* as written */
	char *updated_raw;
	int64_t published;    /* ms UTC or CLOCK_NONE */
	int64_t updated;
	char **links;	      /* absolute addresses in the body, in order, no doubles; none is
			       * empty */
	size_t nlinks;
	struct item_media *media; /* in order, no address twice */
	size_t nmedia;
	uint32_t flags;	      /* ITEM_* */
};

void item_init(struct item *it);  /* all NULL, times CLOCK_NONE */
void item_clear(struct item *it); /* frees what it owns, then as item_init */
/* The same for one that was read with an arena (struct rd), which is freed elsewhere. */
void item_clear_borrowed(struct item *it);
void item_copy(struct item *to, const struct item *from);
/* Nothing is known of it, not even its id: what was erased, or cannot be read, is so. */
bool item_is_nothing(const struct item *it);
void item_add_link(struct item *it, const char *url); /* "" is none */
/* type and text may be NULL; an address that is there already gains them. */
void item_add_media(struct item *it, const char *url, const char *type, const char *text);

/* Sets what is known of a medium's bytes; all are copied, any may be NULL. */
void item_media_hash(struct item_media *m, const char *sha256, const char *md5,
    const char *pdq, int32_t quality, const char *why);

/* SHA-256 over what a reader sees (url, title, author, text, summary, links, media that
 * are not in_body), so that an edit is a new revision and a moved date alone is not. */
void item_digest(const struct item *it, uint8_t out[DIGEST_LEN]);

/* What plugins look at: title, text, summary (where it is not part of the text) and
 * the descriptions of media, with a blank line between.  Spans of findings count bytes of this. */
char *item_body(const struct item *it);

/* The wire form, used in messages and in evidence records. */
void item_put(struct buf *b, const struct item *it);
size_t item_wire_size(const struct item *it); /* bytes that item_put() adds */
void item_get(struct rd *r, struct item *it); /* it must be initialised */
#define ITEM_WIRE_MIN 64

#endif
