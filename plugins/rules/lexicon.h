/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon: the words that rules are made of, each with a number, in one open-addressing
 * table, so that a word of a text costs one look however many rules there are.  Besides
 * whole words there are beginnings (`threat*').
 */
#ifndef RULES_LEXICON_H
#define RULES_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kit/mem.h"

#define LEXICON_WORDS 500000
#define LEXICON_BEGIN_MAX 32 /* beginnings of one word of a text */

struct lexicon;

struct lexicon *lexicon_new(void);
void lexicon_free(struct lexicon **x);

/* The number (from 1) of a word, or of a beginning, as letters_fold() leaves it; added
 * if it is not there.  0: more than LEXICON_WORDS, or (hardly
 * ever) another word has its hash. */
uint32_t lexicon_add(struct lexicon *x, const char *word, size_t n, bool beginning);
/* Gives the word marks of the caller's, which lexicon_find() fills in. */
void lexicon_mark(struct lexicon *x, uint32_t id, uint8_t marks);
size_t lexicon_count(const struct lexicon *x);
/* The word, n bytes; borrowed until the next addition. */
const char *lexicon_text(const struct lexicon *x, uint32_t id, size_t *n);

uint64_t lexicon_hash_of(const struct lexicon *x, uint32_t id);

/* To be called once after the last addition and mark; lexicon_may() is then about whole
 * words that have one of the marks. */
void lexicon_seal(struct lexicon *x, uint8_t marks);
bool lexicon_has_beginnings(const struct lexicon *x);

/* The number of the word whose lexicon_hash() this is; 0: it is no word of ours.  Of two
 * words with one hash only the first is ours, but a text may have the other: compare
 * with lexicon_text() before anything depends on it. */
static inline uint32_t lexicon_find(
    const struct lexicon *x, uint64_t hash, uint8_t *marks);
/* The numbers of its beginnings, longest first. */
size_t lexicon_begins(const struct lexicon *x, const char *s, size_t n,
    uint32_t out[LEXICON_BEGIN_MAX]);
/* Whether a word of this hash may be marked: mostly no, at the cost of one bit. */
static inline bool lexicon_may(const struct lexicon *x, uint64_t hash);

/* --- the hot part, in the open for the compiler */

struct lexicon_slot {
	uint64_t hash;
	uint32_t id;
	uint8_t marks;
};

struct lexicon_table { /* what every lexicon begins with */
	const uint64_t *bits;
	uint64_t bits_mask;
	struct lexicon_slot *slots;
	uint64_t mask;
};

/* Two bits of each member of a set, far enough apart: one other in some hundreds looks
 * like a member, and most are turned away by the first. */
static inline bool
lexicon_bits_has(const uint64_t *bits, uint64_t mask, uint64_t hash)
{
	uint64_t other = hash >> 32;

	return bits[(hash & mask) >> 6] >> (hash & 63) & 1 &&
	       bits[(other & mask) >> 6] >> (other & 63) & 1;
}

static inline void
lexicon_bits_add(uint64_t *bits, uint64_t mask, uint64_t hash)
{
	uint64_t other = hash >> 32;

	bits[(hash & mask) >> 6] |= (uint64_t)1 << (hash & 63);
	bits[(other & mask) >> 6] |= (uint64_t)1 << (other & 63);
}

static inline bool
lexicon_may(const struct lexicon *x, uint64_t hash)
{
	const struct lexicon_table *t = (const struct lexicon_table *)x;

	return lexicon_bits_has(t->bits, t->bits_mask, hash);
}

static inline uint32_t
lexicon_find(const struct lexicon *x, uint64_t hash, uint8_t *marks)
{
	const struct lexicon_table *t = (const struct lexicon_table *)x;

	for (uint64_t i = hash >> 20 & t->mask; t->slots[i].id != 0;
	     i = (i + 1) & t->mask)
		if (t->slots[i].hash == hash) {
			*marks = t->slots[i].marks;
			return t->slots[i].id;
		}
	return 0;
}

static inline uint64_t
lexicon_mix(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t)(a ^ 0x2545f4914f6cdd1dU) * (b ^ 0x9fb21c651e98df25U);

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

#define LEXICON_LOW 0x2020202020202020U /* makes ASCII letters lower-case */

/* Of n > 0 bytes; `room' bytes may be read from s, n <= room. */
static inline uint64_t
lexicon_hash(const char *s, size_t n, size_t room)
{
	uint64_t h = n, v = 0;

	for (; n > 8; s += 8, n -= 8, room -= 8) {
		memcpy(&v, s, 8);
		h = lexicon_mix(h, v | LEXICON_LOW);
	}
	if (room >= 8) {
		memcpy(&v, s, 8);
		v = (v | LEXICON_LOW) << (64 - 8 * n);
	} else {
		v = 0;
		for (size_t i = n; i-- > 0;)
			v = v << 8 | (uint8_t)s[i];
		v = (v | LEXICON_LOW) << (64 - 8 * n);
	}
	return lexicon_mix(h, v);
}

#endif
