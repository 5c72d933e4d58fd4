/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_child: the programs of plugins.  Each policy worker has one of each, which
 * is started before the worker and handed over as three pipes; the worker says when one
 * is of no use any more.  A program is ended by killing its group, and with the worker.
 *
 * Started by root, each run of a program has a user id of its own, from a range that
 * belongs to nobody (policy.plugin_uid); so none can reach another, nor the roles.
 *
 * A program is known by the digest of its files, which the kernel and interpreters open
 * by their names again.  Handing over what was read as a descriptor would be no help:
 * an interpreter has a script by its name, and looks beside it for more.  So a moment
 * later they must still be the same files, or the program is ended, since nobody can
 * tell which ones it was started from.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/spawn.h"
#include "roles.h"
#include "supervisor.h"

#define UIDS 256	    /* of the range, taken in turn */
#define DELAY_MIN CLOCK_SEC /* whatever a worker asks for */
#define DELAY_MAX CLOCK_HOUR
#define READ_BY CLOCK_SEC /* from its start; its script is read by then */

struct child {
	struct child *next;
	struct proc *owner;
	char *name;
	pid_t pid;		  /* 0: none runs */
	char stamp[DIGEST_HEX];	  /* of its files, when it was started */
	struct loop_timer *again; /* starts it, or looks at these */
};

static const struct conf_plugin *
plugin_of(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->policy.nplugins; i++)
		if (c->policy.plugins[i].ncommand > 0 &&
		    strcmp(c->policy.plugins[i].name, name) == 0)
			return &c->policy.plugins[i];
	return NULL;
}

static void
hand_over(struct child *c, int fds[MSG_CHILD_PIPES], const char *digest)
{
	static uint64_t runs;

	runs++;
	for (int i = 0; i < MSG_CHILD_PIPES; i++) {
		struct msg m;

		msg_init(&m, MSG_CHILD);
		m.child.name = xstrdup(c->name);
		m.child.run = runs;
		m.child.which = (uint8_t)i;
		m.child.digest = xstrdup(digest);
		m.fd = fds[i];
		if (c->owner->ch != NULL)
			channel_send(c->owner->ch, &m);
		else
			msg_clear(&m);
	}
}

static void
start(struct child *c)
{
	static unsigned turn;
	const struct setup *setup = reload_setup_of(c->owner->slot);
	const struct conf_plugin *p =
	    setup != NULL ? plugin_of(setup->conf, c->name) : NULL;
	char digest[DIGEST_HEX];
	struct spawn_child s;
	struct err e = ERR_INIT;
	int fds[MSG_CHILD_PIPES];
	pid_t pid;

	/* One of an older configuration is about to be replaced. */
	if (p == NULL || c->owner->generation != c->owner->sup->generation)
		return;
	spawn_of_plugin(p, setup->conf, &s);
	if (geteuid() == 0 && setup->conf->policy.plugin_uid != 0) {
		s.become = true;
		s.uid = setup->conf->policy.plugin_uid + turn++ % UIDS;
		s.gid = s.uid;
	} else if (setup->become) {
		s.become = true;
		s.uid = setup->uid;
		s.gid = setup->gid;
	}
	spawn_child_stamp(p->command, p->ncommand, c->stamp);
	pid = spawn_child_digest(p->command, p->ncommand, digest, &e);
	if (pid == 0)
		pid = spawn_child(&s, fds, &e);
	if (pid < 0) {
		log_err(
		    "supervisor", "plugin `%s' cannot be started: %s", c->name, e.text);
		return;
	}
	c->pid = pid;
	log_debug("supervisor", "started plugin `%s' of policy %u as pid %d", c->name,
	    c->owner->slot->index, (int)pid);
	hand_over(c, fds, digest);
	loop_timer_set(c->again, READ_BY);
}

static void
end(struct child *c)
{
	if (c->pid > 0)
		kill(-c->pid, SIGKILL);
	c->pid = 0; /* it is reaped as a stranger */
}

/* The worker misses it, and asks for another one. */
static void
look_again(struct child *c)
{
	const struct setup *setup = reload_setup_of(c->owner->slot);
	const struct conf_plugin *p =
	    setup != NULL ? plugin_of(setup->conf, c->name) : NULL;
	char stamp[DIGEST_HEX];

	/* As when it is started: the other configuration may have another command. */
	if (p == NULL || c->owner->generation != c->owner->sup->generation)
		return;
	spawn_child_stamp(p->command, p->ncommand, stamp);
	if (strcmp(stamp, c->stamp) == 0)
		return;
	log_warn("supervisor",
	    "plugin `%s' (pid %d) is ended: its files were changed while it was "
	    "started, and nobody knows which ones it has read",
	    c->name, (int)c->pid);
	end(c);
	loop_timer_set(c->again, CLOCK_MIN);
}

static void
on_again(void *ctx)
{
	struct child *c = ctx;

	if (c->pid != 0) {
		look_again(c);
		return;
	}
	start(c);
	/* Not startable just now (a file was being replaced): later, not never. */
	if (c->pid == 0)
		loop_timer_set(c->again, CLOCK_MIN);
}

void
child_start_all(struct proc *p, const struct conf *conf)
{
	bool said = p->sup->said_identity;

	for (size_t i = 0; i < conf->policy.nplugins; i++) {
		struct child *c;

		if (conf->policy.plugins[i].ncommand == 0)
			continue;
		if (!said && (geteuid() != 0 || conf->policy.plugin_uid == 0))
			log_notice("supervisor",
			    "programs of plugins run under the user id of the roles: "
			    "only root could give them one of their own");
		p->sup->said_identity = said = true;
		c = xcalloc(1, sizeof(*c));
		c->owner = p;
		c->name = xstrdup(conf->policy.plugins[i].name);
		c->again = loop_timer_new(p->sup->loop, on_again, c);
		c->next = p->children;
		p->children = c;
		start(c);
	}
}

void
child_end_all(struct proc *p)
{
	while (p->children != NULL) {
		struct child *c = p->children;

		p->children = c->next;
		end(c);
		loop_timer_free(&c->again);
		free(c->name);
		free(c);
	}
}

void
child_respawn(struct proc *p, struct msg *m)
{
	struct child *c = p->children;
	int64_t delay = m->respawn.delay;

	while (c != NULL && strcmp(c->name, m->respawn.name) != 0)
		c = c->next;
	if (c == NULL)
		return;
	end(c);
	if (delay < 0) {
		loop_timer_clear(c->again);
		return;
	}
	loop_timer_set(c->again, delay < DELAY_MIN   ? DELAY_MIN
				 : delay > DELAY_MAX ? DELAY_MAX
						     : delay);
}

static struct child *
child_of(const struct supervisor *sup, pid_t pid)
{
	for (struct proc *p = sup->procs; p != NULL; p = p->next)
		for (struct child *c = p->children; c != NULL; c = c->next)
			if (c->pid == pid)
				return c;
	return NULL;
}

void
child_ended(struct supervisor *sup, pid_t pid)
{
	if (child_of(sup, pid) != NULL)
		kill(-pid, SIGKILL);
}

void
child_reaped(struct supervisor *sup, pid_t pid, int status)
{
	struct child *c = child_of(sup, pid);

	if (c == NULL)
		return;
	c->pid = 0;
	loop_timer_clear(c->again); /* the worker says whether there is to be another */
	if (WIFSIGNALED(status))
		log_warn("supervisor", "plugin `%s' (pid %d) was killed by SIG%s",
		    c->name, (int)pid, sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		log_warn("supervisor", "plugin `%s' (pid %d) ended with exit code %d",
		    c->name, (int)pid, WEXITSTATUS(status));
}
