/* SPDX-License-Identifier: Apache-2.0 */
/* prove: see prove.h. */
#include "prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
prove_judge(struct engine *e, const char *text, struct engine_result *r, struct why *w)
{
	return engine_check(e, text, strlen(text), INT64_MIN, NULL, NULL, r, w);
}

/* The rules of one pack that apply to a text, ascending. */
struct found {
	size_t *v;
	size_t n;
};

static int
find(struct engine *e, const struct pack *p, const char *text, struct found *out,
    struct why *w)
{
	struct engine_result r;
	int rc = prove_judge(e, text, &r, w);

	out->n = 0;
	for (size_t i = 0; rc == 0 && i < r.n; i++)
		if (engine_pack(e, r.v[i].rule) == p)
			out->v[out->n++] = r.v[i].rule;
	return rc;
}

static bool
has_rule(const struct engine *e, const struct found *f, const char *id)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(engine_rule(e, f->v[i])->id, id) == 0)
			return true;
	return false;
}

/* A rule that found one of two texts only. */
static int
compare_twins(const struct engine *e, const struct pack *p, const struct pack_test *t,
    const struct found *a, const struct found *b, struct why *w)
{
	size_t i = 0;
	bool first;

	while (i < a->n && i < b->n && a->v[i] == b->v[i])
		i++;
	if (i == a->n && i == b->n)
		return 0;
	first = i < a->n && (i == b->n || a->v[i] < b->v[i]);
	return why_set(w, "%s:%d: twins differ: rule `%s' finds only \"%.100s\"",
	    p->file, t->line, engine_rule(e, first ? a->v[i] : b->v[i])->id,
	    first ? t->text : t->twin);
}

/* What a context kept rules of the pack from finding in the text that was judged last;
 * id: of that rule alone.  For a message: "" if there is none. */
static const char *
why_not(
    const struct engine *e, const struct pack *p, const char *id, char *out, size_t cap)
{
	bool missing = false;

	out[0] = '\0';
	for (size_t i = 0; i < engine_rules(e) && out[0] == '\0'; i++) {
		const char *rule = engine_rule(e, i)->id, *context;

		if (engine_pack(e, i) != p || (id != NULL && strcmp(id, rule) != 0) ||
		    (context = engine_halt(e, i, &missing)) == NULL)
			continue;
		snprintf(out, cap, "; `%s' matches, but %s%s%s %s", rule,
		    context[0] != '\0' ? "its context `" : "a condition of its own",
		    context, context[0] != '\0' ? "'" : "",
		    missing ? "is not there" : "stands against it");
	}
	return out;
}

bool
prove_is_over(const struct pack *p, const struct pack_test *t)
{
	if (t->kind == PACK_OK)
		return false;
	if (t->rule != NULL)
		return pack_rule_find(p, t->rule)->mode < 0;
	for (size_t i = 0; i < p->nrules; i++)
		if (p->rules[i].mode >= 0)
			return false;
	return true;
}

/* One test; got and twin are room for what is found. */
static int
prove_test(struct engine *e, const struct pack *p, const struct pack_test *t,
    struct found *got, struct found *twin, struct why *w)
{
	const char *first;
	struct why why;
	char not [200];

	if (find(e, p, t->text, got, &why) != 0 ||
	    (t->twin != NULL && find(e, p, t->twin, twin, &why) != 0))
		return why_set(w, "%s:%d: test could not be judged: %s", p->file,
		    t->line, why.text);
	first = got->n > 0 ? engine_rule(e, got->v[0])->id : NULL;
	if (t->kind == PACK_OK && first != NULL)
		return why_set(w, "%s:%d: test `ok' is found by rule `%s': \"%.100s\"",
		    p->file, t->line, first, t->text);
	if (t->kind == PACK_FAIL && t->rule != NULL && !has_rule(e, got, t->rule))
		return why_set(w,
		    "%s:%d: test `fail' is not found by rule `%s' (but by: %s): "
		    "\"%.100s\"%s",
		    p->file, t->line, t->rule, first != NULL ? first : "none", t->text,
		    why_not(e, p, t->rule, not, sizeof(not )));
	if (t->kind != PACK_OK && first == NULL)
		return why_set(w, "%s:%d: test `%s' is found by no rule: \"%.100s\"%s",
		    p->file, t->line, t->kind == PACK_FAIL ? "fail" : "twins", t->text,
		    t->twin == NULL ? why_not(e, p, NULL, not, sizeof(not )) : "");
	return t->twin != NULL ? compare_twins(e, p, t, got, twin, w) : 0;
}

int
prove_pack(struct engine *e, const struct pack *p, struct whys *w)
{
	struct why why = {""};
	size_t before = w->n;
	size_t n = engine_rules(e);
	struct found got = {mem_new(n, sizeof(size_t)), 0},
		     twin = {mem_new(n, sizeof(size_t)), 0};
	bool *shown = mem_new(n, 1);
	bool on = true;

	for (size_t i = 0; on && i < p->ntests; i++) {
		if (prove_is_over(p, &p->tests[i]))
			continue;
		got.n = 0;
		on = whys_go_on(
		    w, prove_test(e, p, &p->tests[i], &got, &twin, &why), &why);
		for (size_t k = 0; p->tests[i].kind != PACK_OK && k < got.n; k++)
			shown[got.v[k]] = true;
	}
	on = w->n == before;
	for (size_t i = 0; on && i < n; i++) {
		if (shown[i] || engine_pack(e, i) != p)
			continue;
		why_set(&why,
		    "%s:%d: rule `%s' is found by no test; add a `fail' that "
		    "shows it at work",
		    p->file, engine_rule(e, i)->line, engine_rule(e, i)->id);
		on = whys_go_on(w, -1, &why);
	}
	free(got.v);
	free(twin.v);
	free(shown);
	return w->n == before ? 0 : -1;
}

static bool
same_hits(const struct engine_result *a, const struct engine_result *b)
{
	bool same = a->n == b->n;

	for (size_t j = 0; same && j < a->n; j++) {
		same = a->v[j].rule == b->v[j].rule && a->v[j].score == b->v[j].score &&
		       a->v[j].nspans == b->v[j].nspans;
		for (size_t k = 0; same && k < a->v[j].nspans; k++)
			same = a->v[j].spans[k].start == b->v[j].spans[k].start &&
			       a->v[j].spans[k].end == b->v[j].spans[k].end;
	}
	return same;
}

int
prove_same(struct engine *fast, struct engine *slow, const struct pack *p, size_t most,
    struct why *w)
{
	size_t step = most > 0 ? p->ntests / most + 1 : 1;

	for (size_t i = 0; i < p->ntests; i += step) {
		const char *text[2] = {p->tests[i].text, p->tests[i].twin};

		for (int k = 0; k < 2 && text[k] != NULL; k++) {
			struct engine_result a, b;

			if (prove_judge(fast, text[k], &a, w) != 0 ||
			    prove_judge(slow, text[k], &b, w) != 0)
				return -1;
			if (!same_hits(&a, &b))
				return why_set(w,
				    "%s:%d: by words and by PCRE2 alone the findings"
				    " differ; please report this pack: \"%.100s\"",
				    p->file, p->tests[i].line, text[k]);
		}
	}
	return 0;
}
