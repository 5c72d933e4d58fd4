/* SPDX-License-Identifier: Apache-2.0 */
/* store_outbox: notices, and what is on its way to whom; see store.h. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#define N(name, type, flags) DB_COL(store_notice, #name, name, type, flags)
static const struct db_col notice_cols[] = {
    N(id, DB_I64, 0),
    N(case_id, DB_REF, DB_FIXED),
    N(n, DB_U32, DB_FIXED),
    N(stage, DB_I32, DB_FIXED),
    N(kind, DB_STR, DB_FIXED),
    N(audience, DB_STR, DB_FIXED),
    N(tenant, DB_CHARS, DB_FIXED),
    N(made, DB_TIME, DB_FIXED),
    N(delivered, DB_TIME, 0),
    N(file, DB_STR, DB_FIXED),
    DB_COL(store_notice, "vault_commit", commit, DB_STR, DB_FIXED),
    N(sha256, DB_STR, DB_FIXED),
    N(message_id, DB_STR, DB_FIXED),
    N(subject, DB_STR, DB_FIXED),
    N(entry, DB_I64, DB_FIXED),
};
#undef N

void
store_notice_clear(struct store_notice *n)
{
	free(n->kind);
	free(n->audience);
	free(n->file);
	free(n->commit);
	free(n->sha256);
	free(n->message_id);
	free(n->subject);
	memset(n, 0, sizeof(*n));
}

static void
notice_clear(void *row)
{
	store_notice_clear(row);
}

static const struct db_table notices = {"notice", sizeof(struct store_notice), NULL,
    notice_clear, notice_cols, sizeof(notice_cols) / sizeof(notice_cols[0])};

int
store_notice_add(
    struct store *s, const struct store_at *at, struct store_notice *n, struct err *e)
{
	bool own;
	int rc = db_write(s, at, n->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &notices, n, e), e);
}

/* The first proof of delivery stands: a deadline counts from it. */
int
store_notice_delivered(
    struct store *s, const struct store_at *at, int64_t id, int64_t time, struct err *e)
{
	static const char sql[] =
	    "UPDATE notice SET delivered = coalesce(delivered, ?2) WHERE id = ?1";
	bool own;
	int rc = db_write(s, at, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, &n, e, "im", id, time);
	if (rc == 0 && n == 0)
		rc = err_set(e, TOSD_ENOENT, "notice %lld: no such row", (long long)id);
	return db_done(s, own, rc, e);
}

int
store_notice_get(struct store *s, int64_t id, struct store_notice *out, struct err *e)
{
	return db_get(s, &notices, out, e, "id = ?1", "i", id);
}

/* By the number that engine_notice_safety() gives it. */
bool
store_notice_alerted(struct store *s, int64_t revision)
{
	static const char sql[] =
	    "SELECT count(*) FROM notice WHERE coalesce(case_id, 0) = 0 AND n = ?1 "
	    "AND kind = 'safety'";

	return db_number(s, 0, sql, "i", (int64_t)(uint32_t)revision) != 0;
}

DB_VISITOR(notice)

int
store_notice_each(struct store *s, int64_t case_id, store_notice_fn *fn, void *ctx)
{
	struct notice_walk w = {fn, ctx};

	if (case_id < 0)
		return db_each(s, &notices, notice_visit, &w, "1 = 1 ORDER BY id", "");
	return db_each(s, &notices, notice_visit, &w,
	    "coalesce(case_id, 0) = ?1 ORDER BY id", "i", case_id);
}

/* --- outbox --- */

#define O(name, type, flags) DB_COL(store_outbox, #name, name, type, flags)
static const struct db_col outbox_cols[] = {
    O(id, DB_I64, 0),
    O(notice, DB_I64, DB_FIXED),
    O(tenant, DB_CHARS, DB_FIXED),
    O(channel, DB_STR, DB_FIXED),
    O(recipient, DB_STR, DB_FIXED),
    O(sender, DB_STR, DB_FIXED),
    O(idem, DB_CHARS, DB_FIXED),
    O(state, DB_I32, 0),
    O(attempts, DB_U32, 0),
    O(next_try, DB_TIME, 0),
    O(entry, DB_I64, 0),
    O(code, DB_I32, 0),
    O(reply, DB_STR, 0),
    O(time, DB_TIME, 0),
};
#undef O

void
store_outbox_clear(struct store_outbox *o)
{
	free(o->channel);
	free(o->recipient);
	free(o->sender);
	free(o->reply);
	memset(o, 0, sizeof(*o));
}

static void
outbox_clear(void *row)
{
	store_outbox_clear(row);
}

static const struct db_table outbox = {"outbox", sizeof(struct store_outbox), NULL,
    outbox_clear, outbox_cols, sizeof(outbox_cols) / sizeof(outbox_cols[0])};

int
store_outbox_add(
    struct store *s, const struct store_at *at, struct store_outbox *o, struct err *e)
{
	bool own;
	int rc = db_write(s, at, o->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &outbox, o, e), e);
}

int
store_outbox_update(struct store *s, const struct store_at *at,
    const struct store_outbox *o, struct err *e)
{
	bool own;
	int rc = db_write(s, at, o->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_update(s, &outbox, o, e), e);
}

int
store_outbox_get(struct store *s, int64_t id, struct store_outbox *out, struct err *e)
{
	return db_get(s, &outbox, out, e, "id = ?1", "i", id);
}

DB_VISITOR(outbox)

int
store_outbox_each(struct store *s, enum store_outbox_state state, int64_t now,
    int64_t signed_size, size_t limit, store_outbox_fn *fn, void *ctx)
{
	/* Threats to people do not queue behind notices, which a slow mail server may
	 * hold up for long. */
	static const char due[] =
	    "state = 0 AND coalesce(next_try, ?1) <= ?1 AND "
	    "entry < ?2 ORDER BY (SELECT kind <> 'safety' FROM notice "
	    "WHERE notice.id = outbox.notice), id LIMIT ?3";
	static const char all[] = "state = ?1 ORDER BY id LIMIT ?2";
	struct outbox_walk w = {fn, ctx};
	int64_t most = limit > 0 && limit < INT64_MAX ? (int64_t)limit : -1;

	if (state == OUTBOX_NEW)
		return db_each(
		    s, &outbox, outbox_visit, &w, due, "iii", now, signed_size, most);
	return db_each(s, &outbox, outbox_visit, &w, all, "ii", (int64_t)state, most);
}

int
store_outbox_of_notice(struct store *s, int64_t notice, store_outbox_fn *fn, void *ctx)
{
	struct outbox_walk w = {fn, ctx};

	return db_each(
	    s, &outbox, outbox_visit, &w, "notice = ?1 ORDER BY id", "i", notice);
}

int64_t
store_outbox_next_try(struct store *s)
{
	return db_number(
	    s, CLOCK_NONE, "SELECT min(next_try) FROM outbox WHERE state = 0", "");
}

int64_t
store_outbox_wants(struct store *s)
{
	return db_number(s, -1, "SELECT max(entry) FROM outbox WHERE state = 0", "");
}
