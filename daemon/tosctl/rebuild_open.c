/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_open: what was under way when the record ends, and would be lost without a
 * word if the next readings simply began anew: walks to older pages, streams, and posts
 * whose page was to be asked for.  Subscriptions at hubs need nothing: the next poll
 * finds the hub, and what comes meanwhile under the old address is refused and polled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine_window.h"
#include "store/store_cover.h"
#include "tosctl/rebuild.h"

/* --- walks --- */

static bool
is_walk(const struct rebuild_walk *w, int64_t feed, int64_t from, int64_t to)
{
	return w->feed == feed && w->from == from && w->to == to;
}

void
rebuild_walk_over(struct rebuild *r, int64_t feed, int64_t from, int64_t to)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->nwalks; i++)
		if (!is_walk(&r->walks[i], feed, from, to))
			r->walks[kept++] = r->walks[i];
	r->nwalks = kept;
}

int
rebuild_walk(struct rebuild *r, const json_t *o, struct err *e)
{
	struct rebuild_walk w = {.feed = rebuild_int(o, "feed"),
	    .from = rebuild_ms(o, "from"),
	    .to = rebuild_ms(o, "to"),
	    .last_known = rebuild_int(o, "last_known"),
	    .first_new = rebuild_int(o, "first_new")};

	if (w.to == CLOCK_NONE)
		return rebuild_wrong(r, e, "it says no times");
	rebuild_walk_over(r, w.feed, w.from, w.to);
	if (strcmp(rebuild_str(o, "state"), "begun") != 0)
		return 0;
	r->walks = xrealloc(r->walks, (r->nwalks + 1) * sizeof(*r->walks));
	r->walks[r->nwalks++] = w;
	return 0;
}

/* From the feed's first page on, until something meets the last post that was known:
 * what the reading before it showed is not on record. */
static int
walk_again(struct rebuild *r, const struct rebuild_walk *w, struct err *e)
{
	const struct window_post last = {.item = w->last_known > 0 ? w->last_known : -1,
	    .published = CLOCK_NONE,
	    .updated = CLOCK_NONE,
	    .gone = CLOCK_NONE};
	struct window before = {0};
	struct store_errand x;
	struct store_feed f;
	struct store_at at;
	char name[24];
	int rc = store_feed_get(r->store, w->feed, &f, e);

	if (rc != 0)
		return rc;
	snprintf(name, sizeof(name), "%lld", (long long)w->to);
	store_errand_init(&x);
	x.feed = f.id;
	memcpy(x.tenant, f.tenant, sizeof(x.tenant));
	x.kind = ERRAND_OLDER;
	x.name = xstrdup(name);
	x.url = xstrdup(f.url);
	x.since = w->from;
	x.until = w->to;
	x.item = w->last_known;
	x.mark = w->first_new;
	x.due = r->t;
	window_add(&before, &last);
	window_pack(&before, &x.data);
	window_free(&before);
	at = rebuild_at(r, f.tenant);
	rc = store_errand_add(r->store, &at, &x, e);
	store_errand_clear(&x);
	store_feed_clear(&f);
	return rc;
}

/* --- streams --- */

int
rebuild_stream(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_at at = rebuild_at(r, rebuild_str(o, "tenant"));
	const char *state = rebuild_str(o, "state");
	struct store_stream s = {0};
	int rc = store_stream_get(r->store, rebuild_int(o, "feed"), &s, e);

	if (rc == TOSD_ENOENT) {
		s.feed = rebuild_int(o, "feed");
		snprintf(s.tenant, sizeof(s.tenant), "%s", rebuild_str(o, "tenant"));
		s.down_since = s.last_data = CLOCK_NONE;
		rc = 0;
	}
	if (strcmp(state, "up") == 0) {
		s.up = true;
		s.since = rebuild_ms(o, "to");
	} else if (strcmp(state, "down") == 0) {
		s.up = false;
		s.since = rebuild_ms(o, "from");
		if (s.down_since == CLOCK_NONE)
			s.down_since = s.since;
	} else { /* a poll has closed the gap, or what it left is one on record */
		s.down_since = CLOCK_NONE;
	}
	/* It was up as long as nothing else is on record. */
	s.last_data = r->t;
	if (rc == 0)
		rc = store_stream_put(r->store, &at, &s, e);
	store_stream_clear(&s);
	return rc;
}

/* --- posts --- */

static int
collect_missing(void *ctx, const struct store_sighting *x)
{
	if (x->state == SIGHT_MISSING)
		rebuild_ids_add(ctx, x->id);
	return 0;
}

/* Its page may not have been asked for; else it is asked once more. */
static int
ask_again(struct rebuild *r, int64_t id, struct err *e)
{
	struct store_item item;
	struct store_revision rev;
	struct store_errand x;
	struct store_at at;
	char name[24];
	int rc = store_item_get(r->store, id, &item, e);

	if (rc != 0)
		return rc;
	rc = store_revision_get(r->store, item.revision, &rev, e);
	if (rc == 0 && item.url != NULL && (rev.body.flags & ITEM_ELSEWHERE) == 0) {
		snprintf(name, sizeof(name), "%lld", (long long)id);
		store_errand_init(&x);
		x.feed = item.feed;
		memcpy(x.tenant, item.tenant, sizeof(x.tenant));
		x.kind = ERRAND_CONFIRM;
		x.name = xstrdup(name);
		x.url = xstrdup(item.url);
		x.item = id;
		x.due = r->t;
		at = rebuild_at(r, item.tenant);
		rc = store_errand_add(r->store, &at, &x, e);
		store_errand_clear(&x);
	}
	if (rc == 0)
		store_revision_clear(&rev);
	store_item_clear(&item);
	return rc;
}

/* --- the end --- */

int
rebuild_open_end(struct rebuild *r, struct err *e)
{
	struct rebuild_ids missing = {0};
	int rc = store_sighting_each(r->store, NULL, collect_missing, &missing);

	if (rc < 0)
		rc = err_set(e, TOSD_EIO, "rows of the store cannot be read");
	for (size_t i = 0; rc == 0 && i < missing.n; i++)
		rc = ask_again(r, missing.v[i], e);
	for (size_t i = 0; rc == 0 && i < r->nwalks; i++)
		rc = walk_again(r, &r->walks[i], e);
	free(missing.v);
	free(r->walks);
	r->walks = NULL;
	r->nwalks = 0;
	return rc;
}
