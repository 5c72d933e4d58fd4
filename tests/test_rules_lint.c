/* SPDX-License-Identifier: Apache-2.0 */
/* test_rules_lint: what `tosctl policy lint' tells of packs that load. */
#include "tests/rules_pack.h"

static void
check_noted(const char *const *what, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_notes, what[i]));
		if (strstr(rules_notes, what[i]) == NULL)
			printf("\n  not said: %s in\n%s", what[i], rules_notes);
	}
}

/* Warnings about words, and about what `tosctl policy new' leaves to the author. */
static void
test_lint_slips(void)
{
	char *text = pack_of(
	    "contexts = { c = { where = \"sentence\"; within = 3; phrases = [ \"zz\" "
	    "]; }; d = { where = \"after\"; within = 3; phrases = [ \"zz\" ]; }; }; "
	    "lists = { l = [ \"(sure\", \"%\", \"2,000\", \"co-op\", \"%\" ]; };",
	    "{ id = \"a\"; " RULE
	    "phrases = [ \"kill, you\", \"kill them?\", \"don't kill\", "
	    "\"kill @l\" ]; }",
	    "\"kill, you\", \"i kill them\", \"kill 2,000\"",
	    "\"kill co-op\", \"kill %\"");
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("lint", "2026-11-29");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_notes, "the sign in `kill,' must then stand"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_notes, "the sign in `(sure' must then stand"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_notes, "list `l' has twice: `%'"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_notes, "context `c': `within' has a meaning"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "context `d': `within'"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "can never count"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "the sign in `2,000'"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "the sign in `co-op'"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "the sign in `%'"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "the sign in `them?'"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "the sign in `don't'"));
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "still"));
	policy_host_free(&h);
	free(text);
}

/* Whether lint has warned of the phrase. */
static bool
is_warned(const char *phrase)
{
	char *want = xasprintf("\"%s\" means `", phrase);
	bool is = strstr(rules_notes, want) != NULL;

	free(want);
	return is;
}

/* Of a|b it is said where two phrases were meant, and nowhere else. */
static void
test_lint_either(void)
{
	static const char *const meant[] = {"burn down|to the ground",
	    "torch it down|to ash", "kill you|your family", "stab him|them|the cops",
	    "rip it to shreds|apart", "belong in the ground|a grave",
	    "shoot up|at the crowd", "coming today|next week",
	    "strong together|with us", "hunt down|gun down", "side by side|together",
	    "you are|you're|youre dead", "we're|we are coming",
	    "should've|shoulda|should have died", "i will|ill find you",
	    "We ARE|WE'RE coming", "they do not|dont know"};
	static const char *const fine[] = {"burn down|up the house",
	    "down|along|through the wing", "run away|off", "in here|there",
	    "by tomorrow|friday", "talk to|at|with him", "tell him|her|them the|a lie",
	    "make him|her|this famous", "the next|last one", "in the back|head",
	    "buy him|them|the a? pint", "shot up|in <2> face",
	    "kill him|them now|today", "the old|new town",
	    "get it|them to|into the car", "set it on fire|ablaze",
	    "i'd|id|i have|of gone", "you're|youre dead", "i will|shall come",
	    "i'll|i will? pay", "we are|were there"};
	struct buf b = {0};
	struct policy_host *h;
	char *text;

	buf_puts(&b, "{ id = \"a\"; " RULE "phrases = [ \"kill\"");
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		buf_printf(&b, ", \"%s\"", meant[i]);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		buf_printf(&b, ", \"%s\"", fine[i]);
	buf_puts(&b, " ]; }");
	text = pack_of("contexts = { c = { where = \"text\"; phrases = [ \"gone up|to "
		       "heaven\" ]; }; }; lists = { l = [ \"all up|in flames\" ]; };",
	    b.data, KILLS, TWINS);
	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("lint", "2026-11-29");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++) {
		CU_ASSERT_TRUE(is_warned(meant[i]));
		if (!is_warned(meant[i]))
			printf("\n  not said of: %s", meant[i]);
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		CU_ASSERT_FALSE(is_warned(fine[i]));
		if (is_warned(fine[i]))
			printf("\n  said of: %s", fine[i]);
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_notes,
	    "context `c': \"gone up|to heaven\" means `up' or `to' between"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_notes, "list `l': \"all up|in flames\""));
	policy_host_free(&h);
	buf_free(&b);
	free(text);
}

