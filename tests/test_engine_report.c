/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_report: what somebody reports, as stories in virtual time: posts that
 * were judged, that wait or are in hand, that are edited; workers and engines that die.
 */
#include "engine_asker.h"

static json_t *
report(struct bench *b, const char *item, const char *reason)
{
	return bench_ask(
	    b, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "report", "item", item,
		   "person", "p1", "reason", reason, "from", "a reader"));
}

/* The one row of a good answer; NULL: it was refused. */
static const json_t *
row(const json_t *reply)
{
	CU_ASSERT(json_is_true(json_object_get(reply, "ok")));
	return json_array_get(json_object_get(reply, "rows"), 0);
}

static void
refused(struct bench *b, const char *item, const char *reason, const char *words)
{
	json_t *o = report(b, item, reason);

	CU_ASSERT_FALSE(json_is_true(json_object_get(o, "ok")));
	if (strstr(bench_str(o, "error"), words) == NULL)
		printf("not `%s': %s\n", words, bench_str(o, "error"));
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(o, "error"), words));
	json_decref(o);
}

static void
good(struct bench *b, const char *item, const char *reason, bool known)
{
	json_t *o = report(b, item, reason);

	CU_ASSERT_EQUAL(json_is_true(json_object_get(row(o), "known")), known);
	json_decref(o);
	bench_tick(b);
}

/* How report `id' stands: its state. */
static const char *
state(struct bench *b, int64_t id, int64_t *found)
{
	static char text[32];
	json_t *o = bench_ask(b, json_pack("{s:s}", "cmd", "reports"));
	const json_t *r;
	size_t i;

	text[0] = '\0';
	json_array_foreach(json_object_get(o, "rows"), i, r)
	{
		if (bench_int(r, "id") != id)
			continue;
		snprintf(text, sizeof(text), "%s", bench_str(r, "state"));
		*found = bench_int(r, "found");
		CU_ASSERT_STRING_EQUAL(bench_str(r, "from"), "a reader");
	}
	json_decref(o);
	return text;
}

#define STATE(b, id, want, n)                                             \
	do {                                                              \
		int64_t state_found = -1;                                 \
		CU_ASSERT_STRING_EQUAL(state(b, id, &state_found), want); \
		CU_ASSERT_EQUAL(state_found, n);                          \
	} while (0)

/* --- stories --- */

/* A judged post is shown to policy once more; a model is asked, and what it says is for
 * people.  Nothing else of the post changes. */
static void
test_judged(void)
{
	static const struct post posts[] = {{"a", "hello there"}, {"b", "kill them"}};
	struct bench *b = open_with("");
	size_t judged, exposed;

	bench_feed(b, posts, 2);
	CU_ASSERT_EQUAL(inspect(b), 2);
	judged = bench_count(b, "judged");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	good(b, "http://forum.example/a#comments", "it is a threat", false);
	STATE(b, 1, "open", 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	answer(b, asked(b), 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	STATE(b, 1, "looked", 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), judged);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	CU_ASSERT_EQUAL(bench_int(bench_last(b, "report"), "found"), 1);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "report"), "state"), "looked");
	/* The same words again are the same report. */
	good(b, "1", "it is a threat", true);
	CU_ASSERT_EQUAL(inspect(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "report"), 2);
	/* Others are another one, looked at with the answer that is kept. */
	good(b, "1", "look again", false);
	CU_ASSERT_EQUAL(inspect(b), 2); /* it asks, and has the answer */
	CU_ASSERT_EQUAL(asked(b), 0);
	STATE(b, 2, "looked", 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	bench_go(b, 3 * CLOCK_HOUR);
	exposed = (size_t)bench_int(bench_last(b, "exposure"), "items");
	CU_ASSERT_EQUAL(exposed, 2); /* and not four */
	bench_close(b);
}

/* What is not yet judged is told of the report on its way; what is in hand comes again.
 */
