/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_proc: processes started, configured, heard, stopped and buried.
 *
 * Orphans: roles without anything to finish (fetch, policy, console) ask the kernel to
 * die with us.  Engine and courier do not: a commit, or the answer to a mail that was
 * handed over, must be finished; they end when they see their channel closed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "ipc/spawn.h"
#include "ipc/trace.h"
#include "supervisor.h"

#define START_MAX (120 * CLOCK_SEC) /* compiling large rule packs takes its time */
#define CLOSE_MAX (2 * CLOCK_SEC)   /* from a closed channel to the end */
#define QUIET (60 * CLOCK_SEC)	    /* lived so long: the back-off begins anew */

static void on_restart(void *ctx);

struct slot *
slot_new(struct supervisor *sup, enum role role, uint32_t index)
{
	struct slot *s = xcalloc(1, sizeof(*s)), **at = &sup->slots;

	s->sup = sup;
	s->role = role;
	s->index = index;
	s->wanted = true;
	s->restart = loop_timer_new(sup->loop, on_restart, s);
	while (*at != NULL)
		at = &(*at)->next;
	*at = s;
	return s;
}

void
slot_free(struct slot **sp)
{
	struct slot *s = *sp, **at = &s->sup->slots;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	loop_timer_free(&s->restart);
	blame_clear(s);
	free(s);
	*sp = NULL;
}

static void
on_restart(void *ctx)
{
	struct slot *s = ctx;

	s->waiting = false;
	supervisor_step(s->sup);
}

/* The place stays empty for a while that doubles from failure to failure. */
static void
back_off(struct slot *s)
{
	const struct conf *c = s->sup->setup->conf;
	int64_t wait = s->backoff > 0 ? s->backoff * 2 : c->restart_min;
	char text[CLOCK_TEXT];

	if (wait > c->restart_max)
		wait = c->restart_max;
	s->backoff = wait;
	s->waiting = true;
	loop_timer_set(s->restart, wait);
	log_notice("supervisor", "%s %u is started again in %s", role_name(s->role),
	    s->index, wait >= CLOCK_SEC ? clock_span(wait, text) : "less than 1 s");
}

static void
on_deadline(void *ctx)
{
	static const char *const why[] = {
	    [PROC_STARTING] = "it did not become ready in time",
	    [PROC_READY] = "it did not take the new configuration in time",
	    [PROC_STOPPING] = "it did not stop in time",
	    [PROC_ENDING] = "it closed its channel and did not end",
	};
	struct proc *p = ctx;

	proc_kill(p, why[p->state]);
}

/* It may have been mended: what failed before says nothing of it. */
void
slot_forgive(struct slot *s)
{
	s->backoff = 0;
	s->waiting = false;
	loop_timer_clear(s->restart);
}

void
proc_kill(struct proc *p, const char *why)
{
	log_warn("supervisor", "killing %s %u (pid %d): %s", role_name(p->slot->role),
	    p->slot->index, (int)p->pid, why);
	p->state = PROC_ENDING;
	loop_timer_clear(p->deadline);
	kill(p->pid, SIGKILL);
}

void
proc_free(struct proc *p)
{
	struct proc **at = &p->sup->procs;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->slot->cur == p)
		p->slot->cur = NULL;
	if (p->slot->newer == p)
		p->slot->newer = NULL;
	child_end_all(p);
	if (p->trace >= 0)
		close(p->trace);
	channel_free(&p->ch);
	loop_timer_free(&p->deadline);
	free(p);
}

static void
send_memfd(
    struct proc *p, enum msg_type type, const char *name, const struct buf *bytes)
{
	struct err e = ERR_INIT;
	struct msg m;

	msg_init(&m, type);
	m.fd = file_memfd(
	    type == MSG_SECRET ? "secret" : name, bytes->data, bytes->len, &e);
	if (m.fd < 0) {
		log_err("supervisor", "%s", e.text);
		return;
	}
	if (type == MSG_SECRET) {
		m.secret.name = xstrdup(name);
	} else {
		m.conf.index = p->slot->index;
		m.conf.left_out = xstrdup(blame_left_out(p->slot));
		kept_tell(p, &m);
	}
	channel_send(p->ch, &m);
}

