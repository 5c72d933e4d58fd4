/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_either: a|b is either of two words, and authors write it for either of two
 * phrases: "burn your house down|to the ground" is read as (down|to) the ground.  What
 * was meant shows where one of the words cannot stand beside what the other one needs:
 * `down', which wants nothing behind it, beside `to', which does.  See lint.h.
 */
#include <string.h>
#include <strings.h>

#include "lint_in.h"
#include "pattern.h"

enum kind {
	OTHER,
	ALONE,	 /* wants nothing behind it */
	WHEN,	 /* the same, but of "from here" and "by now" it is a part */
	PRONOUN, /* the same, and stands behind no article */
	BEFORE,	 /* wants something behind it */
	ARTICLE, /* the same, and a thing at that */
	WHICH,	 /* the same, or a pronoun */
};

/* Words that are one thing alone, for the most part: `off' and `over' may be all of
 * these, and so may what German has. */
static const struct {
	const char *word;
	enum kind kind;
} words[] = {{"up", ALONE}, {"down", ALONE}, {"apart", ALONE}, {"away", ALONE},
    {"together", ALONE}, {"alive", ALONE}, {"too", ALONE}, {"again", ALONE},
    {"forever", ALONE}, {"everywhere", ALONE}, {"here", WHEN}, {"there", WHEN},
    {"now", WHEN}, {"soon", WHEN}, {"today", WHEN}, {"tonight", WHEN},
    {"tomorrow", WHEN}, {"nieder", ALONE}, {"kaputt", ALONE}, {"you", PRONOUN},
    {"u", PRONOUN}, {"him", PRONOUN}, {"them", PRONOUN}, {"me", PRONOUN},
    {"us", PRONOUN}, {"it", PRONOUN}, {"everyone", PRONOUN}, {"everybody", PRONOUN},
    {"someone", PRONOUN}, {"somebody", PRONOUN}, {"anyone", PRONOUN},
    {"anybody", PRONOUN}, {"to", BEFORE}, {"into", BEFORE}, {"in", BEFORE},
    {"at", BEFORE}, {"with", BEFORE}, {"by", BEFORE}, {"for", BEFORE}, {"from", BEFORE},
    {"of", BEFORE}, {"like", BEFORE}, {"as", BEFORE}, {"until", BEFORE},
    {"till", BEFORE}, {"zu", BEFORE}, {"bis", BEFORE}, {"mit", BEFORE}, {"von", BEFORE},
    {"the", ARTICLE}, {"a", ARTICLE}, {"an", ARTICLE}, {"my", ARTICLE},
    {"your", ARTICLE}, {"their", ARTICLE}, {"our", ARTICLE}, {"this", WHICH},
    {"next", WHICH}, {"last", WHICH}, {"every", WHICH}, {"any", WHICH}, {"one", WHICH}};

/* One of the words of a|b. */
struct part {
	const char *s;
	size_t n;
	enum kind kind;
};

static bool
same_word(const struct part *p, const char *s, size_t n)
{
	return p->n == n && strncasecmp(p->s, s, n) == 0;
}

static enum kind
kind_of(const struct part *p)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (same_word(p, words[i].word, strlen(words[i].word)))
			return words[i].kind;
	return OTHER;
}

/* The next one of a token, from *at on; false: it was the last. */
static bool
next_part(const struct pattern_token *t, size_t *at, struct part *p)
{
	const char *bar;

	if (*at > t->n)
		return false;
	p->s = t->s + *at;
	bar = memchr(p->s, '|', t->n - *at);
	p->n = bar != NULL ? (size_t)(bar - p->s) : t->n - *at;
	p->kind = kind_of(p);
	*at += p->n + 1;
	return true;
}

static struct part
first_part(const struct pattern_token *t)
{
	struct part p = {t->s, 0, OTHER};
	size_t at = 0;

	next_part(t, &at, &p);
	return p;
}

static struct part
last_part(const struct pattern_token *t)
{
	struct part p = {t->s, 0, OTHER};

	for (size_t at = 0; next_part(t, &at, &p);)
		;
	return p;
}

/* Whether all that may stand there is of the kind. */
static bool
is_all(const struct pattern_token *t, enum kind kind)
{
	struct part p;

	for (size_t at = 0; next_part(t, &at, &p);)
		if (p.kind != kind)
			return false;
	return t->gap < 0;
}

/* "down|to the ground", "you|your family": the last one begins a phrase that goes on
 * behind it, and one before it is whole. */
