/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_new: the files of a plugin to start from.  They are the templates of
 * plugins/template (installed beside other data), with names filled in; this file knows
 * which ones belong to which kind of plugin, and nothing of what is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/file.h"
#include "tosctl/places.h"
#include "tosctl/tosctl_plugin.h"

#define NAME_MAX_LEN 32 /* as policy.plugins takes it */
#define TEMPLATE_MAX (1u << 20)

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

#define KIND(k) (1u << PLUGIN_##k)
#define NATIVE (KIND(C) | KIND(AUTOTOOLS))
#define PROGRAM (KIND(PYTHON) | KIND(SHELL))

/* In `to', %s is the name. */
static const struct template
{
	unsigned kinds;
	const char *from, *to;
	mode_t mode;
}
templates[] = {
    {NATIVE, "c/plugin.c", "%s.c", 0644},
    {NATIVE, "c/tests/check.sh", "tests/check.sh", 0755},
    {NATIVE | PROGRAM, "items.ndjson", "tests/items.ndjson", 0644},
    {KIND(C), "c/Makefile", "Makefile", 0644},
    {KIND(C), "c/README", "README", 0644},
    {KIND(AUTOTOOLS), "autotools/configure.ac", "configure.ac", 0644},
    {KIND(AUTOTOOLS), "autotools/Makefile.am", "Makefile.am", 0644},
    {KIND(AUTOTOOLS), "autotools/README", "README", 0644},
    {KIND(PYTHON), "python/plugin.py", "%s.py", 0755},
    {KIND(SHELL), "shell/plugin.sh", "%s.sh", 0755},
    {PROGRAM, "program/Makefile", "Makefile", 0644},
    {PROGRAM, "program/README", "README", 0644},
};
#define NTEMPLATES (sizeof(templates) / sizeof(templates[0]))

struct words {
	const char *name;
	char ident[NAME_MAX_LEN + 1]; /* the name as a word of C */
	char file[NAME_MAX_LEN + 4];  /* of the program */
};

static bool
good_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= NAME_MAX_LEN && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
	       s[n - 1] != '-' && strstr(s, "--") == NULL;
}

/* NULL, or why nobody may have that name: `make install' would overwrite a plugin of
 * ours, or the host would take none of its rules. */
static const char *
taken_name(const char *s)
{
	static const char *const ours[] = {
	    "rules", "lists", "moderation", "classifier", "probe"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(ours[i], s) == 0)
			return "a plugin of tosd itself is called so";
	return strcmp(s, "host") == 0 ? "rules of that name are the host's own" : NULL;
}

static void
make_words(enum plugin_kind kind, const char *name, struct words *w)
{
	w->name = name;
	snprintf(w->ident, sizeof(w->ident), "%s", name);
	for (char *c = w->ident; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	snprintf(w->file, sizeof(w->file), "%s.%s", name,
	    kind == PLUGIN_PYTHON ? "py" : "sh");
}

/* The template with @NAME@, @IDENT@ and @FILE@ filled in. */
static void
fill_in(struct buf *out, const char *s, const struct words *w)
{
	const struct {
		const char *mark, *word;
	} marks[] = {{"@NAME@", w->name}, {"@IDENT@", w->ident}, {"@FILE@", w->file}};
	const char *at;

	while ((at = strchr(s, '@')) != NULL) {
		size_t i = 0, n = sizeof(marks) / sizeof(marks[0]);

		buf_put(out, s, (size_t)(at - s));
		while (i < n && strncmp(at, marks[i].mark, strlen(marks[i].mark)) != 0)
			i++;
		buf_puts(out, i < n ? marks[i].word : "@");
		s = at + (i < n ? strlen(marks[i].mark) : 1);
	}
	buf_puts(out, s);
}

/* One file to be written. */
struct sheet {
	char *path;
	struct buf text;
	mode_t mode;
};

static int
write_new(const struct sheet *f, struct err *e)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, f->mode);
	ssize_t n = fd >= 0 ? write(fd, f->text.data, f->text.len) : -1;
	int rc = 0;

	if (n >= 0 && n < (ssize_t)f->text.len)
		errno = ENOSPC; /* part of it was taken */
	if (n < (ssize_t)f->text.len)
		rc = err_sys(e, "cannot write %s", f->path);
	if (fd >= 0 && close(fd) != 0 && rc == 0)
		rc = err_sys(e, "cannot write %s", f->path);
	if (fd >= 0 && rc != 0)
		unlink(f->path);
	return rc;
}

