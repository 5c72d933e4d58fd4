/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_cover: each reading of a feed against the one before: what is missing, whether
 * the two meet, in what order the feed is.  Keeps the row `coverage'.
 */
#include "engine/engine_cover.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "engine/engine_look.h"

/* Of posts that left a feed, maybe only for their age: how many pages are asked for
 * after one reading, with what share of a day's, and how many times
 * coverage.removal_gap is waited for a reading that comes anyway. */
#define LEFT_AT_ONCE 8
#define LEFT_SHARE 4
#define LEFT_WAIT 6

/* --- the row --- */

void
engine_cover_get(
    struct engine *g, const struct store_feed *feed, struct store_coverage *c)
{
	struct err e = ERR_INIT;

	if (engine_must(store_coverage_get(g->store, feed->id, c, &e), TOSD_ENOENT,
		"cannot read what a feed last showed", &e) == 0)
		return;
	c->id = feed->id;
	memcpy(c->tenant, feed->tenant, sizeof(c->tenant));
}

void
engine_cover_put(struct engine *g, const struct store_coverage *c)
{
	struct store_at at = engine_at(g, c->tenant);
	struct err e = ERR_INIT;

	engine_must(store_coverage_put(g->store, &at, c, &e), 0,
	    "cannot keep what a feed showed", &e);
}

enum window_order
engine_cover_order(const struct store_coverage *c)
{
	if (c->falling == c->rising)
		return WINDOW_UNORDERED;
	return c->falling > c->rising ? WINDOW_FALLING : WINDOW_RISING;
}

void
engine_cover_told(struct engine *g, const struct store_feed *feed, int64_t *items,
    size_t n, int64_t when)
{
	struct store_coverage c;
	struct window w;
	bool any = false;

	qsort(items, n, sizeof(*items), look_number_cmp);
	engine_cover_get(g, feed, &c);
	window_unpack(&c.window, &w);
	for (size_t i = 0; i < w.n; i++)
		if (w.v[i].gone == CLOCK_NONE && look_in(items, n, w.v[i].item)) {
			w.v[i].gone = when;
			any = true;
		}
	if (any) {
		buf_reset(&c.window);
		window_pack(&w, &c.window);
		engine_cover_put(g, &c);
	}
	window_free(&w);
	store_coverage_clear(&c);
}

/* --- what may be spent --- */

void
engine_cover_day(struct store_coverage *c, int64_t now)
{
	if (c->day == now / CLOCK_DAY)
		return;
	c->day = now / CLOCK_DAY;
	c->pages = c->bytes = c->filled = c->texts = c->media = 0;
}

bool
engine_cover_may_read(const struct engine *g, const struct store_coverage *c)
{
	return c->pages < (int64_t)g->conf->coverage.day_pages &&
	       c->bytes < (int64_t)g->conf->coverage.day_bytes;
}

/* Some time in the first hour of the next day, by feed: not all at midnight. */
static int64_t
tomorrow(const struct store_feed *feed, int64_t now)
{
	return (now / CLOCK_DAY + 1) * CLOCK_DAY + feed->id * 7919 % CLOCK_HOUR;
}

int64_t
engine_cover_budget(
    struct engine *g, const struct store_feed *feed, engine_cover_may *may, int64_t now)
{
	struct store_coverage c;
	int64_t later;

	engine_cover_get(g, feed, &c);
	engine_cover_day(&c, now);
	later = may(g, &c) ? CLOCK_NONE : tomorrow(feed, now);
	store_coverage_clear(&c);
	return later;
}

int64_t
engine_cover_size(const struct msg *m)
{
	struct stat st;

	return m->fd >= 0 && fstat(m->fd, &st) == 0 ? (int64_t)st.st_size : 0;
}

void
engine_cover_spend(struct engine *g, const struct store_feed *feed, int64_t pages,
    int64_t texts, const struct msg *m, int64_t now)
{
	struct store_coverage c;

	engine_cover_get(g, feed, &c);
	engine_cover_day(&c, now);
	c.pages += pages;
	c.texts += texts;
	c.bytes += engine_cover_size(m);
	engine_cover_put(g, &c);
	store_coverage_clear(&c);
}

/* --- addresses --- */

static size_t
host_of(const char *url, const char **host)
{
	const char *at = strstr(url, "://"), *end;

	*host = at != NULL ? at + 3 : url;
	end = *host + strcspn(*host, "/?#");
	for (const char *p = *host; p < end; p++)
		if (*p == '@')
			*host = p + 1;
	if (**host == '[')
		return strcspn(*host, "]");
	return strcspn(*host, ":/?#");
}

static bool
below(const char *host, size_t n, const char *of, size_t m)
{
	return n > m && host[n - m - 1] == '.' && strncasecmp(host + n - m, of, m) == 0;
}

bool
engine_same_site(const char *a, const char *b)
{
	const char *x, *y;
	size_t n, m;

	if (a == NULL || b == NULL)
		return false;
	n = host_of(a, &x);
	m = host_of(b, &y);
	if (n >= 4 && strncasecmp(x, "www.", 4) == 0) {
		x += 4;
		n -= 4;
	}
	if (m >= 4 && strncasecmp(y, "www.", 4) == 0) {
		y += 4;
		m -= 4;
	}
	return (n == m && strncasecmp(x, y, n) == 0) || below(x, n, y, m) ||
	       below(y, m, x, n);
}

/* The part from the path on, without a last slash or a fragment. */
static size_t
path_of(const char *url, const char **path)
{
	size_t n;

	host_of(url, path);
	*path += strcspn(*path, "/?#");
	n = strcspn(*path, "#");
	while (n > 0 && (*path)[n - 1] == '/')
		n--;
	return n;
}

bool
engine_same_page(const char *a, const char *b)
{
	const char *x, *y;
	size_t n, m;

	if (a == NULL || b == NULL)
		return true;
	n = path_of(a, &x);
	m = path_of(b, &y);
	return n == m && memcmp(x, y, n) == 0 && engine_same_site(a, b);
}

/* --- a reading --- */

/* A reading in the making. */
struct reading {
	struct engine *g;
	struct store_feed *feed;
	const struct msg_polled *p;
	struct store_coverage c;
	struct window before;
	struct engine_reading now;
	int64_t time;
};

/* The whole feed once more at this time at the latest: nothing may be published for
 * weeks, and a 304 is no reading. */
static void
read_again(struct reading *r, int64_t due, int64_t now)
{
	struct store_errand x;
	struct err e = ERR_INIT;

	if (due < now)
		due = now;
	if (engine_must(
		store_errand_find(r->g->store, r->feed->id, ERRAND_AGAIN, "", &x, &e),
		TOSD_ENOENT, "cannot look for an errand", &e) != 0) {
		engine_errand_new(&x, r->feed, ERRAND_AGAIN, NULL);
		x.due = due;
		engine_errand_add(r->g, &x);
	} else if (x.due > due && x.attempts == 0) {
		x.due = due;
		engine_errand_put(r->g, &x);
	}
	store_errand_clear(&x);
}

/* Pages of posts that left are asked with what others need least: at most so many after
 * one reading, and a share of what may be read in a day. */
static bool
may_ask_left(struct reading *r, unsigned asked)
{
	return asked < LEFT_AT_ONCE &&
	       r->c.pages * LEFT_SHARE < (int64_t)r->g->conf->coverage.day_pages;
}

static void
gone_twice(struct reading *r, const struct window_post *p, unsigned *left, int64_t now)
{
	if ((p->flags & WINDOW_DOUBT) == 0)
		engine_removal_missing(
		    r->g, r->feed, p->item, p->gone, r->p->time, now);
	else if (may_ask_left(r, *left) && ++*left)
		engine_removal_left(
		    r->g, r->feed, p->item, p->gone, &r->now.shown, now);
}

/* What is gone from two readings, far enough apart, is missing or has left; what is
 * gone from this one alone stays in the window until then. */
static void
settle_missing(struct reading *r, struct window *next, int64_t now)
{
	int64_t gap = r->g->conf->coverage.removal_gap, soonest = INT64_MAX;
	unsigned left = 0;
	size_t kept = 0;

	for (size_t i = 0; i < next->n; i++) {
		struct window_post *p = &next->v[i];
		int64_t due = p->gone + gap;

		if (p->item < 0) /* of this reading alone, or of recall() */
			continue;
		if (p->gone != CLOCK_NONE && r->p->time - p->gone >= gap) {
			gone_twice(r, p, &left, now);
			continue;
		}
		if (p->gone != CLOCK_NONE && (p->flags & WINDOW_DOUBT) != 0)
			due = p->gone + gap * LEFT_WAIT;
		if (p->gone != CLOCK_NONE && due < soonest)
			soonest = due;
		next->v[kept++] = *p;
	}
	next->n = kept;
	if (soonest != INT64_MAX)
		read_again(r, soonest, now);
}

/* Posts that are listed again, of those that the last reading did not have, or that
 * were said to be removed. */
static void
settle_returned(struct reading *r, int64_t now)
{
	enum window_verdict *v = xcalloc(r->now.shown.n + 1, sizeof(*v));
	struct window listed = {0};

	for (size_t i = 0; i < r->before.n; i++)
		if (r->before.v[i].gone == CLOCK_NONE)
			window_add(&listed, &r->before.v[i]);
	window_judge(&r->now.shown, &listed, WINDOW_UNORDERED, v);
	window_free(&listed);
	for (size_t i = 0; i < r->now.shown.n; i++)
		if (v[i] != WINDOW_LISTED &&
		    (r->now.shown.v[i].flags & WINDOW_FRESH) == 0 &&
		    r->now.shown.v[i].item > 0)
			engine_sight_listed(
			    r->g, r->feed, r->now.shown.v[i].item, r->p->time, now);
	free(v);
}

static void
settle(struct reading *r, int64_t now)
{
	enum window_verdict *v = xcalloc(r->before.n + 1, sizeof(*v));
	enum window_order vote = window_vote(&r->before, &r->now.shown);
	struct window next;

	r->c.falling += vote == WINDOW_FALLING;
	r->c.rising += vote == WINDOW_RISING;
	window_judge(&r->before, &r->now.shown, engine_cover_order(&r->c), v);
	if (r->before.n > 0)
		settle_returned(r, now);
	if (!window_overlaps(&r->before, &r->now.shown, engine_cover_order(&r->c)))
		engine_older_begin(r->g, r->feed, &r->c, r->p, &r->before,
		    &r->now.shown,
		    r->feed->last_ok > r->c.read ? r->feed->last_ok : r->c.read, now);
	window_merge(&r->before, &r->now.shown, v, r->p->time, &next);
	settle_missing(r, &next, now);
	buf_reset(&r->c.window);
	window_pack(&next, &r->c.window);
	window_free(&next);
	free(v);
}

/* Not that a store that was made again, where the last reading is not on record, takes
 * the next one for the first: something was there, whatever it was. */
static void
recall(struct reading *r)
{
	static const struct window_post something = {.item = -1,
	    .published = CLOCK_NONE,
	    .updated = CLOCK_NONE,
	    .gone = CLOCK_NONE};

	window_unpack(&r->c.window, &r->before);
	if (r->before.n == 0 && store_item_shares(r->g->store, r->feed->id, ""))
		window_add(&r->before, &something);
}

/* c is taken. */
static void
read_take(struct engine *g, struct store_feed *feed, struct msg *m,
    struct store_coverage *c, int64_t now)
{
	struct reading r = {.g = g, .feed = feed, .p = &m->polled, .c = *c};
	struct engine_take t = engine_take_all(feed, m);

	recall(&r);
	engine_take(g, &t, &r.now, now);
	engine_pointer_more(g, feed, r.p, 0, now);
	engine_removal_told(g, feed, r.p, &r.now.shown, now);
	if (r.now.shared > 0 && r.c.shared == 0)
		log_notice("cover",
		    "%s: %u posts share their id with others: told "
		    "apart by content and address",
		    feed->url, r.now.shared);
	r.c.shared = r.now.shared;
	/* One that shows nothing tells nothing, and must not make the next one look
	 * like the first. */
	if (r.now.shown.n > 0)
		settle(&r, now);
	r.c.readings++;
	r.c.read = r.p->time;
	engine_older_fill(g, feed, r.p);
	engine_cover_put(g, &r.c);
	window_free(&r.before);
	window_free(&r.now.shown);
	store_coverage_clear(&r.c);
}

void
engine_cover_read(struct engine *g, struct store_feed *feed, struct msg *m, int64_t now)
{
	struct store_coverage c;

	engine_cover_get(g, feed, &c);
	read_take(g, feed, m, &c, now);
}

bool
engine_cover_polled(
    struct engine *g, struct store_feed *feed, struct msg *m, int64_t now)
{
	struct store_coverage c;
	bool fresh, liar;

	engine_cover_get(g, feed, &c);
	liar = c.stale != CLOCK_NONE;
	fresh = c.since == CLOCK_NONE;
	if (fresh) {
		c.since = m->polled.time;
		engine_compare_plan(g, feed, &c, now);
	}
	if (m->polled.outcome == POLLED_OK) {
		read_take(g, feed, m, &c, now);
		return liar;
	}
	if (fresh)
		engine_cover_put(g, &c);
	store_coverage_clear(&c);
	return liar;
}
