/* SPDX-License-Identifier: Apache-2.0 */
/* lint: see lint.h. */
#include "lint_in.h"

#include "kit/day.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "need.h"
#include "pattern.h"
#include "probe.h"
#include "prove.h"
#include "regex.h"

#define SLOW_STEPS 20000 /* of PCRE2 on a text of 2,000 bytes */
#define SLOW_TEXT 2000
#define SOON 30	     /* days before a rule's end in which to say so */
#define SAID_MAX 200 /* lines of a kind */
#define PAIRS_MAX 2000000
#define CROSS_SHARE 20 /* one in so many harmless texts of others is too many */
#define CROSS_LEAST 20 /* texts */
#define OVERLAP_LEAST 5
#define THRESHOLD 0.5 /* preset of policy.threshold */

void
lint_say(struct lint *l, const char *file, int line, const char *fmt, ...)
{
	struct sb b = {0};
	char text[500];
	va_list ap;

	if (l->said++ > SAID_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->said > SAID_MAX)
		sb_puts(&b, "... and more of this kind");
	else
		sb_printf(&b, "%s:%d: %s", file, line, text);
	l->say(l->ctx, true, b.data);
	sb_free(&b);
}

bool
lint_tells(const struct lint *l, const struct pack *p, const char *file)
{
	for (size_t i = 0; file != p->file && l->packs[i] != p; i++)
		for (size_t k = 0; k < l->packs[i]->nincluded; k++)
			if (strcmp(l->packs[i]->included[k], file) == 0)
				return false;
	return true;
}

/* --- patterns one by one */

/* The first quantifier without an end on something wide; NULL: there is none. */
static const char *
unbounded(const char *s)
{
	const char *wide = NULL; /* where a wide item begins, just before s */

	while (*s != '\0') {
		const char *item = s;
		size_t digits;

		if (wide != NULL && (*s == '*' || *s == '+'))
			return wide;
		if (wide != NULL && *s == '{') {
			digits = strspn(s + 1, "0123456789");
			if (digits > 0 && strncmp(s + 1 + digits, ",}", 2) == 0)
				return wide;
		}
		wide = NULL;
		if (*s == '\\') {
			if (s[1] != '\0' && strchr("DSWNX", s[1]) != NULL)
				wide = item;
			s += s[1] != '\0' ? 2 : 1;
		} else if (*s == '[') {
			if (s[1] == '^')
				wide = item;
			s += s[1] == '^' ? 2 : 1;
			s += *s == ']';
			while (*s != '\0' && *s != ']')
				s += *s == '\\' && s[1] != '\0' ? 2 : 1;
			s += *s == ']';
		} else {
			if (*s == '.' || *s == ')')
				wide = item;
			s++;
		}
	}
	return NULL;
}

#define ROW 3 /* letters beyond ASCII that are rare enough to be looked for */

/* Words and strings are of ASCII; Hyperscan looks for rows of other letters itself. */
static bool
has_row(const char *s, size_t n)
{
	size_t row = 0;
	bool class = false;

	for (size_t i = 0; i < n && row < ROW; i++) {
		if (s[i] == '\\')
			i++;
		class = s[i] == '[' || (class && s[i] != ']');
		if ((uint8_t)s[i] < 0x80 || class)
			row = 0;
		else
			row += ((uint8_t)s[i] & 0xc0) != 0x80;
	}
	return row == ROW && regex_wide(s, n);
}

/* An expression, and where it stands. */
struct written {
	const char *file;
	const char *what, *name; /* "rule", "kill" */
	const struct pack_pattern *v;
	struct pattern_env env;
	bool asked; /* contexts are, about what was found; rules look in every text */
};

static void
lint_regex(struct lint *l, const struct written *x)
{
	const char *text = x->v->text, *at = unbounded(text);
	struct need needs[NEED_MAX];
	struct sb out = {0};
	struct why w;
	size_t n;

	if (at != NULL)
		lint_say(l, x->file, x->v->line,
		    "%s `%s': no end to `%.20s' in \"%.60s\"; write a most, as in "
		    "{0,40}",
		    x->what, x->name, at, text);
	if (strstr(text, "\\p{M") != NULL || strstr(text, "\\pM") != NULL)
		lint_say(l, x->file, x->v->line,
		    "%s `%s': \"%.60s\" asks for a mark; texts are searched without "
		    "them",
		    x->what, x->name, text);
	if (pattern_regex(&x->env, text, &out, &w) == 0) {
		if (probe_spends(out.data, out.len, SLOW_TEXT, SLOW_STEPS))
			lint_say(l, x->file, x->v->line,
			    "%s `%s': \"%.60s\" is slow: more than %d steps on some "
			    "texts of %d bytes",
			    x->what, x->name, text, SLOW_STEPS, SLOW_TEXT);
		n = need_find(out.data, out.len, needs);
		for (size_t i = 0; i < n; i++)
			need_clear(&needs[i]);
		if (n == 0 && !x->asked && !has_row(out.data, out.len))
			lint_say(l, x->file, x->v->line,
			    "rule `%s': \"%.60s\" needs no word or string that could "
			    "be looked for first; every text pays for it",
			    x->name, text);
	}
	sb_free(&out);
}

