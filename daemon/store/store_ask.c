/* SPDX-License-Identifier: Apache-2.0 */
/* store_ask: questions to model endpoints, and what came of them; see store_ask.h. */
#include "store/store_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

#define A(name, type, flags) DB_COL(store_ask, #name, name, type, flags)
static const struct db_col ask_cols[] = {
    A(id, DB_I64, 0),
    A(key, DB_CHARS, DB_FIXED),
    A(endpoint, DB_STR, DB_FIXED),
    A(kind, DB_U32, DB_FIXED),
    A(model, DB_STR, DB_FIXED),
    A(prompt, DB_STR, DB_FIXED),
    A(state, DB_I32, 0),
    A(attempts, DB_U32, 0),
    A(status, DB_I32, 0),
    A(since, DB_TIME, 0),
    A(due, DB_TIME, 0),
    A(time, DB_TIME, 0),
    A(tokens, DB_I64, 0),
    A(entry, DB_I64, 0),
    A(file, DB_STR, 0),
    A(why, DB_STR, 0),
    A(payer, DB_CHARS, 0),
    A(turn, DB_I64, 0),
    A(question, DB_BYTES, 0),
    A(answer, DB_BYTES, 0),
};
#undef A

void
store_ask_clear(struct store_ask *a)
{
	free(a->endpoint);
	free(a->model);
	free(a->prompt);
	free(a->file);
	free(a->why);
	buf_free(&a->question);
	buf_free(&a->answer);
	memset(a, 0, sizeof(*a));
}

static void
ask_clear(void *row)
{
	store_ask_clear(row);
}

static const struct db_table asks = {"ask", sizeof(struct store_ask), NULL, ask_clear,
    ask_cols, sizeof(ask_cols) / sizeof(ask_cols[0])};

DB_VISITOR(ask)

int
store_ask_by_key(struct store *s, const char *key, struct store_ask *out, struct err *e)
{
	return db_get(s, &asks, out, e, "key = ?1", "t", key);
}

int
store_ask_get(struct store *s, int64_t id, struct store_ask *out, struct err *e)
{
	return db_get(s, &asks, out, e, "id = ?1", "i", id);
}

int
store_ask_by_entry(struct store *s, int64_t entry, struct store_ask *out, struct err *e)
{
	return db_get(s, &asks, out, e, "entry = ?1", "i", entry);
}

int
store_ask_put(struct store *s, struct store_ask *a, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = a->id == 0 ? db_insert(s, &asks, a, e) : db_update(s, &asks, a, e);
	return db_done(s, own, rc, e);
}

int
store_ask_due(struct store *s, const char *endpoint, int64_t now, size_t max,
    store_ask_fn *fn, void *ctx)
{
	struct ask_walk w = {fn, ctx};

	return db_each(s, &asks, ask_visit, &w,
	    "state = 0 AND endpoint = ?1 AND due <= ?2 ORDER BY turn, id LIMIT ?3",
	    "tmi", endpoint, now, (int64_t)max);
}

int64_t
store_ask_next(struct store *s, const char *endpoint)
{
	static const char sql[] =
	    "SELECT min(due) FROM ask WHERE state = 0 AND endpoint = ?1";

	return db_number(s, CLOCK_NONE, sql, "t", endpoint);
}

int
store_ask_reset(struct store *s, int64_t due, struct err *e)
{
	static const char sql[] =
	    "UPDATE ask SET due = ?1 WHERE state = 0 AND due IS NULL";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_run(s, sql, NULL, e, "m", due), e);
}

/* As store_revision_erase(): the old bytes are overwritten. */
int
store_ask_erase(struct store *s, const char *file, struct err *e)
{
	static const char sql[] =
	    "UPDATE ask SET answer = NULL, state = 2, due = 0,"
	    " why = 'the answer was erased' WHERE file = ?1 AND state = 1";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	_Static_assert(
	    ASK_ANSWERED == 1 && ASK_FAILED == 2, "the statement names them");
	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "t", file);
	return db_done(s, own, db_erased(s, rc, e), e);
}

int
store_ask_unask(struct store *s, int64_t id, int64_t due, struct err *e)
{
	static const char sql[] =
	    "UPDATE ask SET question = NULL, state = 2, due = ?2,"
	    " why = 'its text was erased' WHERE id = ?1 AND state = 0";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "im", id, due);
	return db_done(s, own, db_erased(s, rc, e), e);
}

#define EXPIRE                                                            \
	"UPDATE ask SET key = 'expired-' || id, state = 3, answer = NULL" \
	" WHERE "

