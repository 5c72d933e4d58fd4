/* SPDX-License-Identifier: Apache-2.0 */
/* exec_child: pipes without waiting; see exec_child.h. */
#include "policy/exec_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/quiet.h"

#define READ_STEP 65536
#define READ_MAX \
	(1u << 20) /* of its output at one go, so that others have their turn */
#define PIPE_SIZE (1 << 20)
#define ERR_LINE 500

struct exec_child {
	struct exec_fds fds;
	struct exec_proto *proto;
	struct buf out;
	size_t sent;
	bool hush;
	struct policy_lines errors; /* of standard error */
};

static void
set_up(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

struct exec_child *
exec_child_new(const char *name, struct exec_fds *fds,
    void (*say)(void *ctx, const char *line), void *ctx)
{
	struct exec_child *c = xcalloc(1, sizeof(*c));

	c->fds = *fds;
	fds->in = fds->out = fds->err = -1;
	set_up(c->fds.in);
	set_up(c->fds.out);
	set_up(c->fds.err);
	/* Fewer turns; not allowed everywhere, and not needed. */
	fcntl(c->fds.in, F_SETPIPE_SZ, PIPE_SIZE);
	c->proto = exec_proto_new(name);
	c->errors = (struct policy_lines){.say = say, .ctx = ctx, .max = ERR_LINE};
	return c;
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
exec_child_free(struct exec_child **cp)
{
	struct exec_child *c = *cp;

	if (c == NULL)
		return;
	policy_lines_end(&c->errors, clock_steady());
	shut(&c->fds.in);
	shut(&c->fds.out);
	shut(&c->fds.err);
	exec_proto_free(&c->proto);
	buf_free(&c->out);
	free(c);
	*cp = NULL;
}

struct buf *
exec_child_out(struct exec_child *c)
{
	return &c->out;
}

size_t
exec_child_unsent(const struct exec_child *c)
{
	return c->out.len - c->sent;
}

const struct exec_proto *
exec_child_proto(const struct exec_child *c)
{
	return c->proto;
}

static void
move_out(struct exec_child *c)
{
	while (c->fds.in >= 0 && c->sent < c->out.len) {
		ssize_t n =
		    write(c->fds.in, c->out.data + c->sent, c->out.len - c->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) { /* its end shows when its output ends */
			shut(&c->fds.in);
			c->sent = c->out.len;
			break;
		}
		c->sent += (size_t)n;
	}
	if (c->sent == c->out.len) {
		buf_reset(&c->out);
		c->sent = 0;
		if (c->hush)
			shut(&c->fds.in);
	}
}

/* True when the end was read. */
static bool
move_in(struct exec_child *c)
{
	char data[READ_STEP];

	for (size_t all = 0; c->fds.out >= 0 && all < READ_MAX;) {
		ssize_t n = read(c->fds.out, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && !(n < 0 && errno == EAGAIN))
			return true;
		if (n < 0)
			return false;
		exec_proto_take(c->proto, data, (size_t)n);
		all += (size_t)n;
		if ((size_t)n < sizeof(data))
			break;
	}
	return c->fds.out < 0;
}

static void
move_err(struct exec_child *c, int64_t now)
{
	char data[4096];
	ssize_t n;

	for (int turns = 0; c->fds.err >= 0 && turns < 16; turns++) {
		n = read(c->fds.err, data, sizeof(data));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			policy_lines_end(&c->errors, now);
			shut(&c->fds.err);
			return;
		}
		policy_lines_take(&c->errors, data, (size_t)n, now);
	}
}

int
exec_child_move(struct exec_child *c, int64_t now, struct err *e)
{
	bool end;

	move_out(c);
	move_err(c, now);
	end = move_in(c);
	if (!end)
		return 0;
	move_err(c, now); /* last words often explain it */
	return err_set(e, TOSD_ENOENT, "it ended, or closed its output");
}

int
exec_child_next(struct exec_child *c, struct exec_event *ev, struct err *e)
{
	return exec_proto_next(c->proto, ev, e);
}

size_t
exec_child_poll(const struct exec_child *c, struct pollfd *v)
{
	size_t n = 0;

	v[n++] = (struct pollfd){.fd = c->fds.out, .events = POLLIN};
	if (c->fds.err >= 0)
		v[n++] = (struct pollfd){.fd = c->fds.err, .events = POLLIN};
	if (c->fds.in >= 0 && exec_child_unsent(c) > 0)
		v[n++] = (struct pollfd){.fd = c->fds.in, .events = POLLOUT};
	return n;
}

uint64_t
exec_child_errors(const struct exec_child *c)
{
	return c->errors.all;
}

void
exec_child_flush(struct exec_child *c)
{
	move_out(c);
}

void
exec_child_hush(struct exec_child *c)
{
	c->hush = true;
	move_out(c);
}
