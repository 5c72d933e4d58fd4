/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_cover: coverage, errands and sightings. */
#include "store_sample.h"
#include "store/store_cover.h"

static void
test_coverage(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_coverage c;
	int64_t feed = make_feed(s);

	CU_ASSERT_EQUAL(store_coverage_get(s, feed, &c, &e), TOSD_ENOENT);
	CU_ASSERT_EQUAL(c.since, CLOCK_NONE);
	c.id = feed;
	strcpy(c.tenant, TENANT);
	c.readings = 7;
	c.cloaked = T0;
	buf_put(&c.window, "a\0b", 3);
	OK(store_coverage_put(s, &a, &c, &e)); /* makes it */
	c.readings = 8;
	OK(store_coverage_put(s, &a, &c, &e));
	store_coverage_clear(&c);
	OK(store_coverage_get(s, feed, &c, &e));
	CU_ASSERT_EQUAL(c.readings, 8);
	CU_ASSERT_EQUAL(c.cloaked, T0);
	CU_ASSERT_EQUAL(c.stale, CLOCK_NONE);
	CU_ASSERT_EQUAL_FATAL(c.window.len, 3);
	CU_ASSERT_EQUAL(memcmp(c.window.data, "a\0b", 3), 0);
	buf_reset(&c.window);
	OK(store_coverage_put(s, &a, &c, &e));
	store_coverage_clear(&c);
	OK(store_coverage_get(s, feed, &c, &e));
	CU_ASSERT_EQUAL(c.window.len, 0);
	c.id = feed + 1; /* there is no such feed */
	CU_ASSERT_NOT_EQUAL(store_coverage_put(s, &a, &c, &e), 0);
	store_coverage_clear(&c);
	store_free(&s);
}

static int
count_errand(void *ctx, const struct store_errand *x)
{
	CU_ASSERT_PTR_NOT_NULL(x->name);
	++*(int *)ctx;
	return 0;
}

static void
test_errands(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_errand x;
	const char *const all[2] = {"", ""}, *const all_but[2] = {"", TENANT};
	int64_t feed = make_feed(s);
	int n = 0;

	CU_ASSERT_EQUAL(store_errand_next(s), CLOCK_NONE);
	store_errand_init(&x);
	x.feed = feed;
	strcpy(x.tenant, TENANT);
	x.kind = ERRAND_PAGE;
	x.name = xstrdup("http://a.example/1");
	x.due = T0;
	buf_puts(&x.data, "data");
	OK(store_errand_add(s, &a, &x, &e));
	CU_ASSERT_EQUAL(store_errand_add(s, &a, &x, &e), TOSD_EEXIST);
	x.kind = ERRAND_MORE;
	x.due = T0 + 10;
	OK(store_errand_add(s, &a, &x, &e)); /* another kind, another row */
	store_errand_clear(&x);
	CU_ASSERT_EQUAL(store_errand_next(s), T0);
	store_errand_each_due(s, T0 - 1, all, 9, count_errand, &n);
	CU_ASSERT_EQUAL(n, 0);
	store_errand_each_due(s, T0 + 10, all, 9, count_errand, &n);
	CU_ASSERT_EQUAL(n, 2);
	store_errand_each_due(s, T0 + 10, all, 1, count_errand, &n);
	CU_ASSERT_EQUAL(n, 3);
	store_errand_each_due(s, T0 + 10, all_but, 9, count_errand, &n);
	CU_ASSERT_EQUAL(n, 3);
	OK(store_errand_find(s, feed, ERRAND_PAGE, "http://a.example/1", &x, &e));
	CU_ASSERT_STRING_EQUAL(x.data.data, "data");
	CU_ASSERT_EQUAL(x.mark, CLOCK_NONE);
	CU_ASSERT_EQUAL(store_errand_count(s, feed, ERRAND_PAGE), 1);
	x.due = CLOCK_NONE; /* done */
	OK(store_errand_update(s, &a, &x, &e));
	CU_ASSERT_EQUAL(store_errand_count(s, feed, ERRAND_PAGE), 0);
	CU_ASSERT_EQUAL(store_errand_next(s), T0 + 10);
	n = 0;
	store_errand_each(s, feed, ERRAND_PAGE, count_errand, &n);
	CU_ASSERT_EQUAL(n, 1);
	OK(store_errand_drop(s, &a, x.id, &e));
	CU_ASSERT_EQUAL(store_errand_update(s, &a, &x, &e), TOSD_ENOENT);
	store_errand_clear(&x);
	CU_ASSERT_EQUAL(
	    store_errand_find(s, feed, ERRAND_PAGE, "http://a.example/1", &x, &e),
	    TOSD_ENOENT);
	store_free(&s);
}

static int
count_sighting(void *ctx, const struct store_sighting *x)
{
	CU_ASSERT_EQUAL(x->state, SIGHT_REMOVED);
	++*(int *)ctx;
	return 0;
}

static int
sum_away(void *ctx, int64_t from, int64_t to)
{
	*(int64_t *)ctx += to - from;
	return 0;
}

static void
test_sightings(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_sighting x = {0};
	int64_t feed = make_feed(s), item = 0, sum = 0;
	int n = 0;

	OK(add_revision(s, feed, "g", &item, NULL, &e));
	CU_ASSERT_EQUAL(store_sighting_get(s, item, &x, &e), TOSD_ENOENT);
	x.id = item;
	x.feed = feed;
	strcpy(x.tenant, TENANT);
	x.state = SIGHT_MISSING;
	x.since = T0;
	x.gone = CLOCK_NONE;
	x.how = xstrdup("gone");
	OK(store_sighting_put(s, &a, &x, &e));
	x.state = SIGHT_REMOVED;
	OK(store_sighting_put(s, &a, &x, &e));
	store_sighting_clear(&x);
	OK(store_sighting_get(s, item, &x, &e));
	CU_ASSERT_EQUAL(x.state, SIGHT_REMOVED);
	CU_ASSERT_EQUAL(x.gone, CLOCK_NONE);
	CU_ASSERT_STRING_EQUAL(x.how, "gone");
	store_sighting_clear(&x);
	store_sighting_each(s, NULL, count_sighting, &n);
	store_sighting_each(s, TENANT, count_sighting, &n);
	store_sighting_each(s, "other", count_sighting, &n);
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(store_sighting_count(s, feed, SIGHT_REMOVED), 1);
	CU_ASSERT_EQUAL(store_sighting_count(s, feed, SIGHT_MISSING), 0);
	CU_ASSERT_TRUE(store_item_shares(s, feed, ""));
	CU_ASSERT_FALSE(store_item_shares(s, feed + 1, ""));
	CU_ASSERT_FALSE(store_item_shares(s, feed, "g"));
	OK(store_away_add(s, T0, T0 + 10, &e));
	OK(store_away_add(s, T0 + 20, T0 + 40, &e));
	store_away_each(s, T0 + 10, T0 + 30, sum_away, &sum);
	CU_ASSERT_EQUAL(sum, 20);
	store_free(&s);
}

static const struct suite_test tests[] = {
    {"coverage", test_coverage},
    {"errands", test_errands},
    {"sightings", test_sightings},
};
STORE_SAMPLE_MAIN("store_cover", tests)
