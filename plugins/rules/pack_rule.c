/* SPDX-License-Identifier: Apache-2.0 */
/* pack_rule: the rules and the tests of a pack; see pack.h. */
#include "pack_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#define NEAR_MAX 3 /* parts of a `near`: six orders */

/* The title of the clause with this id, or NULL. */
static const char *
clause_text(const config_setting_t *root, const char *id)
{
	const config_setting_t *list = config_setting_get_member(root, "clauses");

	for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
		const config_setting_t *c = config_setting_get_elem(list, (unsigned)i);
		const char *cid = NULL, *text = NULL;

		config_setting_lookup_string(c, "id", &cid);
		config_setting_lookup_string(c, "text", &text);
		if (cid != NULL && text != NULL && strcmp(cid, id) == 0)
			return text;
	}
	return NULL;
}

static int
check_clauses(struct walk *k, const config_setting_t *root)
{
	static const char *const keys[] = {"id", "text", NULL};
	config_setting_t *list;
	int rc = walk_list(k, root, "clauses", 200, &list);

	if (rc == 0 && (list == NULL || config_setting_length(list) == 0))
		return walk_bad(k, root,
		    "`clauses' is missing: clauses = ( { id = \"3.2\"; "
		    "text = \"Violence\"; } );");
	for (int i = 0; rc == 0 && i < config_setting_length(list); i++) {
		const config_setting_t *c = config_setting_get_elem(list, (unsigned)i);
		const char *id, *text;

		if (!config_setting_is_group(c))
			return walk_bad(
			    k, c, "a clause is { id = \"...\"; text = \"...\"; }");
		if ((rc = walk_keys(k, c, keys)) != 0 ||
		    (rc = walk_string(k, c, "id", true, 30, &id)) != 0)
			return rc;
		rc = walk_string(k, c, "text", true, 150, &text);
	}
	return rc;
}

/* Days since 1970 of a proleptic Gregorian date (Howard Hinnant's arithmetic). */
static int64_t
days(int y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
read_expiry(struct walk *k, const config_setting_t *s, struct pack_rule *r)
{
	static const int month[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const char *v;
	int y, m, d, end = 0, rc = walk_string(k, s, "expires", false, 20, &v);

	r->expires = INT64_MAX;
	if (rc != 0 || v == NULL)
		return rc;
	if (sscanf(v, "%4d-%2d-%2d%n", &y, &m, &d, &end) != 3 || v[end] != '\0' ||
	    y < 1970 || m < 1 || m > 12 || d < 1 || d > month[m - 1])
		return walk_bad(k, s, "`expires' must be a day such as \"2027-01-31\"");
	r->expires = days(y, m, d) * 86400000;
	return 0;
}

static void
add_phrase(struct pack_rule *r, char *text, int line)
{
	r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = (struct pack_pattern){false, text, line};
}

/* Every order of the parts, with gaps between, becomes a phrase. */
static void
permute(struct pack_rule *r, const char **part, int n, int done, int within, int line)
{
	if (done == n) {
		struct sb b = {0};

		for (int i = 0; i < n; i++) {
			if (i > 0)
				sb_printf(&b, " <%d> ", within);
			sb_puts(&b, part[i]);
		}
		add_phrase(r, sb_take(&b), line);
		return;
	}
	for (int i = done; i < n; i++) {
		const char *swap = part[done];

		part[done] = part[i];
		part[i] = swap;
		permute(r, part, n, done + 1, within, line);
		swap = part[done];
		part[done] = part[i];
		part[i] = swap;
	}
}

static int
read_near(struct walk *k, const config_setting_t *s, struct pack_rule *r)
{
	static const char *const keys[] = {"of", "within", "ordered", NULL};
	const char *part[NEAR_MAX];
	config_setting_t *of;
	int within = 6, n, rc;
	bool ordered = false;

	if (!config_setting_is_group(s))
		return walk_bad(k, s,
		    "an entry of `near' is { of = [ \"@a\", \"@b\" ]; within "
		    "= 6; }");
	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_int(k, s, "within", 0, PACK_WITHIN, &within)) != 0 ||
	    (rc = walk_bool(k, s, "ordered", &ordered)) != 0 ||
	    (rc = walk_list(k, s, "of", NEAR_MAX, &of)) != 0)
		return rc;
	n = of != NULL ? config_setting_length(of) : 0;
	if (n < 2)
		return walk_bad(k, s, "`near' needs `of' with 2 or 3 parts");
	for (int i = 0; i < n; i++) {
		part[i] = config_setting_get_string_elem(of, i);
		if (part[i] == NULL || *part[i] == '\0' || strlen(part[i]) > 200)
			return walk_bad(
			    k, s, "parts of `near' are strings of 1 to 200 bytes");
	}
	permute(
	    r, part, n, ordered ? n : 0, within, (int)config_setting_source_line(s));
	return 0;
}

