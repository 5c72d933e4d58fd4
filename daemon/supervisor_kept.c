/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_kept: what a configuration was begun with, and copies of it.  The worker
 * that rehearses a configuration makes copies of all that it has loaded
 * (policy/kept.h); those that are started from then on, because one died or a list
 * came, load from them.  At the start nothing is rehearsed, and the first worker makes
 * them.  Files that are changed on disk are taken by a reload alone.
 *
 * Where there are no copies each worker reads the files for itself, and one that has
 * others than the configuration was begun with is told of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "supervisor.h"

void
kept_tell(struct proc *p, struct msg *m)
{
	struct supervisor *sup = p->sup;
	bool trial = reload_is_trial(p->slot), rehearsal = trial && !sup->trying;

	if (p->slot->role != ROLE_POLICY)
		return;
	m->conf.kept = xstrdup(sup->kept);
	if (rehearsal || (!trial && sup->kept == NULL && p->slot->index == 0 &&
			     sup->spoilt != sup->generation)) {
		snprintf(p->keep, sizeof(p->keep), "%u-%d", sup->generation + rehearsal,
		    (int)p->pid);
		m->conf.keep = xstrdup(p->keep);
	}
	p->from_kept = m->conf.kept != NULL && m->conf.keep == NULL;
}

static void
begin_with(struct supervisor *sup, const struct msg_ready *r)
{
	sup->loaded = sup->generation;
	snprintf(sup->rest, sizeof(sup->rest), "%s", r->rest != NULL ? r->rest : "");
	snprintf(
	    sup->copied, sizeof(sup->copied), "%s", r->copied != NULL ? r->copied : "");
}

static void
take_copies(struct proc *p, const struct msg_ready *r)
{
	free(p->sup->kept);
	p->sup->kept = r->kept && p->keep[0] != '\0' ? xstrdup(p->keep) : NULL;
}

/* The copies are not what was loaded: somebody has been at them, or at the files just
 * then.  Another worker, that reads the files, takes the place of this one before it
 * has judged anything.  Programs of plugins are no matter of copies: one that is
 * changed, or was not there in time, says nothing against these. */
static void
spoil(struct proc *p)
{
	struct supervisor *sup = p->sup;

	log_warn("supervisor",
	    "policy %u has not loaded from copies what this configuration was begun "
	    "with; "
	    "the files themselves are read anew",
	    p->slot->index);
	free(sup->kept);
	sup->kept = NULL;
	sup->spoilt = sup->generation;
	proc_stop(p);
}

bool
kept_compare(struct proc *p, const struct msg_ready *r)
{
	struct supervisor *sup = p->sup;
	bool same;

	if (p->slot->role != ROLE_POLICY || r->rest == NULL || r->copied == NULL ||
	    p->generation != sup->generation)
		return true;
	if (r->faults == 0 && sup->loaded != sup->generation)
		begin_with(sup, r);
	same = strcmp(sup->rest, r->rest) == 0;
	if (p->from_kept && strcmp(sup->copied, r->copied) != 0 &&
	    blame_left_out(p->slot) == NULL) {
		spoil(p);
		return false;
	}
	/* Where something was refused the worker has said so, and posts wait; files
	 * that were changed well would be taken without a word. */
	if (r->faults > 0)
		return true;
	p->other = !same;
	if (p->other)
		log_warn("supervisor",
		    "policy %u has loaded other packs or plugins than this "
		    "configuration "
		    "was begun with: their files have changed without a reload, and it "
		    "is chance by which ones a post is judged; reload",
		    p->slot->index);
	else if (r->kept && sup->kept == NULL)
		take_copies(p, r);
	reload_compare(sup);
	return true;
}

void
kept_take(struct proc *p, const struct msg_ready *r)
{
	begin_with(p->sup, r);
	take_copies(p, r);
}
