/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: fork, tidy, exec; see spawn.h.  Only in the supervisor.
 *
 * The child tells of a failure before exec through a pipe that exec closes, so that
 * the parent knows at once why a role did not start.
 */
#include "ipc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/role.h"
#include "ipc/sandbox.h"

#define REPORT_FD (ROLE_CONTROL_FD + 1)

static void
default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0 is /dev/null, 3 the channel, 4 the report; nothing else stays. */
static int
arrange_fds(int control, int report, struct err *e)
{
	int null = open("/dev/null", O_RDONLY), c, r;

	if (null < 0)
		return err_sys(e, "cannot open /dev/null");
	/* First out of the way, since any of them may sit on another's place. */
	c = fcntl(control, F_DUPFD, 16);
	r = fcntl(report, F_DUPFD, 16);
	if (c < 0 || r < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(c, ROLE_CONTROL_FD) < 0 || dup3(r, REPORT_FD, O_CLOEXEC) < 0)
		return err_sys(e, "cannot arrange descriptors");
	if (close_range(REPORT_FD + 1, ~0u, 0) != 0)
		return err_sys(e, "cannot close descriptors");
	return 0;
}

static int
become_role(const struct spawn *s, pid_t parent, struct err *e)
{
	if (setsid() < 0)
		return err_sys(e, "cannot make a session");
	if (s->become && sandbox_become(s->uid, s->gid, e) != 0)
		return e->code;
	/* After the user id, which would undo it. */
	if (s->die_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return err_sys(e, "cannot ask for a death signal");
	if (s->die_with_us && getppid() != parent)
		return err_set(e, TOSD_ESTATE, "the supervisor has ended meanwhile");
	return 0;
}

static void __attribute__((noreturn))
child(const struct spawn *s, int control, int report, pid_t parent)
{
	struct err e = ERR_INIT;
	char index[16];
	char *argv[] = {(char *)"tosd", (char *)"--role", (char *)role_name(s->role),
	    (char *)"--index", index, NULL};
	ssize_t n;

	snprintf(index, sizeof(index), "%u", s->index);
	default_signals();
	if (arrange_fds(control, report, &e) == 0) {
		report = REPORT_FD;
		if (become_role(s, parent, &e) == 0) {
			execv(s->exe, argv);
			err_sys(&e, "cannot run %s", s->exe);
		}
	}
	n = write(report, &e, sizeof(e));
	(void)n;
	_exit(127);
}

pid_t
spawn_role(const struct spawn *s, int control, struct err *e)
{
	struct err told = ERR_INIT;
	pid_t parent = getpid(), pid;
	int report[2];
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) != 0)
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid < 0) {
		err_sys(e, "cannot fork");
		close(report[0]);
		close(report[1]);
		return TOSD_EIO;
	}
	if (pid == 0)
		child(s, control, report[1], parent);
	close(report[1]);
	do
		n = read(report[0], &told, sizeof(told));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == 0)
		return pid;
	waitpid(pid, NULL, 0);
	told.text[sizeof(told.text) - 1] = '\0';
	return err_set(e, n == sizeof(told) ? told.code : TOSD_EIO, "%s",
	    n == sizeof(told) ? told.text : "the child ended before its program ran");
}
