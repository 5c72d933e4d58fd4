/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_input: a stream of lines, each of at most 8 MiB: one that is longer is told once and
 * passed over, so that no input takes more memory than that.
 */
#ifndef TOSD_TOSCTL_SCAN_INPUT_H
#define TOSD_TOSCTL_SCAN_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define SCAN_INPUT_LONG "line longer than 8 MiB"

struct scan_input {
	int fd;		      /* the caller's */
	unsigned long number; /* of the line that was given last, from 1 */
	struct buf b;
	size_t at;
	bool skip; /* within a line that is too long */
	bool over; /* all of it was read */
};

/* The next line of what was read that is not blank, without its end and a byte-order mark;
 * *s NULL: it is too long.  False: there is no whole one. */
bool scan_input_line(struct scan_input *in, const char **s, size_t *n);
/* Reads on: 1, 0 at the end, or -1 with errno. */
int scan_input_more(struct scan_input *in);
void scan_input_clear(struct scan_input *in);

#endif
