/* SPDX-License-Identifier: Apache-2.0 */
/* test_backtest: the pure parts of a backtest: what of the past is still there,
 * counting, what would follow, samples and their labels. */
#include "tosctl/backtest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "suite.h"
#include "tosctl/tosctl_labels.h"

#define T0 ((int64_t)1760000000000)
#define NEAR(a, b, eps) CU_ASSERT_DOUBLE_EQUAL(a, b, eps)

static char name_a[] = "p/a", name_b[] = "p/b", clause_1[] = "1", clause_2[] = "2";
static struct msg_rule rules_v[2] = {
    {.rule = name_a, .clause = clause_1, .rev = 2, .severity = SEVERITY_MEDIUM},
    {.rule = name_b, .clause = clause_2, .rev = 1, .severity = SEVERITY_MEDIUM}};
static const struct msg_rules rules = {.n = 2, .v = rules_v};

static struct bt_revision
revision(int64_t id, const char *tenant, int64_t seen)
{
	struct bt_revision r = {.id = id,
	    .item = id,
	    .n = 1,
	    .seen = seen,
	    .time = seen,
	    .reach = BT_WHOLE,
	    .weight = 1,
	    .gone = CLOCK_NONE};

	snprintf(r.tenant, sizeof(r.tenant), "%s", tenant);
	return r;
}

/* --- what is still there --- */

/* Of many digests a share of one in twenty is drawn, always the same. */
static void
test_sampled(void)
{
	char hex[DIGEST_HEX];
	unsigned drawn = 0, n = 20000;

	for (unsigned i = 0; i < n; i++) {
		digest_hex_of(&i, sizeof(i), hex);
		drawn += store_sampled(hex, 50000);
		CU_ASSERT(!store_sampled(hex, 0));
		CU_ASSERT(store_sampled(hex, STORE_SHARE_ALL));
		/* A smaller sample is part of a larger one. */
		CU_ASSERT(!store_sampled(hex, 50000) || store_sampled(hex, 60000));
	}
	/* Four standard deviations of a binomial. */
	NEAR(drawn, n * 0.05, 4 * sqrt(n * 0.05 * 0.95));
	CU_ASSERT(!store_sampled("", 500000));
	CU_ASSERT(!store_sampled("no digest of anything", 500000));
}

static void
test_reach(void)
{
	struct store_thinned t[] = {{100, 0}, {200, 50000}, {300, STORE_SHARE_ALL}};
	struct bt_kept k = {
	    .whole = 300, .sample = 50, .found = 10, .thinned = t, .n = 3};
	const char *in = "0000000000000001", *out = "00000000000f423f"; /* 999,999 */
	char din[DIGEST_HEX], dout[DIGEST_HEX];
	double w;

	snprintf(din, sizeof(din), "%s", in);
	snprintf(dout, sizeof(dout), "%s", out);
	CU_ASSERT_EQUAL(bt_reach(&k, 301, dout, false, TEXT_KEPT, &w), BT_WHOLE);
	CU_ASSERT_EQUAL(w, 1);
	CU_ASSERT_EQUAL(bt_reach(&k, 301, dout, false, TEXT_ERASED, &w), BT_LOST);
	CU_ASSERT_EQUAL(w, 0);
	/* All was kept then. */
	CU_ASSERT_EQUAL(bt_reach(&k, 250, dout, false, TEXT_KEPT, &w), BT_WHOLE);
	CU_ASSERT_EQUAL(bt_reach(&k, 150, din, false, TEXT_KEPT, &w), BT_DRAWN);
	CU_ASSERT_EQUAL(w, 20);
	CU_ASSERT_EQUAL(bt_reach(&k, 150, din, true, TEXT_KEPT, &w), BT_FOUND);
	CU_ASSERT_EQUAL(w, 1);
	/* Kept back for another reason: it stands for nothing. */
	CU_ASSERT_EQUAL(bt_reach(&k, 150, dout, false, TEXT_KEPT, &w), BT_PASSED);
	CU_ASSERT_EQUAL(w, 0);
	CU_ASSERT_EQUAL(bt_reach(&k, 150, dout, false, TEXT_LET_GO, &w), BT_PASSED);
	CU_ASSERT_EQUAL(bt_reach(&k, 150, din, false, TEXT_ERASED, &w), BT_LOST);
	/* A range without a sample, and the time before the sample. */
	CU_ASSERT_EQUAL(bt_reach(&k, 80, din, false, TEXT_KEPT, &w), BT_OUTSIDE);
	CU_ASSERT_EQUAL(bt_reach(&k, 80, din, true, TEXT_KEPT, &w), BT_OLD);
	CU_ASSERT_EQUAL(bt_reach(&k, 30, din, true, TEXT_LET_GO, &w), BT_OUTSIDE);
	for (int i = 0; i < BT_REACHES; i++)
		CU_ASSERT(!bt_exposed((enum bt_reach)i) ||
			  bt_looked((enum bt_reach)i) || i == BT_PASSED);
}