static int
read_matches(struct walk *k, const config_setting_t *s, struct pack_rule *r)
{
	config_setting_t *list;
	int rc;

	if ((rc = pack_patterns(k, s, "phrases", false, &r->v, &r->n)) != 0 ||
	    (rc = pack_patterns(k, s, "regexes", true, &r->v, &r->n)) != 0 ||
	    (rc = walk_list(k, s, "near", PACK_PATTERNS / 6, &list)) != 0)
		return rc;
	for (int i = 0; rc == 0 && list != NULL && i < config_setting_length(list); i++)
		rc = read_near(k, config_setting_get_elem(list, (unsigned)i), r);
	if (rc == 0 && r->n == 0)
		rc = walk_bad(k, s,
		    "rule `%s' has no pattern; give it `phrases', `near' or "
		    "`regexes'",
		    r->id);
	return rc;
}

static int
read_except(struct walk *k, const config_setting_t *s, const struct pack *p,
    struct pack_rule *r)
{
	config_setting_t *list;
	int rc = walk_list(k, s, "except", PACK_CONTEXTS, &list);
	int n = rc == 0 && list != NULL ? config_setting_length(list) : 0;

	r->except = mem_new((size_t)n, sizeof(*r->except));
	for (int i = 0; i < n; i++) {
		const char *name = config_setting_get_string_elem(list, i);
		size_t c;

		for (c = 0; name != NULL && c < p->ncontexts; c++)
			if (strcmp(p->contexts[c].name, name) == 0)
				break;
		if (name == NULL || c == p->ncontexts)
			return walk_bad(k, list,
			    "rule `%s': there is no context `%s' in this "
			    "pack",
			    r->id, name != NULL ? name : "(not a string)");
		r->except[r->nexcept++] = c;
	}
	return rc;
}

static int
read_names(struct walk *k, const config_setting_t *root, const config_setting_t *s,
    const struct pack *p, struct pack_rule *r)
{
	const char *id, *clause, *text, *category, *reason, *target;
	struct sb b = {0};
	int rc;

	if ((rc = walk_string(k, s, "id", true, 60, &id)) != 0 ||
	    (rc = walk_string(k, s, "clause", true, 30, &clause)) != 0 ||
	    (rc = walk_string(k, s, "category", true, 32, &category)) != 0 ||
	    (rc = walk_string(k, s, "reason", true, 300, &reason)) != 0 ||
	    (rc = walk_string(k, s, "target", false, 60, &target)) != 0)
		return rc;
	if (!pack_good_name(id) || !pack_good_name(category))
		return walk_bad(k, s,
		    "`id' and `category' must be lower-case letters, digits "
		    "and '-'");
	if ((text = clause_text(root, clause)) == NULL)
		return walk_bad(
		    k, s, "rule `%s': clause `%s' is not in `clauses'", id, clause);
	if (target != NULL && target[0] != '@')
		return walk_bad(
		    k, s, "rule `%s': `target' names a list, as in \"@protected\"", id);
	sb_printf(&b, "%s/%s", p->name, id);
	r->id = sb_take(&b);
	sb_printf(&b, "%s %s", clause, text);
	r->clause = sb_take(&b);
	r->category = mem_dup(category, strlen(category));
	r->reason = mem_dup(reason, strlen(reason));
	r->target = target != NULL ? mem_dup(target, strlen(target)) : NULL;
	for (size_t i = 0; i + 1 < p->nrules; i++)
		if (strcmp(p->rules[i].id, r->id) == 0)
			return walk_bad(k, s,
			    "rule `%s' is here twice (first in line %d)", id,
			    p->rules[i].line);
	return 0;
}