/* Fills in the template; an error as well where its file is there already. */
static int
prepare(const struct template *t, const char *dir, const struct words *w,
    struct sheet *f, struct err *e)
{
	char *from = xasprintf("%s/%s", places_templates(), t->from);
	struct buf in = {0};
	struct stat st;
	int rc = file_read(from, TEMPLATE_MAX, &in, e);

	f->mode = t->mode;
	f->path = strncmp(t->to, "%s", 2) == 0
		      ? xasprintf("%s/%s%s", dir, w->name, t->to + 2)
		      : xasprintf("%s/%s", dir, t->to);
	if (rc == 0 && lstat(f->path, &st) == 0) {
		errno = EEXIST;
		rc = err_sys(e, "nothing is written: cannot write %s", f->path);
	}
	if (rc == 0) {
		buf_putc(&in, '\0');
		fill_in(&f->text, in.data, w);
	}
	buf_free(&in);
	free(from);
	return rc;
}

/* The folder and its tests/; they may be there, the files may not. */
static int
make_folders(const char *dir, struct err *e)
{
	char *tests = xasprintf("%s/tests", dir);
	int rc = 0;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		rc = err_sys(e, "cannot make %s", dir);
	else if (mkdir(tests, 0777) != 0 && errno != EEXIST)
		rc = err_sys(e, "cannot make %s", tests);
	free(tests);
	return rc;
}

/* All of them or none. */
static int
write_all(const struct sheet *v, size_t n, struct err *e)
{
	size_t i = 0;
	int rc = 0;

	while (i < n && (rc = write_new(&v[i], e)) == 0)
		i++;
	for (size_t k = 0; k < i; k++)
		if (rc != 0)
			unlink(v[k].path);
		else
			printf("%s\n", v[k].path);
	return rc;
}

static int
write_plugin(
    enum plugin_kind kind, const char *dir, const struct words *w, struct err *e)
{
	struct sheet v[NTEMPLATES];
	size_t n = 0;
	int rc = 0;

	memset(v, 0, sizeof(v));
	for (size_t i = 0; rc == 0 && i < NTEMPLATES; i++)
		if (templates[i].kinds & 1u << kind)
			rc = prepare(&templates[i], dir, w, &v[n++], e);
	if (rc == 0)
		rc = make_folders(dir, e);
	if (rc == 0)
		rc = write_all(v, n, e);
	for (size_t i = 0; i < n; i++) {
		free(v[i].path);
		buf_free(&v[i].text);
	}
	return rc;
}

int
plugin_new(enum plugin_kind kind, const char *name, const char *dir)
{
	struct err e = ERR_INIT;
	const char *why;
	struct words w;

	if (!good_name(name)) {
		complain(
		    "tosctl: a plugin's name is a-z, then a-z, 0-9 and single -, at "
		    "most "
		    "%d of them",
		    NAME_MAX_LEN);
		return EXIT_USAGE;
	}
	if ((why = taken_name(name)) != NULL) {
		complain("tosctl: %s: %s; choose another name", name, why);
		return EXIT_USAGE;
	}
	if (dir != NULL && (dir[0] == '-' || dir[0] == '\0')) {
		complain(
		    "tosctl: \"%s\" is no folder to make; ./%s would be one", dir, dir);
		return EXIT_USAGE;
	}
	make_words(kind, name, &w);
	if (write_plugin(kind, dir != NULL ? dir : name, &w, &e) == 0)
		return EXIT_DONE;
	complain("tosctl: %s", e.text);
	return EXIT_CANNOT;
}
