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
void words_put_kept(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags, uint64_t hash, uint16_t tag, uint8_t level);
/* The sentence ends here. */
void words_end(struct words *w, char sign);

/* words_letters.c: a word of letters. */
void words_letters(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags);
/* Several words without blanks: ends[i] is where part i ends. */
void words_parts(struct words *w, const char *s, const size_t *ends, size_t parts, size_t a,
    size_t b, unsigned flags);
/* What becomes of a word. */
enum words_fate { FATE_WORD = 1, FATE_SHORT, FATE_PARTS, FATE_SIGNS };

/* The fate of one short word; as small as can be, for most of them are not in the nearest
 * cache of the processor: two are a line of it. */
struct words_kept {
	uint64_t key[WORDS_KEY / 8]; /* the word, then 0; 0: the place is free */
	uint64_t hash;
	uint16_t tag;
	uint8_t level;	  /* as struct word has it */
	uint8_t flags, len;
	uint8_t kind;
	bool same; /* FATE_WORD, and the word is what it was */
};
_Static_assert(sizeof(struct words_kept) == 32, "two of them are a line");

/* Both words that may be at one place. */
struct words_place {
	struct words_kept v[2];
};

/* What is kept of this word, or NULL. */
static inline struct words_kept *
words_find(struct words_place *p, const uint64_t key[WORDS_KEY / 8])
{
	if (p->v[0].key[0] == key[0] && p->v[0].key[1] == key[1])
		return &p->v[0];
	if (p->v[1].key[0] == key[0] && p->v[1].key[1] == key[1])
		return &p->v[1];
	return NULL;
}

/* The same as words_letters() for a short word of ASCII, each letter a byte of the folded
 * text from a on, with what is kept of such words: p is its place, asked for as early as
 * can be, and not before words_memo_begin(); NULL: nothing is kept. */
struct words_place *words_place(const struct words *w, const uint64_t key[WORDS_KEY / 8]);
void words_short(struct words *w, struct words_place *p,
    const uint64_t key[WORDS_KEY / 8], size_t n, size_t a, unsigned flags);
void words_memo_begin(struct words *w);
void words_memo_free(struct words *w);
/* mend_signs(), with what is kept as well. */
bool words_signs(const struct words *w, const char *s, size_t n, struct mended *out);

/* words_core.c: what is left of a chunk without the punctuation around it. */
void words_core(struct words *w, size_t a, size_t b, unsigned flags);

/* words_chunk.c: what stands between blanks. */
void words_chunk(struct words *w, size_t a, size_t b);

#endif
