/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_hostile: packs that are made to cost time or memory, or to read what is
 * not theirs; and how loading grows with the number of rules.
 */
#include <time.h>

#include "tests/rules_host.h"
#include "tests/rules_made.h"

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The pack is refused, with these words. */
static void
refused(const char *text, const char *want)
{
	struct policy_host *h = rules_open_pack(text);

	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, want));
	if (strstr(rules_problems, want) == NULL)
		printf("\n  wanted: %s\n  got: %.300s", want, rules_problems);
	policy_host_free(&h);
}

static const char good[] =
    "pack = { name = \"p\"; version = 1; owner = \"me\"; };\n"
    "clauses = ( { id = \"1\"; text = \"One\"; } );\n"
    "%s\n"
    "rules = ( { id = \"a\"; rev = 1; mode = \"enforce\"; category = \"c\"; clause = "
    "\"1\"; severity = \"low\"; score = 0.9; reason = \"r\"; phrases = [ \"%s\" ]; } "
    ");\n"
    "tests = { ok = [ \"?\", \"q\", \"qq\" ]; fail = [ \"kill\", \"kill a\", \"kill "
    "b\" "
    "]; twins = ( [ \"kill a\", \"kill b\" ] ); };\n";

static void
test_deep(void)
{
	struct buf b = {0};

	buf_puts(&b, "pack = ");
	for (int i = 0; i < 200000; i++)
		buf_puts(&b, "( ");
	refused(b.data, "p.conf:1: more than 30 brackets deep");
	buf_free(&b);
	/* Brackets in strings and comments are none. */
	buf_puts(&b, "pack = \"");
	for (int i = 0; i < 100; i++)
		buf_puts(&b, "\\\"(");
	buf_puts(&b, "\"; # ((((((((((((((((((((((((((((((((((((((((((((\n");
	refused(b.data, "`pack' must be a group");
	buf_free(&b);
	refused("/* \n @include \"/etc/passwd\" */", "@include is not for packs");
}

/* Lists of lists whose entries multiply. */
static void
test_multiplying(void)
{
	struct buf b = {0};
	char *text;

	buf_puts(&b, "lists = { l0 = [ \"kill\" ];\n");
	for (int i = 1; i < 4; i++) {
		buf_printf(&b, "l%d = [ \"@l%d @l%d @l%d\"", i, i - 1, i - 1, i - 1);
		for (int k = 0; k < 30; k++)
			buf_printf(&b, ", \"@l%d\"", i - 1);
		buf_puts(&b, " ];\n");
	}
	buf_puts(&b, "};");
	text = xasprintf(good, b.data, "@l3 @l3");
	refused(text, "too long with all its lists");
	free(text);
	text = xasprintf(good, "lists = { a = [ \"@b\" ]; b = [ \"@a\" ]; };", "@a");
	refused(text, "too deep, or in a circle");
	free(text);
	buf_free(&b);
}

/* A list of many thousand words is a matter of words, not of an expression. */
static void
test_giant_list(void)
{
	struct buf b = {0};
	struct policy_host *h;
	char *text;

	buf_puts(&b, "lists = { giant = [ \"kill\"");
	for (int i = 0; i < 49000; i++)
		buf_printf(&b, ", \"w%dx\"", i);
	buf_puts(&b, " ]; };");
	text = xasprintf(good, b.data, "@giant");
	h = rules_open_pack(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_EQUAL(rules_count(h, "a W48999X b"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "a w49000x b"), 0);
	policy_host_free(&h);
	free(text);
	buf_puts(&b, " ");
	b.len = 0;
	buf_puts(&b, "lists = { giant = [ \"kill\"");
	for (int i = 0; i < 50001; i++)
		buf_puts(&b, ", \"w\"");
	buf_puts(&b, " ]; };");
	text = xasprintf(good, b.data, "@giant");
	refused(text, "has more than 50000 entries");
	free(text);
	buf_free(&b);
}

/* Files that are not the pack's own. */
static void
test_files(void)
{
	char from[200], to[200], *text = xasprintf(good, "", "kill");
	struct policy_host *h;

	rules_clear();
	rules_write("real.txt", text);
	snprintf(from, sizeof(from), "%s/real.txt", rules_dir);
	snprintf(to, sizeof(to), "%s/p.conf", rules_dir);
	CU_ASSERT_EQUAL_FATAL(symlink(from, to), 0);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "p.conf: a symbolic link"));
	unlink(to);
	CU_ASSERT_EQUAL_FATAL(mkfifo(to, 0600), 0);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "p.conf: not a plain file"));
	free(text);
	text = xasprintf(good, "lists = { l = { file = \"l.lst\"; }; };", "kill");
	rules_clear();
	rules_write("p.conf", text);
	snprintf(to, sizeof(to), "%s/l.lst", rules_dir);
	CU_ASSERT_EQUAL_FATAL(symlink("/etc/passwd", to), 0);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "`l.lst': a symbolic link"));
	h = rules_open("file_bytes_max", "1000");
	CU_ASSERT_PTR_NULL(h);
	free(text);
	text = xasprintf(good, "", "kill");
	rules_clear();
	rules_write("p.conf", text);
	CU_ASSERT_PTR_NULL(rules_open("file_bytes_max", "10"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "`file_bytes_max' must be from"));
	rules_write("q.conf", text);
	h = rules_open("packs_max", "1");
	CU_ASSERT_PTR_NOT_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "more than 1 packs; q.conf"));
	policy_host_free(&h);
	free(text);
}

