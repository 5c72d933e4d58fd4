/* SPDX-License-Identifier: Apache-2.0 */
/* lint_unused: lists, contexts and targets of a pack that nothing in it looks for. */
#include <string.h>

#include "lint_in.h"

#define DEPTH 4 /* lists within lists */

static bool
names_list(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = text; (s = strchr(s, '@')) != NULL; s++) {
		const char *at = s[1] == '{' ? s + 2 : s + 1;

		if (strncmp(at, name, n) == 0 &&
		    (at[n] == '\0' || strchr(" |?}*", at[n]) != NULL))
			return true;
	}
	return false;
}

static bool
patterns_name(const struct pack_pattern *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (names_list(v[i].text, name))
			return true;
	return false;
}

static bool
list_used(const struct pack *p, const struct pack_list *l)
{
	if (l->kind != PACK_NO_KIND)
		return true; /* it is part of @any-person and so on */
	for (size_t i = 0; i < p->nrules; i++)
		if (patterns_name(p->rules[i].v, p->rules[i].n, l->name) ||
		    (p->rules[i].target != NULL &&
			names_list(p->rules[i].target, l->name)))
			return true;
	for (size_t i = 0; i < p->ncontexts; i++)
		if (patterns_name(p->contexts[i].v, p->contexts[i].n, l->name))
			return true;
	for (size_t i = 0; i < p->nlists; i++)
		for (size_t k = 0; k < p->lists[i].n; k++)
			if (names_list(p->lists[i].words[k], l->name))
				return true;
	return false;
}

static bool
context_used(const struct pack *p, size_t at)
{
	for (size_t i = 0; i < p->nrules; i++) {
		const struct pack_rule *r = &p->rules[i];

		for (size_t k = 0; k < r->nexcept; k++)
			if (r->except[k] == at)
				return true;
		for (size_t k = 0; k < r->nrequire; k++)
			if (r->require[k] == at)
				return true;
	}
	return false;
}

static bool
list_names(const struct pack *p, const struct pack_list *l, const char *name, int depth)
{
	for (size_t i = 0; i < l->n; i++)
		if (names_list(l->words[i], name))
			return true;
	for (size_t i = 0; depth > 0 && i < p->nlists; i++)
		if (list_names(p, l, p->lists[i].name, 0) &&
		    list_names(p, &p->lists[i], name, depth - 1))
			return true;
	return false;
}

/* Something that the rule looks for is its target; a list of it may name it too. */
static bool
target_used(const struct pack *p, const struct pack_rule *r)
{
	if (patterns_name(r->v, r->n, "target"))
		return true;
	for (size_t i = 0; i < p->nlists; i++)
		if (patterns_name(r->v, r->n, p->lists[i].name) &&
		    list_names(p, &p->lists[i], "target", DEPTH))
			return true;
	/* It may be there for its kind alone. */
	return strstr(r->reason, "{kind}") != NULL &&
	       patterns_name(r->v, r->n, r->target + 1);
}

static void
lint_targets(struct lint *l, const struct pack *p)
{
	for (size_t i = 0; i < p->nrules; i++) {
		const struct pack_rule *r = &p->rules[i];

		if (r->mode >= 0 && r->target != NULL && !target_used(p, r))
			lint_say(l, p->file, r->line,
			    "rule `%s': its `target' is %.60s, but no pattern has "
			    "@target",
			    r->id, r->target);
	}
}

/* What is included is there for others too. */
void
lint_unused(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];

		for (size_t k = 0; k < p->nlists; k++)
			if (p->lists[k].file == p->file && !list_used(p, &p->lists[k]))
				lint_say(l, p->file, p->lists[k].line,
				    "list `%s' is not used", p->lists[k].name);
		for (size_t k = 0; k < p->ncontexts; k++)
			if (p->contexts[k].file == p->file &&
			    p->contexts[k].name[0] != '\0' && !context_used(p, k))
				lint_say(l, p->file, p->contexts[k].line,
				    "context `%s' is not used", p->contexts[k].name);
		lint_targets(l, p);
	}
}