/* --- counting --- */

static void
test_count(void)
{
	struct bt_hit hits[] = {{0, 0.9, BT_LANE_CASE}, {1, 0.3, BT_LANE_NONE}};
	struct bt_record old[] = {{name_a, 1, true}, {name_a, 2, true}};
	char gone[] = "q/x";
	struct bt_record other[] = {{gone, 1, false}};
	struct bt_revision r;
	struct bt_count c;

	bt_count_init(&c, rules.n);
	r = revision(1, "t1", T0 + 5);
	r.hits = hits;
	r.nhits = 2;
	r.records = old;
	r.nrecords = 2;
	bt_count_add(&c, &rules, &r);
	/* The same item says it again: one item, two revisions. */
	r.id = 2;
	r.n = 2;
	r.nrecords = 0;
	r.time = T0 + 1;
	bt_count_add(&c, &rules, &r);
	r = revision(3, "t2", T0 + 9);
	r.records = old;
	r.nrecords = 1;
	bt_count_add(&c, &rules, &r); /* found then, not now */
	r.id = r.item = 4;
	r.reach = BT_LOST;
	bt_count_add(&c, &rules, &r); /* nobody can look */
	r = revision(5, "t2", T0 + 9);
	r.records = other;
	r.nrecords = 1;
	bt_count_add(&c, &rules, &r);

	CU_ASSERT_EQUAL(c.items, 3);
	CU_ASSERT_EQUAL(c.outside, 1);
	CU_ASSERT_EQUAL(c.ntenants, 2);
	CU_ASSERT_EQUAL(c.ncells, 2);
	CU_ASSERT_EQUAL(c.cells[0].items, 1);
	CU_ASSERT_EQUAL(c.cells[0].counting, 1);
	CU_ASSERT_EQUAL(c.cells[0].first, T0 + 1);
	CU_ASSERT_EQUAL(c.cells[1].counting, 0);
	CU_ASSERT_EQUAL(c.rules[0].revisions, 2);
	CU_ASSERT_EQUAL(c.rules[0].same, 1);
	CU_ASSERT_EQUAL(c.rules[0].fresh, 1);
	CU_ASSERT_EQUAL(c.rules[0].lost, 1);
	CU_ASSERT_EQUAL(c.rules[0].no_text, 1);
	CU_ASSERT_EQUAL(c.rules[0].nrevs, 2);
	CU_ASSERT_EQUAL(c.rules[0].revs[0].n, 3); /* of revision 1 */
	CU_ASSERT_EQUAL(c.ngone, 1);
	CU_ASSERT_EQUAL(c.npairs, 1);
	CU_ASSERT_EQUAL(c.pairs[0].both, 2);
	CU_ASSERT_EQUAL(c.tenants[0].hits, 1);
	bt_count_clear(&c);
}

/* When there is room for no more pairs, those that are counted are counted on. */
static void
test_pairs(void)
{
	struct msg_rule *v = xcalloc(64 * 64, sizeof(*v));
	const struct msg_rules many = {.n = 64 * 64, .v = v};
	struct bt_hit hits[64];
	struct bt_count c;

	for (uint32_t i = 0; i < many.n; i++)
		v[i].rule = (char *)(uintptr_t)name_a;
	bt_count_init(&c, many.n);
	for (uint32_t i = 0; i <= 64; i++) { /* the first ones once more at the end */
		struct bt_revision r = revision(i + 1, "t1", T0);

		for (uint32_t k = 0; k < 64; k++)
			hits[k] = (struct bt_hit){i % 64 * 64 + k, 0.9, BT_LANE_CASE};
		r.hits = hits;
		r.nhits = 64;
		bt_count_add(&c, &many, &r);
	}
	CU_ASSERT_EQUAL(c.npairs, BT_PAIRS);
	CU_ASSERT(c.pairs_full);
	CU_ASSERT_EQUAL(c.pairs[0].both, 2);
	CU_ASSERT_EQUAL(c.pairs[BT_PAIRS - 1].both, 1);
	bt_count_clear(&c);
	free(v);
}

