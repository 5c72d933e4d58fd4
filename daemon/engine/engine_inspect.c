/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_inspect: revisions to policy workers and back.  A worker is at one batch at a
 * time, and answers in order; where many wait others lie before it.  When it dies, the
 * revisions of the batch that it was at become suspects and are sent alone, so that the
 * one that kills is found; after conf.policy.attempts deaths it is not shown any more
 * to the plugin that was at it, and where none is known, or that is no help, it is
 * recorded as degraded as a whole: never as clean.  What lay before it goes to another
 * one.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "engine/engine_life.h"
#include "ipc/trace.h"

/* What a batch of more than policy.batch may take, us, and hold. */
#define BATCH_MOMENT ((int64_t)50000)
#define BATCH_MAX ((size_t)512)

void
engine_inspect_load(struct engine *g)
{
	struct err e = ERR_INIT;
	int64_t ids[256], after = 0;
	uint32_t shards[256];
	size_t n;

	do {
		engine_must(
		    store_revision_pending(g->store, after, ids, shards, 256, &n, &e),
		    0, "cannot list what is to be inspected", &e);
		for (size_t i = 0; i < n; i++)
			engine_queue_add(&g->pending, shards[i], ids[i]);
		if (n > 0)
			after = ids[n - 1];
	} while (n == 256);
	if (g->pending.n > 0)
		log_info("inspect", "%zu revisions wait for inspection", g->pending.n);
}

void
engine_inspect_resize(struct engine *g)
{
	size_t want = g->conf->policy.workers;

	if (want <= g->nworkers)
		return; /* those too many are taken down by the supervisor */
	g->workers = xrealloc(g->workers, want * sizeof(*g->workers));
	for (size_t i = g->nworkers; i < want; i++)
		g->workers[i] =
		    (struct engine_worker){.trace = -1, .renew = CLOCK_NONE};
	g->nworkers = want;
}

static void
forget_trace(struct engine_worker *w)
{
	if (w->trace >= 0)
		close(w->trace);
	w->trace = -1;
}

void
engine_inspect_doubt(struct engine *g)
{
	for (size_t i = 0; i < g->nworkers; i++)
		for (size_t k = 0; k < g->workers[i].nsent; k++)
			for (size_t j = 0; j < g->workers[i].sent[k].n; j++)
				g->workers[i].sent[k].briefs[j].n = 0;
}

void
engine_inspect_free(struct engine *g)
{
	for (size_t i = 0; i < g->nworkers; i++) {
		for (size_t k = 0; k < ENGINE_SENT; k++) {
			free(g->workers[i].sent[k].revisions);
			free(g->workers[i].sent[k].briefs);
		}
		forget_trace(&g->workers[i]);
	}
	engine_plugin_free(g);
	free(g->workers);
	engine_queue_free(&g->pending);
	engine_queue_free(&g->suspects);
	engine_fresh_forget(g);
}

/* --- to a worker --- */

/* True while this worker is the last one that is up, and others are being started again
 * after a batch that they died with, as long as that may take. */
static bool
is_last(const struct engine *g, uint32_t index, int64_t now)
{
	bool more = false;

	for (uint32_t i = 0; i < g->nworkers; i++) {
		const struct engine_worker *w = &g->workers[i];

		if (w->up && i != index)
			return false;
		more = more || (!w->up && w->died != 0 &&
				   now - w->died <= g->conf->restart_max);
	}
	return more;
}

/* Suspects are settled soon, but a tenant who floods us with texts that kill workers
 * must not hold up everybody else: only one worker at a time risks itself while
 * ordinary items wait, and it takes turns; and one is left for those that come. */
static bool
suspects_turn(const struct engine *g, uint32_t index, int64_t now)
{
	if (g->suspects.n == 0 || is_last(g, index, now))
		return false;
	if (g->pending.n == 0)
		return true;
	for (size_t i = 0; i < g->nworkers; i++)
		if (g->workers[i].nsent > 0 && g->workers[i].sent[0].suspect)
			return false;
	return !g->suspect_last;
}

static bool
many_wait(const struct engine *g)
{
	return g->pending.n > (size_t)g->conf->policy.batch * g->nworkers * 2;
}

/* How many a worker is sent: where many wait, as many as it answers within a moment,
 * going by its last batch, since each batch costs a commit. */
