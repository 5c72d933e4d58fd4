/* SPDX-License-Identifier: Apache-2.0 */
/* store_sample: a store in a scratch folder and sample rows, for the tests of the
 * store.  STORE_SAMPLE_MAIN makes and removes the folder. */
#ifndef TOSD_TESTS_STORE_SAMPLE_H
#define TOSD_TESTS_STORE_SAMPLE_H

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/store.h"
#include "suite.h"

#define T0 ((int64_t)1760000000000)
#define TENANT "t0000000000000a1"

static char dir[64];
static uint64_t fences[STORE_SHARDS];

static inline void
remove_files(void)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-journal"};
	char path[128];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		snprintf(path, sizeof(path), "%s/s.db%s", dir, suffix[i]);
		unlink(path);
	}
}

static inline const char *
url(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "sqlite:%s/s.db", dir);
	return text;
}

static inline const char *
path_of(const char *suffix)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s/s.db%s", dir, suffix);
	return text;
}

static inline struct store *
open_url(const char *u)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;

	if (store_open(u, &s, &e) != 0 ||
	    store_claim(s, "me", 60 * CLOCK_SEC, fences, &e) != 0) {
		printf("open: %s\n", e.text);
		CU_FAIL_FATAL("store_open");
	}
	return s;
}

static inline struct store_at
at(void)
{
	uint32_t shard = store_shard(TENANT);

	return (struct store_at){shard, fences[shard]};
}

#define OK(call)                                                                     \
	do {                                                                         \
		int ok_rc = (call);                                                  \
		if (ok_rc != 0)                                                      \
			printf("%s:%d: %d %s\n", __FILE__, __LINE__, ok_rc, e.text); \
		CU_ASSERT_EQUAL(ok_rc, 0);                                           \
	} while (0)

static inline int64_t
make_feed(struct store *s)
{
	struct err e = ERR_INIT;
	struct store_at a = at();
	int64_t id = 0;
	bool fresh;

	OK(store_feed_sync(
	    s, &a, TENANT, "http://a.example/feed", T0, &id, &fresh, &e));
	return id;
}

static inline int
add_revision(struct store *s, int64_t feed, const char *guid, int64_t *item_id,
    int64_t *revision, struct err *e)
{
	struct store_at a = at();
	struct store_item it = {.id = *item_id, .feed = feed, .first_seen = T0};
	struct store_revision r = {
	    .seen = T0, .time = T0 - 5, .entry = 7, .state = INSPECT_PENDING};
	char *links[] = {(char *)"http://l.example/"};
	int rc;

	strcpy(it.tenant, TENANT);
	it.guid = (char *)guid;
	it.url = (char *)"http://a.example/1";
	digest_hex_of(guid, strlen(guid), r.digest);
	strcpy(r.capture, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
	r.file = (char *)"2026/11/x.warc";
	r.commit = (char *)"c0";
	item_init(&r.body);
	r.body.id = (char *)guid;
	r.body.title = (char *)"a title";
	r.body.text = (char *)"text of some length: \xc3\xa9";
	r.body.links = links;
	r.body.nlinks = 1;
	rc = store_revision_add(s, &a, &it, &r, e);
	*item_id = it.id;
	if (revision != NULL)
		*revision = r.id;
	return rc;
}

/* writer() commits from number `from' on, in a process of its own, and says each on fd
 * once it is durable.  With `wait' it is killed after its first commit only, else at any
 * time, so also while it opens the file.  The last commit that was acknowledged. */
static inline int64_t
killed_writer(void (*writer)(int fd, int64_t from), int64_t from, unsigned us, bool wait)
{
	int64_t seq, last = from - 1;
	int fd[2], status;
	pid_t pid;

	CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		writer(fd[1], from);
	}
	close(fd[1]);
	if (wait && read(fd[0], &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	usleep(us);
	kill(pid, SIGKILL);
	while (read(fd[0], &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	close(fd[0]);
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return last;
}

static inline struct store_case
new_case(void)
{
	struct store_case c = {.opened = T0,
	    .closed = CLOCK_NONE,
	    .stage = 1,
	    .phase = 2,
	    .severity = 30,
	    .stage_since = T0,
	    .deadline = T0 + 100,
	    .remaining = CLOCK_NONE,
	    .last_violation = T0,
	    .watch_since = CLOCK_NONE};

	strcpy(c.tenant, TENANT);
	return c;
}

static inline struct store_violation
new_violation(int64_t c, int64_t item, int64_t revision)
{
	static struct finding_span span = {3, 9};
	struct store_violation v = {.case_id = c,
	    .item = item,
	    .revision = revision,
	    .exhibit = 1,
	    .found = T0,
	    .posted = CLOCK_NONE,
	    .entry = 9,
	    .reported = CLOCK_NONE,
	    .presence = PRESENT_ONLINE,
	    .since = T0,
	    .ended = CLOCK_NONE,
	    .last_online = T0,
	    .last_check = CLOCK_NONE,
	    .next_check = T0 + 50};

	strcpy(v.tenant, TENANT);
	v.finding.rule = (char *)"violence/threat";
	v.finding.rev = 3;
	v.finding.score = 0.75;
	v.finding.severity = SEVERITY_HIGH;
	v.finding.mode = MODE_ENFORCE;
	v.finding.spans = &span;
	v.finding.nspans = 1;
	v.url = (char *)"http://a.example/1";
	v.quote = (char *)"quote";
	return v;
}

static inline int
count_feed(void *ctx, const struct store_feed *f)
{
	(void)f;
	++*(int *)ctx;
	return 0;
}

static inline int
store_sample_main(const char *name, const struct suite_test *tests, size_t n)
{
	int rc;

	strcpy(dir, "/tmp/test_store.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 2;
	rc = suite_main(name, tests, n);
	remove_files();
	rmdir(dir);
	return rc;
}

#define STORE_SAMPLE_MAIN(name, tests)                                \
	int main(void)                                                \
	{                                                             \
		return store_sample_main(                             \
		    name, tests, sizeof(tests) / sizeof((tests)[0])); \
	}

#endif
