/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sandbox: a child in the profile of each role tries what it must not be able to
 * do, and what it must.  The profiles are those of the daemon (roles.c), made from a
 * configuration that the test writes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "ipc/sandbox.h"
#include "roles.h"
#include "suite.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* What a try came to. */
enum outcome {
	DONE,	/* it worked */
	DENIED, /* it failed, the process lives */
	KILLED, /* the process was ended by SIGSYS */
};

static char dir[] = "/tmp/tosd-sandbox-XXXXXX";
static char state[64], outside[64];

static bool
opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool
try_read_etc(void)
{
	return opens("/etc/passwd", O_RDONLY);
}

static bool
try_read_root(void)
{
	return opens("/proc/self/maps", O_RDONLY) || opens(outside, O_RDONLY);
}

static bool
try_write_tmp(void)
{
	return opens("/tmp/tosd-sandbox-escaped", O_WRONLY | O_CREAT);
}

static bool
try_write_state(void)
{
	char path[96], to[96];

	snprintf(path, sizeof(path), "%s/a", state);
	snprintf(to, sizeof(to), "%s/b", state);
	return opens(path, O_RDWR | O_CREAT | O_TRUNC) && rename(path, to) == 0 &&
	       unlink(to) == 0;
}

static bool
try_read_state(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/file", state);
	return opens(path, O_RDONLY);
}

static bool
try_append_state(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/file", state);
	return opens(path, O_WRONLY | O_APPEND);
}

static bool
makes_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool
try_inet(void)
{
	return makes_socket(AF_INET);
}

static bool
try_inet6(void)
{
	return makes_socket(AF_INET6);
}

static bool
try_unix(void)
{
	return makes_socket(AF_UNIX);
}

static bool
try_packet(void)
{
	return makes_socket(AF_PACKET) || makes_socket(AF_NETLINK);
}

/* To nowhere: refused by the peer is done, refused by the sandbox is not. */
static bool
try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool done;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	done = fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
			      errno == ECONNREFUSED);
	if (fd >= 0)
		close(fd);
	return done;
}

/* Serving on a port is nobody's business once the sandbox is closed. */
static bool
bind_to(unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool done;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)port);
	done = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	if (fd >= 0)
		close(fd);
	return done;
}

static bool
try_bind(void)
{
	return bind_to(48123);
}

/* But to connect from another address than the usual one is for those who connect. */
static bool
try_bind_any(void)
{
	return bind_to(0);
}

static int listener = -1;

static bool
try_accept(void)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK) >= 0 || errno == EAGAIN;
}

static bool
try_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return false;
}

static bool
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static void *
thread(void *arg)
{
	return arg;
}

static bool
try_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, thread, NULL) == 0 &&
	       pthread_join(t, NULL) == 0;
}

static bool
try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool
try_unshare(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool
try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}

static bool
try_kill(void)
{
	return kill(getppid(), SIGCONT) == 0;
}

static bool
try_run_memory(void)
{
	void *p =
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED;
}

