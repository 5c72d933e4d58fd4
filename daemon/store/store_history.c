/* SPDX-License-Identifier: Apache-2.0 */
/* store_history: what was seen, read again, and what is kept of it; see
 * store_history.h. */
#include "store/store_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/store_cover.h"

/* What is left of a body is small: a longer one has its text for certain. */
#define HUSK_MAX 4096

bool
store_sampled(const char *digest, uint32_t share)
{
	uint8_t head[8] = {0};
	uint64_t v = 0;

	if (share >= STORE_SHARE_ALL)
		return true;
	if (strlen(digest) < 16)
		return false;
	for (size_t i = 0; i < sizeof(head); i++) {
		char two[3] = {digest[2 * i], digest[2 * i + 1], '\0'};

		if (!digest_unhex(two, &head[i], 1))
			return false;
		v = v << 8 | head[i];
	}
	return v % STORE_SHARE_ALL < share;
}

/* --- marks --- */

static const char *const mark_keys[MARK_COUNT] = {
    "keep.whole", "keep.sample", "keep.found"};

int
store_mark_get(
    struct store *s, enum store_mark mark, struct store_mark_at *out, struct err *e)
{
	char *text = store_meta_get(s, mark_keys[mark]);
	long long revision = 0, seen = 0;
	int rc = 0;

	*out = (struct store_mark_at){0, CLOCK_NONE};
	if (text != NULL) {
		if (sscanf(text, "%lld %lld", &revision, &seen) == 2 && revision >= 0)
			*out = (struct store_mark_at){revision, seen};
		else
			rc = err_set(e, TOSD_EINVAL, "%s is no mark: \"%s\"",
			    mark_keys[mark], text);
	}
	free(text);
	return rc;
}

int
store_mark_set(struct store *s, const struct store_at *at, enum store_mark mark,
    const struct store_mark_at *v, struct err *e)
{
	char text[64];

	(void)at; /* of the whole store, as all that is in meta */
	snprintf(text, sizeof(text), "%lld %lld", (long long)v->revision,
	    (long long)v->seen);
	return store_meta_set(s, mark_keys[mark], text, e);
}

int
store_thinned_grow(struct store *s, const struct store_at *at, int64_t upto,
    uint32_t share, struct err *e)
{
	static const char grow[] =
	    "UPDATE thinned SET id = ?1 WHERE id = (SELECT max(id) FROM thinned) AND "
	    "share = ?2 AND id <= ?1";
	static const char begin[] = "INSERT INTO thinned(id, share) VALUES(?1, ?2)";
	bool own;
	int rc = db_write(s, at, NULL, &own, e), n = 0;

	if (rc < 0)
		return rc;
	rc = db_run(s, grow, &n, e, "ii", upto, (int64_t)share);
	if (rc == 0 && n == 0)
		rc = db_run(s, begin, NULL, e, "ii", upto, (int64_t)share);
	return db_done(s, own, rc, e);
}

uint32_t
store_thinned_share(struct store *s, int64_t revision)
{
	static const char sql[] =
	    "SELECT share FROM thinned WHERE id >= ?1 ORDER BY id LIMIT 1";

	return (uint32_t)db_number(s, STORE_SHARE_ALL, sql, "i", revision);
}

int
store_thinned_each(struct store *s, store_thinned_fn *fn, void *ctx)
{
	static const char sql[] = "SELECT id, share FROM thinned ORDER BY id";
	struct err e = ERR_INIT;
	sqlite3_stmt *st = db_query(s, sql, &e, "");
	int rc = st != NULL ? 1 : TOSD_EIO, stop = 0;

	while (rc > 0 && stop == 0 && (rc = db_step(s, st, &e)) > 0) {
		struct store_thinned t = {
		    sqlite3_column_int64(st, 0), (uint32_t)sqlite3_column_int64(st, 1)};

		stop = fn(ctx, &t);
	}
	if (stop != 0)
		sqlite3_reset(st);
	return rc < 0 ? rc : stop;
}

/* --- revisions as marks find them --- */

/* An item or NULL: body is 1 where there is more of it than a husk can be. */
#define KEPT_COLS                                                                   \
	"r.id, r.seen, r.digest, i.tenant, r.body IS NOT NULL, "                    \
	"CASE WHEN length(r.body) <= 4096 THEN r.body END, "                        \
	"EXISTS(SELECT 1 FROM finding f WHERE f.revision = r.id), "                 \
	"i.revision = r.id, " DB_IS_TODO(                                           \
	    "r.id") ", "                                                            \
		    "EXISTS(SELECT 1 FROM violation v LEFT JOIN cases c ON c.id = " \
		    "v.case_id "                                                    \
		    "  WHERE v.revision = r.id AND (v.next_check IS NOT NULL OR "   \
		    "c.closed IS NULL "                                             \
		    "  OR EXISTS(SELECT 1 FROM hold h WHERE h.case_id = "           \
		    "v.case_id))), r.item, "                                        \
		    "i.feed"
