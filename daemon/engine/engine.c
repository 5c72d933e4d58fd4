/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: opening, the table of messages, the turn (its end: engine_turn.c).
 * Owns everything in struct engine.
 */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "engine/engine_life.h"
#include "store/store_ask.h"

int
engine_must(int rc, int allowed, const char *what, const struct err *e)
{
	if (rc != 0 && rc != allowed)
		log_die("engine", "%s: %s", what, e->text);
	return rc;
}

void
engine_walk(int rc)
{
	if (rc < 0)
		log_die(
		    "engine", "rows of the store cannot be read (%s)", err_name(rc));
}

struct store_at
engine_at(const struct engine *g, const char *tenant)
{
	struct store_at at = {store_shard(tenant), 0};

	at.fence = g->fences[at.shard];
	return at;
}

/* --- opening --- */

/* Enough to start, and soon full. */
#define SIMULATED_GROWTH (256u << 10)

static int
open_all(struct engine *g, const struct engine_options *o, struct err *e)
{
	const char *url = o->store_url != NULL ? o->store_url : o->conf->store.url;
	int rc;

	/* The ledger first: its lock says that no other engine writes here.  To migrate
	 * the store or claim its shards would end one that does. */
	if ((rc = file_mkdirs(o->conf->state_dir, 0700, e)) != 0 ||
	    (rc = ledger_open(o->conf->state_dir, o->key, o->sync, &g->ledger, e)) !=
		0 ||
	    (rc = store_open(url, &g->store, e)) != 0 ||
	    (conf_simulates(o->conf, "db-full") &&
		(rc = store_limit_growth(g->store, SIMULATED_GROWTH, e)) != 0) ||
	    (rc = store_claim(g->store, "engine", ENGINE_LEASE, g->fences, e)) != 0 ||
	    (rc = vault_open(o->conf->state_dir, o->sync, &g->vault, e)) != 0)
		return rc;
	return engine_record_recover(g, e);
}

/* Where rules begin that nobody moved: with the packs' modes (`policy') it says which
 * mode was in force. */
static const char *
life_cycle(const struct engine *g)
{
	return g->conf->policy.life_cycle == CONF_LIFE_GATED ? "gated" : "packs";
}

static void
record_start(struct engine *g, int64_t now)
{
	json_t *j =
	    json_pack("{s:s, s:s, s:s, s:o, s:s}", "configuration", g->conf->digest,
		"version", PACKAGE_VERSION, "templates", notice_set_digest(g->notices),
		"ladder", engine_ladder_json(&g->ladder), "life_cycle", life_cycle(g));

	engine_record(g, "start", j, NULL, now);
}

int
engine_new(
    const struct engine_options *o, int64_t now, struct engine **out, struct err *e)
{
	struct engine *g = xcalloc(1, sizeof(*g));
	int rc;

	*out = NULL;
	g->conf = o->conf;
	g->notices = o->notices;
	g->key = o->key;
	g->sync = o->sync;
	g->send = o->send;
	g->ctx = o->ctx;
	g->may_async = o->async;
	g->pending.run = ENGINE_RUN;
	g->started = now;
	g->unsealed_since = g->put_off = CLOCK_NONE;
	g->next_batch = g->next_trial = (uint64_t)now << 20;
	g->nfetchers = o->conf->fetchers;
	g->fetchers = xcalloc(g->nfetchers, sizeof(*g->fetchers));
	g->traces = xcalloc(g->nfetchers, sizeof(*g->traces));
	for (unsigned i = 0; i < g->nfetchers; i++)
		g->traces[i] = -1;
	rc = open_all(g, o, e);
	if (rc != 0) {
		ledger_free(&g->ledger);
		vault_free(&g->vault);
		store_free(&g->store);
		free(g->fetchers);
		free(g->traces);
		free(g);
		return rc;
	}
	engine_ladder_load(g);
	engine_life_load(g);
	engine_begin(g);
	record_start(g, now);
	engine_person_erase_again(g);
	engine_alive_absence(g, now);
	engine_clock_start(g, now);
	engine_feed_sync(g, now);
	engine_inspect_resize(g);
	engine_retry_load(g, now);
	engine_ask_load(g, now);
	engine_list_sync(g, now);
	engine_report_load(g);
	engine_inspect_load(g);
	engine_flush(g, now);
	*out = g;
	return 0;
}

