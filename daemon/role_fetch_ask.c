/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch_ask: ASK in, ANSWERED out: questions to the model endpoints of the
 * configuration, and to no other address.  Each endpoint has a client of its own, whose
 * limits are the endpoint's: its answers take no place of tenants' hosts, and its
 * waiting is no politeness towards them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fetch/endpoint.h"
#include "role_fetch.h"

#define WORDS_MAX 500

struct fetch_endpoint {
	char *name;
	struct fetch_client *client;
};

struct fetch_asks {
	struct fetch_endpoint *v;
	size_t n;
};

/* A question on its way; owned by the client's callback. */
struct question {
	struct fetch_role *role;
	uint32_t engine;
	uint64_t id;
};

static struct fetch_client *
client_of(struct fetch_role *role, const struct conf_endpoint *p)
{
	struct fetch_asks *a = role->asks;
	struct conf_fetch conf;

	if (a == NULL)
		a = role->asks = xcalloc(1, sizeof(*a));
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].name, p->name) == 0)
			return a->v[i].client;
	fetch_endpoint_conf(&conf, &role->conf->fetch, p);
	a->v = xrealloc(a->v, (a->n + 1) * sizeof(*a->v));
	a->v[a->n].name = xstrdup(p->name);
	a->v[a->n].client = fetch_client_new(role_loop(role->self), &conf);
	return a->v[a->n++].client;
}

static void
put_why(struct msg_answered *p, const struct fetch_result *r)
{
	char *words = fetch_endpoint_words(r);
	struct buf b = {0};

	if (words[0] != '\0') {
		text_repair(&b, words, text_prefix(words, WORDS_MAX));
		p->why = buf_take(&b);
	}
	free(words);
}

static void
on_result(void *ctx, struct fetch_result *r)
{
	struct question *q = ctx;
	struct msg m;
	int rc;

	if (!q->role->ended) {
		msg_init(&m, MSG_ANSWERED);
		m.answered.id = q->id;
		m.answered.outcome = r->outcome;
		m.answered.status = r->status;
		m.answered.time = r->time;
		m.answered.took = r->took > 0 ? r->took : 0;
		m.answered.retry_after = r->retry_after;
		m.answered.sent = r->request.len > 0;
		m.answered.cut = r->truncated;
		put_why(&m.answered, r);
		m.answered.body = r->body;
		r->body = (struct buf){0};
		rc = role_send(q->role->self, ROLE_ENGINE, q->engine, &m);
		if (rc != 0 && rc != TOSD_ENOENT)
			log_err("fetch", "an answer of a model could not be sent: %s",
			    err_name(rc));
	}
	free(q);
}

/* What cannot be asked is answered all the same, so that the engine knows. */
static void
refuse(struct fetch_role *role, const struct msg *in, const char *why)
{
	struct msg m;

	msg_init(&m, MSG_ANSWERED);
	m.answered.id = in->ask.id;
	m.answered.outcome = POLLED_OWN_FAULT;
	m.answered.time = clock_now();
	m.answered.why = xstrdup(why);
	role_send(role->self, ROLE_ENGINE, in->from_index, &m);
}

void
fetch_ask_msg(struct fetch_role *role, struct msg *m)
{
	const struct conf_endpoint *p = conf_endpoint_of(role->conf, m->ask.endpoint);
	const struct buf *key = NULL;
	struct fetch_request req = {.accept = "application/json"};
	struct question *q;
	char *url;

	if (p == NULL) {
		refuse(role, m, "there is no endpoint of that name");
		return;
	}
	if (p->credential != NULL &&
	    (key = role_secret(role->self, p->credential)) == NULL) {
		refuse(role, m, "the key of the endpoint is not here");
		return;
	}
	url = fetch_endpoint_url(p, m->ask.kind);
	req.url = url;
	req.json = m->ask.body.data;
	req.bearer = key != NULL ? key->data : NULL;
	q = xcalloc(1, sizeof(*q));
	q->role = role;
	q->engine = m->from_index;
	q->id = m->ask.id;
	fetch_client_get(client_of(role, p), &req, on_result, q);
	free(url);
}

void
fetch_ask_abort(struct fetch_role *role, const char *why)
{
	for (size_t i = 0; role->asks != NULL && i < role->asks->n; i++)
		fetch_client_abort(role->asks->v[i].client, why);
}

void
fetch_ask_reconf(struct fetch_role *role)
{
	struct conf_fetch conf;

	for (size_t i = 0; role->asks != NULL && i < role->asks->n; i++) {
		struct fetch_endpoint *f = &role->asks->v[i];
		const struct conf_endpoint *p = conf_endpoint_of(role->conf, f->name);

		if (p == NULL)
			continue; /* nobody asks it any more */
		fetch_endpoint_conf(&conf, &role->conf->fetch, p);
		fetch_client_reconf(f->client, &conf);
	}
}

void
fetch_ask_free(struct fetch_role *role)
{
	struct fetch_asks *a = role->asks;

	if (a == NULL)
		return;
	fetch_ask_abort(role, "the end");
	for (size_t i = 0; i < a->n; i++) {
		fetch_client_free(&a->v[i].client);
		free(a->v[i].name);
	}
	free(a->v);
	free(a);
	role->asks = NULL;
}
