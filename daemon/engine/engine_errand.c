/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_errand: requests beside the polls: older pages, texts, pages of missing posts,
 * second looks.  A row is due until its answer is in the same commit as what it
 * brought, so a crash at any moment asks again and loses nothing.  Polls come first:
 * errands take a share of the requests in hand and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

/* One request in so many may be an errand. */
#define SHARE 4
#define ERRANDS_AT_ONCE 32
#define AGAIN CLOCK_SEC /* while nobody can fetch it */
#define RETRY_START CLOCK_MIN
#define RETRY_MAX (6 * CLOCK_HOUR)
#define DROPPED (-1) /* no errand has this number */

static const struct {
	errand_ask *ask;
	errand_answer *answer;
} kinds[ERRAND_COUNT] = {
    [ERRAND_OLDER] = {engine_older_ask, engine_older_answer},
    [ERRAND_FILL] = {engine_fill_ask, engine_fill_answer},
    [ERRAND_MORE] = {engine_more_ask, engine_more_answer},
    [ERRAND_PAGE] = {engine_pointer_ask, engine_pointer_answer},
    [ERRAND_CONFIRM] = {engine_confirm_ask, engine_confirm_answer},
    [ERRAND_AGAIN] = {engine_again_ask, engine_again_answer},
    [ERRAND_SECOND] = {engine_compare_ask, engine_compare_answer},
    [ERRAND_MEDIA] = {engine_media_ask, engine_media_answer},
};

/* --- rows --- */

void
engine_errand_new(struct store_errand *x, const struct store_feed *feed,
    enum store_errand_kind kind, const char *name)
{
	store_errand_init(x);
	x->feed = feed->id;
	memcpy(x->tenant, feed->tenant, sizeof(x->tenant));
	x->kind = (uint8_t)kind;
	x->name = xstrdup(name != NULL ? name : "");
}

bool
engine_errand_add(struct engine *g, struct store_errand *x)
{
	struct store_at at = engine_at(g, x->tenant);
	struct err e = ERR_INIT;

	return engine_must(store_errand_add(g->store, &at, x, &e), TOSD_EEXIST,
		   "cannot keep an errand", &e) == 0;
}

void
engine_errand_put(struct engine *g, const struct store_errand *x)
{
	struct store_at at = engine_at(g, x->tenant);
	struct err e = ERR_INIT;

	engine_must(
	    store_errand_update(g->store, &at, x, &e), 0, "cannot keep an errand", &e);
}

void
engine_errand_drop(struct engine *g, const struct store_errand *x)
{
	struct store_at at = engine_at(g, x->tenant);
	struct err e = ERR_INIT;

	engine_must(store_errand_drop(g->store, &at, x->id, &e), 0,
	    "cannot drop an errand", &e);
	/* The next one may get its number: what is still in hand is not its answer. */
	for (size_t i = 0; i < g->npolls; i++)
		if (g->polls[i].errand == x->id)
			g->polls[i].errand = DROPPED;
}

bool
engine_errand_retry(struct engine *g, struct store_errand *x,
    const struct msg_polled *p, unsigned attempts, int64_t now)
{
	int64_t wait = RETRY_START;

	/* Our own trouble is no attempt. */
	if (p->outcome != POLLED_OWN_FAULT && ++x->attempts >= attempts)
		return false;
	for (uint32_t i = 1; i < x->attempts && wait < RETRY_MAX; i++)
		wait *= 2;
	if (p->retry_after > wait)
		wait = p->retry_after;
	x->due = now + (wait < RETRY_MAX ? wait : RETRY_MAX);
	engine_errand_put(g, x);
	return true;
}

/* --- shares --- */

static bool
is_of(const struct engine_poll *p, bool looks)
{
	return (looks ? p->violation : p->errand) != 0;
}

bool
engine_share_is_full(
    const struct engine *g, const char *tenant, bool looks, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < g->npolls; i++)
		n += is_of(&g->polls[i], looks) &&
		     strcmp(g->polls[i].tenant, tenant) == 0;
	return n >= (most > 1 ? most / 2 : 1);
}

void
engine_share_full(const struct engine *g, bool looks, size_t most, const char *full[2])
{
	size_t n = 0;

	full[0] = full[1] = "";
	for (size_t i = 0; i < g->npolls && n < 2; i++) {
		const struct engine_poll *p = &g->polls[i];

		if (is_of(p, looks) && strcmp(p->tenant, full[0]) != 0 &&
		    engine_share_is_full(g, p->tenant, looks, most))
			full[n++] = p->tenant;
	}
}

