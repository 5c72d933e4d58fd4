/* SPDX-License-Identifier: Apache-2.0 */
/* store_cover: coverage, errands and sightings; see store_cover.h. */
#include "store/store_cover.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"

/* --- coverage --- */

#define C(name, type, flags) DB_COL(store_coverage, #name, name, type, flags)
static const struct db_col coverage_cols[] = {
    C(id, DB_I64, 0),
    C(tenant, DB_CHARS, DB_FIXED),
    C(since, DB_TIME, 0),
    C(read, DB_TIME, 0),
    C(readings, DB_I64, 0),
    C(falling, DB_I64, 0),
    C(rising, DB_I64, 0),
    C(window, DB_BYTES, 0),
    C(day, DB_I64, 0),
    C(pages, DB_I64, 0),
    C(bytes, DB_I64, 0),
    C(filled, DB_I64, 0),
    C(texts, DB_I64, 0),
    C(shared, DB_I64, 0),
    C(lost, DB_I64, 0),
    C(seconds, DB_I64, 0),
    C(cloaked, DB_TIME, 0),
    C(stale, DB_TIME, 0),
    C(media, DB_I64, 0),
};
#undef C

void
store_coverage_init(struct store_coverage *c)
{
	memset(c, 0, sizeof(*c));
	c->since = c->read = c->cloaked = c->stale = CLOCK_NONE;
}

void
store_coverage_clear(struct store_coverage *c)
{
	buf_free(&c->window);
	store_coverage_init(c);
}

static void
coverage_init(void *row)
{
	store_coverage_init(row);
}

static void
coverage_clear(void *row)
{
	store_coverage_clear(row);
}

static const struct db_table coverages = {"coverage", sizeof(struct store_coverage),
    coverage_init, coverage_clear, coverage_cols,
    sizeof(coverage_cols) / sizeof(coverage_cols[0])};

int
store_coverage_get(
    struct store *s, int64_t feed, struct store_coverage *out, struct err *e)
{
	return db_get(s, &coverages, out, e, "id = ?1", "i", feed);
}

int
store_coverage_put(struct store *s, const struct store_at *at,
    const struct store_coverage *c, struct err *e)
{
	static const char make[] = "INSERT INTO coverage(id, tenant, readings, "
				   "falling, rising, day, pages, bytes,"
				   " filled, texts, shared, lost, seconds) VALUES(?1, "
				   "?2, 0, 0, 0, 0, 0, 0, 0, 0,"
				   " 0, 0, 0) ON CONFLICT DO NOTHING";
	bool own;
	int rc = db_write(s, at, c->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, make, NULL, e, "it", c->id, c->tenant);
	if (rc == 0)
		rc = db_update(s, &coverages, c, e);
	return db_done(s, own, rc, e);
}

/* --- errands --- */

#define E(name, type, flags) DB_COL(store_errand, #name, name, type, flags)
static const struct db_col errand_cols[] = {
    E(id, DB_I64, 0),
    E(feed, DB_I64, DB_FIXED),
    E(tenant, DB_CHARS, DB_FIXED),
    E(kind, DB_U8, DB_FIXED),
    E(name, DB_STR, DB_FIXED),
    E(url, DB_STR, 0),
    E(item, DB_REF, DB_FIXED),
    E(due, DB_TIME, 0),
    E(attempts, DB_U32, 0),
    E(stage, DB_U32, 0),
    E(pages, DB_I64, 0),
    E(bytes, DB_I64, 0),
    E(since, DB_TIME, 0),
    E(until, DB_TIME, 0),
    E(mark, DB_TIME, 0),
    E(entry, DB_REF, 0),
    E(etag, DB_STR, 0),
    E(last_modified, DB_STR, 0),
    E(body_hash, DB_STR, 0),
    E(data, DB_BYTES, 0),
};
#undef E

void
store_errand_init(struct store_errand *x)
{
	memset(x, 0, sizeof(*x));
	x->due = x->since = x->until = x->mark = CLOCK_NONE;
}

void
store_errand_clear(struct store_errand *x)
{
	free(x->name);
	free(x->url);
	free(x->etag);
	free(x->last_modified);
	free(x->body_hash);
	buf_free(&x->data);
	store_errand_init(x);
}

static void
errand_init(void *row)
{
	store_errand_init(row);
}

static void
errand_clear(void *row)
{
	store_errand_clear(row);
}

static const struct db_table errands = {"errand", sizeof(struct store_errand),
    errand_init, errand_clear, errand_cols,
    sizeof(errand_cols) / sizeof(errand_cols[0])};

int
store_errand_add(
    struct store *s, const struct store_at *at, struct store_errand *x, struct err *e)
{
	bool own;
	int rc = db_write(s, at, x->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &errands, x, e), e);
}

int
store_errand_update(struct store *s, const struct store_at *at,
    const struct store_errand *x, struct err *e)
{
	bool own;
	int rc = db_write(s, at, x->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_update(s, &errands, x, e), e);
}

int
store_errand_drop(struct store *s, const struct store_at *at, int64_t id, struct err *e)
{
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, "DELETE FROM errand WHERE id = ?1", NULL, e, "i", id);
	return db_done(s, own, rc, e);
}

