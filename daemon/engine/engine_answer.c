/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_answer: what came of a question to a model endpoint: an answer, which is kept
 * and put on record, or none, and then whose fault that is and when it is asked again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_ask.h"

/* A question that failed may be asked anew for another post after so long. */
#define FAILED_FOR CLOCK_DAY
/* Questions without an answer in a row, from which on it is not they that are odd. */
#define IN_A_ROW 3

/* --- endpoints --- */

/* Nobody asks it for that long. */
static void
pause_endpoint(
    struct engine *g, const char *name, int64_t wait, const char *why, int64_t now)
{
	struct engine_endpoint *p = engine_ask_endpoint(g, name);

	p->until = now + wait;
	if (!p->down)
		log_warn("ask", "endpoint %s gives no answers: %s; next try in %.1f s",
		    name, why, (double)wait / CLOCK_SEC);
	p->down = true;
}

static int64_t
back_off(const struct conf_endpoint *p, unsigned fails)
{
	int64_t wait = p->retry_min;

	for (unsigned i = 1; i < fails && wait < p->retry_max; i++)
		wait *= 2;
	return wait < p->retry_max ? wait : p->retry_max;
}

/* --- what fetch brings --- */

static bool
take_hand(struct engine *g, size_t i, struct engine_ask *out)
{
	*out = g->asks[i];
	g->asks[i] = g->asks[--g->nasks];
	return true;
}

static bool
find_hand(struct engine *g, const struct msg *m, struct engine_ask *out)
{
	for (size_t i = 0; i < g->nasks; i++)
		if (g->asks[i].id == m->answered.id &&
		    g->asks[i].fetcher == m->from_index)
			return take_hand(g, i, out);
	return false;
}

/* What the endpoint says that it took; 0: it does not say. */
static int64_t
tokens_of(const json_t *body)
{
	const json_t *n =
	    json_object_get(json_object_get(body, "usage"), "total_tokens");
	int64_t v = json_is_integer(n) ? json_integer_value(n) : 0;

	return v > 0 && v < INT32_MAX ? v : 0;
}

static void
record(struct engine *g, struct store_ask *a, int64_t took, int64_t now)
{
	struct vault_ref ref;
	char id[ID_TEXT], t[CLOCK_TEXT];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:i, s:i, s:I, s:I}",
	    "endpoint", a->endpoint, "protocol", ask_kind_name((uint8_t)a->kind),
	    "model", a->model, "prompt", a->prompt, "key", a->key, "status",
	    (int)a->status, "attempts", (int)a->attempts, "tokens",
	    (json_int_t)a->tokens, "took_ms", (json_int_t)took);
	char *rel = xasprintf(
	    "evidence/answers/%.7s/%s.json", clock_format(now, t), id_new(now, id));

	if (a->prompt == NULL)
		json_object_del(o, "prompt");
	engine_record_keep(
	    g, rel, a->answer.data != NULL ? a->answer.data : "", a->answer.len, &ref);
	engine_record_file(o, &ref);
	free(a->file);
	a->file = xstrdup(ref.path);
	a->entry = engine_record(g, "answer", o, NULL, now);
	free(rel);
}

static void
keep(struct engine *g, struct store_ask *a, struct msg_answered *m, const json_t *body,
    int64_t now)
{
	struct engine_endpoint *p = engine_ask_endpoint(g, a->endpoint);
	struct store_spent more = {.bytes = (int64_t)m->body.len};
	struct err e = ERR_INIT;

	a->state = ASK_ANSWERED;
	a->status = m->status;
	a->time = now;
	a->due = CLOCK_NONE;
	buf_free(&a->question);
	a->answer = m->body;
	m->body = (struct buf){0};
	more.tokens = a->tokens = tokens_of(body);
	engine_must(store_spent_add(g->store, a->endpoint, now / CLOCK_DAY, &more, &e),
	    0, "cannot count an answer", &e);
	engine_budget_charge(g, a->endpoint, a->payer, &more, now);
	record(g, a, m->took, now);
	engine_ask_put(g, a);
	g->answers++;
	if (p->down)
		log_info("ask", "endpoint %s answers again", a->endpoint);
	p->down = false;
	p->fails = 0;
	p->until = CLOCK_NONE;
	engine_ask_wake(g, a);
}

/* What an answer means that is none. */
enum blame {
	BLAME_ENDPOINT, /* it is set up wrongly or busy: the question is not to blame */
	BLAME_EITHER,	/* the question may be what it fails over */
	BLAME_OURS,
};

static const struct {
	int from, to;
	enum blame blame;
} statuses[] = {
    {300, 399, BLAME_ENDPOINT}, /* not followed: it would take the text elsewhere */
    {401, 401, BLAME_ENDPOINT},
    {403, 407, BLAME_ENDPOINT},
    {429, 429, BLAME_ENDPOINT},
    {503, 503, BLAME_ENDPOINT},
};

static enum blame
blame_of(const struct msg_answered *m)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (m->status >= statuses[i].from && m->status <= statuses[i].to)
			return statuses[i].blame;
	if (m->status != 0)
		return BLAME_EITHER;
	if (m->outcome == POLLED_OWN_FAULT)
		return BLAME_OURS;
	return m->sent ? BLAME_EITHER : BLAME_ENDPOINT;
}

