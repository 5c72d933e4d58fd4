/* SPDX-License-Identifier: Apache-2.0 */
/* db: statements, rows and transactions over SQLite; see db.h.  The statement
 * cache owns its statements until db_forget(). */
#include "store/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* --- errors --- */

/* What the kernel said, as the file that was written remembers it: errno itself
 * has often been overwritten by then.  The WAL is a "journal" here. */
static int
last_errno(struct store *s)
{
	static const int which[] = {
	    SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER};
	int sys = sqlite3_system_errno(s->db);

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]) && sys == 0; i++) {
		sqlite3_file *f = NULL;

		sqlite3_file_control(s->db, "main", which[i], &f);
		if (f != NULL && f->pMethods != NULL)
			f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &sys);
	}
	return sys;
}

static bool
is_full(int code, int sys)
{
	return code == SQLITE_FULL ||
	       ((code & 0xff) == SQLITE_IOERR &&
		   (sys == EFBIG || sys == ENOSPC || sys == EDQUOT));
}

int
db_fail(struct store *s, const char *what, struct err *e)
{
	int code = sqlite3_extended_errcode(s->db), sys = last_errno(s);

	/* The kernel may have dropped the pages: a second fsync would lie. */
	if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
		log_die("store",
		    "%s: fsync failed (%s): check the disk, then start again; "
		    "what was committed before is safe",
		    s->path, sys != 0 ? strerror(sys) : sqlite3_errmsg(s->db));
	if (is_full(code, sys))
		return err_set(e, TOSD_EIO,
		    "%s: database or disk is full: free space under %s; nothing "
		    "accepted is lost",
		    what, s->dir);
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, TOSD_EBUSY,
		    "%s: %s is locked by another process: only one engine may write; "
		    "see who has it open (fuser), then try again",
		    what, s->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, TOSD_EIO,
		    "%s: %s is damaged (%s): stop the daemon, keep the file, and "
		    "restore a backup or rebuild it from the ledger",
		    what, s->path, sqlite3_errmsg(s->db));
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return err_set(e, TOSD_EDENIED,
		    "%s: %s may not be written: check its owner and mode", what,
		    s->path);
	case SQLITE_CONSTRAINT:
		return err_set(
		    e, TOSD_EINVAL, "%s: refused: %s", what, sqlite3_errmsg(s->db));
	case SQLITE_TOOBIG:
		return err_set(
		    e, TOSD_ELIMIT, "%s: a value is over the size limit", what);
	default:
		return err_set(e, TOSD_EIO, "%s: %s: %s%s%s", what, s->path,
		    sqlite3_errmsg(s->db), sys != 0 ? ": " : "",
		    sys != 0 ? strerror(sys) : "");
	}
}

int
db_break(struct store *s, int rc, struct err *e)
{
	if (s->in_txn && !s->broken) {
		s->broken = true;
		s->why = e != NULL ? *e : (struct err){rc, "a write failed"};
	}
	return rc;
}

/* --- statements --- */

static struct db_stmt *
slot(struct store *s, const void *table, const void *text)
{
	uintptr_t h = ((uintptr_t)text >> 2) * 31 + ((uintptr_t)table >> 3);

	for (size_t i = 0; i < DB_STMTS; i++) {
		struct db_stmt *d = &s->stmts[(h + i) % DB_STMTS];

		if (d->st == NULL || (d->table == table && d->text == text))
			return d;
	}
	log_die("store", "statement cache of %d is full", DB_STMTS);
}

void
db_forget(struct store *s)
{
	for (size_t i = 0; i < DB_STMTS; i++)
		sqlite3_finalize(s->stmts[i].st);
	memset(s->stmts, 0, sizeof(s->stmts));
}

sqlite3_stmt *
db_cached(struct store *s, const void *table, const void *key)
{
	if (s->unshared)
		db_share(s);
	return slot(s, table, key)->st;
}

sqlite3_stmt *
db_prepare(
    struct store *s, const void *table, const void *key, const char *sql, struct err *e)
{
	struct db_stmt *d = slot(s, table, key);

	if (sqlite3_prepare_v3(
		s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &d->st, NULL) != SQLITE_OK) {
		db_fail(s, "reading the tables", e);
		return NULL;
	}
	d->table = table;
	d->text = key;
	return d->st;
}

static int
bind_text(sqlite3_stmt *st, int i, const char *v)
{
	return v != NULL ? sqlite3_bind_text(st, i, v, -1, SQLITE_STATIC)
			 : sqlite3_bind_null(st, i);
}

static int
bind_unless(sqlite3_stmt *st, int i, int64_t v, int64_t null)
{
	return v != null ? sqlite3_bind_int64(st, i, v) : sqlite3_bind_null(st, i);
}

