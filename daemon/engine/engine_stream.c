/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_stream: streams: which are to be open, what came over them, and what may have
 * been missed while they were not.
 *
 * Where a stream is to go on (last_id) commits with the items that came before it, so
 * that a crash neither loses nor doubles one: what the server sends again is known by
 * its id.  A gap begins when the stream ends and is closed by the first poll that was
 * asked after it was open again and found the feed readable: a stream that is resumed
 * says nothing of what it left out (Mastodon's has no replay).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

/* Posts that an entry names as gone, so that it stays below 65,535 bytes.  Its capture
 * has all ids. */
#define NAMED_MAX 1500

static struct engine_stream *
find(struct engine *g, int64_t feed)
{
	for (size_t i = 0; i < g->nstreams; i++)
		if (g->streams[i].feed == feed)
			return &g->streams[i];
	return NULL;
}

/* --- the row --- */

static void
row_get(struct engine *g, int64_t feed, const char *tenant, struct store_stream *r)
{
	struct err e = ERR_INIT;

	if (engine_must(store_stream_get(g->store, feed, r, &e), TOSD_ENOENT,
		"cannot read a stream", &e) == 0)
		return;
	*r = (struct store_stream){.feed = feed,
	    .since = CLOCK_NONE,
	    .down_since = CLOCK_NONE,
	    .last_data = CLOCK_NONE};
	snprintf(r->tenant, sizeof(r->tenant), "%s", tenant);
}

static void
row_put(struct engine *g, struct store_stream *r)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	engine_must(
	    store_stream_put(g->store, &at, r, &e), 0, "cannot keep a stream", &e);
	store_stream_clear(r);
}

static void
record(struct engine *g, const struct store_stream *r, const char *state,
    const char *why, int64_t from, int64_t to, int64_t now)
{
	json_t *o = json_pack("{s:s, s:I, s:s, s:s}", "tenant", r->tenant, "feed",
	    (json_int_t)r->feed, "state", state, "why", why);
	char t[CLOCK_TEXT];

	if (from != CLOCK_NONE)
		json_object_set_new(o, "from", json_string(clock_format(from, t)));
	if (to != CLOCK_NONE)
		json_object_set_new(o, "to", json_string(clock_format(to, t)));
	engine_record(g, "stream", o, NULL, now);
}

/* It was up until `when'.  What was missed earlier and is not repaired counts from
 * there. */
static void
row_down(struct engine *g, struct store_stream *r, const char *entry, const char *why,
    int64_t when, int64_t now)
{
	free(r->why);
	r->why = xstrdup(why);
	if (!r->up)
		return;
	r->up = false;
	r->since = when;
	if (r->down_since == CLOCK_NONE)
		r->down_since = when;
	record(g, r, "down", entry, when, CLOCK_NONE, now);
}

/* --- which are to be open --- */

static void
key_of(const struct conf_feed *f, char key[DIGEST_HEX])
{
	const char *const texts[] = {
	    f->stream_url, f->token_credential, f->cursor_param, f->cursor_key};
	struct buf b = {0};

	buf_put_u8(&b, (uint8_t)f->stream);
	buf_put_u64(&b, f->cursor_rewind);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		buf_put_str(&b, texts[i]);
	if (f->mapping != NULL) { /* all of it is texts */
		const char *const *paths = (const char *const *)f->mapping;

		for (size_t i = 0; i < sizeof(*f->mapping) / sizeof(*paths); i++)
			buf_put_str(&b, paths[i]);
	}
	digest_hex_of(b.data, b.len, key);
	buf_free(&b);
}

static void
send(struct engine *g, struct engine_stream *s, const char *tenant, bool open,
    const char *last_id)
{
	struct msg m;

	msg_init(&m, MSG_STREAM);
	m.stream.feed = (uint64_t)s->feed;
	m.stream.open = open;
	m.stream.url = xstrdup(open ? s->conf->stream_url : "");
	m.stream.tenant = xstrdup(tenant);
	if (open) {
		m.stream.kind =
		    s->conf->stream == CONF_STREAM_NDJSON ? STREAM_NDJSON : STREAM_SSE;
		m.stream.credential = xstrdup(s->conf->token_credential);
		m.stream.cursor_param = xstrdup(s->conf->cursor_param);
		m.stream.cursor_key = xstrdup(s->conf->cursor_key);
		m.stream.cursor_rewind = s->conf->cursor_rewind;
		m.stream.last_id = xstrdup(last_id);
	}
	s->sent = open;
	engine_emit(g, ROLE_FETCH, s->fetcher, &m);
}

