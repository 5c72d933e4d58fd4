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

static size_t
sentence_start(const char *s, size_t at)
{
	size_t i = at;

	while (i > 0 && at - i < CONTEXT_REACH && !sentence_ends(s[i - 1]))
		i--;
	while (i < at && ((uint8_t)s[i] & 0xc0) == 0x80)
		i++;
	return i;
}

static size_t
sentence_end(const char *s, size_t n, size_t at)
{
	size_t i = at;

	while (i < n && i - at < CONTEXT_REACH && !sentence_ends(s[i]))
		i++;
	while (i > at && i < n && ((uint8_t)s[i] & 0xc0) == 0x80)
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

/* Inside "...", where the quoted part is not nearly all that is said: many people put
 * their own words in quotation marks. */
static bool
quoted(const char *s, size_t n, size_t start, size_t end)
{
	size_t from = start, to = end, marks = 0, open = 0;

	while (from > 0 && start - from < CONTEXT_REACH && s[from - 1] != SENTENCE_MARK)
		from--;
	for (size_t i = from; i < start; i++)
		if (s[i] == '"') {
			marks++;
			open = i;
		}
	if (marks % 2 == 0)
		return false;
	while (to < n && to - end < CONTEXT_REACH && s[to] != '"' &&
	       s[to] != SENTENCE_MARK)
		to++;
	if (to >= n || s[to] != '"')
		return false;
	return words_back(s, 0, open, 2) < open && words_back(s, 0, open, 1) > 0
		   ? true
		   : words_on(s, to + 1, n, 2) > words_on(s, to + 1, n, 1);
}

int
context_holds(const struct context *c, const char *text, const char *s, size_t n,
    size_t start, size_t end, pcre2_match_data *md, pcre2_match_context *mc)
{
	size_t from = 0, to = n;
	int rc = PCRE2_ERROR_NOMATCH;

	if (c->src->quotes && quoted(s, n, start, end))
		return 1;
	if (c->phrases == NULL && c->regexes == NULL)
		return 0;
	if (c->src->where == PACK_INSIDE) {
		from = start;
		to = end;
	} else if (c->src->where != PACK_TEXT) {
		from = c->src->where == PACK_AFTER ? end : sentence_start(s, start);
		to = c->src->where == PACK_BEFORE ? start : sentence_end(s, n, end);
	}
	if (c->src->where == PACK_BEFORE || c->src->where == PACK_AROUND)
		from = words_back(s, from, start, c->src->within);
	if (c->src->where == PACK_AFTER || c->src->where == PACK_AROUND)
		to = words_on(s, end, to, c->src->within);
	if (c->phrases != NULL)
		rc = pcre2_match(
		    c->phrases, (PCRE2_SPTR)s, to, from, PCRE2_NO_UTF_CHECK, md, mc);
	if (c->regexes != NULL && rc == PCRE2_ERROR_NOMATCH)
		rc = pcre2_match(
		    c->regexes, (PCRE2_SPTR)text, to, from, PCRE2_NO_UTF_CHECK, md, mc);
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	return rc >= 0 ? 1 : rc;
}
