/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch_list: POLL_LIST in, POLLED out: lists of the configuration and their
 * signatures, asked for by the client of all feeds, under its rules of politeness and
 * with its guard, but within the list's own limits.  The bytes are not looked at here:
 * they go on as they are, in a memfd.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "fetch/same.h"
#include "role_fetch.h"

#define ACCEPT_LIST "text/plain, */*;q=0.8"
#define SIGNATURE_MAX (16u << 10) /* as plugin `lists' reads it */

/* A request on its way; owned by the client's callback. */
struct list_poll {
	struct fetch_role *role;
	uint32_t engine;
	uint64_t id;
	char *list, *etag, *last_modified, *body_hash;
	bool bare; /* it was asked for by https, and nobody signs it */
	size_t max;
};

static void
list_poll_free(struct list_poll *q)
{
	free(q->list);
	free(q->etag);
	free(q->last_modified);
	free(q->body_hash);
	free(q);
}

static void
say_take(struct msg_polled *p, uint8_t outcome, char *why)
{
	p->outcome = outcome;
	free(p->why);
	p->why = why;
}

static bool
is_plain(const char *url)
{
	return strncmp(url, "http:", 5) == 0;
}

/* Whoever sits on the way of one hop could have changed all that came. */
static bool
led_astray(const struct list_poll *q, const struct fetch_result *r)
{
	bool plain = is_plain(r->url);

	for (size_t i = 0; i < r->nhops; i++)
		plain = plain || is_plain(r->hops[i].url);
	return q->bare && plain;
}

/* A 200: its bytes, whole or not at all. */
static void
read_list(
    const struct list_poll *q, struct fetch_result *r, struct msg_polled *p, int *fd)
{
	const char *body = r->body.data != NULL ? r->body.data : "";
	char mark[SAME_HEX];
	struct err e = ERR_INIT;

	if (led_astray(q, r)) {
		say_take(p, POLLED_REFUSED,
		    xstrdup("led to plain http, and nobody signs the list"));
	} else if (r->truncated && r->body.len >= q->max) {
		say_take(p, POLLED_HTTP_ERROR,
		    xasprintf("is longer than %zu bytes", q->max));
	} else if (r->truncated) {
		p->outcome = POLLED_HTTP_ERROR;
	} else {
		*fd = file_memfd("list", body, r->body.len, &e);
		if (*fd < 0)
			say_take(p, POLLED_OWN_FAULT, xstrdup(e.text));
		else
			p->body_hash = xstrdup(same_mark(body, r->body.len, mark));
	}
}

static void
on_result(void *ctx, struct fetch_result *r)
{
	struct list_poll *q = ctx;
	struct msg m;

	if (q->role->ended) {
		list_poll_free(q);
		return;
	}
	msg_init(&m, MSG_POLLED);
	fetch_polled_begin(&m.polled, q->id, r);
	if (!fetch_polled_kept(
		&m.polled, r, &q->etag, &q->last_modified, &q->body_hash) &&
	    r->outcome == POLLED_OK)
		read_list(q, r, &m.polled, &m.fd);
	xmove(&m.polled.url, &r->url);
	log_debug("fetch", "list %s: %s%s%s", q->list, polled_name(m.polled.outcome),
	    m.polled.why != NULL ? ": " : "", m.polled.why != NULL ? m.polled.why : "");
	fetch_polled_send(q->role, q->engine, &m);
	list_poll_free(q);
}

/* What cannot be asked is answered all the same, so that the engine knows. */
static void
refuse(struct fetch_role *role, const struct msg *in, const char *why)
{
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.polled.id = in->poll.id;
	m.polled.outcome = POLLED_OWN_FAULT;
	m.polled.time = clock_now();
	m.polled.why = xstrdup(why);
	role_send(role->self, ROLE_ENGINE, in->from_index, &m);
}

void
fetch_list_msg(struct fetch_role *role, struct msg *m)
{
	struct msg_poll *in = &m->poll;
	const struct conf_blocklist *l = conf_blocklist_of(role->conf, in->list);
	bool signature;
	struct list_poll *q;

	if (l == NULL) {
		refuse(role, m, "there is no list of that name");
		return;
	}
	signature = l->signature_url != NULL && strcmp(in->url, l->signature_url) == 0;
	q = xcalloc(1, sizeof(*q));
	q->role = role;
	q->engine = m->from_index;
	q->id = in->id;
	q->bare = l->nsigners == 0 && !is_plain(in->url);
	q->max = signature ? SIGNATURE_MAX : l->max_bytes;
	fetch_client_get(role->client,
	    &(struct fetch_request){.url = in->url,
		.accept = ACCEPT_LIST,
		.etag = in->etag,
		.last_modified = in->last_modified,
		.known = in->body_hash,
		.max_body = q->max,
		.timeout = l->timeout,
		.allow = l->allow,
		.nallow = l->nallow},
	    on_result, q);
	xmove(&q->list, &in->list);
	xmove(&q->etag, &in->etag);
	xmove(&q->last_modified, &in->last_modified);
	xmove(&q->body_hash, &in->body_hash);
}
