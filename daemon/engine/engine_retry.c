/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_retry: what programs of plugins still have to say.  A revision for which one
 * gave no answer stays pending, with a row of the store for each such plugin; what the
 * others found counts at once, since a finding is kept once only whoever repeats it.
 * When a row is due the revision is inspected again, whole.
 *
 * A program that was lost (crash, hang, broken protocol) with several revisions in hand
 * makes suspects of them, which are sent alone; one that was alone with a program when
 * that was lost for the second time (policy.attempts) is not shown to that plugin any
 * more, and ends as degraded: never as clean.  So does one that a program was not there
 * for in the whole of policy.retry_for, and one over which an object killed the worker
 * that often: the others judge it all the same.
 */
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "base/log.h"
#include "engine/engine_life.h"

#define DUE_BATCH 256 /* rows taken up at a time: each is written to */
#define WAIT_MIN 100
#define WAIT_MAX (10 * CLOCK_MIN)

void
engine_retry_load(struct engine *g, int64_t now)
{
	struct err e = ERR_INIT;

	engine_must(store_retry_reset(g->store, now, &e), 0,
	    "cannot take up what waits for plugins", &e);
	g->retries = store_retry_count(g->store);
	if (g->retries > 0)
		log_info("inspect", "%lld answers of plugins are waited for",
		    (long long)g->retries);
}

static int
take_up(void *ctx, const struct store_retry *row)
{
	struct engine *g = ctx;
	struct store_at at = engine_at(g, row->tenant);
	struct err e = ERR_INIT;

	if (row->due == CLOCK_NONE)
		return 0; /* another row of its revision was due as well */
	engine_must(store_retry_asked(g->store, &at, row->revision, &e), 0,
	    "cannot mark what is asked again", &e);
	if (row->tries > 0)
		engine_queue_add(&g->suspects, at.shard, row->revision);
	else
		engine_queue_add(
		    &g->pending, ENGINE_LANE_AGAIN + at.shard, row->revision);
	return 0;
}

int64_t
engine_retry_dispatch(struct engine *g, int64_t now)
{
	int64_t next;

	if (g->retries == 0)
		return CLOCK_NONE;
	/* However many wait already: tenants take turns there (engine_queue.c), and not
	 * here, where those of one may lie before those of all others. */
	engine_walk(store_retry_due(g->store, now, DUE_BATCH, take_up, g));
	next = store_retry_next(g->store);
	return next != CLOCK_NONE && next <= now ? now + 1 : next;
}

static int
add_skip(void *ctx, const struct store_retry *row)
{
	struct msg_inspect_item *it = ctx;

	if (row->given_up) {
		it->skip = xrealloc(it->skip, (it->nskip + 1) * sizeof(*it->skip));
		it->skip[it->nskip++] = xstrdup(row->plugin);
	}
	return 0;
}

void
engine_retry_skip(struct engine *g, int64_t revision, struct msg_inspect_item *it)
{
	if (g->retries > 0)
		engine_walk(store_retry_each(g->store, revision, add_skip, it));
}

/* Whether this plugin is not asked any more, and why.  ready: what it waited for is
 * there, and it gets it the next time; but not for ever, as it may ask again. */
static char *
last_word(const struct engine *g, const struct store_retry *row,
    const struct msg_retry *t, bool ready, const char *why, int64_t now)
{
	int64_t most = g->conf->policy.retry_for + (ready ? WAIT_MAX : 0);
	char span[CLOCK_TEXT];

	if (t->lost && t->alone && row->tries >= g->conf->policy.attempts)
		return xasprintf("lost %u times over it: %s", row->tries, why);
	if (now - row->since > most)
		return xasprintf("gave no answer for %s: %s",
		    clock_span(now - row->since, span), why);
	return NULL;
}

/* What waits for the plugin with this revision, or a new row, to be cleared. */
static void
get_row(struct engine *g, const struct store_revision *r, const char *plugin,
    int64_t now, struct store_retry *row)
{
	struct err e = ERR_INIT;

	if (engine_must(store_retry_get(g->store, r->id, plugin, row, &e), TOSD_ENOENT,
		"cannot read what waits for a plugin", &e) == 0)
		return;
	row->revision = r->id;
	memcpy(row->tenant, r->tenant, sizeof(row->tenant));
	row->plugin = xstrdup(plugin);
	row->since = now;
	g->retries++;
}

/* why is taken. */
static void
put_row(struct engine *g, const struct store_revision *r, struct store_retry *row,
    char *why)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	free(row->why);
	row->why = why;
	engine_must(store_retry_put(g->store, &at, row, &e), 0,
	    "cannot keep what waits for a plugin", &e);
}

