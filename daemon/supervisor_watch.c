/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_watch: pings to the roles, and the word to the service manager.
 *
 * The watchdog is honest: it is fed only in a moment when every place is filled by a
 * ready role that has answered its last ping.  A role that crashes for longer than the
 * manager waits thus makes the manager restart the whole service.
 */
#include "base/clock.h"
#include "base/log.h"
#include "supervisor.h"

/* A role is asked again only after it has answered: the time counts from the ping. */
static void
ask(struct proc *p)
{
	struct msg m;

	if (p->ch == NULL || p->ping != p->pong)
		return;
	msg_init(&m, MSG_PING);
	m.seq = ++p->ping;
	p->ping_time = clock_steady();
	channel_send(p->ch, &m);
}

static bool
silent_too_long(const struct proc *p)
{
	return p->ping != p->pong &&
	       clock_steady() - p->ping_time > p->sup->setup->conf->ping_timeout;
}

static bool
all_alive(const struct supervisor *sup)
{
	for (const struct slot *s = sup->slots; s != NULL; s = s->next)
		if (s->cur == NULL || s->cur->state != PROC_READY ||
		    s->cur->ping != s->cur->pong)
			return false;
	return true;
}

/* Often enough for the configuration and for the manager, who wants to hear of us at
 * least twice in its time. */
static int64_t
interval(const struct supervisor *sup)
{
	int64_t own = sup->setup->conf->ping_interval;
	int64_t dog = ready_watchdog(sup->ready) / 3;

	return dog > 0 && dog < own ? dog : own;
}

static void
on_tick(void *ctx)
{
	struct supervisor *sup = ctx;

	state_look(sup);
	if (sup->failed)
		supervisor_step(sup);
	for (struct proc *p = sup->procs; p != NULL; p = p->next) {
		if (p->state != PROC_READY)
			continue;
		if (silent_too_long(p))
			proc_kill(p, "it has not answered for too long");
	}
	if (all_alive(sup) || sup->stopping)
		ready_alive(sup->ready);
	for (struct proc *p = sup->procs; p != NULL; p = p->next)
		if (p->state == PROC_READY && !sup->stopping)
			ask(p);
	loop_timer_set(sup->tick, interval(sup));
}

void
watch_start(struct supervisor *sup)
{
	sup->tick = loop_timer_new(sup->loop, on_tick, sup);
	loop_timer_set(sup->tick, interval(sup));
}

void
watch_pong(struct proc *p, uint32_t seq)
{
	if (seq == p->ping)
		p->pong = seq;
	else
		proc_kill(p, "it answered a ping that was not sent");
}
