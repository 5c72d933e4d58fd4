/* SPDX-License-Identifier: Apache-2.0 */
/* pack_rule: the rules of a pack; see pack.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "kit/day.h"
#include "pack_in.h"

#define NEAR_MAX 3 /* parts of a `near`: six orders */

/* The clause with this id, the first of several, or NULL. */
static const config_setting_t *
find_clause(const config_setting_t *root, const char *id)
{
	const config_setting_t *list = config_setting_get_member(root, "clauses");

	for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
		const config_setting_t *c = config_setting_get_elem(list, (unsigned)i);
		const char *cid = NULL;

		config_setting_lookup_string(c, "id", &cid);
		if (cid != NULL && strcmp(cid, id) == 0)
			return c;
	}
	return NULL;
}

/* Its title, or NULL. */
static const char *
clause_text(const config_setting_t *root, const char *id)
{
	const config_setting_t *c = find_clause(root, id);
	const char *text = NULL;

	if (c != NULL)
		config_setting_lookup_string(c, "text", &text);
	return text;
}

static int
check_clause(struct walk *k, const config_setting_t *root, const config_setting_t *c)
{
	static const char *const keys[] = {"id", "text", NULL};
	const config_setting_t *first;
	const char *id, *text;
	int rc;

	if (!config_setting_is_group(c))
		return walk_bad(k, c, "a clause is { id = \"...\"; text = \"...\"; }");
	if ((rc = walk_keys(k, c, keys)) != 0 ||
	    (rc = walk_string(k, c, "id", true, PACK_CLAUSE_ID_MAX, &id)) != 0 ||
	    (rc = walk_string(k, c, "text", true, PACK_CLAUSE_MAX, &text)) != 0)
		return rc;
	first = find_clause(root, id);
	if (first != c)
		return walk_bad(k, walk_member(c, "id"),
		    "clause `%s' is here twice (first in line %d)", id,
		    walk_line(walk_member(first, "id")));
	return 0;
}

static int
check_clauses(struct walk *k, const config_setting_t *root)
{
	config_setting_t *list;
	int rc = walk_list(k, root, "clauses", 200, &list);

	if (rc == 0 && (list == NULL || config_setting_length(list) == 0))
		return walk_bad(k, root,
		    "`clauses' is missing: clauses = ( { id = \"3.2\"; "
		    "text = \"Violence\"; } );");
	for (int i = 0; rc == 0 && i < config_setting_length(list); i++)
		rc = check_clause(k, root, config_setting_get_elem(list, (unsigned)i));
	return rc;
}

int
pack_read_expiry(struct walk *k, const config_setting_t *s, int64_t *out)
{
	const char *v;
	int rc = walk_string(k, s, "expires", false, 20, &v);

	*out = INT64_MAX;
	if (rc == 0 && v != NULL && !day_parse(v, out))
		return walk_bad(k, walk_member(s, "expires"),
		    "`expires' must be a day such as \"2027-01-31\"");
	return rc;
}

/* Every order of the parts, with gaps between, becomes a phrase. */
static void
permute(struct pack_rule *r, const char **part, int n, int done, int within,
    double weight, int line)
{
	if (done == n) {
		struct sb b = {0};

		for (int i = 0; i < n; i++) {
			if (i > 0)
				sb_printf(&b, " <%d> ", within);
			sb_puts(&b, part[i]);
		}
		pack_add_pattern(&r->v, &r->n, false, sb_take(&b), weight, line);
		return;
	}
	for (int i = done; i < n; i++) {
		const char *swap = part[done];

		part[done] = part[i];
		part[i] = swap;
		permute(r, part, n, done + 1, within, weight, line);
		swap = part[done];
		part[done] = part[i];
		part[i] = swap;
	}
}

static int
read_near(struct walk *k, const config_setting_t *s, struct pack_rule *r)
{
	static const char *const keys[] = {"of", "within", "ordered", "weight", NULL};
	const char *part[NEAR_MAX];
	config_setting_t *of;
	int within = 6, n, rc;
	bool ordered = false;
	double weight = 1;

	if (!config_setting_is_group(s))
		return walk_bad(k, s,
		    "an entry of `near' is { of = [ \"@a\", \"@b\" ]; within "
		    "= 6; }");
	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_int(k, s, "within", 0, PACK_WITHIN, &within)) != 0 ||
	    (rc = walk_bool(k, s, "ordered", &ordered)) != 0 ||
	    (rc = walk_number(k, s, "weight", 0.01, 1, &weight)) != 0 ||
	    (rc = walk_list(k, s, "of", NEAR_MAX, &of)) != 0)
		return rc;
	n = of != NULL ? config_setting_length(of) : 0;
	if (n < 2)
		return walk_bad(k, s, "`near' needs `of' with 2 or 3 parts");
	for (int i = 0; i < n; i++) {
		part[i] = config_setting_get_string_elem(of, i);
		if (part[i] == NULL || *part[i] == '\0' || strlen(part[i]) > 200)
			return walk_bad(k, config_setting_get_elem(of, (unsigned)i),
			    "parts of `near' are strings of 1 to 200 bytes");
	}
	permute(r, part, n, ordered ? n : 0, within, weight, walk_line(s));
	return 0;
}