static bool
meant_behind(const struct pattern_token *t, const struct pattern_token *next)
{
	struct part p, last = first_part(t);
	enum kind behind;
	bool alone = false, pronoun = false;

	if (next == NULL || next->gap >= 0)
		return false;
	for (size_t at = 0; next_part(t, &at, &p); last = p) {
		/* Those but the last, when it is the last one's turn. */
		alone |= at <= t->n && (p.kind == ALONE || p.kind == WHEN);
		pronoun |= at <= t->n && p.kind == PRONOUN;
	}
	behind = first_part(next).kind;
	/* What follows an article is a thing: else whoever wrote it goes through all
	 * that may stand there, as in "him|the a? drink". */
	if ((last.kind == ARTICLE || last.kind == WHICH) && behind != OTHER)
		return false;
	if (last.kind == BEFORE || last.kind == ARTICLE)
		return alone || pronoun;
	return last.kind == WHICH && alone;
}

/* "in the ground|a grave", "side by side|together": the first one ends a phrase that
 * began before it, and one behind it cannot. */
static bool
meant_before(const struct pattern_token *before, const struct pattern_token *t)
{
	bool article;
	struct part p;
	size_t at = 0;

	if (before == NULL)
		return false;
	article = is_all(before, ARTICLE);
	if (!article && !is_all(before, BEFORE))
		return false;
	if (first_part(t).kind != OTHER)
		return false;
	while (next_part(t, &at, &p))
		if (p.kind == ALONE ||
		    (article &&
			(p.kind == PRONOUN || p.kind == BEFORE || p.kind == ARTICLE)))
			return true;
	return false;
}

/* Whether the part is the word with what is short for another one: "you're" of `you'.
 */
static bool
is_short_of(const struct part *p, const struct part *word)
{
	static const char *const rest[] = {"nt", "re", "ll", "ve", "m", "a"};
	size_t n = word->n;

	if (n == 0 || p->n <= n || strncasecmp(p->s, word->s, n) != 0)
		return false;
	/* Not `were' of `we', nor `hell' of `he'. */
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		if (p->n - n == strlen(rest[i]) &&
		    strncasecmp(p->s + n, rest[i], p->n - n) == 0)
			return n != 2 || i == 0;
	return p->s[n] == '\'';
}

static bool
any_short_of(const struct pattern_token *t, const struct part *word)
{
	struct part p;

	for (size_t at = 0; next_part(t, &at, &p);)
		if (is_short_of(&p, word))
			return true;
	return false;
}

/* "you are|you're dead", "we're|we are coming": what is short for two words stands
 * beside one of the two. */
static bool
meant_short(const struct pattern_token *before, const struct pattern_token *t,
    const struct pattern_token *next)
{
	static const char *const verbs[] = {
	    "am", "are", "is", "will", "would", "have", "has", "had", "not", "us"};
	struct part last;

	if (before != NULL) {
		last = last_part(before);
		if (any_short_of(t, &last))
			return true;
	}
	last = last_part(t);
	if (next == NULL || next->optional || !any_short_of(t, &last))
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (next->n == strlen(verbs[i]) &&
		    strncasecmp(next->s, verbs[i], next->n) == 0)
			return true;
	return false;
}

/* "hunt down|gun down": a word beside the | stands before or behind it again. */
static bool
is_again(const struct pattern_token *before, const struct pattern_token *t,
    const struct pattern_token *next)
{
	struct part left, right;
	size_t at = 0;

	if (!next_part(t, &at, &left) || !next_part(t, &at, &right) || at <= t->n)
		return false;
	return (before != NULL && same_word(&right, before->s, before->n)) ||
	       (next != NULL && same_word(&left, next->s, next->n));
}

static void
say(struct lint *l, const char *file, int line, const char *where, const char *text,
    const struct pattern_token *t)
{
	struct sb parts = {0};
	struct part p;

	for (size_t at = 0; next_part(t, &at, &p);)
		sb_printf(
		    &parts, "%s`%.*s'", parts.len > 0 ? " or " : "", (int)p.n, p.s);
	lint_say(l, file, line,
	    "%s: \"%.60s\" means %.150s between the other words; for one of several "
	    "phrases write each, or a list",
	    where, text, parts.data);
	sb_free(&parts);
}

void
lint_either(
    struct lint *l, const char *file, int line, const char *where, const char *text)
{
	struct pattern_token v[PATTERN_TOKENS];
	struct why w;
	int n = 0;

	if (pattern_split(text, v, &n, &w) != 0)
		return;
	for (int i = 0; i < n; i++) {
		const struct pattern_token *before = i > 0 ? &v[i - 1] : NULL,
					   *next = i + 1 < n ? &v[i + 1] : NULL;

		if (memchr(v[i].s, '|', v[i].n) != NULL &&
		    (is_again(before, &v[i], next) || meant_behind(&v[i], next) ||
			meant_before(before, &v[i]) ||
			meant_short(before, &v[i], next)))
			say(l, file, line, where, text, &v[i]);
	}
}
