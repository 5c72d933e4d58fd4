/* SPDX-License-Identifier: Apache-2.0 */
/* set: see set.h. */
#include "set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/sign.h"
#include "names.h"

struct set *
set_new(void)
{
	struct set *s = mem_new(1, sizeof(*s));

	for (int k = 0; k < LIST_PDQ; k++)
		s->names[k] = names_new();
	s->near = near_new();
	s->options = mem_new(1, sizeof(*s->options));
	s->options[0] = (struct list_option){LIST_WHOLE, INT64_MIN, LIST_STANDS, NULL};
	s->noptions = 1;
	return s;
}

static void
options_back(struct set *s, size_t n)
{
	while (s->noptions > n)
		free(s->options[--s->noptions].parties);
}

void
set_free(struct set **p)
{
	struct set *s = *p;

	if (s == NULL)
		return;
	*p = NULL;
	options_back(s, 0);
	free(s->options);
	for (size_t i = 0; i < s->n; i++)
		list_free(&s->v[i]);
	free(s->v);
	for (int k = 0; k < LIST_PDQ; k++)
		names_free(&s->names[k]);
	near_free(&s->near);
	free(s);
}

struct adding {
	struct set *s;
	const struct list *l;
	list_bad_fn *bad;
	void *ctx;
};

static bool
same_option(const struct list_option *a, const struct list_option *b)
{
	return a->share == b->share && a->off_until == b->off_until &&
	       a->stand == b->stand &&
	       (a->parties == NULL || b->parties == NULL
		       ? a->parties == b->parties
		       : strcmp(a->parties, b->parties) == 0);
}

/* Neighbours mostly say the same, and share a row. */
static uint32_t
option_of(struct set *s, const struct list_option *o)
{
	struct list_option *to;

	if (o == NULL)
		return 0;
	if (same_option(o, &s->options[s->noptions - 1]))
		return (uint32_t)s->noptions - 1;
	if ((s->noptions & (s->noptions - 1)) == 0)
		s->options = mem_grow(s->options, s->noptions * 2, sizeof(*s->options));
	to = &s->options[s->noptions];
	*to = *o;
	if (o->parties != NULL)
		to->parties = mem_dup(o->parties, strlen(o->parties));
	return (uint32_t)s->noptions++;
}

static bool
take(void *ctx, const char *key, size_t n, const struct list_option *option)
{
	struct adding *a = ctx;
	uint32_t o = option_of(a->s, option);
	struct near_hash h;

	if (a->l->kind != LIST_PDQ)
		return names_add(a->s->names[a->l->kind], key, n, (uint32_t)a->s->n, o);
	return !near_parse(key, n, &h) ||
	       near_add(a->s->near, &h, (uint32_t)a->s->n, o);
}

static void
bad_line(void *ctx, const char *text)
{
	struct adding *a = ctx;

	a->bad(a->ctx, text);
}

static size_t
count(const struct set *s, enum list_kind k)
{
	return k == LIST_PDQ ? near_count(s->near) : names_count(s->names[k]);
}

static void
back(struct set *s, enum list_kind k, size_t n)
{
	if (k == LIST_PDQ)
		near_back(s->near, n);
	else
		names_back(s->names[k], n);
}

static int
check_list(const struct set *s, const struct list *l, const struct set_terms *terms,
    struct why *w)
{
	struct sign_of of = {"tosd list", "list", l->file, l->name, l->digest};

	if (terms->digest != NULL &&
	    strncmp(l->digest, terms->digest, strlen(terms->digest)) != 0)
		return why_set(w,
		    "%s: is not the version that its name says: it was changed on disk",
		    l->file);
	if (terms->name != NULL && strcmp(terms->name, l->name) != 0)
		return why_set(w, "%s: its name is `%s', and it should be `%s'",
		    l->file, l->name, terms->name);

	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i]->name, l->name) == 0)
			return why_set(w, "%s: the list name `%s' is taken by %s",
			    l->file, l->name, s->v[i]->file);
	return terms->signers[0] != '\0' ? sign_check(terms->signers, &of, w) : 0;
}

