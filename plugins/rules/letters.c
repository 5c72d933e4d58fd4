/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letters: see letters.h.  To ask PCRE2 for all of Unicode costs more than all else at
 * the start of a worker, so it is asked for blocks of characters once one of them is
 * met, and for those with a case once a pattern has one that is not ASCII.
 */
#include "letters.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define CHARS 0x110000u
#define BLOCK 512u /* characters that PCRE2 is asked for at once: few are ever met */
#define CASED 0x20000u /* behind it are ideographs, which have no case */
#define SAME_MAX 4096

struct same { /* cp counts as `as' */
	uint32_t cp, as;
};

struct letters {
	uint64_t *word;	 /* a bit a character, good where its block was asked for */
	uint64_t *asked; /* a bit a block */
	pcre2_code *words;
	pcre2_match_data *md;
	char *cased; /* every character that has a case, in UTF-8; NULL: not yet */
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

/* The characters from first on, but for what no UTF-8 has. */
static size_t
put_chars(char *to, uint32_t first, uint32_t end)
{
	size_t n = 0;

	for (uint32_t c = first; c < end; c++)
		if (c < 0xd800 || c > 0xdfff)
			n += put_utf8(to + n, c);
	return n;
}

/* The next match at *at or later: its bytes, or 0; *at is then behind it. */
static size_t
next_match(const pcre2_code *code, pcre2_match_data *md, const char *s, size_t n,
    size_t *at, const char **found)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(md);

	if (*at >= n ||
	    pcre2_match(code, (PCRE2_SPTR)s, n, *at, PCRE2_NO_UTF_CHECK, md, NULL) <= 0)
		return 0;
	*found = s + ov[0];
	*at = ov[1];
	return ov[1] - ov[0];
}

/* l is as good as const: what it learns here was true before. */
static void
ask_block(const struct letters *l, uint32_t block)
{
	char all[BLOCK * 4];
	uint32_t first = block * BLOCK, c;
	size_t at = 0, len,
	       n = put_chars(all, first < 0x80 ? 0x80 : first, first + BLOCK);
	const char *s;

	while ((len = next_match(l->words, l->md, all, n, &at, &s)) > 0)
		for (int k; (k = mem_utf8(s, len, &c)) > 0; s += k, len -= (size_t)k)
			l->word[c >> 6] |= (uint64_t)1 << (c & 63);
	l->asked[block >> 6] |= (uint64_t)1 << (block & 63);
}

static void
find_cased(struct letters *l)
{
	static const char cased[] = "[\\p{Lu}\\p{Ll}\\p{Lt}]+";
	pcre2_code *code = compile(cased, sizeof(cased) - 1, 0);
	char *all = mem_new((size_t)CASED * 4, 1);
	size_t n = put_chars(all, 0x80, CASED), at = 0, len;
	const char *s;

	if (code == NULL)
		abort();
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	l->cased = mem_new(1, 1);
	while ((len = next_match(code, l->md, all, n, &at, &s)) > 0) {
		l->cased = mem_grow(l->cased, l->ncased + len, 1);
		memcpy(l->cased + l->ncased, s, len);
		l->ncased += len;
	}
	pcre2_code_free(code);
	free(all);
}

struct letters *
letters_new(void)
{
	static const char words[] = "[\\pL\\pN]+";
	struct letters *l = mem_new(1, sizeof(*l));

	l->word = mem_new(CHARS / 64, sizeof(*l->word));
	l->asked = mem_new(CHARS / BLOCK / 64 + 1, sizeof(*l->asked));
	l->words = compile(words, sizeof(words) - 1, 0);
	l->md = pcre2_match_data_create(1, NULL);
	if (l->words == NULL || l->md == NULL)
		abort();
	for (uint32_t c = '0'; c <= 'z'; c++)
		if (c <= '9' || (c >= 'A' && c <= 'Z') || c >= 'a')
			l->word[c >> 6] |= (uint64_t)1 << (c & 63);
	/* The two letters outside of ASCII that are ASCII letters but for case. */
	add_same(l, 0x17f, 's');
	add_same(l, 0x212a, 'k');
	return l;
}

void
letters_free(struct letters **lp)
{
	struct letters *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	pcre2_match_data_free(l->md);
	pcre2_code_free(l->words);
	free(l->word);
	free(l->asked);
	free(l->cased);
	free(l->same);
	free(l);
}

bool
letters_word(const struct letters *l, uint32_t cp)
{
	uint32_t block = cp / BLOCK;

	if (cp >= CHARS)
		return false;
	if (cp >= 0x80 && !(l->asked[block >> 6] >> (block & 63) & 1))
		ask_block(l, block);
	return l->word[cp >> 6] >> (cp & 63) & 1;
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
	const char *in[2], *found;
	size_t size[2];
	struct class c = {.n = 0};

	if (code == NULL)
		abort();
	if (l->cased == NULL)
		find_cased(l);
	in[0] = ascii, size[0] = sizeof(ascii) - 1;
	in[1] = l->cased, size[1] = l->ncased;
	for (int k = 0; k < 2; k++)
		for (size_t at = 0, n;
		     (n = next_match(code, l->md, in[k], size[k], &at, &found)) > 0;)
			if (c.n < 8 && mem_utf8(found, n, &c.v[c.n]) > 0)
				c.n++;
	for (size_t i = 0; i < c.n; i++)
		if (c.v[i] >= 0x80)
			add_same(l, c.v[i], c.v[0]);
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
