/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_channel: raw bytes on the engine's socket from a policy worker gone bad. */
#include <stdint.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
on_msg(void *ctx, struct msg *m)
{
	(void)m;
	++*(int *)ctx;
}

static void
on_close(void *ctx, const char *why)
{
	(void)why;
	++*(int *)ctx;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct channel_ends ends = {ROLE_ENGINE, ROLE_POLICY, 0};
	struct loop *l = loop_new();
	struct channel *ch;
	int fds[2], count = 0;
	ssize_t w;

	log_set_level(0);
	if (channel_pair(fds, NULL) != 0)
		__builtin_trap();
	ch = channel_new_take(l, fds[0], &ends, on_msg, on_close, &count);
	w = write(fds[1], data, n);
	(void)w;
	close(fds[1]);
	for (int i = 0; i < 4; i++)
		loop_turn(l);
	/* Whatever came, the end was told. */
	if (count == 0)
		__builtin_trap();
	channel_free(&ch);
	loop_free(&l);
	return 0;
}
