/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosd_plugins: what `tosd -t' says of packs and plugins, and how many mistakes it has told.
 *
 * They are loaded as a policy worker would, their own tests included, in a process of their
 * own: a plugin that crashes or hangs there is one more mistake, and the others are tested
 * without it.
 */
#ifndef TOSD_TOSD_PLUGINS_H
#define TOSD_TOSD_PLUGINS_H

#include <stddef.h>

#include "conf/conf.h"

struct tosd_plugins { /* all zero at first */
	size_t mistakes;
	char **told; /* what the file system had against the files of plugins */
	size_t ntold;
};

/* Prints and counts a mistake of the configuration or its files. */
void tosd_plugins_mistake(
    struct tosd_plugins *t, const char *file, int line, const char *text);
/* Loads what is left to load; c is used up.  0, or TOSD_EINVAL after mistakes. */
int tosd_plugins_test(struct tosd_plugins *t, struct conf *c);
void tosd_plugins_clear(struct tosd_plugins *t);

#endif
