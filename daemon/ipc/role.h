/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role: the runtime of a role.  role_main() is the whole main program of a process
 * that the supervisor started: it greets, takes configuration and secrets, starts the
 * role, closes the sandbox behind it, keeps the channels to other roles, answers pings
 * and sees to an orderly end.  What is left to role_*.c is a table of callbacks.
 *
 * Order of calls: start; sandbox; [peer_up, msg, peer_down, reconf]*; stop; ...; free.
 *
 * The process ends when role_exit() is called, and at once (after the callback that
 * is running: a commit is finished) when the supervisor is gone.
 */
#ifndef TOSD_IPC_ROLE_H
#define TOSD_IPC_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ipc/loop.h"
#include "ipc/msg.h"
#include "ipc/sandbox.h"
#include "ipc/trace.h"

struct role_self; /* the running role, owned by role_main() */

struct role_ops {
	enum role role;

	/* Required.  `sources` are conf_sources_put() bytes, borrowed; those of policy are
	 * without tenants (conf_sources_put_blind()).  Here the role
	 * opens its files and sockets and loads its plugins: it is not sandboxed yet,
	 * but already runs as the configured user.  It fills in the profile to enter
	 * next (all zero before; profile_of_role() in roles.h does that from the
	 * configuration; its strings must live until start's caller has entered it,
	 * which those of a struct conf do) and hands its own state to role_set_ctx().
	 * Messages cannot be sent yet.  An error ends the process, without ops->free;
	 * the text is logged. */
	int (*start)(struct role_self *self, const struct buf *sources,
	    struct sandbox_profile *profile, struct err *e);

	/* New configuration while running.  NULL or an error: the role is stopped as by
	 * MSG_STOP and the supervisor starts it anew with the new configuration. */
	int (*reconf)(void *ctx, const struct buf *sources, struct err *e);

	/* Required.  A message from another role: m->from, m->from_index.  The runtime
	 * clears m afterwards; what the role wants to keep it moves out (pointer to
	 * NULL with its count to 0, m->fd to -1). */
	void (*msg)(void *ctx, struct msg *m);

	/* A channel to that role is there, or gone (all that it had sent was delivered
	 * before).  A restarted peer is a down and an up.  Either may be NULL. */
	void (*peer_up)(void *ctx, enum role role, uint32_t index);
	void (*peer_down)(void *ctx, enum role role, uint32_t index);

	/* Finish what is in hand, then call role_exit() (at once, or later from another
	 * callback).  NULL: role_exit() at once.  What peers sent before they ended has
	 * been delivered by then. */
	void (*stop)(void *ctx);

	/* The last call; closes what start opened.  May be NULL. */
	void (*free)(void *ctx);

	/* It runs code of others, or reads what they send: it has a page that says which
	 * (role_trace()), which is read when the process has died. */
	bool traced;
};

/* Runs the role on descriptor ROLE_CONTROL_FD.  Returns the process's exit code. */
#define ROLE_CONTROL_FD 3
int role_main(const struct role_ops *ops);

/* The state that every callback gets as ctx; to be set in start. */
void role_set_ctx(struct role_self *self, void *ctx);

/* So many parts of the configuration were left out as broken (packs, plugins); to be
 * said in start or reconf.  The supervisor refuses a new configuration for it. */
void role_set_faults(struct role_self *self, uint32_t n);

/* What this worker is to try (TRY, before its first configuration), or NULL; and what came
 * of it, said in start: goes along with READY.  Copied. */
const struct msg_try *role_trial(const struct role_self *self);
void role_set_trial(struct role_self *self, const char *words);

/* What it has loaded (policy_host_rest(), policy_host_copied()): likewise. */
void role_set_loaded(struct role_self *self, const char *rest, const char *copied);

/* Plugins that this worker is to do without, a newline between their names, or NULL. */
const char *role_left_out(const struct role_self *self);

/* Which copies this worker loads from, or NULL; where *keep is one, it is to make these, and
 * the others stay.  Said in start: that it has made them. */
const char *role_kept(const struct role_self *self, const char **keep);
void role_set_kept(struct role_self *self);

/* The loop to put watchers and timers on; free them in ops->free at the latest. */
struct loop *role_loop(struct role_self *self);

/* Which one of its role this is, from 0. */
uint32_t role_index(const struct role_self *self);

/* A secret that the supervisor gave ("smtp-password", "log-key"); valid until the next
 * reconf.  NULL if it was not given: not configured. */
const struct buf *role_secret(const struct role_self *self, const char *name);

/* The pipes of a program that the supervisor started for this plugin (CHILD) and nobody
 * has taken yet: its standard input, output and error, and the digest of its files.
 * False: there is none. */
bool role_child(struct role_self *self, const char *name, int fds[MSG_CHILD_PIPES],
    char digest[DIGEST_HEX]);

/* The page of a traced role; NULL: it has none. */
struct trace *role_trace(struct role_self *self);

/* Sends m, which is taken (clear afterwards, also on failure).  ROLE_SUPERVISOR with
 * index 0 is the supervisor.  0; TOSD_ENOENT if there is no such peer now;
 * TOSD_ELIMIT if m is larger than MSG_MAX.  What the catalogue forbids aborts.  What
 * a peer that is just ending no longer gets is followed by its peer_down. */
int role_send(struct role_self *self, enum role to, uint32_t index, struct msg *m);

/* Bytes queued for that peer and not yet taken by the kernel; 0 if it is not there.
 * Whoever produces more than he is asked for looks at this first. */
size_t role_queued(const struct role_self *self, enum role to, uint32_t index);

/* True if there is a channel to that peer. */
bool role_has_peer(const struct role_self *self, enum role to, uint32_t index);
/* Which process it is, as the engine is told; 0: there is none, or it was not told. */
int64_t role_peer_pid(const struct role_self *self, enum role to, uint32_t index);

/* Reads no more from that peer (it will block, in time) until resumed. */
void role_pause(struct role_self *self, enum role from, uint32_t index, bool pause);

/* Ends the process with code 0 once everything queued has been sent, 5 seconds later
 * at the latest. */
void role_exit(struct role_self *self);

#endif