static size_t
times_noted(const char *what)
{
	size_t n = 0;

	for (const char *s = rules_notes; (s = strstr(s, what)) != NULL; s++)
		n++;
	return n;
}

/* Two packs, p as it is given and q, with what they share, for lint. */
static struct policy_host *
lint_two(const char *text, const char *shared)
{
	char *other = xstrdup(text), *name = strstr(other, "\"p\"");
	struct policy_host *h;

	CU_ASSERT_PTR_NOT_NULL_FATAL(name);
	name[1] = 'q';
	rules_clear();
	rules_write("s.inc", shared);
	rules_write("p.conf", text);
	rules_write("q.conf", other);
	h = rules_open("lint", "2026-11-29");
	SAME(rules_problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	free(other);
	return h;
}

/* What packs share is looked at like what is their own, and told once. */
static void
test_lint_shared(void)
{
	static const char *const said[] = {
	    "s.inc:2: list `l': the sign in `(sure' must",
	    "s.inc:1: list `l' has twice: `twice'",
	    "s.inc:2: `k\u0456ll' has letters of two scripts",
	    "s.inc:3: context `c': `@l' stands for these letters",
	    "s.inc:4: context `d': \"one two three\" has 3 words, and `within' is 2",
	    "s.inc:5: context `e': `within' has a meaning for before"};
	char *text = pack_of("include = [ \"s.inc\" ];",
	    "{ id = \"a\"; " RULE
	    "phrases = [ \"kill\" ]; except = [ \"c\", \"d\", \"e\" ]; }",
	    KILLS, TWINS);
	struct policy_host *h = lint_two(text,
	    "lists = { l = [ \"twice\", \"twice\",\n\"(sure\", \"k\u0456ll\" ]; };\n"
	    "contexts = { c = { regexes = [ \"@l x\" ]; };\nd = { where = \"after\"; "
	    "within = 2; phrases = [ \"one two three\" ]; };\ne = { where = "
	    "\"sentence\"; within = 2; phrases = [ \"x\" ]; }; };\n");

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		CU_ASSERT_EQUAL(times_noted(said[i]), 1);
		if (times_noted(said[i]) != 1)
			printf("\n  said %zu times: %s", times_noted(said[i]), said[i]);
	}
	policy_host_free(&h);
	free(text);
}

/* Expressions of contexts are tried as those of rules are: a rule waits for them.  But
 * they need no word, for nobody looks for them in every text. */
static void
test_lint_contexts(void)
{
	static const char *const said[] = {
	    "context `c': \"(?:k+)+!\" is slow: more than 20000 steps",
	    "context `c': no end to `.*there' in \"here.*there\"",
	    "context `(in a rule)': \"(?:@{l}+)+!\" is slow",
	    "s.inc:1: context `shared': \"(?:s+)+!\" is slow"};
	static const char *const unsaid[] = {"\"\\d{1,3} of them\"", "\"[0-9]{3}\""};
	char *text = pack_of("include = [ \"s.inc\" ]; lists = { l = [ \"r\" ]; }; "
			     "contexts = { c = { regexes = [ \"(?:k+)+!\", "
			     "\"here.*there\", \"\\\\d{1,3} of them\", "
			     "\"[0-9]{3}\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; except = ( \"c\", "
	    "\"shared\", { where = \"after\"; regexes = [ \"(?:@{l}+)+!\" ]; } ); }",
	    KILLS, TWINS);
	struct policy_host *h = lint_two(
	    text, "contexts = { shared = { regexes = [ \"(?:s+)+!\" ]; }; };\n");

	check_noted(said, sizeof(said) / sizeof(said[0]));
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++)
		CU_ASSERT_EQUAL(times_noted(unsaid[i]), 0);
	CU_ASSERT_EQUAL(times_noted(said[3]), 1);
	policy_host_free(&h);
	free(text);
}

