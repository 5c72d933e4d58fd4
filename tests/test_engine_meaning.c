/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_meaning: rules that mean something else under the same rev, that count by
 * their pack alone, and that counted and are gone: what is told, recorded, and what
 * falls; in the engine, in virtual time.
 */
#include "life_bench.h"
#include "log_caught.h"

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

static void
means(struct bench *b, const char *digest, uint32_t rev, const char *meaning)
{
	log_begin();
	rules_meaning(b, digest, MODE_ENFORCE, rev, MODE_ENFORCE, meaning);
	log_end();
}

static void
restart(struct bench *b)
{
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
}

static int64_t
number_of(struct bench *b, const char *key)
{
	json_t *r = ask(b, "rules", "rule", "v/kill");
	int64_t n = bench_int(json_array_get(json_object_get(r, "rows"), 0), key);

	json_decref(r);
	return n;
}

#define SAYS_ELSE "means something else than before and its rev was not raised"

/* Gated: it falls, its labels say nothing any more, and both come back with the
 * meaning. */
static void
test_gated(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; " GATES);
	const json_t *e, *row;

	means(b, "d1", 1, ONE);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	CU_ASSERT_EQUAL(bench_count(b, "meaning"), 1);
	post_many(b, 0, 4, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	MOVE(b, "enforce", "p2", "done");
	bench_go(b, CLOCK_HOUR);
	means(b, "d2", 1, ONE); /* another rule of its pack was changed */
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	CU_ASSERT_EQUAL(bench_count(b, "meaning"), 1);
	MODE(b, "enforce");
	means(b, "d3", 1, TWO);
	CU_ASSERT_EQUAL(log_count("rule v/kill rev 1 " SAYS_ELSE), 1);
	CU_ASSERT_EQUAL(
	    log_count("its mode, enforce, were given for the other; it goes "
		      "to shadow until people move it again"),
	    1);
	MODE(b, "shadow");
	e = bench_last(b, "mode");
	CU_ASSERT_STRING_EQUAL(bench_str(e, "move"), "rewrite");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(e, "persons")), 0);
	e = bench_last(b, "meaning");
	CU_ASSERT_EQUAL(bench_count(b, "meaning"), 2);
	row = json_array_get(json_object_get(e, "rules"), 0);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(row, 0)), "v/kill");
	CU_ASSERT_EQUAL(json_integer_value(json_array_get(row, 1)), 1);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(row, 2)), TWO);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(row, 3)), ONE);
	post_many(b, 10, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 0);
	/* What people said, they said of the other one. */
	CU_ASSERT_EQUAL(number_of(b, "right"), 0);
	MOVE(b, "rollback", "p1", "refused");
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "labels: 0 judged, 3 wanted"));
	restart(b);
	means(b, "d3", 1, TWO);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	CU_ASSERT_EQUAL(number_of(b, "right"), 0);
	bench_go(b, CLOCK_HOUR);
	means(b, "d2", 1, ONE); /* the edit is taken back: told as well */
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	CU_ASSERT_EQUAL(
	    log_count("means again what it meant before, and its rev was not "
		      "raised: labels that were given for that count "
		      "again\n"),
	    1);
	CU_ASSERT_EQUAL(number_of(b, "right"), 3);
	MODE(b, "shadow");
	MOVE(b, "rollback", "p1", "waits");
	MOVE(b, "rollback", "p2", "done");
	MODE(b, "enforce");
	bench_close(b);
}

/* While the engine was down; a wish of somebody for what it meant then. */
static void
test_restart(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; " GATES);

	means(b, "d1", 1, ONE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	restart(b);
	bench_go(b, CLOCK_HOUR);
	means(b, "d2", 1, TWO);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 1);
	CU_ASSERT_EQUAL(log_count("it goes to shadow"), 0);
	MODE(b, "shadow");
	post_many(b, 10, 3, "i will kill you");
	label(b, 3, "right");
	CU_ASSERT_EQUAL(number_of(b, "right"), 3);
	MOVE(b, "enforce", "p2", "waits"); /* the first one for this meaning */
	/* A raised rev is another rule, and a plugin that says nothing is not asked. */
	means(b, "d3", 2, ONE);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	means(b, "d4", 2, NULL);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	means(b, "d5", 2, ONE);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 0);
	CU_ASSERT_EQUAL(bench_count(b, "meaning"), 3);
	bench_close(b);
}

