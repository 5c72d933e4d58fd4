/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy: the gate for plugins, the host's checks on what they say, and the
 * verdict. Real shared objects, built beside this program, go through the real loader.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "policy/face.h"
#include "policy/fusion.h"
#include "policy/host.h"
#include "policy/plugin.h"
#include "policy/verdict.h"
#include "tests/suite.h"

#define PROBE TOSD_BUILDDIR "/plugins/probe/.libs/"
#define W(s) ((char[]){s}) /* a literal that may be pointed to without const */

static char problems[4000];

static void
note_problem(void *ctx, const char *text)
{
	(void)ctx;
	if (strlen(problems) + strlen(text) + 2 < sizeof(problems))
		strcat(strcat(problems, text), "\n");
}

/* A host with one plugin; NULL if it was refused (see problems). */
static struct policy_host *
host_of(const char *path, unsigned grant, const char *key, const char *value)
{
	static struct conf_setting set;
	static struct conf_plugin plugin;
	static struct conf_policy policy;
	static const char *names[] = {
	    "North Hall", "Ada Quill", "north hall", "Öresund"};
	static struct conf_safety safety = {.protect = names, .nprotect = 4};
	struct policy_options o = {
	    .conf = &policy, .safety = &safety, .report = note_problem};
	struct policy_host *h = NULL;

	set = (struct conf_setting){key, value};
	plugin = (struct conf_plugin){.name = "it",
	    .path = path,
	    .settings = &set,
	    .nsettings = key != NULL,
	    .grant = grant,
	    .file = "t.conf",
	    .line = 5};
	policy = (struct conf_policy){.plugins = &plugin, .nplugins = 1};
	problems[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

static struct policy_host *
probe(const char *key, const char *value)
{
	return host_of(PROBE "probe.so", TOSD_NEED_TEXT, key, value);
}

struct answer {
	struct finding *v;
	uint32_t n;
	char *degraded;
};

static struct answer
ask_flagged(struct policy_host *h, const char *text, uint32_t flags)
{
	struct answer a = {0};
	struct item it;

	item_init(&it);
	it.id = xstrdup("1");
	it.flags = flags;
	it.text = xstrdup(text);
	policy_host_check(h, "00112233aabbccdd", &it, 1000, &a.v, &a.n, &a.degraded);
	item_clear(&it);
	return a;
}

static struct answer
ask(struct policy_host *h, const char *text)
{
	return ask_flagged(h, text, 0);
}

static void
answer_clear(struct answer *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		finding_clear(&a->v[i]);
	free(a->v);
	free(a->degraded);
}

static void
test_abi_good(void)
{
	static const char *const good[] = {PROBE "older.so", PROBE "newer.so"};

	for (int i = 0; i < 2; i++) {
		struct policy_host *h = host_of(good[i], 0, NULL, NULL);
		struct answer a;

		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		a = ask(h, "anything");
		CU_ASSERT_EQUAL(a.n, 1);
		CU_ASSERT_STRING_EQUAL(a.v[0].rule, "abi/all");
		CU_ASSERT_EQUAL(a.v[0].mode, MODE_SHADOW);
		CU_ASSERT_EQUAL(strlen(a.v[0].pack), 64);
		CU_ASSERT_PTR_NULL(a.degraded);
		answer_clear(&a);
		policy_host_free(&h);
	}
}

/* Objects that were built with the header of 1.0 and 1.1 (plugins/probe/frozen.h), and
 * one for which this host is the old one: all slots that both know work. */
static void
test_abi_frozen(void)
{
	static const struct {
		const char *path;
		double score; /* its opinion, or what it found */
	} was[] = {{PROBE "frozen10.so", 0.5}, {PROBE "frozen11.so", 0.25},
	    {PROBE "frozen99.so", 0.25}};

	for (size_t i = 0; i < sizeof(was) / sizeof(was[0]); i++) {
		struct policy_host *h =
		    host_of(was[i].path, TOSD_NEED_TEXT | TOSD_NEED_SETS, NULL, NULL);
		const struct policy_score *scores;
		struct answer a;

		if (h == NULL)
			printf("\n  %s: %s", was[i].path, problems);
		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		a = ask(h, "one word");
		CU_ASSERT_PTR_NULL(a.degraded);
		if (a.degraded != NULL)
			printf("\n  %s: %s", was[i].path, a.degraded);
		CU_ASSERT_EQUAL_FATAL(a.n, 1);
		CU_ASSERT_STRING_EQUAL(a.v[0].rule, "frozen/word");
		CU_ASSERT_EQUAL(a.v[0].spans[0].start, 4);
		CU_ASSERT_EQUAL(policy_host_scores(h, &scores), 1);
		CU_ASSERT_DOUBLE_EQUAL(scores[0].value, was[i].score, 1e-9);
		answer_clear(&a);
		policy_host_free(&h);
	}
}

static void
test_abi_bad(void)
{
	static const struct {
		const char *path, *want;
	} bad[] = {
	    {PROBE "major.so", "version 2.0 of the plugin interface"},
	    {PROBE "nothing.so", "exports no symbol tosd_policy"},
	    {PROBE "code.so", "is not the table"},
	    {PROBE "short.so", "at least"},
	    {PROBE "liar.so", "is not the table"},
	    {PROBE "greedy.so",
		"needs something that this tosd doesn't have (unknown 0x100000)"},
	    {PROBE "nocheck.so", "its table is wrong: check() is missing"},
	    {PROBE "name.so", "its table is wrong: name must be [a-z][a-z0-9_-]*"},
	    {PROBE "rows.so", "nschema counts settings, and schema is NULL"},
	    {PROBE "preset.so",
		"the preset of `much' in its schema must be a number, not \"lots\""},
	    {PROBE "none.so", "No such file"},
	    {TOSD_BUILDDIR "/plugins", "not a plain file"},
	    {TOSD_SRCDIR "/plugins/tosd/policy.h", "invalid ELF header"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct policy_host *h = host_of(bad[i].path, ~0u & 0x1f, NULL, NULL);

		CU_ASSERT_PTR_NULL(h);
		CU_ASSERT_PTR_NOT_NULL(strstr(problems, bad[i].want));
		if (strstr(problems, bad[i].want) == NULL)
			printf("\n  %s: %s", bad[i].path, problems);
	}
}

/* Of two settings; problems has what was said. */
static void
refuse_settings(const struct conf_setting *set, size_t n)
{
	struct conf_plugin plugin = {.name = "it",
	    .path = PROBE "probe.so",
	    .settings = (struct conf_setting *)(uintptr_t)set,
	    .nsettings = n,
	    .grant = TOSD_NEED_TEXT,
	    .file = "t.conf",
	    .line = 5};
	struct conf_policy policy = {.plugins = &plugin, .nplugins = 1};
	struct policy_options o = {.conf = &policy, .report = note_problem};
	struct policy_host *h = NULL;

	problems[0] = '\0';
	CU_ASSERT_NOT_EQUAL(policy_host_new(&o, &h, NULL), 0);
	CU_ASSERT_PTR_NULL(h);
}

static size_t
lines(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

/* Every mistake in the settings is told, each in a line with its place. */
static void
test_all_mistakes(void)
{
	static const struct conf_setting three[] = {
	    {"crush", "x"}, {"selftest", "maybe"}, {"hung", "3"}};
	const char *crush, *hung, *maybe;

	refuse_settings(three, 3);
	crush =
	    strstr(problems, "plugin `it' (t.conf:5) has no setting `crush'; it has: ");
	hung =
	    strstr(problems, "plugin `it' (t.conf:5) has no setting `hung'; it has: ");
	maybe = strstr(problems,
	    "plugin `it' (t.conf:5): setting `selftest' must be true or false, not "
	    "\"maybe\"");
	CU_ASSERT_FATAL(crush != NULL && hung != NULL && maybe != NULL);
	CU_ASSERT(crush < hung && hung < maybe);
	CU_ASSERT_EQUAL(lines(problems), 3);
}

/* What strtod() and strtoll() take besides, and tosd.conf must not. */
static void
test_numbers(void)
{
	static const char *const good[] = {"1", "-3", "0.5", ".5", "2.", "1e3",
	    "-1.5E-2"},
				 *const bad[] = {"", "nan", "inf", "-inf", "0x1p-1",
				     " 0.5", "0.5 ", "+3", "0,5", "1e", "1e999", ".",
				     "-", "1.2.3"};
	struct policy_host *h;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		h = probe("number", good[i]);
		CU_ASSERT_PTR_NOT_NULL(h);
		policy_host_free(&h);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_PTR_NULL(probe("number", bad[i]));
		CU_ASSERT_PTR_NOT_NULL(strstr(problems, "`number' must be a number"));
		CU_ASSERT_PTR_NULL(probe("whole", bad[i]));
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(problems, "`whole' must be a whole number"));
	}
	CU_ASSERT_PTR_NULL(probe("whole", "0.5"));
	CU_ASSERT_PTR_NULL(probe("whole", "9223372036854775808"));
	h = probe("whole", "-9223372036854775808");
	CU_ASSERT_PTR_NOT_NULL(h);
	policy_host_free(&h);
}

/* Two plugins, the first of which writes to the text that it was lent. */
static void
test_lent(void)
{
	struct conf_setting vandal[] = {{"vandal", "wall"}, {"find", "##"}},
			    finder[] = {{"rule", "probe/second"}, {"find", "a wall"}};
	struct conf_plugin plugins[] = {{.name = "bad",
					    .path = PROBE "probe.so",
					    .settings = vandal,
					    .nsettings = 2,
					    .grant = TOSD_NEED_TEXT},
	    {.name = "good",
		.path = PROBE "probe.so",
		.settings = finder,
		.nsettings = 2,
		.grant = TOSD_NEED_TEXT}};
	struct conf_policy policy = {.plugins = plugins, .nplugins = 2};
	struct policy_options o = {.conf = &policy, .report = note_problem};
	struct policy_host *h = NULL;
	struct answer a;

	problems[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(policy_host_new(&o, &h, NULL), 0);
	a = ask(h, "here is a wall, and more");
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	CU_ASSERT_STRING_EQUAL(a.v[0].rule, "probe/second");
	CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
	CU_ASSERT_STRING_EQUAL(a.degraded, "bad: changed the item it was lent");
	answer_clear(&a);
	a = ask(h, "here is none ##");
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	CU_ASSERT_STRING_EQUAL(a.v[0].rule, "probe/word");
	CU_ASSERT_PTR_NULL(a.degraded);
	answer_clear(&a);
	policy_host_free(&h);
}

/* Why a plugin is not loaded goes to the engine, which takes text alone: where it is
 * cut, it is between characters, and whoever holds bytes of a stranger's escapes them.
 */
static void
test_long_reasons(void)
{
	char value[320];
	struct conf_setting set = {"whole", value};
	struct conf_plugin plugins[] = {{.name = "bad",
					    .path = PROBE "probe.so",
					    .settings = &set,
					    .nsettings = 1,
					    .grant = TOSD_NEED_TEXT},
	    {.name = "good", .path = PROBE "probe.so", .grant = TOSD_NEED_TEXT}};
	struct conf_policy policy = {.plugins = plugins, .nplugins = 2};
	struct policy_options o = {.conf = &policy};

	for (size_t controls = 200; controls < 260; controls++) {
		struct policy_host *h = NULL;
		struct msg m;

		memset(value, 1, controls);
		value[controls] = '\0';
		for (int i = 0; i < 25; i++)
			strcat(value, "\u00e4");
		CU_ASSERT_EQUAL_FATAL(policy_host_new(&o, &h, NULL), 0);
		msg_init(&m, MSG_RULES);
		policy_host_rules(h, &m.rules);
		CU_ASSERT_EQUAL_FATAL(m.rules.nmissing, 1);
		CU_ASSERT(
		    text_valid(m.rules.missing[0].why, strlen(m.rules.missing[0].why)));
		msg_clear(&m);
		policy_host_free(&h);
	}
}

/* A result that is none, and no words: both are said. */
static void
test_no_words(void)
{
	struct policy_host *h = probe("fault", "zap ");
	struct answer a = ask(h, "zap seven");

	CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
	CU_ASSERT_STRING_EQUAL(
	    a.degraded, "it: returned 7, which is no result of check()");
	answer_clear(&a);
	a = ask(h, "zap silent");
	CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
	CU_ASSERT_STRING_EQUAL(a.degraded, "it: it does not say why");
	answer_clear(&a);
	policy_host_free(&h);
	CU_ASSERT_PTR_NULL(probe("open", "seven"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems,
	    "(t.conf:5) did not open: returned 7, which is no result of open()"));
	CU_ASSERT_PTR_NULL(probe("open", "silent"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "did not open: it does not say why"));
	/* Why open() waits is not why the test failed. */
	CU_ASSERT_PTR_NULL(probe("open", "dumb"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "failed its own test: it does not say why"));
}

/* What it says is kept, sent and logged: not without end. */
static void
test_flood(void)
{
	struct policy_host *h = probe("open", "flood");
	struct msg m;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_EQUAL_FATAL(m.rules.nproblems, 1001);
	CU_ASSERT_STRING_EQUAL(m.rules.problems[999], "it: too much");
	CU_ASSERT_STRING_EQUAL(m.rules.problems[1000], "it: and 4000 more");
	msg_clear(&m);
	policy_host_free(&h);
}

/* A copy of the probe that may be spoilt. */
static void
copy_probe(const char *to)
{
	struct buf b = {0};
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(file_read(PROBE "probe.so", 1 << 24, &b, &e), 0);
	CU_ASSERT_EQUAL_FATAL(file_write(to, b.data, b.len, 0700, FILE_NOSYNC, &e), 0);
	buf_free(&b);
}

static void
test_file_rules(void)
{
	char dir[] = "/tmp/tosd-policy-XXXXXX", path[100], link[100];
	struct policy_host *h;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/p.so", dir);
	snprintf(link, sizeof(link), "%s/link.so", dir);
	copy_probe(path);
	CU_ASSERT_EQUAL(symlink(path, link), 0);
	h = host_of(path, TOSD_NEED_TEXT, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL(h);
	policy_host_free(&h);
	CU_ASSERT_PTR_NULL(host_of(link, TOSD_NEED_TEXT, NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "a symlink"));
	chmod(path, 0720);
	CU_ASSERT_PTR_NULL(host_of(path, TOSD_NEED_TEXT, NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "others may write it"));
	chmod(path, 0702);
	CU_ASSERT_PTR_NULL(host_of(path, TOSD_NEED_TEXT, NULL, NULL));
	chmod(path, 0700);
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(chown(path, 4711, 0), 0);
		CU_ASSERT_PTR_NULL(host_of(path, TOSD_NEED_TEXT, NULL, NULL));
		CU_ASSERT_PTR_NOT_NULL(strstr(problems, "owned by uid 4711"));
	}
	unlink(path);
	unlink(link);
	rmdir(dir);
}

static void
test_grants_and_settings(void)
{
	CU_ASSERT_PTR_NULL(host_of(PROBE "probe.so", TOSD_NEED_LINKS, NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "needs text, which is not granted"));
	CU_ASSERT_PTR_NULL(probe("crush", "x"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "t.conf:5) has no setting `crush'"));
	CU_ASSERT_PTR_NULL(probe("selftest", "maybe"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "must be true or false, not \"maybe\""));
	CU_ASSERT_PTR_NULL(probe("selftest", "false"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "failed its own test: told so"));
	CU_ASSERT_PTR_NULL(probe("open", "fail"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "did not open: told to fail"));
	CU_ASSERT_PTR_NULL(probe("open", "norule"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "has no rules"));
	CU_ASSERT_PTR_NULL(probe("open", "badrule"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "rule `Probe Word': its id must be"));
	CU_ASSERT_PTR_NULL(probe("open", "category"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(problems, "its category must be 1 to 32 of a-z, 0-9 and '-'"));
	CU_ASSERT_PTR_NULL(probe("open", "twice"));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "declared twice"));
}

static void
test_bad_findings(void)
{
	static const struct {
		const char *how, *text, *want;
	} bad[] = {
	    {"rule", "abcdef", "has not declared"},
	    {"score", "abcdef", "not 0 to 1"},
	    {"nan", "abcdef", "not 0 to 1"},
	    {"outside", "abcdef", "outside of the text"},
	    {"empty", "abcdef", "empty or ends before it begins"},
	    {"order", "abcdef", "not in order"},
	    {"cut", "é found", "cuts a character"},
	    {"size", "abcdef", "without its size"},
	    {"budget", "abcdef", "spent less than nothing"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct policy_host *h = probe("bad", bad[i].how);
		struct answer a;

		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		a = ask(h, bad[i].text);
		CU_ASSERT_EQUAL(a.n, strstr(bad[i].text, "found") != NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
		CU_ASSERT_PTR_NOT_NULL(strstr(a.degraded, bad[i].want));
		answer_clear(&a);
		policy_host_free(&h);
	}
}

static void
test_degraded(void)
{
	struct policy_host *h = probe("abstain", "hmm");
	struct answer a = ask(h, "found, hmm");

	CU_ASSERT_EQUAL(a.n, 1);
	CU_ASSERT_STRING_EQUAL(a.degraded, "it: told to abstain");
	answer_clear(&a);
	a = ask(h, "nothing");
	CU_ASSERT_EQUAL(a.n, 0);
	CU_ASSERT_PTR_NULL(a.degraded);
	answer_clear(&a);
	a = ask(h, "broken \xff found");
	CU_ASSERT_EQUAL(a.n, 0);
	CU_ASSERT_PTR_NOT_NULL(a.degraded);
	answer_clear(&a);
	policy_host_free(&h);
	h = probe("spend", "dear");
	a = ask(h, "dear found");
	CU_ASSERT_STRING_EQUAL(a.degraded, "it: went over its budget");
	CU_ASSERT_EQUAL(a.n, 1);
	answer_clear(&a);
	policy_host_free(&h);
}

static void
test_long_text(void)
{
	struct policy_host *h = probe(NULL, NULL);
	size_t n = POLICY_TEXT_MAX + 4;
	char *s = xmalloc(n + 6);
	struct answer a;

	memset(s, 'a', n);
	memcpy(s + POLICY_TEXT_MAX - 1, "\xc3\xa9", 2); /* the limit cuts a character */
	memcpy(s + n, "found", 6);
	a = ask(h, s);
	CU_ASSERT_EQUAL(a.n, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.degraded, "longer than 1 MiB"));
	answer_clear(&a);
	/* What a limit of reading has cut: what is there counts, the rest is not clean.
	 */
	a = ask_flagged(h, "found", ITEM_TRUNCATED);
	CU_ASSERT_EQUAL(a.n, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a.degraded);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.degraded, "cut at a limit"));
	answer_clear(&a);
	free(s);
	policy_host_free(&h);
}

static void
test_digest(void)
{
	struct policy_host *a = probe("find", "one"), *b = probe("find", "one"),
			   *c = probe("find", "two");
	struct msg_rules r;
	struct msg m;

	CU_ASSERT_EQUAL(strlen(policy_host_digest(a)), 64);
	CU_ASSERT_STRING_EQUAL(policy_host_digest(a), policy_host_digest(b));
	CU_ASSERT_STRING_NOT_EQUAL(policy_host_digest(a), policy_host_digest(c));
	policy_host_rules(a, &r);
	CU_ASSERT_EQUAL(r.n, 1);
	CU_ASSERT_STRING_EQUAL(r.v[0].rule, "probe/word");
	CU_ASSERT_EQUAL(r.v[0].rev, 3);
	CU_ASSERT_STRING_EQUAL(r.digest, policy_host_digest(a));
	msg_init(&m, MSG_RULES);
	m.rules = r;
	msg_clear(&m);
	policy_host_free(&a);
	policy_host_free(&b);
	policy_host_free(&c);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What a plugin may see; asked through the table itself. */
static void
test_face(void)
{
	const char *names[] = {"Ada Quill", "North Hall"};
	struct policy_set set = {"@protected", names, 2};
	struct policy_face f = {.plugin = "t",
	    .object = "",
	    .sets = &set,
	    .nsets = 1,
	    .granted = TOSD_NEED_SETS | TOSD_NEED_AUTHOR};
	struct item it;
	struct tosd_item a = {.it = &it, .text = "x", .len = 1, .tenant = "t1"},
			 b = {.it = &it, .text = "x", .len = 1, .tenant = "t2"};
	struct tosd_rule rule = {
	    sizeof(rule), "t/t", 1, NULL, "1", "test", TOSD_LOW, TOSD_DRAFT};
	const struct tosd_host *h;
	const char *why = "";
	char first[33] = "";

	item_init(&it);
	it.author = xstrdup("Eve");
	policy_face_init(&f);
	h = f.table;
	CU_ASSERT_EQUAL(
	    h->in_set(h, "@protected", (struct tosd_str){"NORTH hall", 10}), 1);
	CU_ASSERT_EQUAL(h->in_set(h, "@protected", (struct tosd_str){"North", 5}), 0);
	CU_ASSERT_EQUAL(
	    h->in_set(h, "@protected", (struct tosd_str){"North Hall2", 11}), 0);
	CU_ASSERT_EQUAL(h->in_set(h, "@other", (struct tosd_str){"x", 1}), -1);
	CU_ASSERT_EQUAL(h->set_at(h, "@protected", 1).len, 10);
	CU_ASSERT_EQUAL(h->set_at(h, "@protected", 2).len, 0);
	CU_ASSERT_EQUAL(h->field(h, &a, TOSD_TEXT).len, 0);
	CU_ASSERT_EQUAL(h->field(h, &a, (enum tosd_field)99).len, 0);
	CU_ASSERT_EQUAL(h->field(h, &a, TOSD_AUTHOR).len, 32);
	memcpy(first, h->field(h, &a, TOSD_AUTHOR).ptr, 32);
	CU_ASSERT_NOT_EQUAL(memcmp(first, h->field(h, &b, TOSD_AUTHOR).ptr, 32), 0);
	CU_ASSERT_PTR_NULL(strstr(first, "Eve"));
	/* What a rule means is said while it is declared, of rules that are there. */
	CU_ASSERT_EQUAL(h->means(h, 0, HASH, &why), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "open() only"));
	f.phase = POLICY_OPENING;
	CU_ASSERT_EQUAL(h->means(h, 0, HASH, &why), -1);
	CU_ASSERT_EQUAL(h->declare(h, &rule, &why), 0);
	CU_ASSERT_EQUAL(h->means(h, 1, HASH, &why), -1);
	CU_ASSERT_EQUAL(h->means(h, -1, HASH, &why), -1);
	CU_ASSERT_EQUAL(h->means(h, 0, HASH "0", &why), -1);
	CU_ASSERT_EQUAL(h->means(h, 0, "x", &why), -1);
	CU_ASSERT_EQUAL(h->means(h, 0, NULL, &why), -1);
	CU_ASSERT_PTR_NULL(f.rules[0].meaning);
	CU_ASSERT_EQUAL(h->means(h, 0, HASH, &why), 0);
	CU_ASSERT_STRING_EQUAL(f.rules[0].meaning, HASH);
	/* Retired is what is not declared, whatever its mode was. */
	CU_ASSERT_EQUAL(h->retired(h, NULL, &why), -1);
	CU_ASSERT_EQUAL(h->retired(h, &rule, &why), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "is declared twice"));
	rule.id = "a b";
	CU_ASSERT_EQUAL(h->retired(h, &rule, &why), -1);
	rule.id = "old/one";
	rule.mode = -1;
	CU_ASSERT_EQUAL(h->retired(h, &rule, &why), 0);
	CU_ASSERT_EQUAL_FATAL(f.nretired, 1);
	CU_ASSERT_STRING_EQUAL(f.retired[0].id, "old/one");
	CU_ASSERT_EQUAL(f.nrules, 1);
	f.phase = POLICY_IDLE;
	CU_ASSERT_EQUAL(h->retired(h, &rule, &why), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "retired() is for open() only"));
	item_clear(&it);
	policy_face_clear(&f);
}

