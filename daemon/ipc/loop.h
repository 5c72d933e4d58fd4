/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: waiting for descriptors, time and signals.  The only room that knows
 * libevent.  One loop per process, one thread; callbacks run one at a time.
 *
 * Every watcher belongs to whoever made it and must be freed before its loop.
 * Any of them may be changed or freed from inside any callback, its own included.
 */
#ifndef TOSD_IPC_LOOP_H
#define TOSD_IPC_LOOP_H

#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_cb(void *ctx);
/* what: LOOP_READ, LOOP_WRITE or both. */
typedef void loop_fd_cb(void *ctx, int fd, unsigned what);
typedef void loop_signal_cb(void *ctx, int signo);

/* Never NULL; a kernel that refuses an epoll descriptor ends the process. */
struct loop *loop_new(void);
/* Sets *l to NULL.  *l may be NULL already. */
void loop_free(struct loop **l);

/* Runs callbacks until loop_stop().  0, or TOSD_EIO if the kernel's waiting failed. */
int loop_run(struct loop *l);
/* Runs what is due now without waiting, then returns: for tests. */
void loop_turn(struct loop *l);
/* loop_run() returns after the callback that is running. */
void loop_stop(struct loop *l);

/* A one-shot timer, not yet set. */
struct loop_timer *loop_timer_new(struct loop *l, loop_cb *cb, void *ctx);
/* Fires once, ms milliseconds from now, in place of an earlier setting.  0 means: as
 * soon as the callbacks in progress have returned (a deferred call). */
void loop_timer_set(struct loop_timer *t, int64_t ms);
/* It will not fire any more until it is set again. */
void loop_timer_clear(struct loop_timer *t);
void loop_timer_free(struct loop_timer **t);

/* Watches fd for `what` (LOOP_READ | LOOP_WRITE, or 0 for nothing yet), level-
 * triggered.  The descriptor stays the caller's; free the watcher before closing it. */
struct loop_fd *loop_fd_new(
    struct loop *l, int fd, unsigned what, loop_fd_cb *cb, void *ctx);
/* Watches for something else from now on; 0 pauses. */
void loop_fd_change(struct loop_fd *w, unsigned what);
void loop_fd_free(struct loop_fd **w);

/* Calls cb from the loop, not from the signal's own context. */
struct loop_signal *loop_signal(
    struct loop *l, int signo, loop_signal_cb *cb, void *ctx);
void loop_signal_free(struct loop_signal **s);

#endif
