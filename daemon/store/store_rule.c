/* SPDX-License-Identifier: Apache-2.0 */
/* store_rule: where rules are and what people say of their findings; see store_rule.h.
 */
#include "store/store_rule.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"

/* --- where a rule is --- */

#define L(name, type, flags) DB_COL(store_life, #name, name, type, flags)
static const struct db_col life_cols[] = {
    L(id, DB_I64, 0),
    L(rule, DB_STR, DB_FIXED),
    L(rev, DB_U32, DB_FIXED),
    L(move, DB_REF, 0),
    L(since, DB_TIME, 0),
    L(who, DB_STR, 0),
    L(wish, DB_I32, 0),
    L(wish_share, DB_U32, 0),
    L(wish_until, DB_TIME, 0),
    L(wish_urgent, DB_BOOL, 0),
    L(wish_who, DB_STR, 0),
    L(wish_time, DB_TIME, 0),
};
#undef L

void
store_life_clear(struct store_life *r)
{
	free(r->rule);
	free(r->who);
	free(r->wish_who);
	memset(r, 0, sizeof(*r));
}

static void
life_clear(void *row)
{
	store_life_clear(row);
}

static const struct db_table lives = {"rule_life", sizeof(struct store_life), NULL,
    life_clear, life_cols, sizeof(life_cols) / sizeof(life_cols[0])};

int
store_life_put(struct store *s, struct store_life *r, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = r->id == 0 ? db_insert(s, &lives, r, e) : db_update(s, &lives, r, e);
	return db_done(s, own, rc, e);
}

int
store_life_get(struct store *s, const char *rule, uint32_t rev, struct store_life *out,
    struct err *e)
{
	return db_get(
	    s, &lives, out, e, "rule = ?1 AND rev = ?2", "ti", rule, (int64_t)rev);
}

DB_VISITOR(life)

int
store_life_each(struct store *s, store_life_fn *fn, void *ctx)
{
	struct life_walk w = {fn, ctx};

	return db_each(s, &lives, life_visit, &w, "1 = 1 ORDER BY id", "");
}

/* --- since when it is there --- */

#define O(name, type) DB_COL(store_loaded, #name, name, type, 0)
static const struct db_col loaded_cols[] = {
    O(id, DB_I64),
    O(rule, DB_STR),
    O(rev, DB_U32),
    O(declared, DB_I32),
    O(mode, DB_I32),
    O(since, DB_TIME),
};
#undef O

static void
loaded_clear(void *row)
{
	struct store_loaded *l = row;

	free(l->rule);
	memset(l, 0, sizeof(*l));
}

static const struct db_table loadeds = {"rule_loaded", sizeof(struct store_loaded),
    NULL, loaded_clear, loaded_cols, sizeof(loaded_cols) / sizeof(loaded_cols[0])};

int
store_loaded_put(struct store *s, const struct store_loaded *l, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO rule_loaded(rule, rev, declared, mode, since) "
	    "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(rule, rev) DO UPDATE SET "
	    "declared = excluded.declared, mode = excluded.mode, since = "
	    "excluded.since";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "tiiim", l->rule, (int64_t)l->rev,
	    (int64_t)l->declared, (int64_t)l->mode, l->since);
	return db_done(s, own, rc, e);
}

int
store_loaded_drop(struct store *s, const char *rule, uint32_t rev, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM rule_loaded WHERE rule = ?1 AND rev = ?2";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, NULL, e, "ti", rule, (int64_t)rev);
	return db_done(s, own, rc, e);
}

DB_VISITOR(loaded)

int
store_loaded_each(struct store *s, store_loaded_fn *fn, void *ctx)
{
	struct loaded_walk w = {fn, ctx};

	return db_each(s, &loadeds, loaded_visit, &w, "1 = 1 ORDER BY id", "");
}

/* --- what it means --- */

#define N(name, type) DB_COL(store_meaning, #name, name, type, DB_FIXED)
static const struct db_col meaning_cols[] = {
    N(id, DB_I64),
    N(rule, DB_STR),
    N(rev, DB_U32),
    N(meaning, DB_STR),
    N(since, DB_TIME),
};
#undef N

static void
meaning_clear(void *row)
{
	struct store_meaning *m = row;

	free(m->rule);
	free(m->meaning);
	memset(m, 0, sizeof(*m));
}

static const struct db_table meanings = {"rule_meaning", sizeof(struct store_meaning),
    NULL, meaning_clear, meaning_cols, sizeof(meaning_cols) / sizeof(meaning_cols[0])};

int
store_meaning_add(struct store *s, struct store_meaning *m, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &meanings, m, e), e);
}

DB_VISITOR(meaning)