/* A stream that is no longer wanted, or wanted otherwise. */
static void
close_one(struct engine *g, struct engine_stream *s, int64_t now)
{
	struct store_stream r;

	if (s->sent)
		send(g, s, "", false, NULL);
	row_get(g, s->feed, "", &r);
	if (r.id == 0) {
		store_stream_clear(&r);
		return;
	}
	row_down(g, &r, "closed", "closed: the configuration has changed", now, now);
	row_put(g, &r);
}

/* What the store says of it after a start: an engine that died could not say that its
 * stream ended. */
static void
open_one(
    struct engine *g, const struct engine_feed *f, struct engine_stream *s, int64_t now)
{
	struct store_stream r;

	row_get(g, f->id, f->tenant->key, &r);
	if (r.up)
		row_down(g, &r, "restart", "we were not running",
		    r.last_data != CLOCK_NONE && r.last_data > r.since ? r.last_data
								       : r.since,
		    now);
	s->repair = CLOCK_NONE;
	row_put(g, &r);
}

void
engine_stream_sync(struct engine *g, int64_t now)
{
	struct engine_stream *v = NULL, *old;
	size_t n = 0;

	for (size_t i = 0; i < g->nfeeds; i++) {
		const struct engine_feed *f = &g->feeds[i];
		char key[DIGEST_HEX];

		if (f->conf->stream == CONF_STREAM_NONE)
			continue;
		key_of(f->conf, key);
		v = xrealloc(v, (n + 1) * sizeof(*v));
		old = find(g, f->id);
		if (old != NULL && strcmp(old->key, key) == 0) {
			v[n] = *old;
			old->feed = 0; /* goes on */
		} else {
			v[n] = (struct engine_stream){.feed = f->id};
			memcpy(v[n].key, key, sizeof(v[n].key));
			if (old == NULL)
				open_one(g, f, &v[n], now);
		}
		v[n++].conf = f->conf;
	}
	for (size_t i = 0; i < g->nstreams; i++)
		if (g->streams[i].feed != 0)
			close_one(g, &g->streams[i], now);
	free(g->streams);
	g->streams = v;
	g->nstreams = n;
}

void
engine_stream_free(struct engine *g)
{
	free(g->streams);
}

void
engine_stream_dispatch(struct engine *g, int64_t now)
{
	(void)now;
	for (size_t i = 0; i < g->nstreams; i++) {
		struct engine_stream *s = &g->streams[i];
		struct engine_feed *f;
		struct store_stream r;

		if (s->sent)
			continue;
		s->fetcher = engine_poll_fetcher(g, s->conf->stream_url);
		f = engine_feed_find(g, s->feed);
		if (!g->fetchers[s->fetcher] || f == NULL)
			continue;
		row_get(g, s->feed, f->tenant->key, &r);
		send(g, s, f->tenant->key, true, r.last_id);
		store_stream_clear(&r);
	}
}

void
engine_stream_fetch_down(struct engine *g, uint32_t index, int64_t now)
{
	struct store_stream r;

	for (size_t i = 0; i < g->nstreams; i++) {
		struct engine_stream *s = &g->streams[i];

		if (!s->sent || s->fetcher != index)
			continue;
		s->sent = s->up = false;
		row_get(g, s->feed, "", &r);
		if (r.id != 0) {
			row_down(
			    g, &r, "own fault", "the fetch role has ended", now, now);
			row_put(g, &r);
		}
	}
}

/* --- what came --- */

/* Something that we cite was said to be deleted: its page is asked at once whether it
 * is. */
struct hurry {
	struct engine *g;
	int64_t now;
};

