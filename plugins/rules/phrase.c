/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phrase: see phrase.h.  A phrase is a row of steps: a set of alternatives, what stands
 * between words, a gap, a part that may be missing.  Sets are shared by all phrases
 * that name the same list; nested lists are spread out when a set is made.  Matching:
 * phrase_match.c.
 */
#include <stdlib.h>
#include <string.h>

#include "phrase_in.h"

#define SET_ITEMS 60000 /* words of all alternatives of a set */

struct phrases *
phrases_new(struct lexicon *x, struct letters *l)
{
	struct phrases *b = mem_new(1, sizeof(*b));

	b->x = x;
	b->l = l;
	b->mask = 255;
	b->slots = mem_new(b->mask + 1, sizeof(*b->slots));
	sb_puts(&b->joins, "");
	return b;
}

static void
set_clear(struct phrase_set *s)
{
	free(s->items);
	free(s->v);
	free(s->first);
	free(s->bits.v);
}

void
phrases_free(struct phrases **bp)
{
	struct phrases *b = *bp;

	if (b == NULL)
		return;
	*bp = NULL;
	for (size_t i = 0; i < b->nsets; i++) {
		set_clear(&b->sets[i]);
		free(b->names[i]);
	}
	free(b->sets);
	free(b->names);
	free(b->slots);
	sb_free(&b->joins);
	free(b);
}

void
phrase_free(struct phrase **p)
{
	if (*p != NULL)
		free((*p)->row);
	free(*p);
	*p = NULL;
}

/* --- sets */

/* Making one: -1 in w, or odd: signs that words do not cover. */
struct making {
	struct phrases *b;
	const struct pattern_env *env;
	struct why *w;
	bool odd, empty;
};

static void
add_entry(struct phrase_set *s, uint32_t at)
{
	if ((s->n & (s->n - 1)) == 0)
		s->v = mem_grow(s->v, s->n * 2 + 1, sizeof(*s->v));
	s->v[s->n++] = (struct phrase_entry){at, (uint32_t)(s->nitems - at)};
}

static void
add_item(struct making *m, struct phrase_set *s, struct phrase_item it)
{
	if (s->nitems >= SET_ITEMS)
		m->odd = true;
	if (m->odd)
		return;
	if ((s->nitems & (s->nitems - 1)) == 0)
		s->items = mem_grow(s->items, s->nitems * 2 + 1, sizeof(*s->items));
	s->items[s->nitems++] = it;
}

/* One literal, folded: its runs of letters and digits, and exactly what joins them. */
static void
add_literal(
    struct making *m, struct phrase_set *s, const char *text, size_t n, bool begins)
{
	size_t i = 0, join = 0, from;
	bool first = true;

	while (i < n && !m->odd) {
		struct phrase_item it = {0};
		struct sb folded = {0};
		uint32_t cp = 0;

		for (from = i; i < n; i += (size_t)mem_utf8(text + i, n - i, &cp))
			if (mem_utf8(text + i, n - i, &cp) == 0 ||
			    !letters_word(m->b->l, cp))
				break;
		if (i == from || i - from > 250) { /* begins with a sign */
			m->odd = true;
			return;
		}
		letters_learn(m->b->l, text + from, i - from);
		letters_fold(m->b->l, text + from, i - from, &folded);
		it.begins = begins && i == n;
		it.id = lexicon_add(m->b->x, folded.data, folded.len, it.begins);
		sb_free(&folded);
		m->odd = m->odd || it.id == 0;
		if (!first) {
			it.join = (uint16_t)(from - join);
			it.join_at = (uint32_t)m->b->joins.len;
			sb_put(&m->b->joins, text + join, from - join);
		}
		add_item(m, s, it);
		first = false;
		for (join = i; i < n; i += (size_t)mem_utf8(text + i, n - i, &cp))
			if (mem_utf8(text + i, n - i, &cp) == 0 ||
			    letters_word(m->b->l, cp))
				break;
		if (i == n && i > join) /* ends with a sign */
			m->odd = true;
	}
}

static int add_choice(
    struct making *m, struct phrase_set *s, const char *text, size_t n, int depth);

