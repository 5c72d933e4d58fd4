/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same: is this body the one of last time?  Told by a digest that is an order of
 * magnitude cheaper than SHA-256 and still cannot be played against us: each mark has a
 * random key of its own, which the tenant never sees, so he cannot look for two bodies
 * with one mark.
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

/* The same piece by piece, while the bytes are still at hand: reading them again later
 * costs as much as the digest. */
struct same;
struct same *same_new(void); /* never NULL */
void same_free(struct same **s);
/* False for whatever is no mark; then nothing is to be added. */
bool same_start(struct same *s, const char *mark);
void same_add(struct same *s, const void *data, size_t n);
bool same_end(struct same *s); /* it is the body of the mark */

#endif
