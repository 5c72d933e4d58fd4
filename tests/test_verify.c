/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_verify: clean records, of which nothing may be said; histories that were put
 * back or forked; entries that break the rules; what a crash leaves; the command.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence_said.h"

/* splitmix64, so that a failure can be repeated. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* --- clean records */

static void
test_clean(void)
{
	struct build b;
	struct verify_result r;
	struct said s = {.loud = stderr};

	build_sample(&b, log_scratch());
	CU_ASSERT_EQUAL(check(b.dir, &s, &r), 0);
	CU_ASSERT_EQUAL(r.entries, ledger_size(b.ledger));
	CU_ASSERT_TRUE(r.entries >= 590 && b.files >= 18);
	CU_ASSERT_EQUAL(r.files_checked, b.files);
	CU_ASSERT_EQUAL(r.erased, 1);
	CU_ASSERT_EQUAL(r.heads, 8);
	CU_ASSERT_FALSE(r.own_key);
	build_close(&b);
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

/* No false alarms, whatever the sizes. */
static void
test_clean_many(void)
{
	uint64_t seed = 99;

	for (unsigned i = 0; i < 25; i++) {
		struct build b;

		build_open(&b, log_scratch());
		want(b.dir, 0);
		for (unsigned k = 0; k < 4; k++) {
			build_fill(&b, next_random(&seed) % (k == 3 ? 600 : 30), 40);
			want(b.dir, 0);
		}
		build_close(&b);
		log_scratch_free(b.dir);
	}
}

static void
test_given_sample(void)
{
	char *dir, *cmd, *path;
	struct verify_options o = {0};
	struct verify_result r;
	struct buf key = {0};

	if (log_data() == NULL)
		return;
	dir = log_scratch();
	cmd = xasprintf("ln -s %s/tlog_tiles_sample %s/log", log_data(), dir);
	path = xasprintf("%s/tlog_tiles_sample/vkey", log_data());
	CU_ASSERT_EQUAL(system(cmd), 0);
	CU_ASSERT_EQUAL_FATAL(file_read(path, 1000, &key, NULL), 0);
	o.vkey = strtok(key.data, "\n");
	o.dir = dir;
	/* As a log in a state folder the foreign file `vkey` is left over. */
	CU_ASSERT_TRUE(evidence_verify(&o, &r, NULL) != TOSD_ETAMPER);
	CU_ASSERT_EQUAL(r.entries, 700);
	CU_ASSERT_EQUAL(r.tampered, 0);
	free(path);
	path = xasprintf("%s/tlog_tiles_sample", log_data());
	o.dir = path;
	CU_ASSERT_EQUAL(evidence_verify(&o, &r, NULL), 0);
	CU_ASSERT_EQUAL(r.entries, 700);
	buf_free(&key);
	free(path);
	free(cmd);
	log_scratch_free(dir);
}

/* --- history */

static int
check_anchor(const char *dir, const char *anchor)
{
	struct said s = {0};
	struct verify_options o = {.dir = dir,
	    .vkey = BUILD_VKEY,
	    .report = listen,
	    .ctx = &s,
	    .anchor = anchor};
	struct verify_result r;

	return evidence_verify(&o, &r, NULL);
}

static void
test_rollback(void)
{
	struct build b;
	char *old = log_scratch(), *anchor;

	build_open(&b, log_scratch());
	build_fill(&b, 300, 50);
	anchor = xasprintf("%s/anchor", b.dir);
	run(b.dir, "cp log/checkpoint anchor");
	CU_ASSERT_EQUAL(check_anchor(b.dir, anchor), 0);
	run(old, "true");
	{
		char *cmd = xasprintf("cp -a %s/. %s/.", b.dir, old);

		run(old, cmd);
		free(cmd);
	}
	build_fill(&b, 100, 50);
	CU_ASSERT_EQUAL(check_anchor(b.dir, anchor), 0);
	run(b.dir, "cp log/checkpoint anchor");
	build_close(&b);
	/* Put back whole: only what was kept elsewhere can say so. */
	want(old, 0);
	CU_ASSERT_EQUAL(check_anchor(old, anchor), TOSD_ETAMPER);
	/* Put back in part: the newer head was forgotten. */
	run(b.dir, "cp log/checkpoints/300.note log/checkpoint");
	want(b.dir, TOSD_ETAMPER);
	/* An anchor that is none is a mistake, not tampering. */
	run(b.dir, "echo x > anchor");
	CU_ASSERT_EQUAL(check_anchor(old, anchor), TOSD_EINVAL);
	free(anchor);
	log_scratch_free(old);
	log_scratch_free(b.dir);
}

/* The holder of the key writes another history. */
static void
test_fork(void)
{
	struct build a, b;
	char *anchor, *cmd;

	build_open(&a, log_scratch());
	log_append_plain(a.ledger, 100);
	ledger_seal(a.ledger, NULL);
	anchor = xasprintf("%s/log/checkpoint", a.dir);
	build_open(&b, log_scratch());
	log_append_plain(b.ledger, 50);
	build_entry(&b, json_pack("{s:s}", "kind", "other"), -1);
	log_append_plain(b.ledger, 100);
	ledger_seal(b.ledger, NULL);
	want(b.dir, 0);
	CU_ASSERT_EQUAL(check_anchor(b.dir, anchor), TOSD_ETAMPER);
	cmd = xasprintf("cp %s log/checkpoints/100.note", anchor);
	run(b.dir, cmd);
	want(b.dir, TOSD_ETAMPER);
	free(cmd);
	free(anchor);
	build_close(&a);
	build_close(&b);
	log_scratch_free(a.dir);
	log_scratch_free(b.dir);
}

/* Signed as it is, but not what an entry may be. */
static void
test_bad_entries(void)
{
	static const char *const bad[] = {"{'kind':'x','seq':3}",
	    "{'kind':'x','t':'2020-01-01T00:00:00Z'}",
	    "{'kind':'x','t':'2026-11-22T13:00:10'}",
	    "{'kind':'x','t':'2026-11-22T14:00:20+01:00'}", "{'kind':''}",
	    "{'kind':'x','file':'../x','commit':'','bytes':1}",
	    "{'kind':'x','file':'notices/x','bytes':1}", "{'kind':'erasure'}",
	    "{'kind':'erasure','erased':'notices/none'}",
	    "{'kind':'x','case':'c','prev':'00'}", "{'kind':'x','case':'c'}",
	    "{'kind':'x','case':'2026-000001','prev':"
	    "'0000000000000000000000000000000000000000000000000000000000000000'}"};
	unsigned missed = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = xstrdup(bad[i]);
		struct build b;

		for (char *p = text; *p != '\0'; p++)
			if (*p == '\'')
				*p = '"';
		build_open(&b, log_scratch());
		for (unsigned k = 0; k < 10; k++)
			build_entry(
			    &b, json_pack("{s:s}", "kind", "recheck"), (int)k % 2);
		build_entry(&b, json_loads(text, 0, NULL), -1);
		build_entry(&b, json_pack("{s:s}", "kind", "poll"), -1);
		ledger_seal(b.ledger, NULL);
		want_named(b.dir, "log/tile/entries/000.p/12", 10, &missed);
		build_close(&b);
		log_scratch_free(b.dir);
		free(text);
	}
	CU_ASSERT_EQUAL(missed, 0);
}

