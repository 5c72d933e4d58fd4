/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_take: a document's items into the store: what is known, what is new, what is a
 * revision, with the capture that proves them.  A post is (feed, id); where a feed
 * gives one id to several posts, content and address decide which is which.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"
#include "engine/engine_json.h"
#include "engine/engine_look.h"

/* A date further ahead than this is not believed; the time of reading counts. */
#define FUTURE_SLACK CLOCK_DAY
/* Revisions that a capture's entry names, so that it stays below 65,535 bytes.  They
 * matter once the capture is erased: until then its metadata names them all. */
#define NAMED_MAX 1500
/* Between an id and what tells its posts apart: no id holds a control character. */
#define APART "\x1f"

/* The revisions that one document added, for the capture that proves them. */
struct batch {
	struct engine *g;
	const struct engine_take *t;
	const struct store_feed *feed;
	struct store_at at;
	struct engine_reading *out;
	int64_t *revisions;
	size_t n;
	json_t *items; /* metadata of the capture */
	json_t *named; /* [revision, item, n] for the entry */
};

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
look_up(struct batch *b, const char *guid, struct store_item *row)
{
	struct err e = ERR_INIT;

	return engine_must(store_item_find(b->g->store, b->feed->id, guid, row, &e),
	    TOSD_ENOENT, "cannot look for an item", &e);
}

/* The keys that an item may be stored by. */
struct keys {
	char *plain, *content, *place;
};

static void
keys_make(struct keys *k, const struct item *it, const char *digest)
{
	char place[DIGEST_HEX];

	k->plain = xstrdup(it->id != NULL ? it->id : digest);
	k->content = xasprintf("%s" APART "%.16s", k->plain, digest);
	k->place = NULL;
	if (it->url != NULL) {
		digest_hex_of(it->url, strlen(it->url), place);
		k->place = xasprintf("%s" APART "@%.16s", k->plain, place);
	}
}

static void
keys_free(struct keys *k)
{
	free(k->plain);
	free(k->content);
	free(k->place);
}

static bool
shared_before(struct batch *b, const struct keys *k)
{
	char *prefix = xasprintf("%s" APART, k->plain);
	bool found = store_item_shares(b->g->store, b->feed->id, prefix);

	free(prefix);
	return found;
}

/* Whether the plain key is of a post at this address. */
static bool
plain_is_at(
    struct batch *b, const struct keys *k, const char *url, struct store_item *row)
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
find_among(struct batch *b, const struct item *it, const char *digest, bool placed,
    const struct keys *k, struct store_item *row, char **guid)
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
find_item(struct batch *b, const struct item *it, const char *digest, struct mark mark,
    struct store_item *row, char **guid)
{
	struct keys k;
	char *key;
	int rc;

	keys_make(&k, it, digest);
	key = k.plain;
	if (b->t->apart) {
		key = xasprintf("%s" APART "~%.16s", k.plain, digest);
		rc = look_up(b, key, row);
		*guid = key;
		keys_free(&k);
		return rc;
	}
	rc = look_up(b, k.plain, row);
	if ((rc != 0 || strcmp(row->digest, digest) != 0) &&
	    (mark.twin || shared_before(b, &k))) {
		if (rc == 0)
			store_item_clear(row);
		rc = find_among(b, it, digest, mark.placed, &k, row, &key);
	}
	*guid = xstrdup(key);
	keys_free(&k);
	return rc;
}

/* --- one item --- */

static void
set_str(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, key, json_string(value));
}

/* What the vault keeps beside the bytes, enough to make the store again. */
static json_t *
item_metadata(
    const struct store_item *row, const struct store_revision *r, const struct item *it)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:s, s:s}", "item", (json_int_t)row->id,
	    "revision", (json_int_t)r->id, "n", (json_int_t)r->n, "guid", row->guid,
	    "sha256", r->digest);
	struct buf wire = {0}, text = {0};

	set_str(o, "url", it->url);
	set_str(o, "title", it->title);
	set_str(o, "author", it->author);
	set_str(o, "text", it->text);
	json_set_time(o, "published", it->published);
	/* The whole record as the engine had it, for rebuild. */
	item_put(&wire, it);
	digest_base64(&text, wire.data, wire.len);
	set_str(o, "record", text.data);
	buf_free(&wire);
	buf_free(&text);
	return o;
}

int64_t
engine_event_time(int64_t published, int64_t seen)
{
	bool believed = published != CLOCK_NONE && published > 0 &&
			published <= seen + FUTURE_SLACK;

	return believed ? published : seen;
}

static void
add_revision(
    struct batch *b, struct store_item *row, const struct item *it, const char *digest)
{
	struct store_revision r = {0};
	struct err e = ERR_INIT;

	r.item = row->id;
	r.seen = b->t->time;
	r.time = engine_event_time(it->published, r.seen);
	snprintf(r.digest, sizeof(r.digest), "%s", digest);
	r.entry = -1;
	r.state = INSPECT_PENDING;
	r.body = *it; /* lent: the store only reads it */
	engine_must(store_revision_add(b->g->store, &b->at, row, &r, &e), 0,
	    "cannot keep a revision", &e);
	b->revisions[b->n++] = r.id;
	json_array_append_new(b->items, item_metadata(row, &r, it));
	if (json_array_size(b->named) < NAMED_MAX)
		json_array_append_new(
		    b->named, json_pack("[I, I, I]", (json_int_t)r.id,
				  (json_int_t)r.item, (json_int_t)r.n));
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

/* A post of the document, for the comparison with the last one.  None is there twice.
 */
static void
show(struct batch *b, const struct store_item *row, const struct item *it,
    struct mark mark, bool fresh)
{
	struct window *w = &b->out->shown;
	struct window_post p = {.item = row->id,
	    .published = it->published,
	    .updated = it->updated,
	    .gone = CLOCK_NONE,
	    .flags = fresh || row->first_seen > b->t->known ? WINDOW_FRESH : 0};

