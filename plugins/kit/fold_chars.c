/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold_chars: characters that are not ASCII become what they look like, references and
 * hyphens at line ends what they mean; see fold.h.  Rows of ASCII are copied sixteen
 * bytes at a time.
 */
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "fold_in.h"
#include "glyph.h"

#define REGIONAL 0x1f1e6 /* A of the letters that make flags */
#define STEP 16
_Static_assert(STEP <= FOLD_SLACK, "room for what is copied too much");

/* What is known of the text while its characters are looked at.  A word here is a row
 * of ASCII letters and characters that are not ASCII. */
struct pass {
	struct fold *f;
	const char *s;
	size_t n;
	size_t behind; /* the last character that was not ASCII */
	size_t since;  /* from here on each letter of ASCII was put as it is */
	size_t first;  /* of those, the first one in this word; n: none yet */
	size_t tall;   /* up to here too many letters follow for a word upside down */
	bool looked;   /* `alike' is about this word */
	bool alike;    /* letters that look Latin are meant to be */
	bool latin;    /* the text is Latin for the most part */
	bool turned;   /* it stands upside down */
};

/* The character at s, which is valid UTF-8 as the host promises; where it is not, one
 * byte that stands for nothing. */
static inline int
next_char(const char *s, size_t n, uint32_t *cp)
{
	const uint8_t *p = (const uint8_t *)s;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] < 0xe0 && n >= 2) {
		*cp = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		return 2;
	}
	if (p[0] >= 0xe0 && p[0] < 0xf0 && n >= 3) {
		*cp = (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		return 3;
	}
	if (p[0] >= 0xf0 && p[0] < 0xf5 && n >= 4) {
		*cp = (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
		      (p[3] & 0x3fu);
		return 4;
	}
	*cp = 0xfffd;
	return 1;
}

/* Has the row of look-alikes and others at i Latin letters, or is it of look-alikes
 * alone? */
static bool
seems_latin(const struct pass *p, size_t i)
{
	bool only = true;

	for (size_t k = i; k < p->n;) {
		uint32_t cp;
		int len = next_char(p->s + k, p->n - k, &cp);
		unsigned v;

		k += (size_t)len;
		if (len == 1) {
			if (cp < 0x80 && !fold_is_letter((char)cp))
				break;
			return true;
		}
		v = glyph_value(cp);
		if (v & GLYPH_IS_ALIKE || v == GLYPH_IS_NONE)
			continue;
		only = false;
		if (v != 0 && fold_is_letter(
				  (char)(v < GLYPH_IS_NONE ? v : glyph_pool[v - 0x80])))
			return true;
	}
	return only;
}

/* Are the look-alikes of the word, looked at from i on, Latin?  Yes if it has Latin
 * letters too, or if in a Latin text it is made of look-alikes alone.  In a text of
 * another script only Latin letters in the word tell. */
static void
look_at_word(struct pass *p, size_t i)
{
	size_t k = i;

	p->looked = true;
	p->alike = i > 0 && fold_is_letter(p->s[i - 1]);
	if (p->alike)
		return;
	if (p->latin) {
		p->alike = seems_latin(p, i);
		return;
	}
	while (k < p->n && (uint8_t)p->s[k] >= 0x80)
		k++;
	p->alike = k < p->n && fold_is_letter(p->s[k]);
}

/* The word that the character at i belongs to: is it a new one? */
static inline void
go_on(struct pass *p, size_t i)
{
	while (p->behind < i && fold_is_letter(p->s[p->behind]))
		p->behind++;
	if (p->behind < i) {
		p->first = p->n;
		p->looked = false;
	}
}

static inline void
put(struct fold *f, const char *s, size_t n, size_t origin, bool each)
{
	for (size_t k = 0; k < n; k++) {
		f->own[f->len] = s[k];
		f->space[f->len++] = (uint32_t)(origin + (each ? k : 0));
	}
}

/* What the glyph v stands for. */
static inline void
put_glyph(struct fold *f, unsigned v, size_t origin)
{
	char c = (char)(v & 0x7f);

	if (v & GLYPH_IS_ALIKE || v < GLYPH_IS_NONE) {
		put(f, &c, 1, origin, false);
		return;
	}
	for (const uint8_t *as = &glyph_pool[v - 0x80]; *as != '\0'; as++) {
		c = (char)*as;
		put(f, &c, 1, origin, false);
	}
}

/* Letters of flags that spell a word: three or more that are no row of countries, or
 * single ones.  The number of bytes that were taken. */
static size_t
take_regional(struct pass *p, size_t i)
{
	size_t k = i, count = 0;
	bool flags = true;
	int last = 0;

	for (uint32_t cp; k < p->n && next_char(p->s + k, p->n - k, &cp) == 4; k += 4) {
		int letter = (int)cp - REGIONAL;

		if (letter < 0 || letter > 25)
			break;
		if (++count % 2 == 0)
			flags = flags && glyph_is_country(last, letter);
		last = letter;
	}
	if (flags && count % 2 == 0) {
		put(p->f, p->s + i, k - i, i, true);
		return k - i;
	}
	for (size_t at = i; at < k; at += 4) {
		char c = (char)('a' + (uint8_t)p->s[at + 3] - 0xa6);

		put(p->f, &c, 1, at, false);
	}
	return k - i;
}

/* "&#107;" or "&#x6b;": the bytes it takes and its character; 0: no such reference. */
static size_t
entity_at(const char *s, size_t n, uint32_t *cp)
{
	bool hex = n > 3 && (s[2] == 'x' || s[2] == 'X');
	size_t i = hex ? 3 : 2, digits = i;
	uint32_t c = 0;

	if (n < 4 || s[0] != '&' || s[1] != '#')
		return 0;
	for (; i < n && i < digits + 7; i++) {
		uint8_t d = (uint8_t)s[i], low = d | 32;

		if (d >= '0' && d <= '9')
			c = c * (hex ? 16 : 10) + (d - '0');
		else if (hex && low >= 'a' && low <= 'f')
			c = c * 16 + (low - 'a' + 10u);
		else
			break;
	}
	if (i == digits || c < 0x20 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*cp = c;
	return i < n && s[i] == ';' ? i + 1 : i;
}

static int
encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Signs of ASCII that hide something: references of HTML, and a hyphen at the end of a
 * line within a word.  The bytes that were taken; 0: none. */
static size_t
take_hidden(struct pass *p, size_t i)
{
	const char *s = p->s + i;
	size_t n = p->n - i, len;
	char bytes[4];
	uint32_t cp;
	unsigned v;

	if (s[0] == '-' && n > 2 && s[1] == '\n' && i > 0 && fold_is_letter(s[-1]) &&
	    fold_is_letter(s[2])) {
		p->f->reworked = true;
		return 2;
	}
	len = entity_at(s, n, &cp);
	if (len == 0)
		return 0;
	p->f->reworked = true;
	v = cp < 0x80 ? 0 : glyph_value(cp);
	if (v == 0)
		put(p->f, bytes, (size_t)encode(cp, bytes), i, false);
	else if (v != GLYPH_IS_NONE)
		put_glyph(p->f, v, i);
	return len;
}

/* Letters of a word that may be upside down: longer ones are none. */
#define TURNED_MAX 64
/* Letters on either side of a filler that are looked at. */
#define WITHIN_MAX 16

/* Whether the character may be in a word that is upside down. */
static inline bool
may_stand_turned(uint32_t cp)
{
	return glyph_is_turned(cp) || (cp < 0x80 && fold_is_letter((char)cp));
}

/* The last place of a row, begun at `start', that has more than TURNED_MAX letters from
 * there on; there is one.  Each row is looked at once, however long it is. */
static size_t
find_tall(const struct pass *p, size_t start)
{
	size_t last[TURNED_MAX + 1], n = 0;
	uint32_t cp;

	for (size_t k = start; k < p->n; n++) {
		size_t len = (size_t)next_char(p->s + k, p->n - k, &cp);

		if (!may_stand_turned(cp))
			break;
		last[n % (TURNED_MAX + 1)] = k;
		k += len;
	}
	return last[n % (TURNED_MAX + 1)];
}

/* A word with upside-down letters in it is read from its end.  Its length, or 0. */
static size_t
take_turned(struct pass *p, size_t i)
{
	size_t start = i, end = i, letters = 0, turned = 0;
	char c;
	uint32_t cp;

	/* They are taken back; those of a reference were never put. */
	while (start > p->since && fold_is_letter(p->s[start - 1]) &&
	       i - start <= TURNED_MAX)
		start--;
	if (start < p->tall)
		return 0;
	for (size_t k = start; k < p->n; k = end) {
		end = k + (size_t)next_char(p->s + k, p->n - k, &cp);
		if (!may_stand_turned(cp)) {
			end = k;
			break;
		}
		if (++letters > TURNED_MAX) {
			p->tall = find_tall(p, start) + 1;
			return 0;
		}
		turned += glyph_is_turned(cp);
	}
	if (letters < 2 || turned * 6 < letters)
		return 0;
	p->f->len -= i - start;
	p->f->turned = true;
	p->f->reworked = true;
	for (size_t k = end, last = end; k > start; last = k) {
		do
			k--;
		while (k > start && ((uint8_t)p->s[k] & 0xc0) == 0x80);
		next_char(p->s + k, last - k, &cp);
		c = glyph_turned(cp);
		put(p->f, c != 0 ? &c : p->s + k, 1, k, false);
	}
	return end - i;
}

/* A sign that is drawn as a blank or a box, if at all: U+2800, U+FFFC, private ones. */
static inline bool
is_filler(uint32_t cp)
{
	return cp == 0x2800 || cp == 0xfffc || (cp >= 0xe000 && cp <= 0xf8ff);
}

/* Whether the letters before i and those behind `next' are the two halves of a word.
 * Where nobody says which words there are, the caller finds the words himself. */
static bool
is_within(const struct pass *p, size_t next)
{
	const struct fold *f = p->f;
	char word[2 * WITHIN_MAX];
	size_t a = f->len, n = 0;

	if (a == 0 || !fold_is_letter(f->own[a - 1]) || next >= p->n ||
	    !fold_is_letter(p->s[next]))
		return false;
	if (f->known == NULL)
		return true;
	while (a > 0 && fold_is_letter(f->own[a - 1]) && f->len - a < WITHIN_MAX)
		a--;
	for (; a < f->len; a++)
		word[n++] = (char)(f->own[a] | 32);
	for (; next < p->n && fold_is_letter(p->s[next]) && n < sizeof(word); next++)
		word[n++] = (char)(p->s[next] | 32);
	return f->known(f->known_ctx, word, n);
}

/* Where the upside-down letters are, roughly. */
static inline bool
may_be_turned(uint32_t cp)
{
	return (cp >= 0x183 && cp <= 0x29e) || (cp >= 0x2132 && cp <= 0x2144) ||
	       cp == 0x1d09 || cp == 0x1d1a;
}

/* One character that is not ASCII. */
static inline size_t
take_char(struct pass *p, size_t i)
{
	uint32_t cp;
	size_t len = (size_t)next_char(p->s + i, p->n - i, &cp), taken;
	unsigned v;

	if (cp >= REGIONAL && cp < REGIONAL + 26)
		return take_regional(p, i);
	if (may_be_turned(cp) && glyph_is_turned(cp) && (taken = take_turned(p, i)) > 0)
		return taken;
	if (p->first == p->n)
		p->first = i;
	if (is_filler(cp) && is_within(p, i + len))
		return len;
	v = glyph_value(cp);
	if (v & GLYPH_IS_ALIKE && !p->looked)
		look_at_word(p, p->first);
	if (v == 0 || (v & GLYPH_IS_ALIKE && !p->alike))
		put(p->f, p->s + i, len, i, true);
	else if (v != GLYPH_IS_NONE)
		put_glyph(p->f, v, i);
	return len;
}

/* Copies what stands at i up to a byte that has to be looked at, or nearly to the end;
 * its place. */
static inline size_t
copy_plain(struct pass *p, size_t i)
{
#ifdef __SSE2__
	struct fold *f = p->f;
	const __m128i four = _mm_set1_epi32(4);

	for (; i + STEP <= p->n; i += STEP) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p->s + i));
		__m128i sign = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('&')),
		    _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
		unsigned stop = (unsigned)_mm_movemask_epi8(_mm_or_si128(v, sign));
		__m128i at =
		    _mm_add_epi32(_mm_set1_epi32((int)i), _mm_setr_epi32(0, 1, 2, 3));

		_mm_storeu_si128((__m128i *)(void *)(f->own + f->len), v);
		for (int k = 0; k < STEP; k += 4) {
			_mm_storeu_si128(
			    (__m128i *)(void *)(f->space + f->len + k), at);
			at = _mm_add_epi32(at, four);
		}
		if (stop != 0) {
			unsigned k = (unsigned)__builtin_ctz(stop);

			f->len += k;
			return i + k;
		}
		f->len += STEP;
	}
