/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: a queue of frames out, a buffer of frames in; see channel.h.
 *
 * The reader believes nothing: memory grows with the bytes that came, not with the
 * length that a header claims, and each turn reads a bounded amount, so that one busy
 * peer does not starve the others.
 */
#include "ipc/channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"

#define READ_CHUNK (64u << 10)
#define READ_TURN (1u << 20) /* bytes taken in one turn of the loop */
#define KEEP_CAP (1u << 20)  /* a larger input buffer is given back when empty */
#define FDS_MAX 4	     /* descriptors that came before their frame was whole */
#define STALL_MS 20	     /* between tries when the kernel takes no descriptor */

struct out {
	struct out *next;
	struct buf bytes; /* header and body */
	size_t done;
	int fd; /* sent with the first byte, then closed; -1 */
};

struct channel {
	struct loop *loop;
	struct loop_fd *watch;
	struct loop_timer *soon; /* work that must not happen inside a caller */
	struct channel_ends ends;
	channel_msg_cb *on_msg;
	channel_close_cb *on_close;
	void *ctx;
	int fd;

	struct out *out, **out_tail;
	size_t queued;
	uint32_t out_seq;
	bool deaf;    /* the peer takes nothing more; what it sent is still read */
	bool stalled; /* too many descriptors under way: tried again in a moment */

	struct buf in;
	size_t in_done; /* bytes of `in` that are dealt with */
	uint32_t in_seq;
	int fds[FDS_MAX];
	size_t nfds;

	bool paused;
	bool eof;
	bool closed;	 /* on_close is due or was called */
	bool in_short;	 /* the last read left nothing behind */
	size_t out_size; /* of the last message */
	bool breached;	 /* by the peer, of the catalogue */
	bool told;	 /* on_close was called */
	bool freed;	 /* to be freed when the last callback has returned */
	int depth;	 /* callbacks in progress */
	char why[ERR_TEXT_MAX];
};

static void
destroy(struct channel *ch)
{
	buf_free(&ch->in);
	free(ch);
}

/* Around everything that may call the owner, who may free the channel. */
static void
enter(struct channel *ch)
{
	ch->depth++;
}

static void
leave(struct channel *ch)
{
	if (--ch->depth == 0 && ch->freed)
		destroy(ch);
}

static void
drop_out(struct channel *ch)
{
	while (ch->out != NULL) {
		struct out *o = ch->out;

		ch->out = o->next;
		if (o->fd >= 0)
			close(o->fd);
		buf_free(&o->bytes);
		free(o);
	}
	ch->out_tail = &ch->out;
	ch->queued = 0;
}

/* Lets go of the socket and of everything that is under way. */
static void
shut(struct channel *ch)
{
	ch->closed = true;
	loop_fd_free(&ch->watch);
	if (ch->fd >= 0)
		close(ch->fd);
	ch->fd = -1;
	for (size_t i = 0; i < ch->nfds; i++)
		close(ch->fds[i]);
	ch->nfds = 0;
	drop_out(ch);
}

/* Closes; the owner hears of it from the loop. */
static void
fail(struct channel *ch, const char *why)
{
	if (ch->closed)
		return;
	snprintf(ch->why, sizeof(ch->why), "%s", why);
	shut(ch);
	loop_timer_set(ch->soon, 0);
}

/* The peer broke the catalogue: one line for the log, then the end. */
static void
breach(struct channel *ch, const char *why)
{
	log_err("channel", "%s %u breaks the catalogue: %s; closing its channel",
	    role_name(ch->ends.peer), ch->ends.peer_index, why);
	ch->breached = true;
	fail(ch, why);
}

static void
watch(struct channel *ch)
{
	unsigned what = 0;

	if (ch->watch == NULL)
		return;
	if (!ch->paused && !ch->eof)
		what |= LOOP_READ;
	if (ch->out != NULL && !ch->deaf && !ch->stalled)
		what |= LOOP_WRITE;
	loop_fd_change(ch->watch, what);
}