/* Whether the pack, which includes l.lst, is refused for what `why' says; NULL: not. */
static void
check_writers(const char *file, unsigned mode, const char *why)
{
	struct policy_host *h;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", rules_dir, file);
	CU_ASSERT_EQUAL_FATAL(chmod(path, mode), 0);
	h = rules_open(NULL, NULL);
	CU_ASSERT_EQUAL(h == NULL, why != NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, why != NULL ? why : ""));
	policy_host_free(&h);
	CU_ASSERT_EQUAL_FATAL(chmod(path, file[0] == '.' ? 0700 : 0600), 0);
}

/* Files that others could change. */
static void
test_writers(void)
{
	char *text = xasprintf(good, "lists = { l = { file = \"l.lst\"; }; };", "kill");
	char path[200];

	rules_clear();
	rules_write("p.conf", text);
	rules_write("l.lst", "word\n");
	check_writers("p.conf", 0644, NULL);
	check_writers("p.conf", 0646, "p.conf: may be written by others");
	check_writers("p.conf", 0666, "p.conf: may be written by others");
	check_writers("p.conf", 0664, NULL); /* whose group cannot come to it */
	CU_ASSERT_EQUAL_FATAL(chmod(rules_dir, 0750), 0);
	check_writers("p.conf", 0664, "p.conf: may be written by others");
	check_writers("l.lst", 0666, "`l.lst': may be written by others");
	check_writers("./", 0707, "may be written by everybody; make it chmod o-w");
	/* Who may write the folder is no other: the files of a group's checkout. */
	CU_ASSERT_EQUAL_FATAL(chmod(rules_dir, 0770), 0);
	check_writers("p.conf", 0664, NULL);
	check_writers("p.conf", 0666, "p.conf: may be written by others");
	CU_ASSERT_EQUAL_FATAL(chmod(rules_dir, 0700), 0);
	if (geteuid() == 0) {
		snprintf(path, sizeof(path), "%s/p.conf", rules_dir);
		CU_ASSERT_EQUAL_FATAL(chown(path, 65534, (gid_t)-1), 0);
		check_writers("p.conf", 0644, "p.conf: belongs to user 65534");
		CU_ASSERT_EQUAL_FATAL(chown(rules_dir, 65534, (gid_t)-1), 0);
		check_writers("p.conf", 0644, NULL);
		CU_ASSERT_EQUAL_FATAL(chown(rules_dir, 0, (gid_t)-1), 0);
	}
	rules_clear();
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "holds no rule pack (*.conf)"));
	free(text);
}

/* What a phrase costs on a text made for it ends, and ends as degraded. */
#define COSTLY "a <20> a <20> a <20> a <20> a <20> a <20> a <20> a <20> b"

static void
check_costly(const char *contexts, const char *phrase)
{
	char *text = xasprintf(good, contexts, phrase);
	struct policy_host *h = rules_open_pack(text);
	struct rules_answer a;
	struct buf b = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	buf_puts(&b, "c ");
	for (int i = 0; i < 20000; i++)
		buf_puts(&b, "a ");
	buf_puts(&b, ". b");
	a = rules_ask(h, b.data);
	CU_ASSERT_EQUAL(a.n, 0);
	CU_ASSERT_PTR_NOT_NULL(a.degraded);
	CU_ASSERT_TRUE(a.degraded != NULL &&
		       strstr(a.degraded, "went over its matching limits") != NULL);
	rules_answer_clear(&a);
	policy_host_free(&h);
	buf_free(&b);
	free(text);
}

static void
test_costly_phrase(void)
{
	check_costly("", "kill\", \"" COSTLY);
	/* In a context, too: the rule's own phrase is cheap. */
	check_costly(
	    "contexts = { dear = { where = \"text\"; phrases = [ \"z\", \"" COSTLY
	    "\" ]; }; };",
	    "kill\", \"c a\" ]; except = [ \"dear");
}

static double
load(struct made *m, size_t n)
{
	char *text;
	double start;
	struct policy_host *h;
	struct made some = {.v = m->v, .n = n};

	text = made_pack(&some, "made", true);
	rules_clear();
	rules_write("p.conf", text);
	start = cpu();
	h = rules_open(NULL, NULL);
	start = cpu() - start;
	if (h == NULL)
		printf("\n  %s", rules_problems);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	policy_host_free(&h);
	free(text);
	return start;
}

/* Ten thousand rules load in about ten times what a thousand take, not in a hundred. */
static void
test_many(void)
{
	struct made m = {.state = 3};
	double one, ten;

	made_words(&m, 60000);
	made_rules(&m, 10000);
	load(&m, 100);
	one = load(&m, 1000);
	ten = load(&m, 10000);
	printf("\n  10,000 rules against 1,000: %.1f times the processor time to load ",
	    ten / one);
	CU_ASSERT_TRUE(ten < 40 * one);
	made_free(&m);
}

static const struct suite_test tests[] = {
    {"brackets within brackets", test_deep},
    {"lists that multiply", test_multiplying},
    {"a giant list", test_giant_list},
    {"links, pipes, limits", test_files},
    {"files that others may write", test_writers},
    {"a costly phrase", test_costly_phrase},
    {"ten thousand rules", test_many},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_hostile", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
