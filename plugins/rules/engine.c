/* SPDX-License-Identifier: Apache-2.0 */
/* engine: see engine.h. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "index.h"
#include "kit/fold.h"
#include "need.h"
#include "pattern.h"
#include "phrase.h"

/* What one pattern may cost on one text; beyond, the item is degraded. */
#define MATCH_LIMIT 200000
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT 2048 /* KiB */
#define JIT_STACK (512 * 1024)
#define TRIES 64 /* matches of one pattern that are looked at */

struct rule {
	const struct pack_rule *src;
	const struct pack *pack;
	int64_t expires; /* as src says */
	size_t contexts; /* where those of its pack begin */
	size_t hit;	 /* place in hits + 1 during a check; 0: none yet */
	double doubt;	 /* during a check: how likely all its matches are wrong */
};

struct pattern {
	pcre2_code *code; /* NULL: it is a phrase that words are enough for */
	struct phrase *phrase;
	double weight;
	uint32_t rule;
	unsigned counted; /* the check in which its weight was last taken */
};

struct engine {
	bool slow;
	struct letters *letters;
	struct lexicon *lexicon;
	struct phrases *phrases;
	struct index *index;
	uint32_t *set_atom; /* of each set of phrases, + 1; 0: none yet */
	size_t nset_atom;
	struct rule *rules;
	size_t nrules;
	struct pattern *patterns;
	size_t npatterns;
	struct context *contexts;
	int8_t
	    *known; /* of each context over the whole text: 0 not asked, 1 no, 2 yes */
	size_t ncontexts;
	struct engine_hit *hits;
	size_t nhits;
	struct engine_ways ways;
	unsigned check; /* number of the present one */
	struct fold fold;
	struct tokens tokens;
	const char *text; /* the form that is being searched */
	size_t len;
	bool folded; /* it is the folded form */
	pcre2_match_data *md;
	pcre2_match_context *mc;
	pcre2_jit_stack *stack;
};

