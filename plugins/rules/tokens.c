/* SPDX-License-Identifier: Apache-2.0 */
/* tokens: see tokens.h. */
#include "tokens.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "sentence.h"

#define BLOCK 64
#define SEP_MAX 8 /* characters between two words of a phrase; as in pattern.h */

struct masks {
	uint64_t word; /* ASCII letters and digits, and whatever is not ASCII */
	uint64_t high; /* not ASCII */
};

#ifdef __SSE2__
static inline struct masks
look_at(const char *s)
{
	const __m128i low = _mm_set1_epi8(0x20), a = _mm_set1_epi8('a' - 1),
		      z = _mm_set1_epi8('z' + 1), zero = _mm_set1_epi8('0' - 1),
		      nine = _mm_set1_epi8('9' + 1);
	struct masks m = {0, 0};

#pragma GCC unroll 4
	for (int k = 0; k < BLOCK / 16; k++) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(s + k * 16));
		__m128i lo = _mm_or_si128(v, low);
		__m128i letter =
		    _mm_and_si128(_mm_cmpgt_epi8(lo, a), _mm_cmpgt_epi8(z, lo));
		__m128i digit =
		    _mm_and_si128(_mm_cmpgt_epi8(v, zero), _mm_cmpgt_epi8(nine, v));
		uint64_t high = (uint32_t)_mm_movemask_epi8(v);
		uint64_t word =
		    (uint32_t)_mm_movemask_epi8(_mm_or_si128(letter, digit));

		m.high |= high << (k * 16);
		m.word |= (word | high) << (k * 16);
	}
	return m;
}
#else
static struct masks
look_at(const char *s)
{
	struct masks m = {0, 0};

	for (int i = 0; i < BLOCK; i++) {
		uint8_t c = (uint8_t)s[i], lo = c | 32;
		bool high = c >= 0x80;

		if (high || (lo >= 'a' && lo <= 'z') || (c >= '0' && c <= '9'))
			m.word |= (uint64_t)1 << i;
		if (high)
			m.high |= (uint64_t)1 << i;
	}
	return m;
}
#endif

static void
add_loose(struct tokens *t, const char *s, size_t n)
{
	if (t->nloose == t->loose_cap) {
		t->loose_cap = t->loose_cap * 2 + 16;
		t->loose = mem_grow(t->loose, t->loose_cap, sizeof(*t->loose));
	}
	t->loose[t->nloose++] = lexicon_hash(s, n, n);
}

/* The ASCII runs of a word that has other letters too. */
static void
put_loose(struct tokens *t, const char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len + 1) {
		for (len = 0; i + len < n && (uint8_t)s[i + len] < 0x80; len++)
			;
		if (len > 0 && len < n)
			add_loose(t, s + i, len);
	}
}

#define CUTS 12 /* places where one run is cut */
#define RUN 200 /* its bytes */

struct run {
	char s[RUN];
	size_t n, cuts[CUTS], ncuts;
};

static void
put_run(struct tokens *t, struct run *r)
{
	r->cuts[r->ncuts++] = r->n;
	for (size_t i = 0; r->ncuts > 2 && i < r->ncuts; i++)
		for (size_t k = i + 1; k < r->ncuts; k++)
			if (r->cuts[k] > r->cuts[i])
				add_loose(
				    t, r->s + r->cuts[i], r->cuts[k] - r->cuts[i]);
	r->n = 0;
	r->ncuts = 1;
}

/* U+017F and U+212A fold to s and k, but \b takes them for no letters, so it may stand
 * before and behind each.  s[0..n) is the word as written. */
static void
put_cut(struct tokens *t, const char *s, size_t n)
{
	struct run r = {.ncuts = 1};

	for (size_t i = 0; i < n;) {
		uint32_t cp = (uint8_t)s[i];
		int len = cp < 0x80 ? 1 : mem_utf8(s + i, n - i, &cp);
		bool odd = cp == 0x17f || cp == 0x212a;

		t->odd = t->odd || odd;
		i += len > 0 ? (size_t)len : 1;
		if ((cp >= 0x80 && !odd) || r.n == RUN) {
			put_run(t, &r);
			continue;
		}
		if (odd && r.ncuts < CUTS - 2)
			r.cuts[r.ncuts++] = r.n;
		r.s[r.n++] = odd ? (cp == 0x17f ? 's' : 'k') : (char)cp;
		if (odd && r.ncuts < CUTS - 1)
			r.cuts[r.ncuts++] = r.n;
	}
	put_run(t, &r);
}

/* Bytes [start, end) are ASCII letters and digits, and characters that are not ASCII.
 */
