/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon: words and phrases by class, read from a plain text (lexicon.txt).  It says
 * which class a word has; what the classes do in a sentence is learned.
 */
#ifndef CLASSIFIER_LEXICON_H
#define CLASSIFIER_LEXICON_H

#include "kit/mem.h"
#include "kit/vocab.h"
#include "kit/words.h"

#define LEXICON_CLASSES(X)                                                               \
	X(KILL_BASE, "kill-base")                                                        \
	X(KILL_PART, "kill-part")                                                        \
	X(KILL_ING, "kill-ing")                                                          \
	X(KILL_S, "kill-s")                                                              \
	X(KILLER, "killer")                                                              \
	X(HIT_BASE, "hit-base")                                                          \
	X(HIT_PART, "hit-part")                                                          \
	X(HIT_ING, "hit-ing")                                                            \
	X(HIT_S, "hit-s")                                                                \
	X(RAPE_BASE, "rape-base")                                                        \
	X(RAPE_PART, "rape-part")                                                        \
	X(RAPE_ING, "rape-ing")                                                          \
	X(RAPE_S, "rape-s")                                                              \
	X(ACT_BASE, "act-base")                                                          \
	X(ACT_PART, "act-part")                                                          \
	X(ACT_ING, "act-ing")                                                            \
	X(ACT_S, "act-s")                                                                \
	X(DIE, "die")                                                                    \
	X(DEAD, "dead")                                                                  \
	X(SUICIDE, "suicide")                                                            \
	X(PAIN, "pain")                                                                  \
	X(WEAPON, "weapon")                                                              \
	X(GALLOWS, "gallows")                                                            \
	X(BODY, "body")                                                                  \
	X(PLACE, "place")                                                                \
	X(VEHICLE, "vehicle")                                                            \
	X(I, "i")                                                                        \
	X(ME, "me")                                                                      \
	X(YOU, "you")                                                                    \
	X(HE, "he")                                                                      \
	X(THEM, "them")                                                                  \
	X(THEIR, "their")                                                                \
	X(PEOPLE, "people")                                                              \
	X(WOMEN, "women")                                                                \
	X(GROUP, "group")                                                                \
	X(SLUR, "slur")                                                                  \
	X(ROLE, "role")                                                                  \
	X(INSULT, "insult")                                                              \
	X(FAMILY, "family")                                                              \
	X(WILL, "will")                                                                  \
	X(WOULD, "would")                                                                \
	X(SHOULD, "should")                                                              \
	X(CAN, "can")                                                                    \
	X(WANT, "want")                                                                  \
	X(HOPE, "hope")                                                                  \
	X(DESERVE, "deserve")                                                            \
	X(LET, "let")                                                                    \
	X(JUST, "just")                                                                  \
	X(ALL, "all")                                                                    \
	X(NEVER, "never")                                                                \
	X(NOBODY, "nobody")                                                              \
	X(IF, "if")                                                                      \
	X(ASK, "ask")                                                                    \
	X(PAST, "past")                                                                  \
	X(NOW, "now")                                                                    \
	X(SWEAR, "swear")                                                                \
	X(SAY, "say")                                                                    \
	X(NEWS, "news")                                                                  \
	X(THREAT, "threat")                                                              \
	X(THINK, "think")                                                                \
	X(COUNTER, "counter")                                                            \
	X(LOVE, "love")                                                                  \
	X(JOKE, "joke")                                                                  \
	X(PRAISE, "praise")                                                              \
	X(GAME, "game")                                                                  \
	X(SPORT, "sport")                                                                \
	X(FILM, "film")                                                                  \
	X(COOK, "cook")                                                                  \
	X(TECH, "tech")                                                                  \
	X(ANIMAL, "animal")                                                              \
	X(THING, "thing")                                                                \
	X(MEDIC, "medic")                                                                \
	X(LAW, "law")                                                                    \
	X(HISTORY, "history")                                                            \
	X(CURSE, "curse")                                                                \
	X(LITERAL, "literal")

enum lexicon_class {
	CLASS_NONE,
#define X(name, text) CLASS_##name,
	LEXICON_CLASSES(X)
#undef X
	    CLASS_COUNT
};

/* Tags of the vocabulary: a class, or LEXICON_WORD + n for the n-th literal word. */
#define LEXICON_WORD 128
#define LEXICON_WORDS_MAX 800
#define LEXICON_PHRASES_MAX 4000
#define LEXICON_BEGINS 13 /* as a power of two */

struct lexicon {
	struct vocab *words;   /* single words and those of the training texts */
	struct vocab *phrases; /* by lexicon_pair() */
	uint64_t begins[1 << (LEXICON_BEGINS - 6)]; /* a bit for each that begins one */
	size_t n, literals;
};

/* Reads the text of a lexicon.  -1 and "line N: ..." in w. */
int lexicon_read(const char *text, size_t n, struct lexicon **out, struct why *w);
void lexicon_free(struct lexicon **l);

/* The text without comments and double blanks, as models carry it. */
void lexicon_pack(const char *text, size_t n, struct sb *out);

static inline uint64_t
lexicon_pair(uint64_t first, uint64_t second)
{
	return (first * 0x9e3779b97f4a7c15u) ^ second;
}

static inline size_t
lexicon_bit(uint64_t hash)
{
	return hash * 0x9e3779b97f4a7c15u >> (64 - LEXICON_BEGINS);
}

/* May a phrase begin with the word of this hash?  If not, that is certain. */
static inline bool
lexicon_begins(const struct lexicon *l, uint64_t hash)
{
	size_t bit = lexicon_bit(hash);

	return l->begins[bit / 64] >> bit % 64 & 1;
}

#endif
