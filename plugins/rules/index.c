/* SPDX-License-Identifier: Apache-2.0 */
/* index: see index.h.  Nothing is freed or allocated while a text is looked at. */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "pairs.h"

/* Marks in the lexicon: the word shows an atom; it stands in a string. */
#define MARK_ATOMS 1
#define MARK_STRINGS 2

/* Two numbers that belong together; sorted by the first, they are a table. */
struct link {
	uint32_t from, to;
};

struct links {
	struct link *v;
	size_t n;
	uint32_t *at; /* where the links of a number begin; one more at the end */
};

struct texts { /* strings or expressions for Hyperscan */
	char **v;
	size_t n;
	uint32_t *slots; /* place + 1 by hash */
	size_t mask;
	struct links atoms;
	struct filter *filter;
};

struct index {
	struct lexicon *x;
	uint32_t natoms;
	struct links words; /* word to atoms */
	uint32_t *alone; /* of a word: the pattern + 1 that is all it leads to; or 0 */
	struct links patterns; /* atom to patterns that it alone makes worth a look */
	struct links others;   /* pattern to further atoms that it needs */
	struct pairs pairs;
	struct texts strings, expressions;
	bool always, signs; /* strings that any text may have; any that is not ASCII */
	bool due;	    /* the present text has a word of a string */
	uint32_t npatterns;
	uint32_t *word_seen, *atom_seen, *pattern_seen; /* the look that saw it last */
	uint32_t look;
	uint32_t *found;
	size_t nfound;
	bool begins;
	struct sb copy;
};

struct index *
index_new(struct lexicon *x)
{
	struct index *ix = mem_new(1, sizeof(*ix));

	ix->x = x;
	return ix;
}

static void
links_clear(struct links *l)
{
	free(l->v);
	free(l->at);
}

static void
texts_clear(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	free(t->slots);
	links_clear(&t->atoms);
	filter_free(&t->filter);
}

void
index_free(struct index **ixp)
{
	struct index *ix = *ixp;

	if (ix == NULL)
		return;
	*ixp = NULL;
	links_clear(&ix->words);
	free(ix->alone);
	links_clear(&ix->patterns);
	links_clear(&ix->others);
	texts_clear(&ix->strings);
	texts_clear(&ix->expressions);
	pairs_free(&ix->pairs);
	free(ix->word_seen);
	free(ix->atom_seen);
	free(ix->pattern_seen);
	free(ix->found);
	sb_free(&ix->copy);
	free(ix);
}

/* --- filling */

static void
add_link(struct links *l, uint32_t from, uint32_t to)
{
	if ((l->n & (l->n - 1)) == 0)
		l->v = mem_grow(l->v, l->n * 2 + 1, sizeof(*l->v));
	l->v[l->n++] = (struct link){from, to};
}

uint32_t
index_atom(struct index *ix)
{
	return ix->natoms++;
}

void
index_word(struct index *ix, uint32_t atom, uint32_t id)
{
	add_link(&ix->words, id, atom);
	lexicon_mark(ix->x, id, MARK_ATOMS);
}

static size_t
find_slot(const struct texts *t, const char *s, size_t n)
{
	uint64_t h = n;
	size_t i;

	for (size_t k = 0; k < n; k++)
		h = lexicon_mix(h, (uint8_t)s[k]);
	for (i = h & t->mask; t->slots[i] != 0; i = (i + 1) & t->mask) {
		const char *have = t->v[t->slots[i] - 1];

		if (strlen(have) == n && memcmp(have, s, n) == 0)
			break;
	}
	return i;
}

/* The same text of many patterns is looked for once. */
static void
add_text(struct texts *t, uint32_t atom, const char *s, size_t n)
{
	size_t at;

	if (t->n * 2 >= t->mask) {
		free(t->slots);
		t->mask = t->mask > 0 ? t->mask * 2 + 1 : 255;
		t->slots = mem_new(t->mask + 1, sizeof(*t->slots));
		for (size_t i = 0; i < t->n; i++)
			t->slots[find_slot(t, t->v[i], strlen(t->v[i]))] =
			    (uint32_t)i + 1;
		t->v = mem_grow(t->v, t->mask, sizeof(*t->v));
	}
	at = find_slot(t, s, n);
	if (t->slots[at] == 0) {
		t->v[t->n++] = mem_dup(s, n);
		t->slots[at] = (uint32_t)t->n;
	}
	add_link(&t->atoms, t->slots[at] - 1, atom);
}

