/* SPDX-License-Identifier: Apache-2.0 */
/* need_spell: rows of items that can only be a few strings, spelled out. */
#include "need_in.h"

void
need_strings_clear(struct need_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		sb_free(&s->v[i]);
	s->n = 0;
}

static bool spell_row(const struct need_row *r, struct need_strings *out);

/* What the item can be once; false: too many things, or not known. */
static bool
spell_once(const struct need_item *it, struct need_strings *out)
{
	char c;

	if (it->kind == NEED_ONE && it->len > 0) {
		sb_put(&out->v[out->n++], it->c, it->len);
		return true;
	}
	if (it->kind == NEED_SET && !it->more) {
		for (int k = 0; k < 128; k++) {
			if (!need_set_has(it, k) || (k >= 'A' && k <= 'Z'))
				continue;
			if (out->n == 8)
				return false;
			c = (char)k;
			sb_put(&out->v[out->n++], &c, 1);
		}
		return true;
	}
	if (it->kind != NEED_GROUP)
		return false;
	for (size_t i = 0; i < it->nalt; i++)
		if (!spell_row(&it->alt[i], out))
			return false;
	return true;
}

/* a := each of a followed by each of b; false: too many, and a is as it was. */
static bool
append_each(struct need_strings *a, const struct need_strings *b)
{
	struct need_strings out = {.n = 0};

	if (a->n * b->n > NEED_STRINGS)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		for (size_t k = 0; k < b->n; k++) {
			struct sb *t = &out.v[out.n++];

			sb_put(t, a->v[i].len > 0 ? a->v[i].data : "", a->v[i].len);
			sb_put(t, b->v[k].len > 0 ? b->v[k].data : "", b->v[k].len);
		}
	}
	need_strings_clear(a);
	*a = out;
	return true;
}

/* The item with its quantifier, behind each of a. */
static bool
spell_item(const struct need_item *it, struct need_strings *a)
{
	struct need_strings once = {.n = 0}, all = {.n = 0}, power = {.n = 1};
	bool ok = it->max <= 3 && spell_once(it, &once);

	for (int k = 0; ok && k <= it->max; k++) {
		if (k > 0)
			ok = append_each(&power, &once);
		for (size_t i = 0; ok && k >= it->min && i < power.n; i++) {
			ok = all.n < NEED_STRINGS;
			if (ok)
				sb_put(&all.v[all.n++],
				    power.v[i].len > 0 ? power.v[i].data : "",
				    power.v[i].len);
		}
	}
	ok = ok && append_each(a, &all);
	need_strings_clear(&once);
	need_strings_clear(&all);
	need_strings_clear(&power);
	return ok;
}

bool
need_spell(const struct need_item *it, struct need_strings *a)
{
	/* Nearly all items are one character, and room for all strings is large. */
	if (it->kind != NEED_ONE || it->len == 0 || it->min != 1 || it->max != 1)
		return spell_item(it, a);
	for (size_t i = 0; i < a->n; i++)
		sb_put(&a->v[i], it->c, it->len);
	return true;
}

/* All that the row can be, added to out. */
static bool
spell_row(const struct need_row *r, struct need_strings *out)
{
	struct need_strings a = {.n = 1};
	bool ok = true;

	for (size_t i = 0; ok && i < r->n; i++)
		ok = r->v[i].kind != NEED_EDGE && need_spell(&r->v[i], &a);
	ok = ok && out->n + a.n <= NEED_STRINGS;
	for (size_t i = 0; ok && i < a.n; i++) {
		out->v[out->n++] = a.v[i];
		a.v[i] = (struct sb){0};
	}
	need_strings_clear(&a);
	return ok;
}