static int
look_soon(void *ctx, const struct store_violation *row)
{
	struct hurry *h = ctx;
	struct store_at at = engine_at(h->g, row->tenant);
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->next_check == CLOCK_NONE || row->next_check <= h->now)
		return 0;
	engine_must(store_violation_get(h->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	v.next_check = h->now;
	engine_must(store_violation_update(h->g->store, &at, &v, &e), 0,
	    "cannot keep a violation", &e);
	store_violation_clear(&v);
	return 0;
}

static void
take_gone(struct engine *g, const struct store_feed *feed, struct msg *m, int64_t now)
{
	const struct msg_pushed *p = &m->pushed;
	struct hurry h = {g, now};
	json_t *ids = json_array(), *numbers = json_array(), *meta, *entry;
	struct store_item item;
	struct vault_ref ref;
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < p->ngone; i++) {
		json_array_append_new(ids, json_string(p->gone[i]));
		if (engine_must(
			store_item_find(g->store, feed->id, p->gone[i], &item, &e),
			TOSD_ENOENT, "cannot look for an item", &e) != 0)
			continue; /* gone before we saw it */
		if (json_array_size(numbers) < NAMED_MAX)
			json_array_append_new(
			    numbers, json_integer((json_int_t)item.id));
		if (item.violations > 0)
			engine_walk(store_violation_each(
			    g->store, VIOLATION_OF_ITEM, item.id, 0, look_soon, &h));
		store_item_clear(&item);
	}
	meta = json_pack("{s:I, s:s, s:s, s:I, s:o}", "feed", (json_int_t)feed->id,
	    "url", feed->url, "tenant", feed->tenant, "seen", (json_int_t)p->time,
	    "gone", ids);
	entry = json_pack("{s:s, s:I, s:I, s:i, s:o}", "tenant", feed->tenant, "feed",
	    (json_int_t)feed->id, "seen", (json_int_t)p->time, "told", (int)p->ngone,
	    "items", numbers);
	if (!engine_capture_put(g, m->fd, meta, p->truncated, &ref)) {
		engine_capture_bare(g, feed->url, p->time, meta, &ref);
		json_object_set_new(entry, "bare", json_true());
	}
	engine_record_file(entry, &ref);
	engine_record(g, "gone", entry, NULL, now);
	json_decref(meta);
}

/* Is it an earlier state of an item that we have a later one of?  Hubs deliver late. Of
 * streams engine_take() finds out by itself. */
static bool
is_stale(
    struct engine *g, const struct store_feed *feed, const struct item *it, int64_t now)
{
	struct store_revision r;
	struct store_item row;
	struct err e = ERR_INIT;
	bool stale;

	if (engine_take_stamp(it) == CLOCK_NONE ||
	    engine_must(store_item_find(g->store, feed->id, it->id, &row, &e),
		TOSD_ENOENT, "cannot look for an item", &e) != 0)
		return false;
	engine_must(store_revision_get(g->store, row.revision, &r, &e), 0,
	    "cannot read a revision", &e);
	stale = engine_take_is_later(&r.body, it, now);
	store_revision_clear(&r);
	store_item_clear(&row);
	return stale;
}

static void
drop_stale(
    struct engine *g, const struct store_feed *feed, struct msg_pushed *p, int64_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->nitems; i++) {
		if (is_stale(g, feed, &p->items[i], now)) {
			item_clear(&p->items[i]);
			continue;
		}
		if (kept != i) {
			p->items[kept] = p->items[i];
			item_init(&p->items[i]);
		}
		kept++;
	}
	p->nitems = kept;
}

uint32_t
engine_pushed_take(
    struct engine *g, struct store_feed *feed, struct msg *m, int64_t now)
{
	struct msg_pushed *p = &m->pushed;
	struct msg_polled told = {.time = p->time, .gone = p->gone, .ngone = p->ngone};
	struct engine_take t = {.feed = feed,
	    .items = p->items,
	    .time = p->time,
	    .status = 200,
	    .fd = m->fd,
	    .events = !p->websub,
	    .site = p->site,
	    .truncated = p->truncated};
	struct engine_reading out = {0};

	if (p->websub)
		drop_stale(g, feed, p, now);
	t.n = p->nitems;
	if (p->nitems > 0) {
		engine_take(g, &t, &out, now);
		window_free(&out.shown);
	}
	if (p->ngone == 0)
		return p->nitems - out.stale;
	take_gone(g, feed, m, now);
	/* Whatever the same batch shows: events come in order, and nobody takes a post
	 * back before it is there. */
	engine_removal_told(g, feed, &told, &out.shown, now);
	return p->nitems - out.stale;
}

static void
take_data(struct engine *g, struct store_stream *r, struct msg *m, int64_t now)
{
	struct msg_pushed *p = &m->pushed;
	struct store_feed feed;
	struct err e = ERR_INIT;

	if (p->nitems + p->ngone > 0) {
		engine_must(store_feed_get(g->store, r->feed, &feed, &e), 0,
		    "cannot read a feed", &e);
		r->items += engine_pushed_take(g, &feed, m, now);
		store_feed_clear(&feed);
	}
	if (p->last_id != NULL) {
		free(r->last_id);
		r->last_id = p->last_id;
		p->last_id = NULL;
	}
	r->last_data = p->time;
}

