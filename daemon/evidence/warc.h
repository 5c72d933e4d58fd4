/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warc: web archive records (ISO 28500, WARC 1.1) over bytes in memory: written for
 * captures, and read back with structure and digests checked.
 *
 * Reads WARC/1.0 and 1.1, plain only: a compressed file (.warc.gz) or an older ARC
 * file is refused with a reason.  Block and payload digests in SHA-1 and SHA-256 are
 * checked, in hexadecimal, base32 and base64; other algorithms are counted as not
 * checked.  A WARC cut between two records is a valid WARC: that nothing is missing
 * is for the ledger's commitment to say.
 */
#ifndef TOSD_EVIDENCE_WARC_H
#define TOSD_EVIDENCE_WARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define WARC_HEAD_MAX 65536 /* bytes of a record's header */
#define WARC_ID 48	    /* "<urn:uuid:...>" with NUL */

/* One record; everything points into the bytes read. */
struct warc_record {
	size_t at;	  /* where it begins */
	const char *head; /* named fields, each line with CRLF */
	size_t head_len;
	const char *block;
	size_t block_len;
	const char *payload; /* the block after its HTTP header, or the block */
	size_t payload_len;
	unsigned checked, unchecked; /* digests */
};

/* A reader over borrowed bytes. */
struct warc {
	const char *data;
	size_t len;
	size_t at;
	unsigned n; /* records read */
};

struct warc warc_of(const void *data, size_t n);
/* The next record: 1, 0 at the end, or TOSD_EINVAL (structure) or TOSD_ETAMPER
 * (digest) with record number and place in e. */
int warc_next(struct warc *w, struct warc_record *r, struct err *e);
/* The value of a named field without white space around it, or NULL; not
 * NUL-terminated. */
const char *warc_field(const struct warc_record *r, const char *name, size_t *len);
bool warc_field_is(const struct warc_record *r, const char *name, const char *value);

/* All records; at least one. */
struct warc_summary {
	unsigned records, checked, unchecked;
};
int warc_check(const void *data, size_t n, struct warc_summary *out, struct err *e);

/* Makes "<urn:uuid:...>" from random bytes.  Returns out. */
const char *warc_id_new(char out[WARC_ID]);

/* A record to be written.  fields: whole "Name: value\r\n" lines of the caller.
 * payload_at: where the payload begins in the block; none is digested if it is 0. */
struct warc_new {
	const char *type, *id, *content_type, *fields;
	int64_t time;
	const void *block;
	size_t block_len;
	size_t payload_at;
};
void warc_put(struct buf *b, const struct warc_new *r);
/* Appends a URL as a field's value: what is no printable ASCII as %XX. */
void warc_put_uri(struct buf *b, const char *url);
/* Where the body of an HTTP message begins: after its first empty line; n if none. */
size_t warc_http_body(const char *s, size_t n);

#endif
