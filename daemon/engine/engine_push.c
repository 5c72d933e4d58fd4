/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_push: WebSub.  A feed that names a hub is subscribed to there; while the hub
 * is trusted the feed is polled rarely.  A hub is somebody else's promise, so every
 * poll tests it: an item that the poll found and the hub did not bring within
 * push_grace makes it faulty, and the feed is polled as before until a new lease
 * begins.
 *
 * What a state means stands in fetch/subscription.c; here it is kept and carried out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "fetch/subscription.h"

#define PATH_BYTES 16 /* of the callback's path: nobody guesses it */
#define SECRET_BYTES \
	32	      /* its hexadecimal form is below the 200 bytes of the standard */
#define MISSED_MAX 64 /* items that are waited for; one would do to lose the trust */
#define HUB_FETCHER 0 /* the fetch role that listens */

/* --- the row --- */

static void
put(struct engine *g, struct store_subscription *r)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	engine_must(store_subscription_put(g->store, &at, r, &e), 0,
	    "cannot keep a subscription", &e);
}

static void
record(struct engine *g, const struct store_subscription *r, const char *state,
    int64_t now)
{
	engine_record(g, "push",
	    json_pack("{s:s, s:I, s:s}", "tenant", r->tenant, "feed",
		(json_int_t)r->feed, "state", state),
	    NULL, now);
}

static void
send(struct engine *g, const struct store_subscription *r, enum subscribe_what what)
{
	struct msg m;

	if (!g->fetchers[HUB_FETCHER])
		return; /* engine_push_fetch_up() and the next try make up for it */
	msg_init(&m, MSG_SUBSCRIBE);
	m.subscribe.feed = (uint64_t)r->feed;
	m.subscribe.what = what;
	m.subscribe.tenant = xstrdup(r->tenant);
	m.subscribe.hub = xstrdup(r->hub);
	m.subscribe.topic = xstrdup(r->topic);
	m.subscribe.path = xstrdup(r->path);
	m.subscribe.secret = xstrdup(r->secret);
	m.subscribe.lease = g->conf->fetch.push_lease;
	engine_emit(g, ROLE_FETCH, HUB_FETCHER, &m);
}

/* Lets the event happen to the row, does what comes of it; the caller keeps it. */
static void
step(struct engine *g, struct store_subscription *r, enum subscription_event ev,
    int64_t lease, int64_t now)
{
	struct subscription s = {.state = (enum subscription_state)r->state,
	    .since = r->since,
	    .until = r->until,
	    .due = r->due,
	    .failures = r->failures};
	enum subscription_act act = subscription_step(&s, ev, lease, now);

	if (s.state != (enum subscription_state)r->state) {
		record(g, r, subscription_name(s.state), now);
		log_info("push", "feed %lld: %s -> %s%s%s", (long long)r->feed,
		    subscription_name((enum subscription_state)r->state),
		    subscription_name(s.state), r->why != NULL ? ": " : "",
		    r->why != NULL ? r->why : "");
	}
	r->state = (int32_t)s.state;
	r->since = s.since;
	r->until = s.until;
	r->due = s.due;
	r->failures = s.failures;
	if (act == SUBSCRIPTION_ASK)
		send(g, r, SUBSCRIBE_ASK);
	else if (act == SUBSCRIPTION_END)
		send(g, r, SUBSCRIBE_END);
}

static char *
random_hex(size_t n)
{
	uint8_t bytes[SECRET_BYTES];
	char *text = xmalloc(2 * n + 1);

	id_random(bytes, n);
	digest_hex(bytes, n, text);
	explicit_bzero(bytes, sizeof(bytes));
	return text;
}

/* A new callback and a new secret, for a hub that knows neither. */
static void
renew_keys(struct store_subscription *r, const char *hub, const char *topic)
{
	free(r->hub);
	free(r->topic);
	free(r->path);
	free(r->secret);
	r->hub = xstrdup(hub);
	r->topic = xstrdup(topic);
	r->path = random_hex(PATH_BYTES);
	r->secret = random_hex(SECRET_BYTES);
	r->state = SUBSCRIPTION_NONE;
	r->until = r->due = r->baseline = r->missed_since = r->last_push = CLOCK_NONE;
	r->failures = 0;
	free(r->missed);
	r->missed = NULL;
}

