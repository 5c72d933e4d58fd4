/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: the supervisor of tosd with small roles of its own, for
 * tests/test_supervisor.py.  They are real roles: the same runtime, the same sandbox
 * profiles, started by the same supervisor; they only have nothing to do.  Each
 * appends what happens to it as one line to the file PROBE_LOG.
 *
 * They obey files in the folder PROBE_DIR that the script makes:
 *   no-start-ROLE   start fails
 *   slow-ROLE       start lasts as long as the file is there
 *   no-reconf-ROLE  new configuration is refused while running
 *   stubborn-ROLE   MSG_STOP is not obeyed
 *   rude-fetch      fetch writes garbage to every channel but the supervisor's
 *   again-fetch     fetch says HELLO once more
 *   stuck           the engine reports policy 0 as stuck, once
 *   stuck-before    the same of the process that was there before, or never
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/role.h"
#include "roles.h"
#include "supervisor.h"

static enum role me;
static struct role_self *self_of_me;
static struct conf *conf;
static int log_fd = -1, dir_fd = -1;
static struct loop_timer *look;

/* One write, so that lines of several processes stay whole. */
static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n, k;
	ssize_t w;

	n = snprintf(line, sizeof(line), "%s %u %d ", role_name(me),
	    role_index(self_of_me), (int)getpid());
	va_start(ap, fmt);
	k = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	line[n + k] = '\n';
	w = write(log_fd, line, (size_t)(n + k) + 1);
	(void)w;
}

/* In the C library's place: the number of a group whose leader was reaped may be
 * somebody else's by now. */
int
kill(pid_t pid, int sig)
{
	siginfo_t info;

	if (pid < -1 &&
	    waitid(P_PID, (id_t)-pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
		fprintf(stderr, "killed a group without a leader\n");
	return (int)syscall(SYS_kill, pid, sig);
}

/* The folder was opened before the sandbox closed; looking at names is not opening. */
static bool
told(const char *what, const char *role)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", what, role != NULL ? "-" : "",
	    role != NULL ? role : "");
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

/* As if it had been taken over. */
static void
be_rude(void)
{
	struct stat st;

	for (int fd = ROLE_CONTROL_FD + 1; fd < 64; fd++)
		if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
		    write(fd, "garbage garbage garbage", 23) == 23)
			note("rude");
}

static void
greet_again(void)
{
	static bool said;
	struct msg m;

	if (said)
		return;
	said = true;
	msg_init(&m, MSG_HELLO);
	m.hello.version = MSG_VERSION;
	m.hello.pid = getpid();
	role_send(self_of_me, ROLE_SUPERVISOR, 0, &m);
	note("again");
}

static void
on_look(void *ctx)
{
	struct msg m;

	(void)ctx;
	if (me == ROLE_FETCH) {
		if (told("rude", "fetch"))
			be_rude();
		if (told("again", "fetch"))
			greet_again();
		loop_timer_set(look, 20);
		return;
	}
	if (told("stuck", NULL) || told("stuck-before", NULL)) {
		bool before = unlinkat(dir_fd, "stuck-before", 0) == 0;

		unlinkat(dir_fd, "stuck", 0);
		msg_init(&m, MSG_STUCK);
		m.stuck.pid = role_peer_pid(self_of_me, ROLE_POLICY, 0) - before;
		m.stuck.why = xstrdup("the script says so");
		role_send(self_of_me, ROLE_SUPERVISOR, 0, &m);
		note("reported");
	}
	loop_timer_set(look, 20);
}

static int
start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	const struct buf *key, *pass;

	self_of_me = self;
	log_fd =
	    open(getenv("PROBE_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	dir_fd = open(getenv("PROBE_DIR"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (log_fd < 0 || dir_fd < 0)
		return err_sys(e, "PROBE_LOG or PROBE_DIR");
	while (told("slow", role_name(me)))
		usleep(20000);
	if (told("no-start", role_name(me))) {
		note("no-start");
		return err_set(e, TOSD_ESTATE, "the script says so");
	}
	if (conf_of_role(sources, &conf, e) != 0)
		return e->code;
	profile_of_role(me, conf, profile);
	/* Left-over words of something that did not matter are no failure. */
	err_set(e, TOSD_ENOENT, "nothing there, which is fine");
	if (me == ROLE_ENGINE)
		sandbox_write(profile, getenv("PROBE_DIR"));
	if (me == ROLE_ENGINE || me == ROLE_FETCH) {
		look = loop_timer_new(role_loop(self), on_look, NULL);
		loop_timer_set(look, 20);
	}
	key = role_secret(self, "log-key");
	pass = role_secret(self, "smtp-password");
	note("start uid=%d name=%s key=%s pass=%s notify=%s", (int)getuid(),
	    conf->provider.name, key != NULL ? key->data : "-",
	    pass != NULL ? pass->data : "-", getenv("NOTIFY_SOCKET") ? "yes" : "no");
	return 0;
}

static int
reconf(void *ctx, const struct buf *sources, struct err *e)
{
	struct conf *fresh;

	(void)ctx;
	if (told("no-reconf", role_name(me)))
		return err_set(e, TOSD_ESTATE, "the script says so");
	if (conf_of_role(sources, &fresh, e) != 0)
		return e->code;
	conf_free(&conf);
	conf = fresh;
	note("reconf name=%s", conf->provider.name);
	return 0;
}

static void
on_msg(void *ctx, struct msg *m)
{
	(void)ctx;
	if (m->type == MSG_REFUSED)
		note("refused: %.120s", m->refused.why != NULL ? m->refused.why : "-");
	note("got %s from %s %u", msg_name(m->type), role_name(m->from), m->from_index);
}

static void
peer_up(void *ctx, enum role role, uint32_t index)
{
	struct msg m;

	(void)ctx;
	note("up %s %u", role_name(role), index);
	/* Something to say in both directions, where the catalogue has it. */
	if (me == ROLE_ENGINE && role == ROLE_POLICY) {
		msg_init(&m, MSG_INSPECT);
		role_send(self_of_me, role, index, &m);
	} else if (me == ROLE_POLICY) {
		msg_init(&m, MSG_RULES);
		m.rules.digest = xstrdup("probe");
		role_send(self_of_me, role, index, &m);
	}
}

static void
peer_down(void *ctx, enum role role, uint32_t index)
{
	(void)ctx;
	note("down %s %u", role_name(role), index);
}

/* The last word goes to the engine, which must still be there to hear it. */
static void
stop(void *ctx)
{
	struct msg m;

	(void)ctx;
	note("stop");
	if (told("stubborn", role_name(me)))
		return;
	if (me == ROLE_FETCH) {
		msg_init(&m, MSG_POLLED);
		role_send(self_of_me, ROLE_ENGINE, 0, &m);
	}
	role_exit(self_of_me);
}

static void
finish(void *ctx)
{
	(void)ctx;
	note("end");
	loop_timer_free(&look);
	conf_free(&conf);
	close(log_fd);
	close(dir_fd);
}

int
main(int argc, char **argv)
{
	struct role_ops ops = {.start = start,
	    .reconf = reconf,
	    .msg = on_msg,
	    .peer_up = peer_up,
	    .peer_down = peer_down,
	    .stop = stop,
	    .free = finish};

	if (argc == 5 && strcmp(argv[1], "--role") == 0) {
		me = ops.role = (enum role)role_parse(argv[2]);
		return role_main(&ops);
	}
	if (argc != 2) {
		fprintf(stderr, "usage: probe FILE\n");
		return 2;
	}
	return supervisor_run(argv[1]);
}
