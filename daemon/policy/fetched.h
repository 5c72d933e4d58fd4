/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetched: where lists lie that the daemon fetches, and what plugin `lists' is told of
 * them.  The engine alone writes there:
 *
 *	NAME-DIGEST.list, with .sig behind	a version (its SHA-256, 16 digits of it in files of an older tosd)
 *	NAME.list				a link to the one in force
 *
 * so that file and signature change together, by one rename of the link.
 */
#ifndef TOSD_POLICY_FETCHED_H
#define TOSD_POLICY_FETCHED_H

#include <stdbool.h>

#include "conf/conf.h"
#include "ipc/msg.h"

/* The folder, below the state folder; xmalloc'd. */
char *policy_fetched_dir(const char *state_dir);
/* The file in it that is in force, by its name; xmalloc'd, NULL: none is. */
char *policy_fetched_file(const char *dir, const char *list);

/* Values of the plugin's settings fetched_files and trial_file; xmalloc'd. */
char *policy_fetched_setting(const struct conf_policy *c, const char *dir);
char *policy_fetched_trial(
    const struct conf_policy *c, const char *dir, const struct msg_try *t);

/* Whether this is a rule of a list that is fetched. */
bool policy_fetched_rule(
    const struct conf_policy *c, const char *plugin, const char *rule);

#endif