static void
test_map(void)
{
	struct bt_map *m = bt_map_new();
	bool fresh;

	for (uint32_t i = 0; i < 50000; i++) {
		CU_ASSERT_EQUAL(bt_map_add(m, (uint64_t)i * 4096, i, &fresh), i);
		CU_ASSERT(fresh);
	}
	for (uint32_t i = 0; i < 50000; i++) {
		CU_ASSERT_EQUAL(bt_map_add(m, (uint64_t)i * 4096, 7, &fresh), i);
		CU_ASSERT(!fresh);
	}
	CU_ASSERT(!bt_map_has(m, 1));
	CU_ASSERT(bt_map_has(m, 0));
	bt_map_free(&m);
}

/* Through the wire to the parent and back. */
static void
test_wire(void)
{
	struct bt_hit hit = {1, 0.25, BT_LANE_SAFETY};
	struct bt_record rec = {name_a, 7, true};
	struct bt_revision r = revision(11, "0123456789abcdef", T0), got = {0};
	struct buf b = {0};
	struct rd rd;

	r.hits = &hit;
	r.nhits = 1;
	r.records = &rec;
	r.nrecords = 1;
	r.gone = T0 + 3;
	bt_revision_put(&b, &r);
	rd = rd_of(b.data, b.len);
	bt_revision_get(&rd, &got);
	CU_ASSERT(rd_done(&rd));
	CU_ASSERT_EQUAL(got.id, 11);
	CU_ASSERT_STRING_EQUAL(got.tenant, "0123456789abcdef");
	CU_ASSERT_EQUAL(got.hits[0].lane, BT_LANE_SAFETY);
	CU_ASSERT_STRING_EQUAL(got.records[0].rule, name_a);
	CU_ASSERT_EQUAL(got.gone, T0 + 3);
	bt_revision_clear(&got);
	for (size_t n = 0; n < b.len; n++) {
		rd = rd_of(b.data, n);
		bt_revision_get(&rd, &got);
		CU_ASSERT(rd.bad);
		bt_revision_clear(&got);
	}
	buf_free(&b);
}

/* --- what would follow --- */

static const struct ladder ladder = {
    .stages = {{72 * CLOCK_HOUR, 0}, {48 * CLOCK_HOUR, 0}, {24 * CLOCK_HOUR, 0}},
    .nstages = 3,
    .cure = 14 * CLOCK_DAY,
    .removal_rate = 0.9,
    .time_to_takedown = 24 * CLOCK_HOUR,
    .max_gap = CLOCK_HOUR,
    .critical = SEVERITY_CRITICAL};

static struct bt_projected
project_as(const bool *proven, enum bt_tenant_does does, int64_t gone, bool edited)
{
	struct bt_ladder *l = bt_ladder_new(&ladder, proven, does);
	struct bt_hit hit = {0, 0.9, BT_LANE_CASE};
	struct bt_revision r = revision(1, "t", T0);
	struct bt_projected p;

	r.hits = &hit;
	r.nhits = 1;
	r.gone = gone;
	bt_ladder_add(l, &rules, 0, &r);
	r.id = 2;
	r.n = 2;
	r.seen = T0 + CLOCK_HOUR;
	r.nhits = edited ? 0 : 1;
	bt_ladder_add(l, &rules, 0, &r); /* the same again, or without it */
	bt_ladder_end(l, T0 + 60 * CLOCK_DAY);
	bt_ladder_sum(l, &p);
	bt_ladder_free(&l);
	return p;
}

static struct bt_projected
project(enum bt_tenant_does does, int64_t gone, bool edited)
{
	return project_as(NULL, does, gone, edited);
}

/* What rests on rules that have not shown their precision stays below the last stage,
 * as in the engine; one exhibit of a proven one is enough to go on. */
