/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_policy: one of the workers that judge items.  It loads plugins and packs before
 * its sandbox closes, tells the engine which rules it has, and then only answers: a
 * MSG_INSPECTED for each MSG_INSPECT, in order.  It keeps no state from item to item;
 * an item that crashes or hangs it costs the worker, and the engine knows which batch
 * it was.  Plugins that are programs are started by the supervisor, which hands over
 * their pipes: before the configuration, and again when this role has said that one is
 * of no use any more.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ipc/role.h"
#include "policy/exec.h"
#include "policy/fetched.h"
#include "policy/host.h"
#include "policy/kept.h"
#include "policy/said.h"
#include "roles.h"

/* Freed memory that is kept. */
#define KEEP (32u << 20)

struct policy {
	struct role_self *self;
	struct conf *conf;
	struct policy_host *host;
	struct policy_said
	    *said; /* NULL in a build with sanitizers: they print reports */
	struct loop_timer *idle; /* to look after programs; NULL: there are none */
	uint32_t faults;	 /* packs and plugins left out */
	char *words;		 /* the first of these; of a trial: what came of it */
};

static bool
take_program(void *ctx, const char *plugin, struct exec_fds *out)
{
	struct policy *p = ctx;
	int fds[MSG_CHILD_PIPES];

	if (!role_child(p->self, plugin, fds, out->digest))
		return false;
	out->in = fds[0];
	out->out = fds[1];
	out->err = fds[2];
	return true;
}

static void
lost_program(void *ctx, const char *plugin, int64_t delay, const char *why)
{
	struct policy *p = ctx;
	struct msg m;

	msg_init(&m, MSG_RESPAWN);
	m.respawn.name = xstrdup(plugin);
	m.respawn.delay = delay;
	m.respawn.why = xstrdup(why);
	role_send(p->self, ROLE_SUPERVISOR, 0, &m);
}

static void
send_stand(void *ctx, const char *plugin, const char *why)
{
	struct policy *p = ctx;
	struct msg m;

	msg_init(&m, MSG_STAND);
	m.stand.plugin = xstrdup(plugin);
	m.stand.why = why != NULL ? xstrdup(why) : NULL;
	role_send(p->self, ROLE_ENGINE, 0, &m);
}

/* Where nobody is there to be told, policy_peer_up() says all. */
static void
tell_stands(struct policy *p, bool anew)
{
	if (role_has_peer(p->self, ROLE_ENGINE, 0))
		policy_host_stands(p->host, anew, send_stand, p);
}

static void
on_idle(void *ctx)
{
	struct policy *p = ctx;
	int64_t next = p->host != NULL ? policy_host_idle(p->host) : 0;

	if (next > 0)
		tell_stands(p, false);
	if (next > 0)
		loop_timer_set(p->idle, next);
}

static void
report(void *ctx, const char *text)
{
	struct policy *p = ctx;

	if (p->faults++ == 0)
		p->words = xstrdup(text);
	log_err("policy", "%s", text);
}

/* A list is tried: what is wrong is for the engine to say, in one line. */
static void
report_trial(void *ctx, const char *text)
{
	static const char plugin[] = "lists: ";
	struct policy *p = ctx;
	size_t n = sizeof(plugin) - 1;

	log_debug("policy", "%s", text);
	if (p->faults++ > 0)
		return;
	free(p->words);
	p->words = xstrdup(strncmp(text, plugin, n) == 0 ? text + n : text);
}

/* The plugin's word that it may take the place of the one in force. */
static void
note_trial(void *ctx, const char *text)
{
	static const char good[] = "trial: ";
	struct policy *p = ctx;

	log_debug("policy", "%s", text);
	if (strncmp(text, good, sizeof(good) - 1) == 0 && p->words == NULL)
		p->words = xstrdup(text + sizeof(good) - 1);
}

static bool
is_trial(const struct policy *p)
{
	return role_index(p->self) >= p->conf->policy.workers;
}

/* A worker that is not ready by the supervisor's time is ended: with copies or not. */
#define KEEPING_MAX (30 * CLOCK_SEC)