void
proc_configure(struct proc *p)
{
	const struct setup *s = reload_setup_of(p->slot);

	if (p->ch == NULL || s == NULL)
		return;
	if (p->slot->role == ROLE_ENGINE && s->log_key.len > 0)
		send_memfd(p, MSG_SECRET, "log-key", &s->log_key);
	if (p->slot->role == ROLE_COURIER && s->smtp_password.len > 0)
		send_memfd(p, MSG_SECRET, "smtp-password", &s->smtp_password);
	for (size_t i = 0; i < s->ntokens && p->slot->role == ROLE_FETCH; i++)
		send_memfd(p, MSG_SECRET, s->tokens[i].name, &s->tokens[i].bytes);
	p->generation = p->sup->generation;
	p->renewal = p->sup->renewal;
	if (p->slot->role == ROLE_POLICY)
		child_start_all(p, s->conf);
	if (reload_is_trial(p->slot) && p->sup->trying)
		try_send(p);
	/* Code of others is loaded into a worker, and it is not to know a tenant's
	 * name. */
	send_memfd(p, MSG_CONF, "conf",
	    p->slot->role == ROLE_POLICY ? &s->blind : &s->sources);
	p->conf_due = true;
	loop_timer_set(p->deadline, START_MAX);
}

/* What becomes of a mail that is cut off nobody knows, and a person has to find out: so
 * one in hand has its time. */
static int64_t
stop_time(const struct proc *p)
{
	const struct conf *c = p->sup->setup->conf;
	int64_t mail = c->courier.timeout + CLOSE_MAX;
	bool mails =
	    p->slot->role == ROLE_COURIER && c->courier.transport != CONF_MAIL_NONE;

	return mails && mail > c->stop_timeout ? mail : c->stop_timeout;
}

void
proc_stop(struct proc *p)
{
	struct msg m;

	if (p->state == PROC_STOPPING || p->state == PROC_ENDING)
		return;
	p->state = PROC_STOPPING;
	p->expected = true;
	msg_init(&m, MSG_STOP);
	if (p->ch != NULL)
		channel_send(p->ch, &m);
	loop_timer_set(p->deadline, stop_time(p));
}

static void
take_hello(struct proc *p, struct msg *m)
{
	if (m->hello.version != MSG_VERSION || m->hello.pid != p->pid) {
		proc_kill(p, "it is another program than this one; was it replaced "
			     "while running?");
		return;
	}
	/* Whoever has taken a role over must not have programs started without end. */
	if (p->generation != 0) {
		proc_kill(p, "it said hello twice");
		return;
	}
	if (p->trace < 0) {
		p->trace = m->fd;
		m->fd = -1;
	}
	proc_configure(p);
}

static void
take_ready(struct proc *p, struct msg *m)
{
	bool first = p->state == PROC_STARTING;

	if ((!first && p->state != PROC_READY) || !p->conf_due)
		return;
	p->conf_due = false;
	loop_timer_clear(p->deadline);
	if (reload_is_trial(p->slot)) {
		reload_heard(p, &m->ready);
		return;
	}
	if (!kept_compare(p, &m->ready))
		return;
	log_info("supervisor", "%s %u (pid %d) %s", role_name(p->slot->role),
	    p->slot->index, (int)p->pid,
	    first ? "is ready" : "has taken the new configuration");
	if (first) {
		p->state = PROC_READY;
		p->ready_since = clock_steady();
		if (p == p->slot->cur)
			proc_connect(p);
		p->sup->engine_was_up |= p->slot->role == ROLE_ENGINE;
		if (p->slot->role == ROLE_ENGINE &&
		    (p->sup->refused_why != NULL || p->sup->changed != 0))
			reload_tell(p->sup);
	}
	supervisor_step(p->sup);
}

static void
take_pong(struct proc *p, struct msg *m)
{
	watch_pong(p, m->seq);
}