static size_t
batch_size(const struct engine *g, const struct engine_worker *w)
{
	size_t usual = g->conf->policy.batch, most = usual;

	if (w->pace > 0 && many_wait(g))
		most = (size_t)(BATCH_MOMENT / w->pace);
	most = most < BATCH_MAX ? most : BATCH_MAX;
	return most > usual ? most : usual;
}

/* Nothing, where all that was taken from the queue is settled already. */
static void
send_from(
    struct engine *g, uint32_t index, struct engine_queue *q, size_t max, int64_t now)
{
	struct engine_worker *w = &g->workers[index];
	struct engine_sent *b = &w->sent[w->nsent];
	struct msg m;

	if (max > q->n)
		max = q->n;
	msg_init(&m, MSG_INSPECT);
	m.inspect.v = xcalloc(max, sizeof(*m.inspect.v));
	b->briefs = xrealloc(b->briefs, max * sizeof(*b->briefs));
	engine_fill(g, &m.inspect, b->briefs, q, max, now);
	if (m.inspect.n == 0) {
		msg_clear(&m);
		return;
	}
	b->batch = m.inspect.batch = ++g->next_batch;
	b->suspect = q == &g->suspects;
	b->n = m.inspect.n;
	b->revisions = xrealloc(b->revisions, b->n * sizeof(*b->revisions));
	for (size_t i = 0; i < b->n; i++)
		b->revisions[i] = (int64_t)m.inspect.v[i].revision;
	if (w->nsent++ == 0)
		w->since = now;
	/* What the disk does not have yet when a crash comes is fetched and asked
	 * again. */
	engine_emit_early(g, ROLE_POLICY, index, &m);
}

static void
send_batch(struct engine *g, uint32_t index, int64_t now)
{
	g->suspect_last = suspects_turn(g, index, now);
	if (g->suspect_last)
		send_from(g, index, &g->suspects, 1, now);
	else
		send_from(
		    g, index, &g->pending, batch_size(g, &g->workers[index]), now);
}

/* One that is about to be killed gets nothing: it would count against an item that is
 * not to blame. */
static bool
has_just(const struct engine_worker *w, size_t batches, int64_t now)
{
	return w->up && !w->reported && w->nsent == batches &&
	       !engine_lack_is_due(w, now);
}

/* Whether a batch may lie before a worker.  Not before one that takes long for each: it
 * would not wait for the next one either, and has to answer all before it can stop. Nor
 * behind a suspect, who may take its worker along. */
static bool
may_lie(const struct engine *g, uint32_t index)
{
	const struct engine_worker *w = &g->workers[index];

	return many_wait(g) && !w->sent[0].suspect && w->pace > 0 &&
	       (int64_t)batch_size(g, w) * w->pace <= BATCH_MOMENT;
}

void
engine_inspect_dispatch(struct engine *g, int64_t now)
{
	for (uint32_t i = 0; i < g->nworkers; i++)
		while (has_just(&g->workers[i], 0, now) &&
		       (g->pending.n > 0 || suspects_turn(g, i, now)))
			send_batch(g, i, now);
	for (size_t k = 1; k < ENGINE_SENT; k++)
		for (uint32_t i = 0; i < g->nworkers; i++)
			while (has_just(&g->workers[i], k, now) && may_lie(g, i))
				send_from(g, i, &g->pending,
				    batch_size(g, &g->workers[i]), now);
}

static void
end_worker(struct engine *g, uint32_t index, const char *why)
{
	struct msg m;

	msg_init(&m, MSG_STUCK);
	m.stuck.index = index;
	m.stuck.pid = g->workers[index].pid;
	m.stuck.why = xstrdup(why);
	g->workers[index].reported = true;
	engine_emit(g, ROLE_SUPERVISOR, 0, &m);
}

