/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept: copies of the files that a policy was loaded from: what the settings of plugins name
 * (packs, lists, models).  A worker that is started anew loads from them, and so has the
 * policy of its configuration, whatever has become of the files since.  Objects of plugins
 * are not copied: they run before a worker's walls stand, and others may write here.
 *
 *	policy/NAME/		in the state folder; NAME is of one configuration
 *	    DIGITS/		of the digest of a path
 *		LAST		of its parts: the file, with .sig beside it, or the folder
 *
 * A worker that has loaded all of a configuration from the files themselves, and so has
 * checked whose they are, makes the copies; whether they are what it has loaded shows in the
 * policy's digest (policy_host_copied()).
 *
 * What a worker may not read it has not loaded: such files in a folder are left out.  A
 * file or folder that would be too much is left out as a whole, and loaded from where it
 * lies.
 */
#ifndef TOSD_POLICY_KEPT_H
#define TOSD_POLICY_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct policy_kept;

/* kept: the copies that there are, NULL: none.  keep: those that are to be made, which are
 * not loaded from; the others go, but for kept.  NULL if both are. */
struct policy_kept *policy_kept_new(
    const char *state_dir, const char *kept, const char *keep);
void policy_kept_free(struct policy_kept **k);

/* Whether files are loaded from copies.  k may be NULL. */
bool policy_kept_used(const struct policy_kept *k);

/* A setting with files and folders to load from, xmalloc'd; where copies are made they are
 * noted as those to copy.  NULL: its value stays as it is. */
char *policy_kept_setting(struct policy_kept *k, const char *key, const char *value);

/* Whether the value of a setting of this name says where something lies. */
bool policy_kept_place(const char *key);

/* Makes the copies by then (clock_steady()).  1: but for one or more, as e says of the first.
 * On failure there are none, as where they would fill the disk. */
int policy_kept_make(struct policy_kept *k, int64_t until, struct err *e);

#endif
