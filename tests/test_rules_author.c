/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_author: what helps who writes packs: mistakes and slips said in one run
 * and in words that help, expressions that run away, lists of any size.
 */
#include "tests/rules_pack.h"

/* A pack of one rule with the expression, and perhaps one more as its context. */
static struct policy_host *
open_probed(const char *regex, const char *context)
{
	char *rule =
	    xasprintf("{ id = \"a\"; " RULE
		      "phrases = [ \"kill\" ]; regexes = [ \"%s\" ]; except = ( { "
		      "regexes = [ \"%s\" ]; } ); }",
		regex, context);
	char *text = pack_of("", rule, KILLS, TWINS);
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("probe_packs", "true");
	free(text);
	free(rule);
	return h;
}

static void
test_probe(void)
{
	static const char *const away[] = {"(\\\\w+\\\\s*)+live a+", "(a+)+$",
	    "(?:[a-z]+ ?)*!!", "live (?:\\\\w*)*x", "(?:kill|ki|ll|l)+x",
	    "(\\\\d+,?)+;", "(?:\\\\s*\\\\s*)+x"};
	static const char *const harmless[] = {"x.*a.*b.*c",
	    "\\\\w+\\\\s+\\\\w+\\\\s+bombs", "(?:\\\\w+\\\\W+){0,8}bombs",
	    "x\\\\s*\\\\s*\\\\s*bomb", "(?:\\\\w++\\\\s*)+live",
	    "[a-z]{1,40}[a-z0-9]{1,40}[.]x", "(?:ab?){1,9}c"};

	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
		struct policy_host *h = open_probed(away[i], "zz");

		CU_ASSERT_PTR_NULL(h);
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "runs away"));
		if (h != NULL)
			printf("\n  taken: %s", away[i]);
		policy_host_free(&h);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		struct policy_host *h = open_probed(harmless[i], "zz");

		CU_ASSERT_PTR_NOT_NULL(h);
		if (h == NULL)
			printf("\n  refused: %s", rules_problems);
		policy_host_free(&h);
	}
	CU_ASSERT_PTR_NULL(open_probed("zz", "(\\\\w+)+;"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "runs away"));
}

/* A list that PCRE2 could not hold is found by words, and lint has nothing against it.
 */
static void
test_large_list(void)
{
	struct buf list = {0};
	struct policy_host *h;
	char *text;

	buf_puts(&list, "lists = { many = [ \"kill\"");
	for (int i = 0; i < 10000; i++)
		buf_printf(&list, ", \"w%dx\"", i);
	buf_puts(&list, ", \"gladly\" ]; };\ncontexts = { many = { where = \"before\"; "
			"within = 3; phrases = [ "
			"\"@many\", \"@many of\", \"hardly\" ]; }; };");
	text = pack_of(list.data,
	    "{ id = \"a\"; " RULE "phrases = [ \"@many <2> you|them|kill\" ]; }, "
	    "{ id = \"b\"; " RULE
	    "phrases = [ \"punch me\" ]; except = [ \"many\" ]; }",
	    "\"kill you\", \"w17x or you\", \"w9999x them\", \"w17 punch me\"", TWINS);
	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("lint", "2026-11-29");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules_problems, "");
	CU_ASSERT_EQUAL(rules_count(h, "a w5000x you"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "they punch me"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "gladly punch me"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "hardly punch me"), 0);
	policy_host_free(&h);
	free(text);
	buf_free(&list);
}

static void
check_refused(const char *pack, const char *what)
{
	CU_ASSERT_PTR_NULL(rules_open_pack(pack));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, what));
	if (strstr(rules_problems, what) == NULL)
		printf("\n  not said: %s\n  but: %s", what, rules_problems);
}

/* What many authors trip over is said in words that help. */
static void
test_slips(void)
{
	char *good = pack_of(
	    "", "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }", KILLS, TWINS);
	char *text = xasprintf("\ufeff%s", good), *at;

	check_refused(text, "p.conf:1: it begins with a byte-order mark");
	free(text);
	at = strstr(good, "{match}");
	memcpy(at, "{mutch}", 7);
	check_refused(good,
	    "rule `a': `{mutch}' in `reason' is not known; there are {match} "
	    "and {kind}");
	memcpy(at, "{match ", 7);
	check_refused(good, "`{match' in `reason' is not known");
	memcpy(at, "{match}", 7);
	at = strstr(good, "kill\" ]");
	memcpy(at, "kill\" )", 7);
	check_refused(good, "or { } stands in [ ], where ( ) is needed");
	free(good);
}

