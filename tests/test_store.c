/* SPDX-License-Identifier: Apache-2.0 */
/* test_store: every function of the store, its idempotency keys and its fences. */
#include "store_sample.h"

#include "store/db.h"
#include "store/store_history.h"
#include "store/store_list.h"

static enum store_inspect
state_of(struct store *s, int64_t revision)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	enum store_inspect state;

	OK(store_revision_get(s, revision, &r, &e));
	state = r.state;
	store_revision_clear(&r);
	return state;
}

/* --- subjects --- */

static void
test_feeds(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_feed f;
	int64_t id = make_feed(s), again = 0;
	bool fresh = true;
	int n = 0;

	OK(store_feed_sync(
	    s, &a, TENANT, "http://a.example/feed", T0 + 9, &again, &fresh, &e));
	CU_ASSERT_EQUAL(id, again);
	CU_ASSERT_FALSE(fresh);
	OK(store_feed_get(s, id, &f, &e));
	CU_ASSERT_EQUAL(f.next_poll, T0); /* an active feed keeps its schedule */
	CU_ASSERT_EQUAL(f.last_ok, CLOCK_NONE);
	CU_ASSERT_PTR_NULL(f.etag);
	f.etag = xstrdup("\"x\"");
	f.failures = 3;
	f.down_since = T0;
	f.polls = UINT64_C(1) << 40;
	f.status = -1;
	OK(store_feed_update(s, &a, &f, &e));
	store_feed_clear(&f);
	OK(store_feed_get(s, id, &f, &e));
	CU_ASSERT_STRING_EQUAL(f.etag, "\"x\"");
	CU_ASSERT_STRING_EQUAL(f.url, "http://a.example/feed");
	CU_ASSERT_EQUAL(f.polls, UINT64_C(1) << 40);
	CU_ASSERT_EQUAL(f.status, -1);
	CU_ASSERT_EQUAL(f.down_since, T0);
	f.id = 99;
	CU_ASSERT_EQUAL(store_feed_update(s, &a, &f, &e), TOSD_ENOENT);
	store_feed_clear(&f);
	OK(store_feed_retire(s, &a, id, &e));
	CU_ASSERT_EQUAL(store_feed_retire(s, &a, 99, &e), TOSD_ENOENT);
	OK(store_feed_sync(
	    s, &a, TENANT, "http://a.example/feed", T0 + 9, &again, &fresh, &e));
	OK(store_feed_get(s, id, &f, &e));
	CU_ASSERT_EQUAL(f.next_poll, T0 + 9); /* it came back */
	CU_ASSERT_TRUE(f.active);
	store_feed_clear(&f);
	OK(store_feed_sync(
	    s, &a, TENANT, "http://a.example/b", T0, &again, &fresh, &e));
	CU_ASSERT_TRUE(fresh);
	CU_ASSERT_EQUAL(store_feed_each(s, NULL, count_feed, &n), 0);
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(store_feed_each(s, "other", count_feed, &n), 0);
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(store_feed_get(s, 99, &f, &e), TOSD_ENOENT);
	store_free(&s);
	CU_ASSERT_PTR_NULL(s);
}

static void
test_items(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_item it;
	struct store_revision r;
	struct finding f = {.rule = (char *)"r", .rev = 1, .score = 0.5};
	int64_t feed = make_feed(s), item = 0, other = 0, rev = 0, rev2 = 0, ids[4];
	size_t n = 0;

	CU_ASSERT_EQUAL(store_item_find(s, feed, "g", &it, &e), TOSD_ENOENT);
	OK(add_revision(s, feed, "g", &item, &rev, &e));
	CU_ASSERT_EQUAL(add_revision(s, feed, "g", &other, NULL, &e), TOSD_EEXIST);
	CU_ASSERT_EQUAL(other, 0);
	OK(add_revision(s, feed, "g", &item, &rev2, &e));
	other = 77;
	CU_ASSERT_EQUAL(add_revision(s, feed, "h", &other, NULL, &e), TOSD_ENOENT);
	OK(store_item_find(s, feed, "g", &it, &e));
	CU_ASSERT_EQUAL(it.id, item);
	CU_ASSERT_EQUAL(it.revisions, 2);
	CU_ASSERT_EQUAL(it.revision, rev2);
	CU_ASSERT_EQUAL(it.first_seen, T0);
	CU_ASSERT_EQUAL(strlen(it.digest), 64);
	store_item_clear(&it);
	OK(store_revision_get(s, rev2, &r, &e));
	CU_ASSERT_EQUAL(r.n, 2);
	CU_ASSERT_EQUAL(r.feed, feed);
	CU_ASSERT_STRING_EQUAL(r.tenant, TENANT);
	CU_ASSERT_STRING_EQUAL(r.body.text, "text of some length: \xc3\xa9");
	CU_ASSERT_EQUAL(r.body.nlinks, 1);
	CU_ASSERT_EQUAL(r.body.published, CLOCK_NONE);
	CU_ASSERT_STRING_EQUAL(r.commit, "c0");
	store_revision_clear(&r);

	OK(store_revision_pending(s, 0, ids, NULL, 4, &n, &e));
	CU_ASSERT_EQUAL(n, 2);
	OK(store_revision_pending(s, rev, ids, NULL, 4, &n, &e));
	CU_ASSERT_TRUE(n == 1 && ids[0] == rev2);
	OK(store_revision_judged(s, &a, rev, INSPECT_DEGRADED, 3, "pack", "slow", &e));
	OK(store_revision_pending(s, 0, ids, NULL, 4, &n, &e));
	CU_ASSERT_EQUAL(n, 1);
	OK(store_revision_get(s, rev, &r, &e));
	CU_ASSERT_EQUAL(r.state, INSPECT_DEGRADED);
	CU_ASSERT_STRING_EQUAL(r.why, "slow");
	store_revision_clear(&r);
	OK(store_revision_erase(s, "2026/11/x.warc", &e));
	OK(store_revision_get(s, rev, &r, &e));
	CU_ASSERT_PTR_NULL(r.body.text);
	CU_ASSERT_EQUAL(r.body.published, CLOCK_NONE);
	CU_ASSERT_EQUAL(strlen(r.digest), 64);
	store_revision_clear(&r);

	OK(store_finding_add(s, &a, rev, &f, true, T0, &e));
	CU_ASSERT_EQUAL(
	    store_finding_add(s, &a, rev, &f, true, T0 + 1, &e), TOSD_EEXIST);
	f.rev = 2;
	OK(store_finding_add(s, &a, rev, &f, true, T0, &e));
	CU_ASSERT_EQUAL(store_finding_add(s, &a, 99, &f, true, T0, &e), TOSD_EINVAL);
	store_free(&s);
}

