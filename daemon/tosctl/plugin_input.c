/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_input: see plugin_input.h. */
#include "tosctl/plugin_input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"

static bool
whole(const struct plugin_input *in, size_t *n)
{
	return line_whole(in->data + in->at, in->len - in->at, in->over, n);
}

void
plugin_input_again(struct plugin_input *in, const char **s, size_t *n)
{
	size_t mark;

	if (in->len > sizeof(in->data) || in->at > in->len)
		in->at = in->len = 0;
	whole(in, n);
	mark = in->line == 1 ? line_mark(in->data + in->at, *n) : 0;
	*s = in->data + in->at + mark;
	*n -= mark;
}

void
plugin_input_past(struct plugin_input *in)
{
	size_t n;

	/* What is left of one that is too long is still to come. */
	if (in->skip)
		return;
	whole(in, &n);
	in->at += n < in->len - in->at ? n + 1 : n;
}

bool
plugin_input_line(struct plugin_input *in, const char **s, size_t *n)
{
	while (whole(in, n)) {
		bool skip = in->skip;

		in->skip = false;
		if (!skip) {
			in->line++;
			plugin_input_again(in, s, n);
			if (!line_blank(*s, *n))
				return true;
		}
		plugin_input_past(in);
	}
	if (in->len - in->at <= PLUGIN_INPUT_LINE)
		return false;
	in->at = in->len;
	*s = NULL;
	*n = 0;
	if (in->skip)
		return false;
	in->skip = true;
	in->line++;
	return true;
}

bool
plugin_input_more(struct plugin_input *in)
{
	ssize_t n;

	if (in->over)
		return false;
	in->len -= in->at;
	memmove(in->data, in->data + in->at, in->len);
	in->at = 0;
	do
		n = read(STDIN_FILENO, in->data + in->len, PLUGIN_INPUT_CHUNK);
	while (n < 0 && errno == EINTR);
	in->failed = n < 0 ? errno : 0;
	in->over = n <= 0;
	in->got = n > 0 ? (size_t)n : 0;
	in->len += in->got;
	return true;
}

bool
plugin_input_waits(const struct plugin_input *in)
{
	return in->got < PLUGIN_INPUT_CHUNK;
}
