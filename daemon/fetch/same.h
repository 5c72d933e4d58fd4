/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same: is this body the one of last time?  Told by a digest that is an order of
 * magnitude cheaper than SHA-256 and still cannot be played against us: each mark has a
 * random key of its own (AES-GMAC, NIST SP 800-38D), which the tenant never sees, so he
 * cannot look for two bodies with one mark.
 */
#ifndef TOSD_FETCH_SAME_H
#define TOSD_FETCH_SAME_H

#include <stdbool.h>
#include <stddef.h>

#define SAME_HEX 65 /* key and tag in hexadecimal, with NUL */

/* A mark to be kept.  Returns out. */
const char *same_mark(const void *data, size_t n, char out[SAME_HEX]);
/* Is it the body that the mark was made of?  False for whatever is no mark. */
bool same_check(const char *mark, const void *data, size_t n);

#endif
