/* SPDX-License-Identifier: Apache-2.0 */
/* store_rule_day: what rules hit, by day; findings as people see them, reviews and
 * scores; see store_rule.h. */
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/store_rule.h"

/* --- hits --- */

#define D(name, type) DB_COL(store_rule_day, #name, name, type, 0)
static const struct db_col rule_day_cols[] = {
    D(id, DB_I64),
    D(rule, DB_STR),
    D(rev, DB_U32),
    D(day, DB_I64),
    D(tenant, DB_CHARS),
    D(mode, DB_I32),
    D(hits, DB_I64),
    D(would, DB_I64),
    D(counted, DB_I64),
};
#undef D

static void
rule_day_clear(void *row)
{
	struct store_rule_day *d = row;

	free(d->rule);
	memset(d, 0, sizeof(*d));
}

static const struct db_table rule_days = {"rule_day", sizeof(struct store_rule_day),
    NULL, rule_day_clear, rule_day_cols,
    sizeof(rule_day_cols) / sizeof(rule_day_cols[0])};

int
store_rule_day_count(struct store *s, const struct store_at *at,
    const struct store_rule_day *d, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO rule_day(rule, rev, day, tenant, mode, hits, would, counted) "
	    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
	    "ON CONFLICT(rule, rev, day, tenant, mode) DO UPDATE SET "
	    "hits = rule_day.hits + excluded.hits, "
	    "would = rule_day.would + excluded.would, "
	    "counted = rule_day.counted + excluded.counted";
	bool own;
	int rc = db_write(s, at, d->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "tiitiiii", d->rule, (int64_t)d->rev, d->day,
	    d->tenant, (int64_t)d->mode, (int64_t)d->hits, (int64_t)d->would,
	    (int64_t)d->counted);
	return db_done(s, own, rc, e);
}

DB_VISITOR(rule_day)

int
store_rule_day_each(struct store *s, const char *rule, uint32_t rev, int64_t from,
    store_rule_day_fn *fn, void *ctx)
{
	struct rule_day_walk w = {fn, ctx};

	if (rule == NULL)
		return db_each(s, &rule_days, rule_day_visit, &w,
		    "day >= ?1 ORDER BY rule, rev, day, tenant, mode", "i", from);
	return db_each(s, &rule_days, rule_day_visit, &w,
	    "rule = ?1 AND rev = ?2 AND day >= ?3 ORDER BY day, tenant, mode", "tii",
	    rule, (int64_t)rev, from);
}

int
store_rule_day_sums(struct store *s, store_rule_day_fn *fn, void *ctx)
{
	static const char sql[] =
	    "SELECT rule, rev, mode, sum(hits), sum(would), sum(counted) "
	    "FROM rule_day GROUP BY rule, rev, mode";
	struct err e = ERR_INIT;
	sqlite3_stmt *st = db_query(s, sql, &e, "");
	int rc = st != NULL ? 1 : TOSD_EIO;

	while (rc > 0 && (rc = db_step(s, st, &e)) > 0) {
		struct store_rule_day d = {
		    .rule = (char *)(uintptr_t)sqlite3_column_text(st, 0),
		    .rev = (uint32_t)sqlite3_column_int64(st, 1),
		    .mode = (int32_t)sqlite3_column_int64(st, 2),
		    .hits = (uint64_t)sqlite3_column_int64(st, 3),
		    .would = (uint64_t)sqlite3_column_int64(st, 4),
		    .counted = (uint64_t)sqlite3_column_int64(st, 5)};

		if (fn(ctx, &d) != 0) {
			sqlite3_reset(st);
			break;
		}
	}
	return rc < 0 ? rc : 0;
}

int64_t
store_rule_day_tenants(struct store *s, const char *rule, uint32_t rev)
{
	static const char sql[] = "SELECT count(DISTINCT tenant) FROM rule_day "
				  "WHERE rule = ?1 AND rev = ?2";

	return db_number(s, 0, sql, "ti", rule, (int64_t)rev);
}

/* --- forgetting --- */

int
store_days_drop(struct store *s, int64_t before, struct err *e)
{
	static const char hits[] = "DELETE FROM rule_day WHERE day < ?1";
	static const char costs[] = "DELETE FROM plugin_day WHERE day < ?1";
	static const char spent[] = "DELETE FROM rule_cost WHERE day < ?1";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, hits, NULL, e, "i", before);
	if (rc == 0)
		rc = db_run(s, costs, NULL, e, "i", before);
	if (rc == 0)
		rc = db_run(s, spent, NULL, e, "i", before);
	return db_done(s, own, rc, e);
}

/* --- findings, for people --- */

#define R(name, type) DB_COL(store_found, #name, name, type, DB_READ)
#define F(name, type) DB_COL(store_found, #name, f.name, type, DB_READ)
#define OF(col) "(SELECT " col " FROM revision r WHERE r.id = finding.revision)"
static const struct db_col found_cols[] = {
    R(id, DB_I64),
    R(revision, DB_I64),
    DB_COL(store_found, OF("r.item"), item, DB_I64, DB_READ),
    DB_COL(store_found,
	"(SELECT i.tenant FROM revision r JOIN item i ON i.id = r.item "
	"WHERE r.id = finding.revision)",
	tenant, DB_CHARS, DB_READ),
    R(time, DB_TIME),
    F(rule, DB_STR),
    F(rev, DB_U32),
    F(pack, DB_STR),
    F(clause, DB_STR),
    F(category, DB_STR),
    F(reason, DB_STR),
    F(severity, DB_I32),
    F(score, DB_F64),
    F(mode, DB_I32),
    DB_COL(store_found, "spans", f, DB_SPANS, DB_READ),
    R(counts, DB_BOOL),
    DB_COL(store_found, OF("r.scores"), scores, DB_STR, DB_READ),
};
#undef R
#undef F

