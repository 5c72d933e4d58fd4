/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_ask: questions of plugins to model endpoints, from the moment a worker brings
 * them until the answer is kept.
 *
 * A question is known by its key, which is made of all that is sent, and asked once,
 * whoever it is about: the row of the store is the cache.  An answer is handed out for
 * answers_for, then its row is put aside (what rests on it still refers to it) and the
 * question asked anew.  It is counted against the day's budget and marked as under way
 * in the transaction after which it leaves, so that a crash asks at most once more and
 * never for free.  The answer goes into the vault, the ledger (`answer') and its row;
 * then the revisions that wait for it are inspected again, with the answer at hand,
 * through the rows of engine_retry.c.  What cannot be answered (attempts or budget used
 * up) ends in a `degraded' that says so: never as clean.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_ask.h"

#define SWEEP_BATCH 4096 /* answers put aside in an hour */
#define SHARES_FOR 30	 /* days for which it is kept what each tenant's posts cost */
#define ANSWERS_MAX 32	 /* handed over with one revision: the newest */

/* --- endpoints --- */

/* What is known of an endpoint while we run. */
struct engine_endpoint *
engine_ask_endpoint(struct engine *g, const char *name)
{
	struct engine_endpoint *p;

	for (size_t i = 0; i < g->nendpoints; i++)
		if (strcmp(g->endpoints[i].name, name) == 0)
			return &g->endpoints[i];
	g->endpoints =
	    xrealloc(g->endpoints, (g->nendpoints + 1) * sizeof(*g->endpoints));
	p = &g->endpoints[g->nendpoints++];
	memset(p, 0, sizeof(*p));
	p->name = xstrdup(name);
	p->until = CLOCK_NONE;
	return p;
}

/* --- rows --- */

void
engine_ask_put(struct engine *g, struct store_ask *a)
{
	struct err e = ERR_INIT;

	engine_must(store_ask_put(g->store, a, &e), 0, "cannot keep a question", &e);
}

static int
wake_one(void *ctx, int64_t revision, const char *tenant)
{
	engine_retry_wake(ctx, revision, tenant);
	return 0;
}

/* Whoever waits for it is inspected again. */
void
engine_ask_wake(struct engine *g, const struct store_ask *a)
{
	engine_walk(store_ask_waiting(g->store, a->id, wake_one, g));
}

void
engine_ask_fail(
    struct engine *g, struct store_ask *a, const char *why, int64_t again, int64_t now)
{
	a->state = ASK_FAILED;
	a->time = now;
	a->due = again;
	free(a->why);
	a->why = xstrdup(why);
	buf_free(&a->question);
	engine_ask_put(g, a);
	g->asks_failed++;
	log_debug(
	    "ask", "question %lld stays without an answer: %s", (long long)a->id, why);
	engine_ask_wake(g, a);
}

static int64_t
next_day(int64_t now)
{
	return (now / CLOCK_DAY + 1) * CLOCK_DAY;
}

/* --- what a worker brings --- */

static void
reopen(struct engine *g, struct store_ask *a, const struct msg_question *q,
    const char *tenant, int64_t now)
{
	snprintf(a->payer, sizeof(a->payer), "%s", tenant);
	a->state = ASK_OPEN;
	a->attempts = 0;
	a->due = now;
	a->time = CLOCK_NONE;
	free(a->why);
	a->why = NULL;
	buf_free(&a->question);
	buf_put(&a->question, q->body.data, q->body.len);
	engine_ask_put(g, a);
}

static void
new_row(const struct msg_question *q, const char *key, int64_t now, struct store_ask *a)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->key, key, sizeof(a->key));
	a->endpoint = xstrdup(q->endpoint);
	a->kind = q->kind;
	a->model = xstrdup(q->model);
	a->prompt = xstrdup(q->prompt);
	a->since = now;
	a->entry = -1;
}

static bool
is_stale(const struct conf_endpoint *p, const struct store_ask *a, int64_t now)
{
	return p != NULL && a->state == ASK_ANSWERED && now - a->time >= p->answers_for;
}

/* The row of a question as far as it is of use now; false: there is none. */
static bool
find_row(struct engine *g, const struct conf_endpoint *p, const char *key, int64_t now,
    struct store_ask *a)
{
	struct err e = ERR_INIT;

	if (engine_must(store_ask_by_key(g->store, key, a, &e), TOSD_ENOENT,
		"cannot look for a question", &e) != 0)
		return false;
	if (!is_stale(p, a, now))
		return true;
	engine_must(store_ask_expire(g->store, a->id, &e), 0,
	    "cannot put an old answer aside", &e);
	store_ask_clear(a);
	return false;
}