/* Only of what is whole: of the rest nobody knows what it will be. */
static void
keep(struct policy *p, struct policy_kept *kept)
{
	struct err e = ERR_INIT;
	int rc;

	if (kept == NULL || policy_kept_used(kept) || p->faults > 0)
		return;
	rc = policy_kept_make(kept, clock_steady() + KEEPING_MAX, &e);
	if (rc >= 0)
		role_set_kept(p->self);
	if (rc != 0)
		log_warn("policy",
		    "no copies are kept of %s was loaded: %s; a worker that is "
		    "started anew loads what lies there then",
		    rc > 0 ? "part of what" : "what", e.text);
}

static int
load(struct policy *p, const struct policy_children *children, struct err *e)
{
	const char *to, *from = role_kept(p->self, &to);
	struct policy_kept *kept = policy_kept_new(p->conf->state_dir, from, to);
	char *fetched = policy_fetched_dir(p->conf->state_dir);
	const struct msg_try *trial = role_trial(p->self);
	char day[CLOCK_TEXT];
	struct policy_options o = {.conf = &p->conf->policy,
	    .safety = &p->conf->safety,
	    .report = trial != NULL ? report_trial : report,
	    .note = trial != NULL ? note_trial : NULL,
	    .ctx = p,
	    .children = children,
	    .trace = role_trace(p->self),
	    .fetched_dir = fetched,
	    .day = clock_day(clock_now(), day),
	    .trial = trial,
	    .kept = kept,
	    .left_out = role_left_out(p->self)};
	int rc = policy_host_new(&o, &p->host, e);

	/* Nothing that could judge is left: an answer, too, of one that is only to say
	 * what it thinks of a list, or of a new configuration. */
	if (rc != 0 && is_trial(p)) {
		o.report(p, e->text);
		rc = 0;
	}
	/* Neither good nor bad: nobody has looked at it. */
	if (trial != NULL && p->words == NULL)
		report_trial(p, "plugin `lists' did not try it");
	if (rc == 0)
		keep(p, kept);
	policy_kept_free(&kept);
	role_set_trial(p->self, p->words);
	if (p->host != NULL)
		role_set_loaded(
		    p->self, policy_host_rest(p->host), policy_host_copied(p->host));
	free(fetched);
	return rc;
}

static void
policy_free(void *ctx)
{
	struct policy *p = ctx;

	policy_host_free(&p->host);
	policy_said_free(&p->said);
	loop_timer_free(&p->idle);
	conf_free(&p->conf);
	free(p->words);
	free(p);
}

/* Packs take seconds to compile, and texts to judge come in heaps: the roles that fetch
 * and record go first, and the rehearsal of a new configuration last.  A batch that
 * comes is no reason to put the engine aside, which has just sent it (SCHED_BATCH). */
#define NICE 5
#define NICE_REHEARSAL 15

static void
be_nice(const struct policy *p)
{
	const struct sched_param none = {0};

	if (sched_setscheduler(0, SCHED_BATCH, &none) != 0)
		log_debug("policy", "cannot be a batch: %s", strerror(errno));
	errno = 0;
	if (nice(is_trial(p) ? NICE_REHEARSAL : NICE) == -1 && errno != 0)
		log_debug("policy", "cannot be nice: %s", strerror(errno));
}

static int
policy_start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	struct policy_children children = {take_program, lost_program, NULL, p};
	int rc = conf_of_role(sources, &p->conf, e);

	/* Each batch takes about the memory that the last one gave back. */
	xkeep(KEEP);
	p->self = self;
	if (rc == 0)
		be_nice(p);
	/* Without the folder each start compiles anew: a slow start, no fault. */
	if (rc == 0 && p->conf->policy.cache_dir != NULL &&
	    file_mkdirs(p->conf->policy.cache_dir, 0700, e) != 0)
		log_warn("policy", "no cache: %s", e->text);
#ifndef TOSD_SANITIZED
	if (rc == 0)
		rc = policy_said_new(role_loop(self), &p->said, e);
#endif
	if (rc == 0) {
		/* No file, no socket, no new code: what a plugin needs it has opened by
		 * then.  Processes not even now, for they would outlive us. */
		profile_of_role(ROLE_POLICY, p->conf, profile);
		rc = sandbox_alone(profile, e);
	}
	if (rc == 0)
		rc = load(p, &children, e);
	policy_said_drain(p->said);
	if (rc != 0) {
		policy_free(p);
		return rc;
	}
	role_set_ctx(self, p);
	p->idle = loop_timer_new(role_loop(self), on_idle, p);
	on_idle(p);
	role_set_faults(self, p->faults);
	return 0;
}

