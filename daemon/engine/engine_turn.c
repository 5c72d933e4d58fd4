/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_turn: the end of a turn.  What was handled is committed; once the disk has it,
 * its entries go to the ledger and its messages leave.  Messages are owned by the queue
 * that they wait in.
 *
 * A turn of role_engine.c need not wait for the disk: then what comes after a commit is
 * still owed (held), and paid before the next commit, or when there is nothing else
 * to do (engine_settle()).  Meanwhile the next messages are handled.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_in.h"
#include "engine/engine_life.h"

/* ms that what was handled waits for a disk that is busy, before the engine does; the
 * second while more than BUSY revisions wait for a worker: they wait longer anyway. */
#define PUT_OFF_MAX 10u
#define PUT_OFF_BUSY 100u
#define BUSY 1024

void
engine_begin(struct engine *g)
{
	struct err e = ERR_INIT;

	if (g->in_txn)
		return;
	engine_must(store_begin(g->store, &e), 0, "cannot begin a transaction", &e);
	g->in_txn = true;
}

void
engine_emit(struct engine *g, enum role to, uint32_t index, struct msg *m)
{
	struct engine_outs *q = &g->out;

	if (q->n == q->cap) {
		q->cap = q->cap ? q->cap * 2 : 16;
		q->v = xrealloc(q->v, q->cap * sizeof(*q->v));
	}
	q->v[q->n].to = to;
	q->v[q->n].index = index;
	q->v[q->n].m = *m;
	q->n++;
	msg_init(m, m->type);
}

void
engine_emit_early(struct engine *g, enum role to, uint32_t index, struct msg *m)
{
	if (g->async)
		g->send(g->ctx, to, index, m);
	else
		engine_emit(g, to, index, m);
}

static void
outs_free(struct engine_outs *q)
{
	for (size_t i = 0; i < q->n; i++)
		msg_clear(&q->v[i].m);
	free(q->v);
	memset(q, 0, sizeof(*q));
}

void
engine_turn_free(struct engine *g)
{
	outs_free(&g->out);
	outs_free(&g->held);
}

bool
engine_unsettled(const struct engine *g)
{
	return g->told < g->turns || g->put_off != CLOCK_NONE;
}

uint64_t
engine_turn(const struct engine *g)
{
	return g->turns + 1;
}

uint64_t
engine_told(const struct engine *g)
{
	return g->told;
}

/* What the last commit owes. */
static void
tell(struct engine *g)
{
	if (g->told == g->turns)
		return;
	store_await(g->store);
	engine_record_copy(g);
	for (size_t i = 0; i < g->held.n; i++)
		g->send(g->ctx, g->held.v[i].to, g->held.v[i].index, &g->held.v[i].m);
	g->held.n = 0;
	g->told = g->turns;
}

static void
commit(struct engine *g)
{
	struct engine_outs empty;
	struct err e = ERR_INIT;

	tell(g);
	if (g->in_txn) {
		/* Evidence first: what the rows refer to must outlive a crash that they
		 * do. */
		engine_must(vault_settle(g->vault, &e), 0, "cannot keep captures", &e);
		engine_must(store_commit(g->store, &e), 0, "cannot commit", &e);
		g->in_txn = false;
		g->committed = g->seq;
	}
	empty = g->held;
	g->held = g->out;
	g->out = empty;
	g->turns++;
}

/* Somebody waits for more than that what was handled is on disk. */
static bool
urgent(struct engine *g, int64_t now)
{
	return g->draining || g->nagain > 0 || store_outbox_wants(g->store) >= 0 ||
	       engine_list_unlinked(g) || engine_record_seal_due(g, false, now);
}

/* The disk has not yet what it was given before, and to commit would be to wait for it:
 * as well the next messages can go into the same transaction. */
static bool
is_early(struct engine *g, int64_t now)
{
	unsigned most = g->pending.n > BUSY ? PUT_OFF_BUSY : PUT_OFF_MAX;

	/* A clock that was set back is no reason to wait. */
	return g->async &&
	       (g->put_off == CLOCK_NONE || (uint64_t)(now - g->put_off) < most) &&
	       !(store_is_durable(g->store) && vault_is_synced(g->vault));
}

static void
finish(struct engine *g, int64_t now)
{
	tell(g);
	engine_list_settle(g, now);
	/* A notice leaves after its entries are signed, and its row says `sending'
	 * before the courier hears of it: evidence before action. */
	engine_record_seal(g, false, now);
	engine_outbox_dispatch(g, now);
	commit(g);
	tell(g);
}

/* Not before the first tick: this process is closed in by then, and its threads are as
 * it is. */
static void
begin_async(struct engine *g)
{
	struct err e = ERR_INIT;

	engine_must(store_async(g->store, &e), 0, "cannot open the store's log", &e);
	vault_async(g->vault);
	ledger_async(g->ledger);
	g->async = true;
}

static void
turn_end(struct engine *g, int64_t now, bool wait, bool may_put_off)
{
	bool hurry;

	/* Work that became possible by what was just handled goes into the same
	 * commit: new revisions go to idle workers. */
	if (g->in_txn) {
		engine_inspect_dispatch(g, now);
		engine_stat_flush(g);
	}
	if (store_is_durable(g->store))
		tell(g);
	hurry = wait || urgent(g, now);
	vault_begin_settle(g->vault);
	if (!hurry && may_put_off && is_early(g, now)) {
		if (g->put_off == CLOCK_NONE)
			g->put_off = now;
		return;
	}
	g->put_off = CLOCK_NONE;
	commit(g);
	if (hurry)
		finish(g, now);
	if (!wait && !g->async)
		begin_async(g);
}

void
engine_turn_end(struct engine *g, int64_t now, bool wait)
{
	turn_end(g, now, wait, true);
}

void
engine_settle(struct engine *g, int64_t now)
{
	tell(g);
	if (g->in_txn)
		turn_end(g, now, false, false);
}

void
engine_flush(struct engine *g, int64_t now)
{
	engine_turn_end(g, now, true);
}
