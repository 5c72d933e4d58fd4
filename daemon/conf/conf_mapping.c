/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_mapping: paths into the JSON of feeds: their syntax, and which mapping applies
 * to an address.  Few feeds have one, so the table of those that have is made of
 * copies: whoever forgets the tenants still has it.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/conf_check.h"
#include "conf/conf_value.h"

#define STEPS_MAX 16 /* as feed_mapping */

/* --- syntax --- */

/* "[3]", "[*]" or "[\"name\"]" at s; behind it, or NULL if it is none. */
static const char *
bracket(const char *s)
{
	const char *end;

	if (s[1] == '"') {
		end = strchr(s + 2, '"');
		return end != NULL && end > s + 2 && end[1] == ']' ? end + 2 : NULL;
	}
	if (s[1] == '*')
		return s[2] == ']' ? s + 3 : NULL;
	end = s + 1 + strspn(s + 1, "0123456789");
	return end > s + 1 && end - s < 10 && *end == ']' ? end + 1 : NULL;
}

const char *
conf_value_member(const char *s)
{
	static const char wrong[] =
	    "is no path; write one such as \"data.posts[*]\", \"author.name\", "
	    "\"images[0].url\" or, of a name with dots, [\"a.b\"]";
	const char *bad = conf_value_text(s);
	unsigned steps = 0;

	if (bad != NULL)
		return bad;
	while (*s != '\0') {
		size_t n;

		if (++steps > STEPS_MAX)
			return "is too long a path; 16 steps at most";
		if (*s == '[') {
			s = bracket(s);
			if (s == NULL)
				return wrong;
			continue;
		}
		if (steps > 1 && *s++ != '.')
			return wrong;
		n = strcspn(s, ".[]\"");
		if (n == 0 || (s[n] != '\0' && s[n] != '.' && s[n] != '['))
			return wrong;
		s += n;
	}
	return NULL;
}

void
conf_check_mapping(const struct conf_section *sec)
{
	const struct conf_mapping *m = sec->base;

	if (m->text == NULL && m->title == NULL && m->summary == NULL &&
	    conf_section_sound(sec, "text") && conf_section_sound(sec, "title") &&
	    conf_section_sound(sec, "summary"))
		conf_walk_say(sec->w, sec->s,
		    "`mapping' leads to nothing that can be judged; give `text', "
		    "`title' or `summary'");
}

/* --- look-up --- */

static int
by_feed(const void *a, const void *b)
{
	const struct conf_mapped *x = a, *y = b;
	int d = strcmp(x->tenant, y->tenant);

	return d != 0 ? d : strcmp(x->url, y->url);
}

static void
copy(struct conf_arena *a, struct conf_mapping *to, const struct conf_mapping *from)
{
	const char *const *in = (const char *const *)from;
	const char **out = (const char **)to;

	_Static_assert(sizeof(*to) % sizeof(*out) == 0, "a mapping is all strings");
	for (size_t i = 0; i < sizeof(*to) / sizeof(*out); i++)
		out[i] = conf_arena_str(a, in[i]);
}

void
conf_check_mapped(struct conf_walk *w)
{
	struct conf *c = w->c;
	size_t n = 0;

	for (size_t i = 0; i < c->ntenants; i++)
		for (size_t k = 0; k < c->tenants[i].nfeeds; k++)
			n += c->tenants[i].feeds[k].mapping != NULL;
	c->mapped = conf_arena_alloc(w->arena, n, sizeof(*c->mapped));
	for (size_t i = 0; i < c->ntenants; i++) {
		const struct conf_tenant *t = &c->tenants[i];

		for (size_t k = 0; k < t->nfeeds; k++) {
			struct conf_mapped *to = &c->mapped[c->nmapped];

			if (t->feeds[k].mapping == NULL || t->feeds[k].url == NULL)
				continue;
			to->tenant = conf_arena_str(w->arena, t->key);
			to->url = conf_arena_str(w->arena, t->feeds[k].url);
			to->stream_url =
			    conf_arena_str(w->arena, t->feeds[k].stream_url);
			copy(w->arena, &to->mapping, t->feeds[k].mapping);
			c->nmapped++;
		}
	}
	if (c->nmapped > 1)
		qsort(c->mapped, c->nmapped, sizeof(*c->mapped), by_feed);
}

/* How much of an address says where it leads: without query. */
static size_t
path_len(const char *url)
{
	return strcspn(url, "?#");
}

/* The only one of v whose address is the same as far as len() goes. */
static const struct conf_mapping *
only(
    const struct conf_mapped *v, size_t n, const char *url, size_t (*len)(const char *))
{
	const struct conf_mapping *found = NULL;
	size_t want = len(url), same = 0;

	for (size_t i = 0; i < n; i++)
		if (len(v[i].url) == want && strncmp(v[i].url, url, want) == 0) {
			found = &v[i].mapping;
			same++;
		}
	return same == 1 ? found : NULL;
}

/* Those of a tenant: the first one, and how many. */
static const struct conf_mapped *
of_tenant(const struct conf *c, const char *tenant_key, size_t *out)
{
	size_t lo = 0, hi = c->nmapped, n = 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(c->mapped[mid].tenant, tenant_key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + n < c->nmapped && strcmp(c->mapped[lo + n].tenant, tenant_key) == 0)
		n++;
	*out = n;
	return c->mapped + lo;
}

const struct conf_mapping *
conf_mapping_of(const struct conf *c, const char *tenant_key, const char *url)
{
	size_t n;
	const struct conf_mapped *v = of_tenant(c, tenant_key, &n);
	const struct conf_mapping *m;

	if (n == 0)
		return NULL;
	m = only(v, n, url, strlen);
	return m != NULL ? m : only(v, n, url, path_len);
}

const struct conf_mapping *
conf_mapping_of_stream(
    const struct conf *c, const char *tenant_key, const char *stream_url)
{
	size_t n;
	const struct conf_mapped *v = of_tenant(c, tenant_key, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i].stream_url != NULL && strcmp(v[i].stream_url, stream_url) == 0)
			return &v[i].mapping;
	return NULL;
}
