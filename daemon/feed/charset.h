/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset: bytes of any encoding to valid UTF-8.  Order: byte order mark, charset
 * of the HTTP header, encoding of the XML declaration (or of <meta> in a page),
 * valid UTF-8, detection, windows-1252.  Bytes that are valid UTF-8 and not plain
 * ASCII are UTF-8 whatever is declared: other encodings hardly ever look like it.
 * What is so but for less than a third of it is UTF-8 that was damaged.
 */
#ifndef TOSD_FEED_CHARSET_H
#define TOSD_FEED_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct feed_text {
	const char *p; /* valid UTF-8 without NUL; in own, or in the body */
	size_t n;
	char encoding[32]; /* what the bytes were read as, lower case */
	bool wrong;	   /* bytes broke the encoding and became U+FFFD, or the
			    * declaration was not true */
	bool control;	   /* control characters that XML forbids */
	bool not_ascii;	   /* its media type is text/xml without charset, which
			    * RFC 3023 reads as US-ASCII, but it is not */
	struct buf own;
};

/* content_type is the HTTP header's value or NULL.  body must outlive t. */
void feed_text_read(
    struct feed_text *t, const void *body, size_t n, const char *content_type);
void feed_text_free(struct feed_text *t);

#endif
