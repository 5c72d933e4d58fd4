/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_removal: what became of posts that are no longer listed.  Gone from two
 * readings makes a post missing; its own page decides: 404, 410 and 451 are a removal,
 * a page that still shows it is merely unlisted, and all else (a front page, a login, a
 * page without it) tells nothing.  What the feed itself says to be removed is asked for
 * in the same way, and believed where there is no page.
 *
 * A post without a page on its feed's site stays missing, which is final unless it is
 * listed again or the feed says more: it may be shown elsewhere on the site, and a
 * tenant could make posts pageless in order to have them called removed.
 *
 * Of a post that left the feed, pushed out or not, nothing is said before its page is
 * gone; and since that alone decides there, a listed post's page is asked first: a site
 * that has no pages for us tells nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

#define CONFIRM_ATTEMPTS 6
#define CONTROL_ATTEMPTS 3
#define AGAIN_ATTEMPTS 10
#define HOW_TOLD "the feed says that it is removed"
#define HOW_GONE "not listed in two readings"
#define HOW_PAGELESS HOW_GONE "; it has no page that could tell"
#define HOW_ELSEWHERE HOW_GONE "; its page is on another site and cannot tell"

/* Stages of ERRAND_CONFIRM. */
enum { CONFIRM_MISSING, CONFIRM_CONTROL, CONFIRM_LEFT };

static const char *const names[SIGHT_COUNT] = {
    [SIGHT_VISIBLE] = "visible",
    [SIGHT_EDITED] = "edited",
    [SIGHT_UNLISTED] = "unlisted",
    [SIGHT_MISSING] = "missing",
    [SIGHT_REMOVED] = "removed",
    [SIGHT_RETURNED] = "returned",
};

const char *
engine_sight_name(uint8_t state)
{
	return state < SIGHT_COUNT ? names[state] : "unknown";
}

/* --- states --- */

static bool
get_sight(struct engine *g, int64_t item, struct store_sighting *out)
{
	struct err e = ERR_INIT;

	return engine_must(store_sighting_get(g->store, item, out, &e), TOSD_ENOENT,
		   "cannot read where a post was last seen", &e) == 0;
}

static void
put_sight(struct engine *g, const struct store_sighting *x)
{
	struct store_at at = engine_at(g, x->tenant);
	struct err e = ERR_INIT;

	engine_must(store_sighting_put(g->store, &at, x, &e), 0,
	    "cannot keep where a post was last seen", &e);
}

/* Cited content follows: it is gone, or there again. */
struct follow {
	struct engine *g;
	enum store_sight state;
	int64_t revision; /* the newest of the item */
	int64_t when, now;
	const struct vault_ref *capture;
};

