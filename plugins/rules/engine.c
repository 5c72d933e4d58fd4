/* SPDX-License-Identifier: Apache-2.0 */
/* engine: see engine.h. */
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "engine_in.h"
#include "sentence.h"

/* What one pattern may cost on one text, with ENGINE_STEPS; beyond, the item is
 * degraded. */
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT 2048 /* KiB */
#define JIT_STACK (512 * 1024)
/* Matches of one pattern that are looked at after one of them counted; where its
 * contexts rule all of them out, more are, and cost what looking around them may. */
#define TRIES 64
#define PHRASE_SHARE 4 /* a phrase goes over words, not over all bytes */

struct engine *
engine_new(struct letters *l, bool slow)
{
	struct engine *e = mem_new(1, sizeof(*e));

	e->slow = slow;
	e->letters = l;
	e->lexicon = lexicon_new();
	e->ends = ends_new();
	e->fold.known = ends_known;
	e->fold.known_ctx = e->ends;
	e->phrases = phrases_new(e->lexicon, l);
	e->index = index_new(e->lexicon);
	e->md = pcre2_match_data_create(16, NULL);
	e->mc = pcre2_match_context_create(NULL);
	e->stack = pcre2_jit_stack_create(16 * 1024, JIT_STACK, NULL);
	if (e->md == NULL || e->mc == NULL)
		abort();
	pcre2_set_match_limit(e->mc, ENGINE_STEPS);
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
	index_free(&e->index);
	for (size_t i = 0; i < e->ncontexts; i++)
		phrase_group_free(&e->contexts[i].words);
	phrases_free(&e->phrases);
	lexicon_free(&e->lexicon);
	ends_free(&e->ends);
	for (size_t i = 0; i < e->npatterns; i++) {
		pcre2_code_free(e->patterns[i].code);
		phrase_free(&e->patterns[i].phrase);
	}
	for (size_t i = 0; i < e->ncontexts; i++) {
		pcre2_code_free(e->contexts[i].phrases);
		pcre2_code_free(e->contexts[i].regexes);
		pcre2_code_free(e->contexts[i].wide);
	}
	pcre2_jit_stack_free(e->stack);
	pcre2_match_context_free(e->mc);
	pcre2_match_data_free(e->md);
	fold_free(&e->fold);
	form_free(&e->form);
	tokens_free(&e->tokens);
	tokens_free(&e->part);
	sb_free(&e->own);
	free(e->set_atom);
	free(e->rules);
	free(e->patterns);
	free(e->written);
	free(e->contexts);
	free(e->known);
	free(e->known_part);
	free(e->hits);
	free(e);
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

struct engine_ways
engine_ways(const struct engine *e)
{
	return e->ways;
}

struct meter *
engine_meter(struct engine *e)
{
	return &e->meter;
}

/* 1: the match stands in the context; 0: not; negative: PCRE2's error. */
static int
holds(struct engine *e, size_t at, size_t start, size_t end)
{
	const struct context *c = &e->contexts[at];
	const struct context_text t = {e->text, e->marked, e->len, e->phrases,
	    &e->tokens, &e->part, e->md, e->mc, ENGINE_STEPS};
	bool whole = c->src->where == PACK_TEXT && !c->src->quotes;
	uint32_t part = context_part(start);
	int rc;

	if (whole && e->known[at] != 0 && e->known_part[at] == part)
		return e->known[at] - 1;
	rc = context_holds(c, &t, start, end);
	if (whole && rc >= 0) {
		e->known[at] = (int8_t)(rc + 1);
		e->known_part[at] = part;
	}
	return rc;
}

/* 1: the surroundings speak against the match; negative: PCRE2's error. */
static int
excepted(struct engine *e, struct engine_rule *r, size_t start, size_t end)
{
	const size_t *c = NULL;
	int rc = 0;

	/* What must be there is missing more often than what must not be there is. */
	for (size_t i = 0; rc == 0 && i < r->src->nrequire; i++) {
		c = &r->src->require[i];
		rc = holds(e, r->contexts + *c, start, end);
		rc = rc < 0 ? rc : !rc;
		r->missing = true;
	}
	for (size_t i = 0; rc == 0 && i < r->src->nexcept; i++) {
		c = &r->src->except[i];
		rc = holds(e, r->contexts + *c, start, end);
		r->missing = false;
	}
	if (rc == 1) {
		r->halted = e->check;
		r->halt = *c;
	}
	return rc;
}

const char *
engine_halt(const struct engine *e, size_t rule, bool *missing)
{
	const struct engine_rule *r = &e->rules[rule];

	if (r->halted != e->check)
		return NULL;
	*missing = r->missing;
	return r->pack->contexts[r->halt].name;
}

/* In bytes of the text as written. */
static void
span_of(const struct engine *e, size_t start, size_t end, uint32_t *from, uint32_t *to)
{
	if (e->folded)
		fold_span(&e->fold, start, end, from, to);
	else
		form_span(&e->form, start, end, from, to);
}

void
engine_watch(
    struct engine *e, void (*fn)(void *ctx, const struct engine_seen *s), void *ctx)
{
	e->watch = fn;
	e->watch_ctx = ctx;
}

static void
tell_watch(struct engine *e, const struct engine_pattern *p, size_t start, size_t end,
    bool counts)
{
	const struct engine_rule *r = &e->rules[p->rule];
	struct engine_seen s = {.rule = p->rule, .missing = r->missing};

	if (e->written != NULL)
		s.pattern = e->written[p - e->patterns];
	if (!counts)
		s.halt = &r->pack->contexts[r->halt];
	span_of(e, start, end, &s.start, &s.end);
	e->watch(e->watch_ctx, &s);
}

void
engine_forms(const struct engine *e, const char **first, size_t *nfirst,
    const char **second, size_t *nsecond)
{
	*first = e->first;
	*nfirst = e->fold.len;
	*second = e->both ? e->form.text : NULL;
	*nsecond = e->both ? e->form.n : 0;
}

static void
add_span(struct engine *e, size_t rule, size_t start, size_t end)
{
	struct engine_rule *r = &e->rules[rule];
	struct engine_hit *h;
	uint32_t from, to;
	size_t i, k;

	span_of(e, start, end, &from, &to);
	if (r->hit == 0) {
		r->hit = ++e->nhits;
		e->hits[r->hit - 1] = (struct engine_hit){.rule = rule};
	}
	h = &e->hits[r->hit - 1];
	/* Those that it overlaps become one with it. */
	for (i = 0; i < h->nspans && h->spans[i].end <= from; i++)
		;
	for (k = i; k < h->nspans && h->spans[k].start < to; k++) {
		from = h->spans[k].start < from ? h->spans[k].start : from;
		to = h->spans[k].end > to ? h->spans[k].end : to;
	}
	if (k == i && h->nspans >= ENGINE_SPANS)
		return;
	memmove(&h->spans[i + 1], &h->spans[k], (h->nspans - k) * sizeof(h->spans[0]));
	h->spans[i].start = from;
	h->spans[i].end = to;
	h->nspans += 1 + i - k;
}

/* The next match of the pattern at `at' or later: 1 and its bytes, 0, or negative. */
static int
next_match(struct engine *e, const struct engine_pattern *p, size_t at, size_t *start,
    size_t *end)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(e->md);
	int rc;

	if (p->phrase != NULL) {
		rc = phrase_match(
		    p->phrase, e->phrases, &e->tokens, at, ENGINE_STEPS, start, end);
		return rc < 0 ? PCRE2_ERROR_MATCHLIMIT : rc;
	}
	rc = pcre2_match(p->code, (PCRE2_SPTR)(p->regex ? e->text : e->marked), e->len,
	    at, PCRE2_NO_UTF_CHECK, e->md, e->mc);
	if (rc < 0)
		return rc == PCRE2_ERROR_NOMATCH ? 0 : rc;
	*start = ov[0];
	*end = ov[1];
	return 1;
}

