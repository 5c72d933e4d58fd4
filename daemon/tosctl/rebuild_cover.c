/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_cover: when feeds could not be read, what became of their posts, and what
 * comparisons found.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_cover.h"
#include "tosctl/rebuild.h"

/* --- gaps --- */

struct absence {
	struct rebuild *r;
	const json_t *o;
	struct err *e;
};

static int
absent_feed(void *ctx, const struct store_feed *f)
{
	struct absence *a = ctx;
	struct store_at at = rebuild_at(a->r, f->tenant);
	struct store_gap gap = {.feed = f->id,
	    .from = rebuild_ms(a->o, "from"),
	    .to = rebuild_ms(a->o, "to"),
	    .ours = true,
	    .why = (char *)rebuild_str(a->o, "why")};

	memcpy(gap.tenant, f->tenant, sizeof(gap.tenant));
	return f->active ? store_gap_open(a->r->store, &at, &gap, a->e) : 0;
}

static int
absent_case(void *ctx, const struct store_case *c)
{
	struct absence *a = ctx;

	return store_feed_each(a->r->store, c->tenant, absent_feed, a);
}

static int
feed_gap(struct rebuild *r, const json_t *o, struct store_feed *f, struct err *e)
{
	struct store_at at = rebuild_at(r, f->tenant);
	struct store_gap gap = {.feed = f->id,
	    .from = rebuild_ms(o, "from"),
	    .to = CLOCK_NONE,
	    .ours = json_is_true(json_object_get(o, "ours")),
	    .why = (char *)rebuild_str(o, "why")};
	int64_t to = rebuild_ms(o, "to");
	int rc;

	memcpy(gap.tenant, f->tenant, sizeof(gap.tenant));
	if (strcmp(rebuild_str(o, "state"), "lost") == 0) {
		gap.to = to; /* readable all the time, but not all was read */
		rebuild_walk_over(r, f->id, gap.from, to);
		return store_gap_open(r->store, &at, &gap, e);
	}
	if (strcmp(rebuild_str(o, "state"), "open") == 0) {
		f->down_since = gap.from;
		f->down_ours = gap.ours;
		rc = store_gap_open(r->store, &at, &gap, e);
	} else {
		f->down_since = CLOCK_NONE;
		f->down_ours = false;
		f->last_ok = f->last_poll = to;
		rc = store_gap_close(r->store, &at, f->id, to, e);
	}
	return rc == 0 ? store_feed_update(r->store, &at, f, e) : rc;
}

int
rebuild_gap(struct rebuild *r, const json_t *o, struct err *e)
{
	struct absence a = {r, o, e};
	struct store_feed f;
	int rc;

	if (rebuild_int(o, "feed") == 0) { /* we were away */
		rc = store_case_each(r->store, CASE_BY_OPEN, 0, absent_case, &a);
		return rc != 0 ? rc
			       : store_away_add(r->store, rebuild_ms(o, "from"),
				     rebuild_ms(o, "to"), e);
	}
	rc = rebuild_feed_of(r, o, &f, e);
	if (rc == 0) {
		rc = feed_gap(r, o, &f, e);
		store_feed_clear(&f);
	}
	return rc;
}

/* --- posts --- */

static const char *const states[SIGHT_COUNT] = {
    [SIGHT_VISIBLE] = "visible",
    [SIGHT_EDITED] = "edited",
    [SIGHT_UNLISTED] = "unlisted",
    [SIGHT_MISSING] = "missing",
    [SIGHT_REMOVED] = "removed",
    [SIGHT_RETURNED] = "returned",
};

static int
get_sight(struct rebuild *r, int64_t item, struct store_sighting *x, struct err *e)
{
	int rc = store_sighting_get(r->store, item, x, e);

	if (rc == TOSD_ENOENT) {
		x->gone = CLOCK_NONE;
		rc = 0;
	}
	return rc;
}

int
rebuild_edited(
    struct rebuild *r, const struct store_item *item, int64_t when, struct err *e)
{
	struct store_at at = rebuild_at(r, item->tenant);
	struct store_sighting x;
	int rc = get_sight(r, item->id, &x, e);

	if (rc == 0 &&
	    (x.id == 0 || x.state == SIGHT_EDITED || x.state == SIGHT_VISIBLE)) {
		x.id = item->id;
		x.feed = item->feed;
		memcpy(x.tenant, item->tenant, sizeof(x.tenant));
		x.state = SIGHT_EDITED;
		x.since = when;
		x.gone = CLOCK_NONE;
		free(x.how);
		x.how = xstrdup("another content under the same id");
		rc = store_sighting_put(r->store, &at, &x, e);
	}
	store_sighting_clear(&x);
	return rc;
}

int
rebuild_sighting(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_at at = rebuild_at(r, rebuild_str(o, "tenant"));
	struct store_sighting x;
	struct store_item item;
	uint8_t state = 0;
	int rc = store_item_get(r->store, rebuild_int(o, "item"), &item, e);

	if (rc == TOSD_ENOENT)
		return rebuild_wrong(r, e, "no entry before it has item %lld",
		    (long long)rebuild_int(o, "item"));
	while (
	    state < SIGHT_COUNT && strcmp(states[state], rebuild_str(o, "state")) != 0)
		state++;
	if (rc == 0 && state == SIGHT_COUNT)
		rc = rebuild_wrong(r, e, "its state is not known");
	if (rc == 0 && (rc = get_sight(r, item.id, &x, e)) == 0) {
		x.gone = rebuild_ms(o, "gone");
		x.id = item.id;
		x.feed = item.feed;
		memcpy(x.tenant, item.tenant, sizeof(x.tenant));
		x.state = state;
		x.since = rebuild_ms(o, "time");
		x.entry = (int64_t)r->seq;
		free(x.how);
		x.how = xstrdup(rebuild_str(o, "how"));
		rc = store_sighting_put(r->store, &at, &x, e);
		store_sighting_clear(&x);
	}
	store_item_clear(&item);
	return rc;
}

/* What was found stays with the feed. */
int
rebuild_cloaking(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_at at = rebuild_at(r, rebuild_str(o, "tenant"));
	struct store_coverage c;
	struct store_feed f;
	int rc = rebuild_feed_of(r, o, &f, e);

	if (rc != 0)
		return rc;
	rc = store_coverage_get(r->store, f.id, &c, e);
	if (rc == TOSD_ENOENT) {
		c.id = f.id;
		memcpy(c.tenant, f.tenant, sizeof(c.tenant));
		rc = 0;
	}
	if (strcmp(rebuild_str(o, "state"), "confirmed") == 0) {
		const char *what = rebuild_str(o, "what");

		if (strcmp(what, "stale-validators") == 0)
			c.stale = rebuild_ms(o, "time");
		else if (strcmp(what, "refusal") != 0 ||
			 strcmp(rebuild_str(o, "refused"), "us") == 0)
			c.cloaked = rebuild_ms(o, "time");
	}
	if (rc == 0)
		rc = store_coverage_put(r->store, &at, &c, e);
	store_coverage_clear(&c);
	store_feed_clear(&f);
	return rc;
}