/* Not the one that has taken its place. */
static void
end_for_engine(struct supervisor *sup, enum role role, uint32_t index, int64_t pid,
    const char *why)
{
	for (struct slot *s = sup->slots; s != NULL; s = s->next)
		if (s->role == role && s->index == index && s->cur != NULL &&
		    s->cur->pid == pid && s->cur->state == PROC_READY)
			proc_kill(s->cur, why);
}

static void
take_stuck(struct proc *p, struct msg *m)
{
	end_for_engine(p->sup, ROLE_POLICY, m->stuck.index, m->stuck.pid,
	    m->stuck.why != NULL ? m->stuck.why : "past its deadline");
}

static void
take_broken(struct proc *p, struct msg *m)
{
	end_for_engine(p->sup, m->broken.role, m->broken.index, m->broken.pid,
	    "it broke the message catalogue");
}

static void
take_try(struct proc *p, struct msg *m)
{
	try_take(p->sup, m);
}

static void
take_renew(struct proc *p, struct msg *m)
{
	(void)m;
	try_renew(p->sup);
}

static void
on_msg(void *ctx, struct msg *m)
{
	static void (*const take[MSG_TYPE_COUNT])(struct proc *, struct msg *) = {
	    [MSG_HELLO] = take_hello,
	    [MSG_READY] = take_ready,
	    [MSG_PONG] = take_pong,
	    [MSG_STUCK] = take_stuck,
	    [MSG_BROKEN] = take_broken,
	    [MSG_RESPAWN] = child_respawn,
	    [MSG_TRY] = take_try,
	    [MSG_RENEW] = take_renew,
	};

	take[m->type](ctx, m);
}

/* It is ending, or has broken the catalogue: then it must end. */
static void
on_close(void *ctx, const char *why)
{
	struct proc *p = ctx;

	log_debug("supervisor", "channel of pid %d closed: %s", (int)p->pid, why);
	channel_free(&p->ch);
	if (p->state == PROC_STOPPING || p->state == PROC_ENDING)
		return;
	p->state = PROC_ENDING;
	loop_timer_set(p->deadline, CLOSE_MAX);
}

static pid_t
run(const struct slot *slot, int control, struct err *e)
{
	const struct setup *setup = reload_setup_of(slot);
	struct spawn s = {.exe = "/proc/self/exe",
	    .role = slot->role,
	    .index = slot->index,
	    .become = setup->become,
	    .uid = setup->uid,
	    .gid = setup->gid};

	s.die_with_us = slot->role != ROLE_ENGINE && slot->role != ROLE_COURIER;
	return spawn_role(&s, control, e);
}

