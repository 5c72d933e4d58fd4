/* SPDX-License-Identifier: Apache-2.0 */
/* store_feed: feeds, and the gaps in which we could not see them; see store.h. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#define F(name, type, flags) DB_COL(store_feed, #name, name, type, flags)
static const struct db_col feed_cols[] = {
    F(id, DB_I64, 0),
    F(tenant, DB_CHARS, DB_FIXED),
    F(url, DB_STR, DB_FIXED),
    F(active, DB_BOOL, 0),
    F(etag, DB_STR, 0),
    F(last_modified, DB_STR, 0),
    F(body_hash, DB_STR, 0),
    F(title, DB_STR, 0),
    F(format, DB_STR, 0),
    F(next_poll, DB_TIME, 0),
    F(last_poll, DB_TIME, 0),
    F(last_ok, DB_TIME, 0),
    F(down_since, DB_TIME, 0),
    F(failures, DB_U32, 0),
    F(status, DB_I32, 0),
    F(outcome, DB_U8, 0),
    F(why, DB_STR, 0),
    F(polls, DB_I64, 0),
    F(state, DB_U8, 0),
    F(state_since, DB_TIME, 0),
    F(down_ours, DB_BOOL, 0),
    F(hint, DB_I64, 0),
    F(ttl, DB_I64, 0),
    F(skip_hours, DB_U32, 0),
    F(skip_days, DB_U8, 0),
    F(retry_after, DB_I64, 0),
    F(rate, DB_F64, 0),
    F(rate_at, DB_TIME, 0),
    F(rate_from, DB_TIME, 0),
    F(flood, DB_BOOL, 0),
    F(planned, DB_STR, 0),
    F(silence, DB_STR, 0),
    F(silence_since, DB_TIME, 0),
    F(answered, DB_STR, 0),
    F(moved, DB_STR, 0),
    F(moved_state, DB_U8, 0),
    F(moved_since, DB_TIME, 0),
    F(moved_checked, DB_TIME, 0),
    F(moved_polls, DB_U32, 0),
};
#undef F

void
store_feed_clear(struct store_feed *f)
{
	free(f->url);
	free(f->etag);
	free(f->last_modified);
	free(f->body_hash);
	free(f->title);
	free(f->format);
	free(f->why);
	free(f->planned);
	free(f->silence);
	free(f->answered);
	free(f->moved);
	memset(f, 0, sizeof(*f));
}

static void
feed_clear(void *row)
{
	store_feed_clear(row);
}

static const struct db_table feeds = {"feed", sizeof(struct store_feed), NULL,
    feed_clear, feed_cols, sizeof(feed_cols) / sizeof(feed_cols[0])};

static int
feed_add(struct store *s, const char *tenant, const char *url, int64_t next_poll,
    int64_t *id, struct err *e)
{
	struct store_feed f = {.active = true,
	    .next_poll = next_poll,
	    .last_poll = CLOCK_NONE,
	    .last_ok = CLOCK_NONE,
	    .down_since = CLOCK_NONE,
	    .state_since = CLOCK_NONE,
	    .rate_at = CLOCK_NONE,
	    .rate_from = CLOCK_NONE,
	    .silence_since = CLOCK_NONE,
	    .moved_since = CLOCK_NONE,
	    .moved_checked = CLOCK_NONE};
	int rc;

	if (strlen(tenant) >= sizeof(f.tenant))
		return err_set(e, TOSD_EINVAL, "tenant key \"%s\" is too long", tenant);
	strcpy(f.tenant, tenant);
	f.url = (char *)url; /* only read */
	rc = db_insert(s, &feeds, &f, e);
	*id = f.id;
	return rc;
}

