/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_files: what lies about: kept files that no entry speaks of, what a crash
 * left, tiles that no signed head covers.  None of it is tampering by itself: a crash
 * leaves the same.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "evidence/place.h"
#include "evidence/verify_in.h"

/* A file is written before the entry that commits to it, so beside a running daemon
 * what is younger than this is on its way. */
#define YOUNG (10 * CLOCK_MIN)

static bool
is_young(const struct verify *v, const struct stat *st)
{
	return (int64_t)st->st_mtime * CLOCK_SEC > v->start - YOUNG;
}

/* A left-over, unless it is young and somebody is writing. */
static void
say_left(struct verify *v, const char *file, const char *what)
{
	if (v->young && !v->live)
		verify_look_live(v);
	if (!v->young || !v->live)
		verify_say(v, -1, file, false, "%s", what);
}

/* Calls each() for everything in dir/top that is no folder; rel is relative to dir. */
static void
walk(struct verify *v, const char *dir, const char *top,
    void (*each)(struct verify *v, const char *rel, bool regular))
{
	char *path = xasprintf("%s/%s", dir, top);
	char *roots[] = {path, NULL};
	struct stat st;
	FTSENT *f;
	FTS *fts;

	if (lstat(path, &st) != 0) {
		free(path);
		return;
	}
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (fts != NULL && (f = fts_read(fts)) != NULL) {
		const char *rel = f->fts_path + strlen(dir) + 1;
		bool failed = f->fts_info == FTS_DNR || f->fts_info == FTS_ERR ||
			      f->fts_info == FTS_NS;

		/* Gone since the folder was listed: a writer tidied it away. */
		if (failed && f->fts_errno == ENOENT)
			continue;
		if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR)
			verify_say(v, -1, rel, false, "the folder cannot be read");
		else if (f->fts_info != FTS_D && f->fts_info != FTS_DP) {
			v->young = f->fts_info != FTS_NS && is_young(v, f->fts_statp);
			each(v, rel, f->fts_info == FTS_F);
		}
	}
	if (fts != NULL)
		fts_close(fts);
	free(path);
}

/* --- evidence/ and notices/ */

static void
stray_salt(struct verify *v, const char *rel)
{
	char *file = xstrndup(rel, strlen(rel) - strlen(PLACE_SALT));
	char *path = xasprintf("%s/%s", v->o->dir, file);
	const struct verify_missing *m = table_get(&v->missing, file);

	/* With its file it is as known as that; the file is named, not the salt. */
	if (access(path, F_OK) != 0) {
		if (m != NULL && m->rel == NULL)
			say_left(v, rel, "its file was erased, the salt was left");
		else if (m == NULL)
			say_left(v, rel, "a salt without a file");
	}
	free(path);
	free(file);
}

static void
stray_kept(struct verify *v, const char *rel, bool regular)
{
	if (place_ends(rel, PLACE_PART))
		say_left(v, rel, "an unfinished file, left by a crash");
	else if (!regular)
		verify_say(
		    v, -1, rel, false, "neither file nor folder: it does not belong");
	else if (place_ends(rel, PLACE_SALT))
		stray_salt(v, rel);
	else if (table_get(&v->files, rel) == NULL)
		say_left(v, rel, "no signed entry speaks of this file");
}

/* --- log/ */

/* A partial file of an older head must be the start of what took its place. */
static void
stray_older(
    struct verify *v, const char *rel, int level, uint64_t index, unsigned width)
{
	unsigned now = tile_width(level, index, v->head.size);
	char *path = xasprintf("%s/%s", v->log, rel), file[VERIFY_FILE];
	struct buf old = {0}, new = {0};
	const char *p, *entry;
	size_t n;
	int rc = file_read(path, TILE_BUNDLE_MAX, &old, NULL);
	bool same = rc == 0;

	if (rc == TOSD_ENOENT)
		goto out; /* tidied away meanwhile */
	snprintf(file, sizeof(file), "%s%s", v->prefix, rel);
	if (rc != 0 && verify_denied(v, file)) {
		verify_say(v, -1, file, false, "the file cannot be read");
		goto out;
	}
	if (level == TILE_ENTRIES)
		same = same && tile_read_bundle(v->log, index, now, &new, NULL) == 0;
	else
		same = same && tile_read(v->log, level, index, now, &new, NULL) == 0;
	if (same && (old.len > new.len || memcmp(old.data, new.data, old.len) != 0))
		same = false;
	if (same && level != TILE_ENTRIES)
		same = old.len == (size_t)width * DIGEST_LEN;
	if (same && level == TILE_ENTRIES) {
		p = old.data;
		for (unsigned i = 0; same && i < width; i++)
			same = tile_entry(&p, old.data + old.len, &entry, &n);
		same = same && p == old.data + old.len;
	}
	if (!same)
		verify_say(v,
		    (int64_t)((index * TILE_WIDTH) << (8 * (level > 0 ? level : 0))),
		    file, true,
		    "a partial file of an older head is not the start of the "
		    "present one");
out:
	buf_free(&old);
	buf_free(&new);
	free(path);
}

static void
stray_tile(struct verify *v, const char *rel, bool regular)
{
	char file[VERIFY_FILE];
	uint64_t index;
	unsigned width;
	int level;

	snprintf(file, sizeof(file), "%s%s", v->prefix, rel);
	if (!regular || !tile_name_parse(rel, &level, &index, &width))
		say_left(v, file, "this is no tile's name");
	else if (width > tile_width(level, index, v->head.size))
		say_left(v, file,
		    "beyond the newest signed head: written, but never signed");
	else if (width < tile_width(level, index, v->head.size))
		stray_older(v, rel, level, index, width);
}

static void
stray_head(struct verify *v, const char *rel, bool regular)
{
	char file[VERIFY_FILE];
	uint64_t size;

	if (regular && checkpoint_name_parse(rel + strlen("checkpoints/"), &size))
		return;
	snprintf(file, sizeof(file), "%s%s", v->prefix, rel);
	say_left(v, file, "this is no kept head's name");
}

/* The rest of log/: what is directly in it. */
static void
stray_log(struct verify *v, const char *rel, bool regular)
{
	const char *name = rel + strlen("log/");

	if (strncmp(name, "tile/", 5) == 0 || strncmp(name, "checkpoints/", 12) == 0)
		return;
	if (!regular || (strcmp(name, "checkpoint") != 0 && strcmp(name, "lock") != 0))
		say_left(v, rel, "this does not belong into a log");
}

void
verify_stray(struct verify *v)
{
	walk(v, v->o->dir, "evidence", stray_kept);
	walk(v, v->o->dir, "notices", stray_kept);
	walk(v, v->log, "tile", stray_tile);
	walk(v, v->log, "checkpoints", stray_head);
	if (v->prefix[0] != '\0')
		walk(v, v->o->dir, "log", stray_log);
}