struct seen {
	int n;
	int64_t last, first;
	bool change; /* update what is shown */
	struct store *s;
};

static int
see_violation(void *ctx, const struct store_violation *v)
{
	struct seen *x = ctx;
	struct err e = ERR_INIT;
	struct store_at a = at();
	struct store_violation w = *v;

	if (x->n++ == 0)
		x->first = v->id;
	x->last = v->id;
	if (x->change) {
		/* Still due: a walk must nevertheless end. */
		w.next_check++;
		OK(store_violation_update(x->s, &a, &w, &e));
	}
	return 0;
}

static int
stop_at_once(void *ctx, const struct store_violation *v)
{
	(void)v;
	++*(int *)ctx;
	return 42;
}

/* Both rows of a new post at once, under numbers that were asked for before. */
static void
test_new_item(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_item it = {.first_seen = T0, .guid = (char *)"g"}, row;
	struct store_revision r = {.seen = T0,
				  .time = T0,
				  .digest = "d",
				  .file = (char *)"f",
				  .commit = (char *)"c",
				  .entry = 7},
			      got;
	int64_t item, rev;
	enum store_near near;

	it.feed = make_feed(s);
	memcpy(it.tenant, TENANT, strlen(TENANT) + 1);
	item_init(&r.body);
	r.body.text = (char *)"words";
	store_item_next(s, &item, &rev);
	CU_ASSERT_TRUE(item == 1 && rev == 1);
	it.id = item;
	r.id = rev;
	OK(store_item_new(s, &a, &it, &r, &e));
	store_item_next(s, &item, &rev);
	CU_ASSERT_TRUE(item == 2 && rev == 2);
	OK(store_revision_get(s, 1, &got, &e));
	CU_ASSERT_EQUAL(got.n, 1);
	CU_ASSERT_EQUAL(got.item, 1);
	CU_ASSERT_EQUAL(got.entry, 7);
	CU_ASSERT_STRING_EQUAL(got.file, "f");
	CU_ASSERT_STRING_EQUAL(got.body.text, "words");
	store_revision_clear(&got);
	OK(store_item_near(s, it.feed, "g", &near, &e));
	CU_ASSERT_EQUAL(near, STORE_NEAR_THERE);
	OK(store_item_near(s, it.feed, "a", &near, &e));
	CU_ASSERT_EQUAL(near, STORE_NEAR_NONE);
	OK(store_item_near(s, it.feed + 1, "g", &near, &e));
	CU_ASSERT_EQUAL(near, STORE_NEAR_NONE);
	OK(store_item_find(s, it.feed, "g", &row, &e));
	CU_ASSERT_EQUAL(row.revisions, 1);
	CU_ASSERT_EQUAL(row.revision, 1);
	CU_ASSERT_STRING_EQUAL(row.digest, "d");
	store_item_clear(&row);

	CU_ASSERT_EQUAL(state_of(s, 1), INSPECT_PENDING);
	OK(store_revision_clean(s, &a, 1, &e));
	CU_ASSERT_EQUAL(state_of(s, 1), INSPECT_DONE);

	/* Other numbers than these would make entries lie: nothing of it is kept. */
	it.id = 5;
	it.guid = (char *)"h";
	r.id = 2;
	OK(store_begin(s, &e));
	CU_ASSERT_EQUAL(store_item_new(s, &a, &it, &r, &e), TOSD_ESTATE);
	CU_ASSERT_NOT_EQUAL(store_commit(s, &e), 0);
	store_item_next(s, &item, &rev);
	CU_ASSERT_TRUE(item == 2 && rev == 2);
	store_free(&s);
}

