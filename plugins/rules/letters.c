/* SPDX-License-Identifier: Apache-2.0 */
/* letters: see letters.h. */
#include "letters.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define CHARS 0x110000u
#define SAME_MAX 4096

struct same { /* cp counts as `as' */
	uint32_t cp, as;
};

struct letters {
	uint64_t *word; /* a bit a character */
	char *cased;	/* every character that has a case, in UTF-8 */
	size_t ncased;
	struct same *same; /* ascending by cp */
	size_t nsame;
};

static size_t
put_utf8(char *to, uint32_t c)
{
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static pcre2_code *
compile(const char *s, size_t n, uint32_t flags)
{
	PCRE2_SIZE at;
	int error;

	return pcre2_compile((PCRE2_SPTR)s, n, PCRE2_UTF | PCRE2_NO_UTF_CHECK | flags,
	    &error, &at, NULL);
}

/* Calls found() with each match of the pattern in s. */
static void
each_match(const char *pattern, size_t len, uint32_t flags, const char *s, size_t n,
    void (*found)(struct letters *l, const char *s, size_t n), struct letters *l)
{
	pcre2_code *code = compile(pattern, len, flags);
	pcre2_match_data *md = pcre2_match_data_create(1, NULL);
	size_t at = 0;

	if (code == NULL || md == NULL)
		abort();
	while (at < n && pcre2_match(code, (PCRE2_SPTR)s, n, at, PCRE2_NO_UTF_CHECK, md,
			     NULL) > 0) {
		const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(md);

		found(l, s + ov[0], ov[1] - ov[0]);
		at = ov[1];
	}
	pcre2_match_data_free(md);
	pcre2_code_free(code);
}

static void
mark_words(struct letters *l, const char *s, size_t n)
{
	uint32_t c;
	int len;

	for (size_t i = 0; (len = mem_utf8(s + i, n - i, &c)) > 0; i += (size_t)len)
		l->word[c >> 6] |= (uint64_t)1 << (c & 63);
}

static void
keep_cased(struct letters *l, const char *s, size_t n)
{
	l->cased = mem_grow(l->cased, l->ncased + n, 1);
	memcpy(l->cased + l->ncased, s, n);
	l->ncased += n;
}

struct letters *
letters_new(void)
{
	static const char words[] = "[\\pL\\pN]+", cased[] = "[\\p{Lu}\\p{Ll}\\p{Lt}]+";
	struct letters *l = mem_new(1, sizeof(*l));
	char *all = mem_new((size_t)CHARS * 4, 1);
	size_t n = 0;

	l->word = mem_new(CHARS / 64, sizeof(*l->word));
	for (uint32_t c = '0'; c <= 'z'; c++)
		if (c <= '9' || (c >= 'A' && c <= 'Z') || c >= 'a')
			l->word[c >> 6] |= (uint64_t)1 << (c & 63);
	for (uint32_t c = 0x80; c < CHARS; c++)
		if (c < 0xd800 || c > 0xdfff)
			n += put_utf8(all + n, c);
	each_match(words, sizeof(words) - 1, 0, all, n, mark_words, l);
	each_match(cased, sizeof(cased) - 1, 0, all, n, keep_cased, l);
	free(all);
	/* The two letters outside of ASCII that are ASCII letters but for case. */
	letters_learn(l, "\u017f", 2);
	letters_learn(l, "\u212a", 3);
	return l;
}

void
letters_free(struct letters **lp)
{
	struct letters *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	free(l->word);
	free(l->cased);
	free(l->same);
	free(l);
}

bool
letters_word(const struct letters *l, uint32_t cp)
{
	return cp < CHARS && (l->word[cp >> 6] >> (cp & 63) & 1);
}

/* The place of cp in same, or where it belongs. */
static size_t
find_same(const struct letters *l, uint32_t cp)
{
	size_t lo = 0, hi = l->nsame;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->same[mid].cp < cp)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
add_same(struct letters *l, uint32_t cp, uint32_t as)
{
	size_t at = find_same(l, cp);

	if ((at < l->nsame && l->same[at].cp == cp) || l->nsame >= SAME_MAX)
		return;
	l->same = mem_grow(l->same, l->nsame + 1, sizeof(*l->same));
	memmove(l->same + at + 1, l->same + at, (l->nsame - at) * sizeof(*l->same));
	l->same[at] = (struct same){cp, as};
	l->nsame++;
}

/* Characters found to be the same as the one just asked for: all count as the least. */
struct class
{
	uint32_t v[8];
	size_t n;
};

static void
learn_one(struct letters *l, const char *s, size_t len)
{
	static const char ascii[] = "abcdefghijklmnopqrstuvwxyz";
	pcre2_code *code = compile(s, len, PCRE2_CASELESS);
	pcre2_match_data *md = pcre2_match_data_create(1, NULL);
	const char *in[2] = {ascii, l->cased};
	size_t size[2] = {sizeof(ascii) - 1, l->ncased};
	struct class c = {.n = 0};

	if (code == NULL || md == NULL)
		abort();
	for (int k = 0; k < 2; k++) {
		const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(md);

		for (size_t at = 0;
		     at < size[k] && pcre2_match(code, (PCRE2_SPTR)in[k], size[k], at,
					 PCRE2_NO_UTF_CHECK, md, NULL) > 0;
		     at = ov[1])
			if (c.n < 8 &&
			    mem_utf8(in[k] + ov[0], size[k] - ov[0], &c.v[c.n]) > 0)
				c.n++;
	}
	for (size_t i = 0; i < c.n; i++)
		if (c.v[i] >= 0x80)
			add_same(l, c.v[i], c.v[0]);
	pcre2_match_data_free(md);
	pcre2_code_free(code);
}

void
letters_learn(struct letters *l, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		int len = mem_utf8(s + i, n - i, &cp);
		size_t at;

		if (len == 0)
			return;
		at = find_same(l, cp);
		if (len > 1 && letters_word(l, cp) &&
		    (at == l->nsame || l->same[at].cp != cp)) {
			learn_one(l, s + i, (size_t)len);
			add_same(l, cp, cp); /* without a case: itself */
		}
		i += (size_t)len;
	}
}

void
letters_fold(const struct letters *l, const char *s, size_t n, struct sb *out)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp = (uint8_t)s[i];
		int len = cp < 0x80 ? 1 : mem_utf8(s + i, n - i, &cp);
		size_t at;
		char c[4];

		if (len <= 1) { /* ASCII; broken UTF-8 cannot be */
			c[0] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 32) : s[i];
			sb_put(out, c, 1);
			i++;
			continue;
		}
		at = find_same(l, cp);
		if (at == l->nsame || l->same[at].cp != cp) {
			sb_put(out, s + i, (size_t)len);
		} else if (l->same[at].as < 0x80) {
			c[0] = (char)l->same[at].as;
			sb_put(out, c, 1);
		} else {
			sb_put(out, c, put_utf8(c, l->same[at].as));
		}
		i += (size_t)len;
	}
}