#endif
	return i;
}

static void
take_chars(struct pass *p)
{
	p->f->len = 0;
	p->first = p->n;
	for (size_t i = 0; i < p->n;) {
		size_t taken = 0;

		if ((uint8_t)p->s[i] >= 0x80) {
			go_on(p, i);
			i += take_char(p, i);
			p->behind = i;
			continue;
		}
		if (p->s[i] == '&' || p->s[i] == '-')
			taken = take_hidden(p, i);
		else if (i + STEP <= p->n) {
			i = copy_plain(p, i);
			continue;
		}
		if (taken > 0)
			p->since = i + taken;
		else
			put(p->f, p->s + i, taken = 1, i, false);
		i += taken;
	}
}

/* The same of a text that stands upside down: it is read from its end. */
static void
take_upside_down(struct pass *p)
{
	struct fold *f = p->f;
	size_t i = p->n;

	f->len = 0;
	f->turned = true;
	f->backwards = true;
	f->reworked = true;
	while (i > 0) {
		uint32_t cp;
		size_t end = i;
		unsigned v;
		char c;

		do
			i--;
		while (i > 0 && ((uint8_t)p->s[i] & 0xc0) == 0x80);
		next_char(p->s + i, end - i, &cp);
		c = glyph_turned(cp);
		v = cp < 0x80 ? 0 : glyph_value(cp);
		if (c != 0)
			put(f, &c, 1, i, false);
		else if (v == 0)
			put(f, p->s + i, end - i, i, true);
		else if (v != GLYPH_IS_NONE)
			put_glyph(f, v, i);
	}
}

