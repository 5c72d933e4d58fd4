/* SPDX-License-Identifier: Apache-2.0 */
/*
 * given: what the supervisor gives a role beside its configuration: secrets, and the ends
 * of pipes of programs that it has started for it.  Part of role.c; all zero: nothing yet.
 */
#ifndef TOSD_IPC_GIVEN_H
#define TOSD_IPC_GIVEN_H

#include "ipc/msg.h"

struct given {
	struct given_secret *secrets;
	struct given_child *children;
};

/* MSG_SECRET; -1 if it cannot be read, which is in the log.  A newer one of the same name
 * takes the place of the one before. */
int given_take_secret(struct given *g, struct msg *m);
/* Lent; NULL: there is none of that name. */
const struct buf *given_secret(const struct given *g, const char *name);

/* MSG_CHILD: one pipe of a program. */
void given_take_child(struct given *g, struct msg *m);
/* Gives away all pipes of the program of that name, and its digest; false: they are not
 * all there. */
bool given_child(struct given *g, const char *name, int fds[MSG_CHILD_PIPES],
    char digest[DIGEST_HEX]);

/* Overwrites the secrets, closes the pipes. */
void given_clear(struct given *g);

#endif