_Static_assert(HUSK_MAX == 4096, "as in KEPT_COLS");

/* Whether a short body is what is left of one. */
static bool
is_husk(const void *p, int n)
{
	struct rd r = rd_of(n > 0 ? p : "", (size_t)n);
	struct item it;
	bool husk;

	item_init(&it);
	if (n > 0)
		item_get(&r, &it);
	husk = n > 0 && rd_done(&r) && (it.flags & ITEM_LET_GO) != 0;
	item_clear(&it);
	return husk;
}

static void
read_kept(sqlite3_stmt *st, struct store_kept *k)
{
	bool is_null = sqlite3_column_type(st, 1) == SQLITE_NULL;

	*k = (struct store_kept){.id = sqlite3_column_int64(st, 0),
	    .seen = is_null ? CLOCK_NONE : sqlite3_column_int64(st, 1),
	    .found = sqlite3_column_int(st, 6) != 0,
	    .newest = sqlite3_column_int(st, 7) != 0,
	    .pending = sqlite3_column_int(st, 8) != 0,
	    .cited = sqlite3_column_int(st, 9) != 0,
	    .item = sqlite3_column_int64(st, 10),
	    .feed = sqlite3_column_int64(st, 11)};
	snprintf(k->digest, sizeof(k->digest), "%s",
	    (const char *)sqlite3_column_text(st, 2));
	snprintf(k->tenant, sizeof(k->tenant), "%s",
	    (const char *)sqlite3_column_text(st, 3));
	k->text = sqlite3_column_int(st, 4) != 0 &&
		  !is_husk(sqlite3_column_blob(st, 5), sqlite3_column_bytes(st, 5));
}

/* What was seen later than the newest revision was seen while the clock was ahead,
 * since numbers rise with time. */
struct times {
	int64_t newest;
	int64_t id,
	    seen; /* the next one of a time that can be, once it was looked for */
};

/* It counts as seen with the next one of a time that can be; else it would end every
 * walk until that time has come. */
static void
mend_seen(struct store *s, struct times *t, struct store_kept *k)
{
	static const char sql[] = "SELECT id FROM revision WHERE id > ?1 AND "
				  "seen <= ?2 ORDER BY id LIMIT 1";

	if (t->newest == CLOCK_NONE || k->seen <= t->newest)
		return;
	if (t->id < k->id) {
		t->id = db_number(s, 0, sql, "ii", k->id, t->newest);
		t->seen = store_past_seen(s, t->id);
	}
	if (t->id != 0)
		k->seen = t->seen;
}

/* The rows are read first: what fn changes does not disturb the walk. */
static int
kept_walk(struct store *s, const char *sql, int64_t after, int64_t before, size_t max,
    store_kept_fn *fn, void *ctx)
{
	static const char newest[] =
	    "SELECT seen FROM revision ORDER BY id DESC LIMIT 1";
	struct times t = {db_number(s, CLOCK_NONE, newest, ""), 0, 0};
	struct err e = ERR_INIT;
	sqlite3_stmt *st = db_todo_write(s, &e) == 0
			       ? db_query(s, sql, &e, "ii", after, (int64_t)max)
			       : NULL;
	struct store_kept *v;
	size_t n = 0;
	int rc = 1, stop = 0;

	if (st == NULL)
		return TOSD_EIO;
	v = xcalloc(max > 0 ? max : 1, sizeof(*v));
	while (n < max && (rc = db_step(s, st, &e)) > 0) {
		read_kept(st, &v[n]);
		mend_seen(s, &t, &v[n]);
		if (v[n].seen != CLOCK_NONE && v[n].seen >= before)
			break;
		n++;
	}
	if (rc > 0)
		sqlite3_reset(st);
	for (size_t i = 0; rc >= 0 && stop == 0 && i < n; i++)
		stop = fn(ctx, &v[i]);
	free(v);
	return rc < 0 ? rc : stop;
}