static void
test_violations(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_case c = new_case();
	struct store_violation v, w;
	struct store_item it;
	struct seen x = {.s = s};
	const char *const all[2] = {"", ""}, *const all_but[2] = {TENANT, ""};
	int64_t feed = make_feed(s), item = 0, rev = 0;
	int n = 0;

	OK(add_revision(s, feed, "g", &item, &rev, &e));
	OK(store_case_add(s, &a, &c, &e));
	CU_ASSERT_EQUAL(store_violation_next_check(s), CLOCK_NONE);
	v = new_violation(c.id, item, rev);
	OK(store_violation_add(s, &a, &v, &e));
	w = new_violation(0, item, rev); /* safety: outside any case */
	w.finding.rule = (char *)"other";
	w.next_check = T0 + 20;
	OK(store_violation_add(s, &a, &w, &e));
	OK(store_item_get(s, item, &it, &e));
	CU_ASSERT_EQUAL(it.violations, 2);
	store_item_clear(&it);
	CU_ASSERT_EQUAL(store_violation_next_check(s), T0 + 20);

	CU_ASSERT_EQUAL(
	    store_violation_each(s, VIOLATION_ALL, 0, 0, see_violation, &x), 0);
	CU_ASSERT_EQUAL(x.n, 2);
	x.n = 0;
	store_violation_each(s, VIOLATION_OF_CASE, c.id, 0, see_violation, &x);
	CU_ASSERT_TRUE(x.n == 1 && x.last == v.id);
	x.n = 0;
	store_violation_each(s, VIOLATION_OF_ITEM, item, 1, see_violation, &x);
	CU_ASSERT_EQUAL(x.n, 1);
	x = (struct seen){.s = s, .change = true};
	store_violation_each_due(s, T0 + 60, all_but, see_violation, &x);
	CU_ASSERT_EQUAL(x.n, 0);
	store_violation_each_due(s, T0 + 60, all, see_violation, &x);
	CU_ASSERT_TRUE(x.n == 2 && x.first == w.id);
	CU_ASSERT_EQUAL(
	    store_violation_each(s, VIOLATION_ALL, 0, 0, stop_at_once, &n), 42);
	CU_ASSERT_EQUAL(n, 1);

	OK(store_violation_open(s, item, "violence/threat", &w, &e));
	CU_ASSERT_EQUAL(w.id, v.id);
	CU_ASSERT_EQUAL(w.finding.nspans, 1);
	CU_ASSERT_EQUAL(w.finding.spans[0].end, 9);
	CU_ASSERT_EQUAL(w.finding.score, 0.75);
	CU_ASSERT_EQUAL(w.posted, CLOCK_NONE);
	w.presence = PRESENT_REMOVED;
	w.ended = T0 + 70;
	w.next_check = CLOCK_NONE;
	OK(store_violation_update(s, &a, &w, &e));
	store_violation_clear(&w);
	OK(store_item_get(s, item, &it, &e));
	CU_ASSERT_EQUAL(it.violations, 1);
	store_item_clear(&it);
	CU_ASSERT_EQUAL(
	    store_violation_open(s, item, "violence/threat", &w, &e), TOSD_ENOENT);
	OK(store_violation_get(s, v.id, &w, &e));
	CU_ASSERT_EQUAL(w.ended, T0 + 70);
	w.presence = PRESENT_ONLINE; /* it came back */
	OK(store_violation_update(s, &a, &w, &e));
	w.id = 99;
	CU_ASSERT_EQUAL(store_violation_update(s, &a, &w, &e), TOSD_ENOENT);
	store_violation_clear(&w);
	OK(store_item_get(s, item, &it, &e));
	CU_ASSERT_EQUAL(it.violations, 2);
	store_item_clear(&it);
	store_free(&s);
}

static int
count_case(void *ctx, const struct store_case *c)
{
	(void)c;
	++*(int *)ctx;
	return 0;
}

static int
count_decision(void *ctx, const struct store_decision *d)
{
	CU_ASSERT_STRING_EQUAL(d->verdict, "accept");
	CU_ASSERT_PTR_NULL(d->reason);
	++*(int *)ctx;
	return 0;
}

