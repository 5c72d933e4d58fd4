/* SPDX-License-Identifier: Apache-2.0 */
/* store_item: items, their revisions and what rules found in them; see store.h.
 * This is the hot path: few statements for a new post.  Who is found how: store_key.c.
 */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define I(name, type, flags) DB_COL(store_item, #name, name, type, flags)
static const struct db_col item_cols[] = {
    I(id, DB_I64, 0), I(feed, DB_I64, DB_FIXED), I(tenant, DB_CHARS, DB_FIXED),
    I(guid, DB_STR, DB_FIXED), I(url, DB_STR, 0), I(first_seen, DB_TIME, DB_FIXED),
    I(revisions, DB_U32, 0), I(revision, DB_I64, 0), I(digest, DB_CHARS, 0),
    I(violations, DB_U32, DB_FIXED), /* kept by store_violation.c */
};
#undef I

void
store_item_clear(struct store_item *i)
{
	free(i->guid);
	free(i->url);
	memset(i, 0, sizeof(*i));
}

static void
item_row_clear(void *row)
{
	store_item_clear(row);
}

static const struct db_table items = {"item", sizeof(struct store_item), NULL,
    item_row_clear, item_cols, sizeof(item_cols) / sizeof(item_cols[0])};

int
store_item_find(struct store *s, int64_t feed, const char *guid, struct store_item *out,
    struct err *e)
{
	struct db_key_found found;
	int rc = db_key_look(s, feed, guid, strlen(guid), &found, e);

	if (rc == 0 && found.there != 0)
		return store_item_get(s, found.there, out, e);
	memset(out, 0, sizeof(*out));
	return rc < 0 ? rc : err_set(e, TOSD_ENOENT, "item: no such row");
}

/* By the keys alone. */
int
store_item_near(struct store *s, int64_t feed, const char *guid, enum store_near *out,
    struct err *e)
{
	struct db_key_found found;
	int rc = db_key_look(s, feed, guid, strlen(guid), &found, e);

	*out = found.there != 0	   ? STORE_NEAR_THERE
	       : found.shared != 0 ? STORE_NEAR_SHARED
				   : STORE_NEAR_NONE;
	return rc;
}

bool
store_item_shares(struct store *s, int64_t feed, const char *id)
{
	struct db_key_found found;
	struct err e = ERR_INIT;

	if (db_key_look(s, feed, id, strlen(id), &found, &e) < 0)
		log_err("store", "%s", e.text);
	return found.shared != 0 || (id[0] == '\0' && found.there != 0);
}

int
store_item_get(struct store *s, int64_t id, struct store_item *out, struct err *e)
{
	return db_get(s, &items, out, e, "id = ?1", "i", id);
}

/* --- revisions --- */

#define OF_ITEM(col) "(SELECT " col " FROM item WHERE item.id = revision.item)"
#define R(name, type, flags) DB_COL(store_revision, #name, name, type, flags)
static const struct db_col revision_cols[] = {
    R(id, DB_I64, 0),
    R(item, DB_I64, DB_FIXED),
    R(n, DB_U32, DB_FIXED),
    DB_COL(store_revision, OF_ITEM("feed"), feed, DB_I64, DB_READ),
    DB_COL(store_revision, OF_ITEM("tenant"), tenant, DB_CHARS, DB_READ),
    R(digest, DB_CHARS, DB_FIXED),
    R(seen, DB_TIME, DB_FIXED),
    R(time, DB_TIME, DB_FIXED),
    R(capture, DB_CHARS, DB_FIXED),
    R(file, DB_STR, DB_FIXED),
    DB_COL(store_revision, "vault_commit", commit, DB_STR, DB_FIXED),
    R(entry, DB_I64, DB_FIXED),
    DB_COL(store_revision, "judged", state, DB_I32, 0), /* see store_todo.c */
    R(attempts, DB_U32, 0),
    R(policy, DB_STR, 0),
    R(why, DB_STR, 0),
    R(body, DB_ITEM, DB_FIXED),
};
#undef R

void
store_revision_clear(struct store_revision *r)
{
	free(r->file);
	free(r->commit);
	free(r->policy);
	free(r->why);
	item_clear(&r->body);
	memset(r, 0, sizeof(*r));
	item_init(&r->body);
}

static void
revision_init(void *row)
{
	item_init(&((struct store_revision *)row)->body);
}

static void
revision_clear(void *row)
{
	store_revision_clear(row);
}

static const struct db_table revisions = {"revision", sizeof(struct store_revision),
    revision_init, revision_clear, revision_cols,
    sizeof(revision_cols) / sizeof(revision_cols[0])};

/* What a row says: pending is not one of it. */
static enum store_inspect
judged_as(enum store_inspect state)
{
	return state == INSPECT_PENDING ? INSPECT_DONE : state;
}

static int
revision_insert(struct store *s, struct store_revision *r, struct err *e)
{
	enum store_inspect state = r->state;
	int rc;

	r->state = judged_as(state);
	rc = db_insert(s, &revisions, r, e);
	r->state = state;
	return rc == 0 && state == INSPECT_PENDING ? db_todo_add(s, r->id, e) : rc;
}

/* Makes the item, or reads how many revisions it has. */
static int
item_make(struct store *s, struct store_item *item, struct err *e)
{
	static const char sql[] = "SELECT revisions FROM item WHERE id = ?1";
	struct db_key_found found;
	int64_t n;
	int rc;

	if (item->id == 0) {
		item->revisions = 0;
		item->revision = 0;
		item->violations = 0;
		rc = db_key_look(
		    s, item->feed, item->guid, strlen(item->guid), &found, e);
		if (rc == 0 && found.there != 0)
			rc = err_set(e, TOSD_EEXIST, "item: this row is there already");
		if (rc == 0)
			rc = db_insert(s, &items, item, e);
		return rc < 0 ? rc : db_key_add(s, item->feed, item->guid, item->id, e);
	}
	n = db_number(s, -1, sql, "i", item->id);
	if (n < 0)
		return err_set(
		    e, TOSD_ENOENT, "item %lld: no such row", (long long)item->id);
	item->revisions = (uint32_t)n;
	return 0;
}

static int
revision_add(
    struct store *s, struct store_item *item, struct store_revision *r, struct err *e)
{
	static const char sql[] = "UPDATE item SET revisions = ?2, revision = ?3, "
				  "digest = ?4, url = coalesce(?5, url) WHERE id = ?1";
	int rc = item_make(s, item, e);

	if (rc < 0)
		return rc;
	r->item = item->id;
	r->feed = item->feed;
	memcpy(r->tenant, item->tenant, sizeof(r->tenant));
	r->n = item->revisions + 1;
	rc = revision_insert(s, r, e);
	if (rc == 0)
		rc = db_run(s, sql, NULL, e, "iiitt", item->id, (int64_t)r->n, r->id,
		    r->digest, item->url);
	/* Half of it must not be committed. */
	if (rc < 0)
		return db_break(s, rc, e);
	item->revisions = r->n;
	item->revision = r->id;
	memcpy(item->digest, r->digest, sizeof(item->digest));
	return 0;
}

int
store_revision_add(struct store *s, const struct store_at *at, struct store_item *item,
    struct store_revision *r, struct err *e)
{
	int64_t id = item->id;
	bool own;
	int rc = db_write(s, at, item->tenant, &own, e);

	if (rc < 0)
		return rc;
	rc = db_done(s, own, revision_add(s, item, r, e), e);
	if (rc < 0)
		item->id = id; /* nothing of it stays */
	return rc;
}

void
store_item_next(struct store *s, int64_t *item, int64_t *revision)
{
	static const char of_items[] = "SELECT max(id) + 1 FROM item",
			  of_revisions[] = "SELECT max(id) + 1 FROM revision";

	*item = db_number(s, 1, of_items, "");
	*revision = db_number(s, 1, of_revisions, "");
}

static int
item_new(
    struct store *s, struct store_item *item, struct store_revision *r, struct err *e)
{
	int64_t id = item->id, revision = r->id;
	int rc;

	item->revisions = r->n = 1;
	item->revision = revision;
	item->violations = 0;
	memcpy(item->digest, r->digest, sizeof(item->digest));
	rc = db_insert(s, &items, item, e);
	if (rc == 0)
		rc = db_key_add(s, item->feed, item->guid, item->id, e);
	r->item = item->id;
	r->feed = item->feed;
	memcpy(r->tenant, item->tenant, sizeof(r->tenant));
	if (rc == 0)
		rc = revision_insert(s, r, e);
	if (rc == 0 && (item->id != id || r->id != revision))
		rc = err_set(e, TOSD_ESTATE,
		    "post %lld and its revision %lld were to be %lld and %lld",
		    (long long)item->id, (long long)r->id, (long long)id,
		    (long long)revision);
	/* Half of it must not be committed. */
	return rc < 0 ? db_break(s, rc, e) : 0;
}

int
store_item_new(struct store *s, const struct store_at *at, struct store_item *item,
    struct store_revision *r, struct err *e)
{
	bool own;
	int rc = db_write(s, at, item->tenant, &own, e);

	return rc < 0 ? rc : db_done(s, own, item_new(s, item, r, e), e);
}

int
store_revision_get(
    struct store *s, int64_t id, struct store_revision *out, struct err *e)
{
	bool pending = false;
	int rc = db_get(s, &revisions, out, e, "id = ?1", "i", id);

	if (rc == 0 && (rc = db_todo_has(s, id, &pending, e)) < 0)
		store_revision_clear(out);
	if (pending)
		out->state = INSPECT_PENDING;
	return rc;
}

int
store_revision_judged(struct store *s, const struct store_at *at, int64_t id,
    enum store_inspect state, uint32_t attempts, const char *policy, const char *why,
    struct err *e)
{
	static const char sql[] = "UPDATE revision SET judged = ?2, attempts = ?3, "
				  "policy = ?4, why = ?5 WHERE id = ?1";
	bool own;
	int rc = db_write(s, at, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, &n, e, "iiitt", id, (int64_t)judged_as(state),
	    (int64_t)attempts, policy, why);
	if (rc == 0 && n == 0)
		rc = err_set(
		    e, TOSD_ENOENT, "revision %lld: no such row", (long long)id);
	if (rc == 0)
		rc = state == INSPECT_PENDING ? db_todo_again(s, id, e)
					      : db_todo_done(s, id, e);
	return db_done(s, own, rc, e);
}

int
store_revision_clean(
    struct store *s, const struct store_at *at, int64_t id, struct err *e)
{
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_todo_done(s, id, e), e);
}

