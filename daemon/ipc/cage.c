/* SPDX-License-Identifier: Apache-2.0 */
/* cage: a child, its trace and its time; see cage.h. */
#include "ipc/cage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_MAX 20 /* ms between looks at the child */
/* ms that a look may be late by: the machine is busy, or we were stopped. */
#define LATE 1000

/* A call into a plugin, as last seen. */
struct call {
	uint64_t number;
	int64_t spent; /* ms; a time for which all of us were stopped is none */
	int64_t seen;
};

static void __attribute__((noreturn))
be_child(const struct cage_limits *limits, pid_t parent,
    int (*run)(void *ctx, struct trace *trace), void *ctx, struct trace *trace)
{
	int rc;

	/* Somebody's ^C or kill ends us; it must not leave a busy child behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
#ifndef TOSD_SANITIZED /* AddressSanitizer's shadow is larger than any limit */
	if (limits->memory > 0)
		setrlimit(RLIMIT_AS,
		    &(struct rlimit){(rlim_t)limits->memory, (rlim_t)limits->memory});
#else
	(void)limits;
#endif
	rc = run(ctx, trace);
	fflush(NULL);
	_exit(rc);
}

/* The limit that the call under way has broken; 0: none. */
static int64_t
overdue(const struct cage_limits *limits, const struct trace *trace, struct call *call)
{
	struct trace_seen s;
	int64_t limit, now = clock_steady(), since = now - call->seen;

	call->seen = now;
	trace_look(trace, &s);
	limit = s.what == TRACE_CHECK ? limits->check : limits->opening;
	if (s.what == TRACE_IDLE || s.calls != call->number) {
		call->number = s.calls;
		call->spent = 0;
		return 0;
	}
	call->spent += since < LATE ? since : LATE;
	return call->spent > limit ? limit : 0;
}

/* Until the child has ended; the limit for which it was killed, or 0. */
static int64_t
watch(
    const struct cage_limits *limits, const struct trace *trace, pid_t pid, int *status)
{
	struct call call = {.seen = clock_steady()};
	struct pollfd over = {.events = POLLIN};
	int64_t broken = 0;
	int pause = 1;

	over.fd = (int)syscall(SYS_pidfd_open, pid, 0); /* -1: a look tells, too */
	while (waitpid(pid, status, broken > 0 ? 0 : WNOHANG) != pid) {
		if (broken > 0)
			continue;
		poll(&over, 1, pause);
		pause = pause < LOOK_MAX ? pause + 1 : LOOK_MAX;
		broken = overdue(limits, trace, &call);
		if (broken > 0)
			kill(pid, SIGKILL);
	}
	if (over.fd >= 0)
		close(over.fd);
	return broken;
}

static void
read_end(const struct cage_limits *limits, const struct trace *trace, int status,
    int64_t broken, struct cage_end *end)
{
	struct trace_seen s;
	char where[TRACE_TEXT];
	bool inside;

	trace_look(trace, &s);
	inside = trace_say(&s, limits->unit, where);
	*end = (struct cage_end){.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
	    .broken = inside || !WIFEXITED(status)};
	if (!end->broken)
		return;
	if (!inside && WIFSIGNALED(status))
		end->signal = WTERMSIG(status);
	if (inside)
		memcpy(end->plugin, s.plugin, sizeof(end->plugin));
	else
		snprintf(where, sizeof(where), "outside of any plugin's calls");
	if (broken > 0)
		snprintf(end->words, sizeof(end->words),
		    "no answer within %g s %s; killed", (double)broken / CLOCK_SEC,
		    where);
	else if (WIFSIGNALED(status))
		snprintf(end->words, sizeof(end->words), "killed by SIG%s %s",
		    sigabbrev_np(WTERMSIG(status)), where);
	else if (inside && s.closed)
		snprintf(
		    end->words, sizeof(end->words), "the process was ended %s", where);
	else
		snprintf(end->words, sizeof(end->words),
		    "the process was ended %s, by exit(%d)", where, end->code);
}

int
cage_run(const struct cage_limits *limits, int (*run)(void *ctx, struct trace *trace),
    void *ctx, struct cage_end *end, struct err *e)
{
	pid_t pid, parent = getpid();
	struct trace *trace;
	int64_t broken;
	int status, rc = trace_new(&trace, e);

	if (rc != 0)
		return rc;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_child(limits, parent, run, ctx, trace);
	if (pid < 0) {
		rc = err_sys(e, "cannot start a process");
	} else {
		broken = watch(limits, trace, pid, &status);
		read_end(limits, trace, status, broken, end);
	}
	trace_free(&trace);
	return rc;
}