/* Open.  What came between its end and now is a poll's to find. */
static void
take_up(struct engine *g, struct engine_stream *s, struct store_stream *r,
    const struct msg_pushed *p, int64_t now)
{
	struct engine_feed *f = engine_feed_find(g, s->feed);

	s->up = r->up = true;
	r->since = p->time;
	free(r->why);
	r->why = NULL;
	record(g, r, "up", "open", r->down_since, p->time, now);
	if (r->down_since == CLOCK_NONE || f == NULL)
		return;
	s->repair = now;
	if (!f->in_flight) /* else after that one, which may be too old */
		engine_feed_schedule(g, f, now);
}

void
engine_pushed(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_pushed *p = &m->pushed;
	struct engine_stream *s = find(g, (int64_t)p->feed);
	struct store_stream r;

	if (p->websub) {
		engine_push_pushed(g, m, now);
		return;
	}
	if (s == NULL || !s->sent || s->fetcher != m->from_index) {
		log_debug(
		    "stream", "%s of a stream that is closed", pushed_name(p->state));
		return;
	}
	row_get(g, s->feed, "", &r);
	if (p->state == PUSHED_DATA)
		take_data(g, &r, m, now);
	else if (p->state == PUSHED_UP)
		take_up(g, s, &r, p, now);
	else if (p->state == PUSHED_DOWN) {
		s->up = false;
		row_down(
		    g, &r, "ended", p->why != NULL ? p->why : "ended", p->time, now);
	}
	row_put(g, &r);
}

/* --- repair --- */

/* Does the poll reach back to something that we had before?  Else what lies between is
 * for older pages to show. */
static bool
meets(struct engine *g, int64_t feed, const struct msg_polled *p)
{
	struct store_item row;
	struct err e = ERR_INIT;
	bool known = p->outcome == POLLED_UNCHANGED || p->nitems == 0;

	for (uint32_t i = 0; i < p->nitems && !known; i++) {
		if (engine_must(
			store_item_find(g->store, feed, p->items[i].id, &row, &e),
			TOSD_ENOENT, "cannot look for an item", &e) != 0)
			continue;
		known = row.first_seen < p->time;
		store_item_clear(&row);
	}
	return known;
}

void
engine_stream_polled(struct engine *g, const struct engine_poll *poll,
    struct engine_feed *ef, const struct msg_polled *p, int64_t now)
{
	struct engine_stream *s = g->nstreams > 0 ? find(g, poll->feed) : NULL;
	struct store_stream r;

	if (s == NULL || !s->up || s->repair == CLOCK_NONE ||
	    (p->outcome != POLLED_OK && p->outcome != POLLED_UNCHANGED))
		return; /* the next poll comes */
	if (poll->since < s->repair) {
		engine_feed_schedule(g, ef, now);
		return;
	}
	row_get(g, s->feed, "", &r);
	if (meets(g, poll->feed, p))
		record(g, &r, "repaired", "polled", r.down_since, r.since, now);
	else
		record(g, &r, "polled", "it shows nothing that was known", r.down_since,
		    r.since, now);
	r.down_since = CLOCK_NONE;
	s->repair = CLOCK_NONE;
	row_put(g, &r);
}

/* --- in words --- */

static char *
words(const struct store_stream *r)
{
	char t[CLOCK_TEXT];

	if (r->up)
		return xasprintf("stream up since %s%s", clock_format(r->since, t),
		    r->down_since != CLOCK_NONE ? ", gap not repaired yet" : "");
	if (r->down_since == CLOCK_NONE)
		return xasprintf("stream not open yet%s%s", r->why != NULL ? ": " : "",
		    r->why != NULL ? r->why : "");
	return xasprintf("stream down since %s: %s", clock_format(r->down_since, t),
	    r->why != NULL ? r->why : "ended");
}

char *
engine_stream_text(struct engine *g, int64_t feed)
{
	struct store_stream r;
	struct err e = ERR_INIT;
	char *text;

	if (find(g, feed) == NULL)
		return engine_push_text(g, feed);
	if (store_stream_get(g->store, feed, &r, &e) != 0)
		return xstrdup("stream not open yet");
	text = words(&r);
	store_stream_clear(&r);
	return text;
}