static void
test_pending(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	struct bench *b = open_with("");
	struct caught c;

	bench_feed(b, posts, 1);
	CU_ASSERT(bench_take(b, MSG_INSPECT, &c)); /* a worker has it */
	CU_ASSERT_FALSE(c.m.inspect.v[0].reported);
	good(b, "1", "a threat", false);
	STATE(b, 1, "open", 0);
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_EQUAL(inspect(b), 2);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 1);
	STATE(b, 1, "open", 0);
	answer(b, asked(b), 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	STATE(b, 1, "looked", 1);
	bench_close(b);
}

/* Every later revision of the post is seen as reported, at once. */
static void
test_edited(void)
{
	static const struct post posts[] = {{"a", "hello there"}},
				 after[] = {{"a", "hello, friends"}};
	struct bench *b = open_with("");
	struct caught c;

	bench_feed(b, posts, 1);
	inspect(b);
	good(b, "1", "a threat", false);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	bench_feed(b, after, 1);
	CU_ASSERT_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT(c.m.inspect.v[0].reported);
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_EQUAL(inspect(b), 1);
	answer(b, asked(b), 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 2);
	CU_ASSERT_EQUAL(bench_count(b, "judged"), 2);
	STATE(b, 1, "looked", 1);
	bench_close(b);
}

/* No answer is none, and the same report may be made again. */
static void
test_no_answer(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	struct bench *b = open_with("");
	size_t degraded;

	bench_feed(b, posts, 1);
	inspect(b);
	degraded = bench_count(b, "degraded");
	good(b, "1", "a threat", false);
	inspect(b);
	for (int i = 0; i < 3; i++) {
		answer(b, asked(b), 500, 0);
		go(b, CLOCK_MIN + CLOCK_SEC);
	}
	STATE(b, 1, "degraded", 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_str(bench_last(b, "report"), "why"),
	    "after 3 tries: HTTP status 500"));
	/* The post itself was judged, and stays so. */
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), degraded);
	go(b, CLOCK_DAY + CLOCK_HOUR);
	good(b, "1", "a threat", true);
	STATE(b, 1, "open", 0);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	STATE(b, 1, "looked", 1);
	bench_close(b);
}

/* Rules that were not there when the post was judged do not count because of it. */
static void
test_new_rule(void)
{
	static const struct post posts[] = {{"a", "kill, they said"}};
	struct bench *b = open_with("");
	struct caught c;
	struct msg m;

	bench_feed(b, posts, 1);
	CU_ASSERT_FATAL(bench_take(b, MSG_INSPECT, &c));
	bench_judged(&c, "d0", 1, &m); /* an older policy finds nothing */
	m.inspected.v[0].revision = c.m.inspect.v[0].revision;
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	msg_clear(&c.m);
	bench_tick(b);
	good(b, "1", "a threat", false);
	CU_ASSERT_EQUAL(inspect(b), 1);
	answer(b, asked(b), 200, 0);
	CU_ASSERT_EQUAL(inspect(b), 1);
	STATE(b, 1, "looked", 1);
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	bench_close(b);
}

static void
lose_worker(struct bench *b)
{
	struct caught c;

	CU_ASSERT_FATAL(bench_take(b, MSG_INSPECT, &c));
	CU_ASSERT(c.m.inspect.v[0].reported);
	msg_clear(&c.m);
	engine_peer_down(b->engine, ROLE_POLICY, c.index, b->now);
	bench_tick(b);
	engine_peer_up(b->engine, ROLE_POLICY, c.index, b->now);
	bench_tick(b);
}