static void
check_said(const char *const *what, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, what[i]));
		if (strstr(rules_problems, what[i]) == NULL)
			printf("\n  not said: %s in\n%s", what[i], rules_problems);
	}
}

/* Names twice, files of other encodings, escapes that make bytes. */
static void
test_bytes(void)
{
	static const struct {
		const char *pack, *said;
		size_t n; /* bytes of it; 0: up to its NUL */
	} v[] = {
	    {"pack = { name = \"p\"; };\nlists = { a = [ \"x\" ];\nb = [ \"y = 1\" ];\n"
	     "a = [ \"z\" ]; };",
		"p.conf:4: `a' is here twice (first in line 2)", 0},
	    {"pack = { name = \"p\"; };\nrules = ( { id = \"a\"; }, { id = \"b\";\n"
	     "rev = 1; id = \"c\"; } );",
		"p.conf:3: `id' is here twice (first in line 2)", 0},
	    {"lists = { };\n# x\nlists = { };", "p.conf:3: `lists' is here twice", 0},
	    {"# x\n\n# caf\xe9\n", "p.conf: not valid UTF-8 text at line 3 (byte 0xe9)",
		0},
	    {"\xff\xfep\0a\0", "p.conf: not valid UTF-8 text at line 1: it is UTF-16",
		6},
	    {"\xfe\xff\0p\0a", "p.conf: not valid UTF-8 text at line 1: it is UTF-16",
		6},
	    {"# x\n#\0\n", "p.conf: not valid UTF-8 text at line 2 (a NUL byte)", 7},
	    {"# x\nlists = { l = [ \"a\",\n\"caf\\xe9\" ]; };",
		"p.conf:3: `l' holds the byte 0xe9, which is no UTF-8", 0},
	    {"lists = { l = [ \"a\",\n\"a\\x00b\" ]; };",
		"p.conf:2: \\x00 is no character", 0},
	    {"contexts = { c = {\nregexes = [ \"a\",\n\"a\\tb\" ]; }; };",
		"p.conf:3: `regexes' holds the control character U+0009; in strings a "
		"backslash is doubled",
		0},
	    {"rules = ( { id = \"a\";\nclause = \"1\\n2\"; } );",
		"p.conf:2: `clause' holds a line break", 0},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct err e = ERR_INIT;
		char *path = xasprintf("%s/p.conf", rules_dir);

		rules_clear();
		CU_ASSERT_EQUAL_FATAL(
		    file_write(path, v[i].pack, v[i].n > 0 ? v[i].n : strlen(v[i].pack),
			0600, FILE_NOSYNC, &e),
		    0);
		free(path);
		CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
		check_said(&v[i].said, 1);
	}
}

/* What Hyperscan does not take; and lists in a circle, said once. */
static void
test_refused(void)
{
	static const struct {
		const char *regex, *said;
	} v[] = {
	    {"a\\\\Kb",
		"\"a\\Kb\": Hyperscan, which looks for it in all texts, refuses "
		"it: \\K; do without"},
	    {"ж(?:где.{1,2000}){200}ж и так далее и так далее и так далее",
		"\"ж(?:где.{1,2000}){200}ж и так далее и так дал...\": Hyperscan"},
	    {"x(?C1)y", "callouts"},
	    {"\\\\Gb", "\"\\Gb\": Hyperscan"},
	};
	char *text;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char *rule =
		    xasprintf("{ id = \"a\"; " RULE
			      "phrases = [ \"kill\" ]; regexes = [ \"zz\",\n\n "
			      "\"%s\" ]; }",
			v[i].regex);

		text = pack_of("", rule, KILLS ", \"zz\"", TWINS);
		check_refused(text, v[i].said);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(rules_problems, "p.conf:6: rule `p/a': "));
		free(text);
		free(rule);
	}
	text = pack_of("lists = { a = [ \"@b\" ];\nb = [ \"x\", \"@a\" ]; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill\", \"@a\" ]; }", KILLS, TWINS);
	check_refused(text, "too deep, or in a circle (list `");
	CU_ASSERT_PTR_NULL(strstr(strstr(rules_problems, "(list `") + 1, "(list `"));
	free(text);
}

