/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_inspect: revisions to policy workers and back.  A worker holds one batch
 * at a time.  When a worker dies with a batch, its revisions become suspects and
 * are sent alone, so that the one that kills is found; after conf.policy.attempts
 * deaths it is recorded as degraded: never as clean.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/engine_cover.h"
#include "engine/engine_in.h"
#include "engine/engine_life.h"
#include "ipc/trace.h"
#include "policy/verdict.h"

/* Characters of a quote shown to people. */
#define QUOTE_CHARS 240
/* Bytes of models' answers in one batch: a frame has its limit. */
#define ANSWERS_MAX (8u << 20)

/* --- queues --- */

void
engine_queue_add(struct engine_queue *q, int64_t id)
{
	if (q->n == q->cap) {
		size_t cap = q->cap ? q->cap * 2 : 256;
		int64_t *v = xmalloc(cap * sizeof(*v));

		for (size_t i = 0; i < q->n; i++)
			v[i] = q->v[(q->head + i) % q->cap];
		free(q->v);
		q->v = v;
		q->cap = cap;
		q->head = 0;
	}
	q->v[(q->head + q->n++) % q->cap] = id;
}

static int64_t
queue_take(struct engine_queue *q)
{
	int64_t id = q->v[q->head];

	q->head = (q->head + 1) % q->cap;
	q->n--;
	return id;
}

