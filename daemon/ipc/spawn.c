/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: fork, tidy, exec; see spawn.h.  Only in the supervisor, and programs of
 * plugins in `tosctl plugin'.
 *
 * The child tells of a failure before exec through a pipe that exec closes, so that
 * the parent knows at once why a role did not start.
 */
#include "ipc/spawn.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "ipc/role.h"

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

/* To be killed when the parent dies.  After the user id, which would undo it. */
static int
die_with(pid_t parent, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return err_sys(e, "cannot ask for a death signal");
	if (getppid() != parent)
		return err_set(e, TOSD_ESTATE, "the supervisor has ended meanwhile");
	return 0;
}

static int
become_role(const struct spawn *s, pid_t parent, struct err *e)
{
	if (setsid() < 0)
		return err_sys(e, "cannot make a session");
	if (s->become && sandbox_become(s->uid, s->gid, e) != 0)
		return e->code;
	return s->die_with_us ? die_with(parent, e) : 0;
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

/* Hears what a child could not do: 0 once its program runs.  Closes the report. */
static int
hear(pid_t pid, const int report[2], struct err *e)
{
	struct err told = ERR_INIT;
	ssize_t n;

	close(report[1]);
	do
		n = read(report[0], &told, sizeof(told));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == 0)
		return 0;
	waitpid(pid, NULL, 0);
	told.text[sizeof(told.text) - 1] = '\0';
	return err_set(e, n == sizeof(told) ? told.code : TOSD_EIO, "%s",
	    n == sizeof(told) ? told.text : "the child ended before its program ran");
}

pid_t
spawn_role(const struct spawn *s, int control, struct err *e)
{
	pid_t parent = getpid(), pid;
	int report[2], rc;

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
	rc = hear(pid, report, e);
	return rc == 0 ? pid : rc;
}

/* --- programs of plugins */

#define FILE_MAX (64u << 20) /* of a file that a command names */

/* Whether a word of a command names a file. */
static bool
is_file(const char *word, struct stat *st)
{
	return word[0] == '/' && stat(word, st) == 0 && S_ISREG(st->st_mode);
}

void
spawn_child_stamp(const char *const *command, size_t n, char hex[DIGEST_HEX])
{
	struct buf all = {0};

	for (size_t i = 0; i < n; i++) {
		struct stat st = {0};

		buf_put_u8(&all, is_file(command[i], &st));
		buf_put_u64(&all, st.st_dev);
		buf_put_u64(&all, st.st_ino);
		buf_put_i64(&all, st.st_size);
		buf_put_i64(&all, st.st_mtim.tv_sec);
		buf_put_i64(&all, st.st_mtim.tv_nsec);
		buf_put_i64(&all, st.st_ctim.tv_sec);
		buf_put_i64(&all, st.st_ctim.tv_nsec);
	}
	digest_hex_of(all.data, all.len, hex);
	buf_free(&all);
}

int
spawn_child_digest(
    const char *const *command, size_t n, char hex[DIGEST_HEX], struct err *e)
{
	struct buf all = {0};
	int rc = 0;

	buf_put_str(&all, "tosd command 1");
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct buf file = {0};
		struct stat st;

		if (!is_file(command[i], &st)) {
			buf_put_str(&all, command[i]);
			continue;
		}
		rc = file_read(command[i], FILE_MAX, &file, e);
		if (rc == 0)
			digest_hex_of(file.data, file.len, hex);
		if (rc == 0)
			buf_put_str(&all, hex);
		buf_free(&file);
	}
	if (rc == 0)
		digest_hex_of(all.data, all.len, hex);
	buf_free(&all);
	return rc;
}

/* How many tasks a user has: the limit on processes counts all of them. */
static uint64_t
tasks_of(uid_t uid)
{
	struct dirent *d;
	uint64_t n = 0;
	DIR *proc = opendir("/proc");

	while (proc != NULL && (d = readdir(proc)) != NULL) {
		char path[300];
		struct stat st;
		struct dirent *t;
		DIR *tasks;

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", d->d_name);
		if (stat(path, &st) != 0 || st.st_uid != uid ||
		    (tasks = opendir(path)) == NULL)
			continue;
		while ((t = readdir(tasks)) != NULL)
			n += isdigit((unsigned char)t->d_name[0]) != 0;
		closedir(tasks);
	}
	if (proc != NULL)
		closedir(proc);
	return n;
}

static int
limit_child(const struct spawn_child *s, uint64_t tasks, struct err *e)
{
	const struct {
		int what;
		uint64_t max;
	} limits[] = {
#ifndef TOSD_SANITIZED /* until exec() it has our shadow, larger than any limit */
	    {RLIMIT_AS, s->memory},
#endif
	    {RLIMIT_NOFILE, s->files}, {RLIMIT_NPROC, tasks + s->processes},
	    {RLIMIT_CPU, s->cpu}, {RLIMIT_FSIZE, 0}, {RLIMIT_CORE, 0},
	    {RLIMIT_MEMLOCK, 0}, {RLIMIT_MSGQUEUE, 0}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit now, want = {limits[i].max, limits[i].max};

		if (getrlimit(limits[i].what, &now) == 0 &&
		    now.rlim_max < want.rlim_max)
			want.rlim_cur = want.rlim_max = now.rlim_max;
		if (setrlimit(limits[i].what, &want) != 0)
			return err_sys(e, "cannot set a limit");
	}
	return 0;
}

/* /usr is where interpreters and their libraries are; the rest is what the C library
 * looks at when a program starts. */
static int
wall_child(const struct spawn_child *s, struct err *e)
{
	static const char *const paths[] = {"/usr", "/bin", "/lib", "/lib64",
	    "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/dev/null",
	    "/dev/zero", "/dev/urandom"};
	struct sandbox_profile p = {.mode = s->sandbox,
	    .may = SANDBOX_MAY_EXEC | SANDBOX_MAY_PLUGIN | SANDBOX_MAY_READ};

	if (s->sandbox == SANDBOX_OFF)
		return 0; /* was said at the start, once */
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		sandbox_read(&p, paths[i]);
	sandbox_read(&p, s->folder);
	sandbox_write(&p, "/dev/null");
	return sandbox_enter(&p, e);
}

static int
arrange_pipes(const int ends[MSG_CHILD_PIPES], int report, struct err *e)
{
	int high[MSG_CHILD_PIPES + 1];

	for (int i = 0; i < MSG_CHILD_PIPES; i++)
		high[i] = fcntl(ends[i], F_DUPFD, 16);
	high[MSG_CHILD_PIPES] = fcntl(report, F_DUPFD, 16);
	for (int i = 0; i < MSG_CHILD_PIPES; i++)
		if (high[i] < 0 || dup2(high[i], i) < 0)
			return err_sys(e, "cannot arrange descriptors");
	if (high[MSG_CHILD_PIPES] < 0 ||
	    dup3(high[MSG_CHILD_PIPES], ROLE_CONTROL_FD, O_CLOEXEC) < 0 ||
	    close_range(ROLE_CONTROL_FD + 1, ~0u, 0) != 0)
		return err_sys(e, "cannot arrange descriptors");
	return 0;
}

/* Whether its first line ends as on Windows: then its interpreter's name has a CR. */
static bool
has_cr(const char *path)
{
	char line[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, line, sizeof(line) - 1) : 0;
	size_t end;

	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	end = strcspn(line, "\n");
	return end > 0 && line[end] == '\n' && line[end - 1] == '\r';
}

/* What execve() says fits many mistakes; those that people make are told apart. */
static int
why_not_run(const struct spawn_child *s, const char *path, int error, struct err *e)
{
	/* What is there and is not found begins with "#!" and another name. */
	if (error == ENOENT && access(path, F_OK) == 0)
		return err_set(e, TOSD_ENOENT,
		    "cannot run %s: its interpreter (#!) is not there%s", path,
		    has_cr(path) ? ", since its lines end with CR LF: save it with LF"
				 : "");
	if (error == ENOEXEC)
		return err_set(e, TOSD_EINVAL,
		    "cannot run %s: it is no program of this machine and does not "
		    "begin with #!: name its interpreter in front of it",
		    path);
	if (error == EACCES && access(path, X_OK) != 0)
		return err_set(e, TOSD_EDENIED,
		    "cannot run %s: it may not be executed: chmod +x it, or name its "
		    "interpreter in front of it",
		    path);
	if (error == EACCES && s->sandbox != SANDBOX_OFF)
		return err_set(e, TOSD_EDENIED,
		    "cannot run %s: %s (a plugin can read only /usr and its own "
		    "folder, %s)",
		    path, strerror(error), s->folder);
	errno = error;
	return err_sys(e, "cannot run %s", path);
}

static int
run_child(const struct spawn_child *s, uint64_t tasks, pid_t parent, struct err *e)
{
	char **argv = xcalloc(s->ncommand + 1, sizeof(*argv));
	char *env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LANG=C.UTF-8",
	    (char *)"PYTHONDONTWRITEBYTECODE=1", xasprintf("HOME=%s", s->folder),
	    xasprintf("TOSD_PLUGIN=%s", s->name), NULL};
	int rc = 0;

	for (size_t i = 0; i < s->ncommand; i++)
		argv[i] = xstrdup(s->command[i]);
	umask(077);
	if (setsid() < 0)
		rc = err_sys(e, "cannot make a session");
	if (rc == 0 && s->become)
		rc = sandbox_become(s->uid, s->gid, e);
	if (rc == 0)
		rc = die_with(parent, e);
	if (rc == 0 && chdir(s->folder) != 0)
		rc = err_sys(e, "cannot go to its folder %s", s->folder);
	if (rc == 0)
		rc = limit_child(s, tasks, e);
	if (rc == 0)
		rc = wall_child(s, e);
	if (rc == 0) {
		execve(argv[0], argv, env);
		rc = why_not_run(s, argv[0], errno, e);
	}
	return rc;
}

static void __attribute__((noreturn)) become_child(const struct spawn_child *s,
    uint64_t tasks, const int ends[MSG_CHILD_PIPES], int report, pid_t parent)
{
	struct err e = ERR_INIT;
	ssize_t n;

	default_signals();
	if (arrange_pipes(ends, report, &e) == 0) {
		report = ROLE_CONTROL_FD;
		run_child(s, tasks, parent, &e);
	}
	n = write(report, &e, sizeof(e));
	(void)n;
	_exit(127);
}

static void
close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

pid_t
spawn_child(const struct spawn_child *s, int fds[MSG_CHILD_PIPES], struct err *e)
{
	/* By pipe: input (read end first), output, error, report. */
	int ends[8] = {-1, -1, -1, -1, -1, -1, -1, -1}, theirs[MSG_CHILD_PIPES], rc = 0;
	uint64_t tasks = s->become ? 0 : tasks_of(getuid());
	pid_t parent = getpid(), pid = -1;

	for (int i = 0; i < 4 && rc == 0; i++)
		if (pipe2(ends + 2 * i, O_CLOEXEC) != 0)
			rc = err_sys(e, "cannot make a pipe");
	if (rc == 0 && (pid = fork()) < 0)
		rc = err_sys(e, "cannot fork");
	if (rc != 0) {
		close_all(ends, 8);
		return rc;
	}
	theirs[0] = ends[0];
	theirs[1] = ends[3];
	theirs[2] = ends[5];
	if (pid == 0)
		become_child(s, tasks, theirs, ends[7], parent);
	close_all(theirs, MSG_CHILD_PIPES);
	fds[0] = ends[1];
	fds[1] = ends[2];
	fds[2] = ends[4];
	rc = hear(pid, ends + 6, e);
	if (rc == 0)
		return pid;
	close_all(fds, MSG_CHILD_PIPES);
	return rc;
}
