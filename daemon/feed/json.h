/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: a pull reader of JSON text (RFC 8259) for documents of tenants.  It builds
 * no tree, so a document costs no memory beyond the values asked for, and one
 * broken value does not hide the rest: lone surrogates and U+0000 become U+FFFD,
 * numbers stay text, doubles are the caller's to see, missing commas and a missing
 * end are mended.  What was mended is noted; of
 * skipped values only strings and brackets are looked at.
 */
#ifndef TOSD_FEED_JSON_H
#define TOSD_FEED_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum json_kind {
	JSON_KIND_NONE, /* the end, or nothing that is a value */
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_WORD, /* true, false, null */
};

struct json_reader {
	const char *p, *end;
	bool broken;	       /* the text is not JSON by the letter */
	const char *broken_at; /* where first */
};

/* The bytes (valid UTF-8) stay the caller's. */
void json_reader_init(struct json_reader *r, const char *s, size_t n);

/* What comes next; nothing is consumed but white space. */
enum json_kind json_peek(struct json_reader *r);

/* json_enter() steps into the object or array that comes next.  Then, until it
 * returns false and has left it: json_member() reads a name and its colon,
 * json_element() steps to the next element.  The caller reads or skips each
 * value. */
void json_enter(struct json_reader *r);
bool json_member(struct json_reader *r, struct buf *name);
bool json_element(struct json_reader *r);

/* A string or number or word as text, at most max bytes (the rest is dropped);
 * objects and arrays are skipped and leave b empty.  Returns what it was. */
enum json_kind json_text(struct json_reader *r, struct buf *b, size_t max);
void json_skip(struct json_reader *r);

#endif
