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
	char *file = engine_list_file(l->row.name, l->row.digest);
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
		rc = err_set(e, TOSD_EIO, "a memory file has become shorter");
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

static void
begin_file(struct engine *g, struct engine_list *l, const char *path)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	struct err e = ERR_INIT;

	engine_must(
	    file_mkdirs(dir, 0700, &e), 0, "cannot make the folder of lists", &e);
	engine_must(
	    file_begin(path, "", 0, 0600, &l->part, &e), 0, "cannot keep a list", &e);
	free(dir);
}

/* Whole: it gets its name, after the signature, which nobody reads without it. */
static void
end_file(struct engine *g, struct engine_list *l, const char *path)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	char *sig = engine_list_path(g, l->file, ".sig");
	struct err e = ERR_INIT;

	if (l->note.data != NULL)
		engine_must(
		    file_write(sig, l->note.data, l->note.len, 0600, g->sync, &e), 0,
		    "cannot keep a list", &e);
	engine_must(file_finish(path, &e), 0, "cannot keep a list", &e);
	if (g->sync == FILE_SYNC)
		file_sync_dir(dir);
	free(sig);
	free(dir);
}

bool
engine_list_write(struct engine *g, struct engine_list *l)
{
	char *path = engine_list_path(g, l->file, "");
	struct err e = ERR_INIT;
	struct buf b = {0};
	bool whole;

	if (l->part < 0)
		begin_file(g, l, path);
	engine_must(next_slice(l, &b, &e), 0, "cannot read a list", &e);
	engine_must(file_more(l->part, path, b.data != NULL ? b.data : "", b.len, &e),
	    0, "cannot keep a list", &e);
	/* Each slice by itself, or the last one would wait for all. */
	if (g->sync == FILE_SYNC)
		file_sync_fd(l->part, path);
	buf_free(&b);
	whole = l->at == (size_t)l->got.bytes;
	if (whole) {
		end_file(g, l, path);
		engine_list_forget(l);
	}
	free(path);
	return whole;
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
