/* SPDX-License-Identifier: Apache-2.0 */
/* context: sentences, words before and after, quotation marks; see context.h. */
#include "context.h"

#include <string.h>

#include "sentence.h"

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '\'' || (uint8_t)c >= 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A comma, a bracket, or a colon or dash before a blank; none of them within a number.
 * Of a dash at the very end nothing is known. */
static bool
clause_ends(const char *s, size_t n, size_t i)
{
	bool blank = i + 1 < n && (s[i + 1] == ' ' || s[i + 1] == '\n');

	switch (s[i]) {
	case '(':
	case ')':
		return true;
	case ',':
		return i == 0 || i + 1 >= n || !is_digit(s[i - 1]) ||
		       !is_digit(s[i + 1]);
	case ':':
		return blank || i + 1 >= n;
	case '-':
		return blank && i > 0 && (s[i - 1] == ' ' || s[i - 1] == '-');
	}
	return false;
}

/* Whether what surrounds a match ends at byte i. */
static inline bool
ends_at(const char *s, size_t n, size_t i, bool commas)
{
	return sentence_parts(s[i]) || (commas && clause_ends(s, n, i));
}

static size_t
sentence_start(const struct context_text *t, size_t at, bool commas)
{
	const char *s = t->s;
	size_t i = at;

	while (i > 0 && at - i < CONTEXT_REACH && !ends_at(s, t->n, i - 1, commas))
		i--;
	while (i < at && ((uint8_t)s[i] & 0xc0) == 0x80)
		i++;
	return i;
}

static size_t
sentence_end(const struct context_text *t, size_t at, bool commas)
{
	const char *s = t->s;
	size_t i = at;

	while (i < t->n && i - at < CONTEXT_REACH && !ends_at(s, t->n, i, commas))
		i++;
	while (i > at && i < t->n && ((uint8_t)s[i] & 0xc0) == 0x80)
		i--;
	return i;
}

static size_t
words_back(const char *s, size_t from, size_t at, int words)
{
	while (at > from && words > 0) {
		while (at > from && !is_word(s[at - 1]))
			at--;
		while (at > from && is_word(s[at - 1]))
			at--;
		words--;
	}
	return at;
}

static size_t
words_on(const char *s, size_t at, size_t to, int words)
{
	while (at < to && words > 0) {
		while (at < to && !is_word(s[at]))
			at++;
		while (at < to && is_word(s[at]))
			at++;
		words--;
	}
	return at;
}

static bool
ends_paragraph(char c)
{
	return c == SENTENCE_MARK || c == SENTENCE_TITLE;
}

/* Inside "...", where the quoted part is not nearly all that is said: many people put
 * their own words in quotation marks. */
static bool
quoted(const char *s, size_t n, size_t start, size_t end)
{
	size_t from = start, to = end, marks = 0, open = 0;

	while (from > 0 && start - from < CONTEXT_REACH && !ends_paragraph(s[from - 1]))
		from--;
	for (size_t i = from; i < start; i++)
		if (s[i] == '"') {
			marks++;
			open = i;
		}
	if (marks % 2 == 0)
		return false;
	while (to < n && to - end < CONTEXT_REACH && s[to] != '"' &&
	       !ends_paragraph(s[to]))
		to++;
	if (to >= n || s[to] != '"')
		return false;
	return words_back(s, 0, open, 2) < open && words_back(s, 0, open, 1) > 0
		   ? true
		   : words_on(s, to + 1, n, 2) > words_on(s, to + 1, n, 1);
}

#define BACK 8 /* bytes before a part, in which the character before it is */

/* Phrases of words within [from, to).  The text ends at `to' for them: in the middle of
 * a word, where an expression's match ended so, the part is cut into words anew. */
static int
words_hold(
    const struct context *c, const struct context_text *t, size_t from, size_t to)
{
	struct tokens *k = t->tokens;
	size_t n = tokens_before(k, to), base = 0;

	if (n > 0 && k->v[n - 1].end > to) {
		base = from < BACK ? 0 : from - BACK;
		while (base < from && ((uint8_t)t->s[base] & 0xc0) == 0x80)
			base++;
		tokens_take(t->part, k->letters, t->s + base, to - base);
		k = t->part;
	}
	return phrase_group_holds(
	    c->words, t->book, k, from - base, to - base, t->steps);
}

/* A negative error of PCRE2, or 1 or 0. */
static int
searched(const pcre2_code *code, const char *s, const struct context_text *t,
    size_t from, size_t to)
{
	int rc = pcre2_match(
	    code, (PCRE2_SPTR)s, to, from, PCRE2_NO_UTF_CHECK, t->md, t->mc);

	return rc == PCRE2_ERROR_NOMATCH ? 0 : rc < 0 ? rc : 1;
}

/* The nearest place at `at' or before that is not within a word, or a long way back at
 * least not within a character. */
static size_t
between_words(const char *s, size_t n, size_t at)
{
	size_t i = at;

	if (at >= n)
		return n;
	while (i > 0 && at - i < CONTEXT_REACH && is_word(s[i]) && is_word(s[i - 1]))
		i--;
	if (at - i < CONTEXT_REACH)
		return i;
	while (at > 0 && ((uint8_t)s[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* Whether any of its patterns is in [from, to): 1, 0, or a negative error. */
static int
part_holds(
    const struct context *c, const struct context_text *t, size_t from, size_t to)
{
	int rc = 0;

	if (c->words != NULL)
		rc = words_hold(c, t, from, to);
	if (rc < 0)
		return PCRE2_ERROR_MATCHLIMIT;
	if (rc == 0 && c->phrases != NULL)
		rc = searched(c->phrases, t->s, t, from, to);
	if (rc == 0 && c->regexes != NULL)
		rc = searched(c->regexes, t->text, t, from, to);
	if (rc == 0 && c->wide != NULL)
		rc = searched(c->wide, t->text, t, from, to);
	return rc;
}

int
context_holds(
    const struct context *c, const struct context_text *t, size_t start, size_t end)
{
	const char *s = t->s;
	size_t part = context_part(start);
	size_t from = part > 0 ? (part - 1) * CONTEXT_PART : 0;
	size_t to = (part + 2) * CONTEXT_PART > end ? (part + 2) * CONTEXT_PART : end;
	enum pack_where where = c->src->where;
	int rc;

	if (c->src->quotes && quoted(s, t->n, start, end))
		return 1;
	if (c->words == NULL && c->phrases == NULL && c->regexes == NULL &&
	    c->wide == NULL)
		return 0;
	if (where == PACK_INSIDE) {
		from = start;
		to = end;
	} else if (where != PACK_TEXT) {
		from = where == PACK_AFTER ? end
					   : sentence_start(t, start, c->src->commas);
		to =
		    where == PACK_BEFORE ? start : sentence_end(t, end, c->src->commas);
	} else {
		from = between_words(s, t->n, from);
		to = between_words(s, t->n, to);
	}
	if (where == PACK_BEFORE || where == PACK_AROUND)
		from = words_back(s, from, start, c->src->within);
	if (where == PACK_AFTER || where == PACK_AROUND)
		to = words_on(s, end, to, c->src->within);
	if (where != PACK_OUTSIDE)
		return part_holds(c, t, from, to);
	rc = part_holds(c, t, from, start);
	return rc == 0 ? part_holds(c, t, end, to) : rc;
}
