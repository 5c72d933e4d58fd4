/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules: rule packs through the real plugin and the real host: what a pack may
 * say, what it is refused for, what its rules find, and where.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "policy/host.h"
#include "policy/meter.h"
#include "tests/suite.h"

#define PLUGIN TOSD_BUILDDIR "/plugins/rules/.libs/rules.so"

static const char base_pack[] =
    "pack = { name = \"base\"; version = 1; owner = \"me\"; };\n"
    "clauses = ( { id = \"1\"; text = \"Violence\"; } );\n"
    "lists = { kill = [ \"kill\", \"shoot\" ]; who = [ \"you\", \"them\", \"the "
    "@fruit\" ];\n"
    "  fruit = [ \"apple*\" ]; };\n"
    "contexts = { negation = { where = \"before\"; within = 3; phrases = [ \"never\" "
    "]; };\n"
    "  quotation = { quotes = true; }; };\n"
    "rules = ( { id = \"a\"; rev = 2; mode = \"enforce\"; category = \"violence\";\n"
    "  clause = \"1\"; severity = \"high\"; score = 0.9; reason = \"says {match}\";\n"
    "  phrases = [ \"i will|shall <2> @kill @who\" ]; except = [ \"negation\",\n"
    "  \"quotation\" ]; } );\n"
    "tests = {\n"
    "  fail = [ \"I will kill you\", \"i shall now shoot them\", \"I will kill the "
    "apples\" ];\n"
    "  ok = [ \"hello\", \"Never: I will kill you\", \"i will eat you\" ];\n"
    "  twins = ( [ \"i will kill you\", \"i will kill them\" ] );\n"
    "};\n";

static char dir[64];
static char problems[20000];

static void
note_problem(void *ctx, const char *text)
{
	(void)ctx;
	if (strlen(problems) + strlen(text) + 2 < sizeof(problems))
		strcat(strcat(problems, text), "\n");
}