void
engine_free(struct engine **gp, int64_t now)
{
	struct engine *g = *gp;

	if (g == NULL)
		return;
	engine_begin(g);
	engine_record(g, "stop", json_object(), NULL, now);
	engine_alive_now(g, now);
	engine_cost_flush(g);
	engine_flush(g, now);
	engine_record_seal(g, true, now);
	engine_feed_free(g);
	engine_stream_free(g);
	engine_inspect_free(g);
	free(g->again);
	free(g->refused_why);
	engine_life_free(g);
	engine_ask_free(g);
	engine_list_free(g);
	engine_turn_free(g);
	free(g->polls);
	ledger_free(&g->ledger);
	vault_free(&g->vault);
	store_free(&g->store);
	free(g);
	*gp = NULL;
}

/* --- the turn --- */

static void
refused(struct engine *g, struct msg *m, int64_t now)
{
	(void)now;
	g->refused = m->refused.since;
	xmove(&g->refused_why, &m->refused.why);
	g->changed = m->refused.changed;
}

static const struct {
	enum msg_type type;
	void (*handle)(struct engine *g, struct msg *m, int64_t now);
} handlers[] = {
    {MSG_POLLED, engine_polled},
    {MSG_PUSHED, engine_pushed},
    {MSG_RULES, engine_rules},
    {MSG_INSPECTED, engine_inspected},
    {MSG_STAND, engine_plugin_stand},
    {MSG_ANSWERED, engine_answered},
    {MSG_TRIED, engine_list_tried},
    {MSG_REFUSED, refused},
    {MSG_TRACE, engine_fetch_trace},
    {MSG_SENT, engine_sent},
    {MSG_SENDING, engine_courier_hand},
};

void
engine_handle(struct engine *g, struct msg *m, int64_t now)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].type == m->type) {
			engine_begin(g);
			g->handled = now;
			engine_clock_hear(m, now);
			handlers[i].handle(g, m, now);
			return;
		}
	log_warn("engine", "no use for a %s message", msg_name(m->type));
}

void
engine_peer_up(struct engine *g, enum role role, uint32_t index, int64_t now)
{
	if (role == ROLE_FETCH && index < g->nfetchers) {
		engine_begin(g);
		engine_fetch_up(g, index, now);
		engine_push_fetch_up(g, index, now);
	} else if (role == ROLE_POLICY)
		engine_inspect_up(g, index);
	else if (role == ROLE_COURIER)
		g->courier_up = true;
}

void
engine_peer_pid(struct engine *g, enum role role, uint32_t index, int64_t pid)
{
	if (role == ROLE_POLICY && index < g->nworkers)
		g->workers[index].pid = pid;
}

void
engine_peer_down(struct engine *g, enum role role, uint32_t index, int64_t now)
{
	engine_begin(g);
	if (role == ROLE_FETCH) {
		engine_fetch_down(g, index, now);
		engine_ask_fetch_down(g, index, now);
	} else if (role == ROLE_POLICY)
		engine_inspect_down(g, index, now);
	else if (role == ROLE_COURIER)
		engine_courier_down(g, now);
}

static void
sooner(int64_t *next, int64_t t)
{
	if (t != CLOCK_NONE && t < *next)
		*next = t;
}

int64_t
engine_tick(struct engine *g, int64_t now)
{
	int64_t next = now + CLOCK_MIN;

	engine_begin(g);
	engine_clock_tick(g, now);
	if (!g->draining) {
		sooner(&next, engine_feed_dispatch(g, now));
		sooner(&next, engine_recheck_dispatch(g, now));
		engine_stream_dispatch(g, now);
		sooner(&next, engine_push_dispatch(g, now));
		sooner(&next, engine_retry_dispatch(g, now));
		sooner(&next, engine_ask_dispatch(g, now));
		sooner(&next, engine_list_dispatch(g, now));
	}
	engine_inspect_dispatch(g, now);
	/* After it: what is to be inspected may have to be asked for first. */
	if (!g->draining)
		sooner(&next, engine_errand_dispatch(g, now));
	sooner(&next, engine_inspect_deadline(g, now));
	sooner(&next, engine_life_due(g, now));
	sooner(&next, engine_stat_due(g, now));
	sooner(&next, engine_cost_due(g, now));
	sooner(&next, engine_case_due(g, now));
	sooner(&next, engine_exposure_due(g, now));
	sooner(&next, engine_keep_due(g, now));
	sooner(&next, engine_ask_sweep(g, now));
	sooner(&next, engine_alive_mark(g, now));
	engine_turn_end(g, now, !g->may_async);
	sooner(&next, engine_outbox_due(g));
	sooner(&next, engine_record_seal_next(g));
	return next > now ? next : now + 1;
}

