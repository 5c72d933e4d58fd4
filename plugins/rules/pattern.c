/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: see pattern.h.
 *
 * Atoms are the words of a phrase that must be there, each list one atom.  Lists are
 * used by many phrases but are one atom for all of them, and without the gaps between
 * words Hyperscan compiles them in no time.  An atom matches whenever its part of the
 * phrase does, and perhaps more: Hyperscan has no look-behind and its \b knows ASCII
 * words only.
 */
#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regex.h"

/* phrase.c, tokens.c and sentence.h say the same without expressions; change them
 * together. */
#define CHAIN "(?:'[\\pL\\pN]++)*+" /* what apostrophes join to a word */
#define SEP_FILTER "[^a-z0-9.!?;]+"

struct out {
	const struct pattern_env *env;
	struct sb *confirm;
	struct sb *filter; /* the present atom */
	struct why *w;
	bool any;	 /* the atom is no expression that could be looked for */
	bool odd;	 /* the atom has words that begin or end with no ASCII letter */
	size_t shortest; /* word of the atom, in bytes */
	struct {
		char *text;
		size_t shortest;
	} atoms[PATTERN_TOKENS];
	size_t natoms;
};

static bool
ascii_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static void
put(struct out *o, const char *s)
{
	sb_puts(o->confirm, s);
	sb_puts(o->filter, s);
}

static void
put_literal(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strchr("\\^$.[]|()?*+{}-#&~", s[i]) != NULL)
			put(o, "\\");
		sb_put(o->confirm, s + i, 1);
		sb_put(o->filter, s + i, 1);
	}
}

/* A name of the operator's: literal, whatever signs it has, blanks as between words. */
static void
put_name(struct out *o, const char *s)
{
	o->odd = true;
	for (size_t len; *s != '\0'; s += len) {
		struct sb word = {0};

		len = strcspn(s, " ");
		pattern_fold(s, len, &word);
		put_literal(o, word.data != NULL ? word.data : "", word.len);
		sb_free(&word);
		if (s[len] == '\0')
			break;
		sb_puts(o->confirm, PATTERN_SEP);
		sb_puts(o->filter, SEP_FILTER);
		len += strspn(s + len, " ");
	}
}

/* One word: letters, perhaps with * at the end. */
static int
put_word(struct out *o, const char *s, size_t n)
{
	struct sb word = {0};
	bool begins;
	int rc = pattern_word(s, n, &word, &begins, o->w);

	if (rc == 0) {
		put_literal(o, word.data, word.len);
		o->odd = o->odd || begins || !ascii_word(word.data[0]) ||
			 !ascii_word(word.data[word.len - 1]);
		o->shortest = word.len < o->shortest ? word.len : o->shortest;
		if (begins)
			sb_puts(o->confirm, "[\\pL\\pN]*+" CHAIN);
	}
	sb_free(&word);
	return rc;
}

static int put_choice(struct out *o, const char *s, size_t n, int depth);

/* Words separated by blanks, as in a list's entry.  Only the longest goes into the
 * atom, so that atoms stay sets of plain words. */
static int
put_words(struct out *o, const char *s, size_t n, int depth)
{
	struct sb *atom = o->filter, best = {0}, piece = {0};
	bool first = true;
	int rc = 0;

	o->filter = &piece;
	for (size_t i = 0, len; rc == 0 && i < n; i += len) {
		while (i < n && s[i] == ' ')
			i++;
		for (len = 0; i + len < n && s[i + len] != ' '; len++)
			;
		if (len == 0)
			break;
		if (!first)
			sb_puts(o->confirm, PATTERN_SEP);
		first = false;
		piece.len = 0;
		rc = put_choice(o, s + i, len, depth);
		if (piece.len > best.len) {
			best.len = 0;
			sb_put(&best, piece.data, piece.len);
		}
	}
	o->filter = atom;
	sb_put(atom, best.data != NULL ? best.data : "", best.len);
	sb_free(&best);
	sb_free(&piece);
	return rc;
}

