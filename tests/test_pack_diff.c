/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pack_diff: what of two packs differs, and whether a rule means something else,
 * beside the plugin's digest of what it means.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "rules/meaning.h"
#include "suite.h"
#include "tosctl/pack_doc.h"

/* One pack p with one rule p/r; quotes are written as '. */
static json_t *
pack_of(const char *rule, const char *lists, const char *contexts)
{
	char text[2000];
	json_error_t e;
	json_t *o;

	snprintf(text, sizeof(text),
	    "{'p': {'pack': {'name': 'p'}, 'clauses': {}, 'lists': %s, "
	    "'contexts': %s, 'rules': {'p/r': %s}, 'tests': {'ok': ['a']}}}",
	    lists, contexts, rule);
	for (char *s = text; *s != '\0'; s++)
		*s = *s == '\'' ? '"' : *s;
	o = json_loads(text, 0, &e);
	if (o == NULL) {
		printf("%s in %s\n", e.text, text);
		CU_FAIL_FATAL("json");
	}
	return o;
}

#define RULE "{'rev': 1, 'mode': 'draft', 'phrases': ['@act x', 'y'], 'except': ['c']}"
#define LISTS                                                                  \
	"{'act': {'words': ['u', '@more']}, 'more': {'words': ['v']}, 'far': " \
	"{'words': "                                                           \
	"['w']}}"
#define CONTEXTS "{'c': {'phrases': ['z']}, 'd': {'phrases': ['z']}}"

struct expect {
	const char *rule, *lists, *contexts;
	size_t lines; /* what nobody names is told of the pack */
	unsigned unraised;
};

static void
test_meaning(void)
{
	static const struct expect v[] = {
	    {RULE, LISTS, CONTEXTS, 0, 0},
	    /* What is said about it. */
	    {"{'rev': 1, 'mode': 'shadow', 'phrases': ['@act x', 'y'], 'except': "
	     "['c']}",
		LISTS, CONTEXTS, 1, 0},
	    /* Another pattern, with and without another rev. */
	    {"{'rev': 1, 'mode': 'draft', 'phrases': ['@act x', 'q'], 'except': ['c']}",
		LISTS, CONTEXTS, 1, 1},
	    {"{'rev': 2, 'mode': 'draft', 'phrases': ['@act x', 'q'], 'except': ['c']}",
		LISTS, CONTEXTS, 1, 0},
	    {"{'rev': 0, 'mode': 'draft', 'phrases': ['@act x', 'q'], 'except': ['c']}",
		LISTS, CONTEXTS, 1, 1},
	    {"{'rev': 1, 'mode': 'draft', 'phrases': ['@act x', 'y'], 'except': []}",
		LISTS, CONTEXTS, 1, 1},
	    /* The same patterns in another order are the same. */
	    {"{'rev': 1, 'mode': 'draft', 'phrases': ['y', '@act x'], 'except': ['c']}",
		LISTS, CONTEXTS, 0, 0},
	    /* A list that a list of the rule's names; one that nobody names. */
	    {RULE,
		"{'act': {'words': ['u', '@more']}, 'more': {'words': ['v', 'n']}, "
		"'far': {'words': ['w']}}",
		CONTEXTS, 1, 1},
	    {RULE,
		"{'act': {'words': ['u', '@more']}, 'more': {'words': ['v']}, "
		"'far': {'words': ['other']}}",
		CONTEXTS, 1, 0},
	    /* The same of contexts. */
	    {RULE, LISTS, "{'c': {'phrases': ['zz']}, 'd': {'phrases': ['z']}}", 1, 1},
	    {RULE, LISTS, "{'c': {'phrases': ['z']}, 'd': {'phrases': ['zz']}}", 1, 0},
	    {RULE, LISTS,
		"{'c': {'phrases': ['z'], 'about': 'a'}, 'd': {'phrases': ['z']}}", 1,
		0},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		json_t *a = pack_of(RULE, LISTS, CONTEXTS);
		json_t *b = pack_of(v[i].rule, v[i].lists, v[i].contexts);
		unsigned unraised;
		json_t *out = pack_doc_diff(a, b, &unraised);

		if (json_array_size(out) != v[i].lines || unraised != v[i].unraised)
			printf("case %zu: %zu lines, %u unraised\n", i,
			    json_array_size(out), unraised);
		CU_ASSERT_EQUAL(json_array_size(out), v[i].lines);
		CU_ASSERT_EQUAL(unraised, v[i].unraised);
		json_decref(out);
		json_decref(a);
		json_decref(b);
	}
}

