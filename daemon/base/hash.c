/* SPDX-License-Identifier: Apache-2.0 */
/* hash: SipHash; see hash.h.  Pure. */
#include "base/hash.h"

static uint64_t
turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void
rounds(uint64_t v[4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = turn(v[3], 21) ^ v[0];
		v[1] = turn(v[1], 17) ^ v[2];
		v[2] = turn(v[2], 32);
	}
}

/* Up to 8 bytes as a number, the first one lowest. */
static uint64_t
word(const uint8_t *p, size_t n)
{
	uint64_t w = 0;

	while (n-- > 0)
		w = w << 8 | p[n];
	return w;
}

uint64_t
hash_keyed(const uint64_t key[2], const void *data, size_t n)
{
	/* The constants spell "somepseudorandomlygeneratedbytes". */
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
	    key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
	const uint8_t *p = data;
	uint64_t w;
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8) {
		w = word(p, 8);
		v[3] ^= w;
		rounds(v, 2);
		v[0] ^= w;
	}
	w = (uint64_t)n << 56 | word(p, left);
	v[3] ^= w;
	rounds(v, 2);
	v[0] ^= w;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
