/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature: the dense counts; see feature.h.  How often each class is there, and how
 * often an act stands close to who does it, to whom, and to what takes it back.
 */
#include <string.h>

#include "feature_in.h"

#define MAX_COUNT 15

const uint8_t feature_act[CLASS_COUNT] = {
    [CLASS_KILL_BASE] = ACT_BASE,
    [CLASS_HIT_BASE] = ACT_BASE,
    [CLASS_RAPE_BASE] = ACT_BASE,
    [CLASS_ACT_BASE] = ACT_BASE,
    [CLASS_KILL_PART] = ACT_PART,
    [CLASS_HIT_PART] = ACT_PART,
    [CLASS_RAPE_PART] = ACT_PART,
    [CLASS_ACT_PART] = ACT_PART,
    [CLASS_KILL_ING] = ACT_ING,
    [CLASS_HIT_ING] = ACT_ING,
    [CLASS_RAPE_ING] = ACT_ING,
    [CLASS_ACT_ING] = ACT_ING,
    [CLASS_DIE] = ACT_DIE,
    [CLASS_DEAD] = ACT_DEAD,
    [CLASS_GALLOWS] = ACT_DEAD,
    [CLASS_PAIN] = ACT_DEAD,
};

static const bool is_target[CLASS_COUNT] = {
    [CLASS_YOU] = true,
    [CLASS_THEM] = true,
    [CLASS_THEIR] = true,
    [CLASS_PEOPLE] = true,
    [CLASS_WOMEN] = true,
    [CLASS_GROUP] = true,
    [CLASS_SLUR] = true,
    [CLASS_ROLE] = true,
    [CLASS_INSULT] = true,
    [CLASS_FAMILY] = true,
    [CLASS_PLACE] = true,
};

/* What may stand before an act, and matter: its row, from 1 on. */
static const uint8_t before[CLASS_COUNT] = {
    [CLASS_I] = 1,
    [CLASS_HE] = 2,
    [CLASS_WILL] = 3,
    [CLASS_WOULD] = 4,
    [CLASS_SHOULD] = 5,
    [CLASS_WANT] = 6,
    [CLASS_HOPE] = 7,
    [CLASS_DESERVE] = 8,
    [CLASS_LET] = 9,
    [CLASS_NEVER] = 10,
    [CLASS_NOBODY] = 11,
    [CLASS_IF] = 12,
    [CLASS_PAST] = 13,
    [CLASS_ASK] = 14,
};
#define BEFORE 14
#define NEAR 4
#define FAR 10

/* Places behind the counts of classes. */
enum {
	D_WORDS = CLASS_COUNT,
	D_MENDED,
	D_CAPITALS,
	D_PICTURES,
	D_QUOTED,
	D_ASKS,
	D_KILL_TARGET,
	D_HIT_TARGET,
	D_RAPE_TARGET,
	D_ACT_TARGET,
	D_WEAPON_TARGET,
	D_PICTURE_TARGET,
	D_FIRST_KILL,
	D_FIRST_HIT,
	D_QUOTED_ACT,
	D_SAID_ACT,
	D_NEWS_ACT,
	D_THREAT_ACT,
	D_COUNTER,
	D_BEFORE_BASE,
	D_BEFORE_PART = D_BEFORE_BASE + BEFORE,
	D_BEFORE_DIE = D_BEFORE_PART + BEFORE,
	D_BEFORE_DEAD = D_BEFORE_DIE + BEFORE,
	D_COUNT = D_BEFORE_DEAD + BEFORE
};
_Static_assert(D_COUNT <= DENSE_MAX, "room for all dense counts");

static inline void
count(uint8_t *out, int place)
{
	out[place] = (uint8_t)(out[place] + (out[place] < MAX_COUNT));
}

/* Who is near behind word i?  True if somebody that can be hurt. */
static bool
target_after(const struct features *f, size_t i, size_t last)
{
	for (size_t k = i + 1; k < last && k <= i + NEAR; k++)
		if (is_target[feature_class(f, k)])
			return true;
	return false;
}

