/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_same: rules found by words and by what expressions need are those that
 * PCRE2 finds when it looks for every pattern in every text: same rules, scores, spans
 * and reasons, over packs and texts made at random from few words, so that nearly
 * everything nearly matches.
 */
#include "tests/rules_host.h"

#define PACKS 25
#define RULES 60
#define TEXTS 400

static uint64_t state;

static uint32_t
below(uint32_t n)
{
	uint64_t z;

	state += 0x9e3779b97f4a7c15u;
	z = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(((z ^ z >> 31) >> 32) * n >> 32);
}

static const char *const words[] = {"kill", "kills", "Shoot", "you", "the", "don't",
    "i'll", "co-op", "19", "a1b", "мир", "Мира", "straße", "größe", "x", "up", "set",
    "fire", "to", "kilt", "miss", "kiss", "日本", "l'eau", "it's", "o'neil's", "c3p0",
    "kkk", "naïve", "🔪", "🔫"};
#define NWORDS (sizeof(words) / sizeof(words[0]))

static const char *
word(void)
{
	return words[below(NWORDS)];
}

static const char *const lists[] = {
    "acts", "people", "acts", "people", "rows", "pairs"};
static const char *const begins[] = {"kill", "ill", "k", "sh", "the", "kis", "мир", "и",
    "straß", "killingly",
    "shootingsandmorethansixtythreelettersofshootingsthatgoonandonandon"};

static void
put_part(struct buf *b)
{
	switch (below(8)) {
	case 0:
		buf_printf(b, "%s|%s", word(), word());
		break;
	case 1:
		buf_printf(b, "@%s", lists[below(sizeof(lists) / sizeof(lists[0]))]);
		break;
	case 2:
		buf_printf(b, "@acts|%s", word());
		break;
	case 3:
		buf_printf(b, "%s*", begins[below(sizeof(begins) / sizeof(begins[0]))]);
		break;
	default:
		buf_puts(b, word());
	}
}

static void
put_phrase(struct buf *b)
{
	uint32_t n = below(4) + 1, must = below(n), last = must;
	bool optional[4], begun = false; /* a gap may come */

	for (uint32_t i = 0; i < n; i++) {
		optional[i] = i != must && below(5) == 0;
		last = optional[i] || i < last ? last : i;
	}
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(b, i > 0 ? " " : "");
		if (begun && i <= last && below(4) == 0) {
			buf_printf(b, "<%u> ", below(4));
			begun = false;
		}
		put_part(b);
		buf_puts(b, optional[i] ? "?" : "");
		begun = begun || !optional[i];
	}
}

static const char *const plain[] = {
    "kill", "shoot", "you", "miss", "fire", "a1b", "set", "up"};

/* Every string that these need has a word of its own in it, or is not ASCII: texts
 * without any such are not searched for them. */
static void
put_edged(struct buf *b)
{
	const char *a = plain[below(8)], *c = plain[below(8)];

	switch (below(5)) {
	case 0:
		buf_printf(b, "\\b%.2s[-_.*]{0,2}%s\\b", a, a + 2);
		break;
	case 1:
		buf_printf(b, "%s\\.%s/", a, c);
		break;
	case 2:
		buf_printf(b, "x*(?:-%s-%s|%s_%s_)", a, c, c, a);
		break;
	case 3:
		buf_printf(b, "(?:🔪|🔫).{0,9}\\b%s\\b", a);
		break;
	default:
		buf_printf(b, "[a-z]?%s/%s-", c, a);
	}
}

static const char *const scripts[] = {
    "мир", "Мира", "straße", "größe", "日本", "naïve", "и", "éup", "up日", "ſhoot"};

