/* SPDX-License-Identifier: Apache-2.0 */
/* words_in: what the files of words share.  In all of them s, n is a piece of the folded
 * text in lower case, and a, b are where it stands there. */
#ifndef KIT_WORDS_IN_H
#define KIT_WORDS_IN_H

#include "mend.h"
#include "words.h"

#define WORDS_KEY 16 /* bytes: a short word, of at most 15 letters, and 0 behind it */

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
words_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return false;
	return true;
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
/* The same for what is known of it; WORDS_KEY + 8 bytes of s can be read. */
void words_put_kept(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags, uint64_t hash, uint16_t tag, uint8_t level);
/* The sentence ends here. */
void words_end(struct words *w, char sign);

/* words_letters.c: a word of letters. */
void words_letters(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags);
/* The same for a short word of ASCII, each letter a byte of the folded text from a on,
 * with what is kept of such words: k is its place, asked for as early as can be, and not
 * before words_memo_begin().  What stands in the last 8 bytes of key does not matter. */
struct words_kept;
struct words_kept *words_place(const struct words *w, const char key[WORDS_KEY]);
void words_short(struct words *w, struct words_kept *k, const char key[WORDS_KEY + 8],
    size_t n, size_t a, unsigned flags);
void words_memo_begin(struct words *w);
/* mend_signs(), with what is kept as well. */
bool words_signs(const struct words *w, const char *s, size_t n, struct mended *out);

/* words_core.c: what is left of a chunk without the punctuation around it. */
void words_core(struct words *w, size_t a, size_t b, unsigned flags);

/* words_chunk.c: what stands between blanks. */
void words_chunk(struct words *w, size_t a, size_t b);

#endif
