/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_disk: the store on real files: kill -9 in the middle of commits, full
 * disks, files that are not ours, readers beside a writer, erasure, and speed.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "store_sample.h"

static void
test_all_or_nothing(void)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	struct store_item it;
	struct store_case c = new_case();
	struct store_at a = at();
	int64_t feed = make_feed(s), item = 0, lost = 77;
	char *v;

	OK(store_begin(s, &e));
	CU_ASSERT_EQUAL(store_begin(s, &e), TOSD_ESTATE);
	OK(add_revision(s, feed, "gone", &item, NULL, &e));
	OK(store_case_add(s, &a, &c, &e));
	store_rollback(s);
	CU_ASSERT_EQUAL(store_item_find(s, feed, "gone", &it, &e), TOSD_ENOENT);
	OK(store_case_add(s, &a, &c, &e));
	CU_ASSERT_STRING_EQUAL(c.number, "2025-000001");

	/* After a write that failed inside, the rest cannot be committed. */
	OK(store_begin(s, &e));
	item = 0;
	OK(add_revision(s, feed, "kept?", &item, NULL, &e));
	a = at();
	CU_ASSERT_EQUAL(store_finding_add(s, &a, lost,
			    &(struct finding){.rule = (char *)"r"}, true, T0, &e),
	    TOSD_EINVAL);
	CU_ASSERT_EQUAL(store_meta_set(s, "k", "v", &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(store_commit(s, &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(store_item_find(s, feed, "kept?", &it, &e), TOSD_ENOENT);
	OK(store_meta_set(s, "k", "v", &e));
	store_free(&s);
	s = open_url(url());
	v = store_meta_get(s, "k");
	CU_ASSERT_STRING_EQUAL(v, "v");
	free(v);
	OK(store_case_active(s, TENANT, &c, &e));
	store_free(&s);
	remove_files();
}

/* --- crashes and full disks --------------------------------------------------------
 */

/* Commits batches of ten revisions and one ledger row, and says each on fd. */
static void
writer(int fd, int64_t from)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);

	for (int64_t seq = from;; seq++) {
		char guid[64];

		if (store_begin(s, &e) != 0)
			_exit(3);
		for (int i = 0; i < 10; i++) {
			int64_t item = 0;

			snprintf(guid, sizeof(guid), "g%lld-%d", (long long)seq, i);
			if (add_revision(s, feed, guid, &item, NULL, &e) != 0)
				_exit(4);
		}
		if (store_ledger_add(s, seq, guid, strlen(guid), &e) != 0 ||
		    store_commit(s, &e) != 0)
			_exit(5);
		if (write(fd, &seq, sizeof(seq)) != sizeof(seq))
			_exit(6);
	}
}

static void
test_kill(void)
{
	struct err e = ERR_INIT;
	struct store_counts c;
	struct store *s;
	int64_t next = 0, acked, total = 0;
	unsigned r = 12345;

	remove_files();
	for (int round = 0; round < 50; round++) {
		r = r * 1103515245 + 12345;
		acked = killed_writer(writer, next, (r >> 8) % 20000, round % 2 == 0);
		s = open_url(url());
		next = store_ledger_next(s);
		/* All that was acknowledged, at most one commit more, never a half. */
		CU_ASSERT_TRUE(next == acked + 1 || next == acked + 2);
		OK(store_count(s, &c, &e));
		CU_ASSERT_EQUAL((int64_t)c.items, next * 10);
		CU_ASSERT_EQUAL((int64_t)c.pending, next * 10);
		total = next;
		store_free(&s);
	}
	printf("(%lld batches survived 50 kills) ", (long long)total);
	CU_ASSERT_TRUE(total >= 25);
	remove_files();
}

static int
fill(struct store *s, int64_t feed, struct err *e, int *committed)
{
	int rc = 0;

	for (int i = 0; i < 4000 && rc == 0; i++) {
		int64_t item = 0;
		char guid[32];

		snprintf(guid, sizeof(guid), "g%d", i);
		rc = store_begin(s, e);
		for (int k = 0; k < 20 && rc == 0; k++) {
			item = 0;
			snprintf(guid, sizeof(guid), "g%d-%d", i, k);
			rc = add_revision(s, feed, guid, &item, NULL, e);
		}
		rc = rc == 0 ? store_commit(s, e) : rc;
		if (rc == 0)
			++*committed;
	}
	store_rollback(s);
	return rc;
}

static void
test_full(void)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	struct store_counts c;
	int64_t feed = make_feed(s);
	int committed = 0;

	OK(store_limit(s, 1 << 20, &e));
	CU_ASSERT_EQUAL(fill(s, feed, &e, &committed), TOSD_EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "full: free space under"));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, dir));
	CU_ASSERT_TRUE(committed > 5);
	OK(store_count(s, &c, &e));
	CU_ASSERT_EQUAL(c.items, (uint64_t)committed * 20);
	OK(store_limit(s, 8 << 20, &e)); /* space again: it goes on */
	OK(store_meta_set(s, "a", "b", &e));
	store_free(&s);
	remove_files();
}