/* out: each of a followed by each of b. */
static void
multiply(struct making *m, const struct phrase_set *a, const struct phrase_set *b,
    struct phrase_set *out)
{
	for (size_t i = 0; i < a->n; i++) {
		for (size_t k = 0; k < b->n && !m->odd; k++) {
			uint32_t at = (uint32_t)out->nitems;

			for (size_t j = 0; j < a->v[i].n; j++)
				add_item(m, out, a->items[a->v[i].at + j]);
			for (size_t j = 0; j < b->v[k].n; j++)
				add_item(m, out, b->items[b->v[k].at + j]);
			add_entry(out, at);
		}
	}
}

/* An entry of a list: words with blanks between. */
static int
add_words(struct making *m, struct phrase_set *s, const char *text, int depth)
{
	struct phrase_set row = {0}, next = {0}, both = {0};
	size_t n = strlen(text);
	int rc = 0;

	if (strchr(text, ' ') == NULL)
		return add_choice(m, s, text, n, depth);
	add_entry(&row, 0);
	for (size_t i = 0, len; rc == 0 && !m->odd; i += len) {
		i += strspn(text + i, " ");
		len = strcspn(text + i, " ");
		if (len == 0)
			break;
		next = (struct phrase_set){0};
		both = (struct phrase_set){0};
		rc = add_choice(m, &next, text + i, len, depth);
		if (rc == 0)
			multiply(m, &row, &next, &both);
		set_clear(&row);
		set_clear(&next);
		row = both;
	}
	for (size_t i = 0; rc == 0 && i < row.n; i++) {
		uint32_t at = (uint32_t)s->nitems;

		for (size_t j = 0; j < row.v[i].n; j++)
			add_item(m, s, row.items[row.v[i].at + j]);
		add_entry(s, at);
	}
	set_clear(&row);
	return rc;
}

static int
add_list(struct making *m, struct phrase_set *s, const char *name, size_t n, int depth)
{
	const struct pack_list *l;
	int rc = pattern_list(m->env, &name, &n, depth, &l, m->w);

	if (rc != 0)
		return rc;
	m->empty = m->empty || l->n == 0;
	for (size_t i = 0; rc == 0 && i < l->n && !m->odd; i++) {
		if (l != m->env->protect) {
			rc = add_words(m, s, l->words[i], depth + 1);
		} else if (strpbrk(l->words[i], "@|*?<") != NULL) {
			m->odd = true; /* a name that may have any sign */
		} else {
			rc = add_words(m, s, l->words[i], depth + 1);
		}
		if (rc != 0)
			rc = pattern_entry_wrong(l, i, m->w);
	}
	return rc;
}

static int
add_choice(
    struct making *m, struct phrase_set *s, const char *text, size_t n, int depth)
{
	int rc = 0;

	for (size_t i = 0, len; rc == 0 && i <= n; i += len + 1) {
		uint32_t at = (uint32_t)s->nitems;
		struct sb word = {0};
		bool begins;

		for (len = 0; i + len < n && text[i + len] != '|'; len++)
			;
		if (len > 0 && text[i] == '@') {
			rc = add_list(m, s, text + i + 1, len - 1, depth);
			continue;
		}
		if (len == 0)
			return why_set(
			    m->w, "`%.*s': an empty alternative", (int)n, text);
		rc = pattern_word(text + i, len, &word, &begins, m->w);
		if (rc == 0)
			add_literal(m, s, word.data, word.len, begins);
		if (rc == 0)
			add_entry(s, at);
		sb_free(&word);
	}
	return rc;
}

