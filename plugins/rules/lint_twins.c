/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_twins: twins show that a rule does not care who is meant, so they may differ in
 * that alone.  They are compared word by word; more than one stretch that differs is
 * more than a target.  See lint.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lint_in.h"

#define WORDS_MAX 300 /* of a twin; longer ones are not compared */

/* Words that follow the target, as pronouns, articles and verbs do, and such as stand
 * within a name of several words: a stretch of nothing else is no difference, and two
 * stretches with nothing else between are one. */
static const char *const following[] = {"a", "all", "an", "and", "are", "at", "das",
    "dem", "den", "der", "des", "die", "dr", "ein", "eine", "einem", "einen", "einer",
    "er", "es", "has", "have", "he", "her", "hers", "him", "his", "ihm", "ihn", "ihnen",
    "ihr", "ihre", "in", "is", "ist", "it", "its", "mr", "mrs", "ms", "of", "or",
    "sein", "seine", "she", "sie", "sind", "that", "the", "their", "them", "these",
    "they", "this", "those", "to", "und", "von", "was", "were"};

struct word {
	const char *s;
	size_t n;
	bool follows;
	bool other; /* the twin has another one in its place */
};

struct words {
	struct word v[WORDS_MAX];
	size_t n;
};

static int
compare_text(const void *key, const void *entry)
{
	const struct word *w = key;
	const char *s = *(const char *const *)entry;
	int c = strncasecmp(w->s, s, w->n);

	return c != 0 ? c : s[w->n] != '\0' ? -1 : 0;
}

static bool
is_sign(char c)
{
	return (c & 0x80) == 0 && !isalnum((unsigned char)c);
}

/* Words without the signs around them; false: too many. */
static bool
cut(const char *text, struct words *out)
{
	out->n = 0;
	for (const char *s = text + strspn(text, " \t\n"); *s != '\0';
	     s += strspn(s, " \t\n")) {
		struct word w = {s, strcspn(s, " \t\n"), false, false};

		s += w.n;
		while (w.n > 0 && is_sign(w.s[w.n - 1]))
			w.n--;
		while (w.n > 0 && is_sign(*w.s)) {
			w.s++;
			w.n--;
		}
		if (w.n == 0)
			continue;
		if (out->n == WORDS_MAX)
			return false;
		w.follows =
		    bsearch(&w, following, sizeof(following) / sizeof(following[0]),
			sizeof(following[0]), compare_text) != NULL;
		out->v[out->n++] = w;
	}
	return true;
}

static bool
same(const struct word *a, const struct word *b)
{
	return a->n == b->n && strncasecmp(a->s, b->s, a->n) == 0;
}

/* Marks what is not in the longest run of words that both have. */
static void
mark(struct words *a, struct words *b)
{
	size_t wide = b->n + 1, i, k;
	uint16_t *most = mem_new((a->n + 1) * wide, sizeof(*most));

	for (i = a->n; i-- > 0;)
		for (k = b->n; k-- > 0;) {
			uint16_t one = most[(i + 1) * wide + k];
			uint16_t two = most[i * wide + k + 1];

			most[i * wide + k] =
			    same(&a->v[i], &b->v[k])
				? (uint16_t)(most[(i + 1) * wide + k + 1] + 1)
			    : one > two ? one
					: two;
		}
	for (i = k = 0; i < a->n || k < b->n;) {
		if (i < a->n && k < b->n && same(&a->v[i], &b->v[k])) {
			i++;
			k++;
		} else if (k == b->n || (i < a->n && most[(i + 1) * wide + k] >=
							 most[i * wide + k + 1])) {
			a->v[i++].other = true;
		} else {
			b->v[k++].other = true;
		}
	}
	free(most);
}

/* A word that differed further left: the target is named once more. */
static bool
again(const struct words *w, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (w->v[i].other && same(&w->v[i], &w->v[at]))
			return true;
	return false;
}

/* The words that differ in a row from *i on; whether one of them is no follower of what
 * was exchanged before. */
static bool
skip_others(const struct words *w, size_t *i)
{
	bool new = false;

	for (; *i < w->n && w->v[*i].other; ++*i)
		new |= !w->v[*i].follows && !again(w, *i);
	return new;
}

/* Stretches that differ. */
static unsigned
stretches(const struct words *a, const struct words *b)
{
	unsigned n = 0;
	bool in = false; /* nothing but followers since the last one */

	for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
		bool left = skip_others(a, &i), right = skip_others(b, &k);

		if (left || right) {
			n += !in;
			in = true;
		}
		if (i < a->n && !a->v[i].follows)
			in = false;
		i += i < a->n;
		k += k < b->n;
	}
	return n;
}

static bool
differ_in_more(const char *one, const char *two)
{
	struct words *a = mem_new(1, sizeof(*a)), *b = mem_new(1, sizeof(*b));
	bool more = false;

	if (cut(one, a) && cut(two, b)) {
		mark(a, b);
		more = stretches(a, b) > 1;
	}
	free(a);
	free(b);
	return more;
}

void
lint_twins(struct lint *l)
{
	l->said = 0;
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->packs[i]->ntests; k++) {
			const struct pack_test *t = &l->packs[i]->tests[k];

			if (t->kind == PACK_TWINS && differ_in_more(t->text, t->twin))
				lint_say(l, l->packs[i]->file, t->line,
				    "twins differ in more than the target: \"%.60s\", "
				    "\"%.60s\"; change one place only",
				    t->text, t->twin);
		}
}
