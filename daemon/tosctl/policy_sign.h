/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_sign: keys of those who answer for policies, and signatures under packs and lists.
 * What fails is told on standard error; each gives the exit code of its command.
 */
#ifndef TOSD_TOSCTL_POLICY_SIGN_H
#define TOSD_TOSCTL_POLICY_SIGN_H

#include <stddef.h>

struct msg_rules;
struct note_key;
struct output_file;

/* Signatures that are made, and not written yet: all or none. */
struct policy_signed {
	struct output_file *v;
	size_t n;
};

/* Makes a key, keeps it in a new file at `path' and says its verifier. */
int policy_keygen(const char *name, const char *path);

/* Loads a key that can sign. */
int policy_sign_key(const char *file, struct note_key **k);

/* Makes FILE.sig, a note over `what', name and digest, a line each. */
int policy_sign_note(struct policy_signed *s, const struct note_key *k,
    const char *what, const char *name, const char *digest, const char *file);
/* Writes them, and says their paths. */
int policy_sign_write(const struct policy_signed *s);
void policy_sign_clear(struct policy_signed *s);

/* Signs the packs of a folder whose rules these are: all, or those that `wanted' names, up
 * to a NULL.  A name that is none signs nothing. */
int policy_sign_packs(const struct note_key *k, const struct msg_rules *r,
    const char *dir, char **wanted);

#endif
