/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life_bench: rules, posts and people in the engine, for the tests of the life of rules.
 */
#ifndef TESTS_LIFE_BENCH_H
#define TESTS_LIFE_BENCH_H

#include "engine/engine_life.h"
#include "engine_bench.h"

/* Gates that a test of a few posts can pass. */
#define GATES "gates = { labels = 3; precision = 0.4; days = 0; tenant_share = 1.0; };"

static inline struct bench *
open_with(const char *policy)
{
	struct bench *b = bench_open();
	/* No second looks, which would take a test's posts for themselves. */
	char *both = xasprintf(
	    "coverage = { second_min = 0; second_max = 0; };\npolicy = { %s", policy);

	bench_reconf(b, "policy = {", both);
	free(both);
	return b;
}

/* What a worker says that it has: v/kill as declared, of the plugin `rules', and what it
 * means (NULL: the plugin does not say). */
static inline void
rules_meaning(struct bench *b, const char *digest, enum finding_mode mode, uint32_t rev,
    enum finding_mode limit, const char *meaning)
{
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.rules.digest = xstrdup(digest);
	m.rules.n = 1;
	m.rules.v = xcalloc(1, sizeof(*m.rules.v));
	m.rules.v[0] = (struct msg_rule){.rule = xstrdup("v/kill"),
	    .pack = xstrdup("p"),
	    .clause = xstrdup("4.1 Threats"),
	    .category = xstrdup("violence"),
	    .meaning = meaning != NULL ? xstrdup(meaning) : NULL,
	    .rev = rev,
	    .mode = (uint8_t)mode,
	    .severity = SEVERITY_HIGH,
	    .plugin = xstrdup("rules"),
	    .limit = (uint8_t)limit};
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

static inline void
rules(struct bench *b, const char *digest, enum finding_mode mode, uint32_t rev,
    enum finding_mode limit)
{
	rules_meaning(b, digest, mode, rev, limit, NULL);
}

/* n posts with ids from `first' on, the words in all of them; judged, and timed. */
static inline void
post_many(struct bench *b, int first, int n, const char *words)
{
	struct post *v = xcalloc((size_t)n, sizeof(*v));
	struct msg m;

	for (int i = 0; i < n; i++) {
		v[i].id = xasprintf("p%d", first + i);
		v[i].text = xasprintf("%s, number %d", words, first + i);
	}
	bench_feed(b, v, (size_t)n);
	while (bench_inspect(b) > 0)
		;
	for (int i = 0; i < n; i++) {
		free((char *)(uintptr_t)v[i].id);
		free((char *)(uintptr_t)v[i].text);
	}
	free(v);
	/* bench_inspect() measures nothing: an answer that says what it cost. */
	msg_init(&m, MSG_INSPECTED);
	m.inspected.ncosts = 1;
	m.inspected.costs = xcalloc(1, sizeof(*m.inspected.costs));
	m.inspected.costs[0].plugin = xstrdup("rules");
	for (int i = 0; i < n; i++)
		cost_add(&m.inspected.costs[0].cost, 30000);
	engine_begin(b->engine);
	engine_cost_add(b->engine, &m.inspected, b->now);
	engine_flush(b->engine, b->now);
	msg_clear(&m);
}

/* --- questions --- */

static inline json_t *
ask(struct bench *b, const char *cmd, const char *key, const char *value)
{
	json_t *o = json_pack("{s:s}", "cmd", cmd);

	if (key != NULL)
		json_object_set_new(o, key, json_string(value));
	return bench_ask(b, o);
}

static inline size_t
count_rows(json_t *reply)
{
	size_t n = json_array_size(json_object_get(reply, "rows"));

	json_decref(reply);
	return n;
}

/* The mode in force, "-" if the rule is not known. */
static inline const char *
mode_of(struct bench *b, const char *rule)
{
	static char text[16];
	json_t *r = ask(b, "rules", "rule", rule);

	snprintf(text, sizeof(text), "%s",
	    bench_str(json_array_get(json_object_get(r, "rows"), 0), "mode"));
	json_decref(r);
	return text;
}

#define MODE(b, want) CU_ASSERT_STRING_EQUAL(mode_of(b, "v/kill"), want)

static inline json_t *
move_json(const char *move, const char *person)
{
	return json_pack("{s:s, s:s, s:[s], s:s, s:s}", "cmd", "rule-move", "move",
	    move, "rules", "v/kill", "person", person, "reason", "because of tests");
}

/* "done", "waits", "refused", "same", or the error; the first reason in why[], the last one
 * in why_last[]. */
static char why[200], why_last[300];
static inline const char *
moved(struct bench *b, json_t *request)
{
	static char text[200];
	json_t *r = bench_ask(b, request);
	const json_t *row = json_array_get(json_object_get(r, "rows"), 0);

	snprintf(text, sizeof(text), "%s",
	    json_is_true(json_object_get(r, "ok")) ? bench_str(row, "verdict")
						   : bench_str(r, "error"));
	snprintf(why, sizeof(why), "%s",
	    json_string_value(json_array_get(json_object_get(row, "why"), 0)) != NULL
		? json_string_value(json_array_get(json_object_get(row, "why"), 0))
		: "");
	snprintf(why_last, sizeof(why_last), "%s", why);
	if (json_array_size(json_object_get(row, "why")) > 1)
		snprintf(why_last, sizeof(why_last), "%s",
		    json_string_value(json_array_get(json_object_get(row, "why"),
			json_array_size(json_object_get(row, "why")) - 1)));
	json_decref(r);
	return text;
}

#define MOVE(b, move, person, want) \
	CU_ASSERT_STRING_EQUAL(moved(b, move_json(move, person)), want)

/* Labels the first findings that have none. */
static inline int
label(struct bench *b, int n, const char *verdict)
{
	json_t *r = bench_ask(b, json_pack("{s:s, s:s, s:b, s:i}", "cmd", "findings",
				     "rule", "v/kill", "unlabelled", 1, "limit", n));
	json_t *row;
	size_t i;
	int done = 0;

	json_array_foreach(json_object_get(r, "rows"), i, row)
	{
		char id[24];
		json_t *reply;

		snprintf(id, sizeof(id), "%lld", (long long)bench_int(row, "id"));
		reply = bench_ask(b,
		    json_pack("{s:s, s:s, s:s, s:s, s:s}", "cmd", "label", "finding",
			id, "verdict", verdict, "person", "p1", "reason", "I read it"));
		done += json_is_true(json_object_get(reply, "ok"));
		json_decref(reply);
	}
	json_decref(r);
	return done;
}

static inline size_t
violations(struct bench *b)
{
	return count_rows(ask(b, "violations", NULL, NULL));
}

#endif