/* A crash or a hang takes the process with it, and only that: the worker's business. */
static void
test_crash_and_hang(void)
{
	static const char *const key[] = {"crash", "hang"};

	for (int i = 0; i < 2; i++) {
		struct policy_host *h = probe(key[i], "boom");
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct answer a;

			alarm(1);
			a = ask(h, "boom");
			_exit(a.n > 0);
		}
		waitpid(pid, &status, 0);
		CU_ASSERT_TRUE(WIFSIGNALED(status));
		CU_ASSERT_EQUAL(WTERMSIG(status), i == 0 ? SIGABRT : SIGALRM);
		policy_host_free(&h);
	}
}

static void
test_verdict(void)
{
	struct finding f[] = {
	    {.rule = W("a"),
		.category = W("violence"),
		.score = 0.6,
		.mode = MODE_ENFORCE},
	    {.rule = W("a"),
		.category = W("violence"),
		.score = 0.9,
		.mode = MODE_ENFORCE},
	    {.rule = W("a"),
		.category = W("violence"),
		.score = 0.9,
		.mode = MODE_ENFORCE},
	    {.rule = W("b"),
		.category = W("violence"),
		.score = 0.9,
		.mode = MODE_SHADOW},
	    {.rule = W("c"),
		.category = W("violence"),
		.score = 0.4,
		.mode = MODE_ENFORCE},
	    {.rule = W("d"),
		.category = W("safety"),
		.score = 0.5,
		.mode = MODE_ENFORCE},
	    {.rule = W("e"),
		.category = W("violence"),
		.score = 1.0,
		.mode = MODE_CANARY},
	};
	static const enum policy_lane want[] = {POLICY_LANE_NONE, POLICY_LANE_CASE,
	    POLICY_LANE_NONE, POLICY_LANE_NONE, POLICY_LANE_NONE, POLICY_LANE_SAFETY,
	    POLICY_LANE_REVIEW};
	enum policy_lane got[7];

	CU_ASSERT_EQUAL(policy_verdict(f, 7, 0.5, got), 3);
	for (int i = 0; i < 7; i++)
		CU_ASSERT_EQUAL(got[i], want[i]);
	CU_ASSERT_EQUAL(policy_verdict(f, 0, 0.5, got), 0);
}

