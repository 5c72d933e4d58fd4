/* SPDX-License-Identifier: Apache-2.0 */
/* store_retry: what programs of plugins still have to say of revisions; see store.h. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#define R(name, type, flags) DB_COL(store_retry, #name, name, type, flags)
static const struct db_col retry_cols[] = {
    R(id, DB_I64, 0),
    R(revision, DB_I64, DB_FIXED),
    R(tenant, DB_CHARS, DB_FIXED),
    R(plugin, DB_STR, DB_FIXED),
    R(tries, DB_U32, 0),
    R(given_up, DB_BOOL, 0),
    R(since, DB_TIME, 0),
    R(due, DB_TIME, 0),
    R(why, DB_STR, 0),
};
#undef R

void
store_retry_clear(struct store_retry *r)
{
	free(r->plugin);
	free(r->why);
	memset(r, 0, sizeof(*r));
}

static void
retry_clear(void *row)
{
	store_retry_clear(row);
}

static const struct db_table retries = {"retry", sizeof(struct store_retry), NULL,
    retry_clear, retry_cols, sizeof(retry_cols) / sizeof(retry_cols[0])};

DB_VISITOR(retry)

int
store_retry_get(struct store *s, int64_t revision, const char *plugin,
    struct store_retry *out, struct err *e)
{
	return db_get(s, &retries, out, e, "revision = ?1 AND plugin = ?2", "it",
	    revision, plugin);
}

int
store_retry_put(
    struct store *s, const struct store_at *at, struct store_retry *r, struct err *e)
{
	bool own;
	int rc = db_write(s, at, r->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = r->id == 0 ? db_insert(s, &retries, r, e) : db_update(s, &retries, r, e);
	return db_done(s, own, rc, e);
}

int
store_retry_each(struct store *s, int64_t revision, store_retry_fn *fn, void *ctx)
{
	struct retry_walk w = {fn, ctx};

	return db_each(s, &retries, retry_visit, &w, "revision = ?1 ORDER BY plugin",
	    "i", revision);
}

int
store_retry_due(struct store *s, int64_t now, size_t max, store_retry_fn *fn, void *ctx)
{
	struct retry_walk w = {fn, ctx};

	return db_each(s, &retries, retry_visit, &w, "due <= ?1 ORDER BY due LIMIT ?2",
	    "mi", now, (int64_t)max);
}

int64_t
store_retry_next(struct store *s)
{
	static const char sql[] = "SELECT min(due) FROM retry WHERE due IS NOT NULL";

	return db_number(s, CLOCK_NONE, sql, "");
}

/* One statement of one number about a revision. */
static int
change(struct store *s, const struct store_at *at, const char *sql, int64_t number,
    int *n, struct err *e)
{
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	if (rc < 0)
		return rc;
	return db_done(s, own, db_run(s, sql, n, e, "i", number), e);
}

int
store_retry_asked(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e)
{
	static const char sql[] = "UPDATE retry SET due = NULL WHERE revision = ?1";

	return change(s, at, sql, revision, NULL, e);
}

int
store_retry_hasten(struct store *s, const char *plugin, int64_t due, struct err *e)
{
	static const char sql[] = "UPDATE retry SET due = ?1 WHERE due > ?1 AND "
				  "plugin = ?2 AND given_up = 0";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	return db_done(s, own, db_run(s, sql, NULL, e, "it", due, plugin), e);
}

int
store_retry_reset(struct store *s, int64_t due, struct err *e)
{
	static const char sql[] =
	    "UPDATE retry SET due = ?1 WHERE due IS NULL AND given_up = 0";

	return change(s, NULL, sql, due, NULL, e);
}

int
store_retry_drop(
    struct store *s, const struct store_at *at, int64_t revision, int *n, struct err *e)
{
	static const char sql[] = "DELETE FROM retry WHERE revision = ?1";

	*n = 0;
	return change(s, at, sql, revision, n, e);
}

int64_t
store_retry_count(struct store *s)
{
	static const char sql[] = "SELECT count(*) FROM retry";

	return db_number(s, 0, sql, "");
}

int64_t
store_retry_waiting(struct store *s, const char *plugin, int64_t *since)
{
	static const char first[] =
	    "SELECT min(since) FROM retry WHERE plugin = ?1 AND given_up = 0";
	static const char count[] =
	    "SELECT count(*) FROM retry WHERE plugin = ?1 AND given_up = 0";

	*since = db_number(s, CLOCK_NONE, first, "t", plugin);
	return db_number(s, 0, count, "t", plugin);
}