struct spender {
	int64_t (*spend)(void *ctx, int64_t units);
	void *ctx;
};

static bool
can_pay(const struct spender *sp, size_t units)
{
	return sp->spend == NULL || sp->spend(sp->ctx, (int64_t)units) >= 0;
}

static int
say_spent(struct why *w)
{
	return why_set(w, "the text uses up its budget of pattern searches");
}

/* Where the search goes on behind a match; one that is empty is none. */
static size_t
behind(const struct engine *e, size_t start, size_t end)
{
	if (end > start)
		return end;
	for (end = start + 1; end < e->len && ((uint8_t)e->text[end] & 0xc0) == 0x80;)
		end++;
	return end;
}

/* All matches of one pattern. */
static int
confirm(
    struct engine *e, struct engine_pattern *p, const struct spender *sp, struct why *w)
{
	struct engine_rule *r = &e->rules[p->rule];
	size_t at = 0, start, end;
	bool counts = false;
	int rc = 1;

	for (int i = 0; (i < TRIES || !counts) && at <= e->len; i++) {
		if (i >= TRIES && !can_pay(sp, CONTEXT_REACH))
			return say_spent(w);
		rc = next_match(e, p, at, &start, &end);
		if (rc <= 0)
			break;
		at = behind(e, start, end);
		if (end <= start) /* \K or an empty branch: no span */
			continue;
		rc = excepted(e, r, start, end);
		if (rc < 0)
			break;
		if (e->watch != NULL)
			tell_watch(e, p, start, end, rc == 0);
		if (rc != 0)
			continue;
		counts = true;
		add_span(e, p->rule, start, end);
		if (p->counted != e->check)
			r->doubt *= 1 - p->weight;
		p->counted = e->check;
	}
	if (rc >= 0)
		return 0;
	return why_set(w,
	    "rule `%s' went over its matching limits (PCRE2 %d): an expression of it "
	    "can "
	    "match in too many ways, as with a repeat in a repeat",
	    r->src->id, rc);
}

