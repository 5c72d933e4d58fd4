/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature: frames; see feature.h.  Around each word of violence: who acts, in which
 * mood (will, should, hope, deserve), whether it is taken back, on whom or on what, and
 * whether somebody reports it.  Rows of classes see this only where the words stand
 * side by side; a frame does not mind what stands between.
 */
#include "feature_in.h"

#define K1 0x9e3779b97f4a7c15u
#define K2 0xc2b2ae3d27d4eb4fu
#define K3 0x165667b19e3779f9u

#define ACTOR_BEFORE \
	8 /* words in which the one who acts, and the mood, are looked for */
#define DENIED_BEFORE 5
#define OBJECT_BEHIND 6
#define ABOUT 14      /* words on each side in which a report is looked for */
#define ABOUT_KINDS 3 /* that are noted */

/* What words of a class are in a frame; 0: nothing. */
static const uint8_t actor_of[CLASS_COUNT] = {
    [CLASS_I] = 1,
    [CLASS_HE] = 2,
    [CLASS_THEM] = 2,
    [CLASS_YOU] = 3,
    [CLASS_PEOPLE] = 4,
    [CLASS_WOMEN] = 4,
    [CLASS_GROUP] = 4,
    [CLASS_SLUR] = 4,
    [CLASS_INSULT] = 4,
    [CLASS_ROLE] = 4,
    [CLASS_FAMILY] = 4,
    [CLASS_NOBODY] = 5,
    [CLASS_NEWS] = 6,
    [CLASS_KILLER] = 6,
};
static const uint8_t mood_of[CLASS_COUNT] = {
    [CLASS_WILL] = 1,
    [CLASS_WOULD] = 2,
    [CLASS_SHOULD] = 3,
    [CLASS_WANT] = 4,
    [CLASS_HOPE] = 5,
    [CLASS_DESERVE] = 6,
    [CLASS_CAN] = 7,
    [CLASS_PAST] = 8,
    [CLASS_ASK] = 9,
    [CLASS_IF] = 10,
    [CLASS_LET] = 11,
    [CLASS_SWEAR] = 12,
};
static const uint8_t object_of[CLASS_COUNT] = {
    [CLASS_YOU] = 1,
    [CLASS_THEM] = 2,
    [CLASS_THEIR] = 3,
    [CLASS_PEOPLE] = 4,
    [CLASS_WOMEN] = 4,
    [CLASS_GROUP] = 4,
    [CLASS_SLUR] = 4,
    [CLASS_INSULT] = 4,
    [CLASS_ROLE] = 4,
    [CLASS_FAMILY] = 4,
    [CLASS_PLACE] = 5,
    [CLASS_ME] = 6,
    [CLASS_ANIMAL] = 7,
    [CLASS_THING] = 8,
    [CLASS_TECH] = 8,
    [CLASS_VEHICLE] = 8,
    [CLASS_GAME] = 9,
    [CLASS_SPORT] = 9,
    [CLASS_COOK] = 10,
    [CLASS_HE] = 11,
    [CLASS_BODY] = 12,
};
static const uint8_t about_of[CLASS_COUNT] = {
    [CLASS_SAY] = 1,
    [CLASS_NEWS] = 2,
    [CLASS_THREAT] = 3,
    [CLASS_THINK] = 4,
    [CLASS_COUNTER] = 5,
    [CLASS_FILM] = 6,
    [CLASS_GAME] = 7,
    [CLASS_SPORT] = 8,
    [CLASS_COOK] = 9,
    [CLASS_TECH] = 10,
    [CLASS_ANIMAL] = 11,
    [CLASS_HISTORY] = 12,
    [CLASS_LAW] = 13,
    [CLASS_MEDIC] = 14,
    [CLASS_JOKE] = 15,
    [CLASS_LOVE] = 16,
};

struct frame {
	unsigned kind, actor, mood, object;
	bool denied, quoted, asks;
};

static void
look_before(const struct features *f, const struct unit *u, size_t i, struct frame *r)
{
	for (size_t k = i; k > u->first && i - k < ACTOR_BEFORE; k--) {
		int c = feature_class(f, k - 1);

		if (r->actor == 0)
			r->actor = actor_of[c];
		if (r->mood == 0)
			r->mood = mood_of[c];
		if (i - k < DENIED_BEFORE && (c == CLASS_NEVER || c == CLASS_NOBODY))
			r->denied = true;
	}
}

static void
look_behind(const struct features *f, const struct unit *u, size_t i, struct frame *r)
{
	for (size_t k = i + 1; k < u->last && k <= i + OBJECT_BEHIND && r->object == 0;
	     k++)
		r->object = object_of[feature_class(f, k)];
}

static void
add(struct feature_list *l, size_t i, unsigned which, unsigned a, unsigned b,
    unsigned c, unsigned d)
{
	uint64_t h = which + 1;

	h = (h ^ a) * K2;
	h = (h ^ b) * K3;
	h = (h ^ c) * K2;
	h = (h ^ d) * K3;
	feature_add(l,
	    feature_base[BLOCK_FRAMES] + (uint32_t)((h * K1) >> (64 - BITS_FRAMES)), i,
	    1);
}

/* What is spoken of around word i: the first few kinds of it, each once. */
static void
add_about(const struct features *f, struct feature_list *l, const struct unit *u,
    size_t i, const struct frame *r)
{
	size_t from = i > u->first + ABOUT ? i - ABOUT : u->first;
	uint32_t seen = 0;
	int kinds = 0;

	for (size_t k = from; k < u->last && k <= i + ABOUT; k++) {
		unsigned a = about_of[feature_class(f, k)];

		if (a == 0 || seen & 1u << a)
			continue;
		if (++kinds > ABOUT_KINDS)
			break;
		seen |= 1u << a;
		add(l, i, 6, r->kind, r->object, a, 0);
	}
}

void
feature_frames(struct features *f, const struct words *w, const struct unit *u)
{
	bool asks = w->v[u->last - 1].flags & WORD_ASKS;

	for (size_t i = u->first; i < u->last; i++) {
		int c = feature_class(f, i);
		struct frame r = {.kind = feature_act[c],
		    .quoted = w->v[i].flags & WORD_QUOTED,
		    .asks = asks};
		struct feature_list l;

		if (c == CLASS_WEAPON)
			r.kind = ACT_WEAPON;
		if (r.kind == ACT_NONE)
			continue;
		look_before(f, u, i, &r);
		look_behind(f, u, i, &r);
		l = feature_begin(f, 6 + ABOUT_KINDS);
		add(&l, i, 1, (unsigned)c, r.mood, r.object, 0);
		add(&l, i, 2, r.kind, r.actor, r.mood, r.object + 32 * r.denied);
		add(&l, i, 3, (unsigned)c, r.mood, r.denied, 0);
		add(&l, i, 4, r.kind, r.object, r.quoted, r.asks);
		add(&l, i, 5, r.kind, r.actor, r.mood, r.denied);
		add_about(f, &l, u, i, &r);
		feature_finish(f, &l);
	}
}
