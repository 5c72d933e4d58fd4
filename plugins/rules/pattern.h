/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: a pattern as written becomes a regular expression for PCRE2, which is exact,
 * and a few `atoms` for Hyperscan: expressions that are cheap to look for all at once and
 * each of which must be seen somewhere in a text before the pattern can match it.
 *
 * A phrase is words with blanks between:
 *   kill        the word, without regard to case     kill*    any ending
 *   a|b|c       one of them                          @list    an entry of a list
 *   word?       may be missing (also @list?)         <4>      up to four other words
 * A word is a run of letters and digits; words that an apostrophe joins count as one
 * within a gap and an ending.  Between two words of a phrase stand one to eight blanks or
 * signs, but no end of a sentence (sentence.h).  An apostrophe at the edge of a word counts for
 * nothing, and characters that fold.h replaces in texts are replaced here too.
 */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include "pack.h"

#define PATTERN_FILTER_MAX 15000  /* Hyperscan takes 16,000 bytes */
#define PATTERN_CONFIRM_MAX 60000 /* PCRE2 compiles to at most 64 KiB */

/* What stands between two words of a phrase: something, of which blanks at its ends do
 * not count, and at most eight others.  No group: it is compiled as often as it is
 * repeated, and long lists would be too large for PCRE2. */
#define PATTERN_SEP "\\h*+[^\\pL\\pN.!?;\\0]{0,8}(?<![\\pL\\pN])\\h*+"
/* What stands around a phrase: nothing that belongs to a word. */
#define PATTERN_BEGIN "(?<![\\pL\\pN_])"
#define PATTERN_END "(?![\\pL\\pN_])"

struct pattern_env {
	const struct pack *pack;
	const struct pack_list *protect; /* what @protected means now */
	const char *target;		 /* what @target means; NULL: nothing */
};

#define PATTERN_ATOMS 8
struct pattern_out {
	struct sb confirm;
	char *atom[PATTERN_ATOMS];
	size_t natoms; /* at least one */
};

/* Fills out, all zero before; pattern_clear() frees it in any case.  0, or -1 and a
 * sentence in w (without file and line). */
int pattern_make(const struct pattern_env *env, const struct pack_pattern *p,
    struct pattern_out *out, struct why *w);
void pattern_clear(struct pattern_out *out);

/* A regular expression with its @{lists} spread out. */
int pattern_regex(
    const struct pattern_env *env, const char *s, struct sb *out, struct why *w);
/* Where in s, which pattern_regex() takes, the byte `at' of its result comes from.  *list:
 * how long the @{list} is that it lies in and that begins there; 0: in none. */
size_t pattern_place(
    const struct pattern_env *env, const char *s, size_t at, size_t *list);

/* --- pattern_parts.c: what phrase.c needs as well */

#define PATTERN_TOKENS 40

struct pattern_token { /* of a phrase */
	const char *s;
	size_t n;
	int gap; /* -1: not a gap */
	bool optional;
};

/* A phrase to at most PATTERN_TOKENS tokens. */
int pattern_split(
    const char *text, struct pattern_token v[PATTERN_TOKENS], int *n, struct why *w);
/* Characters as texts have them, each by itself. */
void pattern_fold(const char *s, size_t n, struct sb *out);
/* A single word, checked and folded; *begins: it was `word*'. */
int pattern_word(
    const char *s, size_t n, struct sb *out, bool *begins, struct why *w);
/* The list that `name' (without @) means; *name becomes its own name. */
int pattern_list(const struct pattern_env *env, const char **name, size_t *n, int depth,
    const struct pack_list **out, struct why *w);
/* Adds to what is wrong with an entry of a list where it stands; returns -1. */
int pattern_entry_wrong(const struct pack_list *l, size_t at, struct why *w);
/* How rare a word is thought to be: of two, the better one to look for. */
size_t pattern_rarity(const char *word, size_t n);

#endif
