/* SPDX-License-Identifier: Apache-2.0 */
/* lexicon: see lexicon.h. */
#include "lexicon.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 40

static const char *const class_names[CLASS_COUNT] = {
#define X(name, text) [CLASS_##name] = text,
    LEXICON_CLASSES(X)
#undef X
};

static int
class_of(const char *s, size_t n)
{
	for (int i = 1; i < CLASS_COUNT; i++)
		if (strlen(class_names[i]) == n && memcmp(class_names[i], s, n) == 0)
			return i;
	return 0;
}

static int
add_word(struct lexicon *l, const char *s, size_t n, int class, struct why *w)
{
	const char *plus = memchr(s, '+', n);
	uint16_t tag = (uint16_t) class;

	if (n > WORD_MAX)
		return why_set(w, "a word of more than %d bytes", WORD_MAX);
	if (plus != NULL && (plus == s || plus == s + n - 1))
		return why_set(
		    w, "`%.*s': a phrase is two words with + between", (int)n, s);
	if (++l->n > LEXICON_PHRASES_MAX)
		return why_set(w, "more than %d words", LEXICON_PHRASES_MAX);
	if (plus != NULL) {
		uint64_t first = vocab_hash(s, (size_t)(plus - s));
		uint64_t second = vocab_hash(plus + 1, (size_t)(s + n - plus - 1));

		size_t bit = lexicon_bit(first);

		vocab_add(l->phrases, lexicon_pair(first, second), tag, 1);
		l->begins[bit / 64] |= (uint64_t)1 << bit % 64;
		return 0;
	}
	if (class == CLASS_LITERAL) {
		if (l->literals >= LEXICON_WORDS_MAX)
			return why_set(
			    w, "more than %d literal words", LEXICON_WORDS_MAX);
		tag = (uint16_t)(LEXICON_WORD + l->literals++);
	}
	vocab_add_word(l->words, s, n, tag, 1);
	return 0;
}

static int
read_line(struct lexicon *l, const char *s, size_t n, struct why *w)
{
	const char *hash = memchr(s, '#', n), *colon;
	int class;

	n = hash != NULL ? (size_t)(hash - s) : n;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\r'))
		n--;
	if (n == 0)
		return 0;
	colon = memchr(s, ':', n);
	if (colon == NULL)
		return why_set(w, "no `CLASS:' at its beginning");
	class = class_of(s, (size_t)(colon - s));
	if (class == 0)
		return why_set(w, "there is no class `%.*s'",
		    (int)(colon - s > 30 ? 30 : colon - s), s);
	for (size_t i = (size_t)(colon - s) + 1, k; i < n; i = k) {
		for (k = i; k < n && s[k] != ' '; k++)
			;
		if (k > i && add_word(l, s + i, k - i, class, w) != 0)
			return -1;
		k += k == i;
	}
	return 0;
}

int
lexicon_read(const char *text, size_t n, struct lexicon **out, struct why *w)
{
	struct lexicon *l = mem_new(1, sizeof(*l));
	struct why why = {""};
	int rc = 0, line = 0;

	l->words = vocab_new();
	words_teach(l->words);
	l->phrases = vocab_new();
	for (size_t i = 0, k; rc == 0 && i < n; i = k + 1) {
		const char *nl = memchr(text + i, '\n', n - i);

		k = nl != NULL ? (size_t)(nl - text) : n;
		line++;
		rc = read_line(l, text + i, k - i, &why);
	}
	if (rc == 0 && l->n == 0)
		rc = why_set(&why, "no words at all");
	if (rc != 0) {
		why_set(w, "line %d: %s", line, why.text);
		lexicon_free(&l);
	}
	*out = l;
	return rc;
}

void
lexicon_free(struct lexicon **lp)
{
	struct lexicon *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	vocab_free(&l->words);
	vocab_free(&l->phrases);
	free(l);
}

void
lexicon_pack(const char *text, size_t n, struct sb *out)
{
	bool comment = false;

	for (size_t i = 0; i < n; i++) {
		char last = out->len > 0 ? out->data[out->len - 1] : '\n';

		if (text[i] == '#')
			comment = true;
		if (text[i] == '\n')
			comment = false;
		if (comment || (text[i] == '\n' && last == '\n') ||
		    (text[i] == ' ' && (last == ' ' || last == '\n')))
			continue;
		sb_put(out, &text[i], 1);
	}
}
