/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: both ends of the control socket.  The engine owns the listening end;
 * a caller that is slow or wrong costs nobody else anything: its buffers are
 * bounded and its connection is closed.
 */
#include "console/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define REQUEST_MAX (64u << 10)
#define CLIENTS_MAX 32

struct client {
	struct control *owner;
	struct client *next;
	struct loop_fd *watch;
	int fd;
	uint32_t uid;
	struct buf in, out;
	size_t sent;
	uint64_t turn; /* when it was last heard */
};

struct control {
	struct loop *loop;
	struct loop_fd *watch;
	int fd;
	char *path;
	control_fn *fn;
	void *ctx;
	struct client *clients;
	unsigned n;
	uint64_t turns;
};

static void
client_free(struct client *c)
{
	struct client **at = &c->owner->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->owner->n--;
	loop_fd_free(&c->watch);
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

static void
answer(struct client *c, const char *line, size_t n)
{
	json_error_t je;
	json_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je), *reply;
	char *text;

	if (json_is_object(request))
		reply = c->owner->fn(c->owner->ctx, request, c->uid);
	else
		reply = json_pack("{s:b, s:s, s:s}", "ok", 0, "error",
		    "the request is no JSON object", "code", "invalid");
	text = json_dumps(reply, JSON_COMPACT);
	buf_puts(&c->out, text != NULL ? text : "{\"ok\":false}");
	buf_putc(&c->out, '\n');
	free(text);
	json_decref(reply);
	json_decref(request);
}

static char *
line_end(const struct client *c)
{
	return c->in.len > 0 ? memchr(c->in.data, '\n', c->in.len) : NULL;
}

/* Answers one whole line, once the answer before it has left: a request of three bytes
 * may be answered with megabytes.  False if the caller broke a rule. */
static bool
take_line(struct client *c)
{
	char *nl = line_end(c);
	size_t done;

	if (nl == NULL)
		return c->in.len <= REQUEST_MAX;
	if (c->out.len > 0)
		return true;
	done = nl - c->in.data + 1;
	answer(c, c->in.data, done - 1);
	memmove(c->in.data, c->in.data + done, c->in.len - done);
	c->in.len -= done;
	return true;
}

static bool
flush_out(struct client *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			return false;
		c->sent += n;
	}
	if (c->sent == c->out.len) {
		buf_reset(&c->out);
		c->sent = 0;
	}
	/* While an answer waits, or a request, no further one is read. */
	loop_fd_change(
	    c->watch, c->out.len > 0 || line_end(c) != NULL ? LOOP_WRITE : LOOP_READ);
	return true;
}

static void
on_client(void *ctx, int fd, unsigned what)
{
	struct client *c = ctx;

	if (what & LOOP_READ) {
		char *to = buf_reserve(&c->in, 4096);
		ssize_t n = recv(fd, to, 4096, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			client_free(c);
			return;
		}
		if (n > 0)
			c->in.len += n;
		c->turn = ++c->owner->turns;
	}
	if (!take_line(c) || !flush_out(c))
		client_free(c);
}

/* Of too many the one that has been silent for longest goes: it may never ask. */
static void
drop_one(struct control *k)
{
	struct client *idlest = k->clients;

	for (struct client *c = k->clients; c != NULL; c = c->next)
		if (c->turn < idlest->turn)
			idlest = c;
	client_free(idlest);
}

static void
on_accept(void *ctx, int fd, unsigned what)
{
	struct control *k = ctx;
	struct client *c;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int s = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (s < 0)
		return;
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0) {
		close(s);
		return;
	}
	if (k->n == CLIENTS_MAX)
		drop_one(k);
	c = xcalloc(1, sizeof(*c));
	c->owner = k;
	c->fd = s;
	c->uid = cred.uid;
	c->turn = ++k->turns;
	c->next = k->clients;
	k->clients = c;
	k->n++;
	c->watch = loop_fd_new(k->loop, s, LOOP_READ, on_client, c);
}

static int
address(const char *path, struct sockaddr_un *sa, struct err *e)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sa->sun_path))
		return err_set(e, TOSD_EINVAL,
		    "the control socket's path is longer than "
		    "%zu bytes: %s",
		    sizeof(sa->sun_path) - 1, path);
	strcpy(sa->sun_path, path);
	return 0;
}

int
control_new(struct loop *loop, const char *path, control_fn *fn, void *ctx,
    struct control **out, struct err *e)
{
	struct sockaddr_un sa;
	struct control *k;
	int fd, rc = address(path, &sa, e);

	*out = NULL;
	if (rc != 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "cannot make the control socket");
	unlink(path); /* of an earlier life; the store's lock tells two engines apart */
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    chmod(path, 0660) != 0 || listen(fd, 16) != 0) {
		rc = err_sys(e, "cannot listen on %s", path);
		close(fd);
		return rc;
	}
	k = xcalloc(1, sizeof(*k));
	k->loop = loop;
	k->fd = fd;
	k->path = xstrdup(path);
	k->fn = fn;
	k->ctx = ctx;
	k->watch = loop_fd_new(loop, fd, LOOP_READ, on_accept, k);
	*out = k;
	return 0;
}

void
control_free(struct control **kp)
{
	struct control *k = *kp;

	if (k == NULL)
		return;
	while (k->clients != NULL)
		client_free(k->clients);
	loop_fd_free(&k->watch);
	close(k->fd);
	unlink(k->path);
	free(k->path);
	free(k);
	*kp = NULL;
}

int
control_ask(const char *path, const json_t *request, json_t **reply, struct err *e)
{
	struct sockaddr_un sa;
	struct buf b = {0};
	char *text;
	ssize_t n = 0;
	int fd, rc = address(path, &sa, e);

	*reply = NULL;
	if (rc != 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "cannot make a socket");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		rc = errno == ENOENT || errno == ECONNREFUSED ? TOSD_ENOENT : TOSD_EIO;
		if (errno == EACCES)
			rc = err_set(e, TOSD_EDENIED,
			    "only root and the group of %s may ask; this account is "
			    "not in that group",
			    path);
		else
			err_sys(e, "no daemon answers on %s", path);
		e->code = rc;
		goto out;
	}
	text = json_dumps(request, JSON_COMPACT);
	buf_puts(&b, text);
	buf_putc(&b, '\n');
	free(text);
	for (size_t sent = 0; sent < b.len; sent += n)
		if ((n = send(fd, b.data + sent, b.len - sent, MSG_NOSIGNAL)) < 0) {
			rc = err_sys(e, "cannot ask the daemon");
			goto out;
		}
	buf_reset(&b);
	while ((b.len == 0 || b.data[b.len - 1] != '\n') &&
	       (n = recv(fd, buf_reserve(&b, 65536), 65536, 0)) > 0)
		b.len += n;
	*reply = b.len > 0 ? json_loadb(b.data, b.len, 0, NULL) : NULL;
	if (*reply == NULL)
		rc = err_set(e, TOSD_EIO, "the daemon on %s gave no answer", path);
out:
	close(fd);
	buf_free(&b);
	return rc;
}