void
engine_reconf(struct engine *g, const struct conf *conf,
    const struct notice_set *notices, int64_t now)
{
	g->conf = conf;
	g->notices = notices;
	engine_courier_replaced(g);
	engine_ladder_load(g);
	engine_begin(g);
	engine_record(g, "configuration",
	    json_pack("{s:s, s:s, s:o, s:s}", "configuration", conf->digest,
		"templates", notice_set_digest(notices), "ladder",
		engine_ladder_json(&g->ladder), "life_cycle", life_cycle(g)),
	    NULL, now);
	engine_feed_sync(g, now);
	engine_list_sync(g, now);
	engine_inspect_resize(g);
	engine_flush(g, now);
}

void
engine_drain(struct engine *g)
{
	g->draining = true;
}

int
engine_busy(const struct engine *g)
{
	for (size_t i = 0; i < g->nworkers; i++)
		if (g->workers[i].nsent != 0)
			return 1;
	return g->npolls > 0 || g->sending > 0;
}

void
engine_watch(struct engine *g, void (*fn)(void *ctx, const char *entry), void *ctx)
{
	g->watch = fn;
	g->watch_ctx = ctx;
}

json_t *
engine_stats(struct engine *g, int64_t now)
{
	struct store_counts c;
	struct err e = ERR_INIT;
	json_t *o = json_object(), *polls = json_object();

	engine_must(store_count(g->store, &c, &e), 0, "cannot count", &e);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
	    {"started_ms", (uint64_t)g->started},
	    {"uptime_ms", (uint64_t)(now - g->started)},
	    {"items_new", g->items_new},
	    {"items_changed", g->items_changed},
	    {"items_judged", g->items_judged},
	    {"items_degraded", g->items_degraded},
	    {"findings", g->findings},
	    {"violations", g->violations},
	    {"worker_deaths", g->worker_deaths},
	    {"texts_let_go", g->let_go},
	    {"asks_open", (uint64_t)store_ask_count(g->store)},
	    {"asks_failed", g->asks_failed},
	    {"asks_refused", g->asks_refused},
	    {"answers", g->answers},
	    {"advices", g->reviews},
	    {"reports_open", (uint64_t)engine_report_waiting(g)},
	    {"reload_refused", g->refused_why != NULL},
	    {"files_changed", g->changed != 0},
	    {"feeds", c.feeds},
	    {"feeds_down", c.feeds_down},
	    {"items", c.items},
	    {"pending", c.pending},
	    {"retries", (uint64_t)g->retries},
	    {"plugins_missing", engine_lack_count(g)},
	    {"violations_online", c.violations_online},
	    {"cases_open", c.cases_open},
	    {"recommended", c.recommended},
	    {"notices", c.notices},
	    {"outbox_new", c.outbox_new},
	    {"outbox_sending", c.outbox_sending},
	    {"outbox_unknown", c.outbox_unknown},
	    {"outbox_failed", c.outbox_failed},
	    {"ledger_size", (uint64_t)g->seq},
	    {"ledger_signed", ledger_signed(g->ledger)},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_object_set_new(
		    o, numbers[i].name, json_integer((json_int_t)numbers[i].value));
	for (int i = 0; i < POLLED_COUNT; i++)
		json_object_set_new(
		    polls, polled_name(i), json_integer((json_int_t)g->polls_by[i]));
	json_object_set_new(o, "polls", polls);
	engine_stat_metrics(g, o);
	engine_plugin_stats(g, o);
	engine_list_stats(g, o, now);
	json_object_set_new(o, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(o, "policy", json_string(g->policy));
	return o;
}
