/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_cage: see plugin_cage.h. */
#include "tosctl/plugin_cage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/sandbox.h"

#define CAGE_MEMORY (8ull << 30) /* as policy.worker_memory, when it is not set */
#define CAGE_FILES 64

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

/* How the child ended: its code, or words and 1. */
static int
read_end(int status, const struct trace *t)
{
	int fd = trace_fd(t);
	char where[TRACE_TEXT];
	bool inside = trace_read(fd, where);

	if (fd >= 0)
		close(fd);
	if (WIFEXITED(status) && !inside)
		return WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		fprintf(stderr, "tosctl: killed by SIG%s %s\n",
		    sigabbrev_np(WTERMSIG(status)), where);
	else
		fprintf(stderr, "tosctl: the process was ended %s\n", where);
	return 1;
}

int
plugin_cage(int (*run)(void *ctx, struct trace *trace), void *ctx)
{
	struct trace *trace;
	struct err e = ERR_INIT;
	int status, rc;
	pid_t pid;

	if (trace_new(&trace, &e) != 0) {
		fprintf(stderr, "tosctl: %s\n", e.text);
		return 3;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		rc = run(ctx, trace);
		fflush(NULL);
		_exit(rc);
	}
	if (pid < 0) {
		fprintf(
		    stderr, "tosctl: cannot start a process: %s\n", strerror(errno));
		rc = 3;
	} else {
		while (waitpid(pid, &status, 0) != pid)
			;
		rc = read_end(status, trace);
	}
	trace_free(&trace);
	return rc;
}