static void
ignore_note(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

static void
write_file(const char *name, const char *text, size_t n)
{
	struct err e = ERR_INIT;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	CU_ASSERT_EQUAL_FATAL(file_write(path, text, n, 0600, FILE_NOSYNC, &e), 0);
}

static void
remove_all(void)
{
	char pattern[200];
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/*", dir);
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
}

static struct policy_host *
open_packs(const char *packs, const char *cache)
{
	static struct conf_plugin plugin;
	static struct conf_policy policy;
	static const char *names[] = {"North Hall", "A+ Site (west)"};
	static struct conf_safety safety = {.protect = names, .nprotect = 2};
	struct policy_options o = {.conf = &policy,
	    .safety = &safety,
	    .report = note_problem,
	    .note = ignore_note};
	struct policy_host *h = NULL;

	plugin = (struct conf_plugin){
	    .name = "rules", .path = PLUGIN, .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS};
	policy = (struct conf_policy){
	    .plugins = &plugin, .nplugins = 1, .packs_dir = packs, .cache_dir = cache};
	problems[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

/* Puts one pack into the folder and opens it. */
static struct policy_host *
open_pack(const char *text)
{
	remove_all();
	write_file("p.conf", text, strlen(text));
	return open_packs(dir, NULL);
}

struct answer {
	struct finding *v;
	uint32_t n;
	char *degraded;
};

static struct answer
ask_at(struct policy_host *h, const char *text, int64_t time)
{
	struct answer a = {0};
	struct item it;

	item_init(&it);
	it.text = xstrdup(text);
	policy_host_check(h, "k", &it, time, &a.v, &a.n, &a.degraded);
	item_clear(&it);
	return a;
}

static void
answer_clear(struct answer *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		finding_clear(&a->v[i]);
	free(a->v);
	free(a->degraded);
}

static uint32_t
count(struct policy_host *h, const char *text)
{
	struct answer a = ask_at(h, text, 0);
	uint32_t n = a.n;

	CU_ASSERT_PTR_NULL(a.degraded);
	answer_clear(&a);
	return n;
}

/* base_pack with the first `from` replaced; caller frees. */
static char *
edited(const char *from, const char *to)
{
	const char *at = strstr(base_pack, from);
	struct buf b = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	buf_put(&b, base_pack, (size_t)(at - base_pack));
	buf_puts(&b, to);
	buf_puts(&b, at + strlen(from));
	return buf_take(&b);
}

static void
test_good(void)
{
	struct policy_host *h = open_pack(base_pack);
	struct answer a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask_at(h, "Well. I will surely kill you!", 0);
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	CU_ASSERT_STRING_EQUAL(a.v[0].rule, "base/a");
	CU_ASSERT_EQUAL(a.v[0].rev, 2);
	CU_ASSERT_STRING_EQUAL(a.v[0].clause, "1 Violence");
	CU_ASSERT_STRING_EQUAL(a.v[0].reason, "says I will surely kill you");
	CU_ASSERT_EQUAL(a.v[0].severity, SEVERITY_HIGH);
	CU_ASSERT_EQUAL(a.v[0].spans[0].start, 6);
	CU_ASSERT_EQUAL(a.v[0].spans[0].end, 28);
	answer_clear(&a);
	CU_ASSERT_EQUAL(count(h, "I will. Kill you"), 0);
	CU_ASSERT_EQUAL(count(h, "i will one two kill you"), 1);
	CU_ASSERT_EQUAL(count(h, "i will one two three kill you"), 0);
	CU_ASSERT_EQUAL(count(h, "hi will kill you"), 0);
	CU_ASSERT_EQUAL(count(h, "i will kill youth"), 0);
	CU_ASSERT_EQUAL(count(h, "she said \"i will kill you\" and ran away"), 0);
	CU_ASSERT_EQUAL(count(h, "\"i will kill you\""), 1);
	CU_ASSERT_EQUAL(count(h, ""), 0);
	policy_host_free(&h);
}

/* Spans count bytes of the text as written, whatever was folded. */
static void
test_spans(void)
{
	static const struct {
		const char *text, *span;
	} v[] = {
	    {"né — I will kill you, né", "I will kill you"},
	    {"日本語 I wi\u200bll k\u0456ll you 日本", "I wi\u200bll k\u0456ll you"},
	    {"🔪 ｉ ｗｉｌｌ ｋｉｌｌ ｙｏｕ 🔪", "ｉ ｗｉｌｌ ｋｉｌｌ ｙｏｕ"},
	    {"é i w1ll k1ll you!", "i w1ll k1ll you"},
	    {"é I will k.i.l.l you", "I will k.i.l.l you"},
	    {"é I will killlll youuuu x", "I will killlll youuuu"},
	    {"𝐈 𝐰𝐢𝐥𝐥 𝐤𝐢𝐥𝐥 𝐲𝐨𝐮 é", "𝐈 𝐰𝐢𝐥𝐥 𝐤𝐢𝐥𝐥 𝐲𝐨𝐮"},
	};
	struct policy_host *h = open_pack(base_pack);

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct answer a = ask_at(h, v[i].text, 0);
		size_t at = (size_t)(strstr(v[i].text, v[i].span) - v[i].text);

		CU_ASSERT_EQUAL(a.n, 1);
		CU_ASSERT_PTR_NULL(a.degraded);
		if (a.n == 1) {
			CU_ASSERT_EQUAL(a.v[0].spans[0].start, at);
			CU_ASSERT_EQUAL(a.v[0].spans[0].end, at + strlen(v[i].span));
		} else {
			printf("\n  not found: %s", v[i].text);
		}
		answer_clear(&a);
	}
	policy_host_free(&h);
}

/* What matches overlap on is one span; what stands side by side is not. */
static void
test_joined(void)
{
	static const struct {
		const char *text;
		size_t n;
		uint32_t at[4];
	} v[] = {
	    {"beta alpha beta", 1, {0, 15}},
	    {"alpha beta alpha beta beta", 1, {0, 26}},
	    {"beta alpha. alpha beta", 2, {0, 10, 12, 22}},
	    {"zz gamma delta alpha beta", 1, {3, 25}},
	    {"gamma delta. beta alpha", 2, {0, 11, 13, 23}},
	};
	char *text =
	    edited("  phrases = [", "near = ( { of = [ \"alpha\", \"beta\" ]; } ); "
				    "regexes = [ \"gamma delta\", \"delta alpha\" ]; "
				    "phrases = [");
	struct policy_host *h = open_pack(text);

	SAME(problems, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct answer a = ask_at(h, v[i].text, 0);

		CU_ASSERT_EQUAL_FATAL(a.n, 1);
		CU_ASSERT_EQUAL(a.v[0].nspans, v[i].n);
		if (a.v[0].nspans != v[i].n)
			printf("\n  %zu spans: %s", a.v[0].nspans, v[i].text);
		for (size_t k = 0; k < a.v[0].nspans && k < v[i].n; k++) {
			CU_ASSERT_EQUAL(a.v[0].spans[k].start, v[i].at[k * 2]);
			CU_ASSERT_EQUAL(a.v[0].spans[k].end, v[i].at[k * 2 + 1]);
		}
		answer_clear(&a);
	}
	policy_host_free(&h);
	free(text);
}

static const struct {
	const char *from, *to, *want;
} bad_packs[] = {
    {"pack = {", "pack = { colour = 1;", "p.conf:1: unknown key `colour'"},
    {"version = 1;", "", "p.conf:1: `version' is missing"},
    {"version = 1;", "version = 0;", "must be a whole number from 1"},
    {"name = \"base\"", "name = \"Base Pack\"", "`name' must be lower-case"},
    {"owner = \"me\";", "", "`owner' is missing"},
    {"pack = {", "packs = {", "unknown key `packs'"},
    {"};\n", "}};\n", "syntax error"},
    {"clauses = ( {", "clauses = ( ); lists2 = ( {", "unknown key `lists2'"},
    {"{ id = \"1\"; text = \"Violence\"; }", "", "`clauses' is missing"},
    {"clause = \"1\"", "clause = \"2\"", "clause `2' is not in `clauses'"},
    {"\"kill\", \"shoot\"", "", "list `kill' is empty"},
    {"\"kill\", \"shoot\"", "1, 2", "list `kill' may hold strings only"},
    {"kill = [", "protected = [", "no name for a list"},
    {"\"the @fruit\"", "\"the @nuts\"", "there is no list `nuts'"},
    {"\"apple*\"", "\"@who\"", "too deep, or in a circle"},
    {"[ \"apple*\" ]", "{ file = \"/etc/passwd\"; }",
	"must lie under the pack's folder"},
    {"[ \"apple*\" ]", "{ file = \"none.txt\"; }", "list file `none.txt': cannot open"},
    {"where = \"before\"", "where = \"behind\"", "one of: text, sentence, before"},
    {"within = 3", "within = 90", "p.conf:5: `within' must be a whole number from 1"},
    {"{ quotes = true; }", "{ quotes = false; }", "context `quotation' is empty"},
    {"{ quotes = true; }", "{ quotes = true; commas = true; }",
	"`commas' has a meaning for patterns"},
    {"rev = 2;", "", "rule `base/a' lacks `rev'"},
    {"score = 0.9", "score = 1.5", "`score' must be a number from 0 to 1"},
    {"mode = \"enforce\"", "mode = \"on\"", "one of: draft, shadow, enforce, retired"},
    {"severity = \"high\"", "severity = \"bad\"",
	"one of: low, medium, high, critical"},
    {"reason = \"says {match}\";", "", "`reason' is missing"},
    {"rev = 2;", "rev = 2; expires = \"soon\";", "must be a day such as"},
    {"rev = 2;", "rev = 2; target = \"kill\";", "`target' names a list"},
    {"<2> @kill", "<99> @kill", "a gap is <0> to <20>"},
    {"<2> @kill @who", "@kill @who <2>", "begins and ends with a word"},
    {"<2> @kill @who", "ki*ll @who", "is not a word"},
    {"i will|shall <2> @kill @who", "i? will?", "every word of the phrase is optional"},
    {"i will|shall <2>", "i will| <2>", "an empty alternative"},
    {"i will|shall <2> @kill @who\"", "@target you\"", "the rule has no `target'"},
    {"phrases = [ \"i", "regexes = [ \"(i", "missing closing parenthesis"},
    {"phrases = [ \"i will|shall <2> @kill @who\" ]", "regexes = [ \"(?:kill)?\" ]",
	"matches the empty text"},
    {"phrases = [ \"i will|shall <2> @kill @who\" ];", "", "has no pattern"},
    {"except = [ \"negation\"", "except = [ \"irony\"", "there is no context `irony'"},
    {"\"I will kill you\",", "", "`tests.fail' has 2 entries, at least 3"},
    {"\"hello\",", "", "`tests.ok' has 2 entries, at least 3"},
    {"( [ \"i will kill you\", \"i will kill them\" ] )", "( )", "`tests.twins' has 0"},
    {"\"i will kill them\" ]", "\"i will kill you\" ]",
	"twins are two different texts"},
    {"\"i will kill them\" ]", "\"i will kill him\" ]", "twins differ: rule `base/a'"},
    {"\"hello\"", "\"i will kill you\"",
	"p.conf:13: test `ok' is found by rule `base/a'"},
    {"\"i shall now shoot", "\"i shall now hug",
	"p.conf:12: test `fail' is found by no rule"},
    {"\"i shall now shoot", "\"never i shall now shoot",
	"is found by no rule: \"never i shall now shoot them\"; `base/a' matches, but "
	"its "
	"context "
	"`negation' stands against it"},
    {"\"I will kill you\",", "{ text = \"x\"; rule = \"b\"; },", "syntax error"},
    {"fail = [ \"I will kill you\", \"i shall now shoot them\", \"I will kill the "
     "apples\" ]",
	"fail = ( { text = \"x\"; rule = \"b\"; }, \"i will kill you\", \"i will kill "
	"them\" )",
	"names the rule `b', which is not in this pack"},
    {"rules = ( {",
	"rules = ( { id = \"z\"; rev = 1; mode = \"shadow\"; category = \"x\"; "
	"clause = \"1\"; severity = \"low\"; score = 0; reason = \"r\"; "
	"phrases = [ \"zebra\" ]; }, {",
	"rule `base/z' is found by no test"},
    {"rules = (", "@include \"/etc/passwd\"\nrules = (", "@include is not for packs"},
    {"hello", "hell\xff", "not valid UTF-8"},
};

static void
test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad_packs) / sizeof(bad_packs[0]); i++) {
		char *text = edited(bad_packs[i].from, bad_packs[i].to);
		struct policy_host *h = open_pack(text);

		CU_ASSERT_PTR_NULL(h);
		CU_ASSERT_PTR_NOT_NULL(strstr(problems, bad_packs[i].want));
		CU_ASSERT_PTR_NOT_NULL(strstr(problems, "p.conf"));
		if (strstr(problems, bad_packs[i].want) == NULL)
			printf(
			    "\n  wanted: %s\n  got: %s", bad_packs[i].want, problems);
		policy_host_free(&h);
		free(text);
	}
}

