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

static int
write_new(const char *path, const struct buf *b, mode_t mode, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	ssize_t n = fd >= 0 ? write(fd, b->data, b->len) : -1;
	int rc = n == (ssize_t)b->len ? 0 : err_sys(e, "cannot write %s", path);

	if (fd >= 0 && close(fd) != 0 && rc == 0)
		rc = err_sys(e, "cannot write %s", path);
	return rc;
}

static int
write_one(
    const struct template *t, const char *dir, const struct words *w, struct err *e)
{
	char *from = xasprintf("%s/%s", places_templates(), t->from), *name, *path;
	struct buf in = {0}, out = {0};
	int rc = file_read(from, TEMPLATE_MAX, &in, e);

	name = strncmp(t->to, "%s", 2) == 0 ? xasprintf("%s%s", w->name, t->to + 2)
					    : xstrdup(t->to);
	path = xasprintf("%s/%s", dir, name);
	if (rc == 0) {
		buf_putc(&in, '\0');
		fill_in(&out, in.data, w);
		rc = write_new(path, &out, t->mode, e);
	}
	if (rc == 0)
		printf("%s\n", path);
	buf_free(&in);
	buf_free(&out);
	free(from);
	free(name);
	free(path);
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

int
plugin_new(enum plugin_kind kind, const char *name, const char *dir)
{
	struct err e = ERR_INIT;
	struct words w;
	int rc;

	if (!good_name(name)) {
		fprintf(stderr,
		    "tosctl: a plugin's name is a-z, then a-z, 0-9 and single -, at "
		    "most "
		    "%d of them\n",
		    NAME_MAX_LEN);
		return EXIT_USAGE;
	}
	make_words(kind, name, &w);
	dir = dir != NULL ? dir : name;
	rc = make_folders(dir, &e);
	for (size_t i = 0; rc == 0 && i < NTEMPLATES; i++)
		if (templates[i].kinds & 1u << kind)
			rc = write_one(&templates[i], dir, &w, &e);
	if (rc != 0)
		fprintf(stderr, "tosctl: %s\n", e.text);
	return rc == 0 ? EXIT_DONE : EXIT_CANNOT;
}
