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
/* May a tagged word be one letter more, one less, one other or one swap away?  False is
 * certain, true is a guess. */
bool vocab_near(const struct vocab *v, const char *s, size_t n);
/* Valid until the next addition; NULL: no such word. */
const struct vocab_entry *vocab_find(const struct vocab *v, uint64_t hash);
size_t vocab_count(const struct vocab *v);

/* The hash of a word; also that of features made of words. */
static inline uint64_t
vocab_hash(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

static inline uint32_t
vocab_key(uint64_t hash)
{
	return (uint32_t)((hash * 0x9e3779b97f4a7c15u) >> 32);
}

#endif