/* What an item waits for; NULL: it is judged, wholly. */
static char *
waits_for(struct policy_host *h, const char *text)
{
	struct policy_ask a = {.tenant = "k"};
	struct item it;
	char *why;

	item_init(&it);
	it.text = xstrdup(text);
	a.it = &it;
	policy_host_judge(h, &a, 1, 1000);
	CU_ASSERT_PTR_NULL(a.degraded);
	why = a.nretry == 1 ? xasprintf("%s: %s", a.retry[0].plugin, a.retry[0].why)
			    : NULL;
	CU_ASSERT_TRUE(a.nretry <= 1);
	policy_ask_clear(&a);
	item_clear(&it);
	return why;
}

/* One bad pack does not take the others with it; two of one name are one too many. What
 * a refused one would have found is not known: nothing is clean then. */
static void
test_company(void)
{
	struct policy_host *h;
	struct msg m;
	char *why;

	remove_all();
	write_file("a.conf", base_pack, strlen(base_pack));
	write_file("b.conf", base_pack, strlen(base_pack));
	write_file("c.conf", "nonsense", 8);
	write_file("d.txt", "not read", 8);
	h = open_packs(dir, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "b.conf: the pack name `base' is taken by /"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "c.conf:1: syntax error"));
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_EQUAL(m.rules.n, 1);
	CU_ASSERT_EQUAL(m.rules.nproblems, 2);
	CU_ASSERT_EQUAL_FATAL(m.rules.nmissing, 1);
	/* People mend it, no successor does. */
	CU_ASSERT_EQUAL(m.rules.missing[0].how, MISSING_PART);
	CU_ASSERT_STRING_EQUAL(m.rules.missing[0].plugin, "rules");
	msg_clear(&m);
	why = waits_for(h, "a meadow");
	CU_ASSERT_PTR_NOT_NULL_FATAL(why);
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    why, "rules: not complete: 2 packs are not loaded, b.conf, c.conf: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "b.conf: the pack name"));
	free(why);
	policy_host_free(&h);
	/* Mended. */
	h = open_pack(base_pack);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_PTR_NULL(waits_for(h, "a meadow"));
	policy_host_free(&h);
}

