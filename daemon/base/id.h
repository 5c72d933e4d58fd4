/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: ULIDs (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, in
 * Crockford's base 32; names of captures and notices.  Sorted by time, and by
 * order of making within one process.
 */
#ifndef TOSD_BASE_ID_H
#define TOSD_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TEXT 27 /* 26 characters and NUL */

/* Returns out. */
const char *id_new(int64_t now_ms, char out[ID_TEXT]);
bool id_valid(const char *s);

/* From now on ids and id_random() come from this seed: simulations only. */
void id_seed(uint64_t seed);

/* n bytes of the kernel's randomness (or of the seed); aborts if there are none. */
void id_random(void *out, size_t n);

#endif
