/* SPDX-License-Identifier: Apache-2.0 */
/* output_file: see output_file.h. */
#include "tosctl/output_file.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

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
