/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: see words.h.  A chunk is what stands between blanks (words_chunk.c), its core
 * what is left without punctuation (words_core.c).  Most chunks are one known word and
 * leave words_core() at its first look; everything after that is for the others.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mem.h"
#include "mend.h"
#include "words_in.h"

#define APART 64    /* letters that stand apart in a row */
#define TOGETHER 16 /* words that are looked at at once */
#define SLACK 32    /* bytes behind w->cap that can be written */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline void
put(struct words *w, size_t n, size_t a, size_t b, unsigned flags, uint64_t hash,
    uint16_t tag, uint8_t level)
{
	struct word *to = &w->v[w->n++];

	to->at = (uint32_t)w->len;
	to->len = (uint32_t)n;
	w->len += n;
	w->text[w->len++] = ' ';
	to->hash = hash;
	to->tag = tag;
	to->level = level;
	to->flags = (uint8_t)(flags | (w->quoted ? WORD_QUOTED : 0));
	if (w->fold.map == NULL) {
		to->from = (uint32_t)a;
		to->to = (uint32_t)b;
	} else {
		fold_span(&w->fold, a, b, &to->from, &to->to);
	}
}

static inline bool
has_room(const struct words *w, size_t n, size_t a, size_t b)
{
	return n > 0 && w->len + n + 12 <= w->cap && w->n < w->room && b > a;
}

void
words_put(struct words *w, const char *s, size_t n, size_t a, size_t b, unsigned flags,
    uint64_t hash, const struct vocab_entry *e)
{
	words_put_kept(w, s, n, a, b, flags, hash, e != NULL ? e->tag : 0,
	    e != NULL ? (uint8_t)(e->level + 1) : 0);
}

void
words_put_kept(struct words *w, const char *s, size_t n, size_t a, size_t b,
    unsigned flags, uint64_t hash, uint16_t tag, uint8_t level)
{
	if (!has_room(w, n, a, b))
		return;
	memcpy(w->text + w->len, s, n);
	put(w, n, a, b, flags, hash, tag, level);
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
	} else if (words_signs(w, t, count, &m)) {
		words_emit(w, m.text, m.len, a, end, WORD_MENDED);
	} else if (count >= 4) {
		words_letters(w, t, count, a, end, WORD_MENDED);
	} else {
		return 0;
	}
	return end;
}

/* The letters of ASCII from a on, in lower case, if there are not too many; in key,
 * with 0 behind them.  Their number, or 0. */
static inline size_t
short_at(const char *s, size_t n, size_t a, uint64_t key[WORDS_KEY / 8], uint8_t *flags)
{
	char letters[WORDS_KEY] = {0};
	size_t len = 0, upper = 0;

#ifdef __SSE2__
	if (n - a >= WORDS_KEY) {
		static const uint8_t keep[2 * WORDS_KEY] = {255, 255, 255, 255, 255,
		    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + a));
		__m128i lo = _mm_or_si128(v, _mm_set1_epi8(0x20));
		__m128i letter =
		    _mm_and_si128(_mm_cmpgt_epi8(lo, _mm_set1_epi8('a' - 1)),
			_mm_cmpgt_epi8(_mm_set1_epi8('z' + 1), lo));
		unsigned small = (unsigned)_mm_movemask_epi8(_mm_slli_epi16(v, 2));

		len = (size_t)__builtin_ctz(
		    ~(unsigned)_mm_movemask_epi8(letter) | 1u << WORDS_KEY);
		if (len == WORDS_KEY ||
		    (small & ~small >> 1 & ((1u << len) - 1) >> 1) != 0)
			return 0; /* long, or with capitals behind small letters */
		lo = _mm_and_si128(
		    lo, _mm_loadu_si128(
			    (const __m128i *)(const void *)(keep + WORDS_KEY - len)));
		_mm_storeu_si128((__m128i *)(void *)key, lo);
		*flags =
		    len > 1 && (small & ((1u << len) - 1)) == 0 ? WORD_CAPITALS : 0;
		return len;
	}
#endif
	for (; a + len < n && (uint8_t)((s[a + len] | 32) - 'a') < 26; len++) {
		if (len == WORDS_KEY - 1)
			return 0;
		if (s[a + len] < 'a' && upper++ < len)
			return 0;
		letters[len] = (char)(s[a + len] | 32);
	}
	memcpy(key, letters, WORDS_KEY);
	*flags = len > 1 && upper == len ? WORD_CAPITALS : 0;
	return len;
}