static void
test_incomplete(void)
{
	struct build b;
	struct vault_ref ref;

	build_open(&b, log_scratch());
	build_fill(&b, 100, 30);
	want(b.dir, 0);
	/* Kept, but the process died before its entry. */
	vault_put_bytes(b.vault, "notices/2026-000009/1.eml", "x", 1, &ref, NULL);
	want(b.dir, 0); /* the writer may still be at it */
	want(b.dir, TOSD_ESTATE);
	build_entry(&b, build_commit("notice", &ref), -1);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	want(b.dir, 0);
	/* Full tiles that no head covers. */
	log_append_plain(b.ledger, 150);
	want(b.dir, 0);
	log_append_plain(b.ledger, 250);
	want(b.dir, TOSD_ESTATE);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	want(b.dir, 0);
	run(b.dir, "echo x > evidence/y.part");
	want(b.dir, TOSD_ESTATE);
	run(b.dir, "rm evidence/y.part; mkfifo evidence/pipe");
	want(b.dir, TOSD_ESTATE);
	/* Without a writer the newest head must be kept as well. */
	build_close(&b);
	run(b.dir, "rm evidence/pipe; rm log/checkpoints/501.note");
	want(b.dir, TOSD_ESTATE);
	/* An older head's partial tile: sound, then changed. */
	run(b.dir, "cp log/checkpoint log/checkpoints/501.note; mkdir log/tile/0/000.p;"
		   "head -c 3200 log/tile/0/000 > log/tile/0/000.p/100");
	want(b.dir, 0);
	{
		char *path = xasprintf("%s/log/tile/0/000.p/100", b.dir);

		log_flip(path, 5000);
		want(b.dir, TOSD_ETAMPER);
		free(path);
	}
	log_scratch_free(b.dir);
}

