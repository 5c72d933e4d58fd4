/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_reload: a new configuration, from SIGHUP until it is in use or refused.
 *
 * The supervisor itself reads the files; what is in plugins and packs only a policy
 * worker may find out, which runs as the user of the roles: plugins are code.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor.h"

#define WHY_MAX 512 /* bytes of it; the log has all */

void
reload_tell(struct supervisor *sup)
{
	struct proc *engine = proc_engine(sup);
	struct msg m;

	if (engine == NULL)
		return; /* it is told when it is ready */
	msg_init(&m, MSG_REFUSED);
	m.refused.since = sup->refused;
	m.refused.why = xstrdup(sup->refused_why);
	m.refused.changed = sup->changed;
	channel_send(engine->ch, &m);
	msg_clear(&m);
}

void
reload_compare(struct supervisor *sup)
{
	bool other = false;

	for (const struct proc *p = sup->procs; p != NULL; p = p->next)
		other |= p->other;
	if (other == (sup->changed != 0))
		return;
	sup->changed = other ? clock_now() : 0;
	reload_tell(sup);
}

static void
refuse(struct supervisor *sup, const char *why)
{
	char text[WHY_MAX];

	setup_free(&sup->next);
	log_err("supervisor", "the new configuration is refused; the old one "
			      "stays in use");
	ready_status(sup->ready, "the new configuration was refused, see the log");
	text_escape(text, sizeof(text), why, strlen(why)); /* it names files */
	if (sup->refused_why == NULL)
		sup->refused = clock_now();
	free(sup->refused_why);
	sup->refused_why = xstrdup(text);
	reload_tell(sup);
}

static void
forget_refusal(struct supervisor *sup)
{
	if (sup->refused_why == NULL)
		return;
	free(sup->refused_why);
	sup->refused_why = NULL;
	reload_tell(sup);
}

static void
take_into_use(struct proc *p, const struct msg_ready *r)
{
	struct supervisor *sup = p->sup;

	setup_free(&sup->setup);
	sup->setup = sup->next;
	sup->next = NULL;
	sup->generation++;
	kept_take(p, r);
	forget_refusal(sup);
	if (sup->up) {
		sup->reloading = true;
		ready_reloading(sup->ready, "taking a new configuration into use");
	}
	supervisor_plan(sup);
	/* Roles that died of the old one do not wait with the new one. */
	for (struct slot *s = sup->slots; s != NULL; s = s->next)
		slot_forgive(s);
	supervisor_step(sup);
}

static void
rehearse(struct supervisor *sup)
{
	sup->trial = (struct slot){
	    .sup = sup, .role = ROLE_POLICY, .index = sup->next->conf->policy.workers};
	sup->trial.cur = proc_start(&sup->trial);
	if (sup->trial.cur == NULL)
		refuse(sup, "no worker could be started to rehearse it");
}

/* The engine has store and ledger open, and the lock is on their folder. */
static bool
moves_state(const struct supervisor *sup)
{
	const char *old = sup->setup->conf->state_dir;

	if (strcmp(sup->next->conf->state_dir, old) == 0)
		return false;
	log_err("conf",
	    "`state_dir' is another one than %s, where tosd runs: stop it to "
	    "change that",
	    old);
	return true;
}

void
reload_begin(struct supervisor *sup)
{
	char *why = NULL;

	if (sup->stopping)
		return;
	/* The files may have changed since they were read for the one under way. */
	sup->again = sup->trial.cur != NULL;
	if (sup->again) {
		log_notice("supervisor", "%s; the files are read %s after it",
		    sup->trying ? "a list is being tried" : "a reload is under way",
		    sup->trying ? "right" : "again");
		return;
	}
	log_info("supervisor", "reading the configuration anew");
	sup->next = setup_read(sup->conf_path, &why);
	if (sup->next == NULL)
		refuse(sup, why != NULL ? why : "the log says why");
	else if (moves_state(sup))
		refuse(sup, "`state_dir' cannot change while tosd runs");
	else
		rehearse(sup);
	free(why);
}

const struct setup *
reload_setup_of(const struct slot *slot)
{
	return reload_is_trial(slot) && !slot->sup->trying ? slot->sup->next
							   : slot->sup->setup;
}

bool
reload_is_trial(const struct slot *slot)
{
	return slot == &slot->sup->trial;
}

void
reload_heard(struct proc *p, const struct msg_ready *r)
{
	struct supervisor *sup = p->sup;

	if (sup->trying) {
		proc_stop(p);
		try_heard(sup, r);
		return;
	}
	if (sup->next == NULL || sup->stopping)
		return;
	proc_stop(p);
	if (r->faults == 0)
		take_into_use(p, r);
	else
		refuse(sup, r->words != NULL ? r->words : "a plugin or pack is broken");
}

void
reload_ended(struct supervisor *sup)
{
	if (sup->stopping)
		return;
	if (sup->trying)
		try_heard(sup, NULL);
	else if (sup->next != NULL)
		refuse(sup, "the worker that rehearsed it ended before it could tell; "
			    "the log says how");
	if (sup->again)
		reload_begin(sup);
	else
		try_begin(sup);
}
