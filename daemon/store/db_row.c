/* SPDX-License-Identifier: Apache-2.0 */
/* db_row: C structs to rows and back by a table of columns; see db.h. */
#include "store/db.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

/* Addresses that tell made texts apart in the statement cache. */
static const char key_insert, key_update;

static const void *
at_off(const void *row, const struct db_col *c)
{
	return (const char *)row + c->off;
}

static int
bind_bytes(sqlite3_stmt *st, int i, struct buf *b)
{
	int rc = sqlite3_bind_blob(
	    st, i, b->len > 0 ? b->data : "", (int)b->len, SQLITE_TRANSIENT);

	buf_free(b);
	return rc;
}

static int
bind_packed(sqlite3_stmt *st, int i, const struct db_col *c, const void *p)
{
	const struct finding *f = p;
	struct buf b = {0};

	if (c->type == DB_ITEM) {
		item_put(&b, p);
		return bind_bytes(st, i, &b);
	}
	if (c->type == DB_BYTES) {
		const struct buf *v = p;

		return v->len == 0 ? sqlite3_bind_null(st, i)
				   : sqlite3_bind_blob(
					 st, i, v->data, (int)v->len, SQLITE_STATIC);
	}
	if (f->nspans == 0)
		return sqlite3_bind_null(st, i);
	for (size_t k = 0; k < f->nspans; k++) {
		buf_put_u32(&b, f->spans[k].start);
		buf_put_u32(&b, f->spans[k].end);
	}
	return bind_bytes(st, i, &b);
}

static int
bind_col(sqlite3_stmt *st, int i, const struct db_col *c, const void *row)
{
	const void *p = at_off(row, c);
	int64_t v = 0;

	switch (c->type) {
	case DB_I64:
	case DB_TIME:
	case DB_REF:
		v = *(const int64_t *)p;
		break;
	case DB_U32:
		v = *(const uint32_t *)p;
		break;
	case DB_I32:
		v = *(const int32_t *)p;
		break;
	case DB_U8:
		v = *(const uint8_t *)p;
		break;
	case DB_BOOL:
		v = *(const bool *)p;
		break;
	case DB_F64:
		return sqlite3_bind_double(st, i, *(const double *)p);
	case DB_STR:
	case DB_CHARS:
		p = c->type == DB_STR ? *(char *const *)p : p;
		return p == NULL ? sqlite3_bind_null(st, i)
				 : sqlite3_bind_text(st, i, p, -1, SQLITE_STATIC);
	case DB_SPANS:
	case DB_ITEM:
	case DB_BYTES:
		return bind_packed(st, i, c, p);
	}
	if ((c->type == DB_TIME && v == CLOCK_NONE) || (c->type == DB_REF && v == 0))
		return sqlite3_bind_null(st, i);
	return sqlite3_bind_int64(st, i, v);
}

/* What a row holds is checked like any input: a damaged blob reads as empty. */
static void
read_packed(sqlite3_stmt *st, int i, const struct db_col *c, void *p)
{
	int n = sqlite3_column_bytes(st, i);
	struct rd r = rd_of(n > 0 ? sqlite3_column_blob(st, i) : "", (size_t)n);
	struct finding *f = p;

	if (n <= 0)
		return;
	if (c->type == DB_ITEM) {
		item_get(&r, p);
		if (!rd_done(&r)) {
			log_err(
			    "store", "a stored post cannot be read, taken as empty");
			item_clear(p);
		}
		return;
	}
	if (c->type == DB_BYTES) {
		buf_put(p, r.p, (size_t)n);
		return;
	}
	f->nspans = (size_t)n / 8;
	f->spans = xcalloc(f->nspans > 0 ? f->nspans : 1, sizeof(*f->spans));
	for (size_t k = 0; k < f->nspans; k++) {
		f->spans[k].start = rd_u32(&r);
		f->spans[k].end = rd_u32(&r);
	}
}

static void
read_text(sqlite3_stmt *st, int i, const struct db_col *c, void *p)
{
	const char *t = (const char *)sqlite3_column_text(st, i);
	size_t n = t != NULL ? strlen(t) : 0;

	if (c->type == DB_STR) {
		*(char **)p = t != NULL ? xstrndup(t, n) : NULL;
		return;
	}
	n = n < c->size ? n : c->size - 1;
	memcpy(p, t != NULL ? t : "", n);
	((char *)p)[n] = '\0';
}

