/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: who has signed a file that our plugins read.  The signature of FILE is FILE.sig
 * beside it, a C2SP signed note over three lines: what it is ("tosd rule pack", "tosd
 * list"), its name, and its digest.  `tosctl policy sign' and `tosctl lists sign' write it.
 */
#ifndef KIT_SIGN_H
#define KIT_SIGN_H

#include "mem.h"

struct sign_of {
	const char *what;   /* "tosd rule pack" */
	const char *noun;   /* for people: "pack" */
	const char *file;   /* its path; the note is at this path and ".sig" */
	const char *name, *digest;
};

/* signers: verifier keys (NAME+ID+KEY) with blanks between.  0 if one of them has signed
 * it, else -1 and "file: why". */
int sign_check(const char *signers, const struct sign_of *of, struct why *w);

/* Whether all of them are keys; -1 and w. */
int sign_keys(const char *signers, struct why *w);

#endif