static void
lint_patterns(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];

		for (size_t k = 0; k < p->nrules; k++) {
			const struct pack_rule *r = &p->rules[k];

			for (size_t j = 0; r->mode >= 0 && j < r->n; j++)
				if (r->v[j].regex)
					lint_regex(
					    l, &(struct written){p->file, "rule", r->id,
						   &r->v[j], {p, l->protect, r->target},
						   false});
		}
		for (size_t k = 0; k < p->ncontexts; k++) {
			const struct pack_context *c = &p->contexts[k];
			const char *name = c->name[0] != '\0' ? c->name : "(in a rule)";
			bool tell = lint_tells(l, p, c->file);

			for (size_t j = 0; tell && j < c->n; j++)
				if (c->v[j].regex)
					lint_regex(l,
					    &(struct written){c->file, "context", name,
						&c->v[j], {p, l->protect, NULL}, true});
		}
	}
}

/* The same words twice are one too many, wherever they stand. */
struct copy {
	const struct pack *p;
	const struct pack_rule *r;
	const struct pack_pattern *v;
};

static int
compare_copies(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	int c = strcmp(x->v->text, y->v->text);

	if (c == 0 && x->v->regex != y->v->regex)
		c = x->v->regex ? 1 : -1;
	if (c == 0)
		c = strcmp(x->p->name, y->p->name);
	if (c == 0 &&
	    strchr(x->v->text, '@') != NULL) { /* other lists, other meaning */
		const char *s = x->r->target != NULL ? x->r->target : "";
		const char *t = y->r->target != NULL ? y->r->target : "";

		c = strcmp(s, t);
	}
	return c != 0 ? c : (x->v->line > y->v->line) - (x->v->line < y->v->line);
}

/* Whether b says in a rule what a says there too.  Of `near' with equal parts more than
 * one order is the same. */
static bool
is_twice(const struct copy *a, const struct copy *b)
{
	return a->r == b->r &&
	       (a->v->line != b->v->line || strstr(a->v->text, " <") == NULL);
}

/* Whether both look for the same. */
static bool
is_same(const struct copy *a, const struct copy *b)
{
	const char *s = a->r->target != NULL ? a->r->target : "";
	const char *t = b->r->target != NULL ? b->r->target : "";

	return strcmp(a->v->text, b->v->text) == 0 && a->v->regex == b->v->regex &&
	       (strcmp(s, t) == 0 || (strstr(a->v->text, "@target") == NULL &&
					 strstr(a->v->text, "@{target}") == NULL));
}

static void
lint_copies(struct lint *l)
{
	struct copy *v = NULL;
	size_t n = 0;

	l->said = 0;
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->packs[i]->nrules; k++) {
			const struct pack_rule *r = &l->packs[i]->rules[k];

			v = mem_grow(v, n + r->n + 1, sizeof(*v));
			for (size_t j = 0; r->mode >= 0 && j < r->n; j++)
				v[n++] = (struct copy){l->packs[i], r, &r->v[j]};
		}
	if (n > 1)
		qsort(v, n, sizeof(*v), compare_copies);
	for (size_t i = 1; i < n; i++) {
		const struct copy *a = &v[i - 1], *b = &v[i];
		bool same = is_same(a, b);

		if (same && is_twice(a, b))
			lint_say(l, b->p->file, b->v->line,
			    "rule `%s': \"%.60s\" is there twice (first in line %d)",
			    b->r->id, b->v->text, a->v->line);
		else if (same && a->r != b->r &&
			 (a->p == b->p || strchr(a->v->text, '@') == NULL))
			lint_say(l, b->p->file, b->v->line,
			    "rule `%s': \"%.60s\" is a pattern of rule `%s' too "
			    "(%s:%d)",
			    b->r->id, b->v->text, a->r->id, a->p->file, a->v->line);
	}
	free(v);
}

/* --- rules against texts */

/* How often two rules found the same text. */
struct both {
	uint32_t a, b;
};

struct seen {
	unsigned *texts; /* by rule */
	struct both *v;
	size_t n;
};