static void
policy_peer_up(void *ctx, enum role role, uint32_t index)
{
	struct policy *p = ctx;
	struct msg m;

	if (role != ROLE_ENGINE)
		return;
	msg_init(&m, MSG_RULES);
	m.fd = trace_fd(role_trace(p->self));
	policy_host_rules(p->host, &m.rules);
	if (role_send(p->self, role, index, &m) != 0)
		log_warn("policy", "the rules could not be sent to the engine");
	tell_stands(p, true);
}

/* Half of the time that the engine gives us, since a program may use its own deadline
 * on top of this. */
static int64_t
patience(const struct policy *p)
{
	return p->conf->policy.deadline / 2;
}

/* The configuration asks for faults (`simulate'): a text with the mark of one gets it,
 * here and not in a plugin, as if one named `simulated' had it. */
static void
simulate(struct policy *p, const struct msg_inspect_item *it)
{
	const char *text = it->item.text != NULL ? it->item.text : "";

	if (conf_simulates(p->conf, "plugin-crash") &&
	    strstr(text, "tosd-simulate-plugin-crash") != NULL) {
		trace_at(role_trace(p->self), TRACE_CHECK, "simulated", it->revision);
		abort();
	}
	if (conf_simulates(p->conf, "plugin-timeout") &&
	    strstr(text, "tosd-simulate-plugin-timeout") != NULL) {
		trace_at(role_trace(p->self), TRACE_CHECK, "simulated", it->revision);
		for (;;)
			pause();
	}
}

static void
inspect(struct policy *p, const struct msg_inspect *in, struct msg_inspected *out)
{
	struct policy_ask *ask = xcalloc(in->n + 1, sizeof(*ask));

	out->batch = in->batch;
	out->digest = xstrdup(policy_host_digest(p->host));
	out->n = in->n;
	out->v = xcalloc(in->n, sizeof(*out->v));
	for (uint32_t i = 0; i < in->n; i++) {
		const struct msg_inspect_item *it = &in->v[i];

		if (p->conf->nsimulate > 0)
			simulate(p, it);
		ask[i] = (struct policy_ask){.tenant = it->tenant,
		    .it = &it->item,
		    .time = it->time,
		    .revision = it->revision,
		    .skip = it->skip,
		    .nskip = it->nskip,
		    .answers = it->answers,
		    .nanswers = it->nanswers,
		    .reported = it->reported};
	}
	policy_host_judge(p->host, ask, in->n, patience(p));
	policy_said_drain(p->said);
	for (uint32_t i = 0; i < in->n; i++)
		policy_ask_take(&ask[i], in->v[i].revision, &out->v[i]);
	free(ask);
	policy_host_costs(p->host, &out->costs, &out->ncosts);
	policy_host_spent(p->host, &out->spent, &out->nspent);
}

static void
policy_msg(void *ctx, struct msg *m)
{
	struct policy *p = ctx;
	enum role from = m->from;
	uint32_t index = m->from_index;
	struct msg answer;

	if (m->type != MSG_INSPECT || p->host == NULL)
		return;
	msg_init(&answer, MSG_INSPECTED);
	inspect(p, &m->inspect, &answer.inspected);
	if (role_send(p->self, from, index, &answer) != 0)
		log_warn("policy",
		    "findings of a batch could not be sent; the engine will "
		    "ask again");
	tell_stands(p, false);
}

/* Programs get their time to end well. */
static void
policy_stop(void *ctx)
{
	struct policy *p = ctx;

	policy_host_free(&p->host);
	role_exit(p->self);
}

int
role_policy_main(void)
{
	static const struct role_ops ops = {
	    .role = ROLE_POLICY,
	    .traced = true,
	    .start = policy_start,
	    .msg = policy_msg,
	    .peer_up = policy_peer_up,
	    .stop = policy_stop,
	    .free = policy_free,
	};

	return role_main(&ops);
}
