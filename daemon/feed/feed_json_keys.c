/* SPDX-License-Identifier: Apache-2.0 */
/* feed_json_keys: the member names that any reader of JSON here knows, as numbers;
 * see feed_json.h. */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "feed/feed_json.h"

static const struct {
	const char *name;
	uint8_t len;
} names[JSON_NKEYS] = {
#define NAME(symbol, name) [JSON_##symbol] = {name, sizeof(name) - 1},
    JSON_KEYS(NAME)
#undef NAME
};

/* Open addressing, never more than half full.  Filled once, then only read. */
static uint16_t slots[1024];

static unsigned
hash(const char *s, size_t n)
{
	return ((unsigned)n * 131 + (uint8_t)s[0] * 31 + (uint8_t)s[n / 2] * 517 +
		   (uint8_t)s[n - 1] * 7) &
	       (sizeof(slots) / sizeof(slots[0]) - 1);
}

static unsigned
step(unsigned i)
{
	return (i + 1) & (sizeof(slots) / sizeof(slots[0]) - 1);
}

static void
fill(void)
{
	_Static_assert(JSON_NKEYS * 2 <= sizeof(slots) / sizeof(slots[0]),
	    "more names need more slots");
	for (unsigned k = 1; k < JSON_NKEYS; k++) {
		unsigned i = hash(names[k].name, names[k].len);

		while (slots[i] != 0)
			i = step(i);
		slots[i] = (uint16_t)k;
	}
}

enum json_key
json_key_of(const char *s, size_t n)
{
	unsigned i;

	if (n == 0 || n > 32)
		return JSON_NO_KEY;
	if (slots[hash("id", 2)] == 0)
		fill();
	for (i = hash(s, n); slots[i] != 0; i = step(i))
		if (names[slots[i]].len == n && memcmp(names[slots[i]].name, s, n) == 0)
			return slots[i];
	/* JSON-LD that was not compacted all the way. */
	if (n > 3 && memcmp(s, "as:", 3) == 0)
		return json_key_of(s + 3, n - 3);
	return JSON_NO_KEY;
}

/* A name with escapes is decoded first: "\u0069d" is "id" as well. */
static enum json_key
key_of(const struct json_value *name)
{
	struct buf b = {0};
	enum json_key key;
	const char *s;
	size_t n;

	if (!name->escaped)
		return json_key_of(name->p, name->n);
	s = json_text(name, &b, 64, &n);
	key = json_key_of(s, n);
	buf_free(&b);
	return key;
}

static bool
same_value(const struct json_value *a, const struct json_value *b)
{
	struct buf x = {0}, y = {0};
	size_t nx, ny;
	const char *sx, *sy;
	bool same;

	if (a->kind != b->kind)
		return false;
	if (a->n == b->n && memcmp(a->p, b->p, a->n) == 0)
		return true;
	if (!a->escaped && !b->escaped)
		return false;
	sx = json_text(a, &x, a->n, &nx);
	sy = json_text(b, &y, b->n, &ny);
	same = nx == ny && memcmp(sx, sy, nx) == 0;
	buf_free(&x);
	buf_free(&y);
	return same;
}

/* The name between two quotes of a member that was read before. */
static void
first_name(const char *p, const char *end, struct json_fields *f)
{
	const char *quote = memchr(p, '"', end - p);

	f->first = (struct json_value){.p = quote + 1, .kind = JSON_KIND_STRING};
	quote = memchr(quote + 1, '"', end - quote - 1);
	f->first.n = quote - f->first.p;
}

static void
put(struct json_fields *f, enum json_key k, const struct json_value *v)
{
	if (!json_has(f, k)) {
		f->have[k / 64] |= (uint64_t)1 << k % 64;
		f->v[k] = *v;
		return;
	}
	/* Asked until the first difference only: that is linear. */
	if (!f->doubled)
		f->doubled = !same_value(&f->v[k], v);
	if (json_is_word(&f->v[k], "null"))
		f->v[k] = *v;
}

#ifdef __SSE2__
/* A bit for each of 32 bytes that are equal. */
static uint32_t
equal32(const char *a, const char *b)
{
	const __m128i *x = (const void *)a, *y = (const void *)b;
	__m128i low = _mm_cmpeq_epi8(_mm_loadu_si128(x), _mm_loadu_si128(y));
	__m128i high = _mm_cmpeq_epi8(_mm_loadu_si128(x + 1), _mm_loadu_si128(y + 1));

	return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high)
						      << 16;
}
#endif

/* The member number i if it is written as in the object before; moves r behind its
 * colon. */
static bool
is_as_before(struct json_reader *r, const struct json_shape *shape, size_t i)
{
	size_t n = i < JSON_SHAPE_MEMBERS ? shape->m[i].n : 0;

	if (n == 0 || (size_t)(r->end - r->p) < n)
		return false;
#ifdef __SSE2__
	if (r->end - r->p >= JSON_SHAPE_BYTES) {
		if ((equal32(r->p, shape->m[i].text) & shape->m[i].mask) !=
		    shape->m[i].mask)
			return false;
		r->p += n;
		return true;
	}
#endif
	if (memcmp(r->p, shape->m[i].text, n) != 0)
		return false;
	r->p += n;
	return true;
}

/* Keeps how the member was written that was read from `start'. */
static void
keep_shape(const struct json_reader *r, struct json_shape *shape, size_t i,
    const char *start, enum json_key k)
{
	size_t n = r->p - start;

	if (i >= JSON_SHAPE_MEMBERS)
		return;
	shape->m[i].n = 0;
	if (n > JSON_SHAPE_BYTES || r->broken || memchr(start, '\\', n) != NULL)
		return;
	memcpy(shape->m[i].text, start, n);
	shape->m[i].key = (uint8_t)k;
	shape->m[i].n = (uint8_t)n;
	shape->m[i].mask = (uint32_t)(((uint64_t)1 << n) - 1);
}

void
json_fields_read(struct json_reader *r, struct json_fields *f, struct json_shape *shape)
{
	struct json_value name, v;
	enum json_key k;

	_Static_assert(JSON_NKEYS <= UINT8_MAX, "a shape keeps keys in a byte");
	memset(f->have, 0, sizeof(f->have));
	f->doubled = false;
	f->first = (struct json_value){0};
	if (json_peek(r) != JSON_KIND_OBJECT) {
		json_skip(r);
		return;
	}
	json_enter(r);
	for (size_t i = 0;; i++) {
		const char *start = r->p;

		if (shape != NULL && is_as_before(r, shape, i)) {
			k = shape->m[i].key;
			if (i == 0)
				first_name(start, r->p, f);
		} else {
			if (!json_member(r, &name))
				return;
			k = key_of(&name);
			if (i == 0)
				f->first = name;
			if (shape != NULL)
				keep_shape(r, shape, i, start, k);
		}
		json_read(r, &v);
		if (k != JSON_NO_KEY)
			put(f, k, &v);
	}
}

void
json_fields_of(const struct json_value *v, struct json_fields *f)
{
	struct json_reader r;

	json_reader_init(&r, v->p, v->n);
	json_fields_read(&r, f, NULL);
}

const struct json_value *
json_first(const struct json_fields *f, const enum json_key *keys, size_t n)
{
	const struct json_value *v = NULL;

	for (size_t i = 0; v == NULL && i < n; i++)
		v = json_get(f, keys[i]);
	return v;
}
