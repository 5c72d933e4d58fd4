/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near: 256-bit hashes of pictures (PDQ), found by how few bits they differ.
 *
 * Multi-index hashing (Norouzi, Punjani, Fleet, "Fast Search in Hamming Space with
 * Multi-Index Hashing", 2012): of 16 bands of 16 bits, one differs in at most d / 16 bits
 * where the whole differs in d.  So hashes are looked up by each band, in all spellings
 * that differ in so few bits, and only those that are found are compared.  near_scan()
 * compares all of them: the same answers, slowly.
 */
#ifndef LISTS_NEAR_H
#define LISTS_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEAR_WORDS 4
#define NEAR_BITS 256
#define NEAR_MAX 63 /* bits that a threshold may allow */

struct near_hash {
	uint64_t w[NEAR_WORDS];
};
/* 64 hexadecimal digits, as PDQ hashes are written. */
bool near_parse(const char *s, size_t n, struct near_hash *out);
unsigned near_distance(const struct near_hash *a, const struct near_hash *b);

struct near_entry {
	struct near_hash hash;
	uint32_t list, option;
	unsigned distance; /* of what was asked for */
};

struct near;
struct near *near_new(void);
void near_free(struct near **p);
/* False: there is no room for it. */
bool near_add(
    struct near *v, const struct near_hash *h, uint32_t list, uint32_t option);
size_t near_count(const struct near *v);
void near_back(struct near *v, size_t count);
/* From now on hashes that differ in at most so many bits can be found. */
void near_seal(struct near *v, unsigned threshold);

/* Called for each that is within the threshold, in the order of their adding. */
typedef void near_fn(void *ctx, const struct near_entry *e);
void near_find(struct near *v, const struct near_hash *h, near_fn *fn, void *ctx);
/* The same by comparing all. */
void near_scan(const struct near *v, const struct near_hash *h, near_fn *fn, void *ctx);

#endif
