/* SPDX-License-Identifier: Apache-2.0 */
/* feature: the hashed ones; see feature.h.  Dense counts: dense.c; frames:
 * frame.c. */
#include "feature_in.h"

#include <stdlib.h>
#include <string.h>

#define K1 0x9e3779b97f4a7c15u
#define K2 0xc2b2ae3d27d4eb4fu
#define K3 0x165667b19e3779f9u

const uint32_t feature_base[BLOCKS + 1] = {0, 1u << BITS_WORDS,
    (1u << BITS_WORDS) + (1u << BITS_LETTERS),
    (1u << BITS_WORDS) + (1u << BITS_LETTERS) + (1u << BITS_CLASSES), BUCKETS};

/* Families of verbs look alike one level up: 16 forms become 4. */
static uint16_t
family(uint16_t tag)
{
	if (tag >= CLASS_KILL_BASE && tag <= CLASS_KILL_S)
		return (uint16_t)(CLASS_COUNT + tag - CLASS_KILL_BASE);
	if (tag >= CLASS_HIT_BASE && tag <= CLASS_HIT_S)
		return (uint16_t)(CLASS_COUNT + tag - CLASS_HIT_BASE);
	if (tag >= CLASS_RAPE_BASE && tag <= CLASS_RAPE_S)
		return (uint16_t)(CLASS_COUNT + tag - CLASS_RAPE_BASE);
	if (tag >= CLASS_PEOPLE && tag <= CLASS_INSULT)
		return CLASS_COUNT + 4;
	if (tag == CLASS_THEM || tag == CLASS_YOU || tag == CLASS_HE)
		return CLASS_COUNT + 5;
	if (tag == CLASS_WILL || tag == CLASS_WOULD || tag == CLASS_SHOULD ||
	    tag == CLASS_WANT)
		return CLASS_COUNT + 6;
	return tag;
}

static void
tag_words(struct features *f, const struct words *w, const struct lexicon *l, size_t n)
{
	if (f->tags_cap < n + 1) {
		f->tags_cap = n + n / 2 + 64;
		f->tags = mem_grow(f->tags, f->tags_cap, sizeof(*f->tags));
	}
	for (size_t i = 0; i < n; i++)
		f->tags[i] = w->v[i].tag;
	for (size_t i = 0; i + 1 < n; i++) {
		const struct vocab_entry *e = vocab_find(
		    l->phrases, lexicon_pair(w->v[i].hash, w->v[i + 1].hash));

		if (e != NULL) {
			f->tags[i] = e->tag;
			f->tags[i + 1] = CLASS_COUNT + 7; /* joined to the one before */
			i++;
		}
	}
}

void
feature_reserve(struct features *f, size_t more)
{
	if (f->n + more <= f->cap)
		return;
	f->cap = (f->n + more) * 2;
	f->v = mem_grow(f->v, f->cap, sizeof(*f->v));
	if (f->owners)
		f->owner = mem_grow(f->owner, f->cap, sizeof(*f->owner));
}

static void
add_words(struct features *f, const struct words *w, const struct unit *u)
{
	uint64_t last = K3;

	feature_reserve(f, 2 * (u->last - u->first) + 2);
	for (size_t i = u->first; i < u->last; i++) {
		uint64_t h = w->v[i].hash;

		feature_add(f, (uint32_t)((h * K1) >> (64 - BITS_WORDS)), i, 1);
		feature_add(f, (uint32_t)(((last ^ h * K2) * K1) >> (64 - BITS_WORDS)),
		    i > u->first ? i - 1 : i, i > u->first ? 2 : 1);
		last = h * K3 + 1;
	}
	feature_add(
	    f, (uint32_t)(((last ^ K2) * K1) >> (64 - BITS_WORDS)), u->last - 1, 1);
}

