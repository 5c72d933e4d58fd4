/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_plugin: which plugins serve, as people are told (`tosctl plugin status'):
 * not loaded, lacking something, their programs lost, workers ended in their hands,
 * posts that wait; over workers that come and go, and against workers that make names
 * up.
 */
#include "engine/engine_in.h"
#include "engine_bench.h"
#include "ipc/trace.h"

#define TWO_PLUGINS                                                            \
	"policy = { plugins = ( { name = \"rules\"; grant = [ \"text\" ]; }, " \
	"{ name = \"probe\"; path = \"/probe.so\"; grant = [ \"text\" ]; } );"

static struct bench *
open_two(void)
{
	struct bench *b = bench_open();

	bench_reconf(b, "policy = {", TWO_PLUGINS);
	return b;
}

/* The row of this plugin, to be freed. */
static json_t *
row(struct bench *b, const char *name)
{
	json_t *reply = bench_ask(b, json_pack("{s:s}", "cmd", "plugins"));
	const json_t *rows = json_object_get(reply, "rows");
	json_t *found = NULL, *o;
	size_t i;

	CU_ASSERT_EQUAL(json_array_size(rows), 2);
	json_array_foreach(rows, i, o) if (strcmp(bench_str(o, "name"), name) == 0)
	    found = json_incref(o);
	json_decref(reply);
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	return found;
}

/* What of a row is told, and the gauge, which must agree. */
static void
stands(struct bench *b, const char *name, const char *state, const char *why,
    int64_t asked_by)
{
	json_t *o = row(b, name), *stats = engine_stats(b->engine, b->now);
	bool serves = strcmp(state, "serves") == 0;

	SAME(bench_str(o, "state"), state);
	SAME(bench_str(o, "why"), why);
	CU_ASSERT_EQUAL(bench_int(o, "asked_by"), asked_by);
	CU_ASSERT_EQUAL(json_object_get(o, "since") == NULL, serves);
	CU_ASSERT_EQUAL(bench_int(json_object_get(stats, "serving"), name), serves);
	json_decref(stats);
	json_decref(o);
}

/* What this worker does without; NULL: nothing. */
static void
without(struct bench *b, uint32_t worker, const char *plugin, enum missing how,
    const char *why)
{
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.from_index = worker;
	m.rules.digest = xstrdup("d1");
	m.rules.missing = xcalloc(2, sizeof(*m.rules.missing));
	for (; plugin != NULL && m.rules.nmissing < 2; m.rules.nmissing++)
		m.rules.missing[m.rules.nmissing] =
		    (struct msg_missing){.plugin = xstrdup(plugin),
			.why = xstrdup(why),
			.how = (uint8_t)how};
	bench_say(b, &m);
}

static void
stand(struct bench *b, uint32_t worker, const char *plugin, const char *why)
{
	struct msg m;

	msg_init(&m, MSG_STAND);
	m.from = ROLE_POLICY;
	m.from_index = worker;
	m.stand.plugin = xstrdup(plugin);
	m.stand.why = why != NULL ? xstrdup(why) : NULL;
	bench_say(b, &m);
}

static void
test_loaded(void)
{
	struct bench *b = open_two();
	char *since;
	json_t *o;

	stands(b, "rules", "serves", "", 2);
	stands(b, "probe", "serves", "", 2);
	without(b, 1, "probe", MISSING_LOAD, "cannot open \033[1m/probe.so");
	stands(b, "probe", "partly", "cannot open \033[1m/probe.so", 1);
	stands(b, "rules", "serves", "", 2);
	o = row(b, "probe");
	since = xstrdup(bench_str(o, "since"));
	json_decref(o);
	bench_go(b, CLOCK_MIN);
	without(b, 0, "probe", MISSING_BLAMED, "is left out");
	stands(b, "probe", "down", "cannot open \033[1m/probe.so", 0);
	/* A successor that does without it as well changes nothing about since when. */
	engine_peer_down(b->engine, ROLE_POLICY, 1, b->now);
	stands(b, "probe", "down", "is left out", 0);
	engine_peer_up(b->engine, ROLE_POLICY, 1, b->now);
	without(b, 1, "probe", MISSING_LOAD, "again");
	o = row(b, "probe");
	SAME(bench_str(o, "since"), since);
	json_decref(o);
	free(since);
	without(b, 0, NULL, 0, NULL);
	without(b, 1, NULL, 0, NULL);
	stands(b, "probe", "serves", "", 2);
	without(b, 1, "probe", MISSING_PART, "a list is not there");
	stands(b, "probe", "incomplete", "a list is not there", 2);
	/* Nobody is there to be asked. */
	engine_peer_down(b->engine, ROLE_POLICY, 0, b->now);
	engine_peer_down(b->engine, ROLE_POLICY, 1, b->now);
	stands(b, "rules", "down", "no policy worker is up", 0);
	bench_close(b);
}

static void
test_program(void)
{
	struct bench *b = open_two();

	stand(b, 0, "probe", "lost (breaker: 5 losses within a minute)");
	stands(b, "probe", "partly", "lost (breaker: 5 losses within a minute)", 1);
	stand(b, 0, "probe", "lost again");
	stands(b, "probe", "partly", "lost again", 1);
	stand(b, 1, "probe", "lost");
	stands(b, "probe", "down", "lost again", 0);
	stand(b, 0, "probe", NULL);
	stands(b, "probe", "partly", "lost", 1);
	stand(b, 1, "probe", NULL);
	stand(b, 1, "probe", NULL);
	stands(b, "probe", "serves", "", 2);
	/* What was not loaded cannot be there again. */
	without(b, 1, "probe", MISSING_LOAD, "no hello");
	stand(b, 1, "probe", NULL);
	stands(b, "probe", "partly", "no hello", 1);
	bench_close(b);
}

/* Names that the configuration does not have, and workers that there are not. */
static void
test_made_up(void)
{
	struct bench *b = open_two();

	without(b, 0, "nobody", MISSING_LOAD, "why not");
	stand(b, 0, "someone", "why not");
	stand(b, 77, "probe", "why not");
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(b->engine->workers[i].nwithout, 0);
	stands(b, "probe", "serves", "", 2);
	bench_close(b);
}

/* The worker ends in check() of the plugin, over this revision; 0: it is not known. */
static void
die_in(struct bench *b, const char *plugin, uint64_t revision)
{
	struct caught c;
	struct trace *t;
	struct err e = ERR_INIT;
	struct msg m;

	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	msg_clear(&c.m);
	CU_ASSERT_EQUAL_FATAL(trace_new(&t, &e), 0);
	trace_at(t, TRACE_CHECK, plugin, revision);
	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.from_index = c.index;
	m.rules.digest = xstrdup("d1");
	m.fd = trace_fd(t);
	bench_say(b, &m);
	trace_free(&t);
	engine_peer_down(b->engine, ROLE_POLICY, c.index, b->now);
	engine_peer_up(b->engine, ROLE_POLICY, c.index, b->now);
	bench_tick(b);
}

static void
died(struct bench *b, const char *plugin, int64_t n, const char *over)
{
	json_t *o = row(b, plugin);

	CU_ASSERT_EQUAL(bench_int(o, "deaths"), n);
	SAME(bench_str(o, "over"), over);
	CU_ASSERT_EQUAL(json_object_get(o, "died") != NULL, n > 0);
	json_decref(o);
}

static void
test_deaths(void)
{
	static const struct post two[] = {{"a", "one"}, {"b", "two"}};
	struct bench *b = open_two();

	bench_feed(b, two, 2);
	died(b, "probe", 0, "");
	die_in(b, "probe", 2);
	died(b, "probe", 1, "revision 2 of item 2, died");
	stands(b, "probe", "serves", "", 2);
	/* Pages that were written over: a number of another post, no name of ours. */
	die_in(b, "probe", 77777);
	died(b, "probe", 2, "one of 1 posts, died");
	die_in(b, "simulated", 2);
	died(b, "probe", 2, "one of 1 posts, died");
	died(b, "rules", 0, "");
	bench_close(b);
}

/* A worker answers that the plugin has to be asked again about all of a batch. */
static void
test_waiting(void)
{
	static const struct post two[] = {{"a", "one"}, {"b", "two"}};
	struct bench *b = open_two();
	struct caught c;
	struct msg m;
	json_t *o;

	bench_feed(b, two, 2);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_INSPECT, &c));
	bench_judged(&c, "d1", c.m.inspect.n, &m);
	for (uint32_t i = 0; i < c.m.inspect.n; i++) {
		struct msg_inspected_item *v = &m.inspected.v[i];

		v->revision = c.m.inspect.v[i].revision;
		bench_retry(v, "probe", CLOCK_HOUR, "not loaded");
	}
	msg_clear(&c.m);
	bench_say(b, &m);
	o = row(b, "probe");
	CU_ASSERT_EQUAL(bench_int(o, "waiting"), 2);
	CU_ASSERT_NOT_EQUAL(bench_str(o, "waiting_since")[0], '\0');
	json_decref(o);
	o = row(b, "rules");
	CU_ASSERT_EQUAL(bench_int(o, "waiting"), 0);
	CU_ASSERT_PTR_NULL(json_object_get(o, "waiting_since"));
	json_decref(o);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"loaded or not, in part, by whom", test_loaded},
    {"programs lost and there again", test_program},
    {"names that are made up", test_made_up},
    {"workers end in its hands", test_deaths},
    {"posts that wait", test_waiting},
};

SUITE_MAIN("engine_plugin", tests)