int
store_ask_expire(struct store *s, int64_t id, struct err *e)
{
	static const char sql[] = EXPIRE "id = ?1 AND state = 1";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	_Static_assert(ASK_EXPIRED == 3, "the statement names it");
	return rc < 0 ? rc : db_done(s, own, db_run(s, sql, NULL, e, "i", id), e);
}

int
store_ask_expire_old(
    struct store *s, const char *endpoint, int64_t before, size_t max, struct err *e)
{
	static const char sql[] =
	    EXPIRE "id IN (SELECT id FROM ask WHERE state = 1 AND endpoint = ?1"
		   " AND time <= ?2 ORDER BY time LIMIT ?3)";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	return db_done(
	    s, own, db_run(s, sql, NULL, e, "tmi", endpoint, before, (int64_t)max), e);
}

int64_t
store_ask_count(struct store *s)
{
	static const char sql[] = "SELECT count(*) FROM ask WHERE state = 0";

	return db_number(s, 0, sql, "");
}

int
store_ask_link(struct store *s, int64_t ask, int64_t revision, struct err *e)
{
	static const char sql[] = "INSERT OR IGNORE INTO ask_for(ask, revision)"
				  " VALUES(?1, ?2)";

	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	return db_done(s, own, db_run(s, sql, NULL, e, "ii", ask, revision), e);
}

int
store_ask_of(struct store *s, int64_t revision, store_ask_fn *fn, void *ctx)
{
	struct ask_walk w = {fn, ctx};

	return db_each(s, &asks, ask_visit, &w,
	    "id IN (SELECT ask FROM ask_for WHERE revision = ?1) ORDER BY id", "i",
	    revision);
}

/* --- who waits --- */

struct waiting_row {
	int64_t id, revision;
	char tenant[STORE_KEY];
};
static const struct db_col waiting_cols[] = {
    DB_COL(waiting_row, "id", id, DB_I64, 0),
    DB_COL(waiting_row, "revision", revision, DB_I64, DB_FIXED),
    DB_COL(waiting_row, "tenant", tenant, DB_CHARS, DB_FIXED),
};
static const struct db_table waiting = {"retry", sizeof(struct waiting_row), NULL, NULL,
    waiting_cols, sizeof(waiting_cols) / sizeof(waiting_cols[0])};

struct waiting_walk {
	int (*fn)(void *ctx, int64_t revision, const char *tenant);
	void *ctx;
};

static int
waiting_visit(void *ctx, const void *row)
{
	const struct waiting_walk *w = ctx;
	const struct waiting_row *r = row;

	return w->fn(w->ctx, r->revision, r->tenant);
}

int
store_ask_waiting(struct store *s, int64_t ask,
    int (*fn)(void *ctx, int64_t revision, const char *tenant), void *ctx)
{
	struct waiting_walk w = {fn, ctx};

	return db_each(s, &waiting, waiting_visit, &w,
	    "revision IN (SELECT revision FROM ask_for WHERE ask = ?1)"
	    " AND given_up = 0 GROUP BY revision",
	    "i", ask);
}

/* --- what was spent --- */

void
store_spent_get(
    struct store *s, const char *endpoint, int64_t day, struct store_spent *out)
{
	static const char requests[] =
	    "SELECT requests FROM ask_day WHERE endpoint = ?1 AND day = ?2";
	static const char bytes[] =
	    "SELECT bytes FROM ask_day WHERE endpoint = ?1 AND day = ?2";
	static const char tokens[] =
	    "SELECT tokens FROM ask_day WHERE endpoint = ?1 AND day = ?2";

	out->requests = db_number(s, 0, requests, "ti", endpoint, day);
	out->bytes = db_number(s, 0, bytes, "ti", endpoint, day);
	out->tokens = db_number(s, 0, tokens, "ti", endpoint, day);
}

int
store_spent_add(struct store *s, const char *endpoint, int64_t day,
    const struct store_spent *more, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO ask_day(endpoint, day, requests, bytes, tokens)"
	    " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(endpoint, day) DO UPDATE SET"
	    " requests = requests + ?3, bytes = bytes + ?4, tokens = tokens + ?5";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "tiiii", endpoint, day, more->requests,
	    more->bytes, more->tokens);
	return db_done(s, own, rc, e);
}

/* --- what was spent on account of a tenant --- */

#define H(name, type) DB_COL(store_share, #name, name, type, 0)
#define HS(name) DB_COL(store_share, #name, spent.name, DB_I64, 0)
static const struct db_col share_cols[] = {
    H(id, DB_I64),
    H(endpoint, DB_STR),
    H(day, DB_I64),
    H(tenant, DB_CHARS),
    HS(requests),
    HS(bytes),
    HS(tokens),
    H(refused, DB_I64),
};
#undef H
#undef HS