/* As packs declare: told and on record, and it counts on, for the pack's word is law.
 */
static void
test_packs(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);

	means(b, "d1", 1, ONE);
	CU_ASSERT_EQUAL(
	    log_count("rule v/kill rev 1 begins in enforce, as its pack says"), 1);
	means(b, "d2", 1, TWO);
	CU_ASSERT_EQUAL(log_count(SAYS_ELSE), 1);
	CU_ASSERT_EQUAL(log_count("begins in enforce"), 0);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 0);
	MODE(b, "enforce");
	/* A new rev counts at once, and the old one is gone. */
	means(b, "d3", 2, TWO);
	CU_ASSERT_EQUAL(log_count("rule v/kill rev 2 begins in enforce"), 1);
	CU_ASSERT_EQUAL(log_count("rule v/kill rev 1 was in enforce and is not loaded "
				  "any more: rev 2 is, in enforce"),
	    1);
	restart(b);
	means(b, "d3", 2, TWO); /* nothing is new */
	CU_ASSERT_EQUAL(log_count("begins in enforce"), 0);
	CU_ASSERT_EQUAL(log_count("not loaded any more"), 0);
	log_begin();
	rules(b, "d4", MODE_DRAFT, 3, MODE_ENFORCE);
	log_end();
	CU_ASSERT_EQUAL(
	    log_count("rev 2 was in enforce and is not loaded any more: rev "
		      "3 is, in draft"),
	    1);
	bench_close(b);
}

/* The pack is taken away: also from a rule that people had enforced. */
static void
test_gone(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; " GATES);
	struct msg m;

	means(b, "d1", 1, ONE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	MOVE(b, "enforce", "p2", "done");
	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup("d2");
	log_begin();
	engine_handle(b->engine, &m, b->now);
	log_end();
	msg_clear(&m);
	bench_tick(b);
	CU_ASSERT_EQUAL(log_count("rule v/kill rev 1 was in enforce and is not loaded "
				  "any more: its pack is gone"),
	    1);
	bench_close(b);
}

/* Lines are few, whatever was changed; the record has all of it. */
static void
test_many(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; ");
	struct msg m;

	for (int k = 0; k < 2; k++) {
		msg_init(&m, MSG_RULES);
		m.from = ROLE_POLICY;
		m.rules.digest = xstrdup(k == 0 ? "d1" : "d2");
		m.rules.n = 1000;
		m.rules.v = xcalloc(m.rules.n, sizeof(*m.rules.v));
		for (uint32_t i = 0; i < m.rules.n; i++)
			m.rules.v[i] = (struct msg_rule){.rule = xasprintf("v/%u", i),
			    .pack = xstrdup("p"),
			    .clause = xstrdup("4.1 Threats"),
			    .category = xstrdup("violence"),
			    .meaning = xstrdup(k == 0 ? ONE : TWO),
			    .rev = 1,
			    .mode = MODE_ENFORCE,
			    .severity = SEVERITY_HIGH,
			    .plugin = xstrdup("rules"),
			    .limit = MODE_ENFORCE};
		log_begin();
		engine_handle(b->engine, &m, b->now);
		log_end();
		msg_clear(&m);
		bench_tick(b);
		CU_ASSERT_EQUAL(log_count("begins in enforce"), k == 0 ? 20 : 0);
		CU_ASSERT_EQUAL(
		    log_count("980 more rules begin in enforce"), k == 0 ? 1 : 0);
		CU_ASSERT_EQUAL(log_count(SAYS_ELSE), k == 0 ? 0 : 20);
		CU_ASSERT_EQUAL(
		    log_count("980 more rules mean something else"), k == 0 ? 0 : 1);
	}
	CU_ASSERT(bench_count(b, "meaning") >= 4);
	bench_close(b);
}

/* How many of its violations its rule has withdrawn. */
static int
withdrawn(struct bench *b)
{
	json_t *r = ask(b, "violations", NULL, NULL), *row;
	size_t i;
	int n = 0;

	json_array_foreach(json_object_get(r, "rows"), i, row)
	{
		n += strcmp(bench_str(row, "withdrawn"), "its rule") == 0;
	}
	json_decref(r);
	return n;
}

/* What its pack takes down says no more, and counts again with what brings it back. */
static void
test_pack_down(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);
	const json_t *e;

	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	post_many(b, 0, 5, "i will kill you");
	CU_ASSERT_EQUAL(violations(b), 5);
	rules(b, "d2", MODE_SHADOW, 1, MODE_ENFORCE);
	MODE(b, "shadow");
	CU_ASSERT_EQUAL(withdrawn(b), 5);
	e = bench_last(b, "mode");
	CU_ASSERT_STRING_EQUAL(bench_str(e, "move"), "pack");
	CU_ASSERT_STRING_EQUAL(bench_str(json_object_get(e, "to"), "mode"), "shadow");
	CU_ASSERT_STRING_EQUAL(bench_str(e, "policy"), "d2");
	/* Each worker says it once. */
	rules(b, "d2", MODE_SHADOW, 1, MODE_ENFORCE);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 1);
	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	CU_ASSERT_EQUAL(withdrawn(b), 0);
	/* Found at a start, too. */
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	rules(b, "d2", MODE_SHADOW, 1, MODE_ENFORCE);
	CU_ASSERT_EQUAL(withdrawn(b), 5);
	bench_go(b, CLOCK_HOUR);
	CU_ASSERT_EQUAL(bench_count(b, "notice"), 0);
	/* Where people have moved it, they alone do. */
	MOVE(b, "retire", "p1", "done");
	rules(b, "d1", MODE_ENFORCE, 1, MODE_ENFORCE);
	CU_ASSERT_EQUAL(withdrawn(b), 5);
	bench_close(b);
}