static void
test_cases(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_case c = new_case(), d = new_case(), got;
	struct store_violation v;
	struct store_decision dec = {
	    .person = (char *)"p1", .verdict = (char *)"accept", .time = T0};
	int64_t feed = make_feed(s), item = 0, rev = 0;
	int n = 0;

	CU_ASSERT_EQUAL(store_case_active(s, TENANT, &got, &e), TOSD_ENOENT);
	OK(store_case_add(s, &a, &c, &e));
	CU_ASSERT_STRING_EQUAL(c.number, "2025-000001");
	CU_ASSERT_EQUAL(c.episode, 1);
	CU_ASSERT_EQUAL(store_case_add(s, &a, &d, &e), TOSD_EEXIST);
	CU_ASSERT_EQUAL(store_case_next_deadline(s), T0 + 100);
	got = c;
	OK(store_case_active(s, got.tenant, &got, &e)); /* asked with its own text */
	CU_ASSERT_EQUAL(got.id, c.id);
	CU_ASSERT_EQUAL(got.remaining, CLOCK_NONE);
	CU_ASSERT_EQUAL(got.phase, 2);
	store_case_each(s, CASE_BY_DUE, T0 + 99, count_case, &n);
	CU_ASSERT_EQUAL(n, 0);
	store_case_each(s, CASE_BY_DUE, T0 + 100, count_case, &n);
	CU_ASSERT_EQUAL(n, 1);

	OK(add_revision(s, feed, "g", &item, &rev, &e));
	CU_ASSERT_FALSE(store_capture_needed(s, "2026/11/x.warc"));
	v = new_violation(c.id, item, rev);
	OK(store_violation_add(s, &a, &v, &e));
	CU_ASSERT_TRUE(store_capture_needed(s, "2026/11/x.warc"));
	c.closed = T0 + 5;
	strcpy(c.chain, "ab");
	OK(store_case_update(s, &a, &c, &e));
	CU_ASSERT_FALSE(store_capture_needed(s, "2026/11/x.warc"));
	OK(store_hold_set(s, &a, c.id, true, &e));
	OK(store_hold_set(s, &a, c.id, true, &e));
	CU_ASSERT_TRUE(store_held(s, c.id));
	CU_ASSERT_TRUE(store_capture_needed(s, "2026/11/x.warc"));
	CU_ASSERT_FALSE(store_capture_needed(s, "2026/11/y.warc"));
	OK(store_hold_set(s, &a, c.id, false, &e));
	CU_ASSERT_FALSE(store_held(s, c.id));
	CU_ASSERT_EQUAL(store_case_next_deadline(s), CLOCK_NONE);

	OK(store_case_add(s, &a, &d, &e));
	CU_ASSERT_STRING_EQUAL(d.number, "2025-000002");
	CU_ASSERT_EQUAL(d.episode, 2);
	OK(store_case_by_number(s, "2025-000002", &got, &e));
	CU_ASSERT_EQUAL(got.id, d.id);
	OK(store_case_get(s, c.id, &got, &e));
	CU_ASSERT_STRING_EQUAL(got.chain, "ab");
	n = 0;
	store_case_each(s, CASE_BY_ALL, 0, count_case, &n);
	store_case_each(s, CASE_BY_OPEN, 0, count_case, &n);
	CU_ASSERT_EQUAL(n, 3);

	dec.case_id = d.id;
	OK(store_decision_add(s, &a, &dec, &e));
	n = 0;
	store_decision_each(s, d.id, count_decision, &n);
	store_decision_each(s, c.id, count_decision, &n);
	CU_ASSERT_EQUAL(n, 1);
	store_free(&s);
}

static int
count_notice(void *ctx, const struct store_notice *n)
{
	(void)n;
	++*(int *)ctx;
	return 0;
}

static int
count_outbox(void *ctx, const struct store_outbox *o)
{
	(void)o;
	++*(int *)ctx;
	return 0;
}

static void
test_notices(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_notice n = {.n = 1,
	    .kind = (char *)"stage",
	    .audience = (char *)"tenant",
	    .made = T0,
	    .delivered = CLOCK_NONE,
	    .entry = 5};
	struct store_notice got;
	int k = 0;

	strcpy(n.tenant, TENANT);
	OK(store_notice_add(s, &a, &n, &e)); /* case 0: safety */
	CU_ASSERT_EQUAL(store_notice_add(s, &a, &n, &e), TOSD_EEXIST);
	n.audience = (char *)"manager";
	OK(store_notice_add(s, &a, &n, &e));
	OK(store_notice_delivered(s, &a, n.id, T0 + 1, &e));
	OK(store_notice_delivered(s, &a, n.id, T0 + 2, &e));
	OK(store_notice_get(s, n.id, &got, &e));
	CU_ASSERT_EQUAL(got.delivered, T0 + 1); /* the first proof stands */
	CU_ASSERT_EQUAL(got.case_id, 0);
	CU_ASSERT_STRING_EQUAL(got.audience, "manager");
	store_notice_clear(&got);
	CU_ASSERT_EQUAL(store_notice_delivered(s, &a, 99, T0, &e), TOSD_ENOENT);
	store_notice_each(s, 0, count_notice, &k);
	store_notice_each(s, -1, count_notice, &k);
	store_notice_each(s, 7, count_notice, &k);
	CU_ASSERT_EQUAL(k, 4);
	store_free(&s);
}

static void
test_outbox(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_notice n = {
	    .n = 1, .kind = (char *)"k", .audience = (char *)"a", .made = T0};
	struct store_outbox o = {.channel = (char *)"mail",
	    .recipient = (char *)"x@y",
	    .next_try = T0,
	    .entry = 5,
	    .time = T0};
	struct store_outbox got;
	int k = 0;

	OK(store_notice_add(s, &a, &n, &e));
	strcpy(o.tenant, TENANT);
	strcpy(o.idem, "i1");
	CU_ASSERT_EQUAL(store_outbox_add(s, &a, &o, &e), TOSD_EINVAL); /* no notice */
	o.notice = n.id;
	CU_ASSERT_EQUAL(store_outbox_wants(s), -1);
	CU_ASSERT_EQUAL(store_outbox_next_try(s), CLOCK_NONE);
	OK(store_outbox_add(s, &a, &o, &e));
	CU_ASSERT_EQUAL(store_outbox_add(s, &a, &o, &e), TOSD_EEXIST);
	CU_ASSERT_EQUAL(store_outbox_wants(s), 5);
	CU_ASSERT_EQUAL(store_outbox_next_try(s), T0);
	store_outbox_each(s, OUTBOX_NEW, T0, 5, 0, count_outbox, &k); /* not signed */
	store_outbox_each(s, OUTBOX_NEW, T0 - 1, 6, 0, count_outbox, &k); /* not due */
	CU_ASSERT_EQUAL(k, 0);
	store_outbox_each(s, OUTBOX_NEW, T0, 6, 0, count_outbox, &k);
	CU_ASSERT_EQUAL(k, 1);
	OK(store_outbox_get(s, o.id, &got, &e));
	got.state = OUTBOX_SENDING;
	got.attempts = 1;
	got.reply = xstrdup("250 ok");
	OK(store_outbox_update(s, &a, &got, &e));
	store_outbox_clear(&got);
	store_outbox_each(s, OUTBOX_SENDING, 0, 0, 1, count_outbox, &k);
	store_outbox_of_notice(s, n.id, count_outbox, &k);
	CU_ASSERT_EQUAL(k, 3);
	CU_ASSERT_EQUAL(store_outbox_wants(s), -1);
	OK(store_outbox_get(s, o.id, &got, &e));
	CU_ASSERT_STRING_EQUAL(got.reply, "250 ok");
	CU_ASSERT_STRING_EQUAL(got.idem, "i1");
	store_outbox_clear(&got);
	store_free(&s);
}

