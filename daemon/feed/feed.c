/* SPDX-License-Identifier: Apache-2.0 */
/* feed: which reader, and what a page becomes; see feed.h. */
#include "feed/feed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "feed/charset.h"
#include "feed/draft.h"

const struct feed_limits feed_limits_default = {
    .max_items = 2000, .max_text = (size_t)1 << 20, .max_depth = 512, .media = true};

void
feed_problem(struct feed_doc *doc, const struct feed_text *text, const char *at,
    const char *what)
{
	size_t line = 1;

	doc->well_formed = false;
	if (doc->problem != NULL)
		return;
	if (at == NULL || at < text->p || at > text->p + text->n) {
		doc->problem = xstrdup(what);
		return;
	}
	for (const char *p = text->p; (p = memchr(p, '\n', at - p)) != NULL; p++)
		line++;
	doc->problem = xasprintf("line %zu: %s", line, what);
}

static bool
starts(const char *s, size_t n, const char *what)
{
	size_t len = strlen(what);

	return n >= len && strncasecmp(s, what, len) == 0;
}

/* What bytes that are no feed look like, for the error's reader. */
static const char *
looks_like(const struct feed_text *t)
{
	const char *p = t->p;
	size_t n = t->n, controls = 0;

	while (n > 0 && (uint8_t)*p <= ' ') {
		p++;
		n--;
	}
	if (n == 0)
		return "it is empty";
	if (starts(p, n, "<!doctype html") || starts(p, n, "<html") ||
	    memmem(p, n < 4096 ? n : 4096, "<html", 5) != NULL)
		return "it looks like an HTML page";
	if (*p == '{' || *p == '[')
		return "it looks like JSON that is no JSON Feed";
	if (starts(p, n, "<"))
		return "it looks like XML of another kind";
	for (size_t i = 0; i < n && i < 512; i++)
		controls += (uint8_t)p[i] < 9;
	return controls > 8 ? "it looks like binary data" : "it looks like plain text";
}

static bool
is_json(const struct feed_text *t)
{
	size_t i = 0;

	while (i < t->n && (uint8_t)t->p[i] <= ' ')
		i++;
	return i < t->n && (t->p[i] == '{' || t->p[i] == '[');
}

/* Is it a media type that XML is sent as? */
static bool
xml_type(const char *type)
{
	size_t n = strcspn(type, "; \t,");

	return n == 0 ||
	       (n >= 4 && (strncasecmp(type + n - 4, "/xml", 4) == 0 ||
			      strncasecmp(type + n - 4, "+xml", 4) == 0)) ||
	       (n > 9 && (strncasecmp(type, "text/xml-", 9) == 0 ||
			     strncasecmp(type, "application/xml-", 16) == 0));
}

/* What the header says against the document. */
static void
check_type(struct feed_doc *doc, const struct feed_text *text, const char *type)
{
	if (text->not_ascii)
		feed_problem(doc, text, NULL,
		    "its media type says US-ASCII (text/xml without charset)");
	else if (type != NULL && !xml_type(type))
		feed_problem(doc, text, NULL, "its media type is none of XML");
}

/* Content-Language is a list; the first one is taken. */
static char *
header_lang(const char *value)
{
	size_t n = strcspn(value, ", ;");

	return text_valid(value, n) ? draft_lang(value, n) : NULL;
}

