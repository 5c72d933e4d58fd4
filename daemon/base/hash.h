/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: for tables.  FNV-1a of 64 bits (Fowler, Noll, Vo; IETF draft-eastlake-fnv) for those
 * in memory: quick for short names, and no defence against somebody who makes up names that
 * collide.  SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) where
 * names are a tenant's and the key is ours.
 */
#ifndef TOSD_BASE_HASH_H
#define TOSD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
hash_bytes(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3u;
	return h;
}

static inline uint64_t
hash_text(const char *s)
{
	return hash_bytes(s, strlen(s));
}

/* Whoever does not know the key cannot find two names with one value. */
uint64_t hash_keyed(const uint64_t key[2], const void *data, size_t n);

#endif