int64_t
engine_inspect_deadline(struct engine *g, int64_t now)
{
	int64_t next = CLOCK_NONE;

	for (uint32_t i = 0; i < g->nworkers; i++) {
		struct engine_worker *w = &g->workers[i];
		int64_t due = w->since + g->conf->policy.deadline;

		/* Suspects that wait for it to come back do so no longer. */
		if (!w->up && w->died != 0 && g->suspects.n > 0) {
			due = w->died + g->conf->restart_max + 1;
			if (now < due && (next == CLOCK_NONE || due < next))
				next = due;
			continue;
		}
		if (w->up && !w->reported && w->nsent == 0 &&
		    engine_lack_is_due(w, now))
			end_worker(g, i, "it lacks a plugin, which is tried again");
		else if (w->renew > now && (next == CLOCK_NONE || w->renew < next))
			next = w->renew;
		if (w->nsent == 0 || w->reported)
			continue;
		if (now < due) {
			if (next == CLOCK_NONE || due < next)
				next = due;
			continue;
		}
		log_warn("inspect",
		    "policy worker %u (pid %lld) gave no answer within %lld ms over "
		    "%zu items from revision %lld on: it will be killed",
		    i, (long long)w->pid, (long long)g->conf->policy.deadline,
		    w->sent[0].n, (long long)w->sent[0].revisions[0]);
		end_worker(g, i, "past its deadline");
	}
	return next;
}

/* --- a worker that died --- */

/* True when this revision was alone with a dying worker often enough, and no plugin is
 * to blame that could be left out. */
static bool
gave_up(struct engine *g, const struct engine_worker *w, int64_t id, const char *why,
    int64_t now)
{
	struct store_revision r;
	struct store_at at;
	struct err e = ERR_INIT;
	struct trace_seen seen;
	uint32_t tries;
	bool over;

	engine_must(
	    store_revision_get(g->store, id, &r, &e), 0, "cannot read a revision", &e);
	at = engine_at(g, r.tenant);
	tries = r.state == INSPECT_PENDING ? r.attempts + 1 : engine_report_lost(g, id);
	over = tries >= g->conf->policy.attempts;
	log_warn("inspect",
	    "revision %lld of item %lld cost a policy worker, try %u of %u",
	    (long long)id, (long long)r.item, tries, g->conf->policy.attempts);
	if (!over && r.state == INSPECT_PENDING)
		engine_must(store_revision_judged(g->store, &at, id, INSPECT_PENDING,
				r.attempts + 1, NULL, NULL, &e),
		    0, "cannot count a try", &e);
	if (over && r.state == INSPECT_PENDING && trace_peek(w->trace, &seen) &&
	    seen.what == TRACE_CHECK && seen.revision == (uint64_t)id &&
	    engine_retry_leave_out(g, &r, seen.plugin, why, now)) {
		log_warn("inspect",
		    "revision %lld is not shown to plugin `%s' any more; the others "
		    "judge it",
		    (long long)id, seen.plugin);
		over = false;
	}
	store_revision_clear(&r);
	return over;
}

/* The first batch of a worker is over, one way or the other. */
static void
drop_first(struct engine_worker *w, int64_t now)
{
	struct engine_sent over = w->sent[0];

	w->nsent--;
	memmove(&w->sent[0], &w->sent[1], w->nsent * sizeof(w->sent[0]));
	w->sent[w->nsent] = over; /* with its memory */
	w->since = now;
}

/* What a worker was at and did not answer; `what' says what became of it. */
static void
not_answered(struct engine *g, uint32_t index, const char *what, int64_t now)
{
	struct engine_worker *w = &g->workers[index];
	const struct engine_sent *b = &w->sent[0];
	char where[TRACE_TEXT], *why;

	engine_plugin_crashed(g, w, what, now);
	trace_read(w->trace, where);
	why = xasprintf("policy worker %u %s over it%s%s", index, what,
	    where[0] != '\0' ? ", " : "", where);
	if (b->n > 1)
		log_warn("inspect",
		    "policy worker %u %s over %zu items from revision %lld on%s%s: "
		    "each is now tried alone",
		    index, what, b->n, (long long)b->revisions[0],
		    where[0] != '\0' ? ", " : "", where);
	for (size_t i = 0; i < b->n; i++) {
		if (b->revisions[i] == 0)
			continue;
		if (b->n == 1 && gave_up(g, w, b->revisions[i], why, now)) {
			engine_judge_degraded(g, b->revisions[i], why, now);
			engine_cost_failed(g, "", now);
		} else
			engine_queue_add(&g->suspects, engine_lane(b->briefs[i].tenant),
			    b->revisions[i]);
	}
	free(why);
}

void
engine_inspect_up(struct engine *g, uint32_t index)
{
	if (index >= g->nworkers)
		return;
	g->workers[index].up = true;
	g->workers[index].died = 0;
	g->workers[index].reported = false;
}