/* Of the pack v the rules that are named. */
static void
rules_of(struct bench *b, const char *digest, const char *const *names, uint32_t n,
    uint32_t missing)
{
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup(digest);
	m.rules.nmissing = missing;
	m.rules.missing = xcalloc(missing + 1, sizeof(*m.rules.missing));
	for (uint32_t i = 0; i < missing; i++)
		m.rules.missing[i] = (struct msg_missing){.plugin = xstrdup("rules"),
		    .why = xstrdup("a pack is not there"),
		    .how = MISSING_PART};
	m.rules.n = n;
	m.rules.v = xcalloc(n + 1, sizeof(*m.rules.v));
	for (uint32_t i = 0; i < n; i++)
		m.rules.v[i] = (struct msg_rule){.rule = xstrdup(names[i]),
		    .pack = xstrdup("p"),
		    .clause = xstrdup("4.1 Threats"),
		    .category = xstrdup("violence"),
		    .rev = 1,
		    .mode = MODE_ENFORCE,
		    .severity = SEVERITY_HIGH,
		    .plugin = xstrdup("rules"),
		    .limit = MODE_ENFORCE};
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

/* A rule that is not loaded any more: retired by its pack; or its pack is gone, or was
 * refused, which says nothing about it. */
static void
test_pack_retires(void)
{
	static const char *const both[] = {"v/kill", "v/other"};
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);

	rules_of(b, "d1", both, 2, 0);
	post_many(b, 0, 3, "i will kill you");
	CU_ASSERT_EQUAL(violations(b), 3);
	rules_of(b, "d2", both, 0, 0);
	MODE(b, "enforce");
	CU_ASSERT_EQUAL(withdrawn(b), 0);
	rules_of(b, "d1", both, 2, 0);
	rules_of(b, "d3", both + 1, 1, 1);
	MODE(b, "enforce");
	CU_ASSERT_EQUAL(withdrawn(b), 0);
	rules_of(b, "d1", both, 2, 0);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 0);
	rules_of(b, "d3", both + 1, 1, 0);
	MODE(b, "retired");
	CU_ASSERT_EQUAL(withdrawn(b), 3);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "move"), "pack");
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	MODE(b, "retired");
	rules_of(b, "d3", both + 1, 1, 0);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 1);
	rules_of(b, "d1", both, 2, 0);
	MODE(b, "enforce");
	CU_ASSERT_EQUAL(withdrawn(b), 0);
	bench_close(b);
}