static void
put_mixed(struct tokens *t, const char *s, size_t start, size_t end)
{
	for (size_t i = start, from; i < end;) {
		uint32_t cp;
		int len;

		for (from = i; i < end; i += (size_t)len) {
			cp = (uint8_t)s[i];
			len = cp < 0x80 ? 1 : mem_utf8(s + i, end - i, &cp);
			if (len == 0 || !letters_word(t->letters, cp))
				break;
		}
		if (i > from) {
			t->folded.len = 0;
			letters_fold(t->letters, s + from, i - from, &t->folded);
			t->v[t->n++] =
			    (struct token){.hash = lexicon_hash(t->folded.data,
					       t->folded.len, t->folded.len),
				.start = (uint32_t)from,
				.end = (uint32_t)i,
				.mixed = true};
			put_loose(t, t->folded.data, t->folded.len);
			put_cut(t, s + from, i - from);
		}
		if (i < end) {
			len = mem_utf8(s + i, end - i, &cp);
			i += len > 0 ? (size_t)len : 1;
		}
	}
}

/* A text of n bytes has at most n / 2 + 1 words; as much again is room for split(). */
static void
make_room(struct tokens *t, size_t n)
{
	if (t->cap >= n / 2 + 1)
		return;
	t->cap = n + 64;
	free(t->v);
	t->v = mem_new(2 * t->cap, sizeof(*t->v));
}

/* Those of the block at base; behind the text is nothing. */
static inline struct masks
masks_at(const char *s, size_t n, size_t base)
{
	size_t beyond = n - base < BLOCK ? BLOCK - (n - base) : 0;
	struct masks m;

	if (n < BLOCK) {
		char copy[BLOCK] = {0};

		memcpy(copy, s, n);
		return look_at(copy);
	}
	/* The last block begins earlier, among what has been seen. */
	m = look_at(s + base - beyond);
	m.word >>= beyond;
	m.high >>= beyond;
	return m;
}

/* Where words begin and end. */
static void
find_words(struct tokens *t, const char *s, size_t n)
{
	uint64_t before = 0, high = 0; /* before: the last byte belonged to a word */
	struct token *k = t->v;	       /* which is this one, and has begun */

	for (size_t base = 0; base < n; base += BLOCK) {
		uint64_t begins, ends;
		struct masks m = masks_at(s, n, base);

		high |= m.high;
		begins = m.word & ~(m.word << 1 | before);
		ends = ~m.word & (m.word << 1 | before);
		if (before != 0 && ends != 0) {
			k++->end = (uint32_t)(base + (unsigned)__builtin_ctzll(ends));
			ends &= ends - 1;
		}
		for (; ends != 0; ends &= ends - 1, begins &= begins - 1, k++) {
			k->start = (uint32_t)(base + (unsigned)__builtin_ctzll(begins));
			k->end = (uint32_t)(base + (unsigned)__builtin_ctzll(ends));
		}
		before = m.word >> (BLOCK - 1);
		if (begins != 0)
			k->start = (uint32_t)(base + (unsigned)__builtin_ctzll(begins));
	}
	if (before != 0)
		k++->end = (uint32_t)n;
	t->n = (size_t)(k - t->v);
	t->ascii = high == 0;
}

/* Fills in hashes; the first word that is not ASCII, or how many words there are. */
static size_t
hash_words(struct tokens *t, const char *s, size_t n)
{
	struct token *const end = t->v + t->n;
	size_t mixed = t->n;

	for (struct token *k = end; k-- > t->v;) {
		uint64_t any;

		k->hash = lexicon_hash_any(
		    s + k->start, k->end - k->start, n - k->start, &any);
		k->mixed = (any & LEXICON_HIGH) != 0;
		k->apart = 0;
		if (k->mixed)
			mixed = (size_t)(k - t->v);
	}
	return mixed;
}

/* What was taken for words that are not ASCII, from the first one on: some are several,
 * and some none. */
static void
split(struct tokens *t, const char *s, size_t first)
{
	const struct token *k = t->v + t->cap, *end = k + (t->n - first);

	memcpy(t->v + t->cap, t->v + first, (t->n - first) * sizeof(*t->v));
	for (t->n = first; k < end; k++) {
		if (k->mixed)
			put_mixed(t, s, k->start, k->end);
		else
			t->v[t->n++] = *k;
	}
}

void
tokens_take(struct tokens *t, const struct letters *l, const char *s, size_t n)
{
	size_t mixed;

	make_room(t, n);
	t->text = s;
	t->len = n;
	t->letters = l;
	t->resolved = t->begun = false;
	t->nloose = 0;
	t->odd = false;
	find_words(t, s, n);
	mixed = hash_words(t, s, n);
	if (mixed < t->n)
		split(t, s, mixed);
}

