/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_files: what only the file system can tell about a configuration, for
 * `tosd -t` and before start.  Leaves everything as it is.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static bool
others_write(
    struct look *l, const struct conf_path *p, const char *what, const struct stat *st)
{
	const char *who =
	    st->st_uid != 0 && st->st_uid != geteuid() ? "belongs to somebody else"
	    : st->st_mode & (S_IWGRP | S_IWOTH) && !(st->st_mode & S_ISVTX)
		? "may be written by others"
		: NULL;

	if (who != NULL)
		say(l, p, "%s%s; a plugin is code, make it chown root and chmod go-w",
		    what, who);
	return who != NULL;
}

/* A file that is code, and the folder in which it could be replaced. */
static void
check_code(struct look *l, const struct conf_path *p)
{
	char *folder = conf_source_folder(p->path);
	struct stat st;

	if (there(l, p, &st) && !others_write(l, p, "", &st) && stat(folder, &st) == 0)
		others_write(l, p, "lies in a folder that ", &st);
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

static void
check_command(struct look *l, const struct conf_path *p)
{
	bool program = p->check == CONF_CHECK_COMMAND;
	struct stat st;

	if (!there(l, p, &st))
		return;
	if (S_ISDIR(st.st_mode) && !program) {
		others_write(l, p, "", &st);
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