/* A chunk that is a short word with some punctuation behind it at most. */
struct begun {
	uint64_t key[WORDS_KEY / 8];
	struct words_place *place;
	size_t at, end;
	uint8_t len, flags;
};

static inline bool
look_at(const struct words *w, size_t a, struct begun *c)
{
	const char *s = w->fold.text;
	size_t n = w->fold.len, k, len = short_at(s, n, a, c->key, &c->flags);

	if (len == 0)
		return false;
	for (k = a + len; k < n && !is_blank(s[k]); k++)
		if (s[k] != '.' && s[k] != ',' && s[k] != '!' && s[k] != '?' &&
		    s[k] != ':' && s[k] != ';')
			return false;
	if (len == 3 && k > a + 3 && memcmp(c->key, "www", 3) == 0)
		return false; /* an address */
	c->place = words_place(w, c->key);
	c->at = a;
	c->end = k;
	c->len = (uint8_t)len;
	return true;
}

/* May letters that stand apart begin at a? */
static inline bool
may_be_apart(const char *s, size_t n, size_t a)
{
	return (a + 1 == n || is_blank(s[a + 1])) &&
	       (a + 3 >= n || !(words_is_letter(s[a + 3]) || words_is_digit(s[a + 3])));
}

/* Puts a word that is kept and stays as it is written, as nearly all do. */
static inline void
put_same(struct words *w, const struct begun *c, const struct words_kept *k)
{
	memcpy(w->text + w->len, c->key, WORDS_KEY); /* SLACK has room for it */
	put(w, c->len, c->at, c->at + c->len, c->flags | k->flags, k->hash, k->tag,
	    k->level);
}

#define CUT_MAX 12 /* letters of a part of a word that is cut in two */

static bool
is_consonant(char c)
{
	return c >= 'b' && c <= 'z' && strchr("eiou", c) == NULL;
}

/* Two chunks with a blank between that may be one word. */
struct halves {
	uint64_t hash;	      /* of all letters */
	size_t first, second; /* letters of either */
	size_t at, end;	      /* of the second */
};

/* The letters of c, and those behind it; false: there is no such word. */
static inline bool
find_halves(const struct words *w, const struct begun *c, struct halves *h)
{
	const char *s = w->fold.text;
	size_t n = w->fold.len, at = c->end + 1, k = at;
	uint64_t hash = VOCAB_HASH_START;

	if (c->end != c->at + c->len || c->len > CUT_MAX || at >= n || s[at - 1] != ' ')
		return false;
	for (size_t i = 0; i < c->len; i++)
		hash = vocab_hash_step(hash, ((const char *)c->key)[i]);
	for (; k < n && (uint8_t)((s[k] | 32) - 'a') < 26; k++) {
		if (k - at == CUT_MAX)
			return false;
		hash = vocab_hash_step(hash, (char)(s[k] | 32));
	}
	if (k == at || c->len + (k - at) < 4 ||
	    (k < n && (words_is_letter(s[k]) || words_is_digit(s[k]))))
		return false;
	*h = (struct halves){vocab_hash_end(hash), c->len, k - at, at, k};
	return true;
}

/* Whether halves whose whole is a word may be cut ones.  tagged: it is looked for;
 * more: the second one is among those that are looked at together. */
static bool
may_be_cut(const struct words *w, const struct begun *c, const struct halves *h,
    const char *letters, bool tagged, bool more)
{
	const struct vocab_entry *second =
	    vocab_find(w->vocab, vocab_hash(letters + h->first, h->second));

	if (h->first == 1) /* "K ill", but for nothing less than that */
		return is_consonant(w->fold.text[c->at]) && (tagged || second == NULL);
	if (words_known(w, letters, h->first)) /* "she lter" */
		return more && h->second > 1 && second == NULL;
	if (h->second == 1) /* "sli t" */
		return is_consonant(letters[h->first]);
	return second == NULL || (tagged && h->second == 2 && second->tag == 0);
}

/* "ki ll": letters, a blank, and more of them, that are a word together.  Where it
 * ends, or 0. */
static size_t
take_cut(struct words *w, const struct begun *c, bool more)
{
	const struct vocab_entry *e;
	char letters[2 * CUT_MAX];
	struct halves h;

	if (!find_halves(w, c, &h) || (e = vocab_find(w->vocab, h.hash)) == NULL)
		return 0;
	memcpy(letters, c->key, h.first);
	for (size_t i = 0; i < h.second; i++)
		letters[h.first + i] = words_lower(w->fold.text[h.at + i]);
	if (!may_be_cut(w, c, &h, letters, e->tag > 0, more))
		return 0;
	words_put(w, letters, h.first + h.second, c->at, h.end, WORD_MENDED, h.hash, e);
	return h.end;
}

