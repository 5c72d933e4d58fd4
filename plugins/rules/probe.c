/* SPDX-License-Identifier: Apache-2.0 */
/* probe: see probe.h. */
#include "probe.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "pattern.h"
#include "regex.h"

/* Of a cubic expression these are 45,000 steps; only what doubles with each byte, or
 * nearly, comes to the engine's limit. */
#define RUNAWAY_TEXT 64

/* Texts on which careless expressions take long: rows of those, and of words and
 * letters of its own; also behind a word of its own, which may have to come first. */
static const char *const teasers[] = {
    "a", "1", " ", "a ", "a1", "aa.", "x-", "the ", "(", "\"a\" ", "\u044f"};
#define TEASERS (sizeof(teasers) / sizeof(teasers[0]))
#define OWN 20

struct own {
	struct {
		const char *s;
		size_t n;
	} v[OWN];
	size_t n;
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
add_own(struct own *o, const char *s, size_t n)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].n == n && memcmp(o->v[i].s, s, n) == 0)
			return;
	if (o->n < OWN)
		o->v[o->n++].s = s, o->v[o->n - 1].n = n;
}

/* Words first, then letters. */
static void
find_own(struct own *o, const char *s, size_t n)
{
	for (size_t i = 0, len; i<n; i += len> 0 ? len : 1) {
		if (s[i] == '\\') { /* the letter behind is none */
			len = 2;
			continue;
		}
		for (len = 0; i + len < n && is_letter(s[i + len]); len++)
			;
		if (len > 1 && o->n < OWN / 2)
			add_own(o, s + i, len);
	}
	for (size_t i = 0; i < n; i++)
		if (is_letter(s[i]) && (i == 0 || s[i - 1] != '\\'))
			add_own(o, s + i, 1);
}

struct trial {
	pcre2_code *code;
	pcre2_match_data *md;
	pcre2_match_context *mc;
	const struct own *own;
	size_t bytes;
};

/* A row of the n bytes, which ends with what few expressions end with. */
static bool
spends_on(const struct trial *t, const char *s, size_t n, bool behind)
{
	struct sb b = {0};
	bool spent;

	if (behind) {
		sb_put(&b, t->own->v[0].s, t->own->v[0].n);
		sb_puts(&b, " ");
	}
	for (size_t from = b.len; b.len - from < t->bytes;)
		sb_put(&b, s, n);
	sb_puts(&b, "\x7f");
	spent = pcre2_match(t->code, (PCRE2_SPTR)b.data, b.len, 0, 0, t->md, t->mc) ==
		PCRE2_ERROR_MATCHLIMIT;
	sb_free(&b);
	return spent;
}

bool
probe_spends(const char *regex, size_t n, size_t bytes, uint32_t steps)
{
	PCRE2_SIZE at;
	int error;
	struct own own = {.n = 0};
	struct trial t = {.own = &own, .bytes = bytes};
	bool spent = false;

	find_own(&own, regex, n);
	t.code = pcre2_compile((PCRE2_SPTR)regex, n,
	    PCRE2_UTF | PCRE2_CASELESS | PCRE2_NO_START_OPTIMIZE |
		(regex_wide(regex, n) ? PCRE2_UCP : PCRE2_NEVER_UCP),
	    &error, &at, NULL);
	t.md = pcre2_match_data_create(1, NULL);
	t.mc = pcre2_match_context_create(NULL);
	if (t.code == NULL || t.md == NULL || t.mc == NULL)
		abort();
	pcre2_set_match_limit(t.mc, steps);
	for (size_t i = 0; !spent && i < TEASERS + own.n; i++) {
		const char *s = i < TEASERS ? teasers[i] : own.v[i - TEASERS].s;
		size_t len = i < TEASERS ? strlen(s) : own.v[i - TEASERS].n;

		spent = spends_on(&t, s, len, false) ||
			(own.n > 0 && own.v[0].n > 1 && spends_on(&t, s, len, true));
	}
	pcre2_match_context_free(t.mc);
	pcre2_match_data_free(t.md);
	pcre2_code_free(t.code);
	return spent;
}

/* --- a pack's */

struct probe {
	const struct pack *p;
	const struct pack_list *protect;
	void (*say)(void *ctx, const char *line);
	void *ctx;
	size_t found;
};

static void
probe_patterns(struct probe *pr, const char *file, const char *target,
    const struct pack_pattern *v, size_t n)
{
	const struct pattern_env env = {pr->p, pr->protect, target};

	for (size_t i = 0; i < n; i++) {
		struct sb out = {0}, line = {0};
		struct why why;

		if (v[i].regex && pattern_regex(&env, v[i].text, &out, &why) == 0 &&
		    probe_spends(out.data, out.len, RUNAWAY_TEXT, ENGINE_STEPS)) {
			sb_printf(&line,
			    "%s:%d: \"%.80s\" runs away: on a text of %d bytes it "
			    "takes "
			    "more than %d steps; a repeat stands in a repeat, and both "
			    "can take the same letters: leave one out, or write the "
			    "inner one with ++",
			    file, v[i].line, v[i].text, RUNAWAY_TEXT, ENGINE_STEPS);
			pr->say(pr->ctx, line.data);
			pr->found++;
		}
		sb_free(&out);
		sb_free(&line);
	}
}

size_t
probe_pack(const struct pack *p, const struct pack_list *protect,
    void (*say)(void *ctx, const char *line), void *ctx)
{
	struct probe pr = {p, protect, say, ctx, 0};

	for (size_t i = 0; i < p->ncontexts; i++)
		probe_patterns(
		    &pr, p->contexts[i].file, NULL, p->contexts[i].v, p->contexts[i].n);
	for (size_t i = 0; i < p->nrules; i++)
		if (p->rules[i].mode >= 0)
			probe_patterns(&pr, p->file, p->rules[i].target, p->rules[i].v,
			    p->rules[i].n);
	return pr.found;
}
