/* SPDX-License-Identifier: Apache-2.0 */
/* pairs: see pairs.h. */
#include "pairs.h"

#include <stdlib.h>

struct pair { /* a slot */
	uint64_t key;
	uint32_t at, n; /* its links; none: it is free */
};

void
pairs_add(struct pairs *p, uint64_t first, uint64_t second, struct pair_link l)
{
	if ((p->n & (p->n - 1)) == 0)
		p->v = mem_grow(p->v, p->n * 2 + 1, sizeof(*p->v));
	l.key = pairs_key(first, second);
	p->v[p->n++] = l;
}

static int
compare(const void *a, const void *b)
{
	const struct pair_link *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->atom != y->atom)
		return x->atom ? -1 : 1;
	return x->what < y->what ? -1 : x->what > y->what;
}

void
pairs_seal(struct pairs *p)
{
	size_t slots = 16;

	while (slots < p->n * 2)
		slots *= 2;
	p->mask = slots - 1;
	p->slots = mem_new(slots, sizeof(*p->slots));
	p->bits = lexicon_bits_new(p->n, &p->bits_mask);
	if (p->n > 1)
		qsort(p->v, p->n, sizeof(*p->v), compare);
	for (size_t i = 0, n; i < p->n; i += n) {
		uint64_t key = p->v[i].key;
		size_t at = key >> 32 & p->mask;

		for (n = 1; i + n < p->n && p->v[i + n].key == key; n++)
			;
		while (p->slots[at].n > 0)
			at = (at + 1) & p->mask;
		p->slots[at] = (struct pair){key, (uint32_t)i, (uint32_t)n};
		lexicon_bits_add(p->bits, p->bits_mask, key);
	}
}

const struct pair_link *
pairs_find(const struct pairs *p, uint64_t key, size_t *n)
{
	size_t i = key >> 32 & p->mask;

	while (p->slots[i].n > 0 && p->slots[i].key != key)
		i = (i + 1) & p->mask;
	*n = p->slots[i].n;
	return p->v + p->slots[i].at;
}

void
pairs_free(struct pairs *p)
{
	free(p->v);
	free(p->slots);
	free(p->bits);
	*p = (struct pairs){0};
}
