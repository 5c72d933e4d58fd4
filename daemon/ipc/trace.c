/* SPDX-License-Identifier: Apache-2.0 */
/* trace: a page that outlives its writer; see trace.h. */
#include "ipc/trace.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct page {
	uint64_t revision, calls;
	uint32_t what; /* enum trace_what */
	uint32_t closed;
	char plugin[64];
};

/* Descriptors that are watched. */
#define FDS 256

struct fds {
	nfds_t n; /* those farther up cannot be looked at: a limit came down */
	bool open[FDS];
};

struct trace {
	struct page *page;
	int fd;
	uint64_t number;
	pid_t pid;	       /* who calls plugins; 0: no call yet */
	struct fds ours, last; /* last: as of the end of the last call */
};

int
trace_new(struct trace **out, struct err *e)
{
	int fd = memfd_create("trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *page = MAP_FAILED;

	*out = NULL;
	if (fd >= 0 && ftruncate(fd, sizeof(struct page)) == 0 &&
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		page = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		int rc = err_sys(e, "cannot make the page of a trace");

		if (fd >= 0)
			close(fd);
		return rc;
	}
	*out = xcalloc(1, sizeof(**out));
	(*out)->page = page;
	(*out)->fd = fd;
	return 0;
}

void
trace_free(struct trace **tp)
{
	struct trace *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	munmap(t->page, sizeof(*t->page));
	close(t->fd);
	free(t);
}

int
trace_fd(const struct trace *t)
{
	return t != NULL ? fcntl(t->fd, F_DUPFD_CLOEXEC, 3) : -1;
}

/* Those that are open; false: that cannot be told. */
static bool
look_at_fds(struct fds *f)
{
	struct pollfd v[FDS];
	struct rlimit max;
	nfds_t n = FDS;

	if (getrlimit(RLIMIT_NOFILE, &max) == 0 && max.rlim_cur < n)
		n = (nfds_t)max.rlim_cur;
	for (nfds_t i = 0; i < n; i++)
		v[i] = (struct pollfd){.fd = (int)i};
	if (poll(v, n, 0) < 0)
		return false;
	*f = (struct fds){.n = n};
	for (nfds_t i = 0; i < n; i++)
		f->open[i] = !(v[i].revents & POLLNVAL);
	return true;
}

/* A call into a plugin that may take the time of a look at all descriptors. */
static bool
is_rare(uint32_t what)
{
	return what == TRACE_LOAD || what == TRACE_OPEN || what == TRACE_TEST ||
	       what == TRACE_CLOSE;
}

/* Before a call: what was opened since the last one is ours.  Not before close(), for
 * what check() has opened nobody has looked at. */
static void
count_ours(struct trace *t, enum trace_what what)
{
	struct fds now;

	if (!is_rare(what) || !look_at_fds(&now))
		return;
	for (nfds_t i = 0; i < now.n; i++)
		t->ours.open[i] =
		    now.open[i] &&
		    (t->ours.open[i] || (!t->last.open[i] && what != TRACE_CLOSE));
}

/* After it. */
static bool
lacks_ours(struct trace *t)
{
	struct fds now;

	/* What closes more than one will have closed this one. */
	if (t->page->what == TRACE_CHECK)
		return fcntl(t->fd, F_GET_SEALS) != SEALS;
	if (!is_rare(t->page->what) || !look_at_fds(&now))
		return false;
	t->last = now;
	for (nfds_t i = 0; i < now.n; i++)
		if (t->ours.open[i] && !now.open[i])
			return true;
	return false;
}

/* The page still has the name of who did it. */
static void
come_back(struct trace *t)
{
	if (!lacks_ours(t))
		return;
	t->page->closed = 1;
	_exit(EXIT_FAILURE);
}

void
trace_at(struct trace *t, enum trace_what what, const char *plugin, uint64_t revision)
{
	size_t n;

	if (t == NULL)
		return;
	come_back(t); /* check() follows check() */
	if (t->pid == 0)
		t->pid = getpid();
	n = strnlen(plugin, sizeof(t->page->plugin) - 1);
	memcpy(t->page->plugin, plugin, n);
	t->page->plugin[n] = '\0';
	t->page->revision = revision != 0 ? revision : t->number;
	t->page->calls++;
	count_ours(t, what);
	t->page->what = what;
}

/* What we read and write is of a copy as well: it must not answer beside us. */
static void
end_copy(const struct trace *t)
{
	struct trace_seen s;

	if (t->pid == 0 || getpid() == t->pid)
		return;
	trace_look(t, &s);
	log_err("plugin",
	    "plugin `%s' has forked, and the copy came back from its call: it is ended",
	    s.plugin);
	_exit(EXIT_FAILURE);
}

void
trace_idle(struct trace *t)
{
	if (t == NULL)
		return;
	end_copy(t);
	come_back(t);
	t->page->what = TRACE_IDLE;
}

void
trace_number(struct trace *t, uint64_t number)
{
	if (t != NULL)
		t->number = number;
}

void
trace_write_to(struct trace *t, const struct trace *other)
{
	t->pid = getpid();
	t->page = other->page;
	t->fd = other->fd;
}

/* The page may have been written by what broke the worker, and goes to logs and on
 * record: a name that is none is made harmless. */
static void
see(const struct page *p, struct trace_seen *out)
{
	*out = (struct trace_seen){
	    .what = p->what < TRACE_COUNT ? (enum trace_what)p->what : TRACE_IDLE,
	    .calls = p->calls,
	    .closed = p->closed != 0,
	    .revision = p->revision};
	memcpy(out->plugin, p->plugin, sizeof(out->plugin));
	out->plugin[sizeof(out->plugin) - 1] = '\0';
	for (char *c = out->plugin; *c != '\0'; c++)
		if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9') && *c != '-' &&
		    *c != '_')
			*c = '?';
}

