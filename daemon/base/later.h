/* SPDX-License-Identifier: Apache-2.0 */
/*
 * later: calls that wait for a disk, made by a thread of their own, one after the other
 * in the order in which they were given, while their owner goes on working.  Who needs
 * one to be done waits for it.
 *
 * A call gets its argument and nothing else; it must not touch what its owner may be
 * using meanwhile, and that is more than can be seen: digest.h, id.h and clock.h keep
 * things from call to call.  One that fails ends the process (log_die), as an fsync that fails
 * always does.
 */
#ifndef TOSD_BASE_LATER_H
#define TOSD_BASE_LATER_H

#include <stdbool.h>
#include <stdint.h>

struct later;

/* Each call is made at once, by its owner, until later_start(): a thread is only closed
 * in as its process is when it comes after that.  Without one (the system gives none, which
 * is said in the log) it stays so. */
struct later *later_new(void);
void later_start(struct later *l);
/* Waits for all of them. */
void later_free(struct later **l);

/* Which call it is: later ones have higher numbers, from 1 on. */
uint64_t later_do(struct later *l, void (*call)(void *arg), void *arg);
/* Until this one, and with it all before it, is done.  0: nothing to wait for. */
void later_wait(struct later *l, uint64_t number);
bool later_is_done(struct later *l, uint64_t number);

#endif