/* One sendmsg() of the first frame in the queue.  Bytes taken, or -1. */
static ssize_t
send_some(struct channel *ch, struct out *o)
{
	struct iovec iov = {o->bytes.data + o->done, o->bytes.len - o->done};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl;

	if (o->fd >= 0) {
		struct cmsghdr *c;

		memset(&ctl, 0, sizeof(ctl));
		mh.msg_control = ctl.room;
		mh.msg_controllen = sizeof(ctl.room);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &o->fd, sizeof(int));
	}
	return sendmsg(ch->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
pop_out(struct channel *ch)
{
	struct out *o = ch->out;

	ch->out = o->next;
	if (ch->out == NULL)
		ch->out_tail = &ch->out;
	buf_free(&o->bytes);
	free(o);
}

/* Writes until the queue is empty or the kernel's buffer full. */
static void
flush(struct channel *ch)
{
	while (ch->out != NULL && !ch->deaf && !ch->closed) {
		struct out *o = ch->out;
		ssize_t n = send_some(ch, o);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		/* The kernel limits descriptors under way per user (RLIMIT_NOFILE), and
		 * its memory; the socket stays writable meanwhile. */
		if (n < 0 && (errno == ETOOMANYREFS || errno == ENOBUFS)) {
			ch->stalled = true;
			loop_timer_set(ch->soon, STALL_MS);
			break;
		}
		if (n < 0) {
			/* Nobody reads any more; what was said before is still read. */
			ch->deaf = true;
			drop_out(ch);
			break;
		}
		if (o->fd >= 0)
			close(o->fd);
		o->fd = -1;
		o->done += (size_t)n;
		ch->queued -= (size_t)n;
		if (o->done == o->bytes.len)
			pop_out(ch);
	}
	watch(ch);
}

int
channel_send(struct channel *ch, struct msg *m)
{
	struct frame f = {.version = MSG_VERSION, .type = (uint16_t)m->type};
	struct err e = ERR_INIT;
	uint8_t head[FRAME_HEAD] = {0};
	struct out *o;
	int rc = 0;

	if (msg_check(m, ch->ends.self, ch->ends.peer, &e) != 0)
		log_die("channel", "own mistake: %s", e.text);
	if (ch->closed || ch->deaf) {
		msg_clear(m);
		return TOSD_ESTATE;
	}
	o = xcalloc(1, sizeof(*o));
	buf_reserve(&o->bytes, ch->out_size);
	buf_put(&o->bytes, head, sizeof(head));
	msg_encode(&o->bytes, m);
	/* The next one is often about as long, and need not grow step by step. */
	ch->out_size = o->bytes.len < READ_CHUNK ? o->bytes.len : READ_CHUNK;
	if (o->bytes.len - FRAME_HEAD > MSG_MAX) {
		log_err("channel", "%s of %zu bytes is larger than a frame may be",
		    msg_name(m->type), o->bytes.len);
		rc = TOSD_ELIMIT;
		goto out;
	}
	f.length = (uint32_t)(o->bytes.len - FRAME_HEAD);
	f.seq = ++ch->out_seq;
	f.flags = m->fd >= 0 ? FRAME_HAS_FD : 0;
	frame_put((uint8_t *)o->bytes.data, &f);
	o->fd = m->fd;
	m->fd = -1;
	*ch->out_tail = o;
	ch->out_tail = &o->next;
	ch->queued += o->bytes.len;
	o = NULL;
	flush(ch);
out:
	if (o != NULL) {
		buf_free(&o->bytes);
		free(o);
	}
	msg_clear(m);
	return rc;
}

/* Takes the descriptors out of a received control message; false if there were too
 * many to belong to frames. */
static bool
take_fds(struct channel *ch, struct msghdr *mh)
{
	bool ok = !(mh->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n != 1)
			ok = false;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (ok && ch->nfds < FDS_MAX) {
				ch->fds[ch->nfds++] = fd;
				continue;
			}
			close(fd);
			ok = false;
		}
	}
	return ok;
}

/* One recvmsg().  False if there is nothing to read now or ever. */
static bool
receive_some(struct channel *ch)
{
	struct iovec iov = {buf_reserve(&ch->in, READ_CHUNK), READ_CHUNK};
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * 4)];
	} ctl;
	struct msghdr mh = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = ctl.room,
	    .msg_controllen = sizeof(ctl.room)};
	ssize_t n = recvmsg(ch->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		ch->eof = true;
		return false;
	}
	ch->in.len += (size_t)n;
	ch->in_short = n < READ_CHUNK;
	if (!take_fds(ch, &mh)) {
		breach(ch, "descriptors that belong to no frame, or more than this "
			   "process may open");
		return false;
	}
	return true;
}

/* Hands one whole frame to the owner. */
static void
deliver(struct channel *ch, const struct frame *f, const char *body)
{
	struct err e = ERR_INIT;
	struct msg m;
	int fd = -1;

	if (f->flags & FRAME_HAS_FD) {
		if (ch->nfds == 0) {
			breach(ch, "a frame without the descriptor that it announces");
			return;
		}
		fd = ch->fds[0];
		memmove(&ch->fds[0], &ch->fds[1], --ch->nfds * sizeof(ch->fds[0]));
	}
	if (msg_decode(&m, f->type, body, f->length, ch->ends.peer, ch->ends.self,
		fd >= 0, &e) != 0) {
		if (fd >= 0)
			close(fd);
		breach(ch, e.text);
		return;
	}
	m.fd = fd;
	m.from_index = ch->ends.peer_index;
	ch->on_msg(ch->ctx, &m);
	msg_clear(&m);
}