int
store_kept_each(struct store *s, int64_t after, int64_t before, size_t max,
    store_kept_fn *fn, void *ctx)
{
	static const char sql[] =
	    "SELECT " KEPT_COLS " FROM revision r CROSS JOIN item i ON i.id = r.item "
	    "WHERE r.id > ?1 ORDER BY r.id LIMIT ?2";

	return kept_walk(s, sql, after, before, max, fn, ctx);
}

int
store_back_each(
    struct store *s, int64_t after, size_t max, store_kept_fn *fn, void *ctx)
{
	static const char sql[] =
	    "SELECT " KEPT_COLS
	    " FROM kept_back b CROSS JOIN revision r ON r.id = b.id "
	    "CROSS JOIN item i ON i.id = r.item WHERE b.id > ?1 ORDER BY b.id LIMIT ?2";

	return kept_walk(s, sql, after, INT64_MAX, max, fn, ctx);
}

static int
write_id(struct store *s, const struct store_at *at, const char *sql, int64_t id,
    struct err *e)
{
	bool own;
	int rc = db_write(s, at, NULL, &own, e);

	return rc < 0 ? rc : db_done(s, own, db_run(s, sql, NULL, e, "i", id), e);
}

int
store_back_add(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO kept_back(id) VALUES(?1) ON CONFLICT DO NOTHING";

	return write_id(s, at, sql, revision, e);
}

int
store_back_drop(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e)
{
	static const char sql[] = "DELETE FROM kept_back WHERE id = ?1";

	return write_id(s, at, sql, revision, e);
}

/* What an item is known by; nothing that it says. */
static void
make_husk(const struct item *from, struct item *to)
{
	item_init(to);
	to->id = from->id;
	to->url = from->url;
	to->published = from->published;
	to->updated = from->updated;
	to->flags = from->flags | ITEM_LET_GO;
}

int
store_text_drop(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e)
{
	static const char sql[] = "UPDATE revision SET body = ?2 WHERE id = ?1";
	struct store_revision r;
	struct item husk;
	struct buf b = {0};
	sqlite3_stmt *st;
	bool own;
	int rc = store_revision_get(s, revision, &r, e);

	if (rc < 0)
		return rc;
	make_husk(&r.body, &husk);
	item_put(&b, &husk);
	rc = db_write(s, at, r.tenant, &own, e);
	if (rc == 0) {
		st = db_query(s, sql, e, "i", revision);
		if (st != NULL) {
			sqlite3_bind_blob(st, 2, b.data, (int)b.len, SQLITE_STATIC);
			rc = db_step(s, st, e);
			sqlite3_clear_bindings(st);
		} else {
			rc = db_break(s, TOSD_EIO, e);
		}
		rc = db_done(s, own, rc, e);
	}
	buf_free(&b);
	store_revision_clear(&r);
	return rc;
}

/* --- the past --- */

static void
clear_found(struct store_past *p)
{
	for (size_t i = 0; i < p->nfound; i++)
		free(p->found[i].rule);
	p->nfound = 0;
}

static void
read_body(sqlite3_stmt *st, int i, struct store_past *p)
{
	int n = sqlite3_column_bytes(st, i);
	struct rd r = rd_of(n > 0 ? sqlite3_column_blob(st, i) : "", (size_t)n);

	p->text = TEXT_ERASED;
	if (n <= 0)
		return;
	item_get(&r, &p->body);
	if (rd_done(&r))
		p->text = (p->body.flags & ITEM_LET_GO) != 0 ? TEXT_LET_GO : TEXT_KEPT;
	else
		item_clear(&p->body); /* damaged: as if it were not there */
}

static void
read_past(sqlite3_stmt *st, struct store_past *p)
{
	p->id = sqlite3_column_int64(st, 0);
	p->item = sqlite3_column_int64(st, 1);
	p->n = (uint32_t)sqlite3_column_int64(st, 2);
	snprintf(p->tenant, sizeof(p->tenant), "%s",
	    (const char *)sqlite3_column_text(st, 3));
	snprintf(p->digest, sizeof(p->digest), "%s",
	    (const char *)sqlite3_column_text(st, 4));
	p->seen = sqlite3_column_int64(st, 5);
	p->time = sqlite3_column_type(st, 6) == SQLITE_NULL
		      ? CLOCK_NONE
		      : sqlite3_column_int64(st, 6);
	p->state = (enum store_inspect)sqlite3_column_int(st, 7);
	read_body(st, 8, p);
}

/* Both walks rise by revision: findings of this one are next, those before it belong to
 * revisions that were not asked for. */
