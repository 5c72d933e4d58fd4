/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_host: packs in a folder of their own, through the real plugin and the real host.
 * Shared by test_rules*.c; rules_dir_make() before, rules_dir_remove() after.
 */
#ifndef TESTS_RULES_HOST_H
#define TESTS_RULES_HOST_H

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "policy/host.h"
#include "tests/suite.h"

#define RULES_PLUGIN TOSD_BUILDDIR "/plugins/rules/.libs/rules.so"

static char rules_dir[64];
static char rules_problems[40000], rules_notes[40000];

static inline void
rules_keep(char *to, size_t size, const char *text)
{
	if (strlen(to) + strlen(text) + 2 < size)
		strcat(strcat(to, text), "\n");
}

static inline void
rules_problem(void *ctx, const char *text)
{
	(void)ctx;
	rules_keep(rules_problems, sizeof(rules_problems), text);
}

static inline void
rules_note(void *ctx, const char *text)
{
	(void)ctx;
	rules_keep(rules_notes, sizeof(rules_notes), text);
}

static inline bool
rules_dir_make(void)
{
	snprintf(rules_dir, sizeof(rules_dir), "/tmp/tosd-rules-XXXXXX");
	return mkdtemp(rules_dir) != NULL;
}

static inline void
rules_clear(void)
{
	char pattern[200];
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/*", rules_dir);
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
}

static inline void
rules_dir_remove(void)
{
	rules_clear();
	rmdir(rules_dir);
}

static inline void
rules_write(const char *name, const char *text)
{
	struct err e = ERR_INIT;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", rules_dir, name);
	CU_ASSERT_EQUAL_FATAL(
	    file_write(path, text, strlen(text), 0600, FILE_NOSYNC, &e), 0);
}

/* NULL: rules_problems says why.  key, value: a setting of the plugin, or NULL. */
static inline struct policy_host *
rules_open(const char *key, const char *value)
{
	struct conf_setting setting = {key, value};
	struct conf_plugin plugin = {.name = "rules",
	    .path = RULES_PLUGIN,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS,
	    .settings = &setting,
	    .nsettings = key != NULL};
	struct conf_policy policy = {
	    .plugins = &plugin, .nplugins = 1, .packs_dir = rules_dir};
	struct policy_options o = {
	    .conf = &policy, .report = rules_problem, .note = rules_note};
	struct policy_host *h = NULL;

	rules_problems[0] = rules_notes[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

/* One pack, alone in the folder. */
static inline struct policy_host *
rules_open_pack(const char *text)
{
	rules_clear();
	rules_write("p.conf", text);
	return rules_open(NULL, NULL);
}

struct rules_answer {
	struct finding *v;
	uint32_t n;
	char *degraded;
};

static inline struct rules_answer
rules_ask(struct policy_host *h, const char *text)
{
	struct rules_answer a = {NULL, 0, NULL};
	struct item it;

	item_init(&it);
	it.text = xstrdup(text);
	policy_host_check(h, "k", &it, 0, &a.v, &a.n, &a.degraded);
	item_clear(&it);
	return a;
}

static inline void
rules_answer_clear(struct rules_answer *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		finding_clear(&a->v[i]);
	free(a->v);
	free(a->degraded);
}

/* How many rules find something in the text, which is wholly judged. */
static inline uint32_t
rules_count(struct policy_host *h, const char *text)
{
	struct rules_answer a = rules_ask(h, text);
	uint32_t n = a.n;

	CU_ASSERT_PTR_NULL(a.degraded);
	rules_answer_clear(&a);
	return n;
}

/* The score of the only finding; -1: there is none, or several. */
static inline double
rules_score(struct policy_host *h, const char *text)
{
	struct rules_answer a = rules_ask(h, text);
	double score = a.n == 1 ? a.v[0].score : -1;

	rules_answer_clear(&a);
	return score;
}

#endif