/* The place of a mistake in an expression is that of what its author wrote, not of what
 * comes of it with all words of its lists. */
static void
test_place(void)
{
	static const struct {
		const char *regex, *said;
	} v[] = {
	    {"(?:ab|c\\b", "\"(?:ab|c\\b\": at its end: missing closing parenthesis"},
	    {"*a", "\"*a\": at its beginning: quantifier does not follow"},
	    {"@{act} (a|@{act}", "at its end: missing"},
	    {"@{act}*+ @{act} ab{3,2} @{act}",
		"at byte 22, between `@{act}*+ @{act} ab{3,2' and `} @{act}': numbers"},
	    {"@{act} and @{act} and @{act} or [z-a] @{act}, @{act}, @{act}",
		"at byte 35, between `...@{act} and @{act} or [z-' and "
		"`a] @{act}, @{act}, @{act...': range out of order"},
	    {"@{act}\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4 "
	     "x))",
		"between "
		"`..."
		"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4 x' "
		"and `))': "
		"unmatched"},
	    {"@{act} (?<=@{any}x)", "at byte 7, between `@{act} ' and `(?<=@{any}x)': "
				    "lookbehind assertion is not fixed length"},
	};
	static const char lists[] = "lists = { act = [ \"kill\", \"murder\" ]; "
				    "any = [ \"@act a\", \"lo*\" ]; };";

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct buf regex = {0};
		char *rule, *text;

		for (const char *c = v[i].regex; *c != '\0'; c++)
			buf_puts(&regex, *c == '\\' ? "\\\\" : (char[]){*c, '\0'});
		rule =
		    xasprintf("{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; regexes = "
			      "[ \"%s\" ]; }",
			regex.data);
		text = pack_of(lists, rule, KILLS, TWINS);
		check_refused(text, v[i].said);
		free(text);
		free(rule);
		rule = xasprintf("{ id = \"a\"; " RULE
				 "phrases = [ \"kill\" ]; except = ( "
				 "{ regexes = [ \"fine\",\n\n \"%s\" ]; } ); }",
		    regex.data);
		text = pack_of(lists, rule, KILLS, TWINS);
		check_refused(text, v[i].said);
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "context `': \""));
		free(text);
		free(rule);
		buf_free(&regex);
	}
}

/* One run tells the mistakes of a pack: as it is read, as it is compiled, as it is
 * tried. */
static void
test_several(void)
{
	static const char *const read[] = {
	    "list `l' is empty", "`wher'", "lacks `severity'", "rule `b': `{k}' in"};
	static const char *const made[] = {"list `none'", "list `nil'", "context `c'"};
	static const char *const tried[] = {
	    "\"never\"", "\"ever\"", "`ok' is found by rule"};
	char *text =
	    pack_of("lists = { l = [ ]; }; contexts = { c = { wher = \"text\"; "
		    "phrases = [ \"x\" ]; }; };",
		"{ id = \"a\"; rev = 1; mode = \"draft\"; category = \"c\"; clause = "
		"\"1\"; score "
		"= 1.0; reason = \"x\"; phrases = [ \"kill\" ]; }, { id = \"b\"; rev = "
		"1; mode = "
		"\"draft\"; category = \"c\"; clause = \"1\"; severity = \"low\"; "
		"score = 1.0; "
		"reason = \"{k}\"; phrases = [ \"kill\" ]; }",
		KILLS, TWINS);

	CU_ASSERT_PTR_NULL(rules_open_pack(text));
	check_said(read, 4);
	free(text);
	text = pack_of("contexts = { c = { phrases = [ \"@nada\" ]; }; };",
	    "{ id = \"a\"; " RULE
	    "phrases = [ \"kill @none\", \"kill @nil\", \"kill\" ]; "
	    "except = [ \"c\" ]; }",
	    KILLS, TWINS);
	CU_ASSERT_PTR_NULL(rules_open_pack(text));
	check_said(made, 3);
	free(text);
	text = pack_of("", "{ id = \"a\"; " RULE "phrases = [ \"kill\", \"qq\" ]; }",
	    KILLS ", \"never\", \"ever\"", TWINS);
	CU_ASSERT_PTR_NULL(rules_open_pack(text));
	check_said(tried, 3);
	free(text);
}

