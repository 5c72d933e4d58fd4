/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor: what the files of the supervisor role share.
 *
 * A slot is a place that must be filled ("policy 1"); a proc is one process, from its
 * start until it is reaped.  A slot has a current proc and, while it is replaced by a
 * newer one, a next one.  What there should be (the slots, the generation of the
 * configuration) is compared with what there is after every event, and the difference
 * worked off (supervisor_step); so every mixture of crashes, reloads and stops
 * converges by the same code.
 *
 * A new configuration is rehearsed before it is taken into use: a policy worker outside
 * of the places is given it, loads plugins and packs and runs their tests, and is
 * stopped again.  Only when it found nothing to complain of do the others get it.  In the
 * same way a new version of a list that was fetched is tried before it is in force
 * (supervisor_try.c).
 */
#ifndef TOSD_SUPERVISOR_H
#define TOSD_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "ipc/channel.h"
#include "ipc/loop.h"
#include "ipc/ready.h"

/* The configuration with what has to be read before roles start: taken into use as a
 * whole, or not at all. */
struct setup {
	struct conf *conf; /* without the tenants */
	size_t ntenants;
	struct buf sources;	  /* conf_sources_put() bytes */
	struct buf blind;	  /* the same without tenants, for policy workers */
	struct buf log_key;	  /* for the engine; empty: none configured */
	struct buf smtp_password; /* for the courier; empty: none configured */
	struct setup_token {
		char *name; /* of the credential */
		struct buf bytes;
	} *tokens; /* of streams and endpoints, for fetch */
	size_t ntokens;
	bool become;		  /* roles run as uid and gid */
	uid_t uid;
	gid_t gid;
};

enum proc_state {
	PROC_STARTING, /* not READY yet */
	PROC_READY,
	PROC_STOPPING, /* was told to stop */
	PROC_ENDING,   /* was killed, or closed its channel */
};

struct child; /* the program of a plugin */

struct proc {
	struct proc *next;
	struct supervisor *sup;
	struct slot *slot;
	pid_t pid;
	enum proc_state state;
	struct channel *ch;	     /* NULL once closed */
	struct loop_timer *deadline; /* of the state; then SIGKILL */
	unsigned generation;	     /* of the configuration that it was given */
	unsigned renewal;	     /* of lists, when it was given that */
	bool conf_due;		     /* it has not answered that yet */
	bool other;		     /* has loaded other files than were put into use */
	char keep[32];		     /* policy: the copies that it makes; "": none */
	bool from_kept;		     /* ... or it loads from those that there are */
	bool expected;		     /* its end is our will: no back-off */
	int64_t ready_since;	     /* clock_steady() */
	uint32_t ping, pong;	     /* sequence numbers */
	int64_t ping_time;	     /* when the last unanswered ping went out */
	struct child *children;	     /* policy: programs of its plugins */
	int trace;		     /* which plugin or answer is in hand; -1: none */
};

/* Plugins that end workers of a place before they are ready (supervisor_blame.c). */
struct blame {
	unsigned generation; /* of the configuration that all this is of */
	char plugin[64];     /* the last one, and how often in a row */
	int times;
	char *left_out; /* names, a newline between; NULL: none */
};

struct slot {
	struct slot *next;
	struct supervisor *sup;
	enum role role;
	uint32_t index;
	struct proc *cur, *newer;
	bool wanted;	 /* false: no place any more in the configuration */
	bool waiting;	 /* the restart timer runs */
	int64_t backoff; /* last one, 0: none */
	struct loop_timer *restart;
	struct blame blame;
};

struct supervisor {
	const char *conf_path;
	struct setup *setup;
	struct setup *next;  /* is being rehearsed; NULL: none is */
	struct slot trial;   /* of the worker that rehearses, in no list */
	bool again;	     /* another SIGHUP came meanwhile */
	int64_t refused;     /* since when files and what is in use differ, and why */
	char *refused_why;   /* NULL: they do not */
	int64_t changed;     /* since when a worker has other files; 0: none has */
	struct msg try;	     /* what the engine wants tried; try.list NULL: nothing */
	bool trying;	     /* the rehearsal is about that */
	struct msg try_next; /* came meanwhile */
	unsigned generation; /* counts configurations taken into use, from 1 */
	unsigned renewal;    /* counts how often lists changed under it */
	unsigned loaded;     /* the generation that this is of: what its first worker has */
	char rest[DIGEST_HEX]; /* loaded, but for fetched lists (msg_ready) ... */
	char copied[DIGEST_HEX]; /* ... and of that, what there are copies of */
	char *kept;	 /* copies of what that was loaded from; NULL: there are none */
	unsigned spoilt; /* the generation of which there are none that are of use */
	struct loop *loop;
	struct ready *ready;
	struct slot *slots;
	struct proc *procs;
	struct loop_timer *tick; /* pings and watchdog */
	struct loop_signal *signals[4];
	bool up;	/* READY=1 was said */
	bool reloading; /* RELOADING=1 was said, READY=1 is due */
	bool stopping, hurry;
	bool engine_was_up; /* an engine has been ready */
	bool failed;	    /* stopping because it cannot go on */
	bool said_identity; /* what programs of plugins run as */
	size_t stop_step; /* which role is being stopped */
	int state;	  /* the state folder, locked; -1: not yet */
	bool lock_seen, head_seen; /* files of the ledger in it */
	ino_t lock_inode;
};

/* --- supervisor_setup.c --- */

