/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_rule: the part of the store that keeps the life of rules. */
#include "store/store_rule.h"

#include "store_sample.h"

static struct store_at
mine(void)
{
	struct store_at a = {store_shard(TENANT), 0};

	a.fence = fences[a.shard];
	return a;
}

static void
test_life(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_life l = {.rule = (char *)"p/r",
	    .rev = 2,
	    .since = T0,
	    .wish_until = CLOCK_NONE,
	    .wish_time = CLOCK_NONE};
	struct store_life got;
	struct store_move m = {.rule = (char *)"p/r",
	    .rev = 2,
	    .mode = MODE_CANARY,
	    .share = 20,
	    .until = T0 + 5,
	    .since = T0,
	    .who = (char *)"a, b",
	    .entry = 7};
	struct store_move back;
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL(store_life_get(s, "p/r", 2, &got, &e), TOSD_ENOENT);
	OK(store_move_add(s, &m, &e));
	l.move = m.id;
	OK(store_life_put(s, &l, &e));
	l.wish_who = (char *)"a";
	l.wish_time = T0 + 1;
	OK(store_life_put(s, &l, &e));
	OK(store_life_get(s, "p/r", 2, &got, &e));
	CU_ASSERT_STRING_EQUAL(got.wish_who, "a");
	CU_ASSERT_EQUAL(got.wish_time, T0 + 1);
	CU_ASSERT_EQUAL(got.wish_until, CLOCK_NONE);
	OK(store_move_get(s, got.move, &back, &e));
	CU_ASSERT_EQUAL(back.share, 20);
	CU_ASSERT_EQUAL(back.until, T0 + 5);
	CU_ASSERT_STRING_EQUAL(back.who, "a, b");
	store_life_clear(&got);
	store_move_clear(&back);
	store_free(&s);
}

static int
join_meanings(void *ctx, const struct store_meaning *m)
{
	char *to = ctx;

	sprintf(to + strlen(to), "%s %u %s %lld, ", m->rule, m->rev, m->meaning,
	    (long long)(m->since - T0));
	return 0;
}

/* A meaning that comes back is a row of its own. */
static void
test_meaning(void)
{
	struct store *s = open_url("sqlite::memory:");
	char got[200] = "";
	struct err e = ERR_INIT;

	for (int i = 0; i < 4; i++) {
		struct store_meaning m = {.rule = (char *)(i == 3 ? "p/s" : "p/r"),
		    .rev = 2,
		    .meaning = (char *)(i % 2 == 0 ? "aa" : "bb"),
		    .since = T0 + i};

		OK(store_meaning_add(s, &m, &e));
	}
	CU_ASSERT_EQUAL(store_meaning_each(s, join_meanings, got), 0);
	SAME(got, "p/r 2 aa 0, p/r 2 bb 1, p/r 2 aa 2, p/s 2 bb 3, ");
	store_free(&s);
}

static int
add_up(void *ctx, const struct store_rule_day *d)
{
	*(uint64_t *)ctx += d->hits * 10000 + d->would * 100 + d->counted;
	return 0;
}

static int
count_label(void *ctx, const struct store_label *l)
{
	*(int *)ctx += l->right ? 1 : 100;
	return 0;
}

static void
test_days(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = mine();
	struct store_rule_day d = {.rule = (char *)"p/r",
	    .rev = 1,
	    .day = 100,
	    .mode = MODE_SHADOW,
	    .hits = 2};
	struct err e = ERR_INIT;
	uint64_t n = 0;

	snprintf(d.tenant, sizeof(d.tenant), "%s", TENANT);
	OK(store_rule_day_count(s, &a, &d, &e));
	d.would = 1;
	OK(store_rule_day_count(s, &a, &d, &e));
	d.day = 101;
	d.counted = 1;
	OK(store_rule_day_count(s, &a, &d, &e));
	OK(store_rule_day_each(s, "p/r", 1, 0, add_up, &n));
	CU_ASSERT_EQUAL(n, 60201);
	n = 0;
	OK(store_rule_day_each(s, NULL, 0, 101, add_up, &n));
	CU_ASSERT_EQUAL(n, 20101);
	n = 0;
	OK(store_rule_day_sums(s, add_up, &n));
	CU_ASSERT_EQUAL(n, 60201);
	CU_ASSERT_EQUAL(store_rule_day_tenants(s, "p/r", 1), 1);
	OK(store_days_drop(s, 101, &e));
	n = 0;
	OK(store_rule_day_each(s, "p/r", 1, 0, add_up, &n));
	CU_ASSERT_EQUAL(n, 20101);
	store_free(&s);
}

static int
keep_cost(void *ctx, const struct store_plugin_day *d)
{
	cost_merge(ctx, &d->cost);
	return 0;
}

