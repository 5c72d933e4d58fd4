/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_key: which post of a feed is which row.  An index over ids would be written at
 * as many places as there are posts in a batch, since ids are random as often as not: a
 * page read, logged and copied for each post, and the more posts there are the more so.
 * So an entry is a keyed hash and a row's number, the newest ones wait in memory, and
 * what has gathered there goes to the table item_key in the order of the hashes, two
 * for each one that comes: neighbours share their pages, and nobody waits for the
 * whole.
 *
 * The rows of item are the truth.  Entries in memory are those of rows behind the
 * number that meta has as item_keyed; whoever opens the store, or has rolled back,
 * makes them again from there.  An entry says where to look, no more: the row is
 * compared.
 *
 * Three kinds of entries, all alike: a post's own key; the id that posts share whose
 * keys have STORE_APART after it, for one of them; and "", for one post of each feed.
 */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/hash.h"
#include "base/log.h"

#define RUN_LEN ((size_t)1 << 15) /* entries that go to the table together */
#define STEP 2			  /* ... so many for each new one */
#define FOUND_MAX 64		  /* rows of one hash: more there cannot be by chance */
#define SLOTS_MIN ((size_t)1 << 10)

struct key {
	uint64_t hash;
	int64_t item; /* 0: an empty slot */
};

struct db_keys {
	uint64_t secret[2];
	struct key *slots; /* by hash, with open addressing */
	size_t mask, n;
	int64_t last;	 /* row whose entries came last */
	int64_t fed;	 /* feed that certainly has its entry */
	struct key *run; /* on their way to the table, by hash; else NULL */
	size_t run_n, run_at;
	int64_t run_last; /* the last row with entries among them */
};

static size_t
run_len(const struct store *s)
{
	return s->key_run > 0 ? s->key_run : RUN_LEN;
}

/* --- in memory --- */

static void
slot_put(struct db_keys *k, struct key key)
{
	size_t i = key.hash & k->mask;

	while (k->slots[i].item != 0)
		i = (i + 1) & k->mask;
	k->slots[i] = key;
	k->n++;
}

/* Room for n more; those of rows up to `behind` are left out. */
static void
slots_make(struct db_keys *k, size_t n, int64_t behind)
{
	struct key *old = k->slots;
	size_t slots = SLOTS_MIN, had = old != NULL ? k->mask + 1 : 0;

	while (slots < 2 * n)
		slots *= 2;
	k->slots = xcalloc(slots, sizeof(*k->slots));
	k->mask = slots - 1;
	k->n = 0;
	for (size_t i = 0; i < had; i++)
		if (old[i].item > behind)
			slot_put(k, old[i]);
	free(old);
}