static int
follow_one(void *ctx, const struct store_violation *row)
{
	struct follow *f = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;
	enum store_presence p = PRESENT_ONLINE;

	if (row->presence == PRESENT_EDITED)
		return 0;
	if (f->state == SIGHT_REMOVED)
		p = PRESENT_REMOVED;
	else if (f->state != SIGHT_RETURNED && f->state != SIGHT_UNLISTED)
		return 0;
	/* Another content is judged by itself. */
	if (p == PRESENT_ONLINE && row->revision != f->revision)
		return 0;
	engine_must(store_violation_get(f->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	engine_presence_set(f->g, &v, p, f->when, f->capture, f->now);
	store_violation_clear(&v);
	return 0;
}

struct change {
	enum store_sight state;
	int64_t when; /* of the reading or look that decided */
	int64_t gone; /* first reading without it; CLOCK_NONE: as it is */
	const char *how;
	const struct vault_ref *capture;
};

/* Puts a post into another state, on record, and what is cited of it with it. */
static void
set_sight(struct engine *g, const struct store_item *item, const struct change *c,
    int64_t now)
{
	struct follow f = {g, c->state, item->revision, c->when, now, c->capture};
	struct store_sighting x = {0};
	bool known = get_sight(g, item->id, &x);
	uint8_t before = known ? x.state : SIGHT_VISIBLE;
	char t[CLOCK_TEXT];
	json_t *o = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "tenant",
	    item->tenant, "feed", (json_int_t)item->feed, "item", (json_int_t)item->id,
	    "state", names[c->state], "before", engine_sight_name(before), "how",
	    c->how, "time", clock_format(c->when, t));

	if (c->gone != CLOCK_NONE || !known || c->state == SIGHT_RETURNED ||
	    c->state == SIGHT_VISIBLE)
		x.gone = c->gone;
	if (x.gone != CLOCK_NONE)
		json_object_set_new(o, "gone", json_string(clock_format(x.gone, t)));
	if (c->capture != NULL)
		engine_record_file(o, c->capture);
	x.id = item->id;
	x.feed = item->feed;
	memcpy(x.tenant, item->tenant, sizeof(x.tenant));
	x.state = (uint8_t)c->state;
	x.since = c->when;
	free(x.how);
	x.how = xstrdup(c->how);
	x.entry = engine_record(g, "sighting", o, NULL, now);
	put_sight(g, &x);
	store_sighting_clear(&x);
	engine_walk(store_violation_each(
	    g->store, VIOLATION_OF_ITEM, item->id, 0, follow_one, &f));
}

static void
get_item(struct engine *g, int64_t id, struct store_item *out)
{
	struct err e = ERR_INIT;

	engine_must(
	    store_item_get(g->store, id, out, &e), 0, "cannot read an item", &e);
}

/* The entry of the capture says it; the row is for those who ask. */
void
engine_sight_edited(struct engine *g, const struct store_item *item, int64_t when)
{
	struct store_sighting x = {0};

	if (get_sight(g, item->id, &x) && x.state != SIGHT_EDITED &&
	    x.state != SIGHT_VISIBLE) {
		store_sighting_clear(&x);
		return; /* it is listed again, and that will be told */
	}
	free(x.how);
	x.id = item->id;
	x.feed = item->feed;
	memcpy(x.tenant, item->tenant, sizeof(x.tenant));
	x.state = SIGHT_EDITED;
	x.since = when;
	x.gone = CLOCK_NONE;
	x.how = xstrdup("another content under the same id");
	put_sight(g, &x);
	store_sighting_clear(&x);
}

/* The page of a post, to be asked for. */
static void
drop_confirm(struct engine *g, int64_t feed, int64_t item)
{
	struct store_errand x;
	struct err e = ERR_INIT;
	char name[24];

	snprintf(name, sizeof(name), "%lld", (long long)item);
	if (engine_must(store_errand_find(g->store, feed, ERRAND_CONFIRM, name, &x, &e),
		TOSD_ENOENT, "cannot look for an errand", &e) != 0)
		return;
	engine_errand_drop(g, &x);
	store_errand_clear(&x);
}

void
engine_sight_listed(struct engine *g, const struct store_feed *feed, int64_t id,
    int64_t when, int64_t now)
{
	struct change c = {.when = when, .gone = CLOCK_NONE, .how = "listed again"};
	struct store_sighting x;
	struct store_item item;
	uint8_t state;

	drop_confirm(g, feed->id, id);
	if (!get_sight(g, id, &x))
		return;
	state = x.state;
	store_sighting_clear(&x);
	if (state != SIGHT_UNLISTED && state != SIGHT_MISSING && state != SIGHT_REMOVED)
		return;
	c.state = state == SIGHT_UNLISTED ? SIGHT_VISIBLE : SIGHT_RETURNED;
	get_item(g, id, &item);
	set_sight(g, &item, &c, now);
	store_item_clear(&item);
}

/* --- gone --- */

/* Only a page on the feed's own site can tell: a link may lead anywhere. */
static bool
has_page(struct engine *g, const struct store_item *item)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	bool own;

	if (item->url == NULL)
		return false;
	engine_must(store_revision_get(g->store, item->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	own = (r.body.flags & ITEM_ELSEWHERE) == 0;
	store_revision_clear(&r);
	return own;
}

static void
ask_page(struct engine *g, const struct store_feed *feed, int64_t item, const char *url,
    uint32_t stage, int64_t gone, int64_t now)
{
	struct store_errand x;
	char name[24];

	snprintf(name, sizeof(name), "%lld", (long long)item);
	engine_errand_new(&x, feed, ERRAND_CONFIRM, name);
	x.url = xstrdup(url);
	x.item = item;
	x.stage = stage;
	x.since = gone;
	x.due = now;
	engine_errand_add(g, &x);
	store_errand_clear(&x);
}

void
engine_removal_missing(struct engine *g, const struct store_feed *feed, int64_t id,
    int64_t gone, int64_t when, int64_t now)
{
	struct change c = {SIGHT_MISSING, when, gone, HOW_GONE, NULL};
	struct store_sighting x;
	struct store_item item;
	bool settled = false;

	if (get_sight(g, id, &x)) {
		settled = x.state == SIGHT_MISSING || x.state == SIGHT_REMOVED;
		store_sighting_clear(&x);
	}
	if (settled)
		return;
	get_item(g, id, &item);
	drop_confirm(g, feed->id, id); /* with a stricter question */
	if (has_page(g, &item))
		ask_page(g, feed, id, item.url, CONFIRM_MISSING, gone, now);
	else
		c.how = item.url == NULL ? HOW_PAGELESS : HOW_ELSEWHERE;
	set_sight(g, &item, &c, now);
	store_item_clear(&item);
}

/* The page of a post that is listed, as near as can be to those that left: the last
 * ones are of their age.  To be freed; NULL: none has one. */
static char *
find_control(struct engine *g, const struct window *listed, const char *not_this)
{
	char *url = NULL;

	for (size_t i = listed->n, n = 0; i > 0 && n < 5 && url == NULL; i--, n++) {
		struct store_item item;

		if (listed->v[i - 1].item < 0)
			continue;
		get_item(g, listed->v[i - 1].item, &item);
		if (has_page(g, &item) && !engine_same_page(item.url, not_this))
			url = xstrdup(item.url);
		store_item_clear(&item);
	}
	return url;
}

void
engine_removal_left(struct engine *g, const struct store_feed *feed, int64_t id,
    int64_t gone, const struct window *listed, int64_t now)
{
	struct store_sighting x;
	struct store_item item;
	char *control = NULL;
	bool settled = false;

	if (get_sight(g, id, &x)) {
		settled = x.state == SIGHT_MISSING || x.state == SIGHT_REMOVED;
		store_sighting_clear(&x);
	}
	get_item(g, id, &item);
	if (!settled && has_page(g, &item))
		control = find_control(g, listed, item.url);
	if (control != NULL)
		ask_page(g, feed, id, control, CONFIRM_CONTROL, gone, now);
	free(control);
	store_item_clear(&item);
}

static bool
is_shown(const struct window *shown, int64_t item)
{
	for (size_t i = 0; i < shown->n; i++)
		if (shown->v[i].item == item)
			return true;
	return false;
}

/* A tombstone stands in its feed for weeks: what was settled by it stays so. */
static bool
told_before(struct engine *g, int64_t item)
{
	struct store_sighting x;
	bool told;

	if (!get_sight(g, item, &x))
		return false;
	told = x.state == SIGHT_REMOVED || x.state == SIGHT_MISSING ||
	       x.state == SIGHT_UNLISTED;
	store_sighting_clear(&x);
	return told;
}

/* Its number, 0 if it is known to be removed, or was never there. */
static int64_t
told(struct engine *g, const struct store_feed *feed, const char *id, int64_t when,
    const struct window *shown, int64_t now)
{
	struct change c = {SIGHT_MISSING, when, when, HOW_TOLD, NULL};
	struct store_item item;
	struct err e = ERR_INIT;
	int64_t number = 0;

	if (engine_must(store_item_find(g->store, feed->id, id, &item, &e), TOSD_ENOENT,
		"cannot look for an item", &e) != 0)
		return 0; /* removed before we saw it */
	if (!is_shown(shown, item.id) && !told_before(g, item.id)) {
		drop_confirm(g, feed->id, item.id);
		if (has_page(g, &item))
			ask_page(
			    g, feed, item.id, item.url, CONFIRM_MISSING, when, now);
		else
			c.state = SIGHT_REMOVED;
		set_sight(g, &item, &c, now);
		number = item.id;
	}
	store_item_clear(&item);
	return number;
}

void
engine_removal_told(struct engine *g, const struct store_feed *feed,
    const struct msg_polled *p, const struct window *shown, int64_t now)
{
	int64_t *items = xcalloc((size_t)p->ngone + 1, sizeof(*items));
	size_t n = 0;

	for (uint32_t i = 0; i < p->ngone; i++) {
		items[n] = told(g, feed, p->gone[i], p->time, shown, now);
		n += items[n] != 0;
	}
	if (n > 0)
		engine_cover_told(g, feed, items, n, p->time);
	free(items);
}

/* --- its page --- */

int64_t
engine_confirm_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now)
{
	(void)x;
	m->poll.kind = POLL_PAGE;
	return engine_cover_budget(g, feed, engine_cover_may_read, now);
}

/* Whether the page still shows what the post last said. */
static bool
shows(struct engine *g, const struct store_item *item, const struct msg_polled *p)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	char *text;
	bool found;

	if (p->nitems == 0 || !engine_same_page(item->url, p->url))
		return false;
	engine_must(store_revision_get(g->store, item->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	/* Without its text a page that is there tells nothing. */
	if ((r.body.flags & ITEM_LET_GO) != 0) {
		store_revision_clear(&r);
		return false;
	}
	text = r.body.text != NULL && r.body.text[0] != '\0' ? xstrdup(r.body.text)
							     : item_body(&r.body);
	found = engine_page_shows(&p->items[0], text);
	free(text);
	store_revision_clear(&r);
	return found;
}

static bool
decide(struct engine *g, const struct store_item *item, const struct msg_polled *p,
    struct change *c)
{
	c->when = p->time;
	c->gone = CLOCK_NONE;
	switch (p->outcome) {
	case POLLED_GONE:
		c->how = "its page is gone (410)";
		break;
	case POLLED_NOT_FOUND:
		c->how = "its page is not found (404)";
		break;
	case POLLED_LEGAL:
		c->how = "its page is withheld for legal reasons (451)";
		break;
	case POLLED_OK:
		c->state = SIGHT_UNLISTED;
		c->how = "its page still shows it";
		return shows(g, item, p);
	default:
		return false;
	}
	c->state = SIGHT_REMOVED;
	return true;
}

/* Whether pages of the site can be read at all.  True: now the one that is asked for.
 */
static bool
control_answer(struct engine *g, struct store_errand *x, const struct store_item *item,
    const struct msg_polled *p, int64_t now)
{
	bool gone = p->outcome == POLLED_GONE || p->outcome == POLLED_NOT_FOUND ||
		    p->outcome == POLLED_LEGAL;

	if (p->outcome != POLLED_OK)
		return !gone && engine_errand_retry(g, x, p, CONTROL_ATTEMPTS, now);
	free(x->url);
	x->url = xstrdup(item->url);
	x->stage = CONFIRM_LEFT;
	x->attempts = 0;
	x->due = now;
	engine_errand_put(g, x);
	return true;
}

void
engine_confirm_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct change c = {0};
	struct store_item item;
	struct vault_ref ref;
	json_t *meta;

	get_item(g, x->item, &item);
	engine_cover_spend(g, feed, 1, 0, m, now);
	if (x->stage == CONFIRM_CONTROL) {
		if (!control_answer(g, x, &item, p, now))
			engine_errand_drop(g, x);
		store_item_clear(&item);
		return;
	}
	if (!decide(g, &item, p, &c)) {
		if (!engine_errand_retry(g, x, p, CONFIRM_ATTEMPTS, now))
			engine_errand_drop(g, x); /* it stays missing */
		store_item_clear(&item);
		return;
	}
	if (x->stage == CONFIRM_LEFT) {
		if (c.state == SIGHT_UNLISTED) { /* cut off, as feeds do */
			engine_errand_drop(g, x);
			store_item_clear(&item);
			return;
		}
		c.gone = x->since;
	}
	meta = json_pack("{s:I, s:I, s:s}", "feed", (json_int_t)feed->id, "item",
	    (json_int_t)item.id, "state", names[c.state]);
	if (engine_capture_put(g, m->fd, meta, p->truncated, &ref))
		c.capture = &ref;
	json_decref(meta);
	set_sight(g, &item, &c, now);
	engine_errand_drop(g, x);
	store_item_clear(&item);
}

/* --- the feed once more --- */

int64_t
engine_again_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now)
{
	(void)g, (void)x, (void)feed, (void)m, (void)now;
	return CLOCK_NONE; /* without validators: a 304 is no reading */
}

void
engine_again_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	if (m->polled.outcome != POLLED_OK) {
		if (!engine_errand_retry(g, x, &m->polled, AGAIN_ATTEMPTS, now))
			engine_errand_drop(g, x);
		return;
	}
	/* Those still undecided ask for another one. */
	engine_errand_drop(g, x);
	engine_cover_read(g, feed, m, now);
}
