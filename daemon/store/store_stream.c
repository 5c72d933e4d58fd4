/* SPDX-License-Identifier: Apache-2.0 */
/* store_stream: streams, and subscriptions at hubs; see store.h. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#define S(name, type, flags) DB_COL(store_stream, #name, name, type, flags)
static const struct db_col stream_cols[] = {
    S(id, DB_I64, 0),
    S(feed, DB_I64, DB_FIXED),
    S(tenant, DB_CHARS, DB_FIXED),
    S(up, DB_BOOL, 0),
    S(last_id, DB_STR, 0),
    S(why, DB_STR, 0),
    S(since, DB_TIME, 0),
    S(down_since, DB_TIME, 0),
    S(last_data, DB_TIME, 0),
    S(items, DB_I64, 0),
};
#undef S

void
store_stream_clear(struct store_stream *r)
{
	free(r->last_id);
	free(r->why);
	memset(r, 0, sizeof(*r));
}

static void
stream_clear(void *row)
{
	store_stream_clear(row);
}

static const struct db_table streams = {"stream", sizeof(struct store_stream), NULL,
    stream_clear, stream_cols, sizeof(stream_cols) / sizeof(stream_cols[0])};

int
store_stream_get(struct store *s, int64_t feed, struct store_stream *out, struct err *e)
{
	return db_get(s, &streams, out, e, "feed = ?1", "i", feed);
}

/* A new row where there is none yet. */
static int
put(struct store *s, const struct store_at *at, const struct db_table *t,
    const char *tenant, bool fresh, void *row, struct err *e)
{
	bool own;
	int rc = db_write(s, at, tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = fresh ? db_insert(s, t, row, e) : db_update(s, t, row, e);
	return db_done(s, own, rc, e);
}

int
store_stream_put(
    struct store *s, const struct store_at *at, struct store_stream *r, struct err *e)
{
	return put(s, at, &streams, r->tenant, r->id == 0, r, e);
}

/* --- subscriptions --- */

#define B(name, type, flags) DB_COL(store_subscription, #name, name, type, flags)
static const struct db_col subscription_cols[] = {
    B(id, DB_I64, 0),
    B(feed, DB_I64, DB_FIXED),
    B(tenant, DB_CHARS, DB_FIXED),
    B(hub, DB_STR, 0),
    B(topic, DB_STR, 0),
    B(path, DB_STR, 0),
    B(secret, DB_STR, 0),
    B(state, DB_I32, 0),
    B(since, DB_TIME, 0),
    B(until, DB_TIME, 0),
    B(due, DB_TIME, 0),
    B(failures, DB_U32, 0),
    B(baseline, DB_TIME, 0),
    B(missed, DB_STR, 0),
    B(missed_since, DB_TIME, 0),
    B(last_push, DB_TIME, 0),
    B(pushes, DB_I64, 0),
    B(why, DB_STR, 0),
};
#undef B

void
store_subscription_clear(struct store_subscription *r)
{
	free(r->hub);
	free(r->topic);
	free(r->path);
	if (r->secret != NULL)
		explicit_bzero(r->secret, strlen(r->secret));
	free(r->secret);
	free(r->missed);
	free(r->why);
	memset(r, 0, sizeof(*r));
}

static void
subscription_clear(void *row)
{
	store_subscription_clear(row);
}

static const struct db_table subscriptions = {"subscription",
    sizeof(struct store_subscription), NULL, subscription_clear, subscription_cols,
    sizeof(subscription_cols) / sizeof(subscription_cols[0])};

int
store_subscription_get(
    struct store *s, int64_t feed, struct store_subscription *out, struct err *e)
{
	return db_get(s, &subscriptions, out, e, "feed = ?1", "i", feed);
}

int
store_subscription_find(
    struct store *s, const char *path, struct store_subscription *out, struct err *e)
{
	return db_get(s, &subscriptions, out, e, "path = ?1", "t", path);
}

int
store_subscription_put(struct store *s, const struct store_at *at,
    struct store_subscription *r, struct err *e)
{
	return put(s, at, &subscriptions, r->tenant, r->id == 0, r, e);
}

DB_VISITOR(subscription)

int
store_subscription_each(
    struct store *s, int64_t now, store_subscription_fn *fn, void *ctx)
{
	struct subscription_walk w = {fn, ctx};

	if (now == INT64_MAX)
		return db_each(
		    s, &subscriptions, subscription_visit, &w, "1 = 1 ORDER BY id", "");
	return db_each(s, &subscriptions, subscription_visit, &w,
	    "due <= ?1 ORDER BY due", "i", now);
}

int64_t
store_subscription_due(struct store *s)
{
	return db_number(s, CLOCK_NONE,
	    "SELECT min(due) FROM subscription WHERE due IS NOT NULL", "");
}
