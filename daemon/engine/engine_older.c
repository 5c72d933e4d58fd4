/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_older: the pages behind a feed's first one.  A reading that does not meet the
 * last one is followed back page by page until it does; where that ends without, the
 * gap goes on record with its bounds.  The same way the whole history of a feed is
 * read, if the configuration wants it.  Where a walk stands is a row of the store,
 * changed in the commit that holds what its page brought.
 */
#include "engine/engine_older.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

/* Walks of one feed at a time; a further gap is recorded without one. */
#define WALKS 4
#define PAGE_ATTEMPTS 5
/* A history that shows nothing new on so many pages in a row goes in circles. */
#define STALE_PAGES 10

/* --- the address of the next older page --- */

/* The last run of digits in s, not longer than a number of theirs; 0 if none. */
static size_t
last_number(const char *s, const char **at)
{
	size_t n = s != NULL ? strlen(s) : 0, end;

	while (n > 0 && (s[n - 1] < '0' || s[n - 1] > '9'))
		n--;
	for (end = n; n > 0 && s[n - 1] >= '0' && s[n - 1] <= '9';)
		n--;
	*at = s != NULL ? s + n : NULL;
	return end - n <= 24 ? end - n : 0;
}

/* url with the parameter set to this value. */
static char *
with_parameter(const char *url, const char *name, const char *value, size_t n)
{
	size_t base = strcspn(url, "#"), len = strlen(name);
	const char *query = memchr(url, '?', base), *p;
	struct buf b = {0};
	char sep = '?';

	buf_put(&b, url, query != NULL ? (size_t)(query - url) : base);
	for (p = query != NULL ? query + 1 : url + base; p < url + base;) {
		size_t part = strcspn(p, "&#");

		if (part > 0 && !(strncmp(p, name, len) == 0 && p[len] == '=')) {
			buf_putc(&b, sep);
			buf_put(&b, p, part);
			sep = '&';
		}
		p += part + (p[part] == '&');
	}
	buf_putc(&b, sep);
	buf_printf(&b, "%s=%.*s", name, (int)n, value);
	return buf_take(&b);
}

static char *
by_last_id(const char *url, const char *name, const struct msg_polled *p)
{
	const char *at;
	size_t n = p->nitems > 0 ? last_number(p->items[p->nitems - 1].id, &at) : 0;

	if (n == 0 && p->nitems > 0)
		n = last_number(p->items[p->nitems - 1].url, &at);
	return n > 0 ? with_parameter(url, name, at, n) : NULL;
}

static char *
mastodon(const char *url, const struct msg_polled *p)
{
	return by_last_id(url, "max_id", p);
}

static char *
discourse(const char *url, const struct msg_polled *p)
{
	return by_last_id(url, "before", p);
}

static char *
wordpress(const char *url, const struct msg_polled *p)
{
	const char *at = strstr(url, "paged=");
	char page[16];
	int n;

	(void)p;
	n = snprintf(
	    page, sizeof(page), "%d", at != NULL ? atoi(at + 6) % 100000 + 1 : 2);
	return with_parameter(url, "paged", page, (size_t)n);
}

/* Software whose pages follow a rule that its documents do not state: by the beginning
 * of the format's name, or by a part of the address. */
static const struct {
	const char *format, *url;
	char *(*next)(const char *url, const struct msg_polled *p);
} rules[] = {
    {"mastodon", NULL, mastodon},	    /* docs.joinmastodon.org/api/guidelines */
    {"discourse", "posts.json", discourse}, /* ?before=ID; topics say where more are */
    {"rss", "/feed/", wordpress},	    /* a feed takes `paged' like any archive */
    {"rss", "/feed?", wordpress},
    {"rss", "/feed$", wordpress},
    {"atom", "/feed/atom", wordpress},
    {"rss", "?feed=rss", wordpress},
    {"rss", "paged=", wordpress},
};

/* A part of the address; with $, its end. */
static bool
has_part(const char *url, const char *part)
{
	size_t n = strlen(part), len = strlen(url);

	if (part[n - 1] != '$')
		return strstr(url, part) != NULL;
	n--;
	return len >= n && strncmp(url + len - n, part, n) == 0;
}

char *
engine_older_url(const char *url, const struct msg_polled *p)
{
	const char *format = p->format != NULL ? p->format : "";

	if (p->next_url != NULL)
		return engine_same_site(url, p->next_url) ? xstrdup(p->next_url) : NULL;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		size_t n = strlen(rules[i].format);

		if (strncmp(format, rules[i].format, n) == 0 &&
		    (rules[i].url == NULL || has_part(url, rules[i].url)))
			return rules[i].next(url, p);
	}
	return NULL;
}

/* --- a gap that stays --- */

/* Whether the daemon was away in this time: then it is our own gap. */
static int
was_away(void *ctx, int64_t from, int64_t to)
{
	(void)from, (void)to;
	*(bool *)ctx = true;
	return 1;
}

