/* SPDX-License-Identifier: Apache-2.0 */
/* pack_room: see pack_room.h. */
#include "tosctl/pack_room.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "tosctl/pack_doc.h"

#define DEPTH_MAX 8
#define FILE_MAX (64u << 20)
#define FILES_MAX 10000

struct copying {
	unsigned files;
	bool no_packs;	 /* of the folder itself */
	const char *but; /* nor this one, which is replaced; NULL: none is */
	struct err *e;
};

static int
copy_file(const char *from, const char *to, struct copying *c)
{
	struct buf b = {0};
	int rc = file_read(from, FILE_MAX, &b, c->e);

	if (rc == 0 && ++c->files > FILES_MAX)
		rc = err_set(
		    c->e, TOSD_ELIMIT, "%s: more than %d files", from, FILES_MAX);
	if (rc == 0)
		rc = file_write(
		    to, b.data != NULL ? b.data : "", b.len, 0600, FILE_NOSYNC, c->e);
	buf_free(&b);
	return rc;
}

static bool
is_pack(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static bool
is_left_out(const struct copying *c, const char *name, int depth)
{
	return name[0] == '.' || (depth == 0 && c->no_packs && is_pack(name)) ||
	       (depth == 0 && c->but != NULL && strcmp(c->but, name) == 0);
}

/* Files and folders; links and what else there may be are not what a pack reads. */
static int
copy_tree(const char *from, const char *to, int depth, struct copying *c)
{
	DIR *d = depth < DEPTH_MAX ? opendir(from) : NULL;
	struct dirent *n;
	int rc = 0;

	if (d == NULL)
		return depth >= DEPTH_MAX
			   ? err_set(c->e, TOSD_ELIMIT, "%s: too many folders", from)
			   : err_sys(c->e, "cannot read %s", from);
	while (rc == 0 && (n = readdir(d)) != NULL) {
		char *a = xasprintf("%s/%s", from, n->d_name);
		char *b = xasprintf("%s/%s", to, n->d_name);
		struct stat st;

		if (!is_left_out(c, n->d_name, depth) && lstat(a, &st) == 0) {
			if (S_ISREG(st.st_mode))
				rc = copy_file(a, b, c);
			else if (S_ISDIR(st.st_mode) &&
				 (rc = file_mkdirs(b, 0700, c->e)) == 0)
				rc = copy_tree(a, b, depth + 1, c);
		}
		free(a);
		free(b);
	}
	closedir(d);
	return rc;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
pack_room_leave(struct pack_room *r)
{
	if (r->ours)
		nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(r->dir);
	free(r->what);
	free(r->place);
	free(r->beside);
	*r = (struct pack_room){0};
}

/* The name that a pack gives itself; NULL: the plugin will say what is wrong with it.
 */
static char *
name_of(const char *file)
{
	struct err e = ERR_INIT;
	json_t *doc = NULL, *v;
	const char *name;
	char *out = NULL;

	if (pack_doc_read(file, &doc, &e) != 0)
		return NULL;
	json_object_foreach(doc, name, v)
	{
		free(out);
		out = xstrdup(name);
	}
	json_decref(doc);
	return out;
}

/* The file in `beside' that the pack takes the place of; NULL: of none, or of the one
 * with its file name. */
static char *
replaced(const char *file, const char *base, const char *beside)
{
	char *same = xasprintf("%s/%s", beside, base), *name = NULL, *out = NULL;
	struct dirent *n;
	DIR *d = NULL;

	if (access(same, F_OK) != 0 && (name = name_of(file)) != NULL)
		d = opendir(beside);
	while (d != NULL && out == NULL && (n = readdir(d)) != NULL) {
		char *path = xasprintf("%s/%s", beside, n->d_name), *its = NULL;

		if (n->d_name[0] != '.' && is_pack(n->d_name))
			its = name_of(path);
		if (its != NULL && strcmp(its, name) == 0)
			out = xstrdup(n->d_name);
		free(its);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(name);
	free(same);
	return out;
}

static int
make_room(const char *file, const char *beside, struct pack_room *out, struct err *e)
{
	const char *tmp = getenv("TMPDIR"), *slash = strrchr(file, '/');
	const char *base = slash != NULL ? slash + 1 : file;
	struct copying c = {.e = e, .no_packs = beside == NULL};
	char *own = xstrdup(file), *but;
	int rc;

	out->what = xstrdup(file);
	out->beside = xstrdup(beside != NULL ? beside : dirname(own));
	out->dir = xasprintf("%s/tosd-packs-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(out->dir) == NULL) {
		free(own);
		return err_sys(
		    e, "cannot make a folder in %s", tmp != NULL ? tmp : "/tmp");
	}
	out->ours = true;
	out->place = xasprintf("%s/%s", out->dir, base);
	c.but = but = beside != NULL ? replaced(file, base, beside) : NULL;
	rc = copy_tree(out->beside, out->dir, 0, &c);
	if (rc == 0)
		rc = copy_file(file, out->place, &c);
	free(but);
	free(own);
	return rc;
}

/* Each `from' in the text is `to'; the text is taken. */
static char *
exchange(char *text, const char *from, const char *to)
{
	struct buf b = {0};
	const char *s = text, *at;

	for (; (at = strstr(s, from)) != NULL; s = at + strlen(from)) {
		buf_put(&b, s, (size_t)(at - s));
		buf_puts(&b, to);
	}
	buf_puts(&b, s);
	free(text);
	return buf_take(&b);
}

char *
pack_room_words(const struct pack_room *r, const char *text)
{
	char *out = xstrdup(text);

	if (r->ours && r->place != NULL) {
		out = exchange(out, r->place, r->what);
		out = exchange(out, r->dir, r->beside);
	}
	return out;
}

bool
pack_room_has(const char *folder, const char *kind)
{
	char *pattern = xasprintf("%s/*.%s", folder, kind);
	glob_t g;
	bool found = glob(pattern, GLOB_NOESCAPE, NULL, &g) == 0;

	if (found)
		globfree(&g);
	free(pattern);
	return found;
}

int
pack_room_enter(
    const char *what, const char *beside, struct pack_room *out, struct err *e)
{
	struct stat st;
	int rc;

	*out = (struct pack_room){0};
	if (stat(what, &st) != 0)
		return err_sys(e, "%s", what);
	if (S_ISDIR(st.st_mode)) {
		out->dir = xstrdup(what);
		return 0;
	}
	if (!is_pack(what))
		return err_set(e, TOSD_EINVAL,
		    "%s: is neither a folder of packs nor a pack, NAME.conf", what);
	rc = make_room(what, beside, out, e);
	if (rc != 0)
		pack_room_leave(out);
	return rc;
}
