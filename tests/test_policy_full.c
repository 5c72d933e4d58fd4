/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_full: more than the answer of a worker holds.  What a plugin may say of
 * one item adds up over plugins and items, and the engine refuses an answer over its
 * limits as broken, so the host has to keep to them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "policy/host.h"
#include "tests/suite.h"

#define PROBE TOSD_BUILDDIR "/plugins/probe/.libs/"
#define MANY 300
#define LONG 130 /* bytes of a text that has room for all spans */

static void
print_problem(void *ctx, const char *text)
{
	(void)ctx;
	printf("\n  %s", text);
}

/* So many copies of the probe, each with a rule of its own, and one setting more. */
static struct policy_host *
probes(size_t n, const char *key, const char *value)
{
	struct conf_plugin plugins[MANY];
	struct conf_setting sets[MANY][2];
	char names[MANY][16], rules[MANY][24];
	struct conf_policy policy = {.plugins = plugins, .nplugins = n};
	struct policy_options o = {.conf = &policy, .report = print_problem};
	struct policy_host *h = NULL;

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "p%zu", i);
		snprintf(rules[i], sizeof(rules[i]), "probe/p%zu", i);
		sets[i][0] = (struct conf_setting){"rule", rules[i]};
		sets[i][1] = (struct conf_setting){key, value};
		plugins[i] = (struct conf_plugin){.name = names[i],
		    .path = PROBE "probe.so",
		    .settings = sets[i],
		    .nsettings = 2,
		    .grant = TOSD_NEED_TEXT};
	}
	policy_host_new(&o, &h, NULL);
	return h;
}

/* n asks about the same text. */
static struct policy_ask *
asks(const char *text, struct item *it, size_t n)
{
	struct policy_ask *v = xcalloc(n, sizeof(*v));

	item_init(it);
	it->text = xstrdup(text);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct policy_ask){.tenant = "00112233aabbccdd", .it = it};
	return v;
}

/* The host's answer as a worker sends it; whether the engine takes it.  Clears v. */
static bool
is_taken(struct policy_host *h, struct policy_ask *v, size_t n)
{
	struct buf b = {0};
	struct msg m, got;
	bool taken;

	msg_init(&m, MSG_INSPECTED);
	m.inspected.digest = xstrdup(policy_host_digest(h));
	m.inspected.n = (uint32_t)n;
	m.inspected.v = xcalloc(n, sizeof(*m.inspected.v));
	for (size_t i = 0; i < n; i++)
		policy_ask_take(&v[i], i + 1, &m.inspected.v[i]);
	policy_host_costs(h, &m.inspected.costs, &m.inspected.ncosts);
	policy_host_spent(h, &m.inspected.spent, &m.inspected.nspent);
	msg_encode(&b, &m);
	taken = b.len < MSG_MAX && msg_decode(&got, MSG_INSPECTED, b.data, b.len,
				       ROLE_POLICY, ROLE_ENGINE, false, NULL) == 0;
	if (taken)
		msg_clear(&got);
	msg_clear(&m);
	buf_free(&b);
	return taken;
}

/* More plugins than may have an opinion of an item, or tell their costs at once. */
static void
test_many_plugins(void)
{
	struct policy_host *h = probes(MANY, "score", "good");
	struct policy_ask *v;
	struct msg_cost *costs;
	struct item it;
	uint32_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	v = asks("nothing", &it, 1);
	policy_host_judge(h, v, 1, 1000);
	CU_ASSERT_EQUAL(v[0].nopinions, MSG_OPINIONS_MAX);
	CU_ASSERT_PTR_NOT_NULL_FATAL(v[0].degraded);
	CU_ASSERT_PTR_NULL(strstr(v[0].degraded, "p255: "));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(v[0].degraded, "p256: too many scores for one item"));
	CU_ASSERT_TRUE(is_taken(h, v, 1));
	/* Those that were not told of are next. */
	policy_host_costs(h, &costs, &n);
	CU_ASSERT_EQUAL_FATAL(n, MANY - MSG_COSTS_MAX);
	CU_ASSERT_STRING_EQUAL(costs[0].plugin, "p256");
	CU_ASSERT_EQUAL(costs[0].cost.items, 1);
	for (uint32_t i = 0; i < n; i++)
		free(costs[i].plugin);
	free(costs);
	free(v);
	item_clear(&it);
	policy_host_free(&h);
}

/* More rules than may tell their time at once: each has its turn. */
static void
test_many_rules(void)
{
	struct policy_host *h = probes(2, "rules", "12500");
	uint32_t told[2] = {0, 0}, n = 1;
	struct msg_spent *spent;
	struct policy_ask *v;
	struct item it;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (int i = 0; i < 2; i++) {
		v = asks("nothing", &it, 1);
		policy_host_judge(h, v, 1, 1000);
		CU_ASSERT_TRUE(is_taken(h, v, 1));
		free(v);
		item_clear(&it);
	}
	/* Of 50,000 times 40,000 were told; of some rules both together. */
	for (int i = 0; n > 0; i++) {
		CU_ASSERT_FATAL(i < 3);
		policy_host_spent(h, &spent, &n);
		for (uint32_t k = 0; k < n; k++) {
			told[strncmp(spent[k].rule, "probe/p1-", 9) == 0] +=
			    (uint32_t)spent[k].cost.items;
			free(spent[k].rule);
		}
		free(spent);
	}
	CU_ASSERT_EQUAL(told[0], 5000);
	CU_ASSERT_EQUAL(told[1], 0);
	policy_host_free(&h);
}

/* Texts in which so much is found that it is more than a message: what has no room is
 * asked for again, until all is there. */
static void
test_many_findings(void)
{
	struct policy_host *h = probes(1, "told", "all: ");
	size_t n = 240, left;
	char text[LONG + 10];
	struct policy_ask *v;
	struct item it;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	memset(text, 'a', LONG);
	snprintf(text + LONG, sizeof(text) - LONG, "all: full");
	for (int round = 0; n > 0; n = left, round++) {
		v = asks(text, &it, n);
		policy_host_judge(h, v, n, 1000);
		left = 0;
		for (size_t i = 0; i < n; i++) {
			left += v[i].nretry;
			CU_ASSERT_PTR_NULL(v[i].degraded);
			CU_ASSERT_EQUAL(v[i].n, v[i].nretry > 0 ? 0 : TOSD_FINDINGS);
		}
		CU_ASSERT_FATAL(left < n && round < 10);
		CU_ASSERT_TRUE(is_taken(h, v, n));
		free(v);
		item_clear(&it);
	}
	policy_host_free(&h);
	/* One that would never have room is degraded. */
	h = probes(100, "told", "all: ");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	v = asks(text, &it, 1);
	policy_host_judge(h, v, 1, 1000);
	CU_ASSERT_EQUAL(v[0].nretry, 0);
	CU_ASSERT_EQUAL(v[0].n % TOSD_FINDINGS, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(v[0].degraded);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(v[0].degraded, "more is found in it than an answer holds"));
	CU_ASSERT_TRUE(is_taken(h, v, 1));
	free(v);
	item_clear(&it);
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"plugins", test_many_plugins},
    {"rules", test_many_rules},
    {"findings", test_many_findings},
};

SUITE_MAIN("policy_full", tests)