void
engine_inspect_load(struct engine *g)
{
	struct err e = ERR_INIT;
	int64_t ids[256], after = 0;
	size_t n;

	do {
		engine_must(store_revision_pending(g->store, after, ids, 256, &n, &e),
		    0, "cannot list what is to be inspected", &e);
		for (size_t i = 0; i < n; i++)
			engine_queue_add(&g->pending, ids[i]);
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
		g->workers[i] = (struct engine_worker){.trace = -1};
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
engine_inspect_free(struct engine *g)
{
	for (size_t i = 0; i < g->nworkers; i++) {
		free(g->workers[i].revisions);
		forget_trace(&g->workers[i]);
	}
	free(g->workers);
	free(g->pending.v);
	free(g->suspects.v);
}

/* --- to a worker --- */

/* Bytes of answers that go along. */
static size_t
put_revision(struct engine *g, struct msg_inspect *b, int64_t id, int64_t now)
{
	size_t bytes = 0;
	struct store_revision r;
	struct err e = ERR_INIT;
	struct msg_inspect_item *it = &b->v[b->n];

	engine_must(
	    store_revision_get(g->store, id, &r, &e), 0, "cannot read a revision", &e);
	if (r.state == INSPECT_PENDING && !engine_media_want(g, &r, now)) {
		it->revision = (uint64_t)id;
		it->tenant = xstrdup(r.tenant);
		it->time = r.time;
		it->item = r.body;
		item_init(&r.body);
		engine_retry_skip(g, id, it);
		if (g->retries > 0)
			bytes = engine_ask_answers(g, id, it);
		b->n++;
	}
	store_revision_clear(&r);
	return bytes;
}

/* Suspects are settled soon, but a tenant who floods us with texts that kill workers
 * must not hold up everybody else: only one worker at a time risks itself while
 * ordinary items wait, and it takes turns. */
static bool
suspects_turn(const struct engine *g)
{
	if (g->suspects.n == 0 || g->pending.n == 0)
		return g->suspects.n > 0;
	for (size_t i = 0; i < g->nworkers; i++)
		if (g->workers[i].batch != 0 && g->workers[i].suspect)
			return false;
	return !g->suspect_last;
}

static void
send_batch(struct engine *g, uint32_t index, int64_t now)
{
	struct engine_worker *w = &g->workers[index];
	size_t max = g->conf->policy.batch, bytes = 0;
	struct engine_queue *q = &g->pending;
	struct msg m;

	w->suspect = g->suspect_last = suspects_turn(g);
	if (w->suspect) {
		q = &g->suspects;
		max = 1;
	}
	if (max > q->n)
		max = q->n;
	msg_init(&m, MSG_INSPECT);
	m.inspect.v = xcalloc(max, sizeof(*m.inspect.v));
	for (size_t i = 0; i < max && bytes < ANSWERS_MAX; i++) {
		item_init(&m.inspect.v[m.inspect.n].item);
		bytes += put_revision(g, &m.inspect, queue_take(q), now);
	}
	if (m.inspect.n == 0) {
		msg_clear(&m);
		return;
	}
	m.inspect.batch = ++g->next_batch;
	w->batch = m.inspect.batch;
	w->since = now;
	w->n = m.inspect.n;
	w->revisions = xrealloc(w->revisions, w->n * sizeof(*w->revisions));
	for (size_t i = 0; i < w->n; i++)
		w->revisions[i] = (int64_t)m.inspect.v[i].revision;
	engine_emit(g, ROLE_POLICY, index, &m);
}

void
engine_inspect_dispatch(struct engine *g, int64_t now)
{
	for (uint32_t i = 0; i < g->nworkers; i++)
		/* One that is about to be killed gets nothing: it would count against
		 * an item that is not to blame. */
		while (g->workers[i].up && !g->workers[i].reported &&
		       g->workers[i].batch == 0 && g->pending.n + g->suspects.n > 0)
			send_batch(g, i, now);
}

int64_t
engine_inspect_deadline(struct engine *g, int64_t now)
{
	int64_t next = CLOCK_NONE;

	for (uint32_t i = 0; i < g->nworkers; i++) {
		struct engine_worker *w = &g->workers[i];
		int64_t due = w->since + g->conf->policy.deadline;
		struct msg m;

		if (w->batch == 0 || w->reported)
			continue;
		if (now < due) {
			if (next == CLOCK_NONE || due < next)
				next = due;
			continue;
		}
		log_warn("inspect",
		    "policy worker %u gave no answer within %lld ms over %zu "
		    "items from revision %lld on: it will be killed",
		    i, (long long)g->conf->policy.deadline, w->n,
		    (long long)w->revisions[0]);
		msg_init(&m, MSG_STUCK);
		m.stuck.index = i;
		m.stuck.why = xstrdup("past its deadline");
		w->reported = true;
		engine_emit(g, ROLE_SUPERVISOR, 0, &m);
	}
	return next;
}

/* --- a worker that died --- */

static void
judge_degraded(struct engine *g, int64_t id, const char *why, int64_t now)
{
	struct store_revision r;
	struct store_at at;
	struct err e = ERR_INIT;

	engine_must(
	    store_revision_get(g->store, id, &r, &e), 0, "cannot read a revision", &e);
	at = engine_at(g, r.tenant);
	engine_must(store_revision_judged(g->store, &at, id, INSPECT_DEGRADED,
			r.attempts + 1, g->policy, why, &e),
	    0, "cannot keep a judgement", &e);
	engine_retry_done(g, &at, id);
	engine_must(
	    store_exposure_count(g->store, &at, r.tenant, r.seen, r.n == 1, 0, 1, &e),
	    0, "cannot count", &e);
	engine_record(g, "degraded",
	    json_pack("{s:s, s:I, s:I, s:s, s:s, s:i}", "tenant", r.tenant, "item",
		(json_int_t)r.item, "revision", (json_int_t)id, "why", why, "policy",
		g->policy, "attempts", (int)r.attempts + 1),
	    NULL, now);
	log_warn("inspect",
	    "revision %lld of item %lld (%s) of tenant %s is degraded, not "
	    "judged: %s",
	    (long long)id, (long long)r.item,
	    r.body.url != NULL ? r.body.url : "no address", r.tenant, why);
	g->items_degraded++;
	store_revision_clear(&r);
}

/* True when this revision was alone with a dying worker often enough. */
static bool
gave_up(struct engine *g, int64_t id)
{
	struct store_revision r;
	struct store_at at;
	struct err e = ERR_INIT;
	bool over;

	engine_must(
	    store_revision_get(g->store, id, &r, &e), 0, "cannot read a revision", &e);
	at = engine_at(g, r.tenant);
	over = r.attempts + 1 >= g->conf->policy.attempts;
	log_warn("inspect",
	    "revision %lld of item %lld cost a policy worker, try %u of %u",
	    (long long)id, (long long)r.item, r.attempts + 1, g->conf->policy.attempts);
	if (!over)
		engine_must(store_revision_judged(g->store, &at, id, INSPECT_PENDING,
				r.attempts + 1, NULL, NULL, &e),
		    0, "cannot count a try", &e);
	store_revision_clear(&r);
	return over;
}

/* What a worker had in hand and did not answer; `what' says what became of it. */
static void
not_answered(struct engine *g, uint32_t index, const char *what, int64_t now)
{
	struct engine_worker *w = &g->workers[index];
	char where[TRACE_TEXT], *why;

	trace_read(w->trace, where);
	why = xasprintf("policy worker %u %s over it%s%s", index, what,
	    where[0] != '\0' ? ", " : "", where);
	if (w->n > 1)
		log_warn("inspect",
		    "policy worker %u %s over %zu items from revision %lld on%s%s: "
		    "each is now tried alone",
		    index, what, w->n, (long long)w->revisions[0],
		    where[0] != '\0' ? ", " : "", where);
	for (size_t i = 0; i < w->n; i++) {
		if (w->revisions[i] == 0)
			continue;
		if (w->n == 1 && gave_up(g, w->revisions[i])) {
			judge_degraded(g, w->revisions[i], why, now);
			engine_stat_failed(g, "", now);
		} else
			engine_queue_add(&g->suspects, w->revisions[i]);
	}
	free(why);
	w->batch = 0;
	w->n = 0;
}

void
engine_inspect_up(struct engine *g, uint32_t index)
{
	if (index >= g->nworkers)
		return;
	g->workers[index].up = true;
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
	if (w->batch == 0)
		return;
	g->worker_deaths++;
	not_answered(g, index, w->reported ? "hung" : "died", now);
}

/* --- from a worker --- */

#define RULES_BYTES 60000 /* an entry holds 65,535 */

/* A string of JSON, or null; how many bytes more it were if all of it had to be ASCII.
 */
static size_t
put_json_string(struct buf *b, const char *s)
{
	size_t more = 0;

	if (s == NULL) {
		buf_puts(b, "null");
		return 0;
	}
	buf_putc(b, '"');
	for (; *s != '\0'; s++) {
		uint8_t c = (uint8_t)*s;

		if (c < 0x20) {
			buf_printf(b, "\\u%04X", c);
			continue;
		}
		if (c == '"' || c == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *s);
		more += c >= 0x80 ? 5 : 0;
	}
	buf_putc(b, '"');
	return more;
}

/* The list of rules on one line.  By hand: a tree of objects for ten thousand of them
 * holds everybody up. */
static size_t
put_rules(struct buf *b, const struct msg_rules *r)
{
	size_t more = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct msg_rule *v = &r->v[i];

		buf_puts(b, i > 0 ? ",[" : "[[");
		more += put_json_string(b, v->rule);
		buf_printf(b, ",%u,\"%s\",", v->rev, finding_mode_name(v->mode));
		more += put_json_string(b, v->pack);
		buf_putc(b, ',');
		more += put_json_string(b, v->clause);
		buf_putc(b, ']');
	}
	buf_puts(b, r->n > 0 ? "]" : "[]");
	return b->len + more;
}

/* A very long list is kept as its hash. */
static json_t *
rules_json(const struct msg_rules *r)
{
	struct buf b = {0};
	char hex[DIGEST_HEX];
	json_t *rules;

	if (put_rules(&b, r) > RULES_BYTES) {
		digest_hex_of(b.data, b.len, hex);
		rules = json_pack("{s:i, s:s}", "count", (int)r->n, "sha256", hex);
	} else {
		rules = json_loadb(b.data, b.len, 0, NULL);
	}
	buf_free(&b);
	return rules != NULL ? rules
			     : json_array(); /* a worker's strings may be anything */
}

void
engine_rules(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_rules *r = &m->rules;
	json_t *entry;

	if (m->from_index < g->nworkers) {
		forget_trace(&g->workers[m->from_index]);
		g->workers[m->from_index].trace = m->fd;
		m->fd = -1;
	}
	for (uint32_t i = 0; i < r->nproblems; i++)
		log_warn("policy", "%s", r->problems[i]);
	if (r->digest != NULL)
		engine_life_rules(g, r);
	if (r->digest == NULL || strcmp(g->policy, r->digest) == 0)
		return;
	snprintf(g->policy, sizeof(g->policy), "%s", r->digest);
	entry = json_pack("{s:s, s:o}", "policy", g->policy, "rules", rules_json(r));
	engine_record(g, "policy", entry, NULL, now);
	log_info("policy", "version %.12s with %u rules", g->policy, r->n);
}

char *
engine_quote(const struct item *it, const struct finding *f)
{
	char *body = item_body(it);
	struct buf quote = {0};
	size_t from = 0, to = strlen(body);

	if (f->nspans > 0) {
		from = f->spans[0].start;
		to = f->spans[0].end;
	}
	notice_quote(&quote, body, from, to, QUOTE_CHARS);
	free(body);
	return buf_take(&quote);
}

void
engine_inspect_violation(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now, struct store_violation *v)
{
	memset(v, 0, sizeof(*v));
	memcpy(v->tenant, r->tenant, sizeof(v->tenant));
	v->item = r->item;
	v->revision = r->id;
	finding_copy(&v->finding, f);
	v->url = xstrdup(r->body.url);
	v->quote = engine_quote(&r->body, f);
	v->found = now;
	v->posted = r->body.published;
	v->entry = -1;
	v->reported = v->ended = v->last_check = CLOCK_NONE;
	v->presence = PRESENT_ONLINE;
	v->since = v->last_online = r->seen;
	v->next_check = now + g->conf->ladder.recheck;
}

/* Keeps a finding with the mode that is in force for it.  False: it is known, or the
 * rule is one of which only the hits are counted. */
static bool
keep_finding(struct engine *g, const struct store_revision *r, const struct finding *f,
    enum policy_lane lane, int64_t now)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	if (f->mode == MODE_DRAFT || f->mode == MODE_RETIRED)
		return false;
	if (engine_must(store_finding_add(
			    g->store, &at, r->id, f, lane == POLICY_LANE_CASE, now, &e),
		TOSD_EEXIST, "cannot keep a finding", &e) != 0)
		return false;
	g->findings++;
	if (f->mode == MODE_REVIEW)
		engine_review_record(g, r, f, now);
	return true;
}

