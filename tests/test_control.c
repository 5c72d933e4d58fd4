/* SPDX-License-Identifier: Apache-2.0 */
/* test_control: the control socket: who asks is answered, whatever others do or do not.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "console/control.h"
#include "suite.h"

#define MANY 100 /* more than are taken at a time */

static json_t *
reply(void *ctx, const json_t *request, uint32_t uid)
{
	int *asked = ctx;

	++*asked;
	return json_pack(
	    "{s:b, s:O, s:I}", "ok", 1, "cmd", request, "uid", (json_int_t)uid);
}

/* Exits with 0 if it was answered. */
static void
ask(const char *path)
{
	json_t *request = json_pack("{s:s}", "cmd", "status"), *got = NULL;
	struct err e = ERR_INIT;
	int rc = control_ask(path, request, &got, &e);

	_exit(rc == 0 && json_is_true(json_object_get(got, "ok")) ? 0 : 1);
}

static int
ask_in_child(struct loop *l, const char *path)
{
	int64_t begin = clock_steady();
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(10);
		ask(path);
	}
	while (waitpid(pid, &status, WNOHANG) == 0 && clock_steady() - begin < 10000) {
		loop_turn(l);
		poll(NULL, 0, 2);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
sit(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	CU_ASSERT_EQUAL(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* Connections on which nothing is asked must not be all that there are. */
static void
test_idle(void)
{
	char dir[] = "/tmp/tosd-control-XXXXXX", *path;
	struct loop *l = loop_new();
	struct control *k = NULL;
	struct err e = ERR_INIT;
	int fds[MANY], asked = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	path = xasprintf("%s/control", dir);
	CU_ASSERT_EQUAL_FATAL(control_new(l, path, reply, &asked, &k, &e), 0);
	CU_ASSERT_EQUAL(ask_in_child(l, path), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = sit(path);
		loop_turn(l);
	}
	CU_ASSERT_EQUAL(ask_in_child(l, path), 0);
	CU_ASSERT_EQUAL(asked, 2);
	/* The last of them is one that was kept. */
	CU_ASSERT_EQUAL(send(fds[MANY - 1], "{}\n", 3, MSG_NOSIGNAL), 3);
	for (int i = 0; i < 100 && asked < 3; i++)
		loop_turn(l);
	CU_ASSERT_EQUAL(asked, 3);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	control_free(&k);
	loop_free(&l);
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
	rmdir(dir);
	free(path);
}

#define LONG ((size_t)256 << 10) /* an answer; more than a socket takes at once */
#define SHORT 1000		 /* requests of three bytes */

static json_t *
reply_at_length(void *ctx, const json_t *request, uint32_t uid)
{
	int *asked = ctx;
	char *text = xmalloc(LONG + 1);
	json_t *o;

	(void)request;
	(void)uid;
	++*asked;
	memset(text, 'x', LONG);
	text[LONG] = '\0';
	o = json_pack("{s:s}", "text", text);
	free(text);
	return o;
}

/* Whole lines of what comes until it has been silent for a moment. */
static int
read_lines(struct loop *l, int fd)
{
	static char some[1 << 16];
	int lines = 0, silent = 0;

	while (silent < 50) {
		ssize_t n = recv(fd, some, sizeof(some), MSG_DONTWAIT);

		silent = n > 0 ? 0 : silent + 1;
		for (ssize_t i = 0; i < n; i++)
			lines += some[i] == '\n';
		loop_turn(l);
	}
	return lines;
}

/* Who asks much and takes no answer does not have us keep all of them. */
static void
test_many_at_once(void)
{
	char dir[] = "/tmp/tosd-control-XXXXXX", *path;
	struct loop *l = loop_new();
	struct control *k = NULL;
	struct err e = ERR_INIT;
	struct buf b = {0};
	int fd, asked = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	path = xasprintf("%s/control", dir);
	CU_ASSERT_EQUAL_FATAL(control_new(l, path, reply_at_length, &asked, &k, &e), 0);
	fd = sit(path);
	for (int i = 0; i < SHORT; i++)
		buf_puts(&b, "{}\n");
	buf_putc(&b, '{');
	CU_ASSERT_EQUAL(send(fd, b.data, b.len, MSG_NOSIGNAL), (ssize_t)b.len);
	buf_free(&b);
	for (int i = 0; i < 100; i++)
		loop_turn(l);
	CU_ASSERT(asked > 0 && asked < 4);
	/* Whoever takes them gets all, and can go on. */
	CU_ASSERT_EQUAL(read_lines(l, fd), SHORT);
	CU_ASSERT_EQUAL(send(fd, "}\n", 2, MSG_NOSIGNAL), 2);
	CU_ASSERT_EQUAL(read_lines(l, fd), 1);
	CU_ASSERT_EQUAL(asked, SHORT + 1);
	close(fd);
	control_free(&k);
	loop_free(&l);
	rmdir(dir);
	free(path);
}

static const struct suite_test tests[] = {
    {"who asks nothing is in nobody's way", test_idle},
    {"answers wait for their reader one by one", test_many_at_once},
};

SUITE_MAIN("control", tests)
