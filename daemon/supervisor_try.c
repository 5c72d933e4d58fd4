/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_try: a new version of a list, between the engine that has it on disk and a
 * policy worker that reads it.  The rehearsal is that of supervisor_reload.c, of the
 * configuration in use; it waits for one that is under way, and there is one at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "supervisor.h"

static void
tell(struct supervisor *sup, enum tried outcome, const char *words, const char *rest)
{
	const struct msg_try *t = &sup->try.try;
	struct proc *engine = proc_engine(sup);
	struct msg m;

	if (engine == NULL || t->list == NULL)
		return;
	msg_init(&m, MSG_TRIED);
	m.tried.id = t->id;
	m.tried.list = xstrdup(t->list);
	m.tried.file = xstrdup(t->file);
	m.tried.outcome = outcome;
	m.tried.words = xstrdup(words);
	m.tried.rest = xstrdup(rest);
	channel_send(engine->ch, &m);
	msg_clear(&m);
}

/* Whoever asked may be gone: then nobody is told. */
static void
answer(struct supervisor *sup, enum tried outcome, const char *words, const char *rest)
{
	tell(sup, outcome, words, rest);
	msg_clear(&sup->try);
	sup->try = sup->try_next;
	msg_init(&sup->try_next, MSG_TRY);
	sup->trying = false;
}

void
try_take(struct supervisor *sup, struct msg *m)
{
	struct msg *to = sup->trying ? &sup->try_next : &sup->try;

	msg_clear(to);
	*to = *m;
	msg_init(m, MSG_TRY);
	try_begin(sup);
}

void
try_begin(struct supervisor *sup)
{
	if (sup->try.try.list == NULL || sup->trying || sup->stopping ||
	    sup->trial.cur != NULL)
		return;
	sup->trying = true;
	sup->trial = (struct slot){
	    .sup = sup, .role = ROLE_POLICY, .index = sup->setup->conf->policy.workers};
	sup->trial.cur = proc_start(&sup->trial);
	if (sup->trial.cur == NULL)
		answer(
		    sup, TRIED_UNKNOWN, "no worker could be started to try it", NULL);
}

void
try_send(struct proc *p)
{
	const struct msg_try *t = &p->sup->try.try;
	struct msg m;

	if (t->list == NULL)
		return; /* it rehearses what is in use, for nobody */
	msg_init(&m, MSG_TRY);
	m.try.id = t->id;
	m.try.list = xstrdup(t->list);
	m.try.file = xstrdup(t->file);
	m.try.day = xstrdup(t->day);
	m.try.anew = t->anew;
	channel_send(p->ch, &m);
}

void
try_heard(struct supervisor *sup, const struct msg_ready *r)
{
	if (r == NULL)
		answer(sup, TRIED_UNKNOWN,
		    "the worker that tried it ended before it could tell; the log says "
		    "how",
		    NULL);
	else
		answer(sup, r->faults == 0 && r->words != NULL ? TRIED_GOOD : TRIED_BAD,
		    r->words, r->rest);
}

void
try_forget(struct supervisor *sup)
{
	msg_clear(&sup->try);
	msg_clear(&sup->try_next);
}

void
try_renew(struct supervisor *sup)
{
	if (sup->stopping)
		return;
	sup->renewal++;
	supervisor_step(sup);
}
