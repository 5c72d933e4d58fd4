/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place: where files of evidence may lie, and folders that survive a crash.
 *
 * Relative names come from entries and messages, so they are checked here before
 * anything is opened: they can neither leave the state folder nor name anything in
 * it but captures and notices.
 */
#ifndef TOSD_EVIDENCE_PLACE_H
#define TOSD_EVIDENCE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/file.h"

#define PLACE_REL_MAX 96 /* a relative path with its NUL */
#define PLACE_SALT ".salt"
#define PLACE_PART ".part" /* what file_write() leaves after a crash */

/* "evidence/..." or "notices/...": no empty, "." or ".." part, no control bytes,
 * valid UTF-8, shorter than PLACE_REL_MAX, not named like a salt or a left-over. */
bool place_rel_ok(const char *rel);
/* As place_rel_ok(), TOSD_EINVAL with words. */
int place_rel_check(const char *rel, struct err *e);

/* Makes the folders that the file root/rel needs below root, each made durable in
 * its parent.  rel may be a file's or, with a slash at its end, a folder's name. */
int place_dirs(
    const char *root, const char *rel, mode_t mode, enum file_sync sync, struct err *e);

/* place_dirs() and then file_write() of root/rel. */
int place_write(const char *root, const char *rel, const void *data, size_t n,
    mode_t file_mode, mode_t dir_mode, enum file_sync sync, struct err *e);

/* Removes root/rel and makes that durable.  TOSD_ENOENT if it was not there. */
int place_remove(const char *root, const char *rel, enum file_sync sync, struct err *e);

bool place_ends(const char *s, const char *suffix);

#endif
