/* SPDX-License-Identifier: Apache-2.0 */
/* engine_add: rules compiled, and put under what the index looks for; see engine.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_in.h"
#include "need.h"
#include "pattern.h"
#include "regex.h"

/* Without JIT (memory that may be executed refused, say) it is only slower.  *at: where
 * in s it goes wrong. */
static pcre2_code *
compile(const char *s, size_t n, size_t *at, struct why *w)
{
	PCRE2_UCHAR text[160];
	pcre2_code *code;
	int error;

	code = pcre2_compile((PCRE2_SPTR)s, n,
	    PCRE2_UTF | PCRE2_CASELESS | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C |
		(regex_wide(s, n) ? PCRE2_UCP : PCRE2_NEVER_UCP),
	    &error, at, NULL);
	if (code == NULL) {
		pcre2_get_error_message(error, text, sizeof(text));
		why_set(w, "%s", (char *)text);
		return NULL;
	}
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return code;
}

#define SHOWN 70

/* The beginning of a pattern, for messages: not cut within a character. */
static const char *
show(const char *text, char out[SHOWN])
{
	size_t n = strlen(text), most = SHOWN - 4;

	if (n > most)
		for (n = most; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--;
	snprintf(out, SHOWN, "%.*s%s", (int)n, text, text[n] != '\0' ? "..." : "");
	return out;
}

#define AROUND 24 /* bytes of the expression before a mistake and after it */

/* Puts into w where in the expression as its author wrote it the byte `at' of the
 * expanded one lies, before what is said of it. */
static void
say_place(const struct pattern_env *env, const char *text, size_t at, struct why *w)
{
	struct why what = *w;
	size_t list, place = pattern_place(env, text, at, &list), n = strlen(text);
	size_t from = place > AROUND ? place - AROUND : 0;
	size_t to = n - place > AROUND ? place + AROUND : n;

	/* Not within a character. */
	while (from > 0 && ((unsigned char)text[from] & 0xc0) == 0x80)
		from--;
	while (to < n && ((unsigned char)text[to] & 0xc0) == 0x80)
		to++;
	if (list > 0)
		why_set(
		    w, "in the words of %.*s: %s", (int)list, text + place, what.text);
	else if (place == 0)
		why_set(w, "at its beginning: %s", what.text);
	else if (place == n)
		why_set(w, "at its end: %s", what.text);
	else
		why_set(w, "at byte %zu, between `%s%.*s' and `%.*s%s': %s", place,
		    from > 0 ? "..." : "", (int)(place - from), text + from,
		    (int)(to - place), text + place, to < n ? "..." : "", what.text);
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
put_shown(void *ctx, struct phrase_shown what)
{
	const struct put *p = ctx;

	if (what.second != 0)
		index_pair(p->index, p->atom, what.id, what.second);
	else
		index_word(p->index, p->atom, what.id);
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
		phrases_shown(e->phrases, set, put_shown, &p);
	}
	return e->set_atom[set] - 1;
}

static void
index_phrase(struct engine *e, uint32_t number, const struct phrase *p)
{
	uint32_t sets[INDEX_ATOMS], row[3];
	size_t n;

	e->ways.words++;
	if (phrase_pair(p, e->phrases, row)) {
		index_put_pair(e->index, number, row[0], row[1], row[2]);
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
		else if (t->inner_n > 0)
			id = lexicon_add(
			    e->lexicon, t->text + t->inner_at, t->inner_n, false);
		if (id != 0 && (t->word || words))
			index_word(e->index, atom, id);
		else
			index_string(e->index, atom, t->text, t->n, id);
	}
	return atom;
}

#define STRING_WORTH 6

/* Whether a further need is worth looking for: it costs no more than words, or is of
 * strings that are hardly ever there, but not alone the reason to search every text. */
static bool
worth_it(const struct engine *e, const struct need *d)
{
	return d->cheap || d->words ||
	       (d->worth >= STRING_WORTH && (d->guarded || index_always(e->index)));
}

static void
index_regex(struct engine *e, uint32_t number, const struct pattern_out *out)
{
	struct need needs[NEED_MAX];
	size_t n = need_find(out->confirm.data, out->confirm.len, needs), kept = 0;
	uint32_t atoms[INDEX_ATOMS];

	for (size_t i = 0; i < n; i++) {
		bool cheap = i > 0 && needs[i].cheap;

		if (i == 0 || worth_it(e, &needs[i]))
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
    struct engine_pattern *to, struct why *w)
{
	struct pattern_out out = {0};
	size_t at;
	int rc = pattern_make(env, p, &out, w);

	if (rc == 0) {
		to->code = compile(out.confirm.data, out.confirm.len, &at, w);
		rc = to->code == NULL ? -1 : check_empty(e, to->code, w);
		if (to->code == NULL && p->regex)
			say_place(env, p->text, at, w);
	}
	if (rc == 0 && !e->slow)
		index_regex(e, (uint32_t)e->npatterns, &out);
	if (rc != 0)
		pcre2_code_free(to->code);
	pattern_clear(&out);
	return rc;
}

/* Words find phrases with lists that no expression could hold, with the `before' bytes
 * that it has already; there the oracle has no word. */
static bool
too_long(const struct pattern_env *env, const struct pack_pattern *p, size_t before)
{
	struct pattern_out out = {0};
	struct why why;
	bool longer = pattern_make(env, p, &out, &why) != 0 ||
		      before + out.confirm.len > PATTERN_CONFIRM_MAX;

	pattern_clear(&out);
	return longer;
}

static int
add_pattern(struct engine *e, const struct pattern_env *env,
    const struct pack_pattern *p, struct why *w)
{
	struct engine_pattern to = {
	    .rule = (uint32_t)e->nrules - 1, .weight = p->weight, .regex = p->regex};
	int rc = 1;

	if (e->npatterns >= ENGINE_PATTERNS)
		return why_set(
		    w, "more than %d patterns in all packs", ENGINE_PATTERNS);
	if (!p->regex && (!e->slow || too_long(env, p, 0)))
		rc = phrase_make(e->phrases, env, p->text, &to.phrase, w);
	if (rc == 0 && !e->slow)
		index_phrase(e, (uint32_t)e->npatterns, to.phrase);
	else if (rc == 1)
		rc = add_regex(e, env, p, &to, w);
	e->words = e->words || to.phrase != NULL;
	if (rc != 0)
		return rc > 0 ? 0 : rc; /* what can match nothing now is left out */
	if ((e->npatterns & (e->npatterns - 1)) == 0) {
		e->patterns =
		    mem_grow(e->patterns, e->npatterns * 2 + 1, sizeof(*e->patterns));
		e->written =
		    mem_grow(e->written, e->npatterns * 2 + 1, sizeof(*e->written));
	}
	e->written[e->npatterns] = p;
	e->patterns[e->npatterns++] = to;
	return 0;
}

/* Says of one expression of a context what is wrong with it, and where; true if
 * anything is. */
static bool
say_wrong(const struct pattern_env *env, const struct pack_pattern *p, struct why *w)
{
	struct pattern_out out = {0};
	pcre2_code *code = NULL;
	struct why why;
	char shown[SHOWN];
	size_t at;
	int rc = pattern_make(env, p, &out, &why);

	if (rc == 0)
		code = compile(out.confirm.data, out.confirm.len, &at, &why);
	if (rc == 0 && code == NULL) {
		say_place(env, p->text, at, &why);
		why_set(w, "\"%s\": %s", show(p->text, shown), why.text);
		rc = 1;
	}
	pcre2_code_free(code);
	pattern_clear(&out);
	return rc == 1;
}

/* The line of the first one that is wrong; that of the context if none is alone. */
static int
line_of_wrong(
    const struct pattern_env *env, const struct pack_context *src, struct why *w)
{
	for (size_t i = 0; i < src->n; i++)
		if (src->v[i].regex && say_wrong(env, &src->v[i], w))
			return src->v[i].line;
	return src->line;
}

/* A phrase of a context, if words are enough for it: 0; 1: they are not; -1. */
static int
add_words(struct engine *e, const struct pattern_env *env, const struct pack_pattern *p,
    struct context *c, size_t before, struct why *w)
{
	struct phrase *made;
	int rc;

	if (p->regex || (e->slow && !too_long(env, p, before)))
		return 1;
	rc = phrase_make(e->phrases, env, p->text, &made, w);
	if (rc == 0) {
		phrase_group_add(&c->words, made);
		e->words = true;
	}
	return rc == 2 ? 0 : rc; /* what can match nothing now is left out */
}

/* Patterns of a context that become one alternation.  Expressions with letters beyond
 * ASCII know all letters, and are one of their own. */
enum half { PHRASES, NARROW, WIDE };

/* Appends the pattern, if it belongs there. */
static int
add_alternative(struct engine *e, const struct pattern_env *env,
    const struct pack_pattern *p, struct context *c, enum half half, struct sb *all,
    struct why *w)
{
	struct pattern_out out = {0};
	int rc;

	if (p->regex != (half != PHRASES))
		return 0;
	rc = add_words(e, env, p, c, all->len, w);
	if (rc == 1)
		rc = pattern_make(env, p, &out, w);
	if (rc == 0 && out.confirm.len > 0 &&
	    (half == PHRASES ||
		regex_wide(out.confirm.data, out.confirm.len) == (half == WIDE)))
		sb_printf(all, "%s(?:%s)", all->len > 0 ? "|" : "", out.confirm.data);
	pattern_clear(&out);
	return rc;
}

/* Those for which words are not enough as one alternation: only yes or no is asked of
 * it. */
static int
add_half(struct engine *e, const struct pattern_env *env, struct context *c,
    enum half half, pcre2_code **code, struct why *w)
{
	const struct pack_context *src = c->src;
	struct sb all = {0};
	struct why why = {""};
	size_t at;
	int line = src->line, rc = 0;

	for (size_t i = 0; rc == 0 && i < src->n; i++) {
		rc = add_alternative(e, env, &src->v[i], c, half, &all, &why);
		if (rc < 0)
			why_set(w, "%s:%d: context `%s': %s", src->file, src->v[i].line,
			    src->name, why.text);
	}
	if (rc == 0 && all.len > 0) {
		*code = compile(all.data, all.len, &at, &why);
		if (*code == NULL && half != PHRASES)
			line = line_of_wrong(env, src, &why);
		if (*code == NULL || check_empty(e, *code, &why) != 0)
			rc = why_set(w, "%s:%d: context `%s': %s", src->file, line,
			    src->name, why.text);
	}
	sb_free(&all);
	return rc;
}

static int
add_context(struct engine *e, const struct pattern_env *env,
    const struct pack_context *src, struct why *w)
{
	struct context *c;
	int rc;

	e->contexts = mem_grow(e->contexts, e->ncontexts + 1, sizeof(*e->contexts));
	c = &e->contexts[e->ncontexts++];
	*c = (struct context){.src = src};
	rc = add_half(e, env, c, PHRASES, &c->phrases, w);
	if (rc == 0)
		rc = add_half(e, env, c, NARROW, &c->regexes, w);
	if (rc == 0)
		rc = add_half(e, env, c, WIDE, &c->wide, w);
	if (c->words != NULL)
		phrase_group_seal(c->words, e->phrases);
	return rc;
}

/* Words that texts may hide, and whether there are such that texts may be taken to
 * hide: the same whichever way they are searched. */
static void
learn_patterns(struct engine *e, const struct pack_pattern *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!v[i].regex)
			ends_learn(e->ends, v[i].text);
		form_learn(&e->alike, v[i].text, strlen(v[i].text));
	}
}