static bool
get(struct engine *g, int64_t feed, struct store_subscription *r)
{
	struct err e = ERR_INIT;

	return engine_must(store_subscription_get(g->store, feed, r, &e), TOSD_ENOENT,
		   "cannot read a subscription", &e) == 0;
}

/* --- wanted or not --- */

static void
want(struct engine *g, const struct store_feed *f, const char *hub, const char *topic,
    int64_t now)
{
	struct store_subscription r;

	if (!get(g, f->id, &r)) {
		r = (struct store_subscription){.feed = f->id, .since = now};
		memcpy(r.tenant, f->tenant, sizeof(r.tenant));
		renew_keys(&r, hub, topic);
	} else if (strcmp(r.hub, hub) != 0 || strcmp(r.topic, topic) != 0) {
		step(g, &r, SUBSCRIPTION_UNWANTED, 0, now);
		renew_keys(&r, hub, topic);
	} else if (r.state == SUBSCRIPTION_ENDING || r.state == SUBSCRIPTION_ENDED) {
		renew_keys(&r, hub, topic);
	}
	step(g, &r, SUBSCRIPTION_WANTED, 0, now);
	put(g, &r);
	store_subscription_clear(&r);
}

struct turn {
	struct engine *g;
	int64_t now;
};

/* The callback's row, without its strings, is borrowed: a copy to change. */
static bool
again(
    struct turn *t, const struct store_subscription *row, struct store_subscription *r)
{
	return get(t->g, row->feed, r);
}

static int
end_unwanted(void *ctx, const struct store_subscription *row)
{
	struct turn *t = ctx;
	struct store_subscription r;
	bool wanted = t->g->conf->fetch.push_listen != NULL &&
		      engine_feed_find(t->g, row->feed) != NULL;

	if (wanted || row->state == SUBSCRIPTION_ENDING ||
	    row->state == SUBSCRIPTION_ENDED || !again(t, row, &r))
		return 0;
	step(t->g, &r, SUBSCRIPTION_UNWANTED, 0, t->now);
	put(t->g, &r);
	store_subscription_clear(&r);
	return 0;
}

void
engine_push_sync(struct engine *g, int64_t now)
{
	struct turn t = {g, now};

	engine_walk(store_subscription_each(g->store, INT64_MAX, end_unwanted, &t));
}

/* --- the fetch role --- */

static int
tell(void *ctx, const struct store_subscription *row)
{
	struct turn *t = ctx;

	if (row->state != SUBSCRIPTION_NONE && row->state != SUBSCRIPTION_ENDED)
		send(t->g, row,
		    row->state == SUBSCRIPTION_ENDING ? SUBSCRIBE_END : SUBSCRIBE_KNOW);
	return 0;
}

void
engine_push_fetch_up(struct engine *g, uint32_t index, int64_t now)
{
	struct turn t = {g, now};

	if (index == HUB_FETCHER)
		engine_walk(store_subscription_each(g->store, INT64_MAX, tell, &t));
}

/* --- missed or not --- */

/* Takes the number out of the list; true if it was there. */
static bool
strike(char *list, int64_t id)
{
	char number[24], *at = list;
	size_t n = (size_t)snprintf(number, sizeof(number), "%lld", (long long)id);

	while (at != NULL && (at = strstr(at, number)) != NULL) {
		bool begins = at == list || at[-1] == ' ';

		if (begins && (at[n] == ' ' || at[n] == '\0')) {
			n += at[n] == ' ';
			memmove(at, at + n, strlen(at + n) + 1);
			return true;
		}
		at += n;
	}
	return false;
}

static void
miss(struct store_subscription *r, int64_t id, int64_t now, int64_t grace)
{
	char *list = r->missed;
	size_t n = 1;

	for (const char *p = list; p != NULL && (p = strchr(p, ' ')) != NULL; p++)
		n++;
	if (n > MISSED_MAX)
		return;
	r->missed = xasprintf("%s%s%lld", list != NULL ? list : "",
	    list != NULL && list[0] != '\0' ? " " : "", (long long)id);
	free(list);
	if (r->missed_since != CLOCK_NONE)
		return;
	r->missed_since = now;
	if (r->due == CLOCK_NONE || r->due > now + grace)
		r->due = now + grace;
}

