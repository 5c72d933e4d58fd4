/* SPDX-License-Identifier: Apache-2.0 */
/* discover: pages, headers and robots.txt to candidates; see discover.h. */
#include "feed/discover.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/charset.h"
#include "feed/html.h"
#include "feed/markup.h"
#include "feed/url.h"

#define WORDS_MAX ((size_t)200) /* of a title, a type or a generator */
#define ANCHOR_TEXT 48		/* longer link texts name no feed */

const char *
discover_how_text(enum discover_how how)
{
	static const char *const words[DISCOVER_NHOW] = {
	    [DISCOVER_GIVEN] = "the given address",
	    [DISCOVER_HEADER] = "a Link header of the page names it",
	    [DISCOVER_LINK] = "the page names it",
	    [DISCOVER_SOFTWARE] = "the server's software publishes there",
	    [DISCOVER_PATH] = "a usual place",
	    [DISCOVER_ANCHOR] = "the page links to it",
	    [DISCOVER_ROBOTS] = "robots.txt names it",
	};

	return how < DISCOVER_NHOW ? words[how] : "?";
}

/* A trimmed, short copy without controls; NULL if nothing is left. */
static char *
plain(const char *s, size_t n)
{
	return s != NULL ? feed_plain_line(s, n, WORDS_MAX) : NULL;
}

bool
discover_add(struct discover *d, const char *base, const char *ref, size_t n,
    enum discover_how how, const char *type, const char *title)
{
	char *url = feed_url_join(base, ref, n), *hash;

	if (url != NULL && (hash = strchr(url, '#')) != NULL)
		*hash = '\0';
	if (!feed_url_is_web(url))
		goto out;
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->v[i].url, url) == 0)
			goto out;
	if (d->n == DISCOVER_MAX) {
		d->full = true;
		goto out;
	}
	if (d->v == NULL)
		d->v = xcalloc(DISCOVER_MAX, sizeof(*d->v));
	d->v[d->n++] = (struct discover_found){.url = url,
	    .how = how,
	    .type = type != NULL ? plain(type, strlen(type)) : NULL,
	    .title = title != NULL ? plain(title, strlen(title)) : NULL};
	return true;
out:
	free(url);
	return false;
}

void
discover_clear(struct discover *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].url);
		free(d->v[i].type);
		free(d->v[i].title);
	}
	free(d->v);
	free(d->title);
	free(d->lang);
	free(d->generator);
	memset(d, 0, sizeof(*d));
}

/* --- what looks like a feed --- */

/* type without its parameters is one of a feed.  application/json alone is not: many
 * pages name their API so. */
static bool
feed_type(const char *type)
{
	static const char *const types[] = {"application/rss+xml",
	    "application/atom+xml", "application/rdf+xml", "application/feed+json",
	    "application/x-rss+xml", "text/rss+xml", "application/x-ndjson"};
	size_t n = strcspn(type, "; \t");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i]) == n && strncasecmp(type, types[i], n) == 0)
			return true;
	return false;
}

static bool
json_type(const char *type)
{
	return strncasecmp(type, "application/json", 16) == 0;
}

/* Is word one of the words, parted by white space, of list? */
static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list != '\0') {
		size_t len = strcspn(list, " \t\n\f\r");

		if (len == n && strncasecmp(list, word, n) == 0)
			return true;
		list += len;
		list += strspn(list, " \t\n\f\r");
	}
	return false;
}

