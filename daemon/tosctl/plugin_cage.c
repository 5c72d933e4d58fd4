/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_cage: see plugin_cage.h. */
#include "tosctl/plugin_cage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/log.h"
#include "base/text.h"
#include "ipc/sandbox.h"
#include "policy/quiet.h"
#include "tosctl/tosctl_scan.h"

#define CAGE_MEMORY (8ull << 30) /* as policy.worker_memory, when it is not set */
#define CAGE_FILES 64
/* As in the daemon: the start of a worker, and policy.deadline when it is not set. */
#define CAGE_OPENING (2 * CLOCK_MIN)
#define CAGE_CHECK (5 * CLOCK_SEC)
#define HOST_CHECK CLOCK_MIN /* where nobody else waits for an answer */
#define LINE 1000	     /* bytes of a line that are told */
#define AFTER_MAX (1u << 20) /* bytes that are read when it is */

enum { EXIT_CANNOT = 3 };

/* The child: what is to run, and the end of the pipe that becomes its descriptors. */
struct inside {
	int (*run)(void *ctx, struct trace *trace);
	void *ctx;
	int pipe;
	int over; /* not for the child */
};

/* The one who listens. */
struct ear {
	const char *name;
	int fd;
	struct policy_lines lines;
};

static FILE *own_says;

FILE *
plugin_cage_says(void)
{
	return own_says != NULL ? own_says : stderr;
}

void
plugin_cage_say(const char *text)
{
	struct buf b = {0};

	text_escape_buf(&b, text, strlen(text));
	fprintf(plugin_cage_says(), "tosctl: %.*s\n", (int)b.len,
	    b.data != NULL ? b.data : "");
	buf_free(&b);
}

int
plugin_cage_enter(bool open, struct err *e)
{
	struct sandbox_profile p = {
	    .mode = open ? SANDBOX_OFF : SANDBOX_BEST_EFFORT,
	    .max_memory = CAGE_MEMORY,
	    .max_files = CAGE_FILES,
	};

	return sandbox_enter(&p, e);
}

int
plugin_cage_begin(bool open, struct err *e)
{
	struct sandbox_profile p = {.mode = open ? SANDBOX_OFF : SANDBOX_BEST_EFFORT};

	return sandbox_alone(&p, e);
}

/* --- what it writes */

static void
say_line(void *ctx, const char *line)
{
	const struct ear *r = ctx;
	complain("%s: %s", r->name, line);
}

/* False at the end. */
static bool
hear(struct ear *r, size_t *all)
{
	char raw[4096];
	ssize_t n = read(r->fd, raw, sizeof(raw));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	*all += (size_t)n;
	policy_lines_take(&r->lines, raw, (size_t)n, clock_steady());
	return true;
}

/* A process and no thread: what is to be shut in is forked from us, and must find no
 * lock that somebody else holds.  Whoever the plugin has left behind may hold the pipe
 * for ever: its end is not waited for, but that of `over', which we alone hold. */
static void __attribute__((noreturn)) be_ear(struct ear *r, int over)
{
	struct pollfd v[] = {
	    {.fd = r->fd, .events = POLLIN}, {.fd = over, .events = POLLIN}};
	size_t all = 0;

	while (v[1].revents == 0)
		if (poll(v, 2, -1) > 0 && v[0].revents != 0 && !hear(r, &all))
			break;
	all = 0;
	while (all < AFTER_MAX && poll(v, 1, 0) > 0 && hear(r, &all))
		;
	policy_lines_end(&r->lines, clock_steady());
	_exit(EXIT_SUCCESS);
}

/* --- the child */

static int
run_inside(void *ctx, struct trace *trace)
{
	const struct inside *in = ctx;
	int fd;

	close(in->over);
	log_apart();
	scan_own_output();
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	own_says = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (own_says == NULL || dup2(in->pipe, STDERR_FILENO) < 0 ||
	    dup2(in->pipe, STDOUT_FILENO) < 0)
		return PLUGIN_CAGE_CLOSED;
	close(in->pipe);
	setvbuf(own_says, NULL, _IOLBF, BUFSIZ);
	return in->run(in->ctx, trace);
}

static int
run_heard(const struct plugin_cage *c, const struct inside *in, struct cage_end *end,
    struct err *e)
{
	struct cage_limits limits = {
	    .opening = c->deadline > 0 ? c->deadline : CAGE_OPENING,
	    .check = c->deadline > 0 ? c->deadline : CAGE_CHECK,
	    .memory = c->memory > 0 ? c->memory : CAGE_MEMORY,
	    .unit = "line"};

	return cage_run(&limits, run_inside, (void *)(uintptr_t)in, end, e);
}

/* Starts the one who listens; the pipe to write to, and the one to close when it is
 * over. */
static pid_t
start_ear(const char *name, int *pipe_to, int *over, struct err *e)
{
	int said[2], done[2];
	pid_t pid;

	if (pipe2(said, O_CLOEXEC) != 0)
		return err_sys(e, "cannot make a pipe");
	if (pipe2(done, O_CLOEXEC) != 0) {
		close(said[0]);
		close(said[1]);
		return err_sys(e, "cannot make a pipe");
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct ear r = {.name = name, .fd = said[0]};

		r.lines =
		    (struct policy_lines){.say = say_line, .ctx = &r, .max = LINE};
		close(said[1]);
		close(done[1]);
		be_ear(&r, done[0]);
	}
	close(said[0]);
	close(done[0]);
	*pipe_to = said[1];
	*over = done[1];
	if (pid > 0)
		return pid;
	close(*pipe_to);
	close(*over);
	return err_sys(e, "cannot start a process");
}

int
plugin_cage(const struct plugin_cage *c, int (*run)(void *ctx, struct trace *trace),
    void *ctx, struct cage_end *end)
{
	struct inside in = {.run = run, .ctx = ctx};
	struct err e = ERR_INIT;
	pid_t pid = start_ear(c->name, &in.pipe, &in.over, &e);
	int rc = pid > 0 ? run_heard(c, &in, end, &e) : (int)pid;

	if (pid > 0) {
		close(in.pipe);
		close(in.over);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (rc != 0)
		complain("tosctl: %s", e.text);
	else if (!end->broken && end->code == PLUGIN_CAGE_CLOSED)
		complain(
		    "tosctl: plugin `%s' has closed descriptors that are not its own",
		    c->name);
	return rc;
}

int
plugin_cage_host(int (*run)(void *ctx, struct trace *trace), void *ctx)
{
	const struct cage_limits limits = {
	    .opening = CAGE_OPENING, .check = HOST_CHECK, .unit = "line"};
	struct err e = ERR_INIT;
	struct cage_end end;

	if (cage_run(&limits, run, ctx, &end, &e) != 0) {
		complain("tosctl: %s", e.text);
		return EXIT_CANNOT;
	}
	if (!end.broken)
		return end.code;
	/* Whoever read what it writes has left, which is nobody's fault. */
	if (end.signal == SIGPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	complain("tosctl: %s; what is left is not judged", end.words);
	return EXIT_CANNOT;
}
