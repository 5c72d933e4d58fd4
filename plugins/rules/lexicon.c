/* SPDX-License-Identifier: Apache-2.0 */
/* lexicon: see lexicon.h.  While words are added the table grows by doubling. */
#include "lexicon.h"

#include <stdlib.h>

struct word {
	size_t at; /* in text */
	uint32_t len;
	bool beginning;
	uint8_t marks;
	uint64_t hash;
};

struct slot {
	uint32_t tag; /* upper half of the hash */
	uint32_t id : 24, marks : 8;
};
_Static_assert(LEXICON_WORDS < 1 << 24, "numbers fit into a slot");

struct lexicon {
	struct lexicon_bits may; /* first, see lexicon.h */
	uint64_t *bits;
	struct sb text;
	struct word *words; /* by number, from 1 */
	size_t n, room;
	struct slot *slots;
	size_t mask;	     /* of slots */
	uint64_t lengths[4]; /* of beginnings, a bit each */
};

struct lexicon *
lexicon_new(void)
{
	struct lexicon *x = mem_new(1, sizeof(*x));

	x->mask = 255;
	x->slots = mem_new(x->mask + 1, sizeof(*x->slots));
	x->room = 64;
	x->words = mem_new(x->room, sizeof(*x->words));
	sb_puts(&x->text, "");
	return x;
}

void
lexicon_free(struct lexicon **xp)
{
	struct lexicon *x = *xp;

	if (x == NULL)
		return;
	*xp = NULL;
	sb_free(&x->text);
	free(x->words);
	free(x->slots);
	free(x->bits);
	free(x);
}

/* A beginning and a word of the same letters are two. */
static uint64_t
hash_of(const char *s, size_t n, bool beginning)
{
	uint64_t h = lexicon_hash(s, n, n);

	return beginning ? lexicon_mix(h, 0xb1) : h;
}

static void
put_slot(struct lexicon *x, uint32_t id)
{
	const struct word *w = &x->words[id];
	size_t i = w->hash & x->mask;

	while (x->slots[i].id != 0)
		i = (i + 1) & x->mask;
	x->slots[i].tag = (uint32_t)(w->hash >> 32);
	x->slots[i].id = id & 0xffffffu;
	x->slots[i].marks = w->marks;
}

static void
rebuild(struct lexicon *x, size_t slots)
{
	free(x->slots);
	x->mask = slots - 1;
	x->slots = mem_new(slots, sizeof(*x->slots));
	for (uint32_t id = 1; id <= x->n; id++)
		put_slot(x, id);
}

/* ASCII letters of s in any case; the word is folded. */
static bool
same_word(const struct lexicon *x, const struct word *w, const char *s, size_t n,
    bool beginning)
{
	const char *t = x->text.data + w->at;

	if (w->len != n || w->beginning != beginning)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 32) : s[i];

		if (c != t[i])
			return false;
	}
	return true;
}

static uint32_t
look(const struct lexicon *x, const char *s, size_t n, uint64_t hash, bool beginning,
    uint8_t *marks)
{
	for (size_t i = hash & x->mask; x->slots[i].id != 0; i = (i + 1) & x->mask) {
		const struct slot *t = &x->slots[i];

		if (t->tag != (uint32_t)(hash >> 32) ||
		    !same_word(x, &x->words[t->id], s, n, beginning))
			continue;
		if (marks != NULL)
			*marks = t->marks;
		return t->id;
	}
	return 0;
}

uint32_t
lexicon_add(struct lexicon *x, const char *word, size_t n, bool beginning)
{
	uint64_t hash = hash_of(word, n, beginning);
	uint32_t id = look(x, word, n, hash, beginning, NULL);

	if (id != 0)
		return id;
	if (x->n >= LEXICON_WORDS)
		return 0;
	if (x->n + 2 > x->room) {
		x->room *= 2;
		x->words = mem_grow(x->words, x->room, sizeof(*x->words));
	}
	id = (uint32_t)++x->n;
	x->words[id] = (struct word){x->text.len, (uint32_t)n, beginning, 0, hash};
	sb_put(&x->text, word, n);
	if (x->n * 2 > x->mask)
		rebuild(x, (x->mask + 1) * 2);
	else
		put_slot(x, id);
	return id;
}

void
lexicon_mark(struct lexicon *x, uint32_t id, uint8_t marks)
{
	x->words[id].marks |= marks;
}

size_t
lexicon_count(const struct lexicon *x)
{
	return x->n;
}

const char *
lexicon_text(const struct lexicon *x, uint32_t id, size_t *n)
{
	*n = x->words[id].len;
	return x->text.data + x->words[id].at;
}

void
lexicon_seal(struct lexicon *x)
{
	size_t nbits = 1024;

	while (nbits < x->n * 32)
		nbits *= 2;
	free(x->bits);
	x->bits = mem_new(nbits / 64, sizeof(*x->bits));
	x->may = (struct lexicon_bits){x->bits, nbits - 1};
	for (uint32_t id = 1; id <= x->n; id++) {
		const struct word *w = &x->words[id];

		if (w->beginning)
			x->lengths[w->len >> 6 & 3] |= (uint64_t)1 << (w->len & 63);
		x->bits[(w->hash & x->may.mask) >> 6] |= (uint64_t)1 << (w->hash & 63);
	}
	rebuild(x, x->mask + 1);
}

bool
lexicon_has_beginnings(const struct lexicon *x)
{
	return (x->lengths[0] | x->lengths[1] | x->lengths[2] | x->lengths[3]) != 0;
}

uint32_t
lexicon_find(
    const struct lexicon *x, const char *s, size_t n, uint64_t hash, uint8_t *marks)
{
	return look(x, s, n, hash, false, marks);
}

size_t
lexicon_begins(
    const struct lexicon *x, const char *s, size_t n, uint32_t out[LEXICON_BEGIN_MAX])
{
	size_t found = 0;

	for (size_t len = n < 255 ? n : 255; len > 0 && found < LEXICON_BEGIN_MAX;
	     len--) {
		uint64_t h;
		uint32_t id;

		if (!(x->lengths[len >> 6] >> (len & 63) & 1))
			continue;
		h = hash_of(s, len, true);
		if (!lexicon_may(x, h))
			continue;
		id = look(x, s, len, h, true, NULL);
		if (id != 0)
			out[found++] = id;
	}
	return found;
}
