/* SPDX-License-Identifier: Apache-2.0 */
/* kept: see kept.h. */
#include "policy/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"

/* Of one configuration; what would be more is loaded from where it lies. */
#define BYTES_MAX ((uint64_t)1 << 30)
#define TOO_MUCH "more than 1 GiB, with %s"
#define FILES_MAX 20000
#define DEPTH_MAX 8
/* The engine lives on that disk as well, and ends where it is full. */
#define ROOM_LEFT ((uint64_t)64 << 20)

struct policy_kept {
	char *root; /* of all copies */
	char *dir;  /* these */
	char *spare;
	bool make;
	char **paths; /* that are to be copied */
	size_t n;
	uint64_t bytes, files; /* copied so far */
	int64_t until;
	bool full; /* the disk */
};

struct policy_kept *
policy_kept_new(const char *state_dir, const char *kept, const char *keep)
{
	struct policy_kept *k;

	if (kept == NULL && keep == NULL)
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->root = xasprintf("%s/policy", state_dir);
	k->dir = xasprintf("%s/%s", k->root, keep != NULL ? keep : kept);
	k->spare = xstrdup(kept);
	k->make = keep != NULL;
	return k;
}

void
policy_kept_free(struct policy_kept **kp)
{
	struct policy_kept *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	for (size_t i = 0; i < k->n; i++)
		free(k->paths[i]);
	free(k->paths);
	free(k->root);
	free(k->dir);
	free(k->spare);
	free(k);
}

bool
policy_kept_used(const struct policy_kept *k)
{
	return k != NULL && !k->make;
}

/* --- names --- */

static char *
folder_of(const struct policy_kept *k, const char *path)
{
	char hex[DIGEST_HEX];

	digest_hex_of(path, strlen(path), hex);
	return xasprintf("%s/%.16s", k->dir, hex);
}

static char *
copy_of(const struct policy_kept *k, const char *path)
{
	const char *slash = strrchr(path, '/'),
		   *last = slash != NULL ? slash + 1 : path;
	char *folder = folder_of(k, path), *copy;

	if (last[0] == '\0' || last[0] == '.')
		last = "it";
	copy = xasprintf("%s/%s", folder, last);
	free(folder);
	return copy;
}

static void
note_path(struct policy_kept *k, const char *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->paths[i], path) == 0)
			return;
	k->paths = xrealloc(k->paths, (k->n + 1) * sizeof(*k->paths));
	k->paths[k->n++] = xstrdup(path);
}

/* Where to load it from.  Where copies are made it is one of those that are copied. */
static char *
path_of(struct policy_kept *k, const char *path)
{
	char *copy;

	if (k->make) {
		note_path(k, path);
		return xstrdup(path);
	}
	copy = copy_of(k, path);
	if (access(copy, R_OK) == 0)
		return copy;
	free(copy);
	return xstrdup(path);
}

bool
policy_kept_place(const char *key)
{
	static const char *const ends[] = {"_dir", "_file", "_files"};
	size_t n = strlen(key);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t len = strlen(ends[i]);

		if (n > len && strcmp(key + n - len, ends[i]) == 0)
			return true;
	}
	return false;
}

/* What is written to, and what changes without a reload: those files have the digest of
 * their content in their names. */
