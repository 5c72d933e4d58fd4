/* SPDX-License-Identifier: Apache-2.0 */
/* feed_json_keys: the member names that any reader of JSON here knows, as numbers;
 * see feed_json.h. */
#include <string.h>

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

void
json_fields_read(struct json_reader *r, struct json_fields *f)
{
	struct json_value name, v;

	memset(f->have, 0, sizeof(f->have));
	f->doubled = false;
	f->first = (struct json_value){0};
	if (json_peek(r) != JSON_KIND_OBJECT) {
		json_skip(r);
		return;
	}
	json_enter(r);
	while (json_member(r, &name)) {
		enum json_key k = key_of(&name);

		if (f->first.p == NULL)
			f->first = name;
		json_read(r, &v);
		if (k == JSON_NO_KEY)
			continue;
		if (!json_has(f, k)) {
			f->have[k / 64] |= (uint64_t)1 << k % 64;
			f->v[k] = v;
			continue;
		}
		/* Asked until the first difference only: that is linear. */
		if (!f->doubled)
			f->doubled = !same_value(&f->v[k], &v);
		if (json_is_word(&f->v[k], "null"))
			f->v[k] = v;
	}
}

void
json_fields_of(const struct json_value *v, struct json_fields *f)
{
	struct json_reader r;

	json_reader_init(&r, v->p, v->n);
	json_fields_read(&r, f);
}

const struct json_value *
json_get(const struct json_fields *f, enum json_key k)
{
	if (!json_has(f, k) || f->v[k].kind == JSON_KIND_NONE ||
	    json_is_word(&f->v[k], "null"))
		return NULL;
	return &f->v[k];
}

const struct json_value *
json_first(const struct json_fields *f, const enum json_key *keys, size_t n)
{
	const struct json_value *v = NULL;

	for (size_t i = 0; v == NULL && i < n; i++)
		v = json_get(f, keys[i]);
	return v;
}
