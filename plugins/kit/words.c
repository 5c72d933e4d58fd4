/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: see words.h.  A chunk is what stands between blanks (words_chunk.c), its core
 * what is left without punctuation (words_core.c).  Most chunks are one known word and
 * leave words_core() at its first look; everything after that is for the others.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "mend.h"
#include "words_in.h"

#define APART 64 /* letters that stand apart in a row */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void
words_put(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags,
    uint64_t hash, const struct vocab_entry *e)
{
	struct word *to;

	if (n == 0 || w->len + n + 12 > w->cap || w->n >= w->room || b <= a)
		return;
	to = &w->v[w->n++];
	to->at = (uint32_t)w->len;
	to->len = (uint32_t)n;
	memcpy(w->text + w->len, s, n);
	w->len += n;
	w->text[w->len++] = ' ';
	to->hash = hash;
	to->tag = e != NULL ? e->tag : 0;
	to->level = e != NULL ? (uint8_t)(e->level + 1) : 0;
	to->flags = (uint8_t)(flags | (w->quoted ? WORD_QUOTED : 0));
	fold_span(&w->fold, a, b, &to->from, &to->to);
}

void
words_emit(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	uint64_t hash = vocab_hash(s, n);

	words_put(w, s, n, a, b, flags, hash, vocab_find(w->vocab, hash));
}

void
words_end(struct words *w, char sign)
{
	if (w->n == 0)
		return;
	w->v[w->n - 1].flags |= WORD_ENDS;
	if (sign == '?')
		w->v[w->n - 1].flags |= WORD_ASKS;
}

/* How far single letters with one blank between reach from a; 0: fewer than three. */
static size_t
letters_apart(const struct words *w, size_t a, char *out, size_t *count)
{
	const char *s = w->fold.text;
	size_t i = a, n = w->fold.len, o = 0;

	if (!words_is_letter(s[a]) || (uint8_t)s[a] >= 0x80)
		return 0;
	while (
	    i < n && o < APART && (uint8_t)s[i] < 0x80 &&
	    (words_is_letter(s[i]) ||
		(o > 0 && (words_is_digit(s[i]) || strchr("$@!+", s[i]) != NULL))) &&
	    (i + 1 == n || !(words_is_letter(s[i + 1]) || words_is_digit(s[i + 1])))) {
		out[o++] = words_lower(s[i++]);
		if (i + 1 >= n || !is_blank(s[i]) || is_blank(s[i + 1]))
			break;
		i++;
	}
	*count = o;
	while (i > a && is_blank(s[i - 1]))
		i--;
	return o >= 3 ? i : 0;
}

static size_t
take_apart(struct words *w, size_t a)
{
	char t[APART];
	size_t ends[MEND_PARTS], parts, count, end = letters_apart(w, a, t, &count);
	struct mended m;

	if (end == 0)
		return 0;
	if (words_known(w, t, count)) {
		words_emit(w, t, count, a, end, WORD_MENDED);
	} else if ((parts = mend_parts(w->vocab, t, count, ends)) > 0) {
		for (size_t i = 0, at = 0; i < parts; at = ends[i++])
			words_emit(w, t + at, ends[i] - at, a + 2 * at,
			    a + 2 * ends[i] - 1, WORD_MENDED);
	} else if (mend_signs(w->vocab, t, count, &m)) {
		words_emit(w, m.text, m.len, a, end, WORD_MENDED);
	} else if (count >= 4) {
		words_letters(w, t, count, a, end, WORD_MENDED);
	} else {
		return 0;
	}
	return end;
}

static void
take_all(struct words *w)
{
	const char *s = w->fold.text;
	size_t n = w->fold.len, k;

	w->text[0] = ' ';
	w->len = 1;
	w->n = 0;
	w->quoted = false;
	for (size_t i = 0; i < n; i = k) {
		if (is_blank(s[i])) {
			if (s[i] == '\n') {
				words_end(w, '\n');
				w->quoted = i + 1 < n && s[i + 1] == '>';
			}
			k = i + 1;
			continue;
		}
		if ((i + 1 == n || is_blank(s[i + 1])) && (k = take_apart(w, i)) > 0)
			continue;
		for (k = i; k < n && !is_blank(s[k]); k++)
			;
		words_chunk(w, i, k);
	}
	words_end(w, '\n');
	memset(w->text + w->len, 0, 8);
}

/* Was the whole text written backwards? */
static bool
backwards(const struct words *w)
{
	size_t back = 0, plain = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].len < 3)
			continue;
		if (w->v[i].flags & WORD_BACKWARDS)
			back++;
		else
			plain++;
	}
	return back >= 2 && back > plain;
}

void
words_take(struct words *w, const struct vocab *v, const char *s, size_t n)
{
	w->vocab = v;
	if (w->cap < 4 * n + 32) {
		w->cap = 4 * n + 1024;
		w->room = w->cap / 2;
		free(w->text);
		free(w->v);
		w->text = mem_new(w->cap, 1);
		w->v = mem_new(w->room, sizeof(*w->v));
	}
	fold_signs(&w->fold, s, n);
	take_all(w);
	if (backwards(w)) {
		fold_reverse(&w->fold);
		take_all(w);
	}
}

void
words_free(struct words *w)
{
	fold_free(&w->fold);
	free(w->text);
	free(w->v);
	memset(w, 0, sizeof(*w));
}
