/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store: the store on real SQLite files: every function, the idempotency
 * keys, fences, kill -9 in the middle of commits, full disks, and files that are
 * not ours.
 */
#include "store/store.h"

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

#include "base/buf.h"
#include "suite.h"

#define T0 ((int64_t)1760000000000)
#define TENANT "t0000000000000a1"

static char dir[64];
static uint64_t fences[STORE_SHARDS];

/* --- help ------------------------------------------------------------------------ */

static void
remove_files(void)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-journal"};
	char path[128];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		snprintf(path, sizeof(path), "%s/s.db%s", dir, suffix[i]);
		unlink(path);
	}
}

static const char *
url(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "sqlite:%s/s.db", dir);
	return text;
}

static const char *
path_of(const char *suffix)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s/s.db%s", dir, suffix);
	return text;
}

static struct store *
open_url(const char *u)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;

	if (store_open(u, &s, &e) != 0 ||
	    store_claim(s, "me", 60 * CLOCK_SEC, fences, &e) != 0) {
		printf("open: %s\n", e.text);
		CU_FAIL_FATAL("store_open");
	}
	return s;
}

static struct store_at
at(void)
{
	uint32_t shard = store_shard(TENANT);

	return (struct store_at){shard, fences[shard]};
}

#define OK(call)                                                                     \
	do {                                                                         \
		int ok_rc = (call);                                                  \
		if (ok_rc != 0)                                                      \
			printf("%s:%d: %d %s\n", __FILE__, __LINE__, ok_rc, e.text); \
		CU_ASSERT_EQUAL(ok_rc, 0);                                           \
	} while (0)

static int64_t
make_feed(struct store *s)
{
	struct err e = ERR_INIT;
	struct store_at a = at();
	int64_t id = 0;
	bool fresh;

	OK(store_feed_sync(
	    s, &a, TENANT, "http://a.example/feed", T0, &id, &fresh, &e));
	return id;
}

