/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db: the small layer between the store's subjects (store_*.c) and SQLite, so
 * that a query is a few lines.  Nothing outside this folder includes it.
 *
 * A table of columns says where each value of a row lies in its C struct.  Column
 * 0 is always the row's id.  A finished query never leaves a statement open, so a
 * callback may read and write as it likes.
 */
#ifndef TOSD_STORE_DB_H
#define TOSD_STORE_DB_H

#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>

#include "store/store.h"

#define DB_STMTS 256 /* slots of the statement cache; about 80 are in use */

struct db_stmt {
	const void *table; /* what the text is about, or NULL */
	const void *text;  /* address of the SQL (or of its WHERE part) */
	sqlite3_stmt *st;
};

/* Revisions, both ends included; last 0: none. */
struct db_range {
	int64_t first, last;
};

struct store {
	sqlite3 *db;
	char *path; /* ":memory:" for simulations */
	char *dir;  /* what a person frees space in */
	bool memory, readonly;
	bool unshared; /* opened read-only while no writer had it open */
	bool in_txn;
	bool broken;	/* a write failed: this transaction can only be rolled back */
	struct err why; /* that failure */
	bool erased;	/* something must leave the WAL after the commit */
	uint64_t txn;	/* number of the transaction, for the fences below */
	struct {
		uint64_t txn, fence; /* as read in this transaction */
	} fences[STORE_SHARDS];
	struct db_stmt stmts[DB_STMTS];
	struct db_keys *keys; /* store_key.c; NULL until somebody looks */
	struct db_async *async; /* store_async.c; NULL: a commit is durable at once */
	struct db_range todo_added, todo_done; /* store_todo.c; of this transaction */
	size_t key_run;	      /* tests: shorter runs; 0: as always */
};

enum db_type {
	DB_I64,
	DB_TIME, /* CLOCK_NONE is NULL */
	DB_REF,	 /* 0 is NULL: refers to nothing */
	DB_U32,
	DB_I32, /* enums as well */
	DB_U8,
	DB_BOOL,
	DB_F64,
	DB_STR,	  /* char *, xmalloc'd */
	DB_CHARS, /* char[] */
	DB_SPANS, /* struct finding: its spans */
	DB_ITEM,  /* struct item, in its wire form */
	DB_BYTES, /* struct buf; empty is NULL */
};
enum {
	DB_FIXED = 1, /* set when the row is made, then never changed */
	DB_READ = 2   /* an expression: only read */
};

struct db_col {
	const char *name;
	enum db_type type;
	unsigned flags;
	size_t off, size;
};
#define DB_COL(st, name, member, type, flags)                   \
	{                                                       \
		name, type, flags, offsetof(struct st, member), \
		    sizeof(((struct st *)0)->member)            \
	}

struct db_table {
	const char *name;
	size_t size; /* of the C struct */
	void (*init)(void *row);
	void (*clear)(void *row);
	const struct db_col *cols;
	size_t ncols;
};

/* Arguments of the calls below, by a letter each: i int64_t, t text (NULL is
 * NULL), m time (CLOCK_NONE is NULL). */

/* The cached statement for (table, key), NULL if there is none yet. */
sqlite3_stmt *db_cached(struct store *s, const void *table, const void *key);
/* Prepares sql and keeps it under (table, key); NULL and e on failure. */
sqlite3_stmt *db_prepare(struct store *s, const void *table, const void *key,
    const char *sql, struct err *e);
/* Text arguments are borrowed until the statement has run. */
void db_bind(sqlite3_stmt *st, const char *args, va_list ap);

/* A statement of the cache, reset, its arguments bound; NULL and e on failure.
 * text must be a constant: its address is the key. */
sqlite3_stmt *db_query(
    struct store *s, const char *text, struct err *e, const char *args, ...);
/* 1 a row, 0 no more (the statement is reset), or an error (reset as well). */
int db_step(struct store *s, sqlite3_stmt *st, struct err *e);

/* Runs a statement that gives no rows; *changed (may be NULL) rows it touched. */
int db_run(struct store *s, const char *text, int *changed, struct err *e,
    const char *args, ...);
/* The one number that a query gives; none if it gives no row or NULL. */
int64_t db_number(
    struct store *s, int64_t none, const char *text, const char *args, ...);

/* INSERT ... ON CONFLICT DO NOTHING of all columns but id and DB_READ; sets the
 * row's id.  TOSD_EEXIST if a unique key is there. */
int db_insert(struct store *s, const struct db_table *t, void *row, struct err *e);
/* UPDATE of all that may change, by id.  TOSD_ENOENT. */
int db_update(
    struct store *s, const struct db_table *t, const void *row, struct err *e);