int
store_meaning_each(struct store *s, store_meaning_fn *fn, void *ctx)
{
	struct meaning_walk w = {fn, ctx};

	return db_each(s, &meanings, meaning_visit, &w, "1 = 1 ORDER BY id", "");
}

/* --- moves --- */

#define M(name, type) DB_COL(store_move, #name, name, type, DB_FIXED)
static const struct db_col move_cols[] = {
    M(id, DB_I64),
    M(rule, DB_STR),
    M(rev, DB_U32),
    M(mode, DB_I32),
    M(share, DB_U32),
    M(until, DB_TIME),
    M(what, DB_I32),
    M(since, DB_TIME),
    M(who, DB_STR),
    M(before, DB_REF),
    M(entry, DB_I64),
};
#undef M

void
store_move_clear(struct store_move *m)
{
	free(m->rule);
	free(m->who);
	memset(m, 0, sizeof(*m));
}

static void
move_clear(void *row)
{
	store_move_clear(row);
}

static const struct db_table moves = {"rule_move", sizeof(struct store_move), NULL,
    move_clear, move_cols, sizeof(move_cols) / sizeof(move_cols[0])};

int
store_move_add(struct store *s, struct store_move *m, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &moves, m, e), e);
}

int
store_move_get(struct store *s, int64_t id, struct store_move *out, struct err *e)
{
	return db_get(s, &moves, out, e, "id = ?1", "i", id);
}

DB_VISITOR(move)

int
store_move_each(struct store *s, const char *rule, store_move_fn *fn, void *ctx)
{
	struct move_walk w = {fn, ctx};

	return db_each(s, &moves, move_visit, &w, "rule = ?1 ORDER BY id", "t", rule);
}

/* --- labels --- */

#define B(name, type, flags) DB_COL(store_label, #name, name, type, flags)
static const struct db_col label_cols[] = {
    B(id, DB_I64, 0),
    B(revision, DB_I64, DB_FIXED),
    B(tenant, DB_CHARS, DB_FIXED),
    B(rule, DB_STR, DB_FIXED),
    B(rev, DB_U32, DB_FIXED),
    DB_COL(store_label, "verdict", right, DB_BOOL, 0),
    B(source, DB_U8, 0),
    B(found, DB_TIME, DB_FIXED),
    B(time, DB_TIME, 0),
    B(who, DB_STR, 0),
    B(entry, DB_I64, 0),
};
#undef B

void
store_label_clear(struct store_label *l)
{
	free(l->rule);
	free(l->who);
	memset(l, 0, sizeof(*l));
}

static void
label_clear(void *row)
{
	store_label_clear(row);
}

static const struct db_table labels = {"rule_label", sizeof(struct store_label), NULL,
    label_clear, label_cols, sizeof(label_cols) / sizeof(label_cols[0])};

#define ABOUT "revision = ?1 AND rule = ?2 AND rev = ?3"

int
store_label_put(
    struct store *s, const struct store_at *at, struct store_label *l, struct err *e)
{
	static const char sql[] = "SELECT id FROM rule_label WHERE " ABOUT;
	bool own;
	int rc = db_write(s, at, l->tenant, &own, e);

	if (rc < 0)
		return rc;
	l->id = db_number(s, 0, sql, "iti", l->revision, l->rule, (int64_t)l->rev);
	rc = l->id == 0 ? db_insert(s, &labels, l, e) : db_update(s, &labels, l, e);
	return db_done(s, own, rc, e);
}

int
store_label_get(struct store *s, int64_t revision, const char *rule, uint32_t rev,
    struct store_label *out, struct err *e)
{
	return db_get(s, &labels, out, e, ABOUT, "iti", revision, rule, (int64_t)rev);
}

DB_VISITOR(label)

int
store_label_each(
    struct store *s, const char *rule, uint32_t rev, store_label_fn *fn, void *ctx)
{
	struct label_walk w = {fn, ctx};

	if (rule == NULL)
		return db_each(s, &labels, label_visit, &w, "1 = 1 ORDER BY id", "");
	return db_each(s, &labels, label_visit, &w,
	    "rule = ?1 AND rev = ?2 ORDER BY found, id", "ti", rule, (int64_t)rev);
}

/* --- violations that do not count --- */

int
store_violation_withdraw(struct store *s, const char *rule, uint32_t rev,
    enum store_withdrawn from, enum store_withdrawn to, struct err *e)
{
	static const char sql[] =
	    "UPDATE violation SET withdrawn = ?4 WHERE rule = ?1 AND rev = ?2 "
	    "AND withdrawn = ?3 AND notice = 0 AND presence IN (0, 3)";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(
	    s, sql, &n, e, "tiii", rule, (int64_t)rev, (int64_t)from, (int64_t)to);
	rc = db_done(s, own, rc, e);
	return rc < 0 ? rc : n;
}
