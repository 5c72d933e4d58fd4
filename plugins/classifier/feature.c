/* SPDX-License-Identifier: Apache-2.0 */
/* feature: the hashed ones; see feature.h.  Dense counts: dense.c; frames:
 * frame.c. */
#include "feature_in.h"

#include <stdlib.h>
#include <string.h>

#define K1 FEATURE_K1
#define K2 FEATURE_K2
#define K3 FEATURE_K3

const uint32_t feature_base[BLOCKS + 1] = {0, 1u << BITS_WORDS,
    (1u << BITS_WORDS) + (1u << BITS_LETTERS),
    (1u << BITS_WORDS) + (1u << BITS_LETTERS) + (1u << BITS_CLASSES), BUCKETS};

/* Families of verbs look alike one level up, 16 forms are 4 there; so do people, those
 * spoken of or to, and moods.  0: as it is. */
enum { FAMILY_PEOPLE = CLASS_COUNT + 4, FAMILY_THEM, FAMILY_MOOD };
static const uint8_t families[CLASS_COUNT] = {
    [CLASS_KILL_BASE] = CLASS_COUNT,
    [CLASS_KILL_PART] = CLASS_COUNT + 1,
    [CLASS_KILL_ING] = CLASS_COUNT + 2,
    [CLASS_KILL_S] = CLASS_COUNT + 3,
    [CLASS_HIT_BASE] = CLASS_COUNT,
    [CLASS_HIT_PART] = CLASS_COUNT + 1,
    [CLASS_HIT_ING] = CLASS_COUNT + 2,
    [CLASS_HIT_S] = CLASS_COUNT + 3,
    [CLASS_RAPE_BASE] = CLASS_COUNT,
    [CLASS_RAPE_PART] = CLASS_COUNT + 1,
    [CLASS_RAPE_ING] = CLASS_COUNT + 2,
    [CLASS_RAPE_S] = CLASS_COUNT + 3,
    [CLASS_PEOPLE] = FAMILY_PEOPLE,
    [CLASS_WOMEN] = FAMILY_PEOPLE,
    [CLASS_GROUP] = FAMILY_PEOPLE,
    [CLASS_SLUR] = FAMILY_PEOPLE,
    [CLASS_ROLE] = FAMILY_PEOPLE,
    [CLASS_INSULT] = FAMILY_PEOPLE,
    [CLASS_THEM] = FAMILY_THEM,
    [CLASS_YOU] = FAMILY_THEM,
    [CLASS_HE] = FAMILY_THEM,
    [CLASS_WILL] = FAMILY_MOOD,
    [CLASS_WOULD] = FAMILY_MOOD,
    [CLASS_SHOULD] = FAMILY_MOOD,
    [CLASS_WANT] = FAMILY_MOOD,
};

static inline uint16_t
family(uint16_t tag)
{
	return tag < CLASS_COUNT && families[tag] != 0 ? families[tag] : tag;
}

