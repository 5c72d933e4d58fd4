/* SPDX-License-Identifier: Apache-2.0 */
/* store_ledger: ledger rows that wait to be written to the signed files, and the
 * counts for status and metrics; see store.h. */
#include "store/db.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"

/* The counter is written by a trim only: while there are rows, they count. */
static const char next_sql[] =
    "SELECT max(coalesce((SELECT max(seq) + 1 FROM ledger_row), 0), "
    "coalesce((SELECT value FROM counter WHERE name = 'ledger'), 0))";

int64_t
store_ledger_next(struct store *s)
{
	return db_number(s, -1, next_sql, "");
}

static int
ledger_add(struct store *s, int64_t seq, const void *entry, size_t n, struct err *e)
{
	static const char sql[] = "INSERT INTO ledger_row(seq, entry) VALUES(?1, ?2)";
	int64_t next = store_ledger_next(s);
	sqlite3_stmt *st;
	int rc;

	if (next < 0)
		return err_set(e, TOSD_EIO, "the ledger's counter cannot be read");
	if (seq < next)
		return err_set(e, TOSD_EEXIST, "ledger row %lld is written already",
		    (long long)seq);
	if (seq > next)
		return err_set(e, TOSD_ESTATE,
		    "ledger row %lld would leave a hole: the "
		    "next is %lld",
		    (long long)seq, (long long)next);
	st = db_query(s, sql, e, "i", seq);
	if (st == NULL)
		return db_break(s, TOSD_EIO, e);
	sqlite3_bind_blob64(st, 2, n > 0 ? entry : "", n, SQLITE_STATIC);
	rc = db_step(s, st, e);
	sqlite3_clear_bindings(st);
	return rc;
}

int
store_ledger_add(
    struct store *s, int64_t seq, const void *entry, size_t n, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, ledger_add(s, seq, entry, n, e), e);
}

int
store_ledger_each(struct store *s, int64_t from, store_ledger_fn *fn, void *ctx)
{
	static const char sql[] = "SELECT seq, entry FROM ledger_row WHERE seq >= ?1 "
				  "ORDER BY seq LIMIT 1";
	struct err e = ERR_INIT;
	struct buf b = {0};
	sqlite3_stmt *st;
	int rc;

	for (;;) {
		st = db_query(s, sql, &e, "i", from);
		rc = st != NULL ? db_step(s, st, &e) : TOSD_EIO;
		if (rc <= 0)
			break;
		from = sqlite3_column_int64(st, 0);
		buf_reset(&b);
		buf_put(&b, sqlite3_column_blob(st, 1),
		    (size_t)sqlite3_column_bytes(st, 1));
		sqlite3_reset(st);
		rc = fn(ctx, from, b.data != NULL ? b.data : "", b.len);
		if (rc != 0)
			break;
		from++;
	}
	if (e.code != 0)
		log_err("store", "%s", e.text);
	buf_free(&b);
	return rc;
}

int
store_ledger_trim(struct store *s, int64_t below, struct err *e)
{
	static const char keep[] =
	    "INSERT INTO counter(name, value) VALUES('ledger', ?1) "
	    "ON CONFLICT(name) DO UPDATE SET value = excluded.value";
	static const char drop[] = "DELETE FROM ledger_row WHERE seq < ?1";
	int64_t next;
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	next = store_ledger_next(s);
	rc = next < 0 ? err_set(e, TOSD_EIO, "the ledger's counter cannot be read")
		      : db_run(s, keep, NULL, e, "i", next);
	if (rc == 0)
		rc = db_run(s, drop, NULL, e, "i", below);
	return db_done(s, own, rc < 0 ? db_break(s, rc, e) : 0, e);
}

/* --- counts --- */

/* max(id) where rows are never deleted: count(*) would read the whole table each
 * time the metrics are asked for.  The rest is small or has an index. */
static const struct {
	const char *sql;
	size_t off;
} counts[] = {
#define COUNT(name, text)                                           \
	{                                                           \
		"SELECT " text, offsetof(struct store_counts, name) \
	}
    COUNT(feeds, "count(*) FROM feed WHERE active = 1"),
    COUNT(feeds_down, "count(*) FROM feed WHERE active = 1 AND down_since IS NOT NULL"),
    COUNT(items, "max(id) FROM item"),
    COUNT(revisions, "max(id) FROM revision"),
    COUNT(pending, "coalesce(sum(last - first + 1), 0) FROM todo"),
    COUNT(degraded, "count(*) FROM revision WHERE judged = 2"),
    COUNT(findings, "max(id) FROM finding"),
    COUNT(violations, "max(id) FROM violation"),
    COUNT(violations_online, "count(*) FROM violation WHERE presence = 0"),
    COUNT(cases_open, "count(*) FROM cases WHERE closed IS NULL"),
    COUNT(recommended, "count(*) FROM cases WHERE closed IS NULL AND phase = 6"),
    COUNT(notices, "max(id) FROM notice"),
    COUNT(outbox_new, "count(*) FROM outbox WHERE state = 0"),
    COUNT(outbox_sending, "count(*) FROM outbox WHERE state = 1"),
    COUNT(outbox_unknown, "count(*) FROM outbox WHERE state = 4"),
    COUNT(outbox_failed, "count(*) FROM outbox WHERE state = 3"),
#undef COUNT
};
_Static_assert(STORE_PHASE_RECOMMENDED == 6 && OUTBOX_UNKNOWN == 4 &&
		   OUTBOX_FAILED == 3 && PRESENT_ONLINE == 0 && INSPECT_DEGRADED == 2,
    "the numbers in the texts above");

int
store_count(struct store *s, struct store_counts *out, struct err *e)
{
	int rc = db_todo_write(s, e);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; rc == 0 && i < sizeof(counts) / sizeof(counts[0]); i++) {
		sqlite3_stmt *st = db_query(s, counts[i].sql, e, "");

		rc = st != NULL ? db_step(s, st, e) : TOSD_EIO;
		if (rc > 0) {
			*(uint64_t *)((char *)out + counts[i].off) =
			    (uint64_t)sqlite3_column_int64(st, 0);
			sqlite3_reset(st);
			rc = 0;
		}
	}
	return rc;
}