/* How it stands with a question of which there is a row. */
static enum engine_stand
stand_of(const struct store_ask *a, char **why)
{
	if (a->state == ASK_ANSWERED)
		return STAND_READY;
	if (a->why != NULL && (*why == NULL || a->state == ASK_FAILED)) {
		free(*why);
		*why = xstrdup(a->why);
	}
	return a->state == ASK_FAILED ? STAND_OVER : STAND_WAIT;
}

/* One question about a revision. */
static enum engine_stand
want(struct engine *g, const struct store_revision *r, const struct msg_question *q,
    char **why, int64_t now)
{
	const struct conf_endpoint *p = conf_endpoint_of(g->conf, q->endpoint);
	enum engine_stand stand = STAND_OVER;
	struct store_ask a;
	struct err e = ERR_INIT;
	char key[DIGEST_HEX];
	bool known, anew;

	if (p == NULL) {
		free(*why);
		*why = xasprintf("no endpoint `%s' is configured", q->endpoint);
		return STAND_OVER;
	}
	msg_question_key(q->endpoint, q->kind, q->body.data, q->body.len, key);
	known = find_row(g, p, key, now, &a);
	anew = !known || (a.state == ASK_FAILED && now >= a.due);
	if (!known)
		new_row(q, key, now, &a);
	if (!anew ||
	    engine_budget_take(g, p, r->tenant, q->body.len, &a.turn, why, now)) {
		if (anew)
			reopen(g, &a, q, r->tenant, now);
		engine_must(store_ask_link(g->store, a.id, r->id, &e), 0,
		    "cannot note what a question is about", &e);
		stand = stand_of(&a, why);
	}
	store_ask_clear(&a);
	return stand;
}

enum engine_stand
engine_ask_want(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, const char *plugin, char **why, int64_t now)
{
	enum engine_stand all = STAND_NONE;

	*why = NULL;
	for (uint32_t i = 0; i < j->nquestions && all != STAND_OVER; i++) {
		enum engine_stand one;

		if (strcmp(j->questions[i].plugin, plugin) != 0)
			continue;
		one = want(g, r, &j->questions[i], why, now);
		all = one > all ? one : all;
	}
	return all;
}

/* --- to fetch --- */

static size_t
in_hand(const struct engine *g, const char *endpoint)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nasks; i++)
		n += strcmp(g->asks[i].endpoint, endpoint) == 0;
	return n;
}

static void
hand_over(struct engine *g, const struct conf_endpoint *p, struct store_ask *a)
{
	struct msg m;

	g->asks = xrealloc(g->asks, (g->nasks + 1) * sizeof(*g->asks));
	g->asks[g->nasks] = (struct engine_ask){.id = ++g->next_ask_id,
	    .ask = a->id,
	    .endpoint = xstrdup(p->name),
	    .fetcher = engine_poll_fetcher(g, p->url)};
	msg_init(&m, MSG_ASK);
	m.ask.id = g->asks[g->nasks].id;
	m.ask.endpoint = xstrdup(p->name);
	m.ask.kind = (uint8_t)a->kind;
	buf_put(&m.ask.body, a->question.data, a->question.len);
	engine_emit(g, ROLE_FETCH, g->asks[g->nasks].fetcher, &m);
	g->nasks++;
}

struct send_to {
	struct engine *g;
	const struct conf_endpoint *p;
	int64_t now;
};

static int
send_one(void *ctx, const struct store_ask *row)
{
	struct send_to *to = ctx;
	struct engine *g = to->g;
	struct store_spent more = {.requests = 1, .bytes = (int64_t)row->question.len};
	char *spent = engine_budget_spent(g, to->p, to->now);
	struct store_ask a;
	struct err e = ERR_INIT;

	engine_must(
	    store_ask_get(g->store, row->id, &a, &e), 0, "cannot read a question", &e);
	if (spent != NULL) {
		engine_budget_say(g, to->p->name, spent, to->now);
		engine_ask_fail(g, &a, spent, next_day(to->now), to->now);
	} else {
		/* The first one is charged already, and stays the first one where only
		 * the endpoint was to blame. */
		if (a.attempts > 0)
			engine_budget_charge(g, to->p->name, a.payer, &more, to->now);
		a.attempts++;
		a.due = CLOCK_NONE;
		engine_ask_put(g, &a);
		engine_must(store_spent_add(
				g->store, to->p->name, to->now / CLOCK_DAY, &more, &e),
		    0, "cannot count a question", &e);
		hand_over(g, to->p, &a);
	}
	store_ask_clear(&a);
	free(spent);
	return 0;
}