/* Whether somebody who speaks the protocol wrote it.  What the model says in it is the
 * plugin's to judge; a page of a proxy is no answer, whatever its status. */
static bool
has_form(uint32_t kind, const json_t *body)
{
	return json_is_array(
	    json_object_get(body, kind == ASK_MODERATION ? "results" : "choices"));
}

/* It is about the question itself, and would be the same tomorrow. */
static bool
is_final(uint32_t kind, const struct msg_answered *m, const json_t *body)
{
	if (m->cut)
		return false;
	return m->status == 200
		   ? has_form(kind, body)
		   : m->status == 400 || m->status == 413 || m->status == 422;
}

static char *
words_of(const struct msg_answered *m)
{
	const char *why = m->why != NULL ? m->why : polled_name(m->outcome);

	if (m->status == 200 && !m->cut)
		return xstrdup("an answer that is not of its protocol");
	if (m->status == 200)
		return xasprintf("an answer that is too long, or broken off (%s)", why);
	return m->status != 0 ? xasprintf("HTTP status %d, %s", m->status, why)
			      : xstrdup(why);
}

/* How long this question is left alone. */
static int64_t
pause_of(const struct conf_endpoint *p, enum blame blame, unsigned fails,
    const struct store_ask *a, const struct msg_answered *m)
{
	if (p == NULL)
		return CLOCK_MIN;
	if (m->retry_after > 0)
		return m->retry_after < p->retry_max ? m->retry_after : p->retry_max;
	if (blame == BLAME_OURS)
		return p->retry_min;
	return back_off(p, blame == BLAME_EITHER ? a->attempts : fails);
}

/* One text over which an endpoint fails must not hold up all others: the endpoint
 * itself is left alone only when it says so, or fails over one after the other. */
static void
blame_endpoint(struct engine *g, const struct conf_endpoint *p, enum blame blame,
    int64_t wait, const char *what, int64_t now)
{
	unsigned fails = engine_ask_endpoint(g, p->name)->fails;

	if (blame == BLAME_ENDPOINT)
		pause_endpoint(g, p->name, wait, what, now);
	else if (blame == BLAME_EITHER && fails > IN_A_ROW)
		pause_endpoint(g, p->name, back_off(p, fails - IN_A_ROW), what, now);
}

static void
no_answer(struct engine *g, struct store_ask *a, const struct msg_answered *m,
    const struct conf_endpoint *p, int64_t now)
{
	struct engine_endpoint *ep = engine_ask_endpoint(g, a->endpoint);
	enum blame blame = blame_of(m);
	char *what = words_of(m), *why;
	int64_t wait;

	ep->fails += blame != BLAME_OURS;
	wait = pause_of(p, blame, ep->fails, a, m);
	if (blame != BLAME_EITHER && a->attempts > 0)
		a->attempts--;
	if (p != NULL)
		blame_endpoint(g, p, blame, wait, what, now);
	if (p == NULL || a->attempts >= p->attempts) {
		why = xasprintf("no answer of endpoint %s after %u tries: %s",
		    a->endpoint, a->attempts, what);
		engine_ask_fail(g, a, why, now + FAILED_FOR, now);
		free(why);
	} else {
		a->due = now + wait;
		free(a->why);
		a->why =
		    xasprintf("endpoint %s gives no answers: %s", a->endpoint, what);
		engine_ask_put(g, a);
	}
	free(what);
}

void
engine_answered(struct engine *g, struct msg *m, int64_t now)
{
	struct engine_ask hand;
	struct store_ask a;
	struct err e = ERR_INIT;
	json_t *body;

	if (!find_hand(g, m, &hand)) {
		log_warn("ask", "fetcher %u answers what nobody asked", m->from_index);
		return;
	}
	body = m->answered.body.len > 0
		   ? json_loadb(m->answered.body.data, m->answered.body.len, 0, NULL)
		   : NULL;
	if (engine_must(store_ask_get(g->store, hand.ask, &a, &e), TOSD_ENOENT,
		"cannot read a question", &e) == 0 &&
	    a.state == ASK_OPEN) {
		if (is_final(a.kind, &m->answered, body))
			keep(g, &a, &m->answered, body, now);
		else
			no_answer(g, &a, &m->answered,
			    conf_endpoint_of(g->conf, a.endpoint), now);
	}
	json_decref(body);
	store_ask_clear(&a);
	free(hand.endpoint);
}

/* The tries stay counted: a question may be what a fetcher dies of. */
void
engine_ask_fetch_down(struct engine *g, uint32_t index, int64_t now)
{
	for (size_t i = g->nasks; i > 0; i--) {
		struct msg_answered m = {.outcome = POLLED_TIMEOUT, .sent = true};
		struct engine_ask hand;
		struct store_ask a;
		struct err e = ERR_INIT;
		char why[] = "the fetcher died over it";

		if (g->asks[i - 1].fetcher != index)
			continue;
		take_hand(g, i - 1, &hand);
		m.why = why;
		if (engine_must(store_ask_get(g->store, hand.ask, &a, &e), TOSD_ENOENT,
			"cannot read a question", &e) == 0 &&
		    a.state == ASK_OPEN)
			no_answer(
			    g, &a, &m, conf_endpoint_of(g->conf, a.endpoint), now);
		store_ask_clear(&a);
		free(hand.endpoint);
	}
}
