/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature: the header X-Hub-Signature of WebSub (W3C Recommendation of 23 January
 * 2018, section 7.1): "method=hex" over the exact body, keyed with the secret that only
 * the hub and we know.
 */
#ifndef TOSD_FETCH_SIGNATURE_H
#define TOSD_FETCH_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

/* Is it right?  sha256, sha384 and sha512; sha1 only where it is allowed.  The
 * comparison takes the same time whatever was sent.  header NULL: false.  *why (may be
 * NULL) says in static words why not. */
bool fetch_signature_ok(const char *header, const char *secret, const void *body,
    size_t n, bool sha1, const char **why);

#endif
