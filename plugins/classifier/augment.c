/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train: rows made from rows.  What is a threat when somebody says it is none when
 * somebody reports, quotes or condemns it, nor when it is done to weeds; it stays one
 * whoever the target is, and however it is spelled.
 */
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "train.h"

#define MADE_WEIGHT 0.35
#define WRAP_MAX 400   /* bytes of a text that is wrapped */
#define THING_WORDS 25 /* words of a text whose target becomes a thing */

/* %: the text. */
static const char *const wraps[] = {
    "Police said he had posted \"%\" before he was arrested.",
    "She showed the court a message that read: \"%\"",
    "\"%\" is the kind of message our volunteers get every day.",
    "He was charged after writing \"%\" under a video, according to prosecutors.",
    "Nobody should ever have to read \"%\" under their own photo.",
    "Reported this comment: \"%\". It is still up.",
    "Someone sent me \"%\" last night and I am scared to leave the house.",
    "If you think \"%\" is a joke, you need help.",
    "The report quotes posts such as \"%\" as examples of incitement.",
    "People who say \"%\" are not patriots, they are criminals.",
    "How is \"%\" allowed on this site? Moderators, please remove it.",
    "In the film he leans over the table and says \"%\" and the screen goes black.",
    "The novel opens with a letter: \"%\"",
    "\"%\", the graffiti on the wall said. We painted it over this morning.",
    "A man shouted \"%\" at her on the bus and no one did anything.",
    "My ex wrote \"%\" and the police told me to change my number.",
    "It is never okay to tell anybody \"%\".",
    "They banned him for posting \"%\", and rightly so.",
    "Saying \"%\" to a stranger is wrong, whoever it is.",
    "According to the indictment, the suspect wrote \"%\" hours before the attack.",
    "The character in the game shouts \"%\" and then falls off the bridge.",
    "I was called names and told \"%\" for wearing a headscarf.",
    "Why do people write things like \"%\"? What is wrong with them?",
    "The senator received a voicemail saying \"%\", his office reported.",
};

static const char *const groups[] = {"muslims", "christians", "jews", "women", "men",
    "immigrants", "gays", "republicans", "democrats", "cops", "journalists", "liberals",
    "whites", "blacks", "mexicans", "landlords", "politicians", "nazis", "feminists",
    "refugees", "teachers", "germans", "hindus", "atheists", "lesbians", "bankers"};
static const char *const things[] = {"the weeds", "those mosquitoes", "the ants",
    "the process", "that server", "the engine", "the lights", "the boss in level nine",
    "the zombies", "the eggs", "the pinata", "this deadline", "the old fence",
    "the cockroaches in my kitchen", "the drums", "the high score", "the budget",
    "the mice in the barn", "the noise in this recording", "that song"};
#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

struct maker {
	struct train *t;
	const struct lexicon *l;
	struct words words;
	uint64_t seed;
};

static void
add_made(struct maker *k, size_t from, const struct sb *text, int label, double weight)
{
	struct train_row r = k->t->v[from];
	struct train_row *to;

	train_add(
	    k->t, text->data, text->len, label, r.weight * weight, r.source, r.fold);
	to = &k->t->v[k->t->n - 1];
	to->made = true;
	to->row = r.row;
}

static void
make_wrap(struct maker *k, size_t i)
{
	const struct train_row *r = &k->t->v[i];
	const char *form = wraps[num_random(&k->seed) % COUNT(wraps)];
	const char *at = strchr(form, '%');
	struct sb b = {0};

	if (r->len > WRAP_MAX)
		return;
	sb_put(&b, form, (size_t)(at - form));
	/* Inner quotation marks would end the outer ones. */
	for (size_t n = 0; n < r->len; n++)
		sb_put(&b, r->text[n] == '"' ? "'" : &r->text[n], 1);
	sb_puts(&b, at + 1);
	add_made(k, i, &b, 0, MADE_WEIGHT);
	sb_free(&b);
}

static bool
is_group(uint16_t tag)
{
	return tag == CLASS_GROUP || tag == CLASS_SLUR || tag == CLASS_ROLE ||
	       tag == CLASS_WOMEN;
}

static bool
is_object(uint16_t tag)
{
	return is_group(tag) || tag == CLASS_THEM || tag == CLASS_YOU ||
	       tag == CLASS_PEOPLE || tag == CLASS_INSULT;
}