/* Whether take_cut() has nothing to look for: c is a word, and so is what stands behind
 * it, if that is looked at together with it. */
static inline bool
is_whole(const struct words *w, const struct begun *c, const struct words_kept *k,
    const struct begun *next)
{
	const struct words_kept *behind;

	if (k->level == 0 || c->len == 1)
		return k->level > 0 && !is_consonant((char)c->key[0]);
	if (next == NULL || c->end != c->at + c->len)
		return true;
	behind = next->place != NULL ? words_find(next->place, next->key) : NULL;
	return behind != NULL ? behind->same && behind->level > 0
			      : words_known(w, (const char *)next->key, next->len);
}

/* Most chunks are such: a shorter way to what words_chunk() does with those from a on.
 * They are looked at together before they are taken, so that their places are there
 * when they are needed.  Where the last one ends, or 0. */
static size_t
take_short(struct words *w, size_t a)
{
	const char *s = w->fold.text;
	struct begun v[TOGETHER];
	size_t n = w->fold.len, count = 0, cut;

	while (count < TOGETHER && look_at(w, a, &v[count])) {
		a = v[count++].end + 1;
		if (a >= n || s[a - 1] != ' ' || is_blank(s[a]) ||
		    may_be_apart(s, n, a))
			break;
	}
	for (size_t i = 0; i < count; i++) {
		const struct begun *c = &v[i];
		const struct words_kept *k =
		    c->place != NULL ? words_find(c->place, c->key) : NULL;
		const struct begun *next = i + 1 < count ? c + 1 : NULL;
		size_t from = c->at + c->len;

		if (k != NULL && k->same && is_whole(w, c, k, next) &&
		    has_room(w, c->len, c->at, from))
			put_same(w, c, k);
		else if ((cut = take_cut(w, c, next != NULL)) == 0)
			words_short(w, c->place, c->key, c->len, c->at, c->flags);
		else if (next == NULL)
			return cut;
		else
			c = &v[++i], from = cut;
		for (size_t j = from; j < c->end; j++)
			if (s[j] != ',' && s[j] != ':')
				words_end(w, s[j]);
	}
	return count > 0 ? v[count - 1].end : 0;
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
		if ((k = take_short(w, i)) > 0)
			continue;
		for (k = i; k < n && !is_blank(s[k]); k++)
			;
		words_chunk(w, i, k);
	}
	words_end(w, '\n');
	memset(w->text + w->len, 0, 16);
}

#define SENTENCE_SHORT 2 /* words */
#define SENTENCES_CUT 4	 /* so many short ones in a row are one that was cut up */

/* Where the sentence ends that begins with word i. */
static size_t
sentence_end(const struct words *w, size_t i)
{
	while (i < w->n && !(w->v[i].flags & WORD_ENDS))
		i++;
	return i < w->n ? i + 1 : i;
}

/* "I'll. kill. you. all." */
static void
join_sentences(struct words *w)
{
	size_t row = 0, begin = 0;

	for (size_t at = 0, end; at < w->n; at = end) {
		bool cut;

		end = sentence_end(w, at);
		cut = end - at <= SENTENCE_SHORT && !(w->v[end - 1].flags & WORD_ASKS);
		if (cut && row++ == 0)
			begin = at;
		if (cut && end < w->n)
			continue;
		for (size_t k = begin; row >= SENTENCES_CUT && k + 1 < (cut ? end : at);
		     k++)
			w->v[k].flags &= (uint8_t)~WORD_ENDS;
		row = 0;
	}
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
	words_memo_begin(w);
	if (w->cap < 4 * n + 32) {
		w->cap = 4 * n + 1024;
		w->room = w->cap / 2;
		free(w->text);
		free(w->v);
		w->text = mem_new(w->cap + SLACK, 1);
		w->v = mem_new(w->room, sizeof(*w->v));
	}
	fold_signs(&w->fold, s, n);
	take_all(w);
	if (backwards(w)) {
		fold_reverse(&w->fold);
		take_all(w);
	}
	join_sentences(w);
}

void
words_free(struct words *w)
{
	fold_free(&w->fold);
	free(w->text);
	free(w->v);
	words_memo_free(w);
	memset(w, 0, sizeof(*w));
}
