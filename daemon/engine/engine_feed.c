/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_feed: which feeds there are and when each is due: a binary heap over the
 * time of the next poll.  Owns g->feeds, g->heap and the list of requests that
 * fetch has in hand.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "engine/engine_in.h"
#include "fetch/schedule.h"
#include "ipc/trace.h"

#define LOST_MAX 20
#define AGAIN CLOCK_SEC /* while nobody can fetch it */
/* Longer than any queue of one host can make a request wait. */
#define POLL_FORGOTTEN CLOCK_DAY

/* --- the heap --- */

static void
heap_put(struct engine *g, uint32_t slot, uint32_t feed)
{
	g->heap[slot] = feed;
	g->feeds[feed].slot = slot;
}

static int64_t
heap_key(const struct engine *g, uint32_t slot)
{
	return g->feeds[g->heap[slot]].next;
}

static void
heap_up(struct engine *g, uint32_t slot)
{
	uint32_t feed = g->heap[slot];

	while (slot > 0 && heap_key(g, (slot - 1) / 2) > g->feeds[feed].next) {
		heap_put(g, slot, g->heap[(slot - 1) / 2]);
		slot = (slot - 1) / 2;
	}
	heap_put(g, slot, feed);
}

static void
heap_down(struct engine *g, uint32_t slot)
{
	uint32_t feed = g->heap[slot];

	for (;;) {
		uint32_t child = slot * 2 + 1;

		if (child >= g->heap_n)
			break;
		if (child + 1 < g->heap_n &&
		    heap_key(g, child + 1) < heap_key(g, child))
			child++;
		if (heap_key(g, child) >= g->feeds[feed].next)
			break;
		heap_put(g, slot, g->heap[child]);
		slot = child;
	}
	heap_put(g, slot, feed);
}

static void
heap_remove(struct engine *g, struct engine_feed *f)
{
	uint32_t slot = f->slot, last;

	if (slot == ENGINE_NO_SLOT)
		return;
	f->slot = ENGINE_NO_SLOT;
	if (slot == --g->heap_n)
		return;
	last = g->heap[g->heap_n];
	heap_put(g, slot, last);
	heap_up(g, slot);
	heap_down(g, g->feeds[last].slot);
}

void
engine_feed_schedule(struct engine *g, struct engine_feed *f, int64_t next)
{
	f->next = next;
	if (!f->active)
		return;
	if (f->slot == ENGINE_NO_SLOT) {
		heap_put(g, (uint32_t)g->heap_n++, (uint32_t)(f - g->feeds));
		heap_up(g, f->slot);
		return;
	}
	heap_up(g, f->slot);
	heap_down(g, f->slot);
}

/* --- from the configuration --- */

