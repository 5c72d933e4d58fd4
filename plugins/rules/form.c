/* SPDX-License-Identifier: Apache-2.0 */
/* form: see form.h. */
#include "form.h"

#include <stdlib.h>
#include <string.h>

#include "kit/glyph.h"

static bool
is_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return false;
	return true;
}

/* n bytes of what stands at `at', a byte for each, or all for one character. */
static void
put(struct form *f, const char *s, size_t n, size_t at, bool each)
{
	for (size_t k = 0; k < n; k++)
		f->space[f->own.len + k] = (uint32_t)(at + (each ? k : 0));
	sb_put(&f->own, s, n);
}

void
form_make(struct form *f, const char *s, size_t n)
{
	f->text = s;
	f->n = n;
	f->map = NULL;
	if (is_ascii(s, n))
		return;
	if (f->room < n + 1) {
		f->room = n + n / 2 + 64;
		f->space = mem_grow(f->space, f->room, sizeof(*f->space));
	}
	f->own.len = 0;
	for (size_t i = 0, len; i < n; i += len) {
		char as[40];
		uint32_t cp = 0;

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

/* Those from s + i on, which are no ASCII: the next one; n: there is none. */
static size_t
next_alike(const char *s, size_t i, size_t n)
{
	for (size_t len; i < n; i += len) {
		uint32_t cp = 0;

		len = 1;
		if ((uint8_t)s[i] < 0x80)
			continue;
		len = (size_t)mem_utf8(s + i, n - i, &cp);
		len = len > 0 ? len : 1;
		if (cp >= 0x80 && glyph_value(cp) & GLYPH_IS_ALIKE)
			return i;
	}
	return n;
}

bool
form_has_alike(const char *s, size_t n)
{
	return next_alike(s, 0, n) < n;
}

bool
form_took_alike(const struct fold *f, const char *s, size_t n)
{
	size_t at = next_alike(s, 0, n);

	if (f->turned) /* its bytes are in no order */
		return at < n;
	for (size_t i = 0; f->map != NULL && at < n && i < f->len; i++) {
		if (f->map[i] > at)
			at = next_alike(s, f->map[i], n);
		if (f->map[i] == at && (uint8_t)f->text[i] < 0x80)
			return true;
	}
	return false;
}