static int
join_recipient(void *ctx, const struct store_outbox *o)
{
	strcat(ctx, o->recipient);
	return 0;
}

/* A threat to people overtakes the notices that were queued before it. */
static void
test_outbox_order(void)
{
	static const char *const kinds[] = {
	    "stage", "stage", "safety", "closed", "safety"};
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	char order[8] = "";

	for (uint32_t i = 0; i < 5; i++) {
		char to[2] = {(char)('a' + i), 0};
		struct store_notice n = {.n = i,
		    .kind = (char *)kinds[i],
		    .audience = (char *)"x",
		    .made = T0};
		struct store_outbox o = {.channel = (char *)"mail",
		    .recipient = to,
		    .next_try = T0,
		    .entry = i == 4 ? 9 : 5,
		    .time = T0};

		OK(store_notice_add(s, &a, &n, &e));
		o.notice = n.id;
		strcpy(o.tenant, TENANT);
		strcpy(o.idem, to);
		OK(store_outbox_add(s, &a, &o, &e));
	}
	OK(store_outbox_each(s, OUTBOX_NEW, T0, 9, 0, join_recipient, order));
	CU_ASSERT_STRING_EQUAL(order, "cabd"); /* e is not signed yet */
	order[0] = '\0';
	OK(store_outbox_each(s, OUTBOX_NEW, T0, 10, 2, join_recipient, order));
	CU_ASSERT_STRING_EQUAL(order, "ce");
	store_free(&s);
}

struct sums {
	int n;
	uint64_t items, violations;
};

static int
sum_exposure(void *ctx, const struct store_exposure *x)
{
	struct sums *t = ctx;

	t->n++;
	t->items += x->items;
	t->violations += x->violations;
	CU_ASSERT_EQUAL(x->hour % CLOCK_HOUR, 0);
	return 0;
}

static int
count_gap(void *ctx, const struct store_gap *g)
{
	(void)g;
	++*(int *)ctx;
	return 0;
}

static void
test_exposure_and_gaps(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct sums t = {0, 0, 0};
	struct store_gap g = {.from = T0, .to = CLOCK_NONE, .why = (char *)"503"};
	int64_t hour = T0 / CLOCK_HOUR * CLOCK_HOUR, feed = make_feed(s);
	int n = 0;

	OK(store_exposure_count(s, &a, TENANT, hour + 1, 10, 1, 0, &e));
	OK(store_exposure_count(s, &a, TENANT, hour + 2, 5, 0, 1, &e));
	OK(store_exposure_count(s, &a, TENANT, hour - 1, 100, 0, 0, &e));
	OK(store_exposure_count(s, &a, TENANT, -1, 1, 0, 0, &e)); /* before 1970 */
	store_exposure_each(s, TENANT, hour, hour + 1, sum_exposure, &t);
	CU_ASSERT_TRUE(t.n == 1 && t.items == 15 && t.violations == 1);
	t = (struct sums){0, 0, 0};
	store_exposure_unsealed(s, hour, sum_exposure, &t);
	CU_ASSERT_TRUE(t.n == 2 && t.items == 101);
	OK(store_exposure_seal(s, &a, TENANT, hour - CLOCK_HOUR, &e));
	CU_ASSERT_EQUAL(store_exposure_seal(s, &a, TENANT, 5, &e), TOSD_ENOENT);
	t = (struct sums){0, 0, 0};
	store_exposure_unsealed(s, hour, sum_exposure, &t);
	CU_ASSERT_EQUAL(t.n, 1);
	OK(store_exposure_count(s, &a, TENANT, hour - 1, 1, 0, 0, &e)); /* late */
	t = (struct sums){0, 0, 0};
	store_exposure_unsealed(s, hour, sum_exposure, &t);
	CU_ASSERT_EQUAL(t.n, 2);

	strcpy(g.tenant, TENANT);
	g.feed = feed;
	OK(store_gap_open(s, &a, &g, &e));
	CU_ASSERT_EQUAL(store_gap_open(s, &a, &g, &e), TOSD_EEXIST);
	store_gap_each(s, TENANT, T0 - 10, T0, count_gap, &n);
	CU_ASSERT_EQUAL(n, 0);
	store_gap_each(s, TENANT, T0 + 100, T0 + 200, count_gap, &n);
	CU_ASSERT_EQUAL(n, 1); /* open: reaches into all that follows */
	OK(store_gap_close(s, &a, feed, T0 + 50, &e));
	OK(store_gap_close(s, &a, feed, T0 + 90, &e));
	store_gap_each(s, TENANT, T0 + 50, T0 + 200, count_gap, &n);
	CU_ASSERT_EQUAL(n, 1);
	store_gap_each(s, TENANT, T0 + 49, T0 + 200, count_gap, &n);
	CU_ASSERT_EQUAL(n, 2);
	OK(store_gap_open(s, &a, &g, &e));
	store_free(&s);
}