static const char *
str(const json_t *out, size_t i, const char *key)
{
	const char *s = json_string_value(json_object_get(json_array_get(out, i), key));

	return s != NULL ? s : "";
}

static void
test_added(void)
{
	json_t *a = pack_of(RULE, LISTS, CONTEXTS), *none = json_object(), *out;
	unsigned unraised;

	out = pack_doc_diff(none, a, &unraised);
	CU_ASSERT_EQUAL(json_array_size(out), 2);
	SAME(str(out, 0, "change"), "added");
	SAME(str(out, 0, "pack"), "p");
	SAME(str(out, 1, "change"), "added");
	SAME(str(out, 1, "rule"), "p/r");
	json_decref(out);
	out = pack_doc_diff(a, none, &unraised);
	SAME(str(out, 0, "change"), "removed");
	SAME(str(out, 1, "change"), "removed");
	json_decref(out);
	json_decref(a);
	json_decref(none);
}

static json_t *
with_version(int version, const char *rule)
{
	json_t *o = pack_of(rule, LISTS, CONTEXTS);

	json_object_set_new(json_object_get(json_object_get(o, "p"), "pack"), "version",
	    json_integer(version));
	return o;
}

/* Whatever differs, the version of the pack is to be another one. */
static void
test_version(void)
{
	static const char other[] =
	    "{'rev': 2, 'mode': 'draft', 'phrases': ['q'], 'except': ['c']}";
	static const struct {
		int from, to;
		const char *rule;
		size_t lines;
		bool unraised;
	} v[] = {{1, 1, RULE, 0, false}, {1, 2, RULE, 1, false}, {2, 1, RULE, 1, true},
	    {1, 1, other, 2, true}, {1, 2, other, 2, false}, {2, 1, other, 2, true}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		json_t *a = with_version(v[i].from, RULE),
		       *b = with_version(v[i].to, v[i].rule);
		unsigned unraised;
		json_t *out = pack_doc_diff(a, b, &unraised);

		CU_ASSERT_EQUAL(json_array_size(out), v[i].lines);
		CU_ASSERT_EQUAL(unraised, 0);
		if (v[i].lines > 0) {
			SAME(str(out, 0, "kind"), "pack");
			CU_ASSERT_EQUAL(json_is_true(json_object_get(
					    json_array_get(out, 0), "unraised")),
			    v[i].unraised);
		}
		json_decref(out);
		json_decref(a);
		json_decref(b);
	}
}

/* --- beside the plugin --- */

