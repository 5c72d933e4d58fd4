/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch_read: an answer read: a feed, a page or a medium, by the readers of the
 * feed and media rooms, into what POLLED says of it.  What a limit keeps out is said.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/feed.h"
#include "feed/url.h"
#include "fetch/answer.h"
#include "fetch/link.h"
#include "fetch/same.h"
#include "ipc/trace.h"
#include "media/media.h"
#include "role_fetch.h"

/* Room in a frame for everything of an answer that is not an item. */
#define FRAME_REST (1u << 20)

/* Nothing may vouch for this body later: not a 304, not an equal digest. */
static void
forget_validators(struct msg_polled *p)
{
	free(p->etag);
	free(p->last_modified);
	free(p->body_hash);
	p->etag = p->last_modified = p->body_hash = NULL;
}

/* At least the bytes that an item takes in a message. */
static size_t
wire_size(const struct item *it)
{
	const char *const strings[] = {it->id, it->url, it->title, it->author, it->text,
	    it->summary, it->lang, it->in_reply_to, it->published_raw, it->updated_raw};
	size_t n = 2 * ITEM_WIRE_MIN;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		n += strings[i] != NULL ? strlen(strings[i]) + 8 : 8;
	for (size_t i = 0; i < it->nlinks; i++)
		n += strlen(it->links[i]) + 8;
	for (size_t i = 0; i < it->nmedia; i++) {
		const struct item_media *m = &it->media[i];

		n += strlen(m->url) + 24 + (m->type != NULL ? strlen(m->type) : 0) +
		     (m->text != NULL ? strlen(m->text) : 0);
	}
	return n;
}

void
fetch_items_take(
    struct item **to, uint32_t *nto, bool *truncated, struct item *items, size_t n)
{
	size_t room = MSG_MAX - FRAME_REST, fit = 0, size;

	while (fit < n && (size = wire_size(&items[fit])) <= room) {
		room -= size;
		fit++;
	}
	*to = xcalloc(fit + 1, sizeof(**to));
	*nto = (uint32_t)fit;
	for (size_t i = 0; i < fit; i++) {
		(*to)[i] = items[i];
		item_init(&items[i]);
	}
	if (fit < n)
		*truncated = true;
}

struct feed_limits
fetch_limits(const struct fetch_role *role)
{
	struct feed_limits lim = feed_limits_default;

	lim.max_items = role->conf->fetch.max_items;
	lim.max_text = role->conf->fetch.max_text;
	lim.media = role->conf->policy.media;
	return lim;
}

/* The address of that relation in the answer's head, absolute; else what the document
 * said. */
static void
prefer_header(const struct fetch_result *r, const char *rel, char **value)
{
	char *ref = fetch_link(&r->head, rel), *url = NULL;

	if (ref != NULL)
		url = feed_url_join(r->url, ref, strlen(ref));
	free(ref);
	/* Bytes of a head need be no text, and the engine keeps and records these. */
	if (!feed_url_is_web(url) || !text_valid(url, strlen(url))) {
		free(url);
		return;
	}
	free(*value);
	*value = url;
}

static void
read_links(const struct fetch_result *r, struct msg_polled *p)
{
	prefer_header(r, "hub", &p->hub); /* so says WebSub, section 4 */
	prefer_header(r, "self", &p->self_url);
	if (p->next_url == NULL) /* as Mastodon's REST API has it */
		prefer_header(r, "next", &p->next_url);
}

/* Items, and whether all of them are here.  What a limit keeps out is not there for a
 * later 304 either: the whole is asked for until it can be read to its end. */
static void
read_items(struct msg_polled *p, struct feed_doc *doc, size_t max)
{
	char why[96];

	p->cut = p->truncated || doc->cut;
	if (doc->cut)
		snprintf(why, sizeof(why),
		    "more than fetch.max_items (%zu) in one answer: the rest was not "
		    "read",
		    max);
	fetch_items_take(&p->items, &p->nitems, &p->truncated, doc->items, doc->nitems);
	if (p->nitems < doc->nitems) {
		p->cut = true;
		snprintf(why, sizeof(why),
		    "more text than one message takes: %u of %zu items were read",
		    p->nitems, doc->nitems);
	}
	if (doc->cut || p->nitems < doc->nitems)
		fetch_polled_say(p, p->outcome, why);
	if (p->cut)
		forget_validators(p);
}

