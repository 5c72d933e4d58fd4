/* SPDX-License-Identifier: Apache-2.0 */
/* pack_room: see pack_room.h. */
#include "tosctl/pack_room.h"

#include <dirent.h>
#include <errno.h>
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
#include "base/text.h"
#include "tosctl/pack_doc.h"

#define NAME_MAX_BYTES 200
#define FILE_MAX (64u << 20)
#define FILES_MAX 10000

/* From one folder to another. */
struct copying {
	const char *from, *to;
	unsigned files;
	bool no_packs;	 /* of the folder itself */
	const char *but; /* nor this one, which is replaced; NULL: none is */
	struct err *e;
};

static bool
is_pack(const char *name)
{
	return text_has_end(name, ".conf");
}

static int copy_named(struct copying *c, const char *text);

/* With the files that it names: a list of words that has some in quotation marks names
 * none. */
static int
copy_file(const char *from, const char *to, struct copying *c)
{
	struct buf b = {0};
	int rc = file_read(from, FILE_MAX, &b, c->e);

	if (rc == 0 && ++c->files > FILES_MAX)
		rc = err_set(c->e, TOSD_ELIMIT,
		    "%s: has more than %d packs and lists: put those that matter into "
		    "a folder of their own",
		    c->from, FILES_MAX);
	if (rc == 0)
		rc = file_write(
		    to, b.data != NULL ? b.data : "", b.len, 0600, FILE_NOSYNC, c->e);
	if (rc == 0 && b.data != NULL)
		rc = copy_named(c, b.data);
	buf_free(&b);
	return rc;
}

/* As packs name files: below their folder. */
static bool
is_below(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
	       name[strcspn(name, "\n\r")] == '\0';
}

/* Links and what else there may be are not what a pack reads. */
static int
copy_below(struct copying *c, const char *name)
{
	char *from = xasprintf("%s/%s", c->from, name);
	char *to = xasprintf("%s/%s", c->to, name), *slash = strrchr(to, '/');
	struct stat st;
	int rc = 0;

	if (lstat(from, &st) == 0 && S_ISREG(st.st_mode) && access(to, F_OK) != 0) {
		*slash = '\0';
		rc = file_mkdirs(to, 0700, c->e);
		*slash = '/';
		if (rc == 0)
			rc = copy_file(from, to, c);
	}
	free(from);
	free(to);
	return rc;
}

/* Any string of a pack may be the name of a file that it includes, or of a list: what
 * is there under that name is copied, and nothing else that the folder may hold. */
static int
copy_named(struct copying *c, const char *text)
{
	char name[NAME_MAX_BYTES + 1];
	int rc = 0;

	while (rc == 0 && (text = strchr(text, '"')) != NULL) {
		size_t n = strcspn(++text, "\"\n");

		if (text[n] != '"')
			continue;
		if (n <= NAME_MAX_BYTES) {
			memcpy(name, text, n);
			name[n] = '\0';
			if (is_below(name) && !is_pack(name))
				rc = copy_below(c, name);
		}
		/* The end of one may be the beginning of the next: after a lone
		 * mark in a comment all would be taken the wrong way round. */
		text += n;
	}
	return rc;
}

/* Packs with their signatures, and lists, which lie beside them. */
static bool
is_taken(const struct copying *c, const char *name)
{
	if (name[0] == '.' || (c->but != NULL && strcmp(c->but, name) == 0))
		return false;
	return is_pack(name)
		   ? !c->no_packs
		   : text_has_end(name, ".sig") || text_has_end(name, ".list");
}

static int
copy_packs(struct copying *c)
{
	DIR *d = opendir(c->from);
	struct dirent *n;
	int rc = 0;

	if (d == NULL)
		return err_sys(c->e, "cannot read %s", c->from);
	while (rc == 0 && (n = readdir(d)) != NULL)
		if (is_taken(c, n->d_name))
			rc = copy_below(c, n->d_name);
	closedir(d);
	return rc;
}

void
pack_room_empty(struct pack_room *r)
{
	temporary_remove(&r->made);
}

void
pack_room_leave(struct pack_room *r)
{
	pack_room_empty(r);
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
	const char *slash = strrchr(file, '/');
	const char *base = slash != NULL ? slash + 1 : file;
	struct copying c = {.e = e, .no_packs = beside == NULL};
	char *own = xstrdup(file), *but;
	int rc;

	out->what = xstrdup(file);
	out->beside = xstrdup(beside != NULL ? beside : dirname(own));
	if ((rc = temporary_make("tosd-packs", &out->made, e)) != 0) {
		free(own);
		return rc;
	}
	out->dir = xstrdup(out->made.path);
	out->ours = true;
	/* Whatever it is called: here it is a pack. */
	out->place = xasprintf("%s/%s%s", out->dir, base, is_pack(base) ? "" : ".conf");
	c.from = out->beside;
	c.to = out->dir;
	c.but = but = beside != NULL ? replaced(file, base, beside) : NULL;
	rc = copy_packs(&c);
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

/* A pack of another name, such as an older one that was put away. */
static bool
is_written(const char *what)
{
	char *name = name_of(what);
	bool is = name != NULL;

	free(name);
	return is;
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
	if (!S_ISREG(st.st_mode) || (!is_pack(what) && !is_written(what)))
		return err_set(e, TOSD_EINVAL,
		    "%s: is neither a folder of packs nor a pack, NAME.conf", what);
	rc = make_room(what, beside, out, e);
	if (rc != 0)
		pack_room_leave(out);
	return rc;
}