/* Forgets what was dealt with; gives a large buffer back. */
static void
compact(struct channel *ch)
{
	size_t left = ch->in.len - ch->in_done;

	if (ch->in_done == 0)
		return;
	if (left == 0 && ch->in.cap > KEEP_CAP) {
		buf_free(&ch->in);
	} else {
		memmove(ch->in.data, ch->in.data + ch->in_done, left);
		ch->in.len = left;
	}
	ch->in_done = 0;
}

/* Delivers the whole frames of the buffer, until paused, closed or freed. */
static void
parse(struct channel *ch)
{
	while (!ch->paused && !ch->closed && !ch->freed) {
		size_t left = ch->in.len - ch->in_done;
		const char *p;
		struct frame f;
		struct err e = ERR_INIT;

		if (left < FRAME_HEAD)
			break;
		p = ch->in.data + ch->in_done;
		if (frame_get((const uint8_t *)p, ch->in_seq + 1, &f, &e) != 0) {
			breach(ch, e.text);
			break;
		}
		if (left - FRAME_HEAD < f.length)
			break;
		ch->in_seq++;
		ch->in_done += FRAME_HEAD + f.length;
		deliver(ch, &f, p + FRAME_HEAD);
	}
	if (!ch->freed)
		compact(ch);
}

/* Everything that was received is delivered: what remains of an end is told. */
static void
settle(struct channel *ch)
{
	if (!ch->eof || ch->paused || ch->closed || ch->freed)
		return;
	if (ch->in.len > ch->in_done)
		fail(ch, "it ended in the middle of a message");
	else
		fail(ch, "it ended");
}

/* Reads at most `limit` bytes and delivers them. */
static void
read_in(struct channel *ch, size_t limit)
{
	size_t got = 0;

	enter(ch);
	while (!ch->paused && !ch->closed && !ch->freed && !ch->eof && got < limit) {
		size_t before = ch->in.len;
		bool more = receive_some(ch);

		got += ch->in.len - before;
		parse(ch);
		/* After a short read there is rarely more, and the loop would tell: not
		 * asking spares a call for each message. */
		if (!more || (ch->in_short && limit != SIZE_MAX))
			break;
	}
	settle(ch);
	if (!ch->freed)
		watch(ch);
	leave(ch);
}

static void
on_ready(void *ctx, int fd, unsigned what)
{
	struct channel *ch = ctx;

	(void)fd;
	enter(ch);
	if (what & LOOP_WRITE)
		flush(ch);
	if (what & LOOP_READ)
		read_in(ch, READ_TURN);
	leave(ch);
}

/* After a pause, a stall or a close. */
static void
on_soon(void *ctx)
{
	struct channel *ch = ctx;

	enter(ch);
	ch->stalled = false;
	if (!ch->closed) {
		flush(ch);
		parse(ch);
		settle(ch);
		if (!ch->freed)
			watch(ch);
	}
	if (ch->closed && !ch->told && !ch->freed) {
		ch->told = true;
		ch->on_close(ch->ctx, ch->why);
	}
	leave(ch);
}

struct channel *
channel_new_take(struct loop *l, int fd, const struct channel_ends *ends,
    channel_msg_cb *on_msg, channel_close_cb *on_close, void *ctx)
{
	struct channel *ch = xcalloc(1, sizeof(*ch));

	ch->loop = l;
	ch->fd = fd;
	ch->ends = *ends;
	ch->on_msg = on_msg;
	ch->on_close = on_close;
	ch->ctx = ctx;
	ch->out_tail = &ch->out;
	ch->soon = loop_timer_new(l, on_soon, ch);
	ch->watch = loop_fd_new(l, fd, LOOP_READ, on_ready, ch);
	return ch;
}

void
channel_free(struct channel **chp)
{
	struct channel *ch = *chp;

	if (ch == NULL)
		return;
	*chp = NULL;
	shut(ch);
	loop_timer_free(&ch->soon);
	ch->freed = true;
	if (ch->depth == 0)
		destroy(ch);
}

bool
channel_breached(const struct channel *ch)
{
	return ch->breached;
}

size_t
channel_queued(const struct channel *ch)
{
	return ch->queued;
}

void
channel_pause(struct channel *ch, bool pause)
{
	if (ch->closed || ch->paused == pause)
		return;
	ch->paused = pause;
	watch(ch);
	if (!pause)
		loop_timer_set(ch->soon, 0);
}

void
channel_drain(struct channel *ch)
{
	read_in(ch, SIZE_MAX);
}

int
channel_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) !=
	    0)
		return err_sys(e, "cannot make a socket pair");
	return 0;
}
