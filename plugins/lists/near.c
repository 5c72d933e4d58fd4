/* SPDX-License-Identifier: Apache-2.0 */
/* near: see near.h. */
#include "near.h"

#include <stdlib.h>
#include <string.h>

#include "kit/mem.h"

#define BANDS 16
#define BUCKETS 65536
/* Of fewer all are compared: that is faster than so many looks. */
#define FEW 1024

struct near {
	struct near_hash *hash;
	uint32_t *list, *option;
	size_t n, cap;
	unsigned threshold;
	/* Of each band: where a bucket begins in `order', and the entries of all
	 * buckets. */
	uint32_t *start[BANDS], *order[BANDS];
	uint32_t *seen; /* by entry: the question in which it was compared */
	uint32_t question;
	uint32_t *found; /* entries of this question */
	size_t nfound, found_cap;
};

struct near *
near_new(void)
{
	return mem_new(1, sizeof(struct near));
}

void
near_free(struct near **p)
{
	struct near *v = *p;

	if (v == NULL)
		return;
	*p = NULL;
	for (int b = 0; b < BANDS; b++) {
		free(v->start[b]);
		free(v->order[b]);
	}
	free(v->hash);
	free(v->list);
	free(v->option);
	free(v->seen);
	free(v->found);
	free(v);
}

bool
near_parse(const char *s, size_t n, struct near_hash *out)
{
	if (n != NEAR_BITS / 4)
		return false;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0')
			     : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
				 ? (unsigned)((c | 0x20) - 'a' + 10)
				 : 99;

		if (d > 15)
			return false;
		out->w[i / 16] = out->w[i / 16] << 4 | d;
	}
	return true;
}

unsigned
near_distance(const struct near_hash *a, const struct near_hash *b)
{
	unsigned d = 0;

	for (int i = 0; i < NEAR_WORDS; i++)
		d += (unsigned)__builtin_popcountll(a->w[i] ^ b->w[i]);
	return d;
}

bool
near_add(struct near *v, const struct near_hash *h, uint32_t list, uint32_t option)
{
	if (v->n >= UINT32_MAX)
		return false;
	if (v->n == v->cap) {
		v->cap = v->cap + v->cap / 2 + 64;
		v->hash = mem_grow(v->hash, v->cap, sizeof(*v->hash));
		v->list = mem_grow(v->list, v->cap, sizeof(*v->list));
		v->option = mem_grow(v->option, v->cap, sizeof(*v->option));
	}
	v->hash[v->n] = *h;
	v->list[v->n] = list;
	v->option[v->n++] = option;
	return true;
}

size_t
near_count(const struct near *v)
{
	return v->n;
}

void
near_back(struct near *v, size_t count)
{
	if (count < v->n)
		v->n = count;
}

static unsigned
band_of(const struct near_hash *h, int b)
{
	return (unsigned)(h->w[b / 4] >> (b % 4 * 16)) & 0xffff;
}

/* The entries of one band by bucket, within a bucket as they were added. */
static void
seal_band(struct near *v, int b)
{
	uint32_t *start = mem_new(BUCKETS + 1, sizeof(*start));
	uint32_t *order = mem_new(v->n, sizeof(*order));
	uint32_t at = 0;

	for (size_t i = 0; i < v->n; i++)
		start[band_of(&v->hash[i], b)]++;
	for (size_t k = 0; k <= BUCKETS; k++) {
		uint32_t n = k < BUCKETS ? start[k] : 0;

		start[k] = at;
		at += n;
	}
	for (size_t i = 0; i < v->n; i++)
		order[start[band_of(&v->hash[i], b)]++] = (uint32_t)i;
	/* Each now stands where the next begins. */
	memmove(start + 1, start, BUCKETS * sizeof(*start));
	start[0] = 0;
	v->start[b] = start;
	v->order[b] = order;
}

void
near_seal(struct near *v, unsigned threshold)
{
	v->threshold = threshold;
	if (v->n <= FEW)
		return;
	for (int b = 0; b < BANDS; b++)
		seal_band(v, b);
	v->seen = mem_new(v->n, sizeof(*v->seen));
}

static void
compare(struct near *v, const struct near_hash *h, uint32_t i)
{
	if (v->seen[i] == v->question)
		return;
	v->seen[i] = v->question;
	if (near_distance(&v->hash[i], h) > v->threshold)
		return;
	if (v->nfound == v->found_cap) {
		v->found_cap = v->found_cap * 2 + 16;
		v->found = mem_grow(v->found, v->found_cap, sizeof(*v->found));
	}
	v->found[v->nfound++] = i;
}

static void
look(struct near *v, const struct near_hash *h, int b, unsigned bucket)
{
	const uint32_t *start = v->start[b];

	for (uint32_t k = start[bucket]; k < start[bucket + 1]; k++)
		compare(v, h, v->order[b][k]);
}

/* The bucket and all that differ from it in up to `bits' of the bits from `first' on.
 */
static void
around(struct near *v, const struct near_hash *h, int b, unsigned bucket, int first,
    unsigned bits)
{
	look(v, h, b, bucket);
	for (int i = first; bits > 0 && i < 16; i++)
		around(v, h, b, bucket ^ 1u << i, i + 1, bits - 1);
}

static int
by_number(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void
tell(const struct near *v, const struct near_hash *h, size_t i, near_fn *fn, void *ctx)
{
	struct near_entry e = {v->hash[i], v->list[i], v->option[i], 0};

	e.distance = near_distance(&e.hash, h);
	fn(ctx, &e);
}

void
near_find(struct near *v, const struct near_hash *h, near_fn *fn, void *ctx)
{
	if (v->start[0] == NULL) {
		near_scan(v, h, fn, ctx);
		return;
	}
	if (++v->question == 0) {
		memset(v->seen, 0, v->n * sizeof(*v->seen));
		v->question = 1;
	}
	v->nfound = 0;
	for (int b = 0; b < BANDS; b++)
		around(v, h, b, band_of(h, b), 0, v->threshold / BANDS);
	if (v->nfound > 1)
		qsort(v->found, v->nfound, sizeof(*v->found), by_number);
	for (size_t i = 0; i < v->nfound; i++)
		tell(v, h, v->found[i], fn, ctx);
}

void
near_scan(const struct near *v, const struct near_hash *h, near_fn *fn, void *ctx)
{
	for (size_t i = 0; i < v->n; i++)
		if (near_distance(&v->hash[i], h) <= v->threshold)
			tell(v, h, i, fn, ctx);
}