/* The sample is built as a stranger would: from the header alone. */
static void
test_sample(void)
{
	char so[] = "/tmp/tosd-sample-XXXXXX", cmd[600];
	int fd = mkstemp(so);
	struct policy_host *h;
	struct answer a;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	close(fd);
	snprintf(cmd, sizeof(cmd),
	    "cc -std=c11 -Wall -Wextra -Werror -pedantic -shared -fPIC -o "
	    "%s " TOSD_SRCDIR "/plugins/sample/shouting.c -I" TOSD_SRCDIR "/plugins",
	    so);
	CU_ASSERT_EQUAL(system(cmd), 0);
	chmod(so, 0700);
	h = host_of(so, TOSD_NEED_TEXT, "letters", "10");
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask(h, "WHAT IS THIS? I CANNOT HEAR YOU");
	CU_ASSERT_EQUAL(a.n, 1);
	answer_clear(&a);
	a = ask(h, "What is this? I can hear you");
	CU_ASSERT_EQUAL(a.n, 0);
	answer_clear(&a);
	policy_host_free(&h);
	unlink(so);
}

static double
score_of(const struct policy_host *h, const char *category)
{
	const struct policy_score *v;
	size_t n = policy_host_scores(h, &v);

	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].category, category) == 0)
			return v[i].value;
	return -1;
}

