/* SPDX-License-Identifier: Apache-2.0 */
/* feature: what its files share. */
#ifndef CLASSIFIER_FEATURE_IN_H
#define CLASSIFIER_FEATURE_IN_H

#include <string.h>

#include "feature.h"

/* Kinds of violence: to do it, done, doing, dying, dead; a weapon. */
enum act { ACT_NONE, ACT_BASE, ACT_PART, ACT_ING, ACT_DIE, ACT_DEAD, ACT_WEAPON };
extern const uint8_t feature_act[]; /* by class; no weapons */

/* The class of word i; CLASS_LITERAL for the bones, CLASS_NONE behind the first of two
 * that are one. */
static inline int
feature_class(const struct features *f, size_t i)
{
	uint16_t t = f->tags[i];

	return t >= LEXICON_WORD || t > CLASS_COUNT ? CLASS_LITERAL
	       : t == CLASS_COUNT		    ? CLASS_NONE
						    : t;
}

/* --- buckets, in the open for quick.c, which takes the same ones without a list */

#define FEATURE_K1 0x9e3779b97f4a7c15u
#define FEATURE_K2 0xc2b2ae3d27d4eb4fu
#define FEATURE_K3 0x165667b19e3779f9u

/* A word by its hash. */
static inline uint32_t
feature_word(uint64_t h)
{
	return (uint32_t)((h * FEATURE_K1) >> (64 - BITS_WORDS));
}

/* A word behind another, or the first one; `last' is FEATURE_K3 before the first word,
 * and then feature_next() of the one before. */
static inline uint32_t
feature_pair(uint64_t last, uint64_t h)
{
	return feature_word(last ^ h * FEATURE_K2);
}

static inline uint64_t
feature_next(uint64_t h)
{
	return h * FEATURE_K3 + 1;
}

/* The last word. */
static inline uint32_t
feature_end(uint64_t last)
{
	return feature_word(last ^ FEATURE_K2);
}

/* Eight letters, the first one lowest. */
static inline uint64_t
feature_load(const char *s)
{
	uint64_t x;

	memcpy(&x, s, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

/* The first three, four or five letters of x. */
static inline uint32_t
feature_letters(uint64_t x, int n)
{
	uint64_t k = n == 3 ? FEATURE_K1 : n == 4 ? FEATURE_K2 : FEATURE_K3;

	x &= ((uint64_t)1 << 8 * n) - 1;
	return (1u << BITS_WORDS) + (uint32_t)((x * k) >> (64 - BITS_LETTERS));
}

/* --- lists */

/* Finds the classes of words and the units, without any features. */
void feature_split(
    struct features *f, const struct words *w, const struct lexicon *l, size_t from);
/* Adds the features of a unit that are made of classes: the last two blocks. */
void feature_rest(struct features *f, const struct words *w, struct unit *u);
void feature_reserve(struct features *f, size_t more);

/* The end of the list, while it grows: feature_begin(), feature_add() up to `more' times,
 * feature_finish(). */
struct feature_list {
	uint32_t *v, *owner;
	const char *warm;
};

static inline struct feature_list
feature_begin(struct features *f, size_t more)
{
	feature_reserve(f, more);
	return (struct feature_list){
	    f->v + f->n, f->owners ? f->owner + f->n : NULL, f->warm};
}

/* The same for a list without owners, which the compiler sees then. */
static inline struct feature_list
feature_begin_bare(struct features *f, size_t more)
{
	feature_reserve(f, more);
	return (struct feature_list){f->v + f->n, NULL, f->warm};
}

static inline void
feature_add(struct feature_list *l, uint32_t bucket, size_t first, size_t count)
{
	*l->v++ = bucket;
	__builtin_prefetch((const void *)((uintptr_t)l->warm + 2 * (size_t)bucket));
	if (l->owner != NULL)
		*l->owner++ = (uint32_t)(first << 8 | (count & 0xff));
}

static inline void
feature_finish(struct features *f, const struct feature_list *l)
{
	f->n = (size_t)(l->v - f->v);
}

/* Adds the frames of a unit. */
void feature_frames(struct features *f, const struct words *w, const struct unit *u);

#endif
