/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_kept: copies of what a policy was loaded from: which files are copied,
 * what settings become, what is left alone, and what becomes of older copies.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "policy/kept.h"
#include "tests/suite.h"

static char dir[64];

static char *
at(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
put(const char *name, const char *text)
{
	char *path = at(name);
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(
	    file_write(path, text, strlen(text), 0600, FILE_NOSYNC, &e), 0);
	free(path);
}

static void
folder(const char *name)
{
	char *path = at(name);
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(file_mkdirs(path, 0700, &e), 0);
	free(path);
}

/* What the file says; "": it is not there. */
static const char *
says(const char *path)
{
	static char text[100];
	struct buf b = {0};
	struct err e = ERR_INIT;

	text[0] = '\0';
	if (file_read(path, sizeof(text) - 1, &b, &e) == 0)
		snprintf(text, sizeof(text), "%.*s", (int)b.len, b.data);
	buf_free(&b);
	return text;
}

static const char *
says_in(const char *path, const char *name)
{
	static char text[100];
	char *whole = xasprintf("%s/%s", path, name);

	snprintf(text, sizeof(text), "%s", says(whole));
	free(whole);
	return text;
}

/* Makes copies of these settings under a name. */
static int
make_by(int64_t until, const char *kept, const char *keep, const char *packs,
    const char *files)
{
	struct policy_kept *k = policy_kept_new(dir, kept, keep);
	struct err e = ERR_INIT;
	char *value;
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	CU_ASSERT(!policy_kept_used(k));
	value = policy_kept_setting(k, "packs_dir", packs);
	CU_ASSERT_STRING_EQUAL(value, packs);
	free(value);
	value = policy_kept_setting(k, "list_files", files);
	CU_ASSERT_STRING_EQUAL(value, files);
	free(value);
	rc = policy_kept_make(k, until, &e);
	policy_kept_free(&k);
	return rc;
}

static int
make(const char *kept, const char *keep, const char *packs, const char *files)
{
	return make_by(clock_steady() + CLOCK_MIN, kept, keep, packs, files);
}

static void
test_copies(void)
{
	char *packs = at("packs"),
	     *files = xasprintf("%s/a.list\n%s/none.list", dir, dir);
	char *a = at("a.list"), *value, *end, *none = at("none.list");
	struct policy_kept *k;

	folder("packs/lib");
	folder("packs/.git");
	put("packs/p.conf", "pack");
	put("packs/p.conf.sig", "signed");
	put("packs/lib/l.inc", "part");
	put("packs/.git/all", "history");
	put("a.list", "list");
	put("a.list.sig", "its signature");
	CU_ASSERT_EQUAL(make(NULL, "1-1", packs, files), 0);
	put("packs/p.conf", "changed");
	put("a.list", "changed");
	k = policy_kept_new(dir, "1-1", NULL);
	CU_ASSERT(policy_kept_used(k));
	value = policy_kept_setting(k, "packs_dir", packs);
	CU_ASSERT_STRING_EQUAL(says_in(value, "p.conf"), "pack");
	CU_ASSERT_STRING_EQUAL(says_in(value, "p.conf.sig"), "signed");
	CU_ASSERT_STRING_EQUAL(says_in(value, "lib/l.inc"), "part");
	CU_ASSERT_STRING_EQUAL(says_in(value, ".git/all"), "");
	free(value);
	/* Of several a line each; what was not there is looked for where it should be.
	 */
	value = policy_kept_setting(k, "list_files", files);
	end = strchr(value, '\n');
	CU_ASSERT_PTR_NOT_NULL_FATAL(end);
	CU_ASSERT_STRING_EQUAL(end + 1, none);
	*end = '\0';
	CU_ASSERT_STRING_EQUAL(says(value), "list");
	end = xasprintf("%s.sig", value);
	CU_ASSERT_STRING_EQUAL(says(end), "its signature");
	free(end);
	free(value);
	value = policy_kept_setting(k, "list_file", a);
	CU_ASSERT_STRING_EQUAL(says(value), "list");
	free(value);
	CU_ASSERT_PTR_NULL(policy_kept_setting(k, "cache_dir", packs));
	CU_ASSERT_PTR_NULL(policy_kept_setting(k, "fetched_files", files));
	CU_ASSERT_PTR_NULL(policy_kept_setting(k, "threshold", "0.5"));
	CU_ASSERT_PTR_NULL(policy_kept_setting(k, "model_file", ""));
	policy_kept_free(&k);
	CU_ASSERT_PTR_NULL(policy_kept_new(dir, NULL, NULL));
	CU_ASSERT_PTR_NULL(policy_kept_setting(NULL, "packs_dir", packs));
	free(packs);
	free(files);
	free(a);
	free(none);
}

static bool
is_there(const char *name)
{
	char *path = at(name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* A model that is too large has no copy, and all else has one. */
static void
test_large(void)
{
	char *packs = at("packs"), *large = at("large"), *value;
	struct policy_kept *k;

	folder("packs");
	put("packs/p.conf", "pack");
	put("large", "");
	CU_ASSERT_EQUAL(truncate(large, ((off_t)1 << 30) + 1), 0);
	CU_ASSERT_EQUAL(make(NULL, "1-2", packs, large), 1);
	CU_ASSERT_EQUAL(unlink(large), 0);
	put("large", "");
	put("packs/p.conf", "changed");
	k = policy_kept_new(dir, "1-2", NULL);
	value = policy_kept_setting(k, "packs_dir", packs);
	CU_ASSERT_STRING_EQUAL(says_in(value, "p.conf"), "pack");
	free(value);
	value = policy_kept_setting(k, "model_file", large);
	CU_ASSERT_STRING_EQUAL(value, large);
	free(value);
	policy_kept_free(&k);
	free(packs);
	free(large);
}

/* In a child, who is not root: to that one nothing is closed. */
static int
without_notes(void)
{
	static const char *const closed[] = {"closed/notes", "closed/in"};
	char *mine = at("mine"), *packs, *value;
	struct policy_kept *k;
	bool pack, rest;

	if (geteuid() == 0 && (chmod(dir, 0711) != 0 || chown(mine, 65534, 0) != 0 ||
				  setgid(65534) != 0 || setuid(65534) != 0))
		return 2;
	snprintf(dir, sizeof(dir), "%s", mine);
	packs = at("closed");
	folder("closed/in");
	put("closed/p.conf", "pack");
	put("closed/notes", "of an editor");
	for (size_t i = 0; i < 2; i++)
		if (chmod(at(closed[i]), 0) != 0)
			return 2;
	if (make(NULL, "1-3", packs, packs) != 0)
		return 1;
	k = policy_kept_new(dir, "1-3", NULL);
	value = policy_kept_setting(k, "packs_dir", packs);
	pack = strcmp(says_in(value, "p.conf"), "pack") == 0;
	rest = says_in(value, "notes")[0] == '\0';
	chmod(at(closed[1]), 0700);
	return pack && rest && strstr(value, "/policy/1-3/") != NULL ? 0 : 1;
}

/* Nor is there one of files that no worker could have loaded. */
static void
test_closed(void)
{
	int status = 0;
	pid_t pid;

	folder("mine");
	pid = fork();
	if (pid == 0)
		_exit(without_notes());
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

/* Those in use are spared, older ones go, a half is none. */
static void
test_older(void)
{
	char *packs = at("packs"), *deep = at("deep");

	CU_ASSERT_EQUAL(make("1-1", "2-2", packs, packs), 0);
	CU_ASSERT(is_there("policy/1-1") && is_there("policy/2-2"));
	CU_ASSERT_EQUAL(make("2-2", "3-3", packs, packs), 0);
	CU_ASSERT(!is_there("policy/1-1") && is_there("policy/2-2"));
	CU_ASSERT(is_there("policy/3-3"));
	folder("deep/1/2/3/4/5/6/7/8/9/10");
	CU_ASSERT_EQUAL(make("3-3", "4-4", deep, deep), TOSD_ELIMIT);
	CU_ASSERT(is_there("policy/3-3") && !is_there("policy/4-4"));
	/* Nor is one that is not whole in time. */
	CU_ASSERT_EQUAL(
	    make_by(clock_steady() - 1, "3-3", "4-4", packs, packs), TOSD_ELIMIT);
	CU_ASSERT(is_there("policy/3-3") && !is_there("policy/4-4"));
	free(packs);
	free(deep);
}

/* In a child, which has a disk of its own: 96 MiB.  0: what would leave too little of
 * it is not kept, and nothing of it stays; 77: there can be no such disk here. */
static int
on_small_disk(const char *model)
{
	char *disk = at("disk"), *state = xstrdup(dir);
	int rc;

	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tosd-test", disk, "tmpfs", 0, "size=96m") != 0)
		return 77;
	snprintf(dir, sizeof(dir), "%s/disk", state);
	rc = make(NULL, "5-5", model, model);
	return rc == TOSD_ELIMIT && !is_there("policy/5-5") ? 0 : 1;
}

static void
test_full(void)
{
	char *model = at("model");
	int status = 0;
	pid_t pid;

	folder("disk");
	put("model", "");
	CU_ASSERT_EQUAL(truncate(model, 48 << 20), 0);
	pid = fork();
	if (pid == 0)
		_exit(on_small_disk(model));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		printf("(no disk of our own: left out) ");
	else
		CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
	free(model);
}

static const struct suite_test tests[] = {
    {"what is copied", test_copies},
    {"older copies", test_older},
    {"one that is too large", test_large},
    {"files that may not be read", test_closed},
    {"a disk that is nearly full", test_full},
};

int
main(void)
{
	char *clean;
	int rc;

	snprintf(dir, sizeof(dir), "/tmp/tosd-kept-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 2;
	rc = suite_main("policy_kept", tests, sizeof(tests) / sizeof(tests[0]));
	clean = xasprintf("rm -rf %s", dir);
	if (system(clean) != 0)
		rc = rc != 0 ? rc : 2;
	free(clean);
	return rc;
}
