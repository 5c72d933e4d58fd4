/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_todo: which revisions are not judged yet.  They come in the order of their
 * numbers and are judged nearly in that order, so the table `todo' has ranges and not
 * one row for each: nothing is written into the row of a revision in which nothing is
 * found.  A revision is pending while a range has it, whatever its row says; so one
 * that nobody judged is never taken for clean, since its range is written by whoever
 * adds it.
 *
 * Two ranges wait in memory, of what was added last and of what was judged last, until
 * something else follows or somebody asks; a commit always writes them.
 */
#include "store/db.h"

static const char insert[] = "INSERT INTO todo(first, last) VALUES(?1, ?2)",
		  resize[] = "UPDATE todo SET last = ?2 WHERE first = ?1";

/* The last range that begins at `id' or before; 0 and 0: none. */
static int
range_before(struct store *s, int64_t id, struct db_range *out, struct err *e)
{
	static const char sql[] = "SELECT first, last FROM todo WHERE first <= ?1 "
				  "ORDER BY first DESC LIMIT 1";
	sqlite3_stmt *st = db_query(s, sql, e, "i", id);
	int rc = st != NULL ? db_step(s, st, e) : TOSD_EIO;

	*out = (struct db_range){0, 0};
	if (rc > 0) {
		out->first = sqlite3_column_int64(st, 0);
		out->last = sqlite3_column_int64(st, 1);
		sqlite3_reset(st);
	}
	return rc < 0 ? rc : 0;
}

/* Several at once are rows that are new, beyond all that the table has. */
static int
write_added(struct store *s, struct db_range v, struct err *e)
{
	struct db_range before;
	int rc = range_before(s, v.first, &before, e);

	if (rc < 0)
		return rc;
	return before.last != 0 && before.last + 1 == v.first
		   ? db_run(s, resize, NULL, e, "ii", before.first, v.last)
		   : db_run(s, insert, NULL, e, "ii", v.first, v.last);
}

/* What is left of a range without v. */
static int
cut(struct store *s, struct db_range from, struct db_range v, struct err *e)
{
	static const char drop[] = "DELETE FROM todo WHERE first = ?1";
	int rc = from.first < v.first
		     ? db_run(s, resize, NULL, e, "ii", from.first, v.first - 1)
		     : db_run(s, drop, NULL, e, "i", from.first);

	if (rc == 0 && from.last > v.last)
		rc = db_run(s, insert, NULL, e, "ii", v.last + 1, from.last);
	return rc;
}

static int
write_done(struct store *s, struct db_range v, struct err *e)
{
	struct db_range r;
	int rc;

	while ((rc = range_before(s, v.last, &r, e)) == 0 && r.last >= v.first)
		if ((rc = cut(s, r, v, e)) < 0)
			break;
	return rc;
}

int
db_todo_write(struct store *s, struct err *e)
{
	struct db_range added = s->todo_added, done = s->todo_done;
	int rc = 0;

	db_todo_forget(s);
	if (added.last != 0)
		rc = write_added(s, added, e);
	if (rc == 0 && done.last != 0)
		rc = write_done(s, done, e);
	/* Half of it must not be committed. */
	return rc < 0 ? db_break(s, rc, e) : 0;
}

void
db_todo_forget(struct store *s)
{
	s->todo_added = s->todo_done = (struct db_range){0, 0};
}

static int
extend(struct store *s, struct db_range *v, int64_t id, struct err *e)
{
	int rc = 0;

	if (v->last != 0 && v->last + 1 == id) {
		v->last = id;
		return 0;
	}
	if (v->last != 0)
		rc = db_todo_write(s, e);
	*v = (struct db_range){id, id};
	return rc;
}

int
db_todo_add(struct store *s, int64_t id, struct err *e)
{
	return extend(s, &s->todo_added, id, e);
}

int
db_todo_done(struct store *s, int64_t id, struct err *e)
{
	return extend(s, &s->todo_done, id, e);
}

int
db_todo_again(struct store *s, int64_t id, struct err *e)
{
	static const char sql[] = "INSERT INTO todo(first, last) SELECT ?1, ?1 "
				  "WHERE NOT " DB_IS_TODO("?1");
	int rc = db_todo_write(s, e);

	return rc == 0 ? db_run(s, sql, NULL, e, "i", id) : rc;
}

int
db_todo_has(struct store *s, int64_t id, bool *out, struct err *e)
{
	struct db_range r;
	int rc = 0;

	*out = false;
	if (id >= s->todo_done.first && id <= s->todo_done.last)
		return 0;
	*out = id >= s->todo_added.first && id <= s->todo_added.last;
	if (!*out)
		rc = range_before(s, id, &r, e);
	if (rc == 0 && !*out)
		*out = r.last >= id;
	return rc;
}