static void
tag_words(struct features *f, const struct words *w, const struct lexicon *l,
    size_t from, size_t n)
{
	if (f->tags_cap < n + 1) {
		f->tags_cap = n + n / 2 + 64;
		f->tags = mem_grow(f->tags, f->tags_cap, sizeof(*f->tags));
	}
	for (size_t i = from; i < n; i++)
		f->tags[i] = w->v[i].tag;
	for (size_t i = from; i + 1 < n; i++) {
		const struct vocab_entry *e;

		if (!lexicon_begins(l, w->v[i].hash))
			continue;
		e = vocab_find(
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
	struct feature_list l = feature_begin(f, 2 * (u->last - u->first) + 2);
	uint64_t last = K3;

	for (size_t i = u->first; i < u->last; i++) {
		uint64_t h = w->v[i].hash;

		feature_add(&l, feature_word(h), i, 1);
		feature_add(&l, feature_pair(last, h), i > u->first ? i - 1 : i,
		    i > u->first ? 2 : 1);
		last = feature_next(h);
	}
	feature_add(&l, feature_end(last), u->last - 1, 1);
	feature_finish(f, &l);
}

static void
add_letters(struct features *f, const struct words *w, const struct unit *u)
{
	size_t a = w->v[u->first].at - 1,
	       b = w->v[u->last - 1].at + w->v[u->last - 1].len;
	struct feature_list l = feature_begin(f, 3 * (b - a) + 3);
	size_t word = u->first;

	for (size_t i = a; i + 2 <= b; i++) {
		/* The text ends in bytes of 0, so a look beyond it is safe. */
		uint64_t x = feature_load(w->text + i);

		while (f->owners && word + 1 < u->last && w->v[word + 1].at <= i + 1)
			word++;
		for (int k = 3; k <= 5; k++)
			feature_add(&l, feature_letters(x, k), word, 1);
	}
	feature_finish(f, &l);
}

static uint32_t
class_bucket(uint64_t h)
{
	return feature_base[BLOCK_CLASSES] +
	       (uint32_t)((h * K1) >> (64 - BITS_CLASSES));
}

/* A row of classes that begins at word first and ends with word i, or with the unit. */
static inline void
add_row(struct feature_list *l, const struct unit *u, uint32_t bucket, size_t first,
    size_t i)
{
	size_t end = i < u->last ? i + 1 : u->last;

	feature_add(l, bucket, first, end - first < 255 ? end - first : 255);
}

/* n classes in a row, the newest first. */
static inline uint32_t
row(const uint64_t v[4], size_t n, uint64_t seed, uint64_t k)
{
	uint64_t h = n + seed;

#pragma GCC unroll 4
	while (n-- > 0)
		h = (h ^ v[n]) * k;
	return class_bucket(h);
}

static inline void
push(uint64_t v[4], uint64_t newest)
{
	v[3] = v[2];
	v[2] = v[1];
	v[1] = v[0];
	v[0] = newest;
}

/* Rows of classes: the words as they stand, and again without those of no class.  Laid
 * out twice, with owners and without all that they need. */
static inline __attribute__((always_inline)) void
list_classes(struct features *f, const struct unit *u, struct feature_list l)
{
	uint64_t full[4] = {1, 1, 1, 1}, core[4] = {1, 1, 1, 1};
	uint64_t from[4] = {u->first, u->first, u->first, u->first};

	for (size_t i = u->first; i <= u->last; i++) {
		uint16_t tag = i < u->last ? f->tags[i] : 2;
		size_t done = i + 1 - u->first;

		if (tag == CLASS_COUNT + 7)
			continue;
		push(full, tag);
		if (tag != 0 || full[1] != 0) {
			add_row(&l, u, row(full, 2, 16, K2),
			    done > 2 ? i - 1 : u->first, i);
			add_row(&l, u, row(full, 3, 16, K2),
			    done > 3 ? i - 2 : u->first, i);
			add_row(&l, u, row(full, 4, 16, K2),
			    done > 4 ? i - 3 : u->first, i);
		}
		if (tag == 0)
			continue;
		push(core, family(tag));
		if (i < u->last)
			feature_add(&l, class_bucket((core[0] + 77) * K3), i, 1);
		add_row(&l, u, row(core, 2, 32, K3), from[0], i);
		add_row(&l, u, row(core, 3, 32, K3), from[1], i);
		add_row(&l, u, row(core, 4, 32, K3), from[2], i);
		push(from, i < u->last ? i : u->last - 1);
	}
	feature_finish(f, &l);
}

static void
add_classes(struct features *f, const struct unit *u)
{
	size_t most = 12 * (u->last - u->first) + 12;

	if (f->owners)
		list_classes(f, u, feature_begin(f, most));
	else
		list_classes(f, u, feature_begin_bare(f, most));
}

void
feature_rest(struct features *f, const struct words *w, struct unit *u)
{
	u->start[BLOCK_CLASSES] = f->n;
	add_classes(f, u);
	u->start[BLOCK_FRAMES] = f->n;
	feature_frames(f, w, u);
	u->start[BLOCKS] = f->n;
}

/* Where the window ends that begins at `from', at the latest. */
static size_t
window_end(const struct features *f, const struct words *w, size_t from)
{
	size_t most = f->window > 0 ? f->window + f->window / 2 : WORDS_MAX;

	return w->n - from <= most ? w->n : from + most;
}

/* Where the next one begins, after one whose units are in f and that was looked at as far
 * as n. */
static size_t
window_next(const struct features *f, const struct words *w, size_t from, size_t n)
{
	size_t end = f->unit[f->units - 1].last, back = (n - from) / 6;

	if (end == w->n)
		return end;
	for (size_t i = 0; f->window > 0 && i + 1 < f->units; i++)
		if (f->unit[i].last - from >= f->window / 2)
			return f->unit[i].last;
	return end < n || (w->v[end - 1].flags & WORD_ENDS) ? end : end - back;
}

void
feature_split(
    struct features *f, const struct words *w, const struct lexicon *l, size_t from)
{
	size_t n = window_end(f, w, from), first = from;
	size_t enough = n < w->n && f->window > 0 ? f->window : n - from;

	f->n = 0;
	f->units = 0;
	tag_words(f, w, l, from, n);
	for (size_t i = from; i < n && f->units < UNITS_MAX && first - from < enough; i++) {
		bool last = i + 1 == n;

		/* Very short sentences say little alone. */
		if (!last && (!(w->v[i].flags & WORD_ENDS) || i + 1 - first < 3 ||
				 n - i - 1 < 3))
			continue;
		f->unit[f->units++] = (struct unit){.first = first, .last = i + 1};
		first = i + 1;
	}
	f->next = f->units > 0 ? window_next(f, w, from, n) : n;
}

void
features_take(
    struct features *f, const struct words *w, const struct lexicon *l, size_t from)
{
	feature_split(f, w, l, from);
	for (size_t i = 0; i < f->units; i++) {
		struct unit *u = &f->unit[i];

		u->start[BLOCK_WORDS] = f->n;
		add_words(f, w, u);
		u->start[BLOCK_LETTERS] = f->n;
		add_letters(f, w, u);
		feature_rest(f, w, u);
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
