/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_list_sync: which lists there are, at a start and after a reload: what the
 * configuration names, each with its row.  What a list had on its way before stays,
 * where address and signers still say that it may.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_list.h"

static void
list_free(struct engine_list *l)
{
	store_list_clear(&l->row);
	store_list_clear(&l->got);
	engine_list_forget(l);
	free(l->file);
	free(l->before);
	free(l);
}

/* The longest that anybody may have asked us to wait. */
static int64_t
patience(const struct engine *g, const struct conf_blocklist *c)
{
	const struct conf_fetch *f = &g->conf->fetch;
	int64_t most = c->interval;

	most = f->interval_max > most ? f->interval_max : most;
	most = f->hint_max > most ? f->hint_max : most;
	return f->retry_after_max > most ? f->retry_after_max : most;
}

static struct engine_list *
list_new(struct engine *g, const struct conf_blocklist *c, int64_t now)
{
	struct engine_list *l = xcalloc(1, sizeof(*l));
	struct err e = ERR_INIT;

	l->conf = c;
	l->body = l->part = -1;
	l->relink = CLOCK_NONE;
	l->doubt = true;
	engine_must(store_list_get(g->store, c->name, &l->row, &e), 0,
	    "cannot keep a list", &e);
	if (l->row.next == CLOCK_NONE || l->row.next > now + 2 * patience(g, c))
		l->row.next = now;
	engine_list_mend(g, l, now);
	if (engine_list_is_moved(l))
		l->row.next = now;
	engine_list_put(g, l);
	return l;
}

/* A version is on its way that the signers of before have let pass, or nobody had to.
 */
static bool
is_past_signers(const struct engine_list *l)
{
	return l->stage == LIST_WRITE || l->stage == LIST_HERE ||
	       l->stage == LIST_TRIED;
}

static void
list_reconf(struct engine *g, struct engine_list *l, const struct conf_blocklist *c,
    int64_t now)
{
	l->conf = c;
	/* Somebody has had their hands on things, and signers may be others. */
	l->doubt = true;
	if (!engine_list_is_moved(l) && (c->nsigners == 0 || !is_past_signers(l)))
		return;
	engine_list_drop(
	    g, l, now); /* it may come from where it was before, or be nobody's */
	l->row.next = now;
}

void
engine_list_sync(struct engine *g, int64_t now)
{
	const struct conf_policy *c = &g->conf->policy;
	struct engine_list **old = g->lists;
	size_t nold = g->nlists;

	g->lists = xcalloc(c->nlists + 1, sizeof(*g->lists));
	g->nlists = 0;
	for (size_t i = 0; i < c->nlists; i++) {
		struct engine_list *l = NULL;

		for (size_t k = 0; k < nold; k++)
			if (old[k] != NULL &&
			    strcmp(old[k]->row.name, c->lists[i].name) == 0) {
				l = old[k];
				old[k] = NULL;
				list_reconf(g, l, &c->lists[i], now);
			}
		g->lists[g->nlists++] = l != NULL ? l : list_new(g, &c->lists[i], now);
	}
	for (size_t k = 0; k < nold; k++)
		if (old[k] != NULL)
			list_free(old[k]);
	free(old);
}

void
engine_list_free(struct engine *g)
{
	for (size_t i = 0; i < g->nlists; i++)
		list_free(g->lists[i]);
	free(g->lists);
}