static int
read_matches(struct walk *k, const config_setting_t *s, struct pack_rule *r)
{
	config_setting_t *list;
	int rc;

	if ((rc = pack_patterns(k, s, "phrases", false, true, &r->v, &r->n)) != 0 ||
	    (rc = pack_patterns(k, s, "regexes", true, true, &r->v, &r->n)) != 0 ||
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

/* `except' and `require': names of contexts, or contexts themselves. */
static int
read_used(struct pack_source *o, const config_setting_t *s, const struct pack_rule *r,
    const char *key, size_t **out, size_t *nout)
{
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	config_setting_t *list;
	int rc = walk_list(k, s, key, 100, &list);
	int n = rc == 0 && list != NULL ? config_setting_length(list) : 0;

	*out = mem_new((size_t)n, sizeof(**out));
	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *m = config_setting_get_elem(list, (unsigned)i);
		const char *name = config_setting_get_string(m);
		size_t c = 0;

		if (config_setting_is_group(m)) {
			rc = pack_add_context(o, m, "", &(*out)[(*nout)++]);
			continue;
		}
		while (name != NULL && c < p->ncontexts &&
		       (*name == '\0' || strcmp(p->contexts[c].name, name) != 0))
			c++;
		if (name == NULL || c == p->ncontexts)
			return walk_bad(k, m,
			    "rule `%s': there is no context `%s' in this "
			    "pack",
			    r->id, name != NULL ? name : "(not a string)");
		(*out)[(*nout)++] = c;
	}
	return rc;
}

static uint64_t
hash_id(const char *s)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3U;
	return h ^ h >> 29;
}

/* The slot of the rule with this id, or the empty one where it would be. */
static size_t
find_id(const struct pack *p, const char *id)
{
	size_t i = hash_id(id) & p->by_id_mask;

	while (p->by_id[i] != 0 && strcmp(p->rules[p->by_id[i] - 1].id, id) != 0)
		i = (i + 1) & p->by_id_mask;
	return i;
}

const struct pack_rule *
pack_rule_find(const struct pack *p, const char *id)
{
	size_t at = p->by_id != NULL ? find_id(p, id) : 0;

	return p->by_id != NULL && p->by_id[at] != 0 ? &p->rules[p->by_id[at] - 1]
						     : NULL;
}

/* What would stand in notices as it is. */
static int
check_reason(
    struct walk *k, const config_setting_t *s, const char *id, const char *reason)
{
	for (const char *at = reason; (at = strchr(at, '{')) != NULL; at++) {
		size_t n = strcspn(at, "} ");

		if (strncmp(at, "{match}", 7) != 0 && strncmp(at, "{kind}", 6) != 0)
			return walk_bad(k, walk_member(s, "reason"),
			    "rule `%s': `%.*s%s' in `reason' is not known; there are "
			    "{match} and {kind}",
			    id, (int)(n < 40 ? n : 40), at, at[n] == '}' ? "}" : "");
	}
	return 0;
}

static int
read_names(struct walk *k, const config_setting_t *root, const config_setting_t *s,
    const struct pack *p, struct pack_rule *r)
{
	const char *id, *clause, *text, *category, *reason, *target, *owner;
	const struct pack_rule *other;
	struct sb b = {0};
	bool good;
	int rc;

	if ((rc = walk_string(k, s, "id", true, PACK_ID_MAX, &id)) != 0 ||
	    (rc = walk_string(k, s, "clause", true, PACK_CLAUSE_ID_MAX, &clause)) !=
		0 ||
	    (rc = walk_string(k, s, "category", true, PACK_CATEGORY_MAX, &category)) !=
		0 ||
	    (rc = walk_string(k, s, "reason", true, 300, &reason)) != 0 ||
	    (rc = walk_string(k, s, "target", false, 60, &target)) != 0 ||
	    (rc = walk_string(k, s, "owner", false, 100, &owner)) != 0)
		return rc;
	good = pack_good_name(id, PACK_ID_MAX);
	if (!good || !pack_good_name(category, PACK_CATEGORY_MAX))
		return walk_bad(k, walk_member(s, good ? "category" : "id"),
		    "`id' and `category' must be lower-case letters, digits and '-', "
		    "and begin with a letter");
	if ((text = clause_text(root, clause)) == NULL)
		return walk_bad(k, walk_member(s, "clause"),
		    "rule `%s': clause `%s' is not in `clauses'", id, clause);
	if (target != NULL && target[0] != '@')
		return walk_bad(k, walk_member(s, "target"),
		    "rule `%s': `target' names a list, as in \"@protected\"", id);
	if ((rc = check_reason(k, s, id, reason)) != 0)
		return rc;
	sb_printf(&b, "%s/%s", p->name, id);
	r->id = sb_take(&b);
	sb_printf(&b, "%s %s", clause, text);
	r->clause = sb_take(&b);
	r->clause_id = strlen(clause);
	r->category = mem_dup(category, strlen(category));
	r->reason = mem_dup(reason, strlen(reason));
	r->target = target != NULL ? mem_dup(target, strlen(target)) : NULL;
	r->owner = owner != NULL ? mem_dup(owner, strlen(owner)) : NULL;
	other = pack_rule_find(p, r->id);
	if (other != NULL)
		return walk_bad(k, walk_member(s, "id"),
		    "rule `%s' is here twice (first in line %d)", id, other->line);
	return 0;
}