static void
count_text(struct lint *l, const char *text, struct seen *s)
{
	struct engine_result r;
	struct why w;

	if (text == NULL || prove_judge(l->e, text, &r, &w) != 0)
		return;
	for (size_t i = 0; i < r.n; i++) {
		s->texts[r.v[i].rule]++;
		for (size_t k = 0; k < r.n && s->n < PAIRS_MAX; k++) {
			if (k == i)
				continue;
			if ((s->n & (s->n - 1)) == 0)
				s->v = mem_grow(s->v, s->n * 2 + 1, sizeof(*s->v));
			s->v[s->n++] =
			    (struct both){(uint32_t)r.v[i].rule, (uint32_t)r.v[k].rule};
		}
	}
}

static int
compare_both(const void *a, const void *b)
{
	const struct both *x = a, *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

/* A rule whose every text another one of its category finds as well. */
static void
lint_overlap(struct lint *l)
{
	struct seen s = {mem_new(engine_rules(l->e), sizeof(unsigned)), NULL, 0};

	l->said = 0;
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->packs[i]->ntests; k++) {
			count_text(l, l->packs[i]->tests[k].text, &s);
			count_text(l, l->packs[i]->tests[k].twin, &s);
		}
	if (s.n > 1)
		qsort(s.v, s.n, sizeof(*s.v), compare_both);
	for (size_t i = 0, n; i < s.n; i += n) {
		const struct pack_rule *a = engine_rule(l->e, s.v[i].a),
				       *b = engine_rule(l->e, s.v[i].b);

		for (n = 1; i + n < s.n && compare_both(&s.v[i], &s.v[i + n]) == 0; n++)
			;
		if (strcmp(a->category, b->category) != 0)
			continue;
		if (n < s.texts[s.v[i].a] && n >= OVERLAP_LEAST &&
		    n * 5 >= s.texts[s.v[i].a] * 4 && s.texts[s.v[i].b] >= n)
			lint_say(l, engine_pack(l->e, s.v[i].a)->file, a->line,
			    "rule `%s': rule `%s' finds %zu of the %u test texts that "
			    "it finds",
			    a->id, b->id, n, s.texts[s.v[i].a]);
		if (n == s.texts[s.v[i].a] && n >= 2)
			lint_say(l, engine_pack(l->e, s.v[i].a)->file, a->line,
			    "rule `%s': rule `%s' finds all %zu test texts that it "
			    "finds; is it needed?",
			    a->id, b->id, n);
	}
	free(s.texts);
	free(s.v);
}

struct cross {
	unsigned *hits;	 /* by rule: harmless texts of other packs that it finds */
	unsigned *texts; /* by pack */
	unsigned all;
};

static void
count_harmless(struct lint *l, size_t pack, const struct pack_test *t, struct cross *x)
{
	struct engine_result r;
	struct why w;

	if (t->kind != PACK_OK || prove_judge(l->e, t->text, &r, &w) != 0)
		return;
	x->texts[pack]++;
	x->all++;
	for (size_t j = 0; j < r.n; j++) {
		if (engine_pack(l->e, r.v[j].rule) == l->packs[pack])
			continue;
		x->hits[r.v[j].rule]++;
		lint_say(l, l->packs[pack]->file, t->line,
		    "an `ok' text here is found by rule `%s': \"%.80s\"",
		    engine_rule(l->e, r.v[j].rule)->id, t->text);
	}
}

/* What one pack says is harmless, and another finds; and rules that do so often. */
static void
lint_crossfire(struct lint *l)
{
	size_t rules = engine_rules(l->e), at = 0;
	struct cross x = {
	    mem_new(rules, sizeof(unsigned)), mem_new(l->n, sizeof(unsigned)), 0};

	l->said = 0;
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->packs[i]->ntests; k++)
			count_harmless(l, i, &l->packs[i]->tests[k], &x);
	l->said = 0;
	for (size_t i = 0; i < rules; i++) {
		unsigned others;

		/* Rules stand in the order of their packs. */
		while (l->packs[at] != engine_pack(l->e, i))
			at++;
		others = x.all - x.texts[at];
		if (others >= CROSS_LEAST && x.hits[i] * CROSS_SHARE > others)
			lint_say(l, l->packs[at]->file, engine_rule(l->e, i)->line,
			    "rule `%s' finds %u of the %u harmless texts of other "
			    "packs "
			    "(%u %%): more than 5 %%",
			    engine_rule(l->e, i)->id, x.hits[i], others,
			    100 * x.hits[i] / others);
	}
	free(x.hits);
	free(x.texts);
}

/* --- numbers */

