/* SPDX-License-Identifier: Apache-2.0 */
/* store_violation: findings that count, and whether the content is still there; see
 * store.h.  Keeps item.violations, the number of open ones of an item. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#define V(name, type, flags) DB_COL(store_violation, #name, name, type, flags)
#define VF(name, type) DB_COL(store_violation, #name, finding.name, type, DB_FIXED)
static const struct db_col violation_cols[] = {
    V(id, DB_I64, 0),
    V(case_id, DB_REF, 0),
    V(tenant, DB_CHARS, DB_FIXED),
    V(item, DB_I64, DB_FIXED),
    V(revision, DB_I64, DB_FIXED),
    V(exhibit, DB_U32, 0),
    VF(rule, DB_STR),
    VF(rev, DB_U32),
    VF(pack, DB_STR),
    VF(clause, DB_STR),
    VF(category, DB_STR),
    VF(reason, DB_STR),
    VF(severity, DB_I32),
    VF(score, DB_F64),
    VF(mode, DB_I32),
    DB_COL(store_violation, "spans", finding, DB_SPANS, DB_FIXED),
    V(url, DB_STR, DB_FIXED),
    V(quote, DB_STR, DB_FIXED),
    V(found, DB_TIME, DB_FIXED),
    V(posted, DB_TIME, DB_FIXED),
    V(entry, DB_I64, 0),
    V(notice, DB_U32, 0),
    V(reported, DB_TIME, 0),
    V(presence, DB_I32, 0),
    V(since, DB_TIME, 0),
    V(ended, DB_TIME, 0),
    V(last_online, DB_TIME, 0),
    V(last_check, DB_TIME, 0),
    V(next_check, DB_TIME, 0),
    V(checks, DB_U32, 0),
    V(misses, DB_U32, 0),
    V(withdrawn, DB_U8, 0),
};
#undef V
#undef VF

void
store_violation_clear(struct store_violation *v)
{
	finding_clear(&v->finding);
	free(v->url);
	free(v->quote);
	memset(v, 0, sizeof(*v));
}

static void
violation_clear(void *row)
{
	store_violation_clear(row);
}

static const struct db_table violations = {"violation", sizeof(struct store_violation),
    NULL, violation_clear, violation_cols,
    sizeof(violation_cols) / sizeof(violation_cols[0])};

#define OPEN "presence IN (0, 3)" /* PRESENT_ONLINE, PRESENT_UNKNOWN */

static bool
is_open(int64_t presence)
{
	return presence == PRESENT_ONLINE || presence == PRESENT_UNKNOWN;
}

/* A half-done change must not be committed, hence db_break(). */
static int
count_open(struct store *s, int64_t item, int64_t by, struct err *e)
{
	static const char sql[] =
	    "UPDATE item SET violations = max(violations + ?2, 0) WHERE id = ?1";
	int rc = by == 0 ? 0 : db_run(s, sql, NULL, e, "ii", item, by);

	return rc < 0 ? db_break(s, rc, e) : 0;
}