/* Every item of a batch has its own score, and what the plugin took is counted once. */
static void
test_batch(void)
{
	static const char *const texts[] = {
	    "nothing here", "it is found here", "nothing"};
	struct policy_host *h = probe("score", "good");
	struct policy_ask v[3];
	struct item it[3];
	struct msg_cost *costs;
	uint32_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (int i = 0; i < 3; i++) {
		item_init(&it[i]);
		it[i].text = xstrdup(texts[i]);
		v[i] = (struct policy_ask){.tenant = "00112233aabbccdd", .it = &it[i]};
	}
	policy_host_judge(h, v, 3, 1000);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(v[i].nopinions, 1);
		CU_ASSERT_STRING_EQUAL(v[i].opinions[0].category, "test");
		CU_ASSERT_DOUBLE_EQUAL(v[i].opinions[0].value, 0.5, 1e-9);
		CU_ASSERT_DOUBLE_EQUAL(v[i].opinions[0].none, -1, 1e-9);
		CU_ASSERT_EQUAL(v[i].n, i == 1);
		/* Which of the item's findings are its own. */
		CU_ASSERT_EQUAL(v[i].opinions[0].first, 0);
		CU_ASSERT_EQUAL(v[i].opinions[0].n, i == 1);
		policy_ask_clear(&v[i]);
		item_clear(&it[i]);
	}
	policy_host_costs(h, &costs, &n);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_STRING_EQUAL(costs[0].plugin, "it");
	CU_ASSERT_EQUAL(costs[0].cost.items, 3);
	CU_ASSERT_EQUAL(costs[0].cost.failed, 0);
	CU_ASSERT(costs[0].cost.ns > 0);
	free(costs[0].plugin);
	free(costs);
	policy_host_costs(h, &costs, &n);
	CU_ASSERT_EQUAL(n, 0);
	free(costs);
	policy_host_free(&h);
}