struct rows {
	int n;
	int64_t last;
	size_t bytes;
};

static int
see_row(void *ctx, int64_t seq, const void *entry, size_t n)
{
	struct rows *r = ctx;

	CU_ASSERT_PTR_NOT_NULL(entry);
	r->n++;
	r->last = seq;
	r->bytes += n;
	return 0;
}

static void
test_ledger_and_meta(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct err e = ERR_INIT;
	struct rows r = {0, 0, 0};
	struct store_counts c;
	char *v;

	CU_ASSERT_EQUAL(store_ledger_next(s), 0);
	OK(store_ledger_add(s, 0, "abc", 3, &e));
	OK(store_ledger_add(s, 1, "", 0, &e));
	OK(store_ledger_add(s, 2, "de", 2, &e));
	CU_ASSERT_EQUAL(store_ledger_add(s, 2, "x", 1, &e), TOSD_EEXIST);
	CU_ASSERT_EQUAL(store_ledger_add(s, 4, "x", 1, &e), TOSD_ESTATE);
	CU_ASSERT_EQUAL(store_ledger_each(s, 1, see_row, &r), 0);
	CU_ASSERT_TRUE(r.n == 2 && r.last == 2 && r.bytes == 2);
	OK(store_ledger_trim(s, 2, &e));
	CU_ASSERT_EQUAL(store_ledger_next(s), 3);
	OK(store_ledger_trim(s, 9, &e));
	CU_ASSERT_EQUAL(store_ledger_next(s), 3); /* the counter stays */
	OK(store_ledger_add(s, 3, "f", 1, &e));
	CU_ASSERT_EQUAL(store_ledger_next(s), 4);

	CU_ASSERT_PTR_NULL(store_meta_get(s, "k"));
	OK(store_meta_set(s, "k", "v", &e));
	OK(store_meta_set(s, "k", "w", &e));
	v = store_meta_get(s, "k");
	CU_ASSERT_STRING_EQUAL(v, "w");
	free(v);
	make_feed(s);
	OK(store_count(s, &c, &e));
	CU_ASSERT_TRUE(c.feeds == 1 && c.feeds_down == 0 && c.items == 0);
	store_free(&s);
}

static int
count_retry(void *ctx, const struct store_retry *row)
{
	*(int64_t *)ctx += row->revision;
	return 0;
}

/* A revision that waits for plugins is not among those that only wait. */
static void
test_retries(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_at a = at();
	struct err e = ERR_INIT;
	struct store_retry r = {.tries = 1, .since = T0, .due = T0 + 5}, got;
	int64_t feed = make_feed(s), one = 0, two = 0, rev = 0, other = 0, ids[4],
		sum = 0;
	size_t n = 0;
	int64_t since;
	int gone = 0;

	OK(add_revision(s, feed, "g", &one, &rev, &e));
	OK(add_revision(s, feed, "h", &two, &other, &e));
	CU_ASSERT_EQUAL(store_retry_next(s), CLOCK_NONE);
	r.revision = rev;
	strcpy(r.tenant, TENANT);
	r.plugin = (char *)"p";
	r.why = (char *)"it ended";
	OK(store_retry_put(s, &a, &r, &e));
	r.id = 0;
	r.plugin = (char *)"q";
	r.due = T0 + 9;
	OK(store_retry_put(s, &a, &r, &e));
	r.id = 0;
	CU_ASSERT_EQUAL(store_retry_put(s, &a, &r, &e), TOSD_EEXIST);
	CU_ASSERT_EQUAL(store_retry_count(s), 2);
	CU_ASSERT_EQUAL(store_retry_waiting(s, "p", &since), 1);
	CU_ASSERT_EQUAL(since, T0);
	CU_ASSERT_EQUAL(store_retry_waiting(s, "r", &since), 0);
	CU_ASSERT_EQUAL(since, CLOCK_NONE);
	OK(store_revision_pending(s, 0, ids, NULL, 4, &n, &e));
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(ids[0], other);
	CU_ASSERT_EQUAL(store_retry_next(s), T0 + 5);
	OK(store_retry_due(s, T0 + 4, 10, count_retry, &sum));
	CU_ASSERT_EQUAL(sum, 0);
	OK(store_retry_hasten(s, "r", T0 + 1, &e)); /* another one */
	CU_ASSERT_EQUAL(store_retry_next(s), T0 + 5);
	OK(store_retry_hasten(s, "p", T0 + 7, &e)); /* never later */
	CU_ASSERT_EQUAL(store_retry_next(s), T0 + 5);
	OK(store_retry_due(s, T0 + 5, 10, count_retry, &sum));
	CU_ASSERT_EQUAL(sum, rev);
	OK(store_retry_get(s, rev, "p", &got, &e));
	CU_ASSERT_EQUAL(got.tries, 1);
	SAME(got.why, "it ended");
	got.given_up = true;
	OK(store_retry_put(s, &a, &got, &e));
	store_retry_clear(&got);
	CU_ASSERT_EQUAL(store_retry_waiting(s, "p", &since), 0);
	OK(store_retry_asked(s, &a, rev, &e));
	CU_ASSERT_EQUAL(store_retry_next(s), CLOCK_NONE);
	OK(store_retry_reset(s, T0 + 20, &e)); /* but for the one that is given up */
	sum = 0;
	OK(store_retry_due(s, T0 + 20, 10, count_retry, &sum));
	CU_ASSERT_EQUAL(sum, rev);
	OK(store_retry_drop(s, &a, rev, &gone, &e));
	CU_ASSERT_EQUAL(gone, 2);
	OK(store_revision_pending(s, 0, ids, NULL, 4, &n, &e));
	CU_ASSERT_EQUAL(n, 2);
	store_free(&s);
}