/* The last part of the path says feed: "/blog/feed/", "/index.xml", "/all.atom". */
static bool
path_says_feed(const char *url)
{
	static const char *const names[] = {"feed", "feeds", "rss", "atom", "rss2",
	    "rdf", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json",
	    "index.rdf", "feed.php", "rss.php"};
	static const char *const ends[] = {".rss", ".atom", ".rdf"};
	const char *p = strstr(url, "://"), *end, *last;
	size_t n;

	if (p == NULL || (p = strchr(p + 3, '/')) == NULL)
		return false;
	end = p + strcspn(p, "?#");
	while (end > p && end[-1] == '/')
		end--;
	for (last = end; last > p && last[-1] != '/'; last--)
		continue;
	n = (size_t)(end - last);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && strncasecmp(last, names[i], n) == 0)
			return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t len = strlen(ends[i]);

		if (n > len && strncasecmp(end - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

static bool
text_says_feed(const char *s)
{
	static const char *const texts[] = {"rss", "atom", "feed", "rss feed",
	    "atom feed", "json feed", "rss-feed", "web feed", "news feed", "newsfeed",
	    "rss 2.0", "subscribe (rss)", "syndicate", "entries feed", "comments feed"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcasecmp(s, texts[i]) == 0)
			return true;
	return false;
}

/* --- pages --- */

struct page {
	struct markup m;
	struct markup_token t;
	struct discover *d;
	char *base; /* of <base href>, else NULL */
	const char *url;
	struct buf text; /* of the title or the link in hand */
	char *href;	 /* of the link in hand, decoded */
	char *type;
	bool in_title;
};

/* The attribute decoded; NULL if there is none.  To be freed. */
static char *
attr(struct page *p, const char *name)
{
	const struct markup_str *v = markup_attr(&p->m, &p->t, name);
	struct buf b = {0};

	if (v == NULL || v->p == NULL)
		return NULL;
	markup_decode(&p->m, &b, v->p, v->n);
	return text_trim(buf_take(&b));
}

static const char *
base_of(const struct page *p)
{
	return p->base != NULL ? p->base : p->url;
}

static void
on_link(struct page *p)
{
	char *rel = attr(p, "rel"), *type = attr(p, "type"), *href = attr(p, "href");
	char *title = attr(p, "title");
	bool feed = type != NULL && feed_type(type);

	if (rel == NULL || href == NULL)
		goto out;
	/* Old JSON Feeds have the plain type; the path has to tell them apart. */
	if (!feed && type != NULL && json_type(type)) {
		char *url = feed_url_join(base_of(p), href, strlen(href));

		feed = url != NULL && path_says_feed(url);
		free(url);
	}
	if ((has_word(rel, "alternate") && feed) || has_word(rel, "feed"))
		discover_add(
		    p->d, base_of(p), href, strlen(href), DISCOVER_LINK, type, title);
out:
	free(rel);
	free(type);
	free(href);
	free(title);
}

static void
end_anchor(struct page *p)
{
	char *text, *url;

	if (p->href == NULL)
		return;
	buf_reserve(&p->text, 0);
	text = text_trim(p->text.data);
	url = feed_url_join(base_of(p), p->href, strlen(p->href));
	if (url != NULL && ((p->type != NULL && feed_type(p->type)) ||
			       path_says_feed(url) || text_says_feed(text)))
		discover_add(
		    p->d, NULL, url, strlen(url), DISCOVER_ANCHOR, p->type, text);
	free(url);
	free(p->href);
	free(p->type);
	p->href = p->type = NULL;
	buf_reset(&p->text);
}

static void
on_anchor(struct page *p)
{
	end_anchor(p);
	if (p->d->full) /* a page of links alone costs no more than reading it */
		return;
	p->href = attr(p, "href");
	if (p->href != NULL)
		p->type = attr(p, "type");
	buf_reset(&p->text);
}

static void
on_meta(struct page *p)
{
	char *name = attr(p, "name"), *content;

	if (name != NULL && strcasecmp(name, "generator") == 0 &&
	    p->d->generator == NULL && (content = attr(p, "content")) != NULL) {
		p->d->generator = plain(content, strlen(content));
		free(content);
	}
	free(name);
}

static void
on_open(struct page *p)
{
	static const struct {
		const char *name;
		void (*run)(struct page *);
	} tags[] = {{"link", on_link}, {"a", on_anchor}, {"meta", on_meta}};
	const struct markup_str *n = &p->t.name;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strlen(tags[i].name) == n->n &&
		    memcmp(n->p, tags[i].name, n->n) == 0)
			tags[i].run(p);
	if (n->n == 4 && memcmp(n->p, "base", 4) == 0 && p->base == NULL) {
		char *href = attr(p, "href");

		if (href != NULL)
			p->base = feed_url_join(p->url, href, strlen(href));
		free(href);
	} else if (n->n == 4 && memcmp(n->p, "html", 4) == 0 && p->d->lang == NULL) {
		p->d->lang = attr(p, "lang");
	} else if (n->n == 5 && memcmp(n->p, "title", 5) == 0) {
		p->in_title = p->d->title == NULL;
		buf_reset(&p->text);
	}
}

static void
on_close(struct page *p)
{
	const struct markup_str *n = &p->t.name;

	if (n->n == 1 && n->p[0] == 'a') {
		end_anchor(p);
	} else if (n->n == 5 && memcmp(n->p, "title", 5) == 0 && p->in_title) {
		p->in_title = false;
		if (p->text.len > 0)
			p->d->title = plain(p->text.data, p->text.len);
		buf_reset(&p->text);
	}
}

static void
on_text(struct page *p)
{
	size_t n = p->t.text.n, room = p->in_title ? WORDS_MAX : ANCHOR_TEXT;

	if ((p->href == NULL && !p->in_title) || p->text.len > room)
		return;
	if (n > room) { /* never a whole script; cut between characters */
		for (n = room; n > 0 && ((unsigned char)p->t.text.p[n] & 0xc0) == 0x80;)
			n--;
	}
	markup_decode(&p->m, &p->text, p->t.text.p, n);
}

void
discover_page(struct discover *d, const void *body, size_t n, const char *content_type,
    const char *url)
{
	struct feed_text text;
	struct page *p = xcalloc(1, sizeof(*p));

	feed_text_read(&text, body, n, content_type);
	p->d = d;
	p->url = url;
	markup_init(&p->m, MARKUP_HTML, text.p, text.n);
	while (markup_next(&p->m, &p->t)) {
		if (p->t.kind == MARKUP_OPEN)
			on_open(p);
		else if (p->t.kind == MARKUP_CLOSE)
			on_close(p);
		else if (p->t.kind == MARKUP_TEXT)
			on_text(p);
	}
	end_anchor(p);
	buf_free(&p->text);
	free(p->base);
	free(p);
	feed_text_free(&text);
}

/* --- Link headers (RFC 8288) --- */

/* One parameter: name and value (quotes taken off) of "; name=value"; returns what
 * follows, NULL if there is no further parameter. */
static const char *
parameter(const char *s, char name[16], struct buf *value)
{
	size_t n;

	s += strspn(s, " \t");
	if (*s != ';')
		return NULL;
	s++;
	s += strspn(s, " \t");
	n = strcspn(s, "=;, \t");
	memcpy(name, s, n < 15 ? n : 15);
	name[n < 15 ? n : 15] = '\0';
	s += n;
	buf_reset(value);
	buf_reserve(value, 0);
	s += strspn(s, " \t");
	if (*s != '=')
		return s;
	s++;
	s += strspn(s, " \t");
	if (*s != '"') {
		n = strcspn(s, ";, \t");
		buf_put(value, s, n);
		return s + n;
	}
	for (s++; *s != '\0' && *s != '"'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		buf_putc(value, *s);
	}
	return *s == '"' ? s + 1 : s;
}

void
discover_header(struct discover *d, const char *value, const char *url)
{
	struct buf v = {0};

	while ((value = strchr(value, '<')) != NULL) {
		const char *ref = ++value, *next;
		size_t n = strcspn(ref, ">");
		bool alternate = false, feed = false;
		char name[16], *title = NULL, *type = NULL;

		if (ref[n] == '\0')
			break;
		value = ref + n + 1;
		while ((next = parameter(value, name, &v)) != NULL) {
			value = next;
			if (strcasecmp(name, "rel") == 0) {
				alternate = has_word(v.data, "alternate");
			} else if (strcasecmp(name, "type") == 0 && type == NULL) {
				type = plain(v.data, v.len);
				feed = type != NULL && feed_type(type);
			} else if (strcasecmp(name, "title") == 0 && title == NULL &&
				   text_valid(v.data, v.len)) {
				title = plain(v.data, v.len);
			}
		}
		if (alternate && feed)
			discover_add(d, url, ref, n, DISCOVER_HEADER, type, title);
		free(type);
		free(title);
	}
	buf_free(&v);
}

/* --- robots.txt (RFC 9309; Sitemap is sitemaps.org's line) --- */

void
discover_robots(struct discover *d, const char *s, size_t n, const char *url)
{
	static const char key[] = "sitemap:";
	const char *end = s + n;

	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t len = nl != NULL ? (size_t)(nl - s) : (size_t)(end - s), lead;

		for (lead = 0; lead < len && (s[lead] == ' ' || s[lead] == '\t');)
			lead++;
		if (len - lead > sizeof(key) - 1 &&
		    strncasecmp(s + lead, key, sizeof(key) - 1) == 0) {
			lead += sizeof(key) - 1;
			discover_add(
			    d, url, s + lead, len - lead, DISCOVER_ROBOTS, NULL, NULL);
		}
		s += len + 1;
	}
}
