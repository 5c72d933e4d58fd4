/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: messages over a unix stream socket, both ways, never blocking, at most one
 * descriptor with each.  What the catalogue does not allow ends the channel.
 */
#ifndef TOSD_IPC_CHANNEL_H
#define TOSD_IPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ipc/loop.h"
#include "ipc/msg.h"

struct channel;

/* Who is at the two ends. */
struct channel_ends {
	enum role self;
	enum role peer;
	uint32_t peer_index;
};

/* A message, with from and from_index filled in.  The channel clears m afterwards;
 * what is moved out must be set to NULL, zero or -1 in m. */
typedef void channel_msg_cb(void *ctx, struct msg *m);

/* The channel is closed: the peer is gone or broke the catalogue (then it was logged).
 * Called once, from the loop, after everything received was delivered.  The owner
 * frees the channel, here or later. */
typedef void channel_close_cb(void *ctx, const char *why);

/* Takes fd (a connected SOCK_STREAM unix socket), also on failure of a later step. */
struct channel *channel_new_take(struct loop *l, int fd,
    const struct channel_ends *ends, channel_msg_cb *on_msg, channel_close_cb *on_close,
    void *ctx);
/* Closes it and drops what is queued; on_close is not called.  Safe inside callbacks.
 */
void channel_free(struct channel **ch);

/* Queues m, which is taken (clear afterwards, also on failure) and sent as soon as the
 * kernel takes it.  0, TOSD_ESTATE if the channel is closed, TOSD_ELIMIT if m is larger
 * than MSG_MAX.  A message that the catalogue forbids here is our own fault: aborts. */
int channel_send(struct channel *ch, struct msg *m);

/* True once the peer has broken the catalogue (for on_close: why it was closed). */
bool channel_breached(const struct channel *ch);

/* Bytes queued and not yet taken by the kernel. */
size_t channel_queued(const struct channel *ch);

/* While paused nothing is read and nothing delivered. */
void channel_pause(struct channel *ch, bool pause);

/* Delivers what has arrived already, without waiting. */
void channel_drain(struct channel *ch);

/* Both ends of a new channel, close-on-exec, non-blocking.  0 or TOSD_EIO. */
int channel_pair(int fds[2], struct err *e);

#endif