int
store_revision_body(struct store *s, const struct store_at *at, int64_t id,
    const struct item *body, struct err *e)
{
	struct buf b = {0};
	bool own;
	int rc = db_write(s, at, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	item_put(&b, body);
	rc = db_run(
	    s, "UPDATE revision SET body = ?2 WHERE id = ?1", &n, e, "ib", id, &b);
	if (rc == 0 && n == 0)
		rc = err_set(
		    e, TOSD_ENOENT, "revision %lld: no such row", (long long)id);
	buf_free(&b);
	return db_done(s, own, rc, e);
}

int
store_revision_captured(struct store *s, const struct store_at *at, int64_t id,
    const char *capture, const char *file, const char *commit, int64_t entry,
    struct err *e)
{
	static const char sql[] = "UPDATE revision SET capture = ?2, file = ?3, "
				  "vault_commit = ?4, entry = ?5 WHERE id = ?1";
	bool own;
	int rc = db_write(s, at, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(s, sql, &n, e, "ittti", id, capture, file, commit, entry);
	if (rc == 0 && n == 0)
		rc = err_set(
		    e, TOSD_ENOENT, "revision %lld: no such row", (long long)id);
	return db_done(s, own, rc, e);
}

int
store_revision_pending(struct store *s, int64_t after, int64_t *ids, uint32_t *shards,
    size_t max, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT r.id, i.tenant FROM todo CROSS JOIN revision r "
	    "ON r.id BETWEEN first AND last CROSS JOIN item i ON i.id = r.item "
	    "WHERE last > ?1 AND r.id > ?1 "
	    "AND NOT EXISTS (SELECT 1 FROM retry WHERE retry.revision = r.id "
	    "AND given_up = 0) "
	    "ORDER BY first, r.id LIMIT ?2";
	sqlite3_stmt *st;
	int rc = db_todo_write(s, e);

	*n = 0;
	if (rc < 0)
		return rc;
	st = db_query(s, sql, e, "ii", after, (int64_t)max);
	rc = st != NULL ? 1 : TOSD_EIO;
	while (rc > 0 && (rc = db_step(s, st, e)) > 0)
		if (*n < max) {
			if (shards != NULL)
				shards[*n] = store_shard(
				    (const char *)sqlite3_column_text(st, 1));
			ids[(*n)++] = sqlite3_column_int64(st, 0);
		}
	return rc;
}

int
store_revision_of_file(struct store *s, const char *file, int64_t after, int64_t *ids,
    size_t max, size_t *n, struct err *e)
{
	static const char sql[] = "SELECT id FROM revision WHERE file = ?1 AND id > ?2 "
				  "ORDER BY id LIMIT ?3";
	sqlite3_stmt *st = db_query(s, sql, e, "tii", file, after, (int64_t)max);
	int rc = st != NULL ? 1 : TOSD_EIO;

	*n = 0;
	while (rc > 0 && (rc = db_step(s, st, e)) > 0)
		if (*n < max)
			ids[(*n)++] = sqlite3_column_int64(st, 0);
	return rc;
}

/* The old bytes are overwritten in the file (secure_delete, store_sqlite.c), not only
 * unlinked; the commit then empties the WAL, which still holds them. */
int
store_revision_erase(struct store *s, const char *capture_file, struct err *e)
{
#define OF_FILE "revision IN (SELECT id FROM revision WHERE file = ?1)"
	/* A quote is of the text, and a reason can have words of it. */
	static const char *const sql[] = {
	    "UPDATE violation SET quote = NULL, reason = NULL WHERE " OF_FILE,
	    "UPDATE finding SET reason = NULL WHERE " OF_FILE,
	    "UPDATE revision SET body = NULL WHERE file = ?1"};
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < sizeof(sql) / sizeof(sql[0]); i++)
		rc = db_run(s, sql[i], NULL, e, "t", capture_file);
	return db_done(s, own, db_erased(s, rc, e), e);
}

/* --- findings --- */

struct finding_row {
	int64_t id, revision, time;
	bool counts;
	struct finding f;
};

#define F(name, type) DB_COL(finding_row, #name, name, type, 0)
#define FF(name, type) DB_COL(finding_row, #name, f.name, type, 0)
static const struct db_col finding_cols[] = {
    F(id, DB_I64),
    F(revision, DB_I64),
    FF(rule, DB_STR),
    FF(rev, DB_U32),
    FF(pack, DB_STR),
    FF(clause, DB_STR),
    FF(category, DB_STR),
    FF(reason, DB_STR),
    FF(severity, DB_I32),
    FF(score, DB_F64),
    FF(mode, DB_I32),
    DB_COL(finding_row, "spans", f, DB_SPANS, 0),
    F(counts, DB_BOOL),
    F(time, DB_TIME),
};
#undef F
#undef FF

static const struct db_table findings = {"finding", sizeof(struct finding_row), NULL,
    NULL, finding_cols, sizeof(finding_cols) / sizeof(finding_cols[0])};

int
store_finding_add(struct store *s, const struct store_at *at, int64_t revision,
    const struct finding *f, bool counts, int64_t time, struct err *e)
{
	/* Borrows the finding's texts: the row is only read. */
	struct finding_row row = {0, revision, time, counts, *f};
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_insert(s, &findings, &row, e), e);
}
