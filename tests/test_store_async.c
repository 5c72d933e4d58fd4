/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_async: commits that threads bring to the disk: kill -9 in the middle, a
 * power cut at any byte behind what was waited for, and a WAL that never rests.
 */
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "store_sample.h"

#define TEN 10

static struct store *
open_async(void)
{
	struct store *s = open_url(url());
	struct err e = ERR_INIT;

	OK(store_async(s, &e));
	OK(store_async(s, &e)); /* it is so already */
	return s;
}

/* Ten revisions and one ledger row, all or nothing. */
static int
commit_ten(struct store *s, int64_t feed, int64_t seq, struct err *e)
{
	char guid[64];
	int rc = store_begin(s, e);

	for (int i = 0; rc == 0 && i < TEN; i++) {
		int64_t item = 0;

		snprintf(guid, sizeof(guid), "g%lld-%d", (long long)seq, i);
		rc = add_revision(s, feed, guid, &item, NULL, e);
	}
	if (rc == 0)
		rc = store_ledger_add(s, seq, "entry", 5, e);
	return rc == 0 ? store_commit(s, e) : rc;
}

/* What is there: whole commits, how many. */
static int64_t
whole_commits(struct store *s)
{
	struct err e = ERR_INIT;
	struct store_counts c;
	int64_t n = store_ledger_next(s);

	OK(store_count(s, &c, &e));
	CU_ASSERT_EQUAL((int64_t)c.items, n * TEN);
	CU_ASSERT_EQUAL((int64_t)c.pending, n * TEN);
	return n;
}

static void
writer(int fd, int64_t from)
{
	struct store *s = open_async();
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);

	for (int64_t seq = from;; seq++) {
		if (commit_ten(s, feed, seq, &e) != 0)
			_exit(3);
		store_await(s);
		if (!store_is_durable(s) || write(fd, &seq, sizeof(seq)) != sizeof(seq))
			_exit(4);
	}
}

static void
test_kill(void)
{
	int64_t next = 0, acked;
	unsigned r = 4711;

	for (int round = 0; round < 30; round++) {
		struct store *s;

		r = r * 1103515245 + 12345;
		acked = killed_writer(writer, next, (r >> 8) % 20000, round % 2 == 0);
		s = open_url(url());
		next = whole_commits(s);
		CU_ASSERT_TRUE(next == acked + 1 || next == acked + 2);
		store_free(&s);
	}
	printf("(%lld commits survived 30 kills) ", (long long)next);
	CU_ASSERT_TRUE(next >= 15);
	remove_files();
}

static void
copy_file(const char *suffix, struct buf *out)
{
	struct err e = ERR_INIT;

	buf_reset(out);
	OK(file_read(path_of(suffix), 64u << 20, out, &e));
}

static void
put_file(const char *suffix, const struct buf *b, size_t n)
{
	struct err e = ERR_INIT;

	OK(file_write(path_of(suffix), b->data, n, 0600, FILE_NOSYNC, &e));
}

/* The store as a power cut leaves it when only `n' bytes of the WAL got to the disk. */
static int64_t
commits_of(const struct buf *db, const struct buf *wal, size_t n)
{
	struct store *s;
	int64_t there;

	remove_files();
	put_file("", db, db->len);
	put_file("-wal", wal, n);
	s = open_url(url());
	there = whole_commits(s);
	store_free(&s);
	return there;
}

static void
test_power_cut(void)
{
	struct store *s = open_async();
	struct err e = ERR_INIT;
	struct buf db = {0}, wal = {0};
	int64_t feed = make_feed(s), last = 0;
	size_t sizes[6];

	for (int64_t seq = 0; seq < 6; seq++) {
		OK(commit_ten(s, feed, seq, &e));
		store_await(s);
		copy_file("-wal", &wal);
		sizes[seq] = wal.len;
		CU_ASSERT_TRUE(seq == 0 || sizes[seq] > sizes[seq - 1]);
	}
	copy_file("", &db);
	store_free(&s);
	/* The first three were waited for. */
	for (size_t n = sizes[2]; n <= sizes[5]; n += (sizes[5] - sizes[2]) / 40 + 1) {
		int64_t there = commits_of(&db, &wal, n);

		CU_ASSERT_TRUE(there >= 3 && there <= 6 && there >= last);
		last = there;
	}
	CU_ASSERT_EQUAL(commits_of(&db, &wal, wal.len), 6);
	buf_free(&db);
	buf_free(&wal);
	remove_files();
}