static int
put_list(struct out *o, const char *name, size_t n, int depth)
{
	const struct pack_list *l;
	int rc = pattern_list(o->env, &name, &n, depth, &l, o->w);

	if (rc != 0)
		return rc;
	if (l->n == 0) { /* nothing, and no text has a NUL */
		sb_puts(o->confirm, "(?!)");
		sb_puts(o->filter, "\\x00");
		return 0;
	}
	put(o, "(?:");
	for (size_t i = 0; rc == 0 && i < l->n; i++) {
		if (i > 0)
			put(o, "|");
		if (l == o->env->protect && strpbrk(l->words[i], "@|*?<") != NULL)
			put_name(o, l->words[i]);
		else
			rc = put_words(o, l->words[i], strlen(l->words[i]), depth + 1);
		if (rc != 0)
			rc = pattern_entry_wrong(l, i, o->w);
		else if (o->confirm->len > PATTERN_CONFIRM_MAX)
			rc = why_set(o->w,
			    "too long with all its lists; split list `%.*s'", (int)n,
			    name);
	}
	put(o, ")");
	return rc;
}

/* a|b|@list */
static int
put_choice(struct out *o, const char *s, size_t n, int depth)
{
	bool several = memchr(s, '|', n) != NULL;
	int rc = 0;

	if (several)
		put(o, "(?:");
	for (size_t i = 0, len; rc == 0 && i <= n; i += len + 1) {
		for (len = 0; i + len < n && s[i + len] != '|'; len++)
			;
		if (len == 0)
			return why_set(o->w, "`%.*s': an empty alternative", (int)n, s);
		if (i > 0)
			put(o, "|");
		if (s[i] == '@')
			rc = put_list(o, s + i + 1, len - 1, depth);
		else
			rc = put_word(o, s + i, len);
	}
	if (several)
		put(o, ")");
	return rc;
}

static void
put_gap(struct out *o, int words)
{
	sb_printf(o->confirm,
	    "(?:" PATTERN_SEP "[\\pL\\pN]++" CHAIN "){0,%d}" PATTERN_SEP, words);
}

/* Keeps what stands in o->filter as an atom.  At its edges may stand `_', which is a
 * sign between words for us and a letter for \b. */
static void
keep_atom(struct out *o)
{
	struct sb b = {0};

	sb_printf(&b, o->odd ? "(?:%s)" : "(?:\\b|_)(?:%s)(?:\\b|_)", o->filter->data);
	o->atoms[o->natoms].shortest = o->shortest;
	o->atoms[o->natoms++].text = sb_take(&b);
}

/* One word of the phrase, as an atom if it must be there. */
static int
put_token(struct out *o, const struct pattern_token *t)
{
	int rc;

	o->filter->len = 0;
	o->odd = false;
	o->shortest = SIZE_MAX;
	rc = put_choice(o, t->s, t->n, 0);
	if (rc == 0 && !t->optional)
		keep_atom(o);
	return rc;
}

/* Words, with separators between; an optional one takes its separator with it: the one
 * behind before the first word that must be there and after a gap, else the one before.
 */
static int
put_tokens(struct out *o, const struct pattern_token *v, int n)
{
	bool begun = false, gap = false;
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		const struct pattern_token *t = &v[i];

		if (t->gap >= 0) {
			put_gap(o, t->gap);
			gap = true;
			continue;
		}
		if (t->optional)
			sb_puts(o->confirm, "(?:");
		if (begun && !gap)
			sb_puts(o->confirm, PATTERN_SEP);
		rc = put_token(o, t);
		if (t->optional && (!begun || gap))
			sb_puts(o->confirm, PATTERN_SEP);
		if (t->optional) {
			sb_puts(o->confirm, ")?");
		} else {
			begun = true;
			gap = false;
		}
	}
	return rc;
}

static int
make_phrase(struct out *o, const char *text)
{
	struct pattern_token v[PATTERN_TOKENS];
	int n = 0, rc = pattern_split(text, v, &n, o->w);

	if (rc != 0)
		return rc;
	sb_puts(o->confirm, PATTERN_BEGIN);
	rc = put_tokens(o, v, n);
	sb_puts(o->confirm, PATTERN_END);
	return rc;
}

/* What stands between lists.  Hyperscan's \w and \b know ASCII; where there is nothing
 * to say to it, every text may have the rest. */
static void
put_between(struct out *o, const char *s, size_t n, bool wide)
{
	sb_put(o->confirm, s, n);
	if (!wide)
		sb_put(o->filter, s, n);
	else
		o->any = !regex_loosen(s, n, o->filter) || o->any;
}

/* A regular expression in the form of texts, with @{list} replaced. */
static int
put_regex(struct out *o, const char *s, bool wide)
{
	int rc = 0;

	while (rc == 0 && *s != '\0') {
		const char *at = strstr(s, "@{"),
			   *end = at != NULL ? strchr(at, '}') : NULL;

		if (end == NULL) {
			put_between(o, s, strlen(s), wide);
			break;
		}
		put_between(o, s, (size_t)(at - s), wide);
		rc = put_list(o, at + 2, (size_t)(end - at - 2), 0);
		s = end + 1;
	}
	return rc;
}

