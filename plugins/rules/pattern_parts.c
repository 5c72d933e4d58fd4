/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_parts: what phrases are made of, as both ways of matching them read it:
 * tokens, words in the form of texts, lists by name; and which word is the better one
 * to look for.
 */
#include <stdlib.h>
#include <string.h>

#include "kit/fold.h"
#include "pattern.h"

#define DEPTH_MAX 4 /* lists within lists */

/* Characters that texts do not keep, a pattern cannot ask for: each is folded alone,
 * so that nothing but the character itself changes. */
void
pattern_fold(const char *s, size_t n, struct sb *out)
{
	struct fold f = {0};

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		int len = mem_utf8(s + i, n - i, &cp);

		if (len <= 1) {
			sb_put(out, s + i, 1);
			i++;
			continue;
		}
		fold_text(&f, s + i, (size_t)len);
		sb_put(out, f.text, f.len);
		i += (size_t)len;
	}
	fold_free(&f);
}

int
pattern_word(const char *s, size_t n, struct sb *out, bool *begins, struct why *w)
{
	size_t from = 0;

	*begins = n > 1 && s[n - 1] == '*';
	n -= *begins;
	if (n == 0 || memchr(s, '*', n) != NULL || memchr(s, '<', n) != NULL ||
	    memchr(s, '@', n) != NULL || memchr(s, '?', n) != NULL)
		return why_set(w,
		    "`%.*s' is not a word; signs with a meaning are @list, "
		    "word*, word?, a|b and <N>",
		    (int)n, s);
	pattern_fold(s, n, out);
	while (from < out->len && out->data[from] == '\'')
		from++;
	while (out->len > from && out->data[out->len - 1] == '\'' && !*begins)
		out->len--;
	out->len -= from;
	if (out->len == 0)
		return why_set(
		    w, "`%.*s' has no letter that texts would keep", (int)n, s);
	memmove(out->data, out->data + from, out->len);
	out->data[out->len] = '\0';
	return 0;
}

/* Words that stand in most texts, whatever their length. */
static const char common[] =
    " the a an of and to in is it that you i he she we they for on are as with his her "
    "this have had from or by be at not but what all were when your can said there an "
    "each which do how their if will up other about out many then them these so some "
    "would make like him into time has look two more go see no could people my than "
    "who "
    "its now get come my me was been just dont should der die das und ist nicht ein "
    "eine "
    "ich du er sie es wir ihr zu mit auf von den dem sich auch als an im am wie so "
    "noch "
    "nur wird sind hat werden ";

#define COMMON_LONGEST 8
#define COMMON_SLOTS 1024

/* The place of a word in a table that holds where the common ones stand. */
static size_t
common_slot(const uint16_t *table, const char *s, size_t n)
{
	size_t i = ((uint8_t)s[0] * 37u + (uint8_t)s[n - 1] * 11u +
		       (uint8_t)s[n / 2] * 5u + n * 131) %
		   COMMON_SLOTS;

	while (table[i] != 0 &&
	       (memcmp(common + table[i], s, n) != 0 || common[table[i] + n] != ' '))
		i = (i + 1) % COMMON_SLOTS;
	return i;
}

static bool
is_common(const char *s, size_t n)
{
	static uint16_t table[COMMON_SLOTS];
	static bool made;

	for (size_t at = 1, len; !made && common[at] != '\0'; at += len + 1) {
		len = strcspn(common + at, " ");
		table[common_slot(table, common + at, len)] = (uint16_t)at;
	}
	made = true;
	return n > 0 && n <= COMMON_LONGEST && table[common_slot(table, s, n)] != 0;
}

size_t
pattern_rarity(const char *word, size_t n)
{
	if (n > COMMON_LONGEST)
		return n + 8;
	return is_common(word, n) ? 1 : n + (n < 3 ? 0 : 2);
}

int
pattern_list(const struct pattern_env *env, const char **name, size_t *n, int depth,
    const struct pack_list **out, struct why *w)
{
	if (*n == 6 && memcmp(*name, "target", 6) == 0) {
		if (env->target == NULL)
			return why_set(
			    w, "@target is used, but the rule has no `target'");
		*name = env->target + 1;
		*n = strlen(*name);
	}
	if (depth >= DEPTH_MAX)
		return why_set(w,
		    "list `%.*s': lists within lists are too deep, or in a "
		    "circle",
		    (int)*n, *name);
	if (*n == 9 && memcmp(*name, "protected", 9) == 0)
		*out = env->protect;
	else
		*out = pack_list(env->pack, *name, *n);
	if (*out == NULL)
		return why_set(
		    w, "there is no list `%.*s' in this pack", (int)*n, *name);
	return 0;
}

int
pattern_entry_wrong(const struct pack_list *l, size_t at, struct why *w)
{
	const struct why was = *w;

	/* In a list of lists the one that has it; in a circle they would come again. */
	if (l->lines == NULL || strstr(was.text, " (list `") != NULL)
		return -1;
	return why_set(w, "%s (list `%s', %s:%d)", was.text, l->name,
	    l->from != NULL ? l->from : l->file, l->lines[at]);
}

/* What may be missing takes its separator with it, so words that must be there have to
 * stand on both sides of a gap. */
static int
check_tokens(const struct pattern_token *v, int n, struct why *w)
{
	bool begun = false, open = false;

	if (n == 0 || v[0].gap >= 0 || v[n - 1].gap >= 0)
		return why_set(w, "a phrase begins and ends with a word");
	for (int i = 0; i < n; i++) {
		if (v[i].gap >= 0 && open)
			return why_set(
			    w, "between two gaps stands no word that must be there");
		if (v[i].gap >= 0 && !begun)
			break;
		if (v[i].gap >= 0)
			open = true;
		else if (!v[i].optional) {
			begun = true;
			open = false;
		}
	}
	if (open || (!begun && strchr(v[0].s, '<') != NULL))
		return why_set(
		    w, "a gap stands between words that must be there, not word?");
	return begun ? 0 : why_set(w, "every word of the phrase is optional");
}

int
pattern_split(
    const char *text, struct pattern_token v[PATTERN_TOKENS], int *n, struct why *w)
{
	*n = 0;
	for (const char *s = text + strspn(text, " "); *s != '\0';
	     s += strspn(s, " ")) {
		struct pattern_token *t = &v[*n];
		size_t len = strcspn(s, " ");

		if (*n >= PATTERN_TOKENS)
			return why_set(w, "more than %d words", PATTERN_TOKENS);
		*t = (struct pattern_token){s, len, -1, false};
		s += len;
		if (t->s[0] == '<') {
			char *end;
			long gap = strtol(t->s + 1, &end, 10);

			if (end == t->s + 1 || end != t->s + len - 1 || *end != '>' ||
			    gap < 0 || gap > PACK_WITHIN)
				return why_set(w, "`%.*s': a gap is <0> to <%d>",
				    (int)len, t->s, PACK_WITHIN);
			t->gap = (int)gap;
		} else if (len > 1 && t->s[len - 1] == '?') {
			t->optional = true;
			t->n--;
		}
		(*n)++;
	}
	return check_tokens(v, *n, w);
}
