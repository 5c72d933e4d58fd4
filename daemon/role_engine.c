/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_engine: the engine on channels and in real time.  One turn of the loop
 * handles every message that is there, then one tick commits it all together.  While
 * the disk takes that, the next turn handles what has come meanwhile; if there is
 * nothing, it waits for the disk.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/log.h"
#include "console/control.h"
#include "engine/engine.h"
#include "ipc/role.h"
#include "roles.h"

#define STATS_EVERY (5 * CLOCK_SEC)
/* Freed memory that is kept: captures come and go all the time. */
#define KEEP (16u << 20)
#define LOCK_WAIT_MS 10000 /* for an engine whose supervisor was killed */
#define LOCK_LOOK_MS 100
#define CAME_MAX 4096 /* answers timed between two commits; more are not */

struct engine_role {
	struct role_self *self;
	struct conf *conf;
	struct notice_set *notices;
	struct ledger_key *key;
	struct engine *engine;
	struct control *control;
	struct loop_timer *tick, *stats;
	bool handled; /* something since the last tick */
	int64_t next; /* when the engine wants to be called, whatever comes */
	bool stopping;
	/* From the last byte of an answer with items until they are on disk. */
	struct histogram delay;
	struct came {
		int64_t time;
		uint64_t turn;
	} came[CAME_MAX]; /* answers not on disk yet */
	size_t ncame;
};

/* --- the turn --- */

static void
kick(struct engine_role *r)
{
	r->handled = true;
	loop_timer_set(r->tick, 0);
}

/* After a tick: how long those took that are on disk by now. */
static void
time_came(struct engine_role *r, int64_t now)
{
	size_t done = 0;

	for (; done < r->ncame && r->came[done].turn <= engine_told(r->engine); done++)
		histogram_add(&r->delay, now - r->came[done].time);
	r->ncame -= done;
	memmove(r->came, r->came + done, r->ncame * sizeof(r->came[0]));
}

static void
on_tick(void *ctx)
{
	struct engine_role *r = ctx;
	int64_t now = clock_now();

	if (engine_unsettled(r->engine) && !r->handled && now < r->next)
		engine_settle(r->engine, now);
	else
		r->next = engine_tick(r->engine, now);
	r->handled = false;
	now = r->ncame > 0 ? clock_now() : now;
	time_came(r, now);
	if (r->stopping && !engine_busy(r->engine)) {
		role_exit(r->self);
		return;
	}
	if (engine_unsettled(r->engine))
		loop_timer_set(r->tick, 0); /* after the messages that are there */
	else
		loop_timer_set(r->tick, r->next > now ? r->next - now : 1);
}

static void
on_send(void *ctx, enum role to, uint32_t index, struct msg *m)
{
	struct engine_role *r = ctx;
	enum msg_type type = m->type;

	/* A peer that is gone takes its messages along: peer_down tells the engine.
	 * One that is lost here would be waited for, and others blamed. */
	if (role_send(r->self, to, index, m) == TOSD_ELIMIT)
		log_die("engine", "own mistake: %s to %s is larger than a frame may be",
		    msg_name(type), role_name(to));
}

static void
on_msg(void *ctx, struct msg *m)
{
	struct engine_role *r = ctx;

	if (m->type == MSG_POLLED && m->polled.nitems > 0 && r->ncame < CAME_MAX)
		r->came[r->ncame++] =
		    (struct came){m->polled.time, engine_turn(r->engine)};
	engine_handle(r->engine, m, clock_now());
	kick(r);
}

static void
on_peer_up(void *ctx, enum role role, uint32_t index)
{
	struct engine_role *r = ctx;

	engine_peer_up(r->engine, role, index, clock_now());
	engine_peer_pid(r->engine, role, index, role_peer_pid(r->self, role, index));
	kick(r);
}

static void
on_peer_down(void *ctx, enum role role, uint32_t index)
{
	struct engine_role *r = ctx;

	engine_peer_down(r->engine, role, index, clock_now());
	kick(r);
}

static json_t *
on_control(void *ctx, const json_t *request, uint32_t uid)
{
	struct engine_role *r = ctx;
	json_t *reply = engine_control(r->engine, request, uid, clock_now());

	kick(r);
	return reply;
}

static json_t *
delay_json(const struct histogram *h)
{
	json_t *n = json_array();

	for (int i = 0; i < HISTOGRAM_CLASSES; i++)
		json_array_append_new(n, json_integer((json_int_t)h->n[i]));
	return json_pack("{s:o, s:I}", "n", n, "sum_ms", (json_int_t)h->sum);
}

static void
on_stats(void *ctx)
{
	struct engine_role *r = ctx;
	struct msg m;
	json_t *j;

	if (role_has_peer(r->self, ROLE_CONSOLE, 0)) {
		msg_init(&m, MSG_STATS);
		j = engine_stats(r->engine, clock_now());
		json_object_set_new(j, "delay", delay_json(&r->delay));
		m.stats.json = json_dumps(j, JSON_COMPACT);
		json_decref(j);
		role_send(r->self, ROLE_CONSOLE, 0, &m);
	}
	loop_timer_set(r->stats, STATS_EVERY);
}

