/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_simulate: plays fetch, policy and courier for the engine.  The engine, the
 * plugins, the ladder, the templates, store, vault and ledger are the daemon's own;
 * only the world outside and the clock are made up.
 */
#include "tosctl/tosctl_simulate.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/log.h"
#include "base/option.h"
#include "engine/engine.h"
#include "policy/fetched.h"
#include "policy/host.h"
#include "tosctl/plugin_cage.h"
#include "tosctl/print_json.h"
#include "tosctl/sim_world.h"
#include "tosctl/standard_output.h"
#include "tosctl/temporary.h"

#define FETCH_TAKES CLOCK_SEC
#define MAIL_TAKES (2 * CLOCK_SEC)
#define SCENARIO_MAX (64u << 20)

enum { DONE = 0, USAGE = 2, CANNOT = 3 };

static const char usage_text[] =
    "usage: tosctl simulate [--all] [--dir DIR] [--plugin FILE] SCENARIO\n";

/* A message on its way back to the engine. */
struct back {
	int64_t at;
	uint64_t order;
	enum role from;
	struct msg m;
};

struct sim {
	struct trace *trace;
	struct conf *conf;
	struct conf_policy policy; /* as the plugins see it */
	struct notice_set *notices;
	struct ledger_key *key;
	struct policy_host *host;
	struct sim_world *world;
	struct engine *engine;
	struct back *back;
	size_t nback, cap;
	uint64_t order;
	int64_t now;
	bool all;
	bool delivered; /* a notice reached a tenant in this turn */
	json_t *scenario;
};

/* --- the roles --- */

static void
send_back(struct sim *s, enum role from, int64_t at, struct msg *m)
{
	if (s->nback == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->back = xrealloc(s->back, s->cap * sizeof(*s->back));
	}
	s->back[s->nback++] = (struct back){at, s->order++, from, *m};
}

static void
play_fetch(struct sim *s, const struct msg *m)
{
	struct msg out;

	sim_world_answer(s->world, &m->poll, s->now + FETCH_TAKES, &out);
	send_back(s, ROLE_FETCH, s->now + FETCH_TAKES, &out);
}

static void
play_policy(struct sim *s, const struct msg *m)
{
	struct msg out;

	msg_init(&out, MSG_INSPECTED);
	out.inspected.batch = m->inspect.batch;
	out.inspected.digest = xstrdup(policy_host_digest(s->host));
	out.inspected.v = xcalloc(m->inspect.n, sizeof(*out.inspected.v));
	for (uint32_t i = 0; i < m->inspect.n; i++) {
		const struct msg_inspect_item *in = &m->inspect.v[i];
		struct msg_inspected_item *o = &out.inspected.v[out.inspected.n++];

		o->revision = in->revision;
		policy_host_check(s->host, in->tenant, &in->item, in->time,
		    &o->findings, &o->n, &o->degraded);
	}
	/* In virtual time nothing takes time: only how much was done. */
	policy_host_costs(s->host, &out.inspected.costs, &out.inspected.ncosts);
	send_back(s, ROLE_POLICY, s->now, &out);
}

static void
play_courier(struct sim *s, const struct msg *m)
{
	struct msg out;
	bool bounces = sim_world_bounces(s->world, m->send.recipient, s->now);

	msg_init(&out, MSG_SENT);
	out.sent.id = m->send.id;
	out.sent.outcome = bounces ? SENT_HARD : SENT_OK;
	out.sent.code = bounces ? 550 : 250;
	out.sent.reply = xstrdup(bounces ? "no such user" : "taken");
	out.sent.time = s->now + MAIL_TAKES;
	send_back(s, ROLE_COURIER, s->now + MAIL_TAKES, &out);
}

static void
on_send(void *ctx, enum role to, uint32_t index, struct msg *m)
{
	struct sim *s = ctx;

	(void)index;
	if (to == ROLE_FETCH)
		play_fetch(s, m);
	else if (to == ROLE_POLICY)
		play_policy(s, m);
	else if (to == ROLE_COURIER)
		play_courier(s, m);
	msg_clear(m);
}

