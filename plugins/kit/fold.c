/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold: see fold.h.  Two passes, each linear: characters (fold_chars.c: non-ASCII to
 * what it looks like), then words (fold_words.c: leet, letters apart, long letters), if
 * plain.c sees any such.  Plain texts pass through untouched after one look.
 */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "fold_in.h"
#include "mem.h"
#include "plain.h"

static void
make_room(struct fold *f, size_t n)
{
	if (f->cap >= n + FOLD_SLACK)
		return;
	f->cap = n + n / 2 + 64;
	free(f->own);
	free(f->space);
	f->own = mem_new(f->cap, 1);
	f->space = mem_new(f->cap, sizeof(*f->space));
}

static void
start(struct fold *f, const char *s, size_t n)
{
	*f = (struct fold){.text = s,
	    .len = n,
	    .source = s,
	    .source_len = n,
	    .own = f->own,
	    .cap = f->cap,
	    .space = f->space,
	    .known = f->known,
	    .known_ctx = f->known_ctx};
}

static void
finish(struct fold *f)
{
	f->space[f->len] = (uint32_t)f->source_len;
	f->own[f->len] = '\0';
	f->text = f->own;
	f->map = f->space;
}

void
fold_unasked(struct fold *f, const char *s, size_t n)
{
	start(f, s, n);
	make_room(f, n);
	fold_chars(f, s, n);
	fold_words(f);
	finish(f);
}

void
fold_text(struct fold *f, const char *s, size_t n)
{
	start(f, s, n);
	if (plain_text(s, n, PLAIN_CHARS | PLAIN_WORDS))
		return;
	make_room(f, n);
	fold_chars(f, s, n);
	if (!plain_text(f->own, f->len, PLAIN_WORDS)) {
		f->reworked = true;
		fold_words(f);
	}
	finish(f);
}

void
fold_signs(struct fold *f, const char *s, size_t n)
{
	start(f, s, n);
	if (plain_text(s, n, PLAIN_CHARS))
		return;
	make_room(f, n);
	fold_chars(f, s, n);
	finish(f);
}

void
fold_reverse(struct fold *f)
{
	size_t n = f->len;
	char *t = mem_new(n + 1, 1);
	uint32_t *map = mem_new(n + 1, sizeof(*map));
	size_t o = 0;

	for (size_t i = n; i > 0;) {
		size_t end = i;

		do
			i--;
		while (i > 0 && ((uint8_t)f->text[i] & 0xc0) == 0x80);
		for (size_t k = i; k < end; k++, o++) {
			t[o] = f->text[k];
			map[o] = f->map != NULL ? f->map[k] : (uint32_t)k;
		}
	}
	free(f->own);
	free(f->space);
	map[n] = (uint32_t)f->source_len;
	f->text = f->own = t;
	f->map = f->space = map;
	f->cap = n + 1; /* no slack: the next text makes room */
	f->turned = true;
	f->backwards = true;
}

/* Where the character ends that begins at byte i of the text as written. */
static uint32_t
char_end(const struct fold *f, uint32_t i)
{
	do
		i++;
	while (i < f->source_len && ((uint8_t)f->source[i] & 0xc0) == 0x80);
	return i;
}

void
fold_span(const struct fold *f, size_t start, size_t end, uint32_t *from, uint32_t *to)
{
	uint32_t lo, hi;

	if (f->map == NULL || !f->turned || end <= start) {
		*from = f->map != NULL ? f->map[start] : (uint32_t)start;
		*to = f->map != NULL ? f->map[end] : (uint32_t)end;
		if (end > start && *to <= *from) /* a part of one character */
			*to = char_end(f, *from);
		return;
	}
	lo = hi = f->map[start];
	for (size_t i = start; i < end; i++) {
		lo = f->map[i] < lo ? f->map[i] : lo;
		hi = f->map[i] > hi ? f->map[i] : hi;
	}
	hi = char_end(f, hi);
	*from = lo;
	*to = hi;
}

void
fold_free(struct fold *f)
{
	free(f->own);
	free(f->space);
	*f = (struct fold){0};
}
