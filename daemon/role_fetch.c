/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch: POLL in, POLLED out.  Glues the client of the fetch room to the readers
 * of the feed room, in a process that can write no file and run no program: it is the
 * only one that reads tenants' bytes raw.
 *
 * A poll in hand is a struct poll, owned by the client's callback.  Every poll gets
 * exactly one answer, unless the engine that asked is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/conf.h"
#include "feed/feed.h"
#include "feed/url.h"
#include "fetch/answer.h"
#include "fetch/client.h"
#include "fetch/link.h"
#include "fetch/same.h"
#include "ipc/role.h"
#include "ipc/trace.h"
#include "media/media.h"
#include "role_fetch.h"
#include "roles.h"

#define ACCEPT_MEDIA "image/jpeg, image/png, image/*;q=0.9, */*;q=0.5"
#define ACCEPT_PAGE "text/html, application/xhtml+xml;q=0.9, */*;q=0.8"
/* Room in a frame for everything of an answer that is not an item. */
#define FRAME_REST (1u << 20)
#define WORDS_MAX 500 /* characters of "why" */

struct poll {
	struct fetch_role *role;
	uint32_t engine; /* who asked */
	uint64_t id;
	uint8_t kind; /* enum poll_kind */
	char *etag, *last_modified, *body_hash;
	char *tenant, *url; /* as asked, to find the feed's mapping */
};

static void
poll_free(struct poll *p)
{
	free(p->etag);
	free(p->last_modified);
	free(p->body_hash);
	free(p->tenant);
	free(p->url);
	free(p);
}

/* --- an answer read --- */

/* A copy of s (NULL stays NULL) that is no longer than words should be. */
static char *
words(const char *s)
{
	return s != NULL ? xstrndup(s, text_prefix(s, WORDS_MAX)) : NULL;
}