/* --- what is shown --- */

static const char *const shown[] = {"violation", "recheck", "step", "recommendation",
    "notice", "delivery", "decision", "appeal", "reply", "gap", "safety", "degraded",
    "hold", "sighting", "cloaking"};

static void
on_entry(void *ctx, const char *text)
{
	struct sim *s = ctx;
	json_t *j = json_loads(text, 0, NULL);
	const char *kind = json_string_value(json_object_get(j, "kind"));
	const char *key = json_string_value(json_object_get(j, "tenant"));
	const struct conf_tenant *t =
	    key != NULL ? conf_tenant_by_key(s->conf, key) : NULL;
	bool show = s->all;

	if (kind != NULL && strcmp(kind, "delivery") == 0)
		s->delivered = true;
	for (size_t i = 0; kind != NULL && i < sizeof(shown) / sizeof(shown[0]); i++)
		show |= strcmp(shown[i], kind) == 0;
	if (show) {
		if (t != NULL)
			json_object_set_new(j, "tenant", json_string(t->id));
		print_json(stdout, j, JSON_SORT_KEYS);
	}
	json_decref(j);
}

/* --- the run --- */

static size_t
soonest(const struct sim *s)
{
	size_t best = 0;

	for (size_t i = 1; i < s->nback; i++)
		if (s->back[i].at < s->back[best].at ||
		    (s->back[i].at == s->back[best].at &&
			s->back[i].order < s->back[best].order))
			best = i;
	return best;
}

static void
go_to(struct sim *s, int64_t t)
{
	if (t > s->now)
		s->now = t;
	clock_set_virtual(s->now);
}

static json_t *
ask(struct sim *s, const char *cmd)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);
	json_t *reply = engine_control(s->engine, request, 0, s->now);

	json_decref(request);
	return reply;
}

/* A person's request; the tenant's newest case is filled in. */
static void
do_deed(struct sim *s, const struct sim_deed *d)
{
	json_t *r = json_deep_copy(d->request), *cases = ask(s, "cases"), *reply, *row;
	size_t i;

	json_array_foreach(json_object_get(cases, "rows"), i,
	    row) if (strcmp(json_string_value(json_object_get(row, "tenant")),
			 d->tenant) == 0)
	    json_object_set(r, "case", json_object_get(row, "case"));
	reply = engine_control(s->engine, r, 0, s->now);
	if (!json_is_true(json_object_get(reply, "ok")))
		log_warn("simulate", "a person's request was refused: %s",
		    json_string_value(json_object_get(reply, "error")));
	json_decref(reply);
	json_decref(cases);
	json_decref(r);
}

/* Tells the world which posts its tenants know of now. */
static void
tell_reported(struct sim *s)
{
	json_t *reply = ask(s, "violations"), *row;
	size_t i;

	s->delivered = false;
	json_array_foreach(json_object_get(reply, "rows"), i, row)
	{
		const char *url = json_string_value(json_object_get(row, "url"));

		if (url != NULL && json_object_get(row, "reported") != NULL &&
		    json_object_get(row, "ended") == NULL)
			sim_world_report(s->world, url, s->now);
	}
	json_decref(reply);
}

static void
run(struct sim *s, int64_t end)
{
	int64_t tick = s->now;

	for (;;) {
		const struct sim_deed *deed = sim_world_deed(s->world);
		size_t b = s->nback > 0 ? soonest(s) : 0;
		int64_t t = tick;

		if (s->nback > 0 && s->back[b].at < t)
			t = s->back[b].at;
		if (deed != NULL && deed->at < t)
			t = deed->at;
		if (t > end)
			break;
		go_to(s, t);
		if (s->nback > 0 && s->back[b].at <= t) {
			struct back back = s->back[b];

			s->back[b] = s->back[--s->nback];
			back.m.from = back.from;
			engine_handle(s->engine, &back.m, s->now);
			msg_clear(&back.m);
		} else if (deed != NULL && deed->at <= t) {
			do_deed(s, deed);
			sim_world_done(s->world);
		}
		tick = engine_tick(s->engine, s->now);
		if (s->delivered)
			tell_reported(s);
	}
	go_to(s, end);
}