static void
test_costs(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_plugin_day d = {.plugin = (char *)"rules", .day = 100};
	struct store_rule_cost r = {.rule = (char *)"a/b", .rev = 1, .day = 100};
	struct cost all = {0}, sum;
	struct err e = ERR_INIT;

	cost_add_many(&r.cost, 3000, 32);
	cost_add(&d.cost, 500);
	cost_add(&d.cost, 3000);
	d.cost.failed = 1;
	OK(store_plugin_day_count(s, &d, &e));
	OK(store_plugin_day_count(s, &d, &e));
	OK(store_rule_cost_count(s, &r, &e));
	OK(store_rule_cost_count(s, &r, &e));
	r.day = 101;
	OK(store_rule_cost_count(s, &r, &e));
	r.rev = 2;
	OK(store_rule_cost_count(s, &r, &e));
	OK(store_rule_cost_sum(s, "a/b", 1, 100, &sum));
	CU_ASSERT_EQUAL(sum.items, 96);
	CU_ASSERT_EQUAL(sum.ns, 96 * 3000);
	CU_ASSERT_EQUAL(cost_quantile(&sum, 0.99), 4096);
	OK(store_rule_cost_sum(s, "a/b", 1, 101, &sum));
	CU_ASSERT_EQUAL(sum.items, 32);
	OK(store_rule_cost_sum(s, "a/c", 1, 0, &sum));
	CU_ASSERT_EQUAL(sum.items, 0);
	OK(store_plugin_day_each(s, 100, keep_cost, &all));
	CU_ASSERT_EQUAL(all.items, 4);
	CU_ASSERT_EQUAL(all.failed, 2);
	CU_ASSERT_EQUAL(all.ns, 7000);
	CU_ASSERT_EQUAL(cost_quantile(&all, 0.5), 1024);
	CU_ASSERT_EQUAL(cost_quantile(&all, 0.99), 4096);
	store_free(&s);
}

/* A revision with a finding, for what follows. */
static int64_t
make_revision(struct store *s, struct store_at *a, const char *guid)
{
	struct store_item item = {.guid = xstrdup(guid), .first_seen = T0};
	struct store_revision r = {.seen = T0, .time = T0, .entry = -1};
	struct finding f = {.rule = (char *)"p/r",
	    .rev = 1,
	    .pack = (char *)"h",
	    .clause = (char *)"1",
	    .category = (char *)"violence",
	    .reason = (char *)"w",
	    .severity = SEVERITY_HIGH,
	    .score = 0.9,
	    .mode = MODE_CANARY};
	struct err e = ERR_INIT;
	int64_t feed, id;
	bool fresh;

	OK(store_feed_sync(s, a, TENANT, "http://x/", T0, &feed, &fresh, &e));
	item.feed = feed;
	snprintf(item.tenant, sizeof(item.tenant), "%s", TENANT);
	item_init(&r.body);
	r.body.text = xstrdup("x");
	OK(store_revision_add(s, a, &item, &r, &e));
	id = r.id;
	OK(store_finding_add(s, a, id, &f, false, T0, &e));
	store_item_clear(&item);
	store_revision_clear(&r);
	return id;
}

static int
count_found(void *ctx, const struct store_found *f)
{
	*(int *)ctx += f->counts ? 100 : 1;
	return 0;
}

static void
test_labels(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = mine();
	struct store_label l = {.rule = (char *)"p/r",
	    .rev = 1,
	    .right = true,
	    .found = T0,
	    .time = T0,
	    .who = (char *)"p",
	    .entry = 1};
	struct store_found f;
	struct err e = ERR_INIT;
	int n = 0;

	l.revision = make_revision(s, &a, "one");
	snprintf(l.tenant, sizeof(l.tenant), "%s", TENANT);
	OK(store_label_put(s, &a, &l, &e));
	OK(store_label_each(s, "p/r", 1, count_label, &n));
	CU_ASSERT_EQUAL(n, 1);
	l.right = false; /* the newest word */
	OK(store_label_put(s, &a, &l, &e));
	n = 0;
	OK(store_label_each(s, NULL, 0, count_label, &n));
	CU_ASSERT_EQUAL(n, 100);
	OK(store_found_of(s, l.revision, "p/r", 1, &f, &e));
	CU_ASSERT_STRING_EQUAL(f.tenant, TENANT);
	CU_ASSERT_EQUAL(store_review_state(s, f.id), -1);
	OK(store_review_add(s, &a, f.id, TENANT, T0, 5, &e));
	CU_ASSERT_EQUAL(store_review_state(s, f.id), REVIEW_WAITS);
	n = 0;
	OK(store_found_each(s, NULL, true, 10, count_found, &n));
	CU_ASSERT_EQUAL(n, 1);
	OK(store_review_decide(s, &a, f.id, REVIEW_CONFIRMED, true, &e));
	CU_ASSERT_EQUAL(store_review_count(s), 0);
	n = 0;
	OK(store_found_each(s, "p/r", false, 10, count_found, &n));
	CU_ASSERT_EQUAL(n, 100);
	store_found_clear(&f);
	store_free(&s);
}

static void
test_scores(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = mine();
	struct err e = ERR_INIT;
	int64_t after = 0, ids[3];
	char name[8], *text;
	size_t n;

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		ids[i] = make_revision(s, &a, name);
		OK(store_revision_scored(s, &a, ids[i], "violence=0.1", &e));
	}
	OK(store_scores_drop(s, T0, &after, 10, &n, &e)); /* none is older */
	CU_ASSERT_EQUAL(n, 0);
	OK(store_scores_drop(s, T0 + 1, &after, 2, &n, &e));
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(after, ids[1]);
	CU_ASSERT_PTR_NULL(store_revision_scores(s, ids[0]));
	text = store_revision_scores(s, ids[2]);
	CU_ASSERT_STRING_EQUAL(text, "violence=0.1");
	free(text);
	OK(store_scores_drop(s, T0 + 1, &after, 2, &n, &e));
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_PTR_NULL(store_revision_scores(s, ids[2]));
	store_free(&s);
}

static const struct suite_test tests[] = {
    {"where rules are", test_life},
    {"what rules mean and meant", test_meaning},
    {"hits by day", test_days},
    {"costs by day", test_costs},
    {"labels and reviews", test_labels},
    {"scores", test_scores},
};

STORE_SAMPLE_MAIN("store_rule", tests)