struct engine *
engine_new(struct letters *l, bool slow)
{
	struct engine *e = mem_new(1, sizeof(*e));

	e->slow = slow;
	e->letters = l;
	e->lexicon = lexicon_new();
	e->phrases = phrases_new(e->lexicon, l);
	e->index = index_new(e->lexicon);
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
	index_free(&e->index);
	phrases_free(&e->phrases);
	lexicon_free(&e->lexicon);
	for (size_t i = 0; i < e->npatterns; i++) {
		pcre2_code_free(e->patterns[i].code);
		phrase_free(&e->patterns[i].phrase);
	}
	for (size_t i = 0; i < e->ncontexts; i++)
		pcre2_code_free(e->contexts[i].code);
	pcre2_jit_stack_free(e->stack);
	pcre2_match_context_free(e->mc);
	pcre2_match_data_free(e->md);
	fold_free(&e->fold);
	tokens_free(&e->tokens);
	free(e->set_atom);
	free(e->rules);
	free(e->patterns);
	free(e->contexts);
	free(e->known);
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

struct put {
	struct index *index;
	uint32_t atom;
};

static void
put_word(void *ctx, uint32_t id)
{
	const struct put *p = ctx;

	index_word(p->index, p->atom, id);
}

/* The atom of a set of phrases, which many phrases may share. */
static uint32_t
atom_of_set(struct engine *e, uint32_t set)
{
	size_t n = phrases_sets(e->phrases);

	if (e->nset_atom < n + 1) {
		e->set_atom = mem_grow(e->set_atom, n * 2 + 1, sizeof(*e->set_atom));
		memset(e->set_atom + e->nset_atom, 0,
		    (n * 2 + 1 - e->nset_atom) * sizeof(*e->set_atom));
		e->nset_atom = n * 2 + 1;
	}
	if (e->set_atom[set] == 0) {
		struct put p = {e->index, index_atom(e->index)};

		e->set_atom[set] = p.atom + 1;
		phrases_words(e->phrases, set, put_word, &p);
	}
	return e->set_atom[set] - 1;
}

static void
index_phrase(struct engine *e, uint32_t number, const struct phrase *p)
{
	uint32_t sets[INDEX_ATOMS], first, second;
	size_t n;

	e->ways.words++;
	if (phrase_pair(p, e->phrases, &first, &second)) {
		index_put_pair(e->index, number, first, second);
		return;
	}
	n = phrase_sets(p, e->phrases, sets, INDEX_ATOMS);
	for (size_t i = 0; i < n; i++)
		sets[i] = atom_of_set(e, sets[i]);
	index_put(e->index, number, sets, n);
}

/* words: those within strings are enough. */
static uint32_t
atom_of_need(struct engine *e, const struct need *d, bool words)
{
	uint32_t atom = index_atom(e->index);

	for (size_t i = 0; i < d->n; i++) {
		const struct need_text *t = &d->v[i];
		uint32_t id = 0;

		if (t->word)
			id = lexicon_add(e->lexicon, t->text, t->n, false);
		else if (words)
			id = lexicon_add(
			    e->lexicon, t->text + t->inner_at, t->inner_n, false);
		if (id != 0)
			index_word(e->index, atom, id);
		else
			index_string(e->index, atom, t->text, t->n);
	}
	return atom;
}

#define STRING_WORTH 6

/* What the expression needs; further needs only where they cost no more than words, or
 * are strings that are hardly ever there. */
static void
index_regex(struct engine *e, uint32_t number, const struct pattern_out *out)
{
	struct need needs[NEED_MAX];
	size_t n = need_find(out->confirm.data, out->confirm.len, needs), kept = 0;
	uint32_t atoms[INDEX_ATOMS];

	for (size_t i = 0; i < n; i++) {
		bool cheap = i > 0 && needs[i].cheap;

		if (i == 0 || cheap || needs[i].words || needs[i].worth >= STRING_WORTH)
			atoms[kept++] = atom_of_need(e, &needs[i], cheap);
		need_clear(&needs[i]);
	}
	e->ways.needs += n > 0;
	e->ways.expressions += n == 0;
	for (size_t i = 0; n == 0 && i < out->natoms; i++) {
		atoms[kept] = index_atom(e->index);
		index_expression(e->index, atoms[kept++], out->atom[i]);
	}
	index_put(e->index, number, atoms, kept);
}

static int
add_regex(struct engine *e, const struct pattern_env *env, const struct pack_pattern *p,
    struct pattern *to, struct why *w)
{
	struct pattern_out out = {0};
	int rc = pattern_make(env, p, &out, w);

	if (rc == 0) {
		to->code = compile(out.confirm.data, out.confirm.len, w);
		rc = to->code == NULL ? -1 : check_empty(e, to->code, w);
	}
	if (rc == 0 && !e->slow)
		index_regex(e, (uint32_t)e->npatterns, &out);
	if (rc != 0)
		pcre2_code_free(to->code);
	pattern_clear(&out);
	return rc;
}

static int
add_pattern(struct engine *e, const struct pattern_env *env,
    const struct pack_pattern *p, struct why *w)
{
	struct pattern to = {.rule = (uint32_t)e->nrules - 1, .weight = p->weight};
	int rc = 1;

	if (e->npatterns >= ENGINE_PATTERNS)
		return why_set(
		    w, "more than %d patterns in all packs", ENGINE_PATTERNS);
	if (!p->regex && !e->slow)
		rc = phrase_make(e->phrases, env, p->text, &to.phrase, w);
	if (rc == 0)
		index_phrase(e, (uint32_t)e->npatterns, to.phrase);
	else if (rc == 1)
		rc = add_regex(e, env, p, &to, w);
	if (rc != 0)
		return rc > 0 ? 0 : rc; /* what can match nothing now is left out */
	if ((e->npatterns & (e->npatterns - 1)) == 0)
		e->patterns =
		    mem_grow(e->patterns, e->npatterns * 2 + 1, sizeof(*e->patterns));
	e->patterns[e->npatterns++] = to;
	return 0;
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
			why_set(w, "%s:%d: context `%s': %s", src->file, src->v[i].line,
			    src->name, why.text);
		pattern_clear(&out);
	}
	if (rc == 0 && src->n > 0) {
		c.code = compile(all.data, all.len, &why);
		if (c.code == NULL || check_empty(e, c.code, &why) != 0)
			rc = why_set(w, "%s:%d: context `%s': %s", src->file, src->line,
			    src->name, why.text);
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
		if ((e->nrules & (e->nrules - 1)) == 0)
			e->rules =
			    mem_grow(e->rules, e->nrules * 2 + 1, sizeof(*e->rules));
		e->rules[e->nrules++] = (struct rule){r, p, r->expires, base, 0, 1};
		env.target = r->target;
		for (size_t k = 0; k < r->n; k++)
			if (add_pattern(e, &env, &r->v[k], &why) != 0)
				return why_set(w, "%s:%d: rule `%s': \"%.60s\": %s",
				    p->file, r->v[k].line, r->id, r->v[k].text,
				    why.text);
	}
	e->known = mem_grow(e->known, e->ncontexts, sizeof(*e->known));
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
engine_seal(struct engine *e, const char *cache_dir, const struct pack **bad,
    const char **note, struct why *w)
{
	struct why why = {""};
	int64_t at;
	int rc;

	*bad = NULL;
	*note = NULL;
	if (e->slow)
		return 0;
	rc = index_seal(e->index, (uint32_t)e->npatterns, cache_dir, &at, note, &why);
	e->ways.strings = index_strings(e->index);
	if (rc != 0 && at >= 0 && (size_t)at < e->npatterns) {
		const struct rule *r = &e->rules[e->patterns[at].rule];

		*bad = r->pack;
		return why_set(w, "%s:%d: rule `%s': %s", r->pack->file, r->src->line,
		    r->src->id, why.text);
	}
	if (rc != 0)
		*w = why;
	return rc;
}

struct engine_ways
engine_ways(const struct engine *e)
{
	return e->ways;
}

/* 1: the match stands in the context; 0: not; negative: PCRE2's error. */
static int
holds(struct engine *e, size_t at, size_t start, size_t end)
{
	const struct context *c = &e->contexts[at];
	bool whole = c->src->where == PACK_TEXT && !c->src->quotes;
	int rc;

	if (whole && e->known[at] != 0)
		return e->known[at] - 1;
	rc = context_holds(c, e->text, e->len, start, end, e->md, e->mc);
	if (whole && rc >= 0)
		e->known[at] = (int8_t)(rc + 1);
	return rc;
}

/* 1: the surroundings speak against the match; negative: PCRE2's error. */
static int
excepted(struct engine *e, const struct rule *r, size_t start, size_t end)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->src->nexcept; i++)
		rc = holds(e, r->contexts + r->src->except[i], start, end);
	for (size_t i = 0; rc == 0 && i < r->src->nrequire; i++) {
		rc = holds(e, r->contexts + r->src->require[i], start, end);
		rc = rc < 0 ? rc : !rc;
	}
	return rc;
}

