/* SPDX-License-Identifier: Apache-2.0 */
/* meaning: see meaning.h.  Each list and context is digested once for its pack. */
#include "meaning.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8 /* lists within lists; packs that load have fewer */
#define NAME "abcdefghijklmnopqrstuvwxyz0123456789-_"

struct meaning {
	const struct pack *pack;
	char (*lists)[MEM_HEX]; /* "": not made yet */
	char (*contexts)[MEM_HEX];
};

/* Texts whose order means nothing. */
struct set {
	char **v;
	size_t n, cap;
};

static void
set_add(struct set *s, char *text)
{
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 8;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n++] = text;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends them in one order, each once, and empties the set. */
static void
set_put(struct set *s, const char *what, struct sb *out)
{
	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), by_text);
	sb_printf(out, "%s:", what);
	for (size_t i = 0; i < s->n; i++) {
		if (i == 0 || strcmp(s->v[i], s->v[i - 1]) != 0)
			sb_printf(out, "%zu:%s", strlen(s->v[i]), s->v[i]);
	}
	sb_puts(out, "\n");
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct set){NULL, 0, 0};
}

static void
digest(struct sb *b, char out[MEM_HEX])
{
	mem_sha256(b->data, b->len, out);
	sb_free(b);
}

static const char *list_digest(struct meaning *m, const struct pack_list *l, int depth);

/* A text, and what the lists that it names hold: @name, @{name}, of the rule @target.
 */
static char *
text_of(struct meaning *m, const char *text, const char *target, int depth)
{
	struct sb b = {0};

	sb_puts(&b, text);
	for (const char *s = text; (s = strchr(s, '@')) != NULL;) {
		const struct pack_list *l;
		size_t n;

		s += 1 + (s[1] == '{');
		n = strspn(s, NAME);
		l = pack_list(m->pack, s, n);
		if (l == NULL && target != NULL && n == 6 &&
		    strncmp(s, "target", 6) == 0) {
			sb_printf(&b, "\n%s", target);
			l = pack_list(m->pack, target + 1, strlen(target + 1));
		}
		if (l != NULL)
			sb_printf(
			    &b, "\n@%.*s %s", (int)n, s, list_digest(m, l, depth));
		s += n;
	}
	return sb_take(&b);
}

static const char *
list_digest(struct meaning *m, const struct pack_list *l, int depth)
{
	char *out = m->lists[l - m->pack->lists];
	struct set words = {NULL, 0, 0};
	struct sb b = {0};

	if (out[0] != '\0')
		return out;
	if (depth >= DEPTH_MAX)
		return "deep";
	for (size_t i = 0; i < l->n; i++)
		set_add(&words, text_of(m, l->words[i], NULL, depth + 1));
	set_put(&words, "words", &b);
	digest(&b, out);
	return out;
}

static void
put_patterns(struct meaning *m, const struct pack_pattern *v, size_t n,
    const char *target, struct sb *out)
{
	struct set all = {NULL, 0, 0};

	for (size_t i = 0; i < n; i++) {
		char *text = text_of(m, v[i].text, target, 0);
		struct sb b = {0};

		sb_printf(&b, "%s %.9g %s", v[i].regex ? "regex" : "phrase",
		    v[i].weight, text);
		set_add(&all, sb_take(&b));
		free(text);
	}
	set_put(&all, "patterns", out);
}

static const char *
context_digest(struct meaning *m, size_t at)
{
	const struct pack_context *c = &m->pack->contexts[at];
	char *out = m->contexts[at];
	struct sb b = {0};

	if (out[0] != '\0')
		return out;
	sb_printf(&b, "where:%d\nquotes:%d\n", (int)c->where, (int)c->quotes);
	if (c->where == PACK_BEFORE || c->where == PACK_AFTER ||
	    c->where == PACK_AROUND)
		sb_printf(&b, "within:%d\n", c->within);
	if (c->commas)
		sb_puts(&b, "commas\n");
	put_patterns(m, c->v, c->n, NULL, &b);
	digest(&b, out);
	return out;
}

static void
put_contexts(
    struct meaning *m, const char *what, const size_t *v, size_t n, struct sb *out)
{
	struct set all = {NULL, 0, 0};

	for (size_t i = 0; i < n; i++)
		set_add(&all, mem_dup(context_digest(m, v[i]), MEM_HEX - 1));
	set_put(&all, what, out);
}

void
meaning_rule(struct meaning *m, const struct pack_rule *r, char out[MEM_HEX])
{
	struct sb b = {0};

	sb_printf(&b, "tosd rule meaning 1\nclause:%.*s\ncategory:%s\n",
	    (int)r->clause_id, r->clause, r->category);
	sb_printf(&b, "severity:%d\nscore:%.9g\nleast:%.9g\n", r->severity, r->score,
	    r->least);
	put_patterns(m, r->v, r->n, r->target, &b);
	put_contexts(m, "except", r->except, r->nexcept, &b);
	put_contexts(m, "require", r->require, r->nrequire, &b);
	digest(&b, out);
}

struct meaning *
meaning_new(const struct pack *p)
{
	struct meaning *m = mem_new(1, sizeof(*m));

	m->pack = p;
	m->lists = mem_new(p->nlists + 1, sizeof(*m->lists));
	m->contexts = mem_new(p->ncontexts + 1, sizeof(*m->contexts));
	return m;
}

void
meaning_free(struct meaning **m)
{
	if (*m == NULL)
		return;
	free((*m)->lists);
	free((*m)->contexts);
	free(*m);
	*m = NULL;
}
