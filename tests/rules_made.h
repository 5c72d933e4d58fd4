/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_made: many rules and texts, made from a seed or read from files, and a pack of
 * them on disk with the tests that it needs.  Shared by bench_scan and the tests that
 * need a large pack.
 *
 * A file of rules has a line each: word, phrase or regex, a tab, a regular expression
 * (of words and phrases: \b, the words, \b).  Of made rules 60 % are words, 25 % phrases
 * of two or three words, 15 % expressions of five makes, all without regard to case.
 */
#ifndef TESTS_RULES_MADE_H
#define TESTS_RULES_MADE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

struct made_rule {
	enum { MADE_WORD, MADE_PHRASE, MADE_REGEX } kind;
	char *regex; /* all of it */
};

struct made {
	struct made_rule *v;
	size_t n;
	uint64_t state;
	char **words; /* of the texts, commonest first, then others that never occur */
	size_t nwords, noften;
};

static inline uint32_t
made_below(struct made *m, uint32_t n)
{
	m->state += 0x9e3779b97f4a7c15u;
	uint64_t z = m->state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (uint32_t)((z >> 32) * n >> 32);
}

/* Words that can be spoken; the last two letters tell apart those that would be alike. */
static inline void
made_words(struct made *m, size_t n)
{
	static const char on[] = "bcdfghjklmnprstvwz", nu[] = "aeiou", tail[] = "nrslt";
	static const char *const often[] = {"the", "and", "to", "of", "a", "in", "is", "it",
	    "that", "you", "he", "was", "for", "on", "are", "with", "as", "his", "they",
	    "be", "at", "one", "have", "this", "I", "from", "or", "had", "by", "not"};

	m->words = xcalloc(n, sizeof(*m->words));
	m->noften = sizeof(often) / sizeof(often[0]);
	for (m->nwords = 0; m->nwords < n; m->nwords++) {
		size_t i = m->nwords;
		struct buf b = {0};

		if (i < m->noften) {
			m->words[i] = xstrdup(often[i]);
			continue;
		}
		for (uint32_t k = 0; k < (i < 1000 ? 1u : 2u) + made_below(m, 2); k++) {
			buf_put_u8(&b, (uint8_t)on[made_below(m, sizeof(on) - 1)]);
			buf_put_u8(&b, (uint8_t)nu[made_below(m, sizeof(nu) - 1)]);
			if (made_below(m, 3) == 0)
				buf_put_u8(&b, (uint8_t)tail[made_below(m, 5)]);
		}
		for (size_t k = i; k > 0; k /= 90) {
			buf_put_u8(&b, (uint8_t)on[k % 90 / 5]);
			buf_put_u8(&b, (uint8_t)nu[k % 5]);
		}
		m->words[i] = buf_take(&b);
	}
}

/* A word of a text: the first are common, as in a language. */
static inline const char *
made_text_word(struct made *m)
{
	uint32_t half = (uint32_t)m->nwords / 2, n = half;

	for (int k = 0; k < 3 && n > 40; k++)
		n = made_below(m, n) + 1;
	return m->words[made_below(m, n)];
}

static inline void
made_regex(struct made *m, struct buf *b, const char *rare, const char *known)
{
	switch (made_below(m, 5)) {
	case 0:
		buf_printf(b, "\\b%s(?:s|ed|ing)?\\b", rare);
		break;
	case 1:
		buf_printf(b, "\\b%s\\s+(?:the\\s+)?%s\\b", known, rare);
		break;
	case 2:
		buf_printf(b, "https?://[a-z0-9.-]{1,40}\\.?%s\\.example/", rare);
		break;
	case 3:
		buf_printf(b, "\\b%.3s[-_.*]{0,2}%s\\b", rare, rare + 3);
		break;
	default:
		buf_printf(b, "\\b%s\\b.{0,40}\\b%s\\b", known, rare);
	}
}

static inline void
made_rules(struct made *m, size_t n)
{
	uint32_t half = (uint32_t)m->nwords / 2;

	m->v = xcalloc(n, sizeof(*m->v));
	for (m->n = 0; m->n < n; m->n++) {
		uint32_t kind = made_below(m, 100);
		const char *rare = m->words[half + made_below(m, half)], *a, *c;
		struct made_rule *r = &m->v[m->n];
		struct buf b = {0};

		if (made_below(m, 7) == 0) /* one that occurs, now and then */
			rare = m->words[half / 8 + made_below(m, half - half / 8)];
		a = m->words[100 + made_below(m, 3000)];
		c = m->words[100 + made_below(m, 3000)];
		r->kind = kind < 60 ? MADE_WORD : kind < 85 ? MADE_PHRASE : MADE_REGEX;
		if (r->kind == MADE_WORD)
			buf_printf(&b, "\\b%s\\b", rare);
		else if (r->kind == MADE_PHRASE && made_below(m, 2))
			buf_printf(&b, "\\b%s %s\\b", a, c);
		else if (r->kind == MADE_PHRASE)
			buf_printf(&b, "\\b%s %s %s\\b", a,
			    m->words[made_below(m, (uint32_t)m->noften)], c);
		else
			made_regex(m, &b, rare, a);
		r->regex = buf_take(&b);
	}
}

