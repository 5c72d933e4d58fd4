/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch: POLL in, POLLED out.  Glues the client of the fetch room to the readers
 * of the feed room, in a process that can write no file and run no program: it is the
 * only one that reads tenants' bytes raw.
 *
 * A poll in hand is a struct poll, owned by the client's callback.  Every poll gets
 * exactly one answer, unless the engine that asked is gone.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/conf.h"
#include "fetch/answer.h"
#include "fetch/client.h"
#include "ipc/role.h"
#include "ipc/trace.h"
#include "role_fetch.h"
#include "roles.h"

#define ACCEPT_MEDIA "image/jpeg, image/png, image/*;q=0.9, */*;q=0.5"
#define ACCEPT_PAGE "text/html, application/xhtml+xml;q=0.9, */*;q=0.8"
#define WORDS_MAX 500 /* characters of "why" */

struct poll {
	struct fetch_role *role;
	uint32_t engine; /* who asked */
	char *etag, *last_modified, *body_hash;
	char *tenant, *url;	  /* as asked, to find the feed's mapping */
	struct fetch_asked asked; /* ... borrowed */
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

/* --- the answer sent --- */

/* A copy of s (NULL stays NULL) that is no longer than words should be. */
static char *
words(const char *s)
{
	return s != NULL ? xstrndup(s, text_prefix(s, WORDS_MAX)) : NULL;
}

void
fetch_polled_say(struct msg_polled *p, uint8_t outcome, const char *why)
{
	p->outcome = outcome;
	free(p->why);
	p->why = words(why);
}

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

/* What no message holds: whoever waits for it would wait for ever. */
static void
send_failure(struct fetch_role *role, uint32_t engine, struct msg *m, char *url)
{
	log_err("fetch",
	    "%s: too much in one answer for a message: taken for a failure",
	    url != NULL ? url : "");
	m->polled.outcome = POLLED_HTTP_ERROR;
	m->polled.why = xstrdup("more in one answer than a message takes");
	m->polled.url = url;
	role_send(role->self, ROLE_ENGINE, engine, m);
}

void
fetch_polled_send(struct fetch_role *role, uint32_t engine, struct msg *m)
{
	struct msg failure;
	char *url = xstrdup(m->polled.url);

	msg_init(&failure, MSG_POLLED);
	failure.polled.id = m->polled.id;
	failure.polled.status = m->polled.status;
	failure.polled.time = m->polled.time;
	/* An engine that is gone asks again. */
	if (role_send(role->self, ROLE_ENGINE, engine, m) == TOSD_ELIMIT)
		send_failure(role, engine, &failure, url);
	else
		free(url);
}

static void
on_result(void *ctx, struct fetch_result *r)
{
	struct poll *q = ctx;
	struct fetch_role *role = q->role;
	struct msg m;
	struct msg_polled *p = &m.polled;

	if (role->ended) {
		poll_free(q);
		return;
	}
	msg_init(&m, MSG_POLLED);
	fetch_polled_begin(p, q->asked.id, r);
	if (!fetch_polled_kept(p, r, &q->etag, &q->last_modified, &q->body_hash) &&
	    (r->outcome == POLLED_OK ||
		(r->status == 200 && r->truncated && r->body.len > 0)))
		fetch_read(role, &q->asked, r, p);
	if (q->asked.kind == POLL_MEDIA)
		; /* bytes of media are not kept */
	else if (p->outcome != POLLED_UNCHANGED ||
		 (q->asked.kind == POLL_PAGE && !r->known))
		m.fd = fetch_capture_of(r); /* else nothing in it is new */
	xmove(&p->url, &r->url);
	log_debug("fetch", "%s: %s%s%s", p->url, polled_name(p->outcome),
	    p->why != NULL ? ": " : "", p->why != NULL ? p->why : "");
	fetch_polled_send(role, q->engine, &m);
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
	fetch_client_get(role->client, &req, on_result, q);
	xmove(&q->etag, &in->etag);
	xmove(&q->last_modified, &in->last_modified);
	xmove(&q->body_hash, &in->body_hash);
	xmove(&q->tenant, &in->tenant);
	xmove(&q->url, &in->url);
	q->asked = (struct fetch_asked){
	    .kind = in->kind, .id = in->id, .tenant = q->tenant, .url = q->url};
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