static int
feed_cmp(const void *a, const void *b)
{
	const struct engine_feed *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

struct engine_feed *
engine_feed_find(struct engine *g, int64_t id)
{
	struct engine_feed key = {.id = id};

	return bsearch(&key, g->feeds, g->nfeeds, sizeof(key), feed_cmp);
}

struct retire {
	struct engine *g;
	json_t *ids;
};

/* A feed of the store that the configuration no longer has. */
static int
retire_feed(void *ctx, const struct store_feed *f)
{
	struct retire *r = ctx;
	struct store_at at = engine_at(r->g, f->tenant);
	struct err e = ERR_INIT;

	if (!f->active || engine_feed_find(r->g, f->id) != NULL)
		return 0;
	engine_must(store_feed_retire(r->g->store, &at, f->id, &e), 0,
	    "cannot retire a feed", &e);
	json_array_append_new(r->ids, json_integer((json_int_t)f->id));
	log_info("feed", "no longer read: %s", f->url);
	return 0;
}

/* The numbers that the store gave to feeds: the entry has the numbers, the vault the
 * addresses, which can tell who a tenant is. */
static void
record_feeds(struct engine *g, json_t *fresh, json_t *retired, int64_t now)
{
	char *text, *rel;
	struct vault_ref ref;
	json_t *entry;

	if (json_array_size(fresh) + json_array_size(retired) == 0)
		return;
	entry = json_pack("{s:i, s:i}", "new", (int)json_array_size(fresh), "retired",
	    (int)json_array_size(retired));
	json_t *lists = json_pack("{s:O, s:O}", "new", fresh, "retired", retired);
	text = json_dumps(lists, JSON_COMPACT | JSON_SORT_KEYS);
	rel = xasprintf("evidence/feeds/%lld.json", (long long)g->seq);
	engine_record_keep(g, rel, text, strlen(text), &ref);
	engine_record_file(entry, &ref);
	engine_record(g, "feeds", entry, NULL, now);
	json_decref(lists);
	free(text);
	free(rel);
}

/* What is gathered while feeds are read. */
struct sync {
	struct engine *g;
	json_t *fresh;
	struct fetch_late *late; /* who should have been asked by now */
	size_t nlate;
	int64_t now;
};

static void
add_late(struct sync *s, const struct engine_feed *f, int64_t due, int64_t interval)
{
	if ((s->nlate & (s->nlate - 1)) == 0)
		s->late = xrealloc(
		    s->late, (s->nlate > 0 ? 2 * s->nlate : 1) * sizeof(*s->late));
	s->late[s->nlate++] =
	    (struct fetch_late){.feed = f->id, .due = due, .interval = interval};
}

/* When a feed that is in the store is due: as planned after its last poll, by the
 * configuration of now.  Returns its interval. */
static int64_t
next_of_row(struct sync *s, struct engine_feed *f, const struct store_feed *row)
{
	struct fetch_plan plan;

	if (row->polls == 0 || row->last_poll == CLOCK_NONE) {
		if (row->next_poll <= s->now)
			add_late(s, f, CLOCK_NONE, f->interval);
		else if (row->next_poll < s->now + f->interval)
			f->next = row->next_poll;
		return f->interval;
	}
	engine_plan(s->g, row, f, &plan);
	if (engine_plan_believed(s->g, &plan, s->now))
		f->next = plan.next; /* else as a new one */
	if (plan.next < s->now)
		add_late(s, f, plan.next, plan.interval);
	return plan.interval;
}

/* After a start, and after a reload with shorter intervals: not all at once. */
static void
spread_late(struct engine *g, struct fetch_late *v, size_t n, double pace, int64_t now)
{
	size_t kept = 0;

	/* Not those that fetch has in hand. */
	for (size_t i = 0; i < n; i++)
		if (engine_feed_find(g, v[i].feed)->slot != ENGINE_NO_SLOT)
			v[kept++] = v[i];
	fetch_spread(v, kept, pace, now);
	for (size_t i = 0; i < kept; i++) /* and nobody sooner than planned */
		engine_feed_schedule(g, engine_feed_find(g, v[i].feed),
		    v[i].next > v[i].due ? v[i].next : v[i].due);
}

static void
add_feed(struct sync *s, const struct conf_tenant *t, const struct conf_feed *cf)
{
	struct engine *g = s->g;
	struct engine_feed *f = &g->feeds[g->nfeeds];
	int64_t now = s->now, interval;
	struct store_at at = engine_at(g, t->key);
	struct store_feed row;
	struct err e = ERR_INIT;
	uint8_t d[DIGEST_LEN];
	uint64_t seed;
	bool fresh;

	memset(f, 0, sizeof(*f));
	f->tenant = t;
	f->conf = cf;
	f->fixed = cf->interval > 0;
	f->interval = f->fixed ? cf->interval : g->conf->fetch.interval;
	f->slot = ENGINE_NO_SLOT;
	f->active = true;
	digest_sha256(cf->url, strlen(cf->url), d);
	memcpy(&seed, d, sizeof(seed));
	f->next = fetch_first(now, f->interval, seed);
	engine_must(store_feed_sync(
			g->store, &at, t->key, cf->url, f->next, &f->id, &fresh, &e),
	    0, "cannot keep a feed", &e);
	interval = f->interval;
	if (fresh) {
		json_array_append_new(s->fresh,
		    json_pack("[I, s, s]", (json_int_t)f->id, t->key, cf->url));
	} else {
		engine_must(store_feed_get(g->store, f->id, &row, &e), 0,
		    "cannot read a feed", &e);
		interval = next_of_row(s, f, &row);
		store_feed_clear(&row);
	}
	g->pace += (double)CLOCK_SEC / (double)(interval > 0 ? interval : 1);
	g->nfeeds++;
}

void
engine_feed_sync(struct engine *g, int64_t now)
{
	struct retire r = {g, json_array()};
	struct sync s = {.g = g, .fresh = json_array(), .now = now};
	size_t total = 0;

	for (size_t i = 0; i < g->conf->ntenants; i++)
		total += g->conf->tenants[i].nfeeds;
	/* Requests in hand stay valid: they name feeds by the store's numbers. */
	g->feeds = xrealloc(g->feeds, (total + 1) * sizeof(*g->feeds));
	g->heap = xrealloc(g->heap, (total + 1) * sizeof(*g->heap));
	g->nfeeds = 0;
	g->heap_n = 0;
	g->pace = 0;
	for (size_t i = 0; i < g->conf->ntenants; i++)
		for (size_t k = 0; k < g->conf->tenants[i].nfeeds; k++)
			add_feed(
			    &s, &g->conf->tenants[i], &g->conf->tenants[i].feeds[k]);
	qsort(g->feeds, g->nfeeds, sizeof(*g->feeds), feed_cmp);
	for (size_t i = 0; i < g->nfeeds; i++)
		engine_feed_schedule(g, &g->feeds[i], g->feeds[i].next);
	for (size_t i = 0; i < g->npolls; i++) {
		struct engine_feed *f = engine_feed_find(g, g->polls[i].feed);

		if (f != NULL) {
			heap_remove(g, f);
			f->in_flight = true;
		}
	}
	spread_late(g, s.late, s.nlate, g->pace, now);
	free(s.late);
	engine_walk(store_feed_each(g->store, NULL, retire_feed, &r));
	record_feeds(g, s.fresh, r.ids, now);
	g->synced = now;
	json_decref(s.fresh);
	json_decref(r.ids);
	engine_stream_sync(g, now);
	engine_push_sync(g, now);
	xtrim();
}

static void
forget_trace(struct engine *g, uint32_t index)
{
	if (g->traces[index] >= 0)
		close(g->traces[index]);
	g->traces[index] = -1;
}

void
engine_feed_free(struct engine *g)
{
	free(g->feeds);
	free(g->heap);
	for (unsigned i = 0; i < g->nfetchers; i++)
		forget_trace(g, i);
	free(g->fetchers);
	free(g->traces);
}

/* --- requests in hand --- */

size_t
engine_poll_room(const struct engine *g)
{
	size_t max = (size_t)g->conf->fetch.max_connections *
		     ENGINE_POLLS_PER_CONNECTION * g->nfetchers;

	return g->npolls < max ? max - g->npolls : 0;
}

bool
engine_poll_has_violation(const struct engine *g, int64_t violation)
{
	for (size_t i = 0; i < g->npolls; i++)
		if (g->polls[i].violation == violation)
			return true;
	return false;
}

bool
engine_poll_take(struct engine *g, uint64_t id, struct engine_poll *out)
{
	for (size_t i = 0; i < g->npolls; i++)
		if (g->polls[i].id == id) {
			*out = g->polls[i];
			g->polls[i] = g->polls[--g->npolls];
			return true;
		}
	return false;
}

uint64_t
engine_host_hash(const char *url)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return hash_bytes(host, strcspn(host, "/?#"));
}

