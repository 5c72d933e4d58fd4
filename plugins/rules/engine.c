/* SPDX-License-Identifier: Apache-2.0 */
/* engine: see engine.h. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "filter.h"
#include "kit/fold.h"
#include "pattern.h"

/* What one pattern may cost on one text; beyond, the item is degraded. */
#define MATCH_LIMIT 200000
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT 2048 /* KiB */
#define JIT_STACK (512 * 1024)
#define TRIES 64 /* matches of one pattern that are looked at */

struct rule {
	const struct pack_rule *src;
	const struct pack *pack;
	size_t contexts; /* where those of its pack begin */
	size_t hit;	 /* place in hits + 1 during a check; 0: none yet */
};

struct pattern {
	pcre2_code *code;
	size_t rule;
	unsigned atom[PATTERN_ATOMS]; /* different ones */
	unsigned natoms;
	unsigned seen; /* of them, in the present text */
};

struct atom {
	char *text;
	unsigned *patterns; /* those that need it */
	size_t n;
};

struct engine {
	struct rule *rules;
	size_t nrules;
	struct pattern *patterns;
	size_t npatterns;
	struct atom *atoms;
	size_t natoms;
	unsigned *touched; /* patterns with seen > 0 */
	size_t ntouched;
	struct context *contexts;
	int8_t
	    *known; /* of each context over the whole text: 0 not asked, 1 no, 2 yes */
	size_t ncontexts;
	struct filter *filter;
	unsigned *found; /* patterns that the filter named */
	size_t nfound;
	struct engine_hit *hits;
	size_t nhits;
	struct fold fold;
	pcre2_match_data *md;
	pcre2_match_context *mc;
	pcre2_jit_stack *stack;
};

struct engine *
engine_new(void)
{
	struct engine *e = mem_new(1, sizeof(*e));

	e->md = pcre2_match_data_create(16, NULL);
	e->mc = pcre2_match_context_create(NULL);
	e->stack = pcre2_jit_stack_create(16 * 1024, JIT_STACK, NULL);
	if (e->md == NULL || e->mc == NULL)
		abort();
	pcre2_set_match_limit(e->mc, MATCH_LIMIT);
	pcre2_set_depth_limit(e->mc, DEPTH_LIMIT);
	pcre2_set_heap_limit(e->mc, HEAP_LIMIT);
	if (e->stack != NULL)
		pcre2_jit_stack_assign(e->mc, NULL, e->stack);
	return e;
}

void
engine_free(struct engine **ep)
{
	struct engine *e = *ep;

	if (e == NULL)
		return;
	*ep = NULL;
	filter_free(&e->filter);
	for (size_t i = 0; i < e->npatterns; i++)
		pcre2_code_free(e->patterns[i].code);
	for (size_t i = 0; i < e->natoms; i++) {
		free(e->atoms[i].text);
		free(e->atoms[i].patterns);
	}
	for (size_t i = 0; i < e->ncontexts; i++)
		pcre2_code_free(e->contexts[i].code);
	pcre2_jit_stack_free(e->stack);
	pcre2_match_context_free(e->mc);
	pcre2_match_data_free(e->md);
	fold_free(&e->fold);
	free(e->rules);
	free(e->patterns);
	free(e->atoms);
	free(e->touched);
	free(e->contexts);
	free(e->known);
	free(e->found);
	free(e->hits);
	free(e);
}

/* Without JIT (memory that may be executed refused, say) it is only slower. */
static pcre2_code *
compile(const char *s, size_t n, struct why *w)
{
	PCRE2_SIZE at;
	PCRE2_UCHAR text[160];
	pcre2_code *code;
	int error;

	code = pcre2_compile((PCRE2_SPTR)s, n,
	    PCRE2_UTF | PCRE2_CASELESS | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C |
		PCRE2_NEVER_UCP,
	    &error, &at, NULL);
	if (code == NULL) {
		pcre2_get_error_message(error, text, sizeof(text));
		why_set(w, "at byte %zu: %s", (size_t)at, (char *)text);
		return NULL;
	}
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return code;
}