static const char pack_text[] =
    "pack = { name = \"p\"; version = 1; owner = \"me\"; about = \"pack\"; };\n"
    "include = [ \"lib/in.inc\" ];\n"
    "clauses = ( { id = \"1\"; text = \"One\"; }, { id = \"2\"; text = \"Two\"; } "
    ");\n"
    "lists = {\n"
    "	act = [ \"burn\", \"@more\", \"@includes\" ]; includes = [ \"x\" ];\n"
    "	more = { words = [ \"smash\" ]; };\n"
    "	haus = { kind = \"role\"; words = [ \"vorstand\" ]; };\n"
    "	hall = { kind = \"place\"; words = [ \"rathaus\" ]; };\n"
    "	file = { file = \"lib/words.txt\"; };\n"
    "	goal = { kind = \"person\"; words = [ \"kim\" ]; };\n"
    "	loose = [ \"nobody\" ];\n"
    "};\n"
    "contexts = {\n"
    "	c = { where = \"before\"; within = 4; phrases = [ \"never\", \"@file\" ]; "
    "};\n"
    "	q = { quotes = true; };\n"
    "	x = { where = \"text\"; regexes = [ \"game\" ]; about = \"play\"; };\n"
    "	free = { phrases = [ \"idle\" ]; };\n"
    "};\n"
    "rules = ( { id = \"r\"; rev = 1; mode = \"draft\"; category = \"c\";\n"
    "	clause = \"1\"; severity = \"low\"; score = 0.9; least = 0.2;\n"
    "	reason = \"it is {kind}\"; owner = \"us\"; about = \"rule\";\n"
    "	expires = \"2999-01-01\"; target = \"@goal\";\n"
    "	phrases = ( \"@act @any-place\", \"hit @target\", \"@shared\" );\n"
    "	near = ( { of = [ \"beta\", \"alpha\" ]; within = 3; ordered = true;\n"
    "		weight = 0.7; } );\n"
    "	regexes = ( { text = \"(?:@{act}) now\"; weight = 0.4; } );\n"
    "	except = ( \"c\", \"q\", { phrases = [ \"maybe\" ]; } );\n"
    "	require = [ \"x\", \"common\" ]; },\n"
    "  { id = \"s\"; rev = 1; mode = \"draft\"; category = \"c\"; clause = \"1\";\n"
    "	severity = \"low\"; score = 0.9; reason = \"s\"; phrases = [ \"other\" ]; } "
    ");\n"
    "tests = { ok = [ \"1\", \"2\", \"3\" ]; fail = [ \"4\", \"5\", \"6\" ];\n"
    "	twins = ( [ \"7\", \"8\" ] ); protected = [ \"9\" ]; };\n";
static const char shared_text[] =
    "lists = { shared = [ \"together\" ]; };\n"
    "contexts = { common = { phrases = [ \"all\" ]; }; };\n";
static const char words_text[] = "kaum # hardly\nnie\n";

static char base[64];

/* DIR/p.conf and its files, with `from' exchanged for `to' in the first that has it. */
static void
write_pack(const char *dir, const char *from, const char *to)
{
	static const struct {
		const char *name, *text;
	} files[] = {{"p.conf", pack_text}, {"lib/in.inc", shared_text},
	    {"lib/words.txt", words_text}};
	bool done = from == NULL;
	char path[200];
	struct err e;

	snprintf(path, sizeof(path), "%s/%s", base, dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/lib", base, dir);
	mkdir(path, 0755);
	for (size_t i = 0; i < 3; i++) {
		const char *at = done ? NULL : strstr(files[i].text, from);
		struct buf b = {0};

		buf_put(&b, files[i].text,
		    at != NULL ? (size_t)(at - files[i].text) : strlen(files[i].text));
		if (at != NULL)
			buf_printf(&b, "%s%s", to, at + strlen(from));
		done = done || at != NULL;
		snprintf(path, sizeof(path), "%s/%s/%s", base, dir, files[i].name);
		CU_ASSERT_EQUAL_FATAL(
		    file_write(path, b.data, b.len, 0644, FILE_NOSYNC, &e), 0);
		buf_free(&b);
	}
	if (!done)
		printf("\n  `%s' stands nowhere\n", from);
	CU_ASSERT_FATAL(done);
}

/* The digest of what p/r means, as the daemon is told it. */
static void
means(const char *dir, char out[MEM_HEX])
{
	const struct pack_limits limits = {100000, 100};
	struct whys w = {.n = 0};
	struct meaning *m;
	struct pack *p;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", base, dir);
	if (pack_read(path, "p.conf", &limits, &p, &w) != 0) {
		printf("\n  %s\n", w.last.text);
		CU_FAIL_FATAL("pack");
	}
	m = meaning_new(p);
	meaning_rule(m, pack_rule_find(p, "p/r"), out);
	meaning_free(&m);
	pack_free(&p);
}

static json_t *
document(const char *dir)
{
	char path[200];
	json_t *o = NULL;
	struct err e;

	snprintf(path, sizeof(path), "%s/%s", base, dir);
	if (pack_doc_read(path, &o, &e) != 0) {
		printf("\n  %s\n", e.text);
		CU_FAIL_FATAL("document");
	}
	return o;
}

static void
clean(void)
{
	static const char *const files[] = {"a/lib/in.inc", "a/lib/words.txt", "a/lib",
	    "a/p.conf", "a", "b/lib/in.inc", "b/lib/words.txt", "b/lib", "b/p.conf",
	    "b", ""};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[200];

		snprintf(path, sizeof(path), "%s/%s", base, files[i]);
		CU_ASSERT_EQUAL(remove(path), 0);
	}
}

