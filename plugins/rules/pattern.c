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

#include "kit/fold.h"
#include "regex.h"

#define DEPTH_MAX 4 /* lists within lists */

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

/* Characters that texts do not keep, a pattern cannot ask for: each is folded alone,
 * so that nothing but the character itself changes. */
static void
fold_literal(const char *s, size_t n, struct sb *out)
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

/* A name of the operator's: literal, whatever signs it has, blanks as between words. */
static void
put_name(struct out *o, const char *s)
{
	o->odd = true;
	for (size_t len; *s != '\0'; s += len) {
		struct sb word = {0};

		len = strcspn(s, " ");
		fold_literal(s, len, &word);
		put_literal(o, word.data != NULL ? word.data : "", word.len);
		sb_free(&word);
		if (s[len] == '\0')
			break;
		sb_puts(o->confirm, PATTERN_SEP);
		sb_puts(o->filter, SEP_FILTER);
		len += strspn(s + len, " ");
	}
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
	fold_literal(s, n, out);
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
