/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_supervisor: the first process.  Starts, watches and restarts the roles, takes
 * signals, talks with the service manager.  Never reads a tenant's byte.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor.h"

/* The engine first, since the others have nobody to talk to without it. */
static const enum role start_order[] = {
    ROLE_ENGINE, ROLE_POLICY, ROLE_FETCH, ROLE_COURIER, ROLE_CONSOLE};
/* The engine last: it must get what the others had in hand. */
static const enum role stop_order[] = {
    ROLE_FETCH, ROLE_POLICY, ROLE_COURIER, ROLE_CONSOLE, ROLE_ENGINE};
#define NORDER (sizeof(stop_order) / sizeof(stop_order[0]))

static uint32_t
wanted_of(const struct conf *c, enum role role)
{
	switch (role) {
	case ROLE_FETCH:
		return c->fetchers;
	case ROLE_POLICY:
		return c->policy.workers;
	case ROLE_CONSOLE:
		return c->console.listen != NULL;
	default:
		return 1;
	}
}

static struct slot *
slot_find(const struct supervisor *sup, enum role role, uint32_t index)
{
	for (struct slot *s = sup->slots; s != NULL; s = s->next)
		if (s->role == role && s->index == index)
			return s;
	return NULL;
}

/* Places as the configuration wants them; those that are too many are marked. */
void
supervisor_plan(struct supervisor *sup)
{
	for (size_t i = 0; i < NORDER; i++) {
		enum role role = start_order[i];
		uint32_t n = wanted_of(sup->setup->conf, role);

		for (uint32_t k = 0; k < n; k++)
			if (slot_find(sup, role, k) == NULL)
				slot_new(sup, role, k);
		for (struct slot *s = sup->slots; s != NULL; s = s->next)
			if (s->role == role)
				s->wanted = s->index < n;
	}
}

/* Empties places that are not wanted any more. */
static void
step_unwanted(struct supervisor *sup)
{
	struct slot *next;

	for (struct slot *s = sup->slots; s != NULL; s = next) {
		next = s->next;
		if (s->wanted)
			continue;
		if (s->cur != NULL)
			proc_stop(s->cur);
		if (s->newer != NULL)
			proc_stop(s->newer);
		if (s->cur == NULL && s->newer == NULL)
			slot_free(&s);
	}
}

/* A newer process takes over as soon as the place is free. */
static void
step_promote(struct slot *s)
{
	if (s->cur != NULL || s->newer == NULL || s->newer->state != PROC_READY)
		return;
	s->cur = s->newer;
	s->newer = NULL;
	proc_connect(s->cur);
}

/* True while a policy worker is being replaced: one after the other, so that the
 * others go on judging. */
static bool
replacing(const struct supervisor *sup)
{
	for (const struct slot *s = sup->slots; s != NULL; s = s->next)
		if (s->newer != NULL)
			return true;
	return false;
}

/* It has the present configuration and, where it loads them, lists. */
static bool
is_current(const struct proc *p)
{
	const struct supervisor *sup = p->sup;

	return p->generation == sup->generation &&
	       (p->slot->role != ROLE_POLICY || p->renewal == sup->renewal);
}

/* Lists may change faster than workers are replaced: then the one that is furthest
 * behind is next, or it would never be. */
static bool
older_waits(const struct slot *than)
{
	const struct proc *p = than->cur;

	for (const struct slot *s = than->sup->slots; s != NULL; s = s->next) {
		const struct proc *q = s->cur;

		if (s->role != ROLE_POLICY || !s->wanted || s->waiting || q == NULL ||
		    q->state != PROC_READY || q->conf_due)
			continue;
		if (q->generation < p->generation ||
		    (q->generation == p->generation && q->renewal < p->renewal))
			return true;
	}
	return false;
}

/* A running role learns of a new configuration; policy workers are replaced, since
 * their rules are loaded before their sandbox closes. */
static void
step_renew(struct slot *s)
{
	struct proc *p = s->cur;

	if (s->newer != NULL && s->newer->state == PROC_READY)
		proc_stop(p);
	if (p->state != PROC_READY || p->conf_due || is_current(p))
		return;
	if (s->role != ROLE_POLICY)
		proc_configure(p);
	else if (!replacing(s->sup) && !older_waits(s))
		s->newer = proc_start(s);
}

static void
step_slot(struct slot *s)
{
	if (!s->wanted || s->waiting)
		return;
	if (s->cur != NULL)
		step_renew(s);
	else if (s->newer == NULL)
		s->cur = proc_start(s);
}

/* Every place is filled by a ready role with the present configuration. */
static bool
complete(const struct supervisor *sup)
{
	for (const struct slot *s = sup->slots; s != NULL; s = s->next)
		if (s->cur == NULL || s->cur->state != PROC_READY || s->cur->conf_due ||
		    s->newer != NULL || s->cur->generation != sup->generation)
			return false;
	return true;
}