int
store_errand_get(struct store *s, int64_t id, struct store_errand *out, struct err *e)
{
	return db_get(s, &errands, out, e, "id = ?1", "i", id);
}

int
store_errand_find(struct store *s, int64_t feed, enum store_errand_kind kind,
    const char *name, struct store_errand *out, struct err *e)
{
	return db_get(s, &errands, out, e, "feed = ?1 AND kind = ?2 AND name = ?3",
	    "iit", feed, (int64_t)kind, name);
}

int64_t
store_errand_count(struct store *s, int64_t feed, enum store_errand_kind kind)
{
	static const char sql[] = "SELECT count(*) FROM errand WHERE feed = ?1 AND "
				  "kind = ?2 AND due IS NOT NULL";

	return db_number(s, 0, sql, "ii", feed, (int64_t)kind);
}

DB_VISITOR(errand)

int
store_errand_each_due(struct store *s, int64_t now, const char *const but[2],
    size_t limit, store_errand_fn *fn, void *ctx)
{
	struct errand_walk w = {fn, ctx};

	return db_each(s, &errands, errand_visit, &w,
	    "due IS NOT NULL AND due <= ?1 AND (tenant NOT IN (?2, ?3) OR "
	    "(kind = ?4 AND until <= ?1)) ORDER BY due, id LIMIT ?5",
	    "ittii", now, but[0], but[1], (int64_t)ERRAND_MEDIA, (int64_t)limit);
}

int
store_errand_each(struct store *s, int64_t feed, enum store_errand_kind kind,
    store_errand_fn *fn, void *ctx)
{
	struct errand_walk w = {fn, ctx};

	return db_each(s, &errands, errand_visit, &w,
	    "feed = ?1 AND kind = ?2 ORDER BY name", "ii", feed, (int64_t)kind);
}

int64_t
store_errand_next(struct store *s)
{
	return db_number(
	    s, CLOCK_NONE, "SELECT min(due) FROM errand WHERE due IS NOT NULL", "");
}

/* --- sightings --- */

#define S(name, type, flags) DB_COL(store_sighting, #name, name, type, flags)
static const struct db_col sighting_cols[] = {
    S(id, DB_I64, 0),
    S(feed, DB_I64, DB_FIXED),
    S(tenant, DB_CHARS, DB_FIXED),
    S(state, DB_U8, 0),
    S(since, DB_TIME, 0),
    S(gone, DB_TIME, 0),
    S(how, DB_STR, 0),
    S(entry, DB_I64, 0),
};
#undef S

void
store_sighting_clear(struct store_sighting *x)
{
	free(x->how);
	memset(x, 0, sizeof(*x));
}

static void
sighting_clear(void *row)
{
	store_sighting_clear(row);
}

static const struct db_table sightings = {"sighting", sizeof(struct store_sighting),
    NULL, sighting_clear, sighting_cols,
    sizeof(sighting_cols) / sizeof(sighting_cols[0])};

int
store_sighting_get(
    struct store *s, int64_t item, struct store_sighting *out, struct err *e)
{
	return db_get(s, &sightings, out, e, "id = ?1", "i", item);
}

int
store_sighting_put(struct store *s, const struct store_at *at,
    const struct store_sighting *x, struct err *e)
{
	static const char make[] =
	    "INSERT INTO sighting(id, feed, tenant, state, entry) "
	    "VALUES(?1, ?2, ?3, 0, 0) ON CONFLICT DO NOTHING";
	bool own;
	int rc = db_write(s, at, x->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, make, NULL, e, "iit", x->id, x->feed, x->tenant);
	if (rc == 0)
		rc = db_update(s, &sightings, x, e);
	return db_done(s, own, rc, e);
}

DB_VISITOR(sighting)

int
store_sighting_each(
    struct store *s, const char *tenant, store_sighting_fn *fn, void *ctx)
{
	struct sighting_walk w = {fn, ctx};

	if (tenant == NULL)
		return db_each(
		    s, &sightings, sighting_visit, &w, "1 = 1 ORDER BY id", "");
	return db_each(
	    s, &sightings, sighting_visit, &w, "tenant = ?1 ORDER BY id", "t", tenant);
}

int64_t
store_sighting_count(struct store *s, int64_t feed, enum store_sight state)
{
	return db_number(s, 0,
	    "SELECT count(*) FROM sighting WHERE feed = ?1 AND state = ?2", "ii", feed,
	    (int64_t)state);
}

/* --- the rest --- */

int
store_away_add(struct store *s, int64_t from, int64_t to, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, "INSERT INTO away(since, until) VALUES(?1, ?2)", NULL, e, "ii",
	    from, to);
	return db_done(s, own, rc, e);
}

int
store_away_each(struct store *s, int64_t from, int64_t to, store_away_fn *fn, void *ctx)
{
	static const char sql[] = "SELECT since, until FROM away WHERE since < ?2 AND "
				  "until > ?1 ORDER BY id";
	struct err e = ERR_INIT;
	sqlite3_stmt *st = db_query(s, sql, &e, "ii", from, to);
	int rc = st != NULL ? 1 : TOSD_EIO, stop = 0;

	while (rc > 0 && stop == 0 && (rc = db_step(s, st, &e)) > 0)
		stop =
		    fn(ctx, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
	if (stop != 0)
		sqlite3_reset(st);
	return rc < 0 ? rc : stop;
}
