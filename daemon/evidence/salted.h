/* SPDX-License-Identifier: Apache-2.0 */
/*
 * salted: a file and its salt, and the commitment sha256(salt32 || file) that binds
 * them: `cat X.salt X | sha256sum` gives it.  Erasing both leaves a commitment that
 * says nothing about what was in the file.
 *
 * 24 bytes of a salt are random; the last 8 are the start of their SHA-256, so that
 * where a commitment does not hold it can be told which of the two was changed.
 */
#ifndef TOSD_EVIDENCE_SALTED_H
#define TOSD_EVIDENCE_SALTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"

#define SALTED_SALT 32

/* Everything below takes the state folder and a relative path that was checked. */

/* Writes salt and file, both 0600 and durable.  hex gets the commitment. */
int salted_write(const char *dir, const char *rel, const void *data, size_t n,
    enum file_sync sync, char hex[DIGEST_HEX], struct err *e);

/* The same for several files at once: each is begun; then all are synced, then all are
 * finished, which gives them their names, the salt first; then the caller syncs their
 * folders.  A crash in between leaves files that say by their names that they are
 * unfinished, or that nobody refers to. */
struct salted_begun {
	char *path; /* whole, of the file; of the salt with PLACE_SALT behind it */
	int fd, salt_fd;
};

int salted_begin(const char *dir, const char *rel, const void *data, size_t n,
    enum file_sync sync, char hex[DIGEST_HEX], struct salted_begun *out,
    struct err *e);
void salted_sync(struct salted_begun *b, enum file_sync sync); /* closes them, too */
int salted_finish(struct salted_begun *b, struct err *e);

/* Reads the file a piece at a time.  TOSD_ENOENT: file or salt is missing;
 * TOSD_ETAMPER: one of them is not a regular file, or the salt has not 32 bytes. */
int salted_commit(const char *dir, const char *rel, char hex[DIGEST_HEX],
    uint64_t *size, struct err *e);

/* Was the salt, rather than the file, changed?  For after a commitment failed. */
bool salted_salt_broken(const char *dir, const char *rel);

/* Removes both.  TOSD_ENOENT if neither was there. */
int salted_erase(const char *dir, const char *rel, enum file_sync sync, struct err *e);

#endif