/* Beside a writer that appends, seals and tidies, nothing is called wrong. */
static void
test_beside_writer(void)
{
	char *dir = log_scratch();
	struct build b;
	unsigned runs = 0;
	int status = 0;
	pid_t child;

	build_open(&b, dir);
	log_append_plain(b.ledger, 10);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	build_close(&b);
	child = fork();
	if (child == 0) {
		build_open(&b, dir);
		for (unsigned i = 0; i < 250; i++) {
			log_append_plain(b.ledger, i % 17);
			build_capture(&b);
			if (ledger_seal(b.ledger, NULL) != 0)
				abort();
			usleep(2000);
		}
		_exit(0);
	}
	for (; waitpid(child, &status, WNOHANG) == 0; runs++)
		want(dir, 0);
	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT_TRUE(runs > 3);
	want(dir, 0);
	log_scratch_free(dir);
}

static void
test_erased(void)
{
	struct verify_result r;
	struct said s = {0};
	struct vault_ref ref;
	struct build b;
	unsigned missed = 0;

	build_open(&b, log_scratch());
	vault_put_bytes(b.vault, "notices/a", "x", 1, &ref, NULL);
	build_entry(&b, build_commit("notice", &ref), -1);
	ledger_seal(b.ledger, NULL);
	run(b.dir, "cp notices/a.salt s; rm notices/a notices/a.salt");
	want_named(b.dir, "notices/a", 0, &missed);
	build_entry(
	    &b, json_pack("{s:s, s:s}", "kind", "erasure", "erased", "notices/a"), -1);
	ledger_seal(b.ledger, NULL);
	CU_ASSERT_EQUAL(check(b.dir, &s, &r), 0);
	CU_ASSERT_EQUAL(r.erased, 1);
	run(b.dir, "cp s notices/a.salt");
	want(b.dir, TOSD_ESTATE);
	run(b.dir, "echo y > notices/a");
	want(b.dir, TOSD_ETAMPER);
	CU_ASSERT_EQUAL(missed, 0);
	build_close(&b);
	log_scratch_free(b.dir);
}

/* --- the command */

static int
call(const char *program, const char *dir, const char *args, char *out, size_t cap)
{
	const char *top = getenv("builddir");
	char *cmd = xasprintf(
	    "%s/%s %s %s 2>&1", top != NULL ? top : TOSD_BUILDDIR, program, args, dir);
	FILE *f = popen(cmd, "r");
	size_t n = f != NULL ? fread(out, 1, cap - 1, f) : 0;
	int rc = f != NULL ? pclose(f) : -1;

	out[n] = '\0';
	free(cmd);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static int
command(const char *dir, const char *args, char *out, size_t cap)
{
	return call("tests/evidence_main", dir, args, out, cap);
}

static void
test_command(void)
{
	static char out[1 << 16];
	struct build b;
	char *path;

	build_sample(&b, log_scratch());
	build_close(&b);
	CU_ASSERT_EQUAL(command(b.dir, "verify", out, sizeof(out)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "log.vkey"));
	CU_ASSERT_EQUAL(
	    command(b.dir, "verify --vkey " BUILD_VKEY, out, sizeof(out)), 0);
	CU_ASSERT_PTR_NULL(strstr(out, "log.vkey"));
	CU_ASSERT_EQUAL(command(b.dir, "show 5", out, sizeof(out)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"seq\":5"));
	CU_ASSERT_EQUAL(command(b.dir, "show 5000", out, sizeof(out)), 1);
	CU_ASSERT_EQUAL(command(b.dir, "verify --vkey x", out, sizeof(out)), 3);
	CU_ASSERT_EQUAL(command("/nonexistent", "verify", out, sizeof(out)), 3);
	/* A folder that is no state folder was not checked: /tmp, and one like /var,
	 * which has a log of another kind. */
	path = log_scratch();
	CU_ASSERT_EQUAL(command(path, "verify", out, sizeof(out)), 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "there is no ledger in "));
	run(path, "mkdir log && touch log/messages log.vkey");
	CU_ASSERT_EQUAL(command(path, "verify --json", out, sizeof(out)), 3);
	log_scratch_free(path);
	CU_ASSERT_EQUAL(command("", "verify --bad", out, sizeof(out)), 3);
	CU_ASSERT_EQUAL(command("", "nothing", out, sizeof(out)), 2);
	run(b.dir, "echo x > evidence/stray");
	CU_ASSERT_EQUAL(command(b.dir, "verify", out, sizeof(out)), 2);
	path = xasprintf("%s/log/tile/entries/001", b.dir);
	log_flip(path, 800);
	CU_ASSERT_EQUAL(command(b.dir, "verify --json", out, sizeof(out)), 1);
	for (char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		json_t *j = json_loads(line, 0, NULL);

		CU_ASSERT_PTR_NOT_NULL(j);
		json_decref(j);
	}
	free(path);
	path = xasprintf("%s/key", b.dir);
	CU_ASSERT_EQUAL(command(path, "key --new tosd.test/new", out, sizeof(out)), 0);
	CU_ASSERT_EQUAL(strncmp(out, "tosd.test/new+", 14), 0);
	CU_ASSERT_EQUAL(command(path, "key --new tosd.test/new", out, sizeof(out)), 3);
	free(path);
	log_scratch_free(b.dir);
}

