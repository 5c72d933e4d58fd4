/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_ask: plugins that ask models, in the host: what is a question, what comes
 * of an answer, and that nothing of it can ever count.
 */
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "policy/face.h"
#include "policy/host.h"
#include "policy/verdict.h"
#include "tests/suite.h"

#define PROBE TOSD_BUILDDIR "/plugins/probe/.libs/"
#define ALL (TOSD_NEED_TEXT | TOSD_NEED_ASK | TOSD_NEED_FOUND)
#define TEXT "it was found here"

static char problems[2000];

static void
note_problem(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(problems, sizeof(problems), "%s", text);
}

/* The asker first, then the probe, whose findings it sees all the same. */
static struct policy_host *
host_of(const char *how, unsigned grant)
{
	static struct conf_setting set;
	static struct conf_endpoint endpoint = {.name = "local"};
	static struct conf_plugin plugins[2];
	static struct conf_policy policy;
	struct policy_options o = {.conf = &policy, .report = note_problem};
	struct policy_host *h = NULL;

	set = (struct conf_setting){"how", how};
	plugins[0] = (struct conf_plugin){.name = "asker",
	    .path = PROBE "asker.so",
	    .settings = &set,
	    .nsettings = 1,
	    .grant = grant};
	plugins[1] = (struct conf_plugin){
	    .name = "probe", .path = PROBE "probe.so", .grant = TOSD_NEED_TEXT};
	policy = (struct conf_policy){
	    .plugins = plugins, .nplugins = 2, .endpoints = &endpoint, .nendpoints = 1};
	problems[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

static void
judge(struct policy_host *h, struct item *it, struct policy_ask *a)
{
	item_init(it);
	it->id = xstrdup("1");
	it->text = xstrdup(TEXT);
	a->it = it;
	a->tenant = "00112233aabbccdd";
	policy_host_judge(h, a, 1, 1000);
}

static const struct finding *
finding_of(const struct policy_ask *a, const char *rule)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (strcmp(a->findings[i].rule, rule) == 0)
			return &a->findings[i];
	return NULL;
}

static void
done(struct policy_host *h, struct item *it, struct policy_ask *a)
{
	policy_ask_clear(a);
	item_clear(it);
	policy_host_free(&h);
}

/* Without an answer: the question comes back, the plugin waits, others count at once.
 */
static void
test_question(void)
{
	struct policy_host *h = host_of("good", ALL);
	struct policy_ask a = {0};
	struct item it;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	judge(h, &it, &a);
	CU_ASSERT_PTR_NULL(a.degraded);
	CU_ASSERT_EQUAL_FATAL(a.nretry, 1);
	CU_ASSERT_STRING_EQUAL(a.retry[0].plugin, "asker");
	CU_ASSERT_FALSE(a.retry[0].lost);
	CU_ASSERT_EQUAL_FATAL(a.nquestions, 1);
	CU_ASSERT_STRING_EQUAL(a.questions[0].endpoint, "local");
	CU_ASSERT_STRING_EQUAL(a.questions[0].model, "m-1");
	CU_ASSERT_STRING_EQUAL(a.questions[0].body.data, TEXT);
	CU_ASSERT_PTR_NULL(a.questions[0].prompt);
	CU_ASSERT_PTR_NOT_NULL(finding_of(&a, "probe/word"));
	CU_ASSERT_PTR_NULL(finding_of(&a, "asker/said"));
	done(h, &it, &a);
}

/* What a whole batch asks goes back in one message: who finds no room asks later, and
 * is not clean meanwhile. */
static void
test_questions_of_many(void)
{
	enum { MANY = 300, LONG = 240000 };
	struct policy_host *h = host_of("good", ALL);
	struct policy_ask *v = xcalloc(MANY, sizeof(*v));
	struct item it;
	size_t asked = 0, later = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	item_init(&it);
	it.id = xstrdup("1");
	it.text = xmalloc(LONG + 1);
	memset(it.text, 'x', LONG);
	it.text[LONG] = '\0';
	for (int i = 0; i < MANY; i++)
		v[i] = (struct policy_ask){.it = &it, .tenant = "00112233aabbccdd"};
	policy_host_judge(h, v, MANY, 1000);
	for (int i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL(v[i].nretry, 1);
		CU_ASSERT_PTR_NULL(v[i].degraded);
		asked += v[i].nquestions;
		later += v[i].nquestions == 0;
		policy_ask_clear(&v[i]);
	}
	CU_ASSERT(asked > 0 && asked * LONG <= MSG_MAX / 4);
	CU_ASSERT_EQUAL(asked + later, MANY);
	free(v);
	item_clear(&it);
	policy_host_free(&h);
}

static void
answer_of(const char *text, struct msg_answer *out)
{
	char key[DIGEST_HEX];

	msg_question_key("local", ASK_CHAT, text, strlen(text), key);
	*out = (struct msg_answer){.key = xstrdup(key), .status = 200};
	buf_puts(&out->body, "yes, it is");
}

/* With one: the same findings each time, none of them more than a review. */
static void
test_answer(void)
{
	struct policy_host *h = host_of("good", ALL);
	struct msg_answer known[2];
	struct policy_ask a = {.answers = known, .nanswers = 2};
	enum policy_lane lanes[8];
	const struct finding *f;
	struct item it;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	answer_of("another text", &known[0]);
	answer_of(TEXT, &known[1]);
	judge(h, &it, &a);
	CU_ASSERT_EQUAL(a.nretry + a.nquestions, 0);
	CU_ASSERT_PTR_NULL(a.degraded);
	CU_ASSERT_EQUAL_FATAL(a.n, 4);
	f = finding_of(&a, "asker/said");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->mode, MODE_REVIEW);
	CU_ASSERT_EQUAL(f->score, 1);
	CU_ASSERT_STRING_EQUAL(f->reason, "yes, it is");
	CU_ASSERT_EQUAL(finding_of(&a, "asker/safety")->mode, MODE_REVIEW);
	CU_ASSERT_EQUAL(finding_of(&a, "asker/draft")->mode, MODE_DRAFT);
	/* The probe's rule is enforced, and the only one of them that counts. */
	CU_ASSERT_EQUAL(policy_verdict(a.findings, a.n, 0, lanes), 1);
	for (uint32_t i = 0; i < a.n; i++)
		CU_ASSERT_EQUAL(lanes[i] != POLICY_LANE_NONE,
		    strcmp(a.findings[i].rule, "probe/word") == 0);
	/* It saw what the plugin behind it in the list had found. */
	CU_ASSERT_STRING_EQUAL(finding_of(&a, "asker/draft")->reason,
	    "others: probe/word test 10 3 0.50 7-12");
	msg_answer_clear(&known[0]);
	msg_answer_clear(&known[1]);
	done(h, &it, &a);
}