/* Reads files and secrets anew.  NULL after every mistake was logged; the first one is
 * in *why then, to be freed. */
struct setup *setup_read(const char *conf_path, char **why);
void setup_free(struct setup **s);

/* --- supervisor_state.c --- */

/* Locks the state folder of the configuration; TOSD_EBUSY where another one has it. */
int state_take(struct supervisor *sup, struct err *e);
/* No room is left there: what fails for that need not fail for good. */
bool state_is_full(const struct supervisor *sup);
/* Fails if the ledger was there and is gone.  The caller steps. */
void state_look(struct supervisor *sup);
void state_release(struct supervisor *sup);

/* --- supervisor_proc.c --- */

/* A new place, empty; the last in the list. */
struct slot *slot_new(struct supervisor *sup, enum role role, uint32_t index);
/* The place must be empty. */
void slot_free(struct slot **s);
/* Ends the pause after failures, if there is one; the caller steps. */
void slot_forgive(struct slot *s);
/* Starts a process for the place; what goes wrong is logged and tried again later. */
struct proc *proc_start(struct slot *slot);
/* Sends secrets and configuration of the present generation. */
void proc_configure(struct proc *p);
/* Tells it to stop; SIGKILL after stop_timeout, a courier: once a mail has had its time. */
void proc_stop(struct proc *p);
/* SIGKILL, with the reason for the log. */
void proc_kill(struct proc *p, const char *why);
/* SIGCHLD: takes leave of every process that has ended. */
void proc_reap(struct supervisor *sup);
/* Frees a proc that has been reaped, or everything at the very end. */
void proc_free(struct proc *p);
/* The engine, if it can be spoken to, or NULL. */
struct proc *proc_engine(const struct supervisor *sup);
/* Channels between a ready proc and those it may talk to. */
void proc_connect(struct proc *p);

/* --- supervisor_blame.c --- */

/* A worker of the place has ended before it was ready; trace: its descriptor. */
void blame_end(struct slot *s, int trace);
/* The plugins that its next worker does without, or NULL: of other roles, of a rehearsal. */
const char *blame_left_out(struct slot *s);
void blame_clear(struct slot *s);

/* --- supervisor_child.c --- */

/* Starts the programs of this configuration for a policy worker and hands them over. */
void child_start_all(struct proc *p, const struct conf *conf);
/* Kills those that are left. */
void child_end_all(struct proc *p);
/* RESPAWN. */
void child_respawn(struct proc *p, struct msg *m);
/* If it was one of theirs: what it had started goes with it.  Before it is reaped, since
 * from then on somebody else's group may have its number. */
void child_ended(struct supervisor *sup, pid_t pid);
void child_reaped(struct supervisor *sup, pid_t pid, int status);

/* --- supervisor_reload.c --- */

/* SIGHUP: reads the configuration anew and has it rehearsed. */
void reload_begin(struct supervisor *sup);
/* What a role that is about to start in this place has to know. */
const struct setup *reload_setup_of(const struct slot *slot);
/* True if the place is that of the rehearsal. */
bool reload_is_trial(const struct slot *slot);
/* The rehearsing worker is ready, having left out so many packs and plugins. */
void reload_heard(struct proc *p, const struct msg_ready *r);
/* It has ended; if it was not heard of before, that is the answer. */
void reload_ended(struct supervisor *sup);
/* Tells the engine, if it is there, whether the last reload was refused, and whether a worker
 * has files that nobody has put into use. */
void reload_tell(struct supervisor *sup);
/* A worker has loaded what it has, or is gone. */
void reload_compare(struct supervisor *sup);

/* --- supervisor_try.c --- */

/* TRY of the engine: as soon as no other rehearsal is under way. */
void try_take(struct supervisor *sup, struct msg *m);
/* Begins what is waiting, if it can. */
void try_begin(struct supervisor *sup);
/* The worker that tries it is ready, or has ended (r NULL). */
void try_heard(struct supervisor *sup, const struct msg_ready *r);
/* Tells it what it is to try, before its configuration. */
void try_send(struct proc *p);
/* The engine has ended: nobody waits for what it wanted tried. */
void try_forget(struct supervisor *sup);
/* RENEW of the engine: policy workers are replaced by such as load lists anew. */
void try_renew(struct supervisor *sup);

/* --- supervisor_kept.c --- */

/* Says in CONF which copies a policy worker loads from, or makes. */
void kept_tell(struct proc *p, struct msg *m);
/* A worker has loaded what it has: is that what this configuration was begun with?  False:
 * it must not serve, and has been told to stop. */
bool kept_compare(struct proc *p, const struct msg_ready *r);
/* The one that rehearsed the configuration which is in use now. */
void kept_take(struct proc *p, const struct msg_ready *r);

/* --- supervisor_watch.c --- */

/* Starts asking roles whether they live, and telling the service manager. */
void watch_start(struct supervisor *sup);
/* An answer to a ping. */
void watch_pong(struct proc *p, uint32_t seq);

/* --- role_supervisor.c --- */

/* Places as the configuration in use wants them. */
void supervisor_plan(struct supervisor *sup);
/* Compares what is with what should be, and does the next thing. */
void supervisor_step(struct supervisor *sup);
/* It cannot go on: stops, and ends with a failure.  The caller steps. */
void supervisor_fail(struct supervisor *sup, const char *why);

/*
 * The whole role: reads the configuration, starts roles from /proc/self/exe (whose
 * main must know --role and --index), serves until a signal, returns the exit code.
 */
int supervisor_run(const char *conf_path);

#endif
