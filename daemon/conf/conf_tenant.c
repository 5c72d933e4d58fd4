/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_tenant: what holds within one tenant and over the tenants of all files,
 * and the look-ups by id and key.  Sorting instead of comparing each with each,
 * since a host may have many thousands.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "conf/conf_check.h"
#include "conf/conf_value.h"

/* The opaque name that plugins and the ledger see (law 7). */
static void
make_key(struct conf_tenant *t)
{
	static const char label[] = "tosd tenant"; /* with its NUL */
	struct digest_part parts[] = {{label, sizeof(label)}, {t->id, strlen(t->id)}};
	uint8_t d[DIGEST_LEN];

	digest_parts(parts, 2, d);
	digest_hex(d, (sizeof(t->key) - 1) / 2, t->key);
}

struct spelling {
	char *url;
	const struct conf_feed *feed;
};

static int
by_url(const void *a, const void *b)
{
	const struct spelling *x = a, *y = b;
	int d = strcmp(x->url, y->url);

	/* The first one stays, whatever qsort does with equals. */
	return d != 0 ? d : (x->feed > y->feed) - (x->feed < y->feed);
}

void
conf_check_tenant(const struct conf_section *sec)
{
	struct conf_tenant *t = sec->base;
	struct spelling *v = xcalloc(t->nfeeds, sizeof(*v));
	size_t n = 0;

	if (t->id != NULL)
		make_key(t);
	for (size_t i = 0; i < t->nfeeds; i++) {
		if (t->feeds[i].url == NULL)
			continue;
		v[n].url = conf_value_url_norm(t->feeds[i].url);
		v[n++].feed = &t->feeds[i];
	}
	qsort(v, n, sizeof(*v), by_url);
	for (size_t i = 1; i < n; i++)
		if (strcmp(v[i].url, v[i - 1].url) == 0)
			conf_walk_say_line(sec->w, v[i].feed->line,
			    "feed \"%s\" of tenant `%s' is there already, at line %d; "
			    "take one out",
			    conf_walk_quote(v[i].feed->url),
			    t->id != NULL ? t->id : "?", v[i - 1].feed->line);
	for (size_t i = 0; i < n; i++)
		free(v[i].url);
	free(v);
}

static int
by_id(const void *a, const void *b)
{
	const struct conf_tenant *x = *(const struct conf_tenant *const *)a;
	const struct conf_tenant *y = *(const struct conf_tenant *const *)b;
	int d = strcmp(x->id, y->id);

	return d != 0 ? d : (x > y) - (x < y);
}

static int
by_key(const void *a, const void *b)
{
	const struct conf_tenant *x = *(const struct conf_tenant *const *)a;
	const struct conf_tenant *y = *(const struct conf_tenant *const *)b;

	return strcmp(x->key, y->key);
}

/* Points the walk at another file for mistakes; sources are in the order in which
 * their tenants were appended. */
static void
say_in(struct conf_walk *w, const struct conf_source *v, size_t n, const char *file,
    int line, const char *text)
{
	size_t keep = w->source;

	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, file) == 0)
			w->source = i;
	conf_walk_say_line(w, line, "%s", text);
	w->source = keep;
}

static void
check_twice(struct conf_walk *w, const struct conf_sources *s,
    const struct conf_tenant *t, const struct conf_tenant *first)
{
	char *text =
	    xasprintf("tenant `%s' is there already, at %s:%d; ids must differ", t->id,
		first->file, first->line);

	say_in(w, s->v, s->n, t->file, t->line, text);
	free(text);
}

static void
check_interval(
    struct conf_walk *w, const struct conf_sources *s, const struct conf_feed *f)
{
	const struct conf_fetch *all = &w->c->fetch;
	char have[CLOCK_TEXT], limit[CLOCK_TEXT], *text;
	bool low = f->interval < all->interval_min;

	if (f->interval == 0 || (!low && f->interval <= all->interval_max))
		return;
	text =
	    xasprintf("`interval' (%s) is %s than `%s' of `fetch' (%s); change one of "
		      "them",
		clock_span(f->interval, have), low ? "shorter" : "longer",
		low ? "interval_min" : "interval_max",
		clock_span(low ? all->interval_min : all->interval_max, limit));
	say_in(w, s->v, s->n, f->file, f->line, text);
	free(text);
}

void
conf_check_tenants(struct conf_walk *w, const struct conf_sources *s, bool intervals)
{
	struct conf *c = w->c;
	struct conf_arena *a = w->arena;
	size_t n = 0;

	a->by_id = conf_arena_alloc(a->tenants, c->ntenants, sizeof(*a->by_id));
	a->by_key = conf_arena_alloc(a->tenants, c->ntenants, sizeof(*a->by_key));
	for (size_t i = 0; i < c->ntenants; i++) {
		const struct conf_tenant *t = &c->tenants[i];

		for (size_t j = 0; j < t->nfeeds && intervals; j++)
			check_interval(w, s, &t->feeds[j]);
		if (t->id == NULL)
			continue;
		a->by_id[n] = a->by_key[n] = t;
		n++;
	}
	qsort(a->by_id, n, sizeof(*a->by_id), by_id);
	qsort(a->by_key, n, sizeof(*a->by_key), by_key);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(a->by_id[i]->id, a->by_id[first]->id) == 0)
			check_twice(w, s, a->by_id[i], a->by_id[first]);
		else
			first = i;
	}
	conf_check_mapped(w);
}

bool
conf_simulates(const struct conf *c, const char *fault)
{
	for (size_t i = 0; i < c->nsimulate; i++)
		if (strcmp(c->simulate[i], fault) == 0)
			return true;
	return false;
}

const struct conf_tenant *
conf_tenant_by_id(const struct conf *c, const char *id)
{
	const struct conf_arena *a = c->arena;
	size_t lo = 0, hi = a->by_id != NULL ? c->ntenants : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = strcmp(id, a->by_id[mid]->id);

		if (d == 0)
			return a->by_id[mid];
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const struct conf_endpoint *
conf_endpoint_of(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->policy.nendpoints; i++)
		if (strcmp(c->policy.endpoints[i].name, name) == 0)
			return &c->policy.endpoints[i];
	return NULL;
}

const struct conf_blocklist *
conf_blocklist_of(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->policy.nlists; i++)
		if (strcmp(c->policy.lists[i].name, name) == 0)
			return &c->policy.lists[i];
	return NULL;
}

const struct conf_tenant *
conf_tenant_by_key(const struct conf *c, const char *key)
{
	const struct conf_arena *a = c->arena;
	size_t lo = 0, hi = c->ntenants;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = strcmp(key, a->by_key[mid]->key);

		if (d == 0)
			return a->by_key[mid];
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}
