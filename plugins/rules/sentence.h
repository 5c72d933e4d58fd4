/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sentence: which line breaks end a sentence.  Phrases and contexts are searched in a
 * copy of the text in which these are marks, so that words, PCRE2 and contexts need one
 * answer only.  Expressions of authors see the text without marks.
 */
#ifndef RULES_SENTENCE_H
#define RULES_SENTENCE_H

#include "kit/mem.h"

/* No text has it, and pattern.c says it too. */
#define SENTENCE_MARK '\0'

/* What the line break behind a title becomes: "I will", and then "kill you", is one
 * sentence, but a title about a match excuses nothing of its text.  In texts, where
 * hardly any has it, it is a blank. */
#define SENTENCE_TITLE '\v'

/* Besides the mark these end a sentence. */
static inline bool
sentence_ends(char c)
{
	return c == '.' || c == '!' || c == '?' || c == ';' || c == SENTENCE_MARK;
}

/* And what surrounds a match ends with these. */
static inline bool
sentence_parts(char c)
{
	return sentence_ends(c) || c == SENTENCE_TITLE;
}

/* The text with each line break that ends a sentence as SENTENCE_MARK: such before a
 * blank line, and before a line that begins with `>' or as an entry of a list does
 * (plugins/README).  Any other is a blank.  If the first line has a blank one behind it,
 * which is how a title comes, and then a small letter, what ends it is SENTENCE_TITLE.
 * s itself where there is none of them, else what own holds until the next call; as long
 * as s. */
const char *sentence_mark(const char *s, size_t n, struct sb *own);

#endif