static int
read_found(struct store *s, sqlite3_stmt *st, int *more, struct store_past *p,
    size_t *cap, struct err *e)
{
	while (*more > 0 && sqlite3_column_int64(st, 0) <= p->id) {
		if (sqlite3_column_int64(st, 0) == p->id) {
			if (p->nfound == *cap) {
				*cap = *cap > 0 ? *cap * 2 : 8;
				p->found = xrealloc(p->found, *cap * sizeof(*p->found));
			}
			p->found[p->nfound++] = (struct store_past_found){
			    xstrdup((const char *)sqlite3_column_text(st, 1)),
			    (uint32_t)sqlite3_column_int64(st, 2),
			    (enum finding_mode)sqlite3_column_int(st, 3),
			    sqlite3_column_double(st, 4),
			    sqlite3_column_int(st, 5) != 0};
		}
		*more = db_step(s, st, e);
	}
	return *more < 0 ? *more : 0;
}

static int
past_walk(struct store *s, sqlite3_stmt *rows, sqlite3_stmt *found, store_past_fn *fn,
    void *ctx, struct err *e)
{
	struct store_past p = {0};
	size_t cap = 0;
	int rc = 0, more, stop = 0;

	item_init(&p.body);
	more = db_step(s, found, e);
	if (more < 0)
		rc = more;
	while (rc == 0 && stop == 0 && (rc = db_step(s, rows, e)) > 0) {
		item_clear(&p.body);
		clear_found(&p);
		read_past(rows, &p);
		rc = read_found(s, found, &more, &p, &cap, e);
		if (rc == 0)
			stop = fn(ctx, &p);
	}
	sqlite3_reset(rows);
	sqlite3_reset(found);
	item_clear(&p.body);
	clear_found(&p);
	free(p.found);
	return rc < 0 ? rc : stop;
}

int
store_past_each(struct store *s, int64_t after, int64_t upto, const char *tenant,
    store_past_fn *fn, void *ctx, struct err *e)
{
	static const char sql[] =
	    "SELECT r.id, r.item, r.n, i.tenant, r.digest, r.seen, r.time, " DB_STATE(
		"r") ", "
		     "r.body FROM revision r CROSS JOIN item i ON i.id = r.item WHERE "
		     "r.id > ?1 "
		     "AND r.id <= ?2 AND (?3 IS NULL OR i.tenant = ?3) ORDER BY r.id";
	static const char found_sql[] =
	    "SELECT revision, rule, rev, mode, score, counts FROM finding "
	    "WHERE revision > ?1 AND revision <= ?2 ORDER BY revision, rule, rev";
	bool own = !s->in_txn;
	sqlite3_stmt *rows, *found;
	int rc = own ? store_begin(s, e) : db_todo_write(s, e);

	if (rc < 0)
		return rc;
	rows = db_query(s, sql, e, "iit", after, upto, tenant);
	found = db_query(s, found_sql, e, "ii", after, upto);
	rc = rows == NULL || found == NULL ? TOSD_EIO
					   : past_walk(s, rows, found, fn, ctx, e);
	if (own)
		store_rollback(s); /* nothing was written */
	return rc;
}

int64_t
store_past_last(struct store *s)
{
	return db_number(s, 0, "SELECT max(id) FROM revision", "");
}

int64_t
store_past_seen(struct store *s, int64_t id)
{
	static const char sql[] =
	    "SELECT seen FROM revision WHERE id >= ?1 ORDER BY id LIMIT 1";

	return db_number(s, CLOCK_NONE, sql, "i", id);
}

int64_t
store_past_after(struct store *s, int64_t seen)
{
	int64_t low = 0, high = store_past_last(s);

	/* All up to low were seen before; high + 1 is not, or is not there. */
	while (low < high) {
		int64_t mid = low + (high - low) / 2, at = store_past_seen(s, mid + 1);

		if (at != CLOCK_NONE && at < seen)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int64_t
store_past_gone(struct store *s, int64_t item)
{
	static const char sighted[] =
	    "SELECT coalesce(gone, since) FROM sighting WHERE id = ?1 AND state = 4";
	static const char cited[] =
	    "SELECT min(ended) FROM violation WHERE item = ?1 AND presence = 1";
	_Static_assert(SIGHT_REMOVED == 4 && PRESENT_REMOVED == 1, "as in the texts");
	int64_t a = db_number(s, CLOCK_NONE, sighted, "i", item);
	int64_t b = db_number(s, CLOCK_NONE, cited, "i", item);

	if (a == CLOCK_NONE || (b != CLOCK_NONE && b < a))
		return b;
	return a;
}