int
feed_parse(const void *body, size_t n, const struct feed_source *src,
    const struct feed_limits *lim, struct feed_doc *out, struct err *e)
{
	static const struct feed_source nowhere;
	struct feed_build build = {.doc = out};
	struct feed_text text;
	int rc;

	memset(out, 0, sizeof(*out));
	if (src == NULL)
		src = &nowhere;
	build.lim = lim != NULL ? lim : &feed_limits_default;
	feed_text_read(&text, body, n, src->content_type);
	out->encoding = xstrdup(text.encoding);
	out->well_formed = true;
	if (text.wrong)
		feed_problem(out, &text, NULL,
		    "bytes that the declared encoding does not allow");
	rc = is_json(&text) ? feed_json_parse(&text, src, &build, e)
			    : feed_xml_parse(&text, src, &build, e);
	if (rc != 0 && out->nitems == 0 && !is_json(&text))
		rc = feed_json_inside(&text, src, &build, e);
	if (rc == 0 && text.control)
		feed_problem(out, &text, NULL, "control characters");
	if (rc == 0 && !is_json(&text))
		check_type(out, &text, src->content_type);
	if (out->lang == NULL && src->content_language != NULL)
		out->lang = header_lang(src->content_language);
	for (size_t i = 0; out->lang != NULL && i < out->nitems; i++)
		if (out->items[i].lang == NULL)
			out->items[i].lang = xstrdup(out->lang);
	if (rc != 0)
		err_set(e, rc, "this is no feed: %s", looks_like(&text));
	feed_text_free(&text);
	return rc;
}

void
feed_doc_clear(struct feed_doc *d)
{
	for (size_t i = 0; i < d->nitems; i++)
		item_clear(&d->items[i]);
	free(d->items);
	free(d->format);
	free(d->encoding);
	free(d->title);
	free(d->link);
	free(d->lang);
	free(d->problem);
	free(d->next_url);
	free(d->self_url);
	free(d->hub);
	for (size_t i = 0; i < d->ngone; i++)
		free(d->gone[i]);
	free(d->gone);
	for (size_t i = 0; i < d->nmore; i++)
		free(d->more[i]);
	free(d->more);
	memset(d, 0, sizeof(*d));
}

/* Hands a string over from *from, so that it is freed once. */
static char *
move(char **from)
{
	char *s = *from;

	*from = NULL;
	return s;
}

static void
page_item(struct feed_html *h, const struct feed_source *src, struct item *out)
{
	out->title = move(&h->title);
	out->text = move(&h->text);
	out->author = move(&h->author);
	out->lang = move(&h->lang);
	out->summary = move(&h->description);
	out->published_raw = move(&h->date);
	out->published = feed_date(out->published_raw);
	if (out->published_raw != NULL && out->published == CLOCK_NONE)
		out->flags |= ITEM_DATE_UNREAD;
	if (feed_url_is_web(src->url))
		out->url = xstrdup(src->url);
	else if (feed_url_is_web(h->canonical))
		out->url = move(&h->canonical);
	out->links = h->links.v;
	out->nlinks = h->links.n;
	h->links.v = NULL;
	h->links.n = 0;
	if (h->hidden)
		out->flags |= ITEM_HIDDEN_TEXT;
	if (h->truncated)
		out->flags |= ITEM_TRUNCATED;
}

void
feed_page(const void *body, size_t n, const struct feed_source *src,
    const struct feed_limits *lim, struct item *out)
{
	static const struct feed_source nowhere;
	struct feed_html_opt opt = {.max_text = lim->max_text, .page = true};
	struct html_media media = {0};
	size_t room = FEED_LINKS_BYTES;
	struct feed_text text;
	struct feed_html h;
	uint8_t sum[DIGEST_LEN];
	char hex[DIGEST_HEX];

	if (src == NULL)
		src = &nowhere;
	opt.base = src->url;
	if (lim->media)
		opt.media = &media;
	item_init(out);
	feed_text_read(&text, body, n, src->content_type);
	feed_html_text(text.p, text.n, &opt, &h);
	page_item(&h, src, out);
	if (text.wrong)
		out->flags |= ITEM_REPAIRED;
	out->flags |= ITEM_MADE_ID;
	if (out->url != NULL) {
		out->id = xstrdup(out->url);
	} else {
		item_digest(out, sum);
		out->id = xasprintf("sha256:%s", digest_hex(sum, DIGEST_LEN, hex));
	}
	if (!html_media_give(&media, out, &room))
		out->flags |= ITEM_TRUNCATED;
	feed_html_clear(&h);
	feed_text_free(&text);
}