static void
add_span(struct engine *e, size_t rule, size_t start, size_t end)
{
	struct rule *r = &e->rules[rule];
	struct engine_hit *h;
	uint32_t from = (uint32_t)start, to = (uint32_t)end;
	size_t i;

	if (e->folded)
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

/* The next match of the pattern at `at' or later: 1 and its bytes, 0, or negative. */
static int
next_match(
    struct engine *e, const struct pattern *p, size_t at, size_t *start, size_t *end)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(e->md);
	int rc;

	if (p->phrase != NULL) {
		rc = phrase_match(
		    p->phrase, e->phrases, &e->tokens, at, MATCH_LIMIT, start, end);
		return rc < 0 ? PCRE2_ERROR_MATCHLIMIT : rc;
	}
	rc = pcre2_match(
	    p->code, (PCRE2_SPTR)e->text, e->len, at, PCRE2_NO_UTF_CHECK, e->md, e->mc);
	if (rc < 0)
		return rc == PCRE2_ERROR_NOMATCH ? 0 : rc;
	*start = ov[0];
	*end = ov[1];
	return 1;
}

/* All matches of one pattern. */
static int
confirm(struct engine *e, struct pattern *p, struct why *w)
{
	struct rule *r = &e->rules[p->rule];
	size_t at = 0, start, end;
	int rc = 1;

	for (int i = 0; i < TRIES && at <= e->len; i++) {
		rc = next_match(e, p, at, &start, &end);
		if (rc <= 0 || end <= start) /* \K or an empty branch: no span */
			break;
		rc = excepted(e, r, start, end);
		if (rc < 0)
			break;
		if (rc == 0) {
			add_span(e, p->rule, start, end);
			if (p->counted != e->check)
				r->doubt *= 1 - p->weight;
			p->counted = e->check;
		}
		at = end;
	}
	if (rc >= 0)
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

struct spender {
	int64_t (*spend)(void *ctx, int64_t units);
	void *ctx;
};

/* One form of the text. */
static int
check_form(struct engine *e, const char *s, size_t n, int64_t event_time,
    const struct spender *sp, struct why *w)
{
	const uint32_t *found = NULL;
	size_t nfound = e->npatterns;
	int rc = 0;

	e->text = s;
	e->len = n;
	if (!e->slow) {
		tokens_take(&e->tokens, e->letters, s, n);
		rc = index_look(e->index, &e->tokens, s, n, &found, &nfound);
		if (rc != 0)
			why_set(w, "Hyperscan failed on this text");
	}
	if (nfound > 0 && e->ncontexts > 0)
		memset(e->known, 0, e->ncontexts);
	for (size_t i = 0; i < nfound; i++) {
		struct pattern *p = &e->patterns[e->slow ? i : found[i]];

		if (event_time >= e->rules[p->rule].expires)
			continue;
		if (sp->spend != NULL && sp->spend(sp->ctx, (int64_t)n) < 0)
			return why_set(
			    w, "the text uses up its budget of pattern searches");
		if (confirm(e, p, w) != 0)
			rc = -1;
	}
	return rc;
}

/* Whether folding did more than replace characters that are not ASCII.  The two that
 * PCRE2 takes for k and s have their say in the folded form only, where they are that.
 */
static bool
words_changed(const struct fold *f, const char *s, size_t n)
{
	size_t kept = 0, ascii = 0;

	if (!f->reworked || memmem(s, n, "\u212a", 3) != NULL ||
	    memmem(s, n, "\u017f", 2) != NULL)
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
		struct rule *r = &e->rules[e->hits[i].rule];
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
	int rc;

	e->nhits = 0;
	e->check++;
	if (n > ENGINE_TEXT_MAX)
		return why_set(w, "text of %zu bytes is longer than 1 MiB", n);
	fold_text(&e->fold, s, n);
	e->folded = e->fold.map != NULL;
	rc = check_form(e, e->fold.text, e->fold.len, event_time, &sp, w);
	/* What was taken for a disguise may have been meant as it stands. */
	if (rc == 0 && e->folded && words_changed(&e->fold, s, n)) {
		e->folded = false;
		rc = check_form(e, s, n, event_time, &sp, w);
	}
	finish_hits(e);
	*out = (struct engine_result){e->hits, e->nhits};
	return rc;
}
