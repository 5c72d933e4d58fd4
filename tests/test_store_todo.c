/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_todo: which revisions are pending, in any order of adding and judging,
 * over commits, rollbacks and restarts; against a list of one byte each.  What is asked
 * within a transaction, by its rows, by a range of them, as a count and through the
 * view for people, is always the same.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "store/db.h"
#include "store/store_history.h"
#include "store_sample.h"

#define MOST 400

struct model {
	unsigned char state[MOST + 1]; /* by revision */
	int64_t n;
};

static void
add(struct store *s, struct model *m, int64_t feed)
{
	struct err e = ERR_INIT;
	char guid[24];
	int64_t item = 0, revision = 0;

	snprintf(guid, sizeof(guid), "p%lld", (long long)++m->n);
	OK(add_revision(s, feed, guid, &item, &revision, &e));
	CU_ASSERT_EQUAL(revision, m->n);
	m->state[m->n] = INSPECT_PENDING;
}

static int
add_pending(void *ctx, const struct store_kept *k)
{
	*(int64_t *)ctx += k->pending;
	return 0;
}

/* All ways to ask. */
static void
check(struct store *s, const struct model *m)
{
	struct err e = ERR_INIT;
	struct store_counts counts;
	struct store_revision r;
	int64_t ids[MOST + 1], pending = 0, kept = 0, at = 0, wrong = 0;
	size_t n = 0;

	for (int64_t i = 1; i <= m->n; i++)
		pending += m->state[i] == INSPECT_PENDING;
	/* First, while some of it waits in memory. */
	for (int64_t i = 1; i <= m->n; i++) {
		OK(store_revision_get(s, i, &r, &e));
		wrong += r.state != (enum store_inspect)m->state[i];
		store_revision_clear(&r);
	}
	OK(store_revision_pending(s, 0, ids, NULL, MOST + 1, &n, &e));
	CU_ASSERT_EQUAL((int64_t)n, pending);
	for (int64_t i = 1; i <= m->n; i++) {
		if (m->state[i] == INSPECT_PENDING)
			wrong += at >= (int64_t)n || ids[at++] != i;
		wrong += db_number(s, -1,
			     "SELECT state FROM revision_state WHERE revision = ?1",
			     "i", i) != m->state[i];
	}
	CU_ASSERT_EQUAL(wrong, 0);
	OK(store_count(s, &counts, &e));
	CU_ASSERT_EQUAL((int64_t)counts.pending, pending);
	OK(store_kept_each(s, 0, INT64_MAX, MOST, add_pending, &kept));
	CU_ASSERT_EQUAL(kept, pending);
	/* No range is empty, and none reaches into the next one. */
	CU_ASSERT_EQUAL(
	    db_number(s, -1,
		"SELECT count(*) FROM todo a WHERE a.last < a.first OR EXISTS "
		"(SELECT 1 FROM todo b WHERE b.first > a.first AND b.first <= a.last)",
		""),
	    0);
}

static void
judge(struct store *s, struct model *m, int64_t id, unsigned how)
{
	struct store_at a = at();
	struct err e = ERR_INIT;
	static const enum store_inspect as[] = {
	    INSPECT_DONE, INSPECT_DEGRADED, INSPECT_PENDING};

	if (m->state[id] != INSPECT_PENDING && how < 2)
		return;
	if (how < 2)
		OK(store_revision_clean(s, &a, id, &e));
	else
		OK(store_revision_judged(s, &a, id, as[how - 2], 1, "p", NULL, &e));
	m->state[id] = (unsigned char)(how < 2 ? INSPECT_DONE : as[how - 2]);
}

/* Runs of judgements, as workers give them, and single ones. */
static void
turn(struct store *s, struct model *m, int64_t feed)
{
	unsigned adds = (unsigned)random() % 8, judges = (unsigned)random() % 4;

	while (adds-- > 0 && m->n < MOST)
		add(s, m, feed);
	while (judges-- > 0 && m->n > 0) {
		int64_t from = random() % m->n + 1, to = from + random() % 6;

		for (int64_t i = from; i <= to && i <= m->n; i++)
			judge(s, m, i, (unsigned)random() % 5);
	}
}

static void
test_random(void)
{
	struct store *s = open_url(url());
	struct model m = {.n = 0}, committed;
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);

	srandom(7);
	for (int round = 0; round < 150; round++) {
		committed = m;
		OK(store_begin(s, &e));
		for (int k = random() % 4; k >= 0; k--)
			turn(s, &m, feed);
		if (round % 5 == 0)
			check(s, &m);
		if (random() % 4 == 0) {
			store_rollback(s);
			m = committed;
		} else {
			OK(store_commit(s, &e));
		}
		if (round % 3 == 0)
			check(s, &m);
		if (round % 10 == 9) {
			store_free(&s);
			s = open_url(url());
			check(s, &m);
		}
	}
	CU_ASSERT_EQUAL(m.n, MOST);
	store_free(&s);
	remove_files();
}

/* What is judged in order costs a row or two, not one for each. */
static void
test_few_rows(void)
{
	struct store *s = open_url(url());
	struct model m = {.n = 0};
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);

	OK(store_begin(s, &e));
	while (m.n < 300)
		add(s, &m, feed);
	OK(store_commit(s, &e));
	CU_ASSERT_EQUAL(db_number(s, -1, "SELECT count(*) FROM todo", ""), 1);
	OK(store_begin(s, &e));
	/* Two workers, whose batches come back by turns; one post is left over. */
	for (int64_t i = 1; i <= 100; i++)
		judge(s, &m, i + 100, 0);
	for (int64_t i = 1; i <= 100; i++)
		if (i != 50)
			judge(s, &m, i, 0);
	OK(store_commit(s, &e));
	CU_ASSERT_EQUAL(db_number(s, -1, "SELECT count(*) FROM todo", ""), 2);
	check(s, &m);
	/* One that reads sees what is committed, and can write nothing. */
	store_free(&s);
	OK(store_open_readonly(url(), &s, &e));
	check(s, &m);
	store_free(&s);
	remove_files();
}

/* A row without a range would be clean without anybody having looked: it is the write
 * of the range that fails, and nothing stays. */
static void
test_fails_whole(void)
{
	struct store *s = open_url(url());
	struct model m = {.n = 0};
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);

	OK(db_run(s,
	    "CREATE TRIGGER no BEFORE INSERT ON todo BEGIN SELECT raise(ABORT, 'no'); "
	    "END",
	    NULL, &e, ""));
	OK(store_begin(s, &e));
	add(s, &m, feed);
	CU_ASSERT(store_commit(s, &e) < 0);
	CU_ASSERT_EQUAL(db_number(s, -1, "SELECT count(*) FROM revision", ""), 0);
	CU_ASSERT_EQUAL(db_number(s, -1, "SELECT count(*) FROM item", ""), 0);
	OK(db_run(s, "DROP TRIGGER no", NULL, &e, ""));
	m.n = 0;
	add(s, &m, feed);
	CU_ASSERT_EQUAL(db_number(s, -1, "SELECT count(*) FROM todo", ""), 1);
	store_free(&s);
	remove_files();
}

static const struct suite_test tests[] = {
    {"any order", test_random},
    {"few rows", test_few_rows},
    {"all or nothing", test_fails_whole},
};

STORE_SAMPLE_MAIN("store_todo", tests)