static int
read_rule(struct walk *k, const config_setting_t *root, const config_setting_t *s,
    struct pack *p, struct pack_rule *r)
{
	static const char *const keys[] = {"id", "rev", "mode", "category", "clause",
	    "severity", "score", "phrases", "regexes", "near", "target", "except",
	    "reason", "expires", "about", NULL};
	static const char *const modes[] = {
	    "draft", "shadow", "enforce", "retired", NULL};
	static const int mode_of[] = {TOSD_DRAFT, TOSD_SHADOW, TOSD_ENFORCE, -1};
	static const char *const grades[] = {"low", "medium", "high", "critical", NULL};
	static const int grade_of[] = {TOSD_LOW, TOSD_MEDIUM, TOSD_HIGH, TOSD_CRITICAL};
	int rev = 0, mode = -1, grade = -1, rc;

	r->line = (int)config_setting_source_line(s);
	r->score = -1;
	if (!config_setting_is_group(s))
		return walk_bad(k, s, "a rule is a group: { id = \"...\"; ... }");
	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = read_names(k, root, s, p, r)) != 0 ||
	    (rc = walk_int(k, s, "rev", 1, 1000000, &rev)) != 0 ||
	    (rc = walk_choice(k, s, "mode", modes, &mode)) != 0 ||
	    (rc = walk_choice(k, s, "severity", grades, &grade)) != 0 ||
	    (rc = walk_number(k, s, "score", 0, 1, &r->score)) != 0 ||
	    (rc = read_expiry(k, s, r)) != 0 || (rc = read_matches(k, s, r)) != 0)
		return rc;
	if (rev == 0 || mode < 0 || grade < 0 || r->score < 0)
		return walk_bad(k, s, "rule `%s' lacks `%s'", r->id,
		    rev == 0	? "rev"
		    : mode < 0	? "mode"
		    : grade < 0 ? "severity"
				: "score");
	r->rev = (uint32_t)rev;
	r->mode = mode_of[mode];
	r->severity = grade_of[grade];
	return read_except(k, s, p, r);
}

int
pack_read_rules(struct walk *k, const config_setting_t *root, struct pack *p)
{
	config_setting_t *list;
	int n, rc = check_clauses(k, root);

	if (rc != 0 || (rc = walk_list(k, root, "rules", PACK_RULES, &list)) != 0)
		return rc;
	n = list != NULL ? config_setting_length(list) : 0;
	if (n == 0)
		return walk_bad(k, root, "the pack has no `rules'");
	p->rules = mem_new((size_t)n, sizeof(*p->rules));
	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);

		rc = read_rule(k, root, s, p, &p->rules[p->nrules++]);
	}
	return rc;
}

/* A test is a text, or { text = "..."; rule = "..."; }. */
static int
read_test(
    struct walk *k, const config_setting_t *s, struct pack *p, struct pack_test *t)
{
	static const char *const keys[] = {"text", "rule", NULL};
	const char *text = config_setting_get_string(s), *rule = NULL;
	struct sb b = {0};
	int rc = 0;

	t->line = (int)config_setting_source_line(s);
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
	for (size_t i = 0; i < p->nrules; i++)
		if (strcmp(p->rules[i].id, t->rule) == 0)
			return 0;
	return walk_bad(
	    k, s, "a test names the rule `%s', which is not in this pack", rule);
}

static int
read_twins(struct walk *k, const config_setting_t *s, struct pack_test *t)
{
	const char *a, *b;

	t->line = (int)config_setting_source_line(s);
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

static int
read_kind(struct walk *k, const config_setting_t *tests, struct pack *p,
    const char *key, int kind, int least)
{
	config_setting_t *list;
	int n, rc = walk_list(k, tests, key, PACK_TESTS, &list);

	if (rc != 0)
		return rc;
	n = list != NULL ? config_setting_length(list) : 0;
	if (n < least)
		return walk_bad(k, tests,
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
	}
	return rc;
}

int
pack_read_tests(struct walk *k, const config_setting_t *root, struct pack *p)
{
	static const char *const keys[] = {"ok", "fail", "twins", "protected", NULL};
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
	if ((rc = read_kind(k, tests, p, "fail", PACK_FAIL, 3)) != 0 ||
	    (rc = read_kind(k, tests, p, "ok", PACK_OK, 3)) != 0)
		return rc;
	return read_kind(k, tests, p, "twins", PACK_TWINS, 1);
}
