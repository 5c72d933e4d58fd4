/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_find: candidates asked and chosen; see tenant_find.h. */
#include "tosctl/tenant_find.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "feed/discover.h"
#include "feed/url.h"
#include "fetch/answer.h"
#include "ipc/msg.h"
#include "tosctl/feed_facts.h"

/* A site is asked at most so often, whatever its page names. */
#define VISITS_MAX 40

struct candidate {
	struct visit v;
	enum discover_how how;
	char *url;
	bool feed, chosen;
	char *verdict; /* why it is not chosen */
};

struct search {
	struct onboard *o;
	struct discover found;
	struct candidate v[VISITS_MAX];
	size_t n;
	size_t visits;
	char *root; /* address whose host is the site's, after redirects */
	const struct discover_software *software;
	char *version;
	struct buf words;
	bool own_fault;
};

/* --- words about a feed --- */

char *
tenant_feed_words(const struct visit *v)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	struct feed_facts f;
	struct buf b = {0};

	feed_facts(&v->doc, v->r.time, &f);
	buf_printf(&b, "%s", v->doc.format);
	if (v->doc.title != NULL)
		buf_printf(
		    &b, " \"%.*s\"", (int)strnlen(v->doc.title, 80), v->doc.title);
	buf_printf(&b, ": %zu item%s", f.items, f.items == 1 ? "" : "s");
	if (f.dated > 0)
		buf_printf(&b, " from %.10s to %.10s", clock_format(f.oldest, from),
		    clock_format(f.newest, to));
	if (f.items > 0 && f.texts == 0)
		buf_puts(&b, ", without text");
	else if (f.cut * 2 >= f.items && f.items > 0)
		buf_puts(&b, ", texts cut short");
	if (v->doc.truncated || v->r.truncated)
		buf_puts(&b, ", longer than a limit");
	return buf_take(&b);
}

json_t *
tenant_feed_facts(const struct visit *v)
{
	char text[CLOCK_TEXT];
	struct feed_facts f;
	json_t *o = json_object();

	json_object_set_new(o, "outcome",
	    json_string(
		polled_name(v->not_feed != NULL ? POLLED_NOT_FEED : v->r.outcome)));
	json_object_set_new(o, "status", json_integer(v->r.status));
	if (!v->is_feed)
		return o;
	feed_facts(&v->doc, v->r.time, &f);
	json_object_set_new(o, "format", json_string(v->doc.format));
	if (v->doc.title != NULL)
		json_object_set_new(o, "title", json_string(v->doc.title));
	json_object_set_new(o, "items", json_integer((json_int_t)f.items));
	if (f.dated > 0) {
		json_object_set_new(
		    o, "oldest", json_string(clock_format(f.oldest, text)));
		json_object_set_new(
		    o, "newest", json_string(clock_format(f.newest, text)));
	}
	return o;
}

/* --- asking --- */

/* The address of a path on the site's host.  To be freed. */
static char *
on_site(const struct search *s, const char *path)
{
	return feed_url_join(s->root, path, strlen(path));
}

/* Was this address asked, or reached, already? */
static bool
known(const struct search *s, const char *url)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].url, url) == 0 ||
		    (s->v[i].v.r.url != NULL && strcmp(s->v[i].v.r.url, url) == 0))
			return true;
	return false;
}

/* Reads a candidate; NULL if it was asked already or enough was asked. */
static struct candidate *
try(struct search *s, const char *url, enum discover_how how,
    const struct visit_ask *ask)
{
	struct candidate *c;

	if (s->n == VISITS_MAX || s->visits == VISITS_MAX || known(s, url))
		return NULL;
	s->visits++;
	c = &s->v[s->n];
	onboard_visit(s->o, url, ask, &c->v);
	c->url = xstrdup(url);
	c->how = how;
	c->feed = c->v.is_feed;
	s->own_fault = s->own_fault || visit_own_fault(&c->v);
	s->n++;
	/* Another address that led to the same place. */
	for (size_t i = 0; i + 1 < s->n && c->feed; i++)
		if (s->v[i].feed && strcmp(s->v[i].v.r.url, c->v.r.url) == 0)
			c->feed = false;
	return c;
}

/* A document that is no feed, for what it says; false if it cannot be read. */
static bool
look(struct search *s, const char *path, struct visit *v)
{
	char *url = on_site(s, path);

	memset(v, 0, sizeof(*v));
	if (s->visits < VISITS_MAX && url != NULL) {
		s->visits++;
		onboard_visit(s->o, url, NULL, v);
	}
	free(url);
	return v->r.outcome == POLLED_OK && v->r.body.data != NULL && v->r.url != NULL;
}

static size_t
feeds(const struct search *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].feed;
	return n;
}

