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
	struct start *starts; /* of beginnings, by key */
	uint32_t starts_mask;
	uint64_t lengths;     /* of all beginnings of two bytes or more */
	uint32_t single[256]; /* those of one byte, by it, in either case */
	bool begins;
};

#define START 4	   /* bytes of a beginning that tell which there may be */
#define LONGEST 63 /* stands for all lengths from here on */

struct start {
	uint32_t key;
	uint64_t lengths; /* of beginnings that start so, a bit each; 0: a free slot */
};

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
	free(x->starts);
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

#define BEGINNING 0xb1 /* a beginning and a word of the same letters are two */

static uint64_t
hash_of(const char *s, size_t n, bool beginning)
{
	uint64_t h = lexicon_hash(s, n, n);

	return beginning ? lexicon_mix(h, BEGINNING) : h;
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

bool
lexicon_is(const struct lexicon *x, uint32_t id, const char *s, size_t n)
{
	const struct word *w = &x->words[id];

	return w->len == n && lexicon_same(s, x->text.data + w->at, n);
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

/* The first n <= START bytes without regard to case.  No word has a blank, which is
 * what others of fewer bytes end with. */
static inline uint32_t
start_key(uint32_t first, size_t n)
{
	return (n < START ? first & ((1u << 8 * n) - 1) : first) |
	       (uint32_t)LEXICON_LOW;
}

static inline struct start *
start_slot(const struct lexicon *x, uint32_t key)
{
	uint32_t i = key * 0x9e3779b1U >> 8 & x->starts_mask;

	while (x->starts[i].lengths != 0 && x->starts[i].key != key)
		i = (i + 1) & x->starts_mask;
	return &x->starts[i];
}

static void
add_beginning(struct lexicon *x, uint32_t id, const char *s, size_t n)
{
	uint64_t length = (uint64_t)1 << (n < LONGEST ? n : LONGEST);
	uint32_t first = 0;
	struct start *at;

	x->begins = true;
	if (n == 1) {
		x->single[(uint8_t)s[0]] = id;
		if (s[0] >= 'a' && s[0] <= 'z')
			x->single[(uint8_t)s[0] - 32] = id;
		return;
	}
	memcpy(&first, s, n < START ? n : START);
	at = start_slot(x, start_key(first, n));
	*at = (struct start){start_key(first, n), at->lengths | length};
	x->lengths |= length;
}

static void
seal_beginnings(struct lexicon *x, size_t n)
{
	x->starts_mask = 63;
	while (x->starts_mask < n * 4)
		x->starts_mask = x->starts_mask * 2 + 1;
	x->starts = mem_new((size_t)x->starts_mask + 1, sizeof(*x->starts));
	for (uint32_t id = 1; n > 0 && id <= x->n; id++)
		if (x->words[id].beginning)
			add_beginning(
			    x, id, x->text.data + x->words[id].at, x->words[id].len);
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
	for (uint32_t id = 1; id <= x->n; id++) {
		const struct word *w = &x->words[id];

		if (!w->beginning && w->marks & marks)
			lexicon_bits_add(x->bits, x->t.bits_mask, w->hash);
	}
	seal_beginnings(x, begins);
	rebuild(x, x->t.mask + 1);
}

bool
lexicon_has_beginnings(const struct lexicon *x)
{
	return x->begins;
}

/* The lengths of beginnings, from two bytes on, that a word may have. */
static uint64_t
lengths_of(const struct lexicon *x, const char *s, size_t n, size_t room)
{
	uint64_t lengths = 0, fits = n < LONGEST ? ((uint64_t)2 << n) - 1 : UINT64_MAX;
	uint32_t first = 0;

	if (room < START)
		memcpy(&first, s, n);
	else
		memcpy(&first, s, START);
	for (size_t k = 2; k < START; k++)
		if (x->lengths & fits & 1u << k)
			lengths |= start_slot(x, start_key(first, k))->lengths;
	if (n >= START)
		lengths |= start_slot(x, start_key(first, START))->lengths;
	return lengths & fits;
}

size_t
lexicon_begins(const struct lexicon *x, const char *s, size_t n, size_t room,
    uint32_t out[LEXICON_BEGIN_MAX])
{
	uint64_t lengths = lengths_of(x, s, n, room);
	size_t found = 0, len = n < 255 ? n : 255;

	while (lengths != 0 && found < LEXICON_BEGIN_MAX) {
		size_t most = 63u - (unsigned)__builtin_clzll(lengths);
		uint8_t marks;
		uint64_t h;
		uint32_t id;

		len = most < LONGEST ? most : len;
		h = lexicon_mix(lexicon_hash(s, len, room), BEGINNING);
		id = lexicon_find(x, h, &marks);
		if (id != 0 && lexicon_is(x, id, s, len))
			out[found++] = id;
		if (len-- <= LONGEST)
			lengths &= ~((uint64_t)1 << most);
	}
	if (x->single[(uint8_t)s[0]] != 0 && found < LEXICON_BEGIN_MAX)
		out[found++] = x->single[(uint8_t)s[0]];
	return found;
}