static void
read_col(sqlite3_stmt *st, int i, const struct db_col *c, void *row)
{
	void *p = (char *)row + c->off;
	int64_t v = sqlite3_column_int64(st, i);

	switch (c->type) {
	case DB_TIME:
		if (sqlite3_column_type(st, i) == SQLITE_NULL)
			v = CLOCK_NONE;
		*(int64_t *)p = v;
		break;
	case DB_I64:
	case DB_REF: /* NULL reads as 0 */
		*(int64_t *)p = v;
		break;
	case DB_U32:
		*(uint32_t *)p = (uint32_t)v;
		break;
	case DB_I32:
		*(int32_t *)p = (int32_t)v;
		break;
	case DB_U8:
		*(uint8_t *)p = (uint8_t)v;
		break;
	case DB_BOOL:
		*(bool *)p = v != 0;
		break;
	case DB_F64:
		*(double *)p = sqlite3_column_double(st, i);
		break;
	case DB_STR:
	case DB_CHARS:
		read_text(st, i, c, p);
		break;
	case DB_SPANS:
	case DB_ITEM:
	case DB_BYTES:
		read_packed(st, i, c, p);
		break;
	}
}

/* --- made texts --- */

static bool
wanted(const struct db_table *t, size_t i, unsigned skip)
{
	return i > 0 && (t->cols[i].flags & skip) == 0;
}

/* The cached statement, or one made of what write_sql says. */
static sqlite3_stmt *
made(struct store *s, const struct db_table *t, const void *key,
    void (*write_sql)(struct buf *, const struct db_table *), struct err *e)
{
	sqlite3_stmt *st = db_cached(s, t, key);
	struct buf sql = {0};

	if (st != NULL)
		return st;
	write_sql(&sql, t);
	st = db_prepare(s, t, key, sql.data, e);
	buf_free(&sql);
	return st;
}

static void
insert_sql(struct buf *b, const struct db_table *t)
{
	const char *sep = "";

	buf_printf(b, "INSERT INTO %s(", t->name);
	for (size_t i = 0; i < t->ncols; i++)
		if (wanted(t, i, DB_READ)) {
			buf_printf(b, "%s%s", sep, t->cols[i].name);
			sep = ", ";
		}
	sep = "";
	buf_puts(b, ") VALUES(");
	for (size_t i = 0; i < t->ncols; i++)
		if (wanted(t, i, DB_READ)) {
			buf_printf(b, "%s?%zu", sep, i + 1);
			sep = ", ";
		}
	buf_puts(b, ") ON CONFLICT DO NOTHING");
}

static void
update_sql(struct buf *b, const struct db_table *t)
{
	const char *sep = "";

	buf_printf(b, "UPDATE %s SET ", t->name);
	for (size_t i = 0; i < t->ncols; i++)
		if (wanted(t, i, DB_READ | DB_FIXED)) {
			buf_printf(b, "%s%s = ?%zu", sep, t->cols[i].name, i + 1);
			sep = ", ";
		}
	buf_puts(b, " WHERE id = ?1");
}

