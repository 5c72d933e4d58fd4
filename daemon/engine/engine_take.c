/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_take: a document's items into the store: what is known, what is new, what is a
 * revision, with the capture that proves them.  A post is (feed, id); where a feed
 * gives one id to several posts, content and address decide which is which.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_batch.h"
#include "engine/engine_look.h"

/* A date further ahead than this is not believed; the time of reading counts. */
#define FUTURE_SLACK CLOCK_DAY
/* A post that says it was changed later than this from now must not hide its next
 * change: it is not believed. */
#define STAMP_AHEAD CLOCK_HOUR

/* --- identity: one id for several posts in one document --- */

struct by_id {
	const char *id, *url;
	uint32_t at;
};

static int
by_id_cmp(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;
	int c = strcmp(x->id, y->id);

	if (c == 0)
		c = strcmp(x->url, y->url);
	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

/* What the document itself says of an item's identity. */
struct mark {
	bool twin;   /* another one has the same id */
	bool placed; /* ... and none of these the same address */
};

static void
find_twins(const struct engine_take *t, struct mark *mark)
{
	struct by_id *v = xcalloc(t->n + 1, sizeof(*v));

	for (uint32_t i = 0; i < t->n; i++) {
		v[i].id = t->items[i].id != NULL ? t->items[i].id : "";
		v[i].url = t->items[i].url != NULL ? t->items[i].url : "";
		v[i].at = i;
		mark[i].placed = v[i].url[0] != '\0';
	}
	qsort(v, t->n, sizeof(*v), by_id_cmp);
	for (uint32_t i = 1; i < t->n; i++) {
		if (strcmp(v[i - 1].id, v[i].id) != 0)
			continue;
		mark[v[i - 1].at].twin = mark[v[i].at].twin = true;
		if (strcmp(v[i - 1].url, v[i].url) == 0)
			mark[v[i - 1].at].placed = mark[v[i].at].placed = false;
	}
	free(v);
}

static int
look_up(struct engine_batch *b, const char *guid, struct store_item *row)
{
	struct err e = ERR_INIT;

	return engine_must(store_item_find(b->g->store, b->feed->id, guid, row, &e),
	    TOSD_ENOENT, "cannot look for an item", &e);
}

/* The keys that an item with an id of several posts may be stored by. */
struct keys {
	const char *plain;
	char *content, *place;
};

static void
keys_make(struct keys *k, const char *plain, const struct item *it, const char *digest)
{
	char place[DIGEST_HEX];

	k->plain = plain;
	k->content = xasprintf("%s" STORE_APART "%.16s", plain, digest);
	k->place = NULL;
	if (it->url != NULL) {
		digest_hex_of(it->url, strlen(it->url), place);
		k->place = xasprintf("%s" STORE_APART "@%.16s", plain, place);
	}
}

static void
keys_free(struct keys *k)
{
	free(k->content);
	free(k->place);
}

/* Looks for the plain key; *shared, where it is not there: others are.  What a document
 * shows is known as a rule, what a stream brings is new. */
static int
look_up_plain(
    struct engine_batch *b, const char *plain, struct store_item *row, bool *shared)
{
	enum store_near near;
	struct err e = ERR_INIT;

	*shared = false;
	if (!b->t->events && look_up(b, plain, row) == 0)
		return 0;
	engine_must(store_item_near(b->g->store, b->feed->id, plain, &near, &e), 0,
	    "cannot look for an item", &e);
	if (near == STORE_NEAR_THERE)
		return look_up(b, plain, row);
	*shared = near == STORE_NEAR_SHARED;
	return TOSD_ENOENT;
}

/* Whether the plain key is of a post at this address. */
static bool
plain_is_at(struct engine_batch *b, const struct keys *k, const char *url,
    struct store_item *row)
{
	bool same;

	if (look_up(b, k->plain, row) != 0)
		return false;
	same = row->url != NULL && strcmp(row->url, url) == 0;
	if (!same)
		store_item_clear(row);
	return same;
}

/* An id that several posts have, or had: whoever has this content is the one; then
 * whoever has this address, if only one of the document's has it.  Else it is new, and
 * *guid is the key to store it by. */
static int
find_among(struct engine_batch *b, const struct item *it, const char *digest,
    bool placed, const struct keys *k, struct store_item *row, char **guid)
{
	*guid = k->content;
	if (look_up(b, k->content, row) == 0)
		return 0;
	if (k->place == NULL)
		return TOSD_ENOENT;
	if (look_up(b, k->place, row) == 0) {
		if (placed || strcmp(row->digest, digest) == 0)
			return 0;
		store_item_clear(row);
		return TOSD_ENOENT;
	}
	if (!placed)
		return TOSD_ENOENT;
	*guid = k->place;
	return plain_is_at(b, k, it->url, row) ? 0 : TOSD_ENOENT;
}

/* Finds the item that `it` is; *guid, to be freed, is its key if there is none. */
static int
find_item(struct engine_batch *b, const struct item *it, const char *digest,
    struct mark mark, struct store_item *row, char **guid)
{
	const char *plain = it->id != NULL ? it->id : digest;
	struct keys k;
	char *key;
	bool shared;
	int rc;

	if (b->t->apart) {
		*guid = xasprintf("%s" STORE_APART "~%.16s", plain, digest);
		return look_up(b, *guid, row);
	}
	engine_batch_meet(b, plain);
	rc = look_up_plain(b, plain, row, &shared);
	if (rc == 0 && strcmp(row->digest, digest) != 0)
		shared = store_item_shares(b->g->store, b->feed->id, plain);
	if (!(shared || mark.twin) || (rc == 0 && strcmp(row->digest, digest) == 0)) {
		*guid = xstrdup(plain);
		return rc;
	}
	if (rc == 0)
		store_item_clear(row);
	keys_make(&k, plain, it, digest);
	rc = find_among(b, it, digest, mark.placed, &k, row, &key);
	*guid = xstrdup(key);
	keys_free(&k);
	return rc;
}

/* --- one item --- */

int64_t
engine_event_time(int64_t published, int64_t seen)
{
	bool believed = published != CLOCK_NONE && published > 0 &&
			published <= seen + FUTURE_SLACK;

	return believed ? published : seen;
}

/* The feed shows an item that we reported: that is a look as good as any. */
struct seen {
	struct engine *g;
	int64_t time, now;
};

static int
seen_online(void *ctx, const struct store_violation *row)
{
	struct seen *s = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->presence == PRESENT_EDITED)
		return 0;
	engine_must(store_violation_get(s->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	engine_presence_set(s->g, &v, PRESENT_ONLINE, s->time, NULL, s->now);
	store_violation_clear(&v);
	return 0;
}

/* A post of the document, for the comparison with the last one. */
static void
show(struct engine_batch *b, const struct store_item *row, const struct item *it,
    bool fresh)
{
	struct window_post p = {.item = row->id,
	    .published = it->published,
	    .updated = it->updated,
	    .gone = CLOCK_NONE,
	    .flags = fresh ? WINDOW_FRESH : 0};

	window_add(&b->out->shown, &p);
}

/* A post that may be known by its name alone.  True if it is new to the caller: what
 * was pointed at before is not, however late its page was read. */
static bool
take_pointer(struct engine_batch *b, const struct item *it, bool known, int64_t now)
{
	struct window_post p = {
	    .published = it->published, .updated = it->updated, .gone = CLOCK_NONE};
	bool fresh;

	if (it->id == NULL || it->url == NULL)
		return true;
	fresh = engine_pointer_want(b->g, b->feed, it, b->t, now);
	if (known)
		return fresh;
	if (fresh)
		p.flags = WINDOW_FRESH;
	p.item = -2 - (int64_t)((uint64_t)look_hash(it->id, strlen(it->id)) >> 2);
	window_add(&b->out->shown, &p);
	return fresh;
}

/* The same content as before: the feed shows it, and that is a look. */
static void
take_known(struct engine_batch *b, const struct store_item *row, int64_t now)
{
	struct seen s = {b->g, b->t->time, now};

	if (row->violations > 0)
		engine_walk(store_violation_each(
		    b->g->store, VIOLATION_OF_ITEM, row->id, 0, seen_online, &s));
}

static void
take_new(struct engine_batch *b, struct store_item *row, uint32_t at, const char *guid,
    const char *digest, bool twin)
{
	bool fresh = row->id == 0;

	if (fresh) {
		row->first_seen = b->t->time;
		b->out->fresh++;
	} else {
		b->out->changed++;
	}
	engine_batch_add(b, row, at, guid, digest, twin);
	if (!fresh)
		engine_sight_edited(b->g, row, b->t->time);
}

int64_t
engine_take_stamp(const struct item *it)
{
	return it->updated != CLOCK_NONE ? it->updated : it->published;
}

bool
engine_take_is_later(const struct item *known, const struct item *came, int64_t now)
{
	int64_t t = engine_take_stamp(known);

	return t > engine_take_stamp(came) && t <= now + STAMP_AHEAD;
}

/* Streams that are resumed send edits and what came before them again. */
static bool
is_stale(struct engine_batch *b, const struct store_item *row, const struct item *it,
    int64_t now)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	bool stale;

	if (!b->t->events || engine_take_stamp(it) == CLOCK_NONE)
		return false;
	engine_must(store_revision_get(b->g->store, row->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	stale = engine_take_is_later(&r.body, it, now);
	store_revision_clear(&r);
	return stale;
}

/* A link may lead anywhere: what is found there says little of the post. */
static bool
elsewhere(const struct engine_take *t, const char *url)
{
	return url != NULL && !engine_same_site(t->feed->url, url) &&
	       !engine_same_site(t->site, url);
}

static void
take_item(struct engine_batch *b, uint32_t at, struct mark mark, int64_t now)
{
	struct item *it = &b->t->items[at];
	struct store_item row = {0};
	uint8_t d[DIGEST_LEN];
	char digest[DIGEST_HEX], *guid;
	bool pointer = (it->flags & ITEM_POINTER) != 0 && !b->t->pages, fresh;
	int rc;

	if (mark.twin) {
		it->flags |= ITEM_SHARED_ID;
		b->out->shared++;
	}
	if (b->t->apart)
		it->flags |= ITEM_CLOAKED;
	if (elsewhere(b->t, it->url))
		it->flags |= ITEM_ELSEWHERE;
	item_digest(it, d);
	digest_hex(d, sizeof(d), digest);
	rc = find_item(b, it, digest, mark, &row, &guid);
	fresh = rc != 0 || row.first_seen > b->t->known;
	if (pointer)
		fresh = take_pointer(b, it, row.id != 0, now) && fresh;
	else if (rc == 0 && strcmp(row.digest, digest) == 0)
		take_known(b, &row, now);
	else if (rc == 0 && is_stale(b, &row, it, now))
		b->out->stale++;
	else
		take_new(b, &row, at, guid, digest, mark.twin);
	if (row.id != 0)
		show(b, &row, it, fresh);
	store_item_clear(&row);
	free(guid);
}

/* --- the document --- */

struct engine_take
engine_take_all(const struct store_feed *feed, struct msg *m)
{
	struct msg_polled *p = &m->polled;

	return (struct engine_take){.feed = feed,
	    .items = p->items,
	    .n = p->nitems,
	    .time = p->time,
	    .status = p->status,
	    .fd = m->fd,
	    .truncated = p->truncated,
	    .known = INT64_MAX,
	    .site = p->site};
}

void
engine_take(struct engine *g, const struct engine_take *t, struct engine_reading *out,
    int64_t now)
{
	struct engine_batch b;
	struct mark *mark = xcalloc(t->n + 1, sizeof(*mark));

	memset(out, 0, sizeof(*out));
	engine_batch_begin(&b, g, t, out);
	if (!t->events)
		find_twins(t, mark);
	for (uint32_t i = 0; i < t->n; i++)
		take_item(&b, i, mark[i], now);
	if (!t->events) /* of one id, or of names alike by their hash */
		window_unite(&out->shown);
	if (b.n > 0) {
		engine_batch_keep(&b, now);
		log_debug("take", "%s: %u new, %u changed of %u items", t->feed->url,
		    out->fresh, out->changed, t->n);
	}
	g->items_new += out->fresh;
	g->items_changed += out->changed;
	engine_batch_end(&b);
	free(mark);
}
