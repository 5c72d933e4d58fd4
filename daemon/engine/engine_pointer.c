/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_pointer: feeds that name pages instead of telling what stands there
 * (sitemaps), and documents that name further documents (a sitemap index).  A page is
 * read before its post is inspected; one that cannot be read leaves the pointer itself,
 * so that what the feed says of it is inspected at least.  The row of a page stays when
 * it was read: it is read again when the feed says that it has changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

#define PAGE_ATTEMPTS 3
/* Further documents of one feed, and how deep they may lie. */
#define MORE_MAX 1000
#define MORE_DEPTH 3
#define NEVER_AGAIN UINT32_MAX

/* --- pages --- */

static void
renew(struct engine *g, struct store_errand *x, const struct item *it, int64_t now)
{
	if (x->due != CLOCK_NONE || it->updated == CLOCK_NONE ||
	    (x->mark != CLOCK_NONE && it->updated <= x->mark))
		return;
	x->mark = it->updated;
	x->attempts = 0;
	x->due = now;
	buf_reset(&x->data);
	item_put(&x->data, it);
	engine_errand_put(g, x);
}

bool
engine_pointer_want(struct engine *g, const struct store_feed *feed,
    const struct item *it, const struct engine_take *t, int64_t now)
{
	struct store_errand x;
	struct err e = ERR_INIT;
	bool fresh = true;

	if (engine_must(
		store_errand_find(g->store, feed->id, ERRAND_PAGE, it->id, &x, &e),
		TOSD_ENOENT, "cannot look for an errand", &e) == 0) {
		renew(g, &x, it, now);
		fresh = x.since > t->known;
	} else {
		engine_errand_new(&x, feed, ERRAND_PAGE, it->id);
		x.url = xstrdup(it->url);
		x.mark = it->updated;
		x.since = t->time; /* what it is compared with is of readings, too */
		x.due = now;
		item_put(&x.data, it);
		engine_errand_add(g, &x);
	}
	store_errand_clear(&x);
	return fresh;
}

static bool
may_read_text(const struct engine *g, const struct store_coverage *c)
{
	return c->texts < (int64_t)g->conf->coverage.read_pages &&
	       c->bytes < (int64_t)g->conf->coverage.day_bytes;
}

int64_t
engine_pointer_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now)
{
	(void)x;
	m->poll.kind = POLL_PAGE;
	return engine_cover_budget(g, feed, may_read_text, now);
}

/* The page's text under the pointer's name and dates. */
static void
join(struct item *it, struct item *page)
{
	struct item both;

	item_copy(&both, page);
	free(both.id);
	free(both.url);
	both.id = xstrdup(it->id);
	both.url = xstrdup(it->url);
	if (it->published != CLOCK_NONE) {
		both.published = it->published;
		free(both.published_raw);
		both.published_raw = xstrdup(it->published_raw);
	}
	if (it->updated != CLOCK_NONE) {
		both.updated = it->updated;
		free(both.updated_raw);
		both.updated_raw = xstrdup(it->updated_raw);
	}
	if (both.title == NULL)
		both.title = xstrdup(it->title);
	both.flags = page->flags | (it->flags & ~(uint32_t)ITEM_POINTER);
	item_clear(it);
	*it = both;
}

void
engine_pointer_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct engine_take t = engine_take_all(feed, m);
	struct engine_reading r;
	struct rd rd = rd_of(x->data.data != NULL ? x->data.data : "", x->data.len);
	struct item it;
	bool read = p->outcome == POLLED_OK && p->nitems > 0;

	if (!read && p->outcome != POLLED_GONE && p->outcome != POLLED_NOT_FOUND &&
	    engine_errand_retry(g, x, p, PAGE_ATTEMPTS, now))
		return;
	item_init(&it);
	item_get(&rd, &it);
	if (it.id == NULL) { /* a damaged row: the next reading points at it again */
		item_clear(&it);
		engine_errand_drop(g, x);
		return;
	}
	if (read)
		join(&it, &p->items[0]);
	t.items = &it;
	t.n = 1;
	t.pages = true;
	engine_take(g, &t, &r, now);
	window_free(&r.shown);
	item_clear(&it);
	engine_cover_spend(g, feed, 0, 1, m, now);
	x->due = CLOCK_NONE;
	x->attempts = 0;
	buf_reset(&x->data);
	engine_errand_put(g, x);
}

/* --- further documents --- */

void
engine_pointer_more(struct engine *g, const struct store_feed *feed,
    const struct msg_polled *p, uint32_t depth, int64_t now)
{
	int64_t n;

	if (p->nmore == 0 || depth >= MORE_DEPTH)
		return;
	n = store_errand_count(g->store, feed->id, ERRAND_MORE);
	for (uint32_t i = 0; i < p->nmore && n < MORE_MAX; i++) {
		struct store_errand x;

		if (!engine_same_site(feed->url, p->more[i]) ||
		    strcmp(feed->url, p->more[i]) == 0)
			continue;
		engine_errand_new(&x, feed, ERRAND_MORE, p->more[i]);
		x.url = xstrdup(p->more[i]);
		x.stage = depth + 1;
		x.due = now;
		n += engine_errand_add(g, &x);
		store_errand_clear(&x);
	}
	if (n >= MORE_MAX)
		log_notice("pointer",
		    "%s: names more than %d further documents: not all "
		    "are read",
		    feed->url, MORE_MAX);
}

int64_t
engine_more_ask(struct engine *g, struct store_errand *x, const struct store_feed *feed,
    struct msg *m, int64_t now)
{
	m->poll.etag = xstrdup(x->etag);
	m->poll.last_modified = xstrdup(x->last_modified);
	m->poll.body_hash = xstrdup(x->body_hash);
	return engine_cover_budget(g, feed, engine_cover_may_read, now);
}

void
engine_more_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct engine_take t = engine_take_all(feed, m);
	struct engine_reading r;

	if (p->outcome != POLLED_OK && p->outcome != POLLED_UNCHANGED) {
		engine_errand_retry(g, x, p, NEVER_AGAIN, now);
		return;
	}
	if (p->outcome == POLLED_OK) {
		engine_take(g, &t, &r, now);
		engine_removal_told(g, feed, p, &r.shown, now);
		window_free(&r.shown);
		engine_pointer_more(g, feed, p, x->stage, now);
		xmove(&x->etag, &p->etag);
		xmove(&x->last_modified, &p->last_modified);
		xmove(&x->body_hash, &p->body_hash);
	}
	engine_cover_spend(g, feed, 1, 0, m, now);
	x->attempts = 0;
	x->due = now + g->conf->coverage.more_interval;
	engine_errand_put(g, x);
}