static void
record_lost(struct engine *g, const struct store_feed *feed, struct store_errand *x,
    const char *why, int64_t now)
{
	struct store_at at = engine_at(g, feed->tenant);
	struct store_gap gap = {.feed = feed->id, .from = x->since, .to = x->until};
	struct err e = ERR_INIT;
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	json_t *o;

	if (store_away_each(g->store, x->since, x->until, was_away, &gap.ours) < 0)
		log_die("older", "rows of the store cannot be read");
	gap.why = (char *)"posts may be lost";
	memcpy(gap.tenant, feed->tenant, sizeof(gap.tenant));
	engine_must(
	    store_gap_open(g->store, &at, &gap, &e), 0, "cannot keep a gap", &e);
	o = json_pack("{s:s, s:I, s:s, s:b, s:s, s:s, s:s, s:s, s:I, s:I, s:I}",
	    "tenant", feed->tenant, "feed", (json_int_t)feed->id, "state", "lost",
	    "ours", (int)gap.ours, "why", gap.why, "reason", why, "from",
	    clock_format(x->since, from), "to", clock_format(x->until, to),
	    "last_known", (json_int_t)x->item, "first_new", (json_int_t)x->mark,
	    "pages", (json_int_t)x->pages);
	engine_record(g, "gap", o, NULL, now);
	log_notice("older", "%s: posts may be lost between %s and %s: %s", feed->url,
	    from, to, why);
}

static void
lost(struct engine *g, const struct store_feed *feed, struct store_coverage *c,
    struct store_errand *x, const char *why, int64_t now)
{
	record_lost(g, feed, x, why, now);
	c->lost++;
	if (x->id != 0)
		engine_errand_drop(g, x);
}

/* --- walking back --- */

static int64_t
last_known(const struct window *before, enum window_order order)
{
	for (size_t i = 0; i < before->n; i++) {
		size_t k = order == WINDOW_RISING ? before->n - 1 - i : i;

		if (before->v[k].gone == CLOCK_NONE)
			return before->v[k].item > 0 ? before->v[k].item : 0;
	}
	return 0;
}

/* A walk is on record: if the store is lost, it begins again. */
static void
record_walk(
    struct engine *g, const struct store_errand *x, const char *state, int64_t now)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	engine_record(g, "walk",
	    json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:I}", "tenant", x->tenant,
		"feed", (json_int_t)x->feed, "state", state, "from",
		clock_format(x->since, from), "to", clock_format(x->until, to),
		"last_known", (json_int_t)x->item, "first_new", (json_int_t)x->mark),
	    NULL, now);
}

/* The new one that is nearest to the gap. */
static int64_t
first_new(const struct window *shown, enum window_order order)
{
	for (size_t i = 0; i < shown->n; i++) {
		size_t k = order == WINDOW_RISING ? i : shown->n - 1 - i;

		if ((shown->v[k].flags & WINDOW_FRESH) != 0 && shown->v[k].item > 0)
			return shown->v[k].item;
	}
	return 0;
}

void
engine_older_begin(struct engine *g, const struct store_feed *feed,
    struct store_coverage *c, const struct msg_polled *p, const struct window *before,
    const struct window *shown, int64_t since, int64_t now)
{
	enum window_order order = engine_cover_order(c);
	struct store_errand x;
	char name[24];

	snprintf(name, sizeof(name), "%lld", (long long)p->time);
	engine_errand_new(&x, feed, ERRAND_OLDER, name);
	x.url = engine_older_url(feed->url, p);
	x.since = since;
	x.until = p->time;
	x.item = last_known(before, order);
	x.mark = first_new(shown, order);
	x.due = now;
	window_pack(before, &x.data);
	engine_cover_day(c, now);
	if (x.url == NULL)
		lost(g, feed, c, &x, "the feed names no older page", now);
	else if (g->conf->coverage.walk_pages == 0 || !engine_cover_may_read(g, c))
		lost(g, feed, c, &x, "no more pages may be read today", now);
	else if (store_errand_count(g->store, feed->id, ERRAND_OLDER) >= WALKS)
		lost(g, feed, c, &x, "too many gaps at a time", now);
	else if (engine_errand_add(g, &x)) {
		log_debug("older", "%s: does not meet the last reading: reading %s",
		    feed->url, x.url);
		record_walk(g, &x, "begun", now);
	}
	store_errand_clear(&x);
}

int64_t
engine_older_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now)
{
	(void)g, (void)x, (void)feed, (void)now;
	m->poll.kind = POLL_OLDER;
	return CLOCK_NONE;
}

/* Takes one page; its window, with what is new since the walk's beginning as fresh. */
static void
take_page(struct engine *g, struct store_errand *x, const struct store_feed *feed,
    struct store_coverage *c, struct msg *m, int64_t known, struct window *shown,
    int64_t now)
{
	struct engine_take t = engine_take_all(feed, m);
	struct engine_reading r;
	int64_t size = engine_cover_size(m);

	t.known = known;
	engine_take(g, &t, &r, now);
	engine_removal_told(g, feed, &m->polled, &r.shown, now);
	for (size_t i = 0; i < r.shown.n; i++)
		if ((r.shown.v[i].flags & WINDOW_FRESH) == 0 && r.shown.v[i].item > 0)
			engine_sight_listed(g, feed, r.shown.v[i].item, t.time, now);
	*shown = r.shown;
	engine_cover_day(c, now);
	c->pages++;
	c->bytes += size;
	x->pages++;
	x->bytes += size;
	x->attempts = 0;
}