/* One host always goes to the same fetcher, which keeps its gaps and limits. */
uint32_t
engine_poll_fetcher(const struct engine *g, const char *url)
{
	return (uint32_t)(engine_host_hash(url) % g->nfetchers);
}

bool
engine_poll_send(struct engine *g, const struct engine_poll *p, struct msg *m)
{
	struct engine_poll q = *p;

	q.fetcher = engine_poll_fetcher(g, m->poll.url);
	if (!g->fetchers[q.fetcher])
		return false;
	q.id = ++g->next_poll_id;
	m->poll.id = q.id;
	if (g->npolls == g->polls_cap) {
		g->polls_cap = g->polls_cap ? g->polls_cap * 2 : 64;
		g->polls = xrealloc(g->polls, g->polls_cap * sizeof(*g->polls));
	}
	g->polls[g->npolls++] = q;
	engine_emit(g, ROLE_FETCH, q.fetcher, m);
	return true;
}

static bool
send_feed(struct engine *g, struct engine_feed *f, int64_t now)
{
	struct engine_poll p = {.feed = f->id, .since = now};
	struct store_feed row;
	struct err e = ERR_INIT;
	struct msg m;
	bool ok;

	engine_must(
	    store_feed_get(g->store, f->id, &row, &e), 0, "cannot read a feed", &e);
	msg_init(&m, MSG_POLL);
	m.poll.kind = POLL_FEED;
	m.poll.url = xstrdup(engine_moved_url(g, &row, now, &p.moved));
	m.poll.tenant = xstrdup(row.tenant);
	m.poll.etag = xstrdup(row.etag);
	m.poll.last_modified = xstrdup(row.last_modified);
	m.poll.body_hash = xstrdup(row.body_hash);
	store_feed_clear(&row);
	ok = engine_poll_send(g, &p, &m);
	msg_clear(&m);
	return ok;
}

