/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_long: texts that are long, or made to cost: none hides what stands in it,
 * or it counts as degraded; and a long text of no kind is judged to its end.
 */
#include <time.h>

#include "tests/rules_pack.h"

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* s times n, then end. */
static __attribute__((returns_nonnull)) char *
repeat(const char *s, size_t n, const char *end)
{
	struct buf b = {0};

	for (size_t i = 0; i < n; i++)
		buf_puts(&b, s);
	buf_puts(&b, end);
	return buf_take(&b);
}

/* -1: degraded, for this reason. */
static int
found(struct policy_host *h, const char *s, size_t n, const char *end, const char *why)
{
	char *text = repeat(s, n, end);
	struct rules_answer a = rules_ask(h, text);
	int rc = (int)a.n;

	if (a.degraded != NULL)
		rc = why != NULL && strstr(a.degraded, why) != NULL ? -1 : -2;
	if (rc == -2)
		printf("\n  degraded: %s", a.degraded != NULL ? a.degraded : "");
	rules_answer_clear(&a);
	free(text);
	return rc;
}

/* However many matches a context rules out, the next one counts. */
static void
test_ruled_out(void)
{
	struct policy_host *h = open_of(
	    "contexts = { never = { where = \"before\"; within = 3; "
	    "phrases = [ \"never\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill you\" ]; except = [ \"never\" "
	    "]; }",
	    "\"kill you\", \"i kill you\", \"we kill you\"",
	    "\"kill you x\", \"kill you y\"");

	for (size_t n = 1; n < 20000; n *= 3) {
		CU_ASSERT_EQUAL(found(h, "we never kill you. ", n, "", NULL), 0);
		CU_ASSERT_EQUAL(
		    found(h, "we never kill you. ", n, "i kill you", NULL), 1);
	}
	policy_host_free(&h);
}

/* Nor are the words before a match gone over once more for each match behind them. */
static void
test_ruled_out_long(void)
{
	static const char *const lines[] = {
	    "we never kill you. ", "we never hurt him. "};
	struct policy_host *h =
	    open_of("contexts = { never = { where = \"before\"; within = 3; "
		    "phrases = [ \"never\" ]; }; };",
		"{ id = \"a\"; " RULE "phrases = [ \"kill you\", \"hurt|harm him\" ]; "
		"except = [ \"never\" ]; }",
		"\"kill you\", \"i kill you\", \"we hurt him\"",
		"\"kill you x\", \"kill you y\"");

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		double small = cpu(), large;

		for (int k = 0; k < 16; k++)
			CU_ASSERT_EQUAL(found(h, lines[i], 3000, "", NULL), 0);
		small = cpu() - small;
		large = cpu();
		CU_ASSERT_EQUAL(found(h, lines[i], 48000, "", NULL), 0);
		large = cpu() - large;
		printf(
		    "16 times as long takes %.0f times as long ", large / small * 16);
		CU_ASSERT(large < small * 4);
	}
	policy_host_free(&h);
}

/* A match of nothing is none, and does not end the search. */
static void
test_empty_match(void)
{
	struct policy_host *h = open_of("",
	    "{ id = \"a\"; " RULE
	    "regexes = [ \"(?=\\\\bhurt\\\\b)|\\\\bkill bill\\\\b\" ]; }",
	    "\"kill bill\", \"we kill bill\", \"i kill bill\"",
	    "\"kill bill x\", \"kill bill y\"");

	CU_ASSERT_EQUAL(rules_count(h, "i hurt you"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "i hurt you, and hurt him, and kill bill"), 1);
	policy_host_free(&h);
}

/* What a context of the whole text is worth ends some pages on. */
static void
test_pages(void)
{
	static const char line[] = "nothing is said here at all today. ";
	struct policy_host *h = open_of(
	    "contexts = { game = { where = \"text\"; phrases = [ \"chess\" ]; }; "
	    "gun = { where = \"text\"; phrases = [ \"gun\" ]; }; };",
	    "{ id = \"a\"; " RULE
	    "phrases = [ \"kill you\" ]; except = [ \"game\" ]; }, "
	    "{ id = \"b\"; " RULE
	    "phrases = [ \"hurt you\" ]; require = [ \"gun\" ]; }",
	    "\"kill you\", \"i kill you\", \"a gun. hurt you\"",
	    "\"kill you x\", \"kill you y\"");

	for (size_t n = 0; n <= 400; n += 10) {
		size_t bytes = n * strlen(line);
		char *text = repeat(line, n, "");
		char *kill = xasprintf("kill you. %schess. %skill you. ", text, text);
		char *hurt = xasprintf("hurt you. %sgun. %shurt you. ", text, text);

		if (bytes < 1800) {
			CU_ASSERT_EQUAL(rules_count(h, kill), 0);
			CU_ASSERT_EQUAL(rules_count(h, hurt), 1);
		} else if (bytes > 4200) {
			CU_ASSERT_EQUAL(rules_count(h, kill), 1);
			CU_ASSERT_EQUAL(rules_count(h, hurt), 0);
		}
		free(text);
		free(kill);
		free(hurt);
	}
	policy_host_free(&h);
}