/* A pack whose values stand on lines of their own, comments and all. */
static const char lined[] =
    "pack = { /* not a \"string */\n"
    "	name = \"p\";\n"
    "	version = 1; // nor \"this\n"
    "	owner = \"me\";\n"
    "};\n"
    "clauses = ( { id = \"1\"; text = \"One\"; } ); # nor \"this\n"
    "lists = {\n"
    "	act = [\n"
    "		\"kill\",\n"
    "		\"maim\"\n"
    "\n"
    "	];\n"
    "	more = { file = \"words.txt\"; };\n"
    "};\n"
    "contexts = {\n"
    "	c = { phrases = [\n"
    "		\"never\"\n"
    "	]; };\n"
    "};\n"
    "rules = (\n"
    "	{\n"
    "		id = \"a\";\n"
    "		rev = 1;\n"
    "		mode = \"enforce\";\n"
    "		category = \"c\";\n"
    "		clause = \"1\";\n"
    "		severity = \"low\";\n"
    "		score = 0.9;\n"
    "		least = 0;\n"
    "		reason = \"\\\"{match}\\\" # no comment\";\n"
    "		expires = \"2999-01-01\";\n"
    "		target = \"@more\";\n"
    "		phrases = [\n"
    "			\"i @act\"\n"
    "			\" @target\",\n"
    "			\"kill kill\"\n"
    "		];\n"
    "		except = [\n"
    "			\"c\"\n"
    "		];\n"
    "	}\n"
    ");\n"
    "tests = {\n"
    "	ok = [\n"
    "		\"?\",\n"
    "		\"q\",\n"
    "		\"qq\"\n"
    "	];\n"
    "	fail = (\n"
    "		\"i kill you\",\n"
    "		\"i kill them\",\n"
    "		{ text = \"kill kill\";\n"
    "			rule = \"a\"; }\n"
    "	);\n"
    "	twins = (\n"
    "		[\n"
    "			\"i kill you\",\n"
    "			\"i kill them\"\n"
    "		]\n"
    "	);\n"
    "};\n";

/* A mistake has the line in which it stands, the last one of a list too. */
static void
test_lines(void)
{
	static const struct {
		const char *from, *to, *said;
	} v[] = {
	    {"i kill", "i kill", NULL},
	    {"\"p\"", "\"P p\"", "`name' must be"},
	    {"\"a\"", "\"A a\"", "`id' and `category' must be"},
	    {"\"c\"", "\"C c\"", "`id' and `category' must be"},
	    {"clause = \"1\"", "clause = \"2\"", "rule `a': clause `2' is not"},
	    {"2999-01-01", "2999", "`expires' must be a day"},
	    {"@more", "more", "rule `a': `target' names a list"},
	    {"{match}", "{mitch}", "rule `a': `{mitch}'"},
	    {"least = 0", "least = 0.95", "rule `p/a': `least' is more"},
	    {"\"i @act\"", "\"i @ict\"", "rule `p/a': \"i @ict @target\": there is no"},
	    {"kill kill", "kill <99> kill", "rule `p/a': \"kill <99> kill\": `<99>'"},
	    {"\t\"c\"\n\t\t];\n\t}", "\t\"ccc\"\n\t\t];\n\t}",
		"rule `p/a': there is no context `ccc'"},
	    {"\"never\"", "\"@nev\"", "context `c': there is no list `nev'"},
	    {"\"maim\"", "\"\"", "list `act' has an empty entry"},
	    {"\"qq\"", "\"kill kill\"", "test `ok' is found by"},
	    {"{ text = \"kill kill\"", "{ text = \"zzz\"",
		"test `fail' is not found by"},
	    {"rule = \"a\"", "rule = \"b\"", "a test names the rule `b'"},
	    {"\"never\"", "\xe2\x80\x9cnever\xe2\x80\x9d",
		"syntax error: `\xe2\x80\x9c' stands outside of a string"},
	    {"\"never\"", "'never'", "syntax error: `'' stands outside of a string"},
	    {"act = ", "t\xc3\xb6te = ",
		"syntax error: `\xc3\xb6' stands outside of a string"},
	    {"\"never\"", "never", "syntax error; often a quotation mark"},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		const char *at = strstr(lined, v[i].from);
		char *text, *where;
		int line = 1;

		CU_ASSERT_PTR_NOT_NULL_FATAL(at);
		for (const char *s = lined; s < at; s++)
			line += *s == '\n';
		text = xasprintf("%.*s%s%s", (int)(at - lined), lined, v[i].to,
		    at + strlen(v[i].from));
		where = xasprintf(
		    "p.conf:%d: %s", line, v[i].said != NULL ? v[i].said : "");
		rules_clear();
		rules_write("words.txt", "# people\nyou\nthem\n");
		rules_write("p.conf", text);
		if (v[i].said != NULL) {
			CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
			CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, where));
			if (strstr(rules_problems, where) == NULL)
				printf("\n  not said: %s\n  but: %s", where,
				    rules_problems);
		} else {
			struct policy_host *h = rules_open(NULL, NULL);

			SAME(rules_problems, "");
			policy_host_free(&h);
		}
		free(where);
		free(text);
	}
}