/* What a finding's score can be at most. */
static void
lint_score(struct lint *l, const struct pack *p, const struct pack_rule *r)
{
	double doubt = 1;

	for (size_t i = 0; i < r->n; i++)
		doubt *= 1 - r->v[i].weight;
	if (r->score < THRESHOLD)
		lint_say(l, p->file, r->line,
		    "rule `%s': its score of %g is below %g, the preset of "
		    "policy.threshold: it can never count",
		    r->id, r->score, THRESHOLD);
	else if (1 - doubt < THRESHOLD)
		lint_say(l, p->file, r->line,
		    "rule `%s': all its patterns together weigh %.3g, less than %g, "
		    "the preset of policy.threshold: it can never count",
		    r->id, 1 - doubt, THRESHOLD);
}

/* Numbers that have no effect. */
static void
lint_numbers(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];

		for (size_t k = 0; k < p->nrules; k++)
			if (p->rules[k].mode >= 0)
				lint_score(l, p, &p->rules[k]);
		for (size_t k = 0; k < p->ncontexts; k++) {
			const struct pack_context *c = &p->contexts[k];
			bool words = c->where == PACK_BEFORE ||
				     c->where == PACK_AFTER || c->where == PACK_AROUND;

			if (c->counts && !words && lint_tells(l, p, c->file))
				lint_say(l, c->file, c->line,
				    "context `%s': `within' has a meaning for before, "
				    "after and around only",
				    c->name[0] != '\0' ? c->name : "(in a rule)");
		}
	}
}

/* What `tosctl policy new' writes for the author to replace. */
static void
lint_leftovers(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];

		if (strcmp(p->owner, "WHO ANSWERS FOR IT") == 0)
			lint_say(l, p->file, p->line,
			    "`owner' is still the example's: say who answers for it");
		for (size_t k = 0; k < p->nrules; k++) {
			const struct pack_rule *r = &p->rules[k];

			if (strstr(r->clause, " Example clause") != NULL)
				lint_say(l, p->file, r->line,
				    "rule `%s': its clause is still the example's",
				    r->id);
			if (strcmp(r->category, "example") == 0)
				lint_say(l, p->file, r->line,
				    "rule `%s': `category' is still \"example\"",
				    r->id);
		}
	}
}

/* --- what counts unseen */

/* A rule that is there to count by its pack alone may be meant so, and is told; one
 * that never was anything else has shown nobody what it finds. */
static void
lint_modes(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];
		struct sb b = {0};

		for (size_t k = 0; k < p->nrules; k++) {
			const struct pack_rule *r = &p->rules[k];

			if (r->mode != TOSD_ENFORCE)
				continue;
			sb_printf(&b, "%s%s", b.len > 0 ? ", " : "",
			    r->id + strlen(p->name) + 1);
			if (r->rev == 1)
				lint_say(l, p->file, r->line,
				    "rule `%s' is new (rev 1) and says mode = "
				    "\"enforce\": it counts before anybody has seen "
				    "what it finds; begin in draft or shadow",
				    r->id);
		}
		if (b.len > 0) {
			struct sb line = {0};

			sb_printf(&line,
			    "pack %s: these rules count as soon as they are loaded, by "
			    "mode = \"enforce\" alone, unless policy.life_cycle is "
			    "\"gated\": %s",
			    p->name, b.data);
			l->say(l->ctx, false, line.data);
			sb_free(&line);
		}
		sb_free(&b);
	}
}

/* --- time */

/* Those within `days' more, too. */
static void
lint_expiry(struct lint *l, const char *day, int days)
{
	int64_t today, soon;

	l->said = 0;
	if (!day_parse(day, &today))
		return;
	soon = today + (int64_t)days * 86400000;
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->packs[i]->nrules; k++) {
			const struct pack_rule *r = &l->packs[i]->rules[k];

			if (r->mode >= 0 && r->expires <= soon)
				lint_say(l, l->packs[i]->file, r->line,
				    "rule `%s' %s; its owner is %s", r->id,
				    r->expires <= today ? "has expired"
							: "expires within 30 days",
				    r->owner != NULL ? r->owner : l->packs[i]->owner);
		}
}

void
lint_packs(struct engine *e, const struct pack_list *protect, struct pack *const *packs,
    size_t n, const char *day, void (*say_)(void *ctx, bool warning, const char *line),
    void *ctx)
{
	struct lint l = {e, protect, packs, n, say_, ctx, 0};

	lint_patterns(&l);
	lint_copies(&l);
	lint_words(&l);
	lint_slips(&l);
	lint_overlap(&l);
	lint_crossfire(&l);
	lint_unused(&l);
	lint_numbers(&l);
	lint_leftovers(&l);
	lint_twins(&l);
	lint_modes(&l);
	lint_expiry(&l, day, SOON);
}

void
lint_expired(struct pack *const *packs, size_t n, const char *day,
    void (*say_)(void *ctx, bool warning, const char *line), void *ctx)
{
	struct lint l = {NULL, NULL, packs, n, say_, ctx, 0};

	lint_expiry(&l, day, 0);
}
