/* SPDX-License-Identifier: Apache-2.0 */
/* test_forms: texts without their disguises (plugins/kit): glyph, fold, mend, words. */
#include <time.h>

#include "kit/fold_in.h"
#include "kit/glyph.h"
#include "kit/mem.h"
#include "kit/mend.h"
#include "kit/plain.h"
#include "kit/words.h"
#include "suite.h"

/* Words that are known; those before the bar matter (have a tag). */
static const char tagged[] =
    "kill killed murder shoot stab punch hang rape beat die dead them "
    "you all women will should hope everyone knife gun";
static const char others[] = "i we the a an is be to and of in on it this that they "
			     "deserve not do can my your for "
			     "world peace house skill hill pill skull our have am are "
			     "going want now tonight please "
			     "somebody said he she was at with from letter good ill";

static struct vocab *
make_vocab(void)
{
	struct vocab *v = vocab_new();
	const char *lists[] = {tagged, others};

	for (int k = 0; k < 2; k++)
		for (const char *s = lists[k]; *s != '\0';) {
			size_t n = strcspn(s, " ");

			vocab_add_word(v, s, n, k == 0 ? 7 : 0, 5);
			s += n + (s[n] == ' ');
		}
	vocab_add_word(v, "did", 3, 7, 12); /* everywhere */
	words_teach(v);
	return v;
}

static struct vocab *vocab;
static struct words words;

/* The words of s with a blank between. */
static const char *
taken(const char *s)
{
	words_take(&words, vocab, s, strlen(s));
	words.text[words.len > 0 ? words.len - 1 : 0] = '\0';
	return words.n > 0 ? words.text + 1 : "";
}

