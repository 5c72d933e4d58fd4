/* SPDX-License-Identifier: Apache-2.0 */
/* feature: what its files share. */
#ifndef CLASSIFIER_FEATURE_IN_H
#define CLASSIFIER_FEATURE_IN_H

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

void feature_reserve(struct features *f, size_t more);

static inline void
feature_add(struct features *f, uint32_t bucket, size_t first, size_t count)
{
	f->v[f->n] = bucket;
	__builtin_prefetch((const void *)((uintptr_t)f->warm + 2 * (size_t)bucket));
	if (f->owners)
		f->owner[f->n] = (uint32_t)(first << 8 | (count & 0xff));
	f->n++;
}

/* Adds the frames of a unit. */
void feature_frames(struct features *f, const struct words *w, const struct unit *u);

#endif