static void
learn_list(struct engine *e, const struct pack_list *l)
{
	for (size_t i = 0; l != NULL && i < l->n; i++) {
		ends_learn(e->ends, l->words[i]);
		form_learn(&e->alike, l->words[i], strlen(l->words[i]));
	}
}

static void
learn_words(struct engine *e, const struct pack *p, const struct pack_list *protect)
{
	learn_list(e, protect);
	for (size_t i = 0; i < p->nlists; i++)
		learn_list(e, &p->lists[i]);
	for (size_t i = 0; i < p->ncontexts; i++)
		learn_patterns(e, p->contexts[i].v, p->contexts[i].n);
	for (size_t i = 0; i < p->nrules; i++)
		if (p->rules[i].mode >= 0)
			learn_patterns(e, p->rules[i].v, p->rules[i].n);
}

/* Whether to go on.  One mistake in a line is told once: `near' of three parts is six
 * patterns. */
static bool
add_patterns(struct engine *e, const struct pattern_env *env, const struct pack_rule *r,
    struct whys *w)
{
	struct why why = {""}, full, told = {""};
	int line = 0;
	char shown[SHOWN];

	for (size_t k = 0; k < r->n; k++) {
		if (add_pattern(e, env, &r->v[k], &why) == 0 ||
		    (line == r->v[k].line && strcmp(told.text, why.text) == 0))
			continue;
		line = r->v[k].line;
		told = why;
		why_set(&full, "%s:%d: rule `%s': \"%s\": %s", env->pack->file, line,
		    r->id, show(r->v[k].text, shown), why.text);
		if (!whys_go_on(w, -1, &full))
			return false;
	}
	return true;
}

