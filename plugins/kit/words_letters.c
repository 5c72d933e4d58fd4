/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words_letters: a word of letters, and what is meant by it; see words_in.h.  What
 * becomes of a word depends on its letters and the vocabulary alone, so for short words
 * of ASCII it is kept in a table, a place for each hash: most words of a text have been
 * there before, and mending those that are unknown is what costs.  Each place holds all
 * letters of its word, so another with the same hash is no danger.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "mend.h"
#include "words_in.h"

#define SHORT(from, first, second)                    \
	{                                             \
		from, sizeof(from) - 1, first, second \
	}
static const struct {
	const char *from;
	size_t n;
	const char *first, *second;
} short_forms[] = {
    SHORT("im", "i", "am"),
    SHORT("ive", "i", "have"),
    SHORT("dont", "do", "not"),
    SHORT("doesnt", "does", "not"),
    SHORT("didnt", "did", "not"),
    SHORT("cant", "can", "not"),
    SHORT("cannot", "can", "not"),
    SHORT("wont", "will", "not"),
    SHORT("wouldnt", "would", "not"),
    SHORT("shouldnt", "should", "not"),
    SHORT("couldnt", "could", "not"),
    SHORT("isnt", "is", "not"),
    SHORT("arent", "are", "not"),
    SHORT("wasnt", "was", "not"),
    SHORT("werent", "were", "not"),
    SHORT("havent", "have", "not"),
    SHORT("hasnt", "has", "not"),
    SHORT("aint", "is", "not"),
    SHORT("youre", "you", "are"),
    SHORT("theyre", "they", "are"),
    SHORT("youll", "you", "will"),
    SHORT("theyll", "they", "will"),
    SHORT("thats", "that", "is"),
    SHORT("lets", "let", "us"),
    SHORT("shoulda", "should", "have"),
    SHORT("woulda", "would", "have"),
    SHORT("coulda", "could", "have"),
    SHORT("gotta", "got", "to"),
    SHORT("wanna", "want", "to"),
    SHORT("gonna", "going", "to"),
    SHORT("gunna", "going", "to"),
};

/* What becomes of a word. */
enum fate_kind { FATE_WORD = 1, FATE_SHORT, FATE_PARTS, FATE_SIGNS };
struct fate {
	enum fate_kind kind;
	unsigned flags; /* WORD_MENDED, WORD_BACKWARDS */
	size_t parts;	/* FATE_SHORT: row of short_forms; FATE_PARTS: how many */
	size_t ends[MEND_PARTS];
	const char *text; /* FATE_WORD: what it is, in m or as it was */
	size_t len;
	struct mended m;
};

static bool
find_short(const char *s, size_t n, struct fate *out)
{
	static const char firsts[] = "acdghilstwy"; /* letters they begin with */

	if (n < 2 || n > 8 || memchr(firsts, s[0], sizeof(firsts) - 1) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(short_forms) / sizeof(short_forms[0]); i++)
		if (short_forms[i].n == n && memcmp(short_forms[i].from, s, n) == 0) {
			out->kind = FATE_SHORT;
			out->parts = i;
			return true;
		}
	return false;
}

static void
put_short(struct words *w, size_t row, size_t a, size_t b, unsigned flags)
{
	const char *first = short_forms[row].first, *second = short_forms[row].second;

	words_emit(w, first, strlen(first), a, b, flags);
	words_emit(w, second, strlen(second), a, b, flags);
}

static void
put_parts(struct words *w, const char *s, const size_t *ends, size_t parts, size_t a,
    size_t b, unsigned flags)
{
	size_t n = ends[parts - 1];
	struct fate f;

	for (size_t i = 0, at = 0; i < parts; at = ends[i++]) {
		/* Where every letter is a byte of its own, its place is known. */
		size_t from = b - a == n ? a + at : a,
		       to = b - a == n ? a + ends[i] : b;

		if (find_short(s + at, ends[i] - at, &f))
			put_short(w, f.parts, from, to, flags);
		else
			words_emit(w, s + at, ends[i] - at, from, to, flags);
	}
}

/* What is meant by a word of ASCII that is not known. */
static void
mend(const struct vocab *v, const char *s, size_t n, struct fate *f)
{
	const struct vocab_entry *e;

	f->flags = WORD_MENDED;
	if (mend_repeats(v, s, n, &f->m)) {
		if (find_short(f->m.text, f->m.len, f))
			return;
	} else if (mend_typo(v, s, n, &f->m)) {
		/* as it stands there */
	} else if (mend_reversed(v, s, n, &f->m)) {
		e = vocab_find(v, vocab_hash(f->m.text, f->m.len));
		f->flags = WORD_BACKWARDS;
		if (n < 4 || e == NULL || e->tag == 0)
			return;
		f->flags |= WORD_MENDED;
	} else if ((f->parts = mend_parts(v, s, n, f->ends)) > 0) {
		f->kind = FATE_PARTS;
		return;
	} else {
		f->flags = 0;
		return;
	}
	f->text = f->m.text;
	f->len = f->m.len;
}

/* hash and e: those of f->text, if it is a word. */
static void
find_fate(const struct vocab *v, const char *s, size_t n, struct fate *f,
    uint64_t *hash, const struct vocab_entry **e)
{
	f->kind = FATE_WORD;
	f->flags = 0;
	f->text = s;
	f->len = n;
	if (find_short(s, n, f))
		return;
	*hash = vocab_hash(s, n);
	*e = vocab_find(v, *hash);
	if (*e != NULL || n < 3 || !words_ascii(s, n))
		return;
	mend(v, s, n, f);
	if (f->text != s) {
		*hash = vocab_hash(f->text, f->len);
		*e = vocab_find(v, *hash);
	}
}