/* Whether p/r is warned of. */
static bool
warned(const json_t *out)
{
	const json_t *o, *rule;
	size_t i;

	json_array_foreach(out, i, o)
	{
		rule = json_object_get(o, "rule");
		if (json_is_string(rule) && strcmp(json_string_value(rule), "p/r") == 0)
			return json_is_true(json_object_get(o, "unraised"));
	}
	return false;
}

/* Every thing that a pack can say is exchanged once.  Whatever it is, it is told; what
 * changes the digest of the rule is a rule that means something else. */
static void
test_beside_digest(void)
{
	static const struct {
		const char *from, *to;
		bool means;
	} v[] = {
	    /* What is about the pack or the rule. */
	    {"version = 1", "version = 2", false},
	    {"owner = \"me\"", "owner = \"you\"", false},
	    {"about = \"pack\"", "expires = \"2999-01-01\"", false},
	    {"about = \"rule\"", "about = \"@act\"", false},
	    {"about = \"play\"", "about = \"a game\"", false},
	    {"mode = \"draft\"", "mode = \"enforce\"", false},
	    {"reason = \"it is", "reason = \"this is", false},
	    {"owner = \"us\"", "owner = \"them\"", false},
	    {"2999-01-01", "2999-01-02", false},
	    {"text = \"One\"", "text = \"Eins\"", false},
	    {"\"nobody\"", "\"somebody\"", false},
	    {"loose = [", "lonely = [", false},
	    {"\"idle\"", "\"lazy\"", false},
	    {"phrases = [ \"other\" ]", "phrases = [ \"others\" ]", false},
	    {"\"1\", \"2\", \"3\"", "\"1\", \"2\", \"33\"", false},
	    {"\"4\", \"5\"", "\"4\", \"55\"", false},
	    {"[ \"7\"", "[ \"77\"", false},
	    {"[ \"9\"", "[ \"99\"", false},
	    /* A kind that stands in reasons alone. */
	    {"kind = \"person\"", "kind = \"group\"", false},
	    /* What the rule finds. */
	    {"haus = { kind = \"role\"", "haus = { kind = \"place\"", true},
	    {"hall = { kind = \"place\";",
		"extra = { kind = \"place\"; words = [ \"dom\" ]; }; "
		"hall = { kind = \"place\";",
		true},
	    {"\"rathaus\"", "\"rathaus\", \"dom\"", true},
	    {"\"burn\"", "\"burns\"", true},
	    {"\"smash\"", "\"wreck\"", true},
	    {"\"kim\"", "\"tom\"", true},
	    {"nie", "nimmer", true},
	    {"\"together\"", "\"alone\"", true},
	    {"\"all\"", "\"none\"", true},
	    {"target = \"@goal\"", "target = \"@haus\"", true},
	    {"\"hit @target\"", "\"beat @target\"", true},
	    {"\"hit @target\"", "{ text = \"hit @target\"; weight = 0.5; }", true},
	    {"(?:@{act}) now", "(?:@{act}) soon", true},
	    {"weight = 0.4", "weight = 0.5", true},
	    {"within = 3", "within = 4", true},
	    {"ordered = true", "ordered = false", true},
	    {"weight = 0.7", "weight = 0.8", true},
	    {"\"beta\", \"alpha\"", "\"alpha\", \"beta\"", true},
	    {"category = \"c\"", "category = \"d\"", true},
	    {"clause = \"1\"", "clause = \"2\"", true},
	    {"severity = \"low\"", "severity = \"high\"", true},
	    {"score = 0.9", "score = 0.8", true},
	    {"least = 0.2", "least = 0.3", true},
	    {"where = \"before\"", "where = \"after\"", true},
	    {"within = 4", "within = 5", true},
	    {"\"never\"", "\"nie\"", true},
	    {"quotes = true", "phrases = [ \"said\" ]", true},
	    {"regexes = [ \"game\" ]", "regexes = [ \"play\" ]", true},
	    {"regexes = [ \"game\" ]", "phrases = [ \"game\" ]", true},
	    {"where = \"text\"", "where = \"inside\"", true},
	    {"[ \"maybe\" ]", "[ \"perhaps\" ]", true},
	    {"\"c\", \"q\",", "\"c\",", true},
	    {"[ \"x\", \"common\" ]", "[ \"common\" ]", true},
	};

	strcpy(base, "/tmp/tosd-packdiff-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char one[MEM_HEX], two[MEM_HEX];
		json_t *a, *b, *out;
		unsigned unraised;
		bool bad;

		write_pack("a", NULL, NULL);
		write_pack("b", v[i].from, v[i].to);
		means("a", one);
		means("b", two);
		a = document("a");
		b = document("b");
		out = pack_doc_diff(a, b, &unraised);
		bad = (strcmp(one, two) != 0) != v[i].means ||
		      warned(out) != v[i].means || json_array_size(out) == 0;
		if (bad)
			printf("\n  %s -> %s: digests %s, warned %d, %zu told\n",
			    v[i].from, v[i].to,
			    strcmp(one, two) == 0 ? "same" : "other", unraised,
			    json_array_size(out));
		CU_ASSERT(!bad);
		json_decref(out);
		json_decref(a);
		json_decref(b);
	}
	clean();
}

