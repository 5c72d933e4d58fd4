/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_files: what only the file system can tell about a configuration, for
 * `tosd -t` and before start.  Leaves everything as it is.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/conf_arena.h"
#include "conf/conf_secret.h"
#include "conf/conf_source.h"
#include "conf/conf_table.h"
#include "conf/conf_writable.h"

struct look {
	conf_report *report;
	void *ctx;
	const struct conf *c;
	size_t found;
	bool doubts; /* not mistakes, but what only may be some */
};

static void say(struct look *l, const struct conf_path *p, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Without the value where that may be a secret. */
static void
say_text(struct look *l, const struct conf_path *p, const char *what, bool bare)
{
	char text[1024];

	snprintf(text, sizeof(text), "`%s': %s%s%s", p->key, bare ? "" : p->path,
	    bare ? "" : " ", what);
	if (l->report != NULL)
		l->report(l->ctx, p->file, p->line, text);
	l->found++;
}

static void
say(struct look *l, const struct conf_path *p, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	say_text(l, p, what, false);
}

/* stat; keeps a mistake when there is nothing. */
static bool
there(struct look *l, const struct conf_path *p, struct stat *st)
{
	if (stat(p->path, st) == 0)
		return true;
	say(l, p, "cannot be used: %s", strerror(errno));
	return false;
}

/* A folder that we make: what is nearest above it must be a folder.  Returns that, or
 * NULL after a mistake was kept. */
static char *
nearest(struct look *l, const struct conf_path *p)
{
	char *path = xstrdup(p->path), *up;
	struct stat st;

	while (stat(path, &st) != 0 && errno == ENOENT && strcmp(path, "/") != 0) {
		up = conf_source_folder(path);
		free(path);
		path = up;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return path;
	if (stat(path, &st) != 0)
		say(l, p, "cannot be made: %s: %s", path, strerror(errno));
	else
		say(l, p, "cannot be made: %s is not a folder", path);
	free(path);
	return NULL;
}

static void
check_made(struct look *l, const struct conf_path *p)
{
	free(nearest(l, p));
}

/* One that is nothing to us if it cannot be written to. */
static void
check_written(struct look *l, const struct conf_path *p)
{
	char *at = nearest(l, p);
	int rc = at != NULL ? conf_writable(p->path, at, l->c->user) : 0;

	if (rc != 0 && strcmp(at, p->path) == 0)
		say(l, p, "cannot be written to: %s", strerror(rc));
	else if (rc != 0)
		say(l, p, "cannot be made: %s: %s", at, strerror(rc));
	free(at);
}

static bool
counts(const struct conf_path *p, const char *name)
{
	size_t n = strlen(name);

	if (name[0] == '.')
		return false;
	return p->check != CONF_CHECK_PACKS ||
	       (n > 5 && strcmp(name + n - 5, ".conf") == 0);
}

/* Whether a plugin of the configuration is this one of ours, under whatever name. */
static bool
runs(const struct conf *c, const char *plugin)
{
	for (size_t i = 0; i < c->policy.nplugins; i++) {
		const char *path = c->policy.plugins[i].path;
		const char *file = path != NULL ? strrchr(path, '/') : NULL;
		size_t n = strlen(plugin);

		if (file != NULL && strncmp(file + 1, plugin, n) == 0 &&
		    strcmp(file + 1 + n, ".so") == 0)
			return true;
	}
	return false;
}

static void
check_folder(struct look *l, const struct conf_path *p)
{
	struct dirent *d;
	struct stat st;
	size_t n = 0;
	DIR *dir;

	if (!there(l, p, &st))
		return;
	dir = opendir(p->path);
	if (dir == NULL) {
		say(l, p, "cannot be read: %s", strerror(errno));
		return;
	}
	while ((d = readdir(dir)) != NULL)
		n += counts(p, d->d_name);
	closedir(dir);
	/* Other plugins need no pack. */
	if (n == 0 && (p->check != CONF_CHECK_PACKS || runs(l->c, "rules")))
		say(l, p, "%s",
		    p->check == CONF_CHECK_PACKS
			? "holds no rule pack (*.conf): nothing would ever be found"
			: "is empty: notices could not be written");
	if (st.st_mode & S_IWOTH)
		say(l, p, "may be written by everybody; make it chmod o-w");
}

static void
check_file(struct look *l, const struct conf_path *p)
{
	int mode = p->check == CONF_CHECK_PROGRAM ? X_OK : R_OK;
	struct stat st;

	if (!there(l, p, &st))
		return;
	if (!S_ISREG(st.st_mode))
		say(l, p, "is not a regular file");
	else if (access(p->path, mode) != 0)
		say(l, p, "cannot be %s: %s", mode == X_OK ? "executed" : "read",
		    strerror(errno));
}

/* NULL, or who but root and we could put something else there.  In a sticky folder only
 * what is one's own can be replaced, and what lies there is looked at as well. */
static const char *
open_to(const struct stat *st)
{
	bool sticky = S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;

	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to somebody else";
	return st->st_mode & (S_IWGRP | S_IWOTH) && !sticky ? "may be written by others"
							    : NULL;
}

static bool
others_write(
    struct look *l, const struct conf_path *p, const char *what, const struct stat *st)
{
	const char *who = open_to(st);

	if (who != NULL)
		say(l, p, "%s%s; a plugin is code, make it chown root and chmod go-w",
		    what, who);
	return who != NULL;
}

/* Groups of these numbers are the distributor's own (/usr/local is of `staff' on some
 * systems): who is in one of them was given that by root. */
#define GROUP_OF_SYSTEM 100

/* The same of a folder farther up, or of a symlink in one. */
static const char *
open_above(const struct stat *st)
{
	struct stat as = *st;

	if (S_ISLNK(as.st_mode))
		as.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH); /* they have all bits */
	else if (as.st_gid < GROUP_OF_SYSTEM)
		as.st_mode &= ~(mode_t)S_IWGRP;
	return open_to(&as);
}

#define LINKS_MAX 40 /* as the kernel's */

/* The next step of a way: at is where it has come to, without a slash at its end; rest
 * what is to come.  False: that is no folder, or none that can be seen; others say so.
 */
static bool
step(char at[PATH_MAX], char **rest, struct stat *st, unsigned *links)
{
	size_t from = strspn(*rest, "/"), n = strcspn(*rest + from, "/"), had;
	char *left = xstrdup(*rest + from + n), *name = xstrndup(*rest + from, n);
	char target[PATH_MAX];
	ssize_t len = -1;

	free(*rest);
	*rest = left;
	had = strlen(at);
	if (strcmp(name, "..") == 0)
		at[strrchr(at, '/') != NULL ? strrchr(at, '/') - at : 0] = '\0';
	else if (n > 0 && strcmp(name, ".") != 0 && had + n + 2 < PATH_MAX)
		sprintf(at + had, "/%s", name);
	free(name);
	if (lstat(at[0] != '\0' ? at : "/", st) != 0)
		return false;
	if (!S_ISLNK(st->st_mode))
		return S_ISDIR(st->st_mode);
	if (++*links < LINKS_MAX)
		len = readlink(at, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	*rest = xasprintf("%s/%s", target, left);
	free(left);
	at[target[0] == '/' ? 0 : had] = '\0';
	return true;
}

static char *
whole_path(const char *path)
{
	char here[PATH_MAX];

	return path[0] == '/' || getcwd(here, sizeof(here)) == NULL
		   ? xstrdup(path)
		   : xasprintf("%s/%s", here, path);
}

/* All folders on the way there from the root, and those on the ways of symlinks: in
 * each of them a part of the way could be replaced. */
static void
check_way(struct look *l, const struct conf_path *p, const char *folder)
{
	char at[PATH_MAX] = "", shown[PATH_MAX];
	char *rest = whole_path(folder);
	unsigned links = 0;
	struct stat st;
	const char *who = stat("/", &st) == 0 ? open_above(&st) : NULL;

	shown[0] = '\0';
	while (who == NULL && rest[strspn(rest, "/")] != '\0') {
		char *next = xstrdup(rest + strspn(rest, "/"));

		snprintf(
		    shown, sizeof(shown), "%s/%.*s", at, (int)strcspn(next, "/"), next);
		free(next);
		who = step(at, &rest, &st, &links) ? open_above(&st)
						   : "cannot be looked at";
	}
	if (who != NULL)
		say(l, p,
		    "lies below %s, which %s; a plugin is code, make that chown root "
		    "and chmod go-w",
		    shown[0] != '\0' ? shown : "/", who);
	free(rest);
}

/* A file that is code, and the folder in which it could be replaced. */
static void
check_code(struct look *l, const struct conf_path *p)
{
	char *folder = conf_source_folder(p->path);
	struct stat st;

	if (there(l, p, &st) && !others_write(l, p, "", &st) &&
	    stat(folder, &st) == 0 &&
	    !others_write(l, p, "lies in a folder that ", &st))
		check_way(l, p, folder);
	free(folder);
}

static void
check_plugin(struct look *l, const struct conf_path *p)
{
	size_t before = l->found;

	check_file(l, p);
	if (l->found == before)
		check_code(l, p);
}

/* Errno of the attempt to get there as the user of a program would; 0 as well where
 * that cannot be told. */
static int
try_as_program(const struct look *l, const char *path, int mode)
{
	uid_t uid = l->c != NULL ? (uid_t)l->c->policy.plugin_uid : 0;
	int status = 0;
	pid_t pid;

	if (geteuid() != 0 || uid == 0 || (pid = fork()) < 0)
		return 0;
	if (pid == 0) {
		bool is =
		    setgroups(0, NULL) == 0 && setgid(uid) == 0 && setuid(uid) == 0;

		_exit(!is || access(path, mode) == 0 ? 0 : errno);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static bool
out_of_reach(struct look *l, const struct conf_path *p, const char *what, int mode)
{
	int rc = try_as_program(l, p->path, mode);

	if (rc != 0)
		say(l, p, "cannot be %s by user id %u, under which it runs: %s", what,
		    l->c->policy.plugin_uid, strerror(rc));
	return rc != 0;
}

/* Where a program runs: it may read there. */
static void
check_room(struct look *l, const struct conf_path *p)
{
	struct stat st;

	if (!there(l, p, &st))
		return;
	if (!S_ISDIR(st.st_mode))
		say(l, p, "is not a folder");
	else
		out_of_reach(l, p, "entered", X_OK);
}

static void
check_command(struct look *l, const struct conf_path *p)
{
	bool program = p->check == CONF_CHECK_COMMAND;
	size_t before = l->found;
	struct stat st;

	if (!there(l, p, &st))
		return;
	if (S_ISDIR(st.st_mode) && !program) {
		if (!others_write(l, p, "", &st))
			check_way(l, p, p->path);
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		say(l, p, "is not a regular file");
		return;
	}
	if (access(p->path, program ? X_OK : R_OK) != 0) {
		say(l, p, "cannot be %s: %s", program ? "executed" : "read",
		    strerror(errno));
		return;
	}
	check_code(l, p);
	if (l->found == before)
		out_of_reach(
		    l, p, program ? "executed" : "read", program ? X_OK : R_OK);
}

/* Where systemd has credentials from that a unit names without a path. */
static const char *const stores[] = {"/etc/credstore", "/etc/credstore.encrypted",
    "/run/credstore", "/run/credstore.encrypted", "/usr/lib/credstore",
    "/usr/lib/credstore.encrypted"};

static bool
holds(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	bool yes = access(path, F_OK) == 0;

	free(path);
	return yes;
}

/* Once systemd has started us it is known which credentials there are; before that
 * a unit may name a file for it anywhere. */
static void
check_credential(struct look *l, const struct conf_path *p)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	bool known = dir != NULL && dir[0] == '/', there = known && holds(dir, p->path);

	for (size_t i = 0; !known && !there && i < sizeof(stores) / sizeof(stores[0]);
	     i++)
		there = holds(stores[i], p->path);
	if (!there && known != l->doubts)
		say_text(l, p,
		    known
			? "names a credential that systemd has not handed over; put "
			  "it into /etc/credstore (root, 0600) or name it in the unit "
			  "(LoadCredential=); if it is the secret itself, take it out "
			  "of here"
			: "names a credential, of which there is no file in "
			  "/etc/credstore; if no unit names one either, tosd will not "
			  "start; if it is the secret itself, take it out of here and "
			  "put it into a file",
		    true);
}

/* Written without the folder: in a slip it may be a secret with a slash in it. */
static bool
was_relative(const struct conf_path *p)
{
	char *folder = conf_source_folder(p->file);
	size_t n = strlen(folder);
	bool yes = strncmp(p->path, folder, n) == 0 && p->path[n] == '/';

	free(folder);
	return yes;
}

static void
check_secret(struct look *l, const struct conf_path *p)
{
	const char *bad;
	struct stat st;

	if (strchr(p->path, '/') == NULL) {
		check_credential(l, p);
		return;
	}
	if (l->doubts)
		return;
	if (p->check == CONF_CHECK_KEY && stat(p->path, &st) != 0 && errno == ENOENT) {
		check_made(l, p);
		return;
	}
	if (stat(p->path, &st) != 0 && was_relative(p)) {
		say_text(
		    l, p, "names a file that is not in the folder of this one", true);
		return;
	}
	if (!there(l, p, &st))
		return;
	bad = conf_secret_refused(st.st_mode);
	if (bad != NULL)
		say(l, p, "%s", bad);
}

static void
check_account(struct look *l, const struct conf_path *p)
{
	bool user = p->check == CONF_CHECK_USER;

	if (user ? getpwnam(p->path) == NULL : getgrnam(p->path) == NULL)
		say(l, p,
		    "is no %s of this machine; make it (systemd-sysusers does), "
		    "or name another",
		    user ? "user" : "group");
}

/* Nobody looks into it but these two. */
static void
check_packs(struct look *l, const struct conf_path *p)
{
	if (runs(l->c, "rules") || runs(l->c, "lists"))
		check_folder(l, p);
}

static void (*const checks[])(struct look *, const struct conf_path *) = {
    [CONF_CHECK_MADE] = check_made,
    [CONF_CHECK_WRITTEN] = check_written,
    [CONF_CHECK_PACKS] = check_packs,
    [CONF_CHECK_FOLDER] = check_folder,
    [CONF_CHECK_FILE] = check_file,
    [CONF_CHECK_PLUGIN] = check_plugin,
    [CONF_CHECK_PROGRAM] = check_file,
    [CONF_CHECK_COMMAND] = check_command,
    [CONF_CHECK_SCRIPT] = check_command,
    [CONF_CHECK_ROOM] = check_room,
    [CONF_CHECK_SECRET] = check_secret,
    [CONF_CHECK_KEY] = check_secret,
    [CONF_CHECK_USER] = check_account,
    [CONF_CHECK_GROUP] = check_account,
};

int
conf_check_files(const struct conf *c, conf_report *report, void *ctx)
{
	const struct conf_arena *a = c->arena;
	struct look l = {.report = report, .ctx = ctx, .c = c};

	for (size_t i = 0; i < a->npaths; i++)
		checks[a->paths[i].check](&l, &a->paths[i]);
	return l.found == 0 ? 0 : TOSD_EINVAL;
}

void
conf_doubt_files(const struct conf *c, conf_report *report, void *ctx)
{
	const struct conf_arena *a = c->arena;
	struct look l = {.report = report, .ctx = ctx, .c = c, .doubts = true};

	for (size_t i = 0; i < a->npaths; i++)
		if (checks[a->paths[i].check] == check_secret)
			check_secret(&l, &a->paths[i]);
}

int
conf_check_object(const char *path, conf_report *report, void *ctx)
{
	struct look l = {.report = report, .ctx = ctx};
	struct conf_path p = {.key = "path", .path = path};

	check_plugin(&l, &p);
	return l.found == 0 ? 0 : TOSD_EINVAL;
}