/* One finding of a revision.  True if it is a new violation. */
static bool
judge_finding(struct engine *g, const struct store_revision *r, const struct finding *f,
    enum policy_lane lane, int64_t now)
{
	struct store_violation v, open;
	struct err e = ERR_INIT;
	bool added = false;

	if (lane == POLICY_LANE_NONE)
		return false;
	if (lane == POLICY_LANE_REVIEW) {
		engine_label_review(g, r, f, now);
		return false;
	}
	engine_inspect_violation(g, r, f, now, &v);
	if (lane == POLICY_LANE_SAFETY) {
		engine_notice_safety(g, &v, now);
	} else if (engine_must(
		       store_violation_open(g->store, r->item, f->rule, &open, &e),
		       TOSD_ENOENT, "cannot look for a violation", &e) == 0) {
		store_violation_clear(&open); /* the same, in a new revision */
	} else {
		engine_case_violation(g, &v, r->entry, now);
		g->violations++;
		added = true;
	}
	store_violation_clear(&v);
	return added;
}

struct edited {
	struct engine *g;
	const struct store_revision *r;
	const struct msg_inspected_item *judged;
	const enum policy_lane *would;
	int64_t now;
};

/* An open violation of this item that the newest revision no longer shows: whether its
 * rule still counts is another matter. */