/* A regex that matches nothing at all would match everywhere. */
static int
check_empty(struct engine *e, const pcre2_code *code, struct why *w)
{
	if (pcre2_match(code, (PCRE2_SPTR) "", 0, 0, 0, e->md, e->mc) >= 0)
		return why_set(
		    w, "it matches the empty text, so it would match everywhere");
	return 0;
}

/* The number of the atom with this text; lists are shared by many patterns. */
static unsigned
intern_atom(struct engine *e, const char *text)
{
	for (size_t i = 0; i < e->natoms; i++)
		if (strcmp(e->atoms[i].text, text) == 0)
			return (unsigned)i;
	e->atoms = mem_grow(e->atoms, e->natoms + 1, sizeof(*e->atoms));
	e->atoms[e->natoms] = (struct atom){mem_dup(text, strlen(text)), NULL, 0};
	return (unsigned)e->natoms++;
}

static void
link_atoms(struct engine *e, struct pattern *p, const struct pattern_out *out)
{
	for (size_t i = 0; i < out->natoms; i++) {
		unsigned at = intern_atom(e, out->atom[i]), k = 0;
		struct atom *a = &e->atoms[at];

		while (k < p->natoms && p->atom[k] != at)
			k++;
		if (k < p->natoms)
			continue;
		p->atom[p->natoms++] = at;
		a->patterns = mem_grow(a->patterns, a->n + 1, sizeof(*a->patterns));
		a->patterns[a->n++] = (unsigned)(p - e->patterns);
	}
}

static int
add_pattern(struct engine *e, const struct pattern_env *env,
    const struct pack_pattern *p, struct why *w)
{
	struct pattern_out out = {0};
	pcre2_code *code = NULL;
	int rc = pattern_make(env, p, &out, w);

	if (rc == 0 && e->npatterns >= ENGINE_PATTERNS)
		rc = why_set(w, "more than %d patterns in all packs", ENGINE_PATTERNS);
	if (rc == 0) {
		code = compile(out.confirm.data, out.confirm.len, w);
		rc = code == NULL ? -1 : check_empty(e, code, w);
	}
	if (rc == 0) {
		e->patterns =
		    mem_grow(e->patterns, e->npatterns + 1, sizeof(*e->patterns));
		e->patterns[e->npatterns] =
		    (struct pattern){.code = code, .rule = e->nrules - 1};
		link_atoms(e, &e->patterns[e->npatterns++], &out);
	} else {
		pcre2_code_free(code);
	}
	pattern_clear(&out);
	return rc > 0 ? 0 : rc; /* one that can match nothing now is left out */
}

/* All patterns of a context as one alternation: only yes or no is asked of it. */
static int
add_context(struct engine *e, const struct pattern_env *env,
    const struct pack_context *src, struct why *w)
{
	struct sb all = {0};
	struct why why = {""};
	struct context c = {src, NULL};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < src->n; i++) {
		struct pattern_out out = {0};

		rc = pattern_make(env, &src->v[i], &out, &why);
		if (rc == 0)
			sb_printf(
			    &all, "%s(?:%s)", all.len > 0 ? "|" : "", out.confirm.data);
		if (rc < 0)
			why_set(w, "%s:%d: context `%s': %s", env->pack->file,
			    src->v[i].line, src->name, why.text);
		pattern_clear(&out);
		rc = rc > 0 ? 0 : rc;
	}
	if (rc == 0 && src->n > 0) {
		c.code = compile(all.data, all.len, &why);
		if (c.code == NULL || check_empty(e, c.code, &why) != 0)
			rc = why_set(w, "%s:%d: context `%s': %s", env->pack->file,
			    src->line, src->name, why.text);
	}
	e->contexts = mem_grow(e->contexts, e->ncontexts + 1, sizeof(*e->contexts));
	e->contexts[e->ncontexts++] = c;
	sb_free(&all);
	return rc;
}

