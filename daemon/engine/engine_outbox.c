/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_outbox: messages to people.  new -> sending -> sent | failed | unknown.
 * `sending' is durable before the courier is told; a message whose fate is not
 * known is never sent again by itself: a person decides.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"

/* Messages that the courier holds at a time.  It sends one after the other, and when it
 * dies nobody knows which of them went: so never more than the one in hand. */
#define SENDING_MAX 1
#define MAIL_MAX (1u << 20)

void
engine_outbox_key(
    int64_t notice, const char *channel, const char *recipient, char out[DIGEST_HEX])
{
	char *text = xasprintf("%lld\n%s\n%s", (long long)notice, channel, recipient);

	digest_hex_of(text, strlen(text), out);
	free(text);
}

/* A message is on record by its numbers; the address lies in the vault. */
static void
record_message(
    struct engine *g, const struct store_outbox *o, struct store_case *c, int64_t now)
{
	json_t *to = json_pack("{s:s, s:s, s:s}", "channel", o->channel, "recipient",
	    o->recipient, "sender", o->sender);
	json_t *entry = json_pack("{s:I, s:I, s:s}", "outbox", (json_int_t)o->id,
	    "notice", (json_int_t)o->notice, "tenant", o->tenant);
	char *text = json_dumps(to, JSON_COMPACT | JSON_SORT_KEYS);
	char *rel = xasprintf("notices/%s/message-%lld.json",
	    c != NULL ? c->number : "safety", (long long)o->id);
	struct vault_ref ref;

	engine_record_keep(g, rel, text, strlen(text), &ref);
	engine_record_file(entry, &ref);
	engine_record(g, "message", entry, c, now);
	json_decref(to);
	free(text);
	free(rel);
}

void
engine_outbox_add(struct engine *g, int64_t notice, const char *tenant,
    struct store_case *c, const char *recipient, int64_t now)
{
	struct store_at at = engine_at(g, tenant);
	/* It waits for its own entry, which comes after the notice's. */
	struct store_outbox o = {
	    .notice = notice, .entry = g->seq, .next_try = now, .time = now};
	struct err e = ERR_INIT;

	engine_outbox_key(notice, "mail", recipient, o.idem);
	snprintf(o.tenant, sizeof(o.tenant), "%s", tenant);
	o.channel = xstrdup("mail");
	o.recipient = xstrdup(recipient);
	o.sender = xstrdup(g->conf->courier.from);
	if (engine_must(store_outbox_add(g->store, &at, &o, &e), TOSD_EEXIST,
		"cannot queue a message", &e) == 0)
		record_message(g, &o, c, now);
	store_outbox_clear(&o);
}

/* --- to the courier --- */

struct ready {
	int64_t ids[SENDING_MAX];
	size_t n;
};

static int
collect_ready(void *ctx, const struct store_outbox *o)
{
	struct ready *r = ctx;

	r->ids[r->n++] = o->id;
	return r->n == SENDING_MAX;
}

/* To the courier that is there: a row that is `sending' already, or becomes it with
 * this commit. */
static void
emit_send(struct engine *g, const struct store_outbox *o)
{
	struct store_notice n;
	struct buf bytes = {0};
	struct err e = ERR_INIT;
	struct msg m;

	engine_must(store_notice_get(g->store, o->notice, &n, &e), 0,
	    "cannot read a notice", &e);
	/* The bytes that leave are the bytes on record. */
	engine_must(vault_check(g->vault, n.file, n.commit, &e), 0,
	    "a notice does not match its record", &e);
	engine_must(
	    vault_read(g->vault, n.file, &bytes, &e), 0, "cannot read a notice", &e);
	msg_init(&m, MSG_SEND);
	m.send.id = (uint64_t)o->id;
	m.send.channel = xstrdup(o->channel);
	m.send.recipient = xstrdup(o->recipient);
	m.send.sender = xstrdup(o->sender);
	m.send.sha256 = xstrdup(n.sha256);
	m.fd = file_memfd("notice", bytes.data, bytes.len, &e);
	if (m.fd < 0)
		log_die("outbox", "%s", e.text);
	g->sending++;
	engine_emit(g, ROLE_COURIER, 0, &m);
	buf_free(&bytes);
	store_notice_clear(&n);
}

