/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_regex: expressions with letters beyond ASCII, in rules and in contexts: in
 * the form that texts have when they are searched, found the fast way as the slow way,
 * and said to be a mistake where that form has no such thing.
 */
#include "tests/rules_pack.h"

/* As it stands in a pack. */
static char *
in_string(const char *regex)
{
	struct buf b = {0};

	for (const char *c = regex; *c != '\0'; c++)
		buf_puts(&b, *c == '\\' || *c == '"' ? (char[]){'\\', *c, '\0'}
						     : (char[]){*c, '\0'});
	return buf_take(&b);
}

#define LISTS                                                          \
	"lists = { cap = [ \"\u00e9gorger\", "                         \
	"\"\u0442\u0440\u0430\u0432\u0438\u0442\u044c\", \"tuer\" ]; " \
	"abc = [ \"maim\", \"hit\" ]; };"

/* In a rule, and as what must stand before "zz" in another: NULL: refused. */
static struct policy_host *
open_regex(const char *regex, const char *value)
{
	char *s = in_string(regex);
	char *rules = xasprintf(
	    "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; regexes = [ "
	    "\"%s\" ]; }, { id = \"b\"; " RULE
	    "phrases = [ \"foo\", \"foobar\" ]; require = ( { where = \"text\"; "
	    "phrases = [ \"foobar\" ]; regexes = [ \"q1q\", \"%s\" ]; } ); }",
	    s, s);
	char *text = pack_of(LISTS, rules, KILLS ", \"foobar\"", TWINS);
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open(value != NULL ? "slow" : NULL, value);
	free(text);
	free(rules);
	free(s);
	return h;
}

struct look {
	const char *regex, *text;
	bool found;
};

static void
check(const struct look *l, const char *slow)
{
	struct policy_host *h = open_regex(l->regex, slow);
	char *more = xasprintf("foo! %s", l->text);
	uint32_t n = 0, in = 0;

	if (h != NULL) {
		n = rules_count(h, l->text);
		in = rules_count(h, more);
	}
	CU_ASSERT_PTR_NOT_NULL(h);
	CU_ASSERT_EQUAL(n, l->found);
	CU_ASSERT_EQUAL(in, 2 * l->found);
	if (h == NULL || n != l->found || in != 2 * l->found)
		printf("\n  \"%s\" on \"%s\": %u, %u %s%s", l->regex, l->text, n, in,
		    slow != NULL ? "slow " : "", rules_problems);
	policy_host_free(&h);
	free(more);
}

static void
test_letters(void)
{
	static const struct look v[] = {
	    {"égorger", "il va égorger", true},
	    {"égorger", "il va EGORGER", true},
	    {"egorger", "il va égorger", true},
	    {"e\u0301gorger", "il va égorger", true},
	    {"\\x{e9}gorger", "il va égorger", true},
	    {"\\xe9gorger", "il va égorger", true},
	    {"\\bégorger\\b", "il va dégorger", false},
	    {"straße", "in der STRASSE", true},
	    {"straße+n", "in den straßen", true},
	    {"gro(?:ß|sz)+e", "der große", true},
	    {"öldür", "seni öldüreceğim", true},
	    {"öldür\\w+m\\b", "seni öldüreceğim!", true},
	    {"\\bотрав[а-я]+", "тебя отравлю", true},
	    {"\\bотрав[а-я]+", "неотравлю", false},
	    {"\\bотрав[а-яё]+\\b", "ОТРАВИЛЁ её", true},
	    {"я отрав\\w+", "завтра Я Отравлю его", true},
	    {"я\\s+отрав\\w+", "я\u00a0отравлю", true},
	    {"я отрав\\w+\\.", "я отрав.", false},
	    {"سأقتل \\w+", "سأقتل فلانا", true},
	    {"سأقتل\\s\\w{3,}", "سأقتل ال", false},
	    {"殺\\w{1,3}", "殺してやる", true},
	    {"σκοτώσω", "θα σε ΣΚΟΤΩΣΩ", true},
	    {"[äö]lt", "olt", true},
	    {"[äö]lt", "elt", false},
	    {"x[^äö]lt", "xalt", false},
	    {"x[^äö]lt", "xelt", true},
	    {"gro[ßx]e", "die große", true},
	    {"gro[ß]{1,2}e", "die grosse", true},
	    {"gro[ßx]{2}e", "die groxxe", true},
	    {"m[à-ü]de", "müde", true},
	    {"m[à-ü]de", "mxde", false},
	    {"m[à-ü]de", "mäde", true},
	    {"m[^à-ü]de", "müde", false},
	    {"[а-г]й", "ай", true},
	    {"a[\\x{80}-\\x{10ffff}]b", "axb", false},
	    {"a[\\x{80}-\\x{10ffff}]b", "aяb", true},
	    {"(?<größe>x)y\\k<größe>", "xyx", true},
	    {"(?<größe>ж)(?P<ü>y)(?'ß'з)(?i)", "жyз", true},
	    {"(?<größe>ж)y(?P=größe)", "жyж", true},
	    {"(?<ä>ж)?y(?(<ä>)x|z)", "жyx", true},
	    {"(?<ä>ж|a(?&ä)b)\\w", "aжbй", true},
	    {"(?#größe)xy", "xy", true},
	    {"\\Qgrö.\\Eß", "GRO.SS", true},
	    {"❤\ufe0f+ dich", "❤\ufe0f❤\ufe0f dich", true},
	    {"❤\ufe0f? dich", "❤ dich", true},
	    {"🇩🇪 tot", "🇩🇪 tot", true},
	    {"（maim", "(maim", true},
	    {"\\b@{cap}\\b", "il va égorger", true},
	    {"\\b@{cap}\\b", "они травить", true},
	    {"\\b@{cap}\\b", "отравить", false},
	    {"\\b@{cap} \\w+", "травить его", true},
	    {"\\b@{abc} \\w", "hit я", false},
	    {"maim\\b", "maimя", true},
	    {"maimя?\\b", "maimя", true},
	    {"maimя?\\b", "maimяя", false},
	    {"[[:alpha:]]{4}ж", "бббвж", true},
	    {"[^\\W\\d]{2}жж", "ббжж", true},
	    {"ж(?!\\w)", "жж!", true},
	    {"ж(?<!\\w)", "жж!", false},
	    {"\\p{Cyrillic}{3}жр", "приЖР", true},
	    {"жр\\d", "жр5", true},
	    {"დედა[ა-ჰ]", "ᲓᲔᲓᲐᲛ", true},
	    {"\U0001e922[\U0001e923x]", "\U0001e900\U0001e901", true},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		check(&v[i], NULL);
		check(&v[i], "true");
	}
}

