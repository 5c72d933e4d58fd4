/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin: the gate through which a shared object becomes a policy plugin.
 *
 * The file must be a plain file (no symlink) that only root or we ourselves could have
 * written; its table must be of our major number and hold every mandatory slot; what it
 * needs must be granted; its settings must fit its own schema.
 */
#ifndef TOSD_POLICY_PLUGIN_H
#define TOSD_POLICY_PLUGIN_H

#include <tosd/policy.h>

#include "base/digest.h"
#include "base/err.h"
#include "conf/conf.h"

struct policy_plugin;

/* Loads the object that c names (c->path, or plugindir/NAME.so).  Nothing of it is
 * called yet, but its constructors have run.  `extra` are settings that the host hands
 * to every plugin whose schema has such a key and whose section does not set it.
 * Mistakes in the settings are all told: through more (which may be NULL: then the first
 * one alone is), and the last one by e.
 * TOSD_EDENIED: the file or a need is refused; TOSD_EINVAL: table or settings do not
 * fit; TOSD_ENOENT: no such file; TOSD_EIO: the dynamic linker's words. */
int policy_plugin_load(const struct conf_plugin *c, const struct conf_setting *extra,
    size_t nextra, void (*more)(void *ctx, const char *text), void *ctx,
    struct policy_plugin **out, struct err *e);

/* Says "plugin `NAME' (FILE:LINE)", and then what; returns code. */
int policy_plugin_refuse(const struct conf_plugin *c, struct err *e, int code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Unloads the object: nothing may point into it any more. */
void policy_plugin_free(struct policy_plugin **p);

/* The instance's name in the configuration. */
const char *policy_plugin_name(const struct policy_plugin *p);
/* The plugin's table; borrowed. */
const struct tosd_policy *policy_plugin_table(const struct policy_plugin *p);
/* SHA-256 of the object, lower-case hexadecimal. */
const char *policy_plugin_digest(const struct policy_plugin *p);
/* Values in the order of the schema; borrowed. */
const struct tosd_str *policy_plugin_settings(const struct policy_plugin *p);
/* Another value for the i-th of them, xmalloc'd, which becomes its own. */
void policy_plugin_set(struct policy_plugin *p, size_t i, char *value);
/* TOSD_NEED_* that it has asked for and was granted. */
uint32_t policy_plugin_granted(const struct policy_plugin *p);

/* "text, sets": names of the bits, as tosd.conf spells them.  Returns out. */
const char *policy_need_names(uint32_t needs, char out[96]);
/* All that there are. */
uint32_t policy_need_all(void);
/* The bit of one name; 0: there is no such need. */
uint32_t policy_need_parse(const char *name);

#endif