static void
test_fences(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct err e = ERR_INIT;
	uint64_t theirs[STORE_SHARDS];
	struct store_at old = at(), none = {old.shard, 0};
	int64_t feed = make_feed(s), item = 0, id;
	bool fresh;
	unsigned owned = 0;

	OK(store_claim(s, "they", 1000, theirs, &e));
	CU_ASSERT_EQUAL(theirs[5], 0); /* held by us */
	OK(store_claim(s, "me", 200, fences, &e));
	for (size_t i = 0; i < STORE_SHARDS; i++)
		owned += fences[i] > 0;
	CU_ASSERT_EQUAL(owned, STORE_SHARDS);
	/* The old fence is refused even by the same owner. */
	CU_ASSERT_EQUAL(store_feed_retire(s, &old, feed, &e), TOSD_EDENIED);
	CU_ASSERT_EQUAL(store_feed_retire(s, &none, feed, &e), TOSD_EDENIED);
	usleep(250000); /* the claim is over, by the store's own clock */
	OK(store_claim(s, "they", 60000, theirs, &e));
	CU_ASSERT_NOT_EQUAL(theirs[5], 0);
	OK(store_begin(s, &e));
	CU_ASSERT_EQUAL(add_revision(s, feed, "g", &item, NULL, &e), TOSD_EDENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "not ours any more"));
	old = (struct store_at){(old.shard + 1) % STORE_SHARDS, 1};
	CU_ASSERT_EQUAL(
	    store_feed_sync(s, &old, TENANT, "http://x", T0, &id, &fresh, &e),
	    TOSD_EINVAL); /* another tenant's shard */
	memcpy(fences, theirs, sizeof(fences));
	OK(add_revision(s, feed, "g", &item, NULL, &e)); /* a refusal breaks nothing */
	OK(store_commit(s, &e));
	CU_ASSERT_EQUAL(store_commit(s, &e), TOSD_ESTATE);
	store_free(&s);
}

static void
test_lists(void)
{
	struct store *s = open_url("sqlite::memory:");
	struct store_list l, again;
	struct err e = ERR_INIT;

	OK(store_list_get(s, "phish", &l, &e)); /* made */
	CU_ASSERT_STRING_EQUAL(l.name, "phish");
	CU_ASSERT_STRING_EQUAL(l.digest, "");
	CU_ASSERT(
	    l.next == CLOCK_NONE && l.good == CLOCK_NONE && l.since == CLOCK_NONE);
	l.etag = xstrdup("W/\"\xe9\""); /* a server's bytes are no text */
	memset(l.digest, 'a', DIGEST_HEX - 1);
	l.bytes = INT64_C(1) << 33;
	l.next = T0;
	l.failures = 4000000000u;
	l.why = xstrdup("it is bad");
	l.trouble = T0 - 1;
	OK(store_list_put(s, &l, &e));
	OK(store_list_get(s, "phish", &again, &e));
	CU_ASSERT_EQUAL(again.id, l.id);
	CU_ASSERT_STRING_EQUAL(again.etag, "W/\"\xe9\"");
	CU_ASSERT_STRING_EQUAL(again.digest, l.digest);
	CU_ASSERT_EQUAL(again.bytes, INT64_C(1) << 33);
	CU_ASSERT_EQUAL(again.next, T0);
	CU_ASSERT_EQUAL(again.failures, 4000000000u);
	CU_ASSERT_STRING_EQUAL(again.why, "it is bad");
	CU_ASSERT_EQUAL(again.trouble, T0 - 1);
	CU_ASSERT_EQUAL(again.checked, CLOCK_NONE);
	store_list_clear(&again);
	l.id = 99;
	CU_ASSERT_EQUAL(store_list_put(s, &l, &e), TOSD_ENOENT);
	store_list_clear(&l);
	OK(store_list_get(s, "other", &l, &e));
	CU_ASSERT_PTR_NULL(l.etag);
	store_list_clear(&l);
	store_free(&s);
}

static int
note_seen(void *ctx, const struct store_kept *k)
{
	int64_t *seen = ctx;

	seen[k->id] = k->seen - T0;
	return 0;
}