/* At once; but the one that a fetcher died over, or where it does not say one of those
 * in its hands, may be what killed it, and must not keep it from all others by killing
 * it for ever. */
static int64_t
lost_again(struct engine_feed *f)
{
	char span[CLOCK_TEXT];
	int64_t wait;

	f->lost += f->lost < LOST_MAX;
	if (f->lost < 2)
		return 0;
	wait = CLOCK_SEC << (f->lost - 1);
	if (wait > CLOCK_DAY)
		wait = CLOCK_DAY;
	if (f->lost > 2)
		log_warn("feed",
		    "a fetch role has ended %u times in a row with a poll of feed %lld "
		    "of tenant %s in hand: asked again in %s",
		    f->lost, (long long)f->id, f->tenant->id, clock_span(wait, span));
	return wait;
}

/* A lost request is asked again; a recheck stays due in the store.  blamed: as far as
 * is known a fetcher may have died over it. */
static void
poll_lost(struct engine *g, struct engine_poll *p, bool blamed, int64_t now)
{
	struct engine_feed *f = p->feed != 0 ? engine_feed_find(g, p->feed) : NULL;

	if (f != NULL) {
		f->in_flight = false;
		engine_feed_schedule(g, f, now + (blamed ? lost_again(f) : 0));
	}
	if (p->list != 0)
		engine_list_lost(g, p, now);
	*p = g->polls[--g->npolls];
}

/* A request that fetch has had for so long was forgotten by it: without this the feed
 * would never be read again, and nobody would know. */
static void
drop_forgotten(struct engine *g, int64_t now)
{
	for (size_t i = 0; i < g->npolls;) {
		if (now - g->polls[i].since < POLL_FORGOTTEN) {
			i++;
			continue;
		}
		log_warn("feed", "fetch role %u gave no answer for a day: asked again",
		    g->polls[i].fetcher);
		poll_lost(g, &g->polls[i], true, now);
	}
}

/* Reading a hundred thousand feeds takes seconds.  What fell due meanwhile is spread
 * over twice as much time, instead of being asked at once. */
static void
spread_backlog(struct engine *g, int64_t now)
{
	int64_t since = g->synced;

	g->synced = CLOCK_NONE;
	if (since == CLOCK_NONE || since >= now)
		return;
	for (size_t i = 0; i < g->nfeeds; i++) {
		struct engine_feed *f = &g->feeds[i];

		if (f->slot != ENGINE_NO_SLOT && f->next >= since && f->next <= now)
			engine_feed_schedule(g, f, now + 2 * (f->next - since));
	}
}