/* A post that kills workers ends its report, and stays as it was judged. */
static void
test_worker_dies(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	good(b, "1", "a threat", false);
	lose_worker(b);
	STATE(b, 1, "open", 0);
	lose_worker(b);
	STATE(b, 1, "degraded", 0);
	CU_ASSERT_EQUAL(inspect(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	bench_close(b);
}

static void
restart(struct bench *b)
{
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	bench_tick(b);
}

/* Whatever was under way goes on: the look itself, and the question. */
static void
test_restart(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	good(b, "1", "a threat", false);
	restart(b);
	good(b, "1", "a threat", true);
	CU_ASSERT_EQUAL(inspect(b), 1);
	CU_ASSERT(asked(b) != 0);
	restart(b);
	inspect(b);
	answer(b, asked(b), 200, 0);
	inspect(b);
	STATE(b, 1, "looked", 1);
	restart(b);
	CU_ASSERT_EQUAL(inspect(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 1);
	bench_close(b);
}

static void
test_refused(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	struct bench *b = open_with("");
	char text[32], *from;
	json_t *o;

	bench_feed(b, posts, 1);
	inspect(b);
	refused(b, "2", "x", "there is no post 2");
	refused(b, "", "x", "name a post");
	refused(b, "http://elsewhere.example/", "x", "has the address");
	refused(b, "1", " \n", "a reason is needed");
	from = xmalloc(600);
	memset(from, 'x', 599);
	from[599] = '\0';
	o = bench_ask(b, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "report", "item",
			     "1", "person", "p1", "reason", "x", "from", from));
	CU_ASSERT_FALSE(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	free(from);
	o = bench_ask(b, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "report", "item", "1",
			     "person", "nobody", "reason", "x"));
	CU_ASSERT_FALSE(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	CU_ASSERT_EQUAL(bench_count(b, "report"), 0);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "reason %d", i);
		good(b, "1", text, false);
	}
	refused(b, "1", "one more", "reported 100 times already");
	bench_close(b);
}

/* The newest post of an address is somebody else's, who lists it. */
static void
test_taken_address(void)
{
	static const struct post theirs[] = {{"a", "hello there"}, {"b", "hello"}};
	static const struct post others[] = {{"a", "harmless"}, {"c", "x"}};
	const char *at = strrchr(bench_conf, ')');
	char *conf = xasprintf("%.*s, { id = \"wicked\"; name = \"W\"; contact = "
			       "\"o@wicked.example\"; contact2 = \"p@wicked.example\"; "
			       "manager = \"am@host.example\"; feeds = ( { url = "
			       "\"http://wicked.example/feed\"; } ); } );",
	    (int)(at - bench_conf), bench_conf);
	struct bench *b = bench_open_with(conf, true);
	uint64_t forum = 0, wicked = 0;
	struct caught c;
	json_t *o;

	bench_go(b, 2 * CLOCK_HOUR);
	while (bench_take(b, MSG_POLL, &c)) {
		*(strstr(c.m.poll.url, "wicked") != NULL ? &wicked : &forum) =
		    c.m.poll.id;
		msg_clear(&c.m);
	}
	bench_answer(b, forum, POLLED_OK, theirs, 2);
	bench_answer(b, wicked, POLLED_OK, others, 2);
	o = report(b, "http://forum.example/a", "x");
	CU_ASSERT_STRING_EQUAL(bench_str(row(o), "tenant"), "forum");
	json_decref(o);
	o = report(b, "http://forum.example/c", "x");
	CU_ASSERT_STRING_EQUAL(bench_str(row(o), "tenant"), "wicked");
	json_decref(o);
	bench_close(b);
	free(conf);
}

/* What is reported with --tenant: whose post it was, or why it was refused. */
static const char *
report_of(struct bench *b, const char *item, const char *tenant)
{
	static char out[300];
	json_t *o = bench_ask(
	    b, json_pack("{s:s, s:s, s:s, s:s, s:s*}", "cmd", "report", "item", item,
		   "person", "p1", "reason", "x", "tenant", tenant));
	bool ok = json_is_true(json_object_get(o, "ok"));

	snprintf(out, sizeof(out), "%s",
	    ok ? bench_str(row(o), "tenant") : bench_str(o, "error"));
	json_decref(o);
	return out;
}

/* Two tenants read the same site: which one's post is meant has to be said. */
static void
test_same_address(void)
{
	static const struct post posts[] = {{"a", "hello there"}, {"b", "hello"}};
	static const char address[] = "http://forum.example/a";
	const char *at = strrchr(bench_conf, ')');
	char *conf = xasprintf("%.*s, { id = \"second\"; name = \"S\"; contact = "
			       "\"o@forum.example\"; contact2 = \"p@forum.example\"; "
			       "manager = \"am@host.example\"; feeds = ( { url = "
			       "\"http://forum.example/second\"; } ); } );",
	    (int)(at - bench_conf), bench_conf);
	struct bench *b = bench_open_with(conf, true);
	uint64_t id[2] = {0};
	const char *key;
	struct caught c;

	bench_go(b, 2 * CLOCK_HOUR);
	while (bench_take(b, MSG_POLL, &c)) {
		id[strstr(c.m.poll.url, "second") != NULL] = c.m.poll.id;
		msg_clear(&c.m);
	}
	bench_answer(b, id[0], POLLED_OK, posts, 1);
	bench_answer(b, id[1], POLLED_OK, posts, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(report_of(b, address, NULL),
	    "name one by its number, or its tenant (--tenant)"));
	SAME(report_of(b, address, "second"), "second");
	SAME(report_of(b, address, "forum"), "forum");
	key = conf_tenant_by_id(b->conf, "second")->key;
	SAME(report_of(b, address, key), "second");
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    report_of(b, "http://forum.example/b", "forum"), "no post of that tenant"));
	SAME(report_of(b, address, "nobody"), "there is no tenant `nobody'");
	SAME(report_of(b, "1", "forum"), "forum");
	SAME(report_of(b, "1", "second"), "post 1 is another tenant's than `second'");
	bench_close(b);
	free(conf);
}