/* With letters beyond ASCII, some of which texts have as others. */
static void
put_wide(struct buf *b)
{
	const char *a = plain[below(8)], *c = scripts[below(10)],
		   *d = scripts[below(10)];

	switch (below(14)) {
	case 0:
		buf_printf(b, "\\b%s(?:а|ом|n)?\\b", c);
		break;
	case 1:
		buf_printf(b, "\\b%s\\w+", c);
		break;
	case 2:
		buf_printf(b, "%s\\W+(?:%s|%s)", a, c, d);
		break;
	case 3:
		buf_printf(b, "[а-яё]{2,3}\\s\\S{1,9}%s", c);
		break;
	case 4:
		buf_printf(b, "\\B%s|%s\\B", c, a);
		break;
	case 5:
		buf_printf(b, "(?:%s|%s)[^\\w]+\\b%s", c, d, a);
		break;
	case 6:
		buf_printf(b, "%s[ßäö]?\\s*%s", c, a);
		break;
	case 7:
		buf_printf(b, "[^\\W\\d]{2}%s", d);
		break;
	case 8:
		buf_printf(b, "(?<!\\w)%s(?!\\w)", c);
		break;
	case 9:
		buf_printf(b, "\\b@{mixed}\\b.{0,9}\\b%s", a);
		break;
	case 10:
		buf_printf(b, "\\d\\w?%s|%s\\D%s", c, d, a);
		break;
	case 11:
		buf_printf(b, "[à-ÿ]%s|%s[[:punct:][:space:]]%s", a, c, d);
		break;
	case 12:
		buf_printf(b, "^\\w+\\W%s|%s$", c, d);
		break;
	default:
		buf_printf(b, "(?<größe>%s|%s)\\W+\\k<größe>", c, a);
	}
}

static void
put_regex(struct buf *b)
{
	const char *a = plain[below(8)], *c = plain[below(8)];

	switch (below(15)) {
	case 0:
		buf_printf(b, "\\\\b%s(?:s|ed|ing)?\\\\b", a);
		break;
	case 1:
		buf_printf(b, "\\\\b%s\\\\s+(?:the\\\\s+)?%s\\\\b", a, c);
		break;
	case 2:
		buf_printf(b, "%s.{0,12}%s", a, c);
		break;
	case 3:
		buf_printf(b, "\\\\b%.2s[-_.*]{0,2}%s\\\\b", a, a + 2);
		break;
	case 4:
		buf_printf(b, "(?:%s|%s)s?\\\\W+(?:you|%s)", a, c, a);
		break;
	case 5:
		buf_printf(b, "(?<!the )%s(?! up)", a);
		break;
	case 6:
		buf_printf(b, "[%c%c]%s", a[0], c[0], a + 1);
		break;
	case 7:
		buf_printf(b, "^%s|%s$", a, c);
		break;
	case 8:
		buf_printf(b, "\\\\b(?:%s\\\\b.{0,9}\\\\b)+%s", a, c);
		break;
	case 9:
		buf_printf(b, "%s@{people}", a);
		break;
	case 10:
		buf_printf(b, "\\\\b%s\\\\b(?: (?:the|a))? \\\\b%s\\\\b", a, c);
		break;
	case 11:
		buf_printf(b, "(?:🔪|🔫)[^a-z.!?]{0,8}%s", a);
		break;
	case 12:
		buf_printf(
		    b, "\\\\b@{people}\\\\b.{0,20}\\\\b@{acts}\\\\b.{0,9}(?:%s|🔪+)", a);
		break;
	case 13:
		buf_printf(b,
		    "\\\\b@{acts}\\\\b[^\\\\n]{0,30}\\\\b(?:%s %s|the %s)\\\\b", a, c,
		    a);
		break;
	default:
		buf_printf(b, "(?:%s){1,2}\\\\d?%s", a, c);
	}
}

static const char *const around[] = {
    "not", "behind", "near", "said", "within", "beside"};

