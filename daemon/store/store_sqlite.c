/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite: opening, transactions, shards and meta; see store.h.  A struct
 * store owns its connection and statements; one thread uses it. */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"

#define BUSY_MS 5000 /* a console's checkpoint can be in the way for a moment */

/* The settings of every connection.  WAL with FULL: a commit that was
 * acknowledged survives a power cut (NORMAL loses some).  The last pages of each table
 * are written again and again: 16 MiB between checkpoints copy most of them to the
 * store once instead of twice.  Hardly any are written at random, so larger ones cost
 * nothing and halve the calls.  The limit on the WAL's size only trims the
 * file after a burst.  What is let go is overwritten at once
 * (secure_delete), also by rows that only move from page to page: an erasure
 * (store_revision_erase()) would not find the copies that these left behind. */
static const char settings[] = "PRAGMA page_size = 8192;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -32768;"
			       "PRAGMA secure_delete = ON;"
			       "PRAGMA cell_size_check = ON;"
			       "PRAGMA trusted_schema = OFF;";
static const char settings_file[] = "PRAGMA journal_mode = WAL;"
				    "PRAGMA synchronous = FULL;"
				    "PRAGMA wal_autocheckpoint = 2048;"
				    "PRAGMA journal_size_limit = 67108864;";
/* Of a connection that copies from the WAL and does nothing else. */
static const char settings_beside[] = "PRAGMA synchronous = NORMAL;"
				      "PRAGMA wal_autocheckpoint = 0;"
				      "SELECT count(*) FROM sqlite_schema;";
static const char settings_memory[] = "PRAGMA journal_mode = MEMORY;"
				      "PRAGMA synchronous = OFF;";

/* What hostile bytes could otherwise blow up. */
static const struct {
	int id, value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 128 << 20}, /* a frame and what else a row has */
    {SQLITE_LIMIT_SQL_LENGTH, 16 << 10},
    {SQLITE_LIMIT_COLUMN, 64},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_EXPR_DEPTH, 64},
    {SQLITE_LIMIT_COMPOUND_SELECT, 8},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 64},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

/* --- opening --- */

static bool
beside(const struct store *s, const char *suffix)
{
	char *p = xasprintf("%s%s", s->path, suffix);
	bool there = access(p, F_OK) == 0;

	free(p);
	return there;
}

/* SQLite's URI form of a path; only these three characters mean something in it. */
static char *
uri_of(const char *path, const char *query)
{
	struct buf b = {0};

	/* Two slashes at the beginning would name a host. */
	while (path[0] == '/' && path[1] == '/')
		path++;
	buf_puts(&b, "file:");
	for (const char *p = path; *p != '\0'; p++)
		if (strchr("%?#", *p) != NULL)
			buf_printf(&b, "%%%02X", (unsigned char)*p);
		else
			buf_putc(&b, *p);
	buf_puts(&b, query);
	return buf_take(&b);
}

/* A reader of a WAL file makes the shared memory file if it is missing.  It must
 * not: so without one (no writer has the store open) the file is read as it lies. */
static const char *
query_of(struct store *s)
{
	s->unshared = s->readonly && !s->memory && !beside(s, "-shm");
	if (!s->unshared)
		return "";
	return beside(s, "-wal") ? "?readonly_shm=1" : "?immutable=1";
}

static int
connect_db(struct store *s, struct err *e)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
	char *uri = s->memory ? xstrdup(":memory:") : uri_of(s->path, query_of(s));
	int rc;

	/* Nobody asks how much memory it has, and to know takes a lock for each piece.
	 * Of no effect, and an error, from the second time on. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	flags |= s->readonly ? SQLITE_OPEN_READONLY
			     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	rc = sqlite3_open_v2(uri, &s->db, flags, NULL);
	free(uri);
	if (rc != SQLITE_OK)
		return err_set(e, TOSD_EIO,
		    "%s: cannot be opened: %s: check the path, "
		    "its owner and mode",
		    s->path, s->db != NULL ? sqlite3_errmsg(s->db) : "no memory");
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(s->db, limits[i].id, limits[i].value);
	return db_exec(s, settings, e);
}

void
db_share(struct store *s)
{
	struct err e = ERR_INIT;

	if (s->in_txn || !beside(s, "-shm"))
		return;
	db_forget(s);
	sqlite3_close_v2(s->db);
	s->db = NULL;
	if (connect_db(s, &e) < 0)
		log_die("store", "%s", e.text); /* the file was there a moment ago */
}

/* Where the file system cannot share memory, SQLite stays with another journal and
 * says so only in the answer: then a reader would block the engine. */
