/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temporary: a folder for as long as a command runs.  A process of its own removes it, when
 * that is asked for, and when there is nobody left who could ask: whoever ends us by ^C or
 * kill -9, or a plugin that crashes in our hands, leaves nothing behind.
 */
#ifndef TOSD_TOSCTL_TEMPORARY_H
#define TOSD_TOSCTL_TEMPORARY_H

#include <sys/types.h>

#include "base/err.h"

struct temporary {
	char *path; /* NULL: there is none */
	pid_t guard;
	int held; /* it waits for a word from here, or the end */
};

/* In TMPDIR, called by that name and some letters. */
int temporary_make(const char *name, struct temporary *out, struct err *e);
/* It is gone when this returns; the second time does nothing. */
void temporary_remove(struct temporary *t);

#endif