/* Whoever's log it is, no entry of it moves a terminal. */
static void
test_show(void)
{
	static const char *const entries[] = {"{\"a\":\"\xc2\x9b"
					      "31m\xe2\x80\xae\"}",
	    "{\"a\":\"\x1b]0;x\x07\"}", ""};
	static char out[1 << 16];
	struct build b;

	build_open(&b, log_scratch());
	for (uint64_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(ledger_append(b.ledger, i, entries[i],
				    strlen(entries[i]), NULL, NULL),
		    0);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	build_close(&b);
	CU_ASSERT_EQUAL(command(b.dir, "show 0", out, sizeof(out)), 0);
	CU_ASSERT_STRING_EQUAL(out, "{\"a\":\"\\u009b31m\\u202e\"}\n");
	CU_ASSERT_EQUAL(command(b.dir, "show 1", out, sizeof(out)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\\x1b]0;x\\x07"));
	CU_ASSERT_PTR_NULL(strchr(out, '\x1b'));
	CU_ASSERT_EQUAL(command(b.dir, "show 2", out, sizeof(out)), 0);
	CU_ASSERT_STRING_EQUAL(out, "\n");
	log_scratch_free(b.dir);
}

/* The same of what is replayed. */
static void
test_replay(void)
{
	static const char entry[] = "{\"kind\":\"mode\",\"move\":\"\\u001b[1m\","
				    "\"rule\":\"p/\\u009b\\\"\",\"seq\":0}";
	static char out[1 << 16];
	struct build b;
	json_t *j;

	build_open(&b, log_scratch());
	CU_ASSERT_EQUAL(
	    ledger_append(b.ledger, 0, entry, strlen(entry), NULL, NULL), 0);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	build_close(&b);
	CU_ASSERT_EQUAL(
	    call("tosctl", b.dir, "replay --all --dir", out, sizeof(out)), 1);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(out, "entry 0, rule p/\\x9b\": \\x1b[1m: DIFFERENT"));
	CU_ASSERT_EQUAL(
	    call("tosctl", b.dir, "replay --all --json --dir", out, sizeof(out)), 1);
	j = json_loads(out, 0, NULL);
	CU_ASSERT_STRING_EQUAL(
	    json_string_value(json_object_get(j, "rule")), "p/\xc2\x9b\"");
	CU_ASSERT(json_is_false(json_object_get(j, "same")));
	CU_ASSERT_PTR_NULL(strchr(out, '\x9b'));
	json_decref(j);
	log_scratch_free(b.dir);
}

/* As an account that may read all but what the command has taken away: what is said is
 * that, and not that somebody tampered. */
static void
want_denied(const char *dir, const char *cmd)
{
	struct said s = {0};
	struct verify_result r;
	int status = 0;
	pid_t pid;

	run(dir, "chmod -R a+rX .");
	run(dir, cmd);
	run(dir, "find . ! -type d -exec touch -h -d '1 hour ago' {} +");
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(3);
		if (check(dir, &s, &r) == TOSD_ESTATE && r.tampered == 0)
			_exit(0);
		s.loud = stderr;
		check(dir, &s, &r);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
	if (WEXITSTATUS(status) != 0)
		fprintf(stderr, "after %s\n", cmd);
}

static void
test_denied(void)
{
	struct build b;

	build_sample(&b, log_scratch());
	build_close(&b);
	want_denied(b.dir, "chmod 0 $(find evidence -name '*.warc' | sort | tail -1)");
	want_denied(b.dir, "chmod 0 $(find evidence -name '*.salt' | sort | tail -1)");
	want_denied(b.dir, "chmod 0 evidence");
	want_denied(b.dir, "chmod 0 log/tile/0/000");
	want_denied(b.dir, "chmod 0 log/tile/entries/000");
	want_denied(b.dir, "chmod 0 log/tile/1/000.p/*");
	want_denied(b.dir, "chmod 0 log/checkpoint");
	want_denied(b.dir, "chmod 0 log/checkpoints/100.note");
	run(b.dir, "chmod -R a+rX .");
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

static const struct suite_test tests[] = {
    {"a clean record", test_clean},
    {"clean records of many sizes", test_clean_many},
    {"the given log", test_given_sample},
    {"rollback", test_rollback},
    {"fork", test_fork},
    {"entries that break the rules", test_bad_entries},
    {"incomplete but consistent", test_incomplete},
    {"beside a writer", test_beside_writer},
    {"erasure", test_erased},
    {"what may not be read", test_denied},
    {"the command", test_command},
    {"an entry shown", test_show},
    {"an entry replayed", test_replay},
};

SUITE_MAIN("verify", tests)