void
trace_look(const struct trace *t, struct trace_seen *out)
{
	const struct page p = *t->page;

	see(&p, out);
}

bool
trace_say(const struct trace_seen *s, const char *unit, char out[TRACE_TEXT])
{
	static const char *const words[TRACE_COUNT] = {
	    [TRACE_LOAD] = "while the object of plugin `%s' was loaded",
	    [TRACE_OPEN] = "in open() of plugin `%s'",
	    [TRACE_TEST] = "in selftest() of plugin `%s'",
	    [TRACE_CHECK] = "in check() of plugin `%s'",
	    [TRACE_CLOSE] = "in close() of plugin `%s'",
	    [TRACE_READ] = "over what came for a %s",
	};
	int n;

	out[0] = '\0';
	if (s->what == TRACE_IDLE)
		return false;
	n = snprintf(out, TRACE_TEXT, words[s->what], s->plugin);
	if (s->what == TRACE_READ)
		unit = "request";
	if ((s->what == TRACE_CHECK || s->what == TRACE_READ) && s->revision != 0)
		n += snprintf(out + n, TRACE_TEXT - (size_t)n, "%s %s %llu",
		    s->what == TRACE_READ ? "," : " over", unit,
		    (unsigned long long)s->revision);
	if (s->closed)
		snprintf(out + n, TRACE_TEXT - (size_t)n,
		    ", which closed descriptors that are not its own");
	return true;
}

bool
trace_peek(int fd, struct trace_seen *out)
{
	struct page p;

	if (fd < 0 || (fcntl(fd, F_GET_SEALS) & SEALS) != SEALS ||
	    pread(fd, &p, sizeof(p), 0) != sizeof(p))
		return false;
	see(&p, out);
	return out->what != TRACE_IDLE;
}

bool
trace_read(int fd, char out[TRACE_TEXT])
{
	struct trace_seen s;

	out[0] = '\0';
	return trace_peek(fd, &s) && trace_say(&s, "revision", out);
}