void
words_letters(
    struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags)
{
	const struct vocab_entry *e = NULL;
	uint64_t hash = 0;
	struct fate f;

	find_fate(w->vocab, s, n, &f, &hash, &e);
	flags |= f.flags;
	if (f.kind == FATE_SHORT)
		put_short(w, f.parts, a, b, flags);
	else if (f.kind == FATE_PARTS)
		put_parts(w, s, f.ends, f.parts, a, b, flags);
	else
		words_put(w, f.text, f.len, a, b, flags, hash, e);
}

/* --- kept */

#define PLACES 32768

/* The fate of one word; as small as can be, for most of them are not in the nearest
 * cache of the processor. */
struct words_kept {
	uint64_t key[WORDS_KEY / 8]; /* the word, then 0; 0: the place is free */
	uint64_t hash;
	uint16_t tag;
	uint8_t level; /* as struct word has it */
	uint8_t flags, len;
	uint8_t kind;
	bool same; /* the word is what it was: nothing in `text' */
};

struct words_memo {
	uint64_t stamp; /* the vocabulary that all is of */
	struct words_kept v[PLACES];
	/* Of each: FATE_WORD and FATE_SIGNS: what it is; FATE_PARTS: their ends. */
	char text[PLACES][WORDS_KEY + 8];
};

void
words_memo_begin(struct words *w)
{
	uint64_t stamp = vocab_stamp(w->vocab);

	if (w->plain || (w->memo != NULL && w->memo->stamp == stamp))
		return;
	if (w->memo == NULL)
		w->memo = mem_new(1, sizeof(*w->memo));
	else
		memset(w->memo, 0, sizeof(*w->memo));
	w->memo->stamp = stamp;
}

static inline struct words_kept *
place_of(struct words_memo *m, const uint64_t key[2])
{
	uint64_t x = (key[0] ^ key[1] * 0x9e3779b97f4a7c15u) * 0xc2b2ae3d27d4eb4fu;

	return &m->v[(x ^ x >> 32) * 0x9e3779b97f4a7c15u >> 32 & (PLACES - 1)];
}

/* Finds the fate of the word and keeps it. */
static void
keep(const struct vocab *v, struct words_kept *k, char *text, const char key[WORDS_KEY],
    size_t n)
{
	const struct vocab_entry *e = NULL;
	struct fate f;

	memset(k, 0, sizeof(*k));
	memcpy(k->key, key, WORDS_KEY);
	find_fate(v, key, n, &f, &k->hash, &e);
	k->kind = (uint8_t)f.kind;
	k->flags = (uint8_t)f.flags;
	k->len = (uint8_t)(f.kind == FATE_WORD ? f.len : f.parts);
	k->tag = e != NULL ? e->tag : 0;
	k->level = e != NULL ? (uint8_t)(e->level + 1) : 0;
	k->same = f.text == key;
	if (f.kind == FATE_WORD && !k->same)
		memcpy(text, f.text, f.len);
	for (size_t i = 0; f.kind == FATE_PARTS && i < f.parts; i++)
		text[i] = (char)f.ends[i];
}

struct words_kept *
words_place(const struct words *w, const char key[WORDS_KEY])
{
	struct words_kept *k;
	uint64_t x[2];

	if (w->plain)
		return NULL;
	memcpy(x, key, WORDS_KEY);
	k = place_of(w->memo, x);
	__builtin_prefetch(k);
	return k;
}

void
words_short(struct words *w, struct words_kept *k, const char key[WORDS_KEY + 8],
    size_t n, size_t a, unsigned flags)
{
	size_t ends[MEND_PARTS];
	uint64_t x[2];
	char *text;

	if (k == NULL) {
		words_letters(w, key, n, a, a + n, flags);
		return;
	}
	memcpy(x, key, WORDS_KEY);
	text = w->memo->text[k - w->memo->v];
	if (k->key[0] != x[0] || k->key[1] != x[1] || k->kind == FATE_SIGNS)
		keep(w->vocab, k, text, key, n);
	flags |= k->flags;
	if (k->kind == FATE_WORD) {
		words_put_kept(w, k->same ? key : text, k->len, a, a + n, flags,
		    k->hash, k->tag, k->level);
	} else if (k->kind == FATE_SHORT) {
		put_short(w, k->len, a, a + n, flags);
	} else {
		for (size_t i = 0; i < k->len; i++)
			ends[i] = (uint8_t)text[i];
		put_parts(w, key, ends, k->len, a, a + n, flags);
	}
}

bool
words_signs(const struct words *w, const char *s, size_t n, struct mended *out)
{
	uint64_t x[2] = {0, 0};
	struct words_kept *k;
	char *text;

	if (w->plain || n >= WORDS_KEY || memchr(s, 0, n) != NULL)
		return mend_signs(w->vocab, s, n, out);
	memcpy(x, s, n);
	k = place_of(w->memo, x);
	text = w->memo->text[k - w->memo->v];
	if (k->key[0] != x[0] || k->key[1] != x[1] || k->kind != FATE_SIGNS) {
		*k = (struct words_kept){.key = {x[0], x[1]}, .kind = FATE_SIGNS};
		if (mend_signs(w->vocab, s, n, out)) {
			k->len = (uint8_t)out->len;
			memcpy(text, out->text, out->len);
		}
	}
	memcpy(out->text, text, k->len);
	out->len = k->len;
	return k->len > 0;
}