static void
say(struct msg_polled *p, uint8_t outcome, const char *why)
{
	p->outcome = outcome;
	free(p->why);
	p->why = words(why);
}

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
		say(p, p->outcome, why);
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
			say(p, POLLED_NOT_FEED, e.text);
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
			p->why = words(doc.problem);
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
		say(p, POLLED_HTTP_ERROR, "page beyond the limit");
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
read_media(const struct poll *q, const struct fetch_result *r, struct msg_polled *p)
{
	struct media m;
	struct item *it;

	if (p->outcome != POLLED_OK)
		return;
	if (p->truncated) {
		say(p, POLLED_HTTP_ERROR, "larger than fetch.max_body");
		return;
	}
	media_hash(r->body.data != NULL ? r->body.data : "", r->body.len,
	    q->role->conf->policy.media_pixels, &m);
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
mapping_of(const struct poll *q, struct feed_mapping *to)
{
	const struct conf *c = q->role->conf;

	if (q->tenant == NULL || c->nmapped == 0)
		return NULL;
	return feed_mapping_of(conf_mapping_of(c, q->tenant, q->url), to);
}

static const char *
kind_name(uint8_t kind)
{
	return kind == POLL_MEDIA ? "medium" : kind == POLL_PAGE ? "page" : "feed";
}

/* A 200, or what there is of one.  Whoever finds us dead over it can say so. */
static void
read_body(const struct poll *q, const struct fetch_result *r, struct msg_polled *p)
{
	char mark[SAME_HEX];
	char *location = answer_header(&r->head, "Content-Location");
	char *language = answer_header(&r->head, "Content-Language");
	struct feed_mapping mapping;
	struct feed_source src = {.url = r->url,
	    .content_type = r->content_type,
	    .content_location = location,
	    .content_language = language,
	    .mapping = mapping_of(q, &mapping)};

	trace_at(role_trace(q->role->self), TRACE_READ, kind_name(q->kind), q->id);
	if (!p->truncated)
		p->body_hash = xstrdup(same_mark(
		    r->body.data != NULL ? r->body.data : "", r->body.len, mark));
	if (q->kind == POLL_MEDIA)
		read_media(q, r, p);
	else if (q->kind == POLL_PAGE)
		read_page(q->role, r, &src, p);
	else
		read_feed(q->role, r, &src, p);
	trace_idle(role_trace(q->role->self));
	free(location);
	free(language);
}

/* --- the answer sent --- */

void
fetch_polled_begin(struct msg_polled *p, uint64_t id, struct fetch_result *r)
{
	p->id = id;
	p->outcome = r->outcome;
	p->status = r->status;
	p->time = r->time;
	p->hint = r->hint;
	p->retry_after = r->retry_after;
	p->truncated = r->truncated;
	p->young = answer_young(&r->head);
	p->why = words(r->why);
	xmove(&p->moved, &r->moved);
	xmove(&p->etag, &r->etag);
	xmove(&p->last_modified, &r->last_modified);
}

bool
fetch_polled_kept(struct msg_polled *p, const struct fetch_result *r, char **etag,
    char **last_modified, char **body_hash)
{
	if (r->outcome == POLLED_OK && r->known) {
		p->outcome = POLLED_UNCHANGED;
	} else if (r->outcome != POLLED_UNCHANGED) {
		return false;
	} else { /* a 304 need not repeat what still holds */
		if (p->etag == NULL)
			xmove(&p->etag, etag);
		if (p->last_modified == NULL)
			xmove(&p->last_modified, last_modified);
	}
	xmove(&p->body_hash, body_hash);
	return true;
}

static void
on_result(void *ctx, struct fetch_result *r)
{
	struct poll *q = ctx;
	struct fetch_role *role = q->role;
	struct msg m;
	struct msg_polled *p = &m.polled;
	int rc;

	if (role->ended) {
		poll_free(q);
		return;
	}
	msg_init(&m, MSG_POLLED);
	fetch_polled_begin(p, q->id, r);
	if (!fetch_polled_kept(p, r, &q->etag, &q->last_modified, &q->body_hash) &&
	    (r->outcome == POLLED_OK ||
		(r->status == 200 && r->truncated && r->body.len > 0)))
		read_body(q, r, p);
	if (q->kind == POLL_MEDIA)
		; /* bytes of media are not kept */
	else if (p->outcome != POLLED_UNCHANGED || (q->kind == POLL_PAGE && !r->known))
		m.fd = fetch_capture_of(r); /* else nothing in it is new */
	xmove(&p->url, &r->url);
	log_debug("fetch", "%s: %s%s%s", p->url, polled_name(p->outcome),
	    p->why != NULL ? ": " : "", p->why != NULL ? p->why : "");
	rc = role_send(role->self, ROLE_ENGINE, q->engine, &m);
	if (rc != 0 && rc != TOSD_ENOENT) /* an engine that is gone asks again */
		log_err("fetch", "an answer could not be sent: %s", err_name(rc));
	poll_free(q);
}

/* --- the role --- */

static void
on_poll(struct fetch_role *role, struct msg *m)
{
	struct msg_poll *in = &m->poll;
	const struct conf_tenant *t = NULL;
	struct fetch_request req = {.url = in->url,
	    .etag = in->etag,
	    .last_modified = in->last_modified,
	    .known = in->body_hash};
	struct poll *q = xcalloc(1, sizeof(*q));

	if (in->tenant != NULL)
		t = conf_tenant_by_key(role->conf, in->tenant);
	if (t != NULL) {
		req.allow = t->allow;
		req.nallow = t->nallow;
	}
	if (in->kind == POLL_PAGE)
		req.accept = ACCEPT_PAGE;
	else if (in->kind == POLL_MEDIA)
		req.accept = ACCEPT_MEDIA;
	if (in->second) { /* what would others get? */
		req.second = true;
		req.etag = req.last_modified = NULL;
	}
	q->role = role;
	q->engine = m->from_index;
	q->id = in->id;
	q->kind = in->kind;
	fetch_client_get(role->client, &req, on_result, q);
	xmove(&q->etag, &in->etag);
	xmove(&q->last_modified, &in->last_modified);
	xmove(&q->body_hash, &in->body_hash);
	xmove(&q->tenant, &in->tenant);
	xmove(&q->url, &in->url);
}

static void
on_msg(void *ctx, struct msg *m)
{
	struct fetch_role *role = ctx;

	if (m->type == MSG_POLL && m->poll.kind == POLL_LIST)
		fetch_list_msg(role, m);
	else if (m->type == MSG_POLL)
		on_poll(role, m);
	else if (m->type == MSG_STREAM && !role->stopping)
		fetch_live_msg(role, m);
	else if (m->type == MSG_SUBSCRIBE && !role->stopping)
		fetch_hub_msg(role, m);
	else if (m->type == MSG_TAKEN)
		fetch_hub_taken(role, m);
	else if (m->type == MSG_ASK)
		fetch_ask_msg(role, m);
	if (role->stopping) { /* answered at once, so that the engine knows */
		fetch_client_abort(role->client, "the fetcher is being stopped");
		fetch_ask_abort(role, "the fetcher is being stopped");
	}
}

static void
on_peer_up(void *ctx, enum role role, uint32_t index)
{
	struct fetch_role *r = ctx;
	struct msg m;

	if (role != ROLE_ENGINE)
		return;
	msg_init(&m, MSG_TRACE);
	m.fd = trace_fd(role_trace(r->self));
	if (m.fd < 0)
		msg_clear(&m);
	else if (role_send(r->self, role, index, &m) != 0)
		log_warn("fetch", "the engine could not be told what is in hand");
}

static void
on_peer_down(void *ctx, enum role role, uint32_t index)
{
	struct fetch_role *r = ctx;

	(void)index;
	if (role != ROLE_ENGINE)
		return;
	fetch_live_end(r);
	fetch_hub_forget(r);
	/* the next engine counts its polls anew */
	fetch_client_abort(r->client, "the engine is gone");
	fetch_ask_abort(r, "the engine is gone");
}

/* Asks under a name that tells a tenant whom to turn to.  To be freed. */
static char *
user_agent(const struct conf *c)
{
	if (c->fetch.user_agent != NULL)
		return xstrdup(c->fetch.user_agent);
	return xasprintf("tosd/" PACKAGE_VERSION " (+mailto:%s)", c->provider.mailbox);
}

static int
start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	struct fetch_role *r = xcalloc(1, sizeof(*r));
	struct conf_fetch fetch;
	char *agent;
	int rc;

	r->self = self;
	role_set_ctx(self, r);
	rc = conf_of_role(sources, &r->conf, e);
	if (rc != 0)
		return rc;
	conf_lean(r->conf, CONF_TENANTS_RANGES);
	fetch = r->conf->fetch;
	fetch.user_agent = agent = user_agent(r->conf);
	r->client = fetch_client_new(role_loop(self), &fetch);
	free(agent);
	r->streams = fetch_streams_new(role_loop(self), r->client, &r->conf->fetch);
	profile_of_role(ROLE_FETCH, r->conf, profile);
	rc = fetch_hub_start(r, e);
	if (r->hub != NULL)
		profile->may |= SANDBOX_MAY_ACCEPT;
	return rc;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_listener(const struct conf_fetch *a, const struct conf_fetch *b)
{
	return same_text(a->push_listen, b->push_listen) &&
	       a->push_connections == b->push_connections &&
	       a->push_address_connections == b->push_address_connections &&
	       a->push_max_header == b->push_max_header &&
	       a->push_max_body == b->push_max_body &&
	       a->push_timeout == b->push_timeout;
}

static int
reconf(void *ctx, const struct buf *sources, struct err *e)
{
	struct fetch_role *r = ctx;
	struct conf *conf = NULL, *old;
	struct conf_fetch fetch;
	int rc = conf_of_role(sources, &conf, e);
	char *agent;

	if (rc != 0)
		return rc;
	if (strcmp(conf->fetch.ca_file, r->conf->fetch.ca_file) != 0) {
		/* The sandbox lets us read the old one only: start anew. */
		conf_free(&conf);
		return err_set(e, TOSD_ESTATE, "fetch.ca_file has changed");
	}
	conf_lean(conf, CONF_TENANTS_RANGES);
	if (!same_listener(&conf->fetch, &r->conf->fetch)) {
		conf_free(&conf);
		return err_set(
		    e, TOSD_ESTATE, "fetch.push_listen or its limits have changed");
	}
	fetch = conf->fetch;
	fetch.user_agent = agent = user_agent(conf);
	fetch_client_reconf(r->client, &fetch);
	fetch_streams_reconf(r->streams, &fetch);
	free(agent);
	old = r->conf;
	r->conf = conf;
	fetch_live_reconf(r);
	fetch_ask_reconf(r);
	conf_free(&old);
	return 0;
}

static void
stop(void *ctx)
{
	struct fetch_role *r = ctx;

	r->stopping = true;
	fetch_live_end(r);
	fetch_client_abort(r->client, "the fetcher is being stopped");
	fetch_ask_abort(r, "the fetcher is being stopped");
	role_exit(r->self);
}

static void
release(void *ctx)
{
	struct fetch_role *r = ctx;

	r->ended = true;
	fetch_hub_free(r);
	fetch_ask_free(r);
	fetch_live_end(r);
	if (r->client != NULL)
		fetch_client_abort(r->client, "the end");
	fetch_streams_free(&r->streams);
	fetch_client_free(&r->client);
	conf_free(&r->conf);
	free(r);
}

int
role_fetch_main(void)
{
	static const struct role_ops ops = {
	    .role = ROLE_FETCH,
	    .start = start,
	    .reconf = reconf,
	    .msg = on_msg,
	    .peer_up = on_peer_up,
	    .peer_down = on_peer_down,
	    .traced = true,
	    .stop = stop,
	    .free = release,
	};

	return role_main(&ops);
}