/* A megabyte, again and again without a rest: the WAL cannot grow for ever. */
static void
test_wal_stays_small(void)
{
	struct store *s = open_async();
	struct err e = ERR_INIT;
	char *text = xmalloc(1 << 20);
	off_t most = 0;
	struct stat st;
	char *last;

	memset(text, 'x', 1 << 20);
	text[(1 << 20) - 1] = '\0';
	for (int i = 0; i < 200; i++) {
		text[0] = (char)('a' + i % 26);
		OK(store_meta_set(s, "large", text, &e));
		CU_ASSERT_EQUAL(stat(path_of("-wal"), &st), 0);
		most = st.st_size > most ? st.st_size : most;
	}
	printf("(200 MiB through a WAL of %lld MiB) ", (long long)(most >> 20));
	CU_ASSERT_TRUE(most < (80 << 20));
	store_free(&s);
	s = open_url(url());
	last = store_meta_get(s, "large");
	CU_ASSERT_STRING_EQUAL(last, text);
	free(last);
	free(text);
	store_free(&s);
	remove_files();
}

/* Rows that become longer: pages split, and what they hold moves. */
static void
stretch(struct store *s, int64_t first, int64_t n)
{
	struct store_at a = at();
	struct err e = ERR_INIT;
	char commit[400];

	memset(commit, 'c', sizeof(commit) - 1);
	commit[sizeof(commit) - 1] = '\0';
	OK(store_begin(s, &e));
	for (int64_t id = first; id < first + n; id++)
		OK(store_revision_captured(s, &a, id, "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		    "2026/11/x.warc", commit, 7, &e));
	OK(store_commit(s, &e));
}

/* What is erased leaves the WAL, whichever thread copies just then; and the file, where
 * pages that split have left copies as well. */
static void
test_erase(void)
{
	struct store *s = open_async();
	struct err e = ERR_INIT;
	struct buf wal = {0};
	int64_t feed = make_feed(s);

	for (int64_t round = 0; round < 3; round++) {
		for (int64_t seq = 0; seq < 300; seq++)
			OK(commit_ten(s, feed, 300 * round + seq, &e));
		stretch(s, 300 * round * TEN + 1, (int64_t)300 * TEN);
		copy_file("-wal", &wal);
		CU_ASSERT_PTR_NOT_NULL(
		    memmem(wal.data, wal.len, "text of some length", 19));
		OK(store_revision_erase(s, "2026/11/x.warc", &e));
		copy_file("-wal", &wal);
		CU_ASSERT_PTR_NULL(
		    memmem(wal.data, wal.len, "text of some length", 19));
		copy_file("", &wal);
		CU_ASSERT_PTR_NULL(
		    memmem(wal.data, wal.len, "text of some length", 19));
	}
	buf_free(&wal);
	store_free(&s);
	remove_files();
}

static void
test_memory(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct err e = ERR_INIT;

	OK(store_async(s, &e));
	OK(store_meta_set(s, "k", "v", &e));
	store_await(s);
	CU_ASSERT_TRUE(store_is_durable(s));
	store_free(&s);
}

static const struct suite_test tests[] = {
    {"kill -9", test_kill},
    {"a power cut behind what was waited for", test_power_cut},
    {"a WAL that never rests", test_wal_stays_small},
    {"erasure", test_erase},
    {"in memory nothing changes", test_memory},
};
STORE_SAMPLE_MAIN("store with threads for the disk", tests)
