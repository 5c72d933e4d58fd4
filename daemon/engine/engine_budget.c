/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_budget: what may be asked of a model endpoint in a day (UTC), and how much of
 * it on account of one tenant: tenant_share of each part, and no less than if all
 * tenants had equal ones.  A question is charged to the tenant over whose post it was
 * first asked, when it is taken up; whoever has the same text then asks for nothing.
 * So is each further try after the question itself may have been what failed.  A try
 * that the endpoint turned away before that (busy, set up wrongly, not reached) is a
 * request of its day, which bounds all that is sent, and on nobody's share: a tenant
 * does not pay for an endpoint's bad day.
 *
 * Each question has a turn, its number within the tenant's day: those who ask little
 * need not wait behind those who ask much.
 *
 * Whoever's share is spent is told so (degraded), and so is the count of what was not
 * asked; but a question that somebody else pays for is there for them as well.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_ask.h"
#include "engine/engine_json.h"

/* More than anybody asks in a day: turns of a later day come later. */
#define TURNS ((int64_t)1000000000)

/* In words which part of the day's budget is used up; NULL: there is some left. */
char *
engine_budget_spent(struct engine *g, const struct conf_endpoint *p, int64_t now)
{
	struct store_spent s;

	store_spent_get(g->store, p->name, now / CLOCK_DAY, &s);
	if (s.requests >= (int64_t)p->day_requests)
		return xasprintf(
		    "the day's budget of endpoint %s is spent: %zu requests", p->name,
		    p->day_requests);
	if (s.bytes >= (int64_t)p->day_bytes)
		return xasprintf("the day's budget of endpoint %s is spent: %zu bytes",
		    p->name, p->day_bytes);
	if (p->day_tokens > 0 && s.tokens >= (int64_t)p->day_tokens)
		return xasprintf("the day's budget of endpoint %s is spent: %zu tokens",
		    p->name, p->day_tokens);
	return NULL;
}

/* Once a day: what it means for each post is said there. */
void
engine_budget_say(struct engine *g, const char *endpoint, const char *why, int64_t now)
{
	struct engine_endpoint *p = engine_ask_endpoint(g, endpoint);

	if (p->spent_day != now / CLOCK_DAY)
		log_warn(
		    "ask", "%s; posts that would be asked about are degraded", why);
	p->spent_day = now / CLOCK_DAY;
}

/* --- shares --- */

/* Of so much, one tenant's part; at least 1. */
static int64_t
part_of(const struct engine *g, const struct conf_endpoint *p, size_t all)
{
	double even = g->conf->ntenants > 0 ? 1.0 / (double)g->conf->ntenants : 1;
	double share = p->tenant_share > even ? p->tenant_share : even;
	int64_t n = (int64_t)((double)all * share);

	return n > 0 ? n : 1;
}

/* As engine_budget_spent(). */
static char *
share_spent(
    struct engine *g, const struct conf_endpoint *p, const struct store_share *s)
{
	const struct {
		int64_t spent;
		size_t all;
		const char *what;
	} parts[] = {
	    {s->spent.requests, p->day_requests, "requests"},
	    {s->spent.bytes, p->day_bytes, "bytes"},
	    {s->spent.tokens, p->day_tokens, "tokens"},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int64_t part = part_of(g, p, parts[i].all);

		/* Where all of it is the tenant's, the budget itself says when it ends.
		 */
		if (parts[i].all > 0 && part < (int64_t)parts[i].all &&
		    parts[i].spent >= part)
			return xasprintf("the tenant's share of the day's budget of "
					 "endpoint %s is spent: %lld of %zu %s",
			    p->name, (long long)part, parts[i].all, parts[i].what);
	}
	return NULL;
}

void
engine_budget_charge(struct engine *g, const char *endpoint, const char *tenant,
    const struct store_spent *more, int64_t now)
{
	struct store_share s = {.endpoint = (char *)(uintptr_t)endpoint,
	    .day = now / CLOCK_DAY,
	    .spent = *more};
	struct store_at at = engine_at(g, tenant);
	struct err e = ERR_INIT;

	if (tenant[0] == '\0')
		return; /* asked before there were shares */
	snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
	engine_must(store_share_add(g->store, &at, &s, &e), 0,
	    "cannot count what a tenant's posts cost", &e);
}

