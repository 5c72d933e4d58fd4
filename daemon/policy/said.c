/* SPDX-License-Identifier: Apache-2.0 */
/* said: a pipe from standard error to the log; see said.h. */
#include "policy/said.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "policy/quiet.h"

#define LINE 1000 /* bytes; longer ones are cut */
#define LAST 2000 /* bytes that are told of what an abort leaves behind */

struct policy_said {
	int fd; /* the end that is read */
	struct loop_fd *watch;
	struct policy_lines lines;
};

/* For the handler: it has no context. */
static int last_from = -1, last_to = -1;

/* Why abort() was called (a broken heap, an assertion) stands in the pipe, and nobody
 * will come to read it. */
static void
on_abort(int sig)
{
	static const char begin[] = "a plugin wrote last: ";
	static char raw[LAST], line[sizeof(begin) + 4 * LAST + 2];
	ssize_t got = read(last_from, raw, sizeof(raw));
	size_t n = sizeof(begin) - 1;

	(void)sig;
	if (got <= 0)
		return;
	memcpy(line, begin, n);
	n += (size_t)text_escape(line + n, sizeof(line) - n - 1, raw, (size_t)got);
	line[n++] = '\n';
	if (write(last_to, line, n) < 0)
		return;
}

static void
say_line(void *ctx, const char *line)
{
	(void)ctx;
	log_warn("policy", "a plugin wrote: %s", line);
}

void
policy_said_drain(struct policy_said *s)
{
	char raw[4096];
	ssize_t got;

	while (s != NULL && (got = read(s->fd, raw, sizeof(raw))) > 0)
		policy_lines_take(&s->lines, raw, (size_t)got, clock_steady());
}

static void
on_readable(void *ctx, int fd, unsigned what)
{
	(void)fd;
	(void)what;
	policy_said_drain(ctx);
}

int
policy_said_new(struct loop *l, struct policy_said **out, struct err *e)
{
	struct sigaction act = {.sa_handler = on_abort, .sa_flags = (int)SA_RESETHAND};
	struct policy_said *s;
	int fds[2], null;

	*out = NULL;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		return err_sys(e, "cannot use /dev/null");
	close(null);
	/* A plugin must not wait for us: what does not fit is lost. */
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_sys(e, "cannot make a pipe");
	last_to = log_apart();
	if (last_to < 0 || dup2(fds[1], STDERR_FILENO) < 0)
		return err_sys(e, "cannot keep standard error");
	close(fds[1]);
	last_from = fds[0];
	sigaction(SIGABRT, &act, NULL);
	s = xcalloc(1, sizeof(*s));
	s->fd = fds[0];
	s->lines = (struct policy_lines){.say = say_line, .max = LINE};
	s->watch = loop_fd_new(l, s->fd, LOOP_READ, on_readable, s);
	*out = s;
	return 0;
}

void
policy_said_free(struct policy_said **sp)
{
	struct policy_said *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	policy_said_drain(s);
	policy_lines_end(&s->lines, clock_steady());
	loop_fd_free(&s->watch);
	free(s); /* the pipe stays: standard error leads there, and on_abort() */
}
