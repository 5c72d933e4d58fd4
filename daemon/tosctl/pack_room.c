/* SPDX-License-Identifier: Apache-2.0 */
/* pack_room: see pack_room.h. */
#include "tosctl/pack_room.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define DEPTH_MAX 8
#define FILE_MAX (64u << 20)
#define FILES_MAX 10000

struct copying {
	unsigned files;
	bool no_packs; /* of the folder itself */
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

		if (n->d_name[0] != '.' && lstat(a, &st) == 0 &&
		    !(c->no_packs && depth == 0 && is_pack(n->d_name))) {
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
	*r = (struct pack_room){0};
}

static int
make_room(const char *file, const char *beside, struct pack_room *out, struct err *e)
{
	const char *tmp = getenv("TMPDIR"), *slash = strrchr(file, '/');
	struct copying c = {.e = e, .no_packs = beside == NULL};
	char *place, *own = xstrdup(file);
	int rc;

	out->dir = xasprintf("%s/tosd-packs-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(out->dir) == NULL) {
		free(own);
		return err_sys(
		    e, "cannot make a folder in %s", tmp != NULL ? tmp : "/tmp");
	}
	out->ours = true;
	place = xasprintf("%s/%s", out->dir, slash != NULL ? slash + 1 : file);
	rc = copy_tree(beside != NULL ? beside : dirname(own), out->dir, 0, &c);
	if (rc == 0)
		rc = copy_file(file, place, &c);
	free(place);
	free(own);
	return rc;
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