static int
compare_first(const void *a, const void *b)
{
	const struct phrase_first *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static uint32_t
second_word(const struct phrase_set *s, const struct phrase_entry *e)
{
	const struct phrase_item *it = &s->items[e->at];

	return e->n > 1 && !it[0].begins && !it[1].begins ? it[1].id : 0;
}

struct phrase_bits
phrase_bits_new(size_t n)
{
	size_t bits = 64;

	while (bits < n * 8)
		bits *= 2;
	return (struct phrase_bits){
	    mem_new(bits / 64, sizeof(uint64_t)), (uint32_t)(bits - 1)};
}

void
phrase_bits_add(struct phrase_bits b, uint32_t id)
{
	b.v[(id & b.mask) >> 6] |= (uint64_t)1 << (id & 63);
}

static void
finish_set(const struct phrases *b, struct phrase_set *s)
{
	s->bits = phrase_bits_new(s->n);
	s->first = mem_new(s->n + 1, sizeof(*s->first));
	s->shortest = SIZE_MAX;
	for (size_t i = 0; i < s->n; i++) {
		struct phrase_shown shown = {0};
		size_t rare = phrase_rarest(b, s, &s->v[i], &shown);

		s->shortest = rare < s->shortest ? rare : s->shortest;
		s->first[i] = (struct phrase_first){
		    s->items[s->v[i].at].id, (uint32_t)i, second_word(s, &s->v[i])};
		phrase_bits_add(s->bits, s->first[i].id);
	}
	if (s->n > 1)
		qsort(s->first, s->n, sizeof(*s->first), compare_first);
}

/* --- sets by name: what is written, and whose lists it means */

static uint64_t
hash_name(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3U;
	return h ^ h >> 29;
}

static size_t
find_slot(const struct phrases *b, const char *name, size_t n)
{
	size_t i = hash_name(name, n) & b->mask;

	while (b->slots[i] != 0 && (strlen(b->names[b->slots[i] - 1]) != n ||
				       memcmp(b->names[b->slots[i] - 1], name, n) != 0))
		i = (i + 1) & b->mask;
	return i;
}

static void
keep_set(struct phrases *b, const char *name, size_t n, struct phrase_set s)
{
	if (b->nsets * 2 > b->mask) {
		free(b->slots);
		b->mask = b->mask * 2 + 1;
		b->slots = mem_new(b->mask + 1, sizeof(*b->slots));
		for (size_t i = 0; i < b->nsets; i++)
			b->slots[find_slot(b, b->names[i], strlen(b->names[i]))] =
			    (uint32_t)i + 1;
	}
	if (b->nsets == b->room) {
		b->room = b->room * 2 + 64;
		b->sets = mem_grow(b->sets, b->room, sizeof(*b->sets));
		b->names = mem_grow(b->names, b->room, sizeof(*b->names));
	}
	b->sets[b->nsets] = s;
	b->names[b->nsets] = mem_dup(name, n);
	b->nsets++;
	b->slots[find_slot(b, name, n)] = (uint32_t)b->nsets;
}

/* The set for one word of a phrase: 0, 1, 2 or -1 as phrase_make(). */
static int
get_set(struct phrases *b, const struct pattern_env *env, const char *text, size_t n,
    uint32_t *out, struct why *w)
{
	struct making m = {.b = b, .env = env, .w = w};
	struct phrase_set s = {0};
	struct sb name = {0};
	size_t at;
	int rc;

	sb_put(&name, text, n);
	if (memchr(text, '@', n) != NULL)
		sb_printf(&name, "\n%s\n%s", env->pack->name,
		    env->target != NULL ? env->target : "");
	at = find_slot(b, name.data, name.len);
	if (b->slots[at] != 0) {
		*out = b->slots[at] - 1;
		sb_free(&name);
		return 0;
	}
	rc = add_choice(&m, &s, text, n, 0);
	if (rc == 0)
		rc = m.odd ? 1 : m.empty && s.n == 0 ? 2 : 0;
	for (size_t i = 0; rc == 0 && i < s.n; i++)
		if (s.v[i].n == 0) /* a word of nothing but apostrophes */
			rc = 1;
	if (rc == 0) {
		finish_set(b, &s);
		*out = (uint32_t)b->nsets;
		keep_set(b, name.data, name.len, s);
	} else {
		set_clear(&s);
	}
	sb_free(&name);
	return rc;
}

/* --- phrases */

static void
add_step(struct phrase *p, enum phrase_op op, uint32_t arg)
{
	p->v[p->n++] = (struct phrase_step){op, arg};
}

/* The same order as in pattern.c: an optional word takes its separator with it. */
static int
add_steps(struct phrases *b, const struct pattern_env *env,
    const struct pattern_token *v, int n, struct phrase *p, struct why *w)
{
	bool begun = false, gap = false;

	for (int i = 0; i < n; i++) {
		const struct pattern_token *t = &v[i];
		bool before = begun && !gap, behind = t->optional && !before;
		uint32_t set;
		int rc;

		if (t->gap >= 0) {
			add_step(p, PHRASE_GAP, (uint32_t)t->gap);
			gap = true;
			continue;
		}
		rc = get_set(b, env, t->s, t->n, &set, w);
		if (rc == 2 && t->optional)
			return 1; /* rare: an optional list that is empty */
		if (rc != 0)
			return rc;
		if (t->optional)
			add_step(p, PHRASE_MAYBE, 2);
		if (before)
			add_step(p, PHRASE_APART, 0);
		add_step(p, PHRASE_SET, set);
		if (behind)
			add_step(p, PHRASE_APART, 0);
		if (!t->optional) {
			begun = true;
			gap = false;
		}
	}
	add_step(p, PHRASE_END, 0);
	return 0;
}

/* Is step i a set of one alternative that says all its words? */
static const struct phrase_entry *
plain_words(const struct phrases *b, const struct phrase *p, size_t i)
{
	const struct phrase_set *s;
	const struct phrase_entry *e;

	if (p->v[i].op != PHRASE_SET || b->sets[p->v[i].arg].n != 1)
		return NULL;
	s = &b->sets[p->v[i].arg];
	e = &s->v[0];
	for (uint32_t k = 0; k < e->n; k++)
		if (s->items[e->at + k].begins)
			return NULL;
	return e;
}

/* Fills in p->row where p is one: sets of one, what stands between words, the end. */
static void
make_row(const struct phrases *b, struct phrase *p)
{
	size_t words = 0, bytes = 0, len;
	char *text;

	for (size_t i = 0; i < p->n; i++) {
		const struct phrase_entry *e;

		if (i % 2 == 1) {
			if (p->v[i].op != (i + 1 < p->n ? PHRASE_APART : PHRASE_END))
				return;
			continue;
		}
		if ((e = plain_words(b, p, i)) == NULL)
			return;
		for (uint32_t k = 0; k < e->n; k++, words++) {
			const struct phrase_set *s = &b->sets[p->v[i].arg];

			lexicon_text(b->x, s->items[e->at + k].id, &len);
			bytes += len;
		}
	}
	p->row = mem_new(1, sizeof(*p->row) + words * sizeof(p->row->v[0]) + bytes + 1);
	p->row->text = text = (char *)&p->row->v[words];
	bytes = 0;
	for (size_t i = 0; i < p->n; i += 2) {
		const struct phrase_set *s = &b->sets[p->v[i].arg];

		for (uint32_t k = 0; k < s->v[0].n; k++) {
			const struct phrase_item *it = &s->items[s->v[0].at + k];
			const char *from = lexicon_text(b->x, it->id, &len);

			p->row->v[p->row->n++] = (struct phrase_word){
			    lexicon_hash_of(b->x, it->id), it->id, (uint32_t)bytes,
			    (uint32_t)len, it->join_at, k > 0 ? it->join : 0};
			memcpy(text + bytes, from, len);
			bytes += len;
		}
	}
}

int
phrase_make(struct phrases *b, const struct pattern_env *env, const char *text,
    struct phrase **out, struct why *w)
{
	struct pattern_token v[PATTERN_TOKENS];
	struct phrase *p;
	int n = 0, rc = pattern_split(text, v, &n, w);

	*out = NULL;
	if (rc != 0)
		return rc;
	p = mem_new(1, sizeof(*p) + sizeof(struct phrase_step) * (size_t)(n * 3 + 1));
	rc = add_steps(b, env, v, n, p, w);
	if (rc == 0)
		make_row(b, p);
	if (rc == 0)
		*out = p;
	else
		phrase_free(&p);
	return rc;
}