/* Candidates of one kind that the page gave. */
static void
try_found(struct search *s, enum discover_how how)
{
	for (size_t i = 0; i < s->found.n; i++)
		if (s->found.v[i].how == how)
			try(s, s->found.v[i].url, how, NULL);
}

static void
try_software(struct search *s)
{
	struct visit v;
	char *url = NULL, *name = NULL;

	if (look(s, DISCOVER_NODEINFO, &v))
		url = discover_nodeinfo(v.r.body.data, v.r.body.len, v.r.url);
	visit_clear(&v);
	if (url != NULL && look(s, url, &v) &&
	    discover_nodeinfo_read(v.r.body.data, v.r.body.len, &name, &s->version))
		s->software = discover_software(name);
	if (url != NULL)
		visit_clear(&v);
	if (name != NULL)
		buf_printf(&s->words, "NodeInfo says %s %s.\n", name,
		    s->version != NULL ? s->version : "");
	if (s->software == NULL)
		s->software = discover_software(s->found.generator);
	if (s->software != NULL)
		buf_printf(&s->words, "Software: %s; %s.\n", s->software->title,
		    s->software->why);
	for (size_t i = 0; s->software != NULL && i < 2; i++) {
		char *at = s->software->paths[i] != NULL
			       ? on_site(s, s->software->paths[i])
			       : NULL;

		/* An alternative, not a second feed, where the page has its own. */
		if (at != NULL)
			try(s, at, DISCOVER_SOFTWARE, NULL);
		free(at);
	}
	free(url);
	free(name);
}

/* Usual places, up to the first feed unless all are wanted.  folder: below that of the
 * page, which may be one of many sites of its host; else below the host. */
static bool
try_paths(struct search *s, bool folder, bool all)
{
	const char *path;

	for (size_t i = 0; (path = discover_path(i)) != NULL; i++) {
		char *url = on_site(s, folder ? path + 1 : path);
		struct candidate *c =
		    url != NULL ? try(s, url, DISCOVER_PATH, NULL) : NULL;

		free(url);
		if (c != NULL && c->feed && !all)
			return true;
	}
	return false;
}

/* Does the page stand below a folder of its host? */
static bool
in_folder(const struct search *s)
{
	const char *p = strstr(s->root, "://");
	size_t n;

	if (p == NULL || (p = strchr(p + 3, '/')) == NULL)
		return false;
	n = strcspn(p, "?#");
	return memchr(p + 1, '/', n - 1) != NULL;
}

static void
try_sitemaps(struct search *s)
{
	struct visit v;
	char *url;

	if (look(s, "/robots.txt", &v))
		discover_robots(&s->found, v.r.body.data, v.r.body.len, v.r.url);
	visit_clear(&v);
	try_found(s, DISCOVER_ROBOTS);
	url = on_site(s, "/sitemap.xml");
	if (feeds(s) == 0 && url != NULL)
		try(s, url, DISCOVER_PATH, NULL);
	free(url);
}

static void
read_page(struct search *s, const struct visit *v)
{
	char *links = answer_header(&v->r.head, "Link");

	if (links != NULL)
		discover_header(&s->found, links, v->r.url);
	free(links);
	if (v->r.body.data != NULL)
		discover_page(&s->found, v->r.body.data, v->r.body.len,
		    v->r.content_type, v->r.url);
}

/* --- choosing --- */

/* Does b say all that a does, and more of it, or the same earlier? */
static bool
covers(const struct search *s, size_t a, size_t b)
{
	const struct feed_doc *x = &s->v[a].v.doc, *y = &s->v[b].v.doc;
	size_t more = feed_facts_text(y), less = feed_facts_text(x);

	if (!s->v[b].feed || a == b || x->nitems == 0 || !feed_facts_within(x, y))
		return false;
	if (y->nitems != x->nitems)
		return true;
	return more != less ? more > less : b < a;
}

static void
choose(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct candidate *c = &s->v[i];
		bool guess = c->how == DISCOVER_PATH || c->how == DISCOVER_ANCHOR ||
			     c->how == DISCOVER_ROBOTS;

		if (!c->v.is_feed || !c->feed) {
			c->verdict = c->v.is_feed ? xstrdup("leads to another one here")
						  : visit_words(&c->v);
			continue;
		}
		if (c->v.doc.nitems == 0 && guess) {
			c->verdict = xstrdup("has no items");
			continue;
		}
		for (size_t j = 0; j < s->n && c->verdict == NULL; j++)
			if (covers(s, i, j))
				c->verdict = xasprintf(
				    "all of its items are in %s too", s->v[j].url);
		c->chosen = c->verdict == NULL;
	}
}

static bool
same_host(const char *a, const char *b)
{
	char *x = proposal_host(a), *y = proposal_host(b);
	bool same = strcasecmp(x, y) == 0;

	free(x);
	free(y);
	return same;
}

