/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_recheck: whether cited content is still there.  The item's own page is
 * asked; an answer that tells nothing is recorded as such and never counts as
 * removal.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

/* Looks that are dispatched in one turn; and of all requests in hand one in so many may
 * be a look: those who are cited often must not keep the feeds of others from being
 * read by a host that takes its time. */
#define LOOKS_AT_ONCE 32
#define SHARE 4
/* Something that is gone is looked at so much more rarely: it may come back. */
#define GONE_FACTOR 4
/* A post without a page is known by its feed for so many times the usual pace. */
#define NO_PAGE_LOOKS 2

static const char *const presence_names[] = {
    [PRESENT_ONLINE] = "online",
    [PRESENT_REMOVED] = "removed",
    [PRESENT_EDITED] = "edited",
    [PRESENT_UNKNOWN] = "unknown",
};

/* --- what a look found --- */

static void
record_look(struct engine *g, struct store_violation *v, enum store_presence p,
    int64_t when, const struct vault_ref *capture, const char *how, int64_t now)
{
	struct store_at at = engine_at(g, v->tenant);
	struct store_case c;
	struct err e = ERR_INIT;
	json_t *o = json_pack("{s:I, s:I, s:i, s:s, s:s, s:s, s:I}", "violation",
	    (json_int_t)v->id, "item", (json_int_t)v->item, "exhibit", (int)v->exhibit,
	    "presence", presence_names[p], "before", presence_names[v->presence], "how",
	    how, "time", (json_int_t)when);

	if (capture != NULL)
		engine_record_file(o, capture);
	engine_must(
	    store_case_get(g->store, v->case_id, &c, &e), 0, "cannot read a case", &e);
	engine_record(g, "recheck", o, &c, now);
	engine_must(
	    store_case_update(g->store, &at, &c, &e), 0, "cannot keep a case", &e);
}

static void
set_presence(struct engine *g, struct store_violation *v, enum store_presence p,
    int64_t when, const struct vault_ref *capture, const char *how, int64_t now)
{
	struct store_at at = engine_at(g, v->tenant);
	struct err e = ERR_INIT;

	if (p != v->presence) {
		record_look(g, v, p, when, capture, how, now);
		v->since = when;
		if (p == PRESENT_ONLINE)
			v->ended = CLOCK_NONE; /* it is back */
		else if (p != PRESENT_UNKNOWN && v->ended == CLOCK_NONE)
			v->ended = when;
		v->presence = p;
	}
	if (p == PRESENT_ONLINE)
		v->last_online = when;
	engine_must(store_violation_update(g->store, &at, v, &e), 0,
	    "cannot keep a violation", &e);
}

void
engine_presence_set(struct engine *g, struct store_violation *v, enum store_presence p,
    int64_t when, const struct vault_ref *capture, int64_t now)
{
	set_presence(g, v, p, when, capture, "feed", now);
}

/* --- asking --- */

struct due {
	const struct engine *g;
	int64_t ids[LOOKS_AT_ONCE];
	size_t n;
};

static int
collect_due(void *ctx, const struct store_violation *v)
{
	struct due *d = ctx;

	/* What a slow host has in hand must not keep others from their turn. */
	if (engine_poll_has_violation(d->g, v->id))
		return 0;
	/* Nor those of a fetcher that is away others from theirs. */
	if (v->url != NULL && !d->g->fetchers[engine_poll_fetcher(d->g, v->url)])
		return 0;
	d->ids[d->n++] = v->id;
	return d->n == LOOKS_AT_ONCE;
}

/* When to look next: at the usual pace, and once more shortly before a deadline,
 * so that no step is taken on an old look. */
static int64_t
next_look(struct engine *g, const struct store_violation *v, int64_t now)
{
	int64_t pace = g->conf->ladder.recheck, next, last;
	struct store_case c;
	struct err e = ERR_INIT;

	engine_must(
	    store_case_get(g->store, v->case_id, &c, &e), 0, "cannot read a case", &e);
	if (c.closed != CLOCK_NONE)
		return CLOCK_NONE;
	if (v->presence == PRESENT_REMOVED || v->presence == PRESENT_EDITED)
		pace *= GONE_FACTOR;
	next = now + pace;
	if (c.phase != CASE_RUNNING || c.deadline == CLOCK_NONE)
		return next;
	last = c.deadline - (pace < CLOCK_MIN ? pace : CLOCK_MIN);
	return last > now && last < next ? last : next;
}

static void
look_failed(struct engine *g, struct store_violation *v, const char *why, int64_t now)
{
	struct store_at at = engine_at(g, v->tenant);
	struct err e = ERR_INIT;

	v->misses++;
	v->last_check = now;
	v->next_check = next_look(g, v, now);
	if (v->presence == PRESENT_ONLINE)
		set_presence(g, v, PRESENT_UNKNOWN, now, NULL, why, now);
	else
		engine_must(store_violation_update(g->store, &at, v, &e), 0,
		    "cannot keep a violation", &e);
}

/* A post without a page is looked at by the polls of its feed alone. */
static void
seen_in_feed(struct engine *g, struct store_violation *v, int64_t now)
{
	struct store_at at = engine_at(g, v->tenant);
	struct err e = ERR_INIT;

	v->checks++;
	v->last_check = now;
	v->next_check = next_look(g, v, now);
	engine_must(store_violation_update(g->store, &at, v, &e), 0,
	    "cannot keep a violation", &e);
}

/* Known by its feed alone. */
static void
look_in_feed(struct engine *g, struct store_violation *v, const char *why, int64_t now)
{
	if (now - v->last_online <= NO_PAGE_LOOKS * g->conf->ladder.recheck)
		seen_in_feed(g, v, now);
	else
		look_failed(g, v, why, now);
}