/* The item's number if the feed showed it first at that time; 0: it is older. */
static int64_t
first_seen_at(struct engine *g, int64_t feed, const struct item *it, int64_t time)
{
	struct store_item row;
	struct err e = ERR_INIT;
	int64_t id;

	if (engine_must(store_item_find(g->store, feed, it->id, &row, &e), TOSD_ENOENT,
		"cannot look for an item", &e) != 0)
		return 0; /* one id for several items: not compared */
	id = row.first_seen == time ? row.id : 0;
	store_item_clear(&row);
	return id;
}

static void
compare(struct engine *g, struct store_subscription *r, const struct engine_poll *poll,
    const struct msg_polled *p, int64_t now)
{
	int64_t id;

	if (r->state != SUBSCRIPTION_ACTIVE)
		return;
	if (r->baseline == CLOCK_NONE) {
		/* What was there before the hub began is not its to bring. */
		if (poll->since >= r->since)
			r->baseline = p->time;
		return;
	}
	for (uint32_t i = 0; i < p->nitems && p->outcome == POLLED_OK; i++) {
		id = first_seen_at(g, r->feed, &p->items[i], p->time);
		if (id != 0)
			miss(r, id, now, g->conf->fetch.push_grace);
	}
}

static void
rarely(struct engine *g, struct store_feed *f, const struct store_subscription *r,
    int64_t now)
{
	struct subscription s = {
	    .state = (enum subscription_state)r->state, .until = r->until};
	int64_t next = f->last_poll + g->conf->fetch.push_interval;

	if (!subscription_trusted(&s, now) || r->baseline == CLOCK_NONE ||
	    r->missed_since != CLOCK_NONE)
		return;
	if (f->next_poll < next)
		f->next_poll = next;
}

void
engine_push_polled(struct engine *g, struct store_feed *f,
    const struct engine_poll *poll, const struct msg_polled *p, int64_t now)
{
	struct store_subscription r;

	if (g->conf->fetch.push_listen == NULL ||
	    (p->outcome != POLLED_OK && p->outcome != POLLED_UNCHANGED))
		return;
	if (p->hub != NULL && p->self_url != NULL)
		want(g, f, p->hub, p->self_url, now);
	if (!get(g, f->id, &r))
		return;
	if (p->outcome == POLLED_OK && !p->truncated && p->hub == NULL) {
		free(r.why);
		r.why = xstrdup("the feed names no hub any more");
		step(g, &r, SUBSCRIPTION_UNWANTED, 0, now);
	}
	compare(g, &r, poll, p, now);
	rarely(g, f, &r, now);
	put(g, &r);
	store_subscription_clear(&r);
}

/* The grace is over and something is still missing. */
static void
lose_trust(struct engine *g, struct store_subscription *r, int64_t now)
{
	struct engine_feed *f = engine_feed_find(g, r->feed);
	char *missed = r->missed;

	r->missed = NULL;
	r->missed_since = CLOCK_NONE;
	if (missed == NULL || missed[0] == '\0') {
		free(missed);
		return;
	}
	log_warn("push",
	    "feed %lld: its hub did not bring what a poll found (items %s): it is "
	    "polled as before until the next lease",
	    (long long)r->feed, missed);
	free(r->why);
	r->why = xasprintf("missed items %s", missed);
	free(missed);
	step(g, r, SUBSCRIPTION_MISSED, 0, now);
	if (f != NULL && !f->in_flight && f->next > now + f->interval)
		engine_feed_schedule(g, f, now + f->interval);
}

static int
do_due(void *ctx, const struct store_subscription *row)
{
	struct turn *t = ctx;
	struct store_subscription r;
	int64_t grace = t->g->conf->fetch.push_grace, renewal;

	if (!again(t, row, &r))
		return 0;
	renewal = r.since + (r.until - r.since) / 10 * 8;
	if (r.state != SUBSCRIPTION_ACTIVE) {
		free(r.missed);
		r.missed = NULL;
		r.missed_since = CLOCK_NONE;
	}
	if (r.missed_since != CLOCK_NONE && r.missed_since + grace <= t->now) {
		lose_trust(t->g, &r, t->now);
		/* miss() had drawn the time of the renewal near. */
		r.due = renewal > t->now ? renewal : t->now;
	} else {
		step(t->g, &r, SUBSCRIPTION_DUE, 0, t->now);
		if (r.missed_since != CLOCK_NONE && r.due > r.missed_since + grace)
			r.due = r.missed_since + grace;
	}
	put(t->g, &r);
	store_subscription_clear(&r);
	return 0;
}

