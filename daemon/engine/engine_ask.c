/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_ask: questions of plugins to model endpoints, from the moment a worker brings
 * them until the answer is kept.
 *
 * A question is known by its key and asked once, whoever it is about: the row of the
 * store is the cache.  It is counted against the day's budget and marked as under way
 * in the transaction after which it leaves, so that a crash asks at most once more and
 * never for free.  The answer goes into the vault, the ledger (`answer') and its row;
 * then the revisions that wait for it are inspected again, with the answer at hand,
 * through the rows of engine_retry.c.  What cannot be answered (attempts or budget used
 * up) ends in a `degraded' that says so: never as clean.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "store/store_ask.h"

#define ANSWERS_MAX 16 /* handed over with one revision: the newest */
/* A question that failed may be asked anew for another post after so long. */
#define FAILED_FOR CLOCK_DAY

/* --- endpoints --- */

/* What is known of an endpoint while we run. */
static struct engine_endpoint *
endpoint_of(struct engine *g, const char *name)
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

/* Nobody asks it for that long. */
static void
pause_endpoint(
    struct engine *g, const char *name, int64_t wait, const char *why, int64_t now)
{
	struct engine_endpoint *p = endpoint_of(g, name);

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

/* In words which part of the day's budget is used up; NULL: there is some left. */
static char *
budget_spent(struct engine *g, const struct conf_endpoint *p, int64_t now)
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

/* --- rows --- */

static void
put(struct engine *g, struct store_ask *a)
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
static void
wake(struct engine *g, const struct store_ask *a)
{
	engine_walk(store_ask_waiting(g->store, a->id, wake_one, g));
}

static void
fail(struct engine *g, struct store_ask *a, const char *why, int64_t again, int64_t now)
{
	a->state = ASK_FAILED;
	a->time = now;
	a->due = again;
	free(a->why);
	a->why = xstrdup(why);
	buf_free(&a->question);
	put(g, a);
	g->asks_failed++;
	log_debug(
	    "ask", "question %lld stays without an answer: %s", (long long)a->id, why);
	wake(g, a);
}

static int64_t
next_day(int64_t now)
{
	return (now / CLOCK_DAY + 1) * CLOCK_DAY;
}

/* --- what a worker brings --- */

static void
reopen(struct engine *g, struct store_ask *a, const struct msg_question *q, int64_t now)
{
	a->state = ASK_OPEN;
	a->attempts = 0;
	a->due = now;
	a->time = CLOCK_NONE;
	free(a->why);
	a->why = NULL;
	buf_free(&a->question);
	buf_put(&a->question, q->body.data, q->body.len);
	put(g, a);
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

/* One question about a revision. */
static enum engine_stand
want(struct engine *g, int64_t revision, const struct msg_question *q, char **why,
    int64_t now)
{
	const struct conf_endpoint *p = conf_endpoint_of(g->conf, q->endpoint);
	enum engine_stand stand;
	struct store_ask a;
	struct err e = ERR_INIT;
	char key[DIGEST_HEX];

	if (p == NULL) {
		free(*why);
		*why = xasprintf("no endpoint `%s' is configured", q->endpoint);
		return STAND_OVER;
	}
	msg_question_key(q->endpoint, q->kind, q->body.data, q->body.len, key);
	if (engine_must(store_ask_by_key(g->store, key, &a, &e), TOSD_ENOENT,
		"cannot look for a question", &e) != 0) {
		new_row(q, key, now, &a);
		reopen(g, &a, q, now);
	} else if (a.state == ASK_FAILED && now >= a.due) {
		reopen(g, &a, q, now);
	}
	engine_must(store_ask_link(g->store, a.id, revision, &e), 0,
	    "cannot note what a question is about", &e);
	if (a.state == ASK_ANSWERED) {
		stand = STAND_READY;
	} else {
		if (a.why != NULL && (*why == NULL || a.state == ASK_FAILED)) {
			free(*why);
			*why = xstrdup(a.why);
		}
		stand = a.state == ASK_FAILED ? STAND_OVER : STAND_WAIT;
	}
	store_ask_clear(&a);
	return stand;
}

enum engine_stand
engine_ask_want(struct engine *g, int64_t revision, const struct msg_inspected_item *j,
    const char *plugin, char **why, int64_t now)
{
	enum engine_stand all = STAND_NONE;

	*why = NULL;
	for (uint32_t i = 0; i < j->nquestions && all != STAND_OVER; i++) {
		enum engine_stand one;

		if (strcmp(j->questions[i].plugin, plugin) != 0)
			continue;
		one = want(g, revision, &j->questions[i], why, now);
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

/* Once a day: what it means for each post is said there. */
static void
say_spent(struct engine *g, const char *endpoint, const char *why, int64_t now)
{
	struct engine_endpoint *p = endpoint_of(g, endpoint);

	if (p->spent_day != now / CLOCK_DAY)
		log_warn(
		    "ask", "%s; posts that would be asked about are degraded", why);
	p->spent_day = now / CLOCK_DAY;
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
	char *spent = budget_spent(g, to->p, to->now);
	struct store_ask a;
	struct err e = ERR_INIT;

	engine_must(
	    store_ask_get(g->store, row->id, &a, &e), 0, "cannot read a question", &e);
	if (spent != NULL) {
		say_spent(g, to->p->name, spent, to->now);
		fail(g, &a, spent, next_day(to->now), to->now);
	} else {
		a.attempts++;
		a.due = CLOCK_NONE;
		put(g, &a);
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
		int64_t until = endpoint_of(g, p->name)->until, due;

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
tokens_of(const struct buf *b)
{
	json_t *j = b->len > 0 ? json_loadb(b->data, b->len, 0, NULL) : NULL;
	const json_t *n = json_object_get(json_object_get(j, "usage"), "total_tokens");
	int64_t v = json_is_integer(n) ? json_integer_value(n) : 0;

	json_decref(j);
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
keep(struct engine *g, struct store_ask *a, struct msg_answered *m, int64_t now)
{
	struct engine_endpoint *p = endpoint_of(g, a->endpoint);
	struct store_spent more = {.bytes = (int64_t)m->body.len};
	struct err e = ERR_INIT;

	a->state = ASK_ANSWERED;
	a->status = m->status;
	a->time = now;
	a->due = CLOCK_NONE;
	buf_free(&a->question);
	a->answer = m->body;
	m->body = (struct buf){0};
	more.tokens = a->tokens = tokens_of(&a->answer);
	engine_must(store_spent_add(g->store, a->endpoint, now / CLOCK_DAY, &more, &e),
	    0, "cannot count an answer", &e);
	record(g, a, m->took, now);
	put(g, a);
	g->answers++;
	if (p->down)
		log_info("ask", "endpoint %s answers again", a->endpoint);
	p->down = false;
	p->fails = 0;
	p->until = CLOCK_NONE;
	wake(g, a);
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

/* It is about the question itself, and would be the same tomorrow. */
static bool
is_final(const struct msg_answered *m)
{
	return !m->cut && (m->status == 200 || m->status == 400 || m->status == 413 ||
			      m->status == 422);
}

static char *
words_of(const struct msg_answered *m)
{
	const char *why = m->why != NULL ? m->why : polled_name(m->outcome);

	if (m->status == 200)
		return xasprintf("an answer that is too long, or broken off (%s)", why);
	return m->status != 0 ? xasprintf("HTTP status %d, %s", m->status, why)
			      : xstrdup(why);
}

static void
no_answer(struct engine *g, struct store_ask *a, const struct msg_answered *m,
    const struct conf_endpoint *p, int64_t now)
{
	struct engine_endpoint *ep = endpoint_of(g, a->endpoint);
	enum blame blame = blame_of(m);
	char *what = words_of(m), *why;
	int64_t wait = p != NULL ? back_off(p, ++ep->fails) : CLOCK_MIN;

	if (m->retry_after > 0)
		wait = p != NULL && m->retry_after > p->retry_max ? p->retry_max
								  : m->retry_after;
	if (blame != BLAME_EITHER && a->attempts > 0)
		a->attempts--;
	if (blame == BLAME_OURS)
		ep->fails--;
	else
		pause_endpoint(g, a->endpoint, wait, what, now);
	if (p == NULL || a->attempts >= p->attempts) {
		why = xasprintf("no answer of endpoint %s after %u tries: %s",
		    a->endpoint, a->attempts, what);
		fail(g, a, why, now + FAILED_FOR, now);
		free(why);
	} else {
		a->due = now + wait;
		free(a->why);
		a->why =
		    xasprintf("endpoint %s gives no answers: %s", a->endpoint, what);
		put(g, a);
	}
	free(what);
}

void
engine_answered(struct engine *g, struct msg *m, int64_t now)
{
	struct engine_ask hand;
	struct store_ask a;
	struct err e = ERR_INIT;

	if (!find_hand(g, m, &hand)) {
		log_warn("ask", "fetcher %u answers what nobody asked", m->from_index);
		return;
	}
	if (engine_must(store_ask_get(g->store, hand.ask, &a, &e), TOSD_ENOENT,
		"cannot read a question", &e) == 0 &&
	    a.state == ASK_OPEN) {
		if (is_final(&m->answered))
			keep(g, &a, &m->answered, now);
		else
			no_answer(g, &a, &m->answered,
			    conf_endpoint_of(g->conf, a.endpoint), now);
	}
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

/* --- what a revision gets along --- */

struct answers {
	struct msg_inspect_item *it;
	size_t bytes;
};

static int
add_answer(void *ctx, const struct store_ask *a)
{
	struct answers *x = ctx;
	struct msg_inspect_item *it = x->it;
	struct msg_answer *to;

	if (a->state != ASK_ANSWERED)
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
	x->bytes += a->answer.len;
	return 0;
}

size_t
engine_ask_answers(struct engine *g, int64_t revision, struct msg_inspect_item *it)
{
	struct answers x = {it, 0};

	if (g->conf->policy.nendpoints > 0)
		engine_walk(store_ask_of(g->store, revision, add_answer, &x));
	return x.bytes;
}

/* --- life --- */

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