static void
full_child(void)
{
	struct rlimit lim = {1 << 20, 1 << 20};
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	struct store_counts c;
	int64_t feed = make_feed(s);
	int committed = 0, rc;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &lim);
	rc = fill(s, feed, &e, &committed);
	if (rc != TOSD_EIO || strstr(e.text, "full: free space under") == NULL) {
		fprintf(stderr, "%d %s\n", rc, e.text);
		_exit(2);
	}
	if (store_count(s, &c, &e) != 0 || c.items != (uint64_t)committed * 20)
		_exit(3);
	_exit(committed > 5 ? 0 : 4);
}

static void
test_full_file(void)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		full_child();
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	remove_files();
}

/* --- files that are not ours ---------------------------------------------------------
 */

static void
run_sql(const char *sql)
{
	sqlite3 *db;

	CU_ASSERT_EQUAL(sqlite3_open(path_of(""), &db), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
refused(const char *why)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;

	CU_ASSERT_NOT_EQUAL(store_open(url(), &s, &e), 0);
	CU_ASSERT_PTR_NULL(s);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, why));
	CU_ASSERT_PTR_NULL(strchr(e.text, '\n'));
	CU_ASSERT_NOT_EQUAL(store_open_readonly(url(), &s, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, why));
}

static void
test_refusals(void)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;
	FILE *f;

	CU_ASSERT_EQUAL(store_open("postgresql://x", &s, &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(store_open("sqlite:", &s, &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(store_open("sqlite:/nonexistent/dir/s.db", &s, &e), TOSD_EIO);
	s = open_url(url());
	store_free(&s);
	run_sql("PRAGMA user_version = 99");
	refused("schema version 99");
	remove_files();
	run_sql("CREATE TABLE recipes(x)");
	refused("another program");
	remove_files();
	f = fopen(path_of(""), "w");
	for (int i = 0; i < 500; i++)
		fputs("this is a text file\n", f);
	fclose(f);
	refused("not a database");
	remove_files();
}

static int
touch_violation(void *ctx, const struct store_violation *v)
{
	(void)ctx;
	return v->finding.nspans > 1 << 20 || strlen(v->tenant) >= STORE_KEY;
}

/* Looks at everything that is there; what it says does not matter. */
static void
read_all(void)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;
	struct store_counts c;
	struct store_revision r;
	int n = 0;

	if (store_open(url(), &s, &e) != 0) {
		CU_ASSERT_NOT_EQUAL(strlen(e.text), 0);
		return;
	}
	store_count(s, &c, &e);
	store_feed_each(s, NULL, count_feed, &n);
	CU_ASSERT_NOT_EQUAL(
	    store_violation_each(s, VIOLATION_ALL, 0, 0, touch_violation, NULL), 1);
	for (int64_t i = 1; i < 20; i++) {
		store_revision_get(s, i, &r, &e);
		store_revision_clear(&r);
	}
	store_meta_set(s, "k", "v", &e);
	store_free(&s);
}

/* Bytes that changed on the disk, or were changed: an error, never a crash. */
static void
test_damage(void)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	struct store_at a = at();
	struct buf whole = {0};
	int64_t feed = make_feed(s), item = 0, rev = 0;
	unsigned r = 4711;

	for (int i = 0; i < 10; i++) {
		struct store_violation v;
		char guid[16];

		snprintf(guid, sizeof(guid), "g%d", i);
		item = 0;
		OK(add_revision(s, feed, guid, &item, &rev, &e));
		v = new_violation(0, item, rev);
		OK(store_violation_add(s, &a, &v, &e));
	}
	store_free(&s);
	log_set_level((enum log_level)0); /* a hundred complaints are expected */
	OK(file_read(path_of(""), 64 << 20, &whole, &e));
	for (int round = 0; round < 100; round++) {
		struct buf b = {0};

		buf_put(&b, whole.data, whole.len);
		for (int k = 0; k < 20; k++) {
			r = r * 1103515245 + 12345;
			/* The header is spared half of the time, to come further. */
			size_t at_byte = (round % 2 * 100 + (r >> 4)) % b.len;

			b.data[at_byte] = (char)(r >> 24);
		}
		OK(file_write(path_of(""), b.data, b.len, 0600, FILE_NOSYNC, &e));
		buf_free(&b);
		read_all();
		remove_files();
	}
	/* Rows that hold what they should not. */
	OK(file_write(path_of(""), whole.data, whole.len, 0600, FILE_NOSYNC, &e));
	run_sql("UPDATE violation SET tenant = printf('%.*c', 4000, 'x'), "
		"spans = x'0102030405', presence = -9, severity = 1 << 40;"
		"UPDATE revision SET body = x'ffffffffffff', digest = 'x'");
	read_all();
	log_set_level(LOG_L_INFO);
	buf_free(&whole);
	remove_files();
}

static void
test_readonly(void)
{
	struct err e = ERR_INIT;
	struct store *w, *r = NULL;
	struct store_counts c;
	int64_t feed, item = 0;

	CU_ASSERT_EQUAL(store_open_readonly(url(), &r, &e), TOSD_ENOENT);
	CU_ASSERT_NOT_EQUAL(access(path_of(""), F_OK), 0);
	w = open_url(url());
	feed = make_feed(w);
	store_free(&w);
	/* No writer has it open: nothing beside the file, and nothing appears. */
	OK(store_open_readonly(url(), &r, &e));
	OK(store_count(r, &c, &e));
	CU_ASSERT_EQUAL(c.feeds, 1);
	CU_ASSERT_NOT_EQUAL(access(path_of("-wal"), F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(path_of("-shm"), F_OK), 0);
	CU_ASSERT_EQUAL(store_meta_set(r, "k", "v", &e), TOSD_EDENIED);
	/* A writer comes: the reader sees what it commits. */
	w = open_url(url());
	OK(add_revision(w, feed, "g", &item, NULL, &e));
	OK(store_count(r, &c, &e));
	CU_ASSERT_EQUAL(c.items, 1);
	/* One view over several questions. */
	OK(store_begin(r, &e));
	OK(store_count(r, &c, &e));
	item = 0;
	OK(add_revision(w, feed, "h", &item, NULL, &e));
	OK(store_count(r, &c, &e));
	CU_ASSERT_EQUAL(c.items, 1);
	OK(store_commit(r, &e));
	OK(store_count(r, &c, &e));
	CU_ASSERT_EQUAL(c.items, 2);
	store_free(&r);
	store_free(&w);
	/* A crash leaves a WAL; a reader without the shared file reads it as well. */
	w = open_url(url());
	item = 0;
	OK(add_revision(w, feed, "i", &item, NULL, &e));
	CU_ASSERT_EQUAL(rename(path_of("-shm"), "/dev/null"), -1);
	unlink(path_of("-shm"));
	OK(store_open_readonly(url(), &r, &e));
	OK(store_count(r, &c, &e));
	CU_ASSERT_EQUAL(c.items, 3);
	CU_ASSERT_NOT_EQUAL(access(path_of("-shm"), F_OK), 0);
	store_free(&r);
	store_free(&w);
	remove_files();
}

static bool
file_holds(const char *path, const char *word)
{
	struct buf b = {0};
	struct err e = ERR_INIT;
	bool found;

	if (file_read(path, 64 << 20, &b, &e) != 0)
		return false;
	found = memmem(b.data, b.len, word, strlen(word)) != NULL;
	buf_free(&b);
	return found;
}

static void
test_erase(void)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s), item = 0, rev = 0;
	struct finding f = {.rule = (char *)"r", .reason = (char *)"it says deed"};
	struct store_violation v;
	struct store_counts c;
	struct store_at a = at();
	struct store *r;
	struct stat st;

	OK(add_revision(s, feed, "g", &item, &rev, &e));
	OK(store_finding_add(s, &a, rev, &f, true, T0, &e));
	v = new_violation(0, item, rev);
	v.quote = (char *)"words of the deed";
	v.finding.reason = (char *)"it says deed as well";
	OK(store_violation_add(s, &a, &v, &e));
	CU_ASSERT_TRUE(file_holds(path_of("-wal"), "text of some length"));
	/* A reader holds the old state: it comes off with a later commit. */
	OK(store_open_readonly(url(), &r, &e));
	OK(store_begin(r, &e));
	OK(store_count(r, &c, &e));
	OK(store_begin(s, &e));
	OK(store_revision_erase(s, "2026/11/x.warc", &e));
	OK(store_commit(s, &e));
	CU_ASSERT_TRUE(file_holds(path_of("-wal"), "text of some length"));
	OK(store_commit(r, &e));
	OK(store_meta_set(s, "k", "v", &e));
	/* Not even the bytes are left, while the daemon goes on. */
	CU_ASSERT_FALSE(file_holds(path_of("-wal"), "text of some length"));
	CU_ASSERT_FALSE(file_holds(path_of(""), "text of some length"));
	/* Nor what was taken from it. */
	CU_ASSERT_FALSE(file_holds(path_of(""), "deed"));
	CU_ASSERT_FALSE(file_holds(path_of("-wal"), "deed"));
	OK(store_violation_get(s, v.id, &v, &e));
	CU_ASSERT_PTR_NULL(v.quote);
	CU_ASSERT_PTR_NULL(v.finding.reason);
	CU_ASSERT_STRING_EQUAL(v.url, "http://a.example/1");
	store_violation_clear(&v);
	CU_ASSERT_TRUE(file_holds(path_of(""), "http://a.example/feed"));
	CU_ASSERT_EQUAL(stat(path_of(""), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07, 0);
	store_free(&r);
	store_free(&s);
	remove_files();
}

/* Erases beside a reader, so that the old bytes stay in the WAL, and is killed. */
static void
killed_eraser(void)
{
	struct store *s = open_url(url()), *r;
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s), item = 0;
	struct store_counts c;

	if (add_revision(s, feed, "g", &item, NULL, &e) != 0 ||
	    store_open_readonly(url(), &r, &e) != 0 || store_begin(r, &e) != 0 ||
	    store_count(r, &c, &e) != 0 ||
	    store_revision_erase(s, "2026/11/x.warc", &e) != 0)
		_exit(1);
	kill(getpid(), SIGKILL);
}

