/* SPDX-License-Identifier: Apache-2.0 */
/* file: durable files and sealed memory files; see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define TREE_FDS 16 /* folders that are open while a tree is removed */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int
file_read_fd(int fd, const char *name, size_t max, struct buf *b, struct err *e)
{
	size_t start = b->len;

	for (;;) {
		char *to = buf_reserve(b, 65536);
		ssize_t n = read(fd, to, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read %s", name);
		if (n == 0)
			break;
		b->len += n;
		if (b->len - start > max)
			return err_set(
			    e, TOSD_ELIMIT, "%s is larger than %zu bytes", name, max);
	}
	buf_reserve(b, 0);
	return 0;
}

int
file_read(const char *path, size_t max, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0) {
		rc = errno == ENOENT ? TOSD_ENOENT : TOSD_EIO;
		err_sys(e, "cannot open %s", path);
		if (e != NULL)
			e->code = rc;
		return rc;
	}
	rc = file_read_fd(fd, path, max, b, e);
	close(fd);
	return rc;
}

void
file_sync_fd(int fd, const char *name)
{
	if (fsync(fd) != 0)
		log_die("disk",
		    "fsync of %s failed: %s; stopping, since what was "
		    "written may be lost",
		    name, strerror(errno));
}

void
file_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		log_die("disk", "cannot open folder %s: %s", path, strerror(errno));
	file_sync_fd(fd, path);
	close(fd);
}

static int
write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, data, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		data += w;
		n -= w;
	}
	return 0;
}

static char *
part_of(const char *path)
{
	return xasprintf("%s.part", path);
}

int
file_begin(
    const char *path, const void *data, size_t n, mode_t mode, int *fd, struct err *e)
{
	char *tmp = part_of(path);
	int rc = 0;

	*fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (*fd < 0) {
		rc = err_sys(e, "cannot create %s", tmp);
	} else if (write_all(*fd, data, n) != 0) {
		rc = err_sys(e, "cannot write %s", tmp);
		unlink(tmp);
		close(*fd);
		*fd = -1;
	}
	free(tmp);
	return rc;
}

int
file_more(int fd, const char *path, const void *data, size_t n, struct err *e)
{
	return write_all(fd, data, n) == 0 ? 0 : err_sys(e, "cannot write %s", path);
}

int
file_finish(const char *path, struct err *e)
{
	char *tmp = part_of(path);
	int rc = 0;

	if (rename(tmp, path) != 0) {
		rc = err_sys(e, "cannot rename %s", tmp);
		unlink(tmp);
	}
	free(tmp);
	return rc;
}

int
file_write(const char *path, const void *data, size_t n, mode_t mode,
    enum file_sync sync, struct err *e)
{
	char *dir = xstrdup(path);
	int fd, rc = file_begin(path, data, n, mode, &fd, e);

	if (rc == 0) {
		if (sync == FILE_SYNC)
			file_sync_fd(fd, path);
		close(fd);
		rc = file_finish(path, e);
	}
	if (rc == 0 && sync == FILE_SYNC)
		file_sync_dir(dirname(dir));
	free(dir);
	return rc;
}

void
file_sync_path(const char *path)
{
	char *dir = xstrdup(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		log_die("disk", "cannot open %s: %s", path, strerror(errno));
	file_sync_fd(fd, path);
	close(fd);
	file_sync_dir(dirname(dir));
	free(dir);
}

int
file_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char *p = xstrdup(path), *s = p;
	int rc = 0;

	do {
		s = strchr(s + 1, '/');
		if (s != NULL)
			*s = '\0';
		if (mkdir(p, mode) != 0 && errno != EEXIST) {
			rc = err_sys(e, "cannot make folder %s", p);
			break;
		}
		if (s != NULL)
			*s = '/';
	} while (s != NULL);
	free(p);
	return rc;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void
file_remove_tree(const char *path)
{
	nftw(path, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
}

int
file_memfd(const char *name, const void *data, size_t n, struct err *e)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		err_sys(e, "cannot make a memory file");
		return -1;
	}
	if (write_all(fd, data, n) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0 ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		err_sys(e, "cannot fill a memory file");
		close(fd);
		return -1;
	}
	return fd;
}

int
file_memfd_size(int fd, size_t max, size_t *size, struct err *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return err_set(e, TOSD_EPROTO, "a memory file came unsealed");
	if (fstat(fd, &st) != 0)
		return err_sys(e, "cannot stat a memory file");
	if ((uint64_t)st.st_size > max)
		return err_set(
		    e, TOSD_ELIMIT, "a memory file is larger than %zu bytes", max);
	*size = (size_t)st.st_size;
	return 0;
}

int
file_memfd_piece(int fd, size_t at, size_t n, struct buf *b, struct err *e)
{
	char *to = buf_reserve(b, n);
	size_t done = 0;

	/* pread: the sender shares our file offset. */
	while (done < n) {
		ssize_t got = pread(fd, to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "cannot read a memory file");
		if (got == 0)
			break;
		done += (size_t)got;
	}
	b->len += done;
	buf_reserve(b, 0);
	return 0;
}

int
file_read_memfd(int fd, size_t max, struct buf *b, struct err *e)
{
	size_t size, before = b->len;
	int rc = file_memfd_size(fd, max, &size, e);

	if (rc == 0)
		rc = file_memfd_piece(fd, 0, size, b, e);
	if (rc == 0 && b->len - before != size)
		rc = err_set(e, TOSD_EIO, "cannot read a memory file");
	return rc;
}
