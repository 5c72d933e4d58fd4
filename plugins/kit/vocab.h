/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vocab: which words there are, by hash only.  An entry has a tag (what a lexicon makes
 * of the word; 0: it is only known to be a word) and a level (how common it is, the
 * logarithm of a count).  The words themselves are not kept, but for a filter of what
 * tagged words are when one letter is left out.
 */
#ifndef KIT_VOCAB_H
#define KIT_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VOCAB_LEVELS 16

struct vocab_entry {
	uint32_t key; /* vocab_key() of the word's hash */
	uint16_t tag;
	uint8_t level;
	uint8_t used;
};

struct vocab;

struct vocab *vocab_new(void);
void vocab_free(struct vocab **v);

/* Adds or changes: the tag is set unless 0, the level only raised. */
void vocab_add(struct vocab *v, uint64_t hash, uint16_t tag, unsigned level);
void vocab_add_key(struct vocab *v, uint32_t key, uint16_t tag, unsigned level);
/* Adds a word by its letters; with a tag it is also found by vocab_near(). */
void vocab_add_word(struct vocab *v, const char *s, size_t n, uint16_t tag, unsigned level);
/* Where may a tagged word be one letter away?  Bit i, i < n: without byte i, s may be a
 * tagged word or what is left of one that lacks a letter; bit n: the same of s as it is.
 * A bit that is not set is certain; from VOCAB_NEAR bytes on none is set. */
#define VOCAB_NEAR 32
uint64_t vocab_near(const struct vocab *v, const char *s, size_t n);
/* Whether letters of this hash may be the beginning of a tagged word; false is certain. */
bool vocab_begins(const struct vocab *v, uint64_t hash);
/* Valid until the next addition; NULL: no such word. */
const struct vocab_entry *vocab_find(const struct vocab *v, uint64_t hash);
size_t vocab_count(const struct vocab *v);
/* A number that no other vocabulary has had, nor this one before its last addition: what
 * was learned from it holds as long as the number stays. */
uint64_t vocab_stamp(const struct vocab *v);

/* The hash of a word; also that of features made of words.  Byte by byte: start, a step
 * each, end. */
#define VOCAB_HASH_START 0xcbf29ce484222325u

static inline uint64_t
vocab_hash_step(uint64_t h, char c)
{
	return (h ^ (uint8_t)c) * 0x100000001b3u;
}

static inline uint64_t
vocab_hash_end(uint64_t h)
{
	return h ^ h >> 29;
}

static inline uint64_t
vocab_hash(const char *s, size_t n)
{
	uint64_t h = VOCAB_HASH_START;

	for (size_t i = 0; i < n; i++)
		h = vocab_hash_step(h, s[i]);
	return vocab_hash_end(h);
}

static inline uint32_t
vocab_key(uint64_t hash)
{
	return (uint32_t)((hash * 0x9e3779b97f4a7c15u) >> 32);
}

#endif
