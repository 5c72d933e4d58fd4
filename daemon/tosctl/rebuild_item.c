/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_item: feeds, items, revisions and what was counted of them.  Contents come
 * from the metadata of captures, each checked against its commitment and its digest.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "ipc/msg.h"
#include "store/store_ask.h"
#include "tosctl/rebuild.h"

/* --- feeds --- */

static int
add_feed(struct rebuild *r, const json_t *row, struct err *e)
{
	const char *tenant = json_string_value(json_array_get(row, 1));
	const char *url = json_string_value(json_array_get(row, 2));
	struct store_at at;
	int64_t id;
	bool fresh;
	int rc;

	if (tenant == NULL || url == NULL)
		return rebuild_wrong(r, e, "its list of feeds cannot be read");
	at = rebuild_at(r, tenant);
	rc = store_feed_sync(r->store, &at, tenant, url, r->t, &id, &fresh, e);
	if (rc == 0)
		rc = rebuild_same(
		    r, "feed", id, json_integer_value(json_array_get(row, 0)), e);
	return rc;
}

int
rebuild_feeds(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_at at = rebuild_at(r, "");
	struct buf b = {0};
	json_t *lists = NULL, *row;
	int rc = rebuild_bytes(r, o, &b, e);
	size_t i;

	if (rc == 0 && (lists = json_loadb(b.data, b.len, 0, NULL)) == NULL)
		rc = rebuild_wrong(r, e, "its list of feeds cannot be read");
	json_array_foreach(json_object_get(lists, "new"), i, row) if (rc == 0) rc =
	    add_feed(r, row, e);
	json_array_foreach(json_object_get(lists, "retired"), i, row) if (rc == 0) rc =
	    store_feed_retire(r->store, &at, json_integer_value(row), e);
	json_decref(lists);
	buf_free(&b);
	return rc;
}

int
rebuild_feed_of(struct rebuild *r, const json_t *o, struct store_feed *f, struct err *e)
{
	int64_t id = rebuild_int(o, "feed");
	int rc = store_feed_get(r->store, id, f, e);

	if (rc == TOSD_ENOENT)
		return rebuild_wrong(
		    r, e, "no entry before it names feed %lld", (long long)id);
	if (rc == 0 && strcmp(f->tenant, rebuild_str(o, "tenant")) != 0) {
		store_feed_clear(f);
		return rebuild_wrong(
		    r, e, "feed %lld is another tenant's", (long long)id);
	}
	return rc;
}

/* The last good look that is proven: the daemon may have looked later. */
static int
feed_read(
    struct rebuild *r, struct store_feed *f, int64_t seen, int status, struct err *e)
{
	struct store_at at = rebuild_at(r, f->tenant);

	f->last_ok = f->last_poll = seen;
	f->status = status;
	f->polls++;
	return store_feed_update(r->store, &at, f, e);
}

/* --- captures --- */

struct capture {
	struct rebuild *r;
	const json_t *o;
	const struct store_feed *feed;
	const char *file, *commit;
	char id[ID_TEXT];
	int64_t seen;
	int64_t made;
};

/* evidence/2026/11/<ULID>.warc */
static void
capture_id(struct capture *c)
{
	const char *name = strrchr(c->file, '/');

	if (name != NULL && strlen(name + 1) == ID_TEXT - 1 + 5) {
		memcpy(c->id, name + 1, ID_TEXT - 1);
		if (!id_valid(c->id))
			c->id[0] = '\0';
	}
}

/* Adds the revision, and the item where it is the first; their numbers must be those
 * on record. */
static int
add_revision(struct capture *c, int64_t item, int64_t revision, int64_t n,
    struct store_item *row, struct store_revision *rev, struct err *e)
{
	struct rebuild *r = c->r;
	struct store_at at = rebuild_at(r, row->tenant);
	int rc;

