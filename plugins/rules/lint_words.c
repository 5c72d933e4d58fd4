/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_words: words of phrases and lists that do not mean what their author may think:
 * words that texts are not read as, signs, lists without braces in expressions, entries
 * that are there twice; and a|b (lint_either.c).  See lint.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/fold.h"
#include "letters.h"
#include "lint_in.h"

#define TWICE_MAX 8 /* words that are named */

/* --- what a word is read as */

static char *
lower(const char *s, size_t n)
{
	char *out = mem_dup(s, n);

	for (char *c = out; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

/* A word alone, without disguise; NULL where that changes nothing. */
static char *
read_as(struct fold *f, const char *s, size_t n)
{
	char *was = lower(s, n), *is;

	fold_text(f, s, n);
	is = lower(f->text, f->len);
	if (strcmp(was, is) == 0 || f->len == 0) {
		free(is);
		is = NULL;
	}
	free(was);
	return is;
}

/* Signs with a meaning, and what joins words. */
static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || (c & 0x80) != 0;
}

static bool
has_both(const char *s, size_t n)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < n; i++) {
		digit |= isdigit((unsigned char)s[i]) != 0;
		letter |= isalpha((unsigned char)s[i]) != 0;
	}
	return digit && letter;
}

/* Words of letters and digits: digits in a word are a disguise to us. */
static void
lint_fold(struct lint *l, struct fold *f, const char *file, int line, const char *where,
    const char *text)
{
	for (const char *s = text; *s != '\0';) {
		const char *from = s;
		char *as;

		/* The name of a list, a gap. */
		if (*s == '@' || *s == '<') {
			s += 1 + strcspn(s + 1, *s == '<' ? ">" : " |?*");
			continue;
		}
		while (is_word_char(*s))
			s++;
		if (s > from && has_both(from, (size_t)(s - from)) &&
		    (as = read_as(f, from, (size_t)(s - from))) != NULL) {
			lint_say(l, file, line,
			    "%s: `%.*s' is read as `%.40s' where texts are searched "
			    "without disguises; the plain word finds both",
			    where, (int)(s - from), from, as);
			free(as);
		}
		s += s == from;
	}
}

/* --- signs */

/* The signs that a phrase gives a meaning, and such as hold words together. */
static bool
is_known_sign(char c)
{
	return strchr("'@|*?<>-_", c) != NULL;
}

/* A sign at the edge of a word must be in the text just so; left out it may be there or
 * not.  One within a word, as in 2,000, is meant. */
static void
lint_signs(
    struct lint *l, const char *file, int line, const char *where, const char *text)
{
	for (const char *s = text + strspn(text, " "); *s != '\0';) {
		size_t n = strcspn(s, " ");
		char first = s[0], last = s[n - 1];
		bool edge = (!is_word_char(first) && !is_known_sign(first)) ||
			    (!is_word_char(last) && !is_known_sign(last));
		bool word = false;

		for (size_t i = 0; i < n; i++)
			word = word || is_word_char(s[i]);
		if (edge && word)
			lint_say(l, file, line,
			    "%s: the sign in `%.*s' must then stand in the text just "
			    "so; "
			    "leave it out: words may have signs between them",
			    where, (int)(n < 60 ? n : 60), s);
		s += n;
		s += strspn(s, " ");
	}
}

/* --- @list in an expression */

/* A list there is @{list}; without the braces these are letters like others. */
static void
lint_at(struct lint *l, const struct pack *p, const struct pack_pattern *v,
    const char *file, const char *where)
{
	for (const char *s = v->text; (s = strchr(s, '@')) != NULL;) {
		size_t n = strspn(++s, "abcdefghijklmnopqrstuvwxyz0123456789-_");
		bool known = (n == 9 && strncmp(s, "protected", n) == 0) ||
			     (n == 6 && strncmp(s, "target", n) == 0) ||
			     pack_list(p, s, n);

		if (n > 0 && known)
			lint_say(l, file, v->line,
			    "%s: `@%.*s' stands for these letters in an expression; "
			    "the list is @{%.*s}",
			    where, (int)n, s, (int)n, s);
		s += n;
	}
}