/* Characters that are taken for Latin ones in a Latin text, in phrases too. */
static void
test_alike(void)
{
	static const char *const found[] = {"pay 5\u20ac now",
	    "now pay 5 \u20ac to the man", "pay \u00a39 now",
	    "say \u0440\u043e\u0442\u0430 in English", "f\u00fcr 6\u20ac jetzt",
	    "pay 6\u20ac, \u212aill"};
	struct policy_host *h = open_of("",
	    "{ id = \"a\"; " RULE "phrases = [ \"maim\", \"\u0440\u043e\u0442\u0430\", "
	    "\"f\u00fcr 6\u20ac\" ]; regexes = [ \"[56] ?\u20ac\", \"[\u00a3\u20ac]9\" "
	    "]; }",
	    "\"maim\", \"maim a\", \"maim b\"", "\"maim a\", \"maim b\"");
	struct rules_answer a;

	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		CU_ASSERT_EQUAL(rules_count(h, found[i]), 1);
	CU_ASSERT_EQUAL(rules_count(h, "pay 5e now"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "a pota of l9"), 0);
	a = rules_ask(h, "zahle \u00fcber 5\u20ac bar");
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	CU_ASSERT_EQUAL(a.v[0].spans[0].start, 12);
	CU_ASSERT_EQUAL(a.v[0].spans[0].end, 16);
	rules_answer_clear(&a);
	policy_host_free(&h);
}

/* What no text has then. */
static void
test_never(void)
{
	static const char *const v[] = {"\u200b{3,}", "a|\u200d", "(?:\u0301)x",
	    "[\u0300\u0301]", "\\x{200b}", "[\\x{200b}-\\x{200f}]+"};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		CU_ASSERT_PTR_NULL(open_regex(v[i], NULL));
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(rules_problems, "is left out of texts before"));
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "p.conf:4: "));
	}
	/* Mistakes are where their author sees them. */
	CU_ASSERT_PTR_NULL(open_regex("größe (straße", NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "at its end: missing"));
	CU_ASSERT_PTR_NULL(open_regex("größe straße) größe", NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "`größe straße' and `) größe'"));
	CU_ASSERT_PTR_NULL(open_regex("größe [ü-a]", NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "range out of order"));
	CU_ASSERT_PTR_NULL(open_regex("größe [üa", NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "missing terminating ]"));
}

static const struct suite_test tests[] = {
    {"letters beyond ASCII", test_letters},
    {"characters that only look alike", test_alike},
    {"what texts never have", test_never},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_regex", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
