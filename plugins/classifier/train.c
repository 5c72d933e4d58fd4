/* SPDX-License-Identifier: Apache-2.0 */
/* train: rows and words; see train.h. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

#define WORD_TEXTS 3 /* texts that a word must be in to count as known */
#define WORDS_KNOWN 20000

/* Where the source is among the slots, or would be. */
static uint32_t *
source_slot(const struct train *t, const char *source)
{
	size_t at = vocab_hash(source, strlen(source)) & (t->nslots - 1);

	while (t->slots[at] != 0 && strcmp(t->sources[t->slots[at] - 1], source) != 0)
		at = (at + 1) & (t->nslots - 1);
	return &t->slots[at];
}

static void
grow_slots(struct train *t)
{
	t->nslots = t->nslots > 0 ? 2 * t->nslots : 64;
	free(t->slots);
	t->slots = mem_new(t->nslots, sizeof(*t->slots));
	for (size_t i = 0; i < t->nsources; i++)
		*source_slot(t, t->sources[i]) = (uint32_t)i + 1;
}

/* As many rows may have as many sources. */
static uint32_t
source_of(struct train *t, const char *source)
{
	uint32_t *slot;

	if (2 * t->nsources >= t->nslots)
		grow_slots(t);
	slot = source_slot(t, source);
	if (*slot == 0) {
		if ((t->nsources & (t->nsources - 1)) == 0)
			t->sources = mem_grow(t->sources,
			    t->nsources > 0 ? 2 * t->nsources : 1, sizeof(*t->sources));
		t->sources[t->nsources++] = mem_dup(source, strlen(source));
		*slot = (uint32_t)t->nsources;
	}
	return *slot - 1;
}

void
train_add(struct train *t, const char *text, size_t n, int label, double weight,
    const char *source, int fold)
{
	struct train_row *r;

	if ((t->n & (t->n - 1)) == 0)
		t->v = mem_grow(t->v, t->n > 0 ? 2 * t->n : 1, sizeof(*t->v));
	r = &t->v[t->n];
	*r = (struct train_row){.text = mem_dup(text, n),
	    .len = n,
	    .label = label,
	    .weight = weight,
	    .source = mem_dup(source, strlen(source)),
	    .source_at = source_of(t, source),
	    .fold = fold >= 0 ? fold % FOLDS : (int)(vocab_hash(text, n) % FOLDS),
	    .row = (uint32_t)t->n};
	t->n++;
}

void
train_free(struct train *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].text);
		free(t->v[i].source);
	}
	for (size_t i = 0; i < t->nsources; i++)
		free(t->sources[i]);
	free(t->sources);
	free(t->slots);
	free(t->v);
	samples_free(&t->samples);
	memset(t, 0, sizeof(*t));
}

/* --- words */

struct counted {
	uint32_t key, texts, last;
};

struct counter {
	struct counted *v;
	size_t cap, n;
};

static void
count_key(struct counter *c, uint32_t key, uint32_t text)
{
	size_t i;

	if (2 * c->n >= c->cap) {
		struct counter old = *c;

		c->cap = c->cap > 0 ? c->cap * 2 : 4096;
		c->v = mem_new(c->cap, sizeof(*c->v));
		for (size_t k = 0; k < old.cap; k++) {
			if (old.v[k].texts == 0)
				continue;
			for (i = old.v[k].key & (c->cap - 1); c->v[i].texts != 0;)
				i = (i + 1) & (c->cap - 1);
			c->v[i] = old.v[k];
		}
		free(old.v);
	}
	for (i = key & (c->cap - 1); c->v[i].texts != 0 && c->v[i].key != key;)
		i = (i + 1) & (c->cap - 1);
	c->n += c->v[i].texts == 0;
	c->v[i].key = key;
	if (c->v[i].texts == 0 || c->v[i].last != text)
		c->v[i].texts++;
	c->v[i].last = text;
}

static int
by_texts(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->texts != y->texts)
		return x->texts > y->texts ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int
