/* SPDX-License-Identifier: Apache-2.0 */
/* ready: datagrams for the service manager; see ready.h.  Only in the supervisor. */
#include "ipc/ready.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

struct ready {
	int fd; /* -1: nobody to tell */
	struct sockaddr_un addr;
	socklen_t addr_len;
	int64_t watchdog; /* ms */
};

/* "/path" or "@abstract". */
static int
set_address(struct ready *r, const char *name, struct err *e)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 ||
	    n >= sizeof(r->addr.sun_path))
		return err_set(e, TOSD_EINVAL,
		    "NOTIFY_SOCKET=%s is neither a path nor an abstract socket", name);
	r->addr.sun_family = AF_UNIX;
	memcpy(r->addr.sun_path, name, n);
	/* The name of an abstract socket is its exact length, that of a file ends. */
	r->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (name[0] == '@')
		r->addr.sun_path[0] = '\0';
	else
		r->addr_len++;
	r->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return r->fd < 0 ? err_sys(e, "cannot make the socket for NOTIFY_SOCKET") : 0;
}

/* A whole positive number; 0 for anything else. */
static int64_t
number(const char *s)
{
	char *end;
	long long v;

	if (s == NULL || s[0] < '0' || s[0] > '9')
		return 0;
	errno = 0;
	v = strtoll(s, &end, 10);
	return errno == 0 && *end == '\0' ? v : 0;
}

int
ready_new(struct ready **out, struct err *e)
{
	struct ready *r = xcalloc(1, sizeof(*r));
	const char *socket_name = getenv("NOTIFY_SOCKET"),
		   *pid = getenv("WATCHDOG_PID");
	int rc = 0;

	r->fd = -1;
	if (pid == NULL || number(pid) == getpid())
		r->watchdog = number(getenv("WATCHDOG_USEC")) / 1000;
	if (socket_name != NULL)
		rc = set_address(r, socket_name, e);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (rc != 0)
		ready_free(&r);
	*out = r;
	return rc;
}

void
ready_free(struct ready **r)
{
	if (*r == NULL)
		return;
	if ((*r)->fd >= 0)
		close((*r)->fd);
	free(*r);
	*r = NULL;
}

int64_t
ready_watchdog(const struct ready *r)
{
	return r->fd >= 0 ? r->watchdog : 0;
}

/* One datagram: the assignments, then the status line if there is one. */
static bool
tell(struct ready *r, const char *what, const char *status)
{
	struct buf b = {0};
	ssize_t n;

	if (r->fd < 0)
		return false;
	buf_puts(&b, what);
	if (status != NULL) {
		buf_puts(&b, "STATUS=");
		/* A line break would begin another assignment. */
		for (const char *s = status; *s != '\0'; s++)
			buf_putc(&b, *s == '\n' ? ' ' : *s);
		buf_putc(&b, '\n');
	}
	n = sendto(r->fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&r->addr,
	    r->addr_len);
	buf_free(&b);
	return n >= 0;
}

bool
ready_up(struct ready *r, const char *status)
{
	return tell(r, "READY=1\n", status);
}

bool
ready_reloading(struct ready *r, const char *status)
{
	struct timespec ts;
	char what[96];

	/* systemd compares with its own monotonic clock, so not clock_steady(), which
	 * may be virtual. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(what, sizeof(what), "RELOADING=1\nMONOTONIC_USEC=%lld\n",
	    (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	return tell(r, what, status);
}

bool
ready_stopping(struct ready *r, const char *status)
{
	return tell(r, "STOPPING=1\n", status);
}

bool
ready_status(struct ready *r, const char *status)
{
	return tell(r, "", status);
}

bool
ready_alive(struct ready *r)
{
	return tell(r, "WATCHDOG=1\n", NULL);
}