/* As large as a pack may be, and of lists within lists without end. */
static json_t *
great(bool changed)
{
	json_t *words = json_array(), *lists = json_object(), *rules = json_object();
	char name[40], at[40];

	for (int i = 0; i < 50000; i++)
		json_array_append_new(words, json_sprintf("word%d", i));
	if (changed)
		json_array_append_new(words, json_string("one more"));
	json_object_set_new(lists, "w", json_pack("{s:o}", "words", words));
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(at, sizeof(at), "@l%d", i + 1);
		json_object_set_new(lists, name, json_pack("{s:[s]}", "words", at));
	}
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "p/r%d", i);
		json_object_set_new(rules, name,
		    json_pack("{s:i, s:[s, s]}", "rev", 1, "phrases", "@w", "@l0"));
	}
	return json_pack("{s:{s:{s:s}, s:{}, s:o, s:{}, s:o, s:{}}}", "p", "pack",
	    "name", "p", "clauses", "lists", lists, "contexts", "rules", rules,
	    "tests");
}

static void
test_great(void)
{
	json_t *a = great(false), *b = great(true), *out;
	unsigned unraised;

	out = pack_doc_diff(a, b, &unraised);
	CU_ASSERT_EQUAL(unraised, 500);
	CU_ASSERT_EQUAL(json_array_size(out), 500);
	json_decref(out);
	json_decref(a);
	json_decref(b);
}

static const struct suite_test tests[] = {{"what a rule means", test_meaning},
    {"the version of a pack", test_version}, {"added and removed", test_added},
    {"a great pack", test_great},
    {"each change, beside the plugin's digest", test_beside_digest}};

SUITE_MAIN("pack_diff", tests)