static void
test_unproven(void)
{
	static const bool none[] = {false, false}, second[] = {false, true},
			  first[] = {true, false};
	struct bt_projected p = project_as(none, BT_AS_RECORDED, CLOCK_NONE, false);
	struct bt_ladder *l = bt_ladder_new(&ladder, second, BT_AS_RECORDED);
	struct bt_hit hits[] = {{0, 0.9, BT_LANE_CASE}, {1, 0.9, BT_LANE_CASE}};
	struct bt_revision r = revision(1, "t", T0);

	CU_ASSERT_EQUAL(p.highest, 2);
	CU_ASSERT_EQUAL(p.ups, 1);
	CU_ASSERT_EQUAL(p.recommendations, 0);
	CU_ASSERT(p.held > 20); /* two days each, for two months */
	CU_ASSERT_EQUAL(p.notices, p.held + 2);
	p = project_as(first, BT_AS_RECORDED, CLOCK_NONE, false);
	CU_ASSERT_EQUAL(p.held, 0);
	CU_ASSERT_EQUAL(p.recommendations, 1);
	r.hits = hits;
	r.nhits = 2;
	bt_ladder_add(l, &rules, 0, &r);
	bt_ladder_end(l, T0 + 60 * CLOCK_DAY);
	bt_ladder_sum(l, &p);
	CU_ASSERT_EQUAL(p.violations, 2);
	CU_ASSERT_EQUAL(p.held, 0);
	CU_ASSERT_EQUAL(p.recommendations, 1);
	bt_ladder_free(&l);
}

static void
test_ladder(void)
{
	struct bt_projected p = project(BT_AS_RECORDED, CLOCK_NONE, false);

	/* Nobody removes it: up all stages, then people are asked. */
	CU_ASSERT_EQUAL(p.violations, 1);
	CU_ASSERT_EQUAL(p.notices, 3);
	CU_ASSERT_EQUAL(p.ups, 2);
	CU_ASSERT_EQUAL(p.highest, 3);
	CU_ASSERT_EQUAL(p.recommendations, 1);
	CU_ASSERT_EQUAL(p.closed, 0);
	CU_ASSERT(p.first_notice > T0 && p.first_notice <= T0 + CLOCK_HOUR);
	CU_ASSERT(p.first_recommendation > T0 + 6 * CLOCK_DAY);

	p = project(BT_REMOVES, CLOCK_NONE, false);
	CU_ASSERT_EQUAL(p.notices, 1);
	CU_ASSERT_EQUAL(p.ups, 0);
	CU_ASSERT_EQUAL(p.closed, 1);
	CU_ASSERT_EQUAL(p.recommendations, 0);

	/* On record as removed a day later. */
	p = project(BT_AS_RECORDED, T0 + 20 * CLOCK_HOUR, false);
	CU_ASSERT_EQUAL(p.notices, 1);
	CU_ASSERT_EQUAL(p.closed, 1);
	p = project(BT_AS_RECORDED, CLOCK_NONE, true);
	CU_ASSERT_EQUAL(p.notices, 1);
	CU_ASSERT_EQUAL(p.closed, 1);
}

/* --- samples --- */

static size_t
sample(uint64_t seed, struct bt_draw **out, struct bt_sample **s)
{
	struct bt_hit hits[2] = {{0, 0.9, BT_LANE_CASE}, {1, 0.9, BT_LANE_CASE}};

	static const bool tried[] = {true, true};

	*s = bt_sample_new(seed, 50, tried);
	for (int64_t i = 1; i <= 2000; i++) {
		struct bt_revision r = revision(i, "t", T0 + i);

		/* One tenant is loud; another has ten findings, of another score. */
		hits[0].score = i % 200 == 0 ? 0.5 : 0.9;
		r.hits = hits;
		r.nhits = i % 10 == 0 ? 2 : 1;
		bt_sample_add(*s, &rules, i % 200 == 0, &r);
	}
	return bt_sample_draw(*s, out);
}