static const struct {
	const char *text, *words;
} cases[] = {
    {"I will kill you.", "i will kill you"},
    /* invisible characters */
    {"I w\u200bi\u2060ll k\u00adi\ufeffll you", "i will kill you"},
    {"kill\u202e you", "kill you"},
    {"ki\ufe0fll you", "kill you"},
    /* letters that look alike */
    {"I will k\u0456ll you", "i will kill you"},
    {"we should kіll thеm аll", "we should kill them all"},
    {"we should κιll you all", "we should kill you all"},
    /* compatibility forms, marks */
    {"ｋｉｌｌ　ｙｏｕ", "kill you"},
    {"𝐤𝐢𝐥𝐥 𝓎ℴ𝓊 𝕒𝕝𝕝", "kill you all"},
    {"ⓚⓘⓛⓛ 🅨🅞🅤 🄰🄻🄻", "kill you all"},
    {"ᴋɪʟʟ ʏᴏᴜ", "kill you"},
    {"ᵏⁱˡˡ ʸᵒᵘ", "kill you"},
    {"k\u0336i\u0337l\u0338l\u0301\u0302\u0303 yóü äll", "kill you all"},
    {"🇰 🇮 🇱 🇱 you", "kill you"},
    {"🇰\u200b🇮\u200b🇱\u200b🇱 you", "kill you"},
    /* upside down, backwards */
    {"noʎ llᴉʞ llᴉʍ ᴉ", "i will kill you"},
    {"I will llᴉʞ noʎ", "i will kill you"},
    {"uoy llik lliw i", "i will kill you"},
    {"I will llik you", "i will kill you"},
    {"I will kill uoy", "i will kill you"},
    /* leet */
    {"1 w1ll k1ll y0u", "0 will kill you"},
    {"we $h0uld |<ill th3m @ll", "we should kill them all"},
    {"sh00t 7hem", "shoot them"},
    {"834+ them", "beat them"},
    {"kill e\\/eryone", "kill everyone"},
    /* starred out */
    {"I w*ll k#ll y_u", "i will kill you"},
    {"k*ll th*m *ll", "kill them all"},
    {"d\u25aa_ now", "die now"},
    {"did they d##d", "did they dead"},
    /* apart */
    {"k i l l them all", "kill them all"},
    {"I w i l l k i l l y o u now", "i will kill you now"},
    {"k.i.l.l t-h-e-m", "kill them"},
    {"k_i_l_l them", "kill them"},
    {"m u r d e r t h e m", "murder them"},
    {"mur-der them", "murder them"},
    {"kill_them_all", "kill them all"},
    {"ki-\nll them", "kill them"},
    {"k\ni\nl\nl\nthem", "kill them"},
    /* cut in two */
    {"ki-ll k-ill ki.ll ki*ll ki/ll ki|ll ki~ll them",
	"kill kill kill kill kill kill kill them"},
    {"ki'll them, we'll see", "kill them we will see"},
    {"ki ll them", "kill them"},
    {"we will k ill them.", "we will kill them"},
    {"sho ot them", "shoot them"},
    {"he is ill at plan K ill", "he is ill at plan k ill"},
    {"(k)ill k**il**l ki_ll_ ki[ll](https://x.example/) them",
	"kill kill kill kill them"},
    {"k[b]il[/b]l k<b>il</b>l them", "kill kill them"},
    {"(m)urder th(e)m", "murder them"},
    {"k\u2800il\ue000l th\ufffce\u3164m", "kill them"},
    {"th em, shoo t them, a good skul l", "them shoot them a good skull"},
    {"and/or his/her self-defence", "and or his her self defence"},
    /* capitals */
    {"#KillThem DieNow", "kill them die now"},
    {"#killthem", "kill them"},
    {"#IllKillThem", "i will kill them"},
    {"#ImGonnaKillThem", "i am going to kill them"},
    {"i'llkillthem", "i will kill them"},
    {"killthemthey'llkillthem", "kill them they will kill them"},
    {"kiII them, rnurder them, vvill", "kill them murder them will"},
    {"rnvrder them, rnurd3r y0v", "murder them murder you"},
    /* signs that hide */
    {"k\u3164ill k\u2061ill k\ufffcill k\ue000ill k\u2800ill k\u25aall them",
	"kill kill kill kill kill kill them"},
    /* repeated, mistyped */
    {"killllll themmmm", "kill them"},
    {"kkiillll tthheemm", "kill them"},
    {"shoooot them", "shoot them"},
    {"muder them", "murder them"},
    {"mruder them", "murder them"},
    {"murdder them", "murder them"},
    {"koll them", "kill them"},
    /* run together, hashtags */
    {"killthemall", "kill them all"},
    {"#KillThemAll", "kill them all"},
    {"#ur house of", "our house of"},
    /* pictures */
    {"🔪 them all", "knife them all"},
    {"k💀ill th💀em", "kill them"},
    {"we will 🔫 you", "we will gun you"},
    {"👨🏿 🇺🇸", "man flag"},
    /* references */
    {"k&#105;ll &#x79;ou", "kill you"},
    {"R&D & #5", "r d 0"},
    /* short forms */
    {"I'm gonna kill y'all", "i am going to kill yall"},
    {"don't, can't, won't", "do not can not will not"},
    /* what is no disguise stays */
    {"my skill, a hill and a pill", "my skill a hill and a pill"},
    {"the 3 of 834", "the 0 of 0"},
    {"see https://kill.example/you @killer", "see url user"},
    {"Привет мир", "привет мир"},
    {"北京 は いい", "北京 は いい"},
    {"I a m", "i a m"},
    {"", ""},
    {"!!! ...", ""},
};

static void
test_words(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (cases[i].words[0] != '\0' || cases[i].text[0] == '\0' ||
		    cases[i].text[0] == '!')
			SAME(taken(cases[i].text), cases[i].words);
}

/* The bytes of the text as written that each word comes from. */
static void
test_spans(void)
{
	static const struct {
		const char *text;
		size_t word;
		const char *span;
	} v[] = {
	    {"é I k\u200bill you", 2, "k\u200bill"},
	    {"日本 ｋｉｌｌ you", 1, "ｋｉｌｌ"},
	    {"I w i l l k i l l you", 2, "k i l l"},
	    {"now killlll you", 1, "killlll"},
	    {"we llᴉʞ you", 1, "llᴉʞ"},
	    {"noʎ llᴉʞ llᴉʍ ᴉ", 2, "llᴉʞ"},
	    {"uoy llik lliw i", 2, "llik"},
	    {"🔪 them", 0, "🔪"},
	    {"a k&#105;ll", 1, "k&#105;ll"},
	    {"k⒠ll them", 1, "⒠"},
	    {"killthemall", 1, "them"},
	    {"#KillThemAll", 2, "All"},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char got[80] = "";

		taken(v[i].text);
		if (v[i].word < words.n) {
			const struct word *w = &words.v[v[i].word];

			snprintf(got, sizeof(got), "%.*s", (int)(w->to - w->from),
			    v[i].text + w->from);
		}
		SAME(got, v[i].span);
	}
}

