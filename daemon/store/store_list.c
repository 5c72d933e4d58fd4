/* SPDX-License-Identifier: Apache-2.0 */
/* store_list: lists that are fetched; see store_list.h. */
#include "store/store_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/db.h"

#define L(name, type, flags) DB_COL(store_list, #name, name, type, flags)
static const struct db_col list_cols[] = {
    L(id, DB_I64, 0),
    L(name, DB_STR, DB_FIXED),
    L(digest, DB_CHARS, 0),
    L(url, DB_STR, 0),
    L(bytes, DB_I64, 0),
    L(what, DB_STR, 0),
    L(since, DB_TIME, 0),
    L(etag, DB_STR, 0),
    L(last_modified, DB_STR, 0),
    L(body_hash, DB_STR, 0),
    L(next, DB_TIME, 0),
    L(checked, DB_TIME, 0),
    L(good, DB_TIME, 0),
    L(polls, DB_U32, 0),
    L(failures, DB_U32, 0),
    L(why, DB_STR, 0),
    L(trouble, DB_TIME, 0),
    L(refused, DB_CHARS, 0),
};
#undef L

void
store_list_clear(struct store_list *l)
{
	free(l->name);
	free(l->url);
	free(l->what);
	free(l->etag);
	free(l->last_modified);
	free(l->body_hash);
	free(l->why);
	memset(l, 0, sizeof(*l));
}

static void
list_clear(void *row)
{
	store_list_clear(row);
}

static const struct db_table lists = {"list", sizeof(struct store_list), NULL,
    list_clear, list_cols, sizeof(list_cols) / sizeof(list_cols[0])};

int
store_list_get(struct store *s, const char *name, struct store_list *out, struct err *e)
{
	int rc = db_get(s, &lists, out, e, "name = ?1", "t", name);
	bool own;

	if (rc != TOSD_ENOENT || (rc = db_write(s, NULL, NULL, &own, e)) < 0)
		return rc;
	*out = (struct store_list){.name = xstrdup(name),
	    .since = CLOCK_NONE,
	    .next = CLOCK_NONE,
	    .checked = CLOCK_NONE,
	    .good = CLOCK_NONE,
	    .trouble = CLOCK_NONE};
	rc = db_done(s, own, db_insert(s, &lists, out, e), e);
	if (rc != 0)
		store_list_clear(out);
	return rc;
}

int
store_list_put(struct store *s, const struct store_list *l, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_update(s, &lists, l, e), e);
}