int
engine_add(struct engine *e, const struct pack *p, const struct pack_list *protect,
    struct whys *w)
{
	struct pattern_env env = {p, protect, NULL};
	size_t base = e->ncontexts, before = w->n;
	struct why full;

	for (size_t i = 0; i < p->ncontexts; i++)
		if (!whys_go_on(w, add_context(e, &env, &p->contexts[i], &full), &full))
			return -1;
	for (size_t i = 0; i < p->nrules; i++) {
		const struct pack_rule *r = &p->rules[i];

		if (r->mode < 0)
			continue;
		if ((e->nrules & (e->nrules - 1)) == 0)
			e->rules =
			    mem_grow(e->rules, e->nrules * 2 + 1, sizeof(*e->rules));
		e->rules[e->nrules++] =
		    (struct engine_rule){r, p, r->expires, base, 0, 1};
		env.target = r->target;
		if (!add_patterns(e, &env, r, w))
			return -1;
	}
	if (w->n > before)
		return -1;
	learn_words(e, p, protect);
	e->known = mem_grow(e->known, e->ncontexts, sizeof(*e->known));
	e->known_part = mem_grow(e->known_part, e->ncontexts, sizeof(*e->known_part));
	e->hits = mem_grow(e->hits, e->nrules, sizeof(*e->hits));
	return 0;
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
		const struct engine_rule *r = &e->rules[e->patterns[at].rule];
		const struct pack_pattern *p = e->written[at];
		char shown[SHOWN];

		*bad = r->pack;
		return why_set(w, "%s:%d: rule `%s': \"%s\": %s", r->pack->file,
		    p->line, r->src->id, show(p->text, shown), why.text);
	}
	free(e->written);
	e->written = NULL;
	if (rc != 0)
		*w = why;
	return rc;
}