/* --- start --- */

/* The log's key: given by the supervisor as a secret, or a file of our own that the
 * first start makes. */
static int
load_key(struct engine_role *r, struct err *e)
{
	const struct buf *given = role_secret(r->self, "log-key");
	char *dir = xasprintf("%s/keys", r->conf->state_dir);
	char *path = xasprintf("%s/log.key", dir);
	int rc;

	if (given != NULL) {
		rc = ledger_key_parse(given->data, &r->key, e);
		goto out;
	}
	if ((rc = file_mkdirs(dir, 0700, e)) != 0)
		goto out;
	rc = ledger_key_load(path, &r->key, e);
	if (rc != TOSD_ENOENT)
		goto out;
	if ((rc = ledger_key_new(r->conf->ledger.origin, &r->key, e)) == 0 &&
	    (rc = ledger_key_save(r->key, path, e)) == 0)
		log_notice("engine",
		    "made a signing key in %s: keep a copy of %s/log.vkey "
		    "elsewhere",
		    path, r->conf->state_dir);
out:
	free(path);
	free(dir);
	return rc;
}

/* An engine whose supervisor was killed finishes what it has in hand, and then frees
 * the ledger; nothing is open here meanwhile. */
static int
open_engine(struct engine_role *r, const struct engine_options *o, struct err *e)
{
	int rc = engine_new(o, clock_now(), &r->engine, e);

	for (int ms = 0; rc == TOSD_EBUSY && ms < LOCK_WAIT_MS; ms += LOCK_LOOK_MS) {
		if (ms == 0)
			log_notice("engine", "%s; waiting for its end", e->text);
		usleep(LOCK_LOOK_MS * 1000);
		rc = engine_new(o, clock_now(), &r->engine, e);
	}
	return rc;
}

static void
release(void *ctx)
{
	struct engine_role *r = ctx;

	control_free(&r->control);
	engine_free(&r->engine, clock_now());
	loop_timer_free(&r->tick);
	loop_timer_free(&r->stats);
	ledger_key_free(&r->key);
	notice_set_free(&r->notices);
	conf_free(&r->conf);
	free(r);
}

static int
start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	struct engine_role *r = xcalloc(1, sizeof(*r));
	struct engine_options o = {
	    .sync = FILE_SYNC, .async = true, .send = on_send, .ctx = r};
	int rc;

	xkeep(KEEP);
	r->self = self;
	role_set_ctx(self, r);
	r->tick = loop_timer_new(role_loop(self), on_tick, r);
	r->stats = loop_timer_new(role_loop(self), on_stats, r);
	if ((rc = conf_of_role(sources, &r->conf, e)) != 0 ||
	    (rc = file_mkdirs(r->conf->state_dir, 0700, e)) != 0 ||
	    (rc = file_mkdirs(r->conf->run_dir, 0755, e)) != 0 ||
	    (rc = load_key(r, e)) != 0 ||
	    (rc = notice_set_load(r->conf->templates_dir, &r->notices, e)) != 0)
		return rc;
	o.conf = r->conf;
	o.notices = r->notices;
	o.key = r->key;
	if ((rc = open_engine(r, &o, e)) != 0)
		return rc;
	rc = control_new(
	    role_loop(self), r->conf->control, on_control, r, &r->control, e);
	if (rc != 0)
		return rc;
	profile_of_role(ROLE_ENGINE, r->conf, profile);
	loop_timer_set(r->tick, 0);
	loop_timer_set(r->stats, STATS_EVERY);
	return 0;
}

static int
reconf(void *ctx, const struct buf *sources, struct err *e)
{
	struct engine_role *r = ctx;
	struct conf *conf = NULL;
	struct notice_set *notices = NULL;
	int rc;

	if ((rc = conf_of_role(sources, &conf, e)) != 0 ||
	    (rc = notice_set_load(conf->templates_dir, &notices, e)) != 0) {
		conf_free(&conf);
		return rc;
	}
	engine_reconf(r->engine, conf, notices, clock_now());
	conf_free(&r->conf);
	notice_set_free(&r->notices);
	r->conf = conf;
	r->notices = notices;
	kick(r);
	return 0;
}

static void
stop(void *ctx)
{
	struct engine_role *r = ctx;

	/* The others have ended before us and all that they sent is in. */
	r->stopping = true;
	engine_drain(r->engine);
	kick(r);
}

int
role_engine_main(void)
{
	static const struct role_ops ops = {
	    .role = ROLE_ENGINE,
	    .start = start,
	    .reconf = reconf,
	    .msg = on_msg,
	    .peer_up = on_peer_up,
	    .peer_down = on_peer_down,
	    .stop = stop,
	    .free = release,
	};

	return role_main(&ops);
}