/* A report comes before what others found, and is no finding itself. */
static void
test_reported(void)
{
	struct policy_host *h = host_of("good", ALL);
	struct policy_ask a = {.reported = true};
	struct item it;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	judge(h, &it, &a);
	CU_ASSERT_STRING_EQUAL(finding_of(&a, "asker/draft")->reason,
	    "others: host/report report 10 1 1.00 0-0 probe/word test 10 3 0.50 7-12");
	CU_ASSERT_PTR_NULL(finding_of(&a, "host/report"));
	CU_ASSERT_EQUAL(a.n, 2);
	done(h, &it, &a);
}

/* The name of a mode is no way around it. */
static void
test_rules_say_so(void)
{
	struct policy_host *h = host_of("good", ALL);
	struct msg m;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	for (uint32_t i = 0; i < m.rules.n; i++)
		if (strncmp(m.rules.v[i].rule, "asker/", 6) == 0) {
			CU_ASSERT(m.rules.v[i].mode != MODE_ENFORCE);
			/* Nor can people make them count. */
			CU_ASSERT_EQUAL(m.rules.v[i].limit, MODE_SHADOW);
		}
	msg_clear(&m);
	policy_host_free(&h);
}

static void
test_bad_questions(void)
{
	static const char *const bad[][2] = {
	    {"waits", "waits, and has asked nothing"},
	    {"endpoint", "to an endpoint that is not configured"},
	    {"kind", "of an unknown kind"},
	    {"model", "without the name of a model"},
	    {"prompt", "whose prompt is no digest"},
	    {"size", "a question without its size"},
	    {"empty", "empty, too long or no UTF-8"},
	    {"bytes", "empty, too long or no UTF-8"},
	    {"many", "too many questions about one item"},
	    {"answer", "asked for an answer without its size"},
	    {"none", "asked for an answer without its size"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct policy_host *h = host_of(bad[i][0], ALL);
		struct policy_ask a = {0};
		struct item it;

		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		judge(h, &it, &a);
		CU_ASSERT_EQUAL(a.nquestions, 0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
		CU_ASSERT_PTR_NOT_NULL(strstr(a.degraded, bad[i][1]));
		done(h, &it, &a);
	}
}

/* Skipped: not asked any more; the item is judged without it. */
static void
test_skip(void)
{
	static char name[] = "asker";
	static char *skip[] = {name};
	struct policy_host *h = host_of("good", ALL);
	struct policy_ask a = {.skip = skip, .nskip = 1};
	struct item it;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	judge(h, &it, &a);
	CU_ASSERT_EQUAL(a.nquestions + a.nretry, 0);
	CU_ASSERT_EQUAL(a.n, 1);
	done(h, &it, &a);
}

static void
test_grant(void)
{
	struct policy_host *h = host_of("good", TOSD_NEED_TEXT | TOSD_NEED_FOUND);

	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "needs ask, which is not granted"));
	policy_host_free(&h);
	h = host_of("good", TOSD_NEED_TEXT | TOSD_NEED_ASK);
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "needs found, which is not granted"));
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"a question without an answer", test_question},
    {"questions of many items", test_questions_of_many},
    {"an answer, which never counts", test_answer},
    {"a report", test_reported},
    {"the rules that are told", test_rules_say_so},
    {"bad questions are refused", test_bad_questions},
    {"a plugin that is given up", test_skip},
    {"asking has to be granted", test_grant},
};

SUITE_MAIN("policy_ask", tests)
