/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault: WARC files of others (the data folder, TOSD_DATA) and our own, and the
 * vault that keeps them. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "evidence/vault.h"
#include "evidence/warc.h"
#include "evidence_log.h"
#include "suite.h"

/* --- WARC */

static void
test_warc_samples(void)
{
	static const struct {
		const char *file;
		int rc;
		unsigned records, checked;
		const char *why;
	} each[] = {{"example.warc", 0, 6, 3, ""},
	    {"example-iana.org-chunked.warc", 0, 3, 3, ""},
	    {"example-trunc.warc", TOSD_EINVAL, 0, 0, "Content-Length"},
	    {"example-digest.warc", TOSD_ETAMPER, 0, 0, "WARC-Payload-Digest"},
	    {"example.warc.gz", TOSD_EINVAL, 0, 0, "gunzip"},
	    {"example-bad-non-chunked.warc.gz", TOSD_EINVAL, 0, 0, "gunzip"},
	    {"example.arc", TOSD_EINVAL, 0, 0, "ARC file"},
	    {"example-space-in-url.arc", TOSD_EINVAL, 0, 0, "ARC file"},
	    {"bad.arc", TOSD_EINVAL, 0, 0, "ARC file"}};

	if (log_data() == NULL)
		return;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		char *path =
		    xasprintf("%s/warc_samples/test/data/%s", log_data(), each[i].file);
		struct warc_summary sum;
		struct buf b = {0};
		struct err e = ERR_INIT;
		int rc;

		CU_ASSERT_EQUAL_FATAL(file_read(path, 1 << 20, &b, NULL), 0);
		rc = warc_check(b.data, b.len, &sum, &e);
		if (rc != each[i].rc || strstr(e.text, each[i].why) == NULL)
			fprintf(stderr, "%s: %d %s\n", each[i].file, rc, e.text);
		CU_ASSERT_EQUAL(rc, each[i].rc);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, each[i].why));
		if (rc == 0) {
			CU_ASSERT_EQUAL(sum.records, each[i].records);
			CU_ASSERT_EQUAL(sum.checked, each[i].checked);
		}
		buf_free(&b);
		free(path);
	}
}

/* The records after the first of that file are right in every digest spelling. */
static void
test_warc_spellings(void)
{
	char *path;
	struct warc_summary sum;
	struct buf b = {0};
	char *second;

	if (log_data() == NULL)
		return;
	path = xasprintf("%s/warc_samples/test/data/example-digest.warc", log_data());
	CU_ASSERT_EQUAL_FATAL(file_read(path, 1 << 20, &b, NULL), 0);
	second = memmem(b.data + 8, b.len - 8, "WARC/1.0", 8);
	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	CU_ASSERT_EQUAL(warc_check(second, b.data + b.len - second, &sum, NULL), 0);
	CU_ASSERT_EQUAL(sum.records, 3);
	CU_ASSERT_EQUAL(sum.checked, 6);
	buf_free(&b);
	free(path);
}

/* --- vault */

static const char request[] = "GET /feed HTTP/1.1\r\nHost: tenant.example\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
			       "a\0b line\r\n\r\nWARC/1.1\r\n";

static struct vault_capture
sample_capture(void)
{
	return (struct vault_capture){.url = "http://tenant.example/feed?a=\r\nX: y z",
	    .time = clock_parse("2026-11-22T13:00:00.250Z"),
	    .peer = "192.0.2.7",
	    .request = request,
	    .request_len = sizeof(request) - 1,
	    .response = response,
	    .response_len = sizeof(response) - 1,
	    .metadata = "{\"seen\":3}",
	    .truncated = true};
}

