/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: an open hash table over one block of bytes; see names.h.  The hash is
 * SipHash-2-4 (Aumasson, Bernstein 2012) with a key of its own each time, so that who
 * writes a list cannot aim at one place of the table.  The key changes no answer.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kit/mem.h"

struct entry {
	uint32_t at; /* in bytes: two bytes of length, the key */
	uint32_t list, option;
};

struct slot {
	uint32_t tag, entry; /* entry + 1; 0: empty */
};

struct names {
	uint8_t *bytes;
	size_t len, cap;
	struct entry *v;
	size_t n, vcap;
	struct slot *slots;
	size_t mask;
	uint64_t k0, k1;
};

struct names *
names_new(void)
{
	struct names *v = mem_new(1, sizeof(*v));
	uint64_t k[2] = {0x746f7364, 0x6c697374};

	if (getrandom(k, sizeof(k), GRND_NONBLOCK) != (ssize_t)sizeof(k))
		k[0] ^= (uintptr_t)v;
	v->k0 = k[0];
	v->k1 = k[1];
	return v;
}

void
names_free(struct names **p)
{
	struct names *v = *p;

	if (v == NULL)
		return;
	*p = NULL;
	free(v->bytes);
	free(v->v);
	free(v->slots);
	free(v);
}

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND(v0, v1, v2, v3)           \
	do {                            \
		v0 += v1;               \
		v1 = ROTL(v1, 13) ^ v0; \
		v0 = ROTL(v0, 32);      \
		v2 += v3;               \
		v3 = ROTL(v3, 16) ^ v2; \
		v0 += v3;               \
		v3 = ROTL(v3, 21) ^ v0; \
		v2 += v1;               \
		v1 = ROTL(v1, 17) ^ v2; \
		v2 = ROTL(v2, 32);      \
	} while (0)

static uint64_t
hash_of(const struct names *v, const uint8_t *p, size_t n)
{
	uint64_t v0 = v->k0 ^ 0x736f6d6570736575, v1 = v->k1 ^ 0x646f72616e646f6d,
		 v2 = v->k0 ^ 0x6c7967656e657261, v3 = v->k1 ^ 0x7465646279746573,
		 m = (uint64_t)n << 56, word;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&word, p + i, 8);
		v3 ^= word;
		ROUND(v0, v1, v2, v3);
		ROUND(v0, v1, v2, v3);
		v0 ^= word;
	}
	for (size_t k = 0; i + k < n; k++)
		m |= (uint64_t)p[i + k] << (8 * k);
	v3 ^= m;
	ROUND(v0, v1, v2, v3);
	ROUND(v0, v1, v2, v3);
	v0 ^= m;
	v2 ^= 0xff;
	for (int k = 0; k < 4; k++)
		ROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

bool
names_add(struct names *v, const char *key, size_t n, uint32_t list, uint32_t option)
{
	uint8_t *to;

	if (n > UINT16_MAX || v->len + n + 2 > UINT32_MAX || v->n >= UINT32_MAX - 1)
		return false;
	if (v->len + n + 2 > v->cap) {
		v->cap = (v->len + n + 2) + (v->len + n + 2) / 2;
		v->bytes = mem_grow(v->bytes, v->cap, 1);
	}
	if (v->n == v->vcap) {
		v->vcap = v->vcap + v->vcap / 2 + 64;
		v->v = mem_grow(v->v, v->vcap, sizeof(*v->v));
	}
	to = v->bytes + v->len;
	to[0] = (uint8_t)n;
	to[1] = (uint8_t)(n >> 8);
	if (n > 0)
		memcpy(to + 2, key, n);
	v->v[v->n++] = (struct entry){(uint32_t)v->len, list, option};
	v->len += n + 2;
	return true;
}

size_t
names_count(const struct names *v)
{
	return v->n;
}

void
names_back(struct names *v, size_t count)
{
	if (count >= v->n)
		return;
	v->len = v->v[count].at;
	v->n = count;
}

static bool
same(const struct names *v, size_t i, const uint8_t *key, size_t n)
{
	const uint8_t *p = v->bytes + v->v[i].at;

	return ((size_t)p[0] | (size_t)p[1] << 8) == n && memcmp(p + 2, key, n) == 0;
}

/* False if the list has it already. */
static bool
place(struct names *v, size_t i)
{
	const uint8_t *p = v->bytes + v->v[i].at;
	size_t n = (size_t)p[0] | (size_t)p[1] << 8;
	uint64_t h = hash_of(v, p + 2, n);
	size_t at = h & v->mask;

	for (; v->slots[at].entry != 0; at = (at + 1) & v->mask) {
		size_t other = v->slots[at].entry - 1;

		if (v->slots[at].tag == (uint32_t)(h >> 32) &&
		    v->v[other].list == v->v[i].list && same(v, other, p + 2, n))
			return false;
	}
	v->slots[at] = (struct slot){(uint32_t)(h >> 32), (uint32_t)i + 1};
	return true;
}

size_t
names_seal(struct names *v)
{
	size_t size = 16, doubles = 0;

	while (size < v->n * 2)
		size *= 2;
	if (v->len > 0) { /* what was kept in advance is given back */
		v->bytes = mem_grow(v->bytes, v->len, 1);
		v->cap = v->len;
	}
	if (v->n > 0) {
		v->v = mem_grow(v->v, v->n, sizeof(*v->v));
		v->vcap = v->n;
	}
	free(v->slots);
	v->slots = mem_new(size, sizeof(*v->slots));
	v->mask = size - 1;
	for (size_t i = 0; i < v->n; i++)
		doubles += !place(v, i);
	return doubles;
}

void
names_find(const struct names *v, const char *key, size_t n, names_fn *fn, void *ctx)
{
	const uint8_t *p = (const uint8_t *)key;
	uint64_t h;

	if (v->n == 0 || v->slots == NULL)
		return;
	h = hash_of(v, p, n);
	for (size_t at = h & v->mask; v->slots[at].entry != 0;
	     at = (at + 1) & v->mask) {
		size_t i = v->slots[at].entry - 1;
		struct names_entry e = {(const char *)v->bytes + v->v[i].at + 2, n,
		    v->v[i].list, v->v[i].option};

		if (v->slots[at].tag == (uint32_t)(h >> 32) && same(v, i, p, n))
			fn(ctx, &e);
	}
}
