/* SPDX-License-Identifier: Apache-2.0 */
/* temporary: see temporary.h. */
#include "tosctl/temporary.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "tosctl/places.h"

/* Makes the folder, so that there is none without a guard.  By then it is out of reach
 * of what ends our group: a ^C, timeout(1), a terminal that is closed. */
static void __attribute__((noreturn)) be_guard(char *path, int to)
{
	bool there;
	int why;
	char c;

	setsid();
	there = mkdtemp(path) != NULL;
	why = there ? 0 : errno;
	if (send(to, &why, sizeof(why), MSG_NOSIGNAL) < 0 || why != 0 ||
	    send(to, path, strlen(path), MSG_NOSIGNAL) < 0)
		why = why != 0 ? why : EPIPE;
	while (why == 0 && read(to, &c, 1) < 0 && errno == EINTR)
		;
	if (there)
		file_remove_tree(path);
	_exit(EXIT_SUCCESS);
}

static int
start_guard(struct temporary *t, struct err *e)
{
	sigset_t all, before;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return err_sys(e, "cannot make a pair of sockets");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before); /* in the guard they stay so */
	t->guard = fork();
	if (t->guard == 0) {
		close(fds[1]);
		be_guard(t->path, fds[0]);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[0]);
	t->held = fds[1];
	if (t->guard > 0)
		return 0;
	close(fds[1]);
	return err_sys(e, "cannot start a process");
}

static int
take_answer(struct temporary *t, struct err *e)
{
	size_t n = strlen(t->path);
	int why;

	if (recv(t->held, &why, sizeof(why), 0) != (ssize_t)sizeof(why))
		return err_set(e, TOSD_EIO, "the guard of a temporary folder died");
	if (why == 0 && recv(t->held, t->path, n, 0) == (ssize_t)n)
		return 0;
	errno = why != 0 ? why : EIO;
	return err_sys(e, "cannot make a folder in %s", places_temporary());
}

int
temporary_make(const char *name, struct temporary *out, struct err *e)
{
	int rc;

	*out = (struct temporary){
	    .path = xasprintf("%s/%s-XXXXXX", places_temporary(), name)};
	rc = start_guard(out, e);
	if (rc == 0 && (rc = take_answer(out, e)) != 0) {
		close(out->held);
		waitpid(out->guard, NULL, 0);
	}
	if (rc != 0) {
		free(out->path);
		*out = (struct temporary){0};
	}
	return rc;
}

/* A word and not the end of the line: what a plugin has started may hold that for ever.
 * Somebody may have killed the guard. */
void
temporary_remove(struct temporary *t)
{
	if (t->path == NULL)
		return;
	while (send(t->held, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	close(t->held);
	while (waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
		;
	file_remove_tree(t->path);
	free(t->path);
	*t = (struct temporary){0};
}
