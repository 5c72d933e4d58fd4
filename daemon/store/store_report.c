/* SPDX-License-Identifier: Apache-2.0 */
/* store_report: what was reported, and what came of it; see store_report.h. */
#include "store/store_report.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"

#define R(name, type, flags) DB_COL(store_report, #name, name, type, flags)
static const struct db_col report_cols[] = {
    R(id, DB_I64, 0),
    R(item, DB_I64, DB_FIXED),
    R(revision, DB_I64, DB_FIXED),
    R(tenant, DB_CHARS, DB_FIXED),
    R(state, DB_I32, 0),
    R(asked, DB_BOOL, 0),
    R(attempts, DB_U32, 0),
    R(made, DB_TIME, DB_FIXED),
    R(looked, DB_TIME, 0),
    R(found, DB_I64, 0),
    R(who, DB_STR, DB_FIXED),
    R(file, DB_STR, DB_FIXED),
    R(why, DB_STR, 0),
    R(entry, DB_I64, DB_FIXED),
};
#undef R

void
store_report_clear(struct store_report *r)
{
	free(r->who);
	free(r->file);
	free(r->why);
	memset(r, 0, sizeof(*r));
}

static void
report_clear(void *row)
{
	store_report_clear(row);
}

static const struct db_table reports = {"report", sizeof(struct store_report), NULL,
    report_clear, report_cols, sizeof(report_cols) / sizeof(report_cols[0])};

DB_VISITOR(report)

int
store_report_put(
    struct store *s, const struct store_at *at, struct store_report *r, struct err *e)
{
	bool own;
	int rc = db_write(s, at, r->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = r->id == 0 ? db_insert(s, &reports, r, e) : db_update(s, &reports, r, e);
	return db_done(s, own, rc, e);
}

int
store_report_get(struct store *s, int64_t id, struct store_report *out, struct err *e)
{
	return db_get(s, &reports, out, e, "id = ?1", "i", id);
}

int
store_report_each(
    struct store *s, const char *tenant, size_t max, store_report_fn *fn, void *ctx)
{
	struct report_walk w = {fn, ctx};

	return db_each(s, &reports, report_visit, &w,
	    "?1 IS NULL OR tenant = ?1 ORDER BY id DESC LIMIT ?2", "ti", tenant,
	    (int64_t)max);
}

int
store_report_of(struct store *s, int64_t item, store_report_fn *fn, void *ctx)
{
	struct report_walk w = {fn, ctx};

	return db_each(
	    s, &reports, report_visit, &w, "item = ?1 ORDER BY id", "i", item);
}

int
store_report_open(struct store *s, int64_t revision, store_report_fn *fn, void *ctx)
{
	struct report_walk w = {fn, ctx};

	_Static_assert(REPORT_OPEN == 0, "the query and the index name it");
	if (revision == 0)
		return db_each(
		    s, &reports, report_visit, &w, "state = 0 ORDER BY id", "");
	return db_each(s, &reports, report_visit, &w,
	    "state = 0 AND revision = ?1 ORDER BY id", "i", revision);
}

int64_t
store_report_count(struct store *s, int64_t item)
{
	static const char of[] = "SELECT count(*) FROM report WHERE item = ?1";

	if (item == 0)
		return db_number(s, 0, "SELECT count(*) FROM report", "");
	return db_number(s, 0, of, "i", item);
}

int64_t
store_report_waiting(struct store *s)
{
	return db_number(s, 0, "SELECT count(*) FROM report WHERE state = 0", "");
}

int
store_report_reset(struct store *s, struct err *e)
{
	static const char sql[] = "UPDATE report SET asked = 0 WHERE state = 0";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_run(s, sql, NULL, e, ""), e);
}

/* No index: an address is asked for when a person reports something, and every new post
 * would pay for it. */
int
store_items_at(struct store *s, const char *url, const char *tenant, int64_t newest,
    int64_t *ids, size_t max, size_t *n, struct err *e)
{
	static const char sql[] = "SELECT max(id), min(id) FROM item WHERE "
				  "id > (SELECT max(id) FROM item) - ?2 "
				  "AND url = ?1 AND (?4 IS NULL OR tenant = ?4) GROUP "
				  "BY feed ORDER BY 1 DESC LIMIT ?3";
	sqlite3_stmt *st =
	    db_query(s, sql, e, "tiit", url, newest, (int64_t)max, tenant);
	int rc = st != NULL ? 1 : TOSD_EIO;

	*n = 0;
	while (rc > 0 && (rc = db_step(s, st, e)) > 0)
		for (int i = 0; i < 2; i++) {
			int64_t id = sqlite3_column_int64(st, i);

			if (*n < max && (i == 0 || id != ids[*n - 1]))
				ids[(*n)++] = id;
		}
	return rc;
}