/* Text arguments are borrowed: they live as long as the caller's call. */
void
db_bind(sqlite3_stmt *st, const char *args, va_list ap)
{
	for (int i = 1; *args != '\0'; args++, i++)
		switch (*args) {
		case 'i':
			sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 'm':
			bind_unless(st, i, va_arg(ap, int64_t), CLOCK_NONE);
			break;
		case 'b': {
			const struct buf *v = va_arg(ap, const struct buf *);

			sqlite3_bind_blob(st, i, v->data, (int)v->len, SQLITE_STATIC);
			break;
		}
		case 't':
			bind_text(st, i, va_arg(ap, const char *));
			break;
		default:
			log_die("store", "argument letter '%c'", *args);
		}
}

static sqlite3_stmt *
vquery(struct store *s, const char *text, struct err *e, const char *args, va_list ap)
{
	sqlite3_stmt *st = db_cached(s, NULL, text);

	if (st == NULL)
		st = db_prepare(s, NULL, text, text, e);
	if (st != NULL)
		db_bind(st, args, ap);
	return st;
}

sqlite3_stmt *
db_query(struct store *s, const char *text, struct err *e, const char *args, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	va_start(ap, args);
	st = vquery(s, text, e, args, ap);
	va_end(ap);
	return st;
}

int
db_step(struct store *s, sqlite3_stmt *st, struct err *e)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	rc = rc == SQLITE_DONE ? 0 : db_fail(s, "store", e);
	sqlite3_reset(st);
	if (rc < 0 && !sqlite3_stmt_readonly(st))
		db_break(s, rc, e);
	return rc;
}

int
db_run(struct store *s, const char *text, int *changed, struct err *e, const char *args,
    ...)
{
	sqlite3_stmt *st;
	va_list ap;
	int rc;

	va_start(ap, args);
	st = vquery(s, text, e, args, ap);
	va_end(ap);
	if (st == NULL)
		return db_break(s, TOSD_EIO, e);
	rc = db_step(s, st, e);
	if (rc > 0)
		sqlite3_reset(st);
	if (changed != NULL)
		*changed = rc < 0 ? 0 : sqlite3_changes(s->db);
	return rc < 0 ? rc : 0;
}

int64_t
db_number(struct store *s, int64_t none, const char *text, const char *args, ...)
{
	struct err e = ERR_INIT;
	int64_t out = none;
	sqlite3_stmt *st;
	va_list ap;
	int rc;

	va_start(ap, args);
	st = vquery(s, text, &e, args, ap);
	va_end(ap);
	rc = st != NULL ? db_step(s, st, &e) : TOSD_EIO;
	if (rc > 0) {
		if (sqlite3_column_type(st, 0) == SQLITE_INTEGER)
			out = sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	} else if (rc < 0) {
		log_err("store", "%s", e.text);
	}
	return out;
}

int
db_exec(struct store *s, const char *sql, struct err *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : db_fail(s, "store", e);
}

/* --- transactions and fences --- */

static int
check_fence(
    struct store *s, const struct store_at *at, const char *tenant, struct err *e)
{
	static const char sql[] = "SELECT fence FROM shard WHERE id = ?1";

	if (at->shard >= STORE_SHARDS)
		return err_set(
		    e, TOSD_EINVAL, "shard %u: there are %d", at->shard, STORE_SHARDS);
	if (tenant != NULL && tenant[0] != '\0' && at->shard != store_shard(tenant))
		return err_set(e, TOSD_EINVAL,
		    "tenant %s belongs to shard %u, the write names %u", tenant,
		    store_shard(tenant), at->shard);
	if (s->fences[at->shard].txn != s->txn) {
		s->fences[at->shard].fence =
		    (uint64_t)db_number(s, 0, sql, "i", (int64_t)at->shard);
		s->fences[at->shard].txn = s->txn;
	}
	/* Zero is the fence of a shard that nobody ever held. */
	if (at->fence == 0 || at->fence != s->fences[at->shard].fence)
		return err_set(e, TOSD_EDENIED,
		    "shard %u is not ours any more (fence %llu, now %llu): claim it "
		    "again and read its state anew",
		    at->shard, (unsigned long long)at->fence,
		    (unsigned long long)s->fences[at->shard].fence);
	return 0;
}

int
db_write(struct store *s, const struct store_at *at, const char *tenant, bool *own,
    struct err *e)
{
	int rc = 0;

	*own = false;
	if (s->readonly)
		return err_set(e, TOSD_EDENIED, "%s is open for reading only", s->path);
	if (s->broken) {
		err_set(e, s->why.code, "%s", s->why.text);
		return err_wrap(e, "this transaction failed before, roll it back");
	}
	if (!s->in_txn) {
		rc = store_begin(s, e);
		*own = rc == 0;
	}
	if (rc == 0 && at != NULL)
		rc = check_fence(s, at, tenant, e);
	if (rc < 0 && *own) {
		store_rollback(s);
		*own = false;
	}
	return rc;
}

int
db_done(struct store *s, bool own, int rc, struct err *e)
{
	if (!own)
		return rc;
	if (rc == 0)
		return store_commit(s, e);
	store_rollback(s);
	return rc;
}