static void
share_clear(void *row)
{
	free(((struct store_share *)row)->endpoint);
	memset(row, 0, sizeof(struct store_share));
}

static const struct db_table shares = {"ask_share", sizeof(struct store_share), NULL,
    share_clear, share_cols, sizeof(share_cols) / sizeof(share_cols[0])};

DB_VISITOR(share)

void
store_share_get(struct store *s, const char *endpoint, int64_t day, const char *tenant,
    struct store_share *out)
{
	if (db_get(s, &shares, out, NULL, "endpoint = ?1 AND day = ?2 AND tenant = ?3",
		"tit", endpoint, day, tenant) != 0)
		memset(out, 0, sizeof(*out));
	free(out->endpoint);
	out->endpoint = NULL;
	out->day = day;
	snprintf(out->tenant, sizeof(out->tenant), "%s", tenant);
}

int
store_share_add(struct store *s, const struct store_at *at,
    const struct store_share *more, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO ask_share(endpoint, day, tenant, requests, bytes, tokens, "
	    "refused)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(endpoint, day, tenant)"
	    " DO UPDATE SET requests = requests + ?4, bytes = bytes + ?5,"
	    " tokens = tokens + ?6, refused = refused + ?7";
	bool own;
	int rc = db_write(s, at, more->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "titiiii", more->endpoint, more->day, more->tenant,
	    more->spent.requests, more->spent.bytes, more->spent.tokens, more->refused);
	return db_done(s, own, rc, e);
}

int
store_share_each(
    struct store *s, const char *endpoint, int64_t day, store_share_fn *fn, void *ctx)
{
	struct share_walk w = {fn, ctx};

	return db_each(s, &shares, share_visit, &w,
	    "endpoint = ?1 AND day = ?2 ORDER BY requests DESC, id", "ti", endpoint,
	    day);
}

int
store_share_drop(struct store *s, int64_t before, struct err *e)
{
	static const char sql[] = "DELETE FROM ask_share WHERE day < ?1";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_run(s, sql, NULL, e, "i", before), e);
}

/* --- findings for review --- */

#define OF_REVISION(col) "(SELECT " col " FROM revision WHERE id = finding.revision)"
#define OF_ITEM(col)                                                              \
	"(SELECT item." col " FROM item JOIN revision ON revision.item = item.id" \
	" WHERE revision.id = finding.revision)"
#define V(name, type) DB_COL(store_advice, #name, name, type, 0)
#define VF(name, type) DB_COL(store_advice, #name, finding.name, type, 0)
static const struct db_col review_cols[] = {
    V(id, DB_I64),
    V(revision, DB_I64),
    DB_COL(store_advice, OF_REVISION("item"), item, DB_I64, DB_READ),
    DB_COL(store_advice, OF_ITEM("tenant"), tenant, DB_CHARS, DB_READ),
    DB_COL(store_advice, OF_ITEM("url"), url, DB_STR, DB_READ),
    VF(rule, DB_STR),
    VF(rev, DB_U32),
    VF(pack, DB_STR),
    VF(clause, DB_STR),
    VF(category, DB_STR),
    VF(reason, DB_STR),
    VF(severity, DB_I32),
    VF(score, DB_F64),
    VF(mode, DB_I32),
    DB_COL(store_advice, "spans", finding, DB_SPANS, 0),
    V(time, DB_TIME),
    DB_COL(store_advice, "(SELECT state FROM review WHERE review.id = finding.id)",
	state, DB_I32, DB_READ),
};
#undef V
#undef VF

static void
review_clear(void *row)
{
	struct store_advice *r = row;

	finding_clear(&r->finding);
	free(r->url);
	memset(r, 0, sizeof(*r));
}

static const struct db_table reviews = {"finding", sizeof(struct store_advice), NULL,
    review_clear, review_cols, sizeof(review_cols) / sizeof(review_cols[0])};

DB_VISITOR(advice)

#define OF_TENANT " AND (?1 IS NULL OR ?1 = " OF_ITEM("tenant") ") ORDER BY id"

int
store_advice_each(struct store *s, const char *tenant, bool all, size_t max,
    store_advice_fn *fn, void *ctx)
{
	static const char open[] =
	    "id IN (SELECT id FROM review WHERE state = 0)" OF_TENANT " LIMIT ?2";
	static const char both[] =
	    "id IN (SELECT id FROM review)" OF_TENANT " DESC LIMIT ?2";
	struct advice_walk w = {fn, ctx};

	return db_each(s, &reviews, advice_visit, &w, all ? both : open, "ti", tenant,
	    (int64_t)max);
}