/* A clock that was ahead for a while must not end the walk until that time has come. */
static void
test_clock_ahead(void)
{
	static const char sql[] = "UPDATE revision SET seen = ?2 WHERE id = ?1";
	static const int64_t ahead = 10 * 365 * CLOCK_DAY;
	const int64_t seen[] = {0, ahead, ahead + 1, 5, ahead + 2, 7, 9};
	int64_t walked[10] = {0}, item = 0, id = 0;
	struct store *s = open_url("sqlite::memory:");
	struct err e = ERR_INIT;
	int64_t feed = make_feed(s);

	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		char guid[] = {(char)('a' + i), '\0'};

		item = 0;
		OK(add_revision(s, feed, guid, &item, &id, &e));
		CU_ASSERT_EQUAL(id, (int64_t)i + 1);
		OK(db_run(s, sql, NULL, &e, "ii", id, T0 + seen[i]));
	}
	memset(walked, 0xff, sizeof(walked));
	OK(store_kept_each(s, 0, T0 + 7, 10, note_seen, walked));
	CU_ASSERT_EQUAL(walked[1], 0);
	/* As old as the next one of a time that can be. */
	CU_ASSERT_EQUAL(walked[2], 5);
	CU_ASSERT_EQUAL(walked[3], 5);
	CU_ASSERT_EQUAL(walked[4], 5);
	/* That is 7, and 7 is not before 7. */
	CU_ASSERT_EQUAL(walked[5], -1);
	CU_ASSERT_EQUAL(walked[6], -1);
	/* While the newest one is of that time, who knows which clock was right. */
	OK(db_run(s, "DELETE FROM revision WHERE id > ?1", NULL, &e, "i", (int64_t)3));
	memset(walked, 0xff, sizeof(walked));
	OK(store_kept_each(s, 0, T0 + 7, 10, note_seen, walked));
	CU_ASSERT_EQUAL(walked[1], 0);
	CU_ASSERT_EQUAL(walked[2], -1);
	store_free(&s);
}

/* What is asked every few seconds reads no table, and no index of all its rows. */
static void
test_counts_read_little(void)
{
	static const char *const texts[] = {
	    "SELECT count(*) FROM violation WHERE presence = 0",
	    "SELECT count(*) FROM revision WHERE judged = 2",
	    "SELECT count(*) FROM cases WHERE closed IS NULL",
	    "SELECT count(*) FROM outbox WHERE state = 4",
	    "SELECT count(*) FROM feed WHERE active = 1 AND down_since IS NOT NULL"};
	static const char *const by[] = {"violation_online", "revision_degraded",
	    "cases_", "outbox_todo", "feed_down"};
	struct store *s = open_url("sqlite::memory:");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *sql = xasprintf("EXPLAIN QUERY PLAN %s", texts[i]);
		sqlite3_stmt *st = NULL;

		CU_ASSERT_EQUAL_FATAL(
		    sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
		CU_ASSERT_EQUAL(sqlite3_step(st), SQLITE_ROW);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr((const char *)sqlite3_column_text(st, 3), by[i]));
		sqlite3_finalize(st);
		free(sql);
	}
	store_free(&s);
}

/* Columns that somebody may wait for.  A new one goes back with the clock
 * (store_due.c), or has a reason to stay: what is over (away, gap), what is planned
 * anew (next_poll), what people were told (rule_life, rule_move), the database's own
 * clock (shard). */
static void
test_waited_for(void)
{
	static const char sql[] =
	    "SELECT group_concat(n, ' ') FROM (SELECT t.name || '.' || c.name AS n "
	    "FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = "
	    "'table' AND (c.name LIKE 'next%' OR c.name LIKE '%due' OR c.name LIKE "
	    "'%until' OR c.name LIKE '%deadline%') ORDER BY 1)";
	struct store *s = open_url("sqlite::memory:");
	struct err e = ERR_INIT;
	sqlite3_stmt *st = db_query(s, sql, &e, "");

	CU_ASSERT_PTR_NOT_NULL_FATAL(st);
	CU_ASSERT_EQUAL_FATAL(db_step(s, st, &e), 1);
	CU_ASSERT_STRING_EQUAL((const char *)sqlite3_column_text(st, 0),
	    "ask.due away.until cases.deadline errand.due errand.until feed.next_poll "
	    "gap.until list.next outbox.next_try retry.due rule_life.wish_until "
	    "rule_move.until shard.until subscription.due subscription.until "
	    "violation.next_check");
	sqlite3_reset(st);
	store_free(&s);
}

static const struct suite_test tests[] = {
    {"feeds", test_feeds},
    {"items, revisions, findings", test_items},
    {"a new post, all at once", test_new_item},
    {"violations", test_violations},
    {"cases, decisions, holds", test_cases},
    {"notices", test_notices},
    {"outbox", test_outbox},
    {"outbox order", test_outbox_order},
    {"exposure and gaps", test_exposure_and_gaps},
    {"ledger rows, meta, counts", test_ledger_and_meta},
    {"what waits for plugins", test_retries},
    {"lists", test_lists},
    {"a clock that was ahead", test_clock_ahead},
    {"counts read little", test_counts_read_little},
    {"what waits for a time", test_waited_for},
    {"fences", test_fences},
};
STORE_SAMPLE_MAIN("store", tests)