static size_t
count_of(const struct supervisor *sup, enum role role)
{
	size_t n = 0;

	for (const struct proc *p = sup->procs; p != NULL; p = p->next)
		n += p->slot->role == role;
	return n;
}

/* Role after role; those that are killed for hurry never include the engine. */
static void
step_stop(struct supervisor *sup)
{
	while (
	    sup->stop_step < NORDER && count_of(sup, stop_order[sup->stop_step]) == 0)
		sup->stop_step++;
	if (sup->stop_step == NORDER) {
		loop_stop(sup->loop);
		return;
	}
	for (struct proc *p = sup->procs; p != NULL; p = p->next) {
		if (p->slot->role != stop_order[sup->stop_step])
			continue;
		if (sup->hurry && p->slot->role != ROLE_ENGINE &&
		    p->state != PROC_ENDING)
			proc_kill(p, "there is a hurry");
		else
			proc_stop(p);
	}
}

void
supervisor_step(struct supervisor *sup)
{
	char status[64];

	state_look(sup);
	if (sup->stopping) {
		step_stop(sup);
		return;
	}
	step_unwanted(sup);
	for (struct slot *s = sup->slots; s != NULL; s = s->next)
		step_promote(s);
	for (struct slot *s = sup->slots; s != NULL; s = s->next)
		step_slot(s);
	if (!complete(sup) || (sup->up && !sup->reloading))
		return;
	snprintf(status, sizeof(status), "%zu tenants", sup->setup->ntenants);
	log_notice("supervisor", "%s: %s",
	    sup->up ? "new configuration in use" : "ready", status);
	sup->up = true;
	sup->reloading = false;
	ready_up(sup->ready, status);
	ready_alive(sup->ready);
}

static void
stop(struct supervisor *sup, int signo)
{
	if (!sup->stopping) {
		log_notice("supervisor", "SIG%s: stopping", sigabbrev_np(signo));
		sup->stopping = true;
		ready_stopping(sup->ready, "finishing what is in hand");
	} else if (!sup->hurry) {
		log_notice(
		    "supervisor", "SIG%s again: in a hurry", sigabbrev_np(signo));
		sup->hurry = true;
	}
	supervisor_step(sup);
}

void
supervisor_fail(struct supervisor *sup, const char *why)
{
	log_err("supervisor", "%s: stopping", why);
	sup->failed = true;
	sup->stopping = true;
	ready_stopping(sup->ready, why);
}

static void
on_signal(void *ctx, int signo)
{
	struct supervisor *sup = ctx;

	if (signo == SIGCHLD)
		proc_reap(sup);
	else if (signo == SIGHUP)
		reload_begin(sup);
	else
		stop(sup, signo);
}

static void
watch_signals(struct supervisor *sup)
{
	static const int signals[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sup->signals[i] = loop_signal(sup->loop, signals[i], on_signal, sup);
	signal(SIGPIPE, SIG_IGN);
}

static void
clean_up(struct supervisor *sup)
{
	for (size_t i = 0; i < sizeof(sup->signals) / sizeof(sup->signals[0]); i++)
		loop_signal_free(&sup->signals[i]);
	loop_timer_free(&sup->tick);
	while (sup->procs != NULL)
		proc_free(sup->procs);
	while (sup->slots != NULL) {
		struct slot *s = sup->slots;

		slot_free(&s);
	}
	loop_free(&sup->loop);
	ready_free(&sup->ready);
	msg_clear(&sup->try);
	msg_clear(&sup->try_next);
	setup_free(&sup->next);
	setup_free(&sup->setup);
	state_release(sup);
	free(sup->refused_why);
	free(sup->kept);
}

int
supervisor_run(const char *conf_path)
{
	struct supervisor sup = {.conf_path = conf_path, .generation = 1, .state = -1};
	struct err e = ERR_INIT;
	char *why = NULL;
	int rc;

	msg_init(&sup.try, MSG_TRY);
	msg_init(&sup.try_next, MSG_TRY);
	log_open("supervisor");
	if (ready_new(&sup.ready, &e) != 0) {
		log_err("supervisor", "%s", e.text);
		return EXIT_FAILURE;
	}
	sup.setup = setup_read(conf_path, &why);
	free(why); /* it is in the log */
	if (sup.setup == NULL || state_take(&sup, &e) != 0) {
		if (sup.setup != NULL)
			log_err("supervisor", "%s", e.text);
		setup_free(&sup.setup);
		state_release(&sup);
		ready_free(&sup.ready);
		return EXIT_FAILURE;
	}
	/* It holds the secrets: no other process of the user may look into it. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	sup.loop = loop_new();
	watch_signals(&sup);
	watch_start(&sup);
	supervisor_plan(&sup);
	supervisor_step(&sup);
	rc = loop_run(sup.loop);
	log_notice("supervisor", "stopped");
	clean_up(&sup);
	return rc == 0 && !sup.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