static void
select_sql(struct buf *b, const struct db_table *t)
{
	buf_puts(b, "SELECT ");
	for (size_t i = 0; i < t->ncols; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", t->cols[i].name);
	buf_printf(b, " FROM %s WHERE ", t->name);
}

/* --- rows --- */

/* A column that is too large must not be kept as if there were nothing in it. */
static int
bind_row(struct store *s, sqlite3_stmt *st, const struct db_table *t, const void *row,
    unsigned skip, struct err *e)
{
	for (size_t i = 0; i < t->ncols; i++) {
		int rc = SQLITE_OK;

		if (wanted(t, i, skip))
			rc = bind_col(st, (int)i + 1, &t->cols[i], row);
		if (rc == SQLITE_OK)
			continue;
		sqlite3_clear_bindings(st);
		err_set(e, TOSD_ELIMIT, "%s.%s: %s", t->name, t->cols[i].name,
		    sqlite3_errstr(rc));
		return db_break(s, TOSD_ELIMIT, e);
	}
	return 0;
}

static int
run_row(struct store *s, const struct db_table *t, sqlite3_stmt *st, struct err *e)
{
	int rc = db_step(s, st, e);

	/* Texts were bound without a copy: the statement must not keep them. */
	sqlite3_clear_bindings(st);
	if (rc < 0 && e != NULL)
		err_wrap(e, "%s", t->name);
	return rc;
}

int
db_insert(struct store *s, const struct db_table *t, void *row, struct err *e)
{
	sqlite3_stmt *st = made(s, t, &key_insert, insert_sql, e);
	int rc;

	if (st == NULL)
		return db_break(s, TOSD_EIO, e);
	rc = bind_row(s, st, t, row, DB_READ, e);
	if (rc == 0)
		rc = run_row(s, t, st, e);
	if (rc < 0)
		return rc;
	if (sqlite3_changes(s->db) == 0)
		return err_set(
		    e, TOSD_EEXIST, "%s: this row is there already", t->name);
	*(int64_t *)((char *)row + t->cols[0].off) = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int
db_update(struct store *s, const struct db_table *t, const void *row, struct err *e)
{
	sqlite3_stmt *st = made(s, t, &key_update, update_sql, e);
	int64_t id = *(const int64_t *)at_off(row, &t->cols[0]);
	int rc;

	if (st == NULL)
		return db_break(s, TOSD_EIO, e);
	rc = bind_row(s, st, t, row, DB_READ | DB_FIXED, e);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(st, 1, id);
	rc = run_row(s, t, st, e);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		rc = err_set(
		    e, TOSD_ENOENT, "%s %lld: no such row", t->name, (long long)id);
	return rc;
}

static sqlite3_stmt *
find(struct store *s, const struct db_table *t, const char *where, struct err *e)
{
	sqlite3_stmt *st = db_cached(s, t, where);
	struct buf sql = {0};

	if (st != NULL)
		return st;
	select_sql(&sql, t);
	buf_puts(&sql, where);
	st = db_prepare(s, t, where, sql.data, e);
	buf_free(&sql);
	return st;
}

static void
blank(const struct db_table *t, void *row)
{
	memset(row, 0, t->size);
	if (t->init != NULL)
		t->init(row);
}

static int
get(struct store *s, const struct db_table *t, sqlite3_stmt *st, void *row,
    struct err *e)
{
	int rc = db_step(s, st, e);

	/* Only now: an argument may have been a text inside of row. */
	blank(t, row);
	for (size_t i = 0; rc > 0 && i < t->ncols; i++)
		read_col(st, (int)i, &t->cols[i], row);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	if (rc == 0)
		return err_set(e, TOSD_ENOENT, "%s: no such row", t->name);
	return rc < 0 ? rc : 0;
}

int
db_get(struct store *s, const struct db_table *t, void *row, struct err *e,
    const char *where, const char *args, ...)
{
	sqlite3_stmt *st = find(s, t, where, e);
	va_list ap;

	if (st == NULL) {
		blank(t, row);
		return TOSD_EIO;
	}
	va_start(ap, args);
	db_bind(st, args, ap);
	va_end(ap);
	return get(s, t, st, row, e);
}

/* Numbers of the rows of a walk. */
struct ids {
	int64_t *v;
	size_t n, cap;
};

static int
collect(struct store *s, sqlite3_stmt *st, struct ids *ids)
{
	struct err e = ERR_INIT;
	int rc;

	while ((rc = db_step(s, st, &e)) > 0) {
		if (ids->n == ids->cap) {
			ids->cap = ids->cap > 0 ? ids->cap * 2 : 64;
			ids->v = xrealloc(ids->v, ids->cap * sizeof(*ids->v));
		}
		ids->v[ids->n++] = sqlite3_column_int64(st, 0);
	}
	sqlite3_clear_bindings(st);
	if (rc < 0)
		log_err("store", "%s", e.text);
	return rc;
}

static int
visit(struct store *s, const struct db_table *t, int64_t id,
    int (*fn)(void *ctx, const void *row), void *ctx, void *row)
{
	struct err e = ERR_INIT;
	int rc = db_get(s, t, row, &e, "id = ?1", "i", id);

	if (rc == 0)
		rc = fn(ctx, row);
	else if (rc == TOSD_ENOENT) /* gone since: not an error */
		rc = 0;
	else
		log_err("store", "%s", e.text);
	if (t->clear != NULL)
		t->clear(row);
	return rc;
}

int
db_each(struct store *s, const struct db_table *t,
    int (*fn)(void *ctx, const void *row), void *ctx, const char *where,
    const char *args, ...)
{
	/* Another key than db_get() uses: the same text may be shared by the linker. */
	const void *about = (const char *)t + 1;
	sqlite3_stmt *st = db_cached(s, about, where);
	struct ids ids = {0};
	struct err e = ERR_INIT;
	char *sql;
	void *row;
	va_list ap;
	int rc;

	if (st == NULL) {
		sql = xasprintf("SELECT id FROM %s WHERE %s", t->name, where);
		st = db_prepare(s, about, where, sql, &e);
		free(sql);
	}
	if (st == NULL) {
		log_err("store", "%s", e.text);
		return TOSD_EIO;
	}
	va_start(ap, args);
	db_bind(st, args, ap);
	va_end(ap);
	rc = collect(s, st, &ids);
	row = xmalloc(t->size);
	for (size_t i = 0; rc == 0 && i < ids.n; i++)
		rc = visit(s, t, ids.v[i], fn, ctx, row);
	free(row);
	free(ids.v);
	return rc;
}