/* The same words about another target are another pattern. */
static void
test_lint_targets(void)
{
	char *text = pack_of("lists = { men = [ \"men\" ]; women = [ \"women\" ]; };",
	    "{ id = \"a\"; " RULE "target = \"@men\"; phrases = [ \"kill @target\", "
	    "\"maim\" ]; regexes = [ \"hurt @{target}\" ]; },"
	    "{ id = \"b\"; " RULE "target = \"@women\"; phrases = [ \"kill @target\", "
	    "\"maim\" ]; regexes = [ \"hurt @{target}\" ]; },"
	    "{ id = \"c\"; " RULE
	    "target = \"@men\"; phrases = [ \"kill @target\" ]; }",
	    "\"kill men\", \"kill women\", \"maim\"", "\"maim men\", \"maim women\"");
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("lint", "2026-11-29");
	SAME(rules_problems, "");
	CU_ASSERT_EQUAL(times_noted("is a pattern of rule"), 2);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_notes, "rule `p/b': \"maim\" is a pattern"));
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    rules_notes, "rule `p/c': \"kill @target\" is a pattern of rule `p/a'"));
	policy_host_free(&h);
	free(text);
}

/* Rules that do less than they look like. */
static void
test_lint_rules(void)
{
	static const char *const said[] = {
	    "rule `p/weak': all its patterns together weigh 0.3, less than 0.5",
	    "rule `p/aim': its `target' is @thing, but no pattern has @target",
	    "p.conf:8: rule `p/twice': \"maim\" is there twice (first in line 7)",
	    "p.conf:9: rule `p/plain': `@act' stands for these letters in an "
	    "expression; the list is @{act}",
	    "context `c': `@any-place' stands for", "`p/old' has expired",
	    "2 of its files were not looked at here (*.list); tosctl lists check FILE"};
	static const char *const unsaid[] = {
	    "p/strong", "p/kindly", "p/pair", "`@nobody'", "p/named"};
	char *text = pack_of(
	    "lists = { act = [ \"burn\" ]; thing = { kind = \"place\"; words = [ "
	    "\"shed\" ]; }; of = [ \"near @target\" ]; };"
	    "contexts = { c = { where = \"text\"; regexes = [ \"@any-place\" ]; }; };",
	    "{ id = \"weak\"; " RULE "except = [ \"c\" ]; "
	    "phrases = ( { text = \"kill\"; weight = 0.3; } ); },\n"
	    "{ id = \"strong\"; " RULE "phrases = ( { text = \"kill me\"; weight = "
	    "0.4; }, { text = \"kill you|them|kill\"; weight = 0.4; } ); },\n"
	    "{ id = \"aim\"; " RULE "target = \"@thing\"; phrases = [ \"hit @act\" ]; "
	    "},\n"
	    "{ id = \"twice\"; " RULE "phrases = [ \"maim\",\n"
	    "\"maim\" ]; },\n"
	    "{ id = \"plain\"; " RULE "regexes = [ \"@act now\", \"@nobody\", "
	    "\"@{act} now\" ]; },\n"
	    "{ id = \"kindly\"; " RULE "target = \"@thing\"; phrases = [ \"paint "
	    "@thing\" ]; },\n"
	    "{ id = \"named\"; " RULE "target = \"@thing\"; phrases = [ \"go @of\" ]; "
	    "},\n"
	    "{ id = \"pair\"; " RULE "near = ( { of = [ \"bad\", \"bad\" ]; } ); },\n"
	    "{ id = \"old\"; " RULE "expires = \"2020-01-01\"; phrases = [ \"old\" ]; "
	    "}",
	    KILLS ", \"hit burn\", \"maim\", \"@act now\", \"paint shed\", "
		  "\"go near shed\", \"bad bad\", \"old\"",
	    TWINS);
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	rules_write("a.list", "x\n");
	rules_write("b.list", "x\n");
	h = rules_open("lint", "2026-11-29");
	SAME(rules_problems, "");
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_notes, said[i]));
		if (strstr(rules_notes, said[i]) == NULL)
			printf("\n  not said: %s\n%s", said[i], rules_notes);
	}
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++) {
		char *rule = xasprintf("warning: %s/p.conf:", rules_dir);

		for (const char *s = rules_notes; (s = strstr(s, rule)) != NULL; s++) {
			size_t n = strcspn(s, "\n");
			bool named = memmem(s, n, unsaid[i], strlen(unsaid[i])) != NULL;

			/* That it counts by its pack alone is said of all. */
			named = named && memmem(s, n, "is new (rev 1)", 14) == NULL &&
				memmem(s, n, "test texts", 10) == NULL;
			CU_ASSERT(!named);
			if (named)
				printf("\n  said: %.*s", (int)n, s);
		}
		free(rule);
	}
	policy_host_free(&h);
	free(text);
}

