/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role: the life of a role's process; see role.h.  Owns the loop, the control channel
 * and the channels to peers.
 */
#include "ipc/role.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "ipc/given.h"

#define CONF_BYTES_MAX (64u << 20)
#define EXIT_LOOK_MS 5	  /* between looks whether everything is sent */
#define EXIT_LAST_MS 5000 /* then the process ends all the same */

struct peer {
	struct peer *next;
	struct role_self *self;
	enum role role;
	uint32_t index;
	int64_t pid; /* told to the engine alone */
	struct channel *ch;
};

struct role_self {
	const struct role_ops *ops;
	void *ctx;
	struct loop *loop;
	struct channel *control;
	struct loop_timer *leave; /* looks whether everything is sent */
	int left_ms;
	uint32_t index, faults;
	char who[32];
	bool started, stopping, leaving;
	int code;
	struct peer *peers;
	struct given given;
	struct trace *trace;
	struct msg trial;    /* MSG_TRY; try.list NULL: there is none */
	char *words;	     /* what came of it */
	char *rest, *copied; /* what was loaded */
	char *left_out;	     /* plugins */
	char *kept, *keep;   /* copies of what a policy is loaded from */
	bool has_kept;
};

/* Ends the process as soon as the callback that is running has returned. */
static void
quit(struct role_self *self, int code)
{
	self->code = code;
	loop_stop(self->loop);
}

static struct peer *
peer_find(const struct role_self *self, enum role role, uint32_t index)
{
	for (struct peer *p = self->peers; p != NULL; p = p->next)
		if (p->role == role && p->index == index)
			return p;
	return NULL;
}

static struct channel *
channel_to(const struct role_self *self, enum role role, uint32_t index)
{
	struct peer *p;

	if (role == ROLE_SUPERVISOR)
		return self->control;
	p = peer_find(self, role, index);
	return p != NULL ? p->ch : NULL;
}