/* A plugin's opinion, good and bad, through the real host. */
static void
test_scores(void)
{
	static const char *const bad[] = {
	    "twice", "other", "nan", "high", "weight", "size"};
	struct policy_host *h = probe("score", "good");
	struct answer a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = ask(h, "nothing here");
	CU_ASSERT_PTR_NULL(a.degraded);
	/* 0.5, and nobody else has found anything: logistic(0 - 1) */
	CU_ASSERT_DOUBLE_EQUAL(score_of(h, "test"), 0.268941, 1e-5);
	CU_ASSERT_DOUBLE_EQUAL(score_of(h, "violence"), -1, 0);
	answer_clear(&a);
	/* What it finds itself is no news to its own opinion. */
	a = ask(h, "it is found here");
	CU_ASSERT_EQUAL(a.n, 1);
	CU_ASSERT_DOUBLE_EQUAL(score_of(h, "test"), 0.268941, 1e-5);
	answer_clear(&a);
	policy_host_free(&h);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h = probe("score", bad[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		a = ask(h, "nothing here");
		CU_ASSERT_PTR_NOT_NULL(a.degraded);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(a.degraded != NULL ? a.degraded : "", "score"));
		answer_clear(&a);
		policy_host_free(&h);
	}
	/* Without opinions: the highest finding, or 0. */
	h = probe(NULL, NULL);
	a = ask(h, "it is found here");
	CU_ASSERT_DOUBLE_EQUAL(score_of(h, "test"), 0.5, 1e-12);
	answer_clear(&a);
	a = ask(h, "nothing here");
	CU_ASSERT_DOUBLE_EQUAL(score_of(h, "test"), 0, 0);
	answer_clear(&a);
	policy_host_free(&h);
}

