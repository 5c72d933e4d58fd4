/* SPDX-License-Identifier: Apache-2.0 */
/* place: checked relative names and durable folders; see place.h. */
#include "evidence/place.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/text.h"

bool
place_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && memcmp(s + n - k, suffix, k) == 0;
}

/* One part of a path: not empty, not "." and not "..". */
static bool
part_ok(const char *s, size_t n)
{
	return n > 0 && !(n == 1 && s[0] == '.') &&
	       !(n == 2 && memcmp(s, "..", 2) == 0);
}

bool
place_rel_ok(const char *rel)
{
	size_t n = strnlen(rel, PLACE_REL_MAX);

	if (n == PLACE_REL_MAX || !text_valid(rel, n))
		return false;
	if (strncmp(rel, "evidence/", 9) != 0 && strncmp(rel, "notices/", 8) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)rel[i] < 0x20 || rel[i] == 0x7f)
			return false;
	for (const char *s = rel; s != NULL;) {
		const char *slash = strchr(s, '/');

		if (!part_ok(s, slash != NULL ? (size_t)(slash - s) : strlen(s)))
			return false;
		s = slash != NULL ? slash + 1 : NULL;
	}
	return !place_ends(rel, PLACE_SALT) && !place_ends(rel, PLACE_PART);
}

int
place_rel_check(const char *rel, struct err *e)
{
	char shown[PLACE_REL_MAX];

	if (place_rel_ok(rel))
		return 0;
	text_escape(shown, sizeof(shown), rel, strnlen(rel, PLACE_REL_MAX));
	return err_set(e, TOSD_EINVAL,
	    "\"%s\" cannot name a kept file: it must be a plain path below evidence/ "
	    "or "
	    "notices/, shorter than %d bytes, not ending in " PLACE_SALT
	    " or " PLACE_PART,
	    shown, PLACE_REL_MAX);
}

/* Folders whose names are durable: those of a month, and of a few cases. */
#define KNOWN 16
static uint64_t known[KNOWN];

/* Its place, or KNOWN. */
static size_t
known_at(const char *path)
{
	uint64_t folder = hash_text(path);
	size_t i = 0;

	while (i < KNOWN && known[i] != folder)
		i++;
	return i;
}

/* It was made anew. */
static void
forget_name(const char *path)
{
	size_t i = known_at(path);

	if (i < KNOWN)
		known[i] = 0;
}

/* Makes the folder's name durable, whose last part begins at slash.  One that is there
 * may be of somebody who died before it was. */
static void
sync_name(char *path, char *slash)
{
	static size_t turn;

	if (known_at(path) < KNOWN)
		return;
	known[turn++ % KNOWN] = hash_text(path);
	*slash = '\0';
	file_sync_dir(path);
	*slash = '/';
}

int
place_dirs(
    const char *root, const char *rel, mode_t mode, enum file_sync sync, struct err *e)
{
	char *path = xasprintf("%s/%s", root, rel);
	char *s = path + strlen(root);
	int rc = 0;

	/* s: the slash that ends the folder already there. */
	for (char *end; rc == 0 && (end = strchr(s + 1, '/')) != NULL; s = end) {
		*end = '\0';
		if (mkdir(path, mode) == 0)
			forget_name(path);
		else if (errno != EEXIST)
			rc = err_sys(e, "cannot make folder %s", path);
		if (rc == 0 && sync == FILE_SYNC)
			sync_name(path, s);
		*end = '/';
	}
	free(path);
	return rc;
}

int
place_write(const char *root, const char *rel, const void *data, size_t n,
    mode_t file_mode, mode_t dir_mode, enum file_sync sync, struct err *e)
{
	int rc = place_dirs(root, rel, dir_mode, sync, e);
	char *path;

	if (rc != 0)
		return rc;
	path = xasprintf("%s/%s", root, rel);
	rc = file_write(path, data, n, file_mode, sync, e);
	free(path);
	return rc;
}

int
place_remove(const char *root, const char *rel, enum file_sync sync, struct err *e)
{
	char *path = xasprintf("%s/%s", root, rel);
	int rc = 0;

	if (unlink(path) != 0) {
		rc = errno == ENOENT || errno == ENOTDIR ? TOSD_ENOENT : TOSD_EIO;
		err_sys(e, "cannot remove %s", path);
		if (e != NULL)
			e->code = rc;
	} else if (sync == FILE_SYNC) {
		file_sync_dir(dirname(path));
	}
	free(path);
	return rc;
}
