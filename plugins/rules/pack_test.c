/* SPDX-License-Identifier: Apache-2.0 */
/* pack_test: the tests of a pack; see pack.h. */
#include <stdlib.h>
#include <string.h>

#include "pack_in.h"

/* A test is a text, or { text = "..."; rule = "..."; }. */
static int
read_test(
    struct walk *k, const config_setting_t *s, struct pack *p, struct pack_test *t)
{
	static const char *const keys[] = {"text", "rule", NULL};
	const char *text = config_setting_get_string(s), *rule = NULL;
	struct sb b = {0};
	int rc = 0;

	t->line = walk_line(s);
	if (config_setting_is_group(s)) {
		if ((rc = walk_keys(k, s, keys)) != 0 ||
		    (rc = walk_string(k, s, "text", true, 20000, &text)) != 0 ||
		    (rc = walk_string(k, s, "rule", false, 60, &rule)) != 0)
			return rc;
	}
	if (text == NULL || *text == '\0')
		return walk_bad(
		    k, s, "a test is \"text\" or { text = \"...\"; rule = \"...\"; }");
	t->text = mem_dup(text, strlen(text));
	if (rule == NULL)
		return 0;
	sb_printf(&b, "%s/%s", p->name, rule);
	t->rule = sb_take(&b);
	if (pack_rule_find(p, t->rule) != NULL)
		return 0;
	return walk_bad(k, walk_member(s, "rule"),
	    "a test names the rule `%s', which is not in this pack", rule);
}

static int
read_twins(struct walk *k, const config_setting_t *s, struct pack_test *t)
{
	const char *a, *b;

	t->line = walk_line(s);
	if ((!config_setting_is_list(s) && !config_setting_is_array(s)) ||
	    config_setting_length(s) != 2 ||
	    (a = config_setting_get_string_elem(s, 0)) == NULL ||
	    (b = config_setting_get_string_elem(s, 1)) == NULL || strcmp(a, b) == 0)
		return walk_bad(
		    k, s, "twins are two different texts: [ \"...\", \"...\" ]");
	t->text = mem_dup(a, strlen(a));
	t->twin = mem_dup(b, strlen(b));
	return 0;
}

/* How many different texts there are, up to `most'. */
static int
count_different(const config_setting_t *list, int n, int most)
{
	const char *seen[8];
	int different = 0;

	for (int i = 0; i < n && different < most; i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		const char *text = config_setting_get_string(s);
		int k = 0;

		if (config_setting_is_group(s))
			config_setting_lookup_string(s, "text", &text);
		while (text != NULL && k < different && strcmp(seen[k], text) != 0)
			k++;
		if (text == NULL) /* a pair, or what is said in its place */
			return most;
		if (k == different)
			seen[different++] = text;
	}
	return different;
}

static int
read_kind(struct pack_source *o, const config_setting_t *tests, const char *key,
    int kind, int least)
{
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	config_setting_t *list;
	int n, rc = walk_list(k, tests, key, PACK_TESTS, &list);

	if (rc != 0)
		return rc;
	n = list != NULL ? config_setting_length(list) : 0;
	if (n >= least && count_different(list, n, least) < least)
		return walk_bad(k, list,
		    "`tests.%s' has fewer than %d different texts; the same one twice "
		    "counts once",
		    key, least);
	if (n < least)
		return walk_bad(k, list != NULL ? list : tests,
		    "`tests.%s' has %d entries, at least %d are needed: %s", key, n,
		    least,
		    kind == PACK_OK	? "texts without any finding"
		    : kind == PACK_FAIL ? "texts that must be found"
					: "pairs that differ in the target only");
	p->tests = mem_grow(p->tests, p->ntests + (size_t)n, sizeof(*p->tests));
	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		struct pack_test *t = &p->tests[p->ntests++];

		memset(t, 0, sizeof(*t));
		t->kind = kind;
		rc = kind == PACK_TWINS ? read_twins(k, s, t) : read_test(k, s, p, t);
		rc = whys_go_on(o->whys, rc, k->w) ? 0 : 1;
	}
	return rc;
}

int
pack_read_tests(struct pack_source *o, const config_setting_t *root)
{
	static const char *const keys[] = {"ok", "fail", "twins", "protected", NULL};
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	config_setting_t *tests, *names;
	int rc = walk_group(k, root, "tests", &tests);

	if (rc == 0 && tests == NULL)
		rc = walk_bad(k, root,
		    "the pack has no `tests'; it needs at least 3 `fail', 3 "
		    "`ok' and 1 of `twins'");
	if (rc != 0 || (rc = walk_keys(k, tests, keys)) != 0 ||
	    (rc = walk_list(k, tests, "protected", 100, &names)) != 0)
		return rc;
	p->standin.name = mem_dup("protected", 9);
	if (names != NULL && (rc = pack_words(k, names, &p->standin)) != 0)
		return rc;
	if ((rc = read_kind(o, tests, "fail", PACK_FAIL, 3)) != 0 ||
	    (rc = read_kind(o, tests, "ok", PACK_OK, 3)) != 0)
		return rc;
	return read_kind(o, tests, "twins", PACK_TWINS, 1);
}