static int
use_wal(struct store *s, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_exec(s, settings_file, e);
	bool wal;

	if (rc < 0)
		return rc;
	st = db_query(s, "PRAGMA journal_mode", e, "");
	rc = st != NULL ? db_step(s, st, e) : TOSD_EIO;
	if (rc <= 0)
		return rc < 0 ? rc : err_set(e, TOSD_EIO, "%s: no journal", s->path);
	wal = strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;
	sqlite3_reset(st);
	return wal ? 0
		   : err_set(e, TOSD_EIO,
			 "%s: its file system cannot do write-ahead logging: put it on "
			 "a local disk",
			 s->path);
}

/* The file holds posts and addresses of people: not for everyone to read.  SQLite
 * gives the files beside it the same mode.  Only a new file is touched: to close a
 * descriptor of an open database would drop the locks this process has on it. */
static int
make_private(const struct store *s, struct err *e)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0 && errno != EEXIST)
		return err_sys(e,
		    "%s: cannot be made: check the folder, its owner and "
		    "mode",
		    s->path);
	if (fd >= 0)
		close(fd);
	return 0;
}

/* --- what was erased --- */

int
db_erased(struct store *s, int rc, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO meta VALUES('erased', '1') ON CONFLICT DO NOTHING";

	if (rc == 0)
		rc = db_run(s, sql, NULL, e, "");
	s->erased |= rc == 0;
	return rc;
}

/* What was erased must not stay in the WAL.  A reader may stand in the way: then the
 * next commit tries again, so no one waits for long; and the next start, should we be
 * killed before. */
static void
empty_wal(struct store *s)
{
	db_async_quiet(s);
	sqlite3_busy_timeout(s->db, BUSY_MS / 50);
	s->erased = db_number(s, 1, "PRAGMA wal_checkpoint(TRUNCATE)", "") != 0;
	sqlite3_busy_timeout(s->db, BUSY_MS);
	if (!s->erased)
		db_run(s, "DELETE FROM meta WHERE key = 'erased'", NULL, NULL, "");
}

/* A crash may have come between an erasure and the end of its bytes in the WAL. */
static void
erase_again(struct store *s)
{
	char *left = store_meta_get(s, "erased");

	if (left != NULL)
		empty_wal(s);
	free(left);
}

static int
open_store(const char *url, bool readonly, struct store **out, struct err *e)
{
	static const char scheme[] = "sqlite:";
	struct store *s;
	char *copy;
	int rc;

	*out = NULL;
	if (strncmp(url, scheme, strlen(scheme)) != 0 || url[strlen(scheme)] == '\0')
		return err_set(e, TOSD_EINVAL,
		    "store \"%s\": must be sqlite:PATH or sqlite::memory:", url);
	s = xcalloc(1, sizeof(*s));
	s->path = xstrdup(url + strlen(scheme));
	s->memory = strcmp(s->path, ":memory:") == 0;
	s->readonly = readonly;
	s->txn = 1;
	copy = xstrdup(s->path);
	s->dir = xstrdup(dirname(copy));
	free(copy);
	if (readonly && !s->memory && access(s->path, F_OK) != 0)
		rc = err_set(e, TOSD_ENOENT,
		    "%s: there is no store yet: start the "
		    "daemon first",
		    s->path);
	else
		rc = readonly || s->memory ? 0 : make_private(s, e);
	if (rc == 0)
		rc = connect_db(s, e);
	if (rc == 0)
		rc = db_schema(s, e);
	if (rc == 0 && !readonly)
		rc = s->memory ? db_exec(s, settings_memory, e) : use_wal(s, e);
	/* The name of a new file must survive a power cut as well. */
	if (rc == 0 && !readonly && !s->memory)
		file_sync_dir(s->dir);
	if (rc == 0 && !readonly)
		erase_again(s);
	if (rc == 0 && !readonly)
		rc = db_key_open(s, e);
	if (rc < 0)
		store_free(&s);
	*out = s;
	return rc;
}

int
store_open(const char *url, struct store **out, struct err *e)
{
	return open_store(url, false, out, e);
}

int
store_open_readonly(const char *url, struct store **out, struct err *e)
{
	return open_store(url, true, out, e);
}

void
store_free(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	store_rollback(s);
	db_async_close(s);
	db_key_close(s);
	db_forget(s);
	sqlite3_close_v2(s->db);
	free(s->path);
	free(s->dir);
	free(s);
	*sp = NULL;
}

int
db_open_beside(const struct store *s, struct store **out, struct err *e)
{
	struct store *second = xcalloc(1, sizeof(*second));
	int rc;

	second->path = xstrdup(s->path);
	second->dir = xstrdup(s->dir);
	rc = connect_db(second, e);
	/* Only what has read the store once knows that it has a WAL. */
	if (rc == 0)
		rc = db_exec(second, settings_beside, e);
	if (rc < 0)
		store_free(&second);
	*out = second;
	return rc;
}

int
store_limit(struct store *s, uint64_t bytes, struct err *e)
{
	int64_t page = db_number(s, 4096, "PRAGMA page_size", "");
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
	    (long long)(bytes / (uint64_t)page));
	return db_exec(s, sql, e);
}