static void
peer_unlink(struct peer *p)
{
	struct peer **at = &p->self->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

/* The role hears of it when the peer is out of the list: it cannot send there. */
static void
peer_gone(struct peer *p, const char *why)
{
	struct role_self *self = p->self;
	enum role role = p->role;
	uint32_t index = p->index;

	log_debug(
	    "role", "channel to %s %u is closed: %s", role_name(role), index, why);
	peer_unlink(p);
	channel_free(&p->ch);
	free(p);
	if (self->ops->peer_down != NULL)
		self->ops->peer_down(self->ctx, role, index);
}

/*
 * A peer that broke the catalogue must end, since nobody would connect the two again:
 * the engine has the supervisor end the other; any other role ends itself, for it must
 * not be able to have the engine killed.
 */
static void
end_broken(struct role_self *self, const struct peer *p, const char *why)
{
	struct msg m;

	if (self->ops->role != ROLE_ENGINE) {
		quit(self, EXIT_FAILURE);
		return;
	}
	msg_init(&m, MSG_BROKEN);
	m.broken.role = (uint8_t)p->role;
	m.broken.index = p->index;
	m.broken.pid = p->pid;
	m.broken.why = xstrdup(why);
	channel_send(self->control, &m);
}

static void
on_peer_close(void *ctx, const char *why)
{
	struct peer *p = ctx;

	if (channel_breached(p->ch))
		end_broken(p->self, p, why);
	peer_gone(p, why);
}

static void
on_peer_msg(void *ctx, struct msg *m)
{
	struct peer *p = ctx;

	p->self->ops->msg(p->self->ctx, m);
}

static void
take_peer(struct role_self *self, struct msg *m)
{
	struct channel_ends ends = {self->ops->role, m->peer.role, m->peer.index};
	struct peer *p = peer_find(self, ends.peer, ends.peer_index);

	if (!self->started) {
		log_err("role", "a peer came before the role had started");
		quit(self, EXIT_FAILURE);
		return;
	}
	if (p != NULL) {
		/* It was restarted before its end was seen here: first hear it out. */
		channel_drain(p->ch);
		peer_gone(p, "it was replaced");
	}
	p = xcalloc(1, sizeof(*p));
	p->self = self;
	p->role = ends.peer;
	p->index = ends.peer_index;
	p->pid = m->peer.pid;
	p->ch =
	    channel_new_take(self->loop, m->fd, &ends, on_peer_msg, on_peer_close, p);
	m->fd = -1;
	p->next = self->peers;
	self->peers = p;
	if (self->ops->peer_up != NULL)
		self->ops->peer_up(self->ctx, p->role, p->index);
}

static void
take_secret(struct role_self *self, struct msg *m)
{
	if (given_take_secret(&self->given, m) != 0)
		quit(self, EXIT_FAILURE);
}

static void
take_child(struct role_self *self, struct msg *m)
{
	given_take_child(&self->given, m);
}

bool
role_child(struct role_self *self, const char *name, int fds[MSG_CHILD_PIPES],
    char digest[DIGEST_HEX])
{
	return given_child(&self->given, name, fds, digest);
}

const struct msg_try *
role_trial(const struct role_self *self)
{
	if (self->trial.try.list == NULL)
		return NULL;
	return &self->trial.try;
}

void
role_set_trial(struct role_self *self, const char *words)
{
	free(self->words);
	self->words = xstrdup(words);
}

void
role_set_loaded(struct role_self *self, const char *rest, const char *copied)
{
	free(self->rest);
	free(self->copied);
	self->rest = xstrdup(rest);
	self->copied = xstrdup(copied);
}

const char *
role_left_out(const struct role_self *self)
{
	return self->left_out;
}

const char *
role_kept(const struct role_self *self, const char **keep)
{
	*keep = self->keep;
	return self->kept;
}

void
role_set_kept(struct role_self *self)
{
	self->has_kept = true;
}

struct trace *
role_trace(struct role_self *self)
{
	return self->trace;
}

static void
send_ready(struct role_self *self)
{
	struct msg m;

	msg_init(&m, MSG_READY);
	m.ready.faults = self->faults;
	m.ready.words = xstrdup(self->words);
	m.ready.rest = xstrdup(self->rest);
	m.ready.copied = xstrdup(self->copied);
	m.ready.kept = self->has_kept;
	channel_send(self->control, &m);
}

/* Opens everything, then closes the walls, then says so. */
static int
start(struct role_self *self, const struct buf *sources, struct err *e)
{
	struct sandbox_profile profile = {0};
	int rc = self->ops->start(self, sources, &profile, e);

	if (rc != 0) {
		err_wrap(e, "cannot start");
		return rc;
	}
	self->started = true;
	rc = sandbox_enter(&profile, e);
	if (rc != 0) {
		err_wrap(e, "cannot enter the sandbox");
		return rc;
	}
	send_ready(self);
	return 0;
}

static void
stop(struct role_self *self)
{
	if (self->stopping)
		return;
	self->stopping = true;
	for (struct peer *p = self->peers; p != NULL; p = p->next)
		channel_drain(p->ch);
	if (self->started && self->ops->stop != NULL)
		self->ops->stop(self->ctx);
	else
		role_exit(self);
}

static void
reconf(struct role_self *self, const struct buf *sources)
{
	struct err e = ERR_INIT;

	if (self->ops->reconf != NULL &&
	    self->ops->reconf(self->ctx, sources, &e) == 0) {
		send_ready(self);
		return;
	}
	log_notice("role", "starting anew for the new configuration%s%s",
	    e.text[0] != '\0' ? ": " : "", e.text);
	stop(self);
}

static void
take_conf(struct role_self *self, struct msg *m)
{
	struct buf sources = {0};
	struct err e = ERR_INIT;
	int rc;

	if (self->stopping)
		return;
	rc = file_read_memfd(m->fd, CONF_BYTES_MAX, &sources, &e);
	if (rc != 0)
		goto out;
	if (self->started) {
		reconf(self, &sources);
		goto out;
	}
	self->index = m->conf.index;
	self->left_out = m->conf.left_out;
	self->kept = m->conf.kept;
	self->keep = m->conf.keep;
	m->conf.left_out = m->conf.kept = m->conf.keep = NULL;
	if (self->index > 0) {
		snprintf(self->who, sizeof(self->who), "%s-%u",
		    role_name(self->ops->role), self->index);
		log_open(self->who);
	}
	/* Judged by what it returns: a role may have used e for a look that failed. */
	rc = start(self, &sources, &e);
out:
	if (rc != 0) {
		log_err("role", "%s", e.text);
		quit(self, EXIT_FAILURE);
	}
	buf_free(&sources);
}

static void
take_ping(struct role_self *self, struct msg *m)
{
	struct msg pong;

	msg_init(&pong, MSG_PONG);
	pong.seq = m->seq;
	channel_send(self->control, &pong);
}

static void
take_stop(struct role_self *self, struct msg *m)
{
	(void)m;
	stop(self);
}

static void
take_try(struct role_self *self, struct msg *m)
{
	if (self->started)
		return;
	msg_clear(&self->trial);
	self->trial = *m;
	msg_init(m, MSG_TRY);
}

/* For the role itself. */
static void
take_own(struct role_self *self, struct msg *m)
{
	if (self->started)
		self->ops->msg(self->ctx, m);
}

/* What the supervisor says.  The catalogue lets nothing else through. */
static void
on_control(void *ctx, struct msg *m)
{
	static void (*const take[MSG_TYPE_COUNT])(struct role_self *, struct msg *) = {
	    [MSG_CONF] = take_conf,
	    [MSG_PEER] = take_peer,
	    [MSG_PING] = take_ping,
	    [MSG_STOP] = take_stop,
	    [MSG_SECRET] = take_secret,
	    [MSG_CHILD] = take_child,
	    [MSG_TRY] = take_try,
	    [MSG_TRIED] = take_own,
	    [MSG_REFUSED] = take_own,
	};

	take[m->type](ctx, m);
}

static void
on_control_close(void *ctx, const char *why)
{
	struct role_self *self = ctx;

	if (!self->leaving)
		log_warn("role", "the supervisor is gone (%s); ending", why);
	quit(self, self->leaving ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool
all_sent(const struct role_self *self)
{
	if (channel_queued(self->control) > 0)
		return false;
	for (struct peer *p = self->peers; p != NULL; p = p->next)
		if (channel_queued(p->ch) > 0)
			return false;
	return true;
}

static void
on_leave(void *ctx)
{
	struct role_self *self = ctx;

	self->left_ms -= EXIT_LOOK_MS;
	if (all_sent(self) || self->left_ms <= 0)
		quit(self, EXIT_SUCCESS);
	else
		loop_timer_set(self->leave, EXIT_LOOK_MS);
}

void
role_exit(struct role_self *self)
{
	if (self->leaving)
		return;
	self->leaving = true;
	self->left_ms = EXIT_LAST_MS;
	loop_timer_set(self->leave, 0);
}

void
role_set_faults(struct role_self *self, uint32_t n)
{
	self->faults = n;
}

void
role_set_ctx(struct role_self *self, void *ctx)
{
	self->ctx = ctx;
}

struct loop *
role_loop(struct role_self *self)
{
	return self->loop;
}

uint32_t
role_index(const struct role_self *self)
{
	return self->index;
}

const struct buf *
role_secret(const struct role_self *self, const char *name)
{
	return given_secret(&self->given, name);
}

int
role_send(struct role_self *self, enum role to, uint32_t index, struct msg *m)
{
	struct channel *ch = channel_to(self, to, index);

	if (ch == NULL) {
		msg_clear(m);
		return TOSD_ENOENT;
	}
	return channel_send(ch, m) == TOSD_ELIMIT ? TOSD_ELIMIT : 0;
}

size_t
role_queued(const struct role_self *self, enum role to, uint32_t index)
{
	struct channel *ch = channel_to(self, to, index);

	return ch != NULL ? channel_queued(ch) : 0;
}

bool
role_has_peer(const struct role_self *self, enum role to, uint32_t index)
{
	return channel_to(self, to, index) != NULL;
}

int64_t
role_peer_pid(const struct role_self *self, enum role to, uint32_t index)
{
	const struct peer *p = peer_find(self, to, index);

	return p != NULL ? p->pid : 0;
}

void
role_pause(struct role_self *self, enum role from, uint32_t index, bool pause)
{
	struct peer *p = peer_find(self, from, index);

	if (p != NULL)
		channel_pause(p->ch, pause);
}

static void
nothing(int signo)
{
	(void)signo;
}

/*
 * The supervisor alone decides when a role ends, so that it happens in order; a
 * Ctrl-C or `systemctl kill` reaches all processes.  Handlers, not SIG_IGN: programs
 * that a role runs must not inherit it.
 */
static void
ignore_signals(void)
{
	static const int signals[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};
	struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

static bool
control_is_socket(void)
{
	struct stat st;

	return fstat(ROLE_CONTROL_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       fcntl(ROLE_CONTROL_FD, F_SETFD, FD_CLOEXEC) == 0;
}

static void
cleanup(struct role_self *self)
{
	if (self->started && self->ops->free != NULL)
		self->ops->free(self->ctx);
	while (self->peers != NULL) {
		struct peer *p = self->peers;

		self->peers = p->next;
		channel_free(&p->ch);
		free(p);
	}
	given_clear(&self->given);
	channel_free(&self->control);
	trace_free(&self->trace);
	msg_clear(&self->trial);
	free(self->words);
	free(self->rest);
	free(self->copied);
	free(self->left_out);
	free(self->kept);
	free(self->keep);
	loop_timer_free(&self->leave);
	loop_free(&self->loop);
}

int
role_main(const struct role_ops *ops)
{
	struct channel_ends ends = {ops->role, ROLE_SUPERVISOR, 0};
	struct role_self self = {.ops = ops};
	struct err e = ERR_INIT;
	struct msg hello;

	log_open(role_name(ops->role));
	if (!control_is_socket()) {
		log_err("role",
		    "descriptor %d is no channel: roles are started by the "
		    "supervisor only (tosd -c FILE)",
		    ROLE_CONTROL_FD);
		return EXIT_FAILURE;
	}
	ignore_signals();
	msg_init(&self.trial, MSG_TRY);
	self.loop = loop_new();
	self.leave = loop_timer_new(self.loop, on_leave, &self);
	self.control = channel_new_take(
	    self.loop, ROLE_CONTROL_FD, &ends, on_control, on_control_close, &self);
	msg_init(&hello, MSG_HELLO);
	hello.hello.version = MSG_VERSION;
	hello.hello.pid = getpid();
	if (ops->traced && trace_new(&self.trace, &e) != 0)
		log_warn(
		    "role", "%s: a crash will not say which plugin it was", e.text);
	hello.fd = trace_fd(self.trace);
	channel_send(self.control, &hello);
	if (loop_run(self.loop) != 0)
		self.code = EXIT_FAILURE;
	cleanup(&self);
	return self.code;
}