by_key(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

int
train_words(const struct train *t, struct model *m, struct why *w)
{
	struct vocab *none = vocab_new();
	struct words words = {0};
	struct counter c = {0};
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].made)
			continue;
		words_take(&words, none, t->v[i].text, t->v[i].len);
		for (size_t k = 0; k < words.n; k++)
			if (!(words.v[k].flags & WORD_MENDED))
				count_key(&c, vocab_key(words.v[k].hash), (uint32_t)i);
	}
	for (size_t i = 0; i < c.cap; i++)
		if (c.v[i].texts >= WORD_TEXTS)
			c.v[n++] = c.v[i];
	if (n > 0)
		qsort(c.v, n, sizeof(*c.v), by_texts);
	if (n > WORDS_KNOWN)
		n = WORDS_KNOWN;
	if (n > 0)
		qsort(c.v, n, sizeof(*c.v), by_key);
	m->nkeys = n;
	m->keys = mem_grow(m->keys, n, sizeof(*m->keys));
	m->levels = mem_grow(m->levels, n, 1);
	for (size_t i = 0; i < n; i++) {
		unsigned level = 0;

		for (uint32_t k = c.v[i].texts; k > 1; k /= 2)
			level++;
		m->keys[i] = c.v[i].key;
		m->levels[i] =
		    (uint8_t)(level < VOCAB_LEVELS ? level : VOCAB_LEVELS - 1);
	}
	free(c.v);
	words_free(&words);
	vocab_free(&none);
	return model_words(m, w);
}

#define KNOWN_LEAST 3 /* letters; shorter ones are not mended */
#define KNOWN_MOST 15

/* The word in small letters; false: it is none of letters alone, or not so long. */
static bool
lower_word(const char *s, size_t n, char out[KNOWN_MOST])
{
	if (n < KNOWN_LEAST || n > KNOWN_MOST)
		return false;
	for (size_t i = 0; i < n; i++) {
		out[i] = (char)(s[i] | 0x20);
		if (out[i] < 'a' || out[i] > 'z')
			return false;
	}
	return true;
}

/* Whether the word would become something else. */
static bool
is_mistaken(struct words *w, const struct lexicon *l, const char *s, size_t n)
{
	words_take(w, l->words, s, n);
	return w->n > 0 && (w->v[0].flags & WORD_MENDED) != 0;
}

/* Beside the keys that are there, in order. */
static int
add_keys(struct model *m, struct counted *more, size_t n)
{
	struct counted *all = mem_new(m->nkeys + n, sizeof(*all));
	size_t o = 0;

	for (size_t i = 0; i < m->nkeys; i++)
		all[i] = (struct counted){.key = m->keys[i], .texts = m->levels[i]};
	if (n > 0)
		memcpy(all + m->nkeys, more, n * sizeof(*all));
	n += m->nkeys;
	if (n > 0)
		qsort(all, n, sizeof(*all), by_key);
	m->keys = mem_grow(m->keys, n, sizeof(*m->keys));
	m->levels = mem_grow(m->levels, n, 1);
	for (size_t i = 0; i < n; i++) {
		if (o > 0 && m->keys[o - 1] == all[i].key)
			continue;
		m->keys[o] = all[i].key;
		m->levels[o++] = (uint8_t)all[i].texts;
	}
	free(all);
	n = o - m->nkeys;
	m->nkeys = o;
	return (int)n;
}

int
train_known(const char *list, size_t n, struct model *m, struct why *w)
{
	struct counted *more = NULL;
	struct words words = {0};
	size_t found = 0;
	int added;

	for (size_t i = 0, k; i < n; i = k + 1) {
		const char *end = memchr(list + i, '\n', n - i);
		char word[KNOWN_MOST];

		k = end != NULL ? (size_t)(end - list) : n;
		if (!lower_word(list + i, k - i, word) ||
		    !is_mistaken(&words, m->lexicon, word, k - i))
			continue;
		if ((found & (found - 1)) == 0)
			more = mem_grow(more, found > 0 ? 2 * found : 1, sizeof(*more));
		more[found++] =
		    (struct counted){.key = vocab_key(vocab_hash(word, k - i))};
	}
	added = add_keys(m, more, found);
	free(more);
	words_free(&words);
	return model_words(m, w) == 0 ? added : -1;
}

void
train_samples(struct train *t, const struct model *m,
    void (*progress)(void *ctx, size_t done, size_t of), void *ctx)
{
	struct model_work k = {0};

	t->samples.v = mem_new(t->n, sizeof(*t->samples.v));
	t->samples.n = t->n;
	for (size_t i = 0; i < t->n; i++) {
		struct sample *s = &t->samples.v[i];
		const struct train_row *r = &t->v[i];

		sample_take(s, &k, m->lexicon, r->text, r->len);
		s->label = r->label ? 1 : -1;
		s->fold = (uint8_t)r->fold;
		s->made = r->made;
		s->weight = r->weight;
		s->row = r->row;
		s->source = r->source_at;
		if (progress != NULL && i % 256 == 0)
			progress(ctx, i, t->n);
	}
	model_work_free(&k);
}
