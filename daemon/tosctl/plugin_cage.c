/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_cage: see plugin_cage.h. */
#include "tosctl/plugin_cage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
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
#define LINE 1000	     /* bytes of a line that are told */
#define LOOK 20		     /* ms between looks whether the plugin is gone */
#define AFTER_MAX (1u << 20) /* bytes that are read when it is */

/* The child: what is to run, and the end of the pipe that becomes its descriptors. */
struct inside {
	int (*run)(void *ctx, struct trace *trace);
	void *ctx;
	int pipe;
};

/* The reader, a thread of ours. */
struct ear {
	const char *name;
	int fd;
	atomic_bool over;
	struct policy_quiet quiet;
	struct buf line;
};

static FILE *own_says;
static pid_t own_pid;

FILE *
plugin_cage_says(void)
{
	return own_says != NULL ? own_says : stderr;
}

void
plugin_cage_alone(void)
{
	if (own_pid == 0 || own_pid == getpid())
		return;
	fprintf(plugin_cage_says(),
	    "tosctl: the plugin has forked, and the copy came back from its call: it "
	    "is ended\n");
	_exit(EXIT_FAILURE);
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

/* --- what it writes */

static void
say_left_out(const struct ear *r, uint64_t n)
{
	if (n > 0)
		fprintf(stderr, "%s: (%llu lines left out)\n", r->name,
		    (unsigned long long)n);
}

static void
say_line(struct ear *r)
{
	struct buf b = {0};
	uint64_t left_out = 0;

	if (r->line.len > 0 &&
	    policy_quiet_pass(&r->quiet, clock_steady(), &left_out)) {
		say_left_out(r, left_out);
		text_escape_buf(&b, r->line.data, r->line.len);
		buf_putc(&b, '\0');
		fprintf(stderr, "%s: %s\n", r->name, b.data);
		buf_free(&b);
	}
	buf_reset(&r->line);
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
	for (ssize_t i = 0; i < n; i++)
		if (raw[i] == '\n')
			say_line(r);
		else if (r->line.len < LINE)
			buf_putc(&r->line, raw[i]);
	return true;
}

/* Whoever it has left behind may hold the pipe for ever: its end is not waited for. */
static void *
listen_to(void *arg)
{
	struct ear *r = arg;
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	size_t all = 0;

	while (!atomic_load(&r->over))
		if (poll(&p, 1, LOOK) > 0 && !hear(r, &all))
			break;
	all = 0;
	while (all < AFTER_MAX && poll(&p, 1, 0) > 0 && hear(r, &all))
		;
	say_line(r);
	say_left_out(r, r->quiet.dropped);
	buf_free(&r->line);
	return NULL;
}

/* --- the child */

static int
run_inside(void *ctx, struct trace *trace)
{
	const struct inside *in = ctx;
	int fd;

	own_pid = getpid();
	log_apart();
	scan_own_output();
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	own_says = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (own_says == NULL || dup2(in->pipe, STDERR_FILENO) < 0 ||
	    dup2(in->pipe, STDOUT_FILENO) < 0)
		return PLUGIN_CAGE_CLOSED;
	setvbuf(own_says, NULL, _IOLBF, BUFSIZ);
	return in->run(in->ctx, trace);
}

static int
run_heard(const struct plugin_cage *c, const struct inside *in, struct ear *r,
    struct cage_end *end, struct err *e)
{
	struct cage_limits limits = {
	    .opening = c->deadline > 0 ? c->deadline : CAGE_OPENING,
	    .check = c->deadline > 0 ? c->deadline : CAGE_CHECK,
	    .memory = c->memory > 0 ? c->memory : CAGE_MEMORY,
	    .unit = "line"};
	pthread_t thread;
	int rc;

	if (pthread_create(&thread, NULL, listen_to, r) != 0)
		return err_set(e, TOSD_EIO, "cannot start a thread");
	rc = cage_run(&limits, run_inside, (void *)(uintptr_t)in, end, e);
	atomic_store(&r->over, true);
	pthread_join(thread, NULL);
	return rc;
}

int
plugin_cage(const struct plugin_cage *c, int (*run)(void *ctx, struct trace *trace),
    void *ctx, struct cage_end *end)
{
	struct err e = ERR_INIT;
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) != 0) {
		rc = err_sys(&e, "cannot make a pipe");
	} else {
		struct inside in = {run, ctx, fds[1]};
		struct ear r = {.name = c->name, .fd = fds[0]};

		rc = run_heard(c, &in, &r, end, &e);
		close(fds[0]);
		close(fds[1]);
	}
	if (rc != 0)
		fprintf(stderr, "tosctl: %s\n", e.text);
	else if (!end->broken && end->code == PLUGIN_CAGE_CLOSED)
		fprintf(stderr,
		    "tosctl: plugin `%s' has closed descriptors that are not its own\n",
		    c->name);
	return rc;
}