/* Each rule is shown by a word of its own; put: writes its expression. */
static char *
make_pack(void (*put)(struct buf *b))
{
	struct buf b = {0}, shown = {0};

	buf_puts(&b,
	    "pack = { name = \"made\"; version = 1; owner = \"nobody\"; };\n"
	    "clauses = ( { id = \"1\"; text = \"Made\"; } );\n"
	    "lists = { acts = [ \"kill\", \"kill you\", \"set fire to\", \"shoot\", "
	    "\"shoot up\", \"don't\" ];\n"
	    "  people = [ \"you\", \"the мир\", \"all of you and @kin\", \"x|you up\" "
	    "];\n"
	    "  rows = [ \"kill\", \"kill the\", \"kill you up\", \"kil* you\", "
	    "\"kill you\", \"ki*\", \"kill up*\", \"the kill*\", \"the\", "
	    "\"don't kill\" ];\n"
	    "  pairs = [ \"kil* you\", \"set up*\", \"of all you\", \"don't miss\", "
	    "\"don't the\" ];\n"
	    "  mixed = [ \"kill\", \"мира\", \"größe\" ];\n"
	    "  kin = [ \"kiss\", \"the miss\" ]; };\n"
	    "contexts = { not = { where = \"before\"; within = 2; phrases = [ \"the\" "
	    "]; };\n"
	    "  fire = { where = \"text\"; phrases = [ \"fire\" ]; };\n"
	    "  behind = { where = \"after\"; within = 3; commas = true; phrases = [ "
	    "\"@rows\", "
	    "\"up <1> you\", \"it's\" ]; };\n"
	    "  near = { where = \"around\"; within = 2; phrases = [ \"мир*\", \"to? "
	    "the\", \"x\" ]; regexes = [ \"k[a-z]+s\", "
	    "\"[а-и]ир\\\\b\", \"größ\" ]; };\n"
	    "  said = { commas = true; phrases = [ \"you <2> up\", \"kill* you\", "
	    "\"don't\", \"🔪\" ]; "
	    "};\n"
	    "  beside = { where = \"outside\"; phrases = [ \"kill the|you\", \"мир*\" "
	    "]; regexes = [ \"s[a-z]+t\" ]; };\n"
	    "  within = { where = \"inside\"; phrases = [ \"kill\", \"sh\", \"kill "
	    "the|you\", \"мир\", \"set* @kin?\", \"miss\", \"you\" ]; }; };\n"
	    "rules = (\n");
	for (int i = 0; i < RULES; i++) {
		bool regex = below(3) == 0;

		buf_printf(&b,
		    "%s{ id = \"r%d\"; rev = 1; mode = \"enforce\"; category = "
		    "\"made\"; "
		    "clause = \"1\"; severity = \"low\"; score = 0.9; reason = "
		    "\"{match}\"; phrases = ( \"showme%d\"",
		    i > 0 ? ",\n" : "", i, i);
		for (uint32_t k = below(3) + !regex; k > 0; k--) {
			buf_puts(&b, ", { text = \"");
			put_phrase(&b);
			buf_printf(&b, "\"; weight = 0.%u; }", below(9) + 1);
		}
		buf_puts(&b, " );");
		if (regex) {
			buf_puts(&b, " regexes = [ \"");
			put(&b);
			buf_puts(&b, "\" ];");
		}
		if (below(2) == 0)
			buf_printf(&b, " except = [ \"%s\" ];", around[below(6)]);
		if (below(8) == 0)
			buf_puts(&b, " require = [ \"fire\" ];");
		buf_puts(&b, " }");
		buf_printf(&shown, "%s\"fire: showme%d\"", i > 0 ? ", " : "", i);
	}
	buf_printf(&b,
	    "\n);\ntests = { ok = [ \"?\", \"q\", \"qq\" ]; fail = [ %s ];\n"
	    "twins = ( [ \"fire: showme0 q\", \"fire: showme0 z\" ] ); };\n",
	    shown.data);
	buf_free(&shown);
	return buf_take(&b);
}