/* The only rule of a pack: nothing else of it is there to show that the pack is, and so
 * its plugin says it.  The word of another plugin is none. */
static void
only_retired(struct bench *b, const char *digest, const char *rule, const char *plugin)
{
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup(digest);
	m.rules.retired = xcalloc(1, sizeof(*m.rules.retired));
	m.rules.retired[m.rules.nretired++] =
	    (struct msg_retired){xstrdup(rule), xstrdup("p"), xstrdup(plugin)};
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

static void
test_only_rule(void)
{
	static const char *const both[] = {"v/kill", "v/other"};
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);

	rules_of(b, "d1", both, 1, 0);
	post_many(b, 0, 3, "i will kill you");
	only_retired(b, "d2", "w/kill", "rules");
	only_retired(b, "d3", "v/kill", "probe");
	MODE(b, "enforce");
	CU_ASSERT_EQUAL(withdrawn(b), 0);
	rules_of(b, "d1", both, 1, 0);
	log_begin();
	only_retired(b, "d4", "v/kill", "rules");
	log_end();
	CU_ASSERT_EQUAL(log_count("its pack is gone"), 0);
	MODE(b, "retired");
	CU_ASSERT_EQUAL(withdrawn(b), 3);
	SAME(bench_str(bench_last(b, "mode"), "move"), "pack");
	/* After a restart as well, and it comes back. */
	rules_of(b, "d1", both, 1, 0);
	MODE(b, "enforce");
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
	only_retired(b, "d4", "v/kill", "rules");
	MODE(b, "retired");
	CU_ASSERT_EQUAL(withdrawn(b), 3);
	/* One that is left out of the file while another one is retired. */
	rules_of(b, "d1", both, 1, 0);
	only_retired(b, "d5", "v/other", "rules");
	MODE(b, "retired");
	bench_close(b);
}

/* Many at a time, of which one has found something. */
static void
test_pack_many(void)
{
	static const char *const names[] = {"v/a", "v/b", "v/c", "v/d", "v/e", "v/f",
	    "v/g", "v/h", "v/i", "v/kill", "v/z"};
	struct bench *b = open_with("life_cycle = \"packs\"; " GATES);

	rules_of(b, "d1", names, 11, 0);
	post_many(b, 0, 3, "i will kill you");
	rules_of(b, "d2", names + 10, 1, 0);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 10);
	CU_ASSERT_EQUAL(withdrawn(b), 3);
	rules_of(b, "d1", names, 11, 0);
	CU_ASSERT_EQUAL(bench_count(b, "mode"), 20);
	CU_ASSERT_EQUAL(withdrawn(b), 0);
	bench_close(b);
}

/* What people's words would end at the next label is not brought back, and does not
 * outlast a new floor. */
static void
test_floor(void)
{
	struct bench *b = open_with(GATES);

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 12, "i will kill you");
	label(b, 4, "right");
	MOVE(b, "enforce", "p1", "waits");
	MOVE(b, "enforce", "p2", "done");
	MOVE(b, "shadow", "p1", "done");
	label(b, 8, "wrong");
	MOVE(b, "rollback", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "4 of 12 right"));
	MODE(b, "shadow");
	bench_reconf(b, "policy = {",
	    "policy = { gates = { labels = 3; precision = 0.1; days = 0; "
	    "tenant_share = 1.0; };");
	MOVE(b, "rollback", "p1", "waits");
	MOVE(b, "rollback", "p2", "done");
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	MODE(b, "enforce");
	bench_reconf(b, "policy = {", "policy = { " GATES);
	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	MODE(b, "shadow");
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "move"), "demote");
	bench_close(b);
}

/* The plugin of an enforced rule does not give the same answer twice any more: what was
 * decided of the other one does not make its findings count. */