static bool
is_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return false;
	return true;
}

void
index_string(struct index *ix, uint32_t atom, const char *s, size_t n, uint32_t id)
{
	add_text(&ix->strings, atom, s, n);
	if (id != 0)
		lexicon_mark(ix->x, id, MARK_STRINGS);
	else if (is_ascii(s, n))
		ix->always = true;
	else
		ix->signs = true;
}

bool
index_always(const struct index *ix)
{
	return ix->always;
}

void
index_expression(struct index *ix, uint32_t atom, const char *regex)
{
	add_text(&ix->expressions, atom, regex, strlen(regex));
}

void
index_put(struct index *ix, uint32_t pattern, const uint32_t *atoms, size_t n)
{
	add_link(&ix->patterns, atoms[0], pattern);
	for (size_t i = 1; i < n; i++)
		add_link(&ix->others, pattern, atoms[i]);
}

void
index_put_pair(
    struct index *ix, uint32_t pattern, uint32_t first, uint32_t second, uint32_t third)
{
	uint64_t behind = third != 0 ? lexicon_hash_of(ix->x, third) : 0;

	pairs_add(&ix->pairs, lexicon_hash_of(ix->x, first),
	    lexicon_hash_of(ix->x, second),
	    (struct pair_link){.what = pattern, .third = (uint32_t)behind});
}

void
index_pair(struct index *ix, uint32_t atom, uint32_t first, uint32_t second)
{
	pairs_add(&ix->pairs, lexicon_hash_of(ix->x, first),
	    lexicon_hash_of(ix->x, second),
	    (struct pair_link){.what = atom, .atom = true});
}

/* --- sealing */

static int
compare_links(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Sorted, each link once, with the place where each number's begin. */
static void
seal_links(struct links *l, uint32_t numbers)
{
	size_t kept = 0, k = 0;

	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), compare_links);
	for (size_t i = 0; i < l->n; i++)
		if (kept == 0 || compare_links(&l->v[i], &l->v[kept - 1]) != 0)
			l->v[kept++] = l->v[i];
	l->n = kept;
	l->at = mem_new((size_t)numbers + 1, sizeof(*l->at));
	for (uint32_t i = 0; i <= numbers; i++) {
		while (k < l->n && l->v[k].from < i)
			k++;
		l->at[i] = (uint32_t)k;
	}
}

static int
seal_texts(struct index *ix, struct texts *t, enum filter_kind kind, const char *cache,
    int64_t *bad, const char **note, struct why *w)
{
	const char *said = NULL;
	int at = -1, rc;

	seal_links(&t->atoms, (uint32_t)t->n);
	if (t->n == 0)
		return 0;
	rc = filter_new((const char *const *)t->v, (unsigned)t->n, kind, cache,
	    &t->filter, &at, &said, w);
	if (said != NULL)
		*note = said;
	if (rc != 0 && at >= 0 && (size_t)at < t->n) {
		uint32_t atom = t->atoms.v[t->atoms.at[at]].to;

		if (ix->patterns.at[atom] < ix->patterns.at[atom + 1])
			*bad = ix->patterns.v[ix->patterns.at[atom]].to;
	}
	return rc;
}

/* Most words are a rule of their own: what they lead to is found in one place of memory
 * and not in five.  An atom that patterns need besides others has to be seen. */
static void
seal_alone(struct index *ix, uint32_t words)
{
	bool *needed = mem_new((size_t)ix->natoms + 1, sizeof(*needed));

	for (size_t i = 0; i < ix->others.n; i++)
		needed[ix->others.v[i].to] = true;
	ix->alone = mem_new((size_t)words + 1, sizeof(*ix->alone));
	for (uint32_t id = 0; id < words; id++) {
		uint32_t at = ix->words.at[id], atom;

		if (ix->words.at[id + 1] - at != 1)
			continue;
		atom = ix->words.v[at].to;
		if (!needed[atom] &&
		    ix->patterns.at[atom + 1] - ix->patterns.at[atom] == 1)
			ix->alone[id] = ix->patterns.v[ix->patterns.at[atom]].to + 1;
	}
	free(needed);
}

