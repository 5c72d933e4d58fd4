/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: who has signed a pack.  The signature of the pack NAME is the file NAME.conf.sig
 * beside it, a C2SP signed note over three lines: "tosd rule pack", the name, and the
 * digest of the pack with all that it includes.  `tosctl policy sign' writes it.
 */
#ifndef RULES_SIGN_H
#define RULES_SIGN_H

#include "pack.h"

/* signers: verifier keys (NAME+ID+KEY) with blanks between.  0 if one of them has signed
 * the pack, else -1 and "file: why". */
int sign_check(const char *signers, const char *dir, const struct pack *p, struct why *w);

/* Whether all of them are keys; -1 and w. */
int sign_keys(const char *signers, struct why *w);

#endif