/* Where it is counted that a word of the class has a target. */
static const uint8_t target_of[CLASS_COUNT] = {
    [CLASS_KILL_BASE] = D_KILL_TARGET,
    [CLASS_KILL_ING] = D_KILL_TARGET,
    [CLASS_HIT_BASE] = D_HIT_TARGET,
    [CLASS_HIT_ING] = D_HIT_TARGET,
    [CLASS_RAPE_BASE] = D_RAPE_TARGET,
    [CLASS_ACT_BASE] = D_ACT_TARGET,
    [CLASS_WEAPON] = D_WEAPON_TARGET,
};

static void
count_targets(const struct features *f, const struct words *w, size_t i, size_t last,
    uint8_t *out)
{
	int c = feature_class(f, i);

	if (target_of[c] != 0 && target_after(f, i, last)) {
		count(out, target_of[c]);
		if (w->v[i].flags & WORD_PICTURE)
			count(out, D_PICTURE_TARGET);
	}
}

static void
count_before(const struct features *f, size_t first, size_t i, int act, uint8_t *out)
{
	int base = act == ACT_BASE || act == ACT_ING ? D_BEFORE_BASE
		   : act == ACT_PART		     ? D_BEFORE_PART
		   : act == ACT_DIE		     ? D_BEFORE_DIE
						     : D_BEFORE_DEAD;
	size_t from = i >= first + NEAR ? i - NEAR : first;

	for (size_t k = from; k < i; k++) {
		int row = before[feature_class(f, k)];

		if (row > 0)
			count(out, base + row - 1);
	}
	from = i >= first + FAR ? i - FAR : first;
	for (size_t k = from; k < i; k++) {
		int c = feature_class(f, k);

		if (c == CLASS_SAY)
			count(out, D_SAID_ACT);
		else if (c == CLASS_NEWS)
			count(out, D_NEWS_ACT);
		else if (c == CLASS_THREAT)
			count(out, D_THREAT_ACT);
	}
}

static void
count_flags(const struct word *v, uint8_t *out)
{
	static const struct {
		uint8_t flag, place;
	} flags[] = {{WORD_MENDED, D_MENDED}, {WORD_CAPITALS, D_CAPITALS},
	    {WORD_PICTURE, D_PICTURES}, {WORD_QUOTED, D_QUOTED}, {WORD_ASKS, D_ASKS}};

	if ((v->flags & (WORD_MENDED | WORD_CAPITALS | WORD_PICTURE | WORD_QUOTED |
			    WORD_ASKS)) == 0)
		return;
	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
		if (v->flags & flags[k].flag)
			count(out, flags[k].place);
}

/* What the neighbours of word i make of it. */
static void
count_around(const struct features *f, const struct words *w, size_t first, size_t i,
    size_t last, bool starts, uint8_t *out)
{
	int c = feature_class(f, i), act = feature_act[c];

	count_targets(f, w, i, last, out);
	if (act != ACT_NONE) {
		count_before(f, first, i, act, out);
		if (w->v[i].flags & WORD_QUOTED)
			count(out, D_QUOTED_ACT);
	}
	if (starts && c == CLASS_KILL_BASE && target_after(f, i, last))
		count(out, D_FIRST_KILL);
	if (starts && c == CLASS_HIT_BASE && target_after(f, i, last))
		count(out, D_FIRST_HIT);
	if ((c == CLASS_NEVER || c == CLASS_NOBODY) && i + 1 < last)
		for (size_t k = i + 1; k < last && k <= i + NEAR; k++)
			if (f->tags[k] == CLASS_DESERVE || f->tags[k] == CLASS_SHOULD)
				count(out, D_COUNTER);
}

size_t
features_dense(const struct features *f, const struct words *w, size_t first,
    size_t last, uint8_t out[DENSE_MAX])
{
	bool starts = true;
	size_t words = last > first ? last - first : 0;

	memset(out, 0, DENSE_MAX);
	for (size_t i = first; i < last; i++) {
		int c = feature_class(f, i);

		count(out, c);
		count_flags(&w->v[i], out);
		/* Most words are of no class that minds its neighbours. */
		if ((target_of[c] | feature_act[c]) != 0 || c == CLASS_NEVER ||
		    c == CLASS_NOBODY)
			count_around(f, w, first, i, last, starts, out);
		starts = w->v[i].flags & WORD_ENDS;
	}
	for (out[D_WORDS] = 0; words > 0; words /= 2)
		count(out, D_WORDS);
	out[CLASS_LITERAL] = 0; /* said by the number of words already */
	out[CLASS_NONE] = 0;
	return D_COUNT;
}
