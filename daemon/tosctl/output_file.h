/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_file: files that a command is told to write, looked at before it does any work.
 * They are written beside and renamed, which takes the place of whatever has the name: of
 * a device as of the texts that were read.
 */
#ifndef TOSD_TOSCTL_OUTPUT_FILE_H
#define TOSD_TOSCTL_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* 0 if nothing stands in the way of writing path: there is nothing or, unless it has to be
 * new, a regular file that is none of the n inputs (which need not be there), in a folder
 * that can be written. */
int output_file_check(const char *path, bool must_be_new, const char *const *inputs,
    size_t n, struct err *e);

struct output_file {
	char *path;
	char *data;
	size_t n;
};
/* Writes files that belong together: none has its name before all are on disk. */
int output_file_write_all(const struct output_file *v, size_t n, struct err *e);

#endif