static void
check_records(const struct buf *b)
{
	static const char *const types[] = {
	    "warcinfo", "request", "response", "metadata"};
	struct warc w = warc_of(b->data, b->len);
	struct warc_record r;

	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL_FATAL(warc_next(&w, &r, NULL), 1);
		CU_ASSERT_TRUE(warc_field_is(&r, "WARC-Type", types[i]));
		CU_ASSERT_EQUAL(r.checked, i == 1 || i == 2 ? 2 : 1);
		if (i > 0)
			CU_ASSERT_TRUE(warc_field_is(&r, "WARC-Target-URI",
			    "http://tenant.example/feed?a=%0D%0AX:%20y%20z"));
		if (i != 2)
			continue;
		CU_ASSERT_TRUE(warc_field_is(&r, "WARC-Truncated", "length"));
		CU_ASSERT_TRUE(warc_field_is(&r, "WARC-IP-Address", "192.0.2.7"));
		CU_ASSERT_TRUE(
		    warc_field_is(&r, "WARC-Date", "2026-11-22T13:00:00.250Z"));
		CU_ASSERT_EQUAL(r.payload_len, 22);
		CU_ASSERT_EQUAL(memcmp(r.payload, "a\0b", 3), 0);
	}
	CU_ASSERT_EQUAL(warc_next(&w, &r, NULL), 0);
}

static void
test_vault_capture(void)
{
	char *dir = log_scratch(), *path;
	struct vault_capture c = sample_capture();
	struct vault_ref ref, other;
	struct vault *v = NULL;
	struct buf b = {0};
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_NOSYNC, &v, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(vault_put(v, &c, &ref, NULL), 0);
	CU_ASSERT_EQUAL(vault_put(v, &c, &other, NULL), 0);
	CU_ASSERT_STRING_NOT_EQUAL(ref.path, other.path);
	CU_ASSERT_EQUAL(strncmp(ref.path, "evidence/2026/11/", 17), 0);
	CU_ASSERT_TRUE(id_valid(ref.id));
	CU_ASSERT_EQUAL(vault_read(v, ref.path, &b, NULL), 0);
	CU_ASSERT_EQUAL(b.len, ref.size);
	check_records(&b);
	buf_reset(&b);
	CU_ASSERT_EQUAL(vault_metadata(v, ref.path, &b, NULL), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "{\"seen\":3}");
	buf_reset(&b);
	CU_ASSERT_EQUAL(vault_response(v, ref.path, &b, NULL), 0);
	CU_ASSERT_TRUE(
	    b.len == sizeof(response) - 1 && memcmp(b.data, response, b.len) == 0);
	path = xasprintf("%s/%s", dir, ref.path);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL(vault_check(v, ref.path, ref.commit, NULL), 0);
	CU_ASSERT_EQUAL(vault_check(v, ref.path, other.commit, NULL), TOSD_ETAMPER);
	log_flip(path, 8 * 40);
	CU_ASSERT_EQUAL(vault_check(v, ref.path, ref.commit, NULL), TOSD_ETAMPER);
	CU_ASSERT_EQUAL(vault_erase(v, ref.path, NULL), 0);
	CU_ASSERT_EQUAL(vault_check(v, ref.path, ref.commit, NULL), TOSD_ENOENT);
	CU_ASSERT_EQUAL(vault_erase(v, ref.path, NULL), TOSD_ENOENT);
	CU_ASSERT_EQUAL(vault_erase(v, "../x", NULL), TOSD_EINVAL);
	c.peer = "tenant.example";
	CU_ASSERT_EQUAL(vault_put(v, &c, &ref, NULL), TOSD_EINVAL);
	c = (struct vault_capture){.url = "x", .time = 0};
	CU_ASSERT_EQUAL(vault_put(v, &c, &ref, NULL), 0);
	buf_free(&b);
	free(path);
	vault_free(&v);
	log_scratch_free(dir);
}

