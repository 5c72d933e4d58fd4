/* SPDX-License-Identifier: Apache-2.0 */
/* test_letters: what plugins/rules/letters.c asks PCRE2 for when it is needed is what
 * PCRE2 says of every character when it is asked for each. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rules/letters.h"
#include "suite.h"

#define CHARS 0x110000u

static pcre2_code *
compile(const char *s, size_t n, uint32_t flags)
{
	PCRE2_SIZE at;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)s, n,
	    PCRE2_UTF | PCRE2_NO_UTF_CHECK | flags, &error, &at, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(code);
	return code;
}

static size_t
encode(uint32_t c, char *to)
{
	static const uint32_t mark[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; n > 1 && i-- > 1; c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(mark[n < 2 ? 0 : n] | c);
	return n;
}

static bool
matches(const pcre2_code *code, pcre2_match_data *md, const char *s, size_t n)
{
	return pcre2_match(code, (PCRE2_SPTR)s, n, 0,
		   PCRE2_NO_UTF_CHECK | PCRE2_ANCHORED, md, NULL) > 0;
}

static void
test_words(void)
{
	static const char word[] = "[\\pL\\pN]", cased[] = "[\\p{Lu}\\p{Ll}\\p{Lt}]";
	pcre2_code *w = compile(word, sizeof(word) - 1, 0),
		   *k = compile(cased, sizeof(cased) - 1, 0);
	pcre2_match_data *md = pcre2_match_data_create(1, NULL);
	struct letters *l = letters_new();
	uint32_t unlike = 0, words = 0, last = 0;
	char s[4];

	pcre2_jit_compile(w, PCRE2_JIT_COMPLETE);
	pcre2_jit_compile(k, PCRE2_JIT_COMPLETE);
	/* From the end on, so that no block is asked for in order. */
	for (uint32_t c = CHARS; c-- > 0;) {
		size_t n = c < 0xd800 || c > 0xdfff ? encode(c, s) : 0;
		bool is = n > 0 && matches(w, md, s, n);

		words += is;
		unlike += n > 0 && is != letters_word(l, c);
		if (n > 0 && last == 0 && matches(k, md, s, n))
			last = c;
	}
	CU_ASSERT_EQUAL(unlike, 0);
	CU_ASSERT(words > 100000);
	CU_ASSERT_FALSE(letters_word(l, CHARS));
	/* letters.c looks for letters with a case below U+20000 alone. */
	CU_ASSERT(last > 0x1e000 && last < 0x20000);
	letters_free(&l);
	pcre2_match_data_free(md);
	pcre2_code_free(w);
	pcre2_code_free(k);
}

static void
folded(const struct letters *l, const char *text, const char *as)
{
	struct sb b = {0};

	letters_fold(l, text, strlen(text), &b);
	SAME(b.data, as);
	sb_free(&b);
}

static void
test_case(void)
{
	struct letters *l = letters_new();

	/* Those that are ASCII but for case, from the start. */
	folded(l, "\u017fA\u212a", "sak");
	/* others only once a pattern has them */
	folded(l, "\u00c4\u00e4", "\u00c4\u00e4");
	letters_learn(l, "\u00e4\u03c3", 4);
	folded(l, "\u00c4\u00e4", "\u00c4\u00c4");
	folded(l, "\u03a3\u03c3\u03c2", "\u03a3\u03a3\u03a3");
	letters_free(&l);
}

static const struct suite_test tests[] = {
    {"every character is what PCRE2 says", test_words},
    {"the same but for case", test_case},
};

SUITE_MAIN("letters", tests)