static void
read_feed(struct fetch_role *role, const struct fetch_result *r,
    const struct feed_source *src, struct msg_polled *p)
{
	struct feed_limits lim = fetch_limits(role);
	struct feed_doc doc;
	struct err e = ERR_INIT;
	bool broke_off = p->outcome != POLLED_OK;

	if (feed_parse(r->body.data, r->body.len, src, &lim, &doc, &e) != 0) {
		if (!broke_off)
			fetch_polled_say(p, POLLED_NOT_FEED, e.text);
		forget_validators(p);
	} else if (!broke_off || doc.nitems > 0) {
		/* What came before the transfer broke off counts. */
		p->outcome = POLLED_OK;
		xmove(&p->format, &doc.format);
		xmove(&p->title, &doc.title);
		xmove(&p->site, &doc.link);
		p->well_formed = doc.well_formed && !p->truncated;
		xmove(&p->next_url, &doc.next_url);
		xmove(&p->self_url, &doc.self_url);
		xmove(&p->hub, &doc.hub);
		read_links(r, p);
		p->skip_hours = doc.skip_hours;
		p->skip_days = doc.skip_days;
		p->gone = doc.gone;
		p->ngone = (uint32_t)doc.ngone;
		p->more = doc.more;
		p->nmore = (uint32_t)doc.nmore;
		doc.gone = doc.more = NULL;
		doc.ngone = doc.nmore = 0;
		p->ttl = doc.ttl_ms > 0 ? doc.ttl_ms : 0;
		if (p->why == NULL)
			fetch_polled_say(p, p->outcome, doc.problem);
		read_items(p, &doc, lim.max_items);
		p->truncated |= doc.truncated;
	}
	feed_doc_clear(&doc);
}

static void
read_page(struct fetch_role *role, const struct fetch_result *r,
    const struct feed_source *src, struct msg_polled *p)
{
	struct feed_limits lim = fetch_limits(role);

	if (p->outcome != POLLED_OK)
		return;
	if (p->truncated) {
		/* Whoever hides a post behind megabytes must not pass for having
		 * removed it. */
		fetch_polled_say(p, POLLED_HTTP_ERROR, "page beyond the limit");
		forget_validators(p);
		return;
	}
	p->items = xcalloc(1, sizeof(*p->items));
	p->nitems = 1;
	item_init(&p->items[0]);
	feed_page(r->body.data, r->body.len, src, &lim, &p->items[0]);
}

/* What the bytes are, under the address that was asked; the bytes themselves go. */
static void
read_media(struct fetch_role *role, const struct fetch_asked *q,
    const struct fetch_result *r, struct msg_polled *p)
{
	struct media m;
	struct item *it;

	if (p->outcome != POLLED_OK)
		return;
	if (p->truncated) {
		fetch_polled_say(p, POLLED_HTTP_ERROR, "larger than fetch.max_body");
		return;
	}
	media_hash(r->body.data != NULL ? r->body.data : "", r->body.len,
	    role->conf->policy.media_pixels, &m);
	p->items = xcalloc(1, sizeof(*p->items));
	p->nitems = 1;
	it = &p->items[0];
	item_init(it);
	it->id = xstrdup(q->url);
	item_add_media(it, q->url, NULL, NULL);
	item_media_hash(&it->media[0], m.sha256, m.md5[0] != '\0' ? m.md5 : NULL,
	    m.pdq[0] != '\0' ? m.pdq : NULL, m.quality,
	    m.why[0] != '\0' ? m.why : NULL);
}

/* The mapping of the feed, if it has one; *to is where it is put. */
static const struct feed_mapping *
mapping_of(
    const struct fetch_role *role, const struct fetch_asked *q, struct feed_mapping *to)
{
	const struct conf *c = role->conf;

	if (q->tenant == NULL || c->nmapped == 0)
		return NULL;
	return feed_mapping_of(conf_mapping_of(c, q->tenant, q->url), to);
}

static const char *
kind_name(uint8_t kind)
{
	return kind == POLL_MEDIA ? "medium" : kind == POLL_PAGE ? "page" : "feed";
}

void
fetch_read(struct fetch_role *role, const struct fetch_asked *q,
    const struct fetch_result *r, struct msg_polled *p)
{
	char mark[SAME_HEX];
	char *location = answer_header(&r->head, "Content-Location");
	char *language = answer_header(&r->head, "Content-Language");
	struct feed_mapping mapping;
	struct feed_source src = {.url = r->url,
	    .content_type = r->content_type,
	    .content_location = location,
	    .content_language = language,
	    .mapping = mapping_of(role, q, &mapping)};

	trace_at(role_trace(role->self), TRACE_READ, kind_name(q->kind), q->id);
	if (!p->truncated)
		p->body_hash = xstrdup(same_mark(
		    r->body.data != NULL ? r->body.data : "", r->body.len, mark));
	if (q->kind == POLL_MEDIA)
		read_media(role, q, r, p);
	else if (q->kind == POLL_PAGE)
		read_page(role, r, &src, p);
	else
		read_feed(role, r, &src, p);
	trace_idle(role_trace(role->self));
	free(location);
	free(language);
}