static void
test_erase_killed(void)
{
	struct store *s;
	struct err e = ERR_INIT;
	int status = 0;
	char *v;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		killed_eraser();
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFSIGNALED(status));
	CU_ASSERT_TRUE(file_holds(path_of("-wal"), "text of some length"));
	s = open_url(url());
	CU_ASSERT_FALSE(file_holds(path_of("-wal"), "text of some length"));
	CU_ASSERT_FALSE(file_holds(path_of(""), "text of some length"));
	CU_ASSERT_TRUE(file_holds(path_of(""), "http://a.example/feed"));
	/* And that is done. */
	v = store_meta_get(s, "erased");
	CU_ASSERT_PTR_NULL(v);
	OK(store_meta_set(s, "k", "v", &e));
	store_free(&s);
	remove_files();
}

/* --- how fast ----------------------------------------------------------------------
 */

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define BATCHES 20

static double
bench_store(void)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);
	double t = seconds();

	for (int i = 0; i < BATCHES; i++) {
		OK(store_begin(s, &e));
		for (int k = 0; k < 1000; k++) {
			int64_t item = 0;
			char guid[48];

			snprintf(guid, sizeof(guid), "http://a.example/%d/%d", i, k);
			add_revision(s, feed, guid, &item, NULL, &e);
		}
		OK(store_commit(s, &e));
	}
	t = seconds() - t;
	store_free(&s);
	return BATCHES * 1000 / t;
}