static void
test_limit_sinks(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; " GATES);
	json_t *o;

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	post_many(b, 0, 3, "i will kill you");
	label(b, 3, "right");
	MOVE(b, "enforce", "p1", "waits");
	MOVE(b, "enforce", "p2", "done");
	post_many(b, 10, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	log_begin();
	rules(b, "d2", MODE_SHADOW, 1, MODE_SHADOW);
	rules(b, "d3", MODE_SHADOW, 1, MODE_SHADOW);
	log_end();
	CU_ASSERT_EQUAL(log_count("was put in enforce and is in shadow"), 1);
	MODE(b, "shadow");
	o = ask(b, "rules", "rule", "v/kill");
	CU_ASSERT_STRING_EQUAL(
	    bench_str(json_array_get(json_object_get(o, "rows"), 0), "held"),
	    "enforce");
	json_decref(o);
	post_many(b, 20, 2, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 1);
	MOVE(b, "enforce", "p1", "refused");
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "same answer twice"));
	/* A version that does again. */
	log_begin();
	rules(b, "d4", MODE_SHADOW, 1, MODE_ENFORCE);
	log_end();
	CU_ASSERT_EQUAL(log_count("does not hold it back any more"), 1);
	MODE(b, "enforce");
	post_many(b, 30, 1, "i will kill you");
	CU_ASSERT_EQUAL(bench_count(b, "violation"), 2);
	/* Down is for one person, whatever the plugin allows. */
	rules(b, "d5", MODE_SHADOW, 1, MODE_SHADOW);
	MOVE(b, "shadow", "p1", "done");
	rules(b, "d6", MODE_SHADOW, 1, MODE_ENFORCE);
	MODE(b, "shadow");
	bench_close(b);
}

/* The end of an override comes while its rule is held back. */
static void
test_limit_lapses(void)
{
	struct bench *b = open_with("life_cycle = \"gated\"; " GATES);
	json_t *o;
	char until[CLOCK_TEXT];

	rules(b, "d1", MODE_SHADOW, 1, MODE_ENFORCE);
	clock_format(b->now + CLOCK_DAY, until);
	for (int i = 1; i <= 2; i++) {
		o = move_json("enforce", i == 1 ? "p1" : "p2");
		json_object_set_new(o, "emergency", json_true());
		json_object_set_new(o, "until", json_string(until));
		CU_ASSERT_STRING_EQUAL(moved(b, o), i == 1 ? "waits" : "done");
	}
	MODE(b, "enforce");
	rules(b, "d2", MODE_SHADOW, 1, MODE_SHADOW);
	MODE(b, "shadow");
	bench_go(b, 25 * CLOCK_HOUR);
	CU_ASSERT_STRING_EQUAL(bench_str(bench_last(b, "mode"), "move"), "lapse");
	rules(b, "d3", MODE_SHADOW, 1, MODE_ENFORCE);
	MODE(b, "shadow");
	bench_close(b);
}

/* A worker that names a rule twice: it is one. */
static void
test_twice(void)
{
	struct bench *b = open_with("life_cycle = \"packs\"; ");
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup("d1");
	m.rules.n = 5;
	m.rules.v = xcalloc(m.rules.n, sizeof(*m.rules.v));
	for (uint32_t i = 0; i < m.rules.n; i++)
		m.rules.v[i] =
		    (struct msg_rule){.rule = xstrdup(i % 2 ? "v/odd" : "v/even"),
			.pack = xasprintf("p%u", i),
			.clause = xstrdup("4.1 Threats"),
			.category = xstrdup("violence"),
			.rev = 1,
			.mode = MODE_SHADOW,
			.severity = SEVERITY_HIGH,
			.plugin = xstrdup("rules"),
			.limit = MODE_ENFORCE};
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
	CU_ASSERT_EQUAL(count_rows(ask(b, "rules", NULL, NULL)), 2);
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"a plugin that holds it back", test_limit_sinks},
    {"an override that ends meanwhile", test_limit_lapses},
    {"a rule twice", test_twice},
    {"what its pack takes down", test_pack_down},
    {"what its pack retires", test_pack_retires},
    {"the only rule of a pack is retired", test_only_rule},
    {"many rules of a pack", test_pack_many},
    {"no way back below the floor", test_floor},
    {"in a gated life", test_gated},
    {"over a restart", test_restart},
    {"as packs declare", test_packs},
    {"rules that are gone", test_gone},
    {"a thousand at once", test_many},
};

SUITE_MAIN("engine_meaning", tests)
