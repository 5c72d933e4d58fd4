/* SPDX-License-Identifier: Apache-2.0 */
/* store_exposure: how much was seen of whom, by the hour; see store.h. */
#include "store/db.h"

struct exposure_row {
	int64_t id;
	struct store_exposure x;
};

#define X(name, type) DB_COL(exposure_row, #name, x.name, type, 0)
static const struct db_col exposure_cols[] = {
    DB_COL(exposure_row, "id", id, DB_I64, 0),
    X(tenant, DB_CHARS),
    X(hour, DB_I64),
    X(items, DB_I64),
    X(violations, DB_I64),
    X(degraded, DB_I64),
    X(sealed, DB_BOOL),
};
#undef X

static const struct db_table exposures = {"exposure", sizeof(struct exposure_row), NULL,
    NULL, exposure_cols, sizeof(exposure_cols) / sizeof(exposure_cols[0])};

/* A count that comes after its hour was sealed (a late answer of a plugin) unseals
 * the hour, so that the engine writes a further ledger entry with the new sums. */
int
store_exposure_count(struct store *s, const struct store_at *at, const char *tenant,
    int64_t time, uint64_t items, uint64_t violations, uint64_t degraded, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO exposure(tenant, hour, items, violations, degraded, sealed) "
	    "VALUES(?1, ?2, ?3, ?4, ?5, 0) ON CONFLICT(tenant, hour) DO UPDATE SET "
	    "items = exposure.items + excluded.items, "
	    "violations = exposure.violations + excluded.violations, "
	    "degraded = exposure.degraded + excluded.degraded, sealed = 0";
	int64_t hour = time - ((time % CLOCK_HOUR) + CLOCK_HOUR) % CLOCK_HOUR;
	bool own;
	int rc;

	if (time == CLOCK_NONE)
		return err_set(e, TOSD_EINVAL, "exposure needs a time");
	rc = db_write(s, at, tenant, &own, e);
	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "tiiii", tenant, hour, (int64_t)items,
	    (int64_t)violations, (int64_t)degraded);
	return db_done(s, own, rc, e);
}

struct exposure_walk {
	store_exposure_fn *fn;
	void *ctx;
};

static int
exposure_visit(void *ctx, const void *row)
{
	const struct exposure_walk *w = ctx;

	return w->fn(w->ctx, &((const struct exposure_row *)row)->x);
}

int
store_exposure_each(struct store *s, const char *tenant, int64_t from, int64_t to,
    store_exposure_fn *fn, void *ctx)
{
	struct exposure_walk w = {fn, ctx};

	return db_each(s, &exposures, exposure_visit, &w,
	    "tenant = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour", "tii", tenant,
	    from, to);
}

int
store_exposure_unsealed(
    struct store *s, int64_t before, store_exposure_fn *fn, void *ctx)
{
	struct exposure_walk w = {fn, ctx};

	return db_each(s, &exposures, exposure_visit, &w,
	    "sealed = 0 AND hour < ?1 ORDER BY hour, id", "i", before);
}

int
store_exposure_seal(struct store *s, const struct store_at *at, const char *tenant,
    int64_t hour, struct err *e)
{
	static const char sql[] =
	    "UPDATE exposure SET sealed = 1 WHERE tenant = ?1 AND hour = ?2";
	bool own;
	int rc = db_write(s, at, tenant, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, &n, e, "ti", tenant, hour);
	if (rc == 0 && n == 0)
		rc = err_set(e, TOSD_ENOENT, "exposure of %s: no such hour", tenant);
	return db_done(s, own, rc, e);
}
