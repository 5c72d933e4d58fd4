/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_plugin: which plugins of the configuration serve, for people and monitoring.
 * Each worker says what it does without when it starts, and when a program was lost or
 * is there again; in whose hands a worker ended its trace says.  All of it is what code
 * of others says: only names that the configuration has are kept, and each once.  It is
 * told and decides nothing; what waits is rows of `retry' (engine_retry.c).
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_in.h"
#include "engine/engine_json.h"
#include "engine/engine_life.h"
#include "ipc/trace.h"

bool
engine_plugin_known(const struct engine *g, const char *plugin)
{
	for (size_t i = 0; i < g->conf->policy.nplugins; i++)
		if (strcmp(g->conf->policy.plugins[i].name, plugin) == 0)
			return true;
	return false;
}

/* --- what workers say --- */

static struct engine_without *
without_of(const struct engine_worker *w, const char *plugin)
{
	for (size_t i = 0; i < w->nwithout; i++)
		if (strcmp(w->without[i].plugin, plugin) == 0)
			return &w->without[i];
	return NULL;
}

static struct engine_without *
without_add(struct engine_worker *w, const char *plugin, int64_t since)
{
	w->without = xrealloc(w->without, (w->nwithout + 1) * sizeof(*w->without));
	w->without[w->nwithout] =
	    (struct engine_without){.plugin = xstrdup(plugin), .since = since};
	return &w->without[w->nwithout++];
}

static void
without_clear(struct engine_worker *w)
{
	for (size_t i = 0; i < w->nwithout; i++) {
		free(w->without[i].plugin);
		free(w->without[i].why);
	}
	free(w->without);
	w->without = NULL;
	w->nwithout = 0;
}

/* Where its predecessor did without as well, it is since then. */
void
engine_plugin_rules(
    struct engine *g, uint32_t index, const struct msg_rules *r, int64_t now)
{
	struct engine_worker *w, before;

	if (index >= g->nworkers)
		return;
	w = &g->workers[index];
	before = *w;
	w->without = NULL;
	w->nwithout = 0;
	for (uint32_t i = 0; i < r->nmissing; i++) {
		const struct msg_missing *v = &r->missing[i];
		struct engine_without *old = without_of(&before, v->plugin), *x;

		if (!engine_plugin_known(g, v->plugin) ||
		    without_of(w, v->plugin) != NULL)
			continue;
		x = without_add(w, v->plugin, old != NULL ? old->since : now);
		x->why = xstrdup(v->why);
		x->part = v->how == MISSING_PART;
	}
	without_clear(&before);
}

void
engine_plugin_stand(struct engine *g, struct msg *m, int64_t now)
{
	struct engine_worker *w;
	struct engine_without *x;

	if (m->from_index >= g->nworkers || !engine_plugin_known(g, m->stand.plugin))
		return;
	w = &g->workers[m->from_index];
	x = without_of(w, m->stand.plugin);
	if (x != NULL && !x->program)
		return; /* it has said that it was not loaded */
	if (m->stand.why != NULL) {
		if (x == NULL)
			x = without_add(w, m->stand.plugin, now);
		x->program = true;
		xmove(&x->why, &m->stand.why);
	} else if (x != NULL) {
		free(x->plugin);
		free(x->why);
		*x = w->without[--w->nwithout];
	}
}

/* --- in whose hands they end --- */

static struct engine_crash *
crash_of(const struct engine *g, const char *plugin)
{
	for (size_t i = 0; i < g->ncrashes; i++)
		if (strcmp(g->crashes[i].plugin, plugin) == 0)
			return &g->crashes[i];
	return NULL;
}

/* "revision 12 of item 5, died"; a page that was written over may name any number. */
static char *
over_what(
    struct engine *g, const struct engine_sent *b, uint64_t revision, const char *what)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	char *over;
	size_t i = 0;

	while (i < b->n && b->revisions[i] != (int64_t)revision)
		i++;
	if (revision == 0 || i == b->n)
		return xasprintf("one of %zu posts, %s", b->n, what);
	engine_must(store_revision_get(g->store, (int64_t)revision, &r, &e), 0,
	    "cannot read a revision", &e);
	over = xasprintf(
	    "revision %lld of item %lld, %s", (long long)r.id, (long long)r.item, what);
	store_revision_clear(&r);
	return over;
}

void
engine_plugin_crashed(
    struct engine *g, const struct engine_worker *w, const char *what, int64_t now)
{
	struct trace_seen seen;
	struct engine_crash *x;

	if (!trace_peek(w->trace, &seen) || seen.what != TRACE_CHECK ||
	    !engine_plugin_known(g, seen.plugin))
		return;
	x = crash_of(g, seen.plugin);
	if (x == NULL) {
		g->crashes =
		    xrealloc(g->crashes, (g->ncrashes + 1) * sizeof(*g->crashes));
		x = &g->crashes[g->ncrashes++];
		*x = (struct engine_crash){.plugin = xstrdup(seen.plugin)};
	}
	x->n++;
	x->time = now;
	free(x->over);
	x->over = over_what(g, &w->sent[0], seen.revision, what);
}

void
engine_plugin_free(struct engine *g)
{
	for (size_t i = 0; i < g->nworkers; i++)
		without_clear(&g->workers[i]);
	for (size_t i = 0; i < g->ncrashes; i++) {
		free(g->crashes[i].plugin);
		free(g->crashes[i].over);
	}
	free(g->crashes);
}

/* --- what is told --- */

/* How it stands with a plugin over all workers that are there. */
struct stand {
	unsigned workers, asked_by;
	bool part;
	int64_t since;	 /* CLOCK_NONE: it serves */
	const char *why; /* of the worker that is without it the longest */
};

static void
stand_of(const struct engine *g, const char *plugin, struct stand *s)
{
	int64_t gone = g->started;

	*s = (struct stand){.since = CLOCK_NONE};
	for (size_t i = 0; i < g->nworkers; i++) {
		const struct engine_worker *w = &g->workers[i];
		const struct engine_without *x = without_of(w, plugin);

		if (w->gone > gone)
			gone = w->gone;
		if (!w->up)
			continue;
		s->workers++;
		s->asked_by += x == NULL || x->part;
		if (x == NULL)
			continue;
		s->part |= x->part;
		if (s->since == CLOCK_NONE || x->since < s->since) {
			s->since = x->since;
			s->why = x->why;
		}
	}
	if (s->workers == 0) {
		s->since = gone;
		s->why = "no policy worker is up";
	}
}

static const char *
state_name(const struct stand *s)
{
	if (s->asked_by == 0)
		return "down";
	if (s->asked_by < s->workers)
		return "partly";
	return s->part ? "incomplete" : "serves";
}

static json_t *
row_of(struct engine *g, const char *plugin)
{
	const struct engine_crash *crash = crash_of(g, plugin);
	json_t *o = json_object();
	int64_t since, waiting;
	struct stand s;

	stand_of(g, plugin, &s);
	waiting = store_retry_waiting(g->store, plugin, &since);
	json_set_text(o, "name", plugin);
	json_set_text(o, "state", state_name(&s));
	json_set_time(o, "since", s.since);
	json_set_int(o, "asked_by", s.asked_by);
	json_set_int(o, "workers", s.workers);
	json_set_int(o, "waiting", (uint64_t)waiting);
	json_set_time(o, "waiting_since", since);
	json_set_int(o, "deaths", crash != NULL ? crash->n : 0);
	if (crash != NULL) {
		json_set_time(o, "died", crash->time);
		json_set_text(o, "over", crash->over);
	}
	json_set_repaired(o, "why", s.why);
	return o;
}

int
engine_plugin_query(struct engine_call *k, struct err *e)
{
	const struct conf_policy *c = &k->g->conf->policy;
	json_t *rows = json_array();

	(void)e;
	for (size_t i = 0; i < c->nplugins; i++)
		json_array_append_new(rows, row_of(k->g, c->plugins[i].name));
	json_object_set_new(k->reply, "rows", rows);
	return 0;
}

void
engine_plugin_stats(const struct engine *g, json_t *o)
{
	const struct conf_policy *c = &g->conf->policy;
	json_t *all = json_object();
	struct stand s;

	for (size_t i = 0; i < c->nplugins; i++) {
		stand_of(g, c->plugins[i].name, &s);
		if (engine_cost_plain(c->plugins[i].name))
			json_set_int(all, c->plugins[i].name, s.since == CLOCK_NONE);
	}
	json_object_set_new(o, "serving", all);
}
