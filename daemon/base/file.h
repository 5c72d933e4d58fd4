/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: whole files read with a limit and written so that they survive a crash,
 * and sealed memory files that carry bytes between roles.
 */
#ifndef TOSD_BASE_FILE_H
#define TOSD_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file to b; TOSD_ENOENT, TOSD_ELIMIT (larger than max) or TOSD_EIO. */
int file_read(const char *path, size_t max, struct buf *b, struct err *e);
int file_read_fd(int fd, const char *name, size_t max, struct buf *b, struct err *e);

/* How a written file becomes durable. */
enum file_sync { FILE_NOSYNC, FILE_SYNC };

/* Writes path anew: a temporary file beside it, fsync, rename, fsync of the
 * folder.  An fsync that fails ends the process (dirty pages may be gone, so
 * trying again would lie). */
int file_write(const char *path, const void *data, size_t n, mode_t mode,
    enum file_sync sync, struct err *e);

/* fsync of a file that has its name, and of its folder; as above. */
void file_sync_path(const char *path);

/* The same in two steps, for several files that become durable together: the temporary
 * file is written and its descriptor handed out, to be synced and closed; then it gets
 * its name, or is removed where it cannot have it.  Syncing the folder is left to the
 * caller. */
int file_begin(const char *path, const void *data, size_t n, mode_t mode, int *fd,
    struct err *e);
int file_finish(const char *path, struct err *e);
/* Further bytes for it, before that. */
int file_more(int fd, const char *path, const void *data, size_t n, struct err *e);

/* mkdir -p. */
int file_mkdirs(const char *path, mode_t mode, struct err *e);
/* rm -r of what is ours; links are not followed, and what cannot go stays. */
void file_remove_tree(const char *path);

/* fsync of a folder, ends the process on failure. */
void file_sync_dir(const char *path);
/* fsync of a descriptor, ends the process on failure. */
void file_sync_fd(int fd, const char *name);

/* A memfd with these bytes, sealed against any change; -1 and e on failure. */
int file_memfd(const char *name, const void *data, size_t n, struct err *e);
/* Reads all of a memfd that somebody else made; refuses one that is not sealed. */
int file_read_memfd(int fd, size_t max, struct buf *b, struct err *e);
/* The same piece by piece: how large it is, or why it is refused; then up to n bytes from
 * `at' on, appended. */
int file_memfd_size(int fd, size_t max, size_t *size, struct err *e);
int file_memfd_piece(int fd, size_t at, size_t n, struct buf *b, struct err *e);

#endif
