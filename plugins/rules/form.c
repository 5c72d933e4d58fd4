/* SPDX-License-Identifier: Apache-2.0 */
/* form: see form.h. */
#include "form.h"

#include <stdlib.h>
#include <string.h>

#include "kit/glyph.h"

/* From i on: where the first byte stands that is no ASCII; n: there is none. */
static size_t
skip_ascii(const char *s, size_t i, size_t n)
{
	const uint64_t high = 0x8080808080808080U;
	uint64_t eight;

	for (; i + sizeof(eight) <= n; i += sizeof(eight)) {
		memcpy(&eight, s + i, sizeof(eight));
		if ((eight & high) != 0)
			break;
	}
	while (i < n && (uint8_t)s[i] < 0x80)
		i++;
	return i;
}

/* n bytes of what stands at `at', a byte for each, or all for one character. */
static void
put(struct form *f, const char *s, size_t n, size_t at, bool each)
{
	uint32_t *map = f->space + f->own.len, step = each;

	for (size_t k = 0; k < n; k++)
		map[k] = (uint32_t)at + step * (uint32_t)k;
	sb_put(&f->own, s, n);
}

void
form_make(struct form *f, const char *s, size_t n)
{
	f->text = s;
	f->n = n;
	f->map = NULL;
	if (skip_ascii(s, 0, n) == n)
		return;
	if (f->room < n + 1) {
		f->room = n + n / 2 + 64;
		f->space = mem_grow(f->space, f->room, sizeof(*f->space));
	}
	f->own.len = 0;
	for (size_t i = 0, len; i < n; i += len) {
		char as[40];
		uint32_t cp = 0;

		len = skip_ascii(s, i, n) - i;
		if (len > 0) {
			put(f, s + i, len, i, true);
			continue;
		}
		len = (size_t)mem_utf8(s + i, n - i, &cp);
		len = len > 0 ? len : 1;
		switch (cp < 0x80 ? GLYPH_SELF : glyph_of(cp, as)) {
		case GLYPH_NONE:
			break;
		case GLYPH_TEXT: /* never longer than the character */
			put(f, as, strlen(as), i, false);
			break;
		default:
			put(f, s + i, len, i, true);
		}
	}
	sb_put(&f->own, "", 0);
	f->space[f->own.len] = (uint32_t)n;
	f->text = f->own.data;
	f->n = f->own.len;
	f->map = f->space;
}

void
form_free(struct form *f)
{
	sb_free(&f->own);
	free(f->space);
	*f = (struct form){.n = 0};
}

void
form_span(const struct form *f, size_t start, size_t end, uint32_t *from, uint32_t *to)
{
	*from = f->map != NULL ? f->map[start] : (uint32_t)start;
	*to = f->map != NULL ? f->map[end] : (uint32_t)end;
	/* A part of one character: all of it. */
	while (f->map != NULL && end > start && *to <= *from)
		*to = f->map[++end];
}

void
form_learn(struct form_alike *a, const char *s, size_t n)
{
	for (size_t i = 0; (i = skip_ascii(s, i, n)) < n;) {
		uint32_t cp = 0;
		int len = mem_utf8(s + i, n - i, &cp);

		if (cp >= 0x80 && glyph_value(cp) & GLYPH_IS_ALIKE) {
			a->bits[cp / 64 % 16] |= (uint64_t)1 << cp % 64;
			a->lead |= (uint64_t)1 << ((uint8_t)s[i] & 63);
		}
		i += len > 0 ? (size_t)len : 1;
	}
}

/* The next of them from i on; n: there is none. */
static size_t
next_alike(const struct form_alike *a, const char *s, size_t i, size_t n)
{
	for (; (i = skip_ascii(s, i, n)) < n; i++) {
		uint32_t cp = 0;

		/* Few characters are looked at, and no bytes within one. */
		if ((s[i] & 0x40) == 0 || (a->lead >> ((uint8_t)s[i] & 63) & 1) == 0)
			continue;
		mem_utf8(s + i, n - i, &cp);
		if ((a->bits[cp / 64 % 16] >> cp % 64 & 1) != 0 && cp >= 0x80 &&
		    glyph_value(cp) & GLYPH_IS_ALIKE)
			break;
	}
	return i;
}

bool
form_took(const struct form_alike *a, const struct fold *f, const char *s, size_t n)
{
	size_t at;

	if (a->lead == 0 || f->map == NULL)
		return false;
	at = next_alike(a, s, 0, n);
	if (f->turned) /* its bytes are in no order */
		return at < n;
	for (size_t i = 0; at < n && i < f->len; i++) {
		if (f->map[i] > at)
			at = next_alike(a, s, f->map[i], n);
		if (f->map[i] == at && (uint8_t)f->text[i] < 0x80)
			return true;
	}
	return false;
}