static int
add_revision(struct store *s, int64_t feed, const char *guid, int64_t *item_id,
    int64_t *revision, struct err *e)
{
	struct store_at a = at();
	struct store_item it = {.id = *item_id, .feed = feed, .first_seen = T0};
	struct store_revision r = {
	    .seen = T0, .time = T0 - 5, .entry = 7, .state = INSPECT_PENDING};
	char *links[] = {(char *)"http://l.example/"};
	int rc;

	strcpy(it.tenant, TENANT);
	it.guid = (char *)guid;
	it.url = (char *)"http://a.example/1";
	digest_hex_of(guid, strlen(guid), r.digest);
	strcpy(r.capture, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
	r.file = (char *)"2026/11/x.warc";
	r.commit = (char *)"c0";
	item_init(&r.body);
	r.body.id = (char *)guid;
	r.body.title = (char *)"a title";
	r.body.text = (char *)"text of some length: \xc3\xa9";
	r.body.links = links;
	r.body.nlinks = 1;
	rc = store_revision_add(s, &a, &it, &r, e);
	*item_id = it.id;
	if (revision != NULL)
		*revision = r.id;
	return rc;
}

static struct store_case
new_case(void)
{
	struct store_case c = {.opened = T0,
	    .closed = CLOCK_NONE,
	    .stage = 1,
	    .phase = 2,
	    .severity = 30,
	    .stage_since = T0,
	    .deadline = T0 + 100,
	    .remaining = CLOCK_NONE,
	    .last_violation = T0,
	    .watch_since = CLOCK_NONE};

	strcpy(c.tenant, TENANT);
	return c;
}

static struct store_violation
new_violation(int64_t c, int64_t item, int64_t revision)
{
	static struct finding_span span = {3, 9};
	struct store_violation v = {.case_id = c,
	    .item = item,
	    .revision = revision,
	    .exhibit = 1,
	    .found = T0,
	    .posted = CLOCK_NONE,
	    .entry = 9,
	    .reported = CLOCK_NONE,
	    .presence = PRESENT_ONLINE,
	    .since = T0,
	    .ended = CLOCK_NONE,
	    .last_online = T0,
	    .last_check = CLOCK_NONE,
	    .next_check = T0 + 50};

	strcpy(v.tenant, TENANT);
	v.finding.rule = (char *)"violence/threat";
	v.finding.rev = 3;
	v.finding.score = 0.75;
	v.finding.severity = SEVERITY_HIGH;
	v.finding.mode = MODE_ENFORCE;
	v.finding.spans = &span;
	v.finding.nspans = 1;
	v.url = (char *)"http://a.example/1";
	v.quote = (char *)"quote";
	return v;
}

static int
count_feed(void *ctx, const struct store_feed *f)
{
	(void)f;
	++*(int *)ctx;
	return 0;
}

/* --- subjects -------------------------------------------------------------------- */

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

	OK(store_revision_pending(s, 0, ids, 4, &n, &e));
	CU_ASSERT_EQUAL(n, 2);
	OK(store_revision_pending(s, rev, ids, 4, &n, &e));
	CU_ASSERT_TRUE(n == 1 && ids[0] == rev2);
	OK(store_revision_judged(s, &a, rev, INSPECT_DEGRADED, 3, "pack", "slow", &e));
	OK(store_revision_pending(s, 0, ids, 4, &n, &e));
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
	store_violation_each(s, VIOLATION_DUE, T0 + 60, 0, see_violation, &x);
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
	OK(store_case_active(s, TENANT, &got, &e));
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
	OK(store_claim(s, "me", 1, fences, &e));
	for (size_t i = 0; i < STORE_SHARDS; i++)
		owned += fences[i] > 0;
	CU_ASSERT_EQUAL(owned, STORE_SHARDS);
	/* The old fence is refused even by the same owner. */
	CU_ASSERT_EQUAL(store_feed_retire(s, &old, feed, &e), TOSD_EDENIED);
	CU_ASSERT_EQUAL(store_feed_retire(s, &none, feed, &e), TOSD_EDENIED);
	usleep(20000); /* the claim of 1 ms is over, by the store's own clock */
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

static int64_t
killed_writer(int64_t from, unsigned us)
{
	int64_t seq, last = from - 1;
	int fd[2], status;
	pid_t pid;

	CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		writer(fd[1], from);
	}
	close(fd[1]);
	usleep(us);
	kill(pid, SIGKILL);
	while (read(fd[0], &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	close(fd[0]);
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return last;
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
		acked = killed_writer(next, 2000 + (r >> 8) % 30000);
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
	CU_ASSERT_TRUE(total > 50);
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
	    "UPDATE item SET revisions = 1, revision = ?2, digest = ?3 WHERE id = ?1"};
	static const char zeros[180];
	sqlite3_stmt *st[3];
	sqlite3 *db;
	char guid[48], digest[DIGEST_HEX];
	double t;

	sqlite3_open(path_of(""), &db);
	sqlite3_exec(db,
	    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	    "PRAGMA cache_size = -32768",
	    NULL, NULL, NULL);
	for (int i = 0; i < 3; i++)
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
		for (int k = 0; k < 3; k++)
			sqlite3_reset(st[k]);
		if (i % 1000 == 999)
			sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	t = seconds() - t;
	for (int i = 0; i < 3; i++)
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
    {"feeds", test_feeds},
    {"items, revisions, findings", test_items},
    {"violations", test_violations},
    {"cases, decisions, holds", test_cases},
    {"notices", test_notices},
    {"outbox", test_outbox},
    {"exposure and gaps", test_exposure_and_gaps},
    {"ledger rows, meta, counts", test_ledger_and_meta},
    {"fences", test_fences},
    {"all or nothing", test_all_or_nothing},
    {"kill -9", test_kill},
    {"full: page limit", test_full},
    {"full: file size limit", test_full_file},
    {"files that are not ours", test_refusals},
    {"read-only", test_readonly},
    {"speed", test_speed},
};

int
main(void)
{
	int rc;

	strcpy(dir, "/tmp/test_store.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 2;
	rc = suite_main("store", tests, sizeof(tests) / sizeof(tests[0]));
	remove_files();
	rmdir(dir);
	return rc;
}
