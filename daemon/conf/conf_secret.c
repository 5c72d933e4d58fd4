/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_secret: secrets live in files that nobody else can read, never in the
 * configuration.  What was written for a name may be the secret itself, so it stands
 * in no message before a file of that name is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "conf/conf.h"
#include "conf/conf_secret.h"

#define SECRET_MAX 65536

const char *
conf_secret_refused(mode_t mode)
{
	if (!S_ISREG(mode))
		return "is not a regular file";
	/* Group may read: root:tosd 0640 is how many hosts keep such files. */
	if (mode & (S_IRWXO | S_IWGRP | S_IXGRP))
		return "may be used by others; make it chmod 0600, or 0640 with tosd's "
		       "own group";
	return NULL;
}

static int
secret_read(const char *path, bool strict, struct buf *out, struct err *e)
{
	size_t start = out->len;
	const char *bad;
	struct stat st;
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		rc = errno == ENOENT ? TOSD_ENOENT : TOSD_EIO;
		err_sys(e, "cannot open the secret %s", path);
		if (e != NULL)
			e->code = rc;
		return rc;
	}
	if (fstat(fd, &st) != 0) {
		rc = err_sys(e, "cannot look at the secret %s", path);
		goto out;
	}
	bad = strict ? conf_secret_refused(st.st_mode) : NULL;
	if (bad != NULL) {
		rc = err_set(e, TOSD_EDENIED, "the secret %s %s", path, bad);
		goto out;
	}
	/* One allocation, so that no copy is left behind by growing. */
	buf_reserve(out, SECRET_MAX + 8192);
	rc = file_read_fd(fd, path, SECRET_MAX, out, e);
	/* One end of line, whichever editor wrote it. */
	for (const char *c = "\n\r"; rc == 0 && *c != '\0'; c++)
		if (out->len > start && out->data[out->len - 1] == *c)
			out->data[--out->len] = '\0';
	if (rc == 0 && out->len == start)
		rc = err_set(e, TOSD_EINVAL, "the secret %s is empty", path);
	if (rc != 0 && out->len > start) {
		explicit_bzero(out->data + start, out->len - start);
		out->len = start;
	}
out:
	close(fd);
	return rc;
}

int
conf_secret(const char *name, struct buf *out, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int rc;

	if (strchr(name, '/') != NULL)
		return secret_read(name, true, out, e);
	if (dir == NULL || dir[0] != '/')
		return err_set(e, TOSD_ENOENT,
		    "the credential that is named is not there: systemd hands it over "
		    "with LoadCredential=NAME:/PATH in the unit; without systemd write "
		    "the path of a file instead");
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, TOSD_EINVAL, "this is not the name of a credential");
	path = xasprintf("%s/%s", dir, name);
	/* systemd's folder is closed to others as a whole. */
	rc = secret_read(path, false, out, e);
	if (rc == TOSD_ENOENT)
		rc = err_set(e, rc,
		    "the credential that is named is not there: put it into "
		    "/etc/credstore (root, 0600) and start the unit again");
	free(path);
	return rc;
}