int
index_seal(struct index *ix, uint32_t npatterns, const char *cache_dir, int64_t *bad,
    const char **note, struct why *w)
{
	int rc;

	*bad = -1;
	*note = NULL;
	ix->npatterns = npatterns;
	seal_links(&ix->words, (uint32_t)lexicon_count(ix->x) + 1);
	seal_links(&ix->patterns, ix->natoms);
	seal_links(&ix->others, npatterns);
	pairs_seal(&ix->pairs);
	seal_alone(ix, (uint32_t)lexicon_count(ix->x) + 1);
	lexicon_seal(ix->x, ix->always ? MARK_ATOMS : MARK_ATOMS | MARK_STRINGS);
	ix->begins = lexicon_has_beginnings(ix->x);
	ix->word_seen = mem_new(lexicon_count(ix->x) + 1, sizeof(*ix->word_seen));
	ix->atom_seen = mem_new((size_t)ix->natoms + 1, sizeof(*ix->atom_seen));
	ix->pattern_seen = mem_new((size_t)npatterns + 1, sizeof(*ix->pattern_seen));
	ix->found = mem_new((size_t)npatterns + 1, sizeof(*ix->found));
	rc = seal_texts(ix, &ix->strings, FILTER_STRINGS, cache_dir, bad, note, w);
	if (rc == 0)
		rc = seal_texts(
		    ix, &ix->expressions, FILTER_REGEXES, cache_dir, bad, note, w);
	return rc;
}

/* --- looking */

static inline void
see_pattern(struct index *ix, uint32_t pattern)
{
	if (ix->pattern_seen[pattern] == ix->look)
		return;
	ix->pattern_seen[pattern] = ix->look;
	ix->found[ix->nfound++] = pattern;
}

static inline void
see_atom(struct index *ix, uint32_t atom)
{
	if (ix->atom_seen[atom] == ix->look)
		return;
	ix->atom_seen[atom] = ix->look;
	for (uint32_t i = ix->patterns.at[atom]; i < ix->patterns.at[atom + 1]; i++)
		see_pattern(ix, ix->patterns.v[i].to);
}

/* A common word stands in a text many times, and shows hundreds of atoms. */
static void
see_word(struct index *ix, uint32_t id)
{
	if (ix->word_seen[id] == ix->look)
		return;
	ix->word_seen[id] = ix->look;
	for (uint32_t i = ix->words.at[id]; i < ix->words.at[id + 1]; i++)
		see_atom(ix, ix->words.v[i].to);
}

/* behind: the hash of the word that follows, or 0. */
static void __attribute__((noinline))
see_pair(struct index *ix, uint64_t key, uint64_t behind)
{
	size_t n;
	const struct pair_link *l = pairs_find(&ix->pairs, key, &n);

	for (; n > 0; l++, n--) {
		if (l->atom)
			see_atom(ix, l->what);
		else if (l->third == 0 || l->third == (uint32_t)behind)
			see_pattern(ix, l->what);
	}
}

static void __attribute__((noinline)) see_hash(struct index *ix, uint64_t hash)
{
	uint8_t marks = 0;
	uint32_t id = lexicon_find(ix->x, hash, &marks);

	if (marks & MARK_ATOMS && ix->alone[id] != 0)
		see_pattern(ix, ix->alone[id] - 1);
	else if (marks & MARK_ATOMS)
		see_word(ix, id);
	ix->due = ix->due || marks & MARK_STRINGS;
}

static void
see_begins(struct index *ix, struct tokens *t)
{
	tokens_begin(t, ix->x);
	for (size_t i = 0; i < t->nbegins; i++)
		see_word(ix, t->begins[i]);
}

static void
look_at_words(struct index *ix, struct tokens *t)
{
	const uint64_t *bits = ix->pairs.bits, mask = ix->pairs.bits_mask;
	const struct lexicon_table words = *lexicon_table(ix->x);
	const struct token *k = t->v, *end = k + t->n;
	uint64_t last = 0;

	for (; k < end; k++) {
		uint64_t h = k->hash, key = pairs_key(last, h);

		if (lexicon_bits_has(words.bits, words.bits_mask, h))
			see_hash(ix, h);
		if (lexicon_bits_has(bits, mask, key))
			see_pair(ix, key, k + 1 < end ? k[1].hash : 0);
		last = h;
	}
	if (ix->begins)
		see_begins(ix, t);
	for (size_t i = 0; i < t->nloose; i++)
		see_hash(ix, t->loose[i]);
}

