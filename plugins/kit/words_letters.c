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
#define ILL 0 /* only where words were run together: else somebody may be ill */
    SHORT("ill", "i", "will"),
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
#define SHORTS (sizeof(short_forms) / sizeof(short_forms[0]))
#define SHORT_LEVEL 8 /* they are common */

void
words_teach(struct vocab *v)
{
	for (size_t i = ILL + 1; i < SHORTS; i++)
		vocab_add_word(
		    v, short_forms[i].from, short_forms[i].n, 0, SHORT_LEVEL);
}

/* What becomes of a word. */
struct fate {
	enum words_fate kind;
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
	for (size_t i = ILL + 1; i < SHORTS; i++)
		if (short_forms[i].n == n && short_forms[i].from[0] == s[0] &&
		    memcmp(short_forms[i].from, s, n) == 0) {
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

void
words_parts(struct words *w, const char *s, const size_t *ends, size_t parts, size_t a,
    size_t b, unsigned flags)
{
	size_t n = parts > 0 ? ends[parts - 1] : 0;
	struct fate f;

	for (size_t i = 0, at = 0; i < parts; at = ends[i++]) {
		/* Where every letter is a byte of its own, its place is known. */
		size_t from = b - a == n ? a + at : a,
		       to = b - a == n ? a + ends[i] : b;

		if (ends[i] - at == 3 && memcmp(s + at, "ill", 3) == 0 && i + 1 < parts)
			put_short(w, ILL, from, to, flags);
		else if (find_short(s + at, ends[i] - at, &f))
			put_short(w, f.parts, from, to, flags);
		else
			words_emit(w, s + at, ends[i] - at, from, to, flags);
	}
}

#define COMMON 5 /* level of words that are often there */

/* What is meant by a word of ASCII that is not known. */
static void
mend(const struct vocab *v, const char *s, size_t n, struct fate *f)
{
	const struct vocab_entry *e;

	f->flags = WORD_MENDED;
	if (mend_repeats(v, s, n, &f->m)) {
		if (find_short(f->m.text, f->m.len, f))
			return;
	} else if (mend_alike(v, s, n, &f->m) || mend_typo(v, s, n, &f->m)) {
		/* as it stands there */
	} else if (mend_reversed(v, s, n, &f->m)) {
		e = vocab_find(v, vocab_hash(f->m.text, f->m.len));
		f->flags = WORD_BACKWARDS;
		if (e == NULL || (e->tag == 0 && (n < 4 || e->level < COMMON)) ||
		    (n < 4 && e->level < COMMON))
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
	/* A hashtag is more likely to be several words than one that is misspelt. */
	if ((flags & WORD_HASHTAG) != 0 && f.kind == FATE_WORD &&
	    (e == NULL || f.text != s) && words_ascii(s, n) &&
	    (f.parts = mend_parts(w->vocab, s, n, f.ends)) > 0) {
		f.kind = FATE_PARTS;
		f.flags = WORD_MENDED;
	}
	flags |= f.flags;
	if (f.kind == FATE_SHORT)
		put_short(w, f.parts, a, b, flags);
	else if (f.kind == FATE_PARTS)
		words_parts(w, s, f.ends, f.parts, a, b, flags);
	else
		words_put(w, f.text, f.len, a, b, flags, hash, e);
}

/* --- kept */

#define PLACES ((size_t)1 << 15)
#define LINE 64 /* bytes, of the processor's cache */

struct words_memo {
	struct words_place *v; /* PLACES, in `room', each a line */
	void *room;
	uint64_t stamp; /* the vocabulary that all is of */
	/* Of each: FATE_WORD and FATE_SIGNS: what it is, FATE_PARTS: their ends. */
	char text[PLACES][2][WORDS_KEY + 8];
};

void
words_memo_begin(struct words *w)
{
	uint64_t stamp = vocab_stamp(w->vocab);
	uintptr_t at;

	if (w->plain || (w->memo != NULL && w->memo->stamp == stamp))
		return;
	words_memo_free(w);
	w->memo = mem_new(1, sizeof(*w->memo));
	w->memo->stamp = stamp;
	w->memo->room = mem_new(PLACES * sizeof(*w->memo->v) + LINE, 1);
	at = (uintptr_t)w->memo->room;
	w->memo->v = (struct words_place *)(at + LINE - at % LINE);
}

void
words_memo_free(struct words *w)
{
	if (w->memo == NULL)
		return;
	free(w->memo->room);
	free(w->memo);
	w->memo = NULL;
}

static inline struct words_place *
place_of(struct words_memo *m, const uint64_t key[2])
{
	uint64_t x = (key[0] ^ key[1] * 0x9e3779b97f4a7c15u) * 0xc2b2ae3d27d4eb4fu;

	return &m->v[(x ^ x >> 32) * 0x9e3779b97f4a7c15u >> 49 & (PLACES - 1)];
}

static inline char *
text_of(struct words_memo *m, const struct words_place *p, const struct words_kept *k)
{
	return m->text[p - m->v][k - p->v];
}

/* A free place for one more; the older one of two goes. */
static struct words_kept *
make_place(struct words_memo *m, struct words_place *p)
{
	char(*text)[WORDS_KEY + 8] = m->text[p - m->v];

	p->v[1] = p->v[0];
	memcpy(text[1], text[0], sizeof(text[0]));
	memset(&p->v[0], 0, sizeof(p->v[0]));
	return &p->v[0];
}

/* Finds the fate of the word and keeps it. */
static struct words_kept *
keep(
    struct words *w, struct words_place *p, const uint64_t key[WORDS_KEY / 8], size_t n)
{
	const char *s = (const char *)key;
	const struct vocab_entry *e = NULL;
	struct words_kept *k = make_place(w->memo, p);
	char *text = text_of(w->memo, p, k);
	struct fate f;

	memcpy(k->key, key, WORDS_KEY);
	find_fate(w->vocab, s, n, &f, &k->hash, &e);
	k->kind = (uint8_t)f.kind;
	k->flags = (uint8_t)f.flags;
	k->len = (uint8_t)(f.kind == FATE_WORD ? f.len : f.parts);
	k->tag = e != NULL ? e->tag : 0;
	k->level = e != NULL ? (uint8_t)(e->level + 1) : 0;
	k->same = f.kind == FATE_WORD && f.text == s;
	if (f.kind == FATE_WORD && !k->same)
		memcpy(text, f.text, f.len);
	for (size_t i = 0; f.kind == FATE_PARTS && i < f.parts; i++)
		text[i] = (char)f.ends[i];
	return k;
}

struct words_place *
words_place(const struct words *w, const uint64_t key[WORDS_KEY / 8])
{
	struct words_place *p;

	if (w->plain)
		return NULL;
	p = place_of(w->memo, key);
	__builtin_prefetch(p);
	return p;
}

void
words_short(struct words *w, struct words_place *p, const uint64_t key[WORDS_KEY / 8],
    size_t n, size_t a, unsigned flags)
{
	const char *s = (const char *)key, *text;
	size_t ends[MEND_PARTS];
	struct words_kept *k;

	if (p == NULL) {
		words_letters(w, s, n, a, a + n, flags);
		return;
	}
	k = words_find(p, key);
	if (k == NULL || k->kind == FATE_SIGNS)
		k = keep(w, p, key, n);
	text = text_of(w->memo, p, k);
	flags |= k->flags;
	if (k->kind == FATE_WORD) {
		words_put_kept(w, k->same ? s : text, k->len, a, a + n, flags, k->hash,
		    k->tag, k->level);
	} else if (k->kind == FATE_SHORT) {
		put_short(w, k->len, a, a + n, flags);
	} else {
		for (size_t i = 0; i < k->len; i++)
			ends[i] = (uint8_t)text[i];
		words_parts(w, s, ends, k->len, a, a + n, flags);
	}
}

bool
words_signs(const struct words *w, const char *s, size_t n, struct mended *out)
{
	uint64_t key[WORDS_KEY / 8] = {0, 0};
	struct words_place *p;
	struct words_kept *k;
	char *text;

	if (w->plain || n >= WORDS_KEY || memchr(s, 0, n) != NULL)
		return mend_signs(w->vocab, s, n, out);
	memcpy(key, s, n);
	p = place_of(w->memo, key);
	k = words_find(p, key);
	if (k == NULL || k->kind != FATE_SIGNS) {
		k = make_place(w->memo, p);
		*k = (struct words_kept){.key = {key[0], key[1]}, .kind = FATE_SIGNS};
		if (mend_signs(w->vocab, s, n, out)) {
			k->len = (uint8_t)out->len;
			memcpy(text_of(w->memo, p, k), out->text, out->len);
		}
	}
	text = text_of(w->memo, p, k);
	memcpy(out->text, text, k->len);
	out->len = k->len;
	return k->len > 0;
}
