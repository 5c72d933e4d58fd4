/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_reload: a new configuration, from SIGHUP until it is in use or refused.
 *
 * The supervisor itself reads the files; what is in plugins and packs only a policy
 * worker may find out, which runs as the user of the roles: plugins are code.
 */
#include <stdlib.h>

#include "base/log.h"
#include "supervisor.h"

static void
refuse(struct supervisor *sup)
{
	setup_free(&sup->next);
	log_err("supervisor", "the new configuration is refused; the old one "
			      "stays in use");
	ready_status(sup->ready, "the new configuration was refused, see the log");
}

static void
take_into_use(struct supervisor *sup)
{
	setup_free(&sup->setup);
	sup->setup = sup->next;
	sup->next = NULL;
	sup->generation++;
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
		refuse(sup);
}

void
reload_begin(struct supervisor *sup)
{
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
	sup->next = setup_read(sup->conf_path);
	if (sup->next == NULL)
		refuse(sup);
	else
		rehearse(sup);
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
		take_into_use(sup);
	else
		refuse(sup);
}

void
reload_ended(struct supervisor *sup)
{
	if (sup->stopping)
		return;
	if (sup->trying)
		try_heard(sup, NULL);
	else if (sup->next != NULL)
		refuse(sup);
	if (sup->again)
		reload_begin(sup);
	else
		try_begin(sup);
}