	rev->seen = c->seen;
	rev->time = engine_event_time(rev->body.published, c->seen);
	rev->entry = (int64_t)r->seq;
	rev->state = INSPECT_PENDING;
	rev->file = (char *)c->file; /* lent */
	rev->commit = (char *)c->commit;
	memcpy(rev->capture, c->id, sizeof(rev->capture));
	rc = store_revision_add(r->store, &at, row, rev, e);
	rev->file = rev->commit = NULL;
	if (rc == 0 && (rc = rebuild_same(r, "item", row->id, item, e)) == 0 &&
	    (rc = rebuild_same(r, "revision", rev->id, revision, e)) == 0)
		rc = rebuild_same(r, "revision of its item", rev->n, n, e);
	if (rc == 0 && rev->n > 1)
		rc = rebuild_edited(r, row, c->seen, e);
	c->made++;
	return rc;
}

/* The item as known before; or a new row to be filled, *row.id is 0 then. */
static int
find_item(
    struct capture *c, int64_t item, int64_t n, struct store_item *row, struct err *e)
{
	int rc = 0;

	memset(row, 0, sizeof(*row));
	if (n > 1)
		return store_item_get(c->r->store, item, row, e);
	row->feed = c->feed->id;
	memcpy(row->tenant, c->feed->tenant, sizeof(row->tenant));
	row->first_seen = c->seen;
	return rc;
}

/* What stands in words beside the record is not in it again (older captures have it
 * twice). */
static void
read_told(const json_t *meta, struct item *it)
{
	const struct {
		const char *name;
		char **to;
	} told[] = {{"author", &it->author}, {"guid", &it->id}, {"text", &it->text},
	    {"title", &it->title}, {"url", &it->url}};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (*told[i].to == NULL)
			*told[i].to = xstrdup(
			    json_string_value(json_object_get(meta, told[i].name)));
}

static int
read_body(
    struct capture *c, const json_t *meta, struct store_revision *rev, struct err *e)
{
	const char *text = rebuild_str(meta, "record");
	uint8_t d[DIGEST_LEN];
	struct buf b = {0};
	bool ok = digest_unbase64(&b, text, strlen(text));
	struct rd rd = rd_of(b.data, b.len);

	if (ok)
		item_get(&rd, &rev->body);
	ok = ok && rd_done(&rd);
	buf_free(&b);
	if (ok) {
		read_told(meta, &rev->body);
		item_digest(&rev->body, d);
		digest_hex(d, sizeof(d), rev->digest);
	}
	if (!ok || strcmp(rev->digest, rebuild_str(meta, "sha256")) != 0)
		return rebuild_wrong(c->r, e,
		    "%s: the record of revision %lld does not give "
		    "its digest",
		    c->file, (long long)rebuild_int(meta, "revision"));
	return 0;
}

static int
take_item(struct capture *c, const json_t *meta, struct err *e)
{
	int64_t item = rebuild_int(meta, "item"), n = rebuild_int(meta, "n");
	struct store_revision rev = {0};
	struct store_item row;
	int rc;

	item_init(&rev.body);
	rc = find_item(c, item, n, &row, e);
	if (rc == 0)
		rc = read_body(c, meta, &rev, e);
	if (rc == 0 && row.id == 0) {
		row.guid = xstrdup(rebuild_str(meta, "guid"));
		row.url = xstrdup(rev.body.url);
	}
	if (rc == 0)
		rc = add_revision(
		    c, item, rebuild_int(meta, "revision"), n, &row, &rev, e);
	store_item_clear(&row);
	store_revision_clear(&rev);
	return rc;
}

static int
take_metadata(struct capture *c, struct err *e)
{
	struct buf b = {0};
	json_t *meta = NULL, *row;
	int rc = vault_metadata(c->r->vault, c->file, &b, e);
	size_t i;

	if (rc == 0 && (meta = json_loadb(b.data, b.len, 0, NULL)) == NULL)
		rc = rebuild_wrong(c->r, e, "%s: its metadata cannot be read", c->file);
	json_array_foreach(json_object_get(meta, "items"), i, row) if (rc == 0) rc =
	    take_item(c, row, e);
	json_decref(meta);
	buf_free(&b);
	return rc;
}