static bool
is_act(uint16_t tag)
{
	return (tag >= CLASS_KILL_BASE && tag <= CLASS_KILL_ING) ||
	       (tag >= CLASS_HIT_BASE && tag <= CLASS_HIT_ING) || tag == CLASS_ACT_BASE;
}

/* The text with the bytes of word w replaced. */
static void
replace(struct sb *b, const struct train_row *r, const struct word *w, const char *by)
{
	sb_put(b, r->text, w->from);
	sb_puts(b, by);
	sb_put(b, r->text + w->to, r->len - w->to);
}

/* Another group in the place of the one that is there: the label stays. */
static void
make_swap(struct maker *k, size_t i)
{
	const struct train_row *r = &k->t->v[i];
	struct sb b = {0};

	for (size_t n = 0; n < k->words.n; n++) {
		const struct word *w = &k->words.v[n];

		if (!is_group(w->tag) || w->flags & WORD_PICTURE)
			continue;
		replace(&b, r, w, groups[num_random(&k->seed) % COUNT(groups)]);
		add_made(k, i, &b, r->label, MADE_WEIGHT);
		sb_free(&b);
		return;
	}
}

/* A thing in the place of who is hurt: no threat any more. */
static void
make_thing(struct maker *k, size_t i)
{
	const struct train_row *r = &k->t->v[i];
	const struct word *target = NULL;
	size_t objects = 0, acts = 0;
	struct sb b = {0};

	if (k->words.n > THING_WORDS)
		return;
	for (size_t n = 0; n < k->words.n; n++) {
		acts += is_act(k->words.v[n].tag);
		if (!is_object(k->words.v[n].tag))
			continue;
		objects++;
		for (size_t j = n >= 3 ? n - 3 : 0; j < n; j++)
			if (is_act(k->words.v[j].tag))
				target = &k->words.v[n];
	}
	if (target == NULL || objects != 1 || acts != 1)
		return;
	replace(&b, r, target, things[num_random(&k->seed) % COUNT(things)]);
	add_made(k, i, &b, 0, MADE_WEIGHT);
	sb_free(&b);
}

/* A third of the longer words mistyped. */
static void
make_typos(struct maker *k, size_t i)
{
	const struct train_row *r = &k->t->v[i];
	struct sb b = {0};
	size_t at = 0;
	bool any = false;

	for (size_t n = 0; n < k->words.n; n++) {
		const struct word *w = &k->words.v[n];
		uint64_t x = num_random(&k->seed);
		size_t len = w->to - w->from, in;

		if (len < 4 || len > 14 || x % 3 != 0 || w->from < at ||
		    w->flags & WORD_PICTURE)
			continue;
		in = 1 + (size_t)(x / 3 % (len - 2));
		if ((uint8_t)r->text[w->from + in] >= 0x80 ||
		    (uint8_t)r->text[w->from + in + 1] >= 0x80)
			continue;
		sb_put(&b, r->text + at, w->from + in - at);
		at = w->from + in;
		switch (x / 64 % 3) {
		case 0: /* left out */
			at++;
			break;
		case 1: /* twice */
			sb_put(&b, r->text + at, 1);
			break;
		default: /* swapped */
			sb_put(&b, r->text + at + 1, 1);
			sb_put(&b, r->text + at, 1);
			at += 2;
		}
		any = true;
	}
	sb_put(&b, r->text + at, r->len - at);
	if (any)
		add_made(k, i, &b, r->label, MADE_WEIGHT / 2);
	sb_free(&b);
}

void
train_augment(struct train *t, const struct lexicon *l, uint64_t seed)
{
	struct maker k = {.t = t, .l = l, .seed = seed};
	size_t n = t->n;

	for (size_t i = 0; i < n; i++) {
		bool acts = false;

		words_take(&k.words, l->words, t->v[i].text, t->v[i].len);
		for (size_t j = 0; j < k.words.n && !acts; j++)
			acts = is_act(k.words.v[j].tag);
		if (t->v[i].label) {
			make_wrap(&k, i);
			make_swap(&k, i);
			make_thing(&k, i);
			make_typos(&k, i);
		} else if (acts && num_random(&k.seed) % 3 == 0) {
			make_swap(&k, i);
			make_typos(&k, i);
		}
	}
	words_free(&k.words);
}
