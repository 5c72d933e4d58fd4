/* SPDX-License-Identifier: Apache-2.0 */
/* prove: see prove.h. */
#include "prove.h"

#include <stdlib.h>
#include <string.h>

/* Tests are judged as if at the beginning of time, so that no rule has expired. */
#define BEFORE_ALL INT64_MIN

static int
judge(struct engine *e, const char *text, struct engine_result *r, struct why *w)
{
	return engine_check(e, text, strlen(text), BEFORE_ALL, NULL, NULL, r, w);
}

/* Which rules of e apply, as one flag each. */
static int
flags(struct engine *e, const char *text, bool *out, struct why *w)
{
	struct engine_result r;

	if (judge(e, text, &r, w) != 0)
		return -1;
	memset(out, 0, engine_rules(e) * sizeof(*out));
	for (size_t i = 0; i < r.n; i++)
		out[r.v[i].rule] = true;
	return 0;
}

static const char *
first_of(const struct engine *e, const bool *v)
{
	for (size_t i = 0; i < engine_rules(e); i++)
		if (v[i])
			return engine_rule(e, i)->id;
	return NULL;
}

static bool
has_rule(const struct engine *e, const bool *v, const char *id)
{
	for (size_t i = 0; i < engine_rules(e); i++)
		if (v[i] && strcmp(engine_rule(e, i)->id, id) == 0)
			return true;
	return false;
}

/* One test; `got` and `twin` are room for flags. */
static int
prove_test(struct engine *e, const struct pack *p, const struct pack_test *t, bool *got,
    bool *twin, struct why *w)
{
	struct why why;

	if (flags(e, t->text, got, &why) != 0 ||
	    (t->twin != NULL && flags(e, t->twin, twin, &why) != 0))
		return why_set(w, "%s:%d: test could not be judged: %s", p->file,
		    t->line, why.text);
	if (t->kind == PACK_OK && first_of(e, got) != NULL)
		return why_set(w, "%s:%d: test `ok' is found by rule `%s': \"%.100s\"",
		    p->file, t->line, first_of(e, got), t->text);
	if (t->kind == PACK_FAIL && t->rule != NULL && !has_rule(e, got, t->rule))
		return why_set(w,
		    "%s:%d: test `fail' is not found by rule `%s' (but by: %s): "
		    "\"%.100s\"",
		    p->file, t->line, t->rule,
		    first_of(e, got) != NULL ? first_of(e, got) : "none", t->text);
	if (t->kind != PACK_OK && first_of(e, got) == NULL)
		return why_set(w, "%s:%d: test `%s' is found by no rule: \"%.100s\"",
		    p->file, t->line, t->kind == PACK_FAIL ? "fail" : "twins", t->text);
	for (size_t i = 0; t->twin != NULL && i < engine_rules(e); i++)
		if (got[i] != twin[i])
			return why_set(w,
			    "%s:%d: twins differ: rule `%s' finds only \"%.100s\"",
			    p->file, t->line, engine_rule(e, i)->id,
			    got[i] ? t->text : t->twin);
	return 0;
}

int
prove_pack(struct engine *e, const struct pack *p, struct why *w)
{
	size_t n = engine_rules(e);
	bool *got = mem_new(n, 1), *twin = mem_new(n, 1), *shown = mem_new(n, 1);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->ntests; i++) {
		rc = prove_test(e, p, &p->tests[i], got, twin, w);
		for (size_t k = 0; k < n; k++)
			shown[k] = shown[k] || (p->tests[i].kind != PACK_OK && got[k]);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (!shown[i])
			rc = why_set(w,
			    "%s:%d: rule `%s' is found by no test; add a `fail' that "
			    "shows it at work",
			    p->file, engine_rule(e, i)->line, engine_rule(e, i)->id);
	free(got);
	free(twin);
	free(shown);
	return rc;
}

int
prove_filter(
    struct engine *fast, struct engine *slow, const struct pack *p, struct why *w)
{
	for (size_t i = 0; i < p->ntests; i++) {
		const char *text[2] = {p->tests[i].text, p->tests[i].twin};

		for (int k = 0; k < 2 && text[k] != NULL; k++) {
			struct engine_result a, b;
			bool same;

			if (judge(fast, text[k], &a, w) != 0 ||
			    judge(slow, text[k], &b, w) != 0)
				return -1;
			same = a.n == b.n;
			for (size_t j = 0; same && j < a.n; j++)
				same = a.v[j].rule == b.v[j].rule &&
				       a.v[j].nspans == b.v[j].nspans;
			if (!same)
				return why_set(w,
				    "%s:%d: with and without the filter the findings"
				    " differ; please report this pack: \"%.100s\"",
				    p->file, p->tests[i].line, text[k]);
		}
	}
	return 0;
}