int
store_limit_growth(struct store *s, uint64_t bytes, struct err *e)
{
	int64_t page = db_number(s, 4096, "PRAGMA page_size", "");
	int64_t pages = db_number(s, 0, "PRAGMA page_count", "");

	return store_limit(s, (uint64_t)(page * pages) + bytes, e);
}

/* --- transactions --- */

int
store_begin(struct store *s, struct err *e)
{
	static const char read_sql[] = "BEGIN", write_sql[] = "BEGIN IMMEDIATE";
	int rc;

	if (s->in_txn)
		return err_set(e, TOSD_ESTATE, "a transaction is open already");
	rc = db_run(s, s->readonly ? read_sql : write_sql, NULL, e, "");
	if (rc < 0)
		return rc;
	s->in_txn = true;
	s->broken = false;
	s->txn++; /* forgets the fences read before */
	return 0;
}

int
store_commit(struct store *s, struct err *e)
{
	int rc;

	if (!s->in_txn)
		return err_set(e, TOSD_ESTATE, "no transaction is open");
	if (!s->broken)
		db_todo_write(s, e);
	if (s->broken) {
		err_set(e, s->why.code, "%s", s->why.text);
		rc = s->why.code;
		store_rollback(s);
		return rc;
	}
	rc = db_run(s, "COMMIT", NULL, e, "");
	if (rc < 0)
		store_rollback(s);
	s->in_txn = false;
	s->txn++;
	if (rc == 0 && s->erased)
		empty_wal(s);
	if (rc == 0 && s->async != NULL)
		db_async_committed(s);
	return rc;
}

void
store_rollback(struct store *s)
{
	if (!s->in_txn)
		return;
	/* SQLite may have rolled back by itself (full disk): that is no error. */
	if (!sqlite3_get_autocommit(s->db))
		db_exec(s, "ROLLBACK", NULL);
	s->in_txn = s->broken = false;
	s->txn++;
	db_todo_forget(s);
	db_key_close(s); /* it knows of rows that are gone */
}

/* --- shards --- */

/* The store's own clock, ms.  SQLite's 'now' is the same within one step. */
#define NOW "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

static const char shard_take[] =
    "UPDATE shard SET owner = ?1, until = " NOW " + ?2, fence = fence + 1 "
    "WHERE owner IS NULL OR owner = ?1 OR until <= " NOW;
static const char shard_mine[] =
    "SELECT id, fence FROM shard WHERE owner = ?1 AND until > " NOW;

/* FNV-1a of 32 bits, folded: every driver must agree on it for ever. */
uint32_t
store_shard(const char *tenant)
{
	uint32_t h = 2166136261u;

	for (const unsigned char *p = (const unsigned char *)tenant; *p != '\0'; p++)
		h = (h ^ *p) * 16777619u;
	return (h ^ h >> 16) % STORE_SHARDS;
}

int
store_claim(struct store *s, const char *owner, int64_t ttl,
    uint64_t fences[STORE_SHARDS], struct err *e)
{
	sqlite3_stmt *st;
	bool own;
	int rc;

	memset(fences, 0, STORE_SHARDS * sizeof(*fences));
	if (owner[0] == '\0' || ttl <= 0)
		return err_set(e, TOSD_EINVAL, "a claim needs an owner and a time");
	rc = db_write(s, NULL, NULL, &own, e);
	if (rc < 0)
		return rc;
	rc = db_run(s, shard_take, NULL, e, "ti", owner, ttl);
	s->txn++; /* the cached fences are old now */
	st = rc == 0 ? db_query(s, shard_mine, e, "t", owner) : NULL;
	while (st != NULL && (rc = db_step(s, st, e)) > 0) {
		int64_t id = sqlite3_column_int64(st, 0);

		if (id >= 0 && id < STORE_SHARDS)
			fences[id] = (uint64_t)sqlite3_column_int64(st, 1);
	}
	rc = db_done(s, own, rc, e);
	if (rc < 0)
		memset(fences, 0, STORE_SHARDS * sizeof(*fences));
	return rc;
}

/* --- meta --- */

int
store_meta_set(struct store *s, const char *key, const char *value, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO meta(key, value) VALUES(?1, ?2) "
	    "ON CONFLICT(key) DO UPDATE SET value = excluded.value";
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	return db_done(s, own, db_run(s, sql, NULL, e, "tt", key, value), e);
}

char *
store_meta_get(struct store *s, const char *key)
{
	static const char sql[] = "SELECT value FROM meta WHERE key = ?1";
	struct err e = ERR_INIT;
	sqlite3_stmt *st = db_query(s, sql, &e, "t", key);
	int rc = st != NULL ? db_step(s, st, &e) : TOSD_EIO;
	char *out = NULL;

	if (rc > 0) {
		out = xstrdup((const char *)sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	} else if (rc < 0) {
		log_err("store", "%s", e.text);
	}
	return out;
}