/* Those that are read well, and refused later: they do not compile, or do not pass. */
static void
test_lacks(void)
{
	static const struct {
		const char *from, *to;
	} bad[] = {
	    {"hello", "hell\xff"},
	    {"phrases = [ \"i", "regexes = [ \"(i"},
	    {"\"hello\"", "\"i will kill you\""},
	};
	char *named = edited("name = \"base\"", "name = \"other\"");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = edited(bad[i].from, bad[i].to), *why;
		struct policy_host *h;

		remove_all();
		write_file("a.conf", named, strlen(named));
		write_file("x.conf", text, strlen(text));
		h = open_packs(dir, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		CU_ASSERT_EQUAL(count(h, "I will kill you"), 1);
		why = waits_for(h, "a meadow");
		CU_ASSERT_PTR_NOT_NULL_FATAL(why);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, "pack x.conf is not loaded: /"));
		free(why);
		policy_host_free(&h);
		free(text);
	}
	free(named);
}

static void
test_list_file_and_expiry(void)
{
	static const char fruit[] = "# ours\napple*\n\n  plum # sweet\n";
	char *text = edited("[ \"apple*\" ]", "{ file = \"fruit.txt\"; }"), *digest;
	struct policy_host *h;
	struct answer a;

	remove_all();
	write_file("fruit.txt", fruit, strlen(fruit));
	write_file("p.conf", text, strlen(text));
	h = open_packs(dir, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_EQUAL(count(h, "i will kill the plum"), 1);
	CU_ASSERT_EQUAL(count(h, "i will kill the applesauce"), 1);
	digest = xstrdup(policy_host_digest(h));
	policy_host_free(&h);
	write_file("fruit.txt", "apple*\n", 7);
	h = open_packs(dir, NULL);
	CU_ASSERT_STRING_NOT_EQUAL(digest, policy_host_digest(h));
	policy_host_free(&h);
	free(digest);
	free(text);
	text = edited("rev = 2;", "rev = 2; expires = \"2027-01-02\";");
	h = open_pack(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask_at(h, "i will kill you", clock_parse("2027-01-01T23:59:59Z"));
	CU_ASSERT_EQUAL(a.n, 1);
	answer_clear(&a);
	a = ask_at(h, "i will kill you", clock_parse("2027-01-02T00:00:00Z"));
	CU_ASSERT_EQUAL(a.n, 0);
	answer_clear(&a);
	policy_host_free(&h);
	free(text);
}

/* @protected: tests use stand-ins, the work the operator's names, signs and all. */
static void
test_protected(void)
{
	char *text = edited("phrases = [ \"i will|shall <2> @kill @who\" ]",
	    "target = \"@protected\"; near = ( { of = [ \"@kill\", \"@target\" ]; "
	    "within = 3; } )");
	struct buf b = {0};
	struct policy_host *h;
	char *tests = strstr(text, "tests = {");

	buf_put(&b, text, (size_t)(tests - text));
	buf_puts(&b, "tests = { protected = [ \"Old Mill\" ];\n"
		     "fail = [ \"kill all in the old mill\", \"Old Mill, shoot\", "
		     "\"kill Old Mill\" ];\n"
		     "ok = [ \"North Hall\", \"kill north hall\", \"b\" ];\n"
		     "twins = ( [ \"kill old mill\", \"shoot old mill\" ] ); };\n");
	h = open_pack(b.data);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_EQUAL(count(h, "kill at the NORTH  hall"), 1);
	CU_ASSERT_EQUAL(count(h, "north hall. we kill"), 0);
	CU_ASSERT_EQUAL(count(h, "north hall, we kill"), 1);
	CU_ASSERT_EQUAL(count(h, "shoot A+ Site (west) now"), 1);
	CU_ASSERT_EQUAL(count(h, "shoot AA Site west now"), 0);
	CU_ASSERT_EQUAL(count(h, "kill old mill"), 0);
	policy_host_free(&h);
	buf_free(&b);
	free(text);
}

static size_t
cache_path(char *path, size_t n)
{
	char pattern[200];
	size_t found;
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/rules-*.hsdb", dir);
	if (glob(pattern, 0, NULL, &g) != 0)
		return 0;
	snprintf(path, n, "%s", g.gl_pathv[0]);
	found = g.gl_pathc;
	globfree(&g);
	return found;
}

/* base_pack with an expression that is left to Hyperscan; caller frees. */
static char *
with_regex(void)
{
	return edited(
	    "phrases = [ \"i will", "regexes = [ \"zo+m\" ]; phrases = [ \"i will");
}

/* A cache that is cut, changed or not ours is made anew, and the rules work. */
static void
test_cache(void)
{
	char *pack = with_regex();
	char path[300];
	struct stat st;
	struct policy_host *h;
	ino_t before;

	remove_all();
	write_file("p.conf", pack, strlen(pack));
	free(pack);
	h = open_packs(dir, dir);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	policy_host_free(&h);
	CU_ASSERT_EQUAL_FATAL(cache_path(path, sizeof(path)), 1);
	stat(path, &st);
	before = st.st_ino;
	h = open_packs(dir, dir);
	policy_host_free(&h);
	stat(path, &st);
	CU_ASSERT_EQUAL(st.st_ino, before);
	for (int how = 0; how < 3; how++) {
		int fd = open(path, O_RDWR);

		if (how == 0)
			CU_ASSERT_EQUAL(ftruncate(fd, 100), 0);
		if (how == 1)
			CU_ASSERT_EQUAL(pwrite(fd, "XXXX", 4, 300), 4);
		if (how == 2)
			CU_ASSERT_EQUAL(fchmod(fd, 0666), 0);
		close(fd);
		h = open_packs(dir, dir);
		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		CU_ASSERT_EQUAL(count(h, "i will kill you"), 1);
		policy_host_free(&h);
		stat(path, &st);
		CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	}
	h = open_packs(dir, "/nonexistent");
	CU_ASSERT_PTR_NOT_NULL(h);
	policy_host_free(&h);
}

/* Nor is one taken that is whole and of other expressions, whatever it is called: it
 * would find what nobody asked for, and nothing else. */
static void
test_cache_other(void)
{
	char *pack = with_regex(), own[300], other[300];
	struct policy_host *h;

	remove_all();
	write_file("p.conf", pack, strlen(pack));
	h = open_packs(dir, dir);
	policy_host_free(&h);
	CU_ASSERT_EQUAL_FATAL(cache_path(own, sizeof(own)), 1);
	CU_ASSERT_EQUAL(unlink(own), 0);
	memcpy(strstr(pack, "zo+m"), "xo+m", 4);
	write_file("p.conf", pack, strlen(pack));
	h = open_packs(dir, dir);
	policy_host_free(&h);
	CU_ASSERT_EQUAL_FATAL(cache_path(other, sizeof(other)), 1);
	CU_ASSERT_EQUAL(rename(other, own), 0);
	memcpy(strstr(pack, "xo+m"), "zo+m", 4);
	write_file("p.conf", pack, strlen(pack));
	free(pack);
	h = open_packs(dir, dir);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_EQUAL(count(h, "zooooom"), 1);
	policy_host_free(&h);
}

/* Workers that start together compile once and none of them fails. */
static void
test_cache_race(void)
{
	char *pack = with_regex();
	pid_t pid[4];
	char path[300];

	remove_all();
	write_file("p.conf", pack, strlen(pack));
	free(pack);
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct policy_host *h = open_packs(dir, dir);

			_exit(h != NULL && count(h, "i will kill you") == 1 ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status = 1;

		waitpid(pid[i], &status, 0);
		CU_ASSERT_EQUAL(status, 0);
	}
	CU_ASSERT_EQUAL(cache_path(path, sizeof(path)), 1);
}

/* A wicked text ends, and ends as degraded rather than clean. */
static void
test_wicked(void)
{
	char *text = edited("phrases = [", "regexes = [ \"(?:k+)+x\" ]; phrases = [");
	struct policy_host *h = open_pack(text);
	size_t n = 900000;
	char *s = xmalloc(n + 1);
	struct answer a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < n; i++)
		s[i] = "i will kill "[i % 12];
	s[n] = '\0';
	a = ask_at(h, s, 0);
	CU_ASSERT_EQUAL(a.n, 0);
	answer_clear(&a);
	for (size_t i = 0; i < n; i++)
		s[i] = i % 1000 == 0 ? '-' : "kK"[i & 1];
	memcpy(s + n - 2, "-x", 2);
	a = ask_at(h, s, 0);
	CU_ASSERT_TRUE(a.n == 0);
	answer_clear(&a);
	free(s);
	free(text);
	policy_host_free(&h);
}

/* What ships: it loads, and the hard negatives give no finding. */
static void
test_shipped(void)
{
	struct policy_host *h = open_packs(TOSD_SRCDIR "/etc/policies.d", NULL);
	FILE *f = fopen(TOSD_SRCDIR "/tests/policy_negatives.txt", "r");
	unsigned lines = 0;
	char line[2000];

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_STRING_EQUAL(problems, "");
	while (fgets(line, sizeof(line), f) != NULL) {
		struct answer a;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		a = ask_at(h, line, 0);
		CU_ASSERT_EQUAL(a.n, 0);
		if (a.n > 0)
			printf("\n  %s: %s", a.v[0].rule, line);
		answer_clear(&a);
		lines++;
	}
	fclose(f);
	CU_ASSERT_TRUE(lines >= 60);
	CU_ASSERT_TRUE(count(h, "I will kill you") > 0);
	CU_ASSERT_TRUE(count(h, "we should burn down your data center") > 0);
	policy_host_free(&h);
}

/* Where time goes: only to rules that are tried, of each of the first items and then of
 * one in so many, which stands for all of them. */
static void
test_spent(void)
{
	struct policy_host *h = open_pack(base_pack);
	struct msg_spent *v;
	struct answer a;
	uint32_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (int i = 0; i < METER_FIRST; i++) {
		a = ask_at(h, i < 10 ? "i shall now kill you" : "good morning", 0);
		CU_ASSERT_EQUAL(a.n, i < 10);
		answer_clear(&a);
	}
	policy_host_spent(h, &v, &n);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_STRING_EQUAL(v[0].rule, "base/a");
	CU_ASSERT_EQUAL(v[0].rev, 2);
	CU_ASSERT_EQUAL(v[0].cost.items, 10);
	CU_ASSERT(v[0].cost.ns > 0);
	free(v[0].rule);
	free(v);
	policy_host_spent(h, &v, &n);
	CU_ASSERT_EQUAL(n, 0);
	free(v);
	for (int i = 0; i < 2 * METER_EVERY; i++)
		CU_ASSERT_EQUAL(count(h, "i shall now kill you"), 1);
	policy_host_spent(h, &v, &n);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_EQUAL(v[0].cost.items, 2 * METER_EVERY);
	free(v[0].rule);
	free(v);
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"where time goes", test_spent},
    {"a good pack", test_good},
    {"spans in the text as written", test_spans},
    {"spans that overlap are one", test_joined},
    {"bad packs are refused by name", test_bad},
    {"packs in company", test_company},
    {"without a pack nothing is clean", test_lacks},
    {"list files and expiry", test_list_file_and_expiry},
    {"protected names", test_protected},
    {"the cache of compiled patterns", test_cache},
    {"workers that start together", test_cache_race},
    {"a cache of others", test_cache_other},
    {"wicked texts", test_wicked},
    {"the shipped packs", test_shipped},
};

int
main(void)
{
	int rc;

	snprintf(dir, sizeof(dir), "/tmp/tosd-rules-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 2;
	rc = suite_main("rules", tests, sizeof(tests) / sizeof(tests[0]));
	remove_all();
	rmdir(dir);
	return rc;
}