/* --- asking --- */

static size_t
in_hand(const struct engine *g, int64_t errand)
{
	size_t n = 0;

	for (size_t i = 0; i < g->npolls; i++)
		n += errand != 0 ? g->polls[i].errand == errand
				 : g->polls[i].errand != 0;
	return n;
}

static size_t
most(const struct engine *g)
{
	return (engine_poll_room(g) + g->npolls) / SHARE + 1;
}

static size_t
room(const struct engine *g)
{
	size_t all = engine_poll_room(g), n = in_hand(g, 0), max = most(g);

	if (n >= max)
		return 0;
	return max - n < all ? max - n : all;
}

struct due {
	const struct engine *g;
	int64_t ids[ERRANDS_AT_ONCE];
	size_t n;
};

static int
collect(void *ctx, const struct store_errand *x)
{
	struct due *d = ctx;

	if (in_hand(d->g, x->id) == 0)
		d->ids[d->n++] = x->id;
	return d->n == ERRANDS_AT_ONCE;
}

static void
ask(struct engine *g, struct store_errand *x, int64_t now)
{
	struct engine_poll p = {.errand = x->id, .since = now};
	struct store_feed feed;
	struct err e = ERR_INIT;
	struct msg m;
	int64_t later;
	const char *url;

	engine_must(
	    store_feed_get(g->store, x->feed, &feed, &e), 0, "cannot read a feed", &e);
	url = x->url != NULL ? x->url : engine_moved_url(g, &feed, now, &p.moved);
	memcpy(p.tenant, x->tenant, sizeof(p.tenant));
	msg_init(&m, MSG_POLL);
	m.poll.kind = POLL_FEED;
	if (!feed.active)
		later = now + CLOCK_DAY; /* the configuration may have it again */
	else if (feed.failures > 0 && feed.next_poll > now)
		later = feed.next_poll; /* whoever is in trouble is left alone */
	else if (!g->fetchers[engine_poll_fetcher(g, url)])
		later = now + AGAIN; /* others may be there, for others */
	else
		later = kinds[x->kind].ask(g, x, &feed, &m, now);
	if (later != CLOCK_NONE) {
		/* An item waits for its media no longer than was promised. */
		if (x->kind == ERRAND_MEDIA && later > x->until)
			later = x->until;
		x->due = later;
		engine_errand_put(g, x);
	} else {
		m.poll.url = xstrdup(url);
		m.poll.tenant = xstrdup(x->tenant);
		engine_poll_send(g, &p, &m);
	}
	msg_clear(&m);
	store_feed_clear(&feed);
}

int64_t
engine_errand_dispatch(struct engine *g, int64_t now)
{
	int64_t next = store_errand_next(g->store);
	struct due d = {.g = g};
	size_t n, used = 0;
	const char *full[2];

	if (next == CLOCK_NONE || next > now)
		return next;
	engine_share_full(g, false, most(g), full);
	engine_walk(store_errand_each_due(
	    g->store, now, full, ERRANDS_AT_ONCE + in_hand(g, 0), collect, &d));
	n = room(g);
	for (size_t i = 0; i < d.n; i++) {
		struct store_errand x;
		struct err e = ERR_INIT;
		bool over;

		engine_must(store_errand_get(g->store, d.ids[i], &x, &e), 0,
		    "cannot read an errand", &e);
		over = x.kind == ERRAND_MEDIA && engine_media_over(g, &x, now);
		if (!over && used < n && x.kind < ERRAND_COUNT &&
		    !engine_share_is_full(g, x.tenant, false, most(g))) {
			ask(g, &x, now);
			used++;
		}
		store_errand_clear(&x);
	}
	/* What is in hand stays due; look again when it can have been answered. */
	return now + CLOCK_SEC;
}

void
engine_errand_answered(struct engine *g, int64_t id, struct msg *m, int64_t now)
{
	struct store_errand x;
	struct store_feed feed;
	struct err e = ERR_INIT;

	/* What it was for may have been settled meanwhile. */
	if (engine_must(store_errand_get(g->store, id, &x, &e), TOSD_ENOENT,
		"cannot read an errand", &e) != 0)
		return;
	engine_must(
	    store_feed_get(g->store, x.feed, &feed, &e), 0, "cannot read a feed", &e);
	if (x.kind < ERRAND_COUNT)
		kinds[x.kind].answer(g, &x, &feed, m, now);
	store_feed_clear(&feed);
	store_errand_clear(&x);
}
