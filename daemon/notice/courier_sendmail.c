/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier_sendmail: one mail through the host's own mail program, blocking; called in
 * the courier's thread only:  sendmail -i -f SENDER -- RECIPIENT  with the mail on its
 * standard input, line ends as the system has them.
 */
#include "notice/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_MS 50 /* between looks whether the program has ended */

struct program {
	pid_t pid;
	int in, out; /* our ends: its standard input, its output and errors */
	struct buf text;
	size_t written;
	char said[400];
	size_t nsaid;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* CRLF becomes LF; nothing else changes. */
static void
local_lines(struct buf *b, const struct buf *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (from->data[i] != '\r' || i + 1 == from->len ||
		    from->data[i + 1] != '\n')
			buf_putc(b, from->data[i]);
}

static int
spawn(struct program *p, const struct courier_settings *s, const struct courier_job *j,
    int child_in, int child_out)
{
	char *argv[] = {s->sendmail, (char *)"-i", (char *)"-f", j->sender,
	    (char *)"--", j->recipient, NULL};
	char *env[] = {
	    (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C", NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, child_in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, child_out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, child_out, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	rc = posix_spawn(&p->pid, s->sendmail, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Pipes, the program, our ends non-blocking.  0 or an errno. */
static int
start(struct program *p, const struct courier_settings *s, const struct courier_job *j)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, rc = 0;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		rc = errno;
	if (rc == 0)
		rc = spawn(p, s, j, in[0], out[1]);
	close_fd(&in[0]);
	close_fd(&out[1]);
	if (rc != 0) {
		close_fd(&in[1]);
		close_fd(&out[0]);
		return rc;
	}
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	p->in = in[1];
	p->out = out[0];
	return 0;
}

/* A program that reads no more is no error by itself: its exit status says. */
static void
feed(struct program *p)
{
	ssize_t n = write(p->in, p->text.data + p->written, p->text.len - p->written);

	if (n > 0)
		p->written += (size_t)n;
	if (p->written == p->text.len || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&p->in);
}

static void
listen_to(struct program *p)
{
	char b[4096];
	ssize_t n = read(p->out, b, sizeof(b));

	if (n > 0) { /* the beginning is kept, the rest must not block the program */
		size_t room = sizeof(p->said) - p->nsaid;
		size_t k = (size_t)n < room ? (size_t)n : room;

		memcpy(p->said + p->nsaid, b, k);
		p->nsaid += k;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_fd(&p->out);
	}
}

/* Talks with the program until it ends or time is up; then it is killed.  Returns
 * its wait status. */
static int
wait_for(struct program *p, int64_t timeout)
{
	int64_t until = clock_steady() + timeout;
	int status = 0;

	while (waitpid(p->pid, &status, WNOHANG) == 0) {
		struct pollfd f[2] = {{p->in, POLLOUT, 0}, {p->out, POLLIN, 0}};

		if (clock_steady() >= until) {
			kill(-p->pid, SIGKILL);
			waitpid(p->pid, &status, 0);
			break;
		}
		poll(f, 2, LOOK_MS);
		if (f[0].revents != 0)
			feed(p);
		if (f[1].revents != 0)
			listen_to(p);
	}
	if (p->out >= 0)
		listen_to(p);
	return status;
}

/* Exit codes that speak of this machine or its configuration and not of the mail: a
 * later try is right.  Nothing has left. */
static bool
about_us(int code)
{
	static const int codes[] = {EX_UNAVAILABLE, EX_SOFTWARE, EX_OSERR, EX_OSFILE,
	    EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL, EX_CONFIG};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static void
conclude(struct program *p, int status, struct courier_result *r)
{
	enum sent_outcome o = SENT_HARD;
	char words[80];
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (!WIFEXITED(status)) {
		o = SENT_UNKNOWN;
		snprintf(words, sizeof(words),
		    "the mail program was ended by signal %d", WTERMSIG(status));
	} else {
		snprintf(words, sizeof(words), "the mail program ended with status %d",
		    code);
		if (about_us(code))
			o = SENT_SOFT;
		else if (code == 0)
			o = p->written == p->text.len ? SENT_OK : SENT_UNKNOWN;
		if (o == SENT_UNKNOWN)
			snprintf(words, sizeof(words),
			    "the mail program did not read all of it");
	}
	if (p->nsaid > 0)
		courier_result_set(r, o, code, p->said, p->nsaid);
	else
		courier_result_set(r, o, code, words, strlen(words));
}

void
courier_sendmail(const struct courier_settings *s, const struct courier_job *j,
    struct courier_result *r)
{
	struct program p = {.in = -1, .out = -1};
	struct buf words = {0};
	int rc = start(&p, s, j);

	if (rc != 0) {
		/* Nothing has left; the file may be missing or not be a program. */
		buf_printf(&words, "cannot run %s: %s", s->sendmail, strerror(rc));
		courier_result_set(r, SENT_SOFT, 0, words.data, words.len);
		buf_free(&words);
		return;
	}
	local_lines(&p.text, &j->bytes);
	conclude(&p, wait_for(&p, s->timeout), r);
	close_fd(&p.in);
	close_fd(&p.out);
	buf_free(&p.text);
}