/* --- where words stand */

/* An entry, and what texts are searched for by it. */
struct entry {
	const char *word;
	char *as;
	size_t at;
};

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->as, y->as);

	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

static char *
in_one_case(struct letters *letters, const char *word)
{
	struct sb b = {0};

	letters_learn(letters, word, strlen(word));
	letters_fold(letters, word, strlen(word), &b);
	return sb_take(&b);
}

static void
lint_twice(struct lint *l, const struct pack_list *s)
{
	struct letters *letters = letters_new();
	struct entry *v = mem_new(s->n, sizeof(*v));
	struct sb again = {0};
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		v[i] =
		    (struct entry){s->words[i], in_one_case(letters, s->words[i]), i};
	if (s->n > 1)
		qsort(v, s->n, sizeof(*v), compare_entries);
	for (size_t i = 1; i < s->n && n < TWICE_MAX; i++) {
		if (strcmp(v[i - 1].as, v[i].as) != 0)
			continue;
		sb_printf(&again, "%s`%.40s'", n++ > 0 ? ", " : "", v[i].word);
		if (strcmp(v[i - 1].word, v[i].word) != 0)
			sb_printf(&again, " (as `%.40s')", v[i - 1].word);
	}
	if (n > 0)
		lint_say(l, s->file, s->line, "list `%s' has twice: %s", s->name,
		    again.data);
	for (size_t i = 0; i < s->n; i++)
		free(v[i].as);
	letters_free(&letters);
	sb_free(&again);
	free(v);
}

static void
lint_list(
    struct lint *l, struct fold *f, const struct pack *p, const struct pack_list *s)
{
	const char *file = s->from != NULL ? s->from : s->file;
	char where[80];

	if (!lint_tells(l, p, s->file) || s->name == NULL)
		return;
	snprintf(where, sizeof(where), "list `%.40s'", s->name);
	lint_twice(l, s);
	for (size_t i = 0; s->lines != NULL && i < s->n; i++) {
		lint_fold(l, f, file, s->lines[i], where, s->words[i]);
		lint_either(l, file, s->lines[i], where, s->words[i]);
		lint_signs(l, file, s->lines[i], where, s->words[i]);
	}
}

static void
lint_rule(
    struct lint *l, struct fold *f, const struct pack *p, const struct pack_rule *r)
{
	char where[100];

	snprintf(where, sizeof(where), "rule `%.60s'", r->id);
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].regex) {
			lint_at(l, p, &r->v[i], p->file, where);
			continue;
		}
		lint_fold(l, f, p->file, r->v[i].line, where, r->v[i].text);
		lint_either(l, p->file, r->v[i].line, where, r->v[i].text);
		lint_signs(l, p->file, r->v[i].line, where, r->v[i].text);
	}
}

static void
lint_context(struct lint *l, const struct pack *p, const struct pack_context *c)
{
	bool told = lint_tells(l, p, c->file);
	char where[80];

	snprintf(where, sizeof(where), "context `%.40s'",
	    c->name[0] != '\0' ? c->name : "(in a rule)");
	for (size_t i = 0; told && i < c->n; i++)
		if (c->v[i].regex)
			lint_at(l, p, &c->v[i], c->file, where);
		else
			lint_either(l, c->file, c->v[i].line, where, c->v[i].text);
}

void
lint_words(struct lint *l)
{
	struct fold f = {0};

	l->said = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct pack *p = l->packs[i];

		for (size_t k = 0; k < p->nlists; k++)
			lint_list(l, &f, p, &p->lists[k]);
		for (size_t k = 0; k < p->nrules; k++)
			if (p->rules[k].mode >= 0)
				lint_rule(l, &f, p, &p->rules[k]);
		for (size_t k = 0; k < p->ncontexts; k++)
			lint_context(l, p, &p->contexts[k]);
	}
	fold_free(&f);
}