int
engine_add(struct engine *e, const struct pack *p, const struct pack_list *protect,
    struct why *w)
{
	struct pattern_env env = {p, protect, NULL};
	size_t base = e->ncontexts;
	struct why why = {""};

	for (size_t i = 0; i < p->ncontexts; i++)
		if (add_context(e, &env, &p->contexts[i], w) != 0)
			return -1;
	for (size_t i = 0; i < p->nrules; i++) {
		const struct pack_rule *r = &p->rules[i];

		if (r->mode < 0)
			continue;
		e->rules = mem_grow(e->rules, e->nrules + 1, sizeof(*e->rules));
		e->rules[e->nrules++] = (struct rule){r, p, base, 0};
		env.target = r->target;
		for (size_t k = 0; k < r->n; k++)
			if (add_pattern(e, &env, &r->v[k], &why) != 0)
				return why_set(w, "%s:%d: rule `%s': \"%.60s\": %s",
				    p->file, r->v[k].line, r->id, r->v[k].text,
				    why.text);
	}
	e->known = mem_grow(e->known, e->ncontexts, sizeof(*e->known));
	e->found = mem_grow(e->found, e->npatterns, sizeof(*e->found));
	e->touched = mem_grow(e->touched, e->npatterns, sizeof(*e->touched));
	e->hits = mem_grow(e->hits, e->nrules, sizeof(*e->hits));
	return 0;
}

size_t
engine_rules(const struct engine *e)
{
	return e->nrules;
}

const struct pack_rule *
engine_rule(const struct engine *e, size_t i)
{
	return e->rules[i].src;
}

const struct pack *
engine_pack(const struct engine *e, size_t i)
{
	return e->rules[i].pack;
}

int
engine_filter(struct engine *e, const char *cache_dir, const struct pack **bad,
    const char **note, struct why *w)
{
	const char **v = mem_new(e->natoms, sizeof(*v));
	struct why why = {""};
	int at, rc;

	*bad = NULL;
	for (size_t i = 0; i < e->natoms; i++)
		v[i] = e->atoms[i].text;
	rc = filter_new(v, (unsigned)e->natoms, cache_dir, &e->filter, &at, note, &why);
	free(v);
	if (rc != 0 && at >= 0 && (size_t)at < e->natoms) {
		const struct pattern *p = &e->patterns[e->atoms[at].patterns[0]];
		const struct rule *r = &e->rules[p->rule];

		*bad = r->pack;
		return why_set(w, "%s:%d: rule `%s': %s", r->pack->file, r->src->line,
		    r->src->id, why.text);
	}
	if (rc != 0)
		*w = why;
	return rc;
}

/* An atom is named once in a text. */
static void
on_found(void *ctx, unsigned place)
{
	struct engine *e = ctx;
	const struct atom *a = &e->atoms[place];

	for (size_t i = 0; i < a->n; i++) {
		struct pattern *p = &e->patterns[a->patterns[i]];

		if (p->seen++ == 0)
			e->touched[e->ntouched++] = a->patterns[i];
		if (p->seen == p->natoms)
			e->found[e->nfound++] = a->patterns[i];
	}
}

