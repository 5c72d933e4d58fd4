/* SPDX-License-Identifier: Apache-2.0 */
/* explain: see explain.h. */
#include "explain.h"

#include <stdlib.h>
#include <string.h>

#include "prove.h"

#define QUOTE 200 /* bytes of a text in a line */
#define PATTERN 120

struct explain {
	struct engine *e;
	const char *text;
	struct engine_seen *v;
	size_t n;
	bool *named; /* by rule: it is to be told of; NULL: all are */
	int64_t today;
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

static void
tell(struct explain *x, struct sb *b)
{
	x->say(x->ctx, b->data);
	sb_free(b);
}

/* Bytes of s that are shown of n: not cut within a character. */
static int
shown(const char *s, size_t n, size_t most)
{
	if (n > most)
		for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	return (int)n;
}

static void
put_quote(struct sb *b, const char *s, size_t n, size_t most)
{
	int k = shown(s, n, most);

	sb_printf(b, "%.*s%s", k, s, (size_t)k < n ? "..." : "");
}

/* --- names */

static bool
is_meant(const struct engine *e, size_t i, const char *name, size_t n)
{
	const char *id = engine_rule(e, i)->id;

	return strncmp(id, name, n) == 0 && (id[n] == '\0' || id[n] == '/');
}

static int
take_names(struct explain *x, const char *names, struct why *w)
{
	size_t len;

	for (const char *s = names; *(s += strspn(s, " ")) != '\0'; s += len) {
		bool any = false;

		len = strcspn(s, " ");
		if (x->named == NULL)
			x->named = mem_new(engine_rules(x->e), sizeof(*x->named));
		for (size_t i = 0; i < engine_rules(x->e); i++)
			if (is_meant(x->e, i, s, len))
				any = x->named[i] = true;
		if (!any)
			return why_set(w,
			    "there is no rule or pack `%.*s' that is not retired",
			    shown(s, len, 60), s);
	}
	return 0;
}

/* --- what is seen */

static bool
same_seen(const struct engine_seen *a, const struct engine_seen *b)
{
	return a->rule == b->rule && a->pattern == b->pattern && a->start == b->start &&
	       a->end == b->end && a->halt == b->halt;
}

static void
keep_seen(void *ctx, const struct engine_seen *s)
{
	struct explain *x = ctx;

	if (x->named != NULL && !x->named[s->rule])
		return;
	for (size_t i = 0; i < x->n; i++)
		if (same_seen(&x->v[i], s))
			return; /* in the other form of the text */
	if ((x->n & (x->n - 1)) == 0)
		x->v = mem_grow(x->v, x->n * 2 + 1, sizeof(*x->v));
	x->v[x->n++] = *s;
}

static void
put_rule(struct explain *x, struct sb *b, size_t rule)
{
	const struct pack_rule *r = engine_rule(x->e, rule);

	sb_printf(b, "why: %s:%d: rule `%s': ", engine_pack(x->e, rule)->file, r->line,
	    r->id);
}

static void
tell_seen(struct explain *x, const struct engine_seen *s)
{
	struct sb b = {0};

	put_rule(x, &b, s->rule);
	sb_printf(&b, "\"");
	put_quote(&b, x->text + s->start, s->end - s->start, QUOTE);
	sb_printf(&b, "\" (bytes %u to %u)", s->start, s->end);
	if (s->pattern != NULL) {
		sb_printf(
		    &b, " is its %s `", s->pattern->regex ? "expression" : "phrase");
		put_quote(&b, s->pattern->text, strlen(s->pattern->text), PATTERN);
		sb_printf(&b, "' of line %d", s->pattern->line);
	}
	if (s->halt == NULL && s->pattern != NULL)
		sb_printf(&b, " and counts, weight %.3g", s->pattern->weight);
	else if (s->halt == NULL)
		sb_printf(&b, " and counts");
	else if (s->halt->name[0] != '\0')
		sb_printf(&b, ", but its context `%s' (%s:%d) %s", s->halt->name,
		    s->halt->file, s->halt->line,
		    s->missing ? "is not there" : "stands against it");
	else
		sb_printf(&b, ", but a condition of its own (line %d) %s",
		    s->halt->line, s->missing ? "is not there" : "stands against it");
	tell(x, &b);
}

static const struct engine_hit *
hit_of(const struct engine_result *r, size_t rule)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].rule == rule)
			return &r->v[i];
	return NULL;
}

static bool
is_over(const struct explain *x, size_t rule)
{
	return engine_rule(x->e, rule)->expires <= x->today;
}

/* What came of all its matches. */
static void
tell_rule(struct explain *x, size_t rule, const struct engine_result *result)
{
	const struct engine_hit *hit = hit_of(result, rule);
	bool seen = false, counts = false;
	struct sb b = {0};

	for (size_t i = 0; i < x->n; i++) {
		if (x->v[i].rule != rule)
			continue;
		tell_seen(x, &x->v[i]);
		seen = true;
		counts = counts || x->v[i].halt == NULL;
	}
	if (!seen && (x->named == NULL || !x->named[rule]))
		return;
	put_rule(x, &b, rule);
	if (hit != NULL && is_over(x, rule))
		sb_printf(&b,
		    "would find it, score %.3g, but has expired: give `expires' a new "
		    "day",
		    hit->score);
	else if (hit != NULL)
		sb_printf(&b, "finds it, score %.3g", hit->score);
	else if (counts)
		sb_printf(&b, "what counts is not enough: it wants %.3g in all",
		    engine_rule(x->e, rule)->least);
	else if (seen)
		sb_printf(&b, "finds nothing, since nothing of that counts");
	else
		sb_printf(&b, "finds nothing: none of its %zu patterns is there",
		    engine_rule(x->e, rule)->n);
	tell(x, &b);
}

/* --- the text */

/* How rules see it, where that is not how it is written. */
static void
tell_forms(struct explain *x)
{
	const char *form[2];
	size_t n[2], len = strlen(x->text);

	engine_forms(x->e, &form[0], &n[0], &form[1], &n[1]);
	for (int i = 0; i < 2 && form[i] != NULL; i++) {
		struct sb b = {0};

		if (n[i] == len && memcmp(form[i], x->text, len) == 0)
			continue;
		sb_printf(&b, "why: the text is searched as \"");
		put_quote(&b, form[i], n[i], QUOTE);
		sb_printf(&b, "\"");
		tell(x, &b);
	}
}

static void
tell_sum(struct explain *x, const struct engine_result *r)
{
	struct sb b = {0};
	size_t n = 0;

	sb_printf(&b, "why: ");
	for (size_t i = 0; i < r->n; i++)
		if (!is_over(x, r->v[i].rule))
			sb_printf(&b, "%s%s", n++ > 0 ? ", " : "found by ",
			    engine_rule(x->e, r->v[i].rule)->id);
	if (n == 0)
		sb_printf(&b, "no rule finds it");
	tell(x, &b);
}

int
explain(struct engine *e, const char *text, const char *names, int64_t today,
    void (*say)(void *ctx, const char *line), void *ctx, struct why *w)
{
	struct explain x = {
	    .e = e, .text = text, .today = today, .say = say, .ctx = ctx};
	struct engine_result r;
	int rc = take_names(&x, names, w);

	engine_watch(e, keep_seen, &x);
	if (rc == 0)
		rc = prove_judge(e, text, &r, w);
	engine_watch(e, NULL, NULL);
	if (rc == 0) {
		tell_forms(&x);
		for (size_t i = 0; i < engine_rules(e); i++)
			tell_rule(&x, i, &r);
		tell_sum(&x, &r);
	}
	free(x.v);
	free(x.named);
	return rc;
}
