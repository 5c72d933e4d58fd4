/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_media: what the pictures, sounds and films of an item consist of, where
 * policy.media says that this is wanted.  A revision whose media nobody has looked at
 * yet is not sent to a worker: an errand asks for one medium after the other, fetch
 * sends back digests, which join the revision's body, and then it is inspected.  What
 * cannot be had, or not in time, is said of the medium: a missing answer is an answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

#define ATTEMPTS 2

static bool
unknown(const struct item_media *m)
{
	return m->sha256 == NULL && m->why == NULL;
}

/* The next medium that is to be asked for, from the i-th on; its number, or nmedia. */
static size_t
next_unknown(const struct item *it, size_t i)
{
	while (i < it->nmedia && !unknown(&it->media[i]))
		i++;
	return i;
}

bool
engine_media_want(struct engine *g, const struct store_revision *r, int64_t now)
{
	size_t i = next_unknown(&r->body, 0);
	struct store_feed feed = {.id = r->feed};
	struct store_errand x;
	char *name;

	if (!g->conf->policy.media || i == r->body.nmedia)
		return false;
	memcpy(feed.tenant, r->tenant, sizeof(feed.tenant));
	name = xasprintf("%lld", (long long)r->id);
	engine_errand_new(&x, &feed, ERRAND_MEDIA, name);
	x.url = xstrdup(r->body.media[i].url);
	x.item = r->item;
	x.stage = (uint32_t)i;
	x.since = x.due = now;
	x.until = now + g->conf->policy.media_wait;
	engine_errand_add(g, &x); /* or it is there: a restart found both */
	store_errand_clear(&x);
	free(name);
	return true;
}

/* The revision that the errand is for; false: it was judged or is gone. */
static bool
revision_of(struct engine *g, const struct store_errand *x, struct store_revision *r)
{
	struct err e = ERR_INIT;
	bool waits;

	if (engine_must(store_revision_get(g->store, strtoll(x->name, NULL, 10), r, &e),
		TOSD_ENOENT, "cannot read a revision", &e) != 0)
		return false;
	waits = r->state == INSPECT_PENDING;
	if (!waits)
		store_revision_clear(r);
	return waits;
}

static void
keep_body(struct engine *g, const struct store_revision *r)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	engine_must(store_revision_body(g->store, &at, r->id, &r->body, &e), 0,
	    "cannot keep what media are", &e);
}

/* No more is asked: what is unknown stays so, for this reason. */
static void
settle(
    struct engine *g, struct store_errand *x, struct store_revision *r, const char *why)
{
	for (size_t i = 0; i < r->body.nmedia; i++)
		if (unknown(&r->body.media[i]))
			item_media_hash(&r->body.media[i], NULL, NULL, NULL, 0, why);
	keep_body(g, r);
	engine_errand_drop(g, x);
	engine_queue_add(&g->pending, engine_lane(r->tenant), r->id);
}

/* What was asked for of this feed today, and n more. */
static int64_t
spend(struct engine *g, const struct store_errand *x, int64_t n, int64_t now)
{
	struct store_feed feed = {.id = x->feed};
	struct store_coverage c;
	int64_t sum;

	memcpy(feed.tenant, x->tenant, sizeof(feed.tenant));
	engine_cover_get(g, &feed, &c);
	engine_cover_day(&c, now);
	sum = c.media += n;
	if (n > 0)
		engine_cover_put(g, &c);
	store_coverage_clear(&c);
	return sum;
}

/* Why nothing more is asked for; NULL: something is, or (*over) nobody wants it. */
static const char *
why_over(struct engine *g, const struct store_errand *x, int64_t now, bool *over)
{
	*over = true;
	if (!g->conf->policy.media)
		return NULL; /* then nothing is missing */
	if (now >= x->until)
		return "not there in time (policy.media_wait)";
	if (spend(g, x, 0, now) >= (int64_t)g->conf->policy.media_day)
		return "not asked for: so many of a feed and day are not "
		       "(policy.media_day)";
	*over = false;
	return NULL;
}

bool
engine_media_over(struct engine *g, struct store_errand *x, int64_t now)
{
	struct store_revision r;
	bool over;
	const char *why = why_over(g, x, now, &over);

	if (!over)
		return false;
	if (!revision_of(g, x, &r)) {
		engine_errand_drop(g, x);
		return true;
	}
	settle(g, x, &r, why);
	store_revision_clear(&r);
	return true;
}

int64_t
engine_media_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now)
{
	(void)feed;
	spend(g, x, 1, now);
	m->poll.kind = POLL_MEDIA;
	return CLOCK_NONE;
}

/* Whether asking again could help. */
static bool
may_pass(uint8_t outcome)
{
	return outcome == POLLED_RATE_LIMIT || outcome == POLLED_HTTP_ERROR ||
	       outcome == POLLED_DNS || outcome == POLLED_CONNECT ||
	       outcome == POLLED_TLS || outcome == POLLED_TIMEOUT ||
	       outcome == POLLED_OWN_FAULT;
}

static bool
try_again(
    struct engine *g, struct store_errand *x, const struct msg_polled *p, int64_t now)
{
	if (!may_pass(p->outcome) || p->truncated ||
	    !engine_errand_retry(g, x, p, ATTEMPTS, now))
		return false;
	if (x->due > x->until) {
		x->due = x->until;
		engine_errand_put(g, x);
	}
	return true;
}

/* What fetch says of the medium that was asked for. */
static void
take_answer(struct item_media *to, const struct msg_polled *p)
{
	const struct item_media *m =
	    p->nitems == 1 && p->items[0].nmedia == 1 ? &p->items[0].media[0] : NULL;
	char *why;

	if (p->outcome == POLLED_OK && m != NULL && m->sha256 != NULL) {
		item_media_hash(to, m->sha256, m->md5, m->pdq, m->quality, m->why);
		return;
	}
	why = xasprintf("%s%s%.200s", polled_name(p->outcome),
	    p->why != NULL ? ": " : "", p->why != NULL ? p->why : "");
	item_media_hash(to, NULL, NULL, NULL, 0, why);
	free(why);
}

void
engine_media_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	struct store_revision r;
	size_t next;

	(void)feed;
	if (!revision_of(g, x, &r)) {
		engine_errand_drop(g, x);
		return;
	}
	if (!try_again(g, x, &m->polled, now)) {
		if (x->stage < r.body.nmedia)
			take_answer(&r.body.media[x->stage], &m->polled);
		next = next_unknown(&r.body, x->stage);
		if (next >= r.body.nmedia || next >= g->conf->policy.media_items) {
			settle(g, x, &r,
			    "not asked for: so many of one item are not "
			    "(policy.media_items)");
		} else {
			keep_body(g, &r);
			free(x->url);
			x->url = xstrdup(r.body.media[next].url);
			x->stage = (uint32_t)next;
			x->attempts = 0;
			x->due = now;
			engine_errand_put(g, x);
		}
	}
	store_revision_clear(&r);
}