static int
key_cmp(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

static void
run_begin(struct db_keys *k)
{
	k->run = xcalloc(k->n + 1, sizeof(*k->run));
	k->run_n = k->run_at = 0;
	k->run_last = k->last;
	for (size_t i = 0; i <= k->mask; i++)
		if (k->slots[i].item != 0)
			k->run[k->run_n++] = k->slots[i];
	qsort(k->run, k->run_n, sizeof(*k->run), key_cmp);
}

static void
run_free(struct db_keys *k)
{
	free(k->run);
	k->run = NULL;
}

/* --- to the table --- */

/* Up to n entries; with the last one all of them are there, and leave the memory. */
static int
run_move(struct store *s, size_t n, struct err *e)
{
	static const char sql[] = "INSERT INTO item_key VALUES(?1, ?2) "
				  "ON CONFLICT DO NOTHING";
	static const char done[] = "UPDATE meta SET value = CAST(?1 AS TEXT) "
				   "WHERE key = 'item_keyed'";
	struct db_keys *k = s->keys;
	int rc = 0;

	for (; rc == 0 && n > 0 && k->run_at < k->run_n; n--, k->run_at++)
		rc = db_run(s, sql, NULL, e, "ii", (int64_t)k->run[k->run_at].hash,
		    k->run[k->run_at].item);
	if (rc < 0 || k->run_at < k->run_n)
		return rc;
	rc = db_run(s, done, NULL, e, "i", k->run_last);
	if (rc == 0) {
		slots_make(k, k->n, k->run_last);
		run_free(k);
	}
	return rc;
}

/* --- looking --- */

static uint64_t
hash_of(const struct db_keys *k, int64_t feed, const char *name, size_t n)
{
	uint64_t both[2] = {(uint64_t)feed, hash_keyed(k->secret, name, n)};

	return hash_keyed(k->secret, both, sizeof(both));
}

/* Rows that may be it; how many, or an error. */
static int
rows_of(struct store *s, uint64_t hash, int64_t ids[FOUND_MAX], struct err *e)
{
	static const char sql[] = "SELECT item FROM item_key WHERE hash = ?1";
	const struct db_keys *k = s->keys;
	sqlite3_stmt *st;
	int n = 0, rc;

	for (size_t i = hash & k->mask; k->slots[i].item != 0 && n < FOUND_MAX;
	     i = (i + 1) & k->mask)
		if (k->slots[i].hash == hash)
			ids[n++] = k->slots[i].item;
	st = db_query(s, sql, e, "i", (int64_t)hash);
	if (st == NULL)
		return TOSD_EIO;
	while ((rc = db_step(s, st, e)) > 0 && n < FOUND_MAX)
		ids[n++] = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? rc : n;
}

/* How a row's key stands to a name.  What cannot be read is no answer: a post that is
 * taken for new would be there twice. */
static int
near_of(struct store *s, int64_t id, int64_t feed, const char *name, size_t n,
    enum store_near *near, struct err *e)
{
	static const char sql[] = "SELECT guid FROM item WHERE id = ?1 AND feed = ?2";
	sqlite3_stmt *st = db_query(s, sql, e, "ii", id, feed);
	const char *guid;
	int rc = st != NULL ? db_step(s, st, e) : TOSD_EIO;

	*near = STORE_NEAR_NONE;
	if (rc <= 0)
		return rc;
	guid = (const char *)sqlite3_column_text(st, 0);
	if (strncmp(guid, name, n) == 0 && guid[n] == '\0')
		*near = STORE_NEAR_THERE;
	else if (n == 0 || (strncmp(guid, name, n) == 0 && guid[n] == STORE_APART[0]))
		*near = STORE_NEAR_SHARED;
	sqlite3_reset(st);
	return 0;
}

int
db_key_look(struct store *s, int64_t feed, const char *name, size_t n,
    struct db_key_found *out, struct err *e)
{
	int64_t ids[FOUND_MAX];
	int found, rc = s->keys != NULL ? 0 : db_key_open(s, e);

	memset(out, 0, sizeof(*out));
	if (rc < 0)
		return rc;
	found = rows_of(s, hash_of(s->keys, feed, name, n), ids, e);
	if (found < 0)
		return found;
	for (int i = 0; rc == 0 && i < found; i++) {
		enum store_near near;

		rc = near_of(s, ids[i], feed, name, n, &near, e);
		if (near == STORE_NEAR_THERE)
			out->there = ids[i];
		else if (near == STORE_NEAR_SHARED)
			out->shared = ids[i];
	}
	return rc;
}

/* --- new rows --- */

static void
put(struct db_keys *k, int64_t feed, const char *name, size_t n, int64_t item)
{
	if (2 * (k->n + 1) > k->mask)
		slots_make(k, 2 * k->n, INT64_MIN);
	slot_put(k, (struct key){hash_of(k, feed, name, n), item});
}

/* An entry for what many rows may stand for, unless there is one. */
static int
put_once(struct store *s, int64_t feed, const char *name, size_t n, int64_t item,
    struct err *e)
{
	struct db_key_found found;
	int rc = db_key_look(s, feed, name, n, &found, e);

	if (rc == 0 && found.shared == 0)
		put(s->keys, feed, name, n, item);
	return rc;
}

static int
add(struct store *s, int64_t feed, const char *guid, int64_t item, struct err *e)
{
	struct db_keys *k = s->keys;
	const char *apart = strrchr(guid, STORE_APART[0]);
	int rc = 0;

	put(k, feed, guid, strlen(guid), item);
	k->last = item;
	if (apart != NULL)
		rc = put_once(s, feed, guid, (size_t)(apart - guid), item, e);
	if (rc == 0 && k->fed != feed && (rc = put_once(s, feed, "", 0, item, e)) == 0)
		k->fed = feed;
	return rc;
}

int
db_key_add(struct store *s, int64_t feed, const char *guid, int64_t item, struct err *e)
{
	int rc = s->keys != NULL ? 0 : db_key_open(s, e);

	/* Opened just now, the row was read there already. */
	if (rc < 0 || item <= s->keys->last)
		return rc;
	rc = add(s, feed, guid, item, e);
	if (rc == 0 && s->keys->run == NULL && s->keys->n >= run_len(s))
		run_begin(s->keys);
	return rc == 0 && s->keys->run != NULL ? run_move(s, STEP, e) : rc;
}

/* --- life --- */

void
db_key_close(struct store *s)
{
	struct db_keys *k = s->keys;

	if (k == NULL)
		return;
	run_free(k);
	free(k->slots);
	free(k);
	s->keys = NULL;
}

/* Entries of the next rows. */
static int
load(struct store *s, size_t max, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT id, feed, guid FROM item WHERE id > ?1 ORDER BY id";
	sqlite3_stmt *st = db_query(s, sql, e, "i", s->keys->last);
	int rc = st != NULL ? 0 : TOSD_EIO;

	for (*n = 0; rc == 0 && *n < max; ++*n) {
		if ((rc = db_step(s, st, e)) <= 0)
			break;
		rc = add(s, sqlite3_column_int64(st, 1),
		    (const char *)sqlite3_column_text(st, 2),
		    sqlite3_column_int64(st, 0), e);
	}
	sqlite3_reset(st);
	return rc;
}

/* A store of before there were keys, or one that was cut off: whole runs go to the
 * table at once, nobody waits for anything yet. */
static int
catch_up(struct store *s, struct err *e)
{
	size_t len = run_len(s), n = len;
	int rc = 0;

	while (rc == 0 && n == len) {
		bool own, full;

		rc = load(s, len, &n, e);
		full = rc == 0 && n == len && !s->readonly && !s->in_txn;
		if (!full)
			continue;
		run_begin(s->keys);
		if ((rc = db_write(s, NULL, NULL, &own, e)) == 0)
			rc = db_done(s, own, run_move(s, SIZE_MAX, e), e);
	}
	return rc;
}

int
db_key_open(struct store *s, struct err *e)
{
	char *secret = store_meta_get(s, "item_secret");
	char *keyed = store_meta_get(s, "item_keyed");
	uint8_t raw[sizeof(s->keys->secret)];
	int rc;

	db_key_close(s);
	s->keys = xcalloc(1, sizeof(*s->keys));
	s->keys->last = keyed != NULL ? strtoll(keyed, NULL, 10) : 0;
	if (secret != NULL && digest_unhex(secret, raw, sizeof(raw))) {
		memcpy(s->keys->secret, raw, sizeof(raw));
		slots_make(s->keys, 0, 0);
		rc = catch_up(s, e);
	} else {
		rc = err_set(e, TOSD_EIO,
		    "%s: has lost the key of its index (meta item_secret): restore a "
		    "backup or rebuild it from the ledger",
		    s->path);
	}
	free(secret);
	free(keyed);
	if (rc < 0)
		db_key_close(s);
	return rc;
}
