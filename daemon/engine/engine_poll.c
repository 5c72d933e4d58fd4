/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_poll: what a poll brought: new items and revisions, validators, gaps and
 * the time of the next poll, all in one transaction, so that a crash can neither
 * lose nor double an item.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "fetch/schedule.h"

/* A date further ahead than this is not believed; the time of reading counts. */
#define FUTURE_SLACK CLOCK_DAY
/* Revisions that a capture's entry names, so that it stays below 65,535 bytes.  They
 * matter once the capture is erased: until then its metadata names them all. */
#define NAMED_MAX 1500

/* The revisions that one poll added, for the capture that proves them. */
struct batch {
	struct engine *g;
	struct store_feed *feed;
	struct store_at at;
	const struct msg_polled *p;
	int64_t *revisions;
	size_t n;
	unsigned fresh, changed;
	json_t *items; /* metadata of the capture */
	json_t *named; /* [revision, item, n] for the entry */
};

/* --- identity: one guid for several contents in one document --- */

struct by_id {
	const char *id;
	uint32_t at;
};

static int
by_id_cmp(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;
	int c = strcmp(x->id, y->id);

	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

/* twin[i] is set where another item of the document has the same id. */
static void
find_twins(const struct msg_polled *p, bool *twin)
{
	struct by_id *v = xcalloc(p->nitems, sizeof(*v));

	for (uint32_t i = 0; i < p->nitems; i++) {
		v[i].id = p->items[i].id != NULL ? p->items[i].id : "";
		v[i].at = i;
	}
	qsort(v, p->nitems, sizeof(*v), by_id_cmp);
	for (uint32_t i = 1; i < p->nitems; i++)
		if (strcmp(v[i - 1].id, v[i].id) == 0)
			twin[v[i - 1].at] = twin[v[i].at] = true;
	free(v);
}

/* Finds the item that `it` is.  Among twins the digest decides who is who: the
 * content already known by the plain id keeps it, every other one is an item of its
 * own.  *guid is the key to store it by. */
static int
find_item(struct batch *b, const struct item *it, const char *digest, bool twin,
    struct store_item *row, char **guid)
{
	struct err e = ERR_INIT;
	int rc;

	*guid = xstrdup(it->id != NULL ? it->id : digest);
	rc = engine_must(store_item_find(b->g->store, b->feed->id, *guid, row, &e),
	    TOSD_ENOENT, "cannot look for an item", &e);
	if (!twin || (rc == 0 && strcmp(row->digest, digest) == 0))
		return rc;
	if (rc == 0)
		store_item_clear(row);
	free(*guid);
	*guid = xasprintf("%s#%.16s", it->id != NULL ? it->id : "", digest);
	return engine_must(store_item_find(b->g->store, b->feed->id, *guid, row, &e),
	    TOSD_ENOENT, "cannot look for an item", &e);
}

/* --- one item --- */

static void
set_str(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, key, json_string(value));
}