int64_t
engine_ask_dispatch(struct engine *g, int64_t now)
{
	int64_t next = CLOCK_NONE;

	for (size_t i = 0; i < g->conf->policy.nendpoints; i++) {
		const struct conf_endpoint *p = &g->conf->policy.endpoints[i];
		struct send_to to = {g, p, now};
		size_t hands = in_hand(g, p->name);
		int64_t until = engine_ask_endpoint(g, p->name)->until, due;

		/* An answer or a peer's coming up is what goes on from there. */
		if (hands >= p->parallel ||
		    !g->fetchers[engine_poll_fetcher(g, p->url)])
			continue;
		if (until == CLOCK_NONE || until <= now)
			engine_walk(store_ask_due(g->store, p->name, now,
			    p->parallel - hands, send_one, &to));
		due = store_ask_next(g->store, p->name);
		if (due == CLOCK_NONE || in_hand(g, p->name) >= p->parallel)
			continue;
		if (until != CLOCK_NONE && until > due)
			due = until;
		if (next == CLOCK_NONE || due < next)
			next = due;
	}
	return next;
}

/* --- what a revision gets along --- */

struct answers {
	const struct engine *g;
	struct msg_inspect_item *it;
	int64_t now;
};

static int
add_answer(void *ctx, const struct store_ask *a)
{
	struct answers *x = ctx;
	struct msg_inspect_item *it = x->it;
	struct msg_answer *to;

	if (a->state != ASK_ANSWERED ||
	    is_stale(conf_endpoint_of(x->g->conf, a->endpoint), a, x->now))
		return 0;
	if (it->nanswers == ANSWERS_MAX) { /* the oldest is of an older policy */
		msg_answer_clear(&it->answers[0]);
		memmove(it->answers, it->answers + 1,
		    --it->nanswers * sizeof(*it->answers));
	}
	it->answers = xrealloc(it->answers, (it->nanswers + 1) * sizeof(*it->answers));
	to = &it->answers[it->nanswers++];
	*to = (struct msg_answer){.key = xstrdup(a->key), .status = a->status};
	buf_put(&to->body, a->answer.data, a->answer.len);
	return 0;
}

void
engine_ask_answers(
    struct engine *g, int64_t revision, struct msg_inspect_item *it, int64_t now)
{
	struct answers x = {g, it, now};

	if (g->conf->policy.nendpoints > 0)
		engine_walk(store_ask_of(g->store, revision, add_answer, &x));
}

/* --- what is erased --- */

static int
note_waiting(void *ctx, int64_t revision, const char *tenant)
{
	(void)revision;
	(void)tenant;
	*(bool *)ctx = true;
	return 1;
}

static int
unask(void *ctx, const struct store_ask *a)
{
	struct answers *x = ctx;
	struct err e = ERR_INIT;
	bool wanted = false;

	if (a->state != ASK_OPEN)
		return 0;
	engine_walk(store_ask_waiting(x->g->store, a->id, note_waiting, &wanted));
	if (!wanted)
		engine_must(store_ask_unask(x->g->store, a->id, x->now, &e), 0,
		    "cannot erase a question", &e);
	return 0;
}

void
engine_ask_forget(struct engine *g, int64_t revision, int64_t now)
{
	struct answers x = {.g = g, .now = now};

	engine_walk(store_ask_of(g->store, revision, unask, &x));
}

/* --- life --- */

/* What was said too long ago is only in the way: the vault has it. */
int64_t
engine_ask_sweep(struct engine *g, int64_t now)
{
	struct err e = ERR_INIT;

	if (g->next_sweep > now)
		return g->next_sweep;
	for (size_t i = 0; i < g->conf->policy.nendpoints; i++) {
		const struct conf_endpoint *p = &g->conf->policy.endpoints[i];

		engine_must(store_ask_expire_old(g->store, p->name,
				now - p->answers_for, SWEEP_BATCH, &e),
		    0, "cannot put old answers aside", &e);
	}
	engine_must(store_share_drop(g->store, now / CLOCK_DAY - SHARES_FOR, &e), 0,
	    "cannot forget what was spent long ago", &e);
	g->next_sweep = now + CLOCK_HOUR;
	return g->next_sweep;
}

void
engine_ask_load(struct engine *g, int64_t now)
{
	struct err e = ERR_INIT;

	engine_must(
	    store_ask_reset(g->store, now, &e), 0, "cannot take up open questions", &e);
}

void
engine_ask_free(struct engine *g)
{
	for (size_t i = 0; i < g->nasks; i++)
		free(g->asks[i].endpoint);
	free(g->asks);
	for (size_t i = 0; i < g->nendpoints; i++)
		free(g->endpoints[i].name);
	free(g->endpoints);
}