/* Rows of letters apart: ends, whatever their number, and is told beyond the limit. */
static void
test_letters_apart(void)
{
	struct policy_host *h =
	    open_of("", "{ id = \"a\"; " RULE "phrases = [ \"kill you\" ]; }",
		"\"kill you\", \"i kill you\", \"we kill you\"",
		"\"kill you x\", \"kill you y\"");
	static const char why[] = "more letters stand apart";

	for (size_t n = 999; n < 6000; n = n < 1003 ? n + 1 : n * 2) {
		CU_ASSERT_EQUAL(found(h, "b z q w, ", n, "", why), n > 1000 ? -1 : 0);
		CU_ASSERT_EQUAL(
		    found(h, "b z q w, ", n, "i kill you", why), n > 1000 ? -1 : 1);
	}
	CU_ASSERT_EQUAL(found(h, "C G A F\n", 4000, "", why), -1);
	policy_host_free(&h);
}

/* Time grows with the text, not with its square. */
static void
test_turned(void)
{
	struct policy_host *h = open_of(
	    "", "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }", KILLS, TWINS);
	double small, large;

	CU_ASSERT_EQUAL(rules_count(h, "noʎ llᴉʞ"), 1);
	small = cpu();
	for (int i = 0; i < 16; i++)
		CU_ASSERT_EQUAL(found(h, "aaaaaaa\u0250b", 1000, "", NULL), 0);
	small = cpu() - small;
	large = cpu();
	CU_ASSERT_EQUAL(found(h, "aaaaaaa\u0250b", 64000, "", NULL), 0);
	large = cpu() - large;
	printf("64 times as long takes %.0f times as long ", large / small * 16);
	CU_ASSERT(large < small * 16);
	policy_host_free(&h);
}

/* Blanks between words hide nothing, and are not gone over again and again. */
static void
test_blanks(void)
{
	struct policy_host *h = open_of("",
	    "{ id = \"a\"; " RULE "phrases = [ \"i <3> will <3> kill you|him|them\", "
	    "\"i|he|they kill 🔫\" ]; }",
	    "\"i will kill you\", \"i will kill him\", \"i kill 🔫\"",
	    "\"i will kill you\", \"i will kill them\"");
	char *wide = repeat(" ", 80000, "");
	char *end = xasprintf("i%swill%skill%syou", wide, wide, wide);
	char *signs = xasprintf("i%skill%s🔫", wide, wide), *line;
	double spent = cpu();

	CU_ASSERT_EQUAL(found(h, "", 1, end, NULL), 1);
	CU_ASSERT_EQUAL(found(h, "", 1, signs, NULL), 1);
	line = xasprintf("i%.2000s", wide);
	CU_ASSERT_EQUAL(found(h, line, 400, end, NULL), 1);
	free(line);
	spent = cpu() - spent;
	printf("%.3f s ", spent);
	CU_ASSERT(spent < 1);
	free(wide);
	free(end);
	free(signs);
	policy_host_free(&h);
}

#define ORDINARY 120000

/* What shows the packs that ship what they must not find, as one text: with a threat in
 * front it is found, and nothing of it is left unjudged.  There are more such lines now
 * than a text may have, since what a text costs grows with the rules that it comes near
 * to: so many bytes are the measure. */
static void
test_ordinary(void)
{
	struct conf_policy policy = {.packs_dir = TOSD_SRCDIR "/etc/policies.d"};
	struct conf_plugin plugin = {.name = "rules",
	    .path = RULES_PLUGIN,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS};
	struct policy_options o = {
	    .conf = &policy, .report = rules_problem, .note = rules_note};
	struct policy_host *h = NULL;
	struct rules_answer a;
	struct buf b = {0};
	char *all;
	glob_t g;

	policy.plugins = &plugin;
	policy.nplugins = 1;
	CU_ASSERT_EQUAL_FATAL(policy_host_new(&o, &h, NULL), 0);
	buf_puts(&b, "I will kill you tomorrow, mayor. ");
	CU_ASSERT_EQUAL_FATAL(
	    glob(TOSD_SRCDIR "/tests/packs/*.negatives.txt", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct err e = ERR_INIT;

		CU_ASSERT_EQUAL(file_read(g.gl_pathv[i], 1 << 20, &b, &e), 0);
	}
	globfree(&g);
	CU_ASSERT_FATAL(b.len > ORDINARY);
	for (b.len = ORDINARY; b.data[b.len - 1] != '\n';)
		b.len--;
	buf_putc(&b, '\0');
	CU_ASSERT(found(h, b.data, 1, "", NULL) > 0);
	/* Eight of them are more than a text may cost; what is grave is looked at
	 * first. */
	all = repeat(b.data, 8, "");
	a = rules_ask(h, all);
	CU_ASSERT(a.n > 0 && a.degraded != NULL);
	rules_answer_clear(&a);
	free(all);
	buf_free(&b);
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"matches that contexts rule out", test_ruled_out},
    {"many of them", test_ruled_out_long},
    {"a match of nothing", test_empty_match},
    {"contexts of the text, and pages", test_pages},
    {"letters apart", test_letters_apart},
    {"letters upside down", test_turned},
    {"blanks between words", test_blanks},
    {"long and ordinary", test_ordinary},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_long", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
