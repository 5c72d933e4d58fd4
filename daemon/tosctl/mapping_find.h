/* SPDX-License-Identifier: Apache-2.0 */
/* mapping_find: which mapping a configuration gives to an address, for commands that
 * read a feed without its daemon. */
#ifndef TOSD_TOSCTL_MAPPING_FIND_H
#define TOSD_TOSCTL_MAPPING_FIND_H

#include "conf/conf.h"
#include "feed/feed.h"

/* Fills *to with the paths of the first tenant's feed that a poll of this address would
 * be read by, and returns that tenant; NULL: there is none.  The configuration must
 * outlive *to. */
const struct conf_tenant *mapping_find(
    const struct conf *c, const char *url, struct feed_mapping *to);

/* Reads a configuration; its mistakes are written on standard error after `command'.
 * 0, or what was wrong in e. */
int mapping_conf(const char *command, const char *path, struct conf **out, struct err *e);

#endif
