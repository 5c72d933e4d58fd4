/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_key: posts are found by feed and guid, wherever their entries are: in
 * memory, on their way to the table, or there; after rollbacks, restarts and kills in
 * between, and in a store of before there were such entries.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "store/db.h"
#include "store_sample.h"

#define RUN 16 /* instead of 32,768: everything happens often */

static struct store *
open_short(const char *u)
{
	struct store *s = open_url(u);

	s->key_run = RUN;
	return s;
}

/* As random as ids are, the same each time. */
static const char *
guid_of(unsigned i, char out[40])
{
	snprintf(out, 40, "%08x-%u", i * 2654435761u, i);
	return out;
}

static void
add_some(struct store *s, int64_t feed, unsigned from, unsigned to)
{
	struct err e = ERR_INIT;
	char guid[40];

	for (unsigned i = from; i < to; i++) {
		int64_t id = 0;

		OK(add_revision(s, feed, guid_of(i, guid), &id, NULL, &e));
	}
}

/* All of them are there, each once, and nothing else is. */
static void
check_all(struct store *s, int64_t feed, unsigned n)
{
	struct store_item it;
	struct err e = ERR_INIT;
	char guid[40];
	unsigned wrong = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t other = 0;

		guid_of(i, guid);
		if (store_item_find(s, feed, guid, &it, &e) != 0 ||
		    strcmp(it.guid, guid) != 0)
			wrong++;
		store_item_clear(&it);
		wrong += store_item_find(s, feed + 1, guid, &it, &e) != TOSD_ENOENT;
		wrong += add_revision(s, feed, guid, &other, NULL, &e) != TOSD_EEXIST;
	}
	for (unsigned i = n; i < n + 50; i++)
		wrong +=
		    store_item_find(s, feed, guid_of(i, guid), &it, &e) != TOSD_ENOENT;
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(store_item_shares(s, feed, ""), n > 0);
	CU_ASSERT_FALSE(store_item_shares(s, feed + 1, ""));
}

static void
test_runs(void)
{
	struct store *s = open_short("sqlite::memory:");
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);
	char *keyed;

	CU_ASSERT_FALSE(store_item_shares(s, feed, ""));
	for (unsigned i = 0; i < 200; i++) {
		add_some(s, feed, i, i + 1);
		if (i % 7 == 0)
			check_all(s, feed, i + 1);
	}
	check_all(s, feed, 200);
	keyed = store_meta_get(s, "item_keyed");
	CU_ASSERT(strtoll(keyed, NULL, 10) > 150);
	free(keyed);
	OK(db_run(s, "DELETE FROM item_key", NULL, &e, ""));
	/* So it was in the table, not only in memory. */
	CU_ASSERT_FALSE(store_item_shares(s, feed, ""));
	store_free(&s);
}

/* What was rolled back is not there, whatever was on its way; what was there is. */
static void
test_rollback(void)
{
	struct store *s = open_short("sqlite::memory:");
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);
	unsigned n = 0;

	for (unsigned round = 0; round < 40; round++) {
		OK(store_begin(s, &e));
		add_some(s, feed, n, n + 1 + round % 9);
		if (round % 3 == 0)
			store_rollback(s);
		else {
			OK(store_commit(s, &e));
			n += 1 + round % 9;
		}
		check_all(s, feed, n);
	}
	store_free(&s);
}

/* Killed at any moment, the next one finds what was committed. */
static void
test_kill(void)
{
	struct store *s = open_short(url());
	int64_t feed = make_feed(s);
	unsigned n = 0;

	store_free(&s);
	for (unsigned round = 0; round < 20; round++) {
		int64_t kept;
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct err e = ERR_INIT;

			s = open_short(url());
			add_some(s, feed, n, n + 5 + round);
			store_begin(s, &e);
			add_some(s, feed, n + 5 + round, n + 30);
			kill(getpid(), SIGKILL);
		}
		CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
		n += 5 + round;
		s = open_short(url());
		kept = db_number(s, 0, "SELECT count(*) FROM item", "");
		CU_ASSERT_EQUAL(kept, n);
		check_all(s, feed, n);
		store_free(&s);
	}
	remove_files();
}

/* Many posts with one id; nobody looks through all of them. */
static void
test_shared(void)
{
	struct store *s = open_short("sqlite::memory:");
	struct err e = ERR_INIT;
	struct store_item it;
	int64_t feed = make_feed(s), id = 0;
	enum store_near near;
	char guid[40];

	OK(add_revision(s, feed,
	    "other\x1f"
	    "1",
	    &id, NULL, &e));
	OK(store_item_near(s, feed, "one", &near, &e));
	CU_ASSERT_EQUAL(near, STORE_NEAR_NONE);
	for (int i = 0; i < 300; i++) {
		id = 0;
		snprintf(guid, sizeof(guid), "one\x1f%d", i);
		OK(add_revision(s, feed, guid, &id, NULL, &e));
		OK(store_item_find(s, feed, guid, &it, &e));
		CU_ASSERT_EQUAL(it.id, id);
		store_item_clear(&it);
	}
	OK(store_item_near(s, feed, "one", &near, &e));
	CU_ASSERT_EQUAL(near, STORE_NEAR_SHARED);
	CU_ASSERT_TRUE(store_item_shares(s, feed, "one"));
	CU_ASSERT_FALSE(store_item_shares(s, feed, "on"));
	CU_ASSERT_FALSE(store_item_shares(s, feed + 1, "one"));
	/* 300 of their own, one for all of them, one for the feed; and the other two.
	 */
	CU_ASSERT(db_number(s, 0, "SELECT count(*) FROM item_key", "") < 305);
	id = 0;
	OK(add_revision(s, feed, "one", &id, NULL, &e));
	OK(store_item_near(s, feed, "one", &near, &e));
	CU_ASSERT_EQUAL(near, STORE_NEAR_THERE);
	CU_ASSERT_TRUE(store_item_shares(s, feed, "one"));
	id = 0;
	OK(add_revision(s, feed,
	    "one\x1f"
	    "again",
	    &id, NULL, &e));
	CU_ASSERT_TRUE(store_item_shares(s, feed, "one"));
	store_free(&s);
}

