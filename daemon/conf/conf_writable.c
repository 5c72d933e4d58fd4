/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_writable: see conf_writable.h.  It is tried, for no look tells it all: a folder
 * of /proc has mode bits like any other, and takes nothing.
 */
#include "conf/conf_writable.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/conf_source.h"

/* Makes a folder in it and removes it.  That a disk is full may pass, and is no mistake
 * of the configuration. */
static int
try_write(const char *at)
{
	char *path = xasprintf("%s/.tosd-test-XXXXXX", at);
	int rc = mkdtemp(path) != NULL ? 0 : errno;

	if (rc == 0)
		rmdir(path);
	free(path);
	return rc == ENOSPC || rc == EDQUOT ? 0 : rc;
}

/* Whether it could be gone through: in a child that has become the user. */
static int
try_enter(const char *at, const struct passwd *pw)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0) {
		bool is = setgroups(0, NULL) == 0 && setgid(pw->pw_gid) == 0 &&
			  setuid(pw->pw_uid) == 0;

		_exit(is && access(at, X_OK) == 0 ? 0 : errno);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* By root, who gives the last folder to the user; the way there stays as it is. */
static int
try_as_root(const char *path, const char *at, const struct passwd *pw)
{
	bool all = strcmp(path, at) == 0;
	char *above = all ? conf_source_folder(at) : xstrdup(at);
	int rc = try_write(at);

	if (rc == 0 && pw != NULL && pw->pw_uid != 0)
		rc = try_enter(above, pw);
	free(above);
	return rc;
}

/* The account that runs it is another one: named, or the one that already has it. */
static bool
is_for_others(const char *path, const char *at, const struct passwd *pw)
{
	struct stat st;

	if (pw != NULL)
		return pw->pw_uid != geteuid();
	return strcmp(path, at) == 0 && stat(at, &st) == 0 && st.st_uid != 0 &&
	       st.st_uid != geteuid();
}

int
conf_writable(const char *path, const char *at, const char *user)
{
	const struct passwd *pw = user != NULL ? getpwnam(user) : NULL;
	int rc;

	if (geteuid() == 0)
		return try_as_root(path, at, pw);
	rc = try_write(at);
	return (rc == EACCES || rc == EPERM) && is_for_others(path, at, pw) ? 0 : rc;
}
