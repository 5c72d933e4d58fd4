/* SPDX-License-Identifier: Apache-2.0 */
/* test_pack_diff: what of two packs differs, and whether a rule means something else.
 */
#include <string.h>

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
	    "{'p': {'pack': {'name': 'p', 'version': 1}, 'clauses': {}, 'lists': %s, "
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
	size_t lines; /* about the rule */
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
		CONTEXTS, 0, 0},
	    /* The same of contexts. */
	    {RULE, LISTS, "{'c': {'phrases': ['zz']}, 'd': {'phrases': ['z']}}", 1, 1},
	    {RULE, LISTS, "{'c': {'phrases': ['z']}, 'd': {'phrases': ['zz']}}", 0, 0},
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

static const struct suite_test tests[] = {
    {"what a rule means", test_meaning}, {"added and removed", test_added}};

SUITE_MAIN("pack_diff", tests)