/* `near' of three parts is six patterns, and one mistake. */
static void
test_near_once(void)
{
	char *text = pack_of("lists = { act = [ \"kill?me\" ]; };",
	    "{ id = \"a\"; " RULE
	    "near = ( { of = [ \"@act\", \"you\", \"now\" ]; } );\n"
	    "phrases = [ \"@ict\" ]; }",
	    KILLS, TWINS);
	const char *first;

	rules_clear();
	rules_write("p.conf", text);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	first = strstr(rules_problems, "`kill?me' is not a word");
	CU_ASSERT_PTR_NOT_NULL(first);
	CU_ASSERT_PTR_NULL(first != NULL ? strstr(first + 1, "`kill?me'") : first);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "there is no list `ict'"));
	free(text);
}

/* What is wrong with an entry says which one. */
static void
test_entries(void)
{
	static const struct {
		const char *entry, *said;
	} v[] = {
	    {"set <99> x", "`<99>' is not a word"},
	    {"kill|", "an empty alternative (list `more'"},
	    {"@nolist", "there is no list `nolist' in this pack (list `more'"},
	};
	char *words, *where;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		words = xasprintf("# people\n\nyou\n%s\nthem\n", v[i].entry);
		rules_clear();
		rules_write("words.txt", words);
		rules_write("p.conf", lined);
		CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, v[i].said));
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "/words.txt:4)"));
		free(words);
	}
	words = xasprintf("you\n%0300d\n", 0);
	rules_write("words.txt", words);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	where = xasprintf("%s/words.txt:2: list `more' has an entry longer", rules_dir);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, where));
	free(where);
	free(words);
}

/* Texts that are no other ones, a condition that never holds, clauses of one name. */
static void
test_hollow(void)
{
	char *few;

	few = pack_of("", "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }",
	    "\"kill\", \"kill\", \"kill me\", \"kill\"", TWINS);
	check_refused(few, "`tests.fail' has fewer than 3 different texts");
	free(few);
	few = pack_of("contexts = { c = { phrases = [ \"x\" ]; }; };",
	    "{ id = \"a\"; " RULE
	    "phrases = [ \"kill\" ]; except = [ \"c\" ];\nrequire = [ "
	    "\"c\" ]; }",
	    KILLS, TWINS);
	check_refused(few, "p.conf:5: rule `p/a': context `c' is in `except' and in");
	free(few);
	check_refused(
	    "pack = { name = \"p\"; version = 1; owner = \"me\"; };\nclauses = ( { "
	    "id = \"1\"; text = \"One\"; },\n{ id = \"1\"; text = \"Two\"; } );",
	    "p.conf:3: clause `1' is here twice (first in line 2)");
}

static const struct suite_test tests[] = {
    {"lines of mistakes", test_lines},
    {"one mistake, said once", test_near_once},
    {"entries of lists that are wrong", test_entries},
    {"slips of authors", test_slips},
    {"places of mistakes in expressions", test_place},
    {"names, bytes and escapes", test_bytes},
    {"what is refused later", test_refused},
    {"several mistakes", test_several},
    {"what says nothing", test_hollow},
    {"expressions that run away", test_probe},
    {"a list beyond expressions", test_large_list},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_author", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