static bool
has_flag(struct engine *g, const struct store_violation *v, uint32_t flag)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	bool has;

	engine_must(store_revision_get(g->store, v->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	has = (r.body.flags & flag) != 0;
	store_revision_clear(&r);
	return has;
}

static size_t
most(const struct engine *g)
{
	size_t max = (engine_poll_room(g) + g->npolls) / SHARE;

	return max > 0 ? max : 1;
}

static void
look_at(struct engine *g, int64_t id, int64_t now)
{
	struct engine_poll p = {.violation = id, .since = now};
	struct store_violation v;
	struct err e = ERR_INIT;
	struct msg m;

	if (engine_poll_has_violation(g, id))
		return;
	engine_must(store_violation_get(g->store, id, &v, &e), 0,
	    "cannot read a violation", &e);
	if (v.url == NULL) {
		look_in_feed(g, &v, "the item has no page of its own", now);
		store_violation_clear(&v);
		return;
	}
	if (engine_share_is_full(g, v.tenant, true, most(g))) {
		store_violation_clear(&v);
		return;
	}
	memcpy(p.tenant, v.tenant, sizeof(p.tenant));
	msg_init(&m, MSG_POLL);
	m.poll.kind = POLL_PAGE;
	m.poll.url = xstrdup(v.url);
	m.poll.tenant = xstrdup(v.tenant);
	/* What is shown to others alone is looked at as one of them. */
	m.poll.second = has_flag(g, &v, ITEM_CLOAKED);
	engine_poll_send(g, &p, &m);
	msg_clear(&m);
	store_violation_clear(&v);
}

static size_t
room(const struct engine *g)
{
	size_t all = engine_poll_room(g), max = most(g), n = 0;

	for (size_t i = 0; i < g->npolls; i++)
		n += g->polls[i].violation != 0;
	if (n >= max)
		return 0;
	return max - n < all ? max - n : all;
}

int64_t
engine_recheck_dispatch(struct engine *g, int64_t now)
{
	struct due d = {.g = g};
	const char *full[2];
	int64_t next = store_violation_next_check(g->store);

	if (next == CLOCK_NONE || next > now)
		return next;
	engine_share_full(g, true, most(g), full);
	engine_walk(store_violation_each_due(g->store, now, full, collect_due, &d));
	for (size_t i = 0; i < d.n && room(g) > 0; i++)
		look_at(g, d.ids[i], now);
	/* What is in hand stays due; look again when it can have been answered. */
	return now + CLOCK_SEC;
}

/* --- the answer --- */

/* Whether the page still shows the bytes that the finding points at. */
static bool
page_shows(struct engine *g, const struct store_violation *v, const struct item *page)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	char *body, *all, *want, *text;
	size_t from = 0, to;
	bool found;

	engine_must(store_revision_get(g->store, v->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	body = item_body(&r.body);
	to = strlen(body);
	if (v->finding.nspans > 0 && v->finding.spans[0].end <= to) {
		from = v->finding.spans[0].start;
		to = v->finding.spans[0].end;
	}
	want = engine_squeeze(body + from, to - from);
	text = item_body(page);
	all = engine_squeeze(text, strlen(text));
	found = strstr(all, want) != NULL;
	free(text);
	free(all);
	free(want);
	free(body);
	store_revision_clear(&r);
	return found;
}

static enum store_presence
presence_of(
    struct engine *g, const struct store_violation *v, const struct msg_polled *p)
{
	switch (p->outcome) {
	case POLLED_GONE:
	case POLLED_NOT_FOUND:
	case POLLED_LEGAL:
		return PRESENT_REMOVED;
	case POLLED_OK:
		/* Cited texts are kept; should one be gone, nothing can be told. */
		if (p->nitems == 0 || has_flag(g, v, ITEM_LET_GO))
			return PRESENT_UNKNOWN;
		if (page_shows(g, v, &p->items[0]))
			return PRESENT_ONLINE;
		/* Sent elsewhere: a front page or a login tells nothing of the post. */
		return engine_same_page(v->url, p->url) ? PRESENT_EDITED
							: PRESENT_UNKNOWN;
	default:
		return PRESENT_UNKNOWN;
	}
}

void
engine_rechecked(struct engine *g, int64_t id, struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct vault_ref ref, *capture = NULL;
	struct store_violation v;
	struct err e = ERR_INIT;
	enum store_presence presence;
	json_t *meta;

	engine_must(store_violation_get(g->store, id, &v, &e), 0,
	    "cannot read a violation", &e);
	presence = presence_of(g, &v, p);
	/* A page that the post only links to may come and go without it. */
	if (presence != PRESENT_ONLINE && has_flag(g, &v, ITEM_ELSEWHERE)) {
		look_in_feed(
		    g, &v, "its page is on another site and does not show it", now);
		store_violation_clear(&v);
		return;
	}
	if (presence == PRESENT_UNKNOWN) {
		look_failed(g, &v, polled_name(p->outcome), now);
		store_violation_clear(&v);
		return;
	}
	/* A look that changes something is kept with its bytes; so is the first one. */
	if (presence != v.presence || v.checks == 0) {
		meta = json_pack("{s:I, s:i, s:s}", "violation", (json_int_t)v.id,
		    "exhibit", (int)v.exhibit, "presence", presence_names[presence]);
		if (engine_capture_put(g, m->fd, meta, p->truncated, &ref))
			capture = &ref;
		json_decref(meta);
	}
	v.checks++;
	v.last_check = p->time;
	if (capture != NULL && presence == v.presence)
		record_look(g, &v, presence, p->time, capture, "page", now);
	set_presence(g, &v, presence, p->time, capture, "page", now);
	v.next_check = next_look(g, &v, now);
	set_presence(g, &v, presence, p->time, NULL, "page", now);
	store_violation_clear(&v);
}
