/* SPDX-License-Identifier: Apache-2.0 */
/* engine_look: what was shown, and how two looks differ; see engine_look.h. */
#include "engine/engine_look.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"

#define LOOK_POST 32 /* bytes of a packed post */

int64_t
look_hash(const void *data, size_t n)
{
	uint8_t d[DIGEST_LEN];
	uint64_t v = 0;

	digest_sha256(data, n, d);
	for (int i = 0; i < 8; i++)
		v = v << 8 | d[i];
	return (int64_t)v;
}

static int64_t
key_of(const struct item *it, int64_t content, bool twin)
{
	struct buf b = {0};
	int64_t key;

	buf_put_str(&b, it->id);
	if (twin || it->id == NULL)
		buf_put_i64(&b, content);
	key = look_hash(b.data, b.len);
	buf_free(&b);
	return key;
}

int
look_number_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool
look_in(const int64_t *v, size_t n, int64_t x)
{
	return bsearch(&x, v, n, sizeof(*v), look_number_cmp) != NULL;
}

/* Keys that are there more than once, sorted; the caller frees. */
static int64_t *
doubles(const int64_t *keys, size_t n, size_t *out)
{
	int64_t *v = xcalloc(n + 1, sizeof(*v));
	size_t m = 0;

	memcpy(v, keys, n * sizeof(*v));
	qsort(v, n, sizeof(*v), look_number_cmp);
	for (size_t i = 1; i < n; i++)
		if (v[i] == v[i - 1] && (m == 0 || v[m - 1] != v[i]))
			v[m++] = v[i];
	*out = m;
	return v;
}

static void
look_add(struct look *l, const struct window_post *p, int64_t content)
{
	window_add(&l->w, p);
	l->content = xrealloc(l->content, l->w.n * sizeof(*l->content));
	l->content[l->w.n - 1] = content;
}

void
look_free(struct look *l)
{
	window_free(&l->w);
	free(l->content);
	l->content = NULL;
}

void
look_make(const struct msg_polled *p, int64_t *keys, struct look *l)
{
	int64_t *content = xcalloc(p->nitems + 1, sizeof(*content)), *twice;
	uint8_t d[DIGEST_LEN];
	size_t n;

	memset(l, 0, sizeof(*l));
	for (uint32_t i = 0; i < p->nitems; i++) {
		item_digest(&p->items[i], d);
		content[i] = look_hash(d, sizeof(d));
		keys[i] = key_of(&p->items[i], content[i], false);
	}
	twice = doubles(keys, p->nitems, &n);
	for (uint32_t i = 0; i < p->nitems; i++)
		if (look_in(twice, n, keys[i]))
			keys[i] = key_of(&p->items[i], content[i], true);
	free(twice);
	twice = doubles(keys, p->nitems, &n);
	for (uint32_t i = 0; i < p->nitems; i++) {
		struct window_post post = {.item = keys[i],
		    .published = p->items[i].published,
		    .updated = p->items[i].updated,
		    .gone = CLOCK_NONE};

		if (!look_in(twice, n, keys[i]))
			look_add(l, &post, content[i]);
	}
	free(twice);
	free(content);
}

void
look_put(const struct look *l, struct buf *b)
{
	buf_put_u32(b, (uint32_t)l->w.n);
	for (size_t i = 0; i < l->w.n; i++) {
		buf_put_i64(b, l->w.v[i].item);
		buf_put_i64(b, l->w.v[i].published);
		buf_put_i64(b, l->w.v[i].updated);
		buf_put_i64(b, l->content[i]);
	}
}

void
look_get(struct rd *r, struct look *l)
{
	uint32_t n = rd_count(r, LOOK_POST);

	memset(l, 0, sizeof(*l));
	for (uint32_t i = 0; i < n; i++) {
		struct window_post p = {.gone = CLOCK_NONE};

		p.item = rd_i64(r);
		p.published = rd_i64(r);
		p.updated = rd_i64(r);
		look_add(l, &p, rd_i64(r));
	}
}

/* --- how two differ --- */

static void
differ(struct differences *d, struct difference x)
{
	if ((d->n & (d->n - 1)) == 0)
		d->v = xrealloc(d->v, (d->n > 0 ? d->n * 2 : 1) * sizeof(*d->v));
	d->v[d->n++] = x;
}

/* What `a` has and `b` lacks although it reaches beyond; how many both have. */
static size_t
lacks(const struct look *a, const struct look *b, enum window_order order, enum how how,
    struct differences *out)
{
	enum window_verdict *v = xcalloc(a->w.n + 1, sizeof(*v));
	size_t both = 0;

	window_judge(&a->w, &b->w, order, v);
	for (size_t i = 0; i < a->w.n; i++) {
		both += v[i] == WINDOW_LISTED;
		if (v[i] == WINDOW_MISSING)
			differ(out, (struct difference){a->w.v[i].item,
					how == ONLY_FIRST ? a->content[i] : 0,
					how == ONLY_SECOND ? a->content[i] : 0, how});
	}
	free(v);
	return both;
}

struct pair {
	int64_t key, content;
};

static void
contents(const struct look *a, const struct look *b, struct differences *out)
{
	struct pair *v = xcalloc(b->w.n + 1, sizeof(*v));

	for (size_t i = 0; i < b->w.n; i++)
		v[i] = (struct pair){b->w.v[i].item, b->content[i]};
	qsort(v, b->w.n, sizeof(*v), look_number_cmp);
	for (size_t i = 0; i < a->w.n; i++) {
		int64_t key = a->w.v[i].item;
		const struct pair *p =
		    bsearch(&key, v, b->w.n, sizeof(*v), look_number_cmp);

		if (p != NULL && p->content != a->content[i])
			differ(out, (struct difference){
					key, a->content[i], p->content, OTHERWISE});
	}
	free(v);
}

void
look_compare(const struct look *a, const struct look *b, enum window_order order,
    struct differences *out)
{
	size_t both;

	memset(out, 0, sizeof(*out));
	both = lacks(a, b, order, ONLY_FIRST, out);
	lacks(b, a, order, ONLY_SECOND, out);
	contents(a, b, out);
	out->nothing_shared = both == 0 && a->w.n + b->w.n > 0;
}

bool
look_differs(const struct differences *d)
{
	return d->n > 0 || d->nothing_shared;
}

static int
difference_cmp(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;
	int64_t v[] = {x->key, x->first, x->second, x->how},
		w[] = {y->key, y->first, y->second, y->how};

	for (int i = 0; i < 4; i++)
		if (v[i] != w[i])
			return v[i] < w[i] ? -1 : 1;
	return 0;
}

void
look_common(struct differences *x, const struct differences *y)
{
	struct difference *v = xcalloc(y->n + 1, sizeof(*v));
	size_t kept = 0;

	if (y->n > 0)
		memcpy(v, y->v, y->n * sizeof(*v));
	qsort(v, y->n, sizeof(*v), difference_cmp);
	for (size_t i = 0; i < x->n; i++)
		if (bsearch(&x->v[i], v, y->n, sizeof(*v), difference_cmp) != NULL)
			x->v[kept++] = x->v[i];
	x->n = kept;
	x->nothing_shared &= y->nothing_shared;
	free(v);
}
