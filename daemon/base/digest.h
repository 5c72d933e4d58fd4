/* SPDX-License-Identifier: Apache-2.0 */
/* digest: SHA-256 (FIPS 180-4) through OpenSSL, hexadecimal and base64 (RFC 4648). */
#ifndef TOSD_BASE_DIGEST_H
#define TOSD_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define DIGEST_LEN 32
#define DIGEST_HEX 65 /* lower-case hexadecimal with NUL */

/* One shot; a context is reused inside, so not for threads. */
void digest_sha256(const void *data, size_t n, uint8_t out[DIGEST_LEN]);

/* The same over several pieces, e.g. a salt and a file. */
struct digest_part {
	const void *data;
	size_t len;
};
void digest_parts(const struct digest_part *parts, size_t n, uint8_t out[DIGEST_LEN]);

/* The same over pieces that come one after the other. */
struct digest_sum;
struct digest_sum *digest_sum_new(void);
void digest_sum_add(struct digest_sum *s, const void *data, size_t n);
void digest_sum_get(struct digest_sum *s, uint8_t out[DIGEST_LEN]); /* the end of it */
void digest_sum_free(struct digest_sum **s);

/* "sha256 of data" as lower-case hex.  Returns out. */
const char *digest_hex_of(const void *data, size_t n, char out[DIGEST_HEX]);

/* n bytes to 2n+1 characters.  Returns out. */
const char *digest_hex(const uint8_t *d, size_t n, char *out);
/* Exactly 2n hexadecimal digits and nothing after; false otherwise. */
bool digest_unhex(const char *s, uint8_t *out, size_t n);

/* Appends standard base64 with padding. */
void digest_base64(struct buf *b, const void *data, size_t n);
/* Strict standard base64 with padding; false if s is not.  Appends to b. */
bool digest_unbase64(struct buf *b, const char *s, size_t n);

#endif