static void
peers_up(struct sim *s)
{
	struct msg m;

	for (unsigned i = 0; i < s->conf->fetchers; i++)
		engine_peer_up(s->engine, ROLE_FETCH, i, s->now);
	engine_peer_up(s->engine, ROLE_POLICY, 0, s->now);
	engine_peer_up(s->engine, ROLE_COURIER, 0, s->now);
	msg_init(&m, MSG_RULES);
	policy_host_rules(s->host, &m.rules);
	m.from = ROLE_POLICY;
	engine_handle(s->engine, &m, s->now);
	msg_clear(&m);
	msg_init(&m, MSG_SENDING);
	m.sending.courier = xstrdup("simulated");
	m.from = ROLE_COURIER;
	engine_handle(s->engine, &m, s->now);
	msg_clear(&m);
}

/* --- opening --- */

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	complain("%s:%d: %s", file, line, text);
}

static void
on_refused(void *ctx, const char *text)
{
	(void)ctx;
	complain("%s", text);
}

static int
load_conf(struct sim *s, const char *scenario_path, struct err *e)
{
	const char *name =
	    json_string_value(json_object_get(s->scenario, "configuration"));
	char *copy = xstrdup(scenario_path), *path;
	struct conf_sources src = {0};
	int rc;

	if (name == NULL) {
		free(copy);
		return err_set(e, TOSD_EINVAL, "the scenario names no `configuration'");
	}
	path = name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", dirname(copy), name);
	free(copy);
	rc = conf_sources_read(path, &src, e);
	if (rc == 0 && (rc = conf_parse(&src, on_mistake, NULL, &s->conf)) != 0)
		err_set(e, rc, "%s has mistakes", path);
	conf_sources_clear(&src);
	free(path);
	return rc;
}

/* A story that keeps its store can be gone on with, so it keeps its key as well. */
static int
open_key(struct sim *s, const char *dir, bool keep, struct err *e)
{
	char *path = xasprintf("%s/log.key", dir);
	int rc = TOSD_ENOENT;

	if (keep && access(path, F_OK) == 0)
		rc = ledger_key_load(path, &s->key, e);
	else if ((rc = ledger_key_new(s->conf->ledger.origin, &s->key, e)) == 0 && keep)
		rc = ledger_key_save(s->key, path, e);
	free(path);
	return rc;
}

static int
open_sim(struct sim *s, const char *dir, const char *plugin, struct err *e)
{
	struct policy_options po = {.report = on_refused, .trace = s->trace};
	struct engine_options eo = {.sync = FILE_NOSYNC, .send = on_send, .ctx = s};
	char *store = xasprintf("sqlite:%s/store.db", dir), *fetched;
	bool keep = json_is_true(json_object_get(s->scenario, "keep_store"));
	int rc;

	/* The conf is ours alone: where it would write is replaced. */
	po.fetched_dir = fetched = policy_fetched_dir(s->conf->state_dir);
	s->conf->state_dir = dir;
	s->conf->policy.cache_dir = NULL;
	if (plugin != NULL && s->conf->policy.nplugins > 0)
		s->conf->policy.plugins[0].path = plugin;
	s->policy = s->conf->policy;
	s->conf->policy.nlists = 0; /* there is nobody to fetch newer ones from */
	po.conf = &s->policy;
	po.safety = &s->conf->safety;
	if ((rc = policy_host_new(&po, &s->host, e)) != 0 ||
	    (rc = notice_set_load(s->conf->templates_dir, &s->notices, e)) != 0 ||
	    (rc = open_key(s, dir, keep, e)) != 0)
		goto out;
	eo.conf = s->conf;
	eo.notices = s->notices;
	eo.key = s->key;
	eo.store_url = keep ? store : "sqlite::memory:";
	clock_set_virtual(s->now);
	rc = engine_new(&eo, s->now, &s->engine, e);
out:
	free(store);
	free(fetched);
	return rc;
}

