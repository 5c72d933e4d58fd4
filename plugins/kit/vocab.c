/* SPDX-License-Identifier: Apache-2.0 */
/* vocab: open addressing, at most half full; see vocab.h. */
#include "vocab.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "mem.h"

#define NEAR_BITS 18

static _Atomic uint64_t stamps;

struct vocab {
	struct vocab_entry *v;
	size_t cap, n;	/* cap is a power of two */
	uint64_t *bits; /* 8 an entry, one set for each key: most questions end here */
	uint64_t stamp;
	uint64_t near[1 << (NEAR_BITS - 6)];
	uint64_t begins[1 << (NEAR_BITS - 6)];
};

struct vocab *
vocab_new(void)
{
	struct vocab *v = mem_new(1, sizeof(*v));

	v->cap = 1024;
	v->v = mem_new(v->cap, sizeof(*v->v));
	v->bits = mem_new(v->cap / 8, sizeof(*v->bits));
	v->stamp = ++stamps;
	return v;
}

void
vocab_free(struct vocab **vp)
{
	struct vocab *v = *vp;

	if (v == NULL)
		return;
	*vp = NULL;
	free(v->v);
	free(v->bits);
	free(v);
}

/* Which bit is that of the key: not those by which its place is found. */
static size_t
bit_of(const struct vocab *v, uint32_t key)
{
	return (size_t)(key * 0x85ebca6bu >> 3) & (v->cap * 8 - 1);
}

static struct vocab_entry *
place_of(const struct vocab *v, uint32_t key)
{
	size_t i = key & (v->cap - 1);

	while (v->v[i].used && v->v[i].key != key)
		i = (i + 1) & (v->cap - 1);
	return &v->v[i];
}

static void
set_bit(struct vocab *v, uint32_t key)
{
	size_t b = bit_of(v, key);

	v->bits[b / 64] |= (uint64_t)1 << b % 64;
}

static void
grow(struct vocab *v)
{
	struct vocab_entry *old = v->v;
	size_t n = v->cap;

	v->cap *= 2;
	v->v = mem_new(v->cap, sizeof(*v->v));
	free(v->bits);
	v->bits = mem_new(v->cap / 8, sizeof(*v->bits));
	for (size_t i = 0; i < n; i++) {
		if (!old[i].used)
			continue;
		*place_of(v, old[i].key) = old[i];
		set_bit(v, old[i].key);
	}
	free(old);
}

void
vocab_add_key(struct vocab *v, uint32_t key, uint16_t tag, unsigned level)
{
	struct vocab_entry *e;

	v->stamp = ++stamps;
	if (v->n * 2 >= v->cap)
		grow(v);
	e = place_of(v, key);
	if (!e->used) {
		*e = (struct vocab_entry){.key = key, .used = 1};
		set_bit(v, key);
		v->n++;
	}
	if (tag != 0)
		e->tag = tag;
	if (level >= VOCAB_LEVELS)
		level = VOCAB_LEVELS - 1;
	if (level > e->level)
		e->level = (uint8_t)level;
}

void
vocab_add(struct vocab *v, uint64_t hash, uint16_t tag, unsigned level)
{
	vocab_add_key(v, vocab_key(hash), tag, level);
}

/* Two words that differ in one letter, or by a swap, have a form in common that lacks
 * one; so the forms of all tagged words are kept, as two bits each. */
static void
add_near(struct vocab *v, uint64_t h)
{
	size_t a = h >> (64 - NEAR_BITS),
	       b = h >> (32 - NEAR_BITS) & ((1u << NEAR_BITS) - 1);

	v->near[a / 64] |= (uint64_t)1 << a % 64;
	v->near[b / 64] |= (uint64_t)1 << b % 64;
}

static inline bool
has_near(const struct vocab *v, uint64_t h)
{
	size_t a = h >> (64 - NEAR_BITS),
	       b = h >> (32 - NEAR_BITS) & ((1u << NEAR_BITS) - 1);

	return v->near[a / 64] >> a % 64 & v->near[b / 64] >> b % 64 & 1;
}

/* A polynomial over the bytes, modulo 2^64: sum[i] of the first i.  What stands behind
 * a byte that is left out moves down by one power, which is to multiply by the inverse.
 */
#define POWER 0x9e3779b97f4a7c15u
#define INVERSE 0xf1de83e19937733du
#define MIX 0xc2b2ae3d27d4eb4fu
_Static_assert((uint64_t)POWER *INVERSE == 1, "one is the inverse of the other");

static void
sum_up(const char *s, size_t n, uint64_t sum[VOCAB_NEAR + 2])
{
	uint64_t power = 1;

	sum[0] = 0;
	for (size_t i = 0; i < n; i++, power *= POWER)
		sum[i + 1] = sum[i] + (uint8_t)s[i] * power;
	sum[n + 1] = sum[n]; /* nothing is left out at n */
}

/* The hash of what has these sums and n bytes, without byte i. */
static inline uint64_t
hash_without(const uint64_t *sum, size_t n, size_t i)
{
	return (sum[i] + (sum[n] - sum[i + 1]) * INVERSE) * MIX;
}

/* Two bits of a filter, by hash. */
static inline void
begins_at(uint64_t hash, size_t at[2])
{
	uint64_t h = hash * 0x9e3779b97f4a7c15u;

	at[0] = h >> (64 - NEAR_BITS);
	at[1] = h >> (32 - NEAR_BITS) & ((1u << NEAR_BITS) - 1);
}

static void
add_begins(struct vocab *v, const char *s, size_t n)
{
	size_t at[2];

	for (size_t k = 1; k < n; k++) {
		begins_at(vocab_hash(s, k), at);
		for (int i = 0; i < 2; i++)
			v->begins[at[i] / 64] |= (uint64_t)1 << at[i] % 64;
	}
}

bool
vocab_begins(const struct vocab *v, uint64_t hash)
{
	size_t at[2];

	begins_at(hash, at);
	return v->begins[at[0] / 64] >> at[0] % 64 &
	       v->begins[at[1] / 64] >> at[1] % 64 & 1;
}

void
vocab_add_word(struct vocab *v, const char *s, size_t n, uint16_t tag, unsigned level)
{
	uint64_t sum[VOCAB_NEAR + 2];

	vocab_add(v, vocab_hash(s, n), tag, level);
	if (tag != 0)
		add_begins(v, s, n);
	if (tag == 0 || n > VOCAB_NEAR)
		return;
	sum_up(s, n, sum);
	for (size_t i = 0; i <= n; i++)
		add_near(v, hash_without(sum, n, i));
}

uint64_t
vocab_near(const struct vocab *v, const char *s, size_t n)
{
	uint64_t sum[VOCAB_NEAR + 2], found = 0;

	if (n > VOCAB_NEAR)
		return 0;
	sum_up(s, n, sum);
	for (size_t i = 0; i <= n; i++)
		found |= (uint64_t)has_near(v, hash_without(sum, n, i)) << i;
	return found;
}

const struct vocab_entry *
vocab_find(const struct vocab *v, uint64_t hash)
{
	uint32_t key = vocab_key(hash);
	size_t b = bit_of(v, key);
	const struct vocab_entry *e;

	if (!(v->bits[b / 64] >> b % 64 & 1))
		return NULL;
	e = place_of(v, key);
	return e->used ? e : NULL;
}

size_t
vocab_count(const struct vocab *v)
{
	return v->n;
}

uint64_t
vocab_stamp(const struct vocab *v)
{
	return v->stamp;
}