int64_t
engine_push_dispatch(struct engine *g, int64_t now)
{
	struct turn t = {g, now};
	int64_t due;

	if (g->conf->fetch.push_listen == NULL || !g->fetchers[HUB_FETCHER])
		return CLOCK_NONE;
	due = store_subscription_due(g->store);
	if (due != CLOCK_NONE && due <= now) {
		engine_walk(store_subscription_each(g->store, now, do_due, &t));
		due = store_subscription_due(g->store);
	}
	return due;
}

/* --- what the hub does --- */

static void
take_data(struct engine *g, struct store_subscription *r, struct msg *m, int64_t now)
{
	struct engine_feed *f = engine_feed_find(g, r->feed);
	struct msg_pushed *p = &m->pushed;
	struct store_item item;
	struct store_feed feed;
	struct err e = ERR_INIT;

	engine_must(
	    store_feed_get(g->store, r->feed, &feed, &e), 0, "cannot read a feed", &e);
	engine_pushed_take(g, &feed, m, now);
	store_feed_clear(&feed);
	if (p->nitems + p->ngone == 0 && f != NULL && !f->in_flight)
		engine_feed_schedule(g, f, now); /* a light ping: it says to look */
	r->last_push = p->time;
	r->pushes++;
	for (uint32_t i = 0; i < p->nitems && r->missed != NULL; i++) {
		if (engine_must(
			store_item_find(g->store, r->feed, p->items[i].id, &item, &e),
			TOSD_ENOENT, "cannot look for an item", &e) != 0)
			continue;
		strike(r->missed, item.id); /* late, but it came */
		store_item_clear(&item);
	}
}

static void
take_verified(
    struct engine *g, struct store_subscription *r, int64_t lease, int64_t now)
{
	struct engine_feed *f = engine_feed_find(g, r->feed);
	bool renewed = r->state == SUBSCRIPTION_ACTIVE;

	free(r->why);
	r->why = NULL;
	step(g, r, SUBSCRIPTION_VERIFIED, lease, now);
	if (renewed) {
		r->since = now; /* of the lease; the baseline stays */
		return;
	}
	r->baseline = CLOCK_NONE;
	if (f != NULL && !f->in_flight)
		engine_feed_schedule(g, f, now);
}

/* The hub's answer waits for what it brought to be on disk. */
static void
say_taken(struct engine *g, uint32_t fetcher, uint32_t token)
{
	struct msg m;

	if (token == 0)
		return;
	msg_init(&m, MSG_TAKEN);
	m.seq = token;
	engine_emit(g, ROLE_FETCH, fetcher, &m);
}

void
engine_push_pushed(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_pushed *p = &m->pushed;
	struct store_subscription r;
	struct err e = ERR_INIT;

	say_taken(g, m->from_index, p->token);
	if (m->from_index != HUB_FETCHER ||
	    engine_must(store_subscription_find(g->store, p->path, &r, &e), TOSD_ENOENT,
		"cannot read a subscription", &e) != 0)
		return; /* of a callback that is no longer ours */
	if (p->why != NULL) {
		free(r.why);
		r.why = xstrdup(p->why);
	}
	switch ((enum pushed_state)p->state) {
	case PUSHED_DATA:
		take_data(g, &r, m, now);
		break;
	case PUSHED_VERIFIED:
		take_verified(g, &r, p->lease, now);
		break;
	case PUSHED_ENDED:
		step(g, &r, SUBSCRIPTION_UNDONE, 0, now);
		break;
	case PUSHED_DENIED:
		step(g, &r, SUBSCRIPTION_REFUSED, 0, now);
		break;
	case PUSHED_FAILED:
		step(g, &r, SUBSCRIPTION_FAILED, 0, now);
		break;
	default:
		break;
	}
	put(g, &r);
	store_subscription_clear(&r);
}

char *
engine_push_text(struct engine *g, int64_t feed)
{
	struct store_subscription r;
	struct err e = ERR_INIT;
	char t[CLOCK_TEXT], *text;

	if (store_subscription_get(g->store, feed, &r, &e) != 0)
		return NULL;
	text = xasprintf("push %s since %s%s%s",
	    subscription_name((enum subscription_state)r.state),
	    clock_format(r.since, t), r.why != NULL ? ": " : "",
	    r.why != NULL ? r.why : "");
	store_subscription_clear(&r);
	return text;
}