static int
read_rule(struct pack_source *o, const config_setting_t *root,
    const config_setting_t *s, struct pack_rule *r)
{
	static const char *const keys[] = {"id", "rev", "mode", "category", "clause",
	    "severity", "score", "least", "phrases", "regexes", "near", "target",
	    "except", "require", "reason", "expires", "owner", "about", NULL};
	static const char *const modes[] = {
	    "draft", "shadow", "enforce", "retired", NULL};
	static const int mode_of[] = {TOSD_DRAFT, TOSD_SHADOW, TOSD_ENFORCE, -1};
	static const char *const grades[] = {"low", "medium", "high", "critical", NULL};
	static const int grade_of[] = {TOSD_LOW, TOSD_MEDIUM, TOSD_HIGH, TOSD_CRITICAL};
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	int rev = 0, mode = -1, grade = -1, rc;

	r->line = walk_line(s);
	r->score = -1;
	if (!config_setting_is_group(s))
		return walk_bad(k, s, "a rule is a group: { id = \"...\"; ... }");
	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = read_names(k, root, s, p, r)) != 0 ||
	    (rc = walk_int(k, s, "rev", 1, 1000000, &rev)) != 0 ||
	    (rc = walk_choice(k, s, "mode", modes, &mode)) != 0 ||
	    (rc = walk_choice(k, s, "severity", grades, &grade)) != 0 ||
	    (rc = walk_number(k, s, "score", 0, 1, &r->score)) != 0 ||
	    (rc = walk_number(k, s, "least", 0, 1, &r->least)) != 0 ||
	    (rc = pack_read_expiry(k, s, &r->expires)) != 0 ||
	    (rc = read_matches(k, s, r)) != 0)
		return rc;
	if (rev == 0 || mode < 0 || grade < 0 || r->score < 0)
		return walk_bad(k, s, "rule `%s' lacks `%s'", r->id,
		    rev == 0	? "rev"
		    : mode < 0	? "mode"
		    : grade < 0 ? "severity"
				: "score");
	if (r->least > r->score)
		return walk_bad(k, walk_member(s, "least"),
		    "rule `%s': `least' is more than `score', so nothing can be found",
		    r->id);
	r->rev = (uint32_t)rev;
	r->mode = mode_of[mode];
	r->severity = grade_of[grade];
	r->expires = r->expires < p->expires ? r->expires : p->expires;
	if ((rc = read_used(o, s, r, "except", &r->except, &r->nexcept)) != 0)
		return rc;
	if ((rc = read_used(o, s, r, "require", &r->require, &r->nrequire)) != 0)
		return rc;
	for (size_t i = 0; i < r->nrequire; i++)
		for (size_t j = 0; j < r->nexcept; j++)
			if (r->require[i] == r->except[j])
				return walk_bad(k, walk_member(s, "require"),
				    "rule `%s': context `%s' is in `except' and in "
				    "`require', so nothing can be found",
				    r->id, p->contexts[r->require[i]].name);
	return 0;
}

int
pack_read_rules(struct pack_source *o, const config_setting_t *root)
{
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	config_setting_t *list;
	int n, rc = check_clauses(k, root);

	if (rc != 0 ||
	    (rc = walk_list(k, root, "rules", (int)o->limits->rules, &list)) != 0)
		return rc;
	n = list != NULL ? config_setting_length(list) : 0;
	if (n == 0)
		return walk_bad(k, root, "the pack has no `rules'");
	p->rules = mem_new((size_t)n, sizeof(*p->rules));
	for (p->by_id_mask = 15; p->by_id_mask < (size_t)n * 2;)
		p->by_id_mask = p->by_id_mask * 2 + 1;
	p->by_id = mem_new(p->by_id_mask + 1, sizeof(*p->by_id));
	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		struct pack_rule *r = &p->rules[p->nrules++];

		rc = read_rule(o, root, s, r);
		if (rc == 0)
			p->by_id[find_id(p, r->id)] = (uint32_t)p->nrules;
		rc = whys_go_on(o->whys, rc, k->w) ? 0 : 1;
	}
	return rc;
}

void
pack_rule_clear(struct pack_rule *r)
{
	pack_patterns_clear(r->v, r->n);
	free(r->except);
	free(r->require);
	free(r->id);
	free(r->clause);
	free(r->category);
	free(r->reason);
	free(r->target);
	free(r->owner);
}