/* All of it is one atom.  A list, too, may have the letters that make it wide. */
static int
make_regex(struct out *o, const char *text)
{
	struct sb s = {0};
	int rc = regex_fold(text, &s, o->w);

	if (rc == 0)
		rc = put_regex(o, s.data, false);
	if (rc == 0 && regex_wide(o->confirm->data, o->confirm->len)) {
		o->confirm->len = o->filter->len = 0;
		rc = put_regex(o, s.data, true);
	}
	if (o->any) {
		o->filter->len = 0;
		sb_puts(o->filter, "");
	}
	if (rc == 0) {
		o->odd = true;
		keep_atom(o);
	}
	sb_free(&s);
	return rc;
}

/* The atoms with the longest words are the rarest in a text. */
static void
choose_atoms(struct out *o, struct pattern_out *out)
{
	while (out->natoms < PATTERN_ATOMS) {
		size_t best = SIZE_MAX;

		for (size_t i = 0; i < o->natoms; i++)
			if (o->atoms[i].text != NULL &&
			    (best == SIZE_MAX ||
				o->atoms[i].shortest > o->atoms[best].shortest))
				best = i;
		if (best == SIZE_MAX)
			return;
		out->atom[out->natoms++] = o->atoms[best].text;
		o->atoms[best].text = NULL;
	}
}

int
pattern_make(const struct pattern_env *env, const struct pack_pattern *p,
    struct pattern_out *out, struct why *w)
{
	struct sb filter = {0};
	struct out o = {
	    .env = env, .confirm = &out->confirm, .filter = &filter, .w = w};
	int rc;

	sb_puts(&filter, "");
	rc = p->regex ? make_regex(&o, p->text) : make_phrase(&o, p->text);
	if (rc == 0)
		choose_atoms(&o, out);
	for (size_t i = 0; i < o.natoms; i++)
		free(o.atoms[i].text);
	sb_free(&filter);
	for (size_t i = 0; rc == 0 && i < out->natoms; i++)
		if (strlen(out->atom[i]) > PATTERN_FILTER_MAX)
			rc = why_set(w, "a list of %zu bytes, at most %d; split it",
			    strlen(out->atom[i]), PATTERN_FILTER_MAX);
	if (rc == 0 && out->confirm.len > PATTERN_CONFIRM_MAX)
		rc = why_set(w,
		    "too long with all its lists (%zu bytes, at most %d); split "
		    "a list",
		    out->confirm.len, PATTERN_CONFIRM_MAX);
	return rc;
}

int
pattern_regex(
    const struct pattern_env *env, const char *s, struct sb *out, struct why *w)
{
	struct sb filter = {0};
	struct out o = {.env = env, .confirm = out, .filter = &filter, .w = w};
	int rc;

	sb_puts(&filter, "");
	rc = make_regex(&o, s);
	for (size_t i = 0; i < o.natoms; i++)
		free(o.atoms[i].text);
	sb_free(&filter);
	return rc;
}

/* The same where s is in the form of texts already. */
static size_t
place_in(const struct pattern_env *env, const char *text, size_t at, size_t *list)
{
	const char *s = text;

	for (*list = 0;;) {
		const char *ref = strstr(s, "@{"),
			   *end = ref != NULL ? strchr(ref, '}') : NULL;
		size_t n = end != NULL ? (size_t)(ref - s) : strlen(s);
		struct sb words = {0};
		struct why w;
		char *alone;

		if (at <= n || end == NULL)
			return (size_t)(s - text) + (at < n ? at : n);
		at -= n;
		alone = mem_dup(ref, (size_t)(end + 1 - ref));
		pattern_regex(env, alone, &words, &w);
		free(alone);
		n = words.len;
		sb_free(&words);
		if (at < n) {
			*list = (size_t)(end + 1 - ref);
			return (size_t)(ref - text);
		}
		at -= n;
		s = end + 1;
	}
}

size_t
pattern_place(const struct pattern_env *env, const char *text, size_t at, size_t *list)
{
	struct sb s = {0};
	struct why w;
	size_t place = 0;

	if (regex_fold(text, &s, &w) == 0)
		place = regex_place(text, place_in(env, s.data, at, list));
	sb_free(&s);
	return place;
}

void
pattern_clear(struct pattern_out *out)
{
	sb_free(&out->confirm);
	for (size_t i = 0; i < out->natoms; i++)
		free(out->atom[i]);
	out->natoms = 0;
}