/* The first row WHERE ...; TOSD_ENOENT (row is then as after init). */
int db_get(struct store *s, const struct db_table *t, void *row, struct err *e,
    const char *where, const char *args, ...);
/* Every row WHERE ... (an ORDER BY and LIMIT may follow).  The ids are read first,
 * then row after row: what fn changes does not disturb the walk. */
int db_each(struct store *s, const struct db_table *t,
    int (*fn)(void *ctx, const void *row), void *ctx, const char *where,
    const char *args, ...);

/* Carries a typed callback of store.h through db_each(): NAME_visit() and its
 * struct NAME_walk {fn, ctx}. */
#define DB_VISITOR(name)                                    \
	struct name##_walk {                                \
		store_##name##_fn *fn;                      \
		void *ctx;                                  \
	};                                                  \
	static int name##_visit(void *ctx, const void *row) \
	{                                                   \
		const struct name##_walk *w = ctx;          \
		return w->fn(w->ctx, row);                  \
	}

/* Every write begins here: refuses a lost shard, a read-only store and a broken
 * transaction, and opens a transaction if there is none (*own is then true).
 * tenant: whose row it is, NULL or "" if the caller does not say; at NULL: the write
 * belongs to no tenant. */
int db_write(struct store *s, const struct store_at *at, const char *tenant, bool *own,
    struct err *e);
/* ... and ends here: commits or takes back a transaction of its own.  Returns rc,
 * or the error of the commit. */
int db_done(struct store *s, bool own, int rc, struct err *e);

/* Translates the last SQLite failure into words; a failed fsync ends the process. */
int db_fail(struct store *s, const char *what, struct err *e);
/* A failure after which the transaction must not be committed. */
int db_break(struct store *s, int rc, struct err *e);
/* Plain SQL without arguments. */
int db_exec(struct store *s, const char *sql, struct err *e);
/* store_schema.c: checks whose file it is, makes or migrates the tables. */
int db_schema(struct store *s, struct err *e);
/* store_sqlite.c: a read-only store that was opened while no writer had it open
 * opens itself again once there is one. */
void db_share(struct store *s);
/* The same store once more, for a thread of ours that copies from the WAL and does nothing
 * else; *out NULL on failure. */
int db_open_beside(const struct store *s, struct store **out, struct err *e);
/* To be called in the transaction of an erasure, with what came of it: the commit then
 * empties the WAL. */
int db_erased(struct store *s, int rc, struct err *e);
/* Closes all cached statements. */
void db_forget(struct store *s);

/* --- store_key.c: rows of item by feed and guid --- */

/* Makes what is in memory anew; also after a rollback, when somebody looks. */
int db_key_open(struct store *s, struct err *e);
void db_key_close(struct store *s);

/* --- store_todo.c: revisions that are pending --- */

/* In a query of any store, after db_todo_write(): whether a revision is, and the enum
 * store_inspect of a row of revision. */
#define DB_IS_TODO(id)                                                      \
	"coalesce(" id " <= (SELECT t.last FROM todo t WHERE t.first <= " id \
	" ORDER BY t.first DESC LIMIT 1), 0)"
#define DB_STATE(row) "iif(" DB_IS_TODO(row ".id") ", 0, " row ".judged)"

/* One whose row is new; one that is judged; one that has to be once more, and may be
 * pending already. */
int db_todo_add(struct store *s, int64_t id, struct err *e);
int db_todo_done(struct store *s, int64_t id, struct err *e);
int db_todo_again(struct store *s, int64_t id, struct err *e);
int db_todo_has(struct store *s, int64_t id, bool *out, struct err *e);
/* What waits in memory goes to the table; nothing does without a transaction. */
int db_todo_write(struct store *s, struct err *e);
void db_todo_forget(struct store *s); /* after a rollback */

/* --- store_async.c --- */

/* After a commit, where a thread syncs them. */
void db_async_committed(struct store *s);
/* Until no thread copies from the WAL. */
void db_async_quiet(struct store *s);
void db_async_close(struct store *s);
struct db_key_found {
	int64_t there;	/* the row whose guid is this name; 0: none */
	int64_t shared; /* one whose guid goes on with STORE_APART (for "": any) */
};
int db_key_look(struct store *s, int64_t feed, const char *name, size_t n,
    struct db_key_found *out, struct err *e);
/* To be called with each row that is new, within its transaction. */
int db_key_add(
    struct store *s, int64_t feed, const char *guid, int64_t item, struct err *e);

#endif