/* What can never hold, or counts less than it looks, or looks like what it is not. */
static void
test_lint_never(void)
{
	static const char *const said[] = {
	    "p.conf:4: context `c': \"one two three four five six\" has 6 words, and "
	    "`within' is 5 where it is not written",
	    "p.conf:5: context `d': \"@l three\" has 3 words, and `within' is 2:",
	    "p.conf:6: context `q' has `quotes = true' and patterns: it holds where "
	    "either",
	    "p.conf:3: list `l' has twice: `a b' (as `A b'), `\u0431 \u0432' (as "
	    "`\u0411 "
	    "\u0432')",
	    "p.conf:8: `k\u0456ll' has letters of two scripts",
	    "p.conf:9: `h\u03bfpe' has letters of two scripts",
	    "the `fail' text \"i kill you\" is there twice (first in line 10)",
	    "the `ok' text \"q\" is there twice (first in line 10)"};
	static const char *const unsaid[] = {"context `e'", "\"two two\"", "slips",
	    "\u0442\u0440\u0430\u0432", "mixed", "\u0440\u0430\u0432\" needs no word",
	    "twice: `i kill them'"};
	const char *text =
	    "pack = { name = \"p\"; version = 1; owner = \"me\"; }; clauses = ( { id = "
	    "\"1\"; text = \"One\"; } );\n"
	    "lists = {\n"
	    "l = [ \"A b\", \"a b\", \"\u0411 \u0432\", \"\u0431 \u0432\", \"x y\" ]; "
	    "}; contexts = { c = { where = \"after\"; phrases = [\n"
	    "\"one two three four five six\", \"one two three? four five six\" ]; };\n"
	    "d = { where = \"before\"; within = 2; phrases = [ \"@l three\", \"two "
	    "two\" ]; "
	    "};\n"
	    "q = { quotes = true; phrases = [ \"said\" ]; };\n"
	    "e = { where = \"around\"; within = 1; phrases = [ \"he may kill\" ]; }; "
	    "};\n"
	    "rules = ( { id = \"a\"; " RULE "phrases = [ \"kill\", \"k\u0456ll\" ];\n"
	    "regexes = [ \"h\u03bfpe\", "
	    "\"[a-z\u0430-\u044f]z\\\\w\u0442\u0440\u0430\u0432"
	    "\" ]; except = [ \"c\", \"d\", \"q\", \"e\" ]; } );\n"
	    "tests = { ok = [ \"?\", \"q\", \"qq\", \"q\" ]; fail = ( \"i kill you\", "
	    "\"i kill "
	    "them\", \"kill kill\", { text = \"i kill them\"; rule = \"a\"; },\n"
	    "\"i kill you\" ); twins = ( [ \"i kill you\", \"i kill them\" ] ); };\n";
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("lint", "2026-11-29");
	SAME(rules_problems, "");
	check_noted(said, sizeof(said) / sizeof(said[0]));
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++) {
		CU_ASSERT_PTR_NULL(strstr(rules_notes, unsaid[i]));
		if (strstr(rules_notes, unsaid[i]) != NULL)
			printf("\n  said: %s in\n%s", unsaid[i], rules_notes);
	}
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"slips", test_lint_slips},
    {"either of two phrases", test_lint_either},
    {"what packs share", test_lint_shared},
    {"expressions of contexts", test_lint_contexts},
    {"targets", test_lint_targets},
    {"rules that do little", test_lint_rules},
    {"what can never hold", test_lint_never},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_lint", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
