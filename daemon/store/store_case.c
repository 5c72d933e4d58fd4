/* SPDX-License-Identifier: Apache-2.0 */
/* store_case: cases, the decisions of people, and legal holds; see store.h. */
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define C(name, type, flags) DB_COL(store_case, #name, name, type, flags)
static const struct db_col case_cols[] = {
    C(id, DB_I64, 0),
    C(number, DB_CHARS, DB_FIXED),
    C(tenant, DB_CHARS, DB_FIXED),
    C(episode, DB_U32, DB_FIXED),
    C(opened, DB_TIME, DB_FIXED),
    C(closed, DB_TIME, 0),
    C(stage, DB_I32, 0),
    C(phase, DB_U8, 0),
    C(severity, DB_I32, 0),
    C(stage_since, DB_TIME, 0),
    C(deadline, DB_TIME, 0),
    C(remaining, DB_TIME, 0),
    C(last_violation, DB_TIME, 0),
    C(watch_since, DB_TIME, 0),
    C(notices, DB_U32, 0),
    C(exhibits, DB_U32, 0),
    C(outcome, DB_U8, 0),
    C(chain, DB_CHARS, 0),
};
#undef C

static const struct db_table cases = {"cases", sizeof(struct store_case), NULL, NULL,
    case_cols, sizeof(case_cols) / sizeof(case_cols[0])};

/* "2026-000001": the year it was opened in and a number of that year, which is
 * given once even if the daemon is restarted. */
static int
next_number(struct store *s, struct store_case *c, struct err *e)
{
	static const char take[] =
	    "INSERT INTO counter(name, value) VALUES(?1, 1) "
	    "ON CONFLICT(name) DO UPDATE SET value = counter.value + 1";
	static const char read[] = "SELECT value FROM counter WHERE name = ?1";
	char opened[CLOCK_TEXT], name[16];
	int64_t n;
	int rc;

	clock_format(c->opened, opened);
	if (opened[0] == '-')
		return err_set(e, TOSD_EINVAL, "a case needs the time of its opening");
	snprintf(name, sizeof(name), "case-%.4s", opened);
	rc = db_run(s, take, NULL, e, "t", name);
	n = rc == 0 ? db_number(s, 0, read, "t", name) : 0;
	if (rc == 0 && (n < 1 || n > 9999999999))
		rc = err_set(e, TOSD_EIO, "counter %s cannot be read", name);
	if (rc == 0)
		snprintf(c->number, sizeof(c->number), "%.4s-%06llu", opened,
		    (unsigned long long)n % 10000000000u);
	return rc;
}

static int
case_add(struct store *s, struct store_case *c, struct err *e)
{
	static const char active[] =
	    "SELECT id FROM cases WHERE tenant = ?1 AND closed IS NULL";
	static const char last[] = "SELECT max(episode) FROM cases WHERE tenant = ?1";
	int rc;

	if (c->closed == CLOCK_NONE && db_number(s, 0, active, "t", c->tenant) != 0)
		return err_set(e, TOSD_EEXIST, "tenant %s has an open case", c->tenant);
	rc = next_number(s, c, e);
	if (rc < 0)
		return rc;
	c->episode = (uint32_t)db_number(s, 0, last, "t", c->tenant) + 1;
	rc = db_insert(s, &cases, c, e);
	return rc < 0 ? db_break(s, rc, e) : 0;
}

int
store_case_add(
    struct store *s, const struct store_at *at, struct store_case *c, struct err *e)
{
	bool own;
	int rc = db_write(s, at, c->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, case_add(s, c, e), e);
}

int
store_case_update(struct store *s, const struct store_at *at,
    const struct store_case *c, struct err *e)
{
	bool own;
	int rc = db_write(s, at, c->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_update(s, &cases, c, e), e);
}

int
store_case_get(struct store *s, int64_t id, struct store_case *out, struct err *e)
{
	return db_get(s, &cases, out, e, "id = ?1", "i", id);
}

int
store_case_by_number(
    struct store *s, const char *number, struct store_case *out, struct err *e)
{
	return db_get(s, &cases, out, e, "number = ?1", "t", number);
}

int
store_case_active(
    struct store *s, const char *tenant, struct store_case *out, struct err *e)
{
	return db_get(s, &cases, out, e, "tenant = ?1 AND closed IS NULL", "t", tenant);
}

DB_VISITOR(case)

int
store_case_each(
    struct store *s, enum store_case_by by, int64_t key, store_case_fn *fn, void *ctx)
{
	static const char *const where[] = {
	    [CASE_BY_ALL] = "?1 = ?1 ORDER BY id",
	    [CASE_BY_OPEN] = "?1 = ?1 AND closed IS NULL ORDER BY id",
	    [CASE_BY_DUE] = "closed IS NULL AND deadline <= ?1 ORDER BY deadline, id",
	};
	struct case_walk w = {fn, ctx};

	return db_each(s, &cases, case_visit, &w, where[by], "i", key);
}

int64_t
store_case_next_deadline(struct store *s)
{
	return db_number(
	    s, CLOCK_NONE, "SELECT min(deadline) FROM cases WHERE closed IS NULL", "");
}

/* --- decisions --- */

#define D(name, type) DB_COL(store_decision, #name, name, type, 0)
static const struct db_col decision_cols[] = {
    D(id, DB_I64),
    D(case_id, DB_I64),
    D(person, DB_STR),
    D(reason, DB_STR),
    D(verdict, DB_STR),
    D(uid, DB_U32),
    D(time, DB_TIME),
    D(entry, DB_I64),
};
#undef D

static void
decision_clear(void *row)
{
	struct store_decision *d = row;

	free(d->person);
	free(d->reason);
	free(d->verdict);
	memset(d, 0, sizeof(*d));
}

static const struct db_table decisions = {"decision", sizeof(struct store_decision),
    NULL, decision_clear, decision_cols,
    sizeof(decision_cols) / sizeof(decision_cols[0])};

int
store_decision_add(
    struct store *s, const struct store_at *at, struct store_decision *d, struct err *e)
{
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &decisions, d, e), e);
}