/* Whether the file could be read. */
static inline bool
made_read(struct made *m, const char *path)
{
	char *line = NULL, *tab;
	FILE *f = fopen(path, "r");
	size_t cap = 0;
	ssize_t len;

	if (f == NULL)
		return false;
	while ((len = getline(&line, &cap, f)) > 0) {
		line[len - (line[len - 1] == '\n')] = '\0';
		if ((tab = strchr(line, '\t')) == NULL)
			continue;
		m->v = xrealloc(m->v, (m->n + 1) * sizeof(*m->v));
		m->v[m->n].kind = line[0] == 'w'   ? MADE_WORD
				  : line[0] == 'p' ? MADE_PHRASE
						   : MADE_REGEX;
		m->v[m->n++].regex = xstrdup(tab + 1);
	}
	free(line);
	fclose(f);
	return true;
}

/* A text that the expression matches: what may be missing is, of classes the first. */
static inline void
made_example(const char *s, struct buf *out)
{
	while (*s != '\0') {
		const char *end;
		char c = *s;

		if (c == '\\') {
			c = s[1] == 's' ? ' ' : s[1] == 'b' ? '\0' : s[1];
			end = s + 2;
		} else if (c == '[') {
			end = strchr(s, ']') + 1;
			c = s[1];
		} else if (c == '(') {
			end = strchr(s, ')') + 1;
			c = '\0';
		} else {
			end = s + 1;
			c = c == '.' ? ' ' : c;
		}
		s = end;
		if (*s == '?' || strncmp(s, "{0,2}", 5) == 0)
			c = '\0';
		s += *s == '?' || *s == '+';
		if (*s == '{')
			s = strchr(s, '}') + 1;
		if (c != '\0')
			buf_put_u8(out, (uint8_t)c);
	}
}

static inline void
made_put_quoted(struct buf *b, const char *s)
{
	buf_puts(b, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			buf_puts(b, "\\");
		buf_put_u8(b, (uint8_t)*s);
	}
	buf_puts(b, "\"");
}

/* A pack of the rules, with an example of each as its test. */
static inline char *
made_pack(const struct made *m, const char *name, bool regexes)
{
	struct buf rules = {0}, tests = {0}, all = {0};
	char *first = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct made_rule *r = &m->v[i];
		struct buf b = {0};
		char *example;

		if (r->kind == MADE_REGEX && !regexes)
			continue;
		made_example(r->regex, &b);
		example = buf_take(&b);
		buf_printf(&rules,
		    "%s{ id = \"r%zu\"; rev = 1; mode = \"enforce\"; category = \"made\"; "
		    "clause = \"1\"; severity = \"low\"; score = 0.5; reason = "
		    "\"{match}\"; %s = [ ",
		    first != NULL ? ",\n" : "", i,
		    r->kind == MADE_REGEX ? "regexes" : "phrases");
		made_put_quoted(&rules, r->kind == MADE_REGEX ? r->regex : example);
		buf_puts(&rules, " ]; }");
		buf_puts(&tests, first != NULL ? ",\n" : "");
		made_put_quoted(&tests, example);
		if (first == NULL)
			first = example;
		else
			free(example);
	}
	buf_printf(&all,
	    "pack = { name = \"%s\"; version = 1; owner = \"nobody\"; };\n"
	    "clauses = ( { id = \"1\"; text = \"Made\"; } );\nrules = (\n%s\n);\n"
	    "tests = {\nok = [ \"?\", \"...\", \"1 2 3\" ];\nfail = [\n%s ];\n"
	    "twins = ( [ \"1 %s\", \"2 %s\" ] );\n};\n",
	    name, rules.data, tests.data, first, first);
	buf_free(&rules);
	buf_free(&tests);
	free(first);
	return buf_take(&all);
}

static inline void
made_free(struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].regex);
	for (size_t i = 0; i < m->nwords; i++)
		free(m->words[i]);
	free(m->v);
	free(m->words);
	memset(m, 0, sizeof(*m));
}

#endif