/* Hostile words stay words: escaped on record, whole in the vault. */
static void
test_hostile(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	static const char words[] = "\x1b[2J\"},{\"kind\":\"decision\"\n\t\xe2\x80\xae";
	struct bench *b = open_with("");
	const json_t *entry;
	json_t *o;

	bench_feed(b, posts, 1);
	inspect(b);
	good(b, "1", words, false);
	entry = bench_last(b, "report");
	CU_ASSERT_PTR_NULL(json_object_get(entry, "reason"));
	CU_ASSERT_PTR_NULL(json_object_get(entry, "from"));
	CU_ASSERT_STRING_EQUAL(bench_str(entry, "person"), "p1");
	CU_ASSERT_EQUAL(bench_count(b, "decision"), 0);
	o = bench_ask(b, json_pack("{s:s}", "cmd", "reports"));
	CU_ASSERT_STRING_EQUAL(bench_str(row(o), "reason"), words);
	json_decref(o);
	/* Erased, it is gone; the report stays. */
	o = bench_ask(
	    b, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "erase", "file",
		   bench_str(entry, "file"), "person", "p1", "reason", "asked"));
	CU_ASSERT(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	o = bench_ask(b, json_pack("{s:s}", "cmd", "reports"));
	CU_ASSERT_PTR_NULL(json_object_get(row(o), "reason"));
	CU_ASSERT_STRING_EQUAL(bench_str(row(o), "state"), "open");
	json_decref(o);
	bench_close(b);
}

/* What is erased while somebody looks was not looked at. */
static void
test_erased(void)
{
	static const struct post posts[] = {{"a", "hello there"}};
	struct bench *b = open_with("");

	bench_feed(b, posts, 1);
	inspect(b);
	good(b, "1", "it is a threat", false);
	bench_erase(b); /* while a worker has it */
	STATE(b, 1, "degraded", 0);
	inspect(b);
	CU_ASSERT_EQUAL(bench_count(b, "degraded"), 0);
	CU_ASSERT_EQUAL(asked(b), 0);
	CU_ASSERT_EQUAL(bench_count(b, "advice"), 0);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"what is erased", test_erased},
    {"a judged post", test_judged},
    {"a post in hand", test_pending},
    {"a post that is edited later", test_edited},
    {"no answer", test_no_answer},
    {"rules that are new", test_new_rule},
    {"workers that die over it", test_worker_dies},
    {"restarts", test_restart},
    {"what is refused", test_refused},
    {"an address that others list", test_taken_address},
    {"an address of two tenants", test_same_address},
    {"hostile words", test_hostile},
};

SUITE_MAIN("engine_report", tests)
