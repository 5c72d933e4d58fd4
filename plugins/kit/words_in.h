/* SPDX-License-Identifier: Apache-2.0 */
/* words_in: what the files of words share.  In all of them s, n is a piece of the folded
 * text in lower case, and a, b are where it stands there. */
#ifndef KIT_WORDS_IN_H
#define KIT_WORDS_IN_H

#include "words.h"

static inline bool
words_is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)c >= 0x80;
}

static inline bool
words_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
words_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static inline bool
words_known(const struct words *w, const char *s, size_t n)
{
	return vocab_find(w->vocab, vocab_hash(s, n)) != NULL;
}

/* Appends the word s; with hash and e: what the vocabulary says of it, looked up
 * already. */
void words_emit(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags);
void words_put(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags, uint64_t hash, const struct vocab_entry *e);
/* The sentence ends here. */
void words_end(struct words *w, char sign);

/* words_core.c: a word of letters; what is left of a chunk without the punctuation
 * around it. */
void words_letters(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags);
void words_core(struct words *w, size_t a, size_t b, unsigned flags);

/* words_chunk.c: what stands between blanks. */
void words_chunk(struct words *w, size_t a, size_t b);

#endif