static int
compare_hits(const void *a, const void *b)
{
	const struct engine_hit *x = a, *y = b;

	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* What rules that want several signs could come to at most.  Of a second form nothing
 * is known yet, and the oracle looks for all. */
static void
weigh(struct engine *e, const uint32_t *found, size_t nfound)
{
	for (size_t i = 0; i < nfound; i++) {
		const struct engine_pattern *p = &e->patterns[found[i]];
		struct engine_rule *r = &e->rules[p->rule];

		if (!(r->src->least > 0))
			continue;
		if (r->weighed != e->check)
			r->may = 1;
		r->weighed = e->check;
		r->may *= 1 - p->weight;
	}
}

/* Its rule would be dropped in the end, whatever matches. */
static bool
is_hopeless(const struct engine *e, const struct engine_pattern *p)
{
	const struct engine_rule *r = &e->rules[p->rule];

	return !e->slow && !e->both && 1 - r->may < r->src->least;
}

/* Patterns that may be in the text. */
struct found {
	const uint32_t *v; /* NULL: all of them */
	size_t n;
	int64_t event_time;
	bool metered;
};

/* Those whose rules are grave, or the others: where a budget ends, it ends among what
 * matters least. */
static int
confirm_found(struct engine *e, const struct found *f, bool grave,
    const struct spender *sp, struct why *w)
{
	int rc = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct engine_pattern *p = &e->patterns[f->v == NULL ? i : f->v[i]];
		const struct engine_rule *r = &e->rules[p->rule];

		if ((r->src->severity >= TOSD_HIGH) != grave ||
		    f->event_time >= r->expires || is_hopeless(e, p))
			continue;
		if (!can_pay(sp, p->phrase != NULL ? e->len / PHRASE_SHARE : e->len))
			return say_spent(w);
		if (confirm(e, p, sp, w) != 0)
			rc = -1;
		if (f->metered)
			meter_rule(&e->meter, p->rule);
	}
	return rc;
}