int
store_feed_sync(struct store *s, const struct store_at *at, const char *tenant,
    const char *url, int64_t next_poll, int64_t *id, bool *fresh, struct err *e)
{
	static const char find[] = "SELECT id FROM feed WHERE tenant = ?1 AND url = ?2";
	static const char wake[] =
	    "UPDATE feed SET active = 1, next_poll = ?2 WHERE id = ?1 AND active = 0";
	bool own;
	int rc = db_write(s, at, tenant, &own, e);

	if (rc < 0)
		return rc;
	*id = db_number(s, 0, find, "tt", tenant, url);
	*fresh = *id == 0;
	rc = *fresh ? feed_add(s, tenant, url, next_poll, id, e)
		    : db_run(s, wake, NULL, e, "im", *id, next_poll);
	return db_done(s, own, rc, e);
}

int
store_feed_retire(struct store *s, const struct store_at *at, int64_t id, struct err *e)
{
	bool own;
	int rc = db_write(s, at, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(s, "UPDATE feed SET active = 0 WHERE id = ?1", &n, e, "i", id);
	if (rc == 0 && n == 0)
		rc = err_set(e, TOSD_ENOENT, "feed %lld: no such row", (long long)id);
	return db_done(s, own, rc, e);
}

int
store_feed_update(struct store *s, const struct store_at *at,
    const struct store_feed *f, struct err *e)
{
	bool own;
	int rc = db_write(s, at, f->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_update(s, &feeds, f, e), e);
}

int
store_feed_get(struct store *s, int64_t id, struct store_feed *out, struct err *e)
{
	return db_get(s, &feeds, out, e, "id = ?1", "i", id);
}

DB_VISITOR(feed)

int
store_feed_each(struct store *s, const char *tenant, store_feed_fn *fn, void *ctx)
{
	struct feed_walk w = {fn, ctx};

	if (tenant == NULL)
		return db_each(s, &feeds, feed_visit, &w, "1 = 1 ORDER BY id", "");
	return db_each(
	    s, &feeds, feed_visit, &w, "tenant = ?1 ORDER BY id", "t", tenant);
}

/* --- gaps --- */

#define G(name, col, type) DB_COL(store_gap, col, name, type, 0)
static const struct db_col gap_cols[] = {
    G(id, "id", DB_I64),
    G(feed, "feed", DB_REF),
    G(tenant, "tenant", DB_CHARS),
    G(from, "since", DB_TIME),
    G(to, "until", DB_TIME),
    G(ours, "ours", DB_BOOL),
    G(why, "why", DB_STR),
};
#undef G

static void
gap_clear(void *row)
{
	struct store_gap *g = row;

	free(g->why);
	memset(g, 0, sizeof(*g));
}

static const struct db_table gaps = {"gap", sizeof(struct store_gap), NULL, gap_clear,
    gap_cols, sizeof(gap_cols) / sizeof(gap_cols[0])};

int
store_gap_open(
    struct store *s, const struct store_at *at, struct store_gap *g, struct err *e)
{
	bool own;
	int rc = db_write(s, at, g->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &gaps, g, e), e);
}

int
store_gap_close(
    struct store *s, const struct store_at *at, int64_t feed, int64_t to, struct err *e)
{
	static const char sql[] = "UPDATE gap SET until = max(?2, since) "
				  "WHERE coalesce(feed, 0) = ?1 AND until IS NULL";
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	return rc < 0 ? rc
		      : db_done(s, own, db_run(s, sql, NULL, e, "ii", feed, to), e);
}

DB_VISITOR(gap)

int
store_gap_each(struct store *s, const char *tenant, int64_t from, int64_t to,
    store_gap_fn *fn, void *ctx)
{
	struct gap_walk w = {fn, ctx};

	if (tenant == NULL)
		return db_each(s, &gaps, gap_visit, &w,
		    "since < ?2 AND (until IS NULL OR until > ?1) ORDER BY id", "ii",
		    from, to);
	return db_each(s, &gaps, gap_visit, &w,
	    "tenant = ?1 AND since < ?3 AND (until IS NULL OR until > ?2) ORDER BY id",
	    "tii", tenant, from, to);
}
