/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_list_bytes: a new version of a list between fetch's answer and the disk, slice
 * by slice, so that nothing else waits for a large one: its digest first, since nobody
 * but who has signed it may decide whether it is looked at or written down, then the
 * file, which has another name until it is whole and durable.  After a crash what was
 * begun is swept away, and the list asked for again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine_list.h"
#include "policy/fetched.h"

int
engine_list_begin(struct engine_list *l, int *fd, struct err *e)
{
	size_t size;
	int rc = *fd >= 0 ? file_memfd_size(*fd, LIST_MAX, &size, e)
			  : err_set(e, TOSD_EPROTO, "there are no bytes");

	if (rc != 0)
		return rc;
	engine_list_forget(l);
	l->body = *fd;
	*fd = -1;
	l->got.bytes = (int64_t)size;
	l->sum = digest_sum_new();
	return 0;
}

int
engine_list_begin_check(struct engine *g, struct engine_list *l, struct err *e)
{
	char *file = engine_list_kept(g, l);
	char *path = engine_list_path(g, file, "");
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &l->seen) != 0)
		rc = err_set(e, TOSD_EIO, "cannot open %s: %s", path, strerror(errno));
	else if (!S_ISREG(l->seen.st_mode) || l->seen.st_size != l->row.bytes)
		rc = err_set(e, TOSD_ETAMPER, "%s was changed on disk", path);
	free(file);
	free(path);
	if (rc != 0) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	engine_list_forget(l);
	l->body = fd;
	l->got.bytes = (int64_t)l->seen.st_size;
	l->sum = digest_sum_new();
	return 0;
}

/* The slice at which it is; it goes on. */
static int
next_slice(struct engine_list *l, struct buf *b, struct err *e)
{
	size_t left = (size_t)l->got.bytes - l->at;
	size_t n = left < LIST_SLICE ? left : LIST_SLICE;
	int rc = file_memfd_piece(l->body, l->at, n, b, e);

	if (rc == 0 && b->len != n)
		rc = err_set(e, TOSD_EIO, "%s has become shorter",
		    l->stage == LIST_CHECKED ? "its file" : "a memory file");
	l->at += n;
	return rc;
}

int
engine_list_read(struct engine_list *l, struct err *e)
{
	uint8_t d[DIGEST_LEN];
	struct buf b = {0};
	int rc = next_slice(l, &b, e);

	if (rc == 0 && b.len > 0)
		digest_sum_add(l->sum, b.data, b.len);
	buf_free(&b);
	if (rc != 0 || l->at < (size_t)l->got.bytes)
		return rc;
	digest_sum_get(l->sum, d);
	digest_hex(d, sizeof(d), l->got.digest);
	digest_sum_free(&l->sum);
	l->at = 0;
	return 1;
}

/* --- to disk --- */

/* What the store and the vault write nobody can give them again, and a sync that failed
 * ends the engine.  A list can be had again: what may not be durable is not kept. */
static int
sync_file(const struct engine *g, int fd, const char *path, struct err *e)
{
	if (g->sync != FILE_SYNC || fsync(fd) == 0)
		return 0;
	return err_sys(e, "cannot sync %s", path);
}

int
engine_list_sync_dir(const struct engine *g, struct err *e)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? err_sys(e, "cannot open %s", dir) : sync_file(g, fd, dir, e);

	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

static int
begin_file(struct engine *g, struct engine_list *l, const char *path, struct err *e)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	int rc = file_mkdirs(dir, 0700, e);

	if (rc == 0)
		rc = file_begin(path, "", 0, 0600, &l->part, e);
	free(dir);
	return rc;
}

static int
write_note(struct engine *g, struct engine_list *l, const char *path, struct err *e)
{
	int fd, rc = file_begin(path, l->note.data, l->note.len, 0600, &fd, e);

	if (rc != 0)
		return rc;
	rc = sync_file(g, fd, path, e);
	close(fd);
	return rc == 0 ? file_finish(path, e) : rc;
}

/* Whole: it gets its name, after the signature, which nobody reads without it. */
static int
end_file(struct engine *g, struct engine_list *l, const char *path, struct err *e)
{
	char *sig = engine_list_path(g, l->file, ".sig");
	int rc = 0;

	if (l->note.data != NULL)
		rc = write_note(g, l, sig, e);
	if (rc == 0)
		rc = file_finish(path, e);
	if (rc == 0)
		rc = engine_list_sync_dir(g, e);
	free(sig);
	return rc;
}

static int
write_slice(struct engine *g, struct engine_list *l, const char *path, struct err *e)
{
	struct buf b = {0};
	int rc = l->part < 0 ? begin_file(g, l, path, e) : 0;

	if (rc == 0)
		rc = next_slice(l, &b, e);
	if (rc == 0)
		rc = file_more(l->part, path, b.data != NULL ? b.data : "", b.len, e);
	/* Each slice by itself, or the last one would wait for all. */
	if (rc == 0)
		rc = sync_file(g, l->part, path, e);
	buf_free(&b);
	return rc;
}

/* The version before may be the same once more, and somebody reads it. */
static void
unlink_all(struct engine *g, const struct engine_list *l)
{
	static const char *const endings[] = {".part", ".sig.part", "", ".sig"};
	bool kept = l->before != NULL && strcmp(l->before, l->file) == 0;

	for (size_t i = 0; i < (kept ? 2 : 4); i++) {
		char *path = engine_list_path(g, l->file, endings[i]);

		unlink(path);
		free(path);
	}
}

int
engine_list_write(struct engine *g, struct engine_list *l, struct err *e)
{
	char *path = engine_list_path(g, l->file, "");
	int rc = write_slice(g, l, path, e);
	bool whole = rc == 0 && l->at == (size_t)l->got.bytes;

	if (whole)
		rc = end_file(g, l, path, e);
	free(path);
	if (rc != 0)
		unlink_all(g, l);
	else if (whole)
		engine_list_forget(l);
	return rc != 0 ? rc : whole;
}

void
engine_list_forget(struct engine_list *l)
{
	if (l->body >= 0)
		close(l->body);
	if (l->part >= 0)
		close(l->part);
	l->body = l->part = -1;
	l->at = 0;
	digest_sum_free(&l->sum);
	buf_free(&l->note);
}