static void
test_vault_hops(void)
{
	static const char moved[] = "HTTP/1.1 301 x\r\nLocation: /feed\r\n\r\n";
	struct vault_capture hops[2] = {{.url = "http://old.example/",
					    .peer = "192.0.2.8",
					    .request = request,
					    .request_len = sizeof(request) - 1,
					    .response = moved,
					    .response_len = sizeof(moved) - 1},
	    {.url = "http://older.example/"}};
	char *dir = log_scratch();
	struct vault_capture c = sample_capture();
	struct vault_ref ref;
	struct vault *v = NULL;
	struct buf b = {0};
	struct warc_record r;
	struct warc w;
	unsigned n = 0, answers = 0;

	c.hops = hops;
	c.nhops = 2;
	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_NOSYNC, &v, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(vault_put(v, &c, &ref, NULL), 0);
	CU_ASSERT_EQUAL(vault_response(v, ref.path, &b, NULL), 0); /* the last one's */
	CU_ASSERT_TRUE(
	    b.len == sizeof(response) - 1 && memcmp(b.data, response, b.len) == 0);
	buf_reset(&b);
	CU_ASSERT_EQUAL(vault_read(v, ref.path, &b, NULL), 0);
	for (w = warc_of(b.data, b.len); warc_next(&w, &r, NULL) == 1; n++) {
		answers += warc_field_is(&r, "WARC-Type", "response");
		if (n != 5)
			continue;
		CU_ASSERT_TRUE(
		    warc_field_is(&r, "WARC-Target-URI", "http://old.example/"));
		CU_ASSERT_TRUE(warc_field_is(&r, "WARC-IP-Address", "192.0.2.8"));
		CU_ASSERT_TRUE(r.block_len == sizeof(moved) - 1 &&
			       memcmp(r.block, moved, r.block_len) == 0);
	}
	CU_ASSERT_EQUAL(n, 8);
	CU_ASSERT_EQUAL(answers, 3);
	hops[1].peer = "tenant.example";
	CU_ASSERT_EQUAL(vault_put(v, &c, &ref, NULL), TOSD_EINVAL);
	buf_free(&b);
	vault_free(&v);
	log_scratch_free(dir);
}

static void
test_vault_bytes(void)
{
	static const char rel[] = "notices/2026-000001/1-tenant.eml";
	static const char *const bad[] = {"", "/etc/passwd", "notices/", "notices/../x",
	    "notices/a/../../x", "notices//a", "notices/./a", "log/checkpoint",
	    "notices/a\nb", "notices/a\x7f", "notices/\xff", "notices/x.salt",
	    "evidence/x.part", "notices",
	    "notices/"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaa"};
	char *dir = log_scratch(), *salt, *cmd;
	struct vault_ref a, b;
	struct vault *v = NULL;

	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_NOSYNC, &v, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(
		    vault_put_bytes(v, bad[i], "x", 1, &a, NULL), TOSD_EINVAL);
	CU_ASSERT_EQUAL(vault_put_bytes(v, rel, "hello", 5, &a, NULL), 0);
	CU_ASSERT_EQUAL(vault_put_bytes(v, rel, "hello", 5, &b, NULL), 0);
	CU_ASSERT_STRING_EQUAL(a.commit, b.commit);
	CU_ASSERT_EQUAL(b.size, 5);
	CU_ASSERT_EQUAL(vault_put_bytes(v, rel, "hellO", 5, &b, NULL), TOSD_EEXIST);
	/* Anybody can check a commitment with two usual programs. */
	cmd = xasprintf("cd %s && test \"$(cat %s.salt %s | sha256sum)\" = '%s  -'",
	    dir, rel, rel, a.commit);
	CU_ASSERT_EQUAL(system(cmd), 0);
	salt = xasprintf("%s/%s.salt", dir, rel);
	CU_ASSERT_EQUAL(unlink(salt), 0);
	CU_ASSERT_EQUAL(vault_put_bytes(v, rel, "hello", 5, &b, NULL), TOSD_ETAMPER);
	free(cmd);
	free(salt);
	vault_free(&v);
	log_scratch_free(dir);
}

/* Folders that were synced since `syncing' was set, each followed by a line's end. */
static struct buf *syncing;

/* In the C library's place, which it then calls. */
int
fsync(int fd)
{
	char link[32], path[512];
	ssize_t n;

	if (syncing != NULL) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path));
		buf_put(syncing, path, n > 0 ? (size_t)n : 0);
		buf_putc(syncing, '\n');
	}
	return (int)syscall(SYS_fsync, fd);
}

/* Whoever wrote it may have died before its name was durable: who is told that it is
 * there already must be able to rely on it. */
static void
test_vault_again(void)
{
	static const char rel[] = "notices/2026-000001/1-tenant.eml";
	char *dir = log_scratch(), *folders[3];
	struct buf seen = {0};
	struct vault_ref ref;
	struct vault *v = NULL;

	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_NOSYNC, &v, NULL), 0);
	CU_ASSERT_EQUAL(vault_put_bytes(v, rel, "hello", 5, &ref, NULL), 0);
	vault_free(&v);
	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_SYNC, &v, NULL), 0);
	folders[0] = xasprintf("%s/notices/2026-000001\n", dir);
	folders[1] = xasprintf("%s/notices\n", dir);
	folders[2] = xasprintf("%s\n", dir);
	syncing = &seen;
	CU_ASSERT_EQUAL(vault_put_bytes(v, rel, "hello", 5, &ref, NULL), 0);
	syncing = NULL;
	buf_putc(&seen, '\0');
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(seen.data, folders[i]));
		free(folders[i]);
	}
	buf_free(&seen);
	vault_free(&v);
	log_scratch_free(dir);
}