DB_VISITOR(decision)

int
store_decision_each(struct store *s, int64_t case_id, store_decision_fn *fn, void *ctx)
{
	struct decision_walk w = {fn, ctx};

	return db_each(s, &decisions, decision_visit, &w, "case_id = ?1 ORDER BY id",
	    "i", case_id);
}

/* --- holds -------------------------------------------------------------------------
 */

int
store_hold_set(struct store *s, const struct store_at *at, int64_t case_id, bool held,
    struct err *e)
{
	static const char set[] =
	    "INSERT INTO hold(case_id) VALUES(?1) ON CONFLICT DO NOTHING";
	static const char lift[] = "DELETE FROM hold WHERE case_id = ?1";
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = held ? db_run(s, set, NULL, e, "i", case_id)
		  : db_run(s, lift, NULL, e, "i", case_id);
	return db_done(s, own, rc, e);
}

/* Both answer "yes" when the store cannot be asked: what is not known to be free
 * must not be erased. */
bool
store_held(struct store *s, int64_t case_id)
{
	return db_number(s, 1, "SELECT count(*) FROM hold WHERE case_id = ?1", "i",
		   case_id) != 0;
}

bool
store_capture_needed(struct store *s, const char *file)
{
	static const char sql[] =
	    "SELECT count(*) FROM revision r JOIN violation v ON v.revision = r.id "
	    "LEFT JOIN cases c ON c.id = v.case_id "
	    "WHERE r.file = ?1 AND ((c.id IS NOT NULL AND c.closed IS NULL) "
	    "OR v.case_id IN (SELECT case_id FROM hold))";

	return db_number(s, 1, sql, "t", file) != 0;
}
