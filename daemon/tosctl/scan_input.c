/* SPDX-License-Identifier: Apache-2.0 */
/* scan_input: see scan_input.h. */
#include "tosctl/scan_input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"

#define LINE_LIMIT (8u << 20)
#define CHUNK 65536

/* What is left is the beginning of a line. */
static bool
too_long(struct scan_input *in)
{
	bool told = in->skip;

	in->b.len -= in->at;
	if (in->b.len > 0)
		memmove(in->b.data, in->b.data + in->at, in->b.len);
	in->at = 0;
	if (in->b.len <= LINE_LIMIT)
		return false;
	in->b.len = 0;
	in->skip = true;
	in->number += !told;
	return !told;
}

bool
scan_input_line(struct scan_input *in, const char **s, size_t *n)
{
	while (in->at < in->b.len) {
		const char *line = in->b.data + in->at;
		size_t left = in->b.len - in->at, mark;
		bool skip = in->skip;

		if (!line_whole(line, left, in->over, n))
			break;
		in->at += *n + (*n < left);
		in->skip = false;
		if (skip)
			continue;
		mark = ++in->number == 1 ? line_mark(line, *n) : 0;
		*s = line + mark;
		*n -= mark;
		if (!line_blank(*s, *n))
			return true;
	}
	*s = NULL;
	*n = 0;
	return too_long(in);
}

int
scan_input_more(struct scan_input *in)
{
	ssize_t n;

	if (in->over)
		return 0;
	do
		n = read(in->fd, buf_reserve(&in->b, CHUNK), CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	in->b.len += (size_t)n;
	in->over = n == 0;
	return 1;
}

void
scan_input_clear(struct scan_input *in)
{
	buf_free(&in->b);
}