static char *
make_text(void)
{
	static const char *const between[] = {" ", " ", " ", " ", " ", ", ", ". ", "\n",
	    "_", "-", "'", " - ", "; ", "          ", "/", "", "“", " '", "1", ".", "-",
	    "/", "  ,   \t  -     ", "\u00a0     \u00a0\u00a0     ", "\n\n", "\n- ",
	    "\n\t> ", "\n2) ", "\n* ", "\n*", "\n 17. ", "\r\n\r\n", "\n\u200b\n",
	    " \n\u00a0\u2022 "};
	static const char *const more[] = {"kill", "you", "the", "KILLING", "ſhoot",
	    "miſs", "\u212aill", "killer's", "k1ll", "k.i.l.l", "killlll", "и",
	    "showme3", "\u200b", "of", "all", "and", "kiss", "MИР", "😂", "kill_you",
	    "éup", "up日", "k&#105;ll", "ki-\nll", "🔪", "kill🔫", "kIlLlL", "www.kill",
	    "kilo", "ki11", "kis5", "th3", "KIL1", "k\u0456ll5", "mp3", "killinglyso",
	    "Straßen", "МИРОМ", "SHOO",
	    "shootingsandmorethansixtythreelettersofshootingsthatgoonandonandonandon"};
	uint32_t n = below(14) + 1;
	struct buf b = {0};

	if (below(4) == 0) { /* a title */
		buf_puts(&b, word());
		buf_puts(&b, "\n\n");
	}
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(&b, below(3) != 0
				 ? word()
				 : more[below(sizeof(more) / sizeof(more[0]))]);
		buf_puts(&b, between[below(sizeof(between) / sizeof(between[0]))]);
	}
	return buf_take(&b);
}

static bool
same_finding(const struct finding *a, const struct finding *b)
{
	if (strcmp(a->rule, b->rule) != 0 || strcmp(a->reason, b->reason) != 0 ||
	    a->score != b->score || a->nspans != b->nspans)
		return false;
	return memcmp(a->spans, b->spans, a->nspans * sizeof(*a->spans)) == 0;
}

static void
show(const char *who, const struct rules_answer *a)
{
	printf("\n    %s:%s%s", who, a->degraded != NULL ? " " : "",
	    a->degraded != NULL ? a->degraded : "");
	for (uint32_t i = 0; i < a->n; i++) {
		printf(" %s %.3f", a->v[i].rule, a->v[i].score);
		for (size_t k = 0; k < a->v[i].nspans; k++)
			printf(" %u-%u", a->v[i].spans[k].start, a->v[i].spans[k].end);
	}
}

/* How many findings there were; UINT32_MAX: they differ. */
static uint32_t
compare(struct policy_host *fast, struct policy_host *slow, const char *text)
{
	struct rules_answer a = rules_ask(fast, text), b = rules_ask(slow, text);
	bool same = a.n == b.n && (a.degraded == NULL) == (b.degraded == NULL);
	uint32_t n = a.n;

	for (uint32_t i = 0; same && i < a.n; i++)
		same = same_finding(&a.v[i], &b.v[i]);
	if (!same) {
		printf("\n  \"%s\"", text);
		show("fast", &a);
		show("slow", &b);
	}
	rules_answer_clear(&a);
	rules_answer_clear(&b);
	return same ? n : UINT32_MAX;
}

static void
test_same(void)
{
	static void (*const makes[])(struct buf *) = {
	    put_regex, put_wide, put_edged, put_regex};
	uint32_t found = 0, differ = 0;

	for (unsigned p = 0; p < PACKS && differ < 3; p++) {
		struct policy_host *fast, *slow;
		char *pack;

		state = 1000 + p;
		pack = make_pack(makes[p % 4]);
		fast = rules_open_pack(pack);
		slow = rules_open("slow", "true");
		if (fast == NULL || slow == NULL)
			printf("\n  pack %u: %s", p, rules_problems);
		CU_ASSERT_PTR_NOT_NULL_FATAL(fast);
		CU_ASSERT_PTR_NOT_NULL_FATAL(slow);
		for (int i = 0; i < TEXTS && differ < 3; i++) {
			char *text = make_text();
			uint32_t n = compare(fast, slow, text);

			found += n != UINT32_MAX ? n : 0;
			if (n == UINT32_MAX) {
				printf("\n    (pack %u, text %d)", p, i);
				differ++;
			}
			free(text);
		}
		policy_host_free(&fast);
		policy_host_free(&slow);
		free(pack);
	}
	CU_ASSERT_EQUAL(differ, 0);
	CU_ASSERT_TRUE(found > PACKS * TEXTS); /* it is not all about nothing */
}

static const struct suite_test tests[] = {
    {"the fast way finds what the slow way finds", test_same},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_same", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
