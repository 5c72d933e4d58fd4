/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle: the hash tree of RFC 6962 section 2.1 over SHA-256: leaves, the right
 * edge of a growing tree, inclusion and consistency proofs, made and checked.
 *
 * All hashes are DIGEST_LEN bytes; anything else is no hash here and cannot be
 * handed in.  Nothing is allocated.
 */
#ifndef TOSD_EVIDENCE_MERKLE_H
#define TOSD_EVIDENCE_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

/* A consistency proof has at most one hash a level and one more. */
#define MERKLE_PROOF_MAX 65

/* SHA-256(0x00 || data). */
void merkle_leaf(const void *data, size_t n, uint8_t out[DIGEST_LEN]);
/* SHA-256(0x01 || left || right).  out may be left or right. */
void merkle_node(const uint8_t left[DIGEST_LEN], const uint8_t right[DIGEST_LEN],
    uint8_t out[DIGEST_LEN]);

/* The right edge: node[k] is the root of the perfect subtree of 2^k leaves that
 * bit k of size stands for, and nothing where the bit is 0.  All zero: empty. */
struct merkle_range {
	uint64_t size;
	uint8_t node[64][DIGEST_LEN];
};

void merkle_range_add(struct merkle_range *r, const uint8_t leaf[DIGEST_LEN]);
/* The root of the whole tree; SHA-256 of nothing for an empty one. */
void merkle_range_root(const struct merkle_range *r, uint8_t root[DIGEST_LEN]);

/* Root of a perfect subtree of n hashes (n a power of two, at most 256) that lie
 * one after the other. */
void merkle_perfect(const uint8_t *hashes, size_t n, uint8_t root[DIGEST_LEN]);

/* Where proofs get the root of the perfect subtree number `index` of 2^level
 * leaves.  node() returns 0 or a negative code with e set. */
struct merkle_source {
	int (*node)(void *ctx, unsigned level, uint64_t index, uint8_t out[DIGEST_LEN],
	    struct err *e);
	void *ctx;
};

struct merkle_proof {
	size_t n;
	uint8_t hash[MERKLE_PROOF_MAX][DIGEST_LEN];
};

/* That leaf `index` is in the tree of `size` leaves.  TOSD_EINVAL if it is not. */
int merkle_inclusion(const struct merkle_source *src, uint64_t index, uint64_t size,
    struct merkle_proof *out, struct err *e);
/* That the tree of size2 leaves begins with the tree of size1 (1 <= size1 <= size2). */
int merkle_consistency(const struct merkle_source *src, uint64_t size1, uint64_t size2,
    struct merkle_proof *out, struct err *e);

/* hashes: n of them, one after the other. */
bool merkle_inclusion_ok(uint64_t index, uint64_t size, const uint8_t leaf[DIGEST_LEN],
    const uint8_t *hashes, size_t n, const uint8_t root[DIGEST_LEN]);
/* Nothing is said about an empty tree: size1 = 0 is never ok. */
bool merkle_consistency_ok(uint64_t size1, uint64_t size2,
    const uint8_t root1[DIGEST_LEN], const uint8_t root2[DIGEST_LEN],
    const uint8_t *hashes, size_t n);

#endif