/* Revisions 2 to 9, 21 to 29 and those from 31 on are pending, 30 is degraded. */
static void
check_states(struct store *s, int64_t n)
{
	struct store_revision r;
	struct err e = ERR_INIT;

	for (int64_t i = 1; i <= n; i++) {
		enum store_inspect want = i == 30 ? INSPECT_DEGRADED
					  : i == 1 || (i >= 10 && i <= 20)
					      ? INSPECT_DONE
					      : INSPECT_PENDING;

		OK(store_revision_get(s, i, &r, &e));
		CU_ASSERT_EQUAL(r.state, want);
		store_revision_clear(&r);
	}
	CU_ASSERT_EQUAL(db_number(s, -1, "SELECT count(*) FROM todo", ""), 3);
}

/* Two cases to whose tenants a notice is on its way, one whose deadline stands still.
 */
static void
add_cases(struct store *s)
{
	static const uint8_t phases[] = {1, 3, 5};
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(phases); i++) {
		struct store_case c = {.tenant = TENANT,
		    .phase = phases[i],
		    .opened = T0,
		    .closed = CLOCK_NONE,
		    .remaining = 5000};
		struct store_at a;

		c.tenant[0] += (char)i;
		a.shard = store_shard(c.tenant);
		a.fence = fences[a.shard];
		OK(store_case_add(s, &a, &c, &e));
	}
}

static void
check_cases(struct store *s)
{
	struct store_case c;
	struct err e = ERR_INIT;

	for (int64_t id = 1; id <= 3; id++) {
		OK(store_case_get(s, id, &c, &e));
		CU_ASSERT_EQUAL(c.remaining, id == 3 ? 5000 : 0);
	}
}

/* As the tables were, with 40 posts of somebody who never heard of keys. */
static void
test_older(void)
{
	static const char back[] =
	    "PRAGMA foreign_keys = OFF; BEGIN; DROP TABLE item_key;"
	    "DROP VIEW revision_state; DROP TABLE todo; DROP INDEX revision_degraded;"
	    "ALTER TABLE revision RENAME COLUMN judged TO state;"
	    "CREATE INDEX revision_todo ON revision(state, id) WHERE state <> 1;"
	    "UPDATE revision SET state = id = 1 OR id BETWEEN 10 AND 20;"
	    "UPDATE revision SET state = 2 WHERE id = 30;"
	    "DELETE FROM meta WHERE key LIKE 'item_%'; ALTER TABLE item RENAME TO old;"
	    "CREATE TABLE item(id INTEGER PRIMARY KEY, feed INTEGER NOT NULL,"
	    "  tenant TEXT NOT NULL, guid TEXT NOT NULL, url TEXT, first_seen INTEGER,"
	    "  revisions INTEGER NOT NULL, revision INTEGER NOT NULL,"
	    "  digest TEXT NOT NULL, violations INTEGER NOT NULL, UNIQUE(feed, guid));"
	    "INSERT INTO item SELECT * FROM old; DROP TABLE old;"
	    "DROP TABLE rule_meaning; ALTER TABLE rule_life DROP COLUMN who;"
	    "DROP INDEX violation_online;"
	    "DELETE FROM migration WHERE version > 13; PRAGMA user_version = 13; "
	    "COMMIT";
	struct store *s = open_short(url());
	int64_t feed = make_feed(s);
	sqlite3 *db;

	add_some(s, feed, 0, 40);
	add_cases(s);
	store_free(&s);
	CU_ASSERT_EQUAL(sqlite3_open(path_of(""), &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA legacy_alter_table = ON", NULL, NULL, NULL);
	CU_ASSERT_EQUAL(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	s = open_short(url());
	check_all(s, feed, 40);
	CU_ASSERT_EQUAL(db_number(s, -1, "PRAGMA user_version", ""), 18);
	check_states(s, 40);
	check_cases(s);
	CU_ASSERT_EQUAL(
	    db_number(s, -1, "SELECT count(*) FROM pragma_foreign_key_check", ""), 0);
	CU_ASSERT_EQUAL(db_number(s, -1, "PRAGMA foreign_keys", ""), 1);
	add_some(s, feed, 40, 100);
	check_all(s, feed, 100);
	store_free(&s);
	remove_files();
}

static void
test_lost_secret(void)
{
	struct store *s = open_short(url());
	struct err e = ERR_INIT;

	OK(db_run(s, "DELETE FROM meta WHERE key = 'item_secret'", NULL, &e, ""));
	store_free(&s);
	CU_ASSERT_EQUAL(store_open(url(), &s, &e), TOSD_EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "item_secret"));
	remove_files();
}

static const struct suite_test tests[] = {
    {"run after run", test_runs},
    {"rollbacks", test_rollback},
    {"kill -9", test_kill},
    {"one id for many posts", test_shared},
    {"a store of before", test_older},
    {"without its secret", test_lost_secret},
};

STORE_SAMPLE_MAIN("store_key", tests)