/* An erased capture: the numbers stay, the contents and the post's own name are
 * gone; should the feed still show the post, it is read as a new one. */
static int
take_erased(struct capture *c, struct err *e)
{
	const json_t *row;
	int rc = 0;
	size_t i;

	json_array_foreach(json_object_get(c->o, "revisions"), i, row)
	{
		int64_t item = json_integer_value(json_array_get(row, 1));
		int64_t n = json_integer_value(json_array_get(row, 2));
		struct store_revision rev = {0};
		struct store_item it;

		item_init(&rev.body);
		if (rc == 0 && (rc = find_item(c, item, n, &it, e)) == 0) {
			if (it.id == 0)
				it.guid = xasprintf("erased:%lld", (long long)item);
			rc = add_revision(c, item,
			    json_integer_value(json_array_get(row, 0)), n, &it, &rev,
			    e);
			store_item_clear(&it);
		}
		store_revision_clear(&rev);
	}
	return rc;
}

void
rebuild_note_lost(struct rebuild *r, const char *file)
{
	r->lost = xrealloc(r->lost, (r->nlost + 1) * sizeof(*r->lost));
	snprintf(r->lost[r->nlost].file, sizeof(r->lost->file), "%s", file);
	r->lost[r->nlost++].seq = r->seq;
}

int
rebuild_capture(struct rebuild *r, const json_t *o, struct err *e)
{
	struct capture c = {.r = r,
	    .o = o,
	    .file = rebuild_str(o, "file"),
	    .commit = rebuild_str(o, "commit"),
	    .seen = rebuild_ms(o, "seen")};
	struct store_feed feed;
	int rc = rebuild_feed_of(r, o, &feed, e);

	if (rc != 0)
		return rc;
	c.feed = &feed;
	capture_id(&c);
	rc = vault_check(r->vault, c.file, c.commit, e);
	if (rc == 0) {
		rc = take_metadata(&c, e);
	} else if (rc == TOSD_ENOENT) {
		rebuild_note_lost(r, c.file);
		rc = take_erased(&c, e);
	} else {
		err_wrap(e, "entry %llu (capture)", (unsigned long long)r->seq);
	}
	if (rc == 0)
		rc = rebuild_same(r, "the count of its revisions,", c.made,
		    rebuild_int(o, "new") + rebuild_int(o, "changed"), e);
	if (rc == 0)
		rc = feed_read(r, &feed, c.seen, (int)rebuild_int(o, "status"), e);
	store_feed_clear(&feed);
	return rc;
}

int
rebuild_erasure(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *file = rebuild_str(o, "erased");
	int rc;

	for (size_t i = 0; i < r->nlost; i++)
		if (strcmp(r->lost[i].file, file) == 0)
			r->lost[i--] = r->lost[--r->nlost];
	rc = store_ask_erase(r->store, file, e);
	return rc == 0 ? store_revision_erase(r->store, file, e) : rc;
}

int
rebuild_item_end(struct rebuild *r, struct err *e)
{
	if (r->nlost == 0)
		return 0;
	return err_set(e, TOSD_ETAMPER,
	    "%s of entry %llu is missing, and no entry says that "
	    "it was erased (%zu such): put it back from a copy",
	    r->lost[0].file, (unsigned long long)r->lost[0].seq, r->nlost);
}

/* --- judged --- */

struct of_revision {
	int64_t revision;
	bool found;
};

static int
is_of_revision(void *ctx, const struct store_violation *v)
{
	struct of_revision *x = ctx;

	x->found |= v->revision == x->revision;
	return x->found;
}

/* State and count of one revision, as the engine keeps them when it is judged. */
static int
judge(struct rebuild *r, int64_t id, enum store_inspect state, uint32_t attempts,
    const char *policy, const char *why, struct err *e)
{
	struct of_revision v = {id, false};
	struct store_revision rev;
	struct store_at at;
	int rc = store_revision_get(r->store, id, &rev, e);

	if (rc != 0)
		return rebuild_wrong(
		    r, e, "no capture before it holds revision %lld", (long long)id);
	at = rebuild_at(r, rev.tenant);
	store_violation_each(
	    r->store, VIOLATION_OF_ITEM, rev.item, 0, is_of_revision, &v);
	rc = store_revision_judged(r->store, &at, id, state, attempts, policy, why, e);
	if (rc == 0)
		rc = store_exposure_count(r->store, &at, rev.tenant, rev.seen,
		    rev.n == 1, v.found, state == INSPECT_DEGRADED, e);
	store_revision_clear(&rev);
	return rc;
}

