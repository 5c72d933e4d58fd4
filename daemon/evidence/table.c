/* SPDX-License-Identifier: Apache-2.0 */
/* table: open addressing with linear probing; see table.h. */
#include "evidence/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"

static const uint8_t none[TABLE_KEY];

static size_t
slot_size(const struct table *t)
{
	return TABLE_KEY + t->value;
}

static void
key_of(const char *text, uint8_t key[TABLE_KEY])
{
	uint8_t d[DIGEST_LEN];

	digest_sha256(text, strlen(text), d);
	memcpy(key, d, TABLE_KEY);
}

/* The slot that has the key, or the empty one where it would go. */
static uint8_t *
find(const struct table *t, const uint8_t key[TABLE_KEY])
{
	uint64_t h;

	memcpy(&h, key, sizeof(h));
	for (size_t i = h & (t->cap - 1);; i = (i + 1) & (t->cap - 1)) {
		uint8_t *s = t->slots + i * slot_size(t);

		if (memcmp(s, key, TABLE_KEY) == 0 || memcmp(s, none, TABLE_KEY) == 0)
			return s;
	}
}

static void
grow(struct table *t)
{
	struct table old = *t;

	t->cap = old.cap > 0 ? old.cap * 2 : 64;
	t->slots = xcalloc(t->cap, slot_size(t));
	for (size_t i = 0; i < old.cap; i++) {
		const uint8_t *s = old.slots + i * slot_size(t);

		if (memcmp(s, none, TABLE_KEY) != 0)
			memcpy(find(t, s), s, slot_size(t));
	}
	free(old.slots);
}

void *
table_get(const struct table *t, const char *key)
{
	uint8_t k[TABLE_KEY], *s;

	if (t->cap == 0)
		return NULL;
	key_of(key, k);
	s = find(t, k);
	return memcmp(s, none, TABLE_KEY) == 0 ? NULL : s + TABLE_KEY;
}

void *
table_put(struct table *t, const char *key, bool *is_new)
{
	uint8_t k[TABLE_KEY], *s;
	bool fresh;

	if (t->n >= t->cap / 4 * 3)
		grow(t);
	key_of(key, k);
	s = find(t, k);
	fresh = memcmp(s, none, TABLE_KEY) == 0;
	if (fresh) {
		memcpy(s, k, TABLE_KEY);
		t->n++;
	}
	if (is_new != NULL)
		*is_new = fresh;
	return s + TABLE_KEY;
}

void *
table_each(const struct table *t, size_t *at)
{
	while (*at < t->cap) {
		uint8_t *s = t->slots + (*at)++ * slot_size(t);

		if (memcmp(s, none, TABLE_KEY) != 0)
			return s + TABLE_KEY;
	}
	return NULL;
}

void
table_free(struct table *t)
{
	free(t->slots);
	t->slots = NULL;
	t->cap = t->n = 0;
}