static bool
stays_there(const char *key)
{
	static const char *const keys[] = {"cache_dir", "fetched_files", "trial_file"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

char *
policy_kept_setting(struct policy_kept *k, const char *key, const char *value)
{
	struct buf b = {0};

	if (k == NULL || value[0] == '\0' || !policy_kept_place(key) ||
	    stays_there(key))
		return NULL;
	/* Of `_files' a path a line. */
	for (const char *s = value; *s != '\0';) {
		size_t n = strcspn(s, "\n");
		char *path = xstrndup(s, n), *from;

		from = n > 0 ? path_of(k, path) : xstrdup("");
		buf_puts(&b, from);
		buf_put(&b, "\n", s[n] == '\n');
		free(from);
		free(path);
		s += n + (s[n] == '\n');
	}
	return buf_take(&b);
}

/* --- copies --- */

/* Those of configurations that nobody loads any more. */
static void
drop_others(const struct policy_kept *k)
{
	DIR *d = opendir(k->root);
	const struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL) {
		char *path;

		if (f->d_name[0] == '.' ||
		    (k->spare != NULL && strcmp(f->d_name, k->spare) == 0))
			continue;
		path = xasprintf("%s/%s", k->root, f->d_name);
		file_remove_tree(path);
		free(path);
	}
	if (d != NULL)
		closedir(d);
}

static bool
has_room(int fd)
{
	struct statvfs st;

	return fstatvfs(fd, &st) != 0 ||
	       (uint64_t)st.f_bavail * st.f_frsize > ROOM_LEFT;
}

static int
copy_bytes(struct policy_kept *k, int in, const char *from, int out, const char *to,
    struct err *e)
{
	char piece[65536];
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(in, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		k->bytes += n > 0 ? (uint64_t)n : 0;
		k->full = k->full || !has_room(out);
		if (n < 0)
			rc = err_sys(e, "cannot read %s", from);
		else if (k->bytes > BYTES_MAX)
			rc = err_set(e, TOSD_ELIMIT, TOO_MUCH, from);
		else if (clock_steady() > k->until)
			rc = err_set(e, TOSD_ELIMIT,
			    "they cannot be read fast enough, as %s", from);
		else if (k->full)
			rc = err_set(e, TOSD_ELIMIT,
			    "the disk would have less than 64 MiB left, with %s", from);
		else if ((rc = file_more(out, to, piece, (size_t)n, e)) != 0)
			k->full = true;
	}
	return rc;
}

/* Nor was it loaded, then. */
static bool
may_not_read(void)
{
	return errno == EACCES || errno == EPERM || errno == ENOENT;
}

static int
copy_file(struct policy_kept *k, const char *from, const char *to, struct err *e)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out, rc;

	if (in < 0)
		return may_not_read() ? 0 : err_sys(e, "cannot open %s", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0)
		rc = err_sys(e, "cannot make %s", to);
	else if (++k->files > FILES_MAX)
		rc = err_set(
		    e, TOSD_ELIMIT, "more than %d files, with %s", FILES_MAX, from);
	else
		rc = copy_bytes(k, in, from, out, to, e);
	close(in);
	if (out >= 0 && close(out) != 0 && rc == 0)
		rc = err_sys(e, "cannot write %s", to);
	return rc;
}

static int copy_any(
    struct policy_kept *k, const char *from, const char *to, int depth, struct err *e);

/* Names that begin with a dot are not looked at by those who read folders, and may be
 * the history of all the rest. */
static int
copy_folder(
    struct policy_kept *k, const char *from, const char *to, int depth, struct err *e)
{
	DIR *d = opendir(from);
	const struct dirent *f;
	int rc = 0;

	if (d == NULL)
		return may_not_read() ? 0 : err_sys(e, "cannot read folder %s", from);
	if (depth > DEPTH_MAX)
		rc = err_set(e, TOSD_ELIMIT, "%s lies too deep", from);
	if (rc == 0 && mkdir(to, 0700) != 0)
		rc = err_sys(e, "cannot make folder %s", to);
	while (rc == 0 && (f = readdir(d)) != NULL) {
		char *a, *b;

		if (f->d_name[0] == '.')
			continue;
		a = xasprintf("%s/%s", from, f->d_name);
		b = xasprintf("%s/%s", to, f->d_name);
		rc = copy_any(k, a, b, depth + 1, e);
		free(a);
		free(b);
	}
	closedir(d);
	return rc;
}

/* What is not there, or no file and no folder, is left out. */
static int
copy_any(
    struct policy_kept *k, const char *from, const char *to, int depth, struct err *e)
{
	struct stat st;

	if (stat(from, &st) != 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return copy_folder(k, from, to, depth, e);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (k->bytes + (uint64_t)st.st_size > BYTES_MAX)
		return err_set(e, TOSD_ELIMIT, TOO_MUCH, from);
	return copy_file(k, from, to, e);
}

/* All of it, or nothing: half of a folder would be taken for what was loaded. */
static int
keep_path(struct policy_kept *k, const char *path, struct err *e)
{
	uint64_t bytes = k->bytes, files = k->files;
	char *folder = folder_of(k, path), *copy = copy_of(k, path);
	char *sig = xasprintf("%s.sig", path), *sig_copy = xasprintf("%s.sig", copy);
	int rc = file_mkdirs(folder, 0700, e);

	if (rc == 0)
		rc = copy_any(k, path, copy, 0, e);
	if (rc == 0)
		rc = copy_any(k, sig, sig_copy, 0, e);
	if (rc != 0) {
		file_remove_tree(folder);
		k->bytes = bytes;
		k->files = files;
	}
	free(folder);
	free(copy);
	free(sig);
	free(sig_copy);
	return rc;
}

int
policy_kept_make(struct policy_kept *k, int64_t until, struct err *e)
{
	size_t left = 0;
	int rc;

	k->until = until;
	drop_others(k);
	rc = file_mkdirs(k->dir, 0700, e);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < k->n && !k->full; i++) {
		struct err why = ERR_INIT;

		if (keep_path(k, k->paths[i], &why) != 0 && (left++ == 0 || k->full))
			rc = err_set(e, why.code, "%s", why.text);
	}
	if (left > 0 && left < k->n && !k->full)
		return 1;
	if (rc != 0)
		file_remove_tree(k->dir);
	return rc;
}
