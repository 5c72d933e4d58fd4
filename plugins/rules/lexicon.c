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

struct lexicon {
	struct lexicon_table t; /* first, see lexicon.h */
	uint64_t *bits;
	struct sb text;
	struct word *words; /* by number, from 1 */
	size_t n, room;
	/* Beginnings, as far as START bytes of them go. */
	uint64_t *begin_bits, begin_mask;
	uint64_t lengths[4]; /* of beginnings, a bit each */
	uint8_t firsts[32];  /* bytes that one begins with */
};

#define START 4

struct lexicon *
lexicon_new(void)
{
	struct lexicon *x = mem_new(1, sizeof(*x));

	x->t.mask = 255;
	x->t.slots = mem_new(x->t.mask + 1, sizeof(*x->t.slots));
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
	free(x->t.slots);
	free(x->bits);
	free(x->begin_bits);
	free(x);
}

/* Longer words, and short ones at the end of what may be read. */
uint64_t
lexicon_hash_odd(const char *s, size_t n, uint64_t *any)
{
	uint64_t h = n, v = 0, all = 0;

	if (n < 8) {
		memcpy(&v, s, n);
		return lexicon_hash_two(v, v, 8 - n, n, any);
	}
	for (size_t i = 0; i < n; i += 8) {
		memcpy(&v, s + (n - i < 8 ? n - 8 : i), 8);
		all |= v;
		h = lexicon_mix(h, v | LEXICON_LOW);
	}
	*any = all;
	return h;
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
	uint64_t i = w->hash >> 20 & x->t.mask;

	while (x->t.slots[i].id != 0)
		i = (i + 1) & x->t.mask;
	x->t.slots[i] = (struct lexicon_slot){w->hash, id, w->marks};
}

static void
rebuild(struct lexicon *x, uint64_t slots)
{
	free(x->t.slots);
	x->t.mask = slots - 1;
	x->t.slots = mem_new(slots, sizeof(*x->t.slots));
	for (uint32_t id = 1; id <= x->n; id++)
		put_slot(x, id);
}

uint32_t
lexicon_add(struct lexicon *x, const char *word, size_t n, bool beginning)
{
	uint64_t hash = hash_of(word, n, beginning);
	uint8_t marks;
	uint32_t id = lexicon_find(x, hash, &marks);

	if (id != 0) /* another word of the same hash cannot be had too */
		return x->words[id].len == n && x->words[id].beginning == beginning &&
			       memcmp(x->text.data + x->words[id].at, word, n) == 0
			   ? id
			   : 0;
	if (x->n >= LEXICON_WORDS)
		return 0;
	if (x->n + 2 > x->room) {
		x->room *= 2;
		x->words = mem_grow(x->words, x->room, sizeof(*x->words));
	}
	id = (uint32_t)++x->n;
	x->words[id] = (struct word){x->text.len, (uint32_t)n, beginning, 0, hash};
	sb_put(&x->text, word, n);
	if (x->n * 2 > x->t.mask)
		rebuild(x, (x->t.mask + 1) * 2);
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

uint64_t
lexicon_hash_of(const struct lexicon *x, uint32_t id)
{
	return x->words[id].hash;
}

uint64_t *
lexicon_bits_new(size_t members, uint64_t *mask)
{
	size_t n = 16;

	while (n * 2 < members)
		n *= 2;
	*mask = n - 1;
	return mem_new(n, sizeof(uint64_t));
}

static void
add_beginning(struct lexicon *x, const char *s, size_t n)
{
	size_t start = n < START ? n : START;
	uint8_t c = (uint8_t)s[0];

	x->lengths[n >> 6 & 3] |= (uint64_t)1 << (n & 63);
	lexicon_bits_add(x->begin_bits, x->begin_mask, lexicon_hash(s, start, start));
	/* As texts have it, in either case. */
	x->firsts[c >> 3] |= (uint8_t)(1u << (c & 7));
	if (c >= 'a' && c <= 'z')
		x->firsts[(c - 32) >> 3] |= (uint8_t)(1u << (c & 7));
}

void
lexicon_seal(struct lexicon *x, uint8_t marks)
{
	size_t marked = 0, begins = 0;

	for (uint32_t id = 1; id <= x->n; id++) {
		begins += x->words[id].beginning;
		marked += (x->words[id].marks & marks) != 0;
	}
	x->bits = lexicon_bits_new(marked, &x->t.bits_mask);
	x->t.bits = x->bits;
	x->begin_bits = lexicon_bits_new(begins, &x->begin_mask);
	for (uint32_t id = 1; id <= x->n; id++) {
		const struct word *w = &x->words[id];

		if (w->beginning) {
			add_beginning(x, x->text.data + w->at, w->len);
		} else if (w->marks & marks) {
			lexicon_bits_add(x->bits, x->t.bits_mask, w->hash);
		}
	}
	rebuild(x, x->t.mask + 1);
}

bool
lexicon_has_beginnings(const struct lexicon *x)
{
	return (x->lengths[0] | x->lengths[1] | x->lengths[2] | x->lengths[3]) != 0;
}

static bool
begins_so(const struct lexicon *x, const char *s, size_t len, size_t room)
{
	uint64_t h = lexicon_hash(s, len, room);

	return lexicon_bits_has(x->begin_bits, x->begin_mask, h);
}

size_t
lexicon_begins(
    const struct lexicon *x, const char *s, size_t n, uint32_t out[LEXICON_BEGIN_MAX])
{
	size_t found = 0, most = n < 255 ? n : 255;
	uint8_t c = (uint8_t)s[0];

	if (!(x->firsts[c >> 3] >> (c & 7) & 1))
		return 0;
	/* Mostly no beginning has these four bytes, and few are as short as three. */
	if (n < START || !begins_so(x, s, START, n))
		most = n < START ? n : START - 1;
	for (size_t len = most; len > 0 && found < LEXICON_BEGIN_MAX; len--) {
		uint8_t marks;
		uint64_t h;
		uint32_t id;

		if (!(x->lengths[len >> 6] >> (len & 63) & 1) ||
		    (len < START && !begins_so(x, s, len, n)))
			continue;
		h = hash_of(s, len, true);
		id = lexicon_find(x, h, &marks);
		if (id != 0)
			out[found++] = id;
	}
	return found;
}