static void
add_letters(struct features *f, const struct words *w, const struct unit *u)
{
	size_t a = w->v[u->first].at - 1,
	       b = w->v[u->last - 1].at + w->v[u->last - 1].len;
	size_t word = u->first;

	feature_reserve(f, 3 * (b - a) + 3);
	for (size_t i = a; i + 2 <= b; i++) {
		uint64_t x;

		/* The text ends in 8 bytes of 0, so a look beyond it is safe. */
		memcpy(&x, w->text + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		x = __builtin_bswap64(x);
#endif
		while (f->owners && word + 1 < u->last && w->v[word + 1].at <= i + 1)
			word++;
		feature_add(f,
		    feature_base[BLOCK_LETTERS] +
			(uint32_t)(((x & 0xffffffu) * K1) >> (64 - BITS_LETTERS)),
		    word, 1);
		feature_add(f,
		    feature_base[BLOCK_LETTERS] +
			(uint32_t)(((x & 0xffffffffu) * K2) >> (64 - BITS_LETTERS)),
		    word, 1);
		feature_add(f,
		    feature_base[BLOCK_LETTERS] +
			(uint32_t)(((x & 0xffffffffffu) * K3) >> (64 - BITS_LETTERS)),
		    word, 1);
	}
}

static uint32_t
class_bucket(uint64_t h)
{
	return feature_base[BLOCK_CLASSES] +
	       (uint32_t)((h * K1) >> (64 - BITS_CLASSES));
}

/* A row of classes that begins at word first and ends with word i, or with the unit. */
static void
add_row(
    struct features *f, const struct unit *u, uint32_t bucket, size_t first, size_t i)
{
	size_t end = i < u->last ? i + 1 : u->last;

	feature_add(f, bucket, first, end - first < 255 ? end - first : 255);
}

/* Rows of n classes: the words as they stand, and again without those of no class. */
static void
add_classes(struct features *f, const struct words *w, const struct unit *u)
{
	uint64_t full[4] = {1, 1, 1, 1}, core[4] = {1, 1, 1, 1};
	size_t places[4] = {u->first, u->first, u->first, u->first};

	feature_reserve(f, 12 * (u->last - u->first) + 12);
	for (size_t i = u->first; i <= u->last; i++) {
		uint16_t tag = i < u->last ? f->tags[i] : 2;
		uint64_t h;

		if (tag == CLASS_COUNT + 7)
			continue;
		full[0] = tag;
		for (size_t n = 2; n <= 4; n++) {
			h = n + 16;
			for (size_t k = n; k-- > 0;)
				h = (h ^ full[k]) * K2;
			if (tag != 0 || full[1] != 0)
				add_row(f, u, class_bucket(h),
				    i + 1 > u->first + n ? i + 1 - n : u->first, i);
		}
		memmove(&full[1], &full[0], 3 * sizeof(full[0]));
		if (tag == 0)
			continue;
		core[0] = family(tag);
		if (i < u->last)
			feature_add(f, class_bucket((core[0] + 77) * K3), i, 1);
		for (size_t n = 2; n <= 4; n++) {
			h = n + 32;
			for (size_t k = n; k-- > 0;)
				h = (h ^ core[k]) * K3;
			add_row(f, u, class_bucket(h), places[n - 2], i);
		}
		memmove(&core[1], &core[0], 3 * sizeof(core[0]));
		memmove(&places[1], &places[0], 3 * sizeof(places[0]));
		places[0] = i < u->last ? i : u->last - 1;
	}
	(void)w;
}

static void
add_unit(struct features *f, const struct words *w, size_t first, size_t last)
{
	struct unit *u = &f->unit[f->units++];

	u->first = first;
	u->last = last;
	u->start[BLOCK_WORDS] = f->n;
	add_words(f, w, u);
	u->start[BLOCK_LETTERS] = f->n;
	add_letters(f, w, u);
	u->start[BLOCK_CLASSES] = f->n;
	add_classes(f, w, u);
	u->start[BLOCK_FRAMES] = f->n;
	feature_frames(f, w, u);
	u->start[BLOCKS] = f->n;
}

void
features_take(struct features *f, const struct words *w, const struct lexicon *l)
{
	size_t n = w->n < WORDS_MAX ? w->n : WORDS_MAX, first = 0;

	f->n = 0;
	f->units = 0;
	tag_words(f, w, l, n);
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n;

		/* Very short sentences say little alone. */
		if (!last && (!(w->v[i].flags & WORD_ENDS) || i + 1 - first < 3 ||
				 n - i - 1 < 3 || f->units + 1 >= UNITS_MAX))
			continue;
		add_unit(f, w, first, i + 1);
		first = i + 1;
	}
}

void
features_free(struct features *f)
{
	free(f->v);
	free(f->owner);
	free(f->tags);
	memset(f, 0, sizeof(*f));
}
