/* SPDX-License-Identifier: Apache-2.0 */
/* conf_source: what this room knows of the files' names.  Private to this room. */
#ifndef TOSD_CONF_CONF_SOURCE_H
#define TOSD_CONF_CONF_SOURCE_H

/* The folder of a file by its name alone; xmalloc'd. */
char *conf_source_folder(const char *name);

#endif