static bool
try_make_runnable(void)
{
	void *p = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
try_memfd(void)
{
	struct buf b = {0};
	int fd = file_memfd("x", "y", 1, NULL);
	bool done = fd >= 0 && file_read_memfd(fd, 1, &b, NULL) == 0;

	buf_free(&b);
	if (fd >= 0)
		close(fd);
	return done;
}

static bool
try_raise_limit(void)
{
	struct rlimit r = {64, 64};

	return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

/* One row per try; one letter per role: d done, x denied, k killed. */
static const struct attempt {
	const char *name;
	bool (*run)(void);
	/* engine, fetch, policy, courier, console */
	const char *want;
} attempts[] = {
    {"read /etc", try_read_etc, "ddxdx"},
    {"read what is not ours", try_read_root, "xxxxx"},
    {"write to /tmp", try_write_tmp, "xxxxx"},
    {"make, rename and remove in the state folder", try_write_state, "dxxxx"},
    {"read in the state folder", try_read_state, "dxxxd"},
    {"append in the state folder", try_append_state, "dxxxx"},
    {"make an IPv4 socket", try_inet, "xdxdx"},
    {"make an IPv6 socket", try_inet6, "xdxdx"},
    {"make a unix socket", try_unix, "dxxxx"},
    {"make a packet or netlink socket", try_packet, "xxxxx"},
    {"connect", try_connect, "xdxdx"},
    {"bind a TCP port", try_bind, "xxxxx"},
    {"bind an address, but no port", try_bind_any, "xdxdx"},
    {"accept", try_accept, "dxxxd"},
    {"run a program", try_exec, "kkkkk"},
    {"fork", try_fork, "kkkkk"},
    {"start a thread", try_thread, "dxxdx"},
    {"trace its parent", try_ptrace, "kkkkk"},
    {"make a user namespace", try_unshare, "kkkkk"},
    {"make an io_uring", try_io_uring, "kkkkk"},
    {"signal its parent", try_kill, "xxxxx"},
    {"map memory to run", try_run_memory, "xdxdx"},
    {"make memory runnable", try_make_runnable, "xdxdx"},
    {"make and read a memory file", try_memfd, "ddddd"},
    {"change a limit", try_raise_limit, "xxxxx"},
};

static const enum role roles[] = {
    ROLE_ENGINE, ROLE_FETCH, ROLE_POLICY, ROLE_COURIER, ROLE_CONSOLE};

static void
no_report(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
}

/* A configuration as an operator would write it, through the real parser. */
static struct conf *
make_conf(const char *transport)
{
	struct conf_source src = {.name = xstrdup("test.conf")};
	struct conf_sources all = {&src, 1};
	struct conf *c = NULL;

	src.text =
	    xasprintf("state_dir = \"%s\"; run_dir = \"%s/run\";\n"
		      "templates_dir = \"%s\";\n"
		      "provider = { name = \"t\"; mailbox = \"a@example.net\"; };\n"
		      "courier = { transport = \"%s\"; from = \"a@example.net\"; "
		      "sendmail = \"/bin/true\"; };\n",
		state, state, state, transport);
	if (conf_parse(&all, no_report, NULL, &c) != 0)
		abort();
	free(src.name);
	free(src.text);
	return c;
}

/* Runs one try in a child that has entered the profile. */
static enum outcome
outcome_of(const struct sandbox_profile *p, bool (*run)(void), int *code)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err e = ERR_INIT;

		if (sandbox_enter(p, &e) != 0) {
			fprintf(stderr, "%s\n", e.text);
			_exit(9);
		}
		_exit(run() ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	if (*code == -SIGSYS)
		return KILLED;
	return *code == 0 ? DONE : DENIED;
}

/* Sanitizers need system calls of their own, so those builds have no seccomp. */
static bool
has_seccomp(void)
{
#ifdef TOSD_SANITIZED
	printf("(sanitizer build: skipped) ");
	return false;
#else
	return true;
#endif
}

static void
test_profiles(void)
{
	struct conf *c;
	int code;

	if (!has_seccomp())
		return;
	c = make_conf("none");
	for (size_t r = 0; r < N(roles); r++) {
		struct sandbox_profile p;

		profile_of_role(roles[r], c, &p);
		for (size_t i = 0; i < N(attempts); i++) {
			enum outcome got = outcome_of(&p, attempts[i].run, &code);
			char letter = "dxk"[got];

			CU_ASSERT_TRUE(code == 0 || code == 1 || code == -SIGSYS);
			CU_ASSERT_EQUAL(letter, attempts[i].want[r]);
			if (letter != attempts[i].want[r])
				printf("%s: %s: %c, not %c (%d)\n", role_name(roles[r]),
				    attempts[i].name, letter, attempts[i].want[r],
				    code);
		}
	}
	conf_free(&c);
}

/* The tries themselves work where nothing forbids them: else the test above would
 * prove nothing. */
static void
test_tries_work(void)
{
	struct sandbox_profile off = {.mode = SANDBOX_OFF};
	bool (*const must[])(void) = {try_read_etc, try_read_root, try_write_tmp,
	    try_write_state, try_read_state, try_append_state, try_inet, try_unix,
	    try_connect, try_bind, try_accept, try_exec, try_fork, try_thread, try_kill,
	    try_run_memory, try_make_runnable, try_raise_limit, try_memfd};
	int code;

	for (size_t i = 0; i < N(must); i++) {
		CU_ASSERT_EQUAL(outcome_of(&off, must[i], &code), DONE);
		if (code != 0)
			printf(
			    "try %zu does not work without a sandbox: %d\n", i, code);
	}
	unlink("/tmp/tosd-sandbox-escaped");
}

/* The courier with a mail program can run it, and still not what only intruders do. */
static void
test_sendmail(void)
{
	struct sandbox_profile p;
	struct conf *c;
	int code;

	if (!has_seccomp())
		return;
	c = make_conf("sendmail");
	profile_of_role(ROLE_COURIER, c, &p);
	CU_ASSERT_EQUAL(outcome_of(&p, try_exec, &code), DONE);
	CU_ASSERT_EQUAL(outcome_of(&p, try_fork, &code), DONE);
	CU_ASSERT_EQUAL(outcome_of(&p, try_ptrace, &code), KILLED);
	CU_ASSERT_EQUAL(outcome_of(&p, try_unshare, &code), KILLED);
	CU_ASSERT_EQUAL(outcome_of(&p, try_io_uring, &code), KILLED);
	conf_free(&c);
}

/* Landlock alone, without seccomp behind it (also in sanitizer builds). */
static void
test_landlock(void)
{
	struct conf *c = make_conf("none");
	struct sandbox_profile p;
	int code;

	if (sandbox_landlock_abi() == 0) {
		struct err e = ERR_INIT;

		printf("(no landlock in this kernel: only the refusal is tested) ");
		profile_of_role(ROLE_ENGINE, c, &p);
		CU_ASSERT_TRUE(sandbox_enter(&p, &e) != 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "landlock"));
		conf_free(&c);
		return;
	}
	profile_of_role(ROLE_ENGINE, c, &p);
	CU_ASSERT_EQUAL(outcome_of(&p, try_write_tmp, &code), DENIED);
	CU_ASSERT_EQUAL(outcome_of(&p, try_write_state, &code), DONE);
	profile_of_role(ROLE_CONSOLE, c, &p);
	CU_ASSERT_EQUAL(outcome_of(&p, try_read_state, &code), DONE);
	CU_ASSERT_EQUAL(outcome_of(&p, try_append_state, &code), DENIED);
	profile_of_role(ROLE_FETCH, c, &p);
	CU_ASSERT_EQUAL(outcome_of(&p, try_read_state, &code), DENIED);
	conf_free(&c);
}

/* While code of others is loaded: what would be outside of the later walls. */
static bool
try_alone(void)
{
	struct sandbox_profile p = {.mode = SANDBOX_REQUIRED};
	struct err e = ERR_INIT;

	return sandbox_alone(&p, &e) == 0 && !try_thread() && !try_fork() &&
	       !try_exec() && try_read_etc() && try_inet();
}

static void *
stay(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* A thread that is there already. */
static bool
try_enter_beside(void)
{
	struct sandbox_profile p = {.mode = SANDBOX_REQUIRED};
	struct err e = ERR_INIT;
	pthread_t t;

	return pthread_create(&t, NULL, stay, NULL) == 0 &&
	       sandbox_enter(&p, &e) != 0 && strstr(e.text, "1 thread of") != NULL;
}

static void
test_alone(void)
{
	struct sandbox_profile off = {.mode = SANDBOX_OFF};
	int code;

	if (!has_seccomp())
		return;
	CU_ASSERT_EQUAL(outcome_of(&off, try_alone, &code), DONE);
	CU_ASSERT_EQUAL(outcome_of(&off, try_enter_beside, &code), DONE);
}

static bool
try_become(void)
{
	struct err e = ERR_INIT;

	return sandbox_become(65534, 65534, &e) == 0 && getuid() == 65534 &&
	       setuid(0) != 0 && setgid(0) != 0;
}

static bool
try_become_not_root(void)
{
	struct err e = ERR_INIT;

	return sandbox_become(65534, 65534, &e) == 0 &&
	       sandbox_become(0, 0, &e) == TOSD_EDENIED &&
	       sandbox_become(65534, 65534, &e) == 0;
}

static void
test_become(void)
{
	struct sandbox_profile off = {.mode = SANDBOX_OFF};
	int code;

	if (geteuid() != 0) {
		printf("(not root: skipped) ");
		return;
	}
	CU_ASSERT_EQUAL(outcome_of(&off, try_become, &code), DONE);
	CU_ASSERT_EQUAL(outcome_of(&off, try_become_not_root, &code), DONE);
}

static const struct suite_test tests[] = {
    {"sandbox: the tries work without one", test_tries_work},
    {"sandbox: each role's profile", test_profiles},
    {"sandbox: the courier with a mail program", test_sendmail},
    {"sandbox: landlock", test_landlock},
    {"sandbox: while plugins are opened, and none beside a thread", test_alone},
    {"sandbox: the user id is given up for good", test_become},
};

int
main(void)
{
	char path[96];
	int rc, fd;

	if (mkdtemp(dir) == NULL)
		return 2;
	snprintf(state, sizeof(state), "%s/state", dir);
	snprintf(outside, sizeof(outside), "%s/outside", dir);
	snprintf(path, sizeof(path), "%s/file", state);
	fd = mkdir(state, 0700) == 0 ? open(path, O_WRONLY | O_CREAT, 0600) : -1;
	if (fd < 0 || close(fd) != 0 ||
	    file_write(outside, "x", 1, 0600, FILE_NOSYNC, NULL))
		return 2;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (listener < 0 || listen(listener, 1) != 0)
		return 2;
	rc = suite_main("sandbox", tests, N(tests));
	unlink(path);
	rmdir(state);
	unlink(outside);
	rmdir(dir);
	return rc;
}