static void
test_flags(void)
{
	words_take(&words, vocab, "KILL them. \"Kill\" you? 🔪 kiiill", 35);
	CU_ASSERT_EQUAL_FATAL(words.n, 6);
	CU_ASSERT(words.v[0].flags & WORD_CAPITALS);
	CU_ASSERT(words.v[0].tag == 7 && words.v[1].tag == 7);
	CU_ASSERT(words.v[1].flags & WORD_ENDS);
	CU_ASSERT(words.v[2].flags & WORD_QUOTED && !(words.v[3].flags & WORD_QUOTED));
	CU_ASSERT(words.v[3].flags & WORD_ASKS);
	CU_ASSERT(words.v[4].flags & WORD_PICTURE);
	CU_ASSERT(words.v[5].flags & WORD_MENDED);
	CU_ASSERT(words.v[5].flags & WORD_ENDS);
	words_take(&words, vocab, "They doesn't", 12);
	CU_ASSERT_EQUAL_FATAL(words.n, 3);
	CU_ASSERT(!((words.v[1].flags | words.v[2].flags) & WORD_MENDED));
}

/* Whatever comes: spans lie within the text, at borders, and nothing is too long. */
static void
check_bounds(const char *s, size_t n)
{
	words_take(&words, vocab, s, n);
	CU_ASSERT(words.len <= 4 * n + 16);
	for (size_t i = 0; i < words.n; i++) {
		const struct word *w = &words.v[i];

		CU_ASSERT(w->from < w->to && w->to <= n);
		CU_ASSERT(((uint8_t)s[w->from] & 0xc0) != 0x80);
		CU_ASSERT(w->to == n || ((uint8_t)s[w->to] & 0xc0) != 0x80);
		CU_ASSERT(w->at + w->len <= words.len);
	}
}

static void
test_bounds(void)
{
	static const char *const bits[] = {"k", "i", "l", " ", "\n", "-", ".", "\u200b",
	    "ʎ", "ɐ", "ｋ", "🔪", "🇰", "🇺", "&#", "105;", "*", "#", "'", "\"", "й", "ﷺ",
	    "1", "4", "+", "@", "\\/", "日", "\u0301", "ß", "ﬁ"};
	uint64_t x = 1;

	for (int round = 0; round < 3000; round++) {
		char s[400];
		size_t n = 0;

		while (n < 300) {
			const char *b;

			x = x * 6364136223846793005u + 1442695040888963407u;
			if ((x >> 33) % 40 == 0)
				break;
			b = bits[(x >> 40) % (sizeof(bits) / sizeof(bits[0]))];
			memcpy(s + n, b, strlen(b));
			n += strlen(b);
		}
		s[n] = '\0';
		check_bounds(s, n);
	}
}

/* Long and wicked texts take time in proportion to their length. */
static void
test_long(void)
{
	static const char *const unit[] = {"k ", "kkii", "1!1|", "a.b.", "uoy ", "ʎǝ",
	    "🇰", "k💀", "&#1", "-\n", "****", "#a#b", "killyou", "''''", "\"\"", "І"};

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		size_t len = strlen(unit[i]), n = 400000 / len * len;
		char *s = malloc(n + 1);

		for (size_t k = 0; k < n; k += len)
			memcpy(s + k, unit[i], len);
		s[n] = '\0';
		check_bounds(s, n);
		free(s);
	}
}

static void
test_glyphs(void)
{
	static const struct {
		uint32_t cp;
		enum glyph_kind kind;
		const char *as;
	} v[] = {{0xe9, GLYPH_TEXT, "e"}, {0xdf, GLYPH_TEXT, "ss"},
	    {0x200b, GLYPH_NONE, ""}, {0x301, GLYPH_NONE, ""},
	    {0xfb01, GLYPH_TEXT, "fi"}, {0x430, GLYPH_ALIKE, "a"},
	    {0x3b1, GLYPH_ALIKE, "a"}, {0x13e6, GLYPH_ALIKE, "K"},
	    {0x578, GLYPH_ALIKE, "n"}, {0x436, GLYPH_SELF, ""},
	    {0x4e00, GLYPH_SELF, ""}, {0x2460, GLYPH_TEXT, "1"},
	    {0x2122, GLYPH_TEXT, "TM"}, {0x1f170, GLYPH_TEXT, "a"},
	    {0xe0041, GLYPH_NONE, ""}, {0xff76, GLYPH_TEXT, "カ"},
	    {0x10ffff, GLYPH_SELF, ""}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char as[40] = "";

		CU_ASSERT_EQUAL(glyph_of(v[i].cp, as), v[i].kind);
		if (v[i].as[0] != '\0')
			SAME(as, v[i].as);
	}
	CU_ASSERT(glyph_is_country('U' - 'A', 'S' - 'A'));
	CU_ASSERT(!glyph_is_country('K' - 'A', 'K' - 'A'));
	SAME(glyph_word(0x1f52a), "knife");
	CU_ASSERT_PTR_NULL(glyph_word(0x1f95d));
}