int
rebuild_judged(struct rebuild *r, const json_t *o, struct err *e)
{
	const json_t *range;
	size_t i;

	json_array_foreach(json_object_get(o, "revisions"), i, range)
	{
		int64_t id = json_integer_value(json_array_get(range, 0));
		int64_t last = json_integer_value(json_array_get(range, 1));

		for (; id <= last; id++) {
			int rc = judge(
			    r, id, INSPECT_DONE, 0, rebuild_str(o, "policy"), NULL, e);

			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

int
rebuild_degraded(struct rebuild *r, const json_t *o, struct err *e)
{
	return judge(r, rebuild_int(o, "revision"), INSPECT_DEGRADED,
	    (uint32_t)rebuild_int(o, "attempts"), rebuild_str(o, "policy"),
	    rebuild_str(o, "why"), e);
}

static int
keep_exposure(void *ctx, const struct store_exposure *x)
{
	*(struct store_exposure *)ctx = *x;
	return 0;
}

/* The hour's sums were counted up from single entries: they must be those on record. */
int
rebuild_exposure(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *tenant = rebuild_str(o, "tenant");
	int64_t hour = rebuild_ms(o, "hour");
	struct store_at at = rebuild_at(r, tenant);
	struct store_exposure x = {0};
	int rc;

	if (hour == CLOCK_NONE)
		return rebuild_wrong(r, e, "it names no hour");
	store_exposure_each(r->store, tenant, hour, hour + 1, keep_exposure, &x);
	if ((rc = rebuild_same(
		 r, "items:", (int64_t)x.items, rebuild_int(o, "items"), e)) ||
	    (rc = rebuild_same(r, "violations:", (int64_t)x.violations,
		 rebuild_int(o, "violations"), e)) ||
	    (rc = rebuild_same(
		 r, "degraded:", (int64_t)x.degraded, rebuild_int(o, "degraded"), e)))
		return rc;
	return store_exposure_seal(r->store, &at, tenant, hour, e);
}

/* --- states of feeds --- */

static uint8_t
outcome_of(const char *name)
{
	uint8_t o = 0;

	while (o < POLLED_COUNT && strcmp(name, polled_name(o)) != 0)
		o++;
	return o;
}

int
rebuild_state(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_at at;
	struct store_feed f;
	uint8_t to = outcome_of(rebuild_str(o, "to"));
	int rc;

	if (to == POLLED_COUNT)
		return rebuild_wrong(r, e, "a state that this tosd does not know");
	rc = rebuild_feed_of(r, o, &f, e);
	if (rc != 0)
		return rc;
	at = rebuild_at(r, f.tenant);
	f.state = to;
	f.state_since = rebuild_ms(o, "since");
	f.status = (int32_t)rebuild_int(o, "status");
	rc = store_feed_update(r->store, &at, &f, e);
	store_feed_clear(&f);
	return rc;
}

int
rebuild_unobservable(struct rebuild *r, const json_t *o, struct err *e)
{
	bool open = strcmp(rebuild_str(o, "state"), "open") == 0;
	struct store_at at;
	struct store_feed f;
	int rc = rebuild_feed_of(r, o, &f, e);

	if (rc != 0)
		return rc;
	at = rebuild_at(r, f.tenant);
	free(f.silence);
	f.silence = open ? xstrdup(rebuild_str(o, "why")) : NULL;
	f.silence_since = open ? rebuild_ms(o, "from") : CLOCK_NONE;
	rc = store_feed_update(r->store, &at, &f, e);
	store_feed_clear(&f);
	return rc;
}