static int
load_scenario(struct sim *s, const char *path, struct err *e)
{
	struct buf b = {0};
	json_error_t je;
	int rc = file_read(path, SCENARIO_MAX, &b, e);

	if (rc == 0)
		s->scenario = json_loadb(b.data != NULL ? b.data : "", b.len, 0, &je);
	if (rc == 0 && s->scenario == NULL)
		rc = err_set(e, TOSD_EINVAL, "%s:%d: %s", path, je.line, je.text);
	buf_free(&b);
	return rc;
}

static int
simulate(
    struct sim *s, const char *path, const char *dir, const char *plugin, struct err *e)
{
	const char *start, *end;
	int rc = load_scenario(s, path, e);

	if (rc != 0)
		return rc;
	start = json_string_value(json_object_get(s->scenario, "start"));
	end = json_string_value(json_object_get(s->scenario, "end"));
	s->now = start != NULL ? clock_parse(start) : CLOCK_NONE;
	if (s->now == CLOCK_NONE || end == NULL || sim_time(end, s->now) == CLOCK_NONE)
		return err_set(e, TOSD_EINVAL,
		    "%s: `start' (RFC 3339) and `end' are needed", path);
	id_seed((uint64_t)json_integer_value(json_object_get(s->scenario, "seed")));
	if ((rc = load_conf(s, path, e)) != 0 ||
	    (rc = sim_world_new(s->scenario, s->conf, s->now, &s->world, e)) != 0 ||
	    (rc = open_sim(s, dir, plugin, e)) != 0)
		return rc;
	engine_watch(s->engine, on_entry, s);
	peers_up(s);
	run(s, sim_time(end, s->now));
	return 0;
}

static void
close_sim(struct sim *s)
{
	engine_free(&s->engine, s->now);
	for (size_t i = 0; i < s->nback; i++)
		msg_clear(&s->back[i].m);
	free(s->back);
	sim_world_free(&s->world);
	policy_host_free(&s->host);
	notice_set_free(&s->notices);
	ledger_key_free(&s->key);
	conf_free(&s->conf);
	json_decref(s->scenario);
}

struct job {
	struct sim s;
	const char *path, *dir, *plugin;
};

static int
play(void *ctx, struct trace *trace)
{
	struct job *j = ctx;
	struct err e = ERR_INIT;
	int rc;

	j->s.trace = trace;
	rc = simulate(&j->s, j->path, j->dir, j->plugin, &e);
	close_sim(&j->s);
	if (rc != 0)
		complain("tosctl: %s", e.text);
	if (!standard_output_taken())
		return standard_output_lost();
	return rc == 0 ? DONE : CANNOT;
}

static const struct option long_options[] = {
    {"all", no_argument, NULL, 'a'},
    {"dir", required_argument, NULL, 'd'},
    {"plugin", required_argument, NULL, 'p'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int
tosctl_simulate(int argc, char **argv)
{
	struct temporary temporary = {0};
	struct err e = ERR_INIT;
	struct job j = {0};
	int c, rc;

	while ((c = option_next("tosctl", argc, argv, "ad:p:jh", long_options)) != -1)
		switch (c) {
		case 'a':
			j.s.all = true;
			break;
		case 'd':
			j.dir = optarg;
			break;
		case 'p':
			j.plugin = optarg;
			break;
		case 'j':
			break; /* the output is JSON lines anyway */
		case 'h':
			fputs(usage_text, stdout);
			return DONE;
		default:
			return USAGE;
		}
	if (argc - optind != 1) {
		fputs(usage_text, stderr);
		return USAGE;
	}
	log_set_level(LOG_L_WARN);
	if (j.dir == NULL) {
		if (temporary_make("tosd-simulate", &temporary, &e) != 0) {
			complain("tosctl: %s", e.text);
			return CANNOT;
		}
		j.dir = temporary.path;
	}
	j.path = argv[optind];
	rc = plugin_cage_host(play, &j);
	temporary_remove(&temporary);
	return rc;
}