const char *
tokens_word(struct tokens *t, size_t i, size_t *n)
{
	const struct token *k = &t->v[i];

	*n = k->end - k->start;
	if (!k->mixed)
		return t->text + k->start;
	t->folded.len = 0;
	letters_fold(t->letters, t->text + k->start, *n, &t->folded);
	*n = t->folded.len;
	return t->folded.data;
}

static void
find_begins(struct tokens *t, const struct lexicon *x, struct token *k, size_t i)
{
	const char *s;
	size_t n;

	if (t->begins_cap < t->nbegins + LEXICON_BEGIN_MAX) {
		t->begins_cap = t->begins_cap * 2 + LEXICON_BEGIN_MAX;
		t->begins = mem_grow(t->begins, t->begins_cap, sizeof(*t->begins));
	}
	s = tokens_word(t, i, &n);
	k->begins = (uint32_t)t->nbegins;
	k->nbegins = (uint16_t)lexicon_begins(
	    x, s, n, k->mixed ? n : t->len - k->start, t->begins + t->nbegins);
	t->nbegins += k->nbegins;
}

void
tokens_begin(struct tokens *t, const struct lexicon *x)
{
	bool any = lexicon_has_beginnings(x);

	if (t->begun)
		return;
	t->begun = true;
	t->nbegins = 0;
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].nbegins = 0;
		if (any)
			find_begins(t, x, &t->v[i], i);
	}
}

static uint32_t
find_number(struct tokens *t, const struct lexicon *x, size_t i)
{
	uint8_t marks;
	uint32_t id = lexicon_find(x, t->v[i].hash, &marks);
	const char *word;
	size_t n;

	if (id == 0)
		return 0;
	/* It came from a hash alone. */
	word = tokens_word(t, i, &n);
	return lexicon_is(x, id, word, n) ? id : 0;
}

void
tokens_resolve(struct tokens *t, const struct lexicon *x)
{
	if (t->resolved)
		return;
	t->resolved = true;
	tokens_begin(t, x);
	t->nknown = 0;
	if (t->known_cap < t->n + t->nbegins) {
		t->known_cap = t->cap + t->nbegins;
		t->known = mem_grow(t->known, t->known_cap, sizeof(*t->known));
	}
	for (size_t i = 0; i < t->n; i++) {
		struct token *k = &t->v[i];

		k->id = find_number(t, x, i);
		if (k->id != 0)
			t->known[t->nknown++] =
			    (struct token_known){k->id, (uint32_t)i};
		for (unsigned j = 0; j < k->nbegins; j++)
			t->known[t->nknown++] =
			    (struct token_known){t->begins[k->begins + j], (uint32_t)i};
	}
}

void
tokens_free(struct tokens *t)
{
	free(t->v);
	free(t->known);
	free(t->begins);
	free(t->loose);
	sb_free(&t->folded);
	*t = (struct tokens){0};
}

/* As \h of PCRE2. */
static bool
is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || c == 0x1680 || c == 0x180e ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
	       c == 0x3000;
}

static bool
is_apart(const struct tokens *t, size_t i)
{
	const char *s = t->text + t->v[i - 1].end, *end = t->text + t->v[i].start;
	size_t chars = 0, blanks = 0; /* the last of them */
	bool begun = false;

	if (s == end)
		return false;
	while (s < end) {
		uint32_t c = (uint8_t)*s;
		int len = c < 0x80 ? 1 : mem_utf8(s, (size_t)(end - s), &c);

		if (c < 0x80 && sentence_ends((char)c))
			return false;
		blanks = is_blank(c) ? blanks + 1 : 0;
		begun = begun || blanks == 0;
		chars += begun;
		s += len > 0 ? len : 1;
	}
	return !begun || chars - blanks <= SEP_MAX;
}

/* Looked at once: blanks may be many, and phrases ask for them again and again. */
bool
tokens_apart(const struct tokens *t, size_t i)
{
	if (t->v[i].apart == 0)
		t->v[i].apart = is_apart(t, i) ? 1 : 2;
	return t->v[i].apart == 1;
}

bool
tokens_joined(const struct tokens *t, size_t i, const char *s, size_t n)
{
	size_t from = t->v[i - 1].end;

	return t->v[i].start - from == n && memcmp(t->text + from, s, n) == 0;
}

bool
tokens_is(struct tokens *t, size_t i, const char *word, size_t n)
{
	size_t len;
	const char *s = tokens_word(t, i, &len);

	return len == n && lexicon_same(s, word, n);
}

size_t
tokens_chain(const struct tokens *t, size_t i)
{
	while (i + 1 < t->n && tokens_joined(t, i + 1, "'", 1))
		i++;
	return i;
}

size_t
tokens_before(const struct tokens *t, size_t at)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->v[mid].start < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