/* Nothing stands for more bytes than its own: fold.h promises it. */
static void
test_never_longer(void)
{
	for (uint32_t cp = 0x80; cp < 0x20000; cp++) {
		char as[40];
		size_t own = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

		if (glyph_of(cp, as) == GLYPH_TEXT)
			CU_ASSERT(strlen(as) <= own);
	}
}

/* Letters of an open reference stand for none, or for one: they cannot be taken back
 * when the word turns out to stand upside down. */
static void
test_turned_behind_reference(void)
{
	static const struct {
		const char *text, *folded;
	} v[] = {
	    {"&#xAD\u0250\u0250", "aa"},
	    {"&#x6b\u0250\u0250", "kaa"},
	    {"z &#xc9Fab\u0250\u0250\u0250", NULL},
	    {"ab\u0250\u0250", "aaqa"},
	};
	struct fold f = {0};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		fold_text(&f, v[i].text, strlen(v[i].text));
		CU_ASSERT(f.len <= strlen(v[i].text));
		if (v[i].folded != NULL && strcmp(f.text, v[i].folded) != 0)
			printf("\n%s: %s\n", v[i].text, f.text);
		if (v[i].folded != NULL)
			CU_ASSERT_STRING_EQUAL(f.text, v[i].folded);
	}
	fold_free(&f);
}

/* Plain text is not copied. */
static void
test_plain(void)
{
	static const char s[] = "We will meet at noon and talk it over.";
	struct fold f = {0};

	fold_text(&f, s, sizeof(s) - 1);
	CU_ASSERT(f.text == s && f.map == NULL);
	fold_signs(&f, s, sizeof(s) - 1);
	CU_ASSERT(f.text == s && f.map == NULL);
	fold_free(&f);
}

static uint32_t
draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

/* What plain_text() calls plain, folding leaves as it is, to the byte: else rules,
 * which ask it, and the classifier would see different texts. */
