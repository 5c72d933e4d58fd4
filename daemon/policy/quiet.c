/* SPDX-License-Identifier: Apache-2.0 */
/* quiet: lines out of a stream of bytes, no more than may be said; see quiet.h. */
#include "policy/quiet.h"

#include <stdlib.h>

static void
say_left_out(const struct policy_lines *l, uint64_t n)
{
	char *s;

	if (n == 0)
		return;
	s = xasprintf("(%llu lines left out)", (unsigned long long)n);
	l->say(l->ctx, s);
	free(s);
}

static void
end_line(struct policy_lines *l, int64_t now)
{
	uint64_t left_out = 0;

	if (l->part.len == 0)
		return;
	l->all++;
	if (policy_quiet_pass(&l->quiet, now, &left_out)) {
		say_left_out(l, left_out);
		buf_putc(&l->part, '\0');
		l->say(l->ctx, l->part.data);
	}
	buf_reset(&l->part);
}

void
policy_lines_take(struct policy_lines *l, const char *data, size_t len, int64_t now)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] == '\n')
			end_line(l, now);
		else if (l->part.len < l->max)
			buf_putc(&l->part, data[i] != '\0' ? data[i] : '?');
}

void
policy_lines_end(struct policy_lines *l, int64_t now)
{
	end_line(l, now);
	say_left_out(l, l->quiet.dropped);
	l->quiet.dropped = 0;
	buf_free(&l->part);
}
