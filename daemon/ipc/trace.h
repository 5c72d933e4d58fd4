/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace: what a worker is busy with, in a page of memory that outlives it, so that whoever
 * finds it dead or stuck can say which plugin it was, over which revision.
 *
 * The worker writes; others have its descriptor and read it with pread(), since the page is
 * only as trustworthy as the plugin that has just broken the worker.  It goes into words, and
 * one thing is decided by it: which plugin is not asked any more, about an item that kills
 * workers, or at all by those that it kills in open().  An object that lies there could as
 * well have lied about all items.  Fetch says in the same way whose answer it reads: that one
 * is not asked for without end, and not another one that it had in hand.
 */
#ifndef TOSD_IPC_TRACE_H
#define TOSD_IPC_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trace;

/* Who comes back from a call without descriptors that are not its own has broken the worker
 * as a crash does, only that this would show much later and elsewhere: trace_idle() ends the
 * process while the page still has the name.  After each check() it looks at one descriptor,
 * after all other calls at all.  The copy of the process that a plugin has made ends there
 * as well. */

/* While ... */
enum trace_what {
	TRACE_IDLE,
	TRACE_LOAD,  /* its object was mapped: constructors run */
	TRACE_OPEN,  /* open() */
	TRACE_TEST,  /* selftest() */
	TRACE_CHECK, /* check(), of a revision */
	TRACE_CLOSE, /* close() */
	TRACE_READ,  /* fetch: an answer; its kind in place of a plugin, its number */
	TRACE_COUNT
};

int trace_new(struct trace **out, struct err *e);
void trace_free(struct trace **t);
/* A duplicate of the descriptor, for a message; -1: there is none. */
int trace_fd(const struct trace *t);

/* t may be NULL: nobody wants to know.  A plugin's name is 63 bytes at most. */
void trace_at(
    struct trace *t, enum trace_what what, const char *plugin, uint64_t revision);
/* What is counted as revision where a call names none: a line of input. */
void trace_number(struct trace *t, uint64_t number);
/* For a child that was forked to judge beside others: from now on t is as other, which
 * outlives it; what t had is only left. */
void trace_write_to(struct trace *t, const struct trace *other);
/* It has come back; see above. */
void trace_idle(struct trace *t);

/* Who the worker is in, for those who started it themselves. */
struct trace_seen {
	enum trace_what what; /* TRACE_IDLE: in none */
	uint64_t calls;	      /* grows with each call into a plugin */
	uint64_t revision;
	bool closed;	 /* it has closed what is not its own */
	char plugin[64]; /* made harmless */
};
void trace_look(const struct trace *t, struct trace_seen *out);

/* In words, "in check() of plugin `probe' over revision 12"; false: in none, and no words.
 * unit: what is counted, "revision". */
#define TRACE_TEXT 224
bool trace_say(const struct trace_seen *s, const char *unit, char out[TRACE_TEXT]);
/* The same of a descriptor of trace_fd(); false as well where it is something else, or -1. */
bool trace_read(int fd, char out[TRACE_TEXT]);
/* What a descriptor shows; false: it is something else, or the worker is in no plugin. */
bool trace_peek(int fd, struct trace_seen *out);

#endif
