/* SPDX-License-Identifier: Apache-2.0 */
/* vocab: open addressing, at most half full; see vocab.h. */
#include "vocab.h"

#include <stdlib.h>

#include "mem.h"

struct vocab {
	struct vocab_entry *v;
	size_t cap, n; /* cap is a power of two */
};

struct vocab *
vocab_new(void)
{
	struct vocab *v = mem_new(1, sizeof(*v));

	v->cap = 1024;
	v->v = mem_new(v->cap, sizeof(*v->v));
	return v;
}

void
vocab_free(struct vocab **vp)
{
	struct vocab *v = *vp;

	if (v == NULL)
		return;
	*vp = NULL;
	free(v->v);
	free(v);
}

static struct vocab_entry *
place_of(const struct vocab *v, uint32_t key)
{
	size_t i = key & (v->cap - 1);

	while (v->v[i].used && v->v[i].key != key)
		i = (i + 1) & (v->cap - 1);
	return &v->v[i];
}

static void
grow(struct vocab *v)
{
	struct vocab_entry *old = v->v;
	size_t n = v->cap;

	v->cap *= 2;
	v->v = mem_new(v->cap, sizeof(*v->v));
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			*place_of(v, old[i].key) = old[i];
	free(old);
}

void
vocab_add_key(struct vocab *v, uint32_t key, uint16_t tag, unsigned level)
{
	struct vocab_entry *e;

	if (v->n * 2 >= v->cap)
		grow(v);
	e = place_of(v, key);
	if (!e->used) {
		*e = (struct vocab_entry){.key = key, .used = 1};
		v->n++;
	}
	if (tag != 0)
		e->tag = tag;
	if (level >= VOCAB_LEVELS)
		level = VOCAB_LEVELS - 1;
	if (level > e->level)
		e->level = (uint8_t)level;
}

void
vocab_add(struct vocab *v, uint64_t hash, uint16_t tag, unsigned level)
{
	vocab_add_key(v, vocab_key(hash), tag, level);
}

const struct vocab_entry *
vocab_find(const struct vocab *v, uint64_t hash)
{
	const struct vocab_entry *e = place_of(v, vocab_key(hash));

	return e->used ? e : NULL;
}

size_t
vocab_count(const struct vocab *v)
{
	return v->n;
}
