/* SPDX-License-Identifier: Apache-2.0 */
/* output_file: see output_file.h. */
#include "tosctl/output_file.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static int
check_folder(const char *path, struct err *e)
{
	char *own = xstrdup(path), *dir = dirname(own);
	struct stat st;
	int rc = 0;

	if (stat(dir, &st) != 0 || access(dir, W_OK | X_OK) != 0)
		rc = err_sys(e, "cannot write into %s", dir);
	else if (!S_ISDIR(st.st_mode))
		rc = err_set(e, TOSD_EINVAL, "%s is no folder", dir);
	free(own);
	return rc;
}

/* Links are not followed: the rename would take the place of the link. */
static int
check_there(const char *path, bool must_be_new, const char *const *inputs, size_t n,
    struct err *e)
{
	struct stat st, in;

	if (lstat(path, &st) != 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return err_set(e, TOSD_EINVAL, "%s is a folder: name a file", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, TOSD_EINVAL,
		    "%s is there and no regular file: it would be replaced by one",
		    path);
	if (must_be_new)
		return err_set(e, TOSD_EINVAL,
		    "%s is there already, and is not written over", path);
	for (size_t i = 0; i < n; i++)
		if (inputs[i] != NULL && stat(inputs[i], &in) == 0 &&
		    in.st_dev == st.st_dev && in.st_ino == st.st_ino)
			return err_set(e, TOSD_EINVAL,
			    "%s is read here: it would be written over", path);
	return 0;
}

int
output_file_check(const char *path, bool must_be_new, const char *const *inputs,
    size_t n, struct err *e)
{
	char *part = xasprintf("%s.part", path); /* as file_write() does */
	size_t len = strlen(path);
	int rc = 0;

	if (len == 0 || path[len - 1] == '/')
		rc = err_set(e, TOSD_EINVAL, "`%s' names no file", path);
	if (rc == 0)
		rc = check_there(path, must_be_new, inputs, n, e);
	if (rc == 0)
		rc = check_there(part, false, inputs, n, e);
	if (rc == 0)
		rc = check_folder(path, e);
	free(part);
	return rc;
}

static void
drop_parts(const struct output_file *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *part = xasprintf("%s.part", v[i].path);

		unlink(part);
		free(part);
	}
}

int
output_file_write_all(const struct output_file *v, size_t n, struct err *e)
{
	size_t begun = 0, done = 0;
	int fd, rc = 0;

	for (; rc == 0 && begun < n; begun += rc == 0) {
		rc = file_begin(v[begun].path, v[begun].data, v[begun].n, 0644, &fd, e);
		if (rc == 0) {
			file_sync_fd(fd, v[begun].path);
			close(fd);
		}
	}
	for (; rc == 0 && done < n; done++)
		rc = file_finish(v[done].path, e);
	if (rc != 0)
		drop_parts(v + done, begun - done);
	return rc;
}