struct proc *
proc_start(struct slot *slot)
{
	struct supervisor *sup = slot->sup;
	struct channel_ends ends = {ROLE_SUPERVISOR, slot->role, slot->index};
	struct err e = ERR_INIT;
	struct proc *p;
	int fds[2];
	pid_t pid = TOSD_EIO;

	if (channel_pair(fds, &e) == 0) {
		pid = run(slot, fds[1], &e);
		close(fds[1]);
		if (pid < 0)
			close(fds[0]);
	}
	if (pid < 0) {
		log_err("supervisor", "cannot start %s %u: %s", role_name(slot->role),
		    slot->index, e.text);
		if (!reload_is_trial(slot))
			back_off(slot);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->sup = sup;
	p->slot = slot;
	p->pid = pid;
	p->trace = -1;
	p->state = PROC_STARTING;
	p->ch = channel_new_take(sup->loop, fds[0], &ends, on_msg, on_close, p);
	p->deadline = loop_timer_new(sup->loop, on_deadline, p);
	loop_timer_set(p->deadline, START_MAX);
	p->next = sup->procs;
	sup->procs = p;
	log_debug("supervisor", "started %s %u as pid %d", role_name(slot->role),
	    slot->index, (int)pid);
	return p;
}

struct proc *
proc_engine(const struct supervisor *sup)
{
	const struct slot *s = sup->slots;

	while (s != NULL && s->role != ROLE_ENGINE)
		s = s->next;
	if (s == NULL || s->cur == NULL || s->cur->ch == NULL ||
	    s->cur->state != PROC_READY)
		return NULL;
	return s->cur;
}

/* The engine talks with everybody, nobody else with anybody. */
static void
connect_pair(struct proc *a, struct proc *b)
{
	struct proc *const ends[2] = {a, b};
	struct err e = ERR_INIT;
	int fds[2];

	if (channel_pair(fds, &e) != 0) {
		proc_kill(b, e.text);
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct msg m;

		msg_init(&m, MSG_PEER);
		m.peer.role = (uint8_t)ends[!i]->slot->role;
		m.peer.index = ends[!i]->slot->index;
		if (ends[i]->slot->role == ROLE_ENGINE)
			m.peer.pid = ends[!i]->pid;
		m.fd = fds[i];
		if (ends[i]->ch != NULL)
			channel_send(ends[i]->ch, &m);
		else
			msg_clear(&m);
	}
}

void
proc_connect(struct proc *p)
{
	for (struct slot *s = p->sup->slots; s != NULL; s = s->next)
		if ((s->role == ROLE_ENGINE) != (p->slot->role == ROLE_ENGINE) &&
		    s->cur != NULL && s->cur != p && s->cur->state == PROC_READY)
			connect_pair(s->cur, p);
}

static void
describe_end(int status, char *out, size_t cap)
{
	if (WIFSIGNALED(status))
		snprintf(out, cap, "was killed by SIG%s%s",
		    sigabbrev_np(WTERMSIG(status)),
		    WTERMSIG(status) == SIGSYS ? " (a system call that its sandbox "
						 "forbids)"
					       : "");
	else
		snprintf(out, cap, "ended with code %d", WEXITSTATUS(status));
}

/* An engine that said why it cannot start, before any has: it would say so for ever.
 * Who was killed, or ended in the middle of its work, is another matter, and whoever
 * makes room on a full disk has a working daemon without another step. */
static bool
cannot_begin(const struct proc *p, int status)
{
	return p->slot->role == ROLE_ENGINE && !p->sup->engine_was_up &&
	       !p->sup->stopping && !p->expected && WIFEXITED(status) &&
	       WEXITSTATUS(status) != 0 && !state_is_full(p->sup);
}

/* A process has ended: log, free its place, decide when the next one starts. */
static void
bury(struct proc *p, int status)
{
	struct slot *slot = p->slot;
	char how[96], where[TRACE_TEXT];
	bool at_work = trace_read(p->trace, where);

	/* It gave way to a configuration that it can only start with. */
	if (p->conf_due && p->ready_since != 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		p->expected = true;
	describe_end(status, how, sizeof(how));
	if (p->expected && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_write(reload_is_trial(slot) ? LOG_L_DEBUG : LOG_L_INFO,
		    "supervisor", "%s %u (pid %d) has stopped", role_name(slot->role),
		    slot->index, (int)p->pid);
	else
		log_err("supervisor", "%s %u (pid %d) %s%s%s", role_name(slot->role),
		    slot->index, (int)p->pid, how, at_work ? " " : "", where);
	if (p->ready_since != 0 && clock_steady() - p->ready_since >= QUIET)
		slot->backoff = 0;
	if (slot->role == ROLE_ENGINE)
		try_forget(p->sup);
	if (cannot_begin(p, status))
		supervisor_fail(p->sup, "the engine cannot start, see above");
	if (!p->expected && !p->sup->stopping && slot->wanted) {
		if (p->ready_since == 0)
			blame_end(slot, p->trace);
		back_off(slot);
	}
	proc_free(p);
	reload_compare(slot->sup);
	if (reload_is_trial(slot))
		reload_ended(slot->sup);
}

/* One that has ended and is not reaped yet, or 0. */
static pid_t
next_ended(void)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid
									 : 0;
}

void
proc_reap(struct supervisor *sup)
{
	int status;
	pid_t pid;

	while ((pid = next_ended()) > 0) {
		struct proc *p = sup->procs;

		child_ended(sup, pid);
		if (waitpid(pid, &status, 0) != pid)
			break;
		while (p != NULL && p->pid != pid)
			p = p->next;
		if (p != NULL)
			bury(p, status);
		else
			child_reaped(sup, pid, status);
	}
	supervisor_step(sup);
}