void
store_found_clear(struct store_found *r)
{
	finding_clear(&r->f);
	free(r->scores);
	memset(r, 0, sizeof(*r));
}

static void
found_clear(void *row)
{
	store_found_clear(row);
}

static const struct db_table founds = {"finding", sizeof(struct store_found), NULL,
    found_clear, found_cols, sizeof(found_cols) / sizeof(found_cols[0])};

int
store_found_get(struct store *s, int64_t id, struct store_found *out, struct err *e)
{
	return db_get(s, &founds, out, e, "id = ?1", "i", id);
}

int
store_found_of(struct store *s, int64_t revision, const char *rule, uint32_t rev,
    struct store_found *out, struct err *e)
{
	return db_get(s, &founds, out, e, "revision = ?1 AND rule = ?2 AND rev = ?3",
	    "iti", revision, rule, (int64_t)rev);
}

DB_VISITOR(found)

int
store_found_each(struct store *s, const char *rule, bool waiting, size_t max,
    store_found_fn *fn, void *ctx)
{
	static const char all[] = "?1 IS NULL ORDER BY id DESC LIMIT ?2";
	static const char of[] = "rule = ?1 ORDER BY id DESC LIMIT ?2";
	/* '0' is what comes after '/'. */
	static const char pack[] = "(rule = ?1 OR (rule > ?1 || '/' AND rule < ?1 || "
				   "'0')) ORDER BY id DESC LIMIT ?2";
	static const char open[] =
	    "id IN (SELECT id FROM review WHERE state = 0) AND mode <> 5 "
	    "AND (?1 IS NULL OR rule = ?1 OR (instr(?1, '/') = 0 AND rule > ?1 || '/' "
	    "AND rule < ?1 || '0')) ORDER BY id DESC LIMIT ?2";
	struct found_walk w = {fn, ctx};

	_Static_assert(MODE_REVIEW == 5, "the query names it");

	return db_each(s, &founds, found_visit, &w,
	    waiting			? open
	    : rule == NULL		? all
	    : strchr(rule, '/') == NULL ? pack
					: of,
	    "ti", rule, (int64_t)max);
}

/* --- reviews --- */

int
store_review_add(struct store *s, const struct store_at *at, int64_t finding,
    const char *tenant, int64_t since, int64_t entry, struct err *e)
{
	static const char sql[] = "INSERT INTO review(id, tenant, since, state, entry) "
				  "VALUES(?1, ?2, ?3, 0, ?4) ON CONFLICT DO NOTHING";
	bool own;
	int rc = db_write(s, at, tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "itmi", finding, tenant, since, entry);
	return db_done(s, own, rc, e);
}

int
store_review_state(struct store *s, int64_t finding)
{
	static const char sql[] = "SELECT state FROM review WHERE id = ?1";

	return (int)db_number(s, -1, sql, "i", finding);
}

int
store_review_decide(struct store *s, const struct store_at *at, int64_t finding,
    enum store_review state, bool counts, struct err *e)
{
	static const char sql[] = "UPDATE review SET state = ?2 WHERE id = ?1";
	static const char set[] = "UPDATE finding SET counts = ?2 WHERE id = ?1";
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "ii", finding, (int64_t)state);
	if (rc == 0)
		rc = db_run(s, set, NULL, e, "ii", finding, (int64_t)counts);
	return db_done(s, own, rc, e);
}

int64_t
store_review_count(struct store *s)
{
	return db_number(s, 0, "SELECT count(*) FROM review WHERE state = 0", "");
}

/* --- scores --- */

int
store_revision_scored(struct store *s, const struct store_at *at, int64_t revision,
    const char *scores, struct err *e)
{
	static const char sql[] = "UPDATE revision SET scores = ?2 WHERE id = ?1";
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	if (rc < 0)
		return rc;
	return db_done(s, own, db_run(s, sql, NULL, e, "it", revision, scores), e);
}

char *
store_revision_scores(struct store *s, int64_t revision)
{
	static const char sql[] = "SELECT scores FROM revision WHERE id = ?1";
	sqlite3_stmt *st = db_query(s, sql, NULL, "i", revision);
	char *out = NULL;

	if (st != NULL && db_step(s, st, NULL) > 0) {
		out = xstrdup((const char *)sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	}
	return out;
}

int
store_scores_drop(struct store *s, int64_t before, int64_t *after, size_t max,
    size_t *n, struct err *e)
{
	/* Revisions are made in the order in which they were seen. */
	static const char last[] =
	    "SELECT max(id) FROM (SELECT id, seen FROM revision WHERE id > ?1 "
	    "ORDER BY id LIMIT ?2) WHERE seen < ?3";
	static const char drop[] = "UPDATE revision SET scores = NULL "
				   "WHERE id > ?1 AND id <= ?2 AND scores IS NOT NULL";
	int64_t to = db_number(s, *after, last, "iim", *after, (int64_t)max, before);
	bool own;
	int rc;

	*n = (size_t)(to - *after);
	if (to == *after)
		return 0;
	rc = db_write(s, NULL, NULL, &own, e);
	if (rc < 0)
		return rc;
	rc = db_run(s, drop, NULL, e, "ii", *after, to);
	*after = to;
	return db_done(s, own, rc, e);
}