static void
on_string(void *ctx, unsigned place)
{
	struct index *ix = ctx;
	const struct links *l = &ix->strings.atoms;

	for (uint32_t i = l->at[place]; i < l->at[place + 1]; i++)
		see_atom(ix, l->v[i].to);
}

static void
on_expression(void *ctx, unsigned place)
{
	struct index *ix = ctx;
	const struct links *l = &ix->expressions.atoms;

	for (uint32_t i = l->at[place]; i < l->at[place + 1]; i++)
		see_atom(ix, l->v[i].to);
}

/* Strings are compared byte by byte, but PCRE2 takes two more characters for k and s.
 */
static void
as_ascii(struct index *ix, const char **s, size_t *n)
{
	const char *end = *s + *n, *p = *s;

	ix->copy.len = 0;
	while (p < end) {
		bool kelvin = end - p >= 3 && memcmp(p, "\u212a", 3) == 0;
		bool longs = end - p >= 2 && memcmp(p, "\u017f", 2) == 0;

		sb_put(&ix->copy, kelvin ? "k" : longs ? "s" : p, 1);
		p += kelvin ? 3 : longs ? 2 : 1;
	}
	*s = ix->copy.data;
	*n = ix->copy.len;
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

#define FEW 16

/* Mostly there are a few, for which qsort() is much ado. */
static void
sort_found(struct index *ix)
{
	uint32_t *v = ix->found;

	if (ix->nfound > FEW) {
		qsort(v, ix->nfound, sizeof(*v), compare_numbers);
		return;
	}
	for (size_t i = 1; i < ix->nfound; i++) {
		uint32_t p = v[i];
		size_t k = i;

		for (; k > 0 && v[k - 1] > p; k--)
			v[k] = v[k - 1];
		v[k] = p;
	}
}

/* Those whose other atoms were seen too. */
static void
keep_complete(struct index *ix)
{
	size_t kept = 0;

	for (size_t i = 0; i < ix->nfound; i++) {
		uint32_t p = ix->found[i], k = ix->others.at[p];

		while (k < ix->others.at[p + 1] &&
		       ix->atom_seen[ix->others.v[k].to] == ix->look)
			k++;
		if (k == ix->others.at[p + 1])
			ix->found[kept++] = p;
	}
	ix->nfound = kept;
}

int
index_look(struct index *ix, struct tokens *t, const char *s, size_t n,
    const uint32_t **found, size_t *nfound)
{
	const char *plain = s;
	size_t len = n;
	int rc = 0;

	if (++ix->look == 0) { /* once in four thousand million texts */
		memset(ix->word_seen, 0,
		    (lexicon_count(ix->x) + 1) * sizeof(*ix->word_seen));
		memset(ix->atom_seen, 0, ix->natoms * sizeof(*ix->atom_seen));
		memset(ix->pattern_seen, 0, ix->npatterns * sizeof(*ix->pattern_seen));
		ix->look = 1;
	}
	ix->nfound = 0;
	ix->due = ix->always || (ix->signs && !t->ascii);
	look_at_words(ix, t);
	if (ix->strings.filter != NULL && ix->due) {
		if (t->odd)
			as_ascii(ix, &plain, &len);
		rc = filter_scan(ix->strings.filter, plain, len, on_string, ix);
	}
	if (ix->expressions.filter != NULL)
		rc |= filter_scan(ix->expressions.filter, s, n, on_expression, ix);
	if (ix->nfound > 0 && ix->others.n > 0)
		keep_complete(ix);
	sort_found(ix);
	*found = ix->found;
	*nfound = ix->nfound;
	return rc == 0 ? 0 : -1;
}

size_t
index_strings(const struct index *ix)
{
	return ix->strings.n;
}

size_t
index_expressions(const struct index *ix)
{
	return ix->expressions.n;
}