static void
test_sample(void)
{
	struct bt_sample *s, *again;
	struct bt_draw *v, *w;
	size_t n = sample(1, &v, &s), m = sample(1, &w, &again), rare = 0, differ = 0;
	double all = 0;

	CU_ASSERT_EQUAL(n, 50);
	CU_ASSERT_EQUAL(m, 50);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(v[i].revision, w[i].revision);
		rare += v[i].tenant == 1;
		all += v[i].weight;
		CU_ASSERT_EQUAL(v[i].nrules, 1); /* two clauses are two questions */
	}
	/* The quiet tenant is heard: it has a half of one percent. */
	CU_ASSERT(rare >= 10);
	NEAR(all, 2000 + 200, 1e-6); /* every question is stood for */
	bt_sample_free(&again);
	free(w);
	m = sample(2, &w, &again);
	for (size_t i = 0; i < m; i++)
		differ += v[i].revision != w[i].revision;
	CU_ASSERT(differ > 20);
	free(v);
	free(w);
	bt_sample_free(&s);
	bt_sample_free(&again);
}

/* Of as many findings as there are `all', of one tenant and score, the sample of
 * `want'; what it took, in ms. */
static double
sample_of(size_t want, int64_t all, struct bt_draw **out, struct bt_sample **s)
{
	static const bool tried[] = {true, true};
	struct bt_hit hit = {0, 0.9, BT_LANE_CASE};
	clock_t begun = clock();

	*s = bt_sample_new(1, want, tried);
	for (int64_t i = 1; i <= all; i++) {
		struct bt_revision r = revision(i, "t", T0 + i);

		r.hits = &hit;
		r.nhits = 1;
		bt_sample_add(*s, &rules, 0, &r);
	}
	CU_ASSERT_EQUAL(bt_sample_draw(*s, out), want);
	return (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC;
}

/* A sample of ten thousand takes about as long as one of a hundred, and both have the
 * lowest hashes of all. */
static void
test_large_sample(void)
{
	enum { ALL = 60000, MANY = 10000, FEW = 100 };
	struct bt_sample *s[3];
	struct bt_draw *all, *many, *few;
	double slow, quick;

	sample_of(ALL, ALL, &all, &s[0]);
	slow = sample_of(MANY, ALL, &many, &s[1]);
	quick = sample_of(FEW, ALL, &few, &s[2]);
	for (size_t i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL_FATAL(many[i].revision, all[i].revision);
	for (size_t i = 0; i < FEW; i++)
		CU_ASSERT_EQUAL_FATAL(few[i].revision, all[i].revision);
	printf("\n%.0f ms, %.0f ms for a hundred times the sample ", quick, slow);
	CU_ASSERT(slow < 3 * quick + 50);
	free(all);
	free(many);
	free(few);
	for (int i = 0; i < 3; i++)
		bt_sample_free(&s[i]);
}

static void
test_labels(void)
{
	CU_ASSERT_EQUAL(label_parse("yes"), LABEL_YES);
	CU_ASSERT_EQUAL(label_parse("Yes"), LABEL_NONE);
	CU_ASSERT_EQUAL(label_parse(NULL), LABEL_NONE);
	CU_ASSERT_EQUAL(label_join(LABEL_NONE, LABEL_NO), LABEL_NO);
	CU_ASSERT_EQUAL(label_join(LABEL_YES, LABEL_UNSURE), LABEL_DISPUTED);
	CU_ASSERT_EQUAL(label_join(LABEL_UNSURE, LABEL_NO), LABEL_DISPUTED);
	CU_ASSERT_EQUAL(label_join(LABEL_YES, LABEL_NO), LABEL_DISPUTED);
	CU_ASSERT_EQUAL(label_join(LABEL_DISPUTED, LABEL_NO), LABEL_DISPUTED);
	CU_ASSERT_EQUAL(label_join(LABEL_UNSURE, LABEL_NONE), LABEL_UNSURE);
	CU_ASSERT_EQUAL(label_join(LABEL_UNSURE, LABEL_UNSURE), LABEL_UNSURE);
}

static const struct suite_test tests[] = {{"a share is drawn", test_sampled},
    {"what is still there", test_reach}, {"counting", test_count},
    {"pairs of rules", test_pairs}, {"map", test_map}, {"wire", test_wire},
    {"ladder", test_ladder}, {"unproven rules", test_unproven},
    {"samples", test_sample}, {"a large sample", test_large_sample},
    {"labels", test_labels}};

SUITE_MAIN("backtest", tests)