/* Goes on to the next page, or says why not. */
static const char *
go_on(struct engine *g, struct store_errand *x, const struct store_coverage *c,
    const struct msg_polled *p)
{
	char *next = engine_older_url(x->url, p);

	if (p->nitems == 0 || next == NULL)
		free(next);
	if (p->nitems == 0)
		return "the older page is empty";
	if (next == NULL)
		return "the feed names no older page";
	if (strcmp(next, x->url) == 0) {
		free(next);
		return "the older page names itself";
	}
	free(x->url);
	x->url = next;
	if (x->kind != ERRAND_OLDER)
		return NULL;
	if (x->pages >= (int64_t)g->conf->coverage.walk_pages ||
	    x->bytes >= (int64_t)g->conf->coverage.walk_bytes)
		return "no more pages may be read for one gap";
	return engine_cover_may_read(g, c) ? NULL : "no more pages may be read today";
}

/* Whether the walk has reached what the last reading knew.  What a page's limit keeps out
 * is its end: older still than what it met, but only where the newest stand first. */
static bool
has_met(const struct window *before, const struct window *shown,
    enum window_order order, bool cut)
{
	return shown->n > 0 && window_overlaps(before, shown, order) &&
	       (!cut || order == WINDOW_FALLING);
}

void
engine_older_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct store_coverage c;
	struct window before, shown = {0};
	const char *why = NULL;

	if (p->outcome != POLLED_OK) {
		if (p->outcome != POLLED_GONE && p->outcome != POLLED_NOT_FOUND &&
		    engine_errand_retry(g, x, p, PAGE_ATTEMPTS, now))
			return;
		why = "the older page cannot be read";
	}
	engine_cover_get(g, feed, &c);
	window_unpack(&x->data, &before);
	if (why == NULL) {
		take_page(g, x, feed, &c, m, x->since, &shown, now);
		if (has_met(&before, &shown, engine_cover_order(&c), p->cut)) {
			log_debug("older", "%s: met after %lld pages", feed->url,
			    (long long)x->pages);
			record_walk(g, x, "met", now);
			engine_errand_drop(g, x);
			goto out;
		}
		x->mark = first_new(&shown, engine_cover_order(&c));
		why = p->cut ? "an older page was not read to its end"
			     : go_on(g, x, &c, p);
	}
	if (why != NULL) {
		lost(g, feed, &c, x, why, now);
	} else {
		x->due = now;
		engine_errand_put(g, x);
	}
out:
	engine_cover_put(g, &c);
	store_coverage_clear(&c);
	window_free(&before);
	window_free(&shown);
}

/* --- the whole history --- */

void
engine_older_fill(
    struct engine *g, const struct store_feed *feed, const struct msg_polled *p)
{
	struct store_errand x;

	if (g->conf->coverage.backfill_pages == 0)
		return;
	engine_errand_new(&x, feed, ERRAND_FILL, NULL);
	x.url = engine_older_url(feed->url, p);
	x.due = p->time;
	if (x.url != NULL) /* the row stays when all is read: once is enough */
		engine_errand_add(g, &x);
	store_errand_clear(&x);
}

static bool
may_fill(const struct engine *g, const struct store_coverage *c)
{
	return c->filled < (int64_t)g->conf->coverage.backfill_pages &&
	       engine_cover_may_read(g, c);
}

int64_t
engine_fill_ask(struct engine *g, struct store_errand *x, const struct store_feed *feed,
    struct msg *m, int64_t now)
{
	(void)x;
	m->poll.kind = POLL_OLDER;
	return engine_cover_budget(g, feed, may_fill, now);
}

static bool
has_fresh(const struct window *w)
{
	for (size_t i = 0; i < w->n; i++)
		if ((w->v[i].flags & WINDOW_FRESH) != 0)
			return true;
	return false;
}

void
engine_fill_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct store_coverage c;
	struct window shown = {0};
	const char *end = "the older page cannot be read";

	if (p->outcome != POLLED_OK && p->outcome != POLLED_GONE &&
	    p->outcome != POLLED_NOT_FOUND &&
	    engine_errand_retry(g, x, p, PAGE_ATTEMPTS, now))
		return;
	engine_cover_get(g, feed, &c);
	if (p->outcome == POLLED_OK) {
		take_page(g, x, feed, &c, m, INT64_MAX, &shown, now);
		c.filled++;
		x->stage = has_fresh(&shown) ? 0 : x->stage + 1;
		end = go_on(g, x, &c, p);
		if (end == NULL && x->stage >= STALE_PAGES)
			end = "nothing new any more";
	}
	x->due = end != NULL ? CLOCK_NONE : now;
	if (end != NULL)
		log_info("older", "%s: history read, %lld pages: %s", feed->url,
		    (long long)x->pages, end);
	engine_errand_put(g, x);
	engine_cover_put(g, &c);
	store_coverage_clear(&c);
	window_free(&shown);
}