static void
send_one(struct engine *g, int64_t id, int64_t now)
{
	struct store_outbox o;
	struct store_at at;
	struct err e = ERR_INIT;

	engine_must(
	    store_outbox_get(g->store, id, &o, &e), 0, "cannot read the outbox", &e);
	at = engine_at(g, o.tenant);
	o.state = OUTBOX_SENDING;
	o.attempts++;
	/* Until there is an answer the row says who has it: see engine_courier_hand().
	 */
	free(o.reply);
	o.reply = xstrdup(g->courier);
	o.time = now;
	engine_must(store_outbox_update(g->store, &at, &o, &e), 0,
	    "cannot keep the outbox", &e);
	emit_send(g, &o);
	store_outbox_clear(&o);
}

/* What the courier that is there was given already, unless it has answered. */
static void
send_again(struct engine *g)
{
	struct store_outbox o;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < g->nagain; i++) {
		engine_must(store_outbox_get(g->store, g->again[i], &o, &e), 0,
		    "cannot read the outbox", &e);
		if (o.state == OUTBOX_SENDING && o.reply != NULL &&
		    strcmp(o.reply, g->courier) == 0)
			emit_send(g, &o);
		store_outbox_clear(&o);
	}
	g->nagain = 0;
}

bool
engine_outbox_dispatch(struct engine *g, int64_t now)
{
	struct ready r = {.n = 0};

	if (!g->courier_up || !g->courier_told ||
	    g->conf->courier.transport == CONF_MAIL_NONE)
		return false;
	send_again(g);
	if (g->sending >= SENDING_MAX)
		return false;
	engine_walk(store_outbox_each(g->store, OUTBOX_NEW, now,
	    (int64_t)ledger_signed(g->ledger), SENDING_MAX - g->sending, collect_ready,
	    &r));
	if (r.n == 0)
		return false;
	engine_begin(g);
	for (size_t i = 0; i < r.n; i++)
		send_one(g, r.ids[i], now);
	return true;
}

int64_t
engine_outbox_due(struct engine *g)
{
	if (!g->courier_up || !g->courier_told || g->sending >= SENDING_MAX ||
	    g->conf->courier.transport == CONF_MAIL_NONE)
		return CLOCK_NONE;
	return store_outbox_next_try(g->store);
}

void
engine_courier_down(struct engine *g, int64_t now)
{
	(void)now;
	/* What it held stays `sending' until its successor says that it does not have
	 * it (engine_courier_hand): only then the fate is unknown. */
	g->courier_up = false;
	g->courier_told = false;
	g->nagain = 0;
}

/* --- what became of it --- */

/* Who says so: the courier, the engine, or a person with words. */
struct settled {
	const char *by, *words; /* words: NULL: none */
	int64_t time;		/* when it was delivered */
};

/* They can be erased; their hash is on record. */
static void
keep_words(struct engine *g, const char *where, const char *words, json_t *entry)
{
	char *rel = xasprintf("notices/%s/delivery-%lld.txt", where, (long long)g->seq);
	struct vault_ref ref;

	engine_record_keep(g, rel, words, strlen(words), &ref);
	engine_record_file(entry, &ref);
	free(rel);
}

static void
record_delivery(struct engine *g, const struct store_outbox *o,
    const struct store_notice *n, const char *state, const struct settled *s,
    int64_t now)
{
	json_t *j = json_pack("{s:I, s:I, s:s, s:s, s:i, s:s, s:i, s:s, s:I}", "outbox",
	    (json_int_t)o->id, "notice", (json_int_t)n->id, "audience", n->audience,
	    "state", state, "code", o->code, "sha256", n->sha256, "attempt",
	    (int)o->attempts, "by", s->by, "time", (json_int_t)s->time);
	struct store_at at = engine_at(g, n->tenant);
	struct store_case c = {.number = ""};
	struct err e = ERR_INIT;

	if (n->case_id != 0)
		engine_must(store_case_get(g->store, n->case_id, &c, &e), 0,
		    "cannot read a case", &e);
	if (s->words != NULL)
		keep_words(g, n->case_id != 0 ? c.number : "safety", s->words, j);
	if (n->case_id == 0) {
		engine_record(g, "delivery", j, NULL, now);
		return;
	}
	engine_record(g, "delivery", j, &c, now);
	engine_must(
	    store_case_update(g->store, &at, &c, &e), 0, "cannot keep a case", &e);
}