static void
refuse(struct engine *g, const struct conf_endpoint *p, const struct store_share *s,
    const char *why)
{
	struct store_share more = {
	    .endpoint = (char *)(uintptr_t)p->name, .day = s->day, .refused = 1};
	struct store_at at = engine_at(g, s->tenant);
	struct err e = ERR_INIT;

	memcpy(more.tenant, s->tenant, sizeof(more.tenant));
	engine_must(store_share_add(g->store, &at, &more, &e), 0,
	    "cannot count what was not asked", &e);
	g->asks_refused++;
	if (s->refused == 0)
		log_warn("ask",
		    "tenant %s: %s; its posts that would be asked about are degraded",
		    s->tenant, why);
}

bool
engine_budget_take(struct engine *g, const struct conf_endpoint *p, const char *tenant,
    size_t bytes, int64_t *turn, char **why, int64_t now)
{
	struct store_spent more = {.requests = 1, .bytes = (int64_t)bytes};
	struct store_share s;
	char *spent;

	store_share_get(g->store, p->name, now / CLOCK_DAY, tenant, &s);
	spent = share_spent(g, p, &s);
	if (spent != NULL) {
		refuse(g, p, &s, spent);
		free(*why);
		*why = spent;
		return false;
	}
	*turn = s.day * TURNS + s.spent.requests;
	engine_budget_charge(g, p->name, tenant, &more, now);
	return true;
}

/* --- tosctl endpoints --- */

struct listing {
	struct engine *g;
	const struct conf_endpoint *p;
	json_t *rows;
	int64_t now;
};

static json_t *
row_of(const struct listing *l, const struct store_spent *s, int64_t requests,
    int64_t bytes, int64_t tokens)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "endpoint", l->p->name,
	    "requests", (json_int_t)s->requests, "of_requests", (json_int_t)requests,
	    "bytes", (json_int_t)s->bytes, "of_bytes", (json_int_t)bytes, "tokens",
	    (json_int_t)s->tokens, "of_tokens", (json_int_t)tokens);
}

static int
list_share(void *ctx, const struct store_share *s)
{
	struct listing *l = ctx;
	const struct conf_endpoint *p = l->p;
	const struct conf_tenant *t = conf_tenant_by_key(l->g->conf, s->tenant);
	json_t *o = row_of(l, &s->spent, part_of(l->g, p, p->day_requests),
	    part_of(l->g, p, p->day_bytes),
	    p->day_tokens > 0 ? part_of(l->g, p, p->day_tokens) : 0);

	json_set_text(o, "tenant", t != NULL ? t->id : s->tenant);
	json_object_set_new(o, "refused", json_integer((json_int_t)s->refused));
	json_array_append_new(l->rows, o);
	return 0;
}

int
engine_budget_list(struct engine_call *k, struct err *e)
{
	struct listing l = {.g = k->g, .rows = json_array(), .now = k->now};
	int rc = 0;

	(void)e;
	json_object_set_new(k->reply, "rows", l.rows);
	for (size_t i = 0; rc == 0 && i < k->g->conf->policy.nendpoints; i++) {
		struct store_spent s;
		json_t *o;

		l.p = &k->g->conf->policy.endpoints[i];
		store_spent_get(k->g->store, l.p->name, k->now / CLOCK_DAY, &s);
		o = row_of(&l, &s, (int64_t)l.p->day_requests, (int64_t)l.p->day_bytes,
		    (int64_t)l.p->day_tokens);
		json_object_set_new(o, "down",
		    json_boolean(engine_ask_endpoint(k->g, l.p->name)->down));
		json_array_append_new(l.rows, o);
		rc = store_share_each(
		    k->g->store, l.p->name, k->now / CLOCK_DAY, list_share, &l);
	}
	return rc;
}