void
engine_inspect_down(struct engine *g, uint32_t index, int64_t now)
{
	struct engine_worker *w;

	if (index >= g->nworkers)
		return;
	w = &g->workers[index];
	w->up = false;
	w->gone = now;
	w->renew = CLOCK_NONE;
	if (w->nsent == 0)
		return;
	g->worker_deaths++;
	w->died = now;
	not_answered(g, index, w->reported ? "hung" : "died", now);
	/* It never came to these. */
	for (size_t k = w->nsent; --k > 0;)
		for (size_t i = w->sent[k].n; i-- > 0;)
			engine_queue_back(&g->pending,
			    engine_lane(w->sent[k].briefs[i].tenant),
			    w->sent[k].revisions[i]);
	w->nsent = 0;
}

void
engine_inspect_trace(struct engine *g, struct msg *m)
{
	if (m->from_index >= g->nworkers)
		return;
	forget_trace(&g->workers[m->from_index]);
	g->workers[m->from_index].trace = m->fd;
	m->fd = -1;
}

/* --- from a worker --- */

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Which revisions were judged by which policy version, as ranges: a revision of which
 * the ledger says neither this nor `degraded' was never judged. */
static void
record_judged(struct engine *g, int64_t *v, size_t n, const char *policy, int64_t now)
{
	json_t *ranges = json_array();

	qsort(v, n, sizeof(*v), by_number);
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && v[k] == v[k - 1] + 1;)
			k++;
		json_array_append_new(ranges,
		    json_pack("[I, I]", (json_int_t)v[i], (json_int_t)v[k - 1]));
	}
	engine_record(g, "judged",
	    json_pack("{s:o, s:s}", "revisions", ranges, "policy",
		policy != NULL ? policy : ""),
	    NULL, now);
}

/* The place of a revision in a batch, its n: it is not there any more, or never was: a
 * worker that was taken over may name any, and 0 is what answered ones have become.  As
 * a rule the answers come in order, so that the place is `guess'. */
static size_t
place_of(const struct engine_sent *b, int64_t revision, size_t guess)
{
	size_t k = 0;

	if (revision == 0)
		return b->n;
	if (guess < b->n && b->revisions[guess] == revision)
		return guess;
	while (k < b->n && b->revisions[k] != revision)
		k++;
	return k;
}

/* What plugins took, not what the way there and back did. */
static void
note_pace(struct engine_worker *w, const struct msg_inspected *b)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < b->ncosts; i++)
		ns += b->costs[i].cost.ns;
	w->pace = ns > 0 ? (int64_t)(ns / 1000 / w->sent[0].n) + 1 : 0;
}

void
engine_inspected(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_inspected *b = &m->inspected;
	struct engine_tally tally = {.items = 0};
	struct engine_worker *w;
	struct engine_sent *sent;
	int64_t *judged;
	size_t n = 0;

	if (m->from_index >= g->nworkers)
		return;
	w = &g->workers[m->from_index];
	sent = &w->sent[0];
	if (w->nsent == 0 || sent->batch != b->batch) {
		log_warn("inspect", "policy worker %u answers what nobody asked",
		    m->from_index);
		return;
	}
	engine_cost_add(g, b, now);
	note_pace(w, b);
	judged = xcalloc(sent->n, sizeof(*judged));
	for (uint32_t i = 0; i < b->n; i++) {
		const struct msg_inspected_item *j = &b->v[i];
		size_t k = place_of(sent, (int64_t)j->revision, i);

		if (k == sent->n)
			continue;
		sent->revisions[k] = 0; /* once only */
		if (!engine_judge_clean(g, &sent->briefs[k], j, b->digest, &tally)) {
			engine_tally_write(g, &tally);
			if (!engine_judge_item(g, j, b->digest, now))
				continue;
		}
		judged[n++] = (int64_t)j->revision;
	}
	engine_tally_write(g, &tally);
	if (n > 0)
		record_judged(g, judged, n, b->digest, now);
	free(judged);
	/* What the worker left out is no answer, and not for ever. */
	for (size_t k = n = 0; k < sent->n; k++)
		n += sent->revisions[k] != 0;
	if (n > 0)
		not_answered(g, m->from_index, "gave no judgement", now);
	drop_first(w, now);
}