static int
compare_places(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* Which patterns are worth a look, in their own order. */
static int
find_candidates(struct engine *e)
{
	int rc = 0;

	e->nfound = 0;
	if (e->filter == NULL) {
		for (size_t i = 0; i < e->npatterns; i++)
			e->found[e->nfound++] = (unsigned)i;
		return 0;
	}
	rc = filter_scan(e->filter, e->fold.text, e->fold.len, on_found, e);
	if (e->nfound > 1)
		qsort(e->found, e->nfound, sizeof(*e->found), compare_places);
	for (size_t i = 0; i < e->ntouched; i++)
		e->patterns[e->touched[i]].seen = 0;
	e->ntouched = 0;
	return rc;
}

/* 1: the match stands in a context that the rule excepts; negative: PCRE2's error. */
static int
excepted(struct engine *e, const struct rule *r, size_t start, size_t end)
{
	for (size_t i = 0; i < r->src->nexcept; i++) {
		size_t at = r->contexts + r->src->except[i];
		const struct context *c = &e->contexts[at];
		bool whole = c->src->where == PACK_TEXT && !c->src->quotes;
		int rc = whole ? e->known[at] - 1 : -1;

		if (!whole || e->known[at] == 0)
			rc = context_holds(
			    c, e->fold.text, e->fold.len, start, end, e->md, e->mc);
		if (whole && rc >= 0)
			e->known[at] = (int8_t)(rc + 1);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void
add_span(struct engine *e, size_t rule, size_t start, size_t end)
{
	struct rule *r = &e->rules[rule];
	struct engine_hit *h;
	uint32_t from, to;
	size_t i;

	fold_span(&e->fold, start, end, &from, &to);
	if (r->hit == 0) {
		r->hit = ++e->nhits;
		e->hits[r->hit - 1] = (struct engine_hit){.rule = rule};
	}
	h = &e->hits[r->hit - 1];
	for (i = h->nspans; i > 0 && h->spans[i - 1].start > from; i--)
		;
	if ((i > 0 && h->spans[i - 1].end >= to) || h->nspans >= ENGINE_SPANS)
		return; /* inside of one that we have */
	memmove(&h->spans[i + 1], &h->spans[i], (h->nspans - i) * sizeof(h->spans[0]));
	h->spans[i].start = from;
	h->spans[i].end = to;
	h->nspans++;
}

/* All matches of one pattern. */
static int
confirm(struct engine *e, const struct pattern *p, const struct rule *r, struct why *w)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(e->md);
	PCRE2_SPTR s = (PCRE2_SPTR)e->fold.text;
	size_t at = 0;
	int rc = 0;

	for (int i = 0; i < TRIES && at <= e->fold.len; i++) {
		size_t start, end;

		rc = pcre2_match(
		    p->code, s, e->fold.len, at, PCRE2_NO_UTF_CHECK, e->md, e->mc);
		if (rc < 0)
			break;
		start = ov[0];
		end = ov[1];
		if (end <= start) /* \K or an empty branch: no span can show it */
			break;
		rc = excepted(e, r, start, end);
		if (rc < 0)
			break;
		if (rc == 0)
			add_span(e, p->rule, start, end);
		at = end;
	}
	if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
		return 0;
	return why_set(
	    w, "rule `%s' went over its matching limits (PCRE2 %d)", r->src->id, rc);
}

static int
compare_hits(const void *a, const void *b)
{
	const struct engine_hit *x = a, *y = b;

	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

int
engine_check(struct engine *e, const char *s, size_t n, int64_t event_time,
    int64_t (*spend)(void *ctx, int64_t units), void *ctx, struct engine_result *out,
    struct why *w)
{
	int rc;

	e->nhits = 0;
	if (n > ENGINE_TEXT_MAX)
		return why_set(w, "text of %zu bytes is longer than 1 MiB", n);
	fold_text(&e->fold, s, n);
	rc = find_candidates(e);
	if (rc != 0)
		why_set(w, "Hyperscan failed on this text");
	if (e->nfound > 0)
		memset(e->known, 0, e->ncontexts);
	for (size_t i = 0; i < e->nfound; i++) {
		const struct pattern *p = &e->patterns[e->found[i]];
		const struct rule *r = &e->rules[p->rule];

		if (event_time >= r->src->expires)
			continue;
		if (spend != NULL && spend(ctx, (int64_t)n) < 0) {
			rc = why_set(
			    w, "the text uses up its budget of pattern searches");
			break;
		}
		if (confirm(e, p, r, w) != 0)
			rc = -1;
	}
	for (size_t i = 0; i < e->nhits; i++)
		e->rules[e->hits[i].rule].hit = 0;
	if (e->nhits > 1)
		qsort(e->hits, e->nhits, sizeof(*e->hits), compare_hits);
	*out = (struct engine_result){e->hits, e->nhits};
	return rc;
}