	for (size_t i = 0; mark.twin && i < w->n; i++)
		if (w->v[i].item == row->id)
			return;
	window_add(w, &p);
}

/* A post that may be known by its name alone. */
static void
take_pointer(struct batch *b, const struct item *it, bool known, int64_t now)
{
	struct window *w = &b->out->shown;
	struct window_post p = {
	    .published = it->published, .updated = it->updated, .gone = CLOCK_NONE};

	if (it->id == NULL || it->url == NULL)
		return;
	if (engine_pointer_want(b->g, b->feed, it, b->t->known, now))
		p.flags = WINDOW_FRESH;
	if (known)
		return;
	p.item = -2 - (int64_t)((uint64_t)look_hash(it->id, strlen(it->id)) >> 2);
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].item == p.item)
			return;
	window_add(w, &p);
}

/* The same content as before: the feed shows it, and that is a look. */
static void
take_known(struct batch *b, const struct store_item *row, int64_t now)
{
	struct seen s = {b->g, b->t->time, now};

	if (row->violations > 0)
		engine_walk(store_violation_each(
		    b->g->store, VIOLATION_OF_ITEM, row->id, 0, seen_online, &s));
}

static void
take_new(struct batch *b, struct store_item *row, const struct item *it,
    const char *guid, const char *digest)
{
	bool fresh = row->id == 0;

	if (fresh) {
		row->feed = b->feed->id;
		memcpy(row->tenant, b->feed->tenant, sizeof(row->tenant));
		row->guid = xstrdup(guid);
		row->url = xstrdup(it->url);
		row->first_seen = b->t->time;
		b->out->fresh++;
	} else {
		b->out->changed++;
	}
	add_revision(b, row, it, digest);
	if (!fresh)
		engine_sight_edited(b->g, row, b->t->time);
}

/* A link may lead anywhere: what is found there says little of the post. */
static bool
elsewhere(const struct engine_take *t, const char *url)
{
	return url != NULL && !engine_same_site(t->feed->url, url) &&
	       !engine_same_site(t->site, url);
}

static void
take_item(struct batch *b, struct item *it, struct mark mark, int64_t now)
{
	struct store_item row = {0};
	uint8_t d[DIGEST_LEN];
	char digest[DIGEST_HEX], *guid;
	bool pointer = (it->flags & ITEM_POINTER) != 0 && !b->t->pages;
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
	if (pointer)
		take_pointer(b, it, row.id != 0, now);
	else if (rc == 0 && strcmp(row.digest, digest) == 0)
		take_known(b, &row, now);
	else
		take_new(b, &row, it, guid, digest);
	if (row.id != 0)
		show(b, &row, it, mark, rc != 0);
	store_item_clear(&row);
	free(guid);
}

/* --- the document --- */

static void
keep_capture(struct batch *b, int64_t now)
{
	struct vault_ref ref = {0};
	struct err e = ERR_INIT;
	json_t *meta = json_pack("{s:I, s:s, s:s, s:I, s:O}", "feed",
	    (json_int_t)b->feed->id, "url", b->feed->url, "tenant", b->feed->tenant,
	    "seen", (json_int_t)b->t->time, "items", b->items);
	json_t *entry = json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:I, s:O}", "tenant",
	    b->feed->tenant, "feed", (json_int_t)b->feed->id, "status", b->t->status,
	    "items", (int)b->t->n, "new", (int)b->out->fresh, "changed",
	    (int)b->out->changed, "seen", (json_int_t)b->t->time, "revisions",
	    b->named);
	int64_t seq;

	if (b->out->shared > 0)
		json_object_set_new(entry, "shared", json_integer(b->out->shared));
	if (b->t->apart)
		json_object_set_new(entry, "apart", json_true());
	if (!engine_capture_put(b->g, b->t->fd, meta, b->t->truncated, &ref)) {
		/* The items are still on record, and the entry says that their bytes
		 * are not. */
		engine_capture_bare(b->g, b->feed->url, b->t->time, meta, &ref);
		json_object_set_new(entry, "bare", json_true());
	}
	engine_record_file(entry, &ref);
	seq = engine_record(b->g, "capture", entry, NULL, now);
	for (size_t i = 0; i < b->n; i++) {
		engine_must(store_revision_captured(b->g->store, &b->at,
				b->revisions[i], ref.id, ref.path, ref.commit, seq, &e),
		    0, "cannot tie a revision to its capture", &e);
		engine_queue_add(&b->g->pending, b->revisions[i]);
	}
	json_decref(meta);
}

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
	struct batch b = {.g = g,
	    .t = t,
	    .feed = t->feed,
	    .out = out,
	    .at = engine_at(g, t->feed->tenant)};
	struct mark *mark = xcalloc(t->n + 1, sizeof(*mark));

	memset(out, 0, sizeof(*out));
	b.items = json_array();
	b.named = json_array();
	b.revisions = xcalloc(t->n + 1, sizeof(*b.revisions));
	if (!t->events)
		find_twins(t, mark);
	for (uint32_t i = 0; i < t->n; i++)
		take_item(&b, &t->items[i], mark[i], now);
	if (b.n > 0) {
		keep_capture(&b, now);
		log_debug("take", "%s: %u new, %u changed of %u items", t->feed->url,
		    out->fresh, out->changed, t->n);
	}
	g->items_new += out->fresh;
	g->items_changed += out->changed;
	json_decref(b.items);
	json_decref(b.named);
	free(b.revisions);
	free(mark);
}