static bool
is_stage_notice(const struct store_notice *n)
{
	return strcmp(n->kind, "stage") == 0 && strcmp(n->audience, "tenant") == 0;
}

/* Whether it is the notice of the stage that the case is at.  One that is not composed
 * yet has no number: the last one is then of the step before, whose deadline is over,
 * and what else becomes of its messages moves nothing. */
static bool
is_of_stage(const struct store_notice *n, const struct store_case *c)
{
	bool to_compose = c->phase == CASE_SENDING && c->deadline != CLOCK_NONE;

	return n->n == c->notices && !to_compose;
}

struct mark {
	struct engine *g;
	struct store_at at;
	uint32_t notice;
	int64_t time, now, deadline;
};

/* The exhibits that the delivered notice cites are reported from now on. */
static int
mark_reported(void *ctx, const struct store_violation *row)
{
	struct mark *k = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->notice != k->notice || row->reported != CLOCK_NONE)
		return 0;
	engine_must(store_violation_get(k->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	v.reported = k->time;
	v.next_check = k->now + k->g->conf->ladder.recheck;
	if (k->deadline != CLOCK_NONE && v.next_check >= k->deadline)
		v.next_check = k->now + (k->deadline - k->now) / 2;
	engine_must(store_violation_update(k->g->store, &k->at, &v, &e), 0,
	    "cannot keep a violation", &e);
	store_violation_clear(&v);
	return 0;
}

static void
delivered(struct engine *g, const struct store_notice *n, int64_t time, int64_t now)
{
	struct store_at at = engine_at(g, n->tenant);
	struct store_case c;
	struct err e = ERR_INIT;

	engine_must(store_notice_delivered(g->store, &at, n->id, time, &e), 0,
	    "cannot keep a delivery", &e);
	if (!is_stage_notice(n))
		return;
	engine_must(
	    store_case_get(g->store, n->case_id, &c, &e), 0, "cannot read a case", &e);
	if (is_of_stage(n, &c))
		engine_case_event(g, &c, CASE_EV_DELIVERED, NULL,
		    (int)store_violation_gravest_told(g->store, c.id, c.notices), now);
	struct mark k = {g, at, n->n, time, now, c.deadline};
	engine_walk(store_violation_each(
	    g->store, VIOLATION_OF_CASE, c.id, 0, mark_reported, &k));
}

/* For good: the second contact is tried, then the clock stops and people hear. */
static void
undeliverable(struct engine *g, const struct store_outbox *o,
    const struct store_notice *n, int64_t now)
{
	const struct conf_tenant *t = conf_tenant_by_key(g->conf, n->tenant);
	struct store_case c;
	struct err e = ERR_INIT;

	log_warn("outbox", "message %lld to %s (%s) cannot be delivered: %s",
	    (long long)o->id, o->recipient, n->audience,
	    o->reply ? o->reply : "no reason");
	if (!is_stage_notice(n))
		return;
	engine_must(
	    store_case_get(g->store, n->case_id, &c, &e), 0, "cannot read a case", &e);
	if (t != NULL && t->contact2 != NULL &&
	    strcmp(t->contact2, o->recipient) != 0) {
		struct store_at at = engine_at(g, n->tenant);

		engine_outbox_add(g, n->id, n->tenant, &c, t->contact2, now);
		engine_must(store_case_update(g->store, &at, &c, &e), 0,
		    "cannot keep a case", &e);
		return;
	}
	/* One of them that has arrived is enough. */
	if (is_of_stage(n, &c) && n->delivered == CLOCK_NONE)
		engine_case_event(g, &c, CASE_EV_BOUNCED, NULL, 0, now);
}

static int64_t
backoff(const struct engine *g, uint32_t attempts)
{
	int64_t t = g->conf->courier.retry_min;

	for (uint32_t i = 1; i < attempts && t < g->conf->courier.retry_max; i++)
		t *= 2;
	return t < g->conf->courier.retry_max ? t : g->conf->courier.retry_max;
}

static void
settle(struct engine *g, struct store_outbox *o, enum store_outbox_state state,
    const char *word, const struct settled *s, int64_t now)
{
	struct store_at at = engine_at(g, o->tenant);
	struct store_notice n;
	struct err e = ERR_INIT;

	o->state = state;
	o->time = now;
	engine_must(
	    store_outbox_update(g->store, &at, o, &e), 0, "cannot keep the outbox", &e);
	engine_must(store_notice_get(g->store, o->notice, &n, &e), 0,
	    "cannot read a notice", &e);
	record_delivery(g, o, &n, word, s, now);
	if (state == OUTBOX_SENT)
		delivered(g, &n, s->time, now);
	else if (state == OUTBOX_FAILED)
		undeliverable(g, o, &n, now);
	store_notice_clear(&n);
}

/* It did not arrive, as far as is known. */
static void
settle_by(struct engine *g, struct store_outbox *o, enum store_outbox_state state,
    const char *by, int64_t now)
{
	settle(g, o, state, state == OUTBOX_FAILED ? "failed" : "unknown",
	    &(struct settled){by, NULL, now}, now);
}

static void
soft_failure(struct engine *g, struct store_outbox *o, int64_t now)
{
	struct store_at at = engine_at(g, o->tenant);
	struct err e = ERR_INIT;

	if (o->attempts >= g->conf->courier.attempts) {
		settle_by(g, o, OUTBOX_FAILED, "courier", now);
		return;
	}
	o->state = OUTBOX_NEW;
	o->next_try = now + backoff(g, o->attempts);
	o->time = now;
	log_info("outbox", "message %lld to %s not taken (%d %s): again later",
	    (long long)o->id, o->recipient, o->code, o->reply ? o->reply : "");
	engine_must(
	    store_outbox_update(g->store, &at, o, &e), 0, "cannot keep the outbox", &e);
}

void
engine_sent(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_sent *s = &m->sent;
	struct store_outbox o;
	struct err e = ERR_INIT;

	if (engine_must(store_outbox_get(g->store, (int64_t)s->id, &o, &e), TOSD_ENOENT,
		"cannot read the outbox", &e) != 0)
		return;
	/* A late answer to a row that was given up as unknown still counts. */
	if (o.state != OUTBOX_SENDING && o.state != OUTBOX_UNKNOWN) {
		store_outbox_clear(&o);
		return;
	}
	if (o.state == OUTBOX_SENDING && g->sending > 0)
		g->sending--;
	o.code = s->code;
	free(o.reply);
	o.reply = s->reply;
	s->reply = NULL;
	if (s->outcome == SENT_OK)
		/* Deadlines run from here: never from the future. */
		settle(g, &o, OUTBOX_SENT, "sent",
		    &(struct settled){
			"courier", NULL, s->time >= 0 && s->time < now ? s->time : now},
		    now);
	else if (s->outcome == SENT_HARD)
		settle_by(g, &o, OUTBOX_FAILED, "courier", now);
	else if (s->outcome == SENT_UNKNOWN)
		settle_by(g, &o, OUTBOX_UNKNOWN, "courier", now);
	else
		soft_failure(g, &o, now);
	store_outbox_clear(&o);
}

struct lost {
	const struct msg_sending *hand;
	int64_t *ids;
	size_t n;
};

static int
collect_lost(void *ctx, const struct store_outbox *o)
{
	struct lost *l = ctx;

	for (uint32_t i = 0; i < l->hand->n; i++)
		if (l->hand->ids[i] == (uint64_t)o->id)
			return 0;
	l->ids = xrealloc(l->ids, (l->n + 1) * sizeof(*l->ids));
	l->ids[l->n++] = o->id;
	return 0;
}

/* At the end of the turn, if this courier is there by then: engine_outbox_dispatch().
 */
static void
hand_again(struct engine *g, int64_t id)
{
	g->again = xrealloc(g->again, (g->nagain + 1) * sizeof(*g->again));
	g->again[g->nagain++] = id;
}

static void
give_up(struct engine *g, struct store_outbox *o, int64_t now)
{
	log_warn("outbox",
	    "message %lld to %s: its fate is unknown, a person decides: "
	    "tosctl outbox %lld delivered|resend|failed",
	    (long long)o->id, o->recipient, (long long)o->id);
	free(o->reply);
	o->reply = xstrdup("the courier died with it");
	settle_by(g, o, OUTBOX_UNKNOWN, "engine", now);
}

/* A new courier, or an old one that meets a new engine, says what it has in hand or
 * has an answer for.  Every other row in `sending' either never reached it, or was
 * with one that died.  What was given to this very courier may be given again, for a
 * courier sends nothing twice in its life (courier_book.h) and repeats its answer
 * instead; but to no other one, so the row stays `sending' and keeps the name: should
 * this courier die before it hears of it, what it did once is not known any more. */
void
engine_courier_hand(struct engine *g, struct msg *m, int64_t now)
{
	const char *name = m->sending.courier != NULL ? m->sending.courier : "";
	struct lost l = {.hand = &m->sending};
	struct store_outbox o;
	struct err e = ERR_INIT;

	engine_walk(store_outbox_each(
	    g->store, OUTBOX_SENDING, now, INT64_MAX, 0, collect_lost, &l));
	g->sending = m->sending.n;
	g->nagain = 0;
	for (size_t i = 0; i < l.n; i++) {
		engine_must(store_outbox_get(g->store, l.ids[i], &o, &e), 0,
		    "cannot read the outbox", &e);
		if (o.reply != NULL && strcmp(o.reply, name) == 0)
			hand_again(g, o.id);
		else
			give_up(g, &o, now);
		store_outbox_clear(&o);
	}
	free(l.ids);
	snprintf(g->courier, sizeof(g->courier), "%s", name);
	g->courier_told = true;
}

/* The old one is ending, or will once it hears of the new configuration: what it were
 * given now would be turned down, or lost.  Its successor says that it is there. */
void
engine_courier_replaced(struct engine *g)
{
	g->courier_told = false;
	g->nagain = 0;
}

/* What the courier does not have may have gone some other way, by hand say. */
static int
check_settle(const struct store_outbox *o, const char *what, const struct settled *s,
    struct err *e)
{
	bool arrived = strcmp(what, "delivered") == 0;

	if (!arrived && strcmp(what, "failed") != 0 && strcmp(what, "resend") != 0)
		return err_set(
		    e, TOSD_EINVAL, "`%s': say delivered, resend or failed", what);
	if (o->state == OUTBOX_UNKNOWN || o->state == OUTBOX_FAILED)
		return 0;
	if (o->state != OUTBOX_NEW || !arrived)
		return err_set(e, TOSD_ESTATE,
		    "message %lld is neither unknown nor failed%s: nothing to settle",
		    (long long)o->id,
		    o->state == OUTBOX_NEW ? ", and waits to be sent" : "");
	return s->words != NULL ? 0
				: err_set(e, TOSD_EINVAL,
				      "message %lld waits to be sent: who says that it "
				      "was delivered says how, --reason TEXT",
				      (long long)o->id);
}

int
engine_outbox_settle(struct engine *g, int64_t id, const char *what, const char *person,
    const char *words, int64_t now, struct err *e)
{
	struct settled s = {person, words, now};
	struct store_outbox o;
	int rc = store_outbox_get(g->store, id, &o, e);

	if (rc != 0)
		return rc;
	rc = check_settle(&o, what, &s, e);
	if (rc == 0 && strcmp(what, "delivered") == 0) {
		settle(g, &o, OUTBOX_SENT, "sent", &s, now);
	} else if (rc == 0 && strcmp(what, "failed") == 0) {
		settle(g, &o, OUTBOX_FAILED, "failed", &s, now);
	} else if (rc == 0) {
		o.next_try = now;
		o.attempts = 0;
		settle(g, &o, OUTBOX_NEW, "resend", &s, now);
	}
	store_outbox_clear(&o);
	return rc;
}