/* One form of the text. */
static int
check_form(struct engine *e, const char *s, size_t n, int64_t event_time,
    const struct spender *sp, struct why *w)
{
	struct found f = {NULL, e->npatterns, event_time, false};
	int rc = 0;

	e->text = s;
	e->len = n;
	e->marked = sentence_mark(s, n, &e->own);
	if (e->words || !e->slow)
		tokens_take(&e->tokens, e->letters, e->marked, n);
	if (!e->slow) {
		rc = index_look(e->index, &e->tokens, s, n, &f.v, &f.n);
		if (rc != 0)
			why_set(w, "Hyperscan failed on this text");
	}
	if (f.n > 0 && e->ncontexts > 0)
		memset(e->known, 0, e->ncontexts);
	if (!e->slow && !e->both)
		weigh(e, f.v, f.n);
	f.metered = f.n > 0 && meter_begin(&e->meter);
	for (int grave = 1; grave >= 0; grave--)
		if (confirm_found(e, &f, grave, sp, w) != 0)
			rc = -1;
	return rc;
}

/* Whether folding did more than replace characters that are not ASCII. */
static bool
words_changed(const struct fold *f, const char *s, size_t n)
{
	size_t kept = 0, ascii = 0;

	if (!f->reworked)
		return false;
	for (size_t i = 0; i < n; i++)
		ascii += (uint8_t)s[i] < 0x80;
	for (size_t i = 0; i < f->len; i++) {
		char c = s[f->map[i]];

		if ((uint8_t)c >= 0x80)
			continue;
		if (c != f->text[i])
			return true;
		kept++;
	}
	return kept != ascii;
}

/* What the hits are worth; those under their rule's `least' go. */
static void
finish_hits(struct engine *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->nhits; i++) {
		struct engine_rule *r = &e->rules[e->hits[i].rule];
		double score = 1 - r->doubt;

		e->hits[i].score = score < r->src->score ? score : r->src->score;
		r->hit = 0;
		r->doubt = 1;
		if (e->hits[i].score >= r->src->least)
			e->hits[kept++] = e->hits[i];
	}
	e->nhits = kept;
	if (e->nhits > 1)
		qsort(e->hits, e->nhits, sizeof(*e->hits), compare_hits);
}

int
engine_check(struct engine *e, const char *s, size_t n, int64_t event_time,
    int64_t (*spend)(void *ctx, int64_t units), void *ctx, struct engine_result *out,
    struct why *w)
{
	const struct spender sp = {spend, ctx};
	const char *text;
	int rc;

	e->nhits = 0;
	e->check++;
	if (n > ENGINE_TEXT_MAX)
		return why_set(w, "text of %zu bytes is longer than 1 MiB", n);
	fold_text(&e->fold, s, n);
	e->folded = true;
	e->first = text = ends_undo(e->ends, e->fold.text, e->fold.len);
	e->both = text != e->fold.text || words_changed(&e->fold, s, n) ||
		  form_took(&e->alike, &e->fold, s, n);
	rc = check_form(e, text, e->fold.len, event_time, &sp, w);
	/* What was taken for a disguise may have been meant as it stands. */
	if (rc == 0 && e->both) {
		e->folded = false;
		form_make(&e->form, s, n);
		rc = check_form(e, e->form.text, e->form.n, event_time, &sp, w);
	}
	finish_hits(e);
	*out = (struct engine_result){e->hits, e->nhits};
	if (rc == 0 && e->fold.limited)
		rc = why_set(w, "more letters stand apart in it than are put together");
	return rc;
}
