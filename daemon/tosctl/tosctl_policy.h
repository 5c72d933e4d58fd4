/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_policy: the command `tosctl policy', for people who write rule packs. */
#ifndef TOSD_TOSCTL_POLICY_H
#define TOSD_TOSCTL_POLICY_H

#include <stdbool.h>

/* lint, test, new, keygen, sign; argv[0] is "policy".  0 all good, 1 something is wrong
 * with a pack, 2 usage, 3 cannot. */
int tosctl_policy(int argc, char **argv);

/* Options of these commands, and of `tosctl lists', which has no --strict, and --as-is. */
struct policy_args {
	const char *plugin, *day, *key;
	bool json, strict, as_is, help;
	char given[8]; /* those of them that were there, by their letters */
};
/* Reads them over what is set before; arguments begin at optind.  -1: a wrong one, which
 * has been told. */
int policy_args_read(int argc, char **argv, struct policy_args *o);
/* Whether what was given is among the letters that `command' takes; if not, that has been
 * told. */
bool policy_args_fit(const struct policy_args *o, const char *command, const char *takes);

/* Whether the plugin can be read: what it would say of the files is not known else, and no
 * fault of theirs.  If not, that has been told. */
bool policy_args_plugin(const struct policy_args *o);

/* A line for people, or {kind: text}. */
void policy_tell(bool json, const char *kind, const char *text);

/* What is made of the words of a plugin that is opened to see what it says of files. */
struct policy_told {
	const char *plugin; /* its name, which is no news to who writes for it */
	bool json;
	bool quiet; /* what was written is said, and on standard error what is wrong */
	unsigned problems, warnings;
};
/* Counts and tells one problem; ctx: struct policy_told. */
void policy_tell_problem(void *ctx, const char *text);

#endif