/* Counts of letters. */
struct letters {
	size_t latin, other, turned;
};

/* Those at s + i, whose first bytes are set in m. */
static void
count_turned(const struct pass *p, size_t i, unsigned m, struct letters *c)
{
	for (; m != 0; m &= m - 1) {
		size_t at = i + (size_t)__builtin_ctz(m);
		uint32_t cp;

		next_char(p->s + at, p->n - at, &cp);
		c->turned += may_be_turned(cp) && glyph_is_turned(cp);
	}
}

#ifdef __SSE2__
static inline unsigned
count_bits(__m128i v)
{
	__m128i sum =
	    _mm_sad_epu8(_mm_and_si128(v, _mm_set1_epi8(1)), _mm_setzero_si128());

	return (unsigned)(_mm_cvtsi128_si32(sum) + _mm_extract_epi16(sum, 4));
}

/* Bytes from `low' on, so many. */
static inline __m128i
among(__m128i v, int low, int count)
{
	__m128i d = _mm_sub_epi8(v, _mm_set1_epi8((char)low));

	return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(count - 1))), d);
}

/* Sixteen bytes; behind the text stands 0. */
static inline void
count_block(const struct pass *p, const char *s, size_t i, struct letters *c)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
	__m128i letter = among(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26);

	c->latin += count_bits(letter);
	if (_mm_movemask_epi8(v) == 0)
		return;
	c->other += count_bits(among(v, 0xcd, 0xe2 - 0xcd));
	/* Where turned letters are: U+0180 on, U+1Dxx and U+21xx. */
	count_turned(p, i,
	    (unsigned)_mm_movemask_epi8(
		_mm_or_si128(among(v, 0xc6, 5), among(v, 0xe1, 2))),
	    c);
}
#else
static void
count_block(const struct pass *p, const char *s, size_t i, struct letters *c)
{
	for (size_t k = 0; k < STEP; k++) {
		uint8_t b = (uint8_t)s[k];

		c->latin += fold_is_letter((char)b);
		c->other += b >= 0xcd && b < 0xe2;
		if ((b >= 0xc6 && b <= 0xca) || b == 0xe1 || b == 0xe2)
			count_turned(p, i + k, 1, c);
	}
}
#endif

/* Does it stand on its head?  Then most of its letters are other characters. */
static bool
upside_down(const struct pass *p, const struct letters *c)
{
	size_t upright = 0;

	if (c->turned < 3 || c->turned * 4 < c->latin + c->turned)
		return false;
	for (size_t i = 0; i < p->n; i++)
		upright +=
		    fold_is_letter(p->s[i]) && glyph_turned((uint8_t)p->s[i]) == 0;
	return upright * 10 < c->latin;
}

/* Counts letters to see what kind of text it is. */
static void
look_at_text(struct pass *p)
{
	struct letters c = {0, 0, 0};
	char last[STEP] = {0};
	size_t i = 0;

	for (; i + STEP <= p->n; i += STEP)
		count_block(p, p->s + i, i, &c);
	if (i < p->n) {
		memcpy(last, p->s + i, p->n - i);
		count_block(p, last, i, &c);
	}
	p->latin = c.latin > 2 * c.other;
	p->turned = upside_down(p, &c);
}

void
fold_chars(struct fold *f, const char *s, size_t n)
{
	struct pass p = {.f = f, .s = s, .n = n};

	look_at_text(&p);
	if (p.turned)
		take_upside_down(&p);
	else
		take_chars(&p);
}