static void
keep(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, const struct msg_retry *t, int64_t now)
{
	struct store_retry row;
	int64_t wait = t->wait > WAIT_MIN ? t->wait : WAIT_MIN, end,
		most = g->conf->policy.retry_for + WAIT_MIN;
	enum engine_stand stand;
	const char *words;
	char *why, *said;

	get_row(g, r, t->plugin, now, &row);
	row.tries += t->lost;
	stand = engine_ask_want(g, r, j, t->plugin, &said, now);
	words = said != NULL ? said : t->why;
	why = stand == STAND_OVER
		  ? xstrdup(words)
		  : last_word(g, &row, t, stand == STAND_READY, words, now);
	row.given_up = why != NULL;
	if (row.given_up)
		engine_cost_failed(g, t->plugin, now);
	/* The longer it is away, the seldomer it is asked for. */
	if (!t->lost && wait < (now - row.since) / 2)
		wait =
		    (now - row.since) / 2 < WAIT_MAX ? (now - row.since) / 2 : WAIT_MAX;
	/* Nobody waits longer than retry_for, whatever a worker says. */
	wait = wait < most ? wait : most;
	end = row.since + most - now;
	if (stand == STAND_NONE && !t->lost && end > 0 && wait > end)
		wait = end;
	/* Answers bring it back by themselves, and at the end somebody has to say that
	 * there was none.  A plugin that asks one thing after the other is no busy
	 * loop. */
	if (stand == STAND_READY)
		wait = row.id == 0 ? 0 : WAIT_MIN;
	else if (stand == STAND_WAIT && end > 0 && wait > end)
		wait = end;
	row.due = row.given_up ? CLOCK_NONE : now + wait;
	put_row(g, r, &row, why != NULL ? why : xstrdup(words));
	free(said);
	store_retry_clear(&row);
}

bool
engine_retry_leave_out(struct engine *g, const struct store_revision *r,
    const char *plugin, const char *why, int64_t now)
{
	struct store_retry row;
	bool over;

	if (!engine_plugin_known(g, plugin))
		return false;
	get_row(g, r, plugin, now, &row);
	over = row.given_up; /* it was not shown to it, and still ... */
	row.given_up = true;
	row.due = CLOCK_NONE;
	if (!over) {
		put_row(g, r, &row, xstrdup(why));
		engine_cost_failed(g, plugin, now);
	}
	store_retry_clear(&row);
	return !over;
}

static int
add_why(void *ctx, const struct store_retry *row)
{
	struct buf *b = ctx;

	if (row->given_up && b->len < 2000)
		buf_printf(b, "%s%s: %s", b->len > 0 ? "; " : "", row->plugin,
		    row->why != NULL ? row->why : "");
	return 0;
}

static int
is_open(void *ctx, const struct store_retry *row)
{
	bool *open = ctx;

	*open |= !row->given_up && row->due != CLOCK_NONE;
	return *open;
}

bool
engine_retry_take(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, char **degraded, int64_t now)
{
	struct buf why = {0};
	bool open = false;

	*degraded = NULL;
	if (g->retries == 0 && j->nretry == 0)
		return false;
	for (uint32_t i = 0; i < j->nretry; i++)
		keep(g, r, j, &j->retry[i], now);
	if (j->nretry > 0)
		engine_walk(store_retry_each(g->store, r->id, is_open, &open));
	if (open)
		return true;
	engine_walk(store_retry_each(g->store, r->id, add_why, &why));
	*degraded = why.len > 0 ? buf_take(&why) : NULL;
	buf_free(&why);
	return false;
}

void
engine_retry_hasten(struct engine *g, int64_t now)
{
	const struct conf_policy *c = &g->conf->policy;
	struct err e = ERR_INIT;

	/* Programs say themselves when they want to be asked, and answers of models
	 * bring back what waits for them. */
	for (size_t i = 0; g->retries > 0 && i < c->nplugins; i++)
		if (c->plugins[i].ncommand == 0 &&
		    (c->plugins[i].grant & TOSD_NEED_ASK) == 0)
			engine_must(
			    store_retry_hasten(g->store, c->plugins[i].name, now, &e),
			    0, "cannot hasten what waits for a plugin", &e);
}

void
engine_retry_wake(struct engine *g, int64_t revision, const char *tenant)
{
	struct store_at at = engine_at(g, tenant);
	struct err e = ERR_INIT;
	bool open = false;

	/* When it is asked all rows lose their time, and those that still wait get one
	 * with the answer: where none has one, a worker has it or will get it. */
	engine_walk(store_retry_each(g->store, revision, is_open, &open));
	if (!open)
		return;
	engine_must(store_retry_asked(g->store, &at, revision, &e), 0,
	    "cannot mark what is asked again", &e);
	engine_queue_add(&g->pending, at.shard, revision);
}

void
engine_retry_done(struct engine *g, const struct store_at *at, int64_t revision)
{
	struct err e = ERR_INIT;
	int n = 0;

	if (g->retries == 0)
		return;
	engine_must(store_retry_drop(g->store, at, revision, &n, &e), 0,
	    "cannot forget what waited for plugins", &e);
	g->retries -= n;
}
