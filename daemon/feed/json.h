/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: a pull reader of JSON text (RFC 8259) for documents of tenants.  It builds
 * no tree and copies nothing: a value is its place in the text, and only a string
 * with escapes is ever decoded into memory of its own.
 *
 * One broken value does not hide the rest: lone surrogates and U+0000 become
 * U+FFFD, numbers stay text of any length, doubles are the caller's to see, missing
 * commas and a missing end are mended.  What was mended is noted in two degrees:
 * `broken' is whatever RFC 8259 does not allow, `lost' is damage to quotes, commas
 * or brackets, after which what is read may not be what was meant.
 *
 * Every byte of what is read or skipped is looked at, so that `broken' is a verdict
 * (json_valid).  Deeper than JSON_DEPTH counts as broken, and brackets are then
 * counted but not told apart; nothing here recurses.
 */
#ifndef TOSD_FEED_JSON_H
#define TOSD_FEED_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JSON_DEPTH 1024

enum json_kind {
	JSON_KIND_NONE, /* the end, or nothing that is a value */
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_WORD, /* true, false, null */
};

/* A value where it stands. */
struct json_value {
	const char *p; /* of a string: behind its quote */
	size_t n;      /* of a string: without its quotes */
	uint8_t kind;  /* enum json_kind */
	bool escaped;  /* a string that has to be decoded */
};

struct json_reader {
	const char *p, *end;
	const char *broken_at; /* where first */
	bool broken;	       /* the text is not JSON by the letter */
	bool lost;	       /* quotes, commas or brackets are damaged */
};

/* The bytes stay the caller's.  They need not be valid UTF-8 for this reader, but
 * what it gives is then no more valid than they are. */
void json_reader_init(struct json_reader *r, const char *s, size_t n);

/* What comes next; nothing is consumed but white space. */
enum json_kind json_peek(struct json_reader *r);

/* json_enter() steps into the object or array that comes next.  Then, until it
 * returns false and has left it: json_member() reads a name and its colon,
 * json_element() steps to the next element.  The caller reads or enters each
 * value. */
void json_enter(struct json_reader *r);
bool json_member(struct json_reader *r, struct json_value *name);
bool json_element(struct json_reader *r);

/* The next value, whatever it is; objects and arrays from bracket to bracket. */
enum json_kind json_read(struct json_reader *r, struct json_value *v);
void json_skip(struct json_reader *r);

/* The text of a string, number or word: where it stands, or decoded in b.  At most
 * max bytes, cut between characters; *n is how many.  "" for objects and arrays. */
const char *json_text(const struct json_value *v, struct buf *b, size_t max, size_t *n);
bool json_is_word(const struct json_value *v, const char *word);

/* The value of member `name' of an object, the first one of that name. */
bool json_find(const struct json_value *object, const char *name, struct json_value *v);

/* Is all of it one JSON text, by the letter? */
bool json_valid(const char *s, size_t n);

#endif