static void
test_fusion(void)
{
	static char violence[] = "violence", spam[] = "spam";
	struct finding v[] = {
	    {.category = violence, .score = 0.4, .mode = MODE_ENFORCE},
	    {.category = violence, .score = 0.9, .mode = MODE_SHADOW},
	    {.category = spam, .score = 1, .mode = MODE_ENFORCE},
	    {.category = violence, .score = 0.7, .mode = MODE_ENFORCE}};
	/* The first finding is its own. */
	const struct msg_opinion o[] = {{violence, 0.5, 2, -1, 0, 1}};

	CU_ASSERT_DOUBLE_EQUAL(policy_fusion(0.5, 2, -1, -1), 0.268941, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion(0.5, 2, -1, 1), 0.880797, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion(0.5, 2, -1, 0.5), 0.731059, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion(0.3, 0, 0, -1), 0.3, 1e-9);
	CU_ASSERT(
	    policy_fusion(0, 20, -20, 1) > 0 && policy_fusion(1, 20, -20, -1) < 1);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion_enforced(v, 4, "violence", 0, 0), 0.7, 0);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion_enforced(v, 4, "violence", 3, 4), 0.4, 0);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion_enforced(v, 4, "hate", 0, 0), -1, 0);
	/* Without an opinion: the highest finding of any mode. */
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion_score(v, 4, "violence", NULL, 0), 0.9, 0);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion_score(NULL, 0, "violence", NULL, 0), 0, 0);
	/* What is only in shadow weighs nothing; nor does one's own finding. */
	CU_ASSERT_DOUBLE_EQUAL(
	    policy_fusion_score(v, 4, "violence", o, 1), 0.802184, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(
	    policy_fusion_score(v, 3, "violence", o, 1), 0.268941, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(policy_fusion_score(v, 3, "spam", o, 1), 1, 0);
}

static const struct suite_test tests[] = {
    {"scores", test_scores},
    {"scores and costs of a batch", test_batch},
    {"fusion", test_fusion},
    {"older and newer plugins run", test_abi_good},
    {"plugins built with older and newer headers run", test_abi_frozen},
    {"other tables are refused", test_abi_bad},
    {"files that others could have written are refused", test_file_rules},
    {"grants, settings, open and selftest", test_grants_and_settings},
    {"too many lines while it opens", test_flood},
    {"all mistakes in settings are told", test_all_mistakes},
    {"numbers are digits", test_numbers},
    {"what is lent is given back as it was", test_lent},
    {"no words are said in ours", test_no_words},
    {"long reasons", test_long_reasons},
    {"bad findings are refused", test_bad_findings},
    {"no answer is an answer", test_degraded},
    {"long texts", test_long_text},
    {"the digest names the policy", test_digest},
    {"what a plugin sees", test_face},
    {"crash and hang end the process", test_crash_and_hang},
    {"verdict", test_verdict},
    {"the sample plugin", test_sample},
};

SUITE_MAIN("policy", tests)
