/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_sign: keys of those who answer for policies, and signatures under packs and lists.
 * What fails is told on standard error; each gives the exit code of its command.
 */
#ifndef TOSD_TOSCTL_POLICY_SIGN_H
#define TOSD_TOSCTL_POLICY_SIGN_H

struct msg_rules;
struct note_key;

/* Makes a key, keeps it in a new file at `path' and says its verifier. */
int policy_keygen(const char *name, const char *path);

/* Loads a key that can sign. */
int policy_sign_key(const char *file, struct note_key **k);

/* Writes FILE.sig, a note over `what', name and digest, a line each, and says its path. */
int policy_sign_note(const struct note_key *k, const char *what, const char *name,
    const char *digest, const char *file);

/* Signs the packs of a folder whose rules these are: all, or those that `wanted' names, up
 * to a NULL.  A name that is none signs nothing. */
int policy_sign_packs(const struct note_key *k, const struct msg_rules *r,
    const char *dir, char **wanted);

#endif