static void
set_time(json_t *o, const char *key, int64_t ms)
{
	char t[CLOCK_TEXT];

	if (ms != CLOCK_NONE)
		json_object_set_new(o, key, json_string(clock_format(ms, t)));
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
	set_time(o, "published", it->published);
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
	r.seen = b->p->time;
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

static void
take_item(struct batch *b, struct item *it, bool twin, int64_t now)
{
	struct store_item row = {0};
	uint8_t d[DIGEST_LEN];
	char digest[DIGEST_HEX], *guid;
	int rc;

	item_digest(it, d);
	digest_hex(d, sizeof(d), digest);
	rc = find_item(b, it, digest, twin, &row, &guid);
	if (rc == 0 && strcmp(row.digest, digest) == 0) {
		if (row.violations > 0) {
			struct seen s = {b->g, b->p->time, now};

			engine_walk(store_violation_each(b->g->store, VIOLATION_OF_ITEM,
			    row.id, 0, seen_online, &s));
		}
	} else {
		if (rc != 0) {
			row.feed = b->feed->id;
			memcpy(row.tenant, b->feed->tenant, sizeof(row.tenant));
			row.guid = xstrdup(guid);
			row.url = xstrdup(it->url);
			row.first_seen = b->p->time;
			b->fresh++;
		} else {
			b->changed++;
		}
		add_revision(b, &row, it, digest);
	}
	store_item_clear(&row);
	free(guid);
}

/* --- the document --- */

static void
keep_capture(struct batch *b, int fd, int64_t now)
{
	struct vault_ref ref = {0};
	struct err e = ERR_INIT;
	json_t *meta = json_pack("{s:I, s:s, s:s, s:I, s:O}", "feed",
	    (json_int_t)b->feed->id, "url", b->feed->url, "tenant", b->feed->tenant,
	    "seen", (json_int_t)b->p->time, "items", b->items);
	json_t *entry = json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:I, s:O}", "tenant",
	    b->feed->tenant, "feed", (json_int_t)b->feed->id, "status", b->p->status,
	    "items", (int)b->p->nitems, "new", (int)b->fresh, "changed",
	    (int)b->changed, "seen", (json_int_t)b->p->time, "revisions", b->named);
	int64_t seq;

	if (!engine_capture_put(b->g, fd, meta, b->p->truncated, &ref)) {
		/* The items are still on record, and the entry says that their bytes
		 * are not. */
		engine_capture_bare(b->g, b->feed->url, b->p->time, meta, &ref);
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

void
engine_take_items(struct engine *g, struct store_feed *feed, struct msg *m, bool events,
    int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct batch b = {
	    .g = g, .feed = feed, .p = p, .at = engine_at(g, feed->tenant)};
	bool *twin = xcalloc(p->nitems, sizeof(*twin));

	b.items = json_array();
	b.named = json_array();
	b.revisions = xcalloc(p->nitems, sizeof(*b.revisions));
	if (!events)
		find_twins(p, twin);
	for (uint32_t i = 0; i < p->nitems; i++)
		take_item(&b, &p->items[i], twin[i], now);
	if (b.n > 0) {
		keep_capture(&b, m->fd, now);
		log_debug("poll", "%s: %u new, %u changed of %u items", feed->url,
		    b.fresh, b.changed, p->nitems);
	}
	g->items_new += b.fresh;
	g->items_changed += b.changed;
	json_decref(b.items);
	json_decref(b.named);
	free(b.revisions);
	free(twin);
}

/* --- readable or not --- */

static bool
readable(uint8_t outcome)
{
	return outcome == POLLED_OK || outcome == POLLED_UNCHANGED;
}

static void
record_gap(struct engine *g, const struct store_feed *f, const char *state, bool ours,
    const char *why, int64_t from, int64_t to, int64_t now)
{
	json_t *o = json_pack("{s:s, s:I, s:s, s:b, s:s}", "tenant", f->tenant, "feed",
	    (json_int_t)f->id, "state", state, "ours", ours, "why", why);

	set_time(o, "from", from);
	set_time(o, "to", to);
	engine_record(g, "gap", o, NULL, now);
}

static void
note_gap(
    struct engine *g, struct store_feed *f, const struct msg_polled *p, int64_t now)
{
	struct store_at at = engine_at(g, f->tenant);
	struct err e = ERR_INIT;

	if (readable(p->outcome)) {
		if (f->down_since == CLOCK_NONE)
			return;
		engine_must(store_gap_close(g->store, &at, f->id, p->time, &e), 0,
		    "cannot close a gap", &e);
		record_gap(g, f, "closed", false, "readable again", f->down_since,
		    p->time, now);
		log_notice("poll", "%s: readable again", f->url);
		f->down_since = CLOCK_NONE;
	} else if (f->down_since == CLOCK_NONE) {
		bool ours = p->outcome == POLLED_OWN_FAULT;
		struct store_gap gap = {.feed = f->id, .to = CLOCK_NONE, .ours = ours};

		/* Blind since the last good look, not since the first bad one. */
		gap.from = f->last_ok != CLOCK_NONE ? f->last_ok : p->time;
		gap.why = (char *)polled_name(p->outcome);
		memcpy(gap.tenant, f->tenant, sizeof(gap.tenant));
		engine_must(store_gap_open(g->store, &at, &gap, &e), 0,
		    "cannot open a gap", &e);
		record_gap(g, f, "open", ours, gap.why, gap.from, CLOCK_NONE, now);
		log_notice("poll", "%s: not readable: %s", f->url,
		    p->why != NULL ? p->why : gap.why);
		f->down_since = gap.from;
	}
}

static void
replace(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

static void
update_feed(struct store_feed *f, struct msg_polled *p)
{
	f->polls++;
	f->last_poll = p->time;
	f->outcome = p->outcome;
	f->status = p->status;
	replace(&f->why, &p->why);
	if (!readable(p->outcome))
		return;
	f->last_ok = p->time;
	/* Validators are replaced by every 200, and by a 304 that brings new ones. */
	if (p->outcome == POLLED_OK || p->etag != NULL)
		replace(&f->etag, &p->etag);
	if (p->outcome == POLLED_OK || p->last_modified != NULL)
		replace(&f->last_modified, &p->last_modified);
	if (p->body_hash != NULL)
		replace(&f->body_hash, &p->body_hash);
	if (p->outcome == POLLED_OK) {
		replace(&f->format, &p->format);
		replace(&f->title, &p->title);
	}
}

static void
plan_next(struct engine *g, struct store_feed *f, struct engine_feed *ef,
    const struct msg_polled *p)
{
	struct fetch_plan_in in = {.now = p->time,
	    .outcome = p->outcome,
	    .failures = f->failures,
	    .hint = p->hint,
	    .retry_after = p->retry_after,
	    .min = g->conf->fetch.interval_min,
	    .max = g->conf->fetch.interval_max};
	struct fetch_plan plan;

	in.base_interval = ef != NULL ? ef->interval : g->conf->fetch.interval;
	in.jitter_seed = (uint64_t)f->id * 1000003u + f->polls;
	fetch_plan(&in, &plan);
	f->failures = plan.failures;
	f->next_poll = plan.next;
	if (plan.unobservable)
		log_warn("poll", "%s: asks for more silence than we allow: %s", f->url,
		    plan.why);
}

void
engine_polled(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	struct store_feed row;
	struct engine_feed *ef;
	struct engine_poll poll;
	struct err e = ERR_INIT;
	struct store_at at;

	if (!engine_poll_take(g, p->id, &poll)) {
		log_debug("poll", "an answer to no question: %llu",
		    (unsigned long long)p->id);
		return;
	}
	if (p->outcome < POLLED_COUNT)
		g->polls_by[p->outcome]++;
	if (poll.violation != 0) {
		engine_rechecked(g, poll.violation, m, now);
		return;
	}
	engine_must(
	    store_feed_get(g->store, poll.feed, &row, &e), 0, "cannot read a feed", &e);
	ef = engine_feed_find(g, poll.feed);
	at = engine_at(g, row.tenant);
	if (p->outcome == POLLED_OK)
		engine_take_items(g, &row, m, false, now);
	note_gap(g, &row, p, now);
	update_feed(&row, p);
	plan_next(g, &row, ef, p);
	engine_push_polled(g, &row, &poll, p, now);
	engine_must(
	    store_feed_update(g->store, &at, &row, &e), 0, "cannot keep a feed", &e);
	if (ef != NULL) {
		ef->in_flight = false;
		engine_feed_schedule(g, ef, row.next_poll);
		engine_stream_polled(g, &poll, ef, p, now);
	}
	store_feed_clear(&row);
}
