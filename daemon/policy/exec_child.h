/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_child: the three descriptors of one running plugin program: lines to it, events
 * from it, and what it says on standard error, for the log.  Never blocks; starts and
 * kills nothing (who holds the process does that).
 */
#ifndef TOSD_POLICY_EXEC_CHILD_H
#define TOSD_POLICY_EXEC_CHILD_H

#include <poll.h>

#include "base/digest.h"
#include "policy/exec_proto.h"

/* The child's standard input, output and error, as our ends of pipes. */
struct exec_fds {
	int in, out, err;
	char digest[DIGEST_HEX]; /* of the files of its command */
};

struct exec_child;

/* Takes the descriptors.  say gets each line of standard error, escaped by whoever
 * prints it; what comes too fast is counted, and the count is said. */
struct exec_child *exec_child_new(const char *name, struct exec_fds *fds,
    void (*say)(void *ctx, const char *line), void *ctx);
void exec_child_free(struct exec_child **c);

/* Where lines for it are appended. */
struct buf *exec_child_out(struct exec_child *c);
/* Bytes of that which it has not taken yet. */
size_t exec_child_unsent(const struct exec_child *c);

/* Moves what can be moved without waiting.  0, or TOSD_ENOENT when it has closed its
 * output and all of it was read. */
int exec_child_move(struct exec_child *c, int64_t now, struct err *e);
/* Only what is to be written. */
void exec_child_flush(struct exec_child *c);
/* As exec_proto_next(). */
int exec_child_next(struct exec_child *c, struct exec_event *ev, struct err *e);
const struct exec_proto *exec_child_proto(const struct exec_child *c);

/* Lines of standard error so far, with those that were left out. */
uint64_t exec_child_errors(const struct exec_child *c);

/* What to wait for: at most 3, the count is returned. */
size_t exec_child_poll(const struct exec_child *c, struct pollfd *v);
/* Tells it that nothing more comes, once everything is written. */
void exec_child_hush(struct exec_child *c);

#endif