static void
test_plain_is_folded(void)
{
	static const char *const bits[] = {"a", "I", "the", "kill", "you", " ", "  ",
	    ". ", ", ", "-", "\n", "-\n", "'", "!", "$", "@", "1", "3", "2", "7", "19",
	    "www", ".", "/", "ll", "lL", "Www.", "e", "k", "&", "#", "&#", ";",
	    "&#107;", "&#x6b;", "x", "_", "*", "Mr", "10", "s",
	    "abcdefghijklmnopqrstuvwxyz "};
	struct fold f = {0};
	uint64_t state = 11;
	size_t plain = 0, changed = 0, wrong = 0;

	for (int i = 0; i < 200000; i++) {
		char s[400] = "";
		size_t n = 0, want = draw(&state, 200);
		bool same;

		while (n < want) {
			const char *b =
			    bits[draw(&state, sizeof(bits) / sizeof(bits[0]))];

			/* Mostly words and blanks, or nothing would be plain. */
			if (draw(&state, 8) != 0)
				b = draw(&state, 2) != 0 ? " "
							 : bits[2 + draw(&state, 3)];
			memcpy(s + n, b, strlen(b));
			n += strlen(b);
		}
		fold_unasked(&f, s, n);
		same = f.len == n && memcmp(f.text, s, n) == 0;
		for (size_t k = 0; same && k < n; k++)
			same = f.map[k] == k;
		changed += !same;
		if (!plain_text(s, n, PLAIN_CHARS | PLAIN_WORDS))
			continue;
		plain++;
		wrong += !same;
		fold_text(&f, s, n);
		CU_ASSERT_PTR_EQUAL_FATAL(f.text, s);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(plain > 20000 && changed > 20000);
	fold_free(&f);
}

/* Each kind of disguise, wherever it stands in blocks of any size. */
static void
test_plain_everywhere(void)
{
	static const struct {
		const char *text, *folded;
	} v[] = {{"k1ll", "kill"}, {"killll", "kill"}, {"k.i.l.l", "kill"},
	    {"k i l l", "kill"}, {"k&#105;ll", "kill"}, {"k&#x69;ll", "kill"},
	    {"ki-\nll", "kill"}, {"kIlLlL", "kIlL"}, {"k$@!1ll", "ksaiill"},
	    {"sh00000000000000t", "shoooooooooooooot"}, {"wwww.a", "w.a"}};
	struct fold f = {0};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (size_t pad = 0; pad < 150; pad++) {
			char s[400];
			size_t n = strlen(v[i].text), m = strlen(v[i].folded);

			memset(s, ' ', sizeof(s));
			memcpy(s + pad, v[i].text, n);
			CU_ASSERT(
			    !plain_text(s, pad + n + 100, PLAIN_CHARS | PLAIN_WORDS));
			CU_ASSERT(!plain_text(s, pad + n, PLAIN_CHARS | PLAIN_WORDS));
			fold_text(&f, s, pad + n);
			if (v[i].text[0] == 's') /* leet gives letters, no rows */
				continue;
			CU_ASSERT(f.len == pad + m &&
				  memcmp(f.text + pad, v[i].folded, m) == 0);
		}
	fold_text(&f, "see www.host.example", 20);
	CU_ASSERT_PTR_NULL(f.map);
	fold_text(&f, "é www.host.example", 19);
	CU_ASSERT(f.len == 18 && memcmp(f.text, "e www.host", 10) == 0);
	fold_free(&f);
}

/* Processor time in ms for a MiB of the character, which has two bytes; the best of
 * three. */
static double
fold_time(const char *c)
{
	size_t n = 1 << 20;
	char *s = mem_new(n, 1);
	struct fold f = {0};
	double best = 1e9;

	for (size_t i = 0; i < n; i += 2)
		memcpy(s + i, c, 2);
	for (int round = 0; round < 3; round++) {
		clock_t from = clock();
		double took;

		fold_text(&f, s, n);
		took = (double)(clock() - from) * 1000 / CLOCKS_PER_SEC;
		best = took < best ? took : best;
	}
	fold_free(&f);
	free(s);
	return best;
}

/* A row of upside-down letters too long for a word is looked at once, and not from each
 * of its letters. */
static void
test_turned_long(void)
{
	double turned = fold_time("\u029e"), other = fold_time("\u0436");

	CU_ASSERT(turned < 50 * other + 5);
	if (turned >= 50 * other + 5)
		printf("\n  %.1f ms, others %.1f ms", turned, other);
}

/* What is kept of words changes nothing, and a new word changes what is kept. */
static void
test_kept(void)
{
	struct words plain = {.plain = true};

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const char *s = cases[i].text;

			words_take(&words, vocab, s, strlen(s));
			words_take(&plain, vocab, s, strlen(s));
			CU_ASSERT_FATAL(words.n == plain.n && words.len == plain.len);
			CU_ASSERT(memcmp(words.text, plain.text, words.len) == 0);
			CU_ASSERT(
			    memcmp(words.v, plain.v, words.n * sizeof(*words.v)) == 0);
		}
	words_free(&plain);
	SAME(taken("killthem gorblax k!zz"), "kill them gorblax k zz");
	vocab_add_word(vocab, "killthem", 8, 0, 5);
	vocab_add_word(vocab, "kizz", 4, 7, 5);
	SAME(taken("killthem gorblax k!zz"), "killthem gorblax kizz");
}

int
main(void)
{
	static const struct suite_test tests[] = {
	    {"words", test_words},
	    {"spans", test_spans},
	    {"flags", test_flags},
	    {"bounds", test_bounds},
	    {"long", test_long},
	    {"glyphs", test_glyphs},
	    {"never longer", test_never_longer},
	    {"upside down behind a reference", test_turned_behind_reference},
	    {"long and upside down", test_turned_long},
	    {"plain", test_plain},
	    {"plain is folded", test_plain_is_folded},
	    {"plain everywhere", test_plain_everywhere},
	    {"kept words", test_kept},
	};
	int rc;

	vocab = make_vocab();
	rc = suite_main("forms", tests, sizeof(tests) / sizeof(tests[0]));
	words_free(&words);
	vocab_free(&vocab);
	return rc;
}