/* Nor need the names of folders be durable that somebody made and died. */
static void
test_vault_folders(void)
{
	char *dir = log_scratch(), *folders[3];
	struct vault_capture c = sample_capture();
	struct buf seen = {0};
	struct vault_ref ref;
	struct vault *v = NULL;

	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_NOSYNC, &v, NULL), 0);
	CU_ASSERT_EQUAL(vault_put(v, &c, &ref, NULL), 0);
	vault_free(&v);
	folders[0] = xasprintf("%s/%.13s\n", dir, ref.path); /* evidence/YYYY */
	folders[1] = xasprintf("%s/evidence\n", dir);
	folders[2] = xasprintf("%s\n", dir);
	syncing = &seen;
	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_SYNC, &v, NULL), 0);
	CU_ASSERT_EQUAL(vault_put(v, &c, &ref, NULL), 0);
	syncing = NULL;
	buf_putc(&seen, '\0');
	for (int i = 0; i < 3; i++)
		CU_ASSERT_PTR_NOT_NULL(strstr(seen.data, folders[i]));
	/* Once is enough. */
	buf_free(&seen);
	syncing = &seen;
	CU_ASSERT_EQUAL(vault_put(v, &c, &ref, NULL), 0);
	syncing = NULL;
	buf_putc(&seen, '\0');
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_PTR_NULL(strstr(seen.data, folders[i]));
		free(folders[i]);
	}
	buf_free(&seen);
	vault_free(&v);
	log_scratch_free(dir);
}

/* Several that become durable together, more than the vault has room for at once: under
 * their names once they are settled, and by then to everybody who asks. */
static void
settle_many(bool thread)
{
	enum { MANY = 70 };
	char *dir = log_scratch(), *path;
	struct vault_capture c = sample_capture();
	struct vault_ref ref[MANY];
	struct vault *v = NULL;

	CU_ASSERT_EQUAL_FATAL(vault_open(dir, FILE_SYNC, &v, NULL), 0);
	if (thread)
		vault_async(v);
	for (size_t i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL_FATAL(vault_add(v, &c, &ref[i], NULL), 0);
		if (i % 9 == 8)
			vault_begin_settle(v);
		c.time += i % 20 == 19 ? 31 * CLOCK_DAY : 0; /* another folder */
	}
	path = xasprintf("%s/%s", dir, ref[MANY - 1].path);
	CU_ASSERT_EQUAL(vault_settle(v, NULL), 0);
	CU_ASSERT(vault_is_synced(v));
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	for (size_t i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(vault_check(v, ref[i].path, ref[i].commit, NULL), 0);
	/* Erased before it was settled: it must not come back. */
	CU_ASSERT_EQUAL_FATAL(vault_add(v, &c, &ref[0], NULL), 0);
	CU_ASSERT_EQUAL(vault_erase(v, ref[0].path, NULL), 0);
	CU_ASSERT_EQUAL(vault_settle(v, NULL), 0);
	CU_ASSERT_EQUAL(vault_check(v, ref[0].path, ref[0].commit, NULL), TOSD_ENOENT);
	CU_ASSERT_EQUAL(vault_settle(v, NULL), 0); /* there is nothing */
	free(path);
	vault_free(&v);
	log_scratch_free(dir);
}

static void
test_vault_together(void)
{
	settle_many(false);
	settle_many(true);
}

static const struct suite_test tests[] = {
    {"warc: samples", test_warc_samples},
    {"warc: spellings of digests", test_warc_spellings},
    {"vault: captures", test_vault_capture},
    {"vault: redirects on the way", test_vault_hops},
    {"vault: captures that settle together", test_vault_together},
    {"vault: other bytes", test_vault_bytes},
    {"vault: the same bytes again are durable", test_vault_again},
    {"vault: so are folders that are there", test_vault_folders},
};

SUITE_MAIN("vault", tests)