int
set_add(struct set *s, const char *path, const struct set_terms *terms,
    list_bad_fn *bad, void *ctx, struct why *w)
{
	struct list *l = NULL;
	struct adding a = {s, NULL, bad, ctx};
	size_t before, options = s->noptions;
	int rc = list_open(path, &terms->limits, &l, w);

	if (rc != 0)
		return rc;
	a.l = l;
	before = count(s, l->kind);
	rc = check_list(s, l, terms, w);
	if (rc == 0)
		rc = list_entries(l, &terms->limits, take, bad_line, &a, w);
	if (rc != 0) {
		back(s, l->kind, before);
		options_back(s, options);
		list_free(&l);
		return rc;
	}
	if (l->kind == LIST_PDQ && l->threshold > s->threshold)
		s->threshold = l->threshold;
	s->v = mem_grow(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = l;
	return 0;
}

void
set_seal(struct set *s)
{
	for (int k = 0; k < LIST_PDQ; k++)
		names_seal(s->names[k]);
	near_seal(s->near, s->threshold);
}

struct asking {
	const struct set *s;
	set_fn *fn;
	void *ctx;
};

static void
is_there(void *ctx, const struct names_entry *e)
{
	const struct asking *a = ctx;
	struct set_hit hit = {
	    a->s->v[e->list], e->list, &a->s->options[e->option], e->key, e->len, 0};

	a->fn(a->ctx, &hit);
}

static void
look(const struct set *s, enum list_kind kind, const char *key, size_t n, set_fn *fn,
    void *ctx)
{
	struct asking a = {s, fn, ctx};

	names_find(s->names[kind], key, n, is_there, &a);
}

void
set_host(const struct set *s, const struct canon *c, set_fn *fn, void *ctx)
{
	char only[CANON_HOST + 1] = "=";
	const char *host = c->key;
	size_t n = c->host;

	if (names_count(s->names[LIST_DOMAIN]) == 0)
		return;
	memcpy(only + 1, host, n);
	look(s, LIST_DOMAIN, only, n + 1, fn, ctx);
	while (n > 0) {
		const char *dot = c->numeric ? NULL : memchr(host, '.', n);

		look(s, LIST_DOMAIN, host, n, fn, ctx);
		if (dot == NULL)
			return;
		n -= (size_t)(dot + 1 - host);
		host = dot + 1;
	}
}

void
set_url(const struct set *s, struct canon *c, set_fn *fn, void *ctx)
{
	if (names_count(s->names[LIST_URL]) == 0)
		return;
	/* No entry is longer than what is kept. */
	if (c->whole)
		look(s, LIST_URL, c->key, c->len, fn, ctx);
	for (size_t i = c->path, levels = 0;
	     i < c->len && c->key[i] != '?' && levels < CANON_LEVELS; i++) {
		char after;

		if (c->key[i] != '/' || i + 1 >= CANON_MAX)
			continue;
		levels++;
		after = c->key[i + 1];
		c->key[i + 1] = '*';
		look(s, LIST_URL, c->key, i + 2, fn, ctx);
		c->key[i + 1] = after;
	}
}

void
set_digest(const struct set *s, enum list_kind kind, const char *hex, size_t n,
    set_fn *fn, void *ctx)
{
	look(s, kind, hex, n, fn, ctx);
}

static void
is_near(void *ctx, const struct near_entry *e)
{
	const struct asking *a = ctx;
	const struct list *l = a->s->v[e->list];
	char hex[NEAR_BITS / 4 + 1];
	struct set_hit hit = {
	    l, e->list, &a->s->options[e->option], hex, sizeof(hex) - 1, e->distance};

	if (e->distance > l->threshold)
		return;
	for (int i = 0; i < NEAR_WORDS; i++)
		snprintf(hex + 16 * i, 17, "%016llx", (unsigned long long)e->hash.w[i]);
	a->fn(a->ctx, &hit);
}

void
set_picture(const struct set *s, const char *hex, size_t n, set_fn *fn, void *ctx)
{
	struct asking a = {s, fn, ctx};
	struct near_hash h;

	if (!near_parse(hex, n, &h))
		return;
	if (s->slow)
		near_scan(s->near, &h, is_near, &a);
	else
		near_find(s->near, &h, is_near, &a);
}