int64_t
engine_feed_dispatch(struct engine *g, int64_t now)
{
	spread_backlog(g, now);
	drop_forgotten(g, now);
	while (g->heap_n > 0 && heap_key(g, 0) <= now && engine_poll_room(g) > 0) {
		struct engine_feed *f = &g->feeds[g->heap[0]];

		if (!send_feed(g, f, now)) {
			/* No fetcher is up: our own gap; its restart is a matter of
			 * seconds. */
			engine_feed_schedule(g, f, now + AGAIN);
			continue;
		}
		heap_remove(g, f);
		f->in_flight = true;
	}
	/* With no room left, the next answer makes room and calls the tick. */
	if (g->heap_n == 0 || engine_poll_room(g) == 0)
		return CLOCK_NONE;
	return heap_key(g, 0);
}

/* What fell due while nobody was there who could fetch it, and what was in hand when he
 * died, comes as after a start. */
void
engine_fetch_up(struct engine *g, uint32_t index, int64_t now)
{
	struct sync s = {.g = g, .now = now};

	g->fetchers[index] = true;
	for (size_t i = 0; i < g->nfeeds; i++) {
		const struct engine_feed *f = &g->feeds[i];

		if (f->slot != ENGINE_NO_SLOT && f->next <= now + AGAIN &&
		    engine_poll_fetcher(g, f->conf->url) == index)
			add_late(&s, f, f->next, f->interval);
	}
	/* The others may be coming up just now, too. */
	spread_late(g, s.late, s.nlate, g->pace / g->nfetchers, now);
	free(s.late);
}

void
engine_fetch_trace(struct engine *g, struct msg *m, int64_t now)
{
	(void)now;
	if (m->from_index >= g->nfetchers)
		return;
	forget_trace(g, m->from_index);
	g->traces[m->from_index] = m->fd;
	m->fd = -1;
}

/* The request whose answer this fetcher was reading when it ended; 0: it was in none.
 */
static uint64_t
was_reading(const struct engine *g, uint32_t index)
{
	struct trace_seen seen;

	if (!trace_peek(g->traces[index], &seen) || seen.what != TRACE_READ)
		return 0;
	for (size_t i = 0; i < g->npolls; i++)
		if (g->polls[i].id == seen.revision && g->polls[i].fetcher == index)
			return seen.revision;
	return 0;
}

/* An errand or a look that a fetcher died over has had an answer, and one that would be
 * no better next time: so many attempts, and then it is given up. */
static bool
answered_by_death(struct engine *g, const struct engine_poll *p, int64_t now)
{
	struct msg m;

	if (p->errand == 0 && p->violation == 0)
		return false;
	log_warn("feed", "a fetch role has ended over what came for %s %lld",
	    p->errand != 0 ? "errand" : "violation",
	    (long long)(p->errand != 0 ? p->errand : p->violation));
	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.from_index = p->fetcher;
	m.polled.id = p->id;
	m.polled.outcome = POLLED_HTTP_ERROR;
	m.polled.time = now;
	m.polled.why = xstrdup("the fetch role ended over what came");
	engine_polled(g, &m, now);
	msg_clear(&m);
	return true;
}

void
engine_fetch_down(struct engine *g, uint32_t index, int64_t now)
{
	uint64_t over;

	if (index >= g->nfetchers)
		return;
	g->fetchers[index] = false;
	engine_stream_fetch_down(g, index, now);
	over = was_reading(g, index);
	forget_trace(g, index);
	for (size_t i = 0; i < g->npolls;) {
		struct engine_poll *p = &g->polls[i];

		if (p->fetcher != index)
			i++;
		else if (p->id != over || !answered_by_death(g, p, now))
			poll_lost(g, p, over == 0 || p->id == over, now);
	}
}