static int
mend_one(void *ctx, const struct store_violation *row)
{
	struct edited *x = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->presence == PRESENT_REMOVED || row->presence == PRESENT_EDITED ||
	    row->revision == x->r->id)
		return 0;
	for (uint32_t i = 0; i < x->judged->n; i++)
		if (x->would[i] == POLICY_LANE_CASE &&
		    strcmp(x->judged->findings[i].rule, row->finding.rule) == 0)
			return 0;
	engine_must(store_violation_get(x->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	engine_presence_set(x->g, &v, PRESENT_EDITED, x->r->seen, NULL, x->now);
	store_violation_clear(&v);
	return 0;
}

/* What the answer itself says and what never came, as one; given_up is taken. */
static char *
both(const char *degraded, char *given_up)
{
	char *all;

	if (degraded == NULL || given_up == NULL)
		return degraded != NULL ? xstrdup(degraded) : given_up;
	all = xasprintf("%s; %s", degraded, given_up);
	free(given_up);
	return all;
}

/* What rules say of a revision.  Those that count come first: of two findings of one
 * rule only the first is kept.  would: the lanes if all rules were enforced.  True if
 * there is a new violation. */
static bool
judge_findings(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, enum policy_lane *would, int64_t now)
{
	enum policy_lane *lanes = xcalloc(j->n + 1, sizeof(*lanes));
	bool violated = false;

	engine_life_verdict(g, r, j->findings, j->n, lanes, would);
	for (int counting = 1; counting >= 0; counting--)
		for (uint32_t i = 0; i < j->n; i++) {
			struct finding *f = &j->findings[i];
			bool kept;

			if ((lanes[i] != POLICY_LANE_NONE) != counting)
				continue;
			kept = keep_finding(g, r, f, lanes[i], now);
			/* What is not kept is counted once all plugins have spoken:
			 * they repeat themselves when one of them is asked again. */
			if (kept ||
			    ((f->mode == MODE_DRAFT || f->mode == MODE_RETIRED) &&
				j->nretry == 0))
				engine_stat_hit(g, engine_life_of(g, f, f->mode),
				    r->tenant, f->mode, lanes[i], would[i], now);
			if (kept)
				violated |= judge_finding(g, r, f, lanes[i], now);
		}
	free(lanes);
	return violated;
}

static void
keep_scores(
    struct engine *g, const struct store_at *at, const struct msg_inspected_item *j)
{
	char *text = engine_scores_text(j);
	struct err e = ERR_INIT;

	if (text != NULL)
		engine_must(
		    store_revision_scored(g->store, at, (int64_t)j->revision, text, &e),
		    0, "cannot keep scores", &e);
	free(text);
}

/* True if it was judged; false if it is degraded, not there, or waits for a plugin. */
static bool
judge_item(struct engine *g, const struct msg_inspected_item *j, const char *policy,
    int64_t now)
{
	struct store_revision r;
	struct store_at at;
	struct err e = ERR_INIT;
	enum policy_lane *would;
	bool violated, waits, judged;
	char *given_up, *degraded;

	if (engine_must(store_revision_get(g->store, (int64_t)j->revision, &r, &e),
		TOSD_ENOENT, "cannot read a revision", &e) != 0)
		return false;
	at = engine_at(g, r.tenant);
	would = xcalloc(j->n + 1, sizeof(*would));
	keep_scores(g, &at, j);
	violated = judge_findings(g, &r, j, would, now);
	waits = engine_retry_take(g, &r, j, &given_up, now);
	degraded = both(j->degraded, given_up);
	if (r.n > 1 && degraded == NULL && !waits) {
		struct edited x = {g, &r, j, would, now};

		engine_walk(store_violation_each(
		    g->store, VIOLATION_OF_ITEM, r.item, 0, mend_one, &x));
	}
	if (degraded != NULL && !waits) {
		judge_degraded(g, r.id, degraded, now);
	} else if (!waits) {
		engine_must(store_revision_judged(g->store, &at, r.id, INSPECT_DONE,
				r.attempts, policy, NULL, &e),
		    0, "cannot keep a judgement", &e);
		engine_must(store_exposure_count(
				g->store, &at, r.tenant, r.seen, r.n == 1, 0, 0, &e),
		    0, "cannot count", &e);
		engine_retry_done(g, &at, r.id);
		g->items_judged++;
	}
	if (violated)
		engine_must(
		    store_exposure_count(g->store, &at, r.tenant, r.seen, 0, 1, 0, &e),
		    0, "cannot count", &e);
	judged = degraded == NULL && !waits;
	free(degraded);
	free(would);
	store_revision_clear(&r);
	return judged;
}

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

void
engine_inspected(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_inspected *b = &m->inspected;
	struct engine_worker *w;
	int64_t *judged;
	size_t n = 0;

	if (m->from_index >= g->nworkers)
		return;
	w = &g->workers[m->from_index];
	if (w->batch == 0 || w->batch != b->batch) {
		log_warn("inspect", "policy worker %u answers what nobody asked",
		    m->from_index);
		return;
	}
	engine_stat_costs(g, b, now);
	judged = xcalloc(w->n, sizeof(*judged));
	for (uint32_t i = 0; i < b->n; i++)
		for (size_t k = 0; k < w->n; k++)
			if (w->revisions[k] == (int64_t)b->v[i].revision) {
				w->revisions[k] = 0; /* once only */
				if (judge_item(g, &b->v[i], b->digest, now))
					judged[n++] = (int64_t)b->v[i].revision;
				break;
			}
	if (n > 0)
		record_judged(g, judged, n, b->digest, now);
	free(judged);
	/* What the worker left out is no answer, and not for ever. */
	for (size_t k = n = 0; k < w->n; k++)
		n += w->revisions[k] != 0;
	if (n > 0)
		not_answered(g, m->from_index, "gave no judgement", now);
	w->batch = 0;
	w->n = 0;
}
