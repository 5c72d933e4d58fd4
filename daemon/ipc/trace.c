/* SPDX-License-Identifier: Apache-2.0 */
/* trace: a page that outlives its writer; see trace.h. */
#include "ipc/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct page {
	uint64_t revision, calls;
	uint32_t what; /* enum trace_what */
	char plugin[64];
};

struct trace {
	struct page *page;
	int fd;
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
	**out = (struct trace){page, fd};
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

void
trace_at(struct trace *t, enum trace_what what, const char *plugin, uint64_t revision)
{
	size_t n;

	if (t == NULL)
		return;
	n = strnlen(plugin, sizeof(t->page->plugin) - 1);
	memcpy(t->page->plugin, plugin, n);
	t->page->plugin[n] = '\0';
	t->page->revision = revision;
	t->page->calls++;
	t->page->what = what;
}

void
trace_idle(struct trace *t)
{
	if (t != NULL)
		t->page->what = TRACE_IDLE;
}

/* The page may have been written by what broke the worker, and goes to logs and on
 * record: a name that is none is made harmless. */
static void
see(const struct page *p, struct trace_seen *out)
{
	*out = (struct trace_seen){
	    .what = p->what < TRACE_COUNT ? (enum trace_what)p->what : TRACE_IDLE,
	    .calls = p->calls,
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
		snprintf(out + n, TRACE_TEXT - (size_t)n, "%s %s %llu",
		    s->what == TRACE_READ ? "," : " over", unit,
		    (unsigned long long)s->revision);
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