/* The same rows into the same tables, by hand. */
static double
bench_raw(void)
{
	static const char *const sql[] = {"INSERT INTO item(feed, tenant, guid, url, "
					  "first_seen, revisions, revision, "
					  "digest, violations) VALUES(1, '" TENANT
					  "', ?1, 'http://a.example/1', 1, 0, "
					  "0, '', 0)",
	    "INSERT INTO revision(item, n, digest, seen, time, capture, file, "
	    "vault_commit, entry, state, attempts, body) VALUES(?1, 1, ?2, 1, 1, "
	    "'01ARZ3NDEKTSV4RRFFQ69G5FAV', '2026/11/x.warc', 'c0', 7, 0, 0, ?3)",
	    "UPDATE item SET revisions = 1, revision = ?2, digest = ?3 WHERE id = ?1",
	    "INSERT INTO item_key VALUES(?2, ?1)"};
	static const char zeros[180];
	sqlite3_stmt *st[4];
	sqlite3 *db;
	char guid[48], digest[DIGEST_HEX];
	double t;

	sqlite3_open(path_of(""), &db);
	sqlite3_exec(db,
	    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	    "PRAGMA cache_size = -32768",
	    NULL, NULL, NULL);
	for (int i = 0; i < 4; i++)
		sqlite3_prepare_v2(db, sql[i], -1, &st[i], NULL);
	t = seconds();
	for (int i = 0; i < BATCHES * 1000; i++) {
		if (i % 1000 == 0)
			sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		snprintf(
		    guid, sizeof(guid), "http://a.example/%d/%d", i / 1000, i % 1000);
		digest_hex_of(guid, strlen(guid), digest);
		sqlite3_bind_text(st[0], 1, guid, -1, SQLITE_STATIC);
		sqlite3_step(st[0]);
		sqlite3_bind_int64(st[1], 1, sqlite3_last_insert_rowid(db));
		sqlite3_bind_int64(st[2], 1, sqlite3_last_insert_rowid(db));
		sqlite3_bind_text(st[1], 2, digest, -1, SQLITE_STATIC);
		sqlite3_bind_blob(st[1], 3, zeros, sizeof(zeros), SQLITE_STATIC);
		sqlite3_step(st[1]);
		sqlite3_bind_int64(st[2], 2, sqlite3_last_insert_rowid(db));
		sqlite3_bind_text(st[2], 3, digest, -1, SQLITE_STATIC);
		sqlite3_step(st[2]);
		sqlite3_bind_int64(st[3], 1, i);
		sqlite3_bind_int64(
		    st[3], 2, (int64_t)((uint64_t)i * 0x9e3779b97f4a7c15u));
		sqlite3_step(st[3]);
		for (int k = 0; k < 4; k++)
			sqlite3_reset(st[k]);
		if (i % 1000 == 999)
			sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	t = seconds() - t;
	for (int i = 0; i < 4; i++)
		sqlite3_finalize(st[i]);
	sqlite3_close(db);
	return BATCHES * 1000 / t;
}

static void
test_speed(void)
{
	struct store *s;
	double ours = bench_store(), raw;

	remove_files();
	s = open_url(url());
	make_feed(s);
	store_free(&s);
	raw = bench_raw();
	printf("(%.0f revisions/s in batches of 1000; %.2f of raw SQLite's %.0f) ",
	    ours, ours / raw, raw);
	CU_ASSERT_TRUE(ours > 0);
	remove_files();
}

static const struct suite_test tests[] = {
    {"all or nothing", test_all_or_nothing},
    {"kill -9", test_kill},
    {"full: page limit", test_full},
    {"full: file size limit", test_full_file},
    {"files that are not ours", test_refusals},
    {"damaged files", test_damage},
    {"read-only", test_readonly},
    {"erasure", test_erase},
    {"erasure and kill -9", test_erase_killed},
    {"speed", test_speed},
};
STORE_SAMPLE_MAIN("store on disk", tests)