int
store_violation_add(struct store *s, const struct store_at *at,
    struct store_violation *v, struct err *e)
{
	bool own;
	int rc = db_write(s, at, v->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_insert(s, &violations, v, e);
	if (rc == 0)
		rc = count_open(s, v->item, is_open((int64_t)v->presence), e);
	return db_done(s, own, rc, e);
}

int
store_violation_update(struct store *s, const struct store_at *at,
    const struct store_violation *v, struct err *e)
{
	static const char was[] = "SELECT presence FROM violation WHERE id = ?1";
	static const char of[] = "SELECT item FROM violation WHERE id = ?1";
	int64_t before, item;
	bool own;
	int rc = db_write(s, at, v->tenant, &own, e);

	if (rc < 0)
		return rc;
	before = db_number(s, -1, was, "i", v->id);
	item = db_number(s, 0, of, "i", v->id);
	rc = db_update(s, &violations, v, e);
	if (rc == 0)
		rc = count_open(s, item,
		    (int64_t)is_open((int64_t)v->presence) - (int64_t)is_open(before),
		    e);
	return db_done(s, own, rc, e);
}

int
store_violation_get(
    struct store *s, int64_t id, struct store_violation *out, struct err *e)
{
	return db_get(s, &violations, out, e, "id = ?1", "i", id);
}

int
store_violation_open(struct store *s, int64_t item, const char *rule,
    struct store_violation *out, struct err *e)
{
	return db_get(s, &violations, out, e,
	    "item = ?1 AND " OPEN " AND rule = ?2 ORDER BY id LIMIT 1", "it", item,
	    rule);
}

DB_VISITOR(violation)

int
store_violation_since(struct store *s, const char *tenant, int64_t from,
    store_violation_fn *fn, void *ctx)
{
	struct violation_walk w = {fn, ctx};

	return db_each(s, &violations, violation_visit, &w,
	    "tenant = ?1 AND found >= ?2 ORDER BY found, revision, id", "ti", tenant,
	    from);
}

int
store_violation_each(struct store *s, enum store_violation_by by, int64_t key,
    size_t limit, store_violation_fn *fn, void *ctx)
{
	static const char *const where[] = {
	    [VIOLATION_ALL] = "?1 = ?1 ORDER BY id LIMIT ?2",
	    [VIOLATION_OF_CASE] = "case_id = ?1 ORDER BY id LIMIT ?2",
	    [VIOLATION_OF_ITEM] = "item = ?1 ORDER BY id LIMIT ?2",
	};
	struct violation_walk w = {fn, ctx};

	return db_each(s, &violations, violation_visit, &w, where[by], "ii", key,
	    limit > 0 && limit < INT64_MAX ? (int64_t)limit : (int64_t)-1);
}

struct by {
	int64_t revision;
	bool found;
};

static int
is_by(void *ctx, const struct store_violation *v)
{
	struct by *b = ctx;

	b->found |= v->revision == b->revision;
	return b->found;
}

int
store_violation_is_by(struct store *s, int64_t item, int64_t revision, bool *is)
{
	struct by b = {revision, false};
	int rc = store_violation_each(s, VIOLATION_OF_ITEM, item, 0, is_by, &b);

	*is = b.found;
	return rc;
}

int
store_violation_each_due(struct store *s, int64_t now, const char *const but[2],
    store_violation_fn *fn, void *ctx)
{
	struct violation_walk w = {fn, ctx};

	return db_each(s, &violations, violation_visit, &w,
	    "next_check <= ?1 AND tenant NOT IN (?2, ?3) ORDER BY next_check, id",
	    "itt", now, but[0], but[1]);
}

int64_t
store_violation_withdrawn(struct store *s, int64_t case_id)
{
	static const char sql[] =
	    "SELECT count(*) FROM violation WHERE case_id = ?1 AND withdrawn <> 0";

	return db_number(s, 0, sql, "i", case_id);
}

int64_t
store_violation_gravest(struct store *s, int64_t case_id)
{
	static const char sql[] = "SELECT coalesce(max(severity), 0) FROM violation "
				  "WHERE case_id = ?1 AND withdrawn = 0";

	return db_number(s, 0, sql, "i", case_id);
}

int64_t
store_violation_gravest_told(struct store *s, int64_t case_id, uint32_t told)
{
	static const char sql[] =
	    "SELECT coalesce(max(severity), 0) FROM violation WHERE case_id = ?1 "
	    "AND notice BETWEEN 1 AND ?2 AND (withdrawn = 0 OR notice = ?2)";

	return db_number(s, 0, sql, "ii", case_id, (int64_t)told);
}

int64_t
store_violation_next_check(struct store *s)
{
	return db_number(s, CLOCK_NONE,
	    "SELECT min(next_check) FROM violation WHERE next_check IS NOT NULL", "");
}
