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

/* To be called once after the last addition and mark; whole words that have one of the
 * marks are then in the table's bits. */
void lexicon_seal(struct lexicon *x, uint8_t marks);
bool lexicon_has_beginnings(const struct lexicon *x);

/* The number of the word whose lexicon_hash() this is; 0: it is no word of ours.  Of two
 * words with one hash only the first is ours, but a text may have the other: compare
 * with lexicon_text() before anything depends on it. */
static inline uint32_t lexicon_find(
    const struct lexicon *x, uint64_t hash, uint8_t *marks);
/* Whether n bytes of a text, folded but for the case of ASCII, are the word. */
bool lexicon_is(const struct lexicon *x, uint32_t id, const char *s, size_t n);
/* The same of n lower-case bytes. */
static inline bool lexicon_same(const char *s, const char *lower, size_t n);
/* The numbers of its beginnings, longest first, compared letter by letter.  `room' bytes may
 * be read from s, n <= room. */
size_t lexicon_begins(const struct lexicon *x, const char *s, size_t n, size_t room,
    uint32_t out[LEXICON_BEGIN_MAX]);
/* For the bits of marked words. */
static inline const struct lexicon_table *lexicon_table(const struct lexicon *x);

/* --- the hot part, in the open for the compiler */

struct lexicon_slot {
	uint64_t hash;
	uint32_t id;
	uint8_t marks;
};

struct lexicon_table { /* what every lexicon begins with */
	const uint64_t *bits; /* of whole words that are marked: lexicon_bits_has() */
	uint64_t bits_mask;
	struct lexicon_slot *slots;
	uint64_t mask;
};

/* Two bits of each member of a set, both in one word of memory: a look that finds nothing
 * costs one load and one branch, and one other in some hundreds looks like a member.  mask:
 * how many such words there are, less one. */
static inline bool
lexicon_bits_has(const uint64_t *bits, uint64_t mask, uint64_t hash)
{
	uint64_t v = bits[hash >> 32 & mask];

	return v >> (hash & 63) & v >> (hash >> 6 & 63) & 1;
}

static inline void
lexicon_bits_add(uint64_t *bits, uint64_t mask, uint64_t hash)
{
	bits[hash >> 32 & mask] |=
	    (uint64_t)1 << (hash & 63) | (uint64_t)1 << (hash >> 6 & 63);
}

/* An empty set with room for so many. */
uint64_t *lexicon_bits_new(size_t members, uint64_t *mask);

static inline const struct lexicon_table *
lexicon_table(const struct lexicon *x)
{
	return (const struct lexicon_table *)x;
}

static inline uint32_t
lexicon_find(const struct lexicon *x, uint64_t hash, uint8_t *marks)
{
	const struct lexicon_table *t = lexicon_table(x);

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

static inline bool
lexicon_same(const char *s, const char *lower, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c |= 32;
		if (c != lower[i])
			return false;
	}
	return true;
}

#define LEXICON_LOW 0x2020202020202020U /* makes ASCII letters lower-case */

#define LEXICON_HIGH 0x8080808080808080U

/* Of n > 0 bytes; `room' bytes may be read from s, n <= room.  *any: all bytes of it, or'd
 * eight by eight.  Up to 16 bytes, as nearly all words have, are the first eight and the
 * last eight: one multiplication and no branch that depends on the length. */
static inline uint64_t lexicon_hash_any(
    const char *s, size_t n, size_t room, uint64_t *any);
uint64_t lexicon_hash_odd(const char *s, size_t n, uint64_t *any);

/* a and b lack `less' bytes of eight. */
static inline uint64_t
lexicon_hash_two(uint64_t a, uint64_t b, size_t less, size_t n, uint64_t *any)
{
	*any = (a | b) << 8 * less;
	return lexicon_mix(
	    (a | LEXICON_LOW) << 8 * less ^ n, (b | LEXICON_LOW) << 8 * less);
}

static inline uint64_t
lexicon_hash_any(const char *s, size_t n, size_t room, uint64_t *any)
{
	size_t less = n < 8 ? 8 - n : 0;
	uint64_t a, b;

	if (n > 16 || room < 8)
		return lexicon_hash_odd(s, n, any);
	memcpy(&a, s, 8);
	memcpy(&b, s + (n + less) - 8, 8);
	return lexicon_hash_two(a, b, less, n, any);
}

static inline uint64_t
lexicon_hash(const char *s, size_t n, size_t room)
{
	uint64_t any;

	return lexicon_hash_any(s, n, room, &any);
}

#endif
