/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_slips: what cannot hold or counts less than its author may think: contexts that
 * have no room for their phrases, texts of tests that are there twice, words of letters
 * that only look alike.  See lint.h.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lint_in.h"
#include "pattern.h"

#define DEPTH 4 /* lists within lists */

/* --- phrases that a context has no room for */

static int least_words(
    const struct lint *l, const struct pack *p, const char *text, int depth);

/* Of one token: a word, or the shortest entry of a list. */
static int
least_token(
    const struct lint *l, const struct pack *p, const char *s, size_t n, int depth)
{
	const struct pattern_env env = {p, l->protect, NULL};
	const struct pack_list *list;
	const char *name = s + 1;
	int least = INT_MAX;
	struct why w;

	if (*s != '@' || memchr(s, '|', n) != NULL || depth == 0)
		return 1;
	n--;
	if (pattern_list(&env, &name, &n, 0, &list, &w) != 0)
		return 1;
	for (size_t i = 0; i < list->n; i++) {
		int words = least_words(l, p, list->words[i], depth - 1);

		least = words < least ? words : least;
	}
	return list->n > 0 ? least : 1;
}

/* How many words a phrase has at least. */
static int
least_words(const struct lint *l, const struct pack *p, const char *text, int depth)
{
	struct pattern_token v[PATTERN_TOKENS];
	struct why w;
	int n = 0, words = 0;

	if (pattern_split(text, v, &n, &w) != 0)
		return 1;
	for (int i = 0; i < n; i++)
		if (v[i].gap < 0 && !v[i].optional)
			words += least_token(l, p, v[i].s, v[i].n, depth);
	return words;
}

static void
lint_room(struct lint *l, const struct pack *p, const struct pack_context *c)
{
	const char *name = c->name[0] != '\0' ? c->name : "(in a rule)";
	bool one_side = c->where == PACK_BEFORE || c->where == PACK_AFTER;
	int words;

	if (c->quotes && c->n > 0)
		lint_say(l, c->file, c->line,
		    "context `%s' has `quotes = true' and patterns: it holds where "
		    "either does; give them a context each if they are not one thing",
		    name);
	for (size_t i = 0; one_side && i < c->n; i++) {
		if (c->v[i].regex)
			continue;
		words = least_words(l, p, c->v[i].text, DEPTH);
		if (words > c->within)
			lint_say(l, c->file, c->v[i].line,
			    "context `%s': \"%.60s\" has %d words, and `within' is "
			    "%d%s: "
			    "it can never hold",
			    name, c->v[i].text, words, c->within,
			    c->counts ? "" : " where it is not written");
	}
}

/* --- tests that are there twice */

static int
compare_tests(const void *a, const void *b)
{
	const struct pack_test *x = *(const struct pack_test *const *)a,
			       *y = *(const struct pack_test *const *)b;
	int c =
	    x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->text, y->text);

	if (c == 0)
		c = strcmp(
		    x->rule != NULL ? x->rule : "", y->rule != NULL ? y->rule : "");
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static void
lint_tests(struct lint *l, const struct pack *p)
{
	const struct pack_test **v = mem_new(p->ntests, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < p->ntests; i++)
		if (p->tests[i].kind != PACK_TWINS)
			v[n++] = &p->tests[i];
	if (n > 1)
		qsort(v, n, sizeof(*v), compare_tests);
	for (size_t i = 1; i < n; i++)
		if (v[i]->kind == v[i - 1]->kind &&
		    strcmp(v[i]->text, v[i - 1]->text) == 0 &&
		    strcmp(v[i]->rule != NULL ? v[i]->rule : "",
			v[i - 1]->rule != NULL ? v[i - 1]->rule : "") == 0)
			lint_say(l, p->file, v[i]->line,
			    "the `%s' text \"%.60s\" is there twice (first in line %d)",
			    v[i]->kind == PACK_OK ? "ok" : "fail", v[i]->text,
			    v[i - 1]->line);
	free(v);
}

/* --- letters that only look alike */

enum script { NO_LETTER, LATIN, CYRILLIC, GREEK, OTHER };

static enum script
script_of(uint32_t cp)
{
	if ((cp | 32) >= 'a' && (cp | 32) <= 'z' && cp < 0x80)
		return LATIN;
	if (cp < 0xc0 || cp == 0xd7 || cp == 0xf7)
		return NO_LETTER;
	if (cp < 0x250 || (cp >= 0x1e00 && cp < 0x1f00))
		return LATIN;
	if ((cp >= 0x370 && cp < 0x400) || (cp >= 0x1f00 && cp < 0x2000))
		return GREEK;
	return cp >= 0x400 && cp < 0x530 ? CYRILLIC : OTHER;
}

/* A word at s: its bytes, 0: none begins there; *mixed: of two such scripts. */
static size_t
word_at(const char *s, bool *mixed)
{
	enum script first = NO_LETTER;
	size_t i = 0, n = strlen(s);

	for (*mixed = false; i < n;) {
		uint32_t cp;
		int len = mem_utf8(s + i, n - i, &cp);
		enum script is = len > 0 ? script_of(cp) : NO_LETTER;

		if (is == NO_LETTER)
			break;
		*mixed = *mixed || (is != OTHER && first != NO_LETTER && is != first);
		first = is != OTHER ? is : first;
		i += (size_t)len;
	}
	return i;
}

/* Over what is no letter: an escape or a class of an expression, the name of a list. */
static size_t
no_word(const char *s, bool regex)
{
	size_t n = 1;

	if (*s == '@')
		return n + strcspn(s + 1, s[1] == '{' ? "}" : " |?*");
	if (!regex)
		return n;
	if (*s == '\\')
		return s[1] != '\0' ? 2 : 1;
	if (*s == '[')
		while (s[n] != '\0' && s[n] != ']')
			n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
	return n;
}

static void
lint_scripts(struct lint *l, const char *file, int line, const char *text, bool regex)
{
	while (*text != '\0') {
		bool mixed;
		size_t n = word_at(text, &mixed);

		if (mixed)
			lint_say(l, file, line,
			    "`%.*s' has letters of two scripts that look alike; write "
			    "it "
			    "in one: texts are searched as what they look like",
			    (int)(n < 60 ? n : 60), text);
		text += n > 0 ? n : no_word(text, regex);
	}
}

static void
lint_pack_scripts(struct lint *l, const struct pack *p)
{
	for (size_t i = 0; i < p->nlists; i++) {
		const struct pack_list *s = &p->lists[i];
		bool told = s->lines != NULL && lint_tells(l, p, s->file);

		for (size_t k = 0; told && k < s->n; k++)
			lint_scripts(l, s->from != NULL ? s->from : s->file,
			    s->lines[k], s->words[k], false);
	}
	for (size_t i = 0; i < p->ncontexts; i++) {
		const struct pack_context *c = &p->contexts[i];
		bool told = lint_tells(l, p, c->file);

		for (size_t k = 0; told && k < c->n; k++)
			lint_scripts(
			    l, c->file, c->v[k].line, c->v[k].text, c->v[k].regex);
	}
	for (size_t i = 0; i < p->nrules; i++)
		for (size_t k = 0; k < p->rules[i].n; k++)
			lint_scripts(l, p->file, p->rules[i].v[k].line,
			    p->rules[i].v[k].text, p->rules[i].v[k].regex);
}

void
lint_slips(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];

		for (size_t k = 0; k < p->ncontexts; k++)
			if (lint_tells(l, p, p->contexts[k].file))
				lint_room(l, p, &p->contexts[k]);
		lint_tests(l, p);
		lint_pack_scripts(l, p);
	}
}