/* Guesses that led nowhere are not worth a line each. */
static bool
worth_a_line(const struct candidate *c)
{
	if (c->chosen || c->v.is_feed)
		return true;
	return c->how != DISCOVER_PATH && c->how != DISCOVER_GIVEN;
}

static void
put_feed(const struct search *s, const struct candidate *c, struct proposal *p)
{
	struct proposal_feed *f;
	struct buf b = {0};
	char *what = c->v.is_feed ? tenant_feed_words(&c->v) : NULL;
	/* A new address that is meant for good is the one to keep. */
	const char *url = c->chosen && c->v.r.moved != NULL ? c->v.r.moved : c->url;

	if (!c->chosen)
		buf_printf(&b, "not chosen: %s\n", c->verdict);
	if (what != NULL)
		buf_printf(&b, "%s\n", what);
	buf_printf(&b, "found: %s", discover_how_text(c->how));
	if (strcmp(url, c->url) != 0)
		buf_puts(&b, "; moved for good");
	if (c->chosen && !same_host(s->root, url))
		buf_puts(&b, "; on ANOTHER HOST than the site");
	free(what);
	f = proposal_add_take(p, url, c->chosen, buf_take(&b));
	f->facts = tenant_feed_facts(&c->v);
	json_object_set_new(f->facts, "found", json_string(discover_how_text(c->how)));
}

static void
describe(struct search *s, const char *url, struct proposal *p)
{
	char *host = proposal_host(s->root);
	const char *name = s->found.title;
	size_t guesses = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (worth_a_line(&s->v[i]))
			put_feed(s, &s->v[i], p);
		else
			guesses++;
		if (name == NULL && s->v[i].chosen)
			name = s->v[i].v.doc.title;
	}
	if (guesses > 1)
		buf_printf(&s->words,
		    "%zu further addresses were tried and are no feeds.\n",
		    guesses - 1);
	p->id = proposal_id(host);
	p->name = xstrdup(name != NULL ? name : host);
	p->site = xstrdup(url);
	if (s->found.lang != NULL &&
	    strspn(s->found.lang,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == strlen(s->found.lang) &&
	    strncasecmp(s->found.lang, "en", 2) != 0 && strlen(s->found.lang) < 12 &&
	    s->found.lang[0] != '\0')
		buf_printf(&s->words, "The page says that its language is %s.\n",
		    s->found.lang);
	free(host);
}

/* Everything after the first answer. */
static void
search_on(struct search *s, const struct visit *first, bool all)
{
	char *how;

	/* A server that does not answer, or wants to be left alone, is not asked on. */
	if (first->r.status == 0 || first->r.outcome == POLLED_RATE_LIMIT) {
		how = visit_words(first);
		buf_printf(&s->words, "It cannot be read: %s.\n", how);
		free(how);
		return;
	}
	if (first->r.outcome == POLLED_OK) {
		if (first->r.nhops > 1 && first->r.url != NULL)
			buf_printf(&s->words, "It leads to %s.\n", first->r.url);
		read_page(s, first);
	} else {
		how = visit_words(first);
		buf_printf(&s->words, "The page itself: %s.\n", how);
		free(how);
	}
	try_found(s, DISCOVER_HEADER);
	try_found(s, DISCOVER_LINK);
	try_software(s);
	if ((feeds(s) == 0 || all) && !(in_folder(s) && try_paths(s, true, all)))
		try_paths(s, false, all);
	if (feeds(s) == 0)
		try_found(s, DISCOVER_ANCHOR);
	if (feeds(s) == 0)
		try_sitemaps(s);
}

void
tenant_find(struct onboard *o, const char *url, bool all, struct proposal *p,
    struct tenant_finding *out)
{
	struct search *s = xcalloc(1, sizeof(*s));
	struct candidate *first;

	s->o = o;
	s->root = xstrdup(url);
	first = try(s, url, DISCOVER_GIVEN, &visit_page);
	if (first->v.r.url != NULL) {
		free(s->root);
		s->root = xstrdup(first->v.r.url);
	}
	if (!first->feed || all)
		search_on(s, &first->v, all);
	if (s->visits == VISITS_MAX)
		buf_printf(&s->words, "Stopped after %d requests.\n", VISITS_MAX);
	choose(s);
	describe(s, url, p);
	out->words = buf_take(&s->words);
	out->own_fault = s->own_fault && feeds(s) == 0;
	out->no_answer = first->v.r.status == 0 && !out->own_fault;
	for (size_t i = 0; i < s->n; i++) {
		visit_clear(&s->v[i].v);
		free(s->v[i].url);
		free(s->v[i].verdict);
	}
	discover_clear(&s->found);
	free(s->root);
	free(s->version);
	free(s);
}
